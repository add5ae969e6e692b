/* status: where each partition stands. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/ctl/checkpoint_look.h"
#include "consumers/ctl/lookup.h"
#include "consumers/ctl/partition_state.h"

static const struct output_column columns[] = {
    {"partition", OUTPUT_NUMBER},
    {"next_offset", OUTPUT_NUMBER},
    {"stable", OUTPUT_NUMBER},
    {"lag", OUTPUT_NUMBER},
    {"open_ms", OUTPUT_NUMBER},
    {"number", OUTPUT_NUMBER},
    {"published", OUTPUT_NUMBER},
    {"decided_stable", OUTPUT_NUMBER},
    {"decided_open_ms", OUTPUT_NUMBER},
    {"bulletin", OUTPUT_NUMBER},
    {"claims", OUTPUT_NUMBER},
    {"checkpoint", OUTPUT_NUMBER},
    {"owner", OUTPUT_TEXT},
    {"chain", OUTPUT_TEXT},
};

/* How long a transaction has been open; nothing when none is. */
static void put_stood(struct output *output, const struct log_state *log)
{
    if (log->stood_ms >= 0) {
        output_number(output, log->stood_ms);
    } else {
        output_cstr(output, "");
    }
}

/* newest: NULL = none is known. */
static void put_row(struct output *output, int32_t partition, const struct partition_state *state,
                    const struct checkpoint_entry *newest)
{
    const struct store_row *row = &state->row;
    const int64_t next = state->has_row ? row->position.next_offset : 0;
    char chain[2 * DIGEST_SIZE + 1] = "";

    output_number(output, partition);
    output_number(output, next);
    output_number(output, state->submitted.stable);
    output_number(output, state->lag);
    put_stood(output, &state->submitted);
    output_number(output, (int64_t)row->position.number);
    output_number(output, (int64_t)row->published_number);
    output_number(output, state->decided.stable);
    put_stood(output, &state->decided);
    if (row->position.has_bulletin) {
        output_number(output, (int64_t)row->position.bulletin);
    } else {
        output_cstr(output, "");
    }
    output_number(output, (int64_t)row->claims);
    if (newest) {
        output_number(output, (int64_t)newest->number);
    } else {
        output_cstr(output, "");
    }
    output_cstr(output, row->owner_txn_id);
    if (state->has_row) {
        hex_encode((struct bytes){.at = row->position.chain, .n = DIGEST_SIZE}, chain);
    }
    output_cstr(output, chain);
    output_end_row(output);
}

static void tell_stood(const char *topic, int32_t partition, const struct log_state *log)
{
    if (log->stood_ms >= 0) {
        (void)fprintf(stderr,
                      "filingctl: an open transaction has held partition %" PRId32
                      " of %s at offset %" PRId64 " for %" PRId64 " ms\n",
                      partition, topic, log->stable, log->stood_ms);
    }
}

/* NULL when they cannot be read, which is told: everything else is shown all the same. */
static struct checkpoint_book *look_at_checkpoints(struct ctl *ctl, const struct lookup *lookup)
{
    const struct checkpoint_register known = {.reference =
                                                  reference_set_reference(lookup->references),
                                              .as_of = (int64_t)lookup->desk->bulletin_next - 1,
                                              .ledger_id = lookup->ledger.ledger_id};
    struct checkpoint_book *book = NULL;
    struct failure why = {.status = STATUS_OK};
    size_t n = 0;

    if (checkpoint_look(ctl, &known, &book, &why) != STATUS_OK) {
        (void)fprintf(stderr, "filingctl: no checkpoints: %s\n", why.text);
        return NULL;
    }
    (void)checkpoint_book_all(book, &n);
    if (n == 0) {
        (void)fprintf(stderr,
                      "filingctl: there are no checkpoints: without worker.key_file the workers "
                      "write none, and nobody can tell whether the end of the log is missing\n");
    }
    return book;
}

static enum status print_states(struct ctl *ctl, struct lookup *lookup,
                                struct partition_state *states, struct failure *err)
{
    const int32_t n = (int32_t)lookup->ledger.partitions;
    struct checkpoint_book *book = NULL;
    struct output output;
    enum status status = partition_states_read(ctl, lookup, states, n, err);

    if (status != STATUS_OK) {
        return status;
    }
    book = look_at_checkpoints(ctl, lookup);
    output_init(&output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    for (int32_t p = 0; p < n; p++) {
        put_row(&output, p, &states[p], book ? checkpoint_book_newest(book, (uint32_t)p) : NULL);
    }
    output_flush(&output);
    checkpoint_book_close(book);
    for (int32_t p = 0; p < n; p++) {
        tell_stood(ctl->topics.submitted, p, &states[p].submitted);
        tell_stood(ctl->topics.decided, p, &states[p].decided);
    }
    return output_fini(&output, err);
}

enum status status_show(struct ctl *ctl, struct failure *err)
{
    struct partition_state *states = NULL;
    struct lookup lookup;
    enum status status = lookup_open(&lookup, ctl, err);

    if (status == STATUS_OK) {
        states = calloc(lookup.ledger.partitions, sizeof(*states));
        status = states ? print_states(ctl, &lookup, states, err)
                        : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    free(states);
    lookup_close(&lookup);
    return status;
}
