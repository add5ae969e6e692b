/* verify: the proof that decisions and ledgers follow from the log.
 *
 * Each difference is a row: where log and store or topic part, by field, with both values.  What
 * was compared and what was not is told after them, so that a silent end is never taken for a proof
 * of more than it is: lines on stderr, and with -o json one object on stdout as the last. */
#include "consumers/audit/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/progress.h"
#include "base/signals.h"
#include "consumers/ctl/ctl.h"
#include "consumers/ctl/ledger_log.h"
#include "form/identifiers.h"
#include "kafka/admin.h"
#include "wire/json.h"

#define NAME_MAX_QUOTED 4096

static const struct output_column columns[] = {
    {"place", OUTPUT_TEXT},    {"partition", OUTPUT_NUMBER}, {"offset", OUTPUT_NUMBER},
    {"number", OUTPUT_NUMBER}, {"key", OUTPUT_TEXT},         {"field", OUTPUT_TEXT},
    {"expected", OUTPUT_TEXT}, {"found", OUTPUT_TEXT},
};

struct proof {
    struct ctl *ctl;
    struct output output;
    struct progress progress;
    uint64_t progress_n;
};

static void put_finding(void *arg, const struct finding *finding)
{
    struct proof *proof = arg;
    struct output *output = &proof->output;

    output_cstr(output, finding->place);
    output_number(output, finding->partition);
    if (finding->offset >= 0) {
        output_number(output, finding->offset);
    } else {
        output_cstr(output, "");
    }
    if (finding->number > 0) {
        output_number(output, (int64_t)finding->number);
    } else {
        output_cstr(output, "");
    }
    output_cstr(output, finding->key);
    output_cstr(output, finding->field);
    output_cstr(output, finding->expected);
    output_cstr(output, finding->found);
    output_end_row(output);
}

static void put_progress(void *arg, uint64_t records, uint64_t records_n)
{
    struct proof *proof = arg;

    proof->progress.total = records_n;
    if (records > proof->progress_n) {
        progress_add(&proof->progress, records - proof->progress_n);
        proof->progress_n = records;
    }
}

static bool is_stopped(void *arg)
{
    (void)arg;
    return signals_stop();
}

/* ---- what is asked for ---------------------------------------------------------------------- */

static bool is_digits(const char *text)
{
    return text[0] && text[strspn(text, "0123456789")] == '\0';
}

static enum status read_bound(const struct ctl_settings *settings, bool is_to,
                              struct verify_bounds *ret, struct failure *err)
{
    const char *name = is_to ? "--to" : "--from";
    const char *text = is_to ? settings->to : settings->from;

    if (!text) {
        return STATUS_OK;
    }
    if (is_digits(text)) {
        if (settings->partition < 0) {
            return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                               "%s %s is an offset: name its --partition", name, text);
        }
        *(is_to ? &ret->to_offset : &ret->from_offset) = strtoll(text, NULL, 10);
        return STATUS_OK;
    }
    return ctl_time(name, text, is_to ? DAY_ENDS : DAY_BEGINS, is_to ? &ret->to_ms : &ret->from_ms,
                    err);
}

/* "3:100000" */
static enum status read_checkpoint(const struct ctl_settings *s, struct verify_conf *ret,
                                   struct failure *err)
{
    const char *text = s->from_checkpoint;
    const char *colon = text ? strchr(text, ':') : NULL;

    if (!text && !s->base) {
        return STATUS_OK;
    }
    if (!text || !s->base) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "--from-checkpoint and --base go together: the base is a backup that "
                           "the checkpoint proves");
    }
    if (s->from || s->to || s->partition >= 0 || s->enterprise) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "--from-checkpoint goes without --from, --to, --partition and "
                           "--enterprise");
    }
    if (!colon || colon == text || strspn(text, "0123456789") != (size_t)(colon - text) ||
        !is_digits(colon + 1) || strlen(text) > 24) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "--from-checkpoint wants PARTITION:NUMBER, not '%s'", text);
    }
    ret->partition = strtoll(text, NULL, 10);
    ret->base_checkpoint = strtoull(colon + 1, NULL, 10);
    ret->base = s->base;
    return STATUS_OK;
}

