/* What happens to an FDI registration after it was opened, apart from inflows. */
#include "model_registration.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct text none = {0};

/* ---- followed ------------------------------------------------------------------------------ */

bool is_foreign(const struct holder *holder)
{
    return holder != NULL && holder->country != COUNTRY_CHN;
}

struct holder *holder_of(struct company *c, struct text investor_no)
{
    for (size_t i = 0; investor_no.n > 0 && i < c->holders_n; i++) {
        if (same(c->holders[i].investor_no, investor_no)) {
            return &c->holders[i];
        }
    }
    return NULL;
}

int64_t foreign_share(const struct company *c)
{
    int64_t share_bp = 0;

    for (size_t i = 0; i < c->holders_n; i++) {
        share_bp += is_foreign(&c->holders[i]) ? c->holders[i].share_bp : 0;
    }
    return share_bp;
}

static struct holder *holder_add(struct company *c, struct text investor_no, int32_t country)
{
    struct holder *holder = holder_of(c, investor_no);

    if (holder == NULL) {
        assert(c->holders_n < HOLDERS_MAX);
        holder = &c->holders[c->holders_n++];
        *holder = (struct holder){.investor_no = investor_no, .country = country};
    }
    return holder;
}

static void step_increase(struct company *c, const struct fdi_increase *d)
{
    struct holder *holder = holder_add(c, d->investor_no, d->investor.country);

    holder->subscribed += d->subscribed.minor;
    c->registered += d->subscribed.minor;
    if (d->has_investor && d->investor.has_share_bp) {
        holder->share_bp = d->investor.share_bp;
    }
}

static void step_transfer(struct company *c, const struct fdi_transfer *d)
{
    struct holder *seller = holder_of(c, d->seller_no);
    wide moves = 0;

    if (seller != NULL) {
        moves = seller->subscribed * d->share_bp / seller->share_bp;
        seller->subscribed -= moves;
        seller->share_bp -= d->share_bp;
    }
    if (d->has_buyer) {
        struct holder *buyer = holder_add(c, d->buyer.investor_no, d->buyer.country);

        buyer->subscribed += moves;
        buyer->share_bp += d->share_bp;
    }
}

void step_company(struct company *c, const struct fact *fact)
{
    const union details *d = &fact->filing.details;

    if (fact->filing.event == EVENT_FDI_INCREASE) {
        step_increase(c, &d->fdi_increase);
    } else if (fact->filing.event == EVENT_FDI_TRANSFER) {
        step_transfer(c, &d->fdi_transfer);
    } else if (fact->filing.event == EVENT_FDI_DECREASE) {
        holder_of(c, d->fdi_decrease.investor_no)->subscribed -= d->fdi_decrease.money.minor;
        c->registered -= d->fdi_decrease.money.minor;
    }
}

struct company follow_company(const struct model *m, const struct fact *opener)
{
    const struct fdi_registration *of = &opener->filing.details.fdi_registration;
    struct company c = {.of = of,
                        .currency = of->registered_capital.currency,
                        .registered = of->registered_capital.minor};

    for (uint32_t i = 0; i < of->investors_n; i++) {
        struct holder *holder =
            holder_add(&c, of->investors[i].investor_no, of->investors[i].country);

        holder->subscribed = of->investors[i].subscribed.minor;
        holder->share_bp = of->investors[i].share_bp;
    }
    for (size_t i = 0;;) {
        const struct fact *fact = standing_fact(m, &i);

        if (fact == NULL) {
            return c;
        }
        if (names(&fact->filing, registration(of->registration_no))) {
            step_company(&c, fact);
        }
    }
}

/* ---- what the events have in common -------------------------------------------------------- */

static const struct fact *named_company(struct trial *t, struct text number, struct company *ret)
{
    const struct fact *opener =
        named_object(t, registration(number), EVENT_FDI_REGISTRATION, "/details/registration_no");

    if (opener != NULL) {
        *ret = follow_company(t->m, opener);
    }
    return opener;
}

