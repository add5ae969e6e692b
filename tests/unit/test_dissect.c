/* Every way in which a record is undecodable has its byte, its field and its kind; and of the bytes
 * that a truncation or a flipped bit leaves of every sample, a fault is found in exactly those that
 * the workers' reader calls undecodable, behind fields that it has passed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "samples.h"
#include "wire/dissect.h"
#include "wire/encode.h"
#include "wire/json.h"
#include "wire/submission.h"

struct fixture {
    struct arena arena;
};

static int setup(void **state)
{
    static struct fixture f;

    *state = &f;
    return arena_open(&f.arena, ARENA_BULLETIN_MAX, NULL) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

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
    enum wire_fault_kind kind;
    size_t at;
    const char *path;
    const char *text;
} rows[] = {
    {{NULL, 0}, WIRE_FAULT_NO_VALUE, 0, "", "no value"},
    {BYTES(""), WIRE_FAULT_NO_VALUE, 0, "", "no value"},
    {BYTES("\x0a\x00"), WIRE_FAULT_NONE, 0, "", ""},
    {BYTES("\x0a\x02\x50\x07"), WIRE_FAULT_NONE, 0, "", ""}, /* unknown, but the form's business */
    /* Bytes that end too soon. */
    {BYTES("\x0a"), WIRE_FAULT_CUT_OFF, 0, "/filing", "a length is cut off"},
    {BYTES("\x0a\x03x"), WIRE_FAULT_CUT_OFF, 0, "/filing", "says 3 bytes, of which 1 are there"},
    {BYTES("\x8a"), WIRE_FAULT_CUT_OFF, 0, "", "a tag is cut off"},
    {BYTES("\x0a\x03\x12\x05x"), WIRE_FAULT_CUT_OFF, 2, "/filing/bank",
     "says 5 bytes, of which 1 are there"},
    {BYTES("\x0a\x02\x18\x80"), WIRE_FAULT_CUT_OFF, 2, "/filing/sequence", "a number is cut off"},
    {BYTES("\x0a\x04\x51\x00\x00\x00"), WIRE_FAULT_CUT_OFF, 2, "/filing/10",
     "needs 8 bytes, of which 3 are there"},
    {BYTES("\x0a\x03\x55\x00\x00"), WIRE_FAULT_CUT_OFF, 2, "/filing/10",
     "needs 4 bytes, of which 2 are there"},
    /* Bytes that are no protobuf. */
    {BYTES("\x0b\x0c"), WIRE_FAULT_BROKEN, 0, "/filing", "wire type 3"},
    {BYTES("\x02\x00"), WIRE_FAULT_BROKEN, 0, "", "field 0"},
    {BYTES("\x8a\x80\x80\x80\x80\x00\x00"), WIRE_FAULT_BROKEN, 0, "", "beyond 5 bytes"},
    {BYTES("\x0a\x0c\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), WIRE_FAULT_BROKEN, 2,
     "/filing/sequence", "a number goes on beyond 10 bytes"},
    {BYTES("\x0a\x05\x12\x01x\x0e\x00"), WIRE_FAULT_BROKEN, 5, "/filing/filing_id", "wire type 6"},
    /* Fields of the top level. */
    {BYTES("\x08\x01"), WIRE_FAULT_WIRE_TYPE, 0, "/filing", "wire type 0 in place of 2"},
    {BYTES("\x0a\x00\x0a\x00"), WIRE_FAULT_OUT_OF_LINE, 2, "/filing", "there twice"},
    {BYTES("\x12\x01k\x0a\x00\x1a\x01s"), WIRE_FAULT_OUT_OF_LINE, 3, "/filing",
     "field 1 stands behind field 2"},
    {BYTES("\x0a\x00\x2a\x00"), WIRE_FAULT_OUT_OF_LINE, 2, "/5", "not known here"},
    {BYTES("\x0a\x00\x12\x01k"), WIRE_FAULT_PARTS, 0, "", "do not come together"},
    {BYTES("\x0a\x00\x1a\x01s"), WIRE_FAULT_PARTS, 0, "", "do not come together"},
    {BYTES("\x12\x01k\x1a\x01s"), WIRE_FAULT_PARTS, 0, "", "neither"},
    {BYTES("\x0a\x00\x22\x02\x0a\x00"), WIRE_FAULT_PARTS, 0, "", "in one"},
    {BYTES("\x12\x01k\x1a\x01s\x22\x02\x0a\x00"), WIRE_FAULT_PARTS, 0, "", "beside a bulletin"},
    /* Fields of a filing. */
    {BYTES("\x0a\x04\x0a\x00\x0a\x00"), WIRE_FAULT_TWICE, 4, "/filing/filing_id", "there twice"},
    {BYTES("\x0a\x02\x1a\x00"), WIRE_FAULT_WIRE_TYPE, 2, "/filing/sequence",
     "wire type 2 in place of 0"},
    {BYTES("\x0a\x06\xc2\x01\x00\xba\x01\x00"), WIRE_FAULT_CHOICE, 5, "/filing/fdi_registration",
     "second member"},
    {BYTES("\x0a\x0b\xba\x01\x08\x42\x00\x42\x04\x0a\x00\x0a\x00"), WIRE_FAULT_TWICE, 11,
     "/filing/fdi_registration/investors/1/investor_no", "there twice"},
    {BYTES("\x0a\x09\xc2\x01\x06\x1a\x04\x10\x05\x10\x05"), WIRE_FAULT_TWICE, 9,
     "/filing/fdi_inflow/money/minor", "there twice"},
    /* Fields of a bulletin. */
    {BYTES("\x22\x00"), WIRE_FAULT_PARTS, 0, "/bulletin", "without content"},
    {BYTES("\x22\x04\x12\x00\x0a\x00"), WIRE_FAULT_OUT_OF_LINE, 4, "/bulletin/content",
     "field 1 stands behind field 2"},
    {BYTES("\x22\x08\x0a\x00\x12\x04\x12\x00\x0a\x00"), WIRE_FAULT_OUT_OF_LINE, 8,
     "/bulletin/approvals/0/key_id", "stands behind"},
    {BYTES("\x22\x06\x0a\x04\x08\x01\x08\x01"), WIRE_FAULT_TWICE, 6, "/bulletin/content/number",
     "there twice"},
    {BYTES("\x22\x08\x0a\x06\x1a\x04\x0a\x00\x12\x00"), WIRE_FAULT_CHOICE, 8,
     "/bulletin/content/items/0/rates", "second member"},
    {BYTES("\x22\x14\x0a\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12\x00\x12"
           "\x00"),
     WIRE_FAULT_TOO_LARGE, 20, "/bulletin/approvals/8", "more than 8"},
};

