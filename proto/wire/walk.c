#include "wire/walk.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "filing/v1/filing.pb-c.h"
#include "filing/v1/reference.pb-c.h"

#define VARINT_SIZE_MAX 10
#define TAG_SIZE_MAX    5
#define LISTS_MAX       2 /* repeated fields of one message: roles and keys */

static bool varint_next(struct wire_reader *reader, size_t size_max, uint64_t *ret)
{
    uint64_t value = 0;
    size_t left = (size_t)(reader->end - reader->at);
    size_t n = left < size_max ? left : size_max;

    for (size_t i = 0; i < n; i++) {
        value |= (uint64_t)(reader->at[i] & 0x7f) << (7 * i);
        if (reader->at[i] < 0x80) {
            reader->at += i + 1;
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool skip(struct wire_reader *reader, size_t n)
{
    if (n > (size_t)(reader->end - reader->at)) {
        return false;
    }
    reader->at += n;
    return true;
}

bool wire_next(struct wire_reader *reader, struct wire_field *ret)
{
    uint64_t tag = 0;
    uint64_t n = 0;

    if (!varint_next(reader, TAG_SIZE_MAX, &tag) || tag > UINT32_MAX || tag >> 3 == 0) {
        return false;
    }
    ret->number = (uint32_t)(tag >> 3);
    ret->at = NULL;
    ret->n = 0;
    ret->value = 0;
    switch (tag & 7) {
    case WIRE_VARINT:
        ret->type = WIRE_VARINT;
        return varint_next(reader, VARINT_SIZE_MAX, &ret->value);
    case WIRE_FIXED64:
        ret->type = WIRE_FIXED64;
        return skip(reader, 8);
    case WIRE_BYTES:
        ret->type = WIRE_BYTES;
        if (!varint_next(reader, VARINT_SIZE_MAX, &n) || n > (size_t)(reader->end - reader->at)) {
            return false;
        }
        ret->at = reader->at;
        ret->n = (size_t)n;
        reader->at += n;
        return true;
    case WIRE_FIXED32:
        ret->type = WIRE_FIXED32;
        return skip(reader, 4);
    default:
        return false;
    }
}

enum status wire_undecodable(struct failure *err, const char *what, uint32_t field)
{
    if (field == 0) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_NONE, 0, "undecodable: %s", what);
    }
    return failure_set(err, STATUS_CORRUPT, REMEDY_NONE, 0, "undecodable: field %" PRIu32 " %s",
                       field, what);
}

static enum status full(struct failure *err)
{
    return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0,
                       "undecodable: it needs more memory than a record may");
}

/* A message that is being read. */
struct frame {
    const ProtobufCMessageDescriptor *type;
    struct wire_reader reader;
    struct node *object;
    struct node *last; /* child of object */
    uint64_t seen;     /* bit i: fields[i] was there */
    bool has_choice;   /* a member of the choice among messages was there */
    uint32_t lists_n;
    struct {
        const ProtobufCFieldDescriptor *field;
        struct node *list;
        struct node *last;
    } lists[LISTS_MAX];
};

struct walk {
    struct document *doc;
    struct failure *err;
    uint32_t depth;
    struct frame frames[WALK_DEPTH_MAX];
};

static struct text text_of_name(const char *name)
{
    return (struct text){.at = name, .n = (uint32_t)strlen(name)};
}

static struct text text_of_bytes(const uint8_t *at, size_t n)
{
    return (struct text){.at = (const char *)at, .n = (uint32_t)n};
}

static const ProtobufCFieldDescriptor *field_find(const ProtobufCMessageDescriptor *type,
                                                  uint32_t number)
{
    /* Most messages number their fields from 1 without gaps. */
    if (number <= type->n_fields && type->fields[number - 1].id == number) {
        return &type->fields[number - 1];
    }
    return protobuf_c_message_descriptor_get_field(type, number);
}

static enum wire_type wire_type_of(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES ||
                   field->type == PROTOBUF_C_TYPE_MESSAGE
               ? WIRE_BYTES
               : WIRE_VARINT;
}

/* A child of the frame's object. */
static struct node *child_add(struct walk *walk, struct frame *frame, enum node_kind kind)
{
    struct node *node = document_add(walk->doc, frame->object, frame->last, kind);

    if (node) {
        frame->last = node;
    }
    return node;
}

/* A field that nobody knows: a node named by its number.  The digits lie in the slot after the
 * node, which is no node of the tree; so they live as long as it. */
