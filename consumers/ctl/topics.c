/* topics apply and topics show.  Everything is looked at before anything is changed, so that a
 * refusal leaves the cluster as it was. */
#include "consumers/ctl/topics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/signals.h"
#include "kafka/admin.h"
#include "kafka/error.h"

#define ERROR_SIZE 256
#define NAP_NS     50000000

static const struct output_column columns[] = {
    {"topic", OUTPUT_TEXT},    {"setting", OUTPUT_TEXT}, {"value", OUTPUT_TEXT},
    {"required", OUTPUT_TEXT}, {"state", OUTPUT_TEXT},
};
#define COLUMNS_N (sizeof(columns) / sizeof(columns[0]))

static struct topics_wanted wanted_of(const struct ctl *ctl)
{
    return (struct topics_wanted){.partitions = (int32_t)ctl->settings->partitions,
                                  .replication = (int32_t)ctl->settings->replication,
                                  .min_isr = (int32_t)ctl->settings->min_isr};
}

static void put_row(struct output *output, const char *topic, const struct topic_setting *setting,
                    const char *state)
{
    output_cstr(output, topic);
    output_cstr(output, setting->name);
    output_cstr(output, setting->found);
    output_cstr(output, setting->wanted);
    output_cstr(output, state);
    output_end_row(output);
}

/* ---- changing ------------------------------------------------------------------------------ */

typedef rd_kafka_resp_err_t take_result_fn(rd_kafka_event_t *event, char text[ERROR_SIZE]);

static rd_kafka_resp_err_t first_error(const rd_kafka_topic_result_t **results, size_t n,
                                       char text[ERROR_SIZE])
{
    for (size_t i = 0; i < n; i++) {
        const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);

        if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            const char *why = rd_kafka_topic_result_error_string(results[i]);

            (void)snprintf(text, ERROR_SIZE, "%s: %s", rd_kafka_topic_result_name(results[i]),
                           why ? why : rd_kafka_err2str(code));
            return code;
        }
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t take_created(rd_kafka_event_t *event, char text[ERROR_SIZE])
{
    size_t n = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);

    return first_error(results, n, text);
}

static rd_kafka_resp_err_t take_grown(rd_kafka_event_t *event, char text[ERROR_SIZE])
{
    size_t n = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &n);

    return first_error(results, n, text);
}

static rd_kafka_resp_err_t take_altered(rd_kafka_event_t *event, char text[ERROR_SIZE])
{
    size_t n = 0;
    const rd_kafka_ConfigResource_t **results =
        rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &n);

    for (size_t i = 0; i < n; i++) {
        const rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(results[i]);

        if (code) {
            const char *why = rd_kafka_ConfigResource_error_string(results[i]);

            (void)snprintf(text, ERROR_SIZE, "%s: %s", rd_kafka_ConfigResource_name(results[i]),
                           why ? why : rd_kafka_err2str(code));
            return code;
        }
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static enum status await(rd_kafka_queue_t *queue, const char *what, take_result_fn *take,
                         struct failure *err)
{
    char text[ERROR_SIZE] = "";
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 2 * CTL_TIMEOUT_MS);
    rd_kafka_resp_err_t code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;

    if (event && code) {
        (void)snprintf(text, sizeof(text), "%s", rd_kafka_event_error_string(event));
    } else if (event) {
        code = take(event, text);
    }
    if (event) {
        rd_kafka_event_destroy(event);
    }
    return code ? kafka_failure_code(err, what, code, text[0] ? text : NULL) : STATUS_OK;
}

/* A topic that is not there yet has no settings found: all of them, as apply would set them. */
static void set_all(rd_kafka_NewTopic_t *topic, const struct topic_state *state, int32_t min_isr)
{
    static const char *const fixed[][2] = {
        {"cleanup.policy", "delete"},
        {"retention.ms", "-1"},
        {"retention.bytes", "-1"},
        {"max.message.bytes", "1048588"},
        {"unclean.leader.election.enable", "false"},
    };
    char number[16];

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        (void)rd_kafka_NewTopic_set_config(topic, fixed[i][0], fixed[i][1]);
    }
    (void)snprintf(number, sizeof(number), "%" PRId32, min_isr);
    (void)rd_kafka_NewTopic_set_config(topic, "min.insync.replicas", number);
    if (state->is_submitted) {
        (void)rd_kafka_NewTopic_set_config(topic, "message.timestamp.type", "LogAppendTime");
    }
}

