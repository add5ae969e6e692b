/* verify on librdkafka's mock cluster, where a log can be written as nobody could write it on a
 * broker: with any record lost, inserted, moved or altered, under the same topic name.  Each fault
 * is planted alone, and verify names it once: the place, the record or decision, and what of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/file.h"
#include "base/limits.h"
#include "consumers/audit/replay.h"
#include "consumers/audit/verify.h"
#include "consumers/engine/journal.h"
#include "consumers/store/states_digest.h"
#include "wire/decision_codec.h"
#include "wire/encode.h"
#include "wire/json.h"
#include "wire/records.h"
#include "wire/sign.h"
#include "wire/tree.h"

/* 2026-04-14 12:00 in Shanghai; records come a second after each other. */
#define NOON_MS       INT64_C(1776139200000)
#define FILINGS       60
#define RECORDS_MAX   200
#define CHECKPOINTS   8
#define FINDINGS_SEEN 64
#define ITEMS_MAX     64
#define TEXT_MAX      ((size_t)8 << 20)
#define BULLETINS     5 /* founding, policy, calendars, banks, rates */

enum { ISSUER, WORKER, WITNESS, STRANGER, KEYS_N };
static const char *const key_ids[] = {"i1", "w1", "y1", "x1"};

struct logged {
    uint8_t *key; /* NULL = none */
    size_t key_n;
    uint8_t *value;
    size_t value_n;
    int64_t at_ms;
};

struct topic {
    struct logged records[RECORDS_MAX];
    size_t n;
};

struct fixture {
    struct arena arena;
    struct signer *signer;
    struct hash *hash;
    struct signing_key *keys[KEYS_N];
    uint8_t ledger_id[LEDGER_ID_SIZE];
    struct topics topics;
    struct topic log;         /* as it was filed */
    struct topic decided;     /* as it was decided */
    struct topic checkpoints; /* of decision numbers[0] and so on */
    struct checkpoint signed_ones[CHECKPOINTS];
    uint64_t decisions_n;
    struct replay *replay; /* stands behind the last record */
    /* What a test has verify read. */
    struct topic submitted_is;
    struct topic decided_is;
    struct topic checkpoints_is;
    struct verify_report report;
    struct finding findings[FINDINGS_SEEN];
    size_t findings_n;
};

static struct failure err;

static void must(enum status status)
{
    if (status != STATUS_OK) {
        print_error("%s: %s\n", status_name(status), err.text);
        abort();
    }
}

/* ---- a log ---------------------------------------------------------------------------------- */

static uint8_t *copy_of(const void *at, size_t n)
{
    uint8_t *copy = malloc(n + 1);

    assert_non_null(copy);
    memcpy(copy, at, n);
    return copy;
}

static void add(struct topic *topic, struct bytes key, struct bytes value, int64_t at_ms)
{
    assert_true(topic->n < RECORDS_MAX);
    topic->records[topic->n++] = (struct logged){.key = key.at ? copy_of(key.at, key.n) : NULL,
                                                 .key_n = key.n,
                                                 .value = copy_of(value.at, value.n),
                                                 .value_n = value.n,
                                                 .at_ms = at_ms};
}

static void topic_copy(struct topic *to, const struct topic *from)
{
    *to = (struct topic){.n = 0};
    for (size_t i = 0; i < from->n; i++) {
        const struct logged *r = &from->records[i];

        add(to, (struct bytes){.at = r->key, .n = r->key_n},
            (struct bytes){.at = r->value, .n = r->value_n}, r->at_ms);
    }
}

static void topic_free(struct topic *topic)
{
    for (size_t i = 0; i < topic->n; i++) {
        free(topic->records[i].key);
        free(topic->records[i].value);
    }
    topic->n = 0;
}

static int64_t next_ms(const struct fixture *f) { return NOON_MS + (int64_t)f->log.n * 1000; }

static void add_bulletin(struct fixture *f, struct bytes content)
{
    const struct signed_message message = {
        .domain = SIGN_BULLETIN, .ledger_id = f->ledger_id, .bytes = content};
    uint8_t signature[SIGNATURE_SIZE];
    const struct approval approval = {.key_id = {.at = key_ids[ISSUER], .n = 2},
                                      .signature = {.at = signature, .n = sizeof(signature)}};
    struct bytes bulletin;
    struct bytes value;

    must(signer_sign(f->signer, f->keys[ISSUER], &message, signature, &err));
    must(bulletin_encode(content, &approval, 1, &f->arena, &bulletin));
    must(submission_encode_bulletin(bulletin, &f->arena, &value));
    add(&f->log, (struct bytes){.at = NULL}, value, next_ms(f));
}

