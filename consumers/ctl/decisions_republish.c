/* decisions republish: the decision topic lost its end; the journal publishes it again.
 *
 * Of each partition:
 *
 *            lock, look                 same end              transaction           outcome ok
 *   SHORT ------------> STANDING --------------> PIECE ready ------------> IN_FLIGHT ------+
 *                          ^                          ^                                    |
 *                          |                          +---- journal goes on ---------------+
 *                          +---- any other outcome: told, ended; look again ---- or WHOLE <+
 *
 * Invariants:
 *   P1  what is published is what the journal has (E8), from the number behind the topic's last one
 *       on: N is compared with what is there, and everything read of it with the journal, the last
 *       decision always - its chain holds all before it.  A number that is there already, or a gap,
 *       is refused;
 *   P2  every transaction carries the input offset that its last decision left (E7), under the
 * group metadata of nobody, which the broker takes while the group has no member, and the
 *       transactional id of the partition's last owner, so that what that one left open is ended;
 *   P3  an outcome that is not sure ends it: what is there then is looked at by the next run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/signals.h"
#include "consumers/ctl/published.h"
#include "consumers/ctl/repair.h"
#include "consumers/engine/batch.h"
#include "consumers/engine/desk.h"
#include "consumers/engine/journal.h"
#include "consumers/store/reference_set.h"
#include "consumers/worker/publisher.h"

/* Above twice transaction.timeout.ms: a publication that takes longer is told. */
#define PATIENCE_MS 60000

struct gap {
    uint32_t partition;
    struct store_row row;
    uint64_t tail; /* last number published */
    uint64_t transactions;
};

struct republish {
    struct ctl *ctl;
    struct repair repair;
    struct store_ledger ledger;
    struct store *store;
    struct reference_set *references;
    struct desk *desk;
    struct gap *gaps; /* one a partition */
    char metadata[BUS_METADATA_SIZE];
    rd_kafka_consumer_group_metadata_t *nobody;
    struct publisher *publisher;
    char txn_id[TXN_ID_SIZE]; /* of the publisher */
    struct bus_decision *decisions;
    size_t decisions_max;
};

/* ---- looking --------------------------------------------------------------------------------- */

static enum status open_all(struct republish *r, struct failure *err)
{
    enum status status = repair_store_open(r->ctl, &r->store, &r->ledger, err);

    if (status == STATUS_OK) {
        status = repair_open(&r->repair, r->ctl, err);
    }
    if (status == STATUS_OK) {
        status = repair_stand(&r->repair, err);
    }
    if (status == STATUS_OK && !repair_owns(&r->repair, &r->ledger) && r->repair.owner[0]) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "the group's offsets name another store than this one: '%.120s'",
                             r->repair.owner);
    }
    if (status == STATUS_OK && r->ledger.partitions != r->repair.partitions_n) {
        status =
            failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                        "the store's ledger has %" PRIu32 " partitions, the topics have %" PRIu32,
                        r->ledger.partitions, r->repair.partitions_n);
    }
    if (status == STATUS_OK) {
        status = reference_set_open(&r->references, err);
    }
    if (status == STATUS_OK) {
        status = desk_open(r->store, r->references, &r->desk, err);
    }
    if (status == STATUS_OK) {
        r->gaps = calloc((size_t)r->repair.partitions_n + 1, sizeof(*r->gaps));
        status =
            r->gaps ? STATUS_OK : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    return status;
}

static enum status look(struct republish *r, uint32_t partition, struct failure *err)
{
    struct gap *gap = &r->gaps[partition];
    const struct published_conf conf = {.repair = &r->repair,
                                        .store = r->store,
                                        .desk = r->desk,
                                        .partition = partition,
                                        .row = &gap->row};
    struct published *published = NULL;
    struct bytes more;
    enum status status = store_row_read(r->store, partition, &gap->row, err);

    gap->partition = partition;
    if (status == STATUS_NOTFOUND) {
        gap->row = (struct store_row){.position = {.input_offset = -1}};
        status = STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = published_open(&conf, &published, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    gap->tail = published_number(published);
    if (published_next(published, &more)) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "partition %" PRIu32
                             ": more is published than the store has: run 'filingctl ledger "
                             "catch-up'",
                             partition);
    }
    published_close(published);
    return status;
}

