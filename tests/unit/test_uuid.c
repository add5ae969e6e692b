/* The bits of RFC 9562, and that no two are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/uuid.h"

#define MANY 2000

static void the_example_of_the_rfc_is_met(void **state)
{
    /* RFC 9562, A.6: 2022-02-22T19:22:22Z, rand_a CC3, rand_b 18C4DC0C0C07398F with its variant. */
    static const uint8_t chance[UUID7_CHANCE_SIZE] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc,
                                                      0x0c, 0x0c, 0x07, 0x39, 0x8f};
    char text[UUID7_TEXT_SIZE];

    (void)state;
    uuid7_make(INT64_C(1645557742000), chance, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static void version_and_variant_stand_whatever_the_chance(void **state)
{
    char text[UUID7_TEXT_SIZE];
    uint8_t chance[UUID7_CHANCE_SIZE];

    (void)state;
    memset(chance, 0xff, sizeof(chance));
    uuid7_make((INT64_C(1) << 48) - 1, chance, text);
    assert_string_equal(text, "ffffffff-ffff-7fff-bfff-ffffffffffff");
    memset(chance, 0, sizeof(chance));
    uuid7_make(0, chance, text);
    assert_string_equal(text, "00000000-0000-7000-8000-000000000000");
}

static int order(const void *a, const void *b) { return strcmp(a, b); }

static void no_two_are_the_same(void **state)
{
    static char many[MANY][UUID7_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(uuid7_new(many[i], NULL), STATUS_OK);
        assert_int_equal(strlen(many[i]), 36);
        assert_true(i == 0 || strncmp(many[i - 1], many[i], 13) <= 0);
    }
    qsort(many, MANY, sizeof(many[0]), order);
    for (size_t i = 1; i < MANY; i++) {
        assert_string_not_equal(many[i - 1], many[i]);
    }
}

static void chance_fills_all_of_it_and_no_more(void **state)
{
    uint8_t at[1026] = {0};
    size_t zeros = 0;

    (void)state;
    assert_int_equal(chance_fill(at + 1, sizeof(at) - 2, NULL), STATUS_OK);
    assert_int_equal(at[0], 0);
    assert_int_equal(at[sizeof(at) - 1], 0);
    for (size_t i = 0; i < sizeof(at); i++) {
        zeros += at[i] == 0 ? 1u : 0u;
    }
    assert_true(zeros < 64); /* 4 expected beside the 2 at the ends */
    assert_int_equal(chance_fill(NULL, 0, NULL), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc_is_met),
        cmocka_unit_test(version_and_variant_stand_whatever_the_chance),
        cmocka_unit_test(no_two_are_the_same),
        cmocka_unit_test(chance_fills_all_of_it_and_no_more),
    };

    return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
