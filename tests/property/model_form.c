/* The faults of form that a struct filing can show (106 to 116), and the events of every model. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "model_inside.h"

/* ---- form ---------------------------------------------------------------------------------- */

static void not_after(struct trial *t, int32_t on, const char *field)
{
    if (on != DATE_NONE && on > t->filing->business_on) {
        refuse(t, 115, field);
    }
}

/* A money that must be above zero, in a currency that may be used on the day; false when its amount
 * is not to be compared. */
static bool check_money(struct trial *t, struct money money, bool may_be_zero, const char *field)
{
    char path[96];
    bool is_good = true;

    if (money.currency == CURRENCY_NONE) {
        return false;
    }
    if (!iso_currency_usable(money.currency, t->filing->business_on)) {
        (void)snprintf(path, sizeof(path), "%s/currency", field);
        refuse(t, 107, path); /* its amount can be compared all the same: it has two decimals */
    }
    if (money.minor == 0 && !may_be_zero) {
        (void)snprintf(path, sizeof(path), "%s/value", field);
        refuse(t, 108, path);
        is_good = false;
    }
    return is_good;
}

/* One filing keeps to one currency: that of the money that leads. */
static bool keeps_to(struct trial *t, struct money leads, struct money other, const char *field)
{
    char path[96];

    if (other.currency == CURRENCY_NONE || other.currency == leads.currency) {
        return true;
    }
    (void)snprintf(path, sizeof(path), "%s/currency", field);
    refuse(t, 116, path);
    return false;
}

static void check_investors(struct trial *t, const struct fdi_registration *d, bool is_good)
{
    wide sum = 0;
    int64_t shares = 0;
    char path[64];

    for (uint32_t i = 0; i < d->investors_n; i++) {
        const struct fdi_investor *of = &d->investors[i];
        bool is_one = true;

        (void)snprintf(path, sizeof(path), "/details/investors/%u/subscribed", i);
        is_good = check_money(t, of->subscribed, false, path) && is_good;
        is_one = keeps_to(t, d->registered_capital, of->subscribed, path);
        (void)snprintf(path, sizeof(path), "/details/investors/%u/cash", i);
        is_good = check_money(t, of->cash, true, path) && is_good;
        is_one = keeps_to(t, d->registered_capital, of->cash, path) && is_one;
        if (is_one && of->cash.minor > of->subscribed.minor) {
            refuse(t, 116, path);
        }
        is_good = is_good && is_one;
        sum += of->subscribed.minor;
        shares += of->share_bp;
        for (uint32_t k = 0; k < i; k++) {
            if (same(d->investors[k].investor_no, of->investor_no)) {
                (void)snprintf(path, sizeof(path), "/details/investors/%u/investor_no", i);
                refuse(t, 101, path);
            }
        }
    }
    if (shares != 10000) {
        refuse(t, 116, "/details/investors");
    }
    if (is_good && sum != d->registered_capital.minor) {
        refuse(t, 116, "/details/registered_capital");
    }
}

static void check_fdi_registration(struct trial *t)
{
    const struct fdi_registration *d = &t->filing->details.fdi_registration;
    bool is_good = check_money(t, d->registered_capital, false, "/details/registered_capital");

    (void)check_money(t, d->total_investment, false, "/details/total_investment");
    (void)keeps_to(t, d->registered_capital, d->total_investment, "/details/total_investment");
    not_after(t, d->established_on, "/details/established_on");
    check_investors(t, d, is_good);
}

static void check_profile(struct trial *t)
{
    const struct financing_profile *d = &t->filing->details.financing_profile;

    not_after(t, d->established_on, "/details/established_on");
    not_after(t, d->audited_on, "/details/audited_on");
    not_after(t, d->penalised_on, "/details/penalised_on");
    (void)check_money(t, d->net_assets, false, "/details/net_assets");
    (void)check_money(t, d->total_investment, false, "/details/total_investment");
    (void)check_money(t, d->registered_capital, false, "/details/registered_capital");
    (void)check_money(t, d->paid_in, true, "/details/paid_in");
    (void)keeps_to(t, d->registered_capital, d->total_investment, "/details/total_investment");
    (void)keeps_to(t, d->registered_capital, d->paid_in, "/details/paid_in");
    if (d->mode != MODE_GAP) {
        return;
    }
    if (d->total_investment.currency == CURRENCY_NONE) {
        refuse(t, 101, "/details/total_investment");
    }
    if (d->registered_capital.currency == CURRENCY_NONE) {
        refuse(t, 101, "/details/registered_capital");
    }
    if (d->paid_in.currency == CURRENCY_NONE) {
        refuse(t, 101, "/details/paid_in");
    }
    if (!d->has_foreign_paid_in_bp) {
        refuse(t, 101, "/details/foreign_paid_in_bp");
    }
}

