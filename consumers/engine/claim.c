/* Claiming a partition, C1 to C9 of the design's section 4: one function a step, each answers with
 * the step that comes next.  Answering with itself means: nothing yet, call again in the next turn.
 *
 * Why this order.  A fence in the store (C2) comes first, so that whoever owned the partition
 * before stores nothing more; what it stored is in the row and the journal.  The stable fetch (C5)
 * then waits until no transaction of the group with offsets of p is open: nobody can publish under
 * an older generation any more.  Only after that is the high watermark (C6) a bound for everything
 * that was ever published, and a tail read up to it (C7) complete. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/engine/bulletin.h"
#include "consumers/engine/crash.h"
#include "consumers/engine/engine_inside.h"
#include "wire/decision_codec.h"

/* How long the last stable offset may stand still below H before the previous owner's transactional
 * id is taken from it. */
#define STILL_MS  2000
#define STANDS_MS 30000 /* a step that takes so long is told, again and again */
/* A new leader may for a moment show a shorter log than the old one did. */
#define SHORT_LOG_MS 5000
/* Records that one turn decides again: some ms. */
#define RECOVER_TURN 500
/* Records of the tail that one turn reads. */
#define TAIL_TURN     5000
#define METADATA_MARK "1 "

typedef enum claim_step claim_step_fn(struct engine *e, uint32_t partition);

void claim_init(struct claim *claim)
{
    *claim = (struct claim){.step = CLAIM_ENDED, .tail_end = -1, .tail_offset = -1};
    buffer_init(&claim->tail, DECISION_SIZE_MAX);
}

void claim_fini(struct claim *claim) { buffer_fini(&claim->tail); }

/* ---- how a claim can fail ------------------------------------------------------------------ */

static enum claim_step stop(struct engine *e, uint32_t partition, const struct failure *why)
{
    engine_stop(e, partition, engine_code(why), why);
    return CLAIM_ENDED;
}

static enum claim_step again(struct engine *e, uint32_t partition, const char *why)
{
    engine_claim(e, partition, CLAIM_ASSIGNED, why);
    return CLAIM_ASSIGNED;
}

static enum status read_row(struct engine *e, uint32_t partition, bool *ret_same,
                            struct failure *err)
{
    const struct slot *const slot = &e->slots[partition];
    const uint64_t number = slot->claim.step > CLAIM_RECOVER
                                ? decider_position(slot->decider)->number
                                : slot->claim.row.position.number;
    struct store_row row;
    const enum status status = store_row_read(e->store, partition, &row, err);

    if (status == STATUS_OK) {
        *ret_same = memcmp(row.owner_token, slot->claim.token, sizeof(row.owner_token)) == 0 &&
                    row.position.number == number;
    }
    return status;
}

/* C8: a late claimer holds an old row, and what contradicts an old row is no contradiction.  Before
 * anybody is called (78) the row is read again. */
static enum claim_step stop_or_again(struct engine *e, uint32_t partition,
                                     const struct failure *why)
{
    struct failure unread;
    bool is_same = false;

    if (read_row(e, partition, &is_same, &unread) != STATUS_OK || !is_same) {
        return again(e, partition, "the row moved on");
    }
    return stop(e, partition, why);
}

/* A request that failed: ask again, claim again, or stop. */
static enum claim_step failed(struct engine *e, uint32_t partition, const struct failure *why)
{
    if (why->remedy == REMEDY_STOP) {
        return stop(e, partition, why);
    }
    if (why->remedy == REMEDY_RECYCLE || why->remedy == REMEDY_RECLAIM) {
        return again(e, partition, why->text);
    }
    return e->slots[partition].claim.step;
}

/* Has this step waited so long?  Begins to wait when asked first. */
static bool is_overdue(struct engine *e, struct claim *claim, int64_t ms)
{
    const int64_t now = bus_now_ms(e->bus);

    if (claim->since_ms < 0) {
        claim->since_ms = now;
    }
    return now - claim->since_ms >= ms;
}

/* ---- C1 ------------------------------------------------------------------------------------ */