static enum status check_enterprise(const struct ctl_settings *s, struct failure *err)
{
    if (s->enterprise && !uscc_valid(s->enterprise, strlen(s->enterprise))) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "'%s' is no credit code",
                           s->enterprise);
    }
    if (s->enterprise && s->partition >= 0) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "--enterprise does not go with --partition: its code says which");
    }
    return STATUS_OK;
}

static enum status read_conf(const struct ctl *ctl, struct verify_conf *ret, struct failure *err)
{
    const struct ctl_settings *s = ctl->settings;
    enum status status;

    ret->kafka = ctl_kafka(ctl);
    ret->topics = &ctl->topics;
    ret->store = s->topics_only ? NULL : ctl->common->store;
    ret->partition = s->partition;
    ret->enterprise = s->enterprise;
    ret->work = s->work;
    ret->threads = (uint32_t)s->threads;
    ret->bounds = (struct verify_bounds){
        .from_ms = INT64_MIN, .to_ms = INT64_MAX, .from_offset = 0, .to_offset = INT64_MAX};
    status = check_enterprise(s, err);
    if (status == STATUS_OK) {
        status = read_bound(s, false, &ret->bounds, err);
    }
    if (status == STATUS_OK) {
        status = read_bound(s, true, &ret->bounds, err);
    }
    return status == STATUS_OK ? read_checkpoint(s, ret, err) : status;
}

/* Topics alone may have been copied to an auditor without it. */
static enum status has_register(const struct ctl *ctl, bool *ret, struct failure *err)
{
    rd_kafka_t *handle = NULL;
    int32_t partitions = 0;
    enum status status = ctl_kafka_open(ctl, KAFKA_ADMIN, &handle, err);

    if (status == STATUS_OK) {
        status =
            admin_partition_count(handle, ctl->topics.reference, CTL_TIMEOUT_MS, &partitions, err);
        rd_kafka_destroy(handle);
    }
    *ret = partitions > 0;
    return status;
}

/* The bulletins of filings.reference.v1, against which checkpoints are judged: signed by the
 * operators in force, and of the ledger whose id verify compares. */
static enum status read_register(const struct ctl *ctl, struct verify_conf *conf,
                                 struct ledger_log **ret, struct failure *err)
{
    bool has = false;
    enum status status = has_register(ctl, &has, err);

    if (status != STATUS_OK || !has) {
        return status;
    }
    status = ledger_log_read(ctl, ret, err);
    if (status == STATUS_OK && (*ret)->is_founded) {
        conf->references = (*ret)->references;
        conf->references_as_of = ledger_log_as_of(*ret);
        conf->references_ledger = (*ret)->ledger_id;
    }
    return status;
}

/* ---- what was found ------------------------------------------------------------------------- */

static void put_skipped(FILE *out, uint32_t skipped, const char *between, const char *quote)
{
    const char *before = "";

    for (int i = 0; i < VERIFY_SKIP_N; i++) {
        if (skipped & 1U << i) {
            (void)fprintf(out, "%s%s%s%s", before, quote, verify_skip_text((enum verify_skip)i),
                          quote);
            before = between;
        }
    }
}

static void put_counts(FILE *out, const struct verify_part *part)
{
    const struct {
        const char *name;
        uint64_t n;
    } counts[] = {
        {"records", part->records},
        {"decisions", part->decisions},
        {"published", part->published},
        {"stored", part->stored},
        {"states", part->states},
        {"states_behind", part->states_behind},
        {"filings", part->filings},
        {"held", part->held},
        {"views", part->views},
        {"pending", part->pending},
        {"checkpoints_known", part->checkpoints_known},
        {"checkpoints", part->checkpoints},
        {"findings", part->findings},
    };

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        (void)fprintf(out, ",\"%s\":%" PRIu64, counts[i].name, counts[i].n);
    }
}

static struct text text_of(const char *text)
{
    return (struct text){.at = text, .n = (uint32_t)strlen(text)};
}

