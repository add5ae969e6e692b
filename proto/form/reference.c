/* One walk over tables as in the form stage, but it stops at the first fault and every list takes
 * its memory from the area.  Records nest five deep (banks, a bank, its keys, a key), so the places
 * where the walk has to go on stand in a short array. */
#include "form/reference.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "form/date.h"
#include "form/form_offset.h"
#include "form/form_path.h"
#include "form/form_value.h"
#include "form/identifiers.h"
#include "form/iso.h"
#include "form/money.h"
#include "form/text.h"

#define DEPTH_MAX     5
#define KEYS_MAX      4096 /* of one register: each is compared with each */
#define PREFIX_DIGITS 4    /* of an industry */

/* What a field holds.  Up to ITEM_TEXTUAL_LAST it is written as a text and absent when that is "".
 */
enum item_kind {
    ITEM_TEXT,    /* up to max characters */
    ITEM_TOKEN,   /* 1 to 32 of A-Za-z0-9._- */
    ITEM_BANK,    /* 12 digits */
    ITEM_REGION,  /* 2, 4 or 6 digits */
    ITEM_PREFIX,  /* section A to T and up to 4 digits */
    ITEM_COUNTRY, /* alpha-3, kept as text */
    ITEM_FROM,    /* a date; absent = DATE_FIRST */
    ITEM_TO,      /* a date; absent = DATE_LAST */
    ITEM_DATE,
    ITEM_RULE, /* one of list_rules, min to max */
    ITEM_KEY,  /* base64 of PUBLIC_KEY_SIZE bytes */
    ITEM_KIND, /* "kind": read before */
    ITEM_TEXTUAL_LAST = ITEM_KIND,
    ITEM_INTEGER, /* min to max */
    ITEM_YEAR,    /* min to max, kept as int32_t */
    ITEM_BOOLEAN,
    ITEM_ROLES, /* words of roles, min to max */
    ITEM_DATES, /* a list of dates */
    ITEM_RATES, /* an object from currency to rate */
    ITEM_RECORDS
};

struct item {
    const char *name;
    uint8_t kind; /* enum item_kind */
    bool required;
    uint16_t at;   /* offset of the value */
    uint16_t n_at; /* offset of the count of a list or of the rates */
    int64_t min;
    int64_t max;
    const struct item_record *record; /* of the elements */
};

struct frame;
struct reading;

/* What holds between the fields of a record; false with the fault when it does not. */
typedef bool record_fn(struct reading *reading, const struct frame *frame);

struct item_record {
    const struct item *items;
    uint32_t n;
    uint32_t size;
    record_fn *agrees; /* or NULL */
};

struct frame {
    const struct item_record *record; /* of a list: of its elements */
    void *out;
    struct text name;
    uint32_t index;
    uint32_t child;
    uint32_t present; /* bit i: the i-th field was there */
    uint32_t visited;
    bool is_list;
    bool is_element;
};

struct reading {
    const struct document *doc;
    struct area *area;
    struct fault *fault;
    uint32_t depth;
    struct frame frames[DEPTH_MAX];
};

static const char list_rules[] = "PROHIBITED|CAP|REVIEW|APPROVAL";
static const char roles[] = "FILER|AUTHORITY|ISSUER|WORKER|WITNESS";

_Static_assert(LIST_APPROVAL == 4 && LIST_PROHIBITED == 1, "a rule is the place of its word");
_Static_assert(ROLE_FILER == 1 << 0 && ROLE_WITNESS == 1 << 4, "a role is the place of its word");
_Static_assert(sizeof(((struct fault *)0)->field) >= FIELD_PATH_SIZE,
               "a pointer fits into a fault");

void *area_take(struct area *area, size_t n)
{
    const size_t align = alignof(max_align_t);
    const size_t offset = (size_t)(-(uintptr_t)(area->at + area->used) & (align - 1));
    void *part;

    assert(area->used <= area->size);
    if (offset > area->size - area->used || n > area->size - area->used - offset) {
        return NULL;
    }
    part = area->at + area->used + offset;
    memset(part, 0, n);
    area->used += offset + n;
    return part;
}

