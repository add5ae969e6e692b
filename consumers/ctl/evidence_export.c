/* evidence export: what was filed and decided, with what proves it, in one signed file.
 *
 * Read from the topics alone, ends fixed at the start.  What is exported is not judged here but for
 * the checkpoints, of which only good ones are worth sending: 'evidence check' judges, on any
 * machine. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/progress.h"
#include "base/signals.h"
#include "consumers/audit/evidence_make.h"
#include "consumers/audit/log_reader.h"
#include "consumers/ctl/issue.h"
#include "consumers/ctl/ledger_log.h"
#include "form/date.h"
#include "form/identifiers.h"
#include "kafka/admin.h"
#include "wire/decision_codec.h"

#define ARENA_SIZE ((size_t)1 << 20)

static const struct output_column columns[] = {
    {"partition", OUTPUT_NUMBER},   {"records", OUTPUT_NUMBER},    {"decisions", OUTPUT_NUMBER},
    {"last_number", OUTPUT_NUMBER}, {"checkpoint", OUTPUT_NUMBER},
};

/* Topics from their first to their fixed last offsets. */
struct reading {
    struct log_reader *reader;
    struct export *export;
};

struct export
{
    struct ctl *ctl;
    rd_kafka_t *handle;
    struct ledger_log *log;
    struct operator_key key;
    struct signer *signer;
    struct checkpoint_book *book;
    struct evidence_writer *writer;
    struct output output;
    struct progress progress;
    int32_t partitions_n;
    char enterprise[CODE_SIZE + 1]; /* "" = all */
    int64_t from_ms;
    int64_t to_ms;
    uint64_t number_max; /* of the filing's last decision */
    uint64_t decisions;
};

/* ---- who signs ------------------------------------------------------------------------------ */

static void copy(char *out, size_t size, struct text text)
{
    const size_t n = text.n < size ? text.n : size - 1;

    memcpy(out, text.at, n);
    out[n] = '\0';
}

/* The WORKER in force whose key it is. */
static bool find_owner(struct export *x, int32_t on)
{
    const struct reference *reference = reference_set_reference(x->log->references);
    const struct operator_key_query query = {
        .key = x->key.public_key, .roles = ROLE_WORKER, .on = on};
    struct text key_id = {0};
    const struct member *member =
        reference_operator_of_key(reference, ledger_log_as_of(x->log), &query, &key_id);

    if (!member) {
        return false;
    }
    copy(x->key.person, sizeof(x->key.person), member->id);
    copy(x->key.key_id, sizeof(x->key.key_id), key_id);
    return true;
}

static enum status identify(struct export *x, struct failure *err)
{
    const char *path = x->ctl->settings->operator_key_file;
    enum status status;

    if (!path) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "evidence is signed: set operator.key_file to the key of a WORKER");
    }
    status = operator_key_open(&x->key, path, err);
    if (status == STATUS_OK && !find_owner(x, date_of_unix_ms_shanghai(clock_unix_ms()))) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "the key in '%s' is no WORKER's in force today", path);
    }
    return status;
}

/* ---- topics --------------------------------------------------------------------------------- */

static enum status next(void *arg, struct bus_record *ret, bool *ret_end, struct failure *err)
{
    struct reading *reading = arg;

    progress_add(&reading->export->progress, 1);
    if (signals_stop()) {
        return failure_set(err, STATUS_IO, REMEDY_STOP, 0, "interrupted: nothing was written");
    }
    return log_reader_next(reading->reader, ret, ret_end, err);
}

static enum status open_reading(struct export *x, const char *topic, int32_t partition,
                                struct reading *ret, struct failure *err)
{
    struct log_reader_conf conf = {
        .handle = x->handle, .topic = topic, .partition = (uint32_t)partition};
    enum status status =
        admin_ends(x->handle, topic, partition, CTL_TIMEOUT_MS, &conf.from, &conf.end, err);

