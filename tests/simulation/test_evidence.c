/* Parts of a partition decided again, and bundles of evidence made of them: every enterprise's
 * share of random histories comes out as the whole did; whatever is altered, left out or added is
 * named; no byte of a bundle can be changed without a finding. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "consumers/audit/evidence_check.h"
#include "consumers/audit/evidence_make.h"
#include "consumers/audit/part.h"
#include "consumers/audit/receipt.h"
#include "consumers/engine/journal.h"
#include "consumers/store/states_digest.h"
#include "sim_broker.h"
#include "sim_log.h"
#include "wire/decision_codec.h"
#include "wire/tree.h"

#define RECORDS_MAX   1200
#define DECISIONS_MAX 4000
#define PARTITIONS    2
#define TOPIC         "t.filings.submitted.v1"
#define FIRST_MS      INT64_C(1776643200000) /* 2026-04-20 */
#define EXPORTED_MS   INT64_C(1779321600000) /* 2026-05-21 */

struct made_decision {
    uint8_t *value;
    size_t n;
    int64_t trigger;
    uint64_t number;
    uint8_t key[CODE_SIZE];
    size_t key_n;
    bool has_key;
};

/* Partition 0 of two; what goes to the other one is left aside. */
struct world {
    struct sim_log log;
    struct bus_record records[RECORDS_MAX];
    uint8_t *owned[RECORDS_MAX];
    size_t records_n;
    int64_t offset;
    int64_t time_ms;
    struct made_decision decisions[DECISIONS_MAX];
    size_t decisions_n;
    struct signing_key *worker;
    struct signing_key *witness;
    struct signer *signer;
    struct arena arena;
    struct checkpoint_book *book;
    struct replay *replay; /* what the worker did */
    uint64_t covered;      /* by the last checkpoint */
    struct failure why;
};

static void ok(enum status status) { assert_int_equal(status, STATUS_OK); }

static void put(void *arg, uint32_t partition, const struct bytes *key, struct bytes value)
{
    struct world *const w = arg;
    struct bus_record *const record = &w->records[w->records_n];
    uint8_t *copy;

    w->offset += 1 + sim_chance(&w->log.chance, 3);                /* markers are gaps */
    w->time_ms += (int64_t)sim_chance(&w->log.chance, 5000) - 800; /* a clock that goes back */
    if (partition != 0) {
        return;
    }
    assert_true(w->records_n < RECORDS_MAX);
    copy = malloc(value.n + 32);
    assert_non_null(copy);
    if (value.n > 0) {
        memcpy(copy, value.at, value.n);
    }
    if (key) {
        memcpy(copy + value.n, key->at, key->n);
    }
    *record = (struct bus_record){.offset = w->records_n == 0 ? 0 : w->offset,
                                  .timestamp_ms = w->time_ms,
                                  .log_append_time = true,
                                  .has_key = key != NULL,
                                  .has_value = value.at != NULL,
                                  .key = copy + value.n,
                                  .key_n = key ? key->n : 0,
                                  .value = copy,
                                  .value_n = value.n};
    w->owned[w->records_n++] = copy;
}

/* ---- what the worker does ------------------------------------------------------------------- */

static void keep_row(struct world *w, const struct store_journal_row *row)
{
    struct journal_reader reader;
    struct journal_entry entry;
    struct decision *d = calloc(1, sizeof(*d));

    assert_non_null(d);
    journal_reader_init(&reader, row);
    for (uint32_t i = 0; i < row->count; i++) {
        struct made_decision *kept = &w->decisions[w->decisions_n++];

        assert_true(w->decisions_n < DECISIONS_MAX);
        ok(journal_next(&reader, &entry, &w->why));
        arena_reset(&w->arena);
        ok(decision_decode(entry.decision, &w->arena, d, &w->why));
        *kept = (struct made_decision){.value = malloc(entry.decision.n),
                                       .n = entry.decision.n,
                                       .trigger = d->trigger_offset,
                                       .number = entry.number,
                                       .has_key = entry.has_key,
                                       .key_n = entry.key.n};
        assert_non_null(kept->value);
        memcpy(kept->value, entry.decision.at, entry.decision.n);
        if (entry.has_key) {
            memcpy(kept->key, entry.key.at, entry.key.n < CODE_SIZE ? entry.key.n : CODE_SIZE);
        }
    }
    free(d);
}

