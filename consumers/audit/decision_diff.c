#include "consumers/audit/decision_diff.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include "filing/v1/decision.pb-c.h"

/* One value of a field: of a repeated one the i-th. */
static const void *value_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                            size_t i, size_t size)
{
    const uint8_t *at = (const uint8_t *)message + field->offset;

    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        const uint8_t *const *array = (const uint8_t *const *)(const void *)at;

        return *array + i * size;
    }
    return at;
}

static size_t count_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return 1;
    }
    return *(const size_t *)(const void *)((const uint8_t *)message + field->quantifier_offset);
}

static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(int64_t);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return sizeof(int32_t);
}

static void show_bytes(const ProtobufCBinaryData *data, char out[DIFF_VALUE_SIZE])
{
    struct bytes bytes = {.at = data->data, .n = data->len};

    if (bytes.n > (DIFF_VALUE_SIZE - 1) / 2) {
        bytes.n = (DIFF_VALUE_SIZE - 1) / 2;
    }
    hex_encode(bytes, out);
}

static void show(ProtobufCType type, const void *at, char out[DIFF_VALUE_SIZE])
{
    if (!at) {
        (void)snprintf(out, DIFF_VALUE_SIZE, "none");
    } else if (type == PROTOBUF_C_TYPE_BYTES) {
        show_bytes(at, out);
    } else if (type == PROTOBUF_C_TYPE_STRING) {
        (void)snprintf(out, DIFF_VALUE_SIZE, "'%s'", *(char *const *)at);
    } else if (size_of(type) == sizeof(int64_t)) {
        (void)snprintf(out, DIFF_VALUE_SIZE, "%" PRId64, *(const int64_t *)at);
    } else {
        (void)snprintf(out, DIFF_VALUE_SIZE, "%" PRId32, *(const int32_t *)at);
    }
}

static bool is_equal(ProtobufCType type, const void *a, const void *b)
{
    if (type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *x = a;
        const ProtobufCBinaryData *y = b;

        return x->len == y->len && (x->len == 0 || memcmp(x->data, y->data, x->len) == 0);
    }
    if (type == PROTOBUF_C_TYPE_STRING) {
        return strcmp(*(char *const *)a, *(char *const *)b) == 0;
    }
    return memcmp(a, b, size_of(type)) == 0;
}

static void name(struct decision_diff *ret, const char *prefix,
                 const ProtobufCFieldDescriptor *field, size_t i)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        (void)snprintf(ret->field, sizeof(ret->field), "%s%s[%zu]", prefix, field->name, i);
    } else {
        (void)snprintf(ret->field, sizeof(ret->field), "%s%s", prefix, field->name);
    }
}

/* Compare a field of plain values; true when it differs. */
static bool diff_values(const ProtobufCMessage *a, const ProtobufCMessage *b,
                        const ProtobufCFieldDescriptor *field, const char *prefix,
                        struct decision_diff *ret)
{
    const size_t size = size_of(field->type);
    const size_t a_n = count_of(a, field);
    const size_t b_n = count_of(b, field);

    for (size_t i = 0; i < a_n || i < b_n; i++) {
        const void *x = i < a_n ? value_at(a, field, i, size) : NULL;
        const void *y = i < b_n ? value_at(b, field, i, size) : NULL;

        if (!x || !y || !is_equal(field->type, x, y)) {
            name(ret, prefix, field, i);
            show(field->type, x, ret->expected);
            show(field->type, y, ret->found);
            return true;
        }
    }
    return false;
}

/* Compare two messages whose fields are plain values (a posting, a reason, money). */
static bool diff_leaf(const ProtobufCMessage *a, const ProtobufCMessage *b, const char *prefix,
                      struct decision_diff *ret)
{
    for (unsigned i = 0; i < a->descriptor->n_fields; i++) {
        if (diff_values(a, b, &a->descriptor->fields[i], prefix, ret)) {
            return true;
        }
    }
    return false;
}

static bool diff_messages(const ProtobufCMessage *a, const ProtobufCMessage *b,
                          const ProtobufCFieldDescriptor *field, struct decision_diff *ret)
{
    const size_t a_n = count_of(a, field);
    const size_t b_n = count_of(b, field);
    char prefix[DIFF_FIELD_SIZE];

    for (size_t i = 0; i < a_n || i < b_n; i++) {
        ProtobufCMessage *const *x = i < a_n ? value_at(a, field, i, sizeof(void *)) : NULL;
        ProtobufCMessage *const *y = i < b_n ? value_at(b, field, i, sizeof(void *)) : NULL;
        const bool has_x = x && *x;
        const bool has_y = y && *y;

        name(ret, "", field, i);
        if (has_x != has_y) {
            (void)snprintf(ret->expected, sizeof(ret->expected), has_x ? "present" : "none");
            (void)snprintf(ret->found, sizeof(ret->found), has_y ? "present" : "none");
            return true;
        }
        (void)snprintf(prefix, sizeof(prefix), "%.*s.", DIFF_FIELD_SIZE - 2, ret->field);
        if (has_x && diff_leaf(*x, *y, prefix, ret)) {
            return true;
        }
    }
    return false;
}

static void diff_decisions(const ProtobufCMessage *a, const ProtobufCMessage *b,
                           struct decision_diff *ret)
{
    for (unsigned i = 0; i < a->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &a->descriptor->fields[i];

        if (field->type == PROTOBUF_C_TYPE_MESSAGE ? diff_messages(a, b, field, ret)
                                                   : diff_values(a, b, field, "", ret)) {
            return;
        }
    }
    (void)snprintf(ret->field, sizeof(ret->field), "encoding");
    (void)snprintf(ret->expected, sizeof(ret->expected), "canonical");
    (void)snprintf(ret->found, sizeof(ret->found), "another");
}

enum status decision_diff(struct bytes expected, struct bytes found, struct decision_diff *ret,
                          struct failure *err)
{
    Filing__V1__Decision *a = filing__v1__decision__unpack(NULL, expected.n, expected.at);
    Filing__V1__Decision *b = filing__v1__decision__unpack(NULL, found.n, found.at);
    enum status status = STATUS_OK;

    if (!a) {
        status = failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                             "a decision made again cannot be read");
    } else if (!b) {
        (void)snprintf(ret->field, sizeof(ret->field), "encoding");
        (void)snprintf(ret->expected, sizeof(ret->expected), "a decision of %zu bytes", expected.n);
        (void)snprintf(ret->found, sizeof(ret->found), "%zu bytes that are none", found.n);
    } else {
        diff_decisions(&a->base, &b->base, ret);
    }
    if (a) {
        filing__v1__decision__free_unpacked(a, NULL);
    }
    if (b) {
        filing__v1__decision__free_unpacked(b, NULL);
    }
    return status;
}
