/* verify_positions.c - where the store says that its partition stands and its journal rows begin.
 *
 * A position is known behind each record that was decided again; a row that begins there has to say
 * the same.  One that begins within a record, as the worker cuts what triggers many decisions, can
 * only be asked for that. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consumers/audit/verify_inside.h"
#include "consumers/engine/batch.h"

#define VALUE_SIZE (2 * DIGEST_SIZE + 1)

struct difference {
    const char *field; /* NULL = none */
    char expected[VALUE_SIZE];
    char found[VALUE_SIZE];
};

static void differ_number(struct difference *d, const char *field, int64_t expected, int64_t found)
{
    if (!d->field && expected != found) {
        d->field = field;
        (void)snprintf(d->expected, sizeof(d->expected), "%" PRId64, expected);
        (void)snprintf(d->found, sizeof(d->found), "%" PRId64, found);
    }
}

static void differ_digest(struct difference *d, const char *field, const uint8_t *expected,
                          const uint8_t *found)
{
    if (!d->field && memcmp(expected, found, DIGEST_SIZE) != 0) {
        d->field = field;
        hex_encode((struct bytes){.at = expected, .n = DIGEST_SIZE}, d->expected);
        hex_encode((struct bytes){.at = found, .n = DIGEST_SIZE}, d->found);
    }
}

static void compare(struct difference *d, const struct store_position *made,
                    const struct store_position *stored)
{
    differ_number(d, "next_offset", made->next_offset, stored->next_offset);
    differ_number(d, "step", (int64_t)made->step, (int64_t)stored->step);
    differ_number(d, "input_offset", made->input_offset, stored->input_offset);
    differ_digest(d, "input_hash", made->input_hash, stored->input_hash);
    differ_number(d, "received_ms", made->received_ms, stored->received_ms);
    differ_number(d, "bulletin", made->has_bulletin ? (int64_t)made->bulletin : -1,
                  stored->has_bulletin ? (int64_t)stored->bulletin : -1);
    differ_digest(d, "chain", made->chain, stored->chain);
}

static void report(struct verify_case *c, const char *place, uint64_t number,
                   const struct difference *d)
{
    struct finding finding = {.partition = c->partition, .offset = -1, .number = number};

    (void)snprintf(finding.place, sizeof(finding.place), "%s", place);
    (void)snprintf(finding.field, sizeof(finding.field), "%s", d->field);
    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", d->expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%s", d->found);
    verify_report_finding(c, &finding);
}

enum status verify_positions_note(struct verify_case *c, struct failure *err)
{
    const struct store_position *at = decider_position(replay_decider(c->replay));
    struct difference d = {.field = NULL};

    if (!c->live) {
        return STATUS_OK;
    }
    if (!batch_grow((void **)&c->positions, &c->positions_max, c->positions_n + 1,
                    sizeof(*c->positions))) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    c->positions[c->positions_n++] = *at;
    if (c->row.position.number == at->number && !c->conf->enterprise) {
        compare(&d, at, &c->row.position);
        if (d.field) {
            report(c, "partition row", at->number, &d);
        }
    }
    return STATUS_OK;
}

void verify_positions_flushed(struct verify_case *c)
{
    if (c->positions_n > 1) {
        c->positions[0] = c->positions[c->positions_n - 1];
        c->positions_n = 1;
    }
}

/* Behind decision number, NULL when that is within a record or was not met. */
static const struct store_position *find(const struct verify_case *c, uint64_t number)
{
    size_t low = 0;
    size_t high = c->positions_n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (c->positions[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < c->positions_n && c->positions[low].number == number ? &c->positions[low] : NULL;
}

void verify_positions_row(struct verify_case *c, const struct store_journal_row *row)
{
    const uint64_t before = row->first_number - 1;
    const struct store_position *made = find(c, before);
    struct difference d = {.field = NULL};

    if (made) {
        compare(&d, made, &row->starts);
    } else if (c->positions_n > 0 && c->positions[0].number < before && row->starts.step == 0) {
        d = (struct difference){
            .field = "step", .expected = "within a record", .found = "between two records"};
    }
    if (d.field) {
        c->journal_differs = true;
        report(c, "journal", row->first_number, &d);
    }
}
