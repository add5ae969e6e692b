/* found_ledger PREFIX PARTITIONS demo|signed [RULES]: topics and a founding record for a test, by
 * two issuers whose keys are forgotten at once; with RULES also a policy of that rules number, as
 * only a newer program would bring it.  Prints the ledger id in hex. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include "base/bytes.h"
#include "base/chance.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/status.h"
#include "kafka/producer.h"
#include "tests/broker/cluster.h"
#include "wire/encode.h"
#include "wire/headers.h"
#include "wire/json.h"
#include "wire/records.h"
#include "wire/sign.h"

#define ISSUERS_N 2

/* Ends the program where something cannot be done: this is a tool of tests. */
static void must(enum status status, const struct failure *err)
{
    if (status != STATUS_OK) {
        fprintf(stderr, "found_ledger: %s %s\n", status_name(status), err->text);
        exit(1); /* NOLINT(concurrency-mt-unsafe) */
    }
}

static struct signing_key *keys[ISSUERS_N];

/* {"kind":"operators","operators":[...]} with the issuers' public keys. */
static void put_operators(struct buffer *out, struct failure *err)
{
    buffer_text(out, "{\"kind\":\"operators\",\"operators\":[");
    for (int i = 0; i < ISSUERS_N; i++) {
        uint8_t public_key[PUBLIC_KEY_SIZE];
        char text[BASE64_SIZE(PUBLIC_KEY_SIZE)];

        must(signing_key_new(&keys[i], err), err);
        signing_key_public(keys[i], public_key);
        (void)base64_encode(public_key, sizeof(public_key), text);
        buffer_printf(out,
                      "%s{\"person\":\"p%d\",\"name\":\"Person %d\",\"roles\":[\"ISSUER\"],"
                      "\"keys\":[{\"key_id\":\"o%d\",\"public_key\":\"%s\",\"from\":\"2020-01-01\","
                      "\"to\":\"\"}]}",
                      i > 0 ? "," : "", i, i, i, text);
    }
    buffer_text(out, "]}");
}

static struct bytes sign_bulletin(struct arena *arena, struct bytes content,
                                  const uint8_t ledger_id[LEDGER_ID_SIZE], struct failure *err)
{
    uint8_t signatures[ISSUERS_N][SIGNATURE_SIZE];
    static const char *const key_ids[ISSUERS_N] = {"o0", "o1"};
    struct approval approvals[ISSUERS_N];
    struct bytes bulletin;
    struct signer *signer = NULL;

    must(signer_open(&signer, err), err);
    for (int i = 0; i < ISSUERS_N; i++) {
        const struct signed_message message = {
            .domain = SIGN_BULLETIN, .ledger_id = ledger_id, .bytes = content};

        must(signer_sign(signer, keys[i], &message, signatures[i], err), err);
        approvals[i] = (struct approval){.key_id = {.at = key_ids[i], .n = 2},
                                         .signature = {.at = signatures[i], .n = SIGNATURE_SIZE}};
    }
    must(bulletin_encode(content, approvals, ISSUERS_N, arena, &bulletin), err);
    signer_close(signer);
    return bulletin;
}

static void take_ledger_id(struct bytes founding, uint8_t ledger_id[LEDGER_ID_SIZE],
                           struct failure *err)
{
    struct hash *hash = NULL;

    must(hash_open(&hash, err), err);
    hash_ledger_id(hash, founding, ledger_id);
    hash_close(hash);
}

static void send_record(struct producer *producer, const struct producer_record *record,
                        struct failure *err)
{
    if (producer_send(producer, record, err) != KAFKA_NEXT_NONE) {
        must(STATUS_KAFKA, err);
    }
}

