/* verify.c - the partitions of a ledger, shared out to threads, and one report of all.
 *
 * Each thread takes the next partition, the largest first, and verifies it alone: its own Kafka
 * handle, its own reading of the store, a scratch store of the partition.  The thread of the caller
 * verifies nothing: it shows progress, asks whether to stop, and gives the findings of a partition
 * once it and all before it are done (V4). */
#include "consumers/audit/verify.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "consumers/audit/verify_inside.h"
#include "consumers/store/store_read.h"
#include "kafka/admin.h"

#define THREADS_MAX 256
#define LOOK_MS     100
#define AHEAD_KIB   "16384"

/* One partition of the run. */
struct job {
    struct verify_part *part;
    struct verify_findings findings;
    uint64_t records_n; /* as of the start, for the order and for progress */
    bool is_over;       /* guarded by the mutex */
    bool is_given;
};

struct verify {
    struct verify_shared shared; /* first */
    struct verify_report *report;
    struct verify_work work;
    struct checkpoint_book *book;
    rd_kafka_t *handle;
    struct job *jobs; /* by partition */
    struct job **queue;
    uint64_t records_n;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t over;
    uint32_t taken;
    uint32_t running;
    enum status status; /* of the first thread that failed */
    struct failure failure;
    struct sequence_set *sequences; /* of all threads that are done */
};

const char *verify_skip_text(enum verify_skip skip)
{
    static const char *const texts[] = {
        [VERIFY_SKIP_STORE] = "the store: none was named",
        [VERIFY_SKIP_UNOWNED] = "the store: it has nothing of the partition",
        [VERIFY_SKIP_BEFORE] = "what lies before --from or --from-checkpoint",
        [VERIFY_SKIP_AFTER] = "what was received after --to",
        [VERIFY_SKIP_OTHERS] = "other enterprises, held filings, readable tables",
        [VERIFY_SKIP_LATER] = "what the store has of later decisions",
        [VERIFY_SKIP_VIEWS] = "readable tables: none, or true for another decision",
        [VERIFY_SKIP_REST] = "what follows the first difference",
        [VERIFY_SKIP_SEQUENCE] = "gaps in the banks' sequence numbers (audit sequences)",
        [VERIFY_SKIP_CHECKPOINTS] = "checkpoints: no register to judge them by, or no topic",
        [VERIFY_SKIP_TREES] = "trees of checkpoints that begin before what is compared",
        [VERIFY_SKIP_BASE] = "filing ids and undos of the base, which no checkpoint signs",
    };

    _Static_assert(sizeof(texts) / sizeof(texts[0]) == VERIFY_SKIP_N, "a text for each");
    return texts[skip];
}

enum status verify_open_handle(const struct verify_conf *conf, rd_kafka_t **ret,
                               struct failure *err)
{
    rd_kafka_conf_t *settings = NULL;
    char text[256];
    const enum status status = kafka_conf(KAFKA_LOOK_COMMITTED, &conf->kafka, &settings, err);

    if (status != STATUS_OK) {
        return status;
    }
    /* Reading ahead is what bounds memory here: of two partitions a thread. */
    if (rd_kafka_conf_set(settings, "queued.max.messages.kbytes", AHEAD_KIB, text, sizeof(text)) !=
        RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(settings);
        return failure_set(err, STATUS_KAFKA, REMEDY_STOP, 0, "cannot read ahead: %s", text);
    }
    return kafka_open(KAFKA_LOOK_COMMITTED, settings, ret, err);
}

/* ---- a thread ------------------------------------------------------------------------------- */

static struct job *next_job(struct verify *v)
{
    struct job *job = NULL;

    (void)pthread_mutex_lock(&v->mutex);
    if (v->status == STATUS_OK && !atomic_load(&v->shared.is_stopping) &&
        v->taken < v->report->parts_n) {
        job = v->queue[v->taken++];
    }
    (void)pthread_mutex_unlock(&v->mutex);
    return job;
}

static void end_job(struct verify *v, struct job *job, enum status status,
                    const struct failure *failure)
{
    (void)pthread_mutex_lock(&v->mutex);
    if (status != STATUS_OK && v->status == STATUS_OK) {
        v->status = status;
        v->failure = *failure;
        atomic_store(&v->shared.is_stopping, true);
    }
    if (job) {
        job->is_over = true;
    } else {
        v->running--;
    }
    (void)pthread_cond_signal(&v->over);
    (void)pthread_mutex_unlock(&v->mutex);
}

