#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/conf_private.h"

static void *member(const struct conf_option *row, void *base)
{
    return (char *)base + row->offset;
}

/* What the file can hold: else --print-config could not be read again. */
static bool is_writable(const char *text)
{
    const size_t n = strlen(text);
    bool after_blank = true;

    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)text[i];

        if (c < ' ' || c == 0x7f || (c == ';' && after_blank)) {
            return false;
        }
        after_blank = c == ' ';
    }
    return n == 0 || (text[0] != ' ' && text[n - 1] != ' ');
}

static bool text_store(const struct conf_option *row, void *base, const char *text,
                       char why[CONF_WHY_SIZE])
{
    const int64_t n = (int64_t)strlen(text);

    if (!is_writable(text)) {
        (void)snprintf(why, CONF_WHY_SIZE,
                       "it holds a control character, a ';' after a blank, or a blank at its end");
        return false;
    }
    if (n < row->min || (row->max > 0 && n > row->max)) {
        (void)snprintf(why, CONF_WHY_SIZE,
                       "it has %" PRId64 " characters, allowed are %" PRId64 " to %" PRId64, n,
                       row->min, row->max);
        return false;
    }
    if (base) {
        *(const char **)member(row, base) = text;
    }
    return true;
}

/* A decimal number with one of the suffixes (as powers of 1024) at most. */
static bool number_read(const char *text, const char *suffixes, int64_t *ret)
{
    const bool minus = *text == '-';
    const char *suffix = NULL;
    int64_t value = 0;

    text += minus ? 1 : 0;
    if (*text < '0' || *text > '9') {
        return false;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text - '0', &value)) {
            return false;
        }
    }
    suffix = *text ? strchr(suffixes, *text) : NULL;
    if (suffix) {
        text++;
        for (const char *s = suffixes; s <= suffix; s++) {
            if (__builtin_mul_overflow(value, 1024, &value)) {
                return false;
            }
        }
    }
    *ret = minus ? -value : value;
    return *text == '\0';
}

static bool number_store(const struct conf_option *row, void *base, const char *text,
                         char why[CONF_WHY_SIZE])
{
    const bool size = row->type == CONF_SIZE;
    int64_t value = 0;

    if (!number_read(text, size ? "kMGT" : "", &value)) {
        (void)snprintf(why, CONF_WHY_SIZE, "it is no whole number%s",
                       size ? " with k, M, G or T after it" : "");
        return false;
    }
    if (value < row->min || value > row->max) {
        (void)snprintf(why, CONF_WHY_SIZE, "it is not between %" PRId64 " and %" PRId64 "%s%s",
                       row->min, row->max, row->unit ? " " : "", row->unit ? row->unit : "");
        return false;
    }
    if (base) {
        *(int64_t *)member(row, base) = value;
    }
    return true;
}

/* The place of text in words, or -1. */
static int word_find(const char *const *words, const char *text)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

static bool bool_store(const struct conf_option *row, void *base, const char *text,
                       char why[CONF_WHY_SIZE])
{
    /* Odd places mean yes. */
    static const char *const words[] = {"off", "on", "false", "true", "no", "yes", NULL};
    const int at = word_find(words, text);

    if (at < 0) {
        (void)snprintf(why, CONF_WHY_SIZE, "it is neither on nor off");
        return false;
    }
    if (base) {
        *(bool *)member(row, base) = at % 2 == 1;
    }
    return true;
}

static bool choice_store(const struct conf_option *row, void *base, const char *text,
                         char why[CONF_WHY_SIZE])
{
    const int at = word_find(row->words, text);
    size_t n = 0;

    if (at >= 0) {
        if (base) {
            *(int *)member(row, base) = at;
        }
        return true;
    }
    (void)snprintf(why, CONF_WHY_SIZE, "it is none of");
    for (size_t i = 0; row->words[i]; i++) {
        n = strlen(why);
        (void)snprintf(why + n, CONF_WHY_SIZE - n, "%s %s", i > 0 ? "," : "", row->words[i]);
    }
    return false;
}

static bool list_store(const struct conf_option *row, void *base, const char *text,
                       char why[CONF_WHY_SIZE])
{
    struct conf_list *list = base ? member(row, base) : NULL;

    assert(!row->key);
    if (list && list->n == CONF_LIST_MAX) {
        (void)snprintf(why, CONF_WHY_SIZE, "it can be given %d times at most", CONF_LIST_MAX);
        return false;
    }
    if (list) {
        list->at[list->n++] = text;
    }
    return true;
}

bool conf_value_store(const struct conf_option *row, void *base, const char *text,
                      char why[CONF_WHY_SIZE])
{
    switch (row->type) {
    case CONF_STRING:
    case CONF_FILE:
        return text_store(row, base, text, why);
    case CONF_INT:
    case CONF_SIZE:
        return number_store(row, base, text, why);
    case CONF_BOOL:
    case CONF_SWITCH:
        return bool_store(row, base, text, why);
    case CONF_CHOICE:
        return choice_store(row, base, text, why);
    case CONF_LIST:
        return list_store(row, base, text, why);
    }
    assert(row->type <= CONF_LIST);
    return false;
}
