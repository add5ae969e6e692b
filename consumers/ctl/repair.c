#include "consumers/ctl/repair.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/signals.h"
#include "consumers/audit/decision_diff.h"
#include "consumers/store/store_read.h"
#include "kafka/admin.h"

/* Above session.timeout.ms of the workers. */
#define MEMBERS_MS 12000
/* Above twice their transaction.timeout.ms and what a broker takes to end such transactions. */
#define STABLE_MS 45000
#define NAP_NS    200000000
#define HOST_SIZE 256

static const struct output_column columns[] = {
    {"place", OUTPUT_TEXT},    {"partition", OUTPUT_NUMBER}, {"offset", OUTPUT_NUMBER},
    {"number", OUTPUT_NUMBER}, {"field", OUTPUT_TEXT},       {"expected", OUTPUT_TEXT},
    {"found", OUTPUT_TEXT},
};

/* ---- opening --------------------------------------------------------------------------------- */

static enum status count_partitions(struct repair *repair, struct failure *err)
{
    const struct topics *topics = &repair->ctl->topics;
    int32_t submitted = 0;
    int32_t decided = 0;
    enum status status = admin_partition_count(repair->uncommitted, topics->submitted,
                                               CTL_TIMEOUT_MS, &submitted, err);

    if (status == STATUS_OK) {
        status = admin_partition_count(repair->uncommitted, topics->decided, CTL_TIMEOUT_MS,
                                       &decided, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (submitted <= 0 || submitted > BUS_PARTITIONS_MAX || decided != submitted) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%.60s' has %" PRId32 " partitions and '%.60s' has %" PRId32
                           ": run 'filingctl topics apply'",
                           topics->submitted, submitted, topics->decided, decided);
    }
    repair->partitions_n = (uint32_t)submitted;
    repair->ends = calloc((size_t)repair->partitions_n + 1, sizeof(*repair->ends));
    return repair->ends ? STATUS_OK
                        : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
}

enum status repair_open(struct repair *repair, struct ctl *ctl, struct failure *err)
{
    enum status status;

    *repair = (struct repair){.ctl = ctl};
    status = ctl_kafka_open(ctl, KAFKA_LOOK_COMMITTED, &repair->committed, err);
    if (status == STATUS_OK) {
        status = ctl_kafka_open(ctl, KAFKA_LOOK_UNCOMMITTED, &repair->uncommitted, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (ctl_is_in_memory(repair->uncommitted)) {
        return failure_set(
            err, STATUS_CONFLICT, REMEDY_STOP, 0,
            "the cluster at '%s' is one in memory: nothing survives there that could "
            "be repaired",
            ctl->common->bootstrap_server);
    }
    return count_partitions(repair, err);
}

void repair_close(struct repair *repair, enum status status)
{
    if (status == STATUS_IO && repair->ctl->code == EXIT_DONE) {
        repair->ctl->code = EXIT_UNREACHABLE;
    }
    free(repair->ends);
    if (repair->committed) {
        rd_kafka_destroy(repair->committed);
    }
    if (repair->uncommitted) {
        rd_kafka_destroy(repair->uncommitted);
    }
    *repair = (struct repair){.ctl = repair->ctl};
}

/* ---- standing -------------------------------------------------------------------------------- */

static void nap(void)
{
    const struct timespec time = {.tv_nsec = NAP_NS};

    (void)nanosleep(&time, NULL); /* cut short by a signal */
}

static enum status interrupted(struct failure *err)
{
    return failure_set(err, STATUS_IO, REMEDY_STOP, 0, "interrupted");
}

static enum status wait_for_members(struct repair *repair, struct failure *err)
{
    const char *group = repair->ctl->topics.group;
    const int64_t until_us = clock_monotonic_us() + MEMBERS_MS * INT64_C(1000);
    bool is_told = false;
    size_t n = 0;
    enum status status;

    for (;;) {
        status = admin_group_members(repair->uncommitted, group, &n, err);
        if (status != STATUS_OK || n == 0) {
            return status;
        }
        if (signals_stop()) {
            return interrupted(err);
        }
        if (clock_monotonic_us() > until_us) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "the group '%.100s' has %zu members: stop the workers first", group,
                               n);
        }
        if (!is_told) {
            (void)fprintf(stderr,
                          "filingctl: the group '%s' still counts %zu members: waiting for their "
                          "sessions to end\n",
                          group, n);
            is_told = true;
        }
        nap();
    }
}

/* Takes the text of the offsets; *ret_stable: none is in a transaction that is not over. */
static enum status read_offsets(struct repair *repair, bool *ret_stable, struct failure *err)
{
    const struct admin_group question = {.group = repair->ctl->topics.group,
                                         .topic = repair->ctl->topics.submitted,
                                         .count = (int32_t)repair->partitions_n,
                                         .stable = true,
                                         .timeout_ms = CTL_TIMEOUT_MS};
    rd_kafka_topic_partition_list_t *list = NULL;
    const enum status status = admin_group_offsets(repair->uncommitted, &question, &list, err);

