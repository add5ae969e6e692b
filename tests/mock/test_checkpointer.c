/* The checkpointer's invariants K1 to K6, each in a situation that a broker does not give on
 * demand: a store that goes on while the thread looks at it, decisions that are published late, a
 * broker that is away, a topic of another history.
 *
 * The engine is scripted: the two of its functions that the checkpointer calls are defined here.
 * The store is a SQLite file with decisions made up for it, the topic lies on librdkafka's mock
 * cluster. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/clock.h"
#include "base/limits.h"
#include "consumers/audit/checkpoint_book.h"
#include "consumers/engine/journal.h"
#include "consumers/store/reference_set.h"
#include "consumers/store/states_digest.h"
#include "consumers/worker/checkpointer.h"
#include "kafka/courier.h"
#include "wire/decision_codec.h"
#include "wire/encode.h"
#include "wire/json.h"
#include "wire/tree.h"

#define NOON_MS       INT64_C(1776139200000) /* 2026-04-14 in Shanghai */
#define PARTITIONS    2
#define NUMBERS_MAX   64
#define WAIT_MS       15000
#define NEVER_MS      INT64_C(3600000)
#define TURN_MS_MAX   200 /* a turn writes to a small file, no more */
#define DUE_DECISIONS 3
#define STATES_MANY   50000

static const uint8_t token[OWNER_TOKEN_SIZE] = "token";
static const char code_a[CODE_SIZE] = "91110000100000001A";

struct partition {
    struct store_position position;
    uint64_t published;
    uint8_t leaves[NUMBERS_MAX][DIGEST_SIZE];
    uint8_t chains[NUMBERS_MAX][DIGEST_SIZE]; /* of number, from 1 */
};

struct fixture {
    char dir[64];
    char spec[96];
    char key_file[96];
    struct store *store;
    struct partition partitions[PARTITIONS];
    uint32_t flushes;
    struct signing_key *key;
    struct signer *signer;
    struct hash *hash;
    struct arena arena;
    struct reference_set *set;
    struct topics topics;
    uint8_t ledger_id[LEDGER_ID_SIZE];
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    struct checkpointer *checkpointer;
};

static struct fixture *script; /* what the engine says */

bool engine_flush(struct engine *engine, uint32_t partition, struct store_position *ret)
{
    (void)engine;
    script->flushes++;
    *ret = script->partitions[partition].position;
    return true;
}

bool engine_partition_status(const struct engine *engine, uint32_t partition,
                             struct engine_partition_status *ret)
{
    (void)engine;
    *ret = (struct engine_partition_status){.partition = partition,
                                            .state = ENGINE_OWNED,
                                            .number = script->partitions[partition].position.number,
                                            .published_number =
                                                script->partitions[partition].published};
    return partition < PARTITIONS;
}

static void require(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

/* ---- the store ----------------------------------------------------------------------------- */

static void commit(struct fixture *f, struct store_part *part)
{
    const struct store_batch batch = {.parts = part, .parts_n = 1};
    enum store_outcome outcome = STORE_FENCED;

    memcpy(part->owner_token, token, sizeof(part->owner_token));
    require(store_commit(f->store, &batch, &outcome, NULL) == STATUS_OK);
    require(outcome == STORE_STORED);
}

/* One decision more, after which the enterprise has this state; the row says that states are
 * complete up to it, or not. */
static void decide(struct fixture *f, uint32_t p, const char *state, bool is_clean)
{
    struct partition *const partition = &f->partitions[p];
    struct store_state written = {.bytes = bytes_of(state)};
    struct store_part part = {.partition = p, .states = &written, .states_n = 1};
    struct decision *const decision = calloc(1, sizeof(*decision));
    struct journal_entry entry = {.has_key = false};
    struct journal_writer writer;
    uint8_t *const bytes = malloc(DECISION_SIZE_MAX);
    const uint64_t number = partition->position.number + 1;

    require(decision && bytes && number < NUMBERS_MAX);
    decision_reset(decision);
    decision->partition = p;
    decision->number = number;
    decision->input_offset = partition->position.next_offset;
    decision->trigger_offset = decision->input_offset;
    decision->received_ms = NOON_MS;
    decision->outcome = OUTCOME_ACCEPTED;
    entry.decision = (struct bytes){
        .at = bytes, .n = decision_encode(f->hash, decision, partition->position.chain, bytes)};
    part.expected_next_offset = partition->position.next_offset;
    part.row = (struct store_journal_row){
        .first_number = number, .count = 1, .starts = partition->position};
    journal_writer_init(&writer, 1 << 20);
    journal_append(&writer, &entry);
    require(journal_close(&writer, &part.row, NULL) == STATUS_OK);
    partition->position.number = number;
    partition->position.input_offset = partition->position.next_offset++;
    partition->position.received_ms = NOON_MS;
    partition->position.has_bulletin = true;
    partition->position.bulletin = 1;
    memcpy(partition->position.chain, decision_chain(entry.decision), DIGEST_SIZE);
    memcpy(partition->chains[number], partition->position.chain, DIGEST_SIZE);
    tree_leaf(f->hash, entry.decision, partition->leaves[number]);
    part.position = partition->position;
    part.clean_number = is_clean ? number : number - 1;
    memcpy(written.enterprise, code_a, CODE_SIZE);
    written.number = number;
    commit(f, &part);
    journal_writer_fini(&writer);
    free(decision);
    free(bytes);
}

static void decide_n(struct fixture *f, uint32_t p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        decide(f, p, i % 2 == 0 ? "even" : "odd", true);
    }
    f->partitions[p].published = f->partitions[p].position.number;
}