static void flush(struct world *w)
{
    struct store_journal_row row;

    ok(replay_flush(w->replay, &row, &w->why));
    if (row.count > 0) {
        keep_row(w, &row);
    }
}

/* Sign what the decisions have come to. */
static void put_checkpoint(struct world *w, struct signing_key *key, const char *key_id)
{
    const struct store_position *position = decider_position(replay_decider(w->replay));
    uint8_t(*leaves)[DIGEST_SIZE] = calloc(w->decisions_n, DIGEST_SIZE);
    struct checkpoint c = {.first_number = w->covered + 1,
                           .number = position->number,
                           .next_offset = position->next_offset,
                           .received_ms = position->received_ms,
                           .rules = 1,
                           .key_id = {.at = key_id, .n = (uint32_t)strlen(key_id)},
                           .witnesses_n = 1};
    struct signed_message message = {.domain = SIGN_CHECKPOINT, .ledger_id = w->log.ledger_id};
    uint8_t signatures[2][SIGNATURE_SIZE];
    struct bytes value;

    assert_non_null(leaves);
    arena_reset(&w->arena);
    memcpy(c.ledger_id, w->log.ledger_id, LEDGER_ID_SIZE);
    memcpy(c.chain, position->chain, DIGEST_SIZE);
    for (uint64_t i = w->covered; i < c.number; i++) {
        tree_leaf(w->log.hash, (struct bytes){.at = w->decisions[i].value, .n = w->decisions[i].n},
                  leaves[i - w->covered]);
    }
    tree_root(w->log.hash, leaves, (size_t)(c.number - w->covered), c.decisions_hash);
    ok(states_digest(replay_store(w->replay), 0, w->log.hash, c.states_hash, &w->why));
    ok(checkpoint_signed_part(&c, &w->arena, &message.bytes));
    ok(signer_sign(w->signer, key, &message, signatures[0], &w->why));
    ok(signer_sign(w->signer, w->witness, &message, signatures[1], &w->why));
    c.signature = (struct bytes){.at = signatures[0], .n = SIGNATURE_SIZE};
    c.witnesses[0] = (struct approval){.key_id = {.at = "v1", .n = 2},
                                       .signature = {.at = signatures[1], .n = SIGNATURE_SIZE}};
    ok(checkpoint_encode(&c, &w->arena, &value));
    ok(checkpoint_book_add(w->book, (int64_t)c.number, value, &w->why));
    w->covered = c.number;
    free(leaves);
}

static void decide(struct world *w, size_t from, size_t to)
{
    const struct replay_conf conf = {.topic = TOPIC, .partitions_n = PARTITIONS};

    if (!w->replay) {
        ok(replay_open(&conf, &w->records[0], &w->replay, &w->why));
    }
    for (size_t i = from; i < to; i++) {
        bool is_full = false;
        bool is_again = true;

        while (is_again) {
            ok(replay_record(w->replay, &w->records[i], &is_full, &is_again, &w->why));
            if (is_full) {
                flush(w);
            }
        }
    }
    flush(w);
}

static void judge(struct world *w)
{
    const struct checkpoint_register known = {
        .reference = replay_reference(w->replay),
        .as_of = (int64_t)decider_position(replay_decider(w->replay))->bulletin,
        .ledger_id = w->log.ledger_id};

    ok(checkpoint_book_judge(w->book, &known, &w->why));
}

static void name_operators(struct world *w)
{
    struct signing_key *const keys[] = {w->worker, w->witness};
    uint8_t public_key[PUBLIC_KEY_SIZE];
    char base64[2][BASE64_SIZE(PUBLIC_KEY_SIZE)];
    char json[1024];

    for (size_t i = 0; i < 2; i++) {
        signing_key_public(keys[i], public_key);
        (void)base64_encode(public_key, sizeof(public_key), base64[i]);
    }
    (void)snprintf(json, sizeof(json),
                   "{\"kind\":\"operators\",\"operators\":[{\"person\":\"wei\",\"name\":\"W\","
                   "\"roles\":[\"WORKER\"],\"keys\":[{\"key_id\":\"w1\",\"public_key\":\"%s\","
                   "\"from\":\"1970-01-01\"}]},{\"person\":\"vera\",\"name\":\"V\",\"roles\":["
                   "\"WITNESS\"],\"keys\":[{\"key_id\":\"v1\",\"public_key\":\"%s\",\"from\":"
                   "\"1970-01-01\"}]}]}",
                   base64[0], base64[1]);
    sim_log_item(&w->log, json);
}

