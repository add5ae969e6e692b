/* store_memory.c - the store without a disk: for replay, for packs, for tests.
 *
 * One database, any number of handles on it (store_share), never used at the same time.  A batch is
 * checked wholly before it is applied; when memory runs out while it is applied, the database is
 * broken and every later call says so, so nobody ever sees half a batch.
 *
 * Memory grows with the decisions, filings and enterprises stored, and with nothing else.
 *
 * Filings and states are found by hash.  A walk by key uses an array sorted when it is next needed
 * after something new came. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a.  The one that uthash brings falls through its switch in a way that clang warns of. */
static unsigned key_hash(const void *key, size_t n)
{
    const uint8_t *at = key;
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ at[i]) * 16777619U;
    }
    return hash;
}

/* Without the second, uthash ends the process when there is no memory. */
#define HASH_FUNCTION(key, n, hash) ((hash) = key_hash((key), (n)))
#define HASH_NONFATAL_OOM           1
#define uthash_nonfatal_oom(node)   ((node)->lost = true)
#include <uthash.h>

#include "consumers/store/store_port.h"

struct filing_node {
    struct store_filing filing;
    bool lost; /* the hash had no memory to take it in */
    UT_hash_handle hh;
};

struct state_node {
    struct store_state state;
    uint8_t *bytes; /* what state.bytes shows */
    bool lost;
    UT_hash_handle hh;
};

/* Pointers to all nodes of a hash in the order of their keys. */
struct walk {
    void **at;
    size_t n;
    bool stale;
};

struct journal_slot {
    struct store_journal_row row;
    uint8_t *block; /* what its decisions, undo and inputs show */
};

struct held_slot {
    struct store_held held;
    uint8_t *record;
};

struct bulletin_slot {
    struct store_bulletin bulletin;
    uint8_t *content;
};

struct partition {
    bool exists;
    struct store_row row;
    struct journal_slot *journal; /* ascending */
    size_t journal_n;
    size_t journal_size;
    struct held_slot *held; /* ascending by arrival number */
    size_t held_n;
    size_t held_size;
    struct filing_node *filings;
    struct state_node *states;
    struct walk filing_walk;
    struct walk state_walk;
};

struct database {
    uint32_t handles;
    bool broken;
    bool founded;
    struct store_ledger ledger;
    struct bulletin_slot *bulletins; /* ascending */
    size_t bulletins_n;
    size_t bulletins_size;
    struct partition partitions[STORE_PARTITIONS_MAX];
};

struct memory_store {
    struct store base; /* first: a handle is a store */
    struct database *database;
};

static struct database *database_of(struct store *store)
{
    return ((struct memory_store *)store)->database;
}

static enum status fail_nomem(struct failure *err)
{
    return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "no memory for the store");
}

static enum status fail_notfound(struct failure *err)
{
    if (err) {
        *err = (struct failure){.status = STATUS_NOTFOUND}; /* no text: this is the usual way */
    }
    return STATUS_NOTFOUND;
}

/* Guards of every call. */
static struct partition *partition_of(struct database *db, uint32_t partition)
{
    assert(partition < STORE_PARTITIONS_MAX);
    return &db->partitions[partition];
}

/* A copy of bytes, never NULL but for want of memory. */
static uint8_t *copy_of(struct bytes bytes)
{
    uint8_t *copy = malloc(bytes.n > 0 ? bytes.n : 1);

    if (copy && bytes.n > 0) {
        memcpy(copy, bytes.at, bytes.n);
    }
    return copy;
}

/* Room for one more of n elements; the new array, or NULL (then the old one is still there). */
static void *grown(void *at, size_t n, size_t *size, size_t element)
{
    size_t wanted = *size > 0 ? *size * 2 : 8;
    void *more;

    if (n < *size) {
        return at;
    }
    more = realloc(at, wanted * element);
    if (more) {
        *size = wanted;
    }
    return more;
}

