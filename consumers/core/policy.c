#include "consumers/core/policy.h"

#include <assert.h>
#include <string.h>

#include "consumers/core/reference.h"

/* Both products fit: below 2^63 times 10^18. */
__extension__ typedef __int128 wide;

static const char *const names[] = {
#define PARAMETER(NAME, id) id,
#include "consumers/core/parameters.def"
#undef PARAMETER
};
_Static_assert(sizeof(names) / sizeof(names[0]) == PARAMETER_N, "every parameter has its id");

const char *parameter_id_name(enum parameter_id id) { return id < PARAMETER_N ? names[id] : ""; }

int policy_row_compare(const struct parameter *a, const struct parameter *b)
{
    int order = reference_text_compare(a->id, b->id);

    if (order == 0) {
        order = reference_text_compare(a->subject, b->subject);
    }
    if (order == 0) {
        order = reference_text_compare(a->region, b->region);
    }
    if (order == 0) {
        order = a->from_on < b->from_on ? -1 : a->from_on > b->from_on;
    }
    return order;
}

void policy_version_index(struct policy_version *version)
{
    uint32_t at = 0;

    /* Both sides ascend by id: one walk meets them all. */
    for (uint32_t id = 0; id < PARAMETER_N; id++) {
        const struct text name = {.at = names[id], .n = (uint32_t)strlen(names[id])};

        while (at < version->rows_n && reference_text_compare(version->rows[at].id, name) < 0) {
            at++;
        }
        version->starts[id] = at;
        while (at < version->rows_n && reference_text_compare(version->rows[at].id, name) == 0) {
            at++;
        }
        version->counts[id] = at - version->starts[id];
    }
}

const struct policy_version *policy_as_of(const struct reference *reference, int64_t as_of)
{
    for (uint32_t i = reference->policies_n; i > 0; i--) {
        const struct policy_version *version = &reference->policies[i - 1];

        if (as_of >= 0 && version->since <= (uint64_t)as_of) {
            return version;
        }
    }
    return NULL;
}

bool policy_row_is_on(const struct parameter *row, int32_t on)
{
    return row->from_on <= on && on <= row->to_on;
}

bool policy_region_fits(const struct parameter *row, struct text region)
{
    return row->region.n == 0 ||
           (row->region.n <= region.n && memcmp(row->region.at, region.at, row->region.n) == 0);
}

/* How specific a row is for a query: 0 = it does not fit.  Region counts before subject. */
static uint32_t row_fit(const struct parameter *row, const struct policy_query *query)
{
    if (!policy_row_is_on(row, query->on)) {
        return 0;
    }
    if (!policy_region_fits(row, query->region)) {
        return 0;
    }
    if (row->subject.n > 0 && reference_text_compare(row->subject, query->subject) != 0) {
        return 0;
    }
    return 1 + 2 * row->region.n + (row->subject.n > 0 ? 1 : 0);
}

const struct parameter *policy_find(const struct policy_version *version,
                                    const struct policy_query *query)
{
    const struct parameter *best = NULL;
    uint32_t best_fit = 0;

    assert(query->id < PARAMETER_N);
    if (version == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < version->counts[query->id]; i++) {
        const struct parameter *row = &version->rows[version->starts[query->id] + i];
        uint32_t fit = row_fit(row, query);

        if (fit > best_fit) {
            best = row;
            best_fit = fit;
        }
    }
    return best;
}

const struct parameter *policy_row_at(const struct policy_version *version, enum parameter_id id,
                                      uint32_t i)
{
    assert(id < PARAMETER_N);
    if (version == NULL || i >= version->counts[id]) {
        return NULL;
    }
    return &version->rows[version->starts[id] + i];
}

int64_t policy_minor(const struct parameter *row, int exponent)
{
    wide value = row->number.numerator;

    if (!row->has_number) {
        return 0;
    }
    assert(exponent >= 0 && exponent <= 18);
    for (int i = 0; i < exponent; i++) {
        value *= 10;
    }
    value /= fraction_denominator(row->number);
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

int64_t fraction_denominator(struct fraction fraction)
{
    int64_t denominator = 1;

    assert(fraction.scale >= 0 && fraction.scale <= 18);
    for (int32_t i = 0; i < fraction.scale; i++) {
        denominator *= 10;
    }
    return denominator;
}

bool fraction_is_below(struct fraction a, struct fraction b)
{
    wide left = (wide)a.numerator * fraction_denominator(b);
    wide right = (wide)b.numerator * fraction_denominator(a);

    return left < right;
}
