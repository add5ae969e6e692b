/* Random filings of one enterprise, three properties:
 *   - after every decision the invariants of rulebook section 6 hold, and the postings of a limit
 *     add up to its balance;
 *   - a state that goes through its bytes decides as one that does not;
 *   - reversed from the last to the first, every accepted filing leaves exactly the state that it
 *     found.
 * A failure names its seed. */
#include "../unit/core_fixture.h"
#include "consumers/store/state.h"

enum { SEEDS = 150, STEPS = 90, DAYS = 40, STATE_BYTES_MAX = 1 << 20 };

struct run {
    struct fixture *f;
    struct enterprise *twin; /* decides the same, from bytes */
    struct decide_result twin_result;
    struct buffer bytes;
    struct buffer twin_bytes;
    uint64_t seed;
    uint64_t chance;
    int32_t day;
    char ids[STEPS * 3][8];
    uint32_t ids_n;
    struct fdi_investor investors[STEPS * 3][3];
    struct buffer before[STEPS * 3]; /* what accepted filing i found, by place in f->filed */
};

static uint32_t pick(struct run *r, uint32_t n)
{
    r->chance ^= r->chance << 13;
    r->chance ^= r->chance >> 7;
    r->chance ^= r->chance << 17;
    return (uint32_t)(r->chance >> 33) % n;
}

static const char *const numbers[] = {"REG00001", "REG00002", "REG00003"};
static const char *const applications[] = {"APP00001", "APP00002"};
static const char *const sellers[] = {"F1", "F2", "D1", ""}; /* never the buyer: form */
static const char *const investors[] = {"F1", "F2", "D1", "N1"};
static const int32_t currencies[] = {CURRENCY_USD, CURRENCY_USD, CURRENCY_EUR, CURRENCY_CNY};

static struct text one_of(struct run *r, const char *const *words, uint32_t n)
{
    return T(words[pick(r, n)]);
}

#define ONE_OF(r, words) one_of(r, words, sizeof(words) / sizeof((words)[0]))

static struct money amount(struct run *r, int32_t currency)
{
    return (struct money){.minor = 1 + pick(r, 100000), .currency = currency};
}

static struct money any_amount(struct run *r) { return amount(r, currencies[pick(r, 4)]); }

/* ---- one random filing --------------------------------------------------------------------- */

static struct filing begin(struct run *r, enum event event)
{
    struct filing filing;
    char *id = r->ids[r->ids_n];

    require(r->ids_n < STEPS * 3);
    (void)snprintf(id, sizeof(r->ids[0]), "f%u", r->ids_n);
    r->ids_n++;
    memset(&filing, 0, sizeof(filing));
    filing.filing_id = T(id);
    filing.bank = T(BANK);
    filing.enterprise = T(CODE);
    filing.event = event;
    filing.business_on = r->day - (int32_t)pick(r, 3);
    return filing;
}

static struct filing registration(struct run *r)
{
    struct filing filing = begin(r, EVENT_FDI_REGISTRATION);
    struct fdi_investor *of = r->investors[r->ids_n - 1]; /* held filings keep theirs */
    struct fdi_registration *details = &filing.details.fdi_registration;
    int32_t currency = currencies[pick(r, 4)];
    static const int32_t countries[] = {COUNTRY_DEU, COUNTRY_HKG, COUNTRY_CHN};
    static const int64_t shares[] = {3000, 3000, 4000};

    details->registration_no = ONE_OF(r, numbers);
    details->industry = T("C3011");
    details->established_on = filing.business_on;
    details->total_investment.currency = CURRENCY_NONE;
    details->registered_capital.currency = currency;
    for (uint32_t i = 0; i < 3; i++) {
        of[i] = (struct fdi_investor){.investor_no = T(investors[i]),
                                      .country = countries[i],
                                      .subscribed = amount(r, currency),
                                      .share_bp = shares[i],
                                      .due_on = filing.business_on};
        of[i].cash = of[i].subscribed;
        details->registered_capital.minor += of[i].subscribed.minor;
    }
    details->investors = of;
    details->investors_n = 3;
    return filing;
}

