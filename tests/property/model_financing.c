/* Cross-border financing, as rulebook section 4 and readings C, L and S12 to S13 have it.
 *
 * What a contract owes and what it uses is followed from its signing through every accepted filing
 * that names it, each time anew. */
#include <assert.h>
#include <string.h>

#include "model_contract.h"
#include "model_registration.h"

static const struct text none = {0};
static const char *const certificate_words[] = {"", "HIGH_TECH", "SPECIALISED_NEW", "TECH_SME",
                                                "INNOVATION_POINTS"};

static struct text word(const char *s) { return (struct text){.at = s, .n = (uint32_t)strlen(s)}; }

const char *mode_limit(int32_t mode)
{
    static const char *const limits[] = {"", "financing.macroprudential", "financing.gap",
                                         "financing.facilitation"};

    return limits[mode];
}

bool is_long(int32_t value_on, int32_t matures_on)
{
    return matures_on > date_add_years(value_on, 1);
}

/* ---- profiles ------------------------------------------------------------------------------ */

/* The profile in force on a date, one left out; INT32_MAX: the one of the largest date (S13). */
static const struct fact *profile_on(const struct model *m, int32_t on, const struct fact *without)
{
    const struct fact *best = NULL;

    for (size_t i = 0;;) {
        const struct fact *fact = standing_fact(m, &i);

        if (fact == NULL) {
            return best;
        }
        if (fact->filing.event == EVENT_FINANCING_PROFILE && fact != without &&
            fact->filing.details.financing_profile.effective_on <= on &&
            (best == NULL || fact->filing.details.financing_profile.effective_on >=
                                 best->filing.details.financing_profile.effective_on)) {
            best = fact;
        }
    }
}

static int32_t unit_of(const struct financing_profile *p)
{
    return p->mode == MODE_MACROPRUDENTIAL ? CURRENCY_CNY
           : p->mode == MODE_GAP           ? p->total_investment.currency
                                           : CURRENCY_USD;
}

struct value {
    bool lacks_row;
    bool lacks_rate;
    bool below_class;
    wide minor;
};

static void value_macroprudential(struct trial *t, const struct financing_profile *p,
                                  struct value *ret)
{
    const struct parameter *leverage = use_plain_row(t, "MP.LEVERAGE", t->filing->business_on);
    const struct parameter *parameter = use_plain_row(t, "MP.PARAMETER", t->filing->business_on);

    ret->lacks_row = leverage == NULL || parameter == NULL;
    if (!ret->lacks_row && p->net_assets.currency != CURRENCY_NONE) {
        ret->minor = p->net_assets.minor * row_e10(leverage) * row_e10(parameter) / E10 / E10;
    }
}

/* The class of a holding company: the largest lower bound that its capital reaches. */
static void value_holding(struct trial *t, const struct financing_profile *p, struct value *ret)
{
    const struct reference_item *item = NULL;
    const struct parameter *best = NULL;
    wide best_usd = -1;
    wide usd = 0;
    bool is_any = false;
    struct exchange x = {.from = p->registered_capital.currency,
                         .to = CURRENCY_USD,
                         .on = t->filing->business_on,
                         .field = "/business_date"};

    for (size_t i = 0; i < t->m->items_n; i++) {
        item = t->m->items[i]->kind == REFERENCE_POLICY ? t->m->items[i] : item;
    }
    for (uint32_t i = 0; item != NULL && i < item->of.policy.parameters_n; i++) {
        const struct parameter *row = &item->of.policy.parameters[i];

        is_any = is_any || (same_word(row->id, "GAP.HOLDING.MULTIPLE") && x.on >= row->from_on &&
                            x.on <= row->to_on);
    }
    ret->lacks_row = !is_any;
    if (!is_any) {
        return;
    }
    if (!exchanged(t, p->registered_capital.minor, &x, UP, &usd)) {
        ret->lacks_rate = true;
        return;
    }
    for (uint32_t i = 0; i < item->of.policy.parameters_n; i++) {
        const struct parameter *row = &item->of.policy.parameters[i];
        wide bound = 0;

        if (!same_word(row->id, "GAP.HOLDING.MULTIPLE") || x.on < row->from_on ||
            x.on > row->to_on) {
            continue;
        }
        for (uint32_t k = 0; k < row->subject.n; k++) {
            bound = bound * 10 + (row->subject.at[k] - '0');
        }
        if (usd >= bound * 100 && bound > best_usd) {
            best = row;
            best_usd = bound;
        }
    }
    list_row_used(t, best);
    ret->below_class = best == NULL;
    ret->minor = best != NULL ? p->paid_in.minor * row_e10(best) / E10 : 0;
}

