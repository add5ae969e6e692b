#include "wire/dissect.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "filing/v1/filing.pb-c.h"
#include "filing/v1/reference.pb-c.h"
#include "filing/v1/submission.pb-c.h"
#include "wire/submission.h"

#define DEPTH_MAX  10 /* a bulletin's key of a member needs 8 */
#define FIELDS_MAX 64 /* of one message type */
#define VARINT_MAX 10
#define TAG_MAX    5

enum { SUBMISSION_FILING = 1, SUBMISSION_KEY_ID, SUBMISSION_SIGNATURE, SUBMISSION_BULLETIN };
enum { BULLETIN_CONTENT = 1, BULLETIN_APPROVALS };

/* A message that is being read. */
struct frame {
    const ProtobufCMessageDescriptor *type;
    struct wire_reader reader;
    size_t path_n;               /* of its own path */
    uint32_t before;             /* number of the field before */
    uint64_t seen;               /* bit i: fields[i] was there */
    bool has_choice;             /* a member of the choice among messages was there */
    uint32_t counts[FIELDS_MAX]; /* of the repeated fields */
};

struct dissection {
    struct bytes value;
    dissect_field_fn *fn;
    void *arg;
    struct wire_fault *fault;
    char path[DISSECT_PATH_SIZE];
    size_t path_n;
    uint32_t depth;
    struct frame frames[DEPTH_MAX];
};

const char *wire_fault_name(enum wire_fault_kind kind)
{
    static const char *const names[] = {
        "",
        "no value",
        "too large",
        "cut off",
        "broken",
        "wrong type",
        "not in line",
        "twice",
        "second of a choice",
        "parts",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == WIRE_FAULT_N, "a name for each fault");

    return kind < WIRE_FAULT_N ? names[kind] : "";
}

static void fail(struct dissection *d, enum wire_fault_kind kind, const uint8_t *at,
                 const char *fmt, ...) PRINTF_LIKE(4, 5);

static void fail(struct dissection *d, enum wire_fault_kind kind, const uint8_t *at,
                 const char *fmt, ...)
{
    va_list args;

    d->fault->kind = kind;
    d->fault->at = at ? (size_t)(at - d->value.at) : 0;
    (void)snprintf(d->fault->path, sizeof(d->fault->path), "%.*s", (int)d->path_n, d->path);
    va_start(args, fmt);
    (void)vsnprintf(d->fault->text, sizeof(d->fault->text), fmt, args);
    va_end(args);
}

/* ---- paths ---------------------------------------------------------------------------------- */

