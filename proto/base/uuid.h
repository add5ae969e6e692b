/* uuid.h - UUID version 7 (RFC 9562): 48 bits of milliseconds, then chance.
 *
 * For what a program must name by itself, such as a filing that comes without an id.  Whether a
 * text is a UUID at all is a question of the form stage (form/identifiers.h). */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdint.h>

#include "base/status.h"

#define UUID7_TEXT_SIZE   37 /* 36 characters and NUL */
#define UUID7_CHANCE_SIZE 10

/* Fresh, from the clock and the system's chance.  STATUS_IO: the system has no chance. */
MUST_CHECK enum status uuid7_new(char out[UUID7_TEXT_SIZE], struct failure *err);

/* The same from arguments.  unix_ms from 0 to 2^48 - 1. */
void uuid7_make(int64_t unix_ms, const uint8_t chance[UUID7_CHANCE_SIZE],
                char out[UUID7_TEXT_SIZE]);

#endif
