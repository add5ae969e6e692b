/* form.h - the form stage: is a filing written as it must be (codes 101 to 117).
 *
 * Pure.  One set of tables describes every field of every event; the stage visits every row and
 * collects every failure (rulebook sections 1, 2 and F1 to F16).  What passes is a struct filing.
 */
#ifndef FORM_FORM_H
#define FORM_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "form/decision.h"
#include "form/document.h"
#include "form/filing.h"
#include "form/reason.h"

#define FORM_INVESTORS_MAX 200 /* rulebook F1 */

struct form {
    struct filing filing; /* of an amount whose value alone has failed the currency is there */
    struct identity identity;
    /* enterprise, bank and filing_id are each well formed: the filing has an identity (rulebook I1)
     */
    bool identified;
    struct reasons failures;
    struct fdi_investor investors[FORM_INVESTORS_MAX]; /* what filing.details points to */
};

/* Read the identity only, as filed and whether it is well formed.  Leaves failures empty. */
void form_identify(const struct document *doc, struct form *form);

/* The whole stage, identity included.  received_on is the received date (106, and nothing else,
 * rests on it); signature_right false adds 117.  form->filing may go on only when failures.n is 0.
 */
void form_check(const struct document *doc, int32_t received_on, bool signature_right,
                struct form *form);

/* One field as the catalogue shows it: the tables behind form_check(), for documentation and for
 * tests.  EVENT_NONE has the fields of the head, an event those of its details, each record that
 * lies inside following its own field.  i from 0; false past the last. */
struct form_field {
    char path[64]; /* "details.money", "details.investors[].cash" */
    char kind[96]; /* "money above zero", "date", "choice MACROPRUDENTIAL|GAP|FACILITATION" */
    bool required; /* where its record is there */
};
bool form_field_at(enum event event, uint32_t i, struct form_field *ret);

#endif
