/* audit operations: what filings.operations.v1 says, and whose signature stands under it.
 *
 * A signature is good when the operators in force at the record's place give its key to the person
 * that it names, with a role that acts in person, valid on its date in Asia/Shanghai.  The time of
 * a place is the record's time stamp, but never before that of a good record above it: so nobody
 * brings back a key that was withdrawn by writing an old date.  A signature that stood above is no
 * second act: whoever may write to the topic can copy a record. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consumers/audit/use_book.h"
#include "consumers/ctl/cells.h"
#include "consumers/ctl/ledger_log.h"
#include "consumers/ctl/reader.h"
#include "form/date.h"
#include "wire/arena.h"

#define ARENA_SIZE ((size_t)2 << 20)

static const struct output_column columns[] = {
    {"offset", OUTPUT_NUMBER}, {"at", OUTPUT_TEXT},        {"person", OUTPUT_TEXT},
    {"host", OUTPUT_TEXT},     {"command", OUTPUT_TEXT},   {"arguments", OUTPUT_TEXT},
    {"result", OUTPUT_TEXT},   {"signature", OUTPUT_TEXT},
};

struct listing {
    struct ctl *ctl;
    struct ledger_log *log;
    struct arena arena;
    struct output output;
    struct buffer arguments;
    struct use_book signatures; /* of good records */
    int64_t from_ms;
    int64_t to_ms;
    int64_t reached_ms; /* by good records so far */
    uint64_t records;
    uint64_t bad;
};

/* ---- the signature -------------------------------------------------------------------------- */

/* The last bulletin issued by then. */
static int64_t as_of(const struct ledger_log *log, int64_t at_ms)
{
    int64_t number = REFERENCE_NOTHING;

    for (size_t i = 0; i < log->bulletins_n && log->bulletins[i].issued_ms <= at_ms; i++) {
        number = (int64_t)log->bulletins[i].number;
    }
    return number;
}

static bool text_is(struct text text, const void *at, size_t n)
{
    return text.n == n && memcmp(text.at, at, n) == 0;
}

/* "good", or what is wrong with it. */
static const char *judge(struct listing *l, const struct operation *operation,
                         const rd_kafka_message_t *message, int64_t at_ms)
{
    const struct reference *reference = reference_set_reference(l->log->references);
    const int64_t number = as_of(l->log, at_ms);
    const struct operator_query query = {.key_id = operation->key_id,
                                         .on = date_of_unix_ms_shanghai(at_ms)};
    struct signed_message signed_part = {.domain = SIGN_OPERATION, .ledger_id = l->log->ledger_id};
    const uint8_t *key = NULL;
    const struct member *member = reference_operator_key(reference, number, &query, &key);

    if (memcmp(operation->ledger_id, l->log->ledger_id, LEDGER_ID_SIZE) != 0) {
        return "of another ledger";
    }
    if (!member || !(member->roles & (ROLE_ISSUER | ROLE_WITNESS))) {
        return "no operator's key";
    }
    if (!text_is(operation->person, member->id.at, member->id.n)) {
        return "another person's key";
    }
    if (operation_signed_part(operation, &l->arena, &signed_part.bytes) != STATUS_OK ||
        !signer_verify(l->log->desk->signer, &signed_part, key, operation->signature)) {
        return "wrong";
    }
    return text_is(operation->person, message->key, message->key_len) ? "good"
                                                                      : "under another's name";
}

/* ---- one record ----------------------------------------------------------------------------- */

static void put_arguments(struct listing *l, const struct operation *operation)
{
    buffer_reset(&l->arguments);
    for (uint32_t i = 0; i < operation->arguments_n; i++) {
        buffer_text(&l->arguments, i > 0 ? " " : "");
        buffer_append(&l->arguments, operation->arguments[i].at, operation->arguments[i].n);
    }
    output_cstr(&l->output, buffer_cstr(&l->arguments));
}

static void put_row(struct listing *l, const rd_kafka_message_t *message,
                    const struct operation *operation, const char *verdict)
{
    output_number(&l->output, message->offset);
    if (operation) {
        cell_time(&l->output, operation->at_ms);
        output_text(&l->output, operation->person);
        output_text(&l->output, operation->host);
        output_text(&l->output, operation->command);
        put_arguments(l, operation);
        output_text(&l->output, operation->result);
    } else {
        for (int i = 0; i < 6; i++) {
            output_cstr(&l->output, "");
        }
    }
    output_cstr(&l->output, verdict);
    output_end_row(&l->output);
}

