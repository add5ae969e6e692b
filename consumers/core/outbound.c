#include "consumers/core/outbound.h"

#include <assert.h>

#include "consumers/core/calendar.h"
#include "consumers/core/ceiling.h"
#include "consumers/core/frozen.h"
#include "form/date.h"
#include "form/iso.h"

/* Products of an amount and a parameter. */
__extension__ typedef __int128 wide;

static const struct object *open_registration_of(struct context *c, struct text registration_no)
{
    return context_object(c, OBJECT_OUTBOUND_REGISTRATION, registration_no,
                          "/details/registration_no");
}

static const struct object *open_application_of(struct context *c, struct text application_no)
{
    return context_object(c, OBJECT_OUTBOUND_APPLICATION, application_no,
                          "/details/application_no");
}

static void check_reference(struct context *c, struct text number, const char *field)
{
    if (number.n == 0) {
        context_reason(c, CODE_EVIDENCE, field);
    }
}

/* An event that posts nothing: it only moves its object. */
static void accept_without_postings(struct context *c)
{
    if (context_standing_done(c) && context_rates_done(c)) {
        (void)!context_accept(c);
    }
}

static int32_t whole_number(const struct parameter *row)
{
    const int64_t whole = row->has_number ? policy_minor(row, 0) : 0;

    return whole > INT32_MAX - 1 ? INT32_MAX - 1 : (int32_t)whole;
}

/* ---- outbound.preliminary ------------------------------------------------------------------- */

/* O1: the least of what is in force of the share of the planned total and the cap in USD. */
static int64_t preliminary_cap(struct context *c, const struct outbound_preliminary *d)
{
    const struct parameter *share = context_parameter_plain(c, PARAMETER_OUT_PRELIM_SHARE);
    const struct parameter *usd = context_parameter_plain(c, PARAMETER_OUT_PRELIM_USD);
    const int32_t currency = d->money.currency;
    int64_t cap = INT64_MAX;
    struct money most = {.currency = CURRENCY_USD};
    struct converted converted;
    int64_t part;

    if (share != NULL && share->has_number) {
        converted = context_convert(c, d->planned_total, currency, context_business(c), ROUND_DOWN);
        if (money_mul_fraction(converted.minor, share->number.numerator,
                               fraction_denominator(share->number), ROUND_DOWN, &part)) {
            cap = part;
        }
    }
    if (usd != NULL && usd->has_number) {
        most.minor = policy_minor(usd, iso_currency(CURRENCY_USD)->exponent);
        converted = context_convert(c, most, currency, context_business(c), ROUND_DOWN);
        cap = converted.minor < cap ? converted.minor : cap;
    }
    return cap;
}

void outbound_preliminary(struct context *c)
{
    const struct outbound_preliminary *d = &c->filing->details.outbound_preliminary;
    struct test test = {.key = context_key(c, LIMIT_OUTBOUND_PRELIMINARY, NULL, 0),
                        .currency = d->money.currency,
                        .asked_minor = d->money.minor};

    context_object_is_new(c, OBJECT_OUTBOUND_APPLICATION, d->application_no,
                          "/details/application_no");
    if (!context_standing_done(c)) {
        return;
    }
    test.free_minor = preliminary_cap(c, d);
    if (!context_rates_done(c)) {
        return;
    }
    (void)context_check(c, CODE_LIMIT_EXCEEDED, &test, "/details/money");
    context_post(c, &test.key, test.currency, (struct amounts){.limit = d->money.minor});
    if (!context_accept(c)) {
        return;
    }
    (void)context_open(c, OBJECT_OUTBOUND_APPLICATION, d->application_no);
}

/* The limit of an application, which its opening has made. */
static const struct limit *preliminary_limit(const struct context *c,
                                             const struct object *application)
{
    const struct limit_key key = context_key(c, LIMIT_OUTBOUND_PRELIMINARY, application, 0);
    const struct limit *limit = enterprise_limit(c->state, &key);

    assert(limit != NULL);
    return limit;
}

/* 219: the months of an application are over (O1). */
static void check_months(struct context *c, const struct object *application)
{
    const struct parameter *row;

    if (application == NULL) {
        return;
    }
    row = context_parameter_plain(c, PARAMETER_OUT_PRELIM_MONTHS);
    if (row != NULL &&
        c->business_on > date_add_months(application->opened_on, whole_number(row))) {
        context_reason(c, CODE_TOO_EARLY, "/business_date");
    }
}

