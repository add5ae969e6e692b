#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consumers/audit/decision_diff.h"
#include "consumers/audit/verify_inside.h"

static void differ(struct verify_case *c, const char *place, const struct journal_entry *made,
                   const struct decision_diff *diff)
{
    struct finding finding = {.place = place,
                              .partition = c->partition,
                              .offset = made->input_offset,
                              .number = made->number};

    (void)snprintf(finding.field, sizeof(finding.field), "%s", diff->field);
    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", diff->expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%s", diff->found);
    verify_report_finding(c, &finding);
}

static enum status compare(struct verify_case *c, const char *place,
                           const struct journal_entry *made, struct bytes found, bool *ret_differs,
                           struct failure *err)
{
    struct decision_diff diff;
    enum status status;

    if (bytes_equal(made->decision, found)) {
        return STATUS_OK;
    }
    status = decision_diff(made->decision, found, &diff, err);
    if (status == STATUS_OK) {
        *ret_differs = true;
        differ(c, place, made, &diff);
    }
    return status;
}

static void missing(struct verify_case *c, const char *place, const struct journal_entry *made)
{
    struct decision_diff diff = {.field = ""};

    (void)snprintf(diff.expected, sizeof(diff.expected), "decision %" PRIu64, made->number);
    (void)snprintf(diff.found, sizeof(diff.found), "none");
    differ(c, place, made, &diff);
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

static enum status with_topic(struct verify_case *c, const struct journal_entry *made,
                              struct failure *err)
{
    struct bus_record record;
    enum status status;

    if (c->decided_ended || c->decided_differs) {
        if (c->decided_ended && c->live && made->number <= c->row.published_number &&
            !c->decided_differs) {
            c->decided_differs = true;
            missing(c, "decision", made);
        }
        return STATUS_OK;
    }
    status = log_reader_next(c->decided, &record, &c->decided_ended, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->decided_ended) {
        return with_topic(c, made, err); /* once more, now at the end */
    }
    c->report->published++;
    status = compare(c, "decision", made,
                     (struct bytes){.at = record.value, .n = record.has_value ? record.value_n : 0},
                     &c->decided_differs, err);
    if (status == STATUS_OK && !c->decided_differs) {
        compare_key(c, made, &record);
    }
    return status;
}

/* Copy the journal row that begins with the number: the store's bytes last until its next call. */
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
    }
    return status;
}

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
    return status;
}

static enum status with_journal(struct verify_case *c, const struct journal_entry *made,
                                struct failure *err)
{
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
    if (status != STATUS_OK) {
        return status;
    }
    c->report->stored++;
    status = compare(c, "journal", made, stored.decision, &c->journal_differs, err);
    if (status == STATUS_OK && !c->journal_differs && !bytes_equal(made->undo, stored.undo)) {
        const struct decision_diff diff = {
            .field = "undo", .expected = "what the log leads to", .found = "other bytes"};

        c->journal_differs = true;
        differ(c, "journal", made, &diff);
    }
    return status;
}

enum status verify_decision(struct verify_case *c, const struct journal_entry *made,
                            struct failure *err)
{
    enum status status = with_topic(c, made, err);

    c->report->decisions++;
    return status == STATUS_OK ? with_journal(c, made, err) : status;
}

static void too_many(struct verify_case *c, const char *place, uint64_t number, const char *found)
{
    struct finding finding = {
        .place = place, .partition = c->partition, .offset = -1, .number = number + 1};

    (void)snprintf(finding.expected, sizeof(finding.expected), "none");
    (void)snprintf(finding.found, sizeof(finding.found), "%s", found);
    verify_report_finding(c, &finding);
}

enum status verify_decisions_end(struct verify_case *c, uint64_t number, struct failure *err)
{
    struct bus_record record;

    if (!c->decided_ended && !c->decided_differs) {
        const enum status status = log_reader_next(c->decided, &record, &c->decided_ended, err);

        if (status != STATUS_OK) {
            return status;
        }
        if (!c->decided_ended) {
            too_many(c, "decision", number, "a decision that no record of the log leads to");
        }
    }
    if (c->live && c->row.position.number > number) {
        too_many(c, "journal", number, "decisions that no record of the log leads to");
    }
    return STATUS_OK;
}