static void put_operator(struct fixture *f, struct buffer *text, int key, const char *role)
{
    uint8_t public_key[PUBLIC_KEY_SIZE];
    char base64[BASE64_SIZE(PUBLIC_KEY_SIZE)];

    signing_key_public(f->keys[key], public_key);
    (void)base64_encode(public_key, sizeof(public_key), base64);
    buffer_printf(text,
                  "%s{\"person\":\"%s\",\"name\":\"N\",\"roles\":[\"%s\"],\"keys\":[{\"key_id\":"
                  "\"%s\",\"public_key\":\"%s\",\"from\":\"2020-01-01\",\"to\":\"\"}]}",
                  key > 0 ? "," : "", role, role, key_ids[key], base64);
}

static void found(struct fixture *f)
{
    struct founding_parts founding = {
        .partitions = 1, .demonstration = true, .in_memory = true, .random = {42}};
    struct json_text operators;
    struct buffer text;
    struct bytes content;

    buffer_init(&text, TEXT_MAX);
    buffer_text(&text, "{\"kind\":\"operators\",\"operators\":[");
    put_operator(f, &text, ISSUER, "ISSUER");
    put_operator(f, &text, WORKER, "WORKER");
    put_operator(f, &text, WITNESS, "WITNESS");
    buffer_text(&text, "]}");
    must(json_read(buffer_bytes(&text), &f->arena, &operators, &err));
    founding.operators = &operators.doc;
    must(founding_encode(&founding, &f->arena, &content, &err));
    hash_ledger_id(f->hash, content, f->ledger_id);
    add_bulletin(f, content);
    buffer_fini(&text);
}

/* A .json file is one object, a .jsonl file one a line. */
static void add_file(struct fixture *f, uint64_t number, const char *path)
{
    const bool is_lines = path[strlen(path) - 1] == 'l';
    struct bytes items[ITEMS_MAX];
    struct buffer text;
    struct bytes content;
    size_t n = 0;
    char *line;
    char *rest = NULL;

    buffer_init(&text, TEXT_MAX);
    must(file_read(path, &text, &err));
    line = is_lines ? strtok_r((char *)text.at, "\n", &rest) : (char *)text.at;
    for (; line && n < ITEMS_MAX; line = is_lines ? strtok_r(NULL, "\n", &rest) : NULL) {
        struct pack_line read;

        must(pack_line_read(bytes_of(line), &f->arena, &read, &err));
        must(reference_encode(&read.doc, &f->arena, &items[n++], &err));
    }
    must(content_encode(number, items, n, &f->arena, &content));
    add_bulletin(f, content);
    buffer_fini(&text);
}

static void add_filings(struct fixture *f)
{
    struct buffer text;
    char *rest = NULL;
    size_t n = 0;

    buffer_init(&text, TEXT_MAX);
    must(file_read("deploy/samples/filings.jsonl", &text, &err));
    for (char *line = strtok_r((char *)text.at, "\n", &rest); line && n < FILINGS;
         line = strtok_r(NULL, "\n", &rest), n++) {
        const struct node *enterprise;
        struct json_text json;
        struct bytes filing;
        struct bytes value;

        must(json_read(bytes_of(line), &f->arena, &json, &err));
        must(filing_encode(&json.doc, &f->arena, &filing, &err));
        must(submission_encode(filing, (struct text){0}, (struct bytes){0}, &f->arena, &value));
        enterprise = document_find(&json.doc, json.doc.nodes, "enterprise");
        add(&f->log,
            (struct bytes){.at = (const uint8_t *)enterprise->text.at, .n = enterprise->text.n},
            value, next_ms(f));
    }
    buffer_fini(&text);
}

/* ---- what was decided ----------------------------------------------------------------------- */

static struct bus_record bus_record_of(const struct logged *r, size_t offset)
{
    return (struct bus_record){.offset = (int64_t)offset,
                               .timestamp_ms = r->at_ms,
                               .key = r->key,
                               .key_n = r->key_n,
                               .value = r->value,
                               .value_n = r->value_n,
                               .has_key = r->key != NULL,
                               .has_value = true};
}

