/* tree.h - documents for tests: JSON in single quotes becomes a tree, and a pointer changes one
 * node of it.
 *
 * Beyond JSON: #123/2 is the decimal of protobuf money (123 / 10^2), a text may hold any byte but a
 * quote, and in a text \0 is a NUL, \q a quote and \\ a backslash.  A mistake in the text of a test
 * fails the test.  Texts are borrowed from the JSON unless they hold an escape, whose text is
 * written into the tree's own buffer. */
#ifndef TESTS_UNIT_TREE_H
#define TESTS_UNIT_TREE_H

#include "form/document.h"

#define TREE_NODES_MAX 4096
#define TREE_TEXT_MAX  65536

struct tree {
    struct document doc;
    struct node nodes[TREE_NODES_MAX];
    char text[TREE_TEXT_MAX];
    uint32_t text_n;
};

/* The whole document. */
void tree_read(struct tree *tree, const char *json);

/* The node at a JSON pointer (without escapes); NULL when there is none. */
struct node *tree_at(struct tree *tree, const char *pointer);

/* Put a value at a pointer: instead of what is there, or as the last field of its object or the
 * last element of its list (any name that is not there, "-"). */
void tree_set(struct tree *tree, const char *pointer, const char *json);

/* Take away what is at the pointer. */
void tree_remove(struct tree *tree, const char *pointer);

#endif
