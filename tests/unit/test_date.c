/* Dates: a calendar that counts day by day from 0001-01-01, a Monday, is the measure of every
 * function on every day of the ten thousand years. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "form/date.h"

struct day {
    int y;
    int m;
    int d;
    int weekday;
};

/* Fail and name the text whose answer was wrong. */
static void expect(bool right, const char *s)
{
    if (!right) {
        fail_msg("wrong about '%s'", s);
    }
}

static int month_length(int y, int m)
{
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)) {
        return 29;
    }
    return length[m - 1];
}

static void day_next(struct day *day)
{
    day->weekday = (day->weekday + 1) % 7;
    day->d++;
    if (day->d > month_length(day->y, day->m)) {
        day->d = 1;
        day->m++;
    }
    if (day->m > 12) {
        day->m = 1;
        day->y++;
    }
}

static int32_t on(const char *s)
{
    int32_t ret = DATE_NONE;

    assert_true(date_parse(s, strlen(s), &ret));
    return ret;
}

static void assert_date(int32_t got, const char *want)
{
    char s[DATE_TEXT_SIZE];

    date_format(got, s);
    assert_string_equal(s, want);
    assert_true(got >= DATE_MIN && got <= DATE_MAX);
}

static void round_trips_every_day_of_ten_thousand_years(void **state)
{
    struct day day = {1, 1, 1, 0};

    (void)state;
    for (int32_t i = DATE_MIN; i <= DATE_MAX; i++) {
        char want[40];
        char got[DATE_TEXT_SIZE];
        int32_t parsed = DATE_NONE;
        int y = 0;
        int m = 0;
        int d = 0;

        (void)snprintf(want, sizeof(want), "%04d-%02d-%02d", day.y, day.m, day.d);
        date_format(i, got);
        date_split(i, &y, &m, &d);
        assert_string_equal(got, want);
        expect(y == day.y && m == day.m && d == day.d, want);
        assert_true(date_parse(want, 10, &parsed) && parsed == i);
        assert_true(date_make(day.y, day.m, day.d) == i);
        assert_true(date_weekday(i) == day.weekday);
        assert_true(date_year(i) == day.y);
        day_next(&day);
    }
    assert_int_equal(day.y, 10000);
}

static void counts_from_1970(void **state)
{
    (void)state;
    assert_int_equal(on("1970-01-01"), 0);
    assert_int_equal(on("1969-12-31"), -1);
    assert_int_equal(on("0001-01-01"), DATE_MIN);
    assert_int_equal(on("9999-12-31"), DATE_MAX);
    assert_int_equal(date_weekday(on("2026-04-13")), 0);
}

static const char *const broken[] = {
    "",           "2026-4-13",  "2026-04-1",     "26-04-13",    "2026/04/13", "2026-04/13",
    "2026-00-10", "2026-13-10", "2026-04-00",    "2026-04-31",  "2026-02-29", "1900-02-29",
    "2100-02-29", "0000-01-01", "10000-01-1",    "2026-04-131", " 2026-04-1", "2026-04-1 ",
    "-026-04-13", "+026-04-13", "2026-0a-13",    "2026-04-1x",  "20260413",   "2026-04-13T",
    "2026-99-99", "2026 04 13", "202\x00-04-13",
};

static void refuses_what_is_no_date(void **state)
{
    int32_t ret = 77;

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        expect(!date_parse(broken[i], strlen(broken[i]), &ret), broken[i]);
    }
    assert_false(date_parse("2026-04-13", 9, &ret));
    assert_false(date_parse("2026\0"
                            "04-13",
                            10, &ret));
    assert_int_equal(ret, 77);
    assert_int_equal(on("2000-02-29"), on("2000-03-01") - 1);
}

/* Each month from the day before its first to the day after its last. */
static void knows_the_length_of_every_month(void **state)
{
    static const int years[] = {1, 1900, 2000, 2023, 2024, 9999};

    (void)state;
    for (int i = 0; i < 6 * 12 * 33; i++) {
        const int y = years[i / (12 * 33)];
        const int m = i / 33 % 12 + 1;
        const int d = i % 33;
        char s[40];
        int32_t ret = 0;

        (void)snprintf(s, sizeof(s), "%04d-%02d-%02d", y, m, d);
        expect(date_parse(s, 10, &ret) == (d >= 1 && d <= month_length(y, m)), s);
    }
}

static void refuses_every_other_character_at_every_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10; i++) {
        for (int c = 0; c < 256; c++) {
            char s[] = "1111-11-11";
            const bool digit = c >= '0' && c <= '9';
            int32_t ret = 0;

            s[i] = (char)c;
            expect(i == 4 || i == 7 ? date_parse(s, 10, &ret) == (c == '-')
                                    : digit || !date_parse(s, 10, &ret),
                   s);
        }
    }
}

static const struct {
    const char *from;
    int n;
    const char *want;
} year_rows[] = {
    {"2024-02-29", 1, "2025-02-28"},       {"2024-02-29", 4, "2028-02-29"},
    {"2024-02-28", 1, "2025-02-28"},       {"2024-02-29", -124, "1900-02-28"},
    {"2024-03-01", -1, "2023-03-01"},      {"2024-07-01", 5, "2029-07-01"},
    {"9998-06-30", 1, "9999-06-30"},       {"9999-01-01", 1, "9999-12-31"},
    {"0001-12-31", -1, "0001-01-01"},      {"2024-01-01", INT_MAX, "9999-12-31"},
    {"2024-01-01", INT_MIN, "0001-01-01"},
};

