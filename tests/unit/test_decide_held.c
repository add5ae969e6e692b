/* Held filings (H1 to H6): what waits, behind what, until when, and what is said about it. */
#include "core_fixture.h"

static struct filing registration(const char *id, const char *number, const char *industry)
{
    struct filing filing = fixture_registration(id, number);

    filing.details.fdi_registration.industry = T(industry);
    return filing;
}

static struct filing inflow(const char *id, const char *number, const char *currency,
                            const char *date)
{
    return fixture_inflow(id, number, M(currency, "10.00"), date);
}

static struct filing review(const char *id, const char *reviews, enum verdict verdict)
{
    struct filing filing = fixture_filing(EVENT_REVIEW, id, "2024-07-11");

    filing.bank = T(AUTHORITY);
    filing.details.review = (struct review){.reviews = T(reviews),
                                            .reviewed_bank = T(BANK),
                                            .verdict = (int32_t)verdict,
                                            .officer = T("o"),
                                            .reason = T("because")};
    return filing;
}

static struct filing withdrawal(const char *id, const char *withdraws)
{
    struct filing filing = fixture_filing(EVENT_WITHDRAWAL, id, "2024-07-11");

    filing.details.withdrawal =
        (struct withdrawal){.withdraws = T(withdraws), .reason = T("mistake")};
    return filing;
}

static void open_two(struct fixture *f)
{
    struct filing filing = registration("r1", "REG00001", "C3011");

    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    filing = registration("r2", "REG00002", "C3011");
    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
}

static void later_filings_on_the_same_number_wait_and_others_go_on(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    open_two(f);
    filing = inflow("i1", "REG00001", "EUR", "2024-07-10");
    expect(fixture_file(f, &filing), OUTCOME_HELD, "401 /business_date");
    filing = inflow("i2", "REG00001", "USD", "2024-07-10");
    expect(fixture_file(f, &filing), OUTCOME_HELD, "403 ");
    filing = inflow("i3", "REG00002", "USD", "2024-07-10");
    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    assert_int_equal(f->state.held_n, 2);

    fixture_bulletin(f);
    fixture_rate(f, "2024-07-10", "EUR", "7.8");
    fixture_rate(f, "2024-07-10", "USD", "7.1");
    fixture_pass(f, false);
    assert_int_equal(f->later_n, 2);
    expect(&f->later[0], OUTCOME_ACCEPTED, "");
    assert_true(f->later[0].refers_to == 3);
    expect(&f->later[1], OUTCOME_ACCEPTED, "");
    assert_true(f->later[1].refers_to == 4);
    assert_true(f->state.number == f->later[1].number);
}

static void a_403_stands_before_every_check_of_standing(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    open_two(f);
    filing = inflow("i1", "REG00001", "EUR", "2024-07-10");
    (void)fixture_file(f, &filing);
    filing = inflow("i2", "REG00001", "USD", "2024-06-10"); /* 206, 205 and 207 wait too */
    filing.bank = T("210100000999");
    filing.details.fdi_inflow.investor_no = T("X");
    expect(fixture_file(f, &filing), OUTCOME_HELD, "403 ");
}

static void a_withdrawal_takes_a_held_filing_back_and_lets_the_next_go(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    fixture_parameter(f, (struct row){.id = "FDI.PAYIN.YEARS", .value = "5"});
    open_two(f);
    filing = inflow("i1", "REG00001", "EUR", "2024-07-10");
    (void)fixture_file(f, &filing);
    filing = inflow("i2", "REG00001", "USD", "2024-07-10");
    (void)fixture_file(f, &filing);
    filing = withdrawal("w1", "i1");
    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    assert_int_equal(f->result.decision.postings_n, 0);
    assert_int_equal(f->later_n, 2);
    expect(&f->later[0], OUTCOME_REJECTED, "223 ");
    assert_false(f->later[0].has_basis);
    assert_true(f->later[0].refers_to == 3);
    expect(&f->later[1], OUTCOME_ACCEPTED, "");
    filing = withdrawal("w2", "i1");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "217 /details/withdraws");
    filing = withdrawal("w3", "nothing");
    filing.bank = T(AUTHORITY);
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "205 /bank; 217 /details/withdraws");
}

