/* The list of reasons against a plain one that is sorted at the end, and the catalogue of codes and
 * limits against the rulebook. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "form/reason.h"

static struct reasons list;

static void expect_at(uint32_t i, enum code code, const char *field)
{
    assert_true(i < list.n);
    assert_int_equal(list.at[i].code, code);
    assert_string_equal(list.at[i].field, field);
}

static void orders_by_code_then_field_then_limit(void **state)
{
    struct reason reason = {.code = CODE_LIMIT_EXCEEDED, .field = "/details/money"};

    (void)state;
    reasons_reset(&list);
    reason.limit.kind = LIMIT_FINANCING_MACROPRUDENTIAL;
    reasons_add(&list, &reason);
    reason.limit = (struct limit_id){.kind = LIMIT_FINANCING_CONTRACT, .object = "C1"};
    reasons_add(&list, &reason);
    reasons_add_at(&list, CODE_TEXT, "/note");
    reasons_add_at(&list, CODE_TEXT, "/details/purpose");
    reasons_add_at(&list, CODE_TEXT, "/details");
    reasons_add_at(&list, CODE_SCHEMA, "/zzz");
    assert_int_equal(list.n, 6);
    expect_at(0, CODE_SCHEMA, "/zzz");
    expect_at(1, CODE_TEXT, "/details");
    expect_at(2, CODE_TEXT, "/details/purpose");
    expect_at(3, CODE_TEXT, "/note");
    assert_int_equal(list.at[4].limit.kind, LIMIT_FINANCING_CONTRACT);
    assert_int_equal(list.at[5].limit.kind, LIMIT_FINANCING_MACROPRUDENTIAL);
    assert_true(reasons_have(&list, CODE_LIMIT_EXCEEDED));
    assert_false(reasons_have(&list, CODE_OVER_BALANCE));
}

static void holds_an_equal_reason_once(void **state)
{
    struct reason reason = {.code = CODE_LIMIT_EXCEEDED, .free_minor = 1};

    (void)state;
    reasons_reset(&list);
    reasons_add(&list, &reason);
    reason.free_minor = 2;
    reasons_add(&list, &reason);
    reasons_add_at(&list, CODE_SCHEMA, "/a");
    reasons_add_at(&list, CODE_SCHEMA, "/a");
    reasons_add_at(&list, CODE_TEXT, "/a");
    assert_int_equal(list.n, 3);
    assert_int_equal(list.more, 0);
    assert_true(list.at[2].free_minor == 1);
}

/* However the 200 are added, the list holds the first 64. */
static void keeps_the_first_of_any_order(void **state)
{
    (void)state;
    for (uint32_t step = 1; step < 200; step += 2) {
        if (step % 5 == 0) {
            continue; /* has a divisor in common with 200 */
        }
        reasons_reset(&list);
        for (uint32_t i = 0; i < 200; i++) {
            const uint32_t place = i * step % 200;
            char field[16];

            (void)snprintf(field, sizeof(field), "/%03u", place % 100);
            reasons_add_at(&list, place < 100 ? CODE_SCHEMA : CODE_TEXT, field);
        }
        assert_int_equal(list.n, REASONS_LISTED_MAX);
        assert_int_equal(list.more, 200 - REASONS_LISTED_MAX);
        for (uint32_t i = 0; i < list.n; i++) {
            char field[16];

            (void)snprintf(field, sizeof(field), "/%03u", i);
            expect_at(i, CODE_SCHEMA, field);
        }
    }
}

#define CODES 47 /* rulebook section 2 */

static void lists_every_code_in_order(void **state)
{
    enum code last = CODE_NONE;
    uint32_t n = 0;

    (void)state;
    for (enum code code = code_at(0); code != CODE_NONE; code = code_at(++n)) {
        assert_true(code > last);
        assert_true(strlen(code_name(code)) > 0);
        assert_true(strlen(code_english(code)) > 0);
        assert_true(strlen(code_chinese(code)) > 0);
        last = code;
    }
    assert_int_equal(n, CODES);
    assert_string_equal(code_name(CODE_NONE), "");
    assert_string_equal(code_english((enum code)119), "");
    assert_string_equal(code_name(CODE_SCHEMA), "SCHEMA");
    assert_string_equal(code_name(CODE_LIMIT_EXCEEDED), "LIMIT_EXCEEDED");
    assert_string_equal(code_name(CODE_EARLIER_HELD), "EARLIER_HELD");
}

