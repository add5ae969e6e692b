/* The report after every way in which a run can end: killed, cut at any byte, full disk, another
 * input.  A run that goes on leaves each line of the input exactly one entry. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/file.h"
#include "producers/publish/report.h"

#define LINES_N  400
#define KILLS_N  40
#define FILE_MAX (4u << 20)

static const uint8_t hash[DIGEST_SIZE] = {1, 2, 3};
static const uint8_t other_hash[DIGEST_SIZE] = {1, 2, 4};

struct fixture {
    char folder[64];
    char path[96];
    struct buffer text;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    *state = f;
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/test-report-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->path, sizeof(f->path), "%s/report", f->folder);
    buffer_init(&f->text, FILE_MAX);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->path);
    (void)rmdir(f->folder);
    buffer_fini(&f->text);
    free(f);
    return 0;
}

static struct report *open_report(struct fixture *f)
{
    struct failure err = {.status = STATUS_OK};
    struct report *report = NULL;

    if (report_open(f->path, hash, &report, &err) != STATUS_OK) {
        print_error("%s\n", err.text);
    }
    assert_non_null(report);
    return report;
}

static const char *read_report(struct fixture *f)
{
    buffer_reset(&f->text);
    assert_int_equal(file_read(f->path, &f->text, NULL), STATUS_OK);
    return buffer_cstr(&f->text);
}

static void make_id(uint64_t line, char out[37])
{
    (void)snprintf(out, 37, "019a3f52-6c1e-7d40-9f6b-%012" PRIx64, line & UINT64_C(0xFFFFFFFFFFFF));
}

/* Every seventh line is refused. */
static void add(struct report *report, uint64_t line)
{
    static const struct reason reason = {.code = CODE_AMOUNT, .field = "/details/money/value"};
    char id[37];
    struct text text = {.at = id, .n = 36};

    make_id(line, id);
    assert_int_equal(line % 7 == 0
                         ? report_refused(report, line, text, &reason)
                         : report_published(report, line, text, (int32_t)line % 4, (int64_t)line),
                     STATUS_OK);
}

/* What a run does: whatever has no entry gets one, and the system gets it three at a time. */
static void go_on(struct report *report, const struct timespec *pause)
{
    for (uint64_t line = 1; line <= LINES_N; line++) {
        if (!report_has(report, line)) {
            add(report, line);
        }
        if (line % 3 == 0) {
            assert_int_equal(report_flush(report, false, NULL), STATUS_OK);
            (void)nanosleep(pause, NULL);
        }
    }
    assert_int_equal(report_flush(report, true, NULL), STATUS_OK);
}

static void expect_each_line_once(struct fixture *f)
{
    const char *text = read_report(f);
    uint64_t feeds_n = 0;

    for (const char *c = text; *c != '\0'; c++) {
        feeds_n += *c == '\n' ? 1 : 0;
    }
    assert_int_equal(feeds_n, LINES_N + 1);
    for (uint64_t line = 1; line <= LINES_N; line++) {
        char id[37];
        const char *first = NULL;

        make_id(line, id);
        first = strstr(text, id);
        if (!first || strstr(first + 1, id)) {
            print_error("line %" PRIu64 " stands %s\n", line, first ? "twice" : "nowhere");
        }
        assert_non_null(first);
        assert_null(strstr(first + 1, id));
    }
}

static void entries_have_the_documented_form(void **state)
{
    struct fixture *f = *state;
    const struct text id = {.at = "019a3f52-6c1e-7d40-9f6b-2f3a51c0d001", .n = 36};
    const struct text odd = {.at = "a\"b\n", .n = 4};
    const struct reason reason = {.code = CODE_AMOUNT, .field = "/details/money/value"};
    struct report *report = open_report(f);

    assert_int_equal(report_published(report, 1, id, 4, 131), STATUS_OK);
    assert_int_equal(report_refused(report, 2, odd, &reason), STATUS_OK);
    assert_int_equal(report_refused(report, 3, (struct text){.at = NULL}, &reason), STATUS_OK);
    assert_int_equal(report_flush(report, true, NULL), STATUS_OK);
    report_close(report);
    assert_string_equal(
        read_report(f),
        "{\"input_sha256\":\"0102030000000000000000000000000000000000000000000000000000000000\"}\n"
        "{\"line\":1,\"filing_id\":\"019a3f52-6c1e-7d40-9f6b-2f3a51c0d001\",\"status\":"
        "\"PUBLISHED\",\"partition\":4,\"offset\":131}\n"
        "{\"line\":2,\"filing_id\":\"a\\\"b\\n\",\"status\":\"REFUSED\",\"code\":\"AMOUNT\","
        "\"field\":\"/details/money/value\"}\n"
        "{\"line\":3,\"status\":\"REFUSED\",\"code\":\"AMOUNT\","
        "\"field\":\"/details/money/value\"}\n");
}

static void an_entry_is_known_after_it_was_closed(void **state)
{
    struct fixture *f = *state;
    struct report *report = open_report(f);
    struct report_entry entry;

    add(report, 5);
    add(report, 7);
    add(report, 900);
    assert_int_equal(report_flush(report, false, NULL), STATUS_OK);
    report_close(report);
    report = open_report(f);
    assert_true(report_has(report, 5) && report_has(report, 7) && report_has(report, 900));
    assert_false(report_has(report, 4) || report_has(report, 6) || report_has(report, 901));
    assert_int_equal(report_published_n(report), 2);
    assert_int_equal(report_refused_n(report), 1);
    assert_true(report_entry_at(report, 1, &entry));
    assert_int_equal(entry.line, 900);
    assert_int_equal(entry.offset, 900);
    assert_false(report_entry_at(report, 2, &entry));
    report_close(report);
}

