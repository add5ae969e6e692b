/* core_fixture.h - one enterprise, its reference data and its filings, for tests of the core.
 *
 * A partition in small: it numbers decisions, keeps what was filed under its id, finds the earlier
 * filing that a filing names, decides held filings again after bulletins, reviews and withdrawals.
 * All memory is the fixture's: fixture_free(). */
#ifndef TESTS_CORE_FIXTURE_H
#define TESTS_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/core/decide.h"
#include "form/date.h"
#include "form/iso.h"
#include "form/money.h"

#define BANK      "210100000123"
#define AUTHORITY "999999999999"
#define CODE      "91210100MA0FG1HX9H"

enum {
    FIXTURE_OBJECTS = 4200,
    FIXTURE_INVESTORS = 512,
    FIXTURE_LIMITS = 5000,
    FIXTURE_ROWS = 200,
    FIXTURE_SHEETS = 64,
    FIXTURE_RATES = 8,
    FIXTURE_FILED = 600,
    FIXTURE_LATER = 96
};

/* What was filed. */
struct filed {
    struct filing filing;
    uint8_t hash;
    uint64_t first_number;
    uint64_t last_number;
    uint64_t reversed_number;
    enum outcome outcome;
    struct undo *undo; /* own */
};

struct fixture {
    struct enterprise state;
    struct reference reference;
    struct parameter rows[FIXTURE_ROWS];
    uint32_t rows_n;
    struct policy_version policy;
    struct sheet_entry sheets[FIXTURE_SHEETS];
    struct rate rates[FIXTURE_SHEETS][FIXTURE_RATES];
    uint32_t sheets_n;
    struct calendar_entry calendars[8];
    uint32_t calendars_n;
    struct member_entry banks[2];
    struct list_row negative[16];
    uint32_t negative_n;
    struct list_entry negative_list;
    struct list_row sensitive[16];
    uint32_t sensitive_n;
    struct list_entry sensitive_list;
    struct filed filed[FIXTURE_FILED];
    uint32_t filed_n;
    uint64_t number;
    uint64_t bulletin;
    int64_t received_ms;
    struct form form;
    struct decide_result result;          /* of the last filing */
    struct decision later[FIXTURE_LATER]; /* decided again because of it */
    uint32_t later_n;
};

