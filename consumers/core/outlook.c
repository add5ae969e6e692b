#include "consumers/core/outlook.h"

#include <string.h>

#include "consumers/core/ceiling.h"

static struct ceiling ceiling_of(struct context *c, enum limit_kind kind)
{
    if (kind == LIMIT_FINANCING_MACROPRUDENTIAL) {
        return ceiling_of_mode(c, MODE_MACROPRUDENTIAL);
    }
    if (kind == LIMIT_FINANCING_GAP) {
        return ceiling_of_mode(c, MODE_GAP);
    }
    if (kind == LIMIT_FINANCING_FACILITATION) {
        return ceiling_of_mode(c, MODE_FACILITATION);
    }
    if (kind == LIMIT_OUTBOUND_LENDING) {
        return ceiling_of_lending(c);
    }
    return (struct ceiling){.state = CEILING_STAYS, .currency = CURRENCY_NONE};
}

int64_t outlook_limit(const struct outlook *outlook, struct enterprise *state,
                      const struct limit *limit)
{
    struct decide_args args;
    struct context c;
    struct ceiling ceiling;

    memset(&args, 0, sizeof(args));
    memset(&c, 0, sizeof(c));
    args.reference = outlook->reference;
    c.args = &args;
    c.state = state;
    c.as_of = reference_as_of(outlook->has_bulletin, outlook->bulletin);
    c.business_on = outlook->on;
    c.is_quiet = true; /* nothing is decided, so nothing is listed */
    ceiling = ceiling_of(&c, limit->key.kind);
    return ceiling.state == CEILING_KNOWN && ceiling.currency == limit->currency ? ceiling.minor
                                                                                 : limit->is.limit;
}
