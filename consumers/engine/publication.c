#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/engine/crash.h"
#include "consumers/engine/engine_inside.h"

/* Two journal rows at most are unpublished (C8). */
#define COPY_MAX (8 * BATCH_BYTES_MAX)

enum status publication_init(struct engine *e, struct failure *err)
{
    struct flight *const f = &e->flight;

    buffer_init(&f->copy, COPY_MAX);
    f->parts = calloc(e->partitions_n, sizeof(*f->parts));
    f->claim_numbers = calloc(e->partitions_n, sizeof(*f->claim_numbers));
    if (!f->parts || !f->claim_numbers) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot publish: out of memory");
    }
    return STATUS_OK;
}

void publication_fini(struct engine *e)
{
    buffer_fini(&e->flight.copy);
    free(e->flight.parts);
    free(e->flight.claim_numbers);
    free(e->flight.decisions);
}

bool publication_carries(const struct engine *e, uint32_t partition)
{
    for (size_t i = 0; e->flight.is_in_flight && i < e->flight.parts_n; i++) {
        if (e->flight.parts[i].partition == partition) {
            return true;
        }
    }
    return false;
}

/* E7: under the generation of the claim that hands it over, whatever has come since. */
static void launch(struct engine *e, uint64_t generation, bool is_claim)
{
    struct flight *const f = &e->flight;

    assert(!f->is_in_flight); /* E10 */
    f->is_claim = is_claim;
    f->publication = (struct bus_publication){
        .generation = generation,
        .parts = f->parts,
        .parts_n = f->parts_n,
        .ledger_id = e->ledger.ledger_id,
        .metadata = e->metadata,
    };
    f->is_in_flight = true;
    bus_publish(e->bus, &f->publication);
    crash_point("after-publish-start");
}

void publication_start(struct engine *e)
{
    struct flight *const f = &e->flight;
    const struct batch *const batch = &e->batches[e->open];
    uint64_t generation = 0;

    if (e->batch_state != BATCH_STORED || f->is_in_flight) {
        return;
    }
    f->parts_n = 0;
    for (uint32_t p = 0; p < e->partitions_n; p++) {
        const struct slot *slot = &e->slots[p];

        /* A partition that claims again publishes from the journal (C9), not from here. */
        if (!batch->is_used[p] || batch->parts[p].count == 0 || slot->state != ENGINE_OWNED ||
            slot->claim_number != batch->claim_numbers[p]) {
            continue;
        }
        batch_part_publication(&batch->parts[p], batch->next_offsets[p], &f->parts[f->parts_n]);
        f->claim_numbers[f->parts_n] = slot->claim_number;
        f->parts_n++;
        generation = slot->generation;
    }
    e->open = 1 - e->open; /* this one is in flight now, the other is free */
    engine_batch_empty(e);
    if (f->parts_n > 0) {
        launch(e, generation, false);
    }
}

/* Copy the decisions above the tail out of one journal row; offsets into the copy for now, because
 * it may move. */
static enum status copy_row(struct flight *f, const struct store_journal_row *row, uint64_t above,
                            struct failure *err)
{
    struct bus_part *const part = &f->parts[0];
    struct journal_reader reader;
    struct journal_entry entry;

    journal_reader_init(&reader, row);
    for (;;) {
        enum status status = journal_next(&reader, &entry, err);

        if (status == STATUS_NOTFOUND) {
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (entry.number <= above) {
            continue;
        }
        if (!batch_grow((void **)&f->decisions, &f->decisions_max, part->decisions_n + 1,
                        sizeof(*f->decisions))) {
            return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot publish: out of memory");
        }
        f->decisions[part->decisions_n++] = (struct bus_decision){
            .bytes_n = entry.decision.n, .key_n = entry.key.n, .has_key = entry.has_key};
        buffer_append(&f->copy, entry.decision.at, entry.decision.n);
        buffer_append(&f->copy, entry.key.at, entry.key.n);
        status = buffer_check(&f->copy, err);
        if (status != STATUS_OK) {
            return failure_add(err, "cannot publish from the journal");
        }
    }
}

enum status publication_start_claim(struct engine *e, uint32_t partition, struct failure *err)
{
    struct flight *const f = &e->flight;
    const struct slot *const slot = &e->slots[partition];
    const struct store_position *const position = decider_position(slot->decider);
    uint64_t tail = slot->claim.tail_number;
    const uint8_t *at;

