/* lookup.h - a ledger's store, opened to look things up: never a lock, never a write.
 *
 * Promises:
 *   U1  from lookup_open() to lookup_close() all look-ups see one moment of the store, but for
 *       lookup_refresh(), which goes on to the next;
 *   U2  a decision is given with its own postings named: numbers that its bytes leave out come from
 *       its undo and, for an investor's, from the enterprise's state (else "#<ordinal>"). */
#ifndef CTL_LOOKUP_H
#define CTL_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/core/enterprise.h"
#include "consumers/ctl/ctl.h"
#include "consumers/engine/desk.h"
#include "consumers/engine/journal.h"
#include "consumers/store/store_read.h"
#include "form/decision.h"

struct lookup {
    struct ctl *ctl;
    struct store *store;
    struct store_ledger ledger;
    struct reference_set *references;
    struct desk *desk;  /* with the bulletins of the store */
    struct arena arena; /* of a decision */
    struct decision *decision;
    struct undo *undo;
    struct enterprise *state;
    struct buffer row; /* copy of a journal row */
};

/* A store that cannot be opened ends the program with 6.  gives its parts: lookup_close(), also
 * after failure. */
MUST_CHECK enum status lookup_open(struct lookup *lookup, struct ctl *ctl, struct failure *err);
void lookup_close(struct lookup *lookup);

/* See what was stored since.  Bulletins too. */
MUST_CHECK enum status lookup_refresh(struct lookup *lookup, struct failure *err);

uint32_t lookup_partition(const struct lookup *lookup, const char *enterprise);

/* Into lookup->state.  STATUS_NOTFOUND when there is none. */
MUST_CHECK enum status lookup_state(struct lookup *lookup, uint32_t partition,
                                    const char *enterprise, struct failure *err);

/* Give each decision of first to last to fn, in order, until it returns false.  The decision is
 * lookup->decision, its own postings named only if wants_names. */
typedef bool lookup_decision_fn(void *arg, const struct decision *decision);
struct lookup_range {
    uint32_t partition;
    uint64_t first;
    uint64_t last;
    bool wants_names;
};
MUST_CHECK enum status lookup_decisions(struct lookup *lookup, const struct lookup_range *range,
                                        lookup_decision_fn *fn, void *arg, struct failure *err);

#endif
