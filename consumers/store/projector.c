/* projector.c - journal rows and states to readable rows, step by step. */
#include "consumers/store/projector.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "consumers/core/enterprise.h"
#include "consumers/store/state.h"
#include "consumers/store/store_read.h"
#include "consumers/store/views_db.h"
#include "wire/arena.h"
#include "wire/decision_codec.h"

#define MAGIC       0x70726f6aU
#define SCHEME      "sqlite:"
#define VIEWS_END   "-views.db"
#define STEP_MAX    5000 /* decisions of one step: keeps its view of the store below a second */
#define NICE        10
#define LOOK_MS     250
#define FAILED_MS   2000
#define LENGTH_SIZE 4 /* be32 before each decision and undo */

struct projector {
    uint32_t magic;
    char *spec; /* NULL: the store is the caller's */
    char *views_file;
    struct store *store;
    struct views_db *views;
    struct store_ledger ledger;
    struct arena arena;
    struct enterprise *state;
    struct decision decision; /* large: one for all */
    struct undo undo;
    bool has_undo;
    uint64_t lag;  /* of the step under way */
    uint64_t left; /* decisions that the step may still write */
    /* the thread */
    pthread_t thread;
    bool is_running;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t wake;
    bool is_stopping;
    struct projector_status status;
};

/* ---- one decision -------------------------------------------------------------------------- */

/* The number space of the object that a limit belongs to. */
static enum space space_of(enum limit_kind kind)
{
    switch (kind) {
    case LIMIT_FDI_INFLOW:
    case LIMIT_FDI_EXCESS:
    case LIMIT_FDI_CAPITAL:
    case LIMIT_FDI_SETTLED:
    case LIMIT_FDI_OUTFLOW:
    case LIMIT_FDI_PROFIT:
    case LIMIT_OUTBOUND_REMITTANCE:
        return SPACE_REGISTRATION;
    case LIMIT_FDI_PRELIMINARY:
    case LIMIT_OUTBOUND_PRELIMINARY:
        return SPACE_APPLICATION;
    case LIMIT_FINANCING_CONTRACT:
    case LIMIT_FINANCING_PRINCIPAL:
        return SPACE_CONTRACT;
    case LIMIT_OUTBOUND_LOAN:
        return SPACE_LOAN;
    case LIMIT_NONE:
    case LIMIT_FINANCING_MACROPRUDENTIAL:
    case LIMIT_FINANCING_GAP:
    case LIMIT_FINANCING_FACILITATION:
    case LIMIT_OUTBOUND_LENDING:
    case LIMIT_N:
        break;
    }
    return SPACE_NONE;
}

/* A filing names one object of a space at most. */
static const char *own_object(const struct undo *undo, enum limit_kind kind)
{
    for (uint32_t i = 0; i < undo->objects_n; i++) {
        if (object_space(undo->objects[i].before.kind) == space_of(kind)) {
            return undo->objects[i].before.number;
        }
    }
    return "";
}

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

/* Into projector->state; STATUS_NOTFOUND. */
static enum status state_read(struct projector *p, uint32_t partition,
                              const char enterprise[CODE_SIZE], struct failure *err)
{
    struct store_state found;
    enum status status = store_state_find(p->store, partition, enterprise, &found, err);

    return status ? status : state_decode(found.bytes, p->state, err);
}

static enum status investor_part(struct projector *p, const struct limit_key *key,
                                 char part[LIMIT_PART_SIZE], struct failure *err)
{
    const struct investor *investor = NULL;
    enum status status = views_db_investor_no(p->views, p->decision.partition, key, part, err);

    if (status != STATUS_NOTFOUND) {
        return status;
    }
    status = state_read(p, p->decision.partition, p->decision.identity.enterprise.at, err);
    if (status == STATUS_OK) {
        investor = enterprise_investor(p->state, key->owner, key->part);
    } else if (status != STATUS_NOTFOUND) {
        return status;
    }
    if (investor) {
        memcpy(part, investor->investor_no, LIMIT_PART_SIZE);
        return STATUS_OK;
    }
    (void)snprintf(part, LIMIT_PART_SIZE, "#%u", key->part);
    return views_db_unknown(p->views, &p->decision, key, err);
}

static enum status own_fill(struct projector *p, struct posting *posting, struct failure *err)
{
    const struct undo_posting *from = undo_posting_of(&p->undo, posting);
    const char *object = own_object(&p->undo, posting->id.kind);

