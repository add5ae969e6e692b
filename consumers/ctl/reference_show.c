/* reference show: what is in force on a date as of a bulletin, and what waits. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "consumers/core/calendar.h"
#include "consumers/ctl/ledger_log.h"
#include "consumers/ctl/reference_force.h"
#include "form/date.h"
#include "form/iso.h"
#include "form/money.h"
#include "wire/sign.h"

#define COLUMNS(array) (array), sizeof(array) / sizeof((array)[0])

struct showing {
    const struct ctl *ctl;
    const struct ledger_log *log;
    const struct reference *reference;
    int64_t as_of; /* bulletin */
    int32_t on;
    struct output output;
};

typedef void show_fn(struct showing *s);

static void begin(struct showing *s, const struct output_column *columns, size_t n)
{
    output_init(&s->output, s->ctl->out, s->ctl->common->output, columns, n);
}

static void put_date(struct output *output, int32_t on)
{
    char text[DATE_TEXT_SIZE] = "";

    if (on != DATE_FIRST && on != DATE_LAST) {
        date_format(on, text);
    }
    output_cstr(output, text);
}

static bool is_on(int32_t from_on, int32_t to_on, int32_t on)
{
    return from_on <= on && on <= to_on;
}

static void show_policy(struct showing *s)
{
    static const struct output_column columns[] = {
        {"policy", OUTPUT_NUMBER}, {"rules", OUTPUT_NUMBER}, {"id", OUTPUT_TEXT},
        {"subject", OUTPUT_TEXT},  {"region", OUTPUT_TEXT},  {"from", OUTPUT_TEXT},
        {"to", OUTPUT_TEXT},       {"value", OUTPUT_AMOUNT}, {"confirmed", OUTPUT_JSON},
        {"source", OUTPUT_TEXT},
    };
    const struct policy_version *policy = policy_as_of(s->reference, s->as_of);

    begin(s, COLUMNS(columns));
    for (uint32_t i = 0; policy && i < policy->rows_n; i++) {
        const struct parameter *row = &policy->rows[i];

        if (!is_on(row->from_on, row->to_on, s->on)) {
            continue;
        }
        output_number(&s->output, policy->policy);
        output_number(&s->output, policy->rules);
        output_text(&s->output, row->id);
        output_text(&s->output, row->subject);
        output_text(&s->output, row->region);
        put_date(&s->output, row->from_on);
        put_date(&s->output, row->to_on);
        output_text(&s->output, row->value);
        output_cstr(&s->output, row->confirmed ? "true" : "false");
        output_text(&s->output, row->source);
        output_end_row(&s->output);
    }
}

/* The sheet that counts for a filing of this business date. */
static void show_rates(struct showing *s)
{
    static const struct output_column columns[] = {
        {"date", OUTPUT_TEXT},
        {"currency", OUTPUT_TEXT},
        {"rate", OUTPUT_AMOUNT},
        {"bulletin", OUTPUT_NUMBER},
    };
    const int32_t sheet_on = calendar_working_on_or_before(s->reference, s->as_of, s->on);
    const struct sheet_entry *sheet = reference_sheet(s->reference, s->as_of, sheet_on);
    char rate[RATE_TEXT_SIZE];

    begin(s, COLUMNS(columns));
    for (uint32_t i = 0; sheet && i < sheet->rates_n; i++) {
        rate_format(sheet->rates[i].rate_e10, rate);
        put_date(&s->output, sheet->date_on);
        output_cstr(&s->output, iso_currency(sheet->rates[i].currency)->alpha);
        output_cstr(&s->output, rate);
        output_number(&s->output, (int64_t)sheet->since);
        output_end_row(&s->output);
    }
}

static void show_calendar(struct showing *s)
{
    static const struct output_column columns[] = {
        {"year", OUTPUT_NUMBER},
        {"holiday", OUTPUT_TEXT},
        {"bulletin", OUTPUT_NUMBER},
    };
    const int year = date_year(s->on);
    const struct calendar_entry *calendar = reference_calendar(s->reference, s->as_of, year);

    begin(s, COLUMNS(columns));
    for (uint32_t day = 0; calendar && day < 366; day++) {
        if (calendar->holidays[day / 64] >> day % 64 & 1) {
            output_number(&s->output, year);
            put_date(&s->output, date_make(year, 1, 1) + (int32_t)day);
            output_number(&s->output, (int64_t)calendar->since);
            output_end_row(&s->output);
        }
    }
}