static enum status create(rd_kafka_t *handle, const struct topics_wanted *wanted,
                          const struct topic_state *state, struct failure *err)
{
    char text[ERROR_SIZE] = "";
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(state->topic, state->partitions_wanted,
                                                       wanted->replication, text, sizeof(text));
    rd_kafka_queue_t *queue;
    enum status status;

    if (!topic) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "cannot create '%s': %s",
                           state->topic, text);
    }
    set_all(topic, state, wanted->min_isr);
    queue = rd_kafka_queue_new(handle);
    rd_kafka_CreateTopics(handle, &topic, 1, NULL, queue);
    status = await(queue, "create a topic", take_created, err);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
    return status;
}

static enum status grow(rd_kafka_t *handle, const struct topic_state *state, struct failure *err)
{
    char text[ERROR_SIZE] = "";
    rd_kafka_NewPartitions_t *grown = rd_kafka_NewPartitions_new(
        state->topic, (size_t)state->partitions_wanted, text, sizeof(text));
    rd_kafka_queue_t *queue;
    enum status status;

    if (!grown) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "cannot enlarge '%s': %s",
                           state->topic, text);
    }
    queue = rd_kafka_queue_new(handle);
    rd_kafka_CreatePartitions(handle, &grown, 1, NULL, queue);
    status = await(queue, "enlarge a topic", take_grown, err);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewPartitions_destroy(grown);
    return status;
}

/* The broker replaces all that a topic had of its own: what is not ours is given back to it. */
static void keep_others(rd_kafka_ConfigResource_t *to, const rd_kafka_ConfigResource_t *from)
{
    size_t n = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(from, &n);

    for (size_t i = 0; i < n; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);

        if (value && rd_kafka_ConfigEntry_source(entries[i]) ==
                         RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG) {
            (void)rd_kafka_ConfigResource_set_config(to, rd_kafka_ConfigEntry_name(entries[i]),
                                                     value);
        }
    }
}

static enum status alter_from(rd_kafka_t *handle, const struct topic_state *state,
                              const rd_kafka_ConfigResource_t *found, struct failure *err)
{
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, state->topic);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    enum status status;

    keep_others(resource, found);
    for (uint32_t i = 2; i < state->settings_n; i++) { /* after partitions and replication */
        if (state->settings[i].verdict == TOPIC_WEAKER) {
            (void)rd_kafka_ConfigResource_set_config(resource, state->settings[i].name,
                                                     state->settings[i].wanted);
        }
    }
    rd_kafka_AlterConfigs(handle, &resource, 1, NULL, queue);
    status = await(queue, "change a topic's settings", take_altered, err);
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy(resource);
    return status;
}

static enum status alter(rd_kafka_t *handle, const struct topic_state *state, struct failure *err)
{
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, state->topic);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_event_t *event;
    rd_kafka_resp_err_t code;
    enum status status;

    rd_kafka_DescribeConfigs(handle, &resource, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, CTL_TIMEOUT_MS);
    code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (code) {
        status = kafka_failure_code(err, "read a topic's settings", code, state->topic);
    } else {
        size_t n = 0;
        const rd_kafka_ConfigResource_t **found = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event), &n);

        status = n == 1 ? alter_from(handle, state, found[0], err)
                        : kafka_failure_code(err, "read a topic's settings",
                                             RD_KAFKA_RESP_ERR_UNKNOWN, state->topic);
    }
    if (event) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy(resource);
    return status;
}

/* ---- what may be changed ------------------------------------------------------------------- */

static enum status check_memory(const struct topics_state *state, struct failure *err)
{
    for (size_t t = 0; t < TOPICS_N; t++) {
        const struct topic_state *topic = &state->topics[t];

        if (!topic->is_there || topic->partitions != topic->partitions_wanted) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "this is librdkafka's cluster in memory, whose host makes the "
                               "topics: '%s' has %" PRId32 " partitions there, not %" PRId32
                               " (filing-mock-broker --partitions)",
                               topic->topic, topic->partitions, topic->partitions_wanted);
        }
    }
    (void)fputs("filingctl: this is librdkafka's cluster in memory: the topics are there, and it "
                "keeps no settings for them\n",
                stderr);
    return STATUS_OK;
}

