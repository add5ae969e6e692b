/* export: decisions, postings or limit accounts of a store as rows for other programs.
 *
 * One moment of the store, read once from beginning to end; a first record says which, and for
 * which decision of each partition the rows are true. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/progress.h"
#include "base/signals.h"
#include "consumers/ctl/cells.h"
#include "consumers/ctl/decision_rows.h"
#include "consumers/ctl/export_limits.h"
#include "consumers/ctl/lookup.h"
#include "form/identifiers.h"

#define TEXTS_MAX ((size_t)1 << 20) /* of one decision's reasons */

static const struct output_column decision_columns[] = {
    {"partition", OUTPUT_NUMBER}, {"number", OUTPUT_NUMBER},
    {"offset", OUTPUT_NUMBER},    {"trigger_offset", OUTPUT_NUMBER},
    {"received_at", OUTPUT_TEXT}, {"business_date", OUTPUT_TEXT},
    {"bank", OUTPUT_TEXT},        {"enterprise", OUTPUT_TEXT},
    {"event", OUTPUT_TEXT},       {"filing_id", OUTPUT_TEXT},
    {"outcome", OUTPUT_TEXT},     {"reasons", OUTPUT_TEXT},
    {"fields", OUTPUT_TEXT},      {"texts", OUTPUT_TEXT},
    {"flags", OUTPUT_TEXT},       {"returned_currency", OUTPUT_TEXT},
    {"returned", OUTPUT_AMOUNT},  {"policy", OUTPUT_NUMBER},
    {"rules", OUTPUT_NUMBER},     {"bulletin", OUTPUT_NUMBER},
    {"refers_to", OUTPUT_NUMBER}, {"chain", OUTPUT_TEXT},
};
static const struct output_column posting_columns[] = {
    {"partition", OUTPUT_NUMBER},
    {"number", OUTPUT_NUMBER},
    {"received_at", OUTPUT_TEXT},
    {"business_date", OUTPUT_TEXT},
    {"bank", OUTPUT_TEXT},
    {"enterprise", OUTPUT_TEXT},
    {"event", OUTPUT_TEXT},
    {"filing_id", OUTPUT_TEXT},
    {"limit", OUTPUT_TEXT},
    {"currency", OUTPUT_TEXT},
    {"change_limit", OUTPUT_AMOUNT},
    {"change_used", OUTPUT_AMOUNT},
    {"change_reserved", OUTPUT_AMOUNT},
    {"after_limit", OUTPUT_AMOUNT},
    {"after_used", OUTPUT_AMOUNT},
    {"after_reserved", OUTPUT_AMOUNT},
};
static const struct output_column limit_columns[] = {
    {"partition", OUTPUT_NUMBER}, {"enterprise", OUTPUT_TEXT},     {"limit", OUTPUT_TEXT},
    {"currency", OUTPUT_TEXT},    {"limit_amount", OUTPUT_AMOUNT}, {"used", OUTPUT_AMOUNT},
    {"reserved", OUTPUT_AMOUNT},  {"free", OUTPUT_AMOUNT},         {"state", OUTPUT_TEXT},
};

enum export_what { EXPORT_DECISIONS, EXPORT_POSTINGS, EXPORT_LIMITS, EXPORT_N };

static const struct {
    const char *name;
    const struct output_column *columns;
    size_t columns_n;
} kinds[] = {
    {"decisions", decision_columns, sizeof(decision_columns) / sizeof(decision_columns[0])},
    {"postings", posting_columns, sizeof(posting_columns) / sizeof(posting_columns[0])},
    {"limits", limit_columns, sizeof(limit_columns) / sizeof(limit_columns[0])},
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == EXPORT_N, "a row for each");

struct exporting {
    struct lookup lookup;
    enum export_what what;
    enum conf_output format;   /* CSV or JSON */
    struct decision_rows rows; /* of decisions as JSON */
    struct output output;      /* of everything else */
    struct buffer text;        /* of one cell */
    int64_t from_ms;
    int64_t to_ms;
    uint64_t rows_n;
    struct progress progress;
    enum status status; /* of what a row met, with why; look-ups write over a failure of others */
    struct failure why;
};

/* ---- going on or not ----------------------------------------------------------------------- */

