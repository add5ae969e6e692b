#include "consumers/core/reversal.h"

#include <assert.h>

#include "consumers/core/ceiling.h"

/* Sums of two amounts. */
__extension__ typedef __int128 wide;

/* ---- is it reversible ---------------------------------------------------------------------- */

/* R1: does something accepted later, and not reversed, rest on the original? */
static bool is_depended_on(const struct enterprise *state, const struct undo *undo)
{
    for (uint32_t i = 0; i < undo->objects_n; i++) {
        const struct object *object =
            enterprise_object_opened(state, undo->objects[i].before.opened_number);

        if (object == NULL || object->moved_number != undo->number) {
            return true;
        }
    }
    if (undo->event == EVENT_FINANCING_PROFILE) {
        const struct profile *profile = enterprise_profile(state, undo->number);

        return profile == NULL || profile->later_count > 0;
    }
    if (undo->event == EVENT_OUTBOUND_LENDING_BASIS) {
        const struct lending_basis *basis = enterprise_basis(state, undo->number);

        return basis == NULL || basis->later_count > 0;
    }
    return false;
}

/* R2: what cannot be reversed whatever its state. */
static bool is_of_every_model(enum event event)
{
    return event == EVENT_REVERSAL || event == EVENT_REVIEW || event == EVENT_WITHDRAWAL;
}

static bool was_accepted(const struct earlier *named)
{
    return named->found && named->undo != NULL && named->outcome == OUTCOME_ACCEPTED;
}

static bool is_reversible(const struct context *c)
{
    const struct earlier *named = &c->args->named;

    return was_accepted(named) && named->reversed_number == 0 &&
           !is_of_every_model(named->undo->event) && !is_depended_on(c->state, named->undo);
}

/* ---- the opposite postings ----------------------------------------------------------------- */

/* What is left of a mode's profiles, or of lending bases, once the original is gone? */
static bool has_ground(const struct context *c, enum limit_kind kind)
{
    const struct enterprise *state = c->state;

    for (uint32_t i = 0; kind == LIMIT_OUTBOUND_LENDING && i < state->bases_n; i++) {
        if (state->bases[i].number != c->without) {
            return true;
        }
    }
    for (uint32_t i = 0; kind != LIMIT_OUTBOUND_LENDING && i < state->profiles_n; i++) {
        const struct profile *profile = &state->profiles[i];

        if (profile->number != c->without && ceiling_key((enum mode)profile->mode).kind == kind) {
            return true;
        }
    }
    return false;
}

static enum mode mode_of(enum limit_kind kind)
{
    if (kind == LIMIT_FINANCING_MACROPRUDENTIAL) {
        return MODE_MACROPRUDENTIAL;
    }
    if (kind == LIMIT_FINANCING_GAP) {
        return MODE_GAP;
    }
    return kind == LIMIT_FINANCING_FACILITATION ? MODE_FACILITATION : MODE_NONE;
}

static bool is_following(enum limit_kind kind)
{
    return kind == LIMIT_OUTBOUND_LENDING || mode_of(kind) != MODE_NONE;
}

/* R3: a limit that follows the calendar gets its value on the reversal's date.  False while a rate
 * for it is missing. */
static bool follow(struct context *c, const struct limit_key *key, int64_t *ret_change)
{
    struct ceiling ceiling = key->kind == LIMIT_OUTBOUND_LENDING
                                 ? ceiling_of_lending(c)
                                 : ceiling_of_mode(c, mode_of(key->kind));

    if (!has_ground(c, key->kind)) {
        *ret_change = -context_balance(c, key).limit;
        return true;
    }
    *ret_change = ceiling_change(c, key, &ceiling);
    return ceiling.state != CEILING_PENDING;
}

/* R4: does the limit stand the change? */
static bool is_sound(const struct context *c, const struct undo_posting *posting)
{
    struct amounts is = context_balance(c, &posting->key);
    wide limit = (wide)is.limit + posting->change.limit;
    wide used = (wide)is.used + posting->change.used;
    wide reserved = (wide)is.reserved + posting->change.reserved;
    bool is_raised = (wide)posting->change.used + posting->change.reserved > 0;
    bool is_lowered = posting->change.limit < 0;

    if (is_following(posting->key.kind) && c->without == 0) {
        is_lowered = false; /* a fall that R3 brings */
    }
    if (limit < 0 || used < 0 || reserved < 0) {
        return false;
    }
    return used + reserved <= limit || (!is_raised && !is_lowered);
}

