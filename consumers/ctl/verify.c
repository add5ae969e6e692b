/* verify: the proof that decisions and ledgers follow from the log.
 *
 * Each difference is a row: where log and store or topic part, by field, with both values.  What
 * was looked at is told on stderr in one line, so that a silent end is never taken for a proof of
 * more than it is. */
#include "consumers/audit/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/progress.h"
#include "base/signals.h"
#include "consumers/ctl/ctl.h"
#include "consumers/ctl/verify_enterprise.h"

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

/* What a part of the ledger would need, this version does not prove. */
static enum status check_options(const struct ctl_settings *settings, struct failure *err)
{
    const char *part = settings->from              ? "--from"
                       : settings->to              ? "--to"
                       : settings->from_checkpoint ? "--from-checkpoint"
                                                   : NULL;

    if (part) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "%s is not there yet: this version proves whole partitions", part);
    }
    return STATUS_OK;
}

static void tell(const struct ctl *ctl, const struct verify_report *report)
{
    if (ctl->common->output == CONF_JSON) {
        (void)fprintf(ctl->out,
                      "{\"partitions\":%" PRIu32 ",\"records\":%" PRIu64 ",\"decisions\":%" PRIu64
                      ",\"published\":%" PRIu64 ",\"stored\":%" PRIu64 ",\"states\":%" PRIu64
                      ",\"filings\":%" PRIu64 ",\"held\":%" PRIu64 ",\"pending\":%" PRIu64
                      ",\"findings\":%" PRIu64 "}\n",
                      report->partitions, report->records, report->decisions, report->published,
                      report->stored, report->states, report->filings, report->held,
                      report->pending, report->findings);
    }
    (void)fprintf(stderr,
                  "filingctl: %" PRIu32 " partitions: %" PRIu64
                  " records decided again into %" PRIu64 " decisions; compared %" PRIu64
                  " with the topic",
                  report->partitions, report->records, report->decisions, report->published);
    if (report->has_store) {
        (void)fprintf(stderr,
                      ", %" PRIu64 " with the journal, %" PRIu64 " enterprise states, %" PRIu64
                      " filing ids, %" PRIu64 " held filings",
                      report->stored, report->states, report->filings, report->held);
    }
    (void)fprintf(stderr, "; %" PRIu64 " pending; ", report->pending);
    if (report->is_interrupted) {
        (void)fprintf(stderr, "INTERRUPTED: nothing is proved\n");
    } else if (report->findings > 0) {
        (void)fprintf(stderr, "%" PRIu64 " DIFFERENCES\n", report->findings);
    } else {
        (void)fprintf(stderr, "no difference\n");
    }
}

static enum exit_code code_of(const struct verify_report *report, bool is_complete)
{
    if (report->is_interrupted) {
        return EXIT_INTERRUPTED;
    }
    if (report->findings > 0) {
        return EXIT_DIFFERENCE;
    }
    return is_complete && report->pending > 0 ? EXIT_FAILED : EXIT_DONE;
}

enum status verify_ledger(struct ctl *ctl, struct failure *err)
{
    struct proof proof = {.ctl = ctl};
    const struct verify_conf conf = {.kafka = ctl_kafka(ctl),
                                     .topics = &ctl->topics,
                                     .store = ctl->common->store,
                                     .partition = ctl->settings->partition,
                                     .finding = put_finding,
                                     .progress = put_progress,
                                     .stop = is_stopped,
                                     .arg = &proof};
    struct verify_report report = {.partitions = 0};
    enum status status;
    enum status written;

    if (ctl->settings->enterprise) {
        return verify_enterprise(ctl, err);
    }
    status = check_options(ctl->settings, err);
    if (status != STATUS_OK) {
        return status;
    }
    output_init(&proof.output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    progress_init(&proof.progress, "verify", "records", 0);
    status = verify_run(&conf, &report, err);
    progress_fini(&proof.progress);
    if (status == STATUS_OK) {
        tell(ctl, &report);
        ctl->code = code_of(&report, ctl->settings->complete);
    }
    /* No difference, no header: then the output is empty. */
    written = output_fini(&proof.output, report.findings > 0 ? err : NULL);
    if (status == STATUS_OK && written != STATUS_OK) {
        return failure_set(err, written, REMEDY_STOP, 0, "cannot write the output");
    }
    return status;
}
