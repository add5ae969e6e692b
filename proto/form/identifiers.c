#include "form/identifiers.h"

#include <string.h>

#include "form/iso.h"
#include "form/text.h"

#define USCC_SIZE          18
#define ORGANISATION_AT    8 /* the organisation code within a USCC */
#define ORGANISATION_DATA  8 /* its characters before the check character */
#define LEI_SIZE           20
#define BIC_COUNTRY_AT     4
#define BIC_LETTERS        6
#define BANK_CODE_SIZE     12
#define REGION_SIZE        6
#define REGISTRATION_N_MIN 8
#define REGISTRATION_N_MAX 28

/* The value of a character of GB 32100-2015: the digits, then the letters without I, O, S, V and Z.
 * -1 when it has none. */
static int uscc_value(char c)
{
    static const int8_t letters[] = {10, 11, 12, 13, 14, 15, 16, 17, -1, 18, 19, 20, 21,
                                     22, -1, 23, 24, 25, -1, 26, 27, -1, 28, 29, 30, -1};

    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'A' && c <= 'Z' ? letters[c - 'A'] : -1;
}

/* 0 to 9, then A = 10 to Z = 35, the values of GB 11714 and ISO 7064; c is one of those. */
static int alnum_value(char c) { return c <= '9' ? c - '0' : c - 'A' + 10; }

/* GB 11714: 11 less the weighted sum mod 11, where 10 is written X and 11 is written 0. */
static bool organisation_checks(const char *s)
{
    static const int weights[ORGANISATION_DATA] = {3, 7, 9, 10, 5, 8, 4, 2};
    static const char check[] = "0X987654321";
    int sum = 0;

    for (size_t i = 0; i < ORGANISATION_DATA; i++) {
        sum += alnum_value(s[i]) * weights[i];
    }
    return s[ORGANISATION_DATA] == check[sum % 11];
}

bool uscc_valid(const char *s, size_t n)
{
    static const int weights[USCC_SIZE - 1] = {1,  3,  9,  27, 19, 26, 16, 17, 20,
                                               29, 25, 13, 8,  24, 10, 30, 28}; /* 3^i mod 31 */
    int sum = 0;

    if (n != USCC_SIZE) {
        return false;
    }
    for (size_t i = 0; i < USCC_SIZE - 1; i++) {
        const int value = uscc_value(s[i]);

        if (value < 0) {
            return false;
        }
        sum += value * weights[i];
    }
    /* The outer mod makes 31 a 0; without it a code whose sum is a multiple of 31 has no check
     * character at all. */
    if (uscc_value(s[USCC_SIZE - 1]) != (31 - sum % 31) % 31) {
        return false;
    }
    return organisation_checks(s + ORGANISATION_AT);
}

bool lei_valid(const char *s, size_t n)
{
    int rest = 0;

    if (!text_is_upper_alnum(s, n, LEI_SIZE, LEI_SIZE)) {
        return false;
    }
    if (!text_is_digits(s + LEI_SIZE - 2, 2, 2)) {
        return false;
    }
    for (size_t i = 0; i < LEI_SIZE; i++) {
        const int value = alnum_value(s[i]);

        rest = (rest * (value > 9 ? 100 : 10) + value) % 97; /* a letter is two digits */
    }
    return rest == 1;
}

bool bic_valid(const char *s, size_t n)
{
    if (n != 8 && n != 11) {
        return false;
    }
    for (size_t i = 0; i < BIC_LETTERS; i++) {
        if (s[i] < 'A' || s[i] > 'Z') {
            return false;
        }
    }
    return iso_country_alpha2_known(s + BIC_COUNTRY_AT) &&
           text_is_upper_alnum(s + BIC_LETTERS, n - BIC_LETTERS, 2, 5);
}

static bool is_uuid_dash(size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

/* Value + 1 of a lower-case digit, 0 for anything else: every filing comes by here five times. */
static const uint8_t hex_values[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* Where the two digits of each byte stand in the text. */
static const uint8_t uuid_digits[UUID_SIZE] = {0,  2,  4,  6,  9,  11, 14, 16,
                                               19, 21, 24, 26, 28, 30, 32, 34};

/* The bytes at out, which mean nothing when it is not valid. */
static bool uuid_read(const char *s, uint8_t out[UUID_SIZE])
{
    unsigned wrong = s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-';

    for (size_t i = 0; i < UUID_SIZE; i++) {
        const unsigned high = hex_values[(uint8_t)s[uuid_digits[i]]];
        const unsigned low = hex_values[(uint8_t)s[uuid_digits[i] + 1]];

        wrong |= high == 0 || low == 0;
        out[i] = (uint8_t)((high - 1) << 4 | (low - 1));
    }
    return !wrong;
}

bool uuid_valid(const char *s, size_t n)
{
    uint8_t bytes[UUID_SIZE];

    return n == UUID_TEXT_SIZE - 1 && uuid_read(s, bytes);
}

bool uuid_pack(const char *s, uint8_t out[UUID_SIZE])
{
    uint8_t bytes[UUID_SIZE];

    if (!uuid_read(s, bytes)) {
        return false;
    }
    memcpy(out, bytes, sizeof(bytes));
    return true;
}

void uuid_unpack(const uint8_t in[UUID_SIZE], char out[UUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < UUID_SIZE; i++) {
        if (is_uuid_dash(at)) {
            out[at] = '-';
            at++;
        }
        out[at] = digits[in[i] >> 4];
        out[at + 1] = digits[in[i] & 0x0F];
        at += 2;
    }
    out[at] = '\0';
}

bool industry_valid(const char *s, size_t n)
{
    if (n < 1 || n == 2 || n > 5) {
        return false;
    }
    return s[0] >= 'A' && s[0] <= 'T' && text_is_digits(s + 1, n - 1, n - 1);
}

bool registration_no_valid(const char *s, size_t n)
{
    return text_is_upper_alnum(s, n, REGISTRATION_N_MIN, REGISTRATION_N_MAX);
}

bool bank_code_valid(const char *s, size_t n) { return text_is_digits(s, n, BANK_CODE_SIZE); }

bool region_valid(const char *s, size_t n) { return text_is_digits(s, n, REGION_SIZE); }
