/* settled_book.h - which of some filings stand in their own partition by now.
 *
 * The filings are named first, by bank, id and enterprise; then one reading of the partitions where
 * they belong says of each whether it has a decision there (one that is no dead letter), or lies in
 * the log behind the last decision, so that it will have one.  Nothing is produced here. */
#ifndef AUDIT_SETTLED_BOOK_H
#define AUDIT_SETTLED_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/audit/dead_letters.h"
#include "consumers/store/store.h"
#include "form/decision.h"

enum settled_state {
    SETTLED_NOT = 0, /* nowhere */
    SETTLED_SENT,    /* in the log, not decided yet */
    SETTLED_DECIDED
};

struct settled_entry;
struct settled_book {
    struct settled_entry *entries; /* uthash */
};

/* book: gives its memory; settled_book_fini(). */
void settled_book_init(struct settled_book *book);
void settled_book_fini(struct settled_book *book);

/* The key of a filing by its identity as filed; false when a part is malformed. */
bool settled_key(const struct identity *identity, struct store_filing_key *ret);

/* Name a filing; again changes nothing. */
MUST_CHECK enum status settled_book_add(struct settled_book *book,
                                        const struct store_filing_key *key, struct failure *err);

/* Read the partitions of all that were named.  The bounds of conf do not count. */
MUST_CHECK enum status settled_book_read(struct settled_book *book, const struct dead_conf *conf,
                                         struct failure *err);

/* What is known of one that was named. */
struct settled {
    enum settled_state state;
    enum outcome outcome; /* of the first decision */
    uint32_t partition;
    int64_t offset; /* of the record */
};
const struct settled *settled_book_find(const struct settled_book *book,
                                        const struct store_filing_key *key);

/* It was sent just now, to a place. */
void settled_book_sent(struct settled_book *book, const struct store_filing_key *key,
                       uint32_t partition, int64_t offset);

#endif
