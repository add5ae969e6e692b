#include "form/money.h"

#include <assert.h>

/* Wide enough for the product of any two values of an amount's type.  Not in ISO C: every compiler
 * this is built with has it, and the extension is named where it is used, here alone. */
__extension__ typedef unsigned __int128 wide_uint;

static const int64_t power_of_10[MONEY_SCALE_MAX + 1] = {
    INT64_C(1),
    INT64_C(10),
    INT64_C(100),
    INT64_C(1000),
    INT64_C(10000),
    INT64_C(100000),
    INT64_C(1000000),
    INT64_C(10000000),
    INT64_C(100000000),
    INT64_C(1000000000),
    INT64_C(10000000000),
    INT64_C(100000000000),
    INT64_C(1000000000000),
    INT64_C(10000000000000),
    INT64_C(100000000000000),
    INT64_C(1000000000000000),
    INT64_C(10000000000000000),
    INT64_C(100000000000000000),
    INT64_C(1000000000000000000),
};

static bool is_scale(int scale) { return scale >= 0 && scale <= MONEY_SCALE_MAX; }

/* v is not negative. */
static wide_uint widen(int64_t v) { return (wide_uint)(uint64_t)v; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Digits at s with one point at most, as a whole number.  False when it is above INT64_MAX. */
static bool digits_value(const char *s, size_t n, int64_t *ret)
{
    int64_t value = 0;

    for (size_t i = 0; i < n; i++) {
        if (s[i] == '.') {
            continue;
        }
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, s[i] - '0', &value)) {
            return false;
        }
    }
    *ret = value;
    return true;
}

bool money_parse_decimal(const char *s, size_t n, int64_t *ret_minor, int *ret_scale)
{
    size_t whole = 0; /* digits before the point */

    while (whole < n && is_digit(s[whole])) {
        whole++;
    }
    if (whole == 0 || (whole > 1 && s[0] == '0')) {
        return false;
    }

    size_t end = whole;

    if (end < n && s[end] == '.') {
        end++;
        while (end < n && is_digit(s[end])) {
            end++;
        }
        if (end == whole + 1) {
            return false;
        }
    }

    const size_t scale = end > whole ? end - whole - 1 : 0;

    if (end != n || scale > MONEY_SCALE_MAX || !digits_value(s, n, ret_minor)) {
        return false;
    }
    *ret_scale = (int)scale;
    return true;
}

bool money_parse_signed(const char *s, size_t n, int64_t *ret_minor, int *ret_scale)
{
    int64_t minor = 0;
    int scale = 0;

    if (n == 0 || s[0] != '-') {
        return money_parse_decimal(s, n, ret_minor, ret_scale);
    }
    if (!money_parse_decimal(s + 1, n - 1, &minor, &scale) || minor == 0) {
        return false;
    }
    *ret_minor = -minor;
    *ret_scale = scale;
    return true;
}

bool money_rescale(int64_t minor, int scale, int exponent, int64_t *ret)
{
    int64_t result = 0;

    if (!is_scale(scale) || !is_scale(exponent)) {
        return false;
    }
    if (exponent >= scale) {
        if (__builtin_mul_overflow(minor, power_of_10[exponent - scale], &result)) {
            return false;
        }
        *ret = result;
        return true;
    }

    const int64_t divisor = power_of_10[scale - exponent];

    if (minor % divisor != 0) {
        return false;
    }
    *ret = minor / divisor;
    return true;
}

enum money_fault money_check(int64_t minor, int scale, int exponent, int64_t *ret)
{
    int64_t result = 0;

    if (scale > exponent || !money_rescale(minor, scale, exponent, &result)) {
        return MONEY_AMOUNT;
    }
    if (result > MONEY_MINOR_MAX || result < -MONEY_MINOR_MAX) {
        return MONEY_AMOUNT;
    }
    *ret = result;
    return MONEY_OK;
}

