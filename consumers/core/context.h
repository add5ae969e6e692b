/* context.h - what the function of one event sees while a filing is decided.  Core-internal.
 *
 * An event is one row of the table in decide.c and one function here, void f(struct context *c),
 * that reads from top to bottom in the order of the stages (rulebook section 2), each ended by a
 * barrier:
 *
 *     standing checks:  context_reason(), context_object(), context_parameter() ...
 *     if (!context_standing_done(c)) { return; }         also review: HELD 402, then 401 (S7, H3)
 *     conversions:      context_convert() ...
 *     if (!context_rates_done(c)) { return; }            HELD 401
 *     limits:           context_check(), context_post() ...
 *     if (!context_accept(c)) { return; }                REJECTED 301, 302; else postings are done
 *     writes:           context_open(), context_change() ... which cannot fail
 *
 * Promises:
 *   X1  before context_accept() nothing of the state changes, so that a function may return from
 *       any barrier; balances read are those before the filing (L2);
 *   X2  every check of a stage runs: a function does not return between two barriers, but leaves
 *       out the checks whose object or rate it does not have (a NULL object, found == false);
 *   X3  every row found by context_parameter() and every sheet used by context_convert() is listed
 *       in the basis (B1); a 401 lists those of standing only;
 *   X4  objects named through context_object() are moved by acceptance (206, R1, R5) and their
 *       images from before go to the undo without further work; so does what context_open(),
 *       context_add_investor(), context_add_profile() and context_add_basis() add;
 *   X5  postings of one limit are merged, sorted, flagged (L6) and left out when nothing changed.
 *
 * Bank, 224, 403, 222 and identity are decided before the function is called. */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "consumers/core/decide.h"
#include "consumers/core/enterprise.h"
#include "consumers/core/policy.h"
#include "consumers/core/reference.h"
#include "form/money.h"

#define MUST_PASS           __attribute__((warn_unused_result))
#define CONTEXT_REVIEWS_MAX 4 /* fields at which one filing can need a review */

/* A date at which something is converted, and the field that a 401 names. */
struct moment {
    int32_t on;
    const char *field; /* "/business_date" or "/details/signed_on" */
};

/* minor is meaningful when found; what is above 2^63 - 1 is 2^63 - 1: too much for any limit. */
struct converted {
    bool found;
    int64_t minor;
};

struct context {
    const struct decide_args *args;
    const struct filing *filing;
    struct enterprise *state;
    struct decide_result *ret;
    int64_t as_of;
    int32_t business_on;
    bool is_approved;    /* a review approved it: 402 is passed */
    bool is_overflowing; /* changes of one limit do not add up within 63 bits */
    bool is_quiet;       /* parameters and sheets do not go to the basis (reversal, B1) */
    uint64_t without;    /* profile or basis that a reversal takes away, 0 = none */
    enum code sole_code; /* one reason stands alone, CODE_NONE = none */
    const char *sole_field;
    bool is_standing_done; /* what is missing from here on belongs to the stage of rates */
    uint32_t reviews_n;    /* fields of 402, kept until standing has passed */
    const char *reviews[CONTEXT_REVIEWS_MAX];
    struct object *named[UNDO_OBJECTS_MAX]; /* existing objects, by context_object() */
    uint32_t named_n;
    uint32_t missing_n;
    struct missing_rate missing[HELD_MISSING_MAX];
    const char *missing_fields[HELD_MISSING_MAX];
    uint32_t parameters_n; /* positions in the sorted policy, in order of use */
    uint32_t parameters[DECISION_PARAMETERS_MAX];
    uint32_t parameters_standing_n;
    uint32_t sheets_n;
    int32_t sheets[DECISION_SHEETS_MAX];
    uint32_t sheets_standing_n;
};

/* ---- reasons ------------------------------------------------------------------------------- */

void context_reason(struct context *c, enum code code, const char *field);
/* The only reason of the decision, whatever else failed (220, 209 of a contract, S13). */
void context_reason_sole(struct context *c, enum code code, const char *field);
/* 402 at a field: passed when a review approved it. */
void context_review(struct context *c, const char *field);
void context_flag(struct context *c, enum flag flag);

/* ---- objects ------------------------------------------------------------------------------- */