static void take_decisions(struct fixture *f, int64_t at_ms)
{
    struct store_journal_row row;
    struct journal_reader reader;
    struct journal_entry made;

    must(replay_flush(f->replay, &row, &err));
    journal_reader_init(&reader, &row);
    while (journal_next(&reader, &made, &err) == STATUS_OK) {
        add(&f->decided, (struct bytes){.at = made.has_key ? made.key.at : NULL, .n = made.key.n},
            made.decision, at_ms);
    }
    f->decisions_n = decider_position(replay_decider(f->replay))->number;
}

static void checkpoint_publish(struct fixture *f, struct topic *topic, struct checkpoint *c,
                               int key)
{
    const uint64_t number = c->number;
    uint8_t signature[SIGNATURE_SIZE];
    struct signed_message message = {.domain = SIGN_CHECKPOINT, .ledger_id = f->ledger_id};
    struct bytes value;

    must(checkpoint_signed_part(c, &f->arena, &message.bytes));
    must(signer_sign(f->signer, f->keys[key], &message, signature, &err));
    c->signature = (struct bytes){.at = signature, .n = sizeof(signature)};
    must(checkpoint_encode(c, &f->arena, &value));
    add(topic, (struct bytes){.at = NULL}, value, NOON_MS + (int64_t)number);
    c->signature = (struct bytes){.at = NULL};
}

/* As a worker does: what was decided since the last one. */
static void add_checkpoint(struct fixture *f)
{
    static uint8_t leaves[RECORDS_MAX][DIGEST_SIZE];
    const struct store_position *at = decider_position(replay_decider(f->replay));
    const size_t i = f->checkpoints.n;
    struct checkpoint *c = &f->signed_ones[i];
    size_t n = 0;

    *c = (struct checkpoint){.first_number = i > 0 ? f->signed_ones[i - 1].number + 1 : 1,
                             .number = at->number,
                             .next_offset = at->next_offset,
                             .received_ms = at->received_ms,
                             .rules = 1,
                             .key_id = {.at = key_ids[WORKER], .n = 2}};
    memcpy(c->ledger_id, f->ledger_id, LEDGER_ID_SIZE);
    memcpy(c->chain, at->chain, DIGEST_SIZE);
    for (size_t d = c->first_number - 1; d < f->decided.n; d++, n++) {
        tree_leaf(
            f->hash,
            (struct bytes){.at = f->decided.records[d].value, .n = f->decided.records[d].value_n},
            leaves[n]);
    }
    tree_root(f->hash, leaves, n, c->decisions_hash);
    must(states_digest(replay_store(f->replay), 0, f->hash, c->states_hash, &err));
    checkpoint_publish(f, &f->checkpoints, c, WORKER);
}

static void decide_all(struct fixture *f)
{
    const struct replay_conf conf = {.topic = f->topics.submitted, .partitions_n = 1};

    for (size_t i = 0; i < f->log.n; i++) {
        const struct bus_record record = bus_record_of(&f->log.records[i], i);
        bool is_full = false;
        bool is_cut = false;

        if (i == 0) {
            must(replay_open(&conf, &record, &f->replay, &err));
        }
        must(replay_record(f->replay, &record, &is_full, &is_cut, &err));
        assert_false(is_cut);
        take_decisions(f, record.timestamp_ms);
        if (i == 20 || i == 21 || i == 45) {
            add_checkpoint(f);
        }
    }
}

static int setup_group(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    *state = f;
    must(arena_open(&f->arena, (size_t)256 << 20, &err));
    must(signer_open(&f->signer, &err));
    must(hash_open(&f->hash, &err));
    must(topics_init(&f->topics, "", &err));
    for (int i = 0; i < KEYS_N; i++) {
        must(signing_key_new(&f->keys[i], &err));
    }
    found(f);
    add_file(f, 1, "deploy/reference/policy.json");
    add_file(f, 2, "deploy/reference/calendars.jsonl");
    add_file(f, 3, "deploy/reference/banks.json");
    add_file(f, 4, "deploy/samples/rates-1.jsonl");
    assert_int_equal(f->log.n, BULLETINS);
    add_filings(f);
    decide_all(f);
    return 0;
}

static int teardown_group(void **state)
{
    struct fixture *f = *state;

    topic_free(&f->log);
    topic_free(&f->decided);
    topic_free(&f->checkpoints);
    replay_close(f->replay);
    for (int i = 0; i < KEYS_N; i++) {
        signing_key_close(f->keys[i]);
    }
    hash_close(f->hash);
    signer_close(f->signer);
    arena_close(&f->arena);
    free(f);
    return 0;
}

