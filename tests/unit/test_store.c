/* The contract of store.h, over every implementation: each test below runs on a SQLite file and on
 * the memory store.  What only a file can show (a machine that dies, a full disk) is in
 * test_store_sqlite.c and test_store_crash.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "consumers/store/store.h"
#include "store_dir.h"

/* A sanitizer ends the process where malloc() would give NULL.  gcc tells by macros, clang by
 * features. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

static const uint8_t token_1[OWNER_TOKEN_SIZE] = "token of worker";
static const uint8_t token_2[OWNER_TOKEN_SIZE] = "token of zombie";
static const uint8_t genesis[DIGEST_SIZE] = "genesis";
static const uint8_t inputs_1[8] = {0, 0, 0, 0, 0, 0, 0, 7};
static const char enterprise_a[CODE_SIZE] = "91110000100000001A";
static const char enterprise_b[CODE_SIZE] = "91110000100000002B";
static const char first[CODE_SIZE] = "";

struct fixture {
    char dir[64];
    char spec[96];
    struct store *store;
    struct store_row row;
    char previous[TXN_ID_SIZE];
};

static struct bytes text(const char *s)
{
    return (struct bytes){.at = (const uint8_t *)s, .n = strlen(s)};
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

/* Shut and opened again; a memory store, which ends when it is shut, stays. */
static void reopen(struct fixture *f)
{
    if (f->dir[0]) {
        store_close(f->store);
        f->store = NULL;
        open_store(f);
    }
}

static void claim(struct fixture *f, uint32_t partition, const uint8_t token[OWNER_TOKEN_SIZE],
                  const char *txn_id)
{
    struct store_claim c = {.partition = partition, .txn_id = txn_id};

    memcpy(c.token, token, sizeof(c.token));
    memcpy(c.genesis, genesis, sizeof(c.genesis));
    assert_int_equal(store_claim(f->store, &c, &f->row, f->previous, NULL), STATUS_OK);
}

static int setup_sqlite(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    (void)strcpy(f->dir, "/tmp/test_store.XXXXXX");
    if (!mkdtemp(f->dir)) {
        return -1;
    }
    (void)snprintf(f->spec, sizeof(f->spec), "sqlite:%s/a.db", f->dir);
    return store_open(f->spec, &f->store, NULL) == STATUS_OK ? 0 : -1;
}

static int setup_memory(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    (void)strcpy(f->spec, "memory:");
    return store_open(f->spec, &f->store, NULL) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    store_close(f->store);
    store_dir_remove(f->dir);
    free(f);
    return 0;
}

/* A part that stores decision 1 of a partition, input offset 7. */
static struct store_part part_one(uint32_t partition)
{
    struct store_part part = {.partition = partition, .expected_next_offset = 0};

    memcpy(part.owner_token, token_1, sizeof(part.owner_token));
    part.position = (struct store_position){.next_offset = 8,
                                            .input_offset = 7,
                                            .received_ms = 1700000000000,
                                            .has_bulletin = true,
                                            .bulletin = 0,
                                            .number = 1};
    memset(part.position.chain, 0x11, sizeof(part.position.chain));
    memset(part.position.input_hash, 0x22, sizeof(part.position.input_hash));
    part.row = (struct store_journal_row){.first_number = 1,
                                          .count = 1,
                                          .starts = {.next_offset = 0, .input_offset = -1},
                                          .decisions = text("decision one"),
                                          .undo = text("undo one"),
                                          .inputs = {inputs_1, sizeof(inputs_1)}};
    memcpy(part.row.starts.chain, genesis, sizeof(genesis));
    return part;
}

/* The part after part_one(): decision 2 at input offset 8. */
static struct store_part part_two(uint32_t partition)
{
    struct store_part part = part_one(partition);

    part.expected_next_offset = 8;
    part.row.starts = part.position;
    part.row.first_number = 2;
    part.row.decisions = text("decision two");
    part.row.undo = (struct bytes){.at = NULL, .n = 0};
    part.position.number = 2;
    part.position.next_offset = 9;
    part.position.input_offset = 8;
    memset(part.position.chain, 0x33, sizeof(part.position.chain));
    return part;
}

static enum store_outcome commit_parts(struct fixture *f, const struct store_part *parts, size_t n)
{
    struct store_batch batch = {.parts = parts, .parts_n = n};
    enum store_outcome outcome = STORE_DOUBT;
    struct failure err = {.status = STATUS_OK};
    enum status status = store_commit(f->store, &batch, &outcome, &err);

    if (status) {
        print_error("%s\n", err.text);
    }
    assert_int_equal(status, STATUS_OK);
    return outcome;
}

