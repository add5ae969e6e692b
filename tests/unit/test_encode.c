/* JSON to protobuf and back is the same text for every event and every kind of reference data; the
 * encoding is the canonical one, which protobuf-c's own writer confirms; what has none is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "filing/v1/filing.pb-c.h"
#include "filing/v1/reference.pb-c.h"
#include "filing/v1/submission.pb-c.h"
#include "form/date.h"
#include "form/form.h"
#include "form/reference.h"
#include "samples.h"
#include "wire/encode.h"
#include "wire/json.h"
#include "wire/submission.h"

#define ARENA_SIZE ((size_t)16 << 20)

struct fixture {
    struct arena arena;
    struct buffer out;
};

static int setup(void **state)
{
    static struct fixture f;

    *state = &f;
    buffer_init(&f.out, 1 << 20);
    return arena_open(&f.arena, ARENA_SIZE, NULL) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    buffer_fini(&f->out);
    arena_close(&f->arena);
    return 0;
}

static void expect_text(const struct buffer *out, struct bytes want)
{
    struct bytes got = buffer_bytes(out);

    if (!bytes_equal(got, want)) {
        print_error("want %.*s\ngot  %.*s\n", (int)want.n, (const char *)want.at, (int)got.n,
                    (const char *)got.at);
    }
    assert_true(bytes_equal(got, want));
}

static void filings_round_trip(void **state)
{
    struct fixture *f = *state;
    struct samples samples;

    samples_open(&samples, "tests/data/filings.jsonl");
    assert_int_equal(samples.n, FILING_SAMPLES);
    assert_int_equal(samples.n, EVENT_BULLETIN - 1);
    for (size_t i = 0; i < samples.n; i++) {
        struct failure err = {0};
        struct document doc = {0};
        struct bytes bytes;
        struct bytes again = {0};
        const struct node *event = NULL;

        arena_reset(&f->arena);
        buffer_reset(&f->out);
        bytes = sample_encode(samples.lines[i], &f->arena);
        assert_int_equal(filing_decode(bytes.at, bytes.n, &f->arena, &doc, &err), STATUS_OK);
        event = document_find(&doc, &doc.nodes[0], "event");
        assert_non_null(event);
        assert_int_equal(event_find(event->text.at, event->text.n), (enum event)(i + 1));
        assert_int_equal(document_to_json(&doc, &f->out, &err), STATUS_OK);
        expect_text(&f->out, samples.lines[i]);
        assert_int_equal(filing_encode(&doc, &f->arena, &again, &err), STATUS_OK);
        assert_true(bytes_equal(bytes, again));
    }
    samples_close(&samples);
}

/* protobuf-c writes fields ascending, each once, varints short, defaults left out. */
static void filings_are_in_canonical_encoding(void **state)
{
    struct fixture *f = *state;
    static uint8_t packed[FILING_SIZE_MAX];
    struct samples samples;

    samples_open(&samples, "tests/data/filings.jsonl");
    for (size_t i = 0; i < samples.n; i++) {
        struct bytes bytes;
        Filing__V1__Filing *message = NULL;
        size_t n = 0;

        arena_reset(&f->arena);
        bytes = sample_encode(samples.lines[i], &f->arena);
        message = filing__v1__filing__unpack(&f->arena.pb, bytes.n, bytes.at);
        assert_non_null(message);
        n = filing__v1__filing__pack(message, packed);
        assert_true(bytes_equal(bytes, (struct bytes){.at = packed, .n = n}));
    }
    samples_close(&samples);
}

static void expect_form(const struct document *doc, struct form *form, size_t line)
{
    form_check(doc, date_make(2026, 4, 13), true, form);
    if (form->failures.n > 0) {
        fail_msg("line %zu: %s at %s", line, code_name(form->failures.at[0].code),
                 form->failures.at[0].field);
    }
}

/* The form stage finds the same filing in the JSON and in the protobuf. */
static void filings_pass_form_either_way(void **state)
{
    struct fixture *f = *state;
    static struct form form;
    struct samples samples;

    samples_open(&samples, "tests/data/filings.jsonl");
    for (size_t i = 0; i < samples.n; i++) {
        struct json_text json;
        struct document doc = {0};
        struct bytes bytes;

        arena_reset(&f->arena);
        assert_int_equal(json_read(samples.lines[i], &f->arena, &json, NULL), STATUS_OK);
        expect_form(&json.doc, &form, i + 1);
        bytes = sample_encode(samples.lines[i], &f->arena);
        assert_int_equal(filing_decode(bytes.at, bytes.n, &f->arena, &doc, NULL), STATUS_OK);
        expect_form(&doc, &form, i + 1);
    }
    samples_close(&samples);
}

#define BASE(rest)  "{\"event\":\"fdi.inflow\"," rest "}"
#define MONEY(rest) BASE("\"details\":{\"money\":{" rest "}}")

