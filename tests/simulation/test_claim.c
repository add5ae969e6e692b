/* Claims that must stop and say why (C3, C5, C8), and how an engine starts and ends.  One engine,
 * no chance: each history is told. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim_world.h"

#define RECORDS_MAX 10 /* of a batch */
#define TURNS       5000

struct fixture {
    struct sim_world world;
    enum exit_code code;
    struct failure why;
};

static int setup(void **state)
{
    struct fixture *const f = calloc(1, sizeof(*f));
    const struct sim_conf conf = {.seed = 7, .workers_n = 1, .records_max = RECORDS_MAX};

    if (!f) {
        return -1;
    }
    sim_world_open(&f->world, &conf);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *const f = *state;

    sim_world_close(&f->world);
    free(f);
    return 0;
}

/* Filings, decided and published by worker 0, which then is gone. */
static void decide_some(struct fixture *f)
{
    for (uint32_t i = 0; i < 40; i++) {
        sim_log_go_on(&f->world.log);
    }
    sim_world_rest(&f->world);
    assert_false(f->world.is_broken);
    sim_world_stop(&f->world, 0, true);
}

/* Worker 0 runs until it ends by itself. */
static void run_to_end(struct fixture *f)
{
    bool is_running = true;

    for (uint32_t i = 0; i < TURNS && is_running; i++) {
        is_running = engine_step(f->world.workers[0].engine, &f->code, &f->why);
        sim_bus_tick(&f->world.workers[0].bus);
        sim_broker_tick(&f->world.broker, 5);
    }
    assert_false(is_running);
}

static void expect_stop(struct fixture *f, const char *text)
{
    sim_world_start(&f->world, 0);
    run_to_end(f);
    if (f->code != EXIT_STATE || !strstr(f->why.text, text)) {
        print_error("ended with %d: %s\n", (int)f->code, f->why.text);
    }
    assert_int_equal(f->code, EXIT_STATE);
    assert_non_null(strstr(f->why.text, text));
}

static void clear_log(struct fixture *f, enum sim_topic topic)
{
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        struct sim_partition *const log = &f->world.broker.logs[topic][p];

        for (size_t i = 0; i < log->n; i++) {
            free(log->at[i].key);
            free(log->at[i].value);
        }
        log->n = 0;
    }
}

static void goes_on_where_it_stopped(void **state)
{
    struct fixture *const f = *state;

    decide_some(f);
    sim_world_rest(&f->world);
    sim_world_check(&f->world);
    assert_string_equal(f->world.what, "");
}

/* A broker that has just started answers before it knows its topics. */
static void waits_until_a_starting_broker_knows_its_topics(void **state)
{
    struct fixture *const f = *state;

    decide_some(f);
    sim_log_go_on(&f->world.log);
    sim_log_go_on(&f->world.log);
    f->world.broker.knows_topics_ms = f->world.broker.now_ms + 9000;
    sim_world_rest(&f->world);
    sim_world_check(&f->world);
    assert_string_equal(f->world.what, "");
    assert_true(f->world.broker.now_ms >= f->world.broker.knows_topics_ms);
}

static void stops_when_there_is_no_record(void **state)
{
    struct fixture *const f = *state;

    clear_log(f, SIM_SUBMITTED);
    expect_stop(f, "ledger found");
}

static void stops_when_the_first_record_founds_nothing(void **state)
{
    struct fixture *const f = *state;

    clear_log(f, SIM_SUBMITTED);
    sim_log_registration(&f->world.log, 0, "R0000001", "C3411");
    sim_log_registration(&f->world.log, 1, "R0000001", "C3411");
    expect_stop(f, "does not begin with a founding record");
}

static void stops_when_the_topic_was_made_anew(void **state)
{
    struct fixture *const f = *state;

    decide_some(f);
    clear_log(f, SIM_SUBMITTED);
    f->world.log.bulletin = 0;
    sim_log_found(&f->world.log);
    for (uint32_t i = 0; i < 200; i++) {
        sim_log_go_on(&f->world.log);
    }
    expect_stop(f, "is not the one that was decided");
}

static void stops_when_the_log_was_cut(void **state)
{
    struct fixture *const f = *state;

    decide_some(f);
    clear_log(f, SIM_SUBMITTED);
    expect_stop(f, "is not the one that was decided");
}

