/* Investment inward and outward, as rulebook sections 3 and 5 and readings D and O have it. */
#include <assert.h>
#include <string.h>

#include "model_registration.h"

static const struct text none = {0};

struct name registration(struct text number)
{
    return (struct name){.matter = MATTER_REGISTRATION, .number = number};
}

/* ---- FDI ----------------------------------------------------------------------------------- */

/* The negative list for a foreign share; what needs a review is told by standing_over(). */
void check_list(struct trial *t, struct text industry, int64_t share_bp, const char *field)
{
    const struct list *list = list_in_force(t->m, REFERENCE_NEGATIVE_LIST);

    for (uint32_t i = 0; list != NULL && share_bp > 0 && i < list->rows_n; i++) {
        const struct list_row *row = &list->rows[i];
        int32_t on = t->filing->business_on;

        if (on < row->from_on || on > row->to_on || row->industry.n > industry.n ||
            memcmp(row->industry.at, industry.at, row->industry.n) != 0) {
            continue;
        }
        if (row->rule == LIST_PROHIBITED || (row->rule == LIST_CAP && share_bp > row->cap_bp)) {
            refuse(t, 213, field);
        } else if (row->rule == LIST_REVIEW) {
            refuse(t, 402, field);
        }
    }
}

void try_fdi_registration(struct trial *t)
{
    const struct fdi_registration *d = &t->filing->details.fdi_registration;
    const struct parameter *years = use_plain_row(t, "FDI.PAYIN.YEARS", t->filing->business_on);
    int64_t share_bp = 0;
    char id[LIMIT_ID_SIZE];

    (void)number_is_new(t, registration(d->registration_no), "/details/registration_no");
    for (uint32_t i = 0; i < d->investors_n; i++) {
        share_bp += d->investors[i].country != COUNTRY_CHN ? d->investors[i].share_bp : 0;
    }
    check_list(t, d->industry, share_bp, "/details/industry");
    if (!standing_over(t)) {
        return;
    }
    for (uint32_t i = 0; i < d->investors_n; i++) {
        const struct fdi_investor *of = &d->investors[i];

        if (years != NULL &&
            of->due_on > date_add_years(d->established_on, (int)years->number.numerator)) {
            t->flags |= FLAG_PAY_IN_LATE;
        }
        if (of->country != COUNTRY_CHN) {
            limit_id(id, "fdi.inflow", d->registration_no, of->investor_no);
            post(t, id, of->cash.currency, (struct amounts){.limit = of->cash.minor});
        }
    }
    conclude(t);
}

/* What an inflow comes to (D1). */
struct inflow {
    int32_t currency;
    wide want;
    wide part;
    wide excess;
    wide taken_usd;
    wide excess_limit;
    wide credited;
};

static bool weigh_excess(struct trial *t, struct inflow *of, struct exchange to_usd)
{
    const struct fdi_inflow *d = &t->filing->details.fdi_inflow;
    const struct parameter *row = use_plain_row(t, "FDI.EXCESS.USD", t->filing->business_on);
    char id[LIMIT_ID_SIZE];
    wide extra = of->want - of->part;
    wide usd = 0;
    wide room = 0;

    if (!exchanged(t, extra, &to_usd, UP, &usd)) {
        return false;
    }
    limit_id(id, "fdi.excess", d->registration_no, none);
    of->excess_limit = row != NULL ? row_e10(row) * 100 / E10 : 0;
    room = of->excess_limit - balance_of(t->m, id).used;
    of->taken_usd = usd < room ? usd : room > 0 ? room : 0;
    of->excess = extra;
    if (of->taken_usd < usd) {
        struct exchange back = to_usd;

        back.from = to_usd.to;
        back.to = to_usd.from;
        return exchanged(t, of->taken_usd, &back, DOWN, &of->excess);
    }
    return true;
}

