/* sqlite_handle.c - statements, errors and look-ups of the SQLite store. */
#include "consumers/store/sqlite_handle.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Every key starts with the partition.  What is asked for outside the decision path (a walk, the
 * bulletins) reads by key too, so no statement scans a table. */
static const char *const sql[] = {
    [SQLITE_LEDGER_READ] = "SELECT ledger_id, store_id, schema, partitions FROM ledger",
    [SQLITE_ROW_READ] =
        "SELECT next_offset, step, input_offset, input_hash, received_ms, bulletin, chain, number,"
        " clean_number, published_number, published_offset, owner_token, owner_txn_id, claims"
        " FROM partition WHERE partition = ?1",
    [SQLITE_FILING_FIND] =
        "SELECT filing_id, bank, enterprise, filing_hash, first_number, last_number,"
        " accepted_number, reversed_number FROM filing"
        " WHERE partition = ?1 AND filing_id = ?2 AND bank = ?3 AND enterprise = ?4",
    [SQLITE_FILING_NEXT] =
        "SELECT filing_id, bank, enterprise, filing_hash, first_number, last_number,"
        " accepted_number, reversed_number FROM filing"
        " WHERE partition = ?1 AND (filing_id, bank, enterprise) >= (?2, ?3, ?4)"
        " ORDER BY filing_id, bank, enterprise LIMIT 1",
    [SQLITE_FILING_WALK] =
        "SELECT filing_id, bank, enterprise, filing_hash, first_number, last_number,"
        " accepted_number, reversed_number FROM filing"
        " WHERE partition = ?1 AND (filing_id, bank, enterprise) >= (?2, ?3, ?4)"
        " ORDER BY filing_id, bank, enterprise LIMIT ?5",
    [SQLITE_STATE_FIND] =
        "SELECT enterprise, number, bytes FROM state WHERE partition = ?1 AND enterprise = ?2",
    [SQLITE_STATE_NEXT] =
        "SELECT enterprise, number, bytes FROM state WHERE partition = ?1 AND enterprise > ?2"
        " ORDER BY enterprise LIMIT 1",
    [SQLITE_JOURNAL_FIND] =
        "SELECT next_offset, step, input_offset, input_hash, received_ms, bulletin, chain,"
        " first_number, count, decisions, undo, inputs FROM journal"
        " WHERE partition = ?1 AND first_number <= ?2 ORDER BY first_number DESC LIMIT 1",
    [SQLITE_JOURNAL_RECENT] = "SELECT min(first_number) FROM (SELECT first_number FROM journal"
                              " WHERE partition = ?1 ORDER BY first_number DESC LIMIT 2)",
    [SQLITE_HELD_NEXT] = "SELECT arrival_number, enterprise, waits_for, record FROM held"
                         " WHERE partition = ?1 AND arrival_number > ?2"
                         " ORDER BY arrival_number LIMIT 1",
    [SQLITE_BULLETIN_NEXT] = "SELECT number, content FROM bulletin WHERE number >= ?1"
                             " ORDER BY number LIMIT 1",
    [SQLITE_LEDGER_FOUND] = "INSERT INTO ledger (one, ledger_id, store_id, schema, partitions)"
                            " VALUES (1, ?1, ?2, ?3, ?4)",
    [SQLITE_LEDGER_RENEW] = "UPDATE ledger SET store_id = ?1 WHERE one = 1",
    [SQLITE_ROW_NEW] =
        "INSERT INTO partition (partition, next_offset, step, input_offset, input_hash,"
        " received_ms, bulletin, chain, number, clean_number, published_number, published_offset,"
        " owner_token, owner_txn_id, claims)"
        " VALUES (?1, 0, 0, -1, zeroblob(32), 0, NULL, ?2, 0, 0, 0, 0, ?3, '', 0)"
        " ON CONFLICT DO NOTHING",
    [SQLITE_ROW_CLAIM] = "UPDATE partition SET owner_token = ?2, owner_txn_id = ?3,"
                         " claims = claims + 1 WHERE partition = ?1",
    [SQLITE_ROW_MOVE] =
        "UPDATE partition SET next_offset = ?1, step = ?2, input_offset = ?3, input_hash = ?4,"
        " received_ms = ?5, bulletin = ?6, chain = ?7, number = ?8, clean_number = ?9"
        " WHERE partition = ?10 AND owner_token = ?11 AND next_offset = ?12 AND step = ?13",
    [SQLITE_ROW_PUBLISHED] = "UPDATE partition SET published_number = ?2, published_offset = ?3"
                             " WHERE partition = ?1",
    [SQLITE_JOURNAL_ADD] =
        "INSERT INTO journal (next_offset, step, input_offset, input_hash, received_ms, bulletin,"
        " chain, partition, first_number, count, decisions, undo, inputs)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [SQLITE_FILING_PUT] =
        "INSERT OR REPLACE INTO filing (partition, filing_id, bank, enterprise, filing_hash,"
        " first_number, last_number, accepted_number, reversed_number)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [SQLITE_FILING_FLOOR] = "SELECT filing_id FROM filing WHERE partition = ?1 AND filing_id <= ?2"
                            " ORDER BY filing_id DESC LIMIT 1",
    [SQLITE_FILING_ABOVE] = "SELECT filing_id FROM filing WHERE partition = ?1 AND filing_id > ?2"
                            " ORDER BY filing_id",
    [SQLITE_HELD_PUT] = "INSERT OR REPLACE INTO held (partition, arrival_number, enterprise,"
                        " waits_for, record) VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQLITE_HELD_DROP] = "DELETE FROM held WHERE partition = ?1 AND arrival_number = ?2",
    [SQLITE_BULLETIN_ADD] = "INSERT INTO bulletin (number, content) VALUES (?1, ?2)"
                            " ON CONFLICT (number) DO UPDATE SET number = number"
                            " WHERE content = excluded.content",
    [SQLITE_STATE_PUT] = "INSERT INTO state (partition, enterprise, number, bytes)"
                         " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (partition, enterprise)"
                         " DO UPDATE SET number = excluded.number, bytes = excluded.bytes",
};
_Static_assert(sizeof(sql) / sizeof(sql[0]) == SQLITE_STATEMENT_N, "a statement without SQL");

