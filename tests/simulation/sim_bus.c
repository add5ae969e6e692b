#include "sim_bus.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static struct sim_bus *of(struct bus *bus) { return (struct sim_bus *)bus; }

static bool happens(struct sim_bus *b, uint32_t percent)
{
    return sim_happens(&b->broker->chance, percent);
}

/* Whoever waits lets the world go on. */
static void pass_time(struct sim_bus *b, int64_t ms_max)
{
    sim_broker_tick(b->broker, 1 + sim_chance(&b->broker->chance, (uint32_t)ms_max + 1));
    sim_bus_tick(b);
}

/* A process that is stopped, swapped out or waits for its disk, in the middle of something. */
static void stall(struct sim_bus *b, enum sim_place place)
{
    if (b->stall && sim_chance(&b->broker->chance, 1000) < b->faults.stall_permille) {
        b->stall(b->stall_arg, place);
    }
}

static enum bus_answer dead(struct failure *err)
{
    (void)failure_set(err, STATUS_KAFKA, REMEDY_STOP, 0, "dead");
    return BUS_FAILED;
}

static int64_t now_ms(struct bus *bus) { return of(bus)->broker->now_ms; }

/* ---- the group's reading ------------------------------------------------------------------- */

static void forget_assignment(struct sim_bus *b)
{
    b->has_assignment = false;
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        b->is_mine[p] = false;
        b->is_running[p] = false;
    }
}

static void give_assignment(struct sim_bus *b, const struct sim_member *m, struct bus_event *ret)
{
    b->assigned_n = 0;
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        b->is_mine[p] = m->is_assigned[p];
        b->is_running[p] = false;
        if (m->is_assigned[p]) {
            b->assigned[b->assigned_n++] = p;
        }
    }
    b->generation = m->generation;
    b->has_assignment = true;
    *ret = (struct bus_event){.kind = BUS_ASSIGNED,
                              .partitions = b->assigned,
                              .partitions_n = b->assigned_n,
                              .generation = b->generation};
}

static void give_leave(struct sim_bus *b, enum bus_event_kind kind, struct bus_event *ret)
{
    b->is_leaving = true;
    *ret =
        (struct bus_event){.kind = kind, .partitions = b->assigned, .partitions_n = b->assigned_n};
}

/* What the group has to say: true when there is an event. */
static bool poll_group(struct sim_bus *b, struct bus_event *ret)
{
    const struct sim_member *const m = &b->broker->members[b->member];
    const bool is_known = sim_heartbeat(b->broker, b->member);

    if (!b->is_member || (!is_known && !b->has_assignment)) {
        b->is_member = true;
        sim_join(b->broker, b->member);
        return false;
    }
    if (b->has_assignment && !is_known) {
        give_leave(b, BUS_LOST, ret);
        return true;
    }
    if (b->has_assignment && b->broker->is_rebalancing && !m->is_joined) {
        give_leave(b, BUS_REVOKED, ret);
        return true;
    }
    if (!b->has_assignment && m->has_partitions) {
        give_assignment(b, m, ret);
        return true;
    }
    if (!b->has_assignment && b->broker->is_rebalancing && !m->is_joined) {
        sim_join(b->broker, b->member);
    }
    return false;
}

void sim_entry_record(const struct sim_entry *entry, uint32_t partition, int64_t offset,
                      struct bus_record *ret)
{
    *ret = (struct bus_record){
        .partition = partition,
        .offset = offset,
        .timestamp_ms = entry->time_ms,
        .log_append_time = true,
        .has_key = entry->has_key,
        .has_value = entry->has_value,
        .key = entry->key,
        .key_n = entry->key_n,
        .value = entry->value,
        .value_n = entry->value_n,
    };
}

