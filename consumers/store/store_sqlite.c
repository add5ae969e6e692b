/* store_sqlite.c - the writing side of the SQLite store: one file, one connection, one owner.
 *
 * Protocol (W1 to W4 hold the promises of store.h):
 *   W1  the lock on FILE.lock is taken before FILE is opened and given back after it is closed, so
 *       one process writes FILE and checkpoints its WAL (SQLite before 3.51.3 can corrupt a WAL
 *       that two connections reset at once);
 *   W2  a batch is one BEGIN IMMEDIATE ... COMMIT; every way out but a COMMIT that succeeded rolls
 *       back;
 *   W3  the partition row is moved first, by a statement that names token, offset and step; when it
 *       meets no row the batch ends there;
 *   W4  synchronous=FULL: COMMIT returns after the WAL is on the disk.
 *
 * A scratch store (store_scratch.h) is the same file without W1 and W4: batches are collected in
 * one transaction, which store_scratch_save() commits. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "consumers/store/filing_filter.h"
#include "consumers/store/sqlite_handle.h"
#include "consumers/store/store_crash.h"
#include "consumers/store/store_scratch.h"

/* Measured with tests/bench/bench_store, 60 batches: pages of 8 KiB take 3.0 us a filing where 4
 * KiB take 3.7 and 16 KiB 3.2; a checkpoint each 1,000 pages keeps the longest batch below 30 ms,
 * each 4,096 pages lets it grow to 90 ms and gains nothing.  An upsert instead of REPLACE: no
 * difference.
 */
#define SETTINGS                                                                                   \
    "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=1000; PRAGMA cache_size=-65536;"           \
    "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864; PRAGMA trusted_schema=OFF"

/* Stays in a core's own cache, which every id asks twice; takes the ids of one partition. */
#define FILTER_SCRATCH ((size_t)1 << 20)

/* A scratch store is read and written by one handle and lost with the machine.  A rollback journal
 * writes a page that is new once, a WAL twice.  The cache is what bounds its memory. */
#define SETTINGS_SCRATCH                                                                           \
    "PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-32768;"             \
    "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;"                                         \
    "CREATE TABLE IF NOT EXISTS note (one INTEGER PRIMARY KEY CHECK (one = 1),"                    \
    " bytes BLOB NOT NULL)"

/* How far an id may be ahead of the clock before it is kept out of the floor (see filter_load). */
#define CLOCK_AHEAD_MS 1000

static const char schema[] =
    "CREATE TABLE ledger (one INTEGER PRIMARY KEY CHECK (one = 1), ledger_id BLOB NOT NULL,"
    " store_id BLOB NOT NULL, schema INTEGER NOT NULL, partitions INTEGER NOT NULL);"
    "CREATE TABLE partition (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL,"
    " step INTEGER NOT NULL, input_offset INTEGER NOT NULL, input_hash BLOB NOT NULL,"
    " received_ms INTEGER NOT NULL, bulletin INTEGER, chain BLOB NOT NULL,"
    " number INTEGER NOT NULL, clean_number INTEGER NOT NULL, published_number INTEGER NOT NULL,"
    " published_offset INTEGER NOT NULL, owner_token BLOB NOT NULL, owner_txn_id TEXT NOT NULL,"
    " claims INTEGER NOT NULL);"
    /* A rowid table: its rows are megabytes, which an index B-tree keeps badly. */
    "CREATE TABLE journal (partition INTEGER NOT NULL, first_number INTEGER NOT NULL,"
    " count INTEGER NOT NULL, next_offset INTEGER NOT NULL, step INTEGER NOT NULL,"
    " input_offset INTEGER NOT NULL, input_hash BLOB NOT NULL, received_ms INTEGER NOT NULL,"
    " bulletin INTEGER, chain BLOB NOT NULL, decisions BLOB NOT NULL, undo BLOB NOT NULL,"
    " inputs BLOB NOT NULL, PRIMARY KEY (partition, first_number));"
    "CREATE TABLE filing (partition INTEGER NOT NULL, filing_id BLOB NOT NULL, bank TEXT NOT NULL,"
    " enterprise TEXT NOT NULL, filing_hash BLOB NOT NULL, first_number INTEGER NOT NULL,"
    " last_number INTEGER NOT NULL, accepted_number INTEGER NOT NULL,"
    " reversed_number INTEGER NOT NULL,"
    " PRIMARY KEY (partition, filing_id, bank, enterprise)) WITHOUT ROWID;"
    "CREATE TABLE held (partition INTEGER NOT NULL, arrival_number INTEGER NOT NULL,"
    " enterprise TEXT NOT NULL, waits_for INTEGER NOT NULL, record BLOB NOT NULL,"
    " PRIMARY KEY (partition, arrival_number));"
    "CREATE TABLE bulletin (number INTEGER PRIMARY KEY, content BLOB NOT NULL);"
    "CREATE TABLE state (partition INTEGER NOT NULL, enterprise TEXT NOT NULL,"
    " number INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (partition, enterprise));";

