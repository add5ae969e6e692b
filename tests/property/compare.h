/* compare.h - a history decided by the decider of the worker and by the model, decision by
 * decision.
 *
 * What is compared is all that a decision says of its matter: outcome, flags, reasons with fields,
 * limits and amounts, postings, what is returned, what it refers to, bulletin, basis and number.
 * A fault of the test itself, such as a history that cannot be encoded, ends the program. */
#ifndef TESTS_PROPERTY_COMPARE_H
#define TESTS_PROPERTY_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "form/decision.h"
#include "form/filing.h"
#include "history.h"

struct comparison;

enum { COMPARISON_CODES = 500 };

/* What the histories were made of: a test of nothing but refusals would prove little. */
struct comparison_counts {
    size_t filings;
    size_t restarts;
    size_t unwound; /* histories that ended with all limits empty */
    size_t alone;   /* enterprises decided a second time, without the others */
    size_t broken;  /* decisions against the invariants of the rulebook, section 6 */
    size_t outcomes[EVENT_N][OUTCOME_DUPLICATE + 1];
    size_t codes[COMPARISON_CODES];
    size_t flags[FLAG_COUNT];
};

/* gives a new one: comparison_close(). */
struct comparison *comparison_open(void);
/* Takes NULL. */
void comparison_close(struct comparison *comparison);

/* Decide the history both ways; before step restart_at all goes to the store and is read from
 * there, 0: never.  Returns the step at which the answers differ first, steps_n when they do not.
 */
size_t comparison_run(struct comparison *comparison, const struct history *history,
                      size_t restart_at);

/* Leave out of the history what the difference at that step does not need, and print the rest with
 * both answers. */
void comparison_explain(struct comparison *comparison, struct history *history, size_t at);

/* After a history that reversed everything nothing is left on any limit: of the last run.  Says
 * what is left. */
bool comparison_is_empty(struct comparison *comparison, const struct history *history);

/* The enterprise of the last step is decided as if the others were not there. */
bool comparison_is_unrelated(struct comparison *comparison, struct history *history);

/* borrows until close. */
const struct comparison_counts *comparison_counts(const struct comparison *comparison);

#endif
