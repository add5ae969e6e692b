#include "sim_world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/engine/crash.h"
#include "consumers/engine/decider.h"
#include "consumers/engine/journal.h"
#include "consumers/store/state.h"
#include "consumers/store/states_digest.h"
#include "wire/decision_codec.h"

#define TOPIC      "filings.submitted.v1"
#define REST_TURNS 200000
#define SLEEP_MS   25000

static struct sim_worker *running; /* whose crash point is passed */

__attribute__((format(printf, 2, 3))) static void broken(struct sim_world *w, const char *fmt, ...)
{
    va_list args;

    if (w->is_broken) {
        return; /* the first one is the cause */
    }
    w->is_broken = true;
    va_start(args, fmt);
    (void)vsnprintf(w->what, sizeof(w->what), fmt, args);
    va_end(args);
}

static uint8_t *copy(struct bytes from)
{
    uint8_t *const at = malloc(from.n + 1);

    assert(at);
    if (from.at) {
        memcpy(at, from.at, from.n);
    }
    return at;
}

static void put(void *arg, uint32_t partition, const struct bytes *key, struct bytes value)
{
    struct sim_world *const w = arg;
    struct sim_entry entry = {.has_key = key != NULL,
                              .has_value = value.at != NULL,
                              .key = copy(key ? *key : (struct bytes){0}),
                              .key_n = key ? key->n : 0,
                              .value = copy(value),
                              .value_n = value.n,
                              .time_ms = w->broker.now_ms};
    const struct sim_entry gap = {.kind = SIM_MARKER};

    sim_append(&w->broker, SIM_SUBMITTED, partition, &entry);
    if (!key) { /* bulletins come in transactions */
        sim_append(&w->broker, SIM_SUBMITTED, partition, &gap);
    }
    free(entry.key);
    free(entry.value);
}

static bool chance(void *arg, uint8_t *out, size_t n)
{
    struct sim_world *const w = arg;

    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)sim_chance(&w->broker.chance, 256);
    }
    return true;
}

static void note(void *arg, const struct engine_note *n)
{
    static const char *const names[] = {
        "assigned", "revoked",     "lost",     "claiming", "recovered", "owned",  "fenced",
        "dropped",  "publication", "bulletin", "error",    "caught up", "stopped"};
    struct sim_world *const w = arg;

    if (getenv("SIM_TRACE")) {
        (void)fprintf(stderr, "%" PRId64 " w%d %s p=%" PRId64 " %" PRIu64 " %s\n", w->broker.now_ms,
                      running ? (int)(running - w->workers) : -1, names[n->kind], n->partition,
                      n->value, n->text);
    }
}

static void die(const char *name)
{
    if (getenv("SIM_TRACE")) {
        (void)fprintf(stderr, "  crash %s\n", name);
    }
    running->is_dead = true;
}

void sim_world_open(struct sim_world *w, const struct sim_conf *conf)
{
    struct failure why;
    enum status status;

    *w = (struct sim_world){.conf = *conf};
    sim_broker_init(&w->broker, conf->seed);
    sim_log_open(&w->log, conf->seed, SIM_PARTITIONS);
    w->log.put = put;
    w->log.arg = w;
    status = store_open("memory:", &w->real, &why);
    assert(status == STATUS_OK);
    sim_log_found(&w->log);
    crash_point_act(die);
}

static void add_counters(struct sim_world *w, const struct engine *engine)
{
    struct engine_status is;
    uint64_t *const to = (uint64_t *)&w->counters;
    const uint64_t *const from = (const uint64_t *)&is.counters;

    engine_status(engine, &is);
    for (size_t i = 0; i < sizeof(w->counters) / sizeof(uint64_t); i++) {
        /* cppcheck-suppress uninitvar; engine_status() filled what it points to */
        to[i] += from[i];
    }
}

static void close_worker(struct sim_world *w, uint32_t i)
{
    struct sim_worker *const worker = &w->workers[i];

    add_counters(w, worker->engine);
    worker->is_dead = true; /* closing has no effect on the world */
    engine_close(worker->engine);
    worker->engine = NULL;
    store_close(&worker->store.port);
}

void sim_world_close(struct sim_world *w)
{
    for (uint32_t i = 0; i < SIM_WORKERS; i++) {
        if (w->workers[i].engine) {
            close_worker(w, i);
        }
    }
    store_close(w->real);
    sim_log_close(&w->log);
    sim_broker_fini(&w->broker);
}

static void stall(void *arg, enum sim_place place);

