/* store_crash.h - named places at which a test build kills itself.
 *
 * In every other build the macro is nothing and the names are not in the program.  A test build
 * (FILING_CRASH_POINTS) names one place with store_crash_at(); the process that comes by dies with
 * SIGKILL, as a process does that the kernel ends: nothing is flushed, nothing is closed. */
#ifndef STORE_STORE_CRASH_H
#define STORE_STORE_CRASH_H

#ifdef FILING_CRASH_POINTS
/* keeps name until the process ends; NULL = nowhere. */
void store_crash_at(const char *name);
void store_crash_point(const char *name);
#define STORE_CRASH_POINT(name) store_crash_point(name)
#else
#define STORE_CRASH_POINT(name) ((void)0)
#endif

#endif