static void must_be_in(struct trial *t, struct money money, int32_t currency, const char *field)
{
    char path[96];

    if (money.currency != currency) {
        (void)snprintf(path, sizeof(path), "%s/currency", field);
        refuse(t, 107, path);
    }
}

/* An amount of a filing in the currency of the registration. */
static bool in_currency(struct trial *t, struct money money, int32_t currency, enum rounds rounds,
                        wide *ret)
{
    struct exchange x = {.from = money.currency,
                         .to = currency,
                         .on = t->filing->business_on,
                         .field = "/business_date"};

    return exchanged(t, money.minor, &x, rounds, ret);
}

static struct name application(struct text number)
{
    return (struct name){.matter = MATTER_APPLICATION, .number = number};
}

/* ---- preliminary expenses ------------------------------------------------------------------ */

void try_fdi_preliminary(struct trial *t)
{
    const struct fdi_preliminary *d = &t->filing->details.fdi_preliminary;
    char id[LIMIT_ID_SIZE];

    (void)number_is_new(t, application(d->application_no), "/details/application_no");
    if (!standing_over(t)) {
        return;
    }
    limit_id(id, "fdi.preliminary", d->application_no, none);
    post(t, id, d->money.currency, (struct amounts){.limit = d->money.minor});
    conclude(t);
}

void try_fdi_preliminary_inflow(struct trial *t)
{
    const struct fdi_preliminary_inflow *d = &t->filing->details.fdi_preliminary_inflow;
    const struct fact *opener = named_object(t, application(d->application_no),
                                             EVENT_FDI_PRELIMINARY, "/details/application_no");
    char id[LIMIT_ID_SIZE];

    if (opener != NULL) {
        must_be_in(t, d->money, opener->filing.details.fdi_preliminary.money.currency,
                   "/details/money");
    }
    if (!standing_over(t)) {
        return;
    }
    limit_id(id, "fdi.preliminary", d->application_no, none);
    test_amount(t, 301,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = d->money.currency,
                                      .free = free_of(t->m, id),
                                      .asked = d->money.minor});
    post(t, id, d->money.currency, (struct amounts){.used = d->money.minor});
    conclude(t);
}

/* Out of what an application used: back, or into a registration. */
static void leave_preliminary(struct trial *t, struct text application_no, struct money money)
{
    char id[LIMIT_ID_SIZE];

    limit_id(id, "fdi.preliminary", application_no, none);
    test_amount(t, 302,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = money.currency,
                                      .free = balance_of(t->m, id).used,
                                      .asked = money.minor});
    post(t, id, money.currency, (struct amounts){.limit = -money.minor, .used = -money.minor});
}

void try_fdi_preliminary_refund(struct trial *t)
{
    const struct fdi_preliminary_refund *d = &t->filing->details.fdi_preliminary_refund;
    const struct fact *opener = named_object(t, application(d->application_no),
                                             EVENT_FDI_PRELIMINARY, "/details/application_no");

    if (opener != NULL) {
        must_be_in(t, d->money, opener->filing.details.fdi_preliminary.money.currency,
                   "/details/money");
    }
    if (standing_over(t)) {
        leave_preliminary(t, d->application_no, d->money);
        conclude(t);
    }
}