static void found(struct fixture *f)
{
    struct store_ledger ledger = {.partitions = PARTITIONS};
    char previous[TXN_ID_SIZE];
    struct store_row row;

    memcpy(ledger.ledger_id, f->ledger_id, LEDGER_ID_SIZE);
    require(store_ledger_found(f->store, &ledger, NULL) == STATUS_OK);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        struct store_claim claim = {.partition = p, .txn_id = "t"};

        memcpy(claim.token, token, sizeof(claim.token));
        require(store_claim(f->store, &claim, &row, previous, NULL) == STATUS_OK);
        f->partitions[p].position = row.position;
    }
}

/* Bulletin 1 names the worker, valid up to a date. */
static void name_worker(struct fixture *f, const char *to)
{
    struct store_part part = {.partition = 0};
    struct store_bulletin bulletin = {.number = 1};
    uint8_t public_key[PUBLIC_KEY_SIZE];
    char base64[BASE64_SIZE(PUBLIC_KEY_SIZE)];
    char text[512];
    struct pack_line line;
    struct bytes item;

    signing_key_public(f->key, public_key);
    (void)base64_encode(public_key, sizeof(public_key), base64);
    (void)snprintf(text, sizeof(text),
                   "{\"reference\":{\"kind\":\"operators\",\"operators\":[{\"person\":\"wei\","
                   "\"name\":\"W\",\"roles\":[\"WORKER\"],\"keys\":[{\"key_id\":\"w1\","
                   "\"public_key\":\"%s\",\"from\":\"2020-01-01\",\"to\":\"%s\"}]}]}}",
                   base64, to);
    require(pack_line_read(bytes_of(text), &f->arena, &line, NULL) == STATUS_OK);
    require(reference_encode(&line.doc, &f->arena, &item, NULL) == STATUS_OK);
    require(content_encode(1, &item, 1, &f->arena, &bulletin.content) == STATUS_OK);
    require(reference_set_apply(f->set, 1, bulletin.content, NULL) == STATUS_OK);
    part.bulletins = &bulletin;
    part.bulletins_n = 1;
    part.position = f->partitions[0].position;
    commit(f, &part);
}

/* ---- the topic ----------------------------------------------------------------------------- */

static struct kafka_options options_of(const struct fixture *f)
{
    return (struct kafka_options){.bootstrap = rd_kafka_mock_cluster_bootstraps(f->cluster),
                                  .client_id = "test"};
}

/* What the topic has, judged.  checkpoint_book_close(). */
static struct checkpoint_book *read_topic(struct fixture *f)
{
    const struct kafka_options options = options_of(f);
    const struct checkpoint_register known = {
        .reference = reference_set_reference(f->set), .as_of = 1, .ledger_id = f->ledger_id};
    struct checkpoint_book *book = NULL;
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *handle = NULL;

