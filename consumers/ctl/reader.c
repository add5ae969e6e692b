#include "consumers/ctl/reader.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/signals.h"
#include "kafka/admin.h"
#include "kafka/error.h"

#define POLL_MS 100

struct reader {
    rd_kafka_t *handle;
    rd_kafka_message_t *message;
};

static enum status no_topic(const char *topic, int code, struct failure *err)
{
    return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, code,
                       "there is no topic '%s', or not this partition of it: run 'filingctl "
                       "topics apply'",
                       topic);
}

/* librdkafka waits half a minute for a topic that is not there: ask first. */
static enum status check_topic(struct reader *r, const struct reader_place *place,
                               struct failure *err)
{
    int32_t n = 0;
    const enum status status =
        admin_partition_count(r->handle, place->topic, CTL_TIMEOUT_MS, &n, err);

    return status == STATUS_OK && place->partition >= n ? no_topic(place->topic, 0, err) : status;
}

enum status reader_open(const struct ctl *ctl, const struct reader_place *place,
                        struct reader **ret, struct failure *err)
{
    struct reader *r = calloc(1, sizeof(*r));
    enum status status;

    if (!r) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    status = ctl_kafka_open(ctl, KAFKA_LOOK_COMMITTED, &r->handle, err);
    if (status == STATUS_OK) {
        status = check_topic(r, place, err);
    }
    if (status == STATUS_OK) {
        status = reader_move(r, place, err);
    }
    if (status != STATUS_OK) {
        reader_close(r);
        return status;
    }
    *ret = r;
    return STATUS_OK;
}

static void drop_message(struct reader *r)
{
    if (r->message) {
        rd_kafka_message_destroy(r->message);
        r->message = NULL;
    }
}

void reader_close(struct reader *r)
{
    if (!r) {
        return;
    }
    drop_message(r);
    if (r->handle) {
        rd_kafka_destroy(r->handle);
    }
    free(r);
}

enum status reader_move(struct reader *r, const struct reader_place *place, struct failure *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t code;

    drop_message(r);
    rd_kafka_topic_partition_list_add(list, place->topic, place->partition)->offset = place->offset;
    code = rd_kafka_assign(r->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_failure_code(err, "read a topic", code, place->topic) : STATUS_OK;
}

static enum status fail(const rd_kafka_message_t *message, struct failure *err)
{
    const char *topic = message->rkt ? rd_kafka_topic_name(message->rkt) : "a topic";

    if (message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        message->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
        message->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
        return no_topic(topic, (int)message->err, err);
    }
    return kafka_failure_code(err, "read a topic", message->err, rd_kafka_message_errstr(message));
}

/* What librdkafka reports and gets over by itself. */
static bool is_passing(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
           code == RD_KAFKA_RESP_ERR__RESOLVE;
}

enum status reader_next(struct reader *r, const rd_kafka_message_t **ret, struct failure *err)
{
    const int64_t until_us = clock_monotonic_us() + CTL_TIMEOUT_MS * INT64_C(1000);

    while (clock_monotonic_us() < until_us && !signals_stop()) {
        drop_message(r);
        r->message = rd_kafka_consumer_poll(r->handle, POLL_MS);
        if (!r->message || is_passing(r->message->err)) {
            continue;
        }
        if (!r->message->err) {
            *ret = r->message;
            return STATUS_OK;
        }
        if (r->message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            return STATUS_NOTFOUND;
        }
        return fail(r->message, err);
    }
    return signals_stop() ? failure_set(err, STATUS_IO, REMEDY_STOP, 0, "interrupted")
                          : failure_set(err, STATUS_KAFKA, REMEDY_RETRY,
                                        RD_KAFKA_RESP_ERR__TIMED_OUT, "the broker does not answer");
}

rd_kafka_t *reader_handle(struct reader *r) { return r->handle; }
