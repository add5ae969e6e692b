/* A slot a kind and partition goes NONE -> ASKED -> ASKING -> ANSWERED -> NONE; forgetting an
 * ASKING slot makes it STALE, whose answer is dropped. */
#include "consumers/worker/asker.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/worker/thread.h"
#include "kafka/admin.h"
#include "kafka/error.h"
#include "kafka/producer.h"

#define ASK_TIMEOUT_MS 5000

enum slot_state { SLOT_NONE, SLOT_ASKED, SLOT_ASKING, SLOT_STALE, SLOT_ANSWERED };

struct slot {
    enum slot_state state;
    bool failed;
    struct failure failure;
    struct ask_answer answer;
    struct bus_group_offset *offsets; /* owned */
    char text[256];
};

struct asker {
    struct asker_conf conf;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    struct slot slots[ASK_KIND_N][BUS_PARTITIONS_MAX];
};

/* librdkafka's mock cluster names itself in its cluster id. */
static bool is_in_memory(rd_kafka_t *handle)
{
    char *id = rd_kafka_clusterid(handle, ASK_TIMEOUT_MS);
    const bool mock = id && strncmp(id, "mockCluster", strlen("mockCluster")) == 0;

    if (id) {
        rd_kafka_mem_free(handle, id);
    }
    return mock;
}

static enum status ask_topics(struct asker *a, struct ask_answer *ret, struct failure *err)
{
    int32_t submitted = 0;
    int32_t decided = 0;
    enum status status = admin_partition_count(a->conf.uncommitted, a->conf.submitted,
                                               ASK_TIMEOUT_MS, &submitted, err);

    if (status == STATUS_OK) {
        status = admin_partition_count(a->conf.uncommitted, a->conf.decided, ASK_TIMEOUT_MS,
                                       &decided, err);
    }
    ret->topics = (struct bus_topics){.submitted_partitions = (uint32_t)submitted,
                                      .decided_partitions = (uint32_t)decided,
                                      .in_memory = is_in_memory(a->conf.uncommitted)};
    return status;
}

static enum status ask_end(struct asker *a, enum ask_kind kind, uint32_t partition,
                           struct ask_answer *ret, struct failure *err)
{
    const char *topic = kind == ASK_HIGH_WATER ? a->conf.decided : a->conf.submitted;
    int64_t first = 0;
    int64_t end = 0;
    const enum status status = admin_ends(a->conf.uncommitted, topic, (int32_t)partition,
                                          ASK_TIMEOUT_MS, &first, &end, err);

    ret->number = kind == ASK_LOG_START ? first : end;
    return status;
}

static void take_offset(const rd_kafka_topic_partition_t *from, struct bus_group_offset *to)
{
    const size_t n =
        from->metadata_size < BUS_METADATA_SIZE ? from->metadata_size : BUS_METADATA_SIZE - 1;

    to->stable = from->err != RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
    to->offset = from->offset >= 0 ? from->offset : -1;
    if (from->metadata) {
        memcpy(to->metadata, from->metadata, n);
    }
    to->metadata[from->metadata ? n : 0] = '\0';
}

static enum status ask_group_offsets(struct asker *a, struct slot *slot, struct ask_answer *ret,
                                     struct failure *err)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    struct admin_group question = {.group = a->conf.group,
                                   .topic = a->conf.submitted,
                                   .stable = true,
                                   .timeout_ms = ASK_TIMEOUT_MS};
    enum status status = admin_partition_count(a->conf.uncommitted, a->conf.submitted,
                                               ASK_TIMEOUT_MS, &question.count, err);

    if (status == STATUS_OK) {
        status = admin_group_offsets(a->conf.uncommitted, &question, &list, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    free(slot->offsets);
    slot->offsets = calloc((size_t)question.count + 1, sizeof(*slot->offsets));
    if (!slot->offsets) {
        rd_kafka_topic_partition_list_destroy(list);
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &list->elems[i];

        if (at->partition >= 0 && at->partition < question.count) {
            take_offset(at, &slot->offsets[at->partition]);
        }
    }
    rd_kafka_topic_partition_list_destroy(list);
    ret->offsets = slot->offsets;
    ret->offsets_n = (uint32_t)question.count;
    return STATUS_OK;
}

/* A throw-away producer under the id aborts what its owner left open. */
static enum status ask_fence(struct asker *a, const char *id, struct failure *err)
{
    struct kafka_options options = a->conf.options;
    struct producer *producer = NULL;
    enum status status;

    options.transactional_id = id;
    options.client_id = "filing-fence";
    status = producer_open(&options, a->conf.decided, &producer, err);
    producer_close(producer);
    return status;
}

static enum status serve(struct asker *a, struct slot *slot, enum ask_kind kind, uint32_t partition,
                         struct ask_answer *ret, struct failure *err)
{
    switch (kind) {
    case ASK_TOPICS:
        return ask_topics(a, ret, err);
    case ASK_LOG_START:
    case ASK_INPUT_END:
    case ASK_HIGH_WATER:
        return ask_end(a, kind, partition, ret, err);
    case ASK_GROUP_OFFSETS:
        return ask_group_offsets(a, slot, ret, err);
    case ASK_FENCE:
        return ask_fence(a, slot->text, err);
    case ASK_KIND_N:
        break;
    }
    return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0, "no such question");
}