static struct world *world_open(uint64_t seed)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    sim_log_open(&w->log, seed, PARTITIONS);
    w->log.put = put;
    w->log.arg = w;
    w->time_ms = FIRST_MS;
    ok(signing_key_new(&w->worker, &w->why));
    ok(signing_key_new(&w->witness, &w->why));
    ok(signer_open(&w->signer, &w->why));
    ok(arena_open(&w->arena, (size_t)4 << 20, &w->why));
    ok(checkpoint_book_open(&w->book, &w->why));
    return w;
}

static void world_close(struct world *w)
{
    for (size_t i = 0; i < w->records_n; i++) {
        free(w->owned[i]);
    }
    for (size_t i = 0; i < w->decisions_n; i++) {
        free(w->decisions[i].value);
    }
    checkpoint_book_close(w->book);
    replay_close(w->replay);
    arena_close(&w->arena);
    signer_close(w->signer);
    signing_key_close(w->worker);
    signing_key_close(w->witness);
    sim_log_close(&w->log);
    free(w);
}

/* A history with checkpoints at two thirds and nine tenths of it. */
static struct world *world_run(uint64_t seed, size_t records_n)
{
    struct world *w = world_open(seed);
    const size_t marks[] = {records_n * 2 / 3, records_n * 9 / 10};
    size_t decided = 0;

    sim_log_found(&w->log);
    name_operators(w);
    while (w->records_n < records_n) {
        sim_log_go_on(&w->log);
    }
    for (size_t i = 0; i < 2; i++) {
        decide(w, decided, marks[i]);
        decided = marks[i];
        put_checkpoint(w, w->worker, "w1");
    }
    decide(w, decided, w->records_n);
    judge(w);
    return w;
}

/* ---- parts ---------------------------------------------------------------------------------- */

/* What is done to what a part is given. */
struct change {
    size_t without_decision; /* index + 1, as all of these; 0 = nothing */
    size_t without_record;
    size_t without_both; /* a record with its decisions */
    size_t flipped_decision;
    size_t flipped_record;
    size_t flipped_time;
    size_t swapped; /* decisions, with the one behind it */
};

static bool is_of(const struct world *w, const char *enterprise, bool has_key, const uint8_t *key,
                  size_t key_n)
{
    (void)w;
    return !enterprise || part_has_key(enterprise, has_key, (struct bytes){.at = key, .n = key_n});
}

static void give_decision(struct part *part, struct world *w, size_t i, const struct change *change,
                          uint64_t *number)
{
    const size_t at = change->swapped == i + 1                      ? i + 1
                      : change->swapped > 0 && change->swapped == i ? i - 1
                                                                    : i;
    const struct made_decision *d = &w->decisions[at];
    struct made_decision copy = *d;
    const uint8_t *previous = NULL;

    if (d->number != *number + 1 && at > 0) {
        previous = w->decisions[at - 1].value + w->decisions[at - 1].n - DIGEST_SIZE;
    }
    copy.value = malloc(d->n);
    assert_non_null(copy.value);
    memcpy(copy.value, d->value, d->n);
    if (change->flipped_decision == i + 1) {
        copy.value[d->n / 2] ^= 4;
    }
    if (change->without_decision != i + 1) {
        ok(part_decision(part, (struct bytes){.at = copy.value, .n = d->n}, previous, &w->why));
        *number = d->number;
    }
    free(copy.value);
}

static void give_record(struct part *part, struct world *w, size_t i, const struct change *change)
{
    struct bus_record record = w->records[i];
    uint8_t *value = malloc(record.value_n + 1);

    assert_non_null(value);
    if (record.value_n > 0) {
        memcpy(value, record.value, record.value_n);
    }
    record.value = value;
    if (change->flipped_record == i + 1 && record.value_n > 0) {
        value[record.value_n / 2] ^= 1;
    }
    record.timestamp_ms += change->flipped_time == i + 1 ? 1 : 0;
    if (change->without_record != i + 1) {
        ok(part_record(part, &record, &w->why));
    }
    free(value);
}