/* store_published() of a partition that no transaction has taken along yet. */
struct hint {
    bool pending;
    uint64_t number;
    int64_t offset;
};

/* The filings of a part in the order of the index. */
struct sorted {
    const struct store_filing *filing;
};

struct sqlite_store {
    struct sqlite_handle handle; /* first */
    int lock_fd;                 /* -1 = not locked */
    bool is_scratch;
    struct filing_filter filter;
    struct hint hints[STORE_PARTITIONS_MAX];
    struct sorted *sorted;
    size_t sorted_size;
};

static struct sqlite_store *store_of(struct store *store) { return (struct sqlite_store *)store; }

static sqlite3_stmt *statement(const struct sqlite_store *s, enum sqlite_statement which)
{
    return s->handle.statements[which];
}

static void bind_u64(sqlite3_stmt *stmt, int index, uint64_t value)
{
    assert(value <= INT64_MAX);
    (void)sqlite3_bind_int64(stmt, index, (int64_t)value);
}

/* Bound bytes are never NULL, or SQLite would store NULL for an empty blob. */
static void bind_bytes(sqlite3_stmt *stmt, int index, struct bytes bytes)
{
    (void)sqlite3_bind_blob64(stmt, index, bytes.at ? (const void *)bytes.at : "", bytes.n,
                              SQLITE_STATIC);
}

/* One step of a statement without rows. */
static int run(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

    (void)sqlite3_reset(stmt);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void rollback(struct sqlite_store *s)
{
    /* SQLite ends a transaction by itself after some errors. */
    if (!sqlite3_get_autocommit(s->handle.db)) {
        (void)sqlite_handle_exec(&s->handle, "ROLLBACK");
    }
}

/* A batch of a scratch store joins the transaction that is open. */
static int begin(struct sqlite_store *s)
{
    return s->is_scratch && !sqlite3_get_autocommit(s->handle.db)
               ? SQLITE_OK
               : sqlite_handle_exec(&s->handle, "BEGIN IMMEDIATE");
}

static int end(struct sqlite_store *s)
{
    return s->is_scratch ? SQLITE_OK : sqlite_handle_exec(&s->handle, "COMMIT");
}

/* Ids above the floor; more of them than the filter should hold: the index is asked for all. */
static int filter_add_above(struct sqlite_store *s, uint32_t partition,
                            const uint8_t floor[FILING_ID_SIZE])
{
    sqlite3_stmt *stmt = statement(s, SQLITE_FILING_ABOVE);
    uint8_t id[FILING_ID_SIZE];
    uint32_t left = filing_filter_ids_max(&s->filter) / 16;
    bool ok = true;
    int rc = SQLITE_OK;

    bind_u64(stmt, 1, partition);
    (void)sqlite3_bind_blob(stmt, 2, floor, FILING_ID_SIZE, SQLITE_STATIC);
    for (rc = sqlite3_step(stmt); rc == SQLITE_ROW && left > 0; rc = sqlite3_step(stmt)) {
        sqlite_column_bytes(stmt, 0, id, sizeof(id), &ok);
        filing_filter_add(&s->filter, partition, id);
        left--;
    }
    (void)sqlite3_reset(stmt);
    if (rc == SQLITE_ROW) {
        memset(id, 0xff, sizeof(id));
        filing_filter_load(&s->filter, partition, id);
        rc = SQLITE_DONE;
    }
    if (rc != SQLITE_DONE) {
        return rc;
    }
    return ok ? SQLITE_OK : SQLITE_CORRUPT;
}

/* The filter of a partition is loaded when it is first needed.  An id from a clock that runs ahead
 * must not become the floor, or every id would be below it: the floor is the largest id up to now,
 * and the few above it are added one by one. */
static int filter_load(struct sqlite_store *s, uint32_t partition)
{
    sqlite3_stmt *stmt = statement(s, SQLITE_FILING_FLOOR);
    uint64_t now_ms = (uint64_t)clock_unix_ms() + CLOCK_AHEAD_MS;
    uint8_t floor[FILING_ID_SIZE];
    bool ok = true;
    int rc = SQLITE_OK;

    if (filing_filter_is_loaded(&s->filter, partition)) {
        return SQLITE_OK;
    }
    memset(floor, 0xff, sizeof(floor));
    be64_put(floor, now_ms << 16 | 0xffff); /* UUIDv7: 48 bits of Unix milliseconds lead */
    bind_u64(stmt, 1, partition);
    (void)sqlite3_bind_blob(stmt, 2, floor, sizeof(floor), SQLITE_TRANSIENT);
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        sqlite_column_bytes(stmt, 0, floor, sizeof(floor), &ok);
        filing_filter_load(&s->filter, partition, floor);
    } else if (rc == SQLITE_DONE) {
        memset(floor, 0, sizeof(floor)); /* the smallest id, so nothing equals it */
        filing_filter_load(&s->filter, partition, NULL);
    }
    (void)sqlite3_reset(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return rc;
    }
    return ok ? filter_add_above(s, partition, floor) : SQLITE_CORRUPT;
}

