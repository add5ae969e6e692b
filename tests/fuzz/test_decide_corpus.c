/* Every sequence of the corpus through the decider and the model, on every ordinary run and without
 * a fuzzer; together they reach every event and every outcome. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz_decide.h"

#define CORPUS "tests/fuzz/corpus/decide"

enum { FILE_MAX = 4096 };

/* In memory that ends where the bytes end. */
static void run_file(const char *path)
{
    static uint8_t bytes[FILE_MAX];
    FILE *file = fopen(path, "rb");
    uint8_t *copy = NULL;
    size_t n = 0;

    assert_non_null(file);
    n = fread(bytes, 1, sizeof(bytes), file);
    assert_int_equal(fclose(file), 0);
    copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    assert_int_equal(LLVMFuzzerTestOneInput(copy, n), 0);
    free(copy);
}

static void the_corpus_is_decided_alike_both_ways(void **state)
{
    DIR *folder = opendir(CORPUS);
    struct dirent *entry = NULL;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        char path[512];

        if (entry->d_name[0] != '.') {
            (void)snprintf(path, sizeof(path), CORPUS "/%s", entry->d_name);
            run_file(path);
        }
    }
    assert_int_equal(closedir(folder), 0);
}

static void the_corpus_reaches_every_event(void **state)
{
    const struct comparison_counts *counts = fuzz_decide_counts();

    (void)state;
    assert_non_null(counts);
    for (int event = 1; event < EVENT_BULLETIN; event++) {
        const size_t *n = counts->outcomes[event];

        print_message("%-30s %6zu accepted %6zu rejected %6zu held %6zu duplicate\n",
                      event_name((enum event)event), n[OUTCOME_ACCEPTED], n[OUTCOME_REJECTED],
                      n[OUTCOME_HELD], n[OUTCOME_DUPLICATE]);
        assert_true(n[OUTCOME_ACCEPTED] > 0);
        assert_true(n[OUTCOME_REJECTED] > 0);
    }
    for (int code = 0; code < COMPARISON_CODES; code++) {
        if (counts->codes[code] > 0) {
            print_message("%d %6zu\n", code, counts->codes[code]);
        }
    }
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        print_message("%-30s %6zu\n", flag_name((enum flag)(1U << i)), counts->flags[i]);
        assert_true(counts->flags[i] > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_corpus_is_decided_alike_both_ways),
                                       cmocka_unit_test(the_corpus_reaches_every_event)};

    return cmocka_run_group_tests_name("decide corpus", tests, NULL, NULL);
}
