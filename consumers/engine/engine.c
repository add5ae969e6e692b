/* The engine: one thread, two ports, one machine.
 *
 *  partition   REVOKED -> CLAIMING -> OWNED -> REVOKED          engine_claim, engine_own,
 * engine_revoke
 *                            ^----------'  fenced, doubtful commit, abort: engine_claim
 *  batch       IDLE -> OPEN -> STORED -> IDLE                   take, engine_store,
 * publication_start; write_states: states alone, nothing to publish
 *                       '-> IDLE: nothing was written           drop_batch
 *  publication NONE -> IN_FLIGHT -> NONE                        publication_start,
 * publication_report
 *
 * One batch may be in flight while the next is decided and stored; a third is not begun before the
 * first one's outcome is known.  Any outcome but ok sends its partitions back to claiming, and the
 * journal publishes: no decision is ever published from a memory that is in doubt.
 *
 * Invariants, and where they are kept:
 *  E1   a ledger changes only in a store transaction that also moves (next_offset, step): deciders
 *       write into a batch, engine_store() alone writes, all of a part in one store_commit().
 *  E2   two owners never both store: the token (C2) and the position in the part's fence are two
 *       belts; either alone keeps a second owner out, and only removing both breaks the simulation.
 *  E3   published only after stored: publication_start() takes a STORED batch, a claim what the
 *       journal has; what is stored fits the broker (JOURNAL_KEY_MAX, DECISION_SIZE_MAX).
 *  E4   decided[p], committed, is number 1, 2, 3 ... with an unbroken chain: follows from C5 to C9,
 *       E3, E7, E8, E10 and E11.
 *  E5   after revoke nothing of p is decided and nothing in memory survives: engine_revoke().
 *  E6   positions come from the store; the broker is asked for barriers only: engine_own() seeks to
 *       the decider's position, group offsets are looked at for being stable and for their text.
 *  E7   every publication carries the offsets of all its partitions under the generation of its
 *       claim: slot.generation is set in assign() only; the bus flushes before it sends offsets.
 *  E8   number n of p has the same bytes in every copy: they are read from the journal or from the
 *       batch that was stored, never decided anew for publishing.
 *  E9   a decision depends on the records of its partition up to its trigger: decider.h.
 *  E10  at most one publication is in flight, and a claim goes past C1 only when none of p is:
 *       launch(), claim_assigned().
 *  E11  no transaction begins on a producer whose last EndTxn was an abort or was sent more than
 *       once: the bus replaces it before it reports (bus.h, B4). */
#include "consumers/engine/engine.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chance.h"
#include "base/limits.h"
#include "consumers/engine/crash.h"
#include "consumers/engine/engine_inside.h"

#define START_MS_MAX 30000 /* then the broker counts as unreachable (exit 6) */
#define FLUSH_STATES ((size_t)4 * STATES_PER_BATCH)
#define REST_MS      1000 /* without a batch: then states are written back */
/* Then topics count as missing (exit 78): a broker that has just started answers before it knows
 * its topics. */
#define TOPICS_MS_MAX 10000
#define LEAVE_MS_MAX  5000 /* for what is in flight and what is stored, when partitions are left */
/* A turn waits so long for a record when nothing else is to be looked after, and so long when
 * something is. */
#define WAIT_MS_IDLE BUS_WAIT_MS_MAX
#define WAIT_MS_BUSY 5
#define WAIT_MS_OPEN 1 /* for a record while a batch stays open: the flight may end at any time */

/* ---- notes, chance, stopping --------------------------------------------------------------- */

void engine_note(struct engine *e, enum engine_note_kind kind, int64_t partition, uint64_t value,
                 const char *text)
{
    const struct engine_note note = {
        .kind = kind, .partition = partition, .value = value, .text = text};

    if (e->conf.note) {
        e->conf.note(e->conf.arg, &note);
    }
}

bool engine_chance(struct engine *e, uint8_t *out, size_t n)
{
    return e->conf.chance ? e->conf.chance(e->conf.arg, out, n)
                          : chance_fill(out, n, NULL) == STATUS_OK;
}

