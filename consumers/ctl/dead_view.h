/* dead_view.h - what the verbs of dead letters share: their bounds, and who sent a letter. */
#ifndef CTL_DEAD_VIEW_H
#define CTL_DEAD_VIEW_H

#include <stdint.h>

#include "base/status.h"
#include "consumers/audit/dead_letters.h"
#include "consumers/ctl/ctl.h"

/* Headers of a redriven record, beside those it had (CloudEvents wants no name of ours there). */
#define DEAD_HEADER_COUNT "filing-redrive-count" /* how often it was redriven */
#define DEAD_HEADER_FROM  "filing-redrive-from"  /* "<partition>:<offset>" of the dead letter */

/* Bounds of --from, --to and --partition.  STATUS_USAGE names the option. */
MUST_CHECK enum status dead_view_bounds(const struct ctl_settings *settings,
                                        struct dead_bounds *ret, struct failure *err);

/* A handle for reading; ret->handle: gives, rd_kafka_destroy().  Bounds are everything. */
MUST_CHECK enum status dead_view_open(const struct ctl *ctl, struct dead_conf *ret,
                                      struct failure *err);

/* The filing's bank, or the one that the headers name; n 0 = not known. */
struct text dead_view_bank(const struct dead_letter *letter);

/* How often it was redriven; a count that is none counts as too often. */
#define DEAD_REDRIVES_MAX 3
uint32_t dead_view_redrives(const struct dead_letter *letter);

/* "undecodable: cut off", "wrong key" */
#define DEAD_REASON_SIZE 48
void dead_view_reason(const struct dead_letter *letter, char out[DEAD_REASON_SIZE]);

#endif
