/* held list: the filings that wait, in order of arrival, and what for. */
#include <string.h>

#include "base/clock.h"
#include "consumers/ctl/lookup.h"
#include "consumers/engine/held_list.h"

static const struct output_column columns[] = {
    {"partition", OUTPUT_NUMBER},   {"number", OUTPUT_NUMBER},  {"received_at", OUTPUT_TEXT},
    {"business_date", OUTPUT_TEXT}, {"bank", OUTPUT_TEXT},      {"enterprise", OUTPUT_TEXT},
    {"event", OUTPUT_TEXT},         {"waits_for", OUTPUT_TEXT}, {"filing_id", OUTPUT_TEXT},
};

static void put_field(struct output *output, const struct document *doc, const char *name)
{
    const struct node *node = doc->n > 0 ? document_find(doc, &doc->nodes[0], name) : NULL;

    output_text(output, node && node->kind == NODE_TEXT ? node->text : (struct text){.n = 0});
}

static enum status put_held(struct lookup *l, struct output *output, uint32_t partition,
                            const struct store_held *held, struct failure *err)
{
    /* A copy: whoever reads an entry does not write to it. */
    struct held_entry entry = {.arrival_number = held->arrival_number, .record_n = held->record.n};
    struct held_record record;
    struct document doc = {.n = 0};
    char at[CLOCK_TEXT_SIZE];
    enum status status;

    buffer_reset(&l->row);
    buffer_append(&l->row, held->record.at, held->record.n);
    status = buffer_check(&l->row, err);
    entry.record = l->row.at;
    if (status == STATUS_OK) {
        status = held_record_read(&entry, &record, err);
    }
    if (status == STATUS_OK) {
        arena_reset(&l->desk->arena);
        status = filing_decode(record.filing.at, record.filing.n, &l->desk->arena, &doc, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    clock_format(record.received_ms, at);
    output_number(output, partition);
    output_number(output, (int64_t)held->arrival_number);
    output_cstr(output, at);
    put_field(output, &doc, "business_date");
    put_field(output, &doc, "bank");
    put_field(output, &doc, "enterprise");
    put_field(output, &doc, "event");
    output_cstr(output, code_name((enum code)held->waits_for));
    put_field(output, &doc, "filing_id");
    output_end_row(output);
    return STATUS_OK;
}

static enum status list_partition(struct lookup *l, struct output *output, uint32_t partition,
                                  struct failure *err)
{
    uint64_t after = 0;
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        struct store_held held;

        status = store_held_next(l->store, partition, after, &held, err);
        if (status == STATUS_OK) {
            after = held.arrival_number;
            status = put_held(l, output, partition, &held, err);
        }
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

enum status held_show(struct ctl *ctl, struct failure *err)
{
    struct lookup lookup;
    struct output output;
    enum status status = lookup_open(&lookup, ctl, err);

    if (status == STATUS_OK) {
        output_init(&output, ctl->out, ctl->common->output, columns,
                    sizeof(columns) / sizeof(columns[0]));
        for (uint32_t p = 0; p < lookup.ledger.partitions && status == STATUS_OK; p++) {
            status = list_partition(&lookup, &output, p, err);
        }
        if (output_fini(&output, status == STATUS_OK ? err : NULL) != STATUS_OK &&
            status == STATUS_OK) {
            status = STATUS_IO;
        }
    }
    lookup_close(&lookup);
    return status;
}
