/* arena.h - memory for one message: parts are taken in order and given back all at once.
 *
 * Promises:
 *   A1  never more than the size given at open is used; a part that does not fit is NULL;
 *   A2  a part is aligned for any type and not initialised;
 *   A3  reset costs nothing and keeps the memory.
 *
 * The arena's cap, not the size of a record, is the defence against records that grow in memory.
 * It also serves protobuf-c as its allocator (arena.pb); never call free_unpacked on such a
 * message.  Not for use by two threads at once. */
#ifndef WIRE_ARENA_H
#define WIRE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/status.h"

struct arena {
    ProtobufCAllocator pb; /* gives from this arena */
    uint8_t *base;
    size_t size;
    size_t used;
    size_t used_max; /* the most that was ever in use */
};

/* Take size bytes from the system, once.  The pages are touched only as they are used. */
MUST_CHECK enum status arena_open(struct arena *arena, size_t size, struct failure *err);
void arena_close(struct arena *arena);

/* The same over memory of the caller, kept; no arena_close(). at is aligned for any type. */
void arena_init(struct arena *arena, void *at, size_t size);

/* All parts are given back; what was taken before is no longer valid. */
void arena_reset(struct arena *arena);

/* n bytes, or NULL when they do not fit. */
void *arena_alloc(struct arena *arena, size_t n);

/* Take all that is left, then keep only the first n bytes of it: for arrays whose length is known
 * at the end.  Nothing else may be taken between the two. */
void *arena_take_rest(struct arena *arena, size_t *ret_n);
void arena_keep(struct arena *arena, const void *part, size_t n);

#endif
