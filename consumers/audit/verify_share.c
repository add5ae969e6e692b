#include "consumers/audit/verify_share.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/audit/log_reader.h"
#include "consumers/audit/part.h"
#include "consumers/engine/journal.h"
#include "consumers/store/store_read.h"
#include "kafka/admin.h"
#include "wire/decision_codec.h"

#define ANSWER_MS      10000
#define PROGRESS_EVERY 4096 /* records */
#define ARENA_SIZE     ((size_t)1 << 20)

struct share {
    const struct verify_share_conf *conf;
    struct verify_share_report *report;
    char code[CODE_SIZE];
    struct part *part;
    struct log_reader *submitted;
    struct log_reader *decided;
    struct bus_record record; /* the next one of the share, borrowed */
    bool has_record;
    bool submitted_ended;
    uint8_t chain[DIGEST_SIZE];
    struct arena arena;
    struct decision *decision;
    struct store *live; /* NULL: none, or nothing of this partition in it */
    struct store_row row;
    uint64_t state_number; /* of the live state, 0 = none */
    struct buffer state;   /* its bytes */
    bool was_state;        /* the share had a state of that number */
    struct buffer journal; /* copy of the row that was read last */
    struct store_journal_row journal_row;
    bool is_told;
    uint64_t seen;
    uint64_t seen_max;
};

/* ---- findings ------------------------------------------------------------------------------- */

static void find(struct share *s, const char *place, const struct part_difference *d)
{
    struct finding finding = {.place = place,
                              .partition = s->report->partition,
                              .offset = d->offset,
                              .number = d->number};

    (void)snprintf(finding.key, sizeof(finding.key), "%.18s", s->conf->enterprise);
    (void)snprintf(finding.field, sizeof(finding.field), "%s", d->diff.field);
    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", d->diff.expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%s", d->diff.found);
    s->report->findings++;
    s->conf->finding(s->conf->arg, &finding);
}

static void tell_part(struct share *s)
{
    const struct part_difference *d = part_difference(s->part);

    if (d && !s->is_told) {
        s->is_told = true;
        find(s, "decision", d);
    }
}

/* ---- the store ------------------------------------------------------------------------------ */

/* Is the state of the share, as it stands, the one that the store has? */
static enum status look_at_state(struct share *s, struct failure *err)
{
    struct store_state made;
    enum status status;

    if (s->state_number == 0 || s->report->is_state_compared || !part_replay(s->part)) {
        return STATUS_OK;
    }
    status = store_state_find(replay_store(part_replay(s->part)), s->report->partition, s->code,
                              &made, err);
    if (status != STATUS_OK) {
        return status == STATUS_NOTFOUND ? STATUS_OK : status;
    }
    if (made.number == s->state_number) {
        s->was_state = true;
        s->report->is_state_compared = bytes_equal(made.bytes, buffer_bytes(&s->state));
    }
    return STATUS_OK;
}

static enum status load_row(struct share *s, uint64_t number, struct failure *err)
{
    struct store_journal_row *row = &s->journal_row;
    enum status status;

    if (row->count > 0 && row->first_number <= number && number - row->first_number < row->count) {
        return STATUS_OK;
    }
    row->count = 0;
    status = store_journal_find(s->live, s->report->partition, number, row, err);
    if (status != STATUS_OK) {
        return status;
    }
    buffer_reset(&s->journal);
    buffer_append(&s->journal, row->decisions.at, row->decisions.n);
    buffer_append(&s->journal, row->undo.at, row->undo.n);
    buffer_append(&s->journal, row->inputs.at, row->inputs.n);
    row->decisions.at = s->journal.at;
    row->undo.at = s->journal.at + row->decisions.n;
    row->inputs.at = row->undo.at + row->undo.n;
    return buffer_check(&s->journal, err);
}

static enum status with_journal(void *arg, uint64_t number, struct bytes decision,
                                struct failure *err)
{
    struct share *s = arg;
    struct part_difference d = {.offset = -1, .number = number};
    struct journal_entry stored;
    enum status status;