/* What the thread met of the banks' sequences goes to that of all. */
static enum status give_sequences(struct verify *v, const struct verify_thread *thread,
                                  struct failure *err)
{
    enum status status;

    (void)pthread_mutex_lock(&v->mutex);
    status = sequence_set_merge(v->sequences, thread->sequences, err);
    (void)pthread_mutex_unlock(&v->mutex);
    return status;
}

static void *run_thread(void *arg)
{
    struct verify *v = arg;
    const struct verify_conf *conf = v->shared.conf;
    struct verify_thread thread = {.shared = &v->shared};
    struct failure err = {.status = STATUS_OK};
    struct job *job = NULL;
    enum status status = verify_open_handle(conf, &thread.handle, &err);

    if (status == STATUS_OK) {
        status = sequence_set_open(&thread.sequences, &err);
    }
    if (status == STATUS_OK && conf->store && conf->store[0]) {
        status = store_read_open(conf->store, &thread.live, &err);
    }
    while (status == STATUS_OK && (job = next_job(v)) != NULL) {
        status = verify_partition(&thread, job->part, &job->findings, &err);
        if (status == STATUS_IO) {
            status = failure_add(&err, "verify partition %" PRIu32 " in '%s'", job->part->partition,
                                 v->work.folder);
        }
        end_job(v, job, status, &err);
    }
    if (status == STATUS_OK) {
        status = give_sequences(v, &thread, &err);
    }
    sequence_set_close(thread.sequences);
    store_close(thread.live);
    if (thread.handle) {
        rd_kafka_destroy(thread.handle);
    }
    end_job(v, NULL, status, &err);
    return NULL;
}

/* ---- the caller's --------------------------------------------------------------------------- */

static void give_findings(struct verify *v)
{
    for (uint32_t i = 0; i < v->report->parts_n; i++) {
        struct job *job = &v->jobs[i];

        (void)pthread_mutex_lock(&v->mutex);
        if (!job->is_over) {
            (void)pthread_mutex_unlock(&v->mutex);
            return; /* those behind it wait for it */
        }
        (void)pthread_mutex_unlock(&v->mutex);
        for (size_t n = 0; n < job->findings.n && !job->is_given; n++) {
            v->shared.conf->finding(v->shared.conf->arg, &job->findings.at[n]);
        }
        job->is_given = true;
    }
}

static void look(struct verify *v)
{
    const struct verify_conf *conf = v->shared.conf;

    if (conf->progress) {
        conf->progress(conf->arg, atomic_load(&v->shared.records), v->records_n);
    }
    if (conf->stop && conf->stop(conf->arg)) {
        v->report->is_interrupted = true;
        atomic_store(&v->shared.is_stopping, true);
    }
    give_findings(v);
}

/* False when no thread runs any more. */
static bool wait_a_while(struct verify *v)
{
    struct timespec until;
    bool runs;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_mutex_lock(&v->mutex);
    if (v->running > 0) {
        (void)pthread_cond_timedwait(&v->over, &v->mutex, &until);
    }
    runs = v->running > 0;
    (void)pthread_mutex_unlock(&v->mutex);
    return runs;
}

static uint32_t threads_of(const struct verify *v)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t n = v->shared.conf->threads;

    if (n == 0) {
        n = cores > 0 ? (uint32_t)cores : 1;
    }
    n = n < v->report->parts_n ? n : v->report->parts_n;
    return n < THREADS_MAX ? n : THREADS_MAX;
}

static enum status run_all(struct verify *v, struct failure *err)
{
    pthread_t threads[THREADS_MAX];
    const uint32_t wanted = threads_of(v);
    uint32_t n = 0;

    v->running = wanted;
    while (n < wanted && pthread_create(&threads[n], NULL, run_thread, v) == 0) {
        n++;
    }
    if (n < wanted) {
        (void)pthread_mutex_lock(&v->mutex);
        v->running -= wanted - n;
        (void)pthread_mutex_unlock(&v->mutex);
    }
    if (n == 0) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot start a thread");
    }
    while (wait_a_while(v)) {
        look(v);
    }
    for (uint32_t i = 0; i < n; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    look(v);
    if (v->status != STATUS_OK) {
        *err = v->failure;
    }
    return v->status;
}

/* ---- before --------------------------------------------------------------------------------- */

