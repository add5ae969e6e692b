/* state.h - enterprise states on the heap and as bytes, and undos as bytes.
 *
 * The bytes of a state are the canonical encoding of filing.v1.State: equal states have equal
 * bytes, and the digest of a checkpoint is over them.
 *
 * Promises:
 *   T1  state_decode(state_encode(s)) equals s, and its encoding equals the bytes;
 *   T2  bytes that are no such message are STATUS_CORRUPT and never read out of bounds. */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/core/enterprise.h"

/* An empty state of an enterprise (18 characters).  gives *ret: state_free(). */
MUST_CHECK enum status state_new(const char code[ENTERPRISE_CODE_SIZE], struct enterprise **ret,
                                 struct failure *err);
/* Takes NULL. */
void state_free(struct enterprise *state);

/* Make room for so many more entries of each kind; what is there stays. */
MUST_CHECK enum status state_reserve(struct enterprise *state, const struct room *room,
                                     struct failure *err);

/* Empty again, for the same or another enterprise; the memory is kept. */
void state_reset(struct enterprise *state, const char code[ENTERPRISE_CODE_SIZE]);

/* Append the bytes of the state; the buffer keeps a failure (buffer_check()). */
void state_encode(const struct enterprise *state, struct buffer *out);

/* Read a state over what *state holds. */
MUST_CHECK enum status state_decode(struct bytes bytes, struct enterprise *state,
                                    struct failure *err);

/* Append the bytes of an undo; the buffer keeps a failure. */
void undo_encode(const struct undo *undo, struct buffer *out);
MUST_CHECK enum status undo_decode(struct bytes bytes, struct undo *ret, struct failure *err);

#endif
