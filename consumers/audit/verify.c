#include "consumers/audit/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/audit/verify_inside.h"
#include "consumers/store/store_read.h"
#include "kafka/admin.h"

#define ANSWER_MS      10000
#define PROGRESS_EVERY 4096 /* records */

struct ends {
    int64_t first; /* of submitted */
    int64_t submitted;
    int64_t decided_first;
    int64_t decided;
};

struct verify {
    const struct verify_conf *conf;
    struct verify_report *report;
    rd_kafka_t *handle;
    struct store *live;
    uint32_t partitions_n;
    struct ends *ends;
    uint64_t records_n;
};

void verify_report_finding(struct verify_case *c, struct finding *finding)
{
    c->report->findings++;
    if (c->report->findings <= FINDINGS_MAX) {
        c->conf->finding(c->conf->arg, finding);
    }
}

/* ---- one partition -------------------------------------------------------------------------- */

static enum status flush(struct verify_case *c, struct failure *err)
{
    struct store_journal_row row;
    struct journal_reader reader;
    struct journal_entry made;
    enum status status = replay_flush(c->replay, &row, err);

    if (status != STATUS_OK || row.count == 0) {
        return status;
    }
    journal_reader_init(&reader, &row);
    for (uint32_t i = 0; i < row.count && status == STATUS_OK; i++) {
        status = journal_next(&reader, &made, err);
        if (status == STATUS_OK) {
            status = verify_decision(c, &made, err);
        }
    }
    return status;
}

static enum status look_at_states(struct verify_case *c, const struct bus_record *record,
                                  struct failure *err)
{
    if (!c->states) {
        return STATUS_OK;
    }
    if (!record->has_key) { /* a bulletin may have released filings of anybody */
        return live_states_look_all(c, err);
    }
    return record->key_n == CODE_SIZE ? live_states_look(c, (const char *)record->key, err)
                                      : STATUS_OK;
}

static enum status feed(struct verify_case *c, const struct bus_record *record, struct failure *err)
{
    bool is_full = false;
    bool is_cut = true;
    enum status status = STATUS_OK;

    c->report->records++;
    if (c->live && record->offset >= c->row.position.next_offset) {
        c->report->pending++;
    }
    while (is_cut && status == STATUS_OK) {
        status = replay_record(c->replay, record, &is_full, &is_cut, err);
        if (status == STATUS_OK) {
            status = look_at_states(c, record, err);
        }
        if (is_full && status == STATUS_OK) {
            status = flush(c, err);
        }
    }
    return status;
}

static bool is_stopped(struct verify *v)
{
    if (v->conf->progress) {
        v->conf->progress(v->conf->arg, v->report->records, v->records_n);
    }
    if (v->conf->stop && v->conf->stop(v->conf->arg)) {
        v->report->is_interrupted = true;
    }
    return v->report->is_interrupted;
}

/* The first record founds the ledger; then all of them, one after the other. */
static enum status decide_all(struct verify *v, struct verify_case *c, struct log_reader *input,
                              struct failure *err)
{
    const struct replay_conf conf = {.topic = v->conf->topics->submitted,
                                     .partition = c->partition,
                                     .partitions_n = v->partitions_n};
    struct bus_record record;
    bool at_end = false;
    enum status status = log_reader_next(input, &record, &at_end, err);

    if (status == STATUS_OK && !at_end) {
        status = replay_open(&conf, &record, &c->replay, err);
    }
    while (status == STATUS_OK && !at_end) {
        if (c->report->records % PROGRESS_EVERY == 0 && is_stopped(v)) {
            return STATUS_OK;
        }
        status = feed(c, &record, err);
        if (status == STATUS_OK) {
            status = log_reader_next(input, &record, &at_end, err);
        }
    }
    return status == STATUS_OK && c->replay ? flush(c, err) : status;
}

static enum status compare_store(struct verify_case *c, struct failure *err)
{
    enum status status = live_states_end(c, err);

    if (status == STATUS_OK) {
        status = verify_index(c, err);
    }
    if (status == STATUS_OK && c->report->pending == 0) {
        status = verify_held(c, err);
    }
    return status == STATUS_OK ? verify_views(c, err) : status;
}

static enum status open_live(struct verify *v, struct verify_case *c, struct failure *err)
{
    enum status status;

    if (!v->live) {
        return STATUS_OK;
    }
    status = store_row_read(v->live, c->partition, &c->row, err);
    if (status == STATUS_NOTFOUND) {
        return STATUS_OK; /* nobody has decided anything of it */
    }
    if (status == STATUS_OK) {
        c->live = v->live;
        status = live_states_read(v->live, c->partition, &c->states, err);
    }
    return status;
}

static enum status open_readers(struct verify *v, struct verify_case *c, struct log_reader **ret,
                                struct failure *err)
{
    const struct ends *ends = &v->ends[c->partition];
    const struct log_reader_conf input = {.handle = v->handle,
                                          .topic = v->conf->topics->submitted,
                                          .partition = c->partition,
                                          .from = ends->first,
                                          .end = ends->submitted};
    const struct log_reader_conf decided = {.handle = v->handle,
                                            .topic = v->conf->topics->decided,
                                            .partition = c->partition,
                                            .from = ends->decided_first,
                                            .end = ends->decided};
    const enum status status = log_reader_open(&input, ret, err);

    return status == STATUS_OK ? log_reader_open(&decided, &c->decided, err) : status;
}

