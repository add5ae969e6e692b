/* Frames are small messages whose fields a table describes; the manifest, the only one with a list,
 * is written by hand. */
#include "consumers/audit/evidence_file.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/fields.h"
#include "wire/put.h"
#include "wire/walk.h"

/* Tags and lengths around the bytes of a frame. */
#define FRAME_OVERHEAD 256
#define LENGTH_MAX     10
#define READ_STEP      ((size_t)1 << 20)
#define PATH_SIZE      4096

enum {
    MANIFEST_LEDGER_ID = 1,
    MANIFEST_SECTIONS = 2,
    MANIFEST_KEY_ID = 11,
    MANIFEST_SIGNATURE = 14,
    SECTION_NAME = 1,
    SECTION_BYTES = 2,
    SECTION_SHA256 = 3,
    SECTION_RECORDS = 4,
    SECTION_DECISIONS = 5,
    SECTION_PARTITION_DECISIONS = 6
};

/* ---- frames -------------------------------------------------------------------------------- */

#define H(member) offsetof(struct evidence_frame, of.head.member)
#define P(member) offsetof(struct evidence_frame, of.partition.member)
#define R(member) offsetof(struct evidence_frame, of.record.member)
#define D(member) offsetof(struct evidence_frame, of.decision.member)
#define C(member) offsetof(struct evidence_frame, of.checkpoint.member)

static const struct field_row head_fields[] = {
    {1, FIELD_FIXED, H(ledger_id), LEDGER_ID_SIZE},
    {2, FIELD_TEXT, H(topic), 0},
    {3, FIELD_NUMBER32, H(partitions), 0},
    {4, FIELD_TEXT, H(enterprise), 0},
    {5, FIELD_NUMBER64, H(from_ms), 0},
    {6, FIELD_NUMBER64, H(to_ms), 0},
    {7, FIELD_TEXT, H(bank), 0},
    {8, FIELD_TEXT, H(filing_id), 0},
    {9, FIELD_NUMBER64, H(exported_ms), 0},
    {10, FIELD_TEXT, H(program), 0},
};
static const struct field_row partition_fields[] = {
    {1, FIELD_NUMBER32, P(partition), 0},
    {2, FIELD_NUMBER64, P(from_offset), 0},
};
static const struct field_row record_fields[] = {
    {1, FIELD_NUMBER64, R(offset), 0},     {2, FIELD_NUMBER64, R(append_ms), 0},
    {3, FIELD_FLAG, R(is_create_time), 0}, {4, FIELD_PRESENT, R(key), 0},
    {5, FIELD_PRESENT, R(value), 0},
};
static const struct field_row decision_fields[] = {
    {1, FIELD_BYTES, D(value), 0},
    {2, FIELD_BYTES, D(previous_chain), 0},
};
static const struct field_row checkpoint_fields[] = {
    {1, FIELD_BYTES, C(value), 0},
    {2, FIELD_BYTES, C(proof), 0},
};

#define N(array) (sizeof(array) / sizeof((array)[0]))
static const struct {
    const struct field_row *fields;
    size_t n;
} types[] = {
    [EVIDENCE_HEAD] = {head_fields, N(head_fields)},
    [EVIDENCE_PARTITION] = {partition_fields, N(partition_fields)},
    [EVIDENCE_RECORD] = {record_fields, N(record_fields)},
    [EVIDENCE_DECISION] = {decision_fields, N(decision_fields)},
    [EVIDENCE_CHECKPOINT] = {checkpoint_fields, N(checkpoint_fields)},
    [EVIDENCE_MANIFEST] = {NULL, 0},
    [EVIDENCE_BULLETIN] = {record_fields, N(record_fields)},
};

/* Fields ascending, each once, none that the table does not have. */
static bool get_frame(struct bytes payload, struct evidence_frame *frame)
{
    struct wire_reader reader = wire_open(payload);
    struct wire_field field = {0};
    size_t at = 0;

    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field)) {
            return false;
        }
        while (at < types[frame->kind].n && types[frame->kind].fields[at].number < field.number) {
            at++;
        }
        if (at == types[frame->kind].n || types[frame->kind].fields[at].number != field.number ||
            !field_get(&field, &types[frame->kind].fields[at], frame)) {
            return false;
        }
        at++;
    }
    return true;
}

