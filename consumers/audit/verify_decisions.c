/* verify_decisions.c - decisions made again, beside those of the topic and of the journal.
 *
 * Both are read in step with what is decided.  Decision number n of a partition is at offset n - 1
 * of the topic at the earliest, because each takes an offset of its own and transactions take some
 * more; so reading begins near a number without reading what lies before it: jump by what is
 * missing, look at the number found there, jump again.  No jump goes too far. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consumers/audit/decision_diff.h"
#include "consumers/audit/verify_inside.h"

#define READ_ON 16 /* decisions to go that are read, not jumped over */

static void differ(struct verify_case *c, const char *place, const struct journal_entry *made,
                   const struct decision_diff *diff)
{
    struct finding finding = {
        .partition = c->partition, .offset = made->input_offset, .number = made->number};

    (void)snprintf(finding.place, sizeof(finding.place), "%s", place);
    (void)snprintf(finding.field, sizeof(finding.field), "%s", diff->field);
    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", diff->expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%s", diff->found);
    verify_report_finding(c, &finding);
}

static void missing(struct verify_case *c, const char *place, const struct journal_entry *made)
{
    struct decision_diff diff = {.field = ""};

    (void)snprintf(diff.expected, sizeof(diff.expected), "decision %" PRIu64, made->number);
    (void)snprintf(diff.found, sizeof(diff.found), "none");
    differ(c, place, made, &diff);
}

/* ---- the topic ------------------------------------------------------------------------------ */

static struct bytes value_of(const struct bus_record *record)
{
    return (struct bytes){.at = record->has_value ? record->value : NULL,
                          .n = record->has_value ? record->value_n : 0};
}

static void show_key(bool has_key, struct bytes key, char out[DIFF_VALUE_SIZE])
{
    const size_t n = key.n < DIFF_VALUE_SIZE ? key.n : DIFF_VALUE_SIZE - 1;

    if (!has_key) {
        (void)snprintf(out, DIFF_VALUE_SIZE, "none");
        return;
    }
    memcpy(out, key.at, n);
    out[n] = '\0';
}

static void compare_key(struct verify_case *c, const struct journal_entry *made,
                        const struct bus_record *record)
{
    const struct bytes key = {.at = record->key, .n = record->has_key ? record->key_n : 0};
    struct decision_diff diff = {.field = "key"};

    if (made->has_key == record->has_key && (!made->has_key || bytes_equal(made->key, key))) {
        return;
    }
    show_key(made->has_key, made->key, diff.expected);
    show_key(record->has_key, key, diff.found);
    c->decided_differs = true;
    differ(c, "decision", made, &diff);
}

/* Only one enterprise is looked at, and this is not it. */
static bool is_other(const struct verify_case *c, const struct journal_entry *made)
{
    return c->conf->enterprise &&
           (!made->has_key || !bytes_equal(made->key, bytes_of(c->conf->enterprise)));
}

static enum status with_topic(struct verify_case *c, const struct journal_entry *made,
                              struct failure *err)
{
    struct bus_record record;
    enum status status;

    if (c->decided_differs) {
        return STATUS_OK;
    }
    status =
        c->decided_ended ? STATUS_OK : log_reader_next(c->decided, &record, &c->decided_ended, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->decided_ended) {
        if (c->live && made->number <= c->row.published_number) {
            c->decided_differs = true;
            missing(c, "decision", made);
        }
        c->part->pending += c->live ? 0 : 1; /* as far as the topic tells */
        return STATUS_OK;
    }
    if (is_other(c, made)) {
        return STATUS_OK;
    }
    c->part->published++;
    if (!bytes_equal(made->decision, value_of(&record))) {
        c->decided_differs = true;
        return verify_blame(c, made, &record, err);
    }
    compare_key(c, made, &record);
    return STATUS_OK;
}

/* Stand before decision number of the topic. */
static enum status seek_number(struct verify_case *c, uint64_t number, struct failure *err)
{
    const int64_t first = c->ends.decided_first;
    int64_t at = (int64_t)(number - 1) > first ? (int64_t)(number - 1) : first;
    struct bus_record record;
    uint64_t found = 0;
    enum status status = log_reader_seek(c->decided, at, err);

    while (status == STATUS_OK) {
        status = log_reader_next(c->decided, &record, &c->decided_ended, err);
        if (status != STATUS_OK || c->decided_ended) {
            return status;
        }
        if (!verify_number_of(value_of(&record), &found) || found >= number) {
            log_reader_back(c->decided);
            return STATUS_OK;
        }
        if (number - found > READ_ON) {
            at = record.offset + (int64_t)(number - found);
            status = log_reader_seek(c->decided, at, err);
        }
    }
    return status;
}

enum status verify_decisions_begin(struct verify_case *c, struct failure *err)
{
    const struct log_reader_conf conf = {.handle = c->thread->handle,
                                         .topic = c->conf->topics->decided,
                                         .partition = c->partition,
                                         .from = c->decided_offset >= 0 ? c->decided_offset
                                                                        : c->ends.decided_first,
                                         .end = c->ends.decided};
    const uint64_t number = decider_position(replay_decider(c->replay))->number + 1;
    enum status status = log_reader_open(&conf, &c->decided, err);

    return status == STATUS_OK && c->decided_offset < 0 && number > 1 ? seek_number(c, number, err)
                                                                      : status;
}