enum exit_code engine_code(const struct failure *why)
{
    switch (why->status) {
    case STATUS_CONFLICT:
    case STATUS_CORRUPT:
        return EXIT_STATE;
    case STATUS_IO:
    case STATUS_KAFKA:
        return EXIT_UNREACHABLE;
    case STATUS_OK:
    case STATUS_NOMEM:
    case STATUS_INVALID:
    case STATUS_LIMIT:
    case STATUS_NOTFOUND:
    case STATUS_DENIED:
    case STATUS_USAGE:
    case STATUS_N:
        break;
    }
    return EXIT_INTERNAL;
}

void engine_stop(struct engine *e, int64_t partition, enum exit_code code,
                 const struct failure *why)
{
    if (e->is_done) {
        return; /* the first reason counts */
    }
    e->is_done = true;
    e->code = code;
    if (why) {
        e->failure = *why;
    }
    engine_note(e, ENGINE_NOTE_STOPPED, partition, (uint64_t)code, why ? why->text : "");
}

/* ---- a partition's state: the only places that change it ----------------------------------- */

static void forget(struct engine *e, uint32_t partition)
{
    struct slot *const slot = &e->slots[partition];

    decider_close(slot->decider);
    slot->decider = NULL;
    if (e->is_cut && e->record.partition == partition) {
        e->is_cut = false;
    }
}

/* From C1 on nothing in memory is believed; from C5 on what was decided and stored is. */
void engine_claim(struct engine *e, uint32_t partition, enum claim_step from, const char *why)
{
    struct slot *const slot = &e->slots[partition];

    assert(from == CLAIM_ASSIGNED || from == CLAIM_OFFSETS);
    if (slot->state == ENGINE_OWNED) {
        bus_pause(e->bus, partition);
    }
    bus_forget(e->bus, partition);
    if (from == CLAIM_ASSIGNED) {
        forget(e, partition);
    }
    if (e->is_cut && e->record.partition == partition) {
        e->is_cut = false; /* it comes again from the position */
    }
    slot->state = ENGINE_CLAIMING;
    slot->claim_number++;
    slot->claim.step = from;
    slot->claim.is_polled = false;
    slot->claim.is_asked = false;
    slot->claim.since_ms = -1;
    slot->claim.standing_ms = 0;
    engine_note(e, ENGINE_NOTE_CLAIMING, partition, slot->claim_number, why);
}

void engine_own(struct engine *e, uint32_t partition)
{
    struct slot *const slot = &e->slots[partition];
    const struct store_position *const is = decider_position(slot->decider);

    assert(slot->state == ENGINE_CLAIMING);
    slot->state = ENGINE_OWNED;
    slot->claim.step = CLAIM_ENDED;
    slot->reader_end = -1;
    bus_forget(e->bus, partition);
    bus_resume(e->bus, partition, is->next_offset);
    engine_note(e, ENGINE_NOTE_OWNED, partition, is->number, "");
    crash_point("after-owned");
}

void engine_revoke(struct engine *e, uint32_t partition)
{
    struct slot *const slot = &e->slots[partition];

    if (slot->state == ENGINE_REVOKED) {
        return;
    }
    bus_forget(e->bus, partition);
    forget(e, partition);
    slot->state = ENGINE_REVOKED;
    slot->claim.step = CLAIM_ENDED;
    slot->claim_number++;
}

/* ---- batches ------------------------------------------------------------------------------- */

void engine_batch_empty(struct engine *e)
{
    struct batch *const batch = &e->batches[e->open];

    memset(batch->is_used, 0, e->partitions_n * sizeof(*batch->is_used));
    batch->records_n = 0;
    e->batch_state = BATCH_IDLE;
}

/* OPEN -> IDLE: what was decided was not written, so its partitions stand elsewhere in memory than
 * in the store, and claim again. */
static void drop_batch(struct engine *e, const char *why)
{
    const struct batch *const batch = &e->batches[e->open];

    engine_note(e, ENGINE_NOTE_DROPPED, -1, batch->records_n, why);
    for (uint32_t p = 0; p < e->partitions_n; p++) {
        if (batch->is_used[p] && e->slots[p].state == ENGINE_OWNED) {
            engine_claim(e, p, CLAIM_ASSIGNED, why);
        }
    }
    engine_batch_empty(e);
}

