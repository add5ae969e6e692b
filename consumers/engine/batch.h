/* batch.h - what has been decided of one partition and is not stored yet, and then not published.
 *
 * A part is filled while its batch is open, sealed once, handed to the store, then to the
 * publisher, and reset.  Its memory is kept between batches, so that a batch like the last one
 * allocates nothing.
 *
 * Promises:
 *   T1  filings are found by key or by id while the batch is open, before the store is asked;
 *   T2  what batch_part_seal() gives stays as it is until batch_part_reset();
 *   T3  a part never holds more than BATCH_BYTES_MAX bytes of one piece: batch_part_is_full() says
 *       so before, with room for one record's decisions. */
#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "consumers/engine/bus.h"
#include "consumers/engine/journal.h"
#include "consumers/store/store.h"

/* The bytes of a piece after which the batch is closed, and the most it may reach: a record can add
 * two decisions before anybody looks again, a bulletin its content. */
#define BATCH_BYTES_FULL ((size_t)16 << 20)
#define BATCH_BYTES_MAX  (BATCH_BYTES_FULL + ((size_t)8 << 20))

/* Open addressing over the filings of a part by filing id; a slot counts when its round is the
 * current one, so that emptying it costs nothing. */
struct batch_slot {
    uint32_t round;
    uint32_t filing;
};

struct batch_part {
    uint32_t partition;
    struct store_position starts;
    uint32_t count; /* decisions */
    struct journal_writer journal;
    size_t *undo_at; /* of each decision, in journal.undo */
    size_t undo_max;
    struct store_filing *filings;
    size_t filings_n, filings_max;
    struct batch_slot *slots;
    size_t slots_n; /* a power of two */
    uint32_t round;
    struct store_held *held;
    size_t held_n, held_max;
    uint64_t *released;
    size_t released_n, released_max;
    struct store_state *states;
    size_t states_n, states_max;
    struct buffer state_bytes;
    struct store_bulletin *bulletins;
    size_t bulletins_n, bulletins_max;
    struct buffer bulletin_bytes;
    struct bus_decision *decisions; /* to publish, made by batch_part_seal() */
    size_t decisions_max;
};

MUST_CHECK enum status batch_part_init(struct batch_part *part, struct failure *err);
void batch_part_fini(struct batch_part *part);

/* Empty, for a partition that stands at starts. */
void batch_part_reset(struct batch_part *part, uint32_t partition,
                      const struct store_position *starts);

bool batch_part_is_full(const struct batch_part *part);

/* Add the decision that follows the last one.  Borrows the entry's bytes. */
MUST_CHECK enum status batch_part_append(struct batch_part *part, const struct journal_entry *entry,
                                         struct failure *err);

/* Undo of a decision of this part, n 0 = none. */
struct bytes batch_part_undo(const struct batch_part *part, uint64_t number);

/* The filing with this key, NULL when it is not in this part; valid until the next put. */
struct store_filing *batch_part_filing(const struct batch_part *part,
                                       const struct store_filing_key *key);
/* Filings with this id one after the other: *at from 0, NULL past the last. */
struct store_filing *batch_part_filing_next(const struct batch_part *part,
                                            const uint8_t filing_id[FILING_ID_SIZE], size_t *at);
/* Add or replace. */
MUST_CHECK enum status batch_part_filing_put(struct batch_part *part,
                                             const struct store_filing *filing,
                                             struct failure *err);

/* Held and released filings, states and bulletins.  The bytes of held->record are borrowed until
 * the batch is stored; those of a state were just appended to part->state_bytes, from n_before on.
 */
MUST_CHECK enum status batch_part_held(struct batch_part *part, const struct store_held *held,
                                       struct failure *err);
MUST_CHECK enum status batch_part_released(struct batch_part *part, uint64_t arrival_number,
                                           struct failure *err);
MUST_CHECK enum status batch_part_state(struct batch_part *part, const struct store_state *state,
                                        size_t n_before, struct failure *err);
MUST_CHECK enum status batch_part_bulletin(struct batch_part *part, uint64_t number,
                                           struct bytes content, struct failure *err);

/* Everything for the store; token, position and clean number are the caller's. */
MUST_CHECK enum status batch_part_seal(struct batch_part *part, struct store_part *ret,
                                       struct failure *err);

/* The same for the publisher, after batch_part_seal(). */
void batch_part_publication(const struct batch_part *part, int64_t next_offset,
                            struct bus_part *ret);

/* Make room for n elements of size bytes in a growing array; false when there is no memory.
 * Doubles, so that a steady batch allocates nothing. */
bool batch_grow(void **array, size_t *max, size_t n, size_t size);

#endif
