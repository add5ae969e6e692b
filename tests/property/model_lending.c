/* Outbound investment after its registration, and lending abroad (readings O and L). */
#include <assert.h>
#include <string.h>

#include "model_inside.h"

static const struct text none = {0};
static const char lending[] = "outbound.lending";

/* ---- registrations ------------------------------------------------------------------------- */

static const struct fact *named_investment(struct trial *t, struct text number)
{
    return named_object(t, (struct name){.matter = MATTER_REGISTRATION, .number = number},
                        EVENT_OUTBOUND_REGISTRATION, "/details/registration_no");
}

/* A filing that needs a reference and has no effect. */
static void needs(struct trial *t, struct text registration_no, struct text reference,
                  const char *field)
{
    (void)named_investment(t, registration_no);
    if (reference.n == 0) {
        refuse(t, 214, field);
    }
    if (standing_over(t)) {
        conclude(t);
    }
}

void try_in_kind(struct trial *t)
{
    const struct outbound_in_kind *d = &t->filing->details.outbound_in_kind;

    needs(t, d->registration_no, d->customs_no, "/details/customs_no");
}

void try_profit_return(struct trial *t)
{
    const struct outbound_profit_return *d = &t->filing->details.outbound_profit_return;

    needs(t, d->registration_no, d->evidence_no, "/details/evidence_no");
}

void try_capital_return(struct trial *t)
{
    const struct outbound_capital_return *d = &t->filing->details.outbound_capital_return;

    needs(t, d->registration_no, d->evidence_no, "/details/evidence_no");
}

void try_closure(struct trial *t)
{
    (void)named_investment(t, t->filing->details.outbound_closure.registration_no);
    if (standing_over(t)) {
        conclude(t);
    }
}

void try_completion(struct trial *t)
{
    const struct outbound_completion *d = &t->filing->details.outbound_completion;
    int32_t on = t->filing->business_on;
    const struct parameter *days = use_plain_row(t, "OUT.COMPLETION.WORKING_DAYS", on);

    (void)named_investment(t, d->registration_no);
    if (days != NULL && working_days(t->m, d->completed_on, on) > days->number.numerator) {
        t->flags |= FLAG_LATE;
    }
    if (standing_over(t)) {
        conclude(t);
    }
}

/* O3: is it so much that new certificates are needed? */
static void check_change(struct trial *t, const struct outbound_change *d,
                         const struct outbound_registration *opened)
{
    int32_t on = t->filing->business_on;
    const struct parameter *share = use_plain_row(t, "OUT.CHANGE.SHARE", on);
    const struct parameter *most = use_plain_row(t, "OUT.CHANGE.USD", on);
    wide minor = d->cash_delta.minor < 0 ? -(wide)d->cash_delta.minor : d->cash_delta.minor;
    struct exchange x = {
        .from = d->cash_delta.currency, .to = CURRENCY_USD, .on = on, .field = "/business_date"};
    bool is_large = share != NULL && minor * E10 >= opened->total.minor * row_e10(share);
    wide usd = 0;

    if (most != NULL && exchanged(t, minor, &x, UP, &usd)) {
        is_large = is_large || usd * E10 >= row_e10(most) * 100;
    }
    if (is_large && !d->has_ndrc) {
        refuse(t, 211, "/details/ndrc");
    }
    if (is_large && !d->has_mofcom) {
        refuse(t, 211, "/details/mofcom");
    }
}

void try_change(struct trial *t)
{
    const struct outbound_change *d = &t->filing->details.outbound_change;
    const struct fact *opener = named_investment(t, d->registration_no);
    char id[LIMIT_ID_SIZE];

    if (opener != NULL) {
        const struct outbound_registration *opened = &opener->filing.details.outbound_registration;

        if (opened->total.currency != d->cash_delta.currency) {
            refuse(t, 107, "/details/cash_delta/currency");
        } else {
            check_change(t, d, opened);
        }
    }
    if (!standing_over(t)) {
        return;
    }
    limit_id(id, "outbound.remittance", d->registration_no, none);
    if (d->cash_delta.minor < 0) {
        test_amount(t, 302,
                    &(struct amount_test){.field = "/details/cash_delta",
                                          .limit = id,
                                          .currency = d->cash_delta.currency,
                                          .free = free_of(t->m, id),
                                          .asked = -(wide)d->cash_delta.minor});
    }
    post(t, id, d->cash_delta.currency, (struct amounts){.limit = d->cash_delta.minor});
    conclude(t);
}

