/* chance.h - the system's chance, for tokens and ids; never for deciding. */
#ifndef BASE_CHANCE_H
#define BASE_CHANCE_H

#include <stddef.h>

#include "base/status.h"

/* n bytes at out, fit for keys.  STATUS_IO: the system gives none. */
MUST_CHECK enum status chance_fill(void *out, size_t n, struct failure *err);

#endif
