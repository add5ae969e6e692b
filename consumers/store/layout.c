#include "consumers/store/layout.h"

#include <assert.h>
#include <string.h>

#include "consumers/core/enterprise.h"
#include "form/date.h"
#include "form/iso.h"
#include "wire/walk.h"

#define DEPTH_MAX 5 /* undo, its entry, the object before, what the object keeps, money */

/* ---- the tables ---------------------------------------------------------------------------- */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD(n, type, k, member)                                                                  \
    {                                                                                              \
        .number = (n), .kind = (k), .offset = offsetof(struct type, member)                        \
    }
#define TEXT(n, type, member)                                                                      \
    {                                                                                              \
        .number = (n), .kind = LAYOUT_TEXT, .offset = offsetof(struct type, member),               \
        .size = sizeof(((struct type *)0)->member)                                                 \
    }
#define MONEY(n, type, member)                                                                     \
    {                                                                                              \
        .number = (n), .kind = LAYOUT_MONEY, .offset = offsetof(struct type, member),              \
        .part = &layout_money                                                                      \
    }
#define KEPT(n, member, layout_of, object_kind)                                                    \
    {                                                                                              \
        .number = (n), .kind = LAYOUT_KEPT, .offset = offsetof(struct object, of.member),          \
        .part = &(layout_of), .when = (object_kind)                                                \
    }
#define PART(n, type, member, layout_of)                                                           \
    {                                                                                              \
        .number = (n), .kind = LAYOUT_PART, .offset = offsetof(struct type, member),               \
        .part = &(layout_of)                                                                       \
    }
