#include "base/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BOUNDS_MAX  20
#define US_A_SECOND 1000000
#define DECIMALS    6

/* Upper bounds, inclusive, ended by 0; the last bucket is +Inf. */
static const uint64_t bounds[][BOUNDS_MAX] = {
    [METRIC_UNIT_NONE] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 0},
    [METRIC_UNIT_SECONDS] = {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
                             500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000, 0},
    [METRIC_UNIT_BYTES] = {256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216,
                           67108864, 0},
};

/* One series.  A counter and a gauge are sum alone. */
struct cell {
    atomic_bool shown;
    _Atomic int64_t sum;
    _Atomic uint64_t buckets[BOUNDS_MAX]; /* of a histogram; the one after the last bound is +Inf */
};

struct metrics {
    const struct metric *table;
    size_t n;
    size_t *first; /* of each row: its first cell */
    struct cell *cells;
};

enum status metrics_open(const struct metric *table, size_t n, struct metrics **ret,
                         struct failure *err)
{
    struct metrics *m = calloc(1, sizeof(*m));
    size_t cells_n = 0;

    if (!m) {
        goto fail;
    }
    m->table = table;
    m->n = n;
    m->first = calloc(n + 1, sizeof(*m->first));
    if (!m->first) {
        goto fail;
    }
    for (size_t i = 0; i < n; i++) {
        assert(table[i].series_n > 0 && (table[i].label || table[i].series_n == 1));
        m->first[i] = cells_n;
        cells_n += table[i].series_n;
    }
    m->first[n] = cells_n;
    m->cells = calloc(cells_n + 1, sizeof(*m->cells));
    if (!m->cells) {
        goto fail;
    }
    for (size_t i = 0; i < n; i++) {
        atomic_store(&m->cells[m->first[i]].shown, table[i].label == NULL);
    }
    *ret = m;
    return STATUS_OK;

fail:
    metrics_close(m);
    return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot open metrics: out of memory");
}

void metrics_close(struct metrics *metrics)
{
    if (!metrics) {
        return;
    }
    free(metrics->first);
    free(metrics->cells);
    free(metrics);
}

static struct cell *cell_of(const struct metrics *metrics, size_t id, size_t series)
{
    assert(id < metrics->n);
    assert(series < metrics->table[id].series_n);
    return &metrics->cells[metrics->first[id] + series];
}

/* A series is shown only when its number is there. */
static void show(struct cell *cell)
{
    atomic_store_explicit(&cell->shown, true, memory_order_release);
}

void metrics_add(struct metrics *metrics, size_t id, size_t series, uint64_t n)
{
    struct cell *cell;

    if (!metrics) {
        return;
    }
    assert(metrics->table[id].kind == METRIC_COUNTER);
    cell = cell_of(metrics, id, series);
    (void)atomic_fetch_add_explicit(&cell->sum, (int64_t)n, memory_order_relaxed);
    show(cell);
}

void metrics_set(struct metrics *metrics, size_t id, size_t series, int64_t value)
{
    struct cell *cell;

    if (!metrics) {
        return;
    }
    assert(metrics->table[id].kind == METRIC_GAUGE);
    cell = cell_of(metrics, id, series);
    atomic_store_explicit(&cell->sum, value, memory_order_relaxed);
    show(cell);
}

void metrics_observe(struct metrics *metrics, size_t id, size_t series, uint64_t value)
{
    struct cell *cell;
    const uint64_t *bound;
    size_t i = 0;

    if (!metrics) {
        return;
    }
    assert(metrics->table[id].kind == METRIC_HISTOGRAM);
    cell = cell_of(metrics, id, series);
    bound = bounds[metrics->table[id].unit];
    while (bound[i] != 0 && value > bound[i]) {
        i++;
    }
    (void)atomic_fetch_add_explicit(&cell->sum, (int64_t)value, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&cell->buckets[i], 1, memory_order_relaxed);
    show(cell);
}

void metrics_hide(struct metrics *metrics, size_t id, size_t series)
{
    if (metrics) {
        assert(metrics->table[id].label);
        atomic_store(&cell_of(metrics, id, series)->shown, false);
    }
}

