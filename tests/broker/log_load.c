/* log_load - founds demonstration ledgers and puts filings into their log, for tests.
 *
 *   log_load PREFIX DIR found PARTITIONS   two topics and the founding record
 *   log_load PREFIX DIR bulletin           one bulletin of the reference lines on stdin
 *   log_load PREFIX DIR members            prints how many members the group of the workers has
 *   log_load PREFIX DIR open               prints in how many partitions of decided a transaction
 * is open log_load PREFIX DIR publish RATE       filings of stdin, JSON Lines, so many a second (0
 * = all at once); ends when each was acknowledged
 *
 * The broker is KAFKA_BOOTSTRAP.  DIR keeps the one operator's key, the ledger id and the number of
 * the last bulletin.  It waits for brokers that are away, at most two minutes a record: a load goes
 * on through a broker's restart.  Lines on stdin are taken as they come, so that a program may feed
 * it. Exit 0, 1, 2 usage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/bytes.h"
#include "base/chance.h"
#include "base/clock.h"
#include "base/status.h"
#include "form/document.h"
#include "kafka/admin.h"
#include "kafka/producer.h"
#include "kafka/settings.h"
#include "wire/arena.h"
#include "wire/encode.h"
#include "wire/hash.h"
#include "wire/headers.h"
#include "wire/json.h"
#include "wire/sign.h"

#define ARENA_SIZE (64U << 20)
#define LINE_SIZE  (1U << 20)
#define ITEMS_MAX  4096
#define ADMIN_MS   30000
#define FLUSH_MS   120000
#define NAP_NS     1000000

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct load {
    const char *bootstrap;
    const char *dir;
    struct topics topics;
    struct arena arena;
    struct arena items;
    struct hash *hash;
    struct signer *signer;
    uint8_t ledger_id[LEDGER_ID_SIZE];
    uint64_t bulletin;
    uint32_t partitions;
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

static void require_next(enum kafka_next next, const struct failure *err)
{
    require(next == KAFKA_NEXT_NONE ? STATUS_OK : STATUS_KAFKA, err);
}

static void require_true(bool is, const char *what)
{
    struct failure err;

    require(is ? STATUS_OK : failure_set(&err, STATUS_IO, REMEDY_STOP, 0, "%s", what), &err);
}

/* ---- what DIR keeps ------------------------------------------------------------------------ */

static const char *path_of(const struct load *l, const char *name, char out[512])
{
    (void)snprintf(out, 512, "%s/%s", l->dir, name);
    return out;
}

static void ledger_write(const struct load *l)
{
    char path[512];
    FILE *file = fopen(path_of(l, "ledger", path), "wbe");

    require_true(file && fwrite(l->ledger_id, sizeof(l->ledger_id), 1, file) == 1 &&
                     fwrite(&l->bulletin, sizeof(l->bulletin), 1, file) == 1 &&
                     fwrite(&l->partitions, sizeof(l->partitions), 1, file) == 1 &&
                     fclose(file) == 0,
                 "cannot write DIR/ledger");
}

static void ledger_read(struct load *l)
{
    char path[512];
    FILE *file = fopen(path_of(l, "ledger", path), "rbe");

    require_true(file && fread(l->ledger_id, sizeof(l->ledger_id), 1, file) == 1 &&
                     fread(&l->bulletin, sizeof(l->bulletin), 1, file) == 1 &&
                     fread(&l->partitions, sizeof(l->partitions), 1, file) == 1,
                 "cannot read DIR/ledger");
    (void)fclose(file);
}

static struct signing_key *operator_key(const struct load *l)
{
    char path[512];
    struct stat entry;
    struct failure err;
    struct signing_key *key = NULL;

    (void)path_of(l, "operator.pem", path);
    if (stat(path, &entry) == 0) {
        require(signing_key_open(path, &key, &err), &err);
        return key;
    }
    require(signing_key_new(&key, &err), &err);
    require(signing_key_write(key, path, &err), &err);
    return key;
}

