#include "consumers/audit/checkpoint_book.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "consumers/audit/log_reader.h"
#include "form/date.h"
#include "kafka/admin.h"
#include "wire/arena.h"
#include "wire/hash.h"
#include "wire/sign.h"

#define ANSWER_MS   10000
#define ARENA_SIZE  (2u << 20) /* the largest record and what the encoder keeps free */
#define ENTRIES_MIN 64
/* Kept of one checkpoint, from its oldest records on: what somebody adds who may write to the topic
 * costs no more than this. */
#define WITNESSES_KEPT_MAX 256

struct checkpoint_book {
    struct checkpoint_entry *entries;
    size_t entries_n, entries_max;
    uint8_t **values; /* of the records, as long as the book lives */
    size_t values_n, values_max;
    struct checkpoint_witness *witnesses; /* of all entries, in their order */
    size_t witnesses_n, witnesses_max;
    struct hash *hash;
    struct signer *signer;
    struct arena arena;
    uint64_t strange_n;
    bool is_judged;
};

const char *checkpoint_verdict_text(enum checkpoint_verdict verdict)
{
    switch (verdict) {
    case CHECKPOINT_GOOD:
        return "good";
    case CHECKPOINT_OTHER_LEDGER:
        return "of another ledger";
    case CHECKPOINT_KEY_UNKNOWN:
        return "unknown key";
    case CHECKPOINT_KEY_NO_ROLE:
        return "key without the role";
    case CHECKPOINT_KEY_NOT_VALID:
        return "key not valid on that date";
    case CHECKPOINT_SIGNATURE_WRONG:
        return "wrong signature";
    case CHECKPOINT_WITNESS_IS_WORKER:
        return "witness is the worker";
    }
    return "";
}

/* ---- memory -------------------------------------------------------------------------------- */

static enum status out_of_memory(struct failure *err)
{
    return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                       "cannot keep the checkpoints: out of memory");
}

/* Room for one more element; the array may move. */
static bool grow(void **array, size_t *max, size_t n, size_t size)
{
    const size_t wanted = *max < ENTRIES_MIN ? ENTRIES_MIN : *max * 2;
    void *larger = NULL;

    if (n < *max) {
        return true;
    }
    larger = realloc(*array, wanted * size);
    if (!larger) {
        return false;
    }
    *array = larger;
    *max = wanted;
    return true;
}

enum status checkpoint_book_open(struct checkpoint_book **ret, struct failure *err)
{
    struct checkpoint_book *book = calloc(1, sizeof(*book));
    enum status status;

    if (!book) {
        return out_of_memory(err);
    }
    status = hash_open(&book->hash, err);
    if (status == STATUS_OK) {
        status = signer_open(&book->signer, err);
    }
    if (status == STATUS_OK) {
        status = arena_open(&book->arena, ARENA_SIZE, err);
    }
    if (status != STATUS_OK) {
        checkpoint_book_close(book);
        return status;
    }
    *ret = book;
    return STATUS_OK;
}

void checkpoint_book_close(struct checkpoint_book *book)
{
    if (!book) {
        return;
    }
    for (size_t i = 0; i < book->values_n; i++) {
        free(book->values[i]);
    }
    free(book->values);
    free(book->entries);
    free(book->witnesses);
    hash_close(book->hash);
    signer_close(book->signer);
    arena_close(&book->arena);
    free(book);
}

/* ---- adding -------------------------------------------------------------------------------- */

/* Content and signature, told apart by the length of the first. */
static void identify(struct checkpoint_book *book, struct bytes content, struct bytes signature,
                     uint8_t out[DIGEST_SIZE])
{
    uint8_t length[8];

    be64_put(length, content.n);
    hash_begin(book->hash);
    hash_add(book->hash, length, sizeof(length));
    hash_add(book->hash, content.at, content.n);
    hash_add(book->hash, signature.at, signature.n);
    hash_end(book->hash, out);
}

