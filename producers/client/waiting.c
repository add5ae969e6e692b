#include "producers/client/waiting.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct place {
    int64_t offset;
    struct waiting_item *item; /* NULL: decided */
};

/* Ascending by offset. */
struct places {
    struct place *at;
    size_t n;
    size_t size;
};

struct waiting {
    int32_t partitions;
    uint64_t n;
    struct places of[];
};

/* ---- items ---- */

static void keep_text(struct waiting_item *item, size_t *used, struct text *text)
{
    if (text->n > sizeof(item->numbers) - *used) {
        *text = (struct text){.at = NULL};
    }
    if (text->n > 0) {
        memcpy(item->numbers + *used, text->at, text->n);
        text->at = item->numbers + *used;
        *used += text->n;
    }
}

struct waiting_item *waiting_item_new(uint64_t line, void *tag, const struct document *doc)
{
    struct waiting_item *item = calloc(1, sizeof(*item));
    size_t used = 0;

    if (!item) {
        return NULL;
    }
    item->line = line;
    item->tag = tag;
    if (doc) {
        own_numbers_read(doc, &item->own);
        keep_text(item, &used, &item->own.registration_no);
        keep_text(item, &used, &item->own.application_no);
        keep_text(item, &used, &item->own.contract_no);
        keep_text(item, &used, &item->own.loan_no);
        keep_text(item, &used, &item->own.investor_no);
    }
    return item;
}

/* ---- places ---- */

enum status waiting_open(int32_t partitions, struct waiting **ret, struct failure *err)
{
    struct waiting *waiting = NULL;

    assert(partitions > 0);
    waiting = calloc(1, sizeof(*waiting) + (size_t)partitions * sizeof(waiting->of[0]));
    if (!waiting) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                           "cannot wait for decisions: out of memory");
    }
    waiting->partitions = partitions;
    *ret = waiting;
    return STATUS_OK;
}

void waiting_close(struct waiting *waiting)
{
    if (!waiting) {
        return;
    }
    for (int32_t p = 0; p < waiting->partitions; p++) {
        for (size_t i = 0; i < waiting->of[p].n; i++) {
            free(waiting->of[p].at[i].item);
        }
        free(waiting->of[p].at);
    }
    free(waiting);
}

/* The first place at or after an offset. */
static size_t find(const struct places *places, int64_t offset)
{
    size_t low = 0;
    size_t high = places->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (places->at[middle].offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum status make_room(struct places *places)
{
    const size_t size = 2 * places->size + 64;
    struct place *at = NULL;

    if (places->n < places->size) {
        return STATUS_OK;
    }
    at = realloc(places->at, size * sizeof(*at));
    if (!at) {
        return STATUS_NOMEM;
    }
    places->at = at;
    places->size = size;
    return STATUS_OK;
}

enum status waiting_add(struct waiting *waiting, int32_t partition, int64_t offset,
                        struct waiting_item *item)
{
    struct places *places = NULL;
    size_t i = 0;

    assert(item);
    if (partition < 0 || partition >= waiting->partitions) {
        return STATUS_INVALID;
    }
    places = &waiting->of[partition];
    i = find(places, offset);
    if (i < places->n && places->at[i].offset == offset) {
        return STATUS_INVALID;
    }
    if (make_room(places) != STATUS_OK) {
        return STATUS_NOMEM;
    }
    memmove(places->at + i + 1, places->at + i, (places->n - i) * sizeof(places->at[0]));
    places->at[i] = (struct place){.offset = offset, .item = item};
    places->n++;
    waiting->n++;
    return STATUS_OK;
}

struct waiting_item *waiting_take(struct waiting *waiting, const struct decision *decision)
{
    struct places *places = NULL;
    struct waiting_item *item = NULL;
    size_t i = 0;

    if (decision->partition >= (uint32_t)waiting->partitions ||
        decision->trigger_offset != decision->input_offset) {
        return NULL;
    }
    places = &waiting->of[decision->partition];
    i = find(places, decision->input_offset);
    if (i < places->n && places->at[i].offset == decision->input_offset) {
        item = places->at[i].item;
        places->at[i].item = NULL;
        waiting->n -= item ? 1 : 0;
    }
    return item;
}

uint64_t waiting_n(const struct waiting *waiting) { return waiting->n; }
