/* Deciding one partition: bulletins and who may bring them, signatures, places, times, cuts, and an
 * allocation budget.  Records come from sim_log.h; the partition is 0 of 1. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "sim_decider.h"
#include "wire/encode.h"
#include "wire/json.h"

/* ---- what is allocated --------------------------------------------------------------------- */

/* A sanitizer has an allocator of its own. */
#if defined(__SANITIZE_ADDRESS__)
#define COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNTS_ALLOCATIONS 0
#endif
#endif
#if !defined(COUNTS_ALLOCATIONS)
#define COUNTS_ALLOCATIONS 1
#endif

static uint64_t allocations;

#if COUNTS_ALLOCATIONS
/* NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier): glibc's names */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *at, size_t n);
/* NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier) */

void *malloc(size_t n)
{
    allocations++;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *at, size_t n)
{
    allocations++;
    return __libc_realloc(at, n);
}
#endif

/* OpenSSL 3 takes and gives back 112 bytes for every digest that it begins, three a record; that is
 * its own affair and is not counted. */
static void *crypto_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
#if COUNTS_ALLOCATIONS
    return __libc_malloc(n);
#else
    return malloc(n);
#endif
}

static void *crypto_realloc(void *at, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
#if COUNTS_ALLOCATIONS
    return __libc_realloc(at, n);
#else
    return realloc(at, n);
#endif
}

static void crypto_free(void *at, const char *file, int line)
{
    (void)file;
    (void)line;
    free(at);
}

static void expect_last(struct sim_decider *f, enum outcome outcome, enum code code)
{
    const struct decision *decision;

    assert_int_equal(sim_decider_decide(f), STATUS_OK);
    decision = sim_decider_last(f);
    assert_int_equal(decision->outcome, outcome);
    assert_int_equal(decision->reasons.n, code == CODE_NONE ? 0 : 1);
    if (code != CODE_NONE) {
        assert_int_equal(decision->reasons.at[0].code, code);
    }
}

static void expect_conflict(struct sim_decider *f, const char *text)
{
    assert_int_equal(sim_decider_decide(f), STATUS_CONFLICT);
    assert_int_equal(f->why.remedy, REMEDY_STOP);
    assert_non_null(strstr(f->why.text, text));
}

/* ---- tests --------------------------------------------------------------------------------- */

static const char *const sheet_json =
    "{\"kind\":\"rates\",\"date\":\"2026-05-06\",\"rates\":{\"USD\":"
    "\"7\"}}";

static void a_bulletin_is_in_force_from_its_record_on(void **state)
{
    struct sim_decider *const f = *state;

    sim_log_found(&f->log);
    expect_last(f, OUTCOME_ACCEPTED, CODE_NONE);
    assert_int_equal(sim_decider_last(f)->event, EVENT_BULLETIN);
    assert_true(sim_decider_last(f)->has_bulletin);
    assert_int_equal(sim_decider_last(f)->bulletin, f->log.bulletin - 1);
    assert_int_equal(decider_bulletin_next(f->decider), f->log.bulletin);
}

static void refuses_a_bulletin_with_a_key(void **state)
{
    struct sim_decider *const f = *state;

    sim_log_found(&f->log);
    f->log.has_bulletin_key = true;
    sim_log_item(&f->log, sheet_json);
    expect_last(f, OUTCOME_REJECTED, CODE_BULLETIN);
    assert_int_equal(sim_decider_last(f)->bulletin, f->log.bulletin - 2);
}

static void refuses_a_bulletin_with_another_number(void **state)
{
    struct sim_decider *const f = *state;

    sim_log_found(&f->log);
    f->log.bulletin++;
    sim_log_item(&f->log, sheet_json);
    expect_last(f, OUTCOME_REJECTED, CODE_BULLETIN);
}

static void refuses_a_bulletin_with_a_wrong_signature(void **state)
{
    struct sim_decider *const f = *state;

    sim_log_found(&f->log);
    f->log.spoils_signatures = true;
    sim_log_item(&f->log, sheet_json);
    expect_last(f, OUTCOME_REJECTED, CODE_BULLETIN);
}

