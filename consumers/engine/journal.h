/* journal.h - what lies in a journal row: count decisions with their undos, inputs and keys.
 *
 * The store keeps the three pieces as they are (store.h); this is their layout:
 *   decisions  for each: be32 length, its bytes;
 *   undo       for each: be32 length (0 = none), its bytes;
 *   inputs     for each: be64 input offset; then for each: be32 length of its key
 * (JOURNAL_KEY_NONE: it had none), the key. The keys stand there so that the journal alone can
 * publish a decision under its input's key.
 *
 * A row is borrowed; everything found points into it. */
#ifndef ENGINE_JOURNAL_H
#define ENGINE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/store/store.h"

#define JOURNAL_KEY_NONE UINT32_C(0xFFFFFFFF)

/* A longer key than any enterprise has is a mistake of its producer: the decision (101 at
 * /enterprise) is published without a key, so that what is stored fits the broker (E3). */
#define JOURNAL_KEY_MAX 1024

/* Goes through the decisions of a row in order. */
struct journal_reader {
    struct store_journal_row row;
    uint32_t i; /* how many were given */
    size_t decisions_at;
    size_t undo_at;
    size_t keys_at;
};

struct journal_entry {
    uint64_t number;
    int64_t input_offset;
    struct bytes decision;
    struct bytes undo; /* n 0 = none */
    bool has_key;
    struct bytes key;
};

void journal_reader_init(struct journal_reader *reader, const struct store_journal_row *row);

/* STATUS_NOTFOUND past the last; STATUS_CORRUPT when the row contradicts itself. */
MUST_CHECK enum status journal_next(struct journal_reader *reader, struct journal_entry *ret,
                                    struct failure *err);

/* The entry of a number that lies in the row. */
MUST_CHECK enum status journal_entry_find(const struct store_journal_row *row, uint64_t number,
                                          struct journal_entry *ret, struct failure *err);

/* The pieces while a row is written. */
struct journal_writer {
    struct buffer decisions;
    struct buffer undo;
    struct buffer offsets;
    struct buffer keys;
    struct buffer inputs; /* offsets and keys, made by journal_close() */
};

void journal_writer_init(struct journal_writer *writer, size_t max);
void journal_writer_fini(struct journal_writer *writer);
void journal_writer_reset(struct journal_writer *writer);

/* Append one; entry->number is not looked at, a key above JOURNAL_KEY_MAX becomes none.  Failures
 * are kept until journal_close(). */
void journal_append(struct journal_writer *writer, const struct journal_entry *entry);

/* Put the pieces into the row (borrowed until the next append or reset).  STATUS_NOMEM. */
MUST_CHECK enum status journal_close(struct journal_writer *writer, struct store_journal_row *row,
                                     struct failure *err);

#endif
