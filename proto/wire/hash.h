/* hash.h - SHA-256 and what is hashed: input records, chains, ledger ids (design, section 2).
 *
 * A struct hash is one reusable context: one a thread.  Nothing here fails once it is open; a
 * digest that OpenSSL cannot compute ends the process by assertion. */
#ifndef WIRE_HASH_H
#define WIRE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/decision.h"

#define LEDGER_ID_SIZE 16

struct hash;

/* ret_hash: gives; hash_close(). */
MUST_CHECK enum status hash_open(struct hash **ret_hash, struct failure *err);
void hash_close(struct hash *hash);

/* In parts: begin, any number of adds, end. */
void hash_begin(struct hash *hash);
void hash_add(struct hash *hash, const void *at, size_t n);
void hash_end(struct hash *hash, uint8_t out[DIGEST_SIZE]);

/* In one. */
void hash_sha256(struct hash *hash, const void *at, size_t n, uint8_t out[DIGEST_SIZE]);

/* SHA-256(be32 key length, 0xFFFFFFFF for none, key, be64 append time in ms, value): a key with at
 * NULL is none, a value with at NULL is empty. */
void hash_input(struct hash *hash, struct bytes key, int64_t append_ms, struct bytes value,
                uint8_t out[DIGEST_SIZE]);

/* The chain before decision 1 of a partition.  topic is the full name of the submitted topic,
 * prefix included; a pack is partition 0 of 1 of topic "pack" with a ledger id of zeros. */
struct genesis {
    const char *topic;
    uint32_t partition;
    uint32_t partitions_n;
    uint8_t ledger_id[LEDGER_ID_SIZE];
};
void hash_genesis(struct hash *hash, const struct genesis *genesis, uint8_t out[DIGEST_SIZE]);

/* The first 16 bytes of SHA-256 of the founding record's content bytes. */
void hash_ledger_id(struct hash *hash, struct bytes content, uint8_t out[LEDGER_ID_SIZE]);

#endif
