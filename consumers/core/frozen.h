/* frozen.h - what is drawn and repaid of a contract or loan, in the currency of the limit that it
 * uses (rulebook section 4, Modes; section 5, loans; L5).
 *
 * Pure.  What is not drawn weighs at the rates of the sign date; what is drawn is frozen at those
 * of its day.  Amounts are minor units; what does not fit is 2^63 - 1, too much for any limit.
 * Core-internal. */
#ifndef CORE_FROZEN_H
#define CORE_FROZEN_H

#include <stdint.h>

/* A currency with the CNY for one unit of it on the sign date, as contracts and loans keep it. */
struct signed_rate {
    int32_t currency;
    int64_t rate_e10;
};

/* An amount in the unit of its limit, rounded up; equal currencies need no rate. */
int64_t frozen_at_sign_date(int64_t minor, struct signed_rate from, struct signed_rate to);

/* a + b. */
int64_t frozen_sum(int64_t a, int64_t b);

/* What falls off frozen when a part of outstanding is repaid: all of it with the last, else the
 * share, rounded down.  More than is outstanding takes all. */
int64_t frozen_fall(int64_t frozen_minor, int64_t repaid_minor, int64_t outstanding_minor);

#endif