static void store_one_and_two(struct fixture *f)
{
    struct store_part part = part_one(3);

    claim(f, 3, token_1, "w-1");
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    part = part_two(3);
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
}

static void assert_bytes(struct bytes got, const char *want)
{
    assert_int_equal(got.n, strlen(want));
    assert_memory_equal(got.at, want, got.n);
}

static void refuses_a_spec_it_does_not_know(void **state)
{
    static const char *const specs[] = {"", "sqlite:", "memory:x", "mysql://x", "filings.db"};
    struct store *store = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        assert_int_equal(store_open(specs[i], &store, NULL), STATUS_USAGE);
        assert_null(store);
    }
}

/* This program links the store as programs do; the name is put together here, so that the test does
 * not find itself.  (test_store_crash.c links the test build and dies at the points.) */
static void release_build_has_no_crash_points(void **state)
{
    char name[32];
    char *program = malloc(1U << 26);
    FILE *file = fopen("/proc/self/exe", "rb");
    size_t n = 0;

    (void)state;
    (void)snprintf(name, sizeof(name), "store-%s", "bulletins");
    assert_non_null(program);
    assert_non_null(file);
    n = fread(program, 1, 1U << 26, file);
    (void)fclose(file);
    assert_non_null(memmem(program, n, "INSERT INTO journal", 19)); /* the store is in it */
    assert_null(memmem(program, n, name, strlen(name)));
    free(program);
}

static void closing_nothing_is_allowed(void **state)
{
    (void)state;
    store_close(NULL);
}

static void ledger_is_not_there_before_it_is_founded(void **state)
{
    struct fixture *f = *state;
    struct store_ledger ledger;

    assert_int_equal(store_ledger_read(f->store, &ledger, NULL), STATUS_NOTFOUND);
}

static void ledger_is_founded_once(void **state)
{
    struct fixture *f = *state;
    struct store_ledger ledger = {
        .ledger_id = "ledger", .store_id = "store", .schema = 99, .partitions = 12};
    struct store_ledger again = ledger;
    struct store_ledger got;

    assert_int_equal(store_ledger_found(f->store, &ledger, NULL), STATUS_OK);
    memcpy(again.store_id, "other", 5);
    assert_int_equal(store_ledger_found(f->store, &again, NULL), STATUS_OK);
    reopen(f);
    assert_int_equal(store_ledger_read(f->store, &got, NULL), STATUS_OK);
    assert_memory_equal(got.ledger_id, ledger.ledger_id, sizeof(got.ledger_id));
    assert_memory_equal(got.store_id, ledger.store_id, sizeof(got.store_id));
    assert_int_equal(got.schema, STORE_SCHEMA);
    assert_int_equal(got.partitions, 12);
    again.partitions = 11;
    assert_int_equal(store_ledger_found(f->store, &again, NULL), STATUS_CONFLICT);
    again.partitions = 12;
    again.ledger_id[0] = 'x';
    assert_int_equal(store_ledger_found(f->store, &again, NULL), STATUS_CONFLICT);
}

static void a_renewed_store_has_another_id_and_the_same_ledger(void **state)
{
    static const uint8_t id[STORE_ID_SIZE] = "another";
    struct fixture *f = *state;
    struct store_ledger ledger = {.ledger_id = "ledger", .store_id = "store", .partitions = 12};
    struct store_ledger got;

    assert_int_equal(store_ledger_renew(f->store, id, NULL), STATUS_NOTFOUND);
    assert_int_equal(store_ledger_found(f->store, &ledger, NULL), STATUS_OK);
    assert_int_equal(store_ledger_renew(f->store, id, NULL), STATUS_OK);
    reopen(f);
    assert_int_equal(store_ledger_read(f->store, &got, NULL), STATUS_OK);
    assert_memory_equal(got.store_id, id, sizeof(got.store_id));
    assert_memory_equal(got.ledger_id, ledger.ledger_id, sizeof(got.ledger_id));
    assert_int_equal(got.partitions, 12);
}

static void first_claim_makes_a_row_at_the_beginning(void **state)
{
    struct fixture *f = *state;
    struct store_row row;

    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_NOTFOUND);
    claim(f, 3, token_1, "w-1");
    assert_string_equal(f->previous, "");
    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_OK);
    assert_memory_equal(&row, &f->row, sizeof(row));
    assert_int_equal(row.position.next_offset, 0);
    assert_int_equal(row.position.step, 0);
    assert_int_equal(row.position.input_offset, -1);
    assert_int_equal(row.position.number, 0);
    assert_false(row.position.has_bulletin);
    assert_memory_equal(row.position.chain, genesis, sizeof(genesis));
    assert_memory_equal(row.owner_token, token_1, sizeof(token_1));
    assert_string_equal(row.owner_txn_id, "w-1");
    assert_int_equal(row.claims, 1);
}

