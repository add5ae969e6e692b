#include "kafka/admin.h"

#include <stdlib.h>
#include <string.h>

#include "kafka/error.h"

enum status admin_reach(rd_kafka_t *handle, const char *bootstrap, int timeout_ms,
                        struct failure *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    const rd_kafka_resp_err_t code = rd_kafka_metadata(handle, 0, NULL, &metadata, timeout_ms);

    if (code) {
        return failure_set(err, STATUS_KAFKA, REMEDY_RETRY, (int)code,
                           "no Kafka broker answers at '%s': %s", bootstrap,
                           rd_kafka_err2str(code));
    }
    rd_kafka_metadata_destroy(metadata);
    return STATUS_OK;
}

enum status admin_partition_count(rd_kafka_t *handle, const char *topic, int timeout_ms,
                                  int32_t *ret, struct failure *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *t = rd_kafka_topic_new(handle, topic, NULL);
    rd_kafka_resp_err_t code =
        t ? rd_kafka_metadata(handle, 0, t, &metadata, timeout_ms) : rd_kafka_last_error();
    int32_t count = 0;

    if (!code && metadata->topic_cnt == 1) {
        code = metadata->topics[0].err;
        count = metadata->topics[0].partition_cnt;
    }
    if (metadata) {
        rd_kafka_metadata_destroy(metadata);
    }
    if (t) {
        rd_kafka_topic_destroy(t);
    }
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        code = RD_KAFKA_RESP_ERR_NO_ERROR;
        count = 0;
    }
    if (code) {
        return kafka_failure_code(err, "look up a topic", code, NULL);
    }
    *ret = count;
    return STATUS_OK;
}

enum status admin_ends(rd_kafka_t *handle, const char *topic, int32_t partition, int timeout_ms,
                       int64_t *ret_first, int64_t *ret_end, struct failure *err)
{
    int64_t first = 0;
    int64_t end = 0;
    const rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(handle, topic, partition, &first, &end, timeout_ms);

    if (code) {
        return kafka_failure_code(err, "look up the ends of a partition", code, NULL);
    }
    *ret_first = first;
    *ret_end = end;
    return STATUS_OK;
}

/* The one group's offsets out of the answer, or what went wrong. */
static rd_kafka_resp_err_t take_offsets(rd_kafka_event_t *event,
                                        rd_kafka_topic_partition_list_t **ret)
{
    const rd_kafka_ListConsumerGroupOffsets_result_t *result =
        rd_kafka_event_ListConsumerGroupOffsets_result(event);
    const rd_kafka_group_result_t **groups;
    const rd_kafka_error_t *error;
    size_t n = 0;

    if (rd_kafka_event_error(event)) {
        return rd_kafka_event_error(event);
    }
    groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &n);
    if (n != 1) {
        return RD_KAFKA_RESP_ERR_UNKNOWN;
    }
    error = rd_kafka_group_result_error(groups[0]);
    if (error) {
        return rd_kafka_error_code(error);
    }
    *ret = rd_kafka_topic_partition_list_copy(rd_kafka_group_result_partitions(groups[0]));
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

