#include "consumers/audit/what_if_limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "consumers/store/state.h"

struct refused_key {
    char enterprise[CODE_SIZE + 1];
    char limit[LIMIT_ID_SIZE]; /* filled up with zeros */
};

struct refused_limit {
    struct refused_key key;
    int32_t currency;
    uint64_t refused;
    int64_t short_minor;
    bool is_told;
    UT_hash_handle hh;
};

void limit_book_init(struct limit_book *book) { book->refused = NULL; }

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
void limit_book_fini(struct limit_book *book)
{
    struct refused_limit *entry = book->refused;

    HASH_CLEAR(hh, book->refused); /* the table alone */
    while (entry) {
        struct refused_limit *next = entry->hh.next;

        free(entry);
        entry = next;
    }
}

static void key_make(const char *enterprise, const char *limit, struct refused_key *ret)
{
    memset(ret, 0, sizeof(*ret));
    (void)snprintf(ret->enterprise, sizeof(ret->enterprise), "%.*s", CODE_SIZE, enterprise);
    (void)snprintf(ret->limit, sizeof(ret->limit), "%s", limit);
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static struct refused_limit *find(const struct limit_book *book, const struct refused_key *key)
{
    struct refused_limit *entry = NULL;

    HASH_FIND(hh, book->refused, key, sizeof(*key), entry);
    return entry;
}

static bool names_limit(const struct what_if_answer *answer, const char *limit)
{
    for (uint32_t i = 0; i < answer->codes_n; i++) {
        if (answer->codes[i] == CODE_LIMIT_EXCEEDED) {
            return answer->has_amounts && strcmp(answer->limit, limit) == 0;
        }
    }
    return false;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
enum status limit_book_refused(struct limit_book *book, const struct flip *flip,
                               struct failure *err)
{
    const struct what_if_answer *after = &flip->after;
    struct refused_limit *entry = NULL;
    struct refused_key key;

    if (after->limit[0] == '\0' || !names_limit(after, after->limit) ||
        names_limit(&flip->before, after->limit)) {
        return STATUS_OK;
    }
    key_make(flip->enterprise, after->limit, &key);
    entry = find(book, &key);
    if (!entry) {
        entry = calloc(1, sizeof(*entry));
        if (!entry) {
            return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        }
        entry->key = key;
        entry->currency = after->currency;
        HASH_ADD(hh, book->refused, key, sizeof(entry->key), entry);
    }
    entry->refused++;
    if (after->asked_minor - after->free_minor > entry->short_minor) {
        entry->short_minor = after->asked_minor - after->free_minor;
    }
    return STATUS_OK;
}

/* ---- at the end ---------------------------------------------------------------------------- */

struct walking {
    struct limit_book *book;
    const struct limit_walk *walk;
    struct enterprise *state;  /* of the second world */
    struct enterprise *before; /* the same enterprise as the log is */
    bool has_before;           /* before was read */
    uint64_t n;
};

static int64_t over_of(const struct amounts *is)
{
    const int64_t over = is->used + is->reserved - is->limit;

    return over > 0 ? over : 0;
}

/* Numbers of decisions differ between the worlds, ids of limits do not. */
static enum status find_over_before(struct walking *w, const char *name, int64_t *ret,
                                    struct failure *err)
{
    struct store_state found;
    enum status status = STATUS_OK;

    *ret = 0;
    if (!w->has_before) {
        state_reset(w->before, w->state->code);
        status = store_state_find(w->walk->as_is, w->walk->partition, w->state->code, &found, err);
        if (status == STATUS_OK) {
            status = state_decode(found.bytes, w->before, err);
        }
        w->has_before = true;
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOTFOUND ? STATUS_OK : status;
    }
    for (uint32_t i = 0; i < w->before->limits_n; i++) {
        struct limit_id id;
        char other[LIMIT_ID_SIZE];

        enterprise_limit_id(w->before, &w->before->limits[i].key, &id);
        (void)limit_id_format(&id, other);
        if (strcmp(other, name) == 0) {
            *ret = over_of(&w->before->limits[i].is);
        }
    }
    return STATUS_OK;
}

static enum status look_at_limit(struct walking *w, const struct limit *limit, struct failure *err)
{
    struct breach breach = {.partition = w->walk->partition,
                            .currency = limit->currency,
                            .is = limit->is,
                            .over_minor = over_of(&limit->is)};
    struct refused_limit *refused = NULL;
    struct refused_key key;
    struct limit_id id;
    enum status status;

    enterprise_limit_id(w->state, &limit->key, &id);
    (void)limit_id_format(&id, breach.limit);
    key_make(w->state->code, breach.limit, &key);
    refused = find(w->book, &key);
    if (breach.over_minor == 0 && !refused) {
        return STATUS_OK;
    }
    memcpy(breach.enterprise, key.enterprise, sizeof(breach.enterprise));
    if (refused) {
        refused->is_told = true;
        breach.refused = refused->refused;
        breach.short_minor = refused->short_minor;
    }
    status = find_over_before(w, breach.limit, &breach.over_before_minor, err);
    if (status == STATUS_OK) {
        w->n++;
        w->walk->fn(w->walk->arg, &breach);
    }
    return status;
}

static enum status look_at_state(struct walking *w, const struct store_state *found,
                                 struct failure *err)
{
    enum status status;

    w->has_before = false;
    state_reset(w->state, found->enterprise);
    status = state_decode(found->bytes, w->state, err);
    for (uint32_t i = 0; i < w->state->limits_n && status == STATUS_OK; i++) {
        status = look_at_limit(w, &w->state->limits[i], err);
    }
    return status;
}

static int by_key(const struct refused_limit *a, const struct refused_limit *b)
{
    return memcmp(&a->key, &b->key, sizeof(a->key));
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static void tell_rest(struct walking *w)
{
    HASH_SORT(w->book->refused, by_key);
    for (const struct refused_limit *entry = w->book->refused; entry; entry = entry->hh.next) {
        struct breach breach = {.partition = w->walk->partition,
                                .currency = entry->currency,
                                .refused = entry->refused,
                                .short_minor = entry->short_minor};

        if (!entry->is_told) {
            memcpy(breach.enterprise, entry->key.enterprise, sizeof(breach.enterprise));
            memcpy(breach.limit, entry->key.limit, sizeof(breach.limit));
            w->n++;
            w->walk->fn(w->walk->arg, &breach);
        }
    }
}

static enum status walk_states(struct walking *w, struct failure *err)
{
    struct store_state found;
    char after[CODE_SIZE] = "";
    enum status status = store_state_next(w->walk->what_if, w->walk->partition, after, &found, err);

    while (status == STATUS_OK) {
        memcpy(after, found.enterprise, CODE_SIZE);
        status = look_at_state(w, &found, err);
        if (status == STATUS_OK) {
            status = store_state_next(w->walk->what_if, w->walk->partition, after, &found, err);
        }
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

enum status limit_book_walk(struct limit_book *book, const struct limit_walk *walk, uint64_t *ret_n,
                            struct failure *err)
{
    static const char nobody[CODE_SIZE + 1] = "000000000000000000";
    struct walking w = {.book = book, .walk = walk};
    enum status status = state_new(nobody, &w.state, err);

    if (status == STATUS_OK) {
        status = state_new(nobody, &w.before, err);
    }
    if (status == STATUS_OK) {
        status = walk_states(&w, err);
    }
    if (status == STATUS_OK) {
        tell_rest(&w);
    }
    *ret_n = w.n;
    state_free(w.state);
    state_free(w.before);
    return status;
}
