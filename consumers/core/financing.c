#include "consumers/core/financing.h"

#include <assert.h>
#include <string.h>

#include "consumers/core/calendar.h"
#include "consumers/core/ceiling.h"
#include "consumers/core/frozen.h"
#include "form/date.h"
#include "form/iso.h"

#define BASIS_POINTS 10000

/* ---- what a contract weighs (rulebook section 4, Modes) ------------------------------------- */

/* 1.50 is 1.5. */
static struct fraction shortest(struct fraction a)
{
    while (a.scale > 0 && a.numerator % 10 == 0) {
        a.numerator /= 10;
        a.scale--;
    }
    return a;
}

static struct fraction stretched(struct fraction a, int32_t scale)
{
    while (a.scale < scale) {
        if (__builtin_mul_overflow(a.numerator, INT64_C(10), &a.numerator)) {
            a.numerator = INT64_MAX;
        }
        a.scale++;
    }
    return a;
}

/* The sum of two parameters; what does not fit is too much for any limit. */
static struct fraction fraction_sum(struct fraction a, struct fraction b)
{
    const struct fraction x = shortest(a);
    const struct fraction y = shortest(b);
    const int32_t scale = x.scale > y.scale ? x.scale : y.scale;
    struct fraction sum = {.scale = scale};

    if (__builtin_add_overflow(stretched(x, scale).numerator, stretched(y, scale).numerator,
                               &sum.numerator)) {
        sum.numerator = INT64_MAX;
    }
    return sum;
}

/* Too much for any limit is 2^63 - 1. */
static int64_t weighted(int64_t minor, struct fraction weight)
{
    int64_t result;

    return money_mul_fraction(minor, weight.numerator, fraction_denominator(weight), ROUND_UP,
                              &result)
               ? result
               : INT64_MAX;
}

static int64_t at_sign_date(const struct contract_kept *k, int64_t minor)
{
    const struct signed_rate from = {.currency = k->currency, .rate_e10 = k->rate_e10};
    const struct signed_rate to = {.currency = k->unit, .rate_e10 = k->unit_rate_e10};

    return frozen_at_sign_date(minor, from, to);
}

static int64_t reserved_of(const struct contract_kept *k)
{
    return k->not_counted ? 0 : weighted(at_sign_date(k, k->undrawn_minor), k->weight);
}

static int64_t used_of(const struct contract_kept *k)
{
    return k->not_counted ? 0 : weighted(k->frozen_minor, k->weight);
}

static bool is_long(int32_t value_on, int32_t matures_on)
{
    return matures_on > date_add_years(value_on, 1);
}

/* The factor of a contract in its mode, with the parameters of the business date (L4). */
static struct fraction weight_of(struct context *c, const struct contract_kept *k)
{
    struct fraction weight = {.numerator = 0, .scale = 0};
    const struct parameter *row;

    if (k->mode != MODE_MACROPRUDENTIAL) {
        return (struct fraction){.numerator = 1, .scale = 0};
    }
    row = context_parameter_plain(c, is_long(k->value_on, k->matures_on) ? PARAMETER_MP_TERM_LONG
                                                                         : PARAMETER_MP_TERM_SHORT);
    if (row != NULL && row->has_number) {
        weight = row->number;
    }
    row = k->currency != CURRENCY_CNY ? context_parameter_plain(c, PARAMETER_MP_FX) : NULL;
    if (row != NULL && row->has_number) {
        weight = fraction_sum(weight, row->number);
    }
    return weight;
}

/* ---- the mode's limit ----------------------------------------------------------------------- */

static const struct ceiling ceiling_stays = {.state = CEILING_STAYS};

/* L1; a contract that is not counted never touches the limit. */
static struct ceiling ceiling_for(struct context *c, const struct contract_kept *k)
{
    return k->not_counted ? ceiling_stays : ceiling_of_mode(c, (enum mode)k->mode);
}

/* Where a 301 stands, and whether an old contract may exceed (L3). */
enum tested { TESTED_NOT, TESTED, TESTED_UNLESS_GRANDFATHERED };
struct mode_test {
    enum tested tested;
    const char *field;
};

static void test_mode(struct context *c, const struct test *test, const struct contract_kept *k,
                      const struct mode_test *how)
{
    if (how->tested == TESTED_NOT || test->asked_minor <= test->free_minor) {
        return;
    }
    if (how->tested == TESTED_UNLESS_GRANDFATHERED &&
        ceiling_has_fallen(c, test->key.kind, k->signed_on)) {
        context_flag(c, FLAG_GRANDFATHERED);
        return;
    }
    context_refuse(c, CODE_LIMIT_EXCEEDED, test, how->field);
}

