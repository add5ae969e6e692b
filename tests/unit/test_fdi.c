/* The events of foreign direct investment, worked case by worked case: what each test writes as one
 * text (outcome and reasons, postings, flags, basis) is what the rulebook says of it. */
#include "core_fixture.h"

#define R "REG00001"

/* One foreign and one domestic investor, registered capital in USD. */
static struct filing registration(const char *id, const char *cash)
{
    return fixture_joint(id, R, cash, "D1", COUNTRY_CHN);
}

static struct filing inflow(const char *id, const char *currency, const char *value)
{
    return fixture_inflow(id, R, M(currency, value), "2024-07-10");
}

static void with_parameters(struct fixture *f)
{
    fixture_parameter(f,
                      (struct row){.id = "FDI.EXCESS.USD", .from = "2013-05-13", .value = "30000"});
    fixture_parameter(f, (struct row){.id = "FDI.PAYIN.YEARS", .from = "2024-07-01", .value = "5"});
}

static void a_registration_gives_each_foreign_investor_a_limit(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "5000000.00");
    const struct decision *decision = NULL;

    with_parameters(f);
    decision = fixture_file(f, &filing);
    expect(decision, OUTCOME_ACCEPTED, "");
    expect_postings(decision, "fdi.inflow:REG00001:F1 USD 500000000,0,0 = 500000000,0,0");
    expect_flags(decision, "");
    expect_basis(f, decision, "FDI.PAYIN.YEARS@2024-07-01");
    assert_int_equal(f->state.objects_n, 1);
    assert_int_equal(f->state.investors_n, 2);
    assert_false(decision->postings[0].own);
}

static void a_number_is_registered_once(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "5000000.00");

    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    filing.filing_id = T("r2");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "202 /details/registration_no");
    assert_false(f->result.has_undo);
}

static void paying_in_late_is_flagged_from_the_day_after_five_years(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "5000000.00");
    struct fdi_investor investors[2];

    with_parameters(f);
    memcpy(investors, filing.details.fdi_registration.investors, sizeof(investors));
    investors[1].due_on = D("2029-07-01"); /* the domestic one, D9 */
    filing.details.fdi_registration.investors = investors;
    expect_flags(fixture_file(f, &filing), "");
    filing.filing_id = T("r2");
    filing.details.fdi_registration.registration_no = T("REG00002");
    investors[1].due_on = D("2029-07-02");
    expect_flags(fixture_file(f, &filing), "PAY_IN_LATE");
}

static void the_negative_list_refuses_caps_and_asks(void **state)
{
    static const struct {
        const char *industry;
        enum outcome outcome;
        const char *reasons;
    } rows[] = {
        {"F5128", OUTCOME_REJECTED, "213 /details/industry"},
        {"F512", OUTCOME_ACCEPTED, ""},                       /* the row is longer than the code */
        {"D4414", OUTCOME_REJECTED, "213 /details/industry"}, /* 60 % above 50 % */
        {"I6311", OUTCOME_ACCEPTED, ""},                      /* 60 % is the cap */
        {"Q8411", OUTCOME_HELD, "402 /details/industry"},
        {"P8310", OUTCOME_REJECTED, "213 /details/industry"}, /* review and prohibited */
    };
    struct fixture *f = *state;
    char ids[sizeof(rows) / sizeof(rows[0])][16];

    fixture_negative(f, "F5128", LIST_PROHIBITED, 0);
    fixture_negative(f, "D4414", LIST_CAP, 5000);
    fixture_negative(f, "I63", LIST_CAP, 6000);
    fixture_negative(f, "Q84", LIST_REVIEW, 0);
    fixture_negative(f, "P", LIST_REVIEW, 0);
    fixture_negative(f, "P8310", LIST_PROHIBITED, 0);
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct filing filing = registration("r", "5000000.00");

        (void)snprintf(ids[i], sizeof(ids[i]), "REG0000%u", i);
        filing.filing_id = T(ids[i]);
        filing.details.fdi_registration.registration_no = T(ids[i]);
        filing.details.fdi_registration.industry = T(rows[i].industry);
        expect(fixture_file(f, &filing), rows[i].outcome, rows[i].reasons);
    }
}

static void a_domestic_enterprise_is_not_tested_against_the_negative_list(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "5000000.00");
    struct fdi_investor investors[2];

    fixture_negative(f, "C", LIST_PROHIBITED, 0);
    memcpy(investors, filing.details.fdi_registration.investors, sizeof(investors));
    investors[0].country = COUNTRY_CHN;
    filing.details.fdi_registration.investors = investors;
    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    investors[0].country = COUNTRY_HKG; /* counts as foreign */
    filing.filing_id = T("r2");
    filing.details.fdi_registration.registration_no = T("REG00002");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "213 /details/industry");
}