static void *member_at(void *record, size_t offset) { return (uint8_t *)record + offset; }

static struct text text_of(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

/* Every fault ends the reading; the field is one of the record on top, or that record itself. */
static bool fail(struct reading *reading, struct text field, const char *why)
{
    const size_t n = strlen(why);
    struct form_path path;

    form_path_reset(&path);
    for (uint32_t i = 0; i < reading->depth; i++) {
        const struct frame *frame = &reading->frames[i];

        if (frame->is_element) {
            form_path_index(&path, frame->index);
        } else if (frame->name.n != 0) {
            form_path_name(&path, frame->name);
        }
    }
    if (field.at) {
        form_path_name(&path, field);
    }
    assert(n < sizeof(reading->fault->text));
    memcpy(reading->fault->field, path.at, path.n + 1);
    memcpy(reading->fault->text, why, n + 1);
    return false;
}

static void *take(struct reading *reading, size_t n)
{
    void *part = area_take(reading->area, n);

    if (!part) {
        (void)fail(reading, (struct text){0}, "the object does not fit into memory");
    }
    return part;
}

static const struct item *item_find(const struct item_record *record, struct text name,
                                    uint32_t *ret_place)
{
    for (uint32_t i = 0; i < record->n; i++) {
        const struct text own = text_of(record->items[i].name);

        if (own.n == name.n && memcmp(own.at, name.at, own.n) == 0) {
            *ret_place = i;
            return &record->items[i];
        }
    }
    return NULL;
}

static bool frame_has(const struct frame *frame, const char *name)
{
    uint32_t place = 0;
    const struct item *item = item_find(frame->record, text_of(name), &place);

    assert(item);
    return (frame->present >> place & 1) != 0;
}

static bool text_equal(struct text a, struct text b)
{
    return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

/* The value of a digit of base64; -1 for anything else. */
static int32_t base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : -1;
}

/* 43 digits and one '=': 32 bytes and 2 bits, which must be 0 so that a key has one text only. */
static bool key_read(struct text text, uint8_t key[PUBLIC_KEY_SIZE])
{
    const uint32_t digits = (PUBLIC_KEY_SIZE * 8 + 5) / 6;
    uint32_t bits = 0;
    uint32_t held = 0; /* bits that are in hand */
    uint32_t n = 0;

    if (text.n != digits + 1 || text.at[digits] != '=') {
        return false;
    }
    for (uint32_t i = 0; i < digits; i++) {
        const int32_t digit = base64_digit(text.at[i]);

        if (digit < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            key[n++] = (uint8_t)(bits >> held);
            bits &= (UINT32_C(1) << held) - 1;
        }
    }
    return bits == 0;
}

static bool region_prefix_valid(struct text text)
{
    return text_is_digits(text.at, text.n, 2) || text_is_digits(text.at, text.n, 4) ||
           text_is_digits(text.at, text.n, 6);
}

static bool industry_prefix_valid(struct text text)
{
    return text.n >= 1 && text.n <= 1 + PREFIX_DIGITS && text.at[0] >= 'A' && text.at[0] <= 'T' &&
           text_is_digits(text.at + 1, text.n - 1, text.n - 1);
}

static bool rule_read(const struct item *item, struct text text, enum list_rule *ret)
{
    const int32_t place = form_choice_find(list_rules, text);

    *ret = (enum list_rule)place;
    return place >= item->min && place <= item->max;
}

/* A field that is written as a text: NULL when it is right, else why not. */
static const char *text_read(const struct item *item, struct text text, void *out)
{
    switch (item->kind) {
    case ITEM_KIND:
        return NULL;
    case ITEM_FROM:
    case ITEM_TO:
    case ITEM_DATE:
        return date_parse(text.at, text.n, out) ? NULL : "is no date written YYYY-MM-DD";
    case ITEM_RULE:
        return rule_read(item, text, out) ? NULL : "is no rule of this list";
    case ITEM_KEY:
        return key_read(text, out) ? NULL : "is not the base64 of 32 bytes";
    default:
        break;
    }
    *(struct text *)out = text;
    switch (item->kind) {
    case ITEM_TEXT:
        return form_text_valid(text, item->max)
                   ? NULL
                   : "is too long, not UTF-8 or has a control character";
    case ITEM_TOKEN:
        return text_is_token(text.at, text.n) ? NULL : "is not 1 to 32 of A-Za-z0-9._-";
    case ITEM_BANK:
        return bank_code_valid(text.at, text.n) ? NULL : "is not 12 digits";
    case ITEM_REGION:
        return region_prefix_valid(text) ? NULL : "is not 2, 4 or 6 digits";
    case ITEM_PREFIX:
        return industry_prefix_valid(text) ? NULL : "is no section A to T with up to 4 digits";
    case ITEM_COUNTRY:
        return iso_country_find(text.at, text.n) >= 0 ? NULL : "is no country of ISO 3166-1";
    default:
        return "is of no kind that is known";
    }
}

static const char *number_read(const struct item *item, const struct node *node, void *out)
{
    if (item->kind == ITEM_BOOLEAN) {
        *(bool *)out = node->integer != 0;
        return node->kind == NODE_BOOLEAN ? NULL : "is neither true nor false";
    }
    if (node->kind != NODE_INTEGER) {
        return "is no integer";
    }
    if (node->integer < item->min || node->integer > item->max) {
        return "is out of range";
    }
    if (item->kind == ITEM_YEAR) {
        *(int32_t *)out = (int32_t)node->integer;
    } else {
        *(int64_t *)out = node->integer;
    }
    return NULL;
}

static const char *roles_read(const struct document *doc, const struct item *item,
                              const struct node *node, uint32_t *ret)
{
    if (node->kind != NODE_LIST) {
        return "is no list";
    }
    for (uint32_t i = node->child; i != 0; i = doc->nodes[i].next) {
        const struct node *role = &doc->nodes[i];
        const int32_t place = role->kind == NODE_TEXT ? form_choice_find(roles, role->text) : 0;

        if (place < 1 || place < item->min || place > item->max) {
            return "has a role that does not exist here";
        }
        *ret |= UINT32_C(1) << (place - 1);
    }
    return NULL;
}

static uint32_t children_count(const struct document *doc, const struct node *node)
{
    uint32_t n = 0;

    for (uint32_t i = node->child; i != 0; i = doc->nodes[i].next) {
        n++;
    }
    return n;
}

/* Where the elements of a list go; the pointer and the count of the record are set.  The pointers
 * have different types, so they are copied as bytes. */
static void *elements_take(struct reading *reading, const struct item *item,
                           const struct node *node, size_t size)
{
    void *record = reading->frames[reading->depth - 1].out;
    const uint32_t n = children_count(reading->doc, node);
    void *elements = take(reading, n * size);

    memcpy(member_at(record, item->at), &elements, sizeof(elements));
    *(uint32_t *)member_at(record, item->n_at) = n;
    return elements;
}

/* At an element of a list that is a field of the record on top. */
static bool fail_inside(struct reading *reading, struct text list, uint32_t i, const char *why)
{
    assert(reading->depth + 2 <= DEPTH_MAX);
    reading->frames[reading->depth++] = (struct frame){.name = list};
    reading->frames[reading->depth++] = (struct frame){.is_element = true, .index = i};
    return fail(reading, (struct text){0}, why);
}

static bool dates_read(struct reading *reading, const struct item *item, const struct node *node)
{
    int32_t *dates;
    uint32_t n = 0;

    if (node->kind != NODE_LIST) {
        return fail(reading, node->name, "is no list");
    }
    dates = elements_take(reading, item, node, sizeof(*dates));
    if (!dates) {
        return false;
    }
    for (uint32_t i = node->child; i != 0; i = reading->doc->nodes[i].next) {
        const struct node *date = &reading->doc->nodes[i];

        if (date->kind != NODE_TEXT || !date_parse(date->text.at, date->text.n, &dates[n])) {
            return fail_inside(reading, node->name, n, "is no date written YYYY-MM-DD");
        }
        n++;
    }
    return true;
}

/* Why a rate may not stand in a sheet; NULL when it may. */
static const char *rate_read(const struct node *node, bool given[CURRENCY_N], struct rate *ret)
{
    const int currency = iso_currency_find(node->name.at, node->name.n);

    if (currency < 0) {
        return "is no currency of ISO 4217";
    }
    if (currency == CURRENCY_CNY) {
        return "is what rates are counted in and has none";
    }
    if (given[currency]) {
        return "is there twice";
    }
    given[currency] = true;
    ret->currency = currency;
    if (node->kind != NODE_TEXT) {
        return "is no text";
    }
    return rate_parse(node->text.at, node->text.n, &ret->rate_e10)
               ? NULL
               : "is no decimal above 0 with at most 10 decimals";
}

static bool rates_read(struct reading *reading, const struct item *item, const struct node *node)
{
    bool given[CURRENCY_N] = {false};
    struct rate *rates;
    uint32_t n = 0;

    if (node->kind != NODE_OBJECT) {
        return fail(reading, node->name, "is no object");
    }
    rates = elements_take(reading, item, node, sizeof(*rates));
    if (!rates) {
        return false;
    }
    for (uint32_t i = node->child; i != 0; i = reading->doc->nodes[i].next) {
        const char *why = rate_read(&reading->doc->nodes[i], given, &rates[n++]);

        if (why) {
            struct frame *frame = &reading->frames[reading->depth++];

            *frame = (struct frame){.name = node->name};
            return fail(reading, reading->doc->nodes[i].name, why);
        }
    }
    return true;
}

static struct frame *enter(struct reading *reading, const struct item_record *record,
                           const struct node *node, void *out)
{
    struct frame *frame = &reading->frames[reading->depth];

    assert(reading->depth < DEPTH_MAX);
    *frame = (struct frame){.record = record, .out = out, .child = node->child, .name = node->name};
    reading->depth++;
    return frame;
}

static bool records_enter(struct reading *reading, const struct item *item, const struct node *node)
{
    void *elements;

    if (node->kind != NODE_LIST) {
        return fail(reading, node->name, "is no list");
    }
    elements = elements_take(reading, item, node, item->record->size);
    if (!elements) {
        return false;
    }
    enter(reading, item->record, node, elements)->is_list = true;
    return true;
}

static bool element_visit(struct reading *reading, struct frame *list, const struct node *node)
{
    const uint32_t i = list->visited++;
    struct frame *frame =
        enter(reading, list->record, node, member_at(list->out, (size_t)i * list->record->size));

    frame->is_element = true;
    frame->index = i;
    return node->kind == NODE_OBJECT || fail(reading, (struct text){0}, "is no object");
}

static bool item_visit(struct reading *reading, struct frame *frame, const struct node *node)
{
    uint32_t place = 0;
    const struct item *item = item_find(frame->record, node->name, &place);
    const char *why = NULL;
    void *out;

    if (!item) {
        return fail(reading, node->name, "is no field of this object");
    }
    if ((frame->present >> place & 1) != 0) {
        return fail(reading, node->name, "is there twice");
    }
    if (item->kind <= ITEM_TEXTUAL_LAST && node->kind == NODE_TEXT && node->text.n == 0) {
        return true;
    }
    frame->present |= UINT32_C(1) << place;
    out = member_at(frame->out, item->at);
    switch (item->kind) {
    case ITEM_RECORDS:
        return records_enter(reading, item, node);
    case ITEM_RATES:
        return rates_read(reading, item, node);
    case ITEM_DATES:
        return dates_read(reading, item, node);
    case ITEM_ROLES:
        why = roles_read(reading->doc, item, node, out);
        break;
    case ITEM_INTEGER:
    case ITEM_YEAR:
    case ITEM_BOOLEAN:
        why = number_read(item, node, out);
        break;
    default:
        why = node->kind == NODE_TEXT ? text_read(item, node->text, out) : "is no text";
        break;
    }
    return !why || fail(reading, node->name, why);
}

static bool record_leave(struct reading *reading, const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->record->n; i++) {
        const struct item *item = &frame->record->items[i];

        if ((frame->present >> i & 1) != 0) {
            continue;
        }
        if (item->required) {
            return fail(reading, text_of(item->name), "is missing");
        }
        if (item->kind == ITEM_FROM) {
            *(int32_t *)member_at(frame->out, item->at) = DATE_FIRST;
        }
        if (item->kind == ITEM_TO) {
            *(int32_t *)member_at(frame->out, item->at) = DATE_LAST;
        }
    }
    return !frame->record->agrees || frame->record->agrees(reading, frame);
}