static void fill_entry(struct checkpoint_entry *entry, const struct checkpoint *from)
{
    *entry = (struct checkpoint_entry){.partition = from->partition,
                                       .rules = from->rules,
                                       .first_number = from->first_number,
                                       .number = from->number,
                                       .next_offset = from->next_offset,
                                       .received_ms = from->received_ms,
                                       .key_id = from->key_id};
    memcpy(entry->ledger_id, from->ledger_id, LEDGER_ID_SIZE);
    memcpy(entry->chain, from->chain, DIGEST_SIZE);
    memcpy(entry->decisions_hash, from->decisions_hash, DIGEST_SIZE);
    memcpy(entry->states_hash, from->states_hash, DIGEST_SIZE);
}

/* A copy of the value that lives as long as the book; NULL: no memory. */
static uint8_t *keep(struct checkpoint_book *book, struct bytes value)
{
    void *values = book->values;
    uint8_t *copy = NULL;

    if (!grow(&values, &book->values_max, book->values_n, sizeof(*book->values))) {
        return NULL;
    }
    book->values = values;
    copy = malloc(value.n);
    if (copy) {
        memcpy(copy, value.at, value.n);
        book->values[book->values_n++] = copy;
    }
    return copy;
}

enum status checkpoint_book_add(struct checkpoint_book *book, int64_t offset, struct bytes value,
                                struct failure *err)
{
    struct checkpoint_entry *entry = NULL;
    struct checkpoint checkpoint;
    struct bytes content;
    void *entries = book->entries;

    assert(!book->is_judged);
    arena_reset(&book->arena);
    if (value.n == 0 || checkpoint_decode(value, &checkpoint) != STATUS_OK ||
        checkpoint_signed_part(&checkpoint, &book->arena, &content) != STATUS_OK) {
        book->strange_n++;
        return STATUS_OK;
    }
    if (!grow(&entries, &book->entries_max, book->entries_n, sizeof(*entry))) {
        return out_of_memory(err);
    }
    book->entries = entries;
    value.at = keep(book, value);
    if (!value.at || checkpoint_decode(value, &checkpoint) != STATUS_OK) {
        return out_of_memory(err); /* the copy decodes as the original did */
    }
    entry = &book->entries[book->entries_n++];
    fill_entry(entry, &checkpoint);
    entry->offset = offset;
    entry->value = value;
    identify(book, content, checkpoint.signature, entry->identity);
    return STATUS_OK;
}

enum status checkpoint_book_read(struct checkpoint_book *book, rd_kafka_t *handle,
                                 const char *topic, struct failure *err)
{
    return checkpoint_book_read_last(book, handle, topic, INT64_MAX, err);
}

enum status checkpoint_book_read_last(struct checkpoint_book *book, rd_kafka_t *handle,
                                      const char *topic, int64_t records_max, struct failure *err)
{
    struct log_reader_conf conf = {.handle = handle, .topic = topic};
    struct log_reader *reader = NULL;
    struct bus_record record;
    bool at_end = false;
    int32_t partitions = 0;
    enum status status = admin_partition_count(handle, topic, ANSWER_MS, &partitions, err);

    if (status == STATUS_OK && partitions == 0) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_STOP, 0,
                           "there is no topic '%s': run 'filingctl topics apply'", topic);
    }
    if (status == STATUS_OK) {
        status = admin_ends(handle, topic, 0, ANSWER_MS, &conf.from, &conf.end, err);
    }
    if (status == STATUS_OK) {
        conf.from = conf.end - conf.from > records_max ? conf.end - records_max : conf.from;
        status = log_reader_open(&conf, &reader, err);
    }
    while (status == STATUS_OK && !at_end) {
        status = log_reader_next(reader, &record, &at_end, err);
        if (status == STATUS_OK && !at_end) {
            status = checkpoint_book_add(
                book, record.offset, (struct bytes){.at = record.value, .n = record.value_n}, err);
        }
    }
    log_reader_close(reader);
    return status;
}

/* ---- judging ------------------------------------------------------------------------------- */

