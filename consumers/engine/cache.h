/* cache.h - the enterprise states of one partition that are in memory, and which of them the store
 * does not have yet.
 *
 * Promises:
 *   H1  a state that differs from the store's is dirty and stays in memory until it is written;
 *   H2  dirty states are written the longest dirty first; cache_clean_number() is the number up to
 *       which the store's states are complete after that;
 *   H3  a held filing that was released is dropped from the store together with the first state
 * that no longer knows it, never before: recovery decides it again from the old state; H4  clean
 * states above the cap are forgotten, the longest unused first, between batches only. */
#ifndef ENGINE_CACHE_H
#define ENGINE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "base/status.h"
#include "consumers/core/enterprise.h"
#include "consumers/engine/batch.h"
#include "consumers/store/store.h"

struct cache_entry {
    UT_hash_handle hh;
    struct enterprise *state;
    struct cache_entry *used_prev, *used_next;   /* all, the longest unused first */
    struct cache_entry *dirty_prev, *dirty_next; /* dirty ones, the longest dirty first */
    bool is_dirty;
    uint64_t dirty_number; /* the store's state is complete up to the number before it */
    uint64_t dirty_batch;
    uint64_t *released; /* arrival numbers to drop with it */
    size_t released_n, released_max;
};

struct cache {
    struct cache_entry *by_code;
    struct cache_entry *used;
    struct cache_entry *dirty;
    size_t n;
    size_t n_max;
    size_t dirty_n;
    uint64_t batch;
};

void cache_init(struct cache *cache, size_t n_max);
void cache_fini(struct cache *cache);

/* Where states are read from, and the last decision that one of them may reflect: a store whose
 * states know more was written by another owner in the meantime. */
struct cache_source {
    struct store *store;
    uint32_t partition;
    uint64_t number_max;
};

/* The state of an enterprise, read from the store or new.  The entry lives until the next
 * cache_trim().  REMEDY_RECLAIM: the store has gone on without us. */
MUST_CHECK enum status cache_get(struct cache *cache, const struct cache_source *source,
                                 const char code[ENTERPRISE_CODE_SIZE], struct cache_entry **ret,
                                 struct failure *err);

/* The state of entry differs from the store's since decision number, or since what was done right
 * after it. */
void cache_dirty(struct cache *cache, struct cache_entry *entry, uint64_t number);

/* Drop a held filing when the state is written. */
MUST_CHECK enum status cache_release(struct cache_entry *entry, uint64_t arrival_number,
                                     struct failure *err);

/* Put dirty states into the part: up to budget, and all that were dirty for DIRTY_BATCHES_MAX
 * batches.  They count as clean from here on: if the part is not stored, the cache is forgotten. */
MUST_CHECK enum status cache_write(struct cache *cache, struct batch_part *part, size_t budget,
                                   struct failure *err);

/* Up to where the store's states are complete once the part is stored; number is the last decision
 * made. */
uint64_t cache_clean_number(const struct cache *cache, uint64_t number);

void cache_trim(struct cache *cache);

#endif
