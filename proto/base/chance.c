#include "base/chance.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

enum status chance_fill(void *out, size_t n, struct failure *err)
{
    uint8_t *at = out;

    assert(out || n == 0);
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return failure_set(err, STATUS_IO, REMEDY_STOP, errno, "the system gives no chance");
        }
        at += got;
        n -= (size_t)got;
    }
    return STATUS_OK;
}
