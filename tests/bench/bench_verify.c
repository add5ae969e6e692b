/* bench_verify.c - what proving a ledger costs, beside what reading its topics alone costs.
 *
 *   bench_verify PREFIX [--store SPEC] [--threads N] [--no-consume]
 *
 * Both read the submitted and the decided topic from the start to the end as it is now: first a
 * plain consumer, one thread that polls and counts, then verify on the topics alone or with a
 * store.  A difference ends the program with 1: what was not proved was not measured. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "consumers/audit/verify.h"
#include "kafka/admin.h"
#include "tests/bench/load_kit.h"
#include "tests/broker/cluster.h"

#define POLL_MS    100
#define TIMEOUT_MS 10000
#define TOPICS_N   2

struct plain {
    const struct topics *topics;
    rd_kafka_t *consumer;
    rd_kafka_topic_partition_list_t *positions;
    int64_t ends[TOPICS_N][LOAD_PARTITIONS];
    uint32_t open_n; /* partitions whose end was not met yet */
    uint64_t records[TOPICS_N];
};

static int64_t cpu_us(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000) +
           used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static long peak_kib(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return used.ru_maxrss;
}

static struct kafka_options options(void)
{
    return (struct kafka_options){.bootstrap = cluster_bootstrap(), .client_id = "bench"};
}

static void add_topic(struct plain *p, int which, const char *topic)
{
    struct failure err;

    for (int32_t i = 0; i < LOAD_PARTITIONS; i++) {
        int64_t first = 0;

        load_need(admin_ends(p->consumer, topic, i, TIMEOUT_MS, &first, &p->ends[which][i], &err),
                  "ask for the end of a partition", &err);
        rd_kafka_topic_partition_list_add(p->positions, topic, i)->offset = first;
        p->open_n += p->ends[which][i] > first ? 1 : 0;
    }
}

static void open_plain(struct plain *p)
{
    const struct kafka_options given = options();
    rd_kafka_conf_t *conf = NULL;
    struct failure err;

    load_need(kafka_conf(KAFKA_LOOK_COMMITTED, &given, &conf, &err), "configure", &err);
    load_need(kafka_open(KAFKA_LOOK_COMMITTED, conf, &p->consumer, &err), "open", &err);
    p->positions = rd_kafka_topic_partition_list_new(TOPICS_N * LOAD_PARTITIONS);
    add_topic(p, 0, p->topics->submitted);
    add_topic(p, 1, p->topics->decided);
}

static void take(struct plain *p, const rd_kafka_message_t *m)
{
    const int which = strcmp(rd_kafka_topic_name(m->rkt), p->topics->submitted) == 0 ? 0 : 1;

    if (!m->err) {
        p->records[which]++;
    } else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        p->open_n -= m->offset >= p->ends[which][m->partition] ? 1 : 0;
    } else {
        load_need(STATUS_KAFKA, rd_kafka_message_errstr(m), NULL);
    }
}

/* Gives the rate. */
static double consume(const struct topics *topics)
{
    struct plain p = {.topics = topics};
    int64_t from_us;
    int64_t before_us;
    double rate;
    uint64_t n;

    open_plain(&p);
    before_us = cpu_us();
    from_us = clock_monotonic_us();
    (void)rd_kafka_assign(p.consumer, p.positions);
    while (p.open_n > 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(p.consumer, POLL_MS);

        if (m) {
            take(&p, m);
            rd_kafka_message_destroy(m);
        }
    }
    n = p.records[0];
    rate = (double)n * 1e6 / (double)(clock_monotonic_us() - from_us);
    (void)printf("consume_rate %.0f filings/s\n", rate);
    (void)printf("consume_cpu %.2f us/filing\n", (double)(cpu_us() - before_us) / (double)n);
    (void)printf("consume_records %" PRIu64 " n\n", n + p.records[1]);
    rd_kafka_topic_partition_list_destroy(p.positions);
    rd_kafka_destroy(p.consumer);
    return rate;
}

static void put_finding(void *arg, const struct finding *finding)
{
    (void)arg;
    (void)fprintf(stderr, "bench_verify: %s partition %" PRIu32 " number %" PRIu64 " %s\n",
                  finding->place, finding->partition, finding->number, finding->field);
}

static const char *text_option(int argc, char **argv, const char *name)
{
    for (int i = 2; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    return NULL;
}

/* Lines are named for what is compared; *ret_rate as consume(). */
static bool prove(const struct topics *topics, int argc, char **argv, double *ret_rate)
{
    const struct verify_conf conf = {
        .kafka = options(),
        .topics = topics,
        .store = text_option(argc, argv, "--store"),
        .partition = -1,
        .bounds = {.from_ms = INT64_MIN, .to_ms = INT64_MAX, .to_offset = INT64_MAX},
        .threads = (uint32_t)load_option(argc, argv, "--threads", 0),
        .finding = put_finding};
    const char *const name = conf.store ? "verify_store" : "verify";
    const int64_t from_us = clock_monotonic_us();
    const int64_t from_cpu_us = cpu_us();
    struct verify_report report;
    struct failure err;
    uint64_t findings;
    uint64_t n;

    load_need(verify_run(&conf, &report, &err), "verify", &err);
    n = report.total.records;
    *ret_rate = (double)n * 1e6 / (double)(clock_monotonic_us() - from_us);
    (void)printf("%s_rate %.0f filings/s\n", name, *ret_rate);
    (void)printf("%s_cpu %.2f us/filing\n", name, (double)(cpu_us() - from_cpu_us) / (double)n);
    (void)printf("%s_compared %" PRIu64 " n\n", name, report.total.published);
    (void)printf("%s_peak %ld MiB\n", name, peak_kib() / 1024);
    findings = report.total.findings;
    verify_report_fini(&report);
    return findings == 0 && n > 0;
}

int main(int argc, char **argv)
{
    static struct topics topics;
    struct failure err;
    double consumed = 0;
    double proved = 0;
    bool is_proved;

    if (argc < 2 || !cluster_bootstrap()) {
        (void)fprintf(stderr, "usage: KAFKA_BOOTSTRAP=HOST:PORT bench_verify PREFIX "
                              "[--store SPEC] [--threads N] [--no-consume]\n");
        return 2;
    }
    load_need(topics_init(&topics, argv[1], &err), "name the topics", &err);
    if (!load_switch(argc, argv, "--no-consume")) {
        consumed = consume(&topics);
    }
    is_proved = prove(&topics, argc, argv, &proved);
    if (consumed > 0) {
        (void)printf("verify_ratio %.2f verify/consume\n", proved / consumed);
    }
    return is_proved ? 0 : 1;
}
