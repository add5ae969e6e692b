/* dead-letters redrive: what lay under a wrong key or in a wrong partition goes where it belongs.
 *
 * Promises:
 *   D1  the value, and with it the filing bytes and their signature, is sent as it is; key and
 *       partition are the enterprise's that the filing names.  Headers are kept; beside them stand
 *       how often the record was redriven and where the dead letter lies;
 *   D2  what is undecodable, names no credit code, or has a malformed identity is never sent;
 *   D3  nothing is sent twice by intent: a filing that has a decision of its own, or lies undecided
 *       in its partition, is passed over.  Two runs at one time may double it in the log; its
 *       identity makes the second one DUPLICATE;
 *   D4  a record that was redriven DEAD_REDRIVES_MAX times is not sent again: whatever brings it
 *       back, another round does not heal it;
 *   D5  nothing is sent without --yes, nor by anybody but an operator, whose act is recorded with
 *       its bounds before the first record and with its counts after the last;
 *   D6  a signal ends it between two records: each before was acknowledged, none after was sent.
 *
 *   COLLECT -> ASK -> (dry run: TELL)
 *                  -> BEGUN -> SEND -> WAIT -> SEND ... -> DONE or FAILED, recorded */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/progress.h"
#include "base/signals.h"
#include "consumers/audit/settled_book.h"
#include "consumers/ctl/dead_view.h"
#include "consumers/ctl/ledger_log.h"
#include "consumers/ctl/operation.h"
#include "consumers/ctl/sender.h"
#include "form/identifiers.h"

#define LETTERS_MAX    1000000 /* of one run: 100 MB; more is narrowed by bounds */
#define HEADERS_ROOM   64      /* of one record; more is not sent */
#define NAP_NS         50000000
#define ARGUMENTS_ROOM 8

static const struct output_column columns[] = {
    {"partition", OUTPUT_NUMBER}, {"offset", OUTPUT_NUMBER},   {"reason", OUTPUT_TEXT},
    {"bank", OUTPUT_TEXT},        {"enterprise", OUTPUT_TEXT}, {"state", OUTPUT_TEXT},
    {"to", OUTPUT_TEXT},          {"filing_id", OUTPUT_TEXT},
};

/* What becomes of a letter. */
enum fate {
    FATE_SEND,
    FATE_REFUSED, /* why is in candidate.why */
};

struct candidate {
    uint32_t partition;
    int64_t offset;
    uint32_t target;
    uint32_t redrives;
    enum fate fate;
    char reason[DEAD_REASON_SIZE];
    const char *why;
    struct store_filing_key key;
};

struct redrive {
    struct ctl *ctl;
    struct dead_conf conf;
    struct candidate *candidates;
    size_t n;
    size_t max;
    struct settled_book book;
    struct output output;
    struct sender *sender;
    struct log_fetch *fetch;
    struct progress progress;
    int64_t begun_us;
    uint64_t sent;
    uint64_t settled; /* passed over: D3 */
    uint64_t refused; /* D2, D4 */
    char last[64];    /* the last one sent */
};

/* ---- collecting ----------------------------------------------------------------------------- */

static enum status make_room(struct redrive *r, struct failure *err)
{
    const size_t max = r->max ? 2 * r->max : 256;
    struct candidate *larger;

    if (r->n < r->max) {
        return STATUS_OK;
    }
    if (r->n >= LETTERS_MAX) {
        return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0,
                           "more than %d dead letters: narrow --from and --to", LETTERS_MAX);
    }
    larger = realloc(r->candidates, max * sizeof(*larger));
    if (!larger) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    r->candidates = larger;
    r->max = max;
    return STATUS_OK;
}

static enum status collect(void *arg, const struct dead_letter *letter, struct failure *err)
{
    struct redrive *r = arg;
    struct candidate *c;
    enum status status = make_room(r, err);