static void wants_two_persons_outside_a_demonstration(void **state)
{
    struct sim_decider *const f = *state;

    f->log.is_strict = true;
    f->log.approvals_n = 2;
    sim_log_found(&f->log);
    expect_last(f, OUTCOME_ACCEPTED, CODE_NONE);
    f->log.approvals_n = 1;
    sim_log_item(&f->log, sheet_json);
    expect_last(f, OUTCOME_REJECTED, CODE_BULLETIN);
    f->log.bulletin--; /* it was refused: the number is free */
    f->log.approvals_n = 2;
    sim_log_item(&f->log, sheet_json);
    expect_last(f, OUTCOME_ACCEPTED, CODE_NONE);
}

static void a_founding_record_that_one_person_signed_founds_nothing(void **state)
{
    struct sim_decider *const f = *state;

    f->log.is_strict = true;
    f->log.approvals_n = 1;
    sim_log_found_only(&f->log);
    expect_conflict(f, "ledger found");
}

static void stops_at_a_first_record_that_is_no_bulletin(void **state)
{
    struct sim_decider *const f = *state;

    sim_log_registration(&f->log, 0, "R0000001", "C3411");
    expect_conflict(f, "ledger found");
}

static void stops_when_the_topic_has_another_partition_count(void **state)
{
    struct sim_decider *const f = *state;

    sim_log_found(&f->log);
    sim_decider_open(f, 2, 0);
    expect_conflict(f, "partitions");
}

static void stops_at_rules_that_it_does_not_know(void **state)
{
    struct sim_decider *const f = *state;
    uint64_t number;

    sim_log_found(&f->log);
    assert_int_equal(sim_decider_decide(f), STATUS_OK);
    number = decider_position(f->decider)->number;
    sim_log_item(&f->log, "{\"kind\":\"policy\",\"policy\":2,\"rules\":99,\"parameters\":[]}");
    expect_conflict(f, "rules 99, this program knows 1 to 1: install a newer one");
    assert_int_equal(decider_position(f->decider)->number, number);
}

/* Another number than it must have: it is refused, so its rules are nobody's. */
static void goes_on_past_refused_rules_that_it_does_not_know(void **state)
{
    struct sim_decider *const f = *state;

    sim_log_found(&f->log);
    f->log.bulletin++;
    sim_log_item(&f->log, "{\"kind\":\"policy\",\"policy\":2,\"rules\":99,\"parameters\":[]}");
    expect_last(f, OUTCOME_REJECTED, CODE_BULLETIN);
}

/* Decide everything again over an empty store, but with the reference data of the first time:
 * another partition may have read further. */
static void begin_again(struct sim_decider *f, uint32_t records_max)
{
    decider_close(f->decider);
    store_close(f->store);
    assert_int_equal(store_open("memory:", &f->store, &f->why), STATUS_OK);
    f->desk->store = f->store;
    f->decided_n = 0;
    sim_decider_open(f, 1, records_max);
}

/* Rulebook 8: a bulletin is in force for the filings after it. */
static void a_new_policy_changes_nothing_that_was_decided(void **state)
{
    struct sim_decider *const f = *state;
    struct store_position before;
    struct store_position after;
    size_t all;

    sim_log_found(&f->log);
    sim_log_registration(&f->log, 0, "R0000001", "C3411");
    sim_log_inflow(&f->log, 0, "R0000001", "USD");
    sim_log_inflow_on(&f->log, 0, "R0000001", "EUR", 1); /* waits for its sheet */
    assert_int_equal(sim_decider_decide(f), STATUS_OK);
    before = *decider_position(f->decider);
    assert_int_equal(sim_decider_last(f)->policy, 1);
    sim_log_item(&f->log, "{\"kind\":\"policy\",\"policy\":2,\"rules\":1,\"parameters\":[]}");
    sim_log_registration(&f->log, 1, "R0000001", "C3411");
    assert_int_equal(sim_decider_decide(f), STATUS_OK);
    assert_int_equal(sim_decider_last(f)->policy, 2);
    sim_log_sheet(&f->log);
    assert_int_equal(sim_decider_decide(f), STATUS_OK);
    assert_int_equal(sim_decider_last(f)->refers_to, before.number); /* the held one */
    assert_int_equal(sim_decider_last(f)->policy, 2);
    after = *decider_position(f->decider);
    all = f->records_n;

    begin_again(f, 0);
    f->records_n = (size_t)before.next_offset;
    assert_int_equal(sim_decider_decide(f), STATUS_OK);
    assert_int_equal(decider_position(f->decider)->number, before.number);
    assert_memory_equal(decider_position(f->decider)->chain, before.chain, DIGEST_SIZE);
    f->records_n = all;
    assert_int_equal(sim_decider_decide(f), STATUS_OK);
    assert_int_equal(decider_position(f->decider)->number, after.number);
    assert_memory_equal(decider_position(f->decider)->chain, after.chain, DIGEST_SIZE);
}

