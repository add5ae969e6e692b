#include "consumers/worker/watchdog.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "consumers/worker/bus_kafka.h"

#define LOOK_NS 500000000 /* between two looks */

struct watchdog {
    const struct engine *engine;
    struct bus *bus;
    int64_t limit_us;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

static void bite(const char *what, int64_t for_us)
{
    log_event(LOG_ERROR, EVENT_WATCHDOG_BITES, "what=%s for_ms=%" PRId64, what, for_us / 1000);
    _exit(EXIT_INTERNAL);
}

/* Until stop or the next look; the lock is held. */
static void nap(struct watchdog *w)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&w->wake, &w->lock, &until);
}

static void *watchdog_run(void *opaque)
{
    struct watchdog *w = opaque;
    uint64_t beat = engine_beat(w->engine);
    int64_t since_us = clock_monotonic_us();

    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        const uint64_t now_beat = engine_beat(w->engine);
        const int64_t now_us = clock_monotonic_us();

        if (now_beat != beat) {
            beat = now_beat;
            since_us = now_us;
        }
        if (now_us - since_us > w->limit_us) {
            bite("engine", now_us - since_us);
        }
        if (bus_kafka_publisher_busy_us(w->bus) > w->limit_us) {
            bite("publisher", bus_kafka_publisher_busy_us(w->bus));
        }
        nap(w);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

enum status watchdog_open(const struct engine *engine, struct bus *bus, int64_t limit_ms,
                          struct watchdog **ret, struct failure *err)
{
    struct watchdog *w = calloc(1, sizeof(*w));
    int rc;

    if (!w) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    w->engine = engine;
    w->bus = bus;
    w->limit_us = limit_ms * 1000;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    rc = pthread_create(&w->thread, NULL, watchdog_run, w);
    if (rc) {
        free(w);
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, rc,
                           "cannot start the watchdog's thread");
    }
    *ret = w;
    return STATUS_OK;
}

void watchdog_close(struct watchdog *w)
{
    if (!w) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
