/* store_port.h - what an implementation of store.h provides.
 *
 * A handle begins with a struct store whose ops are set; store.c does nothing but pass each call
 * on. Also for tests that put a store of their own in front of a real one, to answer as a database
 * does that fails.  Every function keeps the promise of the function of the same name in store.h;
 * those that a handle has no use for are never NULL but fail. */
#ifndef STORE_STORE_PORT_H
#define STORE_STORE_PORT_H

#include "consumers/store/store.h"

struct store_ops {
    const char *name; /* "sqlite" */
    void (*close)(struct store *store);
    enum status (*share)(struct store *store, struct store **ret, struct failure *err);
    enum status (*ledger_read)(struct store *store, struct store_ledger *ret, struct failure *err);
    enum status (*ledger_found)(struct store *store, const struct store_ledger *ledger,
                                struct failure *err);
    enum status (*ledger_renew)(struct store *store, const uint8_t *store_id, struct failure *err);
    enum status (*claim)(struct store *store, const struct store_claim *claim,
                         struct store_row *ret, char ret_previous_txn_id[TXN_ID_SIZE],
                         struct failure *err);
    enum status (*row_read)(struct store *store, uint32_t partition, struct store_row *ret,
                            struct failure *err);
    enum status (*commit)(struct store *store, const struct store_batch *batch,
                          enum store_outcome *ret_outcome, struct failure *err);
    enum status (*published)(struct store *store, uint32_t partition, uint64_t number,
                             int64_t offset, struct failure *err);
    enum status (*filing_find)(struct store *store, uint32_t partition,
                               const struct store_filing_key *key, struct store_filing *ret,
                               struct failure *err);
    enum status (*filing_next)(struct store *store, uint32_t partition,
                               const struct store_filing_key *key, struct store_filing *ret,
                               struct failure *err);
    enum status (*filing_walk)(struct store *store, uint32_t partition, struct store_walk *walk,
                               struct failure *err);
    enum status (*state_find)(struct store *store, uint32_t partition,
                              const char enterprise[CODE_SIZE], struct store_state *ret,
                              struct failure *err);
    enum status (*state_next)(struct store *store, uint32_t partition, const char after[CODE_SIZE],
                              struct store_state *ret, struct failure *err);
    enum status (*journal_find)(struct store *store, uint32_t partition, uint64_t number,
                                struct store_journal_row *ret, struct failure *err);
    enum status (*journal_recent)(struct store *store, uint32_t partition,
                                  uint64_t *ret_first_number, struct failure *err);
    enum status (*held_next)(struct store *store, uint32_t partition, uint64_t after,
                             struct store_held *ret, struct failure *err);
    enum status (*bulletin_next)(struct store *store, uint64_t number, struct store_bulletin *ret,
                                 struct failure *err);
};

struct store {
    const struct store_ops *ops;
};

/* spec without its scheme.  give *ret: store_close(). */
MUST_CHECK enum status store_sqlite_open(const char *file, struct store **ret, struct failure *err);
MUST_CHECK enum status store_memory_open(struct store **ret, struct failure *err);

#endif
