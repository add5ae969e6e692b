/* status.h - how every fallible function in the tree reports.
 *
 * Two kinds of "no" are never mixed.  A decision (a filing rejected, held or posted) is data: an
 * enum in the result, STATUS_OK as status, written to the topic.  A failure (disk, broker, corrupt
 * bytes) is a status, and says what the caller must do next, because that is all the engine
 * switches on.
 *
 * Promises: results are written on STATUS_OK only; nothing here allocates or fails. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum status {
    STATUS_OK = 0,
    STATUS_NOMEM,    /* the system has no memory left */
    STATUS_INVALID,  /* the argument or the bytes are not well formed */
    STATUS_LIMIT,    /* larger or more than a cap of limits.h */
    STATUS_NOTFOUND, /* nothing there */
    STATUS_CORRUPT,  /* our own data contradicts itself */
    STATUS_IO,       /* file, socket or database */
    STATUS_KAFKA,    /* the broker, or librdkafka itself */
    STATUS_DENIED,   /* not permitted, or owned by somebody else */
    STATUS_USAGE,    /* the command line */
    STATUS_CONFLICT, /* two truths that a person must look at: configuration, ledger, store */
    STATUS_N         /* count, not a value */
};

enum remedy {
    REMEDY_NONE = 0,   /* no failure, or nothing that a repetition would better */
    REMEDY_RETRY,      /* same call again, same arguments */
    REMEDY_DROP_BATCH, /* roll the store transaction back and go on */
    REMEDY_RECLAIM,    /* drop the batch; the partitions claim again */
    REMEDY_RECYCLE,    /* abort if open, new producer, claim again */
    REMEDY_STOP,       /* leave the process; a restart replays */
    REMEDY_N           /* count, not a value */
};

/* Lives in the caller's frame; no allocation, no thread-local, so it cannot fail or go stale. */
struct failure {
    enum status status;
    enum remedy remedy;
    int os;         /* errno, an SQLite code or rd_kafka_resp_err_t as given below us; 0 if none */
    char text[256]; /* for a person: lower case, no full stop, the thing in quotes; cut if longer */
};

/* Fill *err (NULL is allowed) and return status, so that failing is one statement. */
enum status failure_set(struct failure *err, enum status status, enum remedy remedy, int os,
                        const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Put what was being done before a text that came from below: "cannot found 'x': <text>".  The rest
 * of *err stays; returns its status.  err is not NULL and its status is not STATUS_OK. */
enum status failure_add(struct failure *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The word of a value in lower case: "no_memory", "drop_batch"; "unknown" for anything else. */
const char *status_name(enum status status);
const char *remedy_name(enum remedy remedy);

#endif