static void credit(struct trial *t, struct inflow *of, wide sent_back)
{
    const struct fdi_inflow *d = &t->filing->details.fdi_inflow;
    char id[LIMIT_ID_SIZE];

    limit_id(id, "fdi.inflow", d->registration_no, d->investor_no);
    if (of->credited == 0) {
        test_amount(t, 301,
                    &(struct amount_test){.field = "/details/money",
                                          .limit = id,
                                          .currency = of->currency,
                                          .free = free_of(t->m, id),
                                          .asked = of->want});
        conclude(t);
        return;
    }
    post(t, id, of->currency, (struct amounts){.used = (int64_t)of->part});
    limit_id(id, "fdi.capital", d->registration_no, none);
    post(t, id, of->currency, (struct amounts){.limit = (int64_t)of->credited});
    if (of->excess > 0) {
        t->flags |= FLAG_EXCESS;
        limit_id(id, "fdi.excess", d->registration_no, none);
        post(t, id, CURRENCY_USD,
             (struct amounts){.limit = (int64_t)of->excess_limit - balance_of(t->m, id).limit,
                              .used = (int64_t)of->taken_usd});
    }
    if (of->credited < of->want) {
        t->flags |= FLAG_EXCESS_RETURNED;
        t->has_returned = sent_back > 0;
        t->returned = (struct money){.minor = (int64_t)sent_back, .currency = d->money.currency};
    }
    conclude(t);
}

static void take_inflow(struct trial *t, struct inflow *of)
{
    const struct fdi_inflow *d = &t->filing->details.fdi_inflow;
    struct exchange x = {.from = d->money.currency,
                         .to = of->currency,
                         .on = t->filing->business_on,
                         .field = "/business_date"};
    struct exchange to_usd = {
        .from = of->currency, .to = CURRENCY_USD, .on = x.on, .field = x.field};
    char id[LIMIT_ID_SIZE];
    wide free = 0;
    wide kept = 0;

    limit_id(id, "fdi.inflow", d->registration_no, d->investor_no);
    free = free_of(t->m, id);
    if (exchanged(t, d->money.minor, &x, UP, &of->want)) {
        of->part = of->want < free ? of->want : free;
        if (of->want > of->part) {
            (void)weigh_excess(t, of, to_usd);
        }
        of->credited = of->part + of->excess;
    }
    if (!rates_over(t)) {
        return;
    }
    x.from = of->currency;
    x.to = d->money.currency;
    (void)exchanged(t, of->credited, &x, UP, &kept);
    credit(t, of, d->money.minor - kept);
}

void try_fdi_inflow(struct trial *t)
{
    const struct fdi_inflow *d = &t->filing->details.fdi_inflow;
    const struct fact *opener = named_object(t, registration(d->registration_no),
                                             EVENT_FDI_REGISTRATION, "/details/registration_no");
    struct inflow of = {0};
    struct company c;

    if (opener != NULL) {
        c = follow_company(t->m, opener);
        of.currency = c.currency;
        if (!is_foreign(holder_of(&c, d->investor_no))) {
            refuse(t, 207, "/details/investor_no");
        }
    }
    if (standing_over(t)) {
        take_inflow(t, &of);
    }
}

/* ---- outbound ------------------------------------------------------------------------------ */

static void check_sensitive(struct trial *t, const struct outbound_registration *d)
{
    const struct list *list = list_in_force(t->m, REFERENCE_SENSITIVE_LIST);
    bool is_sensitive = d->sensitive;

    for (uint32_t i = 0; list != NULL && i < list->rows_n; i++) {
        const struct list_row *row = &list->rows[i];
        int32_t on = t->filing->business_on;

        if (on < row->from_on || on > row->to_on ||
            (row->country.n > 0 &&
             !same_word(row->country, iso_country_alpha3(d->target.country))) ||
            row->industry.n > d->industry.n ||
            (row->industry.n > 0 &&
             memcmp(row->industry.at, d->industry.at, row->industry.n) != 0)) {
            continue;
        }
        is_sensitive = true;
        if (row->rule == LIST_REVIEW) {
            refuse(t, 402, row->country.n > 0 ? "/details/target/country" : "/details/industry");
        }
    }
    if (is_sensitive && d->ndrc.kind != NDRC_APPROVAL) {
        refuse(t, 211, "/details/ndrc/kind");
    }
}

