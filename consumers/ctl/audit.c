/* audit numbers, audit sequences: what no decision is about, since only an enterprise is ordered,
 * and the whole log shows (rulebook sections 1 and 2). */
#include <inttypes.h>
#include <string.h>

#include "base/signals.h"
#include "consumers/audit/log_reader.h"
#include "consumers/audit/use_book.h"
#include "consumers/ctl/ctl.h"
#include "form/identifiers.h"
#include "kafka/admin.h"
#include "wire/arena.h"
#include "wire/submission.h"

static const struct output_column number_columns[] = {
    {"registration_no", OUTPUT_TEXT},  {"enterprise", OUTPUT_TEXT},
    {"partition", OUTPUT_NUMBER},      {"offset", OUTPUT_NUMBER},
    {"first_enterprise", OUTPUT_TEXT}, {"first_partition", OUTPUT_NUMBER},
    {"first_offset", OUTPUT_NUMBER},
};

/* Of a gap, partition and offset are of the filing after it, first_* of the one before it. */
static const struct output_column sequence_columns[] = {
    {"finding", OUTPUT_TEXT},
    {"bank", OUTPUT_TEXT},
    {"from", OUTPUT_NUMBER},
    {"to", OUTPUT_NUMBER},
    {"partition", OUTPUT_NUMBER},
    {"offset", OUTPUT_NUMBER},
    {"first_partition", OUTPUT_NUMBER},
    {"first_offset", OUTPUT_NUMBER},
};

struct audit;
typedef enum status take_fn(struct audit *a, const struct document *doc, struct use_place place,
                            struct failure *err);

struct audit {
    struct ctl *ctl;
    take_fn *take;
    rd_kafka_t *handle;
    struct arena arena;
    struct use_book book;
    struct output output;
    uint64_t records;
    uint64_t findings;
    /* Walking through the sequences. */
    char bank[BANK_SIZE];
    int64_t number;
    struct use_place place;
};

/* ---- one filing ----------------------------------------------------------------------------- */

static struct text text_of(const struct document *doc, const struct node *object, const char *name)
{
    const struct node *node = object ? document_find(doc, object, name) : NULL;

    return node && node->kind == NODE_TEXT ? node->text : (struct text){.n = 0};
}

static bool text_is(struct text text, const char *word)
{
    return text.n == strlen(word) && memcmp(text.at, word, text.n) == 0;
}

static void put_place(struct output *output, struct use_place place)
{
    output_number(output, place.partition);
    output_number(output, place.offset);
}

static enum status take_number(struct audit *a, const struct document *doc, struct use_place place,
                               struct failure *err)
{
    const struct node *root = &doc->nodes[0];
    const struct text event = text_of(doc, root, "event");
    const struct text enterprise = text_of(doc, root, "enterprise");
    const struct text number = text_of(doc, document_find(doc, root, "details"), "registration_no");
    struct use use = {.place = place};
    const struct use *first = NULL;
    enum status status;

    if ((!text_is(event, "fdi.registration") && !text_is(event, "outbound.registration")) ||
        number.n == 0 || !uscc_valid(enterprise.at, enterprise.n)) {
        return STATUS_OK;
    }
    memcpy(use.user, enterprise.at, enterprise.n);
    status = use_book_add(&a->book, (struct bytes){.at = (const uint8_t *)number.at, .n = number.n},
                          &use, &first, err);
    if (status == STATUS_OK && first) {
        a->findings++;
        output_text(&a->output, number);
        output_text(&a->output, enterprise);
        put_place(&a->output, place);
        output_text(&a->output, (struct text){.at = first->user, .n = CODE_SIZE});
        put_place(&a->output, first->place);
        output_end_row(&a->output);
    }
    return status;
}

static void put_sequence(struct audit *a, const char *finding, const char *bank)
{
    a->findings++;
    output_cstr(&a->output, finding);
    output_text(&a->output, (struct text){.at = bank, .n = BANK_SIZE});
}

static void copy_some(char *out, size_t size, struct text text)
{
    if (text.n > 0) {
        memcpy(out, text.at, text.n < size ? text.n : size);
    }
}

static enum status take_sequence(struct audit *a, const struct document *doc,
                                 struct use_place place, struct failure *err)
{
    const struct node *root = &doc->nodes[0];
    const struct node *sequence = document_find(doc, root, "sequence");
    const struct text bank = text_of(doc, root, "bank");
    struct use use = {.place = place};
    const struct use *first = NULL;
    uint8_t key[SEQUENCE_KEY_SIZE];
    enum status status;

    if (!sequence || sequence->kind != NODE_INTEGER || sequence->integer < 1 ||
        !bank_code_valid(bank.at, bank.n)) {
        return STATUS_OK;
    }
    sequence_key_make(bank.at, sequence->integer, key);
    copy_some(use.user, USE_USER_SIZE - CODE_SIZE, text_of(doc, root, "filing_id"));
    copy_some(use.user + USE_USER_SIZE - CODE_SIZE, CODE_SIZE, text_of(doc, root, "enterprise"));
    status = use_book_add(&a->book, (struct bytes){.at = key, .n = sizeof(key)}, &use, &first, err);
    if (status == STATUS_OK && first) {
        put_sequence(a, "repetition", bank.at);
        output_number(&a->output, sequence->integer);
        output_number(&a->output, sequence->integer);
        put_place(&a->output, place);
        put_place(&a->output, first->place);
        output_end_row(&a->output);
    }
    return status;
}

