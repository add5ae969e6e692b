/* part.h - a part of a partition decided again and compared with the decisions that were made.
 *
 * A part is either the whole partition or one enterprise's share of it: the records whose decisions
 * carry its key, and the records without a key, which are the bulletins (and rubbish that nobody's
 * key stands on).  An enterprise's decisions depend on nothing else of the partition (E9 and the
 * core's one aggregate an enterprise), but for three things that the records of others leave
 * behind, and which are taken from the decisions themselves:
 *
 *   number       those of others are missing.  Before a decision that does not follow the last one
 *                the decider goes on from the number before it (decider_jump()), so that numbers,
 *                refers_to and states come out as the worker made them;
 *   chain        of the decision before a gap.  It is given beside the decision after it;
 *   received_at  may be later than the record's append time because of somebody else's record.  It
 *                is not earlier, and never falls.
 *
 * What no difference proves: each decision given is, byte for byte, what the rules make of the
 * records given, in this order, under the bulletins given; every record given has its decisions,
 * and every decision its record.
 *
 * What it does not prove: that no record of the enterprise was left out together with its
 * decisions. Neither numbers nor offsets show it, as those of others are missing too.  Often
 * another decision contradicts it: the amounts after a posting, a duplicate, a reference to an
 * earlier filing, and the state of the enterprise where it is compared.  Only the whole partition
 * shows it always: its numbers have no gaps and its chain begins at the genesis.
 *
 * The first difference ends it: what follows from a wrong beginning says nothing. */
#ifndef AUDIT_PART_H
#define AUDIT_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/audit/decision_diff.h"
#include "consumers/audit/replay.h"

struct part;

/* Where a part differs from what it leads to. */
struct part_difference {
    int64_t offset;  /* of the record, -1 = none */
    uint64_t number; /* of the decision, 0 = none */
    struct decision_diff diff;
};

/* A decision that was made again and found equal (or, below from_offset, made only). */
typedef enum status part_made_fn(void *arg, uint64_t number, struct bytes decision,
                                 struct failure *err);

struct part_conf {
    const char *topic; /* full name of the submitted topic; kept */
    uint32_t partition;
    uint32_t partitions_n;
    bool is_whole;       /* no gaps: not an enterprise's share */
    int64_t from_offset; /* of a whole: decisions of records below it are not given; 0 = all are */
    const char *scratch; /* of a whole: file of a scratch store; NULL = in memory; kept */
    part_made_fn *made;  /* may be NULL */
    void *arg;
};

/* Does a record with this key, or none, belong to the share of an enterprise? */
bool part_has_key(const char *enterprise, bool has_key, struct bytes key);

/* gives *ret: part_close(). */
MUST_CHECK enum status part_open(const struct part_conf *conf, struct part **ret,
                                 struct failure *err);
/* Takes NULL. */
void part_close(struct part *part);

/* The next record, offsets ascending, the founding record first; then the decisions that it
 * triggered, ascending by number.  previous_chain is wanted where number - 1 is not the decision
 * before, else NULL.  All is borrowed for the call.
 * STATUS_OK also for a difference; STATUS_LIMIT when a record has more decisions than memory is
 * given to. */
MUST_CHECK enum status part_record(struct part *part, const struct bus_record *record,
                                   struct failure *err);
MUST_CHECK enum status part_decision(struct part *part, struct bytes value,
                                     const uint8_t *previous_chain, struct failure *err);

/* Is the record a bulletin, by its form? */
bool part_is_bulletin(const struct bus_record *record);

/* A bulletin behind everything else, for the reference data that it brings, if its signatures are
 * right: its decisions are not asked for.  Settles first; nothing but bulletins may follow. */
MUST_CHECK enum status part_bulletin(struct part *part, const struct bus_record *record,
                                     struct failure *err);

/* All that was given is decided and compared from here on. */
MUST_CHECK enum status part_settle(struct part *part, struct failure *err);

/* NULL: none so far. */
const struct part_difference *part_difference(const struct part *part);

/* The decider behind it, for its position, ledger, references and states; NULL before the first
 * part_settle(). */
struct replay *part_replay(struct part *part);

/* Of decisions compared so far. */
uint64_t part_compared(const struct part *part);

#endif
