/* checkpoint list and checkpoint witness: what was signed about the log, and a second signature
 * under it.
 *
 * A witness signs for what he has looked at himself: that the checkpoint is good, that nothing
 * contradicts it, and that the decision topic has its chain at its number.  So whoever keeps the
 * signature can tell later whether that end of the topic was cut off or written anew. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "consumers/audit/checkpoint_book.h"
#include "consumers/ctl/ctl.h"
#include "consumers/ctl/issue.h"
#include "consumers/ctl/ledger_log.h"
#include "consumers/ctl/reader.h"
#include "form/date.h"
#include "kafka/admin.h"
#include "kafka/courier.h"
#include "wire/decision_codec.h"

#define SEND_MS_MAX 30000
#define TEXT_SIZE   512

static const struct output_column list_columns[] = {
    {"partition", OUTPUT_NUMBER},   {"number", OUTPUT_NUMBER},  {"first_number", OUTPUT_NUMBER},
    {"received_at", OUTPUT_TEXT},   {"verdict", OUTPUT_TEXT},   {"key_id", OUTPUT_TEXT},
    {"worker", OUTPUT_TEXT},        {"witnesses", OUTPUT_TEXT}, {"next_offset", OUTPUT_NUMBER},
    {"rules", OUTPUT_NUMBER},       {"chain", OUTPUT_TEXT},     {"decisions_sha256", OUTPUT_TEXT},
    {"states_sha256", OUTPUT_TEXT},
};

static const struct output_column witness_columns[] = {
    {"partition", OUTPUT_NUMBER}, {"number", OUTPUT_NUMBER}, {"received_at", OUTPUT_TEXT},
    {"worker", OUTPUT_TEXT},      {"state", OUTPUT_TEXT},
};

/* The checkpoints, judged by the operators in force. */
struct checkpoints {
    struct ctl *ctl;
    struct ledger_log *log;
    rd_kafka_t *handle;
    struct checkpoint_book *book;
    uint32_t partitions_n;
};

static enum status checkpoints_open(struct checkpoints *c, struct ctl *ctl, struct failure *err)
{
    struct checkpoint_register known;
    enum status status = ledger_log_read(ctl, &c->log, err);

    c->ctl = ctl;
    if (status == STATUS_OK) {
        status = ledger_log_check_founded(c->log, err);
    }
    if (status == STATUS_OK) {
        status = ctl_kafka_open(ctl, KAFKA_LOOK_COMMITTED, &c->handle, err);
    }
    if (status == STATUS_OK) {
        status = checkpoint_book_open(&c->book, err);
    }
    if (status == STATUS_OK) {
        status = checkpoint_book_read(c->book, c->handle, ctl->topics.checkpoints, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    known = (struct checkpoint_register){.reference = reference_set_reference(c->log->references),
                                         .as_of = ledger_log_as_of(c->log),
                                         .ledger_id = c->log->ledger_id};
    c->partitions_n = known.reference->partitions;
    if (ctl->settings->partition >= (int64_t)c->partitions_n) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "there is no partition %" PRId64 ": the ledger has %" PRIu32,
                           ctl->settings->partition, c->partitions_n);
    }
    return checkpoint_book_judge(c->book, &known, err);
}

static void checkpoints_close(struct checkpoints *c)
{
    checkpoint_book_close(c->book);
    if (c->handle) {
        rd_kafka_destroy(c->handle);
    }
    ledger_log_close(c->log);
}

static bool is_wanted(const struct ctl *ctl, uint32_t partition)
{
    return ctl->settings->partition < 0 || ctl->settings->partition == (int64_t)partition;
}

/* ---- list ---------------------------------------------------------------------------------- */

static void put_time(struct output *output, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(ms, text);
    output_cstr(output, text);
}

static void put_digest(struct output *output, const uint8_t digest[DIGEST_SIZE])
{
    char hex[2 * DIGEST_SIZE + 1];

    hex_encode((struct bytes){.at = digest, .n = DIGEST_SIZE}, hex);
    output_cstr(output, hex);
}

