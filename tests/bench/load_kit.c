#include "tests/bench/load_kit.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "kafka/settings.h"
#include "tests/broker/cluster.h"
#include "wire/encode.h"
#include "wire/json.h"

#define FIRST_MS   INT64_C(1775000000000)
#define PER_MS     50 /* filings with one millisecond in their ids */
#define ARENA_SIZE ((size_t)1 << 20)

void load_need(enum status status, const char *what, const struct failure *err)
{
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "cannot %s: %s\n", what, err->text);
        exit(EXIT_FAILURE);
    }
}

uint64_t load_option(int argc, char **argv, const char *name, uint64_t preset)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return strtoull(argv[i + 1], NULL, 10);
        }
    }
    return preset;
}

bool load_switch(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return false;
}

void load_open(struct load *load, const char *prefix, uint32_t enterprises)
{
    struct failure err;

    assert(enterprises > 0);
    *load = (struct load){.enterprises = enterprises};
    if (!cluster_bootstrap()) {
        (void)fprintf(stderr, "KAFKA_BOOTSTRAP names no broker\n");
        exit(EXIT_FAILURE);
    }
    load_need(topics_init(&load->topics, prefix, &err), "name the topics", &err);
    load_need(arena_open(&load->arena, ARENA_SIZE, &err), "open an arena", &err);
}

void load_close(struct load *load)
{
    arena_close(&load->arena);
    signing_key_close(load->key);
    signer_close(load->signer);
}