static void check_contract(struct trial *t)
{
    const struct financing_contract *d = &t->filing->details.financing_contract;

    not_after(t, d->signed_on, "/details/signed_on");
    (void)check_money(t, d->money, false, "/details/money");
    if (d->value_on < d->signed_on) {
        refuse(t, 115, "/details/value_on");
    }
    if (d->matures_on < d->value_on) {
        refuse(t, 115, "/details/matures_on");
    }
    if (d->creditor.kind == CREDITOR_BANK && d->creditor.bic.n == 0) {
        refuse(t, 114, "/details/creditor/bic");
    }
}

static void check_outbound(struct trial *t)
{
    const struct outbound_registration *d = &t->filing->details.outbound_registration;
    bool is_good = check_money(t, d->total, false, "/details/total");

    is_good = check_money(t, d->cash, true, "/details/cash") && is_good;
    if (keeps_to(t, d->total, d->cash, "/details/cash") && is_good &&
        d->cash.minor > d->total.minor) {
        refuse(t, 116, "/details/cash");
    }
}

static void check_increase(struct trial *t, const struct fdi_increase *d)
{
    bool is_good = check_money(t, d->subscribed, false, "/details/subscribed");

    is_good = check_money(t, d->cash, true, "/details/cash") && is_good;
    if (keeps_to(t, d->subscribed, d->cash, "/details/cash") && is_good &&
        d->cash.minor > d->subscribed.minor) {
        refuse(t, 116, "/details/cash");
    }
}

static void check_decrease(struct trial *t, const struct fdi_decrease *d)
{
    (void)check_money(t, d->money, false, "/details/money");
    not_after(t, d->resolution_on, "/details/resolution_on");
    not_after(t, d->notified_on, "/details/notified_on");
    if (d->notified_on < d->resolution_on || d->notified_on > d->resolution_on + 10) {
        refuse(t, 115, "/details/notified_on");
    }
    if (d->published_on < d->resolution_on || d->published_on > d->resolution_on + 30) {
        refuse(t, 115, "/details/published_on");
    }
}

static bool check_fdi_form(struct trial *t)
{
    const struct filing *filing = t->filing;
    const union details *d = &filing->details;

    if (filing->event == EVENT_FDI_INCREASE) {
        check_increase(t, &d->fdi_increase);
    } else if (filing->event == EVENT_FDI_DECREASE) {
        check_decrease(t, &d->fdi_decrease);
    } else if (filing->event == EVENT_FDI_TRANSFER) {
        (void)check_money(t, d->fdi_transfer.price, false, "/details/price");
        if (d->fdi_transfer.has_buyer && d->fdi_transfer.seller_no.n > 0 &&
            same(d->fdi_transfer.seller_no, d->fdi_transfer.buyer.investor_no)) {
            refuse(t, 101, "/details/buyer/investor_no");
        }
    } else if (filing->event == EVENT_FDI_PROFIT_REMITTANCE) {
        (void)check_money(t, d->fdi_profit_remittance.distributable, false,
                          "/details/distributable");
        (void)check_money(t, d->fdi_profit_remittance.money, false, "/details/money");
        not_after(t, d->fdi_profit_remittance.resolution_on, "/details/resolution_on");
    } else if (filing->event == EVENT_FDI_LIQUIDATION) {
        (void)check_money(t, d->fdi_liquidation.distribution, false, "/details/distribution");
    } else if (filing->event == EVENT_FDI_SETTLEMENT) {
        (void)check_money(t, d->fdi_settlement.money, false, "/details/money");
    } else if (filing->event == EVENT_FDI_REINVESTMENT) {
        (void)check_money(t, d->fdi_reinvestment.money, false, "/details/money");
    } else if (filing->event == EVENT_FDI_OUTWARD_REMITTANCE) {
        (void)check_money(t, d->fdi_outward_remittance.money, false, "/details/money");
    } else if (filing->event == EVENT_FDI_PRELIMINARY) {
        (void)check_money(t, d->fdi_preliminary.money, false, "/details/money");
    } else if (filing->event == EVENT_FDI_PRELIMINARY_INFLOW) {
        (void)check_money(t, d->fdi_preliminary_inflow.money, false, "/details/money");
    } else if (filing->event == EVENT_FDI_PRELIMINARY_REFUND) {
        (void)check_money(t, d->fdi_preliminary_refund.money, false, "/details/money");
    } else if (filing->event == EVENT_FDI_PRELIMINARY_CONVERT) {
        (void)check_money(t, d->fdi_preliminary_convert.money, false, "/details/money");
    } else {
        return filing->event == EVENT_FDI_PAYMENT || filing->event == EVENT_FDI_DEREGISTRATION;
    }
    return true;
}

