/* The ledger as a list of what was filed: identity, held filings, balances, answers. */
#include "model.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "model_inside.h"

enum { HELD_FULL_AT = 256 };

void *one_more(void *array, size_t n, size_t size)
{
    void *grown = realloc(array, (n + 1) * size);

    if (grown == NULL) {
        abort();
    }
    memset((char *)grown + n * size, 0, size);
    return grown;
}

struct model *model_open(void) { return one_more(NULL, 0, sizeof(struct model)); }

void model_close(struct model *m)
{
    if (m == NULL) {
        return;
    }
    for (size_t i = 0; i < m->facts_n; i++) {
        free(m->facts[i]);
    }
    free(m->facts);
    free(m->accepted);
    free(m->items);
    free(m->journal);
    free(m->journal_facts);
    free(m->answers);
    free(m);
}

const char *model_answer(const struct model *m, size_t i)
{
    return i < m->answers_n ? m->answers[i].text : "";
}

size_t model_standing(struct model *m, int64_t *offsets, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < m->accepted_n; i++) {
        const struct fact *fact = m->facts[m->accepted[i]];

        if (!fact->reversed && fact->filing.event < EVENT_REVERSAL && n < max) {
            offsets[n++] = fact->offset;
        }
    }
    return n;
}

bool model_answer_head(const struct model *m, size_t i, struct model_answer_head *ret)
{
    if (i >= m->answers_n) {
        return false;
    }
    *ret = m->answers[i].head;
    return true;
}

/* ---- what was filed ------------------------------------------------------------------------ */

struct fact *fact_of(const struct model *m, struct text bank, struct text filing_id)
{
    for (size_t i = 0; i < m->facts_n; i++) {
        const struct filing *filing = &m->facts[i]->filing;

        if (same(filing->enterprise, m->enterprise) && same(filing->bank, bank) &&
            same(filing->filing_id, filing_id)) {
            return m->facts[i];
        }
    }
    return NULL;
}

#define NUMBER(event, matter, member, field, role)                                                 \
    {                                                                                              \
        EVENT_##event, MATTER_##matter, offsetof(union details, member.field), ROLE_IS_##role      \
    }

enum role_is { ROLE_IS_OPENING, ROLE_IS_MOVEMENT, ROLE_IS_CLOSING };

