/* reference.h - what a bulletin brings: reference data as plain values (rulebook sections 8 and 9).
 *
 * Pure.  reference_read() checks the form of one object (dates, codes, decimals, words, key
 * material, unknown or missing fields) and writes it into an area that the caller lends; whether it
 * agrees with what is in force is for the core.  Texts are borrowed from the document. */
#ifndef FORM_REFERENCE_H
#define FORM_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "form/document.h"
#include "form/filing.h"

/* Memory that the caller lends; parts are taken from it in order and never given back. */
struct area {
    uint8_t *at;
    size_t size;
    size_t used;
};
/* n bytes aligned for any type, zeroed; NULL when it is full. */
void *area_take(struct area *area, size_t n);

enum reference_kind {
    REFERENCE_NONE = 0,
    REFERENCE_POLICY,
    REFERENCE_RATES,
    REFERENCE_CALENDAR,
    REFERENCE_BANKS,
    REFERENCE_NEGATIVE_LIST,
    REFERENCE_SENSITIVE_LIST,
    REFERENCE_OPERATORS
};

#define PUBLIC_KEY_SIZE 32
#define DATE_FIRST      INT32_MIN /* an empty from: since ever */
#define DATE_LAST       INT32_MAX /* an empty to: without end; both ends are inclusive */

/* numerator / 10^scale, not negative. */
struct fraction {
    int64_t numerator;
    int32_t scale;
};

struct parameter {
    struct text id;
    struct text subject;
    struct text region; /* 0, 2, 4 or 6 digits */
    int32_t from_on;
    int32_t to_on;
    struct text value;
    bool has_number; /* value is a decimal: number */
    struct fraction number;
    struct text source;
    bool confirmed;
    uint32_t ordinal; /* place in the policy as written, from 0 */
};

struct policy {
    int64_t policy;
    int64_t rules;
    const struct parameter *parameters; /* as written */
    uint32_t parameters_n;
};

struct rate {
    int32_t currency;
    int64_t rate_e10; /* CNY for one unit, times 10^10 */
};

struct rate_sheet {
    int32_t date_on;
    const struct rate *rates;
    uint32_t rates_n;
};

struct calendar {
    int32_t year;
    const int32_t *holidays;
    uint32_t holidays_n;
};

enum role {
    ROLE_FILER = 1 << 0,
    ROLE_AUTHORITY = 1 << 1,
    ROLE_ISSUER = 1 << 2,
    ROLE_WORKER = 1 << 3,
    ROLE_WITNESS = 1 << 4
};

struct public_key {
    struct text key_id;
    uint8_t key[PUBLIC_KEY_SIZE];
    int32_t from_on;
    int32_t to_on;
};

/* A bank by code or an operator by person. */
struct member {
    struct text id;
    struct text name;
    uint32_t roles;
    const struct public_key *keys;
    uint32_t keys_n;
};

struct register_change {
    const struct member *members;
    uint32_t members_n;
};

enum list_rule { LIST_RULE_NONE, LIST_PROHIBITED, LIST_CAP, LIST_REVIEW, LIST_APPROVAL };

/* A row of the negative list (industry is its prefix) or of the sensitive list. */
struct list_row {
    struct text country; /* alpha-3; empty = any */
    struct text industry;
    enum list_rule rule;
    int64_t cap_bp;
    int32_t from_on;
    int32_t to_on;
    struct text text;
};

struct list {
    const struct list_row *rows;
    uint32_t rows_n;
};

struct reference_item {
    enum reference_kind kind;
    union {
        struct policy policy;
        struct rate_sheet rates;
        struct calendar calendar;
        struct register_change banks;
        struct list negative;
        struct list sensitive;
        struct register_change operators;
    } of;
};

struct founding {
    struct register_change operators;
    uint32_t partitions;
    bool demonstration;
    bool in_memory;
    uint8_t random[16];
};

/* The content of one bulletin. */
struct content {
    uint64_t number;
    bool has_founding;
    struct founding founding;
    const struct reference_item *items;
    uint32_t items_n;
};

/* The first thing that is wrong with a bulletin, for a person. */
struct fault {
    char field[192]; /* JSON pointer into the object of section 9, "" = the whole */
    char text[192];  /* lower case, no full stop */
};

/* Read one object of section 9 (a document whose root has "kind").  False with *fault when it is
 * malformed or the area is too small. */
bool reference_read(const struct document *doc, struct area *area, struct reference_item *ret,
                    struct fault *fault);

/* Read the operators of a founding record, written as an operators object of section 9 is. */
bool founding_read_operators(const struct document *doc, struct area *area,
                             struct register_change *ret, struct fault *fault);

const char *reference_kind_name(enum reference_kind kind); /* "negative_list" */
enum reference_kind reference_kind_find(const char *s, size_t n);

#endif