static void claim_takes_the_row_over_and_names_the_previous_owner(void **state)
{
    struct fixture *f = *state;
    uint8_t other_genesis[DIGEST_SIZE] = "other";
    struct store_claim c = {.partition = 3, .txn_id = "w-2"};

    store_one_and_two(f);
    memcpy(c.token, token_2, sizeof(c.token));
    memcpy(c.genesis, other_genesis, sizeof(c.genesis));
    assert_int_equal(store_claim(f->store, &c, &f->row, f->previous, NULL), STATUS_OK);
    assert_string_equal(f->previous, "w-1");
    assert_string_equal(f->row.owner_txn_id, "w-2");
    assert_memory_equal(f->row.owner_token, token_2, sizeof(token_2));
    assert_int_equal(f->row.claims, 2);
    assert_int_equal(f->row.position.number, 2); /* a claim moves nothing */
    assert_int_equal(f->row.position.next_offset, 9);
}

static void batch_is_found_after_it_is_stored(void **state)
{
    struct fixture *f = *state;
    struct store_journal_row row;
    struct store_row got;

    store_one_and_two(f);
    reopen(f);
    assert_int_equal(store_row_read(f->store, 3, &got, NULL), STATUS_OK);
    assert_int_equal(got.position.next_offset, 9);
    assert_int_equal(got.position.input_offset, 8);
    assert_int_equal(got.position.number, 2);
    assert_true(got.position.has_bulletin);
    assert_int_equal(got.position.bulletin, 0);
    assert_true(got.position.received_ms == 1700000000000);
    assert_int_equal(got.position.chain[31], 0x33);
    assert_int_equal(got.position.input_hash[31], 0x22);
    assert_int_equal(store_journal_find(f->store, 3, 1, &row, NULL), STATUS_OK);
    assert_int_equal(row.first_number, 1);
    assert_int_equal(row.count, 1);
    assert_int_equal(row.starts.number, 0);
    assert_int_equal(row.starts.input_offset, -1);
    assert_false(row.starts.has_bulletin);
    assert_memory_equal(row.starts.chain, genesis, sizeof(genesis));
    assert_bytes(row.decisions, "decision one");
    assert_bytes(row.undo, "undo one");
    assert_int_equal(row.inputs.n, 8);
    assert_int_equal(row.inputs.at[7], 7);
    assert_int_equal(store_journal_find(f->store, 3, 2, &row, NULL), STATUS_OK);
    assert_int_equal(row.starts.number, 1);
    assert_int_equal(row.starts.next_offset, 8);
    assert_true(row.starts.has_bulletin);
    assert_int_equal(row.starts.chain[0], 0x11);
    assert_bytes(row.decisions, "decision two");
    assert_bytes(row.undo, "");
}

static void journal_row_holds_all_its_numbers(void **state)
{
    struct fixture *f = *state;
    struct store_part part = part_one(3);
    struct store_journal_row row;
    uint8_t inputs[24] = {0};

    claim(f, 3, token_1, "w-1");
    part.row.count = 3;
    part.row.inputs = (struct bytes){.at = inputs, .n = sizeof(inputs)};
    part.position.number = 3;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    for (uint64_t n = 1; n <= 3; n++) {
        assert_int_equal(store_journal_find(f->store, 3, n, &row, NULL), STATUS_OK);
        assert_int_equal(row.first_number, 1);
    }
    assert_int_equal(store_journal_find(f->store, 3, 0, &row, NULL), STATUS_NOTFOUND);
    assert_int_equal(store_journal_find(f->store, 3, 4, &row, NULL), STATUS_NOTFOUND);
    assert_int_equal(store_journal_find(f->store, 2, 1, &row, NULL), STATUS_NOTFOUND);
    assert_int_equal(store_journal_find(f->store, 4, 1, &row, NULL), STATUS_NOTFOUND);
}

static void recent_is_the_last_but_one_row(void **state)
{
    struct fixture *f = *state;
    struct store_part part = part_one(3);
    uint64_t number = 99;

    claim(f, 3, token_1, "w-1");
    assert_int_equal(store_journal_recent(f->store, 3, &number, NULL), STATUS_OK);
    assert_int_equal(number, 0);
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    assert_int_equal(store_journal_recent(f->store, 3, &number, NULL), STATUS_OK);
    assert_int_equal(number, 1);
    part = part_two(3);
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    assert_int_equal(store_journal_recent(f->store, 3, &number, NULL), STATUS_OK);
    assert_int_equal(number, 1);
    part.expected_next_offset = 9;
    part.row.starts = part.position;
    part.row.first_number = 3;
    part.position.number = 3;
    part.position.next_offset = 10;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    assert_int_equal(store_journal_recent(f->store, 3, &number, NULL), STATUS_OK);
    assert_int_equal(number, 2);
}

