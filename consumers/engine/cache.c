#include "consumers/engine/cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/limits.h"
#include "consumers/store/state.h"

void cache_init(struct cache *cache, size_t n_max) { *cache = (struct cache){.n_max = n_max}; }

static void entry_free(struct cache_entry *entry)
{
    state_free(entry->state);
    free(entry->released);
    free(entry);
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static void entry_remove(struct cache *cache, struct cache_entry *entry)
{
    assert(entry);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the entry is in both lists */
    HASH_DEL(cache->by_code, entry);
    DL_DELETE2(cache->used, entry, used_prev, used_next);
    cache->n--;
    entry_free(entry);
}

void cache_fini(struct cache *cache)
{
    while (cache->used) {
        entry_remove(cache, cache->used);
    }
    *cache = (struct cache){0};
}

static enum status load(struct cache_entry *entry, const struct cache_source *source,
                        struct failure *err)
{
    struct store_state found;
    enum status status;

    assert(entry);
    assert(entry->state);
    status = store_state_find(source->store, source->partition, entry->state->code, &found, err);
    if (status == STATUS_NOTFOUND) {
        return STATUS_OK; /* an enterprise of which nothing is known yet */
    }
    if (status == STATUS_OK && found.number > source->number_max) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_RECLAIM, 0,
                           "another owner has stored decision %llu",
                           (unsigned long long)found.number);
    }
    return status == STATUS_OK ? state_decode(found.bytes, entry->state, err) : status;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static enum status add(struct cache *cache, const char *code, struct cache_entry **ret,
                       struct failure *err)
{
    struct cache_entry *entry = calloc(1, sizeof(*entry));
    enum status status;

    if (!entry) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot keep a state: out of memory");
    }
    status = state_new(code, &entry->state, err);
    if (status != STATUS_OK) {
        free(entry);
        return status;
    }
    HASH_ADD_KEYPTR(hh, cache->by_code, entry->state->code, ENTERPRISE_CODE_SIZE, entry);
    DL_APPEND2(cache->used, entry, used_prev, used_next);
    cache->n++;
    *ret = entry;
    return STATUS_OK;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
enum status cache_get(struct cache *cache, const struct cache_source *source,
                      const char code[ENTERPRISE_CODE_SIZE], struct cache_entry **ret,
                      struct failure *err)
{
    struct cache_entry *entry = NULL;
    enum status status;

    HASH_FIND(hh, cache->by_code, code, ENTERPRISE_CODE_SIZE, entry);
    if (entry) {
        DL_DELETE2(cache->used, entry, used_prev, used_next);
        DL_APPEND2(cache->used, entry, used_prev, used_next);
        *ret = entry;
        return STATUS_OK;
    }
    status = add(cache, code, &entry, err);
    if (status != STATUS_OK) {
        return status;
    }
    status = load(entry, source, err);
    if (status != STATUS_OK) {
        entry_remove(cache, entry);
        return status;
    }
    *ret = entry;
    return STATUS_OK;
}

void cache_dirty(struct cache *cache, struct cache_entry *entry, uint64_t number)
{
    if (entry->is_dirty) {
        return;
    }
    assert(!cache->dirty || cache->dirty->dirty_prev->dirty_number <= number);
    entry->is_dirty = true;
    entry->dirty_number = number;
    entry->dirty_batch = cache->batch;
    DL_APPEND2(cache->dirty, entry, dirty_prev, dirty_next);
    cache->dirty_n++;
}

enum status cache_release(struct cache_entry *entry, uint64_t arrival_number, struct failure *err)
{
    assert(entry->is_dirty);
    if (!batch_grow((void **)&entry->released, &entry->released_max, entry->released_n + 1,
                    sizeof(*entry->released))) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot keep a state: out of memory");
    }
    entry->released[entry->released_n++] = arrival_number;
    return STATUS_OK;
}

static enum status write_entry(struct cache *cache, struct cache_entry *entry,
                               struct batch_part *part, struct failure *err)
{
    const size_t n_before = part->state_bytes.n;
    struct store_state state = {.number = entry->state->number};
    enum status status;

    memcpy(state.enterprise, entry->state->code, sizeof(state.enterprise));
    state_encode(entry->state, &part->state_bytes);
    status = batch_part_state(part, &state, n_before, err);
    for (size_t i = 0; i < entry->released_n && status == STATUS_OK; i++) {
        status = batch_part_released(part, entry->released[i], err);
    }
    entry->released_n = 0;
    entry->is_dirty = false;
    DL_DELETE2(cache->dirty, entry, dirty_prev, dirty_next);
    cache->dirty_n--;
    return status;
}

enum status cache_write(struct cache *cache, struct batch_part *part, size_t budget,
                        struct failure *err)
{
    enum status status = STATUS_OK;

    cache->batch++;
    while (cache->dirty && status == STATUS_OK &&
           (budget > 0 || cache->batch - cache->dirty->dirty_batch >= DIRTY_BATCHES_MAX)) {
        status = write_entry(cache, cache->dirty, part, err);
        budget -= budget > 0 ? 1 : 0;
    }
    return status;
}

uint64_t cache_clean_number(const struct cache *cache, uint64_t number)
{
    /* A number of 0 is a state that was dirty before any decision: nothing is complete then. */
    if (!cache->dirty) {
        return number;
    }
    return cache->dirty->dirty_number > 0 ? cache->dirty->dirty_number - 1 : 0;
}

void cache_trim(struct cache *cache)
{
    struct cache_entry *entry;
    struct cache_entry *next;

    for (entry = cache->used; entry && cache->n > cache->n_max; entry = next) {
        next = entry->used_next;
        if (!entry->is_dirty) {
            entry_remove(cache, entry);
        }
    }
}
