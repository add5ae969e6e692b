#include "form/text.h"

#include <stdint.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

static bool is_continuation(uint8_t byte) { return (byte & 0xC0u) == 0x80u; }

/* The bytes of the sequence that a lead byte opens, 0 if it opens none; *ret_low and *ret_high
 * bound its second byte, which is what rules out overlong forms, surrogates and U+110000. */
static size_t sequence_length(uint8_t lead, uint8_t *ret_low, uint8_t *ret_high)
{
    *ret_low = 0x80;
    *ret_high = 0xBF;
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        *ret_low = lead == 0xE0 ? 0xA0 : 0x80;
        *ret_high = lead == 0xED ? 0x9F : 0xBF;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *ret_low = lead == 0xF0 ? 0x90 : 0x80;
        *ret_high = lead == 0xF4 ? 0x8F : 0xBF;
        return 4;
    }
    return 0;
}

/* The bytes of the valid sequence at s, 0 if there is none within n bytes. */
static size_t sequence_at(const char *s, size_t n)
{
    uint8_t low = 0;
    uint8_t high = 0;
    const size_t length = sequence_length((uint8_t)s[0], &low, &high);

    if (length == 0 || length > n) {
        return 0;
    }
    if (length > 1 && ((uint8_t)s[1] < low || (uint8_t)s[1] > high)) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (!is_continuation((uint8_t)s[i])) {
            return 0;
        }
    }
    return length;
}

bool text_utf8_valid(const char *s, size_t n)
{
    size_t at = 0;

    while (at < n) {
        const size_t length = sequence_at(s + at, n - at);

        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

size_t text_code_points(const char *s, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        count += is_continuation((uint8_t)s[i]) ? 0 : 1;
    }
    return count;
}

bool text_has_control(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t byte = (uint8_t)s[i];

        if (byte < 0x20 || byte == 0x7F) {
            return true;
        }
        /* C1 is C2 80 to C2 9F; C2 is never a continuation byte, so it cannot be met midway. */
        if (byte == 0xC2 && i + 1 < n && (uint8_t)s[i + 1] >= 0x80 && (uint8_t)s[i + 1] <= 0x9F) {
            return true;
        }
    }
    return false;
}

static bool is_token_character(char c)
{
    return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-';
}

bool text_is_token(const char *s, size_t n)
{
    if (n < 1 || n > TEXT_TOKEN_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_token_character(s[i])) {
            return false;
        }
    }
    return true;
}

bool text_is_digits(const char *s, size_t n, size_t count)
{
    if (n != count) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(s[i])) {
            return false;
        }
    }
    return true;
}

bool text_is_upper_alnum(const char *s, size_t n, size_t min, size_t max)
{
    if (n < min || n > max) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(s[i]) && !is_upper(s[i])) {
            return false;
        }
    }
    return true;
}
