/* log_cut TOPIC PARTITION OFFSET - deletes what lies below the offset, as a retention that somebody
 * set would; for tests.
 *
 * The broker is KAFKA_BOOTSTRAP.  Exit 0, 1, 2 usage. */
#include <stdio.h>
#include <stdlib.h>

#include <librdkafka/rdkafka.h>

#define WAIT_MS 30000

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static rd_kafka_resp_err_t cut(rd_kafka_t *handle, const rd_kafka_topic_partition_list_t *below)
{
    rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(below);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_resp_err_t code;
    rd_kafka_event_t *event;

    rd_kafka_DeleteRecords(handle, &request, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS);
    code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (!code) {
        code = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event))
                   ->elems[0]
                   .err;
    }
    rd_kafka_event_destroy(event); /* takes NULL */
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteRecords_destroy(request);
    return code;
}

int main(int argc, char **argv)
{
    const char *bootstrap = getenv("KAFKA_BOOTSTRAP"); /* NOLINT(concurrency-mt-unsafe) */
    rd_kafka_topic_partition_list_t *below = rd_kafka_topic_partition_list_new(1);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_resp_err_t code;
    rd_kafka_t *handle;
    char text[256];

    if (argc != 4 || !bootstrap) {
        fprintf(stderr, "usage: KAFKA_BOOTSTRAP=HOST:PORT log_cut TOPIC PARTITION OFFSET\n");
        return EXIT_USAGE;
    }
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, text, sizeof(text));
    (void)rd_kafka_conf_set(conf, "broker.address.family", "v4", text, sizeof(text));
    handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (!handle) {
        fprintf(stderr, "log_cut: %s\n", text);
        return EXIT_FAILED;
    }
    rd_kafka_topic_partition_list_add(below, argv[1], (int32_t)strtol(argv[2], NULL, 10))->offset =
        strtoll(argv[3], NULL, 10);
    code = cut(handle, below);
    if (code) {
        fprintf(stderr, "log_cut: %s: %s\n", argv[1], rd_kafka_err2str(code));
    }
    rd_kafka_topic_partition_list_destroy(below);
    rd_kafka_destroy(handle);
    return code ? EXIT_FAILED : EXIT_OK;
}
