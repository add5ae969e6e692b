/* iso.h - the currencies of ISO 4217 and the countries of ISO 3166-1.
 *
 * Pure: constant tables.  A currency or country is an int, the place of its row in
 * iso_currencies.def or iso_countries.def, from 0; -1 is none.
 *
 * Promises:
 *   I1  the alphabetic code is the identity: every code has one row, every row one code;
 *   I2  a row never moves: new codes are appended, a withdrawal changes only the date in its row,
 *       so an index means the same in every version of the program;
 *   I3  a lookup is exact (upper case, three letters, nothing around them) and takes the time of
 * one access to a table.
 *
 * What goes into the bytes of a record is the alphabetic code.  The numeric code is no identity: a
 * country's next currency often keeps the number of the one before (032 is ARS and was ARA, ARP and
 * ARY), and three withdrawn units of account (XFO, XFU, XRE) never had one.  Among the live
 * currencies a number is unique. */
#ifndef FORM_ISO_H
#define FORM_ISO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CURRENCY_CNY and so on: the index of each currency. */
enum currency_index {
#define CURRENCY(code, a, b, c, numeric, exponent, year, month) CURRENCY_##code,
#include "form/iso_currencies.def"
#undef CURRENCY
    CURRENCY_N /* count, not a value */
};

/* COUNTRY_CHN and so on: the index of each country. */
enum country_index {
#define COUNTRY(code, a, b, c, a2, b2) COUNTRY_##code,
#include "form/iso_countries.def"
#undef COUNTRY
    COUNTRY_N /* count, not a value */
};

struct currency {
    char alpha[4];
    uint16_t numeric; /* 0 = has none */
    int8_t exponent;  /* decimals; -1 = no minor units (XAU, XDR); 2 once withdrawn (rulebook F6) */
    int32_t withdrawn_on; /* first day on which it counts as withdrawn; DATE_NONE = live */
};

/* The currency of an alphabetic code, -1 if there is none.  Borrows s. */
int iso_currency_find(const char *s, size_t n);

/* Keeps nothing; the row lives as long as the program.  index must be one of the table. */
const struct currency *iso_currency(int index);

int iso_currency_count(void);

/* The currency of a numeric code: the live one if there is one, else the one withdrawn last (of
 * several on one day the first in the table), -1 if there is none or numeric is 0.  Searches the
 * whole table: for imports, not for every filing. */
int iso_currency_by_numeric(uint16_t numeric);

/* May money of a filing of that business date be in it: it has minor units and is not withdrawn
 * (rulebook F6).  False for -1. */
bool iso_currency_usable(int index, int32_t business_on);

/* The country of an alpha-3 code, -1 if there is none.  Borrows alpha3. */
int iso_country_find(const char *alpha3, size_t n);

/* "CHN"; lives as long as the program.  index must be one of the table. */
const char *iso_country_alpha3(int index);

int iso_country_count(void);

/* Is it the alpha-2 code of a country (the one in a BIC, rulebook F11).  Borrows two. */
bool iso_country_alpha2_known(const char two[2]);

#endif
