/* Who may say what once: identity (I1, I2), standing of banks (S4), and what every decision has. */
#include "core_fixture.h"

static void the_same_bytes_again_are_a_duplicate_of_the_first_decision(void **state)
{
    struct fixture *f = *state;
    struct filing filing = fixture_registration("a", "REG00001");

    (void)fixture_file(f, &filing);
    assert_true(f->result.owns_id);
    expect(fixture_file(f, &filing), OUTCOME_DUPLICATE, "");
    assert_true(f->result.decision.refers_to == 1);
    assert_false(f->result.owns_id);
    assert_false(f->result.has_undo);
    assert_int_equal(f->result.decision.postings_n, 0);
    assert_true(f->state.number == 1);
}

static void other_bytes_under_an_id_are_refused_alone(void **state)
{
    struct fixture *f = *state;
    struct filing filing = fixture_registration("a", "REG00001");

    (void)fixture_file(f, &filing);
    filing.bank = T(BANK);
    reasons_add_at(&f->form.failures, CODE_CURRENCY, "/details/registered_capital/currency");
    expect(fixture_file_bytes(f, &filing, 2), OUTCOME_REJECTED, "201 /filing_id");
    reasons_reset(&f->form.failures);
    assert_false(f->result.owns_id);
}

static void a_rejected_filing_keeps_its_id(void **state)
{
    struct fixture *f = *state;
    struct filing filing = fixture_registration("a", "REG00001");

    filing.bank = T("210100000999");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "205 /bank");
    assert_true(f->result.owns_id);
    expect(fixture_file(f, &filing), OUTCOME_DUPLICATE, "");
}

static void the_same_id_of_another_bank_is_another_filing(void **state)
{
    struct fixture *f = *state;
    struct filing filing = fixture_registration("a", "REG00001");

    (void)fixture_file(f, &filing);
    filing.bank = T(AUTHORITY); /* not a filer, but not a duplicate either */
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "202 /details/registration_no; 205 /bank");
}

static void form_failures_are_passed_on_and_own_the_id_unless_the_signature_failed(void **state)
{
    struct fixture *f = *state;
    struct filing filing = fixture_registration("a", "REG00001");

    reasons_add_at(&f->form.failures, CODE_TEXT, "/note");
    reasons_add_at(&f->form.failures, CODE_SCHEMA, "/details/account");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "101 /details/account; 113 /note");
    assert_true(f->result.owns_id);
    f->filed_n = 0;
    reasons_add_at(&f->form.failures, CODE_SIGNATURE, "");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "101 /details/account; 113 /note; 117 ");
    assert_false(f->result.owns_id);
    assert_int_equal(f->state.objects_n, 0);
}

static void a_filing_without_identity_is_rejected_afresh(void **state)
{
    struct fixture *f = *state;
    struct filing filing = fixture_registration("a", "REG00001");
    struct decide_args args;

    (void)fixture_file(f, &filing);
    args = fixture_args(f, &filing, 1);
    f->form.identified = false;
    reasons_add_at(&f->form.failures, CODE_BANK_CODE, "/bank");
    decide_filing(&args, &f->state, &f->result);
    expect(&f->result.decision, OUTCOME_REJECTED, "104 /bank");
    assert_false(f->result.owns_id);
}

static void undecodable_and_misplaced_records_have_their_own_answers(void **state)
{
    struct fixture *f = *state;
    struct filing filing = fixture_registration("a", "REG00001");
    struct decide_args args = fixture_args(f, &filing, 1);

    decide_undecodable(&args, &f->result);
    expect(&f->result.decision, OUTCOME_REJECTED, "101 ");
    assert_int_equal(f->result.decision.identity.filing_id.n, 0);
    decide_misplaced(&args, &f->result);
    expect(&f->result.decision, OUTCOME_REJECTED, "101 /enterprise");
    assert_int_equal(f->result.decision.identity.filing_id.n, 1);
    assert_int_equal(f->result.decision.event, EVENT_FDI_REGISTRATION);
    assert_false(f->result.owns_id);
}

