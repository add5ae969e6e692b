#include "wire/encode.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "filing/v1/filing.pb-c.h"
#include "filing/v1/reference.pb-c.h"
#include "filing/v1/submission.pb-c.h"
#include "form/money.h"
#include "form/text.h"
#include "wire/put.h"
#include "wire/walk.h"

/* A message that is being written: its fields in ascending order, below one node. */
struct open_message {
    const ProtobufCMessageDescriptor *type;
    const struct node *object;
    const struct node *element; /* the next of the list of fields[field], NULL = none */
    uint32_t field;             /* index of the next field of type */
    uint8_t *start;             /* of its payload, NULL for the outermost */
};

struct encoder {
    const struct document *doc;
    struct put put;
    struct failure *err;
    const ProtobufCFieldDescriptor *details; /* the member of a filing's details, NULL = none */
    uint32_t depth;
    struct open_message open[WALK_DEPTH_MAX];
};

static enum status no_encoding(struct encoder *e, const char *what, const struct node *node)
{
    return failure_set(
        e->err, STATUS_INVALID, REMEDY_NONE, 0, "it has no canonical encoding: '%.*s' %s",
        node->name.n > 64 ? 64 : (int)node->name.n, node->name.n > 0 ? node->name.at : "", what);
}

static enum status full(struct failure *err)
{
    return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0,
                       "it is too long: no room for its encoding");
}

static const struct node *sibling(const struct document *doc, const struct node *node)
{
    return node->next == 0 ? NULL : &doc->nodes[node->next];
}

static const struct node *child(const struct document *doc, const struct node *node)
{
    return node->child == 0 ? NULL : &doc->nodes[node->child];
}

static bool is_empty_text(const struct node *node)
{
    return node->kind == NODE_TEXT && node->text.n == 0;
}

/* The type that has the field of a name, in a name's own bytes. */
static const ProtobufCFieldDescriptor *field_named(const ProtobufCMessageDescriptor *type,
                                                   struct text name)
{
    char text[64];

    if (name.n >= sizeof(text) || name.n == 0 || memchr(name.at, 0, name.n)) {
        return NULL;
    }
    memcpy(text, name.at, name.n);
    text[name.n] = 0;
    return protobuf_c_message_descriptor_get_field_by_name(type, text);
}

static bool name_is(const struct node *node, const char *name)
{
    return node->name.n == strlen(name) && memcmp(node->name.at, name, node->name.n) == 0;
}

/* In a filing the members of details are no fields of the JSON, and "details" is one. */
static bool is_details(const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field)
{
    return type == &filing__v1__filing__descriptor && field->type == PROTOBUF_C_TYPE_MESSAGE;
}

/* Every child of an object is a field of its type. */
static enum status names_check(struct encoder *e, const ProtobufCMessageDescriptor *type,
                               const struct node *object)
{
    for (const struct node *node = child(e->doc, object); node; node = sibling(e->doc, node)) {
        const ProtobufCFieldDescriptor *field = field_named(type, node->name);
        bool known = field && !is_details(type, field);

        if (type == &filing__v1__filing__descriptor && name_is(node, "details")) {
            known = true;
        }
        if (object == &e->doc->nodes[0] && type != &filing__v1__filing__descriptor &&
            name_is(node, "kind")) {
            known = true; /* of a reference object: it chose the type */
        }
        if (!known) {
            return no_encoding(e, "is not a field", node);
        }
    }
    return STATUS_OK;
}

static enum status message_open(struct encoder *e, const ProtobufCMessageDescriptor *type,
                                const struct node *object)
{
    struct open_message *open = &e->open[e->depth];

    assert(e->depth < WALK_DEPTH_MAX);
    *open = (struct open_message){.type = type, .object = object};
    e->depth++;
    return names_check(e, type, object);
}

/* "currency" and "value" as texts, nothing else. */
static enum status put_money(struct encoder *e, const struct node *object)
{
    const struct node *value = NULL;
    const struct node *currency = NULL;
    int64_t minor = 0;
    int scale = 0;

