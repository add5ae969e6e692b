#include "kafka/error.h"

#include <stddef.h>

static bool is_fenced(rd_kafka_resp_err_t code)
{
    static const rd_kafka_resp_err_t fenced[] = {
        RD_KAFKA_RESP_ERR__FENCED,
        RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED,
        RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
        RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
        RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
    };

    for (size_t i = 0; i < sizeof(fenced) / sizeof(fenced[0]); i++) {
        if (code == fenced[i]) {
            return true;
        }
    }
    return false;
}

enum kafka_next kafka_next_of(rd_kafka_resp_err_t code, bool fatal, bool requires_abort,
                              bool retriable)
{
    if (is_fenced(code)) {
        return KAFKA_NEXT_FENCED;
    }
    if (fatal) {
        return KAFKA_NEXT_STOP;
    }
    if (requires_abort) {
        return KAFKA_NEXT_ABORT;
    }
    return retriable ? KAFKA_NEXT_RETRY : KAFKA_NEXT_OTHER;
}

enum kafka_next kafka_error_next(const rd_kafka_error_t *error)
{
    if (!error) {
        return KAFKA_NEXT_NONE;
    }
    return kafka_next_of(rd_kafka_error_code(error), rd_kafka_error_is_fatal(error),
                         rd_kafka_error_txn_requires_abort(error),
                         rd_kafka_error_is_retriable(error));
}

bool kafka_is_unreachable(rd_kafka_resp_err_t code)
{
    static const rd_kafka_resp_err_t unreachable[] = {
        RD_KAFKA_RESP_ERR__TRANSPORT,        RD_KAFKA_RESP_ERR__RESOLVE,
        RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
        RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
    };

    for (size_t i = 0; i < sizeof(unreachable) / sizeof(unreachable[0]); i++) {
        if (code == unreachable[i]) {
            return true;
        }
    }
    return false;
}

/* While brokers start, stop or hand leadership over: the same question has an answer soon.  A
 * broker that has just started does not know all topics yet. */
static bool is_passing(rd_kafka_resp_err_t code)
{
    static const rd_kafka_resp_err_t passing[] = {
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
        RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
        RD_KAFKA_RESP_ERR__WAIT_COORD,
    };

    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        if (code == passing[i]) {
            return true;
        }
    }
    return false;
}

static enum remedy remedy_of(enum kafka_next next)
{
    switch (next) {
    case KAFKA_NEXT_NONE:
        return REMEDY_NONE;
    case KAFKA_NEXT_RETRY:
        return REMEDY_RETRY;
    case KAFKA_NEXT_ABORT:
    case KAFKA_NEXT_FENCED:
        return REMEDY_RECYCLE;
    case KAFKA_NEXT_STOP:
    case KAFKA_NEXT_OTHER:
        return REMEDY_STOP;
    }
    return REMEDY_STOP;
}

enum status kafka_failure(struct failure *err, const char *what, rd_kafka_error_t *error)
{
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    const enum status status =
        failure_set(err, STATUS_KAFKA, remedy_of(kafka_error_next(error)), (int)code,
                    "cannot %s: %s", what, rd_kafka_error_string(error));

    rd_kafka_error_destroy(error);
    return status;
}

enum status kafka_failure_code(struct failure *err, const char *what, rd_kafka_resp_err_t code,
                               const char *detail)
{
    const bool may_retry = kafka_is_unreachable(code) || is_passing(code);

    return failure_set(err, STATUS_KAFKA, may_retry ? REMEDY_RETRY : REMEDY_STOP, (int)code,
                       "cannot %s: %s", what, detail ? detail : rd_kafka_err2str(code));
}
