/* verify_case.c - one partition, from its first record to its last.
 *
 *   OPEN -> DECIDING -> COMPARING -> ENDED -> DONE
 *     |        |            |
 *     |        +--- saved --+--- killed or stopped: the next run opens what was saved last
 *     +--- what was saved says DONE: nothing is left to do
 *
 *   OPEN       case_open(): row and states of the store at one moment, then the ends of decided,
 *              then those of submitted: so whatever the store or the topic has was caused by a
 *              record below the end
 *   DECIDING   before `from`: decided, not compared
 *   COMPARING  begin_comparing(): each decision with topic and journal, states at their moment
 *   ENDED      compare_end(): what is left over in topic, journal and store
 *   DONE       saved with is_done
 *
 * A save (save()) is one transaction of the scratch store: position, index, states and the note,
 * which has the counts, the findings and where the topic stands.  So what was saved is one moment
 * of the run, and a run that goes on from it is the run that was never stopped:
 *   R1  a save follows a flush: no decision is in between;
 *   R2  ends and row are those of the first run: they are in the note. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "consumers/audit/verify_inside.h"
#include "consumers/store/store_read.h"
#include "kafka/admin.h"

#define LOOK_EVERY   1024  /* records between two looks at whether to stop */
#define DIRTY_MAX    16384 /* states that wait in memory for a save */
#define SAVE_US      (5 * INT64_C(1000000))
#define NOTE_MAGIC   0x76726679U
#define NOTE_MAX     ((size_t)1 << 20)
#define JOURNAL_COPY ((size_t)1 << 30)

/* What is saved; the findings follow it.  The manifest says that the program is the same. */
struct note {
    uint32_t magic;
    uint32_t findings_n;
    struct verify_part part;
    struct ends ends;
    struct store_row row;
    int64_t decided_offset;
    uint8_t chain[DIGEST_SIZE];
    bool is_comparing;
    bool decided_ended;
    bool decided_differs;
    bool journal_differs;
    bool checkpoint_differs;
    struct verify_tree trees[VERIFY_TREES];
};

void verify_report_finding(struct verify_case *c, const struct finding *finding)
{
    c->part->findings++;
    if (c->findings->n < FINDINGS_MAX) {
        c->findings->at[c->findings->n++] = *finding;
    }
}

void verify_skip(struct verify_case *c, enum verify_skip skip) { c->part->skipped |= 1U << skip; }

/* ---- saving --------------------------------------------------------------------------------- */

static enum status save(struct verify_case *c, struct failure *err)
{
    struct note note = {.magic = NOTE_MAGIC,
                        .findings_n = (uint32_t)c->findings->n,
                        .part = *c->part,
                        .ends = c->ends,
                        .row = c->row,
                        .decided_offset = c->decided ? log_reader_offset(c->decided) : -1,
                        .is_comparing = c->is_comparing,
                        .decided_ended = c->decided_ended,
                        .decided_differs = c->decided_differs,
                        .journal_differs = c->journal_differs,
                        .checkpoint_differs = c->checkpoint_differs};
    struct buffer bytes;
    enum status status;

    memcpy(note.chain, c->chain, sizeof(note.chain));
    memcpy(note.trees, c->trees, sizeof(note.trees));
    buffer_init(&bytes, NOTE_MAX);
    buffer_append(&bytes, &note, sizeof(note));
    buffer_append(&bytes, c->findings->at, c->findings->n * sizeof(c->findings->at[0]));
    status = buffer_check(&bytes, err);
    if (status == STATUS_OK) {
        status = replay_save(c->replay, buffer_bytes(&bytes), err);
    }
    buffer_fini(&bytes);
    c->saved_us = clock_monotonic_us();
    return status;
}

static enum status save_when_due(struct verify_case *c, struct failure *err)
{
    const bool is_time =
        c->thread->shared->work->is_kept && clock_monotonic_us() - c->saved_us >= SAVE_US;

    if (!is_time && decider_counts(replay_decider(c->replay)).dirty_n < DIRTY_MAX) {
        return STATUS_OK;
    }
    return save(c, err);
}

