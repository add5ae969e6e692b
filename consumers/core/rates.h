/* rates.h - the rate of a currency for a date: that of the sheet of the date, or of the last
 * working day before it (rulebook section 8, L7).
 *
 * Pure.  Rates are CNY for one unit, times 10^10; CNY is RATE_E10 and needs no sheet. */
#ifndef CORE_RATES_H
#define CORE_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "consumers/core/reference.h"

struct rate_found {
    bool found;
    int64_t rate_e10;
    int32_t
        sheet_on; /* DATE_NONE for CNY; otherwise also when it is missing: the sheet that lacks */
};

struct rate_found rates_find(const struct reference *reference, int64_t as_of, int32_t currency,
                             int32_t on);

#endif
