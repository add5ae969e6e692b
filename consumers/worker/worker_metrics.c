#include "consumers/worker/worker_metrics.h"

enum batch_outcome { BATCH_STORED, BATCH_FENCED, BATCH_DROPPED, BATCH_DOUBTED, BATCH_OUTCOMES_N };
static const char *const batch_outcomes[] = {"stored", "fenced", "dropped", "doubted"};
_Static_assert(sizeof(batch_outcomes) / sizeof(batch_outcomes[0]) == BATCH_OUTCOMES_N, "words");

enum publication_outcome {
    PUBLICATION_DONE,
    PUBLICATION_RECYCLED,
    PUBLICATION_ABORTED,
    PUBLICATION_FENCED,
    PUBLICATION_OUTCOMES_N
};
static const char *const publication_outcomes[] = {"done", "recycled", "aborted", "fenced"};
_Static_assert(sizeof(publication_outcomes) / sizeof(publication_outcomes[0]) ==
                   PUBLICATION_OUTCOMES_N,
               "words");

enum checkpoint_outcome { CHECKPOINT_WRITTEN, CHECKPOINT_FAILED, CHECKPOINT_OUTCOMES_N };
static const char *const checkpoint_outcomes[] = {"written", "failed"};
_Static_assert(sizeof(checkpoint_outcomes) / sizeof(checkpoint_outcomes[0]) ==
                   CHECKPOINT_OUTCOMES_N,
               "words");

enum worker_metric {
#define METRIC(ID, name, kind, unit, label, values, series, help) METRIC_ID_##ID,
#include "consumers/worker/metrics.def"
#undef METRIC
    METRIC_ID_N
};

static const struct metric table[] = {
#define METRIC(ID, name, kind, unit, label, values, series, help)                                  \
    METRICS_ROW(name, kind, unit, label, values, series, help)
#include "consumers/worker/metrics.def"
#undef METRIC
};

enum status worker_metrics_open(struct metrics **ret, struct failure *err)
{
    return metrics_open(table, METRIC_ID_N, ret, err);
}

/* The engine counts from its start, as the metrics do: what is new is added. */
static void count(struct metrics *m, size_t id, size_t series, uint64_t total)
{
    const int64_t before = metrics_get(m, id, series);

    if ((int64_t)total > before) {
        metrics_add(m, id, series, total - (uint64_t)before);
    }
}

static void update_counters(struct metrics *m, const struct engine_counters *is)
{
    count(m, METRIC_ID_RECORDS, 0, is->records);
    count(m, METRIC_ID_DECISIONS, 0, is->decisions);
    count(m, METRIC_ID_BATCHES, BATCH_STORED, is->batches_stored);
    count(m, METRIC_ID_BATCHES, BATCH_FENCED, is->batches_fenced);
    count(m, METRIC_ID_BATCHES, BATCH_DROPPED, is->batches_dropped);
    count(m, METRIC_ID_BATCHES, BATCH_DOUBTED, is->batches_doubted);
    count(m, METRIC_ID_PUBLICATIONS, PUBLICATION_DONE, is->publications_done);
    count(m, METRIC_ID_PUBLICATIONS, PUBLICATION_RECYCLED, is->publications_recycled);
    count(m, METRIC_ID_PUBLICATIONS, PUBLICATION_ABORTED, is->publications_aborted);
    count(m, METRIC_ID_PUBLICATIONS, PUBLICATION_FENCED, is->publications_fenced);
    count(m, METRIC_ID_CLAIMS, 0, is->claims);
    count(m, METRIC_ID_RECOVERED, 0, is->recovered_decisions);
}

static void update_partition(struct metrics *m, const struct engine *engine, uint32_t p)
{
    static const size_t ids[] = {METRIC_ID_NUMBER, METRIC_ID_PUBLISHED, METRIC_ID_NEXT_OFFSET,
                                 METRIC_ID_HELD,   METRIC_ID_STATES,    METRIC_ID_STATES_DIRTY};
    struct engine_partition_status is;

    if (!engine_partition_status(engine, p, &is) || is.state != ENGINE_OWNED) {
        for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
            metrics_hide(m, ids[i], p);
        }
        return;
    }
    metrics_set(m, METRIC_ID_NUMBER, p, (int64_t)is.number);
    metrics_set(m, METRIC_ID_PUBLISHED, p, (int64_t)is.published_number);
    metrics_set(m, METRIC_ID_NEXT_OFFSET, p, is.next_offset);
    metrics_set(m, METRIC_ID_HELD, p, (int64_t)is.held_n);
    metrics_set(m, METRIC_ID_STATES, p, (int64_t)is.states_n);
    metrics_set(m, METRIC_ID_STATES_DIRTY, p, (int64_t)is.dirty_n);
}

void worker_metrics_update(struct metrics *m, const struct engine *engine,
                           int64_t publisher_busy_us)
{
    struct engine_status is;

    engine_status(engine, &is);
    update_counters(m, &is.counters);
    metrics_set(m, METRIC_ID_PARTITIONS_OWNED, 0, is.owned_n);
    metrics_set(m, METRIC_ID_PARTITIONS_CLAIMING, 0, is.claiming_n);
    metrics_set(m, METRIC_ID_PUBLISHER_BUSY, 0, publisher_busy_us);
    for (uint32_t p = 0; p < is.partitions_n && p < METRIC_PARTITIONS_MAX; p++) {
        update_partition(m, engine, p);
    }
}

void worker_metrics_views(struct metrics *m, uint64_t lag)
{
    metrics_set(m, METRIC_ID_VIEWS_LAG, 0, (int64_t)lag);
}

void worker_metrics_checkpoints(struct metrics *m, const struct engine *engine,
                                const struct checkpointer *checkpointer)
{
    struct checkpointer_counts counts;
    struct engine_status is;

    engine_status(engine, &is);
    checkpointer_count(checkpointer, &counts);
    count(m, METRIC_ID_CHECKPOINTS, CHECKPOINT_WRITTEN, counts.written);
    count(m, METRIC_ID_CHECKPOINTS, CHECKPOINT_FAILED, counts.failed);
    metrics_set(m, METRIC_ID_CHECKPOINT_WAITING, 0, counts.waiting_ms * 1000);
    for (uint32_t p = 0; p < is.partitions_n && p < METRIC_PARTITIONS_MAX; p++) {
        struct engine_partition_status of;

        if (engine_partition_status(engine, p, &of) && of.state == ENGINE_OWNED) {
            metrics_set(m, METRIC_ID_CHECKPOINT, p, (int64_t)checkpointer_number(checkpointer, p));
        } else {
            metrics_hide(m, METRIC_ID_CHECKPOINT, p);
        }
    }
}