/* What each event names, and what it does to it. */
static const struct {
    enum event event;
    enum matter matter;
    size_t at;
    enum role_is role;
} numbers[] = {
    NUMBER(FDI_REGISTRATION, REGISTRATION, fdi_registration, registration_no, OPENING),
    NUMBER(FDI_INFLOW, REGISTRATION, fdi_inflow, registration_no, MOVEMENT),
    NUMBER(FDI_PRELIMINARY, APPLICATION, fdi_preliminary, application_no, OPENING),
    NUMBER(FDI_PRELIMINARY_INFLOW, APPLICATION, fdi_preliminary_inflow, application_no, MOVEMENT),
    NUMBER(FDI_PRELIMINARY_REFUND, APPLICATION, fdi_preliminary_refund, application_no, MOVEMENT),
    NUMBER(FDI_PRELIMINARY_CONVERT, APPLICATION, fdi_preliminary_convert, application_no, MOVEMENT),
    NUMBER(FDI_PRELIMINARY_CONVERT, REGISTRATION, fdi_preliminary_convert, registration_no,
           MOVEMENT),
    NUMBER(FDI_INCREASE, REGISTRATION, fdi_increase, registration_no, MOVEMENT),
    NUMBER(FDI_DECREASE, REGISTRATION, fdi_decrease, registration_no, MOVEMENT),
    NUMBER(FDI_TRANSFER, REGISTRATION, fdi_transfer, registration_no, MOVEMENT),
    NUMBER(FDI_SETTLEMENT, REGISTRATION, fdi_settlement, registration_no, MOVEMENT),
    NUMBER(FDI_PAYMENT, REGISTRATION, fdi_payment, registration_no, MOVEMENT),
    NUMBER(FDI_REINVESTMENT, REGISTRATION, fdi_reinvestment, registration_no, MOVEMENT),
    NUMBER(FDI_PROFIT_REMITTANCE, REGISTRATION, fdi_profit_remittance, registration_no, MOVEMENT),
    NUMBER(FDI_OUTWARD_REMITTANCE, REGISTRATION, fdi_outward_remittance, registration_no, MOVEMENT),
    NUMBER(FDI_LIQUIDATION, REGISTRATION, fdi_liquidation, registration_no, MOVEMENT),
    NUMBER(FDI_DEREGISTRATION, REGISTRATION, fdi_deregistration, registration_no, CLOSING),
    NUMBER(FINANCING_CONTRACT, CONTRACT, financing_contract, contract_no, OPENING),
    NUMBER(FINANCING_DRAWDOWN, CONTRACT, financing_drawdown, contract_no, MOVEMENT),
    NUMBER(FINANCING_REPAYMENT, CONTRACT, financing_repayment, contract_no, MOVEMENT),
    NUMBER(FINANCING_INTEREST, CONTRACT, financing_interest, contract_no, MOVEMENT),
    NUMBER(FINANCING_CAPITALISATION, CONTRACT, financing_capitalisation, contract_no, MOVEMENT),
    NUMBER(FINANCING_EXTENSION, CONTRACT, financing_extension, contract_no, MOVEMENT),
    NUMBER(FINANCING_AMENDMENT, CONTRACT, financing_amendment, contract_no, MOVEMENT),
    NUMBER(FINANCING_ASSIGNMENT, CONTRACT, financing_assignment, contract_no, MOVEMENT),
    NUMBER(FINANCING_FORGIVENESS, CONTRACT, financing_forgiveness, contract_no, MOVEMENT),
    NUMBER(FINANCING_EQUITY_CONVERSION, CONTRACT, financing_equity_conversion, contract_no,
           MOVEMENT),
    NUMBER(FINANCING_EQUITY_CONVERSION, REGISTRATION, financing_equity_conversion, registration_no,
           MOVEMENT),
    NUMBER(FINANCING_CANCELLATION, CONTRACT, financing_cancellation, contract_no, CLOSING),
    NUMBER(FINANCING_DEREGISTRATION, CONTRACT, financing_deregistration, contract_no, CLOSING),
    NUMBER(OUTBOUND_PRELIMINARY, APPLICATION, outbound_preliminary, application_no, OPENING),
    NUMBER(OUTBOUND_PRELIMINARY_REMITTANCE, APPLICATION, outbound_preliminary_remittance,
           application_no, MOVEMENT),
    NUMBER(OUTBOUND_PRELIMINARY_REFUND, APPLICATION, outbound_preliminary_refund, application_no,
           MOVEMENT),
    NUMBER(OUTBOUND_REGISTRATION, REGISTRATION, outbound_registration, registration_no, OPENING),
    NUMBER(OUTBOUND_REGISTRATION, APPLICATION, outbound_registration, application_no, CLOSING),
    NUMBER(OUTBOUND_REMITTANCE, REGISTRATION, outbound_remittance, registration_no, MOVEMENT),
    NUMBER(OUTBOUND_IN_KIND, REGISTRATION, outbound_in_kind, registration_no, MOVEMENT),
    NUMBER(OUTBOUND_CHANGE, REGISTRATION, outbound_change, registration_no, MOVEMENT),
    NUMBER(OUTBOUND_PROFIT_RETURN, REGISTRATION, outbound_profit_return, registration_no, MOVEMENT),
    NUMBER(OUTBOUND_CAPITAL_RETURN, REGISTRATION, outbound_capital_return, registration_no,
           MOVEMENT),
    NUMBER(OUTBOUND_COMPLETION, REGISTRATION, outbound_completion, registration_no, MOVEMENT),
    NUMBER(OUTBOUND_CLOSURE, REGISTRATION, outbound_closure, registration_no, CLOSING),
    NUMBER(OUTBOUND_LOAN, LOAN, outbound_loan, loan_no, OPENING),
    NUMBER(OUTBOUND_LOAN_REMITTANCE, LOAN, outbound_loan_remittance, loan_no, MOVEMENT),
    NUMBER(OUTBOUND_LOAN_RETURN, LOAN, outbound_loan_return, loan_no, MOVEMENT),
    NUMBER(OUTBOUND_LOAN_EXTENSION, LOAN, outbound_loan_extension, loan_no, MOVEMENT),
    NUMBER(OUTBOUND_LOAN_CLOSURE, LOAN, outbound_loan_closure, loan_no, CLOSING),
};

#define NUMBERS_N (sizeof(numbers) / sizeof(numbers[0]))

static struct text number_at(const struct filing *filing, size_t i)
{
    struct text number;

    memcpy(&number, (const char *)&filing->details + numbers[i].at, sizeof(number));
    return number;
}

size_t names_of(const struct filing *filing, struct name out[NAMES_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < NUMBERS_N; i++) {
        if (numbers[i].event == filing->event && number_at(filing, i).n > 0) {
            out[n++] = (struct name){.matter = numbers[i].matter, .number = number_at(filing, i)};
        }
    }
    return n;
}