void try_fdi_preliminary_convert(struct trial *t)
{
    const struct fdi_preliminary_convert *d = &t->filing->details.fdi_preliminary_convert;
    const struct fact *opener = named_object(t, application(d->application_no),
                                             EVENT_FDI_PRELIMINARY, "/details/application_no");
    struct company c = {.of = NULL};
    char id[LIMIT_ID_SIZE];

    if (opener != NULL) {
        must_be_in(t, d->money, opener->filing.details.fdi_preliminary.money.currency,
                   "/details/money");
    }
    if (named_company(t, d->registration_no, &c) != NULL) {
        must_be_in(t, d->money, c.currency, "/details/money");
        if (!is_foreign(holder_of(&c, d->investor_no))) {
            refuse(t, 207, "/details/investor_no");
        }
    }
    if (!standing_over(t)) {
        return;
    }
    leave_preliminary(t, d->application_no, d->money);
    limit_id(id, "fdi.inflow", d->registration_no, d->investor_no);
    test_amount(t, 301,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = d->money.currency,
                                      .free = free_of(t->m, id),
                                      .asked = d->money.minor});
    post(t, id, d->money.currency, (struct amounts){.used = d->money.minor});
    limit_id(id, "fdi.capital", d->registration_no, none);
    post(t, id, d->money.currency, (struct amounts){.limit = d->money.minor});
    conclude(t);
}

/* ---- capital ------------------------------------------------------------------------------- */

void try_fdi_increase(struct trial *t)
{
    const struct fdi_increase *d = &t->filing->details.fdi_increase;
    struct company c = {.of = NULL};
    const struct holder *holder = NULL;
    bool foreign = false;
    char id[LIMIT_ID_SIZE];

    if (named_company(t, d->registration_no, &c) != NULL) {
        holder = holder_of(&c, d->investor_no);
        must_be_in(t, d->subscribed, c.currency, "/details/subscribed");
        must_be_in(t, d->cash, c.currency, "/details/cash");
        if (holder == NULL && !d->has_investor) {
            refuse(t, 207, "/details/investor_no");
        }
        foreign = holder != NULL ? is_foreign(holder) : d->investor.country != COUNTRY_CHN;
        if (d->has_investor && d->investor.has_share_bp) {
            int64_t share_bp = foreign_share(&c) - (is_foreign(holder) ? holder->share_bp : 0) +
                               (foreign ? d->investor.share_bp : 0);

            check_list(t, c.of->industry, share_bp < 10000 ? share_bp : 10000,
                       "/details/investor/share_bp");
        }
    }
    if (!standing_over(t)) {
        return;
    }
    if (foreign) {
        limit_id(id, "fdi.inflow", d->registration_no, d->investor_no);
        post(t, id, d->cash.currency, (struct amounts){.limit = d->cash.minor});
    }
    conclude(t);
}

static void lower(struct trial *t, const struct fdi_decrease *d, const struct holder *holder)
{
    char id[LIMIT_ID_SIZE];
    wide unpaid = 0;

    test_amount(t, 302,
                &(struct amount_test){.field = "/details/money",
                                      .limit = "",
                                      .currency = d->money.currency,
                                      .free = holder->subscribed,
                                      .asked = d->money.minor});
    if (is_foreign(holder)) {
        limit_id(id, "fdi.inflow", d->registration_no, d->investor_no);
        unpaid = free_of(t->m, id);
        unpaid = unpaid < d->money.minor ? unpaid : d->money.minor;
        post(t, id, d->money.currency, (struct amounts){.limit = (int64_t)-unpaid});
        limit_id(id, "fdi.outflow", d->registration_no, none);
        post(t, id, d->money.currency,
             (struct amounts){.limit = d->covers_losses ? 0 : d->money.minor - (int64_t)unpaid});
    }
    conclude(t);
}

void try_fdi_decrease(struct trial *t)
{
    const struct fdi_decrease *d = &t->filing->details.fdi_decrease;
    struct company c = {.of = NULL};
    const struct holder *holder = NULL;

    if (named_company(t, d->registration_no, &c) != NULL) {
        holder = holder_of(&c, d->investor_no);
        must_be_in(t, d->money, c.currency, "/details/money");
        if (holder == NULL) {
            refuse(t, 207, "/details/investor_no");
        }
    }
    if (t->filing->business_on < d->published_on + 45) {
        refuse(t, 219, "/business_date");
    }
    if (standing_over(t)) {
        assert(holder != NULL);
        lower(t, d, holder);
    }
}

