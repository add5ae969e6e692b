/* A failure is complete after one call, texts that do not fit are cut, and every value has a word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/exit.h"
#include "base/status.h"

static void failing_is_one_call(void **state)
{
    struct failure err = {.status = STATUS_OK};

    (void)state;
    assert_int_equal(failure_set(&err, STATUS_IO, REMEDY_RETRY, 5, "cannot open '%s': %d", "x", 7),
                     STATUS_IO);
    assert_int_equal(err.status, STATUS_IO);
    assert_int_equal(err.remedy, REMEDY_RETRY);
    assert_int_equal(err.os, 5);
    assert_string_equal(err.text, "cannot open 'x': 7");
    assert_int_equal(failure_set(NULL, STATUS_KAFKA, REMEDY_STOP, 0, "nobody asks"), STATUS_KAFKA);
}

static void long_texts_are_cut(void **state)
{
    struct failure err = {.status = STATUS_OK};
    char text[1000];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    (void)failure_set(&err, STATUS_IO, REMEDY_NONE, 0, "%s", text);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_int_equal(failure_add(&err, "while %s", "reading"), STATUS_IO);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_int_equal(strncmp(err.text, "while reading: aaaa", 19), 0);
    assert_int_equal(failure_add(&err, "%s", text), STATUS_IO);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void texts_of_every_length_are_joined_and_cut(void **state)
{
    struct failure err = {.status = STATUS_OK};
    char want[600];

    (void)state;
    for (int before = 1; before < 300; before += 7) {
        for (int below = 0; below < 256; below++) {
            (void)failure_set(&err, STATUS_IO, REMEDY_NONE, 0, "%0*d", below, 0);
            err.text[below] = '\0';
            (void)failure_add(&err, "%0*d", before, 1);
            (void)snprintf(want, sizeof(want), "%0*d: %0*d", before, 1, below, 0);
            want[before + 2 + below] = '\0';
            want[sizeof(err.text) - 1] = '\0';
            assert_string_equal(err.text, want);
        }
    }
}

static void context_comes_before_the_cause(void **state)
{
    struct failure err = {.status = STATUS_OK};

    (void)state;
    (void)failure_set(&err, STATUS_CORRUPT, REMEDY_STOP, 11, "bad page");
    assert_int_equal(failure_add(&err, "cannot open '%s'", "f"), STATUS_CORRUPT);
    assert_string_equal(err.text, "cannot open 'f': bad page");
    assert_int_equal(err.remedy, REMEDY_STOP);
    assert_int_equal(err.os, 11);
}

static void every_value_has_its_own_word(void **state)
{
    (void)state;
    for (int i = 0; i < STATUS_N; i++) {
        assert_string_not_equal(status_name((enum status)i), "unknown");
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(status_name((enum status)i), status_name((enum status)j));
        }
    }
    for (int i = 0; i < REMEDY_N; i++) {
        assert_string_not_equal(remedy_name((enum remedy)i), "unknown");
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(remedy_name((enum remedy)i), remedy_name((enum remedy)j));
        }
    }
    assert_string_equal(status_name(STATUS_N), "unknown");
    assert_string_equal(remedy_name(REMEDY_N), "unknown");
}

static const struct {
    enum status status;
    enum exit_code want;
} exits[] = {
    {STATUS_OK, EXIT_DONE},      {STATUS_NOMEM, EXIT_INTERNAL},    {STATUS_INVALID, EXIT_FAILED},
    {STATUS_LIMIT, EXIT_FAILED}, {STATUS_NOTFOUND, EXIT_FAILED},   {STATUS_CORRUPT, EXIT_STATE},
    {STATUS_IO, EXIT_FAILED},    {STATUS_KAFKA, EXIT_UNREACHABLE}, {STATUS_DENIED, EXIT_DENIED},
    {STATUS_USAGE, EXIT_USAGE},  {STATUS_CONFLICT, EXIT_STATE},
};
_Static_assert(sizeof(exits) / sizeof(exits[0]) == STATUS_N, "a status without an exit code");

static void every_status_has_an_exit_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATUS_N; i++) {
        assert_int_equal(exits[i].status, i);
        assert_int_equal(exit_of(exits[i].status), exits[i].want);
    }
}

static void exit_codes_are_listed_ascending_with_a_meaning(void **state)
{
    enum exit_code code = EXIT_DONE;
    int before = -1;
    unsigned n = 0;

    (void)state;
    for (; exit_at(n, &code); n++) {
        assert_true((int)code > before);
        assert_true(exit_meaning(code)[0] != '\0');
        before = (int)code;
    }
    assert_int_equal(n, 10);
    assert_int_equal(code, 130);
    assert_string_equal(exit_meaning((enum exit_code)99), "");
}

static void a_report_names_the_program_and_after_usage_the_manual(void **state)
{
    struct failure err = {.status = STATUS_OK};
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    (void)state;
    (void)failure_set(&err, STATUS_DENIED, REMEDY_NONE, 0, "no key");
    assert_int_equal(exit_report(out, "filingctl", &err), EXIT_DENIED);
    (void)failure_set(&err, STATUS_USAGE, REMEDY_NONE, 0, "no such option");
    assert_int_equal(exit_report(out, "filingctl", &err), EXIT_USAGE);
    (void)fclose(out);
    assert_string_equal(text, "filingctl: no key\nfilingctl: no such option\n"
                              "filingctl: --help names what can be given\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_is_one_call),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(texts_of_every_length_are_joined_and_cut),
        cmocka_unit_test(context_comes_before_the_cause),
        cmocka_unit_test(every_value_has_its_own_word),
        cmocka_unit_test(every_status_has_an_exit_code),
        cmocka_unit_test(exit_codes_are_listed_ascending_with_a_meaning),
        cmocka_unit_test(a_report_names_the_program_and_after_usage_the_manual),
    };

    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
