/* decider.h - deciding one partition: records in order, decisions into the open batch.
 *
 * The worker, recovery, replay, verification and packs decide with this and with nothing else.  A
 * decider holds where its partition stands, the states in memory and the held filings; everything
 * else it reads from the store and from the shared reference set, as of its own last bulletin.
 *
 * Promises:
 *   P1  a decision depends on the records of the partition up to its trigger and on nothing else
 *       (E9): no clock, no other partition, no time-out;
 *   P2  every record has a decision (design, section 2), and what it sets free is decided again in
 *       order of arrival (rulebook H5);
 *   P3  a record that triggers more than the conf's records_max decisions is cut: position.step
 * says where, the same record is given again and its own decision is not made again; P4  recovery
 * (decider_start()) makes every state complete up to the row and compares every decision that it
 * makes again with the journal's bytes; P5  in the steady state no record allocates.
 *
 * Errors: STATUS_CONFLICT is for a person (exit 78): no founding record at the start, a time stamp
 * that the broker did not set, rules that this program does not know, another content under a
 * bulletin's number, a journal that deciding again does not give.  After any error the decider is
 * good for decider_close() only. */
#ifndef ENGINE_DECIDER_H
#define ENGINE_DECIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/engine/batch.h"
#include "consumers/engine/bus.h"
#include "consumers/engine/desk.h"
#include "consumers/store/store.h"
#include "form/document.h"

struct decider;

struct decider_conf {
    uint32_t partition;
    uint32_t partitions_n; /* of the topic and of the ledger */
    uint8_t ledger_id[LEDGER_ID_SIZE];
    const char *topic;     /* full name of the submitted topic; kept */
    bool is_pack;          /* no founding record, filings count as rightly signed (rulebook 9) */
    bool is_broker_memory; /* a ledger founded in memory is decided on such a broker only */
    uint32_t records_max;  /* N of a batch; 0 = BATCH_RECORDS */
    size_t states_max;     /* clean states kept in memory; 0 = a good number */
};

/* Chain of a partition before its first decision. */
void decider_genesis(struct desk *desk, const struct decider_conf *conf, uint8_t out[DIGEST_SIZE]);

/* Keeps the desk.  gives *ret: decider_close(). */
MUST_CHECK enum status decider_open(struct desk *desk, const struct decider_conf *conf,
                                    struct decider **ret, struct failure *err);
void decider_close(struct decider *decider);

/* Stand where the row stands; held filings are read from the store.  *ret_from: the offset from
 * which records are to be given so that the states become complete (decider_recover()), -1 when
 * they are already. */
MUST_CHECK enum status decider_start(struct decider *decider, const struct store_row *row,
                                     int64_t *ret_from, struct failure *err);

/* One more record of those from *ret_from on.  *ret_done: the row is reached. */
MUST_CHECK enum status decider_recover(struct decider *decider, const struct bus_record *record,
                                       bool *ret_done, struct failure *err);

const struct store_position *decider_position(const struct decider *decider);

/* Decide a record into the part, which was reset for this partition's position.  A record below the
 * position is skipped.  *ret_cut: not all of it is decided; close the batch and give it again. */
MUST_CHECK enum status decider_record(struct decider *decider, const struct bus_record *record,
                                      struct batch_part *part, bool *ret_cut, struct failure *err);

/* For a part of a partition that is decided without the rest of it (consumers/audit/part.h).  Go on
 * from a higher number and its chain, as if others had been decided in between; the open batch is
 * empty. */
void decider_jump(struct decider *decider, uint64_t number, const uint8_t chain[DIGEST_SIZE]);
/* Something of the partition was received at ms: what comes next is not received earlier. */
void decider_received(struct decider *decider, int64_t ms);

/* What is known of the signature of the record decided last, for whoever decides the same record in
 * another world: as it was given, or as it was found. */
struct bus_verdict decider_verdict(const struct decider *decider);

/* The batch ends: put held filings and up to states_max states into the part and seal it.  Token is
 * the caller's. */
MUST_CHECK enum status decider_seal(struct decider *decider, struct batch_part *part,
                                    size_t states_max, struct store_part *ret, struct failure *err);

/* The part was stored: what memory is not needed may go. */
void decider_stored(struct decider *decider);

/* A line of a pack (rulebook section 9).  offset is its line number from 0. */
struct pack_filing {
    int64_t offset;
    int64_t received_ms;
    const struct document *doc;
    struct bytes filing; /* filing bytes: canonical, or those of I3 */
    bool has_encoding;   /* the bytes are canonical: without, the filing fails form */
    struct bytes value;  /* what is hashed as the record's value */
    struct bytes key;    /* the enterprise as filed */
};
MUST_CHECK enum status decider_pack_filing(struct decider *decider, const struct pack_filing *line,
                                           struct batch_part *part, struct failure *err);

/* A reference line: content is the bytes of a Content, value those of the Submission around it.
 * *ret_fault->text is not empty when the bulletin was refused. */
struct pack_reference {
    int64_t offset;
    struct bytes content;
    struct bytes value;
};
MUST_CHECK enum status decider_pack_reference(struct decider *decider,
                                              const struct pack_reference *line,
                                              struct batch_part *part, struct fault *ret_fault,
                                              struct failure *err);

/* The number that the next bulletin of the partition has. */
uint64_t decider_bulletin_next(const struct decider *decider);

/* For status: held filings, states in memory and dirty ones. */
struct decider_counts {
    size_t held_n;
    size_t states_n;
    size_t dirty_n;
};
struct decider_counts decider_counts(const struct decider *decider);

/* The state of an enterprise as of the position, NULL when none is known: for checkpoints and
 * packs; borrowed until the next call. */
MUST_CHECK enum status decider_state(struct decider *decider, const char code[ENTERPRISE_CODE_SIZE],
                                     const struct enterprise **ret, struct failure *err);

#endif
