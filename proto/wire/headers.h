/* headers.h - names around the bytes: topics, groups, partitions, CloudEvents headers (design,
 * section 2).
 *
 * Headers are CloudEvents 1.0, Kafka binding, binary mode.  Nothing that decides reads them. */
#ifndef WIRE_HEADERS_H
#define WIRE_HEADERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/filing.h"
#include "wire/hash.h"

#define TOPIC_NAME_SIZE 250 /* Kafka's 249 and NUL */

/* Full names, prefix included. */
struct topics {
    char submitted[TOPIC_NAME_SIZE];
    char decided[TOPIC_NAME_SIZE];
    char reference[TOPIC_NAME_SIZE];
    char checkpoints[TOPIC_NAME_SIZE];
    char operations[TOPIC_NAME_SIZE];
    char group[TOPIC_NAME_SIZE];         /* of the workers */
    char reference_txn[TOPIC_NAME_SIZE]; /* transactional id of all who issue bulletins */
};

/* STATUS_INVALID when the prefix is too long or has other characters than Kafka allows. */
MUST_CHECK enum status topics_init(struct topics *topics, const char *prefix, struct failure *err);

/* The partition that murmur2_random gives a record with this key. */
uint32_t partition_of_key(const void *key, size_t n, uint32_t partitions_n);

/* "proposal/<id>" and "bulletin/<number>", keys of the reference topic. */
#define REFERENCE_KEY_SIZE 40
void reference_key_proposal(const char *id, char out[REFERENCE_KEY_SIZE]);
void reference_key_bulletin(uint64_t number, char out[REFERENCE_KEY_SIZE]);

#define HEADERS_MAX 8

struct header {
    const char *name;
    struct bytes value;
};

/* Headers and the memory of their values: everything lies in here, nothing is allocated. */
struct headers {
    uint32_t n;
    struct header at[HEADERS_MAX];
    size_t used;
    char text[512];
};

/* A filing's: texts may be empty, then their headers are left out.  time_ms is when it was
 * published, Unix time. */
struct filing_names {
    struct text filing_id;
    struct text bank;
    struct text enterprise;
    struct text event;
    int64_t time_ms;
};
void headers_filing(struct headers *headers, const struct filing_names *names);

/* A decision's: ce_time is its received time, left out for HEADERS_NO_TIME. */
#define HEADERS_NO_TIME INT64_MIN
struct decision_names {
    uint32_t partition;
    uint64_t number;
    const uint8_t *ledger_id; /* LEDGER_ID_SIZE bytes */
    struct text enterprise;
    int64_t received_ms;
};
void headers_decision(struct headers *headers, const struct decision_names *names);

void headers_bulletin(struct headers *headers, uint64_t number,
                      const uint8_t ledger_id[LEDGER_ID_SIZE], int64_t time_ms);

#endif
