/*
 * The group's consumer, in the engine's thread:
 *
 *                 rebalance: assign             rebalance: revoke or lost
 *    UNASSIGNED ---------------------> ASSIGNED --------------------------> LEAVING
 * --bus_release--> UNASSIGNED
 *
 * The rebalance callback takes the group metadata, once, and pauses every partition at offset 0;
 * nothing else runs there.  On a revocation it leaves the assignment as it is: librdkafka waits
 * until bus_release() gives it up, so nobody else can be given the partitions before the engine has
 * finished (B6).
 *
 * Keeps:
 *   B1, E6  a record is handed on only between resume and pause, and never one below the offset of
 *           resume; the position comes from the engine.  librdkafka drops what was fetched for an
 *           older position (its version barrier), the offset is looked at here besides;
 *   B2, E7  metadata is taken per assignment and kept by generation until no publication uses it;
 *   B3, E10 publish() hands one publication to a free publisher.
 *
 * While filings come that are signed, records go through a ring between librdkafka and bus_poll(),
 * where other threads verify them (verify_ahead.h).  A record in it counts for the resume under
 * which it was polled only, and none survives a rebalance: B1 holds as without the ring. */
#include "consumers/worker/bus_kafka.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "consumers/worker/asker.h"
#include "consumers/worker/publisher.h"
#include "consumers/worker/verify_ahead.h"
#include "kafka/admin.h"
#include "kafka/error.h"

#define BUS_MAGIC       0x62757373u
#define ERROR_TEXT_SIZE 256
#define FENCED_MS_MAX   30000 /* below the watchdog's patience */
#define FENCED_NAP_NS   500000000

enum membership { UNASSIGNED, ASSIGNED, LEAVING };

/* The metadata of an assignment.  Two are enough: the one in force and the one of a publication
 * still in flight; a third assignment cannot be claimed while that one is out (C1). */
struct generation {
    uint64_t number; /* 0 = free */
    rd_kafka_consumer_group_metadata_t *metadata;
};
#define GENERATIONS_MAX 4

struct look {
    rd_kafka_queue_t *queue; /* NULL = no look */
    rd_kafka_message_t *message;
};

struct partition {
    bool assigned;
    bool resumed;
    int64_t from; /* offset of the last resume */
};

struct bus_kafka {
    struct bus bus; /* first */
    uint32_t magic;
    struct bus_kafka_conf conf;
    rd_kafka_t *group;
    rd_kafka_t *committed;
    rd_kafka_t *uncommitted;
    rd_kafka_topic_t *look_topics[BUS_LOOK_N];
    rd_kafka_queue_t *commit_queue;
    struct publisher *publisher;
    struct asker *asker;
    bool closing;
    enum membership membership;
    uint64_t generation; /* of the assignment in force, or the last */
    uint64_t publishing; /* generation of the publication in flight, 0 = none */
    struct generation generations[GENERATIONS_MAX];
    enum bus_event_kind rebalance; /* what the callback saw; BUS_EMPTY = nothing */
    uint32_t members[BUS_PARTITIONS_MAX];
    size_t members_n;
    rd_kafka_message_t *message; /* lent to the engine until the next poll */
    struct partition partitions[BUS_PARTITIONS_MAX];
    uint64_t resumes[BUS_PARTITIONS_MAX]; /* how often: records polled before one do not count */
    struct verify_ahead *ahead;
    bool is_ahead; /* polled records go through the ring: some are signed */
    struct look looks[BUS_LOOK_N][BUS_PARTITIONS_MAX];
    bool committing[BUS_PARTITIONS_MAX];
    rd_kafka_resp_err_t commit_results[BUS_PARTITIONS_MAX];
    bool commit_done[BUS_PARTITIONS_MAX];
};

static struct bus_kafka *of(struct bus *bus)
{
    struct bus_kafka *b = (struct bus_kafka *)bus; /* bus is its first member */

    assert(b);
    assert(b->magic == BUS_MAGIC);
    return b;
}

static struct bus_kafka *of_opaque(void *opaque)
{
    struct bus_kafka *b = opaque;

    assert(b);
    assert(b->magic == BUS_MAGIC);
    return b;
}

