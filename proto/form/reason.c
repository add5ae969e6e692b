#include "form/reason.h"

#include <assert.h>
#include <string.h>

/* The catalogue as one array a column: clang-format 14 crashes on rows that a macro fills.  The
 * codes stand in the order of their numbers, which the search below rests on and a test asserts. */
static const enum code codes[] = {
#define CODE(number, NAME, next, english, chinese) CODE_##NAME,
#include "form/codes.def"
#undef CODE
};
static const enum next code_nexts[] = {
#define CODE(number, NAME, next, english, chinese) NEXT_##next,
#include "form/codes.def"
#undef CODE
};
static const char *const code_names[] = {
#define CODE(number, NAME, next, english, chinese) #NAME,
#include "form/codes.def"
#undef CODE
};
static const char *const code_sentences[] = {
#define CODE(number, NAME, next, english, chinese) english,
#include "form/codes.def"
#undef CODE
};
static const char *const code_sentences_chinese[] = {
#define CODE(number, NAME, next, english, chinese) chinese,
#include "form/codes.def"
#undef CODE
};

#define CODES_N (sizeof(codes) / sizeof(codes[0]))

static const char *const limit_names[] = {
    "",
#define LIMIT(NAME, name, parts) name,
#include "form/limits.def"
#undef LIMIT
};
/* How many of object and part belong to the id. */
static const uint8_t limit_parts[] = {
    0,
#define LIMIT(NAME, name, parts) parts,
#include "form/limits.def"
#undef LIMIT
};

_Static_assert(sizeof(limit_parts) == LIMIT_N, "every limit has a name");

void reasons_reset(struct reasons *list)
{
    list->n = 0;
    list->more = 0;
}

/* As strcmp, which a pure module may not call. */
static int bytes_compare(const char *a, const char *b)
{
    const size_t a_n = strlen(a);
    const size_t b_n = strlen(b);

    return memcmp(a, b, (a_n < b_n ? a_n : b_n) + 1);
}

static int reason_compare(const struct reason *a, const struct reason *b)
{
    int order;

    if (a->code != b->code) {
        return a->code < b->code ? -1 : 1;
    }
    order = bytes_compare(a->field, b->field);
    return order != 0 ? order : limit_id_compare(&a->limit, &b->limit);
}

void reasons_add(struct reasons *list, const struct reason *reason)
{
    uint32_t low = 0;
    uint32_t high = list->n;
    uint32_t last;

    assert(list->n <= REASONS_LISTED_MAX);
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        const int order = reason_compare(&list->at[middle], reason);

        if (order == 0) {
            return;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == REASONS_LISTED_MAX) {
        list->more++;
        return;
    }
    if (list->n == REASONS_LISTED_MAX) {
        list->more++; /* the last one makes room */
        last = REASONS_LISTED_MAX - 1;
    } else {
        last = list->n++;
    }
    memmove(&list->at[low + 1], &list->at[low], (last - low) * sizeof(list->at[0]));
    list->at[low] = *reason;
}

void reasons_add_at(struct reasons *list, enum code code, const char *field)
{
    struct reason reason = {.code = code, .currency = CURRENCY_NONE};
    const size_t n = strlen(field);

    assert(n < sizeof(reason.field));
    memcpy(reason.field, field, n + 1);
    reasons_add(list, &reason);
}

bool reasons_have(const struct reasons *list, enum code code)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (list->at[i].code == code) {
            return true;
        }
    }
    return false;
}

/* Index in the columns; CODES_N when it is no code. */
static size_t code_find(enum code code)
{
    size_t low = 0;
    size_t high = CODES_N;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (codes[middle] == code) {
            return middle;
        }
        if (codes[middle] < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return CODES_N;
}

static const char *code_column(const char *const *column, enum code code)
{
    const size_t i = code_find(code);

    return i < CODES_N ? column[i] : "";
}

const char *code_name(enum code code) { return code_column(code_names, code); }

const char *code_english(enum code code) { return code_column(code_sentences, code); }

const char *code_chinese(enum code code) { return code_column(code_sentences_chinese, code); }

enum next code_next(enum code code)
{
    const size_t i = code_find(code);

    return i < CODES_N ? code_nexts[i] : NEXT_CORRECT;
}

const char *next_name(enum next next)
{
    switch (next) {
    case NEXT_CORRECT:
        return "CORRECT";
    case NEXT_ASK_AUTHORITY:
        return "ASK_AUTHORITY";
    case NEXT_WAIT:
        return "WAIT";
    case NEXT_NOTHING:
        return "NOTHING";
    }
    return "";
}

enum code code_at(uint32_t i) { return i < CODES_N ? codes[i] : CODE_NONE; }

const char *limit_kind_name(enum limit_kind kind)
{
    assert(kind < LIMIT_N);
    return limit_names[kind];
}

static uint32_t append_part(char *out, uint32_t n, const char *part)
{
    const size_t part_n = strlen(part);

    out[n] = ':';
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the caller ends the whole id */
    memcpy(out + n + 1, part, part_n);
    return n + 1 + (uint32_t)part_n;
}

uint32_t limit_id_format(const struct limit_id *id, char out[LIMIT_ID_SIZE])
{
    const char *name = limit_kind_name(id->kind);
    uint32_t n = (uint32_t)strlen(name);

    memcpy(out, name, n);
    if (limit_parts[id->kind] >= 1) {
        n = append_part(out, n, id->object);
    }
    if (limit_parts[id->kind] >= 2) {
        n = append_part(out, n, id->part);
    }
    assert(n < LIMIT_ID_SIZE);
    out[n] = '\0';
    return n;
}

/* Taking the ids apart would not do: ':' is above the digits and below the letters, so one object
 * number that begins with another sorts by what follows. */
int limit_id_compare(const struct limit_id *a, const struct limit_id *b)
{
    char a_text[LIMIT_ID_SIZE];
    char b_text[LIMIT_ID_SIZE];

    if (a->kind == LIMIT_NONE && b->kind == LIMIT_NONE) {
        return 0;
    }
    (void)limit_id_format(a, a_text);
    (void)limit_id_format(b, b_text);
    return bytes_compare(a_text, b_text);
}
