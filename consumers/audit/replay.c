#include "consumers/audit/replay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "consumers/engine/bulletin.h"
#include "consumers/engine/desk.h"
#include "consumers/store/reference_set.h"
#include "consumers/store/store_scratch.h"

struct replay {
    struct replay_conf conf;
    struct store_ledger ledger;
    struct store *store;
    struct reference_set *references;
    struct desk *desk;
    struct decider *decider;
    struct batch_part part;
    bool has_part;
    int64_t recovers_from;
    struct buffer lengths; /* of a journal without decisions */
    uint8_t token[OWNER_TOKEN_SIZE];
};

static enum status check_partitions(const struct replay *r, struct failure *err)
{
    if (r->ledger.partitions != r->conf.partitions_n) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "the ledger was founded with %u partitions, the topic has %u",
                           r->ledger.partitions, r->conf.partitions_n);
    }
    return STATUS_OK;
}

/* The ledger and its bulletins, of a store that has them, else of the first record. */
static enum status read_ledger(struct replay *r, const struct bus_record *first,
                               bool *ret_in_memory, struct failure *err)
{
    struct founded founded = {.in_memory = false};
    enum status status = store_ledger_read(r->store, &r->ledger, err);

    if (status == STATUS_OK) {
        status = desk_load_references(r->desk, err);
        *ret_in_memory = reference_set_reference(r->references)->in_memory;
        return status;
    }
    if (status != STATUS_NOTFOUND || !first) {
        return status;
    }
    status = bulletin_founding(r->desk, first, &founded, err);
    if (status != STATUS_OK) {
        return status;
    }
    *ret_in_memory = founded.in_memory;
    r->ledger = (struct store_ledger){.schema = STORE_SCHEMA, .partitions = founded.partitions};
    memcpy(r->ledger.ledger_id, founded.ledger_id, LEDGER_ID_SIZE);
    status = check_partitions(r, err);
    return status == STATUS_OK ? store_ledger_found(r->store, &r->ledger, err) : status;
}

static enum status start(struct replay *r, const struct bus_record *first, struct failure *err)
{
    struct decider_conf conf = {.partition = r->conf.partition,
                                .partitions_n = r->conf.partitions_n,
                                .topic = r->conf.topic,
                                .records_max = r->conf.records_max};
    struct store_claim claim = {.partition = r->conf.partition, .txn_id = "replay"};
    struct store_row row;
    char previous[TXN_ID_SIZE];
    enum status status = read_ledger(r, first, &conf.is_broker_memory, err);

