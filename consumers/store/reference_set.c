#include "consumers/store/reference_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "form/date.h"
#include "wire/arena.h"
#include "wire/submission.h"

/* Rows, rates and members of one bulletin while it is read; a row of ten bytes becomes a struct of
 * some 200. */
#define AREA_SIZE_MAX (32u << 20)

/* A growing array of the reference: its place in struct reference is written when it moves. */
struct array {
    void *at;
    uint32_t n;
    uint32_t max;
};

struct kept_bulletin {
    uint64_t number;
    uint8_t *content;
    size_t content_n;
};

struct reference_set {
    struct reference reference;
    struct array policies;
    struct array sheets;
    struct array calendars;
    struct array banks;
    struct array operators;
    struct array negative;
    struct array sensitive;
    struct array bulletins; /* struct kept_bulletin, by number */
    struct array blocks;    /* void *: memory that entries point to */
    struct arena arena;     /* documents of the bulletin being read */
    uint8_t *area;          /* its objects, of AREA_SIZE_MAX bytes */
    bool is_forced;
    struct policy_version forced; /* in place of every policy */
};

static enum status out_of_memory(struct failure *err)
{
    return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                       "cannot keep reference data: out of memory");
}

/* ---- arrays -------------------------------------------------------------------------------- */

/* Put one element at a place; NULL when there is no memory. */
static void *array_insert(struct array *array, uint32_t place, size_t size)
{
    uint8_t *bytes = array->at;

    if (array->n == array->max) {
        uint32_t max = array->max < 8 ? 8 : array->max * 2;

        bytes = realloc(array->at, max * size);
        if (bytes == NULL) {
            return NULL;
        }
        array->at = bytes;
        array->max = max;
    }
    bytes += place * size;
    memmove(bytes + size, bytes, (array->n - place) * size);
    array->n++;
    return bytes;
}

/* A copy of n elements that lives as long as the set; NULL for none of them too. */
static void *keep(struct reference_set *set, const void *elements, size_t n, size_t size,
                  bool *ret_is_kept)
{
    void *copy = NULL;
    void **block = NULL;

    *ret_is_kept = true;
    if (n == 0) {
        return NULL;
    }
    *ret_is_kept = false;
    copy = malloc(n * size);
    if (copy == NULL) {
        return NULL;
    }
    block = array_insert(&set->blocks, set->blocks.n, sizeof(*block));
    if (block == NULL) {
        free(copy);
        return NULL;
    }
    memcpy(copy, elements, n * size);
    *block = copy;
    *ret_is_kept = true;
    return copy;
}

/* struct reference shows where the arrays are now. */
static void show(struct reference_set *set)
{
    struct reference *reference = &set->reference;

    reference->policies = set->policies.at;
    reference->policies_n = set->policies.n;
    if (set->is_forced && set->policies.n > 0) {
        set->forced.since = reference->policies[0].since; /* one that is as old as the first */
        reference->policies = &set->forced;
        reference->policies_n = 1;
    }
    reference->sheets = set->sheets.at;
    reference->sheets_n = set->sheets.n;
    reference->calendars = set->calendars.at;
    reference->calendars_n = set->calendars.n;
    reference->banks = set->banks.at;
    reference->banks_n = set->banks.n;
    reference->operators = set->operators.at;
    reference->operators_n = set->operators.n;
    reference->negative = set->negative.at;
    reference->negative_n = set->negative.n;
    reference->sensitive = set->sensitive.at;
    reference->sensitive_n = set->sensitive.n;
}

/* ---- opening and closing ------------------------------------------------------------------- */

enum status reference_set_open(struct reference_set **ret, struct failure *err)
{
    struct reference_set *set = calloc(1, sizeof(*set));
    enum status status;

    if (set == NULL) {
        return out_of_memory(err);
    }
    status = arena_open(&set->arena, ARENA_BULLETIN_MAX, err);
    if (status != STATUS_OK) {
        free(set);
        return status;
    }
    set->area = malloc(AREA_SIZE_MAX);
    if (set->area == NULL) {
        reference_set_close(set);
        return out_of_memory(err);
    }
    *ret = set;
    return STATUS_OK;
}

