/* watchdog.h - a thread that ends the process when the engine or a publication hangs (design,
 * section 4).
 *
 * librdkafka calls with time-out -1 can hang while coordinators move; the next start recovers
 * everything, so leaving is always safe. */
#ifndef WORKER_WATCHDOG_H
#define WORKER_WATCHDOG_H

#include "base/status.h"
#include "consumers/engine/bus.h"
#include "consumers/engine/engine.h"

struct watchdog;

/* engine and bus are kept until close.  It bites, _exit(70), when the engine's beat stands still or
 * the publisher does one thing for longer than limit_ms. */
MUST_CHECK enum status watchdog_open(const struct engine *engine, struct bus *bus, int64_t limit_ms,
                                     struct watchdog **ret, struct failure *err);
void watchdog_close(struct watchdog *watchdog);

#endif