    (void)snprintf(posting->id.object, sizeof(posting->id.object), "%s", object);
    if (!from) {
        return STATUS_OK;
    }
    if (posting->id.kind == LIMIT_FDI_PROFIT) {
        (void)snprintf(posting->id.part, sizeof(posting->id.part), "%u", from->key.part);
    }
    if (posting->id.kind == LIMIT_FDI_INFLOW) {
        return investor_part(p, &from->key, posting->id.part, err);
    }
    return STATUS_OK;
}

static enum status project_decision(struct projector *p, struct bytes decision, struct bytes undo,
                                    struct failure *err)
{
    enum status status = STATUS_OK;

    arena_reset(&p->arena);
    status = decision_decode(decision, &p->arena, &p->decision, err);
    if (!status && undo.n > 0) {
        status = undo_decode(undo, &p->undo, err);
    }
    for (uint32_t i = 0; i < p->decision.postings_n && !status && undo.n > 0; i++) {
        if (p->decision.postings[i].own) {
            status = own_fill(p, &p->decision.postings[i], err);
        }
    }
    return status ? status : views_db_add(p->views, &p->decision, err);
}

/* ---- one partition ------------------------------------------------------------------------- */

/* The next piece behind its length; STATUS_CORRUPT when the row ends within it. */
static enum status take(struct bytes *from, struct bytes *ret, struct failure *err)
{
    size_t n = from->n >= LENGTH_SIZE ? be32_get(from->at) : SIZE_MAX;

    if (n > from->n - LENGTH_SIZE) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0, "a journal row is cut off");
    }
    *ret = (struct bytes){.at = from->at + LENGTH_SIZE, .n = n};
    from->at += LENGTH_SIZE + n;
    from->n -= LENGTH_SIZE + n;
    return STATUS_OK;
}

/* A look-up of a state reuses the bytes that the store gave out, so a row is copied first. */
static enum status project_row(struct projector *p, const struct store_journal_row *row,
                               struct views_true_for *at, struct failure *err)
{
    size_t n = row->decisions.n + row->undo.n;
    uint8_t *copy = malloc(n + 1);
    struct bytes decisions = {.n = row->decisions.n};
    struct bytes undos = {.n = row->undo.n};
    enum status status = STATUS_OK;

    if (!copy) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "no memory for a journal row");
    }
    decisions.at = copy;
    undos.at = copy + row->decisions.n;
    memcpy(copy, row->decisions.at, row->decisions.n);
    if (row->undo.n > 0) {
        memcpy(copy + row->decisions.n, row->undo.at, row->undo.n);
    }
    for (uint32_t i = 0; i < row->count && !status; i++) {
        struct bytes decision = {.n = 0};
        struct bytes undo = {.n = 0};

        status = take(&decisions, &decision, err);
        if (!status) {
            status = take(&undos, &undo, err);
        }
        if (!status) {
            status = project_decision(p, decision, undo, err);
        }
    }
    if (!status) {
        at->number = row->first_number + row->count - 1;
        memcpy(at->chain, p->decision.chain, sizeof(at->chain));
        p->left = p->left > row->count ? p->left - row->count : 0;
    }
    free(copy);
    return status;
}

/* Where the store and the tables stand with a partition. */
struct stand {
    uint32_t partition;
    struct store_row row;
    struct views_true_for at;
    bool is_other; /* the tables do not follow from this journal */
};

/* Journal rows while the step has room. */
static enum status project_rows(struct projector *p, struct stand *stand, struct failure *err)
{
    const struct store_position *end = &stand->row.position;
    struct views_true_for *at = &stand->at;

    stand->is_other = false;
    while (at->number < end->number && p->left > 0) {
        struct store_journal_row row;
        enum status status =
            store_journal_find(p->store, stand->partition, at->number + 1, &row, err);

        if (status) {
            return status;
        }
        if (row.first_number != at->number + 1 ||
            (at->number > 0 && memcmp(row.starts.chain, at->chain, sizeof(at->chain)) != 0)) {
            stand->is_other = true;
            return STATUS_OK;
        }
        status = project_row(p, &row, at, err);
        if (status) {
            return status;
        }
    }
    stand->is_other =
        at->number > end->number || (at->number > 0 && at->number == end->number &&
                                     memcmp(at->chain, end->chain, sizeof(at->chain)) != 0);
    return STATUS_OK;
}