static bool poll_partition(struct sim_bus *b, uint32_t p, struct bus_event *ret)
{
    const struct sim_entry *entry;

    if (!b->is_running[p]) {
        return false;
    }
    entry = sim_read(b->broker, SIM_SUBMITTED, p, &b->position[p]);
    if (entry) {
        *ret = (struct bus_event){.kind = BUS_RECORD};
        sim_entry_record(entry, p, b->position[p], &ret->record);
        b->position[p]++;
        b->end_told[p] = -1;
        return true;
    }
    if (b->end_told[p] != b->position[p]) {
        b->end_told[p] = b->position[p];
        *ret = (struct bus_event){.kind = BUS_END, .partition = p, .offset = b->position[p]};
        return true;
    }
    return false;
}

static void bus_poll_sim(struct bus *bus, int timeout_ms, struct bus_event *ret)
{
    struct sim_bus *const b = of(bus);
    const uint32_t first = sim_chance(&b->broker->chance, SIM_PARTITIONS);

    *ret = (struct bus_event){.kind = BUS_EMPTY};
    if (*b->is_dead || b->is_leaving) {
        return;
    }
    stall(b, SIM_AT_POLL);
    if (timeout_ms > 0) {
        pass_time(b, timeout_ms / 5);
    }
    if (poll_group(b, ret) || happens(b, b->faults.empty)) {
        return;
    }
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++) {
        if (poll_partition(b, (first + i) % SIM_PARTITIONS, ret)) {
            return;
        }
    }
}

static void bus_release_sim(struct bus *bus)
{
    struct sim_bus *const b = of(bus);

    if (*b->is_dead) {
        return;
    }
    b->is_leaving = false;
    forget_assignment(b);
    sim_join(b->broker, b->member);
}

static void bus_pause_sim(struct bus *bus, uint32_t p) { of(bus)->is_running[p] = false; }

static void bus_resume_sim(struct bus *bus, uint32_t p, int64_t offset)
{
    struct sim_bus *const b = of(bus);

    assert(*b->is_dead || b->is_mine[p]);
    b->is_running[p] = true;
    b->position[p] = offset;
    b->end_told[p] = -1;
}

static bool bus_assigned_sim(struct bus *bus, uint32_t p, uint64_t generation)
{
    const struct sim_bus *const b = of(bus);

    return b->has_assignment && b->is_mine[p] && b->generation == generation;
}

/* ---- look-ups ------------------------------------------------------------------------------ */

static enum bus_answer bus_topics_sim(struct bus *bus, struct bus_topics *ret, struct failure *err)
{
    if (*of(bus)->is_dead) {
        return dead(err);
    }
    *ret = (struct bus_topics){.submitted_partitions = 0};
    if (of(bus)->broker->now_ms >= of(bus)->broker->knows_topics_ms) {
        ret->submitted_partitions = SIM_PARTITIONS;
        ret->decided_partitions = SIM_PARTITIONS;
    }
    return happens(of(bus), of(bus)->faults.pending) ? BUS_PENDING : BUS_READY;
}

static enum bus_answer bus_log_start_sim(struct bus *bus, uint32_t p, int64_t *ret,
                                         struct failure *err)
{
    struct sim_bus *const b = of(bus);

    if (*b->is_dead) {
        return dead(err);
    }
    *ret = b->broker->log_start[p];
    return happens(b, b->faults.pending) ? BUS_PENDING : BUS_READY;
}

static enum bus_answer bus_input_end_sim(struct bus *bus, uint32_t p, int64_t *ret,
                                         struct failure *err)
{
    struct sim_bus *const b = of(bus);

    if (*b->is_dead) {
        return dead(err);
    }
    *ret = sim_high_watermark(b->broker, SIM_SUBMITTED, p);
    return BUS_READY;
}

/* An answer may be as old as the question (B5). */
static enum bus_answer bus_high_watermark_sim(struct bus *bus, uint32_t p, int64_t *ret,
                                              struct failure *err)
{
    struct sim_bus *const b = of(bus);

