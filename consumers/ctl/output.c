#include "consumers/ctl/output.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <utf8proc.h>

#include "wire/json.h"

#define TEXTS_MAX   ((size_t)64 << 20)
#define GAP         2
#define REPLACEMENT "\xEF\xBF\xBD"
#define CELL_SIZE   1024

void output_init(struct output *output, FILE *file, enum conf_output format,
                 const struct output_column *columns, size_t columns_n)
{
    assert(columns_n <= OUTPUT_COLUMNS_MAX);
    *output =
        (struct output){.file = file, .format = format, .columns = columns, .columns_n = columns_n};
    buffer_init(&output->texts, TEXTS_MAX);
}

/* The next character: its bytes, and how many cells it takes; 0 cells and is_bad for what is not
 * shown as it is. */
static size_t character_next(struct text text, size_t at, size_t *ret_cells, bool *ret_is_bad)
{
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text.at + at,
                                                (utf8proc_ssize_t)(text.n - at), &code);

    if (n <= 0) {
        *ret_is_bad = true;
        *ret_cells = 1;
        return 1;
    }
    *ret_is_bad = code < 0x20 || (code >= 0x7f && code < 0xa0) ||
                  utf8proc_category(code) == UTF8PROC_CATEGORY_CF;
    *ret_cells = *ret_is_bad ? 1 : (size_t)utf8proc_charwidth(code);
    return (size_t)n;
}

size_t output_width(struct text text)
{
    size_t width = 0;
    size_t at = 0;

    while (at < text.n) {
        size_t cells = 0;
        bool is_bad = false;

        at += character_next(text, at, &cells, &is_bad);
        width += cells;
    }
    return width;
}

void output_shown(FILE *file, struct text text)
{
    size_t at = 0;

    while (at < text.n) {
        size_t cells = 0;
        bool is_bad = false;
        const size_t n = character_next(text, at, &cells, &is_bad);

        if (is_bad) {
            (void)fputs(REPLACEMENT, file);
        } else {
            (void)fwrite(text.at + at, 1, n, file);
        }
        at += n;
    }
}

static void put_spaces(FILE *file, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)fputc(' ', file);
    }
}

/* ---- table --------------------------------------------------------------------------------- */

static void put_cell(const struct output *output, size_t column, struct text text)
{
    const enum output_kind kind = output->columns[column].kind;
    const bool is_right = kind == OUTPUT_NUMBER || kind == OUTPUT_AMOUNT;
    const bool is_last = column + 1 == output->columns_n;
    const size_t width = output_width(text);
    const size_t pad = output->widths[column] > width ? output->widths[column] - width : 0;

    if (is_right) {
        put_spaces(output->file, pad);
    }
    output_shown(output->file, text);
    if (!is_last) {
        put_spaces(output->file, (is_right ? 0 : pad) + GAP);
    }
}

static void put_head(struct output *output)
{
    for (size_t i = 0; i < output->columns_n; i++) {
        const char *name = output->columns[i].name;

        put_cell(output, i, (struct text){.at = name, .n = (uint32_t)strlen(name)});
    }
    (void)fputc('\n', output->file);
}

static void widen(struct output *output)
{
    const char *at = buffer_cstr(&output->texts);

    for (size_t i = 0; i < output->columns_n; i++) {
        const size_t width = strlen(output->columns[i].name);

        output->widths[i] = width > output->widths[i] ? width : output->widths[i];
    }
    for (size_t i = 0; i < output->rows_n * output->columns_n; i++) {
        const size_t n = strlen(at);
        const size_t width = output_width((struct text){.at = at, .n = (uint32_t)n});
        size_t *const widest = &output->widths[i % output->columns_n];

        *widest = width > *widest ? width : *widest;
        at += n + 1;
    }
}

static void flush_table(struct output *output)
{
    const char *at = buffer_cstr(&output->texts);

    if (output->texts.status != STATUS_OK) {
        output->status = output->texts.status;
        output->rows_n = 0;
    }
    if (!output->is_begun) {
        widen(output);
        put_head(output);
        output->is_begun = true;
    }
    for (size_t i = 0; i < output->rows_n * output->columns_n; i++) {
        const size_t n = strlen(at);

        put_cell(output, i % output->columns_n, (struct text){.at = at, .n = (uint32_t)n});
        at += n + 1;
        if (i % output->columns_n + 1 == output->columns_n) {
            (void)fputc('\n', output->file);
        }
    }
    output->rows_n = 0;
    buffer_reset(&output->texts);
}

/* ---- JSON and CSV -------------------------------------------------------------------------- */

