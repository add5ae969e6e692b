/* form_offset.h - where a value goes, for the rows of tables that are read into structs.
 *
 * A constant.  Does not compile when the member is not of the type that the reader of the row
 * writes: a wrong offset would corrupt a record in silence. */
#ifndef FORM_FORM_OFFSET_H
#define FORM_FORM_OFFSET_H

#include <stddef.h>

/* The type cannot stand in parentheses. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define FORM_OFFSET(type, member, want)                                                            \
    (offsetof(struct type, member) +                                                               \
     0 * sizeof(char[_Generic(((struct type *)0)->member, want : 1, default                        \
                              : -1)]))
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