bool sqlite_rc_is_busy(int rc)
{
    int primary = rc & 0xff;

    return primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
}

enum status sqlite_handle_fail(const struct sqlite_handle *handle, int rc, const char *what,
                               struct failure *err)
{
    const char *text = handle->db ? sqlite3_errmsg(handle->db) : sqlite3_errstr(rc);
    int primary = rc & 0xff;

    if (sqlite_rc_is_busy(rc)) {
        return failure_set(err, STATUS_IO, REMEDY_RETRY, rc, "cannot %s: %s", what, text);
    }
    if (primary == SQLITE_NOMEM) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, rc, "cannot %s: %s", what, text);
    }
    /* A constraint that fails behind the fence means that rows contradict each other. */
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_CONSTRAINT) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, rc, "cannot %s: %s", what, text);
    }
    return failure_set(err, STATUS_IO, REMEDY_STOP, rc, "cannot %s: %s", what, text);
}

enum status sqlite_handle_prepare(struct sqlite_handle *handle, int n, struct failure *err)
{
    assert(n <= SQLITE_STATEMENT_N);
    for (int i = 0; i < n; i++) {
        int rc = sqlite3_prepare_v3(handle->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &handle->statements[i], NULL);

        if (rc) {
            return sqlite_handle_fail(handle, rc, "prepare a statement of the store", err);
        }
    }
    return STATUS_OK;
}

int sqlite_handle_exec(struct sqlite_handle *handle, const char *text)
{
    return sqlite3_exec(handle->db, text, NULL, NULL, NULL);
}

int sqlite_handle_exec_int(struct sqlite_handle *handle, const char *text, int64_t *ret)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(handle->db, text, -1, &stmt, NULL);

    if (rc) {
        return rc;
    }
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        *ret = sqlite3_column_int64(stmt, 0);
    }
    if (rc == SQLITE_ROW) {
        return sqlite3_finalize(stmt);
    }
    (void)sqlite3_finalize(stmt);
    return rc;
}

enum status sqlite_handle_check_schema(struct sqlite_handle *handle, struct failure *err)
{
    int64_t application = 0;
    int64_t schema = 0;
    int rc = sqlite_handle_exec_int(handle, "PRAGMA application_id", &application);

