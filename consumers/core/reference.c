#include "consumers/core/reference.h"

#include <string.h>

#include "form/date.h"
#include "form/identifiers.h"

int64_t reference_as_of(bool has_bulletin, uint64_t bulletin)
{
    return has_bulletin && bulletin <= INT64_MAX ? (int64_t)bulletin : REFERENCE_NOTHING;
}

int reference_text_compare(struct text a, struct text b)
{
    uint32_t common = a.n < b.n ? a.n : b.n;
    int order = common > 0 ? memcmp(a.at, b.at, common) : 0;

    if (order == 0) {
        order = a.n < b.n ? -1 : a.n > b.n;
    }
    return order;
}

/* ---- registers ----------------------------------------------------------------------------- */

/* The newest entry of a member as of a bulletin; NULL when it is not there or was removed. */
static const struct member *member_of(const struct member_entry *entries, uint32_t n, int64_t as_of,
                                      struct text id)
{
    const struct member *found = NULL;
    uint32_t low = 0;
    uint32_t high = n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (reference_text_compare(entries[middle].member.id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low < n && as_of >= 0 && entries[low].since <= (uint64_t)as_of &&
           reference_text_compare(entries[low].member.id, id) == 0) {
        found = &entries[low].member;
        low++;
    }
    return found != NULL && found->roles != 0 ? found : NULL;
}

const struct member *reference_bank(const struct reference *reference, int64_t as_of,
                                    struct text code)
{
    return member_of(reference->banks, reference->banks_n, as_of, code);
}

const struct member *reference_operator(const struct reference *reference, int64_t as_of,
                                        struct text person)
{
    return member_of(reference->operators, reference->operators_n, as_of, person);
}

static const uint8_t *key_of(const struct member *member, struct text key_id, int32_t on)
{
    for (uint32_t i = 0; i < member->keys_n; i++) {
        const struct public_key *key = &member->keys[i];

        if (reference_text_compare(key->key_id, key_id) == 0 && key->from_on <= on &&
            on <= key->to_on) {
            return key->key;
        }
    }
    return NULL;
}

const uint8_t *reference_bank_key(const struct reference *reference, int64_t as_of,
                                  struct text bank, struct text key_id, int32_t received_on)
{
    const struct member *member = reference_bank(reference, as_of, bank);

    return member != NULL ? key_of(member, key_id, received_on) : NULL;
}

const struct member *reference_operator_key(const struct reference *reference, int64_t as_of,
                                            const struct operator_query *query,
                                            const uint8_t **ret_key)
{
    for (uint32_t i = 0; i < reference->operators_n; i++) {
        const struct member_entry *entry = &reference->operators[i];
        const uint8_t *key = key_of(&entry->member, query->key_id, query->on);

        /* An older entry of the person counts no longer. */
        if (key != NULL && (entry->member.roles & query->roles) == query->roles &&
            reference_operator(reference, as_of, entry->member.id) == &entry->member) {
            *ret_key = key;
            return &entry->member;
        }
    }
    return NULL;
}

static const struct public_key *own_key(const struct member *member,
                                        const struct operator_key_query *query)
{
    for (uint32_t i = 0; i < member->keys_n; i++) {
        const struct public_key *key = &member->keys[i];

        if (memcmp(key->key, query->key, PUBLIC_KEY_SIZE) == 0 && key->from_on <= query->on &&
            query->on <= key->to_on) {
            return key;
        }
    }
    return NULL;
}

const struct member *reference_operator_of_key(const struct reference *reference, int64_t as_of,
                                               const struct operator_key_query *query,
                                               struct text *ret_key_id)
{
    for (uint32_t i = 0; i < reference->operators_n; i++) {
        const struct member *member = &reference->operators[i].member;
        const struct public_key *key = own_key(member, query);

        /* An older entry of the person counts no longer. */
        if (key != NULL && (member->roles & query->roles) == query->roles &&
            reference_operator(reference, as_of, member->id) == member) {
            *ret_key_id = key->key_id;
            return member;
        }
    }
    return NULL;
}

/* ---- lists --------------------------------------------------------------------------------- */

static struct list list_of(const struct list_entry *entries, uint32_t n, int64_t as_of)
{
    for (uint32_t i = n; i > 0; i--) {
        if (as_of >= 0 && entries[i - 1].since <= (uint64_t)as_of) {
            return entries[i - 1].list;
        }
    }
    return (struct list){.rows = NULL, .rows_n = 0};
}

struct list reference_negative(const struct reference *reference, int64_t as_of)
{
    return list_of(reference->negative, reference->negative_n, as_of);
}

struct list reference_sensitive(const struct reference *reference, int64_t as_of)
{
    return list_of(reference->sensitive, reference->sensitive_n, as_of);
}

bool list_row_hits(const struct list_row *row, struct text industry, int32_t on)
{
    if (on < row->from_on || on > row->to_on || row->industry.n > industry.n) {
        return false;
    }
    return row->industry.n == 0 || memcmp(row->industry.at, industry.at, row->industry.n) == 0;
}
