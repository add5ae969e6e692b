#include "consumers/audit/log_reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/error.h"

#define WAIT_MS    500
#define SILENCE_US (30 * INT64_C(1000000))
#define TAKEN_MAX  512 /* messages taken from librdkafka at once: a lock for each would be dear */

struct log_reader {
    struct log_reader_conf conf;
    rd_kafka_topic_t *topic;
    bool is_started;
    bool is_at_end;
    int64_t offset; /* the one after the last record */
    rd_kafka_message_t *taken[TAKEN_MAX];
    size_t taken_n;
    size_t at;    /* taken[at - 1] is lent until the next call */
    size_t freed; /* those below are given back */
};

static enum status start(struct log_reader *r, int64_t from, struct failure *err)
{
    r->is_at_end = from >= r->conf.end;
    r->offset = from;
    if (rd_kafka_consume_start(r->topic, (int32_t)r->conf.partition, from)) {
        return kafka_failure_code(err, "read a partition", rd_kafka_last_error(), NULL);
    }
    r->is_started = true;
    return STATUS_OK;
}

static void give_back(struct log_reader *r, size_t below)
{
    for (; r->freed < below; r->freed++) {
        rd_kafka_message_destroy(r->taken[r->freed]);
    }
}

static void stop(struct log_reader *r)
{
    give_back(r, r->taken_n);
    r->taken_n = r->at = r->freed = 0;
    if (r->is_started) {
        (void)rd_kafka_consume_stop(r->topic, (int32_t)r->conf.partition);
        r->is_started = false;
    }
}

enum status log_reader_open(const struct log_reader_conf *conf, struct log_reader **ret,
                            struct failure *err)
{
    struct log_reader *r = calloc(1, sizeof(*r));
    enum status status;

    if (!r) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    r->conf = *conf;
    r->topic = rd_kafka_topic_new(conf->handle, conf->topic, NULL);
    status = r->topic ? start(r, conf->from, err)
                      : kafka_failure_code(err, "read a partition", rd_kafka_last_error(), NULL);
    if (status != STATUS_OK) {
        log_reader_close(r);
        return status;
    }
    *ret = r;
    return STATUS_OK;
}

void log_reader_close(struct log_reader *r)
{
    if (!r) {
        return;
    }
    stop(r);
    if (r->topic) {
        rd_kafka_topic_destroy(r->topic);
    }
    free(r);
}

enum status log_reader_seek(struct log_reader *r, int64_t from, struct failure *err)
{
    stop(r);
    return start(r, from, err);
}

int64_t log_reader_offset(const struct log_reader *r) { return r->offset; }

void log_reader_back(struct log_reader *r)
{
    assert(r->at > r->freed);
    r->at--;
    r->offset = r->taken[r->at]->offset;
}

static enum status failed(const struct log_reader *r, const rd_kafka_message_t *m,
                          struct failure *err)
{
    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, (int)m->err,
                           "'%s' partition %" PRIu32 ": offset %" PRId64 " is not there any more",
                           r->conf.topic, r->conf.partition, r->conf.from);
    }
    return kafka_failure_code(err, "read a partition", m->err, rd_kafka_message_errstr(m));
}

void log_record_lend(const rd_kafka_message_t *m, struct bus_record *ret)
{
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;

    *ret = (struct bus_record){.partition = (uint32_t)m->partition,
                               .offset = m->offset,
                               .has_key = m->key != NULL,
                               .has_value = m->payload != NULL,
                               .key = m->key,
                               .key_n = m->key_len,
                               .value = m->payload,
                               .value_n = m->len};
    ret->timestamp_ms = rd_kafka_message_timestamp(m, &type);
    ret->log_append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
}

/* What is there now, else the first message that comes.  With a time-out librdkafka would wait
 * until all that are asked for are there. */
static size_t take_some(struct log_reader *r)
{
    const int32_t partition = (int32_t)r->conf.partition;
    const ssize_t n = rd_kafka_consume_batch(r->topic, partition, 0, r->taken, TAKEN_MAX);

    if (n > 0) {
        return (size_t)n;
    }
    (void)rd_kafka_poll(r->conf.handle, 0);
    r->taken[0] = rd_kafka_consume(r->topic, partition, WAIT_MS);
    return r->taken[0] ? 1 : 0;
}

/* Messages, the end of the partition among them; none when nothing came for too long. */
static enum status take(struct log_reader *r, struct failure *err)
{
    const int64_t until_us = clock_monotonic_us() + SILENCE_US;

    r->at = r->freed = 0;
    do {
        r->taken_n = take_some(r);
        if (r->taken_n > 0) {
            return STATUS_OK;
        }
    } while (clock_monotonic_us() < until_us);
    return failure_set(err, STATUS_KAFKA, REMEDY_RETRY, 0,
                       "'%s' partition %" PRIu32 ": no answer from the broker", r->conf.topic,
                       r->conf.partition);
}

enum status log_reader_next(struct log_reader *r, struct bus_record *ret, bool *ret_end,
                            struct failure *err)
{
    enum status status = STATUS_OK;

    *ret_end = false;
    give_back(r, r->at);
    while (!r->is_at_end) {
        const rd_kafka_message_t *m;

        if (r->at == r->taken_n) {
            give_back(r, r->at);
            status = take(r, err);
        }
        if (status != STATUS_OK) {
            return status;
        }
        m = r->taken[r->at++];
        if (!m->err && m->offset < r->conf.end) {
            r->offset = m->offset + 1;
            log_record_lend(m, ret);
            return STATUS_OK;
        }
        if (m->err && m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            return failed(r, m, err);
        }
        /* A record or an end of what is committed, at or above the fixed end; below it, wait on. */
        r->is_at_end = m->offset >= r->conf.end;
    }
    *ret_end = true;
    return STATUS_OK;
}