/* Decide a share (NULL: all) and say whether it came out as it was. */
static bool comes_out(struct world *w, const char *enterprise, const struct change *change,
                      uint64_t *ret_compared)
{
    const struct part_conf conf = {
        .topic = TOPIC, .partitions_n = PARTITIONS, .is_whole = enterprise == NULL};
    struct part *part = NULL;
    size_t d = 0;
    uint64_t number = 0;
    bool is_equal;

    ok(part_open(&conf, &part, &w->why));
    for (size_t i = 0; i < w->records_n; i++) {
        const struct bus_record *r = &w->records[i];
        const bool is_own = is_of(w, enterprise, r->has_key, r->key, r->key_n);
        const bool is_left_out = change->without_both == i + 1;

        if (is_own && !is_left_out) {
            give_record(part, w, i, change);
        }
        for (; d < w->decisions_n && w->decisions[d].trigger == r->offset; d++) {
            if (!is_left_out && is_of(w, enterprise, w->decisions[d].has_key, w->decisions[d].key,
                                      w->decisions[d].key_n)) {
                give_decision(part, w, d, change, &number);
            }
        }
    }
    ok(part_settle(part, &w->why));
    is_equal = part_difference(part) == NULL;
    if (!is_equal && change->without_record == 0 && ret_compared) {
        const struct part_difference *diff = part_difference(part);

        print_error("offset %" PRId64 " number %" PRIu64 " %s: %s, %s\n", diff->offset,
                    diff->number, diff->diff.field, diff->diff.expected, diff->diff.found);
    }
    if (ret_compared) {
        *ret_compared = part_compared(part);
    }
    part_close(part);
    return is_equal;
}

static void every_share_of_a_history_comes_out_as_the_whole_did(void **state)
{
    const struct change nothing = {.swapped = 0};
    uint64_t compared = 0;
    uint64_t all = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct world *w = world_run(seed, 500);

        for (uint32_t e = 0; e < SIM_ENTERPRISES; e += PARTITIONS) {
            assert_true(comes_out(w, w->log.codes[e], &nothing, &compared));
            all += compared;
        }
        assert_true(comes_out(w, NULL, &nothing, &compared));
        assert_int_equal(compared, w->decisions_n);
        world_close(w);
    }
    assert_true(all > 3000);
}

static void whatever_is_altered_is_noticed(void **state)
{
    struct world *w = world_run(3, 160);
    const char *who = w->log.codes[0];

    (void)state;
    for (size_t i = 0; i < w->decisions_n; i++) {
        const struct change changes[] = {{.without_decision = i + 1}, {.flipped_decision = i + 1}};
        const struct made_decision *d = &w->decisions[i];
        const bool is_own = is_of(w, who, d->has_key, d->key, d->key_n);

        for (size_t k = 0; k < 2; k++) {
            assert_false(comes_out(w, NULL, &changes[k], NULL));
            assert_int_equal(comes_out(w, who, &changes[k], NULL), !is_own);
        }
        if (i + 1 < w->decisions_n) {
            assert_false(comes_out(w, NULL, &(struct change){.swapped = i + 1}, NULL));
        }
    }
    for (size_t i = 0; i < w->records_n; i++) {
        const struct change changes[] = {{.without_record = i + 1}, {.flipped_time = i + 1}};
        const struct change left_out = {.without_both = i + 1};
        const struct bus_record *r = &w->records[i];
        const bool is_own = is_of(w, who, r->has_key, r->key, r->key_n);

        for (size_t k = 0; k < 2; k++) {
            assert_false(comes_out(w, NULL, &changes[k], NULL));
            assert_int_equal(comes_out(w, who, &changes[k], NULL), !is_own);
        }
        if (r->value_n > 0) {
            assert_false(comes_out(w, NULL, &(struct change){.flipped_record = i + 1}, NULL));
        }
        /* Of a share this may come out: that is what it does not prove. */
        assert_false(comes_out(w, NULL, &left_out, NULL) && i + 1 < w->records_n);
    }
    world_close(w);
}

/* ---- bundles -------------------------------------------------------------------------------- */

struct streams {
    struct world *w;
    size_t record;
    size_t decision;
    struct evidence_streams of;
};

static enum status next(void *arg, struct bus_record *ret, bool *ret_end, struct failure *err)
{
    struct streams *const *const self = arg;
    struct streams *const s = *self;
    const bool is_submitted = arg == s->of.submitted;