static int setup(void **state)
{
    struct fixture *f = *state;

    topic_copy(&f->submitted_is, &f->log);
    topic_copy(&f->decided_is, &f->decided);
    topic_copy(&f->checkpoints_is, &f->checkpoints);
    f->findings_n = 0;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    topic_free(&f->submitted_is);
    topic_free(&f->decided_is);
    topic_free(&f->checkpoints_is);
    verify_report_fini(&f->report);
    return 0;
}

/* ---- verifying ------------------------------------------------------------------------------ */

static void produce(rd_kafka_t *producer, const char *name, const struct topic *topic)
{
    for (size_t i = 0; i < topic->n; i++) {
        const struct logged *r = &topic->records[i];
        const rd_kafka_vu_t parts[] = {
            {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = name},
            {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = 0},
            {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {r->key, r->key_n}},
            {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {r->value, r->value_n}},
            {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = r->at_ms},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        };
        rd_kafka_error_t *error =
            rd_kafka_produceva(producer, parts, sizeof(parts) / sizeof(parts[0]));

        assert_null(error);
    }
    assert_int_equal(rd_kafka_flush(producer, 10000), 0);
}

/* Without a broker that is connected librdkafka looks for topics once a second only. */
static void wait_for(rd_kafka_t *host)
{
    const struct rd_kafka_metadata *metadata = NULL;

    assert_int_equal(rd_kafka_metadata(host, 1, NULL, &metadata, 10000), 0);
    rd_kafka_metadata_destroy(metadata);
}

static void keep_finding(void *arg, const struct finding *finding)
{
    struct fixture *f = arg;

    if (f->findings_n < FINDINGS_SEEN) {
        f->findings[f->findings_n++] = *finding;
    }
}

static void verify(struct fixture *f, struct verify_conf *conf)
{
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    rd_kafka_mock_cluster_t *cluster;
    rd_kafka_t *host;
    char bootstrap[128];
    char text[256];

    (void)rd_kafka_conf_set(settings, "test.mock.num.brokers", "1", text, sizeof(text));
    (void)rd_kafka_conf_set(settings, "linger.ms", "0", text, sizeof(text));
    (void)rd_kafka_conf_set(settings, "log_level", "3", text, sizeof(text));
    host = rd_kafka_new(RD_KAFKA_PRODUCER, settings, text, sizeof(text));
    assert_non_null(host);
    cluster = rd_kafka_handle_mock_cluster(host);
    assert_int_equal(rd_kafka_mock_topic_create(cluster, f->topics.submitted, 1, 1), 0);
    assert_int_equal(rd_kafka_mock_topic_create(cluster, f->topics.decided, 1, 1), 0);
    assert_int_equal(rd_kafka_mock_topic_create(cluster, f->topics.checkpoints, 1, 1), 0);
    wait_for(host);
    produce(host, f->topics.submitted, &f->submitted_is);
    produce(host, f->topics.decided, &f->decided_is);
    produce(host, f->topics.checkpoints, &f->checkpoints_is);
    (void)snprintf(bootstrap, sizeof(bootstrap), "%s", rd_kafka_mock_cluster_bootstraps(cluster));
    conf->kafka = (struct kafka_options){.bootstrap = bootstrap, .client_id = "test"};
    conf->topics = &f->topics;
    conf->partition = -1;
    conf->threads = 1;
    conf->finding = keep_finding;
    conf->arg = f;
    must(verify_run(conf, &f->report, &err));
    rd_kafka_destroy(host);
}

static struct verify_conf whole(void)
{
    return (struct verify_conf){
        .bounds = {
            .from_ms = INT64_MIN, .to_ms = INT64_MAX, .from_offset = 0, .to_offset = INT64_MAX}};
}

static void verify_whole(struct fixture *f)
{
    struct verify_conf conf = whole();

    verify(f, &conf);
}

static void verify_with_checkpoints(struct fixture *f)
{
    struct reference_set *set = NULL;
    struct verify_conf conf = whole();

    must(reference_set_open(&set, &err));
    for (uint64_t number = 0; number < BULLETINS; number++) {
        struct store_bulletin bulletin;

        must(store_bulletin_next(replay_store(f->replay), number, &bulletin, &err));
        must(reference_set_apply(set, number, bulletin.content, &err));
    }
    conf.references = set;
    conf.references_as_of = BULLETINS - 1;
    conf.references_ledger = f->ledger_id;
    verify(f, &conf);
    reference_set_close(set);
}

static void show(const struct fixture *f)
{
    for (size_t i = 0; i < f->findings_n; i++) {
        const struct finding *is = &f->findings[i];

        print_error("%s offset %lld number %llu key '%s' field '%s' expected '%s' found '%s'\n",
                    is->place, (long long)is->offset, (unsigned long long)is->number, is->key,
                    is->field, is->expected, is->found);
    }
}