    if (!rc) {
        rc = sqlite_handle_exec_int(handle, "PRAGMA user_version", &schema);
    }
    if (rc) {
        return sqlite_handle_fail(handle, rc, "read the schema of the store", err);
    }
    if (application != SQLITE_HANDLE_APPLICATION_ID) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%s' is a database, but no filing store",
                           sqlite3_db_filename(handle->db, "main"));
    }
    if (schema > STORE_SCHEMA) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "the store has schema %" PRId64 ", this program knows up to %d", schema,
                           STORE_SCHEMA);
    }
    return STATUS_OK;
}

void sqlite_handle_fini(struct sqlite_handle *handle)
{
    for (int i = 0; i < SQLITE_STATEMENT_N; i++) {
        (void)sqlite3_finalize(handle->statements[i]);
        handle->statements[i] = NULL;
    }
    (void)sqlite3_close_v2(handle->db);
    handle->db = NULL;
    free(handle->copy);
    handle->copy = NULL;
}

/* Look-ups.  Each binds, steps once, copies what it found and resets at once: a statement left on
 * its row would hold a read transaction open, and no checkpoint could pass it. */

static struct sqlite_handle *handle_of(struct store *store)
{
    return (struct sqlite_handle *)store;
}

/* STATUS_OK on a row; the caller finishes with find_end(). */
static enum status find_row(struct sqlite_handle *handle, sqlite3_stmt *stmt, const char *what,
                            struct failure *err)
{
    int rc = sqlite3_step(stmt);
    enum status status = STATUS_OK;

    if (rc == SQLITE_ROW) {
        return STATUS_OK;
    }
    if (rc == SQLITE_DONE) {
        status = failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0, "cannot %s: not there", what);
    } else {
        status = sqlite_handle_fail(handle, rc, what, err);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

static enum status find_end(sqlite3_stmt *stmt, bool ok, const char *what, struct failure *err)
{
    (void)sqlite3_reset(stmt);
    if (!ok) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, SQLITE_CORRUPT,
                           "cannot %s: a column has another length than was written", what);
    }
    return STATUS_OK;
}

void sqlite_column_bytes(sqlite3_stmt *stmt, int column, void *out, size_t n, bool *ok)
{
    const void *at = sqlite3_column_blob(stmt, column);

    if (!at || (size_t)sqlite3_column_bytes(stmt, column) != n) {
        *ok = false;
        return;
    }
    memcpy(out, at, n);
}

static uint64_t column_u64(sqlite3_stmt *stmt, int column)
{
    return (uint64_t)sqlite3_column_int64(stmt, column);
}

static int bind_u64(sqlite3_stmt *stmt, int index, uint64_t value)
{
    return sqlite3_bind_int64(stmt, index, (int64_t)value);
}

/* Copies columns into the handle's buffer, one behind the other. */
static enum status copy_columns(struct sqlite_handle *handle, sqlite3_stmt *stmt, int column,
                                struct bytes *out[], struct failure *err)
{
    size_t n = 0;
    size_t used = 0;

    for (int i = 0; out[i]; i++) {
        n += (size_t)sqlite3_column_bytes(stmt, column + i);
    }
    if (n > handle->copy_size) {
        uint8_t *grown = realloc(handle->copy, n);

        if (!grown) {
            (void)sqlite3_reset(stmt);
            return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                               "no memory for %zu bytes of a row", n);
        }
        handle->copy = grown;
        handle->copy_size = n;
    }
    for (int i = 0; out[i]; i++) {
        size_t length = (size_t)sqlite3_column_bytes(stmt, column + i);

        if (length > 0) {
            memcpy(handle->copy + used, sqlite3_column_blob(stmt, column + i), length);
        }
        *out[i] = (struct bytes){.at = handle->copy + used, .n = length};
        used += length;
    }
    return STATUS_OK;
}

/* next_offset, step, input_offset, input_hash, received_ms, bulletin, chain from column 0 on. */
static void column_position(sqlite3_stmt *stmt, struct store_position *out, bool *ok)
{
    out->next_offset = sqlite3_column_int64(stmt, 0);
    out->step = column_u64(stmt, 1);
    out->input_offset = sqlite3_column_int64(stmt, 2);
    sqlite_column_bytes(stmt, 3, out->input_hash, sizeof(out->input_hash), ok);
    out->received_ms = sqlite3_column_int64(stmt, 4);
    out->has_bulletin = sqlite3_column_type(stmt, 5) != SQLITE_NULL;
    out->bulletin = column_u64(stmt, 5);
    sqlite_column_bytes(stmt, 6, out->chain, sizeof(out->chain), ok);
}