static int order_numbers(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

/* By place and number; copies of one checkpoint stand together, the oldest record first. */
static int order_entries(const void *a, const void *b)
{
    const struct checkpoint_entry *x = a;
    const struct checkpoint_entry *y = b;
    int order = order_numbers(x->partition, y->partition);

    order = order != 0 ? order : order_numbers(x->number, y->number);
    order = order != 0 ? order : order_numbers(x->first_number, y->first_number);
    order = order != 0 ? order : memcmp(x->identity, y->identity, DIGEST_SIZE);
    return order != 0 ? order : order_numbers((uint64_t)x->offset, (uint64_t)y->offset);
}

static int order_witnesses(const void *a, const void *b)
{
    const struct checkpoint_witness *x = a;
    const struct checkpoint_witness *y = b;
    const int order = reference_text_compare(x->approval.key_id, y->approval.key_id);

    return order != 0 ? order : bytes_order(x->approval.signature, y->approval.signature);
}

/* What one signature under a checkpoint is worth. */
struct judged {
    struct text key_id;
    struct bytes signature;
    uint32_t role;
    int32_t on;
    struct text person;
    enum checkpoint_verdict verdict;
};

static bool has_key(const struct member *member, struct text key_id)
{
    for (uint32_t i = 0; i < member->keys_n; i++) {
        if (reference_text_compare(member->keys[i].key_id, key_id) == 0) {
            return true;
        }
    }
    return false;
}

/* Nobody may sign with this key: why not? */
static void judge_stranger(const struct checkpoint_register *known, struct judged *judged)
{
    judged->verdict = CHECKPOINT_KEY_UNKNOWN;
    for (uint32_t i = 0; i < known->reference->operators_n; i++) {
        const struct member *member = &known->reference->operators[i].member;

        /* An older entry of the person counts no longer. */
        if (has_key(member, judged->key_id) &&
            reference_operator(known->reference, known->as_of, member->id) == member) {
            judged->person = member->id;
            judged->verdict = (member->roles & judged->role) == judged->role
                                  ? CHECKPOINT_KEY_NOT_VALID
                                  : CHECKPOINT_KEY_NO_ROLE;
            return;
        }
    }
}

static void judge_signature(struct checkpoint_book *book, const struct checkpoint_register *known,
                            struct bytes content, struct judged *judged)
{
    const struct operator_query query = {
        .key_id = judged->key_id, .roles = judged->role, .on = judged->on};
    const struct signed_message message = {
        .domain = SIGN_CHECKPOINT, .ledger_id = known->ledger_id, .bytes = content};
    const uint8_t *key = NULL;
    const struct member *member =
        reference_operator_key(known->reference, known->as_of, &query, &key);

    if (!member) {
        judge_stranger(known, judged);
        return;
    }
    judged->person = member->id;
    judged->verdict = signer_verify(book->signer, &message, key, judged->signature)
                          ? CHECKPOINT_GOOD
                          : CHECKPOINT_SIGNATURE_WRONG;
}

/* The witnesses of one record join those of the entry that stands last in the book. */
static enum status add_witnesses(struct checkpoint_book *book, size_t first,
                                 const struct checkpoint *checkpoint, struct failure *err)
{
    for (uint32_t i = 0; i < checkpoint->witnesses_n; i++) {
        const struct checkpoint_witness witness = {.approval = checkpoint->witnesses[i]};
        void *witnesses = book->witnesses;
        bool is_known = false;

        for (size_t k = first; k < book->witnesses_n && !is_known; k++) {
            is_known = order_witnesses(&book->witnesses[k], &witness) == 0;
        }
        if (is_known || book->witnesses_n - first == WITNESSES_KEPT_MAX) {
            continue;
        }
        if (!grow(&witnesses, &book->witnesses_max, book->witnesses_n, sizeof(witness))) {
            return out_of_memory(err);
        }
        book->witnesses = witnesses;
        book->witnesses[book->witnesses_n++] = witness;
    }
    return STATUS_OK;
}

static void judge_witnesses(struct checkpoint_book *book, const struct checkpoint_register *known,
                            struct checkpoint_entry *entry, size_t first, struct bytes content)
{
    for (size_t i = first; i < book->witnesses_n; i++) {
        struct checkpoint_witness *witness = &book->witnesses[i];
        struct judged judged = {.key_id = witness->approval.key_id,
                                .signature = witness->approval.signature,
                                .role = ROLE_WITNESS,
                                .on = date_of_unix_ms_shanghai(entry->received_ms)};

        if (entry->verdict == CHECKPOINT_OTHER_LEDGER) {
            judged.verdict = CHECKPOINT_OTHER_LEDGER;
        } else {
            judge_signature(book, known, content, &judged);
        }
        if (judged.verdict == CHECKPOINT_GOOD &&
            reference_text_compare(judged.person, entry->person) == 0) {
            judged.verdict = CHECKPOINT_WITNESS_IS_WORKER;
        }
        witness->person = judged.person;
        witness->verdict = judged.verdict;
        entry->witnesses_good_n += judged.verdict == CHECKPOINT_GOOD ? 1 : 0;
    }
    entry->witnesses_n = (uint32_t)(book->witnesses_n - first);
    if (entry->witnesses_n > 0) {
        qsort(&book->witnesses[first], entry->witnesses_n, sizeof(*book->witnesses),
              order_witnesses);
    }
}

/* The records of one entry stand together. */
struct run {
    struct checkpoint_entry *at;
    size_t n_max; /* records to the end of the book */
    size_t n;     /* of the entry */
};

/* Their witnesses; *ret is the checkpoint, its content in the arena. */
static enum status read_run(struct checkpoint_book *book, struct run *run, struct checkpoint *ret,
                            struct bytes *ret_content, struct failure *err)
{
    const size_t first = book->witnesses_n;
    enum status status = STATUS_OK;

    for (run->n = 0; status == STATUS_OK && run->n < run->n_max &&
                     memcmp(run->at[run->n].identity, run->at->identity, DIGEST_SIZE) == 0;
         run->n++) {
        status = checkpoint_decode(run->at[run->n].value, ret);
        if (status == STATUS_OK) {
            status = add_witnesses(book, first, ret, err);
        }
    }
    arena_reset(&book->arena);
    if (status != STATUS_OK || checkpoint_signed_part(ret, &book->arena, ret_content)) {
        return out_of_memory(err); /* all of it was done before, when the records were added */
    }
    return STATUS_OK;
}

static enum status judge_run(struct checkpoint_book *book, const struct checkpoint_register *known,
                             struct run *run, struct failure *err)
{
    struct checkpoint_entry *entry = run->at;
    const size_t first = book->witnesses_n;
    struct checkpoint checkpoint = {0};
    struct bytes content = {0};
    struct judged judged = {.role = ROLE_WORKER,
                            .on = date_of_unix_ms_shanghai(entry->received_ms)};
    const enum status status = read_run(book, run, &checkpoint, &content, err);

    if (status != STATUS_OK) {
        return status;
    }
    judged.key_id = entry->key_id;
    judged.signature = checkpoint.signature;
    if (memcmp(entry->ledger_id, known->ledger_id, LEDGER_ID_SIZE) != 0) {
        judged.verdict = CHECKPOINT_OTHER_LEDGER;
    } else {
        judge_signature(book, known, content, &judged);
    }
    entry->verdict = judged.verdict;
    entry->person = judged.person;
    judge_witnesses(book, known, entry, first, content);
    return STATUS_OK;
}

/* Both are good and of one number: can both be true?  A tree over other decisions has another root;
 * everything else is the same for everybody who decides the log. */
static bool agree(const struct checkpoint_entry *a, const struct checkpoint_entry *b)
{
    return memcmp(a->chain, b->chain, DIGEST_SIZE) == 0 &&
           memcmp(a->states_hash, b->states_hash, DIGEST_SIZE) == 0 &&
           a->next_offset == b->next_offset && a->received_ms == b->received_ms &&
           a->rules == b->rules &&
           (a->first_number != b->first_number ||
            memcmp(a->decisions_hash, b->decisions_hash, DIGEST_SIZE) == 0);
}

/* Each good entry is held against the first of its number and, for the tree, against the one before
 * it, with which it shares the first number if with any. */
static void mark_forks(struct checkpoint_book *book)
{
    struct checkpoint_entry *first = NULL;
    struct checkpoint_entry *before = NULL;

    for (size_t i = 0; i < book->entries_n; i++) {
        struct checkpoint_entry *entry = &book->entries[i];

        if (entry->verdict != CHECKPOINT_GOOD) {
            continue;
        }
        if (!first || first->partition != entry->partition || first->number != entry->number) {
            first = entry;
        } else if (!agree(first, entry)) {
            first->is_forked = true;
            entry->is_forked = true;
        } else if (!agree(before, entry)) {
            before->is_forked = true;
            entry->is_forked = true;
        }
        before = entry;
    }
}

enum status checkpoint_book_judge(struct checkpoint_book *book,
                                  const struct checkpoint_register *known, struct failure *err)
{
    const size_t records_n = book->entries_n;
    size_t witness = 0;

    assert(!book->is_judged);
    book->is_judged = true;
    if (records_n > 0) {
        qsort(book->entries, records_n, sizeof(*book->entries), order_entries);
    }
    book->entries_n = 0;
    for (size_t at = 0; at < records_n;) {
        struct run run = {.at = &book->entries[at], .n_max = records_n - at};
        const enum status status = judge_run(book, known, &run, err);

        if (status != STATUS_OK) {
            return status;
        }
        book->entries[book->entries_n++] = book->entries[at];
        at += run.n;
    }
    for (size_t i = 0; i < book->entries_n; i++) { /* now that the array stays where it is */
        struct checkpoint_entry *entry = &book->entries[i];

        entry->witnesses = entry->witnesses_n > 0 ? &book->witnesses[witness] : NULL;
        witness += entry->witnesses_n;
    }
    mark_forks(book);
    return STATUS_OK;
}

/* ---- looking ------------------------------------------------------------------------------- */

const struct checkpoint_entry *checkpoint_book_all(const struct checkpoint_book *book,
                                                   size_t *ret_n)
{
    assert(book->is_judged);
    *ret_n = book->entries_n;
    return book->entries;
}

/* The first entry of a partition or a greater one. */
static size_t place_of(const struct checkpoint_book *book, uint64_t partition)
{
    size_t low = 0;
    size_t high = book->entries_n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (book->entries[middle].partition < partition) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct checkpoint_entry *checkpoint_book_partition(const struct checkpoint_book *book,
                                                         uint32_t partition, size_t *ret_n)
{
    const size_t first = place_of(book, partition);

    assert(book->is_judged);
    *ret_n = place_of(book, (uint64_t)partition + 1) - first;
    return *ret_n > 0 ? &book->entries[first] : NULL;
}

const struct checkpoint_entry *checkpoint_book_newest(const struct checkpoint_book *book,
                                                      uint32_t partition)
{
    size_t n = 0;
    const struct checkpoint_entry *entries = checkpoint_book_partition(book, partition, &n);

    while (n > 0) {
        n--;
        if (entries[n].verdict == CHECKPOINT_GOOD && !entries[n].is_forked) {
            return &entries[n];
        }
    }
    return NULL;
}

uint64_t checkpoint_book_strange(const struct checkpoint_book *book) { return book->strange_n; }

static void take_witnesses(const struct checkpoint_entry *entry, bool is_good,
                           struct checkpoint *ret)
{
    for (uint32_t i = 0; i < entry->witnesses_n && ret->witnesses_n < WITNESSES_MAX; i++) {
        if ((entry->witnesses[i].verdict == CHECKPOINT_GOOD) == is_good) {
            ret->witnesses[ret->witnesses_n++] = entry->witnesses[i].approval;
        }
    }
}

void checkpoint_entry_read(const struct checkpoint_entry *entry, struct checkpoint *ret)
{
    const enum status status = checkpoint_decode(entry->value, ret);

    assert(status == STATUS_OK); /* it was decoded when it was added */
    ret->witnesses_n = 0;
    take_witnesses(entry, true, ret);
    take_witnesses(entry, false, ret);
}
