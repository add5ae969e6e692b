/* What happens to a contract after it was signed, apart from drawdowns. */
#include "model_contract.h"

#include <assert.h>
#include <string.h>

#include "model_registration.h"

static const struct text none = {0};
static const struct money no_money = {.currency = CURRENCY_NONE};

/* The rest of a filing that takes something back: what it does to the contract, no 301. */
static void give_back(struct trial *t, const struct fact *signing, struct money money)
{
    struct followed before = follow_contract(t->m, signing);
    struct followed after = before;
    wide limit = before.of->not_counted ? 0 : set_limit(t, mode_limit(before.of->mode));
    char id[LIMIT_ID_SIZE];

    if (!rates_over(t)) {
        return;
    }
    limit_id(id, "financing.principal", before.of->contract_no, none);
    test_amount(t, 302,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = money.currency,
                                      .free = before.outstanding,
                                      .asked = money.minor});
    if (t->whys_n == 0) {
        step_contract(&after, t->fact);
        post(t, id, money.currency, (struct amounts){.used = money.minor});
        limit_id(id, "financing.contract", before.of->contract_no, none);
        post(t, id, money.currency,
             (struct amounts){.used = (int64_t)(after.drawn - before.drawn)});
        post_use(t, &after, use_of(&before), limit);
    }
    conclude(t);
}

void try_repayment(struct trial *t)
{
    const struct financing_repayment *d = &t->filing->details.financing_repayment;
    const struct fact *signing = named_contract(t, d->contract_no, d->money);

    if (standing_over(t)) {
        give_back(t, signing, d->money);
    }
}

void try_forgiveness(struct trial *t)
{
    const struct financing_forgiveness *d = &t->filing->details.financing_forgiveness;
    const struct fact *signing = named_contract(t, d->contract_no, d->money);

    if (d->evidence_no.n == 0) {
        refuse(t, 214, "/details/evidence_no");
    }
    if (standing_over(t)) {
        give_back(t, signing, d->money);
    }
}

void try_equity_conversion(struct trial *t)
{
    const struct financing_equity_conversion *d = &t->filing->details.financing_equity_conversion;
    const struct fact *signing = named_contract(t, d->contract_no, d->money);
    const struct fact *opener =
        named_object(t, (struct name){.matter = MATTER_REGISTRATION, .number = d->registration_no},
                     EVENT_FDI_REGISTRATION, "/details/registration_no");
    struct exchange x = {
        .from = d->money.currency, .on = t->filing->business_on, .field = "/business_date"};
    char id[LIMIT_ID_SIZE];
    wide asked = 0;

    if (opener != NULL) {
        struct company c = follow_company(t->m, opener);

        x.to = c.currency;
        if (!is_foreign(holder_of(&c, d->investor_no))) {
            refuse(t, 207, "/details/investor_no");
        }
    }
    if (!standing_over(t)) {
        return;
    }
    if (exchanged(t, d->money.minor, &x, UP, &asked)) {
        limit_id(id, "fdi.inflow", d->registration_no, d->investor_no);
        test_amount(t, 301,
                    &(struct amount_test){.field = "/details/money",
                                          .limit = id,
                                          .currency = x.to,
                                          .free = free_of(t->m, id),
                                          .asked = asked});
        post(t, id, x.to, (struct amounts){.used = (int64_t)asked});
    }
    give_back(t, signing, d->money);
}

void try_interest(struct trial *t)
{
    const struct financing_interest *d = &t->filing->details.financing_interest;

    (void)named_contract(t, d->contract_no, d->money);
    if (standing_over(t)) {
        conclude(t);
    }
}

void try_capitalisation(struct trial *t)
{
    const struct financing_capitalisation *d = &t->filing->details.financing_capitalisation;
    const struct fact *signing = named_contract(t, d->contract_no, d->money);
    struct followed before;
    struct followed after;
    struct exchange x = {
        .from = d->money.currency, .on = t->filing->business_on, .field = "/business_date"};
    char id[LIMIT_ID_SIZE];
    wide limit = 0;

    if (signing != NULL && !signing->filing.details.financing_contract.capitalises_interest) {
        refuse(t, 214, "/details/contract_no");
    }
    if (!standing_over(t)) {
        return;
    }
    before = follow_contract(t->m, signing);
    after = before;
    x.to = before.unit;
    if (!before.of->not_counted) {
        (void)exchanged(t, d->money.minor, &x, UP, &t->fact->unit_minor);
        limit = set_limit(t, mode_limit(before.of->mode));
    }
    if (!rates_over(t)) {
        return;
    }
    step_contract(&after, t->fact);
    if (!before.of->not_counted) {
        test_use(t,
                 &(struct changed){
                     .before = &before, .after = &after, .limit = limit, .field = "/details/money"},
                 true);
    }
    post_use(t, &after, use_of(&before), limit);
    limit_id(id, "financing.principal", d->contract_no, none);
    post(t, id, d->money.currency, (struct amounts){.limit = d->money.minor});
    conclude(t);
}

