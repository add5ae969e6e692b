/* What is missing of the banks' sequences, over chunks, twice the same, in one set or in several.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/audit/sequence_set.h"
#include "wire/encode.h"
#include "wire/json.h"
#include "wire/submission.h"

static const char *const first_bank = "210100000123";
static const char *const second_bank = "210200000456";

static void add(struct sequence_set *set, const char *bank, uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n <= to; n++) {
        assert_int_equal(sequence_set_add(set, bank, n, NULL), STATUS_OK);
    }
}

static void expect(const struct sequence_set *set, uint64_t missing, const char *bank,
                   uint64_t from, uint64_t to)
{
    struct sequence_gaps gaps;

    sequence_set_gaps(set, &gaps);
    assert_true(gaps.is_known);
    assert_int_equal(gaps.missing, missing);
    assert_string_equal(gaps.bank, bank);
    assert_int_equal(gaps.from, from);
    assert_int_equal(gaps.to, to);
}

static int setup(void **state)
{
    struct sequence_set *set = NULL;

    if (sequence_set_open(&set, NULL)) {
        return -1;
    }
    *state = set;
    return 0;
}

static int teardown(void **state)
{
    sequence_set_close(*state);
    sequence_set_close(NULL);
    return 0;
}

static void nothing_is_missing_of_whole_sequences(void **state)
{
    struct sequence_set *set = *state;

    expect(set, 0, "", 0, 0);
    add(set, first_bank, 4097, 9000);
    add(set, first_bank, 1, 4096);
    add(set, second_bank, 1, 1);
    add(set, second_bank, 1, 1);
    expect(set, 0, "", 0, 0);
}

static void names_the_first_gap_of_the_first_bank(void **state)
{
    struct sequence_set *set = *state;

    add(set, second_bank, 2, 2);
    expect(set, 1, second_bank, 1, 1);
    add(set, first_bank, 1, 4000);
    add(set, first_bank, 4100, 4200);
    add(set, first_bank, 4300, 4300);
    expect(set, 1 + 99 + 99, first_bank, 4001, 4099);
}

static void a_gap_may_be_of_whole_chunks(void **state)
{
    struct sequence_set *set = *state;

    add(set, first_bank, 1, 1);
    add(set, first_bank, INT64_MAX, INT64_MAX);
    expect(set, INT64_MAX - 2, first_bank, 2, INT64_MAX - 1);
}

static void sets_are_merged(void **state)
{
    struct sequence_set *set = *state;
    struct sequence_set *other = NULL;

    assert_int_equal(sequence_set_open(&other, NULL), STATUS_OK);
    for (uint64_t n = 1; n <= 9000; n++) { /* as over two partitions, some in both */
        if (n % 2 == 0 || n % 9 == 0) {
            add(set, first_bank, n, n);
        }
        if (n % 2 == 1 && n != 4711) {
            add(other, first_bank, n, n);
        }
    }
    add(other, second_bank, 1, 3);
    assert_int_equal(sequence_set_merge(set, other, NULL), STATUS_OK);
    sequence_set_close(other);
    expect(set, 1, first_bank, 4711, 4711);
}

static void a_full_set_knows_nothing(void **state)
{
    struct sequence_set *set = *state;
    struct sequence_gaps gaps;

    for (uint64_t i = 0; i <= SEQUENCE_CHUNKS_MAX; i++) {
        add(set, first_bank, 1 + i * 100000, 1 + i * 100000);
    }
    sequence_set_gaps(set, &gaps);
    assert_false(gaps.is_known);
    add(set, first_bank, 5, 5);
}

static void reads_bank_and_number_of_a_record(void **state)
{
    static uint8_t memory[1 << 18] __attribute__((aligned(16)));
    static const char *const filing =
        "{\"filing_id\":\"018e0cc4-ae00-7c82-bca7-05bc770248f3\",\"bank\":\"210100000123\","
        "\"sequence\":3,\"enterprise\":\"91210112MA0FG1HX9X\",\"event\":\"withdrawal\","
        "\"business_date\":\"2024-03-05\",\"maker\":\"a\",\"checker\":\"b\",\"details\":{"
        "\"withdraws\":\"018e0cc4-ae00-7c82-bca7-05bc770248f3\",\"reason\":\"r\"}}";
    struct sequence_set *set = *state;
    const struct text no_key = {.n = 0};
    const struct bytes no_signature = {.n = 0};
    struct bus_record record = {.has_value = false};
    struct json_text json;
    struct bytes bytes;
    struct bytes value = {.n = 0};
    struct arena arena;

    arena_init(&arena, memory, sizeof(memory));
    assert_int_equal(json_read(bytes_of(filing), &arena, &json, NULL), STATUS_OK);
    assert_int_equal(filing_encode(&json.doc, &arena, &bytes, NULL), STATUS_OK);
    assert_int_equal(submission_encode(bytes, no_key, no_signature, &arena, &value), STATUS_OK);
    assert_int_equal(sequence_set_add_record(set, &record, NULL), STATUS_OK);
    expect(set, 0, "", 0, 0);
    record = (struct bus_record){.has_value = true, .value = value.at, .value_n = value.n};
    assert_int_equal(sequence_set_add_record(set, &record, NULL), STATUS_OK);
    expect(set, 2, first_bank, 1, 2);
    for (record.value_n--; record.value_n > 0; record.value_n--) { /* cut, it has none */
        assert_int_equal(sequence_set_add_record(set, &record, NULL), STATUS_OK);
    }
    expect(set, 2, first_bank, 1, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_missing_of_whole_sequences, setup, teardown),
        cmocka_unit_test_setup_teardown(names_the_first_gap_of_the_first_bank, setup, teardown),
        cmocka_unit_test_setup_teardown(a_gap_may_be_of_whole_chunks, setup, teardown),
        cmocka_unit_test_setup_teardown(sets_are_merged, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_set_knows_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_bank_and_number_of_a_record, setup, teardown),
    };

    return cmocka_run_group_tests_name("sequence_set", tests, NULL, NULL);
}
