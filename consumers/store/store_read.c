/* store_read.c - the reading side of the SQLite store.
 *
 * Read-only three times over: the file is opened read-only, the connection refuses to write
 * (query_only), and it leaves the WAL alone when it closes.  It may make FILE-shm anew after a
 * crash of the writer, which is an index of the WAL and no part of the data. */
#include "consumers/store/store_read.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consumers/store/sqlite_handle.h"

#define SCHEME       "sqlite:"
#define FILE_MAX     4096
#define BACKUP_PAGES 4096 /* copied between two looks at whether it goes well: 32 MiB */

static enum status denied(struct failure *err)
{
    return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0, "the store is open for reading only");
}

static enum status read_ledger_found(struct store *store, const struct store_ledger *ledger,
                                     struct failure *err)
{
    (void)store;
    (void)ledger;
    return denied(err);
}

static enum status read_ledger_renew(struct store *store, const uint8_t *store_id,
                                     struct failure *err)
{
    (void)store;
    (void)store_id;
    return denied(err);
}

/* NOLINTBEGIN(readability-non-const-parameter): the port says what it is */
static enum status read_claim(struct store *store, const struct store_claim *claim,
                              struct store_row *ret, char ret_previous_txn_id[TXN_ID_SIZE],
                              struct failure *err)
{
    (void)store;
    (void)claim;
    (void)ret;
    (void)ret_previous_txn_id;
    return denied(err);
}
/* NOLINTEND(readability-non-const-parameter) */

static enum status read_commit(struct store *store, const struct store_batch *batch,
                               enum store_outcome *ret_outcome, struct failure *err)
{
    (void)store;
    (void)batch;
    *ret_outcome = STORE_DROPPED;
    return denied(err);
}

static enum status read_published(struct store *store, uint32_t partition, uint64_t number,
                                  int64_t offset, struct failure *err)
{
    (void)store;
    (void)partition;
    (void)number;
    (void)offset;
    return denied(err);
}

static void read_close(struct store *store)
{
    struct sqlite_handle *handle = (struct sqlite_handle *)store;

    sqlite_handle_fini(handle);
    free(handle);
}

static const struct store_ops ops = {
    .name = "sqlite, reading",
    .close = read_close,
    .share = sqlite_no_share,
    .ledger_read = sqlite_ledger_read,
    .ledger_found = read_ledger_found,
    .ledger_renew = read_ledger_renew,
    .claim = read_claim,
    .row_read = sqlite_row_read,
    .commit = read_commit,
    .published = read_published,
    .filing_find = sqlite_filing_find,
    .filing_next = sqlite_filing_next,
    .filing_walk = sqlite_filing_walk,
    .state_find = sqlite_state_find,
    .state_next = sqlite_state_next,
    .journal_find = sqlite_journal_find,
    .journal_recent = sqlite_journal_recent,
    .held_next = sqlite_held_next,
    .bulletin_next = sqlite_bulletin_next,
};

static enum status open_file(struct sqlite_handle *handle, const char *file, struct failure *err)
{
    int64_t tables = 0;
    int rc = SQLITE_OK;

    assert(file);
    if (access(file, F_OK) != 0 && errno == ENOENT) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, ENOENT, "there is no store at '%s'",
                           file);
    }
    rc = sqlite3_open_v2(file, &handle->db,
                         SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (!rc) {
        rc = sqlite3_busy_timeout(handle->db, SQLITE_HANDLE_BUSY_MS);
    }
    if (!rc) {
        rc = sqlite3_db_config(handle->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    if (!rc) {
        rc = sqlite_handle_exec(handle, "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY");
    }
    if (!rc) {
        rc = sqlite_handle_exec_int(handle, "SELECT count(*) FROM sqlite_master", &tables);
    }
    if (rc) {
        return sqlite_handle_fail(handle, rc, "open the store for reading", err);
    }
    if (tables == 0) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0, "the store at '%s' is still empty",
                           file);
    }
    return sqlite_handle_check_schema(handle, err);
}

static enum status file_of(const char *spec, const char **ret, struct failure *err)
{
    if (strncmp(spec, SCHEME, strlen(SCHEME)) != 0 || !spec[strlen(SCHEME)]) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "'%s' names no store that can be read from outside: write sqlite:FILE",
                           spec);
    }
    *ret = spec + strlen(SCHEME);
    return STATUS_OK;
}

enum status store_read_open(const char *spec, struct store **ret, struct failure *err)
{
    struct sqlite_handle *handle = NULL;
    const char *file = NULL;
    enum status status = file_of(spec, &file, err);

