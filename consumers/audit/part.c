/* Records and decisions are pushed; deciding comes behind, so that what is expected of a record is
 * known before it is decided.
 *
 *   part_record()    what came before is given to the decider (settle), the record is kept
 *   part_decision()  is appended to what is expected; at a gap all before it is decided and
 *                    compared, then the decider jumps
 *   give()           the kept record to the decider, once more if it was cut
 *   flush()          what the decider made against what is expected, in order
 *
 * A share is decided with batches of one record, so that a bulletin's pass over held filings stops
 * after each decision: only there can numbers jump within one record.  What a review sets free is
 * all of one enterprise and follows without gaps. */
#include "consumers/audit/part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "consumers/engine/journal.h"
#include "wire/decision_codec.h"
#include "wire/submission.h"

#define ARENA_SIZE ((size_t)1 << 20)

/* Decisions that wait to be compared: those of one batch, and of one bulletin that frees many. */
#define EXPECTED_BYTES_MAX ((size_t)512 << 20)

/* Above every offset and number of a real log, and far from where counting on would wrap. */
#define PLACE_MAX (INT64_MAX / 2)

struct expected {
    size_t at; /* in bytes */
    size_t n;
    uint64_t number;
    int64_t input_offset;
    int64_t received_ms;
};

struct part {
    struct part_conf conf;
    struct replay *replay;
    struct arena arena;
    struct decision *decision; /* as decoded last */
    struct bus_record record;  /* the kept one; its bytes are in record_bytes */
    struct buffer record_bytes;
    bool has_record;
    bool is_given;
    bool is_cut;
    bool has_decisions; /* some are expected of the kept record */
    struct buffer bytes;
    struct buffer expected; /* of struct expected */
    size_t expected_at;     /* compared already */
    uint64_t number;        /* the last one expected */
    uint64_t compared;
    bool is_over; /* only bulletins come, for what they name */
    bool differs;
    struct part_difference difference;
};

bool part_is_bulletin(const struct bus_record *record)
{
    struct submission parts;
    struct failure why;

    return !record->has_key && record->has_value &&
           submission_split(record->value, record->value_n, &parts, &why) == STATUS_OK &&
           parts.bulletin.at;
}

bool part_has_key(const char *enterprise, bool has_key, struct bytes key)
{
    /* A key that the journal does not keep is not on the decision either. */
    return !has_key || key.n > JOURNAL_KEY_MAX ||
           (key.n == CODE_SIZE && memcmp(key.at, enterprise, CODE_SIZE) == 0);
}

enum status part_open(const struct part_conf *conf, struct part **ret, struct failure *err)
{
    struct part *p = calloc(1, sizeof(*p));
    enum status status;

    if (!p) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    p->conf = *conf;
    buffer_init(&p->record_bytes, SIZE_MAX / 2);
    buffer_init(&p->bytes, EXPECTED_BYTES_MAX);
    buffer_init(&p->expected, EXPECTED_BYTES_MAX);
    p->record.offset = -1;
    p->decision = calloc(1, sizeof(*p->decision));
    status = p->decision ? arena_open(&p->arena, ARENA_SIZE, err)
                         : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    if (status != STATUS_OK) {
        part_close(p);
        return status;
    }
    *ret = p;
    return STATUS_OK;
}

void part_close(struct part *p)
{
    if (!p) {
        return;
    }
    replay_close(p->replay);
    arena_close(&p->arena);
    free(p->decision);
    buffer_fini(&p->record_bytes);
    buffer_fini(&p->bytes);
    buffer_fini(&p->expected);
    free(p);
}

const struct part_difference *part_difference(const struct part *p)
{
    return p->differs ? &p->difference : NULL;
}

struct replay *part_replay(struct part *p) { return p->replay; }
uint64_t part_compared(const struct part *p) { return p->compared; }

/* ---- differences ---------------------------------------------------------------------------- */

/* The first one counts.  Returns what there is to fill. */
static struct decision_diff *differ(struct part *p, int64_t offset, uint64_t number,
                                    const char *field)
{
    p->differs = true;
    p->difference = (struct part_difference){.offset = offset, .number = number};
    (void)snprintf(p->difference.diff.field, sizeof(p->difference.diff.field), "%s", field);
    return &p->difference.diff;
}

