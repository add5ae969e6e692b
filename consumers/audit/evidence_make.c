/* The decided stream leads; records are read up to the trigger of a decision that is wanted.
 * A checkpoint is written before the next record, so that it never stands between the decisions of
 * one. */
#include "consumers/audit/evidence_make.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/audit/part.h"
#include "wire/decision_codec.h"
#include "wire/tree.h"

#define ARENA_SIZE ((size_t)1 << 20)

/* A checkpoint that waits to be written; its bytes lie in make.staged_bytes. */
struct staged {
    size_t value_n;
    size_t proof_n;
};

struct make {
    struct evidence_writer *writer;
    const struct evidence_choice *choice;
    const struct evidence_streams *streams;
    struct evidence_made *made;
    struct hash *hash;
    struct arena arena;
    struct decision *decision;
    struct bus_record record; /* the next one to write, borrowed */
    bool has_record;
    bool records_ended;
    int64_t record_offset; /* of the last one written, -1 = none */
    uint64_t number;       /* of the last decision read */
    uint8_t chain[DIGEST_SIZE];
    bool is_over;                              /* nothing more is wanted */
    const struct checkpoint_entry **intervals; /* that do not overlap, ascending */
    size_t intervals_n;
    size_t interval;      /* the one that is filled */
    struct buffer leaves; /* of it */
    struct buffer places; /* of the decisions written */
    struct buffer staged; /* struct staged */
    struct buffer staged_bytes;
};

/* ---- checkpoints ---------------------------------------------------------------------------- */

static bool is_good(const struct checkpoint_entry *entry)
{
    return entry->verdict == CHECKPOINT_GOOD && !entry->is_forked &&
           entry->number - entry->first_number < TREE_LEAVES_MAX;
}

/* From the last one backwards, each before the one behind it: what a worker wrote again after a
 * restart, over numbers that were covered, is left out. */
static enum status choose_intervals(struct make *m, struct failure *err)
{
    const struct evidence_choice *choice = m->choice;
    uint64_t before = UINT64_MAX;

    m->intervals = calloc(choice->checkpoints_n + 1, sizeof(struct checkpoint_entry *));
    if (!m->intervals) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    for (size_t i = choice->checkpoints_n; i > 0; i--) {
        const struct checkpoint_entry *entry = &choice->checkpoints[i - 1];

        if (is_good(entry) && entry->number < before) {
            m->intervals[m->intervals_n++] = entry;
            before = entry->first_number;
        }
    }
    for (size_t i = 0; i < m->intervals_n / 2; i++) {
        const struct checkpoint_entry *swap = m->intervals[i];

        m->intervals[i] = m->intervals[m->intervals_n - 1 - i];
        m->intervals[m->intervals_n - 1 - i] = swap;
    }
    return STATUS_OK;
}

static const struct checkpoint_entry *interval_now(const struct make *m)
{
    return m->interval < m->intervals_n ? m->intervals[m->interval] : NULL;
}

/* Its witnesses as far as they are good. */
static void read_entry(const struct checkpoint_entry *entry, struct checkpoint *ret)
{
    checkpoint_entry_read(entry, ret);
    if (ret->witnesses_n > entry->witnesses_good_n) {
        ret->witnesses_n = entry->witnesses_good_n;
    }
}

static enum status stage(struct make *m, const struct checkpoint_entry *entry, struct failure *err)
{
    const struct tree_choice choice = {.places = (const uint64_t *)(const void *)m->places.at,
                                       .places_n = m->places.n / sizeof(uint64_t),
                                       .leaves_n = entry->number - entry->first_number + 1};
    struct staged staged;
    struct checkpoint checkpoint;
    struct bytes value = {.n = 0};
    enum status status;

    if (m->leaves.n / DIGEST_SIZE != choice.leaves_n) {
        return STATUS_OK; /* the stream began behind it */
    }
    arena_reset(&m->arena);
    read_entry(entry, &checkpoint);
    status = checkpoint_encode(&checkpoint, &m->arena, &value);
    if (status != STATUS_OK) {
        return failure_set(err, status, REMEDY_STOP, 0, "a checkpoint does not fit");
    }
    buffer_append(&m->staged_bytes, value.at, value.n);
    staged.value_n = value.n;
    staged.proof_n = m->staged_bytes.n;
    status = tree_prove(m->hash, (uint8_t(*)[DIGEST_SIZE])(void *)m->leaves.at, &choice,
                        &m->staged_bytes, err);
    staged.proof_n = m->staged_bytes.n - staged.proof_n;
    buffer_append(&m->staged, &staged, sizeof(staged));
    m->made->covered_to = entry->number;
    return status == STATUS_OK ? buffer_check(&m->staged, err) : status;
}

