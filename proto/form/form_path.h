/* form_path.h - the JSON pointer of a field, built step by step.
 *
 * Pure.  A pointer that would not fit into FIELD_PATH_SIZE is cut between two characters and stays
 * so: what is appended later is dropped.  A NUL in a name cuts too, as a pointer is kept as a
 * string ended by NUL. */
#ifndef FORM_FORM_PATH_H
#define FORM_FORM_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "form/filing.h"
#include "form/reason.h"

struct form_path {
    char at[FIELD_PATH_SIZE]; /* ended by NUL */
    uint32_t n;
    bool cut;
};

/* The empty pointer, the whole. */
void form_path_reset(struct form_path *path);

/* A slash and the name, with ~ as ~0 and / as ~1.  Borrows both. */
void form_path_name(struct form_path *path, struct text name);

/* The same for a name of ours.  Borrows both. */
void form_path_literal(struct form_path *path, const char *name);

/* A slash and the place in a list, from 0. */
void form_path_index(struct form_path *path, uint32_t i);

#endif
