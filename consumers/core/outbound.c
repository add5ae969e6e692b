#include "consumers/core/outbound.h"

#include "form/iso.h"

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
        application = context_object(c, OBJECT_OUTBOUND_APPLICATION, d->application_no,
                                     "/details/application_no");
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
    const struct object *registration = context_object(
        c, OBJECT_OUTBOUND_REGISTRATION, d->registration_no, "/details/registration_no");
    struct converted asked;
    struct test test;

    if (registration != NULL && d->payee.country != registration->of.outbound.target_country &&
        d->explained.n == 0) {
        context_reason(c, CODE_EVIDENCE, "/details/explained");
    }
    if (!context_standing_done(c)) {
        return;
    }
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
