/* file.h - whole files: read with a cap, write so that a crash leaves the old or the new, lock.
 *
 * Failures are STATUS_NOTFOUND (no such file), STATUS_DENIED (not permitted, too open, locked by
 * another process), STATUS_LIMIT (above the cap), STATUS_IO (the rest), with errno in os. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/status.h"

/* Append the whole file to out; "-" is standard input.  What does not fit in out's cap is
 * STATUS_LIMIT. */
MUST_CHECK enum status file_read(const char *path, struct buffer *out, struct failure *err);

/* Replace the file: a temporary one beside it, fsync, rename, fsync of the folder.  mode as for
 * open(2), e.g. 0644.  On failure the old file is as it was and the temporary one gone. */
MUST_CHECK enum status file_write(const char *path, struct bytes content, unsigned mode,
                                  struct failure *err);

/* STATUS_DENIED unless the file is a plain one that only its owner may read or write (0600 or
 * less): for keys and passwords. */
MUST_CHECK enum status file_check_private(const char *path, struct failure *err);

/* Create path if need be and lock it until file_unlock() or the end of the process.  STATUS_DENIED
 * with REMEDY_RETRY: another process holds it; the text names its number. */
MUST_CHECK enum status file_lock(const char *path, int *ret_fd, struct failure *err);
/* Takes -1. */
void file_unlock(int fd);

#endif
