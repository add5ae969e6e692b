/* bus.h - the port to Kafka as the engine sees it (design, section 4).
 *
 * One thread, the engine's, calls everything here.  No call blocks longer than BUS_WAIT_MS_MAX;
 * what takes longer is a request that is asked again until it answers.
 *
 * Promises of every implementation:
 *   B1  between bus_resume(p, o) and bus_pause(p) the records of p come in order, from the first
 *       committed one at or above o, none left out, none of an earlier position among them; before
 *       and after that no record of p comes.  Gaps in the offsets are normal (transaction markers,
 *       aborted records);
 *   B2  an assignment's group metadata is taken once, when it is made, and known by its generation;
 *       a publication or a commit goes out under the generation that it names, never a newer (E7);
 *   B3  at most one publication is in flight; its bytes are read until its outcome is reported;
 *   B4  a publication is one transaction: all decisions, flushed, then the offsets of all of its
 *       partitions.  After an abort, or when EndTxn was sent more than once, the producer is
 *       replaced before the outcome is reported (E11);
 *   B5  an answer to a request is of a state of the broker not older than the request's first call;
 *       it is given once, the next call asks anew.  bus_forget() drops what was asked for p;
 *   B6  BUS_REVOKED and BUS_LOST are reported before this member lets go of the partitions: the
 *       assignment is left in bus_release(), not before.
 *
 * Two implementations: librdkafka (consumers/worker/bus_kafka.c) and the scripted broker of the
 * simulation (tests/simulation/). */
#ifndef ENGINE_BUS_H
#define ENGINE_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define BUS_WAIT_MS_MAX    100
#define BUS_PARTITIONS_MAX 1024 /* of one topic: the engine's tables are this large at most */
#define BUS_METADATA_SIZE  512  /* of a group offset, with NUL: "1 <ledger> <store> <host>" */
#define BUS_KEY_SIZE       32   /* Ed25519 public key */

/* What a thread ahead of the engine found about a filing's signature.  It counts only when the
 * engine finds that the bank register in force gives this very key. */
struct bus_verdict {
    bool known;
    bool right;
    uint8_t key[BUS_KEY_SIZE];
};

/* A record of submitted or decided.  Borrowed until the next bus_poll(), respectively the next
 * bus_look_next() of the same kind and partition. */
struct bus_record {
    int64_t offset;
    int64_t timestamp_ms;
    const uint8_t *key;
    size_t key_n;
    const uint8_t *value;
    size_t value_n;
    uint32_t partition;
    bool log_append_time; /* the time stamp is the broker's */
    bool has_key;
    bool has_value;
    struct bus_verdict verdict;
};

enum bus_event_kind {
    BUS_EMPTY = 0, /* nothing came in the time given */
    BUS_RECORD,
    BUS_END,      /* the reader of partition stands at the end of what is committed: offset */
    BUS_ASSIGNED, /* partitions are this worker's under generation, all of them paused */
    BUS_REVOKED,  /* partitions go; the engine finishes and calls bus_release() */
    BUS_LOST,     /* partitions are gone already; the engine forgets and calls bus_release() */
    BUS_ERROR     /* failure: RETRY = it goes on by itself (broker away); RECYCLE = partition has no
                     valid position, claim it again; STOP = failure.status CONFLICT: exit 78 (another
                     worker of this slot fenced us, topics differ), else exit 70 */
};

struct bus_event {
    enum bus_event_kind kind;
    struct bus_record record;
    uint32_t partition;
    int64_t offset;
    const uint32_t *partitions; /* borrowed until the next bus_poll() */
    size_t partitions_n;
    uint64_t generation; /* of BUS_ASSIGNED; never used twice by one bus */
    struct failure failure;
};

/* How a request stands. */
enum bus_answer {
    BUS_PENDING = 0, /* ask again, with the same arguments */
    BUS_READY,
    BUS_GONE,     /* what was asked for is not there (any more) */
    BUS_UNSTABLE, /* group offset: its transaction is not over; ask again */
    BUS_FAILED    /* failure in *err: RETRY = ask again, STOP as for BUS_ERROR, RECYCLE = this
                     generation is over */
};

struct bus_topics {
    uint32_t submitted_partitions; /* 0 = there is no such topic */
    uint32_t decided_partitions;
    bool in_memory; /* a mock cluster: nothing survives */
};

/* A group offset of one partition of submitted; offset -1 = none. */
struct bus_group_offset {
    bool stable; /* false: a transaction that is not over holds it; the rest means nothing */
    int64_t offset;
    char metadata[BUS_METADATA_SIZE];
};

