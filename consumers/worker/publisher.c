#include "consumers/worker/publisher.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "consumers/worker/thread.h"
#include "kafka/error.h"
#include "kafka/producer.h"
#include "kafka/settings.h"
#include "wire/headers.h"

#define RETRY_US_MAX (2 * KAFKA_TRANSACTION_MS * INT64_C(1000)) /* design, section 4 */

enum publisher_state { PUBLISHER_FREE, PUBLISHER_IN_FLIGHT, PUBLISHER_ANSWERED };

struct publisher {
    struct publisher_conf conf;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_cond_t answered;
    bool stop; /* under lock, as all down to failure */
    enum publisher_state state;
    const struct bus_publication *publication;
    const rd_kafka_consumer_group_metadata_t *metadata;
    enum bus_outcome outcome;
    struct failure failure;
    _Atomic int64_t busy_since_us;
    /* The thread's own. */
    struct producer *producer;
    int64_t last_offsets[BUS_PARTITIONS_MAX];
};

/* Fails an attempt; what became of the transaction is decided by who called. */
enum attempt { ATTEMPT_DONE, ATTEMPT_RECYCLED, ATTEMPT_ABORT, ATTEMPT_FENCED, ATTEMPT_FATAL };

static enum attempt attempt_of(enum kafka_next next)
{
    switch (next) {
    case KAFKA_NEXT_NONE:
        return ATTEMPT_DONE;
    case KAFKA_NEXT_FENCED:
        return ATTEMPT_FENCED;
    case KAFKA_NEXT_ABORT:
        return ATTEMPT_ABORT;
    case KAFKA_NEXT_RETRY: /* the caller has retried as long as it may */
    case KAFKA_NEXT_STOP:
    case KAFKA_NEXT_OTHER:
        return ATTEMPT_FATAL;
    }
    return ATTEMPT_FATAL;
}

static enum kafka_next send_decision(struct publisher *p, const struct bus_part *part, size_t i,
                                     const struct bus_publication *publication, int64_t *ret_offset,
                                     struct failure *err)
{
    const struct bus_decision *d = &part->decisions[i];
    struct headers headers;
    const struct decision_names names = {
        .partition = part->partition,
        .number = part->first_number + i,
        .ledger_id = publication->ledger_id,
        .enterprise = {.at = d->has_key ? (const char *)d->key : NULL,
                       .n = d->has_key ? (uint32_t)d->key_n : 0},
        .received_ms = HEADERS_NO_TIME};
    struct producer_record record = {.topic = p->conf.decided,
                                     .partition = (int32_t)part->partition,
                                     .key = d->has_key ? d->key : NULL,
                                     .key_n = d->key_n,
                                     .value = d->bytes,
                                     .value_n = d->bytes_n,
                                     .ret_offset = ret_offset};
    struct producer_header pairs[HEADERS_MAX];

    headers_decision(&headers, &names);
    for (uint32_t h = 0; h < headers.n; h++) {
        pairs[h] = (struct producer_header){.name = headers.at[h].name,
                                            .value = headers.at[h].value.at,
                                            .value_n = headers.at[h].value.n};
    }
    record.headers = pairs;
    record.headers_n = headers.n;
    return producer_send(p->producer, &record, err);
}

static enum kafka_next send_decisions(struct publisher *p,
                                      const struct bus_publication *publication,
                                      struct failure *err)
{
    enum kafka_next next = KAFKA_NEXT_NONE;

    for (size_t i = 0; i < publication->parts_n; i++) {
        const struct bus_part *part = &publication->parts[i];

        p->last_offsets[i] = -1;
        for (size_t d = 0; d < part->decisions_n && next == KAFKA_NEXT_NONE; d++) {
            int64_t *last = d + 1 == part->decisions_n ? &p->last_offsets[i] : NULL;

            next = send_decision(p, part, d, publication, last, err);
        }
    }
    return next;
}

