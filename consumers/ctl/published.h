/* published.h - the decisions of one partition as they are published, read against a store.
 *
 * Promises:
 *   U1  every decision that is passed over on the way to the first one which the store does not
 * have was found equal, byte for byte, to the journal's of the same number, and their numbers go up
 * by one: from the store's hint on when that is right, else from the first of the topic; U2  only
 * what is committed is read, up to the end given, however long the last stable offset stands below
 * it (the reader gives up after 30 s of silence).
 *
 * Errors: a difference as repair_differ() tells it. */
#ifndef CTL_PUBLISHED_H
#define CTL_PUBLISHED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/ctl/repair.h"
#include "consumers/engine/desk.h"
#include "consumers/store/store.h"

struct published;

struct published_conf {
    struct repair *repair; /* kept, and standing, as all here */
    struct store *store;
    struct desk *desk; /* to read decisions with */
    uint32_t partition;
    const struct store_row *row; /* borrowed */
};

/* Reads up to the first decision that the store does not have.  gives *ret: published_close(). */
MUST_CHECK enum status published_open(const struct published_conf *conf, struct published **ret,
                                      struct failure *err);
void published_close(struct published *published);

/* The first decision that was not passed yet, its value borrowed until it is passed; false at the
 * end. */
bool published_next(const struct published *published, struct bytes *ret);
/* Pass it. */
MUST_CHECK enum status published_pass(struct published *published, struct failure *err);

/* Number and offset of the last one that was passed; number 0 = none. */
uint64_t published_number(const struct published *published);
int64_t published_offset(const struct published *published);

#endif