    if (status) {
        return status;
    }
    handle = calloc(1, sizeof(*handle));
    if (!handle) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "no memory for a store");
    }
    handle->base.ops = &ops;
    status = open_file(handle, file, err);
    if (!status) {
        status = sqlite_handle_prepare(handle, SQLITE_STATEMENT_READING_N, err);
    }
    if (status) {
        read_close(&handle->base);
        return status;
    }
    *ret = &handle->base;
    return STATUS_OK;
}

enum status store_read_begin(struct store *store, struct failure *err)
{
    struct sqlite_handle *handle = (struct sqlite_handle *)store;
    int64_t partitions = 0;
    int rc = SQLITE_OK;

    assert(store);
    assert(store->ops == &ops);
    rc = sqlite_handle_exec(handle, "BEGIN");
    if (!rc) { /* the moment is that of the first look, not of BEGIN */
        rc = sqlite_handle_exec_int(handle, "SELECT count(*) FROM partition", &partitions);
    }
    if (rc) {
        enum status status = sqlite_handle_fail(handle, rc, "look at the store", err);

        store_read_end(store);
        return status;
    }
    return STATUS_OK;
}

void store_read_end(struct store *store)
{
    struct sqlite_handle *handle = (struct sqlite_handle *)store;

    assert(store->ops == &ops);
    if (!sqlite3_get_autocommit(handle->db)) {
        (void)sqlite_handle_exec(handle, "COMMIT"); /* nothing was written: it cannot fail */
    }
}

/* All pages of from into the new database to, then a check of what was written. */
static int copy_pages(struct sqlite_handle *from, struct sqlite_handle *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", from->db, "main");
    int64_t unused = 0;
    int rc = SQLITE_OK;

    if (!backup) {
        return sqlite3_extended_errcode(to->db);
    }
    while (rc == SQLITE_OK) {
        rc = sqlite3_backup_step(backup, BACKUP_PAGES);
    }
    (void)sqlite3_backup_finish(backup);
    if (rc != SQLITE_DONE) {
        return rc;
    }
    /* No row: the check found something. */
    return sqlite_handle_exec_int(to,
                                  "SELECT 1 FROM pragma_quick_check(1) WHERE quick_check = 'ok'",
                                  &unused) == SQLITE_OK
               ? SQLITE_OK
               : SQLITE_CORRUPT;
}

/* The name becomes durable with its folder. */
static enum status sync_folder(const char *file, struct failure *err)
{
    char folder[FILE_MAX] = ".";
    const char *slash = strrchr(file, '/');
    int fd = -1;
    int rc = -1;

    assert(strlen(file) < sizeof(folder));
    if (slash) {
        memcpy(folder, file, (size_t)(slash - file) + 1);
        folder[slash - file + 1] = '\0';
    }
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        rc = fsync(fd);
        (void)close(fd);
    }
    return rc == 0 ? STATUS_OK
                   : failure_set(err, STATUS_IO, REMEDY_STOP, errno, "cannot sync '%s': %s", folder,
                                 strerrordesc_np(errno));
}

static enum status copy_to(struct sqlite_handle *from, const char *part, struct failure *err)
{
    struct sqlite_handle to = {.db = NULL};
    enum status status = STATUS_OK;
    int rc = sqlite3_open_v2(part, &to.db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);

    if (!rc) {
        rc = copy_pages(from, &to);
    }
    status = rc ? sqlite_handle_fail(&to, rc, "copy the store", err) : STATUS_OK;
    sqlite_handle_fini(&to);
    return status;
}

/* Neither a file of the name, nor the log of one that is gone: SQLite would take it for the copy's.
 */
static enum status check_free(const char *file, struct failure *err)
{
    static const char *const ends[] = {"", "-wal", "-journal"};
    char path[FILE_MAX + 16];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", file, ends[i]);
        if (access(path, F_OK) == 0) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, EEXIST, "'%s' is there already",
                               path);
        }
    }
    return STATUS_OK;
}

enum status store_read_backup(const char *spec, const char *file, struct failure *err)
{
    char part[FILE_MAX];
    struct store *store = NULL;
    enum status status = STATUS_OK;
    int n = snprintf(part, sizeof(part), "%s.part", file);

    if (n < 0 || (size_t)n >= sizeof(part)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "the name of the copy is too long");
    }
    status = check_free(file, err);
    if (status) {
        return status;
    }
    status = store_read_open(spec, &store, err);
    if (status) {
        return status;
    }
    (void)unlink(part); /* what a copy that was cut off left behind */
    status = store_read_begin(store, err);
    if (!status) {
        status = copy_to((struct sqlite_handle *)store, part, err);
        store_read_end(store);
    }
    store_close(store);
    if (!status && rename(part, file) != 0) {
        status = failure_set(err, STATUS_IO, REMEDY_STOP, errno, "cannot name '%s': %s", file,
                             strerrordesc_np(errno));
    }
    if (status) {
        (void)unlink(part);
        return status;
    }
    return sync_folder(file, err);
}
