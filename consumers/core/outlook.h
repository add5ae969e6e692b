/* outlook.h - what a limit is worth on a date although nothing is posted to it then.
 *
 * Pure.  A limit that follows the calendar (rulebook L1: the three of financing and lending) gets
 * its value when something is posted to it; until then its state keeps an older one.  For those who
 * ask what would be if something were posted: what-if. */
#ifndef CORE_OUTLOOK_H
#define CORE_OUTLOOK_H

#include <stdint.h>

#include "consumers/core/enterprise.h"
#include "consumers/core/reference.h"

/* Reference data as of a bulletin, on a date. */
struct outlook {
    const struct reference *reference;
    bool has_bulletin;
    uint64_t bulletin;
    int32_t on;
};

/* The limit's amount on the date, in the minor units of its currency: what a posting would set it
 * to, or what it is where it stays (L1) or a rate is missing.  Borrows all; state is not changed.
 */
int64_t outlook_limit(const struct outlook *outlook, struct enterprise *state,
                      const struct limit *limit);

#endif