/* ---- lending ------------------------------------------------------------------------------- */

static const struct fact *basis_on(const struct model *m, int32_t on, const struct fact *without)
{
    const struct fact *best = NULL;

    for (size_t i = 0;;) {
        const struct fact *fact = standing_fact(m, &i);

        if (fact == NULL) {
            return best;
        }
        if (fact->filing.event == EVENT_OUTBOUND_LENDING_BASIS && fact != without &&
            fact->filing.business_on <= on &&
            (best == NULL || fact->filing.business_on >= best->filing.business_on)) {
            best = fact;
        }
    }
}

enum worth worth_of_lending(struct trial *t, const struct fact *without, wide *ret)
{
    const struct fact *basis = basis_on(t->m, t->filing->business_on, without);
    const struct parameter *row = NULL;

    if (basis_on(t->m, DATE_MAX, without) == NULL) {
        return WORTH_NO_PROFILE_AT_ALL;
    }
    if (basis == NULL) {
        return WORTH_STAYS;
    }
    row = use_plain_row(t, "OUT.LENDING.COEFFICIENT", t->filing->business_on);
    if (row == NULL) {
        return WORTH_STAYS;
    }
    *ret = basis->filing.details.outbound_lending_basis.equity.minor * row_e10(row) / E10;
    return WORTH_KNOWN;
}

static wide set_lending(struct trial *t)
{
    wide worth = 0;

    memcpy(t->follows, lending, sizeof(lending));
    if (worth_of_lending(t, NULL, &worth) != WORTH_KNOWN) {
        return 0;
    }
    return worth - balance_of(t->m, lending).limit;
}

void try_lending_basis(struct trial *t)
{
    const struct outbound_lending_basis *d = &t->filing->details.outbound_lending_basis;
    int32_t on = t->filing->business_on;
    const struct parameter *row = use_plain_row(t, "OUT.LENDING.COEFFICIENT", on);
    wide worth = 0;

    if (date_add_years(d->established_on, 1) > on) {
        refuse(t, 212, "/details/established_on");
    }
    if (row == NULL) {
        refuse(t, 212, "/business_date");
    }
    if (!standing_over(t)) {
        return;
    }
    worth = d->equity.minor * row_e10(row) / E10;
    memcpy(t->follows, lending, sizeof(lending));
    post(t, lending, CURRENCY_CNY,
         (struct amounts){.limit = (int64_t)(worth - balance_of(t->m, lending).limit)});
    conclude(t);
}

/* A loan followed from its signing. */
struct lent {
    const struct fact *signing;
    const struct outbound_loan *of;
    int32_t matures_on;
    wide undrawn;
    wide outstanding;
    wide frozen;
};

static wide loan_reserved(const struct lent *l)
{
    if (l->of->money.currency == CURRENCY_CNY) {
        return l->undrawn;
    }
    return divide(l->undrawn * l->signing->rate * 100,
                  E10 * power10(iso_currency(l->of->money.currency)->exponent), UP);
}

static void step_loan(struct lent *l, const struct fact *fact)
{
    const union details *d = &fact->filing.details;

    if (fact->filing.event == EVENT_OUTBOUND_LOAN_REMITTANCE) {
        l->undrawn -= d->outbound_loan_remittance.money.minor;
        l->outstanding += d->outbound_loan_remittance.money.minor;
        l->frozen += fact->unit_minor;
    } else if (fact->filing.event == EVENT_OUTBOUND_LOAN_RETURN) {
        wide minor = d->outbound_loan_return.money.minor;

        assert(l->outstanding >= minor && minor > 0);
        l->frozen -= minor == l->outstanding ? l->frozen : l->frozen * minor / l->outstanding;
        l->outstanding -= minor;
        l->undrawn += minor;
    } else if (fact->filing.event == EVENT_OUTBOUND_LOAN_EXTENSION) {
        l->matures_on = d->outbound_loan_extension.matures_on;
    } else if (fact->filing.event == EVENT_OUTBOUND_LOAN_CLOSURE) {
        l->undrawn = 0;
    }
}

