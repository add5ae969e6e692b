/* filing-publish: check filings, sign them, publish them, wait for what becomes of them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/signals.h"
#include "kafka/error.h"
#include "producers/publish/run.h"

#define ASK_MS     10000 /* each question to the broker at the start */
#define WAIT_S_MAX 86400

struct settings {
    int format;
    bool is_rehearsal;
    const char *key_dir;
    const char *key_id;
    const char *ledger_id;
    int64_t wait_s;
    const char *report;
};

static const struct conf_option options[] = {
    {.key = "format",
     .option = "format",
     .type = CONF_CHOICE,
     .offset = offsetof(struct settings, format),
     .preset = "jsonl",
     .words = source_format_words,
     .meta = "FORMAT",
     .help =
         "what FILE is written in: jsonl, csv, protobuf (a varint length before each Filing) or "
         "iso20022"},
    {.option = "dry-run",
     .type = CONF_SWITCH,
     .offset = offsetof(struct settings, is_rehearsal),
     .help = "check everything, keys included, and send nothing; needs no broker"},
    {.key = "key_dir",
     .option = "key-dir",
     .type = CONF_FILE,
     .offset = offsetof(struct settings, key_dir),
     .meta = "DIR",
     .help = "holds the private keys, <bank>/<key_id>.pem, PKCS#8 Ed25519, mode 0600; without it "
             "filings go unsigned, which a demonstration ledger takes"},
    {.key = "key_id",
     .option = "key-id",
     .type = CONF_STRING,
     .offset = offsetof(struct settings, key_id),
     .min = 1,
     .max = KEY_ID_SIZE - 1,
     .meta = "ID",
     .help = "which key, where a bank has several in --key-dir"},
    {.key = "ledger_id",
     .option = "ledger-id",
     .type = CONF_STRING,
     .offset = offsetof(struct settings, ledger_id),
     .min = 32,
     .max = 32,
     .meta = "HEX",
     .help = "the ledger that is meant; default: what the founding record in the reference topic "
             "says"},
    {.option = "wait",
     .type = CONF_INT,
     .offset = offsetof(struct settings, wait_s),
     .min = 1,
     .max = WAIT_S_MAX,
     .bare = "60",
     .flags = CONF_BARE,
     .unit = "s",
     .meta = "SECONDS",
     .help = "print the decision on each filing as it comes; 3 when one is REJECTED, 1 when the "
             "time runs out"},
    {.option = "report",
     .type = CONF_FILE,
     .offset = offsetof(struct settings, report),
     .meta = "FILE",
     .help = "keep what became of each record; a run with the report of the same input goes on "
             "where the last one ended; standard input is copied to FILE.input"},
};

static const char *const examples[] = {
    "filing-publish --dry-run filings.jsonl",
    "filing-publish --key-dir /etc/filing/keys --report filings.report filings.jsonl",
    "filing-publish --wait=30 - <filings.jsonl", NULL};

static const struct conf_program program = {
    .name = "filing-publish",
    .version = FILING_VERSION,
    .about = "Checks each filing of FILE for form, signs it with its bank's key and publishes it "
             "to filings.submitted.v1; a filing that fails the check is named with its place and "
             "not sent. The first Ctrl-C stops reading and waits for what was sent, a second one "
             "ends at once.",
    .options = options,
    .options_n = sizeof(options) / sizeof(options[0]),
    .arguments = "FILE|-",
    .arguments_min = 1,
    .arguments_max = 1,
    .examples = examples,
};

/* Everything a run borrows. */
struct publication {
    const struct settings *settings;
    const struct conf_common *common;
    struct input input;
    struct report *report;
    struct keyring *keyring;
    struct run_result result;
};

static enum status check_options(const struct settings *settings, struct failure *err)
{
    if (settings->is_rehearsal && (settings->report || settings->wait_s > 0)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "--dry-run publishes nothing: %s cannot be used with it",
                           settings->report ? "--report" : "--wait");
    }
    if (settings->key_id && !settings->key_dir) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "--key-id needs --key-dir");
    }
    return STATUS_OK;
}

static enum status open_all(struct publication *p, struct failure *err)
{
    const struct input_conf input = {.path = p->common->arguments[0],
                                     .report = p->settings->report,
                                     .is_counted = p->settings->format == SOURCE_JSONL};
    const struct keyring_conf keyring = {.key_dir = p->settings->key_dir,
                                         .key_id = p->settings->key_id};
    enum status status = check_options(p->settings, err);

    if (status == STATUS_OK) {
        status = input_open(&input, &p->input, err);
    }
    if (status == STATUS_OK && p->settings->report) {
        status = report_open(p->settings->report, p->input.sha256, &p->report, err);
    }
    if (status == STATUS_OK) {
        status = input_keep(&p->input, err);
    }
    if (status == STATUS_OK && p->settings->key_dir) {
        status = keyring_open(&keyring, &p->keyring, err);
    }
    return status;
}