/* S2.  Three rows, one for each thing that a part names of its row.  Taking the comparison of the
 * token alone out of the fence makes the first fail, of the offset alone the second, of the step
 * alone the third: each was tried in both implementations, and put back. */
static void part_of_another_owner_or_place_is_fenced(void **state)
{
    struct fixture *f = *state;
    struct store_part good = part_one(3);
    struct store_part parts[3] = {good, good, good};
    struct store_row row;
    uint64_t number = 99;

    claim(f, 3, token_1, "w-1");
    memcpy(parts[0].owner_token, token_2, sizeof(token_2));
    parts[1].expected_next_offset = parts[1].row.starts.next_offset = 5;
    parts[2].expected_step = parts[2].row.starts.step = 1;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(commit_parts(f, &parts[i], 1), STORE_FENCED);
        assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_OK);
        assert_int_equal(row.position.number, 0);
        assert_int_equal(store_journal_recent(f->store, 3, &number, NULL), STATUS_OK);
        assert_int_equal(number, 0);
    }
    assert_int_equal(commit_parts(f, &good, 1), STORE_STORED);
    assert_int_equal(commit_parts(f, &good, 1), STORE_FENCED); /* the same batch again */
}

/* Two belts: a zombie that comes after the next owner stored the same records has the wrong token
 * and the wrong place.  Without the comparison of the token, or without that of the place, it is
 * still kept out; this test fails only when both are taken out (tried in both implementations). */
static void either_belt_alone_keeps_a_zombie_out(void **state)
{
    struct fixture *f = *state;
    struct store_part zombie = part_one(3);
    struct store_part owner = part_one(3);
    struct store_row row;

    claim(f, 3, token_1, "w-1");
    claim(f, 3, token_2, "w-2");
    memcpy(owner.owner_token, token_2, sizeof(token_2));
    assert_int_equal(commit_parts(f, &owner, 1), STORE_STORED);
    zombie.row.decisions = text("decision of a zombie");
    memset(zombie.position.chain, 0x66, sizeof(zombie.position.chain));
    assert_int_equal(commit_parts(f, &zombie, 1), STORE_FENCED);
    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_OK);
    assert_int_equal(row.position.chain[0], 0x11);
}

static void part_without_a_row_is_fenced(void **state)
{
    struct fixture *f = *state;
    struct store_part part = part_one(3);

    assert_int_equal(commit_parts(f, &part, 1), STORE_FENCED);
}

/* Everything a part can hold, for the tests of all or nothing. */
static const struct store_held held_one = {.arrival_number = 1,
                                           .waits_for = 401,
                                           .record = {(const uint8_t *)"held", 4}};
static const struct store_bulletin bulletin_zero = {.number = 0,
                                                    .content = {(const uint8_t *)"founding", 8}};

static struct store_filing filing_of(uint8_t id, uint64_t number)
{
    struct store_filing filing = {.first_number = number, .last_number = number};

    memset(filing.key.filing_id, id, sizeof(filing.key.filing_id));
    memcpy(filing.key.bank, "210100000123", BANK_SIZE);
    memcpy(filing.key.enterprise, enterprise_a, CODE_SIZE);
    memset(filing.filing_hash, id, sizeof(filing.filing_hash));
    return filing;
}

static struct store_state state_of(const char enterprise[CODE_SIZE], uint64_t number,
                                   const char *bytes)
{
    struct store_state state = {.number = number, .bytes = text(bytes)};

    memcpy(state.enterprise, enterprise, CODE_SIZE);
    return state;
}

