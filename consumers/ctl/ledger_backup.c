/* ledger backup: a copy of a live store, and what it holds.
 *
 * The copy is taken as of one moment while a worker writes, checked, and only then has its name;
 * a file that is there is never overwritten, and a disk that is full leaves nothing behind. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "consumers/ctl/ctl.h"
#include "consumers/store/store_read.h"

#define SPEC_MAX 8192

static const struct output_column columns[] = {
    {"partition", OUTPUT_NUMBER}, {"number", OUTPUT_NUMBER}, {"next_offset", OUTPUT_NUMBER},
    {"published", OUTPUT_NUMBER}, {"chain", OUTPUT_TEXT},
};

static void put_row(struct output *output, uint32_t partition, const struct store_row *row)
{
    char chain[2 * DIGEST_SIZE + 1];

    hex_encode((struct bytes){.at = row->position.chain, .n = DIGEST_SIZE}, chain);
    output_number(output, partition);
    output_number(output, (int64_t)row->position.number);
    output_number(output, row->position.next_offset);
    output_number(output, (int64_t)row->published_number);
    output_cstr(output, chain);
    output_end_row(output);
}

static enum status put_rows(struct store *store, struct output *output, struct failure *err)
{
    struct store_ledger ledger;
    struct store_row row;
    enum status status = store_ledger_read(store, &ledger, err);

    for (uint32_t p = 0; status == STATUS_OK && p < ledger.partitions; p++) {
        status = store_row_read(store, p, &row, err);
        if (status == STATUS_OK) {
            put_row(output, p, &row);
        }
        status = status == STATUS_NOTFOUND ? STATUS_OK : status;
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status; /* a store without a ledger */
}

static enum status print_copy(const struct ctl *ctl, const char *file, struct failure *err)
{
    struct buffer spec;
    struct store *store = NULL;
    struct output output;
    enum status status;
    enum status written;

    buffer_init(&spec, SPEC_MAX);
    buffer_printf(&spec, "sqlite:%s", file);
    status = buffer_check(&spec, err);
    if (status == STATUS_OK) {
        status = store_read_open(buffer_cstr(&spec), &store, err);
    }
    output_init(&output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    if (status == STATUS_OK) {
        status = put_rows(store, &output, err);
    }
    written = output_fini(&output, status == STATUS_OK ? err : NULL);
    store_close(store);
    buffer_fini(&spec);
    return status == STATUS_OK ? written : status;
}

enum status ledger_backup(struct ctl *ctl, struct failure *err)
{
    const char *file = ctl->common->arguments[0];
    const enum status status = store_read_backup(ctl->common->store, file, err);

    if (status == STATUS_CONFLICT && err->os == EEXIST) {
        ctl->code = EXIT_FAILED; /* a file that is there, not a contradiction */
    } else if (status == STATUS_IO || status == STATUS_NOTFOUND) {
        ctl->code = EXIT_UNREACHABLE; /* full, or no store */
    }
    return status == STATUS_OK ? print_copy(ctl, file, err) : status;
}