    require(kafka_conf(KAFKA_LOOK_COMMITTED, &options, &conf, NULL) == STATUS_OK);
    require(kafka_open(KAFKA_LOOK_COMMITTED, conf, &handle, NULL) == STATUS_OK);
    require(checkpoint_book_open(&book, NULL) == STATUS_OK);
    require(checkpoint_book_read(book, handle, f->topics.checkpoints, NULL) == STATUS_OK);
    require(checkpoint_book_judge(book, &known, NULL) == STATUS_OK);
    rd_kafka_destroy(handle);
    return book;
}

/* A checkpoint signed by the worker's key, of whatever history. */
static void put_checkpoint(struct fixture *f, uint64_t number, const uint8_t chain[DIGEST_SIZE])
{
    const struct kafka_options options = options_of(f);
    struct checkpoint c = {.first_number = 1,
                           .number = number,
                           .received_ms = NOON_MS,
                           .key_id = {.at = "w1", .n = 2}};
    struct signed_message message = {.domain = SIGN_CHECKPOINT, .ledger_id = f->ledger_id};
    uint8_t signature[SIGNATURE_SIZE];
    struct courier *courier = NULL;
    struct bytes value;
    struct producer_record record = {
        .topic = f->topics.checkpoints, .partition = 0, .key = "0", .key_n = 1};

    memcpy(c.ledger_id, f->ledger_id, LEDGER_ID_SIZE);
    memcpy(c.chain, chain, DIGEST_SIZE);
    require(checkpoint_signed_part(&c, &f->arena, &message.bytes) == STATUS_OK);
    require(signer_sign(f->signer, f->key, &message, signature, NULL) == STATUS_OK);
    c.signature = (struct bytes){.at = signature, .n = SIGNATURE_SIZE};
    require(checkpoint_encode(&c, &f->arena, &value) == STATUS_OK);
    record.value = value.at;
    record.value_n = value.n;
    require(courier_open(&options, &courier, NULL) == STATUS_OK);
    assert_int_equal(courier_send(courier, &record, WAIT_MS, NULL), STATUS_OK);
    courier_close(courier);
}

/* ---- the fixture --------------------------------------------------------------------------- */

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char text[256];

    require(f != NULL);
    *state = f;
    script = f;
    (void)strcpy(f->dir, "/tmp/test_checkpointer.XXXXXX");
    require(mkdtemp(f->dir) != NULL);
    (void)snprintf(f->spec, sizeof(f->spec), "sqlite:%s/a.db", f->dir);
    (void)snprintf(f->key_file, sizeof(f->key_file), "%s/w1.pem", f->dir);
    memset(f->ledger_id, 7, sizeof(f->ledger_id));
    require(signing_key_new(&f->key, NULL) == STATUS_OK);
    require(signing_key_write(f->key, f->key_file, NULL) == STATUS_OK);
    require(signer_open(&f->signer, NULL) == STATUS_OK);
    require(hash_open(&f->hash, NULL) == STATUS_OK);
    require(arena_open(&f->arena, ARENA_BULLETIN_MAX, NULL) == STATUS_OK);
    require(reference_set_open(&f->set, NULL) == STATUS_OK);
    require(store_open(f->spec, &f->store, NULL) == STATUS_OK);
    require(topics_init(&f->topics, "", NULL) == STATUS_OK);
    f->host = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, text, sizeof(text));
    require(f->host != NULL);
    f->cluster = rd_kafka_mock_cluster_new(f->host, 1);
    require(f->cluster != NULL);
    require(!rd_kafka_mock_topic_create(f->cluster, f->topics.checkpoints, 1, 1));
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-shm", "a.db.lock", "w1.pem"};
    struct fixture *f = *state;
    char path[128];

    (void)checkpointer_close(f->checkpointer);
    store_close(f->store);
    rd_kafka_mock_cluster_destroy(f->cluster);
    rd_kafka_destroy(f->host);
    reference_set_close(f->set);
    signing_key_close(f->key);
    signer_close(f->signer);
    hash_close(f->hash);
    arena_close(&f->arena);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(f->dir);
    free(f);
    return 0;
}

