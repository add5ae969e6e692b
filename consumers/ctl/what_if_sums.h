/* what_if_sums.h - flips counted and added up by model, region and code.
 *
 * Each flip counts once by its model (fdi, financing, outbound, general for reversals, reviews and
 * withdrawals) and once by its region, with what became of it ("ACCEPTED to REJECTED"); and once by
 * each code that it has in one world only ("added" or "removed").  Amounts are those the filings
 * are about, without sign, one sum a currency; they do not wrap. */
#ifndef CTL_WHAT_IF_SUMS_H
#define CTL_WHAT_IF_SUMS_H

#include "base/status.h"
#include "consumers/audit/what_if.h"
#include "consumers/ctl/output.h"

struct sum;
struct what_if_sums {
    struct sum *sums; /* uthash */
};

/* sums: gives its memory; what_if_sums_fini(). */
void what_if_sums_init(struct what_if_sums *sums);
void what_if_sums_fini(struct what_if_sums *sums);

MUST_CHECK enum status what_if_sums_add(struct what_if_sums *sums, const struct flip *flip,
                                        struct failure *err);

/* Columns of a row: by, value, change, currency, flips, amount.  In the order above, then by value,
 * change and currency. */
typedef void what_if_sums_begin_fn(void *arg); /* before each row: cells of the caller's own */
void what_if_sums_put(struct what_if_sums *sums, struct output *output,
                      what_if_sums_begin_fn *begin, void *arg);

#endif
