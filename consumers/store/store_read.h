/* store_read.h - a store that somebody else writes, opened to look things up.
 *
 * For programs beside the worker: look-ups, verification, the projector, backups.  The handle is a
 * struct store, and all functions of store.h that only look work on it.
 *
 * Promises:
 *   D1  a reader never writes FILE and never checkpoints its WAL; the functions that write fail
 * with STATUS_DENIED; D2  it works while a worker writes and after the worker is gone, in whatever
 * way it went; D3  between store_read_begin() and store_read_end() all look-ups see one moment;
 * outside, each sees its own.
 *
 * Errors: STATUS_NOTFOUND when there is no store at that place (yet); STATUS_CONFLICT when it is
 * none of ours or of a newer schema; STATUS_USAGE for a spec that other processes cannot see. */
#ifndef STORE_STORE_READ_H
#define STORE_STORE_READ_H

#include "base/status.h"
#include "consumers/store/store.h"

/* spec: "sqlite:FILE".  gives *ret: store_close(). */
MUST_CHECK enum status store_read_open(const char *spec, struct store **ret, struct failure *err);

/* From here all look-ups of this handle see one moment.  While it lasts the WAL of the store cannot
 * shrink: keep it short. */
MUST_CHECK enum status store_read_begin(struct store *store, struct failure *err);
void store_read_end(struct store *store);

/* Copy the store as it is at one moment to a new file, while it is written to; the copy is checked
 * and only then has its name.  STATUS_CONFLICT when the file is there already.  The copy keeps its
 * store id. */
MUST_CHECK enum status store_read_backup(const char *spec, const char *file, struct failure *err);

#endif
