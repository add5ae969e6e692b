/* form_fields.h - the tables of the form stage: every field of the head of a filing, of each event
 * and of the records inside them, under their JSON names (rulebook sections 1 and 3 to 6, F1 to F5,
 * F16).
 *
 * Constant data only.  A row says what the field is called, what it must look like, whether it must
 * be there and where in struct filing its value goes; the macros that make the rows check at
 * compile time that the member there has the type that the kind writes. */
#ifndef FORM_FORM_FIELDS_H
#define FORM_FORM_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "form/filing.h"

/* What a field holds, and the code of a value that is not so (101 where none stands). */
enum field_kind {
    FIELD_TEXT,        /* 1 to max characters, no control characters: 113 */
    FIELD_TOKEN,       /* 1 to 32 of A-Za-z0-9._- */
    FIELD_NUMBER,      /* of a registration, application, contract or loan: 111 */
    FIELD_UUID,        /* 102 */
    FIELD_BANK,        /* 104 */
    FIELD_USCC,        /* 103 */
    FIELD_INDUSTRY,    /* 110 */
    FIELD_REGION,      /* 6 digits */
    FIELD_BIC,         /* 114 */
    FIELD_LEI,         /* 114 */
    FIELD_DECLARATION, /* 22 of 0-9A-Z */
    FIELD_DATE,        /* 105 */
    FIELD_COUNTRY,     /* 109 */
    FIELD_CHOICE,      /* one of words */
    FIELD_EVENT,       /* a name of the rulebook */
    FIELD_TEXTUAL_LAST =
        FIELD_EVENT, /* up to here: written as a text, and absent when that is "" */
    FIELD_INTEGER,   /* min to max */
    FIELD_BOOLEAN,
    FIELD_MONEY,   /* 107, 108 */
    FIELD_OBJECT,  /* a record */
    FIELD_LIST,    /* 1 to max records */
    FIELD_DETAILS, /* the record of the event */
    FIELD_KIND_N   /* count, not a value */
};

/* Bits of field.flags. */
enum field_flag {
    FIELD_REQUIRED = 1 << 0,
    FIELD_NOT_AFTER = 1 << 1, /* a date after the business date is 115 (F12) */
    FIELD_ZERO = 1 << 2,      /* money may be zero (F5) */
    FIELD_SIGNED = 1 << 3,    /* money may be negative (F5) */
    FIELD_CNY = 1 << 4,       /* money must be CNY (F6) */
};

struct field {
    const char *name;
    uint8_t name_n;
    uint8_t kind;                /* enum field_kind */
    uint8_t flags;               /* enum field_flag */
    uint16_t at;                 /* offset of the value in its record */
    uint16_t companion;          /* offset of has_x, or of x_n of a list; 0 = none */
    int32_t min;                 /* of an integer */
    int64_t max;                 /* of an integer; characters of a text; elements of a list */
    const char *words;           /* of a choice, joined by '|' */
    const struct record *record; /* of an object or of the elements of a list */
};

#define RECORD_FIELDS_MAX 16 /* financing.profile */

struct record {
    const struct field *fields;
    uint32_t n;
    uint32_t size; /* of the struct that it is read into */
};

/* The head: offsets in struct filing. */
extern const struct record form_head;

/* The creditor of a contract or an assignment. */
extern const struct record form_creditor;

/* What details of that event are; NULL for EVENT_NONE and EVENT_BULLETIN.  Offsets in the member of
 * union details. */
const struct record *form_record(enum event event);

/* The name of the member of details: "fdi_inflow"; "" where form_record() is NULL. */
const char *form_member(enum event event);

#endif
