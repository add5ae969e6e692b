#include "form/iso.h"

#include <assert.h>

#include "form/date.h"

#define LETTERS 26

/* The place of a code among all of its length. */
#define KEY2(a, b)    (((a) - 'A') * LETTERS + (b) - 'A')
#define KEY3(a, b, c) (KEY2(a, b) * LETTERS + (c) - 'A')

/* The first day of a month as date_make() gives it, as a constant: days from 0000-03-01, in years
 * that begin in March.  A test compares the two for every row. */
#define MARCH_YEAR(y, m)   ((y) - ((m) <= 2 ? 1 : 0))
#define MARCH_MONTH(m)     ((m) <= 2 ? (m) + 9 : (m)-3)
#define LEAP_DAYS(y)       ((y) / 4 - (y) / 100 + (y) / 400)
#define YEAR_DAYS(y)       (365 * (y) + LEAP_DAYS(y))
#define MONTH_FIRST(y, m)  (YEAR_DAYS(MARCH_YEAR(y, m)) + (153 * MARCH_MONTH(m) + 2) / 5 - 719468)
#define WITHDRAWN_ON(y, m) ((y) == 0 ? DATE_NONE : MONTH_FIRST(y, m))

static const struct currency currencies[] = {
#define CURRENCY(code, a, b, c, numeric, exponent, year, month)                                    \
    {#code, numeric, exponent, WITHDRAWN_ON(year, month)},
#include "form/iso_currencies.def"
#undef CURRENCY
};

/* Index + 1 of each code, 0 = none.  A code that had two rows would not compile. */
static const uint16_t currency_by_alpha[LETTERS * LETTERS * LETTERS] = {
#define CURRENCY(code, a, b, c, numeric, exponent, year, month)                                    \
    [KEY3(a, b, c)] = CURRENCY_##code + 1,
#include "form/iso_currencies.def"
#undef CURRENCY
};

static const char countries[][4] = {
#define COUNTRY(code, a, b, c, a2, b2) #code,
#include "form/iso_countries.def"
#undef COUNTRY
};

static const uint16_t country_by_alpha3[LETTERS * LETTERS * LETTERS] = {
#define COUNTRY(code, a, b, c, a2, b2) [KEY3(a, b, c)] = COUNTRY_##code + 1,
#include "form/iso_countries.def"
#undef COUNTRY
};

static const bool alpha2_known[LETTERS * LETTERS] = {
#define COUNTRY(code, a, b, c, a2, b2) [KEY2(a2, b2)] = true,
#include "form/iso_countries.def"
#undef COUNTRY
};

_Static_assert(sizeof(currencies) / sizeof(currencies[0]) == CURRENCY_N, "a row a currency");
_Static_assert(sizeof(countries) / sizeof(countries[0]) == COUNTRY_N, "a row a country");

static bool is_letter(char c) { return c >= 'A' && c <= 'Z'; }

static int find3(const uint16_t *by_code, const char *s, size_t n)
{
    if (n != 3 || !is_letter(s[0]) || !is_letter(s[1]) || !is_letter(s[2])) {
        return -1;
    }
    return (int)by_code[KEY3(s[0], s[1], s[2])] - 1;
}

int iso_currency_find(const char *s, size_t n) { return find3(currency_by_alpha, s, n); }

const struct currency *iso_currency(int index)
{
    assert(index >= 0);
    assert(index < CURRENCY_N);
    return &currencies[index];
}

int iso_currency_count(void) { return CURRENCY_N; }

/* Does row a stand for a number they share rather than row b. */
static bool stands_before(const struct currency *a, const struct currency *b)
{
    if (b->withdrawn_on == DATE_NONE) {
        return false;
    }
    return a->withdrawn_on == DATE_NONE || a->withdrawn_on > b->withdrawn_on;
}

int iso_currency_by_numeric(uint16_t numeric)
{
    int found = -1;

    if (numeric == 0) {
        return -1;
    }
    for (int i = 0; i < CURRENCY_N; i++) {
        if (currencies[i].numeric != numeric) {
            continue;
        }
        if (found < 0 || stands_before(&currencies[i], &currencies[found])) {
            found = i;
        }
    }
    return found;
}

bool iso_currency_usable(int index, int32_t business_on)
{
    if (index < 0) {
        return false;
    }

    const struct currency *c = iso_currency(index);

    return c->exponent >= 0 && (c->withdrawn_on == DATE_NONE || business_on < c->withdrawn_on);
}

int iso_country_find(const char *alpha3, size_t n) { return find3(country_by_alpha3, alpha3, n); }

const char *iso_country_alpha3(int index)
{
    assert(index >= 0);
    assert(index < COUNTRY_N);
    return countries[index];
}

int iso_country_count(void) { return COUNTRY_N; }

bool iso_country_alpha2_known(const char two[2])
{
    return is_letter(two[0]) && is_letter(two[1]) && alpha2_known[KEY2(two[0], two[1])];
}
