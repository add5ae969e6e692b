#include "consumers/audit/what_if_log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "consumers/audit/log_reader.h"
#include "kafka/admin.h"

#define ANSWER_MS      10000
#define NAP_NS         50000000
#define THREADS_MAX    64
#define PROGRESS_EVERY 256 /* records */
#define JOB_MAGIC      UINT32_C(0x77696a62)

/* What one partition gives. */
struct part {
    int64_t first;
    int64_t end;
    FILE *rows; /* spooled */
    struct what_if_counts counts;
    enum status status;
    struct failure err;
};

/* A run, shared by its threads: each takes the next partition until there is none. */
struct run {
    uint32_t magic;
    const struct what_if_log_conf *conf;
    struct what_if_log_report *report;
    rd_kafka_t *handle;
    struct part *parts;
    uint32_t partitions_n;
    uint64_t records_n;
    atomic_uint next;  /* partition */
    atomic_uint ended; /* threads */
    atomic_bool is_stopped;
    atomic_uint_fast64_t records;
};

/* ---- rows in between ----------------------------------------------------------------------- */

enum row_kind { ROW_FLIP = 1, ROW_BREACH };

static void spool(struct part *part, enum row_kind kind, const void *row, size_t n)
{
    const char tag = (char)kind;

    if (part->status == STATUS_OK &&
        (fwrite(&tag, 1, 1, part->rows) != 1 || fwrite(row, n, 1, part->rows) != 1)) {
        part->status = failure_set(&part->err, STATUS_IO, REMEDY_STOP, errno,
                                   "cannot write a temporary file: %s", strerrordesc_np(errno));
    }
}

static void spool_flip(void *arg, const struct flip *flip)
{
    spool(arg, ROW_FLIP, flip, sizeof(*flip));
}

static void spool_breach(void *arg, const struct breach *breach)
{
    spool(arg, ROW_BREACH, breach, sizeof(*breach));
}

static enum status unspool(struct run *r, struct part *part, struct failure *err)
{
    const struct what_if_log_conf *conf = r->conf;
    int tag;

    if (fflush(part->rows) != 0 || fseek(part->rows, 0, SEEK_SET) != 0) {
        return failure_set(err, STATUS_IO, REMEDY_STOP, errno, "cannot write a temporary file: %s",
                           strerrordesc_np(errno));
    }
    for (tag = getc(part->rows); tag != EOF; tag = getc(part->rows)) {
        struct flip flip;
        struct breach breach;
        bool is_read = false;

        if (tag == ROW_FLIP) {
            is_read = fread(&flip, sizeof(flip), 1, part->rows) == 1;
        } else {
            is_read = fread(&breach, sizeof(breach), 1, part->rows) == 1;
        }
        if (!is_read) {
            return failure_set(err, STATUS_IO, REMEDY_STOP, 0, "a temporary file is cut off");
        }
        if (tag == ROW_FLIP) {
            conf->flip(conf->arg, &flip);
        } else {
            conf->breach(conf->arg, &breach);
        }
    }
    return STATUS_OK;
}

/* ---- one partition ------------------------------------------------------------------------- */

static enum status not_whole(uint32_t partition, const struct part *part, struct failure *err)
{
    if (part->first > 0) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "partition %" PRIu32 " has nothing below offset %" PRId64
                           ": the log was cut, and cannot be decided again",
                           partition, part->first);
    }
    return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                       "partition %" PRIu32 " is empty: run 'filingctl ledger found'", partition);
}

static enum status decide_all(struct run *r, struct what_if *what_if, struct log_reader *input,
                              struct bus_record *record, struct failure *err)
{
    bool is_past = false;
    bool at_end = false;
    uint64_t n = 0;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && !at_end && !is_past) {
        if (n % PROGRESS_EVERY == 0 && atomic_load(&r->is_stopped)) {
            return STATUS_OK;
        }
        status = what_if_record(what_if, record, &is_past, err);
        n++;
        atomic_fetch_add(&r->records, 1);
        if (status == STATUS_OK && !is_past) {
            status = log_reader_next(input, record, &at_end, err);
        }
    }
    return status == STATUS_OK ? what_if_end(what_if, err) : status;
}

static enum status decide_partition(struct run *r, uint32_t partition, struct part *part,
                                    struct failure *err)
{
    const struct what_if_conf conf = {.replay = {.topic = r->conf->topics->submitted,
                                                 .partition = partition,
                                                 .partitions_n = r->partitions_n},
                                      .policy = r->conf->policy,
                                      .from_ms = r->conf->from_ms,
                                      .to_ms = r->conf->to_ms,
                                      .flip = spool_flip,
                                      .breach = spool_breach,
                                      .arg = part};
    const struct log_reader_conf reading = {.handle = r->handle,
                                            .topic = r->conf->topics->submitted,
                                            .partition = partition,
                                            .from = part->first,
                                            .end = part->end};
    struct log_reader *input = NULL;
    struct what_if *what_if = NULL;
    struct bus_record record;
    bool at_end = false;
    enum status status = log_reader_open(&reading, &input, err);

    if (status == STATUS_OK) {
        status = log_reader_next(input, &record, &at_end, err);
    }
    if (status == STATUS_OK && at_end) {
        status = not_whole(partition, part, err);
    }
    if (status == STATUS_OK) {
        status = what_if_open(&conf, &record, &what_if, err);
    }
    if (status == STATUS_OK) {
        status = decide_all(r, what_if, input, &record, err);
        part->counts = what_if_counts(what_if);
    }
    what_if_close(what_if);
    log_reader_close(input);
    return status;
}

