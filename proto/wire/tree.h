/* tree.h - a hash tree over the decisions of a partition between two checkpoints.
 *
 * The tree of RFC 6962, section 2.1, with SHA-256: leaf = SHA-256(0x00, bytes), node =
 * SHA-256(0x01, left, right); the last of an odd row goes up as it is.  A proof for chosen leaves
 * is the fewest hashes from which, with the leaves, the root follows: for one leaf of n at most
 * log2(n) rounded up, for all of them none.
 *
 * Promises:
 *   M1  the root is that of RFC 6962 for every number of leaves;
 *   M2  a proof leads to the root with the chosen leaves at their places only: another leaf, place
 * or hash gives another root or none.  The number of leaves is not proved: it is taken from what
 *       signs the root.
 *
 * Pure but for memory. */
#ifndef WIRE_TREE_H
#define WIRE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "wire/hash.h"

/* Leaves of one tree: a checkpoint that comes late covers what there is. */
#define TREE_LEAVES_MAX ((size_t)1 << 26)

void tree_leaf(struct hash *hash, struct bytes decision, uint8_t out[DIGEST_SIZE]);

/* Root of leaves_n leaves, at least one. leaves is used as scratch and holds nothing afterwards. */
void tree_root(struct hash *hash, uint8_t (*leaves)[DIGEST_SIZE], size_t leaves_n,
               uint8_t out[DIGEST_SIZE]);

/* The same root for leaves that come one after the other, in memory that does not grow: the roots
 * of the full trees that the leaves so far make up, the largest first, one for each bit of their
 * number.  A plain value; the hash is kept. */
struct tree_builder {
    struct hash *hash;
    uint64_t leaves_n;
    uint32_t full_n;
    uint8_t full[64][DIGEST_SIZE];
};
void tree_begin(struct tree_builder *builder, struct hash *hash);
void tree_add(struct tree_builder *builder, const uint8_t leaf[DIGEST_SIZE]);
/* At least one leaf was added.  The builder stays as it is, so that more may follow. */
void tree_end(const struct tree_builder *builder, uint8_t out[DIGEST_SIZE]);

/* Which leaves a proof is for: places ascending, each once, below leaves_n. */
struct tree_choice {
    const uint64_t *places;
    size_t places_n;
    uint64_t leaves_n;
};

/* The hashes of the proof, DIGEST_SIZE bytes each, are appended to out.  leaves is scratch as in
 * tree_root(). */
MUST_CHECK enum status tree_prove(struct hash *hash, uint8_t (*leaves)[DIGEST_SIZE],
                                  const struct tree_choice *choice, struct buffer *out,
                                  struct failure *err);

/* The root to which the chosen leaves and the proof lead.  leaves has choice->places_n hashes and
 * is scratch.  STATUS_CORRUPT when the proof has a hash too few or too many, or the choice is none.
 */
MUST_CHECK enum status tree_follow(struct hash *hash, uint8_t (*leaves)[DIGEST_SIZE],
                                   const struct tree_choice *choice, struct bytes proof,
                                   uint8_t out[DIGEST_SIZE], struct failure *err);

#endif
