/* reversal.h - the events of every model: reversal, review, withdrawal (rulebook section 6, R1 to
 * R5).
 *
 * Core-internal: one function an event, called from the table in decide.c. */
#ifndef CORE_REVERSAL_H
#define CORE_REVERSAL_H

#include "consumers/core/context.h"

void reversal(struct context *c);
void review(struct context *c);
void withdrawal(struct context *c);

#endif
