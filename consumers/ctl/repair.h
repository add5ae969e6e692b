/* repair.h - what the repairs of a ledger share: that no worker is there, where the topics end,
 * whom the group's offsets name, and how a difference is told.
 *
 *            repair_open           repair_stand            repair_take_group
 *    (none) ------------> LOOKING --------------> STANDING -----------------> TAKEN
 *                                                    ^                          |
 *                                                    +------ repair_stand ------+
 *
 * Promises:
 *   R1  STANDING: the group had no member, then no transaction with its offsets was open, and only
 *       then the ends were asked for, read_uncommitted.  So whatever an earlier owner published
 * lies below them, and one that was member before can publish nothing more without claiming anew
 *       (design, section 4: C5 before C6);
 *   R2  the group's offsets are rewritten while the group has no member, or not at all: the broker
 *       refuses it otherwise.  From then on a worker on any other store ends with 78;
 *   R3  a difference is told once, as a row, and ends the program with 4;
 *   R4  who repairs is known before anything is changed, and what came of it is recorded
 *       (operation.h, O3).
 *
 * Not for librdkafka's cluster in memory: nothing survives there that could be repaired.  Errors:
 * STATUS_CONFLICT for what a person has to look at first, STATUS_KAFKA when the broker is away. */
#ifndef CTL_REPAIR_H
#define CTL_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"
#include "consumers/ctl/ctl.h"
#include "consumers/ctl/operation.h"
#include "consumers/engine/bus.h"
#include "consumers/store/store.h"

#define REPAIR_ARGUMENTS_MAX 6 /* --store, --from, --partition, each with its value */

/* First offset of a partition of both topics, and the first one behind it. */
struct repair_ends {
    int64_t submitted_first;
    int64_t submitted;
    int64_t decided_first;
    int64_t decided;
};

struct repair {
    struct ctl *ctl;
    rd_kafka_t *committed;
    rd_kafka_t *uncommitted;
    uint32_t partitions_n;         /* of both topics */
    struct repair_ends *ends;      /* as of the last repair_stand() */
    char owner[BUS_METADATA_SIZE]; /* of the group's offsets then: "1 <ledger> <store> <host>" */
    /* The record of the act, between repair_begin() and repair_end(). */
    struct operation_act act;
    struct operation_writer *writer;
    const char *arguments[REPAIR_ARGUMENTS_MAX];
    char numbers[2][24];
};

/* gives its parts: repair_close(), also after failure.  Keeps ctl. */
MUST_CHECK enum status repair_open(struct repair *repair, struct ctl *ctl, struct failure *err);
/* status is the repair's: a store that is full or cannot be read is exit code 6. */
void repair_close(struct repair *repair, enum status status);

/* R1.  Waits 12 s for members to leave (one that was stopped counts until its session is over) and
 * 45 s for open transactions to end. */
MUST_CHECK enum status repair_stand(struct repair *repair, struct failure *err);

/* The group's offsets belong to no ledger or to this one, else STATUS_CONFLICT. */
MUST_CHECK enum status repair_check_ledger(const struct repair *repair,
                                           const uint8_t ledger_id[LEDGER_ID_SIZE],
                                           struct failure *err);
/* Does the text name this ledger and this store? */
bool repair_owns(const struct repair *repair, const struct store_ledger *ledger);

/* The text of the group's offsets for a store, with this machine's name. */
void repair_metadata(const struct store_ledger *ledger, char out[BUS_METADATA_SIZE]);

/* R2.  next_offsets has one entry a partition. */
MUST_CHECK enum status repair_take_group(struct repair *repair, const struct store_ledger *ledger,
                                         const int64_t *next_offsets, struct failure *err);

/* R3: where log, store and topic part.  offset is the input's, -1 = none. */
struct repair_difference {
    const char *place; /* "decision": the log leads to another one than is published; "journal" */
    uint32_t partition;
    int64_t offset;
    uint64_t number;
};
/* expected is what the log or the store has, found what is published; either may be empty (none).
 * Never STATUS_OK. */
MUST_CHECK enum status repair_differ(struct repair *repair,
                                     const struct repair_difference *difference,
                                     struct bytes expected, struct bytes found,
                                     struct failure *err);

/* R4: before the first change.  STATUS_DENIED (exit 5) for who has no operator's key. */
MUST_CHECK enum status repair_begin(struct repair *repair, struct failure *err);
/* After the last: text says what was done.  Returns status, that of the repair, or the failure of a
 * record that could not be written. */
MUST_CHECK enum status repair_end(struct repair *repair, enum status status, const char *text,
                                  struct failure *err);

/* Without --yes: STATUS_USAGE, after what would be done was printed. */
MUST_CHECK enum status repair_consent(const struct ctl *ctl, const char *deed, struct failure *err);

/* The store at --store, which no worker has open.  STATUS_NOTFOUND when there is none,
 * STATUS_CONFLICT while somebody has it.  gives *ret: store_close(). */
MUST_CHECK enum status repair_store_open(const struct ctl *ctl, struct store **ret,
                                         struct store_ledger *ret_ledger, struct failure *err);

#endif