static enum status publish(struct publication *p, struct failure *err)
{
    const struct sender_conf sender = {.bootstrap = p->common->bootstrap_server,
                                       .prefix = p->common->prefix,
                                       .client_id = program.name,
                                       .properties = p->common->properties,
                                       .properties_n = p->common->properties_n,
                                       .ledger_id = p->settings->ledger_id,
                                       .timeout_ms = ASK_MS};
    const struct run_conf run = {.input = &p->input,
                                 .format = (enum source_format)p->settings->format,
                                 .keyring = p->keyring,
                                 .sender = p->settings->is_rehearsal ? NULL : &sender,
                                 .report = p->report,
                                 .wait_s = (int)p->settings->wait_s};

    return run_all(&run, &p->result, err);
}

static void close_all(struct publication *p)
{
    keyring_close(p->keyring);
    report_close(p->report);
    input_close(&p->input);
}

/* One line that accounts for every record. */
static void summarise(const struct publication *p, int64_t took_us)
{
    const struct run_result *r = &p->result;

    fprintf(stderr, "%s: %" PRIu64 " %s, %" PRIu64 " refused", program.name, r->published,
            p->settings->is_rehearsal ? "good (nothing was sent)" : "published", r->refused);
    if (r->before > 0) {
        fprintf(stderr, ", %" PRIu64 " reported before (%" PRIu64 " refused)", r->before,
                r->refused_before);
    }
    if (r->blank > 0) {
        fprintf(stderr, ", %" PRIu64 " blank lines", r->blank);
    }
    if (r->unacknowledged > 0) {
        fprintf(stderr, ", %" PRIu64 " without acknowledgement: they may or may not be in the log",
                r->unacknowledged);
    }
    if (p->settings->wait_s > 0) {
        fprintf(stderr, ", %" PRIu64 " rejected, %" PRIu64 " not decided", r->rejected,
                r->undecided);
    }
    fprintf(stderr, ", %" PRId64 ".%03" PRId64 " s\n", took_us / 1000000, took_us / 1000 % 1000);
}

/* A disk that is full is 6 like a broker that is away; a broker that forbids is 5. */
static enum exit_code failed(const struct publication *p, const struct failure *err)
{
    const enum exit_code code = exit_report(stderr, program.name, err);

    if (err->status == STATUS_KAFKA &&
        (err->os == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
         err->os == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)) {
        return EXIT_DENIED;
    }
    if (err->status == STATUS_IO && p->report &&
        (err->os == ENOSPC || err->os == EDQUOT || err->os == EFBIG)) {
        return EXIT_UNREACHABLE;
    }
    return code;
}

static enum exit_code outcome(const struct publication *p)
{
    const struct run_result *r = &p->result;

    if (r->is_interrupted) {
        fprintf(stderr, "%s: interrupted%s\n", program.name,
                p->report ? ": the same command goes on where this one ended" : "");
        return EXIT_INTERRUPTED;
    }
    if (r->undecided > 0) {
        return EXIT_FAILED;
    }
    return r->refused + r->refused_before + r->rejected > 0 ? EXIT_REFUSED : EXIT_DONE;
}

static enum exit_code serve(const struct settings *settings, const struct conf_common *common)
{
    struct publication p = {.settings = settings, .common = common, .input = {.fd = -1}};
    struct failure err = {.status = STATUS_OK};
    const int64_t start_us = clock_monotonic_us();
    enum exit_code code = EXIT_DONE;
    enum status status = open_all(&p, &err);

    if (status == STATUS_OK) {
        status = publish(&p, &err);
        summarise(&p, clock_monotonic_us() - start_us);
    }
    if (status != STATUS_OK) {
        code = signals_stop() ? EXIT_INTERRUPTED : failed(&p, &err);
    } else {
        code = outcome(&p);
    }
    close_all(&p);
    return code;
}

int main(int argc, char **argv)
{
    struct settings settings = {.format = SOURCE_JSONL};
    struct failure err = {.status = STATUS_OK};
    const struct conf_input input = {
        .program = &program, .argc = argc, .argv = argv, .out = stdout};
    struct conf *conf = NULL;
    enum exit_code code = EXIT_DONE;

    log_set_level(LOG_ERROR); /* what goes wrong is said in one sentence at the end */
    if (conf_open(&input, &settings, &conf, &err) != STATUS_OK) {
        code = exit_report(stderr, program.name, &err);
        return (int)code;
    }
    if (!conf_common(conf)->done) {
        code = signals_install(&err) == STATUS_OK ? serve(&settings, conf_common(conf))
                                                  : exit_report(stderr, program.name, &err);
    }
    conf_close(conf);
    return (int)code;
}
