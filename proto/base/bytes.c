#include "base/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST 256

struct bytes bytes_of(const char *text)
{
    return (struct bytes){.at = (const uint8_t *)text, .n = text ? strlen(text) : 0};
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

int bytes_order(struct bytes a, struct bytes b)
{
    const size_t n = a.n < b.n ? a.n : b.n;
    const int order = n == 0 ? 0 : memcmp(a.at, b.at, n);

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

void be32_put(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

void be64_put(uint8_t *at, uint64_t value)
{
    be32_put(at, (uint32_t)(value >> 32));
    be32_put(at + 4, (uint32_t)value);
}

uint32_t be32_get(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t be64_get(const uint8_t *at) { return (uint64_t)be32_get(at) << 32 | be32_get(at + 4); }

void hex_encode(struct bytes in, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < in.n; i++) {
        out[2 * i] = digits[in.at[i] >> 4];
        out[2 * i + 1] = digits[in.at[i] & 15];
    }
    out[2 * in.n] = '\0';
}

/* The value of a digit, or -1. */
static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(const char *digits, size_t digits_n, uint8_t *out)
{
    if (digits_n % 2 != 0) {
        return false;
    }
    for (size_t i = 0; i < digits_n; i++) {
        if (digit_value(digits[i]) < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < digits_n; i += 2) {
        out[i / 2] = (uint8_t)(digit_value(digits[i]) * 16 + digit_value(digits[i + 1]));
    }
    return true;
}

void buffer_init(struct buffer *buffer, size_t max)
{
    assert(max < SIZE_MAX);
    *buffer = (struct buffer){.max = max};
}

void buffer_fini(struct buffer *buffer)
{
    if (!buffer) {
        return;
    }
    free(buffer->at);
    buffer_init(buffer, buffer->max);
}

void buffer_reset(struct buffer *buffer)
{
    buffer->n = 0;
    buffer->status = STATUS_OK;
    if (buffer->at) {
        buffer->at[0] = 0;
    }
}

/* Make room for n more bytes and the NUL after them. */
static bool room(struct buffer *buffer, size_t n)
{
    size_t size = buffer->size ? buffer->size : SIZE_FIRST;
    uint8_t *grown;

    if (buffer->status != STATUS_OK) {
        return false;
    }
    if (n > buffer->max - buffer->n) {
        buffer->status = STATUS_LIMIT;
        return false;
    }
    if (buffer->n + n < buffer->size) {
        return true;
    }
    while (size <= buffer->n + n) {
        size = size > SIZE_MAX / 2 ? SIZE_MAX : size * 2;
    }
    if (size > buffer->max + 1) {
        size = buffer->max + 1;
    }
    grown = realloc(buffer->at, size);
    if (!grown) {
        buffer->status = STATUS_NOMEM;
        return false;
    }
    buffer->at = grown;
    buffer->size = size;
    return true;
}

void buffer_append(struct buffer *buffer, const void *at, size_t n)
{
    if (!room(buffer, n)) {
        return;
    }
    if (n > 0) {
        memcpy(buffer->at + buffer->n, at, n);
    }
    buffer->n += n;
    buffer->at[buffer->n] = 0;
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_char(struct buffer *buffer, char c) { buffer_append(buffer, &c, 1); }

void buffer_printf(struct buffer *buffer, const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(n >= 0);
    if (!room(buffer, (size_t)n)) {
        return;
    }
    va_start(args, fmt);
    n = vsnprintf((char *)buffer->at + buffer->n, (size_t)n + 1, fmt, args);
    va_end(args);
    assert(n >= 0);
    buffer->n += (size_t)n;
}

enum status buffer_check(const struct buffer *buffer, struct failure *err)
{
    if (buffer->status == STATUS_LIMIT) {
        return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0, "larger than %zu bytes", buffer->max);
    }
    if (buffer->status != STATUS_OK) {
        return failure_set(err, buffer->status, REMEDY_STOP, 0, "out of memory");
    }
    return STATUS_OK;
}

struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){.at = buffer->at, .n = buffer->n};
}

const char *buffer_cstr(const struct buffer *buffer)
{
    return buffer->at ? (const char *)buffer->at : "";
}
