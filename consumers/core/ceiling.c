#include "consumers/core/ceiling.h"

#include <assert.h>

#include "form/iso.h"
#include "form/money.h"

/* Products of an amount and two parameters. */
__extension__ typedef __int128 wide;

static struct text word(const char *s, uint32_t n) { return (struct text){.at = s, .n = n}; }

#define WORD(s) word(s, sizeof(s) - 1)

struct limit_key ceiling_key(enum mode mode)
{
    switch (mode) {
    case MODE_MACROPRUDENTIAL:
        return context_own_key(LIMIT_FINANCING_MACROPRUDENTIAL);
    case MODE_GAP:
        return context_own_key(LIMIT_FINANCING_GAP);
    case MODE_FACILITATION:
        return context_own_key(LIMIT_FINANCING_FACILITATION);
    case MODE_NONE:
        break;
    }
    return context_own_key(LIMIT_NONE);
}

static struct text region_of(const struct profile *profile)
{
    return word(profile->region, ENTERPRISE_REGION_SIZE);
}

static struct text kind_word(int32_t certificate_kind)
{
    switch ((enum certificate_kind)certificate_kind) {
    case CERTIFICATE_HIGH_TECH:
        return WORD("HIGH_TECH");
    case CERTIFICATE_SPECIALISED_NEW:
        return WORD("SPECIALISED_NEW");
    case CERTIFICATE_TECH_SME:
        return WORD("TECH_SME");
    case CERTIFICATE_INNOVATION_POINTS:
        return WORD("INNOVATION_POINTS");
    case CERTIFICATE_NONE:
        break;
    }
    return word("", 0);
}

static struct policy_query query_of(enum parameter_id id, const struct profile *profile, int32_t on)
{
    struct policy_query query = {.id = id, .region = region_of(profile), .on = on};

    if (id == PARAMETER_FAC_LIMIT_USD) {
        query.subject = kind_word(profile->certificate_kind);
    }
    return query;
}

static int64_t capped(wide value) { return value > INT64_MAX ? INT64_MAX : (int64_t)value; }

/* ⌊net assets × leverage × parameter⌋, rounded once. */
static struct ceiling macroprudential(struct context *c, const struct profile *profile, int32_t on)
{
    struct ceiling ceiling = {.state = CEILING_STAYS, .currency = CURRENCY_CNY};
    const struct policy_query by_leverage = query_of(PARAMETER_MP_LEVERAGE, profile, on);
    const struct policy_query by_parameter = query_of(PARAMETER_MP_PARAMETER, profile, on);
    const struct parameter *leverage = context_parameter(c, &by_leverage);
    const struct parameter *parameter = context_parameter(c, &by_parameter);
    wide product = profile->net_assets.minor;

    if (leverage == NULL || parameter == NULL) {
        ceiling.lacks_parameter = true;
        return ceiling;
    }
    ceiling.state = CEILING_KNOWN;
    product *= leverage->number.numerator;
    if (__builtin_mul_overflow(product, (wide)parameter->number.numerator, &product)) {
        ceiling.minor = INT64_MAX;
        return ceiling;
    }
    product /=
        (wide)fraction_denominator(leverage->number) * fraction_denominator(parameter->number);
    ceiling.minor = capped(product);
    return ceiling;
}

/* The row of the largest class that the registered capital reaches (S12). */
static const struct parameter *class_of(struct context *c, const struct policy_query *query,
                                        int64_t registered_usd_minor, bool *ret_has_rows)
{
    const struct policy_version *version = policy_as_of(c->args->reference, c->as_of);
    const struct parameter *best = NULL;
    int64_t best_bound = -1;

    *ret_has_rows = false;
    for (uint32_t i = 0; policy_row_at(version, query->id, i) != NULL; i++) {
        const struct parameter *row = policy_row_at(version, query->id, i);
        int64_t bound = 0;
        int scale = 0;

        if (!policy_row_is_on(row, query->on) || !policy_region_fits(row, query->region)) {
            continue;
        }
        if (row->subject.n > 0 &&
            (!money_parse_decimal(row->subject.at, row->subject.n, &bound, &scale) ||
             !money_rescale(bound, scale, iso_currency(CURRENCY_USD)->exponent, &bound))) {
            continue;
        }
        *ret_has_rows = true;
        /* Region before subject (rulebook section 9): the closest region, there the largest class.
         */
        if (bound <= registered_usd_minor &&
            (best == NULL || row->region.n > best->region.n ||
             (row->region.n == best->region.n && bound > best_bound))) {
            best = row;
            best_bound = bound;
        }
    }
    return best;
}

static struct ceiling gap_of_holding(struct context *c, const struct profile *profile, int32_t on)
{
    struct ceiling ceiling = {.state = CEILING_STAYS,
                              .currency = profile->total_investment.currency};
    const struct policy_query query = query_of(PARAMETER_GAP_HOLDING_MULTIPLE, profile, on);
    const struct moment moment = {.on = on, .field = "/business_date"};
    const struct parameter *row = NULL;
    struct converted usd;
    bool has_rows = false;

