/* ledger catch-up: a store that is behind the topic - a restored backup - is brought up to it.
 *
 *            lock, look              decided, compared           renewed, group rewritten
 *   BEHIND ------------> STANDING ----------------------> ALIKE -------------------------> OWNER
 *      ^                     |                              |
 *      +---- difference, error, Ctrl-C: what was compared stays, run it again ----+
 *
 * Invariants:
 *   K1  what is adopted was compared first (adoption.h): whenever it ends early the store is a
 * right store that is less far behind, under the id that it had; K2  the store takes a new random
 * id before the group's offsets name it: the lost original, should it come back, is refused by
 * every claim (design, section 4: C5); K3  after that no worker on another store can publish, and
 * the topic is read once more.
 *
 * A crash between the new id and the group's offsets leaves a store that no worker goes on with
 * (78) and that catching up again makes good, although nothing is left to adopt. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chance.h"
#include "consumers/ctl/adoption.h"
#include "consumers/ctl/repair.h"

struct catch_up {
    struct ctl *ctl;
    struct repair repair;
    struct store_ledger ledger;
    struct store *store;
    struct adopter *adopter;
    struct adoption *adoptions; /* one a partition */
};

static enum status check_partitions(const struct catch_up *c, struct failure *err)
{
    if (c->ledger.partitions != c->repair.partitions_n) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "the store's ledger has %u partitions, the topics have %u",
                           c->ledger.partitions, c->repair.partitions_n);
    }
    return repair_check_ledger(&c->repair, c->ledger.ledger_id, err);
}

static enum status open_all(struct catch_up *c, struct failure *err)
{
    enum status status = repair_store_open(c->ctl, &c->store, &c->ledger, err);

    if (status == STATUS_OK) {
        status = repair_open(&c->repair, c->ctl, err);
    }
    if (status == STATUS_OK) {
        status = repair_stand(&c->repair, err);
    }
    if (status == STATUS_OK) {
        status = check_partitions(c, err);
    }
    if (status == STATUS_OK) {
        status = adopter_open(&c->repair, c->store, &c->ledger, &c->adopter, err);
    }
    if (status == STATUS_OK) {
        c->adoptions = calloc((size_t)c->repair.partitions_n + 1, sizeof(*c->adoptions));
        status = c->adoptions ? STATUS_OK
                              : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    return status;
}

static enum status look_all(struct catch_up *c, bool *ret_behind, struct failure *err)
{
    enum status status = STATUS_OK;

    *ret_behind = false;
    for (uint32_t p = 0; p < c->repair.partitions_n && status == STATUS_OK; p++) {
        struct adoption *at = &c->adoptions[p];

        status = adopter_look(c->adopter, p, at, err);
        *ret_behind = *ret_behind || (status == STATUS_OK && at->published > at->number);
    }
    return status;
}

static enum status adopt_all(struct catch_up *c, struct progress *progress, struct failure *err)
{
    enum status status = STATUS_OK;

    for (uint32_t p = 0; p < c->repair.partitions_n && status == STATUS_OK; p++) {
        const uint64_t before = c->adoptions[p].number_before;

        status = adopter_run(c->adopter, p, progress, &c->adoptions[p], err);
        c->adoptions[p].number_before = before;
    }
    return status;
}

/* K2. */
static enum status take_over(struct catch_up *c, struct failure *err)
{
    enum status status = chance_fill(c->ledger.store_id, STORE_ID_SIZE, err);

    if (status == STATUS_OK) {
        status = store_ledger_renew(c->store, c->ledger.store_id, err);
    }
    return status == STATUS_OK ? adoption_take_group(&c->repair, &c->ledger, c->adoptions, err)
                               : status;
}

static enum status bring_up(struct catch_up *c, struct failure *err)
{
    struct progress progress;
    char text[ADOPTION_TEXT_SIZE];
    enum status status = repair_begin(&c->repair, err);

    if (status != STATUS_OK) {
        return status;
    }
    progress_init(&progress, "catch-up", "decisions", 0);
    status = adopt_all(c, &progress, err);
    if (status == STATUS_OK) {
        status = take_over(c, err);
    }
    if (status == STATUS_OK) {
        status = repair_stand(&c->repair, err); /* K3: once more */
    }
    if (status == STATUS_OK) {
        status = adopt_all(c, &progress, err);
    }
    progress_fini(&progress);
    adoption_text(&c->repair, &c->ledger, c->adoptions, text);
    return repair_end(&c->repair, status, text, err);
}

static void tell(const struct catch_up *c, bool is_owner)
{
    if (!is_owner && c->repair.owner[0]) {
        (void)fprintf(stderr, "filingctl: the group's offsets name another store: '%s'\n",
                      c->repair.owner);
    }
    for (uint32_t p = 0; p < c->repair.partitions_n; p++) {
        if (c->adoptions[p].is_short) {
            (void)fprintf(stderr,
                          "filingctl: partition %u: decisions are missing in the topic: run "
                          "'filingctl decisions republish'\n",
                          p);
        }
    }
}

static enum status catch_up(struct catch_up *c, struct failure *err)
{
    bool is_behind = false;
    bool is_owner = false;
    enum status status = look_all(c, &is_behind, err);

    if (status != STATUS_OK) {
        return status;
    }
    is_owner = repair_owns(&c->repair, &c->ledger);
    tell(c, is_owner);
    if (!is_behind && is_owner) {
        (void)fprintf(stderr, "filingctl: the store has all that is published: nothing to do\n");
        return adoption_print(c->ctl, c->adoptions, c->repair.partitions_n, err);
    }
    if (c->ctl->settings->yes) {
        status = bring_up(c, err);
    }
    if (status == STATUS_OK) {
        status = adoption_print(c->ctl, c->adoptions, c->repair.partitions_n, err);
    }
    return status == STATUS_OK
               ? repair_consent(c->ctl,
                                "decides on to what is published, and lets the group name this "
                                "store under a new id",
                                err)
               : status;
}

enum status ledger_catch_up(struct ctl *ctl, struct failure *err)
{
    struct catch_up c = {.ctl = ctl, .repair = {.ctl = ctl}};
    enum status status = open_all(&c, err);

    if (status == STATUS_OK) {
        status = catch_up(&c, err);
    }
    adopter_close(c.adopter);
    store_close(c.store);
    free(c.adoptions);
    repair_close(&c.repair, status);
    return status;
}