static bool find_gap(void *arg, struct bytes key, const struct use *first)
{
    struct audit *a = arg;
    const char *bank = (const char *)key.at;
    const int64_t number = sequence_key_number(key);

    if (memcmp(a->bank, bank, BANK_SIZE) != 0) {
        memcpy(a->bank, bank, BANK_SIZE);
        a->number = 0;
    }
    if (number > a->number + 1) {
        put_sequence(a, "gap", bank);
        output_number(&a->output, a->number + 1);
        output_number(&a->output, number - 1);
        put_place(&a->output, first->place);
        if (a->number > 0) {
            put_place(&a->output, a->place);
        } else {
            output_cstr(&a->output, "");
            output_cstr(&a->output, "");
        }
        output_end_row(&a->output);
    }
    a->number = number;
    a->place = first->place;
    return true;
}

/* ---- the log -------------------------------------------------------------------------------- */

/* Bulletins, and what no worker can decode, have no numbers. */
static enum status take_record(struct audit *a, const struct bus_record *record,
                               struct failure *err)
{
    const struct use_place place = {.partition = record->partition, .offset = record->offset};
    struct submission submission;
    struct document doc = {.n = 0};
    struct failure why = {.status = STATUS_OK};

    a->records++;
    arena_reset(&a->arena);
    if (!record->has_value ||
        submission_split(record->value, record->value_n, &submission, &why) != STATUS_OK ||
        !submission.filing.at ||
        filing_decode(submission.filing.at, submission.filing.n, &a->arena, &doc, &why) !=
            STATUS_OK ||
        doc.n == 0) {
        return STATUS_OK;
    }
    return a->take(a, &doc, place, err);
}

static enum status read_all(struct audit *a, struct log_reader *reader, uint32_t partition,
                            struct failure *err)
{
    bool is_end = false;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && !is_end) {
        struct bus_record record;

        if (signals_stop()) {
            return failure_set(err, STATUS_IO, REMEDY_STOP, 0, "interrupted");
        }
        status = log_reader_next(reader, &record, &is_end, err);
        if (status == STATUS_OK && !is_end) {
            record.partition = partition;
            status = take_record(a, &record, err);
        }
    }
    return status;
}

static enum status read_partition(struct audit *a, uint32_t partition, struct failure *err)
{
    struct log_reader_conf conf = {
        .handle = a->handle, .topic = a->ctl->topics.submitted, .partition = partition};
    struct log_reader *reader = NULL;
    enum status status = admin_ends(a->handle, conf.topic, (int32_t)partition, CTL_TIMEOUT_MS,
                                    &conf.from, &conf.end, err);

    if (status == STATUS_OK && conf.from > 0) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%s' partition %" PRIu32 " begins at %" PRId64
                           ": what stood before is gone",
                           conf.topic, partition, conf.from);
    }
    if (status == STATUS_OK) {
        status = log_reader_open(&conf, &reader, err);
    }
    if (status == STATUS_OK) {
        status = read_all(a, reader, partition, err);
    }
    log_reader_close(reader);
    return status;
}

static enum status read_topic(struct audit *a, struct failure *err)
{
    int32_t partitions = 0;
    enum status status = arena_open(&a->arena, ARENA_FILING_MAX, err);

    if (status == STATUS_OK) {
        status = ctl_kafka_open(a->ctl, KAFKA_LOOK_COMMITTED, &a->handle, err);
    }
    if (status == STATUS_OK) {
        status = admin_partition_count(a->handle, a->ctl->topics.submitted, CTL_TIMEOUT_MS,
                                       &partitions, err);
    }
    if (status == STATUS_OK && partitions == 0) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "there is no topic '%s': run 'filingctl topics apply'",
                             a->ctl->topics.submitted);
    }
    for (int32_t p = 0; p < partitions && status == STATUS_OK; p++) {
        status = read_partition(a, (uint32_t)p, err);
    }
    return status;
}

static void close_audit(struct audit *a)
{
    use_book_fini(&a->book);
    if (a->handle) {
        rd_kafka_destroy(a->handle);
    }
    if (a->arena.base) {
        arena_close(&a->arena);
    }
}

static enum status end(struct audit *a, enum status status, struct failure *err)
{
    /* No finding, no header: then the output is empty. */
    const enum status written =
        output_fini(&a->output, status == STATUS_OK && a->findings > 0 ? err : NULL);

    close_audit(a);
    if (status != STATUS_OK) {
        return status;
    }
    if (written != STATUS_OK) {
        return failure_set(err, written, REMEDY_STOP, 0, "cannot write the output");
    }
    (void)fprintf(stderr, "filingctl: %" PRIu64 " records read, %" PRIu64 " findings\n", a->records,
                  a->findings);
    a->ctl->code = a->findings > 0 ? EXIT_FAILED : EXIT_DONE;
    return STATUS_OK;
}

enum status audit_numbers(struct ctl *ctl, struct failure *err)
{
    struct audit a = {.ctl = ctl, .take = take_number};

    use_book_init(&a.book);
    output_init(&a.output, ctl->out, ctl->common->output, number_columns,
                sizeof(number_columns) / sizeof(number_columns[0]));
    return end(&a, read_topic(&a, err), err);
}

enum status audit_sequences(struct ctl *ctl, struct failure *err)
{
    struct audit a = {.ctl = ctl, .take = take_sequence};
    enum status status;

    use_book_init(&a.book);
    output_init(&a.output, ctl->out, ctl->common->output, sequence_columns,
                sizeof(sequence_columns) / sizeof(sequence_columns[0]));
    status = read_topic(&a, err);
    if (status == STATUS_OK) {
        use_book_walk(&a.book, find_gap, &a);
    }
    return end(&a, status, err);
}