/* One finding, and it is this. */
static void expect(struct fixture *f, const char *place, uint64_t number, const char *field)
{
    if (f->findings_n != 1 || strcmp(f->findings[0].place, place) != 0 ||
        f->findings[0].number != number || strcmp(f->findings[0].field, field) != 0) {
        print_error("wanted one finding: %s number %llu field '%s'\n", place,
                    (unsigned long long)number, field);
        show(f);
        fail();
    }
    assert_int_equal(f->report.total.findings, 1);
    assert_string_not_equal(f->findings[0].expected, f->findings[0].found);
}

static void expect_none(struct fixture *f)
{
    show(f);
    assert_int_equal(f->findings_n, 0);
    assert_int_equal(f->report.total.findings, 0);
    assert_true(f->report.total.is_done);
}

/* The decision that is a record's own. */
static uint64_t number_of(struct fixture *f, size_t offset)
{
    static struct decision decision;

    for (size_t i = 0; i < f->decided.n; i++) {
        const struct logged *r = &f->decided.records[i];

        must(decision_decode((struct bytes){.at = r->value, .n = r->value_n}, &f->arena, &decision,
                             &err));
        if (decision.input_offset == (int64_t)offset) {
            return decision.number;
        }
    }
    fail();
    return 0;
}

static void swap(struct topic *topic, size_t a, size_t b)
{
    const struct logged kept = topic->records[a];

    topic->records[a] = topic->records[b];
    topic->records[b] = kept;
}

static void drop(struct topic *topic, size_t at)
{
    free(topic->records[at].key);
    free(topic->records[at].value);
    topic->n--;
    memmove(&topic->records[at], &topic->records[at + 1],
            (topic->n - at) * sizeof(topic->records[0]));
}

static void insert_copy(struct topic *topic, size_t to, size_t of)
{
    struct logged copy = topic->records[of];

    copy.key = copy.key ? copy_of(copy.key, copy.key_n) : NULL;
    copy.value = copy_of(copy.value, copy.value_n);
    memmove(&topic->records[to + 1], &topic->records[to],
            (topic->n - to) * sizeof(topic->records[0]));
    topic->records[to] = copy;
    topic->n++;
}

#define AT 30 /* the record that the faults are planted at */

/* ---- the log -------------------------------------------------------------------------------- */

static void finds_nothing_where_nothing_is(void **state)
{
    struct fixture *f = *state;

    verify_with_checkpoints(f);
    expect_none(f);
    assert_int_equal(f->report.total.records, f->log.n);
    assert_int_equal(f->report.total.published, f->decided.n);
    assert_int_equal(f->report.total.pending, 0);
    assert_int_equal(f->report.total.checkpoints, 3);
    assert_int_equal(f->report.parts[0].checkpoint, f->signed_ones[2].number);
    assert_string_equal(f->report.parts[0].checkpoint_person, "WORKER");
    assert_int_equal(f->report.parts[0].witnesses, 0);
    assert_memory_equal(f->report.ledger_id, f->ledger_id, LEDGER_ID_SIZE);
}

static void names_an_altered_value(void **state)
{
    struct fixture *f = *state;

    f->submitted_is.records[AT].value[f->submitted_is.records[AT].value_n / 2] ^= 1;
    verify_whole(f);
    expect(f, "log", number_of(f, AT), "value");
    assert_int_equal(f->findings[0].offset, AT);
}

static void names_an_altered_key(void **state)
{
    struct fixture *f = *state;

    f->submitted_is.records[AT].key[3] ^= 1;
    verify_whole(f);
    expect(f, "log", number_of(f, AT), "key");
    assert_int_equal(f->findings[0].offset, AT);
}

static void names_an_altered_append_time(void **state)
{
    struct fixture *f = *state;

    f->submitted_is.records[AT].at_ms += 500;
    verify_whole(f);
    expect(f, "log", number_of(f, AT), "append time");
    assert_int_equal(f->findings[0].offset, AT);
}

static void names_an_altered_bulletin(void **state)
{
    struct fixture *f = *state;

    f->submitted_is.records[2].value[40] ^= 1;
    verify_whole(f);
    expect(f, "log", number_of(f, 2), "value");
    assert_int_equal(f->findings[0].offset, 2);
}

static void names_an_altered_founding_record(void **state)
{
    struct fixture *f = *state;

    f->submitted_is.records[0].value[40] ^= 1;
    verify_whole(f);
    expect(f, "log", 0, "");
}

