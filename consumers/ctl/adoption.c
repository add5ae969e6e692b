#include "consumers/ctl/adoption.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chance.h"
#include "base/limits.h"
#include "base/signals.h"
#include "consumers/audit/log_reader.h"
#include "consumers/ctl/published.h"
#include "consumers/engine/batch.h"
#include "consumers/engine/decider.h"
#include "consumers/engine/desk.h"
#include "consumers/store/reference_set.h"

/* Records between two looks at whether somebody pressed Ctrl-C. */
#define STOP_EVERY 256

struct adopter {
    struct repair *repair;
    struct store *store;
    const struct store_ledger *ledger;
    struct reference_set *references;
    struct desk *desk;
    struct batch_part part;
    bool has_part;
    /* Of the partition that is being brought up. */
    uint32_t partition;
    struct store_row row;
    uint8_t token[OWNER_TOKEN_SIZE];
    struct decider *decider;
    struct log_reader *input;
    struct published *published;
    struct bus_record record;
    bool has_record;
    size_t compared; /* bytes of the batch's decisions that were compared */
    uint64_t hinted; /* last number published that the store was told */
    struct progress *progress;
};

enum status adopter_open(struct repair *repair, struct store *store,
                         const struct store_ledger *ledger, struct adopter **ret,
                         struct failure *err)
{
    struct adopter *a = calloc(1, sizeof(*a));
    enum status status;

    if (!a) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    a->repair = repair;
    a->store = store;
    a->ledger = ledger;
    status = reference_set_open(&a->references, err);
    if (status == STATUS_OK) {
        status = desk_open(store, a->references, &a->desk, err);
    }
    if (status == STATUS_OK) {
        status = desk_load_references(a->desk, err);
    }
    if (status == STATUS_OK) {
        status = batch_part_init(&a->part, err);
        a->has_part = status == STATUS_OK;
    }
    if (status != STATUS_OK) {
        adopter_close(a);
        return status;
    }
    *ret = a;
    return STATUS_OK;
}

static void leave_partition(struct adopter *a)
{
    published_close(a->published);
    a->published = NULL;
    log_reader_close(a->input);
    a->input = NULL;
    decider_close(a->decider);
    a->decider = NULL;
    a->has_record = false;
}

void adopter_close(struct adopter *a)
{
    if (!a) {
        return;
    }
    leave_partition(a);
    if (a->has_part) {
        batch_part_fini(&a->part);
    }
    desk_close(a->desk);
    reference_set_close(a->references);
    free(a);
}

/* ---- CLAIMED --------------------------------------------------------------------------------- */

static void decider_conf_of(const struct adopter *a, uint32_t partition, struct decider_conf *ret)
{
    *ret = (struct decider_conf){.partition = partition,
                                 .partitions_n = a->repair->partitions_n,
                                 .topic = a->repair->ctl->topics.submitted};
    memcpy(ret->ledger_id, a->ledger->ledger_id, LEDGER_ID_SIZE);
}

/* The row as it is, or as a claim would make it. */
static enum status read_row(struct adopter *a, uint32_t partition, struct store_row *ret,
                            struct failure *err)
{
    struct decider_conf conf;
    enum status status = store_row_read(a->store, partition, ret, err);

    if (status == STATUS_NOTFOUND) {
        *ret = (struct store_row){.position = {.input_offset = -1}};
        decider_conf_of(a, partition, &conf);
        decider_genesis(a->desk, &conf, ret->position.chain);
        status = STATUS_OK;
    }
    return status;
}

/* The transactional id stays the last worker's: the next one knows by it whom to fence. */
static enum status claim(struct adopter *a, struct failure *err)
{
    struct store_claim take = {.partition = a->partition};
    char previous[TXN_ID_SIZE];
    struct decider_conf conf;
    enum status status = read_row(a, a->partition, &a->row, err);

