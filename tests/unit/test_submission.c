/* What is undecodable is refused with its own reason, what is decodable becomes a document, and no
 * bytes at all do anything else: every truncation and every flipped bit of every sample, and a
 * second opinion by protobuf-c's own reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "filing/v1/filing.pb-c.h"
#include "filing/v1/submission.pb-c.h"
#include "samples.h"
#include "wire/encode.h"
#include "wire/json.h"
#include "wire/submission.h"

struct fixture {
    struct arena arena;
    struct buffer out;
};

static int setup(void **state)
{
    static struct fixture f;

    *state = &f;
    buffer_init(&f.out, 1 << 20);
    return arena_open(&f.arena, ARENA_BULLETIN_MAX, NULL) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    buffer_fini(&f->out);
    arena_close(&f->arena);
    return 0;
}

/* Bytes of a literal, which may hold NUL. */
#define BYTES(s)                                                                                   \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

static const struct {
    struct bytes value;
    const char *why; /* NULL: it splits */
} splits[] = {
    {{NULL, 0}, "no value"},
    {BYTES(""), "no value"},
    {BYTES("\x0a\x00"), NULL},
    {BYTES("\x0a\x01x\x12\x01k\x1a\x01s"), NULL},
    {BYTES("\x0a\x01x\x12\x00\x1a\x00"), NULL},
    {BYTES("\x22\x00"), NULL},
    {BYTES("\x8a\x00\x00"), NULL},
    {BYTES("\x0a"), "broken"},
    {BYTES("\x0a\x02x"), "broken"},
    {BYTES("\x0a\xff\xff\xff\xff\x0f"), "broken"},
    {BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "broken"},
    {BYTES("\x08\x01"), "wrong type"},
    {BYTES("\x0b\x0c"), "broken"},
    {BYTES("\x02\x00"), "broken"},
    {BYTES("\x0a\x00\x0a\x00"), "repeated"},
    {BYTES("\x0a\x01x\x0a\x01y"), "repeated"},
    {BYTES("\x12\x01k\x0a\x00\x1a\x01s"), "out of order"},
    {BYTES("\x0a\x00\x1a\x01s\x12\x01k"), "out of order"},
    {BYTES("\x0a\x00\x2a\x00"), "unknown"},
    {BYTES("\x0a\x00\x12\x01k"), "do not come together"},
    {BYTES("\x0a\x00\x1a\x01s"), "do not come together"},
    {BYTES("\x12\x01k\x1a\x01s"), "neither"},
    {BYTES("\x12\x01k\x1a\x01s\x22\x00"), "not beside a filing"},
    {BYTES("\x0a\x00\x22\x00"), "in one"},
};

static void expect_refused(enum status status, const struct failure *err, const char *why,
                           size_t row)
{
    if (status != STATUS_CORRUPT || !strstr(err->text, why)) {
        fail_msg("row %zu: want '%s', got '%s'", row, why, err->text);
    }
}

static void splits_a_submission_or_says_why_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
        struct failure err = {0};
        struct submission s = {0};
        enum status status = submission_split(splits[i].value.at, splits[i].value.n, &s, &err);

        if (splits[i].why) {
            expect_refused(status, &err, splits[i].why, i);
            assert_null(s.filing.at);
        } else {
            assert_int_equal(status, STATUS_OK);
            assert_true(!s.filing.at == !!s.bulletin.at);
        }
    }
}