/* The lock is held, and given up while the cluster is asked. */
static void serve_slot(struct asker *a, enum ask_kind kind, uint32_t partition)
{
    struct slot *slot = &a->slots[kind][partition];
    struct ask_answer answer = {.number = 0};
    struct failure failure = {.status = STATUS_OK};
    bool failed;

    slot->state = SLOT_ASKING;
    pthread_mutex_unlock(&a->lock);
    failed = serve(a, slot, kind, partition, &answer, &failure) != STATUS_OK;
    pthread_mutex_lock(&a->lock);
    if (slot->state == SLOT_STALE) {
        slot->state = SLOT_NONE;
        return;
    }
    slot->failed = failed;
    slot->failure = failure;
    slot->answer = answer;
    slot->state = SLOT_ANSWERED;
}

static bool serve_asked(struct asker *a)
{
    bool any = false;

    for (int kind = 0; kind < ASK_KIND_N; kind++) {
        for (uint32_t p = 0; p < BUS_PARTITIONS_MAX && !a->stop; p++) {
            if (a->slots[kind][p].state == SLOT_ASKED) {
                serve_slot(a, (enum ask_kind)kind, p);
                any = true;
            }
        }
    }
    return any;
}

static void *asker_run(void *opaque)
{
    struct asker *a = opaque;

    pthread_mutex_lock(&a->lock);
    while (!a->stop) {
        if (!serve_asked(a) && !a->stop) {
            pthread_cond_wait(&a->wake, &a->lock);
        }
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

enum status asker_open(const struct asker_conf *conf, struct asker **ret, struct failure *err)
{
    struct asker *a = calloc(1, sizeof(*a));
    int rc;

    if (!a) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    a->conf = *conf;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->wake, NULL);
    rc = pthread_create(&a->thread, NULL, asker_run, a);
    if (rc) {
        (void)asker_close(a); /* its thread did not start */
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, rc, "cannot start the asker's thread");
    }
    a->started = true;
    *ret = a;
    return STATUS_OK;
}

bool asker_close(struct asker *a)
{
    if (!a) {
        return true;
    }
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->lock);
    if (a->started && !thread_join(a->thread, STOP_MS_MAX)) {
        return false;
    }
    for (uint32_t p = 0; p < BUS_PARTITIONS_MAX; p++) {
        free(a->slots[ASK_GROUP_OFFSETS][p].offsets);
    }
    pthread_cond_destroy(&a->wake);
    pthread_mutex_destroy(&a->lock);
    free(a);
    return true;
}

static enum bus_answer take(struct slot *slot, struct ask_answer *ret, struct failure *err)
{
    slot->state = SLOT_NONE;
    if (slot->failed) {
        *err = slot->failure;
        return BUS_FAILED;
    }
    *ret = slot->answer;
    return BUS_READY;
}

enum bus_answer asker_ask(struct asker *a, const struct ask *ask, struct ask_answer *ret,
                          struct failure *err)
{
    struct slot *slot;
    enum bus_answer answer = BUS_PENDING;

    assert(ask->kind < ASK_KIND_N);
    assert(ask->partition < BUS_PARTITIONS_MAX);
    slot = &a->slots[ask->kind][ask->partition];
    pthread_mutex_lock(&a->lock);
    switch (slot->state) {
    case SLOT_NONE:
        if (ask->text) {
            strncpy(slot->text, ask->text, sizeof(slot->text) - 1);
        }
        slot->state = SLOT_ASKED;
        pthread_cond_signal(&a->wake);
        break;
    case SLOT_ANSWERED:
        answer = take(slot, ret, err);
        break;
    case SLOT_ASKED:
    case SLOT_ASKING:
    case SLOT_STALE: /* an old question: its answer may be of an older state of the cluster */
        break;
    }
    pthread_mutex_unlock(&a->lock);
    return answer;
}

void asker_forget(struct asker *a, uint32_t partition)
{
    pthread_mutex_lock(&a->lock);
    for (int kind = 0; kind < ASK_KIND_N; kind++) {
        struct slot *slot = &a->slots[kind][partition];

        if (slot->state == SLOT_ASKING) {
            slot->state = SLOT_STALE;
        } else if (slot->state != SLOT_STALE) {
            slot->state = SLOT_NONE;
        }
    }
    pthread_mutex_unlock(&a->lock);
}