static void differ_text(struct part *p, uint64_t number, const char *expected, const char *found)
{
    struct decision_diff *diff = differ(p, p->record.offset, number, "");

    (void)snprintf(diff->expected, sizeof(diff->expected), "%s", expected);
    (void)snprintf(diff->found, sizeof(diff->found), "%s", found);
}

static void differ_number(struct part *p, const char *field, int64_t expected, int64_t found)
{
    struct decision_diff *diff = differ(p, p->record.offset, p->decision->number, field);

    (void)snprintf(diff->expected, sizeof(diff->expected), "%" PRId64, expected);
    (void)snprintf(diff->found, sizeof(diff->found), "%" PRId64, found);
}

/* A record that cannot be decided at all: nothing that follows can be proved. */
static enum status not_decidable(struct part *p, enum status status, const struct failure *err)
{
    char found[DIFF_VALUE_SIZE];

    if (status != STATUS_CONFLICT && status != STATUS_CORRUPT) {
        return status;
    }
    (void)snprintf(found, sizeof(found), "%.*s", DIFF_VALUE_SIZE - 1, err->text);
    differ_text(p, 0, "a record that can be decided", found);
    return STATUS_OK;
}

/* ---- what is expected ----------------------------------------------------------------------- */

static const struct expected *expected_first(const struct part *p)
{
    const size_t n = p->expected.n / sizeof(struct expected);

    return p->expected_at < n
               ? &((const struct expected *)(const void *)p->expected.at)[p->expected_at]
               : NULL;
}

static void expected_drop(struct part *p)
{
    p->expected_at++;
    if (!expected_first(p)) {
        buffer_reset(&p->expected);
        buffer_reset(&p->bytes);
        p->expected_at = 0;
    }
}

static enum status expected_add(struct part *p, struct bytes value, struct failure *err)
{
    const struct expected added = {.at = p->bytes.n,
                                   .n = value.n,
                                   .number = p->decision->number,
                                   .input_offset = p->decision->input_offset,
                                   .received_ms = p->decision->received_ms};
    enum status status;

    buffer_append(&p->bytes, value.at, value.n);
    buffer_append(&p->expected, &added, sizeof(added));
    status = buffer_check(&p->bytes, err);
    return status == STATUS_OK ? buffer_check(&p->expected, err) : status;
}

/* ---- deciding ------------------------------------------------------------------------------- */

static bool is_given_away(const struct part *p) { return p->record.offset < p->conf.from_offset; }

static enum status compare(struct part *p, const struct journal_entry *made, struct failure *err)
{
    const struct expected *const expected = expected_first(p);
    struct decision_diff diff;
    struct bytes found;
    enum status status;

    if (!expected && is_given_away(p)) {
        return STATUS_OK;
    }
    if (!expected) {
        (void)snprintf(diff.expected, sizeof(diff.expected), "decision %" PRIu64, made->number);
        differ_text(p, made->number, diff.expected, "none");
        p->difference.offset = made->input_offset;
        return STATUS_OK;
    }
    found = (struct bytes){.at = p->bytes.at + expected->at, .n = expected->n};
    if (bytes_equal(made->decision, found)) {
        p->compared++;
        expected_drop(p);
        return STATUS_OK;
    }
    status = decision_diff(made->decision, found, &diff, err);
    if (status == STATUS_OK) {
        *differ(p, made->input_offset, made->number, "") = diff;
    }
    return status;
}

static enum status flush(struct part *p, struct failure *err)
{
    struct store_journal_row row;
    struct journal_reader reader;
    struct journal_entry made;
    enum status status;

    if (!p->replay) {
        return STATUS_OK;
    }
    status = replay_flush(p->replay, &row, err);
    if (status != STATUS_OK || row.count == 0) {
        return status;
    }
    journal_reader_init(&reader, &row);
    for (uint32_t i = 0; i < row.count && status == STATUS_OK && !p->differs; i++) {
        status = journal_next(&reader, &made, err);
        if (status == STATUS_OK) {
            status = compare(p, &made, err);
        }
        if (status == STATUS_OK && !p->differs && p->conf.made) {
            status = p->conf.made(p->conf.arg, made.number, made.decision, err);
        }
    }
    return status;
}