static void what_was_not_flushed_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct report *report = open_report(f);

    add(report, 1);
    report_close(report);
    report = open_report(f);
    assert_false(report_has(report, 1));
    report_close(report);
}

static void kill_9_at_any_moment_loses_and_doubles_nothing(void **state)
{
    struct fixture *f = *state;
    const struct timespec pause = {.tv_nsec = 50000};
    const struct timespec none = {.tv_nsec = 0};
    struct report *report = NULL;
    unsigned seed = 1;

    for (int i = 0; i < KILLS_N; i++) {
        struct timespec wait = {.tv_nsec = 0};
        pid_t pid = 0;

        seed = seed * 1103515245u + 12345u;
        wait.tv_nsec = (long)(seed >> 16) % 3000 * 1000;
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            go_on(open_report(f), &pause);
            _exit(0);
        }
        (void)nanosleep(&wait, NULL);
        (void)kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
    report = open_report(f);
    go_on(report, &none);
    report_close(report);
    expect_each_line_once(f);
}

/* What a kill in the middle of a write leaves: the file cut anywhere. */
static void a_report_cut_at_any_byte_is_completed(void **state)
{
    struct fixture *f = *state;
    struct report *report = open_report(f);
    struct stat info;

    for (uint64_t line = 1; line <= 8; line++) {
        add(report, line);
    }
    assert_int_equal(report_flush(report, false, NULL), STATUS_OK);
    report_close(report);
    assert_int_equal(stat(f->path, &info), 0);
    for (off_t size = info.st_size; size >= 0; size--) {
        char *before = NULL;

        assert_int_equal(truncate(f->path, size), 0);
        report = open_report(f);
        for (uint64_t line = 1; line <= 8; line++) {
            if (!report_has(report, line)) {
                add(report, line);
            }
        }
        assert_int_equal(report_flush(report, false, NULL), STATUS_OK);
        report_close(report);
        before = strdup(read_report(f));
        assert_non_null(before);
        assert_int_equal(strlen(before), info.st_size);
        free(before);
    }
}

static void another_inputs_report_is_refused_and_left_alone(void **state)
{
    struct fixture *f = *state;
    struct report *report = open_report(f);
    struct report *second = NULL;
    struct failure err = {.status = STATUS_OK};

    add(report, 1);
    assert_int_equal(report_flush(report, false, NULL), STATUS_OK);
    report_close(report);
    assert_int_equal(report_open(f->path, other_hash, &second, &err), STATUS_USAGE);
    assert_non_null(strstr(err.text, "another input"));
    report = open_report(f);
    assert_true(report_has(report, 1));
    report_close(report);
}

static void a_file_that_is_no_report_is_refused_and_left_alone(void **state)
{
    static const char *const rows[] = {
        "hello\n",
        "{}\n",
        "[]\n",
        "{\"input_sha256\":1}\n",
        "{\"input_sha256\":\"0102030000000000000000000000000000000000000000000000000000000000\"}\n"
        "{\"line\":0,\"status\":\"REFUSED\"}\n",
        "{\"input_sha256\":\"0102030000000000000000000000000000000000000000000000000000000000\"}\n"
        "{\"line\":1,\"status\":\"SENT\"}\n",
        "{\"input_sha256\":\"0102030000000000000000000000000000000000000000000000000000000000\"}\n"
        "{\"line\":1,\"status\":\"PUBLISHED\"}\n",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct report *report = NULL;

        assert_int_equal(file_write(f->path, bytes_of(rows[i]), 0644, NULL), STATUS_OK);
        assert_int_equal(report_open(f->path, hash, &report, NULL), STATUS_USAGE);
        assert_string_equal(read_report(f), rows[i]);
    }
}

static void two_processes_do_not_share_a_report(void **state)
{
    struct fixture *f = *state;
    struct report *report = open_report(f);
    struct report *second = NULL;

    assert_int_equal(report_open(f->path, hash, &second, NULL), STATUS_DENIED);
    report_close(report);
}

/* The limit on the size of files stands in for a disk that is full. */
static void a_full_disk_leaves_whole_entries(void **state)
{
    struct fixture *f = *state;
    struct rlimit old;
    struct rlimit full = {.rlim_cur = 500};
    struct report *report = open_report(f);
    struct failure err = {.status = STATUS_OK};
    const char *text = NULL;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    full.rlim_max = old.rlim_max;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    for (uint64_t line = 1; line <= 3; line++) {
        add(report, line);
    }
    assert_int_equal(report_flush(report, false, NULL), STATUS_OK);
    for (uint64_t line = 4; line <= 6; line++) {
        add(report, line);
    }
    assert_int_equal(report_flush(report, false, &err), STATUS_IO);
    assert_int_equal(err.os, EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    report_close(report);
    text = read_report(f);
    assert_int_equal(text[strlen(text) - 1], '\n');
    report = open_report(f);
    assert_true(report_has(report, 3));
    assert_false(report_has(report, 4));
    report_close(report);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entries_have_the_documented_form),
        TEST(an_entry_is_known_after_it_was_closed),
        TEST(what_was_not_flushed_is_not_there),
        TEST(kill_9_at_any_moment_loses_and_doubles_nothing),
        TEST(a_report_cut_at_any_byte_is_completed),
        TEST(another_inputs_report_is_refused_and_left_alone),
        TEST(a_file_that_is_no_report_is_refused_and_left_alone),
        TEST(two_processes_do_not_share_a_report),
        TEST(a_full_disk_leaves_whole_entries),
    };

    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
