/* topics.h - the five topics as they must be (design, section 2), against what a cluster has.
 *
 * One inspection serves topics apply, topics show and doctor.  A setting is WEAKER when it keeps
 * less than it must (apply raises it) and STRONGER when it keeps more (nothing lowers it). */
#ifndef CTL_TOPICS_H
#define CTL_TOPICS_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"
#include "consumers/ctl/ctl.h"

#define TOPICS_N           5
#define TOPIC_SETTINGS_MAX 9
#define TOPIC_VALUE_SIZE   96

enum topic_verdict { TOPIC_RIGHT, TOPIC_WEAKER, TOPIC_STRONGER };

struct topic_setting {
    const char *name; /* "partitions", "replication", or a setting of Kafka's */
    char found[TOPIC_VALUE_SIZE];
    char wanted[TOPIC_VALUE_SIZE];
    enum topic_verdict verdict;
};

struct topic_state {
    const char *topic;
    bool is_submitted; /* its time stamps are the broker's */
    bool is_there;
    int32_t partitions_wanted;
    int32_t partitions;
    int32_t replication;
    uint32_t settings_n;
    struct topic_setting settings[TOPIC_SETTINGS_MAX];
};

struct topics_wanted {
    int32_t partitions;
    int32_t replication;
    int32_t min_isr;
};

struct topics_state {
    int32_t brokers_n;
    bool is_in_memory; /* a mock cluster: it has topics, but no settings */
    struct topic_state topics[TOPICS_N];
};

MUST_CHECK enum status topics_inspect(const struct ctl *ctl, rd_kafka_t *handle,
                                      const struct topics_wanted *wanted, struct topics_state *ret,
                                      struct failure *err);

#endif
