/* publisher.h - the thread that owns the transactional producer (design, section 4, Publish).
 *
 * It takes one finished publication at a time and answers with one outcome; nothing else crosses
 * between it and the engine's thread, so publishing overlaps deciding.
 *
 *              give                       done
 *     FREE ------------> IN_FLIGHT ----------------> ANSWERED --take--> FREE
 *
 * Keeps:
 *   E3  what it publishes was stored before: it is given nothing else;
 *   E7  every transaction carries the offsets of all its partitions, after flush, under the group
 *       metadata of the claim that handed it over; it never asks for newer;
 *   E8  it publishes the bytes that it is given;
 *   E10 one publication at a time: give() asserts that it is free;
 *   E11 the producer is renewed before the outcome is given whenever a transaction did not end with
 *       exactly one EndTxn (kafka/producer.h, P1). */
#ifndef WORKER_PUBLISHER_H
#define WORKER_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"
#include "consumers/engine/bus.h"
#include "kafka/settings.h"

struct publisher;

/* The producer is made by the thread; until it is there publications wait.  options and the topic
 * names are kept until close.  gives *ret: publisher_close(). */
struct publisher_conf {
    struct kafka_options options;
    const char *submitted; /* full topic names */
    const char *decided;
};
MUST_CHECK enum status publisher_open(const struct publisher_conf *conf, struct publisher **ret,
                                      struct failure *err);

/* Leaves a publication in flight to the broker.  False: the thread hangs in a call that waits for
 * the broker without end; nothing was freed, the process has to leave with _exit(). */
bool publisher_close(struct publisher *publisher);

/* Keeps publication and metadata until the outcome is taken. */
void publisher_give(struct publisher *publisher, const struct bus_publication *publication,
                    const rd_kafka_consumer_group_metadata_t *metadata);

/* bus_report() */
void publisher_take(struct publisher *publisher, int timeout_ms, struct bus_report *ret,
                    struct failure *err);

/* Monotonic microseconds of the start of what the thread is doing now, 0 = nothing: for the
 * watchdog. */
int64_t publisher_busy_since_us(struct publisher *publisher);

#endif
