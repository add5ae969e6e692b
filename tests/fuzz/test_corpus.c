/* Every file of the corpus through the fuzz target, whole, cut short and with each byte changed, on
 * every ordinary run and without a fuzzer. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CORPUS   "tests/fuzz/corpus/decode"
#define FILE_MAX 8192

/* NOLINTNEXTLINE(readability-identifier-naming): the fuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory that ends where the bytes end. */
static void run(const uint8_t *at, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, at, n);
    assert_int_equal(LLVMFuzzerTestOneInput(copy, n), 0);
    free(copy);
}

static void run_file(const char *path)
{
    uint8_t bytes[FILE_MAX];
    FILE *file = fopen(path, "rb");
    size_t n = 0;

    assert_non_null(file);
    n = fread(bytes, 1, sizeof(bytes), file);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i <= n; i++) {
        run(bytes, i);
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t was = bytes[i];

        bytes[i] = (uint8_t)(was + 1);
        run(bytes, n);
        bytes[i] = (uint8_t)~was;
        run(bytes, n);
        bytes[i] = was;
    }
}

static void the_corpus_runs_clean(void **state)
{
    DIR *folder = opendir(CORPUS);
    struct dirent *entry = NULL;
    unsigned files = 0;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        char path[512];

        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof(path), CORPUS "/%s", entry->d_name);
        run_file(path);
        files++;
    }
    assert_int_equal(closedir(folder), 0);
    assert_true(files >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_corpus_runs_clean)};

    return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