/* Stage what a contract's change does to its mode's limit: its value on the business date (L1),
 * then the reservation and the use. */
static void post_mode(struct context *c, const struct contract_kept *before,
                      const struct contract_kept *after, const struct ceiling *ceiling,
                      struct mode_test how)
{
    const struct limit_key key = ceiling_key((enum mode)after->mode);
    struct amounts change = {.limit = 0};
    struct test test;

    if (after->not_counted) {
        return;
    }
    change.limit = ceiling_change(c, &key, ceiling);
    change.used = used_of(after) - used_of(before);
    change.reserved = reserved_of(after) - reserved_of(before);
    test = (struct test){.key = key,
                         .currency = after->unit,
                         .free_minor = context_free(c, &key) + change.limit,
                         .asked_minor = frozen_sum(change.used, change.reserved)};
    test_mode(c, &test, after, &how);
    context_post(c, &key, after->unit, change);
}

/* ---- checks that several events share ------------------------------------------------------- */

static int32_t whole_number(const struct parameter *row)
{
    int64_t whole = 0;

    if (row->has_number) {
        whole = row->number.numerator / fraction_denominator(row->number);
    }
    return whole > INT32_MAX - 1 ? INT32_MAX - 1 : (int32_t)whole;
}

static int32_t working_days(const struct context *c, int32_t after, int32_t most)
{
    return calendar_working_days(c->args->reference, c->as_of, after, c->business_on, most);
}

/* LATE: filed more working days after signing or agreeing than the rule allows (S8). */
static void check_late(struct context *c, int32_t since)
{
    const struct parameter *row = context_parameter_plain(c, PARAMETER_FIN_SIGN_WORKING_DAYS);

    if (row != NULL && working_days(c, since, whole_number(row) + 1) > whole_number(row)) {
        context_flag(c, FLAG_LATE);
    }
}

static const struct object *open_contract(struct context *c, struct text contract_no)
{
    return context_object(c, OBJECT_CONTRACT, contract_no, "/details/contract_no");
}

/* S5: the contract's currency. */
static void check_currency(struct context *c, const struct object *contract, struct money money)
{
    if (contract != NULL && contract->of.contract.currency != money.currency) {
        context_reason(c, CODE_CURRENCY, "/details/money/currency");
    }
}

static void check_evidence(struct context *c, struct text evidence_no)
{
    if (evidence_no.n == 0) {
        context_reason(c, CODE_EVIDENCE, "/details/evidence_no");
    }
}

/* ---- financing.profile ---------------------------------------------------------------------- */

static struct profile profile_of(const struct financing_profile *d)
{
    struct profile p = {.effective_on = d->effective_on,
                        .mode = d->mode,
                        .subject = d->subject,
                        .established_on = d->established_on,
                        .net_assets = d->net_assets,
                        .total_investment = d->total_investment,
                        .registered_capital = d->registered_capital,
                        .paid_in = d->paid_in,
                        .foreign_paid_in_bp = d->foreign_paid_in_bp,
                        .trade_class = d->trade_class,
                        .penalised_on = d->penalised_on};

    assert(d->region.n == ENTERPRISE_REGION_SIZE);
    memcpy(p.region, d->region.at, ENTERPRISE_REGION_SIZE);
    p.certificate_kind = d->has_certificate ? d->certificate.kind : CERTIFICATE_NONE;
    p.certificate_valid_to = d->has_certificate ? d->certificate.valid_to : DATE_NONE;
    return p;
}

/* Of a profile each at its own field, of a contract all at its mode (S9). */
struct facilitation_fields {
    const char *certificate;
    const char *valid_to;
    const char *established_on;
    const char *subject;
    const char *trade_class;
    const char *penalised_on;
    const char *amount;
};

