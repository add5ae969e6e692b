/* verify_inside.h - what the parts of verify share: one partition being verified.
 *
 * verify.c            threads, the order of the report
 * verify_work.c       the work folder
 * verify_case.c       one partition from its first record to its last
 * verify_decisions.c  decisions with the topic and with the journal
 * verify_positions.c  where the store says that it stands
 * verify_blame.c      a decision differs: is it the log, the topic, what of it?
 * verify_store.c      states, index, bulletins and held filings
 * verify_views.c      readable tables */
#ifndef AUDIT_VERIFY_INSIDE_H
#define AUDIT_VERIFY_INSIDE_H

#include <stdatomic.h>

#include "consumers/audit/checkpoint_book.h"
#include "consumers/audit/log_reader.h"
#include "consumers/audit/replay.h"
#include "consumers/audit/verify.h"
#include "consumers/engine/journal.h"
#include "wire/hash.h"

#define FINDINGS_MAX     100 /* given of one partition; the rest is counted */
#define VERIFY_ANSWER_MS 10000
#define VERIFY_PATH_SIZE 4096

/* ---- the work folder: verify_work.c ---- */

struct verify_work {
    char folder[VERIFY_PATH_SIZE];
    bool is_kept;
    int lock_fd;
};

/* What a run is of: a folder of another is refused with STATUS_USAGE, by its first line that
 * differs.  Takes text as "name value" lines. */
MUST_CHECK enum status verify_work_open(const char *folder, struct bytes manifest,
                                        struct verify_work *ret, struct failure *err);
/* A temporary folder goes with all that is in it.  Takes one that was not opened (folder ""). */
void verify_work_close(struct verify_work *work);
void verify_work_file(const struct verify_work *work, uint32_t partition, const char *end,
                      char out[VERIFY_PATH_SIZE]);
/* The manifest of a run. */
MUST_CHECK enum status verify_manifest(const struct verify_conf *conf,
                                       const uint8_t ledger_id[LEDGER_ID_SIZE], struct buffer *out,
                                       struct failure *err);

/* ---- one partition: verify_case.c ---- */

struct ends {
    int64_t first; /* of submitted */
    int64_t submitted;
    int64_t decided_first;
    int64_t decided;
};

/* What the threads share. */
struct verify_shared {
    const struct verify_conf *conf;
    const struct verify_work *work;
    const struct checkpoint_book *book; /* judged; NULL: checkpoints are not looked at */
    uint32_t partitions_n;
    uint32_t first_partition; /* of those that are verified */
    _Atomic bool is_stopping;
    _Atomic uint64_t records; /* decided again, by all */
};

/* One thread's. */
struct verify_thread {
    struct verify_shared *shared;
    rd_kafka_t *handle;
    struct store *live;             /* NULL: no store was named */
    struct sequence_set *sequences; /* of all partitions that it decided */
};

struct verify_findings {
    struct finding at[FINDINGS_MAX];
    size_t n;
};

/* A tree of RFC 6962 that grows by a leaf; its root is known at any time. */
#define VERIFY_TREE_LEVELS 48
#define VERIFY_TREES       4 /* that grow at a time; they begin behind each other's end as a rule */
struct verify_tree {
    uint64_t first_number; /* of the decision that is its first leaf, 0 = not in use */
    uint64_t until;        /* the last checkpoint that needs it */
    uint64_t n;
    uint8_t nodes[VERIFY_TREE_LEVELS][DIGEST_SIZE];
};
void verify_tree_add(struct verify_tree *tree, struct hash *hash, const uint8_t leaf[DIGEST_SIZE]);
/* n is not 0. */
void verify_tree_root(const struct verify_tree *tree, struct hash *hash, uint8_t out[DIGEST_SIZE]);

/* The live store's states and held filings, read at one moment before the replay. */
struct live_states;

struct verify_case {
    const struct verify_conf *conf;
    struct verify_thread *thread;
    struct verify_part *part;
    struct verify_findings *findings;
    uint32_t partition;
    struct ends ends;
    struct replay *replay;
    struct log_reader *input;
    struct log_reader *decided;
    struct hash *hash;
    int64_t saved_us;
    bool is_comparing;          /* `from` was reached */
    uint8_t chain[DIGEST_SIZE]; /* of the last decision compared */
    int64_t decided_offset;     /* where the last run stood in the topic, -1 = nowhere */
    bool is_short;              /* `to` ended it, not the log */
    bool is_refuted;            /* the base does not lead to its checkpoint */
    bool is_moved;              /* the store went on since the first run */
    bool decided_ended;
    bool decided_differs; /* the first difference was named */
    struct store *live;   /* NULL: no store, or nothing of this partition in it */
    struct store_row row; /* of the live store at the start */
    struct journal_reader journal;
    struct buffer journal_copy;
    bool journal_is_read;
    bool journal_differs;
    struct live_states *states;
    struct store_position *positions; /* behind each record since the last flush, and one before */
    size_t positions_n, positions_max;
    const struct checkpoint_entry *checkpoints; /* of this partition, ascending */
    size_t checkpoints_n;
    size_t checkpoints_at;    /* the next good one */
    uint64_t checkpoint_next; /* its number, UINT64_MAX = none */
    uint64_t tree_next;       /* first number of the next tree, UINT64_MAX = none */
    bool checkpoint_differs;
    struct verify_tree trees[VERIFY_TREES];
};

