/* A process that dies while it stores: at every named point, and at times of chance.  A child opens
 * the store, dies by SIGKILL, and the parent opens what it left behind: all of the batch or nothing
 * of it, and everything that was said to be stored. */
#include <poll.h>
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

#include "base/bytes.h"
#include "consumers/store/store.h"
#include "consumers/store/store_crash.h"
#include "store_dir.h"

#define FILINGS_N    300
#define KILLS_N      25
#define START_MS_MAX 20000 /* a sanitized process on a busy machine */

static const uint8_t token[OWNER_TOKEN_SIZE] = "token of worker";
static const uint32_t partitions[2] = {3, 8};

struct fixture {
    char dir[64];
    char spec[112];
    struct store *store;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    (void)strcpy(f->dir, "/tmp/test_store_crash.XXXXXX");
    if (!mkdtemp(f->dir)) {
        return -1;
    }
    (void)snprintf(f->spec, sizeof(f->spec), "sqlite:%s/a.db", f->dir);
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

static bool open_and_claim(struct fixture *f)
{
    bool ok = store_open(f->spec, &f->store, NULL) == STATUS_OK;

    for (size_t i = 0; i < 2 && ok; i++) {
        struct store_claim c = {.partition = partitions[i], .txn_id = "w"};
        char previous[TXN_ID_SIZE];
        struct store_row row;

        memcpy(c.token, token, sizeof(c.token));
        ok = store_claim(f->store, &c, &row, previous, NULL) == STATUS_OK;
    }
    return ok;
}

static void close_store(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

static struct store_filing filing_of(uint64_t number, uint64_t i)
{
    struct store_filing filing = {.first_number = number, .last_number = number};

    be64_put(filing.key.filing_id, UINT64_C(1700000000000) << 16 | (number * FILINGS_N + i));
    memset(filing.key.bank, '1', BANK_SIZE);
    memset(filing.key.enterprise, 'A', CODE_SIZE);
    return filing;
}

/* Decision number of both partitions, with something in every table. */
static bool commit_number(struct fixture *f, uint64_t number)
{
    static struct store_filing filings[FILINGS_N];
    static uint8_t inputs[8];
    static uint8_t decisions[20000];
    struct store_state enterprise = {.number = number, .bytes = {decisions, 3000}};
    struct store_held held = {.arrival_number = number, .record = {decisions, 100}};
    uint64_t released = number - 1;
    struct store_bulletin bulletin = {.number = number, .content = {decisions, 50}};
    struct store_part parts[2];
    struct store_batch batch = {.parts = parts, .parts_n = 2};
    enum store_outcome outcome = STORE_DROPPED;

    memset(decisions, (int)number, sizeof(decisions));
    memset(enterprise.enterprise, 'A', CODE_SIZE);
    memset(held.enterprise, 'A', CODE_SIZE);
    for (size_t i = 0; i < FILINGS_N; i++) {
        filings[i] = filing_of(number, i);
    }
    for (size_t i = 0; i < 2; i++) {
        struct store_part *part = &parts[i];

        *part = (struct store_part){.partition = partitions[i],
                                    .expected_next_offset = (int64_t)number - 1,
                                    .filings = filings,
                                    .filings_n = FILINGS_N,
                                    .states = &enterprise,
                                    .states_n = 1,
                                    .held = &held,
                                    .held_n = 1,
                                    .released = &released,
                                    .released_n = 1,
                                    .bulletins = &bulletin,
                                    .bulletins_n = 1};
        memcpy(part->owner_token, token, sizeof(token));
        part->position = (struct store_position){.next_offset = (int64_t)number, .number = number};
        part->row = (struct store_journal_row){
            .first_number = number,
            .count = 1,
            .starts = {.next_offset = (int64_t)number - 1, .number = number - 1},
            .decisions = {decisions, sizeof(decisions)},
            .inputs = {inputs, sizeof(inputs)}};
    }
    return store_commit(f->store, &batch, &outcome, NULL) == STATUS_OK && outcome == STORE_STORED;
}

/* Every table agrees that the last batch stored is number. */
static void assert_last_is(struct fixture *f, uint32_t partition, uint64_t number)
{
    struct store_journal_row journal;
    struct store_filing filing;
    struct store_filing next = filing_of(number + 1, 0);
    struct store_state enterprise;
    struct store_held held;
    struct store_bulletin bulletin;
    char code[CODE_SIZE];

    memset(code, 'A', sizeof(code));
    assert_int_equal(store_journal_find(f->store, partition, number + 1, &journal, NULL),
                     STATUS_NOTFOUND);
    assert_int_equal(store_filing_find(f->store, partition, &next.key, &filing, NULL),
                     STATUS_NOTFOUND);
    assert_int_equal(store_bulletin_next(f->store, number + 1, &bulletin, NULL), STATUS_NOTFOUND);
    for (uint64_t n = 1; n <= number; n++) {
        assert_int_equal(store_journal_find(f->store, partition, n, &journal, NULL), STATUS_OK);
        assert_int_equal(journal.decisions.n, 20000);
        assert_int_equal(journal.decisions.at[19999], n & 0xff);
        for (size_t i = 0; i < FILINGS_N; i++) {
            struct store_filing wanted = filing_of(n, i);

            assert_int_equal(store_filing_find(f->store, partition, &wanted.key, &filing, NULL),
                             STATUS_OK);
        }
    }
    if (number > 0) {
        assert_int_equal(store_state_find(f->store, partition, code, &enterprise, NULL), STATUS_OK);
        assert_int_equal(enterprise.number, number);
        assert_int_equal(store_held_next(f->store, partition, 0, &held, NULL), STATUS_OK);
        assert_int_equal(held.arrival_number, number);
    }
}

/* Run in the child; comes back only if nothing killed it. */
static void child(struct fixture *f, const char *place)
{
    if (strcmp(place, "store-schema") == 0 || strcmp(place, "store-claim") == 0) {
        store_crash_at(place);
    }
    if (!open_and_claim(f) || !commit_number(f, 1)) {
        _exit(1);
    }
    store_crash_at(place);
    (void)commit_number(f, 2);
    _exit(2);
}

static void crash_at(struct fixture *f, const char *place)
{
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0) {
        child(f, place);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFSIGNALED(status)) {
        print_error("nothing at '%s' was come by\n", place);
    }
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void death_at_every_point_leaves_all_or_nothing(void **state)
{
    static const struct {
        const char *place;
        uint64_t number; /* of the last batch that is there afterwards */
    } rows[] = {
        {"store-schema", 0},  {"store-claim", 0},     {"store-row", 1},    {"store-journal", 1},
        {"store-filings", 1}, {"store-held", 1},      {"store-states", 1}, {"store-bulletins", 1},
        {"store-commit", 1},  {"store-committed", 2},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store_row row;

        store_dir_empty(f->dir);
        crash_at(f, rows[i].place);
        assert_true(open_and_claim(f)); /* the lock died with its process */
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(store_row_read(f->store, partitions[k], &row, NULL), STATUS_OK);
            assert_true(row.position.number == rows[i].number);
            assert_last_is(f, partitions[k], rows[i].number);
        }
        assert_true(commit_number(f, rows[i].number + 1));
        close_store(f);
    }
}

/* Stores batch after batch and tells each number once it is stored. */
static void child_without_end(struct fixture *f, int tell)
{
    struct store_row row;

    if (!open_and_claim(f) || store_row_read(f->store, partitions[0], &row, NULL) != STATUS_OK) {
        _exit(1);
    }
    for (uint64_t n = row.position.number + 1;; n++) {
        if (!commit_number(f, n) || write(tell, &n, sizeof(n)) != sizeof(n)) {
            _exit(1);
        }
    }
}

/* The last number the child told before it was killed, 0 = none.  The time counts from its first
 * number on, or from its start. */
static uint64_t run_and_kill(struct fixture *f, int after_ms, bool from_first)
{
    struct pollfd heard = {.events = POLLIN};
    int ends[2];
    uint64_t told = 0;
    uint64_t n = 0;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(ends[0]);
        child_without_end(f, ends[1]);
    }
    (void)close(ends[1]);
    heard.fd = ends[0];
    if (from_first) {
        assert_int_equal(poll(&heard, 1, START_MS_MAX), 1);
    }
    (void)poll(NULL, 0, after_ms);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    while (read(ends[0], &n, sizeof(n)) == sizeof(n)) {
        told = n;
    }
    (void)close(ends[0]);
    return told;
}

/* What was told is there; at most one batch more, of which nobody heard. */
static void what_was_told_survives_a_kill_at_any_time(void **state)
{
    struct fixture *f = *state;
    uint64_t last = 0;

    for (int i = 0; i < KILLS_N; i++) {
        uint64_t told = run_and_kill(f, 3 + i * 7 % 40, i % 2 == 1);
        struct store_row row;

        assert_true(open_and_claim(f));
        assert_int_equal(store_row_read(f->store, partitions[0], &row, NULL), STATUS_OK);
        last = told > last ? told : last;
        assert_true(row.position.number == last || row.position.number == last + 1);
        last = row.position.number;
        assert_last_is(f, partitions[0], last);
        assert_last_is(f, partitions[1], last);
        close_store(f);
    }
    assert_true(last >= KILLS_N / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(death_at_every_point_leaves_all_or_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_told_survives_a_kill_at_any_time, setup, teardown),
    };

    return cmocka_run_group_tests_name("store_crash", tests, NULL, NULL);
}
