/* The walk: head first, then details, because dates and currencies of details are looked at in the
 * light of the business date and the tables of details are chosen by the event.  Records nest three
 * deep at most (details, list, element), so the places where the walk has to go on stand in a short
 * array. */
#include "form/form.h"

#include <assert.h>
#include <string.h>

#include "form/date.h"
#include "form/form_fields.h"
#include "form/form_path.h"
#include "form/form_rules.h"
#include "form/form_value.h"
#include "form/identifiers.h"
#include "form/money.h"

#define DEPTH_MAX 4 /* head or details, object or list, element */

/* One record or list that is being read. */
struct frame {
    const struct record *record; /* of a list: of its elements */
    void *out;
    struct text name; /* the step that leads here; empty for the head and for elements */
    uint32_t index;   /* the step of an element */
    uint32_t child;   /* node to be visited next */
    uint32_t row;     /* field that is expected next */
    uint32_t present; /* bit i: the i-th field was there */
    uint32_t visited; /* elements of a list */
    bool is_list;
    bool is_element;
};

struct walk {
    const struct document *doc;
    struct form *form;
    const struct node *details;
    struct form_present present;
    uint32_t depth;
    struct frame frames[DEPTH_MAX];
};

static void *member_at(void *record, uint32_t offset) { return (uint8_t *)record + offset; }

static struct frame *walk_top(struct walk *walk)
{
    assert(walk->depth > 0);
    return &walk->frames[walk->depth - 1];
}

static void walk_path(const struct walk *walk, struct form_path *path)
{
    form_path_reset(path);
    for (uint32_t i = 0; i < walk->depth; i++) {
        const struct frame *frame = &walk->frames[i];

        if (frame->is_element) {
            form_path_index(path, frame->index);
        } else if (frame->name.n != 0) {
            form_path_name(path, frame->name);
        }
    }
}

/* Report at a field of the record on top; inner, unless empty, is a field of the money there. */
static void walk_fail(struct walk *walk, enum code code, struct text name, struct text inner)
{
    struct form_path path;

    walk_path(walk, &path);
    form_path_name(&path, name);
    if (inner.at) {
        form_path_name(&path, inner);
    }
    reasons_add_at(&walk->form->failures, code, path.at);
}

static struct text field_name(const struct field *field)
{
    return (struct text){.at = field->name, .n = field->name_n};
}

static void field_fail(struct walk *walk, enum code code, const struct field *field)
{
    walk_fail(walk, code, field_name(field), (struct text){0});
}

static void set_present(const struct field *field, void *record, bool present)
{
    if (field->companion != 0) {
        *(bool *)member_at(record, field->companion) = present;
    }
}

/* The empty value of every field of a record that has no records inside. */
static void clear_flat(const struct record *record, void *out)
{
    for (uint32_t i = 0; i < record->n; i++) {
        const struct field *field = &record->fields[i];

        form_value_clear(field, member_at(out, field->at));
        set_present(field, out, false);
    }
}

static void clear_field(const struct field *field, void *out)
{
    switch (field->kind) {
    case FIELD_OBJECT:
        clear_flat(field->record, member_at(out, field->at));
        set_present(field, out, false);
        break;
    case FIELD_LIST:
        *(const struct fdi_investor **)member_at(out, field->at) = NULL;
        *(uint32_t *)member_at(out, field->companion) = 0;
        break;
    case FIELD_DETAILS:
        break;
    default:
        form_value_clear(field, member_at(out, field->at));
        set_present(field, out, false);
        break;
    }
}

static struct frame *walk_enter(struct walk *walk, const struct record *record,
                                const struct node *node, void *out)
{
    struct frame *frame = &walk->frames[walk->depth];

    assert(walk->depth < DEPTH_MAX);
    *frame = (struct frame){.record = record, .out = out, .child = node->child, .name = node->name};
    walk->depth++;
    return frame;
}

static void object_visit(struct walk *walk, const struct field *field, const struct node *node,
                         void *record)
{
    if (node->kind != NODE_OBJECT) {
        field_fail(walk, CODE_SCHEMA, field);
        clear_field(field, record);
        return;
    }
    set_present(field, record, true);
    (void)walk_enter(walk, field->record, node, member_at(record, field->at));
}

/* The only list of a filing is that of the investors, so its memory is known. */
static void list_visit(struct walk *walk, const struct field *field, const struct node *node,
                       void *record)
{
    struct frame *frame;
    int64_t n = 0;

    assert(field->record->size == sizeof(struct fdi_investor));
    clear_field(field, record);
    if (node->kind == NODE_LIST) {
        for (uint32_t i = node->child; i != 0 && n <= field->max; i = walk->doc->nodes[i].next) {
            n++;
        }
    }
    if (n == 0 || n > field->max) {
        field_fail(walk, CODE_SCHEMA, field);
        return;
    }
    *(const struct fdi_investor **)member_at(record, field->at) = walk->form->investors;
    *(uint32_t *)member_at(record, field->companion) = (uint32_t)n;
    frame = walk_enter(walk, field->record, node, walk->form->investors);
    frame->is_list = true;
}