static enum status unknown_add(struct walk *walk, struct node *object, struct node **last,
                               uint32_t number)
{
    struct node *node = document_add(walk->doc, object, *last, NODE_NULL);
    char *digits = NULL;

    if (!node || walk->doc->n == walk->doc->max) {
        return full(walk->err);
    }
    digits = (char *)&walk->doc->nodes[walk->doc->n++];
    node->name.n = (uint32_t)snprintf(digits, sizeof(struct node), "%" PRIu32, number);
    node->name.at = digits;
    *last = node;
    return STATUS_OK;
}

/* Money: currency, minor and scale become an object of currency and value. */
static enum status money_read(struct walk *walk, const struct wire_field *outer,
                              struct node *object)
{
    struct wire_reader reader = wire_open((struct bytes){.at = outer->at, .n = outer->n});
    struct wire_field field;
    struct node *last = NULL;
    uint32_t seen = 0;
    int64_t minor = 0;
    uint32_t scale = 0;

    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field)) {
            return wire_undecodable(walk->err, "an amount is broken", 0);
        }
        if (field.number > 3) {
            if (unknown_add(walk, object, &last, field.number)) {
                return STATUS_LIMIT;
            }
            continue;
        }
        if (field.type != (field.number == 1 ? WIRE_BYTES : WIRE_VARINT) ||
            seen & 1u << field.number) {
            return wire_undecodable(walk->err, "of an amount is repeated or of a wrong type",
                                    field.number);
        }
        seen |= 1u << field.number;
        if (field.number == 2) {
            minor = (int64_t)field.value;
        } else if (field.number == 3) {
            scale = (uint32_t)field.value; /* as every protobuf reader takes it */
        } else if (field.n > 0) {
            last = document_add(walk->doc, object, last, NODE_TEXT);
            if (!last) {
                return full(walk->err);
            }
            last->name = text_of_name("currency");
            last->text = text_of_bytes(field.at, field.n);
        }
    }
    if (!(seen & 1u << 2)) {
        return STATUS_OK;
    }
    last = document_add(walk->doc, object, last, scale > 18 ? NODE_NUMBER : NODE_DECIMAL);
    if (!last) {
        return full(walk->err);
    }
    last->name = text_of_name("value");
    last->integer = minor;
    last->scale = scale;
    return STATUS_OK;
}

/* A rate of a sheet: its currency names a text in the object of rates. */
static enum status rate_read(struct walk *walk, const struct wire_field *outer, struct node *node)
{
    struct wire_reader reader = wire_open((struct bytes){.at = outer->at, .n = outer->n});
    struct wire_field field;
    uint32_t seen = 0;

    node->kind = NODE_TEXT;
    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field)) {
            return wire_undecodable(walk->err, "a rate is broken", 0);
        }
        if (field.number > 2) {
            node->kind = NODE_NULL; /* more than a rate: ill-typed for whoever reads it */
            continue;
        }
        if (field.type != WIRE_BYTES || seen & 1u << field.number) {
            return wire_undecodable(walk->err, "of a rate is repeated or of a wrong type",
                                    field.number);
        }
        seen |= 1u << field.number;
        if (field.number == 1) {
            node->name = text_of_bytes(field.at, field.n);
        } else {
            node->text = text_of_bytes(field.at, field.n);
        }
    }
    return STATUS_OK;
}

/* The list of a repeated field, made at its first element; NULL when the document is full. */
static struct node *element_add(struct walk *walk, struct frame *frame,
                                const ProtobufCFieldDescriptor *field, enum node_kind kind)
{
    bool is_rates = field->descriptor == &filing__v1__rate__descriptor;
    struct node *element = NULL;
    uint32_t i = 0;

    while (i < frame->lists_n && frame->lists[i].field != field) {
        i++;
    }
    if (i == frame->lists_n) {
        struct node *list = child_add(walk, frame, is_rates ? NODE_OBJECT : NODE_LIST);

        assert(i < LISTS_MAX);
        if (!list) {
            return NULL;
        }
        list->name = text_of_name(field->name);
        frame->lists[i].field = field;
        frame->lists[i].list = list;
        frame->lists[i].last = NULL;
        frame->lists_n++;
    }
    element = document_add(walk->doc, frame->lists[i].list, frame->lists[i].last, kind);
    if (element) {
        frame->lists[i].last = element;
    }
    return element;
}

static void frame_push(struct walk *walk, const ProtobufCMessageDescriptor *type,
                       struct bytes bytes, struct node *object)
{
    struct frame *frame = &walk->frames[walk->depth];

    assert(walk->depth < WALK_DEPTH_MAX);
    assert(type->n_fields <= 64);
    frame->type = type;
    frame->reader = wire_open(bytes);
    frame->object = object;
    frame->last = NULL;
    frame->seen = 0;
    frame->has_choice = false;
    frame->lists_n = 0;
    walk->depth++;
}

