/*
 *  slot    WAITING ---thread---> AT_WORK ---verified---> DONE ---take---> free
 *             '-------take: without a verdict--------------^
 *
 * Slots are numbered for ever; number n lies at n modulo the size of the ring:
 *
 *   taken_n <= next_n <= put_n <= taken_n + VERIFY_AHEAD_MAX
 *
 * Below next_n no thread has anything left to begin.  The lock guards states, verdicts and the
 * three counts; a thread verifies without it, on bytes that stay until the slot is DONE.  Keys, the
 * ledger and the arena belong to the caller's thread: a slot carries a copy of its key. */
#include "consumers/worker/verify_ahead.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "base/limits.h"
#include "form/reference.h"
#include "wire/arena.h"
#include "wire/hash.h"
#include "wire/sign.h"
#include "wire/submission.h"

#define THREADS_MAX 64
#define KEYS_MAX    65536 /* of all banks; then all are forgotten: a bulletin is not judged yet */
#define KEY_ID_MAX  64
#define BANK_SIZE   12
#define FILING_TAG  0x0A /* field 1 of a Submission: a piece of bytes */

enum slot_state { SLOT_WAITING, SLOT_AT_WORK, SLOT_DONE };

struct slot {
    enum slot_state state;
    struct bytes filing;
    struct bytes signature;
    struct verify_item item;
};

/* Which key a bank means by a name, as of the last bulletin seen. */
struct key_name {
    char bank[BANK_SIZE];
    char key_id[KEY_ID_MAX];
};

struct known_key {
    UT_hash_handle hh;
    struct key_name name;
    uint8_t key[PUBLIC_KEY_SIZE];
};

struct worker {
    struct verify_ahead *ahead;
    struct signer *signer;
    pthread_t thread;
    bool started;
};

struct verify_ahead {
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_cond_t done;
    bool stop;
    uint64_t taken_n;
    uint64_t next_n;
    uint64_t put_n;
    struct slot slots[VERIFY_AHEAD_MAX];
    size_t workers_n;
    struct worker workers[THREADS_MAX];
    /* The caller's thread alone. */
    bool has_ledger;
    uint8_t ledger_id[LEDGER_ID_SIZE];
    struct known_key *keys;
    struct hash *hash;
    struct arena arena;
    struct arena bulletin_arena;
};

/* ---- the threads --------------------------------------------------------------------------- */

static struct slot *slot_at(struct verify_ahead *a, uint64_t n)
{
    return &a->slots[n % VERIFY_AHEAD_MAX];
}

/* The next slot that waits, now at work; NULL = none.  Under the lock. */
static struct slot *begin(struct verify_ahead *a)
{
    while (a->next_n < a->put_n) {
        struct slot *slot = slot_at(a, a->next_n);

        a->next_n++;
        if (slot->state == SLOT_WAITING) {
            slot->state = SLOT_AT_WORK;
            return slot;
        }
    }
    return NULL;
}

static void *work(void *opaque)
{
    const struct worker *w = opaque;
    struct verify_ahead *a = w->ahead;

    (void)pthread_setname_np(pthread_self(), "verify-ahead"); /* for those who profile */
    pthread_mutex_lock(&a->lock);
    while (!a->stop) {
        struct slot *slot = begin(a);

        if (!slot) {
            pthread_cond_wait(&a->work, &a->lock);
            continue;
        }
        pthread_mutex_unlock(&a->lock);
        slot->item.verdict.right = signer_verify(w->signer,
                                                 &(struct signed_message){.domain = SIGN_FILING,
                                                                          .ledger_id = a->ledger_id,
                                                                          .bytes = slot->filing},
                                                 slot->item.verdict.key, slot->signature);
        pthread_mutex_lock(&a->lock);
        slot->item.verdict.known = true;
        slot->state = SLOT_DONE;
        pthread_cond_signal(&a->done);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static enum status start_worker(struct verify_ahead *a, struct failure *err)
{
    struct worker *w = &a->workers[a->workers_n];
    enum status status = signer_open(&w->signer, err);
    int rc;

    a->workers_n++; /* close() looks at it, half-made as it is */
    if (status != STATUS_OK) {
        return status;
    }
    w->ahead = a;
    rc = pthread_create(&w->thread, NULL, work, w);
    if (rc) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, rc, "cannot start a thread");
    }
    w->started = true;
    return STATUS_OK;
}

