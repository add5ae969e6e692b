/* cells.h - cells that several listings share: amounts, currencies, codes, flags.
 *
 * Amounts are decimals with all digits of their currency; lists are joined by ';'.  Each function
 * writes one cell. */
#ifndef CTL_CELLS_H
#define CTL_CELLS_H

#include <stdint.h>

#include "consumers/ctl/output.h"
#include "form/decision.h"

/* Empty for CURRENCY_NONE. */
void cell_currency(struct output *output, int32_t currency);
void cell_amount(struct output *output, int64_t minor, int32_t currency);

void cell_codes(struct output *output, const enum code *codes, uint32_t n);
/* Of a decision: its reasons' codes, each as often as it stands there; its flags. */
void cell_reasons(struct output *output, const struct reasons *reasons);
void cell_flags(struct output *output, uint32_t flags);

/* Unix milliseconds as a time of RFC 3339. */
void cell_time(struct output *output, int64_t unix_ms);

#endif