/* Columns 1 to 7 of every statement that writes a position. */
static void bind_position(sqlite3_stmt *stmt, const struct store_position *p)
{
    (void)sqlite3_bind_int64(stmt, 1, p->next_offset);
    bind_u64(stmt, 2, p->step);
    (void)sqlite3_bind_int64(stmt, 3, p->input_offset);
    (void)sqlite3_bind_blob(stmt, 4, p->input_hash, sizeof(p->input_hash), SQLITE_STATIC);
    (void)sqlite3_bind_int64(stmt, 5, p->received_ms);
    if (p->has_bulletin) {
        bind_u64(stmt, 6, p->bulletin);
    } else {
        (void)sqlite3_bind_null(stmt, 6);
    }
    (void)sqlite3_bind_blob(stmt, 7, p->chain, sizeof(p->chain), SQLITE_STATIC);
}

/* The two belts of S2 are the two halves of the WHERE of this statement. */
static int move_row(struct sqlite_store *s, const struct store_part *part, bool *fenced)
{
    sqlite3_stmt *stmt = statement(s, SQLITE_ROW_MOVE);
    int rc = SQLITE_OK;

    bind_position(stmt, &part->position);
    bind_u64(stmt, 8, part->position.number);
    bind_u64(stmt, 9, part->clean_number);
    bind_u64(stmt, 10, part->partition);
    (void)sqlite3_bind_blob(stmt, 11, part->owner_token, sizeof(part->owner_token), SQLITE_STATIC);
    (void)sqlite3_bind_int64(stmt, 12, part->expected_next_offset);
    bind_u64(stmt, 13, part->expected_step);
    rc = run(stmt);
    *fenced = rc == SQLITE_OK && sqlite3_changes(s->handle.db) == 0;
    return rc;
}

static int write_hint(struct sqlite_store *s, uint32_t partition)
{
    sqlite3_stmt *stmt = statement(s, SQLITE_ROW_PUBLISHED);
    const struct hint *hint = &s->hints[partition];

    if (!hint->pending) {
        return SQLITE_OK;
    }
    bind_u64(stmt, 1, partition);
    bind_u64(stmt, 2, hint->number);
    (void)sqlite3_bind_int64(stmt, 3, hint->offset);
    return run(stmt);
}

static int add_journal(struct sqlite_store *s, const struct store_part *part)
{
    sqlite3_stmt *stmt = statement(s, SQLITE_JOURNAL_ADD);
    const struct store_journal_row *row = &part->row;

    if (row->count == 0) {
        return SQLITE_OK;
    }
    bind_position(stmt, &row->starts);
    bind_u64(stmt, 8, part->partition);
    bind_u64(stmt, 9, row->first_number);
    bind_u64(stmt, 10, row->count);
    bind_bytes(stmt, 11, row->decisions);
    bind_bytes(stmt, 12, row->undo);
    bind_bytes(stmt, 13, row->inputs);
    return run(stmt);
}