static enum status count_partitions(struct verify *v, struct failure *err)
{
    const struct verify_conf *conf = v->shared.conf;
    const struct topics *topics = conf->topics;
    int32_t submitted = 0;
    int32_t decided = 0;
    enum status status =
        admin_partition_count(v->handle, topics->submitted, VERIFY_ANSWER_MS, &submitted, err);

    if (status == STATUS_OK) {
        status = admin_partition_count(v->handle, topics->decided, VERIFY_ANSWER_MS, &decided, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (submitted == 0 || decided != submitted) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%s' has %d partitions and '%s' has %d: run 'filingctl topics apply'",
                           topics->submitted, submitted, topics->decided, decided);
    }
    if (conf->partition >= submitted) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "there is no partition %lld: the topic has %d",
                           (long long)conf->partition, submitted);
    }
    v->shared.partitions_n = (uint32_t)submitted;
    return STATUS_OK;
}

/* The partition that is meant, -1 = all: the one given, or the enterprise's. */
static int64_t only_partition(const struct verify *v)
{
    const struct verify_conf *conf = v->shared.conf;

    return conf->enterprise && conf->partition < 0
               ? (int64_t)partition_of_key(conf->enterprise, strlen(conf->enterprise),
                                           v->shared.partitions_n)
               : conf->partition;
}

static int by_size(const void *a, const void *b)
{
    const struct job *left = *(const struct job *const *)a;
    const struct job *right = *(const struct job *const *)b;

    return (left->records_n < right->records_n) - (left->records_n > right->records_n);
}

static enum status make_jobs(struct verify *v, struct failure *err)
{
    const int64_t only = only_partition(v);
    const uint32_t n = only >= 0 ? 1 : v->shared.partitions_n;
    struct verify_report *report = v->report;
    enum status status = STATUS_OK;

    assert(n > 0);
    report->parts = calloc(n, sizeof(*report->parts));
    v->jobs = calloc(n, sizeof(*v->jobs));
    v->queue = calloc(n, sizeof(struct job *));
    if (!report->parts || !v->jobs || !v->queue) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    report->parts_n = n;
    v->shared.first_partition = only >= 0 ? (uint32_t)only : 0;
    for (uint32_t i = 0; i < n && status == STATUS_OK; i++) {
        struct ends ends;

        report->parts[i].partition = only >= 0 ? (uint32_t)only : i;
        v->jobs[i].part = &report->parts[i];
        v->queue[i] = &v->jobs[i];
        status =
            verify_ends(v->handle, v->shared.conf->topics, report->parts[i].partition, &ends, err);
        if (status == STATUS_OK) {
            v->jobs[i].records_n = (uint64_t)(ends.submitted - ends.first);
            v->records_n += v->jobs[i].records_n;
        }
    }
    qsort(v->queue, n, sizeof(struct job *), by_size);
    return status;
}

static enum status read_base_ledger(struct verify *v, struct failure *err)
{
    char spec[VERIFY_PATH_SIZE];
    struct store *base = NULL;
    struct store_ledger ledger;
    enum status status;

    (void)snprintf(spec, sizeof(spec), "sqlite:%.4000s", v->shared.conf->base);
    status = store_read_open(spec, &base, err);
    if (status == STATUS_OK) {
        status = store_ledger_read(base, &ledger, err);
    }
    if (status == STATUS_OK) {
        memcpy(v->report->ledger_id, ledger.ledger_id, LEDGER_ID_SIZE);
    }
    store_close(base);
    return status;
}

/* The ledger that the log founds; zeros when the first record is gone or founds none, which is a
 * finding of the partition. */
static enum status read_ledger(struct verify *v, struct failure *err)
{
    const uint32_t partition = v->report->parts[0].partition;
    struct log_reader_conf conf = {
        .handle = v->handle, .topic = v->shared.conf->topics->submitted, .partition = partition};
    const struct replay_conf replay = {
        .topic = conf.topic, .partition = partition, .partitions_n = v->shared.partitions_n};
    struct log_reader *log = NULL;
    struct replay *founded = NULL;
    struct bus_record first;
    struct failure ignored;
    struct ends ends;
    bool at_end = false;
    enum status status = verify_ends(v->handle, v->shared.conf->topics, partition, &ends, err);

