/* Which row of a policy counts: dates inclusive, region before subject, newest policy as of a
 * bulletin. */
#include "core_fixture.h"

static const struct parameter *look(const struct fixture *f, struct policy_query query)
{
    return policy_find(&f->policy, &query);
}

static void from_and_to_are_inclusive(void **state)
{
    struct fixture *f = *state;
    struct policy_query query = {.id = PARAMETER_MP_PARAMETER};

    fixture_parameter(
        f, (struct row){
               .id = "MP.PARAMETER", .from = "2020-03-12", .to = "2021-01-06", .value = "1.25"});
    query.on = D("2020-03-11");
    assert_null(look(f, query));
    query.on = D("2020-03-12");
    assert_non_null(look(f, query));
    query.on = D("2021-01-06");
    assert_non_null(look(f, query));
    query.on = D("2021-01-07");
    assert_null(look(f, query));
}

static void region_counts_before_subject_and_the_longer_before_the_shorter(void **state)
{
    static const struct {
        const char *subject;
        const char *region;
        const char *value;
    } rows[] = {
        {"", "", "1"},     {"HIGH_TECH", "", "2"}, {"", "21", "3"}, {"HIGH_TECH", "21", "4"},
        {"", "2102", "5"}, {"", "210202", "6"},
    };
    static const struct {
        const char *subject;
        const char *region;
        const char *value;
    } asked[] = {
        {"", "", "1"},
        {"OTHER", "440100", "1"},
        {"HIGH_TECH", "440100", "2"},
        {"HIGH_TECH", "", "2"},
        {"OTHER", "210100", "3"},
        {"HIGH_TECH", "210100", "4"},
        {"HIGH_TECH", "210201", "5"}, /* the region is closer, though without the subject */
        {"HIGH_TECH", "210202", "6"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fixture_parameter(f, (struct row){.id = "FAC.LIMIT.USD",
                                          .subject = rows[i].subject,
                                          .region = rows[i].region,
                                          .value = rows[i].value});
    }
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        const struct parameter *row = look(f, (struct policy_query){.id = PARAMETER_FAC_LIMIT_USD,
                                                                    .subject = T(asked[i].subject),
                                                                    .region = T(asked[i].region)});

        require(row != NULL);
        assert_memory_equal(row->value.at, asked[i].value, 1);
    }
}

static void parameters_stand_in_the_order_of_their_ids(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < PARAMETER_N; i++) {
        assert_true(strcmp(parameter_id_name((enum parameter_id)(i - 1)),
                           parameter_id_name((enum parameter_id)i)) < 0);
    }
}

static void every_known_parameter_is_found_among_unknown_ones(void **state)
{
    struct fixture *f = *state;

    fixture_parameter(f, (struct row){.id = "A", .value = "0"});
    fixture_parameter(f, (struct row){.id = "MP.LEVERAGE.X", .value = "0"});
    fixture_parameter(f, (struct row){.id = "ZZ", .value = "0"});
    for (uint32_t i = PARAMETER_N; i > 0; i--) {
        fixture_parameter(
            f, (struct row){.id = parameter_id_name((enum parameter_id)(i - 1)), .value = "7"});
    }
    for (uint32_t i = 0; i < PARAMETER_N; i++) {
        const struct parameter *row = look(f, (struct policy_query){.id = (enum parameter_id)i});

        require(row != NULL);
        assert_true(policy_minor(row, 0) == 7);
        assert_null(policy_row_at(&f->policy, (enum parameter_id)i, 1));
    }
}

static void the_newest_policy_as_of_a_bulletin_counts(void **state)
{
    const struct policy_version versions[] = {{.since = 3, .policy = 1}, {.since = 5, .policy = 2}};
    const struct reference reference = {.policies = versions, .policies_n = 2};

    (void)state;
    assert_null(policy_as_of(&reference, REFERENCE_NOTHING));
    assert_null(policy_as_of(&reference, 2));
    assert_ptr_equal(policy_as_of(&reference, 3), &versions[0]);
    assert_ptr_equal(policy_as_of(&reference, 4), &versions[0]);
    assert_ptr_equal(policy_as_of(&reference, 5), &versions[1]);
}

static void a_value_becomes_minor_units_rounded_down(void **state)
{
    static const struct {
        struct fraction number;
        int exponent;
        int64_t minor;
    } rows[] = {
        {{30000, 0}, 2, 3000000},       {{1500001, 6}, 2, 150}, {{15, 1}, 0, 1},
        {{INT64_MAX, 0}, 2, INT64_MAX}, {{5, 18}, 3, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct parameter row = {.has_number = true, .number = rows[i].number};

        assert_true(policy_minor(&row, rows[i].exponent) == rows[i].minor);
    }
}

static void fractions_compare_as_numbers(void **state)
{
    (void)state;
    assert_true(fraction_is_below((struct fraction){125, 2}, (struct fraction){15, 1}));
    assert_false(fraction_is_below((struct fraction){150, 2}, (struct fraction){15, 1}));
    assert_true(
        fraction_is_below((struct fraction){INT64_MAX, 18}, (struct fraction){INT64_MAX, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(from_and_to_are_inclusive),
        TEST(region_counts_before_subject_and_the_longer_before_the_shorter),
        TEST(parameters_stand_in_the_order_of_their_ids),
        TEST(every_known_parameter_is_found_among_unknown_ones),
        TEST(the_newest_policy_as_of_a_bulletin_counts),
        TEST(a_value_becomes_minor_units_rounded_down),
        TEST(fractions_compare_as_numbers),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
