/* decider_inside.h - what the files of the decider share; for nobody else.
 *
 * decider.c         a record from its bytes to the path that decides it, batches, packs
 * decider_filing.c  a filing's own decision, and the earlier filings that it names
 * decider_pass.c    held filings decided again: after a bulletin, a review, a withdrawal
 * decider_emit.c    a decision to its bytes, its number and its place in the batch
 * decider_recover.c the same again from the log, against the journal */
#ifndef ENGINE_DECIDER_INSIDE_H
#define ENGINE_DECIDER_INSIDE_H

#include "consumers/engine/cache.h"
#include "consumers/engine/decider.h"
#include "consumers/engine/held_list.h"
#include "consumers/engine/journal.h"

/* The record that is being decided. */
struct trigger {
    int64_t offset;
    uint8_t hash[DIGEST_SIZE];
    int64_t received_ms;
    int32_t received_on;
    bool is_create_time; /* the producer's clock: counts in a ledger founded in memory only */
    bool has_key;
    struct bytes key;
    struct bus_verdict verdict;
    uint32_t made; /* decisions since the batch took it up */
    bool is_cut;   /* not all that it triggers is decided */
};

/* Recovery goes through the journal beside the log. */
struct recovery {
    bool is_active;
    struct store_position until;
    struct buffer copy; /* of the journal row that holds number position.number + 1 */
    struct journal_reader reader;
    struct journal_entry entry;
    bool has_entry;
};

struct decider {
    struct desk *desk;
    struct decider_conf conf;
    struct store_position position;
    struct cache cache;
    struct held_list held;
    struct batch_part *part; /* open, NULL in recovery */
    struct trigger trigger;
    struct recovery recovery;
};

/* Which held filings a trigger sets free, and from where on they are visited. */
struct pass {
    bool is_one_enterprise; /* after a review or withdrawal: its 403s only */
    char enterprise[ENTERPRISE_CODE_SIZE];
    uint64_t after; /* arrival number of the last one visited */
};

/* decider_filing.c */
MUST_CHECK enum status decider_decide_filing(struct decider *d, const struct document *doc,
                                             const struct submission *parts, struct failure *err);
MUST_CHECK enum status decider_earlier_own(struct decider *d, const struct form *form,
                                           const struct enterprise *state, struct earlier *ret,
                                           struct failure *err);
MUST_CHECK enum status decider_earlier_named(struct decider *d, const struct form *form,
                                             const struct enterprise *state, struct earlier *ret,
                                             struct failure *err);
MUST_CHECK enum status decider_index(struct decider *d, const struct form *form,
                                     const struct decide_result *result, uint64_t arrival_number,
                                     struct failure *err);
/* args but for record, form and earlier ones. */
void decider_args(struct decider *d);

/* decider_pass.c */
MUST_CHECK enum status decider_follow(struct decider *d, uint64_t arrival_number,
                                      enum held_cause cause, struct text note, struct failure *err);
/* Sets trigger.is_cut when it stops before the last one. */
MUST_CHECK enum status decider_pass(struct decider *d, struct pass *pass, struct failure *err);

/* decider.c: the state of an enterprise. */
MUST_CHECK enum status decider_cached(struct decider *d, const char code[ENTERPRISE_CODE_SIZE],
                                      struct cache_entry **ret, struct failure *err);

/* decider_emit.c */
struct emission {
    bool has_key;
    struct bytes key;
};
MUST_CHECK enum status decider_emit(struct decider *d, const struct emission *emission,
                                    struct failure *err);

/* The decision with the next number has these bytes. */
void decider_advance(struct decider *d, struct bytes decision);

/* decider_recover.c */
/* Read the journal's decision with the next number into desk->seen; *ret_there: there is one, and
 * this trigger caused it. */
MUST_CHECK enum status decider_journal_peek(struct decider *d, bool *ret_there,
                                            struct failure *err);
/* Its state is ahead: take it as it stands. */
MUST_CHECK enum status decider_journal_take(struct decider *d, struct failure *err);
MUST_CHECK enum status decider_journal_differs(const struct decider *d, const char *what,
                                               struct failure *err);
/* It was decided again: the bytes must be the journal's. */
MUST_CHECK enum status decider_journal_compare(struct decider *d, struct bytes decision,
                                               struct failure *err);

/* decider.c: the record to its decisions. */
MUST_CHECK enum status decider_decide(struct decider *d, const struct bus_record *record,
                                      struct failure *err);

#endif
