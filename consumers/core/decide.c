#include "consumers/core/decide.h"

#include <assert.h>
#include <string.h>

#include "consumers/core/context.h"
#include "consumers/core/fdi.h"
#include "consumers/core/financing.h"
#include "consumers/core/naming.h"
#include "consumers/core/outbound.h"
#include "consumers/core/rates.h"
#include "consumers/core/reversal.h"

/* Sums of two amounts and their multiples. */
__extension__ typedef __int128 wide;

/* ---- the events ---------------------------------------------------------------------------- */

typedef void event_fn(struct context *c);

/* One row an event: what judges it, and whether it opens an object (S14). */
static const struct {
    event_fn *judge; /* NULL: not decided by this version, 101 at /event */
    bool opens;
} events[EVENT_N] = {
    [EVENT_FDI_PRELIMINARY] = {fdi_preliminary, true},
    [EVENT_FDI_PRELIMINARY_INFLOW] = {fdi_preliminary_inflow, false},
    [EVENT_FDI_PRELIMINARY_REFUND] = {fdi_preliminary_refund, false},
    [EVENT_FDI_REGISTRATION] = {fdi_registration, true},
    [EVENT_FDI_INFLOW] = {fdi_inflow, false},
    [EVENT_FDI_PRELIMINARY_CONVERT] = {fdi_preliminary_convert, false},
    [EVENT_FDI_INCREASE] = {fdi_increase, false},
    [EVENT_FDI_DECREASE] = {fdi_decrease, false},
    [EVENT_FDI_TRANSFER] = {fdi_transfer, false},
    [EVENT_FDI_SETTLEMENT] = {fdi_settlement, false},
    [EVENT_FDI_PAYMENT] = {fdi_payment, false},
    [EVENT_FDI_REINVESTMENT] = {fdi_reinvestment, false},
    [EVENT_FDI_PROFIT_REMITTANCE] = {fdi_profit_remittance, false},
    [EVENT_FDI_OUTWARD_REMITTANCE] = {fdi_outward_remittance, false},
    [EVENT_FDI_LIQUIDATION] = {fdi_liquidation, false},
    [EVENT_FDI_DEREGISTRATION] = {fdi_deregistration, false},
    [EVENT_FINANCING_PROFILE] = {financing_profile, false},
    [EVENT_FINANCING_CONTRACT] = {financing_contract, true},
    [EVENT_FINANCING_DRAWDOWN] = {financing_drawdown, false},
    [EVENT_FINANCING_REPAYMENT] = {financing_repayment, false},
    [EVENT_FINANCING_INTEREST] = {financing_interest, false},
    [EVENT_FINANCING_CAPITALISATION] = {financing_capitalisation, false},
    [EVENT_FINANCING_EXTENSION] = {financing_extension, false},
    [EVENT_FINANCING_AMENDMENT] = {financing_amendment, false},
    [EVENT_FINANCING_ASSIGNMENT] = {financing_assignment, false},
    [EVENT_FINANCING_FORGIVENESS] = {financing_forgiveness, false},
    [EVENT_FINANCING_EQUITY_CONVERSION] = {financing_equity_conversion, false},
    [EVENT_FINANCING_CANCELLATION] = {financing_cancellation, false},
    [EVENT_FINANCING_DEREGISTRATION] = {financing_deregistration, false},
    [EVENT_OUTBOUND_PRELIMINARY] = {outbound_preliminary, true},
    [EVENT_OUTBOUND_PRELIMINARY_REMITTANCE] = {outbound_preliminary_remittance, false},
    [EVENT_OUTBOUND_PRELIMINARY_REFUND] = {outbound_preliminary_refund, false},
    [EVENT_OUTBOUND_REGISTRATION] = {outbound_registration, true},
    [EVENT_OUTBOUND_REMITTANCE] = {outbound_remittance, false},
    [EVENT_OUTBOUND_IN_KIND] = {outbound_in_kind, false},
    [EVENT_OUTBOUND_CHANGE] = {outbound_change, false},
    [EVENT_OUTBOUND_PROFIT_RETURN] = {outbound_profit_return, false},
    [EVENT_OUTBOUND_CAPITAL_RETURN] = {outbound_capital_return, false},
    [EVENT_OUTBOUND_COMPLETION] = {outbound_completion, false},
    [EVENT_OUTBOUND_CLOSURE] = {outbound_closure, false},
    [EVENT_OUTBOUND_LENDING_BASIS] = {outbound_lending_basis, false},
    [EVENT_OUTBOUND_LOAN] = {outbound_loan, true},
    [EVENT_OUTBOUND_LOAN_REMITTANCE] = {outbound_loan_remittance, false},
    [EVENT_OUTBOUND_LOAN_RETURN] = {outbound_loan_return, false},
    [EVENT_OUTBOUND_LOAN_EXTENSION] = {outbound_loan_extension, false},
    [EVENT_OUTBOUND_LOAN_CLOSURE] = {outbound_loan_closure, false},
    [EVENT_REVERSAL] = {reversal, false},
    [EVENT_REVIEW] = {review, false},
    [EVENT_WITHDRAWAL] = {withdrawal, false},
};

