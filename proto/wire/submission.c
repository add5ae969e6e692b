#include "wire/submission.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "filing/v1/filing.pb-c.h"
#include "filing/v1/reference.pb-c.h"
#include "filing/v1/submission.pb-c.h"
#include "wire/walk.h"

static struct text field_text(const struct wire_field *field)
{
    return (struct text){.at = (const char *)field->at, .n = (uint32_t)field->n};
}

static struct text text_of_name(const char *name)
{
    return (struct text){.at = name, .n = (uint32_t)strlen(name)};
}

static struct bytes field_bytes(const struct wire_field *field)
{
    return (struct bytes){.at = field->at, .n = field->n};
}

static enum status over_cap(struct failure *err, const char *what, size_t n, size_t max)
{
    return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0,
                       "undecodable: the %s has %zu bytes, more than %zu", what, n, max);
}

/* What the walk of the four fields of a Submission must have seen. */
static enum status submission_check(const struct submission *s, bool has_key, bool has_signature,
                                    struct failure *err)
{
    if (s->filing.at && s->bulletin.at) {
        return wire_undecodable(err, "filing and bulletin in one", 0);
    }
    if (!s->filing.at && !s->bulletin.at) {
        return wire_undecodable(err, "neither filing nor bulletin", 0);
    }
    if (has_key != has_signature) {
        return wire_undecodable(err, "key id and signature do not come together", 0);
    }
    if (has_key && !s->filing.at) {
        return wire_undecodable(err, "a key id and signature that are not beside a filing", 0);
    }
    if (s->filing.n > FILING_SIZE_MAX) {
        return over_cap(err, "filing", s->filing.n, FILING_SIZE_MAX);
    }
    if (s->bulletin.n > BULLETIN_SIZE_MAX) {
        return over_cap(err, "bulletin", s->bulletin.n, BULLETIN_SIZE_MAX);
    }
    return STATUS_OK;
}

enum status submission_split(const uint8_t *value, size_t n, struct submission *ret,
                             struct failure *err)
{
    struct submission s = {0};
    struct wire_reader reader = wire_open((struct bytes){.at = value, .n = value ? n : 0});
    struct wire_field field = {0};
    uint32_t before = 0;
    bool has_key = false;
    bool has_signature = false;
    enum status status = STATUS_OK;

    if (!value || n == 0) {
        return wire_undecodable(err, "there is no value", 0);
    }
    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field) || field.type != WIRE_BYTES) {
            return wire_undecodable(err, "a field is broken, cut off or of a wrong type", 0);
        }
        if (field.number > 4 || field.number <= before) {
            return wire_undecodable(err, "is unknown, repeated or out of order", field.number);
        }
        before = field.number;
        if (field.number == 1) {
            s.filing = field_bytes(&field);
        } else if (field.number == 2) {
            s.key_id = field_text(&field);
            has_key = true;
        } else if (field.number == 3) {
            s.signature = field_bytes(&field);
            has_signature = true;
        } else {
            s.bulletin = field_bytes(&field);
        }
    }
    status = submission_check(&s, has_key, has_signature, err);
    if (status) {
        return status;
    }
    s.is_signed = has_key;
    *ret = s;
    return STATUS_OK;
}

static enum status approval_read(struct bytes bytes, struct approval *ret, struct failure *err)
{
    struct wire_reader reader = wire_open(bytes);
    struct wire_field field = {0};
    uint32_t before = 0;

    *ret = (struct approval){0};
    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field) || field.type != WIRE_BYTES) {
            return wire_undecodable(err, "an approval is broken", 0);
        }
        if (field.number > 2 || field.number <= before) {
            return wire_undecodable(err, "of an approval is unknown, repeated or out of order",
                                    field.number);
        }
        before = field.number;
        if (field.number == 1) {
            ret->key_id = field_text(&field);
        } else {
            ret->signature = field_bytes(&field);
        }
    }
    return STATUS_OK;
}

enum status bulletin_split(const uint8_t *at, size_t n, struct bulletin *ret, struct failure *err)
{
    struct bulletin b = {0};
    struct wire_reader reader = wire_open((struct bytes){.at = at, .n = n});
    struct wire_field field = {0};