static enum status write_staged(struct make *m, struct failure *err)
{
    const struct staged *staged = (const struct staged *)(const void *)m->staged.at;
    const size_t n = m->staged.n / sizeof(*staged);
    struct evidence_frame frame = {.kind = EVIDENCE_CHECKPOINT};
    const uint8_t *at = m->staged_bytes.at;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        frame.of.checkpoint.value = (struct bytes){.at = at, .n = staged[i].value_n};
        at += staged[i].value_n;
        frame.of.checkpoint.proof = (struct bytes){.at = at, .n = staged[i].proof_n};
        at += staged[i].proof_n;
        status = evidence_write(m->writer, &frame, err);
    }
    buffer_reset(&m->staged);
    buffer_reset(&m->staged_bytes);
    return status;
}

/* Decision m->number goes by. */
static enum status add_leaf(struct make *m, struct bytes value, bool is_made, struct failure *err)
{
    const struct checkpoint_entry *entry = interval_now(m);
    uint8_t leaf[DIGEST_SIZE];
    uint64_t place;
    enum status status;

    if (!entry || m->number < entry->first_number) {
        return STATUS_OK;
    }
    tree_leaf(m->hash, value, leaf);
    place = m->number - entry->first_number;
    buffer_append(&m->leaves, leaf, sizeof(leaf));
    if (is_made) {
        buffer_append(&m->places, &place, sizeof(place));
    }
    status = buffer_check(&m->leaves, err);
    if (status == STATUS_OK) {
        status = buffer_check(&m->places, err);
    }
    if (status != STATUS_OK || m->number < entry->number) {
        return status;
    }
    if (m->places.n > 0) {
        status = stage(m, entry, err);
    }
    m->interval++;
    buffer_reset(&m->leaves);
    buffer_reset(&m->places);
    return status;
}

/* ---- records and decisions ------------------------------------------------------------------ */

static enum status next_record(struct make *m, struct failure *err)
{
    const char *enterprise = m->choice->enterprise;
    enum status status = STATUS_OK;

    while (!m->has_record && !m->records_ended && status == STATUS_OK) {
        status = m->streams->next(m->streams->submitted, &m->record, &m->records_ended, err);
        m->has_record = status == STATUS_OK && !m->records_ended &&
                        (!enterprise ||
                         part_has_key(enterprise, m->record.has_key,
                                      (struct bytes){.at = m->record.key, .n = m->record.key_n}));
    }
    return status;
}

static enum status write_record_as(struct make *m, enum evidence_kind kind, struct failure *err)
{
    static const uint8_t nothing[1];
    const struct bus_record *r = &m->record;
    struct evidence_frame frame = {.kind = kind};

    frame.of.record = (struct evidence_record){
        .offset = r->offset, .append_ms = r->timestamp_ms, .is_create_time = !r->log_append_time};
    if (r->has_key) {
        frame.of.record.key = (struct bytes){.at = r->key_n > 0 ? r->key : nothing, .n = r->key_n};
    }
    if (r->has_value) {
        frame.of.record.value =
            (struct bytes){.at = r->value_n > 0 ? r->value : nothing, .n = r->value_n};
    }
    m->record_offset = r->offset;
    m->has_record = false;
    return evidence_write(m->writer, &frame, err);
}

static enum status write_record(struct make *m, struct failure *err)
{
    const enum status status = write_staged(m, err);

    m->made->records++;
    return status == STATUS_OK ? write_record_as(m, EVIDENCE_RECORD, err) : status;
}

/* What came after the last record that was written. */
static enum status write_bulletins(struct make *m, struct failure *err)
{
    enum status status = next_record(m, err);

    while (status == STATUS_OK && m->has_record) {
        if (part_is_bulletin(&m->record)) {
            status = write_record_as(m, EVIDENCE_BULLETIN, err);
        }
        m->has_record = false;
        if (status == STATUS_OK) {
            status = next_record(m, err);
        }
    }
    return status;
}

/* Is the next record behind what is wanted? */
static bool is_behind(const struct make *m)
{
    return (m->choice->to_ms != 0 && m->record.timestamp_ms > m->choice->to_ms) ||
           (m->choice->number_max != 0 && m->made->last_number >= m->choice->number_max);
}

/* Records up to the trigger of the decision that was decoded. */
static enum status write_records(struct make *m, struct failure *err)
{
    const int64_t trigger = m->decision->trigger_offset;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && m->record_offset < trigger && !m->is_over) {
        status = next_record(m, err);
        if (status == STATUS_OK && m->has_record && is_behind(m)) {
            m->is_over = true;
        } else if (status == STATUS_OK && m->has_record && m->record.offset <= trigger) {
            status = write_record(m, err);
        } else if (status == STATUS_OK) {
            break;
        }
    }
    if (status == STATUS_OK && !m->is_over && m->record_offset != trigger) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "partition %" PRIu32 ": decision %" PRIu64
                           " has no record at offset %" PRId64 "; run 'filingctl verify'",
                           m->choice->partition, m->number, trigger);
    }
    return status;
}