static void a_review_approves(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "REG00001", "Q8411");

    fixture_negative(f, "Q84", LIST_REVIEW, 0);
    expect(fixture_file(f, &filing), OUTCOME_HELD, "402 /details/industry");
    filing = review("v1", "r1", VERDICT_APPROVE);
    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    assert_int_equal(f->later_n, 1);
    expect(&f->later[0], OUTCOME_ACCEPTED, "");
    assert_true(f->later[0].refers_to == 1);
    assert_true(f->later[0].number == 3);
    assert_int_equal(f->state.objects_n, 1);
    assert_int_equal(f->state.held_n, 0);
}

static void a_review_refuses_with_the_officers_reason(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "REG00001", "Q8411");

    fixture_parameter(f, (struct row){.id = "FDI.PAYIN.YEARS", .value = "5"});
    fixture_negative(f, "Q84", LIST_REVIEW, 0);
    (void)fixture_file(f, &filing);
    filing = review("v1", "r1", VERDICT_REFUSE);
    (void)fixture_file(f, &filing);
    expect(&f->later[0], OUTCOME_REJECTED, "221 ");
    assert_int_equal(f->later[0].reasons.at[0].note.n, strlen("because"));
    assert_false(f->later[0].has_basis);
    assert_int_equal(f->state.objects_n, 0);
    filing = review("v2", "r1", VERDICT_APPROVE);
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "217 /details/reviews");
}

static void a_review_needs_an_authority_and_a_filing_held_for_review(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    open_two(f);
    filing = inflow("i1", "REG00001", "EUR", "2024-07-10");
    (void)fixture_file(f, &filing);
    filing = review("v1", "i1", VERDICT_APPROVE); /* held, but by 401 (H6) */
    filing.bank = T(BANK);
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "205 /bank; 217 /details/reviews");
    assert_int_equal(f->state.held_n, 1);
}

static void a_held_registration_makes_those_that_name_it_wait(void **state)
{
    struct fixture *f = *state;
    struct filing filing = registration("r1", "REG00001", "Q8411");

    fixture_negative(f, "Q84", LIST_REVIEW, 0);
    (void)fixture_file(f, &filing);
    filing = inflow("i1", "REG00001", "USD", "2024-07-10");
    expect(fixture_file(f, &filing), OUTCOME_HELD, "403 ");
    filing = review("v1", "r1", VERDICT_REFUSE);
    (void)fixture_file(f, &filing);
    assert_int_equal(f->later_n, 2);
    expect(&f->later[1], OUTCOME_REJECTED, "203 /details/registration_no");
}

static void a_bulletin_that_does_not_bring_the_rate_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    open_two(f);
    filing = inflow("i1", "REG00001", "EUR", "2024-07-10");
    (void)fixture_file(f, &filing);
    fixture_bulletin(f);
    fixture_negative(f, "C", LIST_PROHIBITED, 0);
    fixture_pass(f, false);
    assert_int_equal(f->later_n, 0);
    assert_false(decide_is_due(&f->reference, f->bulletin, &f->state, 3));
    assert_true(f->state.number == 3);
}

/* The sheet of Friday is there; a holiday table makes Monday a holiday, so Friday's counts (H5). */
static void a_calendar_can_bring_a_rate(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    fixture_rate(f, "2024-07-05", "EUR", "7.8");
    fixture_rate(f, "2024-07-05", "USD", "7.1");
    open_two(f);
    filing = inflow("i1", "REG00001", "EUR", "2024-07-08");
    expect(fixture_file(f, &filing), OUTCOME_HELD, "401 /business_date");
    fixture_bulletin(f);
    fixture_holiday(f, "2024-07-08");
    fixture_pass(f, false);
    assert_int_equal(f->later_n, 1);
    expect(&f->later[0], OUTCOME_ACCEPTED, "");
    expect_basis(f, &f->later[0], "2024-07-05");
}

static void at_most_256_are_held(void **state)
{
    struct fixture *f = *state;
    struct filing filing;
    static char ids[ENTERPRISE_HELD_MAX + 1][8];

    open_two(f);
    for (uint32_t i = 0; i < ENTERPRISE_HELD_MAX; i++) {
        (void)snprintf(ids[i], sizeof(ids[i]), "h%u", i);
        filing = inflow(ids[i], "REG00001", "EUR", "2024-07-10");
        assert_int_equal(fixture_file(f, &filing)->outcome, OUTCOME_HELD);
    }
    filing = inflow("x1", "REG00001", "USD", "2024-07-10");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "222 ");
    filing = inflow("x2", "REG00002", "EUR", "2024-07-10");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "222 ");
    filing = inflow("x3", "REG00002", "USD", "2024-07-10");
    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    assert_int_equal(f->state.held_n, ENTERPRISE_HELD_MAX);
}