enum status verify_ahead_open(size_t threads_n, struct verify_ahead **ret, struct failure *err)
{
    struct verify_ahead *a = calloc(1, sizeof(*a));
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    enum status status;

    if (!a) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    threads_n = threads_n == 0 && cores > 0 ? (size_t)cores : threads_n;
    threads_n = threads_n > THREADS_MAX ? THREADS_MAX : threads_n;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->work, NULL);
    pthread_cond_init(&a->done, NULL);
    status = hash_open(&a->hash, err);
    if (status == STATUS_OK) {
        status = arena_open(&a->arena, ARENA_FILING_MAX, err);
    }
    if (status == STATUS_OK) {
        status = arena_open(&a->bulletin_arena, ARENA_BULLETIN_MAX, err);
    }
    while (status == STATUS_OK && a->workers_n < threads_n) {
        status = start_worker(a, err);
    }
    if (status != STATUS_OK) {
        verify_ahead_close(a);
        return status;
    }
    *ret = a;
    return STATUS_OK;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static void forget_keys(struct verify_ahead *a)
{
    struct known_key *key;
    struct known_key *next;

    HASH_ITER(hh, a->keys, key, next)
    {
        HASH_DEL(a->keys, key);
        free(key);
    }
}

void verify_ahead_close(struct verify_ahead *a)
{
    if (!a) {
        return;
    }
    assert(a->put_n == a->taken_n);
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_broadcast(&a->work);
    pthread_mutex_unlock(&a->lock);
    for (size_t i = 0; i < a->workers_n; i++) {
        if (a->workers[i].started) {
            pthread_join(a->workers[i].thread, NULL);
        }
        signer_close(a->workers[i].signer);
    }
    forget_keys(a);
    arena_close(&a->arena);
    arena_close(&a->bulletin_arena);
    hash_close(a->hash);
    pthread_cond_destroy(&a->done);
    pthread_cond_destroy(&a->work);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* False: no bank and key have such a name. */
static bool name_of(struct text bank, struct text key_id, struct key_name *ret)
{
    if (bank.n != BANK_SIZE || key_id.n == 0 || key_id.n > KEY_ID_MAX) {
        return false;
    }
    memset(ret, 0, sizeof(*ret));
    memcpy(ret->bank, bank.at, bank.n);
    memcpy(ret->key_id, key_id.at, key_id.n);
    return true;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static void learn_key(struct verify_ahead *a, struct text bank, const struct public_key *public)
{
    struct key_name name;
    struct known_key *known = NULL;

    if (!name_of(bank, public->key_id, &name)) {
        return;
    }
    HASH_FIND(hh, a->keys, &name, sizeof(name), known);
    if (!known) {
        if (HASH_COUNT(a->keys) >= KEYS_MAX) {
            forget_keys(a);
        }
        known = calloc(1, sizeof(*known));
        if (!known) {
            return; /* the engine verifies by itself */
        }
        known->name = name;
        HASH_ADD(hh, a->keys, name, sizeof(known->name), known);
    }
    memcpy(known->key, public->key, sizeof(known->key));
}

static void learn_banks(struct verify_ahead *a, const struct register_change *banks)
{
    for (uint32_t i = 0; i < banks->members_n; i++) {
        for (uint32_t k = 0; k < banks->members[i].keys_n; k++) {
            learn_key(a, banks->members[i].id, &banks->members[i].keys[k]);
        }
    }
}

void verify_ahead_learn(struct verify_ahead *a, struct bytes content)
{
    struct content_parts parts;
    struct failure why;
    struct area area;
    size_t n = 0;

    arena_reset(&a->bulletin_arena);
    if (content_decode(content.at, content.n, &a->bulletin_arena, &parts, &why) != STATUS_OK) {
        return;
    }
    if (parts.has_founding && !a->has_ledger) {
        hash_ledger_id(a->hash, content, a->ledger_id);
        a->has_ledger = true;
    }
    area = (struct area){.at = arena_take_rest(&a->bulletin_arena, &n)};
    area.size = n;
    arena_keep(&a->bulletin_arena, area.at, n);
    for (uint32_t i = 0; i < parts.items_n && area.at; i++) {
        struct reference_item item;
        struct fault fault;

        area.used = 0; /* what was read of the item before is learned */
        if (reference_read(&parts.items[i], &area, &item, &fault) && item.kind == REFERENCE_BANKS) {
            learn_banks(a, &item.of.banks);
        }
    }
}

void verify_ahead_learn_record(struct verify_ahead *a, struct bytes value)
{
    struct submission parts;
    struct bulletin bulletin;
    struct failure why;

    if (value.at && submission_split(value.at, value.n, &parts, &why) == STATUS_OK &&
        parts.bulletin.at &&
        bulletin_split(parts.bulletin.at, parts.bulletin.n, &bulletin, &why) == STATUS_OK) {
        verify_ahead_learn(a, bulletin.content);
    }
}

/* ---- the ring ------------------------------------------------------------------------------ */

bool verify_ahead_is_signed(struct bytes value)
{
    size_t at = 1;
    uint64_t length = 0;

    if (!value.at || value.n == 0 || value.at[0] != FILING_TAG) {
        return false;
    }
    for (unsigned shift = 0; at < value.n && shift < 28; shift += 7) {
        length |= (uint64_t)(value.at[at] & 0x7F) << shift;
        at++;
        if (value.at[at - 1] < 0x80) {
            break;
        }
    }
    return at + length < value.n;
}

/* Which key the filing's bank means; false = that cannot be said here.  uthash's macros count as if
 * they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static bool find_key(struct verify_ahead *a, const struct submission *parts,
                     uint8_t ret[PUBLIC_KEY_SIZE])
{
    const struct known_key *known = NULL;
    const struct node *bank;
    struct document doc;
    struct key_name name;
    struct failure why;

    arena_reset(&a->arena);
    if (!a->has_ledger ||
        filing_decode(parts->filing.at, parts->filing.n, &a->arena, &doc, &why) != STATUS_OK) {
        return false;
    }
    bank = document_find(&doc, doc.nodes, "bank");
    if (!bank || !name_of(bank->text, parts->key_id, &name)) {
        return false;
    }
    HASH_FIND(hh, a->keys, &name, sizeof(name), known);
    if (known) {
        memcpy(ret, known->key, PUBLIC_KEY_SIZE);
    }
    return known != NULL;
}

size_t verify_ahead_count(const struct verify_ahead *a) { return (size_t)(a->put_n - a->taken_n); }

void verify_ahead_put(struct verify_ahead *a, void *record, uint64_t mark, struct bytes value)
{
    struct slot *slot = slot_at(a, a->put_n); /* nobody else looks at it before put_n moves */
    struct submission parts;
    struct failure why;

    assert(a->put_n - a->taken_n < VERIFY_AHEAD_MAX);
    *slot = (struct slot){.state = SLOT_DONE, .item = {.record = record, .mark = mark}};
    if (verify_ahead_is_signed(value) &&
        submission_split(value.at, value.n, &parts, &why) == STATUS_OK && parts.is_signed &&
        find_key(a, &parts, slot->item.verdict.key)) {
        slot->state = SLOT_WAITING;
        slot->filing = parts.filing;
        slot->signature = parts.signature;
    }
    pthread_mutex_lock(&a->lock);
    a->put_n++;
    if (slot->state == SLOT_WAITING) {
        pthread_cond_signal(&a->work);
    }
    pthread_mutex_unlock(&a->lock);
}

/* V2.  Under the lock. */
static void settle(struct verify_ahead *a, struct slot *slot)
{
    while (slot->state == SLOT_AT_WORK) {
        pthread_cond_wait(&a->done, &a->lock);
    }
    slot->state = SLOT_DONE;
    a->taken_n++;
    a->next_n = a->next_n < a->taken_n ? a->taken_n : a->next_n;
}

bool verify_ahead_take(struct verify_ahead *a, struct verify_item *ret)
{
    struct slot *slot;

    if (verify_ahead_count(a) == 0) {
        return false;
    }
    pthread_mutex_lock(&a->lock);
    slot = slot_at(a, a->taken_n);
    settle(a, slot);
    *ret = slot->item;
    pthread_mutex_unlock(&a->lock);
    return true;
}

void verify_ahead_clear(struct verify_ahead *a, verify_drop_fn *drop)
{
    pthread_mutex_lock(&a->lock);
    for (uint64_t n = a->taken_n; n < a->put_n; n++) {
        if (slot_at(a, n)->state == SLOT_WAITING) {
            slot_at(a, n)->state = SLOT_DONE;
        }
    }
    while (a->taken_n < a->put_n) {
        struct slot *slot = slot_at(a, a->taken_n);

        settle(a, slot);
        drop(slot->item.record);
    }
    pthread_mutex_unlock(&a->lock);
}
