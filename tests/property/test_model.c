/* Many histories, decided by the decider of the worker and by the model, decision by decision.
 *
 *   test_model [--seed S] [--count HISTORIES]
 *
 * A difference names its seed, is shrunk to the steps that it needs, and is printed with both
 * answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compare.h"

enum { HISTORIES = 400, DIFFERENCES_MAX = 5 };

static uint64_t first_seed = 1;
static uint64_t histories = HISTORIES;

/* What the histories were made of: a test of nothing but refusals would prove little. */
static void tell_counts(const struct comparison_counts *counts)
{
    print_message("%zu filings; %zu restarts, %zu histories unwound, %zu decided alone\n",
                  counts->filings, counts->restarts, counts->unwound, counts->alone);
    for (int event = 1; event < EVENT_N; event++) {
        const size_t *n = counts->outcomes[event];

        if (n[OUTCOME_ACCEPTED] + n[OUTCOME_REJECTED] + n[OUTCOME_HELD] > 0) {
            print_message("%-28s %6zu accepted %6zu rejected %6zu held %6zu duplicate\n",
                          event_name((enum event)event), n[OUTCOME_ACCEPTED], n[OUTCOME_REJECTED],
                          n[OUTCOME_HELD], n[OUTCOME_DUPLICATE]);
        }
    }
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        print_message("%s: %zu\n", flag_name((enum flag)(1U << i)), counts->flags[i]);
    }
    for (int code = 0; code < COMPARISON_CODES; code++) {
        if (counts->codes[code] > 0) {
            print_message("%d: %zu\n", code, counts->codes[code]);
        }
    }
}

static void decider_and_model_agree(void **state)
{
    struct comparison *r = comparison_open();
    size_t differences = 0;

    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + histories && differences < DIFFERENCES_MAX;
         seed++) {
        struct history h;
        size_t at = 0;

        history_init(&h, seed);
        at = comparison_run(r, &h, seed % 3 == 0 ? seed % h.steps_n : 0);
        if (at < h.steps_n) {
            comparison_explain(r, &h, at);
            (void)fflush(stdout);
            differences++;
        } else {
            differences += comparison_is_empty(r, &h) ? 0 : 1;
            differences += seed % 5 != 0 || comparison_is_unrelated(r, &h) ? 0 : 1;
        }
        history_fini(&h);
    }
    tell_counts(comparison_counts(r));
    assert_int_equal(differences, 0);
    assert_int_equal(comparison_counts(r)->broken, 0);
    comparison_close(r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decider_and_model_agree)};

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0) {
            first_seed = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--count") == 0) {
            histories = strtoull(argv[i + 1], NULL, 10);
        }
    }
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