/* The worked case of section 3. */
static void an_inflow_may_exceed_by_the_tolerance_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "5000000.00");
    const struct decision *decision = NULL;

    with_parameters(f);
    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    filing = inflow("i1", "USD", "5012000.00");
    decision = fixture_file(f, &filing);
    expect(decision, OUTCOME_ACCEPTED, "");
    expect_postings(decision, "fdi.capital:REG00001 USD 501200000,0,0 = 501200000,0,0; "
                              "fdi.excess:REG00001 USD 3000000,1200000,0 = 3000000,1200000,0; "
                              "fdi.inflow:REG00001:F1 USD 0,500000000,0 = 500000000,500000000,0");
    expect_flags(decision, "EXCESS LIMIT_FULL");
    expect_basis(f, decision, "FDI.EXCESS.USD@2013-05-13");
    assert_false(decision->has_returned);
    assert_true(decision->postings[0].own);
    assert_true(decision->postings[2].own);

    filing = inflow("i2", "USD", "20000.00");
    decision = fixture_file(f, &filing);
    expect(decision, OUTCOME_ACCEPTED, "");
    expect_postings(decision, "fdi.capital:REG00001 USD 1800000,0,0 = 503000000,0,0; "
                              "fdi.excess:REG00001 USD 0,1800000,0 = 3000000,3000000,0");
    expect_flags(decision, "EXCESS EXCESS_RETURNED LIMIT_FULL");
    assert_true(decision->has_returned);
    assert_true(decision->returned.minor == 200000);

    filing = inflow("i3", "USD", "20000.00");
    decision = fixture_file(f, &filing);
    expect(decision, OUTCOME_REJECTED, "301 /details/money fdi.inflow:REG00001:F1 USD 0 2000000");
    expect_flags(decision, "");
    assert_int_equal(decision->postings_n, 0);
    assert_false(decision->has_returned);
    expect_basis(f, decision, "FDI.EXCESS.USD@2013-05-13");
}

static void an_inflow_in_another_currency_is_rounded_up(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "5000000.00");
    const struct decision *decision = NULL;

    with_parameters(f);
    fixture_rate(f, "2024-07-10", "USD", "7.1");
    fixture_rate(f, "2024-07-10", "JPY", "0.05");
    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    filing = inflow("i1", "JPY", "1");
    decision = fixture_file(f, &filing);
    expect(decision, OUTCOME_ACCEPTED, "");
    expect_postings(decision, "fdi.capital:REG00001 USD 1,0,0 = 1,0,0; "
                              "fdi.inflow:REG00001:F1 USD 0,1,0 = 500000000,1,0");
    expect_basis(f, decision, "2024-07-10");
}

static void an_inflow_waits_for_its_rate(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "5000000.00");
    const struct decision *decision = NULL;

    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    filing = inflow("i1", "EUR", "100.00");
    decision = fixture_file(f, &filing);
    expect(decision, OUTCOME_HELD, "401 /business_date");
    expect_basis(f, decision, "");
    assert_true(f->result.held);

    /* The other currency alone changes nothing: it is still pending. */
    fixture_bulletin(f);
    fixture_rate(f, "2024-07-10", "USD", "7.1");
    fixture_pass(f, false);
    assert_int_equal(f->later_n, 0);
    assert_int_equal(f->state.held_n, 1);

    fixture_bulletin(f);
    fixture_rate(f, "2024-07-10", "EUR", "7.81");
    fixture_pass(f, false);
    assert_int_equal(f->later_n, 1);
    expect(&f->later[0], OUTCOME_ACCEPTED, "");
    assert_true(f->later[0].refers_to == 2);
    expect_postings(&f->later[0], "fdi.capital:REG00001 USD 11000,0,0 = 11000,0,0; "
                                  "fdi.inflow:REG00001:F1 USD 0,11000,0 = 500000000,11000,0");
    assert_int_equal(f->state.held_n, 0);
}

static void an_inflow_names_what_is_wrong_with_registration_and_investor(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "5000000.00");

    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    filing = inflow("i1", "USD", "1.00");
    filing.details.fdi_inflow.registration_no = T("REG00009");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "203 /details/registration_no");
    filing = inflow("i2", "USD", "1.00");
    filing.details.fdi_inflow.investor_no = T("X");
    filing.business_on = D("2024-06-30");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED,
           "206 /business_date; 207 /details/investor_no");
    filing = inflow("i3", "USD", "1.00");
    filing.details.fdi_inflow.investor_no = T("D1"); /* D2 */
    filing.bank = T("210100000999");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "205 /bank; 207 /details/investor_no");
}

static void without_an_excess_parameter_there_is_no_tolerance(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "100.00");
    const struct decision *decision = NULL;

    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    filing = inflow("i1", "USD", "100.01");
    decision = fixture_file(f, &filing);
    expect(decision, OUTCOME_ACCEPTED, "");
    expect_flags(decision, "EXCESS_RETURNED LIMIT_FULL");
    assert_true(decision->returned.minor == 1);
}

/* ---- the later life of a registration ------------------------------------------------------ */

static const struct decision *file(struct fixture *f, struct filing filing)
{
    return fixture_file(f, &filing);
}

static struct filing event(enum event event, const char *id)
{
    return fixture_filing(event, id, "2024-09-01");
}

static struct filing preliminary(const char *id, enum event kind, const char *currency,
                                 const char *value)
{
    struct filing filing = fixture_filing(kind, id, "2024-06-01");

    filing.details.fdi_preliminary.application_no = T("APPL0001");
    if (kind == EVENT_FDI_PRELIMINARY) {
        filing.details.fdi_preliminary.money = M(currency, value);
    } else if (kind == EVENT_FDI_PRELIMINARY_INFLOW) {
        filing.details.fdi_preliminary_inflow.money = M(currency, value);
    } else {
        filing.details.fdi_preliminary_refund.money = M(currency, value);
    }
    return filing;
}

