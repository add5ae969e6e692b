/* source.h - filings out of a file, whatever it is written in.
 *
 * A source gives one item after the other.  What cannot be read as a filing is an item too, so that
 * every record of the input can be accounted for; only a file that cannot be read any further is a
 * failure.  Each format is a table of functions (struct source_kind) beside this one.
 *
 * Promises:
 *   R1  items come in the order of the file, each once, with the place where it begins;
 *   R2  no input takes more memory than the caps below;
 *   R3  after an interrupted read (STATUS_IO with REMEDY_RETRY) the same call goes on.
 */
#ifndef FORMATS_SOURCE_H
#define FORMATS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/document.h"

/* One line of JSON: a filing of FILING_SIZE_MAX bytes written out at length takes a quarter. */
#define SOURCE_LINE_MAX (512u << 10)

enum source_format { SOURCE_JSONL, SOURCE_CSV, SOURCE_PROTOBUF, SOURCE_ISO20022, SOURCE_FORMAT_N };

/* The words of --format in the enum's order, ended by NULL. */
extern const char *const source_format_words[];

struct source_item {
    uint64_t line;       /* from 1; of length-prefixed protobuf the number of the record */
    bool is_readable;    /* false: not a filing at all, why says it, doc is empty */
    bool duplicate_key;  /* a name stands twice (rulebook I3): to be refused, doc is there */
    struct document doc; /* borrowed until the next item */
    struct bytes filing; /* the filing bytes, when the file holds them; at NULL: to be encoded */
    char why[160];
};

struct source;

/* Over an open file; fd: keeps.  A format that is not built in is STATUS_USAGE.
 * ret: gives; source_close(). */
MUST_CHECK enum status source_open(enum source_format format, int fd, struct source **ret,
                                   struct failure *err);
void source_close(struct source *source);

/* The next item; *ret_more false: the end of the file, nothing is in *ret. */
MUST_CHECK enum status source_next(struct source *source, struct source_item *ret, bool *ret_more,
                                   struct failure *err);

/* Lines without a filing that were passed over. */
uint64_t source_blank_n(const struct source *source);

#endif