/* ---- sections and manifest ------------------------------------------------------------------ */

/* The sections of a file while it goes by. */
struct ledger_of_sections {
    struct evidence_section at[EVIDENCE_SECTIONS_MAX];
    size_t n;
    struct hash *hash; /* of the open one */
    bool is_open;
};

static void section_end(struct ledger_of_sections *s)
{
    if (s->is_open) {
        hash_end(s->hash, s->at[s->n - 1].digest);
        s->is_open = false;
    }
}

static bool section_begin(struct ledger_of_sections *s, const struct evidence_frame *frame)
{
    struct evidence_section *section;

    section_end(s);
    if (s->n == EVIDENCE_SECTIONS_MAX) {
        return false;
    }
    section = &s->at[s->n++];
    *section = (struct evidence_section){.bytes_n = 0};
    if (frame->kind == EVIDENCE_HEAD) {
        memcpy(section->name, "head", sizeof("head"));
    } else {
        (void)snprintf(section->name, sizeof(section->name), "partition %" PRIu32,
                       frame->of.partition.partition);
    }
    hash_begin(s->hash);
    s->is_open = true;
    return true;
}

/* One more frame with its length.  False when it has no place: before a head, or too many. */
static bool section_add(struct ledger_of_sections *s, const struct evidence_frame *frame,
                        struct bytes bytes)
{
    struct evidence_section *section;
    const bool begins = frame->kind == EVIDENCE_HEAD || frame->kind == EVIDENCE_PARTITION;

    if ((frame->kind == EVIDENCE_HEAD) != (s->n == 0) || (begins && !section_begin(s, frame)) ||
        (!begins && s->n < 2)) {
        return false;
    }
    section = &s->at[s->n - 1];
    hash_add(s->hash, bytes.at, bytes.n);
    section->bytes_n += bytes.n;
    section->records += frame->kind == EVIDENCE_RECORD ? 1 : 0;
    section->decisions += frame->kind == EVIDENCE_DECISION ? 1 : 0;
    return true;
}

static void put_section(struct put *put, const struct evidence_section *section)
{
    uint8_t *start = put_open(put, MANIFEST_SECTIONS);

    put_bytes(put, SECTION_NAME, section->name, strlen(section->name));
    put_uint(put, SECTION_BYTES, section->bytes_n);
    put_bytes(put, SECTION_SHA256, section->digest, DIGEST_SIZE);
    put_uint(put, SECTION_RECORDS, section->records);
    put_uint(put, SECTION_DECISIONS, section->decisions);
    put_uint(put, SECTION_PARTITION_DECISIONS, section->partition_decisions);
    put_close(put, start);
}

/* All of it, or what is signed. */
static void put_manifest(struct put *put, const struct evidence_manifest *manifest,
                         bool with_signature)
{
    put_bytes(put, MANIFEST_LEDGER_ID, manifest->ledger_id, LEDGER_ID_SIZE);
    for (size_t i = 0; i < manifest->sections_n; i++) {
        put_section(put, &manifest->sections[i]);
    }
    put_bytes(put, MANIFEST_KEY_ID, manifest->key_id.at, manifest->key_id.n);
    if (with_signature) {
        put_bytes(put, MANIFEST_SIGNATURE, manifest->signature.at, manifest->signature.n);
    }
}

/* A section takes no more than this; then the rest of the manifest. */
static size_t manifest_room(const struct evidence_manifest *manifest)
{
    return manifest->sections_n * 128 + manifest->key_id.n + manifest->signature.n + FRAME_OVERHEAD;
}