static enum claim_step claim_assigned(struct engine *e, uint32_t partition)
{
    const struct slot *const slot = &e->slots[partition];
    enum bus_answer answer = BUS_READY;
    struct failure why;

    if (!slot->claim.is_polled) {
        return CLAIM_ASSIGNED;
    }
    if (!bus_assigned(e->bus, partition, slot->generation)) {
        engine_revoke(e, partition);
        return CLAIM_ENDED;
    }
    /* E10: it could commit behind the tail read. */
    if (publication_carries(e, partition)) {
        return CLAIM_ASSIGNED;
    }
    if (e->conf.is_until_caught_up && !slot->has_end) {
        answer = bus_input_end(e->bus, partition, &e->slots[partition].input_end, &why);
        if (answer == BUS_FAILED) {
            return failed(e, partition, &why);
        }
        e->slots[partition].has_end = answer == BUS_READY;
    }
    return answer == BUS_READY ? CLAIM_FOUNDING : CLAIM_ASSIGNED;
}

/* ---- the ledger ---------------------------------------------------------------------------- */

static enum status found_ledger(struct engine *e, const struct bus_record *record,
                                struct failure *err)
{
    struct founded founded;
    struct store_ledger ledger;
    enum status status = bulletin_founding(e->desk, record, &founded, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (founded.partitions != e->topics.submitted_partitions) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "the ledger was founded with %" PRIu32
                           " partitions, the topic has %" PRIu32,
                           founded.partitions, e->topics.submitted_partitions);
    }
    ledger = (struct store_ledger){.schema = STORE_SCHEMA, .partitions = founded.partitions};
    memcpy(ledger.ledger_id, founded.ledger_id, LEDGER_ID_SIZE);
    if (e->conf.store_id) {
        memcpy(ledger.store_id, e->conf.store_id, STORE_ID_SIZE);
    } else if (!engine_chance(e, ledger.store_id, sizeof(ledger.store_id))) {
        return failure_set(err, STATUS_IO, REMEDY_STOP, 0, "the system gives no chance");
    }
    status = store_ledger_found(e->store, &ledger, err);
    return status == STATUS_OK ? engine_set_ledger(e, err) : status;
}

static enum status no_record(uint32_t partition, struct failure *err)
{
    return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                       "partition %" PRIu32 " has no committed record: run 'filingctl topics "
                       "apply' and 'filingctl ledger found'",
                       partition);
}

static enum claim_step claim_founding(struct engine *e, uint32_t partition)
{
    struct claim *const claim = &e->slots[partition].claim;
    struct bus_record record;
    struct failure why;

    if (e->has_ledger) {
        return CLAIM_ROW;
    }
    if (!claim->is_asked) {
        bus_look(e->bus, BUS_LOOK_SUBMITTED, partition, BUS_LOOK_FIRST);
        claim->is_asked = true;
    }
    switch (bus_look_next(e->bus, BUS_LOOK_SUBMITTED, partition, &record, &why)) {
    case BUS_SEEN_NOTHING:
        return CLAIM_FOUNDING;
    case BUS_SEEN_RECORD:
        return found_ledger(e, &record, &why) == STATUS_OK ? CLAIM_ROW : stop(e, partition, &why);
    case BUS_SEEN_END:
    case BUS_SEEN_GONE:
        (void)no_record(partition, &why);
        return stop(e, partition, &why);
    case BUS_SEEN_FAILED:
        return failed(e, partition, &why);
    }
    return CLAIM_FOUNDING;
}

/* ---- C2 ------------------------------------------------------------------------------------ */

static enum claim_step claim_row(struct engine *e, uint32_t partition)
{
    struct slot *const slot = &e->slots[partition];
    struct claim *const claim = &slot->claim;
    struct store_claim take = {.partition = partition, .txn_id = e->conf.txn_id};
    struct decider_conf conf;
    struct failure why;