size_t money_format(int64_t minor, int exponent, char *out, size_t size)
{
    char reversed[MONEY_TEXT_SIZE];
    /* The magnitude of INT64_MIN is no int64_t: one less of it is. */
    uint64_t rest = minor < 0 ? (uint64_t)(-1 - minor) + 1 : (uint64_t)minor;
    size_t n = 0;

    assert(is_scale(exponent));
    for (int digits = 0; digits <= exponent || rest > 0; digits++) {
        if (digits == exponent && digits > 0) {
            reversed[n] = '.';
            n++;
        }
        reversed[n] = (char)('0' + rest % 10);
        n++;
        rest /= 10;
    }
    if (minor < 0) {
        reversed[n] = '-';
        n++;
    }
    if (size <= n) {
        if (size > 0) {
            out[0] = '\0';
        }
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = reversed[n - 1 - i];
    }
    out[n] = '\0';
    return n;
}

/* numerator / divisor, rounded; false when it is above INT64_MAX.  divisor is above 0 and at most
 * 2^123; where numerator + divisor would pass 2^128 the divisor must be below 2^63, so that the
 * result is above 2^64 and false is the truth. */
static bool divide_wide(wide_uint numerator, wide_uint divisor, enum rounding rounding,
                        int64_t *ret)
{
    if (rounding == ROUND_UP && __builtin_add_overflow(numerator, divisor - 1, &numerator)) {
        return false;
    }

    const wide_uint result = numerator / divisor;

    if (result > INT64_MAX) {
        return false;
    }
    *ret = (int64_t)result;
    return true;
}

bool money_convert(int64_t minor, struct money_unit from, struct money_unit to,
                   enum rounding rounding, int64_t *ret)
{
    assert(minor >= 0);
    assert(from.rate_e10 > 0);
    assert(to.rate_e10 > 0);
    assert(is_scale(from.exponent));
    assert(is_scale(to.exponent));

    /* The bounds: minor and the rates are below 2^63, a power of ten below 2^60.  So the product is
     * below 2^126 and the divisor below 2^123.  Only the product times a power can pass 2^128; the
     * divisor is then one rate, below 2^63, and the result above 2^65: it does not fit. */
    wide_uint numerator = widen(minor) * widen(from.rate_e10);
    wide_uint divisor = widen(to.rate_e10);

    if (to.exponent < from.exponent) {
        divisor *= widen(power_of_10[from.exponent - to.exponent]);
    } else if (__builtin_mul_overflow(numerator, widen(power_of_10[to.exponent - from.exponent]),
                                      &numerator)) {
        return false;
    }
    return divide_wide(numerator, divisor, rounding, ret);
}

bool money_mul_fraction(int64_t minor, int64_t num, int64_t den, enum rounding rounding,
                        int64_t *ret)
{
    assert(minor >= 0);
    assert(num >= 0);
    assert(den > 0);
    return divide_wide(widen(minor) * widen(num), widen(den), rounding, ret);
}

bool fraction_parse(const char *s, size_t n, int64_t *ret_e10)
{
    int64_t minor = 0;
    int scale = 0;

    if (!money_parse_decimal(s, n, &minor, &scale) || scale > RATE_DECIMALS) {
        return false;
    }
    return money_rescale(minor, scale, RATE_DECIMALS, ret_e10);
}

bool rate_parse(const char *s, size_t n, int64_t *ret_e10)
{
    int64_t rate_e10 = 0;

    if (!fraction_parse(s, n, &rate_e10) || rate_e10 == 0) {
        return false;
    }
    *ret_e10 = rate_e10;
    return true;
}

void rate_format(int64_t value_e10, char out[RATE_TEXT_SIZE])
{
    assert(value_e10 >= 0);

    size_t n = money_format(value_e10, RATE_DECIMALS, out, RATE_TEXT_SIZE);

    assert(n > RATE_DECIMALS);
    while (out[n - 1] == '0') {
        n--;
    }
    if (out[n - 1] == '.') {
        n--;
    }
    out[n] = '\0';
}
