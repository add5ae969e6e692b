#include "consumers/worker/checkpoint_maker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "consumers/audit/checkpoint_book.h"
#include "consumers/core/policy.h"
#include "consumers/engine/journal.h"
#include "consumers/store/reference_set.h"
#include "consumers/store/states_digest.h"
#include "consumers/store/store_read.h"
#include "form/date.h"
#include "kafka/admin.h"
#include "kafka/courier.h"
#include "wire/arena.h"
#include "wire/decision_codec.h"
#include "wire/records.h"
#include "wire/sign.h"
#include "wire/tree.h"

#define REACH_MS    5000
#define SEND_MS_MAX 10000
#define ARENA_SIZE  (2u << 20)
#define KEY_ID_SIZE 129

/* The last checkpoint of a partition that counts. */
struct last {
    uint64_t number;
    uint8_t chain[DIGEST_SIZE];
};

struct checkpoint_maker {
    struct checkpoint_maker_conf conf;
    struct signing_key *key;
    uint8_t public_key[PUBLIC_KEY_SIZE];
    struct signer *signer;
    struct hash *hash;
    struct arena arena;
    struct store *reader;
    struct store_ledger ledger;
    struct reference_set *references;
    uint64_t bulletins_next;
    bool has_bulletin;
    struct courier *courier;
    struct last *lasts;
    bool is_in_moment;
    struct checkpoint draft;
    char key_id[KEY_ID_SIZE]; /* of the draft, as the next */
    uint8_t signature[SIGNATURE_SIZE];
};

static enum status out_of_memory(struct failure *err)
{
    return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
}

enum status maker_open(const struct checkpoint_maker_conf *conf, struct checkpoint_maker **ret,
                       struct failure *err)
{
    struct checkpoint_maker *m = calloc(1, sizeof(*m));
    struct failure why = {.status = STATUS_OK};
    enum status status;

    if (!m) {
        return out_of_memory(err);
    }
    m->conf = *conf;
    if (signing_key_open(conf->key_file, &m->key, &why) != STATUS_OK) {
        maker_close(m);
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, why.os, "worker.key_file: %.200s",
                           why.text);
    }
    signing_key_public(m->key, m->public_key);
    status = signer_open(&m->signer, err);
    if (status == STATUS_OK) {
        status = hash_open(&m->hash, err);
    }
    if (status == STATUS_OK) {
        status = arena_open(&m->arena, ARENA_SIZE, err);
    }
    if (status == STATUS_OK) {
        status = reference_set_open(&m->references, err);
    }
    if (status != STATUS_OK) {
        maker_close(m);
        return status;
    }
    *ret = m;
    return STATUS_OK;
}

void maker_close(struct checkpoint_maker *m)
{
    if (!m) {
        return;
    }
    store_close(m->reader);
    reference_set_close(m->references);
    courier_close(m->courier);
    signing_key_close(m->key);
    signer_close(m->signer);
    hash_close(m->hash);
    arena_close(&m->arena);
    free(m->lasts);
    free(m);
}

/* ---- learning ------------------------------------------------------------------------------ */

/* The bulletins that came since the last time. */
static enum status read_bulletins(struct checkpoint_maker *m, struct failure *err)
{
    struct store_bulletin bulletin;
    enum status status = store_bulletin_next(m->reader, m->bulletins_next, &bulletin, err);

