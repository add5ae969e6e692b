#include "consumers/ctl/sender.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/signals.h"
#include "kafka/admin.h"
#include "kafka/error.h"

#define ACK_US    (60 * INT64_C(1000000))
#define HURRY_US  (5 * INT64_C(1000000)) /* of a person who waits to be let go */
#define POLL_MS   100
#define PARTS_MAX 7

/* What the broker said of the record. */
struct receipt {
    bool is_there;
    rd_kafka_resp_err_t code;
    int64_t offset;
};

struct sender {
    rd_kafka_t *handle;
    struct receipt receipt; /* of the record under way */
};

static void take_receipt(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    struct sender *sender = opaque;

    (void)handle;
    sender->receipt =
        (struct receipt){.is_there = true, .code = message->err, .offset = message->offset};
}

enum status sender_open(const struct ctl *ctl, struct sender **ret, struct failure *err)
{
    const struct kafka_options options = ctl_kafka(ctl);
    struct sender *sender = calloc(1, sizeof(*sender));
    rd_kafka_conf_t *conf = NULL;
    enum status status;

    if (!sender) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    status = kafka_conf(KAFKA_IDEMPOTENT, &options, &conf, err);
    if (status == STATUS_OK) {
        rd_kafka_conf_set_dr_msg_cb(conf, take_receipt);
        rd_kafka_conf_set_opaque(conf, sender);
        status = kafka_open(KAFKA_IDEMPOTENT, conf, &sender->handle, err);
    }
    if (status == STATUS_OK) {
        status = admin_reach(sender->handle, options.bootstrap, CTL_TIMEOUT_MS, err);
    }
    if (status != STATUS_OK) {
        sender_close(sender);
        return status;
    }
    *ret = sender;
    return STATUS_OK;
}

void sender_close(struct sender *sender)
{
    if (!sender) {
        return;
    }
    if (sender->handle) {
        (void)rd_kafka_purge(sender->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(sender->handle);
    }
    free(sender);
}

/* librdkafka copies key and value, but its signature is older than const. */
static void *unconst(const void *at)
{
    void *out = NULL;

    memcpy(&out, &at, sizeof(out));
    return out;
}

static rd_kafka_headers_t *make_headers(const struct producer_record *record)
{
    rd_kafka_headers_t *list = rd_kafka_headers_new(record->headers_n + 1);

    for (size_t i = 0; i < record->headers_n; i++) {
        const struct producer_header *header = &record->headers[i];

        (void)rd_kafka_header_add(list, header->name, -1, header->value,
                                  header->value ? (ssize_t)header->value_n : 0);
    }
    return list;
}

static enum status produce(struct sender *sender, const struct producer_record *record,
                           struct failure *err)
{
    rd_kafka_headers_t *headers = make_headers(record);
    const rd_kafka_vu_t parts[PARTS_MAX] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = record->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {unconst(record->value), record->value_n}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {unconst(record->key), record->key_n}},
    };
    rd_kafka_error_t *error =
        rd_kafka_produceva(sender->handle, parts, record->key ? 6 : 5); /* the key is the last */

    if (error) {
        rd_kafka_headers_destroy(headers); /* ours until it is queued */
        return kafka_failure(err, "publish a record", error);
    }
    return STATUS_OK;
}

enum status sender_send(struct sender *sender, const struct producer_record *record,
                        int64_t *ret_offset, struct failure *err)
{
    const int64_t begun_us = clock_monotonic_us();
    enum status status;

    sender->receipt.is_there = false;
    status = produce(sender, record, err);
    if (status != STATUS_OK) {
        return status;
    }
    while (!sender->receipt.is_there &&
           clock_monotonic_us() - begun_us < (signals_stop() ? HURRY_US : ACK_US)) {
        (void)rd_kafka_poll(sender->handle, POLL_MS);
    }
    if (!sender->receipt.is_there) {
        return failure_set(err, STATUS_KAFKA, REMEDY_STOP, 0,
                           "a record was sent to '%s' but not acknowledged: it may be there or not",
                           record->topic);
    }
    if (sender->receipt.code) {
        return kafka_failure_code(err, "publish a record", sender->receipt.code, record->topic);
    }
    *ret_offset = sender->receipt.offset;
    if (record->ret_offset) {
        *record->ret_offset = sender->receipt.offset;
    }
    return STATUS_OK;
}

rd_kafka_t *sender_handle(struct sender *sender) { return sender->handle; }