static void flag_late(struct trial *t, int32_t agreed_on)
{
    int32_t on = t->filing->business_on;
    const struct parameter *days = use_plain_row(t, "FIN.SIGN.WORKING_DAYS", on);

    if (days != NULL && working_days(t->m, agreed_on, on) > days->number.numerator) {
        t->flags |= FLAG_LATE;
    }
}

/* What a change of the contract's terms does to its use of the limit; tested when asked. */
static void change_terms(struct trial *t, const struct followed *before, const char *tested_field)
{
    struct followed after = *before;
    wide limit = before->of->not_counted ? 0 : set_limit(t, mode_limit(before->of->mode));

    if (!rates_over(t)) {
        return;
    }
    step_contract(&after, t->fact);
    if (!before->of->not_counted && tested_field != NULL) {
        test_use(t,
                 &(struct changed){
                     .before = before, .after = &after, .limit = limit, .field = tested_field},
                 false);
    }
    post_use(t, &after, use_of(before), limit);
    conclude(t);
}

void try_extension(struct trial *t)
{
    const struct financing_extension *d = &t->filing->details.financing_extension;
    const struct fact *signing = named_contract(t, d->contract_no, no_money);
    struct followed before;

    flag_late(t, d->agreed_on);
    if (signing != NULL && d->matures_on <= follow_contract(t->m, signing).matures_on) {
        refuse(t, 115, "/details/matures_on");
    }
    if (!standing_over(t)) {
        return;
    }
    before = follow_contract(t->m, signing);
    if (!before.of->not_counted) {
        t->fact->weight = weight_of(t, before.of, d->matures_on);
    }
    change_terms(t, &before, "/details/matures_on");
}

void try_amendment(struct trial *t)
{
    const struct financing_amendment *d = &t->filing->details.financing_amendment;
    const struct fact *signing = named_contract(t, d->contract_no, d->money);
    struct followed before;
    char id[LIMIT_ID_SIZE];

    flag_late(t, d->agreed_on);
    if (!standing_over(t)) {
        return;
    }
    before = follow_contract(t->m, signing);
    limit_id(id, "financing.contract", d->contract_no, none);
    post(t, id, d->money.currency,
         (struct amounts){.limit = (int64_t)(d->money.minor - before.amount)});
    test_amount(t, 302,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = d->money.currency,
                                      .free = d->money.minor,
                                      .asked = before.drawn});
    if (t->whys_n > 0) {
        if (!before.of->not_counted) {
            (void)set_limit(t, mode_limit(before.of->mode));
        }
        if (t->lacks_n > 0) {
            (void)rates_over(t);
            return;
        }
        conclude(t);
        return;
    }
    change_terms(t, &before, d->money.minor > before.amount ? "/details/money" : NULL);
}

void try_assignment(struct trial *t)
{
    const struct financing_assignment *d = &t->filing->details.financing_assignment;

    (void)named_contract(t, d->contract_no, no_money);
    flag_late(t, d->agreed_on);
    if (standing_over(t)) {
        conclude(t);
    }
}

void try_cancellation(struct trial *t)
{
    const struct financing_cancellation *d = &t->filing->details.financing_cancellation;
    const struct fact *signing = named_contract(t, d->contract_no, no_money);
    struct followed before;

    if (signing != NULL && follow_contract(t->m, signing).was_drawn) {
        refuse(t, 215, "/details/contract_no");
    }
    if (standing_over(t)) {
        before = follow_contract(t->m, signing);
        change_terms(t, &before, NULL);
    }
}

void try_deregistration(struct trial *t)
{
    const struct financing_deregistration *d = &t->filing->details.financing_deregistration;
    const struct fact *signing = named_contract(t, d->contract_no, no_money);
    struct followed before;
    char id[LIMIT_ID_SIZE];

    if (signing != NULL && follow_contract(t->m, signing).outstanding != 0) {
        limit_id(id, "financing.principal", d->contract_no, none);
        refuse_limit(t, 216, "/details/contract_no", id);
    }
    if (standing_over(t)) {
        before = follow_contract(t->m, signing);
        change_terms(t, &before, NULL);
    }
}
