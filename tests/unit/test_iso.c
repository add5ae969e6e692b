/* The ISO tables: every code of two and three letters is asked for, so that a row is found exactly
 * under its own code, and the order of the rows is held to what it was when they were first given
 * out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "form/date.h"
#include "form/iso.h"

/* The indexes that went out with the first tables: never to change. */
#define CURRENCIES_FIRST 307
#define COUNTRIES_FIRST  249
_Static_assert(CURRENCY_CNY == 62, "an index is for ever");
_Static_assert(CURRENCY_EUR == 89, "an index is for ever");
_Static_assert(CURRENCY_USD == 250, "an index is for ever");
_Static_assert(COUNTRY_CHN == 43, "an index is for ever");
_Static_assert(CURRENCY_N >= CURRENCIES_FIRST, "append only");
_Static_assert(COUNTRY_N >= COUNTRIES_FIRST, "append only");

/* FNV-1a, to hold an order without listing it twice. */
static uint64_t hash_add(uint64_t hash, const char *s)
{
    for (size_t i = 0; s[i] != '\0'; i++) {
        hash = (hash ^ (uint8_t)s[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void keeps_the_order_first_given_out(void **state)
{
    uint64_t currencies = UINT64_C(0xcbf29ce484222325);
    uint64_t countries = UINT64_C(0xcbf29ce484222325);

    (void)state;
    for (int i = 0; i < CURRENCIES_FIRST; i++) {
        currencies = hash_add(currencies, iso_currency(i)->alpha);
    }
    for (int i = 0; i < COUNTRIES_FIRST; i++) {
        countries = hash_add(countries, iso_country_alpha3(i));
    }
    assert_true(currencies == UINT64_C(0xe52c79ec861de50e));
    assert_true(countries == UINT64_C(0x5b84f1b92fea138));
}

/* The code of three letters at place key of all of them. */
static void code_at(int key, char code[4])
{
    code[0] = (char)('A' + key / 676);
    code[1] = (char)('A' + key / 26 % 26);
    code[2] = (char)('A' + key % 26);
    code[3] = '\0';
}

static void finds_each_row_under_its_code_and_nothing_else(void **state)
{
    int currencies = 0;
    int countries = 0;

    (void)state;
    for (int key = 0; key < 26 * 26 * 26; key++) {
        char code[4];

        code_at(key, code);

        const int currency = iso_currency_find(code, 3);
        const int country = iso_country_find(code, 3);

        if (currency >= 0) {
            assert_string_equal(iso_currency(currency)->alpha, code);
            currencies++;
        }
        if (country >= 0) {
            assert_string_equal(iso_country_alpha3(country), code);
            countries++;
        }
    }
    assert_int_equal(currencies, iso_currency_count());
    assert_int_equal(countries, iso_country_count());
    assert_int_equal(countries, 249);
}

static void refuses_what_is_no_code(void **state)
{
    static const char *const broken[] = {"",       "C",   "CN",  "cny",  "Cny",  "CNYX",
                                         "CNH",    "C Y", "C1Y", " CNY", "CNY ", "RMB",
                                         "\xc3NY", "@AA", "[ZZ", "AA["};

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        assert_int_equal(iso_currency_find(broken[i], strlen(broken[i])), -1);
        assert_int_equal(iso_country_find(broken[i], strlen(broken[i])), -1);
    }
    assert_int_equal(iso_currency_find(NULL, 0), -1);
    assert_int_equal(iso_currency_find("CN\0", 3), -1);
    assert_int_equal(iso_country_find("ROM", 3), -1); /* Romania until 2002 */
    assert_int_equal(iso_country_find("XKX", 3), -1); /* user-assigned */
}

/* Whatever the byte, what is found has the code that was asked for. */
static void finds_nothing_for_bytes_that_are_no_letters(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * 3 * 256; i++) {
        char code[4];
        const int place = i / 256 % 3;

        memcpy(code, i < 3 * 256 ? "CNY" : i < 6 * 256 ? "AED" : "ZWL", sizeof(code));
        code[place] = (char)(i % 256);

        const int index = iso_currency_find(code, 3);

        assert_true(index < 0 || strcmp(iso_currency(index)->alpha, code) == 0);
        assert_true(index < 0 || (code[place] >= 'A' && code[place] <= 'Z'));
    }
}

static const struct {
    const char *code;
    uint16_t numeric;
    int8_t exponent;
    const char *withdrawn_on; /* "" = live */
} currency_rows[] = {
    {"CNY", 156, 2, ""},
    {"USD", 840, 2, ""},
    {"EUR", 978, 2, ""}, /* withdrawn in Serbia and Montenegro alone */
    {"HKD", 344, 2, ""},
    {"JPY", 392, 0, ""},
    {"KRW", 410, 0, ""},
    {"VND", 704, 0, ""},
    {"KWD", 414, 3, ""},
    {"BHD", 48, 3, ""},
    {"CLF", 990, 4, ""},
    {"UYW", 927, 4, ""},
    {"IDR", 360, 2, ""}, /* withdrawn in Timor-Leste alone */
    {"RON", 946, 2, ""},
    {"XAU", 959, -1, ""},
    {"XAG", 961, -1, ""},
    {"XDR", 960, -1, ""},
    {"XXX", 999, -1, ""},
    {"XTS", 963, -1, ""},
    {"HRK", 191, 2, "2023-01-01"}, /* the later of two */
    {"BGN", 975, 2, "2026-01-01"},
    {"ANG", 532, 2, "2025-03-01"},
    {"DEM", 276, 2, "2002-03-01"},
    {"ITL", 380, 2, "2002-03-01"}, /* had no decimals: two once withdrawn */
    {"DDM", 278, 2, "1990-09-01"}, /* a range of months */
    {"ILR", 376, 2, "1990-01-01"}, /* a range of years */
    {"VNC", 704, 2, "1990-01-01"}, /* the same, written with a hyphen */
    {"XFU", 0, 2, "2013-11-01"},
};

static void knows_minor_units_and_withdrawals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(currency_rows) / sizeof(currency_rows[0]); i++) {
        const int index = iso_currency_find(currency_rows[i].code, 3);
        char withdrawn_on[DATE_TEXT_SIZE];

        assert_true(index >= 0);
        date_format(iso_currency(index)->withdrawn_on, withdrawn_on);
        assert_string_equal(withdrawn_on, currency_rows[i].withdrawn_on);
        assert_int_equal(iso_currency(index)->numeric, currency_rows[i].numeric);
        assert_int_equal(iso_currency(index)->exponent, currency_rows[i].exponent);
    }
}

