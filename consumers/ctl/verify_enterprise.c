#include "consumers/ctl/verify_enterprise.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/progress.h"
#include "base/signals.h"
#include "consumers/audit/verify_share.h"
#include "form/identifiers.h"
#include "kafka/admin.h"

static const struct output_column columns[] = {
    {"place", OUTPUT_TEXT},    {"partition", OUTPUT_NUMBER}, {"offset", OUTPUT_NUMBER},
    {"number", OUTPUT_NUMBER}, {"key", OUTPUT_TEXT},         {"field", OUTPUT_TEXT},
    {"expected", OUTPUT_TEXT}, {"found", OUTPUT_TEXT},
};

struct proving {
    struct output output;
    struct progress progress;
};

static void put_finding(void *arg, const struct finding *finding)
{
    struct output *output = &((struct proving *)arg)->output;

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
    struct progress *progress = &((struct proving *)arg)->progress;

    progress->total = records_n;
    if (records > progress->done) {
        progress_add(progress, records - progress->done);
    }
}

static bool is_stopped(void *arg)
{
    (void)arg;
    return signals_stop();
}

static void tell(const struct ctl *ctl, const struct verify_share_report *r)
{
    const char *enterprise = ctl->settings->enterprise;

    if (ctl->common->output == CONF_JSON) {
        (void)fprintf(ctl->out,
                      "{\"enterprise\":\"%s\",\"partition\":%" PRIu32 ",\"records\":%" PRIu64
                      ",\"published\":%" PRIu64 ",\"stored\":%" PRIu64
                      ",\"state\":%s,\"pending\":%" PRIu64 ",\"partition_decisions\":%" PRIu64
                      ",\"findings\":%" PRIu64 "}\n",
                      enterprise, r->partition, r->records, r->decisions, r->stored,
                      r->is_state_compared ? "true" : "false", r->pending, r->partition_decisions,
                      r->findings);
    }
    (void)fprintf(stderr,
                  "filingctl: %s, partition %" PRIu32 ": %" PRIu64
                  " records and bulletins decided again; compared %" PRIu64 " decisions of %" PRIu64
                  " with the topic",
                  enterprise, r->partition, r->records, r->decisions, r->partition_decisions);
    if (r->has_store) {
        (void)fprintf(stderr, ", %" PRIu64 " with the journal, %s", r->stored,
                      r->is_state_compared ? "the state" : "no state");
    }
    (void)fprintf(stderr, "; %" PRIu64 " pending; ", r->pending);
    if (r->is_interrupted) {
        (void)fputs("INTERRUPTED: nothing is proved\n", stderr);
    } else if (r->findings > 0) {
        (void)fprintf(stderr, "%" PRIu64 " DIFFERENCES\n", r->findings);
    } else {
        (void)fputs("no difference\n", stderr);
        (void)fputs("filingctl: that no record of the enterprise is missing, 'filingctl verify' of "
                    "the whole partition proves\n",
                    stderr);
    }
}

static enum exit_code code_of(const struct verify_share_report *r, bool is_complete)
{
    if (r->is_interrupted) {
        return EXIT_INTERRUPTED;
    }
    if (r->findings > 0) {
        return EXIT_DIFFERENCE;
    }
    return is_complete && r->pending > 0 ? EXIT_FAILED : EXIT_DONE;
}

static enum status check_options(const struct ctl_settings *s, struct failure *err)
{
    const char *other = s->from              ? "--from"
                        : s->to              ? "--to"
                        : s->from_checkpoint ? "--from-checkpoint"
                        : s->partition >= 0  ? "--partition"
                                             : NULL;

    if (!uscc_valid(s->enterprise, strlen(s->enterprise))) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "'%s' is no credit code",
                           s->enterprise);
    }
    return other ? failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                               "%s does not go with --enterprise: all of its records are proved",
                               other)
                 : STATUS_OK;
}

static enum status run(struct ctl *ctl, struct proving *proving, struct verify_share_report *report,
                       struct failure *err)
{
    struct verify_share_conf conf = {.topics = &ctl->topics,
                                     .store = ctl->common->store,
                                     .enterprise = ctl->settings->enterprise,
                                     .finding = put_finding,
                                     .progress = put_progress,
                                     .stop = is_stopped,
                                     .arg = proving};
    int32_t partitions = 0;
    enum status status = ctl_kafka_open(ctl, KAFKA_LOOK_COMMITTED, &conf.handle, err);

    if (status != STATUS_OK) {
        return status;
    }
    status =
        admin_partition_count(conf.handle, ctl->topics.submitted, CTL_TIMEOUT_MS, &partitions, err);
    if (status == STATUS_OK && partitions == 0) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "there is no topic '%s': run 'filingctl topics apply'",
                             ctl->topics.submitted);
    }
    conf.partitions_n = (uint32_t)partitions;
    if (status == STATUS_OK) {
        status = verify_share(&conf, report, err);
    }
    rd_kafka_destroy(conf.handle);
    return status;
}

enum status verify_enterprise(struct ctl *ctl, struct failure *err)
{
    struct proving proving;
    struct verify_share_report report = {.findings = 0};
    enum status status = check_options(ctl->settings, err);
    enum status written;

    if (status != STATUS_OK) {
        return status;
    }
    output_init(&proving.output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    progress_init(&proving.progress, "verify", "records", 0);
    status = run(ctl, &proving, &report, err);
    progress_fini(&proving.progress);
    /* No difference, no header: then the output is empty. */
    written = output_fini(&proving.output, report.findings > 0 ? err : NULL);
    if (status == STATUS_OK) {
        tell(ctl, &report);
        ctl->code = code_of(&report, ctl->settings->complete);
        status = written;
    }
    return status;
}