void reference_set_close(struct reference_set *set)
{
    struct array *arrays[] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    const struct kept_bulletin *bulletins = NULL;
    void **blocks = NULL;

    if (set == NULL) {
        return;
    }
    bulletins = set->bulletins.at;
    for (uint32_t i = 0; i < set->bulletins.n; i++) {
        free(bulletins[i].content);
    }
    blocks = set->blocks.at;
    for (uint32_t i = 0; i < set->blocks.n; i++) {
        free(blocks[i]);
    }
    arrays[0] = &set->policies;
    arrays[1] = &set->sheets;
    arrays[2] = &set->calendars;
    arrays[3] = &set->banks;
    arrays[4] = &set->operators;
    arrays[5] = &set->negative;
    arrays[6] = &set->sensitive;
    arrays[7] = &set->bulletins;
    arrays[8] = &set->blocks;
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        free(arrays[i]->at);
    }
    arena_close(&set->arena);
    free(set->area);
    free(set);
}

const struct reference *reference_set_reference(const struct reference_set *set)
{
    return &set->reference;
}

static const struct kept_bulletin *find(const struct reference_set *set, uint64_t number)
{
    const struct kept_bulletin *bulletins = set->bulletins.at;

    if (set->bulletins.n == 0 || number < bulletins[0].number ||
        number - bulletins[0].number >= set->bulletins.n) {
        return NULL;
    }
    return &bulletins[number - bulletins[0].number];
}

bool reference_set_has(const struct reference_set *set, uint64_t number)
{
    return find(set, number) != NULL;
}

struct bytes reference_set_content(const struct reference_set *set, uint64_t number)
{
    const struct kept_bulletin *bulletin = find(set, number);

    return bulletin != NULL ? (struct bytes){.at = bulletin->content, .n = bulletin->content_n}
                            : (struct bytes){.at = NULL, .n = 0};
}

/* ---- what an item adds --------------------------------------------------------------------- */

static int by_row(const void *a, const void *b) { return policy_row_compare(a, b); }

static int by_currency(const void *a, const void *b)
{
    const struct rate *x = a;
    const struct rate *y = b;

    return x->currency < y->currency ? -1 : x->currency > y->currency;
}

/* Its rows sorted and kept; false without memory. */
static bool make_version(struct reference_set *set, uint64_t number, const struct policy *policy,
                         struct policy_version *ret)
{
    bool is_kept = false;
    struct parameter *rows = keep(set, policy->parameters, policy->parameters_n,
                                  sizeof(policy->parameters[0]), &is_kept);

    if (!is_kept) {
        return false;
    }
    if (rows != NULL) {
        qsort(rows, policy->parameters_n, sizeof(rows[0]), by_row);
    }
    *ret = (struct policy_version){.since = number,
                                   .policy = policy->policy,
                                   .rules = policy->rules,
                                   .rows = rows,
                                   .rows_n = policy->parameters_n};
    policy_version_index(ret);
    return true;
}

static bool add_policy(struct reference_set *set, uint64_t number, const struct policy *policy)
{
    struct policy_version made;
    struct policy_version *version = NULL;

    if (make_version(set, number, policy, &made)) {
        version = array_insert(&set->policies, set->policies.n, sizeof(*version));
    }
    if (version == NULL) {
        return false;
    }
    *version = made;
    return true;
}

static bool add_sheet(struct reference_set *set, uint64_t number, const struct rate_sheet *sheet)
{
    const struct sheet_entry *sheets = set->sheets.at;
    struct sheet_entry *entry = NULL;
    uint32_t place = set->sheets.n;
    bool is_kept = false;
    struct rate *rates = keep(set, sheet->rates, sheet->rates_n, sizeof(sheet->rates[0]), &is_kept);

    /* Sheets come mostly in order of date. */
    while (place > 0 && sheets[place - 1].date_on > sheet->date_on) {
        place--;
    }
    entry = is_kept ? array_insert(&set->sheets, place, sizeof(*entry)) : NULL;
    if (entry == NULL) {
        return false;
    }
    if (rates != NULL) {
        qsort(rates, sheet->rates_n, sizeof(rates[0]), by_currency);
    }
    *entry = (struct sheet_entry){
        .date_on = sheet->date_on, .since = number, .rates = rates, .rates_n = sheet->rates_n};
    return true;
}

