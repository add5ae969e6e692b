/* reader.h - the committed records of one partition, from an offset to its end as it stands.
 *
 * No group, no commit: assign() on a read_committed handle, so that what an open or aborted
 * transaction wrote is not seen. */
#ifndef CTL_READER_H
#define CTL_READER_H

#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"
#include "consumers/ctl/ctl.h"

struct reader;

struct reader_place {
    const char *topic;
    int32_t partition;
    int64_t offset; /* RD_KAFKA_OFFSET_BEGINNING: from the log's start */
};

/* gives *ret: reader_close(). */
MUST_CHECK enum status reader_open(const struct ctl *ctl, const struct reader_place *place,
                                   struct reader **ret, struct failure *err);
/* Takes NULL. */
void reader_close(struct reader *reader);

/* Go on in another place with the same connection. */
MUST_CHECK enum status reader_move(struct reader *reader, const struct reader_place *place,
                                   struct failure *err);

/* The next record, borrowed until the next call; STATUS_NOTFOUND at the end, where reading goes on
 * when more has come.  STATUS_KAFKA when nothing answered for 10 s, STATUS_CONFLICT when there is
 * no such topic. */
MUST_CHECK enum status reader_next(struct reader *reader, const rd_kafka_message_t **ret,
                                   struct failure *err);

rd_kafka_t *reader_handle(struct reader *reader);

#endif