/* Read the record on top and all that lies inside it. */
static bool reading_run(struct reading *reading)
{
    bool ok = true;

    while (ok && reading->depth > 0) {
        struct frame *frame = &reading->frames[reading->depth - 1];
        const struct node *node = &reading->doc->nodes[frame->child];

        if (frame->child == 0) {
            ok = frame->is_list || record_leave(reading, frame);
            reading->depth -= ok ? 1 : 0;
            continue;
        }
        frame->child = node->next;
        ok =
            frame->is_list ? element_visit(reading, frame, node) : item_visit(reading, frame, node);
    }
    return ok;
}

static bool period_agrees(struct reading *reading, int32_t from_on, int32_t to_on)
{
    return from_on <= to_on || fail(reading, text_of("to"), "is before from");
}

static bool parameter_agrees(struct reading *reading, const struct frame *frame)
{
    struct parameter *parameter = frame->out;
    int scale = 0;

    parameter->ordinal = frame->index;
    parameter->has_number = money_parse_decimal(parameter->value.at, parameter->value.n,
                                                &parameter->number.numerator, &scale);
    parameter->number.scale = scale;
    return period_agrees(reading, parameter->from_on, parameter->to_on);
}

static bool calendar_agrees(struct reading *reading, const struct frame *frame)
{
    const struct calendar *calendar = frame->out;

    for (uint32_t i = 0; i < calendar->holidays_n; i++) {
        if (date_year(calendar->holidays[i]) != calendar->year) {
            return fail(reading, text_of("holidays"), "has a date of another year");
        }
    }
    return true;
}