static enum status take_note(struct verify_case *c, struct bytes bytes, struct failure *err)
{
    struct note note;

    if (bytes.n < sizeof(note)) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                           "what was saved in the work folder is cut: remove it to begin anew");
    }
    memcpy(&note, bytes.at, sizeof(note));
    if (note.magic != NOTE_MAGIC || note.findings_n > FINDINGS_MAX ||
        bytes.n != sizeof(note) + note.findings_n * sizeof(c->findings->at[0])) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                           "what was saved in the work folder is damaged: remove it to begin anew");
    }
    c->findings->n = note.findings_n;
    memcpy(c->findings->at, bytes.at + sizeof(note), bytes.n - sizeof(note));
    c->is_moved = note.row.position.number != c->row.position.number;
    *c->part = note.part;
    c->ends = note.ends;
    c->row = note.row;
    c->decided_offset = note.decided_offset;
    memcpy(c->chain, note.chain, sizeof(c->chain));
    c->is_comparing = note.is_comparing;
    c->decided_ended = note.decided_ended;
    c->decided_differs = note.decided_differs;
    c->journal_differs = note.journal_differs;
    c->checkpoint_differs = note.checkpoint_differs;
    memcpy(c->trees, note.trees, sizeof(c->trees));
    return STATUS_OK;
}

static enum status load_note(struct verify_case *c, struct failure *err)
{
    struct buffer bytes;
    enum status status;

    buffer_init(&bytes, NOTE_MAX);
    status = replay_note(c->replay, &bytes, err);
    if (status == STATUS_OK) {
        status = take_note(c, buffer_bytes(&bytes), err);
    }
    buffer_fini(&bytes);
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

/* ---- deciding ------------------------------------------------------------------------------- */

static enum status flush(struct verify_case *c, struct failure *err)
{
    struct store_journal_row row;
    struct journal_reader reader;
    struct journal_entry made;
    enum status status = replay_flush(c->replay, &row, err);

    if (status != STATUS_OK || row.count == 0) {
        return status;
    }
    journal_reader_init(&reader, &row);
    for (uint32_t i = 0; c->is_comparing && i < row.count && status == STATUS_OK; i++) {
        status = journal_next(&reader, &made, err);
        if (status == STATUS_OK) {
            status = verify_decision(c, &made, err);
        }
    }
    verify_positions_flushed(c);
    return status == STATUS_OK ? save_when_due(c, err) : status;
}

static enum status look_at_states(struct verify_case *c, const struct bus_record *record,
                                  struct failure *err)
{
    if (!c->states) {
        return STATUS_OK;
    }
    if (!record->has_key) { /* a bulletin may have released filings of anybody */
        return live_states_look_all(c, err);
    }
    return record->key_n == CODE_SIZE ? live_states_look(c, (const char *)record->key, err)
                                      : STATUS_OK;
}

/* The batch ends where a checkpoint does, and the scratch store has all states of this moment. */
static enum status look_at_checkpoint(struct verify_case *c, struct failure *err)
{
    enum status status;

    if (!c->is_comparing ||
        decider_position(replay_decider(c->replay))->number < c->checkpoint_next) {
        return STATUS_OK;
    }
    status = flush(c, err);
    if (status == STATUS_OK) {
        status = save(c, err);
    }
    return status == STATUS_OK ? verify_checkpoints_look(c, err) : status;
}

static enum status decide(struct verify_case *c, const struct bus_record *record,
                          struct failure *err)
{
    bool is_full = false;
    bool is_cut = true;
    enum status status = STATUS_OK;

