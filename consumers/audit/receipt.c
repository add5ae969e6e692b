#include "consumers/audit/receipt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "wire/decision_codec.h"
#include "wire/json.h"
#include "wire/tree.h"

/* Reading takes 70 times the text at most (wire/json.h). */
#define ARENA_SIZE (96 * RECEIPT_SIZE_MAX)

#define PATH_HASHES_MAX 32 /* more than TREE_LEAVES_MAX has rows */

static const char says[] =
    "The decision was made by the ledger named here. SHA-256(0x00, decision) is a leaf of the tree of "
    "RFC 6962 whose root is the checkpoint's decisions_sha256; the path has the hashes beside the way "
    "from the leaf, at place number - first_number, to that root. The checkpoint's signature is "
    "Ed25519 over 'checkpoint.v1', a zero byte, the ledger id and the checkpoint without its fields 14 "
    "and 15, by the key named. The bytes are filing.v1.Decision and filing.v1.Checkpoint. Check with: "
    "filingctl receipt check FILE";

/* ---- writing ------------------------------------------------------------------------------- */

static void put_text(struct buffer *out, const char *name, struct text text)
{
    if (text.n > 0) {
        buffer_printf(out, "  \"%s\": ", name);
        json_put_text(out, text);
        buffer_text(out, ",\n");
    }
}

static void put_cstr(struct buffer *out, const char *name, const char *text)
{
    put_text(out, name, (struct text){.at = text, .n = (uint32_t)strlen(text)});
}

static void put_hex(struct buffer *out, struct bytes bytes)
{
    char digits[3];

    buffer_char(out, '"');
    for (size_t i = 0; i < bytes.n; i++) {
        hex_encode((struct bytes){.at = bytes.at + i, .n = 1}, digits);
        buffer_text(out, digits);
    }
    buffer_char(out, '"');
}

static void put_time(struct buffer *out, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(ms, text);
    put_cstr(out, name, text);
}

static void put_decision(struct buffer *out, const struct decision *d)
{
    buffer_printf(out, "  \"partition\": %" PRIu32 ",\n  \"number\": %" PRIu64 ",\n", d->partition,
                  d->number);
    put_text(out, "filing_id", d->identity.filing_id);
    put_text(out, "bank", d->identity.bank);
    put_text(out, "enterprise", d->identity.enterprise);
    put_text(out, "event", d->identity.event);
    put_text(out, "business_date", d->identity.business_date);
    put_time(out, "received_at", d->received_ms);
    put_cstr(out, "outcome", outcome_name(d->outcome));
    buffer_printf(out, "  \"input\": {\"offset\": %" PRId64 ", \"sha256\": ", d->input_offset);
    put_hex(out, (struct bytes){.at = d->input_hash, .n = DIGEST_SIZE});
    buffer_text(out, "},\n");
}

static void put_path(struct buffer *out, struct bytes path)
{
    buffer_text(out, "  \"path\": [");
    for (size_t i = 0; i + DIGEST_SIZE <= path.n; i += DIGEST_SIZE) {
        buffer_text(out, i > 0 ? ",\n    " : "\n    ");
        put_hex(out, (struct bytes){.at = path.at + i, .n = DIGEST_SIZE});
    }
    buffer_text(out, path.n > 0 ? "\n  ],\n" : "],\n");
}

static void put_checkpoint(struct buffer *out, const struct checkpoint *c, struct bytes bytes)
{
    char at[CLOCK_TEXT_SIZE];

    clock_format(c->received_ms, at);
    buffer_printf(out,
                  "  \"checkpoint\": {\n    \"first_number\": %" PRIu64
                  ",\n    \"number\": %" PRIu64
                  ",\n    \"received_at\": \"%s\",\n    \"decisions_sha256\": ",
                  c->first_number, c->number, at);
    put_hex(out, (struct bytes){.at = c->decisions_hash, .n = DIGEST_SIZE});
    buffer_text(out, ",\n    \"key_id\": ");
    json_put_text(out, c->key_id);
    buffer_text(out, ",\n    \"witnesses\": [");
    for (uint32_t i = 0; i < c->witnesses_n; i++) {
        buffer_text(out, i > 0 ? ", " : "");
        json_put_text(out, c->witnesses[i].key_id);
    }
    buffer_text(out, "],\n    \"bytes\": ");
    put_hex(out, bytes);
    buffer_text(out, "\n  }\n");
}

static void put_all(const struct receipt_memory *m, struct buffer *out)
{
    char ledger_id[2 * LEDGER_ID_SIZE + 1];

    hex_encode((struct bytes){.at = m->checkpoint.ledger_id, .n = LEDGER_ID_SIZE}, ledger_id);
    buffer_text(out, "{\n");
    put_cstr(out, "format", "filing receipt 1");
    put_cstr(out, "says", says);
    put_cstr(out, "ledger", ledger_id);
    put_decision(out, &m->decision);
    buffer_text(out, "  \"decision\": ");
    put_hex(out, m->receipt.decision);
    buffer_text(out, ",\n");
    put_path(out, m->receipt.path);
    put_checkpoint(out, &m->checkpoint, m->receipt.checkpoint);
    buffer_text(out, "}\n");
}

static enum status take_apart(struct receipt_memory *m, struct failure *err)
{
    enum status status = decision_decode(m->receipt.decision, &m->arena, &m->decision, err);

    if (status != STATUS_OK) {
        return status;
    }
    return checkpoint_decode(m->receipt.checkpoint, &m->checkpoint) == STATUS_OK
               ? STATUS_OK
               : failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0, "the checkpoint is none");
}