    if (e->topics.submitted_partitions != e->ledger.partitions ||
        e->topics.decided_partitions != e->ledger.partitions) {
        (void)failure_set(
            &why, STATUS_CONFLICT, REMEDY_STOP, 0,
            "the ledger has %" PRIu32 " partitions, the topics have %" PRIu32 " and %" PRIu32,
            e->ledger.partitions, e->topics.submitted_partitions, e->topics.decided_partitions);
        return stop(e, partition, &why);
    }
    if (!engine_chance(e, claim->token, sizeof(claim->token))) {
        (void)failure_set(&why, STATUS_IO, REMEDY_STOP, 0, "the system gives no chance");
        return stop(e, partition, &why);
    }
    memcpy(take.token, claim->token, sizeof(take.token));
    engine_decider_conf(e, partition, &conf);
    decider_genesis(e->desk, &conf, take.genesis);
    if (store_claim(e->store, &take, &claim->row, claim->previous_txn_id, &why) != STATUS_OK) {
        return why.remedy == REMEDY_RETRY ? again(e, partition, why.text)
                                          : stop(e, partition, &why);
    }
    /* The row may stand behind bulletins that another worker met. */
    if (desk_load_references(e->desk, &why) != STATUS_OK) {
        return stop(e, partition, &why);
    }
    e->counters.claims++;
    slot->published_number = claim->row.published_number;
    crash_point("after-claim");
    return CLAIM_LOG_START;
}

/* ---- C3 ------------------------------------------------------------------------------------ */

static enum claim_step claim_log_start(struct engine *e, uint32_t partition)
{
    const struct store_position *const is = &e->slots[partition].claim.row.position;
    int64_t start = 0;
    struct failure why;
    const enum bus_answer answer = bus_log_start(e->bus, partition, &start, &why);

    if (answer == BUS_FAILED) {
        return failed(e, partition, &why);
    }
    if (answer != BUS_READY) {
        return CLAIM_LOG_START;
    }
    if (start > is->next_offset) {
        (void)failure_set(&why, STATUS_CONFLICT, REMEDY_STOP, 0,
                          "partition %" PRIu32 ": the log begins at %" PRId64
                          ", the store goes on at %" PRId64
                          ": records are lost, or this is another topic",
                          partition, start, is->next_offset);
        return stop_or_again(e, partition, &why);
    }
    return CLAIM_LAST_INPUT;
}

static enum claim_step other_log(struct engine *e, uint32_t partition)
{
    const struct store_position *const is = &e->slots[partition].claim.row.position;
    struct failure why;

    if (is->input_offset < 0) {
        (void)no_record(partition, &why);
    } else {
        (void)failure_set(&why, STATUS_CONFLICT, REMEDY_STOP, 0,
                          "partition %" PRIu32 ": the record at offset %" PRId64
                          " is not the one that was decided: a recreated topic, another cluster "
                          "or a log that was cut",
                          partition, is->input_offset);
    }
    return stop_or_again(e, partition, &why);
}

static bool is_last_input(struct engine *e, const struct store_position *is,
                          const struct bus_record *record)
{
    const struct bytes key = {.at = record->has_key ? record->key : NULL, .n = record->key_n};
    const struct bytes value = {.at = record->has_value ? record->value : NULL,
                                .n = record->value_n};
    uint8_t hash[DIGEST_SIZE];

    if (is->input_offset < 0) {
        return true; /* nothing is decided yet, and there is a record */
    }
    hash_input(e->desk->hash, key, record->timestamp_ms, value, hash);
    return record->offset == is->input_offset && memcmp(hash, is->input_hash, DIGEST_SIZE) == 0;
}

static enum claim_step claim_last_input(struct engine *e, uint32_t partition)
{
    struct claim *const claim = &e->slots[partition].claim;
    const struct store_position *const is = &claim->row.position;
    struct bus_record record;
    struct failure why;

    if (!claim->is_asked) {
        bus_look(e->bus, BUS_LOOK_SUBMITTED, partition,
                 is->input_offset < 0 ? BUS_LOOK_FIRST : is->input_offset);
        claim->is_asked = true;
    }
    switch (bus_look_next(e->bus, BUS_LOOK_SUBMITTED, partition, &record, &why)) {
    case BUS_SEEN_NOTHING:
        return CLAIM_LAST_INPUT;
    case BUS_SEEN_RECORD:
        if (!is_last_input(e, is, &record)) {
            return other_log(e, partition);
        }
        crash_point("after-log-check");
        return CLAIM_RECOVER;
    case BUS_SEEN_END:
    case BUS_SEEN_GONE:
        if (is->input_offset >= 0 && !is_overdue(e, claim, SHORT_LOG_MS)) {
            claim->is_asked = false;
            return CLAIM_LAST_INPUT;
        }
        return other_log(e, partition);
    case BUS_SEEN_FAILED:
        return failed(e, partition, &why);
    }
    return CLAIM_LAST_INPUT;
}

