/* verify_blame.c - the topic has another decision than the log leads to: which of them was touched?
 *
 * A decision names its record by offset and by a digest over key, append time and value, and it
 * follows from its predecessor by the chain.  So a decision that no longer follows was altered, and
 * one that does follow but names another record tells that the record was: lost, inserted, moved or
 * altered, and which part of it, as far as one part alone explains the digest. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "consumers/audit/decision_diff.h"
#include "consumers/audit/verify_inside.h"
#include "wire/decision_codec.h"

#define ARENA_SIZE ((size_t)1 << 20)
#define NEAR       64 /* offsets behind a record at which it is looked for */

struct blame {
    struct verify_case *c;
    const struct journal_entry *made;
    const struct bus_record *record; /* of the topic, until the next one is read */
    struct bytes found;
    struct arena arena;
    struct decision *is;  /* as the log leads to it */
    struct decision *was; /* as the topic has it */
    struct finding finding;
    rd_kafka_t *handle; /* opened when the log has to be read again */
};

bool verify_number_of(struct bytes value, uint64_t *ret)
{
    uint64_t number = 0;

    if (value.n < 2 || value.at[0] != 0x08) {
        return false;
    }
    for (size_t i = 1; i < value.n && i <= 9; i++) {
        number |= (uint64_t)(value.at[i] & 0x7f) << 7 * (i - 1);
        if (!(value.at[i] & 0x80)) {
            *ret = number;
            return true;
        }
    }
    return false;
}

static void say(struct blame *b, const char *field, const char *expected, const char *found)
{
    (void)snprintf(b->finding.field, sizeof(b->finding.field), "%s", field);
    (void)snprintf(b->finding.expected, sizeof(b->finding.expected), "%s", expected);
    (void)snprintf(b->finding.found, sizeof(b->finding.found), "%s", found);
    verify_report_finding(b->c, &b->finding);
}

static enum status say_field(struct blame *b, struct failure *err)
{
    struct decision_diff diff;
    const enum status status = decision_diff(b->made->decision, b->found, &diff, err);

    if (status == STATUS_OK) {
        say(b, diff.field, diff.expected, diff.found);
    }
    return status;
}

/* ---- the topic's order ---------------------------------------------------------------------- */

static enum status blame_number(struct blame *b, uint64_t found, struct failure *err)
{
    const uint64_t number = b->made->number;
    struct bus_record next;
    char expected[FINDING_TEXT_SIZE];
    char text[FINDING_TEXT_SIZE];
    uint64_t follows = 0;
    bool at_end = false;
    enum status status;

