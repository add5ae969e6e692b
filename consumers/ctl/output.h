/* output.h - rows for people and programs: a table, JSON lines or CSV (-o).
 *
 * Promises:
 *   O1  JSON: one object a line, with the column names as field names; empty texts are left out, 0
 *       and false are not;
 *   O2  CSV: RFC 4180 with a header line; a value with a comma, quote, line break or '#' (which
 *       begins a comment for many readers) is quoted;
 *   O3  table: columns as wide as their widest value of the first OUTPUT_WINDOW rows, in terminal
 *       cells (a Chinese character takes two); no value can move the cursor or begin a line:
 *       control characters and what is not UTF-8 are shown as U+FFFD;
 *   O4  at most OUTPUT_WINDOW rows are kept; later ones leave at once.
 *
 * Cells are given in the order of the columns, then the row is ended. */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/conf.h"
#include "base/status.h"
#include "form/filing.h"

#define OUTPUT_WINDOW      200
#define OUTPUT_COLUMNS_MAX 24

enum output_kind {
    OUTPUT_TEXT,
    OUTPUT_NUMBER, /* right-aligned in a table, bare in JSON */
    OUTPUT_AMOUNT, /* right-aligned in a table, a text in JSON */
    OUTPUT_JSON    /* a JSON value given as text; shown as it is */
};

struct output_column {
    const char *name;
    enum output_kind kind;
};

struct output {
    FILE *file;
    enum conf_output format;
    const struct output_column *columns;
    size_t columns_n;
    size_t column; /* of the next cell */
    size_t rows_n; /* in the window */
    bool is_begun; /* the header is out */
    bool has_members;
    struct buffer texts; /* cells of the window, each ended by NUL */
    size_t widths[OUTPUT_COLUMNS_MAX];
    enum status status; /* of memory */
};

/* Keeps file and columns. */
void output_init(struct output *output, FILE *file, enum conf_output format,
                 const struct output_column *columns, size_t columns_n);

void output_text(struct output *output, struct text text);
void output_cstr(struct output *output, const char *text);
void output_number(struct output *output, int64_t value);
void output_printf(struct output *output, const char *fmt, ...) PRINTF_LIKE(2, 3);
void output_end_row(struct output *output);

/* What is kept leaves now. */
void output_flush(struct output *output);

/* Flush and give the memory back.  STATUS_IO when something could not be written.  err is NULL
 * after a failure: then a header without rows is not printed. */
MUST_CHECK enum status output_fini(struct output *output, struct failure *err);

/* Write a text as a table shows it (O3): for what is printed beside tables. */
void output_shown(FILE *file, struct text text);

/* Terminal cells that a text takes, with what O3 shows for it. */
size_t output_width(struct text text);

#endif
