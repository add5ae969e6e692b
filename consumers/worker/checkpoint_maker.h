/* checkpoint_maker.h - one checkpoint from a store: read, signed, sent.
 *
 * The steps of checkpointer.h's thread, without the thread.  It reads the store over a connection
 * of its own and keeps nothing in it: what was written last is read from filings.checkpoints.v1, so
 * that there is one truth that survives restarts, restored stores and other workers.
 *
 *   maker_learn()  ->  maker_begin()  ->  maker_draft()  ->  maker_send()  ->  maker_begin() ...
 *        ^                                     |                  |
 *        '---------------- any failure --------+------------------'
 *
 * Not thread-safe; each call may come from another thread than the one before.
 *
 * Errors: STATUS_DENIED: the key is none with which a checkpoint may be signed; STATUS_CONFLICT:
 * topic and store contradict each other, which a person must look at; STATUS_NOTFOUND: the store
 * holds no ledger yet; others of store and broker.  All can be tried again. */
#ifndef WORKER_CHECKPOINT_MAKER_H
#define WORKER_CHECKPOINT_MAKER_H

#include <stdint.h>

#include "base/status.h"
#include "kafka/settings.h"
#include "wire/headers.h"

struct checkpoint_maker;

struct checkpoint_maker_conf {
    const char *store;            /* "sqlite:FILE", kept */
    struct kafka_options options; /* what it points to is kept */
    const struct topics *topics;  /* kept */
    const char *key_file;         /* PKCS#8 PEM, mode 0600 */
    const char *key_id;           /* kept; NULL: found among the operators by the key */
};

/* Reads the key: STATUS_DENIED when it cannot be had.  gives *ret: maker_close(). */
MUST_CHECK enum status maker_open(const struct checkpoint_maker_conf *conf,
                                  struct checkpoint_maker **ret, struct failure *err);
/* Takes NULL. */
void maker_close(struct checkpoint_maker *maker);

/* Read the operators from the store and the last good checkpoint of each partition from the topic.
 */
MUST_CHECK enum status maker_learn(struct checkpoint_maker *maker, struct failure *err);

/* After maker_learn(): partitions of the ledger, and what the last checkpoint covers; 0 = none. */
uint32_t maker_partitions_n(const struct checkpoint_maker *maker);
uint64_t maker_last(const struct checkpoint_maker *maker, uint32_t partition);

/* From here to the end of maker_draft() the store is seen as it is now. */
MUST_CHECK enum status maker_begin(struct checkpoint_maker *maker, struct failure *err);

/* The checkpoint of the partition as of that moment, signed.  STATUS_NOTFOUND: fewer than least
 * decisions since the last one, or not all states are in the store. */
struct maker_drafted {
    uint64_t number;    /* the decision up to which it goes */
    uint64_t published; /* up to which decision the store knows them to be published */
};
MUST_CHECK enum status maker_draft(struct checkpoint_maker *maker, uint32_t partition,
                                   uint64_t least, struct maker_drafted *ret, struct failure *err);

/* Send the draft, whose decisions are published by now. */
MUST_CHECK enum status maker_send(struct checkpoint_maker *maker, struct failure *err);

#endif
