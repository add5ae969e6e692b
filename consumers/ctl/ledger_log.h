/* ledger_log.h - what filings.reference.v1 says: the bulletins in force and the proposals.
 *
 * Promises:
 *   L1  a bulletin is in force here when the workers' own check accepts it, with the number that
 *       follows; one that it refuses is told on stderr and passed over, as the workers do;
 *   L2  what is read after a producer of <prefix>reference was opened is all there is: whoever
 *       issued before us is finished or fenced (design, section 2). */
#ifndef CTL_LEDGER_LOG_H
#define CTL_LEDGER_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/core/reference.h"
#include "consumers/ctl/ctl.h"
#include "consumers/engine/desk.h"
#include "wire/records.h"

struct logged_proposal {
    char id[PROPOSAL_ID_SIZE];
    uint8_t *value; /* the record's; the proposal points into it */
    struct proposal proposal;
    uint64_t number; /* of the bulletin that it would be */
};

struct logged_bulletin {
    uint64_t number;
    int64_t issued_ms;
    char id[PROPOSAL_ID_SIZE]; /* of its content, as a proposal's */
    char approvers[128];       /* key ids */
};

struct ledger_log {
    struct store *store; /* empty; the desk wants one */
    struct reference_set *references;
    struct desk *desk;
    bool is_founded;
    uint8_t ledger_id[LEDGER_ID_SIZE];
    struct logged_proposal *proposals;
    size_t proposals_n, proposals_max;
    struct logged_bulletin *bulletins; /* accepted ones, by number */
    size_t bulletins_n, bulletins_max;
};

/* Read the whole topic.  gives *ret: ledger_log_close(). */
MUST_CHECK enum status ledger_log_read(const struct ctl *ctl, struct ledger_log **ret,
                                       struct failure *err);
/* STATUS_CONFLICT when the ledger was not founded yet. */
MUST_CHECK enum status ledger_log_check_founded(const struct ledger_log *log, struct failure *err);
/* Takes NULL. */
void ledger_log_close(struct ledger_log *log);

/* Add a bulletin that is to be issued, if the workers' check accepts it: the last number says. */
MUST_CHECK enum status ledger_log_add(struct ledger_log *log, struct bytes bulletin,
                                      int64_t issued_ms, struct failure *err);

/* Number of the last bulletin, as reference look-ups want it. */
int64_t ledger_log_as_of(const struct ledger_log *log);

/* NULL when there is none. */
const struct logged_proposal *ledger_log_proposal(const struct ledger_log *log, const char *id);
const struct logged_bulletin *ledger_log_bulletin(const struct ledger_log *log, const char *id);

#endif