static int compare_filings(const void *a, const void *b)
{
    const struct sorted *left = a;
    const struct sorted *right = b;

    return memcmp(&left->filing->key, &right->filing->key, sizeof(left->filing->key));
}
_Static_assert(sizeof(struct store_filing_key) == FILING_ID_SIZE + BANK_SIZE + CODE_SIZE,
               "a key is compared as one string of bytes");

static int put_filings(struct sqlite_store *s, const struct store_part *part)
{
    sqlite3_stmt *stmt = statement(s, SQLITE_FILING_PUT);
    int rc = SQLITE_OK;

    if (part->filings_n == 0) {
        return SQLITE_OK;
    }
    rc = filter_load(s, part->partition);
    for (size_t i = 0; i < part->filings_n; i++) {
        s->sorted[i].filing = &part->filings[i];
    }
    qsort(s->sorted, part->filings_n, sizeof(*s->sorted), compare_filings);
    bind_u64(stmt, 1, part->partition);
    for (size_t i = 0; i < part->filings_n && rc == SQLITE_OK; i++) {
        const struct store_filing *f = s->sorted[i].filing;

        filing_filter_add(&s->filter, part->partition, f->key.filing_id);
        (void)sqlite3_bind_blob(stmt, 2, f->key.filing_id, sizeof(f->key.filing_id), SQLITE_STATIC);
        (void)sqlite3_bind_text(stmt, 3, f->key.bank, sizeof(f->key.bank), SQLITE_STATIC);
        (void)sqlite3_bind_text(stmt, 4, f->key.enterprise, sizeof(f->key.enterprise),
                                SQLITE_STATIC);
        (void)sqlite3_bind_blob(stmt, 5, f->filing_hash, sizeof(f->filing_hash), SQLITE_STATIC);
        bind_u64(stmt, 6, f->first_number);
        bind_u64(stmt, 7, f->last_number);
        bind_u64(stmt, 8, f->accepted_number);
        bind_u64(stmt, 9, f->reversed_number);
        rc = run(stmt);
    }
    return rc;
}

static int change_held(struct sqlite_store *s, const struct store_part *part)
{
    sqlite3_stmt *put = statement(s, SQLITE_HELD_PUT);
    sqlite3_stmt *drop = statement(s, SQLITE_HELD_DROP);
    int rc = SQLITE_OK;

    bind_u64(put, 1, part->partition);
    bind_u64(drop, 1, part->partition);
    for (size_t i = 0; i < part->held_n && rc == SQLITE_OK; i++) {
        const struct store_held *held = &part->held[i];

        bind_u64(put, 2, held->arrival_number);
        (void)sqlite3_bind_text(put, 3, held->enterprise, sizeof(held->enterprise), SQLITE_STATIC);
        bind_u64(put, 4, held->waits_for);
        bind_bytes(put, 5, held->record);
        rc = run(put);
    }
    /* Last, so that what was held and released in one batch is gone. */
    for (size_t i = 0; i < part->released_n && rc == SQLITE_OK; i++) {
        bind_u64(drop, 2, part->released[i]);
        rc = run(drop);
    }
    return rc;
}

static int put_states(struct sqlite_store *s, const struct store_part *part)
{
    sqlite3_stmt *stmt = statement(s, SQLITE_STATE_PUT);
    int rc = SQLITE_OK;

    bind_u64(stmt, 1, part->partition);
    for (size_t i = 0; i < part->states_n && rc == SQLITE_OK; i++) {
        const struct store_state *state = &part->states[i];

        (void)sqlite3_bind_text(stmt, 2, state->enterprise, sizeof(state->enterprise),
                                SQLITE_STATIC);
        bind_u64(stmt, 3, state->number);
        bind_bytes(stmt, 4, state->bytes);
        rc = run(stmt);
    }
    return rc;
}

/* What became of one part: an SQLite error, or one of two answers that are no errors of SQLite. */
struct answer {
    int rc;
    bool fenced;
    bool conflict;
    uint64_t bulletin; /* of the conflict */
};

static bool may_go_on(const struct answer *answer)
{
    return !answer->rc && !answer->fenced && !answer->conflict;
}

static void add_bulletins(struct sqlite_store *s, const struct store_part *part,
                          struct answer *answer)
{
    sqlite3_stmt *stmt = statement(s, SQLITE_BULLETIN_ADD);