#define LIST(n, type, member, layout_of, most)                                                     \
    {                                                                                              \
        .number = (n), .kind = LAYOUT_LIST, .offset = offsetof(struct type, member),               \
        .size = sizeof(((struct type *)0)->member[0]), .part = &(layout_of),                       \
        .count_offset = offsetof(struct type, member##_n), .max = (most)                           \
    }
#define LAYOUT(type, fields_of)                                                                    \
    {                                                                                              \
        .size = sizeof(struct type), .fields_n = COUNT(fields_of), .fields = (fields_of)           \
    }

static const struct layout_field money_fields[] = {
    FIELD(1, money, LAYOUT_CURRENCY, currency),
    FIELD(2, money, LAYOUT_I64, minor),
};
static const struct layout layout_money = LAYOUT(money, money_fields);

static const struct layout_field fdi_fields[] = {
    FIELD(1, fdi_registration_kept, LAYOUT_CURRENCY, currency),
    TEXT(2, fdi_registration_kept, industry),
    FIELD(3, fdi_registration_kept, LAYOUT_I64, registered_minor),
    MONEY(4, fdi_registration_kept, total_investment),
    FIELD(5, fdi_registration_kept, LAYOUT_U32, investors_n),
    FIELD(6, fdi_registration_kept, LAYOUT_U64, arrived_number),
};
static const struct layout layout_fdi = LAYOUT(fdi_registration_kept, fdi_fields);

static const struct layout_field outbound_fields[] = {
    FIELD(1, outbound_registration_kept, LAYOUT_COUNTRY, target_country),
    MONEY(2, outbound_registration_kept, total),
    FIELD(3, outbound_registration_kept, LAYOUT_U64, application_owner),
};
static const struct layout layout_outbound = LAYOUT(outbound_registration_kept, outbound_fields);

static const struct layout_field contract_fields[] = {
    FIELD(1, contract_kept, LAYOUT_U32, mode),
    FIELD(2, contract_kept, LAYOUT_CURRENCY, currency),
    FIELD(3, contract_kept, LAYOUT_CURRENCY, unit),
    FIELD(4, contract_kept, LAYOUT_I64, undrawn_minor),
    FIELD(5, contract_kept, LAYOUT_I64, outstanding_minor),
    FIELD(6, contract_kept, LAYOUT_I64, frozen_minor),
    FIELD(7, contract_kept, LAYOUT_I64, rate_e10),
    FIELD(8, contract_kept, LAYOUT_I64, unit_rate_e10),
    FIELD(9, contract_kept, LAYOUT_I64, weight.numerator),
    FIELD(10, contract_kept, LAYOUT_U32, weight.scale),
    FIELD(11, contract_kept, LAYOUT_DATE, signed_on),
    FIELD(12, contract_kept, LAYOUT_DATE, value_on),
    FIELD(13, contract_kept, LAYOUT_DATE, matures_on),
    FIELD(14, contract_kept, LAYOUT_BOOL, revolving),
    FIELD(15, contract_kept, LAYOUT_BOOL, capitalises_interest),
    FIELD(16, contract_kept, LAYOUT_BOOL, not_counted),
    FIELD(17, contract_kept, LAYOUT_BOOL, drawn),
};
static const struct layout layout_contract = LAYOUT(contract_kept, contract_fields);

static const struct layout_field loan_fields[] = {
    FIELD(1, loan_kept, LAYOUT_CURRENCY, currency),
    FIELD(2, loan_kept, LAYOUT_I64, undrawn_minor),
    FIELD(3, loan_kept, LAYOUT_I64, outstanding_minor),
    FIELD(4, loan_kept, LAYOUT_I64, frozen_minor),
    FIELD(5, loan_kept, LAYOUT_I64, rate_e10),
    FIELD(6, loan_kept, LAYOUT_DATE, signed_on),
    FIELD(7, loan_kept, LAYOUT_DATE, matures_on),
};
static const struct layout layout_loan = LAYOUT(loan_kept, loan_fields);

static const struct layout_field object_fields[] = {
    FIELD(1, object, LAYOUT_U32, kind),
    TEXT(2, object, number),
    FIELD(3, object, LAYOUT_BOOL, closed),
    FIELD(4, object, LAYOUT_U64, opened_number),
    FIELD(5, object, LAYOUT_DATE, opened_on),
    FIELD(6, object, LAYOUT_U64, moved_number),
    FIELD(7, object, LAYOUT_DATE, moved_on),
    KEPT(8, fdi, layout_fdi, OBJECT_FDI_REGISTRATION),
    KEPT(9, outbound, layout_outbound, OBJECT_OUTBOUND_REGISTRATION),
    KEPT(10, contract, layout_contract, OBJECT_CONTRACT),
    KEPT(11, loan, layout_loan, OBJECT_LOAN),
};
const struct layout layout_object = LAYOUT(object, object_fields);

static const struct layout_field investor_fields[] = {
    FIELD(1, investor, LAYOUT_U64, owner),
    FIELD(2, investor, LAYOUT_U32, ordinal),
    TEXT(3, investor, investor_no),
    FIELD(4, investor, LAYOUT_COUNTRY, country),
    FIELD(5, investor, LAYOUT_I64, subscribed_minor),
    FIELD(6, investor, LAYOUT_I64, share_bp),
};
const struct layout layout_investor = LAYOUT(investor, investor_fields);

static const struct layout_field limit_fields[] = {
    FIELD(1, limit, LAYOUT_U64, key.owner),   FIELD(2, limit, LAYOUT_U32, key.kind),
    FIELD(3, limit, LAYOUT_U32, key.part),    FIELD(4, limit, LAYOUT_CURRENCY, currency),
    FIELD(5, limit, LAYOUT_I64, is.limit),    FIELD(6, limit, LAYOUT_I64, is.used),
    FIELD(7, limit, LAYOUT_I64, is.reserved),
};
const struct layout layout_limit = LAYOUT(limit, limit_fields);

static const struct layout_field profile_fields[] = {
    FIELD(1, profile, LAYOUT_U64, number),
    FIELD(2, profile, LAYOUT_U64, later_count),
    FIELD(3, profile, LAYOUT_DATE, business_on),
    FIELD(4, profile, LAYOUT_DATE, effective_on),
    FIELD(5, profile, LAYOUT_U32, mode),
    FIELD(6, profile, LAYOUT_U32, subject),
    TEXT(7, profile, region),
    FIELD(8, profile, LAYOUT_DATE, established_on),
    MONEY(9, profile, net_assets),
    MONEY(10, profile, total_investment),
    MONEY(11, profile, registered_capital),
    MONEY(12, profile, paid_in),
    FIELD(13, profile, LAYOUT_I64, foreign_paid_in_bp),
    FIELD(14, profile, LAYOUT_U32, certificate_kind),
    FIELD(15, profile, LAYOUT_DATE, certificate_valid_to),
    FIELD(16, profile, LAYOUT_U32, trade_class),
    FIELD(17, profile, LAYOUT_DATE, penalised_on),
};
const struct layout layout_profile = LAYOUT(profile, profile_fields);

static const struct layout_field basis_fields[] = {
    FIELD(1, lending_basis, LAYOUT_U64, number),
    FIELD(2, lending_basis, LAYOUT_U64, later_count),
    FIELD(3, lending_basis, LAYOUT_DATE, business_on),
    FIELD(4, lending_basis, LAYOUT_I64, equity_minor),
};
const struct layout layout_basis = LAYOUT(lending_basis, basis_fields);

static const struct layout_field key_fields[] = {
    FIELD(1, held_key, LAYOUT_U32, space),
    TEXT(2, held_key, number),
};
static const struct layout layout_key = LAYOUT(held_key, key_fields);

static const struct layout_field missing_fields[] = {
    FIELD(1, missing_rate, LAYOUT_CURRENCY, currency),
    FIELD(2, missing_rate, LAYOUT_DATE, on),
};
static const struct layout layout_missing = LAYOUT(missing_rate, missing_fields);

static const struct layout_field held_fields[] = {
    FIELD(1, held, LAYOUT_U64, arrival_number),
    FIELD(2, held, LAYOUT_U32, waits_for),
    FIELD(3, held, LAYOUT_BOOL, approved),
    LIST(4, held, keys, layout_key, HELD_KEYS_MAX),
    LIST(5, held, missing, layout_missing, HELD_MISSING_MAX),
};
const struct layout layout_held = LAYOUT(held, held_fields);

static const struct layout_field undo_object_fields[] = {
    FIELD(1, undo_object, LAYOUT_BOOL, created),
    PART(2, undo_object, before, layout_object),
};
const struct layout layout_undo_object = LAYOUT(undo_object, undo_object_fields);

static const struct layout_field undo_investor_fields[] = {
    FIELD(1, undo_investor, LAYOUT_BOOL, created),
    PART(2, undo_investor, before, layout_investor),
};
const struct layout layout_undo_investor = LAYOUT(undo_investor, undo_investor_fields);

static const struct layout_field undo_posting_fields[] = {
    FIELD(1, undo_posting, LAYOUT_U64, key.owner),
    FIELD(2, undo_posting, LAYOUT_U32, key.kind),
    FIELD(3, undo_posting, LAYOUT_U32, key.part),
    FIELD(4, undo_posting, LAYOUT_CURRENCY, currency),
    FIELD(5, undo_posting, LAYOUT_S64, change.limit),
    FIELD(6, undo_posting, LAYOUT_S64, change.used),
    FIELD(7, undo_posting, LAYOUT_S64, change.reserved),
};
const struct layout layout_undo_posting = LAYOUT(undo_posting, undo_posting_fields);

static const struct layout_field undo_fields[] = {
    FIELD(1, undo, LAYOUT_U32, event),
    FIELD(2, undo, LAYOUT_U64, number),
    FIELD(3, undo, LAYOUT_DATE, business_on),
    LIST(4, undo, objects, layout_undo_object, UNDO_OBJECTS_MAX),
    LIST(5, undo, investors, layout_undo_investor, UNDO_INVESTORS_MAX),
    LIST(6, undo, postings, layout_undo_posting, DECISION_POSTINGS_MAX),
};
/* Written whole by layout_get() but for the lists, which are large: their counts say what is there.
 */
const struct layout layout_undo = {.size = offsetof(struct undo, objects),
                                   .fields_n = COUNT(undo_fields),
                                   .fields = undo_fields};

const struct layout layout_undo_head = {.size = offsetof(struct undo, objects),
                                        .fields_n = 3,
                                        .fields = undo_fields};

/* ---- writing ------------------------------------------------------------------------------- */

static uint32_t u32_at(const void *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static int32_t i32_at(const void *at)
{
    int32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static uint64_t u64_at(const void *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static uint64_t date_to_wire(int32_t on)
{
    return on == DATE_NONE ? 0 : (uint64_t)(on - DATE_MIN + 1);
}

static void put_scalar(struct put *put, const struct layout_field *field, const uint8_t *at)
{
    switch (field->kind) {
    case LAYOUT_U32:
        put_uint(put, field->number, u32_at(at));
        break;
    case LAYOUT_U64:
    case LAYOUT_I64:
        put_uint(put, field->number, u64_at(at));
        break;
    case LAYOUT_S64:
        put_sint(put, field->number, (int64_t)u64_at(at));
        break;
    case LAYOUT_BOOL:
        put_uint(put, field->number, *at);
        break;
    case LAYOUT_DATE:
        put_uint(put, field->number, date_to_wire(i32_at(at)));
        break;
    case LAYOUT_CURRENCY:
        if (i32_at(at) != CURRENCY_NONE) {
            put_bytes(put, field->number, iso_currency(i32_at(at))->alpha, 3);
        }
        break;
    case LAYOUT_COUNTRY:
        if (i32_at(at) != COUNTRY_NONE) {
            put_bytes(put, field->number, iso_country_alpha3(i32_at(at)), 3);
        }
        break;
    case LAYOUT_TEXT:
        put_bytes(put, field->number, at, strnlen((const char *)at, field->size));
        break;
    case LAYOUT_MONEY:
    case LAYOUT_PART:
    case LAYOUT_KEPT:
    case LAYOUT_LIST: /* messages: layout_put() opens them */
        break;
    }
}

struct put_frame {
    const struct layout *layout;
    const uint8_t *value;
    uint32_t field;   /* next */
    uint32_t element; /* next, of a list */
    uint8_t *payload; /* where the message began; NULL for the outermost */
};

/* How many messages does this field have here? */
static uint32_t parts_of(const struct layout_field *field, const uint8_t *value)
{
    switch (field->kind) {
    case LAYOUT_MONEY:
        return ((const struct money *)(const void *)(value + field->offset))->currency !=
               CURRENCY_NONE;
    case LAYOUT_PART:
        return 1;
    case LAYOUT_KEPT:
        return ((const struct object *)(const void *)value)->kind == field->when;
    case LAYOUT_LIST:
        return u32_at(value + field->count_offset);
    case LAYOUT_U32:
    case LAYOUT_U64:
    case LAYOUT_I64:
    case LAYOUT_S64:
    case LAYOUT_BOOL:
    case LAYOUT_DATE:
    case LAYOUT_CURRENCY:
    case LAYOUT_COUNTRY:
    case LAYOUT_TEXT:
        break;
    }
    return 0;
}

void layout_put(struct put *put, const struct layout *layout, const void *value)
{
    struct put_frame frames[DEPTH_MAX] = {{.layout = layout, .value = value}};
    uint32_t depth = 1;

    while (depth > 0) {
        struct put_frame *frame = &frames[depth - 1];
        const struct layout_field *field = &frame->layout->fields[frame->field];

        if (frame->field == frame->layout->fields_n) {
            if (frame->payload != NULL) {
                put_close(put, frame->payload);
            }
            depth--;
        } else if (field->kind < LAYOUT_MONEY) {
            put_scalar(put, field, frame->value + field->offset);
            frame->field++;
        } else if (frame->element < parts_of(field, frame->value)) {
            assert(depth < DEPTH_MAX);
            frames[depth] = (struct put_frame){.layout = field->part,
                                               .value = frame->value + field->offset +
                                                        frame->element * field->size,
                                               .payload = put_open(put, field->number)};
            frame->element++;
            depth++;
        } else {
            frame->element = 0;
            frame->field++;
        }
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

static void set_i32(uint8_t *at, int32_t value) { memcpy(at, &value, sizeof(value)); }

static void set_u64(uint8_t *at, uint64_t value) { memcpy(at, &value, sizeof(value)); }

/* What a message has when its fields are left out. */
static void set_defaults(const struct layout *layout, uint8_t *value)
{
    memset(value, 0, layout->size);
    for (uint32_t i = 0; i < layout->fields_n; i++) {
        const struct layout_field *field = &layout->fields[i];
        uint8_t *at = value + field->offset;

        if (field->kind == LAYOUT_DATE) {
            set_i32(at, DATE_NONE);
        } else if (field->kind == LAYOUT_CURRENCY || field->kind == LAYOUT_COUNTRY) {
            set_i32(at, CURRENCY_NONE);
        } else if (field->kind == LAYOUT_MONEY) {
            *(struct money *)(void *)at = (struct money){.currency = CURRENCY_NONE};
        } else if (field->kind == LAYOUT_LIST) {
            set_i32(value + field->count_offset, 0);
        }
    }
}

static bool get_number(const struct layout_field *field, const struct wire_field *from, uint8_t *at)
{
    uint64_t value = from->value;

    if (from->type != WIRE_VARINT || value == 0) {
        return false; /* what is 0 is left out */
    }
    if (field->kind == LAYOUT_U64 || field->kind == LAYOUT_I64) {
        set_u64(at, value);
        return true;
    }
    if (field->kind == LAYOUT_S64) {
        set_u64(at, value >> 1 ^ ((value & 1) != 0 ? UINT64_MAX : 0));
        return true;
    }
    if (field->kind == LAYOUT_BOOL) {
        *at = 1;
        return value == 1;
    }
    if (field->kind == LAYOUT_DATE) {
        if (value > (uint64_t)(DATE_MAX - DATE_MIN + 1)) {
            return false;
        }
        set_i32(at, (int32_t)value - 1 + DATE_MIN);
        return true;
    }
    set_i32(at, (int32_t)(uint32_t)value);
    return value <= INT32_MAX;
}

static bool get_text(const struct layout_field *field, const struct wire_field *from, uint8_t *at)
{
    int32_t index;

    if (from->type != WIRE_BYTES) {
        return false;
    }
    if (field->kind == LAYOUT_CURRENCY) {
        index = iso_currency_find((const char *)from->at, from->n);
        set_i32(at, index);
        return index >= 0;
    }
    if (field->kind == LAYOUT_COUNTRY) {
        index = iso_country_find((const char *)from->at, from->n);
        set_i32(at, index);
        return index >= 0;
    }
    if (from->n > field->size || memchr(from->at, 0, from->n) != NULL) {
        return false;
    }
    memcpy(at, from->at, from->n);
    return true;
}

static bool get_scalar(const struct layout_field *field, const struct wire_field *from, uint8_t *at)
{
    return field->kind < LAYOUT_CURRENCY ? get_number(field, from, at) : get_text(field, from, at);
}

struct get_frame {
    const struct layout *layout;
    uint8_t *value;
    struct wire_reader reader;
    uint32_t field; /* the first that may come */
    uint32_t parts; /* of PART and KEPT: how many came */
};

/* The field of the table, not before those read already; NULL when there is none. */
static const struct layout_field *field_of(struct get_frame *frame, uint32_t number)
{
    while (frame->field < frame->layout->fields_n &&
           frame->layout->fields[frame->field].number < number) {
        frame->field++;
    }
    if (frame->field == frame->layout->fields_n ||
        frame->layout->fields[frame->field].number != number) {
        return NULL;
    }
    return &frame->layout->fields[frame->field];
}

/* Where the message of a field goes; NULL when it has no place here. */
static uint8_t *place_of(const struct layout_field *field, uint8_t *value)
{
    uint32_t n = 0;

    if (field->kind == LAYOUT_KEPT &&
        ((const struct object *)(const void *)value)->kind != field->when) {
        return NULL;
    }
    if (field->kind != LAYOUT_LIST) {
        return value + field->offset;
    }
    n = u32_at(value + field->count_offset);
    if (n >= field->max) {
        return NULL;
    }
    set_i32(value + field->count_offset, (int32_t)n + 1);
    return value + field->offset + n * field->size;
}

/* Open the message of a field as the next frame. */
static bool open_frame(struct get_frame *frames, uint32_t depth, const struct layout_field *field,
                       const struct wire_field *from)
{
    uint8_t *value = place_of(field, frames[depth - 1].value);

    if (value == NULL || from->type != WIRE_BYTES || depth == DEPTH_MAX) {
        return false;
    }
    frames[depth - 1].parts += field->kind == LAYOUT_PART || field->kind == LAYOUT_KEPT;
    frames[depth] =
        (struct get_frame){.layout = field->part,
                           .value = value,
                           .reader = wire_open((struct bytes){.at = from->at, .n = from->n})};
    set_defaults(field->part, value);
    return true;
}

/* Did every message come that is always there? */
static bool is_whole(const struct get_frame *frame)
{
    uint32_t parts = 0;

    for (uint32_t i = 0; i < frame->layout->fields_n; i++) {
        const struct layout_field *field = &frame->layout->fields[i];

        if (field->kind == LAYOUT_PART || field->kind == LAYOUT_KEPT) {
            parts += parts_of(field, frame->value);
        }
    }
    return parts == frame->parts;
}

bool layout_get(struct bytes bytes, const struct layout *layout, void *value)
{
    struct get_frame frames[DEPTH_MAX] = {
        {.layout = layout, .value = value, .reader = wire_open(bytes)}};
    uint32_t depth = 1;

    set_defaults(layout, value);
    while (depth > 0) {
        struct get_frame *frame = &frames[depth - 1];
        const struct layout_field *field = NULL;
        struct wire_field from;

        if (frame->reader.at == frame->reader.end) {
            if (!is_whole(frame)) {
                return false;
            }
            depth--;
            continue;
        }
        if (!wire_next(&frame->reader, &from)) {
            return false;
        }
        field = field_of(frame, from.number);
        if (field == NULL) {
            return false;
        }
        frame->field += field->kind != LAYOUT_LIST;
        if (field->kind < LAYOUT_MONEY) {
            if (!get_scalar(field, &from, frame->value + field->offset)) {
                return false;
            }
        } else if (open_frame(frames, depth, field, &from)) {
            depth++;
        } else {
            return false;
        }
    }
    return true;
}
