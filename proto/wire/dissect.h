/* dissect.h - the bytes of a Submission taken apart for people: each field with its place, up to
 * the one that makes the record undecodable.
 *
 * Promises:
 *   D1  a fault is found exactly when submission.h calls the record undecodable;
 *   D2  its place is the byte at which the field begins that nobody can read, or that may not stand
 *       there; the fields before it were seen, in order;
 *   D3  no input takes more than linear time, and nothing is allocated.
 *
 * Parts that are each right but do not belong together have no single place: the value's start. */
#ifndef WIRE_DISSECT_H
#define WIRE_DISSECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "wire/walk.h"

#define DISSECT_PATH_SIZE 192
#define DISSECT_TEXT_SIZE 128

enum wire_fault_kind {
    WIRE_FAULT_NONE = 0,
    WIRE_FAULT_NO_VALUE,
    WIRE_FAULT_TOO_LARGE,   /* over the cap of a filing or a bulletin */
    WIRE_FAULT_CUT_OFF,     /* a field ends behind the end of its message */
    WIRE_FAULT_BROKEN,      /* no protobuf: an endless varint, field 0, a group */
    WIRE_FAULT_WIRE_TYPE,   /* a known field with another wire type */
    WIRE_FAULT_OUT_OF_LINE, /* of the top level, a bulletin or an approval: unknown, twice or out of
                               order */
    WIRE_FAULT_TWICE,
    WIRE_FAULT_CHOICE, /* a second member of one choice */
    WIRE_FAULT_PARTS,  /* parts that are missing or do not belong together */
    WIRE_FAULT_N       /* count, not a value */
};

struct wire_fault {
    enum wire_fault_kind kind;
    size_t at;                    /* byte of the value */
    char path[DISSECT_PATH_SIZE]; /* "/filing/fdi_registration/investors/2"; "" = the value */
    char text[DISSECT_TEXT_SIZE]; /* what is wrong there */
};

/* A field as it lies in the value; borrowed for the call.  Messages whose type is known are
 * followed by their fields. */
struct dissect_field {
    size_t at; /* of its tag */
    const char *path;
    struct wire_field field;
    bool is_message;
    bool is_number; /* of a signed or unsigned integer */
    bool is_known;
};
typedef void dissect_field_fn(void *arg, const struct dissect_field *field);

/* Borrows the value, which may be NULL; seen may be NULL. */
void dissect_submission(struct bytes value, dissect_field_fn *seen, void *arg,
                        struct wire_fault *ret);

/* "cut off", for lists; "" for none. */
const char *wire_fault_name(enum wire_fault_kind kind);

#endif