static void stops_when_the_log_begins_too_late(void **state)
{
    struct fixture *const f = *state;

    decide_some(f);
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        f->world.broker.log_start[p] = 1000;
    }
    expect_stop(f, "records are lost");
}

static void stops_when_the_offsets_are_of_another_store(void **state)
{
    struct fixture *const f = *state;

    decide_some(f);
    f->world.broker.offsets[1].metadata[40] ^= 1;
    expect_stop(f, "belong to another store");
}

/* What is published beyond the store: a restored backup. */
static void stops_when_more_is_published_than_stored(void **state)
{
    struct fixture *const f = *state;

    decide_some(f);
    store_close(f->world.real);
    assert_int_equal(store_open("memory:", &f->world.real, &f->why), STATUS_OK);
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        f->world.broker.offsets[p].offset = -1;
    }
    expect_stop(f, "ledger catch-up");
}

static void stops_when_decisions_are_missing_in_the_topic(void **state)
{
    struct fixture *const f = *state;

    decide_some(f);
    clear_log(f, SIM_DECIDED);
    expect_stop(f, "decisions republish");
}

static void stops_when_another_decision_is_published(void **state)
{
    struct fixture *const f = *state;

    decide_some(f);
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        struct sim_partition *const log = &f->world.broker.logs[SIM_DECIDED][p];

        for (size_t i = 0; i < log->n; i++) {
            if (log->at[i].kind == SIM_DATA) {
                log->at[i].value[log->at[i].value_n - 1] ^= 1;
            }
        }
    }
    expect_stop(f, "is not what the store has");
}

/* E8: a journal that deciding again does not give is for a person. */
static void stops_when_the_journal_is_not_what_is_decided(void **state)
{
    struct fixture *const f = *state;

    f->world.conf.states_written_max = 1; /* the rest stays dirty */
    f->world.conf.records_max = 1000;
    for (uint32_t i = 0; i < 200; i++) {
        sim_log_go_on(&f->world.log);
    }
    decide_some(f);
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        struct sim_partition *const log = &f->world.broker.logs[SIM_SUBMITTED][p];

        for (size_t i = 0; i + 2 < log->n; i++) { /* not the last: C3 would find it */
            log->at[i].time_ms += log->at[i].has_key ? 86400000 : 0;
        }
    }
    expect_stop(f, "deciding again gives other bytes");
}

/* Worker 0 again, and it writes one state with a batch. */
static struct engine_conf begin(struct fixture *f, bool is_until_caught_up)
{
    const struct engine_conf conf = {.bus = &f->world.workers[0].bus.port,
                                     .store = &f->world.workers[0].store.port,
                                     .topic = "filings.submitted.v1",
                                     .txn_id = "worker-0",
                                     .host = "h",
                                     .states_written_max = 1,
                                     .is_until_caught_up = is_until_caught_up};

    for (uint32_t i = 0; i < 100; i++) {
        sim_log_go_on(&f->world.log);
    }
    sim_world_start(&f->world, 0);
    engine_close(f->world.workers[0].engine);
    assert_int_equal(engine_open(&conf, &f->world.workers[0].engine, &f->why), STATUS_OK);
    return conf;
}

/* No state is left to be worked out from the log. */
static void expect_states_written(struct fixture *f, const struct engine_conf *conf)
{
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        struct store_row row;

        assert_int_equal(store_row_read(conf->store, p, &row, &f->why), STATUS_OK);
        assert_true(row.position.number > 0);
        assert_true(row.clean_number == row.position.number);
    }
}

static void ends_when_it_has_caught_up(void **state)
{
    struct fixture *const f = *state;
    const struct engine_conf conf = begin(f, true);

    run_to_end(f);
    assert_int_equal(f->code, EXIT_DONE);
    sim_world_check(&f->world);
    assert_string_equal(f->world.what, "");
    expect_states_written(f, &conf);
}

static void writes_states_back_when_nothing_comes(void **state)
{
    struct fixture *const f = *state;
    const struct engine_conf conf = begin(f, false);

    for (uint32_t i = 0; i < TURNS / 4; i++) {
        assert_true(engine_step(f->world.workers[0].engine, &f->code, &f->why));
        sim_bus_tick(&f->world.workers[0].bus);
        sim_broker_tick(&f->world.broker, 5);
    }
    expect_states_written(f, &conf);
    sim_world_check(&f->world);
    assert_string_equal(f->world.what, "");
}

