#include "consumers/core/enterprise.h"

#include <assert.h>
#include <string.h>

enum space object_space(enum object_kind kind)
{
    switch (kind) {
    case OBJECT_FDI_REGISTRATION:
    case OBJECT_OUTBOUND_REGISTRATION:
        return SPACE_REGISTRATION;
    case OBJECT_FDI_APPLICATION:
    case OBJECT_OUTBOUND_APPLICATION:
        return SPACE_APPLICATION;
    case OBJECT_CONTRACT:
        return SPACE_CONTRACT;
    case OBJECT_LOAN:
        return SPACE_LOAN;
    case OBJECT_NONE:
        break;
    }
    return SPACE_NONE;
}

/* ---- objects ------------------------------------------------------------------------------- */

static int number_compare(const struct object *object, enum space space, struct text number)
{
    enum space own = object_space(object->kind);
    uint32_t n = (uint32_t)strlen(object->number);
    uint32_t common = n < number.n ? n : number.n;
    int order = own < space ? -1 : own > space;

    if (order == 0) {
        order = memcmp(object->number, number.at, common);
    }
    if (order == 0) {
        order = n < number.n ? -1 : n > number.n;
    }
    return order;
}

/* The first place in objects_order that is not before (space, number). */
static uint32_t order_place(const struct enterprise *e, enum space space, struct text number)
{
    uint32_t low = 0;
    uint32_t high = e->objects_n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (number_compare(&e->objects[e->objects_order[middle]], space, number) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct text object_number(const struct object *object)
{
    return (struct text){.at = object->number, .n = (uint32_t)strlen(object->number)};
}

struct object *enterprise_object(const struct enterprise *e, enum space space, struct text number)
{
    uint32_t place = order_place(e, space, number);
    struct object *object = NULL;

    if (place == e->objects_n) {
        return NULL;
    }
    object = &e->objects[e->objects_order[place]];
    return number_compare(object, space, number) == 0 ? object : NULL;
}

struct object *enterprise_object_opened(const struct enterprise *e, uint64_t opened_number)
{
    uint32_t low = 0;
    uint32_t high = e->objects_n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (e->objects[middle].opened_number < opened_number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == e->objects_n || e->objects[low].opened_number != opened_number) {
        return NULL;
    }
    return &e->objects[low];
}

struct object *enterprise_object_add(struct enterprise *e, const struct object *object)
{
    uint32_t place = order_place(e, object_space(object->kind), object_number(object));

    assert(e->objects_n < e->objects_max);
    assert(e->objects_n < ENTERPRISE_OBJECTS_MAX);
    assert(e->objects_n == 0 || e->objects[e->objects_n - 1].opened_number < object->opened_number);
    memmove(&e->objects_order[place + 1], &e->objects_order[place],
            (e->objects_n - place) * sizeof(e->objects_order[0]));
    e->objects_order[place] = (uint16_t)e->objects_n;
    e->objects[e->objects_n] = *object;
    e->objects_n++;
    return &e->objects[e->objects_n - 1];
}

static uint32_t investor_place(const struct enterprise *e, uint64_t owner, uint32_t ordinal);
static uint32_t limit_place(const struct enterprise *e, const struct limit_key *key);

/* Everything that belongs to an owner goes with it. */
static void owned_remove(struct enterprise *e, uint64_t owner)
{
    const struct limit_key first = {.owner = owner};
    const struct limit_key next = {.owner = owner + 1};
    uint32_t from = investor_place(e, owner, 0);
    uint32_t to = investor_place(e, owner + 1, 0);

    if (from < to) {
        memmove(&e->investors[from], &e->investors[to],
                (e->investors_n - to) * sizeof(e->investors[0]));
        e->investors_n -= to - from;
    }
    from = limit_place(e, &first);
    to = limit_place(e, &next);
    if (from < to) {
        memmove(&e->limits[from], &e->limits[to], (e->limits_n - to) * sizeof(e->limits[0]));
        e->limits_n -= to - from;
    }
}

void enterprise_object_remove(struct enterprise *e, uint64_t opened_number)
{
    struct object *object = enterprise_object_opened(e, opened_number);
    uint32_t index;
    uint32_t place;

    assert(object != NULL);
    index = (uint32_t)(object - e->objects);
    place = order_place(e, object_space(object->kind), object_number(object));
    memmove(&e->objects_order[place], &e->objects_order[place + 1],
            (e->objects_n - place - 1) * sizeof(e->objects_order[0]));
    memmove(object, object + 1, (e->objects_n - index - 1) * sizeof(*object));
    e->objects_n--;
    for (uint32_t i = 0; i < e->objects_n; i++) {
        if (e->objects_order[i] > index) {
            e->objects_order[i]--;
        }
    }
    owned_remove(e, opened_number);
}

/* ---- investors ----------------------------------------------------------------------------- */

/* The first place that is not before (owner, ordinal). */
static uint32_t investor_place(const struct enterprise *e, uint64_t owner, uint32_t ordinal)
{
    uint32_t low = 0;
    uint32_t high = e->investors_n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct investor *investor = &e->investors[middle];

        if (investor->owner < owner || (investor->owner == owner && investor->ordinal < ordinal)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct investor *enterprise_investor(const struct enterprise *e, uint64_t owner, uint32_t ordinal)
{
    uint32_t place = investor_place(e, owner, ordinal);

    if (place == e->investors_n || e->investors[place].owner != owner ||
        e->investors[place].ordinal != ordinal) {
        return NULL;
    }
    return &e->investors[place];
}

struct investor *enterprise_investors_of(const struct enterprise *e, uint64_t owner,
                                         uint32_t *ret_n)
{
    uint32_t place = investor_place(e, owner, 0);
    uint32_t n = 0;

    while (place + n < e->investors_n && e->investors[place + n].owner == owner) {
        n++;
    }
    *ret_n = n;
    return n > 0 ? &e->investors[place] : NULL;
}

struct investor *enterprise_investor_find(const struct enterprise *e, uint64_t owner,
                                          struct text investor_no)
{
    uint32_t n = 0;
    struct investor *investors = enterprise_investors_of(e, owner, &n);

    for (uint32_t i = 0; i < n; i++) {
        if (strlen(investors[i].investor_no) == investor_no.n &&
            memcmp(investors[i].investor_no, investor_no.at, investor_no.n) == 0) {
            return &investors[i];
        }
    }
    return NULL;
}

struct investor *enterprise_investor_add(struct enterprise *e, const struct investor *investor)
{
    uint32_t place = investor_place(e, investor->owner, investor->ordinal);

    assert(e->investors_n < e->investors_max);
    memmove(&e->investors[place + 1], &e->investors[place],
            (e->investors_n - place) * sizeof(e->investors[0]));
    e->investors[place] = *investor;
    e->investors_n++;
    return &e->investors[place];
}

void enterprise_investor_remove(struct enterprise *e, uint64_t owner, uint32_t ordinal)
{
    uint32_t place = investor_place(e, owner, ordinal);

    assert(place < e->investors_n);
    memmove(&e->investors[place], &e->investors[place + 1],
            (e->investors_n - place - 1) * sizeof(e->investors[0]));
    e->investors_n--;
}

/* ---- limits -------------------------------------------------------------------------------- */

int limit_key_compare(const struct limit_key *a, const struct limit_key *b)
{
    if (a->owner != b->owner) {
        return a->owner < b->owner ? -1 : 1;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return a->part < b->part ? -1 : a->part > b->part;
}

/* The first place that is not before the key. */
static uint32_t limit_place(const struct enterprise *e, const struct limit_key *key)
{
    uint32_t low = 0;
    uint32_t high = e->limits_n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (limit_key_compare(&e->limits[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct limit *enterprise_limit(const struct enterprise *e, const struct limit_key *key)
{
    uint32_t place = limit_place(e, key);

    if (place == e->limits_n || limit_key_compare(&e->limits[place].key, key) != 0) {
        return NULL;
    }
    return &e->limits[place];
}

struct limit *enterprise_limit_add(struct enterprise *e, const struct limit *limit)
{
    uint32_t place = limit_place(e, &limit->key);

    assert(e->limits_n < e->limits_max);
    memmove(&e->limits[place + 1], &e->limits[place], (e->limits_n - place) * sizeof(e->limits[0]));
    e->limits[place] = *limit;
    e->limits_n++;
    return &e->limits[place];
}

void enterprise_limit_remove(struct enterprise *e, const struct limit_key *key)
{
    uint32_t place = limit_place(e, key);

    assert(place < e->limits_n);
    memmove(&e->limits[place], &e->limits[place + 1],
            (e->limits_n - place - 1) * sizeof(e->limits[0]));
    e->limits_n--;
}

static void year_format(uint32_t year, char out[LIMIT_PART_SIZE])
{
    out[0] = (char)('0' + year / 1000 % 10);
    out[1] = (char)('0' + year / 100 % 10);
    out[2] = (char)('0' + year / 10 % 10);
    out[3] = (char)('0' + year % 10);
    out[4] = '\0';
}

void enterprise_limit_id(const struct enterprise *e, const struct limit_key *key,
                         struct limit_id *ret)
{
    const struct object *object = NULL;
    const struct investor *investor = NULL;

    ret->kind = key->kind;
    ret->object[0] = '\0';
    ret->part[0] = '\0';
    if (key->owner != 0) {
        object = enterprise_object_opened(e, key->owner);
        assert(object != NULL);
        memcpy(ret->object, object->number, sizeof(ret->object));
    }
    if (key->kind == LIMIT_FDI_INFLOW) {
        investor = enterprise_investor(e, key->owner, key->part);
        assert(investor != NULL);
        memcpy(ret->part, investor->investor_no, sizeof(ret->part));
    } else if (key->kind == LIMIT_FDI_PROFIT) {
        year_format(key->part, ret->part);
    }
}

/* ---- profiles and lending bases ------------------------------------------------------------ */

const struct profile *enterprise_profile_on(const struct enterprise *e, int32_t on,
                                            uint64_t without)
{
    const struct profile *best = NULL;

    for (uint32_t i = 0; i < e->profiles_n; i++) {
        const struct profile *profile = &e->profiles[i];

        if (profile->effective_on <= on && profile->number != without &&
            (best == NULL || profile->effective_on >= best->effective_on)) {
            best = profile;
        }
    }
    return best;
}

const struct lending_basis *enterprise_basis_on(const struct enterprise *e, int32_t on,
                                                uint64_t without)
{
    const struct lending_basis *best = NULL;

    for (uint32_t i = 0; i < e->bases_n; i++) {
        const struct lending_basis *basis = &e->bases[i];

        if (basis->business_on <= on && basis->number != without &&
            (best == NULL || basis->business_on >= best->business_on)) {
            best = basis;
        }
    }
    return best;
}

struct profile *enterprise_profile_add(struct enterprise *e, const struct profile *profile)
{
    assert(e->profiles_n < e->profiles_max);
    e->profiles[e->profiles_n] = *profile;
    e->profiles_n++;
    return &e->profiles[e->profiles_n - 1];
}

struct lending_basis *enterprise_basis_add(struct enterprise *e, const struct lending_basis *basis)
{
    assert(e->bases_n < e->bases_max);
    e->bases[e->bases_n] = *basis;
    e->bases_n++;
    return &e->bases[e->bases_n - 1];
}

const struct profile *enterprise_profile(const struct enterprise *e, uint64_t number)
{
    for (uint32_t i = 0; i < e->profiles_n; i++) {
        if (e->profiles[i].number == number) {
            return &e->profiles[i];
        }
    }
    return NULL;
}

const struct lending_basis *enterprise_basis(const struct enterprise *e, uint64_t number)
{
    for (uint32_t i = 0; i < e->bases_n; i++) {
        if (e->bases[i].number == number) {
            return &e->bases[i];
        }
    }
    return NULL;
}

void enterprise_profile_remove(struct enterprise *e, uint64_t number)
{
    const struct profile *found = enterprise_profile(e, number);
    uint32_t i;

    assert(found != NULL);
    i = (uint32_t)(found - e->profiles);
    memmove(&e->profiles[i], &e->profiles[i + 1], (e->profiles_n - i - 1) * sizeof(e->profiles[0]));
    e->profiles_n--;
}

void enterprise_basis_remove(struct enterprise *e, uint64_t number)
{
    const struct lending_basis *found = enterprise_basis(e, number);
    uint32_t i;

    assert(found != NULL);
    i = (uint32_t)(found - e->bases);
    memmove(&e->bases[i], &e->bases[i + 1], (e->bases_n - i - 1) * sizeof(e->bases[0]));
    e->bases_n--;
}

static bool event_is_financing(enum event event)
{
    return event >= EVENT_FINANCING_PROFILE && event <= EVENT_FINANCING_DEREGISTRATION;
}

static bool event_is_lending(enum event event)
{
    return event >= EVENT_OUTBOUND_LENDING_BASIS && event <= EVENT_OUTBOUND_LOAN_CLOSURE;
}

static void count(uint64_t *later_count, enum later by)
{
    if (by == LATER_ACCEPTED) {
        *later_count += 1;
    } else {
        assert(*later_count > 0);
        *later_count -= 1;
    }
}

void enterprise_count_later(struct enterprise *e, enum event event, uint64_t number, enum later by)
{
    if (event_is_financing(event)) {
        for (uint32_t i = 0; i < e->profiles_n && e->profiles[i].number < number; i++) {
            count(&e->profiles[i].later_count, by);
        }
    }
    if (event_is_lending(event)) {
        for (uint32_t i = 0; i < e->bases_n && e->bases[i].number < number; i++) {
            count(&e->bases[i].later_count, by);
        }
    }
}

/* ---- held filings -------------------------------------------------------------------------- */

static uint32_t held_place(const struct enterprise *e, uint64_t arrival_number)
{
    uint32_t i = 0;

    while (i < e->held_n && e->held[i].arrival_number < arrival_number) {
        i++;
    }
    return i;
}

struct held *enterprise_held(const struct enterprise *e, uint64_t arrival_number)
{
    uint32_t i = held_place(e, arrival_number);

    return i < e->held_n && e->held[i].arrival_number == arrival_number ? &e->held[i] : NULL;
}

static bool keys_meet(const struct held *held, const struct held_key *key)
{
    for (uint32_t i = 0; i < held->keys_n; i++) {
        /* Numbers are filled up with zeros. */
        if (held->keys[i].space == key->space &&
            memcmp(held->keys[i].number, key->number, sizeof(key->number)) == 0) {
            return true;
        }
    }
    return false;
}

bool enterprise_held_behind(const struct enterprise *e, const struct held_key *keys,
                            uint32_t keys_n, uint64_t before)
{
    for (uint32_t i = 0; i < e->held_n && e->held[i].arrival_number < before; i++) {
        for (uint32_t k = 0; k < keys_n; k++) {
            if (keys_meet(&e->held[i], &keys[k])) {
                return true;
            }
        }
    }
    return false;
}

struct held *enterprise_held_add(struct enterprise *e, const struct held *held)
{
    assert(e->held_n < e->held_max);
    assert(e->held_n < ENTERPRISE_HELD_MAX);
    assert(e->held_n == 0 || e->held[e->held_n - 1].arrival_number < held->arrival_number);
    e->held[e->held_n] = *held;
    e->held_n++;
    return &e->held[e->held_n - 1];
}

void enterprise_held_remove(struct enterprise *e, uint64_t arrival_number)
{
    uint32_t i = held_place(e, arrival_number);

    assert(i < e->held_n && e->held[i].arrival_number == arrival_number);
    memmove(&e->held[i], &e->held[i + 1], (e->held_n - i - 1) * sizeof(e->held[0]));
    e->held_n--;
}