/* The record's own decision says when it was received. */
static void receive(struct part *p)
{
    const struct expected *const own = expected_first(p);
    const int64_t before = decider_position(replay_decider(p->replay))->received_ms;
    const int64_t least = p->record.timestamp_ms > before ? p->record.timestamp_ms : before;

    if (!own || own->input_offset != p->record.offset) {
        return; /* the comparison finds that it is missing */
    }
    if (own->received_ms < least || own->received_ms > CLOCK_MS_MAX) {
        differ_number(p, "received_at_ms", least, own->received_ms);
        return;
    }
    decider_received(replay_decider(p->replay), own->received_ms);
}

static enum status open_replay(struct part *p, struct failure *err)
{
    const struct replay_conf conf = {.topic = p->conf.topic,
                                     .partition = p->conf.partition,
                                     .partitions_n = p->conf.partitions_n,
                                     .records_max = p->conf.is_whole ? 0 : 1,
                                     .scratch = p->conf.is_whole ? p->conf.scratch : NULL};

    return p->replay ? STATUS_OK : replay_open(&conf, &p->record, &p->replay, err);
}

static enum status give(struct part *p, struct failure *err)
{
    bool is_full = false;
    enum status status = open_replay(p, err);

    if (status == STATUS_OK && !p->conf.is_whole && !p->is_given) {
        receive(p);
    }
    if (status != STATUS_OK || p->differs) {
        return not_decidable(p, status, err);
    }
    status = replay_record(p->replay, &p->record, &is_full, &p->is_cut, err);
    p->is_given = true;
    if (status != STATUS_OK) {
        return not_decidable(p, status, err);
    }
    return is_full ? flush(p, err) : STATUS_OK;
}

static bool is_to_give(const struct part *p)
{
    return p->has_record && !p->differs && (!p->is_given || p->is_cut);
}

static enum status give_all(struct part *p, struct failure *err)
{
    enum status status = STATUS_OK;

    while (is_to_give(p) && status == STATUS_OK) {
        status = give(p, err);
    }
    return status;
}

/* Before a gap: everything that is expected so far is made and compared. */
static enum status drain(struct part *p, struct failure *err)
{
    enum status status = STATUS_OK;

    while (p->has_decisions && expected_first(p) && is_to_give(p) && status == STATUS_OK) {
        status = give(p, err);
    }
    return status == STATUS_OK && !p->differs ? flush(p, err) : status;
}

static void no_record_for(struct part *p, uint64_t number)
{
    char found[DIFF_VALUE_SIZE];

    (void)snprintf(found, sizeof(found), "decision %" PRIu64, number);
    differ_text(p, number, "none: the records do not lead to it", found);
}

/* Everything that is kept is decided; a share is compared at once, a whole when a batch is full. */
static enum status settle(struct part *p, bool is_flush, struct failure *err)
{
    enum status status = give_all(p, err);

    if (status == STATUS_OK && is_flush && !p->differs) {
        status = flush(p, err);
        if (status == STATUS_OK && !p->differs && expected_first(p)) {
            no_record_for(p, expected_first(p)->number);
        }
    }
    return status;
}

enum status part_settle(struct part *p, struct failure *err)
{
    return p->differs ? STATUS_OK : settle(p, true, err);
}

/* ---- what is given -------------------------------------------------------------------------- */

static enum status keep(struct part *p, const struct bus_record *record, struct failure *err)
{
    enum status status;

    buffer_reset(&p->record_bytes);
    buffer_append(&p->record_bytes, record->key, record->has_key ? record->key_n : 0);
    buffer_append(&p->record_bytes, record->value, record->has_value ? record->value_n : 0);
    status = buffer_check(&p->record_bytes, err);
    if (status != STATUS_OK) {
        return status;
    }
    p->record = *record;
    p->record.key = p->record_bytes.at;
    p->record.value = p->record_bytes.at + (record->has_key ? record->key_n : 0);
    p->record.partition = p->conf.partition;
    p->record.verdict.known = false;
    p->has_record = true;
    p->is_given = false;
    p->is_cut = false;
    p->has_decisions = false;
    return STATUS_OK;
}

/* The broker's own bounds, and what dates can be of. */
static bool is_record(const struct part *p, const struct bus_record *record)
{
    return record->offset > p->record.offset && record->offset < PLACE_MAX &&
           record->timestamp_ms >= 0 && record->timestamp_ms <= CLOCK_MS_MAX;
}