/* A good record's signature is noted; *verdict is another one when it stood above. */
static enum status note_signature(struct listing *l, const struct operation *operation,
                                  int64_t offset, const char **verdict, struct failure *err)
{
    struct use use = {.place = {.offset = offset}};
    const struct use *first = NULL;
    enum status status;

    memcpy(use.user, &offset, sizeof(offset)); /* each record is a user of its own */
    status = use_book_add(&l->signatures, operation->signature, &use, &first, err);

    if (status == STATUS_OK && first) {
        *verdict = "a copy";
    }
    return status;
}

static enum status take_record(struct listing *l, const rd_kafka_message_t *message,
                               struct failure *err)
{
    const struct bytes value = {.at = message->payload, .n = message->payload ? message->len : 0};
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    int64_t at_ms = rd_kafka_message_timestamp(message, &type);
    struct operation operation;
    const bool is_decoded = value.n > 0 && operation_decode(value, &operation) == STATUS_OK;
    const char *verdict = "undecodable";
    bool is_good;
    enum status status = STATUS_OK;

    at_ms = at_ms < l->reached_ms ? l->reached_ms : at_ms;
    arena_reset(&l->arena);
    if (is_decoded) {
        verdict = judge(l, &operation, message, at_ms);
    }
    if (strcmp(verdict, "good") == 0) {
        status = note_signature(l, &operation, message->offset, &verdict, err);
    }
    is_good = strcmp(verdict, "good") == 0;
    l->reached_ms = is_good ? at_ms : l->reached_ms;
    if (is_decoded && (operation.at_ms < l->from_ms || operation.at_ms > l->to_ms)) {
        return status;
    }
    l->records++;
    l->bad += is_good ? 0 : 1;
    put_row(l, message, is_decoded ? &operation : NULL, verdict);
    return status;
}

/* ---- the verb ------------------------------------------------------------------------------- */

static enum status read_all(struct listing *l, struct failure *err)
{
    const struct reader_place place = {.topic = l->ctl->topics.operations,
                                       .offset = RD_KAFKA_OFFSET_BEGINNING};
    const rd_kafka_message_t *message = NULL;
    struct reader *reader = NULL;
    enum status status = reader_open(l->ctl, &place, &reader, err);

    while (status == STATUS_OK) {
        status = reader_next(reader, &message, err);
        if (status == STATUS_OK) {
            status = take_record(l, message, err);
        }
    }
    reader_close(reader);
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

static enum status open_listing(struct listing *l, struct failure *err)
{
    const struct ctl_settings *settings = l->ctl->settings;
    enum status status = ctl_time("--from", settings->from, DAY_BEGINS, &l->from_ms, err);

    if (status == STATUS_OK) {
        status = ctl_time("--to", settings->to, DAY_ENDS, &l->to_ms, err);
    }
    if (status == STATUS_OK) {
        status = arena_open(&l->arena, ARENA_SIZE, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_read(l->ctl, &l->log, err);
    }
    return status == STATUS_OK ? ledger_log_check_founded(l->log, err) : status;
}

enum status audit_operations(struct ctl *ctl, struct failure *err)
{
    struct listing l = {
        .ctl = ctl, .from_ms = INT64_MIN, .to_ms = INT64_MAX, .reached_ms = INT64_MIN};
    enum status status;
    enum status written;

    buffer_init(&l.arguments, MESSAGE_SIZE_MAX);
    use_book_init(&l.signatures);
    output_init(&l.output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    status = open_listing(&l, err);
    if (status == STATUS_OK) {
        status = read_all(&l, err);
    }
    written = output_fini(&l.output, status == STATUS_OK ? err : NULL);
    if (status == STATUS_OK && written == STATUS_OK) {
        (void)fprintf(stderr,
                      "filingctl: %" PRIu64 " operations, %" PRIu64 " without a good signature\n",
                      l.records, l.bad);
        ctl->code = l.bad > 0 ? EXIT_DIFFERENCE : EXIT_DONE;
    }
    buffer_fini(&l.arguments);
    use_book_fini(&l.signatures);
    ledger_log_close(l.log);
    if (l.arena.base) {
        arena_close(&l.arena);
    }
    return status == STATUS_OK ? written : status;
}
