/* A pack from the outside: what decide prints, what it counts, and where it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "consumers/ctl/ctl.h"
#include "wire/hash.h"
#include "wire/headers.h"

#define POLICY                                                                                     \
    "{\"reference\":{\"kind\":\"policy\",\"policy\":1,\"rules\":1,\"parameters\":["                \
    "{\"id\":\"FDI.EXCESS.USD\",\"subject\":\"\",\"region\":\"\",\"from\":\"2013-05-13\","         \
    "\"to\":\"\",\"value\":\"30000\",\"source\":\"s\",\"confirmed\":true}]}}\n"
#define BANKS                                                                                      \
    "{\"reference\":{\"kind\":\"banks\",\"banks\":[{\"code\":\"210100000123\",\"name\":\"B\","     \
    "\"roles\":[\"FILER\"],\"keys\":[]}]}}\n"
#define FILING(time, id, event, date, details)                                                     \
    "{\"received_at\":\"" time "\",\"filing\":{\"filing_id\":\"019a3f52-6c1e-7d40-9f6b-" id        \
    "\",\"bank\":\"210100000123\",\"enterprise\":\"91110000600037341L\",\"event\":\"" event        \
    "\",\"business_date\":\"" date "\",\"maker\":\"m\",\"checker\":\"c\",\"details\":{" details    \
    "}}}\n"
#define REGISTRATION                                                                               \
    FILING("2026-04-13T08:30:00.000Z", "000000000001", "fdi.registration", "2026-04-13",           \
           "\"registration_no\":\"21010020\",\"setup\":\"NEW\",\"region\":\"210100\","             \
           "\"industry\":\"C3511\",\"established_on\":\"2026-01-05\",\"registered_capital\":"      \
           "{\"currency\":\"USD\",\"value\":\"5000000.00\"},\"investors\":[{\"investor_no\":"      \
           "\"I1\",\"name\":\"F\",\"country\":\"DEU\",\"subscribed\":{\"currency\":\"USD\","       \
           "\"value\":\"5000000.00\"},\"cash\":{\"currency\":\"USD\",\"value\":\"5000000.00\"},"   \
           "\"share_bp\":10000,\"due_on\":\"2030-01-01\"}],\"evidence_no\":\"E1\"")
#define INFLOW(id, money)                                                                          \
    FILING("2026-04-13T08:30:01.000Z", id, "fdi.inflow", "2026-04-13",                             \
           "\"registration_no\":\"21010020\",\"investor_no\":\"I1\",\"money\":" money              \
           ",\"account\":\"A\",\"remitter_country\":\"DEU\"")
#define USD(value) "{\"currency\":\"USD\",\"value\":\"" value "\"}"
#define EUR(value) "{\"currency\":\"EUR\",\"value\":\"" value "\"}"
#define RATES(rates)                                                                               \
    "{\"reference\":{\"kind\":\"rates\",\"date\":\"2026-04-13\",\"rates\":{" rates "}}}\n"

struct run {
    enum status status;
    enum exit_code code;
    struct failure err;
    char *out;
};

static char path[64];

static int setup(void **state)
{
    int fd;

    (void)snprintf(path, sizeof(path), "/tmp/test_pack-XXXXXX");
    fd = mkstemp(path);
    *state = calloc(1, sizeof(struct run));
    return fd >= 0 && *state ? close(fd) : -1;
}

static int teardown(void **state)
{
    struct run *run = *state;

    free(run->out);
    free(run);
    (void)unlink(path);
    return 0;
}

static void decide(struct run *run, const char *pack, size_t pack_n)
{
    const char *arguments[] = {path};
    const struct conf_common common = {
        .output = CONF_JSON, .arguments = arguments, .arguments_n = 1};
    const struct ctl_settings settings = {.bytes = false};
    struct ctl ctl = {.common = &common, .settings = &settings};
    size_t n = 0;
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(pack, 1, pack_n, file), pack_n);
    assert_int_equal(fclose(file), 0);
    free(run->out);
    run->out = NULL;
    ctl.out = open_memstream(&run->out, &n);
    run->status = decide_pack(&ctl, &run->err);
    run->code = ctl.code;
    assert_int_equal(fclose(ctl.out), 0);
}

static void decide_text(struct run *run, const char *pack) { decide(run, pack, strlen(pack)); }

/* Line i of the output, ended by NUL; NULL past the last. */
static const char *line(const struct run *run, size_t i, char *out, size_t size)
{
    const char *at = run->out;
    size_t n;

    for (; i > 0 && at && *at; i--) {
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    if (!at || *at == '\0') {
        return NULL;
    }
    n = strcspn(at, "\n");
    n = n < size ? n : size - 1;
    memcpy(out, at, n);
    out[n] = '\0';
    return out;
}

static void expect_in_line(const struct run *run, size_t i, const char *want)
{
    char text[4096];
    const char *at = line(run, i, text, sizeof(text));

    if (!at || !strstr(at, want)) {
        fail_msg("line %zu has no '%s': %s", i, want, at ? at : "there is none");
    }
}

static void the_worked_case_of_the_tolerance_comes_out_to_the_cent(void **state)
{
    struct run *run = *state;

    decide_text(run, POLICY BANKS REGISTRATION INFLOW("000000000002", USD("5012000.00")) INFLOW(
                         "000000000003", USD("20000.00")) INFLOW("000000000004", USD("1.00")));
    assert_int_equal(run->status, STATUS_OK);
    assert_int_equal(run->code, EXIT_DONE); /* rejected filings are no failure */
    expect_in_line(run, 1, "\"used\":\"12000.00\"");
    expect_in_line(run, 1, "\"flags\":[\"EXCESS\"");
    expect_in_line(run, 2, "\"change\":{\"limit\":\"0.00\",\"used\":\"18000.00\"");
    expect_in_line(run, 2, "\"returned\":{\"currency\":\"USD\",\"value\":\"2000.00\"}");
    expect_in_line(run, 3, "\"LIMIT_EXCEEDED\"");
}

static void bulletins_take_a_number_and_are_not_printed(void **state)
{
    struct run *run = *state;
    char text[4096];

    decide_text(run, POLICY BANKS REGISTRATION);
    expect_in_line(run, 0, "{\"partition\":0,\"number\":3,\"input\":{\"offset\":2,");
    expect_in_line(run, 0, "\"bulletin\":2,");
    assert_null(line(run, 1, text, sizeof(text)));
}

static void blank_lines_count_but_say_nothing(void **state)
{
    struct run *run = *state;

    decide_text(run, POLICY "\n  \n" BANKS "\n" REGISTRATION);
    expect_in_line(run, 0, "\"number\":3,\"input\":{\"offset\":5,");
}

static void a_line_that_is_no_json_ends_it(void **state)
{
    struct run *run = *state;
    char text[4096];

    decide_text(run, POLICY BANKS REGISTRATION "nope\n" INFLOW("000000000002", USD("1.00")));
    assert_int_equal(exit_of(run->status), EXIT_FAILED);
    assert_non_null(strstr(run->err.text, "line 4"));
    expect_in_line(run, 0, "\"ACCEPTED\"");
    assert_null(line(run, 1, text, sizeof(text)));
}

static void a_line_of_neither_kind_ends_it(void **state)
{
    static const char *const lines[] = {"{}\n", "[]\n", "{\"filing\":{}}\n",
                                        "{\"received_at\":\"x\",\"filing\":{}}\n",
                                        "{\"reference\":1}\n"};
    struct run *run = *state;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        decide_text(run, lines[i]);
        assert_int_equal(exit_of(run->status), EXIT_FAILED);
        assert_non_null(strstr(run->err.text, "line 1"));
    }
}

