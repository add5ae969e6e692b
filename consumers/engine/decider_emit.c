#include <inttypes.h>
#include <string.h>

#include "consumers/engine/decider_inside.h"
#include "consumers/store/state.h"
#include "wire/decision_codec.h"

void decider_advance(struct decider *d, struct bytes decision)
{
    d->position.number++;
    memcpy(d->position.chain, decision.at + decision.n - DIGEST_SIZE, DIGEST_SIZE);
    d->trigger.made++;
}

enum status decider_emit(struct decider *d, const struct emission *emission, struct failure *err)
{
    struct desk *const desk = d->desk;
    const struct decide_result *const result = &desk->result;
    const size_t n = decision_encode(desk->hash, &result->decision, d->position.chain, desk->out);
    struct journal_entry entry = {
        .input_offset = result->decision.input_offset,
        .decision = {.at = desk->out, .n = n},
        .has_key = emission->has_key,
        .key = emission->key,
    };
    enum status status;

    if (d->recovery.is_active) {
        status = decider_journal_compare(d, entry.decision, err);
    } else {
        buffer_reset(&desk->undo_bytes);
        if (result->has_undo) {
            undo_encode(&result->undo, &desk->undo_bytes);
            status = buffer_check(&desk->undo_bytes, err);
            if (status != STATUS_OK) {
                return failure_add(err, "cannot keep the undo of decision %" PRIu64,
                                   d->position.number + 1);
            }
        }
        entry.undo = buffer_bytes(&desk->undo_bytes);
        status = batch_part_append(d->part, &entry, err);
    }
    if (status == STATUS_OK) {
        decider_advance(d, entry.decision);
    }
    return status;
}