    if (status == STATUS_OK) {
        status = check_partitions(r, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(conf.ledger_id, r->ledger.ledger_id, LEDGER_ID_SIZE);
    decider_genesis(r->desk, &conf, claim.genesis);
    status = store_claim(r->store, &claim, &row, previous, err);
    if (status == STATUS_OK) {
        status = decider_open(r->desk, &conf, &r->decider, err);
    }
    if (status == STATUS_OK) {
        status = decider_start(r->decider, &row, &r->recovers_from, err);
    }
    if (status == STATUS_OK) {
        batch_part_reset(&r->part, r->conf.partition, decider_position(r->decider));
    }
    return status;
}

enum status replay_open(const struct replay_conf *conf, const struct bus_record *first,
                        struct replay **ret, struct failure *err)
{
    struct replay *r = calloc(1, sizeof(*r));
    enum status status;

    if (!r) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    r->conf = *conf;
    buffer_init(&r->lengths, SIZE_MAX / 2);
    status = conf->scratch ? store_scratch_open(conf->scratch, &r->store, err)
                           : store_open("memory:", &r->store, err);
    if (status == STATUS_OK) {
        status = reference_set_open(&r->references, err);
    }
    if (status == STATUS_OK) {
        status = desk_open(r->store, r->references, &r->desk, err);
    }
    if (status == STATUS_OK) {
        status = batch_part_init(&r->part, err);
        r->has_part = status == STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = start(r, first, err);
    }
    if (status != STATUS_OK) {
        replay_close(r);
        return status;
    }
    *ret = r;
    return STATUS_OK;
}

void replay_close(struct replay *r)
{
    if (!r) {
        return;
    }
    if (r->has_part) {
        batch_part_fini(&r->part);
    }
    buffer_fini(&r->lengths);
    decider_close(r->decider);
    desk_close(r->desk);
    reference_set_close(r->references);
    store_close(r->store);
    free(r);
}

const struct store_ledger *replay_ledger(const struct replay *r) { return &r->ledger; }

enum status replay_record(struct replay *r, const struct bus_record *record, bool *ret_flush,
                          bool *ret_again, struct failure *err)
{
    bool cut = false;
    const enum status status = decider_record(r->decider, record, &r->part, &cut, err);

    *ret_again = cut;
    *ret_flush = cut || r->part.count >= BATCH_RECORDS || batch_part_is_full(&r->part);
    return status;
}

int64_t replay_recovers_from(const struct replay *r) { return r->recovers_from; }

enum status replay_recover(struct replay *r, const struct bus_record *record, bool *ret_done,
                           struct failure *err)
{
    const enum status status = decider_recover(r->decider, record, ret_done, err);

    if (status == STATUS_OK && *ret_done) {
        r->recovers_from = -1;
        batch_part_reset(&r->part, r->conf.partition, decider_position(r->decider));
    }
    return status;
}

/* The undos are all that deciding reads again: decisions without a byte stand for the others. */
static enum status drop_decisions(struct replay *r, struct store_journal_row *row,
                                  struct failure *err)
{
    static const uint8_t none[4];
    const size_t n = row->count * sizeof(none);

    while (r->lengths.n < n && buffer_check(&r->lengths, err) == STATUS_OK) {
        buffer_append(&r->lengths, none, sizeof(none));
    }
    row->decisions = (struct bytes){.at = r->lengths.at, .n = n};
    return buffer_check(&r->lengths, err);
}

/* Seal what is open and put it into the store, with up to states_max states. */
static enum status put(struct replay *r, size_t states_max, struct store_journal_row *ret_row,
                       struct failure *err)
{
    struct store_part part;
    const struct store_batch batch = {.parts = &part, .parts_n = 1};
    enum store_outcome outcome = STORE_STORED;
    enum status status = decider_seal(r->decider, &r->part, states_max, &part, err);

    if (status != STATUS_OK) {
        return status;
    }
    *ret_row = part.row;
    if (r->conf.scratch && !r->conf.keeps_journal) {
        status = drop_decisions(r, &part.row, err);
        if (status != STATUS_OK) {
            return status;
        }
    }
    memcpy(part.owner_token, r->token, sizeof(part.owner_token));
    status = store_commit(r->store, &batch, &outcome, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (outcome != STORE_STORED) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                           "the replay's own store did not take a batch");
    }
    decider_stored(r->decider);
    batch_part_reset(&r->part, r->conf.partition, decider_position(r->decider));
    return STATUS_OK;
}

enum status replay_force_policy(struct replay *r, const struct policy *policy, struct failure *err)
{
    return reference_set_force_policy(r->references, policy, err);
}

void replay_jump(struct replay *r, uint64_t number, const uint8_t chain[DIGEST_SIZE])
{
    assert(r->part.count == 0);
    decider_jump(r->decider, number, chain);
    batch_part_reset(&r->part, r->conf.partition, decider_position(r->decider));
}

const struct reference *replay_reference(const struct replay *r)
{
    return reference_set_reference(r->references);
}

enum status replay_flush(struct replay *r, struct store_journal_row *ret_row, struct failure *err)
{
    return put(r, r->conf.scratch ? 0 : SIZE_MAX, ret_row, err);
}

enum status replay_save(struct replay *r, struct bytes note, struct failure *err)
{
    struct store_journal_row row;
    enum status status;

    assert(r->part.count == 0);
    status = put(r, SIZE_MAX, &row, err);
    return status == STATUS_OK && r->conf.scratch ? store_scratch_save(r->store, note, err)
                                                  : status;
}

enum status replay_note(struct replay *r, struct buffer *out, struct failure *err)
{
    if (!r->conf.scratch) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0, "nothing was saved");
    }
    return store_scratch_note(r->store, out, err);
}

struct store *replay_store(struct replay *r) { return r->store; }
struct decider *replay_decider(struct replay *r) { return r->decider; }
