#include "tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEPTH_MAX 8

struct reader {
    struct tree *tree;
    const char *at;
};

static void skip_blanks(struct reader *reader) { reader->at += strspn(reader->at, " ,:\n"); }

static char escaped(char c)
{
    if (c == '0') {
        return '\0';
    }
    if (c == 'q') {
        return '\'';
    }
    return c;
}

static struct text read_text(struct reader *reader)
{
    struct tree *tree = reader->tree;
    struct text text = {.at = tree->text + tree->text_n, .n = 0};
    char *out = tree->text + tree->text_n;

    assert_int_equal(*reader->at, '\'');
    for (reader->at++; *reader->at != '\''; reader->at++) {
        char c = *reader->at;

        assert_int_not_equal(c, '\0');
        if (c == '\\') {
            reader->at++;
            c = escaped(*reader->at);
        }
        assert_true(tree->text_n < TREE_TEXT_MAX);
        out[text.n++] = c;
        tree->text_n++;
    }
    reader->at++;
    return text;
}

static void read_number(struct reader *reader, struct node *node)
{
    char *end = NULL;

    if (*reader->at == '#') {
        node->kind = NODE_DECIMAL;
        node->integer = strtoll(reader->at + 1, &end, 10);
        assert_int_equal(*end, '/');
        node->scale = (uint32_t)strtoul(end + 1, &end, 10);
        reader->at = end;
        return;
    }
    node->kind = NODE_INTEGER;
    node->integer = strtoll(reader->at, &end, 10);
    assert_ptr_not_equal(end, reader->at);
    reader->at = end;
    if (*end == '.' || *end == 'e') {
        node->kind = NODE_NUMBER;
        reader->at += strspn(reader->at, "0123456789.e");
    }
}

static const struct {
    const char *word;
    enum node_kind kind;
    int64_t integer;
} words[] = {{"null", NODE_NULL, 0}, {"true", NODE_BOOLEAN, 1}, {"false", NODE_BOOLEAN, 0}};

static void read_scalar(struct reader *reader, struct node *node)
{
    if (*reader->at == '\'') {
        node->kind = NODE_TEXT;
        node->text = read_text(reader);
        return;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const size_t n = strlen(words[i].word);

        if (strncmp(reader->at, words[i].word, n) == 0) {
            node->kind = words[i].kind;
            node->integer = words[i].integer;
            reader->at += n;
            return;
        }
    }
    read_number(reader, node);
}

/* A value, with all that lies in it, into a node that is there. */
static void read_value(struct tree *tree, struct node *node, const char *json)
{
    struct reader reader = {.tree = tree, .at = json};
    struct node *parents[DEPTH_MAX];
    struct node *lasts[DEPTH_MAX];
    uint32_t depth = 0;
    struct node *value = node;

    for (;;) {
        skip_blanks(&reader);
        if (*reader.at == '{' || *reader.at == '[') {
            assert_true(depth < DEPTH_MAX);
            value->kind = *reader.at == '{' ? NODE_OBJECT : NODE_LIST;
            reader.at++;
            parents[depth] = value;
            lasts[depth] = NULL;
            depth++;
        } else {
            read_scalar(&reader, value);
        }
        skip_blanks(&reader);
        while (depth > 0 && (*reader.at == '}' || *reader.at == ']')) {
            reader.at++;
            depth--;
            skip_blanks(&reader);
        }
        if (depth == 0) {
            break;
        }
        value = document_add(&tree->doc, parents[depth - 1], lasts[depth - 1], NODE_NULL);
        assert_non_null(value);
        lasts[depth - 1] = value;
        if (parents[depth - 1]->kind == NODE_OBJECT) {
            value->name = read_text(&reader);
        }
    }
    assert_int_equal(*reader.at, '\0');
}

void tree_read(struct tree *tree, const char *json)
{
    struct node *root;

    tree->doc = (struct document){.nodes = tree->nodes, .max = TREE_NODES_MAX};
    tree->text_n = 0;
    root = document_add(&tree->doc, NULL, NULL, NODE_NULL);
    read_value(tree, root, json);
}

/* Where the index of the node of that step stands: in its parent or in the sibling before; the 0 at
 * the end of the siblings when there is no such node. */
static uint32_t *step_link(struct tree *tree, struct node *parent, const char *step, size_t n)
{
    uint32_t *link = &parent->child;
    uint32_t place = 0;

    while (*link != 0) {
        struct node *node = &tree->nodes[*link];
        const bool here = parent->kind == NODE_LIST
                              ? n > 0 && step[0] != '-' && strtoul(step, NULL, 10) == place
                              : node->name.n == n && memcmp(node->name.at, step, n) == 0;

        if (here) {
            break;
        }
        place++;
        link = &node->next;
    }
    return link;
}

/* The link of the last step; *step is told too. */
static uint32_t *pointer_link(struct tree *tree, const char *pointer, const char **step)
{
    struct node *parent = &tree->nodes[0];

    for (;;) {
        const char *end = strchr(pointer + 1, '/');
        const size_t n = end ? (size_t)(end - pointer - 1) : strlen(pointer + 1);
        uint32_t *link = step_link(tree, parent, pointer + 1, n);

        *step = pointer + 1;
        if (!end) {
            return link;
        }
        assert_int_not_equal(*link, 0);
        parent = &tree->nodes[*link];
        pointer = end;
    }
}

struct node *tree_at(struct tree *tree, const char *pointer)
{
    const char *step = NULL;
    const uint32_t *link;

    if (*pointer == '\0') {
        return &tree->nodes[0];
    }
    link = pointer_link(tree, pointer, &step);
    return *link == 0 ? NULL : &tree->nodes[*link];
}

void tree_set(struct tree *tree, const char *pointer, const char *json)
{
    const char *step = NULL;
    uint32_t *link;
    struct node *node;

    if (*pointer == '\0') {
        tree->nodes[0] = (struct node){0};
        read_value(tree, &tree->nodes[0], json);
        return;
    }
    link = pointer_link(tree, pointer, &step);
    if (*link == 0) {
        *link = tree->doc.n;
        node = document_add(&tree->doc, NULL, NULL, NODE_NULL);
        assert_non_null(node);
        node->name = (struct text){.at = step, .n = (uint32_t)strlen(step)};
    } else {
        node = &tree->nodes[*link];
        *node = (struct node){.name = node->name, .next = node->next};
    }
    read_value(tree, node, json);
}

void tree_remove(struct tree *tree, const char *pointer)
{
    const char *step = NULL;
    uint32_t *link = pointer_link(tree, pointer, &step);

    assert_int_not_equal(*link, 0);
    *link = tree->nodes[*link].next;
}
