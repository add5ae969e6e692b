/* JSON is read without losing anything and written as the rulebook has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "form/date.h"
#include "form/iso.h"
#include "samples.h"
#include "wire/decision_json.h"
#include "wire/json.h"

struct fixture {
    struct arena arena;
    struct buffer out;
    struct decision decision;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    if (!f || arena_open(&f->arena, (size_t)8 << 20, NULL)) {
        return -1;
    }
    buffer_init(&f->out, 1 << 20);
    decision_reset(&f->decision);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    buffer_fini(&f->out);
    arena_close(&f->arena);
    free(f);
    return 0;
}

#define BYTES(s)                                                                                   \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

/* What is read and written again is the same text but for spaces. */
static const struct {
    struct bytes text;
    const char *again; /* NULL: the same */
} readable[] = {
    {BYTES("{}"), NULL},
    {BYTES("[]"), NULL},
    {BYTES(" { \"a\" : [ 1 , -2 ] } "), "{\"a\":[1,-2]}"},
    {BYTES("{\"b\":1,\"a\":{\"z\":null,\"y\":true,\"x\":false}}"), NULL},
    {BYTES("[9223372036854775807,-9223372036854775808]"), NULL},
    {BYTES("[9223372036854775808,-9223372036854775809,12345678901234567890123]"), NULL},
    {BYTES("[5000.0,1e400,-0.0,1E-7,0.1,1.50,2e+5]"), NULL},
    {BYTES("[0.5,0,1.5,2,2.5]"), NULL},
    {BYTES("{\"1.5\":\"2.5 -1e3\",\"x\":\"\\\"1.5\"}"), NULL},
    {BYTES("\"a\\u0000b\""), NULL},
    {BYTES("\"\\\"\\\\\\b\\f\\n\\r\\t\\u001f\x7f/\""), NULL},
    {BYTES("\"\\u4e2d\\/\\ud83d\\ude00\""), "\"\xe4\xb8\xad/\xf0\x9f\x98\x80\""},
    {BYTES("-0"), "0"},
};

static void keeps_what_was_written(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
        struct failure err = {0};
        struct json_text json;
        const char *want = readable[i].again;

        arena_reset(&f->arena);
        buffer_reset(&f->out);
        if (json_read(readable[i].text, &f->arena, &json, &err)) {
            fail_msg("row %zu: %s", i, err.text);
        }
        assert_false(json.duplicate_key);
        assert_int_equal(document_to_json(&json.doc, &f->out, NULL), STATUS_OK);
        assert_string_equal(buffer_cstr(&f->out), want ? want : (const char *)readable[i].text.at);
    }
}

static void kinds_are_told_apart(void **state)
{
    struct fixture *f = *state;
    static const enum node_kind want[] = {NODE_INTEGER, NODE_NUMBER, NODE_NUMBER, NODE_BOOLEAN,
                                          NODE_NULL,    NODE_TEXT,   NODE_LIST,   NODE_OBJECT};
    struct json_text json;
    uint32_t i = 0;

    assert_int_equal(json_read(bytes_of("[5000,5000.0,9223372036854775808,true,null,\"\",[],{}]"),
                               &f->arena, &json, NULL),
                     STATUS_OK);
    for (uint32_t at = json.doc.nodes[0].child; at != 0; at = json.doc.nodes[at].next) {
        assert_int_equal(json.doc.nodes[at].kind, want[i]);
        i++;
    }
    assert_int_equal(i, sizeof(want) / sizeof(want[0]));
}

static const char *const unreadable[] = {
    "",
    "{",
    "}",
    "{\"a\":}",
    "[1,]",
    "[01]",
    "[1.]",
    "[.5]",
    "[+1]",
    "[1e]",
    "[50-0.5]",
    "[--1.5]",
    "[1.5.5]",
    "[0x1.5]",
    "[1.5e5e5]",
    "[1.5\"a\"]",
    "[9223372036854775808-1]",
    "[- 1]",
    "tru",
    "'a'",
    "[1] 2",
    "\"\x01\"",
    "\"\xff\"",
    "{a:1}",
    "[NaN]",
    "\"\\ud800\"",
    "\"a",
};

