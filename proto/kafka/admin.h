/* admin.h - questions to a cluster: is it there, what topics has it, where do partitions and groups
 * stand.
 *
 * Every call waits at most timeout_ms.  A cluster that cannot be reached is STATUS_KAFKA with
 * REMEDY_RETRY; the text names the bootstrap address. */
#ifndef KAFKA_ADMIN_H
#define KAFKA_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"

#define ADMIN_PLACE_MS 3000  /* until a question for a place is given up */
#define ADMIN_GROUP_MS 10000 /* and one for members */

/* Does a broker answer? */
MUST_CHECK enum status admin_reach(rd_kafka_t *handle, const char *bootstrap, int timeout_ms,
                                   struct failure *err);

/* Number of partitions; 0 when there is no such topic. */
MUST_CHECK enum status admin_partition_count(rd_kafka_t *handle, const char *topic, int timeout_ms,
                                             int32_t *ret, struct failure *err);

/* First offset and end of a partition.  The end is the high watermark for a read_uncommitted handle
 * and the last stable offset for a read_committed one. */
MUST_CHECK enum status admin_ends(rd_kafka_t *handle, const char *topic, int32_t partition,
                                  int timeout_ms, int64_t *ret_first, int64_t *ret_end,
                                  struct failure *err);

/* Where a group stands in partitions 0 to count - 1 of a topic.  An offset is
 * RD_KAFKA_OFFSET_INVALID where the group has none.  With stable, a partition whose transaction is
 * not over has err UNSTABLE_OFFSET_COMMIT in its element.  gives *ret:
 * rd_kafka_topic_partition_list_destroy(). */
struct admin_group {
    const char *group;
    const char *topic;
    int32_t count;
    bool stable;
    int timeout_ms;
};
MUST_CHECK enum status admin_group_offsets(rd_kafka_t *handle, const struct admin_group *question,
                                           rd_kafka_topic_partition_list_t **ret,
                                           struct failure *err);

/* Has somebody this place (group.instance.id) in the group?  Who it is, the broker does not know:
 * it goes on naming the client that had the place first. */
MUST_CHECK enum status admin_group_has_place(rd_kafka_t *handle, const char *group,
                                             const char *instance_id, bool *ret,
                                             struct failure *err);

/* How many members the group has; 0 for a group that nobody knows.  A static member that was
 * stopped counts until its session is over. */
MUST_CHECK enum status admin_group_members(rd_kafka_t *handle, const char *group, size_t *ret_n,
                                           struct failure *err);

/* Write the group's offsets and their metadata, as nobody's: the broker refuses it while the group
 * has a member (STATUS_CONFLICT).  Borrows offsets. */
MUST_CHECK enum status admin_group_rewrite(rd_kafka_t *handle, const char *group,
                                           const rd_kafka_topic_partition_list_t *offsets,
                                           int timeout_ms, struct failure *err);

#endif
