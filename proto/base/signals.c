#include "base/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/exit.h"

/* A lock-free atomic is what a handler may touch and threads may read. */
static atomic_int stop_count;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler needs an atomic without a lock");

static void on_signal(int number)
{
    (void)number;
    if (atomic_fetch_add(&stop_count, 1) > 0) {
        _exit(EXIT_INTERRUPTED);
    }
}

enum status signals_install(struct failure *err)
{
    static const int asking[] = {SIGINT, SIGTERM};
    struct sigaction ask = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    int rc = 0;

    (void)sigemptyset(&ask.sa_mask);
    (void)sigemptyset(&ignore.sa_mask);
    for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
        rc |= sigaction(asking[i], &ask, NULL);
    }
    rc |= sigaction(SIGPIPE, &ignore, NULL);
    if (rc) {
        return failure_set(err, STATUS_IO, REMEDY_STOP, errno, "cannot handle signals: %s",
                           strerrordesc_np(errno));
    }
    return STATUS_OK;
}

bool signals_stop(void) { return atomic_load(&stop_count) > 0; }

void signals_request_stop(void)
{
    int none = 0;

    (void)atomic_compare_exchange_strong(&stop_count, &none, 1);
}