static const struct {
    const char *json;
    const char *names; /* part of the text */
} without_encoding[] = {
    {BASE("\"colour\":\"red\""), "'colour'"},
    {BASE("\"colour\":\"\""), "'colour'"},
    {BASE("\"fdi_inflow\":{}"), "'fdi_inflow'"},
    {BASE("\"bank\":210100000123"), "'bank'"},
    {BASE("\"bank\":null"), "'bank'"},
    {BASE("\"sequence\":\"1\""), "'sequence'"},
    {BASE("\"sequence\":\"\""), "'sequence'"},
    {BASE("\"sequence\":1.0"), "'sequence'"},
    {BASE("\"sequence\":9223372036854775808"), "'sequence'"},
    {BASE("\"sequence\":true"), "'sequence'"},
    {BASE("\"details\":\"\""), "'details'"},
    {BASE("\"details\":[]"), "'details'"},
    {BASE("\"details\":{\"investors\":[]}"), "'investors'"},
    {BASE("\"details\":{\"kind\":\"x\"}"), "'kind'"},
    {BASE("\"details\":{\"money\":\"5.00\"}"), "'money'"},
    {"{\"event\":\"fdi.gift\",\"details\":{}}", "'details'"},
    {"{\"event\":\"\",\"details\":{}}", "'details'"},
    {"{\"event\":\"bulletin\",\"details\":{}}", "'details'"},
    {"{\"details\":{}}", "'details'"},
    {"{\"event\":7}", "'event'"},
    {"{\"event\":\"fdi.registration\",\"details\":{\"investors\":{}}}", "'investors'"},
    {"{\"event\":\"fdi.registration\",\"details\":{\"investors\":[\"I1\"]}}", "''"},
    {"{\"event\":\"fdi.deregistration\",\"details\":{\"waive_outflow\":1}}", "'waive_outflow'"},
    {MONEY("\"value\":5"), "'value'"},
    {MONEY("\"value\":\"1e3\""), "'value'"},
    {MONEY("\"value\":\"+1\""), "'value'"},
    {MONEY("\"value\":\"01\""), "'value'"},
    {MONEY("\"value\":\"1.\""), "'value'"},
    {MONEY("\"value\":\".5\""), "'value'"},
    {MONEY("\"value\":\"-0.00\""), "'value'"},
    {MONEY("\"value\":\"1,000\""), "'value'"},
    {MONEY("\"value\":\"0.1234567890123456789\""), "'value'"},
    {MONEY("\"value\":\"9223372036854775808\""), "'value'"},
    {MONEY("\"currency\":978"), "'currency'"},
    {MONEY("\"minor\":5"), "'minor'"},
    {"[]", "no object"},
};

static void names_what_has_no_canonical_encoding(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(without_encoding) / sizeof(without_encoding[0]); i++) {
        struct failure err = {0};
        struct json_text json;
        struct bytes bytes = {0};

        arena_reset(&f->arena);
        assert_int_equal(json_read(bytes_of(without_encoding[i].json), &f->arena, &json, &err),
                         STATUS_OK);
        if (filing_encode(&json.doc, &f->arena, &bytes, &err) != STATUS_INVALID ||
            !strstr(err.text, without_encoding[i].names)) {
            fail_msg("%s: %s", without_encoding[i].json, err.text);
        }
    }
}

static const struct {
    const char *value;
    int64_t minor;
    uint32_t scale;
} amounts[] = {
    {"5000.0", 50000, 1},
    {"5000", 5000, 0},
    {"0", 0, 0},
    {"0.00", 0, 2},
    {"-1.50", -150, 2},
    {"9223372036854775807", INT64_MAX, 0},
    {"0.000000000000000001", 1, 18},
};

static void a_value_keeps_its_decimals(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
        char text[160];
        struct bytes bytes;
        Filing__V1__Filing *message = NULL;

        arena_reset(&f->arena);
        (void)snprintf(text, sizeof(text),
                       "{\"event\":\"fdi.inflow\",\"details\":{\"money\":{\"value\":\"%s\"}}}",
                       amounts[i].value);
        bytes = sample_encode(bytes_of(text), &f->arena);
        message = filing__v1__filing__unpack(&f->arena.pb, bytes.n, bytes.at);
        assert_non_null(message);
        assert_int_equal(message->fdi_inflow->money->minor_presence_case,
                         FILING__V1__MONEY__MINOR_PRESENCE_MINOR);
        assert_true(message->fdi_inflow->money->minor == amounts[i].minor);
        assert_int_equal(message->fdi_inflow->money->scale, amounts[i].scale);
    }
}

