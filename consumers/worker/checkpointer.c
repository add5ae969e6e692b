/* Checkpoints beside the engine.
 *
 *   the machine, by the engine's thread            the thread
 *
 *   LEARNING --- the topic was read ---> WATCHING
 *      ^   |  may be done again            |  engine_flush(), maker_begin():
 *      |   | '---> LEARNING                |  the moment is handed over
 *      |                                   v
 *      +-------- failed ------------- MAKING     maker_draft(), await_published(), maker_send()
 *                                          |
 *                     WATCHING <-- done ---'
 *
 *   give() and collect() alone change the state.  After a failure RETRY_MS pass, and what the topic
 *   has is read again: a record that was sent without an answer may be there or not.
 *
 * Invariants, and where they are kept:
 *   K1  a checkpoint says what the store says at one moment: engine_flush() writes all states, the
 *       moment begins before the engine's next step, and maker_draft() believes the row alone,
 *       which must say that the states are complete up to its own number.
 *   K2  it is sent only after the decisions up to its number are published: await_published().
 *   K3  every decision up to the last checkpoint lies in the tree of one: first_number follows the
 *       last good checkpoint that the topic has, or is 1; make_tree() says what is left out.
 *   K4  the engine waits for the store's write alone, and no failure here stops it.
 *   K5  nothing is written that would cover up a contradiction between topic and store:
 *       check_last().
 *   K6  it is signed only with a key that counts for it: find_key_id(), as of the store's last
 *       bulletin and the date of the decision.
 *
 * So a crash anywhere leaves a checkpoint that is missing, and made later over more decisions, or
 * one that is there; twice the same when it was sent and the answer lost, which readers take for
 * one. */
#include "consumers/worker/checkpointer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "consumers/worker/thread.h"

#define LOOK_MS          100   /* between two looks for what is due */
#define RETRY_MS         30000 /* after a failure */
#define UNFOUNDED_MS     200   /* until the store is looked at again for a ledger */
#define PUBLISHED_MS_MAX 60000 /* then the decisions are somebody else's to publish */
#define WAKE_NS          200000000

enum checkpointer_state { CHECKPOINTER_LEARNING, CHECKPOINTER_WATCHING, CHECKPOINTER_MAKING };

struct checkpointer {
    struct checkpointer_conf conf;
    struct checkpoint_maker *maker; /* the thread's while is_working, else the engine's thread's */
    enum checkpointer_state state;
    int64_t retry_ms; /* not before */
    int64_t looked_ms;
    int64_t due;         /* partition, -1 = none */
    int64_t taken_ms;    /* when the moment began */
    int64_t *waiting_ms; /* of each partition: since when it has decisions without one, 0 = none */
    uint64_t *numbers;   /* of each partition: up to where the last checkpoint goes */
    uint32_t partitions_n;
    struct checkpointer_counts counts;

    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t wake;
    bool has_thread;
    bool is_stopping;
    bool is_working;
    bool is_answered;       /* the thread has done what it was given */
    bool is_learning;       /* what it was given */
    uint32_t partition;     /* the same */
    uint64_t published;     /* of the partition, told by the engine's thread */
    enum status status;     /* the answer */
    struct failure failure; /* the same */
    uint64_t number;        /* the same */
};

static int64_t now_ms(void) { return clock_monotonic_us() / 1000; }

/* ---- the thread ---------------------------------------------------------------------------- */

static void nap(struct checkpointer *c)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WAKE_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&c->wake, &c->lock, &until);
}

static enum status await_published(struct checkpointer *c, uint64_t number, struct failure *err)
{
    const int64_t until = now_ms() + PUBLISHED_MS_MAX;
    bool is_published = false;

    pthread_mutex_lock(&c->lock);
    while (c->published < number && !c->is_stopping && now_ms() < until) {
        nap(c);
    }
    is_published = c->published >= number;
    pthread_mutex_unlock(&c->lock);
    return is_published ? STATUS_OK
                        : failure_set(err, STATUS_KAFKA, REMEDY_RETRY, 0,
                                      "decision %" PRIu64 " was not published in time", number);
}

static enum status make(struct checkpointer *c, uint32_t partition, uint64_t *ret_number,
                        struct failure *err)
{
    struct maker_drafted drafted;
    enum status status = maker_draft(c->maker, partition, 1, &drafted, err);

    if (status == STATUS_OK) {
        *ret_number = drafted.number;
        status = await_published(c, drafted.number, err);
    }
    return status == STATUS_OK ? maker_send(c->maker, err) : status;
}

