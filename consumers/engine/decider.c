#include "consumers/engine/decider.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/core/reference.h"
#include "consumers/engine/bulletin.h"
#include "consumers/engine/decider_inside.h"
#include "form/date.h"

/* Enough that the enterprises of a busy day stay; a small state takes 2 KiB. */
#define STATES_MAX_DEFAULT 20000

/* A journal row is never larger than its three pieces at their caps. */
#define ROW_SIZE_MAX (4 * BATCH_BYTES_MAX)

void decider_genesis(struct desk *desk, const struct decider_conf *conf, uint8_t out[DIGEST_SIZE])
{
    struct genesis genesis = {
        .topic = conf->topic, .partition = conf->partition, .partitions_n = conf->partitions_n};

    memcpy(genesis.ledger_id, conf->ledger_id, LEDGER_ID_SIZE);
    hash_genesis(desk->hash, &genesis, out);
}

enum status decider_open(struct desk *desk, const struct decider_conf *conf, struct decider **ret,
                         struct failure *err)
{
    struct decider *d = calloc(1, sizeof(*d));

    if (!d) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot decide: out of memory");
    }
    d->desk = desk;
    d->conf = *conf;
    d->conf.records_max = conf->records_max ? conf->records_max : BATCH_RECORDS;
    d->position = (struct store_position){.input_offset = -1};
    decider_genesis(desk, conf, d->position.chain);
    cache_init(&d->cache, conf->states_max ? conf->states_max : STATES_MAX_DEFAULT);
    held_list_init(&d->held);
    buffer_init(&d->recovery.copy, ROW_SIZE_MAX);
    *ret = d;
    return STATUS_OK;
}

void decider_close(struct decider *d)
{
    if (!d) {
        return;
    }
    cache_fini(&d->cache);
    held_list_fini(&d->held);
    buffer_fini(&d->recovery.copy);
    free(d);
}

const struct store_position *decider_position(const struct decider *d) { return &d->position; }

struct bus_verdict decider_verdict(const struct decider *d) { return d->trigger.verdict; }

uint64_t decider_bulletin_next(const struct decider *d)
{
    if (d->position.has_bulletin) {
        return d->position.bulletin + 1;
    }
    return d->conf.is_pack ? 1 : 0;
}

struct decider_counts decider_counts(const struct decider *d)
{
    return (struct decider_counts){
        .held_n = d->held.n, .states_n = d->cache.n, .dirty_n = d->cache.dirty_n};
}

enum status decider_cached(struct decider *d, const char code[ENTERPRISE_CODE_SIZE],
                           struct cache_entry **ret, struct failure *err)
{
    const struct cache_source source = {
        .store = d->desk->store,
        .partition = d->conf.partition,
        .number_max = d->recovery.is_active ? d->recovery.until.number : d->position.number,
    };

    return cache_get(&d->cache, &source, code, ret, err);
}

enum status decider_state(struct decider *d, const char code[ENTERPRISE_CODE_SIZE],
                          const struct enterprise **ret, struct failure *err)
{
    struct cache_entry *entry = NULL;
    const enum status status = decider_cached(d, code, &entry, err);

    if (status == STATUS_OK) {
        *ret = entry->state->number > 0 ? entry->state : NULL;
    }
    return status;
}

static enum status emit_keyless(struct decider *d, struct failure *err)
{
    const struct emission emission = {.has_key = d->trigger.has_key, .key = d->trigger.key};

    return decider_emit(d, &emission, err);
}

static enum status decide_undecoded(struct decider *d, struct failure *err)
{
    decider_args(d);
    decide_undecodable(&d->desk->args, &d->desk->result);
    return emit_keyless(d, err);
}

/* ---- bulletins ----------------------------------------------------------------------------- */

static enum status not_append_time(const struct decider *d, struct failure *err)
{
    return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                       "partition %" PRIu32 ", offset %" PRId64
                       ": the time stamp is not the broker's; set "
                       "message.timestamp.type=LogAppendTime with 'filingctl topics apply'",
                       d->conf.partition, d->trigger.offset);
}

/* The first bulletin of the log founds the ledger: it must be the one that we hold. */
static enum status check_founding(const struct decider *d, const struct founding *founding,
                                  const uint8_t ledger_id[LEDGER_ID_SIZE], struct failure *err)
{
    if (memcmp(ledger_id, d->conf.ledger_id, LEDGER_ID_SIZE) != 0) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "partition %" PRIu32 " belongs to another ledger than this store",
                           d->conf.partition);
    }
    if (founding->partitions != d->conf.partitions_n) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "the ledger was founded with %" PRIu32
                           " partitions, the topic has %" PRIu32,
                           founding->partitions, d->conf.partitions_n);
    }
    if (founding->in_memory && !d->conf.is_broker_memory) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "the ledger was founded on a broker in memory, this one is none");
    }
    return d->trigger.is_create_time && !founding->in_memory ? not_append_time(d, err) : STATUS_OK;
}