void outbound_preliminary_remittance(struct context *c)
{
    const struct outbound_preliminary_remittance *d =
        &c->filing->details.outbound_preliminary_remittance;
    const struct object *application = open_application_of(c, d->application_no);
    const struct limit *limit;
    struct converted asked;
    struct test test;

    check_months(c, application);
    if (!context_standing_done(c)) {
        return;
    }
    limit = preliminary_limit(c, application);
    asked = context_convert(c, d->money, limit->currency, context_business(c), ROUND_UP);
    if (!context_rates_done(c)) {
        return;
    }
    test = (struct test){.key = limit->key,
                         .currency = limit->currency,
                         .free_minor = context_free(c, &limit->key),
                         .asked_minor = asked.minor};
    (void)context_check(c, CODE_LIMIT_EXCEEDED, &test, "/details/money");
    context_post(c, &test.key, test.currency, (struct amounts){.used = asked.minor});
    (void)!context_accept(c);
}

void outbound_preliminary_refund(struct context *c)
{
    const struct outbound_preliminary_refund *d = &c->filing->details.outbound_preliminary_refund;
    const struct object *application = open_application_of(c, d->application_no);
    const struct limit *limit;
    struct converted back;
    struct test test;

    if (!context_standing_done(c)) {
        return;
    }
    limit = preliminary_limit(c, application);
    back = context_convert(c, d->money, limit->currency, context_business(c), ROUND_DOWN);
    if (!context_rates_done(c)) {
        return;
    }
    test = (struct test){.key = limit->key,
                         .currency = limit->currency,
                         .free_minor = limit->is.used,
                         .asked_minor = back.minor};
    (void)context_check(c, CODE_OVER_BALANCE, &test, "/details/money");
    context_post(c, &test.key, test.currency, (struct amounts){.used = -back.minor});
    (void)!context_accept(c);
}

/* ---- outbound.registration ------------------------------------------------------------------ */

static bool is_country(const struct list_row *row, int32_t country)
{
    return row->country.n == 0 || iso_country_find(row->country.at, row->country.n) == (int)country;
}

/* S11: country and industry must both match; any hit needs an approval, REVIEW a person besides. */
static bool is_sensitive(struct context *c, const struct outbound_registration *d)
{
    const struct list list = reference_sensitive(c->args->reference, c->as_of);
    bool is_hit = false;

    for (uint32_t i = 0; i < list.rows_n; i++) {
        const struct list_row *row = &list.rows[i];

        if (!is_country(row, d->target.country) ||
            !list_row_hits(row, d->industry, c->business_on)) {
            continue;
        }
        is_hit = true;
        if (row->rule == LIST_REVIEW) {
            context_review(c, row->country.n > 0 ? "/details/target/country" : "/details/industry");
        }
    }
    return is_hit;
}

/* Does the amount reach a threshold in USD (S7)?  The equivalent is computed whenever the parameter
 * is in force (B1). */
static bool reaches(struct context *c, enum parameter_id id, struct money money)
{
    const struct parameter *row = context_parameter_plain(c, id);
    struct converted usd;

    if (row == NULL || !row->has_number) {
        return false;
    }
    usd = context_convert(c, money, CURRENCY_USD, context_business(c), ROUND_UP);
    return usd.found && usd.minor >= policy_minor(row, iso_currency(CURRENCY_USD)->exponent);
}

static void check_valid(struct context *c, int32_t issued_on, const char *issued_field,
                        int32_t valid_to, const char *valid_field)
{
    if (issued_on > c->business_on) {
        context_reason(c, CODE_CERTIFICATE, issued_field);
    }
    if (valid_to < c->business_on) {
        context_reason(c, CODE_CERTIFICATE, valid_field);
    }
}

static void check_certificates(struct context *c, const struct outbound_registration *d)
{
    const bool is_listed = is_sensitive(c, d);
    const bool is_large = reaches(c, PARAMETER_OUT_NDRC_USD, d->total);

    if ((d->sensitive || is_listed) && d->ndrc.kind != NDRC_APPROVAL) {
        context_reason(c, CODE_CERTIFICATE, "/details/ndrc/kind");
    }
    if ((d->central_enterprise || is_large) && d->ndrc.level != NDRC_LEVEL_NATIONAL) {
        context_reason(c, CODE_CERTIFICATE, "/details/ndrc/level");
    }
    check_valid(c, d->ndrc.issued_on, "/details/ndrc/issued_on", d->ndrc.valid_to,
                "/details/ndrc/valid_to");
    check_valid(c, d->mofcom.issued_on, "/details/mofcom/issued_on", d->mofcom.valid_to,
                "/details/mofcom/valid_to");
}

