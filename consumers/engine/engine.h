/* engine.h - the loop over two ports: claim, recover, decide, store, publish (design, section 4).
 *
 * One thread calls engine_step() again and again; a step blocks at most BUS_WAIT_MS_MAX, and 5 s
 * while partitions are being given back.  The machine and its invariants stand at the top of
 * engine.c.
 *
 * The engine reports changes of state as notes, for the program's log; it logs nothing itself. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/exit.h"
#include "base/status.h"
#include "consumers/engine/bus.h"
#include "consumers/store/store.h"

struct engine;

enum engine_note_kind {
    ENGINE_NOTE_ASSIGNED = 0, /* value: how many partitions */
    ENGINE_NOTE_REVOKED,
    ENGINE_NOTE_LOST,
    ENGINE_NOTE_CLAIMING,           /* partition; text: why */
    ENGINE_NOTE_RECOVERED,          /* partition; value: decisions that were made again */
    ENGINE_NOTE_OWNED,              /* partition; value: number of the last decision */
    ENGINE_NOTE_FENCED,             /* a store transaction found another owner */
    ENGINE_NOTE_DROPPED,            /* a batch was dropped; text: why */
    ENGINE_NOTE_PUBLICATION_FAILED, /* text: how */
    ENGINE_NOTE_BULLETIN,           /* partition; value: number of the bulletin accepted */
    ENGINE_NOTE_ERROR,              /* text: something that goes on by itself */
    ENGINE_NOTE_CAUGHT_UP,
    ENGINE_NOTE_STOPPED, /* partition or -1; text: why; value: exit code */
    ENGINE_NOTE_N        /* count, not a value */
};

struct engine_note {
    enum engine_note_kind kind;
    int64_t partition; /* -1 = none */
    uint64_t value;
    const char *text; /* "" = none */
};

typedef void engine_note_fn(void *arg, const struct engine_note *note);
/* Fill with chance; false = the system gives none. */
typedef bool engine_chance_fn(void *arg, uint8_t *out, size_t n);

struct engine_conf {
    struct bus *bus;     /* kept */
    struct store *store; /* kept */
    const char *topic;   /* full name of the submitted topic; kept, as all texts here */
    const char *txn_id;  /* transactional id of this worker */
    const char *host;    /* named in the group's metadata */
    /* STORE_ID_SIZE bytes for a store that is not founded yet; NULL = by chance. */
    const uint8_t *store_id;
    bool is_until_caught_up;
    uint32_t records_max; /* of a batch; 0 = BATCH_RECORDS */
    size_t states_max;    /* clean states kept in memory for each partition; 0 = a good number */
    size_t states_written_max; /* written with a batch; 0 = STATES_PER_BATCH */
    engine_note_fn *note;      /* may be NULL */
    engine_chance_fn *chance;  /* NULL = the system's */
    void *arg;                 /* of the two functions */
};

/* gives *ret: engine_close(). */
MUST_CHECK enum status engine_open(const struct engine_conf *conf, struct engine **ret,
                                   struct failure *err);
/* Forgets everything at once, as a crash does: what is stored is published by the next owner. */
void engine_close(struct engine *engine);

/* One turn of the loop.  False: it ended, *ret_code is the exit code, and err says why if that is
 * not EXIT_DONE. */
bool engine_step(struct engine *engine, enum exit_code *ret_code, struct failure *err);

/* SIGTERM: finish what is stored, within 5 s, leave every partition and end: the next engine_step()
 * is false with EXIT_DONE. */
void engine_finish(struct engine *engine);

/* Between two steps: write back all states of the partition, so that from here to the next step the
 * states in the store are those of its last decision and of nothing later; *ret is where it stands.
 * False: not now (it is not owned, a batch is open or waits to be published, a record is half
 * decided, or the store did not take it); ask again after the next step.  Costs one transaction of
 * the store, with as many states as are dirty. */
bool engine_flush(struct engine *engine, uint32_t partition, struct store_position *ret);

/* Counts up with every step; a watchdog of another thread reads it. */
uint64_t engine_beat(const struct engine *engine);

enum engine_partition_state { ENGINE_REVOKED = 0, ENGINE_CLAIMING, ENGINE_OWNED };

struct engine_partition_status {
    uint32_t partition;
    enum engine_partition_state state;
    const char *step; /* of a claim, "" = none */
    int64_t next_offset;
    uint64_t number;
    uint64_t published_number;
    bool has_bulletin;
    uint64_t bulletin;
    size_t held_n;
    size_t states_n;
    size_t dirty_n;
};

/* Counts since the start. */
struct engine_counters {
    uint64_t records;
    uint64_t decisions;
    uint64_t batches_stored;
    uint64_t batches_fenced;
    uint64_t batches_dropped;
    uint64_t batches_doubted;
    uint64_t publications_done;
    uint64_t publications_recycled;
    uint64_t publications_aborted;
    uint64_t publications_fenced;
    uint64_t claims;
    uint64_t recovered_decisions;
};

struct engine_status {
    bool is_started; /* the broker answered, the topics are there */
    bool has_ledger;
    struct store_ledger ledger;
    uint32_t partitions_n;
    uint32_t claiming_n;
    uint32_t owned_n;
    bool is_in_flight;
    bool is_caught_up;
    struct engine_counters counters;
};

/* By the engine's thread. */
void engine_status(const struct engine *engine, struct engine_status *ret);
bool engine_partition_status(const struct engine *engine, uint32_t partition,
                             struct engine_partition_status *ret);

#endif
