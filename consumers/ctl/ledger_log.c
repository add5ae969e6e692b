#include "consumers/ctl/ledger_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "consumers/ctl/reader.h"
#include "consumers/engine/bulletin.h"
#include "form/date.h"

static enum status no_memory(struct failure *err)
{
    return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
}

/* Make room for one more element. */
static bool grow(void **array, size_t *max, size_t n, size_t size)
{
    void *larger;

    if (n < *max) {
        return true;
    }
    larger = realloc(*array, (*max ? 2 * *max : 16) * size);
    if (!larger) {
        return false;
    }
    *array = larger;
    *max = *max ? 2 * *max : 16;
    return true;
}

/* ---- proposals ----------------------------------------------------------------------------- */

/* The number in a content; UINT64_MAX, which no bulletin has, when it cannot be decoded. */
static uint64_t number_of(struct ledger_log *log, struct bytes content)
{
    struct content_parts parts;
    struct failure why;

    arena_reset(&log->desk->bulletin_arena);
    return content_decode(content.at, content.n, &log->desk->bulletin_arena, &parts, &why) ==
                   STATUS_OK
               ? parts.number
               : UINT64_MAX;
}

static enum status keep_proposal(struct ledger_log *log, const rd_kafka_message_t *message,
                                 struct failure *err)
{
    struct logged_proposal *kept;
    struct reference_record record;
    void *proposals = log->proposals;
    uint8_t *value;

    if (!grow(&proposals, &log->proposals_max, log->proposals_n, sizeof(*kept))) {
        return no_memory(err);
    }
    log->proposals = proposals;
    value = malloc(message->len);
    if (!value) {
        return no_memory(err);
    }
    memcpy(value, message->payload, message->len);
    if (reference_record_decode((struct bytes){.at = value, .n = message->len}, &record) !=
        STATUS_OK) {
        free(value);
        return STATUS_OK;
    }
    kept = &log->proposals[log->proposals_n];
    proposal_id(log->desk->hash, record.proposal.content, kept->id);
    if (ledger_log_proposal(log, kept->id)) { /* the first of them counts */
        free(value);
        return STATUS_OK;
    }
    kept->value = value;
    kept->proposal = record.proposal;
    kept->number = number_of(log, record.proposal.content);
    log->proposals_n++;
    return STATUS_OK;
}

/* ---- bulletins ----------------------------------------------------------------------------- */

static void name_approvers(const struct bulletin *bulletin, struct logged_bulletin *kept)
{
    struct buffer names;

    buffer_init(&names, sizeof(kept->approvers) - 1);
    for (uint32_t i = 0; i < bulletin->approvals_n; i++) {
        const struct text key_id = bulletin->approvals[i].key_id;

        buffer_text(&names, i > 0 ? " " : "");
        buffer_append(&names, key_id.at, key_id.n);
    }
    (void)snprintf(kept->approvers, sizeof(kept->approvers), "%s", buffer_cstr(&names));
    buffer_fini(&names);
}

static enum status keep_bulletin(struct ledger_log *log, const struct bulletin_judgement *judgement,
                                 int64_t issued_ms, struct failure *err)
{
    struct logged_bulletin *kept;
    void *bulletins = log->bulletins;
    enum status status;

    if (!grow(&bulletins, &log->bulletins_max, log->bulletins_n, sizeof(*kept))) {
        return no_memory(err);
    }
    log->bulletins = bulletins;
    kept = &log->bulletins[log->bulletins_n];
    kept->number = judgement->content.number;
    kept->issued_ms = issued_ms;
    proposal_id(log->desk->hash, judgement->content_bytes, kept->id);
    name_approvers(&log->desk->bulletin, kept);
    status = reference_set_apply(log->references, kept->number, judgement->content_bytes, err);
    log->bulletins_n += status == STATUS_OK ? 1 : 0;
    log->is_founded = log->is_founded || status == STATUS_OK;
    return status;
}

enum status ledger_log_add(struct ledger_log *log, struct bytes bytes, int64_t issued_ms,
                           struct failure *err)
{
    struct bulletin_judgement judgement = {.is_refused = false};
    struct bulletin_case given = {.bulletin = bytes,
                                  .as_of = ledger_log_as_of(log),
                                  .received_on = date_of_unix_ms_shanghai(issued_ms),
                                  .ledger_id = log->ledger_id};
    struct failure why = {.status = STATUS_OK};
    enum status status;