static enum status memory_ledger_read(struct store *store, struct store_ledger *ret,
                                      struct failure *err)
{
    const struct database *db = database_of(store);

    if (!db->founded) {
        return fail_notfound(err);
    }
    *ret = db->ledger;
    return STATUS_OK;
}

static enum status memory_ledger_found(struct store *store, const struct store_ledger *ledger,
                                       struct failure *err)
{
    struct database *db = database_of(store);

    if (!db->founded) {
        db->ledger = *ledger;
        db->ledger.schema = STORE_SCHEMA;
        db->founded = true;
        return STATUS_OK;
    }
    if (memcmp(db->ledger.ledger_id, ledger->ledger_id, sizeof(ledger->ledger_id)) != 0 ||
        db->ledger.partitions != ledger->partitions) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0, "the store holds another ledger");
    }
    return STATUS_OK;
}

static enum status memory_ledger_renew(struct store *store, const uint8_t *store_id,
                                       struct failure *err)
{
    struct database *db = database_of(store);

    if (!db->founded) {
        return fail_notfound(err);
    }
    memcpy(db->ledger.store_id, store_id, sizeof(db->ledger.store_id));
    return STATUS_OK;
}

static enum status memory_row_read(struct store *store, uint32_t partition, struct store_row *ret,
                                   struct failure *err)
{
    const struct partition *p = partition_of(database_of(store), partition);

    if (database_of(store)->broken) {
        return fail_nomem(err);
    }
    if (!p->exists) {
        return fail_notfound(err);
    }
    *ret = p->row;
    return STATUS_OK;
}

static enum status memory_claim(struct store *store, const struct store_claim *claim,
                                struct store_row *ret, char ret_previous_txn_id[TXN_ID_SIZE],
                                struct failure *err)
{
    struct partition *p = partition_of(database_of(store), claim->partition);

    if (database_of(store)->broken) {
        return fail_nomem(err);
    }
    if (!p->exists) {
        p->exists = true;
        p->row.position.input_offset = -1;
        memcpy(p->row.position.chain, claim->genesis, sizeof(p->row.position.chain));
    }
    memcpy(ret_previous_txn_id, p->row.owner_txn_id, TXN_ID_SIZE);
    memset(p->row.owner_txn_id, 0, TXN_ID_SIZE);
    memcpy(p->row.owner_txn_id, claim->txn_id, strlen(claim->txn_id));
    memcpy(p->row.owner_token, claim->token, sizeof(p->row.owner_token));
    p->row.claims++;
    *ret = p->row;
    return STATUS_OK;
}

/* Commit, first half: may the whole batch be applied? */

/* The two belts of S2. */
static bool is_fenced(const struct partition *p, const struct store_part *part)
{
    return !p->exists ||
           memcmp(p->row.owner_token, part->owner_token, sizeof(part->owner_token)) != 0 ||
           p->row.position.next_offset != part->expected_next_offset ||
           p->row.position.step != part->expected_step;
}

/* Index of the first bulletin of at least number. */
static size_t bulletin_at_least(const struct database *db, uint64_t number)
{
    size_t i = db->bulletins_n;

    while (i > 0 && db->bulletins[i - 1].bulletin.number >= number) {
        i--; /* new ones are asked for most: from the end */
    }
    return i;
}

static bool bulletin_differs(const struct database *db, const struct store_bulletin *bulletin)
{
    size_t i = bulletin_at_least(db, bulletin->number);

    return i < db->bulletins_n && db->bulletins[i].bulletin.number == bulletin->number &&
           !bytes_equal(db->bulletins[i].bulletin.content, bulletin->content);
}

/* Commit, second half: each returns false for want of memory. */