enum status sqlite_ledger_read(struct store *store, struct store_ledger *ret, struct failure *err)
{
    static const char what[] = "read the ledger of the store";
    struct sqlite_handle *handle = handle_of(store);
    sqlite3_stmt *stmt = handle->statements[SQLITE_LEDGER_READ];
    struct store_ledger ledger = {.schema = 0};
    bool ok = true;
    enum status status = find_row(handle, stmt, what, err);

    if (status) {
        return status;
    }
    sqlite_column_bytes(stmt, 0, ledger.ledger_id, sizeof(ledger.ledger_id), &ok);
    sqlite_column_bytes(stmt, 1, ledger.store_id, sizeof(ledger.store_id), &ok);
    ledger.schema = (uint32_t)sqlite3_column_int64(stmt, 2);
    ledger.partitions = (uint32_t)sqlite3_column_int64(stmt, 3);
    status = find_end(stmt, ok, what, err);
    if (status == STATUS_OK) {
        *ret = ledger;
    }
    return status;
}

enum status sqlite_row_read(struct store *store, uint32_t partition, struct store_row *ret,
                            struct failure *err)
{
    static const char what[] = "read the row of a partition";
    struct sqlite_handle *handle = handle_of(store);
    sqlite3_stmt *stmt = handle->statements[SQLITE_ROW_READ];
    struct store_row row = {.claims = 0};
    const unsigned char *txn_id = NULL;
    bool ok = true;
    enum status status = STATUS_OK;

    (void)bind_u64(stmt, 1, partition);
    status = find_row(handle, stmt, what, err);
    if (status) {
        return status;
    }
    column_position(stmt, &row.position, &ok);
    row.position.number = column_u64(stmt, 7);
    row.clean_number = column_u64(stmt, 8);
    row.published_number = column_u64(stmt, 9);
    row.published_offset = sqlite3_column_int64(stmt, 10);
    sqlite_column_bytes(stmt, 11, row.owner_token, sizeof(row.owner_token), &ok);
    txn_id = sqlite3_column_text(stmt, 12);
    ok = ok && txn_id && sqlite3_column_bytes(stmt, 12) < TXN_ID_SIZE;
    if (ok) {
        memcpy(row.owner_txn_id, txn_id, (size_t)sqlite3_column_bytes(stmt, 12));
    }
    row.claims = column_u64(stmt, 13);
    status = find_end(stmt, ok, what, err);
    if (status == STATUS_OK) {
        *ret = row;
    }
    return status;
}

static void filing_bind(sqlite3_stmt *stmt, uint32_t partition, const struct store_filing_key *key)
{
    (void)bind_u64(stmt, 1, partition);
    (void)sqlite3_bind_blob(stmt, 2, key->filing_id, sizeof(key->filing_id), SQLITE_STATIC);
    (void)sqlite3_bind_text(stmt, 3, key->bank, sizeof(key->bank), SQLITE_STATIC);
    (void)sqlite3_bind_text(stmt, 4, key->enterprise, sizeof(key->enterprise), SQLITE_STATIC);
}

static void filing_columns(sqlite3_stmt *stmt, struct store_filing *ret, bool *ok)
{
    sqlite_column_bytes(stmt, 0, ret->key.filing_id, sizeof(ret->key.filing_id), ok);
    sqlite_column_bytes(stmt, 1, ret->key.bank, sizeof(ret->key.bank), ok);
    sqlite_column_bytes(stmt, 2, ret->key.enterprise, sizeof(ret->key.enterprise), ok);
    sqlite_column_bytes(stmt, 3, ret->filing_hash, sizeof(ret->filing_hash), ok);
    ret->first_number = column_u64(stmt, 4);
    ret->last_number = column_u64(stmt, 5);
    ret->accepted_number = column_u64(stmt, 6);
    ret->reversed_number = column_u64(stmt, 7);
}

