/* doctor: what is wrong with this installation.  A line for each look, 1 when one finds something.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "consumers/ctl/checkpoint_look.h"
#include "consumers/ctl/ledger_log.h"
#include "consumers/ctl/lookup.h"
#include "consumers/ctl/partition_state.h"
#include "consumers/ctl/topics.h"

#define OPEN_MS_MAX  60000 /* transaction.max.timeout.ms of our brokers */
#define AHEAD_MS_MAX 5000
#define TEXT_SIZE    512
/* For a checkpoint: six times the longest that a worker of the default settings takes. */
#define WAITING_MS_MAX 3600000

static const struct output_column columns[] = {
    {"look", OUTPUT_TEXT},
    {"state", OUTPUT_TEXT},
    {"finding", OUTPUT_TEXT},
};

struct doctor {
    struct ctl *ctl;
    struct output output;
    const struct ledger_log *log;
    struct lookup *lookup; /* NULL: there is no store that can be read */
    uint32_t findings;     /* all */
    uint32_t seen;         /* of the look under way */
};

static void finding(struct doctor *d, const char *look, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void finding(struct doctor *d, const char *look, const char *fmt, ...)
{
    char text[TEXT_SIZE];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    output_cstr(&d->output, look);
    output_cstr(&d->output, "finding");
    output_cstr(&d->output, text);
    output_end_row(&d->output);
    d->findings++;
    d->seen++;
}

/* The look is over: it says so when it found nothing. */
static void looked(struct doctor *d, const char *look, const char *text)
{
    if (d->seen == 0) {
        output_cstr(&d->output, look);
        output_cstr(&d->output, "ok");
        output_cstr(&d->output, text);
        output_end_row(&d->output);
    }
    d->seen = 0;
}

/* ---- looks --------------------------------------------------------------------------------- */

static void look_at_keys(struct doctor *d)
{
    const char *path = d->ctl->settings->operator_key_file;
    struct failure why = {.status = STATUS_OK};

    if (path && file_check_private(path, &why) != STATUS_OK) {
        finding(d, "keys", "%s", why.text);
    }
    looked(d, "keys", path ? path : "no operator.key_file is set");
}

static void look_at_topic(struct doctor *d, const struct topic_state *topic)
{
    if (!topic->is_there) {
        finding(d, "topics", "'%s' is missing", topic->topic);
    }
    for (uint32_t i = 0; i < topic->settings_n; i++) {
        const struct topic_setting *s = &topic->settings[i];

        if (s->verdict == TOPIC_WEAKER || (i == 0 && s->verdict != TOPIC_RIGHT)) {
            finding(d, "topics", "'%s': %s is %s, must be %s", topic->topic, s->name, s->found,
                    s->wanted);
        }
    }
}

/* A cluster of fewer than three brokers is somebody's laptop. */
static void look_at_topics(struct doctor *d, rd_kafka_t *handle)
{
    const uint32_t partitions =
        d->log && d->log->is_founded ? reference_set_reference(d->log->references)->partitions : 12;
    struct topics_wanted wanted = {
        .partitions = (int32_t)partitions, .replication = 1, .min_isr = 1};
    struct topics_state state;
    struct failure why = {.status = STATUS_OK};

    if (topics_inspect(d->ctl, handle, &wanted, &state, &why) != STATUS_OK) {
        finding(d, "topics", "%s", why.text);
    } else if (state.brokers_n >= 3) {
        wanted.replication = 3;
        wanted.min_isr = 2;
        if (topics_inspect(d->ctl, handle, &wanted, &state, &why) != STATUS_OK) {
            finding(d, "topics", "%s", why.text);
        }
    }
    for (size_t t = 0; t < TOPICS_N && d->seen == 0; t++) {
        look_at_topic(d, &state.topics[t]);
    }
    looked(d, "topics",
           state.is_in_memory ? "a cluster in memory: it keeps no settings" : "as they must be");
}

static void look_at_ledger(struct doctor *d)
{
    const struct reference *reference = NULL;
    char id[2 * LEDGER_ID_SIZE + 1] = "";

    if (!d->log || !d->log->is_founded) {
        finding(d, "ledger", "it was not founded: run 'filingctl ledger found'");
        looked(d, "ledger", "");
        return;
    }
    reference = reference_set_reference(d->log->references);
    hex_encode((struct bytes){.at = d->log->ledger_id, .n = LEDGER_ID_SIZE}, id);
    if (d->lookup && memcmp(d->lookup->ledger.ledger_id, d->log->ledger_id, LEDGER_ID_SIZE) != 0) {
        finding(d, "ledger", "the store is of another ledger than '%s' (%s)",
                d->ctl->topics.reference, id);
    }
    if (d->lookup && d->lookup->ledger.partitions != reference->partitions) {
        finding(d, "ledger", "the store has %" PRIu32 " partitions, the ledger %" PRIu32,
                d->lookup->ledger.partitions, reference->partitions);
    }
    looked(d, "ledger", id);
}

/* Group metadata names ledger and store: "1 <ledger id> <store id> <host>". */
static void look_at_metadata(struct doctor *d, const struct partition_state *states, int32_t n)
{
    char ledger[2 * LEDGER_ID_SIZE + 1];
    char store[2 * STORE_ID_SIZE + 1];
    char wanted[sizeof(ledger) + sizeof(store) + 8];

    hex_encode((struct bytes){.at = d->lookup->ledger.ledger_id, .n = LEDGER_ID_SIZE}, ledger);
    hex_encode((struct bytes){.at = d->lookup->ledger.store_id, .n = STORE_ID_SIZE}, store);
    (void)snprintf(wanted, sizeof(wanted), "1 %s %s ", ledger, store);
    for (int32_t p = 0; p < n; p++) {
        if (states[p].has_group && strncmp(states[p].metadata, wanted, strlen(wanted)) != 0) {
            finding(d, "group",
                    "partition %" PRId32 ": the group's offset is of another store: "
                    "'%s', this one is '%s'",
                    p, states[p].metadata, wanted);
        }
        if (states[p].has_group && states[p].has_row &&
            states[p].group_offset > states[p].row.position.next_offset) {
            finding(d, "group",
                    "partition %" PRId32 ": the group stands at %" PRId64 ", the store at %" PRId64
                    ": is the store a restored copy?",
                    p, states[p].group_offset, states[p].row.position.next_offset);
        }
    }
    looked(d, "group", "its offsets are of this store");
}

static void look_at_transaction(struct doctor *d, int32_t partition, const char *of,
                                const struct log_state *log)
{
    if (log->stood_ms > OPEN_MS_MAX) {
        finding(d, "log",
                "partition %" PRId32 ": a transaction on %s has been open for %" PRId64 " ms",
                partition, of, log->stood_ms);
    }
}

static void look_at_log(struct doctor *d, const struct partition_state *states, int32_t n)
{
    const int64_t now_ms = clock_unix_ms();

    for (int32_t p = 0; p < n; p++) {
        const struct partition_state *s = &states[p];

        if (s->submitted.start > 0) {
            finding(d, "log",
                    "partition %" PRId32 ": the log begins at offset %" PRId64
                    ": records before it are lost",
                    p, s->submitted.start);
        }
        if (s->has_row && s->row.position.next_offset > s->submitted.high) {
            finding(d, "log",
                    "partition %" PRId32 ": the store stands at %" PRId64
                    ", beyond the log's end %" PRId64,
                    p, s->row.position.next_offset, s->submitted.high);
        }
        look_at_transaction(d, p, "filings", &s->submitted);
        look_at_transaction(d, p, "decisions", &s->decided);
    }
    looked(d, "log", "it begins at its first record, and nothing holds it up");
    for (int32_t p = 0; p < n; p++) {
        if (states[p].has_row && states[p].row.position.received_ms > now_ms + AHEAD_MS_MAX) {
            finding(d, "clocks",
                    "partition %" PRId32 ": received %" PRId64 " ms after this machine's now", p,
                    states[p].row.position.received_ms - now_ms);
        }
    }
    looked(d, "clocks", "nothing was received later than now");
}

/* A decision that has waited too long for a checkpoint. */
static void look_at_waiting(struct doctor *d, const struct checkpoint_book *book,
                            const struct partition_state *states, int32_t n)
{
    const int64_t now_ms = clock_unix_ms();

    for (int32_t p = 0; p < n; p++) {
        const struct checkpoint_entry *newest = checkpoint_book_newest(book, (uint32_t)p);
        const struct store_position *is = &states[p].row.position;
        const uint64_t covered = newest ? newest->number : 0;

        if (states[p].has_row && covered > is->number) {
            finding(d, "checkpoints",
                    "partition %" PRId32 ": there is one of decision %" PRIu64
                    ", the store stands at %" PRIu64 ": is the store a restored copy?",
                    p, covered, is->number);
        } else if (states[p].has_row && covered < is->number &&
                   now_ms - is->received_ms > WAITING_MS_MAX) {
            finding(d, "checkpoints",
                    "partition %" PRId32 ": decision %" PRIu64 " waits for one: is worker.key_file "
                    "set, does the worker's log say checkpoint.failed?",
                    p, is->number);
        }
    }
}

static void look_at_entries(struct doctor *d, const struct checkpoint_book *book)
{
    size_t n = 0;
    const struct checkpoint_entry *entries = checkpoint_book_all(book, &n);
    uint64_t bad_n = checkpoint_book_strange(book);

    for (size_t i = 0; i < n; i++) {
        bad_n += entries[i].verdict != CHECKPOINT_GOOD ? 1 : 0;
        if (entries[i].is_forked) {
            finding(d, "checkpoints",
                    "partition %" PRIu32 ": two good ones of decision %" PRIu64
                    " contradict each other: run 'filingctl verify'",
                    entries[i].partition, entries[i].number);
        }
    }
    if (bad_n > 0) {
        finding(d, "checkpoints", "%" PRIu64 " are not good: run 'filingctl checkpoint list'",
                bad_n);
    }
}

/* Whoever names a WORKER wants checkpoints; a ledger without one is told what it lacks. */
static void look_at_checkpoints(struct doctor *d, const struct partition_state *states, int32_t n)
{
    const struct reference *reference = NULL;
    struct checkpoint_register known;
    struct checkpoint_book *book = NULL;
    struct failure why = {.status = STATUS_OK};

    if (!d->log || !d->log->is_founded) {
        return;
    }
    reference = reference_set_reference(d->log->references);
    known = (struct checkpoint_register){
        .reference = reference, .as_of = ledger_log_as_of(d->log), .ledger_id = d->log->ledger_id};
    if (checkpoint_look(d->ctl, &known, &book, &why) != STATUS_OK) {
        finding(d, "checkpoints", "%s", why.text);
        looked(d, "checkpoints", "");
        return;
    }
    look_at_entries(d, book);
    if (checkpoint_has_worker(reference, known.as_of)) {
        look_at_waiting(d, book, states, n);
        looked(d, "checkpoints", "they are good, and no decision has waited long for one");
    } else {
        looked(d, "checkpoints",
               "none is expected: no operator is a WORKER, and a cut-off end would not be noticed");
    }
    checkpoint_book_close(book);
}

static enum status look_at_partitions(struct doctor *d, struct failure *err)
{
    const int32_t n = (int32_t)d->lookup->ledger.partitions;
    struct partition_state *states = calloc((size_t)n, sizeof(*states));
    struct failure why = {.status = STATUS_OK};

    if (!states) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    if (partition_states_read(d->ctl, d->lookup, states, n, &why) != STATUS_OK) {
        finding(d, "log", "%s", why.text);
        looked(d, "log", "");
    } else {
        look_at_metadata(d, states, n);
        look_at_log(d, states, n);
        look_at_checkpoints(d, states, n);
    }
    free(states);
    return STATUS_OK;
}

/* ---- the verb ------------------------------------------------------------------------------ */

static enum status look_at_all(struct doctor *d, rd_kafka_t *handle, struct failure *err)
{
    struct failure why = {.status = STATUS_OK};
    struct ledger_log *log = NULL;
    struct lookup lookup;
    enum status status = STATUS_OK;

    look_at_keys(d);
    if (ledger_log_read(d->ctl, &log, &why) == STATUS_OK) {
        d->log = log;
    }
    look_at_topics(d, handle);
    if (lookup_open(&lookup, d->ctl, &why) == STATUS_OK) {
        /* d does not outlive this frame. cppcheck-suppress autoVariables */
        d->lookup = &lookup;
    } else {
        finding(d, "store", "%s", why.text);
    }
    looked(d, "store", d->ctl->common->store);
    look_at_ledger(d);
    if (d->lookup) {
        status = look_at_partitions(d, err);
    }
    lookup_close(&lookup);
    ledger_log_close(log);
    return status;
}

enum status doctor_run(struct ctl *ctl, struct failure *err)
{
    struct doctor d = {.ctl = ctl};
    rd_kafka_t *handle = NULL;
    enum status status = ctl_kafka_open(ctl, KAFKA_ADMIN, &handle, err);

    if (status != STATUS_OK) {
        return status;
    }
    output_init(&d.output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    status = look_at_all(&d, handle, err);
    rd_kafka_destroy(handle);
    if (output_fini(&d.output, status == STATUS_OK ? err : NULL) != STATUS_OK &&
        status == STATUS_OK) {
        status = STATUS_IO;
    }
    ctl->code = status == STATUS_OK && d.findings > 0 ? EXIT_FAILED : EXIT_DONE;
    return status;
}
