/* verify_inside.h - what the parts of verify share: one partition being verified. */
#ifndef AUDIT_VERIFY_INSIDE_H
#define AUDIT_VERIFY_INSIDE_H

#include "consumers/audit/log_reader.h"
#include "consumers/audit/replay.h"
#include "consumers/audit/verify.h"
#include "consumers/engine/journal.h"

#define FINDINGS_MAX 100 /* of one kind and partition; the rest is counted */

/* The live store's states, read at one moment before the replay. */
struct live_states;

struct verify_case {
    const struct verify_conf *conf;
    struct verify_report *report;
    uint32_t partition;
    struct replay *replay;
    struct log_reader *decided;
    bool decided_ended;
    bool decided_differs; /* the first difference was named */
    struct store *live;   /* NULL: no store, or nothing of this partition in it */
    struct store_row row; /* of the live store at the start */
    struct journal_reader journal;
    struct buffer journal_copy;
    bool journal_is_read;
    bool journal_differs;
    struct live_states *states;
};

void verify_report_finding(struct verify_case *c, struct finding *finding);

/* One decision made again: with the topic, with the journal. */
MUST_CHECK enum status verify_decision(struct verify_case *c, const struct journal_entry *made,
                                       struct failure *err);
/* After the last: is there more in the topic, in the journal? */
MUST_CHECK enum status verify_decisions_end(struct verify_case *c, uint64_t number,
                                            struct failure *err);

MUST_CHECK enum status live_states_read(struct store *live, uint32_t partition,
                                        struct live_states **ret, struct failure *err);
void live_states_close(struct live_states *states);
/* The state of this enterprise may have changed: compare it if the live one is of this moment. */
MUST_CHECK enum status live_states_look(struct verify_case *c, const char *code,
                                        struct failure *err);
/* The same for all that were not compared yet (after a bulletin). */
MUST_CHECK enum status live_states_look_all(struct verify_case *c, struct failure *err);
/* After the last record: what was never met differs. */
MUST_CHECK enum status live_states_end(struct verify_case *c, struct failure *err);

MUST_CHECK enum status verify_index(struct verify_case *c, struct failure *err);
MUST_CHECK enum status verify_views(struct verify_case *c, struct failure *err);
MUST_CHECK enum status verify_held(struct verify_case *c, struct failure *err);

#endif
