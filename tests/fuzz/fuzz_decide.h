/* fuzz_decide.h - sequences of filings made of any bytes, decided by the worker's decider and by
 * the model of tests/property; the bytes are those of history_init_steered().
 *
 * A difference between the two, an invariant that is broken (rulebook, section 6) or a limit that
 * is left after all was reversed prints the sequence and ends the program. */
#ifndef TESTS_FUZZ_FUZZ_DECIDE_H
#define TESTS_FUZZ_FUZZ_DECIDE_H

#include <stddef.h>
#include <stdint.h>

#include "tests/property/compare.h"

/* One sequence; always 0. NOLINTNEXTLINE(readability-identifier-naming): the fuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was decided so far, NULL before the first sequence. */
const struct comparison_counts *fuzz_decide_counts(void);

#endif