    (void)snprintf(expected, sizeof(expected), "decision %" PRIu64, number);
    if (found < number) {
        (void)snprintf(text, sizeof(text), "decision %" PRIu64 " once more", found);
        say(b, "order", expected, text);
        return STATUS_OK;
    }
    status = log_reader_next(b->c->decided, &next, &at_end, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (!at_end && next.has_value &&
        verify_number_of((struct bytes){.at = next.value, .n = next.value_n}, &follows) &&
        follows == number) {
        (void)snprintf(text, sizeof(text), "decision %" PRIu64 " before it", found);
        say(b, "order", expected, text);
    } else {
        (void)snprintf(text, sizeof(text), "none: decision %" PRIu64 " follows", found);
        say(b, "", expected, text);
    }
    return STATUS_OK;
}

/* ---- the log -------------------------------------------------------------------------------- */

static bool is_hash(struct blame *b, struct bytes key, int64_t append_ms,
                    const struct bus_record *record)
{
    const struct bytes value = {.at = record->has_value ? record->value : NULL,
                                .n = record->value_n};
    uint8_t hash[DIGEST_SIZE];

    hash_input(b->c->hash, key, append_ms, value, hash);
    return memcmp(hash, b->was->input_hash, DIGEST_SIZE) == 0;
}

static struct bytes key_of(const struct bus_record *record)
{
    return (struct bytes){.at = record->has_key ? record->key : NULL, .n = record->key_n};
}

/* One part of the record alone explains the digest. */
static bool blame_part(struct blame *b, const struct bus_record *record)
{
    char expected[FINDING_TEXT_SIZE] = "none";
    char found[FINDING_TEXT_SIZE] = "none";

    if (is_hash(b, key_of(record), b->was->received_ms, record)) {
        clock_format(b->was->received_ms, expected);
        clock_format(record->timestamp_ms, found);
        say(b, "append time", expected, found);
        return true;
    }
    if (is_hash(b, key_of(b->record), record->timestamp_ms, record)) {
        if (b->record->has_key) {
            (void)snprintf(expected, sizeof(expected), "%.*s",
                           (int)(b->record->key_n < 64 ? b->record->key_n : 64),
                           (const char *)b->record->key);
        }
        if (record->has_key) {
            (void)snprintf(found, sizeof(found), "%.*s",
                           (int)(record->key_n < 64 ? record->key_n : 64),
                           (const char *)record->key);
        }
        say(b, "key", expected, found);
        return true;
    }
    return false;
}

/* The record that was decided stands a little further on. */
static enum status blame_order(struct blame *b, struct log_reader *log, int64_t append_ms,
                               bool *ret_done, struct failure *err)
{
    struct bus_record record;
    char expected[FINDING_TEXT_SIZE];
    bool at_end = false;
    enum status status = log_reader_next(log, &record, &at_end, err);

    while (status == STATUS_OK && !at_end) {
        const int64_t times[] = {record.timestamp_ms, append_ms, b->was->received_ms};

        for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
            if (is_hash(b, key_of(&record), times[i], &record)) {
                (void)snprintf(expected, sizeof(expected),
                               "the record that is now at offset %" PRId64, record.offset);
                say(b, "order", expected, "another one: inserted, or out of order");
                *ret_done = true;
                return STATUS_OK;
            }
        }
        status = log_reader_next(log, &record, &at_end, err);
    }
    return status;
}

/* The record here is the one that the next decision is of. */
static enum status is_lost_before(struct blame *b, bool *ret, struct failure *err)
{
    struct bus_record next;
    bool at_end = false;
    enum status status = log_reader_next(b->c->decided, &next, &at_end, err);

    *ret = false;
    if (status != STATUS_OK || at_end || !next.has_value) {
        return status;
    }
    arena_reset(&b->arena);
    if (decision_decode((struct bytes){.at = next.value, .n = next.value_n}, &b->arena, b->was,
                        err) == STATUS_OK) {
        *ret = memcmp(b->was->input_hash, b->is->input_hash, DIGEST_SIZE) == 0;
    }
    return STATUS_OK;
}

static enum status blame_rest(struct blame *b, struct failure *err)
{
    char expected[FINDING_TEXT_SIZE] = "SHA-256 ";
    char found[FINDING_TEXT_SIZE] = "SHA-256 ";
    bool is_lost = false;
    enum status status;

    hex_encode((struct bytes){.at = b->was->input_hash, .n = DIGEST_SIZE},
               expected + strlen(expected));
    hex_encode((struct bytes){.at = b->is->input_hash, .n = DIGEST_SIZE}, found + strlen(found));
    status = is_lost_before(b, &is_lost, err);
    if (status == STATUS_OK && is_lost) {
        say(b, "order", "the record that was decided", "the one after it: a record is lost");
    } else if (status == STATUS_OK) {
        say(b, "value", expected, found);
    }
    return status;
}

static enum status blame_record(struct blame *b, struct log_reader *log, struct failure *err)
{
    struct bus_record record;
    int64_t append_ms;
    bool at_end = false;
    bool is_done = false;
    enum status status = log_reader_next(log, &record, &at_end, err);

    if (status != STATUS_OK || at_end) {
        return status;
    }
    append_ms = record.timestamp_ms;
    is_done = blame_part(b, &record);
    if (!is_done) {
        status = blame_order(b, log, append_ms, &is_done, err);
    }
    return status == STATUS_OK && !is_done ? blame_rest(b, err) : status;
}

