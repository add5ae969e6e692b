#include "producers/formats/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "producers/formats/source_kind.h"

const char *const source_format_words[] = {"jsonl", "csv", "protobuf", "iso20022", NULL};
_Static_assert(sizeof(source_format_words) / sizeof(source_format_words[0]) == SOURCE_FORMAT_N + 1,
               "a word for each format");

static const struct source_kind *kind_of(enum source_format format)
{
    switch (format) {
    case SOURCE_JSONL:
        return &source_jsonl;
    case SOURCE_PROTOBUF:
        return &source_framed;
    case SOURCE_CSV:
    case SOURCE_ISO20022:
    case SOURCE_FORMAT_N:
        return NULL;
    }
    return NULL;
}

enum status source_open(enum source_format format, int fd, struct source **ret, struct failure *err)
{
    const struct source_kind *kind = kind_of(format);
    struct source *source = NULL;

    if (!kind) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "this build cannot read the format '%s': convert the file to jsonl or "
                           "protobuf",
                           format < SOURCE_FORMAT_N ? source_format_words[format] : "?");
    }
    source = calloc(1, sizeof(*source));
    if (!source) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                           "cannot read the input: out of memory");
    }
    source->kind = kind;
    reader_init(&source->reader, fd);
    buffer_init(&source->record, kind->record_size_max);
    if (arena_open(&source->arena, ARENA_BULLETIN_MAX, err) != STATUS_OK) {
        free(source);
        return STATUS_NOMEM;
    }
    *ret = source;
    return STATUS_OK;
}

void source_close(struct source *source)
{
    if (!source) {
        return;
    }
    buffer_fini(&source->record);
    arena_close(&source->arena);
    free(source);
}

enum status source_next(struct source *source, struct source_item *ret, bool *ret_more,
                        struct failure *err)
{
    enum status status;

    *ret = (struct source_item){.is_readable = true};
    arena_reset(&source->arena);
    if (source->is_given) {
        buffer_reset(&source->record);
        source->is_given = false;
    }
    status = source->kind->next(source, ret, ret_more, err);
    source->is_given = status == STATUS_OK && *ret_more;
    return status;
}

uint64_t source_blank_n(const struct source *source) { return source->blank_n; }

void source_item_refuse(struct source_item *item, const char *fmt, ...)
{
    va_list args;

    item->is_readable = false;
    item->filing = (struct bytes){.at = NULL};
    item->doc = (struct document){.nodes = NULL};
    va_start(args, fmt);
    (void)vsnprintf(item->why, sizeof(item->why), fmt, args);
    va_end(args);
}