static void check_facilitation(struct context *c, const struct profile *p,
                               const struct facilitation_fields *at)
{
    if (p->certificate_kind == CERTIFICATE_NONE) {
        context_reason(c, CODE_CERTIFICATE, at->certificate);
    } else if (p->certificate_valid_to < c->business_on) {
        context_reason(c, CODE_CERTIFICATE, at->valid_to);
    }
    if (date_add_years(p->established_on, 1) > c->business_on) {
        context_reason(c, CODE_NOT_ELIGIBLE, at->established_on);
    }
    if (p->subject != SUBJECT_GENERAL) {
        context_reason(c, CODE_NOT_ELIGIBLE, at->subject);
    }
    if (p->trade_class != TRADE_CLASS_NONE && p->trade_class != TRADE_CLASS_A) {
        context_reason(c, CODE_NOT_ELIGIBLE, at->trade_class);
    }
    if (p->penalised_on != DATE_NONE && date_add_years(p->penalised_on, 2) > c->business_on) {
        context_reason(c, CODE_NOT_ELIGIBLE, at->penalised_on);
    }
    if (p->certificate_kind != CERTIFICATE_NONE &&
        ceiling_of_profile(c, p, c->business_on).lacks_parameter) {
        context_reason(c, CODE_NOT_ELIGIBLE, at->amount);
    }
}

static void check_macroprudential(struct context *c, const struct financing_profile *d,
                                  const struct profile *p)
{
    if (d->subject != SUBJECT_GENERAL && d->subject != SUBJECT_HOLDING) {
        context_reason(c, CODE_SUBJECT_EXCLUDED, "/details/subject");
    }
    if (d->net_assets.currency == CURRENCY_NONE) {
        context_reason(c, CODE_NO_AUDIT, "/details/net_assets");
    }
    if (d->audited_on == DATE_NONE) {
        context_reason(c, CODE_NO_AUDIT, "/details/audited_on");
    }
    if (d->audit_no.n == 0) {
        context_reason(c, CODE_NO_AUDIT, "/details/audit_no");
    }
    if (ceiling_of_profile(c, p, c->business_on).lacks_parameter) {
        context_reason(c, CODE_NOT_ELIGIBLE, "/business_date");
    }
}

/* S13: the last in order of arrival that is not closed; one that was held keeps its place. */
static const struct object *last_open_registration(const struct enterprise *e)
{
    const struct object *last = NULL;

    for (uint32_t i = 0; i < e->objects_n; i++) {
        const struct object *object = &e->objects[i];

        if (object->kind == OBJECT_FDI_REGISTRATION && !object->closed &&
            (last == NULL || last->of.fdi.arrived_number < object->of.fdi.arrived_number)) {
            last = object;
        }
    }
    return last;
}

/* How much of the foreign cash of a registration has come in, in basis points. */
static int64_t paid_in_bp(const struct context *c, const struct object *registration)
{
    uint32_t n;
    const struct investor *investors =
        enterprise_investors_of(c->state, registration->opened_number, &n);
    __extension__ unsigned __int128 used = 0;
    __extension__ unsigned __int128 limit = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct limit_key key =
            context_key(c, LIMIT_FDI_INFLOW, registration, investors[i].ordinal);
        const struct amounts is = context_balance(c, &key);

        used += (uint64_t)is.used;
        limit += (uint64_t)is.limit;
    }
    return limit == 0 ? 0 : (int64_t)(used * BASIS_POINTS / limit);
}

static bool is_same_money(struct money a, struct money b)
{
    return a.currency == b.currency && a.minor == b.minor;
}

static void check_against_registration(struct context *c, const struct financing_profile *d)
{
    const struct object *registration = last_open_registration(c->state);
    const struct fdi_registration_kept *kept;

    if (registration == NULL) {
        return;
    }
    kept = &registration->of.fdi;
    if (kept->total_investment.currency != CURRENCY_NONE &&
        !is_same_money(kept->total_investment, d->total_investment)) {
        context_reason(c, CODE_EVIDENCE, "/details/total_investment");
    }
    if (!is_same_money((struct money){.minor = kept->registered_minor, .currency = kept->currency},
                       d->registered_capital)) {
        context_reason(c, CODE_EVIDENCE, "/details/registered_capital");
    }
    if (d->foreign_paid_in_bp > paid_in_bp(c, registration)) {
        context_reason(c, CODE_EVIDENCE, "/details/foreign_paid_in_bp");
    }
}

/* S13: the currency of the gap, CURRENCY_NONE while there is none.  A profile that takes force
 * later, or whose gap is 0, has posted nothing yet and still gives it: the limit has one for ever.
 */
static int32_t gap_currency(const struct enterprise *e)
{
    const struct limit_key key = ceiling_key(MODE_GAP);
    const struct limit *limit = enterprise_limit(e, &key);

    for (uint32_t i = 0; limit == NULL && i < e->profiles_n; i++) {
        if (e->profiles[i].mode == MODE_GAP) {
            return e->profiles[i].total_investment.currency;
        }
    }
    return limit != NULL ? limit->currency : CURRENCY_NONE;
}