#define BUS_LOOK_FIRST (-1)

/* Which topic is looked at; always read_committed. */
enum bus_look { BUS_LOOK_SUBMITTED = 0, BUS_LOOK_DECIDED, BUS_LOOK_N };

enum bus_seen {
    BUS_SEEN_NOTHING = 0, /* nothing yet; call again */
    BUS_SEEN_RECORD,      /* *ret is the next committed record */
    BUS_SEEN_END,         /* everything committed below ret->offset, the last stable offset, was
                             seen.  Comes again when that offset has moved */
    BUS_SEEN_GONE,        /* the offset is below the log's start or above its end */
    BUS_SEEN_FAILED       /* as BUS_FAILED */
};

/* One decision to publish. */
struct bus_decision {
    const uint8_t *bytes;
    size_t bytes_n;
    const uint8_t *key;
    size_t key_n;
    bool has_key;
};

/* Decisions first_number ... first_number + decisions_n - 1 of one partition, and the input offset
 * that the last of them left. */
struct bus_part {
    uint32_t partition;
    uint64_t first_number;
    const struct bus_decision *decisions;
    size_t decisions_n;
    int64_t next_offset;
};

struct bus_publication {
    uint64_t generation; /* of the claim that hands it over */
    const struct bus_part *parts;
    size_t parts_n;
    const uint8_t *ledger_id; /* 16 bytes, for the headers */
    const char *metadata;     /* of the offsets */
};

enum bus_outcome {
    BUS_OUTCOME_NONE = 0,  /* nothing was in flight */
    BUS_OUTCOME_IN_FLIGHT, /* or the producer is being replaced after it */
    BUS_OUTCOME_DONE,      /* committed, one EndTxn */
    BUS_OUTCOME_RECYCLED,  /* committed, more than one EndTxn: producer replaced */
    BUS_OUTCOME_ABORTED,   /* certainly or probably not committed; producer replaced */
    BUS_OUTCOME_FENCED,    /* fenced or illegal generation; producer replaced */
    BUS_OUTCOME_FATAL      /* *err says why: exit 70 */
};

/* The offset of the last decision of a part in decided[partition], -1 = not known: a hint. */
struct bus_report {
    enum bus_outcome outcome;
    const int64_t *last_offsets; /* in the order of the parts; borrowed until the next start */
};

struct bus;

struct bus_ops {
    int64_t (*now_ms)(struct bus *bus);
    void (*poll)(struct bus *bus, int timeout_ms, struct bus_event *ret);
    void (*release)(struct bus *bus);
    void (*pause)(struct bus *bus, uint32_t partition);
    void (*resume)(struct bus *bus, uint32_t partition, int64_t offset);
    bool (*assigned)(struct bus *bus, uint32_t partition, uint64_t generation);

    enum bus_answer (*topics)(struct bus *bus, struct bus_topics *ret, struct failure *err);
    enum bus_answer (*log_start)(struct bus *bus, uint32_t partition, int64_t *ret,
                                 struct failure *err);
    enum bus_answer (*input_end)(struct bus *bus, uint32_t partition, int64_t *ret,
                                 struct failure *err);
    enum bus_answer (*group_offsets)(struct bus *bus, uint32_t partition,
                                     const struct bus_group_offset **ret, struct failure *err);
    enum bus_answer (*commit_first)(struct bus *bus, const struct bus_publication *first,
                                    struct failure *err);
    enum bus_answer (*high_watermark)(struct bus *bus, uint32_t partition, int64_t *ret,
                                      struct failure *err);
    enum bus_answer (*fence)(struct bus *bus, uint32_t partition, const char *txn_id,
                             struct failure *err);
    void (*forget)(struct bus *bus, uint32_t partition);

    void (*look)(struct bus *bus, enum bus_look kind, uint32_t partition, int64_t offset);
    enum bus_seen (*look_next)(struct bus *bus, enum bus_look kind, uint32_t partition,
                               struct bus_record *ret, struct failure *err);

    void (*publish)(struct bus *bus, const struct bus_publication *publication);
    void (*report)(struct bus *bus, int timeout_ms, struct bus_report *ret, struct failure *err);
};

/* An implementation starts with this. */
struct bus {
    const struct bus_ops *ops;
};

/* A monotonic clock, the only one the engine has: time-outs, never a decision. */
static inline int64_t bus_now_ms(struct bus *bus) { return bus->ops->now_ms(bus); }

/* The next thing that happened, waiting at most timeout_ms (0 to BUS_WAIT_MS_MAX) when there is
 * nothing.  Writes *ret always.  After BUS_REVOKED or BUS_LOST nothing but BUS_EMPTY comes until
 * bus_release(). */
