/* what_if.h - one partition decided twice side by side: as it is, and with another policy.
 *
 * Semantics.  The log of a partition is decided from its first record on in two worlds that share
 * nothing but the records.  The first is the log as it is.  In the second the policy given stands
 * in place of every policy in force, from the first record on whose received time is not before
 * from_ms; what the records before it left behind is the same in both.  From there on states,
 * limits, held filings and numbers of decisions evolve separately.  A record whose received time is
 * after to_ms, and all that follow, are decided in neither: what is told is true as of then.
 *
 * A flip is a filing whose last decision differs in outcome or codes (the set of its reasons'
 * codes) between the two.  A filing that was held and decided again counts once, by its last
 * decision.  Flags, postings and amounts that differ without that are no flip.
 *
 * A breach is a limit account that is over (used + reserved > limit) at the end of the second
 * world, or for which filings are refused there with 301 that are not refused for it as the log is.
 * A limit that follows the calendar (rulebook L1) counts with its value on the received date of the
 * last record, also when nothing was posted to it since the policy changed.  An account that is as
 * much over as the log is (grandfathered, say) is none.
 *
 * Promises:
 *   W1  the same policy as the one in force gives no flip and no breach, whatever the log;
 *   W2  flips come in the order in which the later of both worlds settled them, breaches after them
 *       by enterprise: the same log and policy give the same rows in the same order;
 *   W3  nothing is written anywhere, and there is no producer in this module.
 *
 * Memory: a replay's for each world, the filings held in either, and one entry a registration.
 * Times are Unix milliseconds, amounts minor units of the currency beside them.  Errors are those
 * of replay.h.  One thread at a time for each. */
#ifndef AUDIT_WHAT_IF_H
#define AUDIT_WHAT_IF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "consumers/audit/filing_facts.h"
#include "consumers/audit/replay.h"
#include "consumers/audit/what_if_basis.h"
#include "form/decision.h"
#include "form/reason.h"
#include "form/reference.h"

#define DATE_CHARS 10

/* What a world says of a filing. */
struct what_if_answer {
    uint64_t number; /* of its last decision, 0 = none */
    enum outcome outcome;
    uint32_t codes_n;
    enum code codes[REASONS_LISTED_MAX]; /* ascending, each once */
    bool has_amounts;                    /* of the first reason that has: limit, free and asked */
    char limit[LIMIT_ID_SIZE];           /* "" = it names none */
    int32_t currency;
    int64_t free_minor;
    int64_t asked_minor;
};

struct flip {
    uint32_t partition;
    int64_t offset;      /* of the filing's record */
    int64_t received_ms; /* of the filing */
    char filing_id[UUID_CHARS + 1];
    char bank[BANK_SIZE + 1];
    char enterprise[CODE_SIZE + 1];
    char business_date[DATE_CHARS + 1];
    enum event event;
    char region[REGION_SIZE]; /* its own, else that of the registration that it names, else of the
                                 profile in force as the log is, else of the enterprise's last
                                 registration; "" = not known */
    char parameters[PARAMETERS_SIZE]; /* what_if_basis.h */
    struct money money;               /* what the event is about (filing_facts.h) */
    struct what_if_answer before;
    struct what_if_answer after;
};

struct breach {
    uint32_t partition;
    char enterprise[CODE_SIZE + 1];
    char limit[LIMIT_ID_SIZE];
    int32_t currency;
    struct amounts is;         /* at the end of the second world, the limit as of its last day */
    int64_t over_minor;        /* used + reserved - limit where that is above 0 */
    int64_t over_before_minor; /* the same as the log is */
    uint64_t refused;          /* filings refused for it that were not before */
    int64_t short_minor;       /* the largest asked - free of them */
};

typedef void what_if_flip_fn(void *arg, const struct flip *flip);
typedef void what_if_breach_fn(void *arg, const struct breach *breach);

struct what_if_conf {
    struct replay_conf replay;
    const struct policy *policy; /* kept; its texts outlive the what-if */
    int64_t from_ms;             /* INT64_MIN = the whole log */
    int64_t to_ms;               /* INT64_MAX = the whole log */
    what_if_flip_fn *flip;
    what_if_breach_fn *breach;
    void *arg;
};

struct what_if_counts {
    uint64_t records;
    uint64_t decisions; /* as the log is */
    uint64_t flips;
    uint64_t breaches;
};

struct what_if;

/* Keeps nothing of conf but what it points to.  first: the partition's first record, which is to be
 * given to what_if_record() too.  gives *ret: what_if_close(). */
MUST_CHECK enum status what_if_open(const struct what_if_conf *conf, const struct bus_record *first,
                                    struct what_if **ret, struct failure *err);
/* Takes NULL. */
void what_if_close(struct what_if *what_if);

/* The next record.  *ret_is_past: it was received after to_ms and was not decided; so are all that
 * follow. */
MUST_CHECK enum status what_if_record(struct what_if *what_if, const struct bus_record *record,
                                      bool *ret_is_past, struct failure *err);
/* There are no more: the flips that are left, then the breaches. */
MUST_CHECK enum status what_if_end(struct what_if *what_if, struct failure *err);

struct what_if_counts what_if_counts(const struct what_if *what_if);

/* 118 for a policy alone, as the workers make it: false with *fault.  A rules number that this
 * program does not know is one too. */
bool what_if_check_policy(const struct policy *policy, struct fault *fault);

#endif