    if (tail == position->number) {
        return STATUS_NOTFOUND;
    }
    buffer_reset(&f->copy);
    f->parts_n = 1;
    f->claim_numbers[0] = slot->claim_number;
    f->parts[0] = (struct bus_part){
        .partition = partition, .first_number = tail + 1, .next_offset = position->next_offset};
    while (tail < position->number) {
        struct store_journal_row row;
        enum status status = store_journal_find(e->store, partition, tail + 1, &row, err);

        if (status == STATUS_OK) {
            status = copy_row(f, &row, tail, err);
        }
        if (status != STATUS_OK) {
            return failure_add(err, "cannot republish decision %" PRIu64, tail + 1);
        }
        tail = row.first_number + row.count - 1;
    }
    assert(f->parts[0].decisions_n == position->number - slot->claim.tail_number);
    at = f->copy.at;
    for (size_t i = 0; i < f->parts[0].decisions_n; i++) {
        struct bus_decision *const decision = &f->decisions[i];

        decision->bytes = at;
        decision->key = at + decision->bytes_n;
        at += decision->bytes_n + decision->key_n;
    }
    f->parts[0].decisions = f->decisions;
    launch(e, slot->generation, true);
    return STATUS_OK;
}

/* The offset of the last decision is a hint for the next claim's tail; never a position (E6). */
static void remember(struct engine *e, size_t i, int64_t last_offset)
{
    const struct bus_part *const part = &e->flight.parts[i];
    const uint64_t number = part->first_number + part->decisions_n - 1;
    struct slot *const slot = &e->slots[part->partition];
    struct failure why;

    slot->published_number = number;
    if (last_offset >= 0) {
        slot->claim.row.published_number = number;
        slot->claim.row.published_offset = last_offset;
        if (store_published(e->store, part->partition, number, last_offset, &why) != STATUS_OK) {
            engine_note(e, ENGINE_NOTE_ERROR, part->partition, number, why.text);
        }
    }
    crash_point("after-published-hint");
}

/* What an outcome means for one part that is still under the claim that handed it over. */
static void settle_part(struct engine *e, size_t i, const struct bus_report *report)
{
    const uint32_t partition = e->flight.parts[i].partition;

    switch (report->outcome) {
    case BUS_OUTCOME_DONE:
    case BUS_OUTCOME_RECYCLED:
        remember(e, i, report->last_offsets ? report->last_offsets[i] : -1);
        if (e->slots[partition].state == ENGINE_CLAIMING) {
            engine_own(e, partition);
        }
        break;
    case BUS_OUTCOME_ABORTED:
        /* It may have committed all the same: the tail is read before anything is published
         * again, behind the barrier of C5. */
        engine_claim(e, partition, CLAIM_OFFSETS, "publication aborted");
        break;
    case BUS_OUTCOME_FENCED:
    case BUS_OUTCOME_FATAL:
    case BUS_OUTCOME_NONE:
    case BUS_OUTCOME_IN_FLIGHT:
        break;
    }
}

static void count(struct engine *e, enum bus_outcome outcome)
{
    switch (outcome) {
    case BUS_OUTCOME_DONE:
        e->counters.publications_done++;
        break;
    case BUS_OUTCOME_RECYCLED:
        e->counters.publications_recycled++;
        break;
    case BUS_OUTCOME_ABORTED:
        e->counters.publications_aborted++;
        engine_note(e, ENGINE_NOTE_PUBLICATION_FAILED, -1, 0, "aborted");
        break;
    case BUS_OUTCOME_FENCED:
        e->counters.publications_fenced++;
        engine_note(e, ENGINE_NOTE_PUBLICATION_FAILED, -1, 0, "fenced");
        break;
    case BUS_OUTCOME_FATAL:
    case BUS_OUTCOME_NONE:
    case BUS_OUTCOME_IN_FLIGHT:
        break;
    }
}

/* Fenced under a claim that still stands: nothing in memory is believed any more.  The partitions
 * claim again behind a poll, which says whether they are ours at all; giving them up instead could
 * leave them to nobody, when it was a late zombie that fenced us. */
static void drop_everything(struct engine *e)
{
    for (uint32_t p = 0; p < e->partitions_n; p++) {
        if (e->slots[p].state != ENGINE_REVOKED) {
            engine_claim(e, p, CLAIM_ASSIGNED, "producer fenced");
        }
    }
    engine_batch_empty(e);
}

void publication_report(struct engine *e, int timeout_ms)
{
    struct flight *const f = &e->flight;
    struct bus_report report = {.outcome = BUS_OUTCOME_NONE};
    struct failure why = {.status = STATUS_OK};
    bool is_standing = false;

    if (!f->is_in_flight) {
        return;
    }
    bus_report(e->bus, timeout_ms, &report, &why);
    if (report.outcome == BUS_OUTCOME_IN_FLIGHT) {
        return;
    }
    f->is_in_flight = false;
    crash_point("after-publish");
    /* What an outcome means for a partition rests on all that is decided of it being stored. */
    engine_store(e);
    if (e->is_done) {
        return;
    }
    count(e, report.outcome);
    if (report.outcome == BUS_OUTCOME_FATAL || report.outcome == BUS_OUTCOME_NONE) {
        engine_stop(e, -1, EXIT_INTERNAL, &why);
        return;
    }
    for (size_t i = 0; i < f->parts_n; i++) {
        const struct slot *slot = &e->slots[f->parts[i].partition];

        if (slot->state != ENGINE_REVOKED && slot->claim_number == f->claim_numbers[i]) {
            is_standing = true;
            settle_part(e, i, &report);
        }
    }
    if (report.outcome == BUS_OUTCOME_FENCED && is_standing) {
        drop_everything(e);
    }
}