/* The log has to begin with its first record: what is gone cannot be proved. */
static bool begins(struct verify *v, struct verify_case *c)
{
    const struct ends *ends = &v->ends[c->partition];
    struct finding finding = {.place = "log", .partition = c->partition, .offset = 0};

    if (ends->first == 0 && ends->submitted > 0) {
        return true;
    }
    (void)snprintf(finding.expected, sizeof(finding.expected), "the founding record at offset 0");
    if (ends->first > 0) {
        (void)snprintf(finding.found, sizeof(finding.found),
                       "nothing below offset %" PRId64 ": the log was cut", ends->first);
    } else {
        (void)snprintf(finding.found, sizeof(finding.found), "an empty partition");
    }
    verify_report_finding(c, &finding);
    return false;
}

static void say_not_decidable(struct verify_case *c, const struct failure *err)
{
    struct finding finding = {.place = "log", .partition = c->partition, .offset = -1};

    (void)snprintf(finding.expected, sizeof(finding.expected), "records that can be decided");
    (void)snprintf(finding.found, sizeof(finding.found), "%.*s", FINDING_TEXT_SIZE - 1, err->text);
    verify_report_finding(c, &finding);
}

static enum status verify_partition(struct verify *v, uint32_t partition, struct failure *err)
{
    struct verify_case c = {.conf = v->conf, .report = v->report, .partition = partition};
    struct log_reader *input = NULL;
    enum status status = STATUS_OK;

    if (!begins(v, &c)) {
        return STATUS_OK;
    }
    v->report->partitions++;
    buffer_init(&c.journal_copy, SIZE_MAX / 2);
    status = open_live(v, &c, err);
    if (status == STATUS_OK) {
        status = open_readers(v, &c, &input, err);
    }
    if (status == STATUS_OK) {
        status = decide_all(v, &c, input, err);
    }
    if (status == STATUS_CONFLICT) {
        say_not_decidable(&c, err);
        status = STATUS_OK;
    } else if (status == STATUS_OK && !v->report->is_interrupted && c.replay) {
        memcpy(v->report->ledger_id, replay_ledger(c.replay)->ledger_id, LEDGER_ID_SIZE);
        status = verify_decisions_end(&c, decider_position(replay_decider(c.replay))->number, err);
        if (status == STATUS_OK && c.live) {
            status = compare_store(&c, err);
        }
    }
    log_reader_close(input);
    log_reader_close(c.decided);
    live_states_close(c.states);
    replay_close(c.replay);
    buffer_fini(&c.journal_copy);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

static bool is_wanted(const struct verify *v, uint32_t partition)
{
    return v->conf->partition < 0 || v->conf->partition == (int64_t)partition;
}

static enum status find_ends(struct verify *v, struct failure *err)
{
    enum status status = STATUS_OK;

    for (uint32_t p = 0; p < v->partitions_n && status == STATUS_OK; p++) {
        struct ends *ends = &v->ends[p];

        status = admin_ends(v->handle, v->conf->topics->submitted, (int32_t)p, ANSWER_MS,
                            &ends->first, &ends->submitted, err);
        if (status == STATUS_OK) {
            status = admin_ends(v->handle, v->conf->topics->decided, (int32_t)p, ANSWER_MS,
                                &ends->decided_first, &ends->decided, err);
        }
        if (is_wanted(v, p)) {
            v->records_n += (uint64_t)(ends->submitted - ends->first);
        }
    }
    return status;
}

static enum status look_at_topics(struct verify *v, struct failure *err)
{
    int32_t submitted = 0;
    int32_t decided = 0;
    enum status status =
        admin_partition_count(v->handle, v->conf->topics->submitted, ANSWER_MS, &submitted, err);

    if (status == STATUS_OK) {
        status =
            admin_partition_count(v->handle, v->conf->topics->decided, ANSWER_MS, &decided, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (submitted == 0 || decided != submitted) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%s' has %d partitions and '%s' has %d: run 'filingctl topics apply'",
                           v->conf->topics->submitted, submitted, v->conf->topics->decided,
                           decided);
    }
    if (v->conf->partition >= submitted) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "there is no partition %" PRId64 ": the topic has %d",
                           v->conf->partition, submitted);
    }
    v->partitions_n = (uint32_t)submitted;
    v->ends = calloc(v->partitions_n, sizeof(*v->ends));
    return v->ends ? find_ends(v, err)
                   : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
}

static enum status open_all(struct verify *v, struct failure *err)
{
    rd_kafka_conf_t *conf = NULL;
    enum status status = kafka_conf(KAFKA_LOOK_COMMITTED, &v->conf->kafka, &conf, err);

    if (status == STATUS_OK) {
        status = kafka_open(KAFKA_LOOK_COMMITTED, conf, &v->handle, err);
    }
    if (status == STATUS_OK) {
        status = admin_reach(v->handle, v->conf->kafka.bootstrap, ANSWER_MS, err);
    }
    /* The store first, then the ends: what the store has decided lies below them. */
    if (status == STATUS_OK && v->conf->store && v->conf->store[0]) {
        status = store_read_open(v->conf->store, &v->live, err);
        v->report->has_store = status == STATUS_OK;
    }
    return status == STATUS_OK ? look_at_topics(v, err) : status;
}

enum status verify_run(const struct verify_conf *conf, struct verify_report *report,
                       struct failure *err)
{
    struct verify v = {.conf = conf, .report = report};
    enum status status;

    memset(report, 0, sizeof(*report));
    status = open_all(&v, err);
    for (uint32_t p = 0; p < v.partitions_n && status == STATUS_OK && !report->is_interrupted;
         p++) {
        if (is_wanted(&v, p)) {
            status = verify_partition(&v, p, err);
        }
    }
    free(v.ends);
    store_close(v.live);
    if (v.handle) {
        rd_kafka_destroy(v.handle);
    }
    return status;
}
