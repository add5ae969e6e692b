/* evidence_check.h - a bundle of evidence checked by itself: no Kafka, no store, no network.
 *
 * In one pass: every record is decided again under the bulletins of the file, whose signatures the
 * decider checks as the worker does, and each decision compared (part.h); each checkpoint's tree is
 * followed from the decisions to its root; then the digests of all sections, the exporter's
 * signature, and those of checkpoints and witnesses, by the operators that the file's own bulletins
 * name.  The ledger is the one that the founding record founds: whose it is, the reader has to know
 * from elsewhere (ledger_id).
 *
 * Whole partitions are proved without a gap from the founding record on, the states that a
 * checkpoint signs included; of one enterprise's share part.h says what is proved and what is not.
 * Decisions behind the last checkpoint stand on their chain and the exporter's signature alone, and
 * are counted.
 *
 * Errors: STATUS_INVALID when the file is no bundle; everything that is wrong inside of one is a
 * finding. */
#ifndef AUDIT_EVIDENCE_CHECK_H
#define AUDIT_EVIDENCE_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"
#include "consumers/audit/decision_diff.h"
#include "consumers/audit/evidence_file.h"

#define EVIDENCE_PERSON_SIZE 192

struct evidence_finding {
    char section[EVIDENCE_NAME_SIZE]; /* "head", "partition 3", "manifest" */
    int64_t partition;                /* -1 = none */
    int64_t offset;                   /* of the input, -1 = none */
    uint64_t number;                  /* of the decision, 0 = none */
    struct decision_diff diff;
};
typedef void evidence_finding_fn(void *arg, const struct evidence_finding *finding);
typedef void evidence_progress_fn(void *arg, uint64_t bytes);
typedef bool evidence_stop_fn(void *arg);

struct evidence_check_conf {
    FILE *file;               /* borrowed */
    const uint8_t *ledger_id; /* the one that it must be; NULL: any */
    bool is_scratch;          /* whole partitions are decided on the disk, in a temporary folder:
                                 memory does not grow with the filings */
    evidence_finding_fn *finding;
    evidence_progress_fn *progress; /* may be NULL, as the next */
    evidence_stop_fn *stop;
    void *arg;
};

/* What a partition of the file came to. */
struct evidence_proof {
    uint32_t partition;
    uint64_t records;
    uint64_t decisions;    /* compared */
    uint64_t first_number; /* of them */
    uint64_t last_number;  /* of them */
    uint64_t
        partition_decisions; /* that the exporter saw up to the last one, those of others too */
    uint64_t covered;        /* of the compared ones, by good checkpoints */
    uint64_t covered_to;     /* number of the last good checkpoint, 0 = none */
    uint64_t witnessed_to;   /* of the last one that a witness signed */
    uint32_t checkpoints;
    uint32_t states; /* digests of states compared */
};

struct evidence_report {
    uint8_t ledger_id[LEDGER_ID_SIZE];
    bool is_whole;
    char enterprise[32];
    int64_t from_ms;
    int64_t to_ms;
    int64_t exported_ms;
    char exporter[EVIDENCE_PERSON_SIZE]; /* person and key id */
    bool is_signed;                      /* rightly, by an operator who may */
    bool is_interrupted;
    uint32_t partitions_n; /* of the ledger */
    struct evidence_proof *proofs;
    size_t proofs_n;
    uint64_t findings;
};

/* Gives the report's proofs: evidence_report_fini(), also after a failure. */
MUST_CHECK enum status evidence_check(const struct evidence_check_conf *conf,
                                      struct evidence_report *report, struct failure *err);
void evidence_report_fini(struct evidence_report *report);

#endif
