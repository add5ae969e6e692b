/* The hash tree by the roots that certificate transparency publishes for its eight test leaves, and
 * proofs for every choice of leaves of every small tree, each spoiled in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/tree.h"

#define LEAVES_MAX 9

static const char *const leaf_hex[] = {"",
                                       "00",
                                       "10",
                                       "2021",
                                       "3031",
                                       "40414243",
                                       "5051525354555657",
                                       "606162636465666768696a6b6c6d6e6f"};
static const char *const root_hex[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};
#define ROOTS_N (sizeof(root_hex) / sizeof(root_hex[0]))
_Static_assert(ROOTS_N == sizeof(leaf_hex) / sizeof(leaf_hex[0]), "a root for every leaf added");

struct fixture {
    struct hash *hash;
    uint8_t leaves[LEAVES_MAX][DIGEST_SIZE];
    struct buffer proof;
};

static int setup(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof(f));
    buffer_init(&f.proof, 1 << 12);
    for (size_t i = 0; i < LEAVES_MAX; i++) {
        memset(f.leaves[i], (int)i + 1, DIGEST_SIZE);
    }
    *state = &f;
    return hash_open(&f.hash, NULL) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    hash_close(f->hash);
    buffer_fini(&f->proof);
    return 0;
}

static void gives_the_published_roots(void **state)
{
    struct fixture *f = *state;
    uint8_t leaves[ROOTS_N][DIGEST_SIZE];
    uint8_t bytes[16];
    uint8_t root[DIGEST_SIZE];
    char hex[2 * DIGEST_SIZE + 1];

    for (size_t n = 1; n <= ROOTS_N; n++) {
        for (size_t i = 0; i < n; i++) {
            const size_t digits = strlen(leaf_hex[i]);

            assert_true(hex_decode(leaf_hex[i], digits, bytes));
            tree_leaf(f->hash, (struct bytes){.at = bytes, .n = digits / 2}, leaves[i]);
        }
        tree_root(f->hash, leaves, n, root);
        hex_encode((struct bytes){.at = root, .n = DIGEST_SIZE}, hex);
        assert_string_equal(hex, root_hex[n - 1]);
    }
}

/* The leaves of f whose bit is set in mask, proved and followed; false: no root. */
struct trial {
    uint64_t places[LEAVES_MAX];
    size_t n;
    uint8_t chosen[LEAVES_MAX][DIGEST_SIZE];
};

static struct trial choose(const struct fixture *f, unsigned mask, size_t leaves_n)
{
    struct trial t = {.n = 0};

    for (size_t i = 0; i < leaves_n; i++) {
        if (mask & 1u << i) {
            t.places[t.n] = i;
            memcpy(t.chosen[t.n++], f->leaves[i], DIGEST_SIZE);
        }
    }
    return t;
}

static void root_of(const struct fixture *f, size_t n, uint8_t out[DIGEST_SIZE])
{
    uint8_t scratch[LEAVES_MAX][DIGEST_SIZE];

    memcpy(scratch, f->leaves, sizeof(scratch));
    tree_root(f->hash, scratch, n, out);
}

static void prove(struct fixture *f, const struct trial *t, size_t n)
{
    const struct tree_choice choice = {t->places, t->n, n};
    uint8_t scratch[LEAVES_MAX][DIGEST_SIZE];

    memcpy(scratch, f->leaves, sizeof(scratch));
    buffer_reset(&f->proof);
    assert_int_equal(tree_prove(f->hash, scratch, &choice, &f->proof, NULL), STATUS_OK);
}

static bool leads_to(const struct fixture *f, const struct trial *t, uint64_t n,
                     const uint8_t want[DIGEST_SIZE])
{
    const struct tree_choice choice = {t->places, t->n, n};
    struct trial scratch = *t;
    uint8_t root[DIGEST_SIZE];

    return tree_follow(f->hash, scratch.chosen, &choice, buffer_bytes(&f->proof), root, NULL) ==
               STATUS_OK &&
           memcmp(root, want, DIGEST_SIZE) == 0;
}

static void every_choice_of_leaves_leads_to_the_root(void **state)
{
    struct fixture *f = *state;
    uint8_t root[DIGEST_SIZE];

    for (size_t n = 1; n <= LEAVES_MAX; n++) {
        root_of(f, n, root);
        for (unsigned mask = 1; mask < 1u << n; mask++) {
            const struct trial t = choose(f, mask, n);

            prove(f, &t, n);
            assert_true(leads_to(f, &t, n, root));
            assert_true(t.n < n || f->proof.n == 0);
        }
    }
}