static void check_gap(struct context *c, const struct financing_profile *d, const struct profile *p)
{
    const int32_t currency = gap_currency(c->state);
    const bool is_wider = d->total_investment.minor > d->registered_capital.minor;
    struct ceiling ceiling;

    if (!is_wider) {
        context_reason(c, CODE_NOT_ELIGIBLE, "/details/total_investment");
    }
    if (d->paid_in.minor <= 0) {
        context_reason(c, CODE_NOT_ELIGIBLE, "/details/paid_in");
    }
    if (currency != CURRENCY_NONE && currency != d->total_investment.currency) {
        context_reason(c, CODE_CURRENCY, "/details/total_investment/currency");
    }
    check_against_registration(c, d);
    ceiling = ceiling_of_profile(c, p, c->business_on);
    if (ceiling.below_least_class) {
        context_reason(c, CODE_NOT_ELIGIBLE, "/details/registered_capital");
    } else if (ceiling.lacks_parameter) {
        context_reason(c, CODE_NOT_ELIGIBLE, "/business_date");
    }
}

static bool has_open_contract(const struct enterprise *e)
{
    for (uint32_t i = 0; i < e->objects_n; i++) {
        if (e->objects[i].kind == OBJECT_CONTRACT && !e->objects[i].closed) {
            return true;
        }
    }
    return false;
}

/* 209: from macroprudential to gap never, from any mode to another while contracts are open (C6).
 */
static void check_switch(struct context *c, enum mode mode)
{
    const struct profile *last = enterprise_profile_on(c->state, DATE_LAST, 0);

    if (last == NULL || last->mode == (int32_t)mode) {
        return;
    }
    if ((last->mode == MODE_MACROPRUDENTIAL && mode == MODE_GAP) || has_open_contract(c->state)) {
        context_reason(c, CODE_MODE, "/details/mode");
    }
}

static void check_profile(struct context *c, const struct financing_profile *d,
                          const struct profile *p)
{
    static const struct facilitation_fields fields = {.certificate = "/details/certificate",
                                                      .valid_to = "/details/certificate/valid_to",
                                                      .established_on = "/details/established_on",
                                                      .subject = "/details/subject",
                                                      .trade_class = "/details/trade_class",
                                                      .penalised_on = "/details/penalised_on",
                                                      .amount = "/details/region"};

    switch ((enum mode)d->mode) {
    case MODE_MACROPRUDENTIAL:
        check_macroprudential(c, d, p);
        break;
    case MODE_GAP:
        check_gap(c, d, p);
        break;
    case MODE_FACILITATION:
        check_facilitation(c, p, &fields);
        break;
    case MODE_NONE: /* does not pass form */
        break;
    }
    check_switch(c, (enum mode)d->mode);
}

/* Is the profile the one in force on its business date? */
static bool takes_force(const struct context *c, const struct profile *p)
{
    const struct profile *now = enterprise_profile_on(c->state, c->business_on, 0);

    return p->effective_on <= c->business_on &&
           (now == NULL || p->effective_on >= now->effective_on);
}

void financing_profile(struct context *c)
{
    const struct financing_profile *d = &c->filing->details.financing_profile;
    const struct profile p = profile_of(d);
    const struct limit_key key = ceiling_key((enum mode)d->mode);
    struct ceiling ceiling;

    check_profile(c, d, &p);
    if (!context_standing_done(c)) {
        return;
    }
    ceiling = ceiling_of_profile(c, &p, c->business_on);
    if (!context_rates_done(c)) {
        return;
    }
    if (takes_force(c, &p)) {
        context_post(c, &key, ceiling.currency,
                     (struct amounts){.limit = ceiling_change(c, &key, &ceiling)});
    }
    if (!context_accept(c)) {
        return;
    }
    context_add_profile(c, &p);
}

/* ---- financing.contract --------------------------------------------------------------------- */

/* The profile in force, if it is one of the contract's mode; else the only reason (S13). */
static const struct profile *profile_for(struct context *c, enum mode mode)
{
    const struct profile *profile = enterprise_profile_on(c->state, c->business_on, 0);

    if (profile == NULL) {
        context_reason_sole(c, CODE_PROFILE_MISSING, "/details/mode");
        return NULL;
    }
    if (profile->mode != (int32_t)mode) {
        context_reason_sole(c, CODE_MODE, "/details/mode");
        return NULL;
    }
    return profile;
}