    stall(b, SIM_AT_WATERMARK);
    if (*b->is_dead) {
        return dead(err);
    }
    if (!b->watermark[p].is_asked) {
        b->watermark[p].is_asked = true;
        b->watermark[p].number = sim_high_watermark(b->broker, SIM_DECIDED, p);
    }
    if (happens(b, b->faults.pending)) {
        return BUS_PENDING;
    }
    *ret = b->watermark[p].number;
    b->watermark[p].is_asked = false;
    return BUS_READY;
}

static enum bus_answer bus_group_offsets_sim(struct bus *bus, uint32_t p,
                                             const struct bus_group_offset **ret,
                                             struct failure *err)
{
    struct sim_bus *const b = of(bus);

    if (*b->is_dead) {
        return dead(err);
    }
    if (!b->is_group_asked[p]) {
        b->is_group_asked[p] = true;
        memcpy(b->offsets, b->broker->offsets, sizeof(b->offsets));
        for (uint32_t i = 0; i < SIM_PARTITIONS; i++) {
            b->offsets[i].stable = sim_is_stable(b->broker, i);
        }
    }
    if (happens(b, b->faults.pending)) {
        return BUS_PENDING;
    }
    b->is_group_asked[p] = false;
    *ret = b->offsets;
    return b->offsets[p].stable ? BUS_READY : BUS_UNSTABLE;
}

static enum bus_answer bus_commit_first_sim(struct bus *bus, const struct bus_publication *first,
                                            struct failure *err)
{
    struct sim_bus *const b = of(bus);
    struct bus_group_offset *const offset = &b->broker->offsets[first->parts[0].partition];

    if (*b->is_dead) {
        return dead(err);
    }
    if (first->generation != b->broker->generation) {
        (void)failure_set(err, STATUS_KAFKA, REMEDY_RECYCLE, 0, "illegal generation");
        return BUS_FAILED;
    }
    offset->offset = first->parts[0].next_offset;
    (void)snprintf(offset->metadata, sizeof(offset->metadata), "%s", first->metadata);
    return BUS_READY;
}

static enum bus_answer bus_fence_sim(struct bus *bus, uint32_t p, const char *txn_id,
                                     struct failure *err)
{
    struct sim_bus *const b = of(bus);

    (void)p;
    if (*b->is_dead) {
        return dead(err);
    }
    (void)sim_init_transactions(b->broker, sim_producer_find(b->broker, txn_id));
    return BUS_READY;
}

static void bus_forget_sim(struct bus *bus, uint32_t p)
{
    struct sim_bus *const b = of(bus);

    b->watermark[p].is_asked = false;
    b->is_group_asked[p] = false;
    for (uint32_t kind = 0; kind < BUS_LOOK_N; kind++) {
        b->looks[kind][p].is_on = false;
    }
}

static void bus_look_sim(struct bus *bus, enum bus_look kind, uint32_t p, int64_t offset)
{
    struct sim_bus *const b = of(bus);

    b->looks[kind][p].is_on = true;
    b->looks[kind][p].position = offset == BUS_LOOK_FIRST ? 0 : offset;
    b->looks[kind][p].end_told = -1;
}

static enum bus_seen bus_look_next_sim(struct bus *bus, enum bus_look kind, uint32_t p,
                                       struct bus_record *ret, struct failure *err)
{
    const enum sim_topic topic = kind == BUS_LOOK_SUBMITTED ? SIM_SUBMITTED : SIM_DECIDED;
    struct sim_bus *const b = of(bus);
    const struct sim_entry *entry;

