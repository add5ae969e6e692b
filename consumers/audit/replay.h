/* replay.h - one partition of the log decided again, into a store of its own.
 *
 * The core and the decider are the worker's; nothing of the live ledger is needed or touched, and
 * there is no producer anywhere in this module.  The store is in memory, which grows with the
 * filings, or a scratch store on the disk, which does not (consumers/store/store_scratch.h).
 *
 * With a scratch store states that changed stay in memory until replay_save(), and one that was
 * saved is gone on with, by this process or the next: replay_open() stands where it stood. */
#ifndef AUDIT_REPLAY_H
#define AUDIT_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/engine/batch.h"
#include "consumers/engine/bus.h"
#include "consumers/engine/decider.h"
#include "consumers/store/store.h"
#include "form/reference.h"

struct replay;

struct replay_conf {
    const char *topic; /* full name of the submitted topic; kept */
    uint32_t partition;
    uint32_t partitions_n;
    uint32_t records_max; /* as of struct decider_conf */
    const char *scratch;  /* file of the scratch store, NULL = in memory */
    bool keeps_journal;   /* the scratch store has the decisions too, for who reads them there */
};

/* The ledger is the one that the first record founds; first may be NULL when the scratch store has
 * one.  gives *ret: replay_close(). */
MUST_CHECK enum status replay_open(const struct replay_conf *conf, const struct bus_record *first,
                                   struct replay **ret, struct failure *err);
void replay_close(struct replay *replay);

const struct store_ledger *replay_ledger(const struct replay *replay);

/* A store that stood somewhere with states behind it (a copy of a live one) wants the records from
 * this offset on, by replay_recover() until *ret_done; -1 = it is complete. */
int64_t replay_recovers_from(const struct replay *replay);
MUST_CHECK enum status replay_recover(struct replay *replay, const struct bus_record *record,
                                      bool *ret_done, struct failure *err);

/* Decide one more record.  *ret_flush: call replay_flush() before anything else; *ret_again: and
 * then give the same record once more (it was cut). */
MUST_CHECK enum status replay_record(struct replay *replay, const struct bus_record *record,
                                     bool *ret_flush, bool *ret_again, struct failure *err);

/* Put what was decided since the last time into the store; *ret_row has the decisions,
 * borrowed until the next record.  count 0: nothing. */
MUST_CHECK enum status replay_flush(struct replay *replay, struct store_journal_row *ret_row,
                                    struct failure *err);

/* For what-if: from the next record on every policy in force counts as this one
 * (reference_set_force_policy()). */
MUST_CHECK enum status replay_force_policy(struct replay *replay, const struct policy *policy,
                                           struct failure *err);

/* Right after replay_flush(): decider_jump(). */
void replay_jump(struct replay *replay, uint64_t number, const uint8_t chain[DIGEST_SIZE]);

/* The reference data that the bulletins so far brought. */
const struct reference *replay_reference(const struct replay *replay);

/* Right after a flush: put every state into the store.  With a scratch store all of it outlives
 * the process from here on, and the note with it. */
MUST_CHECK enum status replay_save(struct replay *replay, struct bytes note, struct failure *err);
/* The note that was saved last; STATUS_NOTFOUND: none was. */
MUST_CHECK enum status replay_note(struct replay *replay, struct buffer *out, struct failure *err);

/* What the log leads to so far, for comparing. */
struct store *replay_store(struct replay *replay);
struct decider *replay_decider(struct replay *replay);

#endif
