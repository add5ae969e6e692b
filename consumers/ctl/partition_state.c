#include "consumers/ctl/partition_state.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/error.h"

#define POLL_MS 2000

struct handles {
    rd_kafka_t *committed;
    rd_kafka_t *uncommitted;
};

/* How many offsets from the first committed record at or after next on to the stable offset: what a
 * transaction leaves behind its records is no input. */
static int64_t lag_from(rd_kafka_t *handle, const char *topic, int32_t partition, int64_t next,
                        int64_t stable)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_message_t *message = NULL;
    int64_t lag = stable - next;

    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = next;
    if (rd_kafka_assign(handle, list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        message = rd_kafka_consumer_poll(handle, POLL_MS);
    }
    if (message && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        lag = 0;
    } else if (message && !message->err) {
        lag = message->offset < stable ? stable - message->offset : 0;
    }
    if (message) {
        rd_kafka_message_destroy(message);
    }
    (void)rd_kafka_assign(handle, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    return lag;
}

/* Append time of the record at or after an offset, read_uncommitted; -1 when none comes. */
static int64_t time_at(rd_kafka_t *handle, const char *topic, int32_t partition, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    rd_kafka_message_t *message = NULL;
    int64_t at_ms = -1;

    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    if (rd_kafka_assign(handle, list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        message = rd_kafka_consumer_poll(handle, POLL_MS);
    }
    if (message && !message->err) {
        at_ms = rd_kafka_message_timestamp(message, &type);
    }
    if (message) {
        rd_kafka_message_destroy(message);
    }
    (void)rd_kafka_assign(handle, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    return at_ms;
}

static enum status read_log(const struct handles *handles, const char *topic, int32_t partition,
                            struct log_state *ret, struct failure *err)
{
    int64_t first = 0;
    enum status status = admin_ends(handles->committed, topic, partition, CTL_TIMEOUT_MS,
                                    &ret->start, &ret->stable, err);

    ret->stood_ms = -1;
    if (status == STATUS_OK) {
        status = admin_ends(handles->uncommitted, topic, partition, CTL_TIMEOUT_MS, &first,
                            &ret->high, err);
    }
    if (status == STATUS_OK && ret->stable < ret->high) {
        const int64_t since_ms = time_at(handles->uncommitted, topic, partition, ret->stable);
        const int64_t stood_ms = since_ms >= 0 ? clock_unix_ms() - since_ms : 0;

        ret->stood_ms = stood_ms > 0 ? stood_ms : 0; /* its clock is not ours */
    }
    return status;
}

static enum status read_group(const struct ctl *ctl, rd_kafka_t *handle,
                              struct partition_state *states, int32_t n, struct failure *err)
{
    const struct admin_group question = {.group = ctl->topics.group,
                                         .topic = ctl->topics.submitted,
                                         .count = n,
                                         .timeout_ms = CTL_TIMEOUT_MS};
    rd_kafka_topic_partition_list_t *list = NULL;
    const enum status status = admin_group_offsets(handle, &question, &list, err);

    for (int i = 0; status == STATUS_OK && i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &list->elems[i];
        struct partition_state *state =
            at->partition >= 0 && at->partition < n ? &states[at->partition] : NULL;

        if (state && !at->err && at->offset >= 0) {
            state->has_group = true;
            state->group_offset = at->offset;
            (void)snprintf(state->metadata, sizeof(state->metadata), "%.*s", (int)at->metadata_size,
                           at->metadata ? (const char *)at->metadata : "");
        }
    }
    if (status == STATUS_OK) {
        rd_kafka_topic_partition_list_destroy(list);
    }
    return status;
}

enum status partition_states_read(const struct ctl *ctl, struct lookup *lookup,
                                  struct partition_state *states, int32_t n, struct failure *err)
{
    struct handles handles = {.committed = NULL};
    enum status status;

    memset(states, 0, (size_t)n * sizeof(*states));
    status = ctl_kafka_open(ctl, KAFKA_LOOK_COMMITTED, &handles.committed, err);
    if (status == STATUS_OK) {
        status = ctl_kafka_open(ctl, KAFKA_LOOK_UNCOMMITTED, &handles.uncommitted, err);
    }
    for (int32_t p = 0; p < n && status == STATUS_OK; p++) {
        status = read_log(&handles, ctl->topics.submitted, p, &states[p].submitted, err);
        if (status == STATUS_OK) {
            status = read_log(&handles, ctl->topics.decided, p, &states[p].decided, err);
        }
    }
    if (status == STATUS_OK && !ctl_is_in_memory(handles.committed)) {
        status = read_group(ctl, handles.committed, states, n, err);
    }
    for (int32_t p = 0; p < n && status == STATUS_OK && lookup; p++) {
        status = store_row_read(lookup->store, (uint32_t)p, &states[p].row, err);
        states[p].has_row = status == STATUS_OK;
        status = status == STATUS_NOTFOUND ? STATUS_OK : status;
        states[p].lag = 0;
        if (status == STATUS_OK &&
            states[p].submitted.stable > states[p].row.position.next_offset) {
            states[p].lag =
                lag_from(handles.committed, ctl->topics.submitted, p,
                         states[p].row.position.next_offset, states[p].submitted.stable);
        }
    }
    if (handles.committed) {
        rd_kafka_destroy(handles.committed);
    }
    if (handles.uncommitted) {
        rd_kafka_destroy(handles.uncommitted);
    }
    return status;
}
