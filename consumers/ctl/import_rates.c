#include "consumers/ctl/import_rates.h"

#include <csv.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form/date.h"
#include "form/money.h"

#define ROW_SIZE_MAX ((size_t)1 << 16)

/* One date and where its line of JSON stands in the text. */
struct sheet {
    int32_t date_on;
    uint32_t line; /* of the CSV */
    size_t at;
    size_t n;
};

struct import_table {
    const struct import_source *source;
    const struct import_request *request;
    char names[IMPORT_COLUMNS_MAX][IMPORT_NAME_SIZE];
    uint32_t columns_n; /* 0: the header has not come */
    uint32_t line;
    struct buffer cells; /* of the row being read, each ended by NUL */
    uint32_t cells_n;
    struct buffer text; /* sheets in the order of the CSV */
    struct sheet *sheets;
    size_t sheets_n, sheets_max;
    struct import_result result;
    struct failure *err;
    enum status status; /* of the first row that failed */
};

const char *import_column(const struct import_table *table, uint32_t column)
{
    return column < table->columns_n ? table->names[column] : "";
}

bool import_is_empty(const char *cell) { return cell[0] == '\0' || strcmp(cell, "N/A") == 0; }

int64_t import_divide(int64_t a, int64_t b, int64_t denominator)
{
    __extension__ const unsigned __int128 product = (unsigned __int128)(uint64_t)a * (uint64_t)b;
    __extension__ unsigned __int128 quotient = product / (uint64_t)denominator;
    const uint64_t rest = (uint64_t)(product % (uint64_t)denominator);
    const uint64_t other = (uint64_t)denominator - rest;

    if (rest > other || (rest == other && quotient % 2 != 0)) {
        quotient++;
    }
    return quotient > INT64_MAX ? 0 : (int64_t)quotient;
}

enum status import_bad_cell(const struct import_row *row, const char *column, const char *cell,
                            struct failure *err)
{
    return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                       "line %" PRIu32 ", column %s: '%.40s' is no rate", row->line, column, cell);
}

/* ---- a row --------------------------------------------------------------------------------- */

static enum status take_header(struct import_table *t, const struct import_row *row)
{
    const enum status status = t->source->header(row, t->err);

    for (uint32_t i = 0; i < row->cells_n && status == STATUS_OK; i++) {
        (void)snprintf(t->names[i], sizeof(t->names[i]), "%s", row->cells[i]);
    }
    t->columns_n = row->cells_n;
    return status;
}

static enum status keep_sheet(struct import_table *t, const struct sheet *sheet)
{
    if (t->sheets_n == t->sheets_max) {
        const size_t max = t->sheets_max ? 2 * t->sheets_max : 1024;
        struct sheet *larger = realloc(t->sheets, max * sizeof(*larger));

        if (!larger) {
            return failure_set(t->err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        }
        t->sheets = larger;
        t->sheets_max = max;
    }
    t->sheets[t->sheets_n++] = *sheet;
    return buffer_check(&t->text, t->err);
}

static enum status put_rates(struct import_table *t, const struct import_row *row, bool *ret_any)
{
    char rate[RATE_TEXT_SIZE];
    enum status status = STATUS_OK;

    *ret_any = false;
    for (uint32_t i = 1; i < t->columns_n && i < row->cells_n; i++) {
        struct import_cell cell = {.rate_e10 = 0};

        status = t->source->cell(t, row, i, &cell, t->err);
        if (status != STATUS_OK) {
            return status;
        }
        if (cell.currency[0] != '\0') {
            rate_format(cell.rate_e10, rate);
            buffer_printf(&t->text, "%s\"%s\":\"%s\"", *ret_any ? "," : "", cell.currency, rate);
            *ret_any = true;
        }
    }
    return status;
}

static enum status take_row(struct import_table *t, const struct import_row *row)
{
    struct sheet sheet = {.line = row->line, .at = t->text.n};
    bool is_any = false;
    enum status status;

