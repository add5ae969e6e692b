#include "fuzz_decide.h"

#include <stdio.h>
#include <stdlib.h>

static struct comparison *comparison;

/* The last byte of the head says before which step the decider is closed and opened again. */
static size_t restart_of(const struct history *history, const uint8_t *data, size_t size)
{
    return size >= HISTORY_HEAD_SIZE ? data[HISTORY_HEAD_SIZE - 1] % history->steps_n : 0;
}

static void explain(struct history *history, size_t at)
{
    comparison_explain(comparison, history, at);
    (void)fflush(stdout);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct history history;
    size_t at = 0;

    if (comparison == NULL) {
        comparison = comparison_open();
    }
    history_init_steered(&history, data, size);
    at = comparison_run(comparison, &history, restart_of(&history, data, size));
    if (at < history.steps_n) {
        explain(&history, at);
    }
    if (comparison_counts(comparison)->broken > 0 || !comparison_is_empty(comparison, &history)) {
        explain(&history, history.steps_n - 1);
    }
    history_fini(&history);
    return 0;
}

const struct comparison_counts *fuzz_decide_counts(void)
{
    return comparison != NULL ? comparison_counts(comparison) : NULL;
}
