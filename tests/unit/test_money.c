/* Money: texts by table, and every division checked against its definition in numbers wide enough
 * to hold both sides: r is the result exactly when r x B <= A < (r + 1) x B. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "form/money.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Fail and name the text whose answer was wrong. */
static void expect(bool right, const char *s)
{
    if (!right) {
        fail_msg("wrong about '%s'", s);
    }
}

/* Nine limbs of 32 bits, the least first: room for 2^64 x 2^63 x 10^18 and more. */
#define LIMBS 9
struct big {
    uint32_t limb[LIMBS];
};

static struct big big_of(uint64_t value)
{
    return (struct big){.limb = {(uint32_t)value, (uint32_t)(value >> 32)}};
}

static struct big big_times(struct big a, uint64_t by)
{
    struct big result = {{0}};

    for (size_t half = 0; half < 2; half++) {
        const uint64_t factor = half == 0 ? by & UINT32_MAX : by >> 32;
        uint64_t carry = 0;

        for (size_t i = 0; i + half < LIMBS; i++) {
            carry += a.limb[i] * factor + result.limb[i + half];
            result.limb[i + half] = (uint32_t)carry;
            carry >>= 32;
        }
        assert_true(carry == 0);
    }
    return result;
}

static int big_compare(struct big a, struct big b)
{
    for (size_t i = LIMBS; i > 0; i--) {
        if (a.limb[i - 1] != b.limb[i - 1]) {
            return a.limb[i - 1] < b.limb[i - 1] ? -1 : 1;
        }
    }
    return 0;
}

static uint64_t power(int n)
{
    uint64_t result = 1;

    for (int i = 0; i < n; i++) {
        result *= 10;
    }
    return result;
}

/* Is got (or its absence) a / b rounded that way. */
static bool is_quotient(struct big a, struct big b, enum rounding rounding, bool fits, int64_t got)
{
    if (!fits) { /* it must be above INT64_MAX */
        return rounding == ROUND_UP ? big_compare(a, big_times(b, INT64_MAX)) > 0
                                    : big_compare(a, big_times(b, (uint64_t)INT64_MAX + 1)) >= 0;
    }
    if (got < 0) {
        return false;
    }
    if (rounding == ROUND_UP) {
        return big_compare(a, big_times(b, (uint64_t)got)) <= 0 &&
               (got == 0 || big_compare(a, big_times(b, (uint64_t)got - 1)) > 0);
    }
    return big_compare(a, big_times(b, (uint64_t)got)) >= 0 &&
           big_compare(a, big_times(b, (uint64_t)got + 1)) < 0;
}

static void check_convert(int64_t minor, struct money_unit from, struct money_unit to,
                          enum rounding rounding)
{
    int64_t got = -77;
    const bool fits = money_convert(minor, from, to, rounding, &got);
    const int up = to.exponent > from.exponent ? to.exponent - from.exponent : 0;
    const int down = to.exponent < from.exponent ? from.exponent - to.exponent : 0;
    const struct big a =
        big_times(big_times(big_of((uint64_t)minor), (uint64_t)from.rate_e10), power(up));
    const struct big b = big_times(big_of((uint64_t)to.rate_e10), power(down));

    if (!is_quotient(a, b, rounding, fits, got)) {
        fail_msg("%lld at %d, %lld to %d, %lld gave %s %lld", (long long)minor, from.exponent,
                 (long long)from.rate_e10, to.exponent, (long long)to.rate_e10,
                 fits ? "true" : "false", (long long)got);
    }
    assert_true(fits || got == -77);
}

static const int64_t amounts[] = {0,
                                  1,
                                  2,
                                  3,
                                  7,
                                  99,
                                  100,
                                  12345678901,
                                  MONEY_MINOR_MAX - 1,
                                  MONEY_MINOR_MAX,
                                  INT64_C(3037000499) * 3037000499,
                                  INT64_MAX - 1,
                                  INT64_MAX};
static const int64_t rates[] = {1, 2, 3, 4870, RATE_E10, 71024000000, 71024000001, INT64_MAX};
static const int exponents[] = {0, 2, 3, 4, MONEY_SCALE_MAX};

static void convert_all_exponents(int64_t minor, int64_t rate_from, int64_t rate_to)
{
    for (size_t i = 0; i < ROWS(exponents) * ROWS(exponents); i++) {
        const struct money_unit from = {exponents[i / ROWS(exponents)], rate_from};
        const struct money_unit to = {exponents[i % ROWS(exponents)], rate_to};

        check_convert(minor, from, to, ROUND_UP);
        check_convert(minor, from, to, ROUND_DOWN);
    }
}