    if (!log->is_founded &&
        bulletin_split(bytes.at, bytes.n, &log->desk->bulletin, &why) == STATUS_OK) {
        hash_ledger_id(log->desk->hash, log->desk->bulletin.content, log->ledger_id);
    }
    status = bulletin_judge(log->desk, &given, &judgement, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (!judgement.is_decodable || judgement.is_refused) {
        (void)fprintf(stderr, "filingctl: a bulletin in the reference topic is not in force: %s\n",
                      judgement.is_decodable ? judgement.fault.text : "it cannot be decoded");
        return STATUS_OK;
    }
    return keep_bulletin(log, &judgement, issued_ms, err);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static enum status take_record(struct ledger_log *log, const rd_kafka_message_t *message,
                               struct failure *err)
{
    const struct bytes value = {.at = message->payload, .n = message->len};
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    struct reference_record record;

    if (!value.at || reference_record_decode(value, &record) != STATUS_OK) {
        (void)fprintf(stderr,
                      "filingctl: offset %" PRId64 " of the reference topic cannot be decoded\n",
                      message->offset);
        return STATUS_OK;
    }
    return record.is_bulletin ? ledger_log_add(log, record.bulletin,
                                               rd_kafka_message_timestamp(message, &type), err)
                              : keep_proposal(log, message, err);
}

static enum status read_all(const struct ctl *ctl, struct ledger_log *log, struct failure *err)
{
    const struct reader_place place = {.topic = ctl->topics.reference,
                                       .offset = RD_KAFKA_OFFSET_BEGINNING};
    const rd_kafka_message_t *message = NULL;
    struct reader *reader = NULL;
    enum status status = reader_open(ctl, &place, &reader, err);

    while (status == STATUS_OK) {
        status = reader_next(reader, &message, err);
        if (status == STATUS_OK) {
            status = take_record(log, message, err);
        }
    }
    reader_close(reader);
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

enum status ledger_log_read(const struct ctl *ctl, struct ledger_log **ret, struct failure *err)
{
    struct ledger_log *log = calloc(1, sizeof(*log));
    enum status status;

    if (!log) {
        return no_memory(err);
    }
    status = store_open("memory:", &log->store, err);
    if (status == STATUS_OK) {
        status = reference_set_open(&log->references, err);
    }
    if (status == STATUS_OK) {
        status = desk_open(log->store, log->references, &log->desk, err);
    }
    if (status == STATUS_OK) {
        status = read_all(ctl, log, err);
    }
    if (status != STATUS_OK) {
        ledger_log_close(log);
        return status;
    }
    *ret = log;
    return STATUS_OK;
}

enum status ledger_log_check_founded(const struct ledger_log *log, struct failure *err)
{
    return log->is_founded ? STATUS_OK
                           : failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                                         "this ledger was not founded yet: run 'filingctl topics "
                                         "apply' and 'filingctl ledger found'");
}

void ledger_log_close(struct ledger_log *log)
{
    if (!log) {
        return;
    }
    for (size_t i = 0; i < log->proposals_n; i++) {
        free(log->proposals[i].value);
    }
    free(log->proposals);
    free(log->bulletins);
    desk_close(log->desk);
    reference_set_close(log->references);
    store_close(log->store);
    free(log);
}

int64_t ledger_log_as_of(const struct ledger_log *log)
{
    return log->bulletins_n > 0 ? (int64_t)log->bulletins[log->bulletins_n - 1].number
                                : REFERENCE_NOTHING;
}

const struct logged_proposal *ledger_log_proposal(const struct ledger_log *log, const char *id)
{
    for (size_t i = 0; i < log->proposals_n; i++) {
        if (strcmp(log->proposals[i].id, id) == 0) {
            return &log->proposals[i];
        }
    }
    return NULL;
}

const struct logged_bulletin *ledger_log_bulletin(const struct ledger_log *log, const char *id)
{
    for (size_t i = 0; i < log->bulletins_n; i++) {
        if (strcmp(log->bulletins[i].id, id) == 0) {
            return &log->bulletins[i];
        }
    }
    return NULL;
}