/* "yan", "yan, x1 (unknown key)": by person, or by key id where nobody is known. */
static void put_witnesses(struct output *output, const struct checkpoint_entry *entry)
{
    struct buffer text;

    buffer_init(&text, TEXT_SIZE);
    for (uint32_t i = 0; i < entry->witnesses_n; i++) {
        const struct checkpoint_witness *witness = &entry->witnesses[i];
        const struct text who = witness->person.n > 0 ? witness->person : witness->approval.key_id;

        buffer_printf(&text, "%s%.*s", i > 0 ? ", " : "", (int)who.n, who.n > 0 ? who.at : "");
        if (witness->verdict != CHECKPOINT_GOOD) {
            buffer_printf(&text, " (%s)", checkpoint_verdict_text(witness->verdict));
        }
    }
    output_cstr(output, buffer_cstr(&text));
    buffer_fini(&text);
}

static void put_entry(struct output *output, const struct checkpoint_entry *entry)
{
    output_number(output, entry->partition);
    output_number(output, (int64_t)entry->number);
    output_number(output, (int64_t)entry->first_number);
    put_time(output, entry->received_ms);
    output_cstr(output,
                entry->is_forked ? "contradicted" : checkpoint_verdict_text(entry->verdict));
    output_text(output, entry->key_id);
    output_text(output, entry->person);
    put_witnesses(output, entry);
    output_number(output, entry->next_offset);
    output_number(output, entry->rules);
    put_digest(output, entry->chain);
    put_digest(output, entry->decisions_hash);
    put_digest(output, entry->states_hash);
    output_end_row(output);
}

enum status checkpoint_list(struct ctl *ctl, struct failure *err)
{
    struct checkpoints c = {.ctl = ctl};
    const struct checkpoint_entry *entries = NULL;
    struct output output;
    size_t entries_n = 0;
    size_t shown_n = 0;
    size_t bad_n = 0;
    enum status status = checkpoints_open(&c, ctl, err);

    if (status != STATUS_OK) {
        checkpoints_close(&c);
        return status;
    }
    output_init(&output, ctl->out, ctl->common->output, list_columns,
                sizeof(list_columns) / sizeof(list_columns[0]));
    entries = checkpoint_book_all(c.book, &entries_n);
    for (size_t i = 0; i < entries_n; i++) {
        if (is_wanted(ctl, entries[i].partition)) {
            put_entry(&output, &entries[i]);
            shown_n++;
            bad_n += entries[i].verdict != CHECKPOINT_GOOD || entries[i].is_forked ? 1 : 0;
        }
    }
    status = output_fini(&output, err);
    (void)fprintf(stderr,
                  "filingctl: %zu checkpoints, %zu of them not good; %" PRIu64
                  " records that are none\n",
                  shown_n, bad_n, checkpoint_book_strange(c.book));
    ctl->code = status == STATUS_OK && shown_n == 0 ? EXIT_FAILED : EXIT_DONE;
    checkpoints_close(&c);
    return status;
}

/* ---- the decision in the topic ------------------------------------------------------------- */

/* The decision at the reader; its bytes are borrowed from the message. */
static enum status read_decision(const struct checkpoints *c, struct reader *reader,
                                 const rd_kafka_message_t **ret_message, uint64_t *ret_number,
                                 struct failure *err)
{
    struct desk *desk = c->log->desk;
    enum status status = reader_next(reader, ret_message, err);

    if (status != STATUS_OK) {
        return status;
    }
    arena_reset(&desk->seen_arena);
    status =
        decision_decode((struct bytes){.at = (*ret_message)->payload, .n = (*ret_message)->len},
                        &desk->seen_arena, &desk->seen, err);
    *ret_number = status == STATUS_OK ? desk->seen.number : 0;
    return status;
}

/* Has the topic this chain at this number?  Decision n lies at offset n - 1 or later, so each look
 * says how far to jump at least.  What cannot be read as it must be is no: *why says what. */