    if (status == STATUS_OK && v->shared.conf->base) {
        return read_base_ledger(v, err);
    }
    if (status != STATUS_OK || ends.first > 0) {
        return status;
    }
    conf.end = ends.submitted;
    status = log_reader_open(&conf, &log, err);
    if (status == STATUS_OK) {
        status = log_reader_next(log, &first, &at_end, err);
    }
    if (status == STATUS_OK && !at_end &&
        replay_open(&replay, &first, &founded, &ignored) == STATUS_OK) {
        memcpy(v->report->ledger_id, replay_ledger(founded)->ledger_id, LEDGER_ID_SIZE);
    }
    replay_close(founded);
    log_reader_close(log);
    return status;
}

/* NULL stays when there is no topic of them. */
static enum status read_checkpoints(struct verify *v, struct failure *err)
{
    const struct verify_conf *conf = v->shared.conf;
    static const uint8_t none[LEDGER_ID_SIZE];
    const struct checkpoint_register known = {
        .reference = conf->references ? reference_set_reference(conf->references) : NULL,
        .as_of = conf->references_as_of,
        .ledger_id = v->report->ledger_id};
    enum status status;

    if (!conf->references) {
        return STATUS_OK;
    }
    if (memcmp(v->report->ledger_id, none, LEDGER_ID_SIZE) == 0) { /* the log's beginning is gone */
        memcpy(v->report->ledger_id, conf->references_ledger, LEDGER_ID_SIZE);
    }
    status = checkpoint_book_open(&v->book, err);
    if (status == STATUS_OK) {
        status = checkpoint_book_read(v->book, v->handle, conf->topics->checkpoints, err);
    }
    if (status == STATUS_NOTFOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = checkpoint_book_judge(v->book, &known, err);
    }
    v->shared.book = status == STATUS_OK ? v->book : NULL;
    return status;
}

static void report_ledger(struct verify *v, const struct finding *finding)
{
    v->report->total.findings++;
    v->shared.conf->finding(v->shared.conf->arg, finding);
}

/* All of it has to be of the ledger that the log founds. */
static void other_ledger(struct verify *v, const char *field,
                         const uint8_t ledger_id[LEDGER_ID_SIZE])
{
    struct finding finding = {
        .place = "ledger", .partition = v->report->parts[0].partition, .offset = 0};

    (void)snprintf(finding.field, sizeof(finding.field), "%s", field);
    hex_encode((struct bytes){.at = v->report->ledger_id, .n = LEDGER_ID_SIZE}, finding.expected);
    hex_encode((struct bytes){.at = ledger_id, .n = LEDGER_ID_SIZE}, finding.found);
    report_ledger(v, &finding);
}

static void other_partitions(struct verify *v, uint32_t partitions)
{
    struct finding finding = {
        .place = "ledger", .partition = v->report->parts[0].partition, .offset = 0};

    (void)snprintf(finding.field, sizeof(finding.field), "store, partitions");
    (void)snprintf(finding.expected, sizeof(finding.expected), "%" PRIu32, v->shared.partitions_n);
    (void)snprintf(finding.found, sizeof(finding.found), "%" PRIu32, partitions);
    report_ledger(v, &finding);
}

static bool is_of_other(const struct verify *v, const uint8_t ledger_id[LEDGER_ID_SIZE])
{
    static const uint8_t none[LEDGER_ID_SIZE];

    return memcmp(v->report->ledger_id, none, LEDGER_ID_SIZE) != 0 &&
           memcmp(v->report->ledger_id, ledger_id, LEDGER_ID_SIZE) != 0;
}

static enum status check_ledgers(struct verify *v, bool *ret_is_other, struct failure *err)
{
    const struct verify_conf *conf = v->shared.conf;
    struct store *live = NULL;
    struct store_ledger ledger = {.partitions = 0};
    enum status status;

    if (conf->references && is_of_other(v, conf->references_ledger)) {
        other_ledger(v, "reference topic", conf->references_ledger);
        *ret_is_other = true;
    }
    if (!conf->store || !conf->store[0]) {
        return STATUS_OK;
    }
    status = store_read_open(conf->store, &live, err);
    if (status == STATUS_OK) {
        v->report->has_store = true;
        status = store_ledger_read(live, &ledger, err);
    }
    if (status == STATUS_OK && is_of_other(v, ledger.ledger_id)) {
        other_ledger(v, "store", ledger.ledger_id);
        *ret_is_other = true;
    } else if (status == STATUS_OK && ledger.partitions != v->shared.partitions_n) {
        other_partitions(v, ledger.partitions);
    }
    store_close(live);
    return status;
}

