/* What people's editors and programs make of a file of filings: every line is accounted for, and
 * what passes is the bytes that would be signed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "form/date.h"
#include "producers/formats/check.h"
#include "producers/formats/source.h"
#include "wire/submission.h"

#define GOOD                                                                                       \
    "{\"filing_id\":\"019a3f52-6c1e-7d40-9f6b-2f3a51c0d002\",\"bank\":\"210100000123\","           \
    "\"enterprise\":\"91210100MA0FG1HX9H\",\"event\":\"fdi.preliminary_inflow\","                  \
    "\"business_date\":\"2026-04-13\",\"maker\":\"op017\",\"checker\":\"op204\",\"details\":{"     \
    "\"application_no\":\"A20260401001\",\"money\":{\"currency\":\"EUR\","                         \
    "\"value\":\"100000.00\"}}}"

static int32_t today;

struct fixture {
    int fd;
    struct source *source;
    struct check *check;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    *state = f;
    assert_true(date_parse("2026-04-14", 10, &today));
    f->fd = memfd_create("input", MFD_CLOEXEC);
    assert_true(f->fd >= 0);
    return check_open(&f->check, NULL) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    source_close(f->source);
    check_close(f->check);
    (void)close(f->fd);
    free(f);
    return 0;
}

static void feed(struct fixture *f, const void *at, size_t n, enum source_format format)
{
    assert_int_equal(write(f->fd, at, n), (ssize_t)n);
    assert_int_equal(lseek(f->fd, 0, SEEK_SET), 0);
    assert_int_equal(source_open(format, f->fd, &f->source, NULL), STATUS_OK);
}

static void feed_text(struct fixture *f, const char *text)
{
    feed(f, text, strlen(text), SOURCE_JSONL);
}

static bool next(struct fixture *f, struct source_item *item)
{
    struct failure err = {.status = STATUS_OK};
    bool has_more = false;

    assert_int_equal(source_next(f->source, item, &has_more, &err), STATUS_OK);
    return has_more;
}

static void expect_good(struct fixture *f, uint64_t line)
{
    struct source_item item;

    assert_true(next(f, &item));
    assert_int_equal(item.line, line);
    assert_true(item.is_readable);
    if (!check_run(f->check, &item, today)) {
        print_error("refused: %s at %s\n", code_name(f->check->form.failures.at[0].code),
                    f->check->form.failures.at[0].field);
    }
    assert_int_equal(f->check->form.failures.n, 0);
    assert_non_null(f->check->filing.at);
}

static void expect_refused(struct fixture *f, uint64_t line, enum code code, const char *field)
{
    struct source_item item;

    assert_true(next(f, &item));
    assert_int_equal(item.line, line);
    assert_false(check_run(f->check, &item, today));
    assert_null(f->check->filing.at);
    assert_int_equal(f->check->form.failures.at[0].code, code);
    assert_string_equal(f->check->form.failures.at[0].field, field);
}

static void expect_end(struct fixture *f)
{
    struct source_item item;

    assert_false(next(f, &item));
    assert_false(next(f, &item)); /* and it stays the end */
}

static void takes_bom_crlf_blank_lines_and_a_last_line_without_feed(void **state)
{
    struct fixture *f = *state;

    feed_text(f, "\xEF\xBB\xBF" GOOD "\r\n"
                 "\n"
                 " \t\r\n" GOOD " \n" GOOD);
    expect_good(f, 1);
    expect_good(f, 4);
    expect_good(f, 5);
    expect_end(f);
    assert_int_equal(source_blank_n(f->source), 2);
}

static void an_empty_file_has_no_items(void **state)
{
    struct fixture *f = *state;

    feed_text(f, "");
    expect_end(f);
    assert_int_equal(source_blank_n(f->source), 0);
}

static void names_what_is_wrong_with_its_line_and_pointer(void **state)
{
    struct fixture *f = *state;

    feed_text(f, "not json\n"
                 "[]\n"
                 "{\"bank\":\"1\",\"bank\":\"2\"}\n"
                 "{\"bank\":\"210100000123\"}\n" GOOD "\n"
                 "{\"a\":1}{\"b\":2}\n");
    expect_refused(f, 1, CODE_SCHEMA, "");
    expect_refused(f, 2, CODE_SCHEMA, "");
    expect_refused(f, 3, CODE_SCHEMA, "");
    expect_refused(f, 4, CODE_SCHEMA, "/business_date");
    expect_good(f, 5);
    expect_refused(f, 6, CODE_SCHEMA, "");
    expect_end(f);
}

static void refuses_a_business_date_after_today(void **state)
{
    struct fixture *f = *state;
    struct source_item item;

    feed_text(f, GOOD "\n");
    assert_true(next(f, &item));
    assert_false(check_run(f->check, &item, today - 2));
    assert_int_equal(f->check->form.failures.at[0].code, CODE_DATE_FUTURE);
    assert_true(check_run(f->check, &item, today - 1));
}

/* A line one byte too long is refused as one, and the next is read from its beginning. */
static void a_line_above_the_cap_is_one_refusal(void **state)
{
    struct fixture *f = *state;
    const size_t rest = sizeof("\n" GOOD "\n") - 1;
    char *text = malloc(SOURCE_LINE_MAX + 1 + rest);
    struct source_item item;

    assert_non_null(text);
    memset(text, 'x', SOURCE_LINE_MAX + 1);
    memcpy(text + SOURCE_LINE_MAX + 1, "\n" GOOD "\n", rest);
    feed(f, text, SOURCE_LINE_MAX + 1 + rest, SOURCE_JSONL);
    free(text);
    assert_true(next(f, &item));
    assert_false(item.is_readable);
    assert_non_null(strstr(item.why, "longer than"));
    expect_good(f, 2);
    expect_end(f);
}