void sim_world_start(struct sim_world *w, uint32_t i)
{
    struct sim_worker *const worker = &w->workers[i];
    struct engine_conf conf = {.topic = TOPIC,
                               .host = "sim",
                               .records_max = w->conf.records_max,
                               .states_max = 2,
                               .states_written_max = w->conf.states_written_max,
                               .note = note,
                               .chance = chance,
                               .arg = w};
    struct store *shared = NULL;
    struct failure why;
    enum status status = store_share(w->real, &shared, &why);

    assert(status == STATUS_OK);
    worker->is_dead = false;
    worker->bus.is_dead = &worker->is_dead;
    worker->bus.faults = w->conf.faults;
    worker->bus.rules = w->conf.rules;
    worker->bus.stall = stall;
    worker->bus.stall_arg = w;
    (void)snprintf(worker->txn_id, sizeof(worker->txn_id), "worker-%u", i);
    sim_bus_init(&worker->bus, &w->broker, i, worker->txn_id);
    sim_store_init(&worker->store, shared, &worker->bus);
    worker->store.no_token = w->conf.no_token;
    worker->store.no_position = w->conf.no_position;
    conf.bus = &worker->bus.port;
    conf.store = &worker->store.port;
    conf.txn_id = worker->txn_id;
    status = engine_open(&conf, &worker->engine, &why);
    assert(status == STATUS_OK);
}

void sim_world_stop(struct sim_world *w, uint32_t i, bool is_clean)
{
    struct sim_worker *const worker = &w->workers[i];

    running = worker;
    if (is_clean) {
        worker->is_inside = true;
        engine_finish(worker->engine);
        worker->is_inside = false;
        sim_leave(&w->broker, i);
    }
    close_worker(w, i);
}

static void flush(struct sim_world *w, struct sim_worker *worker);

bool sim_world_turn(struct sim_world *w, uint32_t i)
{
    struct sim_worker *const worker = &w->workers[i];
    enum exit_code code = EXIT_DONE;
    struct engine_status is;
    struct failure why;
    bool is_running;

    if (!worker->engine || worker->is_inside || w->broker.now_ms < worker->away_until_ms) {
        return false;
    }
    running = worker;
    worker->is_inside = true;
    is_running = engine_step(worker->engine, &code, &why);
    if (is_running && !worker->is_dead &&
        sim_chance(&w->broker.chance, 1000) < w->conf.flush_permille) {
        flush(w, worker);
    }
    worker->is_inside = false;
    if (is_running && !worker->is_dead) {
        return true;
    }
    w->crashes += worker->is_dead ? 1 : 0;
    engine_status(worker->engine, &is);
    /* One that stalled for 30 s before it was started has the right to give up. */
    if (!worker->is_dead && (is.is_started || code != EXIT_UNREACHABLE)) {
        broken(w, "worker %u ended with %d: %s", i, (int)code, why.text);
    }
    close_worker(w, i);
    worker->away_until_ms = w->broker.now_ms + sim_chance(&w->broker.chance, SLEEP_MS);
    return false;
}

/* ---- the random history -------------------------------------------------------------------- */

static void disturb(struct sim_world *w)
{
    uint64_t *const dice = &w->broker.chance;
    struct sim_worker *const worker = &w->workers[sim_chance(dice, w->conf.workers_n)];
    const uint32_t i = (uint32_t)(worker - w->workers);
    uint32_t point;

    if (worker->is_inside) {
        return;
    }
    if (sim_chance(dice, 1000) < w->conf.crash_percent) {
        for (point = sim_chance(dice, 32); !crash_point_at(point);) {
            point = sim_chance(dice, 32);
        }
        (void)crash_point_arm(crash_point_at(point), 1 + sim_chance(dice, 3));
    }
    if (sim_chance(dice, 1000) < w->conf.pause_percent) {
        worker->away_until_ms = w->broker.now_ms + sim_chance(dice, SLEEP_MS);
    }
    if (sim_chance(dice, 1000) < w->conf.leave_percent && worker->engine &&
        w->broker.now_ms >= worker->away_until_ms) {
        sim_world_stop(w, i, sim_happens(dice, 50));
        worker->away_until_ms = w->broker.now_ms + sim_chance(dice, SLEEP_MS);
    }
    if (!worker->engine && w->broker.now_ms >= worker->away_until_ms) {
        sim_world_start(w, i);
    }
}

