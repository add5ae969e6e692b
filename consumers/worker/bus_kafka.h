/* bus_kafka.h - the engine's port to Kafka on librdkafka (consumers/engine/bus.h says what it
 * promises).
 *
 * Three consumers: the group's, whose thread is the engine's, and two that only look, without a
 * group. The publisher's thread owns the transactional producer (publisher.h), the asker's thread
 * asks the cluster (asker.h).  Signatures are verified by a thread a core, ahead of the engine
 * (verify_ahead.h). */
#ifndef WORKER_BUS_KAFKA_H
#define WORKER_BUS_KAFKA_H

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/engine/bus.h"
#include "kafka/settings.h"
#include "wire/headers.h"

struct bus_kafka_conf {
    struct kafka_options
        options; /* group, instance_id and transactional_id included; kept until close */
    const struct topics *topics; /* kept until close */
};

/* Joins the group with the first bus_poll().  gives *ret: bus_kafka_close(). */
MUST_CHECK enum status bus_kafka_open(const struct bus_kafka_conf *conf, struct bus **ret,
                                      struct failure *err);

/* Leaves the group.  A publication in flight is left to the broker.  False: a thread hangs in a
 * call that waits for the broker without end; the process has to leave with _exit(). */
bool bus_kafka_close(struct bus *bus);

/* Does a broker answer within timeout_ms? */
MUST_CHECK enum status bus_kafka_reach(struct bus *bus, int timeout_ms, struct failure *err);

/* A bulletin that was accepted before: the keys of banks in it are known to the threads that verify
 * ahead.  Those that come in the log are learned as they pass. */
void bus_kafka_learn(struct bus *bus, struct bytes content);

/* How long the publisher's step under way takes already, 0 = none: for the watchdog. */
int64_t bus_kafka_publisher_busy_us(struct bus *bus);

#endif