static void stops_at_a_time_stamp_that_is_not_the_broker_s(void **state)
{
    struct sim_decider *const f = *state;

    sim_log_found(&f->log);
    f->is_create_time = true;
    sim_log_inflow(&f->log, 0, "R0000001", "USD");
    expect_conflict(f, "LogAppendTime");
}

static void open_in_memory(struct sim_decider *f)
{
    sim_decider_open(f, 1, 0);
    decider_close(f->decider);
    f->is_broker_memory = true;
    sim_decider_open(f, 1, 0);
}

static void a_producer_s_time_counts_in_a_ledger_founded_in_memory_only(void **state)
{
    struct sim_decider *const f = *state;

    f->is_create_time = true;
    f->log.is_in_memory = true;
    sim_log_found(&f->log);
    open_in_memory(f);
    expect_last(f, OUTCOME_ACCEPTED, CODE_NONE);
}

static void a_broker_in_memory_alone_does_not_make_it_count(void **state)
{
    struct sim_decider *const f = *state;

    f->is_create_time = true;
    sim_log_found(&f->log);
    open_in_memory(f);
    expect_conflict(f, "LogAppendTime");
}

static void a_ledger_founded_in_memory_stays_there(void **state)
{
    struct sim_decider *const f = *state;

    f->log.is_in_memory = true;
    sim_log_found(&f->log);
    expect_conflict(f, "in memory");
}

static void wants_a_right_signature_outside_a_demonstration(void **state)
{
    struct sim_decider *const f = *state;

    f->log.is_strict = true;
    f->log.approvals_n = 2;
    sim_log_found(&f->log);
    sim_log_registration(&f->log, 0, "R0000001", "C3411");
    expect_last(f, OUTCOME_REJECTED, CODE_SIGNATURE);
    f->log.is_signing = true;
    sim_log_registration(&f->log, 0, "R0000001", "C3411");
    expect_last(f, OUTCOME_ACCEPTED, CODE_NONE);
    f->log.spoils_signatures = true;
    sim_log_registration(&f->log, 0, "R0000002", "C3411");
    expect_last(f, OUTCOME_REJECTED, CODE_SIGNATURE);
}

/* A verdict found ahead counts for the key that the register gives and for no other. */
static void believes_a_verdict_about_the_right_key_only(void **state)
{
    struct sim_decider *const f = *state;
    struct bus_verdict *verdict;

    f->log.is_strict = true;
    f->log.approvals_n = 2;
    f->log.is_signing = true;
    sim_log_found(&f->log);
    sim_log_registration(&f->log, 0, "R0000001", "C3411");
    verdict = &f->records[f->records_n - 1].verdict;
    verdict->known = true; /* of another key, and wrong */
    expect_last(f, OUTCOME_ACCEPTED, CODE_NONE);
    sim_log_registration(&f->log, 0, "R0000002", "C3411");
    verdict = &f->records[f->records_n - 1].verdict;
    verdict->known = true;
    signing_key_public(f->log.key, verdict->key);
    expect_last(f, OUTCOME_REJECTED, CODE_SIGNATURE);
}

static void rejects_a_record_under_another_key_and_lets_it_own_nothing(void **state)
{
    struct sim_decider *const f = *state;
    struct bus_record *record;

    sim_log_found(&f->log);
    sim_log_registration(&f->log, 0, "R0000001", "C3411");
    record = &f->records[f->records_n - 1];
    record->key_n--;
    expect_last(f, OUTCOME_REJECTED, CODE_SCHEMA);
    assert_string_equal(f->seen.reasons.at[0].field, "/enterprise");
    sim_decider_put(
        f, 0, &(struct bytes){.at = record->key, .n = record->key_n + 1},
        (struct bytes){.at = record->value, .n = record->value_n}); /* the same, rightly */
    expect_last(f, OUTCOME_ACCEPTED, CODE_NONE);
}