    if (status != STATUS_OK) {
        return status;
    }
    c = &r->candidates[r->n];
    *c = (struct candidate){.partition = letter->record.partition,
                            .offset = letter->record.offset,
                            .target = letter->target,
                            .redrives = dead_view_redrives(letter),
                            .fate = FATE_REFUSED};
    dead_view_reason(letter, c->reason);
    if (letter->reason == DEAD_UNDECODABLE) {
        c->why = "never: undecodable";
    } else if (!letter->has_target) {
        c->why = "never: no enterprise";
    } else if (!settled_key(&letter->decision->identity, &c->key)) {
        c->why = "never: malformed identity";
    } else if (c->redrives >= DEAD_REDRIVES_MAX) {
        c->why = "never: redriven too often";
    } else {
        c->fate = FATE_SEND;
        status = settled_book_add(&r->book, &c->key, err);
    }
    r->n++;
    return status;
}

/* ---- one record ----------------------------------------------------------------------------- */

static bool is_ours(const char *name)
{
    return strcmp(name, DEAD_HEADER_COUNT) == 0 || strcmp(name, DEAD_HEADER_FROM) == 0;
}

/* The record's headers but for ours, then ours; false when there are too many. */
static bool make_headers(const struct redrive *r, const struct producer_header own[2],
                         struct producer_header out[HEADERS_ROOM], size_t *ret_n)
{
    struct log_header header;
    size_t n = 0;

    for (size_t i = 0; log_fetch_header(r->fetch, i, &header); i++) {
        if (is_ours(header.name)) {
            continue;
        }
        if (n + 2 == HEADERS_ROOM) {
            return false;
        }
        out[n++] = (struct producer_header){
            .name = header.name, .value = header.value.at, .value_n = header.value.n};
    }
    out[n++] = own[0];
    out[n++] = own[1];
    *ret_n = n;
    return true;
}

static enum status send_record(struct redrive *r, const struct candidate *c, int64_t *ret_offset,
                               struct failure *err)
{
    char count[16];
    char from[48];
    struct producer_header headers[HEADERS_ROOM];
    struct bus_record given;
    struct producer_record record = {.topic = r->ctl->topics.submitted,
                                     .partition = (int32_t)c->target,
                                     .key = c->key.enterprise,
                                     .key_n = sizeof(c->key.enterprise),
                                     .headers = headers};
    enum status status = log_fetch_record(r->fetch, c->partition, c->offset, &given, err);

    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(count, sizeof(count), "%" PRIu32, c->redrives + 1);
    (void)snprintf(from, sizeof(from), "%" PRIu32 ":%" PRId64, c->partition, c->offset);
    if (!make_headers(r,
                      (const struct producer_header[]){
                          {.name = DEAD_HEADER_COUNT, .value = count, .value_n = strlen(count)},
                          {.name = DEAD_HEADER_FROM, .value = from, .value_n = strlen(from)}},
                      headers, &record.headers_n)) {
        return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0,
                           "the record at %s has more than %d headers", from, HEADERS_ROOM - 2);
    }
    record.value = given.value;
    record.value_n = given.value_n;
    return sender_send(r->sender, &record, ret_offset, err);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void put_row(struct redrive *r, const struct candidate *c, const char *state,
                    const struct settled *to)
{
    const bool has_key = c->key.bank[0] != '\0';
    char id[UUID_TEXT_SIZE] = "";

    if (has_key) {
        uuid_unpack(c->key.filing_id, id);
    }
    output_number(&r->output, c->partition);
    output_number(&r->output, c->offset);
    output_cstr(&r->output, c->reason);
    output_text(&r->output, (struct text){.at = c->key.bank, .n = has_key ? BANK_SIZE : 0});
    output_text(&r->output, (struct text){.at = c->key.enterprise, .n = has_key ? CODE_SIZE : 0});
    output_cstr(&r->output, state);
    if (to && to->state != SETTLED_NOT) {
        output_printf(&r->output, "%" PRIu32 ":%" PRId64, to->partition, to->offset);
    } else if (to) {
        output_printf(&r->output, "%" PRIu32, c->target);
    } else {
        output_cstr(&r->output, "");
    }
    output_cstr(&r->output, id);
    output_end_row(&r->output);
}