static void converts_exactly_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(amounts); i++) {
        for (size_t j = 0; j < ROWS(rates) * ROWS(rates); j++) {
            convert_all_exponents(amounts[i], rates[j / ROWS(rates)], rates[j % ROWS(rates)]);
        }
    }
}

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* A value of any size: sizes are as likely as each other, not values. */
static int64_t random_value(uint64_t *seed)
{
    const uint64_t bits = random_next(seed) % 63;

    return (int64_t)(random_next(seed) & INT64_MAX) >> bits;
}

static void converts_any_amount_by_any_rate(void **state)
{
    uint64_t seed = 20260413;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        const struct money_unit from = {(int)(random_next(&seed) % 19), random_value(&seed) | 1};
        const struct money_unit to = {(int)(random_next(&seed) % 19), random_value(&seed) | 1};

        check_convert(random_value(&seed), from, to, i % 2 == 0 ? ROUND_UP : ROUND_DOWN);
    }
}

static const struct {
    int64_t minor;
    struct money_unit from;
    struct money_unit to;
    int64_t up;
    int64_t down;
} convert_rows[] = {
    /* USD 100.00 at 7.1024 is CNY 710.24 */
    {10000, {2, 71024000000}, {2, RATE_E10}, 71024, 71024},
    /* CNY 100.00 at 7.1024 is USD 14.0797… */
    {10000, {2, RATE_E10}, {2, 71024000000}, 1408, 1407},
    /* JPY 1000 at 0.0487 is CNY 48.70 */
    {1000, {0, 487000000}, {2, RATE_E10}, 4870, 4870},
    /* KWD 1.000 at 23 to JPY at 0.0487: 472.27… */
    {1000, {3, 230000000000}, {0, 487000000}, 473, 472},
    {1, {2, 1}, {2, INT64_MAX}, 1, 0},
    {MONEY_MINOR_MAX, {2, 71024000000}, {2, RATE_E10}, 7102400000000000, 7102400000000000},
};

static void rounds_up_what_consumes_and_down_what_grants(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(convert_rows); i++) {
        int64_t up = 0;
        int64_t down = 0;

        assert_true(money_convert(convert_rows[i].minor, convert_rows[i].from, convert_rows[i].to,
                                  ROUND_UP, &up));
        assert_true(money_convert(convert_rows[i].minor, convert_rows[i].from, convert_rows[i].to,
                                  ROUND_DOWN, &down));
        assert_true(up == convert_rows[i].up);
        assert_true(down == convert_rows[i].down);
    }
}

static void check_fraction(int64_t minor, int64_t num, int64_t den)
{
    for (int i = 0; i < 2; i++) {
        const enum rounding rounding = i == 0 ? ROUND_UP : ROUND_DOWN;
        int64_t got = -77;
        const bool fits = money_mul_fraction(minor, num, den, rounding, &got);

        assert_true(is_quotient(big_times(big_of((uint64_t)minor), (uint64_t)num),
                                big_of((uint64_t)den), rounding, fits, got));
        assert_true(fits || got == -77);
    }
}

static void multiplies_by_a_fraction_exactly_or_not_at_all(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (size_t i = 0; i < ROWS(amounts); i++) {
        for (size_t j = 0; j < ROWS(amounts) * ROWS(rates); j++) {
            check_fraction(amounts[i], amounts[j / ROWS(rates)], rates[j % ROWS(rates)]);
        }
    }
    for (int i = 0; i < 100000; i++) {
        check_fraction(random_value(&seed), random_value(&seed), random_value(&seed) | 1);
    }
}

static const struct {
    const char *s;
    int64_t minor;
    int scale;
} decimal_rows[] = {
    {"0", 0, 0},
    {"0.00", 0, 2},
    {"7", 7, 0},
    {"1200000.00", 120000000, 2},
    {"5.0", 50, 1},
    {"0.05", 5, 2},
    {"10", 10, 0},
    {"9223372036854775807", INT64_MAX, 0},
    {"9.223372036854775807", INT64_MAX, 18},
    {"0.000000000000000001", 1, 18},
    {"10000000000000.00", MONEY_MINOR_MAX, 2},
};

static const char *const not_decimals[] = {
    "",
    ".",
    "1.",
    ".5",
    "-",
    "-5",
    "+5",
    "00",
    "01",
    "00.5",
    "1e3",
    "1E3",
    "1,000",
    "1 000",
    " 1",
    "1 ",
    "1..2",
    "1.2.3",
    "0x10",
    "1.5-",
    "1_000",
    "NaN",
    "1.5e2",
    "１",
    "1.",
    "--1",
    "9223372036854775808",
    "92233720368547758080",
    "9.2233720368547758070",
    "0.0000000000000000001",
    "1.0000000000000000000",
    "99999999999999999999999999999",
};