    status = look_at_state(s, err);
    if (status != STATUS_OK || !s->live || number > s->row.position.number) {
        return status;
    }
    status = load_row(s, number, err);
    if (status == STATUS_OK) {
        status = journal_entry_find(&s->journal_row, number, &stored, err);
    }
    if (status == STATUS_NOTFOUND || status == STATUS_CORRUPT) {
        (void)snprintf(d.diff.expected, sizeof(d.diff.expected), "decision %" PRIu64, number);
        (void)snprintf(d.diff.found, sizeof(d.diff.found), "none");
        find(s, "journal", &d);
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    s->report->stored++;
    if (!bytes_equal(decision, stored.decision)) {
        status = decision_diff(decision, stored.decision, &d.diff, err);
        find(s, "journal", &d);
    }
    return status;
}

/* The topic has to reach as far as the store knows it did. */
static void end_topic(struct share *s)
{
    struct part_difference d = {.offset = -1, .number = s->report->partition_decisions + 1};

    if (s->row.published_number <= s->report->partition_decisions || s->is_told) {
        return;
    }
    (void)snprintf(d.diff.expected, sizeof(d.diff.expected), "decisions up to %" PRIu64,
                   s->row.published_number);
    (void)snprintf(d.diff.found, sizeof(d.diff.found), "none");
    find(s, "decision", &d);
}

static void end_state(struct share *s)
{
    struct part_difference d = {.offset = -1, .number = s->state_number};

    if (s->state_number == 0 || s->report->is_state_compared || s->is_told) {
        return;
    }
    (void)snprintf(d.diff.expected, sizeof(d.diff.expected),
                   s->was_state ? "what the log leads to" : "no state as of this decision");
    (void)snprintf(d.diff.found, sizeof(d.diff.found), "another");
    find(s, "state", &d);
}

static enum status open_live(struct share *s, struct failure *err)
{
    struct store_state state;
    enum status status;

    if (!s->conf->store || !s->conf->store[0]) {
        return STATUS_OK;
    }
    status = store_read_open(s->conf->store, &s->live, err);
    if (status != STATUS_OK) {
        return status;
    }
    s->report->has_store = true;
    status = store_row_read(s->live, s->report->partition, &s->row, err);
    if (status == STATUS_NOTFOUND) {
        return STATUS_OK; /* its number is 0: nothing is compared */
    }
    if (status == STATUS_OK) {
        status = store_state_find(s->live, s->report->partition, s->code, &state, err);
    }
    if (status == STATUS_OK) {
        s->state_number = state.number;
        buffer_append(&s->state, state.bytes.at, state.bytes.n);
        status = buffer_check(&s->state, err);
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

/* ---- the topics ----------------------------------------------------------------------------- */

static bool is_own(const struct share *s, const struct bus_record *record)
{
    return part_has_key(s->code, record->has_key,
                        (struct bytes){.at = record->key, .n = record->key_n});
}

static bool is_stopped(struct share *s)
{
    s->seen++;
    if (s->seen % PROGRESS_EVERY == 0) {
        if (s->conf->progress) {
            s->conf->progress(s->conf->arg, s->seen, s->seen_max);
        }
        s->report->is_interrupted = s->conf->stop && s->conf->stop(s->conf->arg);
    }
    return s->report->is_interrupted;
}

static enum status next_record(struct share *s, struct failure *err)
{
    enum status status = STATUS_OK;

    while (!s->has_record && !s->submitted_ended && status == STATUS_OK && !is_stopped(s)) {
        status = log_reader_next(s->submitted, &s->record, &s->submitted_ended, err);
        s->has_record = status == STATUS_OK && !s->submitted_ended && is_own(s, &s->record);
    }
    return status;
}

/* Records of the share up to the trigger of the decision. */
static enum status give_records(struct share *s, int64_t trigger, struct failure *err)
{
    enum status status = next_record(s, err);

    while (status == STATUS_OK && s->has_record && s->record.offset <= trigger) {
        status = part_record(s->part, &s->record, err);
        s->report->records++;
        s->has_record = false;
        if (status == STATUS_OK) {
            status = look_at_state(s, err);
        }
        if (status == STATUS_OK) {
            status = next_record(s, err);
        }
    }
    return status;
}

static enum status take_decision(struct share *s, const struct bus_record *record,
                                 struct failure *err)
{
    const struct bytes value = {.at = record->value, .n = record->has_value ? record->value_n : 0};
    const uint8_t *chain = decision_chain(value);
    struct failure why;
    enum status status = STATUS_OK;

    if (is_own(s, record)) {
        arena_reset(&s->arena);
        if (decision_decode(value, &s->arena, s->decision, &why) == STATUS_OK) {
            status = give_records(s, s->decision->trigger_offset, err);
        }
        if (status == STATUS_OK && !s->report->is_interrupted) {
            status = part_decision(s->part, value,
                                   s->report->partition_decisions > 0 ? s->chain : NULL, err);
        }
        tell_part(s);
    }
    s->report->partition_decisions++;
    if (chain) {
        memcpy(s->chain, chain, DIGEST_SIZE);
    }
    return status;
}

static enum status run(struct share *s, struct failure *err)
{
    struct bus_record record;
    bool is_end = false;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && !is_stopped(s) && !part_difference(s->part)) {
        status = log_reader_next(s->decided, &record, &is_end, err);
        if (status != STATUS_OK || is_end) {
            break;
        }
        status = take_decision(s, &record, err);
    }
    if (status == STATUS_OK && !s->report->is_interrupted) {
        status = part_settle(s->part, err);
        tell_part(s);
    }
    if (status == STATUS_OK && !s->report->is_interrupted) {
        status = look_at_state(s, err);
        s->report->decisions = part_compared(s->part);
    }
    /* What is left has no decision in the topic yet. */
    while (status == STATUS_OK && !s->report->is_interrupted && !s->is_told) {
        status = next_record(s, err);
        if (status != STATUS_OK || !s->has_record) {
            break;
        }
        s->report->pending++;
        s->has_record = false;
    }
    return status;
}

static enum status open_readers(struct share *s, struct failure *err)
{
    struct log_reader_conf submitted = {.handle = s->conf->handle,
                                        .topic = s->conf->topics->submitted,
                                        .partition = s->report->partition};
    struct log_reader_conf decided = {.handle = s->conf->handle,
                                      .topic = s->conf->topics->decided,
                                      .partition = s->report->partition};
    enum status status = admin_ends(s->conf->handle, submitted.topic, (int32_t)submitted.partition,
                                    ANSWER_MS, &submitted.from, &submitted.end, err);