static bool row_agrees(struct reading *reading, const struct frame *frame)
{
    const struct list_row *row = frame->out;

    if (row->rule == LIST_CAP && !frame_has(frame, "cap_bp")) {
        return fail(reading, text_of("cap_bp"), "is missing");
    }
    return period_agrees(reading, row->from_on, row->to_on);
}

static bool key_agrees(struct reading *reading, const struct frame *frame)
{
    const struct public_key *key = frame->out;

    return period_agrees(reading, key->from_on, key->to_on);
}

/* Is the id of a key also that of one of the first n? */
static bool key_repeats(const struct public_key *key, const struct public_key *keys, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (text_equal(keys[i].key_id, key->key_id)) {
            return true;
        }
    }
    return false;
}

/* A bank chooses the ids of its keys by itself: they are told apart within the bank. */
static bool member_agrees(struct reading *reading, const struct frame *frame)
{
    const struct member *member = frame->out;

    if (member->keys_n > KEYS_MAX) {
        return fail(reading, text_of("keys"), "are more than 4096");
    }
    for (uint32_t i = 0; i < member->keys_n; i++) {
        if (key_repeats(&member->keys[i], member->keys, i)) {
            return fail(reading, text_of("keys"), "have one key_id twice");
        }
    }
    return true;
}

