/* source_kind.h - what a format has to give: the inside of source.h, for formats only. */
#ifndef FORMATS_SOURCE_KIND_H
#define FORMATS_SOURCE_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "producers/formats/reader.h"
#include "producers/formats/source.h"
#include "wire/arena.h"

/* The state that all formats share; what is read lies in record, what it means in arena. */
struct source {
    const struct source_kind *kind;
    struct reader reader;
    struct buffer record;
    struct arena arena;
    uint64_t line;
    uint64_t blank_n;
    bool is_given; /* the record lies in an item: empty it before the next */
    /* Length-prefixed: how long the record under way is, and how many bits of that were read. */
    uint64_t size;
    unsigned size_bits;
    bool has_size;
};

/* item and arena are empty; so is the record, unless a read was interrupted before. */
typedef enum status source_next_fn(struct source *source, struct source_item *item, bool *ret_more,
                                   struct failure *err);

struct source_kind {
    const char *name;
    source_next_fn *next;
    size_t record_size_max;
};

extern const struct source_kind source_jsonl;
extern const struct source_kind source_framed;

/* The item is no filing, and this is why. */
void source_item_refuse(struct source_item *item, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
