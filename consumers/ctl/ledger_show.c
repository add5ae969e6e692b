/* ledger show: the limits of one enterprise, now or as they were.
 *
 * Now: the stored state.  When decisions of the enterprise came after it, what is missing is
 * decided again from the log as a worker's recovery does; without a broker the stored state is
 * shown and said to be behind.  As of a time: the partition's log is decided again up to it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/progress.h"
#include "consumers/audit/log_reader.h"
#include "consumers/audit/replay.h"
#include "consumers/ctl/ledger_log.h"
#include "consumers/ctl/lookup.h"
#include "consumers/ctl/reader.h"
#include "consumers/engine/decider.h"
#include "form/identifiers.h"
#include "form/iso.h"
#include "form/money.h"

static const struct output_column columns[] = {
    {"enterprise", OUTPUT_TEXT}, {"id", OUTPUT_TEXT},     {"currency", OUTPUT_TEXT},
    {"limit", OUTPUT_AMOUNT},    {"used", OUTPUT_AMOUNT}, {"reserved", OUTPUT_AMOUNT},
    {"free", OUTPUT_AMOUNT},     {"state", OUTPUT_TEXT},
};

/* ---- printing ------------------------------------------------------------------------------ */

static void put_amount(struct output *output, int64_t minor, int32_t currency)
{
    const int exponent = currency >= 0 ? iso_currency(currency)->exponent : 0;
    char text[MONEY_TEXT_SIZE];

    (void)money_format(minor, exponent < 0 ? 0 : exponent, text, sizeof(text));
    output_cstr(output, text);
}

static void put_limit(struct output *output, const struct enterprise *state,
                      const struct limit *limit)
{
    const struct object *owner =
        limit->key.owner ? enterprise_object_opened(state, limit->key.owner) : NULL;
    struct limit_id id;
    char name[LIMIT_ID_SIZE];

    enterprise_limit_id(state, &limit->key, &id);
    (void)limit_id_format(&id, name);
    output_text(output, (struct text){.at = state->code, .n = CODE_SIZE});
    output_cstr(output, name);
    output_cstr(output, limit->currency >= 0 ? iso_currency(limit->currency)->alpha : "");
    put_amount(output, limit->is.limit, limit->currency);
    put_amount(output, limit->is.used, limit->currency);
    put_amount(output, limit->is.reserved, limit->currency);
    put_amount(output, limit->is.limit - limit->is.used - limit->is.reserved, limit->currency);
    output_cstr(output, owner && owner->closed ? "closed" : "open");
    output_end_row(output);
}

struct stand {
    uint32_t partition;
    uint64_t number; /* of the decision for which it is true */
    int64_t received_ms;
};

static enum status print_state(const struct ctl *ctl, const struct enterprise *state,
                               const struct stand *stand, struct failure *err)
{
    char at[CLOCK_TEXT_SIZE];
    struct output output;

    clock_format(stand->received_ms, at);
    output_init(&output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    for (uint32_t i = 0; i < state->limits_n; i++) {
        put_limit(&output, state, &state->limits[i]);
    }
    output_flush(&output);
    (void)fprintf(stderr,
                  "filingctl: true for decision %" PRIu64 " of partition %" PRIu32
                  ", received at %s; %" PRIu32 " objects, %" PRIu32 " filings held\n",
                  stand->number, stand->partition, at, state->objects_n, state->held_n);
    return output_fini(&output, err);
}

static enum status unknown(const char *code, struct failure *err)
{
    return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0, "nothing is known of '%s'", code);
}

/* ---- now ----------------------------------------------------------------------------------- */

struct later_look {
    const char *code;
    uint64_t after;
    bool is_there;
};

static bool is_later(void *arg, const struct decision *decision)
{
    struct later_look *later = arg;

    later->is_there = decision->number > later->after &&
                      decision->identity.enterprise.n == CODE_SIZE &&
                      memcmp(decision->identity.enterprise.at, later->code, CODE_SIZE) == 0 &&
                      decision->outcome != OUTCOME_DUPLICATE;
    return !later->is_there;
}

