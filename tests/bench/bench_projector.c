/* bench_projector.c - what readable tables cost, in lines of "name value unit".
 *
 *   bench_projector [FOLDER [BATCHES]]      (default: /tmp, 10)
 *
 * Batches of 5,000 accepted filings of 2,000 enterprises over 12 partitions, two postings each, one
 * of them of the filing's own contract, with undo and states; the store is in memory, the tables on
 * disk.  The tables are removed at the end. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "consumers/store/projector.h"
#include "consumers/store/state.h"
#include "form/iso.h"
#include "wire/decision_codec.h"

#define PARTITIONS  12
#define FILINGS     5000
#define ENTERPRISES 2000

static const uint8_t token[OWNER_TOKEN_SIZE] = "bench";

struct bench {
    struct store *store;
    struct hash *hash;
    struct store_position positions[PARTITIONS];
    struct buffer decisions;
    struct buffer undo;
    struct buffer states_bytes;
    struct store_state states[ENTERPRISES];
    struct decision decision;
    struct undo made;
    uint64_t filed;
    uint8_t bytes[DECISION_SIZE_MAX];
    uint8_t inputs[FILINGS * 8];
};

static void die(const char *what, const struct failure *err)
{
    (void)fprintf(stderr, "%s: %s\n", what, err->text);
    exit(EXIT_FAILURE);
}

static void length_append(struct buffer *out, size_t n)
{
    uint8_t length[4];

    be32_put(length, (uint32_t)n);
    buffer_append(out, length, sizeof(length));
}

static struct text text_of(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

/* A drawdown: the contract's own limit and the enterprise's. */
static void decision_make(struct bench *b, uint32_t partition, uint64_t number)
{
    static char id[37];
    static char code[CODE_SIZE + 1];
    struct decision *d = &b->decision;
    struct posting *own = &d->postings[0];

    (void)snprintf(id, sizeof(id), "019a3f52-%04x-7d40-9f6b-%012x",
                   (unsigned)(b->filed >> 32) & 0xffff, (unsigned)b->filed);
    (void)snprintf(code, sizeof(code), "911100%02u%010u", partition,
                   (unsigned)(b->filed / PARTITIONS % (ENTERPRISES / PARTITIONS)));
    decision_reset(d);
    d->partition = partition;
    d->number = number;
    d->input_offset = d->trigger_offset = (int64_t)number;
    d->received_ms = 1776067200000 + (int64_t)number;
    d->identity = (struct identity){.filing_id = text_of(id),
                                    .bank = text_of("210100000123"),
                                    .enterprise = text_of(code),
                                    .event = text_of("financing.drawdown"),
                                    .business_date = text_of("2026-04-13")};
    d->event = EVENT_FINANCING_DRAWDOWN;
    d->outcome = OUTCOME_ACCEPTED;
    d->has_basis = true;
    d->policy = d->rules = 1;
    d->postings_n = 2;
    d->postings[0] = (struct posting){.own = true};
    own->id.kind = LIMIT_FINANCING_CONTRACT;
    (void)strcpy(own->id.object, "C1");
    own->currency = CURRENCY_USD;
    own->change.used = 100;
    own->after = (struct amounts){.limit = 1000000000, .used = (int64_t)number * 100};
    d->postings[1] = *own;
    d->postings[1].id = (struct limit_id){.kind = LIMIT_FINANCING_MACROPRUDENTIAL};
    d->postings[1].own = false;
    d->postings[1].currency = CURRENCY_CNY;
}

static void undo_make(struct bench *b, uint64_t number)
{
    struct undo *u = &b->made;

    memset(u, 0, offsetof(struct undo, postings));
    u->event = EVENT_FINANCING_DRAWDOWN;
    u->number = number;
    u->objects_n = 1;
    u->objects[0].before =
        (struct object){.kind = OBJECT_CONTRACT, .opened_number = 1, .opened_on = 1};
    (void)strcpy(u->objects[0].before.number, "C1");
    u->objects[0].before.of.contract.currency = CURRENCY_USD;
    u->objects[0].before.of.contract.unit = CURRENCY_CNY;
    u->postings_n = 2;
    for (int i = 0; i < 2; i++) {
        u->postings[i] = (struct undo_posting){
            .key = {.owner = i == 0 ? 1 : 0, .kind = b->decision.postings[i].id.kind},
            .currency = b->decision.postings[i].currency,
            .change = b->decision.postings[i].change};
    }
}

static void filing_append(struct bench *b, uint32_t partition, uint8_t chain[DIGEST_SIZE],
                          uint64_t number)
{
    struct buffer undo;
    size_t n = 0;

    decision_make(b, partition, number);
    undo_make(b, number);
    n = decision_encode(b->hash, &b->decision, chain, b->bytes);
    memcpy(chain, b->bytes + n - DIGEST_SIZE, DIGEST_SIZE);
    length_append(&b->decisions, n);
    buffer_append(&b->decisions, b->bytes, n);
    buffer_init(&undo, 1U << 20);
    undo_encode(&b->made, &undo);
    length_append(&b->undo, undo.n);
    buffer_append(&b->undo, undo.at, undo.n);
    buffer_fini(&undo);
    b->filed++;
}