    c->part->records++;
    if (c->live && record->offset >= c->row.position.next_offset) {
        c->part->pending++;
    }
    while (is_cut && status == STATUS_OK) {
        status = replay_record(c->replay, record, &is_full, &is_cut, err);
        if (status == STATUS_OK) {
            status = look_at_states(c, record, err);
        }
        if (is_full && status == STATUS_OK) {
            status = flush(c, err);
        }
    }
    c->part->last_offset = c->is_comparing ? record->offset : -1;
    if (status == STATUS_OK) {
        status = sequence_set_add_record(c->thread->sequences, record, err);
    }
    if (status == STATUS_OK) {
        status = verify_positions_note(c, err);
    }
    return status == STATUS_OK ? look_at_checkpoint(c, err) : status;
}

static int64_t received_ms(const struct verify_case *c, const struct bus_record *record)
{
    const int64_t last_ms = decider_position(replay_decider(c->replay))->received_ms;

    return record->timestamp_ms > last_ms ? record->timestamp_ms : last_ms;
}

/* What was decided before this record is not compared. */
static enum status begin_comparing(struct verify_case *c, int64_t offset, struct failure *err)
{
    const struct store_position *at;
    enum status status = flush(c, err);

    if (status != STATUS_OK) {
        return status;
    }
    at = decider_position(replay_decider(c->replay));
    c->is_comparing = true;
    c->part->first_offset = offset;
    memcpy(c->chain, at->chain, sizeof(c->chain));
    if (at->number > 0) {
        verify_skip(c, VERIFY_SKIP_BEFORE);
    }
    verify_checkpoints_begin(c, at->number);
    status = verify_decisions_begin(c, err);
    if (status == STATUS_OK) {
        status = verify_positions_note(c, err);
    }
    return status == STATUS_OK ? look_at_checkpoint(c, err) : status;
}

/* Comparing begins with `from`, or behind the checkpoint that proves the base. */
static bool is_begun(const struct verify_case *c, const struct bus_record *record)
{
    const struct verify_bounds *b = &c->conf->bounds;

    if (c->conf->base) {
        const struct store_position *at = decider_position(replay_decider(c->replay));

        return at->number >= c->conf->base_checkpoint && at->step == 0;
    }
    return record->offset >= b->from_offset && received_ms(c, record) >= b->from_ms;
}

/* One record of those within the bounds; *ret_end: it lies behind them. */
static enum status feed(struct verify_case *c, const struct bus_record *record, bool *ret_end,
                        struct failure *err)
{
    const struct verify_bounds *b = &c->conf->bounds;
    enum status status = STATUS_OK;

    *ret_end = record->offset > b->to_offset || received_ms(c, record) > b->to_ms;
    if (*ret_end) {
        c->is_short = true;
        verify_skip(c, VERIFY_SKIP_AFTER);
        return STATUS_OK;
    }
    if (!c->is_comparing && is_begun(c, record)) {
        status = begin_comparing(c, record->offset, err);
    }
    *ret_end = c->is_refuted;
    return status == STATUS_OK && !c->is_refuted ? decide(c, record, err) : status;
}

static enum status decide_all(struct verify_case *c, bool *ret_stopped, struct failure *err)
{
    struct verify_shared *shared = c->thread->shared;
    struct bus_record record;
    bool at_end = false;
    uint64_t n = 0;
    enum status status = log_reader_next(c->input, &record, &at_end, err);

    while (status == STATUS_OK && !at_end) {
        n++;
        if (n % LOOK_EVERY == 0) {
            atomic_fetch_add(&shared->records, LOOK_EVERY);
            *ret_stopped = atomic_load(&shared->is_stopping);
        }
        if (*ret_stopped) {
            break;
        }
        status = feed(c, &record, &at_end, err);
        if (status == STATUS_OK && !at_end) {
            status = log_reader_next(c->input, &record, &at_end, err);
        }
    }
    atomic_fetch_add(&shared->records, n % LOOK_EVERY);
    return status == STATUS_OK ? flush(c, err) : status;
}

static enum status compare_store(struct verify_case *c, struct failure *err)
{
    enum status status = live_states_end(c, err);

    if (status == STATUS_OK) {
        status = verify_index(c, err);
    }
    if (status == STATUS_OK) {
        status = verify_bulletins(c, err);
    }
    if (status == STATUS_OK) {
        status = verify_held(c, err);
    }
    return status == STATUS_OK ? verify_views(c, err) : status;
}

static enum status compare_end(struct verify_case *c, struct failure *err)
{
    const uint64_t number = decider_position(replay_decider(c->replay))->number;
    enum status status = save(c, err); /* so that held filings that were released are gone */