    ret->export = x;
    if (status == STATUS_OK && conf.from > 0) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%s' partition %" PRId32 " was cut below offset %" PRId64
                           ": evidence begins with the founding record",
                           topic, partition, conf.from);
    }
    return status == STATUS_OK ? log_reader_open(&conf, &ret->reader, err) : status;
}

/* The first record appended at from_ms or later; the end where there is none. */
static enum status find_from(struct export *x, int32_t partition, int64_t *ret, struct failure *err)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t code;
    int64_t first = 0;

    *ret = 0;
    if (x->from_ms == 0) {
        return STATUS_OK;
    }
    list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, x->ctl->topics.submitted, partition)->offset =
        x->from_ms;
    code = rd_kafka_offsets_for_times(x->handle, list, CTL_TIMEOUT_MS);
    code = code ? code : list->elems[0].err;
    *ret = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (code) {
        return failure_set(err, STATUS_KAFKA, REMEDY_RETRY, (int)code,
                           "cannot find where '%s' begins: %s", x->ctl->settings->from,
                           rd_kafka_err2str(code));
    }
    return *ret >= 0 ? STATUS_OK
                     : admin_ends(x->handle, x->ctl->topics.submitted, partition, CTL_TIMEOUT_MS,
                                  &first, ret, err);
}

/* ---- a filing ------------------------------------------------------------------------------- */

/* Looking for the filing that --bank and --filing name. */
struct search {
    struct arena arena;
    struct decision *decision;
    bool is_several;
};

static bool text_is(struct text text, const char *of)
{
    return text.n == strlen(of) && memcmp(text.at, of, text.n) == 0;
}

static void look(struct export *x, struct search *search, const struct bus_record *record)
{
    const struct bytes value = {.at = record->value, .n = record->has_value ? record->value_n : 0};
    const struct ctl_settings *settings = x->ctl->settings;
    const struct decision *d = search->decision;
    struct failure why;

    arena_reset(&search->arena);
    if (decision_decode(value, &search->arena, search->decision, &why) != STATUS_OK ||
        !text_is(d->identity.bank, settings->bank) ||
        !text_is(d->identity.filing_id, settings->filing) ||
        d->identity.enterprise.n != CODE_SIZE) {
        return;
    }
    if (x->enterprise[0] != '\0' &&
        memcmp(x->enterprise, d->identity.enterprise.at, CODE_SIZE) != 0) {
        search->is_several = search->is_several || !settings->enterprise;
        return;
    }
    memcpy(x->enterprise, d->identity.enterprise.at, CODE_SIZE);
    x->number_max = d->number;
}

static enum status search_partition(struct export *x, struct search *search, int32_t partition,
                                    struct failure *err)
{
    struct reading reading = {.reader = NULL};
    struct bus_record record = {.offset = 0};
    bool is_end = false;
    enum status status = open_reading(x, x->ctl->topics.decided, partition, &reading, err);

    while (status == STATUS_OK && !is_end) {
        status = next(&reading, &record, &is_end, err);
        if (status == STATUS_OK && !is_end) {
            look(x, search, &record);
        }
    }
    log_reader_close(reading.reader);
    return status;
}

static bool is_wanted(const struct export *x, int32_t partition)
{
    const int64_t only = x->ctl->settings->partition;

    if (x->enterprise[0] != '\0') {
        return partition_of_key(x->enterprise, CODE_SIZE, (uint32_t)x->partitions_n) ==
               (uint32_t)partition;
    }
    return only < 0 || only == partition;
}

static enum status find_filing(struct export *x, struct failure *err)
{
    struct search search = {.is_several = false};
    enum status status;

    if (!x->ctl->settings->filing) {
        return STATUS_OK;
    }
    search.decision = calloc(1, sizeof(*search.decision));
    if (!search.decision) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    status = arena_open(&search.arena, ARENA_SIZE, err);
    for (int32_t p = 0; p < x->partitions_n && status == STATUS_OK; p++) {
        if (!x->ctl->settings->enterprise || is_wanted(x, p)) {
            status = search_partition(x, &search, p, err);
        }
    }
    arena_close(&search.arena);
    free(search.decision);
    if (status == STATUS_OK && search.is_several) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "the bank used the id for several enterprises: say which with "
                           "--enterprise");
    }
    if (status == STATUS_OK && x->number_max == 0) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0,
                           "bank %s has no filing %s that was decided", x->ctl->settings->bank,
                           x->ctl->settings->filing);
    }
    return status;
}