static void finds_the_byte_and_the_field_of_each_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wire_fault fault;

        dissect_submission(rows[i].value, NULL, NULL, &fault);
        if (fault.kind != rows[i].kind || fault.at != rows[i].at ||
            strcmp(fault.path, rows[i].path) != 0 || !strstr(fault.text, rows[i].text)) {
            fail_msg("row %zu: got '%s' at %zu, '%s': %s", i, wire_fault_name(fault.kind), fault.at,
                     fault.path, fault.text);
        }
    }
}

static void every_kind_of_fault_has_a_row_and_a_name(void **state)
{
    (void)state;
    for (int kind = WIRE_FAULT_NONE; kind < WIRE_FAULT_N; kind++) {
        bool has_row = false;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            has_row = has_row || (int)rows[i].kind == kind;
        }
        assert_true(has_row);
        assert_true((kind == WIRE_FAULT_NONE) ==
                    (wire_fault_name((enum wire_fault_kind)kind)[0] == '\0'));
    }
}

static void finds_what_is_over_its_cap(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zeros[FILING_SIZE_MAX + 1] = {0};
    const struct bytes filing = {.at = zeros, .n = sizeof(zeros)};
    const struct text no_key = {.n = 0};
    const struct bytes no_signature = {.n = 0};
    struct bytes value = {.n = 0};
    struct wire_fault fault;

    assert_int_equal(submission_encode(filing, no_key, no_signature, &f->arena, &value), STATUS_OK);
    dissect_submission(value, NULL, NULL, &fault);
    assert_int_equal(fault.kind, WIRE_FAULT_TOO_LARGE);
    assert_string_equal(fault.path, "/filing");
    assert_string_equal(fault.text, "65537 bytes, more than 65536");
}

/* ---- fields that are seen ------------------------------------------------------------------- */

struct seen {
    size_t n;
    size_t at;
    char paths[512];
};

static void note(void *arg, const struct dissect_field *field)
{
    struct seen *seen = arg;

    assert_true(seen->n == 0 || field->at > seen->at);
    seen->at = field->at;
    seen->n++;
    if (strlen(seen->paths) + strlen(field->path) + 2 < sizeof(seen->paths)) {
        (void)strcat(strcat(seen->paths, field->path), " ");
    }
}

static void shows_each_field_before_the_fault(void **state)
{
    static const uint8_t value[] = "\x0a\x0c\x12\x01x\x1a\x00";
    struct seen seen = {.n = 0};
    struct wire_fault fault;

    (void)state;
    dissect_submission(
        (struct bytes){.at = (const uint8_t *)"\x0a\x07\x12\x01x\x18\x05\x1a\x00", .n = 9}, note,
        &seen, &fault);
    assert_string_equal(seen.paths, "/filing /filing/bank /filing/sequence ");
    assert_int_equal(fault.kind, WIRE_FAULT_WIRE_TYPE);
    assert_int_equal(fault.at, 7);

    /* Cut off at the top: nothing of it is read. */
    seen = (struct seen){.n = 0};
    dissect_submission((struct bytes){.at = value, .n = sizeof(value) - 1}, note, &seen, &fault);
    assert_int_equal(seen.n, 0);
    assert_int_equal(fault.kind, WIRE_FAULT_CUT_OFF);
}

/* ---- agreement with the workers' reader ----------------------------------------------------- */

