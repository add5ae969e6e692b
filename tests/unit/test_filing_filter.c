/* F1 (never called new once added) over random ids in every order, and that the filter is worth
 * having: nearly all ids that were not added are called new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "consumers/store/filing_filter.h"

#define IDS_N UINT64_C(200000)

static struct filing_filter filter;

static int setup(void **state)
{
    (void)state;
    return filing_filter_init(&filter, FILING_FILTER_BYTES, NULL) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    filing_filter_fini(&filter);
    return 0;
}

/* The i-th id: one each millisecond, the rest scattered. */
static void id_of(uint64_t i, uint8_t id[FILING_ID_SIZE])
{
    be64_put(id, (UINT64_C(1700000000000) + i) << 16 | 0x7000 | (i * 2654435761U & 0xfff));
    be64_put(id + 8, i * UINT64_C(0x9e3779b97f4a7c15));
}

static void id_that_was_added_is_never_new(void **state)
{
    uint8_t id[FILING_ID_SIZE];

    (void)state;
    filing_filter_load(&filter, 3, NULL);
    for (uint64_t i = 0; i < IDS_N; i++) {
        id_of(i, id);
        filing_filter_add(&filter, 3, id);
    }
    for (uint64_t i = 0; i < IDS_N; i++) {
        id_of(i, id);
        assert_false(filing_filter_is_new(&filter, 3, id));
    }
}

static void nearly_every_other_id_is_new(void **state)
{
    uint8_t id[FILING_ID_SIZE];
    uint64_t asked = 0;

    (void)state;
    filing_filter_load(&filter, 3, NULL);
    for (uint64_t i = 0; i < IDS_N * 2; i += 2) {
        id_of(i, id);
        filing_filter_add(&filter, 3, id);
    }
    for (uint64_t i = 1; i < IDS_N * 2; i += 2) {
        id_of(i, id);
        asked += filing_filter_is_new(&filter, 3, id) ? 0 : 1;
    }
    assert_true(asked < IDS_N / 100);
}

static void id_up_to_the_floor_is_not_new(void **state)
{
    uint8_t floor[FILING_ID_SIZE];
    uint8_t id[FILING_ID_SIZE];

    (void)state;
    id_of(1000, floor);
    assert_false(filing_filter_is_loaded(&filter, 3));
    filing_filter_load(&filter, 3, floor);
    assert_true(filing_filter_is_loaded(&filter, 3));
    assert_false(filing_filter_is_loaded(&filter, 4));
    assert_false(filing_filter_is_new(&filter, 3, floor));
    id_of(999, id);
    assert_false(filing_filter_is_new(&filter, 3, id));
    id_of(1001, id);
    assert_true(filing_filter_is_new(&filter, 3, id));
}

static void partitions_do_not_share_ids(void **state)
{
    uint8_t id[FILING_ID_SIZE];

    (void)state;
    filing_filter_load(&filter, 3, NULL);
    filing_filter_load(&filter, 4, NULL);
    id_of(7, id);
    filing_filter_add(&filter, 3, id);
    assert_false(filing_filter_is_new(&filter, 3, id));
    assert_true(filing_filter_is_new(&filter, 4, id));
}

static void full_filter_says_so_and_is_empty_after_a_reset(void **state)
{
    uint8_t id[FILING_ID_SIZE];

    (void)state;
    filing_filter_load(&filter, 3, NULL);
    for (uint64_t i = 0; i < FILING_FILTER_IDS(FILING_FILTER_BYTES); i++) {
        assert_false(filing_filter_is_full(&filter));
        id_of(i, id);
        filing_filter_add(&filter, 3, id);
    }
    assert_true(filing_filter_is_full(&filter));
    filing_filter_reset(&filter);
    assert_false(filing_filter_is_full(&filter));
    assert_false(filing_filter_is_loaded(&filter, 3));
    filing_filter_load(&filter, 3, NULL);
    assert_true(filing_filter_is_new(&filter, 3, id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(id_that_was_added_is_never_new, setup, teardown),
        cmocka_unit_test_setup_teardown(nearly_every_other_id_is_new, setup, teardown),
        cmocka_unit_test_setup_teardown(id_up_to_the_floor_is_not_new, setup, teardown),
        cmocka_unit_test_setup_teardown(partitions_do_not_share_ids, setup, teardown),
        cmocka_unit_test_setup_teardown(full_filter_says_so_and_is_empty_after_a_reset, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("filing_filter", tests, NULL, NULL);
}
