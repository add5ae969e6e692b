#include "samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/encode.h"
#include "wire/json.h"

#define SIZE_MAX_READ 65536

void samples_open(struct samples *samples, const char *path)
{
    FILE *file = fopen(path, "r");
    char *save = NULL;
    size_t n = 0;

    assert_non_null(file);
    samples->text = calloc(1, SIZE_MAX_READ);
    assert_non_null(samples->text);
    n = fread(samples->text, 1, SIZE_MAX_READ - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_true(n > 0 && n < SIZE_MAX_READ - 1);
    samples->n = 0;
    for (char *line = strtok_r(samples->text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        assert_true(samples->n < 64);
        samples->lines[samples->n++] = bytes_of(line);
    }
}

void samples_close(struct samples *samples)
{
    free(samples->text);
    samples->text = NULL;
}

struct bytes sample_encode(struct bytes line, struct arena *arena)
{
    struct failure err = {0};
    struct json_text json;
    struct bytes bytes = {0};

    if (json_read(line, arena, &json, &err) || filing_encode(&json.doc, arena, &bytes, &err)) {
        fail_msg("%s", err.text);
    }
    return bytes;
}
