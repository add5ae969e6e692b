/* filing_filter.h - is a filing id surely new?  Answered from memory.
 *
 * Almost every filing is new, and asking the index for each costs more than storing it.  The filter
 * knows, for each partition, a floor: the largest id that was stored when it was loaded.  Ids above
 * the floor that were stored since are in a Bloom filter of fixed size.  An id that is above the
 * floor and not in the filter is new; about every other the index must be asked.
 *
 * Promises:
 *   F1  an id that was loaded or added is never called new;
 *   F2  memory is what was asked for and one floor for each partition.
 *
 * UUIDv7 ids grow with time, so most are above the floor; ids that do not grow cost a question to
 * the index and nothing else.  Ids are filing ids alone: two banks that use one id cost a question.
 */
#ifndef STORE_FILING_FILTER_H
#define STORE_FILING_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/store/store.h"

#define FILING_FILTER_BYTES (8U << 20)
/* 10 bits for each; then it is emptied and loaded anew. */
#define FILING_FILTER_IDS(bytes) ((uint32_t)((bytes) / 10 * 8))

struct filing_filter_floor {
    bool loaded;
    bool open; /* nothing is stored at or below: every id is above the floor */
    uint8_t id[FILING_ID_SIZE];
};

struct filing_filter {
    uint64_t *words;
    size_t words_n; /* a power of two */
    uint32_t ids;   /* added since it was emptied */
    struct filing_filter_floor floors[STORE_PARTITIONS_MAX];
};

/* bytes is a power of two.  STATUS_NOMEM.  gives its parts: filing_filter_fini(). */
MUST_CHECK enum status filing_filter_init(struct filing_filter *filter, size_t bytes,
                                          struct failure *err);
/* How many ids it takes. */
uint32_t filing_filter_ids_max(const struct filing_filter *filter);
void filing_filter_fini(struct filing_filter *filter);

/* Forget everything; every partition is to be loaded again. */
void filing_filter_reset(struct filing_filter *filter);

bool filing_filter_is_loaded(const struct filing_filter *filter, uint32_t partition);
/* floor: the largest id of the partition, NULL = none.  Ids above it are then added. */
void filing_filter_load(struct filing_filter *filter, uint32_t partition,
                        const uint8_t floor[FILING_ID_SIZE]);
void filing_filter_add(struct filing_filter *filter, uint32_t partition,
                       const uint8_t id[FILING_ID_SIZE]);
bool filing_filter_is_full(const struct filing_filter *filter);

/* The partition must be loaded. */
bool filing_filter_is_new(const struct filing_filter *filter, uint32_t partition,
                          const uint8_t id[FILING_ID_SIZE]);

#endif
