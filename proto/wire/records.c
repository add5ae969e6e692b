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
    CHECKPOINT_SIGNATURE = 14,
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

/* ---- checkpoints and operations: a table of fields each ------------------------------------- */

enum kind {
    KIND_FIXED, /* exactly size bytes, in the record itself */
    KIND_NUMBER32,
    KIND_NUMBER64,
    KIND_TEXT,
    KIND_BYTES,
    KIND_TEXTS, /* a list of at most size elements, its count at count_at */
    KIND_APPROVALS
};

struct record_field {
    uint32_t number;
    enum kind kind;
    size_t at; /* in the record */
    size_t size;
    size_t count_at;
};

struct record_type {
    const struct record_field *fields; /* ascending */
    size_t fields_n;
    uint32_t signature; /* it and what is behind it are not signed */
};

#define C(member) offsetof(struct checkpoint, member)
static const struct record_field checkpoint_fields[] = {
    {1, KIND_FIXED, C(ledger_id), LEDGER_ID_SIZE, 0},
    {2, KIND_NUMBER32, C(partition), 0, 0},
    {3, KIND_NUMBER64, C(first_number), 0, 0},
    {4, KIND_NUMBER64, C(number), 0, 0},
    {5, KIND_FIXED, C(chain), DIGEST_SIZE, 0},
    {6, KIND_FIXED, C(decisions_hash), DIGEST_SIZE, 0},
    {7, KIND_FIXED, C(states_hash), DIGEST_SIZE, 0},
    {8, KIND_NUMBER64, C(next_offset), 0, 0},
    {9, KIND_NUMBER64, C(received_ms), 0, 0},
    {10, KIND_NUMBER32, C(rules), 0, 0},
    {11, KIND_TEXT, C(key_id), 0, 0},
    {CHECKPOINT_SIGNATURE, KIND_BYTES, C(signature), 0, 0},
    {15, KIND_APPROVALS, C(witnesses), WITNESSES_MAX, C(witnesses_n)},
};

#define O(member) offsetof(struct operation, member)
static const struct record_field operation_fields[] = {
    {1, KIND_FIXED, O(ledger_id), LEDGER_ID_SIZE, 0},
    {2, KIND_NUMBER64, O(at_ms), 0, 0},
    {3, KIND_TEXT, O(person), 0, 0},
    {4, KIND_TEXT, O(host), 0, 0},
    {5, KIND_TEXT, O(command), 0, 0},
    {6, KIND_TEXTS, O(arguments), ARGUMENTS_MAX, O(arguments_n)},
    {7, KIND_TEXT, O(result), 0, 0},
    {8, KIND_TEXT, O(key_id), 0, 0},
    {OPERATION_SIGNATURE, KIND_BYTES, O(signature), 0, 0},
};

#define N(array) (sizeof(array) / sizeof((array)[0]))
static const struct record_type checkpoint_type = {checkpoint_fields, N(checkpoint_fields),
                                                   CHECKPOINT_SIGNATURE};
static const struct record_type operation_type = {operation_fields, N(operation_fields),
                                                  OPERATION_SIGNATURE};

static uint32_t count_of(const struct record_field *f, const uint8_t *record)
{
    uint32_t n;

    memcpy(&n, record + f->count_at, sizeof(n));
    return n;
}

static void put_list(struct put *put, const struct record_field *f, const uint8_t *record)
{
    const uint32_t n = count_of(f, record);

    for (uint32_t i = 0; i < n; i++) {
        if (f->kind == KIND_TEXTS) {
            struct text text;

            memcpy(&text, record + f->at + i * sizeof(text), sizeof(text));
            put_length(put, f->number, text.at, text.n);
        } else {
            struct approval approval;

            memcpy(&approval, record + f->at + i * sizeof(approval), sizeof(approval));
            put_approval(put, f->number, &approval);
        }
    }
}

static void put_field(struct put *put, const struct record_field *f, const uint8_t *record)
{
    const uint8_t *at = record + f->at;
    uint32_t number32;
    uint64_t number64;
    struct text text;
    struct bytes bytes;

    switch (f->kind) {
    case KIND_FIXED:
        put_bytes(put, f->number, at, f->size);
        break;
    case KIND_NUMBER32:
        memcpy(&number32, at, sizeof(number32));
        put_uint(put, f->number, number32);
        break;
    case KIND_NUMBER64:
        memcpy(&number64, at, sizeof(number64));
        put_uint(put, f->number, number64);
        break;
    case KIND_TEXT:
        memcpy(&text, at, sizeof(text));
        put_text(put, f->number, text);
        break;
    case KIND_BYTES:
        memcpy(&bytes, at, sizeof(bytes));
        put_bytes(put, f->number, bytes.at, bytes.n);
        break;
    case KIND_TEXTS:
    case KIND_APPROVALS:
        put_list(put, f, record);
        break;
    }
}