/* ---- the group ---- */

static void keep_metadata(struct bus_kafka *b)
{
    struct generation *free_slot = NULL;

    for (size_t i = 0; i < GENERATIONS_MAX; i++) {
        struct generation *g = &b->generations[i];

        if (g->number != 0 && g->number != b->publishing) {
            rd_kafka_consumer_group_metadata_destroy(g->metadata);
            g->number = 0;
        }
        if (g->number == 0) {
            free_slot = g;
        }
    }
    assert(free_slot);
    free_slot->number = b->generation;
    free_slot->metadata = rd_kafka_consumer_group_metadata(b->group);
    assert(free_slot->metadata);
}

static void assign(struct bus_kafka *b, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_error_t *error;

    b->generation++;
    keep_metadata(b);
    b->members_n = 0;
    for (int i = 0; i < list->cnt; i++) {
        const uint32_t p = (uint32_t)list->elems[i].partition;

        assert(p < BUS_PARTITIONS_MAX);
        list->elems[i].offset = 0; /* INVALID would raise _AUTO_OFFSET_RESET at once */
        b->members[b->members_n++] = p;
        b->partitions[p] = (struct partition){.assigned = true};
    }
    error = rd_kafka_assign(b->group, list) ? rd_kafka_error_new(RD_KAFKA_RESP_ERR__STATE, "assign")
                                            : NULL;
    if (error) {
        log_event(LOG_WARN, EVENT_KAFKA_LOG, "text=%s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
    (void)rd_kafka_pause_partitions(b->group, list);
    b->membership = ASSIGNED;
    b->rebalance = BUS_ASSIGNED;
}

static void on_rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct bus_kafka *b = of_opaque(opaque);

    if (b->closing) { /* nobody is left to claim anything or to call bus_release() */
        (void)rd_kafka_assign(handle, NULL);
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        assign(b, list);
        return;
    }
    for (size_t i = 0; i < b->members_n; i++) {
        b->partitions[b->members[i]].resumed = false;
    }
    b->membership = LEAVING;
    b->rebalance = rd_kafka_assignment_lost(handle) ? BUS_LOST : BUS_REVOKED;
}

static void kafka_release(struct bus *bus)
{
    struct bus_kafka *b = of(bus);

    for (size_t i = 0; i < b->members_n; i++) {
        b->partitions[b->members[i]] = (struct partition){.assigned = false};
    }
    b->members_n = 0;
    b->membership = UNASSIGNED;
    (void)rd_kafka_assign(b->group, NULL);
}

static void stop_event(struct bus_event *ret, enum status status, rd_kafka_resp_err_t code,
                       const char *text)
{
    ret->kind = BUS_ERROR;
    (void)failure_set(&ret->failure, status, REMEDY_STOP, (int)code, "%s", text);
}

static int64_t session_ms(rd_kafka_t *handle)
{
    char text[32] = "";
    size_t n = sizeof(text);

    return rd_kafka_conf_get(rd_kafka_conf(handle), "session.timeout.ms", text, &n) ==
                   RD_KAFKA_CONF_OK
               ? strtoll(text, NULL, 10)
               : 0;
}

/* A newer member has our place in the group.  Usually that is another worker of this slot, which a
 * person must look at.  But when a broker hung, a request to join that was given up can come after
 * the one that was sent instead: then the newer member is nobody, and a restart is all it needs.
 * The broker cannot tell them apart, but a session that nobody keeps alive ends.  This may block:
 * it is the last event that this bus gives. */
static void fenced_event(const struct bus_kafka *b, rd_kafka_resp_err_t code, struct bus_event *ret)
{
    const struct kafka_options *options = &b->conf.options;
    const int64_t session = session_ms(b->group);
    const int64_t wait =
        session + session / 2 < FENCED_MS_MAX ? session + session / 2 : FENCED_MS_MAX;
    const int64_t until = clock_monotonic_us() / 1000 + wait;
    const struct timespec nap = {.tv_nsec = FENCED_NAP_NS};
    struct failure why;
    char text[ERROR_TEXT_SIZE];

    log_event(LOG_WARN, EVENT_GROUP_LOST, "place=%s text=%s", options->instance_id,
              "taken by a newer member; looking whether it lives");
    while (clock_monotonic_us() / 1000 < until) {
        bool is_taken = true;

        if (admin_group_has_place(b->uncommitted, options->group, options->instance_id, &is_taken,
                                  &why) == STATUS_OK &&
            !is_taken) {
            (void)snprintf(text, sizeof(text), "the place '%.64s' was taken by nobody who lives",
                           options->instance_id);
            stop_event(ret, STATUS_KAFKA, code, text);
            return;
        }
        (void)nanosleep(&nap, NULL);
    }
    (void)snprintf(text, sizeof(text),
                   "another worker has the place '%.64s': give each an --instance-id of its own",
                   options->instance_id);
    stop_event(ret, STATUS_CONFLICT, code, text);
}

static void error_event(struct bus_kafka *b, const rd_kafka_message_t *m, struct bus_event *ret)
{
    char text[ERROR_TEXT_SIZE];
    rd_kafka_resp_err_t code = m->err;

    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        ret->kind = BUS_END;
        ret->partition = (uint32_t)m->partition;
        ret->offset = m->offset;
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        code = rd_kafka_fatal_error(b->group, text, sizeof(text));
        if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
            fenced_event(b, code, ret);
        } else {
            stop_event(ret, STATUS_KAFKA, code, text);
        }
        return;
    }
    ret->kind = BUS_ERROR;
    ret->partition = (uint32_t)m->partition;
    if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        (void)failure_set(&ret->failure, STATUS_KAFKA, REMEDY_RECYCLE, (int)code, "%s",
                          rd_kafka_message_errstr(m));
    } else if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
        fenced_event(b, code, ret);
    } else {
        (void)failure_set(&ret->failure, STATUS_KAFKA, REMEDY_RETRY, (int)code, "%s",
                          rd_kafka_message_errstr(m));
    }
}