/* ---- C4 ------------------------------------------------------------------------------------ */

static enum claim_step begin_recover(struct engine *e, uint32_t partition)
{
    struct slot *const slot = &e->slots[partition];
    struct decider_conf conf;
    struct failure why;
    int64_t from = -1;

    assert(!slot->decider); /* E5 */
    slot->claim.is_asked = true;
    engine_decider_conf(e, partition, &conf);
    if (decider_open(e->desk, &conf, &slot->decider, &why) != STATUS_OK) {
        return stop(e, partition, &why);
    }
    if (decider_start(slot->decider, &slot->claim.row, &from, &why) != STATUS_OK) {
        return stop_or_again(e, partition, &why);
    }
    if (from < 0) {
        crash_point("after-recover");
        return CLAIM_OFFSETS;
    }
    bus_look(e->bus, BUS_LOOK_SUBMITTED, partition, from);
    return CLAIM_RECOVER;
}

/* One more record; true when the step goes on with the next. */
static bool recover_record(struct engine *e, uint32_t partition, const struct bus_record *record,
                           enum claim_step *ret)
{
    struct slot *const slot = &e->slots[partition];
    const uint64_t clean = slot->claim.row.clean_number;
    struct failure why;
    bool is_done = false;

    if (decider_recover(slot->decider, record, &is_done, &why) != STATUS_OK) {
        *ret = stop_or_again(e, partition, &why);
        return false;
    }
    if (is_done) {
        const uint64_t n = decider_position(slot->decider)->number - clean;

        e->counters.recovered_decisions += n;
        engine_note(e, ENGINE_NOTE_RECOVERED, partition, n, "");
        crash_point("after-recover");
        *ret = CLAIM_OFFSETS;
    }
    return !is_done;
}

static enum claim_step claim_recover(struct engine *e, uint32_t partition)
{
    struct claim *const claim = &e->slots[partition].claim;
    enum claim_step next = CLAIM_RECOVER;
    struct bus_record record;
    struct failure why;

    if (!claim->is_asked) {
        return begin_recover(e, partition);
    }
    for (uint32_t n = 0; n < RECOVER_TURN; n++) {
        switch (bus_look_next(e->bus, BUS_LOOK_SUBMITTED, partition, &record, &why)) {
        case BUS_SEEN_NOTHING:
            return CLAIM_RECOVER;
        case BUS_SEEN_RECORD:
            claim->since_ms = -1;
            if (!recover_record(e, partition, &record, &next)) {
                return next;
            }
            break;
        case BUS_SEEN_END:
            if (!is_overdue(e, claim, SHORT_LOG_MS)) {
                return CLAIM_RECOVER;
            }
            return other_log(e, partition);
        case BUS_SEEN_GONE:
            return other_log(e, partition);
        case BUS_SEEN_FAILED:
            return failed(e, partition, &why);
        }
    }
    return CLAIM_RECOVER;
}

/* ---- C5 ------------------------------------------------------------------------------------ */

/* Does an offset's metadata name this ledger and this store? */
static bool is_ours(const struct engine *e, const char *metadata)
{
    const size_t n = strlen(METADATA_MARK) + 2 * ((size_t)LEDGER_ID_SIZE + STORE_ID_SIZE) + 2;

    return strncmp(metadata, e->metadata, n) == 0;
}

static enum claim_step other_store(struct engine *e, uint32_t partition, const char *metadata)
{
    struct failure why;

    (void)failure_set(&why, STATUS_CONFLICT, REMEDY_STOP, 0,
                      "the group's offsets belong to another store: theirs '%.90s', ours '%.90s'",
                      metadata, e->metadata);
    return stop_or_again(e, partition, &why);
}

