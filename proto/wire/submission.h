/* submission.h - reading what was published: bytes of the log to documents (design, section 2).
 *
 * Promises:
 *   S1  no input reads out of bounds, takes more than linear time, or more than the arena has;
 *   S2  what is *undecodable* is a status: STATUS_CORRUPT, or STATUS_LIMIT when it is over a cap;
 *       the text says why, for a person.  Nothing is written to the results then;
 *   S3  what is decodable is a document, unknown fields, bad text and all: the form stage judges
 * it; S4  everything in a result points into the bytes given or into the arena.
 *
 * Undecodable is: no value, over the size cap, a broken top level (below), cut-off or over-long
 * fields, groups and reserved wire types, a known field with another wire type, a field that is not
 * repeated twice, two members of one choice (details, item), more nodes than the arena holds. Nodes
 * number at most one for each byte, so an arena of ARENA_FILING_MAX holds every filing
 * and one of ARENA_BULLETIN_MAX every content.
 *
 * The bytes are walked by hand under the generated descriptors; protobuf-c's unpack is not called
 * on them, because it merges repeated fields, cuts texts at NUL, recurses and multiplies the size.
 */
#ifndef WIRE_SUBMISSION_H
#define WIRE_SUBMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/document.h"
#include "form/filing.h"
#include "wire/arena.h"
#include "wire/sign.h"

#define APPROVALS_MAX 8

/* The parts of a Submission.  Either filing.at or bulletin.at is not NULL. */
struct submission {
    struct bytes filing; /* the filing bytes: what was signed */
    bool is_signed;      /* key_id and signature are there */
    struct text key_id;
    struct bytes signature; /* of any length: one that is not SIGNATURE_SIZE is a wrong one */
    struct bytes bulletin;
};

/* Borrows value; value NULL (a tombstone) is undecodable. */
MUST_CHECK enum status submission_split(const uint8_t *value, size_t n, struct submission *ret,
                                        struct failure *err);

struct approval {
    struct text key_id;
    struct bytes signature; /* of any length, as above */
};

/* The parts of a Bulletin.  Its fields too are ascending and nothing else; more than APPROVALS_MAX
 * approvals are STATUS_LIMIT. */
struct bulletin {
    struct bytes content; /* what was signed */
    uint32_t approvals_n;
    struct approval approvals[APPROVALS_MAX];
};

MUST_CHECK enum status bulletin_split(const uint8_t *at, size_t n, struct bulletin *ret,
                                      struct failure *err);

/* The filing bytes to a document with the names of the canonical JSON: the member of details is the
 * node "details" and its name is doc->details_member; money is an object of currency (text) and
 * value (decimal); absent integers and booleans and empty texts have no node; a sub-message that is
 * there has one, though it be empty.  doc->nodes is taken from the arena. */
MUST_CHECK enum status filing_decode(const uint8_t *at, size_t n, struct arena *arena,
                                     struct document *ret, struct failure *err);

/* A content taken apart: each item is a document as reference_read() takes it (root with "kind",
 * "rates" an object from currency to text).  Fields that nobody knows are nodes there, so that they
 * are refused (118); one of Content itself is unknown_field, 0 = none.  An item without a kind is a
 * document without "kind". */
struct content_parts {
    uint64_t number;
    uint32_t unknown_field;
    bool has_founding;
    struct document operators; /* of the founding record, as founding_read_operators() takes it */
    uint32_t partitions;
    bool demonstration;
    bool in_memory;
    bool has_random; /* 16 bytes were there */
    uint8_t random[16];
    struct document *items;
    uint32_t items_n;
};

MUST_CHECK enum status content_decode(const uint8_t *at, size_t n, struct arena *arena,
                                      struct content_parts *ret, struct failure *err);

#endif