static void *checkpointer_run(void *opaque)
{
    struct checkpointer *c = opaque;

    pthread_mutex_lock(&c->lock);
    while (!c->is_stopping) {
        struct failure why = {.status = STATUS_OK};
        const bool is_learning = c->is_learning;
        const uint32_t partition = c->partition;
        uint64_t number = 0;
        enum status status;

        if (!c->is_working || c->is_answered) {
            nap(c);
            continue;
        }
        pthread_mutex_unlock(&c->lock);
        status = is_learning ? maker_learn(c->maker, &why) : make(c, partition, &number, &why);
        pthread_mutex_lock(&c->lock);
        c->status = status;
        c->failure = why;
        c->number = number;
        c->is_answered = true;
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* ---- opening and closing ------------------------------------------------------------------- */

static void release(struct checkpointer *c)
{
    maker_close(c->maker);
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
    free(c->waiting_ms);
    free(c->numbers);
    free(c);
}

enum status checkpointer_open(const struct checkpointer_conf *conf, struct checkpointer **ret,
                              struct failure *err)
{
    struct checkpointer *c = calloc(1, sizeof(*c));
    enum status status;
    int rc;

    if (!c) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    c->conf = *conf;
    c->due = -1;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wake, NULL);
    status = maker_open(&conf->maker, &c->maker, err);
    if (status == STATUS_OK) {
        rc = pthread_create(&c->thread, NULL, checkpointer_run, c);
        c->has_thread = rc == 0;
        status = c->has_thread ? STATUS_OK
                               : failure_set(err, STATUS_NOMEM, REMEDY_STOP, rc,
                                             "cannot start the checkpoints' thread");
    }
    if (status != STATUS_OK) {
        release(c);
        return status;
    }
    *ret = c;
    return STATUS_OK;
}

/* False: it hangs. */
static bool stop_thread(struct checkpointer *c)
{
    if (!c->has_thread) {
        return true;
    }
    pthread_mutex_lock(&c->lock);
    c->is_stopping = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    if (!thread_join(c->thread, STOP_MS_MAX)) {
        return false;
    }
    c->has_thread = false;
    return true;
}

bool checkpointer_close(struct checkpointer *c)
{
    if (!c) {
        return true;
    }
    if (!stop_thread(c)) {
        return false;
    }
    release(c);
    return true;
}

/* ---- the machine --------------------------------------------------------------------------- */

static void give(struct checkpointer *c, bool is_learning, uint32_t partition)
{
    pthread_mutex_lock(&c->lock);
    c->state = is_learning ? CHECKPOINTER_LEARNING : CHECKPOINTER_MAKING;
    c->is_learning = is_learning;
    c->partition = partition;
    c->published = 0;
    c->is_answered = false;
    c->is_working = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

static void take_failure(struct checkpointer *c, const struct failure *why)
{
    c->state = CHECKPOINTER_LEARNING;
    c->retry_ms = now_ms() + RETRY_MS;
    c->counts.failed++;
    log_failure(LOG_WARN, EVENT_CHECKPOINT_FAILED, why);
}

static bool take_learned(struct checkpointer *c)
{
    const uint32_t n = maker_partitions_n(c->maker);

    if (!c->numbers) {
        c->numbers = calloc(n, sizeof(*c->numbers));
        c->waiting_ms = calloc(n, sizeof(*c->waiting_ms));
    }
    if (!c->numbers || !c->waiting_ms) {
        return false;
    }
    c->partitions_n = n;
    for (uint32_t p = 0; p < n; p++) {
        c->numbers[p] = maker_last(c->maker, p);
    }
    c->state = CHECKPOINTER_WATCHING;
    return true;
}

static void take_made(struct checkpointer *c, uint64_t number)
{
    c->state = CHECKPOINTER_WATCHING;
    c->counts.written++;
    c->numbers[c->partition] = number;
    c->waiting_ms[c->partition] = c->taken_ms; /* if there are more by now, they came since then */
    log_event(LOG_INFO, EVENT_CHECKPOINT_WRITTEN, "partition=%" PRIu32 " number=%" PRIu64,
              c->partition, number);
}

/* The thread's answer.  The lock is held; the thread waits for the next. */
static void collect(struct checkpointer *c)
{
    const struct failure no_memory = {
        .status = STATUS_NOMEM, .remedy = REMEDY_RETRY, .text = "out of memory"};

    c->is_working = false;
    c->is_answered = false;
    if (c->status == STATUS_OK && c->is_learning) {
        if (!take_learned(c)) {
            take_failure(c, &no_memory);
        }
    } else if (c->status == STATUS_OK) {
        take_made(c, c->number);
    } else if (c->status == STATUS_NOTFOUND) {
        /* Not founded yet, or somebody was quicker: no failure. */
        c->state = c->is_learning ? CHECKPOINTER_LEARNING : CHECKPOINTER_WATCHING;
        c->retry_ms = now_ms() + UNFOUNDED_MS;
    } else {
        take_failure(c, &c->failure);
    }
}

/* Which partition's checkpoint is due, the longest waiting first; -1 = none. */
static int64_t find_due(struct checkpointer *c, const struct engine *engine, int64_t now)
{
    int64_t due = -1;

    for (uint32_t p = 0; p < c->partitions_n; p++) {
        struct engine_partition_status is;
        bool is_due;

        if (!engine_partition_status(engine, p, &is) || is.state != ENGINE_OWNED ||
            is.number <= c->numbers[p]) {
            c->waiting_ms[p] = 0;
            continue;
        }
        c->waiting_ms[p] = c->waiting_ms[p] ? c->waiting_ms[p] : now;
        is_due = is.number - c->numbers[p] >= c->conf.decisions ||
                 now - c->waiting_ms[p] >= c->conf.waiting_ms;
        if (is_due && (due < 0 || c->waiting_ms[p] < c->waiting_ms[due])) {
            due = p;
        }
    }
    return due;
}

static void watch(struct checkpointer *c, struct engine *engine, int64_t now)
{
    struct store_position position;
    struct failure why = {.status = STATUS_OK};

    if (now - c->looked_ms >= LOOK_MS) {
        c->looked_ms = now;
        c->due = find_due(c, engine, now);
    }
    if (c->due < 0 || !engine_flush(engine, (uint32_t)c->due, &position)) {
        return;
    }
    if (maker_begin(c->maker, &why) != STATUS_OK) {
        take_failure(c, &why);
        return;
    }
    c->taken_ms = now;
    give(c, false, (uint32_t)c->due);
    c->due = -1;
}

/* While the thread works: how far its partition is published. */
static bool is_busy(struct checkpointer *c, const struct engine *engine)
{
    struct engine_partition_status is;
    bool is_busy = false;

    pthread_mutex_lock(&c->lock);
    if (c->is_working && !c->is_answered) {
        is_busy = true;
        if (!c->is_learning && engine_partition_status(engine, c->partition, &is) &&
            is.published_number > c->published) {
            c->published = is.published_number;
            pthread_cond_signal(&c->wake);
        }
    } else if (c->is_working) {
        collect(c);
    }
    pthread_mutex_unlock(&c->lock);
    return is_busy;
}

void checkpointer_turn(struct checkpointer *c, struct engine *engine)
{
    const int64_t now = now_ms();

    if (!c || is_busy(c, engine) || now < c->retry_ms) {
        return;
    }
    switch (c->state) {
    case CHECKPOINTER_LEARNING:
        give(c, true, 0);
        break;
    case CHECKPOINTER_WATCHING:
        watch(c, engine, now);
        break;
    case CHECKPOINTER_MAKING:
        break;
    }
}

/* ---- the end ------------------------------------------------------------------------------- */

/* *ret_number 0: not due, or not complete. */
static enum status finish_partition(struct checkpointer *c, uint32_t p, uint64_t *ret_number,
                                    struct failure *err)
{
    struct maker_drafted drafted;
    enum status status = maker_begin(c->maker, err);

    *ret_number = 0;
    if (status == STATUS_OK) {
        status = maker_draft(c->maker, p, c->conf.decisions, &drafted, err);
    }
    if (status == STATUS_NOTFOUND) {
        return STATUS_OK;
    }
    if (status != STATUS_OK || drafted.published < drafted.number) { /* K2 */
        return status;
    }
    status = maker_send(c->maker, err);
    *ret_number = status == STATUS_OK ? drafted.number : 0;
    return status;
}

void checkpointer_finish(struct checkpointer *c)
{
    struct failure why = {.status = STATUS_OK};
    enum status status = STATUS_OK;

    if (!c || !stop_thread(c)) {
        return;
    }
    status = maker_learn(c->maker, &why);
    if (status == STATUS_OK && !take_learned(c)) {
        status = failure_set(&why, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    for (uint32_t p = 0; status == STATUS_OK && p < c->partitions_n; p++) {
        uint64_t number = 0;

        status = finish_partition(c, p, &number, &why);
        if (number > 0) {
            c->partition = p;
            take_made(c, number);
        }
    }
    if (status != STATUS_OK) {
        take_failure(c, &why);
    }
}

/* ---- for metrics --------------------------------------------------------------------------- */

void checkpointer_count(const struct checkpointer *c, struct checkpointer_counts *ret)
{
    const int64_t now = now_ms();

    *ret = c ? c->counts : (struct checkpointer_counts){.written = 0};
    for (uint32_t p = 0; c && p < c->partitions_n; p++) {
        const int64_t since = c->waiting_ms[p];

        if (since > 0 && now - since > ret->waiting_ms) {
            ret->waiting_ms = now - since;
        }
    }
}

uint64_t checkpointer_number(const struct checkpointer *c, uint32_t partition)
{
    return c && partition < c->partitions_n ? c->numbers[partition] : 0;
}
