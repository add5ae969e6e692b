/* Texts: what is valid UTF-8 is decided again here by decoding to code points, over every sequence
 * of up to three bytes and the edges of the fourth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "form/text.h"

/* The bytes that U+value is written with, 0 for what is no character: the definition of UTF-8,
 * turned round. */
static size_t encode(uint32_t value, char out[4])
{
    if (value < 0x80) {
        out[0] = (char)value;
        return 1;
    }
    if (value < 0x800) {
        out[0] = (char)(0xC0 | value >> 6);
        out[1] = (char)(0x80 | (value & 0x3F));
        return 2;
    }
    if (value >= 0xD800 && value <= 0xDFFF) {
        return 0;
    }
    if (value < 0x10000) {
        out[0] = (char)(0xE0 | value >> 12);
        out[1] = (char)(0x80 | (value >> 6 & 0x3F));
        out[2] = (char)(0x80 | (value & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | value >> 18);
    out[1] = (char)(0x80 | (value >> 12 & 0x3F));
    out[2] = (char)(0x80 | (value >> 6 & 0x3F));
    out[3] = (char)(0x80 | (value & 0x3F));
    return 4;
}

static void takes_every_code_point_but_the_surrogates(void **state)
{
    (void)state;
    for (uint32_t value = 0; value <= 0x10FFFF; value++) {
        char s[4];
        const size_t n = encode(value, s);

        if (n > 0) {
            assert_true(text_utf8_valid(s, n));
            assert_int_equal(text_code_points(s, n), 1);
            assert_false(n > 1 && text_utf8_valid(s, n - 1));
        }
    }
}

/* As many strings of one, two and three bytes are valid as can be put together from the code points
 * that take one, two and three; with the test above, exactly those. */
static void takes_no_other_string_of_up_to_three_bytes(void **state)
{
    const size_t ones = 0x80;
    const size_t twos = 0x800 - 0x80;
    const size_t threes = 0x10000 - 0x800 - 0x800; /* without the surrogates */
    size_t count[4] = {0};

    (void)state;
    for (uint32_t bits = 0; bits < 0x1000000; bits++) {
        const char s[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};

        count[1] += bits < 0x100 && text_utf8_valid(s + 2, 1) ? 1 : 0;
        count[2] += bits < 0x10000 && text_utf8_valid(s + 1, 2) ? 1 : 0;
        count[3] += text_utf8_valid(s, 3) ? 1 : 0;
    }
    assert_int_equal(count[1], ones);
    assert_int_equal(count[2], ones * ones + twos);
    assert_int_equal(count[3], ones * ones * ones + 2 * ones * twos + threes);
}

static const struct {
    const char *s;
    size_t n;
    bool valid;
} utf8_rows[] = {
    {"", 0, true},
    {"a\0b", 3, true},
    {"\xe6\xb2\x88\xe9\x98\xb3 Ltd", 10, true},
    {"\xf0\x90\x80\x80", 4, true},  /* U+10000 */
    {"\xf4\x8f\xbf\xbf", 4, true},  /* U+10FFFF */
    {"\xf4\x90\x80\x80", 4, false}, /* U+110000 */
    {"\xf0\x8f\xbf\xbf", 4, false}, /* U+FFFF in four */
    {"\xf5\x80\x80\x80", 4, false},
    {"\xf8\x88\x80\x80\x80", 5, false},
    {"\xff", 1, false},
    {"\xc0\x80", 2, false},         /* NUL in two */
    {"\xed\xa0\x80", 3, false},     /* U+D800 */
    {"\xf0\x90\x80", 3, false},     /* cut */
    {"ab\xe6\xb2", 4, false},       /* cut at the end */
    {"\xe6\xb2\x88\x88", 4, false}, /* one continuation too many */
    {"\xf0\x90\x41\x80", 4, false},
    {"\xf0\x90\x80\x41", 4, false},
};

static void decides_the_edges_of_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(utf8_rows) / sizeof(utf8_rows[0]); i++) {
        assert_int_equal(text_utf8_valid(utf8_rows[i].s, utf8_rows[i].n), utf8_rows[i].valid);
    }
    assert_true(text_utf8_valid(NULL, 0));
    assert_int_equal(text_code_points(NULL, 0), 0);
    assert_int_equal(text_code_points("\xe6\xb2\x88\xf0\x90\x80\x80z", 8), 3);
}

static void knows_every_control_character_and_no_other(void **state)
{
    (void)state;
    for (uint32_t value = 0; value <= 0x10FFFF; value++) {
        char s[6] = {'a'};
        const size_t n = encode(value, s + 1);
        const bool control = value < 0x20 || (value >= 0x7F && value <= 0x9F);

        s[n + 1] = 'z';
        if (n > 0) {
            assert_int_equal(text_has_control(s, n + 2), control);
            assert_int_equal(text_has_control(s + 1, n), control);
        }
    }
    assert_false(text_has_control(NULL, 0));
    assert_false(text_has_control("\xc2", 1));
}

static void knows_the_characters_of_a_token(void **state)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t count = 0;
    char s[TEXT_TOKEN_MAX + 1];

    (void)state;
    for (int c = 0; c < 256; c++) {
        const char one = (char)c;

        assert_int_equal(text_is_token(&one, 1), c != 0 && strchr(allowed, c) != NULL);
        count += text_is_token(&one, 1) ? 1 : 0;
    }
    assert_int_equal(count, 65);
    memset(s, 'a', sizeof(s));
    assert_false(text_is_token(s, 0));
    assert_true(text_is_token(s, TEXT_TOKEN_MAX));
    assert_false(text_is_token(s, TEXT_TOKEN_MAX + 1));
    s[31] = ' ';
    assert_false(text_is_token(s, TEXT_TOKEN_MAX));
}

static void counts_digits_exactly(void **state)
{
    (void)state;
    assert_true(text_is_digits("0123456789", 10, 10));
    assert_false(text_is_digits("0123456789", 10, 9));
    assert_false(text_is_digits("0123456789", 10, 11));
    assert_true(text_is_digits(NULL, 0, 0));
    for (int c = 0; c < 256; c++) {
        const char s[3] = {'1', (char)c, '2'};

        assert_int_equal(text_is_digits(s, 2, 2), c >= '0' && c <= '9');
        assert_int_equal(text_is_digits(s + 1, 2, 2), c >= '0' && c <= '9');
    }
}

static void bounds_upper_case_letters_and_digits(void **state)
{
    (void)state;
    assert_true(text_is_upper_alnum("0AZ9", 4, 4, 4));
    assert_false(text_is_upper_alnum("0AZ9", 4, 5, 9));
    assert_false(text_is_upper_alnum("0AZ9", 4, 1, 3));
    for (int c = 0; c < 256; c++) {
        const char s[3] = {'Z', (char)c, '0'};
        const bool right = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');

        assert_int_equal(text_is_upper_alnum(s, 2, 1, 2), right);
        assert_int_equal(text_is_upper_alnum(s + 1, 2, 2, 2), right);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_code_point_but_the_surrogates),
        cmocka_unit_test(takes_no_other_string_of_up_to_three_bytes),
        cmocka_unit_test(decides_the_edges_of_utf8),
        cmocka_unit_test(knows_every_control_character_and_no_other),
        cmocka_unit_test(knows_the_characters_of_a_token),
        cmocka_unit_test(counts_digits_exactly),
        cmocka_unit_test(bounds_upper_case_letters_and_digits),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
