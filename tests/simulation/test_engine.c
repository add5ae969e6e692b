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

static const struct sim_faults all_faults = {.lost_answer = 15,
                                             .late_request = 15,
                                             .abort = 1,
                                             .pending = 30,
                                             .empty = 20,
                                             .store_drops = 2,
                                             .store_doubts = 4,
                                             .store_locked = 5,
                                             .false_abort = 2,
                                             .stall_permille = 30,
                                             .doze_permille = 20};

/* What the histories of a test went through, so that none passes because nothing happened. */
static struct engine_counters seen;
static uint64_t seen_outcomes[5];
static uint64_t seen_crashes;

static void add_seen(const struct sim_world *world)
{
    const uint64_t *const from = (const uint64_t *)&world->counters;
    uint64_t *const to = (uint64_t *)&seen;

    for (size_t i = 0; i < sizeof(seen) / sizeof(uint64_t); i++) {
        to[i] += from[i];
    }
    for (size_t i = 0; i < 5; i++) {
        seen_outcomes[i] += world->outcomes[i];
    }
    seen_crashes += world->crashes;
}

static void run(const struct sim_conf *conf)
{
    struct sim_world *world = malloc(sizeof(*world));

    assert_non_null(world);
    sim_world_open(world, conf);
    sim_world_run(world);
    if (world->is_broken) {
        print_error("seed %" PRIu64 ": %s\n", conf->seed, world->what);
    }
    assert_false(world->is_broken);
    sim_world_close(world);
    add_seen(world);
    free(world);
}

static void forget_seen(void)
{
    memset(&seen, 0, sizeof(seen));
    memset(seen_outcomes, 0, sizeof(seen_outcomes));
    seen_crashes = 0;
}

static void one_engine_decides_all(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        run(&(struct sim_conf){
            .seed = seed, .workers_n = 1, .steps = 500, .records_n = 200, .records_max = 20});
    }
}

static void many_engines_with_everything_going_wrong(void **state)
{
    const char *const given = getenv("SIM_SEED");
    const char *const many = getenv("SIM_SEEDS");
    const uint64_t first = given ? strtoull(given, NULL, 10) : 1;
    const uint64_t n = many ? strtoull(many, NULL, 10) : given ? 1 : 100;

    (void)state;
    forget_seen();
    for (uint64_t seed = first; seed < first + n; seed++) {
        run(&(struct sim_conf){.seed = seed,
                               .workers_n = 1 + (uint32_t)(seed % SIM_WORKERS),
                               .steps = 3000,
                               .records_n = 400,
                               .records_max = 1 + (uint32_t)(seed % 13),
                               .states_written_max = 1,
                               .faults = all_faults,
                               .crash_percent = 10,
                               .pause_percent = 5,
                               .leave_percent = 5});
    }
    print_message(
        "claims %" PRIu64 ", recovered %" PRIu64 ", crashes %" PRIu64 ", batches %" PRIu64
        "/%" PRIu64 "/%" PRIu64 "/%" PRIu64 ", publications %" PRIu64 "/%" PRIu64 "/%" PRIu64
        "/%" PRIu64 ", outcomes %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
        seen.claims, seen.recovered_decisions, seen_crashes, seen.batches_stored,
        seen.batches_fenced, seen.batches_dropped, seen.batches_doubted, seen.publications_done,
        seen.publications_recycled, seen.publications_aborted, seen.publications_fenced,
        seen_outcomes[OUTCOME_ACCEPTED], seen_outcomes[OUTCOME_REJECTED],
        seen_outcomes[OUTCOME_HELD], seen_outcomes[OUTCOME_DUPLICATE]);
    if (!given) {
        assert_true(seen.recovered_decisions > 0 && seen_crashes > 0);
        assert_true(seen.batches_fenced > 0 && seen.batches_dropped > 0);
        assert_true(seen.batches_doubted > 0 && seen.publications_recycled > 0);
        assert_true(seen.publications_aborted > 0 && seen.publications_fenced > 0);
        for (size_t i = OUTCOME_ACCEPTED; i <= OUTCOME_DUPLICATE; i++) {
            assert_true(seen_outcomes[i] > 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_engine_decides_all),
        cmocka_unit_test(many_engines_with_everything_going_wrong),
    };

    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
