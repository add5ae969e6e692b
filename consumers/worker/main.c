/* filing-worker: the engine on librdkafka and a store.
 *
 *    STANDBY --store is free--> STARTING --broker answers--> RUNNING --SIGTERM--> STOPPING --> exit
 * 0 |  (another worker            |  30 s without                 |  engine ended |   has the
 * store)            +-------> exit 6                +--> its exit code
 *       +--SIGTERM--> exit 0
 *
 * Everything that is decided is in the engine; what stands here is how a process begins and ends.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/chance.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/signals.h"
#include "base/status.h"
#include "consumers/engine/crash.h"
#include "consumers/engine/engine.h"
#include "consumers/store/projector.h"
#include "consumers/store/store.h"
#include "consumers/worker/bus_kafka.h"
#include "consumers/worker/checkpointer.h"
#include "consumers/worker/http.h"
#include "consumers/worker/watchdog.h"
#include "consumers/worker/worker_metrics.h"
#include "kafka/admin.h"
#include "kafka/settings.h"
#include "wire/headers.h"
#include "wire/tree.h"

#define START_MS_MAX  30000 /* broker or store unreachable at start: exit 6 */
#define REACH_MS      2000
#define NAP_NS        200000000
#define UPDATE_MS     500
#define WATCHDOG_MS   (2 * KAFKA_TRANSACTION_MS + 15000) /* design, section 4 */
#define SLOT_SIZE     64
#define HOST_SIZE     256
#define SLOT_DIGITS   8
#define MALLOC_KEPT   (256 << 20) /* bytes, as all three */
#define MALLOC_STEP   (4 << 20)
#define MALLOC_MAPPED (32 << 20)

struct settings {
    const char *instance_id;
    const char *listen;
    bool until_caught_up;
    bool views;
    int64_t batch;
    const char *key_file;
    const char *key_id;
    int64_t checkpoint_decisions;
    int64_t checkpoint_minutes;
    int log_level;
    const char *crash_at;
};

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};

static const struct conf_option options[] = {
    {.key = "instance_id",
     .option = "instance-id",
     .type = CONF_STRING,
     .offset = offsetof(struct settings, instance_id),
     .min = 1,
     .max = SLOT_SIZE - 1,
     .meta = "SLOT",
     .help = "name of this worker's place in the group, the same after a restart; default with "
             "SQLite: the first 8 hex digits of the store id"},
    {.key = "listen",
     .option = "listen",
     .type = CONF_STRING,
     .offset = offsetof(struct settings, listen),
     .preset = "127.0.0.1:9464",
     .meta = "HOST:PORT|none",
     .help = "where /metrics, /livez and /readyz are served"},
    {.option = "until-caught-up",
     .type = CONF_SWITCH,
     .offset = offsetof(struct settings, until_caught_up),
     .help = "end with 0 when everything is decided and published that the log held at the first "
             "assignment"},
    {.key = "views",
     .option = "views",
     .type = CONF_BOOL,
     .offset = offsetof(struct settings, views),
     .preset = "on",
     .help = "keep the readable tables in FILE-views.db up with the store"},
    {.key = "batch",
     .option = "batch",
     .type = CONF_INT,
     .offset = offsetof(struct settings, batch),
     .min = 1,
     .max = 100000,
     .preset = "5000",
     .unit = "records",
     .help = "most records of one store transaction"},
    {.key = "worker.key_file",
     .type = CONF_FILE,
     .offset = offsetof(struct settings, key_file),
     .help = "the private key of a WORKER (PKCS#8 PEM, mode 0600), with which checkpoints are "
             "signed; without it none are written"},
    {.key = "worker.key_id",
     .type = CONF_STRING,
     .offset = offsetof(struct settings, key_id),
     .min = 1,
     .max = 128,
     .help = "the key's id in the operators' register; without it, found there by the key"},
    {.key = "checkpoint.decisions",
     .type = CONF_INT,
     .offset = offsetof(struct settings, checkpoint_decisions),
     .min = 1,
     .max = TREE_LEAVES_MAX,
     .preset = "100000",
     .unit = "decisions",
     .help = "a partition's checkpoint is due after so many since its last one"},
    {.key = "checkpoint.minutes",
     .type = CONF_INT,
     .offset = offsetof(struct settings, checkpoint_minutes),
     .min = 1,
     .max = 1440,
     .preset = "10",
     .unit = "minutes",
     .help = "and when a decision has waited so long for one"},
    {.key = "log_level",
     .option = "log-level",
     .type = CONF_CHOICE,
     .offset = offsetof(struct settings, log_level),
     .preset = "info",
     .words = log_levels,
     .help = "what is logged on stderr; librdkafka's own lines are debug"},
#ifdef FILING_CRASH_POINTS
    {.option = "crash-at",
     .type = CONF_STRING,
     .offset = offsetof(struct settings, crash_at),
     .meta = "NAME[:COUNT]",
     .help = "test build: die at this place"},
#endif
};

