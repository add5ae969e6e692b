/* Readers beside a worker: while it writes, after it is gone in either way, from one moment; and
 * that they change nothing. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "consumers/store/store.h"
#include "consumers/store/store_read.h"
#include "store_dir.h"

static const uint8_t token[OWNER_TOKEN_SIZE] = "token of worker";

struct fixture {
    char dir[64];
    char file[96];
    char spec[112];
    struct store *store;
    struct store *reader;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    (void)strcpy(f->dir, "/tmp/test_store_read.XXXXXX");
    if (!mkdtemp(f->dir)) {
        return -1;
    }
    (void)snprintf(f->file, sizeof(f->file), "%s/a.db", f->dir);
    (void)snprintf(f->spec, sizeof(f->spec), "sqlite:%s", f->file);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    store_close(f->reader);
    store_close(f->store);
    store_dir_remove(f->dir);
    free(f);
    return 0;
}

static void open_store(struct fixture *f)
{
    struct store_claim c = {.partition = 3, .txn_id = "w"};
    struct store_row row;
    char previous[TXN_ID_SIZE];

    memcpy(c.token, token, sizeof(c.token));
    assert_int_equal(store_open(f->spec, &f->store, NULL), STATUS_OK);
    assert_int_equal(store_claim(f->store, &c, &row, previous, NULL), STATUS_OK);
}

static void store_number(struct fixture *f, uint64_t number)
{
    static const uint8_t inputs[8];
    struct store_filing filing = {.first_number = number, .last_number = number};
    struct store_part part = {.partition = 3, .expected_next_offset = (int64_t)number - 1};
    struct store_batch batch = {.parts = &part, .parts_n = 1};
    enum store_outcome outcome = STORE_DROPPED;

    filing.key.filing_id[15] = (uint8_t)number;
    memcpy(part.owner_token, token, sizeof(token));
    part.position = (struct store_position){.next_offset = (int64_t)number, .number = number};
    part.row = (struct store_journal_row){
        .first_number = number,
        .count = 1,
        .starts = {.next_offset = (int64_t)number - 1, .number = number - 1},
        .decisions = bytes_of("decision"),
        .inputs = {inputs, sizeof(inputs)}};
    part.filings = &filing;
    part.filings_n = 1;
    assert_int_equal(store_commit(f->store, &batch, &outcome, NULL), STATUS_OK);
    assert_int_equal(outcome, STORE_STORED);
}

static void open_reader(struct fixture *f)
{
    struct failure err = {.status = STATUS_OK};
    enum status status = store_read_open(f->spec, &f->reader, &err);

    if (status) {
        print_error("%s\n", err.text);
    }
    assert_int_equal(status, STATUS_OK);
}

static uint64_t number_seen(struct fixture *f)
{
    struct store_filing filing;
    struct store_filing_key key = {.bank = ""};
    struct store_row row;

    assert_int_equal(store_row_read(f->reader, 3, &row, NULL), STATUS_OK);
    key.filing_id[15] = (uint8_t)row.position.number;
    assert_int_equal(store_filing_find(f->reader, 3, &key, &filing, NULL), STATUS_OK);
    return row.position.number;
}

static void missing_or_empty_store_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct failure err = {.status = STATUS_OK};
    FILE *file = NULL;

    assert_int_equal(store_read_open(f->spec, &f->reader, &err), STATUS_NOTFOUND);
    assert_non_null(strstr(err.text, f->file));
    assert_int_not_equal(access(f->file, F_OK), 0); /* and none was made */
    file = fopen(f->file, "wb");
    (void)fclose(file);
    assert_int_equal(store_read_open(f->spec, &f->reader, &err), STATUS_NOTFOUND);
    assert_int_equal(store_read_open("memory:", &f->reader, &err), STATUS_USAGE);
}

static void reader_sees_what_a_live_worker_stores(void **state)
{
    struct fixture *f = *state;

    open_store(f);
    store_number(f, 1);
    open_reader(f);
    assert_int_equal(number_seen(f), 1);
    store_number(f, 2);
    assert_int_equal(number_seen(f), 2);
}