static void step(struct sim_world *w)
{
    uint64_t *const dice = &w->broker.chance;

    if (sim_chance(dice, w->conf.steps) < w->conf.records_n) {
        sim_log_go_on(&w->log);
    }
    disturb(w);
    if (!sim_world_turn(w, sim_chance(dice, w->conf.workers_n))) {
        sim_broker_tick(&w->broker, sim_chance(dice, 20));
    }
    for (uint32_t i = 0; i < w->conf.workers_n; i++) {
        /* A paused process may still have a publisher that goes on, or not. */
        if (w->workers[i].engine &&
            (w->broker.now_ms >= w->workers[i].away_until_ms || sim_happens(dice, 20))) {
            sim_bus_tick(&w->workers[i].bus);
        }
    }
}

/* The worker that runs stands still inside a call, for longer than a session; its publisher's
 * thread may go on.  What it comes back to is another world. */
static void stall(void *arg, enum sim_place place)
{
    struct sim_world *const w = arg;
    struct sim_worker *const stalled = running;
    const int64_t until = w->broker.now_ms + sim_chance(&w->broker.chance, SLEEP_MS);

    (void)place;
    while (w->broker.now_ms < until && !w->is_broken) {
        step(w);
        sim_broker_tick(&w->broker, sim_chance(&w->broker.chance, 100));
    }
    running = stalled;
}

void sim_world_run(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->conf.steps && !w->is_broken; i++) {
        step(w);
    }
    sim_world_rest(w);
    sim_world_check(w);
}

static int64_t committed_n(struct sim_world *w, enum sim_topic topic, uint32_t p)
{
    int64_t n = 0;

    for (int64_t at = 0; sim_read(&w->broker, topic, p, &at); at++) {
        n++;
    }
    return n;
}

bool sim_world_is_at_rest(struct sim_world *w)
{
    struct store_row row;
    struct failure why;

    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        int64_t after = 0;

        if (store_row_read(w->real, p, &row, &why) != STATUS_OK) {
            return false;
        }
        after = row.position.next_offset;
        if (sim_read(&w->broker, SIM_SUBMITTED, p, &after) ||
            sim_last_stable(&w->broker, SIM_DECIDED, p) !=
                sim_high_watermark(&w->broker, SIM_DECIDED, p) ||
            committed_n(w, SIM_DECIDED, p) < (int64_t)row.position.number) {
            return false;
        }
    }
    for (uint32_t i = 0; i < w->conf.workers_n; i++) {
        struct engine_status is;

        engine_status(w->workers[i].engine, &is);
        if (is.claiming_n > 0 || is.is_in_flight) {
            return false;
        }
    }
    return true;
}

void sim_world_rest(struct sim_world *w)
{
    (void)crash_point_arm("after-revoke", 0); /* none is armed any more */
    w->conf.faults = (struct sim_faults){.empty = 10};
    for (uint32_t i = 0; i < w->conf.workers_n; i++) {
        w->workers[i].away_until_ms = 0;
        w->workers[i].bus.faults = w->conf.faults;
        if (!w->workers[i].engine) {
            sim_world_start(w, i);
        }
    }
    for (uint32_t turn = 0; turn < REST_TURNS && !w->is_broken; turn++) {
        for (uint32_t i = 0; i < w->conf.workers_n; i++) {
            if (!w->workers[i].engine) {
                w->workers[i].away_until_ms = 0;
                sim_world_start(w, i);
            }
            (void)sim_world_turn(w, i);
            if (w->workers[i].engine) {
                sim_bus_tick(&w->workers[i].bus);
            }
        }
        sim_broker_tick(&w->broker, 5);
        if (turn % 16 == 0 && !w->is_broken && sim_world_is_at_rest(w)) {
            return;
        }
    }
    broken(w, "it never comes to rest");
}

/* ---- the checker --------------------------------------------------------------------------- */

/* A partition decided anew, and what the world has of it. */
struct fresh {
    struct store *store;
    struct reference_set *references;
    struct desk *desk;
    struct decider *decider;
    struct batch_part part;
};

static void fresh_open(struct fresh *f, const struct sim_world *w, struct store *store, uint32_t p)
{
    struct decider_conf conf = {
        .partition = p, .partitions_n = SIM_PARTITIONS, .topic = TOPIC, .records_max = 1000000};
    struct failure why;
    enum status status = STATUS_OK;

    *f = (struct fresh){.store = NULL};
    if (!store) {
        status = store_open("memory:", &f->store, &why);
        assert(status == STATUS_OK);
    }
    status = reference_set_open(&f->references, &why);
    assert(status == STATUS_OK);
    status = desk_open(store ? store : f->store, f->references, &f->desk, &why);
    assert(status == STATUS_OK);
    status = desk_load_references(f->desk, &why);
    assert(status == STATUS_OK);
    memcpy(conf.ledger_id, w->log.ledger_id, LEDGER_ID_SIZE);
    status = decider_open(f->desk, &conf, &f->decider, &why);
    assert(status == STATUS_OK);
    status = batch_part_init(&f->part, &why);
    assert(status == STATUS_OK);
    batch_part_reset(&f->part, p, decider_position(f->decider));
}

