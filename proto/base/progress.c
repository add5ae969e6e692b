#include "base/progress.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define BAR_WIDTH   24
#define DRAW_US_MIN 200000
#define US_A_SECOND 1000000

/* Numbers of work are far below it; above, rates would overflow. */
#define DONE_MAX (UINT64_MAX / US_A_SECOND)

void progress_init(struct progress *progress, const char *what, const char *unit, uint64_t total)
{
    const int64_t now_us = clock_monotonic_us();

    *progress = (struct progress){
        .what = what,
        .unit = unit,
        .total = total,
        .start_us = now_us,
        .drawn_us = now_us,
        .shown = isatty(STDERR_FILENO) == 1,
    };
}

static void draw(struct progress *progress, int64_t now_us)
{
    char line[PROGRESS_LINE_SIZE];

    progress_format(progress, now_us, line);
    (void)fprintf(stderr, "\r%s\033[K", line);
    (void)fflush(stderr);
    progress->drawn_us = now_us;
}

void progress_fini(struct progress *progress)
{
    if (progress && progress->shown) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        progress->shown = false;
    }
}

void progress_add(struct progress *progress, uint64_t n)
{
    int64_t now_us = 0;

    progress->done += n;
    if (!progress->shown) {
        return;
    }
    now_us = clock_monotonic_us();
    if (now_us - progress->drawn_us >= DRAW_US_MIN) {
        draw(progress, now_us);
    }
}

static void bar(char out[BAR_WIDTH + 1], uint64_t percent)
{
    const size_t full = (size_t)(percent * BAR_WIDTH / 100);

    memset(out, ' ', BAR_WIDTH);
    memset(out, '=', full);
    if (full < BAR_WIDTH) {
        out[full] = '>';
    }
    out[BAR_WIDTH] = '\0';
}

void progress_format(const struct progress *progress, int64_t now_us, char out[PROGRESS_LINE_SIZE])
{
    const uint64_t done = progress->done < DONE_MAX ? progress->done : DONE_MAX;
    const int64_t passed_us = now_us - progress->start_us;
    const uint64_t rate = passed_us > 0 ? done * US_A_SECOND / (uint64_t)passed_us : 0;
    uint64_t percent = 0;
    uint64_t left_s = 0;
    char bar_text[BAR_WIDTH + 1];

    if (progress->total == 0) {
        (void)snprintf(out, PROGRESS_LINE_SIZE, "%.20s  %" PRIu64 " %.16s  %" PRIu64 "/s",
                       progress->what, done, progress->unit, rate);
        return;
    }
    percent = done < progress->total ? done * 100 / progress->total : 100;
    left_s = rate > 0 && done < progress->total ? (progress->total - done) / rate : 0;
    bar(bar_text, percent);
    (void)snprintf(out, PROGRESS_LINE_SIZE,
                   "%.20s  [%s] %3u %%  %" PRIu64 " %.16s  %" PRIu64 "/s  %" PRIu64 ":%02u left",
                   progress->what, bar_text, (unsigned)percent, done, progress->unit, rate,
                   left_s / 60, (unsigned)(left_s % 60));
}
