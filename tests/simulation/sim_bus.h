/* sim_bus.h - the engine's port on the scripted broker, and a store in front of the real one that
 * fails as a database does.
 *
 * The bus does what bus_kafka.c has to do (bus.h, B1 to B6), one request at a time, each of which
 * may be lost, late or repeated by chance.  Its rules can be switched off one by one, to see that
 * the simulation notices.  A dead worker's bus and store do nothing any more: that is how a crash
 * at a named point is played inside one process. */
#ifndef SIMULATION_SIM_BUS_H
#define SIMULATION_SIM_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "consumers/engine/bus.h"
#include "consumers/store/store_port.h"
#include "sim_broker.h"

/* Rules of the bus that a test may break. */
struct sim_rules {
    bool no_recycling;   /* E11: go on with a producer whose last EndTxn was repeated or an abort */
    bool newer_metadata; /* E7: publish under the newest generation instead of the claim's */
    bool no_offsets;     /* E7: publish without offsets */
    bool no_flush;       /* E7: the offsets go before the decisions have arrived */
};

/* What may go wrong, in percent. */
struct sim_faults {
    uint32_t lost_answer;  /* of EndTxn: it is sent again */
    uint32_t late_request; /* an EndTxn arrives later, its repetition now */
    uint32_t abort;        /* a produce request fails, the transaction is aborted */
    uint32_t false_abort;  /* what is reported as aborted was committed */
    uint32_t pending;      /* a look-up does not answer yet */
    uint32_t empty;        /* a poll finds nothing although there is */
    uint32_t store_drops;
    uint32_t store_doubts;
    uint32_t store_locked;
    uint32_t stall_permille; /* the engine stands still inside a call while the world goes on */
    uint32_t doze_permille;  /* the publisher's thread stands still between two requests */
};

/* Where an engine can stand still. */
enum sim_place { SIM_AT_POLL, SIM_AT_WATERMARK, SIM_AT_PUBLISH, SIM_AT_CLAIM, SIM_AT_COMMIT };

/* The world goes on without the caller. */
typedef void sim_stall_fn(void *arg, enum sim_place place);

enum sim_publishing {
    SIM_PUB_NONE = 0,
    SIM_PUB_BEGIN,
    SIM_PUB_PRODUCE,
    SIM_PUB_OFFSETS,
    SIM_PUB_END,
    SIM_PUB_RECYCLE,
    SIM_PUB_DONE
};

struct sim_request {
    bool is_asked;
    int64_t number; /* taken when it was asked */
};

struct sim_bus {
    struct bus port;
    struct sim_broker *broker;
    struct sim_faults faults;
    struct sim_rules rules;
    uint32_t member;
    char txn_id[64];
    bool *is_dead;
    sim_stall_fn *stall;
    void *stall_arg;
    /* group */
    bool is_member;
    bool has_assignment;
    bool is_leaving; /* BUS_REVOKED or BUS_LOST was given, release is awaited */
    uint64_t generation;
    uint32_t assigned[SIM_PARTITIONS];
    size_t assigned_n;
    bool is_mine[SIM_PARTITIONS];
    /* reading */
    bool is_running[SIM_PARTITIONS];
    int64_t position[SIM_PARTITIONS];
    int64_t end_told[SIM_PARTITIONS];
    /* looking */
    struct {
        bool is_on;
        int64_t position;
        int64_t end_told;
    } looks[BUS_LOOK_N][SIM_PARTITIONS];
    struct sim_request watermark[SIM_PARTITIONS];
    bool is_group_asked[SIM_PARTITIONS];
    struct bus_group_offset offsets[SIM_PARTITIONS];
    /* publishing */
    enum sim_publishing publishing;
    const struct bus_publication *publication;
    uint32_t producer;
    uint32_t epoch;
    size_t part;
    size_t decision;
    uint32_t ends_sent;
    int64_t dozes_until_ms;
    enum bus_outcome outcome;
    int64_t last_offsets[SIM_PARTITIONS];
};

/* An entry as a reader of the bus gets it; its bytes are the broker's. */
void sim_entry_record(const struct sim_entry *entry, uint32_t partition, int64_t offset,
                      struct bus_record *ret);

void sim_bus_init(struct sim_bus *bus, struct sim_broker *broker, uint32_t member,
                  const char *txn_id);
/* The publisher's thread takes one step, if it likes. */
void sim_bus_tick(struct sim_bus *bus);

struct sim_store {
    struct store port;
    struct store *real;
    struct sim_bus *bus; /* whose chance, faults and death it shares */
    bool no_token;       /* E2: the token is not looked at */
    bool no_position;    /* E2: the position is not looked at */
};

void sim_store_init(struct sim_store *store, struct store *real, struct sim_bus *bus);

#endif
