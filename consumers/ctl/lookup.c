#include "consumers/ctl/lookup.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/store/state.h"
#include "wire/decision_codec.h"

#define ARENA_SIZE   ((size_t)1 << 20)
#define ROW_SIZE_MAX ((size_t)256 << 20)

static const char nobody[CODE_SIZE + 1] = "000000000000000000";

/* ---- opening ------------------------------------------------------------------------------- */

static enum status open_parts(struct lookup *l, struct failure *err)
{
    enum status status = arena_open(&l->arena, ARENA_SIZE, err);

    l->decision = calloc(1, sizeof(*l->decision));
    l->undo = calloc(1, sizeof(*l->undo));
    if (status == STATUS_OK && (!l->decision || !l->undo)) {
        status = failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    if (status == STATUS_OK) {
        status = state_new(nobody, &l->state, err);
    }
    if (status == STATUS_OK) {
        status = reference_set_open(&l->references, err);
    }
    if (status == STATUS_OK) {
        status = desk_open(l->store, l->references, &l->desk, err);
    }
    return status == STATUS_OK ? desk_load_references(l->desk, err) : status;
}

enum status lookup_open(struct lookup *l, struct ctl *ctl, struct failure *err)
{
    enum status status;

    memset(l, 0, sizeof(*l));
    l->ctl = ctl;
    buffer_init(&l->row, ROW_SIZE_MAX);
    status = store_read_open(ctl->common->store, &l->store, err);
    if (status == STATUS_OK) {
        status = store_read_begin(l->store, err);
    }
    if (status == STATUS_OK) {
        status = store_ledger_read(l->store, &l->ledger, err);
    }
    if (status == STATUS_NOTFOUND) {
        (void)failure_add(err, "nothing was stored there yet");
    }
    if (status == STATUS_NOTFOUND || status == STATUS_IO) {
        ctl->code = EXIT_UNREACHABLE;
    }
    return status == STATUS_OK ? open_parts(l, err) : status;
}

void lookup_close(struct lookup *l)
{
    desk_close(l->desk);
    reference_set_close(l->references);
    state_free(l->state);
    if (l->store) {
        store_read_end(l->store);
    }
    store_close(l->store);
    free(l->decision);
    free(l->undo);
    arena_close(&l->arena);
    buffer_fini(&l->row);
}

enum status lookup_refresh(struct lookup *l, struct failure *err)
{
    enum status status;

    store_read_end(l->store);
    status = store_read_begin(l->store, err);
    return status == STATUS_OK ? desk_load_references(l->desk, err) : status;
}

uint32_t lookup_partition(const struct lookup *l, const char *enterprise)
{
    return partition_of_key(enterprise, CODE_SIZE, l->ledger.partitions);
}

enum status lookup_state(struct lookup *l, uint32_t partition, const char *enterprise,
                         struct failure *err)
{
    struct store_state found;
    char code[CODE_SIZE];
    enum status status;

