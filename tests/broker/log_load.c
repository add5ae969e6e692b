/* log_load - a bank's load, two questions to the broker, and a transaction left open, for tests.
 *
 *   log_load PREFIX members        prints how many members the group of the workers has
 *   log_load PREFIX open           prints in how many partitions of decided a transaction is open
 *   log_load PREFIX hold           leaves a transaction open in partition 0 of submitted and of
 *                                  decided, says "open", and aborts it when stdin ends
 *   log_load PREFIX publish RATE   filings of stdin, JSON Lines, so many a second (0 = all at
 * once); ends when each was acknowledged
 *
 * The broker is KAFKA_BOOTSTRAP.  It waits for brokers that are away, at most two minutes a record:
 * a load goes on through a broker's restart.  Lines on stdin are taken as they come, so that a
 * program may feed it.  Exit 0, 1, 2 usage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/status.h"
#include "form/document.h"
#include "kafka/admin.h"
#include "kafka/producer.h"
#include "kafka/settings.h"
#include "wire/arena.h"
#include "wire/encode.h"
#include "wire/headers.h"
#include "wire/json.h"

#define ARENA_SIZE (64U << 20)
#define LINE_SIZE  (1U << 20)
#define ADMIN_MS   30000
#define FLUSH_MS   120000
#define NAP_NS     1000000

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct load {
    const char *bootstrap;
    struct topics topics;
    struct arena arena;
    char line[LINE_SIZE];
};

/* A test's tool: whatever fails ends it, and says what. */
static void require(enum status status, const struct failure *err)
{
    if (status != STATUS_OK) {
        fprintf(stderr, "log_load: %s\n", err->text);
        exit(EXIT_FAILED); /* NOLINT(concurrency-mt-unsafe) */
    }
}

static void require_true(bool is, const char *what)
{
    struct failure err;

    require(is ? STATUS_OK : failure_set(&err, STATUS_IO, REMEDY_STOP, 0, "%s", what), &err);
}

static rd_kafka_t *open_handle(const struct load *l, enum kafka_role role)
{
    const struct kafka_options options = {.bootstrap = l->bootstrap, .client_id = "log_load"};
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *handle = NULL;
    struct failure err;

    require(kafka_conf(role, &options, &conf, &err), &err);
    require(kafka_open(role, conf, &handle, &err), &err);
    return handle;
}

static unsigned long failed_n;

static void delivered(rd_kafka_t *handle, const rd_kafka_message_t *m, void *opaque)
{
    (void)handle;
    (void)opaque;
    if (m->err) {
        failed_n++;
    }
}

static rd_kafka_t *open_producer(const struct load *l)
{
    const struct kafka_options options = {.bootstrap = l->bootstrap, .client_id = "log_load"};
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *handle = NULL;
    struct failure err;

    require(kafka_conf(KAFKA_IDEMPOTENT, &options, &conf, &err), &err);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    require(kafka_open(KAFKA_IDEMPOTENT, conf, &handle, &err), &err);
    return handle;
}

/* librdkafka takes key and value as void * and promises with F_COPY not to write to them. */
static void *unconst(const void *at)
{
    union {
        const void *in;
        void *out;
    } u = {.in = at};

    return u.out;
}

