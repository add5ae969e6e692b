/*
 *            open                 begin               commit, one EndTxn
 *   (none) --------> READY ------------------> OPEN --------------------> READY
 *                      ^                        |
 *                      | recycle                | abort, commit with more than one EndTxn, any
 * error
 *                      +------- SPENT <---------+
 *
 * producer_begin() on SPENT goes through recycle (P1).  Only set_state() changes the state. */
#include "kafka/producer.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define API_END_TXN     26
#define POLL_MS         10
#define WARM_TIMEOUT_MS 5000
#define PRODUCER_MAGIC  0x70726f64u
#define PROPERTIES_MAX  64

enum producer_state { PRODUCER_READY, PRODUCER_OPEN, PRODUCER_SPENT };

struct producer {
    uint32_t magic;
    enum producer_state state;
    rd_kafka_t *handle;
    char *bootstrap;
    char *client_id;
    char *transactional_id;
    char *topic;
    struct conf_property properties[PROPERTIES_MAX]; /* texts of the caller's configuration */
    size_t properties_n;
    atomic_uint end_txn_n;    /* written by librdkafka's threads */
    atomic_uint delivery_err; /* first error of a record of this transaction, 0 = none */
};

static struct producer *checked(void *opaque)
{
    struct producer *p = opaque;

    assert(p);
    assert(p->magic == PRODUCER_MAGIC);
    return p;
}

static void set_state(struct producer *p, enum producer_state state) { p->state = state; }

static rd_kafka_resp_err_t count_request(rd_kafka_t *handle, int sock, const char *broker,
                                         int32_t broker_id, int16_t api_key, int16_t api_version,
                                         int32_t correlation, size_t size, void *opaque)
{
    (void)handle;
    (void)sock;
    (void)broker;
    (void)broker_id;
    (void)api_version;
    (void)correlation;
    (void)size;
    if (api_key == API_END_TXN) {
        atomic_fetch_add(&checked(opaque)->end_txn_n, 1);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *handle, const rd_kafka_conf_t *conf, void *opaque,
                                  char *text, size_t size)
{
    (void)conf;
    (void)text;
    (void)size;
    return rd_kafka_interceptor_add_on_request_sent(handle, "count-end-txn", count_request, opaque);
}

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    unsigned none = 0;

    (void)handle;
    if (!message->err && message->_private) {
        *(int64_t *)message->_private = message->offset;
    }
    if (message->err) {
        atomic_compare_exchange_strong(&checked(opaque)->delivery_err, &none,
                                       (unsigned)message->err);
    }
}

static enum status new_handle(struct producer *p, struct failure *err)
{
    const struct kafka_options options = {.bootstrap = p->bootstrap,
                                          .client_id = p->client_id,
                                          .transactional_id = p->transactional_id,
                                          .properties = p->properties,
                                          .properties_n = p->properties_n};
    rd_kafka_conf_t *conf = NULL;
    enum status status = kafka_conf(KAFKA_TRANSACTIONAL, &options, &conf, err);

    if (status != STATUS_OK) {
        return status;
    }
    rd_kafka_conf_set_opaque(conf, p);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    if (rd_kafka_conf_interceptor_add_on_new(conf, "count-end-txn", on_new, p)) {
        rd_kafka_conf_destroy(conf);
        return failure_set(err, STATUS_KAFKA, REMEDY_STOP, 0, "cannot count EndTxn requests");
    }
    return kafka_open(KAFKA_TRANSACTIONAL, conf, &p->handle, err);
}

/* Partition leaders known before the first commit; a topic that is not there is found by who
 * produces to it. */
static void warm_metadata(struct producer *p)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(p->handle, p->topic, NULL);

    if (topic && rd_kafka_metadata(p->handle, 0, topic, &metadata, WARM_TIMEOUT_MS) ==
                     RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
    }
    if (topic) {
        rd_kafka_topic_destroy(topic);
    }
}

static enum status start(struct producer *p, struct failure *err)
{
    rd_kafka_error_t *error;
    enum status status = new_handle(p, err);

    if (status != STATUS_OK) {
        return status;
    }
    atomic_store(&p->end_txn_n, 0);
    for (;;) {
        error = rd_kafka_init_transactions(p->handle, -1);
        if (kafka_error_next(error) != KAFKA_NEXT_RETRY) {
            break;
        }
        rd_kafka_error_destroy(error);
    }
    if (error) {
        return kafka_failure(err, "initialise transactions", error);
    }
    warm_metadata(p);
    set_state(p, PRODUCER_READY);
    return STATUS_OK;
}

static enum status copy_options(struct producer *p, const struct kafka_options *options,
                                const char *topic, struct failure *err)
{
    if (options->properties_n > PROPERTIES_MAX) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "more than %d librdkafka properties",
                           PROPERTIES_MAX);
    }
    p->bootstrap = strdup(options->bootstrap);
    p->client_id = strdup(options->client_id ? options->client_id : "filing");
    p->transactional_id = strdup(options->transactional_id);
    p->topic = strdup(topic);
    if (!p->bootstrap || !p->client_id || !p->transactional_id || !p->topic) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    for (size_t i = 0; i < options->properties_n; i++) {
        p->properties[i] = options->properties[i];
    }
    p->properties_n = options->properties_n;
    return STATUS_OK;
}

enum status producer_open(const struct kafka_options *options, const char *topic,
                          struct producer **ret, struct failure *err)
{
    struct producer *p = calloc(1, sizeof(*p));
    enum status status;

    if (!p) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    p->magic = PRODUCER_MAGIC;
    status = copy_options(p, options, topic, err);
    if (status == STATUS_OK) {
        status = start(p, err);
    }
    if (status != STATUS_OK) {
        producer_close(p);
        return status;
    }
    *ret = p;
    return STATUS_OK;
}

