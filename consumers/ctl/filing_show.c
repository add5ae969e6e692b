/* filing: what became of a filing, from its record to its last decision; timeline: all that became
 * of an enterprise. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/signals.h"
#include "consumers/ctl/decision_rows.h"
#include "consumers/ctl/lookup.h"
#include "form/date.h"
#include "form/identifiers.h"
#include "form/iso.h"
#include "form/money.h"

struct timeline {
    struct lookup *lookup;
    const struct store_filing *filing; /* NULL: of an enterprise */
    const char *enterprise;
    int64_t from_ms; /* of what is shown, by the time at which it was decided */
    int64_t to_ms;
    int64_t at_ms; /* received time of the record that triggered the decision */
    struct decision_rows rows;
    uint32_t shown;
    struct failure *err;
    enum status status;
};

/* ---- for people ---------------------------------------------------------------------------- */

static void print_amount(FILE *out, int64_t minor, int32_t currency)
{
    const int exponent = currency >= 0 ? iso_currency(currency)->exponent : 0;
    char text[MONEY_TEXT_SIZE];

    (void)money_format(minor, exponent < 0 ? 0 : exponent, text, sizeof(text));
    (void)fprintf(out, "%s%s", minor > 0 ? "+" : "", text);
}

static void print_change(FILE *out, const char *what, int64_t change, int64_t after,
                         int32_t currency)
{
    const int exponent = currency >= 0 ? iso_currency(currency)->exponent : 0;
    char text[MONEY_TEXT_SIZE];

    if (change == 0) {
        return;
    }
    (void)money_format(after, exponent < 0 ? 0 : exponent, text, sizeof(text));
    (void)fprintf(out, "  %s ", what);
    print_amount(out, change, currency);
    (void)fprintf(out, " = %s", text);
}

static void print_postings(FILE *out, const struct decision *d)
{
    for (uint32_t i = 0; i < d->postings_n; i++) {
        const struct posting *p = &d->postings[i];
        char id[LIMIT_ID_SIZE];

        (void)limit_id_format(&p->id, id);
        (void)fprintf(out, "    posting  %s  %s", id,
                      p->currency >= 0 ? iso_currency(p->currency)->alpha : "");
        print_change(out, "limit", p->change.limit, p->after.limit, p->currency);
        print_change(out, "used", p->change.used, p->after.used, p->currency);
        print_change(out, "reserved", p->change.reserved, p->after.reserved, p->currency);
        (void)fputc('\n', out);
    }
    if (d->has_returned) {
        (void)fprintf(out, "    returned  %s ", iso_currency(d->returned.currency)->alpha);
        print_amount(out, d->returned.minor, d->returned.currency);
        (void)fputc('\n', out);
    }
}

static struct text text_of(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

static void print_reasons(FILE *out, const struct decision *d)
{
    struct buffer text;

    buffer_init(&text, 4096);
    for (uint32_t i = 0; i < d->reasons.n; i++) {
        const struct reason *reason = &d->reasons.at[i];

        buffer_reset(&text);
        reason_put_text(reason, &text);
        (void)fprintf(out, "    reason   %d %s  ", (int)reason->code, code_name(reason->code));
        output_shown(out, text_of(reason->field));
        (void)fputs("  ", out);
        output_shown(out, text_of(buffer_cstr(&text)));
        (void)fprintf(out, "; next: %s\n", next_name(code_next(reason->code)));
    }
    buffer_fini(&text);
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        if (d->flags & 1u << i) {
            (void)fprintf(out, "    flag     %s\n", flag_name((enum flag)(1u << i)));
        }
    }
}

static void print_parameter(FILE *out, const struct policy_version *policy, uint32_t ordinal)
{
    for (uint32_t i = 0; i < policy->rows_n; i++) {
        const struct parameter *row = &policy->rows[i];
        char from[DATE_TEXT_SIZE] = "ever";

        if (row->ordinal != ordinal) {
            continue;
        }
        if (row->from_on != DATE_FIRST) {
            date_format(row->from_on, from);
        }
        (void)fprintf(out, "    basis    %.*s = %.*s since %s  (%.*s%s)\n", (int)row->id.n,
                      row->id.at, (int)row->value.n, row->value.at, from, (int)row->source.n,
                      row->source.at, row->confirmed ? "" : "; unconfirmed");
    }
}