/* The connection may be another one, or the commit done: nobody's memory is believed. */
static void doubt_everything(struct engine *e)
{
    for (uint32_t p = 0; p < e->partitions_n; p++) {
        if (e->slots[p].state != ENGINE_REVOKED) {
            engine_claim(e, p, CLAIM_ASSIGNED, "a commit in doubt");
        }
    }
    engine_batch_empty(e);
}

static uint32_t parts_used(const struct engine *e, const struct batch *batch)
{
    uint32_t n = 0;

    for (uint32_t p = 0; p < e->partitions_n; p++) {
        n += batch->is_used[p] ? 1 : 0;
    }
    return n;
}

/* Every part that moved, ascending; *ret_n of them. */
static enum status seal_batch(struct engine *e, size_t *ret_n, struct failure *err)
{
    struct batch *const batch = &e->batches[e->open];
    const uint32_t used = parts_used(e, batch);
    const size_t states_each =
        e->is_flushing ? FLUSH_STATES : (e->conf.states_written_max + used - 1) / used;

    *ret_n = 0;
    for (uint32_t p = 0; p < e->partitions_n; p++) {
        struct slot *const slot = &e->slots[p];
        struct store_part *const part = &e->store_parts[*ret_n];
        enum status status;

        if (!batch->is_used[p]) {
            continue;
        }
        status = decider_seal(slot->decider, &batch->parts[p], states_each, part, err);
        if (status != STATUS_OK) {
            return status;
        }
        memcpy(part->owner_token, slot->claim.token, sizeof(part->owner_token)); /* E2 */
        batch->next_offsets[p] = part->position.next_offset;
        batch->numbers[p] = part->position.number;
        (*ret_n)++;
    }
    return STATUS_OK;
}

static void stored(struct engine *e)
{
    struct batch *const batch = &e->batches[e->open];

    e->batch_state = BATCH_STORED;
    e->counters.batches_stored++;
    if (!e->is_flushing) {
        e->stored_ms = bus_now_ms(e->bus);
    }
    for (uint32_t p = 0; p < e->partitions_n; p++) {
        if (batch->is_used[p]) {
            e->counters.decisions += batch->parts[p].count;
            decider_stored(e->slots[p].decider);
        }
    }
    crash_point("after-store");
}

/* OPEN -> STORED, or -> IDLE when nothing was written (E1). */
void engine_store(struct engine *e)
{
    struct store_batch batch = {.parts = e->store_parts};
    enum store_outcome outcome = STORE_DOUBT;
    struct failure why;

    if (e->batch_state != BATCH_OPEN) {
        return;
    }
    if (seal_batch(e, &batch.parts_n, &why) != STATUS_OK) {
        engine_stop(e, -1, engine_code(&why), &why);
        return;
    }
    crash_point("before-store");
    if (store_commit(e->store, &batch, &outcome, &why) != STATUS_OK) {
        engine_stop(e, -1, engine_code(&why), &why);
        return;
    }
    switch (outcome) {
    case STORE_STORED:
        stored(e);
        break;
    case STORE_FENCED:
        e->counters.batches_fenced++;
        engine_note(e, ENGINE_NOTE_FENCED, -1, 0, "");
        drop_batch(e, "fenced in the store");
        break;
    case STORE_DROPPED:
        e->counters.batches_dropped++;
        drop_batch(e, "the database gave up the transaction");
        break;
    case STORE_DOUBT:
        e->counters.batches_doubted++;
        doubt_everything(e);
        break;
    }
}

/* IDLE -> OPEN -> STORED -> IDLE with a part that decides nothing: there is nothing to publish. */
static bool write_states(struct engine *e, uint32_t partition)
{
    struct batch *const batch = &e->batches[e->open];
    const struct slot *const slot = &e->slots[partition];

    batch_part_reset(&batch->parts[partition], partition, decider_position(slot->decider));
    batch->is_used[partition] = true;
    batch->claim_numbers[partition] = slot->claim_number;
    e->batch_state = BATCH_OPEN;
    e->is_flushing = true;
    engine_store(e);
    e->is_flushing = false;
    if (e->is_done || e->batch_state != BATCH_STORED) {
        return false;
    }
    engine_batch_empty(e);
    return true;
}