static void check_level(struct trial *t, const struct outbound_registration *d)
{
    const struct parameter *row = use_plain_row(t, "OUT.NDRC.USD", t->filing->business_on);
    struct exchange x = {.from = d->total.currency,
                         .to = CURRENCY_USD,
                         .on = t->filing->business_on,
                         .field = "/business_date"};
    bool is_national = d->central_enterprise;
    wide usd = 0;

    if (row != NULL && exchanged(t, d->total.minor, &x, UP, &usd)) {
        is_national = is_national || usd * E10 >= row_e10(row) * 100;
    }
    if (is_national && d->ndrc.level != NDRC_LEVEL_NATIONAL) {
        refuse(t, 211, "/details/ndrc/level");
    }
}

static void check_days(struct trial *t, const struct outbound_registration *d)
{
    int32_t on = t->filing->business_on;

    if (d->ndrc.issued_on > on) {
        refuse(t, 211, "/details/ndrc/issued_on");
    }
    if (d->ndrc.valid_to < on) {
        refuse(t, 211, "/details/ndrc/valid_to");
    }
    if (d->mofcom.issued_on > on) {
        refuse(t, 211, "/details/mofcom/issued_on");
    }
    if (d->mofcom.valid_to < on) {
        refuse(t, 211, "/details/mofcom/valid_to");
    }
}

static struct name application_of(struct text number)
{
    return (struct name){.matter = MATTER_APPLICATION, .number = number};
}

void try_outbound_registration(struct trial *t)
{
    const struct outbound_registration *d = &t->filing->details.outbound_registration;
    const struct fact *application = NULL;
    struct exchange x = {
        .to = d->cash.currency, .on = t->filing->business_on, .field = "/business_date"};
    wide used = 0;
    char id[LIMIT_ID_SIZE];

    (void)number_is_new(t, registration(d->registration_no), "/details/registration_no");
    if (d->application_no.n > 0) {
        application = named_object(t, application_of(d->application_no), EVENT_OUTBOUND_PRELIMINARY,
                                   "/details/application_no");
    }
    check_sensitive(t, d);
    check_level(t, d);
    check_days(t, d);
    if (!standing_over(t)) {
        return;
    }
    if (application != NULL) {
        limit_id(id, "outbound.preliminary", d->application_no, none);
        x.from = application->filing.details.outbound_preliminary.money.currency;
        (void)exchanged(t, balance_of(t->m, id).used, &x, UP, &used);
        if (!rates_over(t)) {
            return;
        }
        test_amount(t, 302,
                    &(struct amount_test){.field = "/details/cash",
                                          .limit = id,
                                          .currency = d->cash.currency,
                                          .free = d->cash.minor,
                                          .asked = used});
    }
    limit_id(id, "outbound.remittance", d->registration_no, none);
    post(t, id, d->cash.currency, (struct amounts){.limit = d->cash.minor - (int64_t)used});
    conclude(t);
}

void try_outbound_remittance(struct trial *t)
{
    const struct outbound_remittance *d = &t->filing->details.outbound_remittance;
    const struct fact *opener =
        named_object(t, registration(d->registration_no), EVENT_OUTBOUND_REGISTRATION,
                     "/details/registration_no");
    struct exchange x = {
        .from = d->money.currency, .on = t->filing->business_on, .field = "/business_date"};
    char id[LIMIT_ID_SIZE];
    wide asked = 0;

    if (opener != NULL) {
        const struct outbound_registration *opened = &opener->filing.details.outbound_registration;

        x.to = opened->cash.currency;
        if (d->payee.country != opened->target.country && d->explained.n == 0) {
            refuse(t, 214, "/details/explained");
        }
    }
    if (!standing_over(t)) {
        return;
    }
    (void)exchanged(t, d->money.minor, &x, UP, &asked);
    if (!rates_over(t)) {
        return;
    }
    limit_id(id, "outbound.remittance", d->registration_no, none);
    test_amount(t, 301,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = x.to,
                                      .free = free_of(t->m, id),
                                      .asked = asked});
    post(t, id, x.to, (struct amounts){.used = (int64_t)asked});
    conclude(t);
}

