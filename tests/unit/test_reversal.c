/* Reversals (R1 to R5): the exact opposite or nothing. */
#include "core_fixture.h"

static struct filing inflow(const char *id, const char *value, const char *date)
{
    return fixture_inflow(id, "REG00001", M("USD", value), date);
}

static struct filing reversal(const char *id, const char *reverses, const char *date)
{
    struct filing filing = fixture_filing(EVENT_REVERSAL, id, date);

    filing.details.reversal = (struct reversal){.reverses = T(reverses), .reason = T("mistake")};
    return filing;
}

static const struct decision *file(struct fixture *f, struct filing filing)
{
    return fixture_file(f, &filing);
}

static void a_reversal_posts_the_opposite(void **state)
{
    struct fixture *f = *state;

    fixture_parameter(f, (struct row){.id = "FDI.EXCESS.USD", .value = "30000"});
    (void)file(f, fixture_registration("r1", "REG00001"));
    (void)file(f, inflow("i1", "1005.00", "2024-07-10"));
    expect(file(f, reversal("x1", "i1", "2024-07-10")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.capital:REG00001 USD -100500,0,0 = 0,0,0; "
                                         "fdi.excess:REG00001 USD -3000000,-500,0 = 0,0,0; "
                                         "fdi.inflow:REG00001:F1 USD 0,-100000,0 = 100000,0,0");
    expect_flags(&f->result.decision, "");
    expect_basis(f, &f->result.decision, ""); /* B1 */
    assert_true(f->result.reversed);
    assert_true(f->result.has_undo);
    assert_false(f->result.decision.postings[0].own);
    expect(file(f, reversal("x2", "i1", "2024-07-10")), OUTCOME_REJECTED, "217 /details/reverses");
}

static void what_something_later_rests_on_stays(void **state)
{
    struct fixture *f = *state;

    (void)file(f, fixture_registration("r1", "REG00001"));
    (void)file(f, inflow("i1", "1.00", "2024-07-10"));
    (void)file(f, inflow("i2", "2.00", "2024-07-10"));
    expect(file(f, reversal("x1", "i1", "2024-07-10")), OUTCOME_REJECTED, "217 /details/reverses");
    expect(file(f, reversal("x2", "r1", "2024-07-10")), OUTCOME_REJECTED, "217 /details/reverses");
    /* From the last backwards everything can go. */
    expect(file(f, reversal("x3", "i2", "2024-07-10")), OUTCOME_ACCEPTED, "");
    expect(file(f, reversal("x4", "i1", "2024-07-10")), OUTCOME_ACCEPTED, "");
    expect(file(f, reversal("x5", "r1", "2024-07-10")), OUTCOME_ACCEPTED, "");
    assert_int_equal(f->state.objects_n, 0);
    assert_int_equal(f->state.investors_n, 0);
    assert_int_equal(f->state.limits_n, 0);
}

static void a_reversed_opening_frees_its_number(void **state)
{
    struct fixture *f = *state;

    (void)file(f, fixture_registration("r1", "REG00001"));
    (void)file(f, fixture_registration("r2", "REG00002"));
    expect(file(f, reversal("x1", "r1", "2024-07-10")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "fdi.inflow:REG00001:F1 USD -100000,0,0 = 0,0,0");
    assert_int_equal(f->state.objects_n, 1);
    expect(file(f, inflow("i1", "1.00", "2024-07-10")), OUTCOME_REJECTED,
           "203 /details/registration_no");
    expect(file(f, fixture_registration("r3", "REG00001")), OUTCOME_ACCEPTED, "");
    expect(file(f, fixture_registration("r4", "REG00002")), OUTCOME_REJECTED,
           "202 /details/registration_no");
}

static void a_reversal_is_dated_not_before_its_original_but_is_no_movement(void **state)
{
    struct fixture *f = *state;

    (void)file(f, fixture_registration("r1", "REG00001"));
    (void)file(f, inflow("i1", "1.00", "2024-07-10"));
    (void)file(f, inflow("i2", "1.00", "2024-07-20"));
    /* 206 stands beside 217 when the original was accepted (R1). */
    expect(file(f, reversal("x1", "i1", "2024-07-09")), OUTCOME_REJECTED,
           "206 /business_date; 217 /details/reverses");
    expect(file(f, reversal("x2", "i2", "2024-07-30")), OUTCOME_ACCEPTED, "");
    /* R5: the movement of 10 July is the last again. */
    expect(file(f, inflow("i3", "1.00", "2024-07-09")), OUTCOME_REJECTED, "206 /business_date");
    expect(file(f, inflow("i4", "1.00", "2024-07-10")), OUTCOME_ACCEPTED, "");
}

static void only_what_was_accepted_can_be_reversed_and_no_reversal(void **state)
{
    struct fixture *f = *state;

    (void)file(f, fixture_registration("r1", "REG00001"));
    expect(file(f, inflow("i1", "1.00", "2024-06-10")), OUTCOME_REJECTED, "206 /business_date");
    expect(file(f, reversal("x1", "i1", "2024-06-01")), OUTCOME_REJECTED, "217 /details/reverses");
    expect(file(f, reversal("x2", "unknown", "2024-07-01")), OUTCOME_REJECTED,
           "217 /details/reverses");
    expect(file(f, reversal("x3", "r1", "2024-07-01")), OUTCOME_ACCEPTED, "");
    expect(file(f, reversal("x4", "x3", "2024-07-01")), OUTCOME_REJECTED, "217 /details/reverses");
}

static struct filing profile(const char *id, const char *net_assets, const char *date)
{
    struct filing filing = fixture_filing(EVENT_FINANCING_PROFILE, id, date);
    struct financing_profile *details = &filing.details.financing_profile;

    details->mode = MODE_MACROPRUDENTIAL;
    details->effective_on = D(date);
    details->region = T("210100");
    details->subject = SUBJECT_GENERAL;
    details->established_on = D("2000-01-01");
    details->net_assets = M("CNY", net_assets);
    details->audited_on = D("2024-01-01");
    details->audit_no = T("A");
    details->total_investment.currency = CURRENCY_NONE;
    details->registered_capital.currency = CURRENCY_NONE;
    details->paid_in.currency = CURRENCY_NONE;
    details->certificate.valid_to = DATE_NONE;
    details->penalised_on = DATE_NONE;
    return filing;
}

static void with_leverage(struct fixture *f)
{
    fixture_parameter(f, (struct row){.id = "MP.LEVERAGE", .value = "2"});
    fixture_parameter(f, (struct row){.id = "MP.PARAMETER", .to = "2024-12-31", .value = "1"});
    fixture_parameter(f, (struct row){.id = "MP.PARAMETER", .from = "2025-01-01", .value = "1.75"});
}

static void a_limit_that_follows_the_calendar_gets_its_value_of_the_day(void **state)
{
    struct fixture *f = *state;

    with_leverage(f);
    expect(file(f, profile("p1", "100.00", "2024-06-01")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "financing.macroprudential CNY 20000,0,0 = 20000,0,0");
    expect(file(f, profile("p2", "300.00", "2024-07-01")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "financing.macroprudential CNY 40000,0,0 = 60000,0,0");
    /* R3: not 200, which it was, but 350, which the first profile is worth now. */
    expect(file(f, reversal("x1", "p2", "2025-01-01")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "financing.macroprudential CNY -25000,0,0 = 35000,0,0");
    expect_basis(f, &f->result.decision, "");
    /* And nothing when no profile is left. */
    expect(file(f, reversal("x2", "p1", "2025-01-02")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "financing.macroprudential CNY -35000,0,0 = 0,0,0");
    assert_int_equal(f->state.profiles_n, 0);
}

static void a_profile_that_changed_nothing_is_undone_by_the_calendar_too(void **state)
{
    struct fixture *f = *state;

    with_leverage(f);
    expect(file(f, profile("p1", "100.00", "2024-06-01")), OUTCOME_ACCEPTED, "");
    expect(file(f, profile("p2", "100.00", "2024-07-01")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "");
    expect(file(f, reversal("x1", "p2", "2025-01-01")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "financing.macroprudential CNY 15000,0,0 = 35000,0,0");
}

static void a_profile_carries_every_later_financing_filing(void **state)
{
    struct fixture *f = *state;

    with_leverage(f);
    (void)file(f, profile("p1", "100.00", "2024-06-01"));
    (void)file(f, profile("p2", "300.00", "2024-07-01"));
    expect(file(f, reversal("x1", "p1", "2024-07-01")), OUTCOME_REJECTED, "217 /details/reverses");
    expect(file(f, reversal("x2", "p2", "2024-07-01")), OUTCOME_ACCEPTED, "");
    expect(file(f, reversal("x3", "p1", "2024-07-01")), OUTCOME_ACCEPTED, "");
}

static struct filing contract(const char *id, const char *number, const char *value,
                              const char *date)
{
    struct filing filing = fixture_filing(EVENT_FINANCING_CONTRACT, id, date);
    struct financing_contract *details = &filing.details.financing_contract;

    details->contract_no = T(number);
    details->mode = MODE_MACROPRUDENTIAL;
    details->creditor =
        (struct creditor){.name = T("C"), .country = COUNTRY_DEU, .kind = CREDITOR_CORPORATE};
    details->money = M("CNY", value);
    details->signed_on = D(date);
    details->value_on = D(date);
    details->matures_on = date_add_years(D(date), 3);
    details->purpose = T("p");
    return filing;
}

static struct filing moved(enum event event, const char *id, const char *number, const char *value,
                           const char *date)
{
    struct filing filing = fixture_filing(event, id, date);

    if (event == EVENT_FINANCING_DRAWDOWN) {
        filing.details.financing_drawdown = (struct financing_drawdown){
            .contract_no = T(number), .money = M("CNY", value), .value_on = D(date)};
    } else {
        filing.details.financing_repayment =
            (struct financing_repayment){.contract_no = T(number), .money = M("CNY", value)};
    }
    return filing;
}

static void with_terms(struct fixture *f)
{
    with_leverage(f);
    fixture_parameter(f, (struct row){.id = "MP.TERM.LONG", .value = "1"});
}

/* R4: what a repayment set free and another contract took cannot be taken back. */
static void a_reversal_never_uses_more_than_there_is(void **state)
{
    struct fixture *f = *state;

    with_terms(f);
    (void)file(f, profile("p1", "100.00", "2024-06-01")); /* 200.00 to borrow */
    expect(file(f, contract("c1", "CON00001", "150.00", "2024-06-10")), OUTCOME_ACCEPTED, "");
    expect(file(f, moved(EVENT_FINANCING_DRAWDOWN, "d1", "CON00001", "150.00", "2024-06-20")),
           OUTCOME_ACCEPTED, "");
    expect(file(f, moved(EVENT_FINANCING_REPAYMENT, "e1", "CON00001", "100.00", "2024-06-21")),
           OUTCOME_ACCEPTED, "");
    expect(file(f, contract("c2", "CON00002", "120.00", "2024-06-22")), OUTCOME_ACCEPTED, "");
    expect(file(f, reversal("x1", "e1", "2024-06-23")), OUTCOME_REJECTED, "217 /details/reverses");
    expect(file(f, reversal("x2", "c2", "2024-06-23")), OUTCOME_ACCEPTED, "");
    expect(file(f, reversal("x3", "e1", "2024-06-23")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision, "financing.macroprudential CNY 0,10000,0 = 20000,15000,0; "
                                         "financing.principal:CON00001 CNY 0,-10000,0 = 15000,0,0");
}

/* The least that a reversal can use too much. */
static void a_reversal_is_refused_for_one_minor_unit(void **state)
{
    struct fixture *f = *state;

    with_terms(f);
    (void)file(f, profile("p1", "100.00", "2024-06-01")); /* 200.00 to borrow */
    expect(file(f, contract("c1", "CON00001", "150.00", "2024-06-10")), OUTCOME_ACCEPTED, "");
    expect(file(f, moved(EVENT_FINANCING_DRAWDOWN, "d1", "CON00001", "150.00", "2024-06-20")),
           OUTCOME_ACCEPTED, "");
    expect(file(f, moved(EVENT_FINANCING_REPAYMENT, "e1", "CON00001", "0.01", "2024-06-21")),
           OUTCOME_ACCEPTED, "");
    expect(file(f, contract("c2", "CON00002", "50.01", "2024-06-22")), OUTCOME_ACCEPTED, "");
    expect(file(f, reversal("x1", "e1", "2024-06-23")), OUTCOME_REJECTED, "217 /details/reverses");
}

/* R3, R4: a fall that the calendar brings stops no reversal but that of a profile. */
static void a_fall_of_the_parameter_does_not_stop_a_reversal(void **state)
{
    struct fixture *f = *state;

    fixture_parameter(f, (struct row){.id = "MP.LEVERAGE", .value = "2"});
    fixture_parameter(f, (struct row){.id = "MP.PARAMETER", .to = "2024-12-31", .value = "1"});
    fixture_parameter(f, (struct row){.id = "MP.PARAMETER", .from = "2025-01-01", .value = "0.5"});
    fixture_parameter(f, (struct row){.id = "MP.TERM.LONG", .value = "1"});
    (void)file(f, profile("p1", "100.00", "2024-06-01"));
    (void)file(f, contract("c1", "CON00001", "150.00", "2024-06-10"));
    expect(file(f, moved(EVENT_FINANCING_DRAWDOWN, "d1", "CON00001", "150.00", "2024-06-20")),
           OUTCOME_ACCEPTED, "");
    expect(file(f, reversal("x1", "d1", "2025-01-02")), OUTCOME_ACCEPTED, "");
    expect_postings(&f->result.decision,
                    "financing.contract:CON00001 CNY 0,-15000,0 = 15000,0,0; "
                    "financing.macroprudential CNY -10000,-15000,15000 = 10000,0,15000; "
                    "financing.principal:CON00001 CNY -15000,0,0 = 0,0,0");
}

/* A profile filed after the contracts raises nothing that they use, but its reversal may. */
static void a_profile_is_not_reversed_below_what_is_borrowed(void **state)
{
    struct fixture *f = *state;

    with_terms(f);
    (void)file(f, profile("p1", "100.00", "2024-06-01"));
    (void)file(f, contract("c1", "CON00001", "150.00", "2024-06-10"));
    (void)file(f, profile("p2", "50.00", "2024-06-11")); /* 100.00: below what is reserved */
    expect_postings(&f->result.decision,
                    "financing.macroprudential CNY -10000,0,0 = 10000,0,15000");
    expect(file(f, profile("p3", "100.00", "2024-06-12")), OUTCOME_ACCEPTED, "");
    expect(file(f, reversal("x1", "p3", "2024-06-13")), OUTCOME_REJECTED, "217 /details/reverses");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_reversal_posts_the_opposite),
        TEST(what_something_later_rests_on_stays),
        TEST(a_reversed_opening_frees_its_number),
        TEST(a_reversal_is_dated_not_before_its_original_but_is_no_movement),
        TEST(only_what_was_accepted_can_be_reversed_and_no_reversal),
        TEST(a_limit_that_follows_the_calendar_gets_its_value_of_the_day),
        TEST(a_profile_that_changed_nothing_is_undone_by_the_calendar_too),
        TEST(a_reversal_never_uses_more_than_there_is),
        TEST(a_reversal_is_refused_for_one_minor_unit),
        TEST(a_fall_of_the_parameter_does_not_stop_a_reversal),
        TEST(a_profile_is_not_reversed_below_what_is_borrowed),
        TEST(a_profile_carries_every_later_financing_filing),
    };

    return cmocka_run_group_tests_name("reversal", tests, NULL, NULL);
}
