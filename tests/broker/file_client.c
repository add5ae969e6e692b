/* file_client PREFIX FILE SECONDS: publish a file of JSON Lines with libfiling alone and print a
 * line for each receipt, then the decisions as they come within SECONDS (0: do not wait).  It links
 * nothing but the library, as a bank's program does. */
#include <filing.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS 100

struct counts {
    long delivered;
    long lost;
    long decided;
};

static void on_delivered(void *arg, const struct filing_receipt *receipt)
{
    struct counts *counts = arg;

    counts->delivered += receipt->is_published ? 1 : 0;
    counts->lost += receipt->is_published ? 0 : 1;
    printf("line %ld partition %d offset %lld\n", (long)(intptr_t)receipt->tag, receipt->partition,
           (long long)receipt->offset);
}

static void on_decided(void *arg, const struct filing_decision *decision)
{
    struct counts *counts = arg;

    counts->decided++;
    printf("%ld %s\n", (long)(intptr_t)decision->tag, decision->json);
}

static int failed(const char *what, const struct filing_error *error)
{
    fprintf(stderr, "file_client: %s: %s: %s\n", what, filing_status_name(error->status),
            error->text);
    return (int)error->status;
}

static enum filing_status publish_lines(struct filing_client *client, FILE *file,
                                        struct filing_error *error)
{
    enum filing_status status = FILING_OK;
    char *line = NULL;
    size_t size = 0;
    intptr_t number = 0;
    ssize_t n = 0;

    while (status == FILING_OK && (n = getline(&line, &size, file)) > 0) {
        const struct filing_input input = {.encoding = FILING_JSON, .at = line, .n = (size_t)n};
        void *tag = NULL;

        number++;
        memcpy(&tag, &number, sizeof(tag));
        do {
            status = filing_publish(client, &input, tag, error);
            filing_poll(client, status == FILING_BUSY ? POLL_MS : 0);
        } while (status == FILING_BUSY);
    }
    free(line);
    return status;
}

int main(int argc, char **argv)
{
    const char *bootstrap = getenv("KAFKA_BOOTSTRAP"); /* NOLINT(concurrency-mt-unsafe) */
    const int wait_ms = argc == 4 ? (int)strtol(argv[3], NULL, 10) * 1000 : 0;
    struct counts counts = {.delivered = 0};
    struct filing_options options = {.size = sizeof(options),
                                     .bootstrap = bootstrap,
                                     .delivered = on_delivered,
                                     .decided = wait_ms > 0 ? on_decided : NULL,
                                     .arg = &counts};
    struct filing_client *client = NULL;
    struct filing_error error;
    FILE *file = argc == 4 ? fopen(argv[2], "re") : NULL;
    enum filing_status status = FILING_OK;

    if (!file || !bootstrap) {
        fprintf(stderr, "usage: KAFKA_BOOTSTRAP=... file_client PREFIX FILE SECONDS\n");
        return 2;
    }
    options.prefix = argv[1];
    if (filing_open(&options, &client, &error) != FILING_OK) {
        return failed("open", &error);
    }
    status = publish_lines(client, file, &error);
    if (status == FILING_OK) {
        status = filing_flush(client, 30000, &error);
    }
    if (status == FILING_OK && wait_ms > 0) {
        status = filing_wait(client, wait_ms, &error);
    }
    filing_close(client);
    (void)fclose(file);
    printf("%ld delivered, %ld lost, %ld decided\n", counts.delivered, counts.lost, counts.decided);
    return status == FILING_OK ? 0 : failed("publish", &error);
}