bool decide_names(const struct form *form, struct text *ret_bank, struct text *ret_filing_id)
{
    const struct filing *filing = &form->filing;
    const union details *details = &filing->details;

    if (form->failures.n > 0) {
        return false;
    }
    *ret_bank = filing->bank;
    if (filing->event == EVENT_REVERSAL) {
        *ret_filing_id = details->reversal.reverses;
        return true;
    }
    if (filing->event == EVENT_WITHDRAWAL) {
        *ret_filing_id = details->withdrawal.withdraws;
        return true;
    }
    if (filing->event == EVENT_REVIEW) {
        *ret_bank = details->review.reviewed_bank;
        *ret_filing_id = details->review.reviews;
        return true;
    }
    if (filing->event == EVENT_FDI_OUTWARD_REMITTANCE) {
        *ret_bank = (struct text){.at = NULL, .n = 0};
        *ret_filing_id = details->fdi_outward_remittance.basis_filing_id;
        return true;
    }
    return false;
}

bool decide_rests_on(const struct form *form, const struct earlier *named)
{
    struct text number = form->filing.details.fdi_outward_remittance.registration_no;
    const struct undo *undo = named->undo;
    const char *known = NULL;

    if (!named->found || undo == NULL || named->reversed_number != 0) {
        return false;
    }
    if (undo->event != EVENT_FDI_DECREASE && undo->event != EVENT_FDI_TRANSFER &&
        undo->event != EVENT_FDI_LIQUIDATION) {
        return false;
    }
    assert(undo->objects_n > 0);
    known = undo->objects[0].before.number;
    return strlen(known) == number.n && memcmp(known, number.at, number.n) == 0;
}

struct room decide_room(const struct form *form)
{
    struct room room = {.limits = 8, .held = 1}; /* no event but a registration posts to more */
    enum event event = form->filing.event;

    if (form->failures.n > 0) {
        return (struct room){.held = 0};
    }
    room.objects = events[event].opens ? 1 : 0;
    if (event == EVENT_FDI_REGISTRATION) {
        room.investors = form->filing.details.fdi_registration.investors_n;
        room.limits += room.investors;
    } else if (event == EVENT_FDI_INCREASE || event == EVENT_FDI_TRANSFER) {
        room.investors = 1;
    } else if (event == EVENT_FINANCING_PROFILE) {
        room.profiles = 1;
    } else if (event == EVENT_OUTBOUND_LENDING_BASIS) {
        room.bases = 1;
    }
    return room;
}

/* ---- what every decision has --------------------------------------------------------------- */

/* Every decision on a filing rests on the rules and so on the policy that carries them, whatever
 * was looked up in it; 221 and 223 alone have none (H5), and a bulletin is not decided by a policy.
 */
static void name_basis(const struct decide_args *args, struct decision *decision)
{
    const struct policy_version *version =
        policy_as_of(args->reference, reference_as_of(args->has_bulletin, args->bulletin));

    decision->has_basis = version != NULL;
    decision->policy = version != NULL ? (uint64_t)version->policy : 0;
    decision->rules = version != NULL ? (uint32_t)version->rules : 0;
}