static enum claim_step claim_offsets(struct engine *e, uint32_t partition)
{
    const struct bus_group_offset *offsets = NULL;
    struct failure why;
    const enum bus_answer answer = bus_group_offsets(e->bus, partition, &offsets, &why);

    if (answer == BUS_FAILED) {
        return failed(e, partition, &why);
    }
    if (answer != BUS_READY) {
        return CLAIM_OFFSETS; /* unstable: a transaction with offsets of p is not over */
    }
    for (uint32_t i = 0; i < e->partitions_n; i++) {
        if (offsets[i].stable && offsets[i].offset >= 0 && !is_ours(e, offsets[i].metadata)) {
            return other_store(e, partition, offsets[i].metadata);
        }
    }
    crash_point("after-stable-offsets");
    return offsets[partition].offset < 0 ? CLAIM_FIRST_OFFSET : CLAIM_WATERMARK;
}

/* Then the offsets are read again: of two stores that begin at once one at least sees the other. */
static enum claim_step claim_first_offset(struct engine *e, uint32_t partition)
{
    const struct slot *const slot = &e->slots[partition];
    const struct bus_part part = {.partition = partition,
                                  .next_offset = decider_position(slot->decider)->next_offset};
    const struct bus_publication first = {.generation = slot->generation,
                                          .parts = &part,
                                          .parts_n = 1,
                                          .ledger_id = e->ledger.ledger_id,
                                          .metadata = e->metadata};
    struct failure why;

    switch (bus_commit_first(e->bus, &first, &why)) {
    case BUS_PENDING:
        return CLAIM_FIRST_OFFSET;
    case BUS_READY:
        crash_point("after-first-commit");
        return CLAIM_OFFSETS;
    case BUS_GONE:
    case BUS_UNSTABLE:
        return CLAIM_OFFSETS;
    case BUS_FAILED:
        return failed(e, partition, &why);
    }
    return CLAIM_OFFSETS;
}

/* ---- C6, C7 -------------------------------------------------------------------------------- */

static enum claim_step claim_watermark(struct engine *e, uint32_t partition)
{
    struct claim *const claim = &e->slots[partition].claim;
    struct failure why;
    const enum bus_answer answer =
        bus_high_watermark(e->bus, partition, &claim->high_watermark, &why);

    if (answer == BUS_FAILED) {
        return failed(e, partition, &why);
    }
    if (answer != BUS_READY) {
        return CLAIM_WATERMARK;
    }
    buffer_reset(&claim->tail);
    claim->tail_offset = -1;
    claim->tail_end = -1;
    claim->is_fenced = false;
    claim->is_from_first = claim->row.published_number == 0 || claim->row.published_offset < 0;
    crash_point("after-high-watermark");
    return CLAIM_TAIL;
}

static enum claim_step tail_failed(struct engine *e, uint32_t partition, const char *what)
{
    struct failure why;

    (void)failure_set(&why, STATUS_CONFLICT, REMEDY_STOP, 0, "partition %" PRIu32 ": %s", partition,
                      what);
    return stop_or_again(e, partition, &why);
}

/* Keep the last one: its number and its chain are the tail. */
static bool keep_tail(struct claim *claim, const struct bus_record *record)
{
    buffer_reset(&claim->tail);
    buffer_append(&claim->tail, record->value, record->has_value ? record->value_n : 0);
    claim->tail_offset = record->offset;
    return claim->tail.status == STATUS_OK;
}

/* The end was seen.  It counts when it is not below H: the last stable offset may stand below
 * transactions that are decided later. */
static enum claim_step tail_ended(struct engine *e, uint32_t partition, int64_t end)
{
    struct claim *const claim = &e->slots[partition].claim;

    if (end >= claim->high_watermark) {
        crash_point("after-tail");
        return CLAIM_COMPARE;
    }
    if (end != claim->tail_end) {
        claim->tail_end = end;
        claim->since_ms = -1;
    }
    return CLAIM_TAIL;
}

/* Somebody's transaction holds the last stable offset.  If it is the previous owner's it is ended
 * now and not at its time-out. */
