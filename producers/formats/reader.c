#include "producers/formats/reader.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

void reader_init(struct reader *reader, int fd)
{
    reader->fd = fd;
    reader->at = 0;
    reader->n = 0;
    reader->taken = 0;
    reader->at_end = false;
}

enum status reader_has(struct reader *reader, bool *ret, struct failure *err)
{
    if (reader->at == reader->n && !reader->at_end) {
        const ssize_t n = read(reader->fd, reader->chunk, sizeof(reader->chunk));

        if (n < 0) {
            return failure_set(err, STATUS_IO, errno == EINTR ? REMEDY_RETRY : REMEDY_STOP, errno,
                               "cannot read the input: %s", strerrordesc_np(errno));
        }
        reader->at = 0;
        reader->n = (size_t)n;
        reader->at_end = n == 0;
    }
    *ret = reader->at < reader->n;
    return STATUS_OK;
}

static void take(struct reader *reader, size_t n)
{
    reader->at += n;
    reader->taken += n;
}

enum status reader_until(struct reader *reader, uint8_t delimiter, struct buffer *line, bool *ret,
                         struct failure *err)
{
    for (;;) {
        const uint8_t *from = NULL;
        const uint8_t *end = NULL;
        bool is_there = false;
        const enum status status = reader_has(reader, &is_there, err);

        if (status != STATUS_OK) {
            return status;
        }
        if (!is_there) {
            *ret = false;
            return STATUS_OK;
        }
        from = reader->chunk + reader->at;
        end = memchr(from, delimiter, reader->n - reader->at);
        buffer_append(line, from, end ? (size_t)(end - from) : reader->n - reader->at);
        take(reader, end ? (size_t)(end - from) + 1 : reader->n - reader->at);
        if (end) {
            *ret = true;
            return STATUS_OK;
        }
    }
}

enum status reader_fill(struct reader *reader, size_t want, struct buffer *line,
                        struct failure *err)
{
    while (line->n < want) {
        size_t n = want - line->n;
        bool is_there = false;
        const enum status status = reader_has(reader, &is_there, err);

        if (status != STATUS_OK) {
            return status;
        }
        if (!is_there) {
            return STATUS_OK;
        }
        n = n < reader->n - reader->at ? n : reader->n - reader->at;
        buffer_append(line, reader->chunk + reader->at, n);
        if (line->status != STATUS_OK) {
            return buffer_check(line, err);
        }
        take(reader, n);
    }
    return STATUS_OK;
}

uint8_t reader_byte(struct reader *reader)
{
    assert(reader->at < reader->n);
    take(reader, 1);
    return reader->chunk[reader->at - 1];
}