static void start(struct fixture *f, int64_t waiting_ms)
{
    const struct checkpointer_conf conf = {.maker = {.store = f->spec,
                                                     .options = options_of(f),
                                                     .topics = &f->topics,
                                                     .key_file = f->key_file},
                                           .decisions = DUE_DECISIONS,
                                           .waiting_ms = waiting_ms};

    assert_int_equal(checkpointer_open(&conf, &f->checkpointer, NULL), STATUS_OK);
}

static void stop(struct fixture *f)
{
    assert_true(checkpointer_close(f->checkpointer));
    f->checkpointer = NULL;
}

/* One turn; the engine is not held up by it (K4). */
static struct checkpointer_counts turn(struct fixture *f)
{
    const struct timespec nap = {.tv_nsec = 2000000};
    const int64_t before_us = clock_monotonic_us();
    struct checkpointer_counts counts;

    checkpointer_turn(f->checkpointer, NULL);
    assert_true(clock_monotonic_us() - before_us < TURN_MS_MAX * INT64_C(1000));
    (void)nanosleep(&nap, NULL);
    checkpointer_count(f->checkpointer, &counts);
    return counts;
}

/* Turns until so many are written and have failed. */
static void await(struct fixture *f, uint64_t written, uint64_t failed)
{
    const int64_t until_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);
    struct checkpointer_counts counts = {.written = 0};

    while (counts.written < written || counts.failed < failed) {
        if (clock_monotonic_us() > until_us) {
            print_error("%" PRIu64 " written, %" PRIu64 " failed\n", counts.written, counts.failed);
            fail();
        }
        counts = turn(f);
    }
    assert_int_equal(counts.written, written);
    assert_int_equal(counts.failed, failed);
}

static void turn_for(struct fixture *f, int64_t ms)
{
    const int64_t until_us = clock_monotonic_us() + ms * 1000;

    while (clock_monotonic_us() < until_us) {
        (void)turn(f);
    }
}

static void expect_entry(struct fixture *f, const struct checkpoint_entry *entry, uint64_t first,
                         uint64_t number)
{
    const struct partition *partition = &f->partitions[entry->partition];
    uint8_t leaves[NUMBERS_MAX][DIGEST_SIZE];
    uint8_t root[DIGEST_SIZE];

    assert_int_equal(entry->verdict, CHECKPOINT_GOOD);
    assert_int_equal(entry->first_number, first);
    assert_int_equal(entry->number, number);
    assert_int_equal(entry->next_offset, (int64_t)number);
    assert_memory_equal(entry->chain, partition->chains[number], DIGEST_SIZE);
    memcpy(leaves, partition->leaves[first], (number - first + 1) * DIGEST_SIZE);
    tree_root(f->hash, leaves, number - first + 1, root);
    assert_memory_equal(entry->decisions_hash, root, DIGEST_SIZE);
}

/* ---- the tests ----------------------------------------------------------------------------- */

static void follows_the_last_one_in_the_topic_after_a_restart(void **state)
{
    struct fixture *f = *state;
    const struct checkpoint_entry *entries;
    struct checkpoint_book *book;
    size_t n = 0;

    found(f);
    name_worker(f, "");
    decide_n(f, 0, 4);
    start(f, NEVER_MS);
    await(f, 1, 0);
    assert_int_equal(checkpointer_number(f->checkpointer, 0), 4);
    decide_n(f, 0, 2); /* not due */
    turn_for(f, 300);
    stop(f); /* as after a crash: nothing is kept */
    start(f, NEVER_MS);
    turn_for(f, 300);
    assert_int_equal(checkpointer_number(f->checkpointer, 0), 4);
    decide_n(f, 0, 1);
    await(f, 1, 0);
    book = read_topic(f);
    entries = checkpoint_book_all(book, &n);
    assert_int_equal(n, 2);
    expect_entry(f, &entries[0], 1, 4);
    expect_entry(f, &entries[1], 5, 7); /* K3 */
    checkpoint_book_close(book);
}

static void one_decision_does_not_wait_longer_than_it_may(void **state)
{
    struct fixture *f = *state;
    struct checkpoint_book *book;
    size_t n = 0;

    found(f);
    name_worker(f, "");
    decide_n(f, 1, 1);
    start(f, 400);
    turn_for(f, 200);
    assert_int_equal(checkpointer_number(f->checkpointer, 1), 0);
    await(f, 1, 0);
    turn_for(f, 600); /* nothing new: no other one */
    book = read_topic(f);
    expect_entry(f, checkpoint_book_all(book, &n), 1, 1);
    assert_int_equal(n, 1);
    checkpoint_book_close(book);
}

