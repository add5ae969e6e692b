/* report.h - what became of each record of one input, so that a run can go on where one was killed.
 *
 *   {"input_sha256":"9c…"}
 *   {"line":1,"filing_id":"019a…","status":"PUBLISHED","partition":4,"offset":131}
 *   {"line":2,"filing_id":"019a…","status":"REFUSED","code":"AMOUNT","field":"/details/money/value"}
 *
 * Promises:
 *   P1  an entry stands there only after report_flush() has given it to the system: a process
 *       killed at any moment leaves whole entries and at most one torn line, which the next open
 *       cuts off;
 *   P2  a line of the input has at most one entry; its filing_id is left out when it has none,
 *       or one of more than 128 bytes;
 *   P3  when the disk is full the report ends with its last whole entry (STATUS_IO), and nothing
 *       more is written;
 *   P4  one process at a time has a report open.
 *
 * Entries stand in the order in which they became known, not in that of the input. */
#ifndef PUBLISH_REPORT_H
#define PUBLISH_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "form/decision.h"
#include "form/filing.h"
#include "form/reason.h"

struct report;

/* Open the report of the input with this hash, or begin it.  STATUS_USAGE: it is another input's,
 * or no report at all; STATUS_DENIED: another process has it; STATUS_IO: the disk.  ret: gives;
 * report_close(). */
MUST_CHECK enum status report_open(const char *path, const uint8_t input_sha256[DIGEST_SIZE],
                                   struct report **ret, struct failure *err);
/* What was not flushed is lost. */
void report_close(struct report *report);

/* Has the line an entry?  Lines count from 1. */
bool report_has(const struct report *report, uint64_t line);
/* Entries found at open. */
uint64_t report_published_n(const struct report *report);
uint64_t report_refused_n(const struct report *report);

/* Add an entry; it is written with the next flush, or earlier. */
MUST_CHECK enum status report_published(struct report *report, uint64_t line, struct text filing_id,
                                        int32_t partition, int64_t offset);
MUST_CHECK enum status report_refused(struct report *report, uint64_t line, struct text filing_id,
                                      const struct reason *reason);

/* Give to the system what was added; sync: and wait until the disk has it. */
MUST_CHECK enum status report_flush(struct report *report, bool sync, struct failure *err);

/* A PUBLISHED entry that stood in the file at open. */
struct report_entry {
    uint64_t line;
    int32_t partition;
    int64_t offset;
};
/* The i-th by line; false past the last. */
bool report_entry_at(const struct report *report, uint64_t i, struct report_entry *ret);
/* The one of a line; false when it has none. */
bool report_entry_of(const struct report *report, uint64_t line, struct report_entry *ret);

#endif