/* splitmix64: any two numbers give what looks like chance. */
static uint64_t mixed(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static uint32_t digit_of(char c, const char *alphabet)
{
    const char *at = strchr(alphabet, c);

    assert(at);
    return (uint32_t)(at - alphabet);
}

/* Unified social credit code with the check characters of GB 11714 and GB 32100. */
static void code_of(uint32_t enterprise, char out[LOAD_CODE_SIZE + 1])
{
    static const char letters[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    static const char organisation[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const uint32_t weights[] = {3, 7, 9, 10, 5, 8, 4, 2};
    uint32_t sum = 0;
    uint32_t weight = 1;
    uint32_t left = enterprise;

    memcpy(out, "91210106MA", 10);
    for (int i = 0; i < 6; i++) {
        out[10 + i] = letters[left % 31];
        left /= 31;
    }
    for (int i = 0; i < 8; i++) {
        sum += weights[i] * digit_of(out[8 + i], organisation);
    }
    out[16] = "0123456789X"[(11 - sum % 11) % 11];
    sum = 0;
    for (int i = 0; i < 17; i++) {
        sum += digit_of(out[i], letters) * weight;
        weight = weight * 3 % 31;
    }
    out[17] = letters[(31 - sum % 31) % 31];
    out[18] = '\0';
}

void load_filing_id(uint64_t i, char out[LOAD_ID_SIZE])
{
    uint8_t chance[16];

    be64_put(chance, mixed(i));
    be64_put(chance + 8, mixed(i ^ UINT64_C(0x5555555555555555)));
    uuid7_make(FIRST_MS + (int64_t)(i / PER_MS), chance, out);
}

#define HEAD                                                                                       \
    "{\"filing_id\":\"%s\",\"bank\":\"210100000123\",\"enterprise\":\"%s\",\"event\":\"%s\","      \
    "\"business_date\":\"%s\",\"maker\":\"op017\",\"checker\":\"op204\",\"details\":"

static int registration_text(uint64_t i, const char *code, char *out, size_t size)
{
    char id[LOAD_ID_SIZE];

    load_filing_id(i, id);
    return snprintf(
        out, size,
        HEAD "{\"registration_no\":\"21010620%08" PRIu32
             "\",\"setup\":\"NEW\",\"region\":\"210106\",\"industry\":\"C3491\","
             "\"established_on\":\"2024-03-01\",\"registered_capital\":{\"currency\":\"USD\","
             "\"value\":\"9000000000.00\"},\"investors\":[{\"investor_no\":\"I1\",\"name\":"
             "\"Investor Ltd.\",\"country\":\"SGP\",\"subscribed\":{\"currency\":\"USD\",\"value\":"
             "\"9000000000.00\"},\"cash\":{\"currency\":\"USD\",\"value\":\"9000000000.00\"},"
             "\"share_bp\":10000,\"due_on\":\"2027-03-01\"}],\"evidence_no\":"
             "\"FIE-2101062024030001\"}}",
        id, code, "fdi.registration", "2024-03-05", (uint32_t)i);
}

static int inflow_text(uint64_t i, uint32_t enterprise, const char *code, char *out, size_t size)
{
    char id[LOAD_ID_SIZE];

    load_filing_id(i, id);
    return snprintf(out, size,
                    HEAD "{\"registration_no\":\"21010620%08" PRIu32
                         "\",\"investor_no\":\"I1\",\"money\":{\"currency\":\"USD\",\"value\":"
                         "\"%" PRIu64 ".00\"},\"account\":\"CAP-21010620%08" PRIu32
                         "\",\"remitter_country\":\"SGP\"}}",
                    id, code, "fdi.inflow", "2024-03-12", enterprise, 1000 + mixed(i) % 9000,
                    enterprise);
}

/* A Submission around the filing bytes, signed when the load is. */
static void submission_of(struct load *load, struct bytes filing, struct bytes *ret)
{
    const struct signed_message message = {
        .domain = SIGN_FILING, .ledger_id = load->ledger_id, .bytes = filing};
    uint8_t signature[SIGNATURE_SIZE];
    struct text key_id = {0};
    struct failure err;

    if (load->key) {
        key_id = (struct text){.at = "k1", .n = 2};
        load_need(signer_sign(load->signer, load->key, &message, signature, &err), "sign", &err);
    }
    (void)failure_set(&err, STATUS_LIMIT, REMEDY_STOP, 0, "the arena is full");
    load_need(submission_encode(filing, key_id,
                                (struct bytes){.at = signature, .n = sizeof(signature)},
                                &load->arena, ret),
              "encode a submission", &err);
}

void load_filing(struct load *load, uint64_t i, struct load_filing *ret)
{
    const uint32_t enterprise =
        (uint32_t)(i < load->enterprises ? i : mixed(i) % load->enterprises);
    char text[2048];
    struct json_text json;
    struct bytes filing;
    struct failure err;
    int n;

    code_of(enterprise, ret->key);
    n = i < load->enterprises ? registration_text(i, ret->key, text, sizeof(text))
                              : inflow_text(i, enterprise, ret->key, text, sizeof(text));
    assert(n > 0);
    assert((size_t)n < sizeof(text));
    arena_reset(&load->arena);
    load_need(json_read(bytes_of(text), &load->arena, &json, &err), "read a filing", &err);
    load_need(filing_encode(&json.doc, &load->arena, &filing, &err), "encode a filing", &err);
    submission_of(load, filing, &ret->value);
    ret->partition = (int32_t)partition_of_key(ret->key, LOAD_CODE_SIZE, LOAD_PARTITIONS);
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

bool load_send(rd_kafka_t *producer, const struct load *load, const struct load_filing *filing,
               void *opaque)
{
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = load->topics.submitted},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = filing->partition},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {unconst(filing->key), LOAD_CODE_SIZE}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {unconst(filing->value.at), filing->value.n}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(producer, parts, sizeof(parts) / sizeof(parts[0]));
    const bool sent = !error;

    if (error && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        (void)fprintf(stderr, "cannot produce: %s\n", rd_kafka_error_string(error));
        exit(EXIT_FAILURE);
    }
    rd_kafka_error_destroy(error);
    return sent;
}

rd_kafka_t *load_producer(void)
{
    const struct kafka_options options = {.bootstrap = cluster_bootstrap(), .client_id = "bench"};
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *producer = NULL;
    struct failure err;

    load_need(kafka_conf(KAFKA_IDEMPOTENT, &options, &conf, &err), "configure a producer", &err);
    load_need(kafka_open(KAFKA_IDEMPOTENT, conf, &producer, &err), "open a producer", &err);
    return producer;
}
