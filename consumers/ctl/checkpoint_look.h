/* checkpoint_look.h - the newest checkpoints of a ledger, judged: for status and doctor.
 *
 * Looks at the last CHECKPOINTS_LOOKED records of the topic, which are hours or days of it. */
#ifndef CTL_CHECKPOINT_LOOK_H
#define CTL_CHECKPOINT_LOOK_H

#include "base/status.h"
#include "consumers/audit/checkpoint_book.h"
#include "consumers/ctl/ctl.h"

#define CHECKPOINTS_LOOKED 10000

/* Borrows known as checkpoint_book_judge() does.  gives *ret: checkpoint_book_close(). */
MUST_CHECK enum status checkpoint_look(const struct ctl *ctl,
                                       const struct checkpoint_register *known,
                                       struct checkpoint_book **ret, struct failure *err);

/* May any operator in force sign checkpoints? */
bool checkpoint_has_worker(const struct reference *reference, int64_t as_of);

#endif