/* What was remitted for the application before, in the currency of the registration (O2). */
static struct converted preliminary_used(struct context *c, const struct limit_key *key,
                                         const struct money cash)
{
    const struct limit *limit = enterprise_limit(c->state, key);

    if (limit == NULL) {
        return (struct converted){.found = true, .minor = 0};
    }
    return context_convert(c, (struct money){.minor = limit->is.used, .currency = limit->currency},
                           cash.currency, context_business(c), ROUND_UP);
}

/* The registration is open; the application, if there is one, is closed by it. */
static void open_registration(struct context *c, const struct outbound_registration *d,
                              const struct object *application)
{
    struct object *opened = context_open(c, OBJECT_OUTBOUND_REGISTRATION, d->registration_no);

    opened->of.outbound.target_country = d->target.country;
    opened->of.outbound.total = d->total;
    if (application != NULL) {
        opened->of.outbound.application_owner = application->opened_number;
        context_change(c, application)->closed = true;
    }
}

void outbound_registration(struct context *c)
{
    const struct outbound_registration *d = &c->filing->details.outbound_registration;
    const struct limit_key own = context_key(c, LIMIT_OUTBOUND_REMITTANCE, NULL, 0);
    const struct object *application = NULL;
    struct converted used = {.found = true, .minor = 0};
    struct test test = {.currency = d->cash.currency, .free_minor = d->cash.minor};

    context_object_is_new(c, OBJECT_OUTBOUND_REGISTRATION, d->registration_no,
                          "/details/registration_no");
    if (d->application_no.n > 0) {
        application = open_application_of(c, d->application_no);
    }
    check_certificates(c, d);
    if (!context_standing_done(c)) {
        return;
    }
    if (application != NULL) {
        test.key = context_key(c, LIMIT_OUTBOUND_PRELIMINARY, application, 0);
        used = preliminary_used(c, &test.key, d->cash);
    }
    if (!context_rates_done(c)) {
        return;
    }
    test.asked_minor = used.minor;
    if (application != NULL) {
        (void)context_check(c, CODE_OVER_BALANCE, &test, "/details/cash");
    }
    context_post(c, &own, d->total.currency, (struct amounts){.limit = d->cash.minor - used.minor});
    if (!context_accept(c)) {
        return;
    }
    open_registration(c, d, application);
}

/* ---- outbound.remittance -------------------------------------------------------------------- */

