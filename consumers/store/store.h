/* store.h - the port to the database that leads (design, sections 4 and 5).
 *
 * The journal of a partition, its position and its filing index change together in one transaction
 * (store_commit) or not at all.  Everything else in the store can be dropped and rebuilt from them
 * and the log.
 *
 * Promises:
 *   S1  store_commit() writes all parts of a batch or none;
 *   S2  a part is written only while its row has this owner's token, this next_offset and this
 *       step: two belts, and either alone keeps a second owner out;
 *   S3  what was committed is found by every later call, also after a crash of the machine (not by
 *       the memory store, which ends with the process);
 *   S4  a second content under a bulletin number that is there is refused.
 *
 * One handle, one thread.  Implementations: SQLite (embedded), memory (replay, packs, tests);
 * store_port.h is for those who write another.  store_read.h opens a live store for readers.
 *
 * Times are Unix milliseconds, offsets those of the submitted topic, numbers those of decisions.
 * Errors: STATUS_NOTFOUND for what is not there; STATUS_IO with REMEDY_RETRY while somebody else
 * locks the file; everything else has REMEDY_STOP.  Structs are borrowed for the call. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "form/decision.h"

#define LEDGER_ID_SIZE   16
#define STORE_ID_SIZE    16
#define OWNER_TOKEN_SIZE 16
#define TXN_ID_SIZE      256 /* with NUL */
#define FILING_ID_SIZE   16
#define STORE_SCHEMA     1
/* Partitions are numbered below this: far above what one topic needs, and small enough to keep a
 * row of each in memory. */
#define STORE_PARTITIONS_MAX 4096

struct store;

/* LEDGER: which ledger this store holds; written once, by the first worker that meets the founding
 * record. */
struct store_ledger {
    uint8_t ledger_id[LEDGER_ID_SIZE];
    uint8_t store_id[STORE_ID_SIZE]; /* random, one for each database */
    uint32_t schema;
    uint32_t partitions;
};

/* Where a partition stands; everything of the next decision follows from it and the log. */
struct store_position {
    int64_t next_offset; /* first input offset not wholly decided */
    uint64_t step; /* 0, else 1 + arrival number of the last held filing visited for next_offset */
    int64_t input_offset; /* last record of which a decision is stored, -1 = none */
    uint8_t input_hash[DIGEST_SIZE];
    int64_t received_ms; /* of the last record decided */
    bool has_bulletin;
    uint64_t bulletin; /* last one accepted */
    uint64_t number;   /* of the last decision, 0 = none */
    uint8_t chain[DIGEST_SIZE];
};

/* ROW of p. */
struct store_row {
    struct store_position position;
    uint64_t clean_number;     /* states in the database are complete up to it */
    uint64_t published_number; /* hints: the last decision known to be published, and its offset */
    int64_t published_offset;
    uint8_t owner_token[OWNER_TOKEN_SIZE];
    char owner_txn_id[TXN_ID_SIZE];
    uint64_t claims;
};

/* One journal row: count decisions from first_number on. starts is the position before the first.
 */
struct store_journal_row {
    uint64_t first_number;
    uint32_t count;
    struct store_position starts;
    struct bytes decisions; /* each be32 length, then its bytes */
    struct bytes undo;      /* each be32 length, then its bytes; length 0 = none */
    struct bytes inputs;    /* for readers: each be64 input offset, then what the engine adds */
};

/* The filing index: key partition, filing id, bank, enterprise; ordered by their bytes. */
struct store_filing_key {
    uint8_t filing_id[FILING_ID_SIZE];
    char bank[BANK_SIZE];
    char enterprise[CODE_SIZE];
};
struct store_filing {
    struct store_filing_key key;
    uint8_t filing_hash[DIGEST_SIZE];
    uint64_t first_number;
    uint64_t last_number;
    uint64_t accepted_number; /* decision that accepted it, 0 = none */
    uint64_t reversed_number; /* decision of the reversal of it, 0 = none */
};

struct store_state {
    char enterprise[CODE_SIZE];
    uint64_t number;    /* the decision it reflects */
    struct bytes bytes; /* canonical filing.v1.State */
};

struct store_held {
    uint64_t arrival_number;
    char enterprise[CODE_SIZE];
    uint32_t waits_for;  /* code: 401, 402, 403 */
    struct bytes record; /* what the engine needs to decide it again; its own layout */
};

struct store_bulletin {
    uint64_t number;
    struct bytes content; /* bytes of Content */
};

/* What one batch does to one partition. */
struct store_part {
    uint32_t partition;
    uint8_t owner_token[OWNER_TOKEN_SIZE];
    int64_t expected_next_offset;
    uint64_t expected_step;
    struct store_position position;     /* after the batch */
    uint64_t clean_number;              /* after the states below are written */
    struct store_journal_row row;       /* count 0: no row, the position alone moves */
    const struct store_filing *filings; /* new or replaced index rows; sorted by key by the store */
    size_t filings_n;
    const struct store_held *held; /* new or replaced */
    size_t held_n;
    const uint64_t *released; /* arrival numbers to drop */
    size_t released_n;
    const struct store_state *states;
    size_t states_n;
    const struct store_bulletin *bulletins; /* accepted in this batch */
    size_t bulletins_n;
};

struct store_batch {
    const struct store_part *parts; /* ascending by partition */
    size_t parts_n;
};

enum store_outcome {
    STORE_STORED = 0,
    STORE_FENCED,  /* a row had another token or position: nothing was written; claim again */
    STORE_DROPPED, /* serialisation failure or deadlock: nothing was written; go on */
    STORE_DOUBT,   /* connection lost or COMMIT unanswered: claim everything again */
};