/* Is the id of the key also that of a key of one of the first n members? */
static bool key_taken(const struct public_key *key, const struct register_change *change,
                      uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (key_repeats(key, change->members[i].keys, change->members[i].keys_n)) {
            return true;
        }
    }
    return false;
}

/* Has the i-th member a key of a member before it? */
static bool member_repeats(const struct register_change *change, uint32_t i)
{
    const struct member *member = &change->members[i];

    for (uint32_t key = 0; key < member->keys_n; key++) {
        if (key_taken(&member->keys[key], change, i)) {
            return true;
        }
    }
    return false;
}

/* Key ids of operators are unique over all persons (rulebook section 9). */
static bool operators_agree(struct reading *reading, const struct frame *frame)
{
    const struct register_change *change = frame->out;
    uint32_t n = 0;

    for (uint32_t i = 0; i < change->members_n; i++) {
        n += change->members[i].keys_n;
        if (n > KEYS_MAX) {
            return fail(reading, text_of("operators"), "have more than 4096 keys");
        }
        if (member_repeats(change, i)) {
            return fail(reading, text_of("operators"), "have one key_id twice");
        }
    }
    return true;
}

#define COUNT(items) (uint32_t)(sizeof(items) / sizeof((items)[0]))

#define ITEM(name_, kind_, required_, at_, min_, max_)                                             \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .required = (required_), .at = (at_), .min = (min_),     \
        .max = (max_)                                                                              \
    }