/* A fault of the test itself. */
static inline void require(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static inline struct text T(const char *s) {
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

static inline int32_t
D(const char *s)
{
    int32_t on = DATE_NONE;

    assert_true(date_parse(s, strlen(s), &on));
    return on;
}

/* "5000000.00" of a currency. */
static inline struct money M(const char *currency, const char *value) {
    struct money money = {.currency = iso_currency_find(currency, strlen(currency))};
    int64_t minor = 0;
    int scale = 0;

    assert_true(money.currency >= 0);
    assert_true(money_parse_signed(value, strlen(value), &minor, &scale));
    assert_true(money_rescale(minor, scale, iso_currency(money.currency)->exponent, &money.minor));
    return money;
}

static inline struct fixture *
fixture_new(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct enterprise *e = NULL;

    require(f != NULL);
    e = &f->state;
    memcpy(e->code, CODE, ENTERPRISE_CODE_SIZE);
    e->objects_max = FIXTURE_OBJECTS;
    e->objects = calloc(e->objects_max, sizeof(e->objects[0]));
    e->objects_order = calloc(e->objects_max, sizeof(e->objects_order[0]));
    e->investors_max = FIXTURE_INVESTORS;
    e->investors = calloc(e->investors_max, sizeof(e->investors[0]));
    e->limits_max = FIXTURE_LIMITS;
    e->limits = calloc(e->limits_max, sizeof(e->limits[0]));
    e->profiles_max = 64;
    e->profiles = calloc(e->profiles_max, sizeof(e->profiles[0]));
    e->bases_max = 64;
    e->bases = calloc(e->bases_max, sizeof(e->bases[0]));
    e->held_max = ENTERPRISE_HELD_MAX;
    e->held = calloc(e->held_max, sizeof(e->held[0]));
    f->banks[0].member = (struct member){.id = T(BANK), .roles = ROLE_FILER};
    f->banks[1].member = (struct member){.id = T(AUTHORITY), .roles = ROLE_AUTHORITY};
    f->reference.banks = f->banks;
    f->reference.banks_n = 2;
    f->reference.sheets = f->sheets;
    f->reference.calendars = f->calendars;
    f->bulletin = 1;
    f->received_ms = INT64_C(1776067200000); /* 2026-04-13 */
    return f;
}

static inline void fixture_free(struct fixture *f)
{
    for (uint32_t i = 0; i < f->filed_n; i++) {
        free(f->filed[i].undo);
    }
    free(f->state.objects);
    free(f->state.objects_order);
    free(f->state.investors);
    free(f->state.limits);
    free(f->state.profiles);
    free(f->state.bases);
    free(f->state.held);
    free(f);
}

static inline int fixture_setup(void **state)
{
    *state = fixture_new();
    return 0;
}

static inline int fixture_teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

static inline int fixture_row_order(const void *a, const void *b)
{
    return policy_row_compare(a, b);
}

/* One parameter row; from and to empty = open. The policy counts from bulletin 1. */
struct row {
    const char *id;
    const char *subject;
    const char *region;
    const char *from;
    const char *to;
    const char *value;
};
static inline void fixture_parameter(struct fixture *f, struct row row)
{
    struct parameter *p = &f->rows[f->rows_n];
    int scale = 0;

    assert_true(f->rows_n < FIXTURE_ROWS);
    *p = (struct parameter){.id = T(row.id),
                            .subject = T(row.subject ? row.subject : ""),
                            .region = T(row.region ? row.region : ""),
                            .from_on = row.from && row.from[0] ? D(row.from) : DATE_FIRST,
                            .to_on = row.to && row.to[0] ? D(row.to) : DATE_LAST,
                            .value = T(row.value),
                            .confirmed = true,
                            .ordinal = f->rows_n};
    p->has_number = money_parse_decimal(row.value, strlen(row.value), &p->number.numerator, &scale);
    p->number.scale = scale;
    f->rows_n++;
    qsort(f->rows, f->rows_n, sizeof(f->rows[0]), fixture_row_order);
    f->policy = (struct policy_version){
        .since = 1, .policy = 7, .rules = 1, .rows = f->rows, .rows_n = f->rows_n};
    policy_version_index(&f->policy);
    f->reference.policies = &f->policy;
    f->reference.policies_n = 1;
}

static inline int fixture_rate_order(const void *a, const void *b)
{
    const struct rate *x = a;
    const struct rate *y = b;

    return x->currency < y->currency ? -1 : x->currency > y->currency;
}

static inline int fixture_sheet_order(const void *a, const void *b)
{
    const struct sheet_entry *x = a;
    const struct sheet_entry *y = b;

    return x->date_on < y->date_on ? -1 : x->date_on > y->date_on;
}

/* A rate of a day, in the sheet of that day, which comes with the bulletin of now. */
static inline void fixture_rate(struct fixture *f, const char *date, const char *currency,
                                const char *value)
{
    struct sheet_entry *sheet = NULL;
    struct rate *rates = NULL;
    int64_t rate_e10 = 0;

    assert_true(rate_parse(value, strlen(value), &rate_e10));
    for (uint32_t i = 0; i < f->sheets_n; i++) {
        if (f->sheets[i].date_on == D(date)) {
            sheet = &f->sheets[i];
        }
    }
    if (sheet == NULL) {
        assert_true(f->sheets_n < FIXTURE_SHEETS);
        sheet = &f->sheets[f->sheets_n];
        *sheet = (struct sheet_entry){
            .date_on = D(date), .since = f->bulletin, .rates = f->rates[f->sheets_n]};
        f->sheets_n++;
        f->reference.sheets_n = f->sheets_n;
    }
    assert_true(sheet->rates_n < FIXTURE_RATES);
    rates = f->rates[(sheet->rates - f->rates[0]) / FIXTURE_RATES];
    rates[sheet->rates_n] =
        (struct rate){.currency = M(currency, "0").currency, .rate_e10 = rate_e10};
    sheet->rates_n++;
    qsort(rates, sheet->rates_n, sizeof(rates[0]), fixture_rate_order);
    qsort(f->sheets, f->sheets_n, sizeof(f->sheets[0]), fixture_sheet_order);
}

static inline void fixture_holiday(struct fixture *f, const char *date)
{
    int32_t year = date_year(D(date));
    uint32_t day = (uint32_t)(D(date) - date_make(year, 1, 1));
    uint32_t i = 0;

    while (i < f->calendars_n && f->calendars[i].year != year) {
        i++;
    }
    f->calendars[i].year = year;
    f->calendars[i].since = 1;
    f->calendars[i].holidays[day / 64] |= UINT64_C(1) << day % 64;
    f->calendars_n = i == f->calendars_n ? i + 1 : f->calendars_n;
    f->reference.calendars_n = f->calendars_n;
}

static inline void fixture_negative(struct fixture *f, const char *prefix, enum list_rule rule,
                                    int64_t cap_bp)
{
    f->negative[f->negative_n++] = (struct list_row){.industry = T(prefix),
                                                     .rule = rule,
                                                     .cap_bp = cap_bp,
                                                     .from_on = DATE_FIRST,
                                                     .to_on = DATE_LAST};
    f->negative_list =
        (struct list_entry){.since = 1, .list = {.rows = f->negative, .rows_n = f->negative_n}};
    f->reference.negative = &f->negative_list;
    f->reference.negative_n = 1;
}

static inline void fixture_sensitive(struct fixture *f, const char *country, const char *industry,
                                     enum list_rule rule)
{
    f->sensitive[f->sensitive_n++] = (struct list_row){.country = T(country),
                                                       .industry = T(industry),
                                                       .rule = rule,
                                                       .from_on = DATE_FIRST,
                                                       .to_on = DATE_LAST};
    f->sensitive_list =
        (struct list_entry){.since = 1, .list = {.rows = f->sensitive, .rows_n = f->sensitive_n}};
    f->reference.sensitive = &f->sensitive_list;
    f->reference.sensitive_n = 1;
}

static inline bool fixture_texts_equal(struct text a, struct text b)
{
    return reference_text_compare(a, b) == 0;
}

static inline struct filed *fixture_find(struct fixture *f, struct text bank, struct text id)
{
    for (uint32_t i = 0; i < f->filed_n; i++) {
        if (fixture_texts_equal(f->filed[i].filing.filing_id, id) &&
            (bank.n == 0 || fixture_texts_equal(f->filed[i].filing.bank, bank))) {
            return &f->filed[i];
        }
    }
    return NULL;
}

static inline struct earlier fixture_earlier(const struct filed *filed)
{
    struct earlier earlier = {.found = filed != NULL};

    if (filed != NULL) {
        earlier.filing_hash[0] = filed->hash;
        earlier.first_number = filed->first_number;
        earlier.last_number = filed->last_number;
        earlier.reversed_number = filed->reversed_number;
        earlier.outcome = filed->outcome;
        earlier.undo = filed->undo;
    }
    return earlier;
}

static inline struct decide_args fixture_args(struct fixture *f, const struct filing *filing,
                                              uint8_t hash)
{
    struct decide_args args = {.reference = &f->reference,
                               .has_bulletin = true,
                               .bulletin = f->bulletin,
                               .form = &f->form};
    struct text bank;
    struct text id;

    f->form.filing = *filing;
    f->form.identity = (struct identity){.filing_id = filing->filing_id,
                                         .bank = filing->bank,
                                         .enterprise = filing->enterprise,
                                         .event = T(event_name(filing->event)),
                                         .business_date = T("2026-01-01")};
    f->form.identified = true;
    f->number++;
    args.number = f->number;
    args.record.received_ms = f->received_ms;
    args.record.filing_hash[0] = hash;
    args.own = fixture_earlier(fixture_find(f, filing->bank, filing->filing_id));
    if (decide_names(&f->form, &bank, &id)) {
        args.named = fixture_earlier(fixture_find(f, bank, id));
    }
    return args;
}

/* Keep what a decision says about a filing. */
static inline void fixture_note(struct fixture *f, struct filed *filed,
                                const struct decide_result *result)
{
    struct text bank;
    struct text id;

    filed->last_number = result->decision.number;
    filed->outcome = result->decision.outcome;
    if (result->has_undo) {
        filed->undo = malloc(sizeof(*filed->undo));
        require(filed->undo != NULL);
        *filed->undo = result->undo;
    }
    if (result->reversed && decide_names(&f->form, &bank, &id)) {
        struct filed *original = fixture_find(f, bank, id);

        require(original != NULL);
        original->reversed_number = result->decision.number;
    }
}

/* The held filing of an arrival number. */
static inline struct filed *fixture_arrived(struct fixture *f, uint64_t arrival)
{
    for (uint32_t i = 0; i < f->filed_n; i++) {
        if (f->filed[i].first_number == arrival) {
            return &f->filed[i];
        }
    }
    abort();
}

static inline void fixture_again(struct fixture *f, uint64_t arrival, enum held_cause cause,
                                 const char *note)
{
    static struct decide_result result;
    struct filed *filed = fixture_arrived(f, arrival);
    struct decide_args args;
    const struct again again = {.arrival_number = arrival, .cause = cause, .note = T(note)};

    args = fixture_args(f, &filed->filing, filed->hash);
    if (!decide_again(&args, &f->state, &again, &result)) {
        f->number--;
        return;
    }
    fixture_note(f, filed, &result);
    assert_true(f->later_n < FIXTURE_LATER);
    f->later[f->later_n] = result.decision;
    f->later_n++;
}

/* All held filings that are due, in order of arrival; of the second kind only those behind others.
 */
static inline void fixture_pass(struct fixture *f, bool only_behind)
{
    uint64_t visited = 0;

    for (uint32_t i = 0; i < f->state.held_n;) {
        const struct held *held = &f->state.held[i];
        uint64_t arrival = held->arrival_number;
        bool is_of_kind = !only_behind || held->waits_for == CODE_EARLIER_HELD;

        if (arrival > visited && is_of_kind &&
            decide_is_due(&f->reference, f->bulletin, &f->state, arrival)) {
            fixture_again(f, arrival, HELD_CAUSE_PASS, "");
            visited = arrival;
            i = 0;
            continue;
        }
        i++;
    }
}

static inline void fixture_bulletin(struct fixture *f)
{
    f->bulletin++;
    f->later_n = 0;
}

/* What a filing has if the test does not say otherwise. */
static inline struct filing fixture_filing(enum event event, const char *id, const char *date)
{
    struct filing filing;

    memset(&filing, 0, sizeof(filing));
    filing.filing_id = T(id);
    filing.bank = T(BANK);
    filing.enterprise = T(CODE);
    filing.maker = T("m");
    filing.checker = T("c");
    filing.event = event;
    filing.business_on = D(date);
    return filing;
}

/* A registration of 1,000.00 USD in cash by the German investor F1 alone. */
static inline struct filing fixture_registration(const char *id, const char *number)
{
    static const struct fdi_investor investor = {.investor_no = {.at = "F1", .n = 2},
                                                 .country = COUNTRY_DEU,
                                                 .subscribed = {100000, CURRENCY_USD},
                                                 .cash = {100000, CURRENCY_USD},
                                                 .share_bp = 10000};
    struct filing filing = fixture_filing(EVENT_FDI_REGISTRATION, id, "2024-07-01");
    struct fdi_registration *details = &filing.details.fdi_registration;

    details->registration_no = T(number);
    details->setup = SETUP_NEW;
    details->region = T("210100");
    details->industry = T("C3011");
    details->established_on = D("2024-07-01");
    details->registered_capital = M("USD", "1000.00");
    details->total_investment.currency = CURRENCY_NONE;
    details->investors = &investor;
    details->investors_n = 1;
    return filing;
}

/* One of 10,000,000.00 USD: six tenths are the German F1's, who pays in that much cash, the rest
 * the second one's.  The investors are good until the next call. */
static inline struct filing fixture_joint(const char *id, const char *number, const char *cash,
                                          const char *second_no, int32_t second_country)
{
    static struct fdi_investor investors[2];
    struct filing filing = fixture_registration(id, number);
    struct fdi_registration *details = &filing.details.fdi_registration;

    investors[0] = (struct fdi_investor){.investor_no = T("F1"),
                                         .name = T("A"),
                                         .country = COUNTRY_DEU,
                                         .subscribed = M("USD", "6000000.00"),
                                         .cash = M("USD", cash),
                                         .share_bp = 6000,
                                         .due_on = D("2029-06-30")};
    investors[1] = (struct fdi_investor){.investor_no = T(second_no),
                                         .name = T("B"),
                                         .country = second_country,
                                         .subscribed = M("USD", "4000000.00"),
                                         .cash = M("USD", "4000000.00"),
                                         .share_bp = 4000,
                                         .due_on = D("2029-06-30")};
    details->registered_capital = M("USD", "10000000.00");
    details->investors = investors;
    details->investors_n = 2;
    return filing;
}

/* An inflow by F1. */
static inline struct filing fixture_inflow(const char *id, const char *number, struct money money,
                                           const char *date)
{
    struct filing filing = fixture_filing(EVENT_FDI_INFLOW, id, date);

    filing.details.fdi_inflow = (struct fdi_inflow){.registration_no = T(number),
                                                    .investor_no = T("F1"),
                                                    .money = money,
                                                    .account = T("a"),
                                                    .remitter_country = COUNTRY_DEU};
    return filing;
}

/* Decide a filing; hash tells its bytes from others under the same id. */
static inline const struct decision *fixture_file_bytes(struct fixture *f,
                                                        const struct filing *filing, uint8_t hash)
{
    struct filed *filed = NULL;
    struct decide_args args = fixture_args(f, filing, hash);
    struct room room = decide_room(&f->form);

    assert_true(f->state.limits_n + room.limits <= f->state.limits_max);
    f->later_n = 0;
    decide_filing(&args, &f->state, &f->result);
    if (f->result.owns_id) {
        assert_true(f->filed_n < FIXTURE_FILED);
        filed = &f->filed[f->filed_n];
        f->filed_n++;
        filed->filing = *filing;
        filed->hash = hash;
        filed->first_number = f->number;
        fixture_note(f, filed, &f->result);
    }
    if (f->result.follow_arrival != 0) {
        char note[64] = "";

        if (filing->event == EVENT_REVIEW) {
            memcpy(note, filing->details.review.reason.at, filing->details.review.reason.n);
        }
        fixture_again(f, f->result.follow_arrival, f->result.follow_cause, note);
        fixture_pass(f, true);
    }
    return &f->result.decision;
}

static inline const struct decision *fixture_file(struct fixture *f, const struct filing *filing)
{
    return fixture_file_bytes(f, filing, 1);
}

/* ---- what a decision must say -------------------------------------------------------------- */

/* "301 /details/money fdi.inflow:R:I USD 0 2000; 402 /details/industry" in one text. */
static inline void reasons_text(const struct decision *decision, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < decision->reasons.n; i++) {
        const struct reason *reason = &decision->reasons.at[i];
        char id[LIMIT_ID_SIZE] = "";

        used += (size_t)snprintf(out + used, size - used, "%s%d %s", i > 0 ? "; " : "",
                                 (int)reason->code, reason->field);
        if (reason->limit.kind != LIMIT_NONE) {
            limit_id_format(&reason->limit, id);
            used += (size_t)snprintf(out + used, size - used, " %s", id);
        }
        if (reason->has_amounts) {
            used += (size_t)snprintf(out + used, size - used, " %s %lld %lld",
                                     iso_currency(reason->currency)->alpha,
                                     (long long)reason->free_minor, (long long)reason->asked_minor);
        }
    }
}

/* "fdi.capital:R USD +500,0,0 =500,0,0; ..." */
static inline void postings_text(const struct decision *decision, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < decision->postings_n; i++) {
        const struct posting *p = &decision->postings[i];
        char id[LIMIT_ID_SIZE] = "";

        limit_id_format(&p->id, id);
        used += (size_t)snprintf(out + used, size - used, "%s%s %s %lld,%lld,%lld = %lld,%lld,%lld",
                                 i > 0 ? "; " : "", id, iso_currency(p->currency)->alpha,
                                 (long long)p->change.limit, (long long)p->change.used,
                                 (long long)p->change.reserved, (long long)p->after.limit,
                                 (long long)p->after.used, (long long)p->after.reserved);
    }
}

