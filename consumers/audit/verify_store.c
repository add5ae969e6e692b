#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "consumers/audit/verify_inside.h"
#include "consumers/store/state.h"
#include "form/identifiers.h"

/* ---- states --------------------------------------------------------------------------------- */

struct live_state {
    UT_hash_handle hh;
    char code[CODE_SIZE];
    uint64_t number; /* the decision it reflects */
    bool is_done;
    size_t n;
    uint8_t bytes[];
};

struct live_states {
    struct live_state *by_code;
    struct buffer made;     /* scratch: a state as the log leads to it */
    struct live_held *held; /* ascending by arrival number */
    size_t held_n;
    size_t held_max;
    struct buffer held_records;
};

struct live_held {
    uint64_t arrival_number;
    char enterprise[CODE_SIZE];
    uint32_t waits_for;
    size_t at; /* of its record */
    size_t n;
};

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static enum status add_state(struct live_states *states, const struct store_state *state,
                             struct failure *err)
{
    struct live_state *live = malloc(sizeof(*live) + state->bytes.n);

    if (!live) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    memset(live, 0, sizeof(*live));
    memcpy(live->code, state->enterprise, sizeof(live->code));
    live->number = state->number;
    live->n = state->bytes.n;
    memcpy(live->bytes, state->bytes.at, state->bytes.n);
    HASH_ADD(hh, states->by_code, code, sizeof(live->code), live);
    return STATUS_OK;
}

