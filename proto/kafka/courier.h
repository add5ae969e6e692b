/* courier.h - one record at a time, and it is there when the call returns.
 *
 * For what is written seldom and must be known to be written: an idempotent producer that waits for
 * the acknowledgement of all replicas.
 *
 * Promises:
 *   S1  STATUS_OK: the record is in the log, once;
 *   S2  any other status: it may be there or not, and is not sent again behind the caller's back.
 *       Close the courier, look at the log, open another.
 *
 * One thread at a time. */
#ifndef KAFKA_COURIER_H
#define KAFKA_COURIER_H

#include "base/status.h"
#include "kafka/producer.h"
#include "kafka/settings.h"

struct courier;

/* gives *ret: courier_close(). */
MUST_CHECK enum status courier_open(const struct kafka_options *options, struct courier **ret,
                                    struct failure *err);
/* Takes NULL. */
void courier_close(struct courier *courier);

/* Borrows the record; its headers are not sent, and ret_offset is written on STATUS_OK.
 * STATUS_KAFKA: not acknowledged within timeout_ms, or refused. */
MUST_CHECK enum status courier_send(struct courier *courier, const struct producer_record *record,
                                    int timeout_ms, struct failure *err);

#endif
