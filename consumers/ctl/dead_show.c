/* dead-letters show: one record that could not be tried, down to the byte.
 *
 * As JSON one object; as a table or CSV rows of four parts: what is known of the letter, its
 * headers, its fields as far as they can be read, and its bytes. */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "consumers/ctl/cells.h"
#include "consumers/ctl/dead_view.h"
#include "wire/decision_json.h"
#include "wire/json.h"
#include "wire/submission.h"

#define TEXT_MAX      ((size_t)16 << 20)
#define DUMP_WIDTH    16
#define DUMP_ROWS_MAX 4096 /* 64 KiB: a whole filing; -o json has all of any record */
#define SHOWN_MAX     64   /* bytes of a field that is no text */

static const struct output_column columns[] = {
    {"part", OUTPUT_TEXT},
    {"byte", OUTPUT_NUMBER},
    {"name", OUTPUT_TEXT},
    {"value", OUTPUT_TEXT},
};

struct showing {
    struct ctl *ctl;
    struct output output;
    struct buffer text;
    struct buffer part; /* of a row or member */
    struct arena arena;
    bool is_json;
    bool is_first; /* member of the list that is being written */
    bool is_found;
};

/* ---- values --------------------------------------------------------------------------------- */

static bool is_plain(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        if (bytes.at[i] < 0x20 || bytes.at[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static void put_hex(struct buffer *out, struct bytes bytes, size_t max)
{
    for (size_t i = 0; i < bytes.n && i < max; i++) {
        buffer_printf(out, "%02x", bytes.at[i]);
    }
    buffer_text(out, bytes.n > max ? "..." : "");
}

/* A field's value for people, into s->part. */
static void put_value(struct showing *s, const struct dissect_field *field)
{
    const struct bytes bytes = {.at = field->field.at, .n = field->field.n};

    buffer_reset(&s->part);
    if (field->is_number) {
        buffer_printf(&s->part, "%" PRId64, (int64_t)field->field.value);
    } else if (field->field.type != WIRE_BYTES) {
        buffer_text(&s->part, "(fixed size)");
    } else if (field->is_message) {
        buffer_printf(&s->part, "(%zu bytes)", bytes.n);
    } else if (is_plain(bytes)) {
        buffer_append(&s->part, bytes.at, bytes.n);
    } else {
        put_hex(&s->part, bytes, SHOWN_MAX);
    }
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void put_row(struct showing *s, const char *part, const char *name, struct text value)
{
    output_cstr(&s->output, part);
    output_cstr(&s->output, "");
    output_cstr(&s->output, name);
    output_text(&s->output, value);
    output_end_row(&s->output);
}

static struct text part_text(const struct showing *s)
{
    return (struct text){.at = buffer_cstr(&s->part), .n = (uint32_t)s->part.n};
}

static void put_letter(struct showing *s, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void put_letter(struct showing *s, const char *name, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    put_row(s, "letter", name, (struct text){.at = text, .n = (uint32_t)strlen(text)});
}

static void put_field_row(void *arg, const struct dissect_field *field)
{
    struct showing *s = arg;

    put_value(s, field);
    output_cstr(&s->output, "field");
    output_number(&s->output, (int64_t)field->at);
    output_cstr(&s->output, field->path);
    output_text(&s->output, part_text(s));
    output_end_row(&s->output);
}

static void put_dump_row(struct showing *s, const struct bytes *value, size_t at)
{
    const size_t left = value->n - at;
    const size_t n = left < DUMP_WIDTH ? left : DUMP_WIDTH;

    buffer_reset(&s->part);
    for (size_t i = 0; i < DUMP_WIDTH; i++) {
        if (i < n) {
            buffer_printf(&s->part, "%02x ", value->at[at + i]);
        } else {
            buffer_text(&s->part, "   ");
        }
    }
    buffer_char(&s->part, '|');
    for (size_t i = 0; i < n; i++) {
        const uint8_t c = value->at[at + i];

        buffer_char(&s->part, c >= 0x20 && c < 0x7f ? (char)c : '.');
    }
    buffer_char(&s->part, '|');
    output_cstr(&s->output, "bytes");
    output_number(&s->output, (int64_t)at);
    output_cstr(&s->output, "");
    output_text(&s->output, part_text(s));
    output_end_row(&s->output);
}

static void put_dump(struct showing *s, struct bytes value)
{
    size_t rows = 0;
    size_t at = 0;

    for (; at < value.n && rows < DUMP_ROWS_MAX; at += DUMP_WIDTH) {
        put_dump_row(s, &value, at);
        rows++;
    }
    if (at < value.n) {
        put_letter(s, "more", "%zu more bytes: -o json has all", value.n - at);
    }
}

static void put_facts(struct showing *s, const struct dead_letter *letter)
{
    const struct bus_record *r = &letter->record;
    char reason[DEAD_REASON_SIZE];
    char at[CLOCK_TEXT_SIZE];

    dead_view_reason(letter, reason);
    clock_format(r->timestamp_ms, at);
    put_letter(s, "place", "%" PRIu32 ":%" PRId64, r->partition, r->offset);
    put_letter(s, "reason", "%s", reason);
    if (letter->reason == DEAD_UNDECODABLE) {
        put_letter(s, "fault", "byte %zu, %s: %s", letter->fault.at,
                   letter->fault.path[0] ? letter->fault.path : "the value", letter->fault.text);
    }
    if (letter->has_target) {
        put_letter(s, "belongs_to", "partition %" PRIu32, letter->target);
    }
    put_letter(s, "appended_at", "%s%s", at, r->log_append_time ? "" : " (by the sender's clock)");
    put_letter(s, "decision", "%" PRIu32 "/%" PRIu64 " %s 101 SCHEMA at '%s'", r->partition,
               letter->decision->number, outcome_name(letter->decision->outcome),
               letter->decision->reasons.at[0].field);
    put_letter(s, "redrives", "%" PRIu32, dead_view_redrives(letter));
    put_row(s, "letter", r->has_key ? "key" : "no key",
            (struct text){.at = (const char *)r->key, .n = (uint32_t)r->key_n});
}

static void put_rows(struct showing *s, const struct dead_letter *letter)
{
    const struct bytes value = {.at = letter->record.value, .n = letter->record.value_n};
    struct log_header header;
    struct wire_fault fault;

    put_facts(s, letter);
    for (size_t i = 0; log_fetch_header(letter->fetch, i, &header); i++) {
        put_row(s, "header", header.name,
                (struct text){.at = (const char *)header.value.at, .n = (uint32_t)header.value.n});
    }
    dissect_submission(value, put_field_row, s, &fault);
    put_dump(s, value);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void put_member(struct showing *s, const char *name, struct text value)
{
    buffer_printf(&s->text, ",\"%s\":", name);
    json_put_text(&s->text, value);
}

static struct text as_text(const char *text)
{
    return (struct text){.at = text, .n = (uint32_t)strlen(text)};
}

static void put_field_json(void *arg, const struct dissect_field *field)
{
    struct showing *s = arg;

    put_value(s, field);
    buffer_printf(&s->text, "%s{\"byte\":%zu,\"field\":", s->is_first ? "" : ",", field->at);
    json_put_text(&s->text, as_text(field->path));
    put_member(s, "value", part_text(s));
    buffer_char(&s->text, '}');
    s->is_first = false;
}

static void put_headers_json(struct showing *s, const struct dead_letter *letter)
{
    struct log_header header;

    buffer_text(&s->text, ",\"headers\":[");
    for (size_t i = 0; log_fetch_header(letter->fetch, i, &header); i++) {
        buffer_text(&s->text, i > 0 ? ",{\"name\":" : "{\"name\":");
        json_put_text(&s->text, as_text(header.name));
        put_member(
            s, "value",
            (struct text){.at = (const char *)header.value.at, .n = (uint32_t)header.value.n});
        buffer_char(&s->text, '}');
    }
    buffer_char(&s->text, ']');
}

static void put_facts_json(struct showing *s, const struct dead_letter *letter)
{
    const struct bus_record *r = &letter->record;
    char reason[DEAD_REASON_SIZE];
    char at[CLOCK_TEXT_SIZE];

    dead_view_reason(letter, reason);
    clock_format(r->timestamp_ms, at);
    buffer_printf(&s->text, "{\"partition\":%" PRIu32 ",\"offset\":%" PRId64, r->partition,
                  r->offset);
    put_member(s, "reason", as_text(reason));
    put_member(s, "appended_at", as_text(at));
    if (r->has_key) {
        put_member(s, "key", (struct text){.at = (const char *)r->key, .n = (uint32_t)r->key_n});
    }
    if (letter->has_target) {
        buffer_printf(&s->text, ",\"belongs_to\":%" PRIu32, letter->target);
    }
    if (letter->reason == DEAD_UNDECODABLE) {
        buffer_printf(&s->text, ",\"fault\":{\"byte\":%zu", letter->fault.at);
        put_member(s, "field", as_text(letter->fault.path));
        put_member(s, "text", as_text(letter->fault.text));
        buffer_char(&s->text, '}');
    }
    buffer_printf(&s->text, ",\"redrives\":%" PRIu32, dead_view_redrives(letter));
}

/* The filing as banks know it, where it can be decoded. */
static enum status put_filing_json(struct showing *s, const struct dead_letter *letter,
                                   struct failure *err)
{
    struct submission submission;
    struct document doc;

    if (letter->reason == DEAD_UNDECODABLE) {
        return STATUS_OK;
    }
    arena_reset(&s->arena);
    if (submission_split(letter->record.value, letter->record.value_n, &submission, err) !=
            STATUS_OK ||
        filing_decode(submission.filing.at, submission.filing.n, &s->arena, &doc, err) !=
            STATUS_OK) {
        return err->status;
    }
    buffer_text(&s->text, ",\"filing\":");
    return document_to_json(&doc, &s->text, err);
}

static enum status put_json(struct showing *s, const struct dead_letter *letter,
                            struct failure *err)
{
    const struct decision_texts texts = {.policy = NULL};
    const struct bytes value = {.at = letter->record.value, .n = letter->record.value_n};
    struct wire_fault fault;
    enum status status;

    put_facts_json(s, letter);
    buffer_text(&s->text, ",\"decision\":");
    status = decision_to_json(letter->decision, &texts, &s->text, err);
    if (status == STATUS_OK) {
        put_headers_json(s, letter);
        status = put_filing_json(s, letter, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    s->is_first = true;
    buffer_text(&s->text, ",\"fields\":[");
    dissect_submission(value, put_field_json, s, &fault);
    buffer_text(&s->text, "],\"value\":\"");
    put_hex(&s->text, value, value.n);
    buffer_text(&s->text, "\"}\n");
    status = buffer_check(&s->text, err);
    if (status == STATUS_OK) {
        (void)fwrite(s->text.at, 1, s->text.n, s->ctl->out);
    }
    return status;
}

/* ---- the verb ------------------------------------------------------------------------------- */

static enum status show(void *arg, const struct dead_letter *letter, struct failure *err)
{
    struct showing *s = arg;

    s->is_found = true;
    if (s->is_json) {
        return put_json(s, letter, err);
    }
    put_rows(s, letter);
    return STATUS_OK;
}

/* "3:131" */
static enum status read_place(const char *text, struct dead_bounds *bounds, struct failure *err)
{
    char *end = NULL;
    const bool is_begun = isdigit((unsigned char)text[0]) && strlen(text) < 24;
    const long long partition = is_begun ? strtoll(text, &end, 10) : -1;
    const bool has_offset = is_begun && *end == ':' && isdigit((unsigned char)end[1]);
    const long long offset = has_offset ? strtoll(end + 1, &end, 10) : -1;

    if (!has_offset || *end != '\0' || partition > INT32_MAX) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "a place is PARTITION:OFFSET, not '%s'", text);
    }
    bounds->partition = partition;
    bounds->from_offset = offset;
    bounds->to_offset = offset;
    return STATUS_OK;
}

static enum status find(struct showing *s, struct failure *err)
{
    const char *place = s->ctl->common->arguments[0];
    struct dead_bounds bounds;
    struct dead_conf conf = {.handle = NULL};
    enum status status;

    dead_bounds_init(&bounds);
    status = read_place(place, &bounds, err);
    if (status == STATUS_OK) {
        status = arena_open(&s->arena, ARENA_FILING_MAX, err);
    }
    if (status == STATUS_OK) {
        status = dead_view_open(s->ctl, &conf, err);
    }
    if (status == STATUS_OK) {
        conf.bounds = bounds;
        status = dead_letters_read(&conf, show, s, err);
    }
    if (status == STATUS_OK && !s->is_found) {
        status = failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0,
                             "there is no dead letter at %s: 'filingctl decisions' shows what was "
                             "decided otherwise, 'filingctl status' what is not decided yet",
                             place);
    }
    if (conf.handle) {
        rd_kafka_destroy(conf.handle);
    }
    return status;
}

enum status dead_letters_show(struct ctl *ctl, struct failure *err)
{
    struct showing s = {.ctl = ctl, .is_json = ctl->common->output == CONF_JSON};
    enum status status;
    enum status written;

    buffer_init(&s.text, TEXT_MAX);
    buffer_init(&s.part, TEXT_MAX);
    output_init(&s.output, ctl->out, ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    status = find(&s, err);
    written = output_fini(&s.output, status == STATUS_OK && !s.is_json ? err : NULL);
    buffer_fini(&s.part);
    buffer_fini(&s.text);
    if (s.arena.base) {
        arena_close(&s.arena);
    }
    return status == STATUS_OK && written != STATUS_OK
               ? failure_set(err, written, REMEDY_STOP, 0, "cannot write the output")
               : status;
}