static enum status read_states(struct live_states *states, struct store *live, uint32_t partition,
                               const char *only, struct failure *err)
{
    char after[CODE_SIZE] = {0};
    struct store_state state;
    enum status status = STATUS_OK;

    if (only) {
        status = store_state_find(live, partition, only, &state, err);
        status = status == STATUS_OK ? add_state(states, &state, err) : status;
        return status == STATUS_NOTFOUND ? STATUS_OK : status;
    }
    while (status == STATUS_OK) {
        status = store_state_next(live, partition, after, &state, err);
        if (status == STATUS_OK) {
            memcpy(after, state.enterprise, sizeof(after));
            status = add_state(states, &state, err);
        }
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

static enum status read_held(struct live_states *states, struct store *live, uint32_t partition,
                             struct failure *err)
{
    struct store_held held = {.arrival_number = 0};
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        status = store_held_next(live, partition, held.arrival_number, &held, err);
        if (status == STATUS_OK && !batch_grow((void **)&states->held, &states->held_max,
                                               states->held_n + 1, sizeof(*states->held))) {
            status = failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        }
        if (status == STATUS_OK) {
            struct live_held *at = &states->held[states->held_n++];

            *at = (struct live_held){.arrival_number = held.arrival_number,
                                     .waits_for = held.waits_for,
                                     .at = states->held_records.n,
                                     .n = held.record.n};
            memcpy(at->enterprise, held.enterprise, sizeof(at->enterprise));
            buffer_append(&states->held_records, held.record.at, held.record.n);
        }
    }
    return status == STATUS_NOTFOUND ? buffer_check(&states->held_records, err) : status;
}

enum status live_states_read(struct store *live, uint32_t partition, const char *only,
                             struct live_states **ret, struct failure *err)
{
    struct live_states *states = calloc(1, sizeof(*states));
    enum status status;

    if (!states) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    buffer_init(&states->made, SIZE_MAX / 2);
    buffer_init(&states->held_records, SIZE_MAX / 2);
    status = read_states(states, live, partition, only, err);
    if (status == STATUS_OK) {
        status = read_held(states, live, partition, err);
    }
    if (status != STATUS_OK) {
        live_states_close(states);
        return status;
    }
    *ret = states;
    return STATUS_OK;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
void live_states_close(struct live_states *states)
{
    struct live_state *live;
    struct live_state *next;

    if (!states) {
        return;
    }
    HASH_ITER(hh, states->by_code, live, next)
    {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before live was freed */
        HASH_DELETE(hh, states->by_code, live);
        free(live);
    }
    buffer_fini(&states->made);
    free(states->held);
    buffer_fini(&states->held_records);
    free(states);
}

static void state_differs(struct verify_case *c, const struct live_state *live,
                          const char *expected, const char *found)
{
    struct finding finding = {
        .place = "state", .partition = c->partition, .offset = -1, .number = live->number};

    (void)snprintf(finding.key, sizeof(finding.key), "%.*s", CODE_SIZE, live->code);
    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%s", found);
    verify_report_finding(c, &finding);
}

static void show_byte(const uint8_t *bytes, size_t n, size_t at, char out[FINDING_TEXT_SIZE])
{
    if (at < n) {
        (void)snprintf(out, FINDING_TEXT_SIZE, "%zu bytes, of them byte %zu is 0x%02x", n, at,
                       (unsigned)bytes[at]);
    } else {
        (void)snprintf(out, FINDING_TEXT_SIZE, "%zu bytes", n);
    }
}

static void compare_state(struct verify_case *c, struct live_state *live)
{
    struct live_states *const s = c->states;
    char expected[FINDING_TEXT_SIZE];
    char found[FINDING_TEXT_SIZE];
    size_t at = 0;

    live->is_done = true;
    c->part->states++;
    while (at < s->made.n && at < live->n && s->made.at[at] == live->bytes[at]) {
        at++;
    }
    if (at == s->made.n && at == live->n) {
        return;
    }
    show_byte(s->made.at, s->made.n, at, expected);
    show_byte(live->bytes, live->n, at, found);
    state_differs(c, live, expected, found);
}

static enum status look(struct verify_case *c, struct live_state *live, uint64_t *ret_number,
                        struct failure *err)
{
    const struct enterprise *state = NULL;
    const enum status status = decider_state(replay_decider(c->replay), live->code, &state, err);

    *ret_number = 0;
    if (status != STATUS_OK || !state) {
        return status;
    }
    *ret_number = state->number;
    if (state->number == live->number && !live->is_done) {
        buffer_reset(&c->states->made);
        state_encode(state, &c->states->made);
        compare_state(c, live);
    }
    return STATUS_OK;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
enum status live_states_look(struct verify_case *c, const char *code, struct failure *err)
{
    struct live_state *live = NULL;
    uint64_t number;

    HASH_FIND(hh, c->states->by_code, code, CODE_SIZE, live);
    return live && !live->is_done ? look(c, live, &number, err) : STATUS_OK;
}

enum status live_states_look_all(struct verify_case *c, struct failure *err)
{
    struct live_state *live;
    struct live_state *next;
    uint64_t number;
    enum status status = STATUS_OK;

    HASH_ITER(hh, c->states->by_code, live, next)
    {
        if (!live->is_done && status == STATUS_OK) {
            status = look(c, live, &number, err);
        }
    }
    return status;
}

/* A live state that is of a later moment than what was decided here: `to` ended it before, or the
 * store went on since the first run. */
static bool is_later_state(const struct verify_case *c, const struct live_state *live)
{
    const uint64_t reached = decider_position(replay_decider(c->replay))->number;

    return (c->is_short && live->number > reached) ||
           (c->is_moved && live->number > c->row.position.number);
}

static void end_state(struct verify_case *c, const struct live_state *live, uint64_t number)
{
    char expected[FINDING_TEXT_SIZE] = "no state";
    char found[FINDING_TEXT_SIZE];
    const bool is_behind = live->is_done && live->number != number;

    c->part->states_behind += is_behind ? 1 : 0;
    if (live->is_done && (!is_behind || number > c->row.clean_number)) {
        return;
    }
    if (number > 0) {
        (void)snprintf(expected, sizeof(expected), "a state of decision %" PRIu64, number);
    }
    (void)snprintf(found, sizeof(found), "a state of decision %" PRIu64, live->number);
    state_differs(c, live, expected, found);
}

/* Only what was looked at is compared: one enterprise, or from some decision on. */
static bool is_wanted_state(const struct verify_case *c, const struct live_state *live)
{
    return (!c->conf->enterprise || memcmp(c->conf->enterprise, live->code, CODE_SIZE) == 0) &&
           c->part->first_number > 0 &&
           (c->part->first_number == 1 || live->number >= c->part->first_number);
}

/* A state that the store must have, because it says that its states are complete so far.
 *
 * uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static enum status find_missing(struct verify_case *c, struct failure *err)
{
    char after[CODE_SIZE] = {0};
    struct store_state made;
    struct live_state *live = NULL;
    struct live_state none = {.number = 0};
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        status = store_state_next(replay_store(c->replay), c->partition, after, &made, err);
        if (status != STATUS_OK) {
            break;
        }
        memcpy(after, made.enterprise, sizeof(after));
        memcpy(none.code, made.enterprise, sizeof(none.code));
        none.number = made.number;
        HASH_FIND(hh, c->states->by_code, after, CODE_SIZE, live);
        if (!live && made.number <= c->row.clean_number && is_wanted_state(c, &none)) {
            state_differs(c, &none, "a state", "none");
        }
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

/* A state is of the moment of its last change; one whose number was never that of a state is wrong,
 * and so is one that lags behind what the store says is complete. */
enum status live_states_end(struct verify_case *c, struct failure *err)
{
    struct live_state *live;
    struct live_state *next;
    uint64_t number = 0;
    enum status status = STATUS_OK;

    HASH_ITER(hh, c->states->by_code, live, next)
    {
        if (is_later_state(c, live)) {
            verify_skip(c, VERIFY_SKIP_LATER);
        } else if (is_wanted_state(c, live) && status == STATUS_OK) {
            status = look(c, live, &number, err);
            if (status == STATUS_OK) {
                end_state(c, live, number);
            }
        }
    }
    return status == STATUS_OK ? find_missing(c, err) : status;
}

/* ---- filing index --------------------------------------------------------------------------- */

static void name_filing(const struct store_filing_key *key, struct finding *finding)
{
    char id[37];

    uuid_unpack(key->filing_id, id);
    (void)snprintf(finding->key, sizeof(finding->key), "%s of bank %.*s and enterprise %.*s", id,
                   BANK_SIZE, key->bank, CODE_SIZE, key->enterprise);
}

static void index_differs(struct verify_case *c, const struct store_filing_key *key,
                          const char *field, const char *expected, const char *found)
{
    struct finding finding = {.place = "filing index", .partition = c->partition, .offset = -1};

    name_filing(key, &finding);
    (void)snprintf(finding.field, sizeof(finding.field), "%s", field);
    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%s", found);
    verify_report_finding(c, &finding);
}

static void compare_filing(struct verify_case *c, const struct store_filing *made,
                           const struct store_filing *live)
{
    const struct {
        const char *field;
        uint64_t made;
        uint64_t live;
    } numbers[] = {{"first_number", made->first_number, live->first_number},
                   {"last_number", made->last_number, live->last_number},
                   {"accepted_number", made->accepted_number, live->accepted_number},
                   {"reversed_number", made->reversed_number, live->reversed_number}};
    char expected[2 * DIGEST_SIZE + 1];
    char found[2 * DIGEST_SIZE + 1];

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].made != numbers[i].live) {
            (void)snprintf(expected, sizeof(expected), "%" PRIu64, numbers[i].made);
            (void)snprintf(found, sizeof(found), "%" PRIu64, numbers[i].live);
            index_differs(c, &made->key, numbers[i].field, expected, found);
            return;
        }
    }
    if (memcmp(made->filing_hash, live->filing_hash, DIGEST_SIZE) != 0) {
        hex_encode((struct bytes){.at = made->filing_hash, .n = DIGEST_SIZE}, expected);
        hex_encode((struct bytes){.at = live->filing_hash, .n = DIGEST_SIZE}, found);
        index_differs(c, &made->key, "filing_hash", expected, found);
    }
}

