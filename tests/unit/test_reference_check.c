/* What of 118 is neither form nor signature: each way in which a bulletin can contradict what is in
 * force, and the look-ups of registers. */
#include "core_fixture.h"

static void expect_fault(const struct reference *reference, int64_t as_of,
                         const struct content *content, const char *field)
{
    struct fault fault = {.field = "?"};
    bool is_right = reference_check(reference, as_of, content, &fault);

    if (field == NULL) {
        assert_true(is_right);
        return;
    }
    assert_false(is_right);
    assert_string_equal(fault.field, field);
    assert_true(fault.text[0] != '\0');
}

static void numbers_go_up_by_one_from_the_founding_record(void **state)
{
    const struct reference empty = {.policies = NULL};
    struct content content = {.number = 0, .has_founding = true};

    (void)state;
    expect_fault(&empty, REFERENCE_NOTHING, &content, NULL);
    content.has_founding = false;
    expect_fault(&empty, REFERENCE_NOTHING, &content, "");
    content.number = 1;
    expect_fault(&empty, REFERENCE_NOTHING, &content, "");
    expect_fault(&empty, 0, &content, NULL); /* the second, or a pack's first */
    expect_fault(&empty, 1, &content, "");
    content.number = 2;
    expect_fault(&empty, 0, &content, "");
    content.number = 1;
    content.has_founding = true;
    expect_fault(&empty, 0, &content, "");
}

struct span {
    const char *id;
    const char *region;
    const char *from;
    const char *to;
};

static void expect_policy(const struct span *spans, uint32_t n, const char *field)
{
    const struct reference empty = {.policies = NULL};
    struct parameter rows[4];
    struct reference_item item = {.kind = REFERENCE_POLICY};
    struct content content = {.number = 1, .items = &item, .items_n = 1};

    require(n <= 4);
    for (uint32_t i = 0; i < n; i++) {
        rows[i] = (struct parameter){.id = T(spans[i].id),
                                     .subject = T(""),
                                     .region = T(spans[i].region),
                                     .from_on = spans[i].from[0] ? D(spans[i].from) : DATE_FIRST,
                                     .to_on = spans[i].to[0] ? D(spans[i].to) : DATE_LAST};
    }
    item.of.policy =
        (struct policy){.policy = 1, .rules = 1, .parameters = rows, .parameters_n = n};
    expect_fault(&empty, 0, &content, field);
}

static void rows_of_one_scope_neither_overlap_nor_leave_a_gap(void **state)
{
    (void)state;
    expect_policy((struct span[]){{"A", "", "", ""}}, 1, NULL);
    expect_policy((struct span[]){{"A", "", "", "2024-01-31"}, {"A", "", "2024-02-01", ""}}, 2,
                  NULL);
    expect_policy((struct span[]){{"A", "", "2024-02-01", ""}, {"A", "", "", "2024-01-31"}}, 2,
                  NULL);
    expect_policy((struct span[]){{"A", "", "", "2024-02-01"}, {"A", "", "2024-02-01", ""}}, 2,
                  "/parameters/1"); /* one day twice */
    expect_policy((struct span[]){{"A", "", "", ""}, {"A", "", "2024-02-01", ""}}, 2,
                  "/parameters/1");
    expect_policy((struct span[]){{"A", "", "", "2024-01-30"}, {"A", "", "2024-02-01", ""}}, 2,
                  "/parameters/0"); /* a day without */
    expect_policy((struct span[]){{"A", "", "", ""}, {"A", "21", "", ""}, {"B", "", "", ""}}, 3,
                  NULL);
    expect_policy(
        (struct span[]){{"A", "", "", "2024-01-31"}, {"A", "", "2024-02-01", "2024-03-31"}}, 2,
        NULL); /* ends: what is absent later is none */
    expect_policy((struct span[]){{"A", "", "", "2024-01-31"},
                                  {"B", "", "2024-02-01", ""},
                                  {"A", "", "2024-02-02", ""}},
                  3, "/parameters/0"); /* another parameter fills no gap */
}

static void expect_sheets(const struct fixture *f, int64_t as_of, const char *date,
                          const char *other, const char *field)
{
    struct reference_item items[2] = {{.kind = REFERENCE_RATES}, {.kind = REFERENCE_RATES}};
    const struct content content = {
        .number = (uint64_t)as_of + 1, .items = items, .items_n = other != NULL ? 2 : 1};

    items[0].of.rates.date_on = D(date);
    items[1].of.rates.date_on = other != NULL ? D(other) : DATE_NONE;
    expect_fault(&f->reference, as_of, &content, field);
}

static void a_date_has_one_sheet(void **state)
{
    struct fixture *f = *state;

    f->bulletin = 2;
    fixture_rate(f, "2024-07-05", "USD", "7.1");
    expect_sheets(f, 2, "2024-07-05", NULL, "/date");
    expect_sheets(f, 1, "2024-07-05", NULL, NULL); /* for whom it has not come yet */
    expect_sheets(f, 2, "2024-07-08", NULL, NULL);
    expect_sheets(f, 2, "2024-07-08", "2024-07-08", "/date");
    expect_sheets(f, 2, "2024-07-08", "2024-07-09", NULL);
}

