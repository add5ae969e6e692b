#include "consumers/ctl/issue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "consumers/ctl/operation.h"
#include "consumers/engine/bus.h"
#include "form/date.h"

#define ARENA_SIZE ((size_t)16 << 20)

/* ---- keys ---------------------------------------------------------------------------------- */

enum status operator_key_open(struct operator_key *key, const char *path, struct failure *err)
{
    struct failure why = {.status = STATUS_OK};
    enum status status;

    *key = (struct operator_key){.key = NULL};
    if (!path) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "no key to sign with: set operator.key_file in the configuration file");
    }
    status = signing_key_open(path, &key->key, &why);
    if (status != STATUS_OK) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, why.os, "no key to sign with: %.200s",
                           why.text);
    }
    signing_key_public(key->key, key->public_key);
    return STATUS_OK;
}

void operator_key_close(struct operator_key *key)
{
    signing_key_close(key->key);
    key->key = NULL;
}

static void copy(char *out, size_t size, struct text text)
{
    const size_t n = text.n < size - 1 ? text.n : size - 1;

    memcpy(out, text.at, n);
    out[n] = '\0';
}

static bool match(struct operator_key *key, const struct member *member, uint32_t roles, int32_t on)
{
    for (uint32_t i = 0; i < member->keys_n && (member->roles & roles); i++) {
        const struct public_key *of = &member->keys[i];

        if (memcmp(of->key, key->public_key, PUBLIC_KEY_SIZE) == 0 && of->from_on <= on &&
            on <= of->to_on) {
            copy(key->person, sizeof(key->person), member->id);
            copy(key->key_id, sizeof(key->key_id), of->key_id);
            return true;
        }
    }
    return false;
}

bool operator_key_match(struct operator_key *key, const struct member *member, int32_t on)
{
    return match(key, member, ROLE_ISSUER, on);
}

bool operator_key_find(struct operator_key *key, const struct ledger_log *log, uint32_t roles,
                       int32_t on)
{
    const struct reference *reference = reference_set_reference(log->references);
    const int64_t as_of = ledger_log_as_of(log);

    for (uint32_t i = 0; i < reference->operators_n; i++) {
        const struct member *member = &reference->operators[i].member;

        if (reference_operator(reference, as_of, member->id) == member &&
            match(key, member, roles, on)) {
            return true;
        }
    }
    return false;
}

enum status operator_key_sign(const struct operator_key *key, struct signer *signer,
                              const struct signed_message *message, uint8_t out[SIGNATURE_SIZE],
                              struct failure *err)
{
    return signer_sign(signer, key->key, message, out, err);
}

/* ---- issuer -------------------------------------------------------------------------------- */

/* A producer waits for its broker without end: first see that there is one. */
static enum status reach(const struct ctl *ctl, struct failure *err)
{
    rd_kafka_t *handle = NULL;
    const enum status status = ctl_kafka_open(ctl, KAFKA_ADMIN, &handle, err);

    if (status == STATUS_OK) {
        rd_kafka_destroy(handle);
    }
    return status;
}

enum status issuer_open(struct issuer *issuer, struct ctl *ctl, struct failure *err)
{
    const struct kafka_options options = ctl_kafka(ctl);
    enum status status = reach(ctl, err);

    issuer->ctl = ctl;
    issuer->today_on = date_of_unix_ms_shanghai(clock_unix_ms());
    if (status == STATUS_OK) {
        status = arena_open(&issuer->arena, ARENA_SIZE, err);
    }
    if (status == STATUS_OK) {
        status = producer_open(&options, ctl->topics.submitted, &issuer->producer, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_read(ctl, &issuer->log, err);
    }
    return status;
}

enum status issuer_identify(struct issuer *issuer, struct failure *err)
{
    return operator_key_find(&issuer->operator, issuer->log, ROLE_ISSUER, issuer->today_on)
               ? STATUS_OK
               : failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                             "the key in '%s' is no ISSUER's in force today",
                             issuer->ctl->settings->operator_key_file);
}

void issuer_close(struct issuer *issuer)
{
    operator_key_close(&issuer->operator);
    producer_close(issuer->producer);
    ledger_log_close(issuer->log);
    arena_close(&issuer->arena);
}

/* ---- acting -------------------------------------------------------------------------------- */

