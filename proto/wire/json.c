#include "wire/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "form/money.h"
#include "form/text.h"

/* Numbers that are no 64-bit integer never go through jansson, which would round or refuse them.
 * Before it parses, each is replaced by "<i>.5", i its place in a list of the numbers as written;
 * every real that comes back is one of those. */
struct numbers {
    struct text *at;
    uint32_t n;
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t digits(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && is_digit(s[i])) {
        i++;
    }
    return i;
}

/* The length of the JSON number at s, 0 when there is none; *ret_integer when it has no fraction
 * and no exponent. */
static size_t number_length(const char *s, size_t n, bool *ret_integer)
{
    size_t i = n > 0 && s[0] == '-' ? 1 : 0;
    size_t whole = digits(s + i, n - i);
    size_t part = 0;

    *ret_integer = true;
    if (whole == 0 || (whole > 1 && s[i] == '0')) {
        return 0;
    }
    i += whole;
    if (i < n && s[i] == '.') {
        part = digits(s + i + 1, n - i - 1);
        *ret_integer = false;
        if (part == 0) {
            return 0;
        }
        i += 1 + part;
    }
    if (i < n && (s[i] == 'e' || s[i] == 'E')) {
        i += i + 1 < n && (s[i + 1] == '+' || s[i + 1] == '-') ? 2 : 1;
        part = digits(s + i, n - i);
        *ret_integer = false;
        i += part;
    }
    return part == 0 && !*ret_integer ? 0 : i;
}

