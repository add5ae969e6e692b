#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/ctl/topics.h"
#include "kafka/error.h"

/* How a value found compares with the one that must be. */
enum order {
    ORDER_EXACT,   /* anything else is weaker */
    ORDER_AT_LEAST /* a number: a smaller one is weaker, a larger one stronger */
};

static const struct {
    const char *name;
    const char *value; /* NULL: min.insync.replicas, from the command line */
    enum order order;
    bool submitted_only;
} settings[] = {
    {"cleanup.policy", "delete", ORDER_EXACT, false},
    {"retention.ms", "-1", ORDER_EXACT, false},
    {"retention.bytes", "-1", ORDER_EXACT, false},
    {"max.message.bytes", "1048588", ORDER_AT_LEAST, false},
    {"unclean.leader.election.enable", "false", ORDER_EXACT, false},
    {"min.insync.replicas", NULL, ORDER_AT_LEAST, false},
    {"message.timestamp.type", "LogAppendTime", ORDER_EXACT, true},
};
#define SETTINGS_N (sizeof(settings) / sizeof(settings[0]))
_Static_assert(SETTINGS_N + 2 <= TOPIC_SETTINGS_MAX, "partitions and replication fit beside them");

static bool number_of(const char *text, int64_t *ret)
{
    char *end = NULL;

    errno = 0;
    *ret = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static enum topic_verdict verdict_of(const struct topic_setting *setting, enum order order)
{
    int64_t found = 0;
    int64_t wanted = 0;

    if (strcmp(setting->found, setting->wanted) == 0) {
        return TOPIC_RIGHT;
    }
    if (order == ORDER_EXACT || !number_of(setting->found, &found) ||
        !number_of(setting->wanted, &wanted)) {
        return TOPIC_WEAKER;
    }
    return found > wanted ? TOPIC_STRONGER : TOPIC_WEAKER;
}

static void add_number(struct topic_state *state, const char *name, int32_t found, int32_t wanted)
{
    struct topic_setting *s = &state->settings[state->settings_n++];

    s->name = name;
    (void)snprintf(s->found, sizeof(s->found), "%" PRId32, found);
    (void)snprintf(s->wanted, sizeof(s->wanted), "%" PRId32, wanted);
    s->verdict = verdict_of(s, ORDER_AT_LEAST);
}

/* ---- settings ------------------------------------------------------------------------------ */

static void compare_settings(struct topic_state *state, const struct topics_wanted *wanted,
                             const rd_kafka_ConfigResource_t *resource)
{
    size_t n = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &n);

    for (size_t i = 0; i < SETTINGS_N; i++) {
        struct topic_setting *s = &state->settings[state->settings_n];

        if (settings[i].submitted_only && !state->is_submitted) {
            continue;
        }
        s->name = settings[i].name;
        s->found[0] = '\0';
        if (settings[i].value) {
            (void)snprintf(s->wanted, sizeof(s->wanted), "%s", settings[i].value);
        } else {
            (void)snprintf(s->wanted, sizeof(s->wanted), "%" PRId32, wanted->min_isr);
        }
        for (size_t k = 0; k < n; k++) {
            const char *value = rd_kafka_ConfigEntry_value(entries[k]);

            if (value && strcmp(rd_kafka_ConfigEntry_name(entries[k]), s->name) == 0) {
                (void)snprintf(s->found, sizeof(s->found), "%s", value);
            }
        }
        s->verdict = verdict_of(s, settings[i].order);
        state->settings_n++;
    }
}

static enum status take_settings(rd_kafka_event_t *event, const struct topics_wanted *wanted,
                                 struct topics_state *state, struct failure *err)
{
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    size_t n = 0;
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(result, &n);

    for (size_t i = 0; i < n; i++) {
        const rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resources[i]);

        if (code) {
            return kafka_failure_code(err, "read a topic's settings", code,
                                      rd_kafka_ConfigResource_error_string(resources[i]));
        }
        for (size_t t = 0; t < TOPICS_N; t++) {
            if (strcmp(state->topics[t].topic, rd_kafka_ConfigResource_name(resources[i])) == 0) {
                compare_settings(&state->topics[t], wanted, resources[i]);
            }
        }
    }
    return STATUS_OK;
}