/* Objects of the enterprises whose states were stored since.  One whose last decisions are all
 * within clean_number is as its state says, even if that is older: they changed nothing of it. */
static enum status project_states(struct projector *p, uint32_t partition, uint64_t clean_number,
                                  struct failure *err)
{
    struct views_behind behind = {.state_number = 0};
    char after[CODE_SIZE] = "";
    enum status status = views_db_behind(p->views, partition, after, &behind, err);

    while (status == STATUS_OK) {
        memcpy(after, behind.enterprise, CODE_SIZE);
        status = state_read(p, partition, behind.enterprise, err);
        if (status == STATUS_OK && p->state->number > behind.state_number) {
            status = views_db_put_state(p->views, partition, p->state, err);
        }
        if ((status == STATUS_OK || status == STATUS_NOTFOUND) &&
            behind.last_number <= clean_number) {
            status = views_db_settle(p->views, partition, behind.enterprise, err);
        }
        if (status == STATUS_OK || status == STATUS_NOTFOUND) {
            status = views_db_behind(p->views, partition, after, &behind, err);
        }
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

static enum status project_partition(struct projector *p, uint32_t partition, struct failure *err)
{
    struct stand stand = {.partition = partition};
    struct views_true_for before;
    enum status status = store_row_read(p->store, partition, &stand.row, err);

    if (status) {
        return status == STATUS_NOTFOUND ? STATUS_OK : status;
    }
    status = views_db_true_for(p->views, partition, &before, err);
    stand.at = before;
    if (!status) {
        status = project_rows(p, &stand, err);
    }
    if (!status && stand.is_other) { /* J3 */
        memset(&stand.at, 0, sizeof(stand.at));
        status = views_db_clear(p->views, partition, err);
        if (!status) {
            status = project_rows(p, &stand, err);
        }
    }
    if (!status) {
        status = project_states(p, partition, stand.row.clean_number, err);
    }
    stand.at.states_number =
        stand.row.clean_number < stand.at.number ? stand.row.clean_number : stand.at.number;
    if (!status && memcmp(&stand.at, &before, sizeof(before)) != 0) {
        status = views_db_move(p->views, partition, &stand.at, err);
    }
    p->lag += stand.row.position.number - stand.at.number;
    return status;
}

/* ---- steps --------------------------------------------------------------------------------- */

/* Open what is not open.  STATUS_NOTFOUND: there is no founded store yet. */
static enum status open_both(struct projector *p, struct failure *err)
{
    enum status status = STATUS_OK;

    if (!p->store) {
        status = store_read_open(p->spec, &p->store, err);
    }
    if (!status && !p->views) {
        status = store_ledger_read(p->store, &p->ledger, err);
        if (!status) {
            status = views_db_open(p->views_file, &p->ledger, &p->views, err);
        }
    }
    return status;
}

static void close_both(struct projector *p)
{
    views_db_close(p->views);
    p->views = NULL;
    if (p->spec) {
        store_close(p->store);
        p->store = NULL;
    }
}

static enum status step_inside(struct projector *p, struct failure *err)
{
    enum status status = views_db_begin(p->views, err);

    for (uint32_t partition = 0; partition < p->ledger.partitions && !status; partition++) {
        status = project_partition(p, partition, err);
    }
    if (!status) {
        status = views_db_commit(p->views, err);
    }
    if (status) {
        views_db_rollback(p->views);
    }
    return status;
}

static void status_note(struct projector *p, enum status status, const struct failure *err)
{
    (void)pthread_mutex_lock(&p->mutex);
    p->status.is_failing = status != STATUS_OK;
    if (status) {
        p->status.failure = *err;
    } else {
        p->status.lag = p->lag;
        p->status.decisions += STEP_MAX - p->left;
    }
    (void)pthread_mutex_unlock(&p->mutex);
}

enum status projector_step(struct projector *p, bool *ret_more, struct failure *err)
{
    struct failure failure = {.status = STATUS_OK};
    enum status status = open_both(p, &failure);

    *ret_more = false;
    p->lag = 0;
    p->left = STEP_MAX;
    if (status == STATUS_NOTFOUND) {
        return STATUS_OK;
    }
    if (!status && p->spec) {
        status = store_read_begin(p->store, &failure);
        if (!status) {
            status = step_inside(p, &failure);
            store_read_end(p->store);
        }
    } else if (!status) {
        status = step_inside(p, &failure);
    }
    status_note(p, status, &failure);
    if (status) {
        close_both(p);
        if (err) {
            *err = failure;
        }
        return status;
    }
    *ret_more = p->lag > 0;
    return STATUS_OK;
}

/* ---- lifecycle ----------------------------------------------------------------------------- */

void projector_close(struct projector *p)
{
    if (!p) {
        return;
    }
    if (p->is_running) {
        (void)pthread_mutex_lock(&p->mutex);
        p->is_stopping = true;
        (void)pthread_cond_signal(&p->wake);
        (void)pthread_mutex_unlock(&p->mutex);
        (void)pthread_join(p->thread, NULL);
    }
    close_both(p);
    state_free(p->state);
    arena_close(&p->arena);
    (void)pthread_cond_destroy(&p->wake);
    (void)pthread_mutex_destroy(&p->mutex);
    free(p->spec);
    free(p->views_file);
    free(p);
}

static enum status projector_new(const char *spec, const char *file, const char *end,
                                 struct projector **ret, struct failure *err)
{
    static const char nobody[CODE_SIZE + 1] = "000000000000000000";
    struct projector *p = calloc(1, sizeof(*p));
    enum status status = STATUS_OK;

    if (!p) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "no memory for the projector");
    }
    p->magic = MAGIC;
    (void)pthread_mutex_init(&p->mutex, NULL);
    (void)pthread_cond_init(&p->wake, NULL);
    p->spec = spec ? strdup(spec) : NULL;
    if (asprintf(&p->views_file, "%s%s", file, end) < 0) {
        p->views_file = NULL; /* asprintf() leaves it undefined */
    }
    if (!p->views_file || (spec && !p->spec)) {
        status = failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "no memory for the projector");
    } else {
        status = arena_open(&p->arena, ARENA_FILING_MAX, err);
    }
    if (!status) {
        status = state_new(nobody, &p->state, err);
    }
    if (status) {
        projector_close(p);
        return status;
    }
    *ret = p;
    return STATUS_OK;
}