    if (status == STATUS_OK) {
        status = chance_fill(a->token, sizeof(a->token), err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(take.token, a->token, sizeof(take.token));
    take.txn_id = a->row.owner_txn_id;
    decider_conf_of(a, a->partition, &conf);
    decider_genesis(a->desk, &conf, take.genesis);
    return store_claim(a->store, &take, &a->row, previous, err);
}

/* ---- COMPLETE -------------------------------------------------------------------------------- */

static enum status other_log(const struct adopter *a, struct failure *err)
{
    return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                       "partition %" PRIu32 ": the record at offset %" PRId64
                       " is not the one that was decided: a recreated topic, another cluster or a "
                       "log that was cut",
                       a->partition, a->row.position.input_offset);
}

static enum status next_record(struct adopter *a, bool *ret_end, struct failure *err)
{
    const enum status status = log_reader_next(a->input, &a->record, ret_end, err);

    a->has_record = status == STATUS_OK && !*ret_end;
    return status;
}

/* C3 of a claim: the last record decided has the hash that the row has. */
static bool is_last_input(struct adopter *a)
{
    const struct bus_record *record = &a->record;
    const struct bytes key = {.at = record->has_key ? record->key : NULL, .n = record->key_n};
    const struct bytes value = {.at = record->has_value ? record->value : NULL,
                                .n = record->value_n};
    uint8_t hash[DIGEST_SIZE];

    hash_input(a->desk->hash, key, record->timestamp_ms, value, hash);
    return memcmp(hash, a->row.position.input_hash, DIGEST_SIZE) == 0;
}

/* Read from from on until the last record that was decided is at hand; what the states lack is
 * decided again on the way, if anything. */
static enum status recover(struct adopter *a, int64_t from, struct failure *err)
{
    const struct store_position *const is = &a->row.position;
    bool is_done = from < 0;
    bool is_end = false;
    enum status status = STATUS_OK;

    if (is->input_offset < 0) {
        return STATUS_OK;
    }
    do {
        status = next_record(a, &is_end, err);
        if (status != STATUS_OK) {
            return status;
        }
        if (is_end || a->record.offset > is->input_offset ||
            (a->record.offset == is->input_offset && !is_last_input(a))) {
            return other_log(a, err);
        }
        if (!is_done) {
            status = decider_recover(a->decider, &a->record, &is_done, err);
        }
    } while (status == STATUS_OK && a->record.offset < is->input_offset);
    if (status == STATUS_OK && !is_done) {
        return other_log(a, err);
    }
    return status;
}

static enum status complete(struct adopter *a, struct failure *err)
{
    const struct repair_ends *ends = &a->repair->ends[a->partition];
    const struct store_position *const is = &a->row.position;
    struct log_reader_conf input = {.handle = a->repair->committed,
                                    .topic = a->repair->ctl->topics.submitted,
                                    .partition = a->partition,
                                    .end = ends->submitted};
    struct decider_conf conf;
    int64_t from = -1;
    enum status status;

    if (ends->submitted_first > is->next_offset) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "partition %" PRIu32 ": the log begins at %" PRId64
                           ", the store goes on at %" PRId64 ": records are lost",
                           a->partition, ends->submitted_first, is->next_offset);
    }
    decider_conf_of(a, a->partition, &conf);
    status = decider_open(a->desk, &conf, &a->decider, err);
    if (status == STATUS_OK) {
        status = decider_start(a->decider, &a->row, &from, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    input.from = from >= 0 ? from : is->input_offset >= 0 ? is->input_offset : is->next_offset;
    if (input.from < ends->submitted_first) {
        return other_log(a, err);
    }
    status = log_reader_open(&input, &a->input, err);
    return status == STATUS_OK ? recover(a, from, err) : status;
}

/* ---- OPEN ------------------------------------------------------------------------------------ */

/* The decisions that the record at hand led to, one after the other with the published ones (A1).
 */
static enum status compare(struct adopter *a, struct failure *err)
{
    const struct buffer *const made = &a->part.journal.decisions;
    struct bytes found;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && a->compared < made->n && published_next(a->published, &found)) {
        const struct bytes decision = {.at = made->at + a->compared + 4,
                                       .n = be32_get(made->at + a->compared)};
        const struct repair_difference difference = {.place = "decision",
                                                     .partition = a->partition,
                                                     .offset = a->record.offset,
                                                     .number = published_number(a->published) + 1};

        if (!bytes_equal(decision, found)) {
            return repair_differ(a->repair, &difference, decision, found, err);
        }
        a->compared += 4 + decision.n;
        status = published_pass(a->published, err);
    }
    return status;
}