    while (reader.at < reader.end) {
        enum status status = STATUS_OK;

        if (!wire_next(&reader, &field) || field.type != WIRE_BYTES) {
            return wire_undecodable(err, "a field is broken, cut off or of a wrong type", 0);
        }
        if (field.number > 2 || (field.number == 1 && (b.content.at || b.approvals_n > 0))) {
            return wire_undecodable(err, "is unknown, repeated or out of order", field.number);
        }
        if (field.number == 1) {
            b.content = field_bytes(&field);
            continue;
        }
        if (b.approvals_n == APPROVALS_MAX) {
            return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0,
                               "undecodable: more than %d approvals", APPROVALS_MAX);
        }
        status = approval_read(field_bytes(&field), &b.approvals[b.approvals_n], err);
        if (status) {
            return status;
        }
        b.approvals_n++;
    }
    if (!b.content.at) {
        return wire_undecodable(err, "a bulletin without content", 0);
    }
    *ret = b;
    return STATUS_OK;
}

static enum status no_memory(struct failure *err)
{
    return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0,
                       "undecodable: it needs more memory than a record may");
}

enum status filing_decode(const uint8_t *at, size_t n, struct arena *arena, struct document *ret,
                          struct failure *err)
{
    struct document doc;
    struct node *root = NULL;
    enum status status = STATUS_OK;

    if (n > FILING_SIZE_MAX) {
        return over_cap(err, "filing", n, FILING_SIZE_MAX);
    }
    walk_document_open(arena, &doc);
    root = document_add(&doc, NULL, NULL, NODE_OBJECT);
    if (!root) {
        return no_memory(err);
    }
    status = walk_message(&filing__v1__filing__descriptor, (struct bytes){.at = at, .n = n}, &doc,
                          root, err);
    if (status) {
        return status;
    }
    walk_document_close(arena, &doc);
    *ret = doc;
    return STATUS_OK;
}

/* An open document with a root and a child "kind". */
static struct node *kind_open(struct arena *arena, struct document *doc, const char *kind)
{
    struct node *root = NULL;
    struct node *child = NULL;

    walk_document_open(arena, doc);
    root = document_add(doc, NULL, NULL, NODE_OBJECT);
    if (!root || !kind) {
        return root;
    }
    child = document_add(doc, root, NULL, NODE_TEXT);
    if (!child) {
        return NULL;
    }
    child->name = text_of_name("kind");
    child->text = text_of_name(kind);
    return root;
}

/* The one member of a Reference; 0 in ret->number when there is none. */
static enum status item_find(struct bytes bytes, struct wire_field *ret, uint32_t *ret_unknown,
                             struct failure *err)
{
    const ProtobufCMessageDescriptor *type = &filing__v1__reference__descriptor;
    struct wire_reader reader = wire_open(bytes);
    struct wire_field field = {0};

    *ret = field;
    *ret_unknown = 0;
    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field)) {
            return wire_undecodable(err, "an item is broken", 0);
        }
        if (!protobuf_c_message_descriptor_get_field(type, field.number)) {
            *ret_unknown = field.number;
            continue;
        }
        if (field.type != WIRE_BYTES || ret->number != 0) {
            return wire_undecodable(err, "of an item has a wrong type or is a second one",
                                    field.number);
        }
        *ret = field;
    }
    return STATUS_OK;
}

static enum status item_read(struct bytes bytes, struct arena *arena, struct document *ret,
                             struct failure *err)
{
    const ProtobufCFieldDescriptor *known = NULL;
    struct wire_field member = {0};
    uint32_t unknown = 0;
    struct document doc;
    struct node *root = NULL;
    enum status status = item_find(bytes, &member, &unknown, err);

    if (status) {
        return status;
    }
    if (member.number != 0) {
        known = protobuf_c_message_descriptor_get_field(&filing__v1__reference__descriptor,
                                                        member.number);
    }
    /* Beside an unknown field the kind is left out: an item without kind is refused. */
    root = kind_open(arena, &doc, known && unknown == 0 ? known->name : NULL);
    if (!root) {
        return no_memory(err);
    }
    if (known) {
        status = walk_message(known->descriptor, field_bytes(&member), &doc, root, err);
    }
    if (status) {
        return status;
    }
    walk_document_close(arena, &doc);
    *ret = doc;
    return STATUS_OK;
}