    for (size_t i = 0; i < part->bulletins_n && may_go_on(answer); i++) {
        bind_u64(stmt, 1, part->bulletins[i].number);
        bind_bytes(stmt, 2, part->bulletins[i].content);
        answer->rc = run(stmt);
        /* The statement changes a row that is there only when the content is the same (S4). */
        answer->conflict = !answer->rc && sqlite3_changes(s->handle.db) == 0;
        answer->bulletin = part->bulletins[i].number;
    }
}

/* W3; the crash points name what is written but not committed. */
static void write_part(struct sqlite_store *s, const struct store_part *part, struct answer *answer)
{
    answer->rc = move_row(s, part, &answer->fenced);
    if (answer->rc || answer->fenced) {
        return;
    }
    STORE_CRASH_POINT("store-row");
    answer->rc = write_hint(s, part->partition);
    if (!answer->rc) {
        answer->rc = add_journal(s, part);
    }
    STORE_CRASH_POINT("store-journal");
    if (!answer->rc) {
        answer->rc = put_filings(s, part);
    }
    STORE_CRASH_POINT("store-filings");
    if (!answer->rc) {
        answer->rc = change_held(s, part);
    }
    STORE_CRASH_POINT("store-held");
    if (!answer->rc) {
        answer->rc = put_states(s, part);
    }
    STORE_CRASH_POINT("store-states");
    if (!answer->rc) {
        add_bulletins(s, part, answer);
    }
    STORE_CRASH_POINT("store-bulletins");
}

/* Room to sort the largest part, before anything is written. */
static enum status sorted_reserve(struct sqlite_store *s, const struct store_batch *batch,
                                  struct failure *err)
{
    size_t n = 0;
    struct sorted *grown = NULL;

    for (size_t i = 0; i < batch->parts_n; i++) {
        n = batch->parts[i].filings_n > n ? batch->parts[i].filings_n : n;
    }
    if (n <= s->sorted_size) {
        return STATUS_OK;
    }
    grown = realloc(s->sorted, n * sizeof(*grown));
    if (!grown) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "no memory to sort %zu filings", n);
    }
    s->sorted = grown;
    s->sorted_size = n;
    return STATUS_OK;
}

/* Nothing is stored: say why, as an outcome or as a failure. */
static enum status commit_undo(struct sqlite_store *s, const struct answer *answer,
                               enum store_outcome *ret_outcome, struct failure *err)
{
    enum status status = STATUS_OK;

    if (answer->fenced) {
        *ret_outcome = STORE_FENCED;
    } else if (answer->conflict) {
        status =
            failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                        "bulletin %" PRIu64 " has another content in the store", answer->bulletin);
    } else if (!sqlite_rc_is_busy(answer->rc)) {
        status = sqlite_handle_fail(&s->handle, answer->rc, "store a batch", err);
    }
    rollback(s); /* after the text: it would replace the message */
    return status;
}

static enum status sqlite_commit(struct store *store, const struct store_batch *batch,
                                 enum store_outcome *ret_outcome, struct failure *err)
{
    struct sqlite_store *s = store_of(store);
    struct answer answer = {.rc = SQLITE_OK};
    enum status status = sorted_reserve(s, batch, err);

    *ret_outcome = STORE_DROPPED;
    if (status) {
        return status;
    }
    if (filing_filter_is_full(&s->filter)) {
        filing_filter_reset(&s->filter);
    }
    answer.rc = begin(s);
    for (size_t i = 0; i < batch->parts_n && may_go_on(&answer); i++) {
        write_part(s, &batch->parts[i], &answer);
    }
    STORE_CRASH_POINT("store-commit");
    if (may_go_on(&answer)) {
        answer.rc = end(s);
    }
    if (!may_go_on(&answer)) {
        return commit_undo(s, &answer, ret_outcome, err);
    }
    STORE_CRASH_POINT("store-committed");
    for (size_t i = 0; i < batch->parts_n; i++) {
        s->hints[batch->parts[i].partition].pending = false;
    }
    *ret_outcome = STORE_STORED;
    return STATUS_OK;
}

static enum status sqlite_ledger_found(struct store *store, const struct store_ledger *ledger,
                                       struct failure *err)
{
    struct sqlite_store *s = store_of(store);
    sqlite3_stmt *stmt = statement(s, SQLITE_LEDGER_FOUND);
    struct store_ledger there;
    enum status status = sqlite_ledger_read(store, &there, err);
    int rc = SQLITE_OK;