static bool get_section_field(const struct wire_field *field, struct evidence_section *ret)
{
    uint64_t *const numbers[] = {[SECTION_BYTES] = &ret->bytes_n,
                                 [SECTION_RECORDS] = &ret->records,
                                 [SECTION_DECISIONS] = &ret->decisions,
                                 [SECTION_PARTITION_DECISIONS] = &ret->partition_decisions};

    if (field->number == SECTION_NAME) {
        if (field->type != WIRE_BYTES || field->n >= sizeof(ret->name)) {
            return false;
        }
        memcpy(ret->name, field->at, field->n);
        ret->name[field->n] = '\0';
        return strlen(ret->name) == field->n;
    }
    if (field->number == SECTION_SHA256) {
        if (field->type != WIRE_BYTES || field->n != DIGEST_SIZE) {
            return false;
        }
        memcpy(ret->digest, field->at, DIGEST_SIZE);
        return true;
    }
    if (field->number >= N(numbers) || !numbers[field->number] || field->type != WIRE_VARINT) {
        return false;
    }
    *numbers[field->number] = field->value;
    return true;
}

static bool get_section(const struct wire_field *outer, struct evidence_section *ret)
{
    struct wire_reader reader = wire_open((struct bytes){.at = outer->at, .n = outer->n});
    struct wire_field field = {0};
    bool ok = outer->type == WIRE_BYTES;

    *ret = (struct evidence_section){.bytes_n = 0};
    while (ok && reader.at < reader.end) {
        ok = wire_next(&reader, &field) && get_section_field(&field, ret);
    }
    return ok;
}

static bool get_manifest_field(const struct wire_field *field, struct evidence_section *sections,
                               struct evidence_manifest *ret)
{
    if (field->number == MANIFEST_SECTIONS) {
        return ret->sections_n < EVIDENCE_SECTIONS_MAX &&
               get_section(field, &sections[ret->sections_n++]);
    }
    if (field->type != WIRE_BYTES) {
        return false;
    }
    if (field->number == MANIFEST_LEDGER_ID && field->n == LEDGER_ID_SIZE) {
        memcpy(ret->ledger_id, field->at, LEDGER_ID_SIZE);
        return true;
    }
    if (field->number == MANIFEST_KEY_ID) {
        ret->key_id = (struct text){.at = (const char *)field->at, .n = (uint32_t)field->n};
        return true;
    }
    ret->signature = (struct bytes){.at = field->at, .n = field->n};
    return field->number == MANIFEST_SIGNATURE;
}

/* ---- writing ------------------------------------------------------------------------------- */

struct evidence_writer {
    char path[PATH_SIZE];
    char begun[PATH_SIZE + 8]; /* its name until it is whole */
    FILE *file;
    uint8_t *bytes; /* of a frame with its length */
    size_t size;
    uint64_t written;
    struct ledger_of_sections sections;
};

static enum status cannot_write(const struct evidence_writer *w, int os, struct failure *err)
{
    return failure_set(err, STATUS_IO, REMEDY_STOP, os, "cannot write '%.200s': %s", w->path,
                       strerrordesc_np(os));
}

static enum status open_begun(struct evidence_writer *w, const char *path, struct failure *err)
{
    if (strlen(path) >= sizeof(w->path)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "the file name is too long");
    }
    (void)snprintf(w->path, sizeof(w->path), "%s", path);
    (void)snprintf(w->begun, sizeof(w->begun), "%s.begun", path);
    w->file = fopen(w->begun, "wb");
    if (!w->file) {
        return cannot_write(w, errno, err);
    }
    if (fputs(EVIDENCE_MAGIC, w->file) == EOF) {
        return cannot_write(w, errno, err);
    }
    w->written = strlen(EVIDENCE_MAGIC);
    return STATUS_OK;
}

enum status evidence_writer_open(const char *path, struct evidence_writer **ret,
                                 struct failure *err)
{
    struct evidence_writer *w = calloc(1, sizeof(*w));
    enum status status;

    if (!w) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    status = hash_open(&w->sections.hash, err);
    if (status == STATUS_OK) {
        status = open_begun(w, path, err);
    }
    if (status != STATUS_OK) {
        evidence_writer_close(w);
        return status;
    }
    *ret = w;
    return STATUS_OK;
}

void evidence_writer_close(struct evidence_writer *w)
{
    if (!w) {
        return;
    }
    if (w->file) {
        (void)fclose(w->file);
        (void)unlink(w->begun);
    }
    section_end(&w->sections);
    hash_close(w->sections.hash);
    free(w->bytes);
    free(w);
}