/* A field that its message type knows, of the right wire type and not there before: its node. */
static enum status field_add(struct walk *walk, struct frame *frame,
                             const ProtobufCFieldDescriptor *known, const struct wire_field *field)
{
    static const struct {
        ProtobufCType type;
        enum node_kind kind;
    } kinds[] = {
        {PROTOBUF_C_TYPE_STRING, NODE_TEXT},   {PROTOBUF_C_TYPE_MESSAGE, NODE_OBJECT},
        {PROTOBUF_C_TYPE_INT64, NODE_INTEGER}, {PROTOBUF_C_TYPE_UINT32, NODE_INTEGER},
        {PROTOBUF_C_TYPE_BYTES, NODE_TEXT},    {PROTOBUF_C_TYPE_BOOL, NODE_BOOLEAN},
    };
    bool repeated = known->label == PROTOBUF_C_LABEL_REPEATED;
    enum node_kind kind = NODE_NULL;
    struct node *node = NULL;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        kind = kinds[i].type == known->type ? kinds[i].kind : kind;
    }
    assert(kind != NODE_NULL);
    if (kind == NODE_TEXT && field->n == 0 && !repeated) {
        return STATUS_OK;
    }
    node = repeated ? element_add(walk, frame, known, kind) : child_add(walk, frame, kind);
    if (!node) {
        return full(walk->err);
    }
    if (!repeated) {
        node->name = text_of_name(known->name);
    }
    if (kind == NODE_TEXT) {
        node->text = text_of_bytes(field->at, field->n);
        return STATUS_OK;
    }
    if (kind != NODE_OBJECT) {
        node->integer = kind == NODE_BOOLEAN ? field->value != 0 : (int64_t)field->value;
        return STATUS_OK;
    }
    if (known->descriptor == &filing__v1__money__descriptor) {
        return money_read(walk, field, node);
    }
    if (known->descriptor == &filing__v1__rate__descriptor) {
        return rate_read(walk, field, node);
    }
    if (frame->type == &filing__v1__filing__descriptor) {
        walk->doc->details_member = node->name;
        node->name = text_of_name("details");
    }
    frame_push(walk, known->descriptor, (struct bytes){.at = field->at, .n = field->n}, node);
    return STATUS_OK;
}

static enum status field_read(struct walk *walk, struct frame *frame)
{
    const ProtobufCFieldDescriptor *known = NULL;
    struct wire_field field;
    uint64_t bit = 0;

    if (!wire_next(&frame->reader, &field)) {
        return wire_undecodable(walk->err, "a field is broken or cut off", 0);
    }
    known = field_find(frame->type, field.number);
    if (!known) {
        return unknown_add(walk, frame->object, &frame->last, field.number);
    }
    if (field.type != wire_type_of(known)) {
        return wire_undecodable(walk->err, "has a wrong wire type", field.number);
    }
    if (known->label == PROTOBUF_C_LABEL_REPEATED) {
        return field_add(walk, frame, known, &field);
    }
    bit = UINT64_C(1) << (known - frame->type->fields);
    if (frame->seen & bit) {
        return wire_undecodable(walk->err, "is there twice", field.number);
    }
    frame->seen |= bit;
    /* Integers and booleans are each alone in their choice; only messages share one. */
    if (known->type == PROTOBUF_C_TYPE_MESSAGE && known->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (frame->has_choice) {
            return wire_undecodable(walk->err, "is a second member of one choice", field.number);
        }
        frame->has_choice = true;
    }
    return field_add(walk, frame, known, &field);
}

enum status walk_message(const ProtobufCMessageDescriptor *type, struct bytes bytes,
                         struct document *doc, struct node *object, struct failure *err)
{
    struct walk walk;

    walk.doc = doc;
    walk.err = err;
    walk.depth = 0;
    frame_push(&walk, type, bytes, object);
    for (uint32_t i = object->child; i != 0; i = doc->nodes[i].next) {
        walk.frames[0].last = &doc->nodes[i];
    }
    while (walk.depth > 0) {
        struct frame *frame = &walk.frames[walk.depth - 1];
        enum status status = STATUS_OK;

        if (frame->reader.at == frame->reader.end) {
            walk.depth--;
            continue;
        }
        status = field_read(&walk, frame);
        if (status) {
            return status;
        }
    }
    return STATUS_OK;
}

void walk_document_open(struct arena *arena, struct document *doc)
{
    size_t n = 0;
    void *at = arena_take_rest(arena, &n);
    size_t max = n / sizeof(struct node);

    *doc = (struct document){.nodes = at, .max = max > UINT32_MAX ? UINT32_MAX : (uint32_t)max};
}

void walk_document_close(struct arena *arena, const struct document *doc)
{
    arena_keep(arena, doc->nodes, doc->n * sizeof(struct node));
}