/* Does the filing name this, and is that what it does to it? */
static bool does(const struct filing *filing, struct name name, enum role_is role)
{
    for (size_t i = 0; i < NUMBERS_N; i++) {
        if (numbers[i].event == filing->event && numbers[i].matter == name.matter &&
            numbers[i].role == role && same(number_at(filing, i), name.number)) {
            return true;
        }
    }
    return false;
}

bool names(const struct filing *filing, struct name name)
{
    struct name is[NAMES_MAX];
    size_t n = names_of(filing, is);

    for (size_t i = 0; i < n; i++) {
        if (is[i].matter == name.matter && same(is[i].number, name.number)) {
            return true;
        }
    }
    return false;
}

struct fact *standing_fact(const struct model *m, size_t *i)
{
    while (*i < m->accepted_n) {
        struct fact *fact = m->facts[m->accepted[*i]];

        (*i)++;
        if (!fact->reversed && same(fact->filing.enterprise, m->enterprise)) {
            return fact;
        }
    }
    return NULL;
}

struct fact *opener_of(const struct model *m, struct name name)
{
    struct fact *found = NULL;

    for (size_t i = 0;;) {
        struct fact *fact = standing_fact(m, &i);

        if (fact == NULL) {
            return found;
        }
        if (does(&fact->filing, name, ROLE_IS_OPENING)) {
            found = fact;
        }
    }
}

bool is_closed(const struct model *m, struct name name)
{
    for (size_t i = 0;;) {
        const struct fact *fact = standing_fact(m, &i);

        if (fact == NULL) {
            return false;
        }
        if (does(&fact->filing, name, ROLE_IS_CLOSING)) {
            return true;
        }
    }
}

struct amounts balance_of(const struct model *m, const char *id)
{
    struct amounts sum = {0};

    for (size_t i = 0; i < m->journal_n; i++) {
        const struct fact *fact = m->facts[m->journal_facts[i]];

        if (strcmp(m->journal[i].id, id) == 0 && same(fact->filing.enterprise, m->enterprise)) {
            sum.limit += m->journal[i].change.limit;
            sum.used += m->journal[i].change.used;
            sum.reserved += m->journal[i].change.reserved;
        }
    }
    return sum;
}

int32_t currency_of_limit(const struct model *m, const char *id, int32_t otherwise)
{
    for (size_t i = m->journal_n; i > 0; i--) {
        const struct fact *fact = m->facts[m->journal_facts[i - 1]];

        if (strcmp(m->journal[i - 1].id, id) == 0 && same(fact->filing.enterprise, m->enterprise)) {
            return m->journal[i - 1].currency;
        }
    }
    return otherwise;
}

wide free_of(const struct model *m, const char *id)
{
    struct amounts is = balance_of(m, id);

    return (wide)is.limit - is.used - is.reserved;
}

void limit_id(char out[LIMIT_ID_SIZE], const char *kind, struct text object, struct text part)
{
    (void)snprintf(out, LIMIT_ID_SIZE, "%s%s%.*s%s%.*s", kind, object.n > 0 ? ":" : "",
                   (int)object.n, object.n > 0 ? object.at : "", part.n > 0 ? ":" : "", (int)part.n,
                   part.n > 0 ? part.at : "");
}

/* ---- a trial ------------------------------------------------------------------------------- */

static struct why *add_why(struct trial *t, int code, const char *field, const char *limit)
{
    struct why *why = NULL;

    for (size_t i = 0; i < t->whys_n; i++) {
        why = &t->whys[i];
        if (why->code == code && strcmp(why->field, field) == 0 && strcmp(why->limit, limit) == 0) {
            return why;
        }
    }
    assert(t->whys_n < WHYS_MAX);
    why = &t->whys[t->whys_n++];
    *why = (struct why){.code = code};
    (void)snprintf(why->field, sizeof(why->field), "%s", field);
    (void)snprintf(why->limit, sizeof(why->limit), "%s", limit);
    return why;
}

void refuse(struct trial *t, int code, const char *field) { (void)add_why(t, code, field, ""); }

void refuse_limit(struct trial *t, int code, const char *field, const char *limit)
{
    (void)add_why(t, code, field, limit);
}

void test_amount(struct trial *t, int code, const struct amount_test *test)
{
    struct why *why = NULL;

    if (test->asked <= test->free) {
        return;
    }
    why = add_why(t, code, test->field, test->limit);
    why->has_amounts = true;
    why->currency = test->currency;
    why->free = test->free;
    why->asked = test->asked;
}

