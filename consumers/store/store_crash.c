/* store_crash.c - dies where it was told to; only in test builds, which alone compile it. */
#include "consumers/store/store_crash.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

#ifdef FILING_CRASH_POINTS

static const char *place;

void store_crash_at(const char *name) { place = name; }

void store_crash_point(const char *name)
{
    if (place && strcmp(place, name) == 0) {
        (void)raise(SIGKILL);
    }
}

#endif
