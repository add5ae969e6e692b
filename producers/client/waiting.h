/* waiting.h - records in the log whose decisions somebody waits for.
 *
 * A record is known by its place; of the decisions on it the one that it triggered itself counts: a
 * filing that is HELD and decided again later has been answered. */
#ifndef CLIENT_WAITING_H
#define CLIENT_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "form/decision.h"
#include "form/document.h"
#include "wire/decision_codec.h"

#define WAITING_NUMBERS_SIZE 192 /* five numbers of a filing, each short: rulebook F1, 111 */

struct waiting;

/* What is known of a record until its decision comes. */
struct waiting_item {
    uint64_t line;          /* of a file; 0: none */
    void *tag;              /* the caller's */
    struct own_numbers own; /* texts lie in numbers */
    char numbers[WAITING_NUMBERS_SIZE];
};

/* A copy of a filing's own numbers that outlives its document; those that do not fit are left out.
 * doc NULL: none.  NULL when there is no memory; else gives: waiting_add() takes it, or free(). */
struct waiting_item *waiting_item_new(uint64_t line, void *tag, const struct document *doc);

MUST_CHECK enum status waiting_open(int32_t partitions, struct waiting **ret, struct failure *err);
/* Frees what still waits. */
void waiting_close(struct waiting *waiting);

/* takes item on STATUS_OK.  STATUS_INVALID: there is something at this place, or no such partition.
 */
MUST_CHECK enum status waiting_add(struct waiting *waiting, int32_t partition, int64_t offset,
                                   struct waiting_item *item);

/* The record of this decision, which waits no longer, or NULL.  gives: free(). */
struct waiting_item *waiting_take(struct waiting *waiting, const struct decision *decision);

uint64_t waiting_n(const struct waiting *waiting);

#endif
