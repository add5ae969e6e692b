/* fields.h - members of a struct as the fields of a flat message, by a table.
 *
 * For small messages of our own that are written canonically and read strictly; lists and parts
 * that are messages are up to the caller. A value of 0, or none, is left out (put.h), except of
 * FIELD_PRESENT, where no bytes and none are told apart by the pointer. */
#ifndef WIRE_FIELDS_H
#define WIRE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/put.h"
#include "wire/walk.h"

enum field_kind {
    FIELD_NUMBER32, /* uint32_t */
    FIELD_NUMBER64, /* uint64_t or int64_t, as a plain varint */
    FIELD_FLAG,     /* bool */
    FIELD_FIXED,    /* size bytes */
    FIELD_TEXT,     /* struct text, as the next two struct bytes; borrowed when read */
    FIELD_BYTES,
    FIELD_PRESENT /* bytes that may be there and empty; at NULL = not there */
};

struct field_row {
    uint32_t number;
    enum field_kind kind;
    size_t at;   /* of the member in the struct */
    size_t size; /* of FIELD_FIXED */
};

void field_put(struct put *put, const struct field_row *row, const void *from);

/* Borrows the field's bytes.  False when the wire type, the length or the range is another. */
bool field_get(const struct wire_field *field, const struct field_row *row, void *to);

#endif
