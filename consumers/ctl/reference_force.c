#include "consumers/ctl/reference_force.h"

#include <string.h>

#include "form/date.h"

static bool text_same(struct text a, struct text b) { return reference_text_compare(a, b) == 0; }

/* ---- policy -------------------------------------------------------------------------------- */

static bool parameter_same(const struct parameter *a, const struct parameter *b)
{
    return text_same(a->id, b->id) && text_same(a->subject, b->subject) &&
           text_same(a->region, b->region) && a->from_on == b->from_on && a->to_on == b->to_on &&
           text_same(a->value, b->value) && text_same(a->source, b->source) &&
           a->confirmed == b->confirmed && a->ordinal == b->ordinal;
}

/* Rows in force are sorted; each tells where it stood as written. */
static bool policy_same(const struct policy_version *version, const struct policy *policy)
{
    if (!version || version->policy != policy->policy || version->rules != policy->rules ||
        version->rows_n != policy->parameters_n) {
        return false;
    }
    for (uint32_t i = 0; i < version->rows_n; i++) {
        const uint32_t ordinal = version->rows[i].ordinal;

        if (ordinal >= policy->parameters_n ||
            !parameter_same(&version->rows[i], &policy->parameters[ordinal])) {
            return false;
        }
    }
    return true;
}

/* ---- sheets and calendars ------------------------------------------------------------------ */

const struct sheet_entry *reference_sheet(const struct reference *reference, int64_t as_of,
                                          int32_t date_on)
{
    uint32_t low = 0;
    uint32_t high = reference->sheets_n;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (reference->sheets[middle].date_on < date_on) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < reference->sheets_n && reference->sheets[low].date_on == date_on && as_of >= 0 &&
                   reference->sheets[low].since <= (uint64_t)as_of
               ? &reference->sheets[low]
               : NULL;
}

static bool sheet_has(const struct sheet_entry *entry, const struct rate *rate)
{
    for (uint32_t i = 0; i < entry->rates_n; i++) {
        if (entry->rates[i].currency == rate->currency) {
            return entry->rates[i].rate_e10 == rate->rate_e10;
        }
    }
    return false;
}

static bool sheet_same(const struct sheet_entry *entry, const struct rate_sheet *sheet)
{
    if (!entry || entry->rates_n != sheet->rates_n) {
        return false;
    }
    for (uint32_t i = 0; i < sheet->rates_n; i++) {
        if (!sheet_has(entry, &sheet->rates[i])) {
            return false;
        }
    }
    return true;
}

const struct calendar_entry *reference_calendar(const struct reference *reference, int64_t as_of,
                                                int32_t year)
{
    const struct calendar_entry *found = NULL;

    for (uint32_t i = 0; i < reference->calendars_n; i++) {
        const struct calendar_entry *entry = &reference->calendars[i];

        if (entry->year == year && as_of >= 0 && entry->since <= (uint64_t)as_of) {
            found = entry;
        }
    }
    return found;
}

static bool calendar_same(const struct calendar_entry *entry, const struct calendar *calendar)
{
    uint64_t holidays[CALENDAR_BITMAP_WORDS] = {0};

    for (uint32_t i = 0; i < calendar->holidays_n; i++) {
        const uint32_t day =
            (uint32_t)(calendar->holidays[i] - date_make((int)calendar->year, 1, 1));

        holidays[day / 64] |= UINT64_C(1) << day % 64;
    }
    return entry && memcmp(entry->holidays, holidays, sizeof(holidays)) == 0;
}

/* ---- registers and lists ------------------------------------------------------------------- */

static bool key_same(const struct public_key *a, const struct public_key *b)
{
    return text_same(a->key_id, b->key_id) && memcmp(a->key, b->key, PUBLIC_KEY_SIZE) == 0 &&
           a->from_on == b->from_on && a->to_on == b->to_on;
}

static bool member_same(const struct member *in_force, const struct member *member)
{
    if (!in_force) {
        return member->roles == 0; /* removing who is not there */
    }
    if (!text_same(in_force->name, member->name) || in_force->roles != member->roles ||
        in_force->keys_n != member->keys_n) {
        return false;
    }
    for (uint32_t i = 0; i < member->keys_n; i++) {
        if (!key_same(&in_force->keys[i], &member->keys[i])) {
            return false;
        }
    }
    return true;
}

typedef const struct member *find_member_fn(const struct reference *reference, int64_t as_of,
                                            struct text id);

static bool change_same(const struct reference *reference, int64_t as_of,
                        const struct register_change *change, find_member_fn *find)
{
    for (uint32_t i = 0; i < change->members_n; i++) {
        if (!member_same(find(reference, as_of, change->members[i].id), &change->members[i])) {
            return false;
        }
    }
    return true;
}

static bool row_same(const struct list_row *a, const struct list_row *b)
{
    return text_same(a->country, b->country) && text_same(a->industry, b->industry) &&
           a->rule == b->rule && a->cap_bp == b->cap_bp && a->from_on == b->from_on &&
           a->to_on == b->to_on && text_same(a->text, b->text);
}

static bool list_same(struct list in_force, const struct list *list)
{
    if (in_force.rows_n != list->rows_n || list->rows_n == 0) {
        return false; /* an empty list is not told from none */
    }
    for (uint32_t i = 0; i < list->rows_n; i++) {
        if (!row_same(&in_force.rows[i], &list->rows[i])) {
            return false;
        }
    }
    return true;
}

bool reference_is_in_force(const struct reference *reference, int64_t as_of,
                           const struct reference_item *item)
{
    switch (item->kind) {
    case REFERENCE_POLICY:
        return policy_same(policy_as_of(reference, as_of), &item->of.policy);
    case REFERENCE_RATES:
        return sheet_same(reference_sheet(reference, as_of, item->of.rates.date_on),
                          &item->of.rates);
    case REFERENCE_CALENDAR:
        return calendar_same(reference_calendar(reference, as_of, item->of.calendar.year),
                             &item->of.calendar);
    case REFERENCE_BANKS:
        return change_same(reference, as_of, &item->of.banks, reference_bank);
    case REFERENCE_OPERATORS:
        return change_same(reference, as_of, &item->of.operators, reference_operator);
    case REFERENCE_NEGATIVE_LIST:
        return list_same(reference_negative(reference, as_of), &item->of.negative);
    case REFERENCE_SENSITIVE_LIST:
        return list_same(reference_sensitive(reference, as_of), &item->of.sensitive);
    case REFERENCE_NONE:
        break;
    }
    return false;
}