static void a_reversal_waits_behind_what_its_original_would_wait_behind(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    open_two(f);
    filing = inflow("i1", "REG00001", "USD", "2024-07-10");
    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
    filing = inflow("i2", "REG00001", "EUR", "2024-07-10");
    (void)fixture_file(f, &filing);
    filing = fixture_filing(EVENT_REVERSAL, "x1", "2024-07-11");
    filing.details.reversal = (struct reversal){.reverses = T("i1"), .reason = T("r")};
    expect(fixture_file(f, &filing), OUTCOME_HELD, "403 ");
    filing = fixture_filing(EVENT_REVERSAL, "x2", "2024-07-11");
    filing.details.reversal = (struct reversal){.reverses = T("i2"), .reason = T("r")};
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "217 /details/reverses"); /* H1 */
    filing = withdrawal("w", "i2");
    (void)fixture_file(f, &filing);
    assert_int_equal(f->later_n, 2);
    expect(&f->later[1], OUTCOME_ACCEPTED, "");
    expect_postings(&f->later[1], "fdi.capital:REG00001 USD -1000,0,0 = 0,0,0; "
                                  "fdi.inflow:REG00001:F1 USD 0,-1000,0 = 100000,0,0");
}

/* H3: 402 comes before 401; the approval stays while it waits for its rate. */
static void an_approved_filing_may_wait_for_its_rate(void **state)
{
    struct fixture *f = *state;
    struct filing filing = fixture_filing(EVENT_OUTBOUND_REGISTRATION, "o1", "2024-07-10");
    struct outbound_registration *details = &filing.details.outbound_registration;

    fixture_parameter(f, (struct row){.id = "OUT.NDRC.USD", .value = "300000000"});
    fixture_sensitive(f, "DEU", "", LIST_REVIEW);
    details->registration_no = T("OUT00001");
    details->route = ROUTE_DIRECT;
    details->target = (struct party){.name = T("T"), .country = COUNTRY_DEU};
    details->industry = T("C3011");
    details->total = M("EUR", "100.00");
    details->cash = M("EUR", "100.00");
    details->ndrc = (struct ndrc_certificate){.kind = NDRC_APPROVAL,
                                              .level = NDRC_LEVEL_NATIONAL,
                                              .number = T("n"),
                                              .issued_on = D("2024-01-01"),
                                              .valid_to = D("2025-01-01")};
    details->mofcom = (struct mofcom_certificate){
        .number = T("m"), .issued_on = D("2024-01-01"), .valid_to = D("2025-01-01")};
    expect(fixture_file(f, &filing), OUTCOME_HELD, "402 /details/target/country");
    filing = review("v1", "o1", VERDICT_APPROVE);
    (void)fixture_file(f, &filing);
    assert_int_equal(f->later_n, 1);
    expect(&f->later[0], OUTCOME_HELD, "401 /business_date");
    assert_true(f->later[0].refers_to == 1);
    expect_basis(f, &f->later[0], "OUT.NDRC.USD@");
    filing = review("v2", "o1", VERDICT_APPROVE);
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "217 /details/reviews");

    fixture_bulletin(f);
    fixture_rate(f, "2024-07-10", "EUR", "7.8");
    fixture_rate(f, "2024-07-10", "USD", "7.1");
    fixture_pass(f, false);
    assert_int_equal(f->later_n, 1);
    expect(&f->later[0], OUTCOME_ACCEPTED, "");
    assert_true(f->later[0].refers_to == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(later_filings_on_the_same_number_wait_and_others_go_on),
        TEST(a_403_stands_before_every_check_of_standing),
        TEST(a_withdrawal_takes_a_held_filing_back_and_lets_the_next_go),
        TEST(a_review_approves),
        TEST(a_review_refuses_with_the_officers_reason),
        TEST(a_review_needs_an_authority_and_a_filing_held_for_review),
        TEST(a_held_registration_makes_those_that_name_it_wait),
        TEST(a_bulletin_that_does_not_bring_the_rate_changes_nothing),
        TEST(a_calendar_can_bring_a_rate),
        TEST(at_most_256_are_held),
        TEST(an_approved_filing_may_wait_for_its_rate),
        TEST(a_reversal_waits_behind_what_its_original_would_wait_behind),
    };

    return cmocka_run_group_tests_name("decide_held", tests, NULL, NULL);
}
