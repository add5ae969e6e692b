#include "consumers/core/rates.h"

#include "consumers/core/calendar.h"
#include "form/date.h"
#include "form/iso.h"
#include "form/money.h"

static const struct sheet_entry *sheet_of(const struct reference *reference, int64_t as_of,
                                          int32_t date_on)
{
    uint32_t low = 0;
    uint32_t high = reference->sheets_n;
    const struct sheet_entry *sheet = NULL;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (reference->sheets[middle].date_on < date_on) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == reference->sheets_n) {
        return NULL;
    }
    sheet = &reference->sheets[low];
    if (sheet->date_on != date_on || as_of < 0 || sheet->since > (uint64_t)as_of) {
        return NULL;
    }
    return sheet;
}

struct rate_found rates_find(const struct reference *reference, int64_t as_of, int32_t currency,
                             int32_t on)
{
    struct rate_found found = {.found = false, .rate_e10 = 0, .sheet_on = DATE_NONE};
    const struct sheet_entry *sheet = NULL;
    uint32_t low = 0;
    uint32_t high;

    if (currency == CURRENCY_CNY) {
        return (struct rate_found){.found = true, .rate_e10 = RATE_E10, .sheet_on = DATE_NONE};
    }
    found.sheet_on = calendar_working_on_or_before(reference, as_of, on);
    sheet = sheet_of(reference, as_of, found.sheet_on);
    if (sheet == NULL) {
        return found;
    }
    high = sheet->rates_n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (sheet->rates[middle].currency < currency) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < sheet->rates_n && sheet->rates[low].currency == currency) {
        found.found = true;
        found.rate_e10 = sheet->rates[low].rate_e10;
    }
    return found;
}
