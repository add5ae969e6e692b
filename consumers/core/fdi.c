#include "consumers/core/fdi.h"

#include <assert.h>
#include <string.h>

#include "consumers/core/negative_list.h"
#include "form/date.h"
#include "form/iso.h"
#include "form/money.h"

/* After context_standing_done() what a filing names is there: it would have failed with 203, 204 or
 * 207.  The assertions say so to the reader and to the analyser. */

#define BASIS_POINTS    10000
#define NOTICE_DAYS     45 /* from publishing a decrease to making it (rulebook section 3) */
#define REGISTRATION_AT "/details/registration_no"

static bool is_foreign(int32_t country) { return country != COUNTRY_CHN; }

/* Sums that no filing reaches stop at the largest number rather than wrap. */
static int64_t sum_of(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* The registration that the filing names, open. */
static const struct object *named_registration(struct context *c, struct text number)
{
    return context_object(c, OBJECT_FDI_REGISTRATION, number, REGISTRATION_AT);
}

static const struct object *named_application(struct context *c, struct text number)
{
    return context_object(c, OBJECT_FDI_APPLICATION, number, "/details/application_no");
}

/* S5: money that must be in the currency of something in the ledger. */
static void check_currency(struct context *c, struct money money, int32_t currency,
                           const char *field)
{
    if (money.currency != currency) {
        context_reason(c, CODE_CURRENCY, field);
    }
}

/* Refuse what is above an amount of a limit. */
static void check_amount(struct context *c, enum code code, const struct test *test)
{
    (void)context_check(c, code, test, "/details/money");
}

/* The shares of the foreign investors but one (0: of all).  Increases may leave more than the
 * whole: D3 and D4 cap what comes out, not what goes in. */
static int64_t foreign_share_without(const struct context *c, const struct object *registration,
                                     uint32_t ordinal)
{
    uint32_t n = 0;
    const struct investor *investors =
        enterprise_investors_of(c->state, registration->opened_number, &n);
    int64_t share_bp = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (is_foreign(investors[i].country) && investors[i].ordinal != ordinal) {
            share_bp = sum_of(share_bp, investors[i].share_bp);
        }
    }
    return share_bp;
}

static int64_t whole_at_most(int64_t share_bp)
{
    return share_bp < BASIS_POINTS ? share_bp : BASIS_POINTS;
}

static struct text industry_of(const struct object *registration)
{
    return (struct text){.at = registration->of.fdi.industry, .n = registration->of.fdi.industry_n};
}

/* ---- preliminary expenses ------------------------------------------------------------------ */

void fdi_preliminary(struct context *c)
{
    const struct fdi_preliminary *details = &c->filing->details.fdi_preliminary;
    const struct limit_key key = context_key(c, LIMIT_FDI_PRELIMINARY, NULL, 0);

    context_object_is_new(c, OBJECT_FDI_APPLICATION, details->application_no,
                          "/details/application_no");
    if (!context_standing_done(c)) {
        return;
    }
    context_post(c, &key, details->money.currency, (struct amounts){.limit = details->money.minor});
    if (!context_accept(c)) {
        return;
    }
    (void)context_open(c, OBJECT_FDI_APPLICATION, details->application_no);
}

/* Its limit's currency is the application's: it was posted to when that was opened. */
static int32_t currency_of(const struct context *c, const struct limit_key *key)
{
    const struct limit *limit = enterprise_limit(c->state, key);

    assert(limit != NULL);
    return limit->currency;
}

void fdi_preliminary_inflow(struct context *c)
{
    const struct fdi_preliminary_inflow *details = &c->filing->details.fdi_preliminary_inflow;
    const struct object *application = named_application(c, details->application_no);
    const struct limit_key key = context_key(c, LIMIT_FDI_PRELIMINARY, application, 0);

    if (application != NULL) {
        check_currency(c, details->money, currency_of(c, &key), "/details/money/currency");
    }
    if (!context_standing_done(c)) {
        return;
    }
    check_amount(c, CODE_LIMIT_EXCEEDED,
                 &(struct test){.key = key,
                                .currency = details->money.currency,
                                .free_minor = context_free(c, &key),
                                .asked_minor = details->money.minor});
    context_post(c, &key, details->money.currency, (struct amounts){.used = details->money.minor});
    (void)context_accept(c); /* there is nothing to write */
}

