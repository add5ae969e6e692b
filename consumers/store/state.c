#include "consumers/store/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/store/layout.h"
#include "wire/put.h"
#include "wire/walk.h"

/* Fields of filing.v1.State. */
enum {
    FIELD_ENTERPRISE = 1,
    FIELD_NUMBER,
    FIELD_OBJECTS,
    FIELD_INVESTORS,
    FIELD_LIMITS,
    FIELD_PROFILES,
    FIELD_BASES,
    FIELD_HELD
};

/* Lists of filing.v1.Undo, behind its head. */
enum { UNDO_OBJECTS = 4, UNDO_INVESTORS, UNDO_POSTINGS };

/* ---- memory -------------------------------------------------------------------------------- */

enum status state_new(const char code[ENTERPRISE_CODE_SIZE], struct enterprise **ret,
                      struct failure *err)
{
    struct enterprise *state = calloc(1, sizeof(*state));

    if (state == NULL) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot keep a state: out of memory");
    }
    memcpy(state->code, code, ENTERPRISE_CODE_SIZE);
    *ret = state;
    return STATUS_OK;
}

void state_free(struct enterprise *state)
{
    if (state == NULL) {
        return;
    }
    free(state->objects);
    free(state->objects_order);
    free(state->investors);
    free(state->limits);
    free(state->profiles);
    free(state->bases);
    free(state->held);
    free(state);
}

/* Room for more entries behind the n that are there: at least half as many again, so that growing
 * one by one costs little. */
static bool grow(void **array, uint32_t n, uint32_t more, uint32_t *max, size_t size)
{
    uint32_t wanted = n + more;
    void *grown = NULL;

    if (wanted <= *max) {
        return true;
    }
    wanted += wanted / 2;
    grown = realloc(*array, wanted * size);
    if (grown == NULL) {
        return false;
    }
    *array = grown;
    *max = wanted;
    return true;
}

static bool grow_objects(struct enterprise *state, uint32_t more)
{
    uint32_t max = state->objects_max;
    void *objects = state->objects;
    void *order = state->objects_order;
    bool is_grown = grow(&order, state->objects_n, more, &max, sizeof(state->objects_order[0]));

    state->objects_order = order;
    max = state->objects_max;
    is_grown = is_grown && grow(&objects, state->objects_n, more, &max, sizeof(state->objects[0]));
    state->objects = objects;
    if (is_grown) {
        state->objects_max = max;
    }
    return is_grown;
}

#define GROW(state, list, more)                                                                    \
    grow_list(&(state)->list, (state)->list##_n, more, &(state)->list##_max,                       \
              sizeof((state)->list[0]))

/* A pointer to any object pointer does not convert to void ** by itself. */
static bool grow_list(void *list, uint32_t n, uint32_t more, uint32_t *max, size_t size)
{
    void *array = NULL;
    bool is_grown = false;

    memcpy(&array, list, sizeof(array));
    is_grown = grow(&array, n, more, max, size);
    memcpy(list, &array, sizeof(array));
    return is_grown;
}

static enum status out_of_memory(const struct enterprise *state, struct failure *err)
{
    return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                       "cannot make room in the state of '%.*s': out of memory",
                       ENTERPRISE_CODE_SIZE, state->code);
}

enum status state_reserve(struct enterprise *state, const struct room *room, struct failure *err)
{
    bool is_grown = grow_objects(state, room->objects) && GROW(state, investors, room->investors) &&
                    GROW(state, limits, room->limits) && GROW(state, profiles, room->profiles) &&
                    GROW(state, bases, room->bases) && GROW(state, held, room->held);

    return is_grown ? STATUS_OK : out_of_memory(state, err);
}