static bool is_wanted(const struct republish *r, uint32_t partition)
{
    const int64_t wanted = r->ctl->settings->partition;

    return wanted < 0 || wanted == (int64_t)partition;
}

static enum status look_all(struct republish *r, struct failure *err)
{
    enum status status = STATUS_OK;

    if (r->ctl->settings->partition >= (int64_t)r->repair.partitions_n) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "there is no partition %" PRId64 ": the topic has %" PRIu32,
                           r->ctl->settings->partition, r->repair.partitions_n);
    }
    for (uint32_t p = 0; p < r->repair.partitions_n && status == STATUS_OK; p++) {
        if (is_wanted(r, p)) {
            status = look(r, p, err);
        }
    }
    return status;
}

/* P1: N is the number behind the last one of every partition that lacks some. */
static enum status check_from(const struct republish *r, bool *ret_any, struct failure *err)
{
    const uint64_t from = (uint64_t)r->ctl->settings->from_number;

    *ret_any = false;
    for (uint32_t p = 0; p < r->repair.partitions_n; p++) {
        const struct gap *gap = &r->gaps[p];

        if (!is_wanted(r, p) || gap->tail >= gap->row.position.number) {
            continue;
        }
        *ret_any = true;
        if (from <= gap->tail) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "partition %" PRIu32 ": decision %" PRIu64
                               " is published, up to %" PRIu64 ": it wants --from %" PRIu64
                               " --partition %" PRIu32,
                               p, from, gap->tail, gap->tail + 1, p);
        }
        if (from != gap->tail + 1) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "partition %" PRIu32 ": the topic ends with %" PRIu64 ", so %" PRIu64
                               " would leave a gap: it wants --from %" PRIu64
                               " --partition %" PRIu32,
                               p, gap->tail, from, gap->tail + 1, p);
        }
    }
    return STATUS_OK;
}

static enum status print(const struct republish *r, struct failure *err)
{
    static const struct output_column columns[] = {
        {"partition", OUTPUT_NUMBER}, {"published", OUTPUT_NUMBER},    {"number", OUTPUT_NUMBER},
        {"missing", OUTPUT_NUMBER},   {"transactions", OUTPUT_NUMBER},
    };
    struct output output;

    output_init(&output, r->ctl->out, r->ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    for (uint32_t p = 0; p < r->repair.partitions_n; p++) {
        const struct gap *gap = &r->gaps[p];

        if (is_wanted(r, p)) {
            output_number(&output, p);
            output_number(&output, (int64_t)gap->tail);
            output_number(&output, (int64_t)gap->row.position.number);
            output_number(&output, (int64_t)(gap->row.position.number - gap->tail));
            output_number(&output, (int64_t)gap->transactions);
            output_end_row(&output);
        }
    }
    return output_fini(&output, err);
}

/* ---- publishing ------------------------------------------------------------------------------ */

/* What the row has above the tail; the bytes are the store's until its next call. */
static enum status read_piece(struct republish *r, const struct store_journal_row *row,
                              struct bus_part *part, struct failure *err)
{
    struct journal_reader reader;
    struct journal_entry entry;
    enum status status = STATUS_OK;