int64_t metrics_get(const struct metrics *metrics, size_t id, size_t series)
{
    return metrics ? atomic_load(&cell_of(metrics, id, series)->sum) : 0;
}

/* A value in the unit in which it is shown. */
static void put_value(struct buffer *out, enum metric_unit unit, int64_t value)
{
    const uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;

    buffer_text(out, value < 0 ? "-" : "");
    if (unit == METRIC_UNIT_SECONDS) {
        buffer_printf(out, "%" PRIu64 ".%0*" PRIu64, size / US_A_SECOND, DECIMALS,
                      size % US_A_SECOND);
    } else {
        buffer_printf(out, "%" PRIu64, size);
    }
}

/* Backslash, line feed and, in a label's value, the quote. */
static void put_escaped(struct buffer *out, const char *text, bool label)
{
    for (; *text; text++) {
        if (*text == '\\') {
            buffer_text(out, "\\\\");
        } else if (*text == '\n') {
            buffer_text(out, "\\n");
        } else if (*text == '"' && label) {
            buffer_text(out, "\\\"");
        } else {
            buffer_char(out, *text);
        }
    }
}

/* {label="value",le="0.1"}: bound NULL = no le, 0 = +Inf. */
static void put_labels(struct buffer *out, const struct metric *row, size_t series,
                       const uint64_t *bound)
{
    if (!row->label && !bound) {
        return;
    }
    buffer_char(out, '{');
    if (row->label && row->values) {
        buffer_printf(out, "%s=\"", row->label);
        put_escaped(out, row->values[series], true);
        buffer_char(out, '"');
    } else if (row->label) {
        buffer_printf(out, "%s=\"%zu\"", row->label, series);
    }
    if (bound) {
        buffer_printf(out, "%sle=\"", row->label ? "," : "");
        if (*bound == 0) {
            buffer_text(out, "+Inf");
        } else {
            put_value(out, row->unit, (int64_t)*bound);
        }
        buffer_char(out, '"');
    }
    buffer_char(out, '}');
}

static void put_histogram(struct buffer *out, const struct metric *row, size_t series,
                          const struct cell *cell)
{
    const uint64_t *bound = bounds[row->unit];
    uint64_t count = 0;

    for (size_t i = 0;; i++) {
        count += atomic_load_explicit(&cell->buckets[i], memory_order_relaxed);
        buffer_printf(out, "%s_bucket", row->name);
        put_labels(out, row, series, &bound[i]);
        buffer_printf(out, " %" PRIu64 "\n", count);
        if (bound[i] == 0) {
            break;
        }
    }
    buffer_printf(out, "%s_sum", row->name);
    put_labels(out, row, series, NULL);
    buffer_char(out, ' ');
    put_value(out, row->unit, atomic_load(&cell->sum));
    buffer_printf(out, "\n%s_count", row->name);
    put_labels(out, row, series, NULL);
    buffer_printf(out, " %" PRIu64 "\n", count);
}

static void put_series(struct buffer *out, const struct metric *row, size_t series,
                       const struct cell *cell)
{
    if (row->kind == METRIC_HISTOGRAM) {
        put_histogram(out, row, series, cell);
        return;
    }
    buffer_text(out, row->name);
    put_labels(out, row, series, NULL);
    buffer_char(out, ' ');
    put_value(out, row->unit, atomic_load(&cell->sum));
    buffer_char(out, '\n');
}

void metrics_write(const struct metrics *metrics, struct buffer *out)
{
    static const char *const kinds[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

    for (size_t i = 0; i < metrics->n; i++) {
        const struct metric *row = &metrics->table[i];

        buffer_printf(out, "# HELP %s ", row->name);
        put_escaped(out, row->help, false);
        buffer_printf(out, "\n# TYPE %s %s\n", row->name, kinds[row->kind]);
        for (size_t series = 0; series < row->series_n; series++) {
            const struct cell *cell = cell_of(metrics, i, series);

            if (atomic_load_explicit(&cell->shown, memory_order_acquire)) {
                put_series(out, row, series, cell);
            }
        }
    }
}