void fdi_preliminary_refund(struct context *c)
{
    const struct fdi_preliminary_refund *details = &c->filing->details.fdi_preliminary_refund;
    const struct object *application = named_application(c, details->application_no);
    const struct limit_key key = context_key(c, LIMIT_FDI_PRELIMINARY, application, 0);

    if (application != NULL) {
        check_currency(c, details->money, currency_of(c, &key), "/details/money/currency");
    }
    if (!context_standing_done(c)) {
        return;
    }
    check_amount(c, CODE_OVER_BALANCE,
                 &(struct test){.key = key,
                                .currency = details->money.currency,
                                .free_minor = context_balance(c, &key).used,
                                .asked_minor = details->money.minor});
    context_post(c, &key, details->money.currency,
                 (struct amounts){.limit = -details->money.minor, .used = -details->money.minor});
    (void)context_accept(c); /* there is nothing to write */
}

static void post_convert(struct context *c, const struct object *application,
                         const struct object *registration, const struct investor *investor)
{
    const struct money money = c->filing->details.fdi_preliminary_convert.money;
    const struct limit_key preliminary = context_key(c, LIMIT_FDI_PRELIMINARY, application, 0);
    const struct limit_key cash = context_key(c, LIMIT_FDI_INFLOW, registration, investor->ordinal);
    const struct limit_key capital = context_key(c, LIMIT_FDI_CAPITAL, registration, 0);

    check_amount(c, CODE_OVER_BALANCE,
                 &(struct test){.key = preliminary,
                                .currency = money.currency,
                                .free_minor = context_balance(c, &preliminary).used,
                                .asked_minor = money.minor});
    check_amount(c, CODE_LIMIT_EXCEEDED,
                 &(struct test){.key = cash,
                                .currency = money.currency,
                                .free_minor = context_free(c, &cash),
                                .asked_minor = money.minor});
    context_post(c, &preliminary, money.currency,
                 (struct amounts){.limit = -money.minor, .used = -money.minor});
    context_post(c, &cash, money.currency, (struct amounts){.used = money.minor});
    context_post(c, &capital, money.currency, (struct amounts){.limit = money.minor});
}