    if (status == STATUS_OK) {
        status = admin_ends(s->conf->handle, decided.topic, (int32_t)decided.partition, ANSWER_MS,
                            &decided.from, &decided.end, err);
    }
    if (status == STATUS_OK && submitted.from > 0) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%s' partition %" PRIu32 " was cut below offset %" PRId64
                           ": what is gone cannot be proved",
                           submitted.topic, submitted.partition, submitted.from);
    }
    s->seen_max = (uint64_t)(submitted.end - submitted.from + decided.end - decided.from);
    if (status == STATUS_OK) {
        status = log_reader_open(&submitted, &s->submitted, err);
    }
    return status == STATUS_OK ? log_reader_open(&decided, &s->decided, err) : status;
}

static enum status open_all(struct share *s, struct failure *err)
{
    const struct part_conf conf = {.topic = s->conf->topics->submitted,
                                   .partition = s->report->partition,
                                   .partitions_n = s->conf->partitions_n,
                                   .made = with_journal,
                                   .arg = s};
    enum status status = arena_open(&s->arena, ARENA_SIZE, err);

    s->decision = calloc(1, sizeof(*s->decision));
    if (status == STATUS_OK && !s->decision) {
        status = failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    /* The store first, then the ends: what the store has decided lies below them. */
    if (status == STATUS_OK) {
        status = open_live(s, err);
    }
    if (status == STATUS_OK) {
        status = open_readers(s, err);
    }
    return status == STATUS_OK ? part_open(&conf, &s->part, err) : status;
}

enum status verify_share(const struct verify_share_conf *conf, struct verify_share_report *report,
                         struct failure *err)
{
    struct share s = {.conf = conf, .report = report};
    enum status status;

    *report = (struct verify_share_report){
        .partition = partition_of_key(conf->enterprise, CODE_SIZE, conf->partitions_n)};
    memcpy(s.code, conf->enterprise, CODE_SIZE);
    buffer_init(&s.state, SIZE_MAX / 2);
    buffer_init(&s.journal, SIZE_MAX / 2);
    status = open_all(&s, err);
    if (status == STATUS_OK) {
        status = run(&s, err);
    }
    if (status == STATUS_OK && !report->is_interrupted) {
        end_topic(&s);
        end_state(&s);
    }
    part_close(s.part);
    log_reader_close(s.submitted);
    log_reader_close(s.decided);
    store_close(s.live);
    free(s.decision);
    arena_close(&s.arena);
    buffer_fini(&s.state);
    buffer_fini(&s.journal);
    return status;
}
