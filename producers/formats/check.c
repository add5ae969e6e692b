#include "producers/formats/check.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "wire/encode.h"

#define SHANGHAI_MS (INT64_C(8) * 3600 * 1000) /* all year, since 1991 */
#define DAY_MS      (INT64_C(24) * 3600 * 1000)

enum status check_open(struct check **ret, struct failure *err)
{
    struct check *check = calloc(1, sizeof(*check));

    if (!check) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                           "cannot check filings: out of memory");
    }
    if (arena_open(&check->arena, ARENA_FILING_MAX, err) != STATUS_OK) {
        free(check);
        return STATUS_NOMEM;
    }
    *ret = check;
    return STATUS_OK;
}

void check_close(struct check *check)
{
    if (!check) {
        return;
    }
    arena_close(&check->arena);
    free(check);
}

bool check_run(struct check *check, const struct source_item *item, int32_t received_on)
{
    check->filing = (struct bytes){.at = NULL};
    arena_reset(&check->arena);
    if (!item->is_readable || item->duplicate_key) {
        reasons_reset(&check->form.failures);
        check->form.identity = (struct identity){0};
        check->form.identified = false;
        if (item->doc.n > 0) {
            form_identify(&item->doc, &check->form);
        }
        reasons_add_at(&check->form.failures, CODE_SCHEMA, "");
        return false;
    }
    form_check(&item->doc, received_on, true, &check->form);
    if (check->form.failures.n > 0) {
        return false;
    }
    if (item->filing.at) {
        check->filing = item->filing;
        return true;
    }
    if (filing_encode(&item->doc, &check->arena, &check->filing, NULL) != STATUS_OK) {
        check->filing = (struct bytes){.at = NULL};
        reasons_add_at(&check->form.failures, CODE_SCHEMA, "");
        return false;
    }
    return true;
}

int32_t check_today(void) { return (int32_t)((clock_unix_ms() + SHANGHAI_MS) / DAY_MS); }
