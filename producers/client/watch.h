/* watch.h - decisions as they are published, from the moment at which the watch was opened.
 *
 * For whoever may read filings.decided.v1: it holds the decisions of all banks.  Reads as
 * read_committed, so each decision comes once and in the order of its number in its partition.
 *
 * One thread. */
#ifndef CLIENT_WATCH_H
#define CLIENT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "form/decision.h"
#include "kafka/settings.h"

struct watch;

struct watch_conf {
    const struct kafka_options *kafka; /* borrowed */
    const char *topic;                 /* full name; borrowed */
    int32_t partitions;
    int timeout_ms; /* of each question */
};

/* Note where the decisions of every partition end.  STATUS_CONFLICT: there is no such topic.  ret:
 * gives; watch_close(). */
MUST_CHECK enum status watch_open(const struct watch_conf *conf, struct watch **ret,
                                  struct failure *err);
void watch_close(struct watch *watch);

/* Go back in a partition so far that the decisions on input_offset and on every later input are
 * seen, though they were published before the watch was opened.  Before the first watch_next(). */
MUST_CHECK enum status watch_back_to(struct watch *watch, int32_t partition, int64_t input_offset,
                                     struct failure *err);

/* The next decision of any partition, waiting at most timeout_ms; *ret NULL: none came.  It is
 * valid until the next call. */
MUST_CHECK enum status watch_next(struct watch *watch, int timeout_ms, const struct decision **ret,
                                  struct failure *err);

#endif