static struct filing of_application(struct run *r)
{
    static const enum event events[] = {EVENT_FDI_PRELIMINARY, EVENT_FDI_PRELIMINARY_INFLOW,
                                        EVENT_FDI_PRELIMINARY_REFUND,
                                        EVENT_FDI_PRELIMINARY_CONVERT};
    struct filing filing = begin(r, events[pick(r, 4)]);
    struct text application = ONE_OF(r, applications);
    union details *details = &filing.details;

    if (filing.event == EVENT_FDI_PRELIMINARY) {
        details->fdi_preliminary.application_no = application;
        details->fdi_preliminary.money = amount(r, CURRENCY_USD);
    } else if (filing.event == EVENT_FDI_PRELIMINARY_CONVERT) {
        details->fdi_preliminary_convert =
            (struct fdi_preliminary_convert){.application_no = application,
                                             .registration_no = ONE_OF(r, numbers),
                                             .investor_no = ONE_OF(r, investors),
                                             .money = {1 + pick(r, 1000), CURRENCY_USD}};
    } else {
        /* Inflow and refund have the same fields. */
        details->fdi_preliminary_inflow = (struct fdi_preliminary_inflow){
            .application_no = application, .money = amount(r, CURRENCY_USD)};
    }
    return filing;
}

static struct filing of_investor(struct run *r)
{
    static const enum event events[] = {EVENT_FDI_INFLOW, EVENT_FDI_INFLOW, EVENT_FDI_INCREASE,
                                        EVENT_FDI_DECREASE, EVENT_FDI_TRANSFER};
    struct filing filing = begin(r, events[pick(r, 5)]);
    union details *details = &filing.details;
    struct text number = ONE_OF(r, numbers);
    struct text investor = ONE_OF(r, investors);

    if (filing.event == EVENT_FDI_INFLOW) {
        details->fdi_inflow = (struct fdi_inflow){
            .registration_no = number, .investor_no = investor, .money = any_amount(r)};
    } else if (filing.event == EVENT_FDI_INCREASE) {
        struct money subscribed = any_amount(r);

        details->fdi_increase =
            (struct fdi_increase){.registration_no = number,
                                  .investor_no = investor,
                                  .subscribed = subscribed,
                                  .cash = subscribed,
                                  .has_investor = pick(r, 2) == 0,
                                  .investor = {.name = T("N"), .country = COUNTRY_FRA}};
    } else if (filing.event == EVENT_FDI_DECREASE) {
        details->fdi_decrease = (struct fdi_decrease){.registration_no = number,
                                                      .investor_no = investor,
                                                      .money = any_amount(r),
                                                      .published_on = filing.business_on - 45,
                                                      .covers_losses = pick(r, 2) == 0};
    } else {
        details->fdi_transfer =
            (struct fdi_transfer){.registration_no = number,
                                  .seller_no = T(sellers[pick(r, 4)]),
                                  .has_buyer = true,
                                  .buyer = {.investor_no = T("N1"), .country = COUNTRY_FRA},
                                  .share_bp = 1 + pick(r, 1500),
                                  .price = any_amount(r),
                                  .tax_evidence_no = T("t")};
    }
    return filing;
}

static struct filing of_registration(struct run *r)
{
    static const enum event events[] = {EVENT_FDI_SETTLEMENT,         EVENT_FDI_PAYMENT,
                                        EVENT_FDI_REINVESTMENT,       EVENT_FDI_PROFIT_REMITTANCE,
                                        EVENT_FDI_OUTWARD_REMITTANCE, EVENT_FDI_LIQUIDATION,
                                        EVENT_FDI_DEREGISTRATION};
    struct filing filing = begin(r, events[pick(r, 7)]);
    union details *details = &filing.details;
    struct text number = ONE_OF(r, numbers);