/* ---- bulletins ----------------------------------------------------------------------------- */

/* One approval: enough in a demonstration. */
static struct bytes approve(struct load *l, const struct signing_key *key, struct bytes content)
{
    const struct signed_message message = {
        .domain = SIGN_BULLETIN, .ledger_id = l->ledger_id, .bytes = content};
    uint8_t signature[SIGNATURE_SIZE];
    const struct approval approval = {
        .key_id = {.at = "o1",      .n = 2                },
          .signature = {.at = signature, .n = sizeof(signature)}
    };
    struct bytes bulletin;
    struct bytes value;
    struct failure err;

    require(signer_sign(l->signer, key, &message, signature, &err), &err);
    require(bulletin_encode(content, &approval, 1, &l->arena, &bulletin), &err);
    require(submission_encode_bulletin(bulletin, &l->arena, &value), &err);
    return value;
}

/* Into every partition in one transaction, as filingctl does. */
static void send_bulletin(const struct load *l, struct bytes value)
{
    const struct kafka_options options = {.bootstrap = l->bootstrap,
                                          .client_id = "log_load",
                                          .transactional_id = l->topics.reference_txn};
    struct producer *producer = NULL;
    struct failure err;
    bool is_clean = false;

    require(producer_open(&options, l->topics.submitted, &producer, &err), &err);
    require_next(producer_begin(producer, &err), &err);
    for (uint32_t p = 0; p < l->partitions; p++) {
        const struct producer_record record = {.topic = l->topics.submitted,
                                               .partition = (int32_t)p,
                                               .value = value.at,
                                               .value_n = value.n};

        require_next(producer_send(producer, &record, &err), &err);
    }
    require_next(producer_flush(producer, &err), &err);
    require_next(producer_commit(producer, &is_clean, &err), &err);
    producer_close(producer);
}

