#include "producers/client/founding.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "form/reference.h"
#include "kafka/admin.h"
#include "kafka/error.h"
#include "wire/records.h"
#include "wire/sign.h"
#include "wire/submission.h"

#define POLL_MS   100
#define AREA_SIZE (4u << 20) /* the operators of one founding record */

/* What judging one record needs. */
struct reading {
    struct arena arena;
    struct hash *hash;
    struct signer *signer;
    const char *topic; /* borrowed */
    int timeout_ms;
};

static void reading_close(struct reading *reading)
{
    signer_close(reading->signer);
    hash_close(reading->hash);
    arena_close(&reading->arena);
}

static enum status reading_open(struct reading *reading, struct failure *err)
{
    enum status status = arena_open(&reading->arena, ARENA_BULLETIN_MAX, err);

    reading->hash = NULL;
    reading->signer = NULL;
    if (status != STATUS_OK) {
        return status;
    }
    status = hash_open(&reading->hash, err);
    if (status == STATUS_OK) {
        status = signer_open(&reading->signer, err);
    }
    if (status != STATUS_OK) {
        reading_close(reading);
    }
    return status;
}

static bool text_equal(struct text a, struct text b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

/* The member that may issue bulletins with this key, and the key. */
static const struct member *issuer_of(const struct register_change *operators, struct text key_id,
                                      const uint8_t **ret_key)
{
    for (uint32_t i = 0; i < operators->members_n; i++) {
        const struct member *member = &operators->members[i];

        for (uint32_t k = 0; k < member->keys_n && (member->roles & ROLE_ISSUER); k++) {
            if (text_equal(member->keys[k].key_id, key_id)) {
                *ret_key = member->keys[k].key;
                return member;
            }
        }
    }
    return NULL;
}

/* Every approval by an issuer whom the record names, and enough persons. */
static bool is_approved(struct reading *reading, const struct bulletin *bulletin,
                        const struct register_change *operators, const struct founding_facts *facts)
{
    const struct signed_message message = {
        .domain = SIGN_BULLETIN, .ledger_id = facts->ledger_id, .bytes = bulletin->content};
    const struct member *persons[APPROVALS_MAX];
    uint32_t n = 0;

    for (uint32_t i = 0; i < bulletin->approvals_n; i++) {
        const struct approval *approval = &bulletin->approvals[i];
        const uint8_t *key = NULL;
        const struct member *member = issuer_of(operators, approval->key_id, &key);
        bool is_new = true;

        if (!member || approval->signature.n != SIGNATURE_SIZE ||
            !signer_verify(reading->signer, &message, key, approval->signature)) {
            return false;
        }
        for (uint32_t k = 0; k < n; k++) {
            is_new = is_new && persons[k] != member;
        }
        persons[n] = member;
        n += is_new ? 1 : 0;
    }
    return n >= (facts->is_demonstration ? 1u : 2u);
}

static bool judge(struct reading *reading, struct bytes value, struct founding_facts *ret)
{
    struct reference_record record;
    struct bulletin bulletin;
    struct content_parts parts;
    struct register_change operators;
    struct founding_facts facts;
    struct fault fault;
    struct area area = {.size = AREA_SIZE};

    arena_reset(&reading->arena);
    if (reference_record_decode(value, &record) != STATUS_OK || !record.is_bulletin ||
        bulletin_split(record.bulletin.at, record.bulletin.n, &bulletin, NULL) != STATUS_OK ||
        content_decode(bulletin.content.at, bulletin.content.n, &reading->arena, &parts, NULL) !=
            STATUS_OK ||
        parts.number != 0 || !parts.has_founding) {
        return false;
    }
    area.at = arena_alloc(&reading->arena, area.size);
    if (!area.at || !founding_read_operators(&parts.operators, &area, &operators, &fault)) {
        return false;
    }
    hash_ledger_id(reading->hash, bulletin.content, facts.ledger_id);
    facts.partitions = parts.partitions;
    facts.is_demonstration = parts.demonstration;
    if (!is_approved(reading, &bulletin, &operators, &facts)) {
        return false;
    }
    *ret = facts;
    return true;
}

bool founding_read(struct bytes value, struct founding_facts *ret)
{
    struct reading reading;
    bool is_one = false;

    if (reading_open(&reading, NULL) != STATUS_OK) {
        return false;
    }
    is_one = judge(&reading, value, ret);
    reading_close(&reading);
    return is_one;
}

static enum status not_founded(const char *topic, struct failure *err)
{
    return failure_set(err, STATUS_NOTFOUND, REMEDY_STOP, 0,
                       "'%s' holds no founding record: found the ledger with filingctl, or "
                       "configure ledger_id",
                       topic);
}

/* Read on until the record, the end of the partition or the time is out. */
static enum status search(rd_kafka_t *handle, struct reading *reading, struct founding_facts *ret,
                          struct failure *err)
{
    const int64_t until_us = clock_monotonic_us() + reading->timeout_ms * INT64_C(1000);

    while (clock_monotonic_us() < until_us) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(handle, POLL_MS);
        rd_kafka_resp_err_t code = message ? message->err : RD_KAFKA_RESP_ERR_NO_ERROR;
        const bool is_found =
            message && !code &&
            judge(reading, (struct bytes){.at = message->payload, .n = message->len}, ret);

        if (message) {
            rd_kafka_message_destroy(message);
        }
        if (is_found) {
            return STATUS_OK;
        }
        if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
            code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
            return not_founded(reading->topic, err);
        }
        if (code && !kafka_is_unreachable(code)) {
            return kafka_failure_code(err, "read the founding record", code, NULL);
        }
    }
    return failure_set(err, STATUS_KAFKA, REMEDY_RETRY, RD_KAFKA_RESP_ERR__TIMED_OUT,
                       "cannot read '%s' within %d ms", reading->topic, reading->timeout_ms);
}

static enum status assign(rd_kafka_t *handle, const char *topic, struct failure *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t code;

    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    code = rd_kafka_assign(handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_failure_code(err, "read the founding record", code, NULL) : STATUS_OK;
}

enum status founding_learn(const struct kafka_options *kafka, const char *topic, int timeout_ms,
                           struct founding_facts *ret, struct failure *err)
{
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *handle = NULL;
    struct reading reading;
    int32_t count = 0;
    enum status status = reading_open(&reading, err);

    if (status != STATUS_OK) {
        return status;
    }
    reading.topic = topic;
    reading.timeout_ms = timeout_ms;
    status = kafka_conf(KAFKA_LOOK_COMMITTED, kafka, &conf, err);
    if (status == STATUS_OK) {
        status = kafka_open(KAFKA_LOOK_COMMITTED, conf, &handle, err);
    }
    if (status == STATUS_OK) {
        status = admin_partition_count(handle, topic, timeout_ms, &count, err);
    }
    if (status == STATUS_OK && count == 0) {
        status = not_founded(topic, err);
    }
    if (status == STATUS_OK) {
        status = assign(handle, topic, err);
    }
    if (status == STATUS_OK) {
        status = search(handle, &reading, ret, err);
    }
    if (handle) {
        (void)rd_kafka_consumer_close(handle);
        rd_kafka_destroy(handle);
    }
    reading_close(&reading);
    return status;
}