static void fresh_close(struct fresh *f)
{
    batch_part_fini(&f->part);
    decider_close(f->decider);
    desk_close(f->desk);
    reference_set_close(f->references);
    store_close(f->store);
}

/* All of the log into one part that is never stored. */
static void decide_fresh(struct sim_world *w, struct fresh *f, uint32_t p)
{
    const struct sim_entry *entry;
    struct bus_record record;
    struct failure why;
    bool is_cut = false;

    for (int64_t at = 0; (entry = sim_read(&w->broker, SIM_SUBMITTED, p, &at)) != NULL; at++) {
        sim_entry_record(entry, p, at, &record);
        if (decider_record(f->decider, &record, &f->part, &is_cut, &why) != STATUS_OK) {
            broken(w, "partition %u, offset %" PRId64 " decided anew: %s", p, at, why.text);
            return;
        }
        assert(!is_cut);
    }
}

/* The log up to an offset, into a store of its own. */
static void decide_below(struct sim_world *w, struct fresh *f, uint32_t p, int64_t end)
{
    struct store_claim claim = {.partition = p, .txn_id = "fresh"};
    struct store_part sealed;
    const struct store_batch batch = {.parts = &sealed, .parts_n = 1};
    const struct sim_entry *entry;
    enum store_outcome outcome = STORE_FENCED;
    char previous[TXN_ID_SIZE];
    struct bus_record record;
    struct store_row row;
    struct failure why;
    bool is_cut = false;
    enum status status = store_claim(f->store, &claim, &row, previous, &why);

    for (int64_t at = 0; status == STATUS_OK; at++) {
        entry = sim_read(&w->broker, SIM_SUBMITTED, p, &at);
        if (!entry || at >= end) {
            break;
        }
        sim_entry_record(entry, p, at, &record);
        status = decider_record(f->decider, &record, &f->part, &is_cut, &why);
    }
    if (status == STATUS_OK) {
        status = decider_seal(f->decider, &f->part, SIZE_MAX, &sealed, &why);
    }
    if (status == STATUS_OK) {
        status = store_commit(f->store, &batch, &outcome, &why);
    }
    if (status != STATUS_OK || outcome != STORE_STORED) {
        broken(w, "partition %u decided anew up to %" PRId64 ": %s", p, end, why.text);
    }
}

/* The states of the store are those of the position, whoever else was at work before. */
static void check_flushed(struct sim_world *w, uint32_t p, const struct store_position *position)
{
    uint8_t want[DIGEST_SIZE];
    uint8_t got[DIGEST_SIZE];
    struct store_row row;
    struct failure why;
    struct fresh f;
    enum status status;

    fresh_open(&f, w, NULL, p);
    decide_below(w, &f, p, position->next_offset);
    status = states_digest(f.store, p, f.desk->hash, want, &why);
    assert(status == STATUS_OK);
    status = states_digest(w->real, p, f.desk->hash, got, &why);
    assert(status == STATUS_OK);
    status = store_row_read(w->real, p, &row, &why);
    assert(status == STATUS_OK);
    if (row.position.number != position->number || row.clean_number != position->number ||
        memcmp(row.position.chain, position->chain, DIGEST_SIZE) != 0) {
        broken(w, "partition %u: flushed at %" PRIu64 ", the row says %" PRIu64 " and %" PRIu64, p,
               position->number, row.position.number, row.clean_number);
    } else if (memcmp(want, got, DIGEST_SIZE) != 0) {
        broken(w, "partition %u: flushed states are not those of decision %" PRIu64, p,
               position->number);
    }
    w->flushes++;
    fresh_close(&f);
}

/* What a checkpoint asks for, between two turns. */
static void flush(struct sim_world *w, struct sim_worker *worker)
{
    const uint32_t p = sim_chance(&w->broker.chance, SIM_PARTITIONS);
    struct store_position position;

    if (engine_flush(worker->engine, p, &position) && !worker->is_dead) {
        check_flushed(w, p, &position);
    }
}