bool engine_flush(struct engine *e, uint32_t partition, struct store_position *ret)
{
    const struct slot *const slot = partition < e->partitions_n ? &e->slots[partition] : NULL;

    if (e->is_done || !slot || slot->state != ENGINE_OWNED || e->batch_state != BATCH_IDLE ||
        decider_position(slot->decider)->step != 0) {
        return false;
    }
    do { /* in pieces, for the memory that a batch keeps; the last one makes the row say so */
        if (!write_states(e, partition)) {
            return false;
        }
    } while (decider_counts(slot->decider).dirty_n > 0);
    *ret = *decider_position(slot->decider);
    return true;
}

/* Decide the record at hand into the open batch; IDLE -> OPEN with the first. */
static void take(struct engine *e)
{
    struct batch *const batch = &e->batches[e->open];
    const uint32_t p = e->record.partition;
    struct slot *const slot = &e->slots[p];
    const struct store_position *const is = decider_position(slot->decider);
    const uint64_t bulletin = is->has_bulletin ? is->bulletin + 1 : 0;
    struct failure why;

    if (!batch->is_used[p]) {
        batch_part_reset(&batch->parts[p], p, is);
        batch->is_used[p] = true;
        batch->claim_numbers[p] = slot->claim_number;
    }
    e->batch_state = BATCH_OPEN;
    batch->records_n++;
    e->counters.records += e->is_cut ? 0 : 1;
    if (decider_record(slot->decider, &e->record, &batch->parts[p], &e->is_cut, &why) !=
        STATUS_OK) {
        if (why.remedy == REMEDY_RECLAIM) {
            drop_batch(e, why.text);
        } else {
            engine_stop(e, p, engine_code(&why), &why);
        }
        return;
    }
    if (is->has_bulletin && is->bulletin + 1 != bulletin) {
        engine_note(e, ENGINE_NOTE_BULLETIN, p, is->bulletin, "");
    }
}

/* ---- events -------------------------------------------------------------------------------- */

static void assign(struct engine *e, const struct bus_event *event)
{
    e->was_assigned = true;
    engine_note(e, ENGINE_NOTE_ASSIGNED, -1, event->partitions_n, "");
    for (size_t i = 0; i < event->partitions_n; i++) {
        const uint32_t p = event->partitions[i];

        if (p >= e->partitions_n) {
            (void)failure_set(&e->failure, STATUS_CONFLICT, REMEDY_STOP, 0,
                              "the topic has grown: partition %" PRIu32 " was not there", p);
            engine_stop(e, p, EXIT_STATE, &e->failure);
            return;
        }
        engine_revoke(e, p);
        e->slots[p].generation = event->generation; /* E7: taken here, once */
        engine_claim(e, p, CLAIM_ASSIGNED, "assigned");
    }
    crash_point("after-assign");
}

/* Wait for what is in flight, publish what is stored, wait for that. */
static void finish_publishing(struct engine *e)
{
    const int64_t until = bus_now_ms(e->bus) + LEAVE_MS_MAX;

    publication_start(e);
    while (!e->is_done && e->flight.is_in_flight && bus_now_ms(e->bus) < until) {
        publication_report(e, BUS_WAIT_MS_MAX);
        publication_start(e);
    }
}

static void leave(struct engine *e, const struct bus_event *event, bool is_lost)
{
    engine_note(e, is_lost ? ENGINE_NOTE_LOST : ENGINE_NOTE_REVOKED, -1, event->partitions_n, "");
    if (is_lost) {
        if (e->batch_state == BATCH_OPEN) {
            drop_batch(e, "partitions lost");
        }
        engine_batch_empty(e); /* what is stored, the next owner publishes from the journal */
    } else {
        engine_store(e);
        finish_publishing(e);
        if (e->batch_state == BATCH_STORED) {
            engine_batch_empty(e);
        }
    }
    for (size_t i = 0; i < event->partitions_n; i++) {
        if (event->partitions[i] < e->partitions_n) {
            engine_revoke(e, event->partitions[i]); /* E5 */
        }
    }
    crash_point("after-revoke");
    bus_release(e->bus);
}