static bool check_outbound_form(struct trial *t)
{
    const struct filing *filing = t->filing;
    const union details *d = &filing->details;

    if (filing->event == EVENT_OUTBOUND_IN_KIND) {
        (void)check_money(t, d->outbound_in_kind.money, false, "/details/money");
    } else if (filing->event == EVENT_OUTBOUND_CHANGE) {
        (void)check_money(t, d->outbound_change.cash_delta, false, "/details/cash_delta");
    } else if (filing->event == EVENT_OUTBOUND_PROFIT_RETURN) {
        (void)check_money(t, d->outbound_profit_return.money, false, "/details/money");
    } else if (filing->event == EVENT_OUTBOUND_CAPITAL_RETURN) {
        (void)check_money(t, d->outbound_capital_return.money, false, "/details/money");
    } else if (filing->event == EVENT_OUTBOUND_COMPLETION) {
        not_after(t, d->outbound_completion.completed_on, "/details/completed_on");
    } else if (filing->event == EVENT_OUTBOUND_LENDING_BASIS) {
        not_after(t, d->outbound_lending_basis.audited_on, "/details/audited_on");
        not_after(t, d->outbound_lending_basis.established_on, "/details/established_on");
    } else if (filing->event == EVENT_OUTBOUND_LOAN) {
        (void)check_money(t, d->outbound_loan.money, false, "/details/money");
        not_after(t, d->outbound_loan.signed_on, "/details/signed_on");
    } else if (filing->event == EVENT_OUTBOUND_LOAN_REMITTANCE) {
        (void)check_money(t, d->outbound_loan_remittance.money, false, "/details/money");
    } else if (filing->event == EVENT_OUTBOUND_LOAN_RETURN) {
        (void)check_money(t, d->outbound_loan_return.money, false, "/details/money");
    } else {
        return false;
    }
    return true;
}

static bool check_terms_form(struct trial *t)
{
    const struct filing *filing = t->filing;
    const union details *d = &filing->details;

    if (filing->event == EVENT_FINANCING_CAPITALISATION) {
        (void)check_money(t, d->financing_capitalisation.money, false, "/details/money");
    } else if (filing->event == EVENT_FINANCING_FORGIVENESS) {
        (void)check_money(t, d->financing_forgiveness.money, false, "/details/money");
    } else if (filing->event == EVENT_FINANCING_EQUITY_CONVERSION) {
        (void)check_money(t, d->financing_equity_conversion.money, false, "/details/money");
    } else if (filing->event == EVENT_FINANCING_INTEREST) {
        (void)check_money(t, d->financing_interest.money, false, "/details/money");
        if (d->financing_interest.period_to < d->financing_interest.period_from) {
            refuse(t, 115, "/details/period_to");
        }
    } else if (filing->event == EVENT_FINANCING_AMENDMENT) {
        (void)check_money(t, d->financing_amendment.money, false, "/details/money");
        not_after(t, d->financing_amendment.agreed_on, "/details/agreed_on");
    } else if (filing->event == EVENT_FINANCING_EXTENSION) {
        not_after(t, d->financing_extension.agreed_on, "/details/agreed_on");
    } else if (filing->event == EVENT_FINANCING_ASSIGNMENT) {
        not_after(t, d->financing_assignment.agreed_on, "/details/agreed_on");
        if (d->financing_assignment.creditor.kind == CREDITOR_BANK &&
            d->financing_assignment.creditor.bic.n == 0) {
            refuse(t, 114, "/details/creditor/bic");
        }
    } else {
        return false;
    }
    return true;
}