static struct value value_of(struct trial *t, const struct financing_profile *p)
{
    struct value value = {0};

    if (p->mode == MODE_MACROPRUDENTIAL) {
        value_macroprudential(t, p, &value);
    } else if (p->mode == MODE_GAP && p->subject == SUBJECT_HOLDING) {
        value_holding(t, p, &value);
    } else if (p->mode == MODE_GAP) {
        value.minor = ((wide)p->total_investment.minor - p->registered_capital.minor) *
                      p->foreign_paid_in_bp / 10000;
    } else {
        const struct parameter *row =
            use_row(t, "FAC.LIMIT.USD", word(certificate_words[p->certificate.kind]), p->region);

        value.lacks_row = row == NULL;
        value.minor = row != NULL ? row_e10(row) * 100 / E10 : 0;
    }
    return value;
}

enum worth worth_of_mode(struct trial *t, const char *id, const struct fact *without, wide *ret)
{
    const struct fact *in_force = profile_on(t->m, t->filing->business_on, without);
    const struct financing_profile *p = NULL;
    struct value value;
    bool is_any = false;

    for (size_t i = 0;;) {
        const struct fact *fact = standing_fact(t->m, &i);

        if (fact == NULL) {
            break;
        }
        is_any =
            is_any || (fact != without && fact->filing.event == EVENT_FINANCING_PROFILE &&
                       strcmp(mode_limit(fact->filing.details.financing_profile.mode), id) == 0);
    }
    if (!is_any) {
        return WORTH_NO_PROFILE_AT_ALL;
    }
    if (in_force == NULL) {
        return WORTH_STAYS;
    }
    p = &in_force->filing.details.financing_profile;
    if (strcmp(mode_limit(p->mode), id) != 0) {
        return WORTH_STAYS;
    }
    value = value_of(t, p);
    *ret = value.minor;
    return value.lacks_rate                       ? WORTH_PENDING
           : value.lacks_row || value.below_class ? WORTH_STAYS
                                                  : WORTH_KNOWN;
}

/* The last registration of the enterprise, in order of arrival, that is not closed. */
static const struct fact *own_registration(const struct model *m)
{
    const struct fact *last = NULL;

    for (size_t i = 0; i < m->facts_n; i++) {
        const struct fact *fact = m->facts[i];

        if (fact->filing.event == EVENT_FDI_REGISTRATION && fact->outcome == OUTCOME_ACCEPTED &&
            !fact->reversed && same(fact->filing.enterprise, m->enterprise)) {
            struct name name = {.matter = MATTER_REGISTRATION,
                                .number = fact->filing.details.fdi_registration.registration_no};

            last = is_closed(m, name) ? last : fact;
        }
    }
    return last;
}

static bool differs(struct money a, struct money b)
{
    return a.currency != b.currency || a.minor != b.minor;
}

