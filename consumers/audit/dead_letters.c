#include "consumers/audit/dead_letters.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "consumers/audit/log_reader.h"
#include "form/identifiers.h"
#include "kafka/admin.h"
#include "wire/arena.h"
#include "wire/decision_codec.h"
#include "wire/submission.h"

#define ADMIN_MS   10000
#define ARENA_SIZE ((size_t)1 << 20) /* of one decision */

struct reading {
    const struct dead_conf *conf;
    dead_letter_fn *fn;
    void *arg;
    uint32_t partitions_n;
    struct log_fetch *fetch;
    struct arena arena;        /* of a decision */
    struct arena filing_arena; /* of a record */
    struct decision *decision;
    uint64_t number; /* of the partition's last decision */
};

const char *dead_reason_name(enum dead_reason reason)
{
    static const char *const names[] = {"undecodable", "no enterprise", "no key", "wrong key",
                                        "wrong partition"};
    _Static_assert(sizeof(names) / sizeof(names[0]) == DEAD_REASON_N, "a name for each reason");

    return reason < DEAD_REASON_N ? names[reason] : "";
}

void dead_bounds_init(struct dead_bounds *bounds)
{
    *bounds = (struct dead_bounds){.partition = -1,
                                   .from_ms = INT64_MIN,
                                   .to_ms = INT64_MAX,
                                   .from_offset = 0,
                                   .to_offset = INT64_MAX};
}

bool dead_letter_decision(const struct decision *decision)
{
    const struct reasons *reasons = &decision->reasons;

    return decision->outcome == OUTCOME_REJECTED && reasons->n == 1 && reasons->more == 0 &&
           reasons->at[0].code == CODE_SCHEMA &&
           (reasons->at[0].field[0] == '\0' || strcmp(reasons->at[0].field, "/enterprise") == 0);
}

/* ---- one record ----------------------------------------------------------------------------- */

/* The text of a member of the filing; n 0 when it is none. */
static struct text member(const struct document *doc, const char *name)
{
    const struct node *node = doc->n > 0 ? document_find(doc, &doc->nodes[0], name) : NULL;

    return node && node->kind == NODE_TEXT ? node->text : (struct text){.n = 0};
}

bool dead_letter_judge(const struct dead_case *given, struct arena *arena, struct dead_letter *ret)
{
    const struct bus_record *r = given->record;
    const struct bytes value = {.at = r->has_value ? r->value : NULL, .n = r->value_n};
    struct submission submission;
    struct document doc = {.n = 0};
    struct text enterprise;

    ret->has_target = false;
    dissect_submission(value, NULL, NULL, &ret->fault);
    ret->reason = DEAD_UNDECODABLE;
    arena_reset(arena);
    if (ret->fault.kind != WIRE_FAULT_NONE ||
        submission_split(value.at, value.n, &submission, NULL) != STATUS_OK) {
        return true;
    }
    if (!submission.filing.at) {
        return false; /* a bulletin, which has neither key nor place */
    }
    if (filing_decode(submission.filing.at, submission.filing.n, arena, &doc, NULL) != STATUS_OK) {
        return true;
    }
    enterprise = member(&doc, "enterprise");
    ret->has_target = uscc_valid(enterprise.at, enterprise.n);
    ret->target =
        ret->has_target ? partition_of_key(enterprise.at, enterprise.n, given->partitions_n) : 0;
    if (!r->has_key) {
        ret->reason = ret->has_target ? DEAD_NO_KEY : DEAD_NO_ENTERPRISE;
        return true;
    }
    if (enterprise.n == 0 || r->key_n != enterprise.n ||
        memcmp(r->key, enterprise.at, enterprise.n) != 0) {
        ret->reason = ret->has_target ? DEAD_WRONG_KEY : DEAD_NO_ENTERPRISE;
        return true;
    }
    ret->reason = ret->has_target ? DEAD_WRONG_PARTITION : DEAD_NO_ENTERPRISE;
    return partition_of_key(r->key, r->key_n, given->partitions_n) != r->partition;
}

static enum status take_letter(struct reading *r, struct failure *err)
{
    struct dead_letter letter = {.decision = r->decision, .fetch = r->fetch};
    const struct dead_case given = {.record = &letter.record, .partitions_n = r->partitions_n};
    enum status status = log_fetch_record(r->fetch, r->decision->partition,
                                          r->decision->input_offset, &letter.record, err);

    if (status == STATUS_NOTFOUND) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "decision %" PRIu32 "/%" PRIu64 " is on offset %" PRId64
                           ", where the log has no record",
                           r->decision->partition, r->decision->number, r->decision->input_offset);
    }
    if (status != STATUS_OK) {
        return status;
    }
    return dead_letter_judge(&given, &r->filing_arena, &letter) ? r->fn(r->arg, &letter, err)
                                                                : STATUS_OK;
}

/* ---- decisions ------------------------------------------------------------------------------ */

static bool is_beyond(const struct dead_bounds *bounds, const struct decision *d)
{
    return d->received_ms > bounds->to_ms || d->trigger_offset > bounds->to_offset;
}

