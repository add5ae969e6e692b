#include "consumers/audit/replay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "consumers/engine/bulletin.h"
#include "consumers/engine/desk.h"
#include "consumers/store/reference_set.h"

struct replay {
    struct replay_conf conf;
    struct store_ledger ledger;
    struct store *store;
    struct reference_set *references;
    struct desk *desk;
    struct decider *decider;
    struct batch_part part;
    bool has_part;
    uint8_t token[OWNER_TOKEN_SIZE];
};

static enum status read_founding(struct replay *r, const struct bus_record *first,
                                 struct decider_conf *ret, struct failure *err)
{
    struct founded founded;
    const enum status status = bulletin_founding(r->desk, first, &founded, err);

    if (status != STATUS_OK) {
        return status;
    }
    r->ledger = (struct store_ledger){.schema = STORE_SCHEMA, .partitions = founded.partitions};
    memcpy(r->ledger.ledger_id, founded.ledger_id, LEDGER_ID_SIZE);
    *ret = (struct decider_conf){.partition = r->conf.partition,
                                 .partitions_n = r->conf.partitions_n,
                                 .topic = r->conf.topic,
                                 .records_max = r->conf.records_max,
                                 .is_broker_memory = founded.in_memory};
    memcpy(ret->ledger_id, founded.ledger_id, LEDGER_ID_SIZE);
    if (founded.partitions != r->conf.partitions_n) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "the ledger was founded with %u partitions, the topic has %u",
                           founded.partitions, r->conf.partitions_n);
    }
    return STATUS_OK;
}

static enum status start(struct replay *r, const struct decider_conf *conf, struct failure *err)
{
    struct store_claim claim = {.partition = r->conf.partition, .txn_id = "replay"};
    struct store_row row;
    char previous[TXN_ID_SIZE];
    int64_t from = 0;
    enum status status = store_ledger_found(r->store, &r->ledger, err);

    decider_genesis(r->desk, conf, claim.genesis);
    if (status == STATUS_OK) {
        status = store_claim(r->store, &claim, &row, previous, err);
    }
    if (status == STATUS_OK) {
        status = decider_open(r->desk, conf, &r->decider, err);
    }
    if (status == STATUS_OK) {
        status = decider_start(r->decider, &row, &from, err);
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
    struct decider_conf decider;
    enum status status;

    if (!r) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    r->conf = *conf;
    status = store_open("memory:", &r->store, err);
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
        status = read_founding(r, first, &decider, err);
    }
    if (status == STATUS_OK) {
        status = start(r, &decider, err);
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

enum status replay_flush(struct replay *r, struct store_journal_row *ret_row, struct failure *err)
{
    struct store_part part;
    const struct store_batch batch = {.parts = &part, .parts_n = 1};
    enum store_outcome outcome = STORE_STORED;
    enum status status;

    status = decider_seal(r->decider, &r->part, SIZE_MAX, &part, err);
    if (status != STATUS_OK) {
        return status;
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
    *ret_row = part.row;
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

struct store *replay_store(struct replay *r) { return r->store; }
struct decider *replay_decider(struct replay *r) { return r->decider; }