    (void)class_of(c, &query, 0, &has_rows);
    if (!has_rows) {
        ceiling.lacks_parameter = true;
        return ceiling;
    }
    usd = context_convert(c, profile->registered_capital, CURRENCY_USD, moment, ROUND_UP);
    if (!usd.found) {
        ceiling.state = CEILING_PENDING;
        return ceiling;
    }
    row = class_of(c, &query, usd.minor, &has_rows);
    if (row == NULL) {
        ceiling.below_least_class = true;
        return ceiling;
    }
    context_list(c, row);
    ceiling.state = CEILING_KNOWN;
    ceiling.minor = capped((wide)profile->paid_in.minor * row->number.numerator /
                           fraction_denominator(row->number));
    return ceiling;
}

/* ⌊(total investment − registered capital) × foreign share paid in⌋. */
static struct ceiling gap(const struct profile *profile)
{
    wide room = (wide)profile->total_investment.minor - profile->registered_capital.minor;

    return (struct ceiling){.state = CEILING_KNOWN,
                            .currency = profile->total_investment.currency,
                            .minor = capped(room * profile->foreign_paid_in_bp / 10000)};
}

static struct ceiling facilitation(struct context *c, const struct profile *profile, int32_t on)
{
    struct ceiling ceiling = {.state = CEILING_STAYS, .currency = CURRENCY_USD};
    const struct policy_query query = query_of(PARAMETER_FAC_LIMIT_USD, profile, on);
    const struct parameter *row = context_parameter(c, &query);

    if (row == NULL) {
        ceiling.lacks_parameter = true;
        return ceiling;
    }
    ceiling.state = CEILING_KNOWN;
    ceiling.minor = policy_minor(row, iso_currency(CURRENCY_USD)->exponent);
    return ceiling;
}

struct ceiling ceiling_of_profile(struct context *c, const struct profile *profile, int32_t on)
{
    switch ((enum mode)profile->mode) {
    case MODE_MACROPRUDENTIAL:
        return macroprudential(c, profile, on);
    case MODE_GAP:
        return profile->subject == SUBJECT_HOLDING ? gap_of_holding(c, profile, on) : gap(profile);
    case MODE_FACILITATION:
        return facilitation(c, profile, on);
    case MODE_NONE:
        break;
    }
    return (struct ceiling){.state = CEILING_STAYS, .currency = CURRENCY_NONE};
}

struct ceiling ceiling_of_mode(struct context *c, enum mode mode)
{
    const struct profile *profile = enterprise_profile_on(c->state, c->business_on, c->without);

    if (profile == NULL || profile->mode != (int32_t)mode) {
        return (struct ceiling){.state = CEILING_STAYS, .currency = CURRENCY_NONE};
    }
    return ceiling_of_profile(c, profile, c->business_on);
}

struct ceiling ceiling_of_equity(struct context *c, int64_t equity_minor, int32_t on)
{
    struct ceiling ceiling = {.state = CEILING_STAYS, .currency = CURRENCY_CNY};
    const struct policy_query query = {.id = PARAMETER_OUT_LENDING_COEFFICIENT, .on = on};
    const struct parameter *row = context_parameter(c, &query);

    if (row == NULL) {
        ceiling.lacks_parameter = true;
        return ceiling;
    }
    ceiling.state = CEILING_KNOWN;
    ceiling.minor =
        capped((wide)equity_minor * row->number.numerator / fraction_denominator(row->number));
    return ceiling;
}

struct ceiling ceiling_of_lending(struct context *c)
{
    const struct lending_basis *basis = enterprise_basis_on(c->state, c->business_on, c->without);

    if (basis == NULL) {
        return (struct ceiling){.state = CEILING_STAYS, .currency = CURRENCY_CNY};
    }
    return ceiling_of_equity(c, basis->equity_minor, c->business_on);
}

int64_t ceiling_change(const struct context *c, const struct limit_key *key,
                       const struct ceiling *ceiling)
{
    if (ceiling->state != CEILING_KNOWN) {
        return 0;
    }
    return ceiling->minor - context_balance(c, key).limit;
}

/* Has the parameter of the query fallen since a date, by a row that began after it? */
static bool has_fallen(const struct context *c, struct policy_query query, int32_t since)
{
    const struct policy_version *version = policy_as_of(c->args->reference, c->as_of);
    const struct parameter *now = policy_find(version, &query);
    const struct parameter *then = NULL;

    query.on = since;
    then = policy_find(version, &query);
    return now != NULL && then != NULL && now->from_on > since &&
           fraction_is_below(now->number, then->number);
}

bool ceiling_has_fallen(struct context *c, enum limit_kind kind, int32_t signed_on)
{
    const struct profile *profile = enterprise_profile_on(c->state, c->business_on, c->without);
    int32_t on = c->business_on;

    if (kind == LIMIT_OUTBOUND_LENDING) {
        return has_fallen(
            c, (struct policy_query){.id = PARAMETER_OUT_LENDING_COEFFICIENT, .on = on}, signed_on);
    }
    if (profile == NULL) {
        return false;
    }
    if (kind == LIMIT_FINANCING_MACROPRUDENTIAL) {
        return has_fallen(c, query_of(PARAMETER_MP_LEVERAGE, profile, on), signed_on) ||
               has_fallen(c, query_of(PARAMETER_MP_PARAMETER, profile, on), signed_on);
    }
    return kind == LIMIT_FINANCING_FACILITATION &&
           has_fallen(c, query_of(PARAMETER_FAC_LIMIT_USD, profile, on), signed_on);
}