static void names_a_lost_record(void **state)
{
    struct fixture *f = *state;

    drop(&f->submitted_is, AT);
    verify_whole(f);
    expect(f, "log", number_of(f, AT), "order");
    assert_non_null(strstr(f->findings[0].found, "lost"));
}

static void names_an_inserted_record(void **state)
{
    struct fixture *f = *state;

    insert_copy(&f->submitted_is, AT, AT - 3);
    f->submitted_is.records[AT].at_ms = f->submitted_is.records[AT + 1].at_ms;
    verify_whole(f);
    expect(f, "log", number_of(f, AT), "order");
    assert_non_null(strstr(f->findings[0].found, "inserted"));
}

static void names_records_that_changed_places(void **state)
{
    struct fixture *f = *state;
    int64_t at_ms;

    swap(&f->submitted_is, AT, AT + 1);
    at_ms = f->submitted_is.records[AT].at_ms; /* the times stay where they were */
    f->submitted_is.records[AT].at_ms = f->submitted_is.records[AT + 1].at_ms;
    f->submitted_is.records[AT + 1].at_ms = at_ms;
    verify_whole(f);
    expect(f, "log", number_of(f, AT), "order");
}

static void counts_what_nobody_has_decided(void **state)
{
    struct fixture *f = *state;

    drop(&f->decided_is, f->decided_is.n - 1);
    verify_whole(f);
    expect_none(f);
    assert_int_equal(f->report.total.pending, 1);
}

/* ---- the topic of decisions ----------------------------------------------------------------- */

static void names_each_altered_byte_of_a_decision(void **state)
{
    struct fixture *f = *state;
    struct logged *r = &f->decided_is.records[AT];

    for (size_t i = 0; i < r->value_n; i += 23) {
        f->findings_n = 0;
        r->value[i] ^= 1;
        verify_whole(f);
        r->value[i] ^= 1;
        assert_int_equal(f->findings_n, 1);
        assert_string_equal(f->findings[0].place, "decision");
        assert_int_equal(f->findings[0].number, AT + 1);
        verify_report_fini(&f->report);
    }
}

/* Somebody made another decision and chained it rightly. */
static void names_a_forged_decision(void **state)
{
    struct fixture *f = *state;
    struct logged *r = &f->decided_is.records[AT];
    const struct logged *before = &f->decided_is.records[AT - 1];
    const uint8_t outcome[] = {0x28}; /* field 5, varint */
    uint8_t *at = memmem(r->value + 40, r->value_n - 40, outcome, sizeof(outcome));

    assert_non_null(at);
    at[1] = at[1] == 1 ? 2 : 1;
    hash_begin(f->hash);
    hash_add(f->hash, before->value + before->value_n - DIGEST_SIZE, DIGEST_SIZE);
    hash_add(f->hash, r->value, r->value_n - DECISION_CHAIN_SIZE);
    hash_end(f->hash, r->value + r->value_n - DIGEST_SIZE);
    verify_whole(f);
    expect(f, "decision", AT + 1, "outcome");
}

static void names_an_altered_key_of_a_decision(void **state)
{
    struct fixture *f = *state;

    f->decided_is.records[AT].key[3] ^= 1;
    verify_whole(f);
    expect(f, "decision", AT + 1, "key");
}

static void names_decisions_that_changed_places(void **state)
{
    struct fixture *f = *state;

    swap(&f->decided_is, AT, AT + 1);
    verify_whole(f);
    expect(f, "decision", AT + 1, "order");
}

static void names_a_missing_decision(void **state)
{
    struct fixture *f = *state;

    drop(&f->decided_is, AT);
    verify_whole(f);
    expect(f, "decision", AT + 1, "");
    assert_non_null(strstr(f->findings[0].found, "none"));
}

static void names_a_doubled_decision(void **state)
{
    struct fixture *f = *state;

    insert_copy(&f->decided_is, AT, AT - 1);
    verify_whole(f);
    expect(f, "decision", AT + 1, "order");
    assert_non_null(strstr(f->findings[0].found, "once more"));
}

static void names_one_decision_too_many(void **state)
{
    struct fixture *f = *state;

    insert_copy(&f->decided_is, f->decided_is.n, f->decided_is.n - 1);
    verify_whole(f);
    expect(f, "decision", f->decisions_n + 1, "");
}

/* ---- bounds --------------------------------------------------------------------------------- */

