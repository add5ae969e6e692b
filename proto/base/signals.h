/* signals.h - SIGINT and SIGTERM: the first asks to stop, the second ends the process with 130.
 *
 * One process, one handler: the flag is the only global state of base besides the log's level,
 * because a signal handler can be given nothing else. */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <stdbool.h>

#include "base/status.h"

/* Once, before threads start.  System calls under way are interrupted (EINTR), so that a loop sees
 * the flag at once.  SIGPIPE is ignored: a closed connection is a failed write. */
MUST_CHECK enum status signals_install(struct failure *err);

/* SIGINT or SIGTERM came. */
bool signals_stop(void);

/* As if one had come: for a program that ends itself in an orderly way. */
void signals_request_stop(void);

#endif
