/* bench_store.c - what the store costs, in lines of "name value unit".
 *
 *   bench_store [FOLDER [BATCHES]]      (default: /tmp, 40)
 *
 * Batches of 5,000 filings over 12 partitions, decisions of 300 bytes with 60 bytes of undo, ids as
 * UUIDv7 makes them, 1,000 states of 2,000 bytes every fifth batch; fsync as in production.  The
 * store is kept nowhere: its files are removed at the end. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "consumers/store/store.h"

#define PARTITIONS    12
#define FILINGS       5000
#define DECISION_SIZE 300
#define UNDO_SIZE     60
#define STATE_SIZE    2000
#define LOOK_UPS      200000

static const uint8_t token[OWNER_TOKEN_SIZE] = "bench";
static uint64_t chance = 88172645463325252U;

struct bench {
    char spec[512];
    struct store *store;
    struct store_position positions[PARTITIONS];
    struct store_filing filings[FILINGS];
    struct store_state states[1000];
    uint8_t decisions[FILINGS * (4 + DECISION_SIZE)];
    uint8_t undo[FILINGS * (4 + UNDO_SIZE)];
    uint8_t inputs[FILINGS * 8];
    uint8_t state_bytes[STATE_SIZE];
    uint64_t now_ms;
};

/* xorshift: fast, and the same in every run. */
static uint64_t chance_next(void)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return chance;
}

static void die(const char *what, const struct failure *err)
{
    (void)fprintf(stderr, "%s: %s\n", what, err->text);
    exit(EXIT_FAILURE);
}

/* Milliseconds that move on by one every hundred ids, then chance. */
static void id_make(struct bench *b, uint8_t id[FILING_ID_SIZE])
{
    uint64_t r = chance_next();

    b->now_ms += r % 100 == 0;
    be64_put(id, b->now_ms << 16 | 0x7000 | (r >> 20 & 0xfff));
    be64_put(id + 8, chance_next() >> 2 | UINT64_C(1) << 63);
}

static void filing_make(struct bench *b, struct store_filing *filing, uint64_t number)
{
    char digits[24];

    id_make(b, filing->key.filing_id);
    (void)snprintf(digits, sizeof(digits), "2101%08u", (unsigned)(chance_next() % 40));
    memcpy(filing->key.bank, digits, BANK_SIZE);
    (void)snprintf(digits, sizeof(digits), "911100%012u", (unsigned)(chance_next() % 20000));
    memcpy(filing->key.enterprise, digits, CODE_SIZE);
    be64_put(filing->filing_hash, chance_next());
    filing->first_number = filing->last_number = filing->accepted_number = number;
}

static void part_make(struct bench *b, uint32_t p, size_t from, size_t n, struct store_part *part)
{
    struct store_position *position = &b->positions[p];

    *part = (struct store_part){.partition = p,
                                .expected_next_offset = position->next_offset,
                                .filings = &b->filings[from],
                                .filings_n = n};
    memcpy(part->owner_token, token, sizeof(token));
    part->row = (struct store_journal_row){
        .first_number = position->number + 1,
        .count = (uint32_t)n,
        .starts = *position,
        .decisions = {b->decisions + from * (4 + DECISION_SIZE), n * (4 + DECISION_SIZE)},
        .undo = {b->undo + from * (4 + UNDO_SIZE), n * (4 + UNDO_SIZE)},
        .inputs = {b->inputs + from * 8, n * 8}};
    for (size_t i = 0; i < n; i++) {
        filing_make(b, &b->filings[from + i], position->number + 1 + i);
    }
    position->number += n;
    position->next_offset += (int64_t)n;
    part->position = *position;
}

static void claim_all(struct bench *b)
{
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        struct store_claim claim = {.partition = p, .txn_id = "bench"};
        struct failure err = {.status = STATUS_OK};
        struct store_row row;
        char previous[TXN_ID_SIZE];

        memcpy(claim.token, token, sizeof(token));
        if (store_claim(b->store, &claim, &row, previous, &err)) {
            die("claim", &err);
        }
        b->positions[p] = row.position;
    }
}

static int64_t batch_store(struct bench *b, bool with_states)
{
    struct store_part parts[PARTITIONS];
    struct store_batch batch = {.parts = parts, .parts_n = PARTITIONS};
    enum store_outcome outcome = STORE_DROPPED;
    struct failure err = {.status = STATUS_OK};
    size_t from = 0;
    int64_t before = 0;

    for (uint32_t p = 0; p < PARTITIONS; p++) {
        size_t n = (FILINGS - from) / (PARTITIONS - p);

        part_make(b, p, from, n, &parts[p]);
        from += n;
        if (with_states) { /* a twelfth of them each */
            parts[p].states = &b->states[(size_t)p * 83];
            parts[p].states_n = 83;
        }
    }
    for (size_t i = 0; i < 1000 && with_states; i++) {
        char digits[24];

        (void)snprintf(digits, sizeof(digits), "911100%012u", (unsigned)(chance_next() % 20000));
        memcpy(b->states[i].enterprise, digits, CODE_SIZE);
        b->states[i].bytes = (struct bytes){b->state_bytes, STATE_SIZE};
    }
    before = clock_monotonic_us();
    if (store_commit(b->store, &batch, &outcome, &err) || outcome != STORE_STORED) {
        die("commit", &err);
    }
    return clock_monotonic_us() - before;
}