static bool fits_int64(const char *s, size_t n)
{
    uint64_t value = 0;
    size_t i = s[0] == '-' ? 1 : 0;
    uint64_t max = (uint64_t)INT64_MAX + (s[0] == '-' ? 1 : 0);

    for (; i < n; i++) {
        uint64_t digit = (uint64_t)(s[i] - '0');

        if (value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    return true;
}

/* May a number end before s[i]? */
static bool ends_number(const char *s, size_t i, size_t n)
{
    return i == n || (s[i] != 0 && strchr(" \t\n\r,]}", s[i]));
}

/* The end of the string that starts at s[0] == '"'. */
static size_t string_length(const char *s, size_t n)
{
    size_t i = 1;

    while (i < n && s[i] != '"') {
        i += s[i] == '\\' ? 2 : 1;
    }
    return i < n ? i + 1 : n;
}

/* How many numbers the text may have. */
static uint32_t numbers_count(const char *s, size_t n)
{
    uint32_t count = 0;

    for (size_t i = 0; i < n; i++) {
        count += is_digit(s[i]) && (i == 0 || !is_digit(s[i - 1]));
    }
    return count;
}

/* A copy of text with its odd numbers replaced; at NULL when the arena is full. */
static struct bytes replace_numbers(struct bytes text, struct arena *arena, struct numbers *numbers)
{
    const char *s = (const char *)text.at;
    uint32_t count = numbers_count(s, text.n);
    char *out = NULL;
    size_t out_n = 0;
    size_t i = 0;

    numbers->n = 0;
    numbers->at = arena_alloc(arena, count * sizeof(struct text));
    out = arena_alloc(arena, text.n + count * (size_t)13); /* ten digits, ".5" and a NUL */
    if (!numbers->at || !out) {
        return (struct bytes){0};
    }
    while (i < text.n) {
        bool integer = true;
        size_t n = 1;

        if (s[i] == '"') {
            n = string_length(s + i, text.n - i);
        } else if (s[i] == '-' || is_digit(s[i])) {
            n = number_length(s + i, text.n - i, &integer);
            if (n == 0 || !ends_number(s, i + n, text.n)) {
                /* Not JSON.  The rest stays as it is: what is replaced next to it could mend it. */
                n = text.n - i;
            } else if (!(integer && fits_int64(s + i, n))) {
                numbers->at[numbers->n] = (struct text){.at = s + i, .n = (uint32_t)n};
                out_n += (size_t)snprintf(out + out_n, 13, "%" PRIu32 ".5", numbers->n);
                numbers->n++;
                i += n;
                continue;
            }
        }
        memcpy(out + out_n, s + i, n);
        out_n += n;
        i += n;
    }
    return (struct bytes){.at = (const uint8_t *)out, .n = out_n};
}

/* A container that is being copied. */
struct open_value {
    json_t *value;
    void *member;   /* the next of an object */
    size_t element; /* the next of a list */
    struct node *node;
    struct node *last;
};

struct builder {
    struct document doc;
    struct arena *arena;
    struct numbers numbers;
    uint32_t depth;
    struct open_value open[JSON_DEPTH_MAX];
};

static bool keep_text(struct arena *arena, const char *s, size_t n, struct text *ret)
{
    char *at = arena_alloc(arena, n > 0 ? n : 1);

    if (!at) {
        return false;
    }
    memcpy(at, s, n);
    *ret = (struct text){.at = at, .n = (uint32_t)n};
    return true;
}

/* Fill a node from a value; false when the arena is full. */
static bool node_fill(struct builder *b, struct node *node, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        node->kind = NODE_OBJECT;
        return true;
    case JSON_ARRAY:
        node->kind = NODE_LIST;
        return true;
    case JSON_STRING:
        node->kind = NODE_TEXT;
        return keep_text(b->arena, json_string_value(value), json_string_length(value),
                         &node->text);
    case JSON_INTEGER:
        node->kind = NODE_INTEGER;
        node->integer = json_integer_value(value);
        return true;
    case JSON_REAL: {
        double place = json_real_value(value); /* exact: i and a half */
        uint32_t i = (uint32_t)place;

        node->kind = NODE_NUMBER;
        node->text = i < b->numbers.n ? b->numbers.at[i] : (struct text){0};
        return i < b->numbers.n;
    }
    case JSON_TRUE:
    case JSON_FALSE:
        node->kind = NODE_BOOLEAN;
        node->integer = json_is_true(value);
        return true;
    case JSON_NULL:
        node->kind = NODE_NULL;
        return true;
    }
    return false;
}

static bool is_container(json_t *value) { return json_is_object(value) || json_is_array(value); }

static bool value_open(struct builder *b, json_t *value, struct node *node)
{
    if (b->depth == JSON_DEPTH_MAX) {
        return false;
    }
    b->open[b->depth++] =
        (struct open_value){.value = value, .member = json_object_iter(value), .node = node};
    return true;
}

/* The next value of the innermost open container, NULL when it has no more. */
static json_t *value_next(struct open_value *open, const char **ret_name)
{
    json_t *value = NULL;

    *ret_name = NULL;
    if (json_is_array(open->value)) {
        return json_array_get(open->value, open->element++);
    }
    if (!open->member) {
        return NULL;
    }
    *ret_name = json_object_iter_key(open->member);
    value = json_object_iter_value(open->member);
    open->member = json_object_iter_next(open->value, open->member);
    return value;
}

/* Copy the whole value; false when the arena is full or it is nested too deep. */
static bool build(struct builder *b, json_t *root)
{
    struct node *node = document_add(&b->doc, NULL, NULL, NODE_NULL);

    if (!node || !node_fill(b, node, root)) {
        return false;
    }
    if (is_container(root) && !value_open(b, root, node)) {
        return false;
    }
    while (b->depth > 0) {
        struct open_value *open = &b->open[b->depth - 1];
        const char *name = NULL;
        json_t *value = value_next(open, &name);

        if (!value) {
            b->depth--;
            continue;
        }
        node = document_add(&b->doc, open->node, open->last, NODE_NULL);
        if (!node || !node_fill(b, node, value) ||
            (name && !keep_text(b->arena, name, strlen(name), &node->name))) {
            return false;
        }
        open->last = node;
        if (is_container(value) && !value_open(b, value, node)) {
            return false;
        }
    }
    return true;
}

/* At most as many values as the text has commas and opening brackets, and one. */
static uint32_t values_max(struct bytes text)
{
    uint32_t n = 1;

    for (size_t i = 0; i < text.n; i++) {
        n += text.at[i] == ',' || text.at[i] == '{' || text.at[i] == '[';
    }
    return n;
}

static json_t *load(struct bytes text, bool *ret_duplicate, json_error_t *error)
{
    const size_t flags = JSON_ALLOW_NUL | JSON_DECODE_ANY;
    const char *s = (const char *)text.at;
    json_t *value = json_loadb(s, text.n, flags | JSON_REJECT_DUPLICATES, error);

    *ret_duplicate = !value && json_error_code(error) == json_error_duplicate_key;
    if (*ret_duplicate) {
        value = json_loadb(s, text.n, flags, error);
    }
    return value;
}

enum status json_read(struct bytes text, struct arena *arena, struct json_text *ret,
                      struct failure *err)
{
    struct builder b = {.arena = arena};
    json_error_t error;
    bool duplicate = false;
    bool built = false;
    json_t *value = NULL;
    struct bytes plain = replace_numbers(text, arena, &b.numbers);

    if (!plain.at) {
        return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0, "the JSON text is too long");
    }
    value = load(plain, &duplicate, &error);
    if (!value && json_error_code(&error) != json_error_stack_overflow) {
        return failure_set(err, STATUS_INVALID, REMEDY_NONE, 0, "not JSON: %s", error.text);
    }
    b.doc.max = values_max(plain);
    b.doc.nodes = arena_alloc(arena, b.doc.max * sizeof(struct node));
    built = value && b.doc.nodes && build(&b, value);
    json_decref(value);
    if (!built) {
        return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0,
                           "the JSON text is too long or nested too deep");
    }
    ret->doc = b.doc;
    ret->duplicate_key = duplicate;
    return STATUS_OK;
}

