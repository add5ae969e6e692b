#include "kafka/sender.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/error.h"

#define SENDER_MAGIC 0x73656e64u
#define POLL_MS      100

struct sender {
    uint32_t magic;
    rd_kafka_t *handle;
    bool is_answered;
    rd_kafka_resp_err_t code;
    int64_t offset;
};

static void take_receipt(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    struct sender *s = opaque;

    (void)handle;
    assert(s);
    assert(s->magic == SENDER_MAGIC);
    s->is_answered = true;
    s->code = message->err;
    s->offset = message->offset;
}

enum status sender_open(const struct kafka_options *options, struct sender **ret,
                        struct failure *err)
{
    struct sender *s = calloc(1, sizeof(*s));
    rd_kafka_conf_t *conf = NULL;
    enum status status;

    if (!s) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    s->magic = SENDER_MAGIC;
    status = kafka_conf(KAFKA_IDEMPOTENT, options, &conf, err);
    if (status == STATUS_OK) {
        rd_kafka_conf_set_dr_msg_cb(conf, take_receipt);
        rd_kafka_conf_set_opaque(conf, s);
        status = kafka_open(KAFKA_IDEMPOTENT, conf, &s->handle, err);
    }
    if (status != STATUS_OK) {
        sender_close(s);
        return status;
    }
    *ret = s;
    return STATUS_OK;
}

/* What is under way is given up: its caller was told so. */
static void give_up(struct sender *s)
{
    (void)rd_kafka_purge(s->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    (void)rd_kafka_poll(s->handle, POLL_MS);
}

void sender_close(struct sender *s)
{
    if (!s) {
        return;
    }
    if (s->handle) {
        give_up(s);
        rd_kafka_destroy(s->handle);
    }
    free(s);
}

/* librdkafka copies key and value, but its signature is older than const. */
static void *unconst(const void *at)
{
    void *out = NULL;

    memcpy(&out, &at, sizeof(out));
    return out;
}

static enum status produce(struct sender *s, const struct producer_record *record,
                           struct failure *err)
{
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = record->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {unconst(record->key), record->key_n}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {unconst(record->value), record->value_n}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
    };
    rd_kafka_error_t *error =
        rd_kafka_produceva(s->handle, parts, sizeof(parts) / sizeof(parts[0]));

    return error ? kafka_failure(err, "send a record", error) : STATUS_OK;
}

enum status sender_send(struct sender *s, const struct producer_record *record, int timeout_ms,
                        struct failure *err)
{
    const int64_t until_us = clock_monotonic_us() + timeout_ms * INT64_C(1000);
    enum status status;

    s->is_answered = false;
    status = produce(s, record, err);
    while (status == STATUS_OK && !s->is_answered && clock_monotonic_us() < until_us) {
        (void)rd_kafka_poll(s->handle, POLL_MS);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!s->is_answered) {
        give_up(s);
        return failure_set(err, STATUS_KAFKA, REMEDY_RETRY, 0,
                           "'%s': a record was sent but not acknowledged within %d s",
                           record->topic, timeout_ms / 1000);
    }
    if (s->code) {
        return kafka_failure_code(err, "send a record", s->code, NULL);
    }
    if (record->ret_offset) {
        *record->ret_offset = s->offset;
    }
    return STATUS_OK;
}