/* The hint goes with the batch, so that the next claim finds the topic's end at once. */
static enum status hint(struct adopter *a, struct failure *err)
{
    const uint64_t number = published_number(a->published);

    if (published_offset(a->published) < 0 || number == a->hinted) {
        return STATUS_OK;
    }
    a->hinted = number;
    return store_published(a->store, a->partition, number, published_offset(a->published), err);
}

static enum status commit(struct adopter *a, struct failure *err)
{
    struct store_part part;
    const struct store_batch batch = {.parts = &part, .parts_n = 1};
    enum store_outcome outcome = STORE_DOUBT;
    enum status status = hint(a, err);

    if (status == STATUS_OK) {
        status = decider_seal(a->decider, &a->part, STATES_PER_BATCH, &part, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(part.owner_token, a->token, sizeof(part.owner_token));
    status = store_commit(a->store, &batch, &outcome, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (outcome != STORE_STORED) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "partition %" PRIu32 ": somebody else writes to the store",
                           a->partition);
    }
    progress_add(a->progress, a->part.count);
    decider_stored(a->decider);
    batch_part_reset(&a->part, a->partition, decider_position(a->decider));
    a->compared = 0;
    return STATUS_OK;
}

static enum status no_record(struct adopter *a, struct bytes found, struct failure *err)
{
    const struct repair_difference difference = {.place = "decision",
                                                 .partition = a->partition,
                                                 .offset = -1,
                                                 .number = published_number(a->published) + 1};

    return repair_differ(a->repair, &difference, (struct bytes){.at = NULL}, found, err);
}

/* One record, or one more part of a record that was cut. */
static enum status decide(struct adopter *a, struct bytes found, struct failure *err)
{
    bool is_end = false;
    bool is_cut = false;
    enum status status = a->has_record ? STATUS_OK : next_record(a, &is_end, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (is_end) {
        return no_record(a, found, err);
    }
    status = decider_record(a->decider, &a->record, &a->part, &is_cut, err);
    if (status == STATUS_OK) {
        status = compare(a, err);
    }
    a->has_record = is_cut;
    if (status == STATUS_OK &&
        (is_cut || a->part.count >= BATCH_RECORDS || batch_part_is_full(&a->part))) {
        status = commit(a, err);
    }
    return status;
}

/* Up to the topic's end (A2); then every state that is not written yet. */
static enum status decide_all(struct adopter *a, struct failure *err)
{
    enum status status = STATUS_OK;
    struct bytes found;
    uint64_t n = 0;

    while (status == STATUS_OK && published_next(a->published, &found)) {
        if (n++ % STOP_EVERY == 0 && signals_stop()) {
            return failure_set(err, STATUS_IO, REMEDY_STOP, 0, "interrupted");
        }
        status = decide(a, found, err);
    }
    if (status == STATUS_OK && (a->part.count > 0 || decider_counts(a->decider).dirty_n > 0)) {
        status = commit(a, err);
    }
    while (status == STATUS_OK && decider_counts(a->decider).dirty_n > 0) {
        status = commit(a, err);
    }
    return status;
}

/* ---- a partition ----------------------------------------------------------------------------- */

static enum status open_published(struct adopter *a, const struct store_row *row,
                                  struct failure *err)
{
    const struct published_conf conf = {.repair = a->repair,
                                        .store = a->store,
                                        .desk = a->desk,
                                        .partition = a->partition,
                                        .row = row};

    return published_open(&conf, &a->published, err);
}

static enum status is_short(struct adopter *a, struct adoption *adoption, struct failure *err)
{
    uint64_t recent = 0;
    const enum status status = store_journal_recent(a->store, a->partition, &recent, err);

