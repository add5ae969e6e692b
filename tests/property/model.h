/* model.h - the rulebook a second time: slow, simple, and by another way than the core.
 *
 * It keeps what was filed and nothing that could be worked out from it: every balance is the sum of
 * all postings so far, every contract is followed from its signing again each time, every look-up
 * is a search from the first to the last.  It shares the plain values of proto/form with the core,
 * and no code that decides.
 *
 * Promises:
 *   M1  what it answers depends on what it was given, in that order, and on nothing else;
 *   M2  an answer is one line of text that says all that a decision says of its matter: outcome,
 *       flags, reasons, postings, what is returned, what it refers to, bulletin and basis.
 *
 * Filings are given as they stand after reading, with the faults of form that a struct filing can
 * show (dates in the future or in the wrong order, sums, zero amounts); what it does not know it
 * says at once and ends the program. */
#ifndef TESTS_PROPERTY_MODEL_H
#define TESTS_PROPERTY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "form/decision.h"
#include "form/filing.h"
#include "form/reference.h"

#define MODEL_INVESTORS_MAX 8
#define MODEL_ANSWER_SIZE   8192

struct model;

/* gives a new one: model_close(). */
struct model *model_open(void);
/* Takes NULL. */
void model_close(struct model *model);

/* A record of the partition. */
struct model_record {
    const struct filing *filing; /* kept, with its texts, until close */
    int64_t offset;
    int32_t received_on;
    uint32_t content; /* equal for equal filing bytes */
};

/* Decide a filing, and what it sets free.  The answers are those of this call. */
void model_file(struct model *model, const struct model_record *record);

/* A bulletin that is accepted; keeps the item until close. */
void model_bulletin(struct model *model, const struct reference_item *item);

/* Offsets of the accepted filings that still stand, in order of acceptance (no review, withdrawal
 * or reversal among them); returns how many, at most max. */
size_t model_standing(struct model *model, int64_t *offsets, size_t max);

/* Which filing an answer is about and what it says; false past the last. */
struct model_answer_head {
    int64_t input;
    enum outcome outcome;
};
bool model_answer_head(const struct model *model, size_t i, struct model_answer_head *ret);

/* Answers of the last call in order; "" past the last. */
const char *model_answer(const struct model *model, size_t i);

#endif