#define WALK_ROWS 512

struct walk {
    struct store *store;
    struct store_filing rows[WALK_ROWS];
    struct store_walk at;
    size_t i; /* the row that is looked at */
    bool has;
};

static enum status step(const struct verify_case *c, struct walk *w, struct failure *err)
{
    enum status status = STATUS_OK;

    w->i++;
    if (w->i >= w->at.rows_n) {
        const bool is_last = w->at.rows_n < w->at.rows_max;

        w->has = !is_last;
        if (!is_last) {
            status = store_filing_walk(w->store, c->partition, &w->at, err);
            w->has = status == STATUS_OK && w->at.rows_n > 0;
            w->i = 0;
        }
    }
    return status;
}

static enum status begin_walk(const struct verify_case *c, struct walk *w, struct store *store,
                              struct failure *err)
{
    *w = (struct walk){.store = store};
    w->at = (struct store_walk){.rows = w->rows, .rows_max = WALK_ROWS, .rows_n = WALK_ROWS};
    w->i = WALK_ROWS; /* nothing is read yet */
    return step(c, w, err);
}

/* Changed after the moment that is compared, or not a matter of what is compared. */
static bool is_passed_over(struct verify_case *c, const struct store_filing *f)
{
    const uint64_t reached = decider_position(replay_decider(c->replay))->number;
    const uint64_t number =
        c->is_short && reached < c->row.position.number ? reached : c->row.position.number;

    if (f->last_number > number || f->reversed_number > number || f->accepted_number > number) {
        verify_skip(c, VERIFY_SKIP_LATER);
        return true;
    }
    if (c->conf->enterprise && memcmp(c->conf->enterprise, f->key.enterprise, CODE_SIZE) != 0) {
        return true;
    }
    return c->part->first_number == 0 || f->last_number < c->part->first_number;
}

