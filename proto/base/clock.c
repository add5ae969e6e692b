#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#define MS_A_DAY INT64_C(86400000)
#define DAYS_TO_1970                                                                               \
    719468 /* from 0000-03-01, where years begin here so that leap days end them                   \
            */
#define DAYS_IN_400 146097

int64_t clock_unix_ms(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_REALTIME, &now);

    assert(rc == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_MONOTONIC, &now);

    assert(rc == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct civil {
    int year;
    int month;
    int day;
};

/* days since 1970-01-01, from 0001-01-01 on. */
static struct civil civil_of(int64_t days)
{
    const int64_t z = days + DAYS_TO_1970;
    const int64_t era = z / DAYS_IN_400;
    const int64_t of_era = z % DAYS_IN_400;
    const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const int64_t month = (5 * of_year + 2) / 153; /* from March */
    const int past_december = month >= 10 ? 1 : 0;

    return (struct civil){.year = (int)(year + era * 400) + past_december,
                          .month = (int)month + (past_december ? -9 : 3),
                          .day = (int)(of_year - (153 * month + 2) / 5 + 1)};
}

static int64_t days_of(struct civil civil)
{
    const int64_t year = civil.month <= 2 ? civil.year - 1 : civil.year;
    const int64_t of_era = year % 400;
    const int64_t month = civil.month + (civil.month > 2 ? -3 : 9);
    const int64_t of_year = (153 * month + 2) / 5 + civil.day - 1;

    return year / 400 * DAYS_IN_400 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           DAYS_TO_1970;
}

void clock_format(int64_t unix_ms, char out[CLOCK_TEXT_SIZE])
{
    const int64_t at = unix_ms < CLOCK_MS_MIN   ? CLOCK_MS_MIN
                       : unix_ms > CLOCK_MS_MAX ? CLOCK_MS_MAX
                                                : unix_ms;
    const int64_t from_min = at - CLOCK_MS_MIN; /* not negative, so / and % round down */
    const struct civil civil = civil_of(from_min / MS_A_DAY + CLOCK_MS_MIN / MS_A_DAY);
    const int ms = (int)(from_min % MS_A_DAY);
    /* Wide enough for any int: the compiler cannot know the ranges. */
    char text[96];

    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", civil.year,
                   civil.month, civil.day, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
                   ms % 1000);
    for (size_t i = 0; i < CLOCK_TEXT_SIZE; i++) {
        out[i] = text[i];
    }
}

/* A text that is read from left to right. */
struct reader {
    const char *at;
    size_t n;
    bool broken; /* something was not as expected; stays */
};

static int peek(const struct reader *in) { return in->n > 0 && !in->broken ? in->at[0] : -1; }

static char take(struct reader *in)
{
    if (in->n == 0 || in->broken) {
        in->broken = true;
        return '\0';
    }
    in->n--;
    return *in->at++;
}

static bool is_digit(int c) { return c >= '0' && c <= '9'; }

/* digits_n digits whose value lies in min..max. */
static int take_number(struct reader *in, int digits_n, int min, int max)
{
    int value = 0;

    for (int i = 0; i < digits_n; i++) {
        char c = take(in);

        if (!is_digit(c)) {
            in->broken = true;
            return min;
        }
        value = value * 10 + (c - '0');
    }
    if (value < min || value > max) {
        in->broken = true;
    }
    return value;
}

static void take_one_of(struct reader *in, const char *wanted)
{
    const char c = take(in);

    for (const char *w = wanted; *w; w++) {
        if (c == *w) {
            return;
        }
    }
    in->broken = true;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* ".123456789": the milliseconds of it. */
static int take_decimals(struct reader *in)
{
    int ms = 0;
    int n = 0;

    if (peek(in) != '.') {
        return 0;
    }
    (void)take(in);
    while (is_digit(peek(in))) {
        const char c = take(in);

        ms = n < 3 ? ms * 10 + (c - '0') : ms;
        n++;
    }
    in->broken = in->broken || n < 1 || n > 9;
    for (; n < 3; n++) {
        ms *= 10;
    }
    return ms;
}

/* "Z" or "+08:00", in minutes. */
static int take_zone(struct reader *in)
{
    const char c = take(in);
    int hours = 0;
    int minutes = 0;

    if (c == 'Z' || c == 'z') {
        return 0;
    }
    if (c != '+' && c != '-') {
        in->broken = true;
        return 0;
    }
    hours = take_number(in, 2, 0, 23);
    take_one_of(in, ":");
    minutes = hours * 60 + take_number(in, 2, 0, 59);
    return c == '-' ? -minutes : minutes;
}

bool clock_parse(const char *text, size_t n, int64_t *ret_unix_ms)
{
    struct reader in = {.at = text, .n = n};
    struct civil civil = {.year = take_number(&in, 4, 1, 9999)};
    int64_t ms = 0;

    take_one_of(&in, "-");
    civil.month = take_number(&in, 2, 1, 12);
    take_one_of(&in, "-");
    civil.day = take_number(&in, 2, 1, in.broken ? 31 : days_in(civil.year, civil.month));
    take_one_of(&in, "Tt ");
    ms = take_number(&in, 2, 0, 23) * INT64_C(3600000);
    take_one_of(&in, ":");
    ms += take_number(&in, 2, 0, 59) * INT64_C(60000);
    take_one_of(&in, ":");
    ms += take_number(&in, 2, 0, 59) * INT64_C(1000);
    ms += take_decimals(&in);
    ms -= take_zone(&in) * INT64_C(60000);
    if (in.broken || in.n > 0) {
        return false;
    }
    ms += days_of(civil) * MS_A_DAY;
    if (ms < CLOCK_MS_MIN || ms > CLOCK_MS_MAX) {
        return false;
    }
    *ret_unix_ms = ms;
    return true;
}
