/* cluster.h - what tests on a real broker share: its address, topics of their own, plain reads. */
#ifndef TESTS_BROKER_CLUSTER_H
#define TESTS_BROKER_CLUSTER_H

#include <stdint.h>

#include <librdkafka/rdkafka.h>

#define CLUSTER_SKIP 77 /* exit code of a test that had no broker */

/* KAFKA_BOOTSTRAP, or NULL. */
const char *cluster_bootstrap(void);

/* A prefix that no other run has. */
void cluster_prefix(char *out, size_t size);

void cluster_create_topic(const char *name, int partitions);

/* Records of a partition as a reader with this isolation level sees them. */
struct cluster_records {
    uint32_t n;
    int64_t offsets[64];
    char values[64][64];
};
void cluster_read(const char *topic, int partition, const char *isolation,
                  struct cluster_records *ret);

void cluster_produce(const char *topic, int partition, const char *key, const char *value);

#endif
