/* negative_list.h - may foreigners hold this share in this industry (rulebook S11)?
 *
 * Core-internal. */
#ifndef CORE_NEGATIVE_LIST_H
#define CORE_NEGATIVE_LIST_H

#include <stdint.h>

#include "consumers/core/context.h"

/* Every row in force on the business date whose prefix begins the industry counts: 213 at field
 * when one prohibits it or the share is above its cap, else 402 at field when one asks for a
 * review.  A foreign share of 0 is not tested. */
void negative_list_check(struct context *c, struct text industry, int64_t foreign_bp,
                         const char *field);

#endif
