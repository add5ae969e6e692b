#include "base/exit.h"

#include <assert.h>

static const struct {
    enum exit_code code;
    const char *meaning;
} rows[] = {
    {EXIT_DONE, "done"},
    {EXIT_FAILED, "failure; also: nothing found, findings, or --wait ran out"},
    {EXIT_USAGE, "usage"},
    {EXIT_REFUSED, "done, but some records were refused"},
    {EXIT_DIFFERENCE, "verification found a difference"},
    {EXIT_DENIED, "not permitted"},
    {EXIT_UNREACHABLE, "broker or store unreachable or full"},
    {EXIT_INTERNAL, "internal; start it again"},
    {EXIT_STATE, "configuration or state that a person must look at"},
    {EXIT_INTERRUPTED, "interrupted"},
};

#define ROWS_N (sizeof(rows) / sizeof(rows[0]))

const char *exit_meaning(enum exit_code code)
{
    for (size_t i = 0; i < ROWS_N; i++) {
        if (rows[i].code == code) {
            return rows[i].meaning;
        }
    }
    return "";
}

bool exit_at(unsigned i, enum exit_code *ret_code)
{
    if (i >= ROWS_N) {
        return false;
    }
    *ret_code = rows[i].code;
    return true;
}

enum exit_code exit_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return EXIT_DONE;
    case STATUS_USAGE:
        return EXIT_USAGE;
    case STATUS_DENIED:
        return EXIT_DENIED;
    case STATUS_KAFKA:
        return EXIT_UNREACHABLE;
    case STATUS_NOMEM:
        return EXIT_INTERNAL;
    case STATUS_CORRUPT:
    case STATUS_CONFLICT:
        return EXIT_STATE;
    case STATUS_INVALID:
    case STATUS_LIMIT:
    case STATUS_NOTFOUND:
    case STATUS_IO:
    case STATUS_N:
        break;
    }
    return EXIT_FAILED;
}

enum exit_code exit_report(FILE *out, const char *program, const struct failure *err)
{
    assert(err->status != STATUS_OK);
    (void)fprintf(out, "%s: %s\n", program, err->text);
    if (err->status == STATUS_USAGE) {
        (void)fprintf(out, "%s: --help names what can be given\n", program);
    }
    return exit_of(err->status);
}