    (void)err;
    *ret_end = is_submitted ? s->record == s->w->records_n : s->decision == s->w->decisions_n;
    if (*ret_end) {
        return STATUS_OK;
    }
    if (is_submitted) {
        *ret = s->w->records[s->record++];
    } else {
        const struct made_decision *d = &s->w->decisions[s->decision++];

        *ret = (struct bus_record){.offset = (int64_t)d->number,
                                   .has_key = d->has_key,
                                   .key = d->key,
                                   .key_n = d->key_n,
                                   .has_value = true,
                                   .value = d->value,
                                   .value_n = d->n};
    }
    return STATUS_OK;
}

struct bundle {
    char path[64];
    uint8_t *at;
    size_t n;
};

static void read_back(struct bundle *b)
{
    FILE *file = fopen(b->path, "rb");
    long n;

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    n = ftell(file);
    assert_true(n > 0);
    rewind(file);
    b->n = (size_t)n;
    b->at = malloc(b->n);
    assert_non_null(b->at);
    assert_int_equal(fread(b->at, 1, b->n, file), b->n);
    (void)fclose(file);
    (void)unlink(b->path);
}

static struct bundle bundle_make(struct world *w, const struct evidence_choice *chosen)
{
    struct evidence_choice choice = *chosen;
    struct streams s = {.w = w};
    struct streams *submitted = &s;
    struct streams *decided = &s;
    const struct evidence_signature by = {.signer = w->signer,
                                          .key = w->worker,
                                          .key_id = {.at = "w1", .n = 2},
                                          .ledger_id = w->log.ledger_id};
    struct evidence_frame head = {.kind = EVIDENCE_HEAD};
    struct evidence_writer *writer = NULL;
    struct evidence_made made;
    struct bundle b = {.n = 0};
    int fd;

    (void)snprintf(b.path, sizeof(b.path), "/tmp/test-evidence-XXXXXX");
    fd = mkstemp(b.path);
    assert_true(fd >= 0);
    (void)close(fd);
    s.of = (struct evidence_streams){.next = next, .submitted = &submitted, .decided = &decided};
    memcpy(head.of.head.ledger_id, w->log.ledger_id, LEDGER_ID_SIZE);
    head.of.head.topic = (struct text){.at = TOPIC, .n = sizeof(TOPIC) - 1};
    head.of.head.partitions = PARTITIONS;
    head.of.head.exported_ms = EXPORTED_MS;
    if (choice.enterprise) {
        head.of.head.enterprise = (struct text){.at = choice.enterprise, .n = CODE_SIZE};
    }
    choice.checkpoints = checkpoint_book_partition(w->book, 0, &choice.checkpoints_n);
    ok(evidence_writer_open(b.path, &writer, &w->why));
    ok(evidence_write(writer, &head, &w->why));
    ok(evidence_make(writer, &choice, &s.of, &made, &w->why));
    ok(evidence_finish(writer, &by, &w->why));
    evidence_writer_close(writer);
    read_back(&b);
    return b;
}

static void find(void *arg, const struct evidence_finding *finding)
{
    struct evidence_finding *first = arg;

    if (first && first->section[0] == '\0') {
        *first = *finding;
    }
}

static enum status check(const struct bundle *b, struct evidence_finding *first,
                         struct evidence_report *report)
{
    FILE *file = fmemopen(b->at, b->n, "rb");
    /* Of the whole ones every second is decided on the disk. */
    const struct evidence_check_conf conf = {
        .file = file, .is_scratch = b->n % 2 == 0, .finding = find, .arg = first};
    struct failure why;
    enum status status;

    assert_non_null(file);
    if (first) {
        first->section[0] = '\0';
    }
    status = evidence_check(&conf, report, &why);
    (void)fclose(file);
    return status;
}

static void expect_clean(const struct bundle *b, struct evidence_report *report)
{
    struct evidence_finding first;

    ok(check(b, &first, report));
    if (report->findings > 0) {
        fail_msg("%s, offset %" PRId64 ", number %" PRIu64 ", %s: %s, %s", first.section,
                 first.offset, first.number, first.diff.field, first.diff.expected,
                 first.diff.found);
    }
    assert_true(report->is_signed);
    assert_string_equal(report->exporter, "wei, key w1");
}

