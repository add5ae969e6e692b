#include "wire/headers.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static bool topic_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

enum status topics_init(struct topics *topics, const char *prefix, struct failure *err)
{
    const struct {
        char *out;
        const char *name;
    } names[] = {
        {topics->submitted, "filings.submitted.v1"},
        {topics->decided, "filings.decided.v1"},
        {topics->reference, "filings.reference.v1"},
        {topics->checkpoints, "filings.checkpoints.v1"},
        {topics->operations, "filings.operations.v1"},
        {topics->group, "filing-worker"},
        {topics->reference_txn, "reference"},
    };

    for (const char *c = prefix; *c; c++) {
        if (!topic_char(*c)) {
            return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                               "prefix '%s' has characters other than A-Z a-z 0-9 . _ -", prefix);
        }
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int n = snprintf(names[i].out, TOPIC_NAME_SIZE, "%s%s", prefix, names[i].name);

        if (n < 0 || n >= TOPIC_NAME_SIZE) {
            return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                               "prefix of %zu characters is too long for a topic's name",
                               strlen(prefix));
        }
    }
    return STATUS_OK;
}

/* MurmurHash2 as Kafka's Java client has it; the constants are the algorithm's. */
static uint32_t murmur2(const uint8_t *at, size_t n)
{
    const uint32_t m = 0x5bd1e995;
    uint32_t h = 0x9747b28cu ^ (uint32_t)n;

    for (; n >= 4; n -= 4, at += 4) {
        uint32_t k =
            (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;

        k *= m;
        k ^= k >> 24;
        h = h * m ^ k * m;
    }
    if (n >= 3) {
        h ^= (uint32_t)at[2] << 16;
    }
    if (n >= 2) {
        h ^= (uint32_t)at[1] << 8;
    }
    if (n >= 1) {
        h = (h ^ at[0]) * m;
    }
    h = (h ^ h >> 13) * m;
    return h ^ h >> 15;
}

uint32_t partition_of_key(const void *key, size_t n, uint32_t partitions_n)
{
    assert(partitions_n > 0);
    return (murmur2(key, n) & 0x7fffffff) % partitions_n;
}

void reference_key_proposal(const char *id, char out[REFERENCE_KEY_SIZE])
{
    (void)snprintf(out, REFERENCE_KEY_SIZE, "proposal/%.16s", id);
}

void reference_key_bulletin(uint64_t number, char out[REFERENCE_KEY_SIZE])
{
    (void)snprintf(out, REFERENCE_KEY_SIZE, "bulletin/%" PRIu64, number);
}

static void header_open(struct headers *headers, const char *name)
{
    assert(headers->n < HEADERS_MAX);
    headers->at[headers->n].name = name;
    headers->at[headers->n].value.at = (const uint8_t *)headers->text + headers->used;
    headers->at[headers->n].value.n = 0;
}

/* Add to the value of the header that is open; what does not fit is cut: headers decide nothing. */
static void header_add(struct headers *headers, const char *at, size_t n)
{
    size_t left = sizeof(headers->text) - headers->used;

    n = n > left ? left : n;
    memcpy(headers->text + headers->used, at, n);
    headers->used += n;
    headers->at[headers->n].value.n += n;
}

static void header_put(struct headers *headers, const char *name, const char *value)
{
    header_open(headers, name);
    header_add(headers, value, strlen(value));
    headers->n++;
}

/* A header of a text between two words; none when the text is empty. */
static void header_put_text(struct headers *headers, const char *name, const char *before,
                            struct text text, const char *after)
{
    if (text.n == 0) {
        return;
    }
    header_open(headers, name);
    header_add(headers, before, strlen(before));
    header_add(headers, text.at, text.n > 64 ? 64 : text.n);
    header_add(headers, after, strlen(after));
    headers->n++;
}

static void header_put_time(struct headers *headers, int64_t ms)
{
    char value[CLOCK_TEXT_SIZE];

    clock_format(ms, value);
    header_put(headers, "ce_time", value);
}

static void headers_begin(struct headers *headers)
{
    headers->n = 0;
    headers->used = 0;
    header_put(headers, "content-type", "application/protobuf");
    header_put(headers, "ce_specversion", "1.0");
}

void headers_filing(struct headers *headers, const struct filing_names *names)
{
    headers_begin(headers);
    header_put_text(headers, "ce_id", "", names->filing_id, "");
    header_put_text(headers, "ce_source", "/banks/", names->bank, "");
    header_put_text(headers, "ce_type", "filing.", names->event, ".v1");
    header_put_time(headers, names->time_ms);
    header_put_text(headers, "ce_subject", "", names->enterprise, "");
}

static void header_put_ledger(struct headers *headers, const uint8_t *ledger_id)
{
    char hex[2 * LEDGER_ID_SIZE + 1];

    hex_encode((struct bytes){.at = ledger_id, .n = LEDGER_ID_SIZE}, hex);
    header_put_text(headers, "ce_source", "/ledgers/",
                    (struct text){.at = hex, .n = 2 * LEDGER_ID_SIZE}, "");
}

void headers_decision(struct headers *headers, const struct decision_names *names)
{
    char id[40];

    (void)snprintf(id, sizeof(id), "%" PRIu32 "/%" PRIu64, names->partition, names->number);
    headers_begin(headers);
    header_put(headers, "ce_id", id);
    header_put_ledger(headers, names->ledger_id);
    header_put(headers, "ce_type", "filing.decision.v1");
    if (names->received_ms != HEADERS_NO_TIME) {
        header_put_time(headers, names->received_ms);
    }
    header_put_text(headers, "ce_subject", "", names->enterprise, "");
}

void headers_bulletin(struct headers *headers, uint64_t number,
                      const uint8_t ledger_id[LEDGER_ID_SIZE], int64_t time_ms)
{
    char id[REFERENCE_KEY_SIZE];

    reference_key_bulletin(number, id);
    headers_begin(headers);
    header_put(headers, "ce_id", id);
    header_put_ledger(headers, ledger_id);
    header_put(headers, "ce_type", "filing.bulletin.v1");
    header_put_time(headers, time_ms);
}