    if (!batch_grow((void **)&r->decisions, &r->decisions_max, row->count, sizeof(*r->decisions))) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    part->decisions = r->decisions;
    part->decisions_n = 0;
    journal_reader_init(&reader, row);
    for (;;) {
        status = journal_next(&reader, &entry, err);
        if (status != STATUS_OK) {
            return status == STATUS_NOTFOUND ? STATUS_OK : status;
        }
        if (entry.number >= part->first_number) {
            r->decisions[part->decisions_n++] = (struct bus_decision){.bytes = entry.decision.at,
                                                                      .bytes_n = entry.decision.n,
                                                                      .key = entry.key.at,
                                                                      .key_n = entry.key.n,
                                                                      .has_key = entry.has_key};
        }
    }
}

/* The input offset that the last decision of a row left: where the next row starts. */
static enum status offset_after(struct republish *r, const struct gap *gap, uint64_t last,
                                int64_t *ret, struct failure *err)
{
    struct store_journal_row next;
    enum status status = STATUS_OK;

    *ret = gap->row.position.next_offset;
    if (last < gap->row.position.number) {
        status = store_journal_find(r->store, gap->partition, last + 1, &next, err);
        if (status == STATUS_OK) {
            *ret = next.starts.next_offset;
        }
    }
    return status;
}

static void name_txn(const struct republish *r, const struct gap *gap, char out[TXN_ID_SIZE])
{
    if (gap->row.owner_txn_id[0]) {
        (void)snprintf(out, TXN_ID_SIZE, "%s", gap->row.owner_txn_id);
    } else { /* nobody has decided with this store yet */
        (void)snprintf(out, TXN_ID_SIZE, "%.*s-republish", TXN_ID_SIZE - 16, r->ctl->topics.group);
    }
}

/* The publisher under the id of the partition's last owner. */
static enum status open_publisher(struct republish *r, const struct gap *gap, struct failure *err)
{
    struct publisher_conf conf = {.options = ctl_kafka(r->ctl),
                                  .submitted = r->ctl->topics.submitted,
                                  .decided = r->ctl->topics.decided};
    char txn_id[TXN_ID_SIZE];

    name_txn(r, gap, txn_id);
    if (r->publisher && strcmp(txn_id, r->txn_id) == 0) {
        return STATUS_OK;
    }
    if (!publisher_close(r->publisher)) {
        r->publisher = NULL;
        return failure_set(err, STATUS_KAFKA, REMEDY_STOP, 0, "the broker does not answer");
    }
    r->publisher = NULL;
    memcpy(r->txn_id, txn_id, sizeof(r->txn_id));
    conf.options.transactional_id = r->txn_id;
    return publisher_open(&conf, &r->publisher, err);
}

static enum status outcome_status(enum bus_outcome outcome, uint32_t partition, struct failure *err)
{
    switch (outcome) {
    case BUS_OUTCOME_DONE:
    case BUS_OUTCOME_RECYCLED:
        return STATUS_OK;
    case BUS_OUTCOME_ABORTED:
        return failure_set(err, STATUS_KAFKA, REMEDY_STOP, 0,
                           "partition %" PRIu32
                           ": a transaction was aborted: run it again without --yes to see where "
                           "the topic ends now",
                           partition);
    case BUS_OUTCOME_FENCED:
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "partition %" PRIu32
                           ": another producer took the transactional id: is a worker running?",
                           partition);
    case BUS_OUTCOME_FATAL:
    case BUS_OUTCOME_NONE:
    case BUS_OUTCOME_IN_FLIGHT:
        break;
    }
    return err->status != STATUS_OK
               ? err->status
               : failure_set(err, STATUS_KAFKA, REMEDY_STOP, 0, "cannot publish");
}

/* P3.  It waits without end, for the transaction is neither done nor not: who has no patience ends
 * the program, and looks at the topic with the next run. */
static enum status publish(struct republish *r, const struct bus_part *part, int64_t *ret_last,
                           struct failure *err)
{
    const struct bus_publication publication = {
        .parts = part, .parts_n = 1, .ledger_id = r->ledger.ledger_id, .metadata = r->metadata};
    const int64_t until_us = clock_monotonic_us() + PATIENCE_MS * INT64_C(1000);
    struct bus_report report = {.outcome = BUS_OUTCOME_IN_FLIGHT};
    bool is_told = false;

    *err = (struct failure){.status = STATUS_OK};
    publisher_give(r->publisher, &publication, r->nobody);
    while (report.outcome == BUS_OUTCOME_IN_FLIGHT) {
        publisher_take(r->publisher, BUS_WAIT_MS_MAX, &report, err);
        if (!is_told && clock_monotonic_us() > until_us) {
            (void)fprintf(stderr,
                          "filingctl: the broker does not end a transaction of '%s': "
                          "Ctrl-C twice gives it up\n",
                          r->txn_id);
            is_told = true;
        }
    }
    *ret_last = report.last_offsets ? report.last_offsets[0] : -1;
    return outcome_status(report.outcome, part->partition, err);
}