/* Stage the opposite of one posting; false when R4 forbids it. */
static bool stage_opposite(struct context *c, const struct undo_posting *original)
{
    struct undo_posting opposite = {.key = original->key,
                                    .currency = original->currency,
                                    .change = {.limit = -original->change.limit,
                                               .used = -original->change.used,
                                               .reserved = -original->change.reserved}};

    if (is_following(original->key.kind) && !follow(c, &original->key, &opposite.change.limit)) {
        return true; /* the barrier waits for the rate */
    }
    if (!is_sound(c, &opposite)) {
        return false;
    }
    context_post(c, &opposite.key, opposite.currency, opposite.change);
    return true;
}

static bool stage_opposites(struct context *c, const struct undo *undo)
{
    bool is_sound_everywhere = true;

    for (uint32_t i = 0; i < undo->postings_n; i++) {
        is_sound_everywhere = stage_opposite(c, &undo->postings[i]) && is_sound_everywhere;
    }
    return is_sound_everywhere;
}

/* ---- what was there before ----------------------------------------------------------------- */

static void restore_investor(struct enterprise *state, const struct undo_investor *undo)
{
    const struct investor *before = &undo->before;
    const struct limit_key key = {
        .owner = before->owner, .kind = LIMIT_FDI_INFLOW, .part = before->ordinal};

    if (!undo->created) {
        *enterprise_investor(state, before->owner, before->ordinal) = *before;
        return;
    }
    enterprise_investor_remove(state, before->owner, before->ordinal);
    if (enterprise_limit(state, &key) != NULL) {
        enterprise_limit_remove(state, &key);
    }
}

static void restore(struct enterprise *state, const struct undo *undo)
{
    for (uint32_t i = 0; i < undo->investors_n; i++) {
        restore_investor(state, &undo->investors[i]);
    }
    for (uint32_t i = 0; i < undo->objects_n; i++) {
        const struct object *before = &undo->objects[i].before;

        if (undo->objects[i].created) {
            enterprise_object_remove(state, before->opened_number);
        } else {
            *enterprise_object_opened(state, before->opened_number) = *before;
        }
    }
    if (undo->event == EVENT_FINANCING_PROFILE) {
        enterprise_profile_remove(state, undo->number);
    }
    if (undo->event == EVENT_OUTBOUND_LENDING_BASIS) {
        enterprise_basis_remove(state, undo->number);
    }
    enterprise_count_later(state, undo->event, undo->number, LATER_REVERSED);
}

void reversal(struct context *c)
{
    const struct earlier *named = &c->args->named;
    const struct undo *undo = named->undo;
    bool is_possible = is_reversible(c);

    c->is_quiet = true; /* B1: its basis has no parameters and no sheets */
    if (was_accepted(named) && c->business_on < undo->business_on) {
        context_reason(c, CODE_MOVEMENT_ORDER, "/business_date");
    }
    if (is_possible) {
        bool is_ground =
            undo->event == EVENT_FINANCING_PROFILE || undo->event == EVENT_OUTBOUND_LENDING_BASIS;

        c->without = is_ground ? undo->number : 0;
        is_possible = stage_opposites(c, undo);
    }
    if (!is_possible) {
        context_reason(c, CODE_NOT_REVERSIBLE, "/details/reverses");
    }
    if (!context_standing_done(c) || !context_accept(c)) {
        return;
    }
    restore(c->state, undo);
}

/* ---- review and withdrawal ----------------------------------------------------------------- */

/* The held filing that is named, NULL when it is not held. */
static const struct held *named_held(const struct context *c)
{
    const struct earlier *named = &c->args->named;

    return named->found ? enterprise_held(c->state, named->first_number) : NULL;
}

void review(struct context *c)
{
    const struct review *details = &c->filing->details.review;
    const struct held *held = named_held(c);

    if (held == NULL || held->waits_for != CODE_REVIEW_NEEDED) {
        context_reason(c, CODE_NOT_REVERSIBLE, "/details/reviews");
    }
    if (!context_standing_done(c) || !context_accept(c)) {
        return;
    }
    assert(held != NULL); /* 217 otherwise */
    c->ret->follow_arrival = held->arrival_number;
    c->ret->follow_cause =
        details->verdict == VERDICT_APPROVE ? HELD_CAUSE_APPROVED : HELD_CAUSE_REFUSED;
}

void withdrawal(struct context *c)
{
    const struct held *held = named_held(c);

    if (held == NULL) {
        context_reason(c, CODE_NOT_REVERSIBLE, "/details/withdraws");
    }
    if (!context_standing_done(c) || !context_accept(c)) {
        return;
    }
    assert(held != NULL); /* 217 otherwise */
    c->ret->follow_arrival = held->arrival_number;
    c->ret->follow_cause = HELD_CAUSE_WITHDRAWN;
}