enum status admin_group_offsets(rd_kafka_t *handle, const struct admin_group *question,
                                rd_kafka_topic_partition_list_t **ret, struct failure *err)
{
    rd_kafka_topic_partition_list_t *asked =
        rd_kafka_topic_partition_list_new((int)question->count);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_ListConsumerGroupOffsets_t *request;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_event_t *event;
    rd_kafka_error_t *error;

    for (int32_t p = 0; p < question->count; p++) {
        (void)rd_kafka_topic_partition_list_add(asked, question->topic, p);
    }
    request = rd_kafka_ListConsumerGroupOffsets_new(question->group, asked);
    error = rd_kafka_AdminOptions_set_require_stable_offsets(options, question->stable ? 1 : 0);
    if (error) {
        rd_kafka_error_destroy(error);
    }
    (void)rd_kafka_AdminOptions_set_request_timeout(options, question->timeout_ms, NULL, 0);
    rd_kafka_ListConsumerGroupOffsets(handle, &request, 1, options, queue);
    event = rd_kafka_queue_poll(queue, question->timeout_ms);
    if (event) {
        code = take_offsets(event, ret);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_topic_partition_list_destroy(asked);
    return code ? kafka_failure_code(err, "read the group's offsets", code, NULL) : STATUS_OK;
}

/* The one group of the answer; NULL when there is none. */
static const rd_kafka_ConsumerGroupDescription_t *described(rd_kafka_event_t *event)
{
    size_t groups_n = 0;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(
            rd_kafka_event_DescribeConsumerGroups_result(event), &groups_n);

    return groups_n == 1 ? groups[0] : NULL;
}

/* gives the answer: rd_kafka_event_destroy(). */
static enum status describe_group(rd_kafka_t *handle, const char *group, int timeout_ms,
                                  rd_kafka_event_t **ret, struct failure *err)
{
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_event_t *event;

    (void)rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, NULL, 0);
    rd_kafka_DescribeConsumerGroups(handle, &group, 1, options, queue);
    event = rd_kafka_queue_poll(queue, timeout_ms);
    if (event) {
        code = rd_kafka_event_error(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    if (code) {
        rd_kafka_event_destroy(event); /* takes NULL */
        return kafka_failure_code(err, "look at the group's members", code, NULL);
    }
    *ret = event;
    return STATUS_OK;
}

enum status admin_group_has_place(rd_kafka_t *handle, const char *group, const char *instance_id,
                                  bool *ret, struct failure *err)
{
    rd_kafka_event_t *event = NULL;
    const rd_kafka_ConsumerGroupDescription_t *is;
    const enum status status = describe_group(handle, group, ADMIN_PLACE_MS, &event, err);
    size_t n;

    if (status != STATUS_OK) {
        return status;
    }
    is = described(event);
    n = is ? rd_kafka_ConsumerGroupDescription_member_count(is) : 0;
    *ret = false;
    for (size_t i = 0; i < n && !*ret; i++) {
        const char *id = rd_kafka_MemberDescription_group_instance_id(
            rd_kafka_ConsumerGroupDescription_member(is, i));

        *ret = id && strcmp(id, instance_id) == 0;
    }
    rd_kafka_event_destroy(event);
    return STATUS_OK;
}

enum status admin_group_members(rd_kafka_t *handle, const char *group, size_t *ret_n,
                                struct failure *err)
{
    rd_kafka_event_t *event = NULL;
    const rd_kafka_ConsumerGroupDescription_t *is;
    const rd_kafka_error_t *error;
    rd_kafka_resp_err_t code;
    const enum status status = describe_group(handle, group, ADMIN_GROUP_MS, &event, err);

    if (status != STATUS_OK) {
        return status;
    }
    is = described(event);
    error = is ? rd_kafka_ConsumerGroupDescription_error(is) : NULL;
    code = !is     ? RD_KAFKA_RESP_ERR_UNKNOWN
           : error ? rd_kafka_error_code(error)
                   : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) {
        *ret_n = 0;
        code = RD_KAFKA_RESP_ERR_NO_ERROR;
    } else if (!code) {
        *ret_n = rd_kafka_ConsumerGroupDescription_member_count(is);
    }
    rd_kafka_event_destroy(event);
    return code ? kafka_failure_code(err, "look at the group's members", code, NULL) : STATUS_OK;
}

/* The first thing that went wrong, of the request, the group or a partition. */
static rd_kafka_resp_err_t rewrite_error(rd_kafka_event_t *event)
{
    const rd_kafka_topic_partition_list_t *list;
    const rd_kafka_group_result_t **groups;
    size_t n = 0;

    if (rd_kafka_event_error(event)) {
        return rd_kafka_event_error(event);
    }
    groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
        rd_kafka_event_AlterConsumerGroupOffsets_result(event), &n);
    if (n != 1) {
        return RD_KAFKA_RESP_ERR_UNKNOWN;
    }
    if (rd_kafka_group_result_error(groups[0])) {
        return rd_kafka_error_code(rd_kafka_group_result_error(groups[0]));
    }
    list = rd_kafka_group_result_partitions(groups[0]);
    for (int i = 0; i < list->cnt; i++) {
        if (list->elems[i].err) {
            return list->elems[i].err;
        }
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

enum status admin_group_rewrite(rd_kafka_t *handle, const char *group,
                                const rd_kafka_topic_partition_list_t *offsets, int timeout_ms,
                                struct failure *err)
{
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS);
    rd_kafka_AlterConsumerGroupOffsets_t *request =
        rd_kafka_AlterConsumerGroupOffsets_new(group, offsets);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_event_t *event;

    (void)rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, NULL, 0);
    rd_kafka_AlterConsumerGroupOffsets(handle, &request, 1, options, queue);
    event = rd_kafka_queue_poll(queue, timeout_ms);
    if (event) {
        code = rewrite_error(event);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AlterConsumerGroupOffsets_destroy(request);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
        code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS ||
        code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, (int)code,
                           "the group '%s' has members again: its offsets are as they were", group);
    }
    return code ? kafka_failure_code(err, "rewrite the group's offsets", code, NULL) : STATUS_OK;
}