/* ---- preliminary expenses -------------------------------------------------------------------- */

static void test_cap(struct trial *t, const struct outbound_preliminary *d, const char *id)
{
    int32_t on = t->filing->business_on;
    const struct parameter *share = use_plain_row(t, "OUT.PRELIM.SHARE", on);
    const struct parameter *cap = use_plain_row(t, "OUT.PRELIM.USD", on);
    struct exchange x = {.from = d->planned_total.currency,
                         .to = d->money.currency,
                         .on = on,
                         .field = "/business_date"};
    wide least = -1;
    wide minor = 0;

    if (share != NULL && exchanged(t, d->planned_total.minor, &x, DOWN, &minor)) {
        least = minor * row_e10(share) / E10;
    }
    x.from = CURRENCY_USD;
    if (cap != NULL && exchanged(t, row_e10(cap) * 100 / E10, &x, DOWN, &minor)) {
        least = least < 0 || minor < least ? minor : least;
    }
    if (least >= 0) {
        test_amount(t, 301,
                    &(struct amount_test){.field = "/details/money",
                                          .limit = id,
                                          .currency = d->money.currency,
                                          .free = least,
                                          .asked = d->money.minor});
    }
}

void try_preliminary(struct trial *t)
{
    const struct outbound_preliminary *d = &t->filing->details.outbound_preliminary;
    char id[LIMIT_ID_SIZE];

    (void)number_is_new(t, application_of(d->application_no), "/details/application_no");
    if (!standing_over(t)) {
        return;
    }
    limit_id(id, "outbound.preliminary", d->application_no, none);
    test_cap(t, d, id);
    if (!rates_over(t)) {
        return;
    }
    post(t, id, d->money.currency, (struct amounts){.limit = d->money.minor});
    conclude(t);
}

/* Money out of an application, or back. */
static void move_preliminary(struct trial *t, const struct fact *opener, struct money money,
                             bool is_refund)
{
    const struct outbound_preliminary *opened = &opener->filing.details.outbound_preliminary;
    struct exchange x = {.from = money.currency,
                         .to = opened->money.currency,
                         .on = t->filing->business_on,
                         .field = "/business_date"};
    char id[LIMIT_ID_SIZE];
    wide minor = 0;

    (void)exchanged(t, money.minor, &x, is_refund ? DOWN : UP, &minor);
    if (!rates_over(t)) {
        return;
    }
    limit_id(id, "outbound.preliminary", opened->application_no, none);
    test_amount(
        t, is_refund ? 302 : 301,
        &(struct amount_test){.field = "/details/money",
                              .limit = id,
                              .currency = x.to,
                              .free = is_refund ? balance_of(t->m, id).used : free_of(t->m, id),
                              .asked = minor});
    post(t, id, x.to, (struct amounts){.used = (int64_t)(is_refund ? -minor : minor)});
    conclude(t);
}

void try_preliminary_remittance(struct trial *t)
{
    const struct outbound_preliminary_remittance *d =
        &t->filing->details.outbound_preliminary_remittance;
    int32_t on = t->filing->business_on;
    const struct fact *opener = named_object(t, application_of(d->application_no),
                                             EVENT_OUTBOUND_PRELIMINARY, "/details/application_no");
    const struct parameter *months = opener ? use_plain_row(t, "OUT.PRELIM.MONTHS", on) : NULL;

    if (months != NULL &&
        on > date_add_months(opener->filing.business_on, (int)months->number.numerator)) {
        refuse(t, 219, "/business_date");
    }
    if (standing_over(t)) {
        assert(opener != NULL);
        move_preliminary(t, opener, d->money, false);
    }
}

void try_preliminary_refund(struct trial *t)
{
    const struct outbound_preliminary_refund *d = &t->filing->details.outbound_preliminary_refund;
    const struct fact *opener = named_object(t, application_of(d->application_no),
                                             EVENT_OUTBOUND_PRELIMINARY, "/details/application_no");

    if (standing_over(t)) {
        assert(opener != NULL);
        move_preliminary(t, opener, d->money, true);
    }
}
