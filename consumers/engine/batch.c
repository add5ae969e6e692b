#include "consumers/engine/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define GROW_FIRST  64
#define LENGTH_SIZE 4

static enum status no_memory(struct failure *err)
{
    return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot keep the batch: out of memory");
}

bool batch_grow(void **array, size_t *max, size_t n, size_t size)
{
    size_t wanted = *max ? *max : GROW_FIRST;
    void *grown;

    if (n <= *max) {
        return true;
    }
    while (wanted < n) {
        wanted *= 2;
    }
    grown = reallocarray(*array, wanted, size);
    if (!grown) {
        return false;
    }
    *array = grown;
    *max = wanted;
    return true;
}

enum status batch_part_init(struct batch_part *part, struct failure *err)
{
    *part = (struct batch_part){.slots_n = GROW_FIRST, .round = 1};
    journal_writer_init(&part->journal, BATCH_BYTES_MAX);
    buffer_init(&part->state_bytes, (size_t)1 << 30);
    buffer_init(&part->bulletin_bytes, BATCH_BYTES_MAX);
    part->slots = calloc(part->slots_n, sizeof(*part->slots));
    return part->slots ? STATUS_OK : no_memory(err);
}

void batch_part_fini(struct batch_part *part)
{
    if (!part) {
        return;
    }
    journal_writer_fini(&part->journal);
    buffer_fini(&part->state_bytes);
    buffer_fini(&part->bulletin_bytes);
    free(part->undo_at);
    free(part->filings);
    free(part->slots);
    free(part->held);
    free(part->released);
    free(part->states);
    free(part->bulletins);
    free(part->decisions);
    *part = (struct batch_part){0};
}

void batch_part_reset(struct batch_part *part, uint32_t partition,
                      const struct store_position *starts)
{
    part->partition = partition;
    part->starts = *starts;
    part->count = 0;
    part->filings_n = 0;
    part->held_n = 0;
    part->released_n = 0;
    part->states_n = 0;
    part->bulletins_n = 0;
    journal_writer_reset(&part->journal);
    buffer_reset(&part->state_bytes);
    buffer_reset(&part->bulletin_bytes);
    part->round++;
    if (part->round == 0) { /* after 2^32 batches the old rounds would count again */
        memset(part->slots, 0, part->slots_n * sizeof(*part->slots));
        part->round = 1;
    }
}

bool batch_part_is_full(const struct batch_part *part)
{
    return part->journal.decisions.n >= BATCH_BYTES_FULL ||
           part->journal.undo.n >= BATCH_BYTES_FULL || part->journal.keys.n >= BATCH_BYTES_FULL ||
           part->bulletin_bytes.n >= BATCH_BYTES_FULL;
}

enum status batch_part_append(struct batch_part *part, const struct journal_entry *entry,
                              struct failure *err)
{
    if (!batch_grow((void **)&part->undo_at, &part->undo_max, (size_t)part->count + 1,
                    sizeof(*part->undo_at))) {
        return no_memory(err);
    }
    part->undo_at[part->count] = part->journal.undo.n;
    journal_append(&part->journal, entry);
    part->count++;
    return STATUS_OK;
}

struct bytes batch_part_undo(const struct batch_part *part, uint64_t number)
{
    const uint64_t first = part->starts.number + 1;
    const uint8_t *at;

    assert(number >= first);
    assert(number - first < part->count);
    at = part->journal.undo.at + part->undo_at[number - first];
    return (struct bytes){.at = at + LENGTH_SIZE, .n = be32_get(at)};
}

/* Ids are random or ordered by time, and anybody may choose them: all bytes count. */
static size_t slot_of(const struct batch_part *part, const uint8_t filing_id[FILING_ID_SIZE])
{
    const uint64_t mixed = (be64_get(filing_id) * UINT64_C(0x9E3779B97F4A7C15)) ^
                           (be64_get(filing_id + 8) * UINT64_C(0xC2B2AE3D27D4EB4F));

    return (size_t)((mixed ^ mixed >> 29) & (part->slots_n - 1));
}

struct store_filing *batch_part_filing_next(const struct batch_part *part,
                                            const uint8_t filing_id[FILING_ID_SIZE], size_t *at)
{
    const size_t first = slot_of(part, filing_id);

    for (; *at < part->slots_n; (*at)++) {
        const struct batch_slot *slot = &part->slots[(first + *at) & (part->slots_n - 1)];

        if (slot->round != part->round) {
            return NULL;
        }
        if (memcmp(part->filings[slot->filing].key.filing_id, filing_id, FILING_ID_SIZE) == 0) {
            (*at)++;
            return &part->filings[slot->filing];
        }
    }
    return NULL;
}

struct store_filing *batch_part_filing(const struct batch_part *part,
                                       const struct store_filing_key *key)
{
    struct store_filing *found;
    size_t at = 0;

    do {
        found = batch_part_filing_next(part, key->filing_id, &at);
    } while (found && memcmp(&found->key, key, sizeof(*key)) != 0);
    return found;
}

static void slot_put(struct batch_part *part, uint32_t filing)
{
    size_t at = slot_of(part, part->filings[filing].key.filing_id);

    while (part->slots[at].round == part->round) {
        at = (at + 1) & (part->slots_n - 1);
    }
    part->slots[at] = (struct batch_slot){.round = part->round, .filing = filing};
}

/* At most half of the slots are ever taken. */
static bool slots_grow(struct batch_part *part)
{
    struct batch_slot *grown;

    if ((part->filings_n + 1) * 2 <= part->slots_n) {
        return true;
    }
    grown = calloc(part->slots_n * 2, sizeof(*grown));
    if (!grown) {
        return false;
    }
    free(part->slots);
    part->slots = grown;
    part->slots_n *= 2;
    part->round = 1;
    for (size_t i = 0; i < part->filings_n; i++) {
        slot_put(part, (uint32_t)i);
    }
    return true;
}