/* The state of every enterprise of the partition, with one contract. */
static size_t states_make(struct bench *b, uint32_t partition, uint64_t number)
{
    size_t n = ENTERPRISES / PARTITIONS;
    struct enterprise *e = NULL;
    struct failure err = {.status = STATUS_OK};
    const struct room room = {.objects = 1};

    buffer_reset(&b->states_bytes);
    for (size_t i = 0; i < n; i++) {
        char code[CODE_SIZE + 1];
        size_t before = b->states_bytes.n;

        (void)snprintf(code, sizeof(code), "911100%02u%010u", partition, (unsigned)i);
        if (state_new(code, &e, &err) || state_reserve(e, &room, &err)) {
            die("state", &err);
        }
        e->number = number;
        (void)enterprise_object_add(e, &b->made.objects[0].before);
        state_encode(e, &b->states_bytes);
        state_free(e);
        memcpy(b->states[i].enterprise, code, CODE_SIZE);
        b->states[i].number = number;
        b->states[i].bytes.n = b->states_bytes.n - before;
    }
    for (size_t i = 0, at = 0; i < n; at += b->states[i].bytes.n, i++) {
        b->states[i].bytes.at = b->states_bytes.at + at;
    }
    return n;
}

static void part_store(struct bench *b, uint32_t partition)
{
    struct store_position *position = &b->positions[partition];
    struct store_part part = {
        .partition = partition, .expected_next_offset = position->next_offset, .states = b->states};
    struct store_batch batch = {.parts = &part, .parts_n = 1};
    enum store_outcome outcome = STORE_DROPPED;
    struct failure err = {.status = STATUS_OK};
    uint32_t n = FILINGS / PARTITIONS;

    buffer_reset(&b->decisions);
    buffer_reset(&b->undo);
    memcpy(part.owner_token, token, sizeof(token));
    part.row = (struct store_journal_row){
        .first_number = position->number + 1, .count = n, .starts = *position};
    for (uint32_t i = 0; i < n; i++) {
        filing_append(b, partition, position->chain, position->number + 1 + i);
    }
    position->number += n;
    position->next_offset += n;
    part.position = *position;
    part.clean_number = position->number;
    part.states_n = states_make(b, partition, position->number);
    part.row.decisions = buffer_bytes(&b->decisions);
    part.row.undo = buffer_bytes(&b->undo);
    part.row.inputs = (struct bytes){b->inputs, (size_t)n * 8};
    if (store_commit(b->store, &batch, &outcome, &err) || outcome != STORE_STORED) {
        die("commit", &err);
    }
}

static void store_make(struct bench *b)
{
    struct store_ledger ledger = {.ledger_id = "bench", .partitions = PARTITIONS};
    struct failure err = {.status = STATUS_OK};

    if (store_open("memory:", &b->store, &err) || store_ledger_found(b->store, &ledger, &err)) {
        die("open", &err);
    }
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        struct store_claim claim = {.partition = p, .txn_id = "bench"};
        struct store_row row;
        char previous[TXN_ID_SIZE];

        memcpy(claim.token, token, sizeof(token));
        if (store_claim(b->store, &claim, &row, previous, &err)) {
            die("claim", &err);
        }
        b->positions[p] = row.position;
    }
}

static void batches_project(struct bench *b, struct projector *projector, long batches)
{
    struct failure err = {.status = STATUS_OK};
    int64_t us = 0;

    for (long i = 0; i < batches; i++) {
        int64_t before = 0;
        bool has_more = true;

        for (uint32_t p = 0; p < PARTITIONS; p++) {
            part_store(b, p);
        }
        before = clock_monotonic_us();
        while (has_more) {
            if (projector_step(projector, &has_more, &err)) {
                die("step", &err);
            }
        }
        us += clock_monotonic_us() - before;
    }
    printf("projector.filing %.3f us\n", (double)us / (double)b->filed);
    printf("projector.rate %.0f filings/s\n", (double)b->filed * 1e6 / (double)us);
}

int main(int argc, char **argv)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    const char *folder = argc > 1 ? argv[1] : "/tmp";
    long batches = argc > 2 ? strtol(argv[2], NULL, 10) : 10;
    struct bench *b = calloc(1, sizeof(*b));
    struct projector *projector = NULL;
    struct failure err = {.status = STATUS_OK};
    struct stat st = {.st_size = 0};
    char file[512];

    if (!b || batches < 1 || batches > 1000) {
        free(b);
        return EXIT_FAILURE;
    }
    buffer_init(&b->decisions, 1U << 28);
    buffer_init(&b->undo, 1U << 28);
    buffer_init(&b->states_bytes, 1U << 28);
    (void)snprintf(file, sizeof(file), "%.400s/bench_projector.%d.db", folder, (int)getpid());
    store_make(b);
    if (hash_open(&b->hash, &err) || projector_open_on(b->store, file, &projector, &err)) {
        die("open", &err);
    }
    batches_project(b, projector, batches);
    projector_close(projector);
    (void)stat(file, &st);
    printf("projector.file %.1f bytes a filing\n", (double)st.st_size / (double)b->filed);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char path[600];

        (void)snprintf(path, sizeof(path), "%s%s", file, ends[i]);
        (void)unlink(path);
    }
    hash_close(b->hash);
    store_close(b->store);
    buffer_fini(&b->decisions);
    buffer_fini(&b->undo);
    buffer_fini(&b->states_bytes);
    free(b);
    return EXIT_SUCCESS;
}