static enum bus_answer never(struct bus *bus, struct bus_topics *ret, struct failure *err)
{
    (void)bus;
    (void)ret;
    (void)err;
    return BUS_PENDING;
}

static void gives_up_a_broker_that_does_not_answer_for_30_s(void **state)
{
    struct fixture *const f = *state;
    struct bus_ops ops;
    int64_t began;

    sim_world_start(&f->world, 0);
    ops = *f->world.workers[0].bus.port.ops;
    ops.topics = never;
    f->world.workers[0].bus.port.ops = &ops;
    began = f->world.broker.now_ms;
    run_to_end(f);
    assert_int_equal(f->code, EXIT_UNREACHABLE);
    assert_in_range(f->world.broker.now_ms - began, 30000, 31000);
}

static void stops_without_topics(void **state)
{
    struct fixture *const f = *state;
    const int64_t began = f->world.broker.now_ms;

    f->world.broker.knows_topics_ms = INT64_MAX;
    expect_stop(f, "run 'filingctl topics apply'");
    assert_in_range(f->world.broker.now_ms - began, 10000, 11000);
}

/* A part that was stored and not published is published by the next owner, once (C9). */
static void publishes_from_the_journal_what_a_crash_left(void **state)
{
    struct fixture *const f = *state;
    struct engine_status is;

    for (uint32_t i = 0; i < 40; i++) {
        sim_log_go_on(&f->world.log);
    }
    sim_world_start(&f->world, 0);
    do { /* until a batch is stored; its publication never gets anywhere */
        (void)engine_step(f->world.workers[0].engine, &f->code, &f->why);
        sim_broker_tick(&f->world.broker, 5);
        engine_status(f->world.workers[0].engine, &is);
    } while (is.counters.batches_stored == 0);
    sim_world_stop(&f->world, 0, false);
    sim_world_rest(&f->world);
    sim_world_check(&f->world);
    assert_string_equal(f->world.what, "");
}

/* ---- two engines --------------------------------------------------------------------------- */

/* Worker 1 stands still at a place, once, until worker 0 has taken over and decided what there is.
 */
static struct {
    enum sim_place place;
    bool was_there;
} late;

static void turn_both(struct sim_world *w, uint32_t worker)
{
    (void)sim_world_turn(w, worker);
    sim_bus_tick(&w->workers[worker].bus);
    sim_broker_tick(&w->broker, 5);
}

static void let_the_other_take_over(void *arg, enum sim_place place)
{
    struct fixture *const f = arg;
    struct sim_world *const w = &f->world;

    if (place != late.place || late.was_there) {
        return;
    }
    late.was_there = true;
    w->workers[1].is_inside = true;
    sim_broker_tick(&w->broker, SIM_SESSION_MS + 1); /* it is no member any more */
    sim_log_registration(&w->log, 0, "R0000001", "C3411");
    sim_log_registration(&w->log, 1, "R0000001", "C3411");
    sim_world_start(w, 0);
    for (uint32_t i = 0; i < TURNS && !sim_world_is_at_rest(w); i++) {
        turn_both(w, 0);
    }
    assert_true(sim_world_is_at_rest(w));
}

/* Worker 1 claims what is given to it, and comes late at a place. */
static void come_late(struct fixture *f, enum sim_place place)
{
    struct sim_world *const w = &f->world;

    late.place = place;
    late.was_there = false;
    sim_world_start(w, 1);
    w->workers[1].bus.stall = let_the_other_take_over;
    w->workers[1].bus.stall_arg = f;
    w->workers[1].bus.faults.stall_permille = 1000;
    for (uint32_t i = 0; i < TURNS && !late.was_there; i++) {
        turn_both(w, 1);
    }
    assert_true(late.was_there);
    w->workers[1].bus.faults.stall_permille = 0;
}

/* The late one takes the row at C2 and dies: the owner is fenced though nobody else owns the
 * partition. It must claim again and not give up (design, Store), and publish nothing of the batch
 * (E3). */
