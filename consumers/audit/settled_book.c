#include "consumers/audit/settled_book.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/limits.h"
#include "consumers/audit/log_reader.h"
#include "form/identifiers.h"
#include "kafka/admin.h"
#include "wire/arena.h"
#include "wire/decision_codec.h"
#include "wire/submission.h"

#define ADMIN_MS 10000

struct settled_entry {
    struct store_filing_key key;
    struct settled settled;
    UT_hash_handle hh;
};

void settled_book_init(struct settled_book *book) { book->entries = NULL; }

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
void settled_book_fini(struct settled_book *book)
{
    struct settled_entry *entry;
    struct settled_entry *next;

    HASH_ITER(hh, book->entries, entry, next)
    {
        HASH_DEL(book->entries, entry);
        free(entry);
    }
}

bool settled_key(const struct identity *identity, struct store_filing_key *ret)
{
    if (identity->filing_id.n != UUID_TEXT_SIZE - 1 ||
        !bank_code_valid(identity->bank.at, identity->bank.n) ||
        !uscc_valid(identity->enterprise.at, identity->enterprise.n) ||
        !uuid_pack(identity->filing_id.at, ret->filing_id)) {
        return false;
    }
    memcpy(ret->bank, identity->bank.at, sizeof(ret->bank));
    memcpy(ret->enterprise, identity->enterprise.at, sizeof(ret->enterprise));
    return true;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static struct settled_entry *find(const struct settled_book *book,
                                  const struct store_filing_key *key)
{
    struct settled_entry *entry = NULL;

    HASH_FIND(hh, book->entries, key, sizeof(*key), entry);
    return entry;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
enum status settled_book_add(struct settled_book *book, const struct store_filing_key *key,
                             struct failure *err)
{
    struct settled_entry *entry = find(book, key);

    if (entry) {
        return STATUS_OK;
    }
    entry = calloc(1, sizeof(*entry));
    if (!entry) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    entry->key = *key;
    HASH_ADD(hh, book->entries, key, sizeof(entry->key), entry);
    return STATUS_OK;
}

const struct settled *settled_book_find(const struct settled_book *book,
                                        const struct store_filing_key *key)
{
    const struct settled_entry *entry = find(book, key);

    return entry ? &entry->settled : NULL;
}

void settled_book_sent(struct settled_book *book, const struct store_filing_key *key,
                       uint32_t partition, int64_t offset)
{
    struct settled_entry *entry = find(book, key);

    if (entry && entry->settled.state == SETTLED_NOT) {
        entry->settled =
            (struct settled){.state = SETTLED_SENT, .partition = partition, .offset = offset};
    }
}

/* ---- reading -------------------------------------------------------------------------------- */

struct reading {
    struct settled_book *book;
    const struct dead_conf *conf;
    uint32_t partitions_n;
    struct decision *decision;
    struct arena arena;
    int64_t next_offset; /* of submitted: what is not decided yet */
};

static enum status take_decision(struct reading *r, const struct bus_record *record,
                                 struct failure *err)
{
    struct decision *d = r->decision;
    struct store_filing_key key;
    struct settled_entry *entry = NULL;
    enum status status;

    arena_reset(&r->arena);
    status = decision_decode((struct bytes){.at = record->value, .n = record->value_n}, &r->arena,
                             d, err);
    if (status != STATUS_OK) {
        return failure_add(err, "a decision of '%s'", r->conf->topics->decided);
    }
    if (d->trigger_offset >= r->next_offset) {
        r->next_offset = d->trigger_offset + 1;
    }
    if (!dead_letter_decision(d) && settled_key(&d->identity, &key)) {
        entry = find(r->book, &key);
    }
    if (entry && entry->settled.state != SETTLED_DECIDED) {
        entry->settled = (struct settled){.state = SETTLED_DECIDED,
                                          .outcome = d->outcome,
                                          .partition = record->partition,
                                          .offset = d->input_offset};
    }
    return STATUS_OK;
}

/* The identity of a filing that lies where it belongs. */
static bool read_identity(struct reading *r, const struct bus_record *record,
                          struct store_filing_key *ret)
{
    const struct dead_case given = {.record = record, .partitions_n = r->partitions_n};
    struct dead_letter letter;
    struct submission submission;
    struct document doc = {.n = 0};
    struct identity identity = {.filing_id = {.n = 0}};
    const struct {
        const char *name;
        struct text *text;
    } members[] = {{"filing_id", &identity.filing_id},
                   {"bank", &identity.bank},
                   {"enterprise", &identity.enterprise}};

    if (dead_letter_judge(&given, &r->arena, &letter) ||
        submission_split(record->value, record->value_n, &submission, NULL) != STATUS_OK ||
        !submission.filing.at) {
        return false;
    }
    arena_reset(&r->arena);
    if (filing_decode(submission.filing.at, submission.filing.n, &r->arena, &doc, NULL) !=
        STATUS_OK) {
        return false;
    }
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const struct node *node = document_find(&doc, &doc.nodes[0], members[i].name);

        if (node && node->kind == NODE_TEXT) {
            *members[i].text = node->text;
        }
    }
    return settled_key(&identity, ret);
}

static enum status take_input(struct reading *r, const struct bus_record *record,
                              struct failure *err)
{
    struct store_filing_key key;

    (void)err;
    if (read_identity(r, record, &key)) {
        settled_book_sent(r->book, &key, record->partition, record->offset);
    }
    return STATUS_OK;
}

typedef enum status take_fn(struct reading *r, const struct bus_record *record,
                            struct failure *err);

static enum status read_topic(struct reading *r, const struct log_reader_conf *conf, take_fn *take,
                              struct failure *err)
{
    struct log_reader *reader = NULL;
    bool is_end = false;
    enum status status = log_reader_open(conf, &reader, err);

    while (status == STATUS_OK && !is_end) {
        struct bus_record record;

        if (r->conf->stop && r->conf->stop()) {
            status = failure_set(err, STATUS_IO, REMEDY_STOP, 0, "interrupted");
            break;
        }
        status = log_reader_next(reader, &record, &is_end, err);
        if (status == STATUS_OK && !is_end) {
            status = take(r, &record, err);
        }
    }
    log_reader_close(reader);
    return status;
}

/* First the decisions, then what comes behind the last of them. */
static enum status read_partition(struct reading *r, uint32_t partition, struct failure *err)
{
    struct log_reader_conf conf = {
        .handle = r->conf->handle, .topic = r->conf->topics->decided, .partition = partition};
    enum status status = admin_ends(conf.handle, conf.topic, (int32_t)partition, ADMIN_MS,
                                    &conf.from, &conf.end, err);

    r->next_offset = 0;
    if (status == STATUS_OK) {
        status = read_topic(r, &conf, take_decision, err);
    }
    conf.topic = r->conf->topics->submitted;
    if (status == STATUS_OK) {
        status = admin_ends(conf.handle, conf.topic, (int32_t)partition, ADMIN_MS, &conf.from,
                            &conf.end, err);
    }
    if (conf.from < r->next_offset) {
        conf.from = r->next_offset;
    }
    return status == STATUS_OK && conf.from < conf.end ? read_topic(r, &conf, take_input, err)
                                                       : status;
}

static bool is_wanted(const struct reading *r, uint32_t partition)
{
    for (const struct settled_entry *entry = r->book->entries; entry; entry = entry->hh.next) {
        if (partition_of_key(entry->key.enterprise, sizeof(entry->key.enterprise),
                             r->partitions_n) == partition) {
            return true;
        }
    }
    return false;
}

enum status settled_book_read(struct settled_book *book, const struct dead_conf *conf,
                              struct failure *err)
{
    struct reading r = {.book = book, .conf = conf, .decision = calloc(1, sizeof(*r.decision))};
    enum status status = r.decision
                             ? dead_letters_partitions(conf, &r.partitions_n, err)
                             : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");

    if (status == STATUS_OK) {
        status = arena_open(&r.arena, ARENA_FILING_MAX, err);
    }
    for (uint32_t p = 0; p < r.partitions_n && status == STATUS_OK; p++) {
        if (is_wanted(&r, p)) {
            status = read_partition(&r, p, err);
        }
    }
    free(r.decision);
    if (r.arena.base) {
        arena_close(&r.arena);
    }
    return status;
}
