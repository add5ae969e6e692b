#include "sim_broker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_MS INT64_C(1776643200000) /* 2026-04-20 */

uint32_t sim_chance(uint64_t *state, uint32_t below)
{
    *state ^= *state << 13; /* xorshift64: any seed but 0 */
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)((*state >> 11) % below);
}

bool sim_happens(uint64_t *state, uint32_t percent) { return sim_chance(state, 100) < percent; }

void sim_broker_init(struct sim_broker *b, uint64_t seed)
{
    *b = (struct sim_broker){.chance = seed * 2654435761U + 88172645463325252U,
                             .now_ms = FIRST_MS,
                             .txns_max = 1024,
                             .txns_n = 1};
    b->txns = calloc(b->txns_max, sizeof(*b->txns));
    assert(b->txns);
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        b->offsets[p].offset = -1;
    }
}

void sim_broker_fini(struct sim_broker *b)
{
    for (uint32_t i = 0; i < SIM_TOPICS * SIM_PARTITIONS; i++) {
        struct sim_partition *log = &b->logs[i / SIM_PARTITIONS][i % SIM_PARTITIONS];

        for (size_t k = 0; k < log->n; k++) {
            free(log->at[k].key);
            free(log->at[k].value);
        }
        free(log->at);
    }
    free(b->txns);
}

static uint8_t *copy(const uint8_t *at, size_t n)
{
    uint8_t *out = malloc(n + 1);

    assert(out);
    if (n > 0) {
        memcpy(out, at, n);
    }
    return out;
}

void sim_append(struct sim_broker *b, enum sim_topic topic, uint32_t partition,
                const struct sim_entry *entry)
{
    struct sim_partition *const log = &b->logs[topic][partition];

    if (log->n == log->max) {
        log->max = log->max ? log->max * 2 : 256;
        log->at = realloc(log->at, log->max * sizeof(*log->at));
        assert(log->at);
    }
    log->at[log->n] = *entry;
    log->at[log->n].key = entry->has_key ? copy(entry->key, entry->key_n) : NULL;
    log->at[log->n].value = entry->has_value ? copy(entry->value, entry->value_n) : NULL;
    log->n++;
}

/* ---- readers ------------------------------------------------------------------------------- */

static bool is_undecided(const struct sim_broker *b, enum sim_topic topic, uint32_t partition,
                         const struct sim_entry *entry)
{
    return entry->kind == SIM_DATA && entry->txn != 0 &&
           b->txns[entry->txn].waits[topic][partition];
}

int64_t sim_last_stable(const struct sim_broker *b, enum sim_topic topic, uint32_t partition)
{
    const struct sim_partition *const log = &b->logs[topic][partition];

    for (size_t i = 0; i < log->n; i++) {
        if (is_undecided(b, topic, partition, &log->at[i])) {
            return (int64_t)i;
        }
    }
    return (int64_t)log->n;
}

int64_t sim_high_watermark(const struct sim_broker *b, enum sim_topic topic, uint32_t partition)
{
    return (int64_t)b->logs[topic][partition].n;
}

const struct sim_entry *sim_read(const struct sim_broker *b, enum sim_topic topic,
                                 uint32_t partition, int64_t *offset)
{
    const struct sim_partition *const log = &b->logs[topic][partition];

    for (; *offset < (int64_t)log->n; (*offset)++) {
        const struct sim_entry *const entry = &log->at[*offset];

        if (is_undecided(b, topic, partition, entry)) {
            return NULL; /* the last stable offset */
        }
        if (entry->kind == SIM_DATA &&
            (entry->txn == 0 || b->txns[entry->txn].state == SIM_TXN_COMMITTED)) {
            return entry;
        }
    }
    return NULL;
}

/* ---- transactions -------------------------------------------------------------------------- */

uint32_t sim_producer_find(struct sim_broker *b, const char *id)
{
    for (uint32_t i = 1; i <= b->producers_n; i++) {
        if (strcmp(b->producers[i].id, id) == 0) {
            return i;
        }
    }
    assert(b->producers_n + 1 < SIM_PRODUCERS);
    b->producers_n++;
    (void)snprintf(b->producers[b->producers_n].id, sizeof(b->producers[0].id), "%s", id);
    return b->producers_n;
}

static void decide(struct sim_broker *b, struct sim_producer *producer, bool is_commit)
{
    b->txns[producer->txn].state = is_commit ? SIM_TXN_COMMITTED : SIM_TXN_ABORTED;
    producer->last_txn = producer->txn;
    producer->txn = 0;
}