/* The three parts of a row, one behind the other in a block of its own. */
static uint8_t *journal_block(struct store_journal_row *row)
{
    uint8_t *block = malloc(row->decisions.n + row->undo.n + row->inputs.n + 1);
    struct bytes *parts[] = {&row->decisions, &row->undo, &row->inputs};
    size_t used = 0;

    for (size_t i = 0; block && i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i]->n > 0) {
            memcpy(block + used, parts[i]->at, parts[i]->n);
        }
        parts[i]->at = block + used;
        used += parts[i]->n;
    }
    return block;
}

static bool apply_journal(struct partition *p, const struct store_part *part)
{
    struct journal_slot slot = {.row = part->row};
    struct journal_slot *more;

    if (part->row.count == 0) {
        return true;
    }
    more = grown(p->journal, p->journal_n, &p->journal_size, sizeof(*more));
    if (!more) {
        return false;
    }
    p->journal = more;
    slot.block = journal_block(&slot.row);
    if (!slot.block) {
        return false;
    }
    p->journal[p->journal_n] = slot;
    p->journal_n++;
    return true;
}

/* The macros of uthash count as if they were written here. */
/* NOLINTBEGIN(readability-function-cognitive-complexity,readability-function-size) */
static struct filing_node *filing_node_find(const struct partition *p,
                                            const struct store_filing_key *key)
{
    struct filing_node *node = NULL;

    HASH_FIND(hh, p->filings, key, sizeof(*key), node);
    return node;
}

static bool apply_filing(struct partition *p, const struct store_filing *filing)
{
    struct filing_node *node = filing_node_find(p, &filing->key);

    if (node) {
        node->filing = *filing;
        return true;
    }
    node = calloc(1, sizeof(*node));
    if (!node) {
        return false;
    }
    node->filing = *filing;
    HASH_ADD(hh, p->filings, filing.key, sizeof(node->filing.key), node);
    if (node->lost) {
        free(node);
        return false;
    }
    p->filing_walk.stale = true;
    return true;
}

static struct state_node *state_node_find(const struct partition *p,
                                          const char enterprise[CODE_SIZE])
{
    struct state_node *node = NULL;

    HASH_FIND(hh, p->states, enterprise, sizeof(node->state.enterprise), node);
    return node;
}

static struct state_node *state_node_add(struct partition *p, const char enterprise[CODE_SIZE])
{
    struct state_node *node = calloc(1, sizeof(*node));

    if (!node) {
        return NULL;
    }
    memcpy(node->state.enterprise, enterprise, sizeof(node->state.enterprise));
    HASH_ADD(hh, p->states, state.enterprise, sizeof(node->state.enterprise), node);
    if (node->lost) {
        free(node);
        return NULL;
    }
    p->state_walk.stale = true;
    return node;
}

/* NOLINTEND(readability-function-cognitive-complexity,readability-function-size) */

static bool apply_state(struct partition *p, const struct store_state *state)
{
    struct state_node *node = state_node_find(p, state->enterprise);
    uint8_t *bytes = copy_of(state->bytes);

    if (!node) {
        node = state_node_add(p, state->enterprise);
    }
    if (!node || !bytes) {
        free(bytes);
        return false;
    }
    free(node->bytes);
    node->bytes = bytes;
    node->state.number = state->number;
    node->state.bytes = (struct bytes){.at = bytes, .n = state->bytes.n};
    return true;
}