/* An empty cell has no place. */
static void put(FILE *file, struct text text)
{
    if (text.n > 0) {
        (void)fwrite(text.at, 1, text.n, file);
    }
}

static void put_member(struct output *output, const struct output_column *column, struct text text)
{
    struct buffer quoted;
    const bool is_bare = column->kind == OUTPUT_NUMBER || column->kind == OUTPUT_JSON;

    if (output->column == 0) {
        (void)fputc('{', output->file);
        output->has_members = false;
    }
    if (text.n == 0) {
        return;
    }
    (void)fprintf(output->file, "%s\"%s\":", output->has_members ? "," : "", column->name);
    output->has_members = true;
    if (is_bare) {
        put(output->file, text);
        return;
    }
    buffer_init(&quoted, TEXTS_MAX);
    json_put_text(&quoted, text);
    (void)fputs(buffer_cstr(&quoted), output->file);
    if (quoted.status != STATUS_OK) {
        output->status = quoted.status;
    }
    buffer_fini(&quoted);
}

static void put_csv(FILE *file, struct text text)
{
    bool is_quoted = false;

    for (size_t i = 0; i < text.n; i++) {
        is_quoted = is_quoted || strchr(",\"#\r\n", text.at[i]) != NULL;
    }
    if (!is_quoted) {
        put(file, text);
        return;
    }
    (void)fputc('"', file);
    for (size_t i = 0; i < text.n; i++) {
        if (text.at[i] == '"') {
            (void)fputc('"', file);
        }
        (void)fputc(text.at[i], file);
    }
    (void)fputc('"', file);
}

static void begin_csv(struct output *output)
{
    for (size_t i = 0; i < output->columns_n && !output->is_begun; i++) {
        (void)fprintf(output->file, "%s%s", i > 0 ? "," : "", output->columns[i].name);
    }
    if (!output->is_begun) {
        (void)fputs("\r\n", output->file);
    }
    output->is_begun = true;
}

/* ---- cells --------------------------------------------------------------------------------- */

/* A NUL would end the cell: it becomes another character that is not shown as it is. */
static void put_kept(struct buffer *texts, struct text text)
{
    for (size_t i = 0; i < text.n; i++) {
        const char c = text.at[i];

        buffer_append(texts, c ? &c : "\x01", 1);
    }
}

void output_text(struct output *output, struct text text)
{
    const struct output_column *column = &output->columns[output->column];

    assert(output->column < output->columns_n);
    switch (output->format) {
    case CONF_TABLE:
        put_kept(&output->texts, text);
        buffer_char(&output->texts, '\0');
        break;
    case CONF_JSON:
        put_member(output, column, text);
        break;
    case CONF_CSV:
        begin_csv(output);
        if (output->column > 0) {
            (void)fputc(',', output->file);
        }
        put_csv(output->file, text);
        break;
    }
    output->column++;
}

void output_cstr(struct output *output, const char *text)
{
    output_text(output, (struct text){.at = text, .n = (uint32_t)strlen(text)});
}

void output_number(struct output *output, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    output_cstr(output, text);
}

void output_printf(struct output *output, const char *fmt, ...)
{
    char text[CELL_SIZE];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    output_cstr(output, text);
}

void output_end_row(struct output *output)
{
    assert(output->column == output->columns_n);
    output->column = 0;
    switch (output->format) {
    case CONF_TABLE:
        output->rows_n++;
        if (output->is_begun || output->rows_n == OUTPUT_WINDOW) {
            flush_table(output);
        }
        break;
    case CONF_JSON:
        (void)fputs("}\n", output->file);
        break;
    case CONF_CSV:
        (void)fputs("\r\n", output->file);
        break;
    }
}

void output_flush(struct output *output)
{
    if (output->format == CONF_TABLE && output->rows_n > 0) {
        flush_table(output);
    }
    (void)fflush(output->file);
}

enum status output_fini(struct output *output, struct failure *err)
{
    enum status status;

    if (output->format == CONF_TABLE && (output->rows_n > 0 || (!output->is_begun && err))) {
        flush_table(output);
    } else if (output->format == CONF_CSV && err) {
        begin_csv(output);
    }
    (void)fflush(output->file);
    status = output->status;
    buffer_fini(&output->texts);
    if (status != STATUS_OK) {
        return failure_set(err, status, REMEDY_STOP, 0, "the output is too long for memory");
    }
    return ferror(output->file)
               ? failure_set(err, STATUS_IO, REMEDY_STOP, errno, "cannot write the output")
               : STATUS_OK;
}