    if (!c->is_comparing) {
        verify_skip(c, VERIFY_SKIP_BEFORE);
    }
    if (status == STATUS_OK && !c->is_refuted) {
        status = verify_decisions_end(c, number, err);
    }
    if (status == STATUS_OK && !c->is_refuted) {
        status = verify_checkpoints_end(c, err);
    }
    if (status == STATUS_OK && c->live && !c->is_refuted) {
        status = compare_store(c, err);
    }
    if (status == STATUS_OK) {
        if (c->decided_differs || c->journal_differs || c->checkpoint_differs || c->is_refuted) {
            verify_skip(c, VERIFY_SKIP_REST);
        }
        c->part->is_done = true;
        status = save(c, err);
    }
    return status;
}

/* ---- opening -------------------------------------------------------------------------------- */

enum status verify_ends(rd_kafka_t *handle, const struct topics *topics, uint32_t partition,
                        struct ends *ret, struct failure *err)
{
    enum status status = admin_ends(handle, topics->decided, (int32_t)partition, VERIFY_ANSWER_MS,
                                    &ret->decided_first, &ret->decided, err);

    return status == STATUS_OK ? admin_ends(handle, topics->submitted, (int32_t)partition,
                                            VERIFY_ANSWER_MS, &ret->first, &ret->submitted, err)
                               : status;
}

/* Nobody has decided anything of it: then it has no journal either. */
static enum status look_at_unowned(struct verify_case *c, struct store *live, struct failure *err)
{
    struct finding finding = {.place = "partition row", .partition = c->partition, .offset = -1};
    struct store_journal_row row;
    const enum status status = store_journal_find(live, c->partition, 1, &row, err);

    verify_skip(c, VERIFY_SKIP_UNOWNED);
    if (status != STATUS_OK) {
        return status == STATUS_NOTFOUND ? STATUS_OK : status;
    }
    (void)snprintf(finding.expected, sizeof(finding.expected), "where the partition stands");
    (void)snprintf(finding.found, sizeof(finding.found), "none, beside a journal");
    verify_report_finding(c, &finding);
    return STATUS_OK;
}

/* Row, states and held filings of one moment. */
static enum status open_live(struct verify_case *c, struct failure *err)
{
    struct store *live = c->thread->live;
    enum status status;

    verify_skip(c, VERIFY_SKIP_SEQUENCE);
    if (!live) {
        verify_skip(c, VERIFY_SKIP_STORE);
        return STATUS_OK;
    }
    status = store_read_begin(live, err);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_row_read(live, c->partition, &c->row, err);
    if (status == STATUS_OK) {
        c->live = live;
        status = live_states_read(live, c->partition, c->conf->enterprise, &c->states, err);
    } else if (status == STATUS_NOTFOUND) {
        status = look_at_unowned(c, live, err);
    }
    store_read_end(live);
    return status;
}

static enum status open_replay(struct verify_case *c, struct failure *err)
{
    char file[VERIFY_PATH_SIZE];
    const struct replay_conf conf = {.topic = c->conf->topics->submitted,
                                     .partition = c->partition,
                                     .partitions_n = c->thread->shared->partitions_n,
                                     .scratch = file,
                                     .keeps_journal = verify_has_views(c)};
    struct bus_record first;
    bool at_end = false;
    enum status status;

    verify_work_file(c->thread->shared->work, c->partition, ".db", file);
    if (access(file, F_OK) != 0 && c->conf->base) {
        status = verify_base_copy(c, file, err);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (access(file, F_OK) == 0) {
        status = replay_open(&conf, NULL, &c->replay, err);
        if (status != STATUS_NOTFOUND) {
            return status == STATUS_OK ? load_note(c, err) : status;
        }
    }
    status = log_reader_next(c->input, &first, &at_end, err);
    if (status != STATUS_OK || at_end) {
        return status;
    }
    status = replay_open(&conf, &first, &c->replay, err);
    log_reader_back(c->input);
    return status;
}

static enum status open_input(struct verify_case *c, struct failure *err)
{
    const struct log_reader_conf input = {.handle = c->thread->handle,
                                          .topic = c->conf->topics->submitted,
                                          .partition = c->partition,
                                          .from = c->ends.first,
                                          .end = c->ends.submitted};

