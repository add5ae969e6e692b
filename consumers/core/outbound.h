/* outbound.h - the events of outbound investment (rulebook section 5, O1 to O5).
 *
 * Core-internal: one function an event, called from the table in decide.c; context.h says how they
 * are built. */
#ifndef CORE_OUTBOUND_H
#define CORE_OUTBOUND_H

#include "consumers/core/context.h"

void outbound_preliminary(struct context *c);
void outbound_preliminary_remittance(struct context *c);
void outbound_preliminary_refund(struct context *c);
void outbound_registration(struct context *c);
void outbound_remittance(struct context *c);
void outbound_in_kind(struct context *c);
void outbound_change(struct context *c);
void outbound_profit_return(struct context *c);
void outbound_capital_return(struct context *c);
void outbound_completion(struct context *c);
void outbound_closure(struct context *c);
void outbound_lending_basis(struct context *c);
void outbound_loan(struct context *c);
void outbound_loan_remittance(struct context *c);
void outbound_loan_return(struct context *c);
void outbound_loan_extension(struct context *c);
void outbound_loan_closure(struct context *c);

#endif
