/* What only a SQLite file can show: who owns it, what is refused at opening, and what happens when
 * the disk is full or fails.  After every fault the file holds all of a batch or nothing of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "consumers/store/sqlite_handle.h"
#include "consumers/store/store.h"
#include "store_dir.h"

#define FILINGS_N 400

static const uint8_t token[OWNER_TOKEN_SIZE] = "token of worker";

struct fixture {
    char dir[64];
    char file[96];
    char spec[112];
    struct store *store;
    struct store_filing filings[FILINGS_N];
    struct store_state state;
    uint8_t inputs[8];
    char decisions[30001];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    (void)strcpy(f->dir, "/tmp/test_store_sqlite.XXXXXX");
    if (!mkdtemp(f->dir)) {
        return -1;
    }
    (void)snprintf(f->file, sizeof(f->file), "%s/a.db", f->dir);
    (void)snprintf(f->spec, sizeof(f->spec), "sqlite:%s", f->file);
    memset(f->decisions, 'd', sizeof(f->decisions) - 1);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    store_close(f->store);
    store_dir_remove(f->dir);
    free(f);
    return 0;
}

static void open_store(struct fixture *f)
{
    struct failure err = {.status = STATUS_OK};
    enum status status = store_open(f->spec, &f->store, &err);

    if (status) {
        print_error("%s\n", err.text);
    }
    assert_int_equal(status, STATUS_OK);
}

static void close_store(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

static enum status claim_row(struct fixture *f, struct failure *err)
{
    struct store_claim c = {.partition = 3, .txn_id = "w"};
    struct store_row row;
    char previous[TXN_ID_SIZE];

    memcpy(c.token, token, sizeof(c.token));
    return store_claim(f->store, &c, &row, previous, err);
}

/* Decision number of a partition with as many filings as fill some pages. */
static struct store_part part_of(struct fixture *f, uint64_t number)
{
    struct store_part part = {.partition = 3, .expected_next_offset = (int64_t)number - 1};

    memcpy(part.owner_token, token, sizeof(token));
    for (size_t i = 0; i < FILINGS_N; i++) {
        memset(&f->filings[i], 0, sizeof(f->filings[i]));
        be64_put(f->filings[i].key.filing_id, number << 32 | i);
        memset(f->filings[i].key.bank, '1', BANK_SIZE);
        memset(f->filings[i].key.enterprise, 'A', CODE_SIZE);
        f->filings[i].first_number = number;
    }
    memset(f->state.enterprise, 'A', CODE_SIZE);
    f->state.number = number;
    f->state.bytes = bytes_of(f->decisions);
    part.row = (struct store_journal_row){
        .first_number = number,
        .count = 1,
        .starts = {.next_offset = (int64_t)number - 1, .number = number - 1},
        .decisions = bytes_of(f->decisions),
        .inputs = {f->inputs, sizeof(f->inputs)}};
    part.position = (struct store_position){.next_offset = (int64_t)number, .number = number};
    part.filings = f->filings;
    part.filings_n = FILINGS_N;
    part.states = &f->state;
    part.states_n = 1;
    return part;
}

static enum status commit_number(struct fixture *f, uint64_t number, enum store_outcome *outcome,
                                 struct failure *err)
{
    struct store_part part = part_of(f, number);
    struct store_batch batch = {.parts = &part, .parts_n = 1};

    return store_commit(f->store, &batch, outcome, err);
}

static void store_number(struct fixture *f, uint64_t number)
{
    enum store_outcome outcome = STORE_DROPPED;

    assert_int_equal(commit_number(f, number, &outcome, NULL), STATUS_OK);
    assert_int_equal(outcome, STORE_STORED);
}

