/* views_db.h - the file of readable tables: its schema, and one function for each kind of row.
 *
 * Relational rows for people and their tools: names instead of ordinals, amounts as decimal texts
 * in the unit of the currency beside them, times in RFC 3339, dates as YYYY-MM-DD; what is absent
 * is NULL.  Everything here follows from the journal and the states of a store; nothing is lost
 * when the file is.
 *
 * true_for(partition, number, states_number) says for which decision the tables of a partition are
 * true: decision, reason, posting, limit_account and held_filing for number; registration,
 * contract, application and investor for states_number or, for a single enterprise, the later
 * enterprise.state_number.
 *
 * Promises:
 *   V1  rows of a partition and its true_for change in one transaction;
 *   V2  the file names the store it was made from; from another store, or of another schema, it is
 *       made anew. */
#ifndef STORE_VIEWS_DB_H
#define STORE_VIEWS_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/core/enterprise.h"
#include "consumers/store/store.h"
#include "form/decision.h"

#define VIEWS_SCHEMA 1

struct views_db;

struct views_true_for {
    uint64_t number;        /* 0 = nothing yet */
    uint64_t states_number; /* the store's clean_number when the states were last read */
    uint8_t chain[DIGEST_SIZE];
};

/* Open or make the tables for the store of this ledger.  STATUS_IO, STATUS_NOMEM; a damaged or
 * foreign file is replaced, not an error.  gives *ret: views_db_close(). */
MUST_CHECK enum status views_db_open(const char *file, const struct store_ledger *ledger,
                                     struct views_db **ret, struct failure *err);
/* Takes NULL. */
void views_db_close(struct views_db *db);

MUST_CHECK enum status views_db_begin(struct views_db *db, struct failure *err);
MUST_CHECK enum status views_db_commit(struct views_db *db, struct failure *err);
/* What was written since views_db_begin() is undone; nothing to do is allowed. */
void views_db_rollback(struct views_db *db);

/* Zeros when the partition is new. */
MUST_CHECK enum status views_db_true_for(struct views_db *db, uint32_t partition,
                                         struct views_true_for *ret, struct failure *err);
MUST_CHECK enum status views_db_move(struct views_db *db, uint32_t partition,
                                     const struct views_true_for *to, struct failure *err);
/* All rows of a partition are dropped. */
MUST_CHECK enum status views_db_clear(struct views_db *db, uint32_t partition, struct failure *err);

/* A decision with its postings, and what follows from it: limit accounts, the list of what is held,
 * and when its enterprise was last touched.  Own postings must have been filled. */
MUST_CHECK enum status views_db_add(struct views_db *db, const struct decision *decision,
                                    struct failure *err);

/* The number of an investor by its place in a registration; from the states written so far.
 * STATUS_NOTFOUND. */
MUST_CHECK enum status views_db_investor_no(struct views_db *db, uint32_t partition,
                                            const struct limit_key *key, char ret[LIMIT_PART_SIZE],
                                            struct failure *err);

/* Before views_db_add() of a decision: the part of its limit of this key is written as
 * "#<ordinal>", because no state that names the investor is stored yet.  The state, when it is put,
 * replaces it. */
MUST_CHECK enum status views_db_unknown(struct views_db *db, const struct decision *decision,
                                        const struct limit_key *key, struct failure *err);

/* The next enterprise after one (CODE_SIZE bytes, NUL = the first) whose decisions go beyond the
 * state that was last written here.  STATUS_NOTFOUND. */
struct views_behind {
    char enterprise[CODE_SIZE];
    uint64_t state_number;
    uint64_t last_number;
};
MUST_CHECK enum status views_db_behind(struct views_db *db, uint32_t partition,
                                       const char after[CODE_SIZE], struct views_behind *ret,
                                       struct failure *err);

/* Replace the objects of an enterprise by those of its state. */
MUST_CHECK enum status views_db_put_state(struct views_db *db, uint32_t partition,
                                          const struct enterprise *state, struct failure *err);
/* The state of an enterprise will not come nearer to last_number: it reflects all that changed it.
 */
MUST_CHECK enum status views_db_settle(struct views_db *db, uint32_t partition,
                                       const char enterprise[CODE_SIZE], struct failure *err);

#endif
