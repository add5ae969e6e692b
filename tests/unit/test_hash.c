/* SHA-256 by its published vectors; everything that is hashed here by bytes put together by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/hash.h"

static int setup(void **state)
{
    struct hash *hash = NULL;

    if (hash_open(&hash, NULL)) {
        return -1;
    }
    *state = hash;
    return 0;
}

static int teardown(void **state)
{
    hash_close(*state);
    hash_close(NULL);
    return 0;
}

static void expect_hex(const uint8_t digest[DIGEST_SIZE], const char *want)
{
    char got[2 * DIGEST_SIZE + 1];

    hex_encode((struct bytes){.at = digest, .n = DIGEST_SIZE}, got);
    assert_string_equal(got, want);
}

static void gives_the_published_digests(void **state)
{
    uint8_t digest[DIGEST_SIZE];

    hash_sha256(*state, "abc", 3, digest);
    expect_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256(*state, "", 0, digest);
    expect_hex(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_begin(*state);
    hash_add(*state, "a", 1);
    hash_add(*state, "bc", 2);
    hash_end(*state, digest);
    expect_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void expect_of(struct hash *hash, struct bytes bytes, const uint8_t got[DIGEST_SIZE])
{
    uint8_t want[DIGEST_SIZE];

    hash_sha256(hash, bytes.at, bytes.n, want);
    assert_memory_equal(got, want, DIGEST_SIZE);
}

#define BYTES(s) ((struct bytes){.at = (const uint8_t *)(s), .n = sizeof(s) - 1})

static void hashes_an_input_with_its_key_and_time(void **state)
{
    static const struct {
        struct bytes key;
        int64_t ms;
        struct bytes value;
        struct bytes want;
    } rows[] = {
        {{(const uint8_t *)"K", 1},
         258,
         {(const uint8_t *)"v", 1},
         {(const uint8_t *)"\0\0\0\1K\0\0\0\0\0\0\1\2v", 14}},
        {{NULL, 0},
         -1,
         {(const uint8_t *)"v", 1},
         {(const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                           "v",
          13}},
        {{(const uint8_t *)"", 0}, 0, {NULL, 0}, {(const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\0\0", 12}},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t digest[DIGEST_SIZE];

        hash_input(*state, rows[i].key, rows[i].ms, rows[i].value, digest);
        expect_of(*state, rows[i].want, digest);
    }
}

static void begins_a_chain_with_topic_partition_and_ledger(void **state)
{
    struct genesis genesis = {.topic = "x.filings", .partition = 3, .partitions_n = 12};
    uint8_t digest[DIGEST_SIZE];

    memset(genesis.ledger_id, 0x41, sizeof(genesis.ledger_id));
    hash_genesis(*state, &genesis, digest);
    expect_of(*state,
              BYTES("genesis.v1\0x.filings\0\0\0\0\3\0\0\0\14"
                    "AAAAAAAAAAAAAAAA"),
              digest);
}

static void names_a_ledger_by_its_founding_record(void **state)
{
    uint8_t id[LEDGER_ID_SIZE];
    uint8_t digest[DIGEST_SIZE];

    hash_ledger_id(*state, BYTES("abc"), id);
    hash_sha256(*state, "abc", 3, digest);
    assert_memory_equal(id, digest, sizeof(id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_digests),
        cmocka_unit_test(hashes_an_input_with_its_key_and_time),
        cmocka_unit_test(begins_a_chain_with_topic_partition_and_ledger),
        cmocka_unit_test(names_a_ledger_by_its_founding_record),
    };

    return cmocka_run_group_tests_name("hash", tests, setup, teardown);
}
