#include "producers/publish/report.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/bytes.h"
#include "form/text.h"
#include "producers/formats/reader.h"
#include "wire/arena.h"
#include "wire/json.h"

#define ENTRY_SIZE_MAX  8192u               /* a field path may be escaped six times over */
#define PENDING_MAX     (4u << 20)          /* written at half of it */
#define LINE_COUNT_MAX  (UINT64_C(1) << 33) /* a bitmap of 1 GiB */
#define FILING_ID_MAX   128u                /* a UUID has 36; what is longer is none */
#define ENTRY_ARENA_MAX (1u << 20)
#define FILE_MODE       0644

struct report {
    const char *path;
    int fd;
    off_t size;            /* whole lines in the file */
    struct buffer pending; /* entries not yet written */
    uint8_t *lines;        /* one bit a line that has an entry */
    uint64_t lines_size;   /* bytes */
    struct report_entry *entries;
    uint64_t entries_n;
    uint64_t entries_size;
    uint64_t refused_n;
};

/* ---- which lines have an entry ---- */

bool report_has(const struct report *report, uint64_t line)
{
    return line / 8 < report->lines_size &&
           ((unsigned)report->lines[line / 8] >> (line % 8) & 1u) != 0;
}

static enum status mark(struct report *report, uint64_t line)
{
    if (line >= LINE_COUNT_MAX) {
        return STATUS_LIMIT;
    }
    if (line / 8 >= report->lines_size) {
        const uint64_t size = 2 * (line / 8) + 64;
        uint8_t *lines = realloc(report->lines, size);

        if (!lines) {
            return STATUS_NOMEM;
        }
        memset(lines + report->lines_size, 0, size - report->lines_size);
        report->lines = lines;
        report->lines_size = size;
    }
    report->lines[line / 8] = (uint8_t)(report->lines[line / 8] | 1u << line % 8);
    return STATUS_OK;
}

static enum status keep(struct report *report, const struct report_entry *entry)
{
    if (report->entries_n == report->entries_size) {
        const uint64_t size = 2 * report->entries_size + 64;
        struct report_entry *entries = realloc(report->entries, size * sizeof(*entries));

        if (!entries) {
            return STATUS_NOMEM;
        }
        report->entries = entries;
        report->entries_size = size;
    }
    report->entries[report->entries_n] = *entry;
    report->entries_n++;
    return STATUS_OK;
}

uint64_t report_published_n(const struct report *report) { return report->entries_n; }
uint64_t report_refused_n(const struct report *report) { return report->refused_n; }

bool report_entry_at(const struct report *report, uint64_t i, struct report_entry *ret)
{
    if (i >= report->entries_n) {
        return false;
    }
    *ret = report->entries[i];
    return true;
}

static int by_line(const void *a, const void *b)
{
    const struct report_entry *x = a;
    const struct report_entry *y = b;

    return (x->line > y->line) - (x->line < y->line);
}

bool report_entry_of(const struct report *report, uint64_t line, struct report_entry *ret)
{
    const struct report_entry key = {.line = line};
    const struct report_entry *entry =
        report->entries_n == 0
            ? NULL
            : bsearch(&key, report->entries, report->entries_n, sizeof(*report->entries), by_line);

    if (entry) {
        *ret = *entry;
    }
    return entry != NULL;
}

/* ---- reading what stands there ---- */

static enum status fail_io(const struct report *report, const char *what, struct failure *err)
{
    return failure_set(err, STATUS_IO, REMEDY_STOP, errno, "cannot %s the report '%s': %s", what,
                       report->path, strerrordesc_np(errno));
}

static enum status no_report(const struct report *report, uint64_t number, struct failure *err)
{
    return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                       "'%s' is not a report: line %" PRIu64 " is no entry of one", report->path,
                       number);
}

static const struct node *find(const struct document *doc, const char *name, enum node_kind kind)
{
    const struct node *node = document_find(doc, &doc->nodes[0], name);

    return node && node->kind == kind ? node : NULL;
}

static bool is_text(const struct node *node, const char *text)
{
    return node && node->text.n == strlen(text) && memcmp(node->text.at, text, node->text.n) == 0;
}

