/* progress.h - a bar for long work, on stderr when that is a terminal and nowhere otherwise.
 *
 *   replay  [==========>             ]  45 %  1234567 records  81234/s  0:18 left
 *
 * Promises: at most five lines a second are drawn, whatever is stepped; a pipe or a file never sees
 * a byte of it; progress_fini() leaves the line empty. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_LINE_SIZE 192

struct progress {
    const char *what; /* kept: "replay" */
    const char *unit; /* kept: "records" */
    uint64_t total;   /* 0 = unknown: no bar, no time left */
    uint64_t done;
    int64_t start_us;
    int64_t drawn_us;
    bool shown; /* stderr is a terminal */
};

void progress_init(struct progress *progress, const char *what, const char *unit, uint64_t total);
void progress_fini(struct progress *progress);

/* n more are done. */
void progress_add(struct progress *progress, uint64_t n);

/* The line at a point of clock_monotonic_us(), ended by NUL, without line feed. */
void progress_format(const struct progress *progress, int64_t now_us, char out[PROGRESS_LINE_SIZE]);

#endif