/* So many states that the thread takes its time; all sort before the one that decide() writes. */
static void fill_states(struct fixture *f, uint32_t p)
{
    struct store_state *const states = calloc(STATES_MANY, sizeof(*states));
    struct store_part part = {.partition = p,
                              .expected_next_offset = f->partitions[p].position.next_offset,
                              .position = f->partitions[p].position,
                              .clean_number = f->partitions[p].position.number,
                              .states = states,
                              .states_n = STATES_MANY};

    require(states != NULL);
    for (uint32_t i = 0; i < STATES_MANY; i++) {
        char code[CODE_SIZE + 1];

        (void)snprintf(code, sizeof(code), "%018" PRIu32, i);
        memcpy(states[i].enterprise, code, CODE_SIZE);
        states[i].bytes = bytes_of("one of many");
    }
    commit(f, &part);
    free(states);
}

/* K1: the digest is that of the moment, though the store goes on before the thread has looked. */
static void says_what_the_store_said_at_one_moment(void **state)
{
    struct fixture *f = *state;
    const struct checkpoint_entry *entry;
    struct checkpoint_book *book;
    uint8_t want[DIGEST_SIZE];
    size_t n = 0;

    found(f);
    name_worker(f, "");
    decide_n(f, 0, 3);
    fill_states(f, 0);
    assert_int_equal(states_digest(f->store, 0, f->hash, want, NULL), STATUS_OK);
    start(f, NEVER_MS);
    while (f->flushes == 0) {
        checkpointer_turn(f->checkpointer, NULL); /* in the last of these the moment begins */
    }
    decide(f, 0, "of a later moment", false);
    await(f, 1, 0);
    book = read_topic(f);
    entry = checkpoint_book_all(book, &n);
    expect_entry(f, entry, 1, 3);
    assert_memory_equal(entry->states_hash, want, DIGEST_SIZE);
    checkpoint_book_close(book);
}

/* K1: states that are not complete are not signed. */
static void a_store_that_lags_behind_gives_none(void **state)
{
    struct fixture *f = *state;
    struct checkpoint_book *book;
    size_t n = 0;

    found(f);
    name_worker(f, "");
    decide_n(f, 0, 3);
    decide(f, 0, "not complete", false);
    f->partitions[0].published = 4;
    start(f, NEVER_MS);
    turn_for(f, 1000);
    assert_true(f->flushes > 0);
    book = read_topic(f);
    (void)checkpoint_book_all(book, &n);
    assert_int_equal(n, 0);
    checkpoint_book_close(book);
}

static void nothing_is_sent_before_its_decisions_are_published(void **state)
{
    struct fixture *f = *state;
    struct checkpoint_book *book;
    size_t n = 0;

    found(f);
    name_worker(f, "");
    decide_n(f, 0, 3);
    f->partitions[0].published = 2; /* K2 */
    start(f, NEVER_MS);
    turn_for(f, 1500);
    assert_true(f->flushes > 0);
    book = read_topic(f);
    (void)checkpoint_book_all(book, &n);
    assert_int_equal(n, 0);
    checkpoint_book_close(book);
    f->partitions[0].published = 3;
    await(f, 1, 0);
}

/* At the end of a worker that caught up it is the store that says what is published. */
static void the_last_ones_are_written_at_the_end(void **state)
{
    struct fixture *f = *state;
    struct checkpoint_book *book;
    size_t n = 0;

    found(f);
    name_worker(f, "");
    decide_n(f, 0, 3);
    decide_n(f, 1, 2); /* not due */
    for (uint64_t published = 2; published <= 3; published++) {
        assert_int_equal(store_published(f->store, 0, published, 9, NULL), STATUS_OK);
        store_close(f->store);
        f->store = NULL;
        start(f, NEVER_MS);
        checkpointer_finish(f->checkpointer);
        stop(f);
        book = read_topic(f);
        (void)checkpoint_book_all(book, &n);
        assert_int_equal(n, published == 3); /* K2 */
        checkpoint_book_close(book);
        assert_int_equal(store_open(f->spec, &f->store, NULL), STATUS_OK);
    }
}