static void put_name(FILE *out, const char *name, const char *value)
{
    struct buffer quoted;

    buffer_init(&quoted, NAME_MAX_QUOTED);
    json_put_text(&quoted, text_of(value));
    (void)fprintf(out, ",\"%s\":%s", name, buffer_cstr(&quoted));
    buffer_fini(&quoted);
}

static void put_part(FILE *out, const struct verify_part *part)
{
    (void)fprintf(out, "{\"partition\":%" PRIu32 ",\"done\":%s", part->partition,
                  part->is_done ? "true" : "false");
    if (part->first_number > 0) {
        (void)fprintf(out,
                      ",\"first_offset\":%" PRId64 ",\"last_offset\":%" PRId64
                      ",\"first_number\":%" PRIu64 ",\"last_number\":%" PRIu64,
                      part->first_offset, part->last_offset, part->first_number, part->last_number);
    }
    put_counts(out, part);
    if (part->checkpoint > 0) {
        (void)fprintf(out, ",\"checkpoint\":{\"number\":%" PRIu64, part->checkpoint);
        put_name(out, "key_id", part->checkpoint_key);
        put_name(out, "person", part->checkpoint_person);
        put_name(out, "witnessed_by", part->witnessed_by);
        (void)fprintf(out, "}");
    }
    (void)fprintf(out, ",\"not_looked_at\":[");
    put_skipped(out, part->skipped, ",", "\"");
    (void)fprintf(out, "]}");
}

/* Everything, for a program. */
static void tell_json(FILE *out, const struct verify_report *report)
{
    char ledger[2 * LEDGER_ID_SIZE + 1];

    hex_encode((struct bytes){.at = report->ledger_id, .n = LEDGER_ID_SIZE}, ledger);
    (void)fprintf(
        out, "{\"ledger_id\":\"%s\",\"complete\":%s,\"interrupted\":%s,\"partitions\":%" PRIu32,
        ledger, report->total.is_done ? "true" : "false", report->is_interrupted ? "true" : "false",
        report->total.partition);
    put_counts(out, &report->total);
    (void)fprintf(out, ",\"not_looked_at\":[");
    put_skipped(out, report->total.skipped, ",", "\"");
    (void)fprintf(out, "]");
    if (report->sequences.is_known) {
        (void)fprintf(out, ",\"sequence_missing\":%" PRIu64, report->sequences.missing);
    }
    (void)fprintf(out, ",\"parts\":[");
    for (uint32_t i = 0; i < report->parts_n; i++) {
        (void)fprintf(out, "%s", i > 0 ? "," : "");
        put_part(out, &report->parts[i]);
    }
    (void)fprintf(out, "]}\n");
}

/* Up to where somebody has signed, and how much comes after it. */
static void tell_checkpoints(const struct verify_report *report)
{
    for (uint32_t i = 0; i < report->parts_n; i++) {
        const struct verify_part *part = &report->parts[i];

        if (part->checkpoint == 0) {
            continue;
        }
        (void)fprintf(stderr,
                      "filingctl: partition %" PRIu32 ": proved up to checkpoint %" PRIu64
                      ", signed by ",
                      part->partition, part->checkpoint);
        output_shown(stderr, text_of(part->checkpoint_person));
        (void)fprintf(stderr, " (key ");
        output_shown(stderr, text_of(part->checkpoint_key));
        (void)fprintf(stderr, "), witnessed by ");
        output_shown(stderr, text_of(part->witnesses > 0 ? part->witnessed_by : "nobody"));
        (void)fprintf(stderr, "; %" PRIu64 " decisions after it\n",
                      part->last_number > part->checkpoint ? part->last_number - part->checkpoint
                                                           : 0);
    }
}

/* By the banks' own numbers: filings that the log does not have. */
static void tell_sequences(const struct sequence_gaps *gaps)
{
    if (gaps->is_known && gaps->missing > 0) {
        (void)fprintf(stderr,
                      "filingctl: %" PRIu64 " sequence numbers are missing, of bank %s first "
                      "%" PRIu64 " to %" PRIu64 ": 'audit sequences' shows all\n",
                      gaps->missing, gaps->bank, gaps->from, gaps->to);
    }
}

