#include "sim_decider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/engine/journal.h"
#include "wire/decision_codec.h"

void sim_decider_put(void *arg, uint32_t partition, const struct bytes *key, struct bytes value)
{
    struct sim_decider *const p = arg;
    struct bus_record *const record = &p->records[p->records_n];
    uint8_t *const copy = malloc(value.n + 32);

    assert_non_null(copy);
    assert_true(p->records_n < SIM_RECORDS_MAX);
    if (value.n > 0) {
        memcpy(copy, value.at, value.n);
    }
    if (key) {
        memcpy(copy + value.n, key->at, key->n);
    }
    *record = (struct bus_record){.partition = partition,
                                  .offset = (int64_t)p->records_n,
                                  .timestamp_ms = p->time_ms,
                                  .log_append_time = !p->is_create_time,
                                  .has_key = key != NULL,
                                  .has_value = value.at != NULL,
                                  .key = copy + value.n,
                                  .key_n = key ? key->n : 0,
                                  .value = copy,
                                  .value_n = value.n};
    p->owned[p->records_n++] = copy;
}

void sim_decider_open(struct sim_decider *p, uint32_t partitions_n, uint32_t records_max)
{
    struct decider_conf conf = {.partitions_n = partitions_n,
                                .topic = "t",
                                .is_broker_memory = p->is_broker_memory,
                                .records_max = records_max};
    struct store_claim claim = {.txn_id = "w"};
    char previous[TXN_ID_SIZE];
    struct store_row row;
    int64_t from = -1;

    memcpy(conf.ledger_id, p->log.ledger_id, LEDGER_ID_SIZE);
    decider_genesis(p->desk, &conf, claim.genesis);
    memcpy(claim.token, p->token, sizeof(p->token));
    assert_int_equal(decider_open(p->desk, &conf, &p->decider, &p->why), STATUS_OK);
    assert_int_equal(store_claim(p->store, &claim, &row, previous, &p->why), STATUS_OK);
    assert_int_equal(decider_start(p->decider, &row, &from, &p->why), STATUS_OK);
    assert_int_equal(from, -1);
}

int sim_decider_setup(void **state)
{
    struct sim_decider *const p = calloc(1, sizeof(*p));

    if (!p) {
        return -1;
    }
    sim_log_open(&p->log, 5, 1);
    p->log.put = sim_decider_put;
    p->log.arg = p;
    p->time_ms = SIM_FIRST_MS;
    assert_int_equal(store_open("memory:", &p->store, &p->why), STATUS_OK);
    assert_int_equal(reference_set_open(&p->references, &p->why), STATUS_OK);
    assert_int_equal(desk_open(p->store, p->references, &p->desk, &p->why), STATUS_OK);
    assert_int_equal(batch_part_init(&p->part, &p->why), STATUS_OK);
    *state = p;
    return 0;
}

int sim_decider_teardown(void **state)
{
    struct sim_decider *const p = *state;

    for (size_t i = 0; i < p->records_n; i++) {
        free(p->owned[i]);
    }
    decider_close(p->decider);
    batch_part_fini(&p->part);
    desk_close(p->desk);
    reference_set_close(p->references);
    store_close(p->store);
    sim_log_close(&p->log);
    free(p);
    return 0;
}

/* Close the batch as the engine does. */
void sim_decider_store(struct sim_decider *p)
{
    struct store_part sealed;
    const struct store_batch batch = {.parts = &sealed, .parts_n = 1};
    enum store_outcome outcome = STORE_DOUBT;

    assert_int_equal(decider_seal(p->decider, &p->part, 1000, &sealed, &p->why), STATUS_OK);
    memcpy(sealed.owner_token, p->token, sizeof(p->token));
    assert_int_equal(store_commit(p->store, &batch, &outcome, &p->why), STATUS_OK);
    assert_int_equal(outcome, STORE_STORED);
    decider_stored(p->decider);
}

/* What is published and not yet decided, as one batch or as many as it is cut into. */
enum status sim_decider_decide(struct sim_decider *p)
{
    enum status status = STATUS_OK;

    if (!p->decider) {
        sim_decider_open(p, 1, 0);
    }
    batch_part_reset(&p->part, 0, decider_position(p->decider));
    while (p->decided_n < p->records_n && status == STATUS_OK) {
        bool is_cut = false;

        status = decider_record(p->decider, &p->records[p->decided_n], &p->part, &is_cut, &p->why);
        if (is_cut) {
            sim_decider_store(p);
            batch_part_reset(&p->part, 0, decider_position(p->decider));
        } else {
            p->decided_n++;
        }
    }
    if (status == STATUS_OK) {
        sim_decider_store(p);
    }
    return status;
}

/* The decision with a number, from the journal. */
const struct decision *sim_decider_decision(struct sim_decider *p, uint64_t number)
{
    struct store_journal_row row;
    struct journal_entry entry;

    assert_int_equal(store_journal_find(p->store, 0, number, &row, &p->why), STATUS_OK);
    assert_int_equal(journal_entry_find(&row, number, &entry, &p->why), STATUS_OK);
    arena_reset(&p->desk->seen_arena);
    assert_int_equal(decision_decode(entry.decision, &p->desk->seen_arena, &p->seen, &p->why),
                     STATUS_OK);
    return &p->seen;
}

const struct decision *sim_decider_last(struct sim_decider *p)
{
    return sim_decider_decision(p, decider_position(p->decider)->number);
}