static bool named(const struct node *node, const char *name)
{
    return node->name.n == strlen(name) && memcmp(node->name.at, name, node->name.n) == 0;
}

/* Take what is not the operators out of the founding record's document. */
static bool founding_take(const struct node *node, struct content_parts *parts)
{
    if (named(node, "partitions")) {
        parts->partitions = (uint32_t)node->integer;
    } else if (named(node, "demonstration")) {
        parts->demonstration = node->integer != 0;
    } else if (named(node, "in_memory")) {
        parts->in_memory = node->integer != 0;
    } else if (named(node, "random")) {
        parts->has_random = node->text.n == sizeof(parts->random);
        if (parts->has_random) {
            memcpy(parts->random, node->text.at, sizeof(parts->random));
        }
    } else {
        return false;
    }
    return true;
}

static enum status founding_read(struct bytes bytes, struct arena *arena,
                                 struct content_parts *parts, struct failure *err)
{
    struct document *doc = &parts->operators;
    struct node *root = kind_open(arena, doc, "operators");
    uint32_t *link = NULL;
    enum status status = STATUS_OK;

    if (!root) {
        return no_memory(err);
    }
    status = walk_message(&filing__v1__founding__descriptor, bytes, doc, root, err);
    if (status) {
        return status;
    }
    walk_document_close(arena, doc);
    link = &root->child;
    while (*link != 0) {
        struct node *node = &doc->nodes[*link];

        if (founding_take(node, parts)) {
            *link = node->next;
        } else {
            link = &node->next;
        }
    }
    parts->has_founding = true;
    return STATUS_OK;
}

/* First pass: the number and where the founding record lies, how many items there are. */
static enum status content_scan(struct bytes bytes, struct content_parts *parts,
                                struct bytes *ret_founding, struct failure *err)
{
    struct wire_reader reader = wire_open(bytes);
    struct wire_field field = {0};
    bool has_number = false;

    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field)) {
            return wire_undecodable(err, "a field of the content is broken or cut off", 0);
        }
        if (field.number > 3) {
            parts->unknown_field = parts->unknown_field ? parts->unknown_field : field.number;
            continue;
        }
        if (field.type != (field.number == 1 ? WIRE_VARINT : WIRE_BYTES)) {
            return wire_undecodable(err, "of the content has a wrong wire type", field.number);
        }
        if ((field.number == 1 && has_number) || (field.number == 2 && ret_founding->at)) {
            return wire_undecodable(err, "of the content is there twice", field.number);
        }
        if (field.number == 1) {
            parts->number = field.value;
            has_number = true;
        } else if (field.number == 2) {
            *ret_founding = field_bytes(&field);
        } else {
            parts->items_n++;
        }
    }
    return STATUS_OK;
}

static enum status items_read(struct bytes bytes, struct arena *arena, struct content_parts *parts,
                              struct failure *err)
{
    struct wire_reader reader = wire_open(bytes);
    struct wire_field field = {0};
    uint32_t n = 0;
    enum status status = STATUS_OK;

    parts->items = arena_alloc(arena, parts->items_n * sizeof(struct document));
    if (!parts->items) {
        return no_memory(err);
    }
    while (reader.at < reader.end && !status) {
        if (!wire_next(&reader, &field)) {
            return wire_undecodable(err, "a field of the content is broken or cut off", 0);
        }
        if (field.number == 3) {
            assert(n < parts->items_n);
            status = item_read(field_bytes(&field), arena, &parts->items[n], err);
            n++;
        }
    }
    return status;
}

enum status content_decode(const uint8_t *at, size_t n, struct arena *arena,
                           struct content_parts *ret, struct failure *err)
{
    struct content_parts parts = {0};
    struct bytes bytes = {.at = at, .n = n};
    struct bytes founding = {0};
    enum status status = STATUS_OK;

    if (n > BULLETIN_SIZE_MAX) {
        return over_cap(err, "content", n, BULLETIN_SIZE_MAX);
    }
    status = content_scan(bytes, &parts, &founding, err);
    if (!status && founding.at) {
        status = founding_read(founding, arena, &parts, err);
    }
    if (!status && parts.items_n > 0) {
        status = items_read(bytes, arena, &parts, err);
    }
    if (status) {
        return status;
    }
    *ret = parts;
    return STATUS_OK;
}
