/* decision_json.h - a decision as one line of JSON for people and programs (rulebook section 2).
 *
 * Field names and their order are those of the rulebook; fields that are empty are left out;
 * amounts are texts with all decimals of their currency. */
#ifndef WIRE_DECISION_JSON_H
#define WIRE_DECISION_JSON_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/decision.h"
#include "form/reference.h"
#include "wire/decision_codec.h"

/* What a decision rests on and only its reader has.  Borrowed; each may be NULL. */
struct decision_texts {
    const struct policy *policy; /* the one of decision->policy; NULL: no parameters are written */
    const struct own_numbers
        *own; /* of the decision's filing; NULL: own postings name the kind only */
};

/* One line without line feed, added to out. */
MUST_CHECK enum status decision_to_json(const struct decision *decision,
                                        const struct decision_texts *texts, struct buffer *out,
                                        struct failure *err);

/* The English sentence of a reason with its limit and amounts, added to out. */
void reason_put_text(const struct reason *reason, struct buffer *out);

#endif