static void fence_previous(struct engine *e, uint32_t partition)
{
    struct claim *const claim = &e->slots[partition].claim;
    struct failure why;

    if (claim->is_fenced || claim->tail_end < 0 || !is_overdue(e, claim, STILL_MS) ||
        claim->previous_txn_id[0] == '\0' || strcmp(claim->previous_txn_id, e->conf.txn_id) == 0) {
        return;
    }
    claim->is_fenced = bus_fence(e->bus, partition, claim->previous_txn_id, &why) != BUS_PENDING;
}

static enum claim_step claim_tail(struct engine *e, uint32_t partition)
{
    struct claim *const claim = &e->slots[partition].claim;
    struct bus_record record;
    struct failure why;

    if (!claim->is_asked) {
        bus_look(e->bus, BUS_LOOK_DECIDED, partition,
                 claim->is_from_first ? BUS_LOOK_FIRST : claim->row.published_offset);
        claim->is_asked = true;
    }
    for (uint32_t n = 0; n < TAIL_TURN; n++) {
        switch (bus_look_next(e->bus, BUS_LOOK_DECIDED, partition, &record, &why)) {
        case BUS_SEEN_NOTHING:
            fence_previous(e, partition);
            return CLAIM_TAIL;
        case BUS_SEEN_RECORD:
            if (!keep_tail(claim, &record)) {
                return tail_failed(e, partition, "what is published there is no decision");
            }
            break;
        case BUS_SEEN_END:
            return tail_ended(e, partition, record.offset);
        case BUS_SEEN_GONE:
            if (claim->is_from_first) {
                return tail_failed(e, partition, "the decided topic cannot be read");
            }
            claim->is_from_first = true; /* the hint is of another topic */
            claim->is_asked = false;
            return CLAIM_TAIL;
        case BUS_SEEN_FAILED:
            return failed(e, partition, &why);
        }
    }
    return CLAIM_TAIL;
}

/* ---- C8 ------------------------------------------------------------------------------------ */

/* The number of the tail, 0 = nothing is published. */
static bool read_tail(struct engine *e, struct claim *claim)
{
    struct failure why;

    claim->tail_number = 0;
    if (claim->tail_offset < 0) {
        return true;
    }
    arena_reset(&e->desk->seen_arena);
    if (decision_decode(buffer_bytes(&claim->tail), &e->desk->seen_arena, &e->desk->seen, &why) !=
        STATUS_OK) {
        return false;
    }
    claim->tail_number = e->desk->seen.number;
    return claim->tail_number > 0;
}

/* Is the published decision the journal's of the same number? */
static enum status tail_agrees(struct engine *e, uint32_t partition, bool *ret_agrees,
                               struct failure *err)
{
    const struct claim *const claim = &e->slots[partition].claim;
    struct store_journal_row row;
    struct journal_entry entry;
    enum status status;

    *ret_agrees = true;
    if (claim->tail_number == 0) {
        return STATUS_OK;
    }
    status = store_journal_find(e->store, partition, claim->tail_number, &row, err);
    if (status == STATUS_OK) {
        status = journal_entry_find(&row, claim->tail_number, &entry, err);
    }
    if (status == STATUS_OK) {
        *ret_agrees = bytes_equal(entry.decision, buffer_bytes(&claim->tail));
    }
    return status;
}

static enum claim_step claim_compare(struct engine *e, uint32_t partition)
{
    struct slot *const slot = &e->slots[partition];
    const uint64_t number = decider_position(slot->decider)->number;
    uint64_t recent = 0;
    bool agrees = false;
    struct failure why;

    if (!read_tail(e, &slot->claim)) {
        return tail_failed(e, partition, "what is published last is no decision");
    }
    if (slot->claim.tail_number > number) {
        return tail_failed(e, partition,
                           "more is published than the store has: run 'filingctl ledger "
                           "catch-up'");
    }
    if (store_journal_recent(e->store, partition, &recent, &why) != STATUS_OK) {
        return stop(e, partition, &why);
    }
    if (slot->claim.tail_number + 1 < recent) {
        return tail_failed(e, partition,
                           "decisions are missing in the topic: run 'filingctl decisions "
                           "republish'");
    }
    if (tail_agrees(e, partition, &agrees, &why) != STATUS_OK) {
        return stop(e, partition, &why);
    }
    if (!agrees) {
        return tail_failed(e, partition, "what is published is not what the store has");
    }
    return CLAIM_PUBLISH;
}