/* S1, across partitions: the second part is fenced, so nothing of the first is there. */
static void fenced_part_undoes_the_whole_batch(void **state)
{
    struct fixture *f = *state;
    struct store_part parts[2] = {part_one(3), part_one(4)};
    struct store_filing filing = filing_of(9, 1);
    struct store_state enterprise = state_of(enterprise_a, 1, "state");
    struct store_filing got_filing;
    struct store_state got_state;
    struct store_held got_held;
    struct store_bulletin got_bulletin;
    struct store_row row;

    claim(f, 3, token_1, "w-1");
    claim(f, 4, token_2, "w-2");
    parts[0].filings = &filing;
    parts[0].filings_n = 1;
    parts[0].states = &enterprise;
    parts[0].states_n = 1;
    parts[0].held = &held_one;
    parts[0].held_n = 1;
    parts[0].bulletins = &bulletin_zero;
    parts[0].bulletins_n = 1;
    assert_int_equal(commit_parts(f, parts, 2), STORE_FENCED);
    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_OK);
    assert_int_equal(row.position.number, 0);
    assert_int_equal(store_filing_find(f->store, 3, &filing.key, &got_filing, NULL),
                     STATUS_NOTFOUND);
    assert_int_equal(store_state_find(f->store, 3, enterprise_a, &got_state, NULL),
                     STATUS_NOTFOUND);
    assert_int_equal(store_held_next(f->store, 3, 0, &got_held, NULL), STATUS_NOTFOUND);
    assert_int_equal(store_bulletin_next(f->store, 0, &got_bulletin, NULL), STATUS_NOTFOUND);
    memcpy(parts[1].owner_token, token_2, sizeof(token_2));
    assert_int_equal(commit_parts(f, parts, 2), STORE_STORED);
    assert_int_equal(store_filing_find(f->store, 3, &filing.key, &got_filing, NULL), STATUS_OK);
}

static void position_moves_without_a_journal_row(void **state)
{
    struct fixture *f = *state;
    struct store_part part = part_one(3);
    uint64_t number = 99;
    struct store_row row;

    claim(f, 3, token_1, "w-1");
    part.row.count = 0;
    part.position.number = 0;
    part.position.step = 17;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_OK);
    assert_int_equal(row.position.next_offset, 8);
    assert_int_equal(row.position.step, 17);
    assert_int_equal(store_journal_recent(f->store, 3, &number, NULL), STATUS_OK);
    assert_int_equal(number, 0);
}

static void empty_batch_is_stored(void **state)
{
    assert_int_equal(commit_parts(*state, NULL, 0), STORE_STORED);
}

/* Every field of the key decides, and so does the partition. */
static void filing_is_found_by_its_whole_key_only(void **state)
{
    struct fixture *f = *state;
    struct store_part part = part_one(3);
    struct store_filing filing = filing_of(9, 1);
    struct store_filing_key keys[3] = {filing.key, filing.key, filing.key};
    struct store_filing got;

    keys[0].filing_id[15] ^= 1;
    keys[1].bank[11] = '9';
    keys[2].enterprise[17] = 'Z';
    claim(f, 3, token_1, "w-1");
    filing.accepted_number = 1;
    part.filings = &filing;
    part.filings_n = 1;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    reopen(f);
    assert_int_equal(store_filing_find(f->store, 3, &filing.key, &got, NULL), STATUS_OK);
    assert_memory_equal(&got, &filing, sizeof(got));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(store_filing_find(f->store, 3, &keys[i], &got, NULL), STATUS_NOTFOUND);
    }
    assert_int_equal(store_filing_find(f->store, 2, &filing.key, &got, NULL), STATUS_NOTFOUND);
}

static void filing_is_replaced_under_its_key(void **state)
{
    struct fixture *f = *state;
    struct store_part part = part_one(3);
    struct store_filing filing = filing_of(9, 1);
    struct store_filing got;

    claim(f, 3, token_1, "w-1");
    part.filings = &filing;
    part.filings_n = 1;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    part = part_two(3);
    filing.last_number = 2;
    filing.accepted_number = 2;
    filing.reversed_number = 2;
    part.filings = &filing;
    part.filings_n = 1;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    assert_int_equal(store_filing_find(f->store, 3, &filing.key, &got, NULL), STATUS_OK);
    assert_memory_equal(&got, &filing, sizeof(got));
}

/* Stored in no order, walked in the order of the keys. */
/* The same order many at a time; a piece that is full is asked for more. */
static void walk_in_pieces(struct fixture *f, const struct store_filing filings[4])
{
    static const size_t order[4] = {3, 1, 0, 2};

    for (size_t max = 1; max <= 5; max++) {
        struct store_filing rows[5];
        struct store_walk walk = {.rows = rows, .rows_max = max, .rows_n = max};
        size_t n = 0;

        memset(rows, 0, sizeof(rows)); /* what lies between members is compared, too */
        while (walk.rows_n == max) {
            assert_int_equal(store_filing_walk(f->store, 3, &walk, NULL), STATUS_OK);
            for (size_t i = 0; i < walk.rows_n; i++, n++) {
                assert_memory_equal(&rows[i], &filings[order[n]], sizeof(rows[i]));
            }
        }
        assert_int_equal(n, 4);
        walk = (struct store_walk){.rows = rows, .rows_max = max};
        assert_int_equal(store_filing_walk(f->store, 2, &walk, NULL), STATUS_OK);
        assert_int_equal(walk.rows_n, 0);
    }
}