/* ---- transfer ------------------------------------------------------------------------------ */

static void check_transfer(struct trial *t, struct company *c, const struct fdi_transfer *d)
{
    const struct holder *seller = holder_of(c, d->seller_no);
    const struct holder *known = d->has_buyer ? holder_of(c, d->buyer.investor_no) : NULL;
    bool from_foreign = is_foreign(seller);
    bool to_foreign =
        known != NULL ? is_foreign(known) : d->has_buyer && d->buyer.country != COUNTRY_CHN;
    int64_t share_bp = foreign_share(c);

    if (d->seller_no.n > 0 && seller == NULL) {
        refuse(t, 207, "/details/seller_no");
        return;
    }
    if (!from_foreign && !to_foreign) {
        refuse(t, 212, "/details/buyer");
    }
    if (from_foreign && d->tax_evidence_no.n == 0) {
        refuse(t, 214, "/details/tax_evidence_no");
    }
    if (seller != NULL && seller->share_bp < d->share_bp) {
        refuse(t, 116, "/details/share_bp");
    }
    share_bp += (to_foreign ? d->share_bp : 0) - (from_foreign ? d->share_bp : 0);
    check_list(t, c->of->industry, share_bp < 10000 ? share_bp : 10000, "/details/share_bp");
}

static void move_unpaid(struct trial *t, const struct company *c, const struct fdi_transfer *d,
                        const struct holder *seller)
{
    char id[LIMIT_ID_SIZE];
    wide moves = 0;

    limit_id(id, "fdi.inflow", d->registration_no, d->seller_no);
    moves = free_of(t->m, id) * d->share_bp / seller->share_bp;
    post(t, id, c->currency, (struct amounts){.limit = (int64_t)-moves});
    limit_id(id, "fdi.inflow", d->registration_no, d->buyer.investor_no);
    post(t, id, c->currency, (struct amounts){.limit = (int64_t)moves});
    conclude(t);
}

void try_fdi_transfer(struct trial *t)
{
    const struct fdi_transfer *d = &t->filing->details.fdi_transfer;
    struct company c = {.of = NULL};
    const struct holder *known = NULL;
    bool from_foreign = false;
    bool to_foreign = false;
    char id[LIMIT_ID_SIZE];
    wide price = 0;

    if (named_company(t, d->registration_no, &c) != NULL) {
        check_transfer(t, &c, d);
    } else if (d->seller_no.n == 0 && !d->has_buyer) {
        refuse(t, 212, "/details/buyer"); /* two unnamed parties: the filing alone says so */
    }
    if (!standing_over(t)) {
        return;
    }
    known = d->has_buyer ? holder_of(&c, d->buyer.investor_no) : NULL;
    from_foreign = is_foreign(holder_of(&c, d->seller_no));
    to_foreign =
        known != NULL ? is_foreign(known) : d->has_buyer && d->buyer.country != COUNTRY_CHN;
    if (from_foreign && to_foreign) {
        move_unpaid(t, &c, d, holder_of(&c, d->seller_no));
        return;
    }
    (void)in_currency(t, d->price, c.currency, DOWN, &price);
    if (!rates_over(t)) {
        return;
    }
    limit_id(id, from_foreign ? "fdi.outflow" : "fdi.inflow", d->registration_no,
             from_foreign ? none : d->buyer.investor_no);
    post(t, id, c.currency, (struct amounts){.limit = (int64_t)price});
    conclude(t);
}

/* ---- out of the account -------------------------------------------------------------------- */

/* 302 on the capital account, and what is taken from it. */
static void take_capital(struct trial *t, const struct company *c, wide minor)
{
    char id[LIMIT_ID_SIZE];

    assert(c->of != NULL);
    limit_id(id, "fdi.capital", c->of->registration_no, none);
    test_amount(t, 302,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = c->currency,
                                      .free = free_of(t->m, id),
                                      .asked = minor});
    post(t, id, c->currency, (struct amounts){.used = (int64_t)minor});
}