static bool add_calendar(struct reference_set *set, uint64_t number,
                         const struct calendar *calendar)
{
    const struct calendar_entry *calendars = set->calendars.at;
    struct calendar_entry *entry = NULL;
    uint32_t place = set->calendars.n;

    while (place > 0 && calendars[place - 1].year > calendar->year) {
        place--;
    }
    entry = array_insert(&set->calendars, place, sizeof(*entry));
    if (entry == NULL) {
        return false;
    }
    *entry = (struct calendar_entry){.year = calendar->year, .since = number};
    for (uint32_t i = 0; i < calendar->holidays_n; i++) {
        uint32_t day = (uint32_t)(calendar->holidays[i] - date_make(calendar->year, 1, 1));

        if (date_year(calendar->holidays[i]) == calendar->year) {
            entry->holidays[day / 64] |= UINT64_C(1) << day % 64;
        }
    }
    return true;
}

static bool add_member(struct reference_set *set, struct array *array, uint64_t number,
                       const struct member *member)
{
    const struct member_entry *entries = array->at;
    struct member_entry *entry = NULL;
    uint32_t low = 0;
    uint32_t high = array->n;
    bool is_kept = false;
    const struct public_key *keys =
        keep(set, member->keys, member->keys_n, sizeof(member->keys[0]), &is_kept);

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (reference_text_compare(entries[middle].member.id, member->id) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    entry = is_kept ? array_insert(array, low, sizeof(*entry)) : NULL;
    if (entry == NULL) {
        return false;
    }
    *entry = (struct member_entry){.since = number, .member = *member};
    entry->member.keys = keys;
    return true;
}

static bool add_members(struct reference_set *set, struct array *array, uint64_t number,
                        const struct register_change *change)
{
    bool is_added = true;

    for (uint32_t i = 0; i < change->members_n && is_added; i++) {
        is_added = add_member(set, array, number, &change->members[i]);
    }
    return is_added;
}

static bool add_list(struct reference_set *set, struct array *array, uint64_t number,
                     const struct list *list)
{
    bool is_kept = false;
    const struct list_row *rows =
        keep(set, list->rows, list->rows_n, sizeof(list->rows[0]), &is_kept);
    struct list_entry *entry = is_kept ? array_insert(array, array->n, sizeof(*entry)) : NULL;

    if (entry == NULL) {
        return false;
    }
    *entry = (struct list_entry){.since = number, .list = {.rows = rows, .rows_n = list->rows_n}};
    return true;
}

static bool add_item(struct reference_set *set, uint64_t number, const struct reference_item *item)
{
    switch (item->kind) {
    case REFERENCE_POLICY:
        return add_policy(set, number, &item->of.policy);
    case REFERENCE_RATES:
        return add_sheet(set, number, &item->of.rates);
    case REFERENCE_CALENDAR:
        return add_calendar(set, number, &item->of.calendar);
    case REFERENCE_BANKS:
        return add_members(set, &set->banks, number, &item->of.banks);
    case REFERENCE_NEGATIVE_LIST:
        return add_list(set, &set->negative, number, &item->of.negative);
    case REFERENCE_SENSITIVE_LIST:
        return add_list(set, &set->sensitive, number, &item->of.sensitive);
    case REFERENCE_OPERATORS:
        return add_members(set, &set->operators, number, &item->of.operators);
    case REFERENCE_NONE:
        break;
    }
    return true;
}

/* ---- a bulletin ---------------------------------------------------------------------------- */

static enum status corrupt(uint64_t number, const char *what, struct failure *err)
{
    return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0, "bulletin %llu is corrupt: %s",
                       (unsigned long long)number, what);
}

