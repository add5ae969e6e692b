#include "producers/publish/run.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/progress.h"
#include "base/signals.h"
#include "kafka/error.h"
#include "producers/client/waiting.h"
#include "producers/client/watch.h"
#include "producers/formats/check.h"
#include "wire/decision_json.h"

#define STALL_MS_MAX 30000 /* nothing acknowledged for so long: the broker is gone */
#define LEAVE_MS_MAX 10000 /* after a signal */
#define POLL_MS      100
#define LOOK_RECORDS 256         /* between two looks at what was acknowledged */
#define TAG_MAGIC    0x66746167u /* "ftag" */

/* Travels through librdkafka with a record. */
struct tag {
    uint32_t magic;
    uint64_t line;
    char filing_id[UUID_CHARS];
    struct waiting_item *item; /* NULL: nobody waits */
};

struct run {
    const struct run_conf *conf;
    struct run_result *result;
    struct source *source;
    struct check *check;
    struct sender *sender;
    struct watch *watch;
    struct waiting *waiting;
    struct progress progress;
    int64_t heard_us;    /* since when what is outstanding has not been heard of */
    struct failure fail; /* the first that a receipt met */
    bool is_leaving;     /* receipts are of records given up */
};

/* ---- acknowledgements ---- */

static void keep_failure(struct run *run, enum status status, const char *what)
{
    if (status != STATUS_OK && run->fail.status == STATUS_OK) {
        (void)failure_set(&run->fail, status, REMEDY_STOP, 0, "cannot %s: %s", what,
                          status_name(status));
    }
}

static void on_acknowledged(struct run *run, struct tag *tag, const struct sender_receipt *receipt)
{
    const struct text id = {.at = tag->filing_id, .n = UUID_CHARS};

    run->result->published++;
    progress_add(&run->progress, 1);
    if (run->conf->report) {
        keep_failure(
            run,
            report_published(run->conf->report, tag->line, id, receipt->partition, receipt->offset),
            "keep the report");
    }
    if (tag->item) {
        const enum status status =
            waiting_add(run->waiting, receipt->partition, receipt->offset, tag->item);

        keep_failure(run, status, "wait for a decision");
        tag->item = status == STATUS_OK ? NULL : tag->item;
    }
}

static void on_receipt(void *arg, const struct sender_receipt *receipt)
{
    struct run *run = arg;
    struct tag *tag = receipt->tag;

    assert(tag->magic == TAG_MAGIC);
    run->heard_us = clock_monotonic_us();
    if (!receipt->fail) {
        on_acknowledged(run, tag, receipt);
    } else {
        run->result->unacknowledged++;
        if (!run->is_leaving && run->fail.status == STATUS_OK) {
            run->fail = *receipt->fail;
        }
    }
    free(tag->item);
    free(tag);
}

/* Receipts, then what they and the refusals have put into the report. */
static enum status look(struct run *run, int timeout_ms, struct failure *err)
{
    enum status status = STATUS_OK;

    if (run->sender) {
        sender_poll(run->sender, timeout_ms);
        status = sender_health(run->sender, err);
    }
    if (run->fail.status != STATUS_OK) {
        *err = run->fail;
        status = err->status;
    }
    if (run->conf->report) {
        struct failure disk = {.status = STATUS_OK};
        const enum status flushed = report_flush(run->conf->report, false, &disk);

        if (status == STATUS_OK && flushed != STATUS_OK) {
            *err = disk;
            status = flushed;
        }
    }
    return status;
}

/* How long nothing was heard although something is outstanding. */
static enum status check_stall(const struct run *run, struct failure *err)
{
    if (clock_monotonic_us() - run->heard_us < STALL_MS_MAX * INT64_C(1000)) {
        return STATUS_OK;
    }
    return failure_set(err, STATUS_KAFKA, REMEDY_RETRY, RD_KAFKA_RESP_ERR__TIMED_OUT,
                       "no Kafka broker at '%s' has acknowledged anything for %d s",
                       run->conf->sender->bootstrap, STALL_MS_MAX / 1000);
}