static void snapshot_shows_one_moment(void **state)
{
    struct fixture *f = *state;
    struct store_journal_row row;

    open_store(f);
    store_number(f, 1);
    open_reader(f);
    assert_int_equal(store_read_begin(f->reader, NULL), STATUS_OK);
    store_number(f, 2);
    assert_int_equal(number_seen(f), 1);
    assert_int_equal(store_journal_find(f->reader, 3, 2, &row, NULL), STATUS_NOTFOUND);
    store_read_end(f->reader);
    assert_int_equal(number_seen(f), 2);
    assert_int_equal(store_journal_find(f->reader, 3, 2, &row, NULL), STATUS_OK);
}

static void reader_works_after_the_worker_left(void **state)
{
    struct fixture *f = *state;

    open_store(f);
    store_number(f, 1);
    store_close(f->store);
    f->store = NULL;
    open_reader(f);
    assert_int_equal(number_seen(f), 1);
}

/* The WAL of a killed worker holds what was stored and is not in FILE yet. */
static void reader_works_after_the_worker_was_killed(void **state)
{
    struct fixture *f = *state;
    struct stat wal;
    char path[128];
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0) {
        open_store(f);
        store_number(f, 1);
        (void)raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    (void)snprintf(path, sizeof(path), "%s-wal", f->file);
    assert_int_equal(stat(path, &wal), 0);
    assert_true(wal.st_size > 0);
    open_reader(f);
    assert_int_equal(number_seen(f), 1);
    store_close(f->reader);
    f->reader = NULL;
    assert_int_equal(stat(path, &wal), 0); /* closing did not checkpoint it away */
    assert_true(wal.st_size > 0);
    open_store(f);
    store_number(f, 2);
    open_reader(f);
    assert_int_equal(number_seen(f), 2);
}

static void reader_writes_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_claim c = {.partition = 3, .txn_id = "w"};
    struct store_batch batch = {.parts_n = 0};
    struct store_ledger ledger = {.partitions = 12};
    enum store_outcome outcome = STORE_STORED;
    struct store *second = NULL;
    struct store_row row;
    char previous[TXN_ID_SIZE];

    open_store(f);
    store_number(f, 1);
    open_reader(f);
    assert_int_equal(store_claim(f->reader, &c, &row, previous, NULL), STATUS_DENIED);
    assert_int_equal(store_commit(f->reader, &batch, &outcome, NULL), STATUS_DENIED);
    assert_int_not_equal(outcome, STORE_STORED);
    assert_int_equal(store_published(f->reader, 3, 1, 1, NULL), STATUS_DENIED);
    assert_int_equal(store_ledger_found(f->reader, &ledger, NULL), STATUS_DENIED);
    assert_int_equal(store_ledger_renew(f->reader, ledger.store_id, NULL), STATUS_DENIED);
    assert_int_equal(store_share(f->reader, &second, NULL), STATUS_USAGE);
    store_number(f, 2);
}

static void backup_of_a_live_store_is_a_store(void **state)
{
    struct fixture *f = *state;
    char copy[96];
    struct failure err = {.status = STATUS_OK};
    struct store *worker = NULL;

    (void)snprintf(copy, sizeof(copy), "%s/b.db", f->dir);
    assert_int_equal(store_read_backup(f->spec, copy, &err), STATUS_NOTFOUND);
    open_store(f);
    store_number(f, 1);
    assert_int_equal(store_read_backup(f->spec, copy, &err), STATUS_OK);
    assert_int_equal(store_read_backup(f->spec, copy, &err), STATUS_CONFLICT);
    store_number(f, 2);
    worker = f->store;
    (void)snprintf(f->spec, sizeof(f->spec), "sqlite:%s", copy);
    open_reader(f);
    assert_int_equal(number_seen(f), 1);
    open_store(f); /* and a worker can go on from it */
    store_number(f, 2);
    assert_int_equal(number_seen(f), 2);
    store_close(worker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(missing_or_empty_store_is_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_sees_what_a_live_worker_stores, setup, teardown),
        cmocka_unit_test_setup_teardown(snapshot_shows_one_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_works_after_the_worker_left, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_works_after_the_worker_was_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_writes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(backup_of_a_live_store_is_a_store, setup, teardown),
    };

    return cmocka_run_group_tests_name("store_read", tests, NULL, NULL);
}
