/* checkpointer.h - when a checkpoint is due, and a thread that makes it beside the engine (design,
 * section 6).
 *
 * The machine and its invariants stand at the top of checkpointer.c.  All functions are called by
 * the engine's thread and take NULL, which is a worker without a key: it writes no checkpoints. */
#ifndef WORKER_CHECKPOINTER_H
#define WORKER_CHECKPOINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/engine/engine.h"
#include "consumers/worker/checkpoint_maker.h"

struct checkpointer;

struct checkpointer_conf {
    struct checkpoint_maker_conf maker;
    uint64_t decisions; /* a partition's checkpoint is due after so many since the last */
    int64_t waiting_ms; /* and when one has waited so long for one */
};

/* Reads the key and starts the thread.  STATUS_DENIED when the key cannot be had.
 * gives *ret: checkpointer_close(). */
MUST_CHECK enum status checkpointer_open(const struct checkpointer_conf *conf,
                                         struct checkpointer **ret, struct failure *err);

/* False: the thread hangs in librdkafka and was left behind; leave the process with _exit(). */
bool checkpointer_close(struct checkpointer *checkpointer);

/* Between two steps of the engine: hands a snapshot to the thread when one is due, and takes what
 * the thread has done.  Waits for nothing but the store's own write. */
void checkpointer_turn(struct checkpointer *checkpointer, struct engine *engine);

/* After the engine and its store were closed in good order: the checkpoints that are due by number
 * of decisions, as far as the store has all states.  Waits for the broker. */
void checkpointer_finish(struct checkpointer *checkpointer);

struct checkpointer_counts {
    uint64_t written;
    uint64_t failed;
    int64_t waiting_ms; /* the longest that a partition has had decisions without a checkpoint */
};
void checkpointer_count(const struct checkpointer *checkpointer, struct checkpointer_counts *ret);
/* The decision up to which the partition's last checkpoint goes; 0 = none or not known. */
uint64_t checkpointer_number(const struct checkpointer *checkpointer, uint32_t partition);

#endif
