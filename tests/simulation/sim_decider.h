/* sim_decider.h - one partition, 0 of as many as a test wants, decided as the engine decides it.
 *
 * What sim_log.h publishes is kept as records; sim_decider_decide() gives them to a decider over
 * a store in memory and closes batches as the engine does.  A fault of the test itself is a failed
 * assert of cmocka. */
#ifndef SIMULATION_SIM_DECIDER_H
#define SIMULATION_SIM_DECIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "consumers/engine/decider.h"
#include "sim_log.h"

#define SIM_RECORDS_MAX 8192
#define SIM_FIRST_MS    INT64_C(1776643200000) /* 2026-04-20 */

struct sim_decider {
    struct sim_log log;
    struct store *store;
    struct reference_set *references;
    struct desk *desk;
    struct decider *decider;
    struct batch_part part;
    uint8_t token[OWNER_TOKEN_SIZE];
    struct bus_record records[SIM_RECORDS_MAX];
    uint8_t *owned[SIM_RECORDS_MAX]; /* their bytes */
    size_t records_n;
    size_t decided_n;
    int64_t time_ms; /* of what is published next */
    bool is_create_time;
    bool is_broker_memory;
    struct failure why;
    struct decision seen;
};

/* Setup and teardown of a cmocka test: *state is the struct. */
int sim_decider_setup(void **state);
int sim_decider_teardown(void **state);

/* A sim_put_fn: arg is the partition. */
void sim_decider_put(void *arg, uint32_t partition, const struct bytes *key, struct bytes value);

/* A decider at the row of the store; sim_decider_decide() opens one of 1 partition when there is
 * none. */
void sim_decider_open(struct sim_decider *p, uint32_t partitions_n, uint32_t records_max);

/* What is published and not yet decided, as one batch or as many as it is cut into. */
MUST_CHECK enum status sim_decider_decide(struct sim_decider *p);
void sim_decider_store(struct sim_decider *p); /* close the batch */

/* The decision with a number, from the journal; borrowed until the next call. */
const struct decision *sim_decider_decision(struct sim_decider *p, uint64_t number);
const struct decision *sim_decider_last(struct sim_decider *p);

#endif
