/* Records are kept until both worlds have decided them, so that facts of the few that flip can be
 * read from their bytes:
 *
 *   record ──> world as it is  ──┐ flush of both        settled in both ──> flip or nothing
 *          └─> world what if   ──┴──────────────> pair ─┤
 *                                                       still held in one ──> waits, with its facts
 */
#include "consumers/audit/what_if.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "consumers/audit/what_if_basis.h"
#include "consumers/audit/what_if_limits.h"
#include "consumers/core/reference.h"
#include "consumers/engine/journal.h"
#include "form/date.h"
#include "wire/decision_codec.h"

#define DECISION_ARENA_SIZE ((size_t)1 << 20)
#define KEPT_BYTES_MAX      ((size_t)16 << 20) /* then both worlds are flushed */

enum world { WORLD_AS_IS, WORLD_WHAT_IF, WORLDS_N };

/* A filing between its first decision in one world and its last in both. */
struct pair {
    int64_t offset; /* the key */
    bool has_facts;
    struct basis bases[WORLDS_N];
    struct flip flip;
    UT_hash_handle hh;
};

struct kept_record {
    int64_t offset;
    size_t at; /* of its value, in what_if.values */
    size_t n;
};

struct what_if {
    struct what_if_conf conf;
    struct replay *worlds[WORLDS_N];
    bool is_forced; /* the second world has its policy */
    struct kept_record *kept;
    size_t kept_n, kept_max;
    struct buffer values;
    struct pair *pairs; /* uthash, in the order of arrival */
    struct region_book regions;
    struct limit_book limits;
    struct arena decision_arena;
    struct arena filing_arena;
    struct decision *decision;
    struct what_if_counts counts;
};

/* ---- opening ------------------------------------------------------------------------------- */

static enum status open_parts(struct what_if *w, const struct bus_record *first,
                              struct failure *err)
{
    enum status status = arena_open(&w->decision_arena, DECISION_ARENA_SIZE, err);

    if (status == STATUS_OK) {
        status = arena_open(&w->filing_arena, ARENA_FILING_MAX, err);
    }
    for (int i = 0; i < WORLDS_N && status == STATUS_OK; i++) {
        status = replay_open(&w->conf.replay, first, &w->worlds[i], err);
    }
    w->decision = calloc(1, sizeof(*w->decision));
    if (status == STATUS_OK && !w->decision) {
        status = failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    return status;
}

enum status what_if_open(const struct what_if_conf *conf, const struct bus_record *first,
                         struct what_if **ret, struct failure *err)
{
    struct what_if *w = calloc(1, sizeof(*w));
    enum status status;

