#include "consumers/ctl/decision_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define LINE_SIZE_MAX ((size_t)16 << 20)

static const struct output_column columns[] = {
    {"partition", OUTPUT_NUMBER}, {"number", OUTPUT_NUMBER},      {"offset", OUTPUT_NUMBER},
    {"received_at", OUTPUT_TEXT}, {"business_date", OUTPUT_TEXT}, {"bank", OUTPUT_TEXT},
    {"enterprise", OUTPUT_TEXT},  {"event", OUTPUT_TEXT},         {"outcome", OUTPUT_TEXT},
    {"reasons", OUTPUT_TEXT},     {"flags", OUTPUT_TEXT},         {"filing_id", OUTPUT_TEXT},
};

void decision_rows_init(struct decision_rows *rows, FILE *file, enum conf_output format)
{
    *rows = (struct decision_rows){.since = UINT64_MAX};
    output_init(&rows->output, file, format, columns, sizeof(columns) / sizeof(columns[0]));
    buffer_init(&rows->line, LINE_SIZE_MAX);
}

/* The policy that the decision names, its rows as written. */
static enum status choose_policy(struct decision_rows *rows, const struct decision *decision,
                                 const struct reference *reference, struct failure *err)
{
    const struct policy_version *version =
        decision->has_bulletin ? policy_as_of(reference, (int64_t)decision->bulletin) : NULL;

    if (!version || version->since == rows->since) {
        return STATUS_OK;
    }
    free(rows->parameters);
    rows->since = UINT64_MAX;
    rows->parameters = calloc(version->rows_n + 1, sizeof(*rows->parameters));
    if (!rows->parameters) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    for (uint32_t i = 0; i < version->rows_n; i++) {
        rows->parameters[version->rows[i].ordinal] = version->rows[i];
    }
    rows->policy = (struct policy){.policy = version->policy,
                                   .rules = version->rules,
                                   .parameters = rows->parameters,
                                   .parameters_n = version->rows_n};
    rows->since = version->since;
    return STATUS_OK;
}

static enum status put_json(struct decision_rows *rows, const struct decision *decision,
                            const struct own_numbers *own, struct failure *err)
{
    const struct decision_texts texts = {.policy = rows->since != UINT64_MAX ? &rows->policy : NULL,
                                         .own = own};
    enum status status;

    buffer_reset(&rows->line);
    status = decision_to_json(decision, &texts, &rows->line, err);
    if (status == STATUS_OK) {
        (void)fwrite(rows->line.at, 1, rows->line.n, rows->output.file);
        (void)fputc('\n', rows->output.file);
    }
    return status;
}

static void put_reasons(struct decision_rows *rows, const struct decision *decision)
{
    buffer_reset(&rows->line);
    for (uint32_t i = 0; i < decision->reasons.n; i++) {
        buffer_text(&rows->line, i > 0 ? " " : "");
        buffer_text(&rows->line, code_name(decision->reasons.at[i].code));
    }
    output_cstr(&rows->output, rows->line.n > 0 ? buffer_cstr(&rows->line) : "");
}

static void put_flags(struct decision_rows *rows, uint32_t flags)
{
    buffer_reset(&rows->line);
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        if (flags & 1u << i) {
            buffer_text(&rows->line, rows->line.n > 0 ? " " : "");
            buffer_text(&rows->line, flag_name((enum flag)(1u << i)));
        }
    }
    output_cstr(&rows->output, rows->line.n > 0 ? buffer_cstr(&rows->line) : "");
}

static void put_row(struct decision_rows *rows, const struct decision *decision)
{
    struct output *const output = &rows->output;
    char received[CLOCK_TEXT_SIZE];

    clock_format(decision->received_ms, received);
    output_number(output, decision->partition);
    output_number(output, (int64_t)decision->number);
    output_number(output, decision->input_offset);
    output_cstr(output, received);
    output_text(output, decision->identity.business_date);
    output_text(output, decision->identity.bank);
    output_text(output, decision->identity.enterprise);
    if (decision->event == EVENT_NONE) {
        output_text(output, decision->identity.event);
    } else {
        output_cstr(output, event_name(decision->event));
    }
    output_cstr(output, outcome_name(decision->outcome));
    put_reasons(rows, decision);
    put_flags(rows, decision->flags);
    output_text(output, decision->identity.filing_id);
    output_end_row(output);
}

enum status decision_rows_put(struct decision_rows *rows, const struct decision *decision,
                              const struct own_numbers *own, const struct reference *reference,
                              struct failure *err)
{
    enum status status = STATUS_OK;

    if (rows->output.format != CONF_JSON) {
        put_row(rows, decision);
        return STATUS_OK;
    }
    if (reference && decision->has_basis) {
        status = choose_policy(rows, decision, reference, err);
    }
    return status == STATUS_OK ? put_json(rows, decision, own, err) : status;
}

enum status decision_rows_fini(struct decision_rows *rows, struct failure *err)
{
    free(rows->parameters);
    buffer_fini(&rows->line);
    return output_fini(&rows->output, err);
}