static const struct {
    int year;
    int month;
} withdrawals[] = {
#define CURRENCY(code, a, b, c, numeric, exponent, year, month) {year, month},
#include "form/iso_currencies.def"
#undef CURRENCY
};

static void holds_every_row_to_the_rules(void **state)
{
    int live = 0;

    (void)state;
    for (int i = 0; i < iso_currency_count(); i++) {
        const struct currency *c = iso_currency(i);
        const int year = withdrawals[i].year;

        assert_in_range(c->numeric, 0, 999);
        assert_in_range(c->exponent + 1, 0, 5);
        if (year == 0) {
            live++;
            assert_int_equal(withdrawals[i].month, 0);
            assert_int_equal(c->withdrawn_on, DATE_NONE);
            assert_int_equal(iso_currency_by_numeric(c->numeric), i); /* unique among the live */
            continue;
        }
        assert_in_range(withdrawals[i].month, 1, 12);
        assert_int_equal(c->withdrawn_on, date_make(year, withdrawals[i].month, 1));
        assert_int_equal(c->exponent, 2);
    }
    assert_true(live >= 170);
}

static void finds_one_currency_by_a_number_that_many_had(void **state)
{
    (void)state;
    assert_int_equal(iso_currency_by_numeric(156), CURRENCY_CNY);
    assert_int_equal(iso_currency_by_numeric(32), CURRENCY_ARS);  /* live */
    assert_int_equal(iso_currency_by_numeric(532), CURRENCY_XCG); /* live, after ANG */
    assert_int_equal(iso_currency_by_numeric(76), CURRENCY_BRE);  /* withdrawn last */
    assert_int_equal(iso_currency_by_numeric(810), CURRENCY_RUR);
    assert_int_equal(iso_currency_by_numeric(0), -1);
    assert_int_equal(iso_currency_by_numeric(1), -1);
    assert_int_equal(iso_currency_by_numeric(UINT16_MAX), -1);
}

static const struct {
    int index;
    int32_t y, m, d;
    bool usable;
} usable_rows[] = {
    {CURRENCY_CNY, 1, 1, 1, true},      {CURRENCY_CNY, 9999, 12, 31, true},
    {CURRENCY_JPY, 2026, 4, 13, true}, /* 0 decimals are minor units too */
    {CURRENCY_AED, 2026, 4, 13, true}, /* index 0 */
    {CURRENCY_BGN, 2025, 12, 31, true}, {CURRENCY_BGN, 2026, 1, 1, false},
    {CURRENCY_BGN, 2026, 4, 13, false}, {CURRENCY_HRK, 2015, 6, 1, true},
    {CURRENCY_HRK, 2023, 1, 1, false},  {CURRENCY_XAU, 2026, 4, 13, false},
    {CURRENCY_XDR, 2026, 4, 13, false}, {-1, 2026, 4, 13, false},
};

static void refuses_a_currency_from_its_withdrawal_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(usable_rows) / sizeof(usable_rows[0]); i++) {
        const int32_t on = date_make(usable_rows[i].y, usable_rows[i].m, usable_rows[i].d);

        assert_int_equal(iso_currency_usable(usable_rows[i].index, on), usable_rows[i].usable);
    }
}

static void knows_the_country_codes_of_two_letters(void **state)
{
    int known = 0;

    (void)state;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            const char two[2] = {(char)a, (char)b};

            known += iso_country_alpha2_known(two) ? 1 : 0;
        }
    }
    assert_int_equal(known, 249);
    assert_true(iso_country_alpha2_known("CN"));
    assert_true(iso_country_alpha2_known("HK"));
    assert_true(iso_country_alpha2_known("TW"));
    assert_true(iso_country_alpha2_known("NA"));
    assert_false(iso_country_alpha2_known("UK"));
    assert_false(iso_country_alpha2_known("XK"));
    assert_false(iso_country_alpha2_known("EU"));
    assert_false(iso_country_alpha2_known("cn"));
    assert_string_equal(iso_country_alpha3(COUNTRY_CHN), "CHN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_first_given_out),
        cmocka_unit_test(finds_each_row_under_its_code_and_nothing_else),
        cmocka_unit_test(refuses_what_is_no_code),
        cmocka_unit_test(finds_nothing_for_bytes_that_are_no_letters),
        cmocka_unit_test(knows_minor_units_and_withdrawals),
        cmocka_unit_test(holds_every_row_to_the_rules),
        cmocka_unit_test(finds_one_currency_by_a_number_that_many_had),
        cmocka_unit_test(refuses_a_currency_from_its_withdrawal_on),
        cmocka_unit_test(knows_the_country_codes_of_two_letters),
    };

    return cmocka_run_group_tests_name("iso", tests, NULL, NULL);
}