void post(struct trial *t, const char *id, int32_t currency, struct amounts change)
{
    struct line *line = NULL;

    for (size_t i = 0; i < t->lines_n; i++) {
        line = strcmp(t->lines[i].id, id) == 0 ? &t->lines[i] : line;
    }
    if (line == NULL) {
        assert(t->lines_n < LINES_MAX);
        line = &t->lines[t->lines_n++];
        (void)snprintf(line->id, sizeof(line->id), "%s", id);
        line->currency = currency;
    }
    line->change.limit += change.limit;
    line->change.used += change.used;
    line->change.reserved += change.reserved;
}

struct fact *named_object(struct trial *t, struct name name, enum event opens_it, const char *field)
{
    struct fact *opener = opener_of(t->m, name);
    int32_t last_on = 0;

    if (opener == NULL || opener->filing.event != opens_it) {
        refuse(t, 203, field);
        return NULL;
    }
    if (is_closed(t->m, name)) {
        refuse(t, 204, field);
        return NULL;
    }
    last_on = opener->filing.business_on;
    for (size_t i = 0;;) {
        const struct fact *fact = standing_fact(t->m, &i);

        if (fact == NULL) {
            break;
        }
        if (fact->accepted_number > opener->accepted_number && names(&fact->filing, name)) {
            last_on = fact->filing.business_on;
        }
    }
    if (t->filing->business_on < last_on || t->filing->business_on < opener->filing.business_on) {
        refuse(t, 206, "/business_date");
    }
    return opener;
}

bool number_is_new(struct trial *t, struct name name, const char *field)
{
    if (opener_of(t->m, name) != NULL) {
        refuse(t, 202, field);
        return false;
    }
    return true;
}

bool standing_over(struct trial *t)
{
    size_t reviews = 0;

    t->rows_of_standing = t->rows_n;
    t->sheets_of_standing = t->sheets_n;
    for (size_t i = 0; i < t->whys_n; i++) {
        reviews += t->whys[i].code == 402 ? 1 : 0;
    }
    if (t->whys_n > reviews) { /* a failure of standing: what would be reviewed is not told */
        size_t n = 0;

        for (size_t i = 0; i < t->whys_n; i++) {
            if (t->whys[i].code != 402) {
                t->whys[n++] = t->whys[i];
            }
        }
        t->whys_n = n;
        t->outcome = OUTCOME_REJECTED;
        return false;
    }
    if (reviews > 0 && !t->fact->approved) {
        t->outcome = OUTCOME_HELD;
        return false;
    }
    t->whys_n = 0;
    return rates_over(t);
}

bool rates_over(struct trial *t)
{
    if (t->lacks_n == 0) {
        return true;
    }
    t->whys_n = 0; /* what the limits would say waits too */
    for (size_t i = 0; i < t->lacks_n; i++) {
        refuse(t, 401, t->lack_fields[i]);
    }
    t->rows_n = t->rows_of_standing;
    t->sheets_n = t->sheets_of_standing;
    t->outcome = OUTCOME_HELD;
    return false;
}

static int by_id(const void *a, const void *b)
{
    const struct line *x = a;
    const struct line *y = b;

    return strcmp(x->id, y->id);
}

static uint32_t nearness(const struct line *line)
{
    wide use = (wide)line->after.used + line->after.reserved;
    wide limit = line->after.limit;

    if (line->change.used + line->change.reserved <= 0) {
        return 0;
    }
    if (use >= limit) {
        return 3;
    }
    return use * 10 >= limit * 9 ? 2 : use * 10 >= limit * 8 ? 1 : 0;
}

void conclude(struct trial *t)
{
    uint32_t nearest = 0;
    size_t n = 0;

    if (t->whys_n > 0) {
        t->outcome = OUTCOME_REJECTED;
        return;
    }
    t->outcome = OUTCOME_ACCEPTED;
    for (size_t i = 0; i < t->lines_n; i++) {
        struct line *line = &t->lines[i];
        struct amounts before = balance_of(t->m, line->id);

        if (line->change.limit == 0 && line->change.used == 0 && line->change.reserved == 0) {
            continue;
        }
        line->after = (struct amounts){.limit = before.limit + line->change.limit,
                                       .used = before.used + line->change.used,
                                       .reserved = before.reserved + line->change.reserved};
        nearest = nearness(line) > nearest ? nearness(line) : nearest;
        t->lines[n++] = *line;
    }
    t->lines_n = n;
    qsort(t->lines, t->lines_n, sizeof(t->lines[0]), by_id);
    t->flags |= nearest == 3 ? FLAG_LIMIT_FULL : 0;
    t->flags |= nearest == 2 ? FLAG_NEAR_LIMIT_90 : 0;
    t->flags |= nearest == 1 ? FLAG_NEAR_LIMIT_80 : 0;
    for (size_t i = 0; i < t->rows_n; i++) {
        t->flags |= t->rows[i]->confirmed ? 0 : FLAG_UNCONFIRMED_BASIS;
    }
}