static enum status reserve(struct evidence_writer *w, size_t n, struct failure *err)
{
    uint8_t *larger;

    if (n > EVIDENCE_FRAME_MAX) {
        return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0,
                           "a part of the evidence is larger than %zu bytes", EVIDENCE_FRAME_MAX);
    }
    if (n <= w->size) {
        return STATUS_OK;
    }
    larger = realloc(w->bytes, n);
    if (!larger) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    w->bytes = larger;
    w->size = n;
    return STATUS_OK;
}

static size_t frame_room(const struct evidence_frame *frame)
{
    switch (frame->kind) {
    case EVIDENCE_HEAD:
        return FRAME_OVERHEAD + frame->of.head.topic.n + frame->of.head.enterprise.n +
               frame->of.head.bank.n + frame->of.head.filing_id.n + frame->of.head.program.n;
    case EVIDENCE_RECORD:
    case EVIDENCE_BULLETIN:
        return FRAME_OVERHEAD + frame->of.record.key.n + frame->of.record.value.n;
    case EVIDENCE_DECISION:
        return FRAME_OVERHEAD + frame->of.decision.value.n + frame->of.decision.previous_chain.n;
    case EVIDENCE_CHECKPOINT:
        return FRAME_OVERHEAD + frame->of.checkpoint.value.n + frame->of.checkpoint.proof.n;
    case EVIDENCE_PARTITION:
    case EVIDENCE_MANIFEST:
        break;
    }
    return FRAME_OVERHEAD;
}

/* The frame lies behind room for its length: put that before it.  Gives both. */
static struct bytes with_length(struct evidence_writer *w, size_t n)
{
    uint8_t length[LENGTH_MAX];
    struct put put;
    size_t length_n;

    put_over(&put, length, sizeof(length));
    put_varint(&put, n);
    length_n = (size_t)(put.at - length);
    memcpy(w->bytes + LENGTH_MAX - length_n, length, length_n);
    return (struct bytes){.at = w->bytes + LENGTH_MAX - length_n, .n = length_n + n};
}

static enum status write_bytes(struct evidence_writer *w, struct bytes bytes, struct failure *err)
{
    if (fwrite(bytes.at, 1, bytes.n, w->file) != bytes.n) {
        return cannot_write(w, errno, err);
    }
    w->written += bytes.n;
    return STATUS_OK;
}

enum status evidence_write(struct evidence_writer *w, const struct evidence_frame *frame,
                           struct failure *err)
{
    struct put put;
    struct bytes bytes;
    uint8_t *payload;
    bool has_place;
    const enum status status = reserve(w, frame_room(frame) + LENGTH_MAX, err);

    assert(frame->kind != EVIDENCE_MANIFEST);
    if (status != STATUS_OK) {
        return status;
    }
    put_over(&put, w->bytes + LENGTH_MAX, w->size - LENGTH_MAX);
    payload = put_open(&put, (uint32_t)frame->kind);
    for (size_t i = 0; i < types[frame->kind].n; i++) {
        field_put(&put, &types[frame->kind].fields[i], frame);
    }
    put_close(&put, payload);
    assert(!put.full);
    bytes = with_length(w, (size_t)(put.at - put.start));
    has_place = section_add(&w->sections, frame, bytes);
    assert(has_place);
    return write_bytes(w, bytes, err);
}

void evidence_write_count(struct evidence_writer *w, uint64_t partition_decisions)
{
    assert(w->sections.n > 0);
    w->sections.at[w->sections.n - 1].partition_decisions = partition_decisions;
}

static enum status sign(const struct evidence_signature *by, struct bytes part,
                        uint8_t out[SIGNATURE_SIZE], struct failure *err)
{
    const struct signed_message message = {
        .domain = SIGN_EVIDENCE, .ledger_id = by->ledger_id, .bytes = part};

    return signer_sign(by->signer, by->key, &message, out, err);
}

static enum status name(struct evidence_writer *w, struct failure *err)
{
    FILE *file = w->file;
    int os = 0;