static enum status publish_row(struct republish *r, struct gap *gap, struct failure *err)
{
    struct bus_part part = {.partition = gap->partition, .first_number = gap->tail + 1};
    struct store_journal_row row;
    uint64_t last;
    int64_t last_offset = -1;
    enum status status = store_journal_find(r->store, gap->partition, part.first_number, &row, err);

    if (status != STATUS_OK) {
        return failure_add(err, "cannot read decision %" PRIu64, part.first_number);
    }
    last = row.first_number + row.count - 1;
    status = offset_after(r, gap, last, &part.next_offset, err);
    if (status == STATUS_OK) { /* again: the look-up of the next row took its bytes */
        status = store_journal_find(r->store, gap->partition, part.first_number, &row, err);
    }
    if (status == STATUS_OK) {
        status = read_piece(r, &row, &part, err);
    }
    if (status == STATUS_OK) {
        status = publish(r, &part, &last_offset, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    gap->tail = last;
    gap->transactions++;
    return last_offset < 0 ? STATUS_OK
                           : store_published(r->store, gap->partition, gap->tail, last_offset, err);
}

static enum status publish_all(struct republish *r, struct failure *err)
{
    enum status status = STATUS_OK;

    r->nobody = rd_kafka_consumer_group_metadata_new(r->ctl->topics.group);
    repair_metadata(&r->ledger, r->metadata);
    for (uint32_t p = 0; p < r->repair.partitions_n && status == STATUS_OK; p++) {
        struct gap *gap = &r->gaps[p];

        if (is_wanted(r, p) && gap->tail < gap->row.position.number) {
            status = open_publisher(r, gap, err);
        }
        while (is_wanted(r, p) && status == STATUS_OK && gap->tail < gap->row.position.number) {
            status = signals_stop() ? failure_set(err, STATUS_IO, REMEDY_STOP, 0, "interrupted")
                                    : publish_row(r, gap, err);
        }
    }
    return status;
}

/* From the first record of the act to the last. */
static enum status act(struct republish *r, struct failure *err)
{
    char text[64];
    uint64_t transactions = 0;
    enum status status = repair_begin(&r->repair, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = publish_all(r, err);
    for (uint32_t p = 0; p < r->repair.partitions_n; p++) {
        transactions += r->gaps[p].transactions;
    }
    (void)snprintf(text, sizeof(text), "%" PRIu64 " transactions", transactions);
    return repair_end(&r->repair, status, text, err);
}

static enum status republish(struct republish *r, struct failure *err)
{
    const bool is_act = r->ctl->settings->yes;
    bool is_any = false;
    enum status status = look_all(r, err);

    /* What is missing where is what somebody wants to see who does not know N yet. */
    if (status == STATUS_OK && !is_act) {
        status = print(r, err);
    }
    if (status == STATUS_OK) {
        status = check_from(r, &is_any, err);
    }
    if (status == STATUS_OK && is_act && is_any) {
        status = act(r, err);
    }
    if (status == STATUS_OK && is_act) {
        status = print(r, err);
    }
    if (status == STATUS_OK && !is_any) {
        (void)fprintf(stderr, "filingctl: nothing is missing in the topic\n");
    }
    return status == STATUS_OK && is_any
               ? repair_consent(r->ctl, "publishes what the topic lacks", err)
               : status;
}

static void close_all(struct republish *r, enum status status)
{
    /* False: its thread hangs in a call of librdkafka, and goes with the process. */
    (void)publisher_close(r->publisher);
    if (r->nobody) {
        rd_kafka_consumer_group_metadata_destroy(r->nobody);
    }
    free(r->decisions);
    free(r->gaps);
    desk_close(r->desk);
    reference_set_close(r->references);
    store_close(r->store);
    repair_close(&r->repair, status);
}

enum status decisions_republish(struct ctl *ctl, struct failure *err)
{
    struct republish r = {.ctl = ctl, .repair = {.ctl = ctl}};
    enum status status = open_all(&r, err);

    if (status == STATUS_OK) {
        status = republish(&r, err);
    }
    close_all(&r, status);
    return status;
}
