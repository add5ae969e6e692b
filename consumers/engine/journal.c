#include "consumers/engine/journal.h"

#include <assert.h>

#define LENGTH_SIZE 4
#define OFFSET_SIZE 8

static enum status corrupt(const struct journal_reader *reader, struct failure *err)
{
    return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                       "journal row of decision %llu contradicts itself",
                       (unsigned long long)reader->row.first_number);
}

/* A be32 length and its bytes at *at, which moves past them; a length of none counts as 0. */
static bool take(struct bytes from, size_t *at, struct bytes *ret, bool *ret_none)
{
    uint32_t n;

    if (from.n < *at || from.n - *at < LENGTH_SIZE) {
        return false;
    }
    n = be32_get(from.at + *at);
    *ret_none = n == JOURNAL_KEY_NONE;
    n = *ret_none ? 0 : n;
    *at += LENGTH_SIZE;
    if (n > from.n - *at) {
        return false;
    }
    *ret = (struct bytes){.at = from.at + *at, .n = n};
    *at += n;
    return true;
}

void journal_reader_init(struct journal_reader *reader, const struct store_journal_row *row)
{
    *reader = (struct journal_reader){
        .row = *row,
        .keys_at = (size_t)row->count * OFFSET_SIZE,
    };
}

enum status journal_next(struct journal_reader *reader, struct journal_entry *ret,
                         struct failure *err)
{
    struct journal_entry entry = {.number = reader->row.first_number + reader->i};
    bool none = false;

    if (reader->i >= reader->row.count) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0, "no more decisions in the row");
    }
    if (!take(reader->row.decisions, &reader->decisions_at, &entry.decision, &none) || none) {
        return corrupt(reader, err);
    }
    if (!take(reader->row.undo, &reader->undo_at, &entry.undo, &none) || none) {
        return corrupt(reader, err);
    }
    if (!take(reader->row.inputs, &reader->keys_at, &entry.key, &none)) {
        return corrupt(reader, err);
    }
    entry.has_key = !none;
    entry.input_offset = (int64_t)be64_get(reader->row.inputs.at + (size_t)reader->i * OFFSET_SIZE);
    reader->i++;
    *ret = entry;
    return STATUS_OK;
}

enum status journal_entry_find(const struct store_journal_row *row, uint64_t number,
                               struct journal_entry *ret, struct failure *err)
{
    struct journal_reader reader;
    enum status status;

    journal_reader_init(&reader, row);
    assert(number >= row->first_number);
    do {
        status = journal_next(&reader, ret, err);
    } while (status == STATUS_OK && ret->number < number);
    return status == STATUS_NOTFOUND ? corrupt(&reader, err) : status;
}

void journal_writer_init(struct journal_writer *writer, size_t max)
{
    buffer_init(&writer->decisions, max);
    buffer_init(&writer->undo, max);
    buffer_init(&writer->offsets, max);
    buffer_init(&writer->keys, max);
    buffer_init(&writer->inputs, max);
}

void journal_writer_fini(struct journal_writer *writer)
{
    buffer_fini(&writer->decisions);
    buffer_fini(&writer->undo);
    buffer_fini(&writer->offsets);
    buffer_fini(&writer->keys);
    buffer_fini(&writer->inputs);
}

void journal_writer_reset(struct journal_writer *writer)
{
    buffer_reset(&writer->decisions);
    buffer_reset(&writer->undo);
    buffer_reset(&writer->offsets);
    buffer_reset(&writer->keys);
    buffer_reset(&writer->inputs);
}

static void append(struct buffer *to, uint32_t n, struct bytes from)
{
    uint8_t length[LENGTH_SIZE];

    be32_put(length, n);
    buffer_append(to, length, sizeof(length));
    buffer_append(to, from.at, from.n);
}

void journal_append(struct journal_writer *writer, const struct journal_entry *entry)
{
    const bool has_key = entry->has_key && entry->key.n <= JOURNAL_KEY_MAX;
    uint8_t offset[OFFSET_SIZE];

    append(&writer->decisions, (uint32_t)entry->decision.n, entry->decision);
    append(&writer->undo, (uint32_t)entry->undo.n, entry->undo);
    be64_put(offset, (uint64_t)entry->input_offset);
    buffer_append(&writer->offsets, offset, sizeof(offset));
    if (has_key) {
        append(&writer->keys, (uint32_t)entry->key.n, entry->key);
    } else {
        append(&writer->keys, JOURNAL_KEY_NONE, (struct bytes){0});
    }
}

enum status journal_close(struct journal_writer *writer, struct store_journal_row *row,
                          struct failure *err)
{
    struct buffer *const all[] = {&writer->decisions, &writer->undo, &writer->offsets,
                                  &writer->keys, &writer->inputs};

    buffer_reset(&writer->inputs);
    buffer_append(&writer->inputs, writer->offsets.at, writer->offsets.n);
    buffer_append(&writer->inputs, writer->keys.at, writer->keys.n);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (buffer_check(all[i], err) != STATUS_OK) {
            return failure_add(err, "cannot keep the batch");
        }
    }
    row->decisions = buffer_bytes(&writer->decisions);
    row->undo = buffer_bytes(&writer->undo);
    row->inputs = buffer_bytes(&writer->inputs);
    return STATUS_OK;
}
