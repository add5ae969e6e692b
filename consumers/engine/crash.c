#include "consumers/engine/crash.h"

#ifdef FILING_CRASH_POINTS

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define POINT(name) name,
static const char *const points[] = {CRASH_POINTS(POINT)};

static const char *armed;
static unsigned passes_left;

/* SIGKILL: no handler, no atexit, no flush, as a machine that loses its power. */
static void die(const char *name)
{
    (void)name;
    (void)kill(getpid(), SIGKILL);
}

static void (*act)(const char *name) = die;

void crash_point_act(void (*instead)(const char *name)) { act = instead ? instead : die; }

bool crash_point_arm(const char *name, unsigned count)
{
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        if (strcmp(points[i], name) == 0) {
            armed = points[i];
            passes_left = count;
            return true;
        }
    }
    return false;
}

const char *crash_point_at(size_t i)
{
    return i < sizeof(points) / sizeof(points[0]) ? points[i] : NULL;
}

void crash_point(const char *name)
{
    if (armed && strcmp(armed, name) == 0 && --passes_left == 0) {
        armed = NULL;
        act(name);
    }
}

#else

/* A translation unit may not be empty. */
extern int crash_points_are_compiled_out;

#endif