/* ---- C9 ------------------------------------------------------------------------------------ */

static enum claim_step claim_publish(struct engine *e, uint32_t partition)
{
    struct failure why;
    enum status status;

    if (e->flight.is_in_flight) {
        return CLAIM_PUBLISH;
    }
    status = publication_start_claim(e, partition, &why);
    if (status == STATUS_NOTFOUND) {
        e->slots[partition].published_number = e->slots[partition].claim.tail_number;
        engine_own(e, partition);
        return CLAIM_ENDED;
    }
    return status == STATUS_OK ? CLAIM_PUBLISHING : stop(e, partition, &why);
}

/* The outcome moves it on (publication.c). */
static enum claim_step claim_publishing(struct engine *e, uint32_t partition)
{
    (void)e;
    (void)partition;
    return CLAIM_PUBLISHING;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    claim_step_fn *run;
} steps[] = {
    [CLAIM_ASSIGNED] = {"assigned", claim_assigned},
    [CLAIM_FOUNDING] = {"founding", claim_founding},
    [CLAIM_ROW] = {"row", claim_row},
    [CLAIM_LOG_START] = {"log start", claim_log_start},
    [CLAIM_LAST_INPUT] = {"last input", claim_last_input},
    [CLAIM_RECOVER] = {"recover", claim_recover},
    [CLAIM_OFFSETS] = {"stable offsets", claim_offsets},
    [CLAIM_FIRST_OFFSET] = {"first offset", claim_first_offset},
    [CLAIM_WATERMARK] = {"high watermark", claim_watermark},
    [CLAIM_TAIL] = {"tail", claim_tail},
    [CLAIM_COMPARE] = {"compare", claim_compare},
    [CLAIM_PUBLISH] = {"publish", claim_publish},
    [CLAIM_PUBLISHING] = {"publishing", claim_publishing},
    [CLAIM_ENDED] = {"", NULL},
};
_Static_assert(sizeof(steps) / sizeof(steps[0]) == CLAIM_STEP_N, "a step without a row");

const char *claim_step_name(enum claim_step step) { return steps[step].name; }

/* A claim may wait for ever: for a transaction that nobody ends (a broker that lost its markers),
 * for a broker that answers nobody.  Whoever looks at the log must see where. */
static void tell_standing(struct engine *e, uint32_t partition)
{
    struct claim *const claim = &e->slots[partition].claim;
    const int64_t now = bus_now_ms(e->bus);
    const char *hint = claim->step == CLAIM_TAIL || claim->step == CLAIM_OFFSETS
                           ? ": is a transaction open that nobody ends (kafka-transactions.sh "
                             "find-hanging)?"
                           : "";
    char text[192];

    if (claim->standing != claim->step || claim->standing_ms == 0) {
        claim->standing = claim->step;
        claim->standing_ms = now;
    } else if (now - claim->standing_ms >= STANDS_MS) {
        claim->standing_ms = now;
        (void)snprintf(text, sizeof(text), "the claim waits at '%s'%s", steps[claim->step].name,
                       hint);
        engine_note(e, ENGINE_NOTE_ERROR, partition, STANDS_MS / 1000, text);
    }
}

void claim_advance(struct engine *e, uint32_t partition)
{
    struct slot *const slot = &e->slots[partition];

    while (!e->is_done && slot->state == ENGINE_CLAIMING) {
        const enum claim_step step = slot->claim.step;
        const uint64_t claim_number = slot->claim_number;
        const enum claim_step next = steps[step].run(e, partition);

        /* A step that changed the partition's state has set its own next step. */
        /* cppcheck-suppress knownConditionTrueFalse; the step reached the slot through e */
        if (slot->state != ENGINE_CLAIMING || slot->claim_number != claim_number) {
            return;
        }
        if (next == step) {
            tell_standing(e, partition);
            return;
        }
        slot->claim.step = next;
        slot->claim.is_asked = false;
        slot->claim.since_ms = -1;
    }
}