void fdi_preliminary_convert(struct context *c)
{
    const struct fdi_preliminary_convert *details = &c->filing->details.fdi_preliminary_convert;
    const struct object *application = named_application(c, details->application_no);
    const struct object *registration = named_registration(c, details->registration_no);
    const struct investor *investor = NULL;

    if (application != NULL) {
        const struct limit_key key = context_key(c, LIMIT_FDI_PRELIMINARY, application, 0);

        check_currency(c, details->money, currency_of(c, &key), "/details/money/currency");
    }
    if (registration != NULL) {
        check_currency(c, details->money, registration->of.fdi.currency, "/details/money/currency");
        investor =
            context_foreign_investor(c, registration, details->investor_no, "/details/investor_no");
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(application != NULL);
    assert(registration != NULL);
    assert(investor != NULL);
    post_convert(c, application, registration, investor);
    (void)context_accept(c); /* there is nothing to write */
}

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
    inflow->take_usd = room;
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
    const struct object *registration = named_registration(c, details->registration_no);
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
    assert(registration != NULL);
    assert(investor != NULL);
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

/* ---- fdi.increase -------------------------------------------------------------------------- */

/* The country that counts: a known investor keeps the registered one (D3, D4). */
static int32_t country_of(const struct investor *known, int32_t filed)
{
    return known != NULL ? known->country : filed;
}

static void check_increase(struct context *c, const struct object *registration,
                           const struct investor *known)
{
    const struct fdi_increase *details = &c->filing->details.fdi_increase;
    int64_t share_bp = 0;

    check_currency(c, details->subscribed, registration->of.fdi.currency,
                   "/details/subscribed/currency");
    check_currency(c, details->cash, registration->of.fdi.currency, "/details/cash/currency");
    if (known == NULL && !details->has_investor) {
        context_reason(c, CODE_INVESTOR_UNKNOWN, "/details/investor_no");
    }
    if (!details->has_investor || !details->investor.has_share_bp) {
        return;
    }
    share_bp = foreign_share_without(c, registration, known != NULL ? known->ordinal : 0);
    if (is_foreign(country_of(known, details->investor.country))) {
        share_bp = sum_of(share_bp, details->investor.share_bp);
    }
    negative_list_check(c, industry_of(registration), whole_at_most(share_bp),
                        "/details/investor/share_bp");
}

static void write_increase(struct context *c, const struct object *registration,
                           const struct investor *known)
{
    const struct fdi_increase *details = &c->filing->details.fdi_increase;
    struct object *object = context_change(c, registration);
    struct investor fresh = {.country = details->investor.country};
    struct investor *investor = NULL;

    if (known != NULL) {
        investor = context_change_investor(c, known);
    } else {
        memcpy(fresh.investor_no, details->investor_no.at, details->investor_no.n);
        investor = context_add_investor(c, object, &fresh);
    }
    investor->subscribed_minor = sum_of(investor->subscribed_minor, details->subscribed.minor);
    if (details->has_investor && details->investor.has_share_bp) {
        investor->share_bp = details->investor.share_bp;
    }
    object->of.fdi.registered_minor =
        sum_of(object->of.fdi.registered_minor, details->subscribed.minor);
}

void fdi_increase(struct context *c)
{
    const struct fdi_increase *details = &c->filing->details.fdi_increase;
    const struct object *registration = named_registration(c, details->registration_no);
    const struct investor *known = NULL;
    struct limit_key key;

    if (registration != NULL) {
        known =
            enterprise_investor_find(c->state, registration->opened_number, details->investor_no);
        check_increase(c, registration, known);
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(registration != NULL);
    key = context_key(c, LIMIT_FDI_INFLOW, registration,
                      known != NULL ? known->ordinal : registration->of.fdi.investors_n + 1);
    if (is_foreign(country_of(known, details->investor.country))) {
        context_post(c, &key, details->cash.currency,
                     (struct amounts){.limit = details->cash.minor});
    }
    if (context_accept(c)) {
        write_increase(c, registration, known);
    }
}

/* ---- fdi.decrease -------------------------------------------------------------------------- */

/* What was not paid in yet is no longer owed; the rest may leave, unless it covers losses. */
static void post_decrease(struct context *c, const struct object *registration,
                          const struct investor *investor)
{
    const struct fdi_decrease *details = &c->filing->details.fdi_decrease;
    const struct limit_key cash = context_key(c, LIMIT_FDI_INFLOW, registration, investor->ordinal);
    const struct limit_key outflow = context_key(c, LIMIT_FDI_OUTFLOW, registration, 0);
    int64_t free = context_free(c, &cash);
    int64_t unpaid = details->money.minor < free ? details->money.minor : free;

    if (!is_foreign(investor->country)) {
        return;
    }
    context_post(c, &cash, details->money.currency, (struct amounts){.limit = -unpaid});
    if (!details->covers_losses) {
        context_post(c, &outflow, details->money.currency,
                     (struct amounts){.limit = details->money.minor - unpaid});
    }
}

void fdi_decrease(struct context *c)
{
    const struct fdi_decrease *details = &c->filing->details.fdi_decrease;
    const struct object *registration = named_registration(c, details->registration_no);
    const struct investor *investor = NULL;

    if (registration != NULL) {
        check_currency(c, details->money, registration->of.fdi.currency, "/details/money/currency");
        investor = context_investor(c, registration, details->investor_no, "/details/investor_no");
    }
    if (c->business_on < details->published_on + NOTICE_DAYS) {
        context_reason(c, CODE_TOO_EARLY, "/business_date");
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(registration != NULL);
    assert(investor != NULL);
    check_amount(c, CODE_OVER_BALANCE,
                 &(struct test){.key = {.kind = LIMIT_NONE},
                                .currency = details->money.currency,
                                .free_minor = investor->subscribed_minor,
                                .asked_minor = details->money.minor});
    post_decrease(c, registration, investor);
    if (!context_accept(c)) {
        return;
    }
    context_change_investor(c, investor)->subscribed_minor -= details->money.minor;
    context_change(c, registration)->of.fdi.registered_minor -= details->money.minor;
}

/* ---- fdi.transfer -------------------------------------------------------------------------- */

/* The two sides of a transfer; an unnamed one is domestic (D3). */
struct sides {
    const struct investor *seller;
    const struct investor *buyer; /* known already */
    int32_t seller_country;
    int32_t buyer_country;
    uint32_t buyer_ordinal; /* the next one for a new buyer; 0 when unnamed */
};

static struct sides sides_of(struct context *c, const struct object *registration)
{
    const struct fdi_transfer *details = &c->filing->details.fdi_transfer;
    struct sides sides = {.seller_country = COUNTRY_CHN, .buyer_country = COUNTRY_CHN};

    if (details->seller_no.n > 0) {
        sides.seller = context_investor(c, registration, details->seller_no, "/details/seller_no");
        sides.seller_country = country_of(sides.seller, COUNTRY_CHN);
    }
    if (details->has_buyer) {
        sides.buyer = enterprise_investor_find(c->state, registration->opened_number,
                                               details->buyer.investor_no);
        sides.buyer_country = country_of(sides.buyer, details->buyer.country);
        sides.buyer_ordinal =
            sides.buyer != NULL ? sides.buyer->ordinal : registration->of.fdi.investors_n + 1;
    }
    return sides;
}

/* The foreign share after the transfer (D3). */
static int64_t share_after(const struct context *c, const struct object *registration,
                           const struct sides *sides)
{
    int64_t moved_bp = c->filing->details.fdi_transfer.share_bp;
    int64_t share_bp = foreign_share_without(c, registration, 0);

    if (is_foreign(sides->seller_country)) {
        share_bp -= moved_bp;
    }
    if (is_foreign(sides->buyer_country)) {
        share_bp = sum_of(share_bp, moved_bp);
    }
    return whole_at_most(share_bp > 0 ? share_bp : 0);
}

static void check_transfer(struct context *c, const struct object *registration,
                           const struct sides *sides)
{
    const struct fdi_transfer *details = &c->filing->details.fdi_transfer;

    if (details->seller_no.n > 0 && sides->seller == NULL) {
        return; /* what needs the seller cannot be checked */
    }
    if (!is_foreign(sides->seller_country) && !is_foreign(sides->buyer_country)) {
        context_reason(c, CODE_NOT_ELIGIBLE, "/details/buyer");
    }
    if (is_foreign(sides->seller_country) && details->tax_evidence_no.n == 0) {
        context_reason(c, CODE_EVIDENCE, "/details/tax_evidence_no");
    }
    if (sides->seller != NULL && sides->seller->share_bp < details->share_bp) {
        context_reason(c, CODE_SHARES, "/details/share_bp");
    }
    negative_list_check(c, industry_of(registration), share_after(c, registration, sides),
                        "/details/share_bp");
}

/* What of an amount of the seller goes with the share. */
static int64_t share_of(int64_t minor, const struct investor *seller, int64_t moved_bp)
{
    int64_t part = 0;

    return money_mul_fraction(minor, moved_bp, seller->share_bp, ROUND_DOWN, &part) ? part : 0;
}

static void post_transfer(struct context *c, const struct object *registration,
                          const struct sides *sides, int64_t price_minor)
{
    const struct limit_key bought =
        context_key(c, LIMIT_FDI_INFLOW, registration, sides->buyer_ordinal);
    const struct limit_key outflow = context_key(c, LIMIT_FDI_OUTFLOW, registration, 0);
    int32_t currency = registration->of.fdi.currency;

    if (!is_foreign(sides->seller_country)) {
        context_post(c, &bought, currency, (struct amounts){.limit = price_minor});
    } else if (!is_foreign(sides->buyer_country)) {
        context_post(c, &outflow, currency, (struct amounts){.limit = price_minor});
    } else {
        const struct limit_key sold =
            context_key(c, LIMIT_FDI_INFLOW, registration, sides->seller->ordinal);
        int64_t moved = share_of(context_free(c, &sold), sides->seller,
                                 c->filing->details.fdi_transfer.share_bp);

        context_post(c, &sold, currency, (struct amounts){.limit = -moved});
        context_post(c, &bought, currency, (struct amounts){.limit = moved});
    }
}

static void write_transfer(struct context *c, const struct object *registration,
                           const struct sides *sides)
{
    const struct fdi_transfer *details = &c->filing->details.fdi_transfer;
    struct investor *seller = NULL;
    struct investor *buyer = NULL;
    struct investor fresh = {.country = details->buyer.country};
    int64_t moved = 0;

    if (sides->seller != NULL) {
        seller = context_change_investor(c, sides->seller);
        moved = share_of(seller->subscribed_minor, seller, details->share_bp);
        seller->subscribed_minor -= moved;
        seller->share_bp -= details->share_bp;
    }
    if (sides->buyer != NULL) {
        buyer = context_change_investor(c, sides->buyer);
    } else if (details->has_buyer) {
        memcpy(fresh.investor_no, details->buyer.investor_no.at, details->buyer.investor_no.n);
        buyer = context_add_investor(c, context_change(c, registration), &fresh);
    }
    if (buyer != NULL) {
        buyer->subscribed_minor = sum_of(buyer->subscribed_minor, moved);
        buyer->share_bp = sum_of(buyer->share_bp, details->share_bp);
    }
}

void fdi_transfer(struct context *c)
{
    const struct fdi_transfer *details = &c->filing->details.fdi_transfer;
    const struct object *registration = named_registration(c, details->registration_no);
    struct sides sides = {.seller = NULL};
    struct converted price = {.found = true};

    if (registration != NULL) {
        sides = sides_of(c, registration);
        check_transfer(c, registration, &sides);
    } else if (details->seller_no.n == 0 && !details->has_buyer) {
        context_reason(c, CODE_NOT_ELIGIBLE, "/details/buyer");
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(registration != NULL);
    if (!is_foreign(sides.seller_country) || !is_foreign(sides.buyer_country)) {
        price = context_convert(c, details->price, registration->of.fdi.currency,
                                context_business(c), ROUND_DOWN);
    }
    if (!context_rates_done(c)) {
        return;
    }
    post_transfer(c, registration, &sides, price.minor);
    if (context_accept(c)) {
        write_transfer(c, registration, &sides);
    }
}

/* ---- what leaves the capital account ------------------------------------------------------- */

/* money, rounded up, out of the capital of a registration: 302 beyond what is there. */
static void spend_capital(struct context *c, const struct object *registration, int64_t minor)
{
    const struct limit_key key = context_key(c, LIMIT_FDI_CAPITAL, registration, 0);
    int32_t currency = registration->of.fdi.currency;

    check_amount(c, CODE_OVER_BALANCE,
                 &(struct test){.key = key,
                                .currency = currency,
                                .free_minor = context_free(c, &key),
                                .asked_minor = minor});
    context_post(c, &key, currency, (struct amounts){.used = minor});
}

/* D8: how much of what came in may be settled. */
static void check_ratio(struct context *c, const struct object *registration,
                        const struct parameter *ratio, int64_t minor)
{
    const struct limit_key key = context_key(c, LIMIT_FDI_CAPITAL, registration, 0);
    struct amounts is = context_balance(c, &key);
    int64_t most = 0;

    if (ratio == NULL || !ratio->has_number) {
        return;
    }
    if (!money_mul_fraction(is.limit, ratio->number.numerator, fraction_denominator(ratio->number),
                            ROUND_DOWN, &most)) {
        most = INT64_MAX;
    }
    check_amount(c, CODE_LIMIT_EXCEEDED,
                 &(struct test){.key = key,
                                .currency = registration->of.fdi.currency,
                                .free_minor = most - is.used,
                                .asked_minor = minor});
}

void fdi_settlement(struct context *c)
{
    const struct fdi_settlement *details = &c->filing->details.fdi_settlement;
    const struct object *registration = named_registration(c, details->registration_no);
    const struct parameter *ratio = NULL;
    struct converted spent;
    struct limit_key settled;

    if (!context_standing_done(c)) {
        return;
    }
    assert(registration != NULL);
    spent = context_convert(c, details->money, registration->of.fdi.currency, context_business(c),
                            ROUND_UP);
    if (!context_rates_done(c)) {
        return;
    }
    ratio = context_parameter_plain(c, PARAMETER_FDI_SETTLE_RATIO);
    check_ratio(c, registration, ratio, spent.minor);
    spend_capital(c, registration, spent.minor);
    settled = context_key(c, LIMIT_FDI_SETTLED, registration, 0);
    context_post(c, &settled, CURRENCY_CNY, (struct amounts){.limit = details->cny.minor});
    (void)context_accept(c); /* there is nothing to write */
}

static void check_use(struct context *c, struct text use_code)
{
    const struct policy_query query = {
        .id = PARAMETER_FDI_USE_FORBIDDEN, .subject = use_code, .on = c->business_on};
    const struct parameter *row = policy_find(policy_as_of(c->args->reference, c->as_of), &query);

    /* Only a row that hits is listed (B1). */
    if (row != NULL && row->subject.n > 0) {
        context_list(c, row);
        context_reason(c, CODE_USE_FORBIDDEN, "/details/use_code");
    }
}

void fdi_payment(struct context *c)
{
    const struct fdi_payment *details = &c->filing->details.fdi_payment;
    const struct object *registration = named_registration(c, details->registration_no);
    const struct limit_key key = context_key(c, LIMIT_FDI_SETTLED, registration, 0);

    check_use(c, details->use_code);
    if (!context_standing_done(c)) {
        return;
    }
    (void)context_check(c, CODE_OVER_BALANCE,
                        &(struct test){.key = key,
                                       .currency = CURRENCY_CNY,
                                       .free_minor = context_free(c, &key),
                                       .asked_minor = details->cny.minor},
                        "/details/cny");
    context_post(c, &key, CURRENCY_CNY, (struct amounts){.used = details->cny.minor});
    (void)context_accept(c); /* there is nothing to write */
}

void fdi_reinvestment(struct context *c)
{
    const struct fdi_reinvestment *details = &c->filing->details.fdi_reinvestment;
    const struct object *registration = named_registration(c, details->registration_no);
    struct converted spent;

    if (registration != NULL) {
        negative_list_check(c, details->target_industry,
                            whole_at_most(foreign_share_without(c, registration, 0)),
                            "/details/target_industry");
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(registration != NULL);
    spent = context_convert(c, details->money, registration->of.fdi.currency, context_business(c),
                            ROUND_UP);
    if (!context_rates_done(c)) {
        return;
    }
    spend_capital(c, registration, spent.minor);
    (void)context_accept(c); /* there is nothing to write */
}

/* ---- profit -------------------------------------------------------------------------------- */

/* Above the threshold the tax form must be there; it is computed even if it is (B1). */
static void check_tax_form(struct context *c, const struct fdi_profit_remittance *details)
{
    const struct parameter *row = context_parameter_plain(c, PARAMETER_FDI_TAX_FORM_USD);
    struct converted usd;

    if (row == NULL || !row->has_number) {
        return;
    }
    usd = context_convert(c, details->money, CURRENCY_USD, context_business(c), ROUND_UP);
    if (usd.found && usd.minor > policy_minor(row, iso_currency(CURRENCY_USD)->exponent) &&
        details->tax_form_no.n == 0) {
        context_reason(c, CODE_EVIDENCE, "/details/tax_form_no");
    }
}

static bool is_empty(const struct amounts *amounts)
{
    return amounts->limit == 0 && amounts->used == 0 && amounts->reserved == 0;
}

/* D6: later filings keep to the currency of the first. */
static void check_distributable(struct context *c, const struct limit_key *key,
                                struct money distributable)
{
    const struct limit *limit = enterprise_limit(c->state, key);

    if (limit != NULL && !is_empty(&limit->is)) {
        check_currency(c, distributable, limit->currency, "/details/distributable/currency");
    }
}

void fdi_profit_remittance(struct context *c)
{
    const struct fdi_profit_remittance *details = &c->filing->details.fdi_profit_remittance;
    const struct object *registration = named_registration(c, details->registration_no);
    const struct limit_key key =
        context_key(c, LIMIT_FDI_PROFIT, registration, (uint32_t)details->fiscal_year);
    struct amounts is = context_balance(c, &key);
    struct converted remitted;

    check_tax_form(c, details);
    if (registration != NULL) {
        check_distributable(c, &key, details->distributable);
    }
    if (!context_standing_done(c)) {
        return;
    }
    remitted = context_convert(c, details->money, details->distributable.currency,
                               context_business(c), ROUND_UP);
    if (!context_rates_done(c)) {
        return;
    }
    check_amount(c, CODE_LIMIT_EXCEEDED,
                 &(struct test){.key = key,
                                .currency = details->distributable.currency,
                                .free_minor = details->distributable.minor - is.used,
                                .asked_minor = remitted.minor});
    context_post(
        c, &key, details->distributable.currency,
        (struct amounts){.limit = details->distributable.minor - is.limit, .used = remitted.minor});
    (void)context_accept(c); /* there is nothing to write */
}

/* ---- the end ------------------------------------------------------------------------------- */

void fdi_outward_remittance(struct context *c)
{
    const struct fdi_outward_remittance *details = &c->filing->details.fdi_outward_remittance;
    const struct object *registration = named_registration(c, details->registration_no);
    const struct limit_key key = context_key(c, LIMIT_FDI_OUTFLOW, registration, 0);
    struct converted remitted;

    if (!decide_rests_on(c->args->form, &c->args->named)) {
        context_reason(c, CODE_EVIDENCE, "/details/basis_filing_id");
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(registration != NULL);
    remitted = context_convert(c, details->money, registration->of.fdi.currency,
                               context_business(c), ROUND_UP);
    if (!context_rates_done(c)) {
        return;
    }
    check_amount(c, CODE_LIMIT_EXCEEDED,
                 &(struct test){.key = key,
                                .currency = registration->of.fdi.currency,
                                .free_minor = context_free(c, &key),
                                .asked_minor = remitted.minor});
    context_post(c, &key, registration->of.fdi.currency, (struct amounts){.used = remitted.minor});
    (void)context_accept(c); /* there is nothing to write */
}

void fdi_liquidation(struct context *c)
{
    const struct fdi_liquidation *details = &c->filing->details.fdi_liquidation;
    const struct object *registration = named_registration(c, details->registration_no);
    const struct limit_key key = context_key(c, LIMIT_FDI_OUTFLOW, registration, 0);
    struct converted distributed;

    if (details->tax_clearance_no.n == 0) {
        context_reason(c, CODE_EVIDENCE, "/details/tax_clearance_no");
    }
    if (!context_standing_done(c)) {
        return;
    }
    assert(registration != NULL);
    distributed = context_convert(c, details->distribution, registration->of.fdi.currency,
                                  context_business(c), ROUND_DOWN);
    if (!context_rates_done(c)) {
        return;
    }
    context_post(c, &key, registration->of.fdi.currency,
                 (struct amounts){.limit = distributed.minor});
    (void)context_accept(c); /* there is nothing to write */
}

static void check_settled_up(struct context *c, const struct object *registration,
                             enum limit_kind kind)
{
    const struct limit_key key = context_key(c, kind, registration, 0);

    if (context_free(c, &key) != 0) {
        context_reason_limit(c, CODE_BALANCE_OPEN, &key, REGISTRATION_AT);
    }
}

void fdi_deregistration(struct context *c)
{
    const struct fdi_deregistration *details = &c->filing->details.fdi_deregistration;
    const struct object *registration = named_registration(c, details->registration_no);

    if (registration != NULL) {
        check_settled_up(c, registration, LIMIT_FDI_CAPITAL);
        check_settled_up(c, registration, LIMIT_FDI_SETTLED);
        if (!details->waive_outflow) {
            check_settled_up(c, registration, LIMIT_FDI_OUTFLOW);
        }
    }
    if (!context_standing_done(c) || !context_accept(c)) {
        return;
    }
    context_change(c, registration)->closed = true; /* D10: and with it all limits of it */
}
