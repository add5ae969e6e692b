/* ledger rebuild: a new store from filings.submitted.v1 alone, when the old one is lost.
 *
 *              looked at            decided, compared         group rewritten        named
 *   NOTHING ------------> STANDING ------------------> WHOLE -----------------> OWNER ------> STORE
 *      ^                     |                           |
 *      +---- a difference, an error, Ctrl-C: the unfinished file is removed ----+
 *
 * Invariants:
 *   B1  until it is whole and the group's offsets name it, it lies under FILE.rebuild; only then it
 *       is copied to FILE, checked, and named in one step.  Whatever ends it before leaves no FILE;
 *       a FILE.rebuild that was left by a crash is never gone on with;
 *   B2  FILE.lock is held from the first look to the end, so no worker makes a store there
 * meanwhile; a store with a ledger is never replaced; B3  every decision of filings.decided.v1 was
 * compared with the one that the log leads to (adoption.h), those published while it was decided
 * too: after the group's offsets name the new store, no worker on another one can publish, and the
 * topic is read once more.
 *
 * A crash between OWNER and STORE leaves a group that names a store which nobody has: every worker
 * ends with 78, and rebuilding again makes it good. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/chance.h"
#include "base/file.h"
#include "base/signals.h"
#include "consumers/audit/log_reader.h"
#include "consumers/ctl/adoption.h"
#include "consumers/ctl/repair.h"
#include "consumers/engine/bulletin.h"
#include "consumers/store/store_read.h"

#define SCHEME   "sqlite:"
#define FILE_MAX 4096

struct rebuild {
    struct ctl *ctl;
    struct repair repair;
    const char *file;
    char unfinished[FILE_MAX + sizeof(SCHEME)]; /* a spec: sqlite:FILE.rebuild */
    int lock_fd;
    struct store_ledger ledger;
    struct store *store;
    struct adopter *adopter;
    struct adoption *adoptions; /* one a partition */
};

/* ---- the place of the new store -------------------------------------------------------------- */

static void remove_files(const char *file)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    char path[FILE_MAX + sizeof(SCHEME)];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", file, ends[i]);
        (void)unlink(path); /* what is not there need not go */
    }
}

static const char *unfinished_file(const struct rebuild *r)
{
    return r->unfinished + strlen(SCHEME);
}

static enum status lock_place(struct rebuild *r, struct failure *err)
{
    const char *spec = r->ctl->common->store;
    char lock[FILE_MAX];
    enum status status;

    if (strncmp(spec, SCHEME, strlen(SCHEME)) != 0 || !spec[strlen(SCHEME)] ||
        strlen(spec) > FILE_MAX - 16) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "'%.150s' is no place for a new store: write --store sqlite:FILE", spec);
    }
    r->file = spec + strlen(SCHEME);
    (void)snprintf(r->unfinished, sizeof(r->unfinished), "%s.rebuild", spec);
    (void)snprintf(lock, sizeof(lock), "%s.lock", r->file);
    status = file_lock(lock, &r->lock_fd, err);
    if (status == STATUS_DENIED && err->remedy == REMEDY_RETRY) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%.150s' is in use: stop the worker first", r->file);
    }
    return status;
}

/* An empty file may be there (a worker that met no broker leaves one); a ledger may not (B2). */
static enum status check_place(const struct rebuild *r, struct failure *err)
{
    struct store_ledger ledger;
    struct store *store = NULL;
    enum status status = store_read_open(r->ctl->common->store, &store, err);

    if (status == STATUS_OK) {
        status = store_ledger_read(store, &ledger, err);
    }
    store_close(store);
    if (status == STATUS_OK) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%.150s' holds a ledger: move it away first ('ledger catch-up' brings "
                           "an older one up)",
                           r->file);
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

/* ---- which ledger ---------------------------------------------------------------------------- */

static enum status check_log_start(const struct rebuild *r, struct failure *err)
{
    for (uint32_t p = 0; p < r->repair.partitions_n; p++) {
        const struct repair_ends *ends = &r->repair.ends[p];

        if (ends->submitted_first > 0) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "partition %" PRIu32 ": the log begins at %" PRId64
                               ": what was filed before is gone, only a backup can be brought up",
                               p, ends->submitted_first);
        }
        if (ends->submitted == 0) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "partition %" PRIu32 " is empty: no ledger was founded here", p);
        }
    }
    return STATUS_OK;
}

static enum status read_founding(struct rebuild *r, struct desk *desk, struct failure *err)
{
    const struct log_reader_conf conf = {.handle = r->repair.committed,
                                         .topic = r->ctl->topics.submitted,
                                         .end = r->repair.ends[0].submitted};
    struct log_reader *reader = NULL;
    struct bus_record record;
    struct founded founded;
    bool is_end = false;
    enum status status = log_reader_open(&conf, &reader, err);

    if (status == STATUS_OK) {
        status = log_reader_next(reader, &record, &is_end, err);
    }
    if (status == STATUS_OK && is_end) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "partition 0 has no committed record: no ledger was founded here");
    }
    if (status == STATUS_OK) {
        status = bulletin_founding(desk, &record, &founded, err);
    }
    log_reader_close(reader);
    if (status == STATUS_OK && founded.partitions != r->repair.partitions_n) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "the ledger was founded with %" PRIu32
                             " partitions, the topics have %" PRIu32,
                             founded.partitions, r->repair.partitions_n);
    }
    if (status == STATUS_OK) {
        r->ledger = (struct store_ledger){.schema = STORE_SCHEMA, .partitions = founded.partitions};
        memcpy(r->ledger.ledger_id, founded.ledger_id, LEDGER_ID_SIZE);
        status = chance_fill(r->ledger.store_id, STORE_ID_SIZE, err);
    }
    return status;
}