static void check_against_registration(struct trial *t, const struct financing_profile *p)
{
    const struct fact *of = own_registration(t->m);
    struct company c;
    wide used = 0;
    wide limit = 0;

    if (of == NULL) {
        return;
    }
    c = follow_company(t->m, of);
    for (size_t i = 0; i < c.holders_n; i++) {
        char id[LIMIT_ID_SIZE];

        limit_id(id, "fdi.inflow", c.of->registration_no, c.holders[i].investor_no);
        used += balance_of(t->m, id).used;
        limit += balance_of(t->m, id).limit;
    }
    if (c.of->total_investment.currency != CURRENCY_NONE &&
        differs(c.of->total_investment, p->total_investment)) {
        refuse(t, 214, "/details/total_investment");
    }
    if (c.currency != p->registered_capital.currency ||
        c.registered != p->registered_capital.minor) {
        refuse(t, 214, "/details/registered_capital");
    }
    if (p->foreign_paid_in_bp > (limit == 0 ? 0 : used * 10000 / limit)) {
        refuse(t, 214, "/details/foreign_paid_in_bp");
    }
}

static void check_gap(struct trial *t, const struct financing_profile *p)
{
    int32_t keeps = currency_of_limit(t->m, "financing.gap", CURRENCY_NONE);

    /* A profile whose day has not come yet has its limit too, though nothing was posted. */
    for (size_t i = 0; keeps == CURRENCY_NONE;) {
        const struct fact *fact = standing_fact(t->m, &i);

        if (fact == NULL) {
            break;
        }
        if (fact->filing.event == EVENT_FINANCING_PROFILE &&
            fact->filing.details.financing_profile.mode == MODE_GAP) {
            keeps = fact->filing.details.financing_profile.total_investment.currency;
        }
    }
    if (keeps != CURRENCY_NONE && keeps != p->total_investment.currency) {
        refuse(t, 107, "/details/total_investment/currency");
    }
    if (p->total_investment.minor <= p->registered_capital.minor) {
        refuse(t, 212, "/details/total_investment");
    }
    if (p->paid_in.minor == 0) {
        refuse(t, 212, "/details/paid_in");
    }
    check_against_registration(t, p);
}

static void check_switch(struct trial *t, const struct financing_profile *p)
{
    const struct fact *before = profile_on(t->m, INT32_MAX, NULL);
    int32_t mode = 0;
    bool is_open = false;

    if (before == NULL || before->filing.details.financing_profile.mode == p->mode) {
        return;
    }
    mode = before->filing.details.financing_profile.mode;
    for (size_t i = 0;;) {
        const struct fact *fact = standing_fact(t->m, &i);

        if (fact == NULL) {
            break;
        }
        if (fact->filing.event == EVENT_FINANCING_CONTRACT) {
            struct name name = {.matter = MATTER_CONTRACT,
                                .number = fact->filing.details.financing_contract.contract_no};

            is_open = is_open || !is_closed(t->m, name);
        }
    }
    if (is_open || (mode == MODE_MACROPRUDENTIAL && p->mode == MODE_GAP)) {
        refuse(t, 209, "/details/mode");
    }
}

/* Conditions of the facilitation mode; one_field, when it is given, stands for all of them. */
static void check_facilitation(struct trial *t, const struct financing_profile *p,
                               const char *one_field)
{
    int32_t on = t->filing->business_on;

    if (!p->has_certificate) {
        refuse(t, 211, one_field ? one_field : "/details/certificate");
    } else if (p->certificate.valid_to < on) {
        refuse(t, 211, one_field ? one_field : "/details/certificate/valid_to");
    }
    if (date_add_years(p->established_on, 1) > on) {
        refuse(t, 212, one_field ? one_field : "/details/established_on");
    }
    if (p->subject != SUBJECT_GENERAL) {
        refuse(t, 212, one_field ? one_field : "/details/subject");
    }
    if (p->trade_class != TRADE_CLASS_NONE && p->trade_class != TRADE_CLASS_A) {
        refuse(t, 212, one_field ? one_field : "/details/trade_class");
    }
    if (p->penalised_on != DATE_NONE && date_add_years(p->penalised_on, 2) > on) {
        refuse(t, 212, one_field ? one_field : "/details/penalised_on");
    }
    if (p->has_certificate && value_of(t, p).lacks_row) {
        refuse(t, 212, one_field ? one_field : "/details/region");
    }
}

