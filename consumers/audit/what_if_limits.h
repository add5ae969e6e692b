/* what_if_limits.h - which limit accounts another policy breaches: refused filings are noted while
 * the log is decided, balances read at the end.
 *
 * Pure but for memory and the two stores that it reads. */
#ifndef AUDIT_WHAT_IF_LIMITS_H
#define AUDIT_WHAT_IF_LIMITS_H

#include <stdint.h>

#include "base/status.h"
#include "consumers/audit/what_if.h"
#include "consumers/core/outlook.h"
#include "consumers/store/store.h"

struct refused_limit;
struct limit_book {
    struct refused_limit *refused; /* uthash by enterprise and limit */
};

/* book: gives its memory; limit_book_fini(). */
void limit_book_init(struct limit_book *book);
void limit_book_fini(struct limit_book *book);

/* Note the flip if it is refused for a limit (301) for which it was not refused before. */
MUST_CHECK enum status limit_book_refused(struct limit_book *book, const struct flip *flip,
                                          struct failure *err);

/* Every breach of one partition: by enterprise, then as its state has them; last those limits that
 * were refused and never posted to, by enterprise and limit.  States must be complete.  *ret_n:
 * how many. */
struct limit_walk {
    uint32_t partition;
    struct store *as_is;
    struct store *what_if;
    struct outlook before; /* of the world as it is: what its limits are worth at the end */
    struct outlook after;
    what_if_breach_fn *fn;
    void *arg;
};
MUST_CHECK enum status limit_book_walk(struct limit_book *book, const struct limit_walk *walk,
                                       uint64_t *ret_n, struct failure *err);

#endif