#define KIND(required_) ITEM("kind", ITEM_KIND, required_, 0, 0, 0)
#define LIST(name_, kind_, type, member, element, record_)                                         \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .at = FORM_OFFSET(type, member, const element *),        \
        .n_at = FORM_OFFSET(type, member##_n, uint32_t), .record = (record_)                       \
    }

static const struct item parameter_items[] = {
    ITEM("id", ITEM_TEXT, true, FORM_OFFSET(parameter, id, struct text), 0, 64),
    ITEM("subject", ITEM_TEXT, false, FORM_OFFSET(parameter, subject, struct text), 0, 128),
    ITEM("region", ITEM_REGION, false, FORM_OFFSET(parameter, region, struct text), 0, 0),
    ITEM("from", ITEM_FROM, false, FORM_OFFSET(parameter, from_on, int32_t), 0, 0),
    ITEM("to", ITEM_TO, false, FORM_OFFSET(parameter, to_on, int32_t), 0, 0),
    ITEM("value", ITEM_TEXT, true, FORM_OFFSET(parameter, value, struct text), 0, 128),
    ITEM("source", ITEM_TEXT, false, FORM_OFFSET(parameter, source, struct text), 0, 1024),
    ITEM("confirmed", ITEM_BOOLEAN, true, FORM_OFFSET(parameter, confirmed, bool), 0, 0),
};
static const struct item_record parameter_record = {parameter_items, COUNT(parameter_items),
                                                    sizeof(struct parameter), parameter_agrees};

static const struct item policy_items[] = {
    KIND(true),
    ITEM("policy", ITEM_INTEGER, true, FORM_OFFSET(policy, policy, int64_t), 0, INT64_MAX),
    ITEM("rules", ITEM_INTEGER, true, FORM_OFFSET(policy, rules, int64_t), 1, UINT32_MAX),
    LIST("parameters", ITEM_RECORDS, policy, parameters, struct parameter, &parameter_record),
};

static const struct item rates_items[] = {
    KIND(true),
    ITEM("date", ITEM_DATE, true, FORM_OFFSET(rate_sheet, date_on, int32_t), 0, 0),
    LIST("rates", ITEM_RATES, rate_sheet, rates, struct rate, NULL),
};

static const struct item calendar_items[] = {
    KIND(true),
    ITEM("year", ITEM_YEAR, true, FORM_OFFSET(calendar, year, int32_t), 1, 9999),
    LIST("holidays", ITEM_DATES, calendar, holidays, int32_t, NULL),
};

static const struct item key_items[] = {
    ITEM("key_id", ITEM_TOKEN, true, FORM_OFFSET(public_key, key_id, struct text), 0, 0),
    ITEM("public_key", ITEM_KEY, true, FORM_OFFSET(public_key, key, uint8_t *), 0, 0),
    ITEM("from", ITEM_FROM, false, FORM_OFFSET(public_key, from_on, int32_t), 0, 0),
    ITEM("to", ITEM_TO, false, FORM_OFFSET(public_key, to_on, int32_t), 0, 0),
};
static const struct item_record key_record = {key_items, COUNT(key_items),
                                              sizeof(struct public_key), key_agrees};

