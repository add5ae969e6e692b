/* log_reader.h - one partition of a topic, read from its start to an end that was fixed before.
 *
 * For audits: read_committed, no group, no position that anybody keeps, no producer.  Records come
 * in order; markers and aborted records are gaps in the offsets. */
#ifndef AUDIT_LOG_READER_H
#define AUDIT_LOG_READER_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"
#include "consumers/engine/bus.h"
#include "kafka/settings.h"

struct log_reader;

struct log_reader_conf {
    rd_kafka_t *handle; /* KAFKA_LOOK_COMMITTED, kept until close */
    const char *topic;
    uint32_t partition;
    int64_t from; /* first offset, which must be there */
    int64_t end;  /* offsets below it are read */
};

/* gives *ret: log_reader_close(). */
MUST_CHECK enum status log_reader_open(const struct log_reader_conf *conf, struct log_reader **ret,
                                       struct failure *err);
void log_reader_close(struct log_reader *reader);

/* Read on from another offset. */
MUST_CHECK enum status log_reader_seek(struct log_reader *reader, int64_t from,
                                       struct failure *err);

/* The record that came last comes once more. */
void log_reader_back(struct log_reader *reader);

/* Offset of the next record, as far as it is known: the one after the last. */
int64_t log_reader_offset(const struct log_reader *reader);

/* The next record, borrowed until the next call; *ret_end at the end.  STATUS_KAFKA when the broker
 * does not answer for 30 s, STATUS_CONFLICT when an offset below the end is not there any more. */
MUST_CHECK enum status log_reader_next(struct log_reader *reader, struct bus_record *ret,
                                       bool *ret_end, struct failure *err);

/* A message as a record, which borrows it. */
void log_record_lend(const rd_kafka_message_t *message, struct bus_record *ret);

#endif
