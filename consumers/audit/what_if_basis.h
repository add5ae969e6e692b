/* what_if_basis.h - why a decision flips: the parameters that it rests on and that differ between
 * the two policies.
 *
 * Pure.  Rows are borrowed from a reference set, where they keep their place until it is closed
 * (reference_set.h, F2). */
#ifndef AUDIT_WHAT_IF_BASIS_H
#define AUDIT_WHAT_IF_BASIS_H

#include <stdint.h>

#include "consumers/core/reference.h"
#include "form/decision.h"

#define PARAMETERS_SIZE 256 /* with NUL; what does not fit is left out */

struct basis {
    uint32_t n;
    const struct parameter *rows[DECISION_PARAMETERS_MAX];
};

/* The rows that the decision lists, as the reference data gives its policy now. */
void basis_make(const struct reference *reference, const struct decision *decision,
                struct basis *ret);

/* What was rested on under the old policy and under the new one; old and new: NULL = there is none.
 */
struct basis_change {
    const struct basis *before;
    const struct basis *after;
    const struct policy_version *old;
    const struct policy_version *new;
    int32_t on; /* business date */
};

/* "MP.PARAMETER 1.75 > 1;OUT.PRELIM.USD 3000000 > none": each parameter on which both rest with
 * other values; and each row on which one rests and which the other policy has not, with what that
 * policy has for its subject and region on the business date.  "" when there is none: then what
 * differs is what was decided before. */
void basis_change_format(const struct basis_change *change, char out[PARAMETERS_SIZE]);

#endif