    if (*b->is_dead) {
        (void)dead(err);
        return BUS_SEEN_FAILED;
    }
    assert(b->looks[kind][p].is_on);
    if (happens(b, b->faults.pending)) {
        return BUS_SEEN_NOTHING;
    }
    if (b->looks[kind][p].position > sim_high_watermark(b->broker, topic, p)) {
        return BUS_SEEN_GONE;
    }
    entry = sim_read(b->broker, topic, p, &b->looks[kind][p].position);
    if (entry) {
        sim_entry_record(entry, p, b->looks[kind][p].position, ret);
        b->looks[kind][p].position++;
        return BUS_SEEN_RECORD;
    }
    if (b->looks[kind][p].end_told == b->looks[kind][p].position) {
        return BUS_SEEN_NOTHING;
    }
    b->looks[kind][p].end_told = b->looks[kind][p].position;
    ret->offset = b->looks[kind][p].position;
    return BUS_SEEN_END;
}

/* ---- the publisher ------------------------------------------------------------------------- */

static void finish(struct sim_bus *b, enum bus_outcome outcome)
{
    b->outcome = outcome;
    b->publishing = SIM_PUB_DONE;
}

/* Replace the producer, then report. */
static void recycle(struct sim_bus *b, enum bus_outcome outcome)
{
    b->outcome = outcome;
    b->publishing =
        b->rules.no_recycling && outcome != BUS_OUTCOME_FENCED ? SIM_PUB_DONE : SIM_PUB_RECYCLE;
}

/* Abort what is open; the answer of an abort is as little to be relied on as that of a commit. */
static void abort_open(struct sim_bus *b)
{
    if (happens(b, b->faults.late_request)) {
        sim_end_later(b->broker, b->producer, b->epoch, false);
    }
    (void)sim_end(b->broker, b->producer, b->epoch, false);
}

static void step_produce(struct sim_bus *b)
{
    const struct bus_part *const part = &b->publication->parts[b->part];
    enum sim_answer answer;

    if (b->decision == part->decisions_n) {
        b->decision = 0;
        b->part++;
        if (b->part == b->publication->parts_n) {
            b->part = 0;
            b->publishing = b->rules.no_flush ? SIM_PUB_END : SIM_PUB_OFFSETS;
        }
        return;
    }
    if (happens(b, b->faults.abort)) {
        abort_open(b);
        recycle(b, BUS_OUTCOME_ABORTED);
        return;
    }
    answer = sim_produce(b->broker, b->producer, b->epoch, part->partition,
                         &part->decisions[b->decision]);
    if (answer == SIM_OK) {
        b->last_offsets[b->part] = sim_high_watermark(b->broker, SIM_DECIDED, part->partition) - 1;
        b->decision++;
    } else if (answer != SIM_BUSY) {
        recycle(b, BUS_OUTCOME_FENCED);
    }
}

static void step_offsets(struct sim_bus *b)
{
    const struct bus_part *const part = &b->publication->parts[b->part];
    const struct sim_offset offset = {
        .partition = part->partition,
        .offset = part->next_offset,
        .metadata = b->publication->metadata,
        .generation = b->rules.newer_metadata ? b->broker->generation : b->publication->generation,
    };
    const enum sim_answer answer =
        b->rules.no_offsets ? SIM_OK : sim_send_offset(b->broker, b->producer, b->epoch, &offset);

    if (answer == SIM_OK) {
        b->part++;
        if (b->part == b->publication->parts_n) {
            b->part = 0;
            b->publishing = b->rules.no_flush ? SIM_PUB_PRODUCE : SIM_PUB_END;
        }
    } else if (answer != SIM_BUSY) {
        abort_open(b);
        recycle(b, BUS_OUTCOME_FENCED);
    }
}

/* EndTxn: it may come late and be repeated now, or arrive and its answer be lost. */
static void step_end(struct sim_bus *b)
{
    enum sim_answer answer;

    b->ends_sent++;
    if (b->ends_sent == 1 && happens(b, b->faults.late_request)) {
        sim_end_later(b->broker, b->producer, b->epoch, true);
        return;
    }
    answer = sim_end(b->broker, b->producer, b->epoch, true);
    if (b->ends_sent < 4 && happens(b, b->faults.lost_answer)) {
        return;
    }
    if (answer == SIM_FENCED) {
        recycle(b, BUS_OUTCOME_FENCED);
    } else if (answer != SIM_OK || happens(b, b->faults.false_abort)) {
        recycle(b, BUS_OUTCOME_ABORTED);
    } else if (b->ends_sent == 1) {
        finish(b, BUS_OUTCOME_DONE);
    } else {
        recycle(b, BUS_OUTCOME_RECYCLED);
    }
}

