/* bench_latency.c - the time from the call that publishes a filing to seeing its decision,
 * read_committed.
 *
 *   bench_latency PREFIX --from NUMBER [--enterprises 10000] [--rate 5000] [--seconds 10]
 *   bench_latency PREFIX --from NUMBER [--enterprises 10000] --restart WORKER ARGUMENT ...
 *
 * A worker runs and has caught up; filings from NUMBER on of bench_load's load are published at a
 * steady rate.  Every filing of the load has one decision, so the n-th one published to a partition
 * is the n-th one decided there from now on; that the ids are the same is looked at for each.
 *
 * With --restart no worker runs: one filing is published, the worker is started, and the time from
 * there to the filing's decision is told; then the worker is asked to end. */
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/settings.h"
#include "tests/bench/load_kit.h"
#include "tests/broker/cluster.h"
#include "wire/decision_codec.h"

#define TIMEOUT_MS      10000
#define LAST_US         (INT64_C(30) * 1000000) /* for the last decisions to come */
#define LAST_RESTART_US (INT64_C(120) * 1000000)
#define ID_TEXT         36

struct sent {
    int64_t at_us;
    uint64_t filing;
};

struct latency {
    struct load load;
    rd_kafka_t *producer;
    rd_kafka_t *consumer;
    struct arena arena;
    struct decision decision;
    uint64_t from;
    uint64_t filings;
    uint64_t rate;
    struct sent *sent[LOAD_PARTITIONS]; /* filings of each, written by the publisher */
    _Atomic uint64_t sent_n[LOAD_PARTITIONS];
    uint64_t seen_n[LOAD_PARTITIONS];
    int64_t *took_us;
    uint64_t took_n;
    uint64_t accepted;
    uint64_t bytes;
};

static void publish_one(struct latency *l, uint64_t i)
{
    struct load_filing filing;
    uint64_t n;

    load_filing(&l->load, l->from + i, &filing);
    n = atomic_load(&l->sent_n[filing.partition]);
    l->sent[filing.partition][n] =
        (struct sent){.at_us = clock_monotonic_us(), .filing = l->from + i};
    atomic_store(&l->sent_n[filing.partition], n + 1);
    while (!load_send(l->producer, &l->load, &filing, NULL)) {
        (void)rd_kafka_poll(l->producer, 1);
    }
    (void)rd_kafka_poll(l->producer, 0);
}

static void *publish_all(void *opaque)
{
    struct latency *l = opaque;
    const int64_t started_us = clock_monotonic_us();

    for (uint64_t i = 0; i < l->filings; i++) {
        const int64_t due_us = started_us + (int64_t)(i * 1000000 / l->rate);
        const int64_t left_us = due_us - clock_monotonic_us();

        if (left_us > 0) {
            (void)usleep((useconds_t)left_us);
        }
        publish_one(l, i);
    }
    (void)rd_kafka_flush(l->producer, TIMEOUT_MS);
    return NULL;
}