static void element_visit(struct walk *walk, struct frame *list, const struct node *node)
{
    const uint32_t i = list->visited++;
    void *out = member_at(list->out, i * list->record->size);
    struct frame *frame = walk_enter(walk, list->record, node, out);

    frame->is_element = true;
    frame->index = i;
    if (node->kind != NODE_OBJECT) {
        struct form_path path;

        walk_path(walk, &path);
        reasons_add_at(&walk->form->failures, CODE_SCHEMA, path.at);
        clear_flat(list->record, out);
        walk->depth--;
    }
}

static bool text_is(struct text text, const char *s, uint32_t n)
{
    return text.n == n && memcmp(text.at, s, n) == 0;
}

/* An empty text is an absent one (F2). */
static bool node_empty(const struct node *node)
{
    return node->kind == NODE_TEXT && node->text.n == 0;
}

static const struct text name_currency = {.at = "currency", .n = 8};
static const struct text name_value = {.at = "value", .n = 5};

/* The two fields of money; NULL where one is absent. */
static void money_find(struct walk *walk, const struct field *field, const struct node *node,
                       const struct node **currency, const struct node **value)
{
    for (uint32_t i = node->child; i != 0; i = walk->doc->nodes[i].next) {
        const struct node *child = &walk->doc->nodes[i];

        if (!*currency && text_is(child->name, name_currency.at, name_currency.n)) {
            *currency = node_empty(child) ? NULL : child;
        } else if (!*value && text_is(child->name, name_value.at, name_value.n)) {
            *value = node_empty(child) ? NULL : child;
        } else {
            walk_fail(walk, CODE_SCHEMA, field_name(field), child->name);
        }
    }
}

static void money_visit(struct walk *walk, const struct field *field, const struct node *node,
                        struct money *ret)
{
    const struct node *currency = NULL;
    const struct node *value = NULL;
    enum code code = CODE_SCHEMA; /* of a field that is absent */

    *ret = (struct money){.minor = FORM_AMOUNT_NONE, .currency = CURRENCY_NONE};
    if (node->kind != NODE_OBJECT) {
        field_fail(walk, CODE_SCHEMA, field);
        return;
    }
    money_find(walk, field, node, &currency, &value);
    if (currency) {
        code = form_currency_read(field, currency, walk->form->filing.business_on, &ret->currency);
    }
    if (code != CODE_NONE) {
        walk_fail(walk, code, field_name(field), name_currency);
    }
    code = CODE_SCHEMA;
    if (value) {
        code = form_amount_read(field, value, ret->currency, &ret->minor);
    }
    if (code != CODE_NONE) {
        walk_fail(walk, code, field_name(field), name_value);
    }
}

static void scalar_visit(struct walk *walk, const struct field *field, const struct node *node,
                         void *record)
{
    const int32_t business_on = walk->form->filing.business_on;
    void *out = member_at(record, field->at);
    const enum code code = form_value_read(field, node, out);

    if (code != CODE_NONE) {
        field_fail(walk, code, field);
        clear_field(field, record);
        return;
    }
    set_present(field, record, true);
    if ((field->flags & FIELD_NOT_AFTER) != 0 && business_on != DATE_NONE &&
        *(const int32_t *)out > business_on) {
        field_fail(walk, CODE_DATE_ORDER, field);
    }
}

/* The row of that name; the fields mostly come in the order of the table.  n when it has none. */
static uint32_t row_find(const struct frame *frame, struct text name)
{
    const struct record *record = frame->record;

    if (frame->row < record->n &&
        text_is(name, record->fields[frame->row].name, record->fields[frame->row].name_n)) {
        return frame->row;
    }
    for (uint32_t i = 0; i < record->n; i++) {
        if (text_is(name, record->fields[i].name, record->fields[i].name_n)) {
            return i;
        }
    }
    return record->n;
}