    if (status != STATUS_OK) {
        return status;
    }
    *ret_stable = true;
    repair->owner[0] = '\0';
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &list->elems[i];

        if (at->err) {
            *ret_stable = false;
        } else if (at->offset >= 0) {
            (void)snprintf(repair->owner, sizeof(repair->owner), "%.*s", (int)at->metadata_size,
                           at->metadata ? (const char *)at->metadata : "");
        }
    }
    rd_kafka_topic_partition_list_destroy(list);
    return STATUS_OK;
}

static enum status wait_for_transactions(struct repair *repair, struct failure *err)
{
    const int64_t until_us = clock_monotonic_us() + STABLE_MS * INT64_C(1000);
    bool is_stable = false;
    enum status status = read_offsets(repair, &is_stable, err);

    while (status == STATUS_OK && !is_stable) {
        if (signals_stop()) {
            return interrupted(err);
        }
        if (clock_monotonic_us() > until_us) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "a transaction of the workers is open that nobody ends: look for it "
                               "with 'kafka-transactions.sh find-hanging'");
        }
        nap();
        status = read_offsets(repair, &is_stable, err);
    }
    return status;
}

static enum status find_ends(struct repair *repair, struct failure *err)
{
    const struct topics *topics = &repair->ctl->topics;
    enum status status = STATUS_OK;

    for (uint32_t p = 0; p < repair->partitions_n && status == STATUS_OK; p++) {
        struct repair_ends *ends = &repair->ends[p];

        status = admin_ends(repair->uncommitted, topics->submitted, (int32_t)p, CTL_TIMEOUT_MS,
                            &ends->submitted_first, &ends->submitted, err);
        if (status == STATUS_OK) {
            status = admin_ends(repair->uncommitted, topics->decided, (int32_t)p, CTL_TIMEOUT_MS,
                                &ends->decided_first, &ends->decided, err);
        }
    }
    return status;
}

enum status repair_stand(struct repair *repair, struct failure *err)
{
    enum status status = wait_for_members(repair, err);

    if (status == STATUS_OK) {
        status = wait_for_transactions(repair, err);
    }
    return status == STATUS_OK ? find_ends(repair, err) : status;
}

/* ---- the group ------------------------------------------------------------------------------- */

/* "1 <ledger> " and "1 <ledger> <store> ": how far two texts have to agree. */
#define LEDGER_CHARS (2 + 2 * LEDGER_ID_SIZE + 1)
#define STORE_CHARS  (LEDGER_CHARS + 2 * STORE_ID_SIZE + 1)

void repair_metadata(const struct store_ledger *ledger, char out[BUS_METADATA_SIZE])
{
    char ledger_id[2 * LEDGER_ID_SIZE + 1];
    char store_id[2 * STORE_ID_SIZE + 1];
    char host[HOST_SIZE] = "";

    hex_encode((struct bytes){.at = ledger->ledger_id, .n = LEDGER_ID_SIZE}, ledger_id);
    hex_encode((struct bytes){.at = ledger->store_id, .n = STORE_ID_SIZE}, store_id);
    if (gethostname(host, sizeof(host) - 1)) {
        (void)snprintf(host, sizeof(host), "unknown");
    }
    (void)snprintf(out, BUS_METADATA_SIZE, "1 %s %s %s", ledger_id, store_id, host);
}

enum status repair_check_ledger(const struct repair *repair,
                                const uint8_t ledger_id[LEDGER_ID_SIZE], struct failure *err)
{
    struct store_ledger ledger = {.schema = STORE_SCHEMA};
    char ours[BUS_METADATA_SIZE];

    memcpy(ledger.ledger_id, ledger_id, sizeof(ledger.ledger_id));
    repair_metadata(&ledger, ours);
    if (repair->owner[0] == '\0' || strncmp(repair->owner, ours, LEDGER_CHARS) == 0) {
        return STATUS_OK;
    }
    return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                       "the group's offsets belong to another ledger: theirs '%.90s', ours '%.34s'",
                       repair->owner, ours);
}

bool repair_owns(const struct repair *repair, const struct store_ledger *ledger)
{
    char ours[BUS_METADATA_SIZE];

    repair_metadata(ledger, ours);
    return strncmp(repair->owner, ours, STORE_CHARS) == 0;
}