/* ---- the journal ---------------------------------------------------------------------------- */

/* Copy the journal row that holds the number: the store's bytes last until its next call. */
static enum status load_row(struct verify_case *c, uint64_t number, struct failure *err)
{
    struct store_journal_row row;
    enum status status = store_journal_find(c->live, c->partition, number, &row, err);

    if (status != STATUS_OK) {
        return status;
    }
    buffer_reset(&c->journal_copy);
    buffer_append(&c->journal_copy, row.decisions.at, row.decisions.n);
    buffer_append(&c->journal_copy, row.undo.at, row.undo.n);
    buffer_append(&c->journal_copy, row.inputs.at, row.inputs.n);
    status = buffer_check(&c->journal_copy, err);
    if (status == STATUS_OK) {
        row.decisions.at = c->journal_copy.at;
        row.undo.at = c->journal_copy.at + row.decisions.n;
        row.inputs.at = row.undo.at + row.undo.n;
        journal_reader_init(&c->journal, &row);
        c->journal_is_read = true;
        if (row.first_number == number && !c->conf->enterprise) {
            verify_positions_row(c, &row);
        }
    }
    return status;
}

/* The stored decision with this number; the first one may lie within a row. */
static enum status next_stored(struct verify_case *c, uint64_t number, struct journal_entry *ret,
                               struct failure *err)
{
    enum status status = STATUS_NOTFOUND;

    if (c->journal_is_read) {
        status = journal_next(&c->journal, ret, err);
    }
    if (status == STATUS_NOTFOUND) {
        status = load_row(c, number, err);
        if (status == STATUS_OK) {
            status = journal_next(&c->journal, ret, err);
        }
    }
    while (status == STATUS_OK && ret->number < number) {
        status = journal_next(&c->journal, ret, err);
    }
    return status;
}

/* What the journal has of the input, for readers. */
static bool is_same_input(const struct journal_entry *made, const struct journal_entry *stored)
{
    return made->input_offset == stored->input_offset && made->has_key == stored->has_key &&
           (!made->has_key || bytes_equal(made->key, stored->key));
}

static enum status with_journal(struct verify_case *c, const struct journal_entry *made,
                                struct failure *err)
{
    struct decision_diff diff = {
        .field = "undo", .expected = "what the log leads to", .found = "other bytes"};
    struct journal_entry stored;
    enum status status;

    if (!c->live || c->journal_differs || made->number > c->row.position.number) {
        return STATUS_OK;
    }
    status = next_stored(c, made->number, &stored, err);
    if (status == STATUS_NOTFOUND || status == STATUS_CORRUPT) {
        c->journal_differs = true;
        missing(c, "journal", made);
        return STATUS_OK;
    }
    if (status != STATUS_OK || is_other(c, made) || c->journal_differs) {
        return status;
    }
    c->part->stored++;
    c->journal_differs = !bytes_equal(made->decision, stored.decision) ||
                         !bytes_equal(made->undo, stored.undo) || !is_same_input(made, &stored);
    if (!c->journal_differs) {
        return STATUS_OK;
    }
    if (!bytes_equal(made->decision, stored.decision)) {
        status = decision_diff(made->decision, stored.decision, &diff, err);
    } else if (bytes_equal(made->undo, stored.undo)) {
        (void)snprintf(diff.field, sizeof(diff.field), "inputs");
    }
    if (status == STATUS_OK) {
        differ(c, "journal", made, &diff);
    }
    return status;
}

/* ---- both ----------------------------------------------------------------------------------- */

enum status verify_decision(struct verify_case *c, const struct journal_entry *made,
                            struct failure *err)
{
    enum status status = with_topic(c, made, err);

    if (c->part->first_number == 0) {
        c->part->first_number = made->number;
    }
    c->part->last_number = made->number;
    c->part->decisions += is_other(c, made) ? 0 : 1;
    memcpy(c->chain, made->decision.at + made->decision.n - DIGEST_SIZE, DIGEST_SIZE);
    verify_checkpoints_decision(c, made);
    return status == STATUS_OK ? with_journal(c, made, err) : status;
}

static void too_many(struct verify_case *c, const char *place, uint64_t number)
{
    struct finding finding = {.partition = c->partition, .offset = -1, .number = number + 1};

    (void)snprintf(finding.place, sizeof(finding.place), "%s", place);
    (void)snprintf(finding.expected, sizeof(finding.expected), "none");
    (void)snprintf(finding.found, sizeof(finding.found),
                   "a decision that no record of the log leads to");
    verify_report_finding(c, &finding);
}

enum status verify_decisions_end(struct verify_case *c, uint64_t number, struct failure *err)
{
    struct bus_record record;

    if (c->conf->enterprise) {
        verify_skip(c, VERIFY_SKIP_OTHERS);
    }
    if (c->is_short || !c->is_comparing) {
        return STATUS_OK;
    }
    if (!c->decided_ended && !c->decided_differs) {
        const enum status status = log_reader_next(c->decided, &record, &c->decided_ended, err);

        if (status != STATUS_OK) {
            return status;
        }
        if (!c->decided_ended) {
            too_many(c, "decision", number);
        }
    }
    if (c->live && c->row.position.number > number) {
        too_many(c, "journal", number);
    }
    return STATUS_OK;
}
