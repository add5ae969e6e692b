#include "producers/client/sender.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/error.h"
#include "wire/encode.h"
#include "wire/sign.h"

#define CLOSE_MS   1000
#define ARENA_SIZE (1u << 20) /* a submission is little more than its filing */

struct sender {
    struct sender_conf conf;
    struct kafka_options kafka;
    struct topics topics;
    struct founding_facts facts;
    struct arena arena;
    struct signer *signer;
    rd_kafka_t *handle;
    int32_t partitions;
    uint32_t outstanding;
    struct failure health;
};

/* ---- beginning ---- */

/* Records must not time out one by one: a later one of the same enterprise could then arrive where
 * an earlier did not (N1).  The program decides when it has waited enough. */
static enum status keep_records(rd_kafka_conf_t *conf, struct failure *err)
{
    char text[128];

    if (rd_kafka_conf_set(conf, "message.timeout.ms", "0", text, sizeof(text))) {
        return failure_set(err, STATUS_KAFKA, REMEDY_STOP, 0, "cannot open a producer: %s", text);
    }
    return STATUS_OK;
}

static void on_receipt(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    struct sender *s = opaque;
    struct failure fail = {.status = STATUS_OK};
    const struct sender_receipt receipt = {.tag = message->_private,
                                           .fail = message->err ? &fail : NULL,
                                           .partition = message->partition,
                                           .offset = message->offset};

    (void)handle;
    assert(s->outstanding > 0);
    s->outstanding--;
    if (message->err) {
        (void)kafka_failure_code(&fail, "publish a filing", message->err, NULL);
        if (message->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
            message->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
            s->health = fail;
        }
    }
    s->conf.received(s->conf.arg, &receipt);
}

static enum status open_handle(struct sender *s, struct failure *err)
{
    rd_kafka_conf_t *conf = NULL;
    enum status status = kafka_conf(KAFKA_IDEMPOTENT, &s->kafka, &conf, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = keep_records(conf, err);
    if (status != STATUS_OK) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    rd_kafka_conf_set_opaque(conf, s);
    rd_kafka_conf_set_dr_msg_cb(conf, on_receipt);
    return kafka_open(KAFKA_IDEMPOTENT, conf, &s->handle, err);
}

static enum status reach(struct sender *s, struct failure *err)
{
    enum status status = admin_reach(s->handle, s->conf.bootstrap, s->conf.timeout_ms, err);

    if (status == STATUS_OK) {
        status = admin_partition_count(s->handle, s->topics.submitted, s->conf.timeout_ms,
                                       &s->partitions, err);
    }
    if (status == STATUS_OK && s->partitions == 0) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "there is no topic '%s' at '%s': see 'filingctl topics apply' and "
                           "--prefix",
                           s->topics.submitted, s->conf.bootstrap);
    }
    return status;
}

/* The founding record, compared with what is configured.  Without it a configured ledger id is
 * enough for who signs. */
static enum status learn(struct sender *s, struct failure *err)
{
    uint8_t wanted[LEDGER_ID_SIZE];
    const char *text = s->conf.ledger_id;
    enum status status;

    if (text && (strlen(text) != 2 * sizeof(wanted) || !hex_decode(text, strlen(text), wanted))) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "the ledger id '%s' is not 32 hex digits", text);
    }
    status = founding_learn(&s->kafka, s->topics.reference, s->conf.timeout_ms, &s->facts, err);
    if (status == STATUS_NOTFOUND && text) {
        s->facts = (struct founding_facts){.partitions = (uint32_t)s->partitions};
        memcpy(s->facts.ledger_id, wanted, sizeof(wanted));
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOTFOUND ? failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                                                       "'%s' holds no founding record: see "
                                                       "'filingctl ledger found'",
                                                       s->topics.reference)
                                         : status;
    }
    if (text && memcmp(wanted, s->facts.ledger_id, sizeof(wanted)) != 0) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "the ledger at '%s' is not '%s', which is configured", s->conf.bootstrap,
                           text);
    }
    if (s->facts.partitions != (uint32_t)s->partitions) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%s' has %d partitions, its founding record says %u",
                           s->topics.submitted, s->partitions, s->facts.partitions);
    }
    return STATUS_OK;
}

static enum status begin(struct sender *s, struct failure *err)
{
    enum status status = topics_init(&s->topics, s->conf.prefix, err);

    if (status == STATUS_OK) {
        status = arena_open(&s->arena, ARENA_SIZE, err);
    }
    if (status == STATUS_OK) {
        status = signer_open(&s->signer, err);
    }
    if (status == STATUS_OK) {
        status = open_handle(s, err);
    }
    if (status == STATUS_OK) {
        status = reach(s, err);
    }
    if (status == STATUS_OK) {
        status = learn(s, err);
    }
    if (status == STATUS_OK && !s->conf.keyring && !s->facts.is_demonstration) {
        status = failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                             "this ledger takes signed filings only: no key was given");
    }
    return status;
}

enum status sender_open(const struct sender_conf *conf, struct sender **ret, struct failure *err)
{
    struct sender *s = calloc(1, sizeof(*s));
    enum status status;

