/* worker_metrics.h - the engine's status as metrics. */
#ifndef WORKER_WORKER_METRICS_H
#define WORKER_WORKER_METRICS_H

#include "base/metrics.h"
#include "base/status.h"
#include "consumers/engine/engine.h"
#include "consumers/worker/checkpointer.h"

#define METRIC_PARTITIONS_MAX 64 /* partitions of one worker that are shown each for itself */

/* gives *ret: metrics_close(). */
MUST_CHECK enum status worker_metrics_open(struct metrics **ret, struct failure *err);

/* By the engine's thread. */
void worker_metrics_update(struct metrics *metrics, const struct engine *engine,
                           int64_t publisher_busy_us);

/* How many decisions the readable tables lag behind. */
void worker_metrics_views(struct metrics *metrics, uint64_t lag);

/* checkpointer may be NULL: no checkpoints are written. */
void worker_metrics_checkpoints(struct metrics *metrics, const struct engine *engine,
                                const struct checkpointer *checkpointer);

#endif