static void a_proof_for_one_leaf_is_logarithmic(void **state)
{
    struct fixture *f = *state;
    const struct trial t = choose(f, 1u << 3, LEAVES_MAX);

    prove(f, &t, LEAVES_MAX);
    assert_int_equal(f->proof.n, 4 * DIGEST_SIZE);
}

/* Nothing that is changed leads to the root: a bit of a leaf or of the proof, a place, the number
 * of leaves, a hash too few or too many. */
static void a_spoiled_proof_leads_elsewhere(void **state)
{
    struct fixture *f = *state;
    uint8_t root[DIGEST_SIZE];

    root_of(f, LEAVES_MAX, root);
    for (unsigned mask = 1; mask < 1u << LEAVES_MAX; mask++) {
        const struct trial good = choose(f, mask, LEAVES_MAX);
        struct trial t = good;

        prove(f, &good, LEAVES_MAX);
        for (size_t i = 0; i < good.n; i++) {
            t = good;
            t.chosen[i][mask % DIGEST_SIZE] ^= 0x10;
            assert_false(leads_to(f, &t, LEAVES_MAX, root));
            t = good;
            t.places[i]++;
            assert_false(leads_to(f, &t, LEAVES_MAX, root));
        }
        for (size_t i = 0; i < f->proof.n; i++) {
            f->proof.at[i] ^= 1;
            assert_false(leads_to(f, &good, LEAVES_MAX, root));
            f->proof.at[i] ^= 1;
        }
        if (f->proof.n > 0) {
            f->proof.n -= DIGEST_SIZE;
            assert_false(leads_to(f, &good, LEAVES_MAX, root));
            f->proof.n += DIGEST_SIZE;
        }
        buffer_append(&f->proof, root, DIGEST_SIZE);
        assert_false(leads_to(f, &good, LEAVES_MAX, root));
    }
}

/* Root after each leaf, with more to come. */
static void leaves_one_after_the_other_give_the_same_root(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 300 };
    struct tree_builder builder;
    uint8_t leaves[MANY][DIGEST_SIZE];
    uint8_t scratch[MANY][DIGEST_SIZE];
    uint8_t want[DIGEST_SIZE];
    uint8_t got[DIGEST_SIZE];

    tree_begin(&builder, f->hash);
    for (size_t n = 1; n <= MANY; n++) {
        memset(leaves[n - 1], (int)n, DIGEST_SIZE);
        leaves[n - 1][0] = (uint8_t)(n >> 8);
        tree_add(&builder, leaves[n - 1]);
        memcpy(scratch, leaves, n * DIGEST_SIZE);
        tree_root(f->hash, scratch, n, want);
        tree_end(&builder, got);
        assert_memory_equal(got, want, DIGEST_SIZE);
    }
}

static void refuses_a_choice_that_is_none(void **state)
{
    struct fixture *f = *state;
    static const uint64_t twice[] = {1, 1};
    static const uint64_t down[] = {2, 1};
    static const uint64_t beyond[] = {LEAVES_MAX};
    const struct tree_choice rows[] = {{twice, 2, LEAVES_MAX},
                                       {down, 2, LEAVES_MAX},
                                       {beyond, 1, LEAVES_MAX},
                                       {twice, 0, LEAVES_MAX},
                                       {twice, 1, TREE_LEAVES_MAX + 1}};
    uint8_t root[DIGEST_SIZE];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(tree_follow(f->hash, f->leaves, &rows[i], (struct bytes){0}, root, NULL),
                         STATUS_CORRUPT);
        assert_int_equal(tree_prove(f->hash, f->leaves, &rows[i], &f->proof, NULL), STATUS_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_the_published_roots, setup, teardown),
        cmocka_unit_test_setup_teardown(every_choice_of_leaves_leads_to_the_root, setup, teardown),
        cmocka_unit_test_setup_teardown(a_proof_for_one_leaf_is_logarithmic, setup, teardown),
        cmocka_unit_test_setup_teardown(a_spoiled_proof_leads_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(leaves_one_after_the_other_give_the_same_root, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(refuses_a_choice_that_is_none, setup, teardown),
    };

    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
