/* exit.h - the exit codes that every program shares (design, section 7), and the one way to report.
 *
 * Promise: a number has one meaning in every program, and the table printed by --help is this one.
 */
#ifndef BASE_EXIT_H
#define BASE_EXIT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/status.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,       /* failure; also: nothing found, findings, --wait ran out */
    EXIT_USAGE = 2,        /* the command line */
    EXIT_REFUSED = 3,      /* done, but some records were refused */
    EXIT_DIFFERENCE = 4,   /* verification found a difference */
    EXIT_DENIED = 5,       /* not permitted */
    EXIT_UNREACHABLE = 6,  /* broker or store unreachable or full */
    EXIT_INTERNAL = 70,    /* restart me */
    EXIT_STATE = 78,       /* configuration or state that a person must look at */
    EXIT_INTERRUPTED = 130 /* by a signal */
};

/* What the number means, as --help says it; "" for a number that is not in the enum. */
const char *exit_meaning(enum exit_code code);

/* Every code in order: i from 0; false past the last. */
bool exit_at(unsigned i, enum exit_code *ret_code);

/* The code of a failure nobody knows better: USAGE 2, DENIED 5, KAFKA 6, NOMEM 70, CORRUPT and
 * CONFLICT 78, the others 1.  An IO failure of the store is 6: its caller knows. */
enum exit_code exit_of(enum status status);

/* "program: text" on out (stderr), after USAGE a line that names --help.  Borrows all; returns
 * exit_of(err->status). */
enum exit_code exit_report(FILE *out, const char *program, const struct failure *err);

#endif