static void print_basis(FILE *out, const struct decision *d, const struct reference *reference)
{
    const struct policy_version *policy =
        d->has_bulletin ? policy_as_of(reference, (int64_t)d->bulletin) : NULL;
    char date[DATE_TEXT_SIZE];

    if (!d->has_basis) {
        return;
    }
    (void)fprintf(out, "    basis    policy %" PRIu64 ", rules %" PRIu32 ", bulletin %" PRIu64 "\n",
                  d->policy, d->rules, d->bulletin);
    for (uint32_t i = 0; i < d->parameters_n && policy; i++) {
        print_parameter(out, policy, d->parameters[i]);
    }
    for (uint32_t i = 0; i < d->sheets_n; i++) {
        date_format(d->sheets[i], date);
        (void)fprintf(out, "    basis    rate sheet of %s\n", date);
    }
}

static void print_field(FILE *out, const char *before, struct text text)
{
    (void)fputs(before, out);
    output_shown(out, text);
}

static void print_head(FILE *out, const struct decision *d)
{
    char at[CLOCK_TEXT_SIZE];

    clock_format(d->received_ms, at);
    print_field(out, "filing   ", d->identity.filing_id);
    print_field(out, " of bank ", d->identity.bank);
    print_field(out, ", enterprise ", d->identity.enterprise);
    print_field(out, "\n  filed    ", d->identity.event);
    print_field(out, ", business date ", d->identity.business_date);
    (void)fprintf(out, "\n  received %s, partition %" PRIu32 ", offset %" PRId64 "\n", at,
                  d->partition, d->input_offset);
}

static void print_decision(struct timeline *t, const struct decision *d)
{
    FILE *out = t->lookup->ctl->out;

    if (t->shown == 0 || !t->filing) {
        print_head(out, d);
    }
    (void)fprintf(out, "  decided  %s, number %" PRIu64, outcome_name(d->outcome), d->number);
    if (d->trigger_offset != d->input_offset) {
        (void)fprintf(out, ", by offset %" PRId64, d->trigger_offset);
    }
    (void)fputc('\n', out);
    print_reasons(out, d);
    print_postings(out, d);
    print_basis(out, d, reference_set_reference(t->lookup->references));
}

/* ---- which decisions ----------------------------------------------------------------------- */

/* A decision of the filing, or of the enterprise. */
static bool is_own(const struct timeline *t, const struct decision *d)
{
    if (!t->filing) {
        return d->identity.enterprise.n == CODE_SIZE &&
               memcmp(d->identity.enterprise.at, t->enterprise, CODE_SIZE) == 0;
    }
    return d->number == t->filing->first_number ||
           (d->refers_to == t->filing->first_number && d->event != EVENT_REVIEW &&
            d->event != EVENT_WITHDRAWAL);
}

/* A filing that was held keeps its received time when it is decided again, but what triggers that
 * has a decision before it, and received times never fall: the latest so far is the trigger's. */
static bool is_within(struct timeline *t, const struct decision *d)
{
    t->at_ms = t->at_ms > d->received_ms ? t->at_ms : d->received_ms;
    return t->at_ms >= t->from_ms && t->at_ms <= t->to_ms;
}

static bool take(void *arg, const struct decision *d)
{
    struct timeline *t = arg;
    const bool is_shown = is_within(t, d) && is_own(t, d);

    if (!is_shown) {
        return true;
    }
    if (t->lookup->ctl->common->output == CONF_TABLE) {
        print_decision(t, d);
    } else {
        t->status = decision_rows_put(&t->rows, d, NULL,
                                      reference_set_reference(t->lookup->references), t->err);
    }
    t->shown++;
    return t->status == STATUS_OK && !signals_stop();
}

static enum status show_filing(struct timeline *t, uint32_t partition, struct failure *err)
{
    const struct lookup_range range = {.partition = partition,
                                       .first = t->filing->first_number,
                                       .last = t->filing->last_number,
                                       .wants_names = true};
    enum status status;

    t->err = err;
    t->shown = 0;
    status = lookup_decisions(t->lookup, &range, take, t, err);
    if (status == STATUS_OK && t->status == STATUS_OK && t->filing->reversed_number != 0 &&
        t->lookup->ctl->common->output == CONF_TABLE) {
        (void)fprintf(t->lookup->ctl->out, "  reversed by decision %" PRIu64 "\n",
                      t->filing->reversed_number);
    }
    return status == STATUS_OK ? t->status : status;
}