static void what_is_not_json_is_refused(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++) {
        struct json_text json;
        struct failure err = {0};

        if (json_read(bytes_of(unreadable[i]), &f->arena, &json, &err) != STATUS_INVALID) {
            fail_msg("row %zu: %s", i, unreadable[i]);
        }
        assert_non_null(strstr(err.text, "not JSON"));
    }
}

static void a_key_twice_is_reported(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        bool duplicate;
    } rows[] = {
        {"{\"a\":1,\"b\":1}", false},      {"{\"a\":1,\"a\":1}", true},
        {"{\"a\":1,\"\\u0061\":2}", true}, {"{\"a\":{\"b\":1.5,\"b\":2.50}}", true},
        {"[{\"a\":1},{\"a\":1}]", false},  {"{\"a\":{\"a\":1}}", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json_text json;

        assert_int_equal(json_read(bytes_of(rows[i].text), &f->arena, &json, NULL), STATUS_OK);
        assert_int_equal(json.duplicate_key, rows[i].duplicate);
    }
    {
        struct json_text json;

        assert_int_equal(json_read(bytes_of(rows[3].text), &f->arena, &json, NULL), STATUS_OK);
        assert_int_equal(document_to_json(&json.doc, &f->out, NULL), STATUS_OK);
        assert_string_equal(buffer_cstr(&f->out), "{\"a\":{\"b\":2.50}}");
    }
}

static void deep_nesting_is_refused(void **state)
{
    struct fixture *f = *state;
    static char text[200000];
    struct json_text json;

    for (size_t depth = JSON_DEPTH_MAX; depth < sizeof(text) / 2; depth = depth * 3 + 1) {
        arena_reset(&f->arena);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = 0;
        assert_int_equal(json_read(bytes_of(text), &f->arena, &json, NULL),
                         depth == JSON_DEPTH_MAX ? STATUS_OK : STATUS_LIMIT);
    }
}

static void a_smaller_arena_gives_the_same_or_nothing(void **state)
{
    struct fixture *f = *state;
    static uint8_t memory[16384] __attribute__((aligned(16)));
    struct samples samples;
    bool fitted = false;

    samples_open(&samples, "tests/data/filings.jsonl");
    for (size_t size = 0; size <= sizeof(memory); size += 8) {
        struct arena small;
        struct json_text json;
        enum status status = STATUS_OK;

        arena_init(&small, memory, size);
        status = json_read(samples.lines[3], &small, &json, NULL);
        assert_true(status == STATUS_OK || (status == STATUS_LIMIT && !fitted));
        if (status == STATUS_OK) {
            fitted = true;
            buffer_reset(&f->out);
            assert_int_equal(document_to_json(&json.doc, &f->out, NULL), STATUS_OK);
            assert_true(bytes_equal(buffer_bytes(&f->out), samples.lines[3]));
        }
    }
    assert_true(fitted);
    samples_close(&samples);
}

static const struct {
    const char *text;
    const char *sorted;
} sortable[] = {
    {"{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}"},
    {"{\"a\":\"\",\"b\":[],\"c\":0,\"d\":{},\"e\":null}", "{\"c\":0,\"d\":{},\"e\":null}"},
    {"{\"ab\":1,\"a\":2,\"B\":3,\"\\u4e2d\":4}", "{\"B\":3,\"a\":2,\"ab\":1,\"\xe4\xb8\xad\":4}"},
    {"{\"z\":{\"y\":1.50,\"x\":[{\"b\":1,\"a\":\"\"}]}}", "{\"z\":{\"x\":[{\"b\":1}],\"y\":1.50}}"},
    {"{\"x\":[\"\",\"b\",\"a\"]}", "{\"x\":[\"\",\"b\",\"a\"]}"},
    {"{}", "{}"},
};

