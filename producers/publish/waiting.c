#include "producers/publish/waiting.h"

#include <assert.h>
#include <stdlib.h>

struct place {
    int64_t offset;
    uint64_t line; /* 0: decided */
};

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
        free(waiting->of[p].at);
    }
    free(waiting);
}

enum status waiting_add(struct waiting *waiting, int32_t partition, int64_t offset, uint64_t line)
{
    struct places *places = NULL;

    if (partition < 0 || partition >= waiting->partitions || line == 0) {
        return STATUS_INVALID;
    }
    places = &waiting->of[partition];
    if (places->n > 0 && offset <= places->at[places->n - 1].offset) {
        return STATUS_INVALID;
    }
    if (places->n == places->size) {
        const size_t size = 2 * places->size + 64;
        struct place *at = realloc(places->at, size * sizeof(*at));

        if (!at) {
            return STATUS_NOMEM;
        }
        places->at = at;
        places->size = size;
    }
    places->at[places->n] = (struct place){.offset = offset, .line = line};
    places->n++;
    waiting->n++;
    return STATUS_OK;
}

bool waiting_take(struct waiting *waiting, const struct decision *decision, uint64_t *ret_line)
{
    struct places *places = NULL;
    size_t low = 0;
    size_t high = 0;

    if (decision->partition >= (uint32_t)waiting->partitions ||
        decision->trigger_offset != decision->input_offset) {
        return false;
    }
    places = &waiting->of[decision->partition];
    high = places->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (places->at[middle].offset < decision->input_offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == places->n || places->at[low].offset != decision->input_offset ||
        places->at[low].line == 0) {
        return false;
    }
    *ret_line = places->at[low].line;
    places->at[low].line = 0;
    waiting->n--;
    return true;
}

uint64_t waiting_n(const struct waiting *waiting) { return waiting->n; }

bool waiting_first(const struct waiting *waiting, int32_t partition, int64_t *ret_offset)
{
    const struct places *places = &waiting->of[partition];

    if (places->n > 0) {
        *ret_offset = places->at[0].offset;
    }
    return places->n > 0;
}
