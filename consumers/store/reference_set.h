/* reference_set.h - the reference data of a ledger on the heap, as bulletins bring it.
 *
 * One set is shared by all partitions of a process: they meet the same bulletins in the same order,
 * and every look-up says as of which bulletin (consumers/core/reference.h).  One thread at a time.
 *
 * Promises:
 *   F1  applying a bulletin again with the same content changes nothing;
 *   F2  what reference_set_reference() gives stays at its place, but its arrays move when a
 *       bulletin is applied: rows, members and lists keep their place until the set is closed. */
#ifndef STORE_REFERENCE_SET_H
#define STORE_REFERENCE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/core/reference.h"

struct reference_set;

/* gives *ret: reference_set_close(). */
MUST_CHECK enum status reference_set_open(struct reference_set **ret, struct failure *err);
/* Takes NULL. */
void reference_set_close(struct reference_set *set);

/* Borrowed until the set is closed. */
const struct reference *reference_set_reference(const struct reference_set *set);

/* Is the bulletin in the set? */
bool reference_set_has(const struct reference_set *set, uint64_t number);

/* Add what an accepted bulletin brings; content are the bytes of its Content, of which the set
 * keeps a copy.  Numbers ascend without gaps, from 0, or from 1 where there is no founding record
 * (a pack). Other content under a number that is there: STATUS_CONFLICT.  Content that does not
 * pass reference_read(): STATUS_CORRUPT (it was accepted once). */
MUST_CHECK enum status reference_set_apply(struct reference_set *set, uint64_t number,
                                           struct bytes content, struct failure *err);

/* The bytes of a bulletin's Content; n is 0 when it is not there. */
struct bytes reference_set_content(const struct reference_set *set, uint64_t number);

/* For what-if: from now on every policy in force, whichever bulletin brought it or will bring it,
 * counts as this one; before the first there still is none.  Keeps the texts of the policy, which
 * outlive the set; its rows are copied.  A second call replaces the first. */
MUST_CHECK enum status reference_set_force_policy(struct reference_set *set,
                                                  const struct policy *policy, struct failure *err);

#endif