uint32_t sim_init_transactions(struct sim_broker *b, uint32_t producer)
{
    struct sim_producer *const p = &b->producers[producer];

    if (p->txn != 0) {
        decide(b, p, false);
    }
    p->epoch++;
    return p->epoch;
}

static bool is_writing(const struct sim_broker *b, uint32_t txn)
{
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        if (b->txns[txn].waits[SIM_SUBMITTED][p] || b->txns[txn].waits[SIM_DECIDED][p] ||
            b->txns[txn].waits_group[p]) {
            return true;
        }
    }
    return false;
}

/* A transaction begins with the first request; here that is a request of its own. */
enum sim_answer sim_begin(struct sim_broker *b, uint32_t producer, uint32_t epoch)
{
    struct sim_producer *const p = &b->producers[producer];

    if (p->epoch != epoch) {
        return SIM_FENCED;
    }
    if (p->last_txn != 0 && is_writing(b, p->last_txn)) {
        return SIM_BUSY;
    }
    assert(p->txn == 0);
    if (b->txns_n == b->txns_max) {
        b->txns_max *= 2;
        b->txns = realloc(b->txns, b->txns_max * sizeof(*b->txns));
        assert(b->txns);
    }
    b->txns[b->txns_n] = (struct sim_txn){.state = SIM_TXN_OPEN};
    p->txn = (uint32_t)b->txns_n;
    p->since_ms = b->now_ms;
    b->txns_n++;
    return SIM_OK;
}

/* A request of a transaction that is gone (a delayed EndTxn ended it) begins another one, as the
 * coordinator does without KIP-890. */
static enum sim_answer enter(struct sim_broker *b, uint32_t producer, uint32_t epoch)
{
    struct sim_producer *const p = &b->producers[producer];

    if (p->epoch != epoch) {
        return SIM_FENCED;
    }
    return p->txn != 0 ? SIM_OK : sim_begin(b, producer, epoch);
}

enum sim_answer sim_produce(struct sim_broker *b, uint32_t producer, uint32_t epoch,
                            uint32_t partition, const struct bus_decision *decision)
{
    const enum sim_answer answer = enter(b, producer, epoch);
    struct sim_entry entry = {
        .has_key = decision->has_key,
        .has_value = true,
        .key_n = decision->key_n,
        .value_n = decision->bytes_n,
        .time_ms = b->now_ms,
        .txn = b->producers[producer].txn,
    };

    if (answer != SIM_OK) {
        return answer;
    }
    entry.key = decision->has_key ? copy(decision->key, decision->key_n) : NULL;
    entry.value = copy(decision->bytes, decision->bytes_n);
    b->txns[entry.txn].waits[SIM_DECIDED][partition] = true;
    sim_append(b, SIM_DECIDED, partition, &entry);
    free(entry.key);
    free(entry.value);
    return SIM_OK;
}

enum sim_answer sim_send_offset(struct sim_broker *b, uint32_t producer, uint32_t epoch,
                                const struct sim_offset *offset)
{
    const enum sim_answer answer = enter(b, producer, epoch);
    struct sim_txn *txn;

    if (answer != SIM_OK) {
        return answer;
    }
    if (offset->generation != b->generation) {
        return SIM_FENCED;
    }
    txn = &b->txns[b->producers[producer].txn];
    txn->waits_group[offset->partition] = true;
    txn->offsets[offset->partition] = offset->offset;
    (void)snprintf(txn->metadata, sizeof(txn->metadata), "%s", offset->metadata);
    return SIM_OK;
}

enum sim_answer sim_end(struct sim_broker *b, uint32_t producer, uint32_t epoch, bool is_commit)
{
    struct sim_producer *const p = &b->producers[producer];

    if (p->epoch != epoch) {
        return SIM_FENCED;
    }
    if (p->txn == 0) { /* a repetition of the last end is answered like it */
        return p->last_txn != 0 && (b->txns[p->last_txn].state == SIM_TXN_COMMITTED) == is_commit
                   ? SIM_OK
                   : SIM_INVALID;
    }
    decide(b, p, is_commit);
    return SIM_OK;
}

void sim_end_later(struct sim_broker *b, uint32_t producer, uint32_t epoch, bool is_commit)
{
    if (b->delayed_n < SIM_DELAYED_MAX) {
        b->delayed[b->delayed_n++] = (struct sim_delayed){
            .producer = producer,
            .epoch = epoch,
            .is_commit = is_commit,
            .due_ms = b->now_ms + 1 + sim_chance(&b->chance, 3000),
        };
    }
}