void try_fdi_settlement(struct trial *t)
{
    const struct fdi_settlement *d = &t->filing->details.fdi_settlement;
    struct company c = {.of = NULL};
    const struct parameter *ratio = NULL;
    struct amounts is;
    char id[LIMIT_ID_SIZE];
    wide minor = 0;

    (void)named_company(t, d->registration_no, &c);
    if (!standing_over(t)) {
        return;
    }
    ratio = use_plain_row(t, "FDI.SETTLE.RATIO", t->filing->business_on);
    (void)in_currency(t, d->money, c.currency, UP, &minor);
    if (!rates_over(t)) {
        return;
    }
    take_capital(t, &c, minor);
    limit_id(id, "fdi.capital", d->registration_no, none);
    is = balance_of(t->m, id);
    if (ratio != NULL) {
        test_amount(t, 301,
                    &(struct amount_test){.field = "/details/money",
                                          .limit = id,
                                          .currency = c.currency,
                                          .free = is.limit * row_e10(ratio) / E10 - is.used,
                                          .asked = minor});
    }
    limit_id(id, "fdi.settled", d->registration_no, none);
    post(t, id, CURRENCY_CNY, (struct amounts){.limit = d->cny.minor});
    conclude(t);
}

void try_fdi_payment(struct trial *t)
{
    const struct fdi_payment *d = &t->filing->details.fdi_payment;
    struct company c = {.of = NULL};
    const struct parameter *use =
        row_of(t->m, "FDI.USE.FORBIDDEN", d->use_code, none, t->filing->business_on);
    char id[LIMIT_ID_SIZE];

    (void)named_company(t, d->registration_no, &c);
    if (use != NULL) {
        list_row_used(t, use);
        refuse(t, 218, "/details/use_code");
    }
    if (!standing_over(t)) {
        return;
    }
    limit_id(id, "fdi.settled", d->registration_no, none);
    test_amount(t, 302,
                &(struct amount_test){.field = "/details/cny",
                                      .limit = id,
                                      .currency = CURRENCY_CNY,
                                      .free = free_of(t->m, id),
                                      .asked = d->cny.minor});
    post(t, id, CURRENCY_CNY, (struct amounts){.used = d->cny.minor});
    conclude(t);
}

void try_fdi_reinvestment(struct trial *t)
{
    const struct fdi_reinvestment *d = &t->filing->details.fdi_reinvestment;
    struct company c = {.of = NULL};
    wide minor = 0;

    if (named_company(t, d->registration_no, &c) != NULL) {
        check_list(t, d->target_industry, foreign_share(&c), "/details/target_industry");
    }
    if (!standing_over(t)) {
        return;
    }
    (void)in_currency(t, d->money, c.currency, UP, &minor);
    if (!rates_over(t)) {
        return;
    }
    take_capital(t, &c, minor);
    conclude(t);
}

/* ---- out of the country -------------------------------------------------------------------- */

void try_fdi_profit_remittance(struct trial *t)
{
    const struct fdi_profit_remittance *d = &t->filing->details.fdi_profit_remittance;
    struct company c = {.of = NULL};
    const struct parameter *threshold =
        use_plain_row(t, "FDI.TAX_FORM.USD", t->filing->business_on);
    char year[16];
    char id[LIMIT_ID_SIZE];
    struct amounts is;
    wide minor = 0;

    (void)snprintf(year, sizeof(year), "%d", (int)d->fiscal_year);
    limit_id(id, "fdi.profit", d->registration_no, (struct text){.at = year, .n = 4});
    is = balance_of(t->m, id);
    if (named_company(t, d->registration_no, &c) != NULL &&
        (is.limit != 0 || is.used != 0 || is.reserved != 0)) {
        must_be_in(t, d->distributable, currency_of_limit(t->m, id, CURRENCY_NONE),
                   "/details/distributable");
    }
    if (threshold != NULL && in_currency(t, d->money, CURRENCY_USD, UP, &minor) &&
        minor * E10 > row_e10(threshold) * 100 && d->tax_form_no.n == 0) {
        refuse(t, 214, "/details/tax_form_no");
    }
    if (!standing_over(t)) {
        return;
    }
    (void)in_currency(t, d->money, d->distributable.currency, UP, &minor);
    if (!rates_over(t)) {
        return;
    }
    test_amount(t, 301,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = d->distributable.currency,
                                      .free = (wide)d->distributable.minor - is.used,
                                      .asked = minor});
    post(t, id, d->distributable.currency,
         (struct amounts){.limit = d->distributable.minor - is.limit, .used = (int64_t)minor});
    conclude(t);
}

