/* input.h - the file to be published: opened, counted and, for a report, hashed.
 *
 * With a report, standard input is copied to <report>.input first, so that a run that was killed
 * can go on from there; the copy takes its name only when the report has accepted its hash
 * (input_keep()), so that the copy of another input is never overwritten. */
#ifndef PUBLISH_INPUT_H
#define PUBLISH_INPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "form/decision.h"

struct input {
    int fd;                      /* at the first byte */
    const char *name;            /* "-" is shown as "standard input" */
    uint64_t lines_n;            /* line feeds in it; 0 when it was not read through */
    uint8_t sha256[DIGEST_SIZE]; /* with a report only */
    char copy[PATH_MAX];         /* of standard input; "" = none */
    char part[PATH_MAX];         /* the copy under way; "" = none */
};

struct input_conf {
    const char *path;   /* kept; "-": standard input */
    const char *report; /* NULL: no hash, no copy */
    bool is_counted;    /* read a plain file through for lines_n */
};

/* STATUS_NOTFOUND, STATUS_IO.  A stop asked for by signal while standard input is copied is
 * STATUS_IO with EINTR in os.  *ret is to be closed by input_close(), also after a failure. */
MUST_CHECK enum status input_open(const struct input_conf *conf, struct input *ret,
                                  struct failure *err);
MUST_CHECK enum status input_keep(struct input *input, struct failure *err);
void input_close(struct input *input);

#endif