enum status batch_part_filing_put(struct batch_part *part, const struct store_filing *filing,
                                  struct failure *err)
{
    struct store_filing *found = batch_part_filing(part, &filing->key);

    if (found) {
        *found = *filing;
        return STATUS_OK;
    }
    if (!slots_grow(part) || !batch_grow((void **)&part->filings, &part->filings_max,
                                         part->filings_n + 1, sizeof(*part->filings))) {
        return no_memory(err);
    }
    part->filings[part->filings_n] = *filing;
    slot_put(part, (uint32_t)part->filings_n);
    part->filings_n++;
    return STATUS_OK;
}

enum status batch_part_held(struct batch_part *part, const struct store_held *held,
                            struct failure *err)
{
    if (!batch_grow((void **)&part->held, &part->held_max, part->held_n + 1, sizeof(*part->held))) {
        return no_memory(err);
    }
    part->held[part->held_n++] = *held;
    return STATUS_OK;
}

enum status batch_part_released(struct batch_part *part, uint64_t arrival_number,
                                struct failure *err)
{
    if (!batch_grow((void **)&part->released, &part->released_max, part->released_n + 1,
                    sizeof(*part->released))) {
        return no_memory(err);
    }
    part->released[part->released_n++] = arrival_number;
    return STATUS_OK;
}

enum status batch_part_state(struct batch_part *part, const struct store_state *state,
                             size_t n_before, struct failure *err)
{
    if (buffer_check(&part->state_bytes, err) != STATUS_OK) {
        return failure_add(err, "cannot keep a state");
    }
    if (!batch_grow((void **)&part->states, &part->states_max, part->states_n + 1,
                    sizeof(*part->states))) {
        return no_memory(err);
    }
    part->states[part->states_n] = *state;
    /* The buffer may move until the part is sealed: only the length is kept till then. */
    part->states[part->states_n].bytes.at = NULL;
    part->states[part->states_n].bytes.n = part->state_bytes.n - n_before;
    part->states_n++;
    return STATUS_OK;
}

enum status batch_part_bulletin(struct batch_part *part, uint64_t number, struct bytes content,
                                struct failure *err)
{
    buffer_append(&part->bulletin_bytes, content.at, content.n);
    if (buffer_check(&part->bulletin_bytes, err) != STATUS_OK) {
        return failure_add(err, "cannot keep bulletin %llu", (unsigned long long)number);
    }
    if (!batch_grow((void **)&part->bulletins, &part->bulletins_max, part->bulletins_n + 1,
                    sizeof(*part->bulletins))) {
        return no_memory(err);
    }
    part->bulletins[part->bulletins_n++] =
        (struct store_bulletin){.number = number, .content = {.at = NULL, .n = content.n}};
    return STATUS_OK;
}

static void place_pieces(struct batch_part *part)
{
    const uint8_t *at = part->state_bytes.at;

    for (size_t i = 0; i < part->states_n; i++) {
        part->states[i].bytes.at = at;
        at += part->states[i].bytes.n;
    }
    at = part->bulletin_bytes.at;
    for (size_t i = 0; i < part->bulletins_n; i++) {
        part->bulletins[i].content.at = at;
        at += part->bulletins[i].content.n;
    }
}

static enum status place_decisions(struct batch_part *part, const struct store_journal_row *row,
                                   struct failure *err)
{
    struct journal_reader reader;
    struct journal_entry entry;

    if (!batch_grow((void **)&part->decisions, &part->decisions_max, part->count,
                    sizeof(*part->decisions))) {
        return no_memory(err);
    }
    journal_reader_init(&reader, row);
    for (uint32_t i = 0; i < part->count; i++) {
        const enum status status = journal_next(&reader, &entry, err);

        if (status != STATUS_OK) {
            return status;
        }
        part->decisions[i] = (struct bus_decision){.bytes = entry.decision.at,
                                                   .bytes_n = entry.decision.n,
                                                   .key = entry.key.at,
                                                   .key_n = entry.key.n,
                                                   .has_key = entry.has_key};
    }
    return STATUS_OK;
}

enum status batch_part_seal(struct batch_part *part, struct store_part *ret, struct failure *err)
{
    struct store_journal_row row = {
        .first_number = part->starts.number + 1,
        .count = part->count,
        .starts = part->starts,
    };
    enum status status = journal_close(&part->journal, &row, err);

    if (status != STATUS_OK) {
        return status;
    }
    place_pieces(part);
    status = place_decisions(part, &row, err);
    if (status != STATUS_OK) {
        return status;
    }
    *ret = (struct store_part){
        .partition = part->partition,
        .expected_next_offset = part->starts.next_offset,
        .expected_step = part->starts.step,
        .row = row,
        .filings = part->filings,
        .filings_n = part->filings_n,
        .held = part->held,
        .held_n = part->held_n,
        .released = part->released,
        .released_n = part->released_n,
        .states = part->states,
        .states_n = part->states_n,
        .bulletins = part->bulletins,
        .bulletins_n = part->bulletins_n,
    };
    return STATUS_OK;
}

void batch_part_publication(const struct batch_part *part, int64_t next_offset,
                            struct bus_part *ret)
{
    *ret = (struct bus_part){
        .partition = part->partition,
        .first_number = part->starts.number + 1,
        .decisions = part->decisions,
        .decisions_n = part->count,
        .next_offset = next_offset,
    };
}
