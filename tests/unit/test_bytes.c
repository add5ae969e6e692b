/* Big-endian numbers and hexadecimal both ways; a buffer that keeps its cap and its first failure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static void numbers_are_big_endian(void **state)
{
    static const uint8_t want[8] = {1, 2, 3, 4, 0xf5, 6, 7, 0xf8};
    uint8_t at[8] = {0};

    (void)state;
    be64_put(at, UINT64_C(0x01020304f50607f8));
    assert_memory_equal(at, want, 8);
    assert_true(be64_get(at) == UINT64_C(0x01020304f50607f8));
    assert_true(be32_get(at + 4) == UINT32_C(0xf50607f8));
    be32_put(at, UINT32_MAX);
    assert_true(be64_get(at) == UINT64_C(0xfffffffff50607f8));
}

static void every_byte_survives_hexadecimal(void **state)
{
    uint8_t in[256];
    uint8_t back[256] = {0};
    char digits[2 * sizeof(in) + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(in); i++) {
        in[i] = (uint8_t)i;
    }
    hex_encode((struct bytes){.at = in, .n = sizeof(in)}, digits);
    assert_int_equal(strlen(digits), 2 * sizeof(in));
    assert_memory_equal(digits, "000102", 6);
    assert_memory_equal(digits + 508, "feff", 5);
    assert_true(hex_decode(digits, strlen(digits), back));
    assert_memory_equal(back, in, sizeof(in));
}

static void digits_of_both_cases_are_read_and_others_refused(void **state)
{
    static const char *const bad[] = {"a",  "0g", "g0", " 0", "0x", "+1",
                                      "/0", ":0", "@0", "`0", "G0"};
    uint8_t out[2] = {9, 9};

    (void)state;
    assert_true(hex_decode("aBFc", 4, out));
    assert_int_equal(out[0], 0xab);
    assert_int_equal(out[1], 0xfc);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        out[0] = 9;
        assert_false(hex_decode(bad[i], strlen(bad[i]), out));
        assert_int_equal(out[0], 9);
    }
    assert_true(hex_decode("", 0, out));
}

static void pieces_are_ordered_by_value_then_length(void **state)
{
    const struct bytes none = bytes_of(NULL);
    const struct bytes ab = bytes_of("ab");
    const struct bytes abc = bytes_of("abc");
    const struct bytes high = bytes_of("\xff");

    (void)state;
    assert_int_equal(none.n, 0);
    assert_true(bytes_order(none, none) == 0);
    assert_true(bytes_order(none, ab) < 0);
    assert_true(bytes_order(ab, abc) < 0);
    assert_true(bytes_order(abc, ab) > 0);
    assert_true(bytes_order(high, abc) > 0);
    assert_true(bytes_equal(ab, bytes_of("ab")));
    assert_false(bytes_equal(ab, abc));
    assert_false(bytes_equal(ab, bytes_of("ac")));
    assert_true(bytes_equal(none, bytes_of("")));
}

static void a_buffer_holds_exactly_its_cap(void **state)
{
    struct buffer b;

    (void)state;
    buffer_init(&b, 1000);
    assert_string_equal(buffer_cstr(&b), "");
    for (size_t i = 0; i < 1000; i++) {
        buffer_char(&b, 'x');
    }
    assert_int_equal(buffer_check(&b, NULL), STATUS_OK);
    assert_int_equal(strlen(buffer_cstr(&b)), 1000);
    buffer_char(&b, 'y');
    assert_int_equal(buffer_check(&b, NULL), STATUS_LIMIT);
    assert_int_equal(b.n, 1000);
    assert_int_equal(strlen(buffer_cstr(&b)), 1000);
    buffer_fini(&b);
    buffer_fini(NULL);
}

static void nothing_is_appended_after_a_failure_until_reset(void **state)
{
    struct failure err = {.status = STATUS_OK};
    struct buffer b;

    (void)state;
    buffer_init(&b, 6);
    buffer_text(&b, "abc");
    buffer_printf(&b, "%d", 1234);
    buffer_text(&b, "d");
    assert_string_equal(buffer_cstr(&b), "abc");
    assert_int_equal(buffer_check(&b, &err), STATUS_LIMIT);
    assert_string_equal(err.text, "larger than 6 bytes");
    buffer_reset(&b);
    assert_string_equal(buffer_cstr(&b), "");
    buffer_printf(&b, "%s-%d", "abcd", 7);
    assert_int_equal(buffer_check(&b, &err), STATUS_OK);
    assert_string_equal(buffer_cstr(&b), "abcd-7");
    assert_true(bytes_equal(buffer_bytes(&b), bytes_of("abcd-7")));
    buffer_fini(&b);
}

static void appends_of_every_length_meet_without_a_gap(void **state)
{
    struct buffer b;
    size_t want = 0;
    uint8_t piece[700];

    (void)state;
    buffer_init(&b, (size_t)1 << 20);
    for (size_t n = 0; n < sizeof(piece); n++) {
        memset(piece, (int)(n & 0x7f), n);
        buffer_append(&b, piece, n);
        want += n;
        assert_int_equal(b.n, want);
        assert_int_equal(b.at[b.n], 0);
    }
    want = 0;
    for (size_t n = 0; n < sizeof(piece); n++) {
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(b.at[want + i], n & 0x7f);
        }
        want += n;
    }
    buffer_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(every_byte_survives_hexadecimal),
        cmocka_unit_test(digits_of_both_cases_are_read_and_others_refused),
        cmocka_unit_test(pieces_are_ordered_by_value_then_length),
        cmocka_unit_test(a_buffer_holds_exactly_its_cap),
        cmocka_unit_test(nothing_is_appended_after_a_failure_until_reset),
        cmocka_unit_test(appends_of_every_length_meet_without_a_gap),
    };

    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
