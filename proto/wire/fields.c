#include "wire/fields.h"

#include <string.h>

#include "form/filing.h"

void field_put(struct put *put, const struct field_row *row, const void *from)
{
    const uint8_t *at = (const uint8_t *)from + row->at;
    uint32_t number32;
    uint64_t number64;
    struct text text;
    struct bytes bytes;
    bool flag;

    switch (row->kind) {
    case FIELD_NUMBER32:
        memcpy(&number32, at, sizeof(number32));
        put_uint(put, row->number, number32);
        break;
    case FIELD_NUMBER64:
        memcpy(&number64, at, sizeof(number64));
        put_uint(put, row->number, number64);
        break;
    case FIELD_FLAG:
        memcpy(&flag, at, sizeof(flag));
        put_uint(put, row->number, flag ? 1 : 0);
        break;
    case FIELD_FIXED:
        put_bytes(put, row->number, at, row->size);
        break;
    case FIELD_TEXT:
        memcpy(&text, at, sizeof(text));
        put_bytes(put, row->number, text.at, text.n);
        break;
    case FIELD_BYTES:
        memcpy(&bytes, at, sizeof(bytes));
        put_bytes(put, row->number, bytes.at, bytes.n);
        break;
    case FIELD_PRESENT:
        memcpy(&bytes, at, sizeof(bytes));
        if (bytes.at) {
            put_length(put, row->number, bytes.at, bytes.n);
        }
        break;
    }
}

static bool get_number(const struct wire_field *field, enum field_kind kind, uint8_t *at)
{
    const uint32_t number32 = (uint32_t)field->value;
    const bool flag = field->value != 0;

    if (field->type != WIRE_VARINT) {
        return false;
    }
    if (kind == FIELD_NUMBER64) {
        memcpy(at, &field->value, sizeof(field->value));
        return true;
    }
    if (kind == FIELD_FLAG) {
        memcpy(at, &flag, sizeof(flag));
        return field->value <= 1;
    }
    memcpy(at, &number32, sizeof(number32));
    return field->value <= UINT32_MAX;
}

static bool get_bytes(const struct wire_field *field, const struct field_row *row, uint8_t *at)
{
    const struct text text = {.at = (const char *)field->at, .n = (uint32_t)field->n};
    const struct bytes bytes = {.at = field->at, .n = field->n};

    if (field->type != WIRE_BYTES || (row->kind == FIELD_FIXED && field->n != row->size)) {
        return false;
    }
    if (row->kind == FIELD_FIXED) {
        memcpy(at, field->at, row->size);
    } else if (row->kind == FIELD_TEXT) {
        memcpy(at, &text, sizeof(text));
    } else {
        memcpy(at, &bytes, sizeof(bytes));
    }
    return true;
}

bool field_get(const struct wire_field *field, const struct field_row *row, void *to)
{
    uint8_t *at = (uint8_t *)to + row->at;

    switch (row->kind) {
    case FIELD_NUMBER32:
    case FIELD_NUMBER64:
    case FIELD_FLAG:
        return get_number(field, row->kind, at);
    case FIELD_FIXED:
    case FIELD_TEXT:
    case FIELD_BYTES:
    case FIELD_PRESENT:
        return get_bytes(field, row, at);
    }
    return false;
}