/* Negative: only the log leads to the row; positive: only the store has it. */
static int order_of(const struct walk *made, const struct walk *live)
{
    if (!made->has) {
        return 1;
    }
    return live->has ? memcmp(&made->rows[made->i].key, &live->rows[live->i].key,
                              sizeof(struct store_filing_key))
                     : -1;
}

/* The live index is read later than the row, but nothing in it is of a decision that is not made
 * yet. */
static bool is_beyond(struct verify_case *c, const struct store_filing *live)
{
    struct store_row now;
    uint64_t last = live->last_number;

    last = live->accepted_number > last ? live->accepted_number : last;
    last = live->reversed_number > last ? live->reversed_number : last;
    return last > c->row.position.number &&
           store_row_read(c->live, c->partition, &now, NULL) == STATUS_OK &&
           last > now.position.number;
}

static void compare_rows(struct verify_case *c, int order, const struct store_filing *made,
                         const struct store_filing *live)
{
    if (order >= 0 && is_beyond(c, live)) {
        index_differs(c, &live->key, "", "decisions that are made", "one that is not");
        return;
    }
    if ((order <= 0 && is_passed_over(c, made)) || (order >= 0 && is_passed_over(c, live))) {
        return;
    }
    if (order < 0) {
        index_differs(c, &made->key, "", "a row", "none");
    } else if (order > 0) {
        index_differs(c, &live->key, "", "none", "a row");
    } else {
        c->part->filings++;
        compare_filing(c, made, live);
    }
}

/* Both indexes in the order of their keys, side by side. */
static enum status compare_walks(struct verify_case *c, struct walk *made, struct walk *live,
                                 struct failure *err)
{
    enum status status = STATUS_OK;

    while (status == STATUS_OK && (made->has || live->has)) {
        const int order = order_of(made, live);

        compare_rows(c, order, &made->rows[made->i], &live->rows[live->i]);
        if (order <= 0) {
            status = step(c, made, err);
        }
        if (order >= 0 && status == STATUS_OK) {
            status = step(c, live, err);
        }
    }
    return status;
}

enum status verify_index(struct verify_case *c, struct failure *err)
{
    struct walk *walks = malloc(2 * sizeof(*walks));
    enum status status;

    if (!walks) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    status = begin_walk(c, &walks[0], replay_store(c->replay), err);
    if (status == STATUS_OK) {
        status = begin_walk(c, &walks[1], c->live, err);
    }
    if (status == STATUS_OK) {
        status = compare_walks(c, &walks[0], &walks[1], err);
    }
    free(walks);
    return status;
}

/* ---- bulletins ------------------------------------------------------------------------------ */

static void bulletin_differs(struct verify_case *c, uint64_t number, const char *expected,
                             const char *found)
{
    struct finding finding = {.place = "bulletin", .partition = c->partition, .offset = -1};

    (void)snprintf(finding.key, sizeof(finding.key), "%" PRIu64, number);
    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%s", found);
    verify_report_finding(c, &finding);
}

