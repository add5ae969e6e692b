/* reference.h - reference data in force: policies, rate sheets, calendars, registers and lists.
 *
 * Pure look-ups over append-only arrays that the caller fills (store/reference_set.h).  Every entry
 * carries the number of the bulletin that brought it, and every look-up says as of which bulletin,
 * so that partitions that stand at different bulletins share one set.
 *
 * as_of is a bulletin number, REFERENCE_NOTHING before the first. */
#ifndef CORE_REFERENCE_H
#define CORE_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "consumers/core/policy.h"
#include "form/reference.h"

#define REFERENCE_NOTHING     INT64_C(-1)
#define CALENDAR_BITMAP_WORDS 6 /* 384 bits for 366 days */

struct sheet_entry {
    int32_t date_on;
    uint64_t since;
    const struct rate *rates; /* ascending by currency */
    uint32_t rates_n;
};

struct calendar_entry {
    int32_t year;
    uint64_t since;
    uint64_t holidays[CALENDAR_BITMAP_WORDS]; /* bit = day of the year from 0 */
};

/* A bank or operator as of a bulletin; roles 0: removed. */
struct member_entry {
    uint64_t since;
    struct member member;
};

struct list_entry {
    uint64_t since;
    struct list list;
};

struct reference {
    const struct policy_version *policies; /* by since */
    uint32_t policies_n;
    const struct sheet_entry *sheets; /* by date; one a date */
    uint32_t sheets_n;
    const struct calendar_entry *calendars; /* by year, then since */
    uint32_t calendars_n;
    const struct member_entry *banks; /* by code, then since */
    uint32_t banks_n;
    const struct member_entry *operators; /* by person, then since */
    uint32_t operators_n;
    const struct list_entry *negative; /* by since */
    uint32_t negative_n;
    const struct list_entry *sensitive; /* by since */
    uint32_t sensitive_n;
    bool has_founding;
    uint32_t partitions;
    bool demonstration;
    bool in_memory;
};

int64_t reference_as_of(bool has_bulletin, uint64_t bulletin);

/* By bytes, the shorter first of equals. */
int reference_text_compare(struct text a, struct text b);

/* NULL: not in the register, or removed from it. */
const struct member *reference_bank(const struct reference *reference, int64_t as_of,
                                    struct text code);

/* The key of this bank with this id that is valid on the date (both ends inclusive), 32 bytes; NULL
 * when there is none (117). */
const uint8_t *reference_bank_key(const struct reference *reference, int64_t as_of,
                                  struct text bank, struct text key_id, int32_t received_on);

/* NULL: not an operator, or one no longer. */
const struct member *reference_operator(const struct reference *reference, int64_t as_of,
                                        struct text person);

/* The operator in force whose key has this id and is valid on the date, with all of the roles asked
 * for (enum role); NULL when there is none.  *ret_key, its 32 bytes, is written when there is.  The
 * founding record, which nothing precedes, is checked against the operators that it names. */
struct operator_query {
    struct text key_id;
    uint32_t roles;
    int32_t on;
};
const struct member *reference_operator_key(const struct reference *reference, int64_t as_of,
                                            const struct operator_query *query,
                                            const uint8_t **ret_key);

/* The other way round: the operator in force who has this public key, valid on the date, with all
 * of the roles; NULL when there is none.  *ret_key_id, its id, is written when there is. */
struct operator_key_query {
    const uint8_t *key; /* PUBLIC_KEY_SIZE bytes */
    uint32_t roles;
    int32_t on;
};
const struct member *reference_operator_of_key(const struct reference *reference, int64_t as_of,
                                               const struct operator_key_query *query,
                                               struct text *ret_key_id);

/* The lists in force; rows_n 0 when there is none. */
struct list reference_negative(const struct reference *reference, int64_t as_of);
struct list reference_sensitive(const struct reference *reference, int64_t as_of);

/* Does the row's industry begin the filed code on this date? (S11; country is the caller's.) */
bool list_row_hits(const struct list_row *row, struct text industry, int32_t on);

/* May this content follow what is in force as of the last bulletin accepted (118, rulebook section
 * 8): number, founding record, overlap and gap of parameters, a second sheet for a date, a key id
 * of two persons.  What is wrong in form, or with signatures, was found before.  A ledger's first
 * bulletin is the founding record, number 0; a pack, which has none, passes as_of 0 for its first.
 * False with *fault. */
bool reference_check(const struct reference *reference, int64_t as_of,
                     const struct content *content, struct fault *fault);

#endif
