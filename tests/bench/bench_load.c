/* bench_load.c - a demonstration ledger with a load in it.
 *
 *   bench_load PREFIX REFERENCE-FOLDER [--enterprises 10000] [--filings 400000] [--signed]
 *              [--worker-key FILE]
 *
 * Makes the topics, founds the ledger, brings the reference data into force (with --signed a key of
 * the filing bank besides) and publishes the filings as fast as they go.  Keys are made for this
 * run and written nowhere, but for one with which a worker may sign checkpoints. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chance.h"
#include "base/clock.h"
#include "kafka/producer.h"
#include "tests/bench/load_kit.h"
#include "tests/broker/cluster.h"
#include "wire/encode.h"
#include "wire/json.h"

#define OPERATORS 2
#define ITEMS_MAX 64
#define TEXT_MAX  ((size_t)256 << 10)
#define ARENA_MAX ((size_t)32 << 20)
#define FLUSH_MS  60000

struct founder {
    struct load *load;
    struct producer *producer;
    struct arena arena;
    struct signing_key *keys[OPERATORS];
    uint64_t number;
    char text[TEXT_MAX];
};

static void public_text(const struct signing_key *key, char out[BASE64_SIZE(PUBLIC_KEY_SIZE)])
{
    uint8_t public[PUBLIC_KEY_SIZE];

    signing_key_public(key, public);
    (void)base64_encode(public, sizeof(public), out);
}

/* A bulletin around content into every partition, in one transaction. */
static void issue(struct founder *f, struct bytes content)
{
    const struct signed_message message = {
        .domain = SIGN_BULLETIN, .ledger_id = f->load->ledger_id, .bytes = content};
    static const char *const ids[OPERATORS] = {"o1", "o2"};
    uint8_t signatures[OPERATORS][SIGNATURE_SIZE];
    struct approval approvals[OPERATORS];
    struct bytes bulletin;
    struct bytes value;
    struct failure err = {.text = "out of room"};
    bool clean = false;
    enum kafka_next next;

    for (size_t i = 0; i < OPERATORS; i++) {
        load_need(signer_sign(f->load->signer, f->keys[i], &message, signatures[i], &err), "sign",
                  &err);
        approvals[i] = (struct approval){.key_id = {.at = ids[i], .n = 2},
                                         .signature = {.at = signatures[i], .n = SIGNATURE_SIZE}};
    }
    load_need(bulletin_encode(content, approvals, OPERATORS, &f->arena, &bulletin), "encode", &err);
    load_need(submission_encode_bulletin(bulletin, &f->arena, &value), "encode", &err);
    next = producer_begin(f->producer, &err);
    for (int32_t p = 0; p < LOAD_PARTITIONS && next == KAFKA_NEXT_NONE; p++) {
        const struct producer_record record = {.topic = f->load->topics.submitted,
                                               .partition = p,
                                               .value = value.at,
                                               .value_n = value.n};

        next = producer_send(f->producer, &record, &err);
    }
    next = next == KAFKA_NEXT_NONE ? producer_flush(f->producer, &err) : next;
    next = next == KAFKA_NEXT_NONE ? producer_commit(f->producer, &clean, &err) : next;
    load_need(next == KAFKA_NEXT_NONE ? STATUS_OK : STATUS_KAFKA, "publish a bulletin", &err);
}

static void found(struct founder *f)
{
    struct founding_parts founding = {.partitions = LOAD_PARTITIONS, .demonstration = true};
    char public[OPERATORS][BASE64_SIZE(PUBLIC_KEY_SIZE)];
    struct json_text operators;
    struct hash *hash = NULL;
    struct bytes content;
    struct failure err;

    for (size_t i = 0; i < OPERATORS; i++) {
        load_need(signing_key_new(&f->keys[i], &err), "make a key", &err);
        public_text(f->keys[i], public[i]);
    }
    (void)snprintf(
        f->text, sizeof(f->text),
        "{\"kind\":\"operators\",\"operators\":["
        "{\"person\":\"p1\",\"name\":\"One\",\"roles\":[\"ISSUER\"],\"keys\":[{\"key_id\":\"o1\","
        "\"public_key\":\"%s\",\"from\":\"2020-01-01\",\"to\":\"\"}]},"
        "{\"person\":\"p2\",\"name\":\"Two\",\"roles\":[\"ISSUER\",\"WORKER\"],\"keys\":[{\"key_id\":\"o2\","
        "\"public_key\":\"%s\",\"from\":\"2020-01-01\",\"to\":\"\"}]}]}",
        public[0], public[1]);
    load_need(json_read(bytes_of(f->text), &f->arena, &operators, &err), "read operators", &err);
    founding.operators = &operators.doc;
    load_need(chance_fill(founding.random, sizeof(founding.random), &err), "take chance", &err);
    load_need(founding_encode(&founding, &f->arena, &content, &err), "encode", &err);
    load_need(hash_open(&hash, &err), "hash", &err);
    hash_ledger_id(hash, content, f->load->ledger_id);
    hash_close(hash);
    issue(f, content);
}

static struct bytes item_of(struct founder *f, struct bytes line)
{
    struct pack_line read;
    struct bytes item;
    struct failure err;

