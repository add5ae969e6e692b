/* Rows as a table, as JSON lines and as CSV: each promise of output.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/ctl/output.h"

static const struct output_column columns[] = {
    {"name", OUTPUT_TEXT},
    {"amount", OUTPUT_AMOUNT},
    {"n", OUTPUT_NUMBER},
    {"raw", OUTPUT_JSON},
};

struct fixture {
    FILE *file;
    char *text;
    size_t n;
    struct output output;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    return f && (f->file = open_memstream(&f->text, &f->n)) ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)fclose(f->file);
    free(f->text);
    free(f);
    return 0;
}

static void begin(struct fixture *f, enum conf_output format)
{
    output_init(&f->output, f->file, format, columns, 4);
}

static void put(struct fixture *f, const char *name, const char *amount, int64_t n)
{
    output_cstr(&f->output, name);
    output_cstr(&f->output, amount);
    output_number(&f->output, n);
    output_cstr(&f->output, "true");
    output_end_row(&f->output);
}

static void expect(struct fixture *f, const char *want)
{
    struct failure err = {.status = STATUS_OK};

    assert_int_equal(output_fini(&f->output, &err), STATUS_OK);
    assert_string_equal(f->text, want);
}

static void a_table_is_as_wide_as_its_widest_value(void **state)
{
    struct fixture *f = *state;

    begin(f, CONF_TABLE);
    put(f, "a", "1.00", 7);
    put(f, "longer", "12345.00", 1234);
    expect(f, "name      amount     n  raw\n"
              "a           1.00     7  true\n"
              "longer  12345.00  1234  true\n");
}

static void a_chinese_character_takes_two_cells(void **state)
{
    struct fixture *f = *state;

    begin(f, CONF_TABLE);
    put(f, "\xe9\xa2\x9d\xe5\xba\xa6", "1", 1); /* two characters */
    put(f, "abcd", "1", 1);
    expect(f, "name  amount  n  raw\n"
              "\xe9\xa2\x9d\xe5\xba\xa6       1  1  true\n"
              "abcd       1  1  true\n");
}

static void no_value_moves_the_cursor(void **state)
{
    struct fixture *f = *state;

    begin(f, CONF_TABLE);
    put(f, "a\x1b[2J\nb\xff", "1", 1);
    expect(f, "name      amount  n  raw\n"
              "a\xef\xbf\xbd[2J\xef\xbf\xbd"
              "b\xef\xbf\xbd       1  1  true\n");
}

static void json_leaves_out_what_is_empty_but_not_zero(void **state)
{
    struct fixture *f = *state;

    begin(f, CONF_JSON);
    put(f, "", "", 0);
    put(f, "a\"b", "1.00", 2);
    expect(f, "{\"n\":0,\"raw\":true}\n"
              "{\"name\":\"a\\\"b\",\"amount\":\"1.00\",\"n\":2,\"raw\":true}\n");
}

static void csv_quotes_what_it_must(void **state)
{
    struct fixture *f = *state;

    begin(f, CONF_CSV);
    put(f, "a,b", "1\"2", 3);
    put(f, "plain", "x\ny", 4);
    expect(f, "name,amount,n,raw\r\n"
              "\"a,b\",\"1\"\"2\",3,true\r\n"
              "plain,\"x\ny\",4,true\r\n");
}

static void no_rows_leave_a_header_but_in_json(void **state)
{
    struct fixture *f = *state;

    begin(f, CONF_TABLE);
    expect(f, "name  amount  n  raw\n");
    begin(f, CONF_CSV);
    expect(f, "name  amount  n  raw\nname,amount,n,raw\r\n");
    begin(f, CONF_JSON);
    expect(f, "name  amount  n  raw\nname,amount,n,raw\r\n");
}

static void rows_beyond_the_window_leave_at_once(void **state)
{
    struct fixture *f = *state;
    size_t before;

    begin(f, CONF_TABLE);
    for (int i = 0; i < OUTPUT_WINDOW - 1; i++) {
        put(f, "a", "1", i);
    }
    (void)fflush(f->file);
    assert_int_equal(f->n, 0);
    put(f, "a", "1", 0);
    (void)fflush(f->file);
    before = f->n;
    assert_true(before > 0);
    put(f, "much longer than the column is", "1", 0);
    (void)fflush(f->file);
    assert_true(f->n > before);
    assert_int_equal(output_fini(&f->output, NULL), STATUS_OK);
}

static void a_failed_write_is_a_failure(void **state)
{
    struct failure err = {.status = STATUS_OK};
    struct output output;
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(full);
    output_init(&output, full, CONF_JSON, columns, 1);
    output_cstr(&output, "a");
    output_end_row(&output);
    assert_int_equal(output_fini(&output, &err), STATUS_IO);
    (void)fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_table_is_as_wide_as_its_widest_value, setup, teardown),
        cmocka_unit_test_setup_teardown(a_chinese_character_takes_two_cells, setup, teardown),
        cmocka_unit_test_setup_teardown(no_value_moves_the_cursor, setup, teardown),
        cmocka_unit_test_setup_teardown(json_leaves_out_what_is_empty_but_not_zero, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(csv_quotes_what_it_must, setup, teardown),
        cmocka_unit_test_setup_teardown(no_rows_leave_a_header_but_in_json, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_beyond_the_window_leave_at_once, setup, teardown),
        cmocka_unit_test(a_failed_write_is_a_failure),
    };

    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
