/* How fast a bundle of evidence is checked, and in how much memory: whole partitions of inflows
 * with a checkpoint every 100,000 decisions.  The check runs in a process of its own, so that its
 * peak is its own.  Prints "name value unit".
 *
 *   bench_evidence FILE [FILINGS]     FILE is written and removed; 200,000 filings without a number
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "consumers/audit/evidence_check.h"
#include "consumers/audit/replay.h"
#include "consumers/engine/journal.h"
#include "consumers/store/states_digest.h"
#include "sim_log.h"
#include "wire/records.h"
#include "wire/tree.h"

#define TOPIC         "bench.filings.submitted.v1"
#define FILINGS       200000
#define EVERY         100000
#define FIRST_MS      INT64_C(1776643200000)
#define REGISTRATIONS 10

struct bench {
    struct sim_log log;
    struct replay *replay;
    struct evidence_writer *writer;
    struct signing_key *key;
    struct signer *signer;
    struct hash *hash;
    struct arena arena;
    struct buffer leaves;
    uint64_t covered;
    int64_t offset;
};

static void must(enum status status, const struct failure *why)
{
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "bench_evidence: %s\n", why->text);
        exit(1); /* NOLINT(concurrency-mt-unsafe): one thread */
    }
}

/* ---- the ledger ----------------------------------------------------------------------------- */

static void put_decisions(struct bench *b)
{
    struct evidence_frame frame = {.kind = EVIDENCE_DECISION};
    uint8_t leaf[DIGEST_SIZE];
    struct store_journal_row row;
    struct journal_reader reader;
    struct journal_entry entry;
    struct failure why;

    must(replay_flush(b->replay, &row, &why), &why);
    if (row.count == 0) {
        return;
    }
    journal_reader_init(&reader, &row);
    for (uint32_t i = 0; i < row.count; i++) {
        must(journal_next(&reader, &entry, &why), &why);
        frame.of.decision.value = entry.decision;
        must(evidence_write(b->writer, &frame, &why), &why);
        tree_leaf(b->hash, entry.decision, leaf);
        buffer_append(&b->leaves, leaf, sizeof(leaf));
    }
}

static void put_checkpoint(struct bench *b)
{
    const struct store_position *position = decider_position(replay_decider(b->replay));
    struct checkpoint c = {.first_number = b->covered + 1,
                           .number = position->number,
                           .next_offset = position->next_offset,
                           .received_ms = position->received_ms,
                           .rules = 1,
                           .key_id = {.at = "w1", .n = 2}};
    struct signed_message message = {.domain = SIGN_CHECKPOINT, .ledger_id = b->log.ledger_id};
    struct evidence_frame frame = {.kind = EVIDENCE_CHECKPOINT};
    uint8_t signature[SIGNATURE_SIZE];
    struct failure why;

    arena_reset(&b->arena);
    memcpy(c.ledger_id, b->log.ledger_id, LEDGER_ID_SIZE);
    memcpy(c.chain, position->chain, DIGEST_SIZE);
    tree_root(b->hash, (uint8_t(*)[DIGEST_SIZE])(void *)b->leaves.at, b->leaves.n / DIGEST_SIZE,
              c.decisions_hash);
    must(states_digest(replay_store(b->replay), 0, b->hash, c.states_hash, &why), &why);
    must(checkpoint_signed_part(&c, &b->arena, &message.bytes), &why);
    must(signer_sign(b->signer, b->key, &message, signature, &why), &why);
    c.signature = (struct bytes){.at = signature, .n = sizeof(signature)};
    must(checkpoint_encode(&c, &b->arena, &frame.of.checkpoint.value), &why);
    must(evidence_write(b->writer, &frame, &why), &why);
    b->covered = position->number;
    buffer_reset(&b->leaves);
}

static void put(void *arg, uint32_t partition, const struct bytes *key, struct bytes value)
{
    static const struct replay_conf conf = {.topic = TOPIC, .partitions_n = 1};
    struct bench *const b = arg;
    struct evidence_frame frame = {.kind = EVIDENCE_RECORD};
    const struct bus_record record = {.partition = partition,
                                      .offset = b->offset,
                                      .timestamp_ms = FIRST_MS + b->offset,
                                      .log_append_time = true,
                                      .has_key = key != NULL,
                                      .has_value = true,
                                      .key = key ? key->at : NULL,
                                      .key_n = key ? key->n : 0,
                                      .value = value.at,
                                      .value_n = value.n};
    struct failure why;
    bool is_full;
    bool is_again = true;

    if (!b->replay) {
        must(replay_open(&conf, &record, &b->replay, &why), &why);
    }
    frame.of.record = (struct evidence_record){
        .offset = record.offset, .append_ms = record.timestamp_ms, .value = value};
    frame.of.record.key = key ? *key : (struct bytes){.n = 0};
    must(evidence_write(b->writer, &frame, &why), &why);
    while (is_again) {
        must(replay_record(b->replay, &record, &is_full, &is_again, &why), &why);
        put_decisions(b);
    }
    b->offset++;
    if (b->leaves.n / DIGEST_SIZE >= EVERY) {
        put_checkpoint(b);
    }
}

static void name_worker(struct bench *b)
{
    uint8_t public_key[PUBLIC_KEY_SIZE];
    char base64[BASE64_SIZE(PUBLIC_KEY_SIZE)];
    char json[512];

    signing_key_public(b->key, public_key);
    (void)base64_encode(public_key, sizeof(public_key), base64);
    (void)snprintf(json, sizeof(json),
                   "{\"kind\":\"operators\",\"operators\":[{\"person\":\"wei\",\"name\":\"W\","
                   "\"roles\":[\"WORKER\"],\"keys\":[{\"key_id\":\"w1\",\"public_key\":\"%s\","
                   "\"from\":\"1970-01-01\"}]}]}",
                   base64);
    sim_log_item(&b->log, json);
}