static const char *const examples[] = {
    "filing-worker --store sqlite:/var/lib/filing/filings.db --bootstrap-server kafka-1:9092",
    "filing-worker --until-caught-up --listen none", NULL};

static const struct conf_program program = {
    .name = "filing-worker",
    .version = FILING_VERSION,
    .about =
        "Checks each filing of filings.submitted.v1 against the rulebook, posts it to the limit "
        "ledgers in the store exactly once and publishes the decision to filings.decided.v1. "
        "SIGTERM and SIGINT finish the batch and leave; a second one ends at once with 130. A "
        "second worker on the same SQLite file stands by and takes over when the first is gone.",
    .options = options,
    .options_n = sizeof(options) / sizeof(options[0]),
    .examples = examples,
};

struct worker {
    const struct settings *settings;
    const struct conf_common *common;
    struct topics topics;
    char slot[SLOT_SIZE];
    char txn_id[TOPIC_NAME_SIZE + SLOT_SIZE];
    char host[HOST_SIZE];
    uint8_t store_id[STORE_ID_SIZE];
    struct metrics *metrics;
    struct http *http;
    struct store *store;
    struct projector *projector;
    struct bus *bus;
    struct engine *engine;
    struct watchdog *watchdog;
    struct checkpointer *checkpointer; /* NULL: no key */
};

static void nap(void)
{
    const struct timespec time = {.tv_nsec = NAP_NS};

    (void)nanosleep(&time, NULL); /* cut short by a signal */
}

/* systemd may or may not be there: that it cannot be told is no reason to stop. */
static void tell_systemd(const char *state)
{
    struct failure err = {.status = STATUS_OK};

    if (notify_send(state, &err) != STATUS_OK) {
        log_failure(LOG_DEBUG, EVENT_PROGRAM_FAILED, &err);
    }
}

static void log_note(void *arg, const struct engine_note *note)
{
    static const struct {
        enum log_level level;
        enum log_word word;
    } lines[] = {
        [ENGINE_NOTE_ASSIGNED] = {LOG_INFO, EVENT_GROUP_ASSIGNED},
        [ENGINE_NOTE_REVOKED] = {LOG_INFO, EVENT_GROUP_REVOKED},
        [ENGINE_NOTE_LOST] = {LOG_WARN, EVENT_GROUP_LOST},
        [ENGINE_NOTE_CLAIMING] = {LOG_DEBUG, EVENT_PARTITION_CLAIMING},
        [ENGINE_NOTE_RECOVERED] = {LOG_INFO, EVENT_RECOVERY_DONE},
        [ENGINE_NOTE_OWNED] = {LOG_INFO, EVENT_PARTITION_OWNED},
        [ENGINE_NOTE_FENCED] = {LOG_WARN, EVENT_PARTITION_FENCED},
        [ENGINE_NOTE_DROPPED] = {LOG_WARN, EVENT_BATCH_DROPPED},
        [ENGINE_NOTE_PUBLICATION_FAILED] = {LOG_WARN, EVENT_PUBLICATION_FAILED},
        [ENGINE_NOTE_BULLETIN] = {LOG_INFO, EVENT_BULLETIN_ACCEPTED},
        [ENGINE_NOTE_ERROR] = {LOG_WARN, EVENT_KAFKA_ERROR},
        [ENGINE_NOTE_CAUGHT_UP] = {LOG_INFO, EVENT_WORKER_CAUGHT_UP},
        [ENGINE_NOTE_STOPPED] = {LOG_INFO, EVENT_WORKER_STOP},
    };

    (void)arg;
    _Static_assert(sizeof(lines) / sizeof(lines[0]) == ENGINE_NOTE_N, "a line for each note");
    log_event(lines[note->kind].level, lines[note->kind].word,
              "partition=%" PRId64 " value=%" PRIu64 " text=%s", note->partition, note->value,
              note->text ? note->text : "");
}

/* ---- beginning ---- */

/* The store; while another worker has it, this one stands by outside the group. */
static enum status open_store(struct worker *w, struct failure *err)
{
    const int64_t until_us = clock_monotonic_us() + START_MS_MAX * INT64_C(1000);
    bool told = false;
    enum status status;

