/* verify_share.h - one enterprise's share of the ledger, decided again and compared.
 *
 * Reads the enterprise's partition of both topics, of which it decides the enterprise's own records
 * and the bulletins only (part.h says what that proves and what not), and compares each decision
 * with the decision topic and, where a store is given, with its journal and the enterprise's state.
 * Ends are fixed at the start; nothing is written anywhere. */
#ifndef AUDIT_VERIFY_SHARE_H
#define AUDIT_VERIFY_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"
#include "consumers/audit/verify.h"

struct verify_share_conf {
    rd_kafka_t *handle; /* KAFKA_LOOK_COMMITTED, borrowed */
    const struct topics *topics;
    const char *store; /* NULL or "": the topics alone */
    const char *enterprise;
    uint32_t partitions_n;
    verify_finding_fn *finding;
    verify_progress_fn *progress; /* may be NULL, as the next */
    verify_stop_fn *stop;
    void *arg;
};

struct verify_share_report {
    uint32_t partition;
    bool has_store;
    bool is_interrupted;
    uint64_t records;             /* of the share */
    uint64_t decisions;           /* of the share, compared with the topic */
    uint64_t stored;              /* of them, compared with the journal */
    uint64_t pending;             /* records of the share that nobody has decided yet */
    uint64_t partition_decisions; /* that went by, those of others too */
    bool is_state_compared;
    uint64_t findings;
};

/* STATUS_OK also when there are findings.  STATUS_CONFLICT when the log does not reach back to its
 * first record. */
MUST_CHECK enum status verify_share(const struct verify_share_conf *conf,
                                    struct verify_share_report *report, struct failure *err);

#endif
