/* use_book.h - who used a key, and where first: registration numbers by enterprise, a bank's
 * sequence numbers by filing (rulebook sections 1 and 2).
 *
 * Promises:
 *   B1  the first use by each user of a key is kept with its place; what the same user uses again
 *       takes no memory;
 *   B2  a use is told from the earlier ones by bytes alone, of key and of user.
 *
 * Pure but for memory.  Keys and users are bytes of any content; users have USE_USER_SIZE. */
#ifndef AUDIT_USE_BOOK_H
#define AUDIT_USE_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"

#define USE_USER_SIZE (36 + CODE_SIZE) /* a filing id as text and an enterprise */

struct use_place {
    uint32_t partition;
    int64_t offset;
};

struct use {
    char user[USE_USER_SIZE]; /* rest NUL */
    struct use_place place;
    struct use *next; /* in the order added */
};

struct use_key;
struct use_book {
    struct use_key *keys; /* uthash */
};

/* book: gives its memory; use_book_fini(). */
void use_book_init(struct use_book *book);
void use_book_fini(struct use_book *book);

/* Add a use.  *ret_first is the first use of the key when another user has it and this user was not
 * met with it before, else NULL; borrowed until fini. */
MUST_CHECK enum status use_book_add(struct use_book *book, struct bytes key, const struct use *use,
                                    const struct use **ret_first, struct failure *err);

/* All keys by bytes, the shorter first of equals, with their first uses, until fn returns false. */
typedef bool use_book_fn(void *arg, struct bytes key, const struct use *first);
void use_book_walk(struct use_book *book, use_book_fn *fn, void *arg);

/* A bank's sequence number as a key: sorted by bank, then by number. */
#define SEQUENCE_KEY_SIZE (BANK_SIZE + 8)
void sequence_key_make(const char *bank, int64_t sequence, uint8_t out[SEQUENCE_KEY_SIZE]);
int64_t sequence_key_number(struct bytes key);

#endif
