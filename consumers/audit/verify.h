/* verify.h - proof that decisions and ledgers follow from the log: decide everything again and
 * compare.
 *
 * Reads filings.submitted.v1 and filings.decided.v1 (read_committed, no group, no producer) and,
 * when one is named, the live store (read-only).  Ends are fixed at the start; what comes later is
 * not looked at.
 *
 * Compares, in this order, for each partition:
 *   1  that the log begins with its first record: offset 0 is there and is the founding record;
 *   2  each decision made again with the topic's, byte for byte, its key too;
 *   3  each with the journal of the store;
 *   4  the store's enterprise states, filing index and held filings with what the log leads to;
 *   5  the readable tables, where they are true for the same decision.
 * Of the topic and of the journal the first difference of a partition is named, by field and both
 * values; of the other tables each, up to a cap. */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/store/store.h"
#include "kafka/settings.h"
#include "wire/headers.h"

#define FINDING_TEXT_SIZE 192

/* Where the log and what rests on it part. */
struct finding {
    const char *place; /* "log", "decision", "journal", "state", "filing index", "held",
                           "readable table …" */
    uint32_t partition;
    int64_t offset;                /* of the input, -1 = none */
    uint64_t number;               /* of the decision, 0 = none */
    char key[FINDING_TEXT_SIZE];   /* enterprise or filing; "" = none */
    char field[FINDING_TEXT_SIZE]; /* "" = the whole */
    char expected[FINDING_TEXT_SIZE];
    char found[FINDING_TEXT_SIZE];
};
typedef void verify_finding_fn(void *arg, const struct finding *finding);
typedef void verify_progress_fn(void *arg, uint64_t records, uint64_t records_n);
typedef bool verify_stop_fn(void *arg);

struct verify_conf {
    struct kafka_options kafka; /* bootstrap and properties */
    const struct topics *topics;
    const char *store; /* NULL or "": the topics alone */
    int64_t partition; /* -1 = all */
    verify_finding_fn *finding;
    verify_progress_fn *progress; /* may be NULL, as the next */
    verify_stop_fn *stop;         /* true: interrupted */
    void *arg;
};

struct verify_report {
    uint8_t ledger_id[LEDGER_ID_SIZE];
    bool has_store;
    bool is_interrupted;
    uint32_t partitions; /* looked at */
    uint64_t records;
    uint64_t decisions;
    uint64_t published; /* of them, compared with the topic */
    uint64_t stored;    /* of them, compared with the journal */
    uint64_t pending;   /* inputs that nobody has decided yet */
    uint64_t states;
    uint64_t
        states_behind; /* states that lag behind the journal: compared as of their own number */
    uint64_t filings;
    uint64_t held;
    uint64_t views; /* partitions whose readable tables were compared */
    uint64_t findings;
};

/* STATUS_OK also when there are findings: report->findings counts them. */
MUST_CHECK enum status verify_run(const struct verify_conf *conf, struct verify_report *report,
                                  struct failure *err);

#endif