enum status document_part(const struct document *doc, const struct node *node, struct arena *arena,
                          struct document *ret)
{
    struct document part = {.max = doc->n, .details_member = {0}};

    part.nodes = arena_alloc(arena, doc->n * sizeof(struct node));
    if (!part.nodes) {
        return STATUS_LIMIT;
    }
    part.nodes[part.n++] = *node;
    part.nodes[0].name = (struct text){0};
    part.nodes[0].next = 0;
    /* Level by level: a copy's child is the old index until its turn comes. */
    for (uint32_t i = 0; i < part.n; i++) {
        uint32_t old = part.nodes[i].child;

        part.nodes[i].child = old == 0 ? 0 : part.n;
        while (old != 0) {
            assert(part.n < part.max);
            part.nodes[part.n] = doc->nodes[old];
            old = doc->nodes[old].next;
            part.nodes[part.n].next = old == 0 ? 0 : part.n + 1;
            part.n++;
        }
    }
    *ret = part;
    return STATUS_OK;
}

static enum status neither(struct failure *err, const char *why)
{
    return failure_set(err, STATUS_INVALID, REMEDY_NONE, 0,
                       "neither reference data nor a filing with its time: %s", why);
}

enum status pack_line_read(struct bytes text, struct arena *arena, struct pack_line *ret,
                           struct failure *err)
{
    struct json_text json = {0};
    struct pack_line line = {0};
    const struct node *root = NULL;
    const struct node *received = NULL;
    const struct node *filing = NULL;
    const struct node *reference = NULL;
    enum status status = json_read(text, arena, &json, err);

    if (status) {
        return status;
    }
    root = &json.doc.nodes[0];
    received = document_find(&json.doc, root, "received_at");
    filing = document_find(&json.doc, root, "filing");
    reference = document_find(&json.doc, root, "reference");
    if (!filing == !reference) {
        return neither(err, "one of 'filing' and 'reference' is needed");
    }
    if (filing && (!received || received->kind != NODE_TEXT ||
                   !clock_parse(received->text.at, received->text.n, &line.received_ms))) {
        return neither(err, "'received_at' is no RFC 3339 time");
    }
    line.is_filing = filing != NULL;
    line.duplicate_key = json.duplicate_key;
    if ((filing ? filing : reference)->kind != NODE_OBJECT) {
        return neither(err, "it is no object");
    }
    if (document_part(&json.doc, filing ? filing : reference, arena, &line.doc)) {
        return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0, "the line is too long");
    }
    *ret = line;
    return STATUS_OK;
}

/* Write up to the first byte that JSON wants escaped or that is not UTF-8; how many were written.
 */
static size_t put_plain(struct buffer *out, const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && (uint8_t)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\') {
        size_t length = (uint8_t)s[i] < 0x80   ? 1
                        : (uint8_t)s[i] < 0xe0 ? 2
                        : (uint8_t)s[i] < 0xf0 ? 3
                                               : 4;

        if (length > n - i || !text_utf8_valid(s + i, length)) {
            break;
        }
        i += length;
    }
    buffer_append(out, s, i);
    return i;
}

static void put_escaped(struct buffer *out, char c)
{
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    const char *at = c == 0 ? NULL : strchr(from, c);

    if (at) {
        buffer_char(out, '\\');
        buffer_char(out, to[at - from]);
    } else if ((uint8_t)c < 0x20) {
        buffer_printf(out, "\\u%04x", (unsigned int)(uint8_t)c);
    } else {
        buffer_text(out, "\xef\xbf\xbd");
    }
}

void json_put_text(struct buffer *out, struct text text)
{
    size_t i = 0;

    buffer_char(out, '"');
    while (i < text.n) {
        i += put_plain(out, text.at + i, text.n - i);
        if (i < text.n) {
            put_escaped(out, text.at[i++]);
        }
    }
    buffer_char(out, '"');
}

static void put_decimal(struct buffer *out, const struct node *node)
{
    char text[MONEY_TEXT_SIZE];

    (void)money_format(node->integer, (int)node->scale, text, sizeof(text));
    buffer_char(out, '"');
    buffer_text(out, text);
    buffer_char(out, '"');
}

