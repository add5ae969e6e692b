#include "consumers/core/fdi.h"

#include <assert.h>
#include <string.h>

#include "consumers/core/negative_list.h"
#include "form/date.h"
#include "form/iso.h"
#include "form/money.h"

static bool is_foreign(int32_t country) { return country != COUNTRY_CHN; }

/* ---- fdi.registration ---------------------------------------------------------------------- */

static int64_t foreign_share(const struct fdi_registration *details)
{
    int64_t share_bp = 0;

    for (uint32_t i = 0; i < details->investors_n; i++) {
        if (is_foreign(details->investors[i].country)) {
            share_bp += details->investors[i].share_bp;
        }
    }
    return share_bp;
}

/* D9: any investor who may pay later than the law gives him. */
static void check_pay_in(struct context *c, const struct fdi_registration *details)
{
    const struct parameter *years = context_parameter_plain(c, PARAMETER_FDI_PAYIN_YEARS);
    int32_t last_on;

    if (years == NULL || !years->has_number) {
        return;
    }
    last_on = date_add_years(details->established_on, (int)policy_minor(years, 0));
    for (uint32_t i = 0; i < details->investors_n; i++) {
        if (details->investors[i].due_on > last_on) {
            context_flag(c, FLAG_PAY_IN_LATE);
        }
    }
}

static void open_registration(struct context *c, const struct fdi_registration *details)
{
    struct object *object = context_open(c, OBJECT_FDI_REGISTRATION, details->registration_no);
    struct fdi_registration_kept *kept = &object->of.fdi;

    assert(details->industry.n <= ENTERPRISE_INDUSTRY_MAX);
    kept->currency = details->registered_capital.currency;
    memcpy(kept->industry, details->industry.at, details->industry.n);
    kept->industry_n = (uint8_t)details->industry.n;
    kept->registered_minor = details->registered_capital.minor;
    kept->arrived_number = context_arrival(c);
    kept->total_investment = details->total_investment;
    for (uint32_t i = 0; i < details->investors_n; i++) {
        const struct fdi_investor *from = &details->investors[i];
        struct investor investor = {.country = from->country,
                                    .subscribed_minor = from->subscribed.minor,
                                    .share_bp = from->share_bp};

        memcpy(investor.investor_no, from->investor_no.at, from->investor_no.n);
        (void)context_add_investor(c, object, &investor);
    }
}

void fdi_registration(struct context *c)
{
    const struct fdi_registration *details = &c->filing->details.fdi_registration;

    context_object_is_new(c, OBJECT_FDI_REGISTRATION, details->registration_no,
                          "/details/registration_no");
    negative_list_check(c, details->industry, foreign_share(details), "/details/industry");
    check_pay_in(c, details);
    if (!context_standing_done(c)) {
        return;
    }
    for (uint32_t i = 0; i < details->investors_n; i++) {
        const struct fdi_investor *investor = &details->investors[i];
        const struct limit_key key = context_key(c, LIMIT_FDI_INFLOW, NULL, i + 1);

        if (is_foreign(investor->country)) {
            context_post(c, &key, investor->cash.currency,
                         (struct amounts){.limit = investor->cash.minor});
        }
    }
    if (!context_accept(c)) {
        return;
    }
    open_registration(c, details);
}

/* ---- fdi.inflow ---------------------------------------------------------------------------- */

/* What an inflow comes to (D1), in the registration's currency unless it says USD. */
struct inflow {
    int32_t currency;
    int64_t want;
    int64_t free;
    int64_t part;
    int64_t extra;
    int64_t take_usd;
    int64_t credited_extra;
    int64_t excess_limit_usd;
};

/* What of the remainder the excess limit lets in. */
static void take_excess(struct context *c, const struct object *registration, struct inflow *inflow)
{
    const struct limit_key key = context_key(c, LIMIT_FDI_EXCESS, registration, 0);
    const struct parameter *row = context_parameter_plain(c, PARAMETER_FDI_EXCESS_USD);
    const struct money extra = {.minor = inflow->extra, .currency = inflow->currency};
    struct converted usd = context_convert(c, extra, CURRENCY_USD, context_business(c), ROUND_UP);
    struct converted back;
    int64_t room;

    if (!usd.found) {
        return;
    }
    inflow->excess_limit_usd =
        row != NULL ? policy_minor(row, iso_currency(CURRENCY_USD)->exponent) : 0;
    room = inflow->excess_limit_usd - context_balance(c, &key).used;
    if (usd.minor <= room) {
        inflow->take_usd = usd.minor;
        inflow->credited_extra = inflow->extra;
        return;
    }
    if (room <= 0) {
        return;
    }
    back = context_convert(c, (struct money){.minor = room, .currency = CURRENCY_USD},
                           inflow->currency, context_business(c), ROUND_DOWN);
    inflow->credited_extra = back.minor;
    inflow->take_usd = back.minor > 0 ? room : 0;
}