/* Decide again what the states lack, up to the row. */
static enum status recover(struct lookup *l, struct decider *decider, int64_t from,
                           uint32_t partition, struct failure *err)
{
    const struct reader_place place = {
        .topic = l->ctl->topics.submitted, .partition = (int32_t)partition, .offset = from};
    const rd_kafka_message_t *message = NULL;
    struct reader *reader = NULL;
    bool is_done = false;
    enum status status = reader_open(l->ctl, &place, &reader, err);

    while (status == STATUS_OK && !is_done) {
        status = reader_next(reader, &message, err);
        if (status == STATUS_OK) {
            struct bus_record record;

            log_record_lend(message, &record);
            status = decider_recover(decider, &record, &is_done, err);
        }
    }
    reader_close(reader);
    return status == STATUS_NOTFOUND ? failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                                                   "the log ends before what the store knows")
                                     : status;
}

static enum status show_recovered(struct lookup *l, const char *code, const struct store_row *row,
                                  const struct stand *stand, struct failure *err)
{
    struct decider_conf conf = {.partition = stand->partition,
                                .partitions_n = l->ledger.partitions,
                                .topic = l->ctl->topics.submitted,
                                .is_broker_memory =
                                    reference_set_reference(l->references)->in_memory};
    const struct enterprise *state = NULL;
    struct decider *decider = NULL;
    int64_t from = -1;
    enum status status;

    memcpy(conf.ledger_id, l->ledger.ledger_id, LEDGER_ID_SIZE);
    status = decider_open(l->desk, &conf, &decider, err);
    if (status == STATUS_OK) {
        status = decider_start(decider, row, &from, err);
    }
    if (status == STATUS_OK && from >= 0) {
        status = recover(l, decider, from, stand->partition, err);
    }
    if (status == STATUS_OK) {
        status = decider_state(decider, code, &state, err);
    }
    if (status == STATUS_OK) {
        status = state ? print_state(l->ctl, state, stand, err) : unknown(code, err);
    }
    decider_close(decider);
    return status;
}

static enum status show_now(struct lookup *l, const char *code, struct failure *err)
{
    struct stand stand = {.partition = lookup_partition(l, code)};
    struct lookup_range range = {.partition = stand.partition};
    struct later_look later = {.code = code};
    struct store_row row;
    bool is_stored;
    enum status status = store_row_read(l->store, stand.partition, &row, err);

    if (status != STATUS_OK) {
        return status == STATUS_NOTFOUND ? unknown(code, err) : status;
    }
    stand.number = row.position.number;
    stand.received_ms = row.position.received_ms;
    status = lookup_state(l, stand.partition, code, err);
    is_stored = status == STATUS_OK;
    if (status == STATUS_OK || status == STATUS_NOTFOUND) {
        later.after = is_stored ? l->state->number : 0;
        range.first = row.clean_number + 1;
        range.last = row.position.number;
        status = lookup_decisions(l, &range, is_later, &later, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!later.is_there) {
        return is_stored ? print_state(l->ctl, l->state, &stand, err) : unknown(code, err);
    }
    status = show_recovered(l, code, &row, &stand, err);
    if (status == STATUS_KAFKA && is_stored) {
        (void)fprintf(stderr, "filingctl: %s: the state is shown as it was stored last\n",
                      err->text);
        stand.number = l->state->number;
        return print_state(l->ctl, l->state, &stand, err);
    }
    return status;
}

/* ---- as of a time -------------------------------------------------------------------------- */

struct replaying {
    struct ctl *ctl;
    struct replay *replay;
    struct replay_conf conf;
    int64_t until_ms;
    struct progress progress;
};

static enum status flush(struct replaying *r, struct failure *err)
{
    struct store_journal_row row;

