/* decide.h - a filing, what is known and what was filed before, to a decision and a new state.
 *
 * Pure: no clock, no I/O, no heap, no floating point, no Kafka.  The same code decides in the
 * worker, in recovery, in a replay, in a what-if, in the simulator and in a fuzz target.
 *
 * Promises:
 *   D1  only an ACCEPTED filing changes balances and objects, and then all of it or nothing;
 *   D2  the decision depends on the arguments and on nothing else;
 *   D3  nothing is allocated: before a call the caller makes room in the state (decide_room()). */
#ifndef CORE_DECIDE_H
#define CORE_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "consumers/core/enterprise.h"
#include "consumers/core/reference.h"
#include "form/decision.h"
#include "form/form.h"

/* The record that causes a decision, and the record that it is about. */
struct record {
    uint32_t partition;
    int64_t input_offset;
    uint8_t input_hash[DIGEST_SIZE];
    int64_t received_ms; /* of the input; a held filing keeps its own when it is decided again */
    int64_t trigger_offset;
    uint8_t filing_hash[DIGEST_SIZE]; /* SHA-256 of the filing bytes: same or other contents */
};

/* What is known of an earlier filing of the same enterprise, by its bank and filing id. */
struct earlier {
    bool found;
    uint8_t filing_hash[DIGEST_SIZE];
    uint64_t first_number;    /* of its first decision: also its arrival number if that was HELD */
    uint64_t last_number;     /* of the last decision about it */
    uint64_t reversed_number; /* decision of the accepted reversal of it, 0 = none */
    enum outcome outcome;     /* of the last decision */
    const struct undo *undo;  /* of the accepted one, NULL when it was not accepted; borrowed */
};

struct decide_args {
    const struct reference *reference;
    bool has_bulletin;
    uint64_t bulletin; /* reference data as of this bulletin */
    struct record record;
    const struct form *form; /* checked; its filing for everything that passed */
    struct earlier own;      /* under the filing's own id */
    struct earlier named;    /* the filing it reverses, reviews, withdraws or rests on (D7) */
    uint64_t number;         /* of the decision to be made */
};

/* What the caller has to do beside storing the decision. */
struct decide_result {
    struct decision decision;
    bool owns_id;  /* index the filing under its id: first decision of an identity */
    bool has_undo; /* ACCEPTED: undo belongs beside the decision */
    struct undo undo;
    bool reversed; /* args.named is reversed by this decision: mark it in the index */
    bool held;     /* first decision: now held, under the arrival number decision.number */
    bool released; /* was held (decided again) and is no longer: drop its held bytes */
    /* A review or withdrawal was accepted: decide the held filing of this arrival number next, with
     * this cause, then pass over the enterprise's filings that wait behind others. 0 = none. */
    uint64_t follow_arrival;
    enum held_cause follow_cause;
};

/* Does the filing name an earlier one of its enterprise (reversal, review, withdrawal, the basis of
 * an outward remittance)?  Then its bank and id, borrowed from the form.  An empty bank is any bank
 * (D7): of several filings with that id pass one for which decide_rests_on() is true, if there is.
 */
bool decide_names(const struct form *form, struct text *ret_bank, struct text *ret_filing_id);

/* Is this earlier filing one on which the outward remittance of the form may rest (D7)? */
bool decide_rests_on(const struct form *form, const struct earlier *named);

/* The most that deciding this filing can add to a state; the caller makes room for it first. */
struct room decide_room(const struct form *form);

/* A record that cannot be decoded (101 at the empty pointer) or that has the wrong key or partition
 * (101 at /enterprise, with what identity it shows). No state is needed. */
void decide_undecodable(const struct decide_args *args, struct decide_result *ret);
void decide_misplaced(const struct decide_args *args, struct decide_result *ret);

/* The decision of a bulletin: ACCEPTED, or REJECTED 118 at fault's field when fault is not NULL.
 * args-> bulletin is already the bulletin in force after it. */
void decide_bulletin(const struct decide_args *args, const struct fault *fault,
                     struct decide_result *ret);

/* A filing's own decision.  state is changed when it is ACCEPTED or HELD, and carries args->number.
 */
void decide_filing(const struct decide_args *args, struct enterprise *state,
                   struct decide_result *ret);

/* May the held filing be decided again now?  After a bulletin: one that waits for a rate of which a
 * missing one can now be had; after anything: one that waits behind an earlier one and no longer
 * does. */
bool decide_is_due(const struct reference *reference, uint64_t bulletin,
                   const struct enterprise *state, uint64_t arrival_number);

/* A held filing that is decided again: what happened to it, and of a refusal the officer's reason.
 */
struct again {
    uint64_t arrival_number;
    enum held_cause cause;
    struct text note;
};

/* Decide a held filing again; args->record and args->form are the held filing's own, but for the
 * trigger.  False: outcome and codes are as before and there is no decision; the state keeps its
 * number, but what the filing waits for may be other rates or a rate after the approval: it must be
 * saved (deciding again from the same log sets the same). */
bool decide_again(const struct decide_args *args, struct enterprise *state,
                  const struct again *again, struct decide_result *ret);

/* Rules numbers that this program knows: 1 to DECIDE_RULES_MAX. */
#define DECIDE_RULES_MAX 1

#endif