    if (fflush(file) || fsync(fileno(file))) {
        os = errno;
    }
    w->file = NULL;
    if (fclose(file) && os == 0) {
        os = errno;
    }
    if (os == 0 && rename(w->begun, w->path)) {
        os = errno;
    }
    if (os != 0) {
        (void)unlink(w->begun);
        return cannot_write(w, os, err);
    }
    return STATUS_OK;
}

enum status evidence_finish(struct evidence_writer *w, const struct evidence_signature *by,
                            struct failure *err)
{
    struct evidence_manifest manifest = {
        .sections = w->sections.at, .sections_n = w->sections.n, .key_id = by->key_id};
    uint8_t signature[SIGNATURE_SIZE] = {0};
    struct put put;
    uint8_t *payload;
    enum status status;

    section_end(&w->sections);
    memcpy(manifest.ledger_id, by->ledger_id, LEDGER_ID_SIZE);
    manifest.signature = (struct bytes){.at = signature, .n = sizeof(signature)};
    status = reserve(w, manifest_room(&manifest) + LENGTH_MAX, err);
    if (status != STATUS_OK) {
        return status;
    }
    put_over(&put, w->bytes, w->size);
    put_manifest(&put, &manifest, false);
    status =
        sign(by, (struct bytes){.at = w->bytes, .n = (size_t)(put.at - put.start)}, signature, err);
    if (status != STATUS_OK) {
        return status;
    }
    put_over(&put, w->bytes + LENGTH_MAX, w->size - LENGTH_MAX);
    payload = put_open(&put, EVIDENCE_MANIFEST);
    put_manifest(&put, &manifest, true);
    put_close(&put, payload);
    assert(!put.full);
    status = write_bytes(w, with_length(w, (size_t)(put.at - put.start)), err);
    return status == STATUS_OK ? name(w, err) : status;
}

uint64_t evidence_written(const struct evidence_writer *w) { return w->written; }

/* ---- reading ------------------------------------------------------------------------------- */

struct evidence_reader {
    FILE *file;
    uint64_t at;
    struct buffer bytes; /* of the frame with its length */
    struct ledger_of_sections sections;
    struct evidence_section stated[EVIDENCE_SECTIONS_MAX]; /* by the manifest */
    struct evidence_manifest manifest;
    struct buffer again; /* the manifest written again */
    uint8_t step[READ_STEP];
};

enum status evidence_reader_open(FILE *file, struct evidence_reader **ret, struct failure *err)
{
    struct evidence_reader *r = calloc(1, sizeof(*r));
    char magic[sizeof(EVIDENCE_MAGIC) - 1];
    enum status status;

    if (!r) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    r->file = file;
    buffer_init(&r->bytes, EVIDENCE_FRAME_MAX + LENGTH_MAX);
    buffer_init(&r->again, EVIDENCE_FRAME_MAX);
    status = hash_open(&r->sections.hash, err);
    if (status == STATUS_OK && (fread(magic, 1, sizeof(magic), file) != sizeof(magic) ||
                                memcmp(magic, EVIDENCE_MAGIC, sizeof(magic)) != 0)) {
        status = failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                             "it is no evidence: the first line is not 'filing evidence 1'");
    }
    if (status != STATUS_OK) {
        evidence_reader_close(r);
        return status;
    }
    r->at = sizeof(magic);
    *ret = r;
    return STATUS_OK;
}

void evidence_reader_close(struct evidence_reader *r)
{
    if (!r) {
        return;
    }
    section_end(&r->sections);
    hash_close(r->sections.hash);
    buffer_fini(&r->bytes);
    buffer_fini(&r->again);
    free(r);
}

static enum status broken(const struct evidence_reader *r, const char *what, struct failure *err)
{
    const char *section = r->sections.n > 0 ? r->sections.at[r->sections.n - 1].name : "head";

    return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                       "section '%s', byte %" PRIu64 " of the file: %s", section, r->at, what);
}

/* The length before a frame, in its shortest form. */
static bool read_length(struct evidence_reader *r, uint64_t *ret)
{
    uint64_t length = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        const int c = fgetc(r->file);
        const uint8_t byte = (uint8_t)c;

        if (c == EOF) {
            return false;
        }
        buffer_append(&r->bytes, &byte, 1);
        length |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = length;
            return byte != 0 || shift == 0;
        }
    }
    return false;
}