static void take_record(const rd_kafka_message_t *m, struct bus_record *ret)
{
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;

    ret->partition = (uint32_t)m->partition;
    ret->offset = m->offset;
    ret->timestamp_ms = rd_kafka_message_timestamp(m, &type);
    ret->log_append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
    ret->has_key = m->key != NULL;
    ret->has_value = m->payload != NULL;
    ret->key = m->key;
    ret->key_n = m->key_len;
    ret->value = m->payload;
    ret->value_n = m->len;
    ret->verdict.known = false;
}

/* B1: between resume and pause, and not below where it was resumed. */
static bool is_wanted(const struct bus_kafka *b, const rd_kafka_message_t *m)
{
    const struct partition *p;

    if (m->err && m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        return true;
    }
    assert(m->partition >= 0 && m->partition < BUS_PARTITIONS_MAX);
    p = &b->partitions[m->partition];
    return p->resumed && m->offset >= p->from;
}

static bool take_rebalance(struct bus_kafka *b, struct bus_event *ret)
{
    if (b->rebalance == BUS_EMPTY) {
        return false;
    }
    ret->kind = b->rebalance;
    ret->partitions = b->members;
    ret->partitions_n = b->members_n;
    ret->generation = b->generation;
    b->rebalance = BUS_EMPTY;
    return true;
}

static struct bytes value_of(const rd_kafka_message_t *m)
{
    return (struct bytes){.at = m->err ? NULL : m->payload, .n = m->err ? 0 : m->len};
}

/* The next message that is wanted; a bulletin (it has no key) is looked at for keys of banks. */
static rd_kafka_message_t *poll_wanted(struct bus_kafka *b, int timeout_ms)
{
    rd_kafka_message_t *m = rd_kafka_consumer_poll(b->group, timeout_ms);

    while (m && !is_wanted(b, m)) {
        rd_kafka_message_destroy(m);
        m = rd_kafka_consumer_poll(b->group, 0);
    }
    if (m && !m->err && !m->key) {
        verify_ahead_learn_record(b->ahead, value_of(m));
    }
    return m;
}