/* ---- the file ------------------------------------------------------------------------------- */

static struct text text_of(const char *text)
{
    return (struct text){.at = text, .n = text ? (uint32_t)strlen(text) : 0};
}

static enum status write_head(struct export *x, struct failure *err)
{
    struct evidence_frame frame = {.kind = EVIDENCE_HEAD};
    struct evidence_head *head = &frame.of.head;

    memcpy(head->ledger_id, x->log->ledger_id, LEDGER_ID_SIZE);
    head->topic = text_of(x->ctl->topics.submitted);
    head->partitions = (uint32_t)x->partitions_n;
    head->enterprise = text_of(x->enterprise);
    head->from_ms = x->from_ms;
    head->to_ms = x->to_ms;
    head->bank = text_of(x->ctl->settings->filing ? x->ctl->settings->bank : NULL);
    head->filing_id = text_of(x->ctl->settings->filing);
    head->exported_ms = clock_unix_ms();
    head->program = text_of("filingctl " FILING_VERSION);
    return evidence_write(x->writer, &frame, err);
}

static void tell_partition(struct export *x, int32_t partition, const struct evidence_made *made)
{
    output_number(&x->output, partition);
    output_number(&x->output, (int64_t)made->records);
    output_number(&x->output, (int64_t)made->decisions);
    output_number(&x->output, (int64_t)made->last_number);
    output_number(&x->output, (int64_t)made->covered_to);
    output_end_row(&x->output);
    x->decisions += made->decisions;
}

static enum status export_partition(struct export *x, int32_t partition, struct failure *err)
{
    struct reading submitted = {.reader = NULL};
    struct reading decided = {.reader = NULL};
    const struct evidence_streams streams = {
        .next = next, .submitted = &submitted, .decided = &decided};
    struct evidence_choice choice = {.partition = (uint32_t)partition,
                                     .enterprise = x->enterprise[0] ? x->enterprise : NULL,
                                     .to_ms = x->to_ms,
                                     .number_max = x->number_max};
    struct evidence_made made = {.records = 0};
    enum status status = find_from(x, partition, &choice.from_offset, err);

    choice.checkpoints =
        checkpoint_book_partition(x->book, choice.partition, &choice.checkpoints_n);
    /* Decisions first, then records: each decision read has its record below the end. */
    if (status == STATUS_OK) {
        status = open_reading(x, x->ctl->topics.decided, partition, &decided, err);
    }
    if (status == STATUS_OK) {
        status = open_reading(x, x->ctl->topics.submitted, partition, &submitted, err);
    }
    if (status == STATUS_OK) {
        status = evidence_make(x->writer, &choice, &streams, &made, err);
    }
    if (status == STATUS_OK) {
        tell_partition(x, partition, &made);
    }
    log_reader_close(submitted.reader);
    log_reader_close(decided.reader);
    return status;
}

static enum status write_file(struct export *x, struct failure *err)
{
    const char *path = x->ctl->common->arguments[0];
    const struct evidence_signature by = {.signer = x->signer,
                                          .key = x->key.key,
                                          .key_id = text_of(x->key.key_id),
                                          .ledger_id = x->log->ledger_id};
    enum status status = evidence_writer_open(path, &x->writer, err);

    if (status == STATUS_OK) {
        status = write_head(x, err);
    }
    for (int32_t p = 0; p < x->partitions_n && status == STATUS_OK; p++) {
        if (is_wanted(x, p)) {
            status = export_partition(x, p, err);
        }
    }
    if (status == STATUS_OK) {
        status = evidence_finish(x->writer, &by, err);
    }
    if (status == STATUS_OK) {
        output_flush(&x->output);
        (void)fprintf(
            stderr,
            "filingctl: '%s': %" PRIu64 " bytes, %" PRIu64
            " decisions, signed by %s with key %s; 'filingctl evidence check' proves it\n",
            path, evidence_written(x->writer), x->decisions, x->key.person, x->key.key_id);
    }
    return status;
}