static bool is_decodable(struct fixture *f, struct bytes value)
{
    struct submission submission;
    struct bulletin bulletin;
    struct content_parts parts;
    struct document doc;

    arena_reset(&f->arena);
    if (submission_split(value.at, value.n, &submission, NULL) != STATUS_OK) {
        return false;
    }
    if (submission.filing.at) {
        return filing_decode(submission.filing.at, submission.filing.n, &f->arena, &doc, NULL) ==
               STATUS_OK;
    }
    return bulletin_split(submission.bulletin.at, submission.bulletin.n, &bulletin, NULL) ==
               STATUS_OK &&
           content_decode(bulletin.content.at, bulletin.content.n, &f->arena, &parts, NULL) ==
               STATUS_OK;
}

struct tally {
    size_t decodable;
    size_t faults[WIRE_FAULT_N];
};

static void expect_agreement(struct fixture *f, struct bytes bytes, struct tally *tally)
{
    /* Memory that ends where the bytes end, so that a byte too far is seen. */
    uint8_t *copy = malloc(bytes.n > 0 ? bytes.n : 1);
    const struct bytes value = {.at = copy, .n = bytes.n};
    struct seen seen = {.n = 0};
    struct wire_fault fault;

    assert_non_null(copy);
    memcpy(copy, bytes.at, bytes.n);
    dissect_submission(value, note, &seen, &fault);
    if (is_decodable(f, value) != (fault.kind == WIRE_FAULT_NONE)) {
        fail_msg("the readers differ: '%s' at %zu, '%s': %s", wire_fault_name(fault.kind), fault.at,
                 fault.path, fault.text);
    }
    if (fault.kind == WIRE_FAULT_NONE) {
        tally->decodable++;
    } else {
        assert_true(fault.at < bytes.n || bytes.n == 0);
        assert_true(fault.kind == WIRE_FAULT_PARTS || seen.n == 0 || fault.at > seen.at);
    }
    tally->faults[fault.kind]++;
    free(copy);
}

static void expect_agreement_around(struct fixture *f, struct bytes sample, struct tally *tally)
{
    static uint8_t bytes[8192];

    assert_true(sample.n <= sizeof(bytes));
    memcpy(bytes, sample.at, sample.n);
    for (size_t n = 0; n <= sample.n; n++) {
        expect_agreement(f, (struct bytes){.at = bytes, .n = n}, tally);
    }
    for (size_t bit = 0; bit < 8 * sample.n; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        expect_agreement(f, (struct bytes){.at = bytes, .n = sample.n}, tally);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static struct bytes filing_sample(struct fixture *f, struct bytes line)
{
    static const uint8_t signature[64] = {1};
    struct bytes filing;
    struct bytes value = {.n = 0};

    arena_reset(&f->arena);
    filing = sample_encode(line, &f->arena);
    assert_int_equal(submission_encode(filing, (struct text){.at = "k1", .n = 2},
                                       (struct bytes){.at = signature, .n = sizeof(signature)},
                                       &f->arena, &value),
                     STATUS_OK);
    return value;
}

static struct bytes bulletin_sample(struct fixture *f, struct bytes line)
{
    static const uint8_t signature[64] = {1};
    const struct approval approval = {.key_id = {.at = "o1", .n = 2},
                                      .signature = {.at = signature, .n = sizeof(signature)}};
    struct json_text json;
    struct bytes item;
    struct bytes content;
    struct bytes bulletin;
    struct bytes value = {.n = 0};

    arena_reset(&f->arena);
    assert_int_equal(json_read(line, &f->arena, &json, NULL), STATUS_OK);
    assert_int_equal(reference_encode(&json.doc, &f->arena, &item, NULL), STATUS_OK);
    assert_int_equal(content_encode(7, &item, 1, &f->arena, &content), STATUS_OK);
    assert_int_equal(bulletin_encode(content, &approval, 1, &f->arena, &bulletin), STATUS_OK);
    assert_int_equal(submission_encode_bulletin(bulletin, &f->arena, &value), STATUS_OK);
    return value;
}

static void finds_a_fault_exactly_where_the_reader_does(void **state)
{
    struct fixture *f = *state;
    struct tally tally = {.decodable = 0};
    struct samples samples;

    samples_open(&samples, "tests/data/filings.jsonl");
    for (size_t i = 0; i < samples.n; i++) {
        expect_agreement_around(f, filing_sample(f, samples.lines[i]), &tally);
    }
    samples_close(&samples);
    samples_open(&samples, "tests/data/reference.jsonl");
    for (size_t i = 0; i < samples.n; i++) {
        expect_agreement_around(f, bulletin_sample(f, samples.lines[i]), &tally);
    }
    samples_close(&samples);
    assert_true(tally.decodable > 1000);
    for (int kind = WIRE_FAULT_CUT_OFF; kind <= WIRE_FAULT_TWICE; kind++) {
        assert_true(tally.faults[kind] > 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_byte_and_the_field_of_each_fault),
        cmocka_unit_test(every_kind_of_fault_has_a_row_and_a_name),
        cmocka_unit_test_setup_teardown(finds_what_is_over_its_cap, setup, teardown),
        cmocka_unit_test(shows_each_field_before_the_fault),
        cmocka_unit_test_setup_teardown(finds_a_fault_exactly_where_the_reader_does, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("dissect", tests, NULL, NULL);
}