/* Index of the first held filing whose arrival number is above after. */
static size_t held_above(const struct partition *p, uint64_t after)
{
    size_t low = 0;
    size_t high = p->held_n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (p->held[middle].held.arrival_number > after) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static bool apply_held(struct partition *p, const struct store_held *held)
{
    size_t i = held_above(p, held->arrival_number);
    struct held_slot slot = {.held = *held, .record = copy_of(held->record)};
    struct held_slot *more = grown(p->held, p->held_n, &p->held_size, sizeof(*more));

    if (!slot.record || !more) {
        p->held = more ? more : p->held;
        free(slot.record);
        return false;
    }
    p->held = more;
    slot.held.record.at = slot.record;
    if (i > 0 && p->held[i - 1].held.arrival_number == held->arrival_number) {
        free(p->held[i - 1].record);
        p->held[i - 1] = slot;
        return true;
    }
    memmove(&p->held[i + 1], &p->held[i], (p->held_n - i) * sizeof(slot));
    p->held[i] = slot;
    p->held_n++;
    return true;
}

static void apply_release(struct partition *p, uint64_t arrival_number)
{
    size_t i = held_above(p, arrival_number);

    if (i == 0 || p->held[i - 1].held.arrival_number != arrival_number) {
        return;
    }
    free(p->held[i - 1].record);
    memmove(&p->held[i - 1], &p->held[i], (p->held_n - i) * sizeof(p->held[0]));
    p->held_n--;
}

static bool apply_bulletin(struct database *db, const struct store_bulletin *bulletin)
{
    size_t i = bulletin_at_least(db, bulletin->number);
    struct bulletin_slot slot = {.bulletin = *bulletin};
    struct bulletin_slot *more;

    if (i < db->bulletins_n && db->bulletins[i].bulletin.number == bulletin->number) {
        return true; /* the same content: it was compared */
    }
    more = grown(db->bulletins, db->bulletins_n, &db->bulletins_size, sizeof(*more));
    if (!more) {
        return false;
    }
    db->bulletins = more;
    slot.content = copy_of(bulletin->content);
    if (!slot.content) {
        return false;
    }
    slot.bulletin.content.at = slot.content;
    memmove(&db->bulletins[i + 1], &db->bulletins[i], (db->bulletins_n - i) * sizeof(slot));
    db->bulletins[i] = slot;
    db->bulletins_n++;
    return true;
}

static bool apply_part(struct database *db, const struct store_part *part)
{
    struct partition *p = partition_of(db, part->partition);
    bool ok = apply_journal(p, part);

    for (size_t i = 0; i < part->filings_n && ok; i++) {
        ok = apply_filing(p, &part->filings[i]);
    }
    for (size_t i = 0; i < part->held_n && ok; i++) {
        ok = apply_held(p, &part->held[i]);
    }
    for (size_t i = 0; i < part->released_n && ok; i++) {
        apply_release(p, part->released[i]);
    }
    for (size_t i = 0; i < part->states_n && ok; i++) {
        ok = apply_state(p, &part->states[i]);
    }
    for (size_t i = 0; i < part->bulletins_n && ok; i++) {
        ok = apply_bulletin(db, &part->bulletins[i]);
    }
    p->row.position = part->position;
    p->row.clean_number = part->clean_number;
    return ok;
}

/* Two contents for one bulletin within the batch are found as well: parts before it are looked at.
 */
static bool batch_differs(const struct store_batch *batch, size_t parts_n,
                          const struct store_bulletin *bulletin)
{
    for (size_t i = 0; i < parts_n; i++) {
        const struct store_part *part = &batch->parts[i];

        for (size_t k = 0; k < part->bulletins_n; k++) {
            if (part->bulletins[k].number == bulletin->number &&
                !bytes_equal(part->bulletins[k].content, bulletin->content)) {
                return true;
            }
        }
    }
    return false;
}

/* The checks in the order in which the SQLite store meets them: part by part. */
static enum status check_part(struct database *db, const struct store_batch *batch, size_t index,
                              enum store_outcome *ret_outcome, struct failure *err)
{
    const struct store_part *part = &batch->parts[index];

    *ret_outcome = STORE_STORED;
    if (is_fenced(partition_of(db, part->partition), part)) {
        *ret_outcome = STORE_FENCED;
        return STATUS_OK;
    }
    for (size_t i = 0; i < part->bulletins_n; i++) {
        const struct store_bulletin *bulletin = &part->bulletins[i];

        if (bulletin_differs(db, bulletin) || batch_differs(batch, index + 1, bulletin)) {
            *ret_outcome = STORE_DROPPED;
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "bulletin %" PRIu64 " has another content in the store",
                               bulletin->number);
        }
    }
    return STATUS_OK;
}