static void put_ahead(struct bus_kafka *b, rd_kafka_message_t *m)
{
    const uint64_t resume =
        m->partition >= 0 && m->partition < BUS_PARTITIONS_MAX ? b->resumes[m->partition] : 0;

    verify_ahead_put(b->ahead, m, resume, value_of(m));
}

static void drop_message(void *record) { rd_kafka_message_destroy(record); }

/* Is it still wanted, under the resume under which it was polled? */
static bool is_current(const struct bus_kafka *b, const rd_kafka_message_t *m, uint64_t resume)
{
    return is_wanted(b, m) && (m->partition < 0 || b->resumes[m->partition] == resume);
}

/* Fill the ring, take its oldest.  NULL: nothing, or a rebalance that is to be reported first. */
static rd_kafka_message_t *poll_ahead(struct bus_kafka *b, int timeout_ms,
                                      struct bus_verdict *ret_verdict)
{
    struct verify_item item;

    while (b->rebalance == BUS_EMPTY && verify_ahead_count(b->ahead) < VERIFY_AHEAD_MAX) {
        rd_kafka_message_t *m = poll_wanted(b, verify_ahead_count(b->ahead) == 0 ? timeout_ms : 0);

        if (!m) {
            break;
        }
        put_ahead(b, m);
    }
    if (b->rebalance != BUS_EMPTY) {
        verify_ahead_clear(b->ahead, drop_message);
    }
    while (verify_ahead_take(b->ahead, &item)) {
        if (is_current(b, item.record, item.mark)) {
            *ret_verdict = item.verdict;
            return item.record;
        }
        rd_kafka_message_destroy(item.record);
    }
    b->is_ahead = false; /* until the next signed one */
    return NULL;
}

static rd_kafka_message_t *poll_message(struct bus_kafka *b, int timeout_ms,
                                        struct bus_verdict *ret_verdict)
{
    rd_kafka_message_t *m;

    ret_verdict->known = false;
    if (b->is_ahead) {
        return poll_ahead(b, timeout_ms, ret_verdict);
    }
    m = poll_wanted(b, timeout_ms);
    if (m && verify_ahead_is_signed(value_of(m))) {
        b->is_ahead = true;
        put_ahead(b, m);
        return poll_ahead(b, 0, ret_verdict);
    }
    return m;
}

static void kafka_poll(struct bus *bus, int timeout_ms, struct bus_event *ret)
{
    struct bus_kafka *b = of(bus);
    struct bus_verdict verdict;
    rd_kafka_message_t *m;

    assert(timeout_ms >= 0 && timeout_ms <= BUS_WAIT_MS_MAX);
    if (b->message) {
        rd_kafka_message_destroy(b->message);
        b->message = NULL;
    }
    ret->kind = BUS_EMPTY;
    if (take_rebalance(b, ret)) {
        return;
    }
    m = poll_message(b, timeout_ms, &verdict);
    if (m && m->err) {
        error_event(b, m, ret);
        rd_kafka_message_destroy(m);
        return;
    }
    if (m) {
        ret->kind = BUS_RECORD;
        take_record(m, &ret->record);
        ret->record.verdict = verdict;
        b->message = m;
        return;
    }
    (void)take_rebalance(b, ret);
}

static rd_kafka_topic_partition_list_t *one_partition(const struct bus_kafka *b, uint32_t partition,
                                                      int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, b->conf.topics->submitted, (int32_t)partition)->offset =
        offset;
    return list;
}

static void kafka_pause(struct bus *bus, uint32_t partition)
{
    struct bus_kafka *b = of(bus);
    rd_kafka_topic_partition_list_t *list = one_partition(b, partition, 0);

    b->partitions[partition].resumed = false;
    (void)rd_kafka_pause_partitions(b->group, list);
    rd_kafka_topic_partition_list_destroy(list);
}

