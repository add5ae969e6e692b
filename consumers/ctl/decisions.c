/* decisions: the journal, filtered.  By partition, then by number; --follow goes on as decisions
 * are stored. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/signals.h"
#include "consumers/ctl/decision_rows.h"
#include "consumers/ctl/lookup.h"
#include "form/identifiers.h"

#define NAP_NS 250000000

struct listing {
    struct lookup lookup;
    struct decision_rows rows;
    int64_t from_ms;
    int64_t to_ms;
    uint64_t *next; /* number of the next decision of each partition */
    struct failure *err;
    enum status status;
};

static bool text_is(struct text text, const char *wanted)
{
    return !wanted || (text.n == strlen(wanted) && memcmp(text.at, wanted, text.n) == 0);
}

static bool is_wanted(const struct listing *l, const struct decision *d)
{
    const struct ctl_settings *s = l->lookup.ctl->settings;
    const char *event =
        d->event == EVENT_NONE ? NULL : event_name(d->event); /* else as it was filed */

    return text_is(d->identity.enterprise, s->enterprise) && text_is(d->identity.bank, s->bank) &&
           (!s->outcome || strcmp(outcome_name(d->outcome), s->outcome) == 0) &&
           (!s->event ||
            (event ? strcmp(event, s->event) == 0 : text_is(d->identity.event, s->event))) &&
           l->from_ms <= d->received_ms && d->received_ms <= l->to_ms;
}

static bool take(void *arg, const struct decision *d)
{
    struct listing *l = arg;

    if (is_wanted(l, d)) {
        l->status = decision_rows_put(&l->rows, d, NULL,
                                      reference_set_reference(l->lookup.references), l->err);
    }
    return l->status == STATUS_OK && !signals_stop();
}

static enum status list_partition(struct listing *l, uint32_t partition, struct failure *err)
{
    struct lookup_range range = {.partition = partition,
                                 .first = l->next[partition],
                                 .wants_names = l->rows.output.format == CONF_JSON};
    struct store_row row;
    enum status status = store_row_read(l->lookup.store, partition, &row, err);

    if (status == STATUS_NOTFOUND) {
        return STATUS_OK; /* nobody has claimed it yet */
    }
    if (status == STATUS_OK) {
        range.last = row.position.number;
        l->next[partition] = range.last + 1;
        status = lookup_decisions(&l->lookup, &range, take, l, err);
    }
    return status == STATUS_OK ? l->status : status;
}

static enum status list_all(struct listing *l, struct failure *err)
{
    const char *enterprise = l->lookup.ctl->settings->enterprise;
    const uint32_t only = enterprise ? lookup_partition(&l->lookup, enterprise) : 0;
    enum status status = STATUS_OK;

    for (uint32_t p = 0; p < l->lookup.ledger.partitions && status == STATUS_OK; p++) {
        if (!enterprise || p == only) {
            status = list_partition(l, p, err);
        }
    }
    return status;
}

static enum status follow(struct listing *l, struct failure *err)
{
    const struct timespec nap = {.tv_nsec = NAP_NS};
    enum status status = STATUS_OK;

    while (status == STATUS_OK && !signals_stop()) {
        output_flush(&l->rows.output);
        (void)nanosleep(&nap, NULL); /* cut short by a signal */
        status = lookup_refresh(&l->lookup, err);
        if (status == STATUS_OK) {
            status = list_all(l, err);
        }
    }
    return status;
}

static enum status check_words(const struct ctl_settings *s, struct failure *err)
{
    bool is_outcome = !s->outcome;

    for (int i = OUTCOME_ACCEPTED; i <= OUTCOME_DUPLICATE; i++) {
        is_outcome = is_outcome || strcmp(s->outcome, outcome_name((enum outcome)i)) == 0;
    }
    if (!is_outcome) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "'%s' is none of ACCEPTED, REJECTED, HELD, DUPLICATE", s->outcome);
    }
    if (s->enterprise && !uscc_valid(s->enterprise, strlen(s->enterprise))) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "'%s' is no credit code",
                           s->enterprise);
    }
    return STATUS_OK;
}

static enum status run(struct listing *l, struct ctl *ctl, struct failure *err)
{
    enum status status = lookup_open(&l->lookup, ctl, err);

    if (status == STATUS_OK) {
        l->next = calloc(l->lookup.ledger.partitions, sizeof(*l->next));
        status = l->next ? list_all(l, err)
                         : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    if (status == STATUS_OK && ctl->settings->follow) {
        status = follow(l, err);
    }
    free(l->next);
    lookup_close(&l->lookup);
    return status;
}

enum status decisions_list(struct ctl *ctl, struct failure *err)
{
    struct listing l = {.from_ms = INT64_MIN, .to_ms = INT64_MAX, .err = err};
    enum status status = check_words(ctl->settings, err);

    if (status == STATUS_OK) {
        status = ctl_time("--from", ctl->settings->from, DAY_BEGINS, &l.from_ms, err);
    }
    if (status == STATUS_OK) {
        status = ctl_time("--to", ctl->settings->to, DAY_ENDS, &l.to_ms, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    decision_rows_init(&l.rows, ctl->out, ctl->common->output);
    status = run(&l, ctl, err);
    if (decision_rows_fini(&l.rows, status == STATUS_OK ? err : NULL) != STATUS_OK &&
        status == STATUS_OK) {
        status = STATUS_IO;
    }
    return status;
}