    if (filing.event == EVENT_FDI_SETTLEMENT) {
        details->fdi_settlement = (struct fdi_settlement){
            .registration_no = number, .money = any_amount(r), .cny = amount(r, CURRENCY_CNY)};
    } else if (filing.event == EVENT_FDI_PAYMENT) {
        details->fdi_payment = (struct fdi_payment){
            .registration_no = number, .cny = amount(r, CURRENCY_CNY), .use_code = T("U")};
    } else if (filing.event == EVENT_FDI_REINVESTMENT) {
        details->fdi_reinvestment = (struct fdi_reinvestment){
            .registration_no = number, .target_industry = T("C1"), .money = any_amount(r)};
    } else if (filing.event == EVENT_FDI_PROFIT_REMITTANCE) {
        details->fdi_profit_remittance =
            (struct fdi_profit_remittance){.registration_no = number,
                                           .fiscal_year = 2020 + pick(r, 2),
                                           .distributable = any_amount(r),
                                           .money = any_amount(r)};
    } else if (filing.event == EVENT_FDI_OUTWARD_REMITTANCE) {
        details->fdi_outward_remittance =
            (struct fdi_outward_remittance){.registration_no = number,
                                            .money = any_amount(r),
                                            .basis_filing_id = T(r->ids[pick(r, r->ids_n)])};
    } else if (filing.event == EVENT_FDI_LIQUIDATION) {
        details->fdi_liquidation = (struct fdi_liquidation){
            .registration_no = number, .distribution = any_amount(r), .tax_clearance_no = T("t")};
    } else {
        details->fdi_deregistration = (struct fdi_deregistration){.registration_no = number,
                                                                  .waive_outflow = pick(r, 2) == 0};
    }
    return filing;
}

static struct filing of_filing(struct run *r)
{
    static const enum event events[] = {EVENT_REVERSAL, EVENT_WITHDRAWAL};
    /* In every other run nothing is reversed before the end: then the states found must return. */
    struct filing filing = begin(r, events[r->seed % 2 == 0 ? pick(r, 2) : 1]);
    struct text named = T(r->ids[pick(r, r->ids_n)]);

    filing.business_on = r->day;
    if (filing.event == EVENT_REVERSAL) {
        filing.details.reversal = (struct reversal){.reverses = named, .reason = T("r")};
    } else {
        filing.details.withdrawal = (struct withdrawal){.withdraws = named, .reason = T("r")};
    }
    return filing;
}

static struct filing any_filing(struct run *r)
{
    switch (pick(r, 8)) {
    case 0:
        return registration(r);
    case 1:
        return of_application(r);
    case 2:
    case 3:
    case 4:
        return of_investor(r);
    case 5:
    case 6:
        return of_registration(r);
    default:
        return of_filing(r);
    }
}

/* ---- the properties ------------------------------------------------------------------------ */

static void expect_invariants(const struct decision *decision)
{
    for (uint32_t i = 0; i < decision->postings_n; i++) {
        const struct posting *p = &decision->postings[i];
        int64_t grown = p->change.used + p->change.reserved;

        assert_true(p->change.limit != 0 || p->change.used != 0 || p->change.reserved != 0);
        assert_true(p->after.used >= 0 && p->after.reserved >= 0 && p->after.limit >= 0);
        assert_true(grown <= 0 || p->after.used + p->after.reserved <= p->after.limit);
        assert_true(i == 0 || limit_id_compare(&decision->postings[i - 1].id, &p->id) < 0);
    }
    assert_true(decision->outcome == OUTCOME_ACCEPTED || decision->postings_n == 0);
    assert_true(decision->outcome == OUTCOME_ACCEPTED || decision->flags == 0);
    assert_true((decision->outcome == OUTCOME_ACCEPTED) == (decision->reasons.n == 0));
}

static void expect_same(const struct decision *a, const struct decision *b)
{
    char one[4096];
    char two[4096];

    assert_int_equal(a->outcome, b->outcome);
    assert_int_equal(a->flags, b->flags);
    reasons_text(a, one, sizeof(one));
    reasons_text(b, two, sizeof(two));
    assert_string_equal(one, two);
    postings_text(a, one, sizeof(one));
    postings_text(b, two, sizeof(two));
    assert_string_equal(one, two);
}

/* The state without its number, its held filings and limits of three zeros, which keep no balance.
 */
