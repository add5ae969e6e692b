/* ceiling.h - limits that follow the calendar (L1): what the financing and lending limits are worth
 * on a date, from the profile or basis and the parameters in force.
 *
 * Core-internal, shared by financing, outbound and reversals. */
#ifndef CORE_CEILING_H
#define CORE_CEILING_H

#include <stdbool.h>
#include <stdint.h>

#include "consumers/core/context.h"

enum ceiling_state {
    CEILING_KNOWN = 0,
    CEILING_STAYS, /* no profile of the mode, no basis or no parameter is in force: it stays (L1) */
    CEILING_PENDING, /* a rate is missing: noted in the context, the next barrier holds the filing
                      */
};

struct ceiling {
    enum ceiling_state state;
    int32_t currency;
    int64_t minor;
    /* Of CEILING_STAYS: why, for a profile's 212 (S12). */
    bool lacks_parameter;   /* leverage, parameter, multiple, coefficient or facilitation amount */
    bool below_least_class; /* HOLDING: registered capital below the least class */
};

/* The key of a mode's limit, and its currency as a profile of that mode gives it. */
struct limit_key ceiling_key(enum mode mode);

/* What a profile is worth on a date (rulebook section 4, Limit on date d).  Lists parameters and
 * sheets in the basis. */
struct ceiling ceiling_of_profile(struct context *c, const struct profile *profile, int32_t on);
/* Of the profile in force on the business date, if it is one of this mode. */
struct ceiling ceiling_of_mode(struct context *c, enum mode mode);
/* Of an equity; of the lending basis in force on the business date. */
struct ceiling ceiling_of_equity(struct context *c, int64_t equity_minor, int32_t on);
struct ceiling ceiling_of_lending(struct context *c);

/* L1: what has to be added to the limit so that it has its value on the business date; 0 when it
 * stays. */
int64_t ceiling_change(const struct context *c, const struct limit_key *key,
                       const struct ceiling *ceiling);

/* L3: has a parameter of the mode's limit (or of lending: LIMIT_OUTBOUND_LENDING) fallen since a
 * contract was signed, by a row that began after it and holds on the business date? */
bool ceiling_has_fallen(struct context *c, enum limit_kind kind, int32_t signed_on);

#endif