static void refuses_what_is_over_its_cap(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zeros[BULLETIN_SIZE_MAX + 1] = {0};
    const struct {
        size_t n;
        enum status want;
        bool bulletin;
    } rows[] = {
        {FILING_SIZE_MAX, STATUS_OK, false},
        {FILING_SIZE_MAX + 1, STATUS_LIMIT, false},
        {BULLETIN_SIZE_MAX, STATUS_OK, true},
        {BULLETIN_SIZE_MAX + 1, STATUS_LIMIT, true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes part = {.at = zeros, .n = rows[i].n};
        struct bytes value = {0};
        struct submission s;

        arena_reset(&f->arena);
        if (rows[i].bulletin) {
            assert_int_equal(submission_encode_bulletin(part, &f->arena, &value), STATUS_OK);
        } else {
            assert_int_equal(
                submission_encode(part, (struct text){0}, (struct bytes){0}, &f->arena, &value),
                STATUS_OK);
        }
        assert_int_equal(submission_split(value.at, value.n, &s, NULL), rows[i].want);
    }
}

static const struct {
    struct bytes value;
    enum status want;
} bulletins[] = {
    {BYTES("\x0a\x00"), STATUS_OK},
    {BYTES("\x0a\x00\x12\x00"), STATUS_OK},
    {BYTES("\x0a\x00\x12\x06\x0a\x01k\x12\x01s"), STATUS_OK},
    {BYTES(""), STATUS_CORRUPT},
    {BYTES("\x12\x00"), STATUS_CORRUPT},
    {BYTES("\x0a\x00\x0a\x00"), STATUS_CORRUPT},
    {BYTES("\x12\x00\x0a\x00"), STATUS_CORRUPT},
    {BYTES("\x0a\x00\x1a\x00"), STATUS_CORRUPT},
    {BYTES("\x0a\x00\x12\x03\x0a\x01"), STATUS_CORRUPT},
    {BYTES("\x0a\x00\x12\x04\x0a\x00\x0a\x00"), STATUS_CORRUPT},
    {BYTES("\x0a\x00\x12\x04\x12\x00\x0a\x00"), STATUS_CORRUPT},
    {BYTES("\x0a\x00\x12\x02\x1a\x00"), STATUS_CORRUPT},
    {BYTES("\x0a\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00"), STATUS_OK},
    {BYTES("\x0a\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00"),
     STATUS_LIMIT},
};

static void splits_a_bulletin_or_refuses_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bulletins) / sizeof(bulletins[0]); i++) {
        struct bulletin b = {0};
        enum status got = bulletin_split(bulletins[i].value.at, bulletins[i].value.n, &b, NULL);

        if (got != bulletins[i].want) {
            fail_msg("row %zu: want %s, got %s", i, status_name(bulletins[i].want),
                     status_name(got));
        }
    }
}