    return log_reader_open(&input, &c->input, err);
}

/* Stand where the replay stands. */
static enum status go_on(struct verify_case *c, struct failure *err)
{
    const int64_t next = decider_position(replay_decider(c->replay))->next_offset;
    enum status status;

    atomic_fetch_add(&c->thread->shared->records, c->part->records);
    status = log_reader_seek(c->input, next, err);
    if (status == STATUS_OK && c->states) {
        c->part->states = 0;
        status = live_states_look_all(c, err);
    }
    if (status == STATUS_OK && c->is_comparing) {
        verify_checkpoints_begin(c, decider_position(replay_decider(c->replay))->number);
        status = verify_decisions_begin(c, err);
    }
    if (status == STATUS_OK) {
        status = verify_positions_note(c, err);
    }
    return status == STATUS_OK ? look_at_checkpoint(c, err) : status;
}

/* A copy of a live store may have states behind its row: read the log again from before them. */
static enum status recover(struct verify_case *c, struct failure *err)
{
    struct bus_record record;
    bool at_end = false;
    bool is_done = replay_recovers_from(c->replay) < 0;
    enum status status = STATUS_OK;

    if (!is_done) {
        status = log_reader_seek(c->input, replay_recovers_from(c->replay), err);
    }
    while (!is_done && status == STATUS_OK) {
        status = log_reader_next(c->input, &record, &at_end, err);
        if (status == STATUS_OK && at_end) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "the log ends before the base does");
        }
        if (status == STATUS_OK) {
            status = replay_recover(c->replay, &record, &is_done, err);
        }
    }
    return status == STATUS_OK
               ? log_reader_seek(c->input, decider_position(replay_decider(c->replay))->next_offset,
                                 err)
               : status;
}

static void log_finding(struct verify_case *c, int64_t offset, const char *expected,
                        const char *found)
{
    struct finding finding = {.place = "log", .partition = c->partition, .offset = offset};

    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%.*s", FINDING_TEXT_SIZE - 1, found);
    verify_report_finding(c, &finding);
}

/* What is gone, and from where on the rest can be proved. */
static void say_cut(const struct verify_case *c, char found[FINDING_TEXT_SIZE])
{
    const struct checkpoint_entry *after = verify_checkpoints_after(c, c->ends.first);

    if (after) {
        (void)snprintf(found, FINDING_TEXT_SIZE,
                       "nothing below offset %" PRId64 ": the log was cut; with a backup between "
                       "there and checkpoint %" PRIu64 " the rest can be proved: "
                       "--from-checkpoint %" PRIu32 ":%" PRIu64 " --base FILE",
                       c->ends.first, after->number, c->partition, after->number);
    } else {
        (void)snprintf(found, FINDING_TEXT_SIZE,
                       "nothing below offset %" PRId64 ": the log was cut, and no checkpoint "
                       "proves the rest",
                       c->ends.first);
    }
}

/* The log has to begin with its first record: what is gone cannot be proved. */
static bool begins(struct verify_case *c)
{
    char found[FINDING_TEXT_SIZE] = "an empty partition";

    if (c->conf->base) {
        return true; /* verify_base_check() knows */
    }
    if (c->ends.first == 0 && c->ends.submitted > 0) {
        return true;
    }
    if (c->ends.first > 0) {
        say_cut(c, found);
    }
    log_finding(c, 0, "the founding record at offset 0", found);
    return false;
}

/* The record on which the store rests last: another there, and the topic was made anew. */
static enum status check_last_input(struct verify_case *c, struct failure *err)
{
    const struct store_position *at = &c->row.position;
    struct bus_record record;
    uint8_t hash[DIGEST_SIZE];
    bool at_end = false;
    enum status status;

