#include "wire/hash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

struct hash {
    EVP_MD_CTX *context;
    EVP_MD *sha256; /* fetched once: looking it up costs more than a small digest */
};

enum status hash_open(struct hash **ret_hash, struct failure *err)
{
    struct hash *hash = calloc(1, sizeof(*hash));

    if (hash) {
        hash->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        hash->context = EVP_MD_CTX_new();
    }
    if (!hash || !hash->sha256 || !hash->context ||
        EVP_DigestInit_ex2(hash->context, hash->sha256, NULL) != 1) {
        hash_close(hash);
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot open a SHA-256 context");
    }
    *ret_hash = hash;
    return STATUS_OK;
}

void hash_close(struct hash *hash)
{
    if (!hash) {
        return;
    }
    EVP_MD_CTX_free(hash->context);
    EVP_MD_free(hash->sha256);
    free(hash);
}

void hash_begin(struct hash *hash)
{
    int ok = EVP_DigestInit_ex2(hash->context, NULL, NULL);

    assert(ok == 1);
}

void hash_add(struct hash *hash, const void *at, size_t n)
{
    int ok = EVP_DigestUpdate(hash->context, at, n);

    assert(ok == 1);
}

void hash_end(struct hash *hash, uint8_t out[DIGEST_SIZE])
{
    unsigned int n = 0;
    int ok = EVP_DigestFinal_ex(hash->context, out, &n);

    assert(ok == 1);
    assert(n == DIGEST_SIZE);
}

void hash_sha256(struct hash *hash, const void *at, size_t n, uint8_t out[DIGEST_SIZE])
{
    hash_begin(hash);
    hash_add(hash, at, n);
    hash_end(hash, out);
}

void hash_input(struct hash *hash, struct bytes key, int64_t append_ms, struct bytes value,
                uint8_t out[DIGEST_SIZE])
{
    uint8_t head[4];
    uint8_t time[8];

    assert(key.n < UINT32_MAX);
    be32_put(head, key.at ? (uint32_t)key.n : UINT32_MAX);
    be64_put(time, (uint64_t)append_ms);
    hash_begin(hash);
    hash_add(hash, head, sizeof(head));
    if (key.at) {
        hash_add(hash, key.at, key.n);
    }
    hash_add(hash, time, sizeof(time));
    if (value.at) {
        hash_add(hash, value.at, value.n);
    }
    hash_end(hash, out);
}

void hash_genesis(struct hash *hash, const struct genesis *genesis, uint8_t out[DIGEST_SIZE])
{
    static const char domain[] = "genesis.v1"; /* its NUL belongs to it */
    uint8_t tail[9] = {0};

    be32_put(tail + 1, genesis->partition);
    be32_put(tail + 5, genesis->partitions_n);
    hash_begin(hash);
    hash_add(hash, domain, sizeof(domain));
    hash_add(hash, genesis->topic, strlen(genesis->topic));
    hash_add(hash, tail, sizeof(tail));
    hash_add(hash, genesis->ledger_id, sizeof(genesis->ledger_id));
    hash_end(hash, out);
}

void hash_ledger_id(struct hash *hash, struct bytes content, uint8_t out[LEDGER_ID_SIZE])
{
    uint8_t digest[DIGEST_SIZE];

    hash_sha256(hash, content.at, content.n, digest);
    memcpy(out, digest, LEDGER_ID_SIZE);
}