static const struct item bank_items[] = {
    ITEM("code", ITEM_BANK, true, FORM_OFFSET(member, id, struct text), 0, 0),
    ITEM("name", ITEM_TEXT, false, FORM_OFFSET(member, name, struct text), 0, 128),
    ITEM("roles", ITEM_ROLES, false, FORM_OFFSET(member, roles, uint32_t), 1, 2),
    LIST("keys", ITEM_RECORDS, member, keys, struct public_key, &key_record),
};
static const struct item_record bank_record = {bank_items, COUNT(bank_items), sizeof(struct member),
                                               member_agrees};

static const struct item banks_items[] = {
    KIND(true),
    LIST("banks", ITEM_RECORDS, register_change, members, struct member, &bank_record),
};

static const struct item person_items[] = {
    ITEM("person", ITEM_TEXT, true, FORM_OFFSET(member, id, struct text), 0, 128),
    ITEM("name", ITEM_TEXT, false, FORM_OFFSET(member, name, struct text), 0, 128),
    ITEM("roles", ITEM_ROLES, false, FORM_OFFSET(member, roles, uint32_t), 3, 5),
    LIST("keys", ITEM_RECORDS, member, keys, struct public_key, &key_record),
};
static const struct item_record person_record = {person_items, COUNT(person_items),
                                                 sizeof(struct member), member_agrees};

/* Of a founding record "kind" may be absent: there the operators stand for themselves. */
static const struct item operators_items[] = {
    KIND(false),
    LIST("operators", ITEM_RECORDS, register_change, members, struct member, &person_record),
};

static const struct item negative_row_items[] = {
    ITEM("prefix", ITEM_PREFIX, true, FORM_OFFSET(list_row, industry, struct text), 0, 0),
    ITEM("rule", ITEM_RULE, true, FORM_OFFSET(list_row, rule, enum list_rule), LIST_PROHIBITED,
         LIST_REVIEW),
    ITEM("cap_bp", ITEM_INTEGER, false, FORM_OFFSET(list_row, cap_bp, int64_t), 0, 10000),
    ITEM("from", ITEM_FROM, false, FORM_OFFSET(list_row, from_on, int32_t), 0, 0),
    ITEM("to", ITEM_TO, false, FORM_OFFSET(list_row, to_on, int32_t), 0, 0),
    ITEM("text", ITEM_TEXT, false, FORM_OFFSET(list_row, text, struct text), 0, 1024),
};
static const struct item_record negative_row_record = {
    negative_row_items, COUNT(negative_row_items), sizeof(struct list_row), row_agrees};

static const struct item sensitive_row_items[] = {
    ITEM("country", ITEM_COUNTRY, false, FORM_OFFSET(list_row, country, struct text), 0, 0),
    ITEM("industry", ITEM_PREFIX, false, FORM_OFFSET(list_row, industry, struct text), 0, 0),
    ITEM("rule", ITEM_RULE, true, FORM_OFFSET(list_row, rule, enum list_rule), LIST_REVIEW,
         LIST_APPROVAL),
    ITEM("from", ITEM_FROM, false, FORM_OFFSET(list_row, from_on, int32_t), 0, 0),
    ITEM("to", ITEM_TO, false, FORM_OFFSET(list_row, to_on, int32_t), 0, 0),
    ITEM("text", ITEM_TEXT, false, FORM_OFFSET(list_row, text, struct text), 0, 1024),
};
static const struct item_record sensitive_row_record = {
    sensitive_row_items, COUNT(sensitive_row_items), sizeof(struct list_row), row_agrees};

static const struct item negative_items[] = {
    KIND(true),
    LIST("rows", ITEM_RECORDS, list, rows, struct list_row, &negative_row_record),
};

