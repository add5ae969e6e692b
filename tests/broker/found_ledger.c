/* found_ledger PREFIX PARTITIONS demo|signed: topics and a founding record for a test, by two
 * issuers whose keys are forgotten at once.  Prints the ledger id in hex. */
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

static struct bytes make_bulletin(struct arena *arena, const struct founding_parts *parts,
                                  uint8_t ledger_id[LEDGER_ID_SIZE], struct failure *err)
{
    static uint8_t signatures[ISSUERS_N][SIGNATURE_SIZE];
    static const char *const key_ids[ISSUERS_N] = {"o0", "o1"};
    struct approval approvals[ISSUERS_N];
    struct bytes content;
    struct bytes bulletin;
    struct hash *hash = NULL;
    struct signer *signer = NULL;

    must(hash_open(&hash, err), err);
    must(signer_open(&signer, err), err);
    must(founding_encode(parts, arena, &content, err), err);
    hash_ledger_id(hash, content, ledger_id);
    for (int i = 0; i < ISSUERS_N; i++) {
        const struct signed_message message = {
            .domain = SIGN_BULLETIN, .ledger_id = ledger_id, .bytes = content};

        must(signer_sign(signer, keys[i], &message, signatures[i], err), err);
        approvals[i] = (struct approval){.key_id = {.at = key_ids[i], .n = 2},
                                         .signature = {.at = signatures[i], .n = SIGNATURE_SIZE}};
        signing_key_close(keys[i]);
    }
    must(bulletin_encode(content, approvals, ISSUERS_N, arena, &bulletin), err);
    signer_close(signer);
    hash_close(hash);
    return bulletin;
}

static void send_record(struct producer *producer, const struct producer_record *record,
                        struct failure *err)
{
    if (producer_send(producer, record, err) != KAFKA_NEXT_NONE) {
        must(STATUS_KAFKA, err);
    }
}

static void publish(const struct topics *topics, int partitions, struct bytes submission,
                    struct bytes copy, struct failure *err)
{
    const struct kafka_options kafka = {.bootstrap = cluster_bootstrap(),
                                        .client_id = "found-ledger",
                                        .transactional_id = topics->reference_txn};
    struct producer *producer = NULL;
    bool is_clean = false;
    char key[REFERENCE_KEY_SIZE];
    const struct producer_record reference = {.topic = topics->reference,
                                              .key = key,
                                              .key_n = strlen("bulletin/0"),
                                              .value = copy.at,
                                              .value_n = copy.n};

    reference_key_bulletin(0, key);
    must(producer_open(&kafka, topics->submitted, &producer, err), err);
    if (producer_begin(producer, err) != KAFKA_NEXT_NONE) {
        must(STATUS_KAFKA, err);
    }
    for (int p = 0; p < partitions; p++) {
        const struct producer_record record = {.topic = topics->submitted,
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

int main(int argc, char **argv)
{
    struct failure err = {.status = STATUS_OK};
    struct founding_parts parts = {.partitions = 0};
    struct topics topics;
    struct arena arena;
    struct buffer text;
    struct json_text operators;
    struct bytes bulletin;
    struct bytes submission;
    struct bytes copy;
    uint8_t ledger_id[LEDGER_ID_SIZE];
    char hex[2 * LEDGER_ID_SIZE + 1];

    if (argc != 4 || !cluster_bootstrap()) {
        fprintf(stderr, "usage: KAFKA_BOOTSTRAP=... found_ledger PREFIX PARTITIONS demo|signed\n");
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
    bulletin = make_bulletin(&arena, &parts, ledger_id, &err);
    must(submission_encode_bulletin(bulletin, &arena, &submission), &err);
    must(reference_record_encode_bulletin(bulletin, &arena, &copy), &err);
    publish(&topics, (int)parts.partitions, submission, copy, &err);
    hex_encode((struct bytes){.at = ledger_id, .n = sizeof(ledger_id)}, hex);
    printf("%s\n", hex);
    buffer_fini(&text);
    arena_close(&arena);
    return 0;
}
