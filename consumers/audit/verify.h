/* verify.h - proof that decisions and ledgers follow from the log: decide everything again and
 * compare.
 *
 * Reads filings.submitted.v1 and filings.decided.v1 (read_committed, no group, no producer) and,
 * when one is named, the live store (read-only).  The end of a partition is fixed when it is begun;
 * what comes later is not looked at.
 *
 * Compares, in this order, for each partition:
 *   1  that the log begins with its first record, and still has the record on which the store
 *      rests last;
 *   2  each decision made again with the topic's, byte for byte, its key too;
 *   3  each with the journal of the store;
 *   4  the store's enterprise states, filing index and held filings with what the log leads to;
 *   5  the readable tables, where they are true for the same decision;
 *   6  signed checkpoints, where their number is met: chain, tree of decisions, digest of states.
 * It counts what is missing by the banks' own sequence numbers when it sees the whole ledger in
 * one run.
 * Of the topic and of the journal the first difference of a partition is named, by field and both
 * values; of the other tables each, up to a cap.
 *
 * Promises:
 *   V1  what the report counts was compared: verify_part.skipped names every part that was not;
 *   V2  memory is bounded by the enterprises of the live store and by the threads, not by records:
 *       what the log leads to lies in a scratch store of each partition, in the work folder;
 *   V3  a run that was stopped or killed is gone on with, from what was saved last, by a run with
 *       the same options on the same work folder, to the same report;
 *   V4  findings are given by partition, ascending, however many threads there are. */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "consumers/audit/sequence_set.h"
#include "consumers/store/reference_set.h"
#include "consumers/store/store.h"
#include "kafka/settings.h"
#include "wire/headers.h"

#define FINDING_TEXT_SIZE  256
#define FINDING_PLACE_SIZE 40
#define VERIFY_NAME_SIZE   128

/* Where the log and what rests on it part. */
struct finding {
    char place[FINDING_PLACE_SIZE]; /* "log", "decision", "journal", "state", "filing index",
                                        "held", "readable table …", "checkpoint",
                                        "base", "reference topic", "ledger" */
    uint32_t partition;
    int64_t offset;                /* of the input, -1 = none */
    uint64_t number;               /* of the decision, 0 = none */
    char key[FINDING_TEXT_SIZE];   /* enterprise or filing; "" = none */
    char field[FINDING_TEXT_SIZE]; /* "" = the whole */
    char expected[FINDING_TEXT_SIZE];
    char found[FINDING_TEXT_SIZE];
};
/* All three are called by the thread that called verify_run(). */
typedef void verify_finding_fn(void *arg, const struct finding *finding);
typedef void verify_progress_fn(void *arg, uint64_t records, uint64_t records_n);
typedef bool verify_stop_fn(void *arg);

/* What is compared.  What lies before is decided, because states rest on it, and not compared. */
struct verify_bounds {
    int64_t from_ms, to_ms;         /* received, inclusive; INT64_MIN and INT64_MAX = none */
    int64_t from_offset, to_offset; /* of submitted, inclusive; 0 and INT64_MAX = none */
};

struct verify_conf {
    struct kafka_options kafka; /* bootstrap and properties */
    const struct topics *topics;
    const char *store;      /* NULL or "": the topics alone */
    int64_t partition;      /* -1 = all */
    const char *enterprise; /* NULL = all, else only what was decided of this one is compared */
    struct verify_bounds bounds;
    /* The ledger's bulletins, against which checkpoints are judged; NULL: checkpoints are not
     * looked at.  as_of is the last of them. */
    const struct reference_set *references;
    int64_t references_as_of;
    const uint8_t *references_ledger; /* LEDGER_ID_SIZE bytes */
    /* With base, a backup of a store, one partition is proved from this checkpoint on. */
    const char *base;
    uint64_t base_checkpoint;
    const char *work; /* folder that is kept, NULL = a temporary one */
    uint32_t threads; /* 0 = one a core */
    verify_finding_fn *finding;
    verify_progress_fn *progress; /* may be NULL, as the next */
    verify_stop_fn *stop;         /* true: interrupted */
    void *arg;
};

/* What was not looked at. */
enum verify_skip {
    VERIFY_SKIP_STORE,    /* no store was named */
    VERIFY_SKIP_UNOWNED,  /* the store has nothing of this partition */
    VERIFY_SKIP_BEFORE,   /* what was received before `from` */
    VERIFY_SKIP_AFTER,    /* what was received after `to` */
    VERIFY_SKIP_OTHERS,   /* other enterprises */
    VERIFY_SKIP_LATER,    /* states, index rows or held filings of later decisions */
    VERIFY_SKIP_VIEWS,    /* readable tables: there are none, or they are true for another number */
    VERIFY_SKIP_REST,     /* everything after the first difference of topic or journal */
    VERIFY_SKIP_SEQUENCE, /* gaps in the banks' sequence numbers */
    VERIFY_SKIP_CHECKPOINTS, /* there is no register to judge them by, or no topic */
    VERIFY_SKIP_TREES,       /* trees of checkpoints that begin before what is compared */
    VERIFY_SKIP_BASE,        /* filing ids and undos of the base: no checkpoint signs them */
    VERIFY_SKIP_N
};
/* For a person: "readable tables: none, or true for another decision". */
const char *verify_skip_text(enum verify_skip skip);

struct verify_part {
    uint32_t partition;
    bool is_done; /* to its end, whatever was found */
    uint8_t ledger_id[LEDGER_ID_SIZE];
    int64_t first_offset; /* of the records whose decisions were compared, -1 = none */
    int64_t last_offset;
    uint64_t first_number; /* of the decisions compared, 0 = none */
    uint64_t last_number;
    uint64_t records; /* decided again */
    uint64_t decisions;
    uint64_t published; /* of them, compared with the topic */
    uint64_t stored;    /* of them, compared with the journal */
    uint64_t pending;   /* inputs that nobody has decided yet */
    uint64_t states;
    uint64_t states_behind; /* states that lag behind the journal, whose moment was not met */
    uint64_t filings;
    uint64_t held;
    uint64_t views; /* 1: the readable tables were compared */
    uint64_t findings;
    uint64_t checkpoints_known; /* all that the topic has, good or not */
    uint64_t checkpoints;       /* of them, compared without a difference */
    uint64_t checkpoint;        /* number of the last of these, 0 = none */
    uint32_t witnesses;         /* good ones of it */
    char checkpoint_key[VERIFY_NAME_SIZE];
    char checkpoint_person[VERIFY_NAME_SIZE];
    char witnessed_by[VERIFY_NAME_SIZE];
    uint32_t skipped; /* bit of each enum verify_skip */
};

struct verify_report {
    uint8_t ledger_id[LEDGER_ID_SIZE];
    bool has_store;
    bool is_interrupted;
    struct verify_part total; /* sums; partition is the count of those done */
    struct verify_part *parts;
    uint32_t parts_n; /* those that were to be looked at, ascending */
    /* By the banks' own numbers; known when the whole ledger was decided, without a work folder
     * that is kept.  A gap is no
     * finding: what is missing may still be on its way. */
    struct sequence_gaps sequences;
};

/* STATUS_OK also when there are findings: report->total.findings counts them.  report: gives its
 * parts, also after failure; verify_report_fini().  STATUS_USAGE: no such partition, or a work
 * folder of something else. */
MUST_CHECK enum status verify_run(const struct verify_conf *conf, struct verify_report *report,
                                  struct failure *err);
void verify_report_fini(struct verify_report *report);

#endif