static void a_bundle_of_everything_proves_the_checkpoints(void **state)
{
    (void)state;
    for (uint64_t seed = 21; seed < 25; seed++) {
        struct world *w = world_run(seed, 400);
        struct bundle b = bundle_make(w, &(struct evidence_choice){.partition = 0});
        struct evidence_report report;

        expect_clean(&b, &report);
        assert_int_equal(report.proofs_n, 1);
        assert_int_equal(report.proofs[0].records, w->records_n);
        assert_int_equal(report.proofs[0].decisions, w->decisions_n);
        assert_int_equal(report.proofs[0].covered_to, w->covered);
        assert_int_equal(report.proofs[0].covered, w->covered);
        assert_int_equal(report.proofs[0].witnessed_to, w->covered);
        assert_int_equal(report.proofs[0].states, 2);
        evidence_report_fini(&report);
        free(b.at);
        world_close(w);
    }
}

static void a_bundle_of_an_enterprise_has_a_way_to_each_root(void **state)
{
    (void)state;
    for (uint64_t seed = 31; seed < 35; seed++) {
        struct world *w = world_run(seed, 400);

        for (uint32_t e = 0; e < SIM_ENTERPRISES; e += PARTITIONS) {
            struct bundle b =
                bundle_make(w, &(struct evidence_choice){.enterprise = w->log.codes[e]});
            struct evidence_report report;

            expect_clean(&b, &report);
            assert_string_equal(report.enterprise, w->log.codes[e]);
            assert_int_equal(report.proofs[0].covered_to, w->covered);
            assert_true(report.proofs[0].covered > 0);
            assert_true(report.proofs[0].covered <= report.proofs[0].decisions);
            assert_true(report.proofs[0].decisions < w->decisions_n);
            assert_true(report.proofs[0].partition_decisions <= w->decisions_n);
            evidence_report_fini(&report);
            free(b.at);
        }
        world_close(w);
    }
}

static void bounds_leave_out_what_lies_outside(void **state)
{
    struct world *w = world_run(41, 400);
    const int64_t from = w->records[200].offset;
    const struct evidence_choice choices[] = {
        {.from_offset = from},
        {.to_ms = w->records[300].timestamp_ms},
        {.enterprise = w->log.codes[0], .number_max = w->decisions_n / 2},
    };
    struct evidence_report report;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct bundle b = bundle_make(w, &choices[i]);

        expect_clean(&b, &report);
        assert_true(report.proofs[0].decisions < w->decisions_n);
        assert_true(report.proofs[0].covered > 0);
        if (i == 0) {
            assert_int_equal(report.proofs[0].records, w->records_n);
            assert_int_equal(report.proofs[0].last_number, w->decisions_n);
            assert_true(report.proofs[0].first_number > 1);
        }
        evidence_report_fini(&report);
        free(b.at);
    }
    world_close(w);
}

/* The keys that sign are of bulletins behind what was asked for. */
static void later_bulletins_name_the_keys(void **state)
{
    struct world *w = world_open(45);
    struct evidence_report report;
    struct evidence_choice choices[3];
    size_t early;

    (void)state;
    sim_log_found(&w->log);
    while (w->records_n < 200) {
        sim_log_go_on(&w->log);
    }
    decide(w, 0, w->records_n);
    early = w->decisions_n / 2;
    put_checkpoint(w, w->worker, "w1");
    name_operators(w);
    decide(w, 200, w->records_n);
    judge(w);
    choices[0] = (struct evidence_choice){.to_ms = w->records[100].timestamp_ms};
    choices[1] = (struct evidence_choice){.enterprise = w->log.codes[0], .number_max = early};
    choices[2] = (struct evidence_choice){.enterprise = w->log.codes[2]};
    for (size_t i = 0; i < 3; i++) {
        struct bundle b = bundle_make(w, &choices[i]);

        expect_clean(&b, &report);
        assert_int_equal(report.proofs[0].covered_to, w->covered);
        evidence_report_fini(&report);
        free(b.at);
    }
    world_close(w);
}

