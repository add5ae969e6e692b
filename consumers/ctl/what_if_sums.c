#include "consumers/ctl/what_if_sums.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "consumers/ctl/cells.h"
#include "form/iso.h"

/* 10^15 minor units of 2^64 filings fit. */
__extension__ typedef __int128 wide;

#define VALUE_SIZE  40
#define AMOUNT_SIZE 44 /* any wide, point and NUL */

enum dimension { BY_MODEL, BY_REGION, BY_CODE };

struct sum_key { /* filled up with zeros */
    enum dimension by;
    uint32_t rank; /* order among values: a code's number */
    int32_t currency;
    char value[VALUE_SIZE];
    char change[VALUE_SIZE];
};

struct sum {
    struct sum_key key;
    uint64_t flips;
    wide minor;
    UT_hash_handle hh;
};

void what_if_sums_init(struct what_if_sums *sums) { sums->sums = NULL; }

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
void what_if_sums_fini(struct what_if_sums *sums)
{
    struct sum *sum = sums->sums;

    HASH_CLEAR(hh, sums->sums); /* the table alone */
    while (sum) {
        struct sum *next = sum->hh.next;

        free(sum);
        sum = next;
    }
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static enum status add(struct what_if_sums *sums, const struct sum_key *key,
                       const struct money *money, struct failure *err)
{
    struct sum *sum = NULL;

    HASH_FIND(hh, sums->sums, key, sizeof(*key), sum);
    if (!sum) {
        sum = calloc(1, sizeof(*sum));
        if (!sum) {
            return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        }
        sum->key = *key;
        HASH_ADD(hh, sums->sums, key, sizeof(sum->key), sum);
    }
    sum->flips++;
    if (money->currency >= 0) {
        const int64_t minor = money->minor < 0 ? -money->minor : money->minor;

        sum->minor += minor;
    }
    return STATUS_OK;
}

static struct sum_key key_of(enum dimension by, const struct flip *flip)
{
    struct sum_key key;

    memset(&key, 0, sizeof(key));
    key.by = by;
    key.currency = flip->money.currency;
    (void)snprintf(key.change, sizeof(key.change), "%s to %s", outcome_name(flip->before.outcome),
                   outcome_name(flip->after.outcome));
    return key;
}

static enum status add_model(struct what_if_sums *sums, const struct flip *flip,
                             struct failure *err)
{
    struct sum_key key = key_of(BY_MODEL, flip);
    const char *name = event_name(flip->event);
    const char *end = strchr(name, '.');

    if (end && (size_t)(end - name) < sizeof(key.value)) {
        memcpy(key.value, name, (size_t)(end - name));
    } else {
        (void)snprintf(key.value, sizeof(key.value), "general");
        key.rank = 1;
    }
    return add(sums, &key, &flip->money, err);
}

static enum status add_region(struct what_if_sums *sums, const struct flip *flip,
                              struct failure *err)
{
    struct sum_key key = key_of(BY_REGION, flip);

    (void)snprintf(key.value, sizeof(key.value), "%s", flip->region[0] ? flip->region : "unknown");
    return add(sums, &key, &flip->money, err);
}

static bool has_code(const struct what_if_answer *answer, enum code code)
{
    for (uint32_t i = 0; i < answer->codes_n; i++) {
        if (answer->codes[i] == code) {
            return true;
        }
    }
    return false;
}

/* The codes of one answer that the other has not. */
static enum status add_codes(struct what_if_sums *sums, const struct flip *flip, bool is_added,
                             struct failure *err)
{
    const struct what_if_answer *in = is_added ? &flip->after : &flip->before;
    const struct what_if_answer *other = is_added ? &flip->before : &flip->after;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < in->codes_n && status == STATUS_OK; i++) {
        if (!has_code(other, in->codes[i])) {
            struct sum_key key = key_of(BY_CODE, flip);

            memset(key.change, 0, sizeof(key.change));
            (void)snprintf(key.change, sizeof(key.change), is_added ? "added" : "removed");
            (void)snprintf(key.value, sizeof(key.value), "%s", code_name(in->codes[i]));
            key.rank = (uint32_t)in->codes[i];
            status = add(sums, &key, &flip->money, err);
        }
    }
    return status;
}

enum status what_if_sums_add(struct what_if_sums *sums, const struct flip *flip,
                             struct failure *err)
{
    enum status status = add_model(sums, flip, err);

    if (status == STATUS_OK) {
        status = add_region(sums, flip, err);
    }
    if (status == STATUS_OK) {
        status = add_codes(sums, flip, true, err);
    }
    return status == STATUS_OK ? add_codes(sums, flip, false, err) : status;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static int by_key(const struct sum *a, const struct sum *b)
{
    int order = (int)a->key.by - (int)b->key.by;

    if (order == 0) {
        order = a->key.rank < b->key.rank ? -1 : a->key.rank > b->key.rank;
    }
    if (order == 0) {
        order = strcmp(a->key.value, b->key.value);
    }
    if (order == 0) {
        order = strcmp(a->key.change, b->key.change);
    }
    return order == 0 ? a->key.currency - b->key.currency : order;
}

static void put_amount(struct output *output, const struct sum *sum)
{
    const int exponent = sum->key.currency >= 0 ? iso_currency(sum->key.currency)->exponent : 0;
    char text[AMOUNT_SIZE];
    wide left = sum->minor;
    size_t at = sizeof(text) - 1;
    int digits = 0;

    text[at] = '\0';
    while (sum->key.currency >= 0 && (left > 0 || digits <= exponent)) {
        if (digits > 0 && digits == exponent) {
            text[--at] = '.';
        }
        text[--at] = (char)('0' + (int)(left % 10));
        left /= 10;
        digits++;
    }
    output_cstr(output, text + at);
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
void what_if_sums_put(struct what_if_sums *sums, struct output *output,
                      what_if_sums_begin_fn *begin, void *arg)
{
    static const char *const names[] = {"model", "region", "code"};

    HASH_SORT(sums->sums, by_key);
    for (const struct sum *sum = sums->sums; sum; sum = sum->hh.next) {
        begin(arg);
        output_cstr(output, names[sum->key.by]);
        output_cstr(output, sum->key.value);
        output_cstr(output, sum->key.change);
        cell_currency(output, sum->key.currency);
        output_number(output, (int64_t)sum->flips);
        put_amount(output, sum);
        output_end_row(output);
    }
}
