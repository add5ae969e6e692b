/* The digest follows the states and nothing else: their codes, their bytes, their order by code,
 * not how or when they were written.  It is computed here a second time from the rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/store/states_digest.h"

static const uint8_t token[OWNER_TOKEN_SIZE] = "token";

struct fixture {
    struct store *store;
    struct hash *hash;
    struct store_row row;
};

struct row {
    const char *code;
    const char *bytes;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct store_claim claim = {.partition = 3, .txn_id = "t"};
    char previous[TXN_ID_SIZE];

    *state = f;
    memcpy(claim.token, token, sizeof(claim.token));
    return f && store_open("memory:", &f->store, NULL) == STATUS_OK &&
                   hash_open(&f->hash, NULL) == STATUS_OK &&
                   store_claim(f->store, &claim, &f->row, previous, NULL) == STATUS_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    store_close(f->store);
    hash_close(f->hash);
    free(f);
    return 0;
}

static void put(struct fixture *f, const struct row *row, uint64_t number)
{
    struct store_state written = {.number = number};
    struct store_part part = {.partition = 3,
                              .expected_next_offset = f->row.position.next_offset,
                              .position = f->row.position,
                              .states = &written,
                              .states_n = 1};
    const struct store_batch batch = {.parts = &part, .parts_n = 1};
    enum store_outcome outcome = STORE_FENCED;

    memcpy(written.enterprise, row->code, CODE_SIZE);
    written.bytes = bytes_of(row->bytes);
    memcpy(part.owner_token, token, sizeof(part.owner_token));
    part.position.next_offset++;
    assert_int_equal(store_commit(f->store, &batch, &outcome, NULL), STATUS_OK);
    assert_int_equal(outcome, STORE_STORED);
    f->row.position = part.position;
}

static void digest(struct fixture *f, uint8_t out[DIGEST_SIZE])
{
    assert_int_equal(states_digest(f->store, 3, f->hash, out, NULL), STATUS_OK);
}

/* The rule, on rows that are in order. */
static void expect(struct fixture *f, const struct row *rows, size_t n)
{
    uint8_t bytes[512];
    uint8_t want[DIGEST_SIZE];
    uint8_t got[DIGEST_SIZE];
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        const size_t length = strlen(rows[i].bytes);

        memcpy(bytes + at, rows[i].code, CODE_SIZE);
        at += CODE_SIZE;
        memset(bytes + at, 0, 3);
        bytes[at + 3] = (uint8_t)length;
        memcpy(bytes + at + 4, rows[i].bytes, length);
        at += 4 + length;
    }
    hash_sha256(f->hash, bytes, at, want);
    digest(f, got);
    assert_memory_equal(got, want, DIGEST_SIZE);
}

static const struct row rows[] = {
    {"91110000100000001A", "one"},
    {"91110000100000002B", ""},
    {"91110000100000003C", "three"},
};

static void no_state_is_the_hash_of_nothing(void **state) { expect(*state, rows, 0); }

static void states_count_by_code_in_whatever_order_they_came(void **state)
{
    struct fixture *f = *state;

    put(f, &rows[2], 1);
    put(f, &rows[0], 2);
    put(f, &rows[1], 3);
    expect(f, rows, 3);
}

static void the_number_a_state_carries_does_not_count(void **state)
{
    struct fixture *f = *state;
    uint8_t before[DIGEST_SIZE];
    uint8_t after[DIGEST_SIZE];

    put(f, &rows[0], 1);
    digest(f, before);
    put(f, &rows[0], 9);
    digest(f, after);
    assert_memory_equal(before, after, DIGEST_SIZE);
}

/* A byte that moves from one state to the next, and a code that differs. */
static void bytes_and_codes_do_not_run_together(void **state)
{
    static const struct row moved[] = {{"91110000100000001A", "onex"}, {"91110000100000002B", ""}};
    struct fixture *f = *state;
    uint8_t before[DIGEST_SIZE];
    uint8_t after[DIGEST_SIZE];

    put(f, &rows[0], 1);
    put(f, &(struct row){"91110000100000002B", "x"}, 2);
    digest(f, before);
    put(f, &moved[0], 3);
    put(f, &moved[1], 4);
    digest(f, after);
    assert_memory_not_equal(before, after, DIGEST_SIZE);
    expect(f, moved, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_state_is_the_hash_of_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(states_count_by_code_in_whatever_order_they_came, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_number_a_state_carries_does_not_count, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_and_codes_do_not_run_together, setup, teardown),
    };

    return cmocka_run_group_tests_name("states_digest", tests, NULL, NULL);
}