static void field_visit(struct walk *walk, struct frame *frame, const struct node *node)
{
    const uint32_t row = row_find(frame, node->name);
    const struct field *field;
    void *record = frame->out;

    if (row == frame->record->n || (frame->present >> row & 1) != 0) {
        walk_fail(walk, CODE_SCHEMA, node->name, (struct text){0});
        return;
    }
    frame->row = row + 1;
    field = &frame->record->fields[row];
    if (field->kind <= FIELD_TEXTUAL_LAST && node_empty(node)) {
        return;
    }
    frame->present |= UINT32_C(1) << row;
    switch (field->kind) {
    case FIELD_MONEY:
        money_visit(walk, field, node, member_at(record, field->at));
        break;
    case FIELD_OBJECT:
        object_visit(walk, field, node, record);
        break;
    case FIELD_LIST:
        list_visit(walk, field, node, record);
        break;
    case FIELD_DETAILS:
        walk->details = node;
        break;
    default:
        scalar_visit(walk, field, node, record);
        break;
    }
}

/* Every field that was not there. */
static void record_leave(struct walk *walk, const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->record->n; i++) {
        const struct field *field = &frame->record->fields[i];

        if ((frame->present >> i & 1) != 0) {
            continue;
        }
        clear_field(field, frame->out);
        if ((field->flags & FIELD_REQUIRED) != 0) {
            field_fail(walk, CODE_SCHEMA, field);
        }
    }
}

/* The record or list on top has been read. */
static void frame_leave(struct walk *walk, const struct frame *frame)
{
    if (!frame->is_list) {
        record_leave(walk, frame);
    }
    walk->depth--;
    if (walk->depth == 0) {
        walk->present.details = frame->present;
    } else {
        walk->present.object = frame->present;
    }
}

/* Read the record on top and all that lies inside it; present is told for it and for the last
 * object inside. */
static void walk_run(struct walk *walk)
{
    while (walk->depth > 0) {
        struct frame *frame = walk_top(walk);
        const struct node *node = &walk->doc->nodes[frame->child];

        if (frame->child == 0) {
            frame_leave(walk, frame);
            continue;
        }
        frame->child = node->next;
        if (frame->is_list) {
            element_visit(walk, frame, node);
        } else {
            field_visit(walk, frame, node);
        }
    }
}

static void details_check(struct walk *walk)
{
    struct form *form = walk->form;
    const enum event event = form->filing.event;
    const struct text member = walk->doc->details_member;
    const char *want = form_member(event);

    if (walk->details->kind != NODE_OBJECT) {
        reasons_add_at(&form->failures, CODE_SCHEMA, "/details");
        return;
    }
    if (event == EVENT_NONE) {
        return;
    }
    if (member.n != 0 && !text_is(member, want, (uint32_t)strlen(want))) {
        reasons_add_at(&form->failures, CODE_SCHEMA, "/details");
        return;
    }
    walk->present = (struct form_present){0};
    (void)walk_enter(walk, form_record(event), walk->details, &form->filing.details);
    walk_run(walk);
    form_rules_details(form, &walk->present);
}

/* The fields of the identity have names of five different lengths. */
static struct text *identity_member(struct identity *identity, struct text name)
{
    switch (name.n) {
    case 4:
        return text_is(name, "bank", 4) ? &identity->bank : NULL;
    case 5:
        return text_is(name, "event", 5) ? &identity->event : NULL;
    case 9:
        return text_is(name, "filing_id", 9) ? &identity->filing_id : NULL;
    case 10:
        return text_is(name, "enterprise", 10) ? &identity->enterprise : NULL;
    case 13:
        return text_is(name, "business_date", 13) ? &identity->business_date : NULL;
    default:
        return NULL;
    }
}

static void identity_read(const struct document *doc, struct identity *ret)
{
    const struct node *root = &doc->nodes[0];

    *ret = (struct identity){0};
    if (doc->n == 0 || root->kind != NODE_OBJECT) {
        return;
    }
    for (uint32_t i = root->child; i != 0; i = doc->nodes[i].next) {
        const struct node *node = &doc->nodes[i];
        struct text *member = node->kind == NODE_TEXT ? identity_member(ret, node->name) : NULL;

        if (member && member->n == 0) {
            *member = node->text;
        }
    }
}

void form_identify(const struct document *doc, struct form *form)
{
    const struct identity *identity = &form->identity;

    reasons_reset(&form->failures);
    identity_read(doc, &form->identity);
    form->identified = uscc_valid(identity->enterprise.at, identity->enterprise.n) &&
                       bank_code_valid(identity->bank.at, identity->bank.n) &&
                       uuid_valid(identity->filing_id.at, identity->filing_id.n);
}

void form_check(const struct document *doc, int32_t received_on, bool signature_right,
                struct form *form)
{
    struct walk walk = {.doc = doc, .form = form};
    const struct filing *filing = &form->filing;

