#include "wire/records.h"

#include <string.h>

#include "base/limits.h"
#include "wire/put.h"
#include "wire/walk.h"

/* Field numbers of filing/v1/ledger.proto; a test compares them with the generated code. */
enum {
    RECORD_PROPOSAL = 1,
    RECORD_BULLETIN = 2,
    PROPOSAL_CONTENT = 1,
    PROPOSAL_APPROVAL = 2,
    PROPOSAL_PROPOSED_AT_MS = 3,
    PROPOSAL_KIND = 4,
    APPROVAL_KEY_ID = 1,
    APPROVAL_SIGNATURE = 2,
    CHECKPOINT_LEDGER_ID = 1,
    CHECKPOINT_PARTITION = 2,
    CHECKPOINT_NUMBER = 3,
    CHECKPOINT_CHAIN = 4,
    CHECKPOINT_STATES_SHA256 = 5,
    CHECKPOINT_NEXT_OFFSET = 6,
    CHECKPOINT_RECEIVED_AT_MS = 7,
    CHECKPOINT_KEY_ID = 8,
    CHECKPOINT_SIGNATURE = 9,
    CHECKPOINT_WITNESSES = 10,
    OPERATION_LEDGER_ID = 1,
    OPERATION_AT_MS = 2,
    OPERATION_PERSON = 3,
    OPERATION_HOST = 4,
    OPERATION_COMMAND = 5,
    OPERATION_ARGUMENTS = 6,
    OPERATION_RESULT = 7,
    OPERATION_KEY_ID = 8,
    OPERATION_SIGNATURE = 9
};

static enum status finish(struct put *put, struct arena *arena, struct bytes *ret)
{
    if (put->full) {
        return STATUS_LIMIT;
    }
    *ret = put_end(put, arena);
    return STATUS_OK;
}

static void put_text(struct put *put, uint32_t field, struct text text)
{
    put_bytes(put, field, text.at, text.n);
}

static void put_approval(struct put *put, uint32_t field, const struct approval *approval)
{
    uint8_t *start = put_open(put, field);

    put_text(put, APPROVAL_KEY_ID, approval->key_id);
    put_bytes(put, APPROVAL_SIGNATURE, approval->signature.at, approval->signature.n);
    put_close(put, start);
}

static bool get_bytes(const struct wire_field *field, struct bytes *ret)
{
    *ret = (struct bytes){.at = field->at, .n = field->n};
    return field->type == WIRE_BYTES;
}

static bool get_text(const struct wire_field *field, struct text *ret)
{
    *ret = (struct text){.at = (const char *)field->at, .n = (uint32_t)field->n};
    return field->type == WIRE_BYTES;
}

static bool get_fixed(const struct wire_field *field, uint8_t *out, size_t n)
{
    if (field->type != WIRE_BYTES || field->n != n) {
        return false;
    }
    memcpy(out, field->at, n);
    return true;
}

static bool get_ms(const struct wire_field *field, int64_t *ret)
{
    *ret = (int64_t)field->value;
    return field->type == WIRE_VARINT;
}

static bool get_approval(const struct wire_field *outer, struct approval *ret)
{
    struct wire_reader reader = wire_open((struct bytes){.at = outer->at, .n = outer->n});
    struct wire_field field = {0};
    bool ok = outer->type == WIRE_BYTES;

    *ret = (struct approval){0};
    while (ok && reader.at < reader.end) {
        ok = wire_next(&reader, &field);
        if (ok && field.number == APPROVAL_KEY_ID) {
            ok = get_text(&field, &ret->key_id);
        } else if (ok && field.number == APPROVAL_SIGNATURE) {
            ok = get_bytes(&field, &ret->signature);
        }
    }
    return ok;
}

enum status proposal_encode(const struct proposal *proposal, struct arena *arena, struct bytes *ret)
{
    struct put put;
    uint8_t *start = NULL;

    put_begin(&put, arena, MESSAGE_SIZE_MAX);
    start = put_open(&put, RECORD_PROPOSAL);
    put_bytes(&put, PROPOSAL_CONTENT, proposal->content.at, proposal->content.n);
    put_approval(&put, PROPOSAL_APPROVAL, &proposal->approval);
    put_uint(&put, PROPOSAL_PROPOSED_AT_MS, (uint64_t)proposal->proposed_ms);
    put_text(&put, PROPOSAL_KIND, proposal->kind);
    put_close(&put, start);
    return finish(&put, arena, ret);
}

enum status reference_record_encode_bulletin(struct bytes bulletin, struct arena *arena,
                                             struct bytes *ret)
{
    struct put put;