static void count_outcome(struct sim_world *w, const struct fresh *f, struct bytes decision)
{
    struct failure why;

    arena_reset(&f->desk->seen_arena);
    if (decision_decode(decision, &f->desk->seen_arena, &f->desk->seen, &why) == STATUS_OK) {
        w->outcomes[f->desk->seen.outcome]++;
    }
}

static void check_topic(struct sim_world *w, const struct fresh *f,
                        const struct store_journal_row *row, uint32_t p)
{
    struct journal_reader reader;
    struct journal_entry entry = {.number = 0};
    const struct sim_entry *published;
    struct failure why;

    journal_reader_init(&reader, row);
    for (int64_t at = 0; (published = sim_read(&w->broker, SIM_DECIDED, p, &at)) != NULL; at++) {
        if (journal_next(&reader, &entry, &why) != STATUS_OK) {
            broken(w, "partition %u: more is published than there are decisions", p);
            return;
        }
        if (!bytes_equal(entry.decision,
                         (struct bytes){.at = published->value, .n = published->value_n})) {
            broken(w, "partition %u: at offset %" PRId64 " is not decision %" PRIu64, p, at,
                   entry.number);
            return;
        }
        count_outcome(w, f, entry.decision);
        if (published->has_key != entry.has_key ||
            (entry.has_key && !bytes_equal(entry.key, (struct bytes){.at = published->key,
                                                                     .n = published->key_n}))) {
            broken(w, "partition %u: decision %" PRIu64 " has another key", p, entry.number);
            return;
        }
    }
    if (entry.number + 1 < row->first_number + row->count) {
        broken(w, "partition %u: decision %" PRIu64 " and what follows is not published", p,
               entry.number + 1);
    }
}

static void compare_states(struct sim_world *w, struct fresh *fresh, struct fresh *is,
                           const char *code)
{
    const struct enterprise *want = NULL;
    const struct enterprise *got = NULL;
    struct buffer bytes[2];
    struct failure why;
    enum status status = decider_state(fresh->decider, code, &want, &why);

    assert(status == STATUS_OK);
    status = decider_state(is->decider, code, &got, &why);
    assert(status == STATUS_OK);
    buffer_init(&bytes[0], (size_t)1 << 24);
    buffer_init(&bytes[1], (size_t)1 << 24);
    if (want) {
        state_encode(want, &bytes[0]);
    }
    if (got) {
        state_encode(got, &bytes[1]);
    }
    if (!bytes_equal(buffer_bytes(&bytes[0]), buffer_bytes(&bytes[1]))) {
        broken(w, "enterprise %.18s has another ledger than the log gives", code);
    }
    buffer_fini(&bytes[0]);
    buffer_fini(&bytes[1]);
}

/* The states of the store, completed as a claim does it. */
static void check_states(struct sim_world *w, struct fresh *fresh, uint32_t p)
{
    const struct sim_entry *entry;
    struct bus_record record;
    struct store_row row;
    struct failure why;
    struct fresh is;
    int64_t from = -1;
    bool is_done = false;
    enum status status = store_row_read(w->real, p, &row, &why);

    assert(status == STATUS_OK);
    fresh_open(&is, w, w->real, p);
    status = decider_start(is.decider, &row, &from, &why);
    while (status == STATUS_OK && from >= 0 && !is_done) {
        entry = sim_read(&w->broker, SIM_SUBMITTED, p, &from);
        assert(entry);
        sim_entry_record(entry, p, from, &record);
        status = decider_recover(is.decider, &record, &is_done, &why);
        from++;
    }
    if (status != STATUS_OK) {
        broken(w, "recovery: %s", why.text);
    }
    for (uint32_t i = 0; i < SIM_ENTERPRISES && status == STATUS_OK; i++) {
        compare_states(w, fresh, &is, w->log.codes[i]);
    }
    fresh_close(&is);
}

void sim_world_check(struct sim_world *w)
{
    for (uint32_t p = 0; p < SIM_PARTITIONS && !w->is_broken; p++) {
        struct store_part sealed;
        struct failure why;
        struct fresh f;
        enum status status;

        fresh_open(&f, w, NULL, p);
        decide_fresh(w, &f, p);
        if (!w->is_broken) {
            status = decider_seal(f.decider, &f.part, 1000000, &sealed, &why);
            assert(status == STATUS_OK);
            check_topic(w, &f, &sealed.row, p);
        }
        if (!w->is_broken) {
            check_states(w, &f, p);
        }
        fresh_close(&f);
    }
}