/* ---- answers ------------------------------------------------------------------------------- */

static int by_code(const void *a, const void *b)
{
    const struct why *x = a;
    const struct why *y = b;

    if (x->code != y->code) {
        return x->code < y->code ? -1 : 1;
    }
    return strcmp(x->field, y->field) != 0 ? strcmp(x->field, y->field)
                                           : strcmp(x->limit, y->limit);
}

static int by_text(struct text a, struct text b)
{
    uint32_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.at, b.at, n) : 0;

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int by_row(const void *a, const void *b)
{
    const struct parameter *x = *(const struct parameter *const *)a;
    const struct parameter *y = *(const struct parameter *const *)b;
    int order = by_text(x->id, y->id);

    order = order != 0 ? order : by_text(x->subject, y->subject);
    order = order != 0 ? order : by_text(x->region, y->region);
    return order != 0 ? order : (x->from_on > y->from_on) - (x->from_on < y->from_on);
}

static int by_day(const void *a, const void *b)
{
    const int32_t *x = a;
    const int32_t *y = b;

    return (*x > *y) - (*x < *y);
}

struct page {
    char *at;
    size_t n;
};

static void put(struct page *page, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void put(struct page *page, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    page->n += (size_t)vsnprintf(page->at + page->n, MODEL_ANSWER_SIZE - page->n, fmt, args);
    va_end(args);
    assert(page->n < MODEL_ANSWER_SIZE);
}

static void put_whys(struct page *page, struct trial *t)
{
    qsort(t->whys, t->whys_n, sizeof(t->whys[0]), by_code);
    for (size_t i = 0; i < t->whys_n; i++) {
        const struct why *why = &t->whys[i];

        put(page, "\n  %d %s %s", why->code, why->field, why->limit);
        if (why->has_amounts) {
            put(page, " %s free %lld asked %lld", iso_currency(why->currency)->alpha,
                (long long)why->free, (long long)why->asked);
        }
    }
}

static void put_basis(struct page *page, struct trial *t)
{
    char date[DATE_TEXT_SIZE] = "";

    qsort(t->rows, t->rows_n, sizeof(void *), by_row);
    qsort(t->sheets, t->sheets_n, sizeof(t->sheets[0]), by_day);
    put(page, "\n  basis");
    for (size_t i = 0; i < t->rows_n; i++) {
        const struct parameter *row = t->rows[i];

        date_format(row->from_on, date);
        put(page, " %.*s/%.*s/%.*s@%s", (int)row->id.n, row->id.at, (int)row->subject.n,
            row->subject.at, (int)row->region.n, row->region.at, date);
    }
    for (size_t i = 0; i < t->sheets_n; i++) {
        date_format(t->sheets[i], date);
        put(page, " %s", date);
    }
}

static void put_lines(struct page *page, const struct trial *t)
{
    for (size_t i = 0; i < t->lines_n; i++) {
        const struct line *line = &t->lines[i];

        put(page, "\n  %s %s %+lld %+lld %+lld = %lld %lld %lld", line->id,
            iso_currency(line->currency)->alpha, (long long)line->change.limit,
            (long long)line->change.used, (long long)line->change.reserved,
            (long long)line->after.limit, (long long)line->after.used,
            (long long)line->after.reserved);
    }
}

/* The decision of this number about this trial. */
static void answer(struct trial *t, int64_t offset, uint64_t refers_to)
{
    struct model *m = t->m;
    struct page page = {0};

    m->answers = one_more(m->answers, m->answers_n, sizeof(m->answers[0]));
    m->answers[m->answers_n].head =
        (struct model_answer_head){.input = offset, .outcome = t->outcome};
    page.at = m->answers[m->answers_n++].text;
    put(&page, "number %llu input %lld bulletin %zu %s", (unsigned long long)m->number,
        (long long)offset, m->items_n, outcome_name(t->outcome));
    if (refers_to > 0) {
        put(&page, " refers to %llu", (unsigned long long)refers_to);
    }
    for (uint32_t i = 0; t->outcome == OUTCOME_ACCEPTED && i < FLAG_COUNT; i++) {
        if ((t->flags >> i & 1) != 0) {
            put(&page, " %s", flag_name((enum flag)(1U << i)));
        }
    }
    put_whys(&page, t);
    if (t->outcome == OUTCOME_ACCEPTED) {
        put_lines(&page, t);
        if (t->has_returned) {
            put(&page, "\n  returned %s %lld", iso_currency(t->returned.currency)->alpha,
                (long long)t->returned.minor);
        }
    }
    put_basis(&page, t);
}

/* ---- deciding ------------------------------------------------------------------------------ */

static const struct {
    enum event event;
    void (*attempt)(struct trial *t);
} tries[] = {
    {EVENT_OUTBOUND_IN_KIND, try_in_kind},
    {EVENT_OUTBOUND_CHANGE, try_change},
    {EVENT_OUTBOUND_PROFIT_RETURN, try_profit_return},
    {EVENT_OUTBOUND_CAPITAL_RETURN, try_capital_return},
    {EVENT_OUTBOUND_COMPLETION, try_completion},
    {EVENT_OUTBOUND_CLOSURE, try_closure},
    {EVENT_OUTBOUND_LENDING_BASIS, try_lending_basis},
    {EVENT_OUTBOUND_LOAN, try_loan},
    {EVENT_OUTBOUND_LOAN_REMITTANCE, try_loan_remittance},
    {EVENT_OUTBOUND_LOAN_RETURN, try_loan_return},
    {EVENT_OUTBOUND_LOAN_EXTENSION, try_loan_extension},
    {EVENT_OUTBOUND_LOAN_CLOSURE, try_loan_closure},
    {EVENT_FDI_PRELIMINARY, try_fdi_preliminary},
    {EVENT_FDI_PRELIMINARY_INFLOW, try_fdi_preliminary_inflow},
    {EVENT_FDI_PRELIMINARY_REFUND, try_fdi_preliminary_refund},
    {EVENT_FDI_PRELIMINARY_CONVERT, try_fdi_preliminary_convert},
    {EVENT_FDI_INCREASE, try_fdi_increase},
    {EVENT_FDI_DECREASE, try_fdi_decrease},
    {EVENT_FDI_TRANSFER, try_fdi_transfer},
    {EVENT_FDI_SETTLEMENT, try_fdi_settlement},
    {EVENT_FDI_PAYMENT, try_fdi_payment},
    {EVENT_FDI_REINVESTMENT, try_fdi_reinvestment},
    {EVENT_FDI_PROFIT_REMITTANCE, try_fdi_profit_remittance},
    {EVENT_FDI_OUTWARD_REMITTANCE, try_fdi_outward_remittance},
    {EVENT_FDI_LIQUIDATION, try_fdi_liquidation},
    {EVENT_FDI_DEREGISTRATION, try_fdi_deregistration},
    {EVENT_FDI_REGISTRATION, try_fdi_registration},
    {EVENT_FDI_INFLOW, try_fdi_inflow},
    {EVENT_FINANCING_PROFILE, try_profile},
    {EVENT_FINANCING_CONTRACT, try_contract},
    {EVENT_FINANCING_DRAWDOWN, try_drawdown},
    {EVENT_FINANCING_REPAYMENT, try_repayment},
    {EVENT_FINANCING_INTEREST, try_interest},
    {EVENT_FINANCING_CAPITALISATION, try_capitalisation},
    {EVENT_FINANCING_EXTENSION, try_extension},
    {EVENT_FINANCING_AMENDMENT, try_amendment},
    {EVENT_FINANCING_ASSIGNMENT, try_assignment},
    {EVENT_FINANCING_FORGIVENESS, try_forgiveness},
    {EVENT_FINANCING_EQUITY_CONVERSION, try_equity_conversion},
    {EVENT_FINANCING_CANCELLATION, try_cancellation},
    {EVENT_FINANCING_DEREGISTRATION, try_deregistration},
    {EVENT_OUTBOUND_PRELIMINARY, try_preliminary},
    {EVENT_OUTBOUND_PRELIMINARY_REMITTANCE, try_preliminary_remittance},
    {EVENT_OUTBOUND_PRELIMINARY_REFUND, try_preliminary_refund},
    {EVENT_OUTBOUND_REGISTRATION, try_outbound_registration},
    {EVENT_OUTBOUND_REMITTANCE, try_outbound_remittance},
    {EVENT_REVERSAL, try_reversal},
    {EVENT_REVIEW, try_review},
    {EVENT_WITHDRAWAL, try_withdrawal},
};

static void attempt(struct trial *t)
{
    bool is_review = t->filing->event == EVENT_REVIEW;

    if (!bank_may(t->m, t->filing->bank, is_review ? ROLE_AUTHORITY : ROLE_FILER)) {
        refuse(t, 205, "/bank");
    }
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        if (tries[i].event == t->filing->event) {
            tries[i].attempt(t);
            return;
        }
    }
    abort(); /* not one of the model's */
}

