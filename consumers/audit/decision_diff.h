/* decision_diff.h - in which field do two decisions differ first?
 *
 * Goes through the fields of filing.v1.Decision in their order, postings and reasons included. */
#ifndef AUDIT_DECISION_DIFF_H
#define AUDIT_DECISION_DIFF_H

#include "base/bytes.h"
#include "base/status.h"

#define DIFF_FIELD_SIZE 96
#define DIFF_VALUE_SIZE 160

struct decision_diff {
    char field[DIFF_FIELD_SIZE]; /* "postings[1].used"; "encoding" when no field differs */
    char expected[DIFF_VALUE_SIZE];
    char found[DIFF_VALUE_SIZE];
};

/* expected and found are different bytes.  Bytes that are no decision differ in "encoding". */
MUST_CHECK enum status decision_diff(struct bytes expected, struct bytes found,
                                     struct decision_diff *ret, struct failure *err);

#endif
