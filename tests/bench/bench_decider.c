/* How fast one partition is decided and stored: unsigned inflows of known enterprises in batches of
 * 5,000, over the memory store and over SQLite.  Prints "name value unit". */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "consumers/engine/decider.h"
#include "sim_log.h"

#define BATCHES     4
#define RECORDS_MAX (BATCHES * BATCH_RECORDS + 1000)

static struct bus_record records[RECORDS_MAX];
static size_t records_n;

static void put(void *arg, uint32_t partition, const struct bytes *key, struct bytes value)
{
    uint8_t *const copy = malloc(value.n + 32);

    (void)arg;
    assert(copy && records_n < RECORDS_MAX);
    memcpy(copy, value.at, value.n);
    if (key) {
        memcpy(copy + value.n, key->at, key->n);
    }
    records[records_n] = (struct bus_record){.partition = partition,
                                             .offset = (int64_t)records_n,
                                             .timestamp_ms = INT64_C(1776643200000),
                                             .log_append_time = true,
                                             .has_key = key != NULL,
                                             .has_value = true,
                                             .key = copy + value.n,
                                             .key_n = key ? key->n : 0,
                                             .value = copy,
                                             .value_n = value.n};
    records_n++;
}

static void must(enum status status, const struct failure *why)
{
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", why->text);
        exit(1);
    }
}

struct partition {
    struct store *store;
    struct reference_set *references;
    struct desk *desk;
    struct decider *decider;
    struct batch_part part;
    uint8_t token[OWNER_TOKEN_SIZE];
};

static void open_partition(struct partition *p, const struct sim_log *log, const char *spec)
{
    struct decider_conf conf = {.partitions_n = 1, .topic = "t"};
    struct store_claim claim = {.txn_id = "w"};
    char previous[TXN_ID_SIZE];
    struct store_row row;
    struct failure why;
    int64_t from;

    memset(p, 0, sizeof(*p));
    must(store_open(spec, &p->store, &why), &why);
    must(reference_set_open(&p->references, &why), &why);
    must(desk_open(p->store, p->references, &p->desk, &why), &why);
    must(batch_part_init(&p->part, &why), &why);
    memcpy(conf.ledger_id, log->ledger_id, LEDGER_ID_SIZE);
    decider_genesis(p->desk, &conf, claim.genesis);
    must(decider_open(p->desk, &conf, &p->decider, &why), &why);
    must(store_claim(p->store, &claim, &row, previous, &why), &why);
    must(decider_start(p->decider, &row, &from, &why), &why);
}

static void close_partition(struct partition *p)
{
    decider_close(p->decider);
    batch_part_fini(&p->part);
    desk_close(p->desk);
    reference_set_close(p->references);
    store_close(p->store);
}

static void run(const struct sim_log *log, const char *name, const char *spec)
{
    struct partition p;
    struct failure why;
    int64_t decide_us = 0;
    int64_t store_us = 0;

    open_partition(&p, log, spec);
    for (size_t i = 0; i < records_n;) {
        const int64_t began = clock_monotonic_us();
        struct store_part sealed;
        const struct store_batch batch = {.parts = &sealed, .parts_n = 1};
        enum store_outcome outcome;
        bool is_cut;
        int64_t decided;

        batch_part_reset(&p.part, 0, decider_position(p.decider));
        for (size_t n = 0; n < BATCH_RECORDS && i < records_n; n++, i++) {
            must(decider_record(p.decider, &records[i], &p.part, &is_cut, &why), &why);
        }
        decided = clock_monotonic_us();
        must(decider_seal(p.decider, &p.part, STATES_PER_BATCH, &sealed, &why), &why);
        memcpy(sealed.owner_token, p.token, sizeof(p.token));
        must(store_commit(p.store, &batch, &outcome, &why), &why);
        decider_stored(p.decider);
        decide_us += decided - began;
        store_us += clock_monotonic_us() - decided;
    }
    (void)printf("decide_%s %.3f us/filing\n", name, (double)decide_us / (double)records_n);
    (void)printf("store_%s %.3f us/filing\n", name, (double)store_us / (double)records_n);
    close_partition(&p);
}

int main(void)
{
    static const char *const files[] = {"f.db", "f.db-wal", "f.db-shm", "f.db.lock"};
    char folder[] = "/tmp/bench_deciderXXXXXX";
    char spec[64];
    struct sim_log log;

    sim_log_open(&log, 3, 1);
    log.put = put;
    sim_log_found(&log);
    for (uint32_t i = 0; i < SIM_ENTERPRISES; i++) {
        sim_log_registration(&log, i, "R0000001", "C3411");
    }
    for (uint32_t i = 0; i < BATCHES * BATCH_RECORDS; i++) {
        sim_log_inflow(&log, i % SIM_ENTERPRISES, "R0000001", "USD");
    }
    run(&log, "memory", "memory:");
    if (!mkdtemp(folder)) {
        return 1;
    }
    (void)snprintf(spec, sizeof(spec), "sqlite:%s/f.db", folder);
    run(&log, "sqlite", spec);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(spec, sizeof(spec), "%s/%s", folder, files[i]);
        (void)unlink(spec);
    }
    sim_log_close(&log);
    return rmdir(folder) == 0 ? 0 : 1;
}