enum status receipt_put(const struct receipt *receipt, struct buffer *out, struct failure *err)
{
    struct receipt_memory *m = NULL;
    enum status status = receipt_memory_open(&m, err);

    if (status != STATUS_OK || !m) {
        return status;
    }
    m->receipt = *receipt;
    status = take_apart(m, err);
    if (status == STATUS_OK) {
        put_all(m, out);
        status = buffer_check(out, err);
    }
    receipt_memory_close(m);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------- */

static enum status is_none(struct failure *err)
{
    return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                       "it is no receipt: decision, path and checkpoint are not in it");
}

/* The bytes of hexadecimal digits, in the arena.  False when they are none. */
static bool read_hex(const struct node *node, struct arena *arena, struct bytes *ret)
{
    uint8_t *at;

    if (!node || node->kind != NODE_TEXT) {
        return false;
    }
    at = arena_alloc(arena, node->text.n / 2 + 1);
    if (!at || !hex_decode(node->text.at, node->text.n, at)) {
        return false;
    }
    *ret = (struct bytes){.at = at, .n = node->text.n / 2};
    return true;
}

static bool read_path(const struct document *doc, const struct node *list, struct arena *arena,
                      struct bytes *ret)
{
    uint8_t *at = arena_alloc(arena, (size_t)PATH_HASHES_MAX * DIGEST_SIZE);
    size_t n = 0;

    if (!at || !list || list->kind != NODE_LIST) {
        return false;
    }
    for (uint32_t i = list->child; i != 0; i = doc->nodes[i].next) {
        struct bytes hash;

        if (n == PATH_HASHES_MAX || !read_hex(&doc->nodes[i], arena, &hash) ||
            hash.n != DIGEST_SIZE) {
            return false;
        }
        memcpy(at + n * DIGEST_SIZE, hash.at, DIGEST_SIZE);
        n++;
    }
    *ret = (struct bytes){.at = at, .n = n * DIGEST_SIZE};
    return true;
}

static enum status read_parts(struct bytes text, struct receipt_memory *m, struct failure *err)
{
    struct json_text json;
    const struct node *root;
    const struct node *checkpoint;
    struct failure why;

    if (text.n > RECEIPT_SIZE_MAX || json_read(text, &m->arena, &json, &why) != STATUS_OK ||
        json.doc.nodes[0].kind != NODE_OBJECT) {
        return is_none(err);
    }
    root = &json.doc.nodes[0];
    checkpoint = document_find(&json.doc, root, "checkpoint");
    if (!checkpoint || checkpoint->kind != NODE_OBJECT ||
        !read_hex(document_find(&json.doc, root, "decision"), &m->arena, &m->receipt.decision) ||
        !read_path(&json.doc, document_find(&json.doc, root, "path"), &m->arena,
                   &m->receipt.path) ||
        !read_hex(document_find(&json.doc, checkpoint, "bytes"), &m->arena,
                  &m->receipt.checkpoint)) {
        return is_none(err);
    }
    return STATUS_OK;
}

/* R1 */
static enum status compare_text(struct bytes text, const struct receipt_memory *m,
                                struct failure *err)
{
    struct buffer again;
    enum status status;
    size_t at = 0;

    buffer_init(&again, 2 * RECEIPT_SIZE_MAX);
    put_all(m, &again);
    status = buffer_check(&again, err);
    if (status == STATUS_OK && !bytes_equal(text, buffer_bytes(&again))) {
        while (at < text.n && at < again.n && text.at[at] == again.at[at]) {
            at++;
        }
        status = failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                             "byte %zu is not what follows from the decision and the checkpoint in "
                             "it",
                             at);
    }
    buffer_fini(&again);
    return status;
}

static enum status follow(const struct receipt_memory *m, struct hash *hash, struct failure *err)
{
    const struct checkpoint *c = &m->checkpoint;
    const uint64_t place = m->decision.number - c->first_number;
    const struct tree_choice choice = {
        .places = &place, .places_n = 1, .leaves_n = c->number - c->first_number + 1};
    uint8_t leaf[1][DIGEST_SIZE];
    uint8_t root[DIGEST_SIZE];
    enum status status;

    if (m->decision.partition != c->partition || m->decision.number < c->first_number ||
        m->decision.number > c->number) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                           "the checkpoint does not cover decision %" PRIu64, m->decision.number);
    }
    tree_leaf(hash, m->receipt.decision, leaf[0]);
    status = tree_follow(hash, leaf, &choice, m->receipt.path, root, err);
    if (status == STATUS_OK && memcmp(root, c->decisions_hash, DIGEST_SIZE) != 0) {
        status = failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                             "the path does not lead from the decision to the checkpoint's root");
    }
    return status;
}

enum status receipt_read(struct bytes text, struct hash *hash, struct receipt_memory *m,
                         struct failure *err)
{
    enum status status;

    arena_reset(&m->arena);
    status = read_parts(text, m, err);
    if (status == STATUS_OK) {
        status = take_apart(m, err);
    }
    if (status == STATUS_OK) {
        status = follow(m, hash, err);
    }
    return status == STATUS_OK ? compare_text(text, m, err) : status;
}

enum status receipt_memory_open(struct receipt_memory **ret, struct failure *err)
{
    struct receipt_memory *m = calloc(1, sizeof(*m));
    enum status status;

    if (!m) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    status = arena_open(&m->arena, ARENA_SIZE, err);
    if (status != STATUS_OK) {
        receipt_memory_close(m);
        return status;
    }
    *ret = m;
    return STATUS_OK;
}

void receipt_memory_close(struct receipt_memory *m)
{
    if (m) {
        arena_close(&m->arena);
        free(m);
    }
}
