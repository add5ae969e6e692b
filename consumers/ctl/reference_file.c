#include "consumers/ctl/reference_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "consumers/ctl/import_rates.h"
#include "form/date.h"
#include "wire/encode.h"
#include "wire/json.h"

#define FILE_SIZE_MAX    ((size_t)64 << 20)
#define ARENA_PER_BYTE   100 /* 70 to read JSON, the rest for values and encoding */
#define ARENA_SIZE_LEAST ((size_t)4 << 20)

enum status reference_file_fault(const struct reference_file *file,
                                 const struct reference_object *object, const struct fault *fault,
                                 struct failure *err)
{
    char line[16] = "";

    if (object && object->line > 0) {
        (void)snprintf(line, sizeof(line), ":%" PRIu32, object->line);
    }
    if (fault->field[0] == '\0') {
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0, "%.80s%s: %s", file->path, line,
                           fault->text);
    }
    return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0, "%.80s%s: %.60s: %s", file->path, line,
                       fault->field, fault->text);
}

static enum status bad(const struct reference_file *file, uint32_t line, const char *text,
                       struct failure *err)
{
    const struct reference_object object = {.line = line};
    struct fault fault = {.field = ""};

    (void)snprintf(fault.text, sizeof(fault.text), "%.190s", text);
    return reference_file_fault(file, &object, &fault, err);
}

/* ---- one object ---------------------------------------------------------------------------- */

/* {"reference":{...}} as in packs, or the object alone. */
static enum status unwrap(struct reference_file *file, const struct json_text *read,
                          struct document *ret)
{
    const struct node *root = &read->doc.nodes[0];
    const struct node *inner = document_find(&read->doc, root, "reference");

    if (!inner || document_find(&read->doc, root, "kind")) {
        *ret = read->doc;
        return STATUS_OK;
    }
    return document_part(&read->doc, inner, &file->arena, ret);
}

static bool grow(struct reference_file *file)
{
    const size_t max = file->objects_max ? 2 * file->objects_max : 64;
    struct reference_object *larger;

    if (file->objects_n < file->objects_max) {
        return true;
    }
    larger = realloc(file->objects, max * sizeof(*larger));
    if (larger) {
        file->objects = larger;
        file->objects_max = max;
    }
    return larger != NULL;
}

static enum status take_values(struct reference_file *file, const struct document *doc,
                               struct reference_object *object, struct failure *err)
{
    struct area area = {.used = 0};
    struct fault fault = {.field = ""};
    struct failure why = {.status = STATUS_OK};
    enum status status;

    area.at = arena_take_rest(&file->arena, &area.size);
    if (!reference_read(doc, &area, &object->item, &fault)) {
        return reference_file_fault(file, object, &fault, err);
    }
    arena_keep(&file->arena, area.at, area.used);
    status = reference_encode(doc, &file->arena, &object->encoded, &why);
    return status == STATUS_OK ? status : bad(file, object->line, why.text, err);
}

static enum status take_object(struct reference_file *file, const struct json_text *read,
                               uint32_t line, struct failure *err)
{
    struct reference_object *object;
    struct document doc;
    enum status status;

    if (read->duplicate_key) {
        return bad(file, line, "a field stands twice", err);
    }
    if (unwrap(file, read, &doc) != STATUS_OK || !grow(file)) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    object = &file->objects[file->objects_n];
    *object = (struct reference_object){.line = line};
    status = take_values(file, &doc, object, err);
    file->objects_n += status == STATUS_OK ? 1 : 0;
    return status;
}

/* ---- a file -------------------------------------------------------------------------------- */

static bool is_blank(struct bytes line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (!strchr(" \t\r", line.at[i])) {
            return false;
        }
    }
    return true;
}

static enum status read_lines(struct reference_file *file, struct bytes text, bool is_import,
                              struct failure *err)
{
    struct failure why = {.status = STATUS_OK};
    uint32_t line = 0;
    size_t at = 0;

