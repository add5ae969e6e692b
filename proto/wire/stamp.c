#include <string.h>

#include "form/date.h"
#include "wire/stamp.h"

#define DAY_MS INT64_C(86400000)

static void put_digits(char *out, int digits, int64_t value)
{
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

void stamp_format(int64_t ms, char out[STAMP_TEXT_SIZE])
{
    int64_t day = ms / DAY_MS - (ms % DAY_MS < 0);
    int64_t of_day = ms - day * DAY_MS;

    if (day < DATE_MIN) {
        day = DATE_MIN;
        of_day = 0;
    }
    if (day > DATE_MAX) {
        day = DATE_MAX;
        of_day = DAY_MS - 1;
    }
    memcpy(out, "YYYY-MM-DDThh:mm:ss.mmmZ", STAMP_TEXT_SIZE);
    date_format((int32_t)day, out);
    out[10] = 'T';
    put_digits(out + 11, 2, of_day / 3600000);
    put_digits(out + 14, 2, of_day / 60000 % 60);
    put_digits(out + 17, 2, of_day / 1000 % 60);
    put_digits(out + 20, 3, of_day % 1000);
}

/* Two digits at s, or -1. */
static int two(const char *s)
{
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9') {
        return -1;
    }
    return (s[0] - '0') * 10 + (s[1] - '0');
}

/* The decimals of a second at s, with their point; *ret_n is how long they are. */
static bool parse_fraction(const char *s, size_t n, int *ret_ms, size_t *ret_n)
{
    size_t i = 1;
    int ms = 0;

    *ret_ms = 0;
    *ret_n = 0;
    if (n == 0 || s[0] != '.') {
        return true;
    }
    while (i < n && s[i] >= '0' && s[i] <= '9') {
        ms = i <= 3 ? ms * 10 + (s[i] - '0') : ms;
        i++;
    }
    for (size_t k = i; k < 4; k++) {
        ms *= 10;
    }
    *ret_ms = ms;
    *ret_n = i;
    return i >= 2 && i <= 10;
}

/* "Z" or an offset, which is all of s. */
static bool parse_zone(const char *s, size_t n, int *ret_minutes)
{
    int hours = 0;
    int minutes = 0;

    *ret_minutes = 0;
    if (n == 1) {
        return s[0] == 'Z' || s[0] == 'z';
    }
    if (n != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':') {
        return false;
    }
    hours = two(s + 1);
    minutes = two(s + 4);
    *ret_minutes = (hours * 60 + minutes) * (s[0] == '-' ? -1 : 1);
    return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

bool stamp_parse(const char *s, size_t n, int64_t *ret_ms)
{
    int32_t on = 0;
    int ms = 0;
    int zone = 0;
    size_t used = 0;

    if (n < 20 || !date_parse(s, 10, &on) || (s[10] != 'T' && s[10] != 't') || s[13] != ':' ||
        s[16] != ':') {
        return false;
    }
    if (two(s + 11) < 0 || two(s + 11) > 23 || two(s + 14) < 0 || two(s + 14) > 59 ||
        two(s + 17) < 0 || two(s + 17) > 59) {
        return false;
    }
    if (!parse_fraction(s + 19, n - 19, &ms, &used) ||
        !parse_zone(s + 19 + used, n - 19 - used, &zone)) {
        return false;
    }
    *ret_ms = on * DAY_MS + two(s + 11) * INT64_C(3600000) +
              (two(s + 14) - zone) * INT64_C(60000) + two(s + 17) * INT64_C(1000) + ms;
    return true;
}
