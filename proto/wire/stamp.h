/* stamp.h - moments as RFC 3339 text in UTC with three decimals, in integers.
 *
 * A moment is Unix time in milliseconds.  Written: 2026-04-13T08:30:00.123Z.  Moments outside the
 * years 0001 to 9999 are written as the nearer end. */
#ifndef WIRE_STAMP_H
#define WIRE_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMP_TEXT_SIZE 25

/* Ended by NUL. */
void stamp_format(int64_t ms, char out[STAMP_TEXT_SIZE]);

/* Any RFC 3339 date-time: up to nine decimals (what is below a millisecond is cut off), Z or an
 * offset.  A leap second is none. */
bool stamp_parse(const char *s, size_t n, int64_t *ret_ms);

#endif