static void compares_from_an_offset_on(void **state)
{
    struct fixture *f = *state;
    struct verify_conf conf = whole();

    f->decided_is.records[AT].value[30] ^= 1;
    conf.bounds.from_offset = AT + 5;
    verify(f, &conf);
    expect_none(f);
    assert_int_equal(f->report.parts[0].first_offset, AT + 5);
    assert_int_equal(f->report.parts[0].first_number, number_of(f, AT + 5));
    assert_int_equal(f->report.total.decisions, f->decisions_n + 1 - number_of(f, AT + 5));
    assert_int_equal(f->report.total.records, f->log.n);
    assert_true(f->report.total.skipped & 1U << VERIFY_SKIP_BEFORE);
}

static void compares_the_decision_at_the_bound(void **state)
{
    struct fixture *f = *state;
    struct verify_conf conf = whole();
    const uint64_t number = number_of(f, AT);

    f->decided_is.records[number - 1].value[30] ^= 1;
    conf.bounds.from_offset = AT;
    conf.bounds.to_offset = AT;
    verify(f, &conf);
    assert_int_equal(f->findings_n, 1);
    assert_int_equal(f->findings[0].number, number);
    assert_int_equal(f->report.parts[0].last_offset, AT);
}

static void ends_with_what_was_received_then(void **state)
{
    struct fixture *f = *state;
    struct verify_conf conf = whole();

    f->decided_is.records[f->decided_is.n - 1].value[30] ^= 1;
    conf.bounds.from_ms = f->log.records[AT].at_ms;
    conf.bounds.to_ms = f->log.records[AT + 9].at_ms;
    verify(f, &conf);
    expect_none(f);
    assert_int_equal(f->report.parts[0].first_offset, AT);
    assert_int_equal(f->report.parts[0].last_offset, AT + 9);
    assert_int_equal(f->report.total.pending, 0);
    assert_true(f->report.total.skipped & 1U << VERIFY_SKIP_AFTER);
}

static void compares_one_enterprise(void **state)
{
    struct fixture *f = *state;
    struct verify_conf conf = whole();
    const struct logged *r = &f->log.records[AT];
    char code[CODE_SIZE + 1] = "";
    size_t other = AT + 1;

    memcpy(code, r->key, r->key_n);
    while (memcmp(f->log.records[other].key, code, CODE_SIZE) == 0) {
        other++;
    }
    conf.enterprise = code;
    f->decided_is.records[number_of(f, other) - 1].value[30] ^= 1;
    verify(f, &conf);
    expect_none(f);
    assert_true(f->report.total.decisions > 0);
    assert_true(f->report.total.decisions < f->decisions_n);
    f->decided_is.records[number_of(f, AT) - 1].value[30] ^= 1;
    verify_report_fini(&f->report);
    verify(f, &conf);
    assert_int_equal(f->findings_n, 1);
    assert_int_equal(f->findings[0].number, number_of(f, AT));
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

/* In place of the last one of three. */
static void verify_checkpoint(struct fixture *f, struct checkpoint *c, int key)
{
    drop(&f->checkpoints_is, 2);
    checkpoint_publish(f, &f->checkpoints_is, c, key);
    verify_with_checkpoints(f);
}

static void tells_what_a_checkpoint_and_the_log_differ_in(void **state)
{
    struct fixture *f = *state;
    const struct checkpoint good = f->signed_ones[2];
    struct checkpoint chain = good;
    struct checkpoint tree = good;
    struct checkpoint states = good;
    struct checkpoint place = good;
    const struct {
        struct checkpoint *c;
        const char *field;
    } rows[] = {{&chain, "chain"},
                {&tree, "decisions_sha256"},
                {&states, "states_sha256"},
                {&place, "next_offset"}};

    chain.chain[0] ^= 1;
    tree.decisions_hash[0] ^= 1;
    states.states_hash[0] ^= 1;
    place.next_offset++;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        f->findings_n = 0;
        verify_checkpoint(f, rows[i].c, WORKER);
        expect(f, "checkpoint", good.number, rows[i].field);
        assert_int_equal(f->report.total.checkpoints, 2);
        assert_int_equal(f->report.parts[0].checkpoint, f->signed_ones[1].number);
        verify_report_fini(&f->report);
    }
}