    for (const struct node *node = child(e->doc, object); node; node = sibling(e->doc, node)) {
        if (node->kind != NODE_TEXT && node->kind != NODE_DECIMAL) {
            return no_encoding(e, "is no text", node);
        }
        if (name_is(node, "currency") && node->kind == NODE_TEXT) {
            currency = node;
        } else if (name_is(node, "value")) {
            value = is_empty_text(node) ? NULL : node;
        } else {
            return no_encoding(e, "is not a field of an amount", node);
        }
    }
    if (value && value->kind == NODE_DECIMAL) {
        minor = value->integer;
        scale = (int)value->scale;
    } else if (value && !money_parse_signed(value->text.at, value->text.n, &minor, &scale)) {
        return no_encoding(e, "is no decimal of at most 18 decimals", value);
    }
    if (currency) {
        put_bytes(&e->put, 1, currency->text.at, currency->text.n);
    }
    if (value) {
        put_tag(&e->put, 2, WIRE_VARINT);
        put_varint(&e->put, (uint64_t)minor);
        put_uint(&e->put, 3, (uint64_t)scale);
    }
    return STATUS_OK;
}

/* A rate: the node's name is its currency. */
static enum status put_rate(struct encoder *e, const struct node *node)
{
    if (node->kind != NODE_TEXT) {
        return no_encoding(e, "is no text", node);
    }
    put_bytes(&e->put, 1, node->name.at, node->name.n);
    put_bytes(&e->put, 2, node->text.at, node->text.n);
    return STATUS_OK;
}

/* A sub-message: written at once when it holds no other, else opened. */
static enum status put_object(struct encoder *e, const ProtobufCFieldDescriptor *field,
                              const struct node *node)
{
    uint8_t *start = NULL;
    enum status status = STATUS_OK;

    if (field->descriptor == &filing__v1__rate__descriptor) {
        start = put_open(&e->put, field->id);
        status = put_rate(e, node);
        put_close(&e->put, start);
        return status;
    }
    if (node->kind != NODE_OBJECT) {
        return no_encoding(e, "is no object", node);
    }
    start = put_open(&e->put, field->id);
    if (field->descriptor != &filing__v1__money__descriptor) {
        status = message_open(e, field->descriptor, node);
        e->open[e->depth - 1].start = start;
        return status;
    }
    status = put_money(e, node);
    put_close(&e->put, start);
    return status;
}

/* One value of a field; element says that it stands in a list. */
static enum status put_value(struct encoder *e, const ProtobufCFieldDescriptor *field,
                             const struct node *node, bool element)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        if (node->kind != NODE_TEXT) {
            return no_encoding(e, "is no text", node);
        }
        if (node->text.n > 0 || element) {
            put_length(&e->put, field->id, node->text.at, node->text.n);
        }
        return STATUS_OK;
    case PROTOBUF_C_TYPE_MESSAGE:
        return put_object(e, field, node);
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_INT64:
        if (node->kind != (field->type == PROTOBUF_C_TYPE_BOOL ? NODE_BOOLEAN : NODE_INTEGER)) {
            return no_encoding(e, "is of a wrong type", node);
        }
        put_tag(&e->put, field->id, WIRE_VARINT);
        put_varint(&e->put, (uint64_t)node->integer);
        return STATUS_OK;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_BYTES:
        break;
    }
    return no_encoding(e, "has no place in a document", node);
}

/* Write the next field, or the next element of the list that is under way, of the innermost open
 * message. */
static enum status field_put(struct encoder *e, struct open_message *open)
{
    const ProtobufCFieldDescriptor *field = &open->type->fields[open->field];
    const struct node *node = open->element;