static enum status memory_commit(struct store *store, const struct store_batch *batch,
                                 enum store_outcome *ret_outcome, struct failure *err)
{
    struct database *db = database_of(store);

    *ret_outcome = STORE_DROPPED;
    if (db->broken) {
        return fail_nomem(err);
    }
    *ret_outcome = STORE_STORED;
    for (size_t i = 0; i < batch->parts_n; i++) {
        enum status status = check_part(db, batch, i, ret_outcome, err);

        if (status || *ret_outcome != STORE_STORED) {
            return status;
        }
    }
    for (size_t i = 0; i < batch->parts_n && !db->broken; i++) {
        db->broken = !apply_part(db, &batch->parts[i]);
    }
    if (db->broken) {
        *ret_outcome = STORE_DROPPED;
        return fail_nomem(err);
    }
    return STATUS_OK;
}

static enum status memory_published(struct store *store, uint32_t partition, uint64_t number,
                                    int64_t offset, struct failure *err)
{
    struct partition *p = partition_of(database_of(store), partition);

    (void)err;
    p->row.published_number = number;
    p->row.published_offset = offset;
    return STATUS_OK;
}

static enum status memory_filing_find(struct store *store, uint32_t partition,
                                      const struct store_filing_key *key, struct store_filing *ret,
                                      struct failure *err)
{
    struct database *db = database_of(store);
    const struct filing_node *node = filing_node_find(partition_of(db, partition), key);

    if (db->broken) {
        return fail_nomem(err);
    }
    if (!node) {
        return fail_notfound(err);
    }
    *ret = node->filing;
    return STATUS_OK;
}

static enum status memory_state_find(struct store *store, uint32_t partition,
                                     const char enterprise[CODE_SIZE], struct store_state *ret,
                                     struct failure *err)
{
    struct database *db = database_of(store);
    const struct state_node *node = state_node_find(partition_of(db, partition), enterprise);

    if (db->broken) {
        return fail_nomem(err);
    }
    if (!node) {
        return fail_notfound(err);
    }
    *ret = node->state;
    return STATUS_OK;
}

static int compare_filing_nodes(const void *a, const void *b)
{
    const struct filing_node *left = *(void *const *)a;
    const struct filing_node *right = *(void *const *)b;

    return memcmp(&left->filing.key, &right->filing.key, sizeof(left->filing.key));
}

static int compare_state_nodes(const void *a, const void *b)
{
    const struct state_node *left = *(void *const *)a;
    const struct state_node *right = *(void *const *)b;

    return memcmp(left->state.enterprise, right->state.enterprise, sizeof(left->state.enterprise));
}

static bool walk_reserve(struct walk *walk, size_t n)
{
    void **more = n > 0 ? realloc(walk->at, n * sizeof(*more)) : walk->at;

    if (n > 0 && !more) {
        return false;
    }
    walk->at = more;
    walk->n = 0;
    return true;
}

static bool filing_walk_refresh(struct partition *p)
{
    if (!p->filing_walk.stale) {
        return true;
    }
    if (!walk_reserve(&p->filing_walk, HASH_COUNT(p->filings))) {
        return false;
    }
    for (struct filing_node *node = p->filings; node; node = node->hh.next) {
        p->filing_walk.at[p->filing_walk.n] = node;
        p->filing_walk.n++;
    }
    qsort(p->filing_walk.at, p->filing_walk.n, sizeof(void *), compare_filing_nodes);
    p->filing_walk.stale = false;
    return true;
}

static bool state_walk_refresh(struct partition *p)
{
    if (!p->state_walk.stale) {
        return true;
    }
    if (!walk_reserve(&p->state_walk, HASH_COUNT(p->states))) {
        return false;
    }
    for (struct state_node *node = p->states; node; node = node->hh.next) {
        p->state_walk.at[p->state_walk.n] = node;
        p->state_walk.n++;
    }
    qsort(p->state_walk.at, p->state_walk.n, sizeof(void *), compare_state_nodes);
    p->state_walk.stale = false;
    return true;
}