static void filings_are_walked_in_the_order_of_their_keys(void **state)
{
    struct fixture *f = *state;
    struct store_part part = part_one(3);
    struct store_filing filings[4] = {filing_of(9, 1), filing_of(2, 1), filing_of(0xfe, 1),
                                      filing_of(2, 1)};
    struct store_filing_key key = {.bank = ""};
    struct store_filing got;

    memcpy(filings[3].key.bank, "210100000122", BANK_SIZE); /* the same id, a smaller bank */
    claim(f, 3, token_1, "w-1");
    part.filings = filings;
    part.filings_n = 4;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    for (size_t i = 0; i < 4; i++) {
        static const size_t order[4] = {3, 1, 0, 2};

        assert_int_equal(store_filing_next(f->store, 3, &key, &got, NULL), STATUS_OK);
        assert_memory_equal(&got, &filings[order[i]], sizeof(got));
        key = got.key;
        key.enterprise[17]++;
    }
    assert_int_equal(store_filing_next(f->store, 3, &key, &got, NULL), STATUS_NOTFOUND);
    key = filings[2].key;
    assert_int_equal(store_filing_next(f->store, 3, &key, &got, NULL), STATUS_OK);
    assert_int_equal(store_filing_next(f->store, 2, &key, &got, NULL), STATUS_NOTFOUND);
    walk_in_pieces(f, filings);
}

static void states_are_replaced_and_walked(void **state)
{
    struct fixture *f = *state;
    struct store_part part = part_one(3);
    struct store_state states[2] = {state_of(enterprise_b, 1, "b one, longer than two"),
                                    state_of(enterprise_a, 1, "a one")};
    struct store_state newer = state_of(enterprise_b, 2, "b two");
    struct store_state got;

    claim(f, 3, token_1, "w-1");
    part.states = states;
    part.states_n = 2;
    part.clean_number = 1;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    part = part_two(3);
    part.states = &newer;
    part.states_n = 1;
    part.clean_number = 2;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    reopen(f);
    assert_int_equal(store_row_read(f->store, 3, &f->row, NULL), STATUS_OK);
    assert_int_equal(f->row.clean_number, 2);
    assert_int_equal(store_state_find(f->store, 3, enterprise_b, &got, NULL), STATUS_OK);
    assert_int_equal(got.number, 2);
    assert_bytes(got.bytes, "b two");
    assert_int_equal(store_state_next(f->store, 3, first, &got, NULL), STATUS_OK);
    assert_memory_equal(got.enterprise, enterprise_a, CODE_SIZE);
    assert_bytes(got.bytes, "a one");
    assert_int_equal(store_state_next(f->store, 3, enterprise_a, &got, NULL), STATUS_OK);
    assert_memory_equal(got.enterprise, enterprise_b, CODE_SIZE);
    assert_int_equal(store_state_next(f->store, 3, enterprise_b, &got, NULL), STATUS_NOTFOUND);
    assert_int_equal(store_state_next(f->store, 2, first, &got, NULL), STATUS_NOTFOUND);
    assert_int_equal(store_state_find(f->store, 2, enterprise_b, &got, NULL), STATUS_NOTFOUND);
}

static void held_filings_are_walked_replaced_and_released(void **state)
{
    struct fixture *f = *state;
    struct store_part part = part_one(3);
    struct store_held held[3] = {held_one, held_one, held_one};
    static const uint64_t released[2] = {1, 77}; /* 77 never was */
    struct store_held got;

    held[0].arrival_number = 5;
    held[2].arrival_number = 3;
    memcpy(held[0].enterprise, enterprise_a, CODE_SIZE);
    memcpy(held[1].enterprise, enterprise_a, CODE_SIZE);
    memcpy(held[2].enterprise, enterprise_b, CODE_SIZE);
    claim(f, 3, token_1, "w-1");
    part.held = held;
    part.held_n = 3;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    part = part_two(3);
    held[2].waits_for = 403;
    held[2].record = text("held again");
    part.held = &held[2];
    part.held_n = 1;
    part.released = released;
    part.released_n = 2;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    reopen(f);
    assert_int_equal(store_held_next(f->store, 3, 0, &got, NULL), STATUS_OK);
    assert_int_equal(got.arrival_number, 3);
    assert_int_equal(got.waits_for, 403);
    assert_memory_equal(got.enterprise, enterprise_b, CODE_SIZE);
    assert_bytes(got.record, "held again");
    assert_int_equal(store_held_next(f->store, 3, 3, &got, NULL), STATUS_OK);
    assert_int_equal(got.arrival_number, 5);
    assert_bytes(got.record, "held");
    assert_int_equal(store_held_next(f->store, 3, 5, &got, NULL), STATUS_NOTFOUND);
    assert_int_equal(store_held_next(f->store, 4, 0, &got, NULL), STATUS_NOTFOUND);
}

