/* put.h - protobuf bytes written one field at a time, in the canonical encoding.
 *
 * For this layer and for others that keep protobuf of their own.  Bytes go to the end of the
 * arena's memory, up to a cap; what does not fit sets full, after which nothing more is written, so
 * that a writer of many parts asks once. Parts that are messages are opened and closed; their
 * length is put before them at the close, in its shortest form.  Field numbers ascending is up to
 * the caller. */
#ifndef WIRE_PUT_H
#define WIRE_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "wire/arena.h"
#include "wire/walk.h"

struct put {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool full;
};

/* Over what is left of the arena, or over memory of the caller. */
void put_begin(struct put *put, struct arena *arena, size_t max);
void put_over(struct put *put, uint8_t *at, size_t size);

/* What was written, kept in the arena.  Not for put_over(). */
struct bytes put_end(struct put *put, struct arena *arena);

void put_varint(struct put *put, uint64_t value);
void put_tag(struct put *put, uint32_t field, enum wire_type type);

/* With tag; a value of 0, or no bytes, is the default and left out. */
void put_uint(struct put *put, uint32_t field, uint64_t value);
void put_sint(struct put *put, uint32_t field, int64_t value);
void put_bytes(struct put *put, uint32_t field, const void *at, size_t n);

/* With tag, though it be empty: elements of lists, parts that are there. */
void put_length(struct put *put, uint32_t field, const void *at, size_t n);

/* A message: what is written between the two is its payload. */
uint8_t *put_open(struct put *put, uint32_t field);
void put_close(struct put *put, uint8_t *payload);

#endif
