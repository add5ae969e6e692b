/* reference_force.h - does an object say what is in force already?
 *
 * Then it needs no bulletin: proposing it again changes nothing (design, section 7).  A register's
 * object counts when each of its members is in force as written; lists and policies are compared
 * whole. */
#ifndef CTL_REFERENCE_FORCE_H
#define CTL_REFERENCE_FORCE_H

#include <stdbool.h>
#include <stdint.h>

#include "consumers/core/reference.h"

bool reference_is_in_force(const struct reference *reference, int64_t as_of,
                           const struct reference_item *item);

/* The sheet of exactly this date, the calendar of a year, as of a bulletin; NULL when there is
 * none. */
const struct sheet_entry *reference_sheet(const struct reference *reference, int64_t as_of,
                                          int32_t date_on);
const struct calendar_entry *reference_calendar(const struct reference *reference, int64_t as_of,
                                                int32_t year);

#endif