/* The object of this kind and number: 203 when there is none or it is of another kind (S3), 204
 * when it is closed, both at field, and NULL; 206 at /business_date when it moved later (S2). */
const struct object *context_object(struct context *c, enum object_kind kind, struct text number,
                                    const char *field);
/* 202 at field when the number is taken in the space of the kind. */
void context_object_is_new(struct context *c, enum object_kind kind, struct text number,
                           const char *field);
/* The investor of a registration: 207 at field and NULL when there is none, of the second also when
 * it is a domestic one (D2). */
const struct investor *context_investor(struct context *c, const struct object *registration,
                                        struct text investor_no, const char *field);
const struct investor *context_foreign_investor(struct context *c,
                                                const struct object *registration,
                                                struct text investor_no, const char *field);

/* ---- reference data ------------------------------------------------------------------------ */

/* The row of a parameter on a date, NULL when there is none (S12); listed in the basis (X3). */
const struct parameter *context_parameter(struct context *c, const struct policy_query *query);
/* The same with empty subject and region, on the business date. */
const struct parameter *context_parameter_plain(struct context *c, enum parameter_id id);
/* List a row that was found in another way (policy_row_at()). */
void context_list(struct context *c, const struct parameter *row);

/* money to another currency.  An amount of 0 and equal currencies need no rate.  Not found: the
 * missing rates are noted and the next barrier holds the filing (401 at moment.field). */
struct converted context_convert(struct context *c, struct money money, int32_t currency,
                                 struct moment moment, enum rounding rounding);
/* CNY for one unit at a moment, as contracts and loans keep it; listed like a conversion. */
struct converted context_rate(struct context *c, int32_t currency, struct moment moment);
/* The business date as a moment. */
struct moment context_business(const struct context *c);

/* ---- limits -------------------------------------------------------------------------------- */

/* Key of a limit of an object (NULL: of the object that this filing opens); of a limit of the
 * enterprise itself. */
struct limit_key context_key(const struct context *c, enum limit_kind kind,
                             const struct object *object, uint32_t part);
struct limit_key context_own_key(enum limit_kind kind);
/* Balances before the filing; zeros when there is no such limit yet. */
struct amounts context_balance(const struct context *c, const struct limit_key *key);
int64_t context_free(const struct context *c, const struct limit_key *key);

/* One test of a limit: what is free, what is asked, in which currency. */
struct test {
    struct limit_key key;
    int32_t currency;
    int64_t free_minor;
    int64_t asked_minor;
};
/* The reason code (301, 302, 216) at field with the amounts of the test when asked > free. */
bool context_check(struct context *c, enum code code, const struct test *test, const char *field);
/* The same reason without comparing. */
void context_refuse(struct context *c, enum code code, const struct test *test, const char *field);

/* A reason that names a limit without amounts (216, S10). */
void context_reason_limit(struct context *c, enum code code, const struct limit_key *key,
                          const char *field);

/* Stage a change of a limit.  Changes of one limit add up. */
void context_post(struct context *c, const struct limit_key *key, int32_t currency,
                  struct amounts change);

/* ---- barriers ------------------------------------------------------------------------------ */

MUST_PASS bool context_standing_done(struct context *c);
MUST_PASS bool context_rates_done(struct context *c);
bool context_accept(struct context *c);

/* ---- writes, after context_accept() -------------------------------------------------------- */

/* The object that this filing opens; kind, number and dates are set, the rest is zero. */
struct object *context_open(struct context *c, enum object_kind kind, struct text number);
/* Number of the first decision of this filing: its place in the order of arrival (H4). */
uint64_t context_arrival(const struct context *c);
/* A named object, to be written: its image from before is in the undo already. */
struct object *context_change(struct context *c, const struct object *object);
/* An investor, to be written; its image from before goes to the undo. */
struct investor *context_change_investor(struct context *c, const struct investor *investor);
/* A new investor of a registration: takes the next ordinal, which is investors_n + 1. */
struct investor *context_add_investor(struct context *c, struct object *registration,
                                      const struct investor *investor);
void context_add_profile(struct context *c, const struct profile *profile);
void context_add_basis(struct context *c, const struct lending_basis *basis);

#endif
