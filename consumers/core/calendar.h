/* calendar.h - working days: Monday to Friday that are no public holidays (rulebook section 7).
 *
 * Pure.  A year without a table has Monday to Friday (S8).  Make-up working weekends are none. */
#ifndef CORE_CALENDAR_H
#define CORE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "consumers/core/reference.h"

bool calendar_is_working(const struct reference *reference, int64_t as_of, int32_t on);

/* on itself, or the last working day before it (L7). */
int32_t calendar_working_on_or_before(const struct reference *reference, int64_t as_of, int32_t on);

/* Working days w with after < w <= until, but never more than most (the question is only whether a
 * parameter is exceeded); 0 when until is not after. */
int32_t calendar_working_days(const struct reference *reference, int64_t as_of, int32_t after,
                              int32_t until, int32_t most);

#endif