    if (!date_parse(row->cells[0], strlen(row->cells[0]), &sheet.date_on)) {
        return failure_set(t->err, STATUS_INVALID, REMEDY_STOP, 0,
                           "line %" PRIu32 ", column %s: '%.40s' is no date", row->line,
                           t->names[0], row->cells[0]);
    }
    if ((t->request->from_on != DATE_NONE && sheet.date_on < t->request->from_on) ||
        (t->request->to_on != DATE_NONE && sheet.date_on > t->request->to_on)) {
        return STATUS_OK;
    }
    buffer_printf(&t->text, "{\"kind\":\"rates\",\"date\":\"%s\",\"rates\":{", row->cells[0]);
    status = put_rates(t, row, &is_any);
    buffer_text(&t->text, "}}\n");
    if (status != STATUS_OK) {
        return status;
    }
    if (!is_any) {
        t->text.n = sheet.at;
        t->result.skipped_n++;
        return STATUS_OK;
    }
    sheet.n = t->text.n - sheet.at;
    return keep_sheet(t, &sheet);
}

/* ---- libcsv's callbacks -------------------------------------------------------------------- */

static void on_cell(void *at, size_t n, void *opaque)
{
    struct import_table *t = opaque;

    buffer_append(&t->cells, at, n);
    buffer_char(&t->cells, '\0');
    t->cells_n++;
}

static void on_row(int end, void *opaque)
{
    struct import_table *t = opaque;
    struct import_row row = {.line = ++t->line};
    const char *at = buffer_cstr(&t->cells);

    (void)end;
    if (t->cells_n > IMPORT_COLUMNS_MAX || t->cells.status != STATUS_OK) {
        t->status = failure_set(t->err, STATUS_INVALID, REMEDY_STOP, 0,
                                "line %" PRIu32 ": is too long", row.line);
    }
    for (; row.cells_n < t->cells_n && t->status == STATUS_OK; at += strlen(at) + 1) {
        row.cells[row.cells_n++] = at;
    }
    if (t->status == STATUS_OK && row.cells_n > 0) {
        t->status = t->columns_n == 0 ? take_header(t, &row) : take_row(t, &row);
    }
    buffer_reset(&t->cells);
    t->cells_n = 0;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static int by_date(const void *a, const void *b)
{
    const struct sheet *x = a;
    const struct sheet *y = b;

    return (x->date_on > y->date_on) - (x->date_on < y->date_on);
}

static enum status put_sorted(struct import_table *t, struct buffer *out)
{
    if (t->sheets_n > 0) {
        qsort(t->sheets, t->sheets_n, sizeof(*t->sheets), by_date);
    }
    for (size_t i = 0; i < t->sheets_n; i++) {
        if (i > 0 && t->sheets[i].date_on == t->sheets[i - 1].date_on) {
            return failure_set(t->err, STATUS_INVALID, REMEDY_STOP, 0,
                               "lines %" PRIu32 " and %" PRIu32 " are of one date",
                               t->sheets[i - 1].line, t->sheets[i].line);
        }
        buffer_append(out, t->text.at + t->sheets[i].at, t->sheets[i].n);
    }
    t->result.sheets_n = (uint32_t)t->sheets_n;
    return buffer_check(out, t->err);
}

static enum status parse(struct import_table *t)
{
    struct csv_parser parser;

    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) {
        return failure_set(t->err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    if (csv_parse(&parser, t->request->csv.at, t->request->csv.n, on_cell, on_row, t) !=
            t->request->csv.n ||
        csv_fini(&parser, on_cell, on_row, t) != 0) {
        t->status = t->status != STATUS_OK
                        ? t->status
                        : failure_set(t->err, STATUS_INVALID, REMEDY_STOP, 0,
                                      "line %" PRIu32 ": is no CSV: %s", t->line + 1,
                                      csv_strerror(csv_error(&parser)));
    }
    csv_free(&parser);
    if (t->status == STATUS_OK && t->columns_n == 0) {
        return failure_set(t->err, STATUS_INVALID, REMEDY_STOP, 0, "has no header line");
    }
    return t->status;
}

enum status import_run(const struct import_source *source, const struct import_request *request,
                       struct buffer *out, struct import_result *ret, struct failure *err)
{
    struct import_table *t = calloc(1, sizeof(*t));
    enum status status;

    if (!t) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    t->source = source;
    t->request = request;
    t->err = err;
    buffer_init(&t->cells, ROW_SIZE_MAX);
    buffer_init(&t->text, out->max);
    status = parse(t);
    if (status == STATUS_OK) {
        status = put_sorted(t, out);
    }
    if (status == STATUS_OK) {
        *ret = t->result;
    }
    buffer_fini(&t->cells);
    buffer_fini(&t->text);
    free(t->sheets);
    free(t);
    return status;
}