/* The fields below number end. */
static enum status put_record(const struct record_type *type, const void *record, uint32_t end,
                              struct arena *arena, struct bytes *ret)
{
    struct put put;

    for (size_t i = 0; i < type->fields_n; i++) {
        const struct record_field *f = &type->fields[i];

        if ((f->kind == KIND_TEXTS || f->kind == KIND_APPROVALS) && count_of(f, record) > f->size) {
            return STATUS_LIMIT;
        }
    }
    put_begin(&put, arena, MESSAGE_SIZE_MAX);
    for (size_t i = 0; i < type->fields_n && type->fields[i].number < end; i++) {
        put_field(&put, &type->fields[i], record);
    }
    return finish(&put, arena, ret);
}

static bool get_element(const struct wire_field *field, const struct record_field *f,
                        uint8_t *record)
{
    const uint32_t n = count_of(f, record);
    const uint32_t count = n + 1;
    bool ok = n < f->size;

    if (ok && f->kind == KIND_TEXTS) {
        struct text text;

        ok = get_text(field, &text);
        memcpy(record + f->at + n * sizeof(text), &text, sizeof(text));
    } else if (ok) {
        struct approval approval;

        ok = get_approval(field, &approval);
        memcpy(record + f->at + n * sizeof(approval), &approval, sizeof(approval));
    }
    memcpy(record + f->count_at, &count, sizeof(count));
    return ok;
}

static bool get_number(const struct wire_field *field, const struct record_field *f,
                       uint8_t *record)
{
    const uint32_t number32 = (uint32_t)field->value;

    if (f->kind == KIND_NUMBER32) {
        memcpy(record + f->at, &number32, sizeof(number32));
        return field->type == WIRE_VARINT && field->value <= UINT32_MAX;
    }
    memcpy(record + f->at, &field->value, sizeof(field->value));
    return field->type == WIRE_VARINT;
}

static bool get_field(const struct wire_field *field, const struct record_field *f, uint8_t *record)
{
    struct text text;
    struct bytes bytes;
    bool ok = false;

    switch (f->kind) {
    case KIND_FIXED:
        return get_fixed(field, record + f->at, f->size);
    case KIND_NUMBER32:
    case KIND_NUMBER64:
        return get_number(field, f, record);
    case KIND_TEXT:
        ok = get_text(field, &text);
        memcpy(record + f->at, &text, sizeof(text));
        return ok;
    case KIND_BYTES:
        ok = get_bytes(field, &bytes);
        memcpy(record + f->at, &bytes, sizeof(bytes));
        return ok;
    case KIND_TEXTS:
    case KIND_APPROVALS:
        return get_element(field, f, record);
    }
    return false;
}

/* record: zeros. */
static bool get_record(const struct record_type *type, struct bytes value, void *record)
{
    struct wire_reader reader = wire_open(value);
    struct wire_field field = {0};

    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field)) {
            return false;
        }
        for (size_t i = 0; i < type->fields_n; i++) {
            if (type->fields[i].number == field.number &&
                !get_field(&field, &type->fields[i], record)) {
                return false;
            }
        }
    }
    return true;
}

enum status checkpoint_signed_part(const struct checkpoint *checkpoint, struct arena *arena,
                                   struct bytes *ret)
{
    return put_record(&checkpoint_type, checkpoint, checkpoint_type.signature, arena, ret);
}

enum status checkpoint_encode(const struct checkpoint *checkpoint, struct arena *arena,
                              struct bytes *ret)
{
    return put_record(&checkpoint_type, checkpoint, UINT32_MAX, arena, ret);
}

enum status checkpoint_decode(struct bytes value, struct checkpoint *ret)
{
    struct checkpoint checkpoint = {0};

    if (!get_record(&checkpoint_type, value, &checkpoint) || checkpoint.first_number == 0 ||
        checkpoint.first_number > checkpoint.number) {
        return STATUS_CORRUPT;
    }
    *ret = checkpoint;
    return STATUS_OK;
}

enum status operation_signed_part(const struct operation *operation, struct arena *arena,
                                  struct bytes *ret)
{
    return put_record(&operation_type, operation, operation_type.signature, arena, ret);
}

enum status operation_encode(const struct operation *operation, struct arena *arena,
                             struct bytes *ret)
{
    return put_record(&operation_type, operation, UINT32_MAX, arena, ret);
}

enum status operation_decode(struct bytes value, struct operation *ret)
{
    struct operation operation = {0};

    if (!get_record(&operation_type, value, &operation) || operation.command.n == 0) {
        return STATUS_CORRUPT;
    }
    *ret = operation;
    return STATUS_OK;
}