static void adds_years(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(year_rows) / sizeof(year_rows[0]); i++) {
        assert_date(date_add_years(on(year_rows[i].from), year_rows[i].n), year_rows[i].want);
    }
}

static const struct {
    const char *from;
    int n;
    const char *want;
} month_rows[] = {
    {"2026-01-31", 1, "2026-02-28"},       {"2024-01-31", 1, "2024-02-29"},
    {"2026-01-31", 3, "2026-04-30"},       {"2026-01-31", 2, "2026-03-31"},
    {"2026-02-28", 1, "2026-03-28"},       {"2026-12-15", 1, "2027-01-15"},
    {"2026-01-15", -1, "2025-12-15"},      {"2026-03-31", -13, "2025-02-28"},
    {"2026-01-15", 12, "2027-01-15"},      {"2026-01-15", 0, "2026-01-15"},
    {"9999-12-01", 1, "9999-12-31"},       {"9999-11-30", 1, "9999-12-30"},
    {"0001-01-31", -1, "0001-01-01"},      {"0001-02-28", -1, "0001-01-28"},
    {"2024-01-01", INT_MAX, "9999-12-31"}, {"2024-01-01", INT_MIN, "0001-01-01"},
};

static void adds_months(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(month_rows) / sizeof(month_rows[0]); i++) {
        assert_date(date_add_months(on(month_rows[i].from), month_rows[i].n), month_rows[i].want);
    }
}

static void takes_a_day_outside_as_the_nearer_end(void **state)
{
    char s[DATE_TEXT_SIZE] = "x";

    (void)state;
    date_format(DATE_NONE, s);
    assert_string_equal(s, "");
    assert_date(date_make(0, 12, 31), "0001-01-01");
    assert_date(date_make(INT_MIN, 6, 1), "0001-01-01");
    assert_date(date_make(10000, 1, 1), "9999-12-31");
    assert_date(date_make(2023, 2, 31), "2023-02-28");
    assert_date(date_make(2023, 13, 0), "2023-12-01");
    assert_int_equal(date_year(INT32_MAX), 9999);
    assert_int_equal(date_year(DATE_MAX + 1), 9999);
    assert_int_equal(date_year(DATE_NONE), 1);
    assert_date(date_add_years(DATE_NONE, 1), "0002-01-01");
    assert_date(date_add_months(INT32_MAX, -1), "9999-11-30");
    date_format(DATE_MAX + 1, s);
    assert_string_equal(s, "9999-12-31");
    date_format(DATE_MIN - 1, s);
    assert_string_equal(s, "0001-01-01");
}

static void knows_the_weekday_of_any_day(void **state)
{
    (void)state;
    assert_int_equal(date_weekday(DATE_MAX + 1), (date_weekday(DATE_MAX) + 1) % 7);
    assert_int_equal(date_weekday(DATE_MIN - 1), 6);
    assert_int_equal((date_weekday(INT32_MIN) + 1) % 7, date_weekday(INT32_MIN + 1));
    assert_int_equal((date_weekday(INT32_MAX - 1) + 1) % 7, date_weekday(INT32_MAX));
    assert_in_range(date_weekday(INT32_MIN), 0, 6);
    assert_in_range(date_weekday(INT32_MAX), 0, 6);
}

static const struct {
    int64_t ms;
    const char *want;
} ms_rows[] = {
    {0, "1970-01-01"},
    {INT64_C(57599999), "1970-01-01"}, /* 15:59:59.999 UTC */
    {INT64_C(57600000), "1970-01-02"}, /* midnight in Shanghai */
    {-1, "1970-01-01"},
    {INT64_C(-28800000), "1970-01-01"},
    {INT64_C(-28800001), "1969-12-31"},
    {INT64_C(-86400000), "1969-12-31"},
    {INT64_C(-115200001), "1969-12-30"},
    {INT64_C(1776095999999), "2026-04-13"}, /* 2026-04-13T15:59:59.999Z */
    {INT64_C(1776096000000), "2026-04-14"},
    {INT64_C(516382200000), "1986-05-13"}, /* 15:30 UTC in a summer of daylight saving time */
    {INT64_MAX, "9999-12-31"},
    {INT64_MIN, "0001-01-01"},
    {INT64_C(253402300799999), "9999-12-31"},
    {INT64_C(-62135625600001), "0001-01-01"},
};

static void gives_the_date_in_shanghai(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ms_rows) / sizeof(ms_rows[0]); i++) {
        assert_date(date_of_unix_ms_shanghai(ms_rows[i].ms), ms_rows[i].want);
    }
    /* One date a day, changing at 16:00 UTC, across the epoch. */
    for (int64_t day = -1000; day <= 1000; day++) {
        const int64_t midnight = day * INT64_C(86400000) - INT64_C(28800000);

        assert_int_equal(date_of_unix_ms_shanghai(midnight), day);
        assert_int_equal(date_of_unix_ms_shanghai(midnight - 1), day - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_every_day_of_ten_thousand_years),
        cmocka_unit_test(counts_from_1970),
        cmocka_unit_test(refuses_what_is_no_date),
        cmocka_unit_test(knows_the_length_of_every_month),
        cmocka_unit_test(refuses_every_other_character_at_every_place),
        cmocka_unit_test(adds_years),
        cmocka_unit_test(adds_months),
        cmocka_unit_test(takes_a_day_outside_as_the_nearer_end),
        cmocka_unit_test(knows_the_weekday_of_any_day),
        cmocka_unit_test(gives_the_date_in_shanghai),
    };

    return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