/* Rulebook section 2, below the table of codes. */
static enum next next_of(enum code code)
{
    static const uint32_t ask[] = {205, 208, 213, 221, 224};

    for (size_t i = 0; i < sizeof(ask) / sizeof(ask[0]); i++) {
        if (code == ask[i]) {
            return NEXT_ASK_AUTHORITY;
        }
    }
    if (code == 222 || code >= 400) {
        return NEXT_WAIT;
    }
    return code == 223 ? NEXT_NOTHING : NEXT_CORRECT;
}

static void says_what_the_bank_does_next(void **state)
{
    (void)state;
    for (uint32_t i = 0; code_at(i) != CODE_NONE; i++) {
        assert_int_equal(code_next(code_at(i)), next_of(code_at(i)));
    }
    assert_string_equal(next_name(NEXT_CORRECT), "CORRECT");
    assert_string_equal(next_name(NEXT_ASK_AUTHORITY), "ASK_AUTHORITY");
    assert_string_equal(next_name(NEXT_WAIT), "WAIT");
    assert_string_equal(next_name(NEXT_NOTHING), "NOTHING");
}

static const struct {
    struct limit_id id;
    const char *text;
} ids[] = {
    {{.kind = LIMIT_NONE}, ""},
    {{.kind = LIMIT_FDI_EXCESS, .object = "R1"}, "fdi.excess:R1"},
    {{.kind = LIMIT_FDI_INFLOW, .object = "R1", .part = "I1"}, "fdi.inflow:R1:I1"},
    {{.kind = LIMIT_FDI_INFLOW, .object = "R10", .part = "I1"}, "fdi.inflow:R10:I1"},
    {{.kind = LIMIT_FDI_INFLOW, .object = "R1A", .part = "I1"}, "fdi.inflow:R1A:I1"},
    {{.kind = LIMIT_FDI_PROFIT, .object = "R1", .part = "2025"}, "fdi.profit:R1:2025"},
    {{.kind = LIMIT_FINANCING_GAP}, "financing.gap"},
    {{.kind = LIMIT_OUTBOUND_LOAN, .object = "L1"}, "outbound.loan:L1"},
};
#define IDS_N (sizeof(ids) / sizeof(ids[0]))

static void writes_limit_ids_and_orders_them_by_bytes(void **state)
{
    char text[LIMIT_ID_SIZE];

    (void)state;
    for (size_t i = 0; i < IDS_N; i++) {
        assert_int_equal(limit_id_format(&ids[i].id, text), strlen(ids[i].text));
        assert_string_equal(text, ids[i].text);
        for (size_t j = 0; j < IDS_N; j++) {
            const int want = strcmp(ids[i].text, ids[j].text);
            const int got = limit_id_compare(&ids[i].id, &ids[j].id);

            assert_true((want < 0) == (got < 0) && (want > 0) == (got > 0));
        }
    }
}

static void longest_limit_id_fits(void **state)
{
    char text[LIMIT_ID_SIZE];

    (void)state;
    for (uint32_t kind = LIMIT_NONE + 1; kind < LIMIT_N; kind++) {
        struct limit_id id = {.kind = (enum limit_kind)kind};

        memset(id.object, 'Z', OBJECT_NUMBER_SIZE - 1);
        memset(id.part, 'Z', LIMIT_PART_SIZE - 1);
        assert_true(limit_id_format(&id, text) < LIMIT_ID_SIZE);
        assert_memory_equal(text, limit_kind_name(id.kind), strlen(limit_kind_name(id.kind)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_by_code_then_field_then_limit),
        cmocka_unit_test(holds_an_equal_reason_once),
        cmocka_unit_test(keeps_the_first_of_any_order),
        cmocka_unit_test(lists_every_code_in_order),
        cmocka_unit_test(says_what_the_bank_does_next),
        cmocka_unit_test(writes_limit_ids_and_orders_them_by_bytes),
        cmocka_unit_test(longest_limit_id_fits),
    };

    return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}
