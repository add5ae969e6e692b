/* crash.h - named places at which a test build of the worker dies.
 *
 * One stands at every arrow of the machine in engine.c.  A test build (-DFILING_CRASH_POINTS) kills
 * the process with SIGKILL at the place named by crash_point_arm(), the count-th time it is passed;
 * the release build contains neither the function nor the names. */
#ifndef ENGINE_CRASH_H
#define ENGINE_CRASH_H

#include <stdbool.h>
#include <stddef.h>

/* Every place, in the order in which a batch passes them. */
#define CRASH_POINTS(X)                                                                            \
    X("after-assign")         /* partitions are ours, nothing is claimed */                        \
    X("after-claim")          /* C2: the row has our token */                                      \
    X("after-log-check")      /* C3: log start and last input agree with the row */                \
    X("after-recover")        /* C4: the states are decided again */                               \
    X("after-stable-offsets") /* C5: nothing of p is open in the group */                          \
    X("after-first-commit")   /* C5: the group has its first offset */                             \
    X("after-high-watermark") /* C6 */                                                             \
    X("after-tail")           /* C7, C8: the tail of decided agrees with the journal */            \
    X("after-owned")          /* C9 */                                                             \
    X("before-store")         /* a batch is decided, nothing of it written */                      \
    X("after-store")          /* it is in the journal, nothing of it published */                  \
    X("after-publish-start")  /* the publication is in flight */                                   \
    X("after-publish")        /* its outcome is known */                                           \
    X("after-published-hint") /* the hint is written */                                            \
    X("after-revoke")         /* the partitions are left */

#ifdef FILING_CRASH_POINTS
/* Die at the count-th passing of name (count from 1).  False: no such place. */
bool crash_point_arm(const char *name, unsigned count);
void crash_point(const char *name);
/* Every name in order: i from 0; NULL past the last. */
const char *crash_point_at(size_t i);
/* Do this instead of dying (the simulation ends one engine of several); NULL = die. */
void crash_point_act(void (*instead)(const char *name));
#else
static inline void crash_point(const char *name) { (void)name; }
#endif

#endif