    while (status == STATUS_OK) {
        status = reference_set_apply(m->references, bulletin.number, bulletin.content, err);
        if (status == STATUS_OK) {
            m->has_bulletin = true;
            m->bulletins_next = bulletin.number + 1;
            status = store_bulletin_next(m->reader, m->bulletins_next, &bulletin, err);
        }
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

static int64_t as_of(const struct checkpoint_maker *m)
{
    return reference_as_of(m->has_bulletin, m->bulletins_next - 1);
}

static enum status read_store(struct checkpoint_maker *m, struct failure *err)
{
    enum status status = STATUS_OK;

    if (!m->reader) {
        status = store_read_open(m->conf.store, &m->reader, err);
    }
    if (status == STATUS_OK) {
        status = store_ledger_read(m->reader, &m->ledger, err);
    }
    if (status == STATUS_OK && !m->lasts) {
        m->lasts = calloc(m->ledger.partitions, sizeof(*m->lasts));
        status = m->lasts ? STATUS_OK : out_of_memory(err);
    }
    return status == STATUS_OK ? read_bulletins(m, err) : status;
}

static void take_lasts(struct checkpoint_maker *m, const struct checkpoint_book *book)
{
    for (uint32_t p = 0; p < m->ledger.partitions; p++) {
        const struct checkpoint_entry *newest = checkpoint_book_newest(book, p);

        m->lasts[p].number = newest ? newest->number : 0;
        if (newest) {
            memcpy(m->lasts[p].chain, newest->chain, DIGEST_SIZE);
        }
    }
}

static enum status read_topic(struct checkpoint_maker *m, rd_kafka_t *handle, struct failure *err)
{
    const struct checkpoint_register known = {.reference = reference_set_reference(m->references),
                                              .as_of = as_of(m),
                                              .ledger_id = m->ledger.ledger_id};
    struct checkpoint_book *book = NULL;
    struct failure why = {.status = STATUS_OK};
    enum status status = admin_reach(handle, m->conf.options.bootstrap, REACH_MS, err);

    if (status == STATUS_OK) {
        status = checkpoint_book_open(&book, err);
    }
    if (status == STATUS_OK) {
        status = checkpoint_book_read(book, handle, m->conf.topics->checkpoints, &why);
        /* That the topic is missing is another thing than that the store is not founded. */
        status = status == STATUS_OK
                     ? STATUS_OK
                     : failure_set(err, status == STATUS_NOTFOUND ? STATUS_CONFLICT : status,
                                   why.remedy, why.os, "%s", why.text);
    }
    if (status == STATUS_OK) {
        status = checkpoint_book_judge(book, &known, err);
    }
    if (status == STATUS_OK) {
        take_lasts(m, book);
    }
    checkpoint_book_close(book);
    return status;
}

enum status maker_learn(struct checkpoint_maker *m, struct failure *err)
{
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *handle = NULL;
    enum status status = STATUS_OK;

    courier_close(m->courier); /* what it sent last may be there or not: the topic says */
    m->courier = NULL;
    status = read_store(m, err);
    if (status == STATUS_OK) {
        status = kafka_conf(KAFKA_LOOK_COMMITTED, &m->conf.options, &conf, err);
    }
    if (status == STATUS_OK) {
        status = kafka_open(KAFKA_LOOK_COMMITTED, conf, &handle, err);
    }
    if (status == STATUS_OK) {
        status = read_topic(m, handle, err);
        rd_kafka_destroy(handle);
    }
    return status;
}

uint32_t maker_partitions_n(const struct checkpoint_maker *m) { return m->ledger.partitions; }

uint64_t maker_last(const struct checkpoint_maker *m, uint32_t partition)
{
    return partition < m->ledger.partitions ? m->lasts[partition].number : 0;
}

/* ---- drafting ------------------------------------------------------------------------------ */

enum status maker_begin(struct checkpoint_maker *m, struct failure *err)
{
    const enum status status = store_read_begin(m->reader, err);

    m->is_in_moment = status == STATUS_OK;
    return status;
}

static void end_moment(struct checkpoint_maker *m)
{
    if (m->is_in_moment) {
        store_read_end(m->reader);
        m->is_in_moment = false;
    }
}

static enum status find_key_id(struct checkpoint_maker *m, int64_t received_ms, struct failure *err)
{
    const struct operator_key_query query = {
        .key = m->public_key, .roles = ROLE_WORKER, .on = date_of_unix_ms_shanghai(received_ms)};
    struct text key_id = {.n = 0};

    if (!reference_operator_of_key(reference_set_reference(m->references), as_of(m), &query,
                                   &key_id) ||
        key_id.n >= KEY_ID_SIZE ||
        (m->conf.key_id && (key_id.n != strlen(m->conf.key_id) ||
                            memcmp(key_id.at, m->conf.key_id, key_id.n) != 0))) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "the key in '%s' is no WORKER's in force%s", m->conf.key_file,
                           m->conf.key_id ? " under the id of worker.key_id" : "");
    }
    memcpy(m->key_id, key_id.at, key_id.n);
    m->key_id[key_id.n] = '\0';
    m->draft.key_id = (struct text){.at = m->key_id, .n = key_id.n};
    return STATUS_OK;
}

