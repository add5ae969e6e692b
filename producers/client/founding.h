/* founding.h - which ledger this is: the founding record as filings.reference.v1 has it (design,
 * section 2).
 *
 * The record is believed when it is bulletin 0, approved by the ISSUERs that it names itself: two,
 * or one in a demonstration.  Who has the ledger id from elsewhere compares it. */
#ifndef CLIENT_FOUNDING_H
#define CLIENT_FOUNDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "kafka/settings.h"
#include "wire/hash.h"

struct founding_facts {
    uint8_t ledger_id[LEDGER_ID_SIZE];
    uint32_t partitions;
    bool is_demonstration; /* filings may be unsigned */
};

/* Read the reference topic from its start until the record.  topic is its full name.
 * STATUS_NOTFOUND when the topic does not exist or holds no founding record; STATUS_KAFKA when it
 * cannot be read within timeout_ms. */
MUST_CHECK enum status founding_learn(const struct kafka_options *kafka, const char *topic,
                                      int timeout_ms, struct founding_facts *ret,
                                      struct failure *err);

/* The facts of a value of that topic.  False when it is not a founding record, or not a rightly
 * approved one. */
bool founding_read(struct bytes value, struct founding_facts *ret);

#endif