static enum status read_entry(struct report *report, const struct document *doc, uint64_t number,
                              struct failure *err)
{
    const struct node *line = find(doc, "line", NODE_INTEGER);
    const struct node *status = find(doc, "status", NODE_TEXT);
    const struct node *partition = find(doc, "partition", NODE_INTEGER);
    const struct node *offset = find(doc, "offset", NODE_INTEGER);
    const bool is_published = is_text(status, "PUBLISHED") && partition && offset;
    enum status marked = STATUS_OK;

    if (!line || line->integer < 1 || (!is_published && !is_text(status, "REFUSED"))) {
        return no_report(report, number, err);
    }
    marked = mark(report, (uint64_t)line->integer);
    if (marked == STATUS_OK && is_published) {
        const struct report_entry entry = {.line = (uint64_t)line->integer,
                                           .partition = (int32_t)partition->integer,
                                           .offset = offset->integer};

        marked = keep(report, &entry);
    }
    report->refused_n += is_published ? 0 : 1;
    return marked == STATUS_OK
               ? STATUS_OK
               : failure_set(err, marked, REMEDY_STOP, 0, "cannot read the report '%s': %s",
                             report->path, status_name(marked));
}

static enum status read_head(struct report *report, const struct document *doc, const char *hex,
                             struct failure *err)
{
    const struct node *hash = find(doc, "input_sha256", NODE_TEXT);

    if (!hash) {
        return no_report(report, 1, err);
    }
    return is_text(hash, hex)
               ? STATUS_OK
               : failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                             "the report '%s' is of another input: name a new one, or give the "
                             "input that it was begun with",
                             report->path);
}

struct scan {
    struct reader reader;
    struct buffer line;
    struct arena arena;
};

static enum status read_lines(struct report *report, struct scan *scan, const char *hex,
                              struct failure *err)
{
    enum status status = STATUS_OK;
    uint64_t number = 0;

    for (;;) {
        struct json_text json;
        bool is_whole = false;

        buffer_reset(&scan->line);
        do {
            status = reader_until(&scan->reader, '\n', &scan->line, &is_whole, err);
        } while (status == STATUS_IO && err->remedy == REMEDY_RETRY);
        if (status != STATUS_OK || !is_whole) {
            return status; /* a torn last line is left out */
        }
        number++;
        arena_reset(&scan->arena);
        if (scan->line.status != STATUS_OK ||
            json_read(buffer_bytes(&scan->line), &scan->arena, &json, NULL) != STATUS_OK ||
            json.doc.nodes[0].kind != NODE_OBJECT) {
            return no_report(report, number, err);
        }
        status = number == 1 ? read_head(report, &json.doc, hex, err)
                             : read_entry(report, &json.doc, number, err);
        if (status != STATUS_OK) {
            return status;
        }
        report->size = (off_t)scan->reader.taken;
    }
}

static enum status read_all(struct report *report, const char *hex, struct failure *err)
{
    struct scan *scan = calloc(1, sizeof(*scan));
    enum status status = STATUS_OK;

    if (!scan) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                           "cannot read the report '%s': out of memory", report->path);
    }
    reader_init(&scan->reader, report->fd);
    buffer_init(&scan->line, ENTRY_SIZE_MAX);
    status = arena_open(&scan->arena, ENTRY_ARENA_MAX, err);
    if (status == STATUS_OK) {
        status = read_lines(report, scan, hex, err);
        arena_close(&scan->arena);
    }
    buffer_fini(&scan->line);
    free(scan);
    return status;
}

/* ---- opening ---- */

static enum status open_file(struct report *report, struct failure *err)
{
    report->fd = open(report->path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (report->fd < 0) {
        return fail_io(report, "open", err);
    }
    if (flock(report->fd, LOCK_EX | LOCK_NB)) {
        return errno == EWOULDBLOCK
                   ? failure_set(err, STATUS_DENIED, REMEDY_STOP, errno,
                                 "another process is writing the report '%s'", report->path)
                   : fail_io(report, "lock", err);
    }
    return STATUS_OK;
}

/* A torn last line goes; a new report, or one whose first line is torn, gets its head. */
static enum status begin(struct report *report, const char *hex, struct failure *err)
{
    if (ftruncate(report->fd, report->size)) {
        return fail_io(report, "complete", err);
    }
    if (lseek(report->fd, report->size, SEEK_SET) < 0) {
        return fail_io(report, "continue", err);
    }
    if (report->size > 0) {
        return STATUS_OK;
    }
    buffer_printf(&report->pending, "{\"input_sha256\":\"%s\"}\n", hex);
    return report_flush(report, true, err);
}

enum status report_open(const char *path, const uint8_t input_sha256[DIGEST_SIZE],
                        struct report **ret, struct failure *err)
{
    char hex[2 * DIGEST_SIZE + 1];
    struct report *report = calloc(1, sizeof(*report));
    enum status status;