/* The row and the states belong together: all of one moment, complete up to one decision. */
static enum status read_moment(struct checkpoint_maker *m, uint32_t partition, uint64_t least,
                               struct store_row *ret, struct failure *err)
{
    const uint64_t last = m->lasts[partition].number;
    enum status status = store_row_read(m->reader, partition, ret, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (ret->position.step != 0 || ret->clean_number != ret->position.number ||
        (ret->position.number >= last && ret->position.number - last < least)) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_RETRY, 0,
                           "partition %" PRIu32 ": nothing to cover at decision %" PRIu64,
                           partition, ret->position.number);
    }
    status = read_bulletins(m, err);
    if (status == STATUS_OK) {
        status = find_key_id(m, ret->position.received_ms, err);
    }
    return status == STATUS_OK
               ? states_digest(m->reader, partition, m->hash, m->draft.states_hash, err)
               : status;
}

/* Does the store know the last checkpoint's decision, with its chain?  Otherwise one of the two is
 * of another history, and a new checkpoint would only cover it up. */
static enum status check_last(struct checkpoint_maker *m, uint32_t partition, uint64_t number,
                              struct failure *err)
{
    const struct last *last = &m->lasts[partition];
    struct store_journal_row row;
    struct journal_entry entry;
    const uint8_t *chain = NULL;
    enum status status = STATUS_OK;

    if (last->number == 0) {
        return STATUS_OK;
    }
    if (last->number > number) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "partition %" PRIu32 ": there is a checkpoint of decision %" PRIu64
                           ", the store stands at %" PRIu64 ": run 'filingctl verify'",
                           partition, last->number, number);
    }
    status = store_journal_find(m->reader, partition, last->number, &row, err);
    if (status == STATUS_OK) {
        status = journal_entry_find(&row, last->number, &entry, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    chain = decision_chain(entry.decision);
    if (!chain || memcmp(chain, last->chain, DIGEST_SIZE) != 0) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "partition %" PRIu32 ": the checkpoint of decision %" PRIu64
                           " has another chain than the store: run 'filingctl verify'",
                           partition, last->number);
    }
    return STATUS_OK;
}

/* What lies in the journal stays as it is: the tree needs no moment. */
static enum status add_row(struct checkpoint_maker *m, struct tree_builder *tree,
                           const struct store_journal_row *row, uint64_t *next, struct failure *err)
{
    struct journal_reader reader;
    struct journal_entry entry;
    enum status status = STATUS_OK;

    journal_reader_init(&reader, row);
    for (;;) {
        uint8_t leaf[DIGEST_SIZE];

        status = journal_next(&reader, &entry, err);
        if (status != STATUS_OK) {
            return status == STATUS_NOTFOUND ? STATUS_OK : status;
        }
        if (entry.number == *next && entry.number <= m->draft.number) {
            tree_leaf(m->hash, entry.decision, leaf);
            tree_add(tree, leaf);
            (*next)++;
        }
    }
}

static enum status make_tree(struct checkpoint_maker *m, struct failure *err)
{
    struct checkpoint *draft = &m->draft;
    struct tree_builder tree;
    uint64_t next;
    enum status status = STATUS_OK;