    memcpy(code, enterprise, CODE_SIZE);
    status = store_state_find(l->store, partition, code, &found, err);
    if (status != STATUS_OK) {
        return status;
    }
    state_reset(l->state, code);
    status = state_decode(found.bytes, l->state, err);
    l->state->number = found.number;
    return status;
}

/* ---- own postings -------------------------------------------------------------------------- */

/* The posting of the undo that a posting of the decision came from. */
static const struct undo_posting *undo_posting_of(const struct undo *undo, const struct posting *p)
{
    for (uint32_t i = 0; i < undo->postings_n; i++) {
        const struct undo_posting *u = &undo->postings[i];

        if (u->key.kind == p->id.kind && u->currency == p->currency &&
            memcmp(&u->change, &p->change, sizeof(p->change)) == 0) {
            return u;
        }
    }
    return NULL;
}

static const struct undo_object *undo_object_of(const struct undo *undo, uint64_t owner)
{
    for (uint32_t i = 0; i < undo->objects_n; i++) {
        if (undo->objects[i].before.opened_number == owner) {
            return &undo->objects[i];
        }
    }
    return NULL;
}

static void name_investor(struct lookup *l, const struct limit_key *key, struct posting *posting)
{
    const struct decision *d = l->decision;
    const struct investor *investor = NULL;
    struct failure none;

    if (d->identity.enterprise.n == CODE_SIZE &&
        lookup_state(l, d->partition, d->identity.enterprise.at, &none) == STATUS_OK) {
        investor = enterprise_investor(l->state, key->owner, key->part);
    }
    if (investor) {
        memcpy(posting->id.part, investor->investor_no, LIMIT_PART_SIZE);
    } else {
        (void)snprintf(posting->id.part, LIMIT_PART_SIZE, "#%u", key->part);
    }
}

static void name_posting(struct lookup *l, struct posting *posting)
{
    const struct undo_posting *from = undo_posting_of(l->undo, posting);
    const struct undo_object *object = from ? undo_object_of(l->undo, from->key.owner) : NULL;

    if (!object) {
        return;
    }
    (void)snprintf(posting->id.object, sizeof(posting->id.object), "%s", object->before.number);
    if (posting->id.kind == LIMIT_FDI_PROFIT) {
        (void)snprintf(posting->id.part, sizeof(posting->id.part), "%u", from->key.part);
    } else if (posting->id.kind == LIMIT_FDI_INFLOW) {
        name_investor(l, &from->key, posting);
    }
}

/* ---- decisions ----------------------------------------------------------------------------- */

static enum status take(struct lookup *l, const struct journal_entry *entry,
                        const struct lookup_range *range, struct failure *err)
{
    enum status status;

    arena_reset(&l->arena);
    status = decision_decode(entry->decision, &l->arena, l->decision, err);
    if (status != STATUS_OK || !range->wants_names || entry->undo.n == 0) {
        return status;
    }
    status = undo_decode(entry->undo, l->undo, err);
    for (uint32_t i = 0; i < l->decision->postings_n && status == STATUS_OK; i++) {
        if (l->decision->postings[i].own) {
            name_posting(l, &l->decision->postings[i]);
            l->decision->postings[i].own = l->decision->postings[i].id.object[0] == '\0';
        }
    }
    return status;
}

/* The row that holds a number, copied: looking a state up takes the store's bytes away. */
static enum status copy_row(struct lookup *l, uint32_t partition, uint64_t number,
                            struct store_journal_row *ret, struct failure *err)
{
    enum status status = store_journal_find(l->store, partition, number, ret, err);

    if (status != STATUS_OK) {
        return status;
    }
    buffer_reset(&l->row);
    buffer_append(&l->row, ret->decisions.at, ret->decisions.n);
    buffer_append(&l->row, ret->undo.at, ret->undo.n);
    buffer_append(&l->row, ret->inputs.at, ret->inputs.n);
    ret->decisions.at = l->row.at;
    ret->undo.at = l->row.at + ret->decisions.n;
    ret->inputs.at = ret->undo.at + ret->undo.n;
    return buffer_check(&l->row, err);
}

struct walk {
    const struct lookup_range *range;
    lookup_decision_fn *fn;
    void *arg;
    uint64_t number; /* of the next decision; UINT64_MAX: fn stopped */
};

/* The decisions of one row. */
static enum status walk_row(struct lookup *l, const struct store_journal_row *row,
                            struct walk *walk, struct failure *err)
{
    const struct lookup_range *range = walk->range;
    struct journal_reader reader;
    struct journal_entry entry;
    enum status status = STATUS_OK;

    journal_reader_init(&reader, row);
    while (status == STATUS_OK) {
        status = journal_next(&reader, &entry, err);
        if (status != STATUS_OK || entry.number < walk->number) {
            continue;
        }
        if (entry.number > range->last) {
            return STATUS_OK;
        }
        walk->number = entry.number + 1;
        status = take(l, &entry, range, err);
        if (status == STATUS_OK && !walk->fn(walk->arg, l->decision)) {
            walk->number = UINT64_MAX;
            return STATUS_OK;
        }
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

enum status lookup_decisions(struct lookup *l, const struct lookup_range *range,
                             lookup_decision_fn *fn, void *arg, struct failure *err)
{
    struct walk walk = {
        .range = range, .fn = fn, .arg = arg, .number = range->first > 0 ? range->first : 1};
    enum status status = STATUS_OK;

    while (status == STATUS_OK && walk.number <= range->last) {
        const uint64_t before = walk.number;
        struct store_journal_row row;

        status = copy_row(l, range->partition, walk.number, &row, err);
        if (status == STATUS_OK) {
            status = walk_row(l, &row, &walk, err);
        }
        assert(status != STATUS_OK || walk.number > before);
    }
    return status;
}