    load_need(pack_line_read(line, &f->arena, &read, &err), "read reference data", &err);
    load_need(reference_encode(&read.doc, &f->arena, &item, &err), "encode reference data", &err);
    return item;
}

static void issue_items(struct founder *f, const struct bytes *items, size_t n)
{
    struct failure err = {.text = "out of room"};
    struct bytes content;

    f->number++;
    load_need(content_encode(f->number, items, n, &f->arena, &content), "encode", &err);
    issue(f, content);
}

/* A .json file is one object, a .jsonl file one a line; either is one bulletin. */
static void issue_file(struct founder *f, const char *folder, const char *name)
{
    struct bytes items[ITEMS_MAX];
    char path[512];
    char *rest = NULL;
    size_t n = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "re");
    if (!file) {
        (void)fprintf(stderr, "cannot open '%s'\n", path);
        exit(EXIT_FAILURE);
    }
    f->text[fread(f->text, 1, sizeof(f->text) - 1, file)] = '\0';
    (void)fclose(file);
    arena_reset(&f->arena);
    if (!strstr(name, ".jsonl")) {
        items[n++] = item_of(f, bytes_of(f->text));
    } else {
        for (char *line = strtok_r(f->text, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest)) {
            assert(n < ITEMS_MAX);
            items[n++] = item_of(f, bytes_of(line));
        }
    }
    issue_items(f, items, n);
}

static void issue_bank_key(struct founder *f)
{
    char public[BASE64_SIZE(PUBLIC_KEY_SIZE)];
    struct bytes item;
    struct failure err;

    load_need(signing_key_new(&f->load->key, &err), "make a key", &err);
    public_text(f->load->key, public);
    (void)snprintf(f->text, sizeof(f->text),
                   "{\"reference\":{\"kind\":\"banks\",\"banks\":[{\"code\":\"210100000123\","
                   "\"name\":\"Bank\",\"roles\":[\"FILER\"],\"keys\":[{\"key_id\":\"k1\","
                   "\"public_key\":\"%s\",\"from\":\"2020-01-01\",\"to\":\"\"}]}]}}",
                   public);
    arena_reset(&f->arena);
    item = item_of(f, bytes_of(f->text));
    issue_items(f, &item, 1);
}

/* The second issuer is a WORKER too. */
static void write_worker_key(struct founder *f, const char *path)
{
    struct failure err;

    cluster_create_topic(f->load->topics.checkpoints, 1);
    load_need(signing_key_write(f->keys[1], path, &err), "write the worker's key", &err);
}

static void found_ledger(struct load *load, const char *folder, bool is_signed,
                         const char *worker_key)
{
    static const char *const files[] = {"policy.json", "calendars.jsonl", "banks.json",
                                        "negative_list.json", "sensitive_list.json"};
    static struct founder f;
    const struct kafka_options options = {.bootstrap = cluster_bootstrap(),
                                          .client_id = "bench",
                                          .transactional_id = load->topics.reference_txn};
    struct failure err;

    f.load = load;
    load_need(arena_open(&f.arena, ARENA_MAX, &err), "open an arena", &err);
    load_need(signer_open(&load->signer, &err), "open a signer", &err);
    cluster_create_topic(load->topics.submitted, LOAD_PARTITIONS);
    cluster_create_topic(load->topics.decided, LOAD_PARTITIONS);
    load_need(producer_open(&options, load->topics.submitted, &f.producer, &err), "open a producer",
              &err);
    found(&f);
    if (worker_key) {
        write_worker_key(&f, worker_key);
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        issue_file(&f, folder, files[i]);
    }
    if (is_signed) {
        issue_bank_key(&f);
    }
    producer_close(f.producer);
    for (size_t i = 0; i < OPERATORS; i++) {
        signing_key_close(f.keys[i]);
    }
    arena_close(&f.arena);
}

/* NULL: it is not there. */
static const char *text_option(int argc, char **argv, const char *name)
{
    for (int i = 3; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const uint64_t filings = load_option(argc, argv, "--filings", 400000);
    struct load load;
    struct load_filing filing;
    rd_kafka_t *producer;
    int64_t started_us;

    if (argc < 3) {
        (void)fprintf(stderr, "usage: bench_load PREFIX REFERENCE-FOLDER [--enterprises N] "
                              "[--filings N] [--signed] [--worker-key FILE]\n");
        return 2;
    }
    load_open(&load, argv[1], (uint32_t)load_option(argc, argv, "--enterprises", 10000));
    found_ledger(&load, argv[2], load_switch(argc, argv, "--signed"),
                 text_option(argc, argv, "--worker-key"));
    producer = load_producer();
    started_us = clock_monotonic_us();
    for (uint64_t i = 0; i < filings; i++) {
        load_filing(&load, i, &filing);
        while (!load_send(producer, &load, &filing, NULL)) {
            (void)rd_kafka_poll(producer, 10);
        }
        (void)rd_kafka_poll(producer, 0);
    }
    if (rd_kafka_flush(producer, FLUSH_MS)) {
        (void)fprintf(stderr, "not everything was delivered\n");
        return EXIT_FAILURE;
    }
    printf("load_published %" PRIu64 " filings/s\n",
           filings * 1000000 / (uint64_t)(clock_monotonic_us() - started_us + 1));
    rd_kafka_destroy(producer);
    load_close(&load);
    return EXIT_SUCCESS;
}