    /* A proof must stay possible: of a ledger that had no checkpoints for very long, the oldest
     * decisions are left to the chain. */
    if (draft->number - draft->first_number >= TREE_LEAVES_MAX) {
        draft->first_number = draft->number - TREE_LEAVES_MAX + 1;
    }
    next = draft->first_number;
    tree_begin(&tree, m->hash);
    while (next <= draft->number && status == STATUS_OK) {
        const uint64_t before = next;
        struct store_journal_row row;

        status = store_journal_find(m->reader, draft->partition, next, &row, err);
        if (status == STATUS_OK) {
            status = add_row(m, &tree, &row, &next, err);
        }
        if (status == STATUS_OK && next == before) {
            status = failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                                 "partition %" PRIu32 ": the journal lacks decision %" PRIu64,
                                 draft->partition, next);
        }
    }
    if (status == STATUS_OK) {
        tree_end(&tree, draft->decisions_hash);
    }
    return status;
}

static void fill(struct checkpoint_maker *m, uint32_t partition, const struct store_row *row)
{
    const struct store_position *is = &row->position;
    const struct policy_version *policy = policy_as_of(
        reference_set_reference(m->references), reference_as_of(is->has_bulletin, is->bulletin));

    m->draft.partition = partition;
    m->draft.first_number = m->lasts[partition].number + 1;
    m->draft.number = is->number;
    m->draft.next_offset = is->next_offset;
    m->draft.received_ms = is->received_ms;
    m->draft.rules = policy ? (uint32_t)policy->rules : 0;
    m->draft.witnesses_n = 0;
    memcpy(m->draft.ledger_id, m->ledger.ledger_id, LEDGER_ID_SIZE);
    memcpy(m->draft.chain, is->chain, DIGEST_SIZE);
}

static enum status sign(struct checkpoint_maker *m, struct failure *err)
{
    struct signed_message message = {.domain = SIGN_CHECKPOINT, .ledger_id = m->ledger.ledger_id};
    enum status status;

    arena_reset(&m->arena);
    status = checkpoint_signed_part(&m->draft, &m->arena, &message.bytes);
    if (status != STATUS_OK) {
        return failure_set(err, status, REMEDY_STOP, 0, "a checkpoint does not fit its memory");
    }
    m->draft.signature = (struct bytes){.at = m->signature, .n = SIGNATURE_SIZE};
    return signer_sign(m->signer, m->key, &message, m->signature, err);
}

enum status maker_draft(struct checkpoint_maker *m, uint32_t partition, uint64_t least,
                        struct maker_drafted *ret, struct failure *err)
{
    struct store_row row;
    enum status status = read_moment(m, partition, least, &row, err);

    end_moment(m);
    if (status == STATUS_OK) {
        fill(m, partition, &row);
        status = check_last(m, partition, row.position.number, err);
    }
    if (status == STATUS_OK) {
        status = make_tree(m, err);
    }
    if (status == STATUS_OK) {
        status = sign(m, err);
    }
    if (status == STATUS_OK) {
        *ret = (struct maker_drafted){.number = row.position.number,
                                      .published = row.published_number};
    }
    return status;
}

/* ---- sending ------------------------------------------------------------------------------- */

enum status maker_send(struct checkpoint_maker *m, struct failure *err)
{
    char key[16];
    struct producer_record record = {.topic = m->conf.topics->checkpoints, .key = key};
    struct bytes value;
    enum status status = STATUS_OK;

    arena_reset(&m->arena);
    if (checkpoint_encode(&m->draft, &m->arena, &value) != STATUS_OK) {
        return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0,
                           "a checkpoint does not fit its memory");
    }
    record.key_n = (size_t)snprintf(key, sizeof(key), "%" PRIu32, m->draft.partition);
    record.value = value.at;
    record.value_n = value.n;
    if (!m->courier) {
        status = courier_open(&m->conf.options, &m->courier, err);
    }
    if (status == STATUS_OK) {
        status = courier_send(m->courier, &record, SEND_MS_MAX, err);
    }
    if (status == STATUS_OK) {
        m->lasts[m->draft.partition].number = m->draft.number;
        memcpy(m->lasts[m->draft.partition].chain, m->draft.chain, DIGEST_SIZE);
    }
    return status;
}