static const struct item sensitive_items[] = {
    KIND(true),
    LIST("rows", ITEM_RECORDS, list, rows, struct list_row, &sensitive_row_record),
};

/* By enum reference_kind; the record is read into the member of the union. */
static const struct item_record kinds[] = {
    [REFERENCE_NONE] = {NULL, 0, 0, NULL},
    [REFERENCE_POLICY] = {policy_items, COUNT(policy_items), sizeof(struct policy), NULL},
    [REFERENCE_RATES] = {rates_items, COUNT(rates_items), sizeof(struct rate_sheet), NULL},
    [REFERENCE_CALENDAR] = {calendar_items, COUNT(calendar_items), sizeof(struct calendar),
                            calendar_agrees},
    [REFERENCE_BANKS] = {banks_items, COUNT(banks_items), sizeof(struct register_change), NULL},
    [REFERENCE_NEGATIVE_LIST] = {negative_items, COUNT(negative_items), sizeof(struct list), NULL},
    [REFERENCE_SENSITIVE_LIST] = {sensitive_items, COUNT(sensitive_items), sizeof(struct list),
                                  NULL},
    [REFERENCE_OPERATORS] = {operators_items, COUNT(operators_items),
                             sizeof(struct register_change), operators_agree},
};

static const char *const kind_names[] = {
    [REFERENCE_NONE] = "",
    [REFERENCE_POLICY] = "policy",
    [REFERENCE_RATES] = "rates",
    [REFERENCE_CALENDAR] = "calendar",
    [REFERENCE_BANKS] = "banks",
    [REFERENCE_NEGATIVE_LIST] = "negative_list",
    [REFERENCE_SENSITIVE_LIST] = "sensitive_list",
    [REFERENCE_OPERATORS] = "operators",
};

#define KINDS_N (sizeof(kind_names) / sizeof(kind_names[0]))
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == KINDS_N, "every kind has a name and a table");

const char *reference_kind_name(enum reference_kind kind)
{
    assert(kind < KINDS_N);
    return kind_names[kind];
}

enum reference_kind reference_kind_find(const char *s, size_t n)
{
    for (uint32_t i = REFERENCE_POLICY; i < KINDS_N; i++) {
        if (strlen(kind_names[i]) == n && memcmp(kind_names[i], s, n) == 0) {
            return (enum reference_kind)i;
        }
    }
    return REFERENCE_NONE;
}

static bool object_read(struct reading *reading, enum reference_kind kind, void *out)
{
    memset(out, 0, kinds[kind].size);
    (void)enter(reading, &kinds[kind], &reading->doc->nodes[0], out);
    return reading_run(reading);
}

bool reference_read(const struct document *doc, struct area *area, struct reference_item *ret,
                    struct fault *fault)
{
    struct reading reading = {.doc = doc, .area = area, .fault = fault};
    const struct node *kind;

    ret->kind = REFERENCE_NONE;
    if (doc->n == 0 || doc->nodes[0].kind != NODE_OBJECT) {
        return fail(&reading, (struct text){0}, "is no object");
    }
    kind = document_find(doc, &doc->nodes[0], "kind");
    if (!kind) {
        return fail(&reading, text_of("kind"), "is missing");
    }
    if (kind->kind == NODE_TEXT) {
        ret->kind = reference_kind_find(kind->text.at, kind->text.n);
    }
    if (ret->kind == REFERENCE_NONE) {
        return fail(&reading, text_of("kind"), "is no kind of reference data");
    }
    return object_read(&reading, ret->kind, &ret->of);
}

bool founding_read_operators(const struct document *doc, struct area *area,
                             struct register_change *ret, struct fault *fault)
{
    struct reading reading = {.doc = doc, .area = area, .fault = fault};

    if (doc->n == 0 || doc->nodes[0].kind != NODE_OBJECT) {
        return fail(&reading, (struct text){0}, "is no object");
    }
    return object_read(&reading, REFERENCE_OPERATORS, ret);
}