    for (;;) {
        status = store_open(w->common->store, &w->store, err);
        if (status == STATUS_DENIED && err->remedy == REMEDY_RETRY) {
            if (!told) {
                http_set_readiness(w->http, READINESS_STANDBY);
                log_event(LOG_INFO, EVENT_WORKER_STANDBY, "text=%s", err->text);
                tell_systemd("READY=1\nSTATUS=standby");
                told = true;
            }
        } else if (status != STATUS_IO || err->remedy != REMEDY_RETRY ||
                   clock_monotonic_us() > until_us) {
            return status;
        }
        if (signals_stop()) {
            return STATUS_OK; /* no store: the caller looks */
        }
        nap();
    }
}

static enum status open_views(struct worker *w, struct failure *err)
{
    enum status status;

    if (!w->settings->views) {
        return STATUS_OK;
    }
    status = projector_open(w->common->store, &w->projector, err);
    return status == STATUS_OK ? projector_start(w->projector, err) : status;
}

/* The name of the place in the group rests on the store's id, so that a restart has the same. */
static enum status name_worker(struct worker *w, struct failure *err)
{
    struct store_ledger ledger;
    char hex[2 * STORE_ID_SIZE + 1];
    enum status status = store_ledger_read(w->store, &ledger, err);

    if (status == STATUS_NOTFOUND) {
        status = chance_fill(w->store_id, sizeof(w->store_id), err);
    } else if (status == STATUS_OK) {
        memcpy(w->store_id, ledger.store_id, sizeof(w->store_id));
    }
    if (status != STATUS_OK) {
        return status;
    }
    hex_encode((struct bytes){.at = w->store_id, .n = sizeof(w->store_id)}, hex);
    (void)snprintf(w->slot, sizeof(w->slot), "%.*s",
                   w->settings->instance_id ? (int)sizeof(w->slot) - 1 : SLOT_DIGITS,
                   w->settings->instance_id ? w->settings->instance_id : hex);
    (void)snprintf(w->txn_id, sizeof(w->txn_id), "%s-%s", w->topics.group, w->slot);
    if (gethostname(w->host, sizeof(w->host) - 1)) {
        (void)snprintf(w->host, sizeof(w->host), "unknown");
    }
    return STATUS_OK;
}

static struct kafka_options kafka_options_of(const struct worker *w)
{
    return (struct kafka_options){.bootstrap = w->common->bootstrap_server,
                                  .properties = w->common->properties,
                                  .properties_n = w->common->properties_n,
                                  .client_id = program.name,
                                  .group = w->topics.group,
                                  .instance_id = w->slot,
                                  .transactional_id = w->txn_id};
}

/* A broker has to answer within 30 s, before anything joins a group. */
static enum status reach_broker(struct worker *w, struct failure *err)
{
    const struct kafka_options kafka = kafka_options_of(w);
    const int64_t until_us = clock_monotonic_us() + START_MS_MAX * INT64_C(1000);
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *handle = NULL;
    enum status status = kafka_conf(KAFKA_ADMIN, &kafka, &conf, err);