static void a_filing_above_its_cap_is_refused(void **state)
{
    struct fixture *f = *state;
    static char text[FILING_SIZE_MAX + 64];
    struct failure err = {0};
    struct json_text json;
    struct bytes bytes = {0};
    size_t notes = FILING_SIZE_MAX - 4; /* tag and three bytes of length */

    for (size_t over = 0; over < 2; over++) {
        int head = snprintf(text, sizeof(text), "{\"note\":\"");

        memset(text + head, 'x', notes + over);
        (void)snprintf(text + head + notes + over, 4, "\"}");
        assert_int_equal(json_read(bytes_of(text), &f->arena, &json, &err), STATUS_OK);
        assert_int_equal(filing_encode(&json.doc, &f->arena, &bytes, &err),
                         over ? STATUS_LIMIT : STATUS_OK);
        assert_int_equal(bytes.n, FILING_SIZE_MAX);
    }
}

static void an_arena_too_small_is_refused(void **state)
{
    struct fixture *f = *state;
    static uint8_t memory[8192] __attribute__((aligned(16)));
    struct samples samples;
    struct json_text json;
    struct bytes want;
    bool fitted = false;

    samples_open(&samples, "tests/data/filings.jsonl");
    want = sample_encode(samples.lines[3], &f->arena);
    assert_int_equal(json_read(samples.lines[3], &f->arena, &json, NULL), STATUS_OK);
    for (size_t size = 0; size <= sizeof(memory); size++) {
        struct arena small;
        struct bytes got = {0};
        enum status status = STATUS_OK;

        arena_init(&small, memory, size);
        status = filing_encode(&json.doc, &small, &got, NULL);
        assert_true(status == STATUS_OK || (status == STATUS_LIMIT && !fitted));
        fitted = status == STATUS_OK;
        assert_true(!fitted || bytes_equal(got, want));
    }
    assert_true(fitted);
    samples_close(&samples);
}

static void expect_reference(struct fixture *f, const struct document *doc)
{
    struct area area = {.size = 65536};
    struct reference_item item;
    struct fault fault = {0};

    area.at = arena_alloc(&f->arena, area.size);
    assert_non_null(area.at);
    if (!reference_read(doc, &area, &item, &fault)) {
        fail_msg("%s: %s", fault.field, fault.text);
    }
}

static void reference_data_round_trips(void **state)
{
    struct fixture *f = *state;
    struct samples samples;
    struct bytes items[REFERENCE_SAMPLES];
    struct content_parts parts = {0};
    struct bytes content = {0};
    struct failure err = {0};

    samples_open(&samples, "tests/data/reference.jsonl");
    assert_int_equal(samples.n, REFERENCE_SAMPLES);
    for (size_t i = 0; i < samples.n; i++) {
        struct json_text json;
        Filing__V1__Reference *message = NULL;
        static uint8_t packed[4096];

        assert_int_equal(json_read(samples.lines[i], &f->arena, &json, &err), STATUS_OK);
        if (reference_encode(&json.doc, &f->arena, &items[i], &err)) {
            fail_msg("%s", err.text);
        }
        message = filing__v1__reference__unpack(&f->arena.pb, items[i].n, items[i].at);
        assert_non_null(message);
        assert_int_equal(message->item_case, i + 1);
        assert_int_equal(filing__v1__reference__pack(message, packed), items[i].n);
        assert_memory_equal(packed, items[i].at, items[i].n);
    }
    assert_int_equal(content_encode(300, items, samples.n, &f->arena, &content), STATUS_OK);
    assert_int_equal(content_decode(content.at, content.n, &f->arena, &parts, &err), STATUS_OK);
    assert_true(parts.number == 300 && !parts.has_founding && parts.unknown_field == 0);
    assert_int_equal(parts.items_n, samples.n);
    for (size_t i = 0; i < samples.n; i++) {
        buffer_reset(&f->out);
        assert_int_equal(document_to_json(&parts.items[i], &f->out, &err), STATUS_OK);
        expect_text(&f->out, samples.lines[i]);
        expect_reference(f, &parts.items[i]);
    }
    samples_close(&samples);
}

static void the_founding_record_round_trips(void **state)
{
    struct fixture *f = *state;
    static const char operators[] =
        "{\"kind\":\"operators\",\"operators\":[{\"person\":\"p1\",\"roles\":[\"ISSUER\"]},"
        "{\"person\":\"p2\",\"roles\":[\"ISSUER\",\"WORKER\"]}]}";
    struct founding_parts founding = {.partitions = 12, .demonstration = true};
    struct content_parts parts = {0};
    struct json_text json;
    struct bytes content = {0};
    struct failure err = {0};
    Filing__V1__Content *message = NULL;

    memset(founding.random, 7, sizeof(founding.random));
    assert_int_equal(json_read(bytes_of(operators), &f->arena, &json, &err), STATUS_OK);
    founding.operators = &json.doc;
    assert_int_equal(founding_encode(&founding, &f->arena, &content, &err), STATUS_OK);
    message = filing__v1__content__unpack(&f->arena.pb, content.n, content.at);
    assert_non_null(message);
    assert_int_equal(message->founding->n_operators, 2);
    assert_int_equal(message->founding->partitions, 12);
    assert_int_equal(content_decode(content.at, content.n, &f->arena, &parts, &err), STATUS_OK);
    assert_true(parts.has_founding && parts.number == 0 && parts.partitions == 12);
    assert_true(parts.demonstration && !parts.in_memory && parts.has_random);
    assert_memory_equal(parts.random, founding.random, sizeof(parts.random));
    assert_int_equal(document_to_json(&parts.operators, &f->out, &err), STATUS_OK);
    expect_text(&f->out, bytes_of(operators));
}