static void create_topics(const struct load *l, rd_kafka_t *handle)
{
    const char *const names[] = {l->topics.submitted, l->topics.decided};
    const char *const types[] = {"LogAppendTime", "CreateTime"};
    rd_kafka_NewTopic_t *topics[2];
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_event_t *event;
    size_t n = 0;
    char text[256];

    for (size_t i = 0; i < 2; i++) {
        topics[i] = rd_kafka_NewTopic_new(names[i], (int)l->partitions, 1, text, sizeof(text));
        require_true(topics[i] != NULL, text);
        (void)rd_kafka_NewTopic_set_config(topics[i], "message.timestamp.type", types[i]);
        (void)rd_kafka_NewTopic_set_config(topics[i], "max.message.bytes", "1048588");
        (void)rd_kafka_NewTopic_set_config(topics[i], "retention.ms", "-1");
    }
    rd_kafka_CreateTopics(handle, topics, 2, NULL, queue);
    event = rd_kafka_queue_poll(queue, ADMIN_MS);
    require_true(event != NULL, "the broker does not answer");
    require_true(!rd_kafka_event_error(event), rd_kafka_event_error_string(event));
    (void)rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    require_true(n == 2, "topics were not created");
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy_array(topics, 2);
    rd_kafka_queue_destroy(queue);
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

static void verb_found(struct load *l)
{
    struct signing_key *key = operator_key(l);
    rd_kafka_t *admin = open_handle(l, KAFKA_ADMIN);
    struct founding_parts founding = {.partitions = l->partitions, .demonstration = true};
    uint8_t public_key[PUBLIC_KEY_SIZE];
    char base64[BASE64_SIZE(PUBLIC_KEY_SIZE)];
    char text[1024];
    struct json_text json;
    struct bytes content;
    struct failure err;

    create_topics(l, admin);
    rd_kafka_destroy(admin);
    signing_key_public(key, public_key);
    (void)base64_encode(public_key, sizeof(public_key), base64);
    (void)snprintf(text, sizeof(text),
                   "{\"kind\":\"operators\",\"operators\":[{\"person\":\"p1\",\"name\":\"One\","
                   "\"roles\":[\"ISSUER\"],\"keys\":[{\"key_id\":\"o1\",\"public_key\":\"%s\","
                   "\"from\":\"2020-01-01\",\"to\":\"\"}]},{\"person\":\"p2\",\"name\":\"Two\","
                   "\"roles\":[\"ISSUER\"],\"keys\":[]}]}",
                   base64);
    require(json_read(bytes_of(text), &l->arena, &json, &err), &err);
    founding.operators = &json.doc;
    require(chance_fill(founding.random, sizeof(founding.random), &err), &err);
    require(founding_encode(&founding, &l->arena, &content, &err), &err);
    hash_ledger_id(l->hash, content, l->ledger_id);
    send_bulletin(l, approve(l, key, content));
    signing_key_close(key);
    ledger_write(l);
}

static void verb_bulletin(struct load *l)
{
    static struct bytes items[ITEMS_MAX];
    struct signing_key *key = NULL;
    struct bytes content;
    struct failure err;
    size_t n = 0;

    ledger_read(l);
    while (n < ITEMS_MAX && fgets(l->line, sizeof(l->line), stdin)) {
        struct pack_line line;

        arena_reset(&l->arena);
        require(pack_line_read(bytes_of(l->line), &l->arena, &line, &err), &err);
        require(reference_encode(&line.doc, &l->items, &items[n], &err), &err);
        n++;
    }
    arena_reset(&l->arena);
    l->bulletin++;
    require(content_encode(l->bulletin, items, n, &l->arena, &content), &err);
    key = operator_key(l);
    send_bulletin(l, approve(l, key, content));
    signing_key_close(key);
    ledger_write(l);
}

/* ---- filings ------------------------------------------------------------------------------- */

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
            {.vtype = RD_KAFKA_VTYPE_TOPIC,    .u.cstr = l->topics.submitted                  },
            {.vtype = RD_KAFKA_VTYPE_KEY,
             .u.mem = {(void *)(uintptr_t)enterprise->text.at, enterprise->text.n}            },
            {.vtype = RD_KAFKA_VTYPE_VALUE,    .u.mem = {(void *)(uintptr_t)value.at, value.n}},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY                     },
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

int main(int argc, char **argv)
{
    static struct load l;
    const char *verb = argc > 3 ? argv[3] : "";
    const char *value = argc > 4 ? argv[4] : "0";
    struct failure err;

    l.bootstrap = getenv("KAFKA_BOOTSTRAP"); /* NOLINT(concurrency-mt-unsafe) */
    if (argc < 4 || !l.bootstrap) {
        fprintf(stderr, "usage: KAFKA_BOOTSTRAP=HOST:PORT log_load PREFIX DIR "
                        "found N|bulletin|members|open|publish RATE\n");
        return EXIT_USAGE;
    }
    l.dir = argv[2];
    l.partitions = (uint32_t)strtoul(value, NULL, 10);
    require(topics_init(&l.topics, argv[1], &err), &err);
    require(arena_open(&l.arena, ARENA_SIZE, &err), &err);
    require(arena_open(&l.items, ARENA_SIZE, &err), &err);
    require(hash_open(&l.hash, &err), &err);
    require(signer_open(&l.signer, &err), &err);
    if (strcmp(verb, "found") == 0) {
        verb_found(&l);
    } else if (strcmp(verb, "bulletin") == 0) {
        verb_bulletin(&l);
    } else if (strcmp(verb, "members") == 0) {
        verb_members(&l);
    } else if (strcmp(verb, "open") == 0) {
        verb_open(&l);
    } else if (strcmp(verb, "publish") == 0) {
        verb_publish(&l, strtol(value, NULL, 10));
    } else {
        fprintf(stderr, "log_load: no verb '%s'\n", verb);
        return EXIT_USAGE;
    }
    signer_close(l.signer);
    hash_close(l.hash);
    arena_close(&l.items);
    arena_close(&l.arena);
    return EXIT_OK;
}
