/* The publisher's answers to errors that a real broker does not give on demand: librdkafka's mock
 * cluster does.  What the mock cannot show (fencing, isolation, offsets) is tested on a real
 * broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/clock.h"
#include "base/status.h"
#include "consumers/worker/publisher.h"

#define API_ADD_PARTITIONS    24
#define API_END_TXN           26
#define API_TXN_OFFSET_COMMIT 28
#define WAIT_US               (20 * INT64_C(1000000))

struct fixture {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    rd_kafka_consumer_group_metadata_t *metadata;
    struct publisher *publisher;
};

static const uint8_t ledger_id[16] = {1};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char text[256];
    struct failure err = {.status = STATUS_OK};

    assert_non_null(f);
    *state = f;
    f->host = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, text, sizeof(text));
    assert_non_null(f->host);
    f->cluster = rd_kafka_mock_cluster_new(f->host, 1);
    assert_non_null(f->cluster);
    assert_int_equal(rd_kafka_mock_topic_create(f->cluster, "submitted", 1, 1), 0);
    assert_int_equal(rd_kafka_mock_topic_create(f->cluster, "decided", 1, 1), 0);
    f->metadata = rd_kafka_consumer_group_metadata_new("group");
    {
        const struct publisher_conf conf = {
            .options = {.bootstrap = rd_kafka_mock_cluster_bootstraps(f->cluster),
                        .client_id = "test",
                        .transactional_id = "group-1"},
            .submitted = "submitted",
            .decided = "decided"};

        assert_int_equal(publisher_open(&conf, &f->publisher, &err), STATUS_OK);
    }
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    assert_true(publisher_close(f->publisher));
    rd_kafka_consumer_group_metadata_destroy(f->metadata);
    rd_kafka_mock_cluster_destroy(f->cluster);
    rd_kafka_destroy(f->host);
    free(f);
    return 0;
}

static enum bus_outcome publish(struct fixture *f)
{
    static const struct bus_decision decision = {
        .bytes = (const uint8_t *)"decision", .bytes_n = 8, .has_key = false};
    static const struct bus_part part = {
        .first_number = 1, .decisions = &decision, .decisions_n = 1, .next_offset = 1};
    static const struct bus_publication publication = {
        .parts = &part, .parts_n = 1, .ledger_id = ledger_id, .metadata = "1 l s h"};
    const int64_t until_us = clock_monotonic_us() + WAIT_US;
    struct bus_report report = {.outcome = BUS_OUTCOME_IN_FLIGHT};
    struct failure err;

    publisher_give(f->publisher, &publication, f->metadata);
    while (report.outcome == BUS_OUTCOME_IN_FLIGHT && clock_monotonic_us() < until_us) {
        publisher_take(f->publisher, 100, &report, &err);
    }
    return report.outcome;
}

static void one_end_of_transaction_is_done(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(publish(f), BUS_OUTCOME_DONE);
    assert_int_equal(publish(f), BUS_OUTCOME_DONE);
}

/* E11: librdkafka sends EndTxn again without a word; the requests that left tell it, and the
 * producer is renewed before the outcome is given. */
static void an_end_that_was_sent_twice_renews_the_producer(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(publish(f), BUS_OUTCOME_DONE);
    rd_kafka_mock_push_request_errors(f->cluster, API_END_TXN, 1,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    assert_int_equal(publish(f), BUS_OUTCOME_RECYCLED);
    assert_int_equal(publish(f), BUS_OUTCOME_DONE);
}

/* What waits for a retry of its own is none of ours: the transaction goes through. */
static void a_coordinator_that_is_busy_is_waited_for(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(publish(f), BUS_OUTCOME_DONE);
    rd_kafka_mock_push_request_errors(
        f->cluster, API_ADD_PARTITIONS, 3, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
        RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    assert_int_equal(publish(f), BUS_OUTCOME_DONE);
}

/* Fenced or of an old generation: renewed, and everything of the claim is to be forgotten. */
static void an_old_generation_is_fenced(void **state)
{
    static const rd_kafka_resp_err_t codes[] = {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
                                                RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
                                                RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        rd_kafka_mock_push_request_errors(f->cluster, API_TXN_OFFSET_COMMIT, 1, codes[i]);
        assert_int_equal(publish(f), BUS_OUTCOME_FENCED);
        assert_int_equal(publish(f), BUS_OUTCOME_DONE);
    }
}

static void a_producer_with_an_old_epoch_is_fenced(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(publish(f), BUS_OUTCOME_DONE);
    rd_kafka_mock_push_request_errors(f->cluster, API_END_TXN, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    assert_int_equal(publish(f), BUS_OUTCOME_FENCED);
    assert_int_equal(publish(f), BUS_OUTCOME_DONE);
}

/* Not allowed to a group: the transaction is aborted, and the journal publishes again. */
static void an_error_of_the_transaction_aborts_it(void **state)
{
    struct fixture *f = *state;

    rd_kafka_mock_push_request_errors(f->cluster, API_TXN_OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    assert_int_equal(publish(f), BUS_OUTCOME_ABORTED);
    assert_int_equal(publish(f), BUS_OUTCOME_DONE);
}

/* The producer's id is not allowed: nothing can ever be published. */
static void an_id_that_is_not_allowed_is_fatal(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(publish(f), BUS_OUTCOME_DONE);
    rd_kafka_mock_push_request_errors(f->cluster, API_ADD_PARTITIONS, 1,
                                      RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    assert_int_equal(publish(f), BUS_OUTCOME_FATAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_end_of_transaction_is_done, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_that_was_sent_twice_renews_the_producer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_coordinator_that_is_busy_is_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_generation_is_fenced, setup, teardown),
        cmocka_unit_test_setup_teardown(a_producer_with_an_old_epoch_is_fenced, setup, teardown),
        cmocka_unit_test_setup_teardown(an_error_of_the_transaction_aborts_it, setup, teardown),
        cmocka_unit_test_setup_teardown(an_id_that_is_not_allowed_is_fatal, setup, teardown),
    };

    return cmocka_run_group_tests_name("publisher", tests, NULL, NULL);
}