    if (!w) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    w->conf = *conf;
    buffer_init(&w->values, 2 * KEPT_BYTES_MAX);
    region_book_init(&w->regions);
    limit_book_init(&w->limits);
    status = open_parts(w, first, err);
    if (status != STATUS_OK) {
        what_if_close(w);
        return status;
    }
    *ret = w;
    return STATUS_OK;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static void drop_pair(struct what_if *w, struct pair *pair)
{
    assert(w->pairs);
    HASH_DEL(w->pairs, pair);
    free(pair);
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static void drop_pairs(struct what_if *w)
{
    struct pair *pair = w->pairs;

    HASH_CLEAR(hh, w->pairs); /* the table alone */
    while (pair) {
        struct pair *next = pair->hh.next;

        free(pair);
        pair = next;
    }
}

void what_if_close(struct what_if *w)
{
    if (!w) {
        return;
    }
    drop_pairs(w);
    for (int i = 0; i < WORLDS_N; i++) {
        replay_close(w->worlds[i]);
    }
    region_book_fini(&w->regions);
    limit_book_fini(&w->limits);
    arena_close(&w->decision_arena);
    arena_close(&w->filing_arena);
    buffer_fini(&w->values);
    free(w->decision);
    free(w->kept);
    free(w);
}

struct what_if_counts what_if_counts(const struct what_if *w) { return w->counts; }

/* ---- answers ------------------------------------------------------------------------------- */

static void add_code(struct what_if_answer *answer, enum code code)
{
    /* Reasons are in order of code. */
    if (answer->codes_n == 0 || answer->codes[answer->codes_n - 1] != code) {
        answer->codes[answer->codes_n++] = code;
    }
}

static void answer_make(const struct decision *d, struct what_if_answer *ret)
{
    *ret = (struct what_if_answer){
        .number = d->number, .outcome = d->outcome, .currency = CURRENCY_NONE};
    for (uint32_t i = 0; i < d->reasons.n; i++) {
        const struct reason *reason = &d->reasons.at[i];

        add_code(ret, reason->code);
        if (reason->has_amounts && !ret->has_amounts) {
            ret->has_amounts = true;
            ret->currency = reason->currency;
            ret->free_minor = reason->free_minor;
            ret->asked_minor = reason->asked_minor;
            if (reason->limit.kind != LIMIT_NONE) {
                (void)limit_id_format(&reason->limit, ret->limit);
            }
        }
    }
}

static bool answers_agree(const struct what_if_answer *a, const struct what_if_answer *b)
{
    return a->outcome == b->outcome && a->codes_n == b->codes_n &&
           memcmp(a->codes, b->codes, a->codes_n * sizeof(a->codes[0])) == 0;
}

static bool is_settled(const struct what_if_answer *answer)
{
    return answer->number > 0 && answer->outcome != OUTCOME_HELD;
}

/* ---- facts --------------------------------------------------------------------------------- */

/* The value of a record that is still kept; at NULL when it is not. */
static struct bytes value_of(const struct what_if *w, int64_t offset)
{
    size_t low = 0;
    size_t high = w->kept_n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (w->kept[middle].offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == w->kept_n || w->kept[low].offset != offset) {
        return (struct bytes){.at = NULL, .n = 0};
    }
    return (struct bytes){.at = w->values.at + w->kept[low].at, .n = w->kept[low].n};
}

/* The region of the profile in force as the log is, into out. */
static enum status profile_region(struct what_if *w, const struct flip *flip, char *out,
                                  struct failure *err)
{
    const struct enterprise *state = NULL;
    const struct profile *profile = NULL;
    int32_t on = 0;
    const enum status status =
        decider_state(replay_decider(w->worlds[WORLD_AS_IS]), flip->enterprise, &state, err);

    if (status == STATUS_OK && state &&
        date_parse(flip->business_date, strlen(flip->business_date), &on)) {
        profile = enterprise_profile_on(state, on, 0);
    }
    if (profile) {
        memcpy(out, profile->region, ENTERPRISE_REGION_SIZE);
        out[ENTERPRISE_REGION_SIZE] = '\0';
    }
    return status;
}

static enum status find_region(struct what_if *w, const struct filing_facts *facts,
                               struct flip *flip, struct failure *err)
{
    const char *known = NULL;
    enum status status = STATUS_OK;

    if (strlen(flip->enterprise) != CODE_SIZE) {
        return STATUS_OK;
    }
    if (facts->region[0] != '\0') {
        known = facts->region;
    } else if (facts->registration_no[0] != '\0') {
        known = region_book_find(&w->regions, flip->enterprise, facts->registration_no);
    }
    if (known) {
        memcpy(flip->region, known, strlen(known) + 1);
        return STATUS_OK;
    }
    status = profile_region(w, flip, flip->region, err);
    known = flip->region[0] == '\0' ? region_book_find(&w->regions, flip->enterprise, "") : NULL;
    if (known) {
        memcpy(flip->region, known, strlen(known) + 1);
    }
    return status;
}

/* While the record is kept. */
static enum status add_facts(struct what_if *w, struct pair *pair, struct failure *err)
{
    struct filing_facts facts;

    if (pair->has_facts) {
        return STATUS_OK;
    }
    filing_facts_read(value_of(w, pair->offset), &w->filing_arena, &facts);
    pair->has_facts = true;
    pair->flip.money = facts.money;
    return find_region(w, &facts, &pair->flip, err);
}

/* What later filings of the enterprise are summed up under. */
static enum status note_registration(struct what_if *w, const struct decision *d,
                                     struct failure *err)
{
    struct filing_facts facts;

    if (d->event != EVENT_FDI_REGISTRATION || d->identity.enterprise.n != CODE_SIZE) {
        return STATUS_OK;
    }
    filing_facts_read(value_of(w, d->input_offset), &w->filing_arena, &facts);
    return region_book_put(&w->regions, d->identity.enterprise.at, &facts, err);
}

/* ---- pairs --------------------------------------------------------------------------------- */

static void take_text(struct text text, char *out, size_t size)
{
    const size_t n = text.n < size ? text.n : size - 1;

    if (n > 0) {
        memcpy(out, text.at, n);
    }
    out[n] = '\0';
}

static struct pair *pair_new(struct what_if *w, const struct decision *d)
{
    struct pair *pair = calloc(1, sizeof(*pair));

    if (!pair) {
        return NULL;
    }
    pair->offset = d->input_offset;
    pair->flip = (struct flip){.partition = w->conf.replay.partition,
                               .offset = d->input_offset,
                               .received_ms = d->received_ms,
                               .event = d->event,
                               .money = {.currency = CURRENCY_NONE}};
    take_text(d->identity.filing_id, pair->flip.filing_id, sizeof(pair->flip.filing_id));
    take_text(d->identity.bank, pair->flip.bank, sizeof(pair->flip.bank));
    take_text(d->identity.enterprise, pair->flip.enterprise, sizeof(pair->flip.enterprise));
    take_text(d->identity.business_date, pair->flip.business_date,
              sizeof(pair->flip.business_date));
    return pair;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static enum status pair_of(struct what_if *w, struct pair **ret, struct failure *err)
{
    struct pair *pair = NULL;

    HASH_FIND(hh, w->pairs, &w->decision->input_offset, sizeof(pair->offset), pair);
    if (!pair) {
        pair = pair_new(w, w->decision);
        if (!pair) {
            return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        }
        HASH_ADD(hh, w->pairs, offset, sizeof(pair->offset), pair);
    }
    *ret = pair;
    return STATUS_OK;
}

static void add_parameters(struct what_if *w, struct pair *pair)
{
    struct basis_change change = {
        .before = &pair->bases[WORLD_AS_IS],
        .after = &pair->bases[WORLD_WHAT_IF],
        .old = policy_as_of(replay_reference(w->worlds[WORLD_AS_IS]), INT64_MAX),
        .new = policy_as_of(replay_reference(w->worlds[WORLD_WHAT_IF]), INT64_MAX)};

    if (date_parse(pair->flip.business_date, strlen(pair->flip.business_date), &change.on)) {
        basis_change_format(&change, pair->flip.parameters);
    }
}

static enum status settle(struct what_if *w, struct pair *pair, struct failure *err)
{
    enum status status = STATUS_OK;

    if (!answers_agree(&pair->flip.before, &pair->flip.after)) {
        status = add_facts(w, pair, err);
        if (status == STATUS_OK) {
            status = limit_book_refused(&w->limits, &pair->flip, err);
        }
        if (status == STATUS_OK) {
            add_parameters(w, pair);
            w->counts.flips++;
            w->conf.flip(w->conf.arg, &pair->flip);
        }
    }
    drop_pair(w, pair);
    return status;
}

/* Both worlds are flushed: what is settled in both goes, the rest waits with its facts.  At the end
 * nothing waits. */
static enum status settle_pairs(struct what_if *w, bool is_end, struct failure *err)
{
    struct pair *pair = w->pairs;
    enum status status = STATUS_OK;

    while (pair && status == STATUS_OK) {
        struct pair *next = pair->hh.next;

        if (is_end || (is_settled(&pair->flip.before) && is_settled(&pair->flip.after))) {
            status = settle(w, pair, err);
        } else {
            status = add_facts(w, pair, err);
        }
        pair = next;
    }
    return status;
}

/* ---- both worlds --------------------------------------------------------------------------- */

static enum status take_decision(struct what_if *w, enum world world, struct bytes bytes,
                                 struct failure *err)
{
    struct pair *pair = NULL;
    enum status status;

    arena_reset(&w->decision_arena);
    status = decision_decode(bytes, &w->decision_arena, w->decision, err);
    if (status != STATUS_OK) {
        return status;
    }
    w->counts.decisions += world == WORLD_AS_IS ? 1 : 0;
    if (w->decision->event == EVENT_BULLETIN) {
        return STATUS_OK;
    }
    status = note_registration(w, w->decision, err);
    if (status == STATUS_OK) {
        status = pair_of(w, &pair, err);
    }
    if (status == STATUS_OK) {
        answer_make(w->decision, world == WORLD_AS_IS ? &pair->flip.before : &pair->flip.after);
        basis_make(replay_reference(w->worlds[world]), w->decision, &pair->bases[world]);
    }
    return status;
}

static enum status flush(struct what_if *w, enum world world, struct failure *err)
{
    struct store_journal_row row;
    struct journal_reader reader;
    struct journal_entry entry;
    enum status status = replay_flush(w->worlds[world], &row, err);

    if (status != STATUS_OK || row.count == 0) {
        return status;
    }
    journal_reader_init(&reader, &row);
    for (uint32_t i = 0; i < row.count && status == STATUS_OK; i++) {
        status = journal_next(&reader, &entry, err);
        if (status == STATUS_OK) {
            status = take_decision(w, world, entry.decision, err);
        }
    }
    return status;
}

static enum status flush_all(struct what_if *w, bool is_end, struct failure *err)
{
    enum status status = STATUS_OK;

    for (int i = 0; i < WORLDS_N && status == STATUS_OK; i++) {
        status = flush(w, (enum world)i, err);
    }
    if (status == STATUS_OK) {
        status = settle_pairs(w, is_end, err);
    }
    w->kept_n = 0;
    buffer_reset(&w->values);
    return status;
}

static enum status keep_record(struct what_if *w, const struct bus_record *record,
                               struct failure *err)
{
    const size_t n = record->has_value ? record->value_n : 0;

    if (!batch_grow((void **)&w->kept, &w->kept_max, w->kept_n + 1, sizeof(*w->kept))) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    w->kept[w->kept_n++] =
        (struct kept_record){.offset = record->offset, .at = w->values.n, .n = n};
    if (n > 0) {
        buffer_append(&w->values, record->value, n);
    }
    return buffer_check(&w->values, err);
}

/* Decide it in one world, wholly. */
static enum status decide(struct what_if *w, enum world world, const struct bus_record *record,
                          bool *ret_is_full, struct failure *err)
{
    bool is_full = false;
    bool is_again = true;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && is_again) {
        status = replay_record(w->worlds[world], record, &is_full, &is_again, err);
        *ret_is_full = *ret_is_full || is_full;
        if (status == STATUS_OK && is_again) {
            status = flush(w, world, err);
        }
    }
    return status;
}

static int64_t received_of(const struct what_if *w, const struct bus_record *record)
{
    const int64_t before_ms = decider_position(replay_decider(w->worlds[WORLD_AS_IS]))->received_ms;

    return record->timestamp_ms > before_ms ? record->timestamp_ms : before_ms;
}

enum status what_if_record(struct what_if *w, const struct bus_record *record, bool *ret_is_past,
                           struct failure *err)
{
    const int64_t received_ms = received_of(w, record);
    bool is_full = false;
    enum status status = STATUS_OK;

    *ret_is_past = received_ms > w->conf.to_ms;
    if (*ret_is_past) {
        return STATUS_OK;
    }
    if (!w->is_forced && received_ms >= w->conf.from_ms) {
        status = replay_force_policy(w->worlds[WORLD_WHAT_IF], w->conf.policy, err);
        w->is_forced = true;
    }
    if (status == STATUS_OK) {
        status = keep_record(w, record, err);
    }
    for (int i = 0; i < WORLDS_N && status == STATUS_OK; i++) {
        status = decide(w, (enum world)i, record, &is_full, err);
    }
    w->counts.records++;
    if (status == STATUS_OK && (is_full || w->values.n >= KEPT_BYTES_MAX)) {
        status = flush_all(w, false, err);
    }
    return status;
}

enum status what_if_end(struct what_if *w, struct failure *err)
{
    const struct limit_walk walk = {.partition = w->conf.replay.partition,
                                    .as_is = replay_store(w->worlds[WORLD_AS_IS]),
                                    .what_if = replay_store(w->worlds[WORLD_WHAT_IF]),
                                    .fn = w->conf.breach,
                                    .arg = w->conf.arg};
    enum status status = flush_all(w, true, err);

    return status == STATUS_OK ? limit_book_walk(&w->limits, &walk, &w->counts.breaches, err)
                               : status;
}

/* ---- the policy ---------------------------------------------------------------------------- */

bool what_if_check_policy(const struct policy *policy, struct fault *fault)
{
    const struct reference nothing = {.policies_n = 0};
    const struct reference_item item = {.kind = REFERENCE_POLICY, .of = {.policy = *policy}};
    const struct content content = {.number = 1, .items = &item, .items_n = 1};

    if (policy->rules > DECIDE_RULES_MAX) {
        (void)snprintf(fault->field, sizeof(fault->field), "/rules");
        (void)snprintf(fault->text, sizeof(fault->text),
                       "rules %lld are not known, this program knows 1 to %d",
                       (long long)policy->rules, DECIDE_RULES_MAX);
        return false;
    }
    return reference_check(&nothing, 0, &content, fault);
}