/* Of any bank: a decrease, transfer or liquidation of this registration that stands (D7). */
static bool has_basis(const struct model *m, const struct fdi_outward_remittance *d)
{
    for (size_t i = 0;;) {
        const struct fact *fact = standing_fact(m, &i);

        if (fact == NULL) {
            return false;
        }
        if (same(fact->filing.filing_id, d->basis_filing_id) &&
            (fact->filing.event == EVENT_FDI_DECREASE || fact->filing.event == EVENT_FDI_TRANSFER ||
             fact->filing.event == EVENT_FDI_LIQUIDATION) &&
            names(&fact->filing, registration(d->registration_no))) {
            return true;
        }
    }
}

void try_fdi_outward_remittance(struct trial *t)
{
    const struct fdi_outward_remittance *d = &t->filing->details.fdi_outward_remittance;
    struct company c = {.of = NULL};
    char id[LIMIT_ID_SIZE];
    wide minor = 0;

    (void)named_company(t, d->registration_no, &c);
    if (!has_basis(t->m, d)) {
        refuse(t, 214, "/details/basis_filing_id");
    }
    if (!standing_over(t)) {
        return;
    }
    (void)in_currency(t, d->money, c.currency, UP, &minor);
    if (!rates_over(t)) {
        return;
    }
    limit_id(id, "fdi.outflow", d->registration_no, none);
    test_amount(t, 301,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = c.currency,
                                      .free = free_of(t->m, id),
                                      .asked = minor});
    post(t, id, c.currency, (struct amounts){.used = (int64_t)minor});
    conclude(t);
}

void try_fdi_liquidation(struct trial *t)
{
    const struct fdi_liquidation *d = &t->filing->details.fdi_liquidation;
    struct company c = {.of = NULL};
    char id[LIMIT_ID_SIZE];
    wide minor = 0;

    (void)named_company(t, d->registration_no, &c);
    if (d->tax_clearance_no.n == 0) {
        refuse(t, 214, "/details/tax_clearance_no");
    }
    if (!standing_over(t)) {
        return;
    }
    (void)in_currency(t, d->distribution, c.currency, DOWN, &minor);
    if (!rates_over(t)) {
        return;
    }
    limit_id(id, "fdi.outflow", d->registration_no, none);
    post(t, id, c.currency, (struct amounts){.limit = (int64_t)minor});
    conclude(t);
}

void try_fdi_deregistration(struct trial *t)
{
    static const char *const kinds[] = {"fdi.capital", "fdi.settled", "fdi.outflow"};
    const struct fdi_deregistration *d = &t->filing->details.fdi_deregistration;
    struct company c = {.of = NULL};
    char id[LIMIT_ID_SIZE];

    if (named_company(t, d->registration_no, &c) != NULL) {
        for (size_t i = 0; i < (d->waive_outflow ? 2 : 3); i++) {
            limit_id(id, kinds[i], d->registration_no, none);
            if (free_of(t->m, id) != 0) {
                refuse_limit(t, 216, "/details/registration_no", id);
            }
        }
    }
    if (standing_over(t)) {
        conclude(t);
    }
}