/* Who did what, signed. */
static enum status make_operation(struct issuer *issuer, const struct act *act, struct bytes *ret,
                                  struct failure *err)
{
    const struct conf_common *common = issuer->ctl->common;
    const struct operation_act what = {.command = act->command,
                                       .arguments = common->arguments,
                                       .arguments_n = common->arguments_n};
    const struct operation_case given = {
        .act = &what, .result = act->result, .ledger_id = act->ledger_id, .key = &issuer->operator};

    return operation_make(&given, issuer->log->desk->signer, &issuer->arena, ret, err);
}

static enum kafka_next send_submission(struct issuer *issuer, const struct act *act,
                                       struct failure *err)
{
    struct headers headers;
    struct producer_header pairs[HEADERS_MAX];
    enum kafka_next next = KAFKA_NEXT_NONE;

    headers_bulletin(&headers, act->number, act->ledger_id, clock_unix_ms());
    for (uint32_t h = 0; h < headers.n; h++) {
        pairs[h] = (struct producer_header){.name = headers.at[h].name,
                                            .value = headers.at[h].value.at,
                                            .value_n = headers.at[h].value.n};
    }
    for (int32_t p = 0; p < act->partitions && next == KAFKA_NEXT_NONE; p++) {
        const struct producer_record record = {.topic = issuer->ctl->topics.submitted,
                                               .partition = p,
                                               .value = act->submission.at,
                                               .value_n = act->submission.n,
                                               .headers = pairs,
                                               .headers_n = headers.n};

        next = producer_send(issuer->producer, &record, err);
    }
    return next;
}

static enum kafka_next send_all(struct issuer *issuer, const struct act *act,
                                struct bytes operation, struct failure *err)
{
    const struct topics *topics = &issuer->ctl->topics;
    const struct producer_record reference = {.topic = topics->reference,
                                              .key = act->reference_key,
                                              .key_n = strlen(act->reference_key),
                                              .value = act->reference.at,
                                              .value_n = act->reference.n};
    const struct producer_record done = {.topic = topics->operations,
                                         .key = issuer->operator.person,
                                         .key_n = strlen(issuer->operator.person),
                                         .value = operation.at,
                                         .value_n = operation.n};
    enum kafka_next next =
        act->submission.n > 0 ? send_submission(issuer, act, err) : KAFKA_NEXT_NONE;

    if (next == KAFKA_NEXT_NONE) {
        next = producer_send(issuer->producer, &reference, err);
    }
    if (next == KAFKA_NEXT_NONE) {
        next = producer_send(issuer->producer, &done, err);
    }
    return next == KAFKA_NEXT_NONE ? producer_flush(issuer->producer, err) : next;
}

/* One try: all or nothing.  Every act says what is in force already, so that after a failure the
 * same command may be given again. */
static enum kafka_next transact(struct issuer *issuer, const struct act *act,
                                struct bytes operation, struct failure *err)
{
    bool is_clean = false;
    enum kafka_next next = producer_begin(issuer->producer, err);

    if (next == KAFKA_NEXT_NONE) {
        next = send_all(issuer, act, operation, err);
    }
    if (next == KAFKA_NEXT_NONE) {
        do {
            next = producer_commit(issuer->producer, &is_clean, err);
        } while (next == KAFKA_NEXT_RETRY);
    }
    return next;
}

enum status issuer_act(struct issuer *issuer, const struct act *act, struct failure *err)
{
    struct failure why = {.status = STATUS_OK};
    struct bytes operation;
    enum kafka_next next;
    const enum status status = make_operation(issuer, act, &operation, err);

    if (status != STATUS_OK) {
        return status;
    }
    next = transact(issuer, act, operation, &why);
    if (next == KAFKA_NEXT_NONE) {
        return STATUS_OK;
    }
    if (next == KAFKA_NEXT_ABORT) {
        (void)producer_abort(issuer->producer, NULL);
    }
    if (next == KAFKA_NEXT_FENCED) {
        return failure_set(err, STATUS_IO, REMEDY_RETRY, why.os,
                           "another operator began to issue at the same moment: nothing was "
                           "written, run it again");
    }
    return failure_set(err, STATUS_KAFKA, REMEDY_RETRY, why.os,
                       "it was not written: %.180s; run it again", why.text);
}