/* The first node that is not below probe. */
static void *walk_at_least(const struct walk *walk, const void *probe,
                           int (*compare)(const void *, const void *))
{
    size_t low = 0;
    size_t high = walk->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&walk->at[middle], &probe) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < walk->n ? walk->at[low] : NULL;
}

static enum status memory_filing_next(struct store *store, uint32_t partition,
                                      const struct store_filing_key *key, struct store_filing *ret,
                                      struct failure *err)
{
    struct database *db = database_of(store);
    struct partition *p = partition_of(db, partition);
    const struct filing_node probe = {.filing = {.key = *key}};
    const struct filing_node *node;

    if (db->broken || !filing_walk_refresh(p)) {
        return fail_nomem(err);
    }
    node = walk_at_least(&p->filing_walk, &probe, compare_filing_nodes);
    if (!node) {
        return fail_notfound(err);
    }
    *ret = node->filing;
    return STATUS_OK;
}

static enum status memory_filing_walk(struct store *store, uint32_t partition,
                                      struct store_walk *walk, struct failure *err)
{
    enum status status = STATUS_OK;

    walk->rows_n = 0;
    while (status == STATUS_OK && walk->rows_n < walk->rows_max) {
        struct store_filing *row = &walk->rows[walk->rows_n];

        status = memory_filing_next(store, partition, &walk->from, row, err);
        if (status == STATUS_OK) {
            walk->from = row->key;
            walk->rows_n++;
            if (!store_filing_key_after(&walk->from)) {
                return STATUS_OK;
            }
        }
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

static enum status memory_state_next(struct store *store, uint32_t partition,
                                     const char after[CODE_SIZE], struct store_state *ret,
                                     struct failure *err)
{
    struct database *db = database_of(store);
    struct partition *p = partition_of(db, partition);
    struct state_node probe = {.bytes = NULL};
    const struct state_node *node;

    if (db->broken || !state_walk_refresh(p)) {
        return fail_nomem(err);
    }
    memcpy(probe.state.enterprise, after, sizeof(probe.state.enterprise));
    /* Above after is at least its successor: codes have no last byte of 0xff. */
    probe.state.enterprise[CODE_SIZE - 1] = (char)(probe.state.enterprise[CODE_SIZE - 1] + 1);
    node = walk_at_least(&p->state_walk, &probe, compare_state_nodes);
    if (!node) {
        return fail_notfound(err);
    }
    *ret = node->state;
    return STATUS_OK;
}

static enum status memory_journal_find(struct store *store, uint32_t partition, uint64_t number,
                                       struct store_journal_row *ret, struct failure *err)
{
    struct database *db = database_of(store);
    const struct partition *p = partition_of(db, partition);
    size_t low = 0; /* rows below it start at or before number */
    size_t high = p->journal_n;

    if (db->broken) {
        return fail_nomem(err);
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (p->journal[middle].row.first_number <= number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0 ||
        number - p->journal[low - 1].row.first_number >= p->journal[low - 1].row.count) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0,
                           "decision %" PRIu64 " is not in the journal", number);
    }
    *ret = p->journal[low - 1].row;
    return STATUS_OK;
}

static enum status memory_journal_recent(struct store *store, uint32_t partition,
                                         uint64_t *ret_first_number, struct failure *err)
{
    struct database *db = database_of(store);
    const struct partition *p = partition_of(db, partition);
    size_t last_but_one = p->journal_n > 1 ? p->journal_n - 2 : 0;

    if (db->broken) {
        return fail_nomem(err);
    }
    *ret_first_number = p->journal_n > 0 ? p->journal[last_but_one].row.first_number : 0;
    return STATUS_OK;
}

static enum status memory_held_next(struct store *store, uint32_t partition, uint64_t after,
                                    struct store_held *ret, struct failure *err)
{
    struct database *db = database_of(store);
    const struct partition *p = partition_of(db, partition);
    size_t i = held_above(p, after);

