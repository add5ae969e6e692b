/* engine_inside.h - what the files of the machine share; for nobody else.
 *
 * engine.c       the loop: events, batches, revoking; states are changed here alone
 * claim.c        C1 to C9 as a table of steps
 * publication.c  starting publications, and what their outcomes mean */
#ifndef ENGINE_ENGINE_INSIDE_H
#define ENGINE_ENGINE_INSIDE_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "consumers/engine/batch.h"
#include "consumers/engine/decider.h"
#include "consumers/engine/desk.h"
#include "consumers/engine/engine.h"

enum claim_step {
    CLAIM_ASSIGNED = 0, /* C1 */
    CLAIM_FOUNDING,     /* the ledger is not known yet: read it from the partition */
    CLAIM_ROW,          /* C2 */
    CLAIM_LOG_START,    /* C3 */
    CLAIM_LAST_INPUT,   /* C3 */
    CLAIM_RECOVER,      /* C4 */
    CLAIM_OFFSETS,      /* C5 */
    CLAIM_FIRST_OFFSET, /* C5 */
    CLAIM_WATERMARK,    /* C6 */
    CLAIM_TAIL,         /* C7 */
    CLAIM_COMPARE,      /* C8 */
    CLAIM_PUBLISH,      /* C9: waits for the publisher */
    CLAIM_PUBLISHING,   /* C9: waits for the outcome */
    CLAIM_ENDED,        /* OWNED, REVOKED or the engine stops: no step is left */
    CLAIM_STEP_N
};

/* What a claim has found so far. */
struct claim {
    enum claim_step step;
    bool is_polled;   /* since it stands at C1 */
    bool is_asked;    /* a look of this step was started */
    int64_t since_ms; /* of what is waited for in this step */
    enum claim_step standing;
    int64_t standing_ms; /* since when it stands there, 0 = it does not */
    uint8_t token[OWNER_TOKEN_SIZE];
    struct store_row row;
    char previous_txn_id[TXN_ID_SIZE];
    bool is_recovering;
    int64_t high_watermark; /* H */
    int64_t tail_end;       /* last end seen while reading the tail, -1 = none */
    bool is_fenced;         /* the previous owner's transactional id was asked for */
    struct buffer tail;     /* the last decision there */
    int64_t tail_offset;
    bool is_from_first; /* the hint was wrong: read from the start */
    uint64_t tail_number;
};

struct slot {
    enum engine_partition_state state;
    uint64_t generation;
    uint64_t claim_number; /* goes up whenever claiming begins: whose publication this is */
    struct claim claim;
    struct decider *decider; /* NULL before C4 */
    uint64_t published_number;
    bool has_end; /* input_end was noted */
    int64_t input_end;
    int64_t reader_end; /* the reader has stood at this end, -1 = not since it was resumed */
};

/* Parts of one batch, or the journal's rows of one claim. */
struct batch {
    struct batch_part *parts; /* one a partition */
    bool *is_used;
    uint64_t *claim_numbers; /* under which claim a part was decided */
    int64_t *next_offsets;   /* after the batch */
    uint64_t *numbers;       /* last decision of the batch */
    uint32_t records_n;
};

enum batch_state { BATCH_IDLE = 0, BATCH_OPEN, BATCH_STORED };

/* What is in flight, or was last. */
struct flight {
    bool is_in_flight;
    bool is_claim; /* C9 of one partition */
    size_t parts_n;
    struct bus_part *parts;
    uint64_t *claim_numbers;
    struct bus_publication publication;
    struct buffer copy; /* journal rows of a claim */
    struct bus_decision *decisions;
    size_t decisions_max;
};

struct engine {
    struct engine_conf conf;
    struct bus *bus;
    struct store *store;
    struct desk *desk;
    struct reference_set *references;
    int64_t started_ms;
    struct bus_topics topics;
    struct store_ledger ledger;
    char metadata[BUS_METADATA_SIZE];
    uint32_t partitions_n;
    uint32_t open; /* which batch is open or stored; the other may be in flight */
    struct slot *slots;
    struct batch batches[2];
    struct store_part *store_parts;
    struct flight flight;
    struct bus_record record;
    struct bus_event early_event;
    uint32_t early[BUS_PARTITIONS_MAX];
    struct engine_counters counters;
    _Atomic uint64_t beat;
    enum batch_state batch_state;
    bool is_started;
    bool has_ledger;
    bool was_assigned;
    bool has_early;    /* partitions came before the start was over */
    bool is_cut;       /* record is not wholly decided */
    bool is_flushing;  /* the batch being stored takes all states along */
    int64_t stored_ms; /* when the last batch with decisions was stored */
    bool is_done;
    enum exit_code code;
    struct failure failure;
};

/* engine.c: the only places that change a partition's state. */
void engine_claim(struct engine *e, uint32_t partition, enum claim_step from, const char *why);
void engine_own(struct engine *e, uint32_t partition);
void engine_revoke(struct engine *e, uint32_t partition);
/* OPEN -> STORED, or -> IDLE when nothing was written (E1). */
void engine_store(struct engine *e);
/* IDLE: what was in the batch that is open or stored is forgotten. */
void engine_batch_empty(struct engine *e);
void engine_stop(struct engine *e, int64_t partition, enum exit_code code,
                 const struct failure *why);
void engine_note(struct engine *e, enum engine_note_kind kind, int64_t partition, uint64_t value,
                 const char *text);
/* The exit code of a failure that ends the engine. */
enum exit_code engine_code(const struct failure *why);
bool engine_chance(struct engine *e, uint8_t *out, size_t n);
void engine_decider_conf(const struct engine *e, uint32_t partition, struct decider_conf *ret);
MUST_CHECK enum status engine_set_ledger(struct engine *e, struct failure *err);

/* claim.c */
void claim_advance(struct engine *e, uint32_t partition);
const char *claim_step_name(enum claim_step step);
void claim_init(struct claim *claim);
void claim_fini(struct claim *claim);

/* publication.c */
/* Publish what the stored batch has of partitions that are still owned. */
void publication_start(struct engine *e);
/* Publish what the journal has of a claim beyond its tail: STATUS_NOTFOUND = nothing. */
MUST_CHECK enum status publication_start_claim(struct engine *e, uint32_t partition,
                                               struct failure *err);
/* Take an outcome, waiting at most so long. */
void publication_report(struct engine *e, int timeout_ms);
/* Does the publication in flight carry this partition? */
bool publication_carries(const struct engine *e, uint32_t partition);
MUST_CHECK enum status publication_init(struct engine *e, struct failure *err);
void publication_fini(struct engine *e);

#endif
