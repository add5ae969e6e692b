/* money.h - amounts, rates and fractions: exact, in integers, or refused.
 *
 * Pure.  An amount is an int64_t in minor units of a currency whose decimals are its exponent (0 to
 * MONEY_SCALE_MAX).  A rate is CNY for one unit of a currency, times 10^10 (name suffix _e10).
 *
 * Promises:
 *   M1  nothing wraps: what does not fit int64_t is false, and then nothing is written;
 *   M2  every result is the exact value, rounded once and only where a rounding is named;
 *   M3  amounts up to INT64_MAX are taken, so that sums over many objects convert too; the bound on
 *       one amount of a filing, MONEY_MINOR_MAX, is checked by money_check() alone.
 *
 * A decimal text is digits, or digits, a point and digits: no sign, exponent, grouping or space, no
 * leading zero but the one before the point, no "1." and no ".5" (rulebook F7). */
#ifndef FORM_MONEY_H
#define FORM_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MONEY_MINOR_MAX INT64_C(1000000000000000) /* of one amount in a filing (rulebook 1) */
#define MONEY_SCALE_MAX 18                        /* decimals a value may carry (rulebook 1) */
#define MONEY_TEXT_SIZE 22                        /* any int64_t, sign, point and NUL */
#define RATE_E10        INT64_C(10000000000)      /* a rate of 1 */
#define RATE_DECIMALS   10
#define RATE_TEXT_SIZE  21 /* any rate or fraction and NUL */

/* The value is the code of rulebook section 2. */
enum money_fault { MONEY_OK = 0, MONEY_AMOUNT = 108 };

/* Up, away from nothing: for what consumes a limit.  Down: for what releases or grants one. */
enum rounding { ROUND_UP, ROUND_DOWN };

/* What one unit of a currency is, for money_convert(). */
struct money_unit {
    int exponent;     /* 0 to MONEY_SCALE_MAX */
    int64_t rate_e10; /* above 0; RATE_E10 for CNY */
};

/* A decimal text as *ret_minor / 10^*ret_scale, with the decimals it was written with ("5.00" is
 * 500 at scale 2).  False when it is no decimal, has more than MONEY_SCALE_MAX decimals or does not
 * fit. Borrows all. */
bool money_parse_decimal(const char *s, size_t n, int64_t *ret_minor, int *ret_scale);

/* The same with an optional leading '-' (cash_delta, rulebook F5).  A negative zero is refused: it
 * could not be written back. */
bool money_parse_signed(const char *s, size_t n, int64_t *ret_minor, int *ret_scale);

/* minor / 10^scale as *ret / 10^exponent: 50 at scale 1 is 500 at exponent 2.  False when that is
 * no whole number, does not fit, or scale or exponent is not within 0 to MONEY_SCALE_MAX.  Borrows
 * ret. */
bool money_rescale(int64_t minor, int scale, int exponent, int64_t *ret);

/* The amount of a filing in minor units of a currency with that exponent: MONEY_AMOUNT when it has
 * more decimals than the currency, even zeros, or is above MONEY_MINOR_MAX either way from zero
 * (rulebook 1, F7).  Whether it may be zero or negative is for the event to say.  Writes *ret on
 * MONEY_OK only. */
enum money_fault money_check(int64_t minor, int scale, int exponent, int64_t *ret);

/* "1200000.00", "-5.00", with exponent 0 "7".  The length without the NUL; 0, and an empty text
 * where there is room for one, when size is too small (MONEY_TEXT_SIZE never is).  Borrows out. */
size_t money_format(int64_t minor, int exponent, char *out, size_t size);

/* minor of one currency in another, by way of CNY: a x rate(X) x 10^(exp Y - exp X) / rate(Y)
 * (rulebook 8).  False when the result does not fit.  minor is not negative.  Between equal
 * currencies no rate is needed: do not call (rulebook L7).  Borrows ret. */
bool money_convert(int64_t minor, struct money_unit from, struct money_unit to,
                   enum rounding rounding, int64_t *ret);

/* minor x num / den.  False when the result does not fit.  minor and num are not negative, den is
 * above 0.  Borrows ret. */
bool money_mul_fraction(int64_t minor, int64_t num, int64_t den, enum rounding rounding,
                        int64_t *ret);

/* A rate: a decimal text above zero with at most RATE_DECIMALS decimals.  Borrows all. */
bool rate_parse(const char *s, size_t n, int64_t *ret_e10);

/* The shortest text of a rate or fraction, without zeros at the end: "7.1024", "1"; value_e10 is
 * not negative.  Borrows out, of RATE_TEXT_SIZE bytes. */
void rate_format(int64_t value_e10, char out[RATE_TEXT_SIZE]);

/* A parameter's number: like a rate, but zero is one too ("0.15", "0").  Borrows all. */
bool fraction_parse(const char *s, size_t n, int64_t *ret_e10);

#endif
