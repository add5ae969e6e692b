/* log_restore - the other direction of log_dump, for tests that damage a topic.
 *
 *   log_restore TOPIC delete   deletes the topic and waits until it is gone
 *   log_restore TOPIC load     produces the "record" lines of stdin, as log_dump writes them, into
 *                              their partitions, in order; time stamps and offsets are the broker's
 *
 * The broker is KAFKA_BOOTSTRAP.  Exit 0, 1, 2 usage. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <librdkafka/rdkafka.h>

#define WAIT_MS   30000
#define NAP_NS    50000000
#define NAPS_MAX  600
#define LINE_SIZE (4 << 20)

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int failed_n;

static int give_up(const char *what, const char *why)
{
    fprintf(stderr, "log_restore: %s: %s\n", what, why);
    return EXIT_FAILED;
}

static void delivered(rd_kafka_t *handle, const rd_kafka_message_t *m, void *opaque)
{
    (void)handle;
    (void)opaque;
    failed_n += m->err ? 1 : 0;
}

static rd_kafka_t *open_producer(void)
{
    char text[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *handle;

    (void)rd_kafka_conf_set(conf, "bootstrap.servers",
                            getenv("KAFKA_BOOTSTRAP"), /* NOLINT(concurrency-mt-unsafe) */
                            text, sizeof(text));
    (void)rd_kafka_conf_set(conf, "enable.idempotence", "true", text, sizeof(text));
    (void)rd_kafka_conf_set(conf, "broker.address.family", "v4", text, sizeof(text));
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (!handle) {
        rd_kafka_conf_destroy(conf);
        (void)give_up("cannot open", text);
    }
    return handle;
}

/* ---- delete ---- */

static int is_there(rd_kafka_t *handle, const char *name)
{
    const rd_kafka_metadata_t *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(handle, 1, NULL, &metadata, WAIT_MS);
    int is = code != RD_KAFKA_RESP_ERR_NO_ERROR;

    for (int i = 0; !code && i < metadata->topic_cnt; i++) {
        is = is || strcmp(metadata->topics[i].topic, name) == 0;
    }
    if (metadata) {
        rd_kafka_metadata_destroy(metadata);
    }
    return is;
}

static int delete_topic(rd_kafka_t *handle, const char *name)
{
    const struct timespec nap = {.tv_nsec = NAP_NS};
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_event_t *event;
    rd_kafka_resp_err_t code;

    rd_kafka_DeleteTopics(handle, &topic, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS);
    code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_event_destroy(event); /* takes NULL */
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteTopic_destroy(topic);
    for (int i = 0; !code && i < NAPS_MAX && is_there(handle, name); i++) {
        (void)nanosleep(&nap, NULL);
    }
    if (code || is_there(handle, name)) {
        return give_up(name, code ? rd_kafka_err2str(code) : "it does not go");
    }
    return EXIT_OK;
}

/* ---- load ---- */

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* In place; -1: not base64. */
static long decode(char *text)
{
    uint32_t bits = 0;
    int bits_n = 0;
    long n = 0;

    for (size_t i = 0; text[i] && text[i] != '='; i++) {
        const int digit = digit_of(text[i]);

        if (digit < 0) {
            return -1;
        }
        bits = bits << 6 | (uint32_t)digit;
        bits_n += 6;
        if (bits_n >= 8) {
            bits_n -= 8;
            text[n++] = (char)(bits >> bits_n & 0xff);
        }
    }
    return n;
}

/* "-" is none. */
static int field(char *text, void **ret_at, size_t *ret_n)
{
    const long n = strcmp(text, "-") == 0 ? 0 : decode(text);

    *ret_at = strcmp(text, "-") == 0 ? NULL : text;
    *ret_n = n < 0 ? 0 : (size_t)n;
    return n >= 0;
}

static int load_line(rd_kafka_t *handle, const char *topic, char *line)
{
    char *words[7];
    char *rest = NULL;
    void *key = NULL;
    void *value = NULL;
    size_t key_n = 0;
    size_t value_n = 0;
    int n = 0;
    int code = EXIT_OK;
    rd_kafka_error_t *error;

    for (char *word = strtok_r(line, " \n", &rest); word && n < 7;
         word = strtok_r(NULL, " \n", &rest)) {
        words[n++] = word;
    }
    if (n == 0 || strcmp(words[0], "record") != 0) {
        return EXIT_OK;
    }
    if (n != 7 || !field(words[5], &key, &key_n) || !field(words[6], &value, &value_n)) {
        return give_up("a record line is malformed", words[0]);
    }
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = (int32_t)strtol(words[1], NULL, 10)},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {key, key_n}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {value, value_n}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
    };

    error = rd_kafka_produceva(handle, parts, sizeof(parts) / sizeof(parts[0]));
    if (error) {
        code = give_up("cannot produce", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
    return code;
}

static int load(rd_kafka_t *handle, const char *topic)
{
    char *line = malloc(LINE_SIZE);
    int code = line ? EXIT_OK : EXIT_FAILED;

    while (code == EXIT_OK && fgets(line, LINE_SIZE, stdin)) {
        code = load_line(handle, topic, line);
        (void)rd_kafka_poll(handle, 0);
    }
    free(line);
    if (code == EXIT_OK && (rd_kafka_flush(handle, WAIT_MS) || failed_n > 0)) {
        code = give_up(topic, "not every record was acknowledged");
    }
    return code;
}

int main(int argc, char **argv)
{
    const char *verb = argc == 3 ? argv[2] : "";
    rd_kafka_t *handle = NULL;
    int code = EXIT_USAGE;

    if ((strcmp(verb, "delete") != 0 && strcmp(verb, "load") != 0) ||
        !getenv("KAFKA_BOOTSTRAP")) { /* NOLINT(concurrency-mt-unsafe) */
        fprintf(stderr, "usage: KAFKA_BOOTSTRAP=HOST:PORT log_restore TOPIC delete|load\n");
        return EXIT_USAGE;
    }
    handle = open_producer();
    if (!handle) {
        return EXIT_FAILED;
    }
    code = strcmp(verb, "delete") == 0 ? delete_topic(handle, argv[1]) : load(handle, argv[1]);
    rd_kafka_destroy(handle);
    return code;
}
