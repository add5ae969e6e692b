#include "consumers/core/calendar.h"

#include "form/date.h"

/* The newest table of a year, NULL when there is none. */
static const struct calendar_entry *table_of(const struct reference *reference, int64_t as_of,
                                             int32_t year)
{
    const struct calendar_entry *found = NULL;
    uint32_t low = 0;
    uint32_t high = reference->calendars_n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (reference->calendars[middle].year < year) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low < reference->calendars_n && reference->calendars[low].year == year && as_of >= 0 &&
           reference->calendars[low].since <= (uint64_t)as_of) {
        found = &reference->calendars[low];
        low++;
    }
    return found;
}

bool calendar_is_working(const struct reference *reference, int64_t as_of, int32_t on)
{
    const struct calendar_entry *table = NULL;
    int32_t year;
    uint32_t day;

    if (date_weekday(on) > 4) {
        return false;
    }
    year = date_year(on);
    table = table_of(reference, as_of, year);
    if (table == NULL) {
        return true;
    }
    day = (uint32_t)(on - date_make(year, 1, 1));
    return (table->holidays[day / 64] >> day % 64 & 1) == 0;
}

int32_t calendar_working_on_or_before(const struct reference *reference, int64_t as_of, int32_t on)
{
    int32_t day = on;

    /* A table of a year without any working day must not hold the loop for ever. */
    while (day > DATE_MIN && on - day < 400 && !calendar_is_working(reference, as_of, day)) {
        day--;
    }
    return day;
}

int32_t calendar_working_days(const struct reference *reference, int64_t as_of, int32_t after,
                              int32_t until, int32_t most)
{
    int32_t n = 0;

    for (int32_t day = after; day < until && n < most; day++) {
        if (calendar_is_working(reference, as_of, day + 1)) {
            n++;
        }
    }
    return n;
}