enum status part_record(struct part *p, const struct bus_record *record, struct failure *err)
{
    const bool is_border =
        is_given_away(p) && p->has_record && record->offset >= p->conf.from_offset;
    enum status status;

    if (p->differs) {
        return STATUS_OK;
    }
    status = settle(p, !p->conf.is_whole || is_border, err);
    if (status != STATUS_OK || p->differs) {
        return status;
    }
    if (p->is_over || !is_record(p, record)) {
        struct decision_diff *diff = differ(p, record->offset, 0, "offset");

        (void)snprintf(diff->expected, sizeof(diff->expected),
                       p->is_over ? "nothing behind later bulletins, above %" PRId64
                                  : "an offset above %" PRId64 " and a time after 1970",
                       p->record.offset);
        (void)snprintf(diff->found, sizeof(diff->found), "offset %" PRId64 ", %" PRId64 " ms",
                       record->offset, record->timestamp_ms);
        return STATUS_OK;
    }
    return keep(p, record, err);
}

/* Decisions of others lie before it: bring the decider to the number before. */
static enum status jump(struct part *p, const uint8_t *previous_chain, struct failure *err)
{
    const enum status status = drain(p, err);

    if (status != STATUS_OK || p->differs) {
        return status;
    }
    if (!p->replay || !is_to_give(p)) {
        no_record_for(p, p->decision->number);
        return STATUS_OK;
    }
    if (p->decision->number - 1 < decider_position(replay_decider(p->replay))->number) {
        differ_number(p, "number", (int64_t)decider_position(replay_decider(p->replay))->number + 1,
                      (int64_t)p->decision->number);
        return STATUS_OK;
    }
    replay_jump(p->replay, p->decision->number - 1, previous_chain);
    return STATUS_OK;
}

/* Is it at its place: behind its record, and with the number that can come next? */
static void check_place(struct part *p, const uint8_t *previous_chain)
{
    const struct decision *const d = p->decision;
    const bool is_first_of_whole = p->conf.from_offset > 0 && p->number == 0;
    const bool may_jump = is_first_of_whole || (!p->conf.is_whole && previous_chain);

    if (!p->has_record || d->trigger_offset != p->record.offset) {
        differ_number(p, "trigger_offset", p->record.offset, d->trigger_offset);
    } else if (d->number <= p->number || d->number >= PLACE_MAX ||
               (d->number > p->number + 1 && !may_jump)) {
        differ_number(p, "number", (int64_t)p->number + 1, (int64_t)d->number);
    }
}

enum status part_decision(struct part *p, struct bytes value, const uint8_t *previous_chain,
                          struct failure *err)
{
    struct failure why;
    enum status status = STATUS_OK;

    if (p->differs) {
        return STATUS_OK;
    }
    arena_reset(&p->arena);
    if (value.n > DECISION_SIZE_MAX ||
        decision_decode(value, &p->arena, p->decision, &why) != STATUS_OK) {
        differ_text(p, 0, "a decision", "bytes that are none");
        return STATUS_OK;
    }
    check_place(p, previous_chain);
    if (!p->differs && !p->conf.is_whole && p->decision->number > p->number + 1) {
        status = jump(p, previous_chain, err);
    }
    if (status != STATUS_OK || p->differs) {
        return status;
    }
    p->number = p->decision->number;
    p->has_decisions = true;
    return expected_add(p, value, err);
}

enum status part_bulletin(struct part *p, const struct bus_record *record, struct failure *err)
{
    struct store_journal_row row;
    bool is_full = false;
    bool is_again = true;
    enum status status = part_settle(p, err);

    if (status != STATUS_OK || p->differs || !p->replay) {
        return status;
    }
    p->has_record = false;
    p->is_over = true;
    if (!is_record(p, record) || !part_is_bulletin(record)) {
        differ_text(p, 0, "a later bulletin", "another record");
        return STATUS_OK;
    }
    status = keep(p, record, err);
    p->has_record = false;
    while (status == STATUS_OK && is_again) {
        status = replay_record(p->replay, &p->record, &is_full, &is_again, err);
        if (status == STATUS_OK) {
            status = replay_flush(p->replay, &row, err);
        }
    }
    return not_decidable(p, status, err);
}