void check_form(struct trial *t)
{
    const struct filing *filing = t->filing;
    const union details *d = &filing->details;

    if (filing->business_on > t->fact->received_on) {
        refuse(t, 106, "/business_date");
    }
    if (same(filing->maker, filing->checker)) {
        refuse(t, 112, "/checker");
    }
    if (filing->event == EVENT_FDI_REGISTRATION) {
        check_fdi_registration(t);
    } else if (filing->event == EVENT_FINANCING_PROFILE) {
        check_profile(t);
    } else if (filing->event == EVENT_FINANCING_CONTRACT) {
        check_contract(t);
    } else if (filing->event == EVENT_OUTBOUND_REGISTRATION) {
        check_outbound(t);
    } else if (filing->event == EVENT_FDI_INFLOW) {
        (void)check_money(t, d->fdi_inflow.money, false, "/details/money");
    } else if (filing->event == EVENT_FINANCING_DRAWDOWN) {
        (void)check_money(t, d->financing_drawdown.money, false, "/details/money");
    } else if (filing->event == EVENT_FINANCING_REPAYMENT) {
        (void)check_money(t, d->financing_repayment.money, false, "/details/money");
    } else if (check_fdi_form(t) || check_outbound_form(t) || check_terms_form(t)) {
        return;
    } else if (filing->event == EVENT_OUTBOUND_PRELIMINARY) {
        (void)check_money(t, d->outbound_preliminary.planned_total, false,
                          "/details/planned_total");
        (void)check_money(t, d->outbound_preliminary.money, false, "/details/money");
    } else if (filing->event == EVENT_OUTBOUND_PRELIMINARY_REMITTANCE) {
        (void)check_money(t, d->outbound_preliminary_remittance.money, false, "/details/money");
    } else if (filing->event == EVENT_OUTBOUND_PRELIMINARY_REFUND) {
        (void)check_money(t, d->outbound_preliminary_refund.money, false, "/details/money");
    } else if (filing->event == EVENT_OUTBOUND_REMITTANCE) {
        (void)check_money(t, d->outbound_remittance.money, false, "/details/money");
    }
}

/* ---- reversal, review, withdrawal ---------------------------------------------------------- */

static bool shares_a_name(const struct filing *a, const struct filing *b)
{
    struct name one[NAMES_MAX];
    struct name two[NAMES_MAX];
    size_t one_n = names_of(a, one);
    size_t two_n = names_of(b, two);

    for (size_t i = 0; i < one_n * two_n; i++) {
        if (one[i / two_n].matter == two[i % two_n].matter &&
            same(one[i / two_n].number, two[i % two_n].number)) {
            return true;
        }
    }
    return false;
}

static bool depends(const struct fact *later, const struct fact *original)
{
    enum event event = later->filing.event;

    if (later->reversed || later->accepted_number <= original->accepted_number) {
        return false;
    }
    if (original->filing.event == EVENT_FINANCING_PROFILE && event >= EVENT_FINANCING_PROFILE &&
        event <= EVENT_FINANCING_DEREGISTRATION) {
        return true;
    }
    if (original->filing.event == EVENT_OUTBOUND_LENDING_BASIS &&
        event >= EVENT_OUTBOUND_LENDING_BASIS && event <= EVENT_OUTBOUND_LOAN_CLOSURE) {
        return true;
    }
    return shares_a_name(&later->filing, &original->filing);
}

static bool may_be_reversed(const struct model *m, const struct fact *original)
{
    enum event event = EVENT_NONE;

    if (original == NULL || original->outcome != OUTCOME_ACCEPTED || original->reversed) {
        return false;
    }
    event = original->filing.event;
    if (event == EVENT_REVERSAL || event == EVENT_REVIEW || event == EVENT_WITHDRAWAL) {
        return false;
    }
    for (size_t i = 0;;) {
        const struct fact *later = standing_fact(m, &i);

        if (later == NULL) {
            return true;
        }
        if (depends(later, original)) {
            return false;
        }
    }
}