    put_begin(&put, arena, MESSAGE_SIZE_MAX);
    put_length(&put, RECORD_BULLETIN, bulletin.at, bulletin.n);
    return finish(&put, arena, ret);
}

static bool get_proposal_field(const struct wire_field *field, struct proposal *ret)
{
    switch (field->number) {
    case PROPOSAL_CONTENT:
        return get_bytes(field, &ret->content);
    case PROPOSAL_APPROVAL:
        return get_approval(field, &ret->approval);
    case PROPOSAL_PROPOSED_AT_MS:
        return get_ms(field, &ret->proposed_ms);
    case PROPOSAL_KIND:
        return get_text(field, &ret->kind);
    default:
        return true;
    }
}

static bool get_proposal(struct bytes bytes, struct proposal *ret)
{
    struct wire_reader reader = wire_open(bytes);
    struct wire_field field = {0};

    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field) || !get_proposal_field(&field, ret)) {
            return false;
        }
    }
    return ret->content.n > 0;
}

enum status reference_record_decode(struct bytes value, struct reference_record *ret)
{
    struct reference_record record = {0};
    struct wire_reader reader = wire_open(value);
    struct wire_field field = {0};

    /* Exactly one of the two. */
    if (value.n == 0 || !wire_next(&reader, &field) || field.type != WIRE_BYTES ||
        reader.at != reader.end) {
        return STATUS_CORRUPT;
    }
    if (field.number == RECORD_BULLETIN) {
        record.is_bulletin = true;
        record.bulletin = (struct bytes){.at = field.at, .n = field.n};
    } else if (field.number != RECORD_PROPOSAL ||
               !get_proposal((struct bytes){.at = field.at, .n = field.n}, &record.proposal)) {
        return STATUS_CORRUPT;
    }
    *ret = record;
    return STATUS_OK;
}

void proposal_id(struct hash *hash, struct bytes content, char out[PROPOSAL_ID_SIZE])
{
    uint8_t digest[DIGEST_SIZE];

    hash_sha256(hash, content.at, content.n, digest);
    hex_encode((struct bytes){.at = digest, .n = (PROPOSAL_ID_SIZE - 1) / 2}, out);
}

static void put_checkpoint(struct put *put, const struct checkpoint *checkpoint)
{
    put_bytes(put, CHECKPOINT_LEDGER_ID, checkpoint->ledger_id, LEDGER_ID_SIZE);
    put_uint(put, CHECKPOINT_PARTITION, checkpoint->partition);
    put_uint(put, CHECKPOINT_NUMBER, checkpoint->number);
    put_bytes(put, CHECKPOINT_CHAIN, checkpoint->chain, DIGEST_SIZE);
    put_bytes(put, CHECKPOINT_STATES_SHA256, checkpoint->states_hash, DIGEST_SIZE);
    put_uint(put, CHECKPOINT_NEXT_OFFSET, (uint64_t)checkpoint->next_offset);
    put_uint(put, CHECKPOINT_RECEIVED_AT_MS, (uint64_t)checkpoint->received_ms);
    put_text(put, CHECKPOINT_KEY_ID, checkpoint->key_id);
}

enum status checkpoint_signed_part(const struct checkpoint *checkpoint, struct arena *arena,
                                   struct bytes *ret)
{
    struct put put;

    put_begin(&put, arena, MESSAGE_SIZE_MAX);
    put_checkpoint(&put, checkpoint);
    return finish(&put, arena, ret);
}

enum status checkpoint_encode(const struct checkpoint *checkpoint, struct arena *arena,
                              struct bytes *ret)
{
    struct put put;

    if (checkpoint->witnesses_n > WITNESSES_MAX) {
        return STATUS_LIMIT;
    }
    put_begin(&put, arena, MESSAGE_SIZE_MAX);
    put_checkpoint(&put, checkpoint);
    put_bytes(&put, CHECKPOINT_SIGNATURE, checkpoint->signature.at, checkpoint->signature.n);
    for (uint32_t i = 0; i < checkpoint->witnesses_n; i++) {
        put_approval(&put, CHECKPOINT_WITNESSES, &checkpoint->witnesses[i]);
    }
    return finish(&put, arena, ret);
}

static bool get_number32(const struct wire_field *field, uint32_t *ret)
{
    *ret = (uint32_t)field->value;
    return field->type == WIRE_VARINT && field->value <= UINT32_MAX;
}

static bool get_number64(const struct wire_field *field, uint64_t *ret)
{
    *ret = field->value;
    return field->type == WIRE_VARINT;
}