    if (db->broken) {
        return fail_nomem(err);
    }
    if (i == p->held_n) {
        return fail_notfound(err);
    }
    *ret = p->held[i].held;
    return STATUS_OK;
}

static enum status memory_bulletin_next(struct store *store, uint64_t number,
                                        struct store_bulletin *ret, struct failure *err)
{
    struct database *db = database_of(store);
    size_t i = bulletin_at_least(db, number);

    if (db->broken) {
        return fail_nomem(err);
    }
    if (i == db->bulletins_n) {
        return fail_notfound(err);
    }
    *ret = db->bulletins[i].bulletin;
    return STATUS_OK;
}

static void partition_fini(struct partition *p)
{
    struct filing_node *filing = p->filings;
    struct state_node *state = p->states;

    for (size_t i = 0; i < p->journal_n; i++) {
        free(p->journal[i].block);
    }
    free(p->journal);
    for (size_t i = 0; i < p->held_n; i++) {
        free(p->held[i].record);
    }
    free(p->held);
    free(p->filing_walk.at);
    free(p->state_walk.at);
    HASH_CLEAR(hh, p->filings); /* the table; the nodes stay linked */
    HASH_CLEAR(hh, p->states);
    while (filing) {
        struct filing_node *after = filing->hh.next;

        free(filing);
        filing = after;
    }
    while (state) {
        struct state_node *after = state->hh.next;

        free(state->bytes);
        free(state);
        state = after;
    }
}

static void memory_close(struct store *store)
{
    struct database *db = database_of(store);

    free(store);
    db->handles--;
    if (db->handles > 0) {
        return;
    }
    for (size_t i = 0; i < STORE_PARTITIONS_MAX; i++) {
        partition_fini(&db->partitions[i]);
    }
    for (size_t i = 0; i < db->bulletins_n; i++) {
        free(db->bulletins[i].content);
    }
    free(db->bulletins);
    free(db);
}

static enum status memory_share(struct store *store, struct store **ret, struct failure *err);

static const struct store_ops ops = {
    .name = "memory",
    .close = memory_close,
    .share = memory_share,
    .ledger_read = memory_ledger_read,
    .ledger_found = memory_ledger_found,
    .ledger_renew = memory_ledger_renew,
    .claim = memory_claim,
    .row_read = memory_row_read,
    .commit = memory_commit,
    .published = memory_published,
    .filing_find = memory_filing_find,
    .filing_next = memory_filing_next,
    .filing_walk = memory_filing_walk,
    .state_find = memory_state_find,
    .state_next = memory_state_next,
    .journal_find = memory_journal_find,
    .journal_recent = memory_journal_recent,
    .held_next = memory_held_next,
    .bulletin_next = memory_bulletin_next,
};

/* NULL for want of memory. */
static struct store *handle_new(struct database *db)
{
    struct memory_store *handle = calloc(1, sizeof(*handle));

    if (!handle) {
        return NULL;
    }
    handle->base.ops = &ops;
    handle->database = db;
    db->handles++;
    return &handle->base;
}

static enum status memory_share(struct store *store, struct store **ret, struct failure *err)
{
    struct store *handle = handle_new(database_of(store));

    if (!handle) {
        return fail_nomem(err);
    }
    *ret = handle;
    return STATUS_OK;
}

enum status store_memory_open(struct store **ret, struct failure *err)
{
    struct database *db = calloc(1, sizeof(*db));
    struct store *handle = db ? handle_new(db) : NULL;

    if (!handle) {
        free(db);
        return fail_nomem(err);
    }
    *ret = handle;
    return STATUS_OK;
}