/* From here it is in force for what comes after it. */
static enum status accept(struct decider *d, const struct bulletin_judgement *judgement,
                          struct failure *err)
{
    const uint64_t number = judgement->content.number;
    uint8_t ledger_id[LEDGER_ID_SIZE];
    enum status status = STATUS_OK;

    if (judgement->content.has_founding) {
        hash_ledger_id(d->desk->hash, judgement->content_bytes, ledger_id);
        status = check_founding(d, &judgement->content.founding, ledger_id, err);
    }
    if (status == STATUS_OK) {
        status = reference_set_apply(d->desk->references, number, judgement->content_bytes, err);
    }
    if (status == STATUS_OK && d->part) {
        status = batch_part_bulletin(d->part, number, judgement->content_bytes, err);
    }
    d->position.has_bulletin = true;
    d->position.bulletin = number;
    return status;
}

/* A ledger begins with its founding record, on every partition (design, section 2). */
static enum status check_beginning(const struct decider *d,
                                   const struct bulletin_judgement *judgement, struct failure *err)
{
    if (d->conf.is_pack || d->position.has_bulletin ||
        (judgement && judgement->is_decodable && !judgement->is_refused)) {
        return STATUS_OK;
    }
    return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                       "partition %" PRIu32 " does not begin with a founding record (%s): run "
                       "'filingctl topics apply' and 'filingctl ledger found'",
                       d->conf.partition,
                       judgement && judgement->is_decodable ? judgement->fault.text
                                                            : "its first record is no bulletin");
}

static enum status decide_judged(struct decider *d, const struct bulletin_judgement *judgement,
                                 struct failure *err)
{
    struct pass pass = {.after = 0};
    enum status status = check_beginning(d, judgement, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (!judgement->is_decodable) {
        return decide_undecoded(d, err);
    }
    if (!judgement->is_refused) {
        status = accept(d, judgement, err);
        if (status != STATUS_OK) {
            return status;
        }
    }
    decider_args(d);
    decide_bulletin(&d->desk->args, judgement->is_refused ? &judgement->fault : NULL,
                    &d->desk->result);
    status = emit_keyless(d, err);
    return status == STATUS_OK && !judgement->is_refused ? decider_pass(d, &pass, err) : status;
}

static enum status decide_bulletin_record(struct decider *d, struct bytes bulletin,
                                          struct failure *err)
{
    const struct bulletin_case given = {
        .bulletin = bulletin,
        .has_key = d->trigger.has_key,
        .as_of = reference_as_of(d->position.has_bulletin, d->position.bulletin),
        .received_on = d->trigger.received_on,
        .ledger_id = d->conf.ledger_id,
    };
    struct bulletin_judgement judgement;
    struct pass pass = {.after = d->position.step - 1};
    enum status status;

    if (d->position.step > 0) { /* it is in force already, its pass was cut */
        return decider_pass(d, &pass, err);
    }
    status = bulletin_judge(d->desk, &given, &judgement, err);
    return status == STATUS_OK ? decide_judged(d, &judgement, err) : status;
}

/* ---- a record ------------------------------------------------------------------------------ */

/* Take a record up: from here on it is the last one of which a decision is stored. */
static void trigger_begin(struct decider *d, int64_t offset, int64_t append_ms)
{
    struct trigger *const t = &d->trigger;

    t->offset = offset;
    t->received_ms = append_ms > d->position.received_ms ? append_ms : d->position.received_ms;
    t->received_on = date_of_unix_ms_shanghai(t->received_ms);
    t->made = 0;
    t->is_cut = false;
    d->position.input_offset = offset;
    d->position.received_ms = t->received_ms;
    memcpy(d->position.input_hash, t->hash, DIGEST_SIZE);
}

static void trigger_end(struct decider *d)
{
    d->position.next_offset = d->trigger.is_cut ? d->trigger.offset : d->trigger.offset + 1;
    d->position.step = d->trigger.is_cut ? d->position.step : 0;
}

/* A record's time counts when the broker set it; a ledger founded in memory takes any.  Of the
 * founding record itself check_founding() knows. */
static enum status check_time_stamp(const struct decider *d, struct failure *err)
{
    const struct reference *const reference = reference_set_reference(d->desk->references);

    if (!d->trigger.is_create_time ||
        (d->conf.is_broker_memory && (!d->position.has_bulletin || reference->in_memory))) {
        return STATUS_OK;
    }
    return not_append_time(d, err);
}

static enum status decide_value(struct decider *d, const struct bus_record *record,
                                struct failure *err)
{
    struct submission parts;
    struct document doc;
    struct failure why;
    enum status status;

