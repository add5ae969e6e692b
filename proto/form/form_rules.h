/* form_rules.h - the checks of the form stage that look at more than one field: dates against each
 * other (115), shares and amounts that must add up (116), what one choice makes necessary (rulebook
 * section 1, F1, F11 to F14, D5).
 *
 * Pure.  A check that rests on a field without a value is left out: that field has a failure of its
 * own.  What is known counts, even where something else is wrong with it (a currency that may not
 * be used here is still a currency). */
#ifndef FORM_FORM_RULES_H
#define FORM_FORM_RULES_H

#include "form/form.h"

/* Minor units of an amount that has a currency but no value of its own, while the form stage runs.
 */
#define FORM_AMOUNT_NONE INT64_MIN

/* Of the head.  Adds to form->failures. */
void form_rules_head(struct form *form, int32_t received_on);

/* Which fields were there, right or wrong: bit i is the i-th field of the record. */
struct form_present {
    uint32_t details;
    uint32_t object; /* of the last object in details */
};

/* Of the details of form->filing.event.  Borrows present; adds to form->failures. */
void form_rules_details(struct form *form, const struct form_present *present);

#endif
