/* what_if_log.h - what_if.h over the whole log: whole partitions in parallel, one thread a core.
 *
 * Reads filings.submitted.v1 (read_committed, no group, no producer); ends are fixed at the start.
 * Rows of partitions are spooled to a temporary file that has no name, so that memory does not grow
 * with them, and are told afterwards in order of partition (W2), by the calling thread.
 *
 * Errors: STATUS_CONFLICT when a partition does not begin with the founding record (nothing below
 * its first offset is there any more, or it is empty) or cannot be decided; STATUS_KAFKA when no
 * broker answers; STATUS_IO when the temporary file cannot be written. */
#ifndef AUDIT_WHAT_IF_LOG_H
#define AUDIT_WHAT_IF_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/audit/what_if.h"
#include "kafka/settings.h"
#include "wire/headers.h"

typedef void what_if_progress_fn(void *arg, uint64_t records, uint64_t records_n);
typedef bool what_if_stop_fn(void *arg);

/* Everything is borrowed for the run. */
struct what_if_log_conf {
    struct kafka_options kafka; /* bootstrap and properties */
    const struct topics *topics;
    const struct policy *policy;
    int64_t from_ms; /* as in what_if.h */
    int64_t to_ms;
    uint32_t threads; /* 0 = one a core */
    what_if_flip_fn *flip;
    what_if_breach_fn *breach;
    what_if_progress_fn *progress; /* may be NULL, as the next; both from the calling thread */
    what_if_stop_fn *stop;         /* true: interrupted */
    void *arg;
};

struct what_if_log_report {
    bool is_interrupted; /* then no row was told */
    uint32_t partitions;
    struct what_if_counts counts;
};

MUST_CHECK enum status what_if_log_run(const struct what_if_log_conf *conf,
                                       struct what_if_log_report *report, struct failure *err);

#endif