static void check_macroprudential(struct trial *t, const struct financing_profile *p)
{
    if (p->subject != SUBJECT_GENERAL && p->subject != SUBJECT_HOLDING) {
        refuse(t, 208, "/details/subject");
    }
    if (p->net_assets.currency == CURRENCY_NONE) {
        refuse(t, 210, "/details/net_assets");
    }
    if (p->audited_on == DATE_NONE) {
        refuse(t, 210, "/details/audited_on");
    }
    if (p->audit_no.n == 0) {
        refuse(t, 210, "/details/audit_no");
    }
}

void try_profile(struct trial *t)
{
    const struct financing_profile *p = &t->filing->details.financing_profile;
    int32_t on = t->filing->business_on;
    const struct fact *in_force = profile_on(t->m, on, NULL);
    struct value value = {0};

    if (p->mode == MODE_FACILITATION) {
        check_facilitation(t, p, NULL);
    } else {
        value = value_of(t, p);
        if (value.lacks_row) {
            refuse(t, 212, "/business_date");
        }
        if (value.below_class) {
            refuse(t, 212, "/details/registered_capital");
        }
    }
    if (p->mode == MODE_MACROPRUDENTIAL) {
        check_macroprudential(t, p);
    } else if (p->mode == MODE_GAP) {
        check_gap(t, p);
    }
    check_switch(t, p);
    if (!standing_over(t)) {
        return;
    }
    if (p->effective_on <= on &&
        (in_force == NULL ||
         p->effective_on >= in_force->filing.details.financing_profile.effective_on)) {
        const char *id = mode_limit(p->mode);

        value = value_of(t, p);
        memcpy(t->follows, id, strlen(id) + 1);
        post(t, id, unit_of(p),
             (struct amounts){.limit = (int64_t)(value.minor - balance_of(t->m, id).limit)});
    }
    conclude(t);
}

/* ---- contracts ----------------------------------------------------------------------------- */

wide reserved_of(const struct followed *c)
{
    const struct fact *s = c->signing;
    wide unit = c->undrawn;

    if (c->of->not_counted) {
        return 0;
    }
    if (c->of->money.currency != c->unit) {
        unit = divide(c->undrawn * s->rate * power10(iso_currency(c->unit)->exponent),
                      s->unit_rate * power10(iso_currency(c->of->money.currency)->exponent), UP);
    }
    return divide(c->weight * unit, E10, UP);
}

wide used_of(const struct followed *c)
{
    return c->of->not_counted ? 0 : divide(c->weight * c->frozen, E10, UP);
}

void draw(struct followed *c, wide minor, wide unit_minor)
{
    c->undrawn -= minor;
    c->outstanding += minor;
    c->frozen += unit_minor;
    c->drawn += minor;
    c->was_drawn = true;
}

void repay(struct followed *c, wide minor, bool revolves)
{
    bool keeps = c->of->mode == MODE_GAP && is_long(c->of->value_on, c->matures_on);
    wide again = minor < c->drawn ? minor : c->drawn;

    assert(c->outstanding >= minor && minor > 0);
    if (!keeps) {
        c->frozen -= minor == c->outstanding ? c->frozen : c->frozen * minor / c->outstanding;
    }
    c->outstanding -= minor;
    if (revolves) {
        c->undrawn += again;
        c->drawn -= again;
    }
}

