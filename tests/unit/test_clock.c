/* Every text has one point in time and every point one text; the calendar agrees with the system's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static const struct {
    int64_t ms;
    const char *text;
} points[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {-1, "1969-12-31T23:59:59.999Z"},
    {INT64_C(1776069000123), "2026-04-13T08:30:00.123Z"},
    {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
    {INT64_C(951868799999), "2000-02-29T23:59:59.999Z"},
    {INT64_C(-2203977600000), "1900-02-28T00:00:00.000Z"},
    {CLOCK_MS_MIN, "0001-01-01T00:00:00.000Z"},
    {CLOCK_MS_MAX, "9999-12-31T23:59:59.999Z"},
};

static void points_and_texts_go_both_ways(void **state)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t ms = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        clock_format(points[i].ms, text);
        assert_string_equal(text, points[i].text);
        assert_true(clock_parse(text, strlen(text), &ms));
        assert_true(ms == points[i].ms);
    }
}

static void the_calendar_is_the_systems(void **state)
{
    char text[CLOCK_TEXT_SIZE];
    char want[128];
    int64_t back = 0;

    (void)state;
    for (int64_t day = -719162; day <= 2932896; day += 13) {
        const time_t seconds = (time_t)(day * 86400 + (day % 2 == 0 ? 86399 : 1));
        struct tm parts;

        assert_non_null(gmtime_r(&seconds, &parts));
        (void)snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02d.007Z",
                       parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                       parts.tm_min, parts.tm_sec);
        clock_format((int64_t)seconds * 1000 + 7, text);
        assert_string_equal(text, want);
        assert_true(clock_parse(text, strlen(text), &back));
        assert_true(back == (int64_t)seconds * 1000 + 7);
    }
}

static void points_out_of_range_are_clamped(void **state)
{
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    clock_format(INT64_MIN, text);
    assert_string_equal(text, "0001-01-01T00:00:00.000Z");
    clock_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

static const struct {
    const char *text;
    const char *want;
} spellings[] = {
    {"2026-04-13T08:30:00Z", "2026-04-13T08:30:00.000Z"},
    {"2026-04-13 08:30:00z", "2026-04-13T08:30:00.000Z"},
    {"2026-04-13t08:30:00.1Z", "2026-04-13T08:30:00.100Z"},
    {"2026-04-13T08:30:00.12Z", "2026-04-13T08:30:00.120Z"},
    {"2026-04-13T08:30:00.123999999Z", "2026-04-13T08:30:00.123Z"},
    {"2026-04-13T08:30:00+08:00", "2026-04-13T00:30:00.000Z"},
    {"2026-04-13T08:30:00-09:30", "2026-04-13T18:00:00.000Z"},
    {"2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"},
};

static void other_spellings_of_rfc_3339_are_read(void **state)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t ms = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        assert_true(clock_parse(spellings[i].text, strlen(spellings[i].text), &ms));
        clock_format(ms, text);
        assert_string_equal(text, spellings[i].want);
    }
}

static const char *const broken[] = {
    "",
    "2026-04-13",
    "2026-04-13T08:30:00",
    "2026-04-13T08:30:00.Z",
    "2026-04-13T08:30:00.1234567890Z",
    "2026-04-13T08:30Z",
    "2026-04-13T24:00:00Z",
    "2026-04-13T08:60:00Z",
    "2026-04-13T08:30:60Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-04-00T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "2026-04-13T08:30:00+8:00",
    "2026-04-13T08:30:00+24:00",
    "2026-04-13T08:30:00+0800",
    "2026-04-13T08:30:00Z ",
    " 2026-04-13T08:30:00Z",
    "2026-4-13T08:30:00Z",
    "+026-04-13T08:30:00Z",
    "2026/04/13T08:30:00Z",
};

static void what_is_not_rfc_3339_is_refused(void **state)
{
    int64_t ms = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        if (clock_parse(broken[i], strlen(broken[i]), &ms)) {
            print_error("taken: '%s'\n", broken[i]);
        }
        assert_true(ms == 42);
    }
}

static void a_text_cut_anywhere_is_refused(void **state)
{
    static const char whole[] = "2026-04-13T08:30:00.123+08:00";
    int64_t ms = 42;

    (void)state;
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        assert_false(clock_parse(whole, n, &ms));
    }
    assert_true(ms == 42);
    assert_true(clock_parse(whole, sizeof(whole) - 1, &ms));
}

static void the_clocks_run(void **state)
{
    const int64_t before_us = clock_monotonic_us();
    const int64_t now_ms = clock_unix_ms();

    (void)state;
    assert_true(now_ms > INT64_C(1700000000000) && now_ms < CLOCK_MS_MAX);
    assert_true(clock_monotonic_us() >= before_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_and_texts_go_both_ways),
        cmocka_unit_test(the_calendar_is_the_systems),
        cmocka_unit_test(points_out_of_range_are_clamped),
        cmocka_unit_test(other_spellings_of_rfc_3339_are_read),
        cmocka_unit_test(what_is_not_rfc_3339_is_refused),
        cmocka_unit_test(a_text_cut_anywhere_is_refused),
        cmocka_unit_test(the_clocks_run),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