static void normal_bytes(const struct enterprise *state, struct buffer *out)
{
    struct enterprise normal = *state;
    struct limit *limits = malloc((state->limits_n + 1) * sizeof(*limits));

    require(limits != NULL);
    normal.number = 0;
    normal.held_n = 0;
    normal.limits = limits;
    normal.limits_n = 0;
    for (uint32_t i = 0; i < state->limits_n; i++) {
        if (state->limits[i].is.limit != 0 || state->limits[i].is.used != 0) {
            limits[normal.limits_n] = state->limits[i];
            normal.limits_n++;
        }
    }
    buffer_reset(out);
    state_encode(&normal, out);
    free(limits);
}

/* File it, in the fixture and from bytes in the twin. */
static const struct decision *file(struct run *r, const struct filing *filing)
{
    struct fixture *f = r->f;
    uint64_t number = f->number;
    struct decide_args args = fixture_args(f, filing, 1);
    struct room room = decide_room(&f->form);
    struct failure err;

    f->number = number;
    normal_bytes(&f->state, &r->before[f->filed_n]);
    buffer_reset(&r->bytes);
    state_encode(&f->state, &r->bytes);
    require(state_decode(buffer_bytes(&r->bytes), r->twin, &err) == STATUS_OK);
    require(state_reserve(r->twin, &room, &err) == STATUS_OK);
    decide_filing(&args, r->twin, &r->twin_result);
    (void)fixture_file(f, filing);
    expect_same(&f->result.decision, &r->twin_result.decision);
    if (f->later_n == 0) {
        buffer_reset(&r->bytes);
        state_encode(&f->state, &r->bytes);
        buffer_reset(&r->twin_bytes);
        state_encode(r->twin, &r->twin_bytes);
        assert_true(bytes_equal(buffer_bytes(&r->bytes), buffer_bytes(&r->twin_bytes)));
    }
    expect_invariants(&f->result.decision);
    for (uint32_t i = 0; i < f->later_n; i++) {
        expect_invariants(&f->later[i]);
    }
    return &f->result.decision;
}

/* A sheet of the day, mostly; sometimes an older one comes late. */
static void next_day(struct run *r)
{
    char date[DATE_TEXT_SIZE];

    r->day++;
    date_format(r->day - (int32_t)pick(r, 3), date);
    fixture_bulletin(r->f);
    if (pick(r, 4) > 0 && r->f->sheets_n < DAYS) {
        for (uint32_t i = 0; i < r->f->sheets_n; i++) {
            if (r->f->sheets[i].date_on == D(date)) {
                return;
            }
        }
        fixture_rate(r->f, date, "USD", "7.1234");
        fixture_rate(r->f, date, "EUR", "7.7777");
    }
    fixture_pass(r->f, false);
    for (uint32_t i = 0; i < r->f->later_n; i++) {
        expect_invariants(&r->f->later[i]);
    }
}

static void withdraw_all(struct run *r)
{
    while (r->f->state.held_n > 0) {
        const struct filed *held = fixture_arrived(r->f, r->f->state.held[0].arrival_number);
        struct filing filing = begin(r, EVENT_WITHDRAWAL);

        filing.business_on = r->day;
        filing.details.withdrawal =
            (struct withdrawal){.withdraws = held->filing.filing_id, .reason = T("r")};
        assert_int_equal(file(r, &filing)->outcome, OUTCOME_ACCEPTED);
    }
}

/* The accepted filing with the highest decision that stands; NULL when there is none. */
static struct filed *last_standing(struct run *r)
{
    struct filed *last = NULL;

    for (uint32_t i = 0; i < r->f->filed_n; i++) {
        struct filed *filed = &r->f->filed[i];
        enum event event = filed->filing.event;

        if (filed->outcome == OUTCOME_ACCEPTED && filed->reversed_number == 0 &&
            event != EVENT_REVERSAL && event != EVENT_WITHDRAWAL &&
            (last == NULL || filed->last_number > last->last_number)) {
            last = filed;
        }
    }
    return last;
}