static inline void bus_poll(struct bus *bus, int timeout_ms, struct bus_event *ret)
{
    bus->ops->poll(bus, timeout_ms, ret);
}
static inline void bus_release(struct bus *bus) { bus->ops->release(bus); }

/* B1.  Both only while the partition is assigned; resume seeks, then lets records come. */
static inline void bus_pause(struct bus *bus, uint32_t partition)
{
    bus->ops->pause(bus, partition);
}
static inline void bus_resume(struct bus *bus, uint32_t partition, int64_t offset)
{
    bus->ops->resume(bus, partition, offset);
}

/* Is the partition still assigned under this generation, as far as polling has shown? */
static inline bool bus_assigned(struct bus *bus, uint32_t partition, uint64_t generation)
{
    return bus->ops->assigned(bus, partition, generation);
}

/* Partition counts of the two topics, and what kind of broker this is. */
static inline enum bus_answer bus_topics(struct bus *bus, struct bus_topics *ret,
                                         struct failure *err)
{
    return bus->ops->topics(bus, ret, err);
}

/* First offset that submitted[partition] still holds. */
static inline enum bus_answer bus_log_start(struct bus *bus, uint32_t partition, int64_t *ret,
                                            struct failure *err)
{
    return bus->ops->log_start(bus, partition, ret, err);
}

/* High watermark of submitted[partition]: where --until-caught-up ends. */
static inline enum bus_answer bus_input_end(struct bus *bus, uint32_t partition, int64_t *ret,
                                            struct failure *err)
{
    return bus->ops->input_end(bus, partition, ret, err);
}

/* Stable fetch of the group's offsets of all partitions of submitted (an array with one entry each,
 * borrowed until the next call).  BUS_UNSTABLE when that of partition itself is not stable; others
 * may be unstable in a BUS_READY answer. */
static inline enum bus_answer bus_group_offsets(struct bus *bus, uint32_t partition,
                                                const struct bus_group_offset **ret,
                                                struct failure *err)
{
    return bus->ops->group_offsets(bus, partition, ret, err);
}

/* Commit the offset and metadata of first->parts[0] (without decisions) under first->generation, by
 * the consumer, for a partition that has none. */
static inline enum bus_answer bus_commit_first(struct bus *bus, const struct bus_publication *first,
                                               struct failure *err)
{
    return bus->ops->commit_first(bus, first, err);
}

/* High watermark of decided[partition], read_uncommitted. */
static inline enum bus_answer bus_high_watermark(struct bus *bus, uint32_t partition, int64_t *ret,
                                                 struct failure *err)
{
    return bus->ops->high_watermark(bus, partition, ret, err);
}

/* Initialise txn_id with a throw-away producer, so that a transaction which it left open is aborted
 * now and not at its time-out; asked for by partition's claim.  Never this worker's own id.  Only
 * to save time: a failure is ignored by the engine. */
static inline enum bus_answer bus_fence(struct bus *bus, uint32_t partition, const char *txn_id,
                                        struct failure *err)
{
    return bus->ops->fence(bus, partition, txn_id, err);
}

/* Drop every request, answer and look of this partition. */
static inline void bus_forget(struct bus *bus, uint32_t partition)
{
    bus->ops->forget(bus, partition);
}

/* Read a partition of a topic from offset on (BUS_LOOK_FIRST: from the log's start), beside the
 * group's reading.  One look a kind and partition; a new one replaces it. */
static inline void bus_look(struct bus *bus, enum bus_look kind, uint32_t partition, int64_t offset)
{
    bus->ops->look(bus, kind, partition, offset);
}
/* BUS_SEEN_END writes the end to ret->offset. */
static inline enum bus_seen bus_look_next(struct bus *bus, enum bus_look kind, uint32_t partition,
                                          struct bus_record *ret, struct failure *err)
{
    return bus->ops->look_next(bus, kind, partition, ret, err);
}

/* Start a publication; only while none is in flight.  Keeps the publication and everything that it
 * points to until bus_report() gives its outcome. */
static inline void bus_publish(struct bus *bus, const struct bus_publication *publication)
{
    bus->ops->publish(bus, publication);
}

/* How the publication stands.  An outcome other than NONE and IN_FLIGHT is given once; the
 * publisher is free then.  Waits at most timeout_ms (0 to BUS_WAIT_MS_MAX) while it is in flight.
 */
static inline void bus_report(struct bus *bus, int timeout_ms, struct bus_report *ret,
                              struct failure *err)
{
    bus->ops->report(bus, timeout_ms, ret, err);
}

#endif
