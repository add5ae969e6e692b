/* receipt.h - a receipt: one decision, the way from it to a signed checkpoint, and the checkpoint.
 *
 * A text of JSON that a bank keeps: a few kilobytes, however many decisions the ledger has (the way
 * is log2 of the checkpoint's interval).  Whoever has the worker's public key can check it alone;
 * with it, a ledger that is rewritten later can be told from the one that the receipt was given of.
 *
 * Promises:
 *   R1  what a person reads in it is made of what is proved: the text is right only when it is,
 * byte for byte, what receipt_put() makes of the decision, the way and the checkpoint in it; R2  no
 * bytes make reading fail but with a status.
 *
 * Errors of reading: STATUS_INVALID - it is no receipt; STATUS_CORRUPT - it was one, and what is
 * wrong with it. */
#ifndef AUDIT_RECEIPT_H
#define AUDIT_RECEIPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/audit/checkpoint_book.h"
#include "form/decision.h"
#include "wire/arena.h"
#include "wire/hash.h"
#include "wire/records.h"

#define RECEIPT_SIZE_MAX ((size_t)1 << 20)

/* Borrowed. */
struct receipt {
    struct bytes decision;
    struct bytes path;       /* hashes of DIGEST_SIZE bytes */
    struct bytes checkpoint; /* a Checkpoint as published */
};

/* The text, added to out.  STATUS_CORRUPT when decision or checkpoint are none. */
MUST_CHECK enum status receipt_put(const struct receipt *receipt, struct buffer *out,
                                   struct failure *err);

/* Read and follow.  ret_checkpoint borrows from the memory given; what it says is proved only when
 * its signature is (checkpoint_book.h). */
struct receipt_memory {
    struct arena arena; /* of the text and its parts */
    struct decision decision;
    struct checkpoint checkpoint;
    struct receipt receipt;
};
MUST_CHECK enum status receipt_read(struct bytes text, struct hash *hash,
                                    struct receipt_memory *memory, struct failure *err);

/* gives *ret: receipt_memory_close(). */
MUST_CHECK enum status receipt_memory_open(struct receipt_memory **ret, struct failure *err);
/* Takes NULL. */
void receipt_memory_close(struct receipt_memory *memory);

#endif