static void an_owner_fenced_by_a_late_claimer_claims_again(void **state)
{
    struct fixture *const f = *state;
    struct sim_world *const w = &f->world;
    struct engine_status is;

    come_late(f, SIM_AT_CLAIM);
    sim_world_stop(w, 1, false);
    for (uint32_t i = 0; i < 20; i++) {
        sim_log_go_on(&w->log);
    }
    sim_world_rest(w);
    sim_world_check(w);
    assert_string_equal(w->what, "");
    engine_status(w->workers[0].engine, &is);
    assert_true(is.counters.batches_fenced > 0);
}

/* The late one has read its row before others went on: that more is published than its row says is
 * no contradiction (C8). */
static void a_late_claimer_reads_its_row_again_before_it_calls_anybody(void **state)
{
    struct fixture *const f = *state;
    struct sim_world *const w = &f->world;

    come_late(f, SIM_AT_WATERMARK);
    for (uint32_t i = 0; i < 200; i++) {
        turn_both(w, 1);
        turn_both(w, 0);
    }
    assert_string_equal(w->what, "");
    assert_non_null(w->workers[1].engine);
    sim_world_stop(w, 1, true);
    sim_world_rest(w);
    sim_world_check(w);
    assert_string_equal(w->what, "");
}

/* ---- a publication that outlives its claim ------------------------------------------------- */

static void doze(void *arg, enum sim_place place)
{
    struct fixture *const f = arg;

    if (place == SIM_AT_PUBLISH) {
        f->world.workers[0].bus.dozes_until_ms = f->world.broker.now_ms + 3000;
    }
}

/* A commit in doubt sends everything to claiming while a publication of the same generation has not
 * yet sent its first request.  A claim that went on would read the tail before it and publish the
 * same again behind it (C1, E10). */
static void a_claim_waits_for_a_publication_in_flight(void **state)
{
    struct fixture *const f = *state;
    struct sim_world *const w = &f->world;
    struct engine_status is = {.is_in_flight = false};

    sim_world_start(w, 0);
    w->workers[0].bus.stall = doze;
    w->workers[0].bus.stall_arg = f;
    w->workers[0].bus.faults.stall_permille = 1000;
    for (uint32_t i = 0; i < TURNS && !is.is_in_flight; i++) {
        turn_both(w, 0);
        engine_status(w->workers[0].engine, &is);
    }
    assert_true(is.is_in_flight);
    w->workers[0].bus.faults.stall_permille = 0;
    w->workers[0].bus.faults.store_doubts = 200;
    for (uint32_t i = 0; i < RECORDS_MAX;
         i++) { /* only a full batch is stored before the outcome */
        sim_log_registration(&w->log, i % 2, "R0000001", "C3411");
    }
    for (uint32_t i = 0; i < TURNS && is.counters.batches_doubted == 0; i++) {
        turn_both(w, 0);
        engine_status(w->workers[0].engine, &is);
    }
    assert_true(is.counters.batches_doubted > 0);
    assert_true(is.is_in_flight);
    sim_world_rest(w);
    sim_world_check(w);
    assert_string_equal(w->what, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(goes_on_where_it_stopped),
        TEST(waits_until_a_starting_broker_knows_its_topics),
        TEST(stops_when_there_is_no_record),
        TEST(stops_when_the_first_record_founds_nothing),
        TEST(stops_when_the_topic_was_made_anew),
        TEST(stops_when_the_log_was_cut),
        TEST(stops_when_the_log_begins_too_late),
        TEST(stops_when_the_offsets_are_of_another_store),
        TEST(stops_when_more_is_published_than_stored),
        TEST(stops_when_decisions_are_missing_in_the_topic),
        TEST(stops_when_another_decision_is_published),
        TEST(stops_when_the_journal_is_not_what_is_decided),
        TEST(ends_when_it_has_caught_up),
        TEST(writes_states_back_when_nothing_comes),
        TEST(gives_up_a_broker_that_does_not_answer_for_30_s),
        TEST(stops_without_topics),
        TEST(publishes_from_the_journal_what_a_crash_left),
        TEST(an_owner_fenced_by_a_late_claimer_claims_again),
        TEST(a_late_claimer_reads_its_row_again_before_it_calls_anybody),
        TEST(a_claim_waits_for_a_publication_in_flight),
    };

    return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