static struct lent follow_loan(const struct model *m, const struct fact *signing)
{
    const struct outbound_loan *of = &signing->filing.details.outbound_loan;
    struct name name = {.matter = MATTER_LOAN, .number = of->loan_no};
    struct lent l = {
        .signing = signing, .of = of, .matures_on = of->matures_on, .undrawn = of->money.minor};

    for (size_t i = 0;;) {
        const struct fact *fact = standing_fact(m, &i);

        if (fact == NULL) {
            return l;
        }
        if (names(&fact->filing, name)) {
            step_loan(&l, fact);
        }
    }
}

static const struct fact *named_loan(struct trial *t, struct text number, int32_t currency)
{
    const struct fact *signing =
        named_object(t, (struct name){.matter = MATTER_LOAN, .number = number}, EVENT_OUTBOUND_LOAN,
                     "/details/loan_no");

    if (signing != NULL && currency != CURRENCY_NONE &&
        signing->filing.details.outbound_loan.money.currency != currency) {
        refuse(t, 107, "/details/money/currency");
    }
    return signing;
}

static void post_lending(struct trial *t, const struct lent *before, const struct lent *after,
                         wide limit)
{
    post(t, lending, CURRENCY_CNY,
         (struct amounts){.limit = (int64_t)limit,
                          .used = (int64_t)(after->frozen - before->frozen),
                          .reserved = (int64_t)(loan_reserved(after) - loan_reserved(before))});
}

void try_loan(struct trial *t)
{
    const struct outbound_loan *d = &t->filing->details.outbound_loan;
    struct lent l = {.signing = t->fact, .of = d, .undrawn = d->money.minor};
    struct lent nothing = {.signing = t->fact, .of = d};
    struct exchange x = {.from = d->money.currency,
                         .to = CURRENCY_CNY,
                         .on = d->signed_on,
                         .field = "/details/signed_on"};
    int32_t sheet = 0;
    wide ignored = 0;
    wide limit = 0;
    char id[LIMIT_ID_SIZE];

    (void)number_is_new(t, (struct name){.matter = MATTER_LOAN, .number = d->loan_no},
                        "/details/loan_no");
    if (basis_on(t->m, t->filing->business_on, NULL) == NULL) {
        refuse(t, 220, "/details/loan_no");
    }
    if (!standing_over(t)) {
        return;
    }
    if (exchanged(t, d->money.minor, &x, UP, &ignored)) {
        (void)rate_of(t->m, x.from, x.on, &sheet, &t->fact->rate);
    }
    limit = set_lending(t);
    if (!rates_over(t)) {
        return;
    }
    test_amount(t, 301,
                &(struct amount_test){.field = "/details/money",
                                      .limit = lending,
                                      .currency = CURRENCY_CNY,
                                      .free = free_of(t->m, lending) + limit,
                                      .asked = loan_reserved(&l)});
    post_lending(t, &nothing, &l, limit);
    limit_id(id, "outbound.loan", d->loan_no, none);
    post(t, id, d->money.currency, (struct amounts){.limit = d->money.minor});
    conclude(t);
}

static bool coefficient_fell(const struct trial *t, int32_t signed_on)
{
    const char *id = "OUT.LENDING.COEFFICIENT";
    const struct parameter *now = row_of(t->m, id, none, none, t->filing->business_on);
    const struct parameter *then = row_of(t->m, id, none, none, signed_on);

    return now != NULL && then != NULL && now->from_on > signed_on && row_e10(now) < row_e10(then);
}