static void check_purpose(struct context *c, struct text purpose)
{
    const struct policy_query query = {
        .id = PARAMETER_FDI_USE_FORBIDDEN, .subject = purpose, .on = c->business_on};
    const struct parameter *row = policy_find(policy_as_of(c->args->reference, c->as_of), &query);

    if (row != NULL && row->subject.n > 0) {
        context_list(c, row);
        context_reason(c, CODE_USE_FORBIDDEN, "/details/purpose");
    }
}

static void check_ndrc(struct context *c, const struct financing_contract *d)
{
    const struct policy_query query = {.id = PARAMETER_FIN_NDRC_FROM, .on = d->signed_on};

    if (is_long(d->value_on, d->matures_on) && context_parameter(c, &query) != NULL &&
        d->ndrc_certificate_no.n == 0) {
        context_reason(c, CODE_EVIDENCE, "/details/ndrc_certificate_no");
    }
}

static const struct profile *check_contract(struct context *c, const struct financing_contract *d)
{
    static const char mode[] = "/details/mode";
    static const struct facilitation_fields fields = {mode, mode, mode, mode, mode, mode, mode};
    const struct profile *profile = profile_for(c, (enum mode)d->mode);

    context_object_is_new(c, OBJECT_CONTRACT, d->contract_no, "/details/contract_no");
    check_late(c, d->signed_on);
    check_ndrc(c, d);
    check_purpose(c, d->purpose);
    if (d->not_counted && c->filing->note.n == 0) {
        context_reason(c, CODE_EVIDENCE, "/note");
    }
    if (profile != NULL && profile->mode == MODE_FACILITATION) {
        check_facilitation(c, profile, &fields);
    }
    return profile;
}

static int32_t unit_of(const struct profile *profile)
{
    switch ((enum mode)profile->mode) {
    case MODE_GAP:
        return profile->total_investment.currency;
    case MODE_FACILITATION:
        return CURRENCY_USD;
    case MODE_MACROPRUDENTIAL:
    case MODE_NONE:
        break;
    }
    return CURRENCY_CNY;
}

/* The contract as it will be kept, with the rates of the day on which it was signed. */
static struct contract_kept contract_of(struct context *c, const struct financing_contract *d,
                                        int32_t unit)
{
    const struct moment signing = {.on = d->signed_on, .field = "/details/signed_on"};
    struct contract_kept k = {.mode = d->mode,
                              .currency = d->money.currency,
                              .unit = unit,
                              .undrawn_minor = d->money.minor,
                              .signed_on = d->signed_on,
                              .value_on = d->value_on,
                              .matures_on = d->matures_on,
                              .revolving = d->revolving,
                              .capitalises_interest = d->capitalises_interest,
                              .not_counted = d->not_counted,
                              .weight = {.numerator = 1}};

    if (k.not_counted) {
        return k;
    }
    if (k.currency != k.unit) {
        k.rate_e10 = context_rate(c, k.currency, signing).minor;
        k.unit_rate_e10 = context_rate(c, k.unit, signing).minor;
    }
    k.weight = weight_of(c, &k);
    return k;
}

void financing_contract(struct context *c)
{
    const struct financing_contract *d = &c->filing->details.financing_contract;
    const struct profile *profile = check_contract(c, d);
    const struct limit_key own = context_key(c, LIMIT_FINANCING_CONTRACT, NULL, 0);
    const struct contract_kept nothing = {.mode = d->mode, .currency = d->money.currency};
    struct contract_kept k;
    struct ceiling ceiling;

    if (!context_standing_done(c)) {
        return;
    }
    assert(profile != NULL);
    k = contract_of(c, d, unit_of(profile));
    ceiling = ceiling_for(c, &k);
    if (!context_rates_done(c)) {
        return;
    }
    post_mode(c, &nothing, &k, &ceiling,
              (struct mode_test){.tested = TESTED, .field = "/details/money"});
    context_post(c, &own, k.currency, (struct amounts){.limit = d->money.minor});
    if (!context_accept(c)) {
        return;
    }
    context_open(c, OBJECT_CONTRACT, d->contract_no)->of.contract = k;
}

/* ---- drawing and paying back ---------------------------------------------------------------- */

static struct amounts contract_balance(const struct context *c, const struct object *contract,
                                       enum limit_kind kind)
{
    const struct limit_key key = context_key(c, kind, contract, 0);

    return context_balance(c, &key);
}

