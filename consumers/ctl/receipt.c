/* receipt: what a bank keeps of a decision; receipt check: whether it is to be believed.
 *
 * The decision and the leaves of its checkpoint's interval come from the journal, the checkpoint
 * from filings.checkpoints.v1.  Checking needs neither: the keys come from a file of operators, or,
 * where there is none, from filings.reference.v1. */
#include "consumers/audit/receipt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "consumers/ctl/ledger_log.h"
#include "consumers/ctl/lookup.h"
#include "consumers/ctl/reference_file.h"
#include "form/identifiers.h"
#include "wire/encode.h"
#include "wire/tree.h"

#define CONTENT_ARENA ((size_t)4 << 20)

/* ---- giving one ---------------------------------------------------------------------------- */

struct giving {
    struct ctl *ctl;
    struct lookup lookup;
    struct ledger_log *log;
    struct checkpoint_book *book;
    struct hash *hash;
    uint32_t partition;
    struct store_filing filing;
    uint32_t found;         /* enterprises with the id */
    struct buffer decision; /* bytes of the filing's last */
    struct buffer leaves;
    struct buffer path;
};

static enum status search_partition(struct giving *g, uint32_t partition,
                                    const struct store_filing_key *wanted, struct failure *err)
{
    const char *enterprise = g->ctl->settings->enterprise;
    struct store_filing_key key = *wanted;
    struct store_filing filing;

    for (;;) {
        const enum status status =
            store_filing_next(g->lookup.store, partition, &key, &filing, err);

        if (status == STATUS_NOTFOUND ||
            (status == STATUS_OK &&
             memcmp(&filing.key, wanted, offsetof(struct store_filing_key, enterprise)) != 0)) {
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (!enterprise || memcmp(filing.key.enterprise, enterprise, CODE_SIZE) == 0) {
            g->filing = filing;
            g->partition = partition;
            g->found++;
        }
        key = filing.key;
        key.enterprise[CODE_SIZE - 1]++; /* codes are ASCII: the smallest above it */
    }
}

static enum status find_filing(struct giving *g, struct failure *err)
{
    const char *bank = g->ctl->common->arguments[0];
    const char *id = g->ctl->common->arguments[1];
    const char *enterprise = g->ctl->settings->enterprise;
    struct store_filing_key key = {.enterprise = {0}};
    enum status status = STATUS_OK;

    if (!bank_code_valid(bank, strlen(bank)) || !uuid_valid(id, strlen(id)) ||
        !uuid_pack(id, key.filing_id)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "'%s' is no bank of 12 digits, or '%s' no UUID", bank, id);
    }
    if (enterprise && !uscc_valid(enterprise, strlen(enterprise))) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "'%s' is no credit code", enterprise);
    }
    memcpy(key.bank, bank, BANK_SIZE);
    for (uint32_t p = 0; p < g->lookup.ledger.partitions && status == STATUS_OK; p++) {
        status = search_partition(g, p, &key, err);
    }
    if (status == STATUS_OK && g->found == 0) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0,
                           "bank %s has no filing %s that was decided", bank, id);
    }
    if (status == STATUS_OK && g->found > 1) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "the bank used the id for %" PRIu32
                           " enterprises: say which with --enterprise",
                           g->found);
    }
    return status;
}

static enum status read_book(const struct ctl *ctl, struct checkpoint_book *book,
                             struct failure *err)
{
    rd_kafka_t *handle = NULL;
    enum status status = ctl_kafka_open(ctl, KAFKA_LOOK_COMMITTED, &handle, err);

    if (status == STATUS_OK) {
        status = checkpoint_book_read(book, handle, ctl->topics.checkpoints, err);
        rd_kafka_destroy(handle);
    }
    return status;
}

/* A good checkpoint that covers the decision: the first, or rather one that a witness signed. */
static enum status find_checkpoint(struct giving *g, const struct checkpoint_entry **ret,
                                   struct failure *err)
{
    const uint64_t number = g->filing.last_number;
    const struct checkpoint_register known = {.reference =
                                                  reference_set_reference(g->log->references),
                                              .as_of = ledger_log_as_of(g->log),
                                              .ledger_id = g->log->ledger_id};
    const struct checkpoint_entry *entries;
    size_t n = 0;
    enum status status = checkpoint_book_judge(g->book, &known, err);