    reasons_reset(&form->failures);
    identity_read(doc, &form->identity);
    form->filing.event = EVENT_NONE;
    form->filing.business_on = DATE_NONE;
    form->identified = false;
    if (!signature_right) {
        reasons_add_at(&form->failures, CODE_SIGNATURE, "");
    }
    if (doc->n == 0 || doc->nodes[0].kind != NODE_OBJECT) {
        reasons_add_at(&form->failures, CODE_SCHEMA, "");
        return;
    }
    (void)walk_enter(&walk, &form_head, &doc->nodes[0], &form->filing);
    walk_run(&walk);
    form->identified = filing->enterprise.n != 0 && filing->bank.n != 0 && filing->filing_id.n != 0;
    form_rules_head(form, received_on);
    if (walk.details) {
        details_check(&walk);
    }
}

static const struct {
    const char *words;
    uint8_t kind;
} kinds[] = {
    {"text", FIELD_TEXT},
    {"1 to 32 of A-Za-z0-9._-", FIELD_TOKEN},
    {"8 to 28 of 0-9A-Z", FIELD_NUMBER},
    {"UUID in lower case", FIELD_UUID},
    {"12 digits", FIELD_BANK},
    {"unified social credit code", FIELD_USCC},
    {"section A to T and 0, 2, 3 or 4 digits", FIELD_INDUSTRY},
    {"6 digits", FIELD_REGION},
    {"BIC", FIELD_BIC},
    {"LEI", FIELD_LEI},
    {"22 of 0-9A-Z", FIELD_DECLARATION},
    {"date", FIELD_DATE},
    {"country", FIELD_COUNTRY},
    {"choice", FIELD_CHOICE},
    {"event", FIELD_EVENT},
    {"integer", FIELD_INTEGER},
    {"boolean", FIELD_BOOLEAN},
    {"money", FIELD_MONEY},
    {"object", FIELD_OBJECT},
    {"list", FIELD_LIST},
    {"object of the event", FIELD_DETAILS},
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == FIELD_KIND_N, "every kind has its words");

/* A text that is built in a buffer of the caller; what does not fit would be a row of the tables
 * too long for the catalogue, which a test would find. */
struct words {
    char *at;
    size_t size;
    size_t n;
};

static void words_add(struct words *words, const char *s)
{
    const size_t n = strlen(s);

    assert(n < words->size - words->n);
    memcpy(words->at + words->n, s, n + 1);
    words->n += n;
}

static void words_add_number(struct words *words, int64_t number)
{
    char text[MONEY_TEXT_SIZE];

    (void)money_format(number, 0, text, sizeof(text));
    words_add(words, text);
}

static void kind_describe(const struct field *field, struct words *words)
{
    assert(kinds[field->kind].kind == field->kind);
    words_add(words, kinds[field->kind].words);
    if (field->kind == FIELD_CHOICE) {
        words_add(words, " ");
        words_add(words, field->words);
    }
    if (field->kind == FIELD_TEXT || field->kind == FIELD_LIST) {
        words_add(words, " of 1 to ");
        words_add_number(words, field->max);
    }
    if (field->kind == FIELD_INTEGER) {
        words_add(words, " ");
        words_add_number(words, field->min);
        words_add(words, " to ");
        words_add_number(words, field->max);
    }
    if ((field->flags & FIELD_NOT_AFTER) != 0) {
        words_add(words, " up to the business date");
    }
    if ((field->flags & FIELD_CNY) != 0) {
        words_add(words, " in CNY");
    }
    if (field->kind == FIELD_MONEY) {
        words_add(words, (field->flags & FIELD_SIGNED) != 0 ? " not zero"
                         : (field->flags & FIELD_ZERO) != 0 ? " from zero"
                                                            : " above zero");
    }
}

static void field_describe(enum event event, const struct field *outer, const struct field *inner,
                           struct form_field *ret)
{
    const struct field *field = inner ? inner : outer;
    struct words path = {.at = ret->path, .size = sizeof(ret->path)};
    struct words kind = {.at = ret->kind, .size = sizeof(ret->kind)};

    words_add(&path, event == EVENT_NONE ? "" : "details.");
    words_add(&path, outer->name);
    if (inner) {
        words_add(&path, outer->kind == FIELD_LIST ? "[]." : ".");
        words_add(&path, inner->name);
    }
    kind_describe(field, &kind);
    ret->required = (field->flags & FIELD_REQUIRED) != 0;
}

bool form_field_at(enum event event, uint32_t i, struct form_field *ret)
{
    const struct record *record = event == EVENT_NONE ? &form_head : form_record(event);

    for (uint32_t row = 0; record && row < record->n; row++) {
        const struct field *field = &record->fields[row];
        const uint32_t inner_n = field->record ? field->record->n : 0;

        if (i <= inner_n) {
            field_describe(event, field, i == 0 ? NULL : &field->record->fields[i - 1], ret);
            return true;
        }
        i -= inner_n + 1;
    }
    return false;
}
