/* bench_loop.c - what Kafka alone costs: consume, produce, commit, with nothing between.
 *
 *   bench_loop PREFIX [--batch 5000] [--value 366]
 *
 * The same input topic as the worker's, read read_committed from its start to its end as it is now,
 * and for each record one of --value bytes under the same key into a topic of its own; a
 * transaction a batch, with the offsets.  The handles have the worker's settings
 * (kafka/settings.h), among them retry.backoff.ms=1.  One thread, as in every example of
 * librdkafka. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/producer.h"
#include "kafka/settings.h"
#include "tests/bench/load_kit.h"
#include "tests/broker/cluster.h"

#define POLL_MS    100
#define TIMEOUT_MS 10000
#define VALUE_MAX  4096
#define DIGESTS    112 /* bytes of a decision that nothing compresses: id, three digests */

struct loop {
    struct load load;
    char topic[TOPIC_NAME_SIZE + 32];
    char group[TOPIC_NAME_SIZE + 32];
    rd_kafka_t *consumer;
    rd_kafka_consumer_group_metadata_t *metadata;
    struct producer *producer;
    rd_kafka_topic_partition_list_t *positions;
    uint64_t batch;
    int64_t ends[LOAD_PARTITIONS];
    uint32_t at_end_n;
    uint64_t records;
    uint64_t chance;
    size_t value_n;
    uint8_t value[VALUE_MAX];
};

static int64_t cpu_us(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000) +
           used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static void need_kafka(enum kafka_next next, const char *what, const struct failure *err)
{
    load_need(next == KAFKA_NEXT_NONE ? STATUS_OK : STATUS_KAFKA, what, err);
}

static void open_consumer(struct loop *l)
{
    const struct kafka_options options = {
        .bootstrap = cluster_bootstrap(), .client_id = "bench", .group = l->group};
    rd_kafka_conf_t *conf = NULL;
    struct failure err;

    load_need(kafka_conf(KAFKA_LOOK_COMMITTED, &options, &conf, &err), "configure", &err);
    load_need(kafka_open(KAFKA_LOOK_COMMITTED, conf, &l->consumer, &err), "open", &err);
    l->metadata = rd_kafka_consumer_group_metadata_new(l->group);
    l->positions = rd_kafka_topic_partition_list_new(LOAD_PARTITIONS);
    for (int32_t p = 0; p < LOAD_PARTITIONS; p++) {
        int64_t first = 0;

        load_need(admin_ends(l->consumer, l->load.topics.submitted, p, TIMEOUT_MS, &first,
                             &l->ends[p], &err),
                  "ask for the end of a partition", &err);
        rd_kafka_topic_partition_list_add(l->positions, l->load.topics.submitted, p)->offset =
            first;
        l->at_end_n += l->ends[p] == first ? 1 : 0;
    }
    (void)rd_kafka_assign(l->consumer, l->positions);
}

static void open_producer(struct loop *l)
{
    const struct kafka_options options = {
        .bootstrap = cluster_bootstrap(), .client_id = "bench", .transactional_id = l->group};
    struct failure err;

    cluster_create_topic(l->topic, LOAD_PARTITIONS);
    load_need(producer_open(&options, l->topic, &l->producer, &err), "open a producer", &err);
}

/* The end of a partition may be a transaction's marker, which nobody sees: then its EOF tells. */
static void pass(struct loop *l, int32_t partition, int64_t next_offset)
{
    rd_kafka_topic_partition_t *at = &l->positions->elems[partition];

    if (at->offset < l->ends[partition] && next_offset >= l->ends[partition]) {
        l->at_end_n++;
    }
    at->offset = next_offset;
}

/* Digests are other ones in each decision; the rest of it and its headers compress. */
static void renew_value(struct loop *l)
{
    for (size_t i = 0; i + sizeof(l->chance) <= DIGESTS; i += sizeof(l->chance)) {
        l->chance ^= l->chance << 13;
        l->chance ^= l->chance >> 7;
        l->chance ^= l->chance << 17;
        memcpy(l->value + i, &l->chance, sizeof(l->chance));
    }
}

/* One record in, one out. False: nothing came, or no record. */
static bool turn(struct loop *l)
{
    rd_kafka_message_t *m = rd_kafka_consumer_poll(l->consumer, POLL_MS);
    struct producer_record record = {.topic = l->topic, .value = l->value, .value_n = l->value_n};
    const bool is_record = m && !m->err;
    struct failure err;

    if (is_record) {
        renew_value(l);
        record.partition = m->partition;
        record.key = m->key;
        record.key_n = m->key_len;
        need_kafka(producer_send(l->producer, &record, &err), "produce", &err);
        pass(l, m->partition, m->offset + 1);
    } else if (m && m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        pass(l, m->partition, m->offset);
    }
    if (m) {
        rd_kafka_message_destroy(m);
    }
    return is_record;
}

static void transact(struct loop *l)
{
    struct failure err;
    bool clean = false;
    uint64_t n = 0;

    need_kafka(producer_begin(l->producer, &err), "begin", &err);
    while (n < l->batch && l->at_end_n < LOAD_PARTITIONS) {
        n += turn(l) ? 1 : 0;
    }
    need_kafka(producer_flush(l->producer, &err), "flush", &err);
    need_kafka(producer_send_offsets(l->producer, l->positions, l->metadata, &err), "send offsets",
               &err);
    need_kafka(producer_commit(l->producer, &clean, &err), "commit", &err);
    l->records += n;
}

int main(int argc, char **argv)
{
    static struct loop l;
    int64_t started_us;
    int64_t used_us;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: bench_loop PREFIX [--batch N] [--value BYTES]\n");
        return 2;
    }
    load_open(&l.load, argv[1], 1);
    l.batch = load_option(argc, argv, "--batch", 5000);
    l.value_n = load_option(argc, argv, "--value", 366);
    assert(l.value_n >= DIGESTS);
    assert(l.value_n <= sizeof(l.value));
    l.chance = UINT64_C(88172645463325252);
    (void)snprintf(l.topic, sizeof(l.topic), "%sloop.%" PRId64, argv[1], clock_unix_ms());
    (void)snprintf(l.group, sizeof(l.group), "%s", l.topic);
    open_producer(&l);
    open_consumer(&l);
    started_us = clock_monotonic_us();
    used_us = cpu_us();
    while (l.at_end_n < LOAD_PARTITIONS) {
        transact(&l);
    }
    started_us = clock_monotonic_us() - started_us;
    used_us = cpu_us() - used_us;
    printf("loop_%" PRIu64 "_rate %.0f records/s\n", l.batch,
           (double)l.records * 1e6 / (double)started_us);
    printf("loop_%" PRIu64 "_cpu %.2f us/record\n", l.batch, (double)used_us / (double)l.records);
    rd_kafka_topic_partition_list_destroy(l.positions);
    rd_kafka_consumer_group_metadata_destroy(l.metadata);
    rd_kafka_destroy(l.consumer);
    producer_close(l.producer);
    load_close(&l.load);
    return EXIT_SUCCESS;
}
