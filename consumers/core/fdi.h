/* fdi.h - the events of foreign direct investment (rulebook section 3, D1 to D10).
 *
 * Core-internal: one function an event, called from the table in decide.c; context.h says how they
 * are built. */
#ifndef CORE_FDI_H
#define CORE_FDI_H

#include "consumers/core/context.h"

void fdi_preliminary(struct context *c);
void fdi_preliminary_inflow(struct context *c);
void fdi_preliminary_refund(struct context *c);
void fdi_registration(struct context *c);
void fdi_inflow(struct context *c);
void fdi_preliminary_convert(struct context *c);
void fdi_increase(struct context *c);
void fdi_decrease(struct context *c);
void fdi_transfer(struct context *c);
void fdi_settlement(struct context *c);
void fdi_payment(struct context *c);
void fdi_reinvestment(struct context *c);
void fdi_profit_remittance(struct context *c);
void fdi_outward_remittance(struct context *c);
void fdi_liquidation(struct context *c);
void fdi_deregistration(struct context *c);

#endif
