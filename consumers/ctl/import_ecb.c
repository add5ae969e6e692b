/* The ECB's euro reference rates: units of each currency for one EUR, crossed by way of CNY. */
#include <string.h>

#include "consumers/ctl/import_rates.h"
#include "form/money.h"

#define NOWHERE UINT32_MAX

static enum status ecb_header(const struct import_row *row, struct failure *err)
{
    bool has_cny = false;

    for (uint32_t i = 1; i < row->cells_n; i++) {
        const bool is_last = i + 1 == row->cells_n;

        has_cny = has_cny || strcmp(row->cells[i], "CNY") == 0;
        if (strlen(row->cells[i]) != 3 && !(is_last && row->cells[i][0] == '\0')) {
            return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                               "line 1: '%.40s' is no currency", row->cells[i]);
        }
    }
    return has_cny ? STATUS_OK
                   : failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                                 "line 1: there is no column CNY to cross through");
}

/* The column of CNY in this table. */
static uint32_t cny_column(const struct import_table *table, const struct import_row *row)
{
    for (uint32_t i = 1; i < row->cells_n; i++) {
        if (strcmp(import_column(table, i), "CNY") == 0) {
            return i;
        }
    }
    return NOWHERE;
}

static enum status ecb_cell(const struct import_table *table, const struct import_row *row,
                            uint32_t column, struct import_cell *ret, struct failure *err)
{
    const uint32_t cny = cny_column(table, row);
    const char *cell = row->cells[column];
    const char *name = import_column(table, column);
    int64_t cny_e10 = 0;
    int64_t value_e10 = 0;

    if (import_is_empty(cell) || cny == NOWHERE || import_is_empty(row->cells[cny])) {
        return STATUS_OK;
    }
    if (!rate_parse(row->cells[cny], strlen(row->cells[cny]), &cny_e10)) {
        return import_bad_cell(row, "CNY", row->cells[cny], err);
    }
    if (name[0] == '\0' || !rate_parse(cell, strlen(cell), &value_e10)) {
        return import_bad_cell(row, name, cell, err);
    }
    if (column == cny) { /* CNY for one EUR: the sheet has no rate of CNY itself */
        memcpy(ret->currency, "EUR", sizeof(ret->currency));
        ret->rate_e10 = cny_e10;
        return STATUS_OK;
    }
    ret->rate_e10 = import_divide(cny_e10, RATE_E10, value_e10);
    if (ret->rate_e10 <= 0) {
        return import_bad_cell(row, name, cell, err);
    }
    memcpy(ret->currency, name, sizeof(ret->currency));
    return STATUS_OK;
}

enum status import_ecb(const struct import_request *request, struct buffer *out,
                       struct import_result *ret, struct failure *err)
{
    static const struct import_source source = {.header = ecb_header, .cell = ecb_cell};

    return import_run(&source, request, out, ret, err);
}
