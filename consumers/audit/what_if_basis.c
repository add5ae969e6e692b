#include "consumers/audit/what_if_basis.h"

#include <stdio.h>
#include <string.h>

static const struct parameter *row_of(const struct policy_version *version, uint32_t ordinal)
{
    for (uint32_t i = 0; version && i < version->rows_n; i++) {
        if (version->rows[i].ordinal == ordinal) {
            return &version->rows[i];
        }
    }
    return NULL;
}

void basis_make(const struct reference *reference, const struct decision *d, struct basis *ret)
{
    const struct policy_version *version =
        policy_as_of(reference, reference_as_of(d->has_bulletin, d->bulletin));

    ret->n = 0;
    for (uint32_t i = 0; d->has_basis && i < d->parameters_n; i++) {
        const struct parameter *row = row_of(version, d->parameters[i]);

        if (row) {
            ret->rows[ret->n++] = row;
        }
    }
}

static bool texts_equal(struct text a, struct text b) { return reference_text_compare(a, b) == 0; }

/* Has the other policy this row?  Where it ends says nothing of the day that counted. */
static bool policy_has(const struct policy_version *version, const struct parameter *row)
{
    for (uint32_t i = 0; version && i < version->rows_n; i++) {
        const struct parameter *other = &version->rows[i];

        if (policy_row_compare(other, row) == 0 && texts_equal(other->value, row->value)) {
            return true;
        }
    }
    return false;
}

/* What the other policy has in place of a row on the date; NULL = nothing. */
static const struct parameter *row_instead(const struct policy_version *version,
                                           const struct parameter *row, int32_t on)
{
    struct policy_query query = {
        .id = PARAMETER_N, .subject = row->subject, .region = row->region, .on = on};

    for (int id = 0; id < PARAMETER_N; id++) {
        const char *name = parameter_id_name((enum parameter_id)id);

        if (row->id.n == strlen(name) && memcmp(row->id.at, name, row->id.n) == 0) {
            query.id = (enum parameter_id)id;
        }
    }
    return query.id < PARAMETER_N ? policy_find(version, &query) : NULL;
}

/* The row of a basis that stands for the same: of equal value if there is one, else the first of
 * the id; NULL = none has the id. */
static const struct parameter *row_beside(const struct basis *basis, const struct parameter *row)
{
    const struct parameter *found = NULL;

    for (uint32_t i = 0; i < basis->n; i++) {
        const struct parameter *other = basis->rows[i];

        if (texts_equal(other->id, row->id) && (!found || texts_equal(other->value, row->value))) {
            found = other;
        }
    }
    return found;
}

static void put_change(char out[PARAMETERS_SIZE], const struct parameter *before,
                       const struct parameter *after)
{
    const struct parameter *row = before ? before : after;
    const struct text none = {.at = "none", .n = 4};
    const struct text from = before ? before->value : none;
    const struct text to = after ? after->value : none;
    const size_t used = strlen(out);
    const int n =
        snprintf(out + used, PARAMETERS_SIZE - used, "%s%.*s %.*s > %.*s", used > 0 ? ";" : "",
                 (int)row->id.n, row->id.at, (int)from.n, from.at, (int)to.n, to.at);

    if (n < 0 || (size_t)n >= PARAMETERS_SIZE - used) {
        out[used] = '\0';
    }
}

void basis_change_format(const struct basis_change *change, char out[PARAMETERS_SIZE])
{
    out[0] = '\0';
    for (uint32_t i = 0; i < change->before->n; i++) {
        const struct parameter *row = change->before->rows[i];
        const struct parameter *beside = row_beside(change->after, row);

        if (beside && !texts_equal(beside->value, row->value)) {
            put_change(out, row, beside);
        } else if (!beside && !policy_has(change->new, row)) {
            put_change(out, row, row_instead(change->new, row, change->on));
        }
    }
    for (uint32_t i = 0; i < change->after->n; i++) {
        const struct parameter *row = change->after->rows[i];

        if (!row_beside(change->before, row) && !policy_has(change->old, row)) {
            put_change(out, row_instead(change->old, row, change->on), row);
        }
    }
}
