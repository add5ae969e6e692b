/* date.h - a date as a number: days since 1970-01-01 in the proleptic Gregorian calendar.
 *
 * Pure.  A date is an int32_t whose name ends in _on.  Dates run from DATE_MIN to DATE_MAX, the
 * years 0001 to 9999 (rulebook F8), so that each has a text of ten characters.
 *
 * Promises:
 *   D1  every function is total and none overflows: what would leave DATE_MIN..DATE_MAX stops at
 * the nearer end, and an argument outside is taken as the nearer end, so that a record with a date
 * at the edge can never stop a program; D2  DATE_NONE is no date: date_format() makes it the empty
 * text, the others treat it as D1 says; D3  dates compare and subtract as the integers they are. */
#ifndef FORM_DATE_H
#define FORM_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATE_NONE      INT32_MIN
#define DATE_MIN       INT32_C(-719162) /* 0001-01-01 */
#define DATE_MAX       INT32_C(2932896) /* 9999-12-31 */
#define DATE_TEXT_SIZE 11               /* YYYY-MM-DD and NUL */

/* Exactly YYYY-MM-DD, year 0001 to 9999, a day that exists.  Writes *ret_on when true only.
 * Borrows s. */
bool date_parse(const char *s, size_t n, int32_t *ret_on);

/* Borrows out, of DATE_TEXT_SIZE bytes. */
void date_format(int32_t on, char out[DATE_TEXT_SIZE]);

/* y, m (1 to 12), d (1 to 31) as a date; a month or day outside is taken as the nearest that
 * exists: date_make(2023, 2, 31) is 2023-02-28. */
int32_t date_make(int y, int m, int d);

/* The inverse of date_make().  Borrows y, m and d. */
void date_split(int32_t on, int *y, int *m, int *d);

int date_year(int32_t on);

/* The same day n years on; 29 February becomes the 28th where the year has none (rulebook S8).
 * n may be negative. */
int32_t date_add_years(int32_t on, int n);

/* The same day n months on; the last day of the month if that is shorter (rulebook S8).  n may be
 * negative. */
int32_t date_add_months(int32_t on, int n);

/* 0 = Monday to 6 = Sunday; also of a day beyond DATE_MAX or before DATE_MIN. */
int date_weekday(int32_t on);

/* The date in Asia/Shanghai, UTC+8 all year, at ms milliseconds since 1970-01-01T00:00:00Z; ms may
 * be negative. */
int32_t date_of_unix_ms_shanghai(int64_t ms);

#endif
