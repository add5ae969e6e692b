#include "consumers/audit/use_book.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct use_key {
    UT_hash_handle hh;
    struct use first;
    struct use *last;
    size_t n;
    uint8_t bytes[];
};

void use_book_init(struct use_book *book) { book->keys = NULL; }

static void free_key(struct use_key *key)
{
    struct use *use = key->first.next;

    while (use) {
        struct use *next = use->next;

        free(use);
        use = next;
    }
    free(key);
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
void use_book_fini(struct use_book *book)
{
    struct use_key *key;
    struct use_key *next;

    HASH_ITER(hh, book->keys, key, next)
    {
        HASH_DEL(book->keys, key);
        free_key(key);
    }
}

static enum status no_memory(struct failure *err)
{
    return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static enum status add_key(struct use_book *book, struct bytes bytes, const struct use *use,
                           struct failure *err)
{
    struct use_key *key = calloc(1, sizeof(*key) + bytes.n);

    if (!key) {
        return no_memory(err);
    }
    key->first = *use;
    key->first.next = NULL;
    key->last = &key->first;
    key->n = bytes.n;
    memcpy(key->bytes, bytes.at, bytes.n);
    HASH_ADD_KEYPTR(hh, book->keys, key->bytes, key->n, key);
    return STATUS_OK;
}

static enum status add_use(struct use_key *key, const struct use *use, struct failure *err)
{
    struct use *added = malloc(sizeof(*added));

    if (!added) {
        return no_memory(err);
    }
    *added = *use;
    added->next = NULL;
    key->last->next = added;
    key->last = added;
    return STATUS_OK;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
enum status use_book_add(struct use_book *book, struct bytes bytes, const struct use *use,
                         const struct use **ret_first, struct failure *err)
{
    struct use_key *key = NULL;
    enum status status;

    *ret_first = NULL;
    HASH_FIND(hh, book->keys, bytes.at, bytes.n, key);
    if (!key) {
        return add_key(book, bytes, use, err);
    }
    for (const struct use *had = &key->first; had; had = had->next) {
        if (memcmp(had->user, use->user, USE_USER_SIZE) == 0) {
            return STATUS_OK;
        }
    }
    status = add_use(key, use, err);
    if (status == STATUS_OK) {
        *ret_first = &key->first;
    }
    return status;
}

static int by_bytes(const struct use_key *a, const struct use_key *b)
{
    const int order = memcmp(a->bytes, b->bytes, a->n < b->n ? a->n : b->n);

    return order != 0 ? order : (a->n > b->n) - (a->n < b->n);
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
void use_book_walk(struct use_book *book, use_book_fn *fn, void *arg)
{
    HASH_SORT(book->keys, by_bytes);
    for (const struct use_key *key = book->keys; key; key = key->hh.next) {
        if (!fn(arg, (struct bytes){.at = key->bytes, .n = key->n}, &key->first)) {
            return;
        }
    }
}

void sequence_key_make(const char *bank, int64_t sequence, uint8_t out[SEQUENCE_KEY_SIZE])
{
    memcpy(out, bank, BANK_SIZE);
    be64_put(out + BANK_SIZE, (uint64_t)sequence);
}

int64_t sequence_key_number(struct bytes key) { return (int64_t)be64_get(key.at + BANK_SIZE); }