static void begin(const struct decide_args *args, struct decide_result *ret)
{
    struct decision *decision = &ret->decision;

    decision_reset(decision);
    decision->partition = args->record.partition;
    decision->number = args->number;
    decision->input_offset = args->record.input_offset;
    memcpy(decision->input_hash, args->record.input_hash, DIGEST_SIZE);
    decision->trigger_offset = args->record.trigger_offset;
    decision->received_ms = args->record.received_ms;
    decision->has_bulletin = args->has_bulletin;
    decision->bulletin = args->has_bulletin ? args->bulletin : 0;
    ret->owns_id = false;
    ret->has_undo = false;
    ret->reversed = false;
    ret->held = false;
    ret->released = false;
    ret->follow_arrival = 0;
    ret->follow_cause = HELD_CAUSE_NONE;
    ret->undo.event = EVENT_NONE;
    ret->undo.number = args->number;
    ret->undo.business_on = 0;
    ret->undo.objects_n = 0;
    ret->undo.investors_n = 0;
    ret->undo.postings_n = 0;
}

static void identify(const struct form *form, struct decision *decision)
{
    decision->identity = form->identity;
    decision->event = event_find(form->identity.event.at, form->identity.event.n);
}

static void refuse(struct decision *decision, enum code code, const char *field)
{
    decision->outcome = OUTCOME_REJECTED;
    reasons_reset(&decision->reasons);
    reasons_add_at(&decision->reasons, code, field);
}

void decide_undecodable(const struct decide_args *args, struct decide_result *ret)
{
    begin(args, ret);
    name_basis(args, &ret->decision);
    refuse(&ret->decision, CODE_SCHEMA, "");
}

void decide_misplaced(const struct decide_args *args, struct decide_result *ret)
{
    begin(args, ret);
    identify(args->form, &ret->decision);
    name_basis(args, &ret->decision);
    refuse(&ret->decision, CODE_SCHEMA, "/enterprise");
}

void decide_bulletin(const struct decide_args *args, const struct fault *fault,
                     struct decide_result *ret)
{
    static const char name[] = "bulletin";

    begin(args, ret);
    ret->decision.event = EVENT_BULLETIN;
    ret->decision.identity.event = (struct text){.at = name, .n = sizeof(name) - 1};
    ret->decision.outcome = OUTCOME_ACCEPTED;
    if (fault != NULL) {
        refuse(&ret->decision, CODE_BULLETIN, fault->field);
    }
}

/* ---- finishing a decision ------------------------------------------------------------------ */

/* Parameters were noted as places in the sorted policy: sorted, they are in the order of a
 * decision; then each becomes the ordinal that its row was written with. */
static void finish_basis(const struct context *c)
{
    struct decision *decision = &c->ret->decision;
    const struct policy_version *version = policy_as_of(c->args->reference, c->as_of);

    for (uint32_t i = 0; i < c->parameters_n; i++) {
        uint32_t k = i;

        for (; k > 0 && decision->parameters[k - 1] > c->parameters[i]; k--) {
            decision->parameters[k] = decision->parameters[k - 1];
        }
        decision->parameters[k] = c->parameters[i];
    }
    decision->parameters_n = c->parameters_n;
    for (uint32_t i = 0; i < c->parameters_n; i++) {
        const struct parameter *row = &version->rows[decision->parameters[i]];

        decision->parameters[i] = row->ordinal;
        if (!row->confirmed) {
            decision->flags |= FLAG_UNCONFIRMED_BASIS;
        }
    }
    for (uint32_t i = 0; i < c->sheets_n; i++) {
        uint32_t k = i;

        for (; k > 0 && decision->sheets[k - 1] > c->sheets[i]; k--) {
            decision->sheets[k] = decision->sheets[k - 1];
        }
        decision->sheets[k] = c->sheets[i];
    }
    decision->sheets_n = c->sheets_n;
}

/* L6: how full is a limit whose use grew?  0 when it did not or is not near. */
static uint32_t near_flag(const struct posting *posting)
{
    wide grown = (wide)posting->change.used + posting->change.reserved;
    wide use = (wide)posting->after.used + posting->after.reserved;
    wide limit = posting->after.limit;

    if (grown <= 0) {
        return 0;
    }
    if (use >= limit) {
        return FLAG_LIMIT_FULL;
    }
    if (use * 10 >= limit * 9) {
        return FLAG_NEAR_LIMIT_90;
    }
    return use * 10 >= limit * 8 ? FLAG_NEAR_LIMIT_80 : 0;
}

