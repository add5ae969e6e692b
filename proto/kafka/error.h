/* error.h - what an error of librdkafka means for whoever has to go on.
 *
 * One table for all callers.  The order of the questions is part of the protocol (design, section
 * 4): fenced or illegal generation before fatal, because librdkafka calls a fenced producer fatal
 * although a new one may go on; then fatal; then requires abort; then retriable. */
#ifndef KAFKA_ERROR_H
#define KAFKA_ERROR_H

#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "base/status.h"

enum kafka_next {
    KAFKA_NEXT_NONE = 0, /* no error */
    KAFKA_NEXT_FENCED,   /* somebody newer has the place: recycle, forget, poll */
    KAFKA_NEXT_STOP,     /* fatal: leave the process */
    KAFKA_NEXT_ABORT,    /* abort the transaction, recycle, read the tail */
    KAFKA_NEXT_RETRY,    /* the same call again */
    KAFKA_NEXT_OTHER     /* none of these: leave the process */
};

enum kafka_next kafka_error_next(const rd_kafka_error_t *error);

/* The same from its parts, for tests and for errors that come as a code. */
enum kafka_next kafka_next_of(rd_kafka_resp_err_t code, bool fatal, bool requires_abort,
                              bool retriable);

/* Brokers cannot be reached, or did not answer in time: exit 6 where a program cannot wait. */
bool kafka_is_unreachable(rd_kafka_resp_err_t code);

/* Fill *err from error, saying what could not be done; destroys error. */
enum status kafka_failure(struct failure *err, const char *what, rd_kafka_error_t *error);
enum status kafka_failure_code(struct failure *err, const char *what, rd_kafka_resp_err_t code,
                               const char *detail);

#endif
