/* The text is compared whole: names, labels, buckets and units as a scraper will read them. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/metrics.h"

#define THREADS_N 4
#define ADDS_N    20000

enum { DECISIONS, LAG, STORE_TIME, BYTES, ROWS, METRICS_N };

static const char *const outcomes[] = {"accepted", "re\"jec\\ted"};

static const struct metric table[] = {
    METRICS_ROW("filing_decisions_total", COUNTER, NONE, "outcome", outcomes, 2,
                "Decisions\\stored.\nBy outcome.") /* the macro ends the row */
    METRICS_ROW("filing_lag", GAUGE, NONE, "partition", NULL, 3, "Records not yet decided.")
        METRICS_ROW("filing_store_seconds", HISTOGRAM, SECONDS, NULL, NULL, 1, "Time of a commit.")
            METRICS_ROW("filing_held_bytes", GAUGE, BYTES, NULL, NULL, 1, "Memory held.")
                METRICS_ROW("filing_batch", HISTOGRAM, NONE, "partition", NULL, 2,
                            "Records in a batch.")};
_Static_assert(sizeof(table) / sizeof(table[0]) == METRICS_N, "a row without a number");

struct fixture {
    struct metrics *metrics;
    struct buffer text;
};

static struct fixture fixture;

static int setup(void **state)
{
    *state = &fixture;
    buffer_init(&fixture.text, 65536);
    return metrics_open(table, METRICS_N, &fixture.metrics, NULL) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    metrics_close(fixture.metrics);
    buffer_fini(&fixture.text);
    return 0;
}

static const char *text_of(struct fixture *f)
{
    buffer_reset(&f->text);
    metrics_write(f->metrics, &f->text);
    assert_int_equal(buffer_check(&f->text, NULL), STATUS_OK);
    return buffer_cstr(&f->text);
}

static void labelled_series_are_shown_from_their_first_write(void **state)
{
    struct fixture *f = *state;

    assert_null(strstr(text_of(f), "filing_decisions_total{"));
    assert_non_null(strstr(text_of(f), "\nfiling_held_bytes 0\n"));
    metrics_add(f->metrics, DECISIONS, 1, 0);
    assert_non_null(
        strstr(text_of(f), "\nfiling_decisions_total{outcome=\"re\\\"jec\\\\ted\"} 0\n"));
    metrics_set(f->metrics, LAG, 2, -7);
    assert_non_null(strstr(text_of(f), "\nfiling_lag{partition=\"2\"} -7\n"));
    assert_null(strstr(text_of(f), "partition=\"0\""));
    metrics_hide(f->metrics, LAG, 2);
    assert_null(strstr(text_of(f), "filing_lag{"));
    metrics_set(f->metrics, LAG, 2, 8);
    assert_non_null(strstr(text_of(f), "\nfiling_lag{partition=\"2\"} 8\n"));
}

static void every_metric_has_help_and_type(void **state)
{
    static const char want[] = "# HELP filing_decisions_total Decisions\\\\stored.\\nBy outcome.\n"
                               "# TYPE filing_decisions_total counter\n"
                               "# HELP filing_lag Records not yet decided.\n"
                               "# TYPE filing_lag gauge\n"
                               "# HELP filing_store_seconds Time of a commit.\n"
                               "# TYPE filing_store_seconds histogram\n"
                               "filing_store_seconds_bucket{le=\"0.000100\"} 0\n";
    struct fixture *f = *state;

    assert_int_equal(strncmp(text_of(f), want, sizeof(want) - 1), 0);
}

static void counters_add_and_gauges_set(void **state)
{
    struct fixture *f = *state;

    metrics_add(f->metrics, DECISIONS, 0, 3);
    metrics_add(f->metrics, DECISIONS, 0, 4);
    metrics_set(f->metrics, BYTES, 0, 5);
    metrics_set(f->metrics, BYTES, 0, 6);
    assert_int_equal(metrics_get(f->metrics, DECISIONS, 0), 7);
    assert_int_equal(metrics_get(f->metrics, DECISIONS, 1), 0);
    assert_int_equal(metrics_get(f->metrics, BYTES, 0), 6);
    assert_non_null(strstr(text_of(f), "\nfiling_decisions_total{outcome=\"accepted\"} 7\n"));
}

static void buckets_are_inclusive_and_cumulative(void **state)
{
    struct fixture *f = *state;
    const char *text;

    metrics_observe(f->metrics, STORE_TIME, 0, 100);
    metrics_observe(f->metrics, STORE_TIME, 0, 101);
    metrics_observe(f->metrics, STORE_TIME, 0, 60000000);
    metrics_observe(f->metrics, STORE_TIME, 0, 60000001);
    text = text_of(f);
    assert_non_null(strstr(text, "filing_store_seconds_bucket{le=\"0.000100\"} 1\n"
                                 "filing_store_seconds_bucket{le=\"0.000250\"} 2\n"));
    assert_non_null(strstr(text, "filing_store_seconds_bucket{le=\"30.000000\"} 2\n"
                                 "filing_store_seconds_bucket{le=\"60.000000\"} 3\n"
                                 "filing_store_seconds_bucket{le=\"+Inf\"} 4\n"
                                 "filing_store_seconds_sum 120.000202\n"
                                 "filing_store_seconds_count 4\n"));
}

static void histograms_take_labels_before_le(void **state)
{
    struct fixture *f = *state;
    const char *text;

    metrics_observe(f->metrics, ROWS, 1, 0);
    metrics_observe(f->metrics, ROWS, 1, 10001);
    text = text_of(f);
    assert_non_null(strstr(text, "\nfiling_batch_bucket{partition=\"1\",le=\"1\"} 1\n"));
    assert_non_null(strstr(text, "\nfiling_batch_bucket{partition=\"1\",le=\"+Inf\"} 2\n"
                                 "filing_batch_sum{partition=\"1\"} 10001\n"
                                 "filing_batch_count{partition=\"1\"} 2\n"));
    assert_null(strstr(text, "filing_batch_bucket{partition=\"0\""));
}

static void *add_many(void *argument)
{
    for (int i = 0; i < ADDS_N; i++) {
        metrics_add(argument, DECISIONS, 0, 1);
        metrics_observe(argument, STORE_TIME, 0, 1);
    }
    return NULL;
}

static void threads_lose_nothing(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS_N];

    for (int i = 0; i < THREADS_N; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, f->metrics), 0);
    }
    for (int i = 0; i < THREADS_N; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(metrics_get(f->metrics, DECISIONS, 0), THREADS_N * ADDS_N);
    assert_non_null(strstr(text_of(f), "filing_store_seconds_count 80000\n"));
}

static void without_metrics_nothing_happens(void **state)
{
    (void)state;
    metrics_add(NULL, DECISIONS, 0, 1);
    metrics_set(NULL, LAG, 0, 1);
    metrics_observe(NULL, STORE_TIME, 0, 1);
    metrics_hide(NULL, LAG, 0);
    assert_int_equal(metrics_get(NULL, LAG, 0), 0);
    metrics_close(NULL);
}

int main(void)
{
#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        UNIT(labelled_series_are_shown_from_their_first_write),
        UNIT(every_metric_has_help_and_type),
        UNIT(counters_add_and_gauges_set),
        UNIT(buckets_are_inclusive_and_cumulative),
        UNIT(histograms_take_labels_before_le),
        UNIT(threads_lose_nothing),
        UNIT(without_metrics_nothing_happens),
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