/* One bulletin to every partition and to the topic of reference data. */
struct issue {
    const struct topics *topics;
    struct arena *arena;
    int partitions;
    uint64_t number;
    struct bytes bulletin;
};
static void publish(const struct issue *issue, struct failure *err)
{
    const struct kafka_options kafka = {.bootstrap = cluster_bootstrap(),
                                        .client_id = "found-ledger",
                                        .transactional_id = issue->topics->reference_txn};
    struct producer *producer = NULL;
    struct bytes submission;
    struct bytes copy;
    bool is_clean = false;
    char key[REFERENCE_KEY_SIZE];
    struct producer_record reference = {.topic = issue->topics->reference, .key = key};

    must(submission_encode_bulletin(issue->bulletin, issue->arena, &submission), err);
    must(reference_record_encode_bulletin(issue->bulletin, issue->arena, &copy), err);
    reference_key_bulletin(issue->number, key);
    reference.key_n = strlen(key);
    reference.value = copy.at;
    reference.value_n = copy.n;
    must(producer_open(&kafka, issue->topics->submitted, &producer, err), err);
    if (producer_begin(producer, err) != KAFKA_NEXT_NONE) {
        must(STATUS_KAFKA, err);
    }
    for (int p = 0; p < issue->partitions; p++) {
        const struct producer_record record = {.topic = issue->topics->submitted,
                                               .partition = p,
                                               .value = submission.at,
                                               .value_n = submission.n};

        send_record(producer, &record, err);
    }
    send_record(producer, &reference, err);
    if (producer_flush(producer, err) != KAFKA_NEXT_NONE ||
        producer_commit(producer, &is_clean, err) != KAFKA_NEXT_NONE) {
        must(STATUS_KAFKA, err);
    }
    producer_close(producer);
}

/* Content number 1: an empty policy under those rules. */
static struct bytes make_policy(struct arena *arena, const char *rules, struct failure *err)
{
    struct buffer text;
    struct json_text policy;
    struct bytes item;
    struct bytes content;

    buffer_init(&text, BULLETIN_SIZE_MAX);
    buffer_printf(&text, "{\"kind\":\"policy\",\"policy\":1,\"rules\":%s,\"parameters\":[]}",
                  rules);
    must(json_read(buffer_bytes(&text), arena, &policy, err), err);
    must(reference_encode(&policy.doc, arena, &item, err), err);
    must(content_encode(1, &item, 1, arena, &content), err);
    buffer_fini(&text);
    return content;
}

int main(int argc, char **argv)
{
    struct failure err = {.status = STATUS_OK};
    struct founding_parts parts = {.partitions = 0};
    struct topics topics;
    struct arena arena;
    struct buffer text;
    struct json_text operators;
    struct bytes content;
    struct issue issue = {.topics = &topics, .arena = &arena};
    uint8_t ledger_id[LEDGER_ID_SIZE];
    char hex[2 * LEDGER_ID_SIZE + 1];

    if (argc < 4 || argc > 5 || !cluster_bootstrap()) {
        fprintf(stderr, "usage: KAFKA_BOOTSTRAP=... found_ledger PREFIX PARTITIONS demo|signed "
                        "[RULES]\n");
        return 2;
    }
    must(topics_init(&topics, argv[1], &err), &err);
    parts.partitions = (uint32_t)strtoul(argv[2], NULL, 10);
    parts.demonstration = strcmp(argv[3], "demo") == 0;
    must(chance_fill(parts.random, sizeof(parts.random), &err), &err);
    cluster_create_topic(topics.submitted, (int)parts.partitions);
    cluster_create_topic(topics.decided, (int)parts.partitions);
    cluster_create_topic(topics.reference, 1);
    must(arena_open(&arena, ARENA_BULLETIN_MAX, &err), &err);
    buffer_init(&text, BULLETIN_SIZE_MAX);
    put_operators(&text, &err);
    must(json_read(buffer_bytes(&text), &arena, &operators, &err), &err);
    parts.operators = &operators.doc;
    must(founding_encode(&parts, &arena, &content, &err), &err);
    take_ledger_id(content, ledger_id, &err);
    issue.partitions = (int)parts.partitions;
    issue.bulletin = sign_bulletin(&arena, content, ledger_id, &err);
    publish(&issue, &err);
    if (argc == 5) {
        issue.number = 1;
        issue.bulletin = sign_bulletin(&arena, make_policy(&arena, argv[4], &err), ledger_id, &err);
        publish(&issue, &err);
    }
    for (int i = 0; i < ISSUERS_N; i++) {
        signing_key_close(keys[i]);
    }
    hex_encode((struct bytes){.at = ledger_id, .n = sizeof(ledger_id)}, hex);
    printf("%s\n", hex);
    buffer_fini(&text);
    arena_close(&arena);
    return 0;
}