static void run_part(struct run *r, uint32_t partition)
{
    struct part *const part = &r->parts[partition];
    struct failure err = {.status = STATUS_OK};
    enum status status = STATUS_OK;

    part->rows = tmpfile();
    if (!part->rows) {
        status = failure_set(&err, STATUS_IO, REMEDY_STOP, errno,
                             "cannot make a temporary file: %s", strerrordesc_np(errno));
    }
    if (status == STATUS_OK) {
        status = decide_partition(r, partition, part, &err);
    }
    if (status != STATUS_OK) { /* else what spooling met, if anything */
        part->status = status;
        part->err = err;
    }
    if (part->status != STATUS_OK) {
        atomic_store(&r->is_stopped, true);
    }
}

static void *run_thread(void *arg)
{
    struct run *const r = arg;
    uint32_t partition;

    assert(r->magic == JOB_MAGIC);
    for (partition = atomic_fetch_add(&r->next, 1); partition < r->partitions_n;
         partition = atomic_fetch_add(&r->next, 1)) {
        if (!atomic_load(&r->is_stopped)) {
            run_part(r, partition);
        }
    }
    atomic_fetch_add(&r->ended, 1);
    return NULL;
}

/* ---- all ----------------------------------------------------------------------------------- */

static enum status find_ends(struct run *r, struct failure *err)
{
    enum status status = STATUS_OK;

    for (uint32_t p = 0; p < r->partitions_n && status == STATUS_OK; p++) {
        struct part *part = &r->parts[p];

        status = admin_ends(r->handle, r->conf->topics->submitted, (int32_t)p, ANSWER_MS,
                            &part->first, &part->end, err);
        if (status == STATUS_OK && (part->first > 0 || part->end == 0)) {
            status = not_whole(p, part, err);
        }
        r->records_n += (uint64_t)(part->end - part->first);
    }
    return status;
}

static enum status open_all(struct run *r, struct failure *err)
{
    const char *topic = r->conf->topics->submitted;
    rd_kafka_conf_t *conf = NULL;
    int32_t n = 0;
    enum status status = kafka_conf(KAFKA_LOOK_COMMITTED, &r->conf->kafka, &conf, err);

    if (status == STATUS_OK) {
        status = kafka_open(KAFKA_LOOK_COMMITTED, conf, &r->handle, err);
    }
    if (status == STATUS_OK) {
        status = admin_reach(r->handle, r->conf->kafka.bootstrap, ANSWER_MS, err);
    }
    if (status == STATUS_OK) {
        status = admin_partition_count(r->handle, topic, ANSWER_MS, &n, err);
    }
    if (status == STATUS_OK && n <= 0) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "there is no topic '%s': run 'filingctl topics apply'", topic);
    }
    if (status != STATUS_OK) {
        return status;
    }
    r->partitions_n = (uint32_t)n;
    r->parts = calloc(r->partitions_n, sizeof(*r->parts));
    return r->parts ? find_ends(r, err)
                    : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
}

static uint32_t threads_of(const struct run *r)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t n = r->conf->threads;

    if (n == 0) {
        n = cores > 0 ? (uint32_t)cores : 1;
    }
    n = n < THREADS_MAX ? n : THREADS_MAX;
    return n < r->partitions_n ? n : r->partitions_n;
}

/* Tell progress and look for an interruption until all threads have ended. */
static void watch(struct run *r, uint32_t started)
{
    const struct what_if_log_conf *conf = r->conf;
    const struct timespec nap = {.tv_nsec = NAP_NS};

    while (atomic_load(&r->ended) < started) {
        (void)nanosleep(&nap, NULL);
        if (conf->progress) {
            conf->progress(conf->arg, atomic_load(&r->records), r->records_n);
        }
        if (conf->stop && conf->stop(conf->arg)) {
            r->report->is_interrupted = true;
            atomic_store(&r->is_stopped, true);
        }
    }
}

static enum status run_threads(struct run *r, struct failure *err)
{
    const uint32_t wanted = threads_of(r);
    pthread_t threads[THREADS_MAX];
    uint32_t started = 0;

    while (started < wanted && pthread_create(&threads[started], NULL, run_thread, r) == 0) {
        started++;
    }
    watch(r, started);
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return started > 0 ? STATUS_OK
                       : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot start a thread");
}

/* The first partition that failed; else the rows of all, in order. */
static enum status tell(struct run *r, struct failure *err)
{
    struct what_if_counts *const sum = &r->report->counts;
    enum status status = STATUS_OK;

    for (uint32_t p = 0; p < r->partitions_n; p++) {
        if (r->parts[p].status != STATUS_OK) {
            *err = r->parts[p].err;
            return r->parts[p].status;
        }
    }
    for (uint32_t p = 0; p < r->partitions_n && status == STATUS_OK; p++) {
        const struct what_if_counts *counts = &r->parts[p].counts;

        r->report->partitions++;
        sum->records += counts->records;
        sum->decisions += counts->decisions;
        sum->flips += counts->flips;
        sum->breaches += counts->breaches;
        status = unspool(r, &r->parts[p], err);
    }
    return status;
}

enum status what_if_log_run(const struct what_if_log_conf *conf, struct what_if_log_report *report,
                            struct failure *err)
{
    struct run r = {.magic = JOB_MAGIC, .conf = conf, .report = report};
    enum status status;

    memset(report, 0, sizeof(*report));
    status = open_all(&r, err);
    if (status == STATUS_OK) {
        status = run_threads(&r, err);
    }
    if (status == STATUS_OK && !report->is_interrupted) {
        status = tell(&r, err);
    }
    for (uint32_t p = 0; r.parts && p < r.partitions_n; p++) {
        if (r.parts[p].rows) {
            (void)fclose(r.parts[p].rows);
        }
    }
    free(r.parts);
    if (r.handle) {
        rd_kafka_destroy(r.handle);
    }
    return status;
}