static enum status open_work(struct verify *v, struct failure *err)
{
    struct buffer manifest;
    enum status status;

    buffer_init(&manifest, (size_t)64 << 10);
    status = verify_manifest(v->shared.conf, v->report->ledger_id, &manifest, err);
    if (status == STATUS_OK) {
        status = verify_work_open(v->shared.conf->work, buffer_bytes(&manifest), &v->work, err);
    }
    buffer_fini(&manifest);
    return status;
}

static void add_up(struct verify_report *report)
{
    struct verify_part *total = &report->total;

    for (uint32_t i = 0; i < report->parts_n; i++) {
        const struct verify_part *part = &report->parts[i];

        total->partition += part->is_done ? 1 : 0;
        total->records += part->records;
        total->decisions += part->decisions;
        total->published += part->published;
        total->stored += part->stored;
        total->pending += part->pending;
        total->states += part->states;
        total->states_behind += part->states_behind;
        total->filings += part->filings;
        total->held += part->held;
        total->views += part->views;
        total->findings += part->findings;
        total->checkpoints_known += part->checkpoints_known;
        total->checkpoints += part->checkpoints;
        total->skipped |= part->skipped;
    }
    total->is_done = total->partition == report->parts_n;
}

/* The banks number over all partitions, and a run that goes on from a work folder has not seen them
 * all; so that its report is the same, the run before it does not tell either (V3). */
static void look_at_sequences(struct verify *v)
{
    const struct verify_conf *conf = v->shared.conf;
    const struct verify_bounds *b = &conf->bounds;
    struct verify_report *report = v->report;
    const bool is_whole = report->total.is_done && !conf->work && conf->partition < 0 &&
                          !conf->enterprise && b->to_ms == INT64_MAX && b->to_offset == INT64_MAX;

    if (is_whole) {
        sequence_set_gaps(v->sequences, &report->sequences);
    }
    if (report->sequences.is_known) {
        report->total.skipped &= ~(1U << VERIFY_SKIP_SEQUENCE);
        for (uint32_t i = 0; i < report->parts_n; i++) {
            report->parts[i].skipped &= ~(1U << VERIFY_SKIP_SEQUENCE);
        }
    }
}

static enum status prepare(struct verify *v, bool *ret_is_other, struct failure *err)
{
    const struct verify_conf *conf = v->shared.conf;
    enum status status = verify_open_handle(conf, &v->handle, err);

    if (status == STATUS_OK) {
        status = admin_reach(v->handle, conf->kafka.bootstrap, VERIFY_ANSWER_MS, err);
    }
    if (status == STATUS_OK) {
        status = count_partitions(v, err);
    }
    if (status == STATUS_OK) {
        status = make_jobs(v, err);
    }
    if (status == STATUS_OK) {
        status = read_ledger(v, err);
    }
    if (status == STATUS_OK) {
        status = read_checkpoints(v, err);
    }
    if (status == STATUS_OK) {
        status = check_ledgers(v, ret_is_other, err);
    }
    return status == STATUS_OK ? open_work(v, err) : status;
}

enum status verify_run(const struct verify_conf *conf, struct verify_report *report,
                       struct failure *err)
{
    struct verify v = {.shared = {.conf = conf, .work = &v.work},
                       .report = report,
                       .work = {.lock_fd = -1},
                       .mutex = PTHREAD_MUTEX_INITIALIZER,
                       .over = PTHREAD_COND_INITIALIZER};
    bool is_other = false;
    enum status status;

    memset(report, 0, sizeof(*report));
    status = sequence_set_open(&v.sequences, err);
    if (status == STATUS_OK) {
        status = prepare(&v, &is_other, err);
    }
    if (status == STATUS_OK && !is_other) {
        status = run_all(&v, err);
    }
    if (status == STATUS_OK) {
        add_up(report);
        look_at_sequences(&v);
    }
    sequence_set_close(v.sequences);
    verify_work_close(&v.work);
    checkpoint_book_close(v.book);
    free(v.queue);
    free(v.jobs);
    if (v.handle) {
        rd_kafka_destroy(v.handle);
    }
    return status;
}

void verify_report_fini(struct verify_report *report)
{
    free(report->parts);
    *report = (struct verify_report){.parts = NULL};
}
