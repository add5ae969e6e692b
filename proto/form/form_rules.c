#include "form/form_rules.h"

#include <assert.h>
#include <string.h>

#include "form/date.h"
#include "form/form_fields.h"
#include "form/form_path.h"

#define SHARES_BP             10000 /* rulebook section 1 */
#define DECREASE_NOTIFY_DAYS  10    /* D5 */
#define DECREASE_PUBLISH_DAYS 30    /* D5 */

typedef void rules_fn(struct form *form, const struct form_present *present);

static void fail(struct form *form, enum code code, const char *field)
{
    reasons_add_at(&form->failures, code, field);
}

static bool text_equal(struct text a, struct text b)
{
    return a.n != 0 && a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

static bool amount_known(struct money money)
{
    return money.currency != CURRENCY_NONE && money.minor != FORM_AMOUNT_NONE;
}

static bool currency_differs(struct money money, struct money lead)
{
    return money.currency != CURRENCY_NONE && lead.currency != CURRENCY_NONE &&
           money.currency != lead.currency;
}

/* Above, where both are amounts of one currency. */
static bool amount_above(struct money money, struct money bound)
{
    return amount_known(money) && amount_known(bound) && money.currency == bound.currency &&
           money.minor > bound.minor;
}

static bool date_before(int32_t on, int32_t bound)
{
    return on != DATE_NONE && bound != DATE_NONE && on < bound;
}

void form_rules_head(struct form *form, int32_t received_on)
{
    const struct filing *filing = &form->filing;

    if (filing->business_on != DATE_NONE && filing->business_on > received_on) {
        fail(form, CODE_DATE_FUTURE, "/business_date");
    }
    if (text_equal(filing->maker, filing->checker)) {
        fail(form, CODE_SAME_PERSON, "/checker");
    }
}

static void fail_investor(struct form *form, enum code code, uint32_t i, const char *field,
                          const char *inner)
{
    struct form_path path;

    form_path_reset(&path);
    form_path_literal(&path, "details");
    form_path_literal(&path, "investors");
    form_path_index(&path, i);
    form_path_literal(&path, field);
    if (inner) {
        form_path_literal(&path, inner);
    }
    fail(form, code, path.at);
}

static void investor_rules(struct form *form, const struct fdi_registration *registration,
                           uint32_t i)
{
    const struct fdi_investor *investor = &registration->investors[i];

    if (currency_differs(investor->subscribed, registration->registered_capital)) {
        fail_investor(form, CODE_SHARES, i, "subscribed", "currency");
    }
    if (currency_differs(investor->cash, registration->registered_capital)) {
        fail_investor(form, CODE_SHARES, i, "cash", "currency");
    }
    if (amount_above(investor->cash, investor->subscribed)) {
        fail_investor(form, CODE_SHARES, i, "cash", NULL);
    }
    for (uint32_t j = 0; j < i; j++) {
        if (text_equal(registration->investors[j].investor_no, investor->investor_no)) {
            fail_investor(form, CODE_SCHEMA, i, "investor_no", NULL);
            return;
        }
    }
}

/* Both sums, each only where every term of it is there. */
static void registration_sums(struct form *form, const struct fdi_registration *registration)
{
    const struct money capital = registration->registered_capital;
    bool shares_known = registration->investors_n > 0;
    bool amounts_known = registration->investors_n > 0 && amount_known(capital);
    int64_t shares = 0;
    int64_t subscribed = 0; /* 200 amounts of 10^15 fit */

    for (uint32_t i = 0; i < registration->investors_n; i++) {
        const struct fdi_investor *investor = &registration->investors[i];

        shares_known = shares_known && investor->share_bp != 0;
        shares += investor->share_bp;
        amounts_known = amounts_known && amount_known(investor->subscribed) &&
                        investor->subscribed.currency == capital.currency;
        if (amounts_known) {
            subscribed += investor->subscribed.minor;
        }
    }
    if (shares_known && shares != SHARES_BP) {
        fail(form, CODE_SHARES, "/details/investors");
    }
    if (amounts_known && subscribed != capital.minor) {
        fail(form, CODE_SHARES, "/details/registered_capital");
    }
}

static void fdi_registration_rules(struct form *form, const struct form_present *present)
{
    const struct fdi_registration *registration = &form->filing.details.fdi_registration;

    (void)present;
    if (currency_differs(registration->total_investment, registration->registered_capital)) {
        fail(form, CODE_SHARES, "/details/total_investment/currency");
    }
    for (uint32_t i = 0; i < registration->investors_n; i++) {
        investor_rules(form, registration, i);
    }
    registration_sums(form, registration);
}

static void fdi_increase_rules(struct form *form, const struct form_present *present)
{
    const struct fdi_increase *increase = &form->filing.details.fdi_increase;

    (void)present;
    if (currency_differs(increase->cash, increase->subscribed)) {
        fail(form, CODE_SHARES, "/details/cash/currency");
    }
    if (amount_above(increase->cash, increase->subscribed)) {
        fail(form, CODE_SHARES, "/details/cash");
    }
}

static void fdi_decrease_rules(struct form *form, const struct form_present *present)
{
    const struct fdi_decrease *decrease = &form->filing.details.fdi_decrease;
    const int32_t resolution_on = decrease->resolution_on;

    (void)present;
    if (resolution_on == DATE_NONE) {
        return;
    }
    /* One after the business date is reported already. */
    if (!date_before(form->filing.business_on, decrease->notified_on) &&
        (date_before(decrease->notified_on, resolution_on) ||
         date_before(resolution_on + DECREASE_NOTIFY_DAYS, decrease->notified_on))) {
        fail(form, CODE_DATE_ORDER, "/details/notified_on");
    }
    if (date_before(decrease->published_on, resolution_on) ||
        date_before(resolution_on + DECREASE_PUBLISH_DAYS, decrease->published_on)) {
        fail(form, CODE_DATE_ORDER, "/details/published_on");
    }
}

static void fdi_transfer_rules(struct form *form, const struct form_present *present)
{
    const struct fdi_transfer *transfer = &form->filing.details.fdi_transfer;

    (void)present;
    if (text_equal(transfer->seller_no, transfer->buyer.investor_no)) {
        fail(form, CODE_SCHEMA, "/details/buyer/investor_no");
    }
}

/* The place in a record of the field whose value goes to that offset. */
static uint32_t field_place(const struct record *record, size_t at)
{
    uint32_t i = 0;

    while (i < record->n && record->fields[i].at != at) {
        i++;
    }
    assert(i < record->n);
    return i;
}

static bool profile_has(const struct form_present *present, size_t at)
{
    return (present->details >> field_place(form_record(EVENT_FINANCING_PROFILE), at) & 1) != 0;
}

/* What a profile in GAP mode must have (F14). */
static const struct {
    size_t at;
    const char *field;
} gap_requires[] = {
    {offsetof(struct financing_profile, total_investment), "/details/total_investment"},
    {offsetof(struct financing_profile, registered_capital), "/details/registered_capital"},
    {offsetof(struct financing_profile, paid_in), "/details/paid_in"},
    {offsetof(struct financing_profile, foreign_paid_in_bp), "/details/foreign_paid_in_bp"},
};

static void financing_profile_rules(struct form *form, const struct form_present *present)
{
    const struct financing_profile *profile = &form->filing.details.financing_profile;
    const bool capital =
        profile_has(present, offsetof(struct financing_profile, registered_capital));
    const struct money lead = capital ? profile->registered_capital : profile->total_investment;

    if (currency_differs(profile->total_investment, lead)) {
        fail(form, CODE_SHARES, "/details/total_investment/currency");
    }
    if (currency_differs(profile->paid_in, lead)) {
        fail(form, CODE_SHARES, "/details/paid_in/currency");
    }
    if (profile->mode != MODE_GAP) {
        return;
    }
    for (size_t i = 0; i < sizeof(gap_requires) / sizeof(gap_requires[0]); i++) {
        if (!profile_has(present, gap_requires[i].at)) {
            fail(form, CODE_SCHEMA, gap_requires[i].field);
        }
    }
}

/* A bank has a BIC (F11).  One that is there and does not check is reported where it is read. */
static void creditor_rules(struct form *form, const struct creditor *creditor,
                           const struct form_present *present)
{
    const uint32_t bic = field_place(&form_creditor, offsetof(struct creditor, bic));

    if (creditor->kind == CREDITOR_BANK && (present->object >> bic & 1) == 0) {
        fail(form, CODE_PARTY_CODE, "/details/creditor/bic");
    }
}

static void financing_contract_rules(struct form *form, const struct form_present *present)
{
    const struct financing_contract *contract = &form->filing.details.financing_contract;

    creditor_rules(form, &contract->creditor, present);
    if (date_before(contract->value_on, contract->signed_on)) {
        fail(form, CODE_DATE_ORDER, "/details/value_on");
    }
    if (date_before(contract->matures_on, contract->value_on)) {
        fail(form, CODE_DATE_ORDER, "/details/matures_on");
    }
}

static void financing_interest_rules(struct form *form, const struct form_present *present)
{
    const struct financing_interest *interest = &form->filing.details.financing_interest;

    (void)present;
    if (date_before(interest->period_to, interest->period_from)) {
        fail(form, CODE_DATE_ORDER, "/details/period_to");
    }
}

static void financing_assignment_rules(struct form *form, const struct form_present *present)
{
    creditor_rules(form, &form->filing.details.financing_assignment.creditor, present);
}

static void outbound_registration_rules(struct form *form, const struct form_present *present)
{
    const struct outbound_registration *registration = &form->filing.details.outbound_registration;

    (void)present;
    if (currency_differs(registration->cash, registration->total)) {
        fail(form, CODE_SHARES, "/details/cash/currency");
    }
    if (amount_above(registration->cash, registration->total)) {
        fail(form, CODE_SHARES, "/details/cash");
    }
}

static rules_fn *const rules[EVENT_N] = {
    [EVENT_FDI_REGISTRATION] = fdi_registration_rules,
    [EVENT_FDI_INCREASE] = fdi_increase_rules,
    [EVENT_FDI_DECREASE] = fdi_decrease_rules,
    [EVENT_FDI_TRANSFER] = fdi_transfer_rules,
    [EVENT_FINANCING_PROFILE] = financing_profile_rules,
    [EVENT_FINANCING_CONTRACT] = financing_contract_rules,
    [EVENT_FINANCING_INTEREST] = financing_interest_rules,
    [EVENT_FINANCING_ASSIGNMENT] = financing_assignment_rules,
    [EVENT_OUTBOUND_REGISTRATION] = outbound_registration_rules,
};

void form_rules_details(struct form *form, const struct form_present *present)
{
    assert(form->filing.event < EVENT_N);
    if (rules[form->filing.event]) {
        rules[form->filing.event](form, present);
    }
}
