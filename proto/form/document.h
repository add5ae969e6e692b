/* document.h - a record as it was written, before anything in it is believed.
 *
 * A filing or a reference object arrives as protobuf or as JSON; both become the same small tree,
 * so that one set of tables checks both and names a fault by the same JSON pointer.  Nodes lie in
 * one array that the caller owns; node 0 is the root; 0 as child or next means none.  Names and
 * texts are borrowed from the bytes that were read.
 *
 * An unknown protobuf field is a node whose name is its field number and whose kind is NODE_NULL:
 * no field of ours has such a name, so it is reported as unknown at its parent's pointer. */
#ifndef FORM_DOCUMENT_H
#define FORM_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "form/filing.h"

enum node_kind {
    NODE_NULL, /* JSON null, or an unknown protobuf field */
    NODE_OBJECT,
    NODE_LIST,
    NODE_TEXT,    /* text; may hold any bytes, UTF-8 is not yet checked */
    NODE_INTEGER, /* integer */
    NODE_BOOLEAN, /* integer, 0 or 1 */
    NODE_DECIMAL, /* integer / 10^scale: the value of protobuf money */
    NODE_NUMBER,  /* a JSON number that is no 64-bit integer, or a scale above 18: always ill-typed
                   */
};

struct node {
    struct text name; /* empty for the root and for list elements */
    struct text text;
    int64_t integer;
    uint32_t scale;
    uint32_t next;  /* sibling */
    uint32_t child; /* first child, in the order written */
    enum node_kind kind;
};

struct document {
    struct node *nodes; /* borrowed */
    uint32_t n;
    uint32_t max;
    /* Of a filing read from protobuf: the name of the details member that was there ("fdi_inflow");
     * empty for JSON, where details have no name of their own. */
    struct text details_member;
};

/* The child of an object by name, or NULL. Of several with one name (protobuf cannot, JSON is
 * refused before) the first. */
const struct node *document_find(const struct document *doc, const struct node *object,
                                 const char *name);

/* Append a node below parent (NULL for the root), after last (its previous sibling, NULL for the
 * first). NULL when the array is full: the record is then undecodable. */
struct node *document_add(struct document *doc, struct node *parent, struct node *last,
                          enum node_kind kind);

#endif