/* On a handle of its own: the case's is in the middle of a record. */
static enum status open_log(struct blame *b, int64_t from, struct log_reader **ret,
                            struct failure *err)
{
    const struct verify_case *c = b->c;
    const struct log_reader_conf conf = {
        .handle = b->handle,
        .topic = c->conf->topics->submitted,
        .partition = c->partition,
        .from = from,
        .end = from + NEAR < c->ends.submitted ? from + NEAR : c->ends.submitted};

    return log_reader_open(&conf, ret, err);
}

/* Is there a record at the offset of the decision that the topic has? */
static enum status blame_lost(struct blame *b, struct log_reader *log, struct failure *err)
{
    struct bus_record record;
    bool at_end = false;
    enum status status = log_reader_next(log, &record, &at_end, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (!at_end && record.offset == b->was->input_offset) {
        return say_field(b, err);
    }
    (void)snprintf(b->finding.place, sizeof(b->finding.place), "log");
    b->finding.offset = b->was->input_offset;
    say(b, "", "a record", "none");
    return STATUS_OK;
}

/* Both are of their own record, and what the topic has follows from its predecessor. */
static enum status blame_log(struct blame *b, struct failure *err)
{
    const int64_t was = b->was->input_offset;
    const int64_t is = b->is->input_offset;
    struct log_reader *log = NULL;
    enum status status = STATUS_OK;

    if (was == is && memcmp(b->was->input_hash, b->is->input_hash, DIGEST_SIZE) == 0) {
        return say_field(b, err);
    }
    if (was > is) {
        (void)snprintf(b->finding.place, sizeof(b->finding.place), "log");
        say(b, "", "none", "a record that nobody has decided");
        return STATUS_OK;
    }
    status = verify_open_handle(b->c->conf, &b->handle, err);
    if (status == STATUS_OK) {
        status = open_log(b, was, &log, err);
    }
    if (status == STATUS_OK && was < is) {
        status = blame_lost(b, log, err);
    } else if (status == STATUS_OK) {
        (void)snprintf(b->finding.place, sizeof(b->finding.place), "log");
        status = blame_record(b, log, err);
    }
    log_reader_close(log);
    return status;
}

/* ---- both ----------------------------------------------------------------------------------- */

static bool is_own(const struct decision *d) { return d->trigger_offset == d->input_offset; }

static enum status blame(struct blame *b, struct failure *err)
{
    enum status status;

    if (decision_decode(b->found, &b->arena, b->was, err) != STATUS_OK) {
        return say_field(b, err);
    }
    if (b->was->number != b->made->number) {
        return blame_number(b, b->was->number, err);
    }
    if (!decision_chain_check(b->c->hash, b->c->chain, b->found)) {
        return say_field(b, err);
    }
    status = decision_decode(b->made->decision, &b->arena, b->is, err);
    if (status != STATUS_OK) {
        return status;
    }
    return is_own(b->is) && is_own(b->was) ? blame_log(b, err) : say_field(b, err);
}

enum status verify_blame(struct verify_case *c, const struct journal_entry *made,
                         const struct bus_record *found, struct failure *err)
{
    struct blame b = {
        .c = c,
        .made = made,
        .record = found,
        .found = {.at = found->has_value ? found->value : NULL,
                  .n = found->has_value ? found->value_n : 0},
        .is = malloc(sizeof(*b.is)),
        .was = malloc(sizeof(*b.was)),
        .finding = {.place = "decision",
                    .partition = c->partition,
                    .offset = made->input_offset,
                    .number = made->number},
    };
    enum status status = arena_open(&b.arena, ARENA_SIZE, err);

    if (status == STATUS_OK && (!b.is || !b.was)) {
        status = failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    if (status == STATUS_OK) {
        status = blame(&b, err);
    }
    if (b.handle) {
        rd_kafka_destroy(b.handle);
    }
    arena_close(&b.arena);
    free(b.is);
    free(b.was);
    return status;
}
