/* json.h - JSON text and documents: filings, reference data, packs (rulebook sections 1, 9, 10 I3).
 *
 * Reading keeps what JSON readers usually lose: a number that is no 64-bit integer is a NODE_NUMBER
 * with its digits as written in node.text, a NUL in a text stays, and a key that stands twice in
 * one object is reported (rulebook I3).  Decisions as JSON are in decision_json.h.
 *
 * Everything read is taken from the arena; text of n bytes needs at most 70 n of it.
 * STATUS_INVALID: not JSON (the text says where); STATUS_LIMIT: the arena is full or it is nested
 * deeper than JSON_DEPTH_MAX. */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/document.h"
#include "wire/arena.h"

#define JSON_DEPTH_MAX 32

/* One JSON value (usually an object) as a document. */
struct json_text {
    struct document doc;
    bool duplicate_key; /* somewhere in it; doc then holds the last of the two */
};
MUST_CHECK enum status json_read(struct bytes text, struct arena *arena, struct json_text *ret,
                                 struct failure *err);

/* One line of a pack: {"reference":{...}} or {"received_at":"...","filing":{...}}.  STATUS_INVALID
 * when it is neither. */
struct pack_line {
    bool is_filing;
    int64_t received_ms; /* of a filing, Unix time */
    struct document doc; /* the filing or the reference object */
    bool duplicate_key;
};
MUST_CHECK enum status pack_line_read(struct bytes text, struct arena *arena, struct pack_line *ret,
                                      struct failure *err);

/* The part of a document below one of its nodes as a document of its own: same texts, nodes copied
 * into the arena.  STATUS_LIMIT when it is full. */
MUST_CHECK enum status document_part(const struct document *doc, const struct node *node,
                                     struct arena *arena, struct document *ret);

/* A document as compact JSON, fields in the order of the document; an amount of protobuf is a text
 * with the decimals of its scale.  Bytes that are not UTF-8 are written as U+FFFD. */
MUST_CHECK enum status document_to_json(const struct document *doc, struct buffer *out,
                                        struct failure *err);

/* What stands for the filing bytes of a filing without canonical encoding (rulebook I3): compact,
 * keys sorted by bytes, empty texts and empty lists left out, numbers as written, null kept.  The
 * arena is for the sorting. */
MUST_CHECK enum status document_to_sorted_json(const struct document *doc, struct arena *arena,
                                               struct buffer *out, struct failure *err);

/* A text in quotes, escaped as JSON wants it; what is not UTF-8 is written as U+FFFD. */
void json_put_text(struct buffer *out, struct text text);

#endif
