/* sequence_set.h - which of its sequence numbers were met of each bank (rulebook section 1: from 1
 * on, without gaps).
 *
 * A bit a number, in chunks, so that memory follows the numbers in use and not the filings; what
 * filed a number, and who twice, is a matter of 'audit sequences'.
 *
 * Promises:
 *   Q1  a number counts once, whatever order and however often it is added, in one set or in
 *       several that are merged;
 *   Q2  above SEQUENCE_CHUNKS_MAX chunks the set is full and knows nothing: numbers that are far
 *       apart do not fill the memory.
 *
 * Pure but for memory. */
#ifndef AUDIT_SEQUENCE_SET_H
#define AUDIT_SEQUENCE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "consumers/engine/bus.h"

/* Of 4,096 numbers each: 268 million numbers of banks that leave no gaps, in about 40 MB. */
#define SEQUENCE_CHUNKS_MAX 65536

struct sequence_set;

/* gives *ret: sequence_set_close(). */
MUST_CHECK enum status sequence_set_open(struct sequence_set **ret, struct failure *err);
/* Takes NULL. */
void sequence_set_close(struct sequence_set *set);

/* number is at least 1. */
MUST_CHECK enum status sequence_set_add(struct sequence_set *set, const char bank[BANK_SIZE],
                                        uint64_t number, struct failure *err);
/* The bank and the number of a filing as its record has them; nothing for a record without. */
MUST_CHECK enum status sequence_set_add_record(struct sequence_set *set,
                                               const struct bus_record *record,
                                               struct failure *err);
/* Add all of another. */
MUST_CHECK enum status sequence_set_merge(struct sequence_set *set,
                                          const struct sequence_set *other, struct failure *err);

/* What is missing from 1 to the greatest number of each bank. */
struct sequence_gaps {
    bool is_known; /* false: the set is full */
    uint64_t missing;
    char bank[BANK_SIZE + 1]; /* the first bank that lacks some, and its first gap */
    uint64_t from, to;
};
void sequence_set_gaps(const struct sequence_set *set, struct sequence_gaps *ret);

#endif