static enum status read_checkpoints(struct export *x, struct failure *err)
{
    const struct checkpoint_register known = {.reference =
                                                  reference_set_reference(x->log->references),
                                              .as_of = ledger_log_as_of(x->log),
                                              .ledger_id = x->log->ledger_id};
    enum status status = checkpoint_book_open(&x->book, err);

    if (status == STATUS_OK) {
        status = checkpoint_book_read(x->book, x->handle, x->ctl->topics.checkpoints, err);
    }
    return status == STATUS_OK ? checkpoint_book_judge(x->book, &known, err) : status;
}

/* ---- the command ---------------------------------------------------------------------------- */

static enum status check_options(struct export *x, struct failure *err)
{
    const struct ctl_settings *s = x->ctl->settings;
    enum status status;

    if (s->enterprise && !uscc_valid(s->enterprise, strlen(s->enterprise))) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "'%s' is no credit code",
                           s->enterprise);
    }
    if (!s->bank != !s->filing) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "a filing is named by --bank and --filing together");
    }
    if (s->from && (s->enterprise || s->filing)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "--from is for whole partitions: an enterprise's evidence rests on its "
                           "first record");
    }
    if (s->partition >= 0 && (s->enterprise || s->filing)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "--partition is for whole partitions: an enterprise has one");
    }
    (void)snprintf(x->enterprise, sizeof(x->enterprise), "%s", s->enterprise ? s->enterprise : "");
    status = ctl_time("--from", s->from, DAY_BEGINS, &x->from_ms, err);
    return status == STATUS_OK ? ctl_time("--to", s->to, DAY_ENDS, &x->to_ms, err) : status;
}

static enum status count_partitions(struct export *x, struct failure *err)
{
    const enum status status = admin_partition_count(x->handle, x->ctl->topics.submitted,
                                                     CTL_TIMEOUT_MS, &x->partitions_n, err);

    if (status == STATUS_OK && x->ctl->settings->partition >= x->partitions_n) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "there is no partition %" PRId64 ": the topic has %" PRId32,
                           x->ctl->settings->partition, x->partitions_n);
    }
    return status;
}

static enum status run(struct export *x, struct failure *err)
{
    enum status status = check_options(x, err);

    if (status == STATUS_OK) {
        status = ctl_kafka_open(x->ctl, KAFKA_LOOK_COMMITTED, &x->handle, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_read(x->ctl, &x->log, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_check_founded(x->log, err);
    }
    if (status == STATUS_OK) {
        status = identify(x, err);
    }
    if (status == STATUS_OK) {
        status = signer_open(&x->signer, err);
    }
    if (status == STATUS_OK) {
        status = count_partitions(x, err);
    }
    if (status == STATUS_OK) {
        status = read_checkpoints(x, err);
    }
    if (status == STATUS_OK) {
        status = find_filing(x, err);
    }
    return status == STATUS_OK ? write_file(x, err) : status;
}

enum status evidence_export(struct ctl *ctl, struct failure *err)
{
    struct export x = {.ctl = ctl};
    enum status status;

    output_init(&x.output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    progress_init(&x.progress, "evidence", "records", 0);
    status = run(&x, err);
    progress_fini(&x.progress);
    evidence_writer_close(x.writer);
    checkpoint_book_close(x.book);
    signer_close(x.signer);
    operator_key_close(&x.key);
    ledger_log_close(x.log);
    if (x.handle) {
        rd_kafka_destroy(x.handle);
    }
    if (output_fini(&x.output, status == STATUS_OK ? err : NULL) != STATUS_OK &&
        status == STATUS_OK) {
        status = STATUS_IO;
    }
    return status;
}
