/* The RMB central parity: one row a day, a column for each pair. */
#include <string.h>

#include "consumers/ctl/import_rates.h"
#include "form/money.h"

#define PAIR_SIZE 6 /* USDCNY */

/* A pair of a column's name: 100JPYCNY is 100 units of JPY in CNY, CNYMYR one CNY in MYR. */
struct pair {
    int64_t units;
    char currency[4];
    bool is_inverted;
};

static bool pair_read(const char *name, struct pair *ret)
{
    const size_t digits = strspn(name, "0123456789");

    ret->units = 0;
    for (size_t i = 0; i < digits && i < 4; i++) {
        ret->units = 10 * ret->units + (name[i] - '0');
    }
    ret->units = digits == 0 ? 1 : ret->units;
    name += digits;
    if (strlen(name) != PAIR_SIZE || digits > 4 || ret->units == 0) {
        return false;
    }
    ret->is_inverted = strncmp(name, "CNY", 3) == 0;
    if (!ret->is_inverted && strcmp(name + 3, "CNY") != 0) {
        return false;
    }
    memcpy(ret->currency, ret->is_inverted ? name + 3 : name, 3);
    ret->currency[3] = '\0';
    return true;
}

static enum status parity_header(const struct import_row *row, struct failure *err)
{
    struct pair pair;

    for (uint32_t i = 1; i < row->cells_n; i++) {
        if (!pair_read(row->cells[i], &pair)) {
            return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                               "line 1: '%.40s' is no pair with CNY", row->cells[i]);
        }
    }
    return row->cells_n > 1 ? STATUS_OK
                            : failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                                          "line 1: is no header of the central parity");
}

static enum status parity_cell(const struct import_table *table, const struct import_row *row,
                               uint32_t column, struct import_cell *ret, struct failure *err)
{
    const char *cell = row->cells[column];
    const char *name = import_column(table, column);
    struct pair pair;
    int64_t value_e10 = 0;

    if (import_is_empty(cell)) {
        return STATUS_OK;
    }
    if (!pair_read(name, &pair) || !rate_parse(cell, strlen(cell), &value_e10)) {
        return import_bad_cell(row, name, cell, err);
    }
    ret->rate_e10 = pair.is_inverted ? import_divide(RATE_E10 * pair.units, RATE_E10, value_e10)
                                     : import_divide(value_e10, 1, pair.units);
    if (ret->rate_e10 <= 0) {
        return import_bad_cell(row, name, cell, err);
    }
    memcpy(ret->currency, pair.currency, sizeof(ret->currency));
    return STATUS_OK;
}

enum status import_parity(const struct import_request *request, struct buffer *out,
                          struct import_result *ret, struct failure *err)
{
    static const struct import_source source = {.header = parity_header, .cell = parity_cell};

    return import_run(&source, request, out, ret, err);
}
