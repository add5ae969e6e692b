#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "consumers/engine/decider_inside.h"
#include "consumers/store/state.h"

/* The record of a held filing becomes args and a form again.  It passed form when it came (H4), so
 * that what is read now is what was read then. */
static enum status read_held(struct decider *d, const struct held_entry *held,
                             struct held_record *ret, struct failure *err)
{
    struct desk *const desk = d->desk;
    struct decide_args *const args = &desk->args;
    struct document doc;
    enum status status = held_record_read(held, ret, err);

    if (status != STATUS_OK) {
        return status;
    }
    arena_reset(&desk->held_arena);
    status = filing_decode(ret->filing.at, ret->filing.n, &desk->held_arena, &doc, err);
    if (status != STATUS_OK) {
        return failure_add(err, "held filing %" PRIu64, held->arrival_number);
    }
    form_check(&doc, INT32_MAX, true, &desk->held_form);
    if (desk->held_form.failures.n > 0 || !desk->held_form.identified) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                           "held filing %" PRIu64 " no longer passes form", held->arrival_number);
    }
    decider_args(d);
    args->form = &desk->held_form;
    args->record.input_offset = ret->input_offset;
    args->record.received_ms = ret->received_ms;
    memcpy(args->record.input_hash, ret->input_hash, DIGEST_SIZE);
    hash_sha256(desk->hash, ret->filing.at, ret->filing.n, args->record.filing_hash);
    return STATUS_OK;
}

/* A decision of a held filing: its bytes, the index, and whether it still is held. */
static enum status settle(struct decider *d, struct held_entry *held, struct cache_entry *entry,
                          struct failure *err)
{
    struct desk *const desk = d->desk;
    const struct emission emission = {
        .has_key = true,
        .key = {.at = (const uint8_t *)held->enterprise, .n = ENTERPRISE_CODE_SIZE}};
    const struct decide_result *const result = &desk->result;
    enum status status = decider_emit(d, &emission, err);