    if (node) {
        open->element = sibling(e->doc, node);
        open->field += open->element ? 0 : 1;
        return put_value(e, field, node, true);
    }
    if (is_details(open->type, field)) {
        node = field == e->details ? document_find(e->doc, open->object, "details") : NULL;
    } else {
        node = document_find(e->doc, open->object, field->name);
    }
    if (!node || field->label != PROTOBUF_C_LABEL_REPEATED) {
        open->field++;
        return node ? put_value(e, field, node, false) : STATUS_OK;
    }
    if (node->kind !=
        (field->descriptor == &filing__v1__rate__descriptor ? NODE_OBJECT : NODE_LIST)) {
        return no_encoding(e, "is no list", node);
    }
    open->element = child(e->doc, node);
    open->field += open->element ? 0 : 1;
    return STATUS_OK;
}

static enum status encode(struct encoder *e, const ProtobufCMessageDescriptor *type)
{
    enum status status = message_open(e, type, &e->doc->nodes[0]);

    while (!status && e->depth > 0 && !e->put.full) {
        struct open_message *open = &e->open[e->depth - 1];

        if (open->element || open->field < open->type->n_fields) {
            status = field_put(e, open);
            continue;
        }
        if (open->start) {
            put_close(&e->put, open->start);
        }
        e->depth--;
    }
    if (!status && e->put.full) {
        return full(e->err);
    }
    return status;
}

/* The details member: the one that was read, or else the one that the event names. */
static enum status details_choose(struct encoder *e)
{
    const struct node *root = &e->doc->nodes[0];
    const struct node *details = document_find(e->doc, root, "details");
    const struct node *event = document_find(e->doc, root, "event");
    struct text name = e->doc->details_member;
    char member[64];

    if (!details) {
        return STATUS_OK;
    }
    if (name.n == 0) {
        if (!event || event->kind != NODE_TEXT || event->text.n == 0 ||
            event_find(event->text.at, event->text.n) == EVENT_NONE) {
            return no_encoding(e, "are of no known event", details);
        }
        name = event->text;
    }
    assert(name.n < sizeof(member));
    for (uint32_t i = 0; i < name.n; i++) {
        member[i] = name.at[i];
        if (member[i] == '.') {
            member[i] = '_';
        }
    }
    member[name.n] = 0;
    e->details =
        protobuf_c_message_descriptor_get_field_by_name(&filing__v1__filing__descriptor, member);
    assert(e->details);
    return STATUS_OK;
}

static enum status root_check(const struct document *doc, struct failure *err)
{
    if (doc->n == 0 || doc->nodes[0].kind != NODE_OBJECT) {
        return failure_set(err, STATUS_INVALID, REMEDY_NONE, 0,
                           "it has no canonical encoding: it is no object");
    }
    return STATUS_OK;
}

static enum status filing_encode_below(const struct document *doc, size_t size_max,
                                       struct arena *arena, struct bytes *ret, struct failure *err)
{
    struct encoder e = {.doc = doc, .err = err};
    enum status status = root_check(doc, err);

    if (status) {
        return status;
    }
    put_begin(&e.put, arena, size_max);
    status = details_choose(&e);
    if (!status) {
        status = encode(&e, &filing__v1__filing__descriptor);
    }
    if (status) {
        return status;
    }
    *ret = put_end(&e.put, arena);
    return STATUS_OK;
}

enum status filing_encode(const struct document *doc, struct arena *arena, struct bytes *ret,
                          struct failure *err)
{
    return filing_encode_below(doc, FILING_SIZE_MAX, arena, ret, err);
}

enum status filing_encode_oversize(const struct document *doc, struct arena *arena,
                                   struct bytes *ret, struct failure *err)
{
    return filing_encode_below(doc, MESSAGE_SIZE_MAX, arena, ret, err);
}

enum status reference_encode(const struct document *doc, struct arena *arena, struct bytes *ret,
                             struct failure *err)
{
    struct encoder e = {.doc = doc, .err = err};
    enum status status = root_check(doc, err);
    const struct node *kind = NULL;
    const ProtobufCFieldDescriptor *member = NULL;
    uint8_t *start = NULL;

