/* verify_enterprise.h - the branch of 'verify' that proves one enterprise's share. */
#ifndef CTL_VERIFY_ENTERPRISE_H
#define CTL_VERIFY_ENTERPRISE_H

#include "base/status.h"
#include "consumers/ctl/ctl.h"

/* settings->enterprise is given.  As a verb: differences are rows, ctl->code is set. */
MUST_CHECK enum status verify_enterprise(struct ctl *ctl, struct failure *err);

#endif