static void a_bulletin_has_a_decision(void **state)
{
    struct fixture *f = *state;
    struct filing filing = fixture_registration("a", "REG00001");
    struct decide_args args = fixture_args(f, &filing, 1);
    const struct fault fault = {.field = "/date", .text = "there is one"};

    decide_bulletin(&args, NULL, &f->result);
    expect(&f->result.decision, OUTCOME_ACCEPTED, "");
    assert_int_equal(f->result.decision.event, EVENT_BULLETIN);
    decide_bulletin(&args, &fault, &f->result);
    expect(&f->result.decision, OUTCOME_REJECTED, "118 /date");
}

static void a_decision_names_record_bulletin_policy_and_rules(void **state)
{
    struct fixture *f = *state;
    struct filing filing = fixture_registration("a", "REG00001");
    struct decide_args args;

    fixture_parameter(f, (struct row){.id = "FDI.PAYIN.YEARS", .value = "5"});
    f->bulletin = 4;
    args = fixture_args(f, &filing, 1);
    args.record.partition = 3;
    args.record.input_offset = 131;
    args.record.trigger_offset = 132;
    args.record.input_hash[31] = 9;
    decide_filing(&args, &f->state, &f->result);
    assert_int_equal(f->result.decision.partition, 3);
    assert_true(f->result.decision.number == 1);
    assert_true(f->result.decision.input_offset == 131);
    assert_true(f->result.decision.trigger_offset == 132);
    assert_int_equal(f->result.decision.input_hash[31], 9);
    assert_true(f->result.decision.received_ms == f->received_ms);
    assert_true(f->result.decision.has_bulletin);
    assert_true(f->result.decision.bulletin == 4);
    assert_true(f->result.decision.has_basis);
    assert_true(f->result.decision.policy == 7);
    assert_int_equal(f->result.decision.rules, 1);
}

static void an_unconfirmed_parameter_is_flagged_on_acceptance_only(void **state)
{
    struct fixture *f = *state;
    struct filing filing = fixture_registration("a", "REG00001");

    fixture_parameter(f, (struct row){.id = "FDI.PAYIN.YEARS", .value = "5"});
    f->rows[0].confirmed = false;
    expect_flags(fixture_file(f, &filing), "UNCONFIRMED_BASIS");
    filing.filing_id = T("b");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "202 /details/registration_no");
    expect_flags(&f->result.decision, "");
    expect_basis(f, &f->result.decision, "FDI.PAYIN.YEARS@");
}

static void an_enterprise_has_at_most_4096_objects(void **state)
{
    struct fixture *f = *state;
    struct filing filing;

    for (uint32_t i = 0; i < ENTERPRISE_OBJECTS_MAX; i++) {
        struct object object = {.kind = OBJECT_LOAN, .opened_number = i + 1, .closed = true};

        (void)snprintf(object.number, sizeof(object.number), "LOAN%05u", i * 7 % 4096);
        (void)enterprise_object_add(&f->state, &object);
    }
    f->number = 5000;
    filing = fixture_registration("a", "REG00001");
    filing.bank = T("210100000999");
    expect(fixture_file(f, &filing), OUTCOME_REJECTED, "224 ");
    enterprise_object_remove(&f->state, 17);
    filing = fixture_registration("b", "REG00001");
    expect(fixture_file(f, &filing), OUTCOME_ACCEPTED, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(the_same_bytes_again_are_a_duplicate_of_the_first_decision),
        TEST(other_bytes_under_an_id_are_refused_alone),
        TEST(a_rejected_filing_keeps_its_id),
        TEST(the_same_id_of_another_bank_is_another_filing),
        TEST(form_failures_are_passed_on_and_own_the_id_unless_the_signature_failed),
        TEST(a_filing_without_identity_is_rejected_afresh),
        TEST(undecodable_and_misplaced_records_have_their_own_answers),
        TEST(a_bulletin_has_a_decision),
        TEST(a_decision_names_record_bulletin_policy_and_rules),
        TEST(an_unconfirmed_parameter_is_flagged_on_acceptance_only),
        TEST(an_enterprise_has_at_most_4096_objects),
    };

    return cmocka_run_group_tests_name("decide_identity", tests, NULL, NULL);
}