/* What an accepted filing does to the contract that it names. */
void step_contract(struct followed *c, const struct fact *fact)
{
    const union details *d = &fact->filing.details;

    if (fact->filing.event == EVENT_FINANCING_DRAWDOWN) {
        draw(c, d->financing_drawdown.money.minor, fact->unit_minor);
    } else if (fact->filing.event == EVENT_FINANCING_CAPITALISATION) {
        c->outstanding += d->financing_capitalisation.money.minor;
        c->frozen += fact->unit_minor;
        c->was_drawn = true;
    } else if (fact->filing.event == EVENT_FINANCING_REPAYMENT) {
        repay(c, d->financing_repayment.money.minor, c->of->revolving);
    } else if (fact->filing.event == EVENT_FINANCING_FORGIVENESS) {
        repay(c, d->financing_forgiveness.money.minor, false);
    } else if (fact->filing.event == EVENT_FINANCING_EQUITY_CONVERSION) {
        repay(c, d->financing_equity_conversion.money.minor, false);
    } else if (fact->filing.event == EVENT_FINANCING_EXTENSION) {
        c->matures_on = d->financing_extension.matures_on;
        c->weight = fact->weight;
    } else if (fact->filing.event == EVENT_FINANCING_AMENDMENT) {
        c->undrawn += d->financing_amendment.money.minor - c->amount;
        c->amount = d->financing_amendment.money.minor;
    } else if (fact->filing.event == EVENT_FINANCING_CANCELLATION ||
               fact->filing.event == EVENT_FINANCING_DEREGISTRATION) {
        c->undrawn = 0;
    }
}

struct followed follow_contract(const struct model *m, const struct fact *signing)
{
    const struct financing_contract *of = &signing->filing.details.financing_contract;
    struct name name = {.matter = MATTER_CONTRACT, .number = of->contract_no};
    struct followed c = {.signing = signing,
                         .of = of,
                         .unit = signing->unit,
                         .weight = signing->weight,
                         .matures_on = of->matures_on,
                         .amount = of->money.minor,
                         .undrawn = of->money.minor};

    for (size_t i = 0;;) {
        const struct fact *fact = standing_fact(m, &i);

        if (fact == NULL) {
            return c;
        }
        if (names(&fact->filing, name)) {
            step_contract(&c, fact);
        }
    }
}

/* L1: the limit takes its value of the day; what has to be added to it. */
wide set_limit(struct trial *t, const char *id)
{
    wide worth = 0;

    memcpy(t->follows, id, strlen(id) + 1);
    if (worth_of_mode(t, id, NULL, &worth) != WORTH_KNOWN) {
        return 0;
    }
    return worth - balance_of(t->m, id).limit;
}

struct use use_of(const struct followed *c)
{
    return (struct use){.reserved = reserved_of(c), .used = used_of(c)};
}

void post_use(struct trial *t, const struct followed *c, struct use before, wide limit)
{
    struct use after = use_of(c);

    if (!c->of->not_counted) {
        post(t, mode_limit(c->of->mode), c->unit,
             (struct amounts){.limit = (int64_t)limit,
                              .used = (int64_t)(after.used - before.used),
                              .reserved = (int64_t)(after.reserved - before.reserved)});
    }
}

static void check_signing(struct trial *t, const struct financing_contract *d)
{
    int32_t on = t->filing->business_on;
    const struct parameter *days = use_plain_row(t, "FIN.SIGN.WORKING_DAYS", on);
    const struct parameter *use = row_of(t->m, "FDI.USE.FORBIDDEN", d->purpose, none, on);

    if (days != NULL && working_days(t->m, d->signed_on, on) > days->number.numerator) {
        t->flags |= FLAG_LATE;
    }
    if (is_long(d->value_on, d->matures_on) &&
        use_plain_row(t, "FIN.NDRC.FROM", d->signed_on) != NULL && d->ndrc_certificate_no.n == 0) {
        refuse(t, 214, "/details/ndrc_certificate_no");
    }
    if (use != NULL) {
        list_row_used(t, use);
        refuse(t, 218, "/details/purpose");
    }
    if (d->not_counted && t->filing->note.n == 0) {
        refuse(t, 214, "/note");
    }
}

wide weight_of(struct trial *t, const struct financing_contract *d, int32_t matures_on)
{
    int32_t on = t->filing->business_on;
    const struct parameter *term = NULL;
    const struct parameter *fx = NULL;

    if (d->mode != MODE_MACROPRUDENTIAL) {
        return E10;
    }
    term =
        use_plain_row(t, is_long(d->value_on, matures_on) ? "MP.TERM.LONG" : "MP.TERM.SHORT", on);
    if (d->money.currency != CURRENCY_CNY) {
        fx = use_plain_row(t, "MP.FX", on);
    }
    return (term != NULL ? row_e10(term) : 0) + (fx != NULL ? row_e10(fx) : 0);
}