/* A partition count may still be raised while nothing lies in the topic. */
static enum status check_empty(rd_kafka_t *handle, const struct topic_state *topic,
                               struct failure *err)
{
    for (int32_t p = 0; p < topic->partitions; p++) {
        int64_t first = 0;
        int64_t end = 0;
        const enum status status =
            admin_ends(handle, topic->topic, p, CTL_TIMEOUT_MS, &first, &end, err);

        if (status != STATUS_OK) {
            return status;
        }
        if (end > 0) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "'%s' has %" PRId32 " partitions and records in them: the count was "
                               "set once and cannot become %" PRId32,
                               topic->topic, topic->partitions, topic->partitions_wanted);
        }
    }
    return STATUS_OK;
}

static enum status check_topic(rd_kafka_t *handle, const struct topic_state *topic,
                               struct failure *err)
{
    for (uint32_t i = 0; i < topic->settings_n; i++) {
        const struct topic_setting *s = &topic->settings[i];
        const bool is_asked = i < 2 || strcmp(s->name, "min.insync.replicas") == 0;

        if (s->verdict == TOPIC_STRONGER && is_asked) {
            return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                               "'%s' has %s = %s, which is not lowered to %s: nothing was changed",
                               topic->topic, s->name, s->found, s->wanted);
        }
        if (s->verdict == TOPIC_WEAKER && i == 0) {
            const enum status status = check_empty(handle, topic, err);

            if (status != STATUS_OK) {
                return status;
            }
        }
        if (s->verdict == TOPIC_WEAKER && i == 1) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "'%s' has %s replicas, not %s: assign more with Kafka's "
                               "kafka-reassign-partitions.sh, then run this again",
                               topic->topic, s->found, s->wanted);
        }
    }
    return STATUS_OK;
}

static enum status check_all(rd_kafka_t *handle, const struct topics_wanted *wanted,
                             const struct topics_state *state, struct failure *err)
{
    bool is_missing = false;

    if (wanted->min_isr > wanted->replication) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "--min-isr %" PRId32 " is more than --replication %" PRId32,
                           wanted->min_isr, wanted->replication);
    }
    for (size_t t = 0; t < TOPICS_N; t++) {
        const enum status status = check_topic(handle, &state->topics[t], err);

        is_missing = is_missing || !state->topics[t].is_there;
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (is_missing && wanted->replication > state->brokers_n) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "%" PRId32 " replicas need as many brokers, this cluster has %" PRId32
                           ": on a laptop give --replication 1 --min-isr 1",
                           wanted->replication, state->brokers_n);
    }
    return STATUS_OK;
}

/* ---- apply --------------------------------------------------------------------------------- */

static void put_created(struct output *output, const struct topics_wanted *wanted,
                        const struct topic_state *topic)
{
    output_cstr(output, topic->topic);
    output_cstr(output, "");
    output_printf(output, "%" PRId32 " partitions, %" PRId32 " replicas", topic->partitions_wanted,
                  wanted->replication);
    output_cstr(output, "");
    output_cstr(output, "created");
    output_end_row(output);
}

static enum status apply_topic(rd_kafka_t *handle, const struct topics_wanted *wanted,
                               const struct topic_state *topic, struct output *output,
                               struct failure *err)
{
    bool is_weaker = false;
    enum status status = STATUS_OK;

    if (!topic->is_there) {
        status = create(handle, wanted, topic, err);
        if (status == STATUS_OK) {
            put_created(output, wanted, topic);
        }
        return status;
    }
    if (topic->settings[0].verdict == TOPIC_WEAKER) {
        status = grow(handle, topic, err);
    }
    for (uint32_t i = 2; i < topic->settings_n; i++) {
        is_weaker = is_weaker || topic->settings[i].verdict == TOPIC_WEAKER;
    }
    if (status == STATUS_OK && is_weaker) {
        status = alter(handle, topic, err);
    }
    for (uint32_t i = 0; i < topic->settings_n && status == STATUS_OK; i++) {
        if (topic->settings[i].verdict == TOPIC_WEAKER) {
            put_row(output, topic->topic, &topic->settings[i], "raised");
        } else if (topic->settings[i].verdict == TOPIC_STRONGER) {
            put_row(output, topic->topic, &topic->settings[i], "not lowered");
        }
    }
    return status;
}

