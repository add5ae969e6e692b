/* store.c - the scheme of a spec chooses the implementation; then calls are passed on. */
#include "consumers/store/store.h"

#include <assert.h>
#include <string.h>

#include "consumers/store/store_port.h"

#define SCHEME_SQLITE "sqlite:"
#define SCHEME_MEMORY "memory:"

enum status store_open(const char *spec, struct store **ret, struct failure *err)
{
    assert(spec);
    assert(ret);
    if (strncmp(spec, SCHEME_SQLITE, strlen(SCHEME_SQLITE)) == 0 && spec[strlen(SCHEME_SQLITE)]) {
        return store_sqlite_open(spec + strlen(SCHEME_SQLITE), ret, err);
    }
    if (strcmp(spec, SCHEME_MEMORY) == 0) {
        return store_memory_open(ret, err);
    }
    return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                       "'%s' names no store: write sqlite:FILE or memory:", spec);
}

void store_close(struct store *store)
{
    if (store) {
        store->ops->close(store);
    }
}

enum status store_share(struct store *store, struct store **ret, struct failure *err)
{
    return store->ops->share(store, ret, err);
}

enum status store_ledger_read(struct store *store, struct store_ledger *ret, struct failure *err)
{
    return store->ops->ledger_read(store, ret, err);
}

enum status store_ledger_found(struct store *store, const struct store_ledger *ledger,
                               struct failure *err)
{
    assert(ledger->partitions > 0);
    assert(ledger->partitions <= STORE_PARTITIONS_MAX);
    return store->ops->ledger_found(store, ledger, err);
}

enum status store_ledger_renew(struct store *store, const uint8_t *store_id, struct failure *err)
{
    return store->ops->ledger_renew(store, store_id, err);
}

enum status store_claim(struct store *store, const struct store_claim *claim, struct store_row *ret,
                        char ret_previous_txn_id[TXN_ID_SIZE], struct failure *err)
{
    assert(claim->partition < STORE_PARTITIONS_MAX);
    assert(strlen(claim->txn_id) < TXN_ID_SIZE);
    return store->ops->claim(store, claim, ret, ret_previous_txn_id, err);
}

enum status store_row_read(struct store *store, uint32_t partition, struct store_row *ret,
                           struct failure *err)
{
    return store->ops->row_read(store, partition, ret, err);
}

/* A batch that contradicts itself is the caller's error, and would break the journal for ever. */
static void part_assert(const struct store_part *part)
{
    const struct store_journal_row *row = &part->row;

    assert(part->partition < STORE_PARTITIONS_MAX);
    assert(part->clean_number <= part->position.number);
    if (row->count == 0) {
        return;
    }
    assert(row->first_number > 0);
    assert(row->starts.number == row->first_number - 1);
    assert(row->starts.next_offset == part->expected_next_offset);
    assert(row->starts.step == part->expected_step);
    assert(part->position.number == row->starts.number + row->count);
    assert(row->inputs.n >= 8U * (size_t)row->count);
}

enum status store_commit(struct store *store, const struct store_batch *batch,
                         enum store_outcome *ret_outcome, struct failure *err)
{
    for (size_t i = 0; i < batch->parts_n; i++) {
        part_assert(&batch->parts[i]);
        assert(i == 0 || batch->parts[i - 1].partition < batch->parts[i].partition);
    }
    return store->ops->commit(store, batch, ret_outcome, err);
}

enum status store_published(struct store *store, uint32_t partition, uint64_t number,
                            int64_t offset, struct failure *err)
{
    return store->ops->published(store, partition, number, offset, err);
}

enum status store_filing_find(struct store *store, uint32_t partition,
                              const struct store_filing_key *key, struct store_filing *ret,
                              struct failure *err)
{
    return store->ops->filing_find(store, partition, key, ret, err);
}

enum status store_filing_next(struct store *store, uint32_t partition,
                              const struct store_filing_key *key, struct store_filing *ret,
                              struct failure *err)
{
    return store->ops->filing_next(store, partition, key, ret, err);
}

_Static_assert(sizeof(struct store_filing_key) == FILING_ID_SIZE + BANK_SIZE + CODE_SIZE,
               "a key is one string of bytes");

bool store_filing_key_after(struct store_filing_key *key)
{
    uint8_t *const at = (uint8_t *)key;

    for (size_t i = sizeof(*key); i > 0; i--) {
        at[i - 1]++;
        if (at[i - 1] != 0) {
            return true;
        }
    }
    return false;
}

enum status store_filing_walk(struct store *store, uint32_t partition, struct store_walk *walk,
                              struct failure *err)
{
    assert(walk->rows_max > 0);
    return store->ops->filing_walk(store, partition, walk, err);
}

enum status store_state_find(struct store *store, uint32_t partition,
                             const char enterprise[CODE_SIZE], struct store_state *ret,
                             struct failure *err)
{
    return store->ops->state_find(store, partition, enterprise, ret, err);
}

enum status store_state_next(struct store *store, uint32_t partition, const char after[CODE_SIZE],
                             struct store_state *ret, struct failure *err)
{
    return store->ops->state_next(store, partition, after, ret, err);
}

enum status store_journal_find(struct store *store, uint32_t partition, uint64_t number,
                               struct store_journal_row *ret, struct failure *err)
{
    return store->ops->journal_find(store, partition, number, ret, err);
}

enum status store_journal_recent(struct store *store, uint32_t partition,
                                 uint64_t *ret_first_number, struct failure *err)
{
    return store->ops->journal_recent(store, partition, ret_first_number, err);
}

enum status store_held_next(struct store *store, uint32_t partition, uint64_t after,
                            struct store_held *ret, struct failure *err)
{
    return store->ops->held_next(store, partition, after, ret, err);
}

enum status store_bulletin_next(struct store *store, uint64_t number, struct store_bulletin *ret,
                                struct failure *err)
{
    return store->ops->bulletin_next(store, number, ret, err);
}