static void post_contract(struct context *c, const struct object *contract, enum limit_kind kind,
                          struct amounts change)
{
    const struct limit_key key = context_key(c, kind, contract, 0);

    context_post(c, &key, contract->of.contract.currency, change);
}

static bool check_balance(struct context *c, const struct object *contract, enum limit_kind kind,
                          int64_t free_minor, int64_t asked_minor)
{
    const struct test test = {.key = context_key(c, kind, contract, 0),
                              .currency = contract->of.contract.currency,
                              .free_minor = free_minor,
                              .asked_minor = asked_minor};

    return context_check(c, CODE_OVER_BALANCE, &test, "/details/money");
}

/* Add money to what is outstanding; false when a rate is missing. */
static bool draw(struct context *c, struct contract_kept *k, struct money money)
{
    struct converted converted = {.found = true, .minor = 0};

    if (!k->not_counted) {
        converted = context_convert(c, money, k->unit, context_business(c), ROUND_UP);
    }
    k->frozen_minor = frozen_sum(k->frozen_minor, converted.minor);
    k->outstanding_minor = frozen_sum(k->outstanding_minor, money.minor);
    k->drawn = true;
    return converted.found;
}

static void check_wait(struct context *c, const struct object *contract)
{
    const struct parameter *row;

    if (contract == NULL || contract->of.contract.mode != MODE_MACROPRUDENTIAL) {
        return;
    }
    row = context_parameter_plain(c, PARAMETER_FIN_DRAW_WAIT_WORKING_DAYS);
    if (row != NULL &&
        working_days(c, contract->opened_on, whole_number(row)) < whole_number(row)) {
        context_reason(c, CODE_TOO_EARLY, "/business_date");
    }
}

static const struct mode_test drawing = {.tested = TESTED_UNLESS_GRANDFATHERED,
                                         .field = "/details/money"};

void financing_drawdown(struct context *c)
{
    const struct financing_drawdown *d = &c->filing->details.financing_drawdown;
    const struct object *contract = open_contract(c, d->contract_no);
    struct contract_kept k;
    struct ceiling ceiling;

    check_currency(c, contract, d->money);
    check_wait(c, contract);
    if (!context_standing_done(c)) {
        return;
    }
    assert(contract != NULL);
    k = contract->of.contract;
    ceiling = ceiling_for(c, &k);
    (void)draw(c, &k, d->money);
    if (!context_rates_done(c)) {
        return;
    }
    k.undrawn_minor =
        check_balance(c, contract, LIMIT_FINANCING_CONTRACT, k.undrawn_minor, d->money.minor)
            ? k.undrawn_minor - d->money.minor
            : 0; /* L2: beside a 302 the reservation falls to 0 */
    post_mode(c, &contract->of.contract, &k, &ceiling, drawing);
    post_contract(c, contract, LIMIT_FINANCING_CONTRACT, (struct amounts){.used = d->money.minor});
    post_contract(c, contract, LIMIT_FINANCING_PRINCIPAL,
                  (struct amounts){.limit = d->money.minor});
    if (!context_accept(c)) {
        return;
    }
    context_change(c, contract)->of.contract = k;
}