/* A reader that went away or a disk that is full is met at once, not at the end. */
static bool goes_on(struct exporting *x)
{
    FILE *const out = x->lookup.ctl->out;

    if (x->status == STATUS_OK && ferror(out)) {
        x->status = failure_set(&x->why, STATUS_IO, REMEDY_STOP, errno,
                                "cannot write the output: %s; the export is not whole",
                                strerrordesc_np(errno));
    }
    return x->status == STATUS_OK && !signals_stop();
}

static bool is_wanted(const struct exporting *x, const struct decision *d)
{
    const char *enterprise = x->lookup.ctl->settings->enterprise;

    return x->from_ms <= d->received_ms && d->received_ms <= x->to_ms &&
           (!enterprise || (d->identity.enterprise.n == CODE_SIZE &&
                            memcmp(d->identity.enterprise.at, enterprise, CODE_SIZE) == 0));
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void put_optional(struct output *o, bool is_there, uint64_t value)
{
    if (is_there) {
        output_number(o, (int64_t)value);
    } else {
        output_cstr(o, "");
    }
}

static void put_event(struct output *o, const struct decision *d)
{
    if (d->event == EVENT_NONE) {
        output_text(o, d->identity.event);
    } else {
        output_cstr(o, event_name(d->event));
    }
}

static void put_fields(struct exporting *x, const struct reasons *reasons)
{
    buffer_reset(&x->text);
    for (uint32_t i = 0; i < reasons->n; i++) {
        buffer_text(&x->text, i > 0 ? ";" : "");
        buffer_text(&x->text, reasons->at[i].field);
    }
    output_cstr(&x->output, buffer_cstr(&x->text));
}

static void put_texts(struct exporting *x, const struct reasons *reasons)
{
    buffer_reset(&x->text);
    for (uint32_t i = 0; i < reasons->n; i++) {
        buffer_text(&x->text, i > 0 ? "; " : "");
        reason_put_text(&reasons->at[i], &x->text);
    }
    output_cstr(&x->output, buffer_cstr(&x->text));
}

static void put_decision(struct exporting *x, const struct decision *d)
{
    const struct bytes chain = {.at = d->chain, .n = sizeof(d->chain)};
    struct output *const o = &x->output;
    char hex[2 * DIGEST_SIZE + 1];

    hex_encode(chain, hex);
    output_number(o, d->partition);
    output_number(o, (int64_t)d->number);
    output_number(o, d->input_offset);
    output_number(o, d->trigger_offset);
    cell_time(o, d->received_ms);
    output_text(o, d->identity.business_date);
    output_text(o, d->identity.bank);
    output_text(o, d->identity.enterprise);
    put_event(o, d);
    output_text(o, d->identity.filing_id);
    output_cstr(o, outcome_name(d->outcome));
    cell_reasons(o, &d->reasons);
    put_fields(x, &d->reasons);
    put_texts(x, &d->reasons);
    cell_flags(o, d->flags);
    cell_currency(o, d->has_returned ? d->returned.currency : CURRENCY_NONE);
    cell_amount(o, d->returned.minor, d->has_returned ? d->returned.currency : CURRENCY_NONE);
    put_optional(o, d->has_basis, d->policy);
    put_optional(o, d->has_basis, d->rules);
    put_optional(o, d->has_bulletin, d->bulletin);
    put_optional(o, d->refers_to > 0, d->refers_to);
    output_cstr(o, hex);
    output_end_row(o);
}

static bool take_decision(void *arg, const struct decision *d)
{
    struct exporting *x = arg;

    progress_add(&x->progress, 1);
    if (!is_wanted(x, d)) {
        return goes_on(x);
    }
    x->rows_n++;
    if (x->format == CONF_JSON) {
        x->status = decision_rows_put(&x->rows, d, NULL,
                                      reference_set_reference(x->lookup.references), &x->why);
    } else {
        put_decision(x, d);
    }
    return goes_on(x);
}

static void put_amounts(struct output *o, const struct amounts *amounts, int32_t currency)
{
    cell_amount(o, amounts->limit, currency);
    cell_amount(o, amounts->used, currency);
    cell_amount(o, amounts->reserved, currency);
}

static void put_posting(struct exporting *x, const struct decision *d,
                        const struct posting *posting)
{
    struct output *const o = &x->output;
    char id[LIMIT_ID_SIZE];

    (void)limit_id_format(&posting->id, id);
    output_number(o, d->partition);
    output_number(o, (int64_t)d->number);
    cell_time(o, d->received_ms);
    output_text(o, d->identity.business_date);
    output_text(o, d->identity.bank);
    output_text(o, d->identity.enterprise);
    put_event(o, d);
    output_text(o, d->identity.filing_id);
    output_cstr(o, id);
    cell_currency(o, posting->currency);
    put_amounts(o, &posting->change, posting->currency);
    put_amounts(o, &posting->after, posting->currency);
    output_end_row(o);
    x->rows_n++;
}

static bool take_postings(void *arg, const struct decision *d)
{
    struct exporting *x = arg;

    progress_add(&x->progress, 1);
    for (uint32_t i = 0; i < d->postings_n && is_wanted(x, d); i++) {
        put_posting(x, d, &d->postings[i]);
    }
    return goes_on(x);
}

static bool take_limit(void *arg, const struct limit_account *account)
{
    struct exporting *x = arg;
    struct output *const o = &x->output;
    const struct amounts *is = &account->is;

    output_number(o, account->partition);
    output_cstr(o, account->enterprise);
    output_cstr(o, account->id);
    cell_currency(o, account->currency);
    put_amounts(o, is, account->currency);
    cell_amount(o, is->limit - is->used - is->reserved, account->currency);
    output_cstr(o, account->is_closed ? "closed" : "open");
    output_end_row(o);
    x->rows_n++;
    return goes_on(x);
}

/* ---- the first record ---------------------------------------------------------------------- */

static void put_position(struct exporting *x, uint32_t partition, const struct store_row *row,
                         bool is_first)
{
    const struct bytes chain = {.at = row->position.chain, .n = sizeof(row->position.chain)};
    char hex[2 * DIGEST_SIZE + 1];

    hex_encode(chain, hex);
    if (x->format == CONF_JSON) {
        (void)fprintf(x->lookup.ctl->out,
                      "%s{\"partition\":%" PRIu32 ",\"number\":%" PRIu64 ",\"chain\":\"%s\"}",
                      is_first ? "" : ",", partition, row->position.number, hex);
    } else {
        (void)fprintf(x->lookup.ctl->out,
                      "# partition %" PRIu32 ": number %" PRIu64 ", chain %s\r\n", partition,
                      row->position.number, hex);
    }
}

static enum status put_positions(struct exporting *x, struct failure *err)
{
    bool is_first = true;

    for (uint32_t p = 0; p < x->lookup.ledger.partitions; p++) {
        struct store_row row;
        const enum status status = store_row_read(x->lookup.store, p, &row, err);

        if (status == STATUS_NOTFOUND) {
            continue; /* nobody has claimed it yet */
        }
        if (status != STATUS_OK) {
            return status;
        }
        put_position(x, p, &row, is_first);
        x->progress.total += row.position.number;
        is_first = false;
    }
    return STATUS_OK;
}

static enum status put_head(struct exporting *x, struct failure *err)
{
    const struct bytes ledger = {.at = x->lookup.ledger.ledger_id, .n = LEDGER_ID_SIZE};
    FILE *const out = x->lookup.ctl->out;
    char hex[2 * LEDGER_ID_SIZE + 1];
    enum status status;

    hex_encode(ledger, hex);
    if (x->format == CONF_CSV) {
        (void)fprintf(out, "# export %s, ledger %s\r\n", kinds[x->what].name, hex);
        return put_positions(x, err);
    }
    (void)fprintf(out, "{\"export\":\"%s\",\"ledger\":\"%s\",\"positions\":[", kinds[x->what].name,
                  hex);
    status = put_positions(x, err);
    (void)fputs("]}\n", out);
    return status;
}

/* ---- the command --------------------------------------------------------------------------- */

static enum status export_partition(struct exporting *x, uint32_t partition, struct failure *err)
{
    const struct limit_request request = {.partition = partition,
                                          .enterprise = x->lookup.ctl->settings->enterprise,
                                          .fn = take_limit,
                                          .arg = x};
    struct lookup_range range = {.partition = partition,
                                 .first = 1,
                                 .wants_names =
                                     x->what == EXPORT_POSTINGS || x->format == CONF_JSON};
    struct store_row row;
    enum status status = store_row_read(x->lookup.store, partition, &row, err);

    if (status != STATUS_OK) {
        return status == STATUS_NOTFOUND ? STATUS_OK : status;
    }
    range.last = row.position.number;
    switch (x->what) {
    case EXPORT_DECISIONS:
        status = lookup_decisions(&x->lookup, &range, take_decision, x, err);
        break;
    case EXPORT_POSTINGS:
        status = lookup_decisions(&x->lookup, &range, take_postings, x, err);
        break;
    case EXPORT_LIMITS:
        status = export_limits(&x->lookup, &request, err);
        break;
    case EXPORT_N:
        break;
    }
    if (x->status != STATUS_OK) {
        *err = x->why;
        return x->status;
    }
    return status;
}

static enum status export_all(struct exporting *x, struct failure *err)
{
    const char *enterprise = x->lookup.ctl->settings->enterprise;
    const uint32_t only = enterprise ? lookup_partition(&x->lookup, enterprise) : 0;
    enum status status = put_head(x, err);

    for (uint32_t p = 0; p < x->lookup.ledger.partitions && status == STATUS_OK && !signals_stop();
         p++) {
        if (!enterprise || p == only) {
            status = export_partition(x, p, err);
        }
    }
    return status;
}

static enum status read_request(struct exporting *x, const struct ctl *ctl, struct failure *err)
{
    const struct ctl_settings *s = ctl->settings;
    const char *what = ctl->common->arguments[0];
    enum status status = STATUS_OK;

    while (x->what < EXPORT_N && strcmp(kinds[x->what].name, what) != 0) {
        x->what++;
    }
    if (x->what == EXPORT_N) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "'%s' is none of decisions, postings, limits", what);
    }
    if (x->what == EXPORT_LIMITS && (s->from || s->to)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "limits are exported as they are now; what one was is shown by 'ledger "
                           "show CODE --as-of TIME'");
    }
    if (s->enterprise && !uscc_valid(s->enterprise, strlen(s->enterprise))) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "'%s' is no credit code",
                           s->enterprise);
    }
    x->format = s->export_format == EXPORT_JSONL ? CONF_JSON : CONF_CSV;
    status = ctl_time("--from", s->from, DAY_BEGINS, &x->from_ms, err);
    return status == STATUS_OK ? ctl_time("--to", s->to, DAY_ENDS, &x->to_ms, err) : status;
}

