/* The promises of deploy/kafka/kafka, each against a cluster of one broker in a folder of its own:
 * it answers when start returns, what was acknowledged outlives a SIGKILL and a restart, and a call
 * that cannot do what is asked says so by its exit code and leaves the cluster alone. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>

#define SCRIPT             "deploy/kafka/kafka"
#define TOPIC              "survivors"
#define EXIT_SKIPPED       77
#define EXIT_UNREACHABLE   6
#define ARGUMENTS_MAX      12
#define WAIT_MS_MAX        20000
#define OUTPUT_BYTES_MAX   512
#define BOOTSTRAP_VARIABLE "KAFKA_BOOTSTRAP="
#define FOLDER_TEMPLATE    "/tmp/filing-kafka-XXXXXX"

/* The cluster under test.  One for the whole program: a start costs seconds. */
static char folder[] = FOLDER_TEMPLATE;
static char output[OUTPUT_BYTES_MAX];

/* Run the script with a verb and options, NULL at the end; its standard output goes to output.
 * Return its exit code, or -1 when it did not exit. */
static int script_run(const char *verb, ...)
{
    const char *arguments[ARGUMENTS_MAX] = {SCRIPT, verb};
    posix_spawn_file_actions_t actions;
    char *const *argv = NULL;
    size_t count = 2;
    size_t used = 0;
    ssize_t got = 0;
    int ends[2];
    int state = 0;
    pid_t pid = 0;
    va_list options;

    va_start(options, verb);
    do {
        assert_true(count < ARGUMENTS_MAX);
        arguments[count] = va_arg(options, const char *);
    } while (arguments[count++]);
    va_end(options);
    /* posix_spawn changes no argument, but its signature is older than const. */
    memcpy(&argv, &(const char *const *){arguments}, sizeof(argv));

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn(&pid, SCRIPT, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    /* The end of the pipe also proves that no broker holds its caller's. */
    do {
        got = read(ends[0], output + used, sizeof(output) - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    output[used] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &state, 0), pid);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

/* The cluster's address as the script prints it, cut out of output. */
static const char *cluster_address(void)
{
    assert_int_equal(script_run("env", "--dir", folder, NULL), 0);
    assert_memory_equal(output, BOOTSTRAP_VARIABLE, strlen(BOOTSTRAP_VARIABLE));
    output[strcspn(output, "\n")] = '\0';
    return output + strlen(BOOTSTRAP_VARIABLE);
}

static const char *cluster_port(void)
{
    const char *colon = strrchr(cluster_address(), ':');

    assert_non_null(colon);
    return colon + 1;
}

static rd_kafka_t *client_open(void)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *client = NULL;
    char text[OUTPUT_BYTES_MAX];

    assert_int_equal(
        rd_kafka_conf_set(conf, "bootstrap.servers", cluster_address(), text, sizeof(text)),
        RD_KAFKA_CONF_OK);
    client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    assert_non_null(client);
    return client;
}

/* The end of the topic's one partition, or -1. */
static int64_t topic_end(void)
{
    rd_kafka_t *client = client_open();
    int64_t low = -1;
    int64_t high = -1;

    if (rd_kafka_query_watermark_offsets(client, TOPIC, 0, &low, &high, WAIT_MS_MAX)) {
        high = -1;
    }
    rd_kafka_destroy(client);
    return high;
}

static void topic_create(rd_kafka_t *client)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(TOPIC, 1, 1, NULL, 0);
    const rd_kafka_topic_result_t **results = NULL;
    rd_kafka_event_t *event = NULL;
    size_t count = 0;

    rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS_MAX);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
    results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    assert_int_equal(count, 1);
    assert_int_equal(rd_kafka_topic_result_error(results[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
}

static int cluster_setup(void **state)
{
    (void)state;
    return mkdtemp(folder) && script_run("start", "--dir", folder, "--port", "0", NULL) == 0 ? 0
                                                                                             : -1;
}

static int cluster_teardown(void **state)
{
    (void)state;
    return script_run("wipe", "--dir", folder, NULL);
}

/* Whatever a test did, the next one finds the cluster running. */
static int cluster_start(void **state)
{
    (void)state;
    return script_run("start", "--dir", folder, NULL);
}

/* A client of librdkafka would wait for the broker; a plain connection does not. */
static void listens_on_loopback_when_start_returns(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_true(handle >= 0);
    address.sin_port = htons((uint16_t)strtoul(cluster_port(), NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(handle, (const struct sockaddr *)&address, sizeof(address)), 0);
    close(handle);
}

static void accepts_a_record_as_soon_as_start_returns(void **state)
{
    char record[] = "acknowledged";
    rd_kafka_t *client = client_open();
    rd_kafka_topic_t *topic = NULL;

    (void)state;
    topic_create(client);
    topic = rd_kafka_topic_new(client, TOPIC, NULL);
    assert_non_null(topic);
    assert_int_equal(
        rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, record, strlen(record), NULL, 0, NULL), 0);
    assert_int_equal(rd_kafka_flush(client, WAIT_MS_MAX), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    assert_int_equal(topic_end(), 1);
}

static void keeps_what_was_acknowledged_through_a_kill(void **state)
{
    (void)state;
    assert_int_equal(script_run("kill", "--dir", folder, NULL), 0);
    assert_int_equal(script_run("status", "--dir", folder, NULL), 1);
    assert_non_null(strstr(output, "state=stopped"));
    assert_int_equal(script_run("start", "--dir", folder, NULL), 0);
    assert_int_equal(topic_end(), 1);
}

static void keeps_what_was_acknowledged_through_a_restart(void **state)
{
    (void)state;
    assert_int_equal(script_run("restart", "--dir", folder, NULL), 0);
    assert_int_equal(topic_end(), 1);
}

static void leaves_a_running_cluster_alone(void **state)
{
    char before[OUTPUT_BYTES_MAX];

    (void)state;
    assert_int_equal(script_run("status", "--dir", folder, NULL), 0);
    memcpy(before, output, sizeof(before));
    assert_non_null(strstr(before, "state=running pid="));
    assert_int_equal(script_run("start", "--dir", folder, NULL), 0);
    assert_int_equal(script_run("start", "--dir", folder, "--brokers", "3", NULL), 1);
    assert_int_equal(script_run("start", "--dir", folder, "--port", "1", NULL), 1);
    assert_int_equal(script_run("start", "--dir", folder, "--version", "3.9", NULL), 1);
    assert_int_equal(script_run("status", "--dir", folder, NULL), 0);
    assert_string_equal(output, before);
}

static void refuses_a_port_that_is_taken(void **state)
{
    char other[sizeof(folder) + sizeof("-other")];
    char port[sizeof("65535")];
    struct stat entry;

    (void)state;
    (void)snprintf(other, sizeof(other), "%s-other", folder);
    (void)snprintf(port, sizeof(port), "%s", cluster_port());
    assert_int_equal(script_run("start", "--dir", other, "--port", port, NULL), 1);
    assert_int_not_equal(stat(other, &entry), 0);
}

static void refuses_what_it_does_not_know(void **state)
{
    static const char *const rows[][3] = {
        {"begin", NULL, NULL},          {"start", "--brokers", "2"}, {"start", "--port", "x"},
        {"start", "--version", "four"}, {"start", "--port", NULL},   {"status", "--port", "9092"},
        {"stop", "--node", "4"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(script_run(rows[i][0], rows[i][1], rows[i][2], NULL), 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listens_on_loopback_when_start_returns),
        cmocka_unit_test_setup(accepts_a_record_as_soon_as_start_returns, cluster_start),
        cmocka_unit_test_setup(keeps_what_was_acknowledged_through_a_kill, cluster_start),
        cmocka_unit_test_setup(keeps_what_was_acknowledged_through_a_restart, cluster_start),
        cmocka_unit_test_setup(leaves_a_running_cluster_alone, cluster_start),
        cmocka_unit_test_setup(refuses_a_port_that_is_taken, cluster_start),
        cmocka_unit_test(refuses_what_it_does_not_know),
    };

    /* This is about our own cluster, whichever the caller may have. */
    (void)unsetenv("KAFKA_BOOTSTRAP");
    (void)unsetenv("KAFKA_VERSION");
    if (script_run("resolve", NULL) == EXIT_UNREACHABLE) {
        print_message("skipped: no Kafka is to be had here\n");
        return EXIT_SKIPPED;
    }
    return cmocka_run_group_tests_name("deploy_kafka", tests, cluster_setup, cluster_teardown);
}
