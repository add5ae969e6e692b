/* issue.h - who acts, and how what he does reaches the log.
 *
 * Promises:
 *   I1  a bulletin reaches every partition of filings.submitted.v1, filings.reference.v1 and, as an
 *       operation, filings.operations.v1 in one Kafka transaction or not at all;
 *   I2  all who issue use the one transactional id <prefix>reference: opening an issuer ends what
 *       another one had begun, so that what is read after it cannot be added to by others. */
#ifndef CTL_ISSUE_H
#define CTL_ISSUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/ctl/ctl.h"
#include "consumers/ctl/ledger_log.h"
#include "kafka/producer.h"
#include "wire/arena.h"
#include "wire/records.h"
#include "wire/sign.h"

#define PERSON_SIZE 129
#define KEY_ID_SIZE 33

/* A private key and whose it is. */
struct operator_key {
    struct signing_key *key;
    uint8_t public_key[PUBLIC_KEY_SIZE];
    char person[PERSON_SIZE];
    char key_id[KEY_ID_SIZE];
};

/* Read the key; whose it is stays open.  STATUS_DENIED when it cannot be had (exit 5). */
MUST_CHECK enum status operator_key_open(struct operator_key *key, const char *path,
                                         struct failure *err);
void operator_key_close(struct operator_key *key);

/* Find the ISSUER among members whose key it is, valid on a date.  False when it is nobody's. */
bool operator_key_match(struct operator_key *key, const struct member *member, int32_t on);

/* Find whose it is among the operators in force with any of these roles (enum role), valid on a
 * date.  False when it is nobody's. */
bool operator_key_find(struct operator_key *key, const struct ledger_log *log, uint32_t roles,
                       int32_t on);

MUST_CHECK enum status operator_key_sign(const struct operator_key *key, struct signer *signer,
                                         const struct signed_message *message,
                                         uint8_t out[SIGNATURE_SIZE], struct failure *err);

/* What an act sends. */
struct act {
    const uint8_t *ledger_id;
    struct bytes submission; /* to every partition; n 0 = none */
    uint64_t number;         /* of its bulletin */
    int32_t partitions;
    const char *reference_key;
    struct bytes reference;
    const char *command; /* "reference approve" */
    const char *result;  /* for filings.operations.v1 */
};

struct issuer {
    struct ctl *ctl;
    struct producer *producer;
    struct ledger_log *log;
    struct operator_key operator;
    struct arena arena;
    int32_t today_on; /* in Asia/Shanghai */
};

/* Make the producer and read the reference topic after it; founded or not. */
MUST_CHECK enum status issuer_open(struct issuer *issuer, struct ctl *ctl, struct failure *err);
/* The key of the configuration, and its owner among the operators in force.  STATUS_DENIED. */
MUST_CHECK enum status issuer_identify(struct issuer *issuer, struct failure *err);
void issuer_close(struct issuer *issuer);

MUST_CHECK enum status issuer_act(struct issuer *issuer, const struct act *act,
                                  struct failure *err);

#endif