/* The value of a node, or its opening bracket. */
static void put_value(struct buffer *out, const struct node *node)
{
    switch (node->kind) {
    case NODE_NULL:
        buffer_text(out, "null");
        break;
    case NODE_OBJECT:
        buffer_char(out, '{');
        break;
    case NODE_LIST:
        buffer_char(out, '[');
        break;
    case NODE_TEXT:
        json_put_text(out, node->text);
        break;
    case NODE_INTEGER:
        buffer_printf(out, "%" PRId64, node->integer);
        break;
    case NODE_BOOLEAN:
        buffer_text(out, node->integer != 0 ? "true" : "false");
        break;
    case NODE_DECIMAL:
        put_decimal(out, node);
        break;
    case NODE_NUMBER:
        if (node->text.n > 0) {
            buffer_append(out, node->text.at, node->text.n);
        } else {
            /* Protobuf money with a scale that no text has. */
            buffer_printf(out, "\"%" PRId64 "e-%" PRIu32 "\"", node->integer, node->scale);
        }
        break;
    }
}

/* A field that counts as absent (rulebook section 2). */
static bool is_empty(const struct node *node)
{
    return (node->kind == NODE_TEXT && node->text.n == 0) ||
           (node->kind == NODE_LIST && node->child == 0);
}

struct open_node {
    const struct node *node;
    uint32_t next; /* child to be written, 0 = none */
    bool any;      /* one was written */
};

struct printer {
    const struct document *doc;
    struct buffer *out;
    bool skip_empty;
    uint32_t depth;
    struct open_node open[JSON_DEPTH_MAX];
};

/* Write a node; a container becomes the innermost open one.  False when it is nested too deep. */
static bool print_node(struct printer *p, const struct node *node)
{
    put_value(p->out, node);
    if (node->kind != NODE_OBJECT && node->kind != NODE_LIST) {
        return true;
    }
    if (p->depth == JSON_DEPTH_MAX) {
        return false;
    }
    p->open[p->depth++] = (struct open_node){.node = node, .next = node->child};
    return true;
}

static bool print(struct printer *p)
{
    bool ok = print_node(p, &p->doc->nodes[0]);

    while (ok && p->depth > 0) {
        struct open_node *open = &p->open[p->depth - 1];
        bool object = open->node->kind == NODE_OBJECT;
        const struct node *node = NULL;

        if (open->next == 0) {
            buffer_char(p->out, object ? '}' : ']');
            p->depth--;
            continue;
        }
        node = &p->doc->nodes[open->next];
        open->next = node->next;
        if (object && p->skip_empty && is_empty(node)) {
            continue;
        }
        if (open->any) {
            buffer_char(p->out, ',');
        }
        open->any = true;
        if (object) {
            json_put_text(p->out, node->name);
            buffer_char(p->out, ':');
        }
        ok = print_node(p, node);
    }
    return ok;
}

static enum status print_document(const struct document *doc, bool skip_empty, struct buffer *out,
                                  struct failure *err)
{
    struct printer p = {.doc = doc, .out = out, .skip_empty = skip_empty};

    assert(doc->n > 0);
    if (!print(&p)) {
        return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0,
                           "the document is nested deeper than JSON is read here");
    }
    return buffer_check(out, err);
}

enum status document_to_json(const struct document *doc, struct buffer *out, struct failure *err)
{
    return print_document(doc, false, out, err);
}

static int by_name(const void *a, const void *b, void *context)
{
    const struct document *doc = context;
    const struct text *x = &doc->nodes[*(const uint32_t *)a].name;
    const struct text *y = &doc->nodes[*(const uint32_t *)b].name;
    int order = memcmp(x->at, y->at, x->n < y->n ? x->n : y->n);

    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

/* Chain the children of an object by name.  index has room for all of them. */
static void sort_children(struct document *doc, struct node *object, uint32_t *index)
{
    uint32_t n = 0;

    for (uint32_t i = object->child; i != 0; i = doc->nodes[i].next) {
        index[n++] = i;
    }
    if (n < 2) {
        return;
    }
    qsort_r(index, n, sizeof(index[0]), by_name, doc);
    object->child = index[0];
    for (uint32_t i = 0; i < n; i++) {
        doc->nodes[index[i]].next = i + 1 < n ? index[i + 1] : 0;
    }
}

enum status document_to_sorted_json(const struct document *doc, struct arena *arena,
                                    struct buffer *out, struct failure *err)
{
    struct document sorted;
    uint32_t *index = NULL;

    assert(doc->n > 0);
    if (document_part(doc, &doc->nodes[0], arena, &sorted) == STATUS_OK) {
        index = arena_alloc(arena, sorted.n * sizeof(index[0]));
    }
    if (!index) {
        return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0, "the document is too long to sort");
    }
    for (uint32_t i = 0; i < sorted.n; i++) {
        if (sorted.nodes[i].kind == NODE_OBJECT) {
            sort_children(&sorted, &sorted.nodes[i], index);
        }
    }
    return print_document(&sorted, true, out, err);
}