    if (status == STATUS_OK) {
        if (memcmp(there.ledger_id, ledger->ledger_id, sizeof(there.ledger_id)) != 0 ||
            there.partitions != ledger->partitions) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "the store holds another ledger");
        }
        return STATUS_OK;
    }
    if (status != STATUS_NOTFOUND) {
        return status;
    }
    (void)sqlite3_bind_blob(stmt, 1, ledger->ledger_id, sizeof(ledger->ledger_id), SQLITE_STATIC);
    (void)sqlite3_bind_blob(stmt, 2, ledger->store_id, sizeof(ledger->store_id), SQLITE_STATIC);
    bind_u64(stmt, 3, STORE_SCHEMA);
    bind_u64(stmt, 4, ledger->partitions);
    rc = run(stmt);
    return rc ? sqlite_handle_fail(&s->handle, rc, "write the ledger of the store", err)
              : STATUS_OK;
}

static enum status sqlite_ledger_renew(struct store *store, const uint8_t *store_id,
                                       struct failure *err)
{
    struct sqlite_store *s = store_of(store);
    sqlite3_stmt *stmt = statement(s, SQLITE_LEDGER_RENEW);
    int rc = SQLITE_OK;

    (void)sqlite3_bind_blob(stmt, 1, store_id, STORE_ID_SIZE, SQLITE_STATIC);
    rc = run(stmt);
    if (rc) {
        return sqlite_handle_fail(&s->handle, rc, "write the ledger of the store", err);
    }
    return sqlite3_changes(s->handle.db) == 1
               ? STATUS_OK
               : failure_set(err, STATUS_NOTFOUND, REMEDY_STOP, 0, "the store holds no ledger");
}

/* The row as it stands, with the hint that is not written yet. */
static enum status sqlite_row_read_hinted(struct store *store, uint32_t partition,
                                          struct store_row *ret, struct failure *err)
{
    const struct hint *hint = &store_of(store)->hints[partition];
    enum status status = sqlite_row_read(store, partition, ret, err);

    if (status == STATUS_OK && hint->pending) {
        ret->published_number = hint->number;
        ret->published_offset = hint->offset;
    }
    return status;
}

static int claim_write(struct sqlite_store *s, const struct store_claim *claim)
{
    sqlite3_stmt *stmt = statement(s, SQLITE_ROW_CLAIM);

    bind_u64(stmt, 1, claim->partition);
    (void)sqlite3_bind_blob(stmt, 2, claim->token, sizeof(claim->token), SQLITE_STATIC);
    (void)sqlite3_bind_text(stmt, 3, claim->txn_id, -1, SQLITE_STATIC);
    return run(stmt);
}

static int claim_make_row(struct sqlite_store *s, const struct store_claim *claim)
{
    sqlite3_stmt *stmt = statement(s, SQLITE_ROW_NEW);

    bind_u64(stmt, 1, claim->partition);
    (void)sqlite3_bind_blob(stmt, 2, claim->genesis, sizeof(claim->genesis), SQLITE_STATIC);
    (void)sqlite3_bind_blob(stmt, 3, claim->token, sizeof(claim->token), SQLITE_STATIC);
    return run(stmt);
}

static enum status sqlite_claim(struct store *store, const struct store_claim *claim,
                                struct store_row *ret, char ret_previous_txn_id[TXN_ID_SIZE],
                                struct failure *err)
{
    static const char what[] = "claim a partition";
    struct sqlite_store *s = store_of(store);
    struct store_row before = {.claims = 0};
    struct store_row after = {.claims = 0};
    enum status status = STATUS_OK;
    int rc = sqlite_handle_exec(&s->handle, "BEGIN IMMEDIATE");

    if (!rc) {
        rc = claim_make_row(s, claim);
    }
    if (!rc) {
        rc = write_hint(s, claim->partition);
    }
    status = rc ? sqlite_handle_fail(&s->handle, rc, what, err)
                : sqlite_row_read(store, claim->partition, &before, err);
    if (status) {
        rollback(s);
        return status;
    }
    rc = claim_write(s, claim);
    status = rc ? sqlite_handle_fail(&s->handle, rc, what, err)
                : sqlite_row_read(store, claim->partition, &after, err);
    STORE_CRASH_POINT("store-claim");
    if (!status) {
        rc = sqlite_handle_exec(&s->handle, "COMMIT");
        status = rc ? sqlite_handle_fail(&s->handle, rc, what, err) : STATUS_OK;
    }
    if (status) {
        rollback(s);
        return status;
    }
    s->hints[claim->partition].pending = false;
    *ret = after;
    memcpy(ret_previous_txn_id, before.owner_txn_id, TXN_ID_SIZE);
    return STATUS_OK;
}

