#include "consumers/engine/desk.h"

#include <stdlib.h>

/* Texts of one decision, and some. */
#define SEEN_ARENA_SIZE ((size_t)1 << 20)

enum status desk_open(struct store *store, struct reference_set *references, struct desk **ret,
                      struct failure *err)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    enum status status;

    if (!desk) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot decide: out of memory");
    }
    desk->store = store;
    desk->references = references;
    buffer_init(&desk->undo_bytes, (size_t)1 << 24);
    status = hash_open(&desk->hash, err);
    if (status != STATUS_OK) {
        goto out;
    }
    status = signer_open(&desk->signer, err);
    if (status != STATUS_OK) {
        goto out;
    }
    status = arena_open(&desk->arena, ARENA_FILING_MAX, err);
    if (status != STATUS_OK) {
        goto out;
    }
    status = arena_open(&desk->held_arena, ARENA_FILING_MAX, err);
    if (status != STATUS_OK) {
        goto out;
    }
    status = arena_open(&desk->seen_arena, SEEN_ARENA_SIZE, err);
    if (status != STATUS_OK) {
        goto out;
    }
    status = arena_open(&desk->bulletin_arena, ARENA_BULLETIN_MAX, err);
    if (status != STATUS_OK) {
        goto out;
    }
    *ret = desk;
    desk = NULL; /* given to the caller */

out:
    desk_close(desk);
    return status;
}

void desk_close(struct desk *desk)
{
    if (!desk) {
        return;
    }
    buffer_fini(&desk->undo_bytes);
    arena_close(&desk->bulletin_arena);
    arena_close(&desk->seen_arena);
    arena_close(&desk->held_arena);
    arena_close(&desk->arena);
    signer_close(desk->signer);
    hash_close(desk->hash);
    free(desk);
}

enum status desk_load_references(struct desk *desk, struct failure *err)
{
    struct store_bulletin bulletin;

    for (;;) {
        enum status status;

        while (reference_set_has(desk->references, desk->bulletin_next)) {
            desk->bulletin_next++; /* a partition of ours met it */
        }
        status = store_bulletin_next(desk->store, desk->bulletin_next, &bulletin, err);

        if (status == STATUS_NOTFOUND) {
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return status;
        }
        status = reference_set_apply(desk->references, bulletin.number, bulletin.content, err);
        if (status != STATUS_OK) {
            return status;
        }
        desk->bulletin_next = bulletin.number + 1;
    }
}