    *ret = NULL;
    if (status != STATUS_OK) {
        return status;
    }
    entries = checkpoint_book_partition(g->book, g->partition, &n);
    for (size_t i = 0; entries && i < n; i++) {
        const struct checkpoint_entry *e = &entries[i];
        const bool covers = e->first_number <= number && number <= e->number &&
                            e->number - e->first_number < TREE_LEAVES_MAX;

        if (covers && e->verdict == CHECKPOINT_GOOD && !e->is_forked &&
            (!*ret || ((*ret)->witnesses_good_n == 0 && e->witnesses_good_n > 0))) {
            *ret = e;
        }
    }
    return *ret
               ? STATUS_OK
               : failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0,
                             "not yet: no checkpoint covers decision %" PRIu64
                             " of partition %" PRIu32
                             "; the next one comes within checkpoint.minutes (10) of a worker that "
                             "has a key",
                             number, g->partition);
}

static enum status add_row(struct giving *g, const struct checkpoint_entry *entry,
                           const struct store_journal_row *row, struct failure *err)
{
    struct journal_reader reader;
    struct journal_entry decision;
    uint8_t leaf[DIGEST_SIZE];
    enum status status = STATUS_OK;

    journal_reader_init(&reader, row);
    for (uint32_t i = 0; i < row->count && status == STATUS_OK; i++) {
        status = journal_next(&reader, &decision, err);
        if (status != STATUS_OK || decision.number < entry->first_number ||
            decision.number > entry->number) {
            continue;
        }
        if (decision.number == g->filing.last_number) {
            buffer_append(&g->decision, decision.decision.at, decision.decision.n);
        }
        tree_leaf(g->hash, decision.decision, leaf);
        buffer_append(&g->leaves, leaf, sizeof(leaf));
    }
    return status == STATUS_OK ? buffer_check(&g->leaves, err) : status;
}

static enum status read_leaves(struct giving *g, const struct checkpoint_entry *entry,
                               struct failure *err)
{
    uint64_t number = entry->first_number;
    enum status status = STATUS_OK;

    while (number <= entry->number && status == STATUS_OK) {
        struct store_journal_row row;

        status = store_journal_find(g->lookup.store, g->partition, number, &row, err);
        if (status == STATUS_OK) {
            status = add_row(g, entry, &row, err);
            number = row.first_number + row.count;
        }
    }
    return status;
}

/* The way, and once along it: a receipt that does not hold is not given. */
static enum status make(struct giving *g, const struct checkpoint_entry *entry, struct buffer *text,
                        struct failure *err)
{
    const uint64_t place = g->filing.last_number - entry->first_number;
    const struct tree_choice choice = {
        .places = &place, .places_n = 1, .leaves_n = entry->number - entry->first_number + 1};
    struct receipt receipt;
    struct checkpoint checkpoint;
    struct receipt_memory *memory = NULL;
    enum status status =
        tree_prove(g->hash, (uint8_t(*)[DIGEST_SIZE])(void *)g->leaves.at, &choice, &g->path, err);

    checkpoint_entry_read(entry, &checkpoint);
    if (checkpoint.witnesses_n > entry->witnesses_good_n) {
        checkpoint.witnesses_n = entry->witnesses_good_n;
    }
    if (status == STATUS_OK) {
        arena_reset(&g->lookup.arena);
        status = checkpoint_encode(&checkpoint, &g->lookup.arena, &receipt.checkpoint);
    }
    receipt.decision = buffer_bytes(&g->decision);
    receipt.path = buffer_bytes(&g->path);
    if (status == STATUS_OK) {
        status = receipt_put(&receipt, text, err);
    }
    if (status == STATUS_OK) {
        status = receipt_memory_open(&memory, err);
    }
    if (status == STATUS_OK &&
        receipt_read(buffer_bytes(text), g->hash, memory, err) != STATUS_OK) {
        g->ctl->code = EXIT_DIFFERENCE;
        status = failure_add(
            err, "the journal does not lead to checkpoint %" PRIu64 "; run 'filingctl verify'",
            entry->number);
    }
    receipt_memory_close(memory);
    return status;
}

static enum status give(struct giving *g, struct buffer *text, struct failure *err)
{
    const struct checkpoint_entry *entry = NULL;
    enum status status = lookup_open(&g->lookup, g->ctl, err);