static void reads_decimals_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(decimal_rows); i++) {
        const char *s = decimal_rows[i].s;
        int64_t minor = -1;
        int scale = -1;

        assert_true(money_parse_decimal(s, strlen(s), &minor, &scale));
        assert_true(minor == decimal_rows[i].minor);
        assert_int_equal(scale, decimal_rows[i].scale);
        assert_true(money_parse_signed(s, strlen(s), &minor, &scale));
        assert_true(minor == decimal_rows[i].minor);
    }
}

static void refuses_what_is_no_decimal(void **state)
{
    int64_t got = 0;
    int got_scale = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(not_decimals); i++) {
        int64_t minor = -77;
        int scale = -77;

        expect(!money_parse_decimal(not_decimals[i], strlen(not_decimals[i]), &minor, &scale),
               not_decimals[i]);
        assert_true(minor == -77 && scale == -77);
    }
    assert_false(money_parse_decimal(NULL, 0, &got, &got_scale));
    assert_false(money_parse_signed(NULL, 0, &got, &got_scale));
    for (int c = 0; c < 256; c++) {
        const char s[3] = {'1', (char)c, '2'};
        int64_t minor = 0;
        int scale = 0;

        assert_int_equal(money_parse_decimal(s, 3, &minor, &scale),
                         c == '.' || (c >= '0' && c <= '9'));
    }
}

static void reads_a_sign_only_where_one_may_be(void **state)
{
    static const char *const broken[] = {"-",   "--5", "+5",  "-0", "-0.00",
                                         "-05", "-.5", "- 5", "5-"};
    int64_t minor = -77;
    int scale = -77;

    (void)state;
    assert_true(money_parse_signed("-5.00", 5, &minor, &scale));
    assert_true(minor == -500 && scale == 2);
    assert_true(money_parse_signed("-9223372036854775807", 20, &minor, &scale));
    assert_true(minor == -INT64_MAX);
    minor = -77;
    scale = -77;
    for (size_t i = 0; i < ROWS(broken); i++) {
        assert_false(money_parse_signed(broken[i], strlen(broken[i]), &minor, &scale));
        assert_true(minor == -77 && scale == -77);
    }
}

static const struct {
    int64_t minor;
    int64_t rescaled;
    int scale;
    int exponent;
    enum money_fault fault;
    bool rescales;
} scale_rows[] = {
    {50, 500, 1, 2, MONEY_OK, true},
    {7, 7, 0, 0, MONEY_OK, true},
    {-5, -500, 0, 2, MONEY_OK, true},
    {500, 5, 2, 0, MONEY_AMOUNT, true}, /* even zeros */
    {501, 0, 2, 0, MONEY_AMOUNT, false},
    {5000, 500, 3, 2, MONEY_AMOUNT, true},
    {MONEY_MINOR_MAX, MONEY_MINOR_MAX, 2, 2, MONEY_OK, true},
    {-MONEY_MINOR_MAX, -MONEY_MINOR_MAX, 2, 2, MONEY_OK, true},
    {MONEY_MINOR_MAX + 1, MONEY_MINOR_MAX + 1, 2, 2, MONEY_AMOUNT, true},
    {-MONEY_MINOR_MAX - 1, -MONEY_MINOR_MAX - 1, 2, 2, MONEY_AMOUNT, true},
    {MONEY_MINOR_MAX, MONEY_MINOR_MAX * 100, 0, 2, MONEY_AMOUNT, true},
    {INT64_MAX, 0, 0, 1, MONEY_AMOUNT, false},
    {INT64_MIN, 0, 0, 1, MONEY_AMOUNT, false},
    {INT64_MIN, INT64_MIN, 0, 0, MONEY_AMOUNT, true},
    {9, INT64_C(9000000000000000000), 0, 18, MONEY_AMOUNT, true},
    {10, 0, 0, 18, MONEY_AMOUNT, false},
    {1, 0, 19, 18, MONEY_AMOUNT, false},
    {1, 0, -1, 2, MONEY_AMOUNT, false},
    {1, 0, 0, 19, MONEY_AMOUNT, false},
    {1, 0, 0, -1, MONEY_AMOUNT, false}, /* no minor units */
};

static void rescales_without_loss_and_bounds_an_amount(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(scale_rows); i++) {
        int64_t rescaled = -77;
        int64_t checked = -77;

        assert_int_equal(money_rescale(scale_rows[i].minor, scale_rows[i].scale,
                                       scale_rows[i].exponent, &rescaled),
                         scale_rows[i].rescales);
        assert_true(rescaled == (scale_rows[i].rescales ? scale_rows[i].rescaled : -77));
        assert_int_equal(
            money_check(scale_rows[i].minor, scale_rows[i].scale, scale_rows[i].exponent, &checked),
            scale_rows[i].fault);
        assert_true(checked == (scale_rows[i].fault == MONEY_OK ? scale_rows[i].rescaled : -77));
    }
}

