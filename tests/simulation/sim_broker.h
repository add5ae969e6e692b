/* sim_broker.h - a scripted Kafka in memory, with what librdkafka's mock lacks.
 *
 * Two topics of the same partitions, submitted and decided; one consumer group; transactional ids.
 * It hides aborted and open records from read_committed readers, keeps the last stable offset,
 * makes transactional offsets visible only when their transaction's marker reaches the group, says
 * "unstable" until then, and fences by generation and by producer epoch.  Markers are written one
 * partition at a time after a transaction's end was decided, as a coordinator does.
 *
 * Everything is driven by one seeded source of chance and by sim_broker_tick(); time is virtual. */
#ifndef SIMULATION_SIM_BROKER_H
#define SIMULATION_SIM_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "consumers/engine/bus.h"

#define SIM_PARTITIONS  2
#define SIM_MEMBERS     4
#define SIM_PRODUCERS   16
#define SIM_DELAYED_MAX 64
#define SIM_SESSION_MS  10000
#define SIM_TXN_MS      15000

/* Seeded chance: the same seed, the same history. */
uint32_t sim_chance(uint64_t *state, uint32_t below);
bool sim_happens(uint64_t *state, uint32_t percent);

enum sim_topic { SIM_SUBMITTED = 0, SIM_DECIDED, SIM_TOPICS };

enum sim_entry_kind { SIM_DATA = 0, SIM_MARKER };

struct sim_entry {
    enum sim_entry_kind kind;
    uint32_t txn; /* index of the transaction, 0 = none */
    bool has_key;
    bool has_value;
    uint8_t *key;
    size_t key_n;
    uint8_t *value;
    size_t value_n;
    int64_t time_ms;
};

struct sim_partition {
    struct sim_entry *at;
    size_t n, max;
};

enum sim_txn_state { SIM_TXN_OPEN = 0, SIM_TXN_COMMITTED, SIM_TXN_ABORTED };

/* A transaction: its end is decided at once and its markers come later, one by one. */
struct sim_txn {
    enum sim_txn_state state;
    bool waits[SIM_TOPICS][SIM_PARTITIONS]; /* touched, marker not yet written */
    bool waits_group[SIM_PARTITIONS];       /* offsets of p, not yet materialised */
    int64_t offsets[SIM_PARTITIONS];
    char metadata[BUS_METADATA_SIZE];
};

struct sim_producer {
    char id[64];
    uint32_t epoch;
    uint32_t txn; /* open one, 0 = none */
    uint32_t last_txn;
    int64_t since_ms;
};

/* An EndTxn that the network holds back. */
struct sim_delayed {
    uint32_t producer;
    uint32_t epoch;
    bool is_commit;
    int64_t due_ms;
};

enum sim_answer {
    SIM_OK = 0,
    SIM_FENCED,  /* producer epoch or generation */
    SIM_INVALID, /* no such transaction */
    SIM_BUSY     /* CONCURRENT_TRANSACTIONS: markers of the last one are still being written */
};

struct sim_member {
    bool is_there;
    bool is_joined; /* waits for the next assignment */
    bool has_partitions;
    bool is_assigned[SIM_PARTITIONS];
    uint64_t generation;
    int64_t seen_ms;
};

struct sim_broker {
    uint64_t chance;
    int64_t now_ms;
    int64_t knows_topics_ms; /* before, it answers that there are none */
    struct sim_partition logs[SIM_TOPICS][SIM_PARTITIONS];
    int64_t log_start[SIM_PARTITIONS];
    struct sim_txn *txns;
    size_t txns_n, txns_max;
    struct sim_producer producers[SIM_PRODUCERS];
    uint32_t producers_n;
    struct sim_delayed delayed[SIM_DELAYED_MAX];
    uint32_t delayed_n;
    struct sim_member members[SIM_MEMBERS];
    uint64_t generation;
    bool is_rebalancing;
    int64_t rebalance_ms;
    struct bus_group_offset offsets[SIM_PARTITIONS];
};

void sim_broker_init(struct sim_broker *broker, uint64_t seed);
void sim_broker_fini(struct sim_broker *broker);

/* Time goes on by ms; markers, delayed requests, transaction time-outs and the group move. */
void sim_broker_tick(struct sim_broker *broker, int64_t ms);

/* Append outside of a transaction, or inside of the open one of producer (from 1, 0 = none). */
void sim_append(struct sim_broker *broker, enum sim_topic topic, uint32_t partition,
                const struct sim_entry *entry);

/* What a reader sees from offset on: the next record at or above *offset below the last stable
 * offset (read_committed); NULL with *offset at the end of what can be read. */
const struct sim_entry *sim_read(const struct sim_broker *broker, enum sim_topic topic,
                                 uint32_t partition, int64_t *offset);
int64_t sim_last_stable(const struct sim_broker *broker, enum sim_topic topic, uint32_t partition);
int64_t sim_high_watermark(const struct sim_broker *broker, enum sim_topic topic,
                           uint32_t partition);

/* Producers, by transactional id.  The number is from 1. */
uint32_t sim_producer_find(struct sim_broker *broker, const char *id);
uint32_t sim_init_transactions(struct sim_broker *broker, uint32_t producer); /* the new epoch */
enum sim_answer sim_begin(struct sim_broker *broker, uint32_t producer, uint32_t epoch);
enum sim_answer sim_produce(struct sim_broker *broker, uint32_t producer, uint32_t epoch,
                            uint32_t partition, const struct bus_decision *decision);
struct sim_offset {
    uint32_t partition;
    int64_t offset;
    const char *metadata;
    uint64_t generation;
};
enum sim_answer sim_send_offset(struct sim_broker *broker, uint32_t producer, uint32_t epoch,
                                const struct sim_offset *offset);
enum sim_answer sim_end(struct sim_broker *broker, uint32_t producer, uint32_t epoch,
                        bool is_commit);
/* The same request once more, later. */
void sim_end_later(struct sim_broker *broker, uint32_t producer, uint32_t epoch, bool is_commit);

/* The group.  A member asks to join, and answers every rebalance by joining again. */
void sim_join(struct sim_broker *broker, uint32_t member);
void sim_leave(struct sim_broker *broker, uint32_t member);
/* Heartbeat: false = it is no longer a member under its generation. */
bool sim_heartbeat(struct sim_broker *broker, uint32_t member);
bool sim_is_stable(const struct sim_broker *broker, uint32_t partition);

#endif
