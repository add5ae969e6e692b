/* thread.h - waiting for the end of a thread that may hang in librdkafka. */
#ifndef WORKER_THREAD_H
#define WORKER_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#define STOP_MS_MAX 5000 /* design, section 4, Revoke */

/* False: it did not end within timeout_ms. */
bool thread_join(pthread_t thread, int timeout_ms);

#endif
