#include "consumers/audit/log_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/error.h"

#define WAIT_MS    500
#define SILENCE_US (30 * INT64_C(1000000))

struct log_reader {
    struct log_reader_conf conf;
    rd_kafka_topic_t *topic;
    bool is_started;
    bool is_at_end;
    rd_kafka_message_t *message; /* lent until the next call */
};

enum status log_reader_open(const struct log_reader_conf *conf, struct log_reader **ret,
                            struct failure *err)
{
    struct log_reader *r = calloc(1, sizeof(*r));

    if (!r) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    r->conf = *conf;
    r->is_at_end = conf->from >= conf->end;
    r->topic = rd_kafka_topic_new(conf->handle, conf->topic, NULL);
    if (!r->topic || rd_kafka_consume_start(r->topic, (int32_t)conf->partition, conf->from)) {
        const rd_kafka_resp_err_t code = rd_kafka_last_error();

        log_reader_close(r);
        return kafka_failure_code(err, "read a partition", code, NULL);
    }
    r->is_started = true;
    *ret = r;
    return STATUS_OK;
}

void log_reader_close(struct log_reader *r)
{
    if (!r) {
        return;
    }
    if (r->message) {
        rd_kafka_message_destroy(r->message);
    }
    if (r->is_started) {
        (void)rd_kafka_consume_stop(r->topic, (int32_t)r->conf.partition);
    }
    if (r->topic) {
        rd_kafka_topic_destroy(r->topic);
    }
    free(r);
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

static void lend(const rd_kafka_message_t *m, struct bus_record *ret)
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

/* A message, the end of the partition among them; NULL when nothing came for too long. */
static rd_kafka_message_t *wait_message(struct log_reader *r)
{
    const int64_t until_us = clock_monotonic_us() + SILENCE_US;
    rd_kafka_message_t *m = NULL;

    while (!m && clock_monotonic_us() < until_us) {
        m = rd_kafka_consume(r->topic, (int32_t)r->conf.partition, WAIT_MS);
        rd_kafka_poll(r->conf.handle, 0);
    }
    return m;
}

enum status log_reader_next(struct log_reader *r, struct bus_record *ret, bool *ret_end,
                            struct failure *err)
{
    if (r->message) {
        rd_kafka_message_destroy(r->message);
        r->message = NULL;
    }
    *ret_end = false;
    while (!r->is_at_end) {
        r->message = wait_message(r);
        if (!r->message) {
            return failure_set(err, STATUS_KAFKA, REMEDY_RETRY, 0,
                               "'%s' partition %" PRIu32 ": no answer from the broker",
                               r->conf.topic, r->conf.partition);
        }
        if (!r->message->err && r->message->offset < r->conf.end) {
            lend(r->message, ret);
            return STATUS_OK;
        }
        if (r->message->err && r->message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            return failed(r, r->message, err);
        }
        /* A record or an end of what is committed, at or above the fixed end; below it, wait on. */
        r->is_at_end = r->message->offset >= r->conf.end;
        rd_kafka_message_destroy(r->message);
        r->message = NULL;
    }
    *ret_end = true;
    return STATUS_OK;
}
