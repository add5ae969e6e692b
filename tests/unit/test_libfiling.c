/* libfiling as a bank's program links it: the shared library and its one header. */
#include <filing.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOOD                                                                                       \
    "{\"filing_id\":\"019a3f52-6c1e-7d40-9f6b-2f3a51c0d002\",\"bank\":\"210100000123\","           \
    "\"enterprise\":\"91210100MA0FG1HX9H\",\"event\":\"fdi.preliminary_inflow\","                  \
    "\"business_date\":\"2026-04-13\",\"maker\":\"op017\",\"checker\":\"op204\",\"details\":{"     \
    "\"application_no\":\"A20260401001\",\"money\":{\"currency\":\"EUR\","                         \
    "\"value\":\"100000.00\"}}}"

static int set_up(void **state)
{
    struct filing_options options = {.size = sizeof(options)};
    struct filing_client *client = NULL;

    assert_int_equal(filing_open(&options, &client, NULL), FILING_OK);
    *state = client;
    return 0;
}

static int tear_down(void **state)
{
    filing_close(*state);
    return 0;
}

static struct filing_input json(const char *text)
{
    return (struct filing_input){.encoding = FILING_JSON, .at = text, .n = strlen(text)};
}

static enum filing_status check(struct filing_client *client, const char *text)
{
    const struct filing_input input = json(text);

    return filing_check(client, &input, NULL);
}

static void a_good_filing_passes_without_reasons(void **state)
{
    struct filing_reason reason;

    assert_int_equal(check(*state, GOOD), FILING_OK);
    assert_false(filing_verdict(*state, 0, &reason));
}

static void every_fault_has_its_number_and_place(void **state)
{
    struct filing_input input;
    struct filing_reason reason;
    struct filing_error error;
    static const char text[] =
        "{\"filing_id\":\"X\",\"bank\":\"210100000123\",\"enterprise\":\"91210100MA0FG1HX9H\","
        "\"event\":\"fdi.preliminary_inflow\",\"business_date\":\"2026-04-31\",\"maker\":\"a\","
        "\"checker\":\"b\",\"details\":{\"application_no\":\"A20260401001\",\"money\":{"
        "\"currency\":\"EUR\",\"value\":\"1.234\"}}}";
    static const struct {
        int number;
        const char *code;
        const char *field;
    } want[] = {
        {102, "FILING_ID", "/filing_id"},
        {105, "DATE_INVALID", "/business_date"},
        {108, "AMOUNT", "/details/money/value"},
    };

    input = json(text);
    assert_int_equal(filing_check(*state, &input, &error), FILING_REFUSED);
    assert_int_equal(error.status, FILING_REFUSED);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_true(filing_verdict(*state, i, &reason));
        assert_int_equal(reason.number, want[i].number);
        assert_string_equal(reason.code, want[i].code);
        assert_true(strncmp(reason.field, want[i].field, strlen(reason.field)) == 0);
        assert_string_equal(reason.next, "CORRECT");
        assert_true(reason.english[0] && reason.chinese[0]);
    }
    assert_false(filing_verdict(*state, 3, &reason));
}

static void what_is_no_filing_at_all_is_refused(void **state)
{
    const struct filing_input broken = {.encoding = FILING_PROTOBUF, .at = "\xFF", .n = 1};
    static const char *const rows[] = {"", "{", "[]", "null", "{\"bank\":\"1\",\"bank\":\"2\"}"};
    struct filing_reason reason;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(check(*state, rows[i]), FILING_REFUSED);
        assert_true(filing_verdict(*state, 0, &reason));
        assert_int_equal(reason.number, 101);
        assert_string_equal(reason.field, "");
    }
    assert_int_equal(filing_check(*state, &broken, NULL), FILING_REFUSED);
    assert_int_equal(check(*state, GOOD), FILING_OK); /* and nothing stays of it */
}

static void without_brokers_nothing_is_published(void **state)
{
    const struct filing_input input = json(GOOD);
    struct filing_error error;

    assert_int_equal(filing_publish(*state, &input, NULL, &error), FILING_INVALID);
    assert_int_equal(filing_wait(*state, 10, &error), FILING_INVALID);
    assert_int_equal(filing_flush(*state, 10, &error), FILING_OK);
    assert_int_equal(filing_outstanding(*state), 0);
    filing_poll(*state, 0);
}

static void options_that_contradict_each_other_are_invalid(void **state)
{
    static const struct {
        size_t size;
        const char *key_dir;
        const char *key_file;
        const char *key_id;
        const char *bank;
    } rows[] = {
        {1, NULL, NULL, NULL, NULL},
        {sizeof(struct filing_options), "a", "b", "k", "210100000123"},
        {sizeof(struct filing_options), NULL, "b", NULL, "210100000123"},
        {sizeof(struct filing_options), NULL, "b", "k", NULL},
        {sizeof(struct filing_options), NULL, "b", "k", "12"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct filing_options options = {.size = rows[i].size,
                                               .key_dir = rows[i].key_dir,
                                               .key_file = rows[i].key_file,
                                               .key_id = rows[i].key_id,
                                               .bank = rows[i].bank};
        struct filing_client *client = NULL;
        struct filing_error error;

        assert_int_equal(filing_open(&options, &client, &error), FILING_INVALID);
        assert_int_equal(error.status, FILING_INVALID);
        assert_true(error.text[0] != '\0');
        assert_null(client);
    }
}

static void expect_open_fails(const struct filing_options *options, enum filing_status want,
                              const char *text)
{
    struct filing_client *client = NULL;
    struct filing_error error;

    assert_int_equal(filing_open(options, &client, &error), want);
    assert_non_null(strstr(error.text, text));
    assert_null(client);
}

static void a_missing_key_is_denied_and_names_the_file(void **state)
{
    const struct filing_options options = {.size = sizeof(options),
                                           .key_file = "/nowhere/k.pem",
                                           .key_id = "k",
                                           .bank = "210100000123"};

    (void)state;
    expect_open_fails(&options, FILING_DENIED, "/nowhere/k.pem");
}

static void a_broker_that_is_not_there_is_unreachable_and_named(void **state)
{
    const struct filing_options options = {
        .size = sizeof(options), .bootstrap = "127.0.0.1:1", .timeout_ms = 300};

    (void)state;
    expect_open_fails(&options, FILING_UNREACHABLE, "127.0.0.1:1");
}

static void every_status_has_a_word(void **state)
{
    (void)state;
    for (int i = FILING_OK; i <= FILING_FAILED; i++) {
        assert_string_not_equal(filing_status_name((enum filing_status)i), "unknown");
    }
    assert_string_equal(filing_status_name((enum filing_status)(FILING_FAILED + 1)), "unknown");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_filing_passes_without_reasons),
        TEST(every_fault_has_its_number_and_place),
        TEST(what_is_no_filing_at_all_is_refused),
        TEST(without_brokers_nothing_is_published),
        TEST(options_that_contradict_each_other_are_invalid),
        TEST(a_missing_key_is_denied_and_names_the_file),
        TEST(a_broker_that_is_not_there_is_unreachable_and_named),
        TEST(every_status_has_a_word),
    };

    return cmocka_run_group_tests_name("libfiling", tests, NULL, NULL);
}