static size_t keys_of(const struct model *m, const struct filing *filing,
                      struct name out[NAMES_MAX])
{
    size_t n = 0;

    if (filing->event == EVENT_REVERSAL) {
        const struct fact *original = fact_of(m, filing->bank, filing->details.reversal.reverses);

        if (original == NULL || original->accepted_number == 0 ||
            original->filing.event == EVENT_REVERSAL) {
            return 0;
        }
        filing = &original->filing;
    }
    n = names_of(filing, out);
    if (filing->event >= EVENT_FINANCING_PROFILE &&
        filing->event <= EVENT_FINANCING_DEREGISTRATION &&
        filing->event != EVENT_FINANCING_INTEREST && filing->event != EVENT_FINANCING_ASSIGNMENT) {
        out[n++] = (struct name){.matter = MATTER_FINANCING};
    }
    if (filing->event >= EVENT_OUTBOUND_LENDING_BASIS &&
        filing->event <= EVENT_OUTBOUND_LOAN_CLOSURE &&
        filing->event != EVENT_OUTBOUND_LOAN_EXTENSION) {
        out[n++] = (struct name){.matter = MATTER_LENDING};
    }
    return n;
}

/* Is there an earlier held filing with one of its keys? */
static bool is_behind(const struct model *m, const struct fact *fact)
{
    struct name own[NAMES_MAX];
    size_t own_n = keys_of(m, &fact->filing, own);

    for (size_t i = 0; i < m->facts_n && m->facts[i] != fact; i++) {
        struct name other[NAMES_MAX];
        size_t other_n = 0;

        if (m->facts[i]->outcome != OUTCOME_HELD ||
            !same(m->facts[i]->filing.enterprise, m->enterprise)) {
            continue;
        }
        other_n = keys_of(m, &m->facts[i]->filing, other);
        for (size_t k = 0; k < own_n * other_n; k++) {
            if (own[k / other_n].matter == other[k % other_n].matter &&
                same(own[k / other_n].number, other[k % other_n].number)) {
                return true;
            }
        }
    }
    return false;
}