static void put_settled(struct redrive *r, const struct candidate *c, const struct settled *settled)
{
    char state[48];

    if (settled->state == SETTLED_DECIDED) {
        (void)snprintf(state, sizeof(state), "already decided: %s", outcome_name(settled->outcome));
    } else {
        (void)snprintf(state, sizeof(state), "%s",
                       settled->offset < 0 ? "same filing as one above" : "already sent");
    }
    put_row(r, c, state, settled->offset < 0 ? NULL : settled);
    r->settled++;
}

/* ---- all ------------------------------------------------------------------------------------ */

/* Until the next record is due, or a signal. */
static void keep_pace(const struct redrive *r)
{
    const int64_t due_us =
        r->begun_us + (int64_t)r->sent * INT64_C(1000000) / r->ctl->settings->rate;

    for (;;) {
        const int64_t left_us = due_us - clock_monotonic_us();
        const struct timespec nap = {.tv_nsec =
                                         left_us * 1000 < NAP_NS ? (long)(left_us * 1000) : NAP_NS};

        if (left_us <= 0 || signals_stop()) {
            return;
        }
        (void)nanosleep(&nap, NULL);
    }
}

/* Sent, or with a dry run only told. */
static enum status take(struct redrive *r, const struct candidate *c, struct failure *err)
{
    const struct settled *settled = settled_book_find(&r->book, &c->key);
    int64_t offset = 0;
    enum status status = STATUS_OK;

    if (settled->state != SETTLED_NOT) {
        put_settled(r, c, settled);
        return STATUS_OK;
    }
    if (r->sender) {
        keep_pace(r);
        if (signals_stop()) {
            return STATUS_OK; /* told at the end */
        }
        status = send_record(r, c, &offset, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    r->sent++;
    if (r->sender) {
        settled_book_sent(&r->book, &c->key, c->target, offset);
        (void)snprintf(r->last, sizeof(r->last), "%" PRIu32 ":%" PRId64, c->partition, c->offset);
        put_row(r, c, "sent", settled);
        return STATUS_OK;
    }
    put_row(r, c, "would be sent", settled);
    settled_book_sent(&r->book, &c->key, c->target, -1); /* as if it were there */
    return STATUS_OK;
}

static enum status take_all(struct redrive *r, struct failure *err)
{
    enum status status = STATUS_OK;

    r->begun_us = clock_monotonic_us();
    for (size_t i = 0; i < r->n && status == STATUS_OK && !signals_stop(); i++) {
        const struct candidate *c = &r->candidates[i];

        if (c->fate == FATE_SEND) {
            status = take(r, c, err);
        } else {
            put_row(r, c, c->why, NULL);
            r->refused++;
        }
        progress_add(&r->progress, 1);
    }
    if (status == STATUS_OK && signals_stop()) {
        return failure_set(err, STATUS_IO, REMEDY_RETRY, 0,
                           "interrupted: %" PRIu64 " of %zu sent%s%s; run it again, what was sent "
                           "is passed over",
                           r->sent, r->n, r->last[0] ? ", the last from " : "", r->last);
    }
    return status;
}

/* ---- the act -------------------------------------------------------------------------------- */

static void add_argument(const char **arguments, size_t *n, const char *name, const char *value)
{
    if (value) {
        arguments[(*n)++] = name;
        arguments[(*n)++] = value;
    }
}

static void say_counts(const struct redrive *r, char *out, size_t size)
{
    (void)snprintf(
        out, size, "%" PRIu64 " of %zu sent%s%s, %" PRIu64 " settled before, %" PRIu64 " never",
        r->sent, r->n, r->last[0] ? ", the last from " : "", r->last, r->settled, r->refused);
}

static enum status send_all(struct redrive *r, struct failure *err)
{
    const struct ctl_settings *settings = r->ctl->settings;
    const char *arguments[ARGUMENTS_ROOM];
    struct operation_act act = {.command = "dead-letters redrive", .arguments = arguments};
    struct operation_writer *writer = NULL;
    char partition[24];
    char rate[24];
    char counts[256];
    enum status status;

    (void)snprintf(partition, sizeof(partition), "%" PRId64, settings->partition);
    (void)snprintf(rate, sizeof(rate), "%" PRId64, settings->rate);
    add_argument(arguments, &act.arguments_n, "--from", settings->from);
    add_argument(arguments, &act.arguments_n, "--to", settings->to);
    add_argument(arguments, &act.arguments_n, "--partition",
                 settings->partition < 0 ? NULL : partition);
    add_argument(arguments, &act.arguments_n, "--rate", rate);
    status = operation_begin(r->ctl, &act, &writer, err);
    if (status != STATUS_OK) {
        return status;
    }
    status = sender_open(r->ctl, &r->sender, err);
    if (status == STATUS_OK) {
        status = log_fetch_open(r->conf.handle, r->ctl->topics.submitted, &r->fetch, err);
    }
    if (status == STATUS_OK) {
        progress_init(&r->progress, "redrive", "records", r->n);
        status = take_all(r, err);
        progress_fini(&r->progress);
    }
    say_counts(r, counts, sizeof(counts));
    return operation_end(writer, status, counts, err);
}

/* The key decides the partition by the count that the ledger was founded with. */
static enum status check_ledger(struct redrive *r, struct failure *err)
{
    struct ledger_log *log = NULL;
    uint32_t partitions = 0;
    enum status status = dead_letters_partitions(&r->conf, &partitions, err);

    if (status == STATUS_OK) {
        status = ledger_log_read(r->ctl, &log, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_check_founded(log, err);
    }
    if (status == STATUS_OK && reference_set_reference(log->references)->partitions != partitions) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "'%s' has %" PRIu32 " partitions, its founding record says otherwise",
                             r->ctl->topics.submitted, partitions);
    }
    ledger_log_close(log);
    return status;
}

static enum status redrive(struct redrive *r, const struct dead_bounds *bounds, struct failure *err)
{
    enum status status = dead_view_open(r->ctl, &r->conf, err);