void financing_capitalisation(struct context *c)
{
    const struct financing_capitalisation *d = &c->filing->details.financing_capitalisation;
    const struct object *contract = open_contract(c, d->contract_no);
    struct contract_kept k;
    struct ceiling ceiling;

    check_currency(c, contract, d->money);
    if (contract != NULL && !contract->of.contract.capitalises_interest) {
        context_reason(c, CODE_EVIDENCE, "/details/contract_no");
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(contract != NULL);
    k = contract->of.contract;
    ceiling = ceiling_for(c, &k);
    (void)draw(c, &k, d->money);
    if (!context_rates_done(c)) {
        return;
    }
    post_mode(c, &contract->of.contract, &k, &ceiling, drawing);
    post_contract(c, contract, LIMIT_FINANCING_PRINCIPAL,
                  (struct amounts){.limit = d->money.minor});
    if (!context_accept(c)) {
        return;
    }
    context_change(c, contract)->of.contract = k;
}

/* Take money off what is outstanding.  More than there is takes all: the 302 beside it refuses the
 * filing. */
static void pay_back(struct contract_kept *k, int64_t minor)
{
    const bool keeps_frozen = k->mode == MODE_GAP && is_long(k->value_on, k->matures_on);

    if (!keeps_frozen) {
        k->frozen_minor -= frozen_fall(k->frozen_minor, minor, k->outstanding_minor);
    }
    k->outstanding_minor = minor < k->outstanding_minor ? k->outstanding_minor - minor : 0;
}

/* What repayment, forgiveness and conversion share. */
struct repayment {
    const struct object *contract;
    struct contract_kept after;
    struct ceiling ceiling;
    int64_t minor;
    bool revolves; /* what a revolving contract had drawn is undrawn again (L5) */
};

static struct repayment repayment_of(struct context *c, const struct object *contract,
                                     int64_t minor, bool revolves)
{
    struct repayment r = {.contract = contract,
                          .after = contract->of.contract,
                          .minor = minor,
                          .revolves = revolves && contract->of.contract.revolving};

    r.ceiling = ceiling_for(c, &r.after);
    return r;
}

/* 302, the mode's limit, the principal. */
static void post_repayment(struct context *c, struct repayment *r)
{
    const int64_t used_minor = contract_balance(c, r->contract, LIMIT_FINANCING_CONTRACT).used;

    (void)check_balance(c, r->contract, LIMIT_FINANCING_PRINCIPAL, r->after.outstanding_minor,
                        r->minor);
    pay_back(&r->after, r->minor);
    if (r->revolves) {
        const int64_t again_minor = r->minor < used_minor ? r->minor : used_minor;

        r->after.undrawn_minor += again_minor;
        post_contract(c, r->contract, LIMIT_FINANCING_CONTRACT,
                      (struct amounts){.used = -again_minor});
    }
    post_mode(c, &r->contract->of.contract, &r->after, &r->ceiling,
              (struct mode_test){.tested = TESTED_NOT});
    post_contract(c, r->contract, LIMIT_FINANCING_PRINCIPAL, (struct amounts){.used = r->minor});
}

static void repay(struct context *c, const struct object *contract, int64_t minor, bool revolves)
{
    struct repayment r;

    if (!context_standing_done(c)) {
        return;
    }
    r = repayment_of(c, contract, minor, revolves);
    if (!context_rates_done(c)) {
        return;
    }
    post_repayment(c, &r);
    if (!context_accept(c)) {
        return;
    }
    context_change(c, contract)->of.contract = r.after;
}

void financing_repayment(struct context *c)
{
    const struct financing_repayment *d = &c->filing->details.financing_repayment;
    const struct object *contract = open_contract(c, d->contract_no);

    check_currency(c, contract, d->money);
    repay(c, contract, d->money.minor, true);
}

void financing_forgiveness(struct context *c)
{
    const struct financing_forgiveness *d = &c->filing->details.financing_forgiveness;
    const struct object *contract = open_contract(c, d->contract_no);

    check_currency(c, contract, d->money);
    check_evidence(c, d->evidence_no);
    repay(c, contract, d->money.minor, false);
}

/* C1: the 302 of the principal and the 301 of the inflow are reported both. */
void financing_equity_conversion(struct context *c)
{
    const struct financing_equity_conversion *d = &c->filing->details.financing_equity_conversion;
    const struct object *contract = open_contract(c, d->contract_no);
    const struct object *registration =
        context_object(c, OBJECT_FDI_REGISTRATION, d->registration_no, "/details/registration_no");
    const struct investor *investor = NULL;
    struct repayment r;
    struct converted equity;
    struct test inflow;

    check_currency(c, contract, d->money);
    if (registration != NULL) {
        investor =
            context_foreign_investor(c, registration, d->investor_no, "/details/investor_no");
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(registration != NULL);
    assert(investor != NULL);
    r = repayment_of(c, contract, d->money.minor, false);
    inflow.currency = registration->of.fdi.currency;
    equity = context_convert(c, d->money, inflow.currency, context_business(c), ROUND_UP);
    if (!context_rates_done(c)) {
        return;
    }
    post_repayment(c, &r);
    inflow.key = context_key(c, LIMIT_FDI_INFLOW, registration, investor->ordinal);
    inflow.free_minor = context_free(c, &inflow.key);
    inflow.asked_minor = equity.minor;
    (void)context_check(c, CODE_LIMIT_EXCEEDED, &inflow, "/details/money");
    context_post(c, &inflow.key, inflow.currency, (struct amounts){.used = equity.minor});
    if (!context_accept(c)) {
        return;
    }
    context_change(c, contract)->of.contract = r.after;
}

/* ---- changes of the contract ---------------------------------------------------------------- */

void financing_interest(struct context *c)
{
    const struct financing_interest *d = &c->filing->details.financing_interest;

    check_currency(c, open_contract(c, d->contract_no), d->money);
    if (context_standing_done(c) && context_rates_done(c)) {
        (void)!context_accept(c);
    }
}

void financing_assignment(struct context *c)
{
    const struct financing_assignment *d = &c->filing->details.financing_assignment;

    (void)open_contract(c, d->contract_no);
    check_late(c, d->agreed_on);
    if (context_standing_done(c) && context_rates_done(c)) {
        (void)!context_accept(c);
    }
}

void financing_extension(struct context *c)
{
    const struct financing_extension *d = &c->filing->details.financing_extension;
    const struct object *contract = open_contract(c, d->contract_no);
    struct contract_kept k;
    struct ceiling ceiling;

    check_late(c, d->agreed_on);
    if (contract != NULL && d->matures_on <= contract->of.contract.matures_on) {
        context_reason(c, CODE_DATE_ORDER, "/details/matures_on");
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(contract != NULL);
    k = contract->of.contract;
    k.matures_on = d->matures_on;
    if (!k.not_counted) {
        k.weight = weight_of(c, &k);
    }
    ceiling = ceiling_for(c, &k);
    if (!context_rates_done(c)) {
        return;
    }
    post_mode(c, &contract->of.contract, &k, &ceiling,
              (struct mode_test){.tested = TESTED, .field = "/details/matures_on"});
    if (!context_accept(c)) {
        return;
    }
    context_change(c, contract)->of.contract = k;
}

void financing_amendment(struct context *c)
{
    const struct financing_amendment *d = &c->filing->details.financing_amendment;
    const struct object *contract = open_contract(c, d->contract_no);
    struct amounts is;
    struct contract_kept k;
    struct ceiling ceiling;
    bool rises;

    check_currency(c, contract, d->money);
    check_late(c, d->agreed_on);
    if (!context_standing_done(c)) {
        return;
    }
    assert(contract != NULL);
    k = contract->of.contract;
    ceiling = ceiling_for(c, &k);
    if (!context_rates_done(c)) {
        return;
    }
    is = contract_balance(c, contract, LIMIT_FINANCING_CONTRACT);
    rises = d->money.minor > is.limit;
    k.undrawn_minor = check_balance(c, contract, LIMIT_FINANCING_CONTRACT, d->money.minor, is.used)
                          ? d->money.minor - is.used
                          : 0;
    post_mode(c, &contract->of.contract, &k, &ceiling,
              (struct mode_test){.tested = rises ? TESTED : TESTED_NOT, .field = "/details/money"});
    post_contract(c, contract, LIMIT_FINANCING_CONTRACT,
                  (struct amounts){.limit = d->money.minor - is.limit});
    if (!context_accept(c)) {
        return;
    }
    context_change(c, contract)->of.contract = k;
}

/* Cancellation and deregistration: the rest of the reservation is released, nothing else (C4). */
static void close_contract(struct context *c, const struct object *contract)
{
    struct contract_kept k;
    struct ceiling ceiling;
    struct object *closing;

    if (!context_standing_done(c)) {
        return;
    }
    assert(contract != NULL);
    k = contract->of.contract;
    k.undrawn_minor = 0;
    ceiling = ceiling_for(c, &k);
    if (!context_rates_done(c)) {
        return;
    }
    post_mode(c, &contract->of.contract, &k, &ceiling, (struct mode_test){.tested = TESTED_NOT});
    if (!context_accept(c)) {
        return;
    }
    closing = context_change(c, contract);
    closing->of.contract = k;
    closing->closed = true;
}

void financing_cancellation(struct context *c)
{
    const struct financing_cancellation *d = &c->filing->details.financing_cancellation;
    const struct object *contract = open_contract(c, d->contract_no);

    if (contract != NULL && contract->of.contract.drawn) {
        context_reason(c, CODE_HAS_MOVEMENTS, "/details/contract_no");
    }
    close_contract(c, contract);
}

void financing_deregistration(struct context *c)
{
    const struct financing_deregistration *d = &c->filing->details.financing_deregistration;
    const struct object *contract = open_contract(c, d->contract_no);

    if (contract != NULL && contract->of.contract.outstanding_minor > 0) {
        const struct limit_key key = context_key(c, LIMIT_FINANCING_PRINCIPAL, contract, 0);

        context_reason_limit(c, CODE_BALANCE_OPEN, &key, "/details/contract_no");
    }
    close_contract(c, contract);
}
