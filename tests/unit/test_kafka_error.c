/* What an error of librdkafka asks for: the order in which its flags count, and which codes pass by
 * themselves.  A code that stops a program for nothing is as bad as one that is retried for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/status.h"
#include "kafka/error.h"

static void fenced_counts_before_fatal_and_fatal_before_abort(void **state)
{
    (void)state;
    assert_int_equal(kafka_next_of(RD_KAFKA_RESP_ERR__FENCED, true, false, false),
                     KAFKA_NEXT_FENCED);
    assert_int_equal(kafka_next_of(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, false, true, true),
                     KAFKA_NEXT_FENCED);
    assert_int_equal(kafka_next_of(RD_KAFKA_RESP_ERR__FATAL, true, true, true), KAFKA_NEXT_STOP);
    assert_int_equal(kafka_next_of(RD_KAFKA_RESP_ERR__TIMED_OUT, false, true, true),
                     KAFKA_NEXT_ABORT);
    assert_int_equal(kafka_next_of(RD_KAFKA_RESP_ERR__TIMED_OUT, false, false, true),
                     KAFKA_NEXT_RETRY);
    assert_int_equal(kafka_next_of(RD_KAFKA_RESP_ERR__STATE, false, false, false),
                     KAFKA_NEXT_OTHER);
}

static void asks_again_while_brokers_start_or_hand_over(void **state)
{
    static const struct {
        rd_kafka_resp_err_t code;
        enum remedy want;
    } rows[] = {
        {RD_KAFKA_RESP_ERR__TRANSPORT, REMEDY_RETRY},
        {RD_KAFKA_RESP_ERR__TIMED_OUT, REMEDY_RETRY},
        {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, REMEDY_RETRY},
        {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, REMEDY_RETRY},
        {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, REMEDY_RETRY},
        {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, REMEDY_RETRY},
        {RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, REMEDY_RETRY},
        {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, REMEDY_RETRY},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, REMEDY_STOP},
        {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, REMEDY_STOP},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, REMEDY_STOP},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failure err = {.status = STATUS_OK};

        assert_int_equal(kafka_failure_code(&err, "ask", rows[i].code, NULL), STATUS_KAFKA);
        if (err.remedy != rows[i].want) {
            print_error("%s\n", err.text);
        }
        assert_int_equal(err.remedy, rows[i].want);
        assert_int_equal(err.os, (int)rows[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fenced_counts_before_fatal_and_fatal_before_abort),
        cmocka_unit_test(asks_again_while_brokers_start_or_hand_over),
    };

    return cmocka_run_group_tests_name("kafka_error", tests, NULL, NULL);
}