/* The ids that had to wait for the writes; then the order of a decision. */
static void finish_postings(const struct context *c)
{
    struct decision *decision = &c->ret->decision;
    uint32_t highest = 0;

    for (uint32_t i = 0; i < decision->postings_n; i++) {
        struct posting *posting = &decision->postings[i];
        uint32_t near = near_flag(posting);

        if (posting->id.kind == LIMIT_NONE) {
            enterprise_limit_id(c->state, &c->ret->undo.postings[i].key, &posting->id);
        }
        posting->own = naming_is_own(c->filing, &posting->id);
        highest = near > highest ? near : highest;
    }
    decision->flags |= highest;
    for (uint32_t i = 1; i < decision->postings_n; i++) {
        struct posting posting = decision->postings[i];
        uint32_t k = i;

        for (; k > 0 && limit_id_compare(&decision->postings[k - 1].id, &posting.id) > 0; k--) {
            decision->postings[k] = decision->postings[k - 1];
        }
        if (k < i) {
            decision->postings[k] = posting;
        }
    }
}

static void finish(const struct context *c)
{
    struct decide_result *ret = c->ret;

    finish_basis(c);
    if (ret->decision.outcome != OUTCOME_ACCEPTED) {
        ret->decision.flags = 0;
        ret->decision.postings_n = 0;
        ret->decision.has_returned = false;
        return;
    }
    finish_postings(c);
    c->state->number = c->args->number;
    ret->has_undo = true;
    ret->undo.event = c->filing->event;
    ret->undo.business_on = c->business_on;
    if (c->filing->event == EVENT_REVERSAL) {
        ret->undo.postings_n = 0; /* R2: what is reversed stays so */
        ret->reversed = true;
    }
}

/* ---- standing to limits -------------------------------------------------------------------- */

static void begin_context(struct context *c, const struct decide_args *args,
                          struct enterprise *state, struct decide_result *ret)
{
    c->args = args;
    c->filing = &args->form->filing;
    c->state = state;
    c->ret = ret;
    c->as_of = reference_as_of(args->has_bulletin, args->bulletin);
    c->business_on = args->form->filing.business_on;
    c->is_approved = false;
    c->is_overflowing = false;
    c->is_quiet = false;
    c->without = 0;
    c->sole_code = CODE_NONE;
    c->sole_field = "";
    c->is_standing_done = false;
    c->reviews_n = 0;
    c->named_n = 0;
    c->missing_n = 0;
    c->parameters_n = 0;
    c->parameters_standing_n = 0;
    c->sheets_n = 0;
    c->sheets_standing_n = 0;
}

/* S4: every event but a review needs a filer, a review an authority. */
static void check_bank(struct context *c)
{
    const struct member *bank = reference_bank(c->args->reference, c->as_of, c->filing->bank);
    uint32_t needed = c->filing->event == EVENT_REVIEW ? ROLE_AUTHORITY : ROLE_FILER;

    if (bank == NULL || (bank->roles & needed) == 0) {
        context_reason(c, CODE_NOT_AUTHORISED, "/bank");
    }
}

static void judge(struct context *c)
{
    enum event event = c->filing->event;

    assert(event < EVENT_N);
    if (events[event].judge == NULL) {
        refuse(&c->ret->decision, CODE_SCHEMA, "/event");
    } else if (events[event].opens && c->state->objects_n >= ENTERPRISE_OBJECTS_MAX) {
        refuse(&c->ret->decision, CODE_CAPACITY, "");
    } else {
        check_bank(c);
        events[event].judge(c);
    }
    assert(c->ret->decision.outcome != OUTCOME_NONE);
    finish(c);
}

/* ---- held filings -------------------------------------------------------------------------- */

static void note_wait(const struct context *c, struct held *held)
{
    assert(c->ret->decision.reasons.n > 0);
    held->waits_for = c->ret->decision.reasons.at[0].code;
    held->missing_n = held->waits_for == CODE_RATE_PENDING ? c->missing_n : 0;
    memcpy(held->missing, c->missing, held->missing_n * sizeof(held->missing[0]));
}

/* Keep a filing that is HELD for the first time, or refuse it when too many are (H2). */
static void keep_held(const struct context *c, struct held *held)
{
    if (c->state->held_n >= ENTERPRISE_HELD_MAX) {
        refuse(&c->ret->decision, CODE_HELD_FULL, "");
        return;
    }
    held->arrival_number = c->args->number;
    held->approved = false;
    note_wait(c, held);
    (void)enterprise_held_add(c->state, held);
    c->state->number = c->args->number;
    c->ret->held = true;
}