    return replay_flush(r->replay, &row, err);
}

static enum status replay_one(struct replaying *r, const struct bus_record *record,
                              struct failure *err)
{
    bool is_full = false;
    bool is_again = true;
    enum status status = STATUS_OK;

    if (!r->replay) {
        status = replay_open(&r->conf, record, &r->replay, err);
    }
    while (status == STATUS_OK && is_again) {
        status = replay_record(r->replay, record, &is_full, &is_again, err);
        if (status == STATUS_OK && is_full) {
            status = flush(r, err);
        }
    }
    progress_add(&r->progress, 1);
    return status;
}

/* Every record that was received up to the time. */
static enum status replay_log(struct replaying *r, struct failure *err)
{
    const struct reader_place place = {.topic = r->conf.topic,
                                       .partition = (int32_t)r->conf.partition,
                                       .offset = RD_KAFKA_OFFSET_BEGINNING};
    const rd_kafka_message_t *message = NULL;
    struct reader *reader = NULL;
    enum status status = reader_open(r->ctl, &place, &reader, err);

    progress_init(&r->progress, "replay", "records", 0);
    while (status == STATUS_OK) {
        struct bus_record record;

        status = reader_next(reader, &message, err);
        if (status != STATUS_OK) {
            break;
        }
        log_record_lend(message, &record);
        if (record.timestamp_ms > r->until_ms) { /* received times never go back */
            break;
        }
        status = replay_one(r, &record, err);
    }
    progress_fini(&r->progress);
    reader_close(reader);
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

static enum status show_replayed(struct replaying *r, const char *code, struct failure *err)
{
    const struct enterprise *state = NULL;
    struct stand stand = {.partition = r->conf.partition};
    enum status status = replay_log(r, err);

    if (status == STATUS_OK && !r->replay) {
        return unknown(code, err);
    }
    if (status == STATUS_OK) {
        status = decider_state(replay_decider(r->replay), code, &state, err);
    }
    if (status == STATUS_OK && !state) {
        return unknown(code, err);
    }
    if (status == STATUS_OK) {
        const struct store_position *is = decider_position(replay_decider(r->replay));

        stand.number = is->number;
        stand.received_ms = is->received_ms;
        status = print_state(r->ctl, state, &stand, err);
    }
    return status;
}

static enum status show_as_of(struct ctl *ctl, const char *code, int64_t until_ms,
                              struct failure *err)
{
    struct replaying r = {.ctl = ctl, .until_ms = until_ms};
    struct ledger_log *log = NULL;
    enum status status = ledger_log_read(ctl, &log, err);

    if (status == STATUS_OK) {
        status = ledger_log_check_founded(log, err);
    }
    if (status == STATUS_OK) {
        const uint32_t partitions = reference_set_reference(log->references)->partitions;

        r.conf = (struct replay_conf){.topic = ctl->topics.submitted,
                                      .partition = partition_of_key(code, CODE_SIZE, partitions),
                                      .partitions_n = partitions};
        status = show_replayed(&r, code, err);
    }
    replay_close(r.replay);
    ledger_log_close(log);
    return status;
}

enum status ledger_show(struct ctl *ctl, struct failure *err)
{
    const char *code = ctl->common->arguments[0];
    const char *as_of = ctl->settings->as_of;
    struct lookup lookup;
    int64_t until_ms = 0;
    enum status status;

    if (!uscc_valid(code, strlen(code))) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "'%s' is no credit code", code);
    }
    if (as_of && !clock_parse(as_of, strlen(as_of), &until_ms)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "--as-of wants a time of RFC 3339, not '%s'", as_of);
    }
    if (as_of) {
        return show_as_of(ctl, code, until_ms, err);
    }
    status = lookup_open(&lookup, ctl, err);
    if (status == STATUS_OK) {
        status = show_now(&lookup, code, err);
    }
    lookup_close(&lookup);
    return status;
}