static void received_time_never_goes_back(void **state)
{
    struct sim_decider *const f = *state;

    sim_log_found(&f->log);
    f->time_ms = SIM_FIRST_MS + 5000;
    sim_log_registration(&f->log, 0, "R0000001", "C3411");
    f->time_ms = SIM_FIRST_MS + 1000;
    sim_log_inflow(&f->log, 0, "R0000001", "USD");
    assert_int_equal(sim_decider_decide(f), STATUS_OK);
    assert_int_equal(sim_decider_last(f)->received_ms, SIM_FIRST_MS + 5000);
    assert_int_equal(decider_position(f->decider)->received_ms, SIM_FIRST_MS + 5000);
}

/* A pack (rulebook 9): no founding record, bulletins from 1, nothing signed. */
static void a_pack_is_decided_without_a_founding_record(void **state)
{
    static const char *const filing_json =
        "{\"filing_id\":\"019a3f52-6c1e-7d40-9f6b-2f3a51c0d001\",\"bank\":\"210100000123\","
        "\"enterprise\":\"91210100MA0FG1HX9H\",\"event\":\"fdi.deregistration\","
        "\"business_date\":\"2026-04-13\",\"maker\":\"a\",\"checker\":\"b\",\"details\":{"
        "\"registration_no\":\"R0000001\",\"waive_outflow\":true}}";
    struct sim_decider *const f = *state;
    const struct decider_conf conf = {.partitions_n = 1, .topic = "pack", .is_pack = true};
    struct pack_filing line = {.offset = 1, .received_ms = SIM_FIRST_MS, .has_encoding = true};
    struct pack_reference reference = {.offset = 0};
    struct json_text json;
    struct bytes item;
    struct fault fault;

    assert_int_equal(decider_open(f->desk, &conf, &f->decider, &f->why), STATUS_OK);
    batch_part_reset(&f->part, 0, decider_position(f->decider));
    assert_int_equal(json_read(bytes_of(sheet_json), &f->log.arena, &json, &f->why), STATUS_OK);
    assert_int_equal(reference_encode(&json.doc, &f->log.arena, &item, &f->why), STATUS_OK);
    assert_int_equal(content_encode(decider_bulletin_next(f->decider), &item, 1, &f->log.arena,
                                    &reference.content),
                     STATUS_OK);
    reference.value = reference.content;
    assert_int_equal(decider_pack_reference(f->decider, &reference, &f->part, &fault, &f->why),
                     STATUS_OK);
    assert_string_equal(fault.text, "");
    assert_int_equal(decider_position(f->decider)->bulletin, 1);
    assert_int_equal(decider_position(f->decider)->received_ms, 0);
    assert_int_equal(json_read(bytes_of(filing_json), &f->log.arena, &json, &f->why), STATUS_OK);
    line.doc = &json.doc;
    assert_int_equal(filing_encode(&json.doc, &f->log.arena, &line.filing, &f->why), STATUS_OK);
    line.value = line.filing;
    line.key = bytes_of("91210100MA0FG1HX9H");
    assert_int_equal(decider_pack_filing(f->decider, &line, &f->part, &f->why), STATUS_OK);
    assert_int_equal(f->desk->result.decision.number, 2);
    assert_int_equal(f->desk->result.decision.bulletin, 1);
    assert_int_equal(f->desk->result.decision.outcome, OUTCOME_REJECTED);
    assert_true(reasons_have(&f->desk->result.decision.reasons, CODE_NOT_AUTHORISED));
    assert_false(reasons_have(&f->desk->result.decision.reasons, CODE_SIGNATURE));
}

/* Twenty filings wait for a rate sheet; it comes. */
static void publish_a_sheet_that_frees_many(struct sim_decider *f)
{
    sim_log_found(&f->log);
    sim_log_item(&f->log, "{\"kind\":\"calendar\",\"year\":2025,\"holidays\":[]}");
    sim_log_registration(&f->log, 0, "R0000001", "C3411");
    for (uint32_t i = 0; i < 20; i++) {
        char number[16];

        (void)snprintf(number, sizeof(number), "R%07u", i + 2);
        sim_log_registration(&f->log, i % SIM_ENTERPRISES, number, "C3411");
        sim_log_inflow_on(&f->log, i % SIM_ENTERPRISES, number, "EUR", 1);
    }
    sim_log_sheet(&f->log);
}

