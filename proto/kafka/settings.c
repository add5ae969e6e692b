#include "kafka/settings.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"

#define ON(role)     (1u << (role))
#define CONSUMERS    (ON(KAFKA_GROUP_CONSUMER) | LOOKERS)
#define LOOKERS      (ON(KAFKA_LOOK_COMMITTED) | ON(KAFKA_LOOK_UNCOMMITTED))
#define PRODUCERS    (ON(KAFKA_TRANSACTIONAL) | ON(KAFKA_IDEMPOTENT))
#define EVERY        (CONSUMERS | PRODUCERS | ON(KAFKA_ADMIN))
#define ERRSTR_SIZE  256
#define DIGITS(n)    DIGITS_OF(n) /* of a macro's value */
#define DIGITS_OF(n) #n

/* fixed: the protocol or its timing rests on it, so -X may not change it. */
static const struct {
    unsigned roles;
    bool fixed;
    const char *name;
    const char *value;
} settings[] = {
    {EVERY, false, "broker.address.family", "v4"},
    {EVERY, false, "socket.keepalive.enable", "true"},
    {EVERY, false, "reconnect.backoff.ms", "50"},
    {EVERY, false, "reconnect.backoff.max.ms", "1000"},
    {EVERY, false, "log.connection.close", "false"},
    {EVERY, true, "allow.auto.create.topics", "false"},
    /* The group's consumer. A position comes from the store, never from the broker. */
    {ON(KAFKA_GROUP_CONSUMER), true, "partition.assignment.strategy", "range"},
    {ON(KAFKA_GROUP_CONSUMER), false, "session.timeout.ms", "10000"},
    {ON(KAFKA_GROUP_CONSUMER), false, "heartbeat.interval.ms", "1000"},
    {CONSUMERS, true, "enable.auto.commit", "false"},
    {CONSUMERS, true, "enable.auto.offset.store", "false"},
    {CONSUMERS, true, "auto.offset.reset", "error"},
    {CONSUMERS, true, "check.crcs", "true"},
    {CONSUMERS, false, "fetch.wait.max.ms", "10"},
    {ON(KAFKA_GROUP_CONSUMER), true, "isolation.level", "read_committed"},
    {ON(KAFKA_LOOK_COMMITTED), true, "isolation.level", "read_committed"},
    {ON(KAFKA_LOOK_UNCOMMITTED), true, "isolation.level", "read_uncommitted"},
    {CONSUMERS, true, "enable.partition.eof", "true"},
    {PRODUCERS, true, "enable.idempotence", "true"},
    {PRODUCERS, true, "acks", "all"},
    {PRODUCERS, true, "partitioner", "murmur2_random"},
    {PRODUCERS, false, "compression.type", "lz4"},
    {PRODUCERS, true, "message.max.bytes", "1048588"},
    {ON(KAFKA_TRANSACTIONAL), false, "linger.ms", "0"},
    {ON(KAFKA_TRANSACTIONAL), false, "retry.backoff.ms", "1"},
    {ON(KAFKA_TRANSACTIONAL), true, "transaction.timeout.ms", DIGITS(KAFKA_TRANSACTION_MS)},
    {ON(KAFKA_IDEMPOTENT), false, "linger.ms", "5"},
};
#define SETTINGS_N (sizeof(settings) / sizeof(settings[0]))

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_fixed(enum kafka_role role, const char *name)
{
    static const char *const given[] = {"bootstrap.servers", "group.id", "group.instance.id",
                                        "transactional.id"};

    if (is_one_of(name, given, sizeof(given) / sizeof(given[0]))) {
        return true;
    }
    for (size_t i = 0; i < SETTINGS_N; i++) {
        if ((settings[i].roles & ON(role)) && settings[i].fixed &&
            strcmp(name, settings[i].name) == 0) {
            return true;
        }
    }
    return false;
}