    if (!report) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                           "cannot open the report '%s': out of memory", path);
    }
    report->path = path;
    report->fd = -1;
    buffer_init(&report->pending, PENDING_MAX);
    hex_encode((struct bytes){.at = input_sha256, .n = DIGEST_SIZE}, hex);
    status = open_file(report, err);
    if (status == STATUS_OK) {
        status = read_all(report, hex, err);
    }
    if (status == STATUS_OK && report->entries_n > 0) {
        qsort(report->entries, report->entries_n, sizeof(*report->entries), by_line);
    }
    if (status == STATUS_OK) {
        status = begin(report, hex, err);
    }
    if (status != STATUS_OK) {
        report_close(report);
        return status;
    }
    *ret = report;
    return STATUS_OK;
}

void report_close(struct report *report)
{
    if (!report) {
        return;
    }
    if (report->fd >= 0) {
        (void)close(report->fd);
    }
    buffer_fini(&report->pending);
    free(report->lines);
    free(report->entries);
    free(report);
}

/* ---- writing ---- */

static enum status add(struct report *report, uint64_t line, struct text filing_id,
                       const char *status)
{
    const enum status marked = mark(report, line);

    if (marked != STATUS_OK) {
        return marked;
    }
    buffer_printf(&report->pending, "{\"line\":%" PRIu64, line);
    if (filing_id.n > 0 && filing_id.n <= FILING_ID_MAX) {
        buffer_text(&report->pending, ",\"filing_id\":");
        json_put_text(&report->pending, filing_id);
    }
    buffer_printf(&report->pending, ",\"status\":\"%s\"", status);
    return STATUS_OK;
}

/* Half of the buffer is kept for what is added between two flushes. */
static enum status added(struct report *report)
{
    if (report->pending.n > PENDING_MAX / 2) {
        return report_flush(report, false, NULL);
    }
    return buffer_check(&report->pending, NULL);
}

enum status report_published(struct report *report, uint64_t line, struct text filing_id,
                             int32_t partition, int64_t offset)
{
    const enum status status = add(report, line, filing_id, "PUBLISHED");

    if (status != STATUS_OK) {
        return status;
    }
    buffer_printf(&report->pending, ",\"partition\":%" PRId32 ",\"offset\":%" PRId64 "}\n",
                  partition, offset);
    return added(report);
}

enum status report_refused(struct report *report, uint64_t line, struct text filing_id,
                           const struct reason *reason)
{
    const enum status status = add(report, line, filing_id, "REFUSED");
    const struct text field = {.at = reason->field, .n = (uint32_t)strlen(reason->field)};

    if (status != STATUS_OK) {
        return status;
    }
    buffer_printf(&report->pending, ",\"code\":\"%s\",\"field\":", code_name(reason->code));
    json_put_text(&report->pending, field);
    buffer_text(&report->pending, "}\n");
    return added(report);
}

/* Back to the last whole entry; what cannot even be cut off is cut off by the next open. */
static void cut(const struct report *report)
{
    if (ftruncate(report->fd, report->size) || lseek(report->fd, report->size, SEEK_SET) < 0) {
        return;
    }
}

/* Write all of it, or put the file back to its last whole entry. */
static enum status write_pending(struct report *report, struct failure *err)
{
    size_t at = 0;

    while (at < report->pending.n) {
        const ssize_t n = write(report->fd, report->pending.at + at, report->pending.n - at);

        if (n < 0 && errno != EINTR) {
            const enum status status = fail_io(report, "write", err);

            cut(report);
            return status;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    report->size += (off_t)report->pending.n;
    buffer_reset(&report->pending);
    return STATUS_OK;
}

enum status report_flush(struct report *report, bool sync, struct failure *err)
{
    enum status status = buffer_check(&report->pending, err);

    if (status == STATUS_OK) {
        status = write_pending(report, err);
    }
    if (status == STATUS_OK && sync && fdatasync(report->fd)) {
        status = fail_io(report, "write", err);
    }
    return status;
}
