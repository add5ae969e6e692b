/* reader.h - bytes of a file or of standard input in pieces, up to a delimiter or a count.
 *
 * Promises: memory is one chunk and what the caller's buffer may take; what is longer than that
 * buffer is read to its end and left out; an interrupted read loses nothing: the same call again
 * goes on where it was.
 *
 * Failures are STATUS_IO with errno in os; EINTR comes with REMEDY_RETRY, so that a program can
 * look whether it shall stop. */
#ifndef FORMATS_READER_H
#define FORMATS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

#define READER_CHUNK_SIZE 65536

struct reader {
    int fd; /* borrowed until the reader is no longer used */
    size_t at;
    size_t n;
    uint64_t taken; /* bytes handed out so far */
    bool at_end;    /* the file has no more than what is in the chunk */
    uint8_t chunk[READER_CHUNK_SIZE];
};

void reader_init(struct reader *reader, int fd);

/* Make sure that a byte is there, unless the file ends: *ret says which. */
MUST_CHECK enum status reader_has(struct reader *reader, bool *ret, struct failure *err);

/* Append everything up to the next delimiter, which is taken but not appended, or to the end of the
 * file.  *ret is true when the delimiter came.  What does not fit is dropped, and line keeps that
 * in its status. */
MUST_CHECK enum status reader_until(struct reader *reader, uint8_t delimiter, struct buffer *line,
                                    bool *ret, struct failure *err);

/* Append bytes until line has want of them or the file ends. */
MUST_CHECK enum status reader_fill(struct reader *reader, size_t want, struct buffer *line,
                                   struct failure *err);

/* The next byte, of which reader_has() said that it is there. */
uint8_t reader_byte(struct reader *reader);

#endif
