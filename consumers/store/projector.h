/* projector.h - keeps the readable tables (views_db.h) up with a store, beside the decision path.
 *
 * Reads journal rows and states from the store, read-only, from where the tables stand; decodes
 * them and writes rows.  Deciding never waits for it.
 *
 * Promises:
 *   J1  a step writes whole journal rows, and what the tables are true for, in one transaction;
 *   J2  the tables at a number have the same rows however many steps led there, so the file can be
 *       dropped and is made again;
 *   J3  tables that do not follow from the store (another store, a restored backup, another chain)
 *       are made anew.
 *
 * Lag of a partition = its last journal number - true_for.number.  Own postings of a decision leave
 * out numbers of their filing; they are taken from its undo and, for an investor's number, from the
 * states.  Until the first state of a new registration is stored, such a part reads "#<ordinal>".
 */
#ifndef STORE_PROJECTOR_H
#define STORE_PROJECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/store/store.h"

struct projector;

struct projector_status {
    uint64_t lag;       /* decisions that are stored and not in the tables, all partitions */
    uint64_t decisions; /* written to the tables since open */
    bool is_failing;    /* the last step failed with failure; it is tried again */
    struct failure failure;
};

/* For a store that this or another process writes: spec is "sqlite:FILE", the tables lie in
 * FILE-views.db.  The store may be empty or not there yet.  STATUS_USAGE for another spec.
 * gives *ret: projector_close(). */
MUST_CHECK enum status projector_open(const char *spec, struct projector **ret,
                                      struct failure *err);
/* From a store of the caller (kept, used by no other thread during a step) into a file.
 * gives *ret: projector_close(). */
MUST_CHECK enum status projector_open_on(struct store *store, const char *views_file,
                                         struct projector **ret, struct failure *err);
/* Ends the thread if there is one.  Takes NULL. */
void projector_close(struct projector *projector);

/* One step of at most some thousand decisions.  *ret_more: there is more to be done now.  Without a
 * store or a founded ledger there is nothing to do.  After a failure the tables are as before the
 * step; the next step opens everything anew. */
MUST_CHECK enum status projector_step(struct projector *projector, bool *ret_more,
                                      struct failure *err);

/* A thread that steps whenever there is something to do, looking four times a second.  From then on
 * projector_step() is not to be called. */
MUST_CHECK enum status projector_start(struct projector *projector, struct failure *err);

/* Any thread, any time. */
void projector_status_read(struct projector *projector, struct projector_status *ret);

#endif
