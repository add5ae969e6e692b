/* reference approve: a proposal becomes the next bulletin by a second person's signature. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "consumers/ctl/issue.h"
#include "form/date.h"
#include "wire/encode.h"

static const struct output_column columns[] = {
    {"id", OUTPUT_TEXT},
    {"number", OUTPUT_NUMBER},
    {"state", OUTPUT_TEXT},
};

static void put_row(struct output *output, const char *id, uint64_t number, const char *state)
{
    output_cstr(output, id);
    output_number(output, (int64_t)number);
    output_cstr(output, state);
    output_end_row(output);
}

/* ---- may it be approved -------------------------------------------------------------------- */

static enum status check_number(const struct issuer *issuer, const struct logged_proposal *kept,
                                struct failure *err)
{
    const uint64_t next = (uint64_t)(ledger_log_as_of(issuer->log) + 1);

    if (kept->number == UINT64_MAX) {
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0, "proposal %s cannot be decoded",
                           kept->id);
    }
    if (kept->number < next) {
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                           "proposal %s was to be bulletin %" PRIu64
                           ", which is another one by now: propose it again",
                           kept->id, kept->number);
    }
    if (kept->number > next) {
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                           "proposal %s is to be bulletin %" PRIu64 ": bulletin %" PRIu64
                           " comes first",
                           kept->id, kept->number, next);
    }
    return STATUS_OK;
}

/* Is the proposer another person?  *ret_same: no, and in this ledger it need not be. */
static enum status check_proposer(const struct issuer *issuer, const struct logged_proposal *kept,
                                  bool *ret_same, struct failure *err)
{
    const struct reference *reference = reference_set_reference(issuer->log->references);
    const struct text key_id = kept->proposal.approval.key_id;
    const struct operator_query query = {
        .key_id = key_id, .roles = ROLE_ISSUER, .on = issuer->today_on};
    const char *person = issuer->operator.person;
    const uint8_t *key = NULL;
    const struct member *proposer =
        reference_operator_key(reference, ledger_log_as_of(issuer->log), &query, &key);

    if (!proposer) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "the key '%.*s' that signed proposal %s is no ISSUER's in force today: "
                           "propose it again",
                           (int)(key_id.n > 32 ? 32 : key_id.n), key_id.at, kept->id);
    }
    *ret_same =
        proposer->id.n == strlen(person) && memcmp(proposer->id.at, person, proposer->id.n) == 0;
    if (*ret_same && !reference->demonstration) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "'%s' proposed it: another person approves", person);
    }
    return STATUS_OK;
}

/* ---- the bulletin -------------------------------------------------------------------------- */

static enum status make_bulletin(struct issuer *issuer, const struct logged_proposal *kept,
                                 bool is_same, struct bytes *ret, struct failure *err)
{
    const struct signed_message message = {.domain = SIGN_BULLETIN,
                                           .ledger_id = issuer->log->ledger_id,
                                           .bytes = kept->proposal.content};
    uint8_t signature[SIGNATURE_SIZE];
    struct approval approvals[] = {
        kept->proposal.approval,
        {.key_id = {.at = issuer->operator.key_id, .n = (uint32_t)strlen(issuer->operator.key_id)},
         .signature = {.at = signature, .n = sizeof(signature)}},
    };
    const enum status status =
        operator_key_sign(&issuer->operator, issuer->log->desk->signer, &message, signature, err);

    if (status != STATUS_OK) {
        return status;
    }
    arena_reset(&issuer->arena);
    if (bulletin_encode(kept->proposal.content, is_same ? &approvals[1] : approvals,
                        is_same ? 1 : 2, &issuer->arena, ret) != STATUS_OK) {
        return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0, "proposal %s is too large", kept->id);
    }
    return STATUS_OK;
}

/* The workers' own check, before anything is written; from here on it is in force for us. */
static enum status judge(struct issuer *issuer, const struct logged_proposal *kept,
                         struct bytes bulletin, struct failure *err)
{
    const int64_t before = ledger_log_as_of(issuer->log);
    const enum status status = ledger_log_add(issuer->log, bulletin, clock_unix_ms(), err);

    if (status == STATUS_OK && ledger_log_as_of(issuer->log) == before) {
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                           "the workers would refuse proposal %s now: propose it again", kept->id);
    }
    return status;
}

static enum status issue(struct issuer *issuer, const struct logged_proposal *kept,
                         struct bytes bulletin, struct failure *err)
{
    const struct reference *reference = reference_set_reference(issuer->log->references);
    char key[REFERENCE_KEY_SIZE];
    char result[64];
    struct act act = {.ledger_id = issuer->log->ledger_id,
                      .number = kept->number,
                      .partitions = (int32_t)reference->partitions,
                      .reference_key = key,
                      .command = "reference approve",
                      .result = result};

    (void)snprintf(result, sizeof(result), "bulletin %" PRIu64 " from %s", kept->number, kept->id);
    reference_key_bulletin(kept->number, key);
    if (submission_encode_bulletin(bulletin, &issuer->arena, &act.submission) != STATUS_OK ||
        reference_record_encode_bulletin(bulletin, &issuer->arena, &act.reference) != STATUS_OK) {
        return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0, "proposal %s is too large", kept->id);
    }
    return issuer_act(issuer, &act, err);
}

/* ---- the verb ------------------------------------------------------------------------------ */

static enum status approve(struct issuer *issuer, const char *id, struct output *output,
                           struct failure *err)
{
    const struct logged_bulletin *issued = ledger_log_bulletin(issuer->log, id);
    const struct logged_proposal *kept = ledger_log_proposal(issuer->log, id);
    struct bytes bulletin = {.n = 0};
    bool is_same = false;
    enum status status;

    if (issued) {
        put_row(output, id, issued->number, "in force already");
        return STATUS_OK;
    }
    if (!kept) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_STOP, 0, "there is no proposal '%s'", id);
    }
    status = check_number(issuer, kept, err);
    if (status == STATUS_OK) {
        status = check_proposer(issuer, kept, &is_same, err);
    }
    if (status == STATUS_OK) {
        status = make_bulletin(issuer, kept, is_same, &bulletin, err);
    }
    if (status == STATUS_OK) {
        status = judge(issuer, kept, bulletin, err);
    }
    if (status == STATUS_OK) {
        status = issue(issuer, kept, bulletin, err);
    }
    if (status == STATUS_OK) {
        put_row(output, id, kept->number, "in force");
    }
    return status;
}

enum status reference_approve(struct ctl *ctl, struct failure *err)
{
    struct issuer issuer = {.ctl = ctl};
    struct output output;
    enum status status = operator_key_open(&issuer.operator, ctl->settings->operator_key_file, err);

    if (status == STATUS_OK) {
        status = issuer_open(&issuer, ctl, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_check_founded(issuer.log, err);
    }
    if (status == STATUS_OK) {
        status = issuer_identify(&issuer, err);
    }
    if (status == STATUS_OK) {
        output_init(&output, ctl->out, ctl->common->output, columns,
                    sizeof(columns) / sizeof(columns[0]));
        for (size_t i = 0; i < ctl->common->arguments_n && status == STATUS_OK; i++) {
            status = approve(&issuer, ctl->common->arguments[i], &output, err);
        }
        if (output_fini(&output, status == STATUS_OK ? err : NULL) != STATUS_OK &&
            status == STATUS_OK) {
            status = STATUS_IO;
        }
    }
    issuer_close(&issuer);
    return status;
}
