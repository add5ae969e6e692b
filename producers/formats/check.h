/* check.h - an item of a source to filing bytes, or to the reasons why not.
 *
 * The form stage as the worker runs it (rulebook sections 1 and 2), before anything is published:
 * what passes here fails there only for its signature, or for a business date that lies after the
 * day on which the log receives it.  An item that cannot be read, a name that stands twice and a
 * filing above FILING_SIZE_MAX are 101 at the empty pointer, as they are in a ledger. */
#ifndef FORMATS_CHECK_H
#define FORMATS_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/form.h"
#include "producers/formats/source.h"
#include "wire/arena.h"

/* One a thread: it holds what a check needs, which is too large for a stack. */
struct check {
    struct form form;    /* failures, identity; texts borrowed from the item */
    struct bytes filing; /* to be signed and published; at NULL when there are failures */
    struct arena arena;
};

MUST_CHECK enum status check_open(struct check **ret, struct failure *err);
void check_close(struct check *check);

/* received_on: the day on which it will be received, days since 1970-01-01; check_today().  True
 * when it may be published.  Results are valid until the next run and while item is. */
bool check_run(struct check *check, const struct source_item *item, int32_t received_on);

/* Today in Asia/Shanghai, where received dates are counted. */
int32_t check_today(void);

#endif