static void path_add(struct dissection *d, const char *part)
{
    const size_t room = sizeof(d->path) - d->path_n;
    const int n = snprintf(d->path + d->path_n, room, "/%s", part);

    d->path_n += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void path_add_number(struct dissection *d, uint32_t number)
{
    char digits[12];

    (void)snprintf(digits, sizeof(digits), "%" PRIu32, number);
    path_add(d, digits);
}

/* The field's name, or its number when nobody knows it; of a list the element too. */
static void path_set(struct dissection *d, struct frame *frame,
                     const ProtobufCFieldDescriptor *known, uint32_t number)
{
    d->path_n = frame->path_n;
    if (!known) {
        path_add_number(d, number);
        return;
    }
    path_add(d, known->name);
    if (known->label == PROTOBUF_C_LABEL_REPEATED) {
        path_add_number(d, frame->counts[known - frame->type->fields]++);
    }
}

/* ---- a field that cannot be read ------------------------------------------------------------ */

/* Length of the varint at the reader; 0: it goes on behind the end, or beyond max bytes. */
static size_t varint_length(const struct wire_reader *reader, size_t max, uint64_t *ret)
{
    const size_t left = (size_t)(reader->end - reader->at);

    *ret = 0;
    for (size_t i = 0; i < max && i < left; i++) {
        *ret |= (uint64_t)(reader->at[i] & 0x7f) << (7 * i);
        if (reader->at[i] < 0x80) {
            return i + 1;
        }
    }
    return 0;
}

static void fail_varint(struct dissection *d, const struct wire_reader *reader, const uint8_t *at,
                        size_t max, const char *what)
{
    if ((size_t)(reader->end - reader->at) < max) {
        fail(d, WIRE_FAULT_CUT_OFF, at, "%s is cut off", what);
    } else {
        fail(d, WIRE_FAULT_BROKEN, at, "%s goes on beyond %zu bytes", what, max);
    }
}

/* wire_next() would not read the field that begins at the reader: why. */
static void fail_unreadable(struct dissection *d, struct frame *frame, struct wire_reader reader)
{
    const uint8_t *const at = reader.at;
    uint64_t tag = 0;
    uint64_t n = 0;
    size_t length = varint_length(&reader, TAG_MAX, &tag);
    size_t left;

    d->path_n = frame->path_n;
    if (length == 0) {
        fail_varint(d, &reader, at, TAG_MAX, "a tag");
        return;
    }
    reader.at += length;
    left = (size_t)(reader.end - reader.at);
    if (tag > UINT32_MAX || tag >> 3 == 0) {
        fail(d, WIRE_FAULT_BROKEN, at, "a tag of field %" PRIu64 ", which there cannot be",
             tag >> 3);
        return;
    }
    path_set(d, frame, protobuf_c_message_descriptor_get_field(frame->type, (unsigned)(tag >> 3)),
             (uint32_t)(tag >> 3));
    switch (tag & 7) {
    case WIRE_VARINT:
        fail_varint(d, &reader, at, VARINT_MAX, "a number");
        return;
    case WIRE_BYTES:
        length = varint_length(&reader, VARINT_MAX, &n);
        if (length == 0) {
            fail_varint(d, &reader, at, VARINT_MAX, "a length");
        } else {
            fail(d, WIRE_FAULT_CUT_OFF, at, "says %" PRIu64 " bytes, of which %zu are there", n,
                 left - length);
        }
        return;
    case WIRE_FIXED64:
    case WIRE_FIXED32:
        fail(d, WIRE_FAULT_CUT_OFF, at, "needs %d bytes, of which %zu are there",
             (tag & 7) == WIRE_FIXED64 ? 8 : 4, left);
        return;
    default:
        fail(d, WIRE_FAULT_BROKEN, at, "has wire type %d, which no field here has", (int)(tag & 7));
    }
}

/* ---- a field that may not stand where it stands ---------------------------------------------- */

/* The messages that are read strictly: known fields only, and in order. */
static bool is_strict(const ProtobufCMessageDescriptor *type)
{
    return type == &filing__v1__submission__descriptor ||
           type == &filing__v1__bulletin__descriptor || type == &filing__v1__approval__descriptor;
}

static enum wire_type wire_type_of(const ProtobufCFieldDescriptor *known)
{
    return known->type == PROTOBUF_C_TYPE_STRING || known->type == PROTOBUF_C_TYPE_BYTES ||
                   known->type == PROTOBUF_C_TYPE_MESSAGE
               ? WIRE_BYTES
               : WIRE_VARINT;
}

static bool check_strict(struct dissection *d, const struct frame *frame,
                         const ProtobufCFieldDescriptor *known, const struct wire_field *field,
                         const uint8_t *at)
{
    const bool may_repeat = known && known->label == PROTOBUF_C_LABEL_REPEATED;

    if (!is_strict(frame->type)) {
        return true;
    }
    if (!known) {
        fail(d, WIRE_FAULT_OUT_OF_LINE, at, "field %" PRIu32 " is not known here", field->number);
    } else if (field->number < frame->before) {
        fail(d, WIRE_FAULT_OUT_OF_LINE, at, "field %" PRIu32 " stands behind field %" PRIu32,
             field->number, frame->before);
    } else if (field->number == frame->before && !may_repeat) {
        fail(d, WIRE_FAULT_OUT_OF_LINE, at, "field %" PRIu32 " is there twice", field->number);
    } else if (may_repeat && frame->counts[known - frame->type->fields] > APPROVALS_MAX) {
        fail(d, WIRE_FAULT_TOO_LARGE, at, "more than %d approvals", APPROVALS_MAX);
    } else {
        return true;
    }
    return false;
}

static bool check_known(struct dissection *d, struct frame *frame,
                        const ProtobufCFieldDescriptor *known, const struct wire_field *field,
                        const uint8_t *at)
{
    const uint64_t bit = UINT64_C(1) << (known - frame->type->fields);
    const enum wire_type wanted = wire_type_of(known);

    if (field->type != wanted) {
        fail(d, WIRE_FAULT_WIRE_TYPE, at, "field %" PRIu32 " has wire type %d in place of %d",
             field->number, (int)field->type, (int)wanted);
        return false;
    }
    if (known->label == PROTOBUF_C_LABEL_REPEATED) {
        return true;
    }
    if (frame->seen & bit) {
        fail(d, WIRE_FAULT_TWICE, at, "field %" PRIu32 " is there twice", field->number);
        return false;
    }
    frame->seen |= bit;
    if (known->type == PROTOBUF_C_TYPE_MESSAGE && known->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (frame->has_choice) {
            fail(d, WIRE_FAULT_CHOICE, at, "field %" PRIu32 " is a second member of one choice",
                 field->number);
            return false;
        }
        frame->has_choice = true;
    }
    return true;
}

static bool check_size(struct dissection *d, const struct frame *frame,
                       const struct wire_field *field, const uint8_t *at)
{
    size_t max = SIZE_MAX;

    if (frame->type == &filing__v1__submission__descriptor) {
        max = field->number == SUBMISSION_FILING     ? FILING_SIZE_MAX
              : field->number == SUBMISSION_BULLETIN ? BULLETIN_SIZE_MAX
                                                     : SIZE_MAX;
    }
    if (field->n <= max) {
        return true;
    }
    fail(d, WIRE_FAULT_TOO_LARGE, at, "%zu bytes, more than %zu", field->n, max);
    return false;
}

/* ---- the walk ------------------------------------------------------------------------------- */

static void push(struct dissection *d, const ProtobufCMessageDescriptor *type, struct bytes bytes)
{
    struct frame *frame = &d->frames[d->depth];

    assert(d->depth < DEPTH_MAX);
    assert(type->n_fields <= FIELDS_MAX);
    memset(frame, 0, sizeof(*frame));
    frame->type = type;
    frame->reader = wire_open(bytes);
    frame->path_n = d->path_n;
    d->depth++;
}

/* False: the fault is found. */
static bool read_field(struct dissection *d, struct frame *frame)
{
    const struct wire_reader before = frame->reader;
    const uint8_t *const at = before.at;
    struct dissect_field seen = {.at = (size_t)(at - d->value.at), .path = d->path};
    const ProtobufCFieldDescriptor *known;
    struct wire_field *const field = &seen.field;

    if (!wire_next(&frame->reader, field)) {
        fail_unreadable(d, frame, before);
        return false;
    }
    known = protobuf_c_message_descriptor_get_field(frame->type, field->number);
    path_set(d, frame, known, field->number);
    if (!check_strict(d, frame, known, field, at) ||
        (known && !check_known(d, frame, known, field, at)) || !check_size(d, frame, field, at)) {
        return false;
    }
    frame->before = field->number;
    seen.is_known = known != NULL;
    seen.is_message = known && known->type == PROTOBUF_C_TYPE_MESSAGE;
    seen.is_number = field->type == WIRE_VARINT;
    if (d->fn) {
        d->fn(d->arg, &seen);
    }
    if (seen.is_message) {
        push(d, known->descriptor, (struct bytes){.at = field->at, .n = field->n});
    }
    return true;
}

static bool has(const struct frame *frame, uint32_t number)
{
    const ProtobufCFieldDescriptor *known =
        protobuf_c_message_descriptor_get_field(frame->type, number);

    return frame->seen >> (known - frame->type->fields) & 1;
}

/* Every field of the message was right: is what must be there, and nothing beside it? */
static bool check_parts(struct dissection *d, const struct frame *frame)
{
    const char *why = NULL;

    if (frame->type == &filing__v1__bulletin__descriptor) {
        why = has(frame, BULLETIN_CONTENT) ? NULL : "a bulletin without content";
    } else if (frame->type == &filing__v1__submission__descriptor) {
        const bool has_filing = has(frame, SUBMISSION_FILING);
        const bool has_key = has(frame, SUBMISSION_KEY_ID);

        if (has_filing && has(frame, SUBMISSION_BULLETIN)) {
            why = "filing and bulletin in one";
        } else if (!has_filing && !has(frame, SUBMISSION_BULLETIN)) {
            why = "neither filing nor bulletin";
        } else if (has_key != has(frame, SUBMISSION_SIGNATURE)) {
            why = "key id and signature do not come together";
        } else if (has_key && !has_filing) {
            why = "key id and signature beside a bulletin";
        }
    }
    if (!why) {
        return true;
    }
    d->path_n = frame->path_n;
    fail(d, WIRE_FAULT_PARTS, d->value.at, "%s", why);
    return false;
}

void dissect_submission(struct bytes value, dissect_field_fn *seen, void *arg,
                        struct wire_fault *ret)
{
    struct dissection d = {.value = value, .fn = seen, .arg = arg, .fault = ret};
    bool goes_on = true;

    *ret = (struct wire_fault){.kind = WIRE_FAULT_NONE};
    if (!value.at || value.n == 0) {
        fail(&d, WIRE_FAULT_NO_VALUE, NULL, "there is no value");
        return;
    }
    push(&d, &filing__v1__submission__descriptor, value);
    while (goes_on && d.depth > 0) {
        struct frame *frame = &d.frames[d.depth - 1];

        if (frame->reader.at < frame->reader.end) {
            goes_on = read_field(&d, frame);
        } else {
            goes_on = check_parts(&d, frame);
            d.depth--;
        }
    }
}