static enum status sqlite_published(struct store *store, uint32_t partition, uint64_t number,
                                    int64_t offset, struct failure *err)
{
    (void)err;
    assert(partition < STORE_PARTITIONS_MAX);
    store_of(store)->hints[partition] =
        (struct hint){.pending = true, .number = number, .offset = offset};
    return STATUS_OK;
}

static enum status sqlite_filing_find_filtered(struct store *store, uint32_t partition,
                                               const struct store_filing_key *key,
                                               struct store_filing *ret, struct failure *err)
{
    struct sqlite_store *s = store_of(store);
    int rc = filter_load(s, partition);

    if (rc) {
        return sqlite_handle_fail(&s->handle, rc, "look a filing up", err);
    }
    if (filing_filter_is_new(&s->filter, partition, key->filing_id)) {
        if (err) {
            *err = (struct failure){.status = STATUS_NOTFOUND}; /* no text: this is the usual way */
        }
        return STATUS_NOTFOUND;
    }
    return sqlite_filing_find(store, partition, key, ret, err);
}

/* Hints that no batch took along; failing costs the next claim a longer look, so it is let pass. */
static void write_hints(struct sqlite_store *s)
{
    int rc = s->handle.db && s->handle.statements[SQLITE_ROW_PUBLISHED]
                 ? sqlite_handle_exec(&s->handle, "BEGIN IMMEDIATE")
                 : SQLITE_MISUSE;

    for (uint32_t p = 0; p < STORE_PARTITIONS_MAX && !rc; p++) {
        rc = write_hint(s, p);
    }
    if (!rc) {
        rc = sqlite_handle_exec(&s->handle, "COMMIT");
    }
    if (rc && s->handle.db) {
        rollback(s);
    }
}

static void sqlite_close(struct store *store)
{
    struct sqlite_store *s = store_of(store);

    write_hints(s);
    sqlite_handle_fini(&s->handle);
    filing_filter_fini(&s->filter);
    free(s->sorted);
    file_unlock(s->lock_fd); /* W1: last */
    free(s);
}

static const struct store_ops ops = {
    .name = "sqlite",
    .close = sqlite_close,
    .share = sqlite_no_share,
    .ledger_read = sqlite_ledger_read,
    .ledger_found = sqlite_ledger_found,
    .ledger_renew = sqlite_ledger_renew,
    .claim = sqlite_claim,
    .row_read = sqlite_row_read_hinted,
    .commit = sqlite_commit,
    .published = sqlite_published,
    .filing_find = sqlite_filing_find_filtered,
    .filing_next = sqlite_filing_next,
    .filing_walk = sqlite_filing_walk,
    .state_find = sqlite_state_find,
    .state_next = sqlite_state_next,
    .journal_find = sqlite_journal_find,
    .journal_recent = sqlite_journal_recent,
    .held_next = sqlite_held_next,
    .bulletin_next = sqlite_bulletin_next,
};

/* An empty file becomes a store in one transaction, so no half schema is ever met. */
static int make_schema(struct sqlite_store *s)
{
    char stamp[128];
    int rc = sqlite_handle_exec(&s->handle, "BEGIN IMMEDIATE");

    if (!rc) {
        rc = sqlite_handle_exec(&s->handle, schema);
    }
    if (!rc) {
        (void)snprintf(stamp, sizeof(stamp), "PRAGMA application_id=%d; PRAGMA user_version=%d",
                       SQLITE_HANDLE_APPLICATION_ID, STORE_SCHEMA);
        rc = sqlite_handle_exec(&s->handle, stamp);
    }
    STORE_CRASH_POINT("store-schema");
    if (!rc) {
        rc = sqlite_handle_exec(&s->handle, "COMMIT");
    }
    return rc;
}