    if (status == STATUS_OK) {
        status = decider_index(d, &desk->held_form, result, held->arrival_number, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (result->released) {
        held_list_release(&d->held, held);
        return cache_release(entry, held->arrival_number, err);
    }
    return held_list_change(&d->held, held, result->decision.reasons.at[0].code, err);
}

/* Decide one again.  It may have no decision; what it waits for may have changed all the same, and
 * then recovery has to come by here again: the state counts as dirty since the last decision. */
static enum status visit(struct decider *d, struct held_entry *held, enum held_cause cause,
                         struct text note, struct failure *err)
{
    const struct again again = {
        .arrival_number = held->arrival_number, .cause = cause, .note = note};
    struct desk *const desk = d->desk;
    struct cache_entry *entry = NULL;
    struct held_record record;
    struct room room;
    enum status status = decider_cached(d, held->enterprise, &entry, err);

    if (status == STATUS_OK) {
        status = read_held(d, held, &record, err);
    }
    if (status == STATUS_OK) {
        status = decider_earlier_own(d, &desk->held_form, entry->state, &desk->args.own, err);
    }
    if (status == STATUS_OK) {
        status = decider_earlier_named(d, &desk->held_form, entry->state, &desk->args.named, err);
    }
    if (status == STATUS_OK) {
        room = decide_room(&desk->held_form);
        status = state_reserve(entry->state, &room, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    cache_dirty(&d->cache, entry, d->position.number);
    if (!decide_again(&desk->args, entry->state, &again, &desk->result)) {
        return STATUS_OK;
    }
    return settle(d, held, entry, err);
}

enum status decider_follow(struct decider *d, uint64_t arrival_number, enum held_cause cause,
                           struct text note, struct failure *err)
{
    struct held_entry *held = held_list_find(&d->held, arrival_number);

    if (!held) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                           "filing %" PRIu64 " is held by the state and not by the store",
                           arrival_number);
    }
    return visit(d, held, cause, note, err);
}

/* May a pass free a filing that waits for this?  Nothing but an approval frees a 402, and a review
 * frees those that wait behind others. */
static bool is_for_pass(const struct pass *pass, enum code waits_for)
{
    return waits_for == CODE_EARLIER_HELD ||
           (waits_for != CODE_REVIEW_NEEDED && !pass->is_one_enterprise);
}

/* What a pass does at one held filing. */
static enum status pass_at(struct decider *d, const struct pass *pass, struct held_entry *held,
                           struct failure *err)
{
    const struct reference *const reference = reference_set_reference(d->desk->references);
    const struct text none = {0};
    const struct held *waiting;
    struct cache_entry *entry = NULL;
    bool there = false;
    enum status status;

    if (held->is_released ||
        (pass->is_one_enterprise &&
         memcmp(held->enterprise, pass->enterprise, sizeof(pass->enterprise)) != 0) ||
        (!d->recovery.is_active && !is_for_pass(pass, held->waits_for))) {
        return STATUS_OK;
    }
    status = decider_cached(d, held->enterprise, &entry, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (d->recovery.is_active && entry->state->number > d->position.number) {
        status = decider_journal_peek(d, &there, err); /* the state has been here already */
        return status == STATUS_OK && there && d->desk->seen.refers_to == held->arrival_number
                   ? decider_journal_take(d, err)
                   : status;
    }
    /* In recovery the list knows what it waits for today, the state what it waited for then. */
    waiting = enterprise_held(entry->state, held->arrival_number);
    if (!waiting || !is_for_pass(pass, waiting->waits_for) ||
        !decide_is_due(reference, d->position.bulletin, entry->state, held->arrival_number)) {
        return STATUS_OK;
    }
    return visit(d, held, HELD_CAUSE_PASS, none, err);
}

/* Recovery: decisions of filings that left the list before the row that is being reached.  Their
 * states are ahead (H3 of cache.h). */
static enum status take_gone(struct decider *d, uint64_t before, struct failure *err)
{
    struct cache_entry *entry = NULL;
    bool there = false;

    if (!d->recovery.is_active) {
        return STATUS_OK;
    }
    for (;;) {
        enum status status = decider_journal_peek(d, &there, err);

        if (status != STATUS_OK || !there || d->desk->seen.refers_to >= before) {
            return status;
        }
        if (d->desk->seen.identity.enterprise.n != ENTERPRISE_CODE_SIZE) {
            return decider_journal_differs(d, "a held filing's decision has no enterprise", err);
        }
        status = decider_cached(d, d->desk->seen.identity.enterprise.at, &entry, err);
        if (status == STATUS_OK) {
            status = entry->state->number > d->position.number
                         ? decider_journal_take(d, err)
                         : decider_journal_differs(
                               d, "deciding again does not give what the journal has", err);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
}

/* Recovery: this record was cut in the row that is being reached. */
static bool ends_here(const struct decider *d)
{
    return d->recovery.is_active && d->recovery.until.next_offset == d->trigger.offset;
}

/* Where a pass stops although there are more: in a batch after so many decisions, in recovery where
 * the row says. */
static bool is_over(const struct decider *d, uint64_t arrival_number)
{
    if (d->recovery.is_active) {
        return ends_here(d) && arrival_number >= d->recovery.until.step;
    }
    return d->trigger.made >= d->conf.records_max || batch_part_is_full(d->part);
}

enum status decider_pass(struct decider *d, struct pass *pass, struct failure *err)
{
    enum status status = STATUS_OK;

    for (size_t i = held_list_after(&d->held, pass->after); i < d->held.n && status == STATUS_OK;
         i++) {
        struct held_entry *held = &d->held.at[i];

        if (held->arrival_number > d->position.number) {
            break; /* recovery: it has not come yet */
        }
        if (is_over(d, held->arrival_number)) {
            d->trigger.is_cut = true;
            break;
        }
        status = take_gone(d, held->arrival_number, err);
        if (status == STATUS_OK) {
            status = pass_at(d, pass, held, err);
        }
        pass->after = held->arrival_number;
    }
    if (status == STATUS_OK) {
        status = take_gone(d, UINT64_MAX, err);
    }
    held_list_tidy(&d->held);
    if (ends_here(d)) { /* some that were visited then may have left the list since */
        d->trigger.is_cut = true;
        pass->after = d->recovery.until.step - 1;
    }
    d->position.step = d->trigger.is_cut ? 1 + pass->after : 0;
    return status;
}