    if (status == STATUS_OK) {
        r->conf.bounds = *bounds;
        status = check_ledger(r, err);
    }
    if (status == STATUS_OK) {
        status = dead_letters_read(&r->conf, collect, r, err);
    }
    if (status == STATUS_OK && r->n == 0) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0,
                           "there are no dead letters in these bounds");
    }
    if (status == STATUS_OK) {
        status = settled_book_read(&r->book, &r->conf, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    return r->ctl->settings->yes ? send_all(r, err) : take_all(r, err);
}

static void tell(const struct redrive *r)
{
    (void)fprintf(stderr,
                  "filingctl: %zu dead letters: %" PRIu64 " %s, %" PRIu64
                  " settled before, %" PRIu64 " never%s\n",
                  r->n, r->sent, r->ctl->settings->yes ? "sent" : "to be sent", r->settled,
                  r->refused, r->ctl->settings->yes ? "" : "; nothing was sent: --yes sends");
}

static void close_redrive(struct redrive *r)
{
    log_fetch_close(r->fetch);
    sender_close(r->sender);
    settled_book_fini(&r->book);
    free(r->candidates);
    if (r->conf.handle) {
        rd_kafka_destroy(r->conf.handle);
    }
}

enum status dead_letters_redrive(struct ctl *ctl, struct failure *err)
{
    struct redrive r = {.ctl = ctl};
    struct dead_bounds bounds;
    enum status status;
    enum status written;

    if (!ctl->settings->from || !ctl->settings->to) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "what is redriven has bounds: --from and --to");
    }
    status = dead_view_bounds(ctl->settings, &bounds, err);
    if (status != STATUS_OK) {
        return status;
    }
    settled_book_init(&r.book);
    output_init(&r.output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    status = redrive(&r, &bounds, err);
    written = output_fini(&r.output, status == STATUS_OK ? err : NULL);
    if (status == STATUS_OK || r.sent > 0) {
        tell(&r);
    }
    if (status == STATUS_OK) {
        ctl->code = r.refused > 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    close_redrive(&r);
    return status == STATUS_OK && written != STATUS_OK
               ? failure_set(err, written, REMEDY_STOP, 0, "cannot write the output")
               : status;
}
