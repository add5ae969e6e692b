/* fuzz_decide_mutate.c - changes that a sequence of filings is apt to: whole filings are left out,
 * repeated, moved; and the fuzzer's own changes within one of them, which leave the others. */
#include <stdint.h>
#include <string.h>

#include "tests/property/history.h"

/* NOLINTBEGIN(readability-identifier-naming): the fuzzer's names */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
/* NOLINTEND(readability-identifier-naming) */

enum { SIZE = HISTORY_FILING_SIZE, HEAD = HISTORY_HEAD_SIZE };

static size_t leave_out(uint8_t *filings, size_t n, size_t i)
{
    memmove(filings + i * SIZE, filings + (i + 1) * SIZE, (n - i - 1) * SIZE);
    return n - 1;
}

/* A copy of filing from stands at i. */
static size_t repeat(uint8_t *filings, size_t n, size_t i, size_t from)
{
    uint8_t copy[SIZE];

    memcpy(copy, filings + from * SIZE, SIZE);
    memmove(filings + (i + 1) * SIZE, filings + i * SIZE, (n - i) * SIZE);
    memcpy(filings + i * SIZE, copy, SIZE);
    return n + 1;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    uint8_t *filings = data + HEAD;
    size_t n = size > HEAD ? (size - HEAD) / SIZE : 0;
    size_t i = n > 0 ? seed / 16 % n : 0;
    size_t other = n > 0 ? seed / 4096 % n : 0;

    if (n == 0 || seed % 8 == 0) {
        return LLVMFuzzerMutate(data, size, size_max);
    }
    if (seed % 8 == 1 && n > 1) {
        n = leave_out(filings, n, i);
    } else if (seed % 8 == 2 && size + SIZE <= size_max) {
        n = repeat(filings, n, i, other);
    } else if (seed % 8 == 3 && size + SIZE <= size_max) {
        n = repeat(filings, n, i, other);
        (void)LLVMFuzzerMutate(filings + i * SIZE, SIZE, SIZE);
    } else if (seed % 8 == 4) {
        (void)LLVMFuzzerMutate(data, HEAD, HEAD);
    } else {
        (void)LLVMFuzzerMutate(filings + i * SIZE, SIZE, SIZE);
    }
    return HEAD + n * SIZE;
}