enum status repair_take_group(struct repair *repair, const struct store_ledger *ledger,
                              const int64_t *next_offsets, struct failure *err)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)repair->partitions_n);
    char metadata[BUS_METADATA_SIZE];
    enum status status;

    repair_metadata(ledger, metadata);
    for (uint32_t p = 0; p < repair->partitions_n; p++) {
        rd_kafka_topic_partition_t *at =
            rd_kafka_topic_partition_list_add(list, repair->ctl->topics.submitted, (int32_t)p);

        at->offset = next_offsets[p];
        at->metadata = strdup(metadata); /* freed with the list */
        at->metadata_size = at->metadata ? strlen(metadata) : 0;
    }
    status = admin_group_rewrite(repair->uncommitted, repair->ctl->topics.group, list,
                                 CTL_TIMEOUT_MS, err);
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

/* ---- differences, consent, the store --------------------------------------------------------- */

static enum status describe(struct bytes expected, struct bytes found, struct decision_diff *ret,
                            struct failure *err)
{
    *ret = (struct decision_diff){.field = ""};
    if (expected.n > 0 && found.n > 0) {
        return decision_diff(expected, found, ret, err);
    }
    (void)snprintf(ret->expected, sizeof(ret->expected), "%s",
                   expected.n > 0 ? "a decision" : "none");
    (void)snprintf(ret->found, sizeof(ret->found), "%s", found.n > 0 ? "a decision" : "none");
    return STATUS_OK;
}

enum status repair_differ(struct repair *repair, const struct repair_difference *difference,
                          struct bytes expected, struct bytes found, struct failure *err)
{
    struct ctl *ctl = repair->ctl;
    struct decision_diff diff;
    struct output output;
    enum status status = describe(expected, found, &diff, err);

    if (status != STATUS_OK) {
        return status;
    }
    output_init(&output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    output_cstr(&output, difference->place);
    output_number(&output, difference->partition);
    if (difference->offset >= 0) {
        output_number(&output, difference->offset);
    } else {
        output_cstr(&output, "");
    }
    output_number(&output, (int64_t)difference->number);
    output_cstr(&output, diff.field);
    output_cstr(&output, diff.expected);
    output_cstr(&output, diff.found);
    output_end_row(&output);
    ctl->code = EXIT_DIFFERENCE;
    status = output_fini(&output, err);
    if (status != STATUS_OK) {
        return status;
    }
    return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                       "partition %" PRIu32 ", decision %" PRIu64
                       ": what is published is not what the %s: nothing is repaired that is not "
                       "understood; 'filingctl verify' shows more",
                       difference->partition, difference->number,
                       strcmp(difference->place, "journal") == 0 ? "store has" : "log leads to");
}

static void add_argument(struct repair *repair, const char *option, const char *value)
{
    repair->arguments[repair->act.arguments_n++] = option;
    repair->arguments[repair->act.arguments_n++] = value;
}

enum status repair_begin(struct repair *repair, struct failure *err)
{
    const struct ctl *ctl = repair->ctl;

    repair->act =
        (struct operation_act){.command = ctl->common->verb->name, .arguments = repair->arguments};
    add_argument(repair, "--store", ctl->common->store);
    if (ctl->settings->from_number > 0) {
        (void)snprintf(repair->numbers[0], sizeof(repair->numbers[0]), "%" PRId64,
                       ctl->settings->from_number);
        add_argument(repair, "--from", repair->numbers[0]);
    }
    if (ctl->settings->partition >= 0) {
        (void)snprintf(repair->numbers[1], sizeof(repair->numbers[1]), "%" PRId64,
                       ctl->settings->partition);
        add_argument(repair, "--partition", repair->numbers[1]);
    }
    return operation_begin(ctl, &repair->act, &repair->writer, err);
}

enum status repair_end(struct repair *repair, enum status status, const char *text,
                       struct failure *err)
{
    struct operation_writer *writer = repair->writer;

    repair->writer = NULL;
    return operation_end(writer, status, text, err);
}

enum status repair_consent(const struct ctl *ctl, const char *deed, struct failure *err)
{
    if (ctl->settings->yes) {
        return STATUS_OK;
    }
    return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "nothing was changed; --yes %s", deed);
}

enum status repair_store_open(const struct ctl *ctl, struct store **ret,
                              struct store_ledger *ret_ledger, struct failure *err)
{
    struct store *store = NULL;
    /* Reading first: opening to write would make a store where there is none. */
    enum status status = store_read_open(ctl->common->store, &store, err);

    if (status == STATUS_OK) {
        status = store_ledger_read(store, ret_ledger, err);
    }
    store_close(store);
    store = NULL;
    if (status == STATUS_NOTFOUND) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_STOP, 0,
                           "'%.150s' holds no ledger: 'filingctl ledger rebuild' makes one",
                           ctl->common->store);
    }
    if (status == STATUS_OK) {
        status = store_open(ctl->common->store, &store, err);
    }
    if (status == STATUS_DENIED && err->remedy == REMEDY_RETRY) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%.150s' is in use: stop the worker first", ctl->common->store);
    }
    if (status == STATUS_OK) {
        *ret = store;
    }
    return status;
}