/* The content of bulletin number in both: the store keeps one copy for all its partitions. */
enum status verify_bulletins(struct verify_case *c, struct failure *err)
{
    enum status status = STATUS_OK;

    if (!c->row.position.has_bulletin || c->partition != c->thread->shared->first_partition) {
        return STATUS_OK;
    }
    for (uint64_t n = 0; n <= c->row.position.bulletin && status == STATUS_OK; n++) {
        struct store_bulletin made;
        struct store_bulletin live;

        status = store_bulletin_next(replay_store(c->replay), n, &made, err);
        if (status == STATUS_NOTFOUND) { /* `to` ended it before */
            return STATUS_OK;
        }
        if (status == STATUS_OK && made.number == n) {
            status = store_bulletin_next(c->live, n, &live, err);
            if (status == STATUS_NOTFOUND || (status == STATUS_OK && live.number != n)) {
                bulletin_differs(c, n, "its content", "none");
                status = STATUS_OK;
            } else if (status == STATUS_OK && !bytes_equal(made.content, live.content)) {
                bulletin_differs(c, n, "the content of the log", "other bytes");
            }
        }
    }
    return status;
}

/* ---- held filings --------------------------------------------------------------------------- */

static void held_differs(struct verify_case *c, uint64_t arrival, const char *expected,
                         const char *found)
{
    struct finding finding = {
        .place = "held", .partition = c->partition, .offset = -1, .number = arrival};

    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%s", found);
    verify_report_finding(c, &finding);
}

/* arrival_number UINT64_MAX = there is none. */
static enum status next_held(struct verify_case *c, uint64_t after, struct store_held *ret,
                             struct failure *err)
{
    const enum status status =
        store_held_next(replay_store(c->replay), c->partition, after, ret, err);

    if (status == STATUS_NOTFOUND) {
        *ret = (struct store_held){.arrival_number = UINT64_MAX};
        return STATUS_OK;
    }
    return status;
}

static bool is_same_held(const struct live_states *states, const struct store_held *made,
                         const struct live_held *live)
{
    const struct bytes record = {.at = states->held_records.at + live->at, .n = live->n};

    return made->waits_for == live->waits_for &&
           memcmp(made->enterprise, live->enterprise, CODE_SIZE) == 0 &&
           bytes_equal(made->record, record);
}

/* Held filings of the store by arrival, beside those that the log leads to.  A filing that was
 * released leaves the store with the next state of its enterprise, so one too many is no difference
 * while states lag behind. */
static enum status compare_held(struct verify_case *c, struct failure *err)
{
    const bool may_lag = c->row.clean_number < c->row.position.number;
    const struct live_states *states = c->states;
    struct store_held made;
    size_t i = 0;
    enum status status = next_held(c, 0, &made, err);

    while (status == STATUS_OK && (made.arrival_number != UINT64_MAX || i < states->held_n)) {
        const uint64_t live = i < states->held_n ? states->held[i].arrival_number : UINT64_MAX;
        const uint64_t arrival = made.arrival_number < live ? made.arrival_number : live;

        if (made.arrival_number == live) {
            c->part->held++;
            if (!is_same_held(states, &made, &states->held[i])) {
                held_differs(c, live, "what the log leads to", "another filing, or another reason");
            }
        } else if (made.arrival_number < live) {
            held_differs(c, made.arrival_number, "a held filing", "none");
        } else if (!may_lag) {
            held_differs(c, live, "none", "a held filing");
        }
        i += live == arrival ? 1 : 0;
        if (made.arrival_number == arrival) {
            status = next_held(c, arrival, &made, err);
        }
    }
    return status;
}

/* They are of the store's moment; what the log leads to has to be of the same. */
enum status verify_held(struct verify_case *c, struct failure *err)
{
    if (c->conf->enterprise) {
        return STATUS_OK; /* counted with the others that are not looked at */
    }
    if (c->is_moved ||
        decider_position(replay_decider(c->replay))->number != c->row.position.number) {
        verify_skip(c, VERIFY_SKIP_LATER);
        return STATUS_OK;
    }
    return compare_held(c, err);
}
