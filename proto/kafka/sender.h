/* sender.h - one record at a time, and it is there when the call returns.
 *
 * For what is written seldom and must be known to be written: an idempotent producer that waits for
 * the acknowledgement of all replicas.
 *
 * Promises:
 *   S1  STATUS_OK: the record is in the log, once;
 *   S2  any other status: it may be there or not, and is not sent again behind the caller's back.
 *       Close the sender, look at the log, open another.
 *
 * One thread at a time. */
#ifndef KAFKA_SENDER_H
#define KAFKA_SENDER_H

#include "base/status.h"
#include "kafka/producer.h"
#include "kafka/settings.h"

struct sender;

/* gives *ret: sender_close(). */
MUST_CHECK enum status sender_open(const struct kafka_options *options, struct sender **ret,
                                   struct failure *err);
/* Takes NULL. */
void sender_close(struct sender *sender);

/* Borrows the record; its headers are not sent, and ret_offset is written on STATUS_OK.
 * STATUS_KAFKA: not acknowledged within timeout_ms, or refused. */
MUST_CHECK enum status sender_send(struct sender *sender, const struct producer_record *record,
                                   int timeout_ms, struct failure *err);

#endif
