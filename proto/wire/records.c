#include "wire/records.h"

#include <string.h>

#include "base/limits.h"
#include "wire/fields.h"
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

/* Each has one list. */
struct record_type {
    const struct field_row *fields; /* ascending */
    size_t fields_n;
    uint32_t signature; /* it and what is behind it are not signed */
    uint32_t list;      /* its number */
    size_t list_at;
    size_t list_max;
    size_t list_count_at;
    size_t element_size;
    void (*put_element)(struct put *put, uint32_t field, const void *element);
    bool (*get_element)(const struct wire_field *field, void *element);
};

static void put_argument(struct put *put, uint32_t field, const void *element)
{
    const struct text *text = element;

    put_length(put, field, text->at, text->n); /* an empty one counts */
}

static bool get_argument(const struct wire_field *field, void *element)
{
    return get_text(field, element);
}

static void put_witness(struct put *put, uint32_t field, const void *element)
{
    put_approval(put, field, element);
}

static bool get_witness(const struct wire_field *field, void *element)
{
    return get_approval(field, element);
}

#define C(member) offsetof(struct checkpoint, member)
static const struct field_row checkpoint_fields[] = {
    {1, FIELD_FIXED, C(ledger_id), LEDGER_ID_SIZE},
    {2, FIELD_NUMBER32, C(partition), 0},
    {3, FIELD_NUMBER64, C(first_number), 0},
    {4, FIELD_NUMBER64, C(number), 0},
    {5, FIELD_FIXED, C(chain), DIGEST_SIZE},
    {6, FIELD_FIXED, C(decisions_hash), DIGEST_SIZE},
    {7, FIELD_FIXED, C(states_hash), DIGEST_SIZE},
    {8, FIELD_NUMBER64, C(next_offset), 0},
    {9, FIELD_NUMBER64, C(received_ms), 0},
    {10, FIELD_NUMBER32, C(rules), 0},
    {11, FIELD_TEXT, C(key_id), 0},
    {CHECKPOINT_SIGNATURE, FIELD_BYTES, C(signature), 0},
};

#define O(member) offsetof(struct operation, member)
static const struct field_row operation_fields[] = {
    {1, FIELD_FIXED, O(ledger_id), LEDGER_ID_SIZE},
    {2, FIELD_NUMBER64, O(at_ms), 0},
    {3, FIELD_TEXT, O(person), 0},
    {4, FIELD_TEXT, O(host), 0},
    {5, FIELD_TEXT, O(command), 0},
    {7, FIELD_TEXT, O(result), 0},
    {8, FIELD_TEXT, O(key_id), 0},
    {OPERATION_SIGNATURE, FIELD_BYTES, O(signature), 0},
};

#define N(array) (sizeof(array) / sizeof((array)[0]))
static const struct record_type checkpoint_type = {.fields = checkpoint_fields,
                                                   .fields_n = N(checkpoint_fields),
                                                   .signature = CHECKPOINT_SIGNATURE,
                                                   .list = 15,
                                                   .list_at = C(witnesses),
                                                   .list_max = WITNESSES_MAX,
                                                   .list_count_at = C(witnesses_n),
                                                   .element_size = sizeof(struct approval),
                                                   .put_element = put_witness,
                                                   .get_element = get_witness};
static const struct record_type operation_type = {.fields = operation_fields,
                                                  .fields_n = N(operation_fields),
                                                  .signature = OPERATION_SIGNATURE,
                                                  .list = 6,
                                                  .list_at = O(arguments),
                                                  .list_max = ARGUMENTS_MAX,
                                                  .list_count_at = O(arguments_n),
                                                  .element_size = sizeof(struct text),
                                                  .put_element = put_argument,
                                                  .get_element = get_argument};

static uint32_t count_of(const struct record_type *type, const uint8_t *record)
{
    uint32_t n;

    memcpy(&n, record + type->list_count_at, sizeof(n));
    return n;
}

static void put_list(struct put *put, const struct record_type *type, const uint8_t *record)
{
    const uint32_t n = count_of(type, record);

    for (uint32_t i = 0; i < n; i++) {
        type->put_element(put, type->list, record + type->list_at + i * type->element_size);
    }
}

/* The fields below number end. */
static enum status put_record(const struct record_type *type, const void *record, uint32_t end,
                              struct arena *arena, struct bytes *ret)
{
    struct put put;
    size_t at = 0;

    if (count_of(type, record) > type->list_max) {
        return STATUS_LIMIT;
    }
    put_begin(&put, arena, MESSAGE_SIZE_MAX);
    for (; at < type->fields_n && type->fields[at].number < type->list; at++) {
        if (type->fields[at].number < end) {
            field_put(&put, &type->fields[at], record);
        }
    }
    if (type->list < end) {
        put_list(&put, type, record);
    }
    for (; at < type->fields_n && type->fields[at].number < end; at++) {
        field_put(&put, &type->fields[at], record);
    }
    return finish(&put, arena, ret);
}

static bool get_list(const struct wire_field *field, const struct record_type *type,
                     uint8_t *record)
{
    const uint32_t n = count_of(type, record);
    const uint32_t count = n + 1;

    if (n == type->list_max) {
        return false;
    }
    memcpy(record + type->list_count_at, &count, sizeof(count));
    return type->get_element(field, record + type->list_at + n * type->element_size);
}

/* record: zeros. */
static bool get_record(const struct record_type *type, struct bytes value, void *record)
{
    struct wire_reader reader = wire_open(value);
    struct wire_field field = {0};

    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field) ||
            (field.number == type->list && !get_list(&field, type, record))) {
            return false;
        }
        for (size_t i = 0; i < type->fields_n; i++) {
            if (type->fields[i].number == field.number &&
                !field_get(&field, &type->fields[i], record)) {
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