/* The rates of the sign date are kept with the contract. */
static void keep_rates(struct trial *t, const struct financing_contract *d, int32_t unit)
{
    struct exchange x = {
        .from = d->money.currency, .to = unit, .on = d->signed_on, .field = "/details/signed_on"};
    int32_t sheet = 0;
    wide ignored = 0;

    if (x.from != x.to && exchanged(t, d->money.minor, &x, UP, &ignored)) {
        (void)rate_of(t->m, x.from, x.on, &sheet, &t->fact->rate);
        (void)rate_of(t->m, x.to, x.on, &sheet, &t->fact->unit_rate);
    }
}

static void sign(struct trial *t, const struct financing_contract *d)
{
    const char *id = mode_limit(d->mode);
    struct followed c;
    wide limit = 0;
    char own[LIMIT_ID_SIZE];

    t->fact->unit =
        unit_of(&profile_on(t->m, t->filing->business_on, NULL)->filing.details.financing_profile);
    c = follow_contract(t->m, t->fact);
    if (!d->not_counted) {
        t->fact->weight = weight_of(t, d, d->matures_on);
        keep_rates(t, d, c.unit);
        limit = set_limit(t, id);
    }
    if (!rates_over(t)) {
        return;
    }
    c.weight = t->fact->weight;
    c.undrawn = d->money.minor;
    c.outstanding = 0;
    c.frozen = 0;
    if (!d->not_counted) {
        test_amount(t, 301,
                    &(struct amount_test){.field = "/details/money",
                                          .limit = id,
                                          .currency = c.unit,
                                          .free = free_of(t->m, id) + limit,
                                          .asked = reserved_of(&c)});
    }
    post_use(t, &c, (struct use){0}, limit);
    limit_id(own, "financing.contract", d->contract_no, none);
    post(t, own, d->money.currency, (struct amounts){.limit = d->money.minor});
    conclude(t);
}

void try_contract(struct trial *t)
{
    const struct financing_contract *d = &t->filing->details.financing_contract;
    const struct fact *in_force = profile_on(t->m, t->filing->business_on, NULL);
    int only = 0;

    (void)number_is_new(t, (struct name){.matter = MATTER_CONTRACT, .number = d->contract_no},
                        "/details/contract_no");
    check_signing(t, d);
    if (in_force == NULL) {
        only = 220;
    } else if (in_force->filing.details.financing_profile.mode != d->mode) {
        only = 209;
    } else if (d->mode == MODE_FACILITATION) {
        check_facilitation(t, &in_force->filing.details.financing_profile, "/details/mode");
    }
    if (only != 0) {
        t->whys_n = 0;
        refuse(t, only, "/details/mode");
    }
    if (standing_over(t)) {
        sign(t, d);
    }
}

/* L3: did a parameter of the mode's limit fall after the contract was signed? */
static bool has_fallen(struct trial *t, const struct financing_contract *of)
{
    static const char *const ids[] = {"MP.LEVERAGE", "MP.PARAMETER", "FAC.LIMIT.USD"};
    int32_t on = t->filing->business_on;
    const struct fact *in_force = profile_on(t->m, on, NULL);
    bool is_facilitation = of->mode == MODE_FACILITATION;
    struct text subject = none;
    struct text region = none;

    if (of->mode == MODE_GAP) {
        return false;
    }
    if (is_facilitation) {
        const struct financing_profile *p = NULL;

        if (in_force == NULL ||
            in_force->filing.details.financing_profile.mode != MODE_FACILITATION) {
            return false;
        }
        p = &in_force->filing.details.financing_profile;
        subject = word(certificate_words[p->certificate.kind]);
        region = p->region;
    }
    for (size_t i = is_facilitation ? 2 : 0; i < (is_facilitation ? 3 : 2); i++) {
        const struct parameter *now = row_of(t->m, ids[i], subject, region, on);
        const struct parameter *then = row_of(t->m, ids[i], subject, region, of->signed_on);

        if (now != NULL && then != NULL && now->from_on > of->signed_on &&
            row_e10(now) < row_e10(then)) {
            return true;
        }
    }
    return false;
}

