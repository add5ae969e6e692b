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
    struct buffer made; /* scratch: a state as the log leads to it */
    uint32_t findings;
};

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

enum status live_states_read(struct store *live, uint32_t partition, struct live_states **ret,
                             struct failure *err)
{
    struct live_states *states = calloc(1, sizeof(*states));
    char after[CODE_SIZE] = {0};
    struct store_state state;
    enum status status = STATUS_OK;

    if (!states) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    buffer_init(&states->made, SIZE_MAX / 2);
    while (status == STATUS_OK) {
        status = store_state_next(live, partition, after, &state, err);
        if (status == STATUS_OK) {
            memcpy(after, state.enterprise, sizeof(after));
            status = add_state(states, &state, err);
        }
    }
    if (status != STATUS_NOTFOUND) {
        live_states_close(states);
        return status;
    }
    *ret = states;
    return STATUS_OK;
}

void live_states_close(struct live_states *states)
{
    struct live_state *live;
    struct live_state *next;

    if (!states) {
        return;
    }
    HASH_ITER(hh, states->by_code, live, next)
    {
        HASH_DEL(states->by_code, live);
        free(live);
    }
    buffer_fini(&states->made);
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
    c->report->states++;
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

/* A state is of the moment of its last change; one whose number was never that of a state is wrong,
 * and so is one that lags behind what the store says is complete. */
enum status live_states_end(struct verify_case *c, struct failure *err)
{
    struct live_state *live;
    struct live_state *next;
    uint64_t number = 0;
    char expected[FINDING_TEXT_SIZE];
    char found[FINDING_TEXT_SIZE];
    enum status status = STATUS_OK;

    HASH_ITER(hh, c->states->by_code, live, next)
    {
        if (status == STATUS_OK) {
            status = look(c, live, &number, err);
        }
        if (status == STATUS_OK && !live->is_done) {
            (void)snprintf(expected, sizeof(expected), "a state of decision %" PRIu64, number);
            (void)snprintf(found, sizeof(found), "a state of decision %" PRIu64, live->number);
            state_differs(c, live, number ? expected : "no state", found);
        } else if (status == STATUS_OK && live->number != number) {
            c->report->states_behind++;
            if (number <= c->row.clean_number) {
                (void)snprintf(expected, sizeof(expected), "a state of decision %" PRIu64, number);
                (void)snprintf(found, sizeof(found), "a state of decision %" PRIu64, live->number);
                state_differs(c, live, expected, found);
            }
        }
    }
    return status;
}

/* ---- filing index and held filings ---------------------------------------------------------- */

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

/* The smallest key above *key; false when there is none. */
static bool key_after(struct store_filing_key *key)
{
    uint8_t *at = (uint8_t *)key;

    _Static_assert(sizeof(*key) == FILING_ID_SIZE + BANK_SIZE + CODE_SIZE, "no padding");
    for (size_t i = sizeof(*key); i > 0; i--) {
        at[i - 1]++;
        if (at[i - 1] != 0) {
            return true;
        }
    }
    return false;
}

struct walk {
    struct store *store;
    uint64_t number_max; /* rows that changed later are not looked at */
    struct store_filing_key next;
    bool has;
    struct store_filing at;
};

static bool is_later(const struct store_filing *f, uint64_t number)
{
    return f->last_number > number || f->reversed_number > number || f->accepted_number > number;
}

static enum status step(const struct verify_case *c, struct walk *w, struct failure *err)
{
    const enum status status = store_filing_next(w->store, c->partition, &w->next, &w->at, err);

    w->has = status == STATUS_OK;
    if (w->has) {
        w->next = w->at.key;
        if (!key_after(&w->next)) {
            return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0, "a filing key of all ones");
        }
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

/* Both indexes in the order of their keys, side by side. */
enum status verify_index(struct verify_case *c, struct failure *err)
{
    const uint64_t number = c->row.position.number;
    struct walk made = {.store = replay_store(c->replay)};
    struct walk live = {.store = c->live};
    enum status status = step(c, &made, err);

    if (status == STATUS_OK) {
        status = step(c, &live, err);
    }
    while (status == STATUS_OK && (made.has || live.has)) {
        const int order = !made.has   ? 1
                          : !live.has ? -1
                                      : memcmp(&made.at.key, &live.at.key, sizeof(made.at.key));
        const bool is_new = (order <= 0 && is_later(&made.at, number)) ||
                            (order >= 0 && is_later(&live.at, number));

        c->report->filings += order == 0 ? 1 : 0;
        if (is_new) {
            /* it changed after the live store was read */
        } else if (order == 0) {
            compare_filing(c, &made.at, &live.at);
        } else if (order < 0) {
            index_differs(c, &made.at.key, "", "a row", "none");
        } else {
            index_differs(c, &live.at.key, "", "none", "a row");
        }
        if (order <= 0) {
            status = step(c, &made, err);
        }
        if (order >= 0 && status == STATUS_OK) {
            status = step(c, &live, err);
        }
    }
    return status;
}

static void held_differs(struct verify_case *c, uint64_t arrival, const char *expected,
                         const char *found)
{
    struct finding finding = {
        .place = "held", .partition = c->partition, .offset = -1, .number = arrival};

    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%s", found);
    verify_report_finding(c, &finding);
}

static enum status next_held(struct store *store, uint32_t partition, uint64_t after,
                             uint64_t *ret_arrival, struct failure *err)
{
    struct store_held held;
    const enum status status = store_held_next(store, partition, after, &held, err);

    *ret_arrival = status == STATUS_OK ? held.arrival_number : UINT64_MAX;
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

/* Held filings, by arrival; a filing that was released leaves the store with the next state of its
 * enterprise, so one too many is no difference while states lag behind. */
enum status verify_held(struct verify_case *c, struct failure *err)
{
    const bool may_lag = c->row.clean_number < c->row.position.number;
    uint64_t made = 0;
    uint64_t live = 0;
    enum status status = next_held(replay_store(c->replay), c->partition, 0, &made, err);

    if (status == STATUS_OK) {
        status = next_held(c->live, c->partition, 0, &live, err);
    }
    while (status == STATUS_OK && (made != UINT64_MAX || live != UINT64_MAX)) {
        const uint64_t arrival = made < live ? made : live;

        if (made == live) {
            c->report->held++;
        } else if (made < live) {
            held_differs(c, made, "a held filing", "none");
        } else if (!may_lag) {
            held_differs(c, live, "none", "a held filing");
        }
        if (made == arrival) {
            status = next_held(replay_store(c->replay), c->partition, arrival, &made, err);
        }
        if (live == arrival && status == STATUS_OK) {
            status = next_held(c->live, c->partition, arrival, &live, err);
        }
    }
    return status;
}
