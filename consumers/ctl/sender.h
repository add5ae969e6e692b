/* sender.h - records sent one by one, each acknowledged before the next is.
 *
 * An idempotent producer: what librdkafka sends again is there once.  For acts of a person, which
 * are few; issuers use transactions (issue.h). */
#ifndef CTL_SENDER_H
#define CTL_SENDER_H

#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"
#include "consumers/ctl/ctl.h"
#include "kafka/producer.h"

struct sender;

/* Once a broker answered.  gives *ret: sender_close(). */
MUST_CHECK enum status sender_open(const struct ctl *ctl, struct sender **ret, struct failure *err);
/* Takes NULL.  Whatever was not acknowledged is given up. */
void sender_close(struct sender *sender);

/* Until all in-sync replicas have it; *ret_offset is where, also where record->ret_offset points.
 * STATUS_KAFKA after 60 s, or 5 s once a signal came: then the record may be there or not. */
MUST_CHECK enum status sender_send(struct sender *sender, const struct producer_record *record,
                                   int64_t *ret_offset, struct failure *err);

rd_kafka_t *sender_handle(struct sender *sender);

#endif