static void decide_identified(const struct decide_args *args, struct enterprise *state,
                              struct decide_result *ret)
{
    struct context c;
    struct held held;

    begin_context(&c, args, state, ret);
    held.keys_n = naming_keys(c.filing, args->named.undo, held.keys);
    if (state->held_n > 0 && enterprise_held_behind(state, held.keys, held.keys_n, args->number)) {
        ret->decision.outcome = OUTCOME_HELD;
        context_reason(&c, CODE_EARLIER_HELD, "");
    } else {
        judge(&c);
    }
    if (ret->decision.outcome == OUTCOME_HELD) {
        keep_held(&c, &held);
    }
}

void decide_filing(const struct decide_args *args, struct enterprise *state,
                   struct decide_result *ret)
{
    const struct form *form = args->form;
    struct decision *decision = &ret->decision;

    begin(args, ret);
    identify(form, decision);
    name_basis(args, decision);
    if (form->identified && args->own.found) {
        bool is_same = memcmp(args->own.filing_hash, args->record.filing_hash, DIGEST_SIZE) == 0;

        if (!is_same) {
            refuse(decision, CODE_ID_REUSED, "/filing_id");
            return;
        }
        decision->outcome = OUTCOME_DUPLICATE;
        decision->refers_to = args->own.first_number;
        return;
    }
    ret->owns_id = form->identified && !reasons_have(&form->failures, CODE_SIGNATURE);
    if (form->failures.n > 0) {
        decision->outcome = OUTCOME_REJECTED;
        decision->reasons.n = form->failures.n;
        decision->reasons.more = form->failures.more;
        memcpy(decision->reasons.at, form->failures.at,
               form->failures.n * sizeof(form->failures.at[0]));
        return;
    }
    decide_identified(args, state, ret);
}

static bool has_rate(const struct reference *reference, uint64_t bulletin,
                     const struct missing_rate *missing)
{
    int64_t as_of = reference_as_of(true, bulletin);

    return rates_find(reference, as_of, missing->currency, missing->on).found;
}

bool decide_is_due(const struct reference *reference, uint64_t bulletin,
                   const struct enterprise *state, uint64_t arrival_number)
{
    const struct held *held = enterprise_held(state, arrival_number);

    if (held == NULL) {
        return false;
    }
    if (held->waits_for == CODE_EARLIER_HELD) {
        return !enterprise_held_behind(state, held->keys, held->keys_n, arrival_number);
    }
    for (uint32_t i = 0; i < held->missing_n; i++) {
        if (has_rate(reference, bulletin, &held->missing[i])) {
            return true;
        }
    }
    return false;
}

/* 221 and 223 rest on nothing (H5). */
static void refuse_held(struct decision *decision, const struct again *again)
{
    struct reason reason = {.code = again->cause == HELD_CAUSE_REFUSED ? CODE_REVIEW_REFUSED
                                                                       : CODE_WITHDRAWN,
                            .currency = CURRENCY_NONE,
                            .note = again->note};

    decision->outcome = OUTCOME_REJECTED;
    decision->has_basis = false;
    reasons_add(&decision->reasons, &reason);
}

bool decide_again(const struct decide_args *args, struct enterprise *state,
                  const struct again *again, struct decide_result *ret)
{
    struct held *held = enterprise_held(state, again->arrival_number);
    struct context c;

    assert(held != NULL);
    begin(args, ret);
    identify(args->form, &ret->decision);
    name_basis(args, &ret->decision);
    ret->decision.refers_to = again->arrival_number;
    begin_context(&c, args, state, ret);
    if (again->cause == HELD_CAUSE_REFUSED || again->cause == HELD_CAUSE_WITHDRAWN) {
        refuse_held(&ret->decision, again);
    } else {
        held->approved = held->approved || again->cause == HELD_CAUSE_APPROVED;
        c.is_approved = held->approved;
        judge(&c);
    }
    if (ret->decision.outcome == OUTCOME_HELD) {
        bool is_news = held->waits_for != ret->decision.reasons.at[0].code;

        note_wait(&c, held);
        state->number = is_news ? args->number : state->number;
        return is_news;
    }
    enterprise_held_remove(state, again->arrival_number);
    ret->released = true;
    state->number = args->number;
    return true;
}
