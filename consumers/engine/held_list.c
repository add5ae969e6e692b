#include "consumers/engine/held_list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_VERSION   1
#define RECORD_HASH_AT   9
#define RECORD_TIME_AT   (RECORD_HASH_AT + DIGEST_SIZE)
#define RECORD_FILING_AT (RECORD_TIME_AT + 8)

static enum status no_memory(struct failure *err)
{
    return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                       "cannot keep a held filing: out of memory");
}

void held_list_init(struct held_list *list) { *list = (struct held_list){0}; }

void held_list_fini(struct held_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->at[i].record);
    }
    free(list->at);
    free(list->changed);
    held_list_init(list);
}

size_t held_list_after(const struct held_list *list, uint64_t arrival_number)
{
    size_t low = 0;
    size_t high = list->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (list->at[middle].arrival_number <= arrival_number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct held_entry *held_list_find(const struct held_list *list, uint64_t arrival_number)
{
    const size_t after = held_list_after(list, arrival_number);

    if (after == 0 || list->at[after - 1].arrival_number != arrival_number ||
        list->at[after - 1].is_released) {
        return NULL;
    }
    return &list->at[after - 1];
}

/* The place of an arrival: an entry that is there, or a new one in order. */
static struct held_entry *place(struct held_list *list, uint64_t arrival_number)
{
    const size_t after = held_list_after(list, arrival_number);

    if (after > 0 && list->at[after - 1].arrival_number == arrival_number) {
        return &list->at[after - 1];
    }
    if (!batch_grow((void **)&list->at, &list->max, list->n + 1, sizeof(*list->at))) {
        return NULL;
    }
    memmove(&list->at[after + 1], &list->at[after], (list->n - after) * sizeof(*list->at));
    list->at[after] = (struct held_entry){.arrival_number = arrival_number};
    list->n++;
    return &list->at[after];
}

enum status held_list_load(struct held_list *list, struct store *store, uint32_t partition,
                           struct failure *err)
{
    struct store_held held;
    uint64_t after = 0;

    for (;;) {
        const enum status status = store_held_next(store, partition, after, &held, err);
        struct held_entry *entry;

        if (status == STATUS_NOTFOUND) {
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return status;
        }
        entry = place(list, held.arrival_number);
        if (!entry) {
            return no_memory(err);
        }
        entry->record = malloc(held.record.n + 1);
        if (!entry->record) {
            return no_memory(err);
        }
        memcpy(entry->record, held.record.at, held.record.n);
        entry->record_n = held.record.n;
        memcpy(entry->enterprise, held.enterprise, sizeof(entry->enterprise));
        entry->waits_for = (enum code)held.waits_for;
        after = held.arrival_number;
    }
}

static enum status note_change(struct held_list *list, struct held_entry *entry,
                               struct failure *err)
{
    if (entry->is_changed) {
        return STATUS_OK;
    }
    if (!batch_grow((void **)&list->changed, &list->changed_max, list->changed_n + 1,
                    sizeof(*list->changed))) {
        return no_memory(err);
    }
    list->changed[list->changed_n++] = entry->arrival_number;
    entry->is_changed = true;
    return STATUS_OK;
}

enum status held_list_put(struct held_list *list, const struct held_arrival *arrival,
                          const struct held_record *record, struct failure *err)
{
    struct held_entry *entry = place(list, arrival->arrival_number);
    uint8_t *bytes = malloc(RECORD_FILING_AT + record->filing.n);

    if (!entry || !bytes) {
        free(bytes);
        return no_memory(err);
    }
    bytes[0] = RECORD_VERSION;
    be64_put(bytes + 1, (uint64_t)record->input_offset);
    memcpy(bytes + RECORD_HASH_AT, record->input_hash, DIGEST_SIZE);
    be64_put(bytes + RECORD_TIME_AT, (uint64_t)record->received_ms);
    memcpy(bytes + RECORD_FILING_AT, record->filing.at, record->filing.n);
    free(entry->record);
    entry->record = bytes;
    entry->record_n = RECORD_FILING_AT + record->filing.n;
    memcpy(entry->enterprise, arrival->enterprise, sizeof(entry->enterprise));
    entry->waits_for = arrival->waits_for;
    return note_change(list, entry, err);
}

enum status held_list_change(struct held_list *list, struct held_entry *entry, enum code waits_for,
                             struct failure *err)
{
    if (entry->waits_for == waits_for) {
        return STATUS_OK;
    }
    entry->waits_for = waits_for;
    return note_change(list, entry, err);
}

void held_list_release(struct held_list *list, struct held_entry *entry)
{
    assert(!entry->is_released);
    entry->is_released = true;
    list->released_n++;
}

void held_list_tidy(struct held_list *list)
{
    size_t kept = 0;

    if (list->released_n == 0) {
        return;
    }
    for (size_t i = 0; i < list->n; i++) {
        if (list->at[i].is_released) {
            free(list->at[i].record);
        } else {
            list->at[kept++] = list->at[i];
        }
    }
    list->n = kept;
    list->released_n = 0;
}

void held_list_settle(struct held_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        list->at[i].is_changed = false;
    }
    list->changed_n = 0;
}

enum status held_record_read(const struct held_entry *entry, struct held_record *ret,
                             struct failure *err)
{
    if (entry->record_n < RECORD_FILING_AT || entry->record[0] != RECORD_VERSION) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                           "held filing %llu: its record cannot be read",
                           (unsigned long long)entry->arrival_number);
    }
    ret->input_offset = (int64_t)be64_get(entry->record + 1);
    memcpy(ret->input_hash, entry->record + RECORD_HASH_AT, DIGEST_SIZE);
    ret->received_ms = (int64_t)be64_get(entry->record + RECORD_TIME_AT);
    ret->filing = (struct bytes){.at = entry->record + RECORD_FILING_AT,
                                 .n = entry->record_n - RECORD_FILING_AT};
    return STATUS_OK;
}

enum status held_list_write(struct held_list *list, struct batch_part *part, struct failure *err)
{
    for (size_t i = 0; i < list->changed_n; i++) {
        struct held_entry *entry = held_list_find(list, list->changed[i]);
        struct store_held held;
        enum status status;

        if (!entry) {
            continue; /* released in the same batch */
        }
        entry->is_changed = false;
        held = (struct store_held){
            .arrival_number = entry->arrival_number,
            .waits_for = (uint32_t)entry->waits_for,
            .record = {.at = entry->record, .n = entry->record_n},
        };
        memcpy(held.enterprise, entry->enterprise, sizeof(held.enterprise));
        status = batch_part_held(part, &held, err);
        if (status != STATUS_OK) {
            return status;
        }
    }
    list->changed_n = 0;
    return STATUS_OK;
}