static void a_refused_bulletin_takes_a_number_and_makes_the_end_3(void **state)
{
    static const char *const refused[] = {
        RATES("\"USD\":\"7.2\""), /* a second sheet */
        RATES("\"USD\":7"),       /* no encoding */
        RATES("\"CNY\":\"1\""),
        "{\"reference\":{\"kind\":\"none\"}}\n",
        "{\"reference\":{\"kind\":\"rates\",\"kind\":\"rates\"}}\n",
    };
    struct run *run = *state;

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        char pack[8192];

        (void)snprintf(pack, sizeof(pack), "%s%s%s%s", POLICY BANKS, RATES("\"USD\":\"7.1\""),
                       refused[i], REGISTRATION);
        decide_text(run, pack);
        assert_int_equal(run->status, STATUS_OK);
        assert_int_equal(run->code, EXIT_REFUSED);
        expect_in_line(run, 0, "\"number\":5,");
        expect_in_line(run, 0, "\"bulletin\":3,");
    }
}

static void a_held_filing_is_printed_again_with_its_own_limits(void **state)
{
    struct run *run = *state;

    decide_text(run, POLICY BANKS REGISTRATION INFLOW("000000000002", EUR("100.00"))
                         RATES("\"USD\":\"7.1\",\"EUR\":\"8.2\""));
    expect_in_line(run, 1, "\"outcome\":\"HELD\"");
    expect_in_line(run, 1, "\"RATE_PENDING\"");
    expect_in_line(run, 2, "\"trigger\":{\"offset\":4}");
    expect_in_line(run, 2, "\"outcome\":\"ACCEPTED\"");
    expect_in_line(run, 2, "\"limit\":\"fdi.inflow:21010020:I1\"");
    expect_in_line(run, 2, "\"refers_to\":{\"number\":4}");
    expect_in_line(run, 2, "\"rate_sheets\":[\"2026-04-13\"]");
}

