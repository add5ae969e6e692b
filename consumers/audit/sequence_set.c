#include "consumers/audit/sequence_set.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "form/identifiers.h"
#include "wire/submission.h"
#include "wire/walk.h"

#define CHUNK_NUMBERS 4096
#define CHUNK_WORDS   (CHUNK_NUMBERS / 64)

/* Of filing.v1.Filing; a test compares them with an encoded filing. */
enum { FILING_BANK = 2, FILING_SEQUENCE = 3 };

struct chunk {
    UT_hash_handle hh;
    uint64_t index; /* its numbers are those from 1 + index * CHUNK_NUMBERS on */
    uint64_t words[CHUNK_WORDS];
};

struct bank {
    UT_hash_handle hh;
    char code[BANK_SIZE];
    uint64_t max;
    uint64_t met;
    struct chunk *chunks;
};

struct sequence_set {
    struct bank *banks;
    size_t chunks_n;
    bool is_full;
};

enum status sequence_set_open(struct sequence_set **ret, struct failure *err)
{
    struct sequence_set *set = calloc(1, sizeof(*set));

    if (!set) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    *ret = set;
    return STATUS_OK;
}

static void close_chunks(struct bank *bank)
{
    struct chunk *chunk;
    struct chunk *next;

    HASH_ITER(hh, bank->chunks, chunk, next)
    {
        HASH_DEL(bank->chunks, chunk);
        free(chunk);
    }
}

void sequence_set_close(struct sequence_set *set)
{
    struct bank *bank;
    struct bank *next;

    if (!set) {
        return;
    }
    HASH_ITER(hh, set->banks, bank, next)
    {
        HASH_DEL(set->banks, bank);
        close_chunks(bank);
        free(bank);
    }
    free(set);
}

static struct bank *find_bank(struct sequence_set *set, const char code[BANK_SIZE])
{
    struct bank *bank = NULL;

    HASH_FIND(hh, set->banks, code, BANK_SIZE, bank);
    if (!bank) {
        bank = calloc(1, sizeof(*bank));
        if (bank) {
            memcpy(bank->code, code, BANK_SIZE);
            HASH_ADD(hh, set->banks, code, BANK_SIZE, bank);
        }
    }
    return bank;
}

static struct chunk *find_chunk(struct sequence_set *set, struct bank *bank, uint64_t index)
{
    struct chunk *chunk = NULL;

    HASH_FIND(hh, bank->chunks, &index, sizeof(index), chunk);
    if (!chunk) {
        chunk = calloc(1, sizeof(*chunk));
        if (chunk) {
            chunk->index = index;
            HASH_ADD(hh, bank->chunks, index, sizeof(index), chunk);
            set->chunks_n++;
        }
    }
    return chunk;
}

enum status sequence_set_add(struct sequence_set *set, const char bank_code[BANK_SIZE],
                             uint64_t number, struct failure *err)
{
    const uint64_t place = (number - 1) % CHUNK_NUMBERS;
    const uint64_t bit = UINT64_C(1) << place % 64;
    struct bank *bank = set->is_full ? NULL : find_bank(set, bank_code);
    struct chunk *chunk = bank ? find_chunk(set, bank, (number - 1) / CHUNK_NUMBERS) : NULL;

    if (set->is_full) {
        return STATUS_OK;
    }
    if (!bank || !chunk) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    if (!(chunk->words[place / 64] & bit)) {
        chunk->words[place / 64] |= bit;
        bank->met++;
    }
    bank->max = number > bank->max ? number : bank->max;
    set->is_full = set->chunks_n > SEQUENCE_CHUNKS_MAX;
    return STATUS_OK;
}

enum status sequence_set_add_record(struct sequence_set *set, const struct bus_record *record,
                                    struct failure *err)
{
    struct submission submission;
    struct wire_field field = {0};
    struct wire_reader reader;
    const char *bank = NULL;
    uint64_t number = 0;