static void open_consumer(struct latency *l)
{
    const struct kafka_options options = {.bootstrap = cluster_bootstrap(), .client_id = "bench"};
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(LOAD_PARTITIONS);
    rd_kafka_conf_t *conf = NULL;
    struct failure err;

    load_need(kafka_conf(KAFKA_LOOK_COMMITTED, &options, &conf, &err), "configure", &err);
    load_need(kafka_open(KAFKA_LOOK_COMMITTED, conf, &l->consumer, &err), "open", &err);
    for (int32_t p = 0; p < LOAD_PARTITIONS; p++) {
        int64_t first = 0;
        int64_t end = 0;

        load_need(
            admin_ends(l->consumer, l->load.topics.decided, p, TIMEOUT_MS, &first, &end, &err),
            "ask for the end of a partition", &err);
        rd_kafka_topic_partition_list_add(list, l->load.topics.decided, p)->offset = end;
    }
    (void)rd_kafka_assign(l->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* The decision of the filing that was published as number n to this partition. */
static void check(struct latency *l, const rd_kafka_message_t *m, const struct sent *sent)
{
    char id[ID_TEXT + 1];
    struct failure err;

    arena_reset(&l->arena);
    load_need(decision_decode((struct bytes){.at = m->payload, .n = m->len}, &l->arena,
                              &l->decision, &err),
              "read a decision", &err);
    load_filing_id(sent->filing, id);
    if (l->decision.identity.filing_id.n != ID_TEXT ||
        memcmp(l->decision.identity.filing_id.at, id, ID_TEXT) != 0) {
        (void)fprintf(stderr, "partition %d decides another filing than was published\n",
                      (int)m->partition);
        exit(EXIT_FAILURE);
    }
    l->accepted += l->decision.outcome == OUTCOME_ACCEPTED ? 1 : 0;
    l->bytes += m->len;
}

static void see(struct latency *l, const rd_kafka_message_t *m)
{
    const int64_t now_us = clock_monotonic_us();
    const uint64_t n = l->seen_n[m->partition]++;

    if (n >= atomic_load(&l->sent_n[m->partition])) {
        (void)fprintf(stderr, "partition %d has more decisions than filings\n", (int)m->partition);
        exit(EXIT_FAILURE);
    }
    l->took_us[l->took_n++] = now_us - l->sent[m->partition][n].at_us;
    check(l, m, &l->sent[m->partition][n]);
}

static void see_all(struct latency *l, int64_t last_us)
{
    const int64_t until_us =
        clock_monotonic_us() + (int64_t)(l->filings * 1000000 / l->rate) + last_us;

    while (l->took_n < l->filings) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(l->consumer, 100);

        if (m && !m->err) {
            see(l, m);
        }
        if (m) {
            rd_kafka_message_destroy(m);
        }
        if (clock_monotonic_us() > until_us) {
            (void)fprintf(stderr, "%" PRIu64 " decisions did not come\n", l->filings - l->took_n);
            exit(EXIT_FAILURE);
        }
    }
}

static int by_value(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static double ms_at(const struct latency *l, uint64_t rank)
{
    return (double)l->took_us[rank] / 1000;
}

static void steady(struct latency *l)
{
    pthread_t publisher;
    int rc = pthread_create(&publisher, NULL, publish_all, l);

    assert(rc == 0);
    see_all(l, LAST_US);
    pthread_join(publisher, NULL);
    qsort(l->took_us, l->took_n, sizeof(*l->took_us), by_value);
    printf("latency_%" PRIu64 "_p50 %.1f ms\n", l->rate, ms_at(l, l->took_n / 2));
    printf("latency_%" PRIu64 "_p99 %.1f ms\n", l->rate, ms_at(l, l->took_n * 99 / 100));
    printf("latency_%" PRIu64 "_max %.1f ms\n", l->rate, ms_at(l, l->took_n - 1));
    printf("latency_%" PRIu64 "_accepted %.1f percent\n", l->rate,
           100.0 * (double)l->accepted / (double)l->took_n);
    printf("decision_size %.0f bytes\n", (double)l->bytes / (double)l->took_n);
}

static void restart(struct latency *l, char **command)
{
    int64_t started_us;
    int result = 0;
    pid_t worker;

    publish_one(l, 0);
    (void)rd_kafka_flush(l->producer, TIMEOUT_MS);
    started_us = clock_monotonic_us();
    worker = fork();
    if (worker == 0) {
        (void)execv(command[0], command);
        _exit(127);
    }
    see_all(l, LAST_RESTART_US);
    printf("restart_to_first_decision %.2f s\n", (double)(clock_monotonic_us() - started_us) / 1e6);
    (void)kill(worker, SIGTERM);
    (void)waitpid(worker, &result, 0);
    if (!WIFEXITED(result) || WEXITSTATUS(result) != 0) {
        (void)fprintf(stderr, "the worker did not end well\n");
        exit(EXIT_FAILURE);
    }
}

static char **command_of(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--restart") == 0) {
            return &argv[i + 1];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct latency l;
    char **command = command_of(argc, argv);
    struct failure err;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: bench_latency PREFIX --from N [--enterprises N] [--rate N] "
                              "[--seconds N] [--restart WORKER ARGUMENT ...]\n");
        return 2;
    }
    load_open(&l.load, argv[1], (uint32_t)load_option(argc, argv, "--enterprises", 10000));
    load_need(arena_open(&l.arena, (size_t)1 << 20, &err), "open an arena", &err);
    l.from = load_option(argc, argv, "--from", 0);
    l.rate = load_option(argc, argv, "--rate", 5000);
    l.filings = command ? 1 : l.rate * load_option(argc, argv, "--seconds", 10);
    l.took_us = calloc(l.filings, sizeof(*l.took_us));
    assert(l.took_us);
    for (int p = 0; p < LOAD_PARTITIONS; p++) {
        l.sent[p] = calloc(l.filings, sizeof(*l.sent[p]));
        assert(l.sent[p]);
    }
    open_consumer(&l);
    l.producer = load_producer();
    if (command) {
        restart(&l, command);
    } else {
        steady(&l);
    }
    for (int p = 0; p < LOAD_PARTITIONS; p++) {
        free(l.sent[p]);
    }
    free(l.took_us);
    rd_kafka_destroy(l.producer);
    rd_kafka_destroy(l.consumer);
    arena_close(&l.arena);
    load_close(&l.load);
    return EXIT_SUCCESS;
}
