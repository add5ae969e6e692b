#include "form/form_path.h"

#include <string.h>

void form_path_reset(struct form_path *path)
{
    path->at[0] = '\0';
    path->n = 0;
    path->cut = false;
}

/* All n bytes or none: a character is never halved. */
static void append(struct form_path *path, const char *s, uint32_t n)
{
    if (path->cut || n > FIELD_PATH_SIZE - 1 - path->n) {
        path->cut = true;
        return;
    }
    memcpy(path->at + path->n, s, n);
    path->n += n;
    path->at[path->n] = '\0';
}

/* Bytes of the UTF-8 character that starts with this byte; 1 for what starts none. */
static uint32_t character_size(char first)
{
    const uint8_t byte = (uint8_t)first;

    if (byte >= 0xF0) {
        return 4;
    }
    if (byte >= 0xE0) {
        return 3;
    }
    return byte >= 0xC0 ? 2 : 1;
}

void form_path_name(struct form_path *path, struct text name)
{
    uint32_t i = 0;

    append(path, "/", 1);
    while (i < name.n && !path->cut) {
        uint32_t n = character_size(name.at[i]);

        if (n > name.n - i) {
            n = 1;
        }
        if (name.at[i] == '~') {
            append(path, "~0", 2);
        } else if (name.at[i] == '/') {
            append(path, "~1", 2);
        } else if (name.at[i] == '\0') {
            path->cut = true;
        } else {
            append(path, name.at + i, n);
        }
        i += n;
    }
}

void form_path_literal(struct form_path *path, const char *name)
{
    form_path_name(path, (struct text){.at = name, .n = (uint32_t)strlen(name)});
}

void form_path_index(struct form_path *path, uint32_t i)
{
    char digits[11]; /* a slash and any uint32_t */
    uint32_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + i % 10);
        i /= 10;
    } while (i != 0);
    digits[--at] = '/';
    append(path, digits + at, (uint32_t)sizeof(digits) - at);
}
