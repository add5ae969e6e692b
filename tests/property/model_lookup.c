/* Reference data as the model sees it: every bulletin from the first to the last. */
#include <assert.h>
#include <string.h>

#include "model_inside.h"

bool same(struct text a, struct text b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

bool same_word(struct text a, const char *b)
{
    return same(a, (struct text){.at = b, .n = (uint32_t)strlen(b)});
}

static bool begins(struct text whole, struct text beginning)
{
    return beginning.n <= whole.n &&
           (beginning.n == 0 || memcmp(whole.at, beginning.at, beginning.n) == 0);
}

static const struct reference_item *newest(const struct model *m, enum reference_kind kind)
{
    const struct reference_item *found = NULL;

    for (size_t i = 0; i < m->items_n; i++) {
        if (m->items[i]->kind == kind) {
            found = m->items[i];
        }
    }
    return found;
}

static bool is_more_specific(const struct parameter *a, const struct parameter *b)
{
    if (a->region.n != b->region.n) {
        return a->region.n > b->region.n;
    }
    return a->subject.n > 0 && b->subject.n == 0;
}

const struct parameter *row_of(const struct model *m, const char *id, struct text subject,
                               struct text region, int32_t on)
{
    const struct reference_item *item = newest(m, REFERENCE_POLICY);
    const struct parameter *best = NULL;

    for (uint32_t i = 0; item != NULL && i < item->of.policy.parameters_n; i++) {
        const struct parameter *row = &item->of.policy.parameters[i];

        if (!same_word(row->id, id) || on < row->from_on || on > row->to_on) {
            continue;
        }
        if (row->subject.n > 0 && !same(row->subject, subject)) {
            continue;
        }
        if (begins(region, row->region) && (best == NULL || is_more_specific(row, best))) {
            best = row;
        }
    }
    return best;
}

void list_row_used(struct trial *t, const struct parameter *row)
{
    for (size_t i = 0; i < t->rows_n; i++) {
        if (t->rows[i] == row) {
            return;
        }
    }
    if (row != NULL && !t->is_basis_silent) {
        assert(t->rows_n < ROWS_MAX);
        t->rows[t->rows_n++] = row;
    }
}

const struct parameter *use_row(struct trial *t, const char *id, struct text subject,
                                struct text region)
{
    const struct parameter *row = row_of(t->m, id, subject, region, t->filing->business_on);

    list_row_used(t, row);
    return row;
}

const struct parameter *use_plain_row(struct trial *t, const char *id, int32_t on)
{
    const struct parameter *row = row_of(t->m, id, (struct text){0}, (struct text){0}, on);

    list_row_used(t, row);
    return row;
}

wide power10(int n)
{
    wide power = 1;

    for (int i = 0; i < n; i++) {
        power *= 10;
    }
    return power;
}

wide row_e10(const struct parameter *row)
{
    return (wide)row->number.numerator * power10(10 - row->number.scale);
}

static bool is_working(const struct model *m, int32_t on)
{
    const struct calendar *table = NULL;

    for (size_t i = 0; i < m->items_n; i++) {
        const struct reference_item *item = m->items[i];

        if (item->kind == REFERENCE_CALENDAR && item->of.calendar.year == date_year(on)) {
            table = &item->of.calendar;
        }
    }
    for (uint32_t i = 0; table != NULL && i < table->holidays_n; i++) {
        if (table->holidays[i] == on) {
            return false;
        }
    }
    return date_weekday(on) < 5;
}

int working_days(const struct model *m, int32_t after, int32_t until)
{
    int n = 0;

    for (int32_t on = after + 1; on <= until; on++) {
        n += is_working(m, on) ? 1 : 0;
    }
    return n;
}

bool rate_of(const struct model *m, int32_t currency, int32_t on, int32_t *ret_sheet, wide *ret)
{
    *ret_sheet = DATE_NONE;
    if (currency == CURRENCY_CNY) {
        *ret = E10;
        return true;
    }
    while (!is_working(m, on)) {
        on--;
    }
    *ret_sheet = on;
    for (size_t i = 0; i < m->items_n; i++) {
        const struct rate_sheet *sheet = &m->items[i]->of.rates;

        if (m->items[i]->kind != REFERENCE_RATES || sheet->date_on != on) {
            continue;
        }
        for (uint32_t k = 0; k < sheet->rates_n; k++) {
            if (sheet->rates[k].currency == currency) {
                *ret = sheet->rates[k].rate_e10;
                return true;
            }
        }
    }
    return false;
}

wide divide(wide a, wide b, enum rounds rounds)
{
    wide whole = a / b;

    assert(a >= 0);
    return rounds == UP && whole * b != a ? whole + 1 : whole;
}

static void list_sheet(struct trial *t, int32_t sheet)
{
    for (size_t i = 0; i < t->sheets_n; i++) {
        if (t->sheets[i] == sheet) {
            return;
        }
    }
    if (sheet != DATE_NONE && !t->is_basis_silent) {
        assert(t->sheets_n < SHEETS_MAX);
        t->sheets[t->sheets_n++] = sheet;
    }
}

static bool find_rate(struct trial *t, int32_t currency, const struct exchange *x, wide *ret)
{
    int32_t sheet = DATE_NONE;

    if (rate_of(t->m, currency, x->on, &sheet, ret)) {
        return true;
    }
    assert(t->lacks_n < LACKS_MAX);
    t->lack_fields[t->lacks_n] = x->field;
    t->lacks[t->lacks_n++] = (struct lack){.currency = currency, .on = x->on};
    return false;
}

/* A sheet counts as used when all that was asked of it was there. */
bool exchanged(struct trial *t, wide minor, const struct exchange *x, enum rounds rounds, wide *ret)
{
    wide from = 0;
    wide to = 0;
    int32_t sheet = DATE_NONE;
    bool found = false;

    if (x->from == x->to || minor == 0) {
        *ret = minor;
        return true;
    }
    found = find_rate(t, x->from, x, &from);
    found = find_rate(t, x->to, x, &to) && found;
    if (found) {
        (void)rate_of(t->m, x->from == CURRENCY_CNY ? x->to : x->from, x->on, &sheet, &from);
        list_sheet(t, sheet);
        (void)rate_of(t->m, x->from, x->on, &sheet, &from);
        *ret = divide(minor * from * power10(iso_currency(x->to)->exponent),
                      to * power10(iso_currency(x->from)->exponent), rounds);
    }
    return found;
}

bool bank_may(const struct model *m, struct text bank, uint32_t role)
{
    uint32_t roles = 0;

    for (size_t i = 0; i < m->items_n; i++) {
        const struct register_change *change = &m->items[i]->of.banks;

        for (uint32_t k = 0; m->items[i]->kind == REFERENCE_BANKS && k < change->members_n; k++) {
            if (same(change->members[k].id, bank)) {
                roles = change->members[k].roles;
            }
        }
    }
    return (roles & role) != 0;
}

const struct list *list_in_force(const struct model *m, enum reference_kind kind)
{
    const struct reference_item *item = newest(m, kind);

    if (item == NULL) {
        return NULL;
    }
    return kind == REFERENCE_NEGATIVE_LIST ? &item->of.negative : &item->of.sensitive;
}
