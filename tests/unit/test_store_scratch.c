/* A scratch store: one handle, no lock, and what was saved last is what a killed process leaves. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "consumers/store/store_read.h"
#include "consumers/store/store_scratch.h"

#define PARTITION 3

struct fixture {
    char dir[64];
    char file[96];
    struct store *store;
};

static struct failure err;

static void must(enum status status)
{
    if (status != STATUS_OK) {
        print_error("%s\n", err.text);
    }
    assert_int_equal(status, STATUS_OK);
}

static void open_scratch(struct fixture *f) { must(store_scratch_open(f->file, &f->store, &err)); }

static void claim(struct fixture *f, struct store_row *row)
{
    const struct store_claim claim = {.partition = PARTITION, .txn_id = "replay"};
    char previous[TXN_ID_SIZE];

    must(store_claim(f->store, &claim, row, previous, &err));
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct store_row row;

    *state = f;
    (void)strcpy(f->dir, "/tmp/test_scratch.XXXXXX");
    if (!mkdtemp(f->dir)) {
        return -1;
    }
    (void)snprintf(f->file, sizeof(f->file), "%s/3.db", f->dir);
    open_scratch(f);
    claim(f, &row);
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"3.db", "3.db-copy"};
    static const char *const ends[] = {"", "-journal", "-wal", "-shm", ".lock"};
    struct fixture *f = *state;
    char path[128];

    store_close(f->store);
    for (size_t i = 0; i < 2 * sizeof(ends) / sizeof(ends[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s%s", f->dir, names[i % 2], ends[i / 2]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(f->dir), 0);
    free(f);
    return 0;
}

/* One filing and a position that moves by one. */
static enum store_outcome commit_one(struct store *store, uint64_t number)
{
    struct store_filing filing = {.first_number = number, .last_number = number};
    struct store_part part = {.partition = PARTITION,
                              .expected_next_offset = (int64_t)number - 1,
                              .position = {.next_offset = (int64_t)number, .number = number},
                              .filings = &filing,
                              .filings_n = 1};
    const struct store_batch batch = {.parts = &part, .parts_n = 1};
    enum store_outcome outcome = STORE_DOUBT;

    memset(filing.key.bank, '1', sizeof(filing.key.bank));
    memset(filing.key.enterprise, '9', sizeof(filing.key.enterprise));
    filing.key.filing_id[15] = (uint8_t)number;
    if (store_commit(store, &batch, &outcome, &err) != STATUS_OK) {
        print_error("%s\n", err.text);
    }
    return outcome;
}

static bool has_filing(struct store *store, uint64_t number)
{
    struct store_filing_key key = {.filing_id = {0}};
    struct store_filing filing;

    memset(key.bank, '1', sizeof(key.bank));
    memset(key.enterprise, '9', sizeof(key.enterprise));
    key.filing_id[15] = (uint8_t)number;
    return store_filing_find(store, PARTITION, &key, &filing, NULL) == STATUS_OK;
}

static void a_batch_counts_at_once(void **state)
{
    struct fixture *f = *state;
    struct store_row row;

    assert_int_equal(commit_one(f->store, 1), STORE_STORED);
    assert_true(has_filing(f->store, 1));
    assert_false(has_filing(f->store, 2));
    must(store_row_read(f->store, PARTITION, &row, &err));
    assert_int_equal(row.position.number, 1);
    assert_int_equal(commit_one(f->store, 2), STORE_STORED);
    assert_int_equal(commit_one(f->store, 2), STORE_FENCED);
}

static void there_is_no_note_before_the_first_save(void **state)
{
    struct fixture *f = *state;
    struct buffer note;

    buffer_init(&note, 100);
    assert_int_equal(store_scratch_note(f->store, &note, NULL), STATUS_NOTFOUND);
    buffer_fini(&note);
}

/* A process that saves after decision 2 and is killed after decision 3. */
static void kill_one(struct fixture *f)
{
    pid_t child;
    int how = 0;

    store_close(f->store);
    f->store = NULL;
    child = fork();
    if (child == 0) {
        struct store_row row;

        open_scratch(f);
        claim(f, &row);
        (void)commit_one(f->store, 1);
        (void)commit_one(f->store, 2);
        must(store_scratch_save(f->store, bytes_of("two"), &err));
        (void)commit_one(f->store, 3);
        (void)kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
}

static void what_was_saved_outlives_a_kill_and_the_rest_does_not(void **state)
{
    struct fixture *f = *state;
    struct store_row row;
    struct buffer note;

    kill_one(f);
    open_scratch(f);
    claim(f, &row);
    assert_int_equal(row.position.number, 2);
    assert_true(has_filing(f->store, 2));
    assert_false(has_filing(f->store, 3));
    buffer_init(&note, 100);
    must(store_scratch_note(f->store, &note, &err));
    assert_string_equal(buffer_cstr(&note), "two");
    buffer_fini(&note);
    assert_int_equal(commit_one(f->store, 3), STORE_STORED);
}

/* A backup becomes a scratch store; the one that it is of is not touched. */
static void a_copy_of_a_store_can_be_gone_on_with(void **state)
{
    struct fixture *f = *state;
    char spec[128];
    char copy[128];
    struct store *live = NULL;
    struct store_row row;

    store_close(f->store);
    f->store = NULL;
    (void)unlink(f->file);
    (void)snprintf(spec, sizeof(spec), "sqlite:%s", f->file);
    (void)snprintf(copy, sizeof(copy), "%s-copy", f->file);
    must(store_open(spec, &live, &err));
    f->store = live;
    claim(f, &row);
    assert_int_equal(commit_one(live, 1), STORE_STORED);
    must(store_read_backup(spec, copy, &err));
    store_close(live);
    must(store_scratch_open(copy, &f->store, &err));
    claim(f, &row);
    assert_int_equal(row.position.number, 1);
    assert_true(has_filing(f->store, 1));
    assert_int_equal(commit_one(f->store, 2), STORE_STORED);
    must(store_scratch_save(f->store, bytes_of(""), &err));
    store_close(f->store);
    f->store = NULL;
    (void)unlink(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_batch_counts_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(there_is_no_note_before_the_first_save, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_saved_outlives_a_kill_and_the_rest_does_not, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_copy_of_a_store_can_be_gone_on_with, setup, teardown),
    };

    return cmocka_run_group_tests_name("store_scratch", tests, NULL, NULL);
}