    while (at < text.n) {
        const uint8_t *end = memchr(text.at + at, '\n', text.n - at);
        const struct bytes one = {.at = text.at + at,
                                  .n = end ? (size_t)(end - text.at) - at : text.n - at};
        struct json_text read;
        enum status status = STATUS_OK;

        line++;
        at += one.n + 1;
        if (is_blank(one)) {
            continue;
        }
        status = json_read(one, &file->arena, &read, &why);
        if (status != STATUS_OK) {
            return bad(file, line, why.text, err);
        }
        status = take_object(file, &read, is_import ? 0 : line, err);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* The whole as one object, else one a line. */
static enum status read_objects(struct reference_file *file, struct failure *err)
{
    const struct bytes text = buffer_bytes(&file->text);
    struct failure why = {.status = STATUS_OK};
    struct json_text read;

    if (json_read(text, &file->arena, &read, &why) == STATUS_OK) {
        return take_object(file, &read, 1, err);
    }
    arena_reset(&file->arena);
    return read_lines(file, text, false, err);
}

static enum status read_import(struct reference_file *file, const struct ctl *ctl,
                               struct failure *err)
{
    struct import_request request = {.csv = buffer_bytes(&file->text)};
    struct import_result result = {.sheets_n = 0};
    struct failure why = {.status = STATUS_OK};
    enum status status = ctl_date("--from", ctl->settings->from, &request.from_on, err);

    if (status == STATUS_OK) {
        status = ctl_date("--to", ctl->settings->to, &request.to_on, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    buffer_init(&file->lines, FILE_SIZE_MAX);
    status = ctl->settings->format == FORMAT_ECB
                 ? import_ecb(&request, &file->lines, &result, &why)
                 : import_parity(&request, &file->lines, &result, &why);
    if (status != STATUS_OK) {
        return failure_set(err, status, REMEDY_STOP, 0, "%.80s: %.160s", file->path, why.text);
    }
    (void)fprintf(stderr, "filingctl: %" PRIu32 " rate sheets, %" PRIu32 " dates without rates\n",
                  result.sheets_n, result.skipped_n);
    arena_close(&file->arena);
    status = arena_open(&file->arena, ARENA_PER_BYTE * file->lines.n + ARENA_SIZE_LEAST, err);
    return status == STATUS_OK ? read_lines(file, buffer_bytes(&file->lines), true, err) : status;
}

/* All of one kind, and one at least. */
static enum status check_kinds(const struct reference_file *file, enum reference_kind kind,
                               struct failure *err)
{
    for (size_t i = 0; i < file->objects_n; i++) {
        if (file->objects[i].item.kind != kind) {
            return bad(file, file->objects[i].line, "/kind: is another than the one asked for",
                       err);
        }
    }
    return file->objects_n > 0 ? STATUS_OK : bad(file, 0, "there is nothing in it", err);
}

static enum status read_text(struct reference_file *file, struct failure *err)
{
    const enum status status = file_read(file->path, &file->text, err);

    return status == STATUS_OK
               ? arena_open(&file->arena, ARENA_PER_BYTE * file->text.n + ARENA_SIZE_LEAST, err)
               : status;
}

static void init(struct reference_file *file, const char *path)
{
    memset(file, 0, sizeof(*file));
    file->path = path;
    buffer_init(&file->text, FILE_SIZE_MAX);
    buffer_init(&file->lines, FILE_SIZE_MAX);
}

enum status reference_file_open(struct reference_file *file, const struct ctl *ctl,
                                enum reference_kind kind, struct failure *err)
{
    const bool is_import = ctl->settings->format != FORMAT_OBJECTS;
    enum status status;

    init(file, ctl->common->arguments[1]);
    if (is_import && kind != REFERENCE_RATES) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "--format is for rates only");
    }
    if (!is_import && (ctl->settings->from || ctl->settings->to)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "--from and --to belong to --format parity or ecb");
    }
    status = read_text(file, err);
    if (status == STATUS_OK) {
        status = is_import ? read_import(file, ctl, err) : read_objects(file, err);
    }
    return status == STATUS_OK ? check_kinds(file, kind, err) : status;
}

enum status reference_file_read(struct reference_file *file, const char *path,
                                enum reference_kind kind, struct failure *err)
{
    enum status status;

    init(file, path);
    status = read_text(file, err);
    if (status == STATUS_OK) {
        status = read_objects(file, err);
    }
    return status == STATUS_OK ? check_kinds(file, kind, err) : status;
}

void reference_file_close(struct reference_file *file)
{
    buffer_fini(&file->text);
    buffer_fini(&file->lines);
    arena_close(&file->arena);
    free(file->objects);
}