static void nothing_follows_later_bulletins(void **state)
{
    struct world *w = world_run(46, 60);
    const struct part_conf conf = {.topic = TOPIC, .partitions_n = PARTITIONS};
    struct part *part = NULL;
    size_t last = 0;

    (void)state;
    ok(part_open(&conf, &part, &w->why));
    ok(part_record(part, &w->records[0], &w->why));
    ok(part_decision(part, (struct bytes){.at = w->decisions[0].value, .n = w->decisions[0].n},
                     NULL, &w->why));
    for (size_t i = 1; i < w->records_n; i++) {
        last = part_is_bulletin(&w->records[i]) ? i : last;
    }
    assert_true(last > 0 && last + 1 < w->records_n);
    ok(part_bulletin(part, &w->records[last], &w->why));
    assert_null(part_difference(part));
    ok(part_record(part, &w->records[last + 1], &w->why));
    assert_non_null(part_difference(part));
    part_close(part);
    world_close(w);
}

/* A small ledger: five bulletins, a registration, an inflow and one that is refused. */
static struct world *world_small(void)
{
    struct world *w = world_open(7);

    sim_log_found_only(&w->log);
    name_operators(w);
    sim_log_registration(&w->log, 0, "R0000001", "C3411");
    sim_log_registration(&w->log, 2, "R0000001", "C3411");
    decide(w, 0, w->records_n);
    put_checkpoint(w, w->worker, "w1");
    judge(w);
    return w;
}

/* One bit of each byte, another one from byte to byte. */
static void expect_each_byte_guarded(struct bundle *b)
{
    struct evidence_report report;

    for (size_t i = 0; i < b->n; i++) {
        const uint8_t bit = (uint8_t)(1U << i % 8);
        enum status status;

        b->at[i] ^= bit;
        status = check(b, NULL, &report);
        if (status == STATUS_OK && report.findings == 0) {
            fail_msg("byte %zu of %zu may be changed", i, b->n);
        }
        assert_int_equal(status, i < strlen(EVIDENCE_MAGIC) ? STATUS_INVALID : STATUS_OK);
        evidence_report_fini(&report);
        b->at[i] ^= bit;
    }
}

static void no_byte_of_a_bundle_can_be_changed(void **state)
{
    struct world *w = world_small();
    const struct evidence_choice choices[] = {{.partition = 0}, {.enterprise = w->log.codes[0]}};
    struct evidence_report report;

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct bundle b = bundle_make(w, &choices[k]);

        expect_clean(&b, &report);
        evidence_report_fini(&report);
        expect_each_byte_guarded(&b);
        free(b.at);
    }
    world_close(w);
}

static void a_bundle_that_is_cut_off_is_none(void **state)
{
    struct world *w = world_small();
    struct bundle b = bundle_make(w, &(struct evidence_choice){.partition = 0});
    const size_t whole = b.n;
    struct evidence_report report;

    (void)state;
    for (b.n = 1; b.n < whole; b.n += 1 + b.n % 7) {
        const enum status status = check(&b, NULL, &report);

        assert_true(status == STATUS_INVALID || report.findings > 0);
        evidence_report_fini(&report);
    }
    free(b.at);
    world_close(w);
}

/* An exporter who may sign, and lies: the digests are right then. */
static void a_signed_lie_is_named(void **state)
{
    struct world *w = world_run(51, 200);
    struct evidence_finding first;
    struct evidence_report report;
    struct bundle b = {.n = 0};
    struct made_decision *d = &w->decisions[100];

    (void)state;
    d->value[d->n / 2] ^= 1;
    b = bundle_make(w, &(struct evidence_choice){.partition = 0});
    ok(check(&b, &first, &report));
    assert_true(report.findings > 0 && report.is_signed);
    assert_string_equal(first.section, "partition 0");
    assert_int_equal(first.number, 101);
    evidence_report_fini(&report);
    free(b.at);
    world_close(w);
}

static void a_checkpoint_of_another_key_is_left_out(void **state)
{
    struct world *w = world_open(61);
    struct evidence_report report;
    struct bundle b = {.n = 0};

    (void)state;
    sim_log_found(&w->log);
    name_operators(w);
    sim_log_registration(&w->log, 0, "R0000001", "C3411");
    decide(w, 0, w->records_n);
    put_checkpoint(w, w->witness, "w1");
    judge(w);
    b = bundle_make(w, &(struct evidence_choice){.partition = 0});
    expect_clean(&b, &report);
    assert_int_equal(report.proofs[0].covered_to, 0);
    assert_int_equal(report.proofs[0].decisions, w->decisions_n);
    evidence_report_fini(&report);
    free(b.at);
    world_close(w);
}

/* ---- receipts ------------------------------------------------------------------------------- */

