/* layout.h - structs of the core as protobuf messages, both ways from one table.
 *
 * Inside consumers/store only.  A table names the fields of a message in ascending order with their
 * place in the struct; writing and reading walk the same table, so they cannot disagree.  Nothing
 * here recurses: a frame is kept for each message that is open. */
#ifndef STORE_LAYOUT_H
#define STORE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "wire/put.h"

enum layout_kind {
    LAYOUT_U32, /* also enums and int32_t that are not negative */
    LAYOUT_U64,
    LAYOUT_I64, /* int64: ten bytes when negative */
    LAYOUT_S64, /* sint64 */
    LAYOUT_BOOL,
    LAYOUT_DATE,     /* int32_t days since 1970-01-01; 0 on the wire is DATE_NONE */
    LAYOUT_CURRENCY, /* int32_t index; its code on the wire, none for CURRENCY_NONE */
    LAYOUT_COUNTRY,
    LAYOUT_TEXT,  /* char[size], filled up with zeros */
    LAYOUT_MONEY, /* struct money; left out when it has no currency */
    LAYOUT_PART,  /* a message that is always there */
    LAYOUT_KEPT,  /* one of a union: there when the object is of the kind */
    LAYOUT_LIST   /* up to max elements of size bytes; their count lies at count_offset */
};

struct layout;

struct layout_field {
    uint32_t number;
    enum layout_kind kind;
    size_t offset;
    size_t size;
    const struct layout *part;
    size_t count_offset; /* of a uint32_t */
    uint32_t max;
    uint32_t when; /* LAYOUT_KEPT: enum object_kind of the struct object that holds it */
};

struct layout {
    size_t size; /* of the struct */
    uint32_t fields_n;
    const struct layout_field *fields; /* by number, ascending */
};

extern const struct layout layout_object;
extern const struct layout layout_investor;
extern const struct layout layout_limit;
extern const struct layout layout_profile;
extern const struct layout layout_basis;
extern const struct layout layout_held;
extern const struct layout layout_undo;      /* whole, for reading */
extern const struct layout layout_undo_head; /* without its lists, for writing */
extern const struct layout layout_undo_object;
extern const struct layout layout_undo_investor;
extern const struct layout layout_undo_posting;

/* Write the fields of a struct, without tag and length of its own. */
void layout_put(struct put *put, const struct layout *layout, const void *value);

/* Read them; *value is written whole, what is not there gets its default.  False when the bytes are
 * not of this message: an unknown field, one out of order or of another type, a text that does not
 * fit, a code that nobody knows. */
bool layout_get(struct bytes bytes, const struct layout *layout, void *value);

#endif
