/* The parts of verify that need no broker: trees that grow, numbers in bytes, work folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "consumers/audit/verify_inside.h"
#include "wire/tree.h"

#define LEAVES 70

static void a_tree_that_grows_has_the_root_of_the_whole_at_every_leaf(void **state)
{
    static uint8_t leaves[LEAVES][DIGEST_SIZE];
    static uint8_t scratch[LEAVES][DIGEST_SIZE];
    struct verify_tree tree = {.n = 0};
    struct hash *hash = NULL;

    (void)state;
    assert_int_equal(hash_open(&hash, NULL), STATUS_OK);
    for (uint8_t i = 0; i < LEAVES; i++) {
        uint8_t wanted[DIGEST_SIZE];
        uint8_t root[DIGEST_SIZE];

        tree_leaf(hash, (struct bytes){.at = &i, .n = 1}, leaves[i]);
        verify_tree_add(&tree, hash, leaves[i]);
        verify_tree_root(&tree, hash, root);
        memcpy(scratch, leaves, sizeof(scratch));
        tree_root(hash, scratch, (size_t)i + 1, wanted);
        assert_memory_equal(root, wanted, DIGEST_SIZE);
    }
    hash_close(hash);
}

static void a_number_is_read_from_the_first_field_only(void **state)
{
    static const struct {
        uint8_t bytes[15];
        bool is;
        size_t n;
        uint64_t number;
    } rows[] = {
        {{0x08, 0x01}, true, 2, 1},
        {{0x08, 0xac, 0x02, 0x10}, true, 4, 300},
        {{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, true, 10, INT64_MAX},
        {{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, false, 11, 0},
        {{0x08, 0x80}, false, 2, 0},
        {{0x08}, false, 1, 0},
        {{0x10, 0x01}, false, 2, 0},
        {{0}, false, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t number = 0;

        assert_true(verify_number_of((struct bytes){.at = rows[i].bytes, .n = rows[i].n},
                                     &number) == rows[i].is);
        assert_true(number == rows[i].number);
    }
}

static void every_part_that_may_be_left_out_has_words(void **state)
{
    (void)state;
    for (int i = 0; i < VERIFY_SKIP_N; i++) {
        assert_non_null(verify_skip_text((enum verify_skip)i));
        assert_true(strlen(verify_skip_text((enum verify_skip)i)) > 8);
    }
}

static void a_work_folder_of_something_else_is_refused_by_what_differs(void **state)
{
    char folder[] = "/tmp/test_verify_work.XXXXXX";
    char path[64];
    struct verify_work work;
    struct failure err = {.status = STATUS_OK};

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(verify_work_open(folder, bytes_of("ledger a\nstore b\n"), &work, &err),
                     STATUS_OK);
    verify_work_close(&work);
    assert_int_equal(verify_work_open(folder, bytes_of("ledger a\nstore b\n"), &work, &err),
                     STATUS_OK);
    verify_work_close(&work);
    assert_int_equal(verify_work_open(folder, bytes_of("ledger a\nstore c\n"), &work, &err),
                     STATUS_USAGE);
    assert_non_null(strstr(err.text, "another store"));
    verify_work_close(&work);
    assert_int_equal(verify_work_open(folder, bytes_of("ledger b\nstore b\n"), &work, &err),
                     STATUS_USAGE);
    assert_non_null(strstr(err.text, "another ledger"));
    assert_non_null(strstr(err.text, folder));
    verify_work_close(&work);
    (void)snprintf(path, sizeof(path), "%s/verify.manifest", folder);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof(path), "%s/verify.lock", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_temporary_work_folder_goes_with_all_that_is_in_it(void **state)
{
    char path[VERIFY_PATH_SIZE];
    struct verify_work work;
    FILE *file;

    (void)state;
    assert_int_equal(verify_work_open(NULL, bytes_of(""), &work, NULL), STATUS_OK);
    verify_work_file(&work, 7, ".db", path);
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fclose(file);
    verify_work_close(&work);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(work.folder, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_that_grows_has_the_root_of_the_whole_at_every_leaf),
        cmocka_unit_test(a_number_is_read_from_the_first_field_only),
        cmocka_unit_test(every_part_that_may_be_left_out_has_words),
        cmocka_unit_test(a_work_folder_of_something_else_is_refused_by_what_differs),
        cmocka_unit_test(a_temporary_work_folder_goes_with_all_that_is_in_it),
    };

    return cmocka_run_group_tests_name("verify_parts", tests, NULL, NULL);
}
