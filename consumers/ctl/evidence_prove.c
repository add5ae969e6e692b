/* evidence check: a bundle proved on a machine that has nothing but this program.
 *
 * Each difference is a row; what was proved, and what stands on less, is told on stderr and, as
 * JSON, in a last object. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/progress.h"
#include "base/signals.h"
#include "consumers/audit/evidence_check.h"
#include "consumers/ctl/ctl.h"

static const struct output_column columns[] = {
    {"section", OUTPUT_TEXT},  {"partition", OUTPUT_NUMBER}, {"offset", OUTPUT_NUMBER},
    {"number", OUTPUT_NUMBER}, {"field", OUTPUT_TEXT},       {"expected", OUTPUT_TEXT},
    {"found", OUTPUT_TEXT},
};

struct proving {
    struct output output;
    struct progress progress;
};

static void put_place(struct output *output, int64_t place)
{
    if (place >= 0) {
        output_number(output, place);
    } else {
        output_cstr(output, "");
    }
}

static void put_finding(void *arg, const struct evidence_finding *finding)
{
    struct output *output = &((struct proving *)arg)->output;

    output_cstr(output, finding->section);
    put_place(output, finding->partition);
    put_place(output, finding->offset);
    put_place(output, finding->number > 0 ? (int64_t)finding->number : -1);
    output_cstr(output, finding->diff.field);
    output_cstr(output, finding->diff.expected);
    output_cstr(output, finding->diff.found);
    output_end_row(output);
}

static void put_progress(void *arg, uint64_t bytes)
{
    struct progress *progress = &((struct proving *)arg)->progress;

    if (bytes > progress->done) {
        progress_add(progress, bytes - progress->done);
    }
}

static bool is_stopped(void *arg)
{
    (void)arg;
    return signals_stop();
}

/* ---- what was proved ------------------------------------------------------------------------ */

