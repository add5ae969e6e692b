/* history.h - histories of one partition: bulletins and filings, believable and broken.
 *
 * A history is made once, from a seed or from bytes; every step stands by itself, so that steps can
 * be left out to find the few that matter. */
#ifndef TESTS_PROPERTY_HISTORY_H
#define TESTS_PROPERTY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "form/decision.h"
#include "form/filing.h"
#include "form/reference.h"

enum {
    HISTORY_STEPS_MAX = 400,
    STEP_INVESTORS_MAX = 3,
    STEP_ROWS_MAX = 48,
    STEP_HOLIDAYS_MAX = 16,
    STEP_RATES_MAX = 6,
    HISTORY_HEAD_SIZE = 12,
    HISTORY_FILING_SIZE = 32
};

struct step {
    bool is_bulletin;
    bool is_left_out;
    /* A filing; texts of its own lie in ids. */
    struct filing filing;
    char filing_id[40];
    char named_id[40];
    int32_t received_on;
    uint32_t content;   /* equal for equal bytes */
    bool is_gone;       /* reversed or closed since, as the model sees it */
    enum outcome guess; /* what the model makes of it: later steps build on that */
    struct fdi_investor investors[STEP_INVESTORS_MAX];
    /* A bulletin. */
    struct reference_item item;
    struct parameter rows[STEP_ROWS_MAX];
    char values[STEP_ROWS_MAX][24];
    int32_t holidays[STEP_HOLIDAYS_MAX];
    struct rate rates[STEP_RATES_MAX];
    struct list_row list[4];
    struct member members[4];
};

struct history {
    uint64_t seed;
    struct step *steps;
    size_t steps_n;
    bool is_unwound; /* it ends with the reversal of everything that stood */
};

/* gives the steps: history_fini(). */
void history_init(struct history *history, uint64_t seed);
/* The same from bytes, which a fuzzer changes: HISTORY_HEAD_SIZE for what the whole is about, then
 * HISTORY_FILING_SIZE a filing with the days and the bulletin before it; each byte is a choice.
 * The history ends with the bytes.  Amounts are often taken from the edge of a limit. */
void history_init_steered(struct history *history, const uint8_t *at, size_t n);
void history_fini(struct history *history);

/* A step as the JSON of a pack: the filing or the reference object. */
void step_to_json(const struct step *step, struct buffer *out);

#endif