    if (!c->live || at->input_offset < 0) {
        return STATUS_OK;
    }
    status = log_reader_seek(c->input, at->input_offset, err);
    if (status == STATUS_OK) {
        status = log_reader_next(c->input, &record, &at_end, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (at_end || record.offset != at->input_offset) {
        log_finding(c, at->input_offset, "the last record that the store has decided",
                    at_end ? "the log ends before it" : "no record");
    } else {
        hash_input(
            c->hash, (struct bytes){.at = record.has_key ? record.key : NULL, .n = record.key_n},
            record.timestamp_ms,
            (struct bytes){.at = record.has_value ? record.value : NULL, .n = record.value_n},
            hash);
        if (memcmp(hash, at->input_hash, DIGEST_SIZE) != 0) {
            log_finding(c, at->input_offset, "the last record that the store has decided",
                        "another record: the topic was made anew, or it was altered");
        }
    }
    return log_reader_seek(c->input, decider_position(replay_decider(c->replay))->next_offset, err);
}

static enum status case_open(struct verify_case *c, struct failure *err)
{
    enum status status;

    buffer_init(&c->journal_copy, JOURNAL_COPY);
    c->saved_us = clock_monotonic_us();
    c->decided_offset = -1;
    c->part->first_offset = c->part->last_offset = -1;
    verify_checkpoints_open(c);
    status = hash_open(&c->hash, err);
    if (status == STATUS_OK) {
        status = open_live(c, err);
    }
    if (status == STATUS_OK) {
        status = verify_ends(c->thread->handle, c->conf->topics, c->partition, &c->ends, err);
    }
    return status == STATUS_OK ? open_input(c, err) : status;
}

static void case_close(struct verify_case *c)
{
    log_reader_close(c->input);
    log_reader_close(c->decided);
    live_states_close(c->states);
    replay_close(c->replay);
    hash_close(c->hash);
    buffer_fini(&c->journal_copy);
    free(c->positions);
}

/* Where the replay begins: behind the base, where the last run stood, or with the first record. */
static enum status begin(struct verify_case *c, struct failure *err)
{
    enum status status = STATUS_OK;

    if (c->conf->base) {
        verify_base_check(c);
        status = c->is_refuted ? STATUS_OK : recover(c, err);
    }
    if (status != STATUS_OK || c->is_refuted) {
        return status;
    }
    if (c->part->records > 0) {
        return go_on(c, err);
    }
    return check_last_input(c, err);
}

/* All records behind the base are decided, and it may be that none followed its checkpoint. */
static enum status end_base(struct verify_case *c, struct failure *err)
{
    const struct store_position *at = decider_position(replay_decider(c->replay));

    if (!c->conf->base || c->is_comparing || c->is_refuted) {
        return STATUS_OK;
    }
    if (at->number == c->conf->base_checkpoint && at->step == 0) {
        return begin_comparing(c, at->next_offset, err);
    }
    verify_base_unreached(c);
    return STATUS_OK;
}

static enum status run(struct verify_case *c, struct failure *err)
{
    bool is_stopped = false;
    enum status status = open_replay(c, err);

    if (status != STATUS_OK || !c->replay || c->part->is_done) {
        return status;
    }
    memcpy(c->part->ledger_id, replay_ledger(c->replay)->ledger_id, LEDGER_ID_SIZE);
    status = begin(c, err);
    if (status == STATUS_OK && !c->is_refuted) {
        status = decide_all(c, &is_stopped, err);
    }
    if (status == STATUS_OK && is_stopped) {
        return save(c, err);
    }
    if (status == STATUS_OK) {
        status = end_base(c, err);
    }
    return status == STATUS_OK ? compare_end(c, err) : status;
}

enum status verify_partition(struct verify_thread *thread, struct verify_part *part,
                             struct verify_findings *findings, struct failure *err)
{
    struct verify_case c = {.conf = thread->shared->conf,
                            .thread = thread,
                            .part = part,
                            .findings = findings,
                            .partition = part->partition};
    enum status status = case_open(&c, err);

    if (status == STATUS_OK && !begins(&c)) {
        part->is_done = true;
    } else if (status == STATUS_OK) {
        status = run(&c, err);
    }
    if (status == STATUS_CONFLICT) { /* nobody could decide this log */
        log_finding(&c, -1, "records that can be decided", err->text);
        part->is_done = true;
        status = STATUS_OK;
    }
    case_close(&c);
    return status;
}