static rd_kafka_topic_partition_list_t *offsets_of(const struct publisher *p,
                                                   const struct bus_publication *publication)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)publication->parts_n);

    for (size_t i = 0; i < publication->parts_n; i++) {
        rd_kafka_topic_partition_t *at = rd_kafka_topic_partition_list_add(
            list, p->conf.submitted, (int32_t)publication->parts[i].partition);

        at->offset = publication->parts[i].next_offset;
        at->metadata = strdup(publication->metadata); /* freed with the list */
        at->metadata_size = at->metadata ? strlen(publication->metadata) : 0;
    }
    return list;
}

static enum kafka_next send_offsets(struct publisher *p, const struct bus_publication *publication,
                                    struct failure *err)
{
    const int64_t until_us = clock_monotonic_us() + RETRY_US_MAX;
    rd_kafka_topic_partition_list_t *list = offsets_of(p, publication);
    enum kafka_next next;

    do {
        next = producer_send_offsets(p->producer, list, p->metadata, err);
    } while (next == KAFKA_NEXT_RETRY && clock_monotonic_us() < until_us);
    rd_kafka_topic_partition_list_destroy(list);
    return next;
}

static enum kafka_next commit(struct publisher *p, bool *ret_clean, struct failure *err)
{
    const int64_t until_us = clock_monotonic_us() + RETRY_US_MAX;
    enum kafka_next next;

    do {
        next = producer_commit(p->producer, ret_clean, err);
    } while (next == KAFKA_NEXT_RETRY && clock_monotonic_us() < until_us);
    return next;
}

/* One transaction: begin, decisions, flush, offsets, commit. */
static enum attempt transact(struct publisher *p, const struct bus_publication *publication,
                             struct failure *err)
{
    bool clean = false;
    enum kafka_next next = producer_begin(p->producer, err);

    if (next == KAFKA_NEXT_NONE) {
        next = send_decisions(p, publication, err);
    }
    if (next == KAFKA_NEXT_NONE) {
        next = producer_flush(p->producer, err);
    }
    if (next == KAFKA_NEXT_NONE) {
        next = send_offsets(p, publication, err);
    }
    if (next == KAFKA_NEXT_NONE) {
        next = commit(p, &clean, err);
    }
    if (next == KAFKA_NEXT_NONE) {
        return clean ? ATTEMPT_DONE : ATTEMPT_RECYCLED;
    }
    return attempt_of(next);
}

static bool renew(struct publisher *p, struct failure *err)
{
    return producer_recycle(p->producer, err) == STATUS_OK;
}

static enum bus_outcome publish(struct publisher *p, const struct bus_publication *publication,
                                struct failure *err)
{
    const enum attempt attempt = transact(p, publication, err);

    switch (attempt) {
    case ATTEMPT_DONE:
        return BUS_OUTCOME_DONE;
    case ATTEMPT_RECYCLED:
        return renew(p, err) ? BUS_OUTCOME_RECYCLED : BUS_OUTCOME_FATAL;
    case ATTEMPT_ABORT:
    case ATTEMPT_FENCED:
        log_event(LOG_WARN, EVENT_PUBLICATION_FAILED, "outcome=%s text=%s",
                  attempt == ATTEMPT_ABORT ? "aborted" : "fenced", err->text);
        /* An abort that fails is no matter: the renewal fences what is left of the transaction. */
        (void)producer_abort(p->producer, err);
        if (!renew(p, err)) {
            return BUS_OUTCOME_FATAL;
        }
        return attempt == ATTEMPT_ABORT ? BUS_OUTCOME_ABORTED : BUS_OUTCOME_FENCED;
    case ATTEMPT_FATAL:
        return BUS_OUTCOME_FATAL;
    }
    return BUS_OUTCOME_FATAL;
}

static enum bus_outcome serve(struct publisher *p, struct failure *err)
{
    if (!p->producer &&
        producer_open(&p->conf.options, p->conf.decided, &p->producer, err) != STATUS_OK) {
        return BUS_OUTCOME_FATAL;
    }
    return publish(p, p->publication, err);
}