static bool is_within(const struct dead_bounds *bounds, const struct decision *d)
{
    return d->received_ms >= bounds->from_ms && d->received_ms <= bounds->to_ms &&
           d->input_offset >= bounds->from_offset && d->input_offset <= bounds->to_offset;
}

/* *ret_beyond: what follows is beyond the bounds. */
static enum status take_decision(struct reading *r, const struct bus_record *record,
                                 bool *ret_beyond, struct failure *err)
{
    const struct bytes value = {.at = record->value, .n = record->value_n};
    enum status status;

    arena_reset(&r->arena);
    status = decision_decode(value, &r->arena, r->decision, err);
    if (status != STATUS_OK) {
        return failure_add(err, "'%s' %" PRIu32 ":%" PRId64, r->conf->topics->decided,
                           record->partition, record->offset);
    }
    if (r->decision->number <= r->number) {
        return STATUS_OK; /* a second copy (design, section 1) */
    }
    r->number = r->decision->number;
    r->decision->partition = record->partition;
    *ret_beyond = is_beyond(&r->conf->bounds, r->decision);
    return is_within(&r->conf->bounds, r->decision) && dead_letter_decision(r->decision)
               ? take_letter(r, err)
               : STATUS_OK;
}

static enum status read_decisions(struct reading *r, struct log_reader *reader, struct failure *err)
{
    struct bus_record record;
    bool is_end = false;
    bool is_past = false;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && !is_end && !is_past) {
        if (r->conf->stop && r->conf->stop()) {
            return failure_set(err, STATUS_IO, REMEDY_STOP, 0, "interrupted");
        }
        status = log_reader_next(reader, &record, &is_end, err);
        if (status == STATUS_OK && !is_end) {
            status = take_decision(r, &record, &is_past, err);
        }
    }
    return status;
}

static enum status read_partition(struct reading *r, uint32_t partition, struct failure *err)
{
    struct log_reader_conf conf = {
        .handle = r->conf->handle, .topic = r->conf->topics->decided, .partition = partition};
    struct log_reader *reader = NULL;
    enum status status = admin_ends(conf.handle, conf.topic, (int32_t)partition, ADMIN_MS,
                                    &conf.from, &conf.end, err);

    r->number = 0;
    if (status == STATUS_OK) {
        status = log_reader_open(&conf, &reader, err);
    }
    if (status == STATUS_OK) {
        status = read_decisions(r, reader, err);
    }
    log_reader_close(reader);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------ */

enum status dead_letters_partitions(const struct dead_conf *conf, uint32_t *ret,
                                    struct failure *err)
{
    int32_t submitted = 0;
    int32_t decided = 0;
    enum status status =
        admin_partition_count(conf->handle, conf->topics->submitted, ADMIN_MS, &submitted, err);

    if (status == STATUS_OK) {
        status =
            admin_partition_count(conf->handle, conf->topics->decided, ADMIN_MS, &decided, err);
    }
    if (status == STATUS_OK && (submitted <= 0 || submitted != decided)) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                           "'%s' has %" PRId32 " partitions and '%s' %" PRId32
                           ": run 'filingctl topics apply'",
                           conf->topics->submitted, submitted, conf->topics->decided, decided);
    }
    if (status == STATUS_OK && conf->bounds.partition >= submitted) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "there is no partition %" PRId64 ": '%s' has %" PRId32,
                           conf->bounds.partition, conf->topics->submitted, submitted);
    }
    if (status == STATUS_OK) {
        *ret = (uint32_t)submitted;
    }
    return status;
}

static enum status open_reading(struct reading *r, struct failure *err)
{
    enum status status = dead_letters_partitions(r->conf, &r->partitions_n, err);

    r->decision = calloc(1, sizeof(*r->decision));
    if (status == STATUS_OK && !r->decision) {
        status = failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    if (status == STATUS_OK) {
        status = arena_open(&r->arena, ARENA_SIZE, err);
    }
    if (status == STATUS_OK) {
        status = arena_open(&r->filing_arena, ARENA_FILING_MAX, err);
    }
    return status == STATUS_OK
               ? log_fetch_open(r->conf->handle, r->conf->topics->submitted, &r->fetch, err)
               : status;
}

enum status dead_letters_read(const struct dead_conf *conf, dead_letter_fn *fn, void *arg,
                              struct failure *err)
{
    struct reading r = {.conf = conf, .fn = fn, .arg = arg};
    enum status status = open_reading(&r, err);

    for (uint32_t p = 0; p < r.partitions_n && status == STATUS_OK; p++) {
        if (conf->bounds.partition < 0 || conf->bounds.partition == p) {
            status = read_partition(&r, p, err);
        }
    }
    log_fetch_close(r.fetch);
    free(r.decision);
    if (r.filing_arena.base) {
        arena_close(&r.filing_arena);
    }
    if (r.arena.base) {
        arena_close(&r.arena);
    }
    return status;
}