    if (status) {
        return status;
    }
    kind = document_find(doc, &doc->nodes[0], "kind");
    if (kind && kind->kind == NODE_TEXT) {
        member = field_named(&filing__v1__reference__descriptor, kind->text);
    }
    if (!member) {
        return failure_set(err, STATUS_INVALID, REMEDY_NONE, 0,
                           "it has no canonical encoding: 'kind' is none of reference data");
    }
    put_begin(&e.put, arena, BULLETIN_SIZE_MAX);
    start = put_open(&e.put, member->id);
    status = encode(&e, member->descriptor);
    if (status) {
        return status;
    }
    put_close(&e.put, start);
    if (e.put.full) {
        return full(err);
    }
    *ret = put_end(&e.put, arena);
    return STATUS_OK;
}

/* What was put, if it fitted. */
static enum status finish(struct put *put, struct arena *arena, struct bytes *ret)
{
    if (put->full) {
        return STATUS_LIMIT;
    }
    *ret = put_end(put, arena);
    return STATUS_OK;
}

enum status submission_encode(struct bytes filing, struct text key_id, struct bytes signature,
                              struct arena *arena, struct bytes *ret)
{
    struct put put;

    put_begin(&put, arena, MESSAGE_SIZE_MAX);
    put_length(&put, 1, filing.at, filing.n);
    if (key_id.n > 0) {
        put_length(&put, 2, key_id.at, key_id.n);
        put_length(&put, 3, signature.at, signature.n);
    }
    return finish(&put, arena, ret);
}

enum status submission_encode_bulletin(struct bytes bulletin, struct arena *arena,
                                       struct bytes *ret)
{
    struct put put;

    put_begin(&put, arena, MESSAGE_SIZE_MAX);
    put_length(&put, 4, bulletin.at, bulletin.n);
    return finish(&put, arena, ret);
}

enum status content_encode(uint64_t number, const struct bytes *items, size_t items_n,
                           struct arena *arena, struct bytes *ret)
{
    struct put put;

    put_begin(&put, arena, BULLETIN_SIZE_MAX);
    put_uint(&put, 1, number);
    for (size_t i = 0; i < items_n; i++) {
        put_length(&put, 3, items[i].at, items[i].n);
    }
    return finish(&put, arena, ret);
}

enum status founding_encode(const struct founding_parts *founding, struct arena *arena,
                            struct bytes *ret, struct failure *err)
{
    struct encoder e = {.doc = founding->operators, .err = err};
    enum status status = root_check(founding->operators, err);
    uint8_t *start = NULL;

    if (status) {
        return status;
    }
    put_begin(&e.put, arena, BULLETIN_SIZE_MAX);
    start = put_open(&e.put, 2);
    /* An operators object has the field of a founding record of the same name and number. */
    status = encode(&e, &filing__v1__operator_register__descriptor);
    if (status) {
        return status;
    }
    put_uint(&e.put, 2, founding->partitions);
    put_uint(&e.put, 3, founding->demonstration);
    put_uint(&e.put, 4, founding->in_memory);
    put_bytes(&e.put, 5, founding->random, sizeof(founding->random));
    put_close(&e.put, start);
    if (e.put.full) {
        return full(err);
    }
    *ret = put_end(&e.put, arena);
    return STATUS_OK;
}

enum status bulletin_encode(struct bytes content, const struct approval *approvals,
                            size_t approvals_n, struct arena *arena, struct bytes *ret)
{
    struct put put;

    if (approvals_n > APPROVALS_MAX) {
        return STATUS_LIMIT;
    }
    put_begin(&put, arena, BULLETIN_SIZE_MAX);
    put_length(&put, 1, content.at, content.n);
    for (size_t i = 0; i < approvals_n; i++) {
        uint8_t *start = put_open(&put, 2);

        put_bytes(&put, 1, approvals[i].key_id.at, approvals[i].key_id.n);
        put_bytes(&put, 2, approvals[i].signature.at, approvals[i].signature.n);
        put_close(&put, start);
    }
    return finish(&put, arena, ret);
}