/* The founding record says which ledger it is; the group's offsets, if there are any, too. */
static enum status know_ledger(struct rebuild *r, struct failure *err)
{
    struct reference_set *references = NULL;
    struct store *nothing = NULL;
    struct desk *desk = NULL;
    enum status status = store_open("memory:", &nothing, err);

    if (status == STATUS_OK) {
        status = reference_set_open(&references, err);
    }
    if (status == STATUS_OK) {
        status = desk_open(nothing, references, &desk, err);
    }
    if (status == STATUS_OK) {
        status = read_founding(r, desk, err);
    }
    desk_close(desk);
    reference_set_close(references);
    store_close(nothing);
    return status == STATUS_OK ? repair_check_ledger(&r->repair, r->ledger.ledger_id, err) : status;
}

/* ---- deciding -------------------------------------------------------------------------------- */

static enum status open_store(struct rebuild *r, const char *spec, struct failure *err)
{
    enum status status = store_open(spec, &r->store, err);

    if (status == STATUS_OK) {
        status = store_ledger_found(r->store, &r->ledger, err);
    }
    if (status == STATUS_OK) {
        status = adopter_open(&r->repair, r->store, &r->ledger, &r->adopter, err);
    }
    return status;
}

/* Without --yes: what is there, and nothing else. */
static enum status show(struct rebuild *r, struct failure *err)
{
    enum status status = open_store(r, "memory:", err);

    for (uint32_t p = 0; p < r->repair.partitions_n && status == STATUS_OK; p++) {
        status = adopter_look(r->adopter, p, &r->adoptions[p], err);
    }
    if (status == STATUS_OK) {
        status = adoption_print(r->ctl, r->adoptions, r->repair.partitions_n, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    (void)fprintf(stderr, "filingctl: the group's offsets name '%s'\n", r->repair.owner);
    return repair_consent(r->ctl, "decides the log into a new store and lets the group name it",
                          err);
}

static enum status adopt_all(struct rebuild *r, struct progress *progress, bool is_first,
                             struct failure *err)
{
    enum status status = STATUS_OK;

    assert(r->adoptions);
    for (uint32_t p = 0; p < r->repair.partitions_n && status == STATUS_OK; p++) {
        const uint64_t before = r->adoptions[p].number_before;

        status = adopter_run(r->adopter, p, progress, &r->adoptions[p], err);
        if (!is_first) {
            r->adoptions[p].number_before = before;
        }
    }
    return status;
}

static enum status decide(struct rebuild *r, struct failure *err)
{
    struct progress progress;
    enum status status;

    remove_files(unfinished_file(r));
    status = open_store(r, r->unfinished, err);
    progress_init(&progress, "rebuild", "decisions", 0);
    if (status == STATUS_OK) {
        status = adopt_all(r, &progress, true, err);
    }
    if (status == STATUS_OK) {
        status = adoption_take_group(&r->repair, &r->ledger, r->adoptions, err);
    }
    if (status == STATUS_OK) {
        status = repair_stand(&r->repair, err); /* B3: once more */
    }
    if (status == STATUS_OK) {
        status = adopt_all(r, &progress, false, err);
    }
    progress_fini(&progress);
    return status;
}

static void close_store(struct rebuild *r)
{
    adopter_close(r->adopter);
    r->adopter = NULL;
    store_close(r->store);
    r->store = NULL;
}

/* B1.  The log of a database that is gone is worthless beside another one, and SQLite would take it
 * for the new one's: it goes. */
static enum status name_store(struct rebuild *r, struct failure *err)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[FILE_MAX];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", r->file, ends[i]);
        (void)unlink(path);
    }
    return store_read_backup(r->unfinished, r->file, err);
}

static enum status rebuild(struct rebuild *r, struct failure *err)
{
    char text[ADOPTION_TEXT_SIZE];
    enum status status = repair_begin(&r->repair, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = decide(r, err);
    close_store(r);
    if (status == STATUS_OK) {
        status = name_store(r, err);
    }
    remove_files(unfinished_file(r));
    adoption_text(&r->repair, &r->ledger, r->adoptions, text);
    status = repair_end(&r->repair, status, status == STATUS_OK ? text : "", err);
    return status == STATUS_OK ? adoption_print(r->ctl, r->adoptions, r->repair.partitions_n, err)
                               : status;
}

enum status ledger_rebuild(struct ctl *ctl, struct failure *err)
{
    struct rebuild r = {.ctl = ctl, .repair = {.ctl = ctl}, .lock_fd = -1};
    enum status status = lock_place(&r, err);

    if (status == STATUS_OK) {
        status = check_place(&r, err);
    }
    if (status == STATUS_OK) {
        status = repair_open(&r.repair, ctl, err);
    }
    if (status == STATUS_OK) {
        status = repair_stand(&r.repair, err);
    }
    if (status == STATUS_OK) {
        status = check_log_start(&r, err);
    }
    if (status == STATUS_OK) {
        status = know_ledger(&r, err);
    }
    if (status == STATUS_OK) {
        r.adoptions = calloc((size_t)r.repair.partitions_n + 1, sizeof(*r.adoptions));
        status = r.adoptions ? STATUS_OK
                             : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    if (status == STATUS_OK) {
        status = ctl->settings->yes ? rebuild(&r, err) : show(&r, err);
    }
    close_store(&r);
    free(r.adoptions);
    repair_close(&r.repair, status);
    file_unlock(r.lock_fd);
    return status;
}
