/* operation.h - who did what: records of filings.operations.v1, signed (design, section 2).
 *
 * Promises:
 *   O1  a record is signed with operator.key_file, and that key is one that an ISSUER or WITNESS
 * has in force today: whoever has no such key is refused (STATUS_DENIED, exit 5) before anything is
 * changed.  Keys of WORKERs lie on servers and stand for no person; O2  when a call that writes
 * comes back with STATUS_OK, all in-sync replicas have the record; O3  an act that changes anything
 * outside of one Kafka transaction is written twice: "begun" before its first change, "done: ..."
 * or "failed: ..." after its last.  A "begun" that stays alone is an act that was killed, or whose
 * end could not be written.
 *
 * What an issuer does (issue.h) is one transaction and has one record, in it. */
#ifndef CTL_OPERATION_H
#define CTL_OPERATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/ctl/ctl.h"
#include "wire/arena.h"
#include "wire/sign.h"

struct operator_key;

/* What is done: the verb as it is typed ("dead-letters redrive") and its arguments and options, at
 * most ARGUMENTS_MAX of them (records.h). */
struct operation_act {
    const char *command;
    const char *const *arguments;
    size_t arguments_n;
};

/* One record: who acts is found, its key signs, and it is acknowledged. */
MUST_CHECK enum status operation_write(const struct ctl *ctl, const struct operation_act *act,
                                       const char *result, struct failure *err);

/* The first and the second record of O3. */
struct operation_writer;

/* Writes "begun".  Keeps ctl and act with all its texts until the end.  gives *ret:
 * operation_end(). */
MUST_CHECK enum status operation_begin(const struct ctl *ctl, const struct operation_act *act,
                                       struct operation_writer **ret, struct failure *err);

/* Writes "done: <text>" when status, that of the act, is STATUS_OK, else "failed: <text>; <what
 * *err says>"; text may be "".  Returns the act's status with its *err; an act that was done but
 * whose record cannot be written is a failure that says so.  takes writer; NULL writes nothing. */
MUST_CHECK enum status operation_end(struct operation_writer *writer, enum status status,
                                     const char *text, struct failure *err);

/* The bytes of a record, for who sends them in a transaction of his own.  STATUS_LIMIT when the
 * arena is full. */
struct operation_case {
    const struct operation_act *act;
    const char *result;
    const uint8_t *ledger_id;
    const struct operator_key *key; /* and whose it is */
};
MUST_CHECK enum status operation_make(const struct operation_case *given, struct signer *signer,
                                      struct arena *arena, struct bytes *ret, struct failure *err);

#endif