enum status projector_open(const char *spec, struct projector **ret, struct failure *err)
{
    if (strncmp(spec, SCHEME, strlen(SCHEME)) != 0 || !spec[strlen(SCHEME)]) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "'%s' has no file to lay readable tables beside", spec);
    }
    return projector_new(spec, spec + strlen(SCHEME), VIEWS_END, ret, err);
}

enum status projector_open_on(struct store *store, const char *views_file, struct projector **ret,
                              struct failure *err)
{
    enum status status = projector_new(NULL, views_file, "", ret, err);

    if (!status) {
        (*ret)->store = store;
    }
    return status;
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* False when it is time to end. */
static bool wait_ms(struct projector *p, int64_t ms)
{
    struct timespec until;
    bool goes_on = false;
    int rc = 0;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&p->mutex);
    while (!p->is_stopping && rc == 0) {
        rc = pthread_cond_timedwait(&p->wake, &p->mutex, &until);
    }
    goes_on = !p->is_stopping;
    (void)pthread_mutex_unlock(&p->mutex);
    return goes_on;
}

static void *thread_main(void *argument)
{
    struct projector *p = argument;
    int64_t pause_ms = 0;

    assert(p->magic == MAGIC);
    /* Deciding comes first where cores are few; failing to say so costs nothing but that. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    while (wait_ms(p, pause_ms)) {
        bool has_more = false;

        if (projector_step(p, &has_more, NULL) != STATUS_OK) {
            pause_ms = FAILED_MS; /* the failure stands in the status */
        } else {
            pause_ms = has_more ? 0 : LOOK_MS;
        }
    }
    return NULL;
}

enum status projector_start(struct projector *p, struct failure *err)
{
    int rc = 0;

    assert(!p->is_running);
    rc = pthread_create(&p->thread, NULL, thread_main, p);
    if (rc) {
        return failure_set(err, STATUS_IO, REMEDY_STOP, rc, "cannot start the projector: %s",
                           strerrordesc_np(rc));
    }
    p->is_running = true;
    return STATUS_OK;
}

void projector_status_read(struct projector *p, struct projector_status *ret)
{
    (void)pthread_mutex_lock(&p->mutex);
    *ret = p->status;
    (void)pthread_mutex_unlock(&p->mutex);
}