static struct filing convert(const char *id, const char *investor, const char *currency,
                             const char *value)
{
    struct filing filing = event(EVENT_FDI_PRELIMINARY_CONVERT, id);

    filing.details.fdi_preliminary_convert =
        (struct fdi_preliminary_convert){.application_no = T("APPL0001"),
                                         .registration_no = T(R),
                                         .investor_no = T(investor),
                                         .money = M(currency, value)};
    return filing;
}

static void preliminary_money_comes_goes_back_and_becomes_capital(void **state)
{
    struct fixture *f = *state;

    expect(file(f, preliminary("p1", EVENT_FDI_PRELIMINARY, "USD", "300.00")), OUTCOME_ACCEPTED,
           "");
    expect_postings(&f->result.decision, "fdi.preliminary:APPL0001 USD 30000,0,0 = 30000,0,0");
    expect(file(f, preliminary("p2", EVENT_FDI_PRELIMINARY, "USD", "300.00")), OUTCOME_REJECTED,
           "202 /details/application_no");
    expect(file(f, preliminary("i1", EVENT_FDI_PRELIMINARY_INFLOW, "EUR", "1.00")),
           OUTCOME_REJECTED, "107 /details/money/currency");
    expect(file(f, preliminary("i2", EVENT_FDI_PRELIMINARY_INFLOW, "USD", "300.01")),
           OUTCOME_REJECTED, "301 /details/money fdi.preliminary:APPL0001 USD 30000 30001");
    expect(file(f, preliminary("i3", EVENT_FDI_PRELIMINARY_INFLOW, "USD", "250.00")),
           OUTCOME_ACCEPTED, "");
    expect(file(f, preliminary("f1", EVENT_FDI_PRELIMINARY_REFUND, "USD", "250.01")),
           OUTCOME_REJECTED, "302 /details/money fdi.preliminary:APPL0001 USD 25000 25001");
    expect(file(f, preliminary("f2", EVENT_FDI_PRELIMINARY_REFUND, "USD", "50.00")),
           OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision,
                    "fdi.preliminary:APPL0001 USD -5000,-5000,0 = 25000,20000,0");

    (void)file(f, registration("r1", "150.00"));
    expect(file(f, convert("c1", "D1", "USD", "1.00")), OUTCOME_REJECTED,
           "207 /details/investor_no");
    expect(file(f, convert("c2", "F1", "EUR", "1.00")), OUTCOME_REJECTED,
           "107 /details/money/currency");
    expect(file(f, convert("c3", "F1", "USD", "200.01")), OUTCOME_REJECTED,
           "301 /details/money fdi.inflow:REG00001:F1 USD 15000 20001; "
           "302 /details/money fdi.preliminary:APPL0001 USD 20000 20001");
    expect(file(f, convert("c4", "F1", "USD", "150.00")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision,
                    "fdi.capital:REG00001 USD 15000,0,0 = 15000,0,0; "
                    "fdi.inflow:REG00001:F1 USD 0,15000,0 = 15000,15000,0; "
                    "fdi.preliminary:APPL0001 USD -15000,-15000,0 = 10000,5000,0");
    expect_flags(&f->result.decision, "LIMIT_FULL");
}

static struct filing increase(const char *id, const char *investor, const char *subscribed,
                              const char *cash)
{
    struct filing filing = event(EVENT_FDI_INCREASE, id);

    filing.details.fdi_increase = (struct fdi_increase){.registration_no = T(R),
                                                        .investor_no = T(investor),
                                                        .subscribed = M("USD", subscribed),
                                                        .cash = M("USD", cash)};
    return filing;
}

static void an_increase_raises_what_an_investor_may_still_pay(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    fixture_negative(f, "C3011", LIST_CAP, 7000);
    (void)file(f, registration("r1", "5000000.00"));
    expect(file(f, increase("i1", "F1", "100.00", "40.00")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.inflow:REG00001:F1 USD 4000,0,0 = 500004000,0,0");
    assert_true(f->state.objects[0].of.fdi.registered_minor == 1000010000);
    assert_true(f->state.investors[0].subscribed_minor == 600010000);
    /* A domestic one has no inflow limit. */
    expect(file(f, increase("i2", "D1", "100.00", "40.00")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "");
    expect(file(f, increase("i3", "F2", "1.00", "1.00")), OUTCOME_REJECTED,
           "207 /details/investor_no");
    filing = increase("i4", "F1", "1.00", "1.00");
    filing.details.fdi_increase.subscribed = M("EUR", "1.00");
    filing.details.fdi_increase.cash = M("EUR", "1.00");
    expect(file(f, filing), OUTCOME_REJECTED,
           "107 /details/cash/currency; 107 /details/subscribed/currency");

    /* D4: the others' 6,000 with the new one's share, against the cap of 7,000. */
    filing = increase("i5", "F2", "1.00", "1.00");
    filing.details.fdi_increase.has_investor = true;
    filing.details.fdi_increase.investor = (struct fdi_new_investor){
        .name = T("N"), .country = COUNTRY_TWN, .share_bp = 1001, .has_share_bp = true};
    expect(file(f, filing), OUTCOME_REJECTED, "213 /details/investor/share_bp");
    filing.filing_id = T("i6");
    filing.details.fdi_increase.investor.share_bp = 1000;
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.inflow:REG00001:F2 USD 100,0,0 = 100,0,0");
    assert_true(f->result.decision.postings[0].own);
    /* Its own old share does not count against itself. */
    filing = increase("i7", "F1", "1.00", "1.00");
    filing.details.fdi_increase.has_investor = true;
    filing.details.fdi_increase.investor = (struct fdi_new_investor){
        .name = T("A"), .country = COUNTRY_CHN, .share_bp = 6000, .has_share_bp = true};
    expect(file(f, filing), OUTCOME_ACCEPTED, "");

    /* And a reversal takes the new investor away with its limit. */
    filing = event(EVENT_REVERSAL, "x0");
    filing.details.reversal = (struct reversal){.reverses = T("i7"), .reason = T("r")};
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    filing.filing_id = T("x1");
    filing.details.reversal.reverses = T("i6");
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.inflow:REG00001:F2 USD -100,0,0 = 0,0,0");
    assert_int_equal(f->state.investors_n, 2);
    assert_int_equal(f->state.limits_n, 1);
    assert_int_equal(f->state.objects[0].of.fdi.investors_n, 2);
}

static struct filing decrease(const char *id, const char *investor, const char *value,
                              bool covers_losses)
{
    struct filing filing = event(EVENT_FDI_DECREASE, id);

    filing.details.fdi_decrease = (struct fdi_decrease){.registration_no = T(R),
                                                        .investor_no = T(investor),
                                                        .money = M("USD", value),
                                                        .resolution_on = D("2024-07-10"),
                                                        .notified_on = D("2024-07-11"),
                                                        .published_on = D("2024-07-18"),
                                                        .covers_losses = covers_losses};
    return filing;
}

static void a_decrease_gives_up_what_was_not_paid_and_lets_the_rest_leave(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    (void)file(f, registration("r1", "100.00"));
    (void)file(f, inflow("i1", "USD", "70.00"));
    filing = decrease("d1", "F1", "40.00", false);
    filing.business_on = D("2024-08-31"); /* 44 days after publishing */
    expect(file(f, filing), OUTCOME_REJECTED, "219 /business_date");
    expect(file(f, decrease("d2", "F1", "6000000.01", false)), OUTCOME_REJECTED,
           "302 /details/money USD 600000000 600000001");
    expect(file(f, decrease("d3", "F1", "40.00", false)), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.inflow:REG00001:F1 USD -3000,0,0 = 7000,7000,0; "
                                         "fdi.outflow:REG00001 USD 1000,0,0 = 1000,0,0");
    assert_true(f->state.investors[0].subscribed_minor == 599996000);
    assert_true(f->state.objects[0].of.fdi.registered_minor == 999996000);
    expect(file(f, decrease("d4", "F1", "1.00", true)), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "");
    expect(file(f, decrease("d5", "D1", "1.00", false)), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "");
    filing = decrease("d6", "F9", "1.00", false);
    filing.details.fdi_decrease.money = M("EUR", "1.00");
    expect(file(f, filing), OUTCOME_REJECTED,
           "107 /details/money/currency; 207 /details/investor_no");
    /* What reads only the filing runs beside 203 (S1). */
    filing = decrease("d7", "F1", "1.00", false);
    filing.business_on = D("2024-08-31");
    filing.details.fdi_decrease.registration_no = T("REG00009");
    expect(file(f, filing), OUTCOME_REJECTED, "203 /details/registration_no; 219 /business_date");
}

static struct filing transfer(const char *id, const char *seller, const char *buyer,
                              int32_t country)
{
    struct filing filing = event(EVENT_FDI_TRANSFER, id);
    struct fdi_transfer *details = &filing.details.fdi_transfer;

    details->registration_no = T(R);
    details->seller_no = T(seller);
    details->has_buyer = buyer[0] != '\0';
    details->buyer =
        (struct fdi_buyer){.investor_no = T(buyer), .name = T("B"), .country = country};
    details->share_bp = 2000;
    details->price = M("CNY", "71.05");
    details->tax_evidence_no = T("TAX");
    return filing;
}

static void a_transfer_moves_share_capital_and_what_is_owed(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    fixture_rate(f, "2024-08-30", "USD", "7.10"); /* 1 September is a Sunday */
    (void)file(f, registration("r1", "100.00"));
    (void)file(f, inflow("i1", "USD", "40.00"));

    /* Domestic to foreign: the price, rounded down, is owed by the buyer. */
    expect(file(f, transfer("t1", "D1", "F2", COUNTRY_FRA)), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.inflow:REG00001:F2 USD 1000,0,0 = 1000,0,0");
    expect_basis(f, &f->result.decision, "2024-08-30");
    assert_true(f->state.investors[1].share_bp == 2000);
    assert_true(f->state.investors[1].subscribed_minor == 200000000);
    assert_true(f->state.investors[2].share_bp == 2000);
    assert_true(f->state.investors[2].subscribed_minor == 200000000);

    /* Foreign to foreign: a third of what is unpaid goes along; no rate is needed. */
    filing = transfer("t2", "F1", "F2", COUNTRY_CHN); /* a known buyer keeps its country */
    filing.details.fdi_transfer.price = M("JPY", "1");
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.inflow:REG00001:F1 USD -2000,0,0 = 8000,4000,0; "
                                         "fdi.inflow:REG00001:F2 USD 2000,0,0 = 3000,0,0");

    /* Foreign to an unnamed domestic party: the price may leave, what is unpaid stays. */
    expect(file(f, transfer("t3", "F1", "", 0)), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.outflow:REG00001 USD 1000,0,0 = 1000,0,0");
    assert_true(f->state.investors[0].share_bp == 2000);

    /* And back, one after the other. */
    filing = event(EVENT_REVERSAL, "x1");
    filing.details.reversal = (struct reversal){.reverses = T("t3"), .reason = T("r")};
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    assert_true(f->state.investors[0].share_bp == 4000);
    filing.filing_id = T("x2");
    filing.details.reversal.reverses = T("t2");
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    filing.filing_id = T("x3");
    filing.details.reversal.reverses = T("t1");
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    assert_int_equal(f->state.investors_n, 2);
    assert_true(f->state.investors[0].share_bp == 6000);
    assert_true(f->state.investors[1].share_bp == 4000);
    assert_true(f->state.investors[1].subscribed_minor == 400000000);
}

static void a_transfer_names_what_is_wrong(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    (void)file(f, registration("r1", "100.00"));
    expect(file(f, transfer("t1", "D1", "", 0)), OUTCOME_REJECTED, "212 /details/buyer");
    expect(file(f, transfer("t2", "", "D1", COUNTRY_FRA)), OUTCOME_REJECTED,
           "212 /details/buyer"); /* a known buyer keeps its country */
    expect(file(f, transfer("t3", "F9", "F2", COUNTRY_FRA)), OUTCOME_REJECTED,
           "207 /details/seller_no");
    filing = transfer("t4", "F1", "F2", COUNTRY_FRA);
    filing.details.fdi_transfer.tax_evidence_no.n = 0;
    filing.details.fdi_transfer.share_bp = 6001;
    expect(file(f, filing), OUTCOME_REJECTED,
           "116 /details/share_bp; 214 /details/tax_evidence_no");
    filing = transfer("t5", "", "", 0);
    filing.details.fdi_transfer.registration_no = T("REG00009");
    expect(file(f, filing), OUTCOME_REJECTED, "203 /details/registration_no; 212 /details/buyer");
    fixture_negative(f, "C", LIST_CAP, 7999);
    expect(file(f, transfer("t6", "D1", "F2", COUNTRY_FRA)), OUTCOME_REJECTED,
           "213 /details/share_bp");
    expect(file(f, transfer("t7", "F1", "F2", COUNTRY_FRA)), OUTCOME_ACCEPTED, "");
}

/* D3: at most the whole is what comes out of the transfer; what was there before may be more. */
static void a_transfer_is_reckoned_from_all_foreign_shares(void **state)
{
    struct fixture *f = *state;
    struct filing filing = increase("i1", "F2", "1.00", "1.00");

    (void)file(f, registration("r1", "100.00"));
    filing.details.fdi_increase.has_investor = true;
    filing.details.fdi_increase.investor = (struct fdi_new_investor){
        .name = T("B"), .country = COUNTRY_FRA, .has_share_bp = true, .share_bp = 5000};
    expect(file(f, filing), OUTCOME_ACCEPTED, ""); /* 6,000 and 5,000 */
    fixture_negative(f, "C", LIST_CAP, 8999);
    expect(file(f, transfer("t1", "F1", "", 0)), OUTCOME_REJECTED, "213 /details/share_bp");
    f->negative[0].cap_bp = 9000;
    fixture_rate(f, "2024-08-30", "USD", "7.10");
    expect(file(f, transfer("t2", "F1", "", 0)), OUTCOME_ACCEPTED, "");
}

static struct filing settlement(const char *id, const char *currency, const char *value)
{
    struct filing filing = event(EVENT_FDI_SETTLEMENT, id);

    filing.details.fdi_settlement = (struct fdi_settlement){
        .registration_no = T(R), .money = M(currency, value), .cny = M("CNY", "500.00")};
    return filing;
}

static struct filing payment(const char *id, const char *use_code, const char *value)
{
    struct filing filing = event(EVENT_FDI_PAYMENT, id);

    filing.details.fdi_payment = (struct fdi_payment){
        .registration_no = T(R), .cny = M("CNY", value), .use_code = T(use_code), .payee = T("p")};
    return filing;
}

static void capital_is_settled_and_spent_within_ratio_and_balance(void **state)
{
    struct fixture *f = *state;

    fixture_parameter(f, (struct row){.id = "FDI.SETTLE.RATIO", .value = "0.8"});
    fixture_parameter(f, (struct row){.id = "FDI.USE.FORBIDDEN",
                                      .subject = "NON_SELF_USE_HOUSING",
                                      .to = "2024-09-01",
                                      .value = "forbidden"});
    (void)file(f, registration("r1", "100.00"));
    (void)file(f, inflow("i1", "USD", "100.00"));
    expect(file(f, settlement("s1", "USD", "100.01")), OUTCOME_REJECTED,
           "301 /details/money fdi.capital:REG00001 USD 8000 10001; "
           "302 /details/money fdi.capital:REG00001 USD 10000 10001");
    expect(file(f, settlement("s2", "USD", "80.00")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.capital:REG00001 USD 0,8000,0 = 10000,8000,0; "
                                         "fdi.settled:REG00001 CNY 50000,0,0 = 50000,0,0");
    expect_flags(&f->result.decision, "NEAR_LIMIT_80");
    expect_basis(f, &f->result.decision, "FDI.SETTLE.RATIO@");
    expect(file(f, payment("p1", "NON_SELF_USE_HOUSING", "1.00")), OUTCOME_REJECTED,
           "218 /details/use_code");
    expect_basis(f, &f->result.decision, "FDI.USE.FORBIDDEN@");
    expect(file(f, payment("p2", "OTHER", "500.01")), OUTCOME_REJECTED,
           "302 /details/cny fdi.settled:REG00001 CNY 50000 50001");
    expect(file(f, payment("p3", "OTHER", "450.00")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.settled:REG00001 CNY 0,45000,0 = 50000,45000,0");
    expect_flags(&f->result.decision, "NEAR_LIMIT_90");
    expect_basis(f, &f->result.decision, "");
}

static void reinvestment_is_tested_with_the_present_foreign_share(void **state)
{
    struct fixture *f = *state;
    struct filing filing = event(EVENT_FDI_REINVESTMENT, "v1");

    (void)file(f, registration("r1", "100.00"));
    (void)file(f, inflow("i1", "USD", "100.00"));
    filing.details.fdi_reinvestment = (struct fdi_reinvestment){.registration_no = T(R),
                                                                .target_enterprise = T(CODE),
                                                                .target_industry = T("D4414"),
                                                                .money = M("USD", "100.01")};
    fixture_negative(f, "D4414", LIST_CAP, 5999);
    expect(file(f, filing), OUTCOME_REJECTED, "213 /details/target_industry");
    f->negative[0].cap_bp = 6000;
    filing.filing_id = T("v2");
    expect(file(f, filing), OUTCOME_REJECTED,
           "302 /details/money fdi.capital:REG00001 USD 10000 10001");
    filing.filing_id = T("v3");
    filing.details.fdi_reinvestment.money = M("USD", "99.99");
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.capital:REG00001 USD 0,9999,0 = 10000,9999,0");
}

static struct filing profit(const char *id, struct money distributable, struct money money)
{
    struct filing filing = event(EVENT_FDI_PROFIT_REMITTANCE, id);

    filing.details.fdi_profit_remittance =
        (struct fdi_profit_remittance){.registration_no = T(R),
                                       .fiscal_year = 2023,
                                       .distributable = distributable,
                                       .resolution_on = D("2024-08-01"),
                                       .money = money};
    return filing;
}

static void profit_leaves_within_what_a_year_distributes(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    (void)file(f, registration("r1", "100.00"));
    expect(file(f, profit("p1", M("CNY", "1000.00"), M("CNY", "1000.01"))), OUTCOME_REJECTED,
           "301 /details/money fdi.profit:REG00001:2023 CNY 100000 100001");
    expect(file(f, profit("p2", M("CNY", "1000.00"), M("CNY", "600.00"))), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision,
                    "fdi.profit:REG00001:2023 CNY 100000,60000,0 = 100000,60000,0");
    assert_true(f->result.decision.postings[0].own);
    expect(file(f, profit("p3", M("USD", "1000.00"), M("USD", "1.00"))), OUTCOME_REJECTED,
           "107 /details/distributable/currency");
    expect(file(f, profit("p4", M("CNY", "599.99"), M("CNY", "1.00"))), OUTCOME_REJECTED,
           "301 /details/money fdi.profit:REG00001:2023 CNY -1 100");
    expect(file(f, profit("p5", M("CNY", "700.00"), M("CNY", "100.00"))), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision,
                    "fdi.profit:REG00001:2023 CNY -30000,10000,0 = 70000,70000,0");
    expect_flags(&f->result.decision, "LIMIT_FULL");
    /* A reversed first filing leaves the year without a currency (R1). */
    filing = event(EVENT_REVERSAL, "x1");
    filing.details.reversal = (struct reversal){.reverses = T("p5"), .reason = T("r")};
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    filing.filing_id = T("x2");
    filing.details.reversal.reverses = T("p2");
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    expect(file(f, profit("p6", M("USD", "1.00"), M("USD", "1.00"))), OUTCOME_ACCEPTED, "");
}

static void the_tax_form_is_asked_for_above_its_threshold_once_the_rate_is_known(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    fixture_parameter(f, (struct row){.id = "FDI.TAX_FORM.USD", .value = "50000"});
    (void)file(f, registration("r1", "100.00"));
    filing = profit("p1", M("CNY", "900000.00"), M("CNY", "355000.01"));
    expect(file(f, filing), OUTCOME_HELD, "401 /business_date");
    expect_basis(f, &f->result.decision, "FDI.TAX_FORM.USD@");
    fixture_bulletin(f);
    fixture_rate(f, "2024-08-30", "USD", "7.10");
    fixture_pass(f, false);
    assert_int_equal(f->later_n, 1);
    expect(&f->later[0], OUTCOME_REJECTED, "214 /details/tax_form_no");
    expect_basis(f, &f->later[0], "FDI.TAX_FORM.USD@ 2024-08-30");
    expect(file(f, profit("p2", M("CNY", "900000.00"), M("CNY", "355000.00"))), OUTCOME_ACCEPTED,
           "");
    expect_basis(f, &f->result.decision, "FDI.TAX_FORM.USD@ 2024-08-30");
}

static struct filing outward(const char *id, const char *basis, const char *value)
{
    struct filing filing = event(EVENT_FDI_OUTWARD_REMITTANCE, id);

    filing.details.fdi_outward_remittance = (struct fdi_outward_remittance){
        .registration_no = T(R), .money = M("USD", value), .basis_filing_id = T(basis)};
    return filing;
}

static void principal_leaves_on_an_accepted_basis_and_the_registration_ends(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    (void)file(f, registration("r1", "100.00"));
    (void)file(f, inflow("i1", "USD", "100.00"));
    filing = event(EVENT_FDI_LIQUIDATION, "l1");
    filing.details.fdi_liquidation =
        (struct fdi_liquidation){.registration_no = T(R), .distribution = M("USD", "50.00")};
    expect(file(f, filing), OUTCOME_REJECTED, "214 /details/tax_clearance_no");
    filing.filing_id = T("l2");
    filing.details.fdi_liquidation.tax_clearance_no = T("C");
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.outflow:REG00001 USD 5000,0,0 = 5000,0,0");

    expect(file(f, outward("o1", "i1", "1.00")), OUTCOME_REJECTED,
           "214 /details/basis_filing_id"); /* no basis of this kind */
    expect(file(f, outward("o2", "l1", "1.00")), OUTCOME_REJECTED,
           "214 /details/basis_filing_id"); /* not accepted */
    filing = outward("o3", "l1", "1.00");
    filing.details.fdi_outward_remittance.registration_no = T("REG00009");
    expect(file(f, filing), OUTCOME_REJECTED,
           "203 /details/registration_no; 214 /details/basis_filing_id"); /* S1 */
    expect(file(f, outward("o4", "l2", "50.01")), OUTCOME_REJECTED,
           "301 /details/money fdi.outflow:REG00001 USD 5000 5001");
    expect(file(f, outward("o5", "l2", "20.00")), OUTCOME_ACCEPTED, "");

    filing = event(EVENT_FDI_DEREGISTRATION, "e1");
    filing.details.fdi_deregistration = (struct fdi_deregistration){.registration_no = T(R)};
    expect(file(f, filing), OUTCOME_REJECTED,
           "216 /details/registration_no fdi.capital:REG00001; "
           "216 /details/registration_no fdi.outflow:REG00001");
    expect(file(f, settlement("s1", "USD", "100.00")), OUTCOME_ACCEPTED, "");
    expect(file(f, payment("p1", "OTHER", "500.00")), OUTCOME_ACCEPTED, "");
    filing.filing_id = T("e2");
    filing.details.fdi_deregistration.waive_outflow = true;
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "");
    expect(file(f, inflow("i2", "USD", "1.00")), OUTCOME_REJECTED, "204 /details/registration_no");
    /* R5: reversing the closing opens it again. */
    filing = event(EVENT_REVERSAL, "x1");
    filing.details.reversal = (struct reversal){.reverses = T("e2"), .reason = T("r")};
    expect(file(f, filing), OUTCOME_ACCEPTED, "");
    expect(file(f, outward("o6", "l2", "1.00")), OUTCOME_ACCEPTED, "");
}

/* D1 in another currency than USD: the whole remainder is credited as long as its equivalent,
 * rounded up, fits; else what fits, rounded down. */
static void the_excess_is_measured_in_dollars_and_credited_in_the_currency(void **state)
{
    static const struct {
        const char *value;
        int64_t credited;
        int64_t taken;
        int64_t returned;
    } rows[] = {
        {"212999.95", 21299995, 3000000, 0}, /* 29,999.993 USD are 30,000.00 */
        {"213000.00", 21300000, 3000000, 0},
        {"213000.01", 21300000, 3000000, 1}, /* 30,000.0014 are 30,000.01: a fen goes back */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture *f = fixture_new();
        struct filing filing = registration("r1", "0.00");
        struct fdi_investor investors[2];
        const struct decision *decision = NULL;

        with_parameters(f);
        fixture_rate(f, "2024-07-10", "USD", "7.1");
        memcpy(investors, filing.details.fdi_registration.investors, sizeof(investors));
        investors[0].cash = M("CNY", "0.00");
        filing.details.fdi_registration.investors = investors;
        filing.details.fdi_registration.registered_capital = M("CNY", "1.00");
        (void)file(f, filing);
        expect_postings(&f->result.decision, ""); /* nothing to come in: nothing is posted */
        decision = file(f, inflow("i1", "CNY", rows[i].value));
        expect(decision, OUTCOME_ACCEPTED, "");
        assert_int_equal(decision->postings_n, 2);
        assert_true(decision->postings[0].change.limit == rows[i].credited);
        assert_true(decision->postings[1].change.used == rows[i].taken);
        assert_int_equal(decision->has_returned, rows[i].returned > 0);
        assert_true(!decision->has_returned || decision->returned.minor == rows[i].returned);
        expect_basis(f, decision, "FDI.EXCESS.USD@2013-05-13 2024-07-10");
        fixture_free(f);
    }
}

static void an_excess_that_rounds_to_nothing_is_not_credited(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "0.00");
    struct fdi_investor investors[2];

    fixture_parameter(f, (struct row){.id = "FDI.EXCESS.USD", .value = "0.01"});
    fixture_rate(f, "2024-07-10", "USD", "7");
    fixture_rate(f, "2024-07-10", "JPY", "1");
    memcpy(investors, filing.details.fdi_registration.investors, sizeof(investors));
    investors[0].cash = M("JPY", "10");
    filing.details.fdi_registration.investors = investors;
    filing.details.fdi_registration.registered_capital = M("JPY", "10");
    (void)file(f, filing);
    /* 1 yen is 15 cents; the cent that fits is no whole yen. */
    expect(file(f, inflow("i1", "JPY", "11")), OUTCOME_ACCEPTED, "");
    expect_flags(&f->result.decision, "EXCESS_RETURNED LIMIT_FULL");
    expect_postings(&f->result.decision, "fdi.capital:REG00001 JPY 10,0,0 = 10,0,0; "
                                         "fdi.inflow:REG00001:F1 JPY 0,10,0 = 10,10,0");
    assert_true(f->result.decision.returned.minor == 1);
}

/* L6: what is returned may round to nothing; the flag stands. */
static void a_return_that_rounds_to_nothing_is_left_out(void **state)
{
    struct fixture *f = *state;

    fixture_rate(f, "2024-07-10", "USD", "7.1");
    fixture_rate(f, "2024-07-10", "JPY", "0.5");
    (void)file(f, registration("r1", "0.07"));
    /* 1 yen is 7.04 cents: 8 are asked for, 7 are 0.994 yen, which is one. */
    expect(file(f, inflow("i1", "JPY", "1")), OUTCOME_ACCEPTED, "");
    expect_flags(&f->result.decision, "EXCESS_RETURNED LIMIT_FULL");
    assert_false(f->result.decision.has_returned);
}

static void money_beyond_all_numbers_is_only_too_much(void **state)
{
    struct fixture *f = *state;

    fixture_rate(f, "2024-07-10", "USD", "0.0000000001");
    fixture_rate(f, "2024-07-10", "EUR", "900000000");
    (void)file(f, registration("r1", "5.00"));
    expect(file(f, inflow("i1", "EUR", "10000000000000.00")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.capital:REG00001 USD 500,0,0 = 500,0,0; "
                                         "fdi.inflow:REG00001:F1 USD 0,500,0 = 500,500,0");
    assert_true(f->result.decision.returned.minor == INT64_C(999999999999999));
}

/* B1: what was looked up on the way to a missing rate is not listed, but for standing. */
static void a_rate_missing_on_the_way_lists_standing_only(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "0.00");
    struct fdi_investor investors[2];

    with_parameters(f);
    memcpy(investors, filing.details.fdi_registration.investors, sizeof(investors));
    investors[0].cash = M("CNY", "1.00");
    filing.details.fdi_registration.investors = investors;
    filing.details.fdi_registration.registered_capital = M("CNY", "1.00");
    (void)file(f, filing);
    expect(file(f, inflow("i1", "CNY", "1.01")), OUTCOME_HELD, "401 /business_date");
    expect_basis(f, &f->result.decision, "");
}

/* S3: a number of another kind is unknown, and taken all the same. */
static void a_number_of_another_kind_is_unknown(void **state)
{
    struct fixture *f = *state;
    struct object object = {.kind = OBJECT_OUTBOUND_REGISTRATION, .number = R, .opened_number = 1};

    f->number = 10;
    (void)enterprise_object_add(&f->state, &object);
    expect(file(f, inflow("i1", "USD", "1.00")), OUTCOME_REJECTED, "203 /details/registration_no");
    expect(file(f, registration("r1", "1.00")), OUTCOME_REJECTED, "202 /details/registration_no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_registration_gives_each_foreign_investor_a_limit),
        TEST(a_number_is_registered_once),
        TEST(paying_in_late_is_flagged_from_the_day_after_five_years),
        TEST(the_negative_list_refuses_caps_and_asks),
        TEST(a_domestic_enterprise_is_not_tested_against_the_negative_list),
        TEST(an_inflow_may_exceed_by_the_tolerance_and_no_more),
        TEST(an_inflow_in_another_currency_is_rounded_up),
        TEST(an_inflow_waits_for_its_rate),
        TEST(an_inflow_names_what_is_wrong_with_registration_and_investor),
        TEST(without_an_excess_parameter_there_is_no_tolerance),
        TEST(the_excess_is_measured_in_dollars_and_credited_in_the_currency),
        TEST(an_excess_that_rounds_to_nothing_is_not_credited),
        TEST(a_return_that_rounds_to_nothing_is_left_out),
        TEST(money_beyond_all_numbers_is_only_too_much),
        TEST(a_rate_missing_on_the_way_lists_standing_only),
        TEST(a_number_of_another_kind_is_unknown),
        TEST(preliminary_money_comes_goes_back_and_becomes_capital),
        TEST(an_increase_raises_what_an_investor_may_still_pay),
        TEST(a_decrease_gives_up_what_was_not_paid_and_lets_the_rest_leave),
        TEST(a_transfer_moves_share_capital_and_what_is_owed),
        TEST(a_transfer_names_what_is_wrong),
        TEST(a_transfer_is_reckoned_from_all_foreign_shares),
        TEST(capital_is_settled_and_spent_within_ratio_and_balance),
        TEST(reinvestment_is_tested_with_the_present_foreign_share),
        TEST(profit_leaves_within_what_a_year_distributes),
        TEST(the_tax_form_is_asked_for_above_its_threshold_once_the_rate_is_known),
        TEST(principal_leaves_on_an_accepted_basis_and_the_registration_ends),
    };

    return cmocka_run_group_tests_name("fdi", tests, NULL, NULL);
}