static void kafka_resume(struct bus *bus, uint32_t partition, int64_t offset)
{
    struct bus_kafka *b = of(bus);
    rd_kafka_topic_partition_list_t *list = one_partition(b, partition, offset);
    rd_kafka_error_t *error;

    assert(b->partitions[partition].assigned);
    error = rd_kafka_seek_partitions(b->group, list, BUS_WAIT_MS_MAX);
    if (error) {
        log_event(LOG_WARN, EVENT_KAFKA_LOG, "partition=%u text=%s", partition,
                  rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
    (void)rd_kafka_resume_partitions(b->group, list);
    rd_kafka_topic_partition_list_destroy(list);
    b->partitions[partition].from = offset;
    b->partitions[partition].resumed = true;
    b->resumes[partition]++;
}

static bool kafka_assigned(struct bus *bus, uint32_t partition, uint64_t generation)
{
    const struct bus_kafka *b = of(bus);

    return b->membership == ASSIGNED && b->generation == generation &&
           b->partitions[partition].assigned;
}

/* ---- questions ---- */

static enum bus_answer ask_number(struct bus *bus, enum ask_kind kind, uint32_t partition,
                                  int64_t *ret, struct failure *err)
{
    const struct ask ask = {.kind = kind, .partition = partition};
    struct ask_answer answer;
    const enum bus_answer how = asker_ask(of(bus)->asker, &ask, &answer, err);

    if (how == BUS_READY) {
        *ret = answer.number;
    }
    return how;
}

static enum bus_answer kafka_topics(struct bus *bus, struct bus_topics *ret, struct failure *err)
{
    const struct ask ask = {.kind = ASK_TOPICS};
    struct ask_answer answer;
    const enum bus_answer how = asker_ask(of(bus)->asker, &ask, &answer, err);

    if (how == BUS_READY) {
        *ret = answer.topics;
    }
    return how;
}

static enum bus_answer kafka_log_start(struct bus *bus, uint32_t partition, int64_t *ret,
                                       struct failure *err)
{
    return ask_number(bus, ASK_LOG_START, partition, ret, err);
}

static enum bus_answer kafka_input_end(struct bus *bus, uint32_t partition, int64_t *ret,
                                       struct failure *err)
{
    return ask_number(bus, ASK_INPUT_END, partition, ret, err);
}

static enum bus_answer kafka_high_watermark(struct bus *bus, uint32_t partition, int64_t *ret,
                                            struct failure *err)
{
    return ask_number(bus, ASK_HIGH_WATER, partition, ret, err);
}

static enum bus_answer kafka_group_offsets(struct bus *bus, uint32_t partition,
                                           const struct bus_group_offset **ret, struct failure *err)
{
    const struct ask ask = {.kind = ASK_GROUP_OFFSETS, .partition = partition};
    struct ask_answer answer;
    const enum bus_answer how = asker_ask(of(bus)->asker, &ask, &answer, err);

    if (how != BUS_READY) {
        return how;
    }
    if (partition >= answer.offsets_n) {
        (void)failure_set(err, STATUS_KAFKA, REMEDY_RETRY, 0, "partition %u is not in the topic",
                          partition);
        return BUS_FAILED;
    }
    *ret = answer.offsets;
    return answer.offsets[partition].stable ? BUS_READY : BUS_UNSTABLE;
}

static enum bus_answer kafka_fence(struct bus *bus, uint32_t partition, const char *txn_id,
                                   struct failure *err)
{
    const struct ask ask = {.kind = ASK_FENCE, .partition = partition, .text = txn_id};
    struct ask_answer answer;

    assert(strcmp(txn_id, of(bus)->conf.options.transactional_id) != 0);
    return asker_ask(of(bus)->asker, &ask, &answer, err);
}

/* Answers of commits come on one queue, by partition. */
static void drain_commits(struct bus_kafka *b)
{
    rd_kafka_event_t *event;

    while ((event = rd_kafka_queue_poll(b->commit_queue, 0)) != NULL) {
        const rd_kafka_topic_partition_list_t *list =
            rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT
                ? rd_kafka_event_topic_partition_list(event)
                : NULL;

        for (int i = 0; list && i < list->cnt; i++) {
            const rd_kafka_topic_partition_t *at = &list->elems[i];

            b->commit_results[at->partition] = at->err ? at->err : rd_kafka_event_error(event);
            b->commit_done[at->partition] = true;
        }
        rd_kafka_event_destroy(event);
    }
}

static enum bus_answer commit_failed(rd_kafka_resp_err_t code, struct failure *err)
{
    (void)kafka_failure_code(err, "commit the group's first offsets", code, NULL);
    switch (kafka_next_of(code, false, false, true)) {
    case KAFKA_NEXT_FENCED:
        err->remedy = REMEDY_RECYCLE;
        break;
    case KAFKA_NEXT_NONE:
    case KAFKA_NEXT_STOP:
    case KAFKA_NEXT_ABORT:
    case KAFKA_NEXT_RETRY:
    case KAFKA_NEXT_OTHER:
        err->remedy = REMEDY_RETRY;
        break;
    }
    return BUS_FAILED;
}

static enum bus_answer kafka_commit_first(struct bus *bus, const struct bus_publication *first,
                                          struct failure *err)
{
    struct bus_kafka *b = of(bus);
    const struct bus_part *part = &first->parts[0];
    const uint32_t p = part->partition;
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t code;

    drain_commits(b);
    if (b->committing[p]) {
        if (!b->commit_done[p]) {
            return BUS_PENDING;
        }
        b->committing[p] = false;
        return b->commit_results[p] ? commit_failed(b->commit_results[p], err) : BUS_READY;
    }
    if (!kafka_assigned(bus, p, first->generation)) {
        return commit_failed(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, err);
    }
    list = one_partition(b, p, part->next_offset);
    list->elems[0].metadata = strdup(first->metadata); /* freed with the list */
    list->elems[0].metadata_size = list->elems[0].metadata ? strlen(first->metadata) : 0;
    code = rd_kafka_commit_queue(b->group, list, b->commit_queue, NULL, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    if (code) {
        return commit_failed(code, err);
    }
    b->committing[p] = true;
    b->commit_done[p] = false;
    return BUS_PENDING;
}

/* ---- looking ---- */

static void stop_look(struct bus_kafka *b, enum bus_look kind, uint32_t partition)
{
    struct look *look = &b->looks[kind][partition];

    if (!look->queue) {
        return;
    }
    if (look->message) {
        rd_kafka_message_destroy(look->message);
        look->message = NULL;
    }
    (void)rd_kafka_consume_stop(b->look_topics[kind], (int32_t)partition);
    rd_kafka_queue_destroy(look->queue);
    look->queue = NULL;
}

static void kafka_look(struct bus *bus, enum bus_look kind, uint32_t partition, int64_t offset)
{
    struct bus_kafka *b = of(bus);
    struct look *look = &b->looks[kind][partition];

    assert(offset >= 0 || offset == BUS_LOOK_FIRST);
    stop_look(b, kind, partition);
    look->queue = rd_kafka_queue_new(b->committed);
    if (rd_kafka_consume_start_queue(b->look_topics[kind], (int32_t)partition,
                                     offset == BUS_LOOK_FIRST ? RD_KAFKA_OFFSET_BEGINNING : offset,
                                     look->queue)) {
        log_event(LOG_WARN, EVENT_KAFKA_LOG, "partition=%u text=%s", partition,
                  rd_kafka_err2str(rd_kafka_last_error()));
    }
}

static enum bus_seen look_error(const rd_kafka_message_t *m, struct bus_record *ret,
                                struct failure *err)
{
    switch ((int)m->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        ret->partition = (uint32_t)m->partition;
        ret->offset = m->offset;
        return BUS_SEEN_END;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return BUS_SEEN_GONE;
    default:
        (void)failure_set(err, STATUS_KAFKA, REMEDY_RETRY, (int)m->err,
                          "cannot read partition %d: %s", (int)m->partition,
                          rd_kafka_message_errstr(m));
        return BUS_SEEN_FAILED;
    }
}

static enum bus_seen kafka_look_next(struct bus *bus, enum bus_look kind, uint32_t partition,
                                     struct bus_record *ret, struct failure *err)
{
    struct bus_kafka *b = of(bus);
    struct look *look = &b->looks[kind][partition];

    assert(look->queue);
    if (look->message) {
        rd_kafka_message_destroy(look->message);
    }
    look->message = rd_kafka_consume_queue(look->queue, 0);
    if (!look->message) {
        return BUS_SEEN_NOTHING;
    }
    if (look->message->err) {
        return look_error(look->message, ret, err);
    }
    take_record(look->message, ret);
    return BUS_SEEN_RECORD;
}

static void kafka_forget(struct bus *bus, uint32_t partition)
{
    struct bus_kafka *b = of(bus);

    for (int kind = 0; kind < BUS_LOOK_N; kind++) {
        stop_look(b, (enum bus_look)kind, partition);
    }
    b->committing[partition] = false;
    asker_forget(b->asker, partition);
}

/* ---- publishing ---- */

static const rd_kafka_consumer_group_metadata_t *metadata_of(const struct bus_kafka *b,
                                                             uint64_t generation)
{
    for (size_t i = 0; i < GENERATIONS_MAX; i++) {
        if (b->generations[i].number == generation) {
            return b->generations[i].metadata;
        }
    }
    return NULL;
}

static void kafka_publish(struct bus *bus, const struct bus_publication *publication)
{
    struct bus_kafka *b = of(bus);
    const rd_kafka_consumer_group_metadata_t *metadata = metadata_of(b, publication->generation);

    assert(metadata);
    assert(b->publishing == 0);
    b->publishing = publication->generation;
    publisher_give(b->publisher, publication, metadata);
}

static void kafka_report(struct bus *bus, int timeout_ms, struct bus_report *ret,
                         struct failure *err)
{
    struct bus_kafka *b = of(bus);

    assert(timeout_ms >= 0 && timeout_ms <= BUS_WAIT_MS_MAX);
    publisher_take(b->publisher, timeout_ms, ret, err);
    if (ret->outcome != BUS_OUTCOME_IN_FLIGHT) {
        b->publishing = 0;
    }
}

static int64_t kafka_now_ms(struct bus *bus)
{
    (void)bus;
    return clock_monotonic_us() / 1000;
}

static const struct bus_ops ops = {
    .now_ms = kafka_now_ms,
    .poll = kafka_poll,
    .release = kafka_release,
    .pause = kafka_pause,
    .resume = kafka_resume,
    .assigned = kafka_assigned,
    .topics = kafka_topics,
    .log_start = kafka_log_start,
    .input_end = kafka_input_end,
    .group_offsets = kafka_group_offsets,
    .commit_first = kafka_commit_first,
    .high_watermark = kafka_high_watermark,
    .fence = kafka_fence,
    .forget = kafka_forget,
    .look = kafka_look,
    .look_next = kafka_look_next,
    .publish = kafka_publish,
    .report = kafka_report,
};

/* ---- opening and closing ---- */

static enum status open_consumer(struct bus_kafka *b, enum kafka_role role, rd_kafka_t **ret,
                                 struct failure *err)
{
    rd_kafka_conf_t *conf = NULL;
    const enum status status = kafka_conf(role, &b->conf.options, &conf, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (role == KAFKA_GROUP_CONSUMER) {
        rd_kafka_conf_set_opaque(conf, b);
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    }
    return kafka_open(role, conf, ret, err);
}

static enum status open_handles(struct bus_kafka *b, struct failure *err)
{
    enum status status = open_consumer(b, KAFKA_GROUP_CONSUMER, &b->group, err);

    if (status == STATUS_OK) {
        status = open_consumer(b, KAFKA_LOOK_COMMITTED, &b->committed, err);
    }
    if (status == STATUS_OK) {
        status = open_consumer(b, KAFKA_LOOK_UNCOMMITTED, &b->uncommitted, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    b->commit_queue = rd_kafka_queue_new(b->group);
    b->look_topics[BUS_LOOK_SUBMITTED] =
        rd_kafka_topic_new(b->committed, b->conf.topics->submitted, NULL);
    b->look_topics[BUS_LOOK_DECIDED] =
        rd_kafka_topic_new(b->committed, b->conf.topics->decided, NULL);
    if (!b->look_topics[BUS_LOOK_SUBMITTED] || !b->look_topics[BUS_LOOK_DECIDED]) {
        return failure_set(err, STATUS_KAFKA, REMEDY_STOP, 0, "cannot open the topics to look at");
    }
    return STATUS_OK;
}

static enum status open_threads(struct bus_kafka *b, struct failure *err)
{
    const struct publisher_conf publisher = {.options = b->conf.options,
                                             .submitted = b->conf.topics->submitted,
                                             .decided = b->conf.topics->decided};
    const struct asker_conf asker = {.options = b->conf.options,
                                     .uncommitted = b->uncommitted,
                                     .submitted = b->conf.topics->submitted,
                                     .decided = b->conf.topics->decided,
                                     .group = b->conf.topics->group};
    enum status status = asker_open(&asker, &b->asker, err);

    if (status == STATUS_OK) {
        status = verify_ahead_open(0, &b->ahead, err);
    }
    return status == STATUS_OK ? publisher_open(&publisher, &b->publisher, err) : status;
}

static enum status subscribe(struct bus_kafka *b, struct failure *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t code;

    (void)rd_kafka_topic_partition_list_add(list, b->conf.topics->submitted, RD_KAFKA_PARTITION_UA);
    code = rd_kafka_subscribe(b->group, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_failure_code(err, "join the group", code, NULL) : STATUS_OK;
}

enum status bus_kafka_open(const struct bus_kafka_conf *conf, struct bus **ret, struct failure *err)
{
    struct bus_kafka *b = calloc(1, sizeof(*b));
    enum status status;

    if (!b) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    b->bus.ops = &ops;
    b->magic = BUS_MAGIC;
    b->conf = *conf;
    status = open_handles(b, err);
    if (status == STATUS_OK) {
        status = open_threads(b, err);
    }
    if (status == STATUS_OK) {
        status = subscribe(b, err);
    }
    if (status != STATUS_OK) {
        (void)bus_kafka_close(&b->bus);
        return status;
    }
    *ret = &b->bus;
    return STATUS_OK;
}

static void close_consumers(struct bus_kafka *b)
{
    for (int kind = 0; kind < BUS_LOOK_N; kind++) {
        if (b->look_topics[kind]) {
            rd_kafka_topic_destroy(b->look_topics[kind]);
        }
    }
    if (b->commit_queue) {
        rd_kafka_queue_destroy(b->commit_queue);
    }
    b->closing = true;
    if (b->group) {
        rd_kafka_consumer_close(b->group);
        rd_kafka_destroy(b->group);
    }
    if (b->committed) {
        rd_kafka_destroy(b->committed);
    }
    if (b->uncommitted) {
        rd_kafka_destroy(b->uncommitted);
    }
}

bool bus_kafka_close(struct bus *bus)
{
    struct bus_kafka *b;

    if (!bus) {
        return true;
    }
    b = of(bus);
    if (b->message) {
        rd_kafka_message_destroy(b->message);
    }
    for (uint32_t p = 0; p < BUS_PARTITIONS_MAX; p++) {
        stop_look(b, BUS_LOOK_SUBMITTED, p);
        stop_look(b, BUS_LOOK_DECIDED, p);
    }
    if (b->ahead) {
        verify_ahead_clear(b->ahead, drop_message);
        verify_ahead_close(b->ahead);
        b->ahead = NULL;
    }
    if (!publisher_close(b->publisher) || !asker_close(b->asker)) {
        return false;
    }
    for (size_t i = 0; i < GENERATIONS_MAX; i++) {
        if (b->generations[i].number != 0) {
            rd_kafka_consumer_group_metadata_destroy(b->generations[i].metadata);
        }
    }
    close_consumers(b);
    free(b);
    return true;
}

enum status bus_kafka_reach(struct bus *bus, int timeout_ms, struct failure *err)
{
    struct bus_kafka *b = of(bus);

    return admin_reach(b->uncommitted, b->conf.options.bootstrap, timeout_ms, err);
}

int64_t bus_kafka_publisher_busy_us(struct bus *bus)
{
    const int64_t since_us = publisher_busy_since_us(of(bus)->publisher);

    return since_us ? clock_monotonic_us() - since_us : 0;
}

void bus_kafka_learn(struct bus *bus, struct bytes content)
{
    verify_ahead_learn(of(bus)->ahead, content);
}
