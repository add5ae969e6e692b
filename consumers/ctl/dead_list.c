/* dead-letters list: what could not be tried, by reason or each. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "consumers/ctl/cells.h"
#include "consumers/ctl/dead_view.h"

#define GROUPS_MAX (DEAD_REASON_N + WIRE_FAULT_N) /* a reason, or a fault of undecodable ones */
#define BANKS_MAX  8                              /* named of one group; then "..." */
#define BANK_CHARS 24

static const struct output_column group_columns[] = {
    {"reason", OUTPUT_TEXT},   {"count", OUTPUT_NUMBER}, {"first", OUTPUT_TEXT},
    {"first_at", OUTPUT_TEXT}, {"last", OUTPUT_TEXT},    {"last_at", OUTPUT_TEXT},
    {"banks", OUTPUT_TEXT},
};

static const struct output_column each_columns[] = {
    {"partition", OUTPUT_NUMBER},  {"offset", OUTPUT_NUMBER},   {"number", OUTPUT_NUMBER},
    {"received_at", OUTPUT_TEXT},  {"reason", OUTPUT_TEXT},     {"byte", OUTPUT_NUMBER},
    {"field", OUTPUT_TEXT},        {"text", OUTPUT_TEXT},       {"key", OUTPUT_TEXT},
    {"belongs_to", OUTPUT_NUMBER}, {"bank", OUTPUT_TEXT},       {"enterprise", OUTPUT_TEXT},
    {"event", OUTPUT_TEXT},        {"redrives", OUTPUT_NUMBER}, {"filing_id", OUTPUT_TEXT},
};

struct place {
    uint32_t partition;
    int64_t offset;
    int64_t at_ms;
};

struct group {
    char reason[DEAD_REASON_SIZE];
    uint64_t count;
    struct place first;
    struct place last;
    uint32_t banks_n;
    char banks[BANKS_MAX][BANK_CHARS];
    bool has_more_banks;
};

struct listing {
    struct output output;
    uint64_t letters;
    size_t groups_n;
    struct group groups[GROUPS_MAX];
};

/* ---- groups --------------------------------------------------------------------------------- */

static void add_bank(struct group *group, struct text bank)
{
    char name[BANK_CHARS];
    const size_t n = bank.n < sizeof(name) - 1 ? bank.n : sizeof(name) - 1;

    if (n == 0) {
        return;
    }
    memcpy(name, bank.at, n);
    name[n] = '\0';
    for (uint32_t i = 0; i < group->banks_n; i++) {
        if (strcmp(group->banks[i], name) == 0) {
            return;
        }
    }
    if (group->banks_n == BANKS_MAX) {
        group->has_more_banks = true;
        return;
    }
    memcpy(group->banks[group->banks_n++], name, sizeof(name));
}

static struct group *find_group(struct listing *l, const char *reason)
{
    for (size_t i = 0; i < l->groups_n; i++) {
        if (strcmp(l->groups[i].reason, reason) == 0) {
            return &l->groups[i];
        }
    }
    (void)snprintf(l->groups[l->groups_n].reason, DEAD_REASON_SIZE, "%s", reason);
    return &l->groups[l->groups_n++]; /* there are as many as reasons */
}

static enum status add_to_group(void *arg, const struct dead_letter *letter, struct failure *err)
{
    struct listing *l = arg;
    const struct place place = {.partition = letter->record.partition,
                                .offset = letter->record.offset,
                                .at_ms = letter->decision->received_ms};
    char reason[DEAD_REASON_SIZE];
    struct group *group;

    (void)err;
    dead_view_reason(letter, reason);
    group = find_group(l, reason);
    if (group->count == 0 || place.at_ms < group->first.at_ms) {
        group->first = place;
    }
    if (group->count == 0 || place.at_ms >= group->last.at_ms) {
        group->last = place;
    }
    group->count++;
    add_bank(group, dead_view_bank(letter));
    l->letters++;
    return STATUS_OK;
}

static void put_place(struct output *output, struct place place)
{
    output_printf(output, "%" PRIu32 ":%" PRId64, place.partition, place.offset);
    cell_time(output, place.at_ms);
}

static int compare_groups(const void *a, const void *b)
{
    const struct group *x = a;
    const struct group *y = b;

    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    return strcmp(x->reason, y->reason);
}