static void sorts_and_leaves_empties_out(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(sortable) / sizeof(sortable[0]); i++) {
        struct json_text json;

        arena_reset(&f->arena);
        buffer_reset(&f->out);
        assert_int_equal(json_read(bytes_of(sortable[i].text), &f->arena, &json, NULL), STATUS_OK);
        assert_int_equal(document_to_sorted_json(&json.doc, &f->arena, &f->out, NULL), STATUS_OK);
        assert_string_equal(buffer_cstr(&f->out), sortable[i].sorted);
        buffer_reset(&f->out);
        assert_int_equal(document_to_json(&json.doc, &f->out, NULL), STATUS_OK);
    }
}

static void reads_lines_of_a_pack(void **state)
{
    struct fixture *f = *state;
    static const char filing[] = "{\"received_at\":\"2026-04-13T08:30:00.123Z\","
                                 "\"filing\":{\"sequence\":1.0,\"details\":{\"x\":[1,{\"y\":2}]}}}";
    static const char *const neither[] = {
        "{}",
        "[]",
        "7",
        "{\"filing\":{}}",
        "{\"received_at\":\"yesterday\",\"filing\":{}}",
        "{\"received_at\":1776069000123,\"filing\":{}}",
        "{\"received_at\":\"2026-04-13T08:30:00.123Z\",\"filing\":[]}",
        "{\"reference\":{},\"filing\":{},\"received_at\":\"2026-04-13T08:30:00.123Z\"}",
        "{\"reference\":\"\"}",
        "x",
    };
    struct pack_line line = {0};

    assert_int_equal(pack_line_read(bytes_of(filing), &f->arena, &line, NULL), STATUS_OK);
    assert_true(line.is_filing && line.received_ms == 1776069000123 && !line.duplicate_key);
    assert_int_equal(document_to_json(&line.doc, &f->out, NULL), STATUS_OK);
    assert_string_equal(buffer_cstr(&f->out),
                        "{\"sequence\":1.0,\"details\":{\"x\":[1,{\"y\":2}]}}");
    assert_int_equal(
        pack_line_read(bytes_of("{\"reference\":{\"kind\":\"policy\",\"kind\":\"rates\"}}"),
                       &f->arena, &line, NULL),
        STATUS_OK);
    assert_true(!line.is_filing && line.duplicate_key);
    for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++) {
        assert_int_equal(pack_line_read(bytes_of(neither[i]), &f->arena, &line, NULL),
                         STATUS_INVALID);
    }
}