    if (status == STATUS_OK) {
        status = find_filing(g, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_read(g->ctl, &g->log, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_check_founded(g->log, err);
    }
    if (status == STATUS_OK) {
        status = checkpoint_book_open(&g->book, err);
    }
    if (status == STATUS_OK) {
        status = read_book(g->ctl, g->book, err);
    }
    if (status == STATUS_OK) {
        status = find_checkpoint(g, &entry, err);
    }
    if (status != STATUS_OK || !entry) {
        return status;
    }
    status = read_leaves(g, entry, err);
    return status == STATUS_OK ? make(g, entry, text, err) : status;
}

static enum status write_out(FILE *out, const struct buffer *text, struct failure *err)
{
    return fwrite(text->at, 1, text->n, out) == text->n && fflush(out) == 0
               ? STATUS_OK
               : failure_set(err, STATUS_IO, REMEDY_STOP, 0, "cannot write the output");
}

enum status receipt_give(struct ctl *ctl, struct failure *err)
{
    struct giving g = {.ctl = ctl};
    struct buffer text;
    enum status status = hash_open(&g.hash, err);

    buffer_init(&text, RECEIPT_SIZE_MAX);
    buffer_init(&g.decision, DECISION_SIZE_MAX);
    buffer_init(&g.leaves, TREE_LEAVES_MAX * DIGEST_SIZE);
    buffer_init(&g.path, RECEIPT_SIZE_MAX);
    if (status == STATUS_OK) {
        status = give(&g, &text, err);
    }
    if (status == STATUS_OK) {
        status = write_out(ctl->out, &text, err);
    }
    checkpoint_book_close(g.book);
    ledger_log_close(g.log);
    lookup_close(&g.lookup);
    hash_close(g.hash);
    buffer_fini(&text);
    buffer_fini(&g.decision);
    buffer_fini(&g.leaves);
    buffer_fini(&g.path);
    return status;
}

/* ---- checking one -------------------------------------------------------------------------- */

/* Whose keys count, from a file of operators or from the reference topic. */
struct register_of_keys {
    struct reference_set *set;
    struct ledger_log *log;
    const struct reference *reference;
    int64_t as_of;
};

static enum status register_of_file(struct register_of_keys *r, const char *path,
                                    struct failure *err)
{
    struct reference_file file;
    struct bytes *items = NULL;
    struct arena arena = {.size = 0};
    struct bytes content = {.n = 0};
    enum status status = reference_file_read(&file, path, REFERENCE_OPERATORS, err);

    if (status == STATUS_OK) {
        items = calloc(file.objects_n, sizeof(*items));
        status = items ? arena_open(&arena, CONTENT_ARENA, err)
                       : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    for (size_t i = 0; status == STATUS_OK && items && i < file.objects_n; i++) {
        items[i] = file.objects[i].encoded;
    }
    if (status == STATUS_OK &&
        content_encode(1, items, (uint32_t)file.objects_n, &arena, &content) != STATUS_OK) {
        status = failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0, "'%s' is too large", path);
    }
    if (status == STATUS_OK) {
        status = reference_set_open(&r->set, err);
    }
    if (status == STATUS_OK) {
        status = reference_set_apply(r->set, 1, content, err);
    }
    if (status == STATUS_OK) {
        r->reference = reference_set_reference(r->set);
        r->as_of = 1;
    }
    arena_close(&arena);
    free(items);
    reference_file_close(&file);
    return status;
}

static enum status register_open(struct register_of_keys *r, const struct ctl *ctl,
                                 struct failure *err)
{
    enum status status;

    if (ctl->settings->operators) {
        return register_of_file(r, ctl->settings->operators, err);
    }
    status = ledger_log_read(ctl, &r->log, err);
    if (status == STATUS_OK) {
        status = ledger_log_check_founded(r->log, err);
    }
    if (status == STATUS_OK) {
        r->reference = reference_set_reference(r->log->references);
        r->as_of = ledger_log_as_of(r->log);
    }
    return status;
}

static void register_close(struct register_of_keys *r)
{
    reference_set_close(r->set);
    ledger_log_close(r->log);
}

/* The ledger that it must be of: as asked for, else that of the reference topic, else its own. */
static enum status ledger_of(const struct ctl *ctl, const struct register_of_keys *r,
                             const struct checkpoint *checkpoint, uint8_t out[LEDGER_ID_SIZE],
                             struct failure *err)
{
    memcpy(out, r->log ? r->log->ledger_id : checkpoint->ledger_id, LEDGER_ID_SIZE);
    return ctl->settings->ledger ? ctl_ledger_id(ctl->settings->ledger, out, err) : STATUS_OK;
}

static void tell(const struct ctl *ctl, const struct receipt_memory *m,
                 const struct checkpoint_entry *entry)
{
    char ledger_id[2 * LEDGER_ID_SIZE + 1];
    char at[CLOCK_TEXT_SIZE];

    hex_encode((struct bytes){.at = entry->ledger_id, .n = LEDGER_ID_SIZE}, ledger_id);
    clock_format(m->decision.received_ms, at);
    (void)fprintf(ctl->out, "%s: decision %" PRIu64 " of partition %" PRIu32 " on filing ",
                  outcome_name(m->decision.outcome), m->decision.number, m->decision.partition);
    output_shown(ctl->out, m->decision.identity.filing_id);
    (void)fputs(" of bank ", ctl->out);
    output_shown(ctl->out, m->decision.identity.bank);
    (void)fprintf(ctl->out, ", received %s\n  ledger %s, checkpoint %" PRIu64 " signed by ", at,
                  ledger_id, entry->number);
    output_shown(ctl->out, entry->person);
    for (uint32_t i = 0; i < entry->witnesses_n; i++) {
        (void)fputs(", witnessed by ", ctl->out);
        output_shown(ctl->out, entry->witnesses[i].person);
    }
    (void)fputc('\n', ctl->out);
}

static enum status differs(struct ctl *ctl, const char *what, enum checkpoint_verdict verdict,
                           struct failure *err)
{
    ctl->code = EXIT_DIFFERENCE;
    return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0, "the %s of its checkpoint: %s", what,
                       checkpoint_verdict_text(verdict));
}

/* The signatures under the checkpoint. */
static enum status judge(struct ctl *ctl, const struct receipt_memory *m,
                         const struct register_of_keys *keys, struct failure *err)
{
    uint8_t ledger_id[LEDGER_ID_SIZE];
    const struct checkpoint_register known = {
        .reference = keys->reference, .as_of = keys->as_of, .ledger_id = ledger_id};
    const struct checkpoint_entry *entry = NULL;
    struct checkpoint_book *book = NULL;
    size_t n = 0;
    enum status status = ledger_of(ctl, keys, &m->checkpoint, ledger_id, err);

    if (status == STATUS_OK) {
        status = checkpoint_book_open(&book, err);
    }
    if (status == STATUS_OK) {
        status = checkpoint_book_add(book, 0, m->receipt.checkpoint, err);
    }
    if (status == STATUS_OK) {
        status = checkpoint_book_judge(book, &known, err);
    }
    if (status == STATUS_OK) {
        entry = checkpoint_book_all(book, &n);
        status = entry->verdict == CHECKPOINT_GOOD ? STATUS_OK
                                                   : differs(ctl, "signature", entry->verdict, err);
    }
    for (uint32_t i = 0; status == STATUS_OK && i < entry->witnesses_n; i++) {
        if (entry->witnesses[i].verdict != CHECKPOINT_GOOD) {
            status = differs(ctl, "witness", entry->witnesses[i].verdict, err);
        }
    }
    if (status == STATUS_OK) {
        tell(ctl, m, entry);
    }
    checkpoint_book_close(book);
    return status;
}

static enum status read_receipt(struct ctl *ctl, const struct buffer *text,
                                struct receipt_memory *memory, struct failure *err)
{
    struct hash *hash = NULL;
    enum status status = hash_open(&hash, err);

    if (status == STATUS_OK) {
        status = receipt_read(buffer_bytes(text), hash, memory, err);
        ctl->code = status == STATUS_CORRUPT ? EXIT_DIFFERENCE : EXIT_DONE;
    }
    hash_close(hash);
    return status;
}

enum status receipt_prove(struct ctl *ctl, struct failure *err)
{
    struct register_of_keys keys = {.set = NULL};
    struct receipt_memory *memory = NULL;
    struct buffer text;
    enum status status;

    buffer_init(&text, RECEIPT_SIZE_MAX);
    status = file_read(ctl->common->arguments[0], &text, err);
    if (status == STATUS_OK) {
        status = receipt_memory_open(&memory, err);
    }
    if (status == STATUS_OK) {
        status = read_receipt(ctl, &text, memory, err);
    }
    if (status == STATUS_OK) {
        status = register_open(&keys, ctl, err);
    }
    if (status == STATUS_OK) {
        status = judge(ctl, memory, &keys, err);
    }
    register_close(&keys);
    receipt_memory_close(memory);
    buffer_fini(&text);
    return status;
}