/* Checks of a filing on a contract; NULL when those that need it are left out. */
const struct fact *named_contract(struct trial *t, struct text number, struct money money)
{
    const struct fact *signing =
        named_object(t, (struct name){.matter = MATTER_CONTRACT, .number = number},
                     EVENT_FINANCING_CONTRACT, "/details/contract_no");

    if (signing != NULL && money.currency != CURRENCY_NONE &&
        signing->filing.details.financing_contract.money.currency != money.currency) {
        refuse(t, 107, "/details/money/currency");
    }
    return signing;
}

void test_use(struct trial *t, const struct changed *by, bool may_be_grandfathered)
{
    const struct followed *before = by->before;
    const struct followed *after = by->after;
    const char *id = mode_limit(after->of->mode);
    struct use was = use_of(before);
    struct use is = use_of(after);
    wide free = free_of(t->m, id) + by->limit;
    wide asked = is.used + is.reserved - was.used - was.reserved;

    if (may_be_grandfathered && asked > free && has_fallen(t, after->of)) {
        t->flags |= FLAG_GRANDFATHERED;
        return;
    }
    test_amount(t, 301,
                &(struct amount_test){.field = by->field,
                                      .limit = id,
                                      .currency = after->unit,
                                      .free = free,
                                      .asked = asked});
}

static void take_drawdown(struct trial *t, struct followed *c)
{
    const struct financing_drawdown *d = &t->filing->details.financing_drawdown;
    struct followed before = *c;
    struct exchange x = {.from = d->money.currency,
                         .to = c->unit,
                         .on = t->filing->business_on,
                         .field = "/business_date"};
    wide unit_minor = 0;
    wide limit = 0;
    char id[LIMIT_ID_SIZE];

    if (!c->of->not_counted) {
        (void)exchanged(t, d->money.minor, &x, UP, &unit_minor);
        limit = set_limit(t, mode_limit(c->of->mode));
    }
    if (!rates_over(t)) {
        return;
    }
    t->fact->unit_minor = unit_minor;
    draw(c, d->money.minor, unit_minor);
    limit_id(id, "financing.contract", d->contract_no, none);
    test_amount(t, 302,
                &(struct amount_test){.field = "/details/money",
                                      .limit = id,
                                      .currency = d->money.currency,
                                      .free = before.undrawn,
                                      .asked = d->money.minor});
    post(t, id, d->money.currency, (struct amounts){.used = d->money.minor});
    c->undrawn = c->undrawn < 0 ? 0 : c->undrawn;
    if (!c->of->not_counted) {
        test_use(t,
                 &(struct changed){
                     .before = &before, .after = c, .limit = limit, .field = "/details/money"},
                 true);
    }
    post_use(t, c, use_of(&before), limit);
    limit_id(id, "financing.principal", d->contract_no, none);
    post(t, id, d->money.currency, (struct amounts){.limit = d->money.minor});
    conclude(t);
}

void try_drawdown(struct trial *t)
{
    const struct financing_drawdown *d = &t->filing->details.financing_drawdown;
    const struct fact *signing = named_contract(t, d->contract_no, d->money);
    struct followed c;

    if (signing != NULL &&
        signing->filing.details.financing_contract.mode == MODE_MACROPRUDENTIAL) {
        const struct parameter *wait =
            use_plain_row(t, "FIN.DRAW.WAIT_WORKING_DAYS", t->filing->business_on);

        if (wait != NULL && working_days(t->m, signing->filing.business_on,
                                         t->filing->business_on) < wait->number.numerator) {
            refuse(t, 219, "/business_date");
        }
    }
    if (!standing_over(t)) {
        return;
    }
    assert(signing != NULL);
    c = follow_contract(t->m, signing);
    take_drawdown(t, &c);
}
