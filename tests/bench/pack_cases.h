/* pack_cases.h - every filing of a pack (rulebook section 9), just before it is decided.
 *
 * The pack goes through the decider of the worker over a store in memory; what a visitor sees are
 * the arguments that the decider would give to decide_filing(), found by the decider's own
 * look-ups. A fault ends the program. */
#ifndef TESTS_BENCH_PACK_CASES_H
#define TESTS_BENCH_PACK_CASES_H

#include "base/bytes.h"
#include "consumers/core/decide.h"

struct pack_case {
    const struct decide_args *args; /* borrowed until the visitor comes back */
    const struct form *form;
    struct bytes state; /* encoded; n is 0 for a filing without identity */
    const uint8_t *chain;
};

typedef void pack_visit_fn(void *arg, const struct pack_case *of);

/* In order of the lines.  Borrows path and arg. */
void pack_cases(const char *path, pack_visit_fn *visit, void *arg);

#endif