static void tell_json(FILE *out, const struct evidence_report *r)
{
    char ledger_id[2 * LEDGER_ID_SIZE + 1];
    char at[CLOCK_TEXT_SIZE];

    hex_encode((struct bytes){.at = r->ledger_id, .n = LEDGER_ID_SIZE}, ledger_id);
    clock_format(r->exported_ms, at);
    (void)fprintf(out, "{\"ledger\":\"%s\"", ledger_id);
    if (!r->is_whole) {
        (void)fputs(",\"enterprise\":", out);
        /* Read from a bundle: letters and digits only if it is right. */
        (void)fputc('"', out);
        for (const char *c = r->enterprise; *c; c++) {
            (void)fputc((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ? *c : '?', out);
        }
        (void)fputc('"', out);
    }
    (void)fprintf(out, ",\"exported_at\":\"%s\",\"signed\":%s,\"partitions\":[", at,
                  r->is_signed ? "true" : "false");
    for (size_t i = 0; i < r->proofs_n; i++) {
        const struct evidence_proof *p = &r->proofs[i];

        (void)fprintf(out,
                      "%s{\"partition\":%" PRIu32 ",\"records\":%" PRIu64 ",\"decisions\":%" PRIu64
                      ",\"first_number\":%" PRIu64 ",\"last_number\":%" PRIu64
                      ",\"partition_decisions\":%" PRIu64 ",\"covered\":%" PRIu64
                      ",\"checkpoint\":%" PRIu64 ",\"witnessed\":%" PRIu64 ",\"states\":%" PRIu32
                      "}",
                      i > 0 ? "," : "", p->partition, p->records, p->decisions, p->first_number,
                      p->last_number, p->partition_decisions, p->covered, p->covered_to,
                      p->witnessed_to, p->states);
    }
    (void)fprintf(out, "],\"findings\":%" PRIu64 "}\n", r->findings);
}

static void tell_partition(const struct evidence_report *r, const struct evidence_proof *p)
{
    (void)fprintf(stderr,
                  "filingctl: partition %" PRIu32 ": %" PRIu64 " records decided again, %" PRIu64
                  " decisions equal",
                  p->partition, p->records, p->decisions);
    if (!r->is_whole) {
        (void)fprintf(stderr, " (of %" PRIu64 " in the partition)", p->partition_decisions);
    }
    if (p->covered_to > 0) {
        (void)fprintf(stderr, "; %" PRIu64 " of them under signed checkpoints up to %" PRIu64,
                      p->covered, p->covered_to);
    }
    if (p->witnessed_to > 0) {
        (void)fprintf(stderr, ", witnessed up to %" PRIu64, p->witnessed_to);
    }
    if (p->covered < p->decisions) {
        (void)fprintf(stderr, "; %" PRIu64 " on their chain and the exporter's signature alone",
                      p->decisions - p->covered);
    }
    (void)fputc('\n', stderr);
}

static void tell(const struct ctl *ctl, const struct evidence_report *r)
{
    char ledger_id[2 * LEDGER_ID_SIZE + 1];
    char at[CLOCK_TEXT_SIZE];

    if (ctl->common->output == CONF_JSON) {
        tell_json(ctl->out, r);
    }
    for (size_t i = 0; i < r->proofs_n; i++) {
        tell_partition(r, &r->proofs[i]);
    }
    hex_encode((struct bytes){.at = r->ledger_id, .n = LEDGER_ID_SIZE}, ledger_id);
    clock_format(r->exported_ms, at);
    (void)fprintf(stderr, "filingctl: ledger %s, %zu of %" PRIu32 " partitions, exported at %s ",
                  ledger_id, r->proofs_n, r->partitions_n, at);
    if (r->is_signed) {
        (void)fputs("by ", stderr);
        output_shown(stderr, (struct text){.at = r->exporter, .n = (uint32_t)strlen(r->exporter)});
    } else {
        (void)fputs("by nobody known", stderr);
    }
    if (r->is_interrupted) {
        (void)fputs("; INTERRUPTED: nothing is proved\n", stderr);
    } else if (r->findings > 0) {
        (void)fprintf(stderr, "; %" PRIu64 " DIFFERENCES\n", r->findings);
    } else {
        (void)fputs("; no difference\n", stderr);
    }
    if (!r->is_whole && r->findings == 0 && !r->is_interrupted) {
        (void)fputs("filingctl: a part does not prove that no record of the enterprise was left "
                    "out: whole partitions do\n",
                    stderr);
    }
}

/* ---- the command ---------------------------------------------------------------------------- */

static enum status open_file(const char *path, FILE **ret, uint64_t *ret_size, struct failure *err)
{
    struct stat stat_of;

    if (strcmp(path, "-") == 0) {
        *ret = stdin;
        return STATUS_OK;
    }
    *ret = fopen(path, "rb");
    if (!*ret) {
        return failure_set(err, errno == ENOENT ? STATUS_NOTFOUND : STATUS_IO, REMEDY_STOP, errno,
                           "cannot open '%s': %s", path, strerrordesc_np(errno));
    }
    if (fstat(fileno(*ret), &stat_of) == 0 && stat_of.st_size > 0) {
        *ret_size = (uint64_t)stat_of.st_size;
    }
    return STATUS_OK;
}

static enum exit_code code_of(const struct evidence_report *report)
{
    if (report->is_interrupted) {
        return EXIT_INTERRUPTED;
    }
    return report->findings > 0 ? EXIT_DIFFERENCE : EXIT_DONE;
}

static enum status prove(struct ctl *ctl, const struct evidence_check_conf *conf, uint64_t size,
                         struct failure *err)
{
    struct proving *proving = conf->arg;
    struct evidence_report report = {.findings = 0};
    enum status status;
    enum status written;

    output_init(&proving->output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    progress_init(&proving->progress, "evidence", "bytes", size);
    status = evidence_check(conf, &report, err);
    progress_fini(&proving->progress);
    /* No difference, no header: then the output is empty. */
    written = output_fini(&proving->output, report.findings > 0 ? err : NULL);
    if (status == STATUS_OK) {
        tell(ctl, &report);
        ctl->code = code_of(&report);
        status = written;
    } else if (status == STATUS_INVALID) {
        (void)failure_add(err, "'%s'", ctl->common->arguments[0]);
    }
    evidence_report_fini(&report);
    return status;
}

enum status evidence_prove(struct ctl *ctl, struct failure *err)
{
    uint8_t ledger_id[LEDGER_ID_SIZE];
    struct proving proving;
    struct evidence_check_conf conf = {.is_scratch = true,
                                       .finding = put_finding,
                                       .progress = put_progress,
                                       .stop = is_stopped,
                                       .arg = &proving};
    uint64_t size = 0;
    enum status status = STATUS_OK;

    if (ctl->settings->ledger) {
        status = ctl_ledger_id(ctl->settings->ledger, ledger_id, err);
        conf.ledger_id = ledger_id;
    }
    if (status == STATUS_OK) {
        status = open_file(ctl->common->arguments[0], &conf.file, &size, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = prove(ctl, &conf, size, err);
    if (conf.file != stdin) {
        (void)fclose(conf.file);
    }
    return status;
}
