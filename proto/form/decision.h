/* decision.h - what the worker answers: one decision as plain values (rulebook section 2).
 *
 * Written by the core, encoded and chained by the wire layer, read by everybody.  A decision is
 * large (all of its reasons and postings are in place, nothing is allocated); reset sets the counts
 * only. */
#ifndef FORM_DECISION_H
#define FORM_DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "form/filing.h"
#include "form/reason.h"

/* Values go to the topic; never renumber. */
enum outcome {
    OUTCOME_NONE = 0,
    OUTCOME_ACCEPTED = 1,
    OUTCOME_REJECTED = 2,
    OUTCOME_HELD = 3,
    OUTCOME_DUPLICATE = 4
};

/* Bits of decision.flags, in the order in which they are listed. */
enum flag {
    FLAG_LATE = 1 << 0,
    FLAG_GRANDFATHERED = 1 << 1,
    FLAG_EXCESS = 1 << 2,
    FLAG_EXCESS_RETURNED = 1 << 3,
    FLAG_NEAR_LIMIT_80 = 1 << 4,
    FLAG_NEAR_LIMIT_90 = 1 << 5,
    FLAG_LIMIT_FULL = 1 << 6,
    FLAG_PAY_IN_LATE = 1 << 7,
    FLAG_UNCONFIRMED_BASIS = 1 << 8
};
#define FLAG_COUNT 9

#define DECISION_POSTINGS_MAX   256 /* design, section 2 */
#define DECISION_PARAMETERS_MAX 64  /* rows of the policy that one decision can rest on */
#define DECISION_SHEETS_MAX     16  /* dates of rate sheets that one decision can rest on */
#define IDENTITY_TEXT_MAX       8192 /* bytes of a malformed identity field that a decision repeats */
#define DIGEST_SIZE             32   /* SHA-256 */

/* Amounts of a limit or of a change of one, in minor units. */
struct amounts {
    int64_t limit;
    int64_t used;
    int64_t reserved;
};

struct posting {
    struct limit_id id;
    bool own; /* the object (and part) is the filing's own: left out of the bytes */
    int32_t currency;
    struct amounts change;
    struct amounts after;
};

/* Identity as filed: a field that is no non-empty text is empty. Borrowed. */
struct identity {
    struct text filing_id;
    struct text bank;
    struct text enterprise;
    struct text event;
    struct text business_date;
};

struct decision {
    uint32_t partition;
    uint64_t number; /* 1, 2, 3 ... within the partition */
    int64_t input_offset;
    uint8_t input_hash[DIGEST_SIZE];
    int64_t trigger_offset;
    int64_t received_ms; /* Unix time */
    struct identity identity;
    enum event event; /* EVENT_NONE when identity.event is no event; EVENT_BULLETIN */
    enum outcome outcome;
    uint32_t flags;
    bool has_returned;
    struct money returned;
    bool has_basis; /* policy, rules, parameters and sheets are meant */
    uint64_t policy;
    uint32_t rules;
    uint32_t parameters_n;
    uint32_t parameters[DECISION_PARAMETERS_MAX]; /* ordinals in the policy from 0, ascending by id,
                                                     subject, region, from */
    uint32_t sheets_n;
    int32_t sheets[DECISION_SHEETS_MAX]; /* ascending */
    bool has_bulletin;
    uint64_t bulletin;
    uint64_t refers_to; /* number of the first decision, 0 = none */
    uint8_t chain[DIGEST_SIZE];
    struct reasons reasons;
    uint32_t postings_n;
    struct posting postings[DECISION_POSTINGS_MAX]; /* by limit id */
};

/* Empty, without touching the arrays. */
void decision_reset(struct decision *decision);

const char *outcome_name(enum outcome outcome); /* "ACCEPTED" */
const char *flag_name(enum flag flag);          /* "NEAR_LIMIT_80" */

#endif
