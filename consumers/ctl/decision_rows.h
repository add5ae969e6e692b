/* decision_rows.h - decisions for people and programs: JSON as rulebook section 2, else a row each.
 *
 * What a decision rests on is given as texts by who has the reference data; rows show codes and
 * flags only. */
#ifndef CTL_DECISION_ROWS_H
#define CTL_DECISION_ROWS_H

#include <stdint.h>

#include "base/status.h"
#include "consumers/core/reference.h"
#include "consumers/ctl/output.h"
#include "form/decision.h"
#include "wire/decision_json.h"

struct decision_rows {
    struct output output;
    struct buffer line;
    /* The policy whose rows are in order of their ordinals, as a decision names them. */
    struct parameter *parameters;
    uint64_t since; /* bulletin that brought it */
    struct policy policy;
};

void decision_rows_init(struct decision_rows *rows, FILE *file, enum conf_output format);

/* own may be NULL.  reference may be NULL: no parameters are written. */
MUST_CHECK enum status decision_rows_put(struct decision_rows *rows,
                                         const struct decision *decision,
                                         const struct own_numbers *own,
                                         const struct reference *reference, struct failure *err);

/* As output_fini(). */
MUST_CHECK enum status decision_rows_fini(struct decision_rows *rows, struct failure *err);

#endif
