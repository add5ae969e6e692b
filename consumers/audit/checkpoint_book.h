/* checkpoint_book.h - the checkpoints of a ledger and whether each is to be believed.
 *
 * Records of filings.checkpoints.v1 are added in any order and then judged against the operators of
 * the ledger, who come from its bulletins: a replay has them, filings.reference.v1 has them.  The
 * book does no more than that: whether a checkpoint agrees with the log is for who decides again.
 *
 * Promises:
 *   C1  records with the same content and signature are one entry, with the witnesses of all of
 *       them: a witness publishes the checkpoint again with its own signature added;
 *   C2  an entry is good only when its signature is right under a key that counts;
 *   C3  two good entries of one number that cannot both be true are each marked as forked;
 *   C4  no bytes make the book fail: what is no checkpoint is counted and passed over, and of the
 *       witnesses of one entry the first 256 are kept.
 *
 * A key counts when the register as of the bulletin given has it for a person with the role
 * (WORKER; WITNESS for a witness, who is another person than the worker's) and its validity covers
 * the date in Asia/Shanghai of the checkpoint's received_ms.  So a key is retired by ending its
 * validity; who removes the person takes the proof from the checkpoints signed before, too.
 *
 * Errors: STATUS_NOMEM, and those of the broker for checkpoint_book_read(). */
#ifndef AUDIT_CHECKPOINT_BOOK_H
#define AUDIT_CHECKPOINT_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/core/reference.h"
#include "wire/records.h"

/* Order is precedence: the first that applies. */
enum checkpoint_verdict {
    CHECKPOINT_GOOD = 0,
    CHECKPOINT_OTHER_LEDGER,     /* it is of another ledger */
    CHECKPOINT_KEY_UNKNOWN,      /* no operator in force has this key id */
    CHECKPOINT_KEY_NO_ROLE,      /* an operator has it who may not sign this */
    CHECKPOINT_KEY_NOT_VALID,    /* not on this date */
    CHECKPOINT_SIGNATURE_WRONG,  /* the key's owner did not sign these bytes */
    CHECKPOINT_WITNESS_IS_WORKER /* of a witness: the same person */
};
#define CHECKPOINT_VERDICTS_N 7

/* "good", "another ledger's", "key unknown" ...: for a person. */
const char *checkpoint_verdict_text(enum checkpoint_verdict verdict);

/* Texts and bytes belong to the book or to the reference set. */
struct checkpoint_witness {
    struct approval approval;
    struct text person; /* n 0: nobody is known under the key */
    enum checkpoint_verdict verdict;
};

struct checkpoint_entry {
    uint32_t partition;
    uint32_t rules;
    uint64_t first_number; /* the tree is over first_number to number */
    uint64_t number;
    uint8_t chain[DIGEST_SIZE];
    uint8_t decisions_hash[DIGEST_SIZE];
    uint8_t states_hash[DIGEST_SIZE];
    int64_t next_offset;
    int64_t received_ms;
    struct text key_id;
    struct text person; /* of the worker; n 0: nobody is known under the key */
    enum checkpoint_verdict verdict;
    bool is_forked;
    const struct checkpoint_witness *witnesses; /* by key id */
    uint32_t witnesses_n;
    uint32_t witnesses_good_n;
    int64_t offset;                /* of its first record; -1: not from a topic */
    struct bytes value;            /* that record */
    uint8_t identity[DIGEST_SIZE]; /* of content and signature */
    uint8_t ledger_id[LEDGER_ID_SIZE];
};

struct checkpoint_book;

/* gives *ret: checkpoint_book_close(). */
MUST_CHECK enum status checkpoint_book_open(struct checkpoint_book **ret, struct failure *err);
/* Takes NULL. */
void checkpoint_book_close(struct checkpoint_book *book);

/* One record; the book keeps a copy.  Not after checkpoint_book_judge(). */
MUST_CHECK enum status checkpoint_book_add(struct checkpoint_book *book, int64_t offset,
                                           struct bytes value, struct failure *err);

/* All records of the topic up to its end as it stands, by a handle of KAFKA_LOOK_COMMITTED.
 * STATUS_NOTFOUND when there is no such topic. */
MUST_CHECK enum status checkpoint_book_read(struct checkpoint_book *book, rd_kafka_t *handle,
                                            const char *topic, struct failure *err);

/* The same, of the newest records_max records only: for whoever wants to know where things stand.
 */
MUST_CHECK enum status checkpoint_book_read_last(struct checkpoint_book *book, rd_kafka_t *handle,
                                                 const char *topic, int64_t records_max,
                                                 struct failure *err);

/* Whose keys count.  Borrowed for the call, the reference set's rows until the book is closed. */
struct checkpoint_register {
    const struct reference *reference;
    int64_t as_of; /* the ledger's last bulletin */
    const uint8_t *ledger_id;
};

/* Sort, bring together, judge.  Once. */
MUST_CHECK enum status checkpoint_book_judge(struct checkpoint_book *book,
                                             const struct checkpoint_register *known,
                                             struct failure *err);

/* After judging: entries ascending by partition, number, first number; borrowed until close; NULL
 * when there are none. */
const struct checkpoint_entry *checkpoint_book_all(const struct checkpoint_book *book,
                                                   size_t *ret_n);
const struct checkpoint_entry *checkpoint_book_partition(const struct checkpoint_book *book,
                                                         uint32_t partition, size_t *ret_n);
/* The good entry with the greatest number of a partition that is not forked; NULL = none. */
const struct checkpoint_entry *checkpoint_book_newest(const struct checkpoint_book *book,
                                                      uint32_t partition);
/* Records that are no checkpoints. */
uint64_t checkpoint_book_strange(const struct checkpoint_book *book);

/* The checkpoint of an entry as it may be published, with the witnesses of all its records, good
 * ones first, up to WITNESSES_MAX.  Borrows from the book. */
void checkpoint_entry_read(const struct checkpoint_entry *entry, struct checkpoint *ret);

#endif