/* "MP.LEVERAGE@2017-01-13 2026-04-13": parameters with their from, then sheets. */
static inline void basis_text(const struct fixture *f, const struct decision *decision, char *out,
                              size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < decision->parameters_n; i++) {
        for (uint32_t k = 0; k < f->rows_n; k++) {
            const struct parameter *row = &f->rows[k];
            char from[DATE_TEXT_SIZE] = "";

            if (row->ordinal != decision->parameters[i]) {
                continue;
            }
            if (row->from_on != DATE_FIRST) {
                date_format(row->from_on, from);
            }
            used += (size_t)snprintf(out + used, size - used, "%s%.*s@%s", used > 0 ? " " : "",
                                     (int)row->id.n, row->id.at, from);
        }
    }
    for (uint32_t i = 0; i < decision->sheets_n; i++) {
        char date[DATE_TEXT_SIZE] = "";

        date_format(decision->sheets[i], date);
        used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? " " : "", date);
    }
}

static inline void flags_text(const struct decision *decision, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        if (decision->flags >> i & 1) {
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? " " : "",
                                     flag_name((enum flag)(1 << i)));
        }
    }
}

static inline void expect(const struct decision *decision, enum outcome outcome,
                          const char *reasons)
{
    char text[4096];

    reasons_text(decision, text, sizeof(text));
    if (decision->outcome != outcome || strcmp(text, reasons) != 0) {
        print_error("want %s %s\n got %s %s\n", outcome_name(outcome), reasons,
                    outcome_name(decision->outcome), text);
    }
    assert_int_equal(decision->outcome, outcome);
    assert_string_equal(text, reasons);
}

static inline void expect_postings(const struct decision *decision, const char *postings)
{
    char text[8192];

    postings_text(decision, text, sizeof(text));
    assert_string_equal(text, postings);
}

static inline void expect_flags(const struct decision *decision, const char *flags)
{
    char text[256];

    flags_text(decision, text, sizeof(text));
    assert_string_equal(text, flags);
}

static inline void expect_basis(const struct fixture *f, const struct decision *decision,
                                const char *basis)
{
    char text[1024];

    basis_text(f, decision, text, sizeof(text));
    assert_string_equal(text, basis);
}

#endif