static enum status topic_agrees(const struct checkpoints *c, const struct checkpoint_entry *entry,
                                bool *ret, struct failure *why)
{
    struct reader_place place = {.topic = c->ctl->topics.decided,
                                 .partition = (int32_t)entry->partition,
                                 .offset = (int64_t)entry->number - 1};
    const rd_kafka_message_t *message = NULL;
    const uint8_t *chain = NULL;
    struct reader *reader = NULL;
    uint64_t number = 0;
    int64_t end = 0;
    int64_t first = 0;
    enum status status =
        admin_ends(c->handle, place.topic, place.partition, CTL_TIMEOUT_MS, &first, &end, why);

    *ret = false;
    if (status != STATUS_OK) {
        return status;
    }
    place.offset = place.offset < first ? first : place.offset;
    if (place.offset < end) {
        status = reader_open(c->ctl, &place, &reader, why);
    }
    while (status == STATUS_OK && number < entry->number && place.offset < end) {
        status = read_decision(c, reader, &message, &number, why);
        if (status == STATUS_OK && number < entry->number) {
            const int64_t ahead = (int64_t)(entry->number - number);

            place.offset = message->offset + ahead;
            status = ahead > 1 ? reader_move(reader, &place, why) : STATUS_OK;
        }
    }
    if (status == STATUS_OK && message && number == entry->number) {
        chain = decision_chain((struct bytes){.at = message->payload, .n = message->len});
        *ret = chain && memcmp(chain, entry->chain, DIGEST_SIZE) == 0;
    }
    if (!*ret && (status == STATUS_OK || status == STATUS_NOTFOUND || status == STATUS_CORRUPT)) {
        status = STATUS_OK;
        (void)failure_set(why, STATUS_CONFLICT, REMEDY_STOP, 0, "%s",
                          number == entry->number ? "the decision topic has another chain there"
                                                  : "the decision topic does not have it");
    }
    reader_close(reader);
    return status;
}

/* ---- witness ------------------------------------------------------------------------------- */

struct witnessing {
    struct checkpoints c;
    struct operator_key key;
    struct courier *courier;
    struct arena arena;
    struct output output;
};

/* A WITNESS in force on a date, by the key. */
static const struct member *witness_on(const struct witnessing *w, int32_t on, struct text *key_id)
{
    const struct operator_key_query query = {
        .key = w->key.public_key, .roles = ROLE_WITNESS, .on = on};

    return reference_operator_of_key(reference_set_reference(w->c.log->references),
                                     ledger_log_as_of(w->c.log), &query, key_id);
}

static enum status check_witness(const struct witnessing *w, struct failure *err)
{
    struct text key_id;

    if (!witness_on(w, date_of_unix_ms_shanghai(clock_unix_ms()), &key_id)) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "the key in '%s' is no WITNESS's in force today",
                           w->c.ctl->settings->operator_key_file);
    }
    return STATUS_OK;
}

/* The checkpoint with its new signature, out. */
static enum status publish(struct witnessing *w, const struct checkpoint_entry *entry,
                           struct text key_id, struct failure *err)
{
    struct signed_message message = {.domain = SIGN_CHECKPOINT, .ledger_id = w->c.log->ledger_id};
    uint8_t signature[SIGNATURE_SIZE];
    char key[16];
    struct producer_record record = {.topic = w->c.ctl->topics.checkpoints, .key = key};
    struct checkpoint checkpoint = {0};
    struct bytes value = {0};
    enum status status;

    arena_reset(&w->arena);
    checkpoint_entry_read(entry, &checkpoint);
    if (checkpoint.witnesses_n == WITNESSES_MAX) {
        checkpoint
            .witnesses_n--; /* good ones come first; a whole record of them is witness enough */
    }
    status = checkpoint_signed_part(&checkpoint, &w->arena, &message.bytes);
    if (status == STATUS_OK) {
        status = operator_key_sign(&w->key, w->c.log->desk->signer, &message, signature, err);
    }
    checkpoint.witnesses[checkpoint.witnesses_n++] =
        (struct approval){.key_id = key_id, .signature = {.at = signature, .n = SIGNATURE_SIZE}};
    if (status == STATUS_OK) {
        status = checkpoint_encode(&checkpoint, &w->arena, &value);
    }
    if (status == STATUS_LIMIT) {
        return failure_set(err, status, REMEDY_STOP, 0, "the checkpoint is too large");
    }
    record.key_n = (size_t)snprintf(key, sizeof(key), "%" PRIu32, entry->partition);
    record.value = value.at;
    record.value_n = value.n;
    return status == STATUS_OK ? courier_send(w->courier, &record, SEND_MS_MAX, err) : status;
}

static bool is_witnessed_by(const struct checkpoint_entry *entry, struct text key_id)
{
    for (uint32_t i = 0; i < entry->witnesses_n; i++) {
        if (entry->witnesses[i].verdict == CHECKPOINT_GOOD &&
            reference_text_compare(entry->witnesses[i].approval.key_id, key_id) == 0) {
            return true;
        }
    }
    return false;
}

/* Refusals set the exit code: what differs is above what is not permitted. */
static void refuse(struct witnessing *w, enum exit_code code)
{
    if (w->c.ctl->code != EXIT_DIFFERENCE) {
        w->c.ctl->code = code;
    }
}

