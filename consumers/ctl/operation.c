#include "consumers/ctl/operation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "consumers/ctl/issue.h"
#include "consumers/ctl/ledger_log.h"
#include "consumers/ctl/sender.h"
#include "form/date.h"
#include "wire/records.h"

#define ARENA_SIZE  ((size_t)1 << 20)
#define HOST_SIZE   256
#define RESULT_SIZE 512

/* Who acts in person. */
#define ROLES (ROLE_ISSUER | ROLE_WITNESS)

struct operation_writer {
    const struct ctl *ctl;
    const struct operation_act *act;
    struct operator_key key;
    struct ledger_log *log;
    struct sender *sender;
    struct arena arena;
};

static struct text text_of(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

/* ---- one record ----------------------------------------------------------------------------- */

enum status operation_make(const struct operation_case *given, struct signer *signer,
                           struct arena *arena, struct bytes *ret, struct failure *err)
{
    struct operation operation = {.at_ms = clock_unix_ms(),
                                  .person = text_of(given->key->person),
                                  .command = text_of(given->act->command),
                                  .result = text_of(given->result),
                                  .key_id = text_of(given->key->key_id)};
    struct signed_message message = {.domain = SIGN_OPERATION, .ledger_id = given->ledger_id};
    uint8_t signature[SIGNATURE_SIZE];
    char host[HOST_SIZE] = "";
    enum status status;

    if (gethostname(host, sizeof(host) - 1)) {
        (void)snprintf(host, sizeof(host), "unknown");
    }
    memcpy(operation.ledger_id, given->ledger_id, LEDGER_ID_SIZE);
    operation.host = text_of(host);
    for (size_t i = 0; i < given->act->arguments_n && i < ARGUMENTS_MAX; i++) {
        operation.arguments[operation.arguments_n++] = text_of(given->act->arguments[i]);
    }
    status = operation_signed_part(&operation, arena, &message.bytes);
    if (status == STATUS_OK) {
        status = operator_key_sign(given->key, signer, &message, signature, err);
        operation.signature = (struct bytes){.at = signature, .n = sizeof(signature)};
    }
    if (status == STATUS_OK) {
        status = operation_encode(&operation, arena, ret);
    }
    return status == STATUS_LIMIT
               ? failure_set(err, status, REMEDY_STOP, 0, "the act is too long to be recorded")
               : status;
}

static enum status write_record(struct operation_writer *writer, const char *result,
                                struct failure *err)
{
    const struct operation_case given = {.act = writer->act,
                                         .result = result,
                                         .ledger_id = writer->log->ledger_id,
                                         .key = &writer->key};
    struct bytes value = {.n = 0};
    int64_t offset = 0;
    enum status status;

    arena_reset(&writer->arena);
    status = operation_make(&given, writer->log->desk->signer, &writer->arena, &value, err);
    if (status == STATUS_OK) {
        const struct producer_record record = {.topic = writer->ctl->topics.operations,
                                               .key = writer->key.person,
                                               .key_n = strlen(writer->key.person),
                                               .value = value.at,
                                               .value_n = value.n};

        status = sender_send(writer->sender, &record, &offset, err);
    }
    return status == STATUS_OK ? status : failure_add(err, "cannot record the act");
}

/* ---- who acts ------------------------------------------------------------------------------- */

static void close_writer(struct operation_writer *writer)
{
    sender_close(writer->sender);
    ledger_log_close(writer->log);
    operator_key_close(&writer->key);
    if (writer->arena.base) {
        arena_close(&writer->arena);
    }
    free(writer);
}

static enum status identify(struct operation_writer *writer, struct failure *err)
{
    const int32_t today_on = date_of_unix_ms_shanghai(clock_unix_ms());

    return operator_key_find(&writer->key, writer->log, ROLES, today_on)
               ? STATUS_OK
               : failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                             "the key in '%s' is none that an operator (ISSUER or WITNESS) has in "
                             "force today",
                             writer->ctl->settings->operator_key_file);
}

static enum status open_writer(const struct ctl *ctl, const struct operation_act *act,
                               struct operation_writer **ret, struct failure *err)
{
    struct operation_writer *writer = calloc(1, sizeof(*writer));
    enum status status;

    if (!writer) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    writer->ctl = ctl;
    writer->act = act;
    status = operator_key_open(&writer->key, ctl->settings->operator_key_file, err);
    if (status == STATUS_OK) {
        status = arena_open(&writer->arena, ARENA_SIZE, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_read(ctl, &writer->log, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_check_founded(writer->log, err);
    }
    if (status == STATUS_OK) {
        status = identify(writer, err);
    }
    if (status == STATUS_OK) {
        status = sender_open(ctl, &writer->sender, err);
    }
    if (status != STATUS_OK) {
        close_writer(writer);
        return status;
    }
    *ret = writer;
    return STATUS_OK;
}

/* ---- acts ----------------------------------------------------------------------------------- */

enum status operation_write(const struct ctl *ctl, const struct operation_act *act,
                            const char *result, struct failure *err)
{
    struct operation_writer *writer = NULL;
    enum status status = open_writer(ctl, act, &writer, err);

    if (status == STATUS_OK) {
        status = write_record(writer, result, err);
        close_writer(writer);
    }
    return status;
}

enum status operation_begin(const struct ctl *ctl, const struct operation_act *act,
                            struct operation_writer **ret, struct failure *err)
{
    struct operation_writer *writer = NULL;
    enum status status = open_writer(ctl, act, &writer, err);

    if (status == STATUS_OK) {
        status = write_record(writer, "begun", err);
        if (status != STATUS_OK) {
            close_writer(writer);
            return status;
        }
        *ret = writer;
    }
    return status;
}

enum status operation_end(struct operation_writer *writer, enum status status, const char *text,
                          struct failure *err)
{
    char result[RESULT_SIZE];
    struct failure why = {.status = STATUS_OK};
    enum status written;

    if (!writer) {
        return status;
    }
    if (status == STATUS_OK) {
        (void)snprintf(result, sizeof(result), "done%s%s", *text ? ": " : "", text);
    } else {
        (void)snprintf(result, sizeof(result), "failed: %s%s%s", text, *text ? "; " : "",
                       err ? err->text : status_name(status));
    }
    written = write_record(writer, result, &why);
    close_writer(writer);
    if (written == STATUS_OK || status != STATUS_OK) {
        if (written != STATUS_OK) {
            (void)fprintf(stderr, "filingctl: %s\n", why.text);
        }
        return status;
    }
    return failure_set(err, written, REMEDY_STOP, why.os, "it was done, but %.220s", why.text);
}
