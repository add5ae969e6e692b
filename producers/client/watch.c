#include "producers/client/watch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "kafka/admin.h"
#include "kafka/error.h"
#include "wire/arena.h"
#include "wire/decision_codec.h"

struct watch {
    rd_kafka_t *handle;
    rd_kafka_message_t *message; /* in which texts of the decision lie */
    rd_kafka_topic_partition_list_t *from;
    bool is_assigned;
    int timeout_ms;
    struct arena arena;
    struct decision decision;
};

static enum status assign(struct watch *watch, const rd_kafka_topic_partition_list_t *list,
                          struct failure *err)
{
    const rd_kafka_resp_err_t code = rd_kafka_assign(watch->handle, list);

    return code ? kafka_failure_code(err, "read decisions", code, NULL) : STATUS_OK;
}

static enum status note_ends(struct watch *watch, const struct watch_conf *conf,
                             struct failure *err)
{
    int32_t count = 0;
    enum status status =
        admin_partition_count(watch->handle, conf->topic, conf->timeout_ms, &count, err);

    if (status == STATUS_OK && count != conf->partitions) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "'%s' has %d partitions, the submitted topic %d", conf->topic, count,
                             conf->partitions);
    }
    for (int32_t p = 0; p < count && status == STATUS_OK; p++) {
        int64_t first = 0;
        int64_t end = 0;

        status = admin_ends(watch->handle, conf->topic, p, conf->timeout_ms, &first, &end, err);
        rd_kafka_topic_partition_list_add(watch->from, conf->topic, p)->offset = end;
    }
    return status;
}

enum status watch_open(const struct watch_conf *conf, struct watch **ret, struct failure *err)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    rd_kafka_conf_t *kafka = NULL;
    enum status status;

    if (!watch) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                           "cannot wait for decisions: out of memory");
    }
    watch->timeout_ms = conf->timeout_ms;
    watch->from = rd_kafka_topic_partition_list_new(conf->partitions);
    status = arena_open(&watch->arena, ARENA_FILING_MAX, err);
    if (status == STATUS_OK) {
        status = kafka_conf(KAFKA_LOOK_COMMITTED, conf->kafka, &kafka, err);
    }
    if (status == STATUS_OK) {
        status = kafka_open(KAFKA_LOOK_COMMITTED, kafka, &watch->handle, err);
    }
    if (status == STATUS_OK) {
        status = note_ends(watch, conf, err);
    }
    if (status != STATUS_OK) {
        watch_close(watch);
        return status;
    }
    *ret = watch;
    return STATUS_OK;
}

static void forget(struct watch *watch)
{
    if (watch->message) {
        rd_kafka_message_destroy(watch->message);
        watch->message = NULL;
    }
}

void watch_close(struct watch *watch)
{
    if (!watch) {
        return;
    }
    forget(watch);
    if (watch->handle) {
        (void)rd_kafka_consumer_close(watch->handle);
        rd_kafka_destroy(watch->handle);
    }
    rd_kafka_topic_partition_list_destroy(watch->from);
    if (watch->arena.base) {
        arena_close(&watch->arena);
    }
    free(watch);
}

static bool read_decision(struct watch *watch, const rd_kafka_message_t *message)
{
    arena_reset(&watch->arena);
    return decision_decode((struct bytes){.at = message->payload, .n = message->len}, &watch->arena,
                           &watch->decision, NULL) == STATUS_OK;
}

/* The first decision at or after an offset; *ret_found false: none up to the end. */
static enum status first_from(struct watch *watch, int32_t partition, int64_t at, bool *ret_found,
                              struct failure *err)
{
    const char *topic = watch->from->elems[partition].topic;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    const int64_t until_us = clock_monotonic_us() + watch->timeout_ms * INT64_C(1000);
    enum status status;

    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = at;
    status = assign(watch, list, err);
    rd_kafka_topic_partition_list_destroy(list);
    *ret_found = false;
    while (status == STATUS_OK && clock_monotonic_us() < until_us) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(watch->handle, 100);
        const rd_kafka_resp_err_t code = message ? message->err : RD_KAFKA_RESP_ERR_NO_ERROR;

        *ret_found = message && !code && read_decision(watch, message);
        if (message) {
            rd_kafka_message_destroy(message);
        }
        if (*ret_found || code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            return STATUS_OK;
        }
    }
    return status != STATUS_OK
               ? status
               : failure_set(err, STATUS_KAFKA, REMEDY_RETRY, RD_KAFKA_RESP_ERR__TIMED_OUT,
                             "cannot read '%s' within %d ms", topic, watch->timeout_ms);
}

/* The triggers of decisions never fall within a partition, so halving finds the place. */
enum status watch_back_to(struct watch *watch, int32_t partition, int64_t input_offset,
                          struct failure *err)
{
    int64_t low = 0;
    int64_t high = 0;
    int64_t first = 0;
    enum status status;

    assert(!watch->is_assigned);
    assert(partition >= 0 && partition < watch->from->cnt);
    high = watch->from->elems[partition].offset;
    status = admin_ends(watch->handle, watch->from->elems[partition].topic, partition,
                        watch->timeout_ms, &first, &low, err);
    low = first;
    while (status == STATUS_OK && low < high) {
        const int64_t middle = low + (high - low) / 2;
        bool is_found = false;

        status = first_from(watch, partition, middle, &is_found, err);
        if (is_found && watch->decision.trigger_offset < input_offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (status == STATUS_OK) {
        watch->from->elems[partition].offset = low;
    }
    return status;
}

enum status watch_next(struct watch *watch, int timeout_ms, const struct decision **ret,
                       struct failure *err)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    *ret = NULL;
    forget(watch);
    if (!watch->is_assigned) {
        const enum status status = assign(watch, watch->from, err);

        if (status != STATUS_OK) {
            return status;
        }
        watch->is_assigned = true;
    }
    watch->message = rd_kafka_consumer_poll(watch->handle, timeout_ms);
    if (!watch->message) {
        return STATUS_OK;
    }
    code = watch->message->err;
    if (!code && read_decision(watch, watch->message)) {
        *ret = &watch->decision;
    }
    if (code && code != RD_KAFKA_RESP_ERR__PARTITION_EOF && !kafka_is_unreachable(code)) {
        return kafka_failure_code(err, "read decisions", code, NULL);
    }
    return STATUS_OK;
}
