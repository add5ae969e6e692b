/* http.h - the worker's three pages: /metrics, /livez, /readyz.
 *
 * Served by threads of libmicrohttpd; what they show is handed to them through atomics and metrics,
 * so that no page can hold up the engine. */
#ifndef WORKER_HTTP_H
#define WORKER_HTTP_H

#include "base/metrics.h"
#include "base/status.h"

/* Why the worker is or is not ready; "ready" answers 200, the others 503. */
enum readiness {
    READINESS_STARTING = 0,
    READINESS_STANDBY, /* another worker has the store */
    READINESS_JOINING, /* no partitions yet */
    READINESS_CLAIMING,
    READINESS_BROKER_AWAY,
    READINESS_STORE_AWAY,
    READINESS_STOPPING,
    READINESS_READY,
    READINESS_N
};

struct http;

/* listen: "127.0.0.1:9464", "[::1]:9464"; metrics is kept until close.  STATUS_USAGE for an address
 * that is none, STATUS_IO when it is taken.  gives *ret: http_close(). */
MUST_CHECK enum status http_open(const char *listen, const struct metrics *metrics,
                                 struct http **ret, struct failure *err);
void http_close(struct http *http);

/* Any thread. */
void http_set_readiness(struct http *http, enum readiness readiness);
const char *readiness_name(enum readiness readiness);

#endif
