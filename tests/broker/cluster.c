#include "tests/broker/cluster.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS 10000

const char *cluster_bootstrap(void)
{
    const char *address = getenv("KAFKA_BOOTSTRAP"); /* NOLINT(concurrency-mt-unsafe) */

    return address && address[0] ? address : NULL;
}

void cluster_prefix(char *out, size_t size)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    (void)snprintf(out, size, "t%d-%ld-", (int)getpid(), now.tv_nsec);
}

static rd_kafka_t *open_handle(rd_kafka_type_t type, const char *isolation)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *handle;

    assert(cluster_bootstrap());
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", cluster_bootstrap(), text, sizeof(text));
    (void)rd_kafka_conf_set(conf, "broker.address.family", "v4", text, sizeof(text));
    if (isolation) {
        (void)rd_kafka_conf_set(conf, "isolation.level", isolation, text, sizeof(text));
        (void)rd_kafka_conf_set(conf, "enable.partition.eof", "true", text, sizeof(text));
        (void)rd_kafka_conf_set(conf, "group.id", "cluster-test", text, sizeof(text));
    }
    handle = rd_kafka_new(type, conf, text, sizeof(text));
    assert(handle);
    return handle;
}

void cluster_create_topic(const char *name, int partitions)
{
    char text[256];
    rd_kafka_t *handle = open_handle(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, text, sizeof(text));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_event_t *event;

    assert(topic);
    (void)rd_kafka_NewTopic_set_config(topic, "message.timestamp.type", "LogAppendTime");
    rd_kafka_CreateTopics(handle, &topic, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    assert(event);
    assert(!rd_kafka_event_error(event));
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(handle);
}

void cluster_produce(const char *topic, int partition, const char *key, const char *value)
{
    rd_kafka_t *handle = open_handle(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {strdup(key), strlen(key)}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {strdup(value), strlen(value)}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(handle, parts, sizeof(parts) / sizeof(parts[0]));

    assert(!error);
    assert(!rd_kafka_flush(handle, TIMEOUT_MS));
    free(parts[2].u.mem.ptr);
    free(parts[3].u.mem.ptr);
    rd_kafka_destroy(handle);
}

static void keep(struct cluster_records *ret, const rd_kafka_message_t *m)
{
    const size_t n = m->len < sizeof(ret->values[0]) ? m->len : sizeof(ret->values[0]) - 1;

    assert(ret->n < sizeof(ret->offsets) / sizeof(ret->offsets[0]));
    ret->offsets[ret->n] = m->offset;
    memcpy(ret->values[ret->n], m->payload, n);
    ret->values[ret->n][n] = '\0';
    ret->n++;
}

void cluster_read(const char *topic, int partition, const char *isolation,
                  struct cluster_records *ret)
{
    rd_kafka_t *handle = open_handle(RD_KAFKA_CONSUMER, isolation);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    bool at_end = false;

    ret->n = 0;
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = 0;
    assert(!rd_kafka_assign(handle, list));
    while (!at_end) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(handle, TIMEOUT_MS);

        assert(m);
        at_end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (!m->err) {
            keep(ret, m);
        }
        rd_kafka_message_destroy(m);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(handle);
}
