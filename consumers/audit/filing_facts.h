/* filing_facts.h - what analysts sum up by and a decision does not repeat: the money of a filing,
 * its region, the registration that it names.
 *
 * Promises:
 *   F1  money is the amount that the event is about: "money" where it has one, else the first that
 *       is there of cny, price, cash, cash_delta (which may be negative), distribution,
 *       registered_capital, equity, net_assets; CURRENCY_NONE when there is none;
 *   F2  a region book gives a registration's region after it was put there, and an enterprise's
 *       last one under an empty number.
 *
 * Amounts are minor units of their currency.  Pure but for memory. */
#ifndef AUDIT_FILING_FACTS_H
#define AUDIT_FILING_FACTS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "form/filing.h"
#include "form/reason.h"
#include "wire/arena.h"

#define REGION_SIZE 7 /* six digits and NUL */

struct filing_facts {
    struct money money;
    char region[REGION_SIZE]; /* of its own details; "" = it has none */
    char registration_no[OBJECT_NUMBER_SIZE];
};

/* From the value of a record.  What is no filing, or not written as it must be, has no facts: all
 * are empty.  Resets the arena. */
void filing_facts_read(struct bytes value, struct arena *arena, struct filing_facts *ret);

struct region_entry;
struct region_book {
    struct region_entry *entries; /* uthash */
};

/* book: gives its memory; region_book_fini(). */
void region_book_init(struct region_book *book);
void region_book_fini(struct region_book *book);

/* The region of a registration of this enterprise (18 characters, as everywhere here); it becomes
 * the enterprise's last one too.  An empty region changes nothing. */
MUST_CHECK enum status region_book_put(struct region_book *book, const char *enterprise,
                                       const struct filing_facts *facts, struct failure *err);
/* Of a registration, number "" = the enterprise's last; NULL when it is not known; borrowed until
 * the next put. */
const char *region_book_find(const struct region_book *book, const char *enterprise,
                             const char *registration_no);

#endif
