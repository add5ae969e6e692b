/* log_dump TOPIC committed|uncommitted - every record of a topic as one line of text.
 *
 * A reader of its own on librdkafka, which shares no code with the project, so that what is checked
 * with it does not depend on what is checked.  The broker is KAFKA_BOOTSTRAP.  Lines:
 *
 *   partition P FIRST END        for each partition: its log start and its high watermark
 *   record P OFFSET TYPE MS KEY VALUE
 *
 * TYPE is create, append or none, MS the time stamp; KEY and VALUE are base64, "-" for none and "="
 * for empty.  Ends are fixed at the start.  With committed it waits until no open transaction
 * stands before an end, at most 60 s.  Exit 0, 2 usage, 6 when the broker is not there or does not
 * come to an end. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <librdkafka/rdkafka.h>

#define REQUEST_MS 10000
#define POLL_MS    1000
#define END_MS_MAX 60000 /* above transaction.timeout.ms and the sessions of the tests */

enum { EXIT_OK = 0, EXIT_USAGE = 2, EXIT_UNREACHABLE = 6 };

struct dump {
    rd_kafka_t *asker; /* read_uncommitted: another one is told the last stable offset as the end */
    rd_kafka_t *handle;
    const char *topic;
    int partitions_n;
    int64_t *ends; /* of each partition, -1 once it was reached */
    int open_n;    /* ends that were not reached yet */
};

static void put_base64(const uint8_t *at, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        const uint32_t left = (uint32_t)(n - i);
        const uint32_t three = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) |
                               (left > 2 ? at[i + 2] : 0);

        (void)putchar(digits[three >> 18]);
        (void)putchar(digits[three >> 12 & 63]);
        (void)putchar(left > 1 ? digits[three >> 6 & 63] : '=');
        (void)putchar(left > 2 ? digits[three & 63] : '=');
    }
}

static void put_field(const void *at, size_t n)
{
    (void)putchar(' ');
    if (!at) {
        (void)putchar('-');
    } else if (n == 0) {
        (void)putchar('=');
    } else {
        put_base64(at, n);
    }
}

static void put_record(const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const int64_t ms = rd_kafka_message_timestamp(m, &type);
    const char *name = "none";

    if (type == RD_KAFKA_TIMESTAMP_CREATE_TIME) {
        name = "create";
    } else if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) {
        name = "append";
    }
    printf("record %d %lld %s %lld", (int)m->partition, (long long)m->offset, name, (long long)ms);
    put_field(m->key, m->key_len);
    put_field(m->payload, m->len);
    (void)putchar('\n');
}

static int give_up(const char *what, const char *why)
{
    fprintf(stderr, "log_dump: %s: %s\n", what, why);
    return EXIT_UNREACHABLE;
}

static void end_reached(struct dump *d, int32_t partition)
{
    if (d->ends[partition] >= 0) {
        d->ends[partition] = -1;
        d->open_n--;
    }
}

static int count_partitions(struct dump *d)
{
    const rd_kafka_metadata_t *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(d->handle, d->topic, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(d->handle, 0, topic, &metadata, REQUEST_MS);

    rd_kafka_topic_destroy(topic);
    if (code) {
        return give_up("metadata", rd_kafka_err2str(code));
    }
    d->partitions_n = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    return d->partitions_n > 0 ? EXIT_OK : give_up(d->topic, "no such topic");
}

/* Ends are asked for before anything is read, and everything is read from offset 0: what the log no
 * longer holds shows as FIRST and as a gap. */
static int begin(struct dump *d)
{
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(d->partitions_n);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    d->ends = calloc((size_t)d->partitions_n, sizeof(*d->ends));
    for (int p = 0; d->ends && p < d->partitions_n && !code; p++) {
        int64_t first = 0;

        code = rd_kafka_query_watermark_offsets(d->asker, d->topic, p, &first, &d->ends[p],
                                                REQUEST_MS);
        printf("partition %d %lld %lld\n", p, (long long)first, (long long)d->ends[p]);
        rd_kafka_topic_partition_list_add(all, d->topic, p)->offset = first;
    }
    d->open_n = d->partitions_n;
    for (int p = 0; d->ends && p < d->partitions_n; p++) {
        if (d->ends[p] == 0) {
            end_reached(d, p);
        }
    }
    if (!code) {
        code = rd_kafka_assign(d->handle, all);
    }
    rd_kafka_topic_partition_list_destroy(all);
    return code || !d->ends ? give_up("cannot begin", rd_kafka_err2str(code)) : EXIT_OK;
}

static int read_all(struct dump *d)
{
    const time_t until = time(NULL) + END_MS_MAX / 1000;

    while (d->open_n > 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(d->handle, POLL_MS);

        if (time(NULL) > until) {
            return give_up(d->topic, "an open transaction or the broker keeps its end away");
        }
        if (!m) {
            continue;
        }
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            if (d->ends[m->partition] >= 0 && m->offset >= d->ends[m->partition]) {
                end_reached(d, m->partition);
            }
        } else if (!m->err && m->offset < d->ends[m->partition]) {
            put_record(m);
        } else if (!m->err) {
            end_reached(d, m->partition); /* the topic grows while it is read */
        }
        rd_kafka_message_destroy(m);
    }
    return EXIT_OK;
}

static rd_kafka_t *open_reader(const char *isolation)
{
    const char *const settings[][2] = {
        {"bootstrap.servers", getenv("KAFKA_BOOTSTRAP")}, /* NOLINT(concurrency-mt-unsafe) */
        {"isolation.level", isolation},
        {"group.id", "log-dump"},
        {"enable.auto.commit", "false"},
        {"enable.partition.eof", "true"},
        {"auto.offset.reset", "error"},
        {"check.crcs", "true"},
        {"broker.address.family", "v4"},
        {"reconnect.backoff.max.ms", "500"},
    };
    char text[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *handle;

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], text, sizeof(text)) !=
            RD_KAFKA_CONF_OK) {
            fprintf(stderr, "log_dump: %s: %s\n", settings[i][0], text);
        }
    }
    handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
    if (!handle) {
        fprintf(stderr, "log_dump: %s\n", text);
        rd_kafka_conf_destroy(conf);
    }
    return handle;
}

int main(int argc, char **argv)
{
    struct dump d = {.topic = argc > 1 ? argv[1] : NULL};
    const bool is_committed = argc == 3 && strcmp(argv[2], "committed") == 0;
    int code;

    if (argc != 3 || (!is_committed && strcmp(argv[2], "uncommitted") != 0) ||
        !getenv("KAFKA_BOOTSTRAP")) { /* NOLINT(concurrency-mt-unsafe) */
        fprintf(stderr, "usage: KAFKA_BOOTSTRAP=HOST:PORT log_dump TOPIC committed|uncommitted\n");
        return EXIT_USAGE;
    }
    d.asker = open_reader("read_uncommitted");
    d.handle = d.asker ? open_reader(is_committed ? "read_committed" : "read_uncommitted") : NULL;
    if (!d.handle) {
        return EXIT_UNREACHABLE;
    }
    (void)rd_kafka_poll_set_consumer(d.handle);
    code = count_partitions(&d);
    if (code == EXIT_OK) {
        code = begin(&d);
    }
    if (code == EXIT_OK) {
        code = read_all(&d);
    }
    rd_kafka_destroy(d.handle);
    rd_kafka_destroy(d.asker);
    free(d.ends);
    if (fflush(stdout) || ferror(stdout)) {
        code = EXIT_UNREACHABLE;
    }
    return code;
}
