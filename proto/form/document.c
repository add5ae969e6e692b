#include "form/document.h"

#include <string.h>

const struct node *document_find(const struct document *doc, const struct node *object,
                                 const char *name)
{
    const size_t n = strlen(name);
    uint32_t i = object->kind == NODE_OBJECT ? object->child : 0;

    while (i != 0) {
        const struct node *child = &doc->nodes[i];

        if (child->name.n == n && memcmp(child->name.at, name, n) == 0) {
            return child;
        }
        i = child->next;
    }
    return NULL;
}

struct node *document_add(struct document *doc, struct node *parent, struct node *last,
                          enum node_kind kind)
{
    struct node *node;

    if (doc->n >= doc->max) {
        return NULL;
    }
    node = &doc->nodes[doc->n];
    *node = (struct node){.kind = kind};
    if (last) {
        last->next = doc->n;
    } else if (parent) {
        parent->child = doc->n;
    }
    doc->n++;
    return node;
}
