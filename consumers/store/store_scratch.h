/* store_scratch.h - a store for deciding a log again: on the disk, so that its memory has a bound,
 * and worth nothing once that is done.
 *
 * It is a SQLite store with other promises than store.h's S3:
 *   X1  batches count at once for this handle, and outlive the process only with
 *       store_scratch_save(); a process that is killed leaves what was saved last, whole;
 *   X2  nothing is forced to the disk: what a machine that stops leaves is not to be trusted;
 *   X3  memory is the page cache (32 MiB) and the filter of filing ids (1 MiB, filing_filter.h),
 *       however many filings there are.
 *
 * There is no lock: who may open the file is the caller's matter.  A copy of a store, as a backup
 * is one, may be opened as a scratch store. */
#ifndef STORE_STORE_SCRATCH_H
#define STORE_STORE_SCRATCH_H

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/store/store.h"

/* The file is made when it is not there.  gives *ret: store_close(). */
MUST_CHECK enum status store_scratch_open(const char *file, struct store **ret,
                                          struct failure *err);

/* Everything so far, and a note of the caller's. */
MUST_CHECK enum status store_scratch_save(struct store *store, struct bytes note,
                                          struct failure *err);
/* The note that was saved last is appended to out.  STATUS_NOTFOUND: none was. */
MUST_CHECK enum status store_scratch_note(struct store *store, struct buffer *out,
                                          struct failure *err);

#endif