/* spec: "sqlite:FILE" (made when it is not there), "memory:" (a new one each time); another:
 * STATUS_USAGE.  A schema newer than the program: STATUS_CONFLICT.  The SQLite store takes the lock
 * on FILE.lock or fails at once with STATUS_DENIED (somebody owns it: stand by and try again).
 * gives *ret: store_close(). */
MUST_CHECK enum status store_open(const char *spec, struct store **ret, struct failure *err);
/* takes store; NULL is allowed.  The last of several handles on a memory store ends it. */
void store_close(struct store *store);

/* A second handle on the same memory store, as a second worker has a second connection; the two
 * must not be used at the same time.  STATUS_USAGE for a SQLite store.
 * gives *ret: store_close(). */
MUST_CHECK enum status store_share(struct store *store, struct store **ret, struct failure *err);

/* STATUS_NOTFOUND: not founded yet. */
MUST_CHECK enum status store_ledger_read(struct store *store, struct store_ledger *ret,
                                         struct failure *err);
/* ledger->schema is not looked at: the store writes STORE_SCHEMA.  Founded already: STATUS_OK when
 * ledger id and partition count are the same (the store id that is there stays: read it), else
 * STATUS_CONFLICT. */
MUST_CHECK enum status store_ledger_found(struct store *store, const struct store_ledger *ledger,
                                          struct failure *err);
/* The store takes another id: a repair made it anew or brought it further, and the one that it
 * stands for is not to write beside it when it comes back (the group's offsets name the id).
 * Borrows store_id, STORE_ID_SIZE bytes.  STATUS_NOTFOUND: not founded yet. */
MUST_CHECK enum status store_ledger_renew(struct store *store, const uint8_t *store_id,
                                          struct failure *err);

/* C2: write the token and the owner's transactional id, count the claim, read the row. A partition
 * without a row gets one at offset 0, number 0 with the chain given. *ret_previous_txn_id is who
 * owned it before ("" = nobody). Lock time-out 2 s: STATUS_IO with REMEDY_RETRY. */
struct store_claim {
    uint32_t partition;
    uint8_t token[OWNER_TOKEN_SIZE];
    const char *txn_id;
    uint8_t genesis[DIGEST_SIZE];
};
MUST_CHECK enum status store_claim(struct store *store, const struct store_claim *claim,
                                   struct store_row *ret, char ret_previous_txn_id[TXN_ID_SIZE],
                                   struct failure *err);
MUST_CHECK enum status store_row_read(struct store *store, uint32_t partition,
                                      struct store_row *ret, struct failure *err);

/* One transaction. *ret_outcome is written always; the status is STATUS_OK for all outcomes of the
 * enum and an error (REMEDY_STOP) only when the store cannot go on (disk full: STATUS_IO, corrupt:
 * STATUS_CORRUPT, other content under a bulletin: STATUS_CONFLICT). */
MUST_CHECK enum status store_commit(struct store *store, const struct store_batch *batch,
                                    enum store_outcome *ret_outcome, struct failure *err);

/* Remember how far decisions are published; a hint, never a position.  Seen by this handle at once,
 * durable with the next commit or claim that touches the partition, or by store_close(). */
MUST_CHECK enum status store_published(struct store *store, uint32_t partition, uint64_t number,
                                       int64_t offset, struct failure *err);

/* Look-ups; STATUS_NOTFOUND when absent.  Bytes in *ret belong to the store and last until the next
 * call on this handle. */
MUST_CHECK enum status store_filing_find(struct store *store, uint32_t partition,
                                         const struct store_filing_key *key,
                                         struct store_filing *ret, struct failure *err);
/* Filing with the smallest key of at least *key: all banks and enterprises that used an id, or a
 * walk through a partition. */
MUST_CHECK enum status store_filing_next(struct store *store, uint32_t partition,
                                         const struct store_filing_key *key,
                                         struct store_filing *ret, struct failure *err);
/* The smallest key above *key; false when there is none. */
bool store_filing_key_after(struct store_filing_key *key);
/* Many rows of the index in the order of their keys: the first rows_max from walk->from on, which
 * then is the key after the last of them.  rows_n below rows_max: there are no more. */
struct store_walk {
    struct store_filing_key from; /* zeros = the first */
    struct store_filing *rows;
    size_t rows_max;
    size_t rows_n;
};
MUST_CHECK enum status store_filing_walk(struct store *store, uint32_t partition,
                                         struct store_walk *walk, struct failure *err);
MUST_CHECK enum status store_state_find(struct store *store, uint32_t partition,
                                        const char enterprise[CODE_SIZE], struct store_state *ret,
                                        struct failure *err);
/* The journal row that holds decision number. */
MUST_CHECK enum status store_journal_find(struct store *store, uint32_t partition, uint64_t number,
                                          struct store_journal_row *ret, struct failure *err);
/* First number of the last but one journal row (of the last if there is one only), 0 = no row: how
 * far back the journal may be unpublished. */
MUST_CHECK enum status store_journal_recent(struct store *store, uint32_t partition,
                                            uint64_t *ret_first_number, struct failure *err);
/* Held filings of a partition by arrival number above after. */
MUST_CHECK enum status store_held_next(struct store *store, uint32_t partition, uint64_t after,
                                       struct store_held *ret, struct failure *err);
/* Bulletin with the smallest number of at least number. */
MUST_CHECK enum status store_bulletin_next(struct store *store, uint64_t number,
                                           struct store_bulletin *ret, struct failure *err);
/* State with the smallest enterprise above after: CODE_SIZE bytes, all NUL = the first. */
MUST_CHECK enum status store_state_next(struct store *store, uint32_t partition,
                                        const char after[CODE_SIZE], struct store_state *ret,
                                        struct failure *err);

#endif
