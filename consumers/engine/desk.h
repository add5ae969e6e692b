/* desk.h - what the deciders of one thread share: the store, the reference data, and scratch
 * memory.
 *
 * The large structs of a decision (reasons, postings, undo) lie here once and are never cleared, so
 * that deciding allocates nothing.  A desk belongs to one thread; its store and its reference set
 * are borrowed and outlive it. */
#ifndef ENGINE_DESK_H
#define ENGINE_DESK_H

#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "consumers/core/decide.h"
#include "consumers/store/reference_set.h"
#include "consumers/store/store.h"
#include "form/form.h"
#include "wire/arena.h"
#include "wire/hash.h"
#include "wire/sign.h"
#include "wire/submission.h"

struct desk {
    struct store *store;
    struct reference_set *references;
    struct hash *hash;
    struct signer *signer;
    struct arena arena;          /* of the record being decided */
    struct arena held_arena;     /* of a held filing that is decided again because of it */
    struct arena bulletin_arena; /* of a bulletin and its objects */
    struct arena seen_arena;     /* of a decision read back */
    struct form form;
    struct form held_form;
    struct decide_args args;
    struct decide_result result;
    struct undo named_undo; /* of args.named */
    struct store_filing_key named_key;
    struct enterprise nobody; /* the empty state of a filing without identity */
    struct buffer undo_bytes;
    struct decision seen; /* a decision read back from the journal */
    struct bulletin bulletin;
    uint64_t bulletin_next; /* below it the reference set has all of the store's */
    uint8_t out[DECISION_SIZE_MAX];
};

/* Keeps store and references.  gives *ret: desk_close(). */
MUST_CHECK enum status desk_open(struct store *store, struct reference_set *references,
                                 struct desk **ret, struct failure *err);
void desk_close(struct desk *desk);

/* Read the bulletins that the store has and the reference set has not: at the start, and whenever a
 * partition is claimed that somebody else may have brought further. */
MUST_CHECK enum status desk_load_references(struct desk *desk, struct failure *err);

#endif
