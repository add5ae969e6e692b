/* cut_connections - loaded before a program (LD_PRELOAD), cuts its connections to brokers by
 * chance.
 *
 * After a request has left, with the chance of one in FILING_CUT_ONE_IN, the socket is shut down:
 * the request arrives or not, and its answer never does.  librdkafka sends it again where it thinks
 * that it may, EndTxn among them, which is what this is for.  FILING_CUT_SEED begins the sequence;
 * without FILING_CUT_ONE_IN nothing happens.  Only stream sockets are touched. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef ssize_t sendmsg_fn(int fd, const struct msghdr *message, int flags);

static _Atomic uint64_t sequence;
static _Atomic uint64_t one_in;
static _Atomic int is_ready;

static uint64_t number_of(const char *name)
{
    const char *text = getenv(name); /* NOLINT(concurrency-mt-unsafe) */

    return text ? strtoull(text, NULL, 10) : 0;
}

/* Two threads may both do it: they write the same. */
static void begin(void)
{
    if (!atomic_load(&is_ready)) {
        atomic_store(&sequence, number_of("FILING_CUT_SEED"));
        atomic_store(&one_in, number_of("FILING_CUT_ONE_IN"));
        atomic_store(&is_ready, 1);
    }
}

/* splitmix64 of a counter, so that threads need no lock. */
static uint64_t chance(void)
{
    uint64_t x = atomic_fetch_add(&sequence, UINT64_C(0x9E3779B97F4A7C15));

    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static int is_to_cut(int fd)
{
    const uint64_t n = atomic_load(&one_in);
    int type = 0;
    socklen_t size = sizeof(type);

    return n > 0 && chance() % n == 0 && !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) &&
           type == SOCK_STREAM;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    sendmsg_fn *real;
    void *symbol = dlsym(RTLD_NEXT, "sendmsg");
    ssize_t n;

    memcpy(&real, &symbol, sizeof(real)); /* ISO C has no cast from object to function */
    begin();
    n = real(fd, message, flags);
    if (n > 0 && is_to_cut(fd)) {
        (void)shutdown(fd, SHUT_RDWR);
    }
    return n;
}
