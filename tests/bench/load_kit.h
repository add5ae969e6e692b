/* load_kit.h - a load that is the same in every run, for the programs that measure on a broker.
 *
 * Filing number i is a function of i and of how many enterprises there are: the first ones register
 * an enterprise each, all others are inflows of one by chance.  Ids are UUIDv7 that go up with i.
 * The broker's address is KAFKA_BOOTSTRAP.  Whatever fails here ends the program with a line on
 * stderr. */
#ifndef BENCH_LOAD_KIT_H
#define BENCH_LOAD_KIT_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/bytes.h"
#include "base/status.h"
#include "wire/arena.h"
#include "wire/headers.h"
#include "wire/sign.h"

#define LOAD_PARTITIONS 12
#define LOAD_CODE_SIZE  18
#define LOAD_ID_SIZE    37

struct load {
    struct topics topics;
    uint32_t enterprises;
    struct arena arena;
    /* Of a signed load, else NULL. */
    struct signing_key *key;
    struct signer *signer;
    uint8_t ledger_id[LEDGER_ID_SIZE];
};

/* One filing, ready to be sent. Lives until the next load_filing(). */
struct load_filing {
    char key[LOAD_CODE_SIZE + 1];
    int32_t partition;
    struct bytes value;
};

void load_open(struct load *load, const char *prefix, uint32_t enterprises);
void load_close(struct load *load);

/* Filing number i from 0. */
void load_filing(struct load *load, uint64_t i, struct load_filing *ret);

/* Id of filing number i, 36 characters and NUL. */
void load_filing_id(uint64_t i, char out[LOAD_ID_SIZE]);

/* Without waiting; false = the queue is full, poll and try again.  opaque comes back with the
 * delivery report. */
bool load_send(rd_kafka_t *producer, const struct load *load, const struct load_filing *filing,
               void *opaque);

rd_kafka_t *load_producer(void);

/* Ends the program when status is not STATUS_OK. */
void load_need(enum status status, const char *what, const struct failure *err);

/* The value of --name NUMBER among the arguments, or preset. */
uint64_t load_option(int argc, char **argv, const char *name, uint64_t preset);
bool load_switch(int argc, char **argv, const char *name);

#endif
