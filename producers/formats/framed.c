/* Length-prefixed protobuf: a varint that says how long the record is, then the record, a
 * filing.v1.Filing.  Its bytes are the filing bytes as they stand: what a bank has encoded is what
 * it signs. */
#include <inttypes.h>

#include "base/limits.h"
#include "producers/formats/source_kind.h"
#include "wire/submission.h"

#define SIZE_BITS_MAX 28 /* four bytes of varint: 256 MiB, far above any record */

static enum status broken(const struct source *source, const char *what, struct failure *err)
{
    return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0, "cannot read record %" PRIu64 ": %s",
                       source->line + 1, what);
}

/* The prefix; it may come in pieces.  *ret_more false: the file ends before it. */
static enum status read_size(struct source *source, bool *ret_more, struct failure *err)
{
    while (!source->has_size) {
        bool is_there = false;
        uint8_t byte = 0;
        const enum status status = reader_has(&source->reader, &is_there, err);

        if (status != STATUS_OK) {
            return status;
        }
        if (!is_there) {
            *ret_more = false;
            return source->size_bits == 0 ? STATUS_OK
                                          : broken(source, "the file ends within its length", err);
        }
        if (source->size_bits >= SIZE_BITS_MAX) {
            return broken(source, "its length is no varint, or above 256 MiB", err);
        }
        byte = reader_byte(&source->reader);
        source->size |= (uint64_t)(byte & 0x7Fu) << source->size_bits;
        source->size_bits += 7;
        source->has_size = (byte & 0x80u) == 0;
    }
    *ret_more = true;
    return STATUS_OK;
}

static void read_filing(struct source *source, struct source_item *item)
{
    struct failure why = {.status = STATUS_OK};
    const struct bytes filing = buffer_bytes(&source->record);

    if (filing_decode(filing.at, filing.n, &source->arena, &item->doc, &why) != STATUS_OK) {
        source_item_refuse(item, "%s", why.text);
        return;
    }
    item->filing = filing;
}

static enum status next(struct source *source, struct source_item *item, bool *ret_more,
                        struct failure *err)
{
    enum status status = read_size(source, ret_more, err);

    if (status != STATUS_OK || !*ret_more) {
        return status;
    }
    if (source->size > FILING_SIZE_MAX) {
        return broken(source, "it is above the 64 KiB that a filing may have", err);
    }
    status = reader_fill(&source->reader, (size_t)source->size, &source->record, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (source->record.n < source->size) {
        return broken(source, "the file ends within it", err);
    }
    source->line++;
    source->size = 0;
    source->size_bits = 0;
    source->has_size = false;
    item->line = source->line;
    read_filing(source, item);
    return STATUS_OK;
}

const struct source_kind source_framed = {.name = "protobuf",
                                          .next = next,
                                          .record_size_max = FILING_SIZE_MAX};