static size_t held_of_enterprise(const struct model *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->facts_n; i++) {
        n += m->facts[i]->outcome == OUTCOME_HELD &&
                     same(m->facts[i]->filing.enterprise, m->enterprise)
                 ? 1
                 : 0;
    }
    return n;
}

/* Which codes, each once: the same code at fewer fields is no change (H4). */
static void codes_text(struct trial *t, char out[512])
{
    size_t n = 0;

    out[0] = '\0';
    qsort(t->whys, t->whys_n, sizeof(t->whys[0]), by_code);
    for (size_t i = 0; i < t->whys_n; i++) {
        if (i == 0 || t->whys[i].code != t->whys[i - 1].code) {
            n += (size_t)snprintf(out + n, 512 - n, "%d ", t->whys[i].code);
        }
    }
}

/* The fact takes over what was decided about it. */
static void settle(struct trial *t)
{
    struct fact *fact = t->fact;
    struct model *m = t->m;

    codes_text(t, fact->codes);
    fact->outcome = t->outcome;
    fact->waits_for = t->outcome == OUTCOME_HELD ? t->whys[0].code : 0;
    memcpy(fact->lacks, t->lacks, sizeof(t->lacks));
    fact->lacks_n = t->lacks_n;
    if (t->outcome != OUTCOME_ACCEPTED) {
        return;
    }
    fact->accepted_number = m->number;
    memcpy(fact->lines, t->lines, sizeof(t->lines));
    fact->lines_n = t->lines_n;
    memcpy(fact->follows, t->follows, sizeof(t->follows));
    for (size_t i = 0; i < m->facts_n; i++) {
        if (m->facts[i] != fact) {
            continue;
        }
        m->accepted = one_more(m->accepted, m->accepted_n, sizeof(m->accepted[0]));
        m->accepted[m->accepted_n++] = i;
        for (size_t k = 0; k < t->lines_n; k++) {
            m->journal = one_more(m->journal, m->journal_n, sizeof(m->journal[0]));
            m->journal[m->journal_n] = t->lines[k];
            m->journal_facts =
                one_more(m->journal_facts, m->journal_n, sizeof(m->journal_facts[0]));
            m->journal_facts[m->journal_n++] = i;
        }
    }
    if (t->original > 0) {
        m->facts[t->original - 1]->reversed = true;
    }
}

static struct trial *begin(struct model *m, struct fact *fact)
{
    struct trial *t = one_more(NULL, 0, sizeof(*t));

    t->m = m;
    t->fact = fact;
    t->filing = &fact->filing;
    m->enterprise = fact->filing.enterprise;
    return t;
}

