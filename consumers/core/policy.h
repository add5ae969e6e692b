/* policy.h - the parameters that this program knows, and which row of a policy counts.
 *
 * Pure.  The value of a parameter for a filing is that of the row in force on a date, of the newest
 * policy as of a bulletin; of several rows whose subject and region fit, the most specific wins,
 * region before subject (rulebook sections 8 and 9).  Rows are listed in a decision by ordinal,
 * sorted by id, subject, region and from. */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "form/filing.h"
#include "form/reference.h"

struct reference;

/* The known parameters in the order of their ids by bytes. */
enum parameter_id {
#define PARAMETER(NAME, id) PARAMETER_##NAME,
#include "consumers/core/parameters.def"
#undef PARAMETER
    PARAMETER_N
};

/* One policy that a bulletin brought. */
struct policy_version {
    uint64_t since; /* number of the bulletin */
    int64_t policy;
    int64_t rules;
    const struct parameter *rows; /* sorted by id, subject, region, from */
    uint32_t rows_n;
    uint32_t starts[PARAMETER_N]; /* rows of a known parameter: rows[starts] ... */
    uint32_t counts[PARAMETER_N]; /* ... this many */
};

const char *parameter_id_name(enum parameter_id id); /* "MP.LEVERAGE" */

/* The order of rows: by id, subject, region (bytes) and from. */
int policy_row_compare(const struct parameter *a, const struct parameter *b);

/* Fill starts and counts from the sorted rows. */
void policy_version_index(struct policy_version *version);

/* The newest policy as of a bulletin, NULL when there is none yet. */
const struct policy_version *policy_as_of(const struct reference *reference, int64_t as_of);

/* What is asked of a policy: on is a business or sign date. */
struct policy_query {
    enum parameter_id id;
    struct text subject; /* empty: rows without a subject only */
    struct text region;  /* empty: rows without a region only */
    int32_t on;
};

/* The row that counts, NULL when there is none (S12). */
const struct parameter *policy_find(const struct policy_version *version,
                                    const struct policy_query *query);

/* The i-th row of a parameter, by subject, region and from, whatever its dates; NULL past the last.
 * For rules that look at falls (L3) and at classes (GAP.HOLDING.MULTIPLE). */
const struct parameter *policy_row_at(const struct policy_version *version, enum parameter_id id,
                                      uint32_t i);

/* Is the row in force on a date?  Is its region the whole of this one, or its beginning? */
bool policy_row_is_on(const struct parameter *row, int32_t on);
bool policy_region_fits(const struct parameter *row, struct text region);

/* The value of a row as minor units of a currency with that exponent, rounded down ("30000" with
 * exponent 2 is 3,000,000); 2^63 - 1 when it is larger, 0 when it is no number. */
int64_t policy_minor(const struct parameter *row, int exponent);

/* 10^scale of a fraction. */
int64_t fraction_denominator(struct fraction fraction);

/* a < b, as numbers. */
bool fraction_is_below(struct fraction a, struct fraction b);

#endif