/* What goes back by the way it came, in the currency it came in. */
static void give_back(struct context *c, const struct inflow *inflow, struct money money)
{
    const struct money credited = {.minor = inflow->part + inflow->credited_extra,
                                   .currency = inflow->currency};
    struct converted kept =
        context_convert(c, credited, money.currency, context_business(c), ROUND_UP);

    if (credited.minor == inflow->want) {
        return;
    }
    context_flag(c, FLAG_EXCESS_RETURNED);
    if (kept.found && kept.minor < money.minor) {
        c->ret->decision.has_returned = true;
        c->ret->decision.returned =
            (struct money){.minor = money.minor - kept.minor, .currency = money.currency};
    }
}

static void post_inflow(struct context *c, const struct object *registration,
                        const struct investor *investor, const struct inflow *inflow)
{
    const struct limit_key cash = context_key(c, LIMIT_FDI_INFLOW, registration, investor->ordinal);
    const struct limit_key capital = context_key(c, LIMIT_FDI_CAPITAL, registration, 0);
    const struct limit_key excess = context_key(c, LIMIT_FDI_EXCESS, registration, 0);

    context_post(c, &cash, inflow->currency, (struct amounts){.used = inflow->part});
    context_post(c, &capital, inflow->currency,
                 (struct amounts){.limit = inflow->part + inflow->credited_extra});
    if (inflow->credited_extra > 0) {
        context_flag(c, FLAG_EXCESS);
        context_post(
            c, &excess, CURRENCY_USD,
            (struct amounts){.limit = inflow->excess_limit_usd - context_balance(c, &excess).limit,
                             .used = inflow->take_usd});
    }
}

/* D1 once the money is converted: part within the limit, the rest within the excess limit. */
static void divide_inflow(struct context *c, const struct object *registration,
                          const struct investor *investor, struct inflow *inflow)
{
    const struct limit_key key = context_key(c, LIMIT_FDI_INFLOW, registration, investor->ordinal);

    inflow->free = context_free(c, &key);
    inflow->part = inflow->want < inflow->free ? inflow->want : inflow->free;
    inflow->part = inflow->part > 0 ? inflow->part : 0;
    inflow->extra = inflow->want - inflow->part;
    if (inflow->extra > 0) {
        take_excess(c, registration, inflow);
    }
}

void fdi_inflow(struct context *c)
{
    const struct fdi_inflow *details = &c->filing->details.fdi_inflow;
    const struct object *registration = context_object(
        c, OBJECT_FDI_REGISTRATION, details->registration_no, "/details/registration_no");
    const struct investor *investor = NULL;
    struct inflow inflow = {.currency = CURRENCY_NONE};
    struct converted want;

    if (registration != NULL) {
        investor =
            context_foreign_investor(c, registration, details->investor_no, "/details/investor_no");
    }
    if (!context_standing_done(c)) {
        return;
    }
    inflow.currency = registration->of.fdi.currency;
    want = context_convert(c, details->money, inflow.currency, context_business(c), ROUND_UP);
    if (!context_rates_done(c)) {
        return;
    }
    inflow.want = want.minor;
    divide_inflow(c, registration, investor, &inflow);
    if (!context_rates_done(c)) {
        return;
    }
    if (inflow.part + inflow.credited_extra == 0) {
        context_refuse(
            c, CODE_LIMIT_EXCEEDED,
            &(struct test){.key = context_key(c, LIMIT_FDI_INFLOW, registration, investor->ordinal),
                           .currency = inflow.currency,
                           .free_minor = inflow.free,
                           .asked_minor = inflow.want},
            "/details/money");
    } else {
        give_back(c, &inflow, details->money);
        post_inflow(c, registration, investor, &inflow);
    }
    (void)context_accept(c); /* there is nothing to write */
}