static bool are_there(const struct topics_state *state)
{
    for (size_t t = 0; t < TOPICS_N; t++) {
        if (!state->topics[t].is_there ||
            state->topics[t].partitions != state->topics[t].partitions_wanted) {
            return false;
        }
    }
    return true;
}

/* A topic that was created is not known to every broker at once: whoever comes next shall find it.
 */
static enum status await_topics(const struct ctl *ctl, rd_kafka_t *handle,
                                const struct topics_wanted *wanted, struct failure *err)
{
    const int64_t until_us = clock_monotonic_us() + CTL_TIMEOUT_MS * INT64_C(1000);
    const struct timespec nap = {.tv_nsec = NAP_NS};
    struct topics_state state;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && clock_monotonic_us() < until_us && !signals_stop()) {
        status = topics_inspect(ctl, handle, wanted, &state, err);
        if (status == STATUS_OK && are_there(&state)) {
            return STATUS_OK;
        }
        (void)nanosleep(&nap, NULL); /* cut short by a signal */
    }
    return status == STATUS_OK ? failure_set(err, STATUS_KAFKA, REMEDY_RETRY, 0,
                                             "the cluster does not show the topics it created")
                               : status;
}

static enum status apply(struct ctl *ctl, rd_kafka_t *handle, struct failure *err)
{
    const struct topics_wanted wanted = wanted_of(ctl);
    struct topics_state state;
    struct output output;
    bool is_right = true;
    enum status status = topics_inspect(ctl, handle, &wanted, &state, err);

    if (status == STATUS_OK && state.is_in_memory) {
        return check_memory(&state, err);
    }
    if (status == STATUS_OK) {
        status = check_all(handle, &wanted, &state, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t t = 0; t < TOPICS_N; t++) {
        is_right = is_right && state.topics[t].is_there;
        for (uint32_t i = 0; i < state.topics[t].settings_n; i++) {
            is_right = is_right && state.topics[t].settings[i].verdict == TOPIC_RIGHT;
        }
    }
    if (is_right) {
        (void)fputs("filingctl: the five topics are as they must be, nothing was changed\n",
                    stderr);
        return STATUS_OK;
    }
    output_init(&output, ctl->out, ctl->common->output, columns, COLUMNS_N);
    for (size_t t = 0; t < TOPICS_N && status == STATUS_OK; t++) {
        status = apply_topic(handle, &wanted, &state.topics[t], &output, err);
    }
    if (status == STATUS_OK) {
        status = await_topics(ctl, handle, &wanted, err);
    }
    return output_fini(&output, status == STATUS_OK ? err : NULL) == STATUS_OK ? status
           : status == STATUS_OK                                               ? STATUS_IO
                                                                               : status;
}

enum status topics_apply(struct ctl *ctl, struct failure *err)
{
    rd_kafka_t *handle = NULL;
    enum status status = ctl_kafka_open(ctl, KAFKA_ADMIN, &handle, err);

    if (status == STATUS_OK) {
        status = apply(ctl, handle, err);
        rd_kafka_destroy(handle);
    }
    return status;
}

/* ---- show ---------------------------------------------------------------------------------- */

static void show_topic(struct output *output, const struct topic_state *topic)
{
    static const char *const words[] = {
        [TOPIC_RIGHT] = "right", [TOPIC_WEAKER] = "weaker", [TOPIC_STRONGER] = "stronger"};

    if (!topic->is_there) {
        const struct topic_setting none = {.name = ""};

        put_row(output, topic->topic, &none, "missing");
    }
    for (uint32_t i = 0; i < topic->settings_n; i++) {
        put_row(output, topic->topic, &topic->settings[i], words[topic->settings[i].verdict]);
    }
}

enum status topics_show(struct ctl *ctl, struct failure *err)
{
    const struct topics_wanted wanted = wanted_of(ctl);
    struct topics_state state;
    struct output output;
    rd_kafka_t *handle = NULL;
    enum status status = ctl_kafka_open(ctl, KAFKA_ADMIN, &handle, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = topics_inspect(ctl, handle, &wanted, &state, err);
    rd_kafka_destroy(handle);
    if (status != STATUS_OK) {
        return status;
    }
    output_init(&output, ctl->out, ctl->common->output, columns, COLUMNS_N);
    for (size_t t = 0; t < TOPICS_N; t++) {
        show_topic(&output, &state.topics[t]);
    }
    return output_fini(&output, err);
}
