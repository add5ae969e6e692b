/* catalogue POLICY: docs/catalogue.md on standard output, from the tables that the programs decide
 * with and the policy file that is shipped.  test_catalogue.sh compares the two, so that the
 * document cannot say anything else than the program does. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/exit.h"
#include "base/file.h"
#include "form/date.h"
#include "form/form.h"
#include "form/reason.h"
#include "form/reference.h"
#include "wire/arena.h"
#include "wire/json.h"

#define POLICY_SIZE_MAX ((size_t)1 << 20)
#define ARENA_SIZE      ((size_t)128 << 20) /* 70 bytes of it for each of the text */

struct limit_row {
    const char *name;
    unsigned parts;
};

static const struct limit_row limits[] = {
#define LIMIT(NAME, name, parts) {name, parts},
#include "form/limits.def"
#undef LIMIT
};

/* A cell: what would end it is escaped. */
static void put_cell(struct text text)
{
    (void)fputs(" ", stdout);
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.at[i] == '|') {
            (void)fputc('\\', stdout);
        }
        (void)fputc(text.at[i], stdout);
    }
    (void)fputs(text.n > 0 ? " |" : "|", stdout);
}

static void put_cstr(const char *text)
{
    put_cell((struct text){.at = text, .n = (uint32_t)strlen(text)});
}

static void put_codes(void)
{
    (void)puts("\n## Codes\n\n`next` is what the bank does: `CORRECT` and file again under a new "
               "id, `ASK_AUTHORITY`, `WAIT`,\nor `NOTHING`.\n\n"
               "| no. | code | next | English | Chinese |\n|---|---|---|---|---|");
    for (uint32_t i = 0; code_at(i) != CODE_NONE; i++) {
        const enum code code = code_at(i);

        (void)printf("| %d | `%s` | `%s` |", (int)code, code_name(code),
                     next_name(code_next(code)));
        put_cstr(code_english(code));
        put_cstr(code_chinese(code));
        (void)puts("");
    }
}

static void put_fields(enum event event)
{
    struct form_field field;

    (void)puts("\n| field | must be | required |\n|---|---|---|");
    for (uint32_t i = 0; form_field_at(event, i, &field); i++) {
        (void)printf("| `%s` |", field.path);
        put_cstr(field.kind);
        (void)puts(field.required ? " yes |" : " |");
    }
}

static void put_events(void)
{
    (void)puts("\n## Events\n\nA field inside a record is required where its record is there. What "
               "a rule may require beyond\nthat is told by its code.\n\n### Every filing");
    put_fields(EVENT_NONE);
    for (int i = EVENT_NONE + 1; i < EVENT_BULLETIN; i++) {
        (void)printf("\n### `%s`\n", event_name((enum event)i));
        put_fields((enum event)i);
    }
}

static void put_limits(void)
{
    static const char *const after[] = {"", ":OBJECT", ":OBJECT:PART"};

    (void)puts("\n## Limits\n\nOBJECT is the number of the registration, contract, loan or "
               "application; PART the investor's number\nor the fiscal year.\n\n"
               "| limit |\n|---|");
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        (void)printf("| `%s%s` |\n", limits[i].name, after[limits[i].parts]);
    }
}

/* An open end is an empty cell. */
static void put_date(int32_t on)
{
    char text[DATE_TEXT_SIZE] = "";

    if (on != DATE_FIRST && on != DATE_LAST) {
        date_format(on, text);
    }
    put_cstr(text);
}

static void put_parameters(const struct policy *policy)
{
    (void)printf("\n## Parameters\n\nThose of the policy that is shipped, `deploy/reference/"
                 "policy.json` (policy %" PRId64 ", rules %" PRId64 "). Another value\nis another "
                 "policy; none is in the program. A row that is not confirmed was found in no "
                 "official text.\n\n| id | subject | region | from | to | value | source | "
                 "confirmed |\n|---|---|---|---|---|---|---|---|\n",
                 policy->policy, policy->rules);
    for (uint32_t i = 0; i < policy->parameters_n; i++) {
        const struct parameter *row = &policy->parameters[i];

        (void)printf("| `%.*s` |", (int)row->id.n, row->id.at);
        put_cell(row->subject);
        put_cell(row->region);
        put_date(row->from_on);
        put_date(row->to_on);
        put_cell(row->value);
        put_cell(row->source);
        (void)puts(row->confirmed ? " yes |" : " **no** |");
    }
}

static enum status put_catalogue(struct bytes text, struct arena *arena, struct failure *err)
{
    struct reference_item item;
    struct pack_line line;
    struct fault fault;
    struct area area = {.used = 0};
    enum status status = pack_line_read(text, arena, &line, err);

    if (status != STATUS_OK) {
        return status;
    }
    area.at = arena_take_rest(arena, &area.size);
    if (line.is_filing || !reference_read(&line.doc, &area, &item, &fault) ||
        item.kind != REFERENCE_POLICY) {
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0, "the file is no policy");
    }
    (void)puts("# Catalogue\n\nMade from the tables of the program by `catalogue "
               "deploy/reference/policy.json`; a test compares it.");
    put_codes();
    put_events();
    put_limits();
    put_parameters(&item.of.policy);
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    struct failure err = {.status = STATUS_OK};
    struct arena arena;
    struct buffer text;
    enum status status;

    if (argc != 2) {
        (void)fputs("usage: catalogue POLICY\n", stderr);
        return EXIT_USAGE;
    }
    buffer_init(&text, POLICY_SIZE_MAX);
    status = arena_open(&arena, ARENA_SIZE, &err);
    if (status == STATUS_OK) {
        status = file_read(argv[1], &text, &err);
        if (status == STATUS_OK) {
            status = put_catalogue(buffer_bytes(&text), &arena, &err);
        }
        arena_close(&arena);
    }
    buffer_fini(&text);
    if (status != STATUS_OK) {
        (void)exit_report(stderr, "catalogue", &err);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