static void receipt_make(struct world *w, uint64_t number, struct buffer *text)
{
    const uint64_t place = number - 1;
    const struct tree_choice choice = {.places = &place, .places_n = 1, .leaves_n = w->covered};
    uint8_t(*leaves)[DIGEST_SIZE] = calloc(w->covered, DIGEST_SIZE);
    const struct made_decision *d = &w->decisions[place];
    struct receipt receipt = {.decision = {.at = d->value, .n = d->n}};
    struct checkpoint checkpoint;
    struct buffer path;
    size_t n = 0;

    assert_non_null(leaves);
    buffer_init(&path, 4096);
    arena_reset(&w->arena);
    for (uint64_t i = 0; i < w->covered; i++) {
        tree_leaf(w->log.hash, (struct bytes){.at = w->decisions[i].value, .n = w->decisions[i].n},
                  leaves[i]);
    }
    ok(tree_prove(w->log.hash, leaves, &choice, &path, &w->why));
    checkpoint_entry_read(checkpoint_book_partition(w->book, 0, &n), &checkpoint);
    ok(checkpoint_encode(&checkpoint, &w->arena, &receipt.checkpoint));
    receipt.path = buffer_bytes(&path);
    ok(receipt_put(&receipt, text, &w->why));
    buffer_fini(&path);
    free(leaves);
}

/* As a bank does that has the operators. */
static bool receipt_holds(struct world *w, struct bytes text, struct receipt_memory *memory)
{
    const struct checkpoint_register known = {
        .reference = replay_reference(w->replay),
        .as_of = (int64_t)decider_position(replay_decider(w->replay))->bulletin,
        .ledger_id = w->log.ledger_id};
    const struct checkpoint_entry *entry;
    struct checkpoint_book *book = NULL;
    size_t n = 0;
    bool holds;

    if (receipt_read(text, w->log.hash, memory, &w->why) != STATUS_OK) {
        return false;
    }
    ok(checkpoint_book_open(&book, &w->why));
    ok(checkpoint_book_add(book, 0, memory->receipt.checkpoint, &w->why));
    ok(checkpoint_book_judge(book, &known, &w->why));
    entry = checkpoint_book_all(book, &n);
    holds = entry->verdict == CHECKPOINT_GOOD && entry->witnesses_good_n == entry->witnesses_n;
    checkpoint_book_close(book);
    return holds;
}

static void no_byte_of_a_receipt_can_be_changed(void **state)
{
    struct world *w = world_small();
    struct receipt_memory *memory = NULL;
    struct buffer text;

    (void)state;
    buffer_init(&text, RECEIPT_SIZE_MAX);
    ok(receipt_memory_open(&memory, &w->why));
    receipt_make(w, w->covered, &text);
    assert_true(text.n < 6000);
    assert_true(receipt_holds(w, buffer_bytes(&text), memory));
    assert_int_equal(memory->decision.number, w->covered);
    for (size_t i = 0; i < 8 * text.n; i++) {
        const uint8_t bit = (uint8_t)(1U << i % 8);

        text.at[i / 8] ^= bit;
        if (receipt_holds(w, buffer_bytes(&text), memory)) {
            fail_msg("byte %zu of a receipt may be changed", i / 8);
        }
        text.at[i / 8] ^= bit;
    }
    for (size_t n = 0; n < text.n; n += 7) {
        assert_false(receipt_holds(w, (struct bytes){.at = text.at, .n = n}, memory));
    }
    receipt_memory_close(memory);
    buffer_fini(&text);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_share_of_a_history_comes_out_as_the_whole_did),
        cmocka_unit_test(whatever_is_altered_is_noticed),
        cmocka_unit_test(a_bundle_of_everything_proves_the_checkpoints),
        cmocka_unit_test(a_bundle_of_an_enterprise_has_a_way_to_each_root),
        cmocka_unit_test(bounds_leave_out_what_lies_outside),
        cmocka_unit_test(later_bulletins_name_the_keys),
        cmocka_unit_test(nothing_follows_later_bulletins),
        cmocka_unit_test(no_byte_of_a_bundle_can_be_changed),
        cmocka_unit_test(a_bundle_that_is_cut_off_is_none),
        cmocka_unit_test(a_signed_lie_is_named),
        cmocka_unit_test(a_checkpoint_of_another_key_is_left_out),
        cmocka_unit_test(no_byte_of_a_receipt_can_be_changed),
    };

    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
