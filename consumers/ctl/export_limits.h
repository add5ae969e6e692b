/* export_limits.h - every limit account of a partition as of its last decision, without the log.
 *
 * The stored states, and over them what later postings left: states may lag behind the journal by
 * some batches (design, section 4), a posting says the three values after it.
 *
 * Memory: the accounts that those later postings touched.  An account that no stored state has yet
 * stands after the states, by enterprise and id; an investor that none names is "#<ordinal>", and
 * one whose opening was reversed has three zeros until the state is stored. */
#ifndef CTL_EXPORT_LIMITS_H
#define CTL_EXPORT_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/ctl/lookup.h"

struct limit_account {
    uint32_t partition;
    char enterprise[CODE_SIZE + 1];
    char id[LIMIT_ID_SIZE];
    int32_t currency;
    struct amounts is;
    bool is_closed; /* as the stored state says */
};

/* False: stop. */
typedef bool limit_account_fn(void *arg, const struct limit_account *account);

struct limit_request {
    uint32_t partition;
    const char *enterprise; /* NULL = all */
    limit_account_fn *fn;
    void *arg;
};

/* Uses lookup->state and lookup->decision. */
MUST_CHECK enum status export_limits(struct lookup *lookup, const struct limit_request *request,
                                     struct failure *err);

#endif
