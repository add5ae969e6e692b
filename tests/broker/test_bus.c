/* The port to Kafka on a real broker: what the mock cluster cannot show.  Every test has a prefix,
 * and so topics and a group, of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "consumers/worker/bus_kafka.h"
#include "tests/broker/cluster.h"
#include "wire/headers.h"

#define WAIT_MS  15000
#define METADATA "1 ledger store host"

struct fixture {
    struct topics topics;
    struct bus *bus;
    uint64_t generation;
};

static const uint8_t ledger_id[16] = {1};

static struct bus *open_bus(const struct topics *topics, const char *slot)
{
    static char ids[4][300];
    static unsigned next;
    char *id = ids[next++ % 4];
    struct failure err = {.status = STATUS_OK};
    struct bus *bus = NULL;
    struct bus_kafka_conf conf = {.topics = topics,
                                  .options = {.bootstrap = cluster_bootstrap(),
                                              .client_id = "test",
                                              .group = topics->group,
                                              .instance_id = slot,
                                              .transactional_id = id}};

    (void)snprintf(id, sizeof(ids[0]), "%s-%s", topics->group, slot);
    if (bus_kafka_open(&conf, &bus, &err) != STATUS_OK) {
        fail_msg("%s", err.text);
    }
    return bus;
}

static uint64_t wait_assigned(struct bus *bus, size_t partitions_n)
{
    const int64_t until_ms = bus_now_ms(bus) + WAIT_MS;
    struct bus_event event;

    while (bus_now_ms(bus) < until_ms) {
        bus_poll(bus, 100, &event);
        if (event.kind == BUS_REVOKED || event.kind == BUS_LOST) {
            bus_release(bus);
        }
        if (event.kind == BUS_ASSIGNED && event.partitions_n == partitions_n) {
            return event.generation;
        }
    }
    fail_msg("no assignment");
    return 0;
}

static enum bus_outcome wait_outcome(struct bus *bus, int64_t *ret_last_offset)
{
    const int64_t until_ms = bus_now_ms(bus) + WAIT_MS;
    struct bus_report report = {.outcome = BUS_OUTCOME_IN_FLIGHT};
    struct failure err = {.status = STATUS_OK};
    struct bus_event event;

    while (report.outcome == BUS_OUTCOME_IN_FLIGHT && bus_now_ms(bus) < until_ms) {
        bus_poll(bus, 0, &event);
        bus_report(bus, 100, &report, &err);
    }
    if (ret_last_offset) {
        *ret_last_offset = report.last_offsets[0];
    }
    return report.outcome;
}

static void publish(struct bus *bus, uint64_t generation, uint64_t first_number, size_t n,
                    int64_t next_offset)
{
    static char bytes[8][32];
    static struct bus_decision decisions[8];
    static struct bus_part part;
    static struct bus_publication publication;

    assert_true(n <= 8);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(bytes[i], sizeof(bytes[i]), "decision-%u", (unsigned)(first_number + i));
        decisions[i] = (struct bus_decision){.bytes = (const uint8_t *)bytes[i],
                                             .bytes_n = strlen(bytes[i]),
                                             .key = (const uint8_t *)"key",
                                             .key_n = 3,
                                             .has_key = true};
    }
    part = (struct bus_part){.partition = 0,
                             .first_number = first_number,
                             .decisions = decisions,
                             .decisions_n = n,
                             .next_offset = next_offset};
    publication = (struct bus_publication){.generation = generation,
                                           .parts = &part,
                                           .parts_n = 1,
                                           .ledger_id = ledger_id,
                                           .metadata = METADATA};
    bus_publish(bus, &publication);
}

static const struct bus_group_offset *wait_group_offset(struct bus *bus)
{
    const int64_t until_ms = bus_now_ms(bus) + WAIT_MS;
    const struct bus_group_offset *offsets = NULL;
    struct failure err = {.status = STATUS_OK};
    struct bus_event event;

    while (bus_now_ms(bus) < until_ms) {
        bus_poll(bus, 10, &event);
        if (bus_group_offsets(bus, 0, &offsets, &err) == BUS_READY) {
            return offsets;
        }
    }
    fail_msg("no stable offsets: %s", err.text);
    return NULL;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char prefix[64];
    struct failure err;

    assert_non_null(f);
    *state = f;
    cluster_prefix(prefix, sizeof(prefix));
    assert_int_equal(topics_init(&f->topics, prefix, &err), STATUS_OK);
    cluster_create_topic(f->topics.submitted, 1);
    cluster_create_topic(f->topics.decided, 1);
    f->bus = open_bus(&f->topics, "slot-1");
    f->generation = wait_assigned(f->bus, 1);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    assert_true(bus_kafka_close(f->bus));
    free(f);
    return 0;
}

static void publishes_decisions_and_offsets_in_one_clean_transaction(void **state)
{
    struct fixture *f = *state;
    struct cluster_records seen;
    const struct bus_group_offset *offset;
    int64_t last_offset = -1;

    publish(f->bus, f->generation, 1, 3, 7);
    assert_int_equal(wait_outcome(f->bus, &last_offset), BUS_OUTCOME_DONE); /* one EndTxn */
    publish(f->bus, f->generation, 4, 2, 9);
    assert_int_equal(wait_outcome(f->bus, &last_offset), BUS_OUTCOME_DONE);
    cluster_read(f->topics.decided, 0, "read_committed", &seen);
    assert_int_equal(seen.n, 5);
    assert_string_equal(seen.values[0], "decision-1");
    assert_string_equal(seen.values[4], "decision-5");
    assert_true(seen.offsets[4] == last_offset);
    offset = wait_group_offset(f->bus);
    assert_true(offset->offset == 9);
    assert_string_equal(offset->metadata, METADATA);
}

