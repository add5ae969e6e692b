/* fuzz_decode.c - any bytes through every reader of the wire layer.
 *
 * The first byte chooses the reader.  Beside what the sanitizers see, a decoded filing must be read
 * by protobuf-c as well, and what is encoded from a document must decode to the same document. */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "filing/v1/filing.pb-c.h"
#include "wire/decision_codec.h"
#include "wire/dissect.h"
#include "wire/encode.h"
#include "wire/json.h"
#include "wire/records.h"
#include "wire/submission.h"

/* NOLINTNEXTLINE(readability-identifier-naming): the fuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena arena;
static struct arena opinion; /* protobuf-c needs more */
static struct buffer first;
static struct buffer second;

static void start(void)
{
    if (arena.size == 0) {
        enum status status = arena_open(&arena, ARENA_BULLETIN_MAX, NULL);

        assert(status == STATUS_OK);
        status = arena_open(&opinion, ARENA_BULLETIN_MAX, NULL);
        assert(status == STATUS_OK);
        buffer_init(&first, 8 << 20);
        buffer_init(&second, 8 << 20);
    }
    arena_reset(&arena);
    arena_reset(&opinion);
    buffer_reset(&first);
    buffer_reset(&second);
}

/* A document that has a canonical encoding comes back from it as it was, but for what an encoding
 * does not keep: the order of fields, and empty lists and texts.  So the second is compared with
 * the third. */
static void encode_again(const struct document *doc)
{
    struct bytes bytes = {0};
    struct bytes again = {0};
    struct document second_doc = {0};
    enum status status = filing_encode(doc, &arena, &bytes, NULL);

    if (status) {
        return;
    }
    status = filing_decode(bytes.at, bytes.n, &arena, &second_doc, NULL);
    assert(status == STATUS_OK);
    status = filing_encode(&second_doc, &arena, &again, NULL);
    assert(status == STATUS_OK);
    assert(bytes_equal(bytes, again));
}

static bool try_filing(struct bytes bytes)
{
    struct document doc = {0};
    enum status status = filing_decode(bytes.at, bytes.n, &arena, &doc, NULL);

    assert(status == STATUS_OK || status == STATUS_CORRUPT || bytes.n > FILING_SIZE_MAX);
    if (status == STATUS_OK) {
        Filing__V1__Filing *message = filing__v1__filing__unpack(&opinion.pb, bytes.n, bytes.at);

        assert(message);
        encode_again(&doc);
    }
    return status == STATUS_OK;
}

static bool try_content(struct bytes bytes)
{
    struct content_parts parts = {0};

    if (content_decode(bytes.at, bytes.n, &arena, &parts, NULL) != STATUS_OK) {
        return false;
    }
    for (uint32_t i = 0; i < parts.items_n; i++) {
        enum status status = document_to_json(&parts.items[i], &first, NULL);

        assert(status == STATUS_OK || status == STATUS_LIMIT);
        buffer_reset(&first);
    }
    return true;
}

static bool try_parts(struct bytes bytes)
{
    struct submission submission = {0};
    struct bulletin bulletin = {0};

    if (submission_split(bytes.at, bytes.n, &submission, NULL)) {
        return false;
    }
    if (submission.filing.at) {
        return try_filing(submission.filing);
    }
    return bulletin_split(submission.bulletin.at, submission.bulletin.n, &bulletin, NULL) ==
               STATUS_OK &&
           try_content(bulletin.content);
}

/* The place of a fault is found exactly where there is one. */
static void try_submission(struct bytes bytes)
{
    const bool is_decodable = try_parts(bytes);
    struct wire_fault fault;

    dissect_submission(bytes, NULL, NULL, &fault);
    assert(is_decodable == (fault.kind == WIRE_FAULT_NONE));
    assert(fault.at < bytes.n || bytes.n == 0);
}

static void try_filing_alone(struct bytes bytes) { (void)try_filing(bytes); }

static void try_content_alone(struct bytes bytes) { (void)try_content(bytes); }

static void try_json(struct bytes bytes)
{
    struct json_text json;
    struct json_text again;
    enum status status = json_read(bytes, &arena, &json, NULL);

    if (status) {
        return;
    }
    status = document_to_json(&json.doc, &first, NULL);
    assert(status == STATUS_OK);
    status = json_read(buffer_bytes(&first), &arena, &again, NULL);
    assert(status == STATUS_OK);
    status = document_to_json(&again.doc, &second, NULL);
    assert(status == STATUS_OK);
    assert(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    buffer_reset(&first);
    status = document_to_sorted_json(&json.doc, &arena, &first, NULL);
    assert(status == STATUS_OK);
    encode_again(&json.doc);
}

static void try_records(struct bytes bytes)
{
    static struct decision decision;
    struct reference_record reference = {0};
    struct checkpoint checkpoint = {0};
    struct operation operation = {0};
    enum status status = decision_decode(bytes, &arena, &decision, NULL);

    assert(status == STATUS_OK || status == STATUS_CORRUPT);
    status = reference_record_decode(bytes, &reference);
    assert(status == STATUS_OK || status == STATUS_CORRUPT);
    status = checkpoint_decode(bytes, &checkpoint);
    assert(status == STATUS_OK || status == STATUS_CORRUPT);
    status = operation_decode(bytes, &operation);
    assert(status == STATUS_OK || status == STATUS_CORRUPT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct bytes) = {try_submission, try_filing_alone,
                                                    try_content_alone, try_json, try_records};

    if (size == 0) {
        return 0;
    }
    start();
    readers[data[0] % (sizeof(readers) / sizeof(readers[0]))](
        (struct bytes){.at = data + 1, .n = size - 1});
    return 0;
}