static void publish_line(struct load *l, rd_kafka_t *handle)
{
    struct json_text json;
    struct bytes filing;
    struct bytes value;
    const struct node *enterprise;
    struct failure err;
    rd_kafka_error_t *error = NULL;

    arena_reset(&l->arena);
    require(json_read(bytes_of(l->line), &l->arena, &json, &err), &err);
    require(filing_encode(&json.doc, &l->arena, &filing, &err), &err);
    require(submission_encode(filing, (struct text){0}, (struct bytes){0}, &l->arena, &value),
            &err);
    enterprise = document_find(&json.doc, json.doc.nodes, "enterprise");
    require_true(enterprise != NULL, "a filing without enterprise");
    do {
        const rd_kafka_vu_t parts[] = {
            {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = l->topics.submitted},
            {.vtype = RD_KAFKA_VTYPE_KEY,
             .u.mem = {unconst(enterprise->text.at), enterprise->text.n}},
            {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {unconst(value.at), value.n}},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        };

        rd_kafka_error_destroy(error);
        error = rd_kafka_produceva(handle, parts, sizeof(parts) / sizeof(parts[0]));
        (void)rd_kafka_poll(handle, error ? 10 : 0);
    } while (error && rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    require_true(!error, "cannot publish");
}

static void verb_publish(struct load *l, long rate)
{
    rd_kafka_t *handle = open_producer(l);
    const int64_t begun_us = clock_monotonic_us();
    long n = 0;

    while (fgets(l->line, sizeof(l->line), stdin)) {
        const struct timespec nap = {.tv_nsec = NAP_NS};

        while (rate > 0 && n * INT64_C(1000000) > (clock_monotonic_us() - begun_us) * rate) {
            (void)rd_kafka_poll(handle, 0);
            (void)nanosleep(&nap, NULL);
        }
        publish_line(l, handle);
        n++;
    }
    require_true(!rd_kafka_flush(handle, FLUSH_MS) && failed_n == 0,
                 "not every filing was acknowledged");
    rd_kafka_destroy(handle);
    printf("%ld\n", n);
}

static void verb_members(const struct load *l)
{
    rd_kafka_t *handle = open_handle(l, KAFKA_ADMIN);
    const struct rd_kafka_group_list *groups = NULL;
    rd_kafka_resp_err_t code = rd_kafka_list_groups(handle, l->topics.group, &groups, ADMIN_MS);

    require_true(!code && groups->group_cnt == 1, "the group cannot be looked at");
    printf("%d\n", groups->groups[0].member_cnt);
    rd_kafka_group_list_destroy(groups);
    rd_kafka_destroy(handle);
}

static void verb_open(struct load *l)
{
    rd_kafka_t *committed = open_handle(l, KAFKA_LOOK_COMMITTED);
    rd_kafka_t *uncommitted = open_handle(l, KAFKA_LOOK_UNCOMMITTED);
    struct failure err;
    int32_t partitions = 0;
    int n = 0;

    require(admin_partition_count(uncommitted, l->topics.decided, ADMIN_MS, &partitions, &err),
            &err);
    for (int32_t p = 0; p < partitions; p++) {
        int64_t first = 0;
        int64_t stable = 0;
        int64_t end = 0;

        require(admin_ends(committed, l->topics.decided, p, ADMIN_MS, &first, &stable, &err), &err);
        require(admin_ends(uncommitted, l->topics.decided, p, ADMIN_MS, &first, &end, &err), &err);
        n += stable < end ? 1 : 0;
    }
    printf("%d\n", n);
    rd_kafka_destroy(committed);
    rd_kafka_destroy(uncommitted);
}

static void verb_hold(struct load *l)
{
    const struct kafka_options options = {
        .bootstrap = l->bootstrap, .client_id = "log_load", .transactional_id = "log-load-hold"};
    const char *const topics[] = {l->topics.submitted, l->topics.decided};
    struct producer *producer = NULL;
    struct failure err;

    require(producer_open(&options, l->topics.submitted, &producer, &err), &err);
    require_true(producer_begin(producer, &err) == KAFKA_NEXT_NONE, "cannot begin");
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        const struct producer_record record = {
            .topic = topics[i], .value = (const uint8_t *)"x", .value_n = 1};

        require_true(producer_send(producer, &record, &err) == KAFKA_NEXT_NONE, "cannot send");
    }
    require_true(producer_flush(producer, &err) == KAFKA_NEXT_NONE, "cannot flush");
    printf("open\n");
    (void)fflush(stdout);
    while (getchar() != EOF) {
    }
    require_true(producer_abort(producer, &err) == KAFKA_NEXT_NONE, "cannot abort");
    producer_close(producer);
}

int main(int argc, char **argv)
{
    static struct load l;
    const char *verb = argc > 2 ? argv[2] : "";
    struct failure err;

    l.bootstrap = getenv("KAFKA_BOOTSTRAP"); /* NOLINT(concurrency-mt-unsafe) */
    if (argc < 3 || !l.bootstrap) {
        fprintf(stderr, "usage: KAFKA_BOOTSTRAP=HOST:PORT log_load PREFIX "
                        "members|open|hold|publish RATE\n");
        return EXIT_USAGE;
    }
    require(topics_init(&l.topics, argv[1], &err), &err);
    require(arena_open(&l.arena, ARENA_SIZE, &err), &err);
    if (strcmp(verb, "members") == 0) {
        verb_members(&l);
    } else if (strcmp(verb, "open") == 0) {
        verb_open(&l);
    } else if (strcmp(verb, "hold") == 0) {
        verb_hold(&l);
    } else if (strcmp(verb, "publish") == 0) {
        verb_publish(&l, argc > 3 ? strtol(argv[3], NULL, 10) : 0);
    } else {
        fprintf(stderr, "log_load: no verb '%s'\n", verb);
        return EXIT_USAGE;
    }
    arena_close(&l.arena);
    return EXIT_OK;
}