static void *publisher_run(void *opaque)
{
    struct publisher *p = opaque;
    struct failure err = {.status = STATUS_OK};

    (void)pthread_setname_np(pthread_self(), "publisher"); /* for those who profile */
    /* Ahead of the first publication: initialising takes longer than everything else. */
    atomic_store(&p->busy_since_us, clock_monotonic_us());
    if (producer_open(&p->conf.options, p->conf.decided, &p->producer, &err) != STATUS_OK) {
        log_event(LOG_WARN, EVENT_PUBLICATION_FAILED, "outcome=unopened text=%s", err.text);
    }
    atomic_store(&p->busy_since_us, 0);
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        enum bus_outcome outcome;

        if (p->state != PUBLISHER_IN_FLIGHT) {
            pthread_cond_wait(&p->wake, &p->lock);
            continue;
        }
        pthread_mutex_unlock(&p->lock);
        err = (struct failure){.status = STATUS_OK};
        atomic_store(&p->busy_since_us, clock_monotonic_us());
        outcome = serve(p, &err);
        atomic_store(&p->busy_since_us, 0);
        pthread_mutex_lock(&p->lock);
        p->outcome = outcome;
        p->failure = err;
        p->state = PUBLISHER_ANSWERED;
        pthread_cond_signal(&p->answered);
    }
    pthread_mutex_unlock(&p->lock);
    producer_close(p->producer);
    return NULL;
}

enum status publisher_open(const struct publisher_conf *conf, struct publisher **ret,
                           struct failure *err)
{
    struct publisher *p = calloc(1, sizeof(*p));
    pthread_condattr_t monotonic;
    int rc;

    if (!p) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    p->conf = *conf;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->answered, &monotonic);
    pthread_condattr_destroy(&monotonic);
    rc = pthread_create(&p->thread, NULL, publisher_run, p);
    if (rc) {
        (void)publisher_close(p); /* its thread did not start */
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, rc,
                           "cannot start the publisher's thread");
    }
    p->started = true;
    *ret = p;
    return STATUS_OK;
}

bool publisher_close(struct publisher *p)
{
    if (!p) {
        return true;
    }
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    if (p->started && !thread_join(p->thread, STOP_MS_MAX)) {
        return false;
    }
    pthread_cond_destroy(&p->answered);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
    return true;
}

void publisher_give(struct publisher *p, const struct bus_publication *publication,
                    const rd_kafka_consumer_group_metadata_t *metadata)
{
    assert(publication->parts_n <= BUS_PARTITIONS_MAX);
    pthread_mutex_lock(&p->lock);
    assert(p->state == PUBLISHER_FREE);
    p->publication = publication;
    p->metadata = metadata;
    p->state = PUBLISHER_IN_FLIGHT;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

/* Waits on a monotonic clock, so that a step of the wall clock is none of a wait. */
static void wait_answered(struct publisher *p, int timeout_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)timeout_ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (p->state == PUBLISHER_IN_FLIGHT &&
           pthread_cond_timedwait(&p->answered, &p->lock, &until) == 0) {
        /* woken for nothing */
    }
}

void publisher_take(struct publisher *p, int timeout_ms, struct bus_report *ret,
                    struct failure *err)
{
    ret->last_offsets = p->last_offsets;
    pthread_mutex_lock(&p->lock);
    if (timeout_ms > 0) {
        wait_answered(p, timeout_ms);
    }
    switch (p->state) {
    case PUBLISHER_FREE:
        ret->outcome = BUS_OUTCOME_NONE;
        break;
    case PUBLISHER_IN_FLIGHT:
        ret->outcome = BUS_OUTCOME_IN_FLIGHT;
        break;
    case PUBLISHER_ANSWERED:
        ret->outcome = p->outcome;
        *err = p->failure;
        p->state = PUBLISHER_FREE;
        break;
    }
    pthread_mutex_unlock(&p->lock);
}

int64_t publisher_busy_since_us(struct publisher *p) { return atomic_load(&p->busy_since_us); }