static int settings_apply(struct sqlite_store *s)
{
    int persist = 1;
    /* both must come before the first table */
    int rc = sqlite_handle_exec(&s->handle, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL");

    if (!rc) {
        rc = sqlite_handle_exec(&s->handle, SETTINGS);
    }
    if (!rc) { /* FILE-wal and FILE-shm stay, so readers that may not make files can read */
        rc = sqlite3_file_control(s->handle.db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    }
    return rc;
}

/* A file that is a store already may come with a WAL: the mode of its journal is changed. */
static int settings_apply_scratch(struct sqlite_store *s)
{
    return sqlite_handle_exec(&s->handle, "PRAGMA page_size=8192; PRAGMA journal_mode=TRUNCATE");
}

static enum status open_file(struct sqlite_store *s, const char *file, struct failure *err)
{
    int64_t tables = 0;
    enum status status = STATUS_OK;
    int rc = sqlite3_open_v2(file, &s->handle.db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);

    if (!rc) {
        rc = sqlite3_busy_timeout(s->handle.db, SQLITE_HANDLE_BUSY_MS);
    }
    if (!rc) {
        rc = sqlite_handle_exec_int(&s->handle, "SELECT count(*) FROM sqlite_master", &tables);
    }
    if (!rc && tables > 0) { /* before anything is changed in what may be somebody else's file */
        status = sqlite_handle_check_schema(&s->handle, err);
        if (status) {
            return status;
        }
    }
    if (!rc) {
        rc = s->is_scratch ? settings_apply_scratch(s) : settings_apply(s);
    }
    if (!rc && tables == 0) {
        rc = make_schema(s);
    }
    if (!rc && s->is_scratch) {
        rc = sqlite_handle_exec(&s->handle, SETTINGS_SCRATCH);
    }
    return rc ? sqlite_handle_fail(&s->handle, rc, "open the store", err) : STATUS_OK;
}

static enum status lock_file(struct sqlite_store *s, const char *file, struct failure *err)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s.lock", file);

    if (n < 0 || (size_t)n >= sizeof(path)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "the name of the store is too long");
    }
    return file_lock(path, &s->lock_fd, err);
}

static enum status open_store(const char *file, bool is_scratch, struct store **ret,
                              struct failure *err)
{
    struct sqlite_store *s = calloc(1, sizeof(*s));
    enum status status = STATUS_OK;

    if (!s) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "no memory for a store");
    }
    s->handle.base.ops = &ops;
    s->lock_fd = -1;
    s->is_scratch = is_scratch;
    if (!is_scratch) {
        status = lock_file(s, file, err);
    }
    if (!status) {
        status =
            filing_filter_init(&s->filter, is_scratch ? FILTER_SCRATCH : FILING_FILTER_BYTES, err);
    }
    if (!status) {
        status = open_file(s, file, err);
    }
    if (!status) {
        status = sqlite_handle_prepare(&s->handle, SQLITE_STATEMENT_N, err);
    }
    if (status) {
        sqlite_close(&s->handle.base);
        return status;
    }
    *ret = &s->handle.base;
    return STATUS_OK;
}

enum status store_sqlite_open(const char *file, struct store **ret, struct failure *err)
{
    return open_store(file, false, ret, err);
}

/* ---- scratch -------------------------------------------------------------------------------- */

enum status store_scratch_open(const char *file, struct store **ret, struct failure *err)
{
    return open_store(file, true, ret, err);
}

enum status store_scratch_save(struct store *store, struct bytes note, struct failure *err)
{
    struct sqlite_store *s = store_of(store);
    sqlite3_stmt *stmt = NULL;
    int rc = begin(s);

    assert(s->is_scratch);
    if (!rc) {
        rc = sqlite3_prepare_v2(s->handle.db, "INSERT OR REPLACE INTO note VALUES (1, ?1)", -1,
                                &stmt, NULL);
    }
    if (!rc) {
        bind_bytes(stmt, 1, note);
        rc = run(stmt);
    }
    (void)sqlite3_finalize(stmt);
    if (!rc) {
        rc = sqlite_handle_exec(&s->handle, "COMMIT");
    }
    return rc ? sqlite_handle_fail(&s->handle, rc, "save a scratch store", err) : STATUS_OK;
}

enum status store_scratch_note(struct store *store, struct buffer *out, struct failure *err)
{
    struct sqlite_store *s = store_of(store);
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->handle.db, "SELECT bytes FROM note", -1, &stmt, NULL);

    assert(s->is_scratch);
    if (!rc) {
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW) {
        buffer_append(out, sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
    }
    (void)sqlite3_finalize(stmt);
    if (rc == SQLITE_DONE) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0, "nothing was saved");
    }
    return rc == SQLITE_ROW ? buffer_check(out, err)
                            : sqlite_handle_fail(&s->handle, rc, "read a scratch store", err);
}