static enum status add_founding(struct reference_set *set, const struct content_parts *parts,
                                struct failure *err)
{
    struct area area = {.at = set->area, .size = AREA_SIZE_MAX};
    struct register_change operators;
    struct fault fault;

    if (!founding_read_operators(&parts->operators, &area, &operators, &fault)) {
        return corrupt(0, fault.text, err);
    }
    if (!add_members(set, &set->operators, 0, &operators)) {
        return out_of_memory(err);
    }
    set->reference.has_founding = true;
    set->reference.partitions = parts->partitions;
    set->reference.demonstration = parts->demonstration;
    set->reference.in_memory = parts->in_memory;
    return STATUS_OK;
}

static enum status add_items(struct reference_set *set, uint64_t number,
                             const struct content_parts *parts, struct failure *err)
{
    for (uint32_t i = 0; i < parts->items_n; i++) {
        struct area area = {.at = set->area, .size = AREA_SIZE_MAX};
        struct reference_item item;
        struct fault fault;

        if (!reference_read(&parts->items[i], &area, &item, &fault)) {
            return corrupt(number, fault.text, err);
        }
        if (!add_item(set, number, &item)) {
            return out_of_memory(err);
        }
    }
    return STATUS_OK;
}

/* Texts of the entries point into the copy, so it is kept before anything else. */
static enum status keep_bulletin(struct reference_set *set, uint64_t number, struct bytes content,
                                 struct bytes *ret, struct failure *err)
{
    struct kept_bulletin *bulletin = NULL;
    uint8_t *copy = malloc(content.n + 1);

    if (copy == NULL) {
        return out_of_memory(err);
    }
    if (content.n > 0) {
        memcpy(copy, content.at, content.n);
    }
    bulletin = array_insert(&set->bulletins, set->bulletins.n, sizeof(*bulletin));
    if (bulletin == NULL) {
        free(copy);
        return out_of_memory(err);
    }
    *bulletin = (struct kept_bulletin){.number = number, .content = copy, .content_n = content.n};
    *ret = (struct bytes){.at = copy, .n = content.n};
    return STATUS_OK;
}

static enum status add_content(struct reference_set *set, uint64_t number, struct bytes content,
                               struct failure *err)
{
    struct content_parts parts;
    enum status status;

    arena_reset(&set->arena);
    status = content_decode(content.at, content.n, &set->arena, &parts, err);
    if (status == STATUS_OK && parts.number != number) {
        status = corrupt(number, "it has another number inside", err);
    }
    if (status == STATUS_OK && parts.has_founding) {
        status = add_founding(set, &parts, err);
    }
    if (status == STATUS_OK) {
        status = add_items(set, number, &parts, err);
    }
    show(set);
    return status;
}

enum status reference_set_apply(struct reference_set *set, uint64_t number, struct bytes content,
                                struct failure *err)
{
    const struct kept_bulletin *known = find(set, number);
    const struct kept_bulletin *bulletins = set->bulletins.at;
    struct bytes copy = {.at = NULL, .n = 0};
    enum status status;

    if (known != NULL) {
        const struct bytes before = {.at = known->content, .n = known->content_n};

        return bytes_equal(before, content)
                   ? STATUS_OK
                   : failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                                 "bulletin %llu has two different contents",
                                 (unsigned long long)number);
    }
    if (set->bulletins.n == 0 ? number > 1 : number != bulletins[set->bulletins.n - 1].number + 1) {
        return corrupt(number, "the one before it is missing", err);
    }
    status = keep_bulletin(set, number, content, &copy, err);
    return status == STATUS_OK ? add_content(set, number, copy, err) : status;
}

enum status reference_set_force_policy(struct reference_set *set, const struct policy *policy,
                                       struct failure *err)
{
    if (!make_version(set, 0, policy, &set->forced)) {
        return out_of_memory(err);
    }
    set->is_forced = true;
    show(set);
    return STATUS_OK;
}