/* All filings of the bank under the id in one partition: several enterprises may have it. */
static enum status show_partition(struct timeline *t, uint32_t partition,
                                  const struct store_filing_key *wanted, uint32_t *found,
                                  struct failure *err)
{
    struct store_filing_key key = *wanted;
    struct store_filing filing;
    enum status status;

    for (;;) {
        status = store_filing_next(t->lookup->store, partition, &key, &filing, err);
        if (status == STATUS_NOTFOUND ||
            (status == STATUS_OK &&
             memcmp(&filing.key, wanted, offsetof(struct store_filing_key, enterprise)) != 0)) {
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return status;
        }
        /* Until the next turn. cppcheck-suppress autoVariables */
        t->filing = &filing;
        status = show_filing(t, partition, err);
        if (status != STATUS_OK) {
            return status;
        }
        (*found)++;
        key = filing.key;
        key.enterprise[CODE_SIZE - 1]++; /* codes are ASCII: the smallest above it */
    }
}

/* Close everything; a table was printed as it came and has no header. */
static enum status end(struct timeline *t, enum status status, struct failure *err)
{
    const bool has_rows = t->lookup->ctl->common->output != CONF_TABLE;
    enum status closed;

    lookup_close(t->lookup);
    closed = decision_rows_fini(&t->rows, status == STATUS_OK && has_rows ? err : NULL);
    if (status == STATUS_OK && closed != STATUS_OK && !has_rows) {
        return failure_set(err, closed, REMEDY_STOP, 0, "cannot write the output");
    }
    return status == STATUS_OK ? closed : status;
}

enum status filing_show(struct ctl *ctl, struct failure *err)
{
    const char *bank = ctl->common->arguments[0];
    const char *id = ctl->common->arguments[1];
    struct store_filing_key key = {.enterprise = {0}};
    struct lookup lookup;
    struct timeline t = {
        .lookup = &lookup, .from_ms = INT64_MIN, .to_ms = INT64_MAX, .at_ms = INT64_MIN};
    uint32_t found = 0;
    enum status status;

    if (!bank_code_valid(bank, strlen(bank)) || !uuid_valid(id, strlen(id)) ||
        !uuid_pack(id, key.filing_id)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "'%s' is no bank of 12 digits, or '%s' no UUID", bank, id);
    }
    memcpy(key.bank, bank, BANK_SIZE);
    decision_rows_init(&t.rows, ctl->out, ctl->common->output);
    status = lookup_open(&lookup, ctl, err);
    for (uint32_t p = 0; status == STATUS_OK && p < lookup.ledger.partitions; p++) {
        status = show_partition(&t, p, &key, &found, err);
    }
    if (status == STATUS_OK && found == 0) {
        status = failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0,
                             "bank %s has no filing %s that was decided", bank, id);
    }
    return end(&t, status, err);
}

static enum status show_enterprise(struct timeline *t, struct failure *err)
{
    struct lookup_range range = {.partition = lookup_partition(t->lookup, t->enterprise),
                                 .wants_names = true};
    struct store_row row;
    enum status status = store_row_read(t->lookup->store, range.partition, &row, err);

    if (status == STATUS_OK) {
        range.last = row.position.number;
        t->err = err;
        status = lookup_decisions(t->lookup, &range, take, t, err);
    }
    if (status == STATUS_OK && t->status == STATUS_OK && t->shown == 0) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0, "nothing is known of '%s'%s",
                           t->enterprise,
                           t->from_ms > INT64_MIN || t->to_ms < INT64_MAX ? " in that time" : "");
    }
    return status == STATUS_OK ? t->status : status;
}

enum status timeline_show(struct ctl *ctl, struct failure *err)
{
    const char *code = ctl->common->arguments[0];
    struct lookup lookup;
    struct timeline t = {.lookup = &lookup,
                         .enterprise = code,
                         .from_ms = INT64_MIN,
                         .to_ms = INT64_MAX,
                         .at_ms = INT64_MIN};
    enum status status;

    if (!uscc_valid(code, strlen(code))) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "'%s' is no credit code", code);
    }
    status = ctl_time("--from", ctl->settings->from, DAY_BEGINS, &t.from_ms, err);
    if (status == STATUS_OK) {
        status = ctl_time("--to", ctl->settings->to, DAY_ENDS, &t.to_ms, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    decision_rows_init(&t.rows, ctl->out, ctl->common->output);
    status = lookup_open(&lookup, ctl, err);
    if (status == STATUS_OK) {
        status = show_enterprise(&t, err);
    }
    return end(&t, status, err);
}
