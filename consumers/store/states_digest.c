#include "consumers/store/states_digest.h"

#include <string.h>

enum status states_digest(struct store *store, uint32_t partition, struct hash *hash,
                          uint8_t out[DIGEST_SIZE], struct failure *err)
{
    char after[CODE_SIZE] = {0};
    struct store_state state;
    enum status status = store_state_next(store, partition, after, &state, err);

    hash_begin(hash);
    while (status == STATUS_OK) {
        uint8_t length[4];

        be32_put(length, (uint32_t)state.bytes.n);
        hash_add(hash, state.enterprise, CODE_SIZE);
        hash_add(hash, length, sizeof(length));
        hash_add(hash, state.bytes.at, state.bytes.n);
        memcpy(after, state.enterprise, CODE_SIZE);
        status = store_state_next(store, partition, after, &state, err);
    }
    hash_end(hash, out);
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}