/* Lines that straddle the reader's pieces come whole, wherever the border falls. */
static void lines_across_pieces_come_whole(void **state)
{
    struct fixture *f = *state;
    const size_t n = 2000;
    const size_t size = sizeof(GOOD "\n") - 1;
    char *text = malloc(n * size);

    assert_non_null(text);
    for (size_t i = 0; i < n; i++) {
        memcpy(text + i * size, GOOD "\n", size);
    }
    feed(f, text, n * size, SOURCE_JSONL);
    free(text);
    for (size_t i = 0; i < n; i++) {
        expect_good(f, i + 1);
    }
    expect_end(f);
}

/* The filing bytes of the good line, with their length before them. */
static size_t framed(struct fixture *f, uint8_t *out)
{
    struct source_item item;
    size_t n = 0;

    feed_text(f, GOOD "\n");
    assert_true(next(f, &item));
    assert_true(check_run(f->check, &item, today));
    n = f->check->filing.n;
    assert_true(n >= 128 && n < 16384);
    out[0] = (uint8_t)(n & 0x7Fu) | 0x80u;
    out[1] = (uint8_t)(n >> 7);
    memcpy(out + 2, f->check->filing.at, n);
    source_close(f->source);
    f->source = NULL;
    assert_int_equal(ftruncate(f->fd, 0), 0);
    assert_int_equal(lseek(f->fd, 0, SEEK_SET), 0);
    return n + 2;
}

static void length_prefixed_records_keep_their_bytes(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[2048];
    const size_t n = framed(f, bytes);

    memcpy(bytes + n, bytes, n);
    feed(f, bytes, 2 * n, SOURCE_PROTOBUF);
    expect_good(f, 1);
    assert_int_equal(f->check->filing.n, n - 2);
    assert_memory_equal(f->check->filing.at, bytes + 2, n - 2);
    expect_good(f, 2);
    expect_end(f);
}

static void a_record_that_is_no_filing_leaves_the_next_alone(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[2048] = {2, 0xFF, 0xFF};
    uint8_t good[1024];
    const size_t n = framed(f, good);
    struct source_item item;

    memcpy(bytes + 3, good, n);
    feed(f, bytes, n + 3, SOURCE_PROTOBUF);
    assert_true(next(f, &item));
    assert_false(item.is_readable);
    expect_good(f, 2);
    expect_end(f);
}

static void a_cut_off_record_is_a_failure_that_names_it(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[1024];
    const size_t n = framed(f, bytes);
    struct source_item item;
    struct failure err = {.status = STATUS_OK};
    bool has_more = false;

    feed(f, bytes, n - 1, SOURCE_PROTOBUF);
    assert_int_equal(source_next(f->source, &item, &has_more, &err), STATUS_INVALID);
    assert_non_null(strstr(err.text, "record 1"));
}

static void a_length_above_the_cap_is_a_failure(void **state)
{
    static const struct {
        uint8_t bytes[6];
        size_t n;
    } rows[] = {
        {{0x81, 0x80, 0x04}, 3},                   /* 65537 */
        {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}, 6}, /* no varint of ours */
        {{0x80}, 1},                               /* cut off within the length */
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source_item item;
        struct failure err = {.status = STATUS_OK};
        bool has_more = false;

        assert_int_equal(ftruncate(f->fd, 0), 0);
        assert_int_equal(lseek(f->fd, 0, SEEK_SET), 0);
        feed(f, rows[i].bytes, rows[i].n, SOURCE_PROTOBUF);
        assert_int_equal(source_next(f->source, &item, &has_more, &err), STATUS_INVALID);
        source_close(f->source);
        f->source = NULL;
    }
}

static void a_format_that_is_not_built_in_is_usage(void **state)
{
    static const enum source_format rows[] = {SOURCE_CSV, SOURCE_ISO20022};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failure err = {.status = STATUS_OK};

        assert_int_equal(source_open(rows[i], f->fd, &f->source, &err), STATUS_USAGE);
        assert_non_null(strstr(err.text, source_format_words[rows[i]]));
        assert_null(f->source);
    }
}

static void an_unreadable_file_is_a_failure(void **state)
{
    struct fixture *f = *state;
    struct source_item item;
    struct failure err = {.status = STATUS_OK};
    bool has_more = false;
    const int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(folder >= 0);
    assert_int_equal(source_open(SOURCE_JSONL, folder, &f->source, NULL), STATUS_OK);
    assert_int_equal(source_next(f->source, &item, &has_more, &err), STATUS_IO);
    assert_int_equal(err.os, EISDIR);
    (void)close(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(takes_bom_crlf_blank_lines_and_a_last_line_without_feed),
        TEST(an_empty_file_has_no_items),
        TEST(names_what_is_wrong_with_its_line_and_pointer),
        TEST(refuses_a_business_date_after_today),
        TEST(a_line_above_the_cap_is_one_refusal),
        TEST(lines_across_pieces_come_whole),
        TEST(length_prefixed_records_keep_their_bytes),
        TEST(a_record_that_is_no_filing_leaves_the_next_alone),
        TEST(a_cut_off_record_is_a_failure_that_names_it),
        TEST(a_length_above_the_cap_is_a_failure),
        TEST(a_format_that_is_not_built_in_is_usage),
        TEST(an_unreadable_file_is_a_failure),
    };

    return cmocka_run_group_tests_name("jsonl", tests, NULL, NULL);
}