void outbound_remittance(struct context *c)
{
    const struct outbound_remittance *d = &c->filing->details.outbound_remittance;
    const struct object *registration = open_registration_of(c, d->registration_no);
    struct converted asked;
    struct test test;

    if (registration != NULL && d->payee.country != registration->of.outbound.target_country &&
        d->explained.n == 0) {
        context_reason(c, CODE_EVIDENCE, "/details/explained");
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(registration != NULL);
    test.currency = registration->of.outbound.total.currency;
    asked = context_convert(c, d->money, test.currency, context_business(c), ROUND_UP);
    if (!context_rates_done(c)) {
        return;
    }
    test.key = context_key(c, LIMIT_OUTBOUND_REMITTANCE, registration, 0);
    test.free_minor = context_free(c, &test.key);
    test.asked_minor = asked.minor;
    (void)context_check(c, CODE_LIMIT_EXCEEDED, &test, "/details/money");
    context_post(c, &test.key, test.currency, (struct amounts){.used = asked.minor});
    (void)!context_accept(c);
}

/* ---- the other events of a registration ----------------------------------------------------- */

void outbound_in_kind(struct context *c)
{
    const struct outbound_in_kind *d = &c->filing->details.outbound_in_kind;

    (void)open_registration_of(c, d->registration_no);
    check_reference(c, d->customs_no, "/details/customs_no");
    accept_without_postings(c);
}

void outbound_profit_return(struct context *c)
{
    const struct outbound_profit_return *d = &c->filing->details.outbound_profit_return;

    (void)open_registration_of(c, d->registration_no);
    check_reference(c, d->evidence_no, "/details/evidence_no");
    accept_without_postings(c);
}

void outbound_capital_return(struct context *c)
{
    const struct outbound_capital_return *d = &c->filing->details.outbound_capital_return;

    (void)open_registration_of(c, d->registration_no);
    check_reference(c, d->evidence_no, "/details/evidence_no");
    accept_without_postings(c);
}

void outbound_completion(struct context *c)
{
    const struct outbound_completion *d = &c->filing->details.outbound_completion;
    const struct parameter *row;

    (void)open_registration_of(c, d->registration_no);
    row = context_parameter_plain(c, PARAMETER_OUT_COMPLETION_WORKING_DAYS);
    if (row != NULL &&
        calendar_working_days(c->args->reference, c->as_of, d->completed_on, c->business_on,
                              whole_number(row) + 1) > whole_number(row)) {
        context_flag(c, FLAG_LATE);
    }
    accept_without_postings(c);
}

/* O4: no balance is asked for. */
void outbound_closure(struct context *c)
{
    const struct outbound_closure *d = &c->filing->details.outbound_closure;
    const struct object *registration = open_registration_of(c, d->registration_no);

    if (!context_standing_done(c) || !context_rates_done(c) || !context_accept(c)) {
        return;
    }
    context_change(c, registration)->closed = true;
}

/* O3: does the change reach the share of the registered total? */
static bool reaches_share(struct context *c, const struct object *registration, int64_t minor)
{
    const struct parameter *row = context_parameter_plain(c, PARAMETER_OUT_CHANGE_SHARE);

    if (row == NULL || !row->has_number) {
        return false;
    }
    return (wide)minor * fraction_denominator(row->number) >=
           (wide)registration->of.outbound.total.minor * row->number.numerator;
}

static void check_change(struct context *c, const struct outbound_change *d,
                         const struct object *registration)
{
    struct money size = d->cash_delta;
    bool is_large;

    if (registration->of.outbound.total.currency != size.currency) {
        context_reason(c, CODE_CURRENCY, "/details/cash_delta/currency");
        return; /* S1: the thresholds are left out */
    }
    size.minor = size.minor < 0 ? -size.minor : size.minor;
    is_large = reaches_share(c, registration, size.minor);
    is_large = reaches(c, PARAMETER_OUT_CHANGE_USD, size) || is_large;
    if (is_large && !d->has_ndrc) {
        context_reason(c, CODE_CERTIFICATE, "/details/ndrc");
    }
    if (is_large && !d->has_mofcom) {
        context_reason(c, CODE_CERTIFICATE, "/details/mofcom");
    }
}

void outbound_change(struct context *c)
{
    const struct outbound_change *d = &c->filing->details.outbound_change;
    const struct object *registration = open_registration_of(c, d->registration_no);
    struct test test = {.currency = d->cash_delta.currency, .asked_minor = -d->cash_delta.minor};

    if (registration != NULL) {
        check_change(c, d, registration);
    }
    if (!context_standing_done(c) || !context_rates_done(c)) {
        return;
    }
    test.key = context_key(c, LIMIT_OUTBOUND_REMITTANCE, registration, 0);
    test.free_minor = context_free(c, &test.key);
    if (d->cash_delta.minor < 0) {
        (void)context_check(c, CODE_OVER_BALANCE, &test, "/details/cash_delta");
    }
    context_post(c, &test.key, test.currency, (struct amounts){.limit = d->cash_delta.minor});
    (void)!context_accept(c);
}

/* ---- outbound.lending_basis ----------------------------------------------------------------- */

void outbound_lending_basis(struct context *c)
{
    const struct outbound_lending_basis *d = &c->filing->details.outbound_lending_basis;
    const struct limit_key key = context_own_key(LIMIT_OUTBOUND_LENDING);
    const struct lending_basis basis = {.equity_minor = d->equity.minor};
    const struct ceiling ceiling = ceiling_of_equity(c, d->equity.minor, c->business_on);

    if (date_add_years(d->established_on, 1) > c->business_on) {
        context_reason(c, CODE_NOT_ELIGIBLE, "/details/established_on");
    }
    if (ceiling.lacks_parameter) {
        context_reason(c, CODE_NOT_ELIGIBLE, "/business_date");
    }
    if (!context_standing_done(c) || !context_rates_done(c)) {
        return;
    }
    /* It is in force on its business date: none of that day was filed later (O5). */
    context_post(c, &key, CURRENCY_CNY,
                 (struct amounts){.limit = ceiling_change(c, &key, &ceiling)});
    if (!context_accept(c)) {
        return;
    }
    context_add_basis(c, &basis);
}

/* ---- outbound.loan -------------------------------------------------------------------------- */

static int64_t reserved_for(const struct loan_kept *k)
{
    const struct signed_rate from = {.currency = k->currency, .rate_e10 = k->rate_e10};
    const struct signed_rate to = {.currency = CURRENCY_CNY, .rate_e10 = RATE_E10};

    return frozen_at_sign_date(k->undrawn_minor, from, to);
}

enum lending_test { LENDING_FREE, LENDING_TESTED, LENDING_TESTED_UNLESS_GRANDFATHERED };

/* What a loan's change does to the lending limit: its value on the business date (L1), then the
 * reservation and the use. */
static void post_lending(struct context *c, const struct loan_kept *before,
                         const struct loan_kept *after, const struct ceiling *ceiling,
                         enum lending_test how)
{
    const struct limit_key key = context_own_key(LIMIT_OUTBOUND_LENDING);
    const struct amounts change = {.limit = ceiling_change(c, &key, ceiling),
                                   .used = after->frozen_minor - before->frozen_minor,
                                   .reserved = reserved_for(after) - reserved_for(before)};
    const struct test test = {.key = key,
                              .currency = CURRENCY_CNY,
                              .free_minor = context_free(c, &key) + change.limit,
                              .asked_minor = frozen_sum(change.used, change.reserved)};

    if (how == LENDING_TESTED_UNLESS_GRANDFATHERED && test.asked_minor > test.free_minor &&
        ceiling_has_fallen(c, LIMIT_OUTBOUND_LENDING, after->signed_on)) {
        context_flag(c, FLAG_GRANDFATHERED);
    } else if (how != LENDING_FREE) {
        (void)context_check(c, CODE_LIMIT_EXCEEDED, &test, "/details/money");
    }
    context_post(c, &key, CURRENCY_CNY, change);
}

/* The loan as it will be kept, with the rate of the day on which it was signed. */
static struct loan_kept loan_of(struct context *c, const struct outbound_loan *d)
{
    const struct moment signing = {.on = d->signed_on, .field = "/details/signed_on"};
    struct loan_kept k = {.currency = d->money.currency,
                          .undrawn_minor = d->money.minor,
                          .signed_on = d->signed_on,
                          .matures_on = d->matures_on};

    if (k.currency != CURRENCY_CNY) {
        k.rate_e10 = context_rate(c, k.currency, signing).minor;
    }
    return k;
}

void outbound_loan(struct context *c)
{
    const struct outbound_loan *d = &c->filing->details.outbound_loan;
    const struct limit_key own = context_key(c, LIMIT_OUTBOUND_LOAN, NULL, 0);
    const struct loan_kept nothing = {.currency = d->money.currency};
    struct ceiling ceiling;
    struct loan_kept k;

    context_object_is_new(c, OBJECT_LOAN, d->loan_no, "/details/loan_no");
    if (enterprise_basis_on(c->state, c->business_on, 0) == NULL) {
        context_reason(c, CODE_PROFILE_MISSING, "/details/loan_no");
    }
    if (!context_standing_done(c)) {
        return;
    }
    ceiling = ceiling_of_lending(c);
    k = loan_of(c, d);
    if (!context_rates_done(c)) {
        return;
    }
    post_lending(c, &nothing, &k, &ceiling, LENDING_TESTED);
    context_post(c, &own, k.currency, (struct amounts){.limit = d->money.minor});
    if (!context_accept(c)) {
        return;
    }
    context_open(c, OBJECT_LOAN, d->loan_no)->of.loan = k;
}

static const struct object *open_loan(struct context *c, struct text loan_no)
{
    return context_object(c, OBJECT_LOAN, loan_no, "/details/loan_no");
}

/* S5: the loan's currency. */
static void check_loan_currency(struct context *c, const struct object *loan, struct money money)
{
    if (loan != NULL && loan->of.loan.currency != money.currency) {
        context_reason(c, CODE_CURRENCY, "/details/money/currency");
    }
}

/* 302: more than is undrawn or outstanding. */
static bool check_loan_balance(struct context *c, const struct object *loan, int64_t free_minor,
                               int64_t asked_minor)
{
    const struct test test = {.key = context_key(c, LIMIT_OUTBOUND_LOAN, loan, 0),
                              .currency = loan->of.loan.currency,
                              .free_minor = free_minor,
                              .asked_minor = asked_minor};

    return context_check(c, CODE_OVER_BALANCE, &test, "/details/money");
}

static void post_loan(struct context *c, const struct object *loan, int64_t used_minor)
{
    const struct limit_key key = context_key(c, LIMIT_OUTBOUND_LOAN, loan, 0);

    context_post(c, &key, loan->of.loan.currency, (struct amounts){.used = used_minor});
}

void outbound_loan_remittance(struct context *c)
{
    const struct outbound_loan_remittance *d = &c->filing->details.outbound_loan_remittance;
    const struct object *loan = open_loan(c, d->loan_no);
    struct loan_kept k;
    struct ceiling ceiling;
    struct converted drawn;

    check_loan_currency(c, loan, d->money);
    if (!context_standing_done(c)) {
        return;
    }
    assert(loan != NULL);
    k = loan->of.loan;
    ceiling = ceiling_of_lending(c);
    drawn = context_convert(c, d->money, CURRENCY_CNY, context_business(c), ROUND_UP);
    if (!context_rates_done(c)) {
        return;
    }
    k.frozen_minor = frozen_sum(k.frozen_minor, drawn.minor);
    k.outstanding_minor = frozen_sum(k.outstanding_minor, d->money.minor);
    k.undrawn_minor = check_loan_balance(c, loan, k.undrawn_minor, d->money.minor)
                          ? k.undrawn_minor - d->money.minor
                          : 0; /* L2: beside a 302 the reservation falls to 0 */
    post_lending(c, &loan->of.loan, &k, &ceiling, LENDING_TESTED_UNLESS_GRANDFATHERED);
    post_loan(c, loan, d->money.minor);
    if (!context_accept(c)) {
        return;
    }
    context_change(c, loan)->of.loan = k;
}

/* L5: what is returned may be lent again, at the rate of the sign date. */
void outbound_loan_return(struct context *c)
{
    const struct outbound_loan_return *d = &c->filing->details.outbound_loan_return;
    const struct object *loan = open_loan(c, d->loan_no);
    struct loan_kept k;
    struct ceiling ceiling;
    int64_t back_minor;

    check_loan_currency(c, loan, d->money);
    if (!context_standing_done(c)) {
        return;
    }
    assert(loan != NULL);
    k = loan->of.loan;
    ceiling = ceiling_of_lending(c);
    if (!context_rates_done(c)) {
        return;
    }
    back_minor = check_loan_balance(c, loan, k.outstanding_minor, d->money.minor)
                     ? d->money.minor
                     : k.outstanding_minor;
    k.frozen_minor -= frozen_fall(k.frozen_minor, back_minor, k.outstanding_minor);
    k.outstanding_minor -= back_minor;
    k.undrawn_minor += back_minor;
    post_lending(c, &loan->of.loan, &k, &ceiling, LENDING_FREE);
    post_loan(c, loan, -back_minor);
    if (!context_accept(c)) {
        return;
    }
    context_change(c, loan)->of.loan = k;
}

void outbound_loan_extension(struct context *c)
{
    const struct outbound_loan_extension *d = &c->filing->details.outbound_loan_extension;
    const struct object *loan = open_loan(c, d->loan_no);

    if (loan != NULL && d->matures_on <= loan->of.loan.matures_on) {
        context_reason(c, CODE_DATE_ORDER, "/details/matures_on");
    }
    if (!context_standing_done(c) || !context_rates_done(c) || !context_accept(c)) {
        return;
    }
    context_change(c, loan)->of.loan.matures_on = d->matures_on;
}

/* The rest of the reservation is released, nothing else. */
void outbound_loan_closure(struct context *c)
{
    const struct outbound_loan_closure *d = &c->filing->details.outbound_loan_closure;
    const struct object *loan = open_loan(c, d->loan_no);
    struct loan_kept k;
    struct ceiling ceiling;
    struct object *closing;

    if (loan != NULL && loan->of.loan.outstanding_minor > 0) {
        const struct limit_key key = context_key(c, LIMIT_OUTBOUND_LOAN, loan, 0);

        context_reason_limit(c, CODE_BALANCE_OPEN, &key, "/details/loan_no");
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(loan != NULL);
    k = loan->of.loan;
    k.undrawn_minor = 0;
    ceiling = ceiling_of_lending(c);
    if (!context_rates_done(c)) {
        return;
    }
    post_lending(c, &loan->of.loan, &k, &ceiling, LENDING_FREE);
    if (!context_accept(c)) {
        return;
    }
    closing = context_change(c, loan);
    closing->of.loan = k;
    closing->closed = true;
}
