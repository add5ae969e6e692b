/* reason.h - why a filing is rejected or held: codes with their places, in the order of a decision.
 *
 * A list keeps the first REASONS_MAX in that order (code number, field path by bytes, limit id by
 * bytes) however they are added, counts what it had to leave out, and holds the same code at the
 * same field for the same limit once (rulebook F15). */
#ifndef FORM_REASON_H
#define FORM_REASON_H

#include <stdbool.h>
#include <stdint.h>

#include "form/filing.h"

enum code {
    CODE_NONE = 0,
#define CODE(number, NAME, next, english, chinese) CODE_##NAME = (number),
#include "form/codes.def"
#undef CODE
};

enum next { NEXT_CORRECT, NEXT_ASK_AUTHORITY, NEXT_WAIT, NEXT_NOTHING };

enum limit_kind {
    LIMIT_NONE = 0,
#define LIMIT(NAME, name, parts) LIMIT_##NAME,
#include "form/limits.def"
#undef LIMIT
    LIMIT_N
};

#define REASONS_LISTED_MAX 64  /* design, section 2 */
#define FIELD_PATH_SIZE    192 /* with NUL; a longer path (unknown JSON names) is cut */
#define OBJECT_NUMBER_SIZE 29  /* with NUL */
#define LIMIT_PART_SIZE    33  /* investor number or year, with NUL */
#define LIMIT_ID_SIZE      96  /* a whole id as text, with NUL */

/* "fdi.inflow:R:I" taken apart; object and part are empty where the kind has none. */
struct limit_id {
    enum limit_kind kind;
    char object[OBJECT_NUMBER_SIZE];
    char part[LIMIT_PART_SIZE];
};

struct reason {
    enum code code;
    char field[FIELD_PATH_SIZE]; /* JSON pointer, "" = none */
    struct limit_id limit;       /* kind LIMIT_NONE = none */
    bool has_amounts;            /* free and asked are there, in currency */
    int32_t currency;
    int64_t free_minor;
    int64_t asked_minor;
    struct text note; /* the officer's words of REVIEW_REFUSED; borrowed */
};

struct reasons {
    uint32_t n;
    uint32_t more; /* left out beyond the cap */
    struct reason at[REASONS_LISTED_MAX];
};

void reasons_reset(struct reasons *list);

/* Add a copy; an equal one (code, field, limit) is there once. */
void reasons_add(struct reasons *list, const struct reason *reason);

/* Add code at field with nothing else. */
void reasons_add_at(struct reasons *list, enum code code, const char *field);

bool reasons_have(const struct reasons *list, enum code code);

const char *code_name(enum code code);    /* "LIMIT_EXCEEDED"; "" for none */
const char *code_english(enum code code); /* one sentence, lower case, no full stop */
const char *code_chinese(enum code code);
enum next code_next(enum code code);
const char *next_name(enum next next); /* "CORRECT" */
/* Every code in order: i from 0; CODE_NONE past the last. */
enum code code_at(uint32_t i);

const char *limit_kind_name(enum limit_kind kind); /* "fdi.inflow" */
/* The id as text, ended by NUL; returns its length. */
uint32_t limit_id_format(const struct limit_id *id, char out[LIMIT_ID_SIZE]);
/* By bytes of the ids as text: negative, 0 or positive. */
int limit_id_compare(const struct limit_id *a, const struct limit_id *b);

#endif