static struct text text_of(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

static void put_everything(struct decision *d)
{
    d->partition = 4;
    d->number = 118;
    d->input_offset = 131;
    memset(d->input_hash, 0x9c, sizeof(d->input_hash));
    d->trigger_offset = 131;
    d->identity.filing_id = text_of("019a3f52-6c1e-7d40-9f6b-2f3a51c0d001");
    d->identity.bank = text_of("210100000123");
    d->identity.enterprise = text_of("91210100MA0FG1HX9H");
    d->identity.event = text_of("financing.drawdown");
    d->identity.business_date = text_of("2026-04-13");
    d->event = EVENT_FINANCING_DRAWDOWN;
    d->received_ms = 1776069000123;
    d->outcome = OUTCOME_REJECTED;
    d->flags = FLAG_LATE | FLAG_UNCONFIRMED_BASIS;
    d->has_returned = true;
    d->returned = (struct money){.minor = 200000, .currency = CURRENCY_USD};
    d->has_basis = true;
    d->policy = 3;
    d->rules = 1;
    d->parameters_n = 2;
    d->parameters[0] = 1;
    d->parameters[1] = 0;
    d->sheets_n = 1;
    d->sheets[0] = date_make(2026, 4, 13);
    d->has_bulletin = true;
    d->bulletin = 7;
    d->refers_to = 12;
    memset(d->chain, 0x4f, sizeof(d->chain));
    d->reasons.n = 1;
    d->reasons.more = 2;
    d->reasons.at[0] = (struct reason){.code = CODE_LIMIT_EXCEEDED,
                                       .field = "/details/money",
                                       .limit = {.kind = LIMIT_FINANCING_MACROPRUDENTIAL},
                                       .has_amounts = true,
                                       .currency = CURRENCY_CNY,
                                       .free_minor = 100000,
                                       .asked_minor = 250000};
    d->postings_n = 2;
    d->postings[0] = (struct posting){.id = {.kind = LIMIT_FINANCING_CONTRACT, .object = "C1"},
                                      .currency = CURRENCY_EUR,
                                      .change = {.limit = 0, .used = 500, .reserved = -500},
                                      .after = {.limit = 900, .used = 500, .reserved = 0}};
    d->postings[1] = (struct posting){.id = {.kind = LIMIT_OUTBOUND_LOAN},
                                      .own = true,
                                      .currency = CURRENCY_JPY,
                                      .change = {.limit = 7},
                                      .after = {.limit = 7}};
}

/* As rulebook section 2 writes it, every field at once. */
static const char everything[] =
    "{\"partition\":4,\"number\":118,\"input\":{\"offset\":131,\"sha256\":\"%s\"},"
    "\"trigger\":{\"offset\":131},\"filing_id\":\"019a3f52-6c1e-7d40-9f6b-2f3a51c0d001\","
    "\"bank\":\"210100000123\",\"enterprise\":\"91210100MA0FG1HX9H\","
    "\"event\":\"financing.drawdown\",\"business_date\":\"2026-04-13\","
    "\"received_at\":\"2026-04-13T08:30:00.123Z\",\"outcome\":\"REJECTED\","
    "\"reasons\":[{\"code\":\"LIMIT_EXCEEDED\",\"number\":301,\"field\":\"/details/money\","
    "\"limit\":\"financing.macroprudential\",\"currency\":\"CNY\",\"free\":\"1000.00\","
    "\"asked\":\"2500.00\",\"text\":\"the limit has not enough room: CNY 1000.00 free in "
    "financing.macroprudential, CNY 2500.00 asked\",\"next\":\"CORRECT\"}],"
    "\"flags\":[\"LATE\",\"UNCONFIRMED_BASIS\"],"
    "\"postings\":[{\"limit\":\"financing.contract:C1\",\"currency\":\"EUR\","
    "\"change\":{\"limit\":\"0.00\",\"used\":\"5.00\",\"reserved\":\"-5.00\"},"
    "\"after\":{\"limit\":\"9.00\",\"used\":\"5.00\",\"reserved\":\"0.00\"}},"
    "{\"limit\":\"outbound.loan:L7\",\"currency\":\"JPY\","
    "\"change\":{\"limit\":\"7\",\"used\":\"0\",\"reserved\":\"0\"},"
    "\"after\":{\"limit\":\"7\",\"used\":\"0\",\"reserved\":\"0\"}}],"
    "\"returned\":{\"currency\":\"USD\",\"value\":\"2000.00\"},"
    "\"basis\":{\"policy\":3,\"rules\":1,\"parameters\":["
    "{\"id\":\"FAC.LIMIT.USD\",\"subject\":\"HIGH_TECH\",\"region\":\"21\","
    "\"from\":\"2023-12-08\",\"value\":\"5000000\"},"
    "{\"id\":\"MP.LEVERAGE\",\"value\":\"2\"}],\"rate_sheets\":[\"2026-04-13\"]},"
    "\"bulletin\":7,\"refers_to\":{\"number\":12},\"more_reasons\":2,\"chain\":\"%s\"}";

static void a_decision_is_written_as_the_rulebook_has_it(void **state)
{
    struct fixture *f = *state;
    struct parameter parameters[] = {
        {.id = text_of("MP.LEVERAGE"), .from_on = DATE_FIRST, .value = text_of("2")},
        {.id = text_of("FAC.LIMIT.USD"),
         .subject = text_of("HIGH_TECH"),
         .region = text_of("21"),
         .from_on = date_make(2023, 12, 8),
         .value = text_of("5000000")},
    };
    struct policy policy = {.policy = 3, .rules = 1, .parameters = parameters, .parameters_n = 2};
    struct own_numbers own = {.loan_no = text_of("L7")};
    struct decision_texts texts = {.policy = &policy, .own = &own};
    char hash[2 * DIGEST_SIZE + 1];
    char chain[2 * DIGEST_SIZE + 1];
    static char want[sizeof(everything) + (size_t)4 * DIGEST_SIZE];

    put_everything(&f->decision);
    hex_encode((struct bytes){.at = f->decision.input_hash, .n = DIGEST_SIZE}, hash);
    hex_encode((struct bytes){.at = f->decision.chain, .n = DIGEST_SIZE}, chain);
    /* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): the text above is a constant */
    (void)snprintf(want, sizeof(want), everything, hash, chain);
    assert_int_equal(decision_to_json(&f->decision, &texts, &f->out, NULL), STATUS_OK);
    assert_string_equal(buffer_cstr(&f->out), want);
}

static void what_is_empty_is_left_out(void **state)
{
    struct fixture *f = *state;
    struct decision_texts texts = {0};
    struct json_text json;
    const struct node *root = NULL;
    static const char *const names[] = {"partition",   "number",  "input", "trigger",
                                        "received_at", "outcome", "chain"};
    uint32_t i = 0;

    f->decision.number = 1;
    f->decision.outcome = OUTCOME_DUPLICATE;
    f->decision.identity.bank = text_of("\xff");
    assert_int_equal(decision_to_json(&f->decision, &texts, &f->out, NULL), STATUS_OK);
    assert_int_equal(json_read(buffer_bytes(&f->out), &f->arena, &json, NULL), STATUS_OK);
    root = &json.doc.nodes[0];
    for (uint32_t at = root->child; at != 0; at = json.doc.nodes[at].next) {
        assert_int_equal(json.doc.nodes[at].name.n, strlen(names[i]));
        assert_memory_equal(json.doc.nodes[at].name.at, names[i], strlen(names[i]));
        i++;
    }
    assert_int_equal(i, sizeof(names) / sizeof(names[0]));
}

static void reasons_say_what_was_refused(void **state)
{
    struct fixture *f = *state;
    struct reason r = {.code = CODE_REVIEW_REFUSED, .currency = CURRENCY_NONE};

    r.note = text_of("not in order");
    reason_put_text(&r, &f->out);
    assert_string_equal(buffer_cstr(&f->out), "the review refused it: not in order");
    buffer_reset(&f->out);
    r = (struct reason){.code = CODE_OVER_BALANCE, .has_amounts = true, .currency = CURRENCY_JPY};
    r.free_minor = 5;
    r.asked_minor = 7;
    reason_put_text(&r, &f->out);
    assert_string_equal(buffer_cstr(&f->out),
                        "the amount is more than there is: JPY 5 free, JPY 7 asked");
    buffer_reset(&f->out);
    r = (struct reason){.code = CODE_BALANCE_OPEN, .currency = CURRENCY_NONE};
    r.limit.kind = LIMIT_FDI_CAPITAL;
    strcpy(r.limit.object, "R");
    reason_put_text(&r, &f->out);
    assert_string_equal(buffer_cstr(&f->out), "a balance is still open: fdi.capital:R");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_what_was_written, setup, teardown),
        cmocka_unit_test_setup_teardown(kinds_are_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_json_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_twice_is_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(deep_nesting_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_smaller_arena_gives_the_same_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(sorts_and_leaves_empties_out, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_lines_of_a_pack, setup, teardown),
        cmocka_unit_test_setup_teardown(a_decision_is_written_as_the_rulebook_has_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_empty_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(reasons_say_what_was_refused, setup, teardown),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