/* Is all of decision number there (true), or nothing of it (false)?  A mixture fails the test. */
static bool is_stored(struct fixture *f, uint64_t number)
{
    struct store_part part = part_of(f, number);
    struct store_journal_row journal;
    struct store_filing filing;
    struct store_state got;
    struct store_row row;
    bool stored = false;

    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_OK);
    stored = row.position.number >= number;
    assert_int_equal(store_journal_find(f->store, 3, number, &journal, NULL),
                     stored ? STATUS_OK : STATUS_NOTFOUND);
    for (size_t i = 0; i < FILINGS_N; i++) {
        assert_int_equal(store_filing_find(f->store, 3, &part.filings[i].key, &filing, NULL),
                         stored ? STATUS_OK : STATUS_NOTFOUND);
    }
    if (store_state_find(f->store, 3, f->state.enterprise, &got, NULL) == STATUS_OK) {
        assert_int_equal(got.number >= number, stored);
    } else {
        assert_false(stored);
    }
    return stored;
}

/* The database as SQLite's own tools see it, without the store's lock. */
static void exec_outside(const struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open(f->file, &db);

    if (!rc) {
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    if (rc) {
        print_error("%s: %s\n", sql, sqlite3_errmsg(db));
    }
    (void)sqlite3_close(db);
    assert_int_equal(rc, SQLITE_OK);
}

static void second_owner_is_denied_until_the_first_is_gone(void **state)
{
    struct fixture *f = *state;
    struct store *second = NULL;
    struct failure err = {.status = STATUS_OK};

    open_store(f);
    assert_int_equal(store_open(f->spec, &second, &err), STATUS_DENIED);
    assert_null(second);
    close_store(f);
    assert_int_equal(store_open(f->spec, &second, NULL), STATUS_OK);
    store_close(second);
}

static void newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    struct failure err = {.status = STATUS_OK};

    open_store(f);
    close_store(f);
    exec_outside(f, "PRAGMA user_version=2");
    assert_int_equal(store_open(f->spec, &f->store, &err), STATUS_CONFLICT);
    assert_int_equal(err.remedy, REMEDY_STOP);
    exec_outside(f, "PRAGMA user_version=1");
    open_store(f);
}

/* Somebody else's database is left as it is: not even its journal mode changes. */
static void foreign_database_is_refused_and_left_alone(void **state)
{
    struct fixture *f = *state;
    struct failure err = {.status = STATUS_OK};
    char before[8192] = "";
    char after[8192] = "";
    FILE *file = NULL;

    exec_outside(f, "CREATE TABLE mine (a)");
    file = fopen(f->file, "rb");
    assert_true(fread(before, 1, sizeof(before), file) > 0);
    (void)fclose(file);
    assert_int_equal(store_open(f->spec, &f->store, &err), STATUS_CONFLICT);
    file = fopen(f->file, "rb");
    assert_true(fread(after, 1, sizeof(after), file) > 0);
    (void)fclose(file);
    assert_memory_equal(before, after, sizeof(before));
}

static void file_that_is_no_database_is_corrupt(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen(f->file, "wb");

    for (int i = 0; i < 1000; i++) {
        (void)fputs("this is a letter to the bank, and no database. ", file);
    }
    (void)fclose(file);
    assert_int_equal(store_open(f->spec, &f->store, NULL), STATUS_CORRUPT);
}

static void folder_that_is_not_there_is_named(void **state)
{
    struct failure err = {.status = STATUS_OK};
    struct store *store = NULL;

    (void)state;
    assert_int_not_equal(store_open("sqlite:/tmp/no such folder/a.db", &store, &err), STATUS_OK);
    assert_non_null(strstr(err.text, "no such folder"));
}

static void damaged_page_is_corrupt(void **state)
{
    struct fixture *f = *state;
    enum store_outcome outcome = STORE_STORED;
    struct failure err = {.status = STATUS_OK};
    struct store_filing filing;
    struct store_filing_key key = {.bank = ""};
    enum status status = STATUS_OK;
    FILE *file = NULL;

    open_store(f);
    assert_int_equal(claim_row(f, NULL), STATUS_OK);
    store_number(f, 1);
    close_store(f);
    file = fopen(f->file, "r+b"); /* every page but the first */
    assert_int_equal(fseek(file, 8192, SEEK_SET), 0);
    for (int i = 0; i < 8192 * 20; i++) {
        (void)fputc(0xa5, file);
    }
    (void)fclose(file);
    status = store_open(f->spec, &f->store, &err);
    if (status == STATUS_OK) {
        status = store_filing_next(f->store, 3, &key, &filing, &err);
        assert_int_equal(status, STATUS_CORRUPT);
        status = commit_number(f, 2, &outcome, &err);
    }
    assert_int_equal(status, STATUS_CORRUPT);
    assert_int_equal(err.remedy, REMEDY_STOP);
}