    if (status == STATUS_OK) {
        status = kafka_open(KAFKA_ADMIN, conf, &handle, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    do {
        status = admin_reach(handle, kafka.bootstrap, REACH_MS, err);
    } while (status != STATUS_OK && !signals_stop() && clock_monotonic_us() < until_us);
    rd_kafka_destroy(handle);
    return status;
}

/* The keys of the bulletins that are in force already: they do not come again. */
static enum status learn_keys(struct worker *w, struct failure *err)
{
    struct store_bulletin bulletin;
    enum status status = store_bulletin_next(w->store, 0, &bulletin, err);

    while (status == STATUS_OK) {
        bus_kafka_learn(w->bus, bulletin.content);
        status = store_bulletin_next(w->store, bulletin.number + 1, &bulletin, err);
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

static enum status open_engine(struct worker *w, struct failure *err)
{
    const struct bus_kafka_conf bus = {.options = kafka_options_of(w), .topics = &w->topics};
    enum status status = bus_kafka_open(&bus, &w->bus, err);

    if (status == STATUS_OK) {
        status = learn_keys(w, err);
    }
    if (status == STATUS_OK) {
        const struct engine_conf conf = {.bus = w->bus,
                                         .store = w->store,
                                         .topic = w->topics.submitted,
                                         .txn_id = w->txn_id,
                                         .host = w->host,
                                         .store_id = w->store_id,
                                         .is_until_caught_up = w->settings->until_caught_up,
                                         .records_max = (uint32_t)w->settings->batch,
                                         .note = log_note};

        status = engine_open(&conf, &w->engine, err);
    }
    if (status == STATUS_OK) {
        status = watchdog_open(w->engine, w->bus, WATCHDOG_MS, &w->watchdog, err);
    }
    return status;
}

/* Before the engine: a key that cannot be read is a mistake to tell at once. */
static enum status open_checkpoints(struct worker *w, struct failure *err)
{
    const struct checkpointer_conf conf = {.maker = {.store = w->common->store,
                                                     .options = kafka_options_of(w),
                                                     .topics = &w->topics,
                                                     .key_file = w->settings->key_file,
                                                     .key_id = w->settings->key_id},
                                           .decisions = (uint64_t)w->settings->checkpoint_decisions,
                                           .waiting_ms =
                                               w->settings->checkpoint_minutes * INT64_C(60000)};

    if (!w->settings->key_file) {
        log_event(LOG_INFO, EVENT_CHECKPOINT_OFF, "text=%s",
                  "no checkpoints are written: worker.key_file is not set");
        return STATUS_OK;
    }
    return checkpointer_open(&conf, &w->checkpointer, err);
}

/* ---- running ---- */

static enum readiness readiness_of(const struct worker *w, bool stopping)
{
    struct engine_status is;

    engine_status(w->engine, &is);
    if (stopping) {
        return READINESS_STOPPING;
    }
    if (!is.is_started) {
        return READINESS_STARTING;
    }
    if (is.claiming_n > 0) {
        return READINESS_CLAIMING;
    }
    return is.owned_n > 0 ? READINESS_READY : READINESS_JOINING;
}

static uint64_t views_lag(const struct worker *w)
{
    struct projector_status is = {.lag = 0};

    if (w->projector) {
        projector_status_read(w->projector, &is);
    }
    return is.lag;
}

static void update(struct worker *w, bool stopping)
{
    http_set_readiness(w->http, readiness_of(w, stopping));
    worker_metrics_update(w->metrics, w->engine, bus_kafka_publisher_busy_us(w->bus));
    worker_metrics_views(w->metrics, views_lag(w));
    worker_metrics_checkpoints(w->metrics, w->engine, w->checkpointer);
}

static enum exit_code run(struct worker *w, struct failure *err)
{
    int64_t update_us = 0;
    bool stopping = false;
    enum exit_code code = EXIT_DONE;

    tell_systemd("READY=1");
    while (engine_step(w->engine, &code, err)) {
        const int64_t now_us = clock_monotonic_us();

        checkpointer_turn(w->checkpointer, w->engine);
        if (now_us - update_us > UPDATE_MS * INT64_C(1000)) {
            update_us = now_us;
            update(w, stopping);
        }
        if (signals_stop() && !stopping) {
            stopping = true;
            log_event(LOG_INFO, EVENT_SIGNAL_RECEIVED, "text=%s", "finishing the batch");
            tell_systemd("STOPPING=1");
            engine_finish(w->engine);
        }
    }
    return code;
}

/* ---- ending ---- */

/* Who ran until caught up looks at the tables next.  The thread looks four times a second and may
 * not have seen the last batches: what is left is done here. */
static void bring_views_up(struct worker *w)
{
    struct failure err = {.status = STATUS_OK};
    bool more = true;
    enum status status;

    projector_close(w->projector);
    w->projector = NULL;
    status = projector_open(w->common->store, &w->projector, &err);
    while (status == STATUS_OK && more && !signals_stop()) {
        status = projector_step(w->projector, &more, &err);
    }
    if (status != STATUS_OK) {
        log_failure(LOG_WARN, EVENT_VIEWS_FAILED, &err);
    }
}

/* The store first: what is in it is whole, whatever becomes of the broker. */
static void close_all(struct worker *w, enum exit_code code)
{
    bool is_ended = false;

    watchdog_close(w->watchdog);
    engine_close(w->engine);
    projector_close(w->projector);
    store_close(w->store);
    if (w->settings->until_caught_up && code == EXIT_DONE && !signals_stop()) {
        checkpointer_finish(w->checkpointer);
    }
    http_close(w->http);
    metrics_close(w->metrics);
    is_ended = checkpointer_close(w->checkpointer);
    if (!bus_kafka_close(w->bus) || !is_ended) {
        log_event(LOG_WARN, EVENT_PROGRAM_STOP, "code=%d text=%s", (int)code,
                  "the broker does not answer: the publication in flight is left to the journal");
        _exit((int)code);
    }
}

/* A store that cannot be reached or is full is 6, whatever the status says elsewhere. */
static enum exit_code start_code(const struct failure *err)
{
    return err->status == STATUS_IO ? EXIT_UNREACHABLE : exit_of(err->status);
}

static enum exit_code failed(const struct failure *err, enum exit_code code)
{
    log_failure(LOG_ERROR, EVENT_PROGRAM_FAILED, err);
    fprintf(stderr, "%s: %s\n", program.name, err->text);
    return code;
}

static enum exit_code serve(struct worker *w)
{
    struct failure err = {.status = STATUS_OK};
    enum exit_code code;
    enum status status = topics_init(&w->topics, w->common->prefix, &err);

    if (status == STATUS_OK) {
        status = worker_metrics_open(&w->metrics, &err);
    }
    if (status == STATUS_OK && strcmp(w->settings->listen, "none") != 0) {
        status = http_open(w->settings->listen, w->metrics, &w->http, &err);
    }
    if (status != STATUS_OK) {
        return failed(&err, exit_of(status));
    }
    status = open_store(w, &err);
    if (status == STATUS_OK && !w->store) {
        return EXIT_DONE; /* stopped while standing by */
    }
    http_set_readiness(w->http, READINESS_STARTING);
    if (status == STATUS_OK) {
        status = name_worker(w, &err);
    }
    if (status == STATUS_OK) {
        status = open_views(w, &err);
    }
    if (status == STATUS_OK) {
        status = open_checkpoints(w, &err);
    }
    if (status == STATUS_OK) {
        status = reach_broker(w, &err);
    }
    if (status == STATUS_OK) {
        status = open_engine(w, &err);
    }
    if (status != STATUS_OK) {
        return signals_stop() ? EXIT_DONE : failed(&err, start_code(&err));
    }
    log_event(LOG_INFO, EVENT_WORKER_START, "slot=%s store=%s broker=%s", w->slot, w->common->store,
              w->common->bootstrap_server);
    code = run(w, &err);
    if (w->settings->until_caught_up && w->settings->views) {
        bring_views_up(w);
    }
    return code == EXIT_DONE ? EXIT_DONE : failed(&err, code);
}

#ifdef FILING_CRASH_POINTS
static enum status arm(const char *crash_at, struct failure *err)
{
    char name[64];
    const char *colon = crash_at ? strchr(crash_at, ':') : NULL;
    unsigned long count = 1;
    size_t n;

    if (!crash_at) {
        return STATUS_OK;
    }
    n = colon ? (size_t)(colon - crash_at) : strlen(crash_at);
    n = n < sizeof(name) ? n : sizeof(name) - 1;
    memcpy(name, crash_at, n);
    name[n] = '\0';
    count = colon ? strtoul(colon + 1, NULL, 10) : 1;
    return crash_point_arm(name, (unsigned)count)
               ? STATUS_OK
               : failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "no crash point '%s'", name);
}
#else
static enum status arm(const char *crash_at, struct failure *err)
{
    (void)crash_at;
    (void)err;
    return STATUS_OK;
}
#endif

/* A batch frees a few thousand records at once and the next takes as many again: memory that goes
 * back to the system in between comes back as page faults, zeroed by the kernel.  The sizes are
 * above what a batch takes and above the largest answer of a broker.  One arena, because memory
 * here is taken by one thread and given back by another, and the arenas of threads grow a page at a
 * time. */
static void keep_memory(void)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): called before there is a second thread */
    (void)mallopt(M_TRIM_THRESHOLD, MALLOC_KEPT);
    (void)mallopt(M_TOP_PAD, MALLOC_STEP);
    (void)mallopt(M_MMAP_THRESHOLD, MALLOC_MAPPED);
    (void)mallopt(M_ARENA_MAX, 1);
    /* NOLINTEND(concurrency-mt-unsafe) */
}

int main(int argc, char **argv)
{
    const struct conf_input input = {
        .program = &program, .argc = argc, .argv = argv, .out = stdout};
    struct settings settings = {.listen = NULL};
    struct failure err = {.status = STATUS_OK};
    struct worker w = {.settings = &settings};
    struct conf *conf = NULL;
    enum exit_code code = EXIT_DONE;
    enum status status;

    keep_memory();
    status = conf_open(&input, &settings, &conf, &err);
    if (status == STATUS_OK) {
        status = signals_install(&err);
    }
    if (status == STATUS_OK) {
        status = arm(settings.crash_at, &err);
    }
    if (status != STATUS_OK) {
        code = exit_report(stderr, program.name, &err);
    } else if (!conf_common(conf)->done) {
        log_set_level((enum log_level)settings.log_level);
        w.common = conf_common(conf);
        code = serve(&w);
        close_all(&w, code);
        log_event(LOG_INFO, EVENT_PROGRAM_STOP, "code=%d", (int)code);
    }
    conf_close(conf);
    return (int)code;
}
