/* records.h - the values of filings.reference.v1, filings.checkpoints.v1 and filings.operations.v1.
 *
 * Encoding takes its memory from the arena (STATUS_LIMIT when that is full).  Decoding borrows from
 * the bytes, passes over fields that nobody knows, and is STATUS_CORRUPT for bytes that are no such
 * record.  What is signed is the encoding without its signature, after the domain prefix
 * and the ledger id (sign.h); *_signed_part() gives those bytes. */
#ifndef WIRE_RECORDS_H
#define WIRE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/decision.h"
#include "form/filing.h"
#include "wire/arena.h"
#include "wire/hash.h"
#include "wire/submission.h"

#define WITNESSES_MAX 16
#define ARGUMENTS_MAX 64

struct proposal {
    struct bytes content; /* bytes of a Content as it shall stand in the bulletin */
    struct approval approval;
    int64_t proposed_ms;
    struct text kind;
};

struct reference_record {
    bool is_bulletin;
    struct proposal proposal;
    struct bytes bulletin; /* bytes of a Bulletin */
};

MUST_CHECK enum status proposal_encode(const struct proposal *proposal, struct arena *arena,
                                       struct bytes *ret);
/* The copy of a bulletin for those who only want reference data. */
MUST_CHECK enum status reference_record_encode_bulletin(struct bytes bulletin, struct arena *arena,
                                                        struct bytes *ret);
MUST_CHECK enum status reference_record_decode(struct bytes value, struct reference_record *ret);

/* First 16 hex digits of SHA-256 of the proposed content, ended by NUL. */
#define PROPOSAL_ID_SIZE 17
void proposal_id(struct hash *hash, struct bytes content, char out[PROPOSAL_ID_SIZE]);

/* What partition had come to with decision number; the tree is over first_number to number. */
struct checkpoint {
    uint8_t ledger_id[LEDGER_ID_SIZE];
    uint32_t partition;
    uint64_t first_number;
    uint64_t number;
    uint8_t chain[DIGEST_SIZE];
    uint8_t decisions_hash[DIGEST_SIZE]; /* root of the tree (tree.h) */
    uint8_t states_hash[DIGEST_SIZE];
    int64_t next_offset;
    int64_t received_ms;
    uint32_t rules;
    struct text key_id;
    struct bytes signature;
    uint32_t witnesses_n;
    struct approval witnesses[WITNESSES_MAX]; /* each signs what the worker signed */
};

MUST_CHECK enum status checkpoint_signed_part(const struct checkpoint *checkpoint,
                                              struct arena *arena, struct bytes *ret);
MUST_CHECK enum status checkpoint_encode(const struct checkpoint *checkpoint, struct arena *arena,
                                         struct bytes *ret);
MUST_CHECK enum status checkpoint_decode(struct bytes value, struct checkpoint *ret);

struct operation {
    uint8_t ledger_id[LEDGER_ID_SIZE];
    int64_t at_ms;
    struct text person;
    struct text host;
    struct text command;
    uint32_t arguments_n;
    struct text arguments[ARGUMENTS_MAX];
    struct text result;
    struct text key_id;
    struct bytes signature;
};

MUST_CHECK enum status operation_signed_part(const struct operation *operation, struct arena *arena,
                                             struct bytes *ret);
MUST_CHECK enum status operation_encode(const struct operation *operation, struct arena *arena,
                                        struct bytes *ret);
MUST_CHECK enum status operation_decode(struct bytes value, struct operation *ret);

#endif