/* ---- one record ---- */

static void say_refused(struct run *run, const struct source_item *item)
{
    const struct reasons *failures = &run->check->form.failures;

    progress_fini(&run->progress);
    for (uint32_t i = 0; i < failures->n; i++) {
        const struct reason *reason = &failures->at[i];
        const char *text = code_english(reason->code);

        if (!item->is_readable) {
            text = item->why;
        } else if (item->duplicate_key) {
            text = "a name stands twice in one object";
        }
        fprintf(stderr, "%s:%" PRIu64 ": %s%s%s (%d %s, %s)\n", run->conf->input->name, item->line,
                reason->field, reason->field[0] != '\0' ? ": " : "", text, (int)reason->code,
                code_name(reason->code), next_name(code_next(reason->code)));
    }
    if (failures->more > 0) {
        fprintf(stderr, "%s:%" PRIu64 ": and %" PRIu32 " more\n", run->conf->input->name,
                item->line, failures->more);
    }
}

static enum status refuse(struct run *run, const struct source_item *item, struct failure *err)
{
    const struct form *form = &run->check->form;
    enum status status = STATUS_OK;

    say_refused(run, item);
    run->result->refused++;
    progress_add(&run->progress, 1);
    if (run->conf->report) {
        status = report_refused(run->conf->report, item->line, form->identity.filing_id,
                                &form->failures.at[0]);
    }
    return status == STATUS_OK ? STATUS_OK
                               : failure_set(err, status, REMEDY_STOP, 0,
                                             "cannot keep the report: %s", status_name(status));
}

/* Without a broker only the key can be looked at. */
static enum status rehearse(struct run *run, struct failure *err)
{
    struct keyring_key key;
    enum status status = STATUS_OK;

    if (run->conf->keyring) {
        status = keyring_find(run->conf->keyring, run->check->form.identity.bank, &key, err);
    }
    if (status == STATUS_OK) {
        run->result->published++;
        progress_add(&run->progress, 1);
    }
    return status;
}

static struct tag *tag_new(const struct run *run, const struct source_item *item)
{
    struct tag *tag = calloc(1, sizeof(*tag));

    if (!tag) {
        return NULL;
    }
    tag->magic = TAG_MAGIC;
    tag->line = item->line;
    memcpy(tag->filing_id, run->check->form.identity.filing_id.at, UUID_CHARS);
    if (run->waiting) {
        tag->item = waiting_item_new(item->line, NULL, &item->doc);
        if (!tag->item) {
            free(tag);
            return NULL;
        }
    }
    return tag;
}

static enum status send_record(struct run *run, const struct source_item *item, struct failure *err)
{
    const struct identity *identity = &run->check->form.identity;
    struct tag *tag = tag_new(run, item);
    enum status status = STATUS_LIMIT;

    if (!tag) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot publish: out of memory");
    }
    if (sender_outstanding(run->sender) == 0) {
        run->heard_us = clock_monotonic_us();
    }
    for (;;) {
        status = sender_send(run->sender, run->check->filing, identity, tag, err);
        if (status != STATUS_LIMIT || err->remedy != REMEDY_RETRY) {
            break;
        }
        status = look(run, POLL_MS, err);
        if (status == STATUS_OK) {
            status = check_stall(run, err);
        }
        if (status == STATUS_OK && signals_stop()) {
            status = failure_set(err, STATUS_IO, REMEDY_RETRY, EINTR, "interrupted");
        }
        if (status != STATUS_OK) {
            break;
        }
    }
    if (status != STATUS_OK) {
        free(tag->item);
        free(tag);
    }
    return status;
}

/* The record was published by an earlier run, and its decision is waited for too. */
static enum status wait_before(struct run *run, const struct source_item *item, struct failure *err)
{
    struct waiting_item *waited = NULL;
    struct report_entry entry;
    enum status status = STATUS_NOMEM;

