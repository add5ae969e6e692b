/* Names around the bytes: topics, partitions as Kafka's own clients choose them, CloudEvents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>

#include "wire/headers.h"

static struct text text_of(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

static void topics_carry_the_prefix(void **state)
{
    struct topics t;
    char longest[TOPIC_NAME_SIZE];

    (void)state;
    assert_int_equal(topics_init(&t, "", NULL), STATUS_OK);
    assert_string_equal(t.submitted, "filings.submitted.v1");
    assert_int_equal(topics_init(&t, "test-", NULL), STATUS_OK);
    assert_string_equal(t.submitted, "test-filings.submitted.v1");
    assert_string_equal(t.decided, "test-filings.decided.v1");
    assert_string_equal(t.reference, "test-filings.reference.v1");
    assert_string_equal(t.checkpoints, "test-filings.checkpoints.v1");
    assert_string_equal(t.operations, "test-filings.operations.v1");
    assert_string_equal(t.group, "test-filing-worker");
    assert_string_equal(t.reference_txn, "test-reference");
    assert_int_equal(topics_init(&t, "a b", NULL), STATUS_INVALID);
    assert_int_equal(topics_init(&t, "a/", NULL), STATUS_INVALID);
    memset(longest, 'p', sizeof(longest));
    longest[249 - strlen("filings.checkpoints.v1")] = 0;
    assert_int_equal(topics_init(&t, longest, NULL), STATUS_OK);
    longest[249 - strlen("filings.checkpoints.v1")] = 'p';
    longest[250 - strlen("filings.checkpoints.v1")] = 0;
    assert_int_equal(topics_init(&t, longest, NULL), STATUS_INVALID);
}

/* librdkafka's own partitioner is the reference; every length of key up to 40. */
static void partitions_are_those_of_murmur2_random(void **state)
{
    char key[40];
    rd_kafka_topic_t *none = NULL;

    (void)state;
    for (size_t n = 1; n <= sizeof(key); n++) {
        for (int round = 0; round < 50; round++) {
            for (size_t i = 0; i < n; i++) {
                key[i] = (char)(i * 31 + n * 7 + (size_t)round * 13 + 200);
            }
            for (int32_t partitions = 1; partitions <= 64; partitions += 11) {
                int32_t want =
                    rd_kafka_msg_partitioner_murmur2(none, key, n, partitions, NULL, NULL);

                assert_int_equal(partition_of_key(key, n, (uint32_t)partitions), want);
            }
        }
    }
}

static void expect_headers(const struct headers *headers, const char *const (*want)[2], uint32_t n)
{
    assert_int_equal(headers->n, n);
    for (uint32_t i = 0; i < n; i++) {
        assert_string_equal(headers->at[i].name, want[i][0]);
        assert_int_equal(headers->at[i].value.n, strlen(want[i][1]));
        assert_memory_equal(headers->at[i].value.at, want[i][1], strlen(want[i][1]));
    }
}

static void a_filing_has_its_headers(void **state)
{
    static const char *const want[][2] = {
        {"content-type", "application/protobuf"},
        {"ce_specversion", "1.0"},
        {"ce_id", "019a3f52-6c1e-7d40-9f6b-2f3a51c0d001"},
        {"ce_source", "/banks/210100000123"},
        {"ce_type", "filing.fdi.inflow.v1"},
        {"ce_time", "2026-04-13T08:30:00.123Z"},
        {"ce_subject", "91210100MA0FG1HX9H"},
    };
    struct filing_names names = {
        .filing_id = text_of(want[2][1]),
        .bank = text_of("210100000123"),
        .enterprise = text_of(want[6][1]),
        .event = text_of("fdi.inflow"),
        .time_ms = 1776069000123,
    };
    struct headers headers;

    (void)state;
    headers_filing(&headers, &names);
    expect_headers(&headers, want, 7);
}

static void a_decision_and_a_bulletin_have_theirs(void **state)
{
    static const char *const decision[][2] = {
        {"content-type", "application/protobuf"},
        {"ce_specversion", "1.0"},
        {"ce_id", "4/118"},
        {"ce_source", "/ledgers/0000000000000000000000000000000f"},
        {"ce_type", "filing.decision.v1"},
        {"ce_time", "1970-01-01T00:00:00.000Z"},
    };
    static const char *const bulletin[][2] = {
        {"content-type", "application/protobuf"},
        {"ce_specversion", "1.0"},
        {"ce_id", "bulletin/7"},
        {"ce_source", "/ledgers/0000000000000000000000000000000f"},
        {"ce_type", "filing.bulletin.v1"},
        {"ce_time", "1970-01-01T00:00:00.001Z"},
    };
    uint8_t ledger_id[LEDGER_ID_SIZE] = {[15] = 15};
    struct decision_names names = {.partition = 4, .number = 118, .ledger_id = ledger_id};
    struct headers headers;
    char key[REFERENCE_KEY_SIZE];

    (void)state;
    headers_decision(&headers, &names);
    expect_headers(&headers, decision, 6);
    headers_bulletin(&headers, 7, ledger_id, 1);
    expect_headers(&headers, bulletin, 6);
    reference_key_bulletin(UINT64_MAX, key);
    assert_string_equal(key, "bulletin/18446744073709551615");
    reference_key_proposal("0123456789abcdef", key);
    assert_string_equal(key, "proposal/0123456789abcdef");
}

static void hostile_names_never_overflow(void **state)
{
    static char lots[70000];
    struct headers headers;
    struct text t = {.at = lots, .n = sizeof(lots)};
    struct filing_names names = {t, t, t, t, INT64_MAX};

    (void)state;
    memset(lots, 'x', sizeof(lots));
    headers_filing(&headers, &names);
    assert_true(headers.used <= sizeof(headers.text));
    names.time_ms = INT64_MIN;
    headers_filing(&headers, &names);
    assert_true(headers.used <= sizeof(headers.text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_carry_the_prefix),
        cmocka_unit_test(partitions_are_those_of_murmur2_random),
        cmocka_unit_test(a_filing_has_its_headers),
        cmocka_unit_test(a_decision_and_a_bulletin_have_theirs),
        cmocka_unit_test(hostile_names_never_overflow),
    };

    return cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