static enum status filing_take(struct sqlite_handle *handle, sqlite3_stmt *stmt,
                               struct store_filing *ret, struct failure *err)
{
    static const char what[] = "look a filing up";
    struct store_filing filing = {.first_number = 0};
    bool ok = true;
    enum status status = find_row(handle, stmt, what, err);

    if (status) {
        return status;
    }
    filing_columns(stmt, &filing, &ok);
    status = find_end(stmt, ok, what, err);
    if (status == STATUS_OK) {
        *ret = filing;
    }
    return status;
}

enum status sqlite_filing_find(struct store *store, uint32_t partition,
                               const struct store_filing_key *key, struct store_filing *ret,
                               struct failure *err)
{
    struct sqlite_handle *handle = handle_of(store);
    sqlite3_stmt *stmt = handle->statements[SQLITE_FILING_FIND];

    filing_bind(stmt, partition, key);
    return filing_take(handle, stmt, ret, err);
}

enum status sqlite_filing_next(struct store *store, uint32_t partition,
                               const struct store_filing_key *key, struct store_filing *ret,
                               struct failure *err)
{
    struct sqlite_handle *handle = handle_of(store);
    sqlite3_stmt *stmt = handle->statements[SQLITE_FILING_NEXT];

    filing_bind(stmt, partition, key);
    return filing_take(handle, stmt, ret, err);
}

enum status sqlite_filing_walk(struct store *store, uint32_t partition, struct store_walk *walk,
                               struct failure *err)
{
    static const char what[] = "walk through the filings";
    struct sqlite_handle *handle = handle_of(store);
    sqlite3_stmt *stmt = handle->statements[SQLITE_FILING_WALK];
    bool ok = true;
    int rc = SQLITE_ROW;

    walk->rows_n = 0;
    filing_bind(stmt, partition, &walk->from);
    (void)bind_u64(stmt, 5, walk->rows_max);
    while (rc == SQLITE_ROW && walk->rows_n < walk->rows_max) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW) {
            filing_columns(stmt, &walk->rows[walk->rows_n], &ok);
            walk->rows_n++;
        }
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        const enum status status = sqlite_handle_fail(handle, rc, what, err);

        (void)sqlite3_reset(stmt);
        return status;
    }
    if (walk->rows_n > 0) {
        walk->from = walk->rows[walk->rows_n - 1].key;
        ok = ok && store_filing_key_after(&walk->from);
    }
    return find_end(stmt, ok, what, err);
}

static void state_bind(sqlite3_stmt *stmt, uint32_t partition, const char *enterprise)
{
    (void)bind_u64(stmt, 1, partition);
    (void)sqlite3_bind_text(stmt, 2, enterprise, enterprise[0] ? CODE_SIZE : 0, SQLITE_STATIC);
}

static enum status state_take(struct sqlite_handle *handle, sqlite3_stmt *stmt,
                              struct store_state *ret, struct failure *err)
{
    static const char what[] = "read a state";
    struct store_state state = {.number = 0};
    struct bytes *out[] = {&state.bytes, NULL};
    bool ok = true;
    enum status status = find_row(handle, stmt, what, err);

    if (status) {
        return status;
    }
    sqlite_column_bytes(stmt, 0, state.enterprise, sizeof(state.enterprise), &ok);
    state.number = column_u64(stmt, 1);
    status = copy_columns(handle, stmt, 2, out, err);
    if (status) {
        return status;
    }
    status = find_end(stmt, ok, what, err);
    if (status == STATUS_OK) {
        *ret = state;
    }
    return status;
}

enum status sqlite_state_find(struct store *store, uint32_t partition,
                              const char enterprise[CODE_SIZE], struct store_state *ret,
                              struct failure *err)
{
    struct sqlite_handle *handle = handle_of(store);
    sqlite3_stmt *stmt = handle->statements[SQLITE_STATE_FIND];

    state_bind(stmt, partition, enterprise);
    return state_take(handle, stmt, ret, err);
}

enum status sqlite_state_next(struct store *store, uint32_t partition, const char after[CODE_SIZE],
                              struct store_state *ret, struct failure *err)
{
    struct sqlite_handle *handle = handle_of(store);
    sqlite3_stmt *stmt = handle->statements[SQLITE_STATE_NEXT];

    state_bind(stmt, partition, after);
    return state_take(handle, stmt, ret, err);
}