static enum status read_frame(struct evidence_reader *r, struct bytes *ret, struct failure *err)
{
    uint64_t length = 0;
    size_t length_n;

    buffer_reset(&r->bytes);
    if (!read_length(r, &length) || length == 0 || length > EVIDENCE_FRAME_MAX) {
        return broken(r, "the file ends, or a length is none", err);
    }
    length_n = r->bytes.n;
    for (uint64_t left = length; left > 0;) {
        const size_t n = left < READ_STEP ? (size_t)left : READ_STEP;

        if (fread(r->step, 1, n, r->file) != n) {
            return broken(r, "the file ends within a frame", err);
        }
        buffer_append(&r->bytes, r->step, n);
        left -= n;
    }
    *ret = (struct bytes){.at = r->bytes.at + length_n, .n = (size_t)length};
    return buffer_check(&r->bytes, err);
}

static bool read_manifest(struct evidence_reader *r, struct bytes payload)
{
    struct wire_reader reader = wire_open(payload);
    struct wire_field field = {0};
    struct put put;
    size_t room;

    r->manifest = (struct evidence_manifest){.sections = r->stated};
    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field) || !get_manifest_field(&field, r->stated, &r->manifest)) {
            return false;
        }
    }
    room = manifest_room(&r->manifest);
    buffer_reset(&r->again);
    while (r->again.n < room) { /* room, to be written over */
        buffer_char(&r->again, '\0');
        if (buffer_check(&r->again, NULL) != STATUS_OK) {
            return false;
        }
    }
    put_over(&put, r->again.at, room);
    put_manifest(&put, &r->manifest, false);
    r->manifest.signed_part = (struct bytes){.at = r->again.at, .n = (size_t)(put.at - put.start)};
    put_bytes(&put, MANIFEST_SIGNATURE, r->manifest.signature.at, r->manifest.signature.n);
    return !put.full && bytes_equal(payload, (struct bytes){.at = r->again.at,
                                                            .n = (size_t)(put.at - put.start)});
}

/* The oneof: a frame has one field. */
static bool open_frame(struct bytes frame, struct wire_field *ret)
{
    struct wire_reader reader = wire_open(frame);

    return wire_next(&reader, ret) && reader.at == reader.end && ret->type == WIRE_BYTES &&
           ret->number >= EVIDENCE_HEAD && ret->number <= EVIDENCE_BULLETIN;
}

enum status evidence_read(struct evidence_reader *r, struct evidence_frame *ret,
                          struct failure *err)
{
    struct wire_field field = {0};
    struct bytes frame = {.n = 0};
    struct bytes payload;
    enum status status = read_frame(r, &frame, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (!open_frame(frame, &field)) {
        return broken(r, "a frame of no known kind", err);
    }
    memset(ret, 0, sizeof(*ret));
    ret->kind = (enum evidence_kind)field.number;
    payload = (struct bytes){.at = field.at, .n = field.n};
    if (ret->kind == EVIDENCE_MANIFEST) {
        section_end(&r->sections);
        if (!read_manifest(r, payload)) {
            return broken(r, "the manifest cannot be read", err);
        }
        if (fgetc(r->file) != EOF) {
            return broken(r, "something follows the manifest", err);
        }
        return STATUS_OK;
    }
    if (!get_frame(payload, ret)) {
        return broken(r, "a frame that cannot be read", err);
    }
    if (!section_add(&r->sections, ret, buffer_bytes(&r->bytes))) {
        return broken(r, "a frame out of place", err);
    }
    r->at += r->bytes.n;
    return STATUS_OK;
}

const struct evidence_section *evidence_reader_sections(const struct evidence_reader *r,
                                                        size_t *ret_n)
{
    *ret_n = r->sections.n;
    return r->sections.at;
}

uint64_t evidence_reader_at(const struct evidence_reader *r) { return r->at; }

const struct evidence_manifest *evidence_reader_manifest(const struct evidence_reader *r)
{
    return &r->manifest;
}
