#include "form/date.h"

/* The year is counted from 1 March, so that the leap day is its last; 400 such years repeat. */
#define DAYS_PER_400_YEARS 146097
#define DAYS_PER_100_YEARS 36524
#define DAYS_PER_4_YEARS   1461
#define DAYS_PER_YEAR      365
#define DAYS_TO_1970       719468 /* from 0000-03-01 to 1970-01-01 */

#define MS_PER_DAY      INT64_C(86400000)
#define MS_OF_SHANGHAI  INT64_C(28800000) /* eight hours ahead of UTC */
#define DAYS_PER_WEEK   7
#define WEEKDAY_OF_1970 3 /* 1970-01-01 was a Thursday */

static bool is_leap(int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }

static int days_in_month(int y, int m)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return m == 2 && is_leap(y) ? 29 : days[m - 1];
}

static int clamp(int value, int low, int high)
{
    if (value < low) {
        return low;
    }
    return value > high ? high : value;
}

int32_t date_make(int y, int m, int d)
{
    if (y < 1) {
        return DATE_MIN;
    }
    if (y > 9999) {
        return DATE_MAX;
    }
    m = clamp(m, 1, 12);
    d = clamp(d, 1, days_in_month(y, m));

    const int year = m > 2 ? y : y - 1;
    const int month = m > 2 ? m - 3 : m + 9; /* 0 = March */
    /* Five months from March on always have 153 days: 31 30 31 30 31. */
    const int day_of_year = (153 * month + 2) / 5 + d - 1;

    return DAYS_PER_YEAR * year + year / 4 - year / 100 + year / 400 + day_of_year - DAYS_TO_1970;
}

void date_split(int32_t on, int *y, int *m, int *d)
{
    const int days = clamp(on, DATE_MIN, DATE_MAX) + DAYS_TO_1970;
    const int in_400 = days % DAYS_PER_400_YEARS;
    /* A leap day ends each span of 4 and of 400 years but not of 100: take out the ones before. */
    const int year_of_400 = (in_400 - in_400 / (DAYS_PER_4_YEARS - 1) +
                             in_400 / DAYS_PER_100_YEARS - in_400 / (DAYS_PER_400_YEARS - 1)) /
                            DAYS_PER_YEAR;
    const int day_of_year =
        in_400 - (DAYS_PER_YEAR * year_of_400 + year_of_400 / 4 - year_of_400 / 100);
    const int month = (5 * day_of_year + 2) / 153; /* 0 = March */

    *d = day_of_year - (153 * month + 2) / 5 + 1;
    *m = month < 10 ? month + 3 : month - 9;
    *y = 400 * (days / DAYS_PER_400_YEARS) + year_of_400 + (*m <= 2 ? 1 : 0);
}

int date_year(int32_t on)
{
    int y = 0;
    int m = 0;
    int d = 0;

    date_split(on, &y, &m, &d);
    return y;
}

static bool digits_parse(const char *s, size_t n, int *ret)
{
    int value = 0;

    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') {
            return false;
        }
        value = 10 * value + (s[i] - '0');
    }
    *ret = value;
    return true;
}

bool date_parse(const char *s, size_t n, int32_t *ret_on)
{
    int y = 0;
    int m = 0;
    int d = 0;

    if (n != DATE_TEXT_SIZE - 1 || s[4] != '-' || s[7] != '-') {
        return false;
    }
    if (!digits_parse(s, 4, &y) || !digits_parse(s + 5, 2, &m) || !digits_parse(s + 8, 2, &d)) {
        return false;
    }
    if (y < 1 || m < 1 || m > 12 || d < 1 || d > days_in_month(y, m)) {
        return false;
    }
    *ret_on = date_make(y, m, d);
    return true;
}

static void digits_format(int value, char *out, size_t n)
{
    for (size_t i = n; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

void date_format(int32_t on, char out[DATE_TEXT_SIZE])
{
    int y = 0;
    int m = 0;
    int d = 0;

    if (on == DATE_NONE) {
        out[0] = '\0';
        return;
    }
    date_split(on, &y, &m, &d);
    digits_format(y, out, 4);
    out[4] = '-';
    digits_format(m, out + 5, 2);
    out[7] = '-';
    digits_format(d, out + 8, 2);
    out[10] = '\0';
}

int32_t date_add_months(int32_t on, int n)
{
    int y = 0;
    int m = 0;
    int d = 0;

    date_split(on, &y, &m, &d);

    const int64_t months = (int64_t)y * 12 + (m - 1) + n; /* since January of the year 0 */

    if (months < 12) {
        return DATE_MIN;
    }
    if (months / 12 > 9999) {
        return DATE_MAX;
    }
    return date_make((int)(months / 12), (int)(months % 12) + 1, d);
}

int32_t date_add_years(int32_t on, int n)
{
    int y = 0;
    int m = 0;
    int d = 0;

    date_split(on, &y, &m, &d);

    const int64_t year = (int64_t)y + n;

    if (year < 1) {
        return DATE_MIN;
    }
    if (year > 9999) {
        return DATE_MAX;
    }
    return date_make((int)year, m, d);
}

int date_weekday(int32_t on)
{
    const int weekday = (on % DAYS_PER_WEEK + WEEKDAY_OF_1970) % DAYS_PER_WEEK;

    return weekday < 0 ? weekday + DAYS_PER_WEEK : weekday;
}

int32_t date_of_unix_ms_shanghai(int64_t ms)
{
    int64_t days = ms / MS_PER_DAY;
    int64_t rest = ms % MS_PER_DAY;

    /* Division rounds towards zero, a date towards the past; the eight hours are added to the rest
     * so that no ms is too large for it. */
    if (rest < 0) {
        rest += MS_PER_DAY;
        days--;
    }
    if (rest + MS_OF_SHANGHAI >= MS_PER_DAY) {
        days++;
    }
    if (days < DATE_MIN) {
        return DATE_MIN;
    }
    return days > DATE_MAX ? DATE_MAX : (int32_t)days;
}