enum status sqlite_journal_find(struct store *store, uint32_t partition, uint64_t number,
                                struct store_journal_row *ret, struct failure *err)
{
    static const char what[] = "read a journal row";
    struct sqlite_handle *handle = handle_of(store);
    sqlite3_stmt *stmt = handle->statements[SQLITE_JOURNAL_FIND];
    struct store_journal_row row = {.count = 0};
    struct bytes *out[] = {&row.decisions, &row.undo, &row.inputs, NULL};
    bool ok = true;
    enum status status = STATUS_OK;

    (void)bind_u64(stmt, 1, partition);
    (void)bind_u64(stmt, 2, number);
    status = find_row(handle, stmt, what, err);
    if (status) {
        return status;
    }
    column_position(stmt, &row.starts, &ok);
    row.first_number = column_u64(stmt, 7);
    row.starts.number = row.first_number - 1;
    row.count = (uint32_t)sqlite3_column_int64(stmt, 8);
    if (number - row.first_number >= row.count) {
        (void)sqlite3_reset(stmt);
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0,
                           "decision %" PRIu64 " is not in the journal", number);
    }
    status = copy_columns(handle, stmt, 9, out, err);
    if (status) {
        return status;
    }
    status = find_end(stmt, ok, what, err);
    if (status == STATUS_OK) {
        *ret = row;
    }
    return status;
}

enum status sqlite_journal_recent(struct store *store, uint32_t partition,
                                  uint64_t *ret_first_number, struct failure *err)
{
    static const char what[] = "read the end of the journal";
    struct sqlite_handle *handle = handle_of(store);
    sqlite3_stmt *stmt = handle->statements[SQLITE_JOURNAL_RECENT];
    enum status status = STATUS_OK;

    (void)bind_u64(stmt, 1, partition);
    status = find_row(handle, stmt, what, err);
    if (status) {
        return status;
    }
    *ret_first_number = column_u64(stmt, 0); /* NULL reads as 0: no row */
    return find_end(stmt, true, what, err);
}

enum status sqlite_held_next(struct store *store, uint32_t partition, uint64_t after,
                             struct store_held *ret, struct failure *err)
{
    static const char what[] = "read a held filing";
    struct sqlite_handle *handle = handle_of(store);
    sqlite3_stmt *stmt = handle->statements[SQLITE_HELD_NEXT];
    struct store_held held = {.waits_for = 0};
    struct bytes *out[] = {&held.record, NULL};
    bool ok = true;
    enum status status = STATUS_OK;

    (void)bind_u64(stmt, 1, partition);
    (void)bind_u64(stmt, 2, after);
    status = find_row(handle, stmt, what, err);
    if (status) {
        return status;
    }
    held.arrival_number = column_u64(stmt, 0);
    sqlite_column_bytes(stmt, 1, held.enterprise, sizeof(held.enterprise), &ok);
    held.waits_for = (uint32_t)sqlite3_column_int64(stmt, 2);
    status = copy_columns(handle, stmt, 3, out, err);
    if (status) {
        return status;
    }
    status = find_end(stmt, ok, what, err);
    if (status == STATUS_OK) {
        *ret = held;
    }
    return status;
}

enum status sqlite_bulletin_next(struct store *store, uint64_t number, struct store_bulletin *ret,
                                 struct failure *err)
{
    static const char what[] = "read a bulletin";
    struct sqlite_handle *handle = handle_of(store);
    sqlite3_stmt *stmt = handle->statements[SQLITE_BULLETIN_NEXT];
    struct store_bulletin bulletin = {.number = 0};
    struct bytes *out[] = {&bulletin.content, NULL};
    enum status status = STATUS_OK;

    (void)bind_u64(stmt, 1, number);
    status = find_row(handle, stmt, what, err);
    if (status) {
        return status;
    }
    bulletin.number = column_u64(stmt, 0);
    status = copy_columns(handle, stmt, 1, out, err);
    if (status) {
        return status;
    }
    *ret = bulletin;
    return find_end(stmt, true, what, err);
}

enum status sqlite_no_share(struct store *store, struct store **ret, struct failure *err)
{
    (void)store;
    (void)ret;
    return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                       "a SQLite store has one handle; open it again for reading");
}
