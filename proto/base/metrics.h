/* metrics.h - counters, gauges and histograms, described once and shown as Prometheus text.
 *
 * A program writes one .def table with METRIC(ID, "name", KIND, UNIT, "label", values, series,
 * help) and makes its enum and its array of struct metric from it (see metrics_row below).
 *
 * Promises: writing never blocks, never allocates and may be done by any thread; a reader sees each
 * number whole; the text follows the exposition format 0.0.4.  Values are integers: durations are
 * given in microseconds and shown in seconds.
 *
 * A series of a labelled metric is shown from its first write on, one without a label always. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* How values are shown, and the bounds of a histogram. */
enum metric_unit {
    METRIC_UNIT_NONE,    /* as they are; 1, 2, 5, 10 … 10000 */
    METRIC_UNIT_SECONDS, /* given in microseconds; 100 µs, 250 µs, 500 µs … 60 s */
    METRIC_UNIT_BYTES    /* as they are; 256, 1 Ki, 4 Ki … 64 Mi */
};

struct metric {
    const char *name; /* a counter ends in _total, a unit comes before it: _seconds, _bytes */
    enum metric_kind kind;
    enum metric_unit unit;
    const char *label;         /* NULL = none */
    const char *const *values; /* the label's value of each series; NULL: its number from 0 */
    size_t series_n;           /* 1 without a label */
    const char *help;          /* one sentence, no line feed */
};

/* A row of the array from a line of the table:
 *   #define METRIC(ID, name, kind, unit, label, values, series, help) \
 *       METRICS_ROW(name, kind, unit, label, values, series, help) */
#define METRICS_ROW(name, kind, unit, label, values, series, help)                                 \
    {name, METRIC_##kind, METRIC_UNIT_##unit, label, values, series, help},

struct metrics;

/* table: keeps.  ret: gives; metrics_close(). */
MUST_CHECK enum status metrics_open(const struct metric *table, size_t n, struct metrics **ret,
                                    struct failure *err);
void metrics_close(struct metrics *metrics);

/* id is the row, series the series in it: 0 without a label.  A metrics of NULL does nothing, so
 * that tests of the callers need none. */
void metrics_add(struct metrics *metrics, size_t id, size_t series, uint64_t n);    /* counter */
void metrics_set(struct metrics *metrics, size_t id, size_t series, int64_t value); /* gauge */
void metrics_observe(struct metrics *metrics, size_t id, size_t series, uint64_t value);
/* A gauge that ended (a partition went away) is shown no more until it is set again. */
void metrics_hide(struct metrics *metrics, size_t id, size_t series);

/* What a counter or gauge stands at; 0 for NULL. */
int64_t metrics_get(const struct metrics *metrics, size_t id, size_t series);

/* The text of all; failures stay in out. */
void metrics_write(const struct metrics *metrics, struct buffer *out);

#endif
