/* filing-mock-broker: librdkafka's mock cluster in a process of its own, for a demonstration where
 * no Kafka can be had.
 *
 * It is no broker: aborted records stay visible, transactional offsets are dropped, nobody is
 * fenced and a partition holds 5 MiB.  So nothing that runs on it shows exactly-once, and it says
 * so. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/conf.h"
#include "base/exit.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/signals.h"
#include "base/status.h"
#include "wire/headers.h"

#define MOCK_BROKERS 1
#define WORDS        "demonstration in memory: nothing survives, exactly-once is not shown"
#define NAP_NS       50000000

struct settings {
    const char *address_file;
    int64_t partitions;
};

static const struct conf_option options[] = {
    {.key = "address_file",
     .option = "address-file",
     .type = CONF_FILE,
     .offset = offsetof(struct settings, address_file),
     .help = "write the address to this file, so that a script can wait for it"},
    {.key = "partitions",
     .option = "partitions",
     .type = CONF_INT,
     .offset = offsetof(struct settings, partitions),
     .min = 1,
     .max = 64,
     .preset = "12",
     .help = "partitions of filings.submitted.v1 and filings.decided.v1"},
};

static const struct conf_program program = {
    .name = "filing-mock-broker",
    .version = FILING_VERSION,
    .about = "Hosts librdkafka's mock cluster on loopback with the topics of a ledger, prints its "
             "address and runs until SIGTERM or SIGINT. For demonstrations where no Kafka can be "
             "had: " WORDS ".",
    .options = options,
    .options_n = sizeof(options) / sizeof(options[0]),
};

static enum status make_topics(rd_kafka_mock_cluster_t *cluster, const char *prefix, int partitions,
                               struct failure *err)
{
    struct topics topics;
    enum status status = topics_init(&topics, prefix, err);
    const struct {
        const char *name;
        int partitions;
    } wanted[] = {{topics.submitted, partitions},
                  {topics.decided, partitions},
                  {topics.reference, 1},
                  {topics.checkpoints, 1},
                  {topics.operations, 1}};

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && status == STATUS_OK; i++) {
        const rd_kafka_resp_err_t code =
            rd_kafka_mock_topic_create(cluster, wanted[i].name, wanted[i].partitions, MOCK_BROKERS);

        if (code) {
            status = failure_set(err, STATUS_KAFKA, REMEDY_STOP, (int)code,
                                 "cannot make the topic '%s': %s", wanted[i].name,
                                 rd_kafka_err2str(code));
        }
    }
    return status;
}

static enum status announce(const char *address_file, const char *address, struct failure *err)
{
    puts(address);
    fflush(stdout);
    return address_file ? file_write(address_file, bytes_of(address), 0644, err) : STATUS_OK;
}

static enum status host(const struct settings *settings, const char *prefix, struct failure *err)
{
    char text[256];
    rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, text, sizeof(text));
    rd_kafka_mock_cluster_t *cluster;
    enum status status;

    if (!handle) {
        return failure_set(err, STATUS_KAFKA, REMEDY_STOP, 0, "cannot start: %s", text);
    }
    cluster = rd_kafka_mock_cluster_new(handle, MOCK_BROKERS);
    if (!cluster) {
        rd_kafka_destroy(handle);
        return failure_set(err, STATUS_KAFKA, REMEDY_STOP, 0, "cannot start the mock cluster");
    }
    status = make_topics(cluster, prefix, (int)settings->partitions, err);
    if (status == STATUS_OK) {
        status = announce(settings->address_file, rd_kafka_mock_cluster_bootstraps(cluster), err);
    }
    while (status == STATUS_OK && !signals_stop()) {
        const struct timespec nap = {.tv_nsec = NAP_NS};

        (void)nanosleep(&nap, NULL); /* cut short by the signal */
    }
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(handle);
    return status;
}

int main(int argc, char **argv)
{
    const struct conf_input input = {
        .program = &program, .argc = argc, .argv = argv, .out = stdout};
    struct settings settings = {.partitions = 0};
    struct failure err = {.status = STATUS_OK};
    struct conf *conf = NULL;
    enum exit_code code = EXIT_DONE;
    enum status status = conf_open(&input, &settings, &conf, &err);

    if (status == STATUS_OK && !conf_common(conf)->done) {
        status = signals_install(&err);
        fprintf(stderr, "%s\n", WORDS);
        if (status == STATUS_OK) {
            status = host(&settings, conf_common(conf)->prefix, &err);
        }
    }
    conf_close(conf);
    if (status != STATUS_OK) {
        code = exit_report(stderr, program.name, &err);
    }
    return (int)code;
}
