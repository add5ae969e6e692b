/* bytes.h - bytes that travel: a borrowed piece, big-endian numbers, hexadecimal, a growing buffer.
 *
 * Promises:
 *   B1  a buffer never grows above its cap;
 *   B2  an append that does not fit changes nothing, and from then on nothing is appended until
 *       buffer_reset(): what is in it is always a whole prefix of what was asked for;
 *   B3  buffer.at[buffer.n] is NUL once anything was appended, so that text can be used as it is.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* n bytes of somebody else; at may be NULL when n is 0. */
struct bytes {
    const uint8_t *at;
    size_t n;
};

/* The characters of a NUL-ended text, without the NUL; NULL gives nothing. */
struct bytes bytes_of(const char *text);
bool bytes_equal(struct bytes a, struct bytes b);
/* By value, a shorter prefix first: negative, 0 or positive. */
int bytes_order(struct bytes a, struct bytes b);

void be32_put(uint8_t *at, uint32_t value);
void be64_put(uint8_t *at, uint64_t value);
uint32_t be32_get(const uint8_t *at);
uint64_t be64_get(const uint8_t *at);

/* Lower-case digits and NUL: 2 * n + 1 characters at out. */
void hex_encode(struct bytes in, char *out);
/* digits_n digits of either case become digits_n / 2 bytes at out.  False, with out untouched, for
 * an odd count or anything but digits. */
bool hex_decode(const char *digits, size_t digits_n, uint8_t *out);

/* Owned, growing, capped. */
struct buffer {
    uint8_t *at;
    size_t n;
    size_t size;        /* allocated */
    size_t max;         /* n stays at or below it */
    enum status status; /* of the first append that failed */
};

void buffer_init(struct buffer *buffer, size_t max);
/* Takes NULL.  The buffer is as after buffer_init(). */
void buffer_fini(struct buffer *buffer);
/* Empty and without failure; the memory is kept. */
void buffer_reset(struct buffer *buffer);

/* Appends keep their failure in the buffer, so that a text of many parts is checked once, by
 * buffer_check().  Borrow what they are given. */
void buffer_append(struct buffer *buffer, const void *at, size_t n);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_char(struct buffer *buffer, char c);
void buffer_printf(struct buffer *buffer, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* STATUS_NOMEM or STATUS_LIMIT if an append failed since the last reset. */
MUST_CHECK enum status buffer_check(const struct buffer *buffer, struct failure *err);

/* What is in it; valid until the next append, reset or fini. */
struct bytes buffer_bytes(const struct buffer *buffer);
/* The same as text; "" when nothing was appended. */
const char *buffer_cstr(const struct buffer *buffer);

#endif
