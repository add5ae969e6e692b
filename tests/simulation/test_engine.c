#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim_world.h"

static const struct sim_faults all_faults = {.lost_answer = 15,
                                             .late_request = 15,
                                             .abort = 1,
                                             .pending = 30,
                                             .empty = 20,
                                             .store_drops = 2,
                                             .store_doubts = 4,
                                             .store_locked = 5};

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
    free(world);
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
    for (uint64_t seed = first; seed < first + n; seed++) {
        run(&(struct sim_conf){.seed = seed,
                               .workers_n = 1 + (uint32_t)(seed % SIM_WORKERS),
                               .steps = 3000,
                               .records_n = 250,
                               .records_max = 1 + (uint32_t)(seed % 13),
                               .faults = all_faults,
                               .crash_percent = 10,
                               .pause_percent = 5,
                               .leave_percent = 5});
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