    arena_reset(&d->desk->arena);
    if (!record->has_value ||
        submission_split(record->value, record->value_n, &parts, &why) != STATUS_OK) {
        status = check_beginning(d, NULL, err);
        return status == STATUS_OK ? decide_undecoded(d, err) : status;
    }
    if (parts.bulletin.at) {
        return decide_bulletin_record(d, parts.bulletin, err);
    }
    status = check_beginning(d, NULL, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (filing_decode(parts.filing.at, parts.filing.n, &d->desk->arena, &doc, &why) != STATUS_OK) {
        return decide_undecoded(d, err);
    }
    return decider_decide_filing(d, &doc, &parts, err);
}

enum status decider_decide(struct decider *d, const struct bus_record *record, struct failure *err)
{
    const struct bytes key = {.at = record->has_key ? record->key : NULL, .n = record->key_n};
    const struct bytes value = {.at = record->has_value ? record->value : NULL,
                                .n = record->value_n};
    enum status status;

    d->trigger.is_create_time = !record->log_append_time;
    d->trigger.has_key = record->has_key;
    d->trigger.key = key;
    d->trigger.verdict = record->verdict;
    hash_input(d->desk->hash, key, record->timestamp_ms, value, d->trigger.hash);
    trigger_begin(d, record->offset, record->timestamp_ms);
    status = check_time_stamp(d, err);
    if (status == STATUS_OK) {
        status = decide_value(d, record, err);
    }
    trigger_end(d);
    return status;
}

enum status decider_record(struct decider *d, const struct bus_record *record,
                           struct batch_part *part, bool *ret_cut, struct failure *err)
{
    enum status status;

    assert(!d->recovery.is_active);
    *ret_cut = false;
    if (record->offset < d->position.next_offset) {
        return STATUS_OK;
    }
    d->part = part;
    status = decider_decide(d, record, err);
    *ret_cut = d->trigger.is_cut;
    return status;
}

void decider_jump(struct decider *d, uint64_t number, const uint8_t chain[DIGEST_SIZE])
{
    assert(!d->recovery.is_active);
    assert(number >= d->position.number);
    d->position.number = number;
    memcpy(d->position.chain, chain, DIGEST_SIZE);
}

void decider_received(struct decider *d, int64_t ms)
{
    if (ms > d->position.received_ms) {
        d->position.received_ms = ms;
    }
}

/* ---- batches ------------------------------------------------------------------------------- */

enum status decider_seal(struct decider *d, struct batch_part *part, size_t states_max,
                         struct store_part *ret, struct failure *err)
{
    enum status status = held_list_write(&d->held, part, err);

    if (status == STATUS_OK) {
        status = cache_write(&d->cache, part, states_max, err);
    }
    if (status == STATUS_OK) {
        status = batch_part_seal(part, ret, err);
    }
    if (status == STATUS_OK) {
        ret->position = d->position;
        ret->clean_number = cache_clean_number(&d->cache, d->position.number);
    }
    return status;
}

void decider_stored(struct decider *d)
{
    d->part = NULL;
    cache_trim(&d->cache);
}

/* ---- packs --------------------------------------------------------------------------------- */

enum status decider_pack_filing(struct decider *d, const struct pack_filing *line,
                                struct batch_part *part, struct failure *err)
{
    const struct submission parts = {.filing = line->filing};
    enum status status;

    assert(d->conf.is_pack);
    d->part = part;
    d->trigger.has_key = line->key.n > 0;
    d->trigger.key = (struct bytes){.at = line->key.n > 0 ? line->key.at : NULL, .n = line->key.n};
    hash_input(d->desk->hash, d->trigger.key, line->received_ms, line->value, d->trigger.hash);
    trigger_begin(d, line->offset, line->received_ms);
    status =
        line->doc ? decider_decide_filing(d, line->doc, &parts, err) : decide_undecoded(d, err);
    trigger_end(d);
    return status;
}

enum status decider_pack_reference(struct decider *d, const struct pack_reference *line,
                                   struct batch_part *part, struct fault *ret_fault,
                                   struct failure *err)
{
    struct bulletin_judgement judgement;
    struct bulletin_case given = {.bulletin = line->content, .is_pack = true};
    enum status status;

    assert(d->conf.is_pack);
    d->part = part;
    d->trigger.has_key = false;
    d->trigger.key = (struct bytes){0};
    hash_input(d->desk->hash, d->trigger.key, d->position.received_ms, line->value,
               d->trigger.hash);
    trigger_begin(d, line->offset, d->position.received_ms);
    given.as_of = reference_as_of(d->position.has_bulletin, d->position.bulletin);
    given.received_on = d->trigger.received_on;
    given.ledger_id = d->conf.ledger_id;
    status = bulletin_judge(d->desk, &given, &judgement, err);
    if (status == STATUS_OK) {
        status = decide_judged(d, &judgement, err);
        ret_fault->field[0] = '\0';
        ret_fault->text[0] = '\0';
        if (!judgement.is_decodable) {
            memcpy(ret_fault->text, "it cannot be decoded", sizeof("it cannot be decoded"));
        } else if (judgement.is_refused) {
            *ret_fault = judgement.fault;
        }
    }
    trigger_end(d);
    return status;
}