static bool get_checkpoint_field(const struct wire_field *field, struct checkpoint *ret)
{
    switch (field->number) {
    case CHECKPOINT_LEDGER_ID:
        return get_fixed(field, ret->ledger_id, LEDGER_ID_SIZE);
    case CHECKPOINT_PARTITION:
        return get_number32(field, &ret->partition);
    case CHECKPOINT_NUMBER:
        return get_number64(field, &ret->number);
    case CHECKPOINT_CHAIN:
        return get_fixed(field, ret->chain, DIGEST_SIZE);
    case CHECKPOINT_STATES_SHA256:
        return get_fixed(field, ret->states_hash, DIGEST_SIZE);
    case CHECKPOINT_NEXT_OFFSET:
        return get_ms(field, &ret->next_offset);
    case CHECKPOINT_RECEIVED_AT_MS:
        return get_ms(field, &ret->received_ms);
    case CHECKPOINT_KEY_ID:
        return get_text(field, &ret->key_id);
    case CHECKPOINT_SIGNATURE:
        return get_bytes(field, &ret->signature);
    case CHECKPOINT_WITNESSES:
        return ret->witnesses_n < WITNESSES_MAX &&
               get_approval(field, &ret->witnesses[ret->witnesses_n++]);
    default:
        return true;
    }
}

enum status checkpoint_decode(struct bytes value, struct checkpoint *ret)
{
    struct checkpoint checkpoint = {0};
    struct wire_reader reader = wire_open(value);
    struct wire_field field = {0};

    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field) || !get_checkpoint_field(&field, &checkpoint)) {
            return STATUS_CORRUPT;
        }
    }
    if (checkpoint.number == 0) {
        return STATUS_CORRUPT;
    }
    *ret = checkpoint;
    return STATUS_OK;
}

static void put_operation(struct put *put, const struct operation *operation)
{
    put_bytes(put, OPERATION_LEDGER_ID, operation->ledger_id, LEDGER_ID_SIZE);
    put_uint(put, OPERATION_AT_MS, (uint64_t)operation->at_ms);
    put_text(put, OPERATION_PERSON, operation->person);
    put_text(put, OPERATION_HOST, operation->host);
    put_text(put, OPERATION_COMMAND, operation->command);
    for (uint32_t i = 0; i < operation->arguments_n; i++) {
        put_length(put, OPERATION_ARGUMENTS, operation->arguments[i].at, operation->arguments[i].n);
    }
    put_text(put, OPERATION_RESULT, operation->result);
    put_text(put, OPERATION_KEY_ID, operation->key_id);
}

enum status operation_signed_part(const struct operation *operation, struct arena *arena,
                                  struct bytes *ret)
{
    struct put put;

    if (operation->arguments_n > ARGUMENTS_MAX) {
        return STATUS_LIMIT;
    }
    put_begin(&put, arena, MESSAGE_SIZE_MAX);
    put_operation(&put, operation);
    return finish(&put, arena, ret);
}

enum status operation_encode(const struct operation *operation, struct arena *arena,
                             struct bytes *ret)
{
    struct put put;

    if (operation->arguments_n > ARGUMENTS_MAX) {
        return STATUS_LIMIT;
    }
    put_begin(&put, arena, MESSAGE_SIZE_MAX);
    put_operation(&put, operation);
    put_bytes(&put, OPERATION_SIGNATURE, operation->signature.at, operation->signature.n);
    return finish(&put, arena, ret);
}

static bool get_operation_field(const struct wire_field *field, struct operation *ret)
{
    switch (field->number) {
    case OPERATION_LEDGER_ID:
        return get_fixed(field, ret->ledger_id, LEDGER_ID_SIZE);
    case OPERATION_AT_MS:
        return get_ms(field, &ret->at_ms);
    case OPERATION_PERSON:
        return get_text(field, &ret->person);
    case OPERATION_HOST:
        return get_text(field, &ret->host);
    case OPERATION_COMMAND:
        return get_text(field, &ret->command);
    case OPERATION_ARGUMENTS:
        return ret->arguments_n < ARGUMENTS_MAX &&
               get_text(field, &ret->arguments[ret->arguments_n++]);
    case OPERATION_RESULT:
        return get_text(field, &ret->result);
    case OPERATION_KEY_ID:
        return get_text(field, &ret->key_id);
    case OPERATION_SIGNATURE:
        return get_bytes(field, &ret->signature);
    default:
        return true;
    }
}

enum status operation_decode(struct bytes value, struct operation *ret)
{
    struct operation operation = {0};
    struct wire_reader reader = wire_open(value);
    struct wire_field field = {0};

    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field) || !get_operation_field(&field, &operation)) {
            return STATUS_CORRUPT;
        }
    }
    if (operation.command.n == 0) {
        return STATUS_CORRUPT;
    }
    *ret = operation;
    return STATUS_OK;
}
