/* states_digest.h - one hash over all enterprise states of a partition, as checkpoints sign it.
 *
 * SHA-256 over, ascending by enterprise code: the code (CODE_SIZE bytes), be32 length, the bytes of
 * filing.v1.State (design, section 6).  The number that a state carries in the store is not in it:
 * equal states give an equal digest, whenever they were written.
 *
 * It is the digest as of decision n only when the states in the store are complete up to n (the
 * row's clean_number) and reflect nothing later; the caller sees to that, and to all look-ups being
 * of one moment: store_read_begin(), or nobody writes meanwhile. */
#ifndef STORE_STATES_DIGEST_H
#define STORE_STATES_DIGEST_H

#include <stdint.h>

#include "base/status.h"
#include "consumers/store/store.h"
#include "wire/hash.h"

/* Memory does not grow with the number of states.  */
MUST_CHECK enum status states_digest(struct store *store, uint32_t partition, struct hash *hash,
                                     uint8_t out[DIGEST_SIZE], struct failure *err);

#endif
