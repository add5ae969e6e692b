/* held_list.h - the held filings of one partition in order of arrival, with what is needed to
 * decide them again.
 *
 * The layout of store_held.record is this module's: one byte 1, be64 input offset, input hash (32),
 * be64 received time in ms, the filing bytes.  A held filing has passed form, so it has filing
 * bytes that decode, and its key is its enterprise. */
#ifndef ENGINE_HELD_LIST_H
#define ENGINE_HELD_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/core/enterprise.h"
#include "consumers/engine/batch.h"
#include "consumers/store/store.h"

struct held_entry {
    uint64_t arrival_number;
    char enterprise[ENTERPRISE_CODE_SIZE];
    enum code waits_for;
    bool is_changed;  /* not yet in a batch */
    bool is_released; /* waits for held_list_tidy() */
    uint8_t *record;
    size_t record_n;
};

/* A record taken apart. */
struct held_record {
    int64_t input_offset;
    uint8_t input_hash[DIGEST_SIZE];
    int64_t received_ms;
    struct bytes filing;
};

struct held_list {
    struct held_entry *at; /* by arrival */
    size_t n, max;
    uint64_t *changed; /* arrival numbers to write with the next batch */
    size_t changed_n, changed_max;
    size_t released_n;
};

void held_list_init(struct held_list *list);
void held_list_fini(struct held_list *list);

/* Read all of a partition. */
MUST_CHECK enum status held_list_load(struct held_list *list, struct store *store,
                                      uint32_t partition, struct failure *err);

/* Index of the first entry that arrived after a number; list->n when there is none. */
size_t held_list_after(const struct held_list *list, uint64_t arrival_number);

/* NULL when it is not held. */
struct held_entry *held_list_find(const struct held_list *list, uint64_t arrival_number);

/* Add, or replace the entry of the same arrival.  Borrows the record. */
struct held_arrival {
    uint64_t arrival_number;
    const char *enterprise;
    enum code waits_for;
};
MUST_CHECK enum status held_list_put(struct held_list *list, const struct held_arrival *arrival,
                                     const struct held_record *record, struct failure *err);

/* It waits for something else now. */
MUST_CHECK enum status held_list_change(struct held_list *list, struct held_entry *entry,
                                        enum code waits_for, struct failure *err);

/* Mark released; it stays in place until held_list_tidy(), so that a pass keeps its indexes. */
void held_list_release(struct held_list *list, struct held_entry *entry);
void held_list_tidy(struct held_list *list);

/* Everything in the list is in the store already (after recovery). */
void held_list_settle(struct held_list *list);

/* STATUS_CORRUPT when it is no record. */
MUST_CHECK enum status held_record_read(const struct held_entry *entry, struct held_record *ret,
                                        struct failure *err);

/* Put what is new or changed into the part; the records are borrowed by it. */
MUST_CHECK enum status held_list_write(struct held_list *list, struct batch_part *part,
                                       struct failure *err);

#endif
