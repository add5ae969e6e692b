/* producer.h - one transactional producer, its EndTxn requests counted, renewed when in doubt.
 *
 * Promises:
 *   P1  no transaction begins on a handle whose last EndTxn was an abort or was sent more than
 * once: a late copy of that request could end the next transaction (no released librdkafka bumps
 * the epoch per transaction, KIP-890).  producer_begin() renews the handle first; P2  EndTxn
 * requests are counted as they leave (API key 26); librdkafka retries them silently, so neither an
 * answer nor a duration is evidence; P3  commit, abort and init wait without end: in 2.0.2 an
 * answer that meets its time-out kills the process on an assertion.  Who must not wait for ever
 * watches from another thread.
 *
 * One thread at a time.  Renewing takes 0.5 to 1 s: the coordinator fences the old epoch. */
#ifndef KAFKA_PRODUCER_H
#define KAFKA_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"
#include "kafka/error.h"
#include "kafka/settings.h"

struct producer;

/* Make the handle, initialise its transactional id and fetch the metadata of topic, without which
 * the first commit stalls for 0.9 s.  options and topic are copied, but for
 * the properties, which are kept until close.  gives *ret: producer_close().
 */
MUST_CHECK enum status producer_open(const struct kafka_options *options, const char *topic,
                                     struct producer **ret, struct failure *err);
void producer_close(struct producer *producer);

/* A new handle under the same transactional id, whatever became of the old one. */
MUST_CHECK enum status producer_recycle(struct producer *producer, struct failure *err);

/* Renews the handle first when P1 asks for it. */
enum kafka_next producer_begin(struct producer *producer, struct failure *err);

struct producer_header {
    const char *name;
    const void *value;
    size_t value_n;
};

struct producer_record {
    const char *topic;
    int32_t partition; /* RD_KAFKA_PARTITION_UA: by the key */
    const void *key;   /* NULL = none */
    size_t key_n;
    const void *value;
    size_t value_n;
    const struct producer_header *headers; /* NULL = none */
    size_t headers_n;
    /* Where the record's offset is written when it is delivered, NULL = nowhere; kept until flush.
     */
    int64_t *ret_offset;
};
/* Copies the record into the queue; waits for room while the queue is full. */
enum kafka_next producer_send(struct producer *producer, const struct producer_record *record,
                              struct failure *err);

/* Until nothing is outstanding; a record that failed makes the transaction one to abort. */
enum kafka_next producer_flush(struct producer *producer, struct failure *err);

enum kafka_next producer_send_offsets(struct producer *producer,
                                      const rd_kafka_topic_partition_list_t *offsets,
                                      const rd_kafka_consumer_group_metadata_t *metadata,
                                      struct failure *err);

/* *ret_clean is whether exactly one EndTxn left: written on KAFKA_NEXT_NONE. */
enum kafka_next producer_commit(struct producer *producer, bool *ret_clean, struct failure *err);

/* A fenced producer cannot abort: that is no failure here, the next begin renews it. */
enum kafka_next producer_abort(struct producer *producer, struct failure *err);

rd_kafka_t *producer_handle(struct producer *producer); /* borrowed until the next renewal */

#endif