    if (!record->has_value ||
        submission_split(record->value, record->value_n, &submission, NULL) != STATUS_OK ||
        !submission.filing.at) {
        return STATUS_OK;
    }
    reader = wire_open(submission.filing);
    while (reader.at < reader.end && field.number < FILING_SEQUENCE) {
        if (!wire_next(&reader, &field)) {
            return STATUS_OK;
        }
        if (field.number == FILING_BANK && field.type == WIRE_BYTES &&
            bank_code_valid((const char *)field.at, field.n)) {
            bank = (const char *)field.at;
        }
        if (field.number == FILING_SEQUENCE && field.type == WIRE_VARINT) {
            number = field.value;
        }
    }
    return bank && number >= 1 && number <= INT64_MAX ? sequence_set_add(set, bank, number, err)
                                                      : STATUS_OK;
}

static enum status merge_chunk(struct sequence_set *set, struct bank *bank,
                               const struct chunk *other, struct failure *err)
{
    struct chunk *chunk = find_chunk(set, bank, other->index);

    if (!chunk) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    for (size_t i = 0; i < CHUNK_WORDS; i++) {
        bank->met += (uint64_t)__builtin_popcountll(other->words[i] & ~chunk->words[i]);
        chunk->words[i] |= other->words[i];
    }
    return STATUS_OK;
}

enum status sequence_set_merge(struct sequence_set *set, const struct sequence_set *other,
                               struct failure *err)
{
    enum status status = STATUS_OK;

    set->is_full = set->is_full || other->is_full;
    for (const struct bank *from = other->banks; from && !set->is_full; from = from->hh.next) {
        struct bank *to = find_bank(set, from->code);

        if (!to) {
            return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        }
        to->max = from->max > to->max ? from->max : to->max;
        for (const struct chunk *chunk = from->chunks; chunk && status == STATUS_OK;
             chunk = chunk->hh.next) {
            status = merge_chunk(set, to, chunk, err);
        }
        if (status != STATUS_OK) {
            return status;
        }
        set->is_full = set->chunks_n > SEQUENCE_CHUNKS_MAX;
    }
    return STATUS_OK;
}

static bool is_met(const struct bank *bank, uint64_t number)
{
    const uint64_t index = (number - 1) / CHUNK_NUMBERS;
    const uint64_t place = (number - 1) % CHUNK_NUMBERS;
    struct chunk *chunk = NULL;

    HASH_FIND(hh, bank->chunks, &index, sizeof(index), chunk);
    return chunk && (chunk->words[place / 64] >> place % 64 & 1);
}

/* Whole chunks that nobody has are passed over at once: numbers may be far apart. */
static uint64_t first_met_from(const struct bank *bank, uint64_t number)
{
    uint64_t best = bank->max;

    for (const struct chunk *chunk = bank->chunks; chunk; chunk = chunk->hh.next) {
        const uint64_t first = 1 + chunk->index * CHUNK_NUMBERS;
        const uint64_t end = first + CHUNK_NUMBERS;
        uint64_t at = first > number ? first : number;

        while (at < end && at < best && !is_met(bank, at)) {
            at++;
        }
        best = at < end && at < best ? at : best;
    }
    return best;
}

void sequence_set_gaps(const struct sequence_set *set, struct sequence_gaps *ret)
{
    const struct bank *first = NULL;

    *ret = (struct sequence_gaps){.is_known = !set->is_full};
    for (const struct bank *bank = set->banks; bank && ret->is_known; bank = bank->hh.next) {
        ret->missing += bank->max - bank->met;
        if (bank->max > bank->met && (!first || memcmp(bank->code, first->code, BANK_SIZE) < 0)) {
            first = bank;
        }
    }
    if (!first) {
        return;
    }
    memcpy(ret->bank, first->code, BANK_SIZE);
    ret->from = 1;
    while (is_met(first, ret->from)) {
        ret->from++;
    }
    ret->to = first_met_from(first, ret->from) - 1;
}