static void drop_handle(struct producer *p)
{
    if (p->handle) {
        rd_kafka_purge(p->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(p->handle);
        p->handle = NULL;
    }
}

void producer_close(struct producer *p)
{
    if (!p) {
        return;
    }
    drop_handle(p);
    free(p->bootstrap);
    free(p->client_id);
    free(p->transactional_id);
    free(p->topic);
    free(p);
}

enum status producer_recycle(struct producer *p, struct failure *err)
{
    drop_handle(p);
    set_state(p, PRODUCER_SPENT);
    log_event(LOG_INFO, EVENT_PRODUCER_RECYCLED, "transactional_id=%s", p->transactional_id);
    return start(p, err);
}

static enum kafka_next next_of(const char *what, rd_kafka_error_t *error, struct failure *err)
{
    const enum kafka_next next = kafka_error_next(error);

    if (error) {
        (void)kafka_failure(err, what, error);
    }
    return next;
}

enum kafka_next producer_begin(struct producer *p, struct failure *err)
{
    enum kafka_next next;

    assert(p->state != PRODUCER_OPEN);
    if (p->state == PRODUCER_SPENT && producer_recycle(p, err) != STATUS_OK) {
        return KAFKA_NEXT_OTHER;
    }
    next = next_of("begin a transaction", rd_kafka_begin_transaction(p->handle), err);
    if (next == KAFKA_NEXT_NONE) {
        atomic_store(&p->end_txn_n, 0);
        atomic_store(&p->delivery_err, 0);
        set_state(p, PRODUCER_OPEN);
    } else {
        set_state(p, PRODUCER_SPENT);
    }
    return next;
}

/* What a record's own error means.  Once the producer is fenced every record that it still has ends
 * as purged or fatal: the error behind it decides, not that one. */
static enum kafka_next next_of_record(const struct producer *p, rd_kafka_resp_err_t code)
{
    char text[256];
    const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(p->handle, text, sizeof(text));

    return kafka_next_of(fatal ? fatal : code, fatal != RD_KAFKA_RESP_ERR_NO_ERROR, true, false);
}

static rd_kafka_headers_t *make_headers(const struct producer_record *record)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->headers_n);

    for (size_t i = 0; i < record->headers_n; i++) {
        (void)rd_kafka_header_add(headers, record->headers[i].name, -1, record->headers[i].value,
                                  (ssize_t)record->headers[i].value_n);
    }
    return headers;
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

/* One attempt. On success the headers are librdkafka's. */
static rd_kafka_resp_err_t produce(struct producer *p, const struct producer_record *record,
                                   rd_kafka_headers_t *headers)
{
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = record->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {unconst(record->key), record->key_n}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {unconst(record->value), record->value_n}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = record->ret_offset},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    const size_t n = sizeof(parts) / sizeof(parts[0]) - (headers ? 0 : 1);
    rd_kafka_error_t *error = rd_kafka_produceva(p->handle, parts, n);
    const rd_kafka_resp_err_t code =
        error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;

    if (error) {
        rd_kafka_error_destroy(error);
    }
    return code;
}

enum kafka_next producer_send(struct producer *p, const struct producer_record *record,
                              struct failure *err)
{
    rd_kafka_headers_t *headers = record->headers_n ? make_headers(record) : NULL;
    rd_kafka_resp_err_t code;

    assert(p->state == PRODUCER_OPEN);
    code = produce(p, record, headers);
    while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_poll(p->handle, POLL_MS);
        code = produce(p, record, headers);
    }
    if (code) {
        if (headers) {
            rd_kafka_headers_destroy(headers); /* ours until it is queued */
        }
        (void)kafka_failure_code(err, "produce", code, NULL);
        return next_of_record(p, code);
    }
    return KAFKA_NEXT_NONE;
}

enum kafka_next producer_flush(struct producer *p, struct failure *err)
{
    unsigned code;

    assert(p->state == PRODUCER_OPEN);
    while (rd_kafka_flush(p->handle, POLL_MS) == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        /* records end with their own time-out: the transaction's */
    }
    assert(rd_kafka_outq_len(p->handle) == 0);
    code = atomic_load(&p->delivery_err);
    if (code) {
        (void)kafka_failure_code(err, "deliver a record", (rd_kafka_resp_err_t)code, NULL);
        return next_of_record(p, (rd_kafka_resp_err_t)code);
    }
    return KAFKA_NEXT_NONE;
}

enum kafka_next producer_send_offsets(struct producer *p,
                                      const rd_kafka_topic_partition_list_t *offsets,
                                      const rd_kafka_consumer_group_metadata_t *metadata,
                                      struct failure *err)
{
    assert(p->state == PRODUCER_OPEN);
    return next_of("send offsets",
                   rd_kafka_send_offsets_to_transaction(p->handle, offsets, metadata, -1), err);
}

enum kafka_next producer_commit(struct producer *p, bool *ret_clean, struct failure *err)
{
    enum kafka_next next;

    assert(p->state == PRODUCER_OPEN);
    next = next_of("commit", rd_kafka_commit_transaction(p->handle, -1), err);
    if (next == KAFKA_NEXT_NONE) {
        *ret_clean = atomic_load(&p->end_txn_n) == 1;
        set_state(p, *ret_clean ? PRODUCER_READY : PRODUCER_SPENT);
    }
    return next;
}

enum kafka_next producer_abort(struct producer *p, struct failure *err)
{
    enum kafka_next next;

    set_state(p, PRODUCER_SPENT);
    next = next_of("abort", rd_kafka_abort_transaction(p->handle, -1), err);
    return next == KAFKA_NEXT_FENCED ? KAFKA_NEXT_NONE : next;
}

rd_kafka_t *producer_handle(struct producer *p) { return p->handle; }
