/* Row by row from the leaves up.  A row of n nodes has (n + 1) / 2 above it; node i of a row has
 * its sibling at i ^ 1, which is missing only for the last of an odd row. */
#include "wire/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void tree_leaf(struct hash *hash, struct bytes decision, uint8_t out[DIGEST_SIZE])
{
    static const uint8_t prefix = 0;

    hash_begin(hash);
    hash_add(hash, &prefix, 1);
    hash_add(hash, decision.at, decision.n);
    hash_end(hash, out);
}

static void node(struct hash *hash, const uint8_t *left, const uint8_t *right,
                 uint8_t out[DIGEST_SIZE])
{
    static const uint8_t prefix = 1;

    hash_begin(hash);
    hash_add(hash, &prefix, 1);
    hash_add(hash, left, DIGEST_SIZE);
    hash_add(hash, right, DIGEST_SIZE);
    hash_end(hash, out);
}

/* The row above, in place. */
static void climb(struct hash *hash, uint8_t (*row)[DIGEST_SIZE], uint64_t n)
{
    for (uint64_t i = 0; i + 1 < n; i += 2) {
        node(hash, row[i], row[i + 1], row[i / 2]);
    }
    if (n % 2 == 1) {
        memmove(row[n / 2], row[n - 1], DIGEST_SIZE);
    }
}

void tree_root(struct hash *hash, uint8_t (*leaves)[DIGEST_SIZE], size_t leaves_n,
               uint8_t out[DIGEST_SIZE])
{
    assert(leaves_n > 0);
    for (uint64_t n = leaves_n; n > 1; n = (n + 1) / 2) {
        climb(hash, leaves, n);
    }
    memcpy(out, leaves[0], DIGEST_SIZE);
}

void tree_begin(struct tree_builder *builder, struct hash *hash)
{
    builder->hash = hash;
    builder->leaves_n = 0;
    builder->full_n = 0;
}

/* Two full trees of one size are one of twice the size: as carrying in a sum. */
void tree_add(struct tree_builder *builder, const uint8_t leaf[DIGEST_SIZE])
{
    memcpy(builder->full[builder->full_n++], leaf, DIGEST_SIZE);
    for (uint64_t n = builder->leaves_n; n % 2 == 1; n /= 2) {
        uint8_t *const left = builder->full[builder->full_n - 2];

        node(builder->hash, left, builder->full[builder->full_n - 1], left);
        builder->full_n--;
    }
    builder->leaves_n++;
}

void tree_end(const struct tree_builder *builder, uint8_t out[DIGEST_SIZE])
{
    assert(builder->full_n > 0);
    memcpy(out, builder->full[builder->full_n - 1], DIGEST_SIZE);
    for (uint32_t i = builder->full_n - 1; i > 0; i--) {
        node(builder->hash, builder->full[i - 1], out, out);
    }
}

static enum status copy_choice(const struct tree_choice *choice, uint64_t **ret,
                               struct failure *err)
{
    uint64_t *places = NULL;

    if (choice->places_n == 0 || choice->leaves_n > TREE_LEAVES_MAX) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0, "a proof for no leaf or too many");
    }
    for (size_t i = 0; i < choice->places_n; i++) {
        if (choice->places[i] >= choice->leaves_n ||
            (i > 0 && choice->places[i] <= choice->places[i - 1])) {
            return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                               "the places of a proof are out of order or range");
        }
    }
    places = malloc(choice->places_n * sizeof(*places));
    if (!places) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    memcpy(places, choice->places, choice->places_n * sizeof(*places));
    *ret = places;
    return STATUS_OK;
}

/* The chosen places of the row above. */
static size_t lift(uint64_t *places, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        const uint64_t parent = places[i] / 2;

        if (kept == 0 || places[kept - 1] != parent) {
            places[kept++] = parent;
        }
    }
    return kept;
}

enum status tree_prove(struct hash *hash, uint8_t (*leaves)[DIGEST_SIZE],
                       const struct tree_choice *choice, struct buffer *out, struct failure *err)
{
    uint64_t *places = NULL;
    size_t places_n = choice->places_n;
    enum status status = copy_choice(choice, &places, err);

    if (status != STATUS_OK) {
        return status;
    }
    for (uint64_t n = choice->leaves_n; n > 1; n = (n + 1) / 2) {
        for (size_t i = 0; i < places_n; i++) {
            const uint64_t sibling = places[i] ^ 1;
            const bool has_both = (i > 0 && places[i - 1] == sibling) ||
                                  (i + 1 < places_n && places[i + 1] == sibling);

            if (sibling < n && !has_both) {
                buffer_append(out, leaves[sibling], DIGEST_SIZE);
            }
        }
        climb(hash, leaves, n);
        places_n = lift(places, places_n);
    }
    free(places);
    return buffer_check(out, err);
}

/* One row up: known nodes at their places, the rest from the proof.  False: the proof is short. */
static bool follow_row(struct hash *hash, uint8_t (*known)[DIGEST_SIZE], uint64_t *places,
                       size_t *places_n, uint64_t n, struct bytes *proof)
{
    size_t kept = 0;

    for (size_t i = 0; i < *places_n; i++) {
        const uint64_t place = places[i];
        const bool has_next = i + 1 < *places_n && places[i + 1] == (place ^ 1);

        if ((place ^ 1) >= n) {
            memmove(known[kept], known[i], DIGEST_SIZE);
        } else if (has_next) {
            node(hash, known[i], known[i + 1], known[kept]);
            i++;
        } else if (proof->n < DIGEST_SIZE) {
            return false;
        } else {
            node(hash, place % 2 ? proof->at : known[i], place % 2 ? known[i] : proof->at,
                 known[kept]);
            proof->at += DIGEST_SIZE;
            proof->n -= DIGEST_SIZE;
        }
        places[kept++] = place / 2;
    }
    *places_n = kept;
    return true;
}

enum status tree_follow(struct hash *hash, uint8_t (*leaves)[DIGEST_SIZE],
                        const struct tree_choice *choice, struct bytes proof,
                        uint8_t out[DIGEST_SIZE], struct failure *err)
{
    uint64_t *places = NULL;
    size_t places_n = choice->places_n;
    bool ok = true;
    enum status status = copy_choice(choice, &places, err);

    if (status != STATUS_OK) {
        return status;
    }
    for (uint64_t n = choice->leaves_n; ok && n > 1; n = (n + 1) / 2) {
        ok = follow_row(hash, leaves, places, &places_n, n, &proof);
    }
    free(places);
    if (!ok || proof.n > 0) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0, "a proof has hashes too %s",
                           ok ? "many" : "few");
    }
    memcpy(out, leaves[0], DIGEST_SIZE);
    return STATUS_OK;
}