    adoption->is_short = status == STATUS_OK && adoption->published + 1 < recent;
    return status;
}

enum status adopter_run(struct adopter *a, uint32_t partition, struct progress *progress,
                        struct adoption *ret, struct failure *err)
{
    enum status status;

    a->partition = partition;
    a->progress = progress;
    a->compared = 0;
    a->hinted = 0;
    status = claim(a, err);
    if (status == STATUS_OK) {
        status = complete(a, err);
    }
    if (status == STATUS_OK) {
        batch_part_reset(&a->part, partition, decider_position(a->decider));
        status = open_published(a, &a->row, err);
    }
    if (status == STATUS_OK) {
        status = decide_all(a, err);
    }
    if (status == STATUS_OK) {
        status = hint(a, err); /* written with the next batch, or when the store is closed */
    }
    if (status == STATUS_OK) {
        *ret = (struct adoption){.partition = partition,
                                 .number_before = a->row.position.number,
                                 .number = decider_position(a->decider)->number,
                                 .published = published_number(a->published),
                                 .next_offset = decider_position(a->decider)->next_offset};
        status = is_short(a, ret, err);
    }
    leave_partition(a);
    return status;
}

enum status adopter_look(struct adopter *a, uint32_t partition, struct adoption *ret,
                         struct failure *err)
{
    struct store_row row;
    struct bytes value;
    enum status status = read_row(a, partition, &row, err);

    a->partition = partition;
    if (status == STATUS_OK) {
        status = open_published(a, &row, err);
    }
    while (status == STATUS_OK && published_next(a->published, &value)) {
        status = published_pass(a->published, err);
    }
    if (status == STATUS_OK) {
        *ret = (struct adoption){.partition = partition,
                                 .number_before = row.position.number,
                                 .number = row.position.number,
                                 .published = published_number(a->published),
                                 .next_offset = row.position.next_offset};
        status = is_short(a, ret, err);
    }
    leave_partition(a);
    return status;
}

enum status adoption_take_group(struct repair *repair, const struct store_ledger *ledger,
                                const struct adoption *adoptions, struct failure *err)
{
    int64_t *offsets = calloc((size_t)repair->partitions_n + 1, sizeof(*offsets));
    enum status status;

    if (!offsets) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    for (uint32_t p = 0; p < repair->partitions_n; p++) {
        offsets[p] = adoptions[p].next_offset;
    }
    status = repair_take_group(repair, ledger, offsets, err);
    free(offsets);
    return status;
}

void adoption_text(const struct repair *repair, const struct store_ledger *ledger,
                   const struct adoption *adoptions, char out[ADOPTION_TEXT_SIZE])
{
    char id[2 * STORE_ID_SIZE + 1];
    uint64_t n = 0;

    for (uint32_t p = 0; p < repair->partitions_n; p++) {
        n += adoptions[p].number - adoptions[p].number_before;
    }
    hex_encode((struct bytes){.at = ledger->store_id, .n = STORE_ID_SIZE}, id);
    (void)snprintf(out, ADOPTION_TEXT_SIZE, "%" PRIu64 " decisions adopted, store %s", n, id);
}

enum status adoption_print(const struct ctl *ctl, const struct adoption *adoptions, uint32_t n,
                           struct failure *err)
{
    static const struct output_column columns[] = {
        {"partition", OUTPUT_NUMBER}, {"number_before", OUTPUT_NUMBER}, {"number", OUTPUT_NUMBER},
        {"published", OUTPUT_NUMBER}, {"next_offset", OUTPUT_NUMBER},
    };
    struct output output;

    output_init(&output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    for (uint32_t i = 0; i < n; i++) {
        output_number(&output, adoptions[i].partition);
        output_number(&output, (int64_t)adoptions[i].number_before);
        output_number(&output, (int64_t)adoptions[i].number);
        output_number(&output, (int64_t)adoptions[i].published);
        output_number(&output, adoptions[i].next_offset);
        output_end_row(&output);
    }
    return output_fini(&output, err);
}
