#include "consumers/ctl/published.h"

#include <stdlib.h>

#include "consumers/audit/log_reader.h"
#include "consumers/engine/journal.h"
#include "wire/decision_codec.h"

struct published {
    struct published_conf conf;
    struct log_reader *reader;
    struct bus_record record; /* the next one */
    bool is_at_end;
    uint64_t number; /* of the last one passed */
    int64_t offset;
    struct journal_reader journal;
    bool has_journal;
};

static struct bytes value_of(const struct bus_record *record)
{
    return (struct bytes){.at = record->value, .n = record->has_value ? record->value_n : 0};
}

static enum status begin_at(struct published *p, int64_t from, struct failure *err)
{
    const struct repair *repair = p->conf.repair;
    const struct log_reader_conf conf = {.handle = repair->committed,
                                         .topic = repair->ctl->topics.decided,
                                         .partition = p->conf.partition,
                                         .from = from,
                                         .end = repair->ends[p->conf.partition].decided};
    enum status status;

    log_reader_close(p->reader);
    p->reader = NULL;
    status = log_reader_open(&conf, &p->reader, err);
    return status == STATUS_OK ? log_reader_next(p->reader, &p->record, &p->is_at_end, err)
                               : status;
}

/* The number that a decision gives itself, 0 when it is none. */
static uint64_t number_of(struct published *p, struct bytes value)
{
    struct desk *const desk = p->conf.desk;
    struct failure why;

    arena_reset(&desk->seen_arena);
    return decision_decode(value, &desk->seen_arena, &desk->seen, &why) == STATUS_OK
               ? desk->seen.number
               : 0;
}

/* At the hint if the decision of its number lies there (the topic may be another one by now), else
 * at the first. */
static enum status begin(struct published *p, const struct store_row *row, struct failure *err)
{
    const struct repair_ends *ends = &p->conf.repair->ends[p->conf.partition];

    if (row->published_number > 0 && row->published_number <= row->position.number &&
        row->published_offset >= ends->decided_first && row->published_offset < ends->decided) {
        const enum status status = begin_at(p, row->published_offset, err);

        if (status != STATUS_OK) {
            return status;
        }
        if (!p->is_at_end && p->record.offset == row->published_offset &&
            number_of(p, value_of(&p->record)) == row->published_number) {
            p->number = row->published_number - 1;
            return STATUS_OK;
        }
    }
    p->number = 0;
    return begin_at(p, ends->decided_first, err);
}

/* The journal's decision of a number: the store is not asked for anything else meanwhile. */
static enum status stored(struct published *p, uint64_t number, struct journal_entry *ret,
                          struct failure *err)
{
    enum status status = p->has_journal ? journal_next(&p->journal, ret, err) : STATUS_NOTFOUND;

    while (status == STATUS_NOTFOUND || (status == STATUS_OK && ret->number < number)) {
        struct store_journal_row row;

        if (status == STATUS_NOTFOUND) {
            status = store_journal_find(p->conf.store, p->conf.partition, number, &row, err);
            if (status != STATUS_OK) {
                return failure_add(err, "cannot compare with the journal");
            }
            journal_reader_init(&p->journal, &row);
            p->has_journal = true;
        }
        status = journal_next(&p->journal, ret, err);
        if (status == STATUS_NOTFOUND) {
            return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0, "the journal has a gap");
        }
    }
    return status;
}

static enum status compare_known(struct published *p, struct failure *err)
{
    const struct repair_difference difference = {
        .place = "journal", .partition = p->conf.partition, .offset = -1, .number = p->number + 1};
    const struct bytes found = value_of(&p->record);
    struct journal_entry entry = {.number = 0};
    enum status status = stored(p, p->number + 1, &entry, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (!bytes_equal(entry.decision, found)) {
        return repair_differ(p->conf.repair, &difference, entry.decision, found, err);
    }
    return published_pass(p, err);
}

enum status published_open(const struct published_conf *conf, struct published **ret,
                           struct failure *err)
{
    struct published *p = calloc(1, sizeof(*p));
    enum status status;

    if (!p) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    p->conf = *conf;
    p->offset = -1;
    status = begin(p, conf->row, err);
    while (status == STATUS_OK && !p->is_at_end && p->number < conf->row->position.number) {
        status = compare_known(p, err);
    }
    p->has_journal = false;
    p->conf.row = NULL; /* borrowed for the call */
    if (status != STATUS_OK) {
        published_close(p);
        return status;
    }
    *ret = p;
    return STATUS_OK;
}

void published_close(struct published *p)
{
    if (p) {
        log_reader_close(p->reader);
        free(p);
    }
}

bool published_next(const struct published *p, struct bytes *ret)
{
    if (p->is_at_end) {
        return false;
    }
    *ret = value_of(&p->record);
    return true;
}

enum status published_pass(struct published *p, struct failure *err)
{
    p->number++;
    p->offset = p->record.offset;
    return log_reader_next(p->reader, &p->record, &p->is_at_end, err);
}

uint64_t published_number(const struct published *p) { return p->number; }
int64_t published_offset(const struct published *p) { return p->offset; }
