/* walk.h - protobuf bytes one field at a time, and a message as part of a document.
 *
 * For this layer and for others that keep protobuf of their own.  Reading is by hand because
 * protobuf-c merges what stands twice, cuts texts at NUL and recurses; what a field number means is
 * looked up in the generated descriptors, so there is no second list of fields.  Nothing here
 * recurses: the types do not contain themselves, and a frame is kept for each message that is open,
 * WALK_DEPTH_MAX at most. */
#ifndef WIRE_WALK_H
#define WIRE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/document.h"
#include "wire/arena.h"

#define WALK_DEPTH_MAX 6 /* Reference, register, member, key: 4; a filing needs 3 */

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* A field as it lies in the bytes; at and n only for WIRE_BYTES, value only for WIRE_VARINT. */
struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;
    const uint8_t *at;
    size_t n;
};

/* What is left to read of a message. */
struct wire_reader {
    const uint8_t *at;
    const uint8_t *end;
};

static inline struct wire_reader wire_open(struct bytes bytes)
{
    return (struct wire_reader){.at = bytes.at, .end = bytes.n > 0 ? bytes.at + bytes.n : bytes.at};
}

/* Read the next field; there is at least one byte left.  False when it is broken: cut off, longer
 * than a varint may be, field number 0, a group or a reserved wire type. */
bool wire_next(struct wire_reader *reader, struct wire_field *ret);

/* Why a record is undecodable: a text for people, STATUS_CORRUPT. */
enum status wire_undecodable(struct failure *err, const char *what, uint32_t field);

/* Write the fields of a message as children of object, behind those it has, in the order written.
 * doc->details_member is set when the message is a filing and has a member of details. STATUS_LIMIT
 * when the document is full. */
MUST_CHECK enum status walk_message(const ProtobufCMessageDescriptor *type, struct bytes bytes,
                                    struct document *doc, struct node *object, struct failure *err);

/* An empty document over all that is left of the arena, and giving back what it did not need. */
void walk_document_open(struct arena *arena, struct document *doc);
void walk_document_close(struct arena *arena, const struct document *doc);

#endif