static void commits_first_offsets_once(void **state)
{
    struct fixture *f = *state;
    const struct bus_part part = {.partition = 0, .next_offset = 0};
    const struct bus_publication first = {.generation = f->generation,
                                          .parts = &part,
                                          .parts_n = 1,
                                          .ledger_id = ledger_id,
                                          .metadata = METADATA};
    const int64_t until_ms = bus_now_ms(f->bus) + WAIT_MS;
    enum bus_answer answer = BUS_PENDING;
    struct failure err = {.status = STATUS_OK};
    struct bus_event event;

    assert_true(wait_group_offset(f->bus)->offset == -1);
    while (answer == BUS_PENDING && bus_now_ms(f->bus) < until_ms) {
        bus_poll(f->bus, 10, &event);
        answer = bus_commit_first(f->bus, &first, &err);
    }
    assert_int_equal(answer, BUS_READY);
    assert_true(wait_group_offset(f->bus)->offset == 0);
    assert_string_equal(wait_group_offset(f->bus)->metadata, METADATA);
}

/* E7: a publication goes out under the generation of its claim.  A second member takes the place of
 * the first (same slot), so what the first publishes is refused and nobody reading committed sees
 * it. */
static void fences_a_publication_of_an_older_generation(void **state)
{
    struct fixture *f = *state;
    struct cluster_records seen;
    struct bus *second = open_bus(&f->topics, "slot-2");
    struct bus_event event;
    uint64_t generation;
    const int64_t until_ms = bus_now_ms(second) + WAIT_MS;

    /* The first goes on polling until the group is to be rebalanced, and lets go. */
    do {
        bus_poll(f->bus, 50, &event);
        bus_poll(second, 50, &event);
    } while (event.kind != BUS_ASSIGNED && bus_now_ms(second) < until_ms &&
             bus_assigned(f->bus, 0, f->generation));
    publish(f->bus, f->generation, 1, 1, 1);
    bus_release(f->bus);
    generation = event.kind == BUS_ASSIGNED ? event.generation : 0;
    (void)generation;
    {
        const enum bus_outcome outcome = wait_outcome(f->bus, NULL);

        /* While the rebalance is under way the old generation is still the group's; after it,
         * fenced. */
        assert_true(outcome == BUS_OUTCOME_FENCED || outcome == BUS_OUTCOME_DONE ||
                    outcome == BUS_OUTCOME_ABORTED);
        cluster_read(f->topics.decided, 0, "read_committed", &seen);
        assert_int_equal(seen.n, outcome == BUS_OUTCOME_DONE ? 1 : 0);
    }
    assert_true(bus_kafka_close(second));
}

