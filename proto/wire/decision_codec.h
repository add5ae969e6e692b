/* decision_codec.h - decisions as bytes and back, and their chain (design, section 2, "Decision
 * bytes").
 *
 * The bytes are those of filing.v1.Decision in its canonical encoding: at most 256 with two
 * postings and 384 with four for amounts up to 10^12 minor units, never above DECISION_SIZE_MAX.
 * The chain is the last field, so the last 35 bytes:
 *   chain = SHA-256(previous chain, value without those 35 bytes).
 *
 * Own postings.  A posting whose decision.own is set leaves object and part out.  It may be set
 * when they are the filing's own: for fdi.preliminary and outbound.preliminary the application_no
 * of its details, for the other fdi.* and for outbound.remittance the registration_no, for
 * financing.contract and financing.principal the contract_no, for outbound.loan the loan_no; and
 * the part, where the kind has one, is the investor_no or the fiscal_year of the details.  Limits
 * without an object are never own.
 *
 * Identity.  What is well formed travels packed (UUID, bank, event, date); other text as filed, cut
 * on a code point's boundary to IDENTITY_TEXT_MAX bytes (to less when reasons and postings need the
 * room); text that is not UTF-8 is left out. */
#ifndef WIRE_DECISION_CODEC_H
#define WIRE_DECISION_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/decision.h"
#include "form/document.h"
#include "wire/arena.h"
#include "wire/hash.h"

#define DECISION_CHAIN_SIZE 35 /* tag, length and digest of the chain field */

/* Ordinal of a bulletin among the events: fixed, while the catalogue of events grows. */
#define EVENT_ORDINAL_BULLETIN 127

/* Write the decision with its chain into out, which has DECISION_SIZE_MAX bytes, and return the
 * length; the new chain is the last DIGEST_SIZE bytes.  decision->chain is not read. */
size_t decision_encode(struct hash *hash, const struct decision *decision,
                       const uint8_t previous_chain[DIGEST_SIZE], uint8_t *out);

/* Read one.  Texts are borrowed from the bytes or the arena.  A posting without an object whose
 * kind has one is own.  Fields that nobody knows are passed over.  STATUS_CORRUPT when it is no
 * decision, STATUS_LIMIT when the arena is full. */
MUST_CHECK enum status decision_decode(struct bytes value, struct arena *arena,
                                       struct decision *ret, struct failure *err);

/* Does value follow previous_chain?  False too when value does not end in a chain field. */
bool decision_chain_check(struct hash *hash, const uint8_t previous_chain[DIGEST_SIZE],
                          struct bytes value);

/* The chain at the end of value; NULL when it does not end in a chain field. */
const uint8_t *decision_chain(struct bytes value);

/* The numbers of a filing that own postings mean. */
struct own_numbers {
    struct text registration_no;
    struct text application_no;
    struct text contract_no;
    struct text loan_no;
    struct text investor_no;
    bool has_fiscal_year;
    int64_t fiscal_year;
};

/* Read them from a filing's document; texts are borrowed from it. */
void own_numbers_read(const struct document *doc, struct own_numbers *ret);

/* Put the filing's own object and part into the id of a limit of some kind. */
void own_numbers_fill(const struct own_numbers *own, struct limit_id *id);

/* The same for all own postings of a decision. */
void decision_fill_own(struct decision *decision, const struct own_numbers *own);

#endif