/* Verify it, from the start or from what was saved.  Findings and part are the result. */
MUST_CHECK enum status verify_partition(struct verify_thread *thread, struct verify_part *part,
                                        struct verify_findings *findings, struct failure *err);

/* A handle that reads what is committed.  gives *ret: rd_kafka_destroy(). */
MUST_CHECK enum status verify_open_handle(const struct verify_conf *conf, rd_kafka_t **ret,
                                          struct failure *err);
MUST_CHECK enum status verify_ends(rd_kafka_t *handle, const struct topics *topics,
                                   uint32_t partition, struct ends *ret, struct failure *err);

void verify_report_finding(struct verify_case *c, const struct finding *finding);
void verify_skip(struct verify_case *c, enum verify_skip skip);

/* ---- decisions: verify_decisions.c ---- */

/* Stand in topic and journal before the decision that comes next, of which the chain is
 * c->chain. */
MUST_CHECK enum status verify_decisions_begin(struct verify_case *c, struct failure *err);
/* One decision made again: with the topic, with the journal. */
MUST_CHECK enum status verify_decision(struct verify_case *c, const struct journal_entry *made,
                                       struct failure *err);
/* After the last: is there more in the topic, in the journal? */
MUST_CHECK enum status verify_decisions_end(struct verify_case *c, uint64_t number,
                                            struct failure *err);

/* ---- positions: verify_positions.c ---- */

/* The replay stands between two records. */
MUST_CHECK enum status verify_positions_note(struct verify_case *c, struct failure *err);
/* All decisions up to the last position noted, or to the record behind it, were compared. */
void verify_positions_flushed(struct verify_case *c);
/* A journal row that begins with the next decision to be compared. */
void verify_positions_row(struct verify_case *c, const struct store_journal_row *row);

/* ---- who is to blame: verify_blame.c ---- */

/* The number of a decision, which is its first field; false when the bytes are none. */
bool verify_number_of(struct bytes value, uint64_t *ret);

/* The topic has other bytes than deciding again gives: name what differs.  found is the record
 * of the topic, the reader stands behind it. */
MUST_CHECK enum status verify_blame(struct verify_case *c, const struct journal_entry *made,
                                    const struct bus_record *found, struct failure *err);

/* ---- checkpoints: verify_checkpoints.c ---- */

void verify_checkpoints_open(struct verify_case *c);
/* The next one is the first at or behind the number. */
void verify_checkpoints_begin(struct verify_case *c, uint64_t number);
void verify_checkpoints_decision(struct verify_case *c, const struct journal_entry *made);
/* c->checkpoint_next is reached, everything before is flushed and saved. */
MUST_CHECK enum status verify_checkpoints_look(struct verify_case *c, struct failure *err);
MUST_CHECK enum status verify_checkpoints_end(struct verify_case *c, struct failure *err);
/* The first good one behind an input offset; NULL = none. */
const struct checkpoint_entry *verify_checkpoints_after(const struct verify_case *c,
                                                        int64_t offset);

/* ---- beginning from a backup: verify_base.c ---- */

/* Copy the base into the scratch store's place. */
MUST_CHECK enum status verify_base_copy(const struct verify_case *c, const char *file,
                                        struct failure *err);
/* Findings here end the partition: c->is_refuted. */
void verify_base_check(struct verify_case *c);
void verify_base_unreached(struct verify_case *c);

/* ---- the store: verify_store.c ---- */

/* only: an enterprise, NULL = all. */
MUST_CHECK enum status live_states_read(struct store *live, uint32_t partition, const char *only,
                                        struct live_states **ret, struct failure *err);
void live_states_close(struct live_states *states);
/* The state of this enterprise may have changed: compare it if the live one is of this moment. */
MUST_CHECK enum status live_states_look(struct verify_case *c, const char *code,
                                        struct failure *err);
/* The same for all that were not compared yet (after a bulletin, after resuming). */
MUST_CHECK enum status live_states_look_all(struct verify_case *c, struct failure *err);
/* After the last record: what was never met differs. */
MUST_CHECK enum status live_states_end(struct verify_case *c, struct failure *err);

MUST_CHECK enum status verify_index(struct verify_case *c, struct failure *err);
MUST_CHECK enum status verify_bulletins(struct verify_case *c, struct failure *err);
MUST_CHECK enum status verify_held(struct verify_case *c, struct failure *err);
MUST_CHECK enum status verify_views(struct verify_case *c, struct failure *err);
/* Are there readable tables beside the live store? */
bool verify_has_views(const struct verify_case *c);

#endif