static enum status describe(rd_kafka_t *handle, const struct topics_wanted *wanted,
                            struct topics_state *state, struct failure *err)
{
    rd_kafka_ConfigResource_t *resources[TOPICS_N];
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *event;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    enum status status;
    size_t n = 0;

    for (size_t t = 0; t < TOPICS_N; t++) {
        if (state->topics[t].is_there) {
            resources[n++] =
                rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, state->topics[t].topic);
        }
    }
    if (n == 0) {
        return STATUS_OK;
    }
    queue = rd_kafka_queue_new(handle);
    rd_kafka_DescribeConfigs(handle, resources, n, NULL, queue);
    event = rd_kafka_queue_poll(queue, CTL_TIMEOUT_MS);
    code = event ? rd_kafka_event_error(event) : code;
    if (code) {
        status = kafka_failure_code(err, "read the topics' settings", code,
                                    event ? rd_kafka_event_error_string(event) : NULL);
    } else {
        status = take_settings(event, wanted, state, err);
    }
    if (event) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy_array(resources, n);
    return status;
}

/* ---- partitions and replicas --------------------------------------------------------------- */

static void take_topic(const rd_kafka_metadata_topic_t *topic, const struct topics_wanted *wanted,
                       struct topic_state *state)
{
    int replication = 0;

    state->is_there = true;
    for (int p = 0; p < topic->partition_cnt; p++) {
        const int n = topic->partitions[p].replica_cnt;

        replication = p == 0 || n < replication ? n : replication;
    }
    state->partitions = topic->partition_cnt;
    state->replication = replication;
    add_number(state, "partitions", state->partitions, state->partitions_wanted);
    add_number(state, "replication", state->replication, wanted->replication);
}

static enum status look_up(rd_kafka_t *handle, const struct topics_wanted *wanted,
                           struct topics_state *state, size_t t, struct failure *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(handle, state->topics[t].topic, NULL);
    rd_kafka_resp_err_t code = topic
                                   ? rd_kafka_metadata(handle, 0, topic, &metadata, CTL_TIMEOUT_MS)
                                   : rd_kafka_last_error();

    if (!code && metadata) {
        state->brokers_n = metadata->broker_cnt;
        code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN;
    }
    if (!code && metadata) {
        take_topic(&metadata->topics[0], wanted, &state->topics[t]);
    } else if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        code = RD_KAFKA_RESP_ERR_NO_ERROR; /* not there */
    }
    if (metadata) {
        rd_kafka_metadata_destroy(metadata);
    }
    if (topic) {
        rd_kafka_topic_destroy(topic);
    }
    return code ? kafka_failure_code(err, "look up a topic", code, state->topics[t].topic)
                : STATUS_OK;
}

enum status topics_inspect(const struct ctl *ctl, rd_kafka_t *handle,
                           const struct topics_wanted *wanted, struct topics_state *ret,
                           struct failure *err)
{
    const struct {
        const char *name;
        int32_t partitions;
    } names[TOPICS_N] = {
        {ctl->topics.submitted, wanted->partitions},
        {ctl->topics.decided, wanted->partitions},
        {ctl->topics.reference, 1},
        {ctl->topics.checkpoints, 1},
        {ctl->topics.operations, 1},
    };
    enum status status = STATUS_OK;

    memset(ret, 0, sizeof(*ret));
    for (size_t t = 0; t < TOPICS_N && status == STATUS_OK; t++) {
        ret->topics[t].topic = names[t].name;
        ret->topics[t].partitions_wanted = names[t].partitions;
        ret->topics[t].is_submitted = t == 0;
        status = look_up(handle, wanted, ret, t, err);
    }
    ret->is_in_memory = ctl_is_in_memory(handle);
    return status == STATUS_OK && !ret->is_in_memory ? describe(handle, wanted, ret, err) : status;
}
