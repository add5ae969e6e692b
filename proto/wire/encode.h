/* encode.h - writing what is published: documents to bytes of the log (design, section 2).
 *
 * Every encoding here is the canonical one: ascending field numbers, each once, shortest varints,
 * plain fields at their default left out.  What has no canonical encoding (an unknown field or
 * event, a wrong type, an amount that is no plain decimal) is STATUS_INVALID with a text that names
 * the field.  Results are taken from the arena and live as long as its contents. */
#ifndef WIRE_ENCODE_H
#define WIRE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/document.h"
#include "wire/arena.h"
#include "wire/submission.h"

/* A filing in the shape of its JSON.  A value keeps its decimals: "5000.0" becomes 50000 with scale
 * 1.  STATUS_LIMIT when the bytes are above FILING_SIZE_MAX. */
MUST_CHECK enum status filing_encode(const struct document *doc, struct arena *arena,
                                     struct bytes *ret, struct failure *err);

/* The same without that cap, for those who must know what an undecodable filing's bytes are: packs.
 */
MUST_CHECK enum status filing_encode_oversize(const struct document *doc, struct arena *arena,
                                              struct bytes *ret, struct failure *err);

/* A Submission around filing bytes; key_id of length 0 = unsigned, and signature is not read. */
MUST_CHECK enum status submission_encode(struct bytes filing, struct text key_id,
                                         struct bytes signature, struct arena *arena,
                                         struct bytes *ret);

/* A Submission around bulletin bytes. */
MUST_CHECK enum status submission_encode_bulletin(struct bytes bulletin, struct arena *arena,
                                                  struct bytes *ret);

/* One object of rulebook section 9 (root with "kind") to the bytes of a Reference. */
MUST_CHECK enum status reference_encode(const struct document *doc, struct arena *arena,
                                        struct bytes *ret, struct failure *err);

/* A Content of items given as bytes of References. */
MUST_CHECK enum status content_encode(uint64_t number, const struct bytes *items, size_t items_n,
                                      struct arena *arena, struct bytes *ret);

/* What stands in the founding record; operators is a document as founding_read_operators() takes
 * it. */
struct founding_parts {
    const struct document *operators;
    uint32_t partitions;
    bool demonstration;
    bool in_memory;
    uint8_t random[16];
};

/* Content number 0. */
MUST_CHECK enum status founding_encode(const struct founding_parts *founding, struct arena *arena,
                                       struct bytes *ret, struct failure *err);

/* STATUS_LIMIT when there are more than APPROVALS_MAX approvals or the bytes are above
 * BULLETIN_SIZE_MAX. */
MUST_CHECK enum status bulletin_encode(struct bytes content, const struct approval *approvals,
                                       size_t approvals_n, struct arena *arena, struct bytes *ret);

#endif