/* B1: between resume and pause the records come in order from the offset asked for. */
static void gives_records_from_where_it_is_resumed(void **state)
{
    struct fixture *f = *state;
    static const int64_t starts[] = {2, 0, 3};
    struct bus_event event;
    char value[16];

    for (int i = 0; i < 5; i++) {
        (void)snprintf(value, sizeof(value), "%d", i);
        cluster_produce(f->topics.submitted, 0, "k", value);
    }
    for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
        int64_t want = starts[s];
        const int64_t until_ms = bus_now_ms(f->bus) + WAIT_MS;

        bus_resume(f->bus, 0, starts[s]);
        while (want < 5 && bus_now_ms(f->bus) < until_ms) {
            bus_poll(f->bus, 100, &event);
            if (event.kind == BUS_RECORD) {
                assert_true(event.record.offset == want);
                assert_true(event.record.log_append_time);
                assert_int_equal(event.record.value[0], '0' + (int)want);
                want++;
            }
        }
        assert_true(want == 5);
        bus_pause(f->bus, 0);
        bus_poll(f->bus, 100, &event);
        assert_int_not_equal(event.kind, BUS_RECORD);
    }
}

static void looks_at_a_tail_to_its_end(void **state)
{
    struct fixture *f = *state;
    const int64_t until_ms = bus_now_ms(f->bus) + WAIT_MS;
    enum bus_seen seen = BUS_SEEN_NOTHING;
    struct bus_record record;
    struct failure err;
    uint32_t records_n = 0;
    int64_t end = -1;
    int64_t high = -1;

    publish(f->bus, f->generation, 1, 2, 2);
    assert_int_equal(wait_outcome(f->bus, NULL), BUS_OUTCOME_DONE);
    while (bus_high_watermark(f->bus, 0, &high, &err) != BUS_READY &&
           bus_now_ms(f->bus) < until_ms) {
        /* not yet */
    }
    assert_true(high == 3); /* two decisions and the transaction's marker */
    bus_look(f->bus, BUS_LOOK_DECIDED, 0, 0);
    while (end < high && bus_now_ms(f->bus) < until_ms) {
        seen = bus_look_next(f->bus, BUS_LOOK_DECIDED, 0, &record, &err);
        records_n += seen == BUS_SEEN_RECORD ? 1 : 0;
        end = seen == BUS_SEEN_END ? record.offset : end;
    }
    assert_int_equal(records_n, 2);
    assert_true(end == 3);
    bus_forget(f->bus, 0);
}

static void says_when_what_is_looked_for_is_gone(void **state)
{
    struct fixture *f = *state;
    const int64_t until_ms = bus_now_ms(f->bus) + WAIT_MS;
    enum bus_seen seen = BUS_SEEN_NOTHING;
    struct bus_record record;
    struct failure err;

    bus_look(f->bus, BUS_LOOK_DECIDED, 0, 1000);
    while (seen == BUS_SEEN_NOTHING && bus_now_ms(f->bus) < until_ms) {
        seen = bus_look_next(f->bus, BUS_LOOK_DECIDED, 0, &record, &err);
    }
    assert_int_equal(seen, BUS_SEEN_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(publishes_decisions_and_offsets_in_one_clean_transaction,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(commits_first_offsets_once, setup, teardown),
        cmocka_unit_test_setup_teardown(fences_a_publication_of_an_older_generation, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(gives_records_from_where_it_is_resumed, setup, teardown),
        cmocka_unit_test_setup_teardown(looks_at_a_tail_to_its_end, setup, teardown),
        cmocka_unit_test_setup_teardown(says_when_what_is_looked_for_is_gone, setup, teardown),
    };

    if (!cluster_bootstrap()) {
        return CLUSTER_SKIP;
    }
    return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