static void filing_held_and_released_in_one_batch_is_gone(void **state)
{
    struct fixture *f = *state;
    struct store_part part = part_one(3);
    static const uint64_t released = 1;
    struct store_held got;

    claim(f, 3, token_1, "w-1");
    part.held = &held_one;
    part.held_n = 1;
    part.released = &released;
    part.released_n = 1;
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    assert_int_equal(store_held_next(f->store, 3, 0, &got, NULL), STATUS_NOTFOUND);
}

/* A bulletin comes once for each partition; it is one bulletin. */
static void bulletin_is_kept_once_and_found_by_number(void **state)
{
    struct fixture *f = *state;
    struct store_part parts[2] = {part_one(3), part_one(4)};
    struct store_bulletin three = {.number = 3, .content = text("")};
    struct store_bulletin got;

    claim(f, 3, token_1, "w-1");
    claim(f, 4, token_1, "w-1");
    parts[0].bulletins = parts[1].bulletins = &bulletin_zero;
    parts[0].bulletins_n = parts[1].bulletins_n = 1;
    assert_int_equal(commit_parts(f, parts, 2), STORE_STORED);
    parts[0] = part_two(3);
    parts[0].bulletins = &three;
    parts[0].bulletins_n = 1;
    assert_int_equal(commit_parts(f, parts, 1), STORE_STORED);
    reopen(f);
    assert_int_equal(store_bulletin_next(f->store, 0, &got, NULL), STATUS_OK);
    assert_int_equal(got.number, 0);
    assert_bytes(got.content, "founding");
    assert_int_equal(store_bulletin_next(f->store, 1, &got, NULL), STATUS_OK);
    assert_int_equal(got.number, 3);
    assert_bytes(got.content, "");
    assert_int_equal(store_bulletin_next(f->store, 4, &got, NULL), STATUS_NOTFOUND);
}

/* S4, against what is there and within a batch; nothing of the batch is stored (S1). */
static void other_content_under_a_bulletin_number_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store_part parts[2] = {part_one(3), part_one(4)};
    struct store_batch batch = {.parts = parts, .parts_n = 2};
    struct store_bulletin other = {.number = 0, .content = text("foundinG")};
    enum store_outcome outcome = STORE_STORED;
    struct failure err = {.status = STATUS_OK};
    struct store_row row;

    claim(f, 3, token_1, "w-1");
    claim(f, 4, token_1, "w-1");
    parts[0].bulletins = &bulletin_zero;
    parts[1].bulletins = &other;
    parts[0].bulletins_n = parts[1].bulletins_n = 1;
    assert_int_equal(store_commit(f->store, &batch, &outcome, &err), STATUS_CONFLICT);
    assert_int_equal(err.remedy, REMEDY_STOP);
    assert_int_not_equal(outcome, STORE_STORED);
    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_OK);
    assert_int_equal(row.position.number, 0);
    parts[1].bulletins = &bulletin_zero;
    assert_int_equal(commit_parts(f, parts, 2), STORE_STORED);
    parts[0] = part_two(3);
    parts[0].bulletins = &other;
    parts[0].bulletins_n = 1;
    batch.parts_n = 1;
    assert_int_equal(store_commit(f->store, &batch, &outcome, &err), STATUS_CONFLICT);
    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_OK);
    assert_int_equal(row.position.number, 1);
}

static void published_hint_is_seen_at_once_and_kept(void **state)
{
    struct fixture *f = *state;
    struct store_row row;

    store_one_and_two(f);
    assert_int_equal(store_published(f->store, 3, 2, 41, NULL), STATUS_OK);
    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_OK);
    assert_int_equal(row.published_number, 2);
    assert_int_equal(row.published_offset, 41);
    reopen(f);
    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_OK);
    assert_int_equal(row.published_number, 2);
    assert_int_equal(row.published_offset, 41);
    assert_int_equal(row.position.number, 2); /* and nothing else moved */
    assert_int_equal(store_published(f->store, 3, 2, 55, NULL), STATUS_OK);
    claim(f, 3, token_2, "w-2");
    assert_int_equal(f->row.published_offset, 55);
}

static void large_bytes_come_back_whole(void **state)
{
    struct fixture *f = *state;
    struct store_part part = part_one(3);
    size_t n = 3000000;
    char *large = malloc(n + 1);
    struct store_journal_row row;

    for (size_t i = 0; i < n; i++) {
        large[i] = (char)(i * 31 % 251 + 1);
    }
    large[n] = 0;
    claim(f, 3, token_1, "w-1");
    part.row.decisions = text(large);
    assert_int_equal(commit_parts(f, &part, 1), STORE_STORED);
    reopen(f);
    assert_int_equal(store_journal_find(f->store, 3, 1, &row, NULL), STATUS_OK);
    assert_bytes(row.decisions, large);
    assert_bytes(row.undo, "undo one");
    free(large);
}