void sim_bus_tick(struct sim_bus *b)
{
    if (*b->is_dead || happens(b, 10) || b->broker->now_ms < b->dozes_until_ms) {
        return;
    }
    if (sim_chance(&b->broker->chance, 1000) < b->faults.doze_permille) {
        b->dozes_until_ms = b->broker->now_ms + sim_chance(&b->broker->chance, SIM_TXN_MS);
    }
    for (uint32_t n = 1 + sim_chance(&b->broker->chance, 6); n > 0; n--) {
        switch (b->publishing) {
        case SIM_PUB_NONE:
        case SIM_PUB_DONE:
            return;
        case SIM_PUB_BEGIN:
            /* The first request begins it. */
            b->publishing = b->rules.no_flush ? SIM_PUB_OFFSETS : SIM_PUB_PRODUCE;
            break;
        case SIM_PUB_PRODUCE:
            step_produce(b);
            break;
        case SIM_PUB_OFFSETS:
            step_offsets(b);
            break;
        case SIM_PUB_END:
            step_end(b);
            break;
        case SIM_PUB_RECYCLE:
            b->epoch = sim_init_transactions(b->broker, b->producer);
            b->publishing = SIM_PUB_DONE;
            break;
        }
    }
}

static void bus_publish_sim(struct bus *bus, const struct bus_publication *publication)
{
    struct sim_bus *const b = of(bus);

    stall(b, SIM_AT_PUBLISH);
    if (*b->is_dead) {
        return;
    }
    assert(b->publishing == SIM_PUB_NONE);
    b->publication = publication;
    b->publishing = SIM_PUB_BEGIN;
    b->part = 0;
    b->decision = 0;
    b->ends_sent = 0;
}

static void bus_report_sim(struct bus *bus, int timeout_ms, struct bus_report *ret,
                           struct failure *err)
{
    struct sim_bus *const b = of(bus);

    (void)err;
    *ret = (struct bus_report){.outcome = BUS_OUTCOME_IN_FLIGHT, .last_offsets = b->last_offsets};
    if (*b->is_dead) {
        ret->outcome = BUS_OUTCOME_FATAL;
        return;
    }
    if (timeout_ms > 0) {
        pass_time(b, timeout_ms / 5);
    }
    if (b->publishing == SIM_PUB_NONE) {
        ret->outcome = BUS_OUTCOME_NONE;
    } else if (b->publishing == SIM_PUB_DONE) {
        ret->outcome = b->outcome;
        b->publishing = SIM_PUB_NONE;
    }
}

static const struct bus_ops ops = {
    .now_ms = now_ms,
    .poll = bus_poll_sim,
    .release = bus_release_sim,
    .pause = bus_pause_sim,
    .resume = bus_resume_sim,
    .assigned = bus_assigned_sim,
    .topics = bus_topics_sim,
    .log_start = bus_log_start_sim,
    .input_end = bus_input_end_sim,
    .group_offsets = bus_group_offsets_sim,
    .commit_first = bus_commit_first_sim,
    .high_watermark = bus_high_watermark_sim,
    .fence = bus_fence_sim,
    .forget = bus_forget_sim,
    .look = bus_look_sim,
    .look_next = bus_look_next_sim,
    .publish = bus_publish_sim,
    .report = bus_report_sim,
};