static void tells_a_signature_from_a_key_that_is_not_good(void **state)
{
    struct fixture *f = *state;
    struct checkpoint c = f->signed_ones[2];

    verify_checkpoint(f, &c, STRANGER); /* signs under the worker's key id */
    expect(f, "checkpoint", c.number, "signature");
    f->findings_n = 0;
    verify_report_fini(&f->report);
    c.key_id = (struct text){.at = key_ids[STRANGER], .n = 2};
    verify_checkpoint(f, &c, STRANGER);
    expect(f, "checkpoint", c.number, "key");
    f->findings_n = 0;
    verify_report_fini(&f->report);
    c.key_id = (struct text){.at = key_ids[ISSUER], .n = 2};
    verify_checkpoint(f, &c, ISSUER);
    expect(f, "checkpoint", c.number, "key");
}

static void tells_two_checkpoints_of_one_number(void **state)
{
    struct fixture *f = *state;
    struct checkpoint c = f->signed_ones[2];

    c.states_hash[0] ^= 1;
    checkpoint_publish(f, &f->checkpoints_is, &c, WORKER);
    verify_with_checkpoints(f);
    assert_int_equal(f->findings_n, 2); /* each of the two */
    assert_string_equal(f->findings[0].field, "fork");
    assert_string_equal(f->findings[1].field, "fork");
}

static void names_an_end_that_was_cut_off(void **state)
{
    struct fixture *f = *state;

    f->submitted_is.n = 40; /* before the record of the last checkpoint */
    f->decided_is.n = (size_t)number_of(f, 39);
    verify_with_checkpoints(f);
    expect(f, "checkpoint", f->signed_ones[2].number, "");
    assert_non_null(strstr(f->findings[0].found, "ends before"));
    for (size_t i = 40; i < f->log.n; i++) {
        free(f->log.n > i ? f->submitted_is.records[i].key : NULL);
        free(f->submitted_is.records[i].value);
    }
    for (size_t i = f->decided_is.n; i < f->decided.n; i++) {
        free(f->decided_is.records[i].key);
        free(f->decided_is.records[i].value);
    }
}

/* A log with another record, and every decision made anew after it: the chain alone sees nothing.
 */
static void names_a_log_that_was_written_anew(void **state)
{
    struct fixture *f = *state;
    const struct replay_conf conf = {.topic = f->topics.submitted, .partitions_n = 1};
    struct replay *const kept = f->replay;
    const struct topic kept_decided = f->decided;
    struct topic anew;

    drop(&f->submitted_is, AT); /* behind the second checkpoint, before the third */
    f->decided = (struct topic){.n = 0};
    for (size_t i = 0; i < f->submitted_is.n; i++) {
        const struct bus_record record = bus_record_of(&f->submitted_is.records[i], i);
        bool is_full = false;
        bool is_cut = false;

        if (i == 0) {
            must(replay_open(&conf, &record, &f->replay, &err));
        }
        must(replay_record(f->replay, &record, &is_full, &is_cut, &err));
        take_decisions(f, record.timestamp_ms);
    }
    anew = f->decided;
    replay_close(f->replay);
    f->replay = kept;
    f->decided = kept_decided;
    f->decisions_n = kept_decided.n;
    topic_free(&f->decided_is);
    f->decided_is = anew;
    verify_with_checkpoints(f);
    expect(f, "checkpoint", f->signed_ones[2].number, "chain");
    assert_int_equal(f->report.total.checkpoints, 2);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROW(finds_nothing_where_nothing_is),
        ROW(names_an_altered_value),
        ROW(names_an_altered_key),
        ROW(names_an_altered_append_time),
        ROW(names_an_altered_bulletin),
        ROW(names_an_altered_founding_record),
        ROW(names_a_lost_record),
        ROW(names_an_inserted_record),
        ROW(names_records_that_changed_places),
        ROW(counts_what_nobody_has_decided),
        ROW(names_each_altered_byte_of_a_decision),
        ROW(names_a_forged_decision),
        ROW(names_an_altered_key_of_a_decision),
        ROW(names_decisions_that_changed_places),
        ROW(names_a_missing_decision),
        ROW(names_a_doubled_decision),
        ROW(names_one_decision_too_many),
        ROW(compares_from_an_offset_on),
        ROW(compares_the_decision_at_the_bound),
        ROW(ends_with_what_was_received_then),
        ROW(compares_one_enterprise),
        ROW(tells_what_a_checkpoint_and_the_log_differ_in),
        ROW(tells_a_signature_from_a_key_that_is_not_good),
        ROW(tells_two_checkpoints_of_one_number),
        ROW(names_an_end_that_was_cut_off),
        ROW(names_a_log_that_was_written_anew),
    };

    return cmocka_run_group_tests_name("verify", tests, setup_group, teardown_group);
}
