/* Lines are logfmt whatever the values hold, end once, and are written from their level on. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/log.h"

static char line[LOG_LINE_MAX];

#define FORMAT(...) log_format(line, sizeof(line), LOG_INFO, EVENT_WORKER_START, __VA_ARGS__)

static void a_line_is_level_word_and_values(void **state)
{
    (void)state;
    (void)FORMAT("partition=%d offset=%" PRId64 " name=%s", -4, INT64_MIN, "abc");
    assert_string_equal(line,
                        "info worker.start partition=-4 offset=-9223372036854775808 name=abc\n");
}

static void every_conversion_is_known(void **state)
{
    (void)state;
    (void)FORMAT("a=%d b=%u c=%x d=%ld e=%zu f=%c g=%.*s h=%d%% i=%llu j=%hu k=%hhd l=%jd m=%td", 1,
                 UINT32_MAX, 0xbeefu, -1L, SIZE_MAX, 'z', 2, "abcdef", 50, 18446744073709551615ull,
                 (unsigned short)65535, (signed char)-128, INTMAX_MIN, (ptrdiff_t)-7);
    assert_string_equal(line, "info worker.start a=1 b=4294967295 c=beef d=-1 "
                              "e=18446744073709551615 f=z g=ab h=50% i=18446744073709551615 "
                              "j=65535 k=-128 l=-9223372036854775808 m=-7\n");
}

static const struct {
    const char *value;
    const char *want;
} values[] = {
    {"plain", "plain"},
    {"sqlite:/var/lib/x.db", "sqlite:/var/lib/x.db"},
    {"", "\"\""},
    {"a b", "\"a b\""},
    {"a=b", "\"a=b\""},
    {"say \"no\"", "\"say \\\"no\\\"\""},
    {"back\\slash", "\"back\\\\slash\""},
    {"two\nlines", "\"two\\nlines\""},
    {"a\ttab", "\"a\\ttab\""},
    {"\x01\x7f", "\"\\x01\\x7f\""},
    {"\xe4\xb8\xad\xe6\x96\x87", "\xe4\xb8\xad\xe6\x96\x87"},
    {NULL, "\"\""},
};

static void values_are_quoted_when_they_need_it(void **state)
{
    char want[256];

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        (void)snprintf(want, sizeof(want), "info worker.start k=%s n=1\n", values[i].want);
        (void)FORMAT("k=%s n=%d", values[i].value, 1);
        assert_string_equal(line, want);
    }
}

static void parts_of_one_value_are_quoted_together(void **state)
{
    (void)state;
    (void)FORMAT("at=%s:%d end=%d", "my file", 7, 1);
    assert_string_equal(line, "info worker.start at=\"my file:7\" end=1\n");
}

static void a_value_never_begins_a_line(void **state)
{
    char value[300];

    (void)state;
    for (size_t i = 0; i < sizeof(value) - 1; i++) {
        value[i] = (char)(i % 255 + 1);
    }
    value[sizeof(value) - 1] = '\0';
    (void)FORMAT("k=%s", value);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void a_long_line_is_cut_and_still_ended(void **state)
{
    static char value[3 * LOG_LINE_MAX];
    char small[24];

    (void)state;
    memset(value, 'v', sizeof(value) - 1);
    assert_int_equal(FORMAT("k=%s", value), sizeof(line) - 1);
    assert_int_equal(line[sizeof(line) - 2], '\n');
    assert_int_equal(
        log_format(small, sizeof(small), LOG_INFO, EVENT_WORKER_START, "k=%s", "0123456789"),
        sizeof(small) - 1);
    assert_string_equal(small, "info worker.start k=01\n");
}

static void every_event_has_its_own_word(void **state)
{
    (void)state;
    for (int i = 0; i < EVENT_WORDS_N; i++) {
        const char *word = log_word_name((enum log_word)i);

        assert_int_equal(word[strspn(word, "abcdefghijklmnopqrstuvwxyz_.")], '\0');
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(word, log_word_name((enum log_word)j));
        }
    }
}

/* What write() calls of what() leave on stderr. */
static size_t stderr_of(void (*what)(void), char *out, size_t size)
{
    int ends[2] = {-1, -1};
    const int kept = dup(STDERR_FILENO);
    ssize_t n = 0;

    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    what();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void)close(ends[1]);
    n = read(ends[0], out, size - 1);
    (void)close(ends[0]);
    (void)close(kept);
    out[n > 0 ? n : 0] = '\0';
    return strlen(out);
}

static void log_three_levels(void)
{
    log_event(LOG_DEBUG, EVENT_WORKER_START, "n=%d", 1);
    log_event(LOG_INFO, EVENT_WORKER_START, "n=%d", 2);
    log_event(LOG_ERROR, EVENT_WORKER_STOP, "n=%d", 3);
    log_plain(LOG_INFO, EVENT_WORKER_READY);
}

static void lines_below_the_level_are_not_written(void **state)
{
    char out[512];

    (void)state;
    (void)stderr_of(log_three_levels, out, sizeof(out));
    assert_null(strstr(out, "n=1"));
    assert_non_null(strstr(out, "Z info worker.start n=2\n"));
    assert_non_null(strstr(out, "Z error worker.stop n=3\n"));
    assert_non_null(strstr(out, "Z info worker.ready\n"));
    log_set_level(LOG_ERROR);
    (void)stderr_of(log_three_levels, out, sizeof(out));
    assert_null(strstr(out, "n=2"));
    assert_null(strstr(out, "worker.ready"));
    assert_non_null(strstr(out, "n=3"));
    log_set_level(LOG_DEBUG);
    (void)stderr_of(log_three_levels, out, sizeof(out));
    assert_non_null(strstr(out, "Z debug worker.start n=1\n"));
    log_set_level(LOG_INFO);
}

static void log_one_failure(void)
{
    struct failure err = {.status = STATUS_OK};

    (void)failure_set(&err, STATUS_KAFKA, REMEDY_RECYCLE, -144, "cannot commit: \"no\"");
    log_failure(LOG_ERROR, EVENT_KAFKA_ERROR, &err);
}

static void a_failure_is_logged_whole(void **state)
{
    char out[512];

    (void)state;
    (void)stderr_of(log_one_failure, out, sizeof(out));
    assert_non_null(strstr(out, "error kafka.error status=kafka remedy=recycle os=-144 "
                                "error=\"cannot commit: \\\"no\\\"\"\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_level_word_and_values),
        cmocka_unit_test(every_conversion_is_known),
        cmocka_unit_test(values_are_quoted_when_they_need_it),
        cmocka_unit_test(parts_of_one_value_are_quoted_together),
        cmocka_unit_test(a_value_never_begins_a_line),
        cmocka_unit_test(a_long_line_is_cut_and_still_ended),
        cmocka_unit_test(every_event_has_its_own_word),
        cmocka_unit_test(lines_below_the_level_are_not_written),
        cmocka_unit_test(a_failure_is_logged_whole),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
