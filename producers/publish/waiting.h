/* waiting.h - the records whose decisions a run waits for (--wait).
 *
 * A record is known by its place in the log; of the decisions on it the one that it triggered
 * itself counts.  Places of a partition are added in ascending order, as acknowledgements give
 * them. */
#ifndef PUBLISH_WAITING_H
#define PUBLISH_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "form/decision.h"

struct waiting;

MUST_CHECK enum status waiting_open(int32_t partitions, struct waiting **ret, struct failure *err);
void waiting_close(struct waiting *waiting);

MUST_CHECK enum status waiting_add(struct waiting *waiting, int32_t partition, int64_t offset,
                                   uint64_t line);

/* Is this the decision of a record that still waits?  Then it does so no longer, and *ret_line says
 * which it was. */
bool waiting_take(struct waiting *waiting, const struct decision *decision, uint64_t *ret_line);

uint64_t waiting_n(const struct waiting *waiting);

/* The first place added for a partition; false when there is none. */
bool waiting_first(const struct waiting *waiting, int32_t partition, int64_t *ret_offset);

#endif
