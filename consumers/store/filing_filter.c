/* filing_filter.c - a Bloom filter of one 64-bit word and four bits for each id. */
#include "consumers/store/filing_filter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Partition and id to 64 well mixed bits.  Only speed rests on their quality. */
static uint64_t mix(uint32_t partition, const uint8_t id[FILING_ID_SIZE])
{
    uint64_t high;
    uint64_t low;
    uint64_t x;

    memcpy(&high, id, sizeof(high));
    memcpy(&low, id + sizeof(high), sizeof(low));
    x = (high ^ partition) * UINT64_C(0x9e3779b97f4a7c15) + low;
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ (x >> 32);
}

/* The four bits within a word; the word is chosen by other bits of the same hash. */
static uint64_t bits_of(uint64_t hash)
{
    return UINT64_C(1) << (hash >> 58) | UINT64_C(1) << (hash >> 52 & 63) |
           UINT64_C(1) << (hash >> 46 & 63) | UINT64_C(1) << (hash >> 40 & 63);
}

enum status filing_filter_init(struct filing_filter *filter, size_t bytes, struct failure *err)
{
    assert(bytes >= sizeof(*filter->words));
    assert((bytes & (bytes - 1)) == 0); /* a word is chosen by masking */
    memset(filter, 0, sizeof(*filter));
    filter->words_n = bytes / sizeof(*filter->words);
    filter->words = calloc(filter->words_n, sizeof(*filter->words));
    if (!filter->words) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "no memory for the filing filter");
    }
    return STATUS_OK;
}

void filing_filter_fini(struct filing_filter *filter)
{
    free(filter->words);
    filter->words = NULL;
}

void filing_filter_reset(struct filing_filter *filter)
{
    memset(filter->words, 0, filter->words_n * sizeof(*filter->words));
    memset(filter->floors, 0, sizeof(filter->floors));
    filter->ids = 0;
}

bool filing_filter_is_loaded(const struct filing_filter *filter, uint32_t partition)
{
    assert(partition < STORE_PARTITIONS_MAX);
    return filter->floors[partition].loaded;
}

void filing_filter_load(struct filing_filter *filter, uint32_t partition,
                        const uint8_t floor[FILING_ID_SIZE])
{
    struct filing_filter_floor *f = &filter->floors[partition];

    assert(partition < STORE_PARTITIONS_MAX);
    f->loaded = true;
    f->open = floor == NULL;
    if (floor) {
        memcpy(f->id, floor, sizeof(f->id));
    }
}

void filing_filter_add(struct filing_filter *filter, uint32_t partition,
                       const uint8_t id[FILING_ID_SIZE])
{
    uint64_t hash = mix(partition, id);

    filter->words[hash & (filter->words_n - 1)] |= bits_of(hash);
    filter->ids++;
}

bool filing_filter_is_full(const struct filing_filter *filter)
{
    return filter->ids >= filing_filter_ids_max(filter);
}

uint32_t filing_filter_ids_max(const struct filing_filter *filter)
{
    return FILING_FILTER_IDS(filter->words_n * sizeof(*filter->words));
}

bool filing_filter_is_new(const struct filing_filter *filter, uint32_t partition,
                          const uint8_t id[FILING_ID_SIZE])
{
    const struct filing_filter_floor *f = &filter->floors[partition];
    uint64_t hash = mix(partition, id);

    assert(partition < STORE_PARTITIONS_MAX);
    assert(f->loaded);
    if (!f->open && memcmp(id, f->id, sizeof(f->id)) <= 0) {
        return false;
    }
    return (filter->words[hash & (filter->words_n - 1)] & bits_of(hash)) != bits_of(hash);
}
