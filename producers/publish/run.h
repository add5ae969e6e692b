/* run.h - one input from its first record to its last acknowledgement.
 *
 *   READING --end of the input--> DRAINING --nothing outstanding--> done
 *      | signal, failure              | nothing acknowledged for 30 s, or 10 s after a signal
 *      +-----> DRAINING               +--> given up: what has no entry is sent again next time
 *
 * Promises:
 *   U1  every record of the input is counted once: published, refused, or had an entry before;
 *   U2  PUBLISHED is reported after the broker's acknowledgement and never before;
 *   U3  after a failure (broker, disk, key) nothing more is sent. */
#ifndef PUBLISH_RUN_H
#define PUBLISH_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/exit.h"
#include "base/status.h"
#include "producers/client/keyring.h"
#include "producers/client/sender.h"
#include "producers/formats/source.h"
#include "producers/publish/input.h"
#include "producers/publish/report.h"

struct run_conf {
    const struct input *input;
    enum source_format format;
    struct keyring *keyring;          /* NULL: unsigned */
    const struct sender_conf *sender; /* NULL: nothing is sent (--dry-run); received and arg are set
                                         by the run */
    struct report *report;            /* NULL: none */
    int wait_s;                       /* for decisions, after the last acknowledgement; 0: not */
};

struct run_result {
    uint64_t published;
    uint64_t refused;
    uint64_t before; /* had an entry in the report */
    uint64_t refused_before;
    uint64_t unacknowledged;
    uint64_t blank;
    uint64_t rejected; /* of the decisions that came */
    uint64_t undecided;
    bool is_interrupted;
};

/* Counts are right whatever the status is. */
MUST_CHECK enum status run_all(const struct run_conf *conf, struct run_result *ret,
                               struct failure *err);

#endif