void sim_bus_init(struct sim_bus *b, struct sim_broker *broker, uint32_t member, const char *txn_id)
{
    const struct sim_faults faults = b->faults;
    const struct sim_rules rules = b->rules;
    bool *const is_dead = b->is_dead;
    sim_stall_fn *const stalls = b->stall;
    void *const stall_arg = b->stall_arg;

    *b = (struct sim_bus){.port.ops = &ops,
                          .broker = broker,
                          .faults = faults,
                          .rules = rules,
                          .member = member,
                          .is_dead = is_dead,
                          .stall = stalls,
                          .stall_arg = stall_arg};
    (void)snprintf(b->txn_id, sizeof(b->txn_id), "%s", txn_id);
    b->producer = sim_producer_find(broker, txn_id);
    b->epoch = sim_init_transactions(broker, b->producer);
}

/* ---- the store ----------------------------------------------------------------------------- */

static struct sim_store *store_of(struct store *store) { return (struct sim_store *)store; }

static enum status dead_store(struct failure *err)
{
    return failure_set(err, STATUS_IO, REMEDY_STOP, 0, "dead");
}

static void sim_close(struct store *store) { store_close(store_of(store)->real); }

static enum status sim_share(struct store *store, struct store **ret, struct failure *err)
{
    return store_share(store_of(store)->real, ret, err);
}

static enum status sim_ledger_read(struct store *store, struct store_ledger *ret,
                                   struct failure *err)
{
    return store_ledger_read(store_of(store)->real, ret, err);
}

static enum status sim_ledger_found(struct store *store, const struct store_ledger *ledger,
                                    struct failure *err)
{
    return *store_of(store)->bus->is_dead ? dead_store(err)
                                          : store_ledger_found(store_of(store)->real, ledger, err);
}

static enum status sim_ledger_renew(struct store *store, const uint8_t *store_id,
                                    struct failure *err)
{
    return *store_of(store)->bus->is_dead
               ? dead_store(err)
               : store_ledger_renew(store_of(store)->real, store_id, err);
}

static enum status sim_claim(struct store *store, const struct store_claim *claim,
                             struct store_row *ret, char ret_previous_txn_id[TXN_ID_SIZE],
                             struct failure *err)
{
    struct sim_store *const s = store_of(store);

    stall(s->bus, SIM_AT_CLAIM);
    if (*s->bus->is_dead) {
        return dead_store(err);
    }
    if (happens(s->bus, s->bus->faults.store_locked)) {
        return failure_set(err, STATUS_IO, REMEDY_RETRY, 0, "locked");
    }
    return store_claim(s->real, claim, ret, ret_previous_txn_id, err);
}

static enum status sim_row_read(struct store *store, uint32_t partition, struct store_row *ret,
                                struct failure *err)
{
    return store_row_read(store_of(store)->real, partition, ret, err);
}

/* One belt taken off: the fence sees what it wants to see. */
static void loosen(struct sim_store *s, struct store_part *parts, size_t parts_n)
{
    struct store_row row;

    for (size_t i = 0; i < parts_n; i++) {
        const enum status status = store_row_read(s->real, parts[i].partition, &row, NULL);

        assert(status == STATUS_OK);
        if (s->no_token) {
            memcpy(parts[i].owner_token, row.owner_token, sizeof(row.owner_token));
        }
        if (s->no_position) {
            parts[i].expected_next_offset = row.position.next_offset;
            parts[i].expected_step = row.position.step;
            parts[i].row.starts.next_offset = row.position.next_offset;
            parts[i].row.starts.step = row.position.step;
        }
    }
}

static enum status sim_commit(struct store *store, const struct store_batch *batch,
                              enum store_outcome *ret_outcome, struct failure *err)
{
    struct sim_store *const s = store_of(store);
    struct store_part parts[SIM_PARTITIONS];
    const struct store_batch loosened = {.parts = parts, .parts_n = batch->parts_n};
    enum status status;

