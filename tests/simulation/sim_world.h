/* sim_world.h - several engines over one store and one scripted broker, and a checker.
 *
 * A world is a seed, the rules and belts that are taken off, and what may go wrong.  Its history is
 * made by sim_world_run(); sim_world_check() then wants to see, after everything has come to rest:
 * decided, read committed, is number 1, 2, 3 ... with an unbroken chain, bytes equal to those of a
 * fresh decision of the log and to the journal's, and states equal to the fresh ones. */
#ifndef SIMULATION_SIM_WORLD_H
#define SIMULATION_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "consumers/engine/engine.h"
#include "sim_broker.h"
#include "sim_bus.h"
#include "sim_log.h"

#define SIM_WORKERS 3

struct sim_worker {
    struct sim_bus bus;
    struct sim_store store;
    struct engine *engine; /* NULL = down */
    bool is_dead;          /* a crash point was passed: nothing it does has an effect */
    int64_t away_until_ms; /* paused, or down till then */
    bool is_inside;        /* it stands in the middle of a turn */
    char txn_id[32];
};

struct sim_conf {
    uint64_t seed;
    uint32_t workers_n;
    uint32_t steps;       /* turns of chance before it comes to rest */
    uint32_t records_n;   /* published over the time */
    uint32_t records_max; /* of a batch */
    uint32_t states_written_max;
    struct sim_faults faults;
    struct sim_rules rules;
    bool no_token;
    bool no_position;
    uint32_t crash_percent;  /* of turns at which a crash point is armed */
    uint32_t pause_percent;  /* of turns at which a worker stops for a while */
    uint32_t leave_percent;  /* of turns at which one leaves cleanly or comes back */
    uint32_t flush_permille; /* of turns after which all states are written and looked at */
};

struct sim_world {
    struct sim_conf conf;
    struct sim_broker broker;
    struct sim_log log;
    struct store *real;
    struct sim_worker workers[SIM_WORKERS];
    bool is_broken;
    char what[512];                  /* is broken */
    struct engine_counters counters; /* of all engines that ended */
    uint64_t outcomes[5];            /* of all decisions, by enum outcome */
    uint64_t crashes;                /* at crash points */
    uint64_t flushes;                /* whose states were found right */
};

void sim_world_open(struct sim_world *world, const struct sim_conf *conf);
void sim_world_close(struct sim_world *world);

void sim_world_start(struct sim_world *world, uint32_t worker);
void sim_world_stop(struct sim_world *world, uint32_t worker, bool is_clean);
/* One turn of one worker; false when it is down. */
bool sim_world_turn(struct sim_world *world, uint32_t worker);

/* The random history, then rest. */
void sim_world_run(struct sim_world *world);
/* Everything goes well from here on: until all is decided and published. */
void sim_world_rest(struct sim_world *world);
void sim_world_check(struct sim_world *world);

/* Does every input have its decision in the topic? */
bool sim_world_is_at_rest(struct sim_world *world);

#endif
