/* dead_letters.h - the records that could not even be tried: undecodable, or not where they belong.
 *
 * A view, kept nowhere: the decisions of filings.decided.v1 with 101 at the empty pointer
 * (undecodable), or at /enterprise (wrong key or partition, rulebook I1), and the records at their
 * input offsets (design, section 2).  Nothing is produced here.
 *
 * Promises:
 *   L1  each dead letter of the bounds is shown once, in the order of its partition;
 *   L2  its reason is found from the record itself, by the workers' rules: the first that applies,
 *       in the order of enum dead_reason;
 *   L3  only letters of DEAD_NO_KEY, DEAD_WRONG_KEY and DEAD_WRONG_PARTITION have a partition where
 *       they belong: the filing names a credit code, whose partition it is. */
#ifndef AUDIT_DEAD_LETTERS_H
#define AUDIT_DEAD_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"
#include "consumers/audit/log_fetch.h"
#include "consumers/engine/bus.h"
#include "form/decision.h"
#include "wire/dissect.h"
#include "wire/headers.h"

enum dead_reason {
    DEAD_UNDECODABLE = 0,
    DEAD_NO_ENTERPRISE,   /* the filing names no credit code: it belongs nowhere */
    DEAD_NO_KEY,          /* the record has none */
    DEAD_WRONG_KEY,       /* another than the enterprise */
    DEAD_WRONG_PARTITION, /* the right key in another's partition */
    DEAD_REASON_N         /* count, not a value */
};

const char *dead_reason_name(enum dead_reason reason); /* "wrong key" */

struct dead_bounds {
    int64_t partition; /* -1 = all */
    int64_t from_ms;   /* received, both inclusive */
    int64_t to_ms;
    int64_t from_offset; /* of the records, both inclusive */
    int64_t to_offset;
};
/* Everything. */
void dead_bounds_init(struct dead_bounds *bounds);

/* Borrowed for the call. */
struct dead_letter {
    const struct decision *decision; /* with the identity as filed */
    struct bus_record record;
    enum dead_reason reason;
    struct wire_fault fault; /* of DEAD_UNDECODABLE */
    bool has_target;
    uint32_t target;               /* the enterprise's partition */
    const struct log_fetch *fetch; /* for log_fetch_header() */
};
typedef enum status dead_letter_fn(void *arg, const struct dead_letter *letter,
                                   struct failure *err);
typedef bool dead_stop_fn(void);

struct dead_conf {
    rd_kafka_t *handle; /* KAFKA_LOOK_COMMITTED, borrowed */
    const struct topics *topics;
    struct dead_bounds bounds;
    dead_stop_fn *stop; /* true: STATUS_IO "interrupted"; may be NULL */
};

/* Gives each to fn until it fails.  Ends are fixed at the start.  STATUS_CONFLICT when a record is
 * not there any more or the topics are of different sizes. */
MUST_CHECK enum status dead_letters_read(const struct dead_conf *conf, dead_letter_fn *fn,
                                         void *arg, struct failure *err);

/* Is it one by its own fields? */
bool dead_letter_decision(const struct decision *decision);

/* Of a record alone, without its decision: false when nothing is wrong with key, partition and
 * bytes.  Writes reason, fault, has_target and target. */
struct dead_case {
    const struct bus_record *record;
    uint32_t partitions_n;
};
bool dead_letter_judge(const struct dead_case *given, struct arena *arena, struct dead_letter *ret);

/* Partitions of both topics: STATUS_CONFLICT when there are none or they differ. */
MUST_CHECK enum status dead_letters_partitions(const struct dead_conf *conf, uint32_t *ret,
                                               struct failure *err);

#endif