static void test_lending(struct trial *t, const struct lent *before, const struct lent *after,
                         wide limit)
{
    wide free = free_of(t->m, lending) + limit;
    wide asked = after->frozen + loan_reserved(after) - before->frozen - loan_reserved(before);

    if (asked > free && coefficient_fell(t, before->of->signed_on)) {
        t->flags |= FLAG_GRANDFATHERED;
        return;
    }
    test_amount(t, 301,
                &(struct amount_test){.field = "/details/money",
                                      .limit = lending,
                                      .currency = CURRENCY_CNY,
                                      .free = free,
                                      .asked = asked});
}

void try_loan_remittance(struct trial *t)
{
    const struct outbound_loan_remittance *d = &t->filing->details.outbound_loan_remittance;
    const struct fact *signing = named_loan(t, d->loan_no, d->money.currency);
    struct exchange x = {.from = d->money.currency,
                         .to = CURRENCY_CNY,
                         .on = t->filing->business_on,
                         .field = "/business_date"};
    struct lent before;
    struct lent after;
    wide limit = 0;
    char id[LIMIT_ID_SIZE];

    if (!standing_over(t)) {
        return;
    }
    (void)exchanged(t, d->money.minor, &x, UP, &t->fact->unit_minor);
    limit = set_lending(t);
    if (!rates_over(t)) {
        return;
    }
    before = follow_loan(t->m, signing);
    after = before;
    step_loan(&after, t->fact);
    limit_id(id, "outbound.loan", d->loan_no, none);
    test_amount(t, 302,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = d->money.currency,
                                      .free = before.undrawn,
                                      .asked = d->money.minor});
    after.undrawn = after.undrawn < 0 ? 0 : after.undrawn;
    test_lending(t, &before, &after, limit);
    post_lending(t, &before, &after, limit);
    post(t, id, d->money.currency, (struct amounts){.used = d->money.minor});
    conclude(t);
}

void try_loan_return(struct trial *t)
{
    const struct outbound_loan_return *d = &t->filing->details.outbound_loan_return;
    const struct fact *signing = named_loan(t, d->loan_no, d->money.currency);
    struct lent before;
    struct lent after;
    wide limit = 0;
    char id[LIMIT_ID_SIZE];

    if (!standing_over(t)) {
        return;
    }
    limit = set_lending(t);
    before = follow_loan(t->m, signing);
    after = before;
    limit_id(id, "outbound.loan", d->loan_no, none);
    test_amount(t, 302,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = d->money.currency,
                                      .free = before.outstanding,
                                      .asked = d->money.minor});
    if (t->whys_n == 0) {
        step_loan(&after, t->fact);
        post_lending(t, &before, &after, limit);
        post(t, id, d->money.currency, (struct amounts){.used = -d->money.minor});
    }
    conclude(t);
}

void try_loan_extension(struct trial *t)
{
    const struct outbound_loan_extension *d = &t->filing->details.outbound_loan_extension;
    const struct fact *signing = named_loan(t, d->loan_no, CURRENCY_NONE);

    if (signing != NULL && d->matures_on <= follow_loan(t->m, signing).matures_on) {
        refuse(t, 115, "/details/matures_on");
    }
    if (standing_over(t)) {
        conclude(t);
    }
}

void try_loan_closure(struct trial *t)
{
    const struct outbound_loan_closure *d = &t->filing->details.outbound_loan_closure;
    const struct fact *signing = named_loan(t, d->loan_no, CURRENCY_NONE);
    struct lent before;
    struct lent after;
    wide limit = 0;
    char id[LIMIT_ID_SIZE];

    if (signing != NULL && follow_loan(t->m, signing).outstanding != 0) {
        limit_id(id, "outbound.loan", d->loan_no, none);
        refuse_limit(t, 216, "/details/loan_no", id);
    }
    if (!standing_over(t)) {
        return;
    }
    limit = set_lending(t);
    before = follow_loan(t->m, signing);
    after = before;
    step_loan(&after, t->fact);
    post_lending(t, &before, &after, limit);
    conclude(t);
}