/* Filings as bytes and what becomes of them: the JSON of the document, or NULL with the reason. */
static const struct {
    struct bytes value;
    const char *json;
    const char *why;
} filings[] = {
    {BYTES(""), "{}", NULL},
    {BYTES("\x0a\x00\x12\x01x"), "{\"bank\":\"x\"}", NULL},
    {BYTES("\x0a\x03"
           "a\0b"),
     "{\"filing_id\":\"a\\u0000b\"}", NULL},
    {BYTES("\x0a\x02"
           "\xff"
           "b"),
     "{\"filing_id\":\"\xef\xbf\xbd"
     "b\"}",
     NULL},
    {BYTES("\x18\x00"), "{\"sequence\":0}", NULL},
    {BYTES("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "{\"sequence\":-1}", NULL},
    {BYTES("\x18\x80\x00"), "{\"sequence\":0}", NULL},
    {BYTES("\x12\x01x\x0a\x01y"), "{\"bank\":\"x\",\"filing_id\":\"y\"}", NULL},
    {BYTES("\x50\x07\xa2\x06\x00"), "{\"10\":null,\"100\":null}", NULL},
    {BYTES("\xc2\x01\x00"), "{\"details\":{}}", NULL},
    {BYTES("\xc2\x01\x02\x1a\x00"), "{\"details\":{\"money\":{}}}", NULL},
    {BYTES("\xc2\x01\x07\x1a\x05\x10\x05\x0a\x01X"),
     "{\"details\":{\"money\":{\"currency\":\"X\",\"value\":\"5\"}}}", NULL},
    {BYTES("\xc2\x01\x06\x1a\x04\x18\x02\x10\x05"),
     "{\"details\":{\"money\":{\"value\":\"0.05\"}}}", NULL},
    {BYTES("\xc2\x01\x04\x1a\x02\x18\x02"), "{\"details\":{\"money\":{}}}", NULL},
    {BYTES("\xc2\x01\x06\x1a\x04\x10\x05\x18\x13"),
     "{\"details\":{\"money\":{\"value\":\"5e-19\"}}}", NULL},
    {BYTES("\xc2\x01\x06\x1a\x04\x10\x05\x20\x01"),
     "{\"details\":{\"money\":{\"4\":null,\"value\":\"5\"}}}", NULL},
    {BYTES("\xba\x01\x04\x42\x00\x42\x00"), "{\"details\":{\"investors\":[{},{}]}}", NULL},
    {BYTES("\xba\x01\x09\x42\x00\x0a\x01R\x42\x02\x22\x00"),
     "{\"details\":{\"investors\":[{},{\"subscribed\":{}}],\"registration_no\":\"R\"}}", NULL},
    {BYTES("\x9a\x02\x02\x10\x02"), "{\"details\":{\"waive_outflow\":true}}", NULL},
    {BYTES("\x0a\x00\x0a\x00"), NULL, "field 1 is there twice"},
    {BYTES("\x18\x01\x18\x01"), NULL, "field 3 is there twice"},
    {BYTES("\xc2\x01\x00\xc2\x01\x00"), NULL, "field 24 is there twice"},
    {BYTES("\xc2\x01\x00\xba\x01\x00"), NULL, "second member"},
    {BYTES("\xc2\x01\x06\x1a\x04\x10\x05\x10\x05"), NULL, "repeated"},
    {BYTES("\xc2\x01\x06\x1a\x04\x0a\x00\x0a\x00"), NULL, "repeated"},
    {BYTES("\xc2\x01\x04\x1a\x02\x08\x05"), NULL, "wrong type"},
    {BYTES("\xc2\x01\x04\x1a\x02\x12\x00"), NULL, "wrong type"},
    {BYTES("\xc2\x01\x04\x1a\x02\x0a\x05"), NULL, "broken"},
    {BYTES("\xba\x01\x06\x42\x04\x0a\x00\x0a\x00"), NULL, "field 1 is there twice"},
    {BYTES("\x08\x01"), NULL, "field 1 has a wrong wire type"},
    {BYTES("\x1a\x00"), NULL, "field 3 has a wrong wire type"},
    {BYTES("\xc0\x01\x00"), NULL, "field 24 has a wrong wire type"},
    {BYTES("\x0a\x02x"), NULL, "broken"},
    {BYTES("\x18"), NULL, "broken"},
    {BYTES("\x18\x80"), NULL, "broken"},
    {BYTES("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), NULL, "broken"},
    {BYTES("\x51\x00\x00\x00\x00\x00\x00\x00"), NULL, "broken"},
    {BYTES("\x55\x00\x00\x00"), NULL, "broken"},
    {BYTES("\x53\x54"), NULL, "broken"},
    {BYTES("\x56\x00"), NULL, "broken"},
    {BYTES("\x02\x00"), NULL, "broken"},
    {BYTES("\x8a\x80\x80\x80\x80\x00\x00"), NULL, "broken"},
};

static void decodes_a_filing_or_says_why_not(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(filings) / sizeof(filings[0]); i++) {
        struct failure err = {0};
        struct document doc = {0};
        enum status status = STATUS_OK;

        arena_reset(&f->arena);
        buffer_reset(&f->out);
        status = filing_decode(filings[i].value.at, filings[i].value.n, &f->arena, &doc, &err);
        if (filings[i].why) {
            expect_refused(status, &err, filings[i].why, i);
            assert_null(doc.nodes);
            continue;
        }
        assert_int_equal(status, STATUS_OK);
        assert_int_equal(document_to_json(&doc, &f->out, &err), STATUS_OK);
        assert_string_equal(buffer_cstr(&f->out), filings[i].json);
    }
}

static void names_the_details_member(void **state)
{
    struct fixture *f = *state;
    struct document doc = {0};

    assert_int_equal(filing_decode((const uint8_t *)"\xc2\x01\x00", 3, &f->arena, &doc, NULL),
                     STATUS_OK);
    assert_int_equal(doc.details_member.n, 10);
    assert_memory_equal(doc.details_member.at, "fdi_inflow", 10);
}

/* Decode what lies at the very end of memory that ends there, so that a byte too far is seen. */
static enum status decode_exact(struct fixture *f, const uint8_t *at, size_t n,
                                struct document *ret)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    enum status status = STATUS_OK;
    Filing__V1__Filing *message = NULL;

    assert_non_null(copy);
    memcpy(copy, at, n);
    arena_reset(&f->arena);
    status = filing_decode(copy, n, &f->arena, ret, NULL);
    assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
    if (status == STATUS_OK) {
        /* Every text lies inside the bytes; the sum of all nodes is bounded by their number. */
        assert_true(ret->n <= n + 1);
        message = filing__v1__filing__unpack(&f->arena.pb, n, copy);
        assert_non_null(message);
    }
    free(copy);
    return status;
}

static void survives_every_truncation_and_every_flipped_bit(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[4096];
    struct samples samples;
    size_t decoded = 0;
    size_t refused = 0;

    samples_open(&samples, "tests/data/filings.jsonl");
    for (size_t i = 0; i < samples.n; i++) {
        struct document doc = {0};
        struct bytes sample;

        arena_reset(&f->arena);
        sample = sample_encode(samples.lines[i], &f->arena);
        assert_true(sample.n <= sizeof(bytes));
        memcpy(bytes, sample.at, sample.n);
        for (size_t n = 0; n < sample.n; n++) {
            (void)decode_exact(f, bytes, n, &doc);
        }
        for (size_t bit = 0; bit < 8 * sample.n; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (decode_exact(f, bytes, sample.n, &doc) == STATUS_OK) {
                decoded++;
            } else {
                refused++;
            }
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    assert_true(decoded > 1000 && refused > 1000);
    samples_close(&samples);
}

static void a_smaller_arena_gives_the_same_or_nothing(void **state)
{
    struct fixture *f = *state;
    static uint8_t memory[4096] __attribute__((aligned(16)));
    struct samples samples;
    struct bytes sample;
    bool fitted = false;

    samples_open(&samples, "tests/data/filings.jsonl");
    sample = sample_encode(samples.lines[3], &f->arena);
    for (size_t size = 0; size <= sizeof(memory); size += 8) {
        struct arena small;
        struct document doc = {0};
        enum status status = STATUS_OK;

        arena_init(&small, memory, size);
        status = filing_decode(sample.at, sample.n, &small, &doc, NULL);
        assert_true(small.used <= size);
        assert_true(status == STATUS_OK || (status == STATUS_LIMIT && !fitted));
        if (status == STATUS_OK) {
            fitted = true;
            buffer_reset(&f->out);
            assert_int_equal(document_to_json(&doc, &f->out, NULL), STATUS_OK);
            assert_true(bytes_equal(buffer_bytes(&f->out), samples.lines[3]));
        }
    }
    assert_true(fitted);
    samples_close(&samples);
}

/* The record that costs most: nothing but the pattern. */
static void fill(uint8_t *at, size_t n, const char *pattern, size_t pattern_n)
{
    for (size_t i = 0; i < n; i++) {
        at[i] = (uint8_t)pattern[i % pattern_n];
    }
}

static void the_caps_hold_every_filing_and_content(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[BULLETIN_SIZE_MAX];
    static const struct {
        const char *pattern;
        size_t n;
    } rows[] = {
        {"\x50\x00", 2},                 /* an unknown number */
        {"\x52\x00", 2},                 /* an unknown empty text */
        {"\x1a\x00", 2},                 /* as a content: an item without kind */
        {"\x1a\x02\x0a\x00", 4},         /* as a content: an empty policy */
        {"\x1a\x04\x0a\x02\x50\x00", 6}, /* as a content: a policy with an unknown field */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct document doc = {0};
        struct content_parts parts = {0};
        size_t n = FILING_SIZE_MAX - FILING_SIZE_MAX % rows[i].n;
        enum status status = STATUS_OK;

        fill(bytes, sizeof(bytes), rows[i].pattern, rows[i].n);
        arena_reset(&f->arena);
        f->arena.size = ARENA_FILING_MAX;
        status = filing_decode(bytes, n, &f->arena, &doc, NULL);
        assert_int_not_equal(status, STATUS_LIMIT);
        assert_true(i > 1 || status == STATUS_OK);
        arena_reset(&f->arena);
        f->arena.size = ARENA_BULLETIN_MAX;
        n = BULLETIN_SIZE_MAX - BULLETIN_SIZE_MAX % rows[i].n;
        assert_int_equal(content_decode(bytes, n, &f->arena, &parts, NULL), STATUS_OK);
        assert_true(parts.items_n == (i < 2 ? 0 : n / rows[i].n));
    }
}

static const struct {
    struct bytes value;
    const char *json; /* of the only item; "" = none, NULL = undecodable */
    uint32_t unknown;
} contents[] = {
    {BYTES(""), "", 0},
    {BYTES("\x08\x05\x20\x01"), "", 4},
    {BYTES("\x1a\x00"), "{}", 0},
    {BYTES("\x1a\x02\x12\x00"), "{\"kind\":\"rates\"}", 0},
    {BYTES("\x1a\x06\x12\x04\x12\x02\x0a\x00"), "{\"kind\":\"rates\",\"rates\":{\"\":\"\"}}", 0},
    {BYTES("\x1a\x0c\x12\x0a\x12\x08\x0a\x03USD\x12\x01"
           "7"),
     "{\"kind\":\"rates\",\"rates\":{\"USD\":\"7\"}}", 0},
    {BYTES("\x1a\x06\x12\x04\x12\x02\x18\x00"), "{\"kind\":\"rates\",\"rates\":{\"\":null}}", 0},
    {BYTES("\x1a\x04\x0a\x00\x40\x00"), "{}", 0},
    {BYTES("\x1a\x04\x12\x02\x18\x00"), "{\"kind\":\"rates\",\"3\":null}", 0},
    {BYTES("\x1a\x04\x0a\x00\x12\x00"), NULL, 0},
    {BYTES("\x1a\x04\x0a\x00\x0a\x00"), NULL, 0},
    {BYTES("\x1a\x02\x08\x00"), NULL, 0},
    {BYTES("\x1a\x08\x12\x06\x12\x04\x0a\x00\x0a\x00"), NULL, 0},
    {BYTES("\x1a\x06\x12\x04\x12\x02\x08\x00"), NULL, 0},
    {BYTES("\x08\x01\x08\x01"), NULL, 0},
    {BYTES("\x12\x00\x12\x00"), NULL, 0},
    {BYTES("\x0a\x00"), NULL, 0},
    {BYTES("\x18\x00"), NULL, 0},
    {BYTES("\x12\x04\x10\x05\x10\x05"), NULL, 0},
    {BYTES("\x1a\x05\x0a"), NULL, 0},
};

static void decodes_a_content_or_refuses_it(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        struct content_parts parts = {0};
        enum status status = STATUS_OK;

        arena_reset(&f->arena);
        buffer_reset(&f->out);
        status = content_decode(contents[i].value.at, contents[i].value.n, &f->arena, &parts, NULL);
        if (status != (contents[i].json ? STATUS_OK : STATUS_CORRUPT)) {
            fail_msg("row %zu: got %s", i, status_name(status));
        }
        if (!contents[i].json) {
            continue;
        }
        assert_int_equal(parts.unknown_field, contents[i].unknown);
        assert_int_equal(parts.items_n, contents[i].json[0] ? 1 : 0);
        if (parts.items_n > 0) {
            assert_int_equal(document_to_json(&parts.items[0], &f->out, NULL), STATUS_OK);
        }
        assert_string_equal(buffer_cstr(&f->out), contents[i].json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(splits_a_submission_or_says_why_not, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_what_is_over_its_cap, setup, teardown),
        cmocka_unit_test_setup_teardown(splits_a_bulletin_or_refuses_it, setup, teardown),
        cmocka_unit_test_setup_teardown(decodes_a_filing_or_says_why_not, setup, teardown),
        cmocka_unit_test_setup_teardown(names_the_details_member, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_every_truncation_and_every_flipped_bit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_smaller_arena_gives_the_same_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_caps_hold_every_filing_and_content, setup, teardown),
        cmocka_unit_test_setup_teardown(decodes_a_content_or_refuses_it, setup, teardown),
    };

    return cmocka_run_group_tests_name("submission", tests, NULL, NULL);
}
