/* log_fetch.h - single records of a topic by their places, with their headers.
 *
 * For the few that matter among many.  read_committed, no group, no position that anybody keeps.
 * Places that ascend within a partition and lie near each other are read on to, others sought. */
#ifndef AUDIT_LOG_FETCH_H
#define AUDIT_LOG_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/engine/bus.h"

struct log_fetch;

/* handle: KAFKA_LOOK_COMMITTED; it and topic are kept until close.  gives *ret: log_fetch_close().
 */
MUST_CHECK enum status log_fetch_open(rd_kafka_t *handle, const char *topic, struct log_fetch **ret,
                                      struct failure *err);
/* Takes NULL. */
void log_fetch_close(struct log_fetch *fetch);

/* The record at a place, borrowed until the next call.  STATUS_NOTFOUND when there is no committed
 * record at this offset, STATUS_KAFKA when the broker does not answer for 30 s. */
MUST_CHECK enum status log_fetch_record(struct log_fetch *fetch, uint32_t partition, int64_t offset,
                                        struct bus_record *ret, struct failure *err);

/* Header i of the record that came last, in their order: false past the last one. */
struct log_header {
    const char *name;
    struct bytes value; /* at NULL: none */
};
bool log_fetch_header(const struct log_fetch *fetch, size_t i, struct log_header *ret);

#endif
