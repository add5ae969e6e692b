/* JSON Lines: one filing a line in the canonical JSON (rulebook section 1).  A byte order mark
 * before the first line, a carriage return at the end of any, blank lines and a last line without
 * line feed are taken as people's editors write them. */
#include <string.h>

#include "producers/formats/source_kind.h"
#include "wire/json.h"

static const uint8_t bom[] = {0xEF, 0xBB, 0xBF};

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The line without byte order mark and without blanks at its end. */
static struct bytes trim(struct bytes line, bool is_first)
{
    if (is_first && line.n >= sizeof(bom) && memcmp(line.at, bom, sizeof(bom)) == 0) {
        line.at += sizeof(bom);
        line.n -= sizeof(bom);
    }
    while (line.n > 0 && is_blank(line.at[line.n - 1])) {
        line.n--;
    }
    return line;
}

static void read_line(struct source *source, struct bytes line, struct source_item *item)
{
    struct failure why = {.status = STATUS_OK};
    struct json_text json;

    if (json_read(line, &source->arena, &json, &why) != STATUS_OK) {
        source_item_refuse(item, "%s", why.text);
        return;
    }
    item->doc = json.doc;
    item->duplicate_key = json.duplicate_key;
}

static enum status next(struct source *source, struct source_item *item, bool *ret_more,
                        struct failure *err)
{
    bool has_feed = true;

    while (has_feed) {
        struct bytes line;
        const enum status status =
            reader_until(&source->reader, '\n', &source->record, &has_feed, err);

        if (status != STATUS_OK) {
            return status; /* what was read of the line stays in the record */
        }
        source->line++;
        line = trim(buffer_bytes(&source->record), source->line == 1);
        item->line = source->line;
        if (source->record.status != STATUS_OK) {
            source_item_refuse(item, "the line is longer than %u bytes", SOURCE_LINE_MAX);
        } else if (line.n > 0) {
            read_line(source, line, item);
        }
        if (source->record.status != STATUS_OK || line.n > 0) {
            *ret_more = true;
            return STATUS_OK;
        }
        source->blank_n += has_feed ? 1 : 0;
        buffer_reset(&source->record);
    }
    *ret_more = false;
    return STATUS_OK;
}

const struct source_kind source_jsonl = {.name = "jsonl",
                                         .next = next,
                                         .record_size_max = SOURCE_LINE_MAX};
