/* The line at a given time, and that a pipe sees none. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/progress.h"

static const struct {
    uint64_t total;
    uint64_t done;
    int64_t passed_us;
    const char *want;
} lines[] = {
    {0, 500, 1000000, "replay  500 records  500/s"},
    {200, 0, 0, "replay  [>                       ]   0 %  0 records  0/s  0:00 left"},
    {200, 50, 1000000, "replay  [======>                 ]  25 %  50 records  50/s  0:03 left"},
    {2000, 199, 1000000, "replay  [==>                     ]   9 %  199 records  199/s  0:09 left"},
    {100000, 100, 2000000,
     "replay  [>                       ]   0 %  100 records  50/s  33:18 left"},
    {200, 200, 1000000, "replay  [========================] 100 %  200 records  200/s  0:00 left"},
    {200, 900, 1000000, "replay  [========================] 100 %  900 records  900/s  0:00 left"},
};

static void a_bar_tells_share_rate_and_time_left(void **state)
{
    char line[PROGRESS_LINE_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const struct progress p = {.what = "replay",
                                   .unit = "records",
                                   .total = lines[i].total,
                                   .done = lines[i].done,
                                   .start_us = 77};

        progress_format(&p, 77 + lines[i].passed_us, line);
        assert_string_equal(line, lines[i].want);
    }
}

static void the_largest_numbers_fit_a_line(void **state)
{
    const struct progress p = {.what = "a name that is longer than its column",
                               .unit = "a unit that is longer too",
                               .total = UINT64_MAX,
                               .done = UINT64_MAX / 2,
                               .start_us = INT64_MIN / 2};
    char line[PROGRESS_LINE_SIZE];

    (void)state;
    progress_format(&p, INT64_MIN / 2 + 1, line);
    assert_non_null(strstr(line, " left"));
}

static void a_pipe_sees_no_bar(void **state)
{
    struct progress p;
    int ends[2] = {-1, -1};
    const int kept = dup(STDERR_FILENO);
    char got[8];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    progress_init(&p, "replay", "records", 10);
    p.drawn_us -= 1000000; /* long enough ago to draw */
    progress_add(&p, 5);
    progress_fini(&p);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], got, sizeof(got)), 0);
    assert_int_equal(p.done, 5);
    (void)close(ends[0]);
    (void)close(kept);
    progress_fini(NULL);
}

/* Stderr is a terminal while what() runs; gives back what it saw. */
static size_t terminal_sees(void (*what)(void), char *out, size_t size)
{
    const int kept = dup(STDERR_FILENO);
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    int slave = -1;
    size_t at = 0;
    ssize_t n = 0;

    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    assert_true(dup2(slave, STDERR_FILENO) >= 0);
    what();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    /* What is written arrives in pieces: the terminal has seen all when it sees the last letter. */
    assert_int_equal(write(slave, "Z", 1), 1);
    while (at == 0 || out[at - 1] != 'Z') {
        n = read(master, out + at, size - at);
        assert_true(n > 0);
        at += (size_t)n;
    }
    (void)close(slave);
    (void)close(master);
    (void)close(kept);
    out[at - 1] = '\0';
    return at - 1;
}

/* Ten thousand steps in no time, but the last draw was a second ago. */
static void step_often(void)
{
    struct progress p;

    progress_init(&p, "replay", "records", 20000);
    p.drawn_us -= 1000000;
    p.start_us -= 1000000;
    for (int i = 0; i < 10000; i++) {
        progress_add(&p, 1);
    }
    progress_fini(&p);
    progress_fini(&p);
}

static void a_terminal_sees_few_lines_and_an_empty_one_at_the_end(void **state)
{
    char out[4096];
    const char *end = "\r\033[K";
    size_t drawn = 0;
    size_t n = 0;

    (void)state;
    n = terminal_sees(step_often, out, sizeof(out));
    for (const char *at = out; (at = strchr(at, '\r')) != NULL; at++) {
        drawn++;
    }
    assert_non_null(strstr(out, "replay  [>"));
    assert_true(drawn >= 2 && drawn <= 10); /* one or two draws and the end, even when slow */
    assert_string_equal(out + n - strlen(end), end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bar_tells_share_rate_and_time_left),
        cmocka_unit_test(the_largest_numbers_fit_a_line),
        cmocka_unit_test(a_pipe_sees_no_bar),
        cmocka_unit_test(a_terminal_sees_few_lines_and_an_empty_one_at_the_end),
    };

    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