/* The same in a few lines, for a person. */
static void tell(const struct ctl *ctl, const struct verify_report *report)
{
    const struct verify_part *total = &report->total;

    (void)fprintf(stderr,
                  "filingctl: %" PRIu32 " partitions: %" PRIu64
                  " records decided again; of %" PRIu64 " decisions compared: %" PRIu64
                  " with the topic",
                  total->partition, total->records, total->decisions, total->published);
    if (report->has_store) {
        (void)fprintf(stderr,
                      ", %" PRIu64 " with the journal, %" PRIu64 " enterprise states, %" PRIu64
                      " filing ids, %" PRIu64 " held filings",
                      total->stored, total->states, total->filings, total->held);
    }
    (void)fprintf(stderr, "; %" PRIu64 " pending; ", total->pending);
    if (report->is_interrupted) {
        (void)fprintf(stderr, "INTERRUPTED: nothing is proved\n");
    } else if (total->findings > 0) {
        (void)fprintf(stderr, "%" PRIu64 " DIFFERENCES\n", total->findings);
    } else {
        (void)fprintf(stderr, "no difference\n");
    }
    tell_checkpoints(report);
    tell_sequences(&report->sequences);
    (void)fprintf(stderr, "filingctl: not looked at: ");
    put_skipped(stderr, total->skipped, "; ", "");
    (void)fprintf(stderr, "%s\n", total->skipped ? "" : "nothing");
    if (report->is_interrupted && ctl->settings->work) {
        (void)fprintf(stderr,
                      "filingctl: the same command goes on from here: what was done is in "
                      "'%s'\n",
                      ctl->settings->work);
    } else if (report->is_interrupted) {
        (void)fprintf(stderr, "filingctl: with --work DIR the next run could go on from here\n");
    }
}

static enum exit_code code_of(const struct verify_report *report, bool is_complete)
{
    if (report->is_interrupted) {
        return EXIT_INTERRUPTED;
    }
    if (report->total.findings > 0) {
        return EXIT_DIFFERENCE;
    }
    return is_complete && report->total.pending > 0 ? EXIT_FAILED : EXIT_DONE;
}

/* The default names a store that an auditor's machine does not have. */
static enum status add_remedy(const struct verify_conf *conf, enum status status,
                              struct failure *err)
{
    char text[sizeof(err->text)];

    if (status != STATUS_NOTFOUND || !conf->store) {
        return status;
    }
    (void)snprintf(text, sizeof(text), "%s", err->text);
    return failure_set(err, STATUS_NOTFOUND, REMEDY_STOP, 0,
                       "%s: name it with --store, or prove the topics alone with --topics-only",
                       text);
}

enum status verify_ledger(struct ctl *ctl, struct failure *err)
{
    struct proof proof = {.ctl = ctl};
    struct verify_conf conf = {
        .finding = put_finding, .progress = put_progress, .stop = is_stopped, .arg = &proof};
    struct verify_report report = {.parts = NULL};
    struct ledger_log *log = NULL;
    enum status status = read_conf(ctl, &conf, err);
    enum status written;

    if (status == STATUS_OK) {
        status = read_register(ctl, &conf, &log, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    output_init(&proof.output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    progress_init(&proof.progress, "verify", "records", 0);
    status = add_remedy(&conf, verify_run(&conf, &report, err), err);
    progress_fini(&proof.progress);
    if (status == STATUS_IO) { /* the store, or the work folder: full, or not to be written */
        ctl->code = EXIT_UNREACHABLE;
    }
    /* No difference, no header: then the output is empty. */
    written = output_fini(&proof.output, report.total.findings > 0 ? err : NULL);
    if (status == STATUS_OK) {
        if (ctl->common->output == CONF_JSON) {
            tell_json(ctl->out, &report);
        }
        tell(ctl, &report);
        ctl->code = code_of(&report, ctl->settings->complete);
    }
    if (status == STATUS_OK && written != STATUS_OK) {
        status = failure_set(err, written, REMEDY_STOP, 0, "cannot write the output");
    }
    verify_report_fini(&report);
    ledger_log_close(log);
    return status;
}
