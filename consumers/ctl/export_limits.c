#include "consumers/ctl/export_limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "consumers/store/state.h"

struct later_key {
    char enterprise[CODE_SIZE + 1];
    char id[LIMIT_ID_SIZE]; /* filled up with zeros */
};

/* What the last posting of an account left, after the states were complete. */
struct later_posting {
    struct later_key key;
    uint64_t number;
    int32_t currency;
    struct amounts is;
    bool is_told;
    UT_hash_handle hh;
};

struct listing {
    struct lookup *lookup;
    const struct limit_request *request;
    struct later_posting *later; /* uthash */
    bool is_stopped;
    bool lacks_memory;
};

/* ---- later postings ------------------------------------------------------------------------ */

static void key_make(const char *enterprise, const char *id, struct later_key *ret)
{
    memset(ret, 0, sizeof(*ret));
    memcpy(ret->enterprise, enterprise, CODE_SIZE);
    (void)snprintf(ret->id, sizeof(ret->id), "%s", id);
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static struct later_posting *find(const struct listing *l, const struct later_key *key)
{
    struct later_posting *later = NULL;

    HASH_FIND(hh, l->later, key, sizeof(*key), later);
    return later;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static void note_posting(struct listing *l, const struct decision *d, const struct posting *posting)
{
    struct later_posting *later = NULL;
    struct later_key key;
    char id[LIMIT_ID_SIZE];

    (void)limit_id_format(&posting->id, id);
    key_make(d->identity.enterprise.at, id, &key);
    later = find(l, &key);
    if (!later) {
        later = calloc(1, sizeof(*later));
        if (!later) {
            l->lacks_memory = true;
            return;
        }
        later->key = key;
        HASH_ADD(hh, l->later, key, sizeof(later->key), later);
    }
    later->number = d->number;
    later->currency = posting->currency;
    later->is = posting->after;
}

static bool note_decision(void *arg, const struct decision *d)
{
    struct listing *l = arg;
    const char *wanted = l->request->enterprise;

    if (d->identity.enterprise.n != CODE_SIZE ||
        (wanted && memcmp(wanted, d->identity.enterprise.at, CODE_SIZE) != 0)) {
        return true;
    }
    for (uint32_t i = 0; i < d->postings_n && !l->lacks_memory; i++) {
        note_posting(l, d, &d->postings[i]);
    }
    return !l->lacks_memory;
}

static enum status note_later(struct listing *l, struct failure *err)
{
    struct lookup_range range = {.partition = l->request->partition, .wants_names = true};
    struct store_row row;
    enum status status = store_row_read(l->lookup->store, range.partition, &row, err);

    if (status != STATUS_OK) {
        return status == STATUS_NOTFOUND ? STATUS_OK : status;
    }
    range.first = row.clean_number + 1;
    range.last = row.position.number;
    status = lookup_decisions(l->lookup, &range, note_decision, l, err);
    return status == STATUS_OK && l->lacks_memory
               ? failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory")
               : status;
}

/* ---- accounts ------------------------------------------------------------------------------ */

static void tell(struct listing *l, const struct limit_account *account)
{
    l->is_stopped = !l->request->fn(l->request->arg, account);
}

static void tell_limit(struct listing *l, const struct enterprise *state, const struct limit *limit)
{
    const struct object *owner =
        limit->key.owner ? enterprise_object_opened(state, limit->key.owner) : NULL;
    struct limit_account account = {.partition = l->request->partition,
                                    .currency = limit->currency,
                                    .is = limit->is,
                                    .is_closed = owner && owner->closed};
    struct later_posting *later = NULL;
    struct later_key key;
    struct limit_id id;

    enterprise_limit_id(state, &limit->key, &id);
    (void)limit_id_format(&id, account.id);
    key_make(state->code, account.id, &key);
    memcpy(account.enterprise, key.enterprise, sizeof(account.enterprise));
    later = find(l, &key);
    if (later) {
        later->is_told = true;
    }
    if (later && later->number > state->number) {
        account.currency = later->currency;
        account.is = later->is;
    }
    tell(l, &account);
}

static enum status tell_state(struct listing *l, const struct store_state *found,
                              struct failure *err)
{
    struct enterprise *const state = l->lookup->state;
    enum status status;

    state_reset(state, found->enterprise);
    status = state_decode(found->bytes, state, err);
    state->number = found->number;
    for (uint32_t i = 0; i < state->limits_n && status == STATUS_OK && !l->is_stopped; i++) {
        tell_limit(l, state, &state->limits[i]);
    }
    return status;
}

static enum status tell_states(struct listing *l, struct failure *err)
{
    const uint32_t partition = l->request->partition;
    struct store *const store = l->lookup->store;
    struct store_state found;
    char code[CODE_SIZE] = "";
    enum status status;

    if (l->request->enterprise) {
        memcpy(code, l->request->enterprise, CODE_SIZE);
        status = store_state_find(store, partition, code, &found, err);
        status = status == STATUS_OK ? tell_state(l, &found, err) : status;
        return status == STATUS_NOTFOUND ? STATUS_OK : status;
    }
    status = store_state_next(store, partition, code, &found, err);
    while (status == STATUS_OK && !l->is_stopped) {
        memcpy(code, found.enterprise, CODE_SIZE);
        status = tell_state(l, &found, err);
        if (status == STATUS_OK) {
            status = store_state_next(store, partition, code, &found, err);
        }
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

static int by_key(const struct later_posting *a, const struct later_posting *b)
{
    return memcmp(&a->key, &b->key, sizeof(a->key));
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static void tell_rest(struct listing *l)
{
    HASH_SORT(l->later, by_key);
    for (const struct later_posting *later = l->later; later && !l->is_stopped;
         later = later->hh.next) {
        struct limit_account account = {
            .partition = l->request->partition, .currency = later->currency, .is = later->is};

        if (!later->is_told) {
            memcpy(account.enterprise, later->key.enterprise, sizeof(account.enterprise));
            memcpy(account.id, later->key.id, sizeof(account.id));
            tell(l, &account);
        }
    }
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static void drop_later(struct listing *l)
{
    struct later_posting *later = l->later;

    HASH_CLEAR(hh, l->later); /* the table alone */
    while (later) {
        struct later_posting *next = later->hh.next;

        free(later);
        later = next;
    }
}

enum status export_limits(struct lookup *lookup, const struct limit_request *request,
                          struct failure *err)
{
    struct listing l = {.lookup = lookup, .request = request};
    enum status status = note_later(&l, err);

    if (status == STATUS_OK) {
        status = tell_states(&l, err);
    }
    if (status == STATUS_OK) {
        tell_rest(&l);
    }
    drop_later(&l);
    return status;
}