static void reverse_all(struct run *r)
{
    char id[32];

    for (struct filed *last = last_standing(r); last != NULL; last = last_standing(r)) {
        struct filing filing;
        bool was_held = last->first_number != last->last_number;
        const struct buffer *found = &r->before[last - r->f->filed];

        (void)snprintf(id, sizeof(id), "x%td", last - r->f->filed);
        filing = fixture_filing(EVENT_REVERSAL, id, "2024-09-01");
        filing.business_on = r->day;
        filing.details.reversal =
            (struct reversal){.reverses = last->filing.filing_id, .reason = T("r")};
        assert_int_equal(fixture_file(r->f, &filing)->outcome, OUTCOME_ACCEPTED);
        expect_invariants(&r->f->result.decision);
        r->f->filed_n--; /* its text is used again */
        free(r->f->filed[r->f->filed_n].undo);
        if (!was_held && r->seed % 2 == 1) {
            normal_bytes(&r->f->state, &r->bytes);
            assert_true(bytes_equal(buffer_bytes(&r->bytes), buffer_bytes(found)));
        }
    }
}

static void tell(struct run *r)
{
    for (uint32_t i = 0; i < STEPS; i++) {
        struct filing filing;

        if (pick(r, 3) == 0 && r->day < D("2024-09-01") + DAYS) {
            next_day(r);
        }
        filing = any_filing(r);
        (void)file(r, &filing);
    }
    withdraw_all(r);
}

/* Every event that is filed here was accepted in some run, and some waited. */
static void expect_variety(const uint32_t accepted[EVENT_N], uint32_t late)
{
    for (uint32_t event = EVENT_FDI_PRELIMINARY; event <= EVENT_FDI_DEREGISTRATION; event++) {
        if (accepted[event] == 0) {
            print_error("no %s was accepted\n", event_name((enum event)event));
        }
        assert_true(accepted[event] > 0);
    }
    assert_true(accepted[EVENT_REVERSAL] > 0);
    assert_true(late > 0);
}

static void count(const struct fixture *f, uint32_t accepted[EVENT_N], uint32_t *late)
{
    for (uint32_t i = 0; i < f->filed_n; i++) {
        const struct filed *filed = &f->filed[i];

        if (filed->outcome == OUTCOME_ACCEPTED) {
            accepted[filed->filing.event]++;
            *late += filed->first_number != filed->last_number;
        }
    }
}

static void random_filings_keep_the_invariants_and_can_all_be_undone(void **state)
{
    uint32_t accepted[EVENT_N] = {0};
    uint32_t late = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct run *r = calloc(1, sizeof(*r));
        struct failure err;

        require(r != NULL);
        print_message("seed %llu\n", (unsigned long long)seed);
        r->f = fixture_new();
        r->seed = seed;
        r->chance = seed * UINT64_C(0x9e3779b97f4a7c15);
        r->day = D("2024-09-01");
        require(state_new(CODE, &r->twin, &err) == STATUS_OK);
        buffer_init(&r->bytes, STATE_BYTES_MAX);
        buffer_init(&r->twin_bytes, STATE_BYTES_MAX);
        for (uint32_t i = 0; i < STEPS * 3; i++) {
            buffer_init(&r->before[i], STATE_BYTES_MAX);
        }
        fixture_parameter(r->f, (struct row){.id = "FDI.EXCESS.USD", .value = "300"});
        fixture_parameter(r->f, (struct row){.id = "FDI.TAX_FORM.USD", .value = "500"});
        tell(r);
        count(r->f, accepted, &late);
        reverse_all(r);
        assert_int_equal(r->f->state.objects_n, 0);
        assert_int_equal(r->f->state.investors_n, 0);
        assert_int_equal(r->f->state.limits_n, 0);
        for (uint32_t i = 0; i < STEPS * 3; i++) {
            buffer_fini(&r->before[i]);
        }
        buffer_fini(&r->bytes);
        buffer_fini(&r->twin_bytes);
        state_free(r->twin);
        fixture_free(r->f);
        free(r);
    }
    expect_variety(accepted, late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_filings_keep_the_invariants_and_can_all_be_undone),
    };

    return cmocka_run_group_tests_name("core_random", tests, NULL, NULL);
}
