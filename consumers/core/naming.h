/* naming.h - the numbers that a filing names: keys of held filings (H1) and its own objects.
 *
 * Core-internal. */
#ifndef CORE_NAMING_H
#define CORE_NAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "consumers/core/enterprise.h"

/* Keys of a filing: its numbers with their space, and financing or lending (H1).  A reversal has
 * those of its original, given as its undo (NULL: not accepted, no keys); review and withdrawal
 * have none. */
uint32_t naming_keys(const struct filing *filing, const struct undo *original,
                     struct held_key keys[HELD_KEYS_MAX]);

/* Fill the object of a limit id with the number that the filing itself names for such a limit. */
void naming_own_object(const struct filing *filing, struct limit_id *id);

/* Are object and part of the limit those of the filing's own details? */
bool naming_is_own(const struct filing *filing, const struct limit_id *id);

#endif