    *ret_outcome = STORE_DOUBT;
    stall(s->bus, SIM_AT_COMMIT);
    if (*s->bus->is_dead) {
        return dead_store(err);
    }
    if (happens(s->bus, s->bus->faults.store_drops)) {
        *ret_outcome = STORE_DROPPED;
        return STATUS_OK;
    }
    if (happens(s->bus, s->bus->faults.store_doubts / 2)) {
        return STATUS_OK; /* it was not done */
    }
    memcpy(parts, batch->parts, batch->parts_n * sizeof(*parts));
    loosen(s, parts, batch->parts_n);
    status = store_commit(s->real, &loosened, ret_outcome, err);
    if (status == STATUS_OK && happens(s->bus, s->bus->faults.store_doubts / 2)) {
        *ret_outcome = STORE_DOUBT; /* it was done, or not */
    }
    return status;
}

static enum status sim_published(struct store *store, uint32_t partition, uint64_t number,
                                 int64_t offset, struct failure *err)
{
    return *store_of(store)->bus->is_dead
               ? dead_store(err)
               : store_published(store_of(store)->real, partition, number, offset, err);
}

static enum status sim_filing_find(struct store *store, uint32_t partition,
                                   const struct store_filing_key *key, struct store_filing *ret,
                                   struct failure *err)
{
    return store_filing_find(store_of(store)->real, partition, key, ret, err);
}

static enum status sim_filing_next(struct store *store, uint32_t partition,
                                   const struct store_filing_key *key, struct store_filing *ret,
                                   struct failure *err)
{
    return store_filing_next(store_of(store)->real, partition, key, ret, err);
}

static enum status sim_filing_walk(struct store *store, uint32_t partition, struct store_walk *walk,
                                   struct failure *err)
{
    return store_filing_walk(store_of(store)->real, partition, walk, err);
}

static enum status sim_state_find(struct store *store, uint32_t partition,
                                  const char enterprise[18], struct store_state *ret,
                                  struct failure *err)
{
    return store_state_find(store_of(store)->real, partition, enterprise, ret, err);
}

static enum status sim_state_next(struct store *store, uint32_t partition, const char after[18],
                                  struct store_state *ret, struct failure *err)
{
    return store_state_next(store_of(store)->real, partition, after, ret, err);
}

static enum status sim_journal_find(struct store *store, uint32_t partition, uint64_t number,
                                    struct store_journal_row *ret, struct failure *err)
{
    return store_journal_find(store_of(store)->real, partition, number, ret, err);
}

static enum status sim_journal_recent(struct store *store, uint32_t partition,
                                      uint64_t *ret_first_number, struct failure *err)
{
    return store_journal_recent(store_of(store)->real, partition, ret_first_number, err);
}

static enum status sim_held_next(struct store *store, uint32_t partition, uint64_t after,
                                 struct store_held *ret, struct failure *err)
{
    return store_held_next(store_of(store)->real, partition, after, ret, err);
}

static enum status sim_bulletin_next(struct store *store, uint64_t number,
                                     struct store_bulletin *ret, struct failure *err)
{
    return store_bulletin_next(store_of(store)->real, number, ret, err);
}

static const struct store_ops store_operations = {
    .name = "simulated",
    .close = sim_close,
    .share = sim_share,
    .ledger_read = sim_ledger_read,
    .ledger_found = sim_ledger_found,
    .ledger_renew = sim_ledger_renew,
    .claim = sim_claim,
    .row_read = sim_row_read,
    .commit = sim_commit,
    .published = sim_published,
    .filing_find = sim_filing_find,
    .filing_next = sim_filing_next,
    .filing_walk = sim_filing_walk,
    .state_find = sim_state_find,
    .state_next = sim_state_next,
    .journal_find = sim_journal_find,
    .journal_recent = sim_journal_recent,
    .held_next = sim_held_next,
    .bulletin_next = sim_bulletin_next,
};

void sim_store_init(struct sim_store *store, struct store *real, struct sim_bus *bus)
{
    store->port.ops = &store_operations;
    store->real = real;
    store->bus = bus;
}
