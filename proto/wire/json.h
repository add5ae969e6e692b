/* json.h - the canonical JSON of filings, reference data and decisions (rulebook sections 1, 2, 9).
 *
 * Reading keeps what JSON readers usually lose: a number that is no 64-bit integer is a NODE_NUMBER
 * with its digits as written in node.text, a NUL in a text stays, and a key that stands twice in
 * one object is reported (rulebook I3).  No floating point value is ever looked at.
 *
 * Everything read is taken from the arena.  STATUS_INVALID: not JSON (the text says where);
 * STATUS_LIMIT: the arena is full or it is nested deeper than JSON_DEPTH_MAX. */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/decision.h"
#include "form/document.h"
#include "form/reference.h"
#include "wire/arena.h"
#include "wire/decision_codec.h"

#define JSON_DEPTH_MAX 32

/* One JSON value (usually an object) as a document. */
struct json_text {
    struct document doc;
    bool duplicate_key; /* somewhere in it; the last of the two is in doc */
};
MUST_CHECK enum status json_read(struct bytes text, struct arena *arena, struct json_text *ret,
                                 struct failure *err);

/* One line of a pack: {"reference":{…}} or {"received_at":"…","filing":{…}}.  STATUS_INVALID when
 * it is neither. */
struct pack_line {
    bool is_filing;
    int64_t received_ms; /* of a filing */
    struct document doc; /* the filing or the reference object */
    bool duplicate_key;
};
MUST_CHECK enum status pack_line_read(struct bytes text, struct arena *arena, struct pack_line *ret,
                                      struct failure *err);

/* The part of a document below one of its nodes as a document of its own (same texts, nodes copied
 * into the arena).  STATUS_LIMIT when it is full. */
MUST_CHECK enum status document_part(const struct document *doc, const struct node *node,
                                     struct arena *arena, struct document *ret);

/* A document as compact JSON, fields in the order of the document; money's decimals are written
 * with their scale as text.  details stand under "details" whether read from JSON or from protobuf.
 * Texts that are not UTF-8 have U+FFFD in the place of what is wrong. */
MUST_CHECK enum status document_to_json(const struct document *doc, struct buffer *out,
                                        struct failure *err);

/* What stands for the filing bytes of a filing without canonical encoding (rulebook I3): compact,
 * keys sorted by bytes, null kept, empty texts and empty lists left out, numbers as written. */
MUST_CHECK enum status document_to_sorted_json(const struct document *doc, struct buffer *out,
                                               struct failure *err);

/* What a decision rests on and only its reader has; each may be NULL, its fields are left out. */
struct decision_texts {
    const struct policy *policy;   /* the policy of decision->policy: parameters by ordinal */
    const struct own_numbers *own; /* of the decision's filing */
};

/* The decision as one line of JSON without line feed, exactly as rulebook section 2 has it. */
MUST_CHECK enum status decision_to_json(const struct decision *decision,
                                        const struct decision_texts *texts, struct buffer *out,
                                        struct failure *err);

/* The English sentence of a reason, with its limit and amounts; ends out with NUL, returns the
 * length. */
#define REASON_TEXT_SIZE 512
size_t reason_text(const struct reason *reason, const struct own_numbers *own,
                   char out[REASON_TEXT_SIZE]);

#endif