static void a_cut_record_gives_the_same_decisions(void **state)
{
    struct sim_decider *const f = *state;
    uint8_t chain[DIGEST_SIZE];
    uint64_t number;

    publish_a_sheet_that_frees_many(f);
    assert_int_equal(sim_decider_decide(f), STATUS_OK);
    number = decider_position(f->decider)->number;
    memcpy(chain, decider_position(f->decider)->chain, sizeof(chain));
    assert_true(number >= f->records_n + 20);
    for (uint32_t records_max = 1; records_max <= 7; records_max++) {
        begin_again(f, records_max);
        assert_int_equal(sim_decider_decide(f), STATUS_OK);
        assert_int_equal(decider_position(f->decider)->number, number);
        assert_memory_equal(decider_position(f->decider)->chain, chain, sizeof(chain));
        assert_int_equal(decider_position(f->decider)->step, 0);
    }
}

/* P5: after a few batches like it, a batch of filings of known enterprises allocates nothing. */
static void a_steady_batch_allocates_nothing(void **state)
{
    struct sim_decider *const f = *state;
    uint64_t before = 0;
    bool is_cut = false;

    sim_log_found(&f->log);
    for (uint32_t i = 0; i < SIM_ENTERPRISES; i++) {
        sim_log_registration(&f->log, i, "R0000001", "C3411");
    }
    for (uint32_t batch = 0; batch < 4; batch++) {
        for (uint32_t i = 0; i < 40; i++) {
            sim_log_inflow(&f->log, i % SIM_ENTERPRISES, "R0000001", "USD");
        }
        if (batch < 3) {
            assert_int_equal(sim_decider_decide(f), STATUS_OK);
        }
    }
    batch_part_reset(&f->part, 0, decider_position(f->decider));
    before = allocations;
    for (; f->decided_n < f->records_n; f->decided_n++) {
        const enum status status =
            decider_record(f->decider, &f->records[f->decided_n], &f->part, &is_cut, &f->why);

        if (status != STATUS_OK) {
            break;
        }
    }
    before = allocations - before;
    assert_int_equal(f->decided_n, f->records_n);
    assert_int_equal(f->part.count, 40);
    assert_int_equal(before, 0);
    sim_decider_store(f);
    assert_int_equal(sim_decider_last(f)->outcome, OUTCOME_ACCEPTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sim_decider_setup, sim_decider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_bulletin_is_in_force_from_its_record_on),
        TEST(refuses_a_bulletin_with_a_key),
        TEST(refuses_a_bulletin_with_another_number),
        TEST(refuses_a_bulletin_with_a_wrong_signature),
        TEST(wants_two_persons_outside_a_demonstration),
        TEST(a_founding_record_that_one_person_signed_founds_nothing),
        TEST(stops_at_a_first_record_that_is_no_bulletin),
        TEST(stops_when_the_topic_has_another_partition_count),
        TEST(stops_at_rules_that_it_does_not_know),
        TEST(goes_on_past_refused_rules_that_it_does_not_know),
        TEST(a_new_policy_changes_nothing_that_was_decided),
        TEST(stops_at_a_time_stamp_that_is_not_the_broker_s),
        TEST(a_producer_s_time_counts_in_a_ledger_founded_in_memory_only),
        TEST(a_broker_in_memory_alone_does_not_make_it_count),
        TEST(a_ledger_founded_in_memory_stays_there),
        TEST(wants_a_right_signature_outside_a_demonstration),
        TEST(believes_a_verdict_about_the_right_key_only),
        TEST(rejects_a_record_under_another_key_and_lets_it_own_nothing),
        TEST(received_time_never_goes_back),
        TEST(a_pack_is_decided_without_a_founding_record),
        TEST(a_cut_record_gives_the_same_decisions),
        TEST(a_steady_batch_allocates_nothing),
    };

    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1) {
        return 1;
    }
    return cmocka_run_group_tests_name("decider", tests, NULL, NULL);
}