/* What was begun is written out also after a failure; the first failure counts. */
static enum status finish(struct exporting *x, enum status status, struct failure *err)
{
    struct failure late = {.status = STATUS_OK};
    struct failure *const or_null = status == STATUS_OK ? &late : NULL;
    enum status written = output_fini(&x->output, or_null);

    const enum status rows = decision_rows_fini(&x->rows, NULL);

    buffer_fini(&x->text);
    if (status == STATUS_OK && written == STATUS_OK && rows != STATUS_OK) {
        written = failure_set(&late, rows, REMEDY_STOP, 0, "cannot write the output");
    }
    if (status == STATUS_OK && written != STATUS_OK) {
        *err = late;
    }
    return status == STATUS_OK ? written : status;
}

enum status export_rows(struct ctl *ctl, struct failure *err)
{
    struct exporting x = {.from_ms = INT64_MIN, .to_ms = INT64_MAX};
    enum status status = read_request(&x, ctl, err);

    if (status != STATUS_OK) {
        return status;
    }
    buffer_init(&x.text, TEXTS_MAX);
    decision_rows_init(&x.rows, ctl->out, CONF_JSON);
    output_init(&x.output, ctl->out, x.format, kinds[x.what].columns, kinds[x.what].columns_n);
    progress_init(&x.progress, "export", "decisions", 0);
    status = lookup_open(&x.lookup, ctl, err);
    if (status == STATUS_OK) {
        status = export_all(&x, err);
    }
    progress_fini(&x.progress);
    lookup_close(&x.lookup);
    if (signals_stop() && status == STATUS_OK) {
        ctl->code = EXIT_INTERRUPTED;
    }
    status = finish(&x, status, err);
    if (status == STATUS_OK) {
        (void)fprintf(stderr, "filingctl: %s%" PRIu64 " rows\n",
                      ctl->code == EXIT_INTERRUPTED ? "INTERRUPTED: the export is not whole: " : "",
                      x.rows_n);
    }
    return status;
}
