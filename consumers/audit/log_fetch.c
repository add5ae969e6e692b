#include "consumers/audit/log_fetch.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "consumers/audit/log_reader.h"
#include "kafka/error.h"

#define WAIT_MS    500
#define SILENCE_US (30 * INT64_C(1000000))
#define NEAR       1000 /* offsets: reading on to it costs less than asking anew */

struct log_fetch {
    rd_kafka_t *handle;
    rd_kafka_topic_t *topic;
    const char *name;
    bool is_started;
    uint32_t partition;
    int64_t offset; /* that comes next */
    rd_kafka_message_t *message;
};

enum status log_fetch_open(rd_kafka_t *handle, const char *topic, struct log_fetch **ret,
                           struct failure *err)
{
    struct log_fetch *f = calloc(1, sizeof(*f));

    if (!f) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    f->handle = handle;
    f->name = topic;
    f->topic = rd_kafka_topic_new(handle, topic, NULL);
    if (!f->topic) {
        const rd_kafka_resp_err_t code = rd_kafka_last_error();

        log_fetch_close(f);
        return kafka_failure_code(err, "read a topic", code, topic);
    }
    *ret = f;
    return STATUS_OK;
}

static void drop_message(struct log_fetch *f)
{
    if (f->message) {
        rd_kafka_message_destroy(f->message);
        f->message = NULL;
    }
}

static void stop(struct log_fetch *f)
{
    drop_message(f);
    if (f->is_started) {
        (void)rd_kafka_consume_stop(f->topic, (int32_t)f->partition);
        f->is_started = false;
    }
}

void log_fetch_close(struct log_fetch *f)
{
    if (!f) {
        return;
    }
    stop(f);
    if (f->topic) {
        rd_kafka_topic_destroy(f->topic);
    }
    free(f);
}

static enum status go_to(struct log_fetch *f, uint32_t partition, int64_t offset,
                         struct failure *err)
{
    if (f->is_started && f->partition == partition && f->offset <= offset &&
        offset - f->offset < NEAR) {
        return STATUS_OK;
    }
    stop(f);
    if (rd_kafka_consume_start(f->topic, (int32_t)partition, offset)) {
        return kafka_failure_code(err, "read a partition", rd_kafka_last_error(), f->name);
    }
    f->is_started = true;
    f->partition = partition;
    f->offset = offset;
    return STATUS_OK;
}

/* The next message, an end of the partition among them. */
static enum status next_message(struct log_fetch *f, struct failure *err)
{
    const int64_t until_us = clock_monotonic_us() + SILENCE_US;

    drop_message(f);
    while (!f->message && clock_monotonic_us() < until_us) {
        f->message = rd_kafka_consume(f->topic, (int32_t)f->partition, WAIT_MS);
        rd_kafka_poll(f->handle, 0);
    }
    if (!f->message) {
        return failure_set(err, STATUS_KAFKA, REMEDY_RETRY, 0,
                           "'%s' partition %" PRIu32 ": no answer from the broker", f->name,
                           f->partition);
    }
    return STATUS_OK;
}

static enum status not_there(struct log_fetch *f, int64_t offset, struct failure *err)
{
    return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0,
                       "'%s' has no record at %" PRIu32 ":%" PRId64, f->name, f->partition, offset);
}

enum status log_fetch_record(struct log_fetch *f, uint32_t partition, int64_t offset,
                             struct bus_record *ret, struct failure *err)
{
    enum status status = go_to(f, partition, offset, err);

    while (status == STATUS_OK) {
        rd_kafka_resp_err_t code;

        status = next_message(f, err);
        if (status != STATUS_OK) {
            break;
        }
        code = f->message->err;
        if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
            code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
            code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
            (!code && f->message->offset > offset)) {
            stop(f); /* where it stands now is of no use to anybody */
            return not_there(f, offset, err);
        }
        if (code) {
            return kafka_failure_code(err, "read a partition", code,
                                      rd_kafka_message_errstr(f->message));
        }
        f->offset = f->message->offset + 1;
        if (f->message->offset == offset) {
            log_record_lend(f->message, ret);
            return STATUS_OK;
        }
    }
    return status;
}

bool log_fetch_header(const struct log_fetch *f, size_t i, struct log_header *ret)
{
    rd_kafka_headers_t *headers = NULL;
    const void *value = NULL;
    size_t n = 0;

    if (!f->message || rd_kafka_message_headers(f->message, &headers) ||
        rd_kafka_header_get_all(headers, i, &ret->name, &value, &n)) {
        return false;
    }
    ret->value = (struct bytes){.at = value, .n = value ? n : 0};
    return true;
}
