/* The rate for a date: which sheet, and when there is none. */
#include "consumers/core/rates.h"
#include "core_fixture.h"

static struct rate_found find(const struct fixture *f, int64_t as_of, int32_t currency,
                              const char *date)
{
    return rates_find(&f->reference, as_of, currency, D(date));
}

static void the_sheet_of_the_date_counts(void **state)
{
    struct fixture *f = *state;
    struct rate_found found;

    fixture_rate(f, "2024-07-04", "USD", "7.0");
    fixture_rate(f, "2024-07-05", "USD", "7.1");
    fixture_rate(f, "2024-07-05", "EUR", "7.7");
    fixture_rate(f, "2024-07-05", "JPY", "0.05");
    found = find(f, 1, CURRENCY_USD, "2024-07-05");
    assert_true(found.found);
    assert_true(found.rate_e10 == INT64_C(71000000000));
    assert_int_equal(found.sheet_on, D("2024-07-05"));
    assert_true(find(f, 1, CURRENCY_EUR, "2024-07-05").rate_e10 == INT64_C(77000000000));
    assert_true(find(f, 1, CURRENCY_JPY, "2024-07-05").rate_e10 == INT64_C(500000000));
}

/* L7: even if there is a sheet of the day itself. */
static void on_a_day_off_the_working_day_before_counts(void **state)
{
    struct fixture *f = *state;

    fixture_rate(f, "2024-07-05", "USD", "7.1");
    fixture_rate(f, "2024-07-06", "USD", "9.9");
    assert_true(find(f, 1, CURRENCY_USD, "2024-07-07").rate_e10 == INT64_C(71000000000));
    assert_true(find(f, 1, CURRENCY_USD, "2024-07-06").rate_e10 == INT64_C(71000000000));
    fixture_holiday(f, "2024-07-05");
    assert_false(find(f, 1, CURRENCY_USD, "2024-07-06").found);
    assert_int_equal(find(f, 1, CURRENCY_USD, "2024-07-06").sheet_on, D("2024-07-04"));
}

static void a_missing_sheet_or_currency_is_not_found(void **state)
{
    struct fixture *f = *state;

    assert_false(find(f, 1, CURRENCY_USD, "2024-07-05").found);
    fixture_rate(f, "2024-07-05", "USD", "7.1");
    assert_false(find(f, 1, CURRENCY_EUR, "2024-07-05").found);
    assert_false(find(f, 1, CURRENCY_USD, "2024-07-08").found);
    assert_false(find(f, 1, CURRENCY_USD, "2024-07-04").found);
}

static void a_sheet_counts_from_the_bulletin_that_brings_it(void **state)
{
    struct fixture *f = *state;

    f->bulletin = 4;
    fixture_rate(f, "2024-07-05", "USD", "7.1");
    assert_false(find(f, REFERENCE_NOTHING, CURRENCY_USD, "2024-07-05").found);
    assert_false(find(f, 3, CURRENCY_USD, "2024-07-05").found);
    assert_true(find(f, 4, CURRENCY_USD, "2024-07-05").found);
}

static void the_yuan_is_one_and_needs_no_sheet(void **state)
{
    struct fixture *f = *state;
    struct rate_found found = find(f, REFERENCE_NOTHING, CURRENCY_CNY, "2024-07-05");

    assert_true(found.found);
    assert_true(found.rate_e10 == RATE_E10);
    assert_int_equal(found.sheet_on, DATE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(the_sheet_of_the_date_counts),
        TEST(on_a_day_off_the_working_day_before_counts),
        TEST(a_missing_sheet_or_currency_is_not_found),
        TEST(a_sheet_counts_from_the_bulletin_that_brings_it),
        TEST(the_yuan_is_one_and_needs_no_sheet),
    };

    return cmocka_run_group_tests_name("rates", tests, NULL, NULL);
}
