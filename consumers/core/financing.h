/* financing.h - the events of cross-border financing (rulebook section 4, C1 to C6).
 *
 * Core-internal: one function an event, called from the table in decide.c; context.h says how they
 * are built. */
#ifndef CORE_FINANCING_H
#define CORE_FINANCING_H

#include "consumers/core/context.h"

void financing_profile(struct context *c);
void financing_contract(struct context *c);
void financing_drawdown(struct context *c);
void financing_repayment(struct context *c);
void financing_interest(struct context *c);
void financing_capitalisation(struct context *c);
void financing_extension(struct context *c);
void financing_amendment(struct context *c);
void financing_assignment(struct context *c);
void financing_forgiveness(struct context *c);
void financing_equity_conversion(struct context *c);
void financing_cancellation(struct context *c);
void financing_deregistration(struct context *c);

#endif
