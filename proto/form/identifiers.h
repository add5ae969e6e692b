/* identifiers.h - is an identifier well formed (rulebook sections 1, 2 and 7).
 *
 * Pure.  Every function is total: any bytes of any length give an answer, and a text that is too
 * short, too long or holds a NUL is simply not valid.  All borrow s for the call.  Letters are
 * upper case, those of a UUID lower case. */
#ifndef FORM_IDENTIFIERS_H
#define FORM_IDENTIFIERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_TEXT_SIZE 37 /* and NUL */
#define UUID_SIZE      16

/* Unified social credit code: 18 characters, the check character of GB 32100-2015, and in positions
 * 9 to 17 an organisation code with the check character of GB 11714 (rulebook F10).  Any region. */
bool uscc_valid(const char *s, size_t n);

/* LEI, ISO 17442: 18 of 0-9A-Z, two digits, mod 97 = 1. */
bool lei_valid(const char *s, size_t n);

/* BIC, ISO 9362: six letters of which the last two are a country of ISO 3166-1, then 2 or 5 of
 * 0-9A-Z (rulebook F11). */
bool bic_valid(const char *s, size_t n);

/* 8-4-4-4-12 lower-case hexadecimal digits, of any version and variant (rulebook F1). */
bool uuid_valid(const char *s, size_t n);

/* The bytes of a UUID whose text has 36 characters at s.  False, with out untouched, when it is not
 * valid.  Borrows both. */
bool uuid_pack(const char *s, uint8_t out[UUID_SIZE]);

/* Its text, ended by NUL.  Borrows both. */
void uuid_unpack(const uint8_t in[UUID_SIZE], char out[UUID_TEXT_SIZE]);

/* Class of GB/T 4754: A to T, then 0, 2, 3 or 4 digits (code 110). */
bool industry_valid(const char *s, size_t n);

/* 8 to 28 of 0-9A-Z (code 111). */
bool registration_no_valid(const char *s, size_t n);

/* 12 digits (code 104). */
bool bank_code_valid(const char *s, size_t n);

/* 6 digits; whether the division exists is not asked, most old codes do not (rulebook section 7).
 */
bool region_valid(const char *s, size_t n);

#endif
