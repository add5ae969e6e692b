/* explain: what a reason means and what a bank does next. */
#include <stdlib.h>
#include <string.h>

#include "consumers/ctl/ctl.h"
#include "form/reason.h"

static const struct output_column columns[] = {
    {"number", OUTPUT_NUMBER}, {"code", OUTPUT_TEXT},    {"stage", OUTPUT_TEXT},
    {"next", OUTPUT_TEXT},     {"english", OUTPUT_TEXT}, {"chinese", OUTPUT_TEXT},
};

static const char *stage_of(enum code code)
{
    if (code == CODE_REVIEW_REFUSED) {
        return "review";
    }
    switch ((int)code / 100) {
    case 1:
        return "form";
    case 2:
        return "standing";
    case 3:
        return "limits";
    default:
        return "held";
    }
}

static bool is_named(enum code code, const char *name)
{
    char *end = NULL;
    const long number = strtol(name, &end, 10);

    return strcmp(code_name(code), name) == 0 ||
           (end != name && *end == '\0' && number == (long)code);
}

enum status reason_explain(struct ctl *ctl, struct failure *err)
{
    const char *name = ctl->common->arguments_n > 0 ? ctl->common->arguments[0] : NULL;
    struct output output;
    uint32_t found = 0;

    output_init(&output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    for (uint32_t i = 0; code_at(i) != CODE_NONE; i++) {
        const enum code code = code_at(i);

        if (name && !is_named(code, name)) {
            continue;
        }
        found++;
        output_number(&output, (int64_t)code);
        output_cstr(&output, code_name(code));
        output_cstr(&output, stage_of(code));
        output_cstr(&output, next_name(code_next(code)));
        output_cstr(&output, code_english(code));
        output_cstr(&output, code_chinese(code));
        output_end_row(&output);
    }
    if (found == 0) {
        buffer_fini(&output.texts);
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0, "there is no reason '%s'", name);
    }
    return output_fini(&output, err);
}