/* *ret_state: what became of it. */
static enum status witness_entry(struct witnessing *w, const struct checkpoint_entry *entry,
                                 const char **ret_state, struct failure *why)
{
    struct text key_id = {.n = 0};
    const struct member *person =
        witness_on(w, date_of_unix_ms_shanghai(entry->received_ms), &key_id);
    bool agrees = false;
    enum status status = STATUS_OK;

    if (!person || reference_text_compare(person->id, entry->person) == 0) {
        refuse(w, EXIT_DENIED);
        *ret_state =
            person ? "refused: the worker's own person" : "refused: key not valid on that date";
        return STATUS_OK;
    }
    if (is_witnessed_by(entry, key_id)) {
        *ret_state = "witnessed before";
        return STATUS_OK;
    }
    status = topic_agrees(&w->c, entry, &agrees, why);
    if (status == STATUS_OK && !agrees) {
        refuse(w, EXIT_DIFFERENCE);
        *ret_state = why->text;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = publish(w, entry, key_id, why);
    }
    *ret_state = "witnessed";
    return status;
}

/* The good one with the greatest number; of several, which differ in what their tree covers, the
 * last.  *ret_forked: it is contradicted by another. */
static const struct checkpoint_entry *newest_of(const struct witnessing *w, uint32_t partition,
                                                bool *ret_forked)
{
    const struct checkpoint_entry *newest = NULL;
    size_t n = 0;
    const struct checkpoint_entry *entries = checkpoint_book_partition(w->c.book, partition, &n);

    *ret_forked = false;
    for (size_t i = 0; i < n; i++) {
        if (entries[i].verdict == CHECKPOINT_GOOD) {
            newest = &entries[i];
        }
        *ret_forked = *ret_forked || entries[i].is_forked;
    }
    return newest;
}

static enum status witness_partition(struct witnessing *w, uint32_t partition, struct failure *err)
{
    bool is_forked = false;
    const struct checkpoint_entry *entry = newest_of(w, partition, &is_forked);
    const char *state = "no good checkpoint";
    struct failure why = {.status = STATUS_OK};
    enum status status = STATUS_OK;

    if (is_forked) {
        refuse(w, EXIT_DIFFERENCE);
        state = "refused: two good checkpoints contradict each other";
    } else if (entry) {
        status = witness_entry(w, entry, &state, &why);
    }
    if (status != STATUS_OK) {
        *err = why;
        return status;
    }
    output_number(&w->output, partition);
    output_number(&w->output, entry ? (int64_t)entry->number : 0);
    if (entry) {
        put_time(&w->output, entry->received_ms);
        output_text(&w->output, entry->person);
    } else {
        output_cstr(&w->output, "");
        output_cstr(&w->output, "");
    }
    output_cstr(&w->output, state);
    output_end_row(&w->output);
    return STATUS_OK;
}

static enum status witness_all(struct witnessing *w, struct failure *err)
{
    struct ctl *ctl = w->c.ctl;
    enum status status = STATUS_OK;

    output_init(&w->output, ctl->out, ctl->common->output, witness_columns,
                sizeof(witness_columns) / sizeof(witness_columns[0]));
    for (uint32_t p = 0; p < w->c.partitions_n && status == STATUS_OK; p++) {
        if (is_wanted(ctl, p)) {
            status = witness_partition(w, p, err);
        }
    }
    if (output_fini(&w->output, status == STATUS_OK ? err : NULL) != STATUS_OK &&
        status == STATUS_OK) {
        status = STATUS_IO;
    }
    return status;
}

enum status checkpoint_witness(struct ctl *ctl, struct failure *err)
{
    const struct kafka_options options = ctl_kafka(ctl);
    struct witnessing w = {.c = {.ctl = ctl}};
    enum status status = operator_key_open(&w.key, ctl->settings->operator_key_file, err);

    if (status == STATUS_OK) {
        status = arena_open(&w.arena, (size_t)4 * MESSAGE_SIZE_MAX, err);
    }
    if (status == STATUS_OK) {
        status = checkpoints_open(&w.c, ctl, err);
    }
    if (status == STATUS_OK) {
        status = check_witness(&w, err);
    }
    if (status == STATUS_OK) {
        status = courier_open(&options, &w.courier, err);
    }
    if (status == STATUS_OK) {
        status = witness_all(&w, err);
    }
    courier_close(w.courier);
    checkpoints_close(&w.c);
    arena_close(&w.arena);
    operator_key_close(&w.key);
    return status;
}
