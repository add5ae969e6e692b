#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

#define NUMBER_SIZE 24 /* any 64-bit number, sign and NUL */

static const char *const level_names[] =
    {[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

static const char *const words[] = {
#define EVENT(NAME, word) [EVENT_##NAME] = (word),
#include "base/log_events.def"
#undef EVENT
};
_Static_assert(sizeof(words) / sizeof(words[0]) == EVENT_WORDS_N, "an event without a word");

static atomic_int level_min = LOG_INFO;

void log_set_level(enum log_level level) { atomic_store(&level_min, (int)level); }

const char *log_word_name(enum log_word event)
{
    return (unsigned)event < EVENT_WORDS_N ? words[event] : "unknown";
}

/* A line being put together; what does not fit is dropped, never written over. */
struct line {
    char *at;
    size_t n;
    size_t size; /* room is kept for the line feed and the NUL */
};

static void put(struct line *line, char c)
{
    if (line->n + 2 < line->size) {
        line->at[line->n++] = c;
    }
}

static void put_text(struct line *line, const char *text)
{
    for (; *text; text++) {
        put(line, *text);
    }
}

/* One value before it is known whether it needs quotes. */
struct value {
    char at[LOG_LINE_MAX];
    size_t n;
    bool quoted;
};

static void value_add(struct value *value, const char *text, size_t n)
{
    for (size_t i = 0; i < n && value->n < sizeof(value->at); i++) {
        const unsigned char c = (unsigned char)text[i];

        value->quoted = value->quoted || c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f;
        value->at[value->n++] = text[i];
    }
}

static void put_escaped(struct line *line, char c)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char byte = (unsigned char)c;

    if (c == '"' || c == '\\') {
        put(line, '\\');
        put(line, c);
    } else if (c == '\n') {
        put_text(line, "\\n");
    } else if (c == '\t') {
        put_text(line, "\\t");
    } else if (byte < ' ' || byte == 0x7f) {
        put_text(line, "\\x");
        put(line, digits[byte >> 4]);
        put(line, digits[byte & 15]);
    } else {
        put(line, c);
    }
}

/* Write the value and begin the next. */
static void value_end(struct value *value, struct line *line)
{
    const bool quoted = value->quoted || value->n == 0;

    if (quoted) {
        put(line, '"');
    }
    for (size_t i = 0; i < value->n; i++) {
        put_escaped(line, value->at[i]);
    }
    if (quoted) {
        put(line, '"');
    }
    value->n = 0;
    value->quoted = false;
}

enum width { WIDTH_CHAR, WIDTH_SHORT, WIDTH_INT, WIDTH_LONG, WIDTH_MAX };

/* A conversion without its '%'. */
struct conversion {
    enum width width;
    bool has_precision;
    char letter;
};

/* long, long long, size_t, intmax_t and ptrdiff_t are all 64 bits here. */
_Static_assert(sizeof(long) == 8 && sizeof(size_t) == 8 && sizeof(intmax_t) == 8, "64 bits");

/* Read a conversion at *fmt and step over it. */
static struct conversion conversion_read(const char **fmt)
{
    struct conversion c = {.width = WIDTH_INT};

    if ((*fmt)[0] == '.' && (*fmt)[1] == '*') {
        c.has_precision = true;
        *fmt += 2;
    }
    for (; **fmt && strchr("hlzjt", **fmt); (*fmt)++) {
        if (**fmt == 'h') {
            c.width = c.width == WIDTH_SHORT ? WIDTH_CHAR : WIDTH_SHORT;
        } else {
            c.width = WIDTH_LONG;
        }
    }
    c.letter = **fmt;
    assert(c.letter != '\0');
    (*fmt)++;
    return c;
}

/* The arguments, behind a struct so that they can be passed on by reference. */
struct arguments {
    va_list list;
};

static void value_add_signed(struct value *value, enum width width, struct arguments *args)
{
    char text[NUMBER_SIZE];
    const int64_t number =
        width == WIDTH_LONG ? va_arg(args->list, int64_t) : va_arg(args->list, int);

    (void)snprintf(text, sizeof(text), "%" PRId64, number);
    value_add(value, text, strlen(text));
}

static void value_add_unsigned(struct value *value, struct conversion c, struct arguments *args)
{
    char text[NUMBER_SIZE];
    const uint64_t number =
        c.width == WIDTH_LONG ? va_arg(args->list, uint64_t) : va_arg(args->list, unsigned);

    if (c.letter == 'x') {
        (void)snprintf(text, sizeof(text), "%" PRIx64, number);
    } else {
        (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    }
    value_add(value, text, strlen(text));
}

static void value_add_text(struct value *value, bool has_precision, struct arguments *args)
{
    const int precision = has_precision ? va_arg(args->list, int) : -1;
    const char *text = va_arg(args->list, const char *);

    if (!text) {
        text = "";
    }
    value_add(value, text, precision >= 0 ? strnlen(text, (size_t)precision) : strlen(text));
}

static void value_convert(struct value *value, struct conversion c, struct arguments *args)
{
    char letter;

    switch (c.letter) {
    case 'd':
    case 'i':
        value_add_signed(value, c.width, args);
        return;
    case 'u':
    case 'x':
        value_add_unsigned(value, c, args);
        return;
    case 's':
        value_add_text(value, c.has_precision, args);
        return;
    case 'c':
        letter = (char)va_arg(args->list, int);
        value_add(value, &letter, 1);
        return;
    case '%':
        value_add(value, "%", 1);
        return;
    default:
        assert(strchr("diuxsc%", c.letter)); /* width and flags are not known */
    }
}

/* " key=value key=value": blanks of fmt end a value, '=' begins one. */
static void put_values(struct line *line, const char *fmt, struct arguments *args)
{
    struct value value = {.n = 0};
    bool in_value = false;

    put(line, ' ');
    while (*fmt) {
        const char c = *fmt++;

        if (c == '%') {
            assert(in_value);
            value_convert(&value, conversion_read(&fmt), args);
        } else if (!in_value) {
            put(line, c);
            in_value = c == '=';
        } else if (c == ' ') {
            value_end(&value, line);
            put(line, ' ');
            in_value = false;
        } else {
            value_add(&value, &c, 1);
        }
    }
    if (in_value) {
        value_end(&value, line);
    }
}

static void line_begin(struct line *line, enum log_level level, enum log_word event)
{
    put_text(line, level_names[level]);
    put(line, ' ');
    put_text(line, log_word_name(event));
}

static void line_end(struct line *line)
{
    line->at[line->n++] = '\n';
    line->at[line->n] = '\0';
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written through line.at */
size_t log_format(char *out, size_t size, enum log_level level, enum log_word event,
                  const char *fmt, ...)
{
    struct line line = {.at = out, .size = size};
    struct arguments args;

    assert(size >= 2);
    line_begin(&line, level, event);
    va_start(args.list, fmt);
    put_values(&line, fmt, &args);
    va_end(args.list);
    line_end(&line);
    return line.n;
}

static void time_put(struct line *line)
{
    char time[CLOCK_TEXT_SIZE];

    clock_format(clock_unix_ms(), time);
    put_text(line, time);
    put(line, ' ');
}

/* Where stderr is gone there is nobody to tell; a line changes nothing for its caller, errno
 * included. */
static void line_write(struct line *line)
{
    const int kept = errno;

    line_end(line);
    if (write(STDERR_FILENO, line->at, line->n) < 0) {
        errno = kept;
    }
}

void log_event(enum log_level level, enum log_word event, const char *fmt, ...)
{
    char out[LOG_LINE_MAX];
    struct line line = {.at = out, .size = sizeof(out)};
    struct arguments args;

    if ((int)level < atomic_load(&level_min)) {
        return;
    }
    time_put(&line);
    line_begin(&line, level, event);
    va_start(args.list, fmt);
    put_values(&line, fmt, &args);
    va_end(args.list);
    line_write(&line);
}

void log_plain(enum log_level level, enum log_word event)
{
    char out[LOG_LINE_MAX];
    struct line line = {.at = out, .size = sizeof(out)};

    if ((int)level < atomic_load(&level_min)) {
        return;
    }
    time_put(&line);
    line_begin(&line, level, event);
    line_write(&line);
}

void log_failure(enum log_level level, enum log_word event, const struct failure *err)
{
    log_event(level, event, "status=%s remedy=%s os=%d error=%s", status_name(err->status),
              remedy_name(err->remedy), err->os, err->text);
}
