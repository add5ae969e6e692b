/* Decisions meet the records they are on: once, whatever the order of the places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "producers/client/waiting.h"

#define PARTITIONS 3
#define PLACES_N   500

static struct decision decision;

static int set_up(void **state)
{
    struct waiting *waiting = NULL;

    assert_int_equal(waiting_open(PARTITIONS, &waiting, NULL), STATUS_OK);
    *state = waiting;
    return 0;
}

static int tear_down(void **state)
{
    waiting_close(*state);
    return 0;
}

static void add(struct waiting *waiting, int32_t partition, int64_t offset, uint64_t line)
{
    struct waiting_item *item = waiting_item_new(line, NULL, NULL);

    assert_non_null(item);
    assert_int_equal(waiting_add(waiting, partition, offset, item), STATUS_OK);
}

/* The line of the record that waits for this decision, 0 = none. */
static uint64_t take(struct waiting *waiting, uint32_t partition, int64_t input, int64_t trigger)
{
    struct waiting_item *item = NULL;
    uint64_t line = 0;

    decision.partition = partition;
    decision.input_offset = input;
    decision.trigger_offset = trigger;
    item = waiting_take(waiting, &decision);
    line = item ? item->line : 0;
    free(item);
    return line;
}

static void each_decision_is_taken_once(void **state)
{
    struct waiting *waiting = *state;

    add(waiting, 1, 7, 4);
    assert_int_equal(waiting_n(waiting), 1);
    assert_int_equal(take(waiting, 1, 7, 7), 4);
    assert_int_equal(take(waiting, 1, 7, 7), 0);
    assert_int_equal(waiting_n(waiting), 0);
}

static void other_places_and_later_decisions_are_not_taken(void **state)
{
    struct waiting *waiting = *state;

    add(waiting, 1, 7, 4);
    assert_int_equal(take(waiting, 0, 7, 7), 0);
    assert_int_equal(take(waiting, 1, 6, 6), 0);
    assert_int_equal(take(waiting, 1, 8, 8), 0);
    assert_int_equal(take(waiting, 1, 7, 9), 0); /* decided again because of record 9 */
    assert_int_equal(take(waiting, PARTITIONS, 7, 7), 0);
    assert_int_equal(waiting_n(waiting), 1);
}

static void places_may_come_in_any_order(void **state)
{
    struct waiting *waiting = *state;

    /* 211 and 500 have no common factor: each place once, scattered. */
    for (int i = 0; i < PLACES_N; i++) {
        const int at = i * 211 % PLACES_N;

        add(waiting, 2, 10 * at, (uint64_t)at + 1);
    }
    for (int at = 0; at < PLACES_N; at++) {
        assert_int_equal(take(waiting, 2, 10 * at, 10 * at), at + 1);
    }
    assert_int_equal(waiting_n(waiting), 0);
}

static void a_place_is_added_once_and_in_a_partition_that_is_there(void **state)
{
    struct waiting *waiting = *state;
    struct waiting_item *item = waiting_item_new(1, NULL, NULL);

    assert_non_null(item);
    add(waiting, 0, 5, 1);
    assert_int_equal(waiting_add(waiting, 0, 5, item), STATUS_INVALID);
    assert_int_equal(waiting_add(waiting, PARTITIONS, 5, item), STATUS_INVALID);
    assert_int_equal(waiting_add(waiting, -1, 5, item), STATUS_INVALID);
    free(item);
}

/* The numbers outlive the document that they were read from. */
static void a_filings_own_numbers_are_kept(void **state)
{
    char contract[] = "45210100202604110001";
    struct node nodes[] = {
        {.kind = NODE_OBJECT, .child = 1},
        {.name = {.at = "details", .n = 7}, .kind = NODE_OBJECT, .child = 2},
        {.name = {.at = "contract_no", .n = 11},
         .kind = NODE_TEXT,
         .text = {.at = contract, .n = sizeof(contract) - 1}},
    };
    const struct document doc = {.nodes = nodes, .n = 3, .max = 3};
    struct waiting_item *item = waiting_item_new(1, NULL, &doc);

    (void)state;
    assert_non_null(item);
    memset(contract, 'x', sizeof(contract));
    assert_int_equal(item->own.contract_no.n, 20);
    assert_memory_equal(item->own.contract_no.at, "45210100202604110001", 20);
    assert_int_equal(item->own.loan_no.n, 0);
    free(item);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_decision_is_taken_once),
        TEST(other_places_and_later_decisions_are_not_taken),
        TEST(places_may_come_in_any_order),
        TEST(a_place_is_added_once_and_in_a_partition_that_is_there),
        TEST(a_filings_own_numbers_are_kept),
    };

    return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