/* Somebody with a SQL shell holds the lock: the batch is dropped, a claim is tried again. */
static void locked_file_drops_the_batch_and_lets_a_claim_be_retried(void **state)
{
    struct fixture *f = *state;
    struct failure err = {.status = STATUS_OK};
    enum store_outcome outcome = STORE_STORED;
    sqlite3 *db = NULL;

    open_store(f);
    assert_int_equal(claim_row(f, NULL), STATUS_OK);
    assert_int_equal(sqlite3_open(f->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(commit_number(f, 1, &outcome, &err), STATUS_OK);
    assert_int_equal(outcome, STORE_DROPPED);
    assert_int_equal(claim_row(f, &err), STATUS_IO);
    assert_int_equal(err.remedy, REMEDY_RETRY);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    assert_false(is_stored(f, 1));
    assert_int_equal(claim_row(f, NULL), STATUS_OK);
    store_number(f, 1);
}

/* A full disk, at each number of pages that a batch can need, one after the other. */
static void full_disk_stores_nothing_wherever_it_strikes(void **state)
{
    struct fixture *f = *state;
    struct sqlite_handle *handle = NULL;
    enum store_outcome outcome = STORE_DROPPED;
    struct failure err = {.status = STATUS_OK};
    int64_t pages = 0;
    int refused = 0;
    char sql[64];

    open_store(f);
    assert_int_equal(claim_row(f, NULL), STATUS_OK);
    store_number(f, 1);
    handle = (struct sqlite_handle *)f->store;
    assert_int_equal(sqlite_handle_exec_int(handle, "PRAGMA page_count", &pages), SQLITE_OK);
    for (int more = 0; outcome != STORE_STORED; more++) {
        enum status status = STATUS_OK;

        (void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%d", (int)pages + more);
        assert_int_equal(sqlite_handle_exec(handle, sql), SQLITE_OK);
        status = commit_number(f, 2, &outcome, &err);
        if (status) {
            refused++;
            assert_int_equal(status, STATUS_IO);
            assert_int_equal(err.remedy, REMEDY_STOP);
            assert_int_not_equal(outcome, STORE_STORED);
        }
        assert_int_equal(is_stored(f, 2), status == STATUS_OK);
    }
    assert_true(refused > 5); /* it struck in the journal, in the index and in the states */
}

/* A file system whose n-th write or sync fails, and every one after it: SQLite's own, with a
 * counter in front. */
static int faults_left = -1; /* operations that still work; -1 = all */
static bool fault_hit;
static sqlite3_vfs fault_vfs;
static sqlite3_vfs *real_vfs;
static sqlite3_io_methods fault_methods[2]; /* of the WAL and others, of the database */
static const sqlite3_io_methods *real_methods[2];

static bool fault_now(void)
{
    if (faults_left > 0) {
        faults_left--;
    }
    fault_hit = fault_hit || faults_left == 0;
    return faults_left == 0;
}

static const sqlite3_io_methods *real_of(const sqlite3_file *file)
{
    return real_methods[file->pMethods == &fault_methods[1]];
}

static int fault_write(sqlite3_file *file, const void *at, int n, sqlite3_int64 offset)
{
    return fault_now() ? SQLITE_IOERR_WRITE : real_of(file)->xWrite(file, at, n, offset);
}

static int fault_sync(sqlite3_file *file, int flags)
{
    return fault_now() ? SQLITE_IOERR_FSYNC : real_of(file)->xSync(file, flags);
}

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret)
{
    int rc = real_vfs->xOpen(vfs, name, file, flags, ret);

    if (rc == SQLITE_OK && file->pMethods) {
        int i = (flags & SQLITE_OPEN_MAIN_DB) != 0;

        real_methods[i] = file->pMethods;
        fault_methods[i] = *file->pMethods;
        fault_methods[i].xWrite = fault_write;
        fault_methods[i].xSync = fault_sync;
        file->pMethods = &fault_methods[i];
    }
    return rc;
}

static void failing_disk_stores_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    int stored = 0;
    int nothing = 0;

    real_vfs = sqlite3_vfs_find(NULL);
    fault_vfs = *real_vfs;
    fault_vfs.zName = "fault";
    fault_vfs.xOpen = fault_open;
    assert_int_equal(sqlite3_vfs_register(&fault_vfs, 1), SQLITE_OK);
    fault_hit = true;
    for (int n = 1; fault_hit; n++) {
        enum store_outcome outcome = STORE_DROPPED;
        struct failure err = {.status = STATUS_OK};
        enum status status = STATUS_OK;

        store_dir_empty(f->dir);
        faults_left = -1;
        open_store(f);
        assert_int_equal(claim_row(f, NULL), STATUS_OK);
        store_number(f, 1);
        fault_hit = false;
        faults_left = n;
        status = commit_number(f, 2, &outcome, &err);
        if (fault_hit) {
            assert_int_equal(status, STATUS_IO);
            assert_int_equal(err.remedy, REMEDY_STOP);
            assert_int_not_equal(outcome, STORE_STORED);
        } else {
            assert_int_equal(outcome, STORE_STORED);
        }
        close_store(f);
        faults_left = -1;
        open_store(f);
        assert_true(is_stored(f, 1));
        if (is_stored(f, 2)) {
            stored++;
        } else {
            nothing++;
            assert_int_equal(claim_row(f, NULL), STATUS_OK);
            store_number(f, 2);
        }
        close_store(f);
    }
    assert_int_equal(sqlite3_vfs_unregister(&fault_vfs), SQLITE_OK);
    assert_true(nothing > 5);
    assert_true(stored >= 1);
}

/* An id from a clock that runs a century ahead must not hide, nor hide others. */
static void ids_of_any_time_are_found_after_opening_again(void **state)
{
    struct fixture *f = *state;
    struct store_part part;
    struct store_batch batch = {.parts = &part, .parts_n = 1};
    enum store_outcome outcome = STORE_DROPPED;
    static const uint64_t ms[] = {
        0, 1, 1500000000000, 1700000000000, 4900000000000, 0xffffffffffff};
    struct store_filing_key absent;
    struct store_filing got;

    open_store(f);
    assert_int_equal(claim_row(f, NULL), STATUS_OK);
    part = part_of(f, 1);
    part.filings_n = sizeof(ms) / sizeof(ms[0]);
    for (size_t i = 0; i < part.filings_n; i++) {
        be64_put(f->filings[i].key.filing_id, ms[i] << 16);
    }
    assert_int_equal(store_commit(f->store, &batch, &outcome, NULL), STATUS_OK);
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < part.filings_n; i++) {
            assert_int_equal(store_filing_find(f->store, 3, &f->filings[i].key, &got, NULL),
                             STATUS_OK);
            absent = f->filings[i].key;
            absent.filing_id[15] = 1;
            assert_int_equal(store_filing_find(f->store, 3, &absent, &got, NULL), STATUS_NOTFOUND);
        }
        close_store(f);
        open_store(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(second_owner_is_denied_until_the_first_is_gone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(newer_schema_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_database_is_refused_and_left_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(file_that_is_no_database_is_corrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(folder_that_is_not_there_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_page_is_corrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(locked_file_drops_the_batch_and_lets_a_claim_be_retried,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(full_disk_stores_nothing_wherever_it_strikes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(failing_disk_stores_all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_of_any_time_are_found_after_opening_again, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("store_sqlite", tests, NULL, NULL);
}
