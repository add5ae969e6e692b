/* what-if: the log decided under another policy beside itself; what flips, what breaches, sums. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "base/signals.h"
#include "consumers/audit/what_if_log.h"
#include "consumers/ctl/cells.h"
#include "consumers/ctl/reference_file.h"
#include "consumers/ctl/what_if_sums.h"
#include "consumers/engine/batch.h"

/* The first column of each says what a row is; a table, which has headings, does without. */
static const struct output_column flip_columns[] = {
    {"kind", OUTPUT_TEXT},          {"partition", OUTPUT_NUMBER},    {"offset", OUTPUT_NUMBER},
    {"number", OUTPUT_NUMBER},      {"received_at", OUTPUT_TEXT},    {"filing_id", OUTPUT_TEXT},
    {"bank", OUTPUT_TEXT},          {"enterprise", OUTPUT_TEXT},     {"event", OUTPUT_TEXT},
    {"business_date", OUTPUT_TEXT}, {"region", OUTPUT_TEXT},         {"before", OUTPUT_TEXT},
    {"after", OUTPUT_TEXT},         {"codes_before", OUTPUT_TEXT},   {"codes_after", OUTPUT_TEXT},
    {"limit", OUTPUT_TEXT},         {"limit_currency", OUTPUT_TEXT}, {"free", OUTPUT_AMOUNT},
    {"asked", OUTPUT_AMOUNT},       {"parameters", OUTPUT_TEXT},     {"currency", OUTPUT_TEXT},
    {"money", OUTPUT_AMOUNT},
};
static const struct output_column limit_columns[] = {
    {"kind", OUTPUT_TEXT},       {"partition", OUTPUT_NUMBER},
    {"enterprise", OUTPUT_TEXT}, {"id", OUTPUT_TEXT},
    {"currency", OUTPUT_TEXT},   {"limit", OUTPUT_AMOUNT},
    {"used", OUTPUT_AMOUNT},     {"reserved", OUTPUT_AMOUNT},
    {"over", OUTPUT_AMOUNT},     {"over_before", OUTPUT_AMOUNT},
    {"refused", OUTPUT_NUMBER},  {"short", OUTPUT_AMOUNT},
};
static const struct output_column sum_columns[] = {
    {"kind", OUTPUT_TEXT},     {"by", OUTPUT_TEXT},       {"value", OUTPUT_TEXT},
    {"change", OUTPUT_TEXT},   {"currency", OUTPUT_TEXT}, {"flips", OUTPUT_NUMBER},
    {"amount", OUTPUT_AMOUNT},
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

struct asking {
    struct ctl *ctl;
    struct reference_file file;
    struct output output; /* the table that is being written */
    bool has_output;
    struct breach *breaches; /* kept: they are told after all flips */
    size_t breaches_n, breaches_max;
    struct what_if_sums sums;
    uint64_t accepted; /* flips from ACCEPTED, and to it */
    uint64_t accepting;
    struct progress progress;
    uint64_t progress_n;
    enum status status;
    struct failure err;
};

/* ---- tables -------------------------------------------------------------------------------- */

static bool shows(const struct asking *a, enum what_if_table table)
{
    return a->ctl->settings->show == SHOW_ALL || a->ctl->settings->show == (int)table;
}

/* Headings and empty lines are for people, and for CSV where several tables follow each other. */
static void table_begin(struct asking *a, const char *heading, const struct output_column *columns,
                        size_t columns_n)
{
    const enum conf_output format = a->ctl->common->output;
    const size_t left_out = format == CONF_TABLE ? 1 : 0;

    if (a->has_output && format != CONF_JSON) {
        (void)fputs(format == CONF_CSV ? "\r\n" : "\n", a->ctl->out);
    }
    if (format == CONF_TABLE) {
        (void)fprintf(a->ctl->out, "%s\n", heading);
    }
    output_init(&a->output, a->ctl->out, format, columns + left_out, columns_n - left_out);
    a->has_output = true;
}

static void table_end(struct asking *a)
{
    const enum status status = output_fini(&a->output, a->status == STATUS_OK ? &a->err : NULL);

    if (a->status == STATUS_OK) {
        a->status = status;
    }
}

static void put_kind(struct asking *a, const char *kind)
{
    if (a->output.format != CONF_TABLE) {
        output_cstr(&a->output, kind);
    }
}

static void put_flip(struct asking *a, const struct flip *flip)
{
    const struct what_if_answer *why = flip->after.has_amounts ? &flip->after : &flip->before;
    struct output *const o = &a->output;

    put_kind(a, "flip");
    output_number(o, flip->partition);
    output_number(o, flip->offset);
    output_number(o, (int64_t)flip->before.number);
    cell_time(o, flip->received_ms);
    output_cstr(o, flip->filing_id);
    output_cstr(o, flip->bank);
    output_cstr(o, flip->enterprise);
    output_cstr(o, event_name(flip->event));
    output_cstr(o, flip->business_date);
    output_cstr(o, flip->region);
    output_cstr(o, outcome_name(flip->before.outcome));
    output_cstr(o, outcome_name(flip->after.outcome));
    cell_codes(o, flip->before.codes, flip->before.codes_n);
    cell_codes(o, flip->after.codes, flip->after.codes_n);
    output_cstr(o, why->limit);
    cell_currency(o, why->currency);
    cell_amount(o, why->free_minor, why->currency);
    cell_amount(o, why->asked_minor, why->currency);
    output_cstr(o, flip->parameters);
    cell_currency(o, flip->money.currency);
    cell_amount(o, flip->money.minor, flip->money.currency);
    output_end_row(o);
}

static void put_breach(struct asking *a, const struct breach *breach)
{
    struct output *const o = &a->output;

    put_kind(a, "limit");
    output_number(o, breach->partition);
    output_cstr(o, breach->enterprise);
    output_cstr(o, breach->limit);
    cell_currency(o, breach->currency);
    cell_amount(o, breach->is.limit, breach->currency);
    cell_amount(o, breach->is.used, breach->currency);
    cell_amount(o, breach->is.reserved, breach->currency);
    cell_amount(o, breach->over_minor, breach->currency);
    cell_amount(o, breach->over_before_minor, breach->currency);
    output_number(o, (int64_t)breach->refused);
    cell_amount(o, breach->short_minor, breach->currency);
    output_end_row(o);
}

/* Nothing is shown before there is something to tell. */
static void begin_flips(struct asking *a)
{
    if (!a->has_output) {
        table_begin(a, "Decisions that flip", flip_columns, N(flip_columns));
    }
}

/* ---- what is told -------------------------------------------------------------------------- */

static void take_flip(void *arg, const struct flip *flip)
{
    struct asking *a = arg;

    a->accepted += flip->before.outcome == OUTCOME_ACCEPTED ? 1 : 0;
    a->accepting += flip->after.outcome == OUTCOME_ACCEPTED ? 1 : 0;
    if (a->status == STATUS_OK) {
        a->status = what_if_sums_add(&a->sums, flip, &a->err);
    }
    if (shows(a, SHOW_FLIPS)) {
        begin_flips(a);
        put_flip(a, flip);
    }
}

static void take_breach(void *arg, const struct breach *breach)
{
    struct asking *a = arg;

    if (a->status != STATUS_OK) {
        return;
    }
    if (!batch_grow((void **)&a->breaches, &a->breaches_max, a->breaches_n + 1,
                    sizeof(*a->breaches))) {
        a->status = failure_set(&a->err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        return;
    }
    a->breaches[a->breaches_n++] = *breach;
}

static void put_progress(void *arg, uint64_t records, uint64_t records_n)
{
    struct asking *a = arg;

    a->progress.total = records_n;
    if (records > a->progress_n) {
        progress_add(&a->progress, records - a->progress_n);
        a->progress_n = records;
    }
}

static bool is_stopped(void *arg)
{
    (void)arg;
    return signals_stop();
}

static void begin_sum(void *arg) { put_kind(arg, "sum"); }

static void put_tables(struct asking *a)
{
    if (shows(a, SHOW_FLIPS)) {
        begin_flips(a);
        table_end(a);
    }
    if (shows(a, SHOW_LIMITS)) {
        table_begin(a, "Limits that are breached", limit_columns, N(limit_columns));
        for (size_t i = 0; i < a->breaches_n; i++) {
            put_breach(a, &a->breaches[i]);
        }
        table_end(a);
    }
    if (shows(a, SHOW_SUMS)) {
        table_begin(a, "Flips by model, region and code", sum_columns, N(sum_columns));
        what_if_sums_put(&a->sums, &a->output, begin_sum, a);
        table_end(a);
    }
}

static void say(const struct asking *a, const struct what_if_log_report *report)
{
    const struct what_if_counts *c = &report->counts;

    if (report->is_interrupted) {
        (void)fprintf(stderr, "filingctl: INTERRUPTED: nothing is told\n");
        return;
    }
    (void)fprintf(stderr,
                  "filingctl: %" PRIu32 " partitions: %" PRIu64
                  " records decided under both policies; %" PRIu64 " of %" PRIu64
                  " decisions flip (%" PRIu64 " no longer accepted, %" PRIu64
                  " accepted instead); limits breached: %" PRIu64 "\n",
                  report->partitions, c->records, c->flips, c->decisions, a->accepted, a->accepting,
                  c->breaches);
}

/* ---- the command --------------------------------------------------------------------------- */

/* One policy that rulebook 8 takes; else 2, with the place. */
static enum status read_policy(struct asking *a, const struct policy **ret, struct failure *err)
{
    const struct reference_object *object = NULL;
    struct fault fault = {.field = ""};
    enum status status =
        reference_file_read(&a->file, a->ctl->settings->policy, REFERENCE_POLICY, err);

    if (status == STATUS_OK && a->file.objects_n != 1) {
        status = failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                             "%.80s: there are %zu policies in it, not one",
                             a->ctl->settings->policy, a->file.objects_n);
    }
    if (status == STATUS_OK) {
        object = &a->file.objects[0];
        if (!what_if_check_policy(&object->item.of.policy, &fault)) {
            status = reference_file_fault(&a->file, object, &fault, err);
        }
    }
    if (status == STATUS_INVALID) {
        a->ctl->code = EXIT_USAGE;
    }
    if (status == STATUS_OK) {
        *ret = &object->item.of.policy;
    }
    return status;
}

static enum status run(struct asking *a, const struct what_if_log_conf *conf, struct failure *err)
{
    struct what_if_log_report report = {.partitions = 0};
    enum status status;

    progress_init(&a->progress, "what-if", "records", 0);
    status = what_if_log_run(conf, &report, err);
    progress_fini(&a->progress);
    if (status != STATUS_OK) {
        a->status = status;
        a->err = *err;
    }
    if (report.is_interrupted) {
        a->ctl->code = EXIT_INTERRUPTED;
    } else if (a->status == STATUS_OK) {
        put_tables(a);
    } else if (a->has_output) {
        table_end(a);
    }
    if (a->status == STATUS_OK) {
        say(a, &report);
    } else {
        *err = a->err;
    }
    return a->status;
}

enum status what_if_show(struct ctl *ctl, struct failure *err)
{
    struct asking a = {.ctl = ctl};
    struct what_if_log_conf conf = {.kafka = ctl_kafka(ctl),
                                    .topics = &ctl->topics,
                                    .from_ms = INT64_MIN,
                                    .to_ms = INT64_MAX,
                                    .flip = take_flip,
                                    .breach = take_breach,
                                    .progress = put_progress,
                                    .stop = is_stopped,
                                    .arg = &a};
    enum status status = ctl_time("--from", ctl->settings->from, DAY_BEGINS, &conf.from_ms, err);

    what_if_sums_init(&a.sums);
    if (status == STATUS_OK) {
        status = ctl_time("--to", ctl->settings->to, DAY_ENDS, &conf.to_ms, err);
    }
    if (status == STATUS_OK) {
        status = read_policy(&a, &conf.policy, err);
        if (status == STATUS_OK) {
            status = run(&a, &conf, err);
        }
        reference_file_close(&a.file);
    }
    what_if_sums_fini(&a.sums);
    free(a.breaches);
    return status;
}