/* Ids that are not there: new ones, as nearly every filing has. */
static void look_ups_absent(struct bench *b, const char *name)
{
    struct store_filing filing = {.first_number = 0};
    struct store_filing got;
    int64_t us = clock_monotonic_us();
    int found = 0;

    for (int i = 0; i < LOOK_UPS; i++) {
        filing_make(b, &filing, 1);
        found += store_filing_find(b->store, (uint32_t)(i % PARTITIONS), &filing.key, &got, NULL) ==
                 STATUS_OK;
    }
    us = clock_monotonic_us() - us;
    printf("%s.lookup_absent %.3f us\n", name, (double)us / LOOK_UPS);
    if (found > 0) {
        printf("%s.found_by_chance %d filings\n", name, found);
    }
}

static void look_ups_present(struct bench *b, const char *name)
{
    struct failure err = {.status = STATUS_OK};
    struct store_filing got;
    int64_t us = clock_monotonic_us();
    int found = 0;

    for (int i = 0; i < FILINGS; i++) { /* of the last batch; one partition in twelve is right */
        found += store_filing_find(b->store, (uint32_t)(i / (FILINGS / PARTITIONS)) % PARTITIONS,
                                   &b->filings[i].key, &got, &err) == STATUS_OK;
    }
    us = clock_monotonic_us() - us;
    printf("%s.lookup_present %.3f us\n", name, (double)us / FILINGS);
    printf("%s.lookup_present_found %d of %d\n", name, found, FILINGS);
}

static int compare_i64(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;

    return (*left > *right) - (*left < *right);
}

static void run(struct bench *b, const char *name, const char *spec, long batches)
{
    struct failure err = {.status = STATUS_OK};
    int64_t *us = calloc((size_t)batches, sizeof(*us));
    int64_t sum = 0;
    int64_t median = 0;
    int64_t before = 0;

    if (!us || store_open(spec, &b->store, &err)) {
        die("open", &err);
    }
    claim_all(b);
    for (long i = 0; i < batches; i++) {
        us[i] = batch_store(b, i % 5 == 4);
        sum += us[i];
    }
    qsort(us, (size_t)batches, sizeof(*us), compare_i64);
    median = us[batches / 2];
    printf("%s.filing %.3f us\n", name, (double)sum / (double)batches / FILINGS);
    printf("%s.batch_median %.3f ms\n", name, (double)median / 1000);
    printf("%s.batch_max %.3f ms\n", name, (double)us[batches - 1] / 1000);
    look_ups_absent(b, name);
    look_ups_present(b, name);
    before = clock_monotonic_us();
    store_close(b->store);
    printf("%s.close %.3f ms\n", name, (double)(clock_monotonic_us() - before) / 1000);
    free(us);
}

/* After opening again nothing is in memory: the floor alone keeps new ids from the index. */
static void run_again(struct bench *b, const char *spec)
{
    struct failure err = {.status = STATUS_OK};
    int64_t before = clock_monotonic_us();

    if (store_open(spec, &b->store, &err)) {
        die("open", &err);
    }
    printf("sqlite.open %.3f ms\n", (double)(clock_monotonic_us() - before) / 1000);
    claim_all(b);
    look_ups_absent(b, "sqlite.reopened");
    look_ups_present(b, "sqlite.reopened");
    store_close(b->store);
}

int main(int argc, char **argv)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    const char *folder = argc > 1 ? argv[1] : "/tmp";
    long batches = argc > 2 ? strtol(argv[2], NULL, 10) : 40;
    struct bench *b = calloc(1, sizeof(*b));
    struct stat st = {.st_size = 0};

    if (!b || batches < 1 || batches > 100000) {
        free(b);
        return EXIT_FAILURE;
    }
    b->now_ms = (uint64_t)clock_unix_ms() - 3600000;
    for (size_t i = 0; i < sizeof(b->decisions); i += 8) {
        be64_put(b->decisions + i, chance_next());
    }
    run(b, "memory", "memory:", batches);
    memset(b->positions, 0, sizeof(b->positions));
    (void)snprintf(b->spec, sizeof(b->spec), "sqlite:%s/bench_store.%d.db", folder, (int)getpid());
    run(b, "sqlite", b->spec, batches);
    (void)stat(b->spec + 7, &st);
    printf("sqlite.file %.1f bytes a filing\n", (double)st.st_size / (double)batches / FILINGS);
    run_again(b, b->spec);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char path[600];

        (void)snprintf(path, sizeof(path), "%s%s", b->spec + 7, ends[i]);
        (void)unlink(path);
    }
    free(b);
    return EXIT_SUCCESS;
}