/* R4 for one limit after it was turned back. */
static bool is_broken(const struct trial *t, const struct line *line, bool counts_fall)
{
    struct amounts is = balance_of(t->m, line->id);
    bool is_strict =
        (line->change.limit < 0 && counts_fall) || line->change.used + line->change.reserved > 0;

    is.limit += line->change.limit;
    is.used += line->change.used;
    is.reserved += line->change.reserved;
    return is.used < 0 || is.reserved < 0 || is.limit < 0 ||
           (is_strict && is.used + is.reserved > is.limit);
}

/* The currency of a mode's limit to which nothing was posted yet: only a profile leaves it so. */
static int32_t unit_of_filing(const struct fact *original)
{
    const struct financing_profile *p = &original->filing.details.financing_profile;

    if (original->filing.event != EVENT_FINANCING_PROFILE || p->mode == MODE_MACROPRUDENTIAL) {
        return CURRENCY_CNY;
    }
    return p->mode == MODE_GAP ? p->total_investment.currency : CURRENCY_USD;
}

/* What the reversal posts, and R4 about it: 217 is a code of standing. */
static void turn_back(struct trial *t, const struct fact *original)
{
    bool is_frame = original->filing.event == EVENT_FINANCING_PROFILE ||
                    original->filing.event == EVENT_OUTBOUND_LENDING_BASIS;
    wide worth = 0;
    enum worth state = WORTH_STAYS;

    memcpy(t->follows, original->follows, sizeof(t->follows));
    if (t->follows[0] != '\0') {
        state = strcmp(t->follows, "outbound.lending") == 0
                    ? worth_of_lending(t, original, &worth)
                    : worth_of_mode(t, t->follows, original, &worth);
    }
    if (t->lacks_n > 0) {
        return;
    }
    for (size_t i = 0; i < original->lines_n; i++) {
        const struct line *line = &original->lines[i];
        bool follows = strcmp(line->id, t->follows) == 0;

        post(t, line->id, line->currency,
             (struct amounts){.limit = follows ? 0 : -line->change.limit,
                              .used = -line->change.used,
                              .reserved = -line->change.reserved});
    }
    if (t->follows[0] != '\0' && state != WORTH_STAYS) {
        wide target = state == WORTH_KNOWN ? worth : 0;

        post(t, t->follows, currency_of_limit(t->m, t->follows, unit_of_filing(original)),
             (struct amounts){.limit = (int64_t)target - balance_of(t->m, t->follows).limit});
    }
    for (size_t i = 0; i < t->lines_n; i++) {
        bool follows = strcmp(t->lines[i].id, t->follows) == 0;

        if (is_broken(t, &t->lines[i], !follows || is_frame)) {
            refuse(t, 217, "/details/reverses");
        }
    }
}

void try_reversal(struct trial *t)
{
    struct model *m = t->m;
    struct fact *original = fact_of(m, t->filing->bank, t->filing->details.reversal.reverses);
    bool was_accepted = original != NULL && original->accepted_number > 0;

    t->is_basis_silent = true;
    if (may_be_reversed(m, original)) {
        turn_back(t, original);
    } else {
        refuse(t, 217, "/details/reverses");
    }
    if (was_accepted && t->filing->business_on < original->filing.business_on) {
        refuse(t, 206, "/business_date");
    }
    if (!standing_over(t)) {
        return;
    }
    conclude(t);
    for (size_t i = 0; t->outcome == OUTCOME_ACCEPTED && i < m->facts_n; i++) {
        t->original = m->facts[i] == original ? i + 1 : t->original;
    }
}

void try_review(struct trial *t)
{
    const struct review *d = &t->filing->details.review;
    const struct fact *held = fact_of(t->m, d->reviewed_bank, d->reviews);

    if (held == NULL || held->outcome != OUTCOME_HELD || held->waits_for != 402) {
        refuse(t, 217, "/details/reviews");
    }
    if (standing_over(t)) {
        conclude(t);
    }
}

void try_withdrawal(struct trial *t)
{
    const struct withdrawal *d = &t->filing->details.withdrawal;
    const struct fact *held = fact_of(t->m, t->filing->bank, d->withdraws);

    if (held == NULL || held->outcome != OUTCOME_HELD) {
        refuse(t, 217, "/details/withdraws");
    }
    if (standing_over(t)) {
        conclude(t);
    }
}
