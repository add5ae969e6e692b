/* text.h - what bytes are text, and of what kind.
 *
 * Pure.  Texts are pointer then length in bytes and need no NUL at the end; a NUL inside is a byte
 * like any other.  Every function is total: any bytes give an answer, and n may be 0 (s may then be
 * NULL).  All borrow s for the call. */
#ifndef FORM_TEXT_H
#define FORM_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define TEXT_TOKEN_MAX 32 /* rulebook F1 */

/* Strict UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF.  NUL is valid. */
bool text_utf8_valid(const char *s, size_t n);

/* Code points of valid UTF-8 (rulebook F9 measures in them).  In other bytes: how many of them are
 * no continuation bytes. */
size_t text_code_points(const char *s, size_t n);

/* A control character of rulebook F9: C0 (NUL among them), DEL or C1 (U+0080 to U+009F) somewhere
 * in s. */
bool text_has_control(const char *s, size_t n);

/* 1 to TEXT_TOKEN_MAX of A-Za-z0-9._- (rulebook F1). */
bool text_is_token(const char *s, size_t n);

/* Exactly count digits 0-9. */
bool text_is_digits(const char *s, size_t n, size_t count);

/* min to max, both included, of 0-9A-Z. */
bool text_is_upper_alnum(const char *s, size_t n, size_t min, size_t max);

#endif