static void two_handles_share_a_memory_store(void **state)
{
    struct fixture *f = *state;
    struct store *second = NULL;
    struct store_row row;

    if (f->dir[0]) {
        assert_int_equal(store_share(f->store, &second, NULL), STATUS_USAGE);
        return;
    }
    store_one_and_two(f);
    assert_int_equal(store_share(f->store, &second, NULL), STATUS_OK);
    store_close(f->store);
    f->store = second;
    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_OK);
    assert_int_equal(row.position.number, 2);
}

#ifndef SANITIZED
/* Address space that may still be taken; RLIM_INFINITY = any. */
static void limit_memory(rlim_t more)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file)); /* pages first */
    (void)fclose(file);
    if (more != RLIM_INFINITY) {
        limit.rlim_cur = strtoul(line, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE) + more;
    }
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

/* S1 when memory ends in the middle of a batch: the first part is applied already, so nobody may
 * look any more. */
static void memory_store_that_ran_out_of_memory_shows_nothing(void **state)
{
    struct fixture *f = *state;
    size_t n = 1U << 28;
    struct store_part parts[2] = {part_one(3), part_one(4)};
    struct store_batch batch = {.parts = parts, .parts_n = 2};
    enum store_outcome outcome = STORE_STORED;
    struct failure err = {.status = STATUS_OK};
    enum status status = STATUS_OK;
    struct store_row row;
    void *large = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    assert_true(large != MAP_FAILED);
    claim(f, 3, token_1, "w-1");
    claim(f, 4, token_1, "w-1");
    parts[1].row.decisions = (struct bytes){.at = large, .n = n};
    limit_memory((rlim_t)n / 2);
    status = store_commit(f->store, &batch, &outcome, &err);
    limit_memory(RLIM_INFINITY);
    (void)munmap(large, n);
    assert_int_equal(status, STATUS_NOMEM);
    assert_int_equal(err.remedy, REMEDY_STOP);
    assert_int_not_equal(outcome, STORE_STORED);
    assert_int_equal(store_row_read(f->store, 3, &row, NULL), STATUS_NOMEM);
    parts[1] = part_one(4);
    assert_int_equal(store_commit(f->store, &batch, &outcome, NULL), STATUS_NOMEM);
}
#endif

#define BOTH(test)                                                                                 \
    {"sqlite: " #test, test, setup_sqlite, teardown, NULL},                                        \
    {                                                                                              \
        "memory: " #test, test, setup_memory, teardown, NULL                                       \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_a_spec_it_does_not_know),
        cmocka_unit_test(closing_nothing_is_allowed),
        cmocka_unit_test(release_build_has_no_crash_points),
        BOTH(ledger_is_not_there_before_it_is_founded),
        BOTH(ledger_is_founded_once),
        BOTH(a_renewed_store_has_another_id_and_the_same_ledger),
        BOTH(first_claim_makes_a_row_at_the_beginning),
        BOTH(claim_takes_the_row_over_and_names_the_previous_owner),
        BOTH(batch_is_found_after_it_is_stored),
        BOTH(journal_row_holds_all_its_numbers),
        BOTH(recent_is_the_last_but_one_row),
        BOTH(part_of_another_owner_or_place_is_fenced),
        BOTH(either_belt_alone_keeps_a_zombie_out),
        BOTH(part_without_a_row_is_fenced),
        BOTH(fenced_part_undoes_the_whole_batch),
        BOTH(position_moves_without_a_journal_row),
        BOTH(empty_batch_is_stored),
        BOTH(filing_is_found_by_its_whole_key_only),
        BOTH(filing_is_replaced_under_its_key),
        BOTH(filings_are_walked_in_the_order_of_their_keys),
        BOTH(states_are_replaced_and_walked),
        BOTH(held_filings_are_walked_replaced_and_released),
        BOTH(filing_held_and_released_in_one_batch_is_gone),
        BOTH(bulletin_is_kept_once_and_found_by_number),
        BOTH(other_content_under_a_bulletin_number_is_refused),
        BOTH(published_hint_is_seen_at_once_and_kept),
        BOTH(large_bytes_come_back_whole),
        BOTH(two_handles_share_a_memory_store),
#ifndef SANITIZED
        cmocka_unit_test_setup_teardown(memory_store_that_ran_out_of_memory_shows_nothing,
                                        setup_memory, teardown),
#endif
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