static void the_worker_goes_on_without_a_broker(void **state)
{
    struct fixture *f = *state;

    found(f);
    name_worker(f, "");
    decide_n(f, 0, 3);
    require(!rd_kafka_mock_broker_set_down(f->cluster, 1));
    start(f, NEVER_MS);
    await(f, 0, 1); /* turn() measures (K4) */
    assert_int_equal(f->flushes, 0);
}

static void writes_nothing_over_a_topic_of_another_history(void **state)
{
    struct fixture *f = *state;
    uint8_t chain[DIGEST_SIZE];

    found(f);
    name_worker(f, "");
    decide_n(f, 0, 6);
    memcpy(chain, f->partitions[0].chains[2], DIGEST_SIZE);
    put_checkpoint(f, 2, chain); /* of this one: no objection */
    start(f, NEVER_MS);
    await(f, 1, 0);
    stop(f);
    decide_n(f, 0, 3);
    chain[0] ^= 1;
    put_checkpoint(f, 7, chain); /* K5 */
    start(f, NEVER_MS);
    decide_n(f, 0, 3);
    await(f, 0, 1);
}

static void writes_nothing_over_a_topic_that_goes_further(void **state)
{
    struct fixture *f = *state;

    found(f);
    name_worker(f, "");
    decide_n(f, 0, 6);
    put_checkpoint(f, 5, f->partitions[0].chains[5]);
    f->partitions[0].position.number = 20; /* so that it is asked at all */
    f->partitions[0].published = 20;
    put_checkpoint(f, 9, f->partitions[0].chains[5]);
    start(f, NEVER_MS);
    await(f, 0, 1); /* K5 */
}

static void a_key_that_ended_signs_nothing(void **state)
{
    struct fixture *f = *state;
    struct checkpoint_book *book;
    size_t n = 0;

    found(f);
    name_worker(f, "2026-04-13");
    decide_n(f, 0, 3);
    start(f, NEVER_MS);
    await(f, 0, 1); /* K6 */
    book = read_topic(f);
    (void)checkpoint_book_all(book, &n);
    assert_int_equal(n, 0);
    checkpoint_book_close(book);
}

static void waits_for_a_ledger_to_be_founded(void **state)
{
    struct fixture *f = *state;

    start(f, NEVER_MS);
    turn_for(f, 500);
    found(f);
    name_worker(f, "");
    decide_n(f, 0, 3);
    await(f, 1, 0);
}

static void a_key_that_cannot_be_read_is_told_at_once(void **state)
{
    struct fixture *f = *state;
    struct checkpointer *checkpointer = NULL;
    const struct checkpointer_conf conf = {
        .maker = {
            .store = f->spec, .options = options_of(f), .topics = &f->topics, .key_file = f->spec}};

    assert_int_equal(checkpointer_open(&conf, &checkpointer, NULL), STATUS_DENIED);
    assert_null(checkpointer);
}

static void no_key_is_no_checkpointer(void **state)
{
    struct checkpointer_counts counts;

    (void)state;
    checkpointer_turn(NULL, NULL);
    checkpointer_finish(NULL);
    checkpointer_count(NULL, &counts);
    assert_int_equal(counts.written, 0);
    assert_int_equal(checkpointer_number(NULL, 0), 0);
    assert_true(checkpointer_close(NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(follows_the_last_one_in_the_topic_after_a_restart),
        TEST(one_decision_does_not_wait_longer_than_it_may),
        TEST(says_what_the_store_said_at_one_moment),
        TEST(a_store_that_lags_behind_gives_none),
        TEST(nothing_is_sent_before_its_decisions_are_published),
        TEST(the_last_ones_are_written_at_the_end),
        TEST(the_worker_goes_on_without_a_broker),
        TEST(writes_nothing_over_a_topic_of_another_history),
        TEST(writes_nothing_over_a_topic_that_goes_further),
        TEST(a_key_that_ended_signs_nothing),
        TEST(waits_for_a_ledger_to_be_founded),
        TEST(a_key_that_cannot_be_read_is_told_at_once),
        TEST(no_key_is_no_checkpointer),
    };

    return cmocka_run_group_tests_name("checkpointer", tests, NULL, NULL);
}