    if (!report_entry_of(run->conf->report, item->line, &entry)) {
        return STATUS_OK; /* it was refused */
    }
    waited = waiting_item_new(item->line, NULL, item->is_readable ? &item->doc : NULL);
    if (waited) {
        status = waiting_add(run->waiting, entry.partition, entry.offset, waited);
    }
    if (status != STATUS_OK) {
        free(waited);
        return failure_set(err, status, REMEDY_STOP, 0,
                           "cannot wait for the decision on line %" PRIu64 ": %s", item->line,
                           status_name(status));
    }
    return STATUS_OK;
}

static enum status handle(struct run *run, const struct source_item *item, struct failure *err)
{
    if (run->conf->report && report_has(run->conf->report, item->line)) {
        progress_add(&run->progress, 1);
        return run->waiting ? wait_before(run, item, err) : STATUS_OK;
    }
    if (!check_run(run->check, item, check_today())) {
        return refuse(run, item, err);
    }
    return run->sender ? send_record(run, item, err) : rehearse(run, err);
}

/* ---- all of them ---- */

static enum status read_records(struct run *run, struct failure *err)
{
    uint64_t n = 0;
    bool has_more = true;

    while (!signals_stop()) {
        struct source_item item;
        enum status status = source_next(run->source, &item, &has_more, err);

        if (status == STATUS_IO && err->remedy == REMEDY_RETRY) {
            continue; /* by a signal: the loop looks whether to stop */
        }
        if (status != STATUS_OK || !has_more) {
            return status;
        }
        status = handle(run, &item, err);
        if (status != STATUS_OK) {
            return status == STATUS_IO && err->remedy == REMEDY_RETRY ? STATUS_OK : status;
        }
        n++;
        if (n % LOOK_RECORDS == 0) {
            status = look(run, 0, err);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* Wait for what is outstanding; a first failure stays what is reported. */
static enum status drain(struct run *run, struct failure *err)
{
    const int64_t since_us = clock_monotonic_us();
    enum status status = STATUS_OK;

    while (status == STATUS_OK && run->sender && sender_outstanding(run->sender) > 0) {
        status = look(run, POLL_MS, err);
        if (status == STATUS_OK) {
            status = check_stall(run, err);
        }
        if (signals_stop() && clock_monotonic_us() - since_us > LEAVE_MS_MAX * INT64_C(1000)) {
            break;
        }
    }
    return status == STATUS_OK ? look(run, 0, err) : status;
}

/* ---- decisions ---- */

static enum status print_decision(const struct decision *decision, const struct own_numbers *own,
                                  struct buffer *line, struct failure *err)
{
    const struct decision_texts texts = {.policy = NULL, .own = own};
    enum status status;

    buffer_reset(line);
    status = decision_to_json(decision, &texts, line, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (puts(buffer_cstr(line)) == EOF || fflush(stdout) == EOF) {
        return failure_set(err, STATUS_IO, REMEDY_STOP, errno, "cannot write the decisions: %s",
                           strerrordesc_np(errno));
    }
    return STATUS_OK;
}

static enum status wait_decisions(struct run *run, struct failure *err)
{
    const int64_t until_us = clock_monotonic_us() + run->conf->wait_s * INT64_C(1000000);
    struct buffer line;
    enum status status = STATUS_OK;

    buffer_init(&line, MESSAGE_SIZE_MAX);
    while (status == STATUS_OK && waiting_n(run->waiting) > 0 && !signals_stop() &&
           clock_monotonic_us() < until_us) {
        const struct decision *decision = NULL;
        struct waiting_item *item = NULL;

        status = watch_next(run->watch, POLL_MS, &decision, err);
        if (status == STATUS_OK && decision) {
            item = waiting_take(run->waiting, decision);
        }
        if (item) {
            run->result->rejected += decision->outcome == OUTCOME_REJECTED ? 1 : 0;
            status = print_decision(decision, &item->own, &line, err);
            free(item);
        }
    }
    buffer_fini(&line);
    run->result->undecided = waiting_n(run->waiting);
    return status;
}

/* Where the earliest record that an earlier run published to a partition lies; -1 = none. */
static int64_t first_before(const struct report *report, int32_t partition)
{
    struct report_entry entry;
    int64_t first = -1;

    for (uint64_t i = 0; report && report_entry_at(report, i, &entry); i++) {
        if (entry.partition == partition && (first < 0 || entry.offset < first)) {
            first = entry.offset;
        }
    }
    return first;
}

/* Note where decisions end before anything is sent, and go back to those of an earlier run. */
static enum status prepare_wait(struct run *run, struct failure *err)
{
    const struct sender_conf *conf = run->conf->sender;
    const struct kafka_options kafka = {.bootstrap = conf->bootstrap,
                                        .properties = conf->properties,
                                        .properties_n = conf->properties_n,
                                        .client_id = conf->client_id};
    const struct watch_conf watch = {.kafka = &kafka,
                                     .topic = sender_topics(run->sender)->decided,
                                     .partitions = sender_partitions(run->sender),
                                     .timeout_ms = conf->timeout_ms};
    enum status status = waiting_open(watch.partitions, &run->waiting, err);

    if (status == STATUS_OK) {
        status = watch_open(&watch, &run->watch, err);
    }
    for (int32_t p = 0; status == STATUS_OK && p < watch.partitions; p++) {
        const int64_t first = first_before(run->conf->report, p);

        if (first >= 0) {
            status = watch_back_to(run->watch, p, first, err);
        }
    }
    return status;
}

/* ---- from beginning to end ---- */

static enum status begin(struct run *run, struct failure *err)
{
    enum status status = source_open(run->conf->format, run->conf->input->fd, &run->source, err);

    if (status == STATUS_OK) {
        status = check_open(&run->check, err);
    }
    if (status == STATUS_OK && run->conf->sender) {
        struct sender_conf sender = *run->conf->sender;

        sender.keyring = run->conf->keyring;
        sender.received = on_receipt;
        sender.arg = run;
        status = sender_open(&sender, &run->sender, err);
    }
    if (status == STATUS_OK && run->conf->sender && run->conf->wait_s > 0) {
        status = prepare_wait(run, err);
    }
    return status;
}

static enum status work(struct run *run, struct failure *err)
{
    struct failure later = {.status = STATUS_OK};
    enum status status = read_records(run, err);
    const enum status drained = drain(run, status == STATUS_OK ? err : &later);

    progress_fini(&run->progress);
    run->result->blank = source_blank_n(run->source);
    status = status == STATUS_OK ? drained : status;
    if (status == STATUS_OK && run->conf->report) {
        status = report_flush(run->conf->report, true, err);
    }
    if (status == STATUS_OK && run->waiting && !signals_stop()) {
        status = wait_decisions(run, err);
    }
    return status;
}

static void end(struct run *run)
{
    run->is_leaving = true;
    sender_close(run->sender);
    watch_close(run->watch);
    waiting_close(run->waiting);
    check_close(run->check);
    source_close(run->source);
}

enum status run_all(const struct run_conf *conf, struct run_result *ret, struct failure *err)
{
    struct run run = {.conf = conf, .result = ret, .fail = {.status = STATUS_OK}};
    enum status status;

    *ret = (struct run_result){.published = 0};
    if (conf->report) {
        ret->before = report_published_n(conf->report) + report_refused_n(conf->report);
        ret->refused_before = report_refused_n(conf->report);
    }
    progress_init(&run.progress, "publish", "records", conf->input->lines_n);
    status = begin(&run, err);
    if (status == STATUS_OK) {
        status = work(&run, err);
    }
    end(&run);
    ret->is_interrupted = signals_stop();
    return status;
}