static void put_roles(struct output *output, uint32_t roles)
{
    static const struct {
        uint32_t role;
        const char *name;
    } names[] = {
        {ROLE_FILER, "FILER"},   {ROLE_AUTHORITY, "AUTHORITY"}, {ROLE_ISSUER, "ISSUER"},
        {ROLE_WORKER, "WORKER"}, {ROLE_WITNESS, "WITNESS"},
    };
    char text[64] = "";

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (roles & names[i].role) {
            (void)strncat(text, text[0] ? " " : "", sizeof(text) - strlen(text) - 1);
            (void)strncat(text, names[i].name, sizeof(text) - strlen(text) - 1);
        }
    }
    output_cstr(output, text);
}

static void put_member(struct showing *s, const struct member *member, const struct public_key *key)
{
    char base64[BASE64_SIZE(PUBLIC_KEY_SIZE)] = "";

    if (key) {
        (void)base64_encode(key->key, PUBLIC_KEY_SIZE, base64);
    }
    output_text(&s->output, member->id);
    output_text(&s->output, member->name);
    put_roles(&s->output, member->roles);
    output_text(&s->output, key ? key->key_id : (struct text){.n = 0});
    output_cstr(&s->output, base64);
    put_date(&s->output, key ? key->from_on : DATE_FIRST);
    put_date(&s->output, key ? key->to_on : DATE_LAST);
    output_end_row(&s->output);
}

/* A line for each key valid on the date; a member without one still has a line. */
static void show_member(struct showing *s, const struct member *member)
{
    bool has_one = false;

    for (uint32_t i = 0; i < member->keys_n; i++) {
        if (is_on(member->keys[i].from_on, member->keys[i].to_on, s->on)) {
            put_member(s, member, &member->keys[i]);
            has_one = true;
        }
    }
    if (!has_one) {
        put_member(s, member, NULL);
    }
}

static void show_banks(struct showing *s)
{
    static const struct output_column columns[] = {
        {"code", OUTPUT_TEXT},   {"name", OUTPUT_TEXT},       {"roles", OUTPUT_TEXT},
        {"key_id", OUTPUT_TEXT}, {"public_key", OUTPUT_TEXT}, {"from", OUTPUT_TEXT},
        {"to", OUTPUT_TEXT},
    };

    begin(s, COLUMNS(columns));
    for (uint32_t i = 0; i < s->reference->banks_n; i++) {
        const struct member *member = &s->reference->banks[i].member;

        if (reference_bank(s->reference, s->as_of, member->id) == member) {
            show_member(s, member);
        }
    }
}

static void show_operators(struct showing *s)
{
    static const struct output_column columns[] = {
        {"person", OUTPUT_TEXT}, {"name", OUTPUT_TEXT},       {"roles", OUTPUT_TEXT},
        {"key_id", OUTPUT_TEXT}, {"public_key", OUTPUT_TEXT}, {"from", OUTPUT_TEXT},
        {"to", OUTPUT_TEXT},
    };

    begin(s, COLUMNS(columns));
    for (uint32_t i = 0; i < s->reference->operators_n; i++) {
        const struct member *member = &s->reference->operators[i].member;

        if (reference_operator(s->reference, s->as_of, member->id) == member) {
            show_member(s, member);
        }
    }
}

static const char *rule_name(enum list_rule rule)
{
    switch (rule) {
    case LIST_PROHIBITED:
        return "PROHIBITED";
    case LIST_CAP:
        return "CAP";
    case LIST_REVIEW:
        return "REVIEW";
    case LIST_APPROVAL:
        return "APPROVAL";
    case LIST_RULE_NONE:
        break;
    }
    return "";
}

static void show_list(struct showing *s, struct list list, bool is_negative)
{
    static const struct output_column negative[] = {
        {"prefix", OUTPUT_TEXT}, {"rule", OUTPUT_TEXT}, {"cap_bp", OUTPUT_NUMBER},
        {"from", OUTPUT_TEXT},   {"to", OUTPUT_TEXT},   {"text", OUTPUT_TEXT},
    };
    static const struct output_column sensitive[] = {
        {"country", OUTPUT_TEXT}, {"industry", OUTPUT_TEXT}, {"rule", OUTPUT_TEXT},
        {"from", OUTPUT_TEXT},    {"to", OUTPUT_TEXT},       {"text", OUTPUT_TEXT},
    };

    begin(s, is_negative ? negative : sensitive, 6);
    for (uint32_t i = 0; i < list.rows_n; i++) {
        const struct list_row *row = &list.rows[i];

        if (!is_on(row->from_on, row->to_on, s->on)) {
            continue;
        }
        output_text(&s->output, is_negative ? row->industry : row->country);
        if (!is_negative) {
            output_text(&s->output, row->industry);
        }
        output_cstr(&s->output, rule_name(row->rule));
        if (is_negative && row->rule == LIST_CAP) {
            output_number(&s->output, row->cap_bp);
        } else if (is_negative) {
            output_cstr(&s->output, "");
        }
        put_date(&s->output, row->from_on);
        put_date(&s->output, row->to_on);
        output_text(&s->output, row->text);
        output_end_row(&s->output);
    }
}