static void a_key_id_belongs_to_one_person(void **state)
{
    const struct public_key k1 = {.key_id = T("k1"), .from_on = DATE_FIRST, .to_on = DATE_LAST};
    const struct public_key k2 = {.key_id = T("k2"), .from_on = DATE_FIRST, .to_on = DATE_LAST};
    const struct member_entry known[] = {
        {.since = 0, .member = {.id = T("anna"), .roles = ROLE_ISSUER, .keys = &k1, .keys_n = 1}}};
    const struct reference reference = {.operators = known, .operators_n = 1};
    struct member members[2] = {
        {.id = T("berta"), .roles = ROLE_ISSUER, .keys = &k1, .keys_n = 1},
        {.id = T("anna"), .roles = ROLE_ISSUER, .keys = &k2, .keys_n = 1},
    };
    struct reference_item item = {.kind = REFERENCE_OPERATORS,
                                  .of.operators = {.members = members, .members_n = 1}};
    struct content content = {.number = 1, .items = &item, .items_n = 1};

    (void)state;
    expect_fault(&reference, 0, &content, "/operators/0/keys/0/key_id");
    item.of.operators.members_n = 2; /* unless anna changes hers in the same bulletin */
    expect_fault(&reference, 0, &content, NULL);
    members[0].keys = &k2;
    expect_fault(&reference, 0, &content, "/operators/0/keys/0/key_id");
    members[1].roles = 0; /* a removed person has none */
    expect_fault(&reference, 0, &content, NULL);
}

static void members_count_as_of_a_bulletin_until_removed(void **state)
{
    const struct public_key key = {
        .key_id = T("k1"), .from_on = D("2026-01-01"), .to_on = D("2026-12-31"), .key = {7}};
    const struct member_entry banks[] = {
        {.since = 1,
         .member = {.id = T("111111111111"), .roles = ROLE_FILER, .keys = &key, .keys_n = 1}},
        {.since = 4, .member = {.id = T("111111111111"), .roles = 0}},
        {.since = 2, .member = {.id = T("222222222222"), .roles = ROLE_AUTHORITY}},
    };
    const struct reference reference = {.banks = banks, .banks_n = 3};
    const uint8_t *found = NULL;

    (void)state;
    assert_null(reference_bank(&reference, 0, T("111111111111")));
    assert_non_null(reference_bank(&reference, 1, T("111111111111")));
    assert_null(reference_bank(&reference, 4, T("111111111111")));
    assert_null(reference_bank(&reference, 1, T("222222222222")));
    assert_non_null(reference_bank(&reference, 2, T("222222222222")));
    assert_null(reference_bank(&reference, 9, T("333333333333")));
    found = reference_bank_key(&reference, 1, T("111111111111"), T("k1"), D("2026-12-31"));
    require(found != NULL);
    assert_int_equal(found[0], 7);
    assert_null(reference_bank_key(&reference, 1, T("111111111111"), T("k1"), D("2027-01-01")));
    assert_null(reference_bank_key(&reference, 1, T("111111111111"), T("k2"), D("2026-06-01")));
    assert_null(reference_bank_key(&reference, 2, T("222222222222"), T("k1"), D("2026-06-01")));
}

static void an_operators_key_counts_while_the_person_has_the_role(void **state)
{
    const struct public_key key = {
        .key_id = T("k1"), .from_on = DATE_FIRST, .to_on = DATE_LAST, .key = {9}};
    const struct member_entry operators[] = {
        {.since = 0, .member = {.id = T("anna"), .roles = ROLE_ISSUER, .keys = &key, .keys_n = 1}},
        {.since = 3, .member = {.id = T("anna"), .roles = ROLE_WITNESS, .keys = &key, .keys_n = 1}},
    };
    const struct reference reference = {.operators = operators, .operators_n = 2};
    const struct operator_query query = {.key_id = T("k1"), .roles = ROLE_ISSUER, .on = 0};
    const uint8_t *found = NULL;

    (void)state;
    assert_non_null(reference_operator_key(&reference, 2, &query, &found));
    require(found != NULL);
    assert_int_equal(found[0], 9);
    assert_null(reference_operator_key(&reference, 3, &query, &found));
    assert_null(reference_operator_key(&reference, REFERENCE_NOTHING, &query, &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(numbers_go_up_by_one_from_the_founding_record),
        TEST(rows_of_one_scope_neither_overlap_nor_leave_a_gap),
        TEST(a_date_has_one_sheet),
        TEST(a_key_id_belongs_to_one_person),
        TEST(members_count_as_of_a_bulletin_until_removed),
        TEST(an_operators_key_counts_while_the_person_has_the_role),
    };

    return cmocka_run_group_tests_name("reference_check", tests, NULL, NULL);
}
