#include <inttypes.h>
#include <string.h>

#include "consumers/engine/decider_inside.h"
#include "wire/decision_codec.h"

/* Copy the row that holds the next number: the store's bytes last only until its next call, and
 * deciding calls it. */
static enum status load_row(struct decider *d, struct failure *err)
{
    struct recovery *const r = &d->recovery;
    const uint64_t number = d->position.number + 1;
    struct store_journal_row row;
    enum status status = store_journal_find(d->desk->store, d->conf.partition, number, &row, err);

    if (status == STATUS_NOTFOUND) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "partition %" PRIu32 ": the journal lacks decision %" PRIu64,
                           d->conf.partition, number);
    }
    if (status != STATUS_OK) {
        return status;
    }
    buffer_reset(&r->copy);
    buffer_append(&r->copy, row.decisions.at, row.decisions.n);
    buffer_append(&r->copy, row.undo.at, row.undo.n);
    buffer_append(&r->copy, row.inputs.at, row.inputs.n);
    status = buffer_check(&r->copy, err);
    if (status != STATUS_OK) {
        return failure_add(err, "cannot keep a journal row");
    }
    row.decisions.at = r->copy.at;
    row.undo.at = r->copy.at + row.decisions.n;
    row.inputs.at = row.undo.at + row.undo.n;
    journal_reader_init(&r->reader, &row);
    r->has_entry = false;
    return STATUS_OK;
}

/* The entry of the next number. */
static enum status load_entry(struct decider *d, struct failure *err)
{
    struct recovery *const r = &d->recovery;
    enum status status;

    while (!r->has_entry || r->entry.number <= d->position.number) {
        status = journal_next(&r->reader, &r->entry, err);
        if (status == STATUS_NOTFOUND) {
            status = load_row(d, err);
        } else if (status == STATUS_OK) {
            r->has_entry = true;
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status decider_journal_differs(const struct decider *d, const char *what, struct failure *err)
{
    return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                       "partition %" PRIu32 ", offset %" PRId64 ", decision %" PRIu64
                       ": %s; run 'filingctl verify'",
                       d->conf.partition, d->trigger.offset, d->position.number + 1, what);
}

enum status decider_journal_peek(struct decider *d, bool *ret_there, struct failure *err)
{
    struct desk *const desk = d->desk;
    enum status status;

    *ret_there = false;
    if (d->position.number >= d->recovery.until.number) {
        return STATUS_OK;
    }
    status = load_entry(d, err);
    if (status != STATUS_OK) {
        return status;
    }
    arena_reset(&desk->seen_arena);
    status = decision_decode(d->recovery.entry.decision, &desk->seen_arena, &desk->seen, err);
    if (status != STATUS_OK) {
        return decider_journal_differs(d, "the journal's bytes are no decision", err);
    }
    *ret_there = desk->seen.trigger_offset == d->trigger.offset;
    return STATUS_OK;
}

enum status decider_journal_take(struct decider *d, struct failure *err)
{
    enum status status;

    if (d->position.number >= d->recovery.until.number) {
        return decider_journal_differs(d, "a state is ahead of the journal", err);
    }
    status = load_entry(d, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (!decision_chain_check(d->desk->hash, d->position.chain, d->recovery.entry.decision)) {
        return decider_journal_differs(d, "the journal's chain is broken", err);
    }
    decider_advance(d, d->recovery.entry.decision);
    return STATUS_OK;
}

enum status decider_journal_compare(struct decider *d, struct bytes decision, struct failure *err)
{
    enum status status;

    if (d->position.number >= d->recovery.until.number) {
        return decider_journal_differs(
            d, "deciding again gives a decision that the journal does not have", err);
    }
    status = load_entry(d, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (!bytes_equal(decision, d->recovery.entry.decision)) {
        return decider_journal_differs(d, "deciding again gives other bytes than the journal has",
                                       err);
    }
    return STATUS_OK;
}

enum status decider_start(struct decider *d, const struct store_row *row, int64_t *ret_from,
                          struct failure *err)
{
    struct recovery *const r = &d->recovery;
    enum status status = held_list_load(&d->held, d->desk->store, d->conf.partition, err);

    if (status != STATUS_OK) {
        return status;
    }
    d->position = row->position;
    *ret_from = -1;
    if (row->clean_number >= row->position.number) {
        return STATUS_OK;
    }
    r->is_active = true;
    r->until = row->position;
    d->position.number = row->clean_number;
    status = load_row(d, err);
    if (status != STATUS_OK) {
        return status;
    }
    d->position = r->reader.row.starts;
    *ret_from = d->position.next_offset;
    return STATUS_OK;
}

static bool is_reached(const struct store_position *is, const struct store_position *until)
{
    return is->next_offset == until->next_offset && is->step == until->step;
}

enum status decider_recover(struct decider *d, const struct bus_record *record, bool *ret_done,
                            struct failure *err)
{
    const struct store_position *const until = &d->recovery.until;
    enum status status;

    *ret_done = false;
    if (record->offset < d->position.next_offset) {
        return STATUS_OK;
    }
    status = decider_decide(d, record, err);
    if (status != STATUS_OK) {
        return status;
    }
    *ret_done = is_reached(&d->position, until);
    if (!*ret_done) {
        return d->position.next_offset > until->next_offset
                   ? decider_journal_differs(d, "the log has other records than the journal knows",
                                             err)
                   : STATUS_OK;
    }
    if (d->position.number != until->number ||
        memcmp(d->position.chain, until->chain, DIGEST_SIZE) != 0) {
        return decider_journal_differs(d, "deciding again ends elsewhere than the journal", err);
    }
    d->position = *until;
    d->recovery.is_active = false;
    held_list_settle(&d->held);
    return STATUS_OK;
}
