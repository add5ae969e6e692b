/* Working days and the day whose sheet counts. */
#include "consumers/core/calendar.h"
#include "core_fixture.h"

static void a_year_without_a_table_works_monday_to_friday(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 7; i++) {
        assert_int_equal(calendar_is_working(&f->reference, 1, D("2024-07-01") + i), i < 5);
    }
}

static void a_holiday_is_no_working_day(void **state)
{
    struct fixture *f = *state;

    fixture_holiday(f, "2024-10-01");
    fixture_holiday(f, "2024-12-31");
    assert_false(calendar_is_working(&f->reference, 1, D("2024-10-01")));
    assert_true(calendar_is_working(&f->reference, 1, D("2024-10-02")));
    assert_false(calendar_is_working(&f->reference, 1, D("2024-12-31"))); /* day 366 */
    assert_true(calendar_is_working(&f->reference, 1, D("2025-10-01")));
    /* Before the bulletin that brings the table it was one. */
    assert_true(calendar_is_working(&f->reference, 0, D("2024-10-01")));
}

static void a_later_table_of_a_year_replaces_the_earlier(void **state)
{
    struct fixture *f = *state;

    fixture_holiday(f, "2024-10-01");
    f->calendars[1] = (struct calendar_entry){.year = 2024, .since = 3};
    f->reference.calendars_n = 2;
    assert_false(calendar_is_working(&f->reference, 2, D("2024-10-01")));
    assert_true(calendar_is_working(&f->reference, 3, D("2024-10-01")));
}

static void the_working_day_before_is_found_over_holidays_and_years(void **state)
{
    struct fixture *f = *state;

    fixture_holiday(f, "2024-01-01"); /* a Monday */
    assert_int_equal(calendar_working_on_or_before(&f->reference, 1, D("2024-01-01")),
                     D("2023-12-29"));
    assert_int_equal(calendar_working_on_or_before(&f->reference, 1, D("2024-01-02")),
                     D("2024-01-02"));
}

static void a_year_without_working_days_does_not_hold_the_search(void **state)
{
    struct fixture *f = *state;

    fixture_holiday(f, "2024-01-01");
    memset(f->calendars[0].holidays, 0xff, sizeof(f->calendars[0].holidays));
    assert_int_equal(calendar_working_on_or_before(&f->reference, 1, D("2024-12-31")),
                     D("2023-12-29"));
    assert_int_equal(calendar_working_on_or_before(&f->reference, 1, DATE_MIN), DATE_MIN);
}

/* S8: those with A < w <= B. */
static void working_days_are_counted_after_the_first_date(void **state)
{
    static const struct {
        const char *after;
        const char *until;
        int32_t want;
    } rows[] = {
        {"2024-07-05", "2024-07-05", 0}, /* a Friday */
        {"2024-07-05", "2024-07-07", 0},
        {"2024-07-05", "2024-07-08", 1},
        {"2024-07-04", "2024-07-08", 2},
        {"2024-09-30", "2024-10-08", 1}, /* a week of holidays and a weekend */
        {"2024-07-01", "2024-07-22", 15},
        {"2024-07-08", "2024-07-05", 0},
    };
    struct fixture *f = *state;
    char day[DATE_TEXT_SIZE];

    for (int i = 1; i <= 7; i++) {
        (void)snprintf(day, sizeof(day), "2024-10-%02d", i);
        fixture_holiday(f, day);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            calendar_working_days(&f->reference, 1, D(rows[i].after), D(rows[i].until), 1000),
            rows[i].want);
    }
    assert_int_equal(calendar_working_days(&f->reference, 1, D("2000-01-01"), D("2024-01-01"), 16),
                     16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_year_without_a_table_works_monday_to_friday),
        TEST(a_holiday_is_no_working_day),
        TEST(a_later_table_of_a_year_replaces_the_earlier),
        TEST(the_working_day_before_is_found_over_holidays_and_years),
        TEST(a_year_without_working_days_does_not_hold_the_search),
        TEST(working_days_are_counted_after_the_first_date),
    };

    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