static enum status write_decision(struct make *m, struct bytes value, struct failure *err)
{
    struct evidence_frame frame = {.kind = EVIDENCE_DECISION};

    if (m->decision->trigger_offset < m->choice->from_offset) {
        return STATUS_OK;
    }
    frame.of.decision.value = value;
    if (m->choice->enterprise && m->number != m->made->last_number + 1) {
        frame.of.decision.previous_chain = (struct bytes){.at = m->chain, .n = DIGEST_SIZE};
    }
    m->made->decisions++;
    m->made->last_number = m->number;
    return evidence_write(m->writer, &frame, err);
}

static enum status not_next(const struct make *m, struct failure *err)
{
    return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                       "partition %" PRIu32 ": the decided topic has no decision %" PRIu64
                       " in its place; run 'filingctl verify'",
                       m->choice->partition, m->number);
}

static enum status take_decision(struct make *m, const struct bus_record *record,
                                 struct failure *err)
{
    const struct bytes value = {.at = record->value, .n = record->has_value ? record->value_n : 0};
    const struct bytes key = {.at = record->key, .n = record->key_n};
    const uint8_t *chain = decision_chain(value);
    const bool is_own =
        !m->choice->enterprise || part_has_key(m->choice->enterprise, record->has_key, key);
    bool is_made = false; /* by whoever checks: with those that are left out before from_offset */
    struct failure why;
    enum status status = STATUS_OK;

    m->number++;
    if (!chain) {
        return not_next(m, err);
    }
    if (is_own && !m->is_over) {
        arena_reset(&m->arena);
        if (decision_decode(value, &m->arena, m->decision, &why) != STATUS_OK ||
            m->decision->number != m->number) {
            return not_next(m, err);
        }
        status = write_records(m, err);
        is_made = !m->is_over;
        if (status == STATUS_OK && is_made) {
            status = write_decision(m, value, err);
        }
    }
    if (status == STATUS_OK) {
        status = add_leaf(m, value, is_made, err);
    }
    memcpy(m->chain, chain, DIGEST_SIZE);
    return status;
}

/* Nothing more is wanted, and the interval of the last decision is at its end. */
static bool is_done(const struct make *m) { return m->is_over && m->places.n == 0; }

static enum status run(struct make *m, struct failure *err)
{
    struct evidence_frame frame = {.kind = EVIDENCE_PARTITION};
    struct bus_record record;
    bool is_end = false;
    enum status status = choose_intervals(m, err);

    frame.of.partition = (struct evidence_partition){.partition = m->choice->partition,
                                                     .from_offset = m->choice->from_offset};
    if (status == STATUS_OK) {
        status = evidence_write(m->writer, &frame, err);
    }
    while (status == STATUS_OK && !is_done(m)) {
        status = m->streams->next(m->streams->decided, &record, &is_end, err);
        if (status != STATUS_OK || is_end) {
            break;
        }
        status = take_decision(m, &record, err);
    }
    if (status == STATUS_OK) {
        status = write_staged(m, err);
    }
    if (status == STATUS_OK) {
        status = write_bulletins(m, err);
    }
    if (status == STATUS_OK) {
        evidence_write_count(m->writer, m->made->last_number);
    }
    return status;
}

enum status evidence_make(struct evidence_writer *writer, const struct evidence_choice *choice,
                          const struct evidence_streams *streams, struct evidence_made *ret,
                          struct failure *err)
{
    struct make m = {
        .writer = writer, .choice = choice, .streams = streams, .made = ret, .record_offset = -1};
    enum status status = hash_open(&m.hash, err);

    *ret = (struct evidence_made){.records = 0};
    buffer_init(&m.leaves, TREE_LEAVES_MAX * DIGEST_SIZE);
    buffer_init(&m.places, TREE_LEAVES_MAX * sizeof(uint64_t));
    buffer_init(&m.staged, EVIDENCE_FRAME_MAX);
    buffer_init(&m.staged_bytes, SIZE_MAX / 2);
    m.decision = calloc(1, sizeof(*m.decision));
    if (status == STATUS_OK && !m.decision) {
        status = failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    if (status == STATUS_OK) {
        status = arena_open(&m.arena, ARENA_SIZE, err);
    }
    if (status == STATUS_OK) {
        status = run(&m, err);
    }
    hash_close(m.hash);
    arena_close(&m.arena);
    free(m.decision);
    free(m.intervals);
    buffer_fini(&m.leaves);
    buffer_fini(&m.places);
    buffer_fini(&m.staged);
    buffer_fini(&m.staged_bytes);
    return status;
}