static void trouble(struct engine *e, const struct bus_event *event)
{
    const struct failure *const why = &event->failure;

    if (why->remedy == REMEDY_STOP) {
        engine_stop(e, -1, why->status == STATUS_CONFLICT ? EXIT_STATE : EXIT_INTERNAL, why);
        return;
    }
    engine_note(e, ENGINE_NOTE_ERROR, event->partition, 0, why->text);
    if (why->remedy == REMEDY_RECYCLE && event->partition < e->partitions_n &&
        e->slots[event->partition].state == ENGINE_OWNED) {
        engine_claim(e, event->partition, CLAIM_ASSIGNED, why->text);
    }
}

/* What is no record.  The batch is closed before, but not when partitions are lost: somebody else
 * decides there by now. */
static void handle(struct engine *e, const struct bus_event *event)
{
    if (event->kind != BUS_LOST && event->kind != BUS_END) {
        engine_store(e);
    }
    if (e->is_done) {
        return;
    }
    switch (event->kind) {
    case BUS_EMPTY:
    case BUS_RECORD:
        break;
    case BUS_END:
        if (event->partition < e->partitions_n &&
            e->slots[event->partition].state == ENGINE_OWNED) {
            e->slots[event->partition].reader_end = event->offset;
        }
        break;
    case BUS_ASSIGNED:
        assign(e, event);
        break;
    case BUS_REVOKED:
        leave(e, event, false);
        break;
    case BUS_LOST:
        leave(e, event, true);
        break;
    case BUS_ERROR:
        trouble(e, event);
        break;
    }
}

static void polled(struct engine *e)
{
    for (uint32_t p = 0; p < e->partitions_n; p++) {
        e->slots[p].claim.is_polled = true;
    }
}

static bool is_claiming(const struct engine *e)
{
    for (uint32_t p = 0; p < e->partitions_n; p++) {
        if (e->slots[p].state == ENGINE_CLAIMING) {
            return true;
        }
    }
    return false;
}

static bool is_batch_full(const struct engine *e)
{
    const struct batch *const batch = &e->batches[e->open];

    return e->is_cut || batch->records_n >= e->conf.records_max ||
           (batch->records_n > 0 && batch_part_is_full(&batch->parts[e->record.partition]));
}

/* A batch that is stored while another is in flight can only wait; left open it takes along what
 * comes in the meantime, which would otherwise wait for the one after it. */
static bool may_wait(const struct engine *e, const struct bus_event *event)
{
    return event->kind == BUS_EMPTY && e->flight.is_in_flight && e->batch_state == BATCH_OPEN &&
           !e->is_cut;
}

/* Records into a batch until there are no more, or enough (design, Open); other events one at a
 * time. */
static void receive(struct engine *e)
{
    struct bus_event event;
    int wait = e->flight.is_in_flight || is_claiming(e) ? WAIT_MS_BUSY : WAIT_MS_IDLE;

    if (e->is_cut) { /* the rest of the last record comes first */
        take(e);
        wait = 0;
    }
    if (e->batch_state == BATCH_OPEN) { /* it was left open */
        wait = e->flight.is_in_flight ? WAIT_MS_OPEN : 0;
    }
    while (!e->is_done && !is_batch_full(e)) {
        bus_poll(e->bus, wait, &event);
        polled(e);
        wait = 0;
        if (event.kind == BUS_RECORD) {
            e->record = event.record;
            if (e->record.partition < e->partitions_n &&
                e->slots[e->record.partition].state == ENGINE_OWNED) {
                take(e);
            }
            continue;
        }
        if (may_wait(e, &event)) {
            return;
        }
        handle(e, &event);
        if (event.kind != BUS_END) {
            break;
        }
    }
    if (!e->is_done) {
        engine_store(e);
    }
}

/* ---- start --------------------------------------------------------------------------------- */

enum status engine_set_ledger(struct engine *e, struct failure *err)
{
    char ledger_id[2 * LEDGER_ID_SIZE + 1];
    char store_id[2 * STORE_ID_SIZE + 1];
    const enum status status = store_ledger_read(e->store, &e->ledger, err);

