/* bulletin.h - may a bulletin come into force in a partition (design, section 2; rulebook section
 * 8).
 *
 * Judging changes nothing.  What cannot be decoded is no bulletin (101); one with a key, a wrong
 * number or signature, or contents that do not fit what is in force is refused (118) with a fault
 * that says why.  The first bulletin of a ledger is the founding record, signed by two ISSUERs that
 * it names itself. */
#ifndef ENGINE_BULLETIN_H
#define ENGINE_BULLETIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/engine/bus.h"
#include "consumers/engine/desk.h"
#include "form/reference.h"

struct bulletin_case {
    struct bytes bulletin; /* bytes of the Bulletin; of a pack those of the Content */
    bool is_pack;          /* not signed, no founding record before it */
    bool has_key;          /* its record has a key */
    int64_t as_of;         /* last bulletin accepted here, REFERENCE_NOTHING = none */
    int32_t received_on;
    const uint8_t *ledger_id;
};

struct bulletin_judgement {
    bool is_decodable;
    bool is_refused; /* fault says why */
    struct fault fault;
    struct bytes content_bytes;
    struct content content; /* in the desk's bulletin arena; whole only when not refused */
};

/* STATUS_CONFLICT: a policy with rules that this program does not know, of a bulletin that would
 * else be accepted (exit 78). */
MUST_CHECK enum status bulletin_judge(struct desk *desk, const struct bulletin_case *given,
                                      struct bulletin_judgement *ret, struct failure *err);

/* The ledger that the first record of a partition founds; STATUS_CONFLICT when it is no founding
 * record, with a text that says what to do. */
struct founded {
    uint8_t ledger_id[LEDGER_ID_SIZE];
    uint32_t partitions;
    bool in_memory;
};
MUST_CHECK enum status bulletin_founding(struct desk *desk, const struct bus_record *record,
                                         struct founded *ret, struct failure *err);

#endif
