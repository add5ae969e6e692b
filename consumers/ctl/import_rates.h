/* import_rates.h - published rates to rate sheets (rulebook section 8).
 *
 * Two sources are read: the central parity as a CSV with a column of dates and columns such as
 * USDCNY (CNY for one USD), 100JPYCNY (CNY for 100 JPY) and CNYMYR (MYR for one CNY, inverted), and
 * the ECB's eurofxref-hist.csv (units for one EUR, crossed through EUR by way of its CNY column).
 * Empty cells and N/A are currencies that had no rate that day.  What has to be divided is rounded
 * half to even at 10 decimals.
 *
 * Each date becomes one line of JSON, {"kind":"rates","date":...,"rates":{...}}, ascending by date,
 * currencies in the order of the columns.  A date without any rate (or, at the ECB, without one of
 * CNY) becomes none and is counted.  STATUS_INVALID names the line of the CSV and its column. */
#ifndef CTL_IMPORT_RATES_H
#define CTL_IMPORT_RATES_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

struct import_request {
    struct bytes csv;
    int32_t from_on; /* DATE_NONE: since ever; both inclusive */
    int32_t to_on;   /* DATE_NONE: without end */
};

struct import_result {
    uint32_t sheets_n;
    uint32_t skipped_n; /* dates within the range without a usable rate */
};

MUST_CHECK enum status import_parity(const struct import_request *request, struct buffer *out,
                                     struct import_result *ret, struct failure *err);
MUST_CHECK enum status import_ecb(const struct import_request *request, struct buffer *out,
                                  struct import_result *ret, struct failure *err);

/* ---- for the two sources ---- */

#define IMPORT_COLUMNS_MAX 256
#define IMPORT_NAME_SIZE   16

/* A line of the CSV taken apart; cells are NUL-ended. */
struct import_row {
    uint32_t line;
    const char *cells[IMPORT_COLUMNS_MAX];
    uint32_t cells_n;
};

struct import_table;

/* What a source makes of a cell. */
struct import_cell {
    char currency[4]; /* "" = no rate in this column */
    int64_t rate_e10;
};

struct import_source {
    /* Is the header one of this source's? */
    enum status (*header)(const struct import_row *row, struct failure *err);
    /* The rate of a column for a row; currency "" when there is none. */
    enum status (*cell)(const struct import_table *table, const struct import_row *row,
                        uint32_t column, struct import_cell *ret, struct failure *err);
};

const char *import_column(const struct import_table *table, uint32_t column);

/* Is the cell without a rate? */
bool import_is_empty(const char *cell);

/* a x b / denominator, half to even; all above 0.  0 when it does not fit. */
int64_t import_divide(int64_t a, int64_t b, int64_t denominator);

enum status import_bad_cell(const struct import_row *row, const char *column, const char *cell,
                            struct failure *err);

MUST_CHECK enum status import_run(const struct import_source *source,
                                  const struct import_request *request, struct buffer *out,
                                  struct import_result *ret, struct failure *err);

#endif