    assert(conf->received);
    if (!s) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot publish: out of memory");
    }
    s->conf = *conf;
    s->kafka = (struct kafka_options){.bootstrap = conf->bootstrap,
                                      .properties = conf->properties,
                                      .properties_n = conf->properties_n,
                                      .client_id = conf->client_id};
    status = begin(s, err);
    if (status != STATUS_OK) {
        sender_close(s);
        return status;
    }
    *ret = s;
    return STATUS_OK;
}

void sender_close(struct sender *s)
{
    if (!s) {
        return;
    }
    if (s->handle) {
        (void)rd_kafka_purge(s->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)rd_kafka_flush(s->handle, CLOSE_MS); /* the receipts of what was purged */
        rd_kafka_destroy(s->handle);
    }
    signer_close(s->signer);
    if (s->arena.base) {
        arena_close(&s->arena);
    }
    free(s);
}

const struct topics *sender_topics(const struct sender *s) { return &s->topics; }
const uint8_t *sender_ledger_id(const struct sender *s) { return s->facts.ledger_id; }
bool sender_is_demonstration(const struct sender *s) { return s->facts.is_demonstration; }
int32_t sender_partitions(const struct sender *s) { return s->partitions; }

/* ---- sending ---- */

static enum status wrap(struct sender *s, struct bytes filing, struct text bank, struct bytes *ret,
                        struct failure *err)
{
    const struct signed_message message = {
        .domain = SIGN_FILING, .ledger_id = s->facts.ledger_id, .bytes = filing};
    uint8_t signature[SIGNATURE_SIZE];
    struct keyring_key key = {.key = NULL};
    struct text key_id = {.at = NULL};
    enum status status = STATUS_OK;

    if (s->conf.keyring) {
        status = keyring_find(s->conf.keyring, bank, &key, err);
        if (status == STATUS_OK) {
            status = signer_sign(s->signer, key.key, &message, signature, err);
        }
        if (status != STATUS_OK) {
            return status;
        }
        key_id = (struct text){.at = key.key_id, .n = (uint32_t)strlen(key.key_id)};
    }
    status = submission_encode(
        filing, key_id, (struct bytes){.at = signature, .n = sizeof(signature)}, &s->arena, ret);
    return status == STATUS_OK ? STATUS_OK
                               : failure_set(err, status, REMEDY_STOP, 0,
                                             "cannot encode a submission: %s", status_name(status));
}

static rd_kafka_headers_t *make_headers(const struct sender *s, const struct identity *identity)
{
    const struct filing_names names = {.filing_id = identity->filing_id,
                                       .bank = identity->bank,
                                       .enterprise = identity->enterprise,
                                       .event = identity->event,
                                       .time_ms = clock_unix_ms()};
    struct headers headers;
    rd_kafka_headers_t *list = rd_kafka_headers_new(HEADERS_MAX + 1);

    headers_filing(&headers, &names);
    for (uint32_t i = 0; i < headers.n; i++) {
        (void)rd_kafka_header_add(list, headers.at[i].name, -1, headers.at[i].value.at,
                                  (ssize_t)headers.at[i].value.n);
    }
    if (s->conf.traceparent) {
        (void)rd_kafka_header_add(list, "traceparent", -1, s->conf.traceparent, -1);
    }
    return list;
}

/* librdkafka copies key and value, but its signature is older than const. */
static void *unconst(const void *at)
{
    void *out = NULL;

    memcpy(&out, &at, sizeof(out));
    return out;
}

static enum status produce(struct sender *s, struct bytes value, const struct identity *identity,
                           void *tag, struct failure *err)
{
    rd_kafka_headers_t *headers = make_headers(s, identity);
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = s->topics.submitted},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {unconst(identity->enterprise.at), identity->enterprise.n}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {unconst(value.at), value.n}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = tag},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    rd_kafka_error_t *error =
        rd_kafka_produceva(s->handle, parts, sizeof(parts) / sizeof(parts[0]));

    if (!error) {
        s->outstanding++;
        return STATUS_OK;
    }
    rd_kafka_headers_destroy(headers); /* ours until it is queued */
    if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_error_destroy(error);
        return failure_set(err, STATUS_LIMIT, REMEDY_RETRY, 0, "the queue of filings is full");
    }
    return kafka_failure(err, "publish a filing", error);
}

enum status sender_send(struct sender *s, struct bytes filing, const struct identity *identity,
                        void *tag, struct failure *err)
{
    struct bytes value = {.at = NULL};
    enum status status;

    if (s->outstanding >= SENDER_OUTSTANDING_MAX) {
        return failure_set(err, STATUS_LIMIT, REMEDY_RETRY, 0, "the queue of filings is full");
    }
    arena_reset(&s->arena);
    status = wrap(s, filing, identity->bank, &value, err);
    return status == STATUS_OK ? produce(s, value, identity, tag, err) : status;
}

void sender_poll(struct sender *s, int timeout_ms) { (void)rd_kafka_poll(s->handle, timeout_ms); }

uint32_t sender_outstanding(const struct sender *s) { return s->outstanding; }

enum status sender_health(const struct sender *s, struct failure *err)
{
    char text[256];
    const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(s->handle, text, sizeof(text));

    if (fatal) {
        return kafka_failure_code(err, "publish", fatal, text);
    }
    if (s->health.status != STATUS_OK && err) {
        *err = s->health;
    }
    return s->health.status;
}
