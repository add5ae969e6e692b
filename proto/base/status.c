#include "base/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {
    [STATUS_OK] = "ok",       [STATUS_NOMEM] = "no_memory",    [STATUS_INVALID] = "invalid",
    [STATUS_LIMIT] = "limit", [STATUS_NOTFOUND] = "not_found", [STATUS_CORRUPT] = "corrupt",
    [STATUS_IO] = "io",       [STATUS_KAFKA] = "kafka",        [STATUS_DENIED] = "denied",
    [STATUS_USAGE] = "usage", [STATUS_CONFLICT] = "conflict",
};
_Static_assert(sizeof(status_names) / sizeof(status_names[0]) == STATUS_N, "a status without name");

static const char *const remedy_names[] = {
    [REMEDY_NONE] = "none",       [REMEDY_RETRY] = "retry",     [REMEDY_DROP_BATCH] = "drop_batch",
    [REMEDY_RECLAIM] = "reclaim", [REMEDY_RECYCLE] = "recycle", [REMEDY_STOP] = "stop",
};
_Static_assert(sizeof(remedy_names) / sizeof(remedy_names[0]) == REMEDY_N, "a remedy without name");

enum status failure_set(struct failure *err, enum status status, enum remedy remedy, int os,
                        const char *fmt, ...)
{
    va_list args;

    assert(status != STATUS_OK);
    if (!err) {
        return status;
    }
    err->status = status;
    err->remedy = remedy;
    err->os = os;
    va_start(args, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return status;
}

/* What fits of text after what is there. */
static void text_append(char *at, size_t size, const char *text)
{
    const size_t n = strlen(at);
    size_t more = strlen(text);

    if (more > size - 1 - n) {
        more = size - 1 - n;
    }
    memcpy(at + n, text, more);
    at[n + more] = '\0';
}

enum status failure_add(struct failure *err, const char *fmt, ...)
{
    char below[sizeof(err->text)];
    va_list args;

    assert(err->status != STATUS_OK);
    memcpy(below, err->text, sizeof(below));
    va_start(args, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    text_append(err->text, sizeof(err->text), ": ");
    text_append(err->text, sizeof(err->text), below);
    return err->status;
}

const char *status_name(enum status status)
{
    return (unsigned)status < STATUS_N ? status_names[status] : "unknown";
}

const char *remedy_name(enum remedy remedy)
{
    return (unsigned)remedy < REMEDY_N ? remedy_names[remedy] : "unknown";
}