static const struct {
    int64_t minor;
    int exponent;
    const char *want;
} format_rows[] = {
    {120000000, 2, "1200000.00"},
    {-500, 2, "-5.00"},
    {7, 0, "7"},
    {0, 0, "0"},
    {0, 2, "0.00"},
    {5, 2, "0.05"},
    {-5, 3, "-0.005"},
    {10, 0, "10"},
    {100, 2, "1.00"},
    {1, 18, "0.000000000000000001"},
    {INT64_MAX, 0, "9223372036854775807"},
    {INT64_MIN, 0, "-9223372036854775808"},
    {INT64_MIN, 2, "-92233720368547758.08"},
    {INT64_MIN, 18, "-9.223372036854775808"},
};

static void writes_amounts_with_their_decimals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(format_rows); i++) {
        const size_t want_n = strlen(format_rows[i].want);

        /* Every size: whole or empty, and never a byte beyond. */
        for (size_t size = 0; size <= MONEY_TEXT_SIZE; size++) {
            char out[MONEY_TEXT_SIZE + 1];

            memset(out, '#', sizeof(out));

            const size_t n = money_format(format_rows[i].minor, format_rows[i].exponent, out, size);

            assert_int_equal(n, size > want_n ? want_n : 0);
            assert_string_equal(size > 0 ? out : "", size > want_n ? format_rows[i].want : "");
            assert_int_equal(out[size], '#');
        }
    }
}

static void reads_back_what_it_writes(void **state)
{
    uint64_t seed = 11;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        const int64_t minor = random_value(&seed) * (i % 3 == 0 ? -1 : 1);
        const int exponent = (int)(random_next(&seed) % (MONEY_SCALE_MAX + 1));
        char s[MONEY_TEXT_SIZE];
        const size_t n = money_format(minor, exponent, s, sizeof(s));
        int64_t got = 0;
        int scale = -1;

        assert_true(money_parse_signed(s, n, &got, &scale));
        assert_true(got == minor);
        assert_int_equal(scale, exponent);
    }
}

static const struct {
    const char *s;
    int64_t value_e10; /* -1 = refused */
    const char *written;
} rate_rows[] = {
    {"7.1024", 71024000000, "7.1024"},
    {"7.10240", 71024000000, "7.1024"},
    {"1", RATE_E10, "1"},
    {"1.0000000000", RATE_E10, "1"},
    {"100", 100 * RATE_E10, "100"},
    {"0.0000000001", 1, "0.0000000001"},
    {"922337203.6854775807", INT64_MAX, "922337203.6854775807"},
    {"922337203.6854775808", -1, ""},
    {"922337204", -1, ""},
    {"0.00000000001", -1, ""},
    {"1.00000000000", -1, ""}, /* eleven decimals, even zeros */
    {"-1", -1, ""},
    {"07.1", -1, ""},
    {"7,1", -1, ""},
    {"7.1e1", -1, ""},
    {"", -1, ""},
    {"0.15", 1500000000, "0.15"},
};

static void reads_and_writes_rates_and_fractions(void **state)
{
    int64_t value = -77;
    char s[RATE_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < ROWS(rate_rows); i++) {
        const char *text = rate_rows[i].s;
        const bool taken = rate_rows[i].value_e10 >= 0;
        int64_t rate = -77;
        int64_t fraction = -77;

        assert_int_equal(rate_parse(text, strlen(text), &rate), taken);
        assert_int_equal(fraction_parse(text, strlen(text), &fraction), taken);
        assert_true(rate == (taken ? rate_rows[i].value_e10 : -77));
        assert_true(fraction == rate);
        if (taken) {
            rate_format(rate, s);
            assert_string_equal(s, rate_rows[i].written);
        }
    }
    /* Zero is a fraction and no rate. */
    assert_false(rate_parse("0", 1, &value));
    assert_false(rate_parse("0.0000000000", 12, &value));
    assert_true(value == -77);
    assert_true(fraction_parse("0.0", 3, &value));
    assert_true(value == 0);
    rate_format(0, s);
    assert_string_equal(s, "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converts_exactly_or_not_at_all),
        cmocka_unit_test(converts_any_amount_by_any_rate),
        cmocka_unit_test(rounds_up_what_consumes_and_down_what_grants),
        cmocka_unit_test(multiplies_by_a_fraction_exactly_or_not_at_all),
        cmocka_unit_test(reads_decimals_as_written),
        cmocka_unit_test(refuses_what_is_no_decimal),
        cmocka_unit_test(reads_a_sign_only_where_one_may_be),
        cmocka_unit_test(rescales_without_loss_and_bounds_an_amount),
        cmocka_unit_test(writes_amounts_with_their_decimals),
        cmocka_unit_test(reads_back_what_it_writes),
        cmocka_unit_test(reads_and_writes_rates_and_fractions),
    };

    return cmocka_run_group_tests_name("money", tests, NULL, NULL);
}
