/* asker.h - a thread that asks the cluster what takes longer than the engine may wait.
 *
 * One question a kind and partition is open at a time; the same question asked again is the same
 * question until its answer was taken (bus.h, B5).  Nothing here is ever a position (E6): the
 * answers are barriers, ends and counts. */
#ifndef WORKER_ASKER_H
#define WORKER_ASKER_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"
#include "consumers/engine/bus.h"
#include "kafka/settings.h"

enum ask_kind {
    ASK_TOPICS,        /* partition 0 */
    ASK_LOG_START,     /* first offset of submitted[p] */
    ASK_INPUT_END,     /* high watermark of submitted[p] */
    ASK_HIGH_WATER,    /* high watermark of decided[p], read_uncommitted */
    ASK_GROUP_OFFSETS, /* stable offsets of all partitions */
    ASK_FENCE,         /* initialise text as transactional id */
    ASK_KIND_N
};

struct asker;

struct asker_conf {
    struct kafka_options options; /* without group and ids; kept until close */
    rd_kafka_t *uncommitted;      /* a read_uncommitted handle, kept until close */
    const char *submitted;        /* full names, kept until close */
    const char *decided;
    const char *group;
};
MUST_CHECK enum status asker_open(const struct asker_conf *conf, struct asker **ret,
                                  struct failure *err);
/* False as of publisher_close(). */
bool asker_close(struct asker *asker);

struct ask {
    enum ask_kind kind;
    uint32_t partition;
    const char *text; /* ASK_FENCE */
};

struct ask_answer {
    int64_t number;
    struct bus_topics topics;
    const struct bus_group_offset *offsets; /* one a partition of submitted; until the next question
                                               of this kind and partition */
    uint32_t offsets_n;
};

enum bus_answer asker_ask(struct asker *asker, const struct ask *ask, struct ask_answer *ret,
                          struct failure *err);
void asker_forget(struct asker *asker, uint32_t partition);

#endif