/* Decide a held filing again; code is 221 or 223 when a person ended it, else 0. */
static void decide_again(struct model *m, struct fact *fact, int code)
{
    struct trial *t = begin(m, fact);
    char codes[512];

    if (code != 0) {
        refuse(t, code, "");
        t->outcome = OUTCOME_REJECTED;
    } else {
        attempt(t);
    }
    codes_text(t, codes);
    if (t->outcome != fact->outcome || strcmp(codes, fact->codes) != 0) {
        m->number++;
        answer(t, fact->offset, fact->first_number);
        settle(t);
    } else {
        memcpy(fact->lacks, t->lacks, sizeof(t->lacks));
        fact->lacks_n = t->lacks_n;
    }
    free(t);
}

static bool rate_came(const struct model *m, const struct fact *fact)
{
    for (size_t i = 0; i < fact->lacks_n; i++) {
        int32_t sheet = 0;
        wide rate = 0;

        if (rate_of(m, fact->lacks[i].currency, fact->lacks[i].on, &sheet, &rate)) {
            return true;
        }
    }
    return false;
}

/* One pass over held filings in order of arrival: those behind others, and after a bulletin those
 * that wait for a rate. */
static void pass(struct model *m, struct text enterprise)
{
    for (size_t i = 0; i < m->facts_n; i++) {
        struct fact *fact = m->facts[i];
        bool is_bulletin = enterprise.n == 0;

        if (fact->outcome != OUTCOME_HELD ||
            (!is_bulletin && !same(enterprise, fact->filing.enterprise))) {
            continue;
        }
        m->enterprise = fact->filing.enterprise;
        if ((fact->waits_for == 403 && !is_behind(m, fact)) ||
            (fact->waits_for == 401 && is_bulletin && rate_came(m, fact))) {
            decide_again(m, fact, 0);
        }
    }
}

void model_bulletin(struct model *m, const struct reference_item *item)
{
    m->answers_n = 0;
    m->number++;
    m->items = one_more(m->items, m->items_n, sizeof(void *));
    m->items[m->items_n++] = item;
    pass(m, (struct text){0});
}

static void follow(struct model *m, const struct filing *filing)
{
    struct fact *held = NULL;
    struct text enterprise = filing->enterprise;

    if (filing->event == EVENT_WITHDRAWAL) {
        held = fact_of(m, filing->bank, filing->details.withdrawal.withdraws);
        decide_again(m, held, 223);
    } else {
        const struct review *review = &filing->details.review;

        held = fact_of(m, review->reviewed_bank, review->reviews);
        held->approved = review->verdict == VERDICT_APPROVE;
        decide_again(m, held, held->approved ? 0 : 221);
    }
    pass(m, enterprise);
}

static void decide_first(struct trial *t)
{
    struct model *m = t->m;

    check_form(t);
    if (t->whys_n > 0) {
        t->outcome = OUTCOME_REJECTED;
        return;
    }
    if (is_behind(m, t->fact)) {
        refuse(t, 403, "");
        t->outcome = OUTCOME_HELD;
    } else {
        attempt(t);
    }
    if (t->outcome == OUTCOME_HELD && held_of_enterprise(m) >= HELD_FULL_AT) {
        t->whys_n = 0;
        refuse(t, 222, "");
        t->outcome = OUTCOME_REJECTED;
    }
}

void model_file(struct model *m, const struct model_record *record)
{
    struct fact *fact = one_more(NULL, 0, sizeof(*fact));
    const struct filing *filing = record->filing;
    struct fact *own = NULL;
    struct trial *t = NULL;

    fact->filing = *filing;
    fact->offset = record->offset;
    fact->received_on = record->received_on;
    fact->content = record->content;
    m->answers_n = 0;
    t = begin(m, fact);
    m->number++;
    own = fact_of(m, filing->bank, filing->filing_id);
    if (own != NULL) {
        bool is_same = own->content == record->content;

        t->outcome = is_same ? OUTCOME_DUPLICATE : OUTCOME_REJECTED;
        if (!is_same) {
            refuse(t, 201, "/filing_id");
        }
        answer(t, record->offset, is_same ? own->first_number : 0);
        free(fact);
    } else {
        fact->first_number = m->number;
        m->facts = one_more(m->facts, m->facts_n, sizeof(void *));
        m->facts[m->facts_n++] = fact;
        decide_first(t);
        answer(t, record->offset, 0);
        settle(t);
        if (t->outcome == OUTCOME_ACCEPTED &&
            (filing->event == EVENT_REVIEW || filing->event == EVENT_WITHDRAWAL)) {
            follow(m, filing);
        }
    }
    free(t);
}
