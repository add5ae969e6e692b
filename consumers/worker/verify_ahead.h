/* verify_ahead.h - signatures of filings verified by a thread a core, ahead of the engine.
 *
 * A ring of records that were polled and not handed on yet.  A signed filing in it is verified by
 * one of the threads under the key that the bulletins seen so far give to its bank; the engine
 * takes records out in the order in which they were put in and finds a verdict beside each.  A
 * verdict names its key, so a key that is none (any more) costs the engine a verification and never
 * a decision (bus.h, struct bus_verdict).
 *
 * Promises:
 *   V1  records come out in the order in which they went in, each once;
 *   V2  taking waits only for a thread that is at work on that very record: one that nobody has
 *       begun comes out without a verdict;
 *   V3  bytes of a record are read between put and take or clear only.
 *
 * One thread, the engine's, calls everything here. */
#ifndef WORKER_VERIFY_AHEAD_H
#define WORKER_VERIFY_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/engine/bus.h"

#define VERIFY_AHEAD_MAX 1024 /* records in the ring: some 30 ms of work for two cores */

struct verify_ahead;

/* threads_n 0 = one a core.  gives *ret: verify_ahead_close(). */
MUST_CHECK enum status verify_ahead_open(size_t threads_n, struct verify_ahead **ret,
                                         struct failure *err);
/* The ring must be empty. */
void verify_ahead_close(struct verify_ahead *ahead);

/* Learn the keys of a bulletin's content and, from the founding record, the ledger.  What cannot be
 * read is passed over: the engine judges it. */
void verify_ahead_learn(struct verify_ahead *ahead, struct bytes content);
/* The same of a record's value, if it is a bulletin. */
void verify_ahead_learn_record(struct verify_ahead *ahead, struct bytes value);

/* Does the value of a record look like a signed filing?  Looks at a few bytes only. */
bool verify_ahead_is_signed(struct bytes value);

struct verify_item {
    void *record;  /* the caller's */
    uint64_t mark; /* the caller's */
    struct bus_verdict verdict;
};

size_t verify_ahead_count(const struct verify_ahead *ahead);
/* Those among them that no thread has begun and some thread will. */
size_t verify_ahead_waiting(struct verify_ahead *ahead);

/* While count is below VERIFY_AHEAD_MAX.  Keeps the value until the record is taken or dropped; at
 * NULL = nothing to verify. */
void verify_ahead_put(struct verify_ahead *ahead, void *record, uint64_t mark, struct bytes value);

/* The oldest record; false = the ring is empty. */
bool verify_ahead_take(struct verify_ahead *ahead, struct verify_item *ret);

/* Drop every record, each by a call of drop. */
typedef void verify_drop_fn(void *record);
void verify_ahead_clear(struct verify_ahead *ahead, verify_drop_fn *drop);

#endif
