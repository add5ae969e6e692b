/* The events of foreign direct investment, worked case by worked case: what each test writes as one
 * text (outcome and reasons, postings, flags, basis) is what the rulebook says of it. */
#include "core_fixture.h"

#define R "REG00001"

/* One foreign and one domestic investor, registered capital in USD. */
static struct filing registration(const char *id, const char *cash)
{
    static struct fdi_investor investors[2];
    struct filing filing = fixture_filing(EVENT_FDI_REGISTRATION, id, "2024-07-01");
    struct fdi_registration *details = &filing.details.fdi_registration;

    investors[0] = (struct fdi_investor){.investor_no = T("F1"),
                                         .name = T("A"),
                                         .country = COUNTRY_DEU,
                                         .subscribed = M("USD", "6000000.00"),
                                         .cash = M("USD", cash),
                                         .share_bp = 6000,
                                         .due_on = D("2029-06-30")};
    investors[1] = (struct fdi_investor){.investor_no = T("D1"),
                                         .name = T("B"),
                                         .country = COUNTRY_CHN,
                                         .subscribed = M("USD", "4000000.00"),
                                         .cash = M("USD", "4000000.00"),
                                         .share_bp = 4000,
                                         .due_on = D("2029-06-30")};
    details->registration_no = T(R);
    details->setup = SETUP_NEW;
    details->region = T("210100");
    details->industry = T("C3011");
    details->established_on = D("2024-07-01");
    details->registered_capital = M("USD", "10000000.00");
    details->total_investment.currency = CURRENCY_NONE;
    details->investors = investors;
    details->investors_n = 2;
    return filing;
}

static struct filing inflow(const char *id, const char *currency, const char *value)
{
    struct filing filing = fixture_filing(EVENT_FDI_INFLOW, id, "2024-07-10");

    filing.details.fdi_inflow = (struct fdi_inflow){.registration_no = T(R),
                                                    .investor_no = T("F1"),
                                                    .money = M(currency, value),
                                                    .account = T("a"),
                                                    .remitter_country = COUNTRY_DEU};
    return filing;
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
        {"F512",  OUTCOME_ACCEPTED, ""                     }, /* the row is longer than the code */
        {"D4414", OUTCOME_REJECTED, "213 /details/industry"}, /* 60 % above 50 % */
        {"I6311", OUTCOME_ACCEPTED, ""                     }, /* 60 % is the cap */
        {"Q8411", OUTCOME_HELD,     "402 /details/industry"},
        {"P8310", OUTCOME_REJECTED, "213 /details/industry"}, /* review and prohibited */
    };
    struct fixture *f = *state;

    fixture_negative(f, "F5128", LIST_PROHIBITED, 0);
    fixture_negative(f, "D4414", LIST_CAP, 5000);
    fixture_negative(f, "I63", LIST_CAP, 6000);
    fixture_negative(f, "Q84", LIST_REVIEW, 0);
    fixture_negative(f, "P", LIST_REVIEW, 0);
    fixture_negative(f, "P8310", LIST_PROHIBITED, 0);
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct filing filing = registration("r", "5000000.00");
        char id[8];
        char number[16];

        (void)snprintf(id, sizeof(id), "r%u", i);
        (void)snprintf(number, sizeof(number), "REG0000%u", i);
        filing.filing_id = T(id);
        filing.details.fdi_registration.registration_no = T(number);
        filing.details.fdi_registration.industry = T(rows[i].industry);
        expect(fixture_file(f, &filing), rows[i].outcome, rows[i].reasons);
        f->filed_n = 0;
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
    };

    return cmocka_run_group_tests_name("fdi", tests, NULL, NULL);
}
