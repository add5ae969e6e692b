#include "consumers/core/frozen.h"

#include "form/iso.h"
#include "form/money.h"

int64_t frozen_at_sign_date(int64_t minor, struct signed_rate from, struct signed_rate to)
{
    const struct money_unit from_unit = {.exponent = iso_currency(from.currency)->exponent,
                                         .rate_e10 = from.rate_e10};
    const struct money_unit to_unit = {.exponent = iso_currency(to.currency)->exponent,
                                       .rate_e10 = to.rate_e10};
    int64_t result;

    if (from.currency == to.currency || minor == 0) {
        return minor;
    }
    return money_convert(minor, from_unit, to_unit, ROUND_UP, &result) ? result : INT64_MAX;
}

int64_t frozen_sum(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int64_t frozen_fall(int64_t frozen_minor, int64_t repaid_minor, int64_t outstanding_minor)
{
    int64_t falls = frozen_minor;

    if (repaid_minor < outstanding_minor &&
        !money_mul_fraction(frozen_minor, repaid_minor, outstanding_minor, ROUND_DOWN, &falls)) {
        falls = frozen_minor; /* cannot be: the share is below 1 */
    }
    return falls;
}
