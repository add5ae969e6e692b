#include "wire/put.h"

#include <assert.h>
#include <string.h>

#define VARINT_SIZE_MAX 10

/* NOLINTNEXTLINE(readability-non-const-parameter): it is written through put->at */
void put_over(struct put *put, uint8_t *at, size_t size)
{
    *put = (struct put){.start = at, .at = at, .end = size > 0 ? at + size : at};
}

void put_begin(struct put *put, struct arena *arena, size_t max)
{
    size_t n = 0;
    uint8_t *at = arena_take_rest(arena, &n);

    put_over(put, at, n < max ? n : max);
}

struct bytes put_end(struct put *put, struct arena *arena)
{
    struct bytes bytes = {.at = put->start, .n = (size_t)(put->at - put->start)};

    assert(!put->full);
    arena_keep(arena, put->start, bytes.n);
    return bytes;
}

void put_varint(struct put *put, uint64_t value)
{
    uint8_t *at = put->at;

    if (put->end - at < VARINT_SIZE_MAX) {
        uint64_t rest = value;
        ptrdiff_t n = 1;

        for (; rest >= 0x80; rest >>= 7) {
            n++;
        }
        put->full = put->full || put->end - at < n;
    }
    if (put->full) {
        return;
    }
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    put->at = at;
}

void put_tag(struct put *put, uint32_t field, enum wire_type type)
{
    put_varint(put, field << 3 | (uint32_t)type);
}

void put_uint(struct put *put, uint32_t field, uint64_t value)
{
    if (value != 0) {
        put_tag(put, field, WIRE_VARINT);
        put_varint(put, value);
    }
}

void put_sint(struct put *put, uint32_t field, int64_t value)
{
    put_uint(put, field, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

void put_length(struct put *put, uint32_t field, const void *at, size_t n)
{
    put_tag(put, field, WIRE_BYTES);
    put_varint(put, n);
    put->full = put->full || n > (size_t)(put->end - put->at);
    if (n > 0 && !put->full) {
        memcpy(put->at, at, n);
        put->at += n;
    }
}

void put_bytes(struct put *put, uint32_t field, const void *at, size_t n)
{
    if (n > 0) {
        put_length(put, field, at, n);
    }
}

uint8_t *put_open(struct put *put, uint32_t field)
{
    put_tag(put, field, WIRE_BYTES);
    put_varint(put, 0); /* most parts are shorter than 128 bytes: their length fits here */
    return put->at;
}

void put_close(struct put *put, uint8_t *payload)
{
    struct put length;
    uint8_t bytes[VARINT_SIZE_MAX];
    size_t n = 0;
    size_t length_n = 0;

    if (put->full) {
        return;
    }
    n = (size_t)(put->at - payload);
    if (n < 0x80) {
        payload[-1] = (uint8_t)n;
        return;
    }
    put_over(&length, bytes, sizeof(bytes));
    put_varint(&length, n);
    length_n = (size_t)(length.at - bytes);
    if (length_n - 1 > (size_t)(put->end - put->at)) {
        put->full = true;
        return;
    }
    memmove(payload + length_n - 1, payload, n);
    memcpy(payload - 1, bytes, length_n);
    put->at += length_n - 1;
}
