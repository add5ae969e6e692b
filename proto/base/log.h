/* log.h - one line per handled failure or change of state, logfmt on stderr.
 *
 *   2026-04-13T08:30:00.123Z info worker.start partition=4 offset=131 store="sqlite:a b.db"
 *
 * Promises: a line is written with one write(2) and is never longer than LOG_LINE_MAX; the event is
 * a word of log_events.def, so it can be counted and searched; a value with a blank, a quote, '='
 * or a control character is quoted, and nothing a value holds can begin a new line or a new key.
 * Payloads are never logged.  Only programs log above debug; libraries report by their status. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>

#include "base/status.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_word {
#define EVENT(NAME, word) EVENT_##NAME,
#include "base/log_events.def"
#undef EVENT
    EVENT_WORDS_N /* count, not a value; EVENT_N is taken by filings (form/filing.h) */
};

/* Lines below level are not written; LOG_INFO until set.  Any thread, any time. */
void log_set_level(enum log_level level);

/* fmt is "key=%d key=%s": keys and blanks as they stand, conversions d i u x c s and %%, with h,
 * hh, l, ll, z, j, t and for s a precision; width and flags are not known and end the process. */
void log_event(enum log_level level, enum log_word event, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A line without values. */
void log_plain(enum log_level level, enum log_word event);

/* A failure as values: status=… remedy=… os=… error="…".  Borrows err. */
void log_failure(enum log_level level, enum log_word event, const struct failure *err);

/* The word of an event: "worker.start". */
const char *log_word_name(enum log_word event);

/* The line as log_event() writes it, without time, ended by a line feed and NUL; returns its
 * length. A line that does not fit in size is cut and still ended.  For tests and for those who
 * keep lines elsewhere. */
size_t log_format(char *out, size_t size, enum log_level level, enum log_word event,
                  const char *fmt, ...) PRINTF_LIKE(5, 6);

#endif
