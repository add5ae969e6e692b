#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "consumers/core/reference.h"
#include "consumers/engine/decider_inside.h"
#include "consumers/store/state.h"
#include "form/identifiers.h"
#include "wire/headers.h"

static bool text_is(struct text text, const void *at, size_t n)
{
    return text.n == n && memcmp(text.at, at, n) == 0;
}

void decider_args(struct decider *d)
{
    struct decide_args *const args = &d->desk->args;

    args->reference = reference_set_reference(d->desk->references);
    args->has_bulletin = d->position.has_bulletin;
    args->bulletin = d->position.bulletin;
    args->record.partition = d->conf.partition;
    args->record.input_offset = d->trigger.offset;
    args->record.trigger_offset = d->trigger.offset;
    args->record.received_ms = d->trigger.received_ms;
    memcpy(args->record.input_hash, d->trigger.hash, DIGEST_SIZE);
    args->form = NULL;
    args->own.found = false;
    args->own.undo = NULL;
    args->named.found = false;
    args->named.undo = NULL;
    args->number = d->position.number + 1;
}

/* ---- earlier filings ----------------------------------------------------------------------- */

/* Recovery stands in the past: what the index learned after the position does not count yet. */
static bool as_of(const struct decider *d, struct store_filing *filing)
{
    const uint64_t number = d->position.number;

    if (filing->first_number > number) {
        return false;
    }
    if (filing->last_number > number) {
        filing->last_number = filing->first_number;
    }
    if (filing->accepted_number > number) {
        filing->accepted_number = 0;
    }
    if (filing->reversed_number > number) {
        filing->reversed_number = 0;
    }
    return true;
}

static enum status find_filing(struct decider *d, const struct store_filing_key *key,
                               struct store_filing *ret, bool *ret_found, struct failure *err)
{
    const struct store_filing *open = d->part ? batch_part_filing(d->part, key) : NULL;
    enum status status;

    if (open) {
        *ret = *open;
        *ret_found = true;
        return STATUS_OK;
    }
    status = store_filing_find(d->desk->store, d->conf.partition, key, ret, err);
    *ret_found = status == STATUS_OK && as_of(d, ret);
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

static void earlier_of(const struct store_filing *filing, const struct enterprise *state,
                       struct earlier *ret)
{
    ret->found = true;
    memcpy(ret->filing_hash, filing->filing_hash, DIGEST_SIZE);
    ret->first_number = filing->first_number;
    ret->last_number = filing->last_number;
    ret->reversed_number = filing->reversed_number;
    ret->undo = NULL;
    ret->outcome = OUTCOME_REJECTED;
    if (filing->accepted_number != 0) {
        ret->outcome = OUTCOME_ACCEPTED;
    } else if (enterprise_held(state, filing->first_number)) {
        ret->outcome = OUTCOME_HELD;
    }
}

/* The undo of an accepted decision, from the open batch or from the journal; *ret is NULL when it
 * has none, as of a review. */
static enum status read_undo(struct decider *d, uint64_t number, const struct undo **ret,
                             struct failure *err)
{
    struct store_journal_row row;
    struct journal_entry entry = {.undo = {.n = 0}};
    enum status status;

    *ret = NULL;
    if (d->part && number > d->part->starts.number) {
        entry.undo = batch_part_undo(d->part, number);
    } else {
        status = store_journal_find(d->desk->store, d->conf.partition, number, &row, err);
        if (status == STATUS_OK) {
            status = journal_entry_find(&row, number, &entry, err);
        }
        if (status != STATUS_OK) {
            return failure_add(err, "cannot read the undo of decision %" PRIu64, number);
        }
    }
    if (entry.undo.n == 0) {
        return STATUS_OK;
    }
    *ret = &d->desk->named_undo;
    return undo_decode(entry.undo, &d->desk->named_undo, err);
}

static void key_of(struct text filing_id, struct text bank, const char *enterprise,
                   struct store_filing_key *ret)
{
    const bool is_uuid =
        filing_id.n == UUID_TEXT_SIZE - 1 && uuid_pack(filing_id.at, ret->filing_id);

