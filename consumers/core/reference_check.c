/* What of 118 is neither form nor signature: does the content follow what is in force. */
#include <assert.h>
#include <string.h>

#include "consumers/core/reference.h"
#include "form/date.h"

/* Writes a fault in pieces: no formatted printing in the core. */
static void put(char *out, size_t size, const char *s, size_t n)
{
    size_t used = strlen(out);
    size_t room = size - used - 1;
    size_t take = n < room ? n : room;

    memcpy(out + used, s, take);
    out[used + take] = '\0';
}

static void put_number(char *out, size_t size, uint64_t value)
{
    char digits[20];
    size_t n = 0;

    do {
        n++;
        digits[sizeof(digits) - n] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put(out, size, digits + sizeof(digits) - n, n);
}

static void put_date(char *out, size_t size, int32_t on)
{
    char text[DATE_TEXT_SIZE];

    date_format(on, text);
    put(out, size, text, strlen(text));
}

static bool fault_at(struct fault *fault, const char *field, const char *text)
{
    fault->field[0] = '\0';
    fault->text[0] = '\0';
    put(fault->field, sizeof(fault->field), field, strlen(field));
    put(fault->text, sizeof(fault->text), text, strlen(text));
    return false;
}

/* ---- policy -------------------------------------------------------------------------------- */

static bool rows_are_one_scope(const struct parameter *a, const struct parameter *b)
{
    return reference_text_compare(a->id, b->id) == 0 &&
           reference_text_compare(a->subject, b->subject) == 0 &&
           reference_text_compare(a->region, b->region) == 0;
}

static bool row_fault(struct fault *fault, uint32_t i, const char *what,
                      const struct parameter *row)
{
    fault_at(fault, "/parameters/", "parameter '");
    put_number(fault->field, sizeof(fault->field), i);
    put(fault->text, sizeof(fault->text), row->id.at, row->id.n);
    put(fault->text, sizeof(fault->text), what, strlen(what));
    return false;
}

/* Compare a row with every other: an overlap, or a gap when later rows are there but none begins on
 * the next day. */
static bool row_agrees(const struct policy *policy, uint32_t i, struct fault *fault)
{
    const struct parameter *row = &policy->parameters[i];
    bool is_last = true;
    bool is_followed = false;

    for (uint32_t k = 0; k < policy->parameters_n; k++) {
        const struct parameter *other = &policy->parameters[k];

        if (k == i || !rows_are_one_scope(row, other)) {
            continue;
        }
        if (row->from_on <= other->to_on && other->from_on <= row->to_on) {
            return row_fault(fault, i > k ? i : k, "' has two rows for one day", row);
        }
        is_last = is_last && other->from_on < row->from_on;
        is_followed = is_followed || (row->to_on != DATE_LAST && other->from_on == row->to_on + 1);
    }
    if (!is_last && !is_followed) {
        return row_fault(fault, i, "' has a gap between two rows", row);
    }
    return true;
}

static bool policy_agrees(const struct policy *policy, struct fault *fault)
{
    for (uint32_t i = 0; i < policy->parameters_n; i++) {
        if (!row_agrees(policy, i, fault)) {
            return false;
        }
    }
    return true;
}

/* ---- rate sheets --------------------------------------------------------------------------- */

static bool sheet_is_there(const struct reference *reference, int64_t as_of, int32_t date_on)
{
    uint32_t low = 0;
    uint32_t high = reference->sheets_n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (reference->sheets[middle].date_on < date_on) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < reference->sheets_n && reference->sheets[low].date_on == date_on && as_of >= 0 &&
           reference->sheets[low].since <= (uint64_t)as_of;
}

static bool sheet_agrees(const struct reference *reference, int64_t as_of,
                         const struct content *content, uint32_t item, struct fault *fault)
{
    int32_t date_on = content->items[item].of.rates.date_on;
    bool is_second = sheet_is_there(reference, as_of, date_on);

    for (uint32_t i = 0; i < item; i++) {
        is_second = is_second || (content->items[i].kind == REFERENCE_RATES &&
                                  content->items[i].of.rates.date_on == date_on);
    }
    if (is_second) {
        fault_at(fault, "/date", "there is a rate sheet of ");
        put_date(fault->text, sizeof(fault->text), date_on);
        put(fault->text, sizeof(fault->text), " already", strlen(" already"));
        return false;
    }
    return true;
}

/* ---- operators ----------------------------------------------------------------------------- */

static bool has_key(const struct member *member, struct text key_id)
{
    for (uint32_t i = 0; i < member->keys_n; i++) {
        if (reference_text_compare(member->keys[i].key_id, key_id) == 0) {
            return true;
        }
    }
    return false;
}

static bool changes_person(const struct register_change *change, struct text person)
{
    for (uint32_t i = 0; i < change->members_n; i++) {
        if (reference_text_compare(change->members[i].id, person) == 0) {
            return true;
        }
    }
    return false;
}

/* Does another person have this key id once the change is made? */
static bool key_is_anothers(const struct reference *reference, int64_t as_of,
                            const struct register_change *change, uint32_t member,
                            struct text key_id)
{
    for (uint32_t i = 0; i < change->members_n; i++) {
        if (i != member && change->members[i].roles != 0 && has_key(&change->members[i], key_id)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < reference->operators_n; i++) {
        const struct member *other = &reference->operators[i].member;

        if (reference_operator(reference, as_of, other->id) == other &&
            !changes_person(change, other->id) && has_key(other, key_id)) {
            return true;
        }
    }
    return false;
}

static bool operators_agree(const struct reference *reference, int64_t as_of,
                            const struct register_change *change, struct fault *fault)
{
    for (uint32_t i = 0; i < change->members_n; i++) {
        const struct member *member = &change->members[i];

        for (uint32_t k = 0; k < member->keys_n && member->roles != 0; k++) {
            struct text key_id = member->keys[k].key_id;

            if (key_is_anothers(reference, as_of, change, i, key_id)) {
                fault_at(fault, "/operators/", "another person has the key id '");
                put_number(fault->field, sizeof(fault->field), i);
                put(fault->field, sizeof(fault->field), "/keys/", strlen("/keys/"));
                put_number(fault->field, sizeof(fault->field), k);
                put(fault->field, sizeof(fault->field), "/key_id", strlen("/key_id"));
                put(fault->text, sizeof(fault->text), key_id.at, key_id.n);
                put(fault->text, sizeof(fault->text), "'", 1);
                return false;
            }
        }
    }
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool item_agrees(const struct reference *reference, int64_t as_of,
                        const struct content *content, uint32_t item, struct fault *fault)
{
    switch (content->items[item].kind) {
    case REFERENCE_POLICY:
        return policy_agrees(&content->items[item].of.policy, fault);
    case REFERENCE_RATES:
        return sheet_agrees(reference, as_of, content, item, fault);
    case REFERENCE_OPERATORS:
        return operators_agree(reference, as_of, &content->items[item].of.operators, fault);
    case REFERENCE_CALENDAR:
    case REFERENCE_BANKS:
    case REFERENCE_NEGATIVE_LIST:
    case REFERENCE_SENSITIVE_LIST:
        return true;
    case REFERENCE_NONE:
        break;
    }
    return fault_at(fault, "/kind", "the kind of reference data is not known");
}

bool reference_check(const struct reference *reference, int64_t as_of,
                     const struct content *content, struct fault *fault)
{
    const uint64_t expected = (uint64_t)(as_of + 1);

    if (content->number != expected) {
        fault_at(fault, "", "the bulletin has number ");
        put_number(fault->text, sizeof(fault->text), content->number);
        put(fault->text, sizeof(fault->text), ", not ", strlen(", not "));
        put_number(fault->text, sizeof(fault->text), expected);
        return false;
    }
    if (content->has_founding != (expected == 0)) {
        return fault_at(fault, "",
                        expected == 0 ? "the first bulletin is not the founding record"
                                      : "there is a founding record already");
    }
    if (content->has_founding &&
        !operators_agree(reference, as_of, &content->founding.operators, fault)) {
        return false;
    }
    for (uint32_t i = 0; i < content->items_n; i++) {
        if (!item_agrees(reference, as_of, content, i, fault)) {
            return false;
        }
    }
    return true;
}
