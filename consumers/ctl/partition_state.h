/* partition_state.h - where each partition stands, in the log, in the group and in the store.
 *
 * For status and doctor.  What could not be had is told by the has_ members; nothing here writes.
 */
#ifndef CTL_PARTITION_STATE_H
#define CTL_PARTITION_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/ctl/ctl.h"
#include "consumers/ctl/lookup.h"
#include "consumers/engine/bus.h"

/* One partition of one topic. */
struct log_state {
    int64_t start;
    int64_t stable;   /* last stable offset */
    int64_t high;     /* high watermark */
    int64_t stood_ms; /* how long an open transaction has held the stable offset: from the append
                         time of its first record to now; -1 = none is open */
};

struct partition_state {
    struct log_state submitted;
    struct log_state decided;
    bool has_group; /* a committed offset is there */
    int64_t group_offset;
    char metadata[BUS_METADATA_SIZE];
    bool has_row;
    int64_t
        lag; /* submitted: offsets from the first record that is not decided to the stable one */
    struct store_row row;
};

/* Ask the cluster and, when lookup is not NULL, its store.  states has n elements. */
MUST_CHECK enum status partition_states_read(const struct ctl *ctl, struct lookup *lookup,
                                             struct partition_state *states, int32_t n,
                                             struct failure *err);

#endif