void state_reset(struct enterprise *state, const char code[ENTERPRISE_CODE_SIZE])
{
    memcpy(state->code, code, ENTERPRISE_CODE_SIZE);
    state->number = 0;
    state->objects_n = 0;
    state->investors_n = 0;
    state->limits_n = 0;
    state->profiles_n = 0;
    state->bases_n = 0;
    state->held_n = 0;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* The most that one entry takes: a held filing with all its keys and missing rates. */
#define ENTRY_BYTES_MAX 704

/* Entries are written here one by one and appended. */
struct scratch {
    struct put put;
    uint8_t bytes[ENTRY_BYTES_MAX];
};

static void append(struct scratch *scratch, struct buffer *out)
{
    assert(!scratch->put.full);
    buffer_append(out, scratch->bytes, (size_t)(scratch->put.at - scratch->bytes));
}

static void append_entry(struct scratch *scratch, uint32_t field, const struct layout *layout,
                         const void *value, struct buffer *out)
{
    uint8_t *payload = NULL;

    put_over(&scratch->put, scratch->bytes, sizeof(scratch->bytes));
    payload = put_open(&scratch->put, field);
    layout_put(&scratch->put, layout, value);
    put_close(&scratch->put, payload);
    append(scratch, out);
}

void state_encode(const struct enterprise *state, struct buffer *out)
{
    struct scratch scratch;

    put_over(&scratch.put, scratch.bytes, sizeof(scratch.bytes));
    put_bytes(&scratch.put, FIELD_ENTERPRISE, state->code, ENTERPRISE_CODE_SIZE);
    put_uint(&scratch.put, FIELD_NUMBER, state->number);
    append(&scratch, out);
    for (uint32_t i = 0; i < state->objects_n; i++) {
        append_entry(&scratch, FIELD_OBJECTS, &layout_object, &state->objects[i], out);
    }
    for (uint32_t i = 0; i < state->investors_n; i++) {
        append_entry(&scratch, FIELD_INVESTORS, &layout_investor, &state->investors[i], out);
    }
    for (uint32_t i = 0; i < state->limits_n; i++) {
        append_entry(&scratch, FIELD_LIMITS, &layout_limit, &state->limits[i], out);
    }
    for (uint32_t i = 0; i < state->profiles_n; i++) {
        append_entry(&scratch, FIELD_PROFILES, &layout_profile, &state->profiles[i], out);
    }
    for (uint32_t i = 0; i < state->bases_n; i++) {
        append_entry(&scratch, FIELD_BASES, &layout_basis, &state->bases[i], out);
    }
    for (uint32_t i = 0; i < state->held_n; i++) {
        append_entry(&scratch, FIELD_HELD, &layout_held, &state->held[i], out);
    }
}

void undo_encode(const struct undo *undo, struct buffer *out)
{
    struct scratch scratch;

    put_over(&scratch.put, scratch.bytes, sizeof(scratch.bytes));
    layout_put(&scratch.put, &layout_undo_head, undo);
    append(&scratch, out);
    for (uint32_t i = 0; i < undo->objects_n; i++) {
        append_entry(&scratch, UNDO_OBJECTS, &layout_undo_object, &undo->objects[i], out);
    }
    for (uint32_t i = 0; i < undo->investors_n; i++) {
        append_entry(&scratch, UNDO_INVESTORS, &layout_undo_investor, &undo->investors[i], out);
    }
    for (uint32_t i = 0; i < undo->postings_n; i++) {
        append_entry(&scratch, UNDO_POSTINGS, &layout_undo_posting, &undo->postings[i], out);
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

static enum status corrupt(struct failure *err, const struct enterprise *state, const char *what)
{
    return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0, "the state of '%.*s' is corrupt: %s",
                       ENTERPRISE_CODE_SIZE, state->code, what);
}

/* Each reader: room is made, the order of N1 holds. */
static bool get_object(struct enterprise *state, struct bytes bytes)
{
    struct object object;
    struct text number;

    if (!layout_get(bytes, &layout_object, &object) || object.kind < OBJECT_FDI_REGISTRATION ||
        object.kind > OBJECT_LOAN || state->objects_n >= ENTERPRISE_OBJECTS_MAX) {
        return false;
    }
    if (object.number[OBJECT_NUMBER_SIZE - 1] != '\0') {
        return false;
    }
    if (state->objects_n > 0 &&
        state->objects[state->objects_n - 1].opened_number >= object.opened_number) {
        return false;
    }
    number = (struct text){.at = object.number, .n = (uint32_t)strlen(object.number)};
    if (enterprise_object(state, object_space(object.kind), number) != NULL) {
        return false;
    }
    if (object.kind == OBJECT_FDI_REGISTRATION) {
        object.of.fdi.industry_n =
            (uint8_t)strnlen(object.of.fdi.industry, sizeof(object.of.fdi.industry));
    }
    (void)enterprise_object_add(state, &object);
    return true;
}

static bool get_investor(struct enterprise *state, struct bytes bytes)
{
    struct investor *investor = &state->investors[state->investors_n];

    if (!layout_get(bytes, &layout_investor, investor) ||
        investor->investor_no[LIMIT_PART_SIZE - 1] != '\0') {
        return false;
    }
    if (state->investors_n > 0 &&
        (investor[-1].owner > investor->owner ||
         (investor[-1].owner == investor->owner && investor[-1].ordinal >= investor->ordinal))) {
        return false;
    }
    state->investors_n++;
    return true;
}

static bool get_limit(struct enterprise *state, struct bytes bytes)
{
    struct limit *limit = &state->limits[state->limits_n];

    if (!layout_get(bytes, &layout_limit, limit) || limit->key.kind == LIMIT_NONE ||
        limit->key.kind >= LIMIT_N || limit->currency == CURRENCY_NONE) {
        return false;
    }
    if (state->limits_n > 0 && limit_key_compare(&limit[-1].key, &limit->key) >= 0) {
        return false;
    }
    state->limits_n++;
    return true;
}

static bool get_profile(struct enterprise *state, struct bytes bytes)
{
    struct profile *profile = &state->profiles[state->profiles_n];

    if (!layout_get(bytes, &layout_profile, profile) ||
        (state->profiles_n > 0 && profile[-1].number >= profile->number)) {
        return false;
    }
    state->profiles_n++;
    return true;
}

static bool get_basis(struct enterprise *state, struct bytes bytes)
{
    struct lending_basis *basis = &state->bases[state->bases_n];

    if (!layout_get(bytes, &layout_basis, basis) ||
        (state->bases_n > 0 && basis[-1].number >= basis->number)) {
        return false;
    }
    state->bases_n++;
    return true;
}

static bool get_held(struct enterprise *state, struct bytes bytes)
{
    struct held *held = &state->held[state->held_n];

    if (state->held_n >= ENTERPRISE_HELD_MAX || !layout_get(bytes, &layout_held, held) ||
        (state->held_n > 0 && held[-1].arrival_number >= held->arrival_number)) {
        return false;
    }
    state->held_n++;
    return true;
}

/* Room for one entry more of the list that a field belongs to. */
static bool make_room(struct enterprise *state, uint32_t field)
{
    switch (field) {
    case FIELD_OBJECTS:
        return grow_objects(state, 1);
    case FIELD_INVESTORS:
        return GROW(state, investors, 1);
    case FIELD_LIMITS:
        return GROW(state, limits, 1);
    case FIELD_PROFILES:
        return GROW(state, profiles, 1);
    case FIELD_BASES:
        return GROW(state, bases, 1);
    case FIELD_HELD:
        return GROW(state, held, 1);
    default:
        return true;
    }
}

/* One entry of one of the lists; false when it is none or wrong. */
static bool get_entry(struct enterprise *state, const struct wire_field *field)
{
    const struct bytes bytes = {.at = field->at, .n = field->n};

    if (field->type != WIRE_BYTES) {
        return false;
    }
    switch (field->number) {
    case FIELD_OBJECTS:
        return get_object(state, bytes);
    case FIELD_INVESTORS:
        return get_investor(state, bytes);
    case FIELD_LIMITS:
        return get_limit(state, bytes);
    case FIELD_PROFILES:
        return get_profile(state, bytes);
    case FIELD_BASES:
        return get_basis(state, bytes);
    case FIELD_HELD:
        return get_held(state, bytes);
    default:
        return false;
    }
}

static bool get_head(struct enterprise *state, const struct wire_field *field)
{
    if (field->number == FIELD_NUMBER) {
        state->number = field->value;
        return field->type == WIRE_VARINT && field->value != 0;
    }
    if (field->type != WIRE_BYTES || field->n != ENTERPRISE_CODE_SIZE) {
        return false;
    }
    memcpy(state->code, field->at, ENTERPRISE_CODE_SIZE);
    return true;
}

enum status state_decode(struct bytes bytes, struct enterprise *state, struct failure *err)
{
    static const char nobody[ENTERPRISE_CODE_SIZE] = "??????????????????";
    struct wire_reader reader = wire_open(bytes);
    uint32_t last = 0;

    state_reset(state, nobody);
    while (reader.at < reader.end) {
        struct wire_field field;
        bool is_read;

        if (!wire_next(&reader, &field) || field.number < last ||
            (field.number == last && last < FIELD_OBJECTS)) {
            return corrupt(err, state, "a field is broken or out of order");
        }
        last = field.number;
        if (!make_room(state, last)) {
            return out_of_memory(state, err);
        }
        is_read = last < FIELD_OBJECTS ? get_head(state, &field) : get_entry(state, &field);
        if (!is_read) {
            return corrupt(err, state, "an entry does not fit");
        }
    }
    if (memcmp(state->code, nobody, sizeof(nobody)) == 0) {
        return corrupt(err, state, "no enterprise is named");
    }
    return STATUS_OK;
}

enum status undo_decode(struct bytes bytes, struct undo *ret, struct failure *err)
{
    if (!layout_get(bytes, &layout_undo, ret) || ret->event >= EVENT_N) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0, "an undo is corrupt");
    }
    for (uint32_t i = 0; i < ret->objects_n; i++) {
        struct object *before = &ret->objects[i].before;

        if (before->kind == OBJECT_FDI_REGISTRATION) {
            before->of.fdi.industry_n =
                (uint8_t)strnlen(before->of.fdi.industry, sizeof(before->of.fdi.industry));
        }
    }
    return STATUS_OK;
}