/* The ledger's id is known once it is founded. */
static void write_head(struct bench *b)
{
    struct evidence_frame frame = {.kind = EVIDENCE_HEAD};
    struct failure why;

    memcpy(frame.of.head.ledger_id, b->log.ledger_id, LEDGER_ID_SIZE);
    frame.of.head.topic = (struct text){.at = TOPIC, .n = sizeof(TOPIC) - 1};
    frame.of.head.partitions = 1;
    frame.of.head.exported_ms = FIRST_MS;
    must(evidence_write(b->writer, &frame, &why), &why);
    frame = (struct evidence_frame){.kind = EVIDENCE_PARTITION};
    must(evidence_write(b->writer, &frame, &why), &why);
}

/* The founding record: the head comes before it. */
static void put_first(void *arg, uint32_t partition, const struct bytes *key, struct bytes value)
{
    struct bench *const b = arg;

    assert(!b->replay);
    write_head(b);
    put(arg, partition, key, value);
}

static void write_file(struct bench *b, const char *path, uint32_t filings)
{
    struct evidence_signature by = {.key_id = {.at = "w1", .n = 2}};
    char number[16];
    uint64_t bytes;
    struct failure why;

    must(evidence_writer_open(path, &b->writer, &why), &why);
    sim_log_open(&b->log, 1, 1);
    b->log.arg = b;
    b->log.put = put_first;
    sim_log_found_only(&b->log);
    b->log.put = put;
    name_worker(b);
    for (uint32_t e = 0; e < REGISTRATIONS; e++) {
        (void)snprintf(number, sizeof(number), "R%07u", e);
        sim_log_registration(&b->log, e, number, "C3411");
    }
    for (uint32_t i = REGISTRATIONS; i < filings; i++) {
        (void)snprintf(number, sizeof(number), "R%07u", i % REGISTRATIONS);
        sim_log_inflow(&b->log, i % REGISTRATIONS, number, "USD");
    }
    put_checkpoint(b);
    by.signer = b->signer;
    by.key = b->key;
    by.ledger_id = b->log.ledger_id;
    must(evidence_finish(b->writer, &by, &why), &why);
    bytes = evidence_written(b->writer);
    printf("evidence_bytes %.0f bytes/decision\n", (double)bytes / (double)b->covered);
    evidence_writer_close(b->writer);
}

/* ---- the check ------------------------------------------------------------------------------ */

static void tell(void *arg, const struct evidence_finding *finding)
{
    (void)arg;
    (void)fprintf(stderr, "%s: %s: %s, %s\n", finding->section, finding->diff.field,
                  finding->diff.expected, finding->diff.found);
}

static int check(const char *path)
{
    struct evidence_check_conf conf = {
        .file = fopen(path, "rb"), .is_scratch = true, .finding = tell};
    struct evidence_report report;
    struct failure why;
    int64_t begun_us;
    int64_t ended_us;
    double seconds;

    assert(conf.file);
    begun_us = clock_monotonic_us();
    must(evidence_check(&conf, &report, &why), &why);
    ended_us = clock_monotonic_us();
    seconds = (double)(ended_us - begun_us) / 1e6;
    if (report.findings > 0 || report.proofs[0].covered != report.proofs[0].decisions) {
        return 1;
    }
    printf("evidence_check %.0f decisions/s\n", (double)report.proofs[0].decisions / seconds);
    evidence_report_fini(&report);
    (void)fclose(conf.file);
    return 0;
}

/* In a process of its own. */
static int measure(const char *path)
{
    struct rusage usage;
    int outcome = 1;
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    assert(child >= 0);
    if (child == 0) {
        outcome = check(path);
        (void)getrusage(RUSAGE_SELF, &usage);
        printf("evidence_check_cpu %.2f s\n",
               (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
        printf("evidence_check_memory %.0f MiB\n", (double)usage.ru_maxrss / 1024);
        (void)fflush(stdout);
        _exit(outcome);
    }
    (void)waitpid(child, &outcome, 0);
    return outcome == 0 ? 0 : 1;
}

/* The bundle is made by a child too, so that its memory is not inherited. */
static void make(const char *path, uint32_t filings)
{
    struct bench b = {.offset = 0};
    struct failure why;

    must(signing_key_new(&b.key, &why), &why);
    must(signer_open(&b.signer, &why), &why);
    must(hash_open(&b.hash, &why), &why);
    must(arena_open(&b.arena, (size_t)1 << 20, &why), &why);
    buffer_init(&b.leaves, SIZE_MAX / 2);
    write_file(&b, path, filings);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *const path = argc > 1 ? argv[1] : NULL;
    const unsigned long filings = argc > 2 ? strtoul(argv[2], NULL, 10) : FILINGS;
    int outcome = 1;
    pid_t child;

    if (!path || filings == 0) {
        (void)fprintf(stderr, "usage: bench_evidence FILE [FILINGS]\n");
        return 2;
    }
    child = fork();
    assert(child >= 0);
    if (child == 0) {
        make(path, (uint32_t)filings);
        _exit(0);
    }
    (void)waitpid(child, &outcome, 0);
    if (outcome == 0) {
        outcome = measure(path);
    }
    (void)unlink(path);
    return outcome == 0 ? 0 : 1;
}
