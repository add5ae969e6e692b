/* adoption.h - a store is brought up to what is published, by deciding the log again.
 *
 * One partition after the other goes through
 *
 *    CLAIMED --recover--> COMPLETE --known--> ALIKE --decide, compare--> OPEN --commit--> ALIKE
 *                                               |                          |
 *                                               +--end of the topic--> DONE+--difference--> refused
 *
 * CLAIMED   a new token lies in the row: whoever had the partition before stores nothing more;
 * COMPLETE  the states are those of the row, decided again as a worker does when it claims;
 * ALIKE     what is published of what the store has was found equal to the journal (published.h);
 * OPEN      records are decided into a batch, each decision compared with the published one.
 *
 * Invariants:
 *   A1  nothing is stored before it was compared: a batch with a difference is dropped whole;
 *   A2  it ends with the record that leads to the last decision published: what was filed later is
 *       the workers' to decide.  Only decisions that this last record leads to beyond the topic's
 *       end are stored without having been compared; they lie in the last journal row, so that a
 *       worker publishes them (design, section 4: C8, C9);
 *   A3  batches, rows and hints are a worker's own: what is stored when it is interrupted is a
 * store that can be brought further by running it again. */
#ifndef CTL_ADOPTION_H
#define CTL_ADOPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/progress.h"
#include "base/status.h"
#include "consumers/ctl/repair.h"
#include "consumers/store/store.h"

struct adopter;

/* The store has a ledger.  Keeps repair (standing), store and ledger.  gives *ret: adopter_close().
 */
MUST_CHECK enum status adopter_open(struct repair *repair, struct store *store,
                                    const struct store_ledger *ledger, struct adopter **ret,
                                    struct failure *err);
void adopter_close(struct adopter *adopter);

struct adoption {
    uint32_t partition;
    uint64_t number_before;
    uint64_t number;    /* of the last decision stored */
    uint64_t published; /* of the last one published */
    int64_t next_offset;
    bool is_short; /* so much is missing in the topic that a worker will not go on (C8) */
};

/* Where a partition stands, without changing anything: number stays number_before. */
MUST_CHECK enum status adopter_look(struct adopter *adopter, uint32_t partition,
                                    struct adoption *ret, struct failure *err);
/* Bring it up to the topic's end.  progress counts decisions. */
MUST_CHECK enum status adopter_run(struct adopter *adopter, uint32_t partition,
                                   struct progress *progress, struct adoption *ret,
                                   struct failure *err);

/* The group's offsets name the store, each partition where it stands (repair.h, R2).  adoptions has
 * one a partition. */
MUST_CHECK enum status adoption_take_group(struct repair *repair, const struct store_ledger *ledger,
                                           const struct adoption *adoptions, struct failure *err);

/* "<n> decisions adopted, store <id>", for the record of the act. */
#define ADOPTION_TEXT_SIZE 96
void adoption_text(const struct repair *repair, const struct store_ledger *ledger,
                   const struct adoption *adoptions, char out[ADOPTION_TEXT_SIZE]);

/* Rows for people and programs: partition, number_before, number, published, next_offset. */
MUST_CHECK enum status adoption_print(const struct ctl *ctl, const struct adoption *adoptions,
                                      uint32_t n, struct failure *err);

#endif