bool sim_is_stable(const struct sim_broker *b, uint32_t partition)
{
    for (size_t i = 1; i < b->txns_n; i++) {
        if (b->txns[i].waits_group[partition]) {
            return false;
        }
    }
    return true;
}

static void write_marker(struct sim_broker *b, uint32_t txn, enum sim_topic topic, uint32_t p)
{
    const struct sim_entry marker = {.kind = SIM_MARKER, .txn = txn, .time_ms = b->now_ms};

    if (b->txns[txn].waits[topic][p] && sim_happens(&b->chance, 50)) {
        b->txns[txn].waits[topic][p] = false;
        sim_append(b, topic, p, &marker);
    }
}

static void materialise(struct sim_broker *b, struct sim_txn *txn, uint32_t p)
{
    if (!txn->waits_group[p] || !sim_happens(&b->chance, 50)) {
        return;
    }
    txn->waits_group[p] = false;
    if (txn->state == SIM_TXN_COMMITTED) {
        b->offsets[p].offset = txn->offsets[p];
        memcpy(b->offsets[p].metadata, txn->metadata, sizeof(txn->metadata));
    }
}

static void tick_transactions(struct sim_broker *b)
{
    for (uint32_t i = 1; i < b->txns_n; i++) {
        for (uint32_t p = 0; p < SIM_PARTITIONS && b->txns[i].state != SIM_TXN_OPEN; p++) {
            write_marker(b, i, SIM_SUBMITTED, p);
            write_marker(b, i, SIM_DECIDED, p);
            materialise(b, &b->txns[i], p);
        }
    }
    for (uint32_t i = 1; i <= b->producers_n; i++) {
        struct sim_producer *const p = &b->producers[i];

        if (p->txn != 0 && b->now_ms - p->since_ms >= SIM_TXN_MS) {
            decide(b, p, false);
            p->epoch++; /* a time-out fences */
        }
    }
    for (uint32_t i = 0; i < b->delayed_n;) {
        if (b->delayed[i].due_ms <= b->now_ms) {
            const struct sim_delayed late = b->delayed[i];

            b->delayed[i] = b->delayed[--b->delayed_n];
            (void)sim_end(b, late.producer, late.epoch, late.is_commit);
        } else {
            i++;
        }
    }
}

/* ---- the group ----------------------------------------------------------------------------- */

static void rebalance(struct sim_broker *b)
{
    if (!b->is_rebalancing) {
        b->is_rebalancing = true;
        b->rebalance_ms = b->now_ms;
    }
}

void sim_join(struct sim_broker *b, uint32_t member)
{
    struct sim_member *const m = &b->members[member];

    m->is_there = true;
    m->is_joined = true;
    m->has_partitions = false;
    m->seen_ms = b->now_ms;
    rebalance(b);
}

void sim_leave(struct sim_broker *b, uint32_t member)
{
    if (b->members[member].is_there) {
        b->members[member] = (struct sim_member){.is_there = false};
        rebalance(b);
    }
}

bool sim_heartbeat(struct sim_broker *b, uint32_t member)
{
    struct sim_member *const m = &b->members[member];

    m->seen_ms = b->now_ms;
    return m->is_there && (m->is_joined || m->generation == b->generation);
}

/* Range over the members that are there, ascending. */
static void assign(struct sim_broker *b)
{
    uint32_t n = 0;
    uint32_t k = 0;

    b->generation++;
    b->is_rebalancing = false;
    for (uint32_t i = 0; i < SIM_MEMBERS; i++) {
        n += b->members[i].is_there ? 1 : 0;
    }
    for (uint32_t i = 0; i < SIM_MEMBERS; i++) {
        struct sim_member *const m = &b->members[i];

        if (!m->is_there) {
            continue;
        }
        for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
            m->is_assigned[p] = p * n / SIM_PARTITIONS == k;
        }
        m->generation = b->generation;
        m->is_joined = false;
        m->has_partitions = true;
        k++;
    }
}

static void tick_group(struct sim_broker *b)
{
    bool is_complete = true;

    for (uint32_t i = 0; i < SIM_MEMBERS; i++) {
        struct sim_member *const m = &b->members[i];

        if (m->is_there && b->now_ms - m->seen_ms >= SIM_SESSION_MS) {
            m->is_there = false; /* it does not know yet */
            rebalance(b);
        }
        is_complete = is_complete && (!m->is_there || m->is_joined);
    }
    if (b->is_rebalancing && is_complete) {
        assign(b);
    }
}

void sim_broker_tick(struct sim_broker *b, int64_t ms)
{
    b->now_ms += ms;
    tick_transactions(b);
    tick_group(b);
}