    assert(is_uuid);
    assert(bank.n == sizeof(ret->bank));
    memcpy(ret->bank, bank.at, sizeof(ret->bank));
    memcpy(ret->enterprise, enterprise, sizeof(ret->enterprise));
}

enum status decider_earlier_own(struct decider *d, const struct form *form,
                                const struct enterprise *state, struct earlier *ret,
                                struct failure *err)
{
    struct store_filing filing;
    struct store_filing_key key;
    bool found = false;
    enum status status;

    ret->found = false;
    ret->undo = NULL;
    if (!form->identified) {
        return STATUS_OK;
    }
    key_of(form->identity.filing_id, form->identity.bank, state->code, &key);
    status = find_filing(d, &key, &filing, &found, err);
    if (status == STATUS_OK && found) {
        earlier_of(&filing, state, ret);
    }
    return status;
}

/* The filings under one id, of which the best is the one on which the form may rest (D7), else the
 * first. */
struct best {
    const struct form *form;
    const struct enterprise *state;
    bool has_one;
    bool rests;
    struct store_filing filing;
};

static enum status consider(struct decider *d, struct best *best, const struct store_filing *filing,
                            struct failure *err)
{
    struct earlier earlier;
    enum status status = STATUS_OK;

    if (memcmp(filing->key.enterprise, best->state->code, ENTERPRISE_CODE_SIZE) != 0 ||
        best->rests) {
        return STATUS_OK;
    }
    earlier_of(filing, best->state, &earlier);
    if (filing->accepted_number != 0) {
        status = read_undo(d, filing->accepted_number, &earlier.undo, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    best->rests = decide_rests_on(best->form, &earlier);
    if (best->rests || !best->has_one) {
        best->filing = *filing;
        best->has_one = true;
    }
    return STATUS_OK;
}

/* Any bank's filing of this enterprise under an id. */
static enum status find_any_bank(struct decider *d, const uint8_t id[FILING_ID_SIZE],
                                 struct best *best, struct failure *err)
{
    struct store_filing_key key = {.bank = {0}};
    struct store_filing filing;
    const struct store_filing *open;
    enum status status = STATUS_OK;
    size_t at = 0;

    while (status == STATUS_OK && d->part &&
           (open = batch_part_filing_next(d->part, id, &at)) != NULL) {
        status = consider(d, best, open, err);
    }
    memcpy(key.filing_id, id, sizeof(key.filing_id));
    while (status == STATUS_OK) {
        status = store_filing_next(d->desk->store, d->conf.partition, &key, &filing, err);
        if (status == STATUS_NOTFOUND ||
            (status == STATUS_OK && memcmp(filing.key.filing_id, id, FILING_ID_SIZE) != 0)) {
            return STATUS_OK;
        }
        key = filing.key;
        (void)store_filing_key_after(&key); /* a bank is text: there is one */
        if (status == STATUS_OK && !(d->part && batch_part_filing(d->part, &filing.key)) &&
            as_of(d, &filing)) {
            status = consider(d, best, &filing, err);
        }
    }
    return status;
}

enum status decider_earlier_named(struct decider *d, const struct form *form,
                                  const struct enterprise *state, struct earlier *ret,
                                  struct failure *err)
{
    struct best best = {.form = form, .state = state};
    struct store_filing filing = {.first_number = 0};
    struct store_filing_key key;
    struct text bank = {0};
    struct text filing_id = {0};
    bool found = false;
    enum status status;

    ret->found = false;
    ret->undo = NULL;
    if (form->failures.n > 0 || !decide_names(form, &bank, &filing_id)) {
        return STATUS_OK;
    }
    if (bank.n == 0) {
        key_of(filing_id, form->identity.bank, state->code, &key);
        status = find_any_bank(d, key.filing_id, &best, err);
        filing = best.filing;
        found = best.has_one;
    } else {
        key_of(filing_id, bank, state->code, &key);
        status = find_filing(d, &key, &filing, &found, err);
    }
    if (status != STATUS_OK || !found) {
        return status;
    }
    d->desk->named_key = filing.key;
    earlier_of(&filing, state, ret);
    return filing.accepted_number == 0 ? STATUS_OK
                                       : read_undo(d, filing.accepted_number, &ret->undo, err);
}

/* What a decision does to the index: an own identity, a later decision of a held filing, a reversed
 * one.  Recovery only reads the index. */
enum status decider_index(struct decider *d, const struct form *form,
                          const struct decide_result *result, uint64_t arrival_number,
                          struct failure *err)
{
    const uint64_t number = result->decision.number;
    struct store_filing filing = {.first_number = number};
    bool found = false;
    enum status status = STATUS_OK;

    if (!d->part) {
        return STATUS_OK;
    }
    if (result->owns_id || arrival_number != 0) {
        key_of(form->identity.filing_id, form->identity.bank, form->identity.enterprise.at,
               &filing.key);
        memcpy(filing.filing_hash, d->desk->args.record.filing_hash, DIGEST_SIZE);
        if (arrival_number != 0) {
            status = find_filing(d, &filing.key, &filing, &found, err);
        }
        filing.last_number = number;
        filing.accepted_number =
            result->decision.outcome == OUTCOME_ACCEPTED ? number : filing.accepted_number;
        if (status == STATUS_OK) {
            status = batch_part_filing_put(d->part, &filing, err);
        }
    }
    if (status == STATUS_OK && result->reversed) {
        status = find_filing(d, &d->desk->named_key, &filing, &found, err);
        assert(status != STATUS_OK || found);
        filing.reversed_number = number;
        if (status == STATUS_OK) {
            status = batch_part_filing_put(d->part, &filing, err);
        }
    }
    return status;
}

/* ---- a filing's own decision --------------------------------------------------------------- */

/* Rulebook I1: the key is the enterprise, and the partition the key's. */
static bool is_placed(const struct decider *d, struct text enterprise)
{
    const struct trigger *const t = &d->trigger;

    return enterprise.n > 0 && t->has_key && text_is(enterprise, t->key.at, t->key.n) &&
           partition_of_key(t->key.at, t->key.n, d->conf.partitions_n) == d->conf.partition;
}

/* Is the filing rightly signed, by a key that the register gives to this bank today (117)? */
static bool is_signed_rightly(struct decider *d, const struct submission *parts, struct text bank)
{
    const struct reference *const reference = reference_set_reference(d->desk->references);
    const struct bus_verdict *const verdict = &d->trigger.verdict;
    const struct signed_message message = {
        .domain = SIGN_FILING, .ledger_id = d->conf.ledger_id, .bytes = parts->filing};
    const uint8_t *key;

    if (d->conf.is_pack) {
        return true;
    }
    if (!parts->is_signed) {
        return reference->demonstration;
    }
    key = reference_bank_key(reference,
                             reference_as_of(d->position.has_bulletin, d->position.bulletin), bank,
                             parts->key_id, d->trigger.received_on);
    if (!key) {
        return false;
    }
    if (verdict->known && memcmp(verdict->key, key, PUBLIC_KEY_SIZE) == 0) {
        return verdict->right;
    }
    return signer_verify(d->desk->signer, &message, key, parts->signature);
}

static enum status emit_own(struct decider *d, struct failure *err)
{
    const struct emission emission = {.has_key = d->trigger.has_key, .key = d->trigger.key};

    return decider_emit(d, &emission, err);
}

static enum status keep_held(struct decider *d, const struct submission *parts, struct failure *err)
{
    const struct decision *const decision = &d->desk->result.decision;
    const struct held_arrival arrival = {
        .arrival_number = decision->number,
        .enterprise = d->desk->form.identity.enterprise.at,
        .waits_for = decision->reasons.at[0].code,
    };
    struct held_record record = {
        .input_offset = d->trigger.offset,
        .received_ms = d->trigger.received_ms,
        .filing = parts->filing,
    };

    memcpy(record.input_hash, d->trigger.hash, DIGEST_SIZE);
    return held_list_put(&d->held, &arrival, &record, err);
}

/* Decided now, by the core. */
static enum status decide_own(struct decider *d, const struct submission *parts,
                              struct cache_entry *entry, struct failure *err)
{
    struct desk *const desk = d->desk;
    const uint64_t number = d->position.number + 1;
    enum status status = decider_earlier_own(d, &desk->form, entry->state, &desk->args.own, err);

    if (status == STATUS_OK) {
        status = decider_earlier_named(d, &desk->form, entry->state, &desk->args.named, err);
    }
    if (status == STATUS_OK) {
        const struct room room = decide_room(&desk->form);

        status = state_reserve(entry->state, &room, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    decide_filing(&desk->args, entry->state, &desk->result);
    assert(desk->result.decision.number == number);
    if (entry->state->number == number) {
        cache_dirty(&d->cache, entry, number);
    }
    status = emit_own(d, err);
    if (status == STATUS_OK) {
        status = decider_index(d, &desk->form, &desk->result, 0, err);
    }
    return status == STATUS_OK && desk->result.held ? keep_held(d, parts, err) : status;
}

/* Recovery, and the state reflects this decision already: take the journal's, and of a review or
 * withdrawal that was accepted the one that follows. */
static enum status take_own(struct decider *d, struct pass *ret_pass, bool *ret_is_pass,
                            struct failure *err)
{
    const struct decision *const seen = &d->desk->seen;
    bool there = false;
    enum status status = decider_journal_peek(d, &there, err);

    if (status != STATUS_OK) {
        return status;
    }
    *ret_is_pass = (seen->event == EVENT_REVIEW || seen->event == EVENT_WITHDRAWAL) &&
                   seen->outcome == OUTCOME_ACCEPTED;
    status = decider_journal_take(d, err);
    if (status != STATUS_OK || !*ret_is_pass) {
        return status;
    }
    status = decider_journal_peek(d, &there, err);
    if (status != STATUS_OK) {
        return status;
    }
    ret_pass->after = seen->refers_to;
    return decider_journal_take(d, err);
}

/* A review or withdrawal decides the filing that it names right after itself. */
static enum status follow(struct decider *d, struct pass *ret_pass, struct failure *err)
{
    const struct desk *const desk = d->desk;
    const struct text none = {0};
    const uint64_t arrival_number = desk->result.follow_arrival;

    ret_pass->after = arrival_number;
    return decider_follow(
        d, arrival_number, desk->result.follow_cause,
        desk->form.filing.event == EVENT_REVIEW ? desk->form.filing.details.review.reason : none,
        err);
}

static enum status decide_identified(struct decider *d, const struct submission *parts,
                                     struct pass *ret_pass, bool *ret_is_pass, struct failure *err)
{
    struct desk *const desk = d->desk;
    struct cache_entry *entry = NULL;
    enum status status = decider_cached(d, desk->form.identity.enterprise.at, &entry, err);

    memcpy(ret_pass->enterprise, desk->form.identity.enterprise.at, ENTERPRISE_CODE_SIZE);
    if (status != STATUS_OK) {
        return status;
    }
    if (d->recovery.is_active && entry->state->number > d->position.number) {
        return take_own(d, ret_pass, ret_is_pass, err);
    }
    status = decide_own(d, parts, entry, err);
    *ret_is_pass = status == STATUS_OK && desk->result.follow_arrival != 0;
    return *ret_is_pass ? follow(d, ret_pass, err) : status;
}

/* Without a well-formed identity there is no state: it is rejected for its form. */
static enum status decide_unidentified(struct decider *d, struct failure *err)
{
    struct desk *const desk = d->desk;

    decide_filing(&desk->args, &desk->nobody, &desk->result);
    assert(desk->result.decision.outcome == OUTCOME_REJECTED);
    return emit_own(d, err);
}

enum status decider_decide_filing(struct decider *d, const struct document *doc,
                                  const struct submission *parts, struct failure *err)
{
    struct desk *const desk = d->desk;
    struct pass pass = {.is_one_enterprise = true};
    bool is_pass = false;
    enum status status;

    form_identify(doc, &desk->form);
    if (d->position.step > 0) { /* its own decision and the one that follows are made */
        memcpy(pass.enterprise, desk->form.identity.enterprise.at, ENTERPRISE_CODE_SIZE);
        pass.after = d->position.step - 1;
        return decider_pass(d, &pass, err);
    }
    decider_args(d);
    desk->args.form = &desk->form;
    hash_sha256(desk->hash, parts->filing.at, parts->filing.n, desk->args.record.filing_hash);
    if (!is_placed(d, desk->form.identity.enterprise)) {
        decide_misplaced(&desk->args, &desk->result);
        return emit_own(d, err);
    }
    form_check(doc, d->trigger.received_on, is_signed_rightly(d, parts, desk->form.identity.bank),
               &desk->form);
    if (!desk->form.identified) {
        return decide_unidentified(d, err);
    }
    status = decide_identified(d, parts, &pass, &is_pass, err);
    return status == STATUS_OK && is_pass ? decider_pass(d, &pass, err) : status;
}