static void show_negative(struct showing *s)
{
    show_list(s, reference_negative(s->reference, s->as_of), true);
}

static void show_sensitive(struct showing *s)
{
    show_list(s, reference_sensitive(s->reference, s->as_of), false);
}

static void show_proposals(struct showing *s)
{
    static const struct output_column columns[] = {
        {"id", OUTPUT_TEXT},     {"number", OUTPUT_NUMBER},    {"kind", OUTPUT_TEXT},
        {"key_id", OUTPUT_TEXT}, {"proposed_at", OUTPUT_TEXT}, {"state", OUTPUT_TEXT},
    };
    const int64_t last = ledger_log_as_of(s->log);
    char at[CLOCK_TEXT_SIZE];

    begin(s, COLUMNS(columns));
    for (size_t i = 0; i < s->log->proposals_n; i++) {
        const struct logged_proposal *p = &s->log->proposals[i];
        const struct logged_bulletin *issued = ledger_log_bulletin(s->log, p->id);

        clock_format(p->proposal.proposed_ms, at);
        output_cstr(&s->output, p->id);
        output_number(&s->output, (int64_t)p->number);
        output_text(&s->output, p->proposal.kind);
        output_text(&s->output, p->proposal.approval.key_id);
        output_cstr(&s->output, at);
        output_cstr(&s->output, issued                        ? "in force"
                                : p->number <= (uint64_t)last ? "overtaken"
                                                              : "waits");
        output_end_row(&s->output);
    }
}

static void show_bulletins(struct showing *s)
{
    static const struct output_column columns[] = {
        {"number", OUTPUT_NUMBER},
        {"issued_at", OUTPUT_TEXT},
        {"id", OUTPUT_TEXT},
        {"approvers", OUTPUT_TEXT},
    };
    char at[CLOCK_TEXT_SIZE];

    begin(s, COLUMNS(columns));
    for (size_t i = 0; i < s->log->bulletins_n; i++) {
        const struct logged_bulletin *b = &s->log->bulletins[i];

        clock_format(b->issued_ms, at);
        output_number(&s->output, (int64_t)b->number);
        output_cstr(&s->output, at);
        output_cstr(&s->output, b->id);
        output_cstr(&s->output, b->approvers);
        output_end_row(&s->output);
    }
}

static const struct {
    const char *kind;
    show_fn *show;
} shows[] = {
    {"policy", show_policy},          {"rates", show_rates},
    {"calendar", show_calendar},      {"banks", show_banks},
    {"negative_list", show_negative}, {"sensitive_list", show_sensitive},
    {"operators", show_operators},    {"proposals", show_proposals},
    {"bulletins", show_bulletins},
};
#define SHOWS_N (sizeof(shows) / sizeof(shows[0]))

static enum status find_show(const char *kind, show_fn **ret, struct failure *err)
{
    for (size_t i = 0; i < SHOWS_N; i++) {
        if (strcmp(shows[i].kind, kind) == 0) {
            *ret = shows[i].show;
            return STATUS_OK;
        }
    }
    return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                       "'%s' is none of policy, rates, calendar, banks, negative_list, "
                       "sensitive_list, operators, proposals, bulletins",
                       kind);
}

static enum status choose(struct showing *s, struct failure *err)
{
    const int64_t at = s->ctl->settings->at;
    const int64_t last = ledger_log_as_of(s->log);

    s->reference = reference_set_reference(s->log->references);
    s->as_of = at >= 0 ? at : last;
    return s->as_of > last
               ? failure_set(err, STATUS_NOTFOUND, REMEDY_STOP, 0,
                             "there is no bulletin %" PRId64 ": the last one is %" PRId64, at, last)
               : STATUS_OK;
}

enum status reference_show(struct ctl *ctl, struct failure *err)
{
    struct showing s = {.ctl = ctl};
    struct ledger_log *log = NULL;
    show_fn *show = NULL;
    enum status status = find_show(ctl->common->arguments[0], &show, err);

    if (status == STATUS_OK) {
        status = ctl_date("--as-of", ctl->settings->as_of, &s.on, err);
    }
    if (s.on == DATE_NONE) {
        s.on = date_of_unix_ms_shanghai(clock_unix_ms());
    }
    if (status == STATUS_OK) {
        status = ledger_log_read(ctl, &log, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_check_founded(log, err);
    }
    if (status == STATUS_OK) {
        s.log = log;
        status = choose(&s, err);
    }
    if (status == STATUS_OK) {
        show(&s);
        status = output_fini(&s.output, err);
    }
    ledger_log_close(log);
    return status;
}