static const char *const without_reference[] = {
    "{\"kind\":\"weather\"}",
    "{\"kind\":7}",
    "{\"policy\":1}",
    "{\"kind\":\"policy\",\"policy\":\"1\"}",
    "{\"kind\":\"policy\",\"colour\":1}",
    "{\"kind\":\"rates\",\"date\":\"2026-01-01\",\"rates\":[]}",
    "{\"kind\":\"rates\",\"date\":\"2026-01-01\",\"rates\":{\"USD\":6.9}}",
    "{\"kind\":\"calendar\",\"year\":2026,\"holidays\":[20260101]}",
    "{\"kind\":\"banks\",\"banks\":[{\"kind\":\"x\"}]}",
};

static void refuses_reference_data_without_encoding(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(without_reference) / sizeof(without_reference[0]); i++) {
        struct json_text json;
        struct bytes bytes = {0};

        assert_int_equal(json_read(bytes_of(without_reference[i]), &f->arena, &json, NULL),
                         STATUS_OK);
        assert_int_equal(reference_encode(&json.doc, &f->arena, &bytes, NULL), STATUS_INVALID);
    }
}

static void submissions_and_bulletins_split_as_they_were_joined(void **state)
{
    struct fixture *f = *state;
    uint8_t signature[SIGNATURE_SIZE];
    struct bytes sig = {.at = signature, .n = sizeof(signature)};
    struct text key = {.at = "k1", .n = 2};
    struct approval approvals[APPROVALS_MAX + 1];
    struct bytes value = {0};
    struct bytes content = bytes_of("content");
    struct submission s = {0};
    struct bulletin b = {0};

    memset(signature, 0x5a, sizeof(signature));
    for (size_t i = 0; i <= APPROVALS_MAX; i++) {
        approvals[i] = (struct approval){.key_id = key, .signature = sig};
    }
    assert_int_equal(submission_encode(bytes_of("f"), key, sig, &f->arena, &value), STATUS_OK);
    assert_int_equal(submission_split(value.at, value.n, &s, NULL), STATUS_OK);
    assert_true(s.is_signed && s.filing.n == 1 && s.key_id.n == 2 && !s.bulletin.at);
    assert_true(bytes_equal(s.signature, sig));
    assert_int_equal(submission_encode(bytes_of("f"), (struct text){0}, sig, &f->arena, &value),
                     STATUS_OK);
    assert_int_equal(submission_split(value.at, value.n, &s, NULL), STATUS_OK);
    assert_false(s.is_signed);

    assert_int_equal(bulletin_encode(content, approvals, APPROVALS_MAX + 1, &f->arena, &value),
                     STATUS_LIMIT);
    assert_int_equal(bulletin_encode(content, approvals, APPROVALS_MAX, &f->arena, &value),
                     STATUS_OK);
    assert_int_equal(bulletin_split(value.at, value.n, &b, NULL), STATUS_OK);
    assert_int_equal(b.approvals_n, APPROVALS_MAX);
    assert_true(bytes_equal(b.content, content));
    assert_true(bytes_equal(b.approvals[7].signature, sig));
    assert_int_equal(submission_encode_bulletin(value, &f->arena, &content), STATUS_OK);
    assert_int_equal(submission_split(content.at, content.n, &s, NULL), STATUS_OK);
    assert_true(bytes_equal(s.bulletin, value) && !s.filing.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(filings_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(filings_are_in_canonical_encoding, setup, teardown),
        cmocka_unit_test_setup_teardown(filings_pass_form_either_way, setup, teardown),
        cmocka_unit_test_setup_teardown(names_what_has_no_canonical_encoding, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_keeps_its_decimals, setup, teardown),
        cmocka_unit_test_setup_teardown(a_filing_above_its_cap_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_arena_too_small_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(reference_data_round_trips, setup, teardown),
        cmocka_unit_test_setup_teardown(the_founding_record_round_trips, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_reference_data_without_encoding, setup, teardown),
        cmocka_unit_test_setup_teardown(submissions_and_bulletins_split_as_they_were_joined, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