    if (status != STATUS_OK) {
        return status;
    }
    hex_encode((struct bytes){.at = e->ledger.ledger_id, .n = LEDGER_ID_SIZE}, ledger_id);
    hex_encode((struct bytes){.at = e->ledger.store_id, .n = STORE_ID_SIZE}, store_id);
    (void)snprintf(e->metadata, sizeof(e->metadata), "1 %s %s %.256s", ledger_id, store_id,
                   e->conf.host);
    e->has_ledger = true;
    return STATUS_OK;
}

static enum status open_batch_memory(struct engine *e, struct failure *err)
{
    for (size_t i = 0; i < 2; i++) {
        struct batch *const batch = &e->batches[i];

        batch->parts = calloc(e->partitions_n, sizeof(*batch->parts));
        batch->is_used = calloc(e->partitions_n, sizeof(*batch->is_used));
        batch->claim_numbers = calloc(e->partitions_n, sizeof(*batch->claim_numbers));
        batch->next_offsets = calloc(e->partitions_n, sizeof(*batch->next_offsets));
        batch->numbers = calloc(e->partitions_n, sizeof(*batch->numbers));
        if (!batch->parts || !batch->is_used || !batch->claim_numbers || !batch->next_offsets ||
            !batch->numbers) {
            return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        }
        for (uint32_t p = 0; p < e->partitions_n; p++) {
            const enum status status = batch_part_init(&batch->parts[p], err);

            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

static enum status open_slots(struct engine *e, struct failure *err)
{
    enum status status;

    e->partitions_n = e->topics.submitted_partitions;
    e->slots = calloc(e->partitions_n, sizeof(*e->slots));
    e->store_parts = calloc(e->partitions_n, sizeof(*e->store_parts));
    if (!e->slots || !e->store_parts) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    for (uint32_t p = 0; p < e->partitions_n; p++) {
        claim_init(&e->slots[p].claim);
        e->slots[p].reader_end = -1;
    }
    status = open_batch_memory(e, err);
    if (status == STATUS_OK) {
        status = publication_init(e, err);
    }
    if (status == STATUS_OK) {
        status = desk_load_references(e->desk, err);
    }
    if (status == STATUS_OK) {
        status = engine_set_ledger(e, err);
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status; /* the first claim founds it */
}

/* The group may give us partitions before the topics are known: that is kept, for it is said once.
 */
static void await_start(struct engine *e)
{
    struct bus_event event;

    bus_poll(e->bus, WAIT_MS_BUSY, &event);
    if (event.kind == BUS_ASSIGNED) {
        assert(event.partitions_n <= BUS_PARTITIONS_MAX);
        memcpy(e->early, event.partitions, event.partitions_n * sizeof(*event.partitions));
        e->early_event = event;
        e->early_event.partitions = e->early;
        e->has_early = true;
    } else if (event.kind == BUS_REVOKED || event.kind == BUS_LOST) {
        e->has_early = false;
        bus_release(e->bus);
    } else if (event.kind == BUS_ERROR && event.failure.remedy == REMEDY_STOP) {
        trouble(e, &event);
    }
}

static void stop_without_topics(struct engine *e)
{
    struct failure why;

    (void)failure_set(&why, STATUS_CONFLICT, REMEDY_STOP, 0,
                      "the topics are not there: run 'filingctl topics apply'");
    engine_stop(e, -1, EXIT_STATE, &why);
}

/* Before anything else the broker answers and the topics are there. */
static void start(struct engine *e)
{
    struct failure why = {.status = STATUS_OK};
    const enum bus_answer answer = bus_topics(e->bus, &e->topics, &why);
    const int64_t waited_ms = bus_now_ms(e->bus) - e->started_ms;

    if (answer == BUS_READY && e->topics.submitted_partitions > BUS_PARTITIONS_MAX) {
        (void)failure_set(&why, STATUS_CONFLICT, REMEDY_STOP, 0,
                          "the submitted topic has %u partitions, a worker takes at most %d",
                          e->topics.submitted_partitions, BUS_PARTITIONS_MAX);
        engine_stop(e, -1, EXIT_STATE, &why);
    } else if (answer == BUS_READY &&
               (e->topics.submitted_partitions == 0 || e->topics.decided_partitions == 0)) {
        if (waited_ms >= TOPICS_MS_MAX) {
            stop_without_topics(e);
        } else {
            await_start(e);
        }
    } else if (answer == BUS_READY) {
        e->is_started = open_slots(e, &why) == STATUS_OK;
        if (!e->is_started) {
            engine_stop(e, -1, engine_code(&why), &why);
        } else if (e->has_early) {
            assign(e, &e->early_event);
        }
    } else if (answer == BUS_FAILED && why.remedy == REMEDY_STOP) {
        engine_stop(e, -1, engine_code(&why), &why);
    } else if (waited_ms >= START_MS_MAX) {
        if (answer != BUS_FAILED) {
            (void)failure_set(&why, STATUS_KAFKA, REMEDY_STOP, 0,
                              "the broker did not answer for %d s", START_MS_MAX / 1000);
        }
        engine_stop(e, -1, EXIT_UNREACHABLE, &why);
    } else {
        await_start(e);
    }
}

void engine_decider_conf(const struct engine *e, uint32_t partition, struct decider_conf *ret)
{
    *ret = (struct decider_conf){
        .partition = partition,
        .partitions_n = e->partitions_n,
        .topic = e->conf.topic,
        .is_broker_memory = e->topics.in_memory,
        .records_max = e->conf.records_max,
        .states_max = e->conf.states_max,
    };
    memcpy(ret->ledger_id, e->ledger.ledger_id, LEDGER_ID_SIZE);
}

enum status engine_open(const struct engine_conf *conf, struct engine **ret, struct failure *err)
{
    struct engine *e = calloc(1, sizeof(*e));
    enum status status;

    if (!e) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    e->conf = *conf;
    e->conf.records_max = conf->records_max ? conf->records_max : BATCH_RECORDS;
    e->conf.states_written_max =
        conf->states_written_max ? conf->states_written_max : STATES_PER_BATCH;
    e->bus = conf->bus;
    e->store = conf->store;
    e->started_ms = bus_now_ms(e->bus);
    status = reference_set_open(&e->references, err);
    if (status == STATUS_OK) {
        status = desk_open(e->store, e->references, &e->desk, err);
    }
    if (status == STATUS_OK) {
        *ret = e;
        e = NULL; /* given to the caller */
    }
    engine_close(e);
    return status;
}

static void close_batch_memory(struct engine *e)
{
    for (size_t i = 0; i < 2; i++) {
        struct batch *const batch = &e->batches[i];

        for (uint32_t p = 0; batch->parts && p < e->partitions_n; p++) {
            batch_part_fini(&batch->parts[p]);
        }
        free(batch->parts);
        free(batch->is_used);
        free(batch->claim_numbers);
        free(batch->next_offsets);
        free(batch->numbers);
    }
}

void engine_close(struct engine *e)
{
    if (!e) {
        return;
    }
    for (uint32_t p = 0; e->slots && p < e->partitions_n; p++) {
        decider_close(e->slots[p].decider);
        claim_fini(&e->slots[p].claim);
    }
    close_batch_memory(e);
    publication_fini(e);
    free(e->slots);
    free(e->store_parts);
    desk_close(e->desk);
    reference_set_close(e->references);
    free(e);
}

/* ---- the loop ------------------------------------------------------------------------------ */

static bool is_caught_up(const struct engine *e)
{
    if (!e->conf.is_until_caught_up || !e->was_assigned || e->flight.is_in_flight ||
        e->batch_state != BATCH_IDLE || e->is_cut) {
        return false;
    }
    for (uint32_t p = 0; p < e->partitions_n; p++) {
        const struct slot *const slot = &e->slots[p];

        if (slot->state == ENGINE_CLAIMING ||
            (slot->state == ENGINE_OWNED && slot->reader_end < slot->input_end)) {
            return false;
        }
    }
    return true;
}

static bool is_resting(const struct engine *e)
{
    return e->batch_state == BATCH_IDLE && !e->flight.is_in_flight && !e->is_cut &&
           !is_claiming(e) && bus_now_ms(e->bus) - e->stored_ms >= REST_MS;
}

/* Who has nothing to do, or is about to leave, leaves no state to be worked out from the log: the
 * readable tables take the numbers of investors from the states, and a start has less to decide
 * again.  At rest one partition a turn, so that a record that comes does not wait long. */
static void write_back(struct engine *e)
{
    struct store_position position;

    for (uint32_t p = 0; p < e->partitions_n; p++) {
        const bool is_caught = is_caught_up(e);

        if ((is_caught || is_resting(e)) && e->slots[p].state == ENGINE_OWNED &&
            decider_counts(e->slots[p].decider).dirty_n > 0) {
            if (!engine_flush(e, p, &position) || !is_caught) {
                return;
            }
        }
    }
}

static void turn(struct engine *e)
{
    if (!e->is_started) {
        start(e);
        return;
    }
    /* While one batch is stored and another in flight there is nothing to decide (E10). */
    if (e->batch_state == BATCH_STORED) {
        publication_report(e, is_claiming(e) ? WAIT_MS_BUSY : BUS_WAIT_MS_MAX);
    } else {
        receive(e);
        if (!e->is_done) {
            publication_report(e, 0);
        }
    }
    for (uint32_t p = 0; p < e->partitions_n && !e->is_done; p++) {
        claim_advance(e, p);
    }
    if (e->is_done) {
        return;
    }
    publication_start(e);
    write_back(e);
    if (!e->is_done && is_caught_up(e)) {
        engine_note(e, ENGINE_NOTE_CAUGHT_UP, -1, 0, "");
        engine_finish(e);
    }
}

bool engine_step(struct engine *e, enum exit_code *ret_code, struct failure *err)
{
    atomic_fetch_add_explicit(&e->beat, 1, memory_order_relaxed);
    if (!e->is_done) {
        turn(e);
    }
    if (e->is_done) {
        *ret_code = e->code;
        *err = e->failure;
    }
    return !e->is_done;
}

void engine_finish(struct engine *e)
{
    if (e->is_done) {
        return;
    }
    if (e->is_started) {
        engine_store(e);
        finish_publishing(e);
        for (uint32_t p = 0; p < e->partitions_n; p++) {
            engine_revoke(e, p);
        }
        engine_batch_empty(e);
    }
    engine_stop(e, -1, EXIT_DONE, NULL);
}

/* ---- status -------------------------------------------------------------------------------- */

uint64_t engine_beat(const struct engine *e)
{
    return atomic_load_explicit(&e->beat, memory_order_relaxed);
}

void engine_status(const struct engine *e, struct engine_status *ret)
{
    *ret = (struct engine_status){
        .is_started = e->is_started,
        .has_ledger = e->has_ledger,
        .ledger = e->ledger,
        .partitions_n = e->partitions_n,
        .is_in_flight = e->flight.is_in_flight,
        .is_caught_up = is_caught_up(e),
        .counters = e->counters,
    };
    for (uint32_t p = 0; p < e->partitions_n; p++) {
        ret->claiming_n += e->slots[p].state == ENGINE_CLAIMING ? 1 : 0;
        ret->owned_n += e->slots[p].state == ENGINE_OWNED ? 1 : 0;
    }
}

bool engine_partition_status(const struct engine *e, uint32_t partition,
                             struct engine_partition_status *ret)
{
    const struct slot *slot;

    if (partition >= e->partitions_n) {
        return false;
    }
    slot = &e->slots[partition];
    *ret = (struct engine_partition_status){
        .partition = partition,
        .state = slot->state,
        .step = claim_step_name(slot->claim.step),
        .published_number = slot->published_number,
    };
    if (slot->decider) {
        const struct store_position *const is = decider_position(slot->decider);
        const struct decider_counts counts = decider_counts(slot->decider);

        ret->next_offset = is->next_offset;
        ret->number = is->number;
        ret->has_bulletin = is->has_bulletin;
        ret->bulletin = is->bulletin;
        ret->held_n = counts.held_n;
        ret->states_n = counts.states_n;
        ret->dirty_n = counts.dirty_n;
    }
    return true;
}
