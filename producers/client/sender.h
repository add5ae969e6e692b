/* sender.h - filing bytes to filings.submitted.v1: signed, in the order given, each acknowledged.
 *
 * Promises:
 *   N1  the producer is idempotent with acks=all and murmur2_random, and no record is given up
 *       while the sender lives: what one enterprise filed stands in the log in the order in which
 *       it was sent;
 *   N2  the callback is called once for every record that was accepted by sender_send(), in
 *       sender_poll() or sender_close() and nowhere else;
 *   N3  an unsigned filing is sent to a demonstration ledger only.
 *
 * One thread.  A broker that cannot be reached is STATUS_KAFKA with REMEDY_RETRY and its address in
 * the text. */
#ifndef CLIENT_SENDER_H
#define CLIENT_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/conf.h"
#include "base/status.h"
#include "form/decision.h"
#include "producers/client/founding.h"
#include "producers/client/keyring.h"
#include "wire/headers.h"

#define SENDER_OUTSTANDING_MAX 10000 /* acknowledged within a second, so that stopping is quick */

/* What became of a record.  Borrowed for the call. */
struct sender_receipt {
    void *tag;            /* as given to sender_send() */
    struct failure *fail; /* NULL: it is in the log; else it may or may not be */
    int32_t partition;
    int64_t offset;
};
typedef void sender_receipt_fn(void *arg, const struct sender_receipt *receipt);

struct sender_conf {
    const char *bootstrap;
    const char *prefix;
    const char *client_id;
    const struct conf_property *properties; /* kept */
    size_t properties_n;
    const char *ledger_id;   /* 32 hex digits; NULL: learned from filings.reference.v1 */
    const char *traceparent; /* a header that passes through; NULL: none; kept */
    struct keyring *keyring; /* kept; NULL: unsigned */
    sender_receipt_fn *received;
    void *arg;
    int timeout_ms; /* of each question at open */
};

struct sender;

/* Reach the broker, learn the ledger, make the producer.  STATUS_DENIED: no keyring, and the ledger
 * is no demonstration.  STATUS_CONFLICT: the topic is not there, has another count of partitions
 * than the founding record, or that is another ledger's than configured.  ret: gives;
 * sender_close(). */
MUST_CHECK enum status sender_open(const struct sender_conf *conf, struct sender **ret,
                                   struct failure *err);
/* Gives up what is outstanding, with a receipt that says so for each. */
void sender_close(struct sender *sender);

const struct topics *sender_topics(const struct sender *sender);
const uint8_t *sender_ledger_id(const struct sender *sender);
bool sender_is_demonstration(const struct sender *sender);
int32_t sender_partitions(const struct sender *sender);

/* Sign and queue.  identity: all of it well formed.  STATUS_LIMIT with REMEDY_RETRY: poll first, as
 * SENDER_OUTSTANDING_MAX are under way.  After any failure tag is still the caller's. */
MUST_CHECK enum status sender_send(struct sender *sender, struct bytes filing,
                                   const struct identity *identity, void *tag, struct failure *err);

/* Give receipts, waiting for one at most timeout_ms. */
void sender_poll(struct sender *sender, int timeout_ms);
uint32_t sender_outstanding(const struct sender *sender);

/* What librdkafka gave up for good (no permission, fatal), else STATUS_OK. */
MUST_CHECK enum status sender_health(const struct sender *sender, struct failure *err);

#endif