static void put_groups(struct listing *l)
{
    qsort(l->groups, l->groups_n, sizeof(l->groups[0]), compare_groups);
    for (size_t i = 0; i < l->groups_n; i++) {
        const struct group *group = &l->groups[i];
        char banks[BANKS_MAX * BANK_CHARS + 8] = "";
        size_t n = 0;

        for (uint32_t b = 0; b < group->banks_n; b++) {
            n += (size_t)snprintf(banks + n, sizeof(banks) - n, "%s%s", b > 0 ? ";" : "",
                                  group->banks[b]);
        }
        (void)snprintf(banks + n, sizeof(banks) - n, "%s", group->has_more_banks ? ";..." : "");
        output_cstr(&l->output, group->reason);
        output_number(&l->output, (int64_t)group->count);
        put_place(&l->output, group->first);
        put_place(&l->output, group->last);
        output_cstr(&l->output, banks);
        output_end_row(&l->output);
    }
}

/* ---- each ----------------------------------------------------------------------------------- */

static void put_fault(struct output *output, const struct dead_letter *letter)
{
    if (letter->reason != DEAD_UNDECODABLE) {
        output_cstr(output, "");
        output_cstr(output, "");
        output_cstr(output, "");
        return;
    }
    output_number(output, (int64_t)letter->fault.at);
    output_cstr(output, letter->fault.path);
    output_cstr(output, letter->fault.text);
}

static enum status put_each(void *arg, const struct dead_letter *letter, struct failure *err)
{
    struct listing *l = arg;
    struct output *output = &l->output;
    const struct identity *identity = &letter->decision->identity;
    char reason[DEAD_REASON_SIZE];

    (void)err;
    dead_view_reason(letter, reason);
    output_number(output, letter->record.partition);
    output_number(output, letter->record.offset);
    output_number(output, (int64_t)letter->decision->number);
    cell_time(output, letter->decision->received_ms);
    output_cstr(output, reason);
    put_fault(output, letter);
    output_text(output, (struct text){.at = (const char *)letter->record.key,
                                      .n = (uint32_t)letter->record.key_n});
    if (letter->has_target) {
        output_number(output, letter->target);
    } else {
        output_cstr(output, "");
    }
    output_text(output, dead_view_bank(letter));
    output_text(output, identity->enterprise);
    output_text(output, identity->event);
    output_number(output, dead_view_redrives(letter));
    output_text(output, identity->filing_id);
    output_end_row(output);
    l->letters++;
    return STATUS_OK;
}

/* ---- the verb ------------------------------------------------------------------------------- */

static enum status list_all(struct ctl *ctl, struct listing *l, struct failure *err)
{
    const bool is_each = ctl->settings->each;
    struct dead_bounds bounds;
    struct dead_conf conf = {.handle = NULL};
    enum status status = dead_view_bounds(ctl->settings, &bounds, err);

    if (status == STATUS_OK) {
        status = dead_view_open(ctl, &conf, err);
    }
    if (status == STATUS_OK) {
        conf.bounds = bounds;
        status = dead_letters_read(&conf, is_each ? put_each : add_to_group, l, err);
    }
    if (status == STATUS_OK && !is_each) {
        put_groups(l);
    }
    if (conf.handle) {
        rd_kafka_destroy(conf.handle);
    }
    return status;
}

enum status dead_letters_list(struct ctl *ctl, struct failure *err)
{
    struct listing *l = calloc(1, sizeof(*l));
    enum status status;
    enum status written;

    if (!l) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    if (ctl->settings->each) {
        output_init(&l->output, ctl->out, ctl->common->output, each_columns,
                    sizeof(each_columns) / sizeof(each_columns[0]));
    } else {
        output_init(&l->output, ctl->out, ctl->common->output, group_columns,
                    sizeof(group_columns) / sizeof(group_columns[0]));
    }
    status = list_all(ctl, l, err);
    /* No letter, no header: then the output is empty. */
    written = output_fini(&l->output, status == STATUS_OK && l->letters > 0 ? err : NULL);
    if (status == STATUS_OK) {
        (void)fprintf(stderr, "filingctl: %" PRIu64 " dead letters\n", l->letters);
    }
    free(l);
    return status == STATUS_OK && written != STATUS_OK
               ? failure_set(err, written, REMEDY_STOP, 0, "cannot write the output")
               : status;
}