/* A property of the other kind of handle is no error: one -X serves all handles of a program. */
static bool belongs(enum kafka_role role, const char *name)
{
    static const char *const producer_only[] = {"linger.ms",          "compression.type",
                                                "compression.codec",  "transaction.timeout.ms",
                                                "message.timeout.ms", "queue.buffering.max.ms"};
    static const char *const consumer_only[] = {"session.timeout.ms", "heartbeat.interval.ms",
                                                "fetch.wait.max.ms",  "queued.min.messages",
                                                "fetch.min.bytes",    "max.poll.interval.ms"};

    if (CONSUMERS & ON(role)) {
        return !is_one_of(name, producer_only, sizeof(producer_only) / sizeof(producer_only[0]));
    }
    return !is_one_of(name, consumer_only, sizeof(consumer_only) / sizeof(consumer_only[0]));
}

static enum status set(rd_kafka_conf_t *conf, const char *name, const char *value,
                       struct failure *err)
{
    char text[ERRSTR_SIZE];

    if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "cannot set '%s' to '%s': %s", name,
                           value, text);
    }
    return STATUS_OK;
}

static enum status set_property(rd_kafka_conf_t *conf, enum kafka_role role,
                                const struct conf_property *property, struct failure *err)
{
    if (is_fixed(role, property->name)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "'%s' cannot be changed: exactly-once rests on it", property->name);
    }
    return belongs(role, property->name) ? set(conf, property->name, property->value, err)
                                         : STATUS_OK;
}

static enum status set_given(rd_kafka_conf_t *conf, enum kafka_role role,
                             const struct kafka_options *options, struct failure *err)
{
    const struct {
        const char *name;
        const char *value;
    } given[] = {
        {"bootstrap.servers", options->bootstrap},
        {"client.id", options->client_id},
        {"group.id", role == KAFKA_GROUP_CONSUMER ? options->group
                     : (LOOKERS & ON(role))       ? "filing-look" /* required, never joined */
                                                  : NULL},
        {"group.instance.id", role == KAFKA_GROUP_CONSUMER ? options->instance_id : NULL},
        {"transactional.id", role == KAFKA_TRANSACTIONAL ? options->transactional_id : NULL},
    };
    enum status status = STATUS_OK;

    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]) && status == STATUS_OK; i++) {
        if (given[i].value) {
            status = set(conf, given[i].name, given[i].value, err);
        }
    }
    return status;
}

enum status kafka_conf(enum kafka_role role, const struct kafka_options *options,
                       rd_kafka_conf_t **ret, struct failure *err)
{
    rd_kafka_conf_t *conf;
    enum status status;

    assert(role < KAFKA_ROLE_N);
    assert(options->bootstrap);
    assert(role != KAFKA_GROUP_CONSUMER || (options->group && options->instance_id));
    assert(role != KAFKA_TRANSACTIONAL || options->transactional_id);
    conf = rd_kafka_conf_new();
    status = set_given(conf, role, options, err);
    for (size_t i = 0; i < SETTINGS_N && status == STATUS_OK; i++) {
        if (settings[i].roles & ON(role)) {
            status = set(conf, settings[i].name, settings[i].value, err);
        }
    }
    for (size_t i = 0; i < options->properties_n && status == STATUS_OK; i++) {
        status = set_property(conf, role, &options->properties[i], err);
    }
    if (status != STATUS_OK) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    *ret = conf;
    return STATUS_OK;
}

static void forward_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    log_event(level <= 3 ? LOG_WARN : LOG_DEBUG, EVENT_KAFKA_LOG, "client=%s facility=%s text=%s",
              handle ? rd_kafka_name(handle) : "-", facility, text);
}

enum status kafka_open(enum kafka_role role, rd_kafka_conf_t *conf, rd_kafka_t **ret,
                       struct failure *err)
{
    char text[ERRSTR_SIZE];
    rd_kafka_t *handle;

    rd_kafka_conf_set_log_cb(conf, forward_log);
    handle = rd_kafka_new((CONSUMERS & ON(role)) ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf,
                          text, sizeof(text));
    if (!handle) {
        const rd_kafka_resp_err_t last = rd_kafka_last_error();
        const int code = (int)last;

        rd_kafka_conf_destroy(conf);
        return failure_set(err, STATUS_KAFKA, REMEDY_STOP, code, "cannot open a Kafka client: %s",
                           text);
    }
    if (CONSUMERS & ON(role)) {
        rd_kafka_poll_set_consumer(handle);
    }
    *ret = handle;
    return STATUS_OK;
}
