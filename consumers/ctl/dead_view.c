#include "consumers/ctl/dead_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/signals.h"

#define OFFSET_DIGITS_MAX 18

static bool is_digits(const char *text)
{
    const size_t n = strspn(text, "0123456789");

    return n > 0 && n <= OFFSET_DIGITS_MAX && text[n] == '\0';
}

/* RFC 3339 or a date, or with --partition an offset. */
static enum status read_bound(const struct ctl_settings *settings, bool is_to,
                              struct dead_bounds *ret, struct failure *err)
{
    const char *option = is_to ? "--to" : "--from";
    const char *text = is_to ? settings->to : settings->from;

    if (text && is_digits(text)) {
        if (settings->partition < 0) {
            return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                               "%s %s is an offset: name its --partition", option, text);
        }
        *(is_to ? &ret->to_offset : &ret->from_offset) = strtoll(text, NULL, 10);
        return STATUS_OK;
    }
    return ctl_time(option, text, is_to ? DAY_ENDS : DAY_BEGINS,
                    is_to ? &ret->to_ms : &ret->from_ms, err);
}

enum status dead_view_bounds(const struct ctl_settings *settings, struct dead_bounds *ret,
                             struct failure *err)
{
    enum status status;

    dead_bounds_init(ret);
    ret->partition = settings->partition;
    status = read_bound(settings, false, ret, err);
    return status == STATUS_OK ? read_bound(settings, true, ret, err) : status;
}

enum status dead_view_open(const struct ctl *ctl, struct dead_conf *ret, struct failure *err)
{
    *ret = (struct dead_conf){.topics = &ctl->topics, .stop = signals_stop};
    dead_bounds_init(&ret->bounds);
    return ctl_kafka_open(ctl, KAFKA_LOOK_COMMITTED, &ret->handle, err);
}

static bool find_header(const struct dead_letter *letter, const char *name, struct bytes *ret)
{
    struct log_header header;
    bool is_found = false;

    for (size_t i = 0; log_fetch_header(letter->fetch, i, &header); i++) {
        if (strcmp(header.name, name) == 0) { /* of several the last one counts */
            *ret = header.value;
            is_found = true;
        }
    }
    return is_found;
}

struct text dead_view_bank(const struct dead_letter *letter)
{
    static const char prefix[] = "/banks/";
    struct text bank = letter->decision->identity.bank;
    struct bytes source = {.n = 0};

    if (bank.n == 0 && find_header(letter, "ce_source", &source) && source.n >= sizeof(prefix) &&
        memcmp(source.at, prefix, sizeof(prefix) - 1) == 0) {
        bank = (struct text){.at = (const char *)source.at + sizeof(prefix) - 1,
                             .n = (uint32_t)(source.n - sizeof(prefix) + 1)};
    }
    return bank;
}

uint32_t dead_view_redrives(const struct dead_letter *letter)
{
    struct bytes count = {.n = 0};

    if (!find_header(letter, DEAD_HEADER_COUNT, &count)) {
        return 0;
    }
    return count.n == 1 && count.at[0] >= '0' && count.at[0] <= '9' ? count.at[0] - (uint32_t)'0'
                                                                    : DEAD_REDRIVES_MAX;
}

void dead_view_reason(const struct dead_letter *letter, char out[DEAD_REASON_SIZE])
{
    (void)snprintf(out, DEAD_REASON_SIZE, "%s%s%s", dead_reason_name(letter->reason),
                   letter->reason == DEAD_UNDECODABLE ? ": " : "",
                   letter->reason == DEAD_UNDECODABLE ? wire_fault_name(letter->fault.kind) : "");
}
