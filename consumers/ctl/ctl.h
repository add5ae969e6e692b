/* ctl.h - what the commands of filingctl share: settings, topics, output, and one signature.
 *
 * A command is a function of this type.  It writes data to ctl->out and talks on stderr; a failure
 * is its status, which main() reports and turns into an exit code (base/exit.h), unless the command
 * set ctl->code to one of its own.  Everything in struct ctl is borrowed for the call. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/conf.h"
#include "base/exit.h"
#include "base/status.h"
#include "consumers/ctl/output.h"
#include "kafka/settings.h"
#include "wire/hash.h"
#include "wire/headers.h"

enum reference_format { FORMAT_OBJECTS, FORMAT_PARITY, FORMAT_ECB };

/* Which tables of what-if are shown. */
enum what_if_table { SHOW_ALL, SHOW_FLIPS, SHOW_LIMITS, SHOW_SUMS };

enum export_format { EXPORT_CSV, EXPORT_JSONL };

struct ctl_settings {
    const char *operator_key_file;
    int64_t partitions;
    int64_t replication;
    int64_t min_isr;
    const char *id;
    struct conf_list keys;
    bool demo;
    bool in_memory;
    int format; /* enum reference_format */
    const char *from;
    const char *to;
    const char *as_of;
    const char *enterprise;
    const char *bank;
    const char *outcome;
    const char *event;
    int64_t at; /* -1 = the last bulletin */
    bool follow;
    int64_t partition; /* -1 = all */
    const char *from_checkpoint;
    bool complete;
    bool topics_only;
    const char *work;
    const char *base;
    int64_t threads;
    bool bytes;
    const char *authority_bank;
    const char *authority_key_file;
    const char *authority_key_id;
    const char *maker;
    const char *checker;
    const char *officer;
    const char *reason;
    const char *filing;
    const char *ledger;
    const char *operators;
    const char *policy;
    int show;          /* enum what_if_table */
    int export_format; /* enum export_format */
    bool yes;
    bool each;
    int64_t rate;        /* records a second */
    int64_t from_number; /* of the first decision that is missing in the topic */
};

struct ctl {
    const struct ctl_settings *settings;
    const struct conf_common *common;
    struct topics topics;
    FILE *out;           /* data */
    enum exit_code code; /* EXIT_DONE: by the status */
};

typedef enum status ctl_verb_fn(struct ctl *ctl, struct failure *err);

ctl_verb_fn topics_apply, topics_show;
ctl_verb_fn dead_letters_list, dead_letters_show, dead_letters_redrive;
ctl_verb_fn key_new;
ctl_verb_fn ledger_found;
ctl_verb_fn reference_propose, reference_approve, reference_show;
ctl_verb_fn decide_pack;
ctl_verb_fn ledger_show, filing_show, timeline_show, decisions_list, held_show, reason_explain;
ctl_verb_fn status_show, doctor_run;
ctl_verb_fn review_approve, review_refuse;
ctl_verb_fn checkpoint_list, checkpoint_witness;
ctl_verb_fn audit_numbers, audit_sequences, audit_operations;
ctl_verb_fn verify_ledger;
ctl_verb_fn evidence_export, evidence_prove;
ctl_verb_fn receipt_give, receipt_prove;
ctl_verb_fn what_if_show;
ctl_verb_fn export_rows;
ctl_verb_fn ledger_backup, ledger_rebuild, ledger_catch_up, decisions_republish;

/* librdkafka's options for a handle of this program; transactional id as for bulletins. */
struct kafka_options ctl_kafka(const struct ctl *ctl);

/* A handle of a role, once a broker answered: STATUS_KAFKA when none did for 10 s.
 * gives *ret: rd_kafka_destroy(). */
MUST_CHECK enum status ctl_kafka_open(const struct ctl *ctl, enum kafka_role role, rd_kafka_t **ret,
                                      struct failure *err);

/* Is it librdkafka's mock cluster? */
bool ctl_is_in_memory(rd_kafka_t *handle);

/* A date of a setting; NULL is DATE_NONE.  STATUS_USAGE names the option. */
MUST_CHECK enum status ctl_date(const char *option, const char *text, int32_t *ret,
                                struct failure *err);

/* A point in time of a setting: RFC 3339, or a date, of which the first or last millisecond in
 * Asia/Shanghai counts.  NULL leaves *ret_ms.  STATUS_USAGE names the option. */
enum day_end { DAY_BEGINS, DAY_ENDS };
MUST_CHECK enum status ctl_time(const char *option, const char *text, enum day_end day_end,
                                int64_t *ret_ms, struct failure *err);

/* A ledger id of a setting.  STATUS_USAGE. */
MUST_CHECK enum status ctl_ledger_id(const char *text, uint8_t out[LEDGER_ID_SIZE],
                                     struct failure *err);

#define CTL_TIMEOUT_MS 10000

#endif
