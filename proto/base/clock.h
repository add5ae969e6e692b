/* clock.h - the two clocks, and points in time as text (RFC 3339, UTC).
 *
 * Points in time are milliseconds since 1970-01-01T00:00:00Z in an int64_t whose name ends in _ms.
 * The clock is for operating (logs, metrics, time-outs), never for deciding. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_SIZE 25                       /* 2026-04-13T08:30:00.123Z and NUL */
#define CLOCK_MS_MIN    INT64_C(-62135596800000) /* 0001-01-01T00:00:00.000Z */
#define CLOCK_MS_MAX    INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

int64_t clock_unix_ms(void);
/* Never goes back; from an unknown point. */
int64_t clock_monotonic_us(void);

/* Always with three decimals and Z.  A point outside CLOCK_MS_MIN..CLOCK_MS_MAX gives the nearer of
 * the two. */
void clock_format(int64_t unix_ms, char out[CLOCK_TEXT_SIZE]);

/* RFC 3339 as people and programs write it: T or a space, no or 1 to 9 decimals (cut to
 * milliseconds), Z or an offset such as +08:00.  False, with *ret_unix_ms untouched, for anything
 * else; there are no leap seconds.  What must be canonical is compared with its clock_format(). */
bool clock_parse(const char *text, size_t n, int64_t *ret_unix_ms);

#endif