static void the_same_filing_is_a_duplicate_and_another_under_its_id_is_not(void **state)
{
    struct run *run = *state;

    decide_text(run, POLICY BANKS REGISTRATION REGISTRATION INFLOW("000000000001", USD("1.00")));
    expect_in_line(run, 1, "\"outcome\":\"DUPLICATE\"");
    expect_in_line(run, 1, "\"refers_to\":{\"number\":3}");
    expect_in_line(run, 2, "\"ID_REUSED\"");
}

/* 101 at the empty pointer: a reason without a field. */
static void expect_undecodable(const struct run *run)
{
    expect_in_line(run, 0, "\"reasons\":[{\"code\":\"SCHEMA\",\"number\":101,\"text\":");
}

static void a_key_twice_and_a_filing_above_the_cap_are_undecodable(void **state)
{
    struct run *run = *state;
    struct buffer pack;

    decide_text(run, "{\"received_at\":\"2026-04-13T08:30:00Z\",\"filing\":{\"bank\":\"1\","
                     "\"bank\":\"1\"}}\n");
    expect_undecodable(run);
    buffer_init(&pack, 80000);
    buffer_text(&pack, "{\"received_at\":\"2026-04-13T08:30:00Z\",\"filing\":{\"note\":\"");
    for (size_t i = 0; i < FILING_SIZE_MAX; i++) {
        buffer_char(&pack, 'x');
    }
    buffer_text(&pack, "\",\"enterprise\":\"91110000600037341L\"}}\n");
    decide(run, buffer_cstr(&pack), pack.n);
    expect_undecodable(run);
    buffer_fini(&pack);
}

/* The input hash of a filing without an encoding is over its sorted JSON without empties. */
static void hashes_sorted_json_where_there_is_no_encoding(void **state)
{
    static const char value[] = "{\"a\":[1,{\"b\":null,\"c\":1.50}],\"enterprise\":\"X\"}";
    struct run *run = *state;
    struct hash *hash = NULL;
    uint8_t digest[DIGEST_SIZE];
    char hex[2 * DIGEST_SIZE + 1];

    assert_int_equal(hash_open(&hash, NULL), STATUS_OK);
    hash_input(hash, bytes_of("X"), 1000, bytes_of(value), digest);
    hash_close(hash);
    hex_encode((struct bytes){.at = digest, .n = sizeof(digest)}, hex);
    decide_text(run, "{\"received_at\":\"1970-01-01T00:00:01Z\",\"filing\":{\"enterprise\":\"X\","
                     "\"z\":\"\",\"y\":[],\"a\":[1,{\"c\":1.50,\"b\":null}]}}\n");
    expect_in_line(run, 0, hex);
}

static void received_times_never_go_back(void **state)
{
    struct run *run = *state;

    decide_text(run, POLICY BANKS REGISTRATION FILING("2026-04-12T00:00:00.000Z", "000000000002",
                                                      "fdi.inflow", "2026-04-13", ""));
    expect_in_line(run, 1, "\"received_at\":\"2026-04-13T08:30:00.000Z\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(the_worked_case_of_the_tolerance_comes_out_to_the_cent),
        TEST(bulletins_take_a_number_and_are_not_printed),
        TEST(blank_lines_count_but_say_nothing),
        TEST(a_line_that_is_no_json_ends_it),
        TEST(a_line_of_neither_kind_ends_it),
        TEST(a_refused_bulletin_takes_a_number_and_makes_the_end_3),
        TEST(a_held_filing_is_printed_again_with_its_own_limits),
        TEST(the_same_filing_is_a_duplicate_and_another_under_its_id_is_not),
        TEST(a_key_twice_and_a_filing_above_the_cap_are_undecodable),
        TEST(hashes_sorted_json_where_there_is_no_encoding),
        TEST(received_times_never_go_back),
#undef TEST
    };

    return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
