/* sqlite_handle.h - what the writing and the reading side of the SQLite store share.
 *
 * One connection, its prepared statements and a buffer for what is given out.  Look-ups here work
 * on both sides: inside the transaction that is open, else each in one of its own. */
#ifndef STORE_SQLITE_HANDLE_H
#define STORE_SQLITE_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/status.h"
#include "consumers/store/store_port.h"

/* "FILI" in the header of the file, so that no other program's database is taken for a store. */
#define SQLITE_HANDLE_APPLICATION_ID 0x46494c49
/* How long somebody else may lock the file before a claim or a look-up gives up. */
#define SQLITE_HANDLE_BUSY_MS 2000

/* The order is that of sql[] in sqlite_handle.c. */
enum sqlite_statement {
    SQLITE_LEDGER_READ,
    SQLITE_ROW_READ,
    SQLITE_FILING_FIND,
    SQLITE_FILING_NEXT,
    SQLITE_FILING_WALK,
    SQLITE_STATE_FIND,
    SQLITE_STATE_NEXT,
    SQLITE_JOURNAL_FIND,
    SQLITE_JOURNAL_RECENT,
    SQLITE_HELD_NEXT,
    SQLITE_BULLETIN_NEXT,
    SQLITE_STATEMENT_READING_N, /* those above are all that a reader prepares */
    SQLITE_LEDGER_FOUND = SQLITE_STATEMENT_READING_N,
    SQLITE_LEDGER_RENEW,
    SQLITE_ROW_NEW,
    SQLITE_ROW_CLAIM,
    SQLITE_ROW_MOVE,
    SQLITE_ROW_PUBLISHED,
    SQLITE_JOURNAL_ADD,
    SQLITE_FILING_PUT,
    SQLITE_FILING_FLOOR,
    SQLITE_FILING_ABOVE,
    SQLITE_HELD_PUT,
    SQLITE_HELD_DROP,
    SQLITE_BULLETIN_ADD,
    SQLITE_STATE_PUT,
    SQLITE_STATEMENT_N
};

struct sqlite_handle {
    struct store base; /* first: a handle is a store */
    sqlite3 *db;
    sqlite3_stmt *statements[SQLITE_STATEMENT_N];
    uint8_t *copy; /* what the last look-up gave out */
    size_t copy_size;
};

/* Prepare the first n statements. */
MUST_CHECK enum status sqlite_handle_prepare(struct sqlite_handle *handle, int n,
                                             struct failure *err);
/* STATUS_CONFLICT: no store, or one that a newer program wrote. */
MUST_CHECK enum status sqlite_handle_check_schema(struct sqlite_handle *handle,
                                                  struct failure *err);
/* Closes the connection and gives back memory, not the handle itself.  Half-built is allowed. */
void sqlite_handle_fini(struct sqlite_handle *handle);

/* What SQLite's rc means to a caller; what is the deed: "store a batch". */
enum status sqlite_handle_fail(const struct sqlite_handle *handle, int rc, const char *what,
                               struct failure *err);
bool sqlite_rc_is_busy(int rc);

/* One PRAGMA or transaction statement without results; gives SQLite's rc. */
int sqlite_handle_exec(struct sqlite_handle *handle, const char *sql);
/* The first column of the first row of sql. */
int sqlite_handle_exec_int(struct sqlite_handle *handle, const char *sql, int64_t *ret);

/* Read side of the port, for the table of operations. */
enum status sqlite_ledger_read(struct store *store, struct store_ledger *ret, struct failure *err);
enum status sqlite_row_read(struct store *store, uint32_t partition, struct store_row *ret,
                            struct failure *err);
enum status sqlite_filing_find(struct store *store, uint32_t partition,
                               const struct store_filing_key *key, struct store_filing *ret,
                               struct failure *err);
enum status sqlite_filing_next(struct store *store, uint32_t partition,
                               const struct store_filing_key *key, struct store_filing *ret,
                               struct failure *err);
enum status sqlite_filing_walk(struct store *store, uint32_t partition, struct store_walk *walk,
                               struct failure *err);
enum status sqlite_state_find(struct store *store, uint32_t partition,
                              const char enterprise[CODE_SIZE], struct store_state *ret,
                              struct failure *err);
enum status sqlite_state_next(struct store *store, uint32_t partition, const char after[CODE_SIZE],
                              struct store_state *ret, struct failure *err);
enum status sqlite_journal_find(struct store *store, uint32_t partition, uint64_t number,
                                struct store_journal_row *ret, struct failure *err);
enum status sqlite_journal_recent(struct store *store, uint32_t partition,
                                  uint64_t *ret_first_number, struct failure *err);
enum status sqlite_held_next(struct store *store, uint32_t partition, uint64_t after,
                             struct store_held *ret, struct failure *err);
enum status sqlite_bulletin_next(struct store *store, uint64_t number, struct store_bulletin *ret,
                                 struct failure *err);
enum status sqlite_no_share(struct store *store, struct store **ret, struct failure *err);

/* Columns of a statement, checked: a length that is not the expected one makes *ok false. */
void sqlite_column_bytes(sqlite3_stmt *stmt, int column, void *out, size_t n, bool *ok);

#endif
