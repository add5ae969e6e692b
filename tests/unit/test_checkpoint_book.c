/* Each verdict has a row that earns it, of a worker and of a witness; copies are one entry, forks
 * are told, and no byte of a record can be changed without its verdict changing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "consumers/audit/checkpoint_book.h"
#include "consumers/store/reference_set.h"
#include "wire/encode.h"
#include "wire/json.h"
#include "wire/sign.h"

/* 2026-04-14 12:00 in Shanghai. */
#define NOON_MS INT64_C(1776139200000)

enum { WORKER, OLD_WORKER, ISSUER, WITNESS, BOTH_WORKER, BOTH_WITNESS, STRANGER, KEYS_N };

static const struct {
    const char *person;
    const char *roles;
    const char *key_id;
    const char *to;
} people[] = {
    {"wei", "\"WORKER\"", "w1", ""},
    {"old", "\"WORKER\"", "w0", "2026-04-13"},
    {"iris", "\"ISSUER\"", "i1", ""},
    {"yan", "\"WITNESS\"", "y1", ""},
    {"bo", "\"WORKER\",\"WITNESS\"", "b1", ""},
    {"bo", NULL, "b2", ""}, /* a second key of the person before */
    {NULL, NULL, "x1", ""}, /* nobody's */
};
_Static_assert(sizeof(people) / sizeof(people[0]) == KEYS_N, "a row for each key");

struct fixture {
    struct signing_key *keys[KEYS_N];
    struct signer *signer;
    struct reference_set *set;
    struct checkpoint_book *book;
    struct arena arena;
    uint8_t ledger_id[LEDGER_ID_SIZE];
    uint8_t signatures[32][SIGNATURE_SIZE]; /* of the checkpoints of one test */
    size_t signatures_n;
};

static void require(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static void put_key(struct fixture *f, struct buffer *text, size_t i)
{
    uint8_t public_key[PUBLIC_KEY_SIZE];
    char base64[BASE64_SIZE(PUBLIC_KEY_SIZE)];

    signing_key_public(f->keys[i], public_key);
    (void)base64_encode(public_key, sizeof(public_key), base64);
    buffer_printf(text,
                  "{\"key_id\":\"%s\",\"public_key\":\"%s\",\"from\":\"2020-01-01\",\"to\":\"%s\"}",
                  people[i].key_id, base64, people[i].to);
}

/* Bulletin 1 names everybody. */
static void name_operators(struct fixture *f)
{
    struct buffer text;
    struct pack_line line;
    struct bytes item;
    struct bytes content;

    buffer_init(&text, 8192);
    buffer_text(&text, "{\"reference\":{\"kind\":\"operators\",\"operators\":[");
    for (size_t i = 0; i < KEYS_N; i++) {
        if (!people[i].roles) {
            continue;
        }
        buffer_printf(&text, "%s{\"person\":\"%s\",\"name\":\"N\",\"roles\":[%s],\"keys\":[",
                      i > 0 ? "," : "", people[i].person, people[i].roles);
        put_key(f, &text, i);
        if (i == BOTH_WORKER) {
            buffer_text(&text, ",");
            put_key(f, &text, BOTH_WITNESS);
        }
        buffer_text(&text, "]}");
    }
    buffer_text(&text, "]}}");
    require(pack_line_read(buffer_bytes(&text), &f->arena, &line, NULL) == STATUS_OK);
    require(reference_encode(&line.doc, &f->arena, &item, NULL) == STATUS_OK);
    require(content_encode(1, &item, 1, &f->arena, &content) == STATUS_OK);
    require(reference_set_apply(f->set, 1, content, NULL) == STATUS_OK);
    buffer_fini(&text);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    require(f != NULL);
    *state = f;
    for (size_t i = 0; i < KEYS_N; i++) {
        require(signing_key_new(&f->keys[i], NULL) == STATUS_OK);
    }
    require(signer_open(&f->signer, NULL) == STATUS_OK);
    require(reference_set_open(&f->set, NULL) == STATUS_OK);
    require(arena_open(&f->arena, ARENA_BULLETIN_MAX, NULL) == STATUS_OK);
    require(checkpoint_book_open(&f->book, NULL) == STATUS_OK);
    memset(f->ledger_id, 7, sizeof(f->ledger_id));
    name_operators(f);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    checkpoint_book_close(f->book);
    checkpoint_book_close(NULL);
    reference_set_close(f->set);
    for (size_t i = 0; i < KEYS_N; i++) {
        signing_key_close(f->keys[i]);
    }
    signer_close(f->signer);
    arena_close(&f->arena);
    free(f);
    return 0;
}

static struct checkpoint plain(struct fixture *f, uint32_t partition, uint64_t number)
{
    struct checkpoint c = {.partition = partition,
                           .first_number = 1,
                           .number = number,
                           .next_offset = 20,
                           .received_ms = NOON_MS,
                           .rules = 1};

    memcpy(c.ledger_id, f->ledger_id, LEDGER_ID_SIZE);
    memset(c.chain, 0x11, DIGEST_SIZE);
    memset(c.decisions_hash, 0x22, DIGEST_SIZE);
    memset(c.states_hash, 0x33, DIGEST_SIZE);
    return c;
}

static struct text key_id_of(size_t key) { return (struct text){.at = people[key].key_id, .n = 2}; }

static struct bytes signature_of(struct fixture *f, const struct checkpoint *c, size_t key)
{
    uint8_t *const out = f->signatures[f->signatures_n++];
    struct signed_message message = {.domain = SIGN_CHECKPOINT, .ledger_id = c->ledger_id};

    require(f->signatures_n <= sizeof(f->signatures) / sizeof(f->signatures[0]));
    require(checkpoint_signed_part(c, &f->arena, &message.bytes) == STATUS_OK);
    require(signer_sign(f->signer, f->keys[key], &message, out, NULL) == STATUS_OK);
    return (struct bytes){.at = out, .n = SIGNATURE_SIZE};
}

static void sign(struct fixture *f, struct checkpoint *c, size_t key)
{
    c->key_id = key_id_of(key);
    c->signature = signature_of(f, c, key);
}

static void witness(struct fixture *f, struct checkpoint *c, size_t key)
{
    struct approval *const approval = &c->witnesses[c->witnesses_n++];

    approval->key_id = key_id_of(key);
    approval->signature = signature_of(f, c, key);
}

static struct bytes encode(struct fixture *f, const struct checkpoint *c)
{
    struct bytes value;

    require(checkpoint_encode(c, &f->arena, &value) == STATUS_OK);
    return value;
}

static void add(struct fixture *f, int64_t offset, const struct checkpoint *c)
{
    assert_int_equal(checkpoint_book_add(f->book, offset, encode(f, c), NULL), STATUS_OK);
}

static const struct checkpoint_entry *judge(struct fixture *f, size_t want_n)
{
    const struct checkpoint_register known = {
        .reference = reference_set_reference(f->set), .as_of = 1, .ledger_id = f->ledger_id};
    const struct checkpoint_entry *entries;
    size_t n = 0;

    assert_int_equal(checkpoint_book_judge(f->book, &known, NULL), STATUS_OK);
    entries = checkpoint_book_all(f->book, &n);
    assert_int_equal(n, want_n);
    return entries;
}

static const struct {
    size_t key;
    enum checkpoint_verdict want;
    const char *person;
} workers[] = {
    {WORKER, CHECKPOINT_GOOD, "wei"},         {BOTH_WORKER, CHECKPOINT_GOOD, "bo"},
    {STRANGER, CHECKPOINT_KEY_UNKNOWN, ""},   {ISSUER, CHECKPOINT_KEY_NO_ROLE, "iris"},
    {WITNESS, CHECKPOINT_KEY_NO_ROLE, "yan"}, {OLD_WORKER, CHECKPOINT_KEY_NOT_VALID, "old"},
};
#define WORKERS_N (sizeof(workers) / sizeof(workers[0]))

static void only_a_worker_key_valid_on_the_date_signs(void **state)
{
    struct fixture *f = *state;
    const struct checkpoint_entry *entries;

    for (size_t i = 0; i < WORKERS_N; i++) {
        struct checkpoint c = plain(f, 0, i + 1);

        sign(f, &c, workers[i].key);
        add(f, (int64_t)i, &c);
    }
    entries = judge(f, WORKERS_N);
    for (size_t i = 0; i < WORKERS_N; i++) {
        assert_int_equal(entries[i].verdict, workers[i].want);
        assert_int_equal(entries[i].person.n, strlen(workers[i].person));
        assert_memory_equal(entries[i].person.at ? entries[i].person.at : "", workers[i].person,
                            entries[i].person.n);
    }
}

/* A key that ended yesterday still counts for what it signed yesterday. */
static void the_date_is_the_checkpoints_own(void **state)
{
    struct fixture *f = *state;
    struct checkpoint c = plain(f, 0, 5);

    c.received_ms -= INT64_C(12) * 3600 * 1000; /* midnight: the 14th in Shanghai, not in UTC */
    sign(f, &c, OLD_WORKER);
    add(f, 0, &c);
    c.number = 6;
    c.received_ms--;
    sign(f, &c, OLD_WORKER);
    add(f, 1, &c);
    assert_int_equal(judge(f, 2)[0].verdict, CHECKPOINT_KEY_NOT_VALID);
    assert_int_equal(checkpoint_book_newest(f->book, 0)->number, 6);
}

static void another_ledgers_checkpoint_is_told(void **state)
{
    struct fixture *f = *state;
    struct checkpoint c = plain(f, 0, 5);

    c.ledger_id[0]++;
    sign(f, &c, WORKER);
    add(f, 0, &c);
    assert_int_equal(judge(f, 1)->verdict, CHECKPOINT_OTHER_LEDGER);
    assert_null(checkpoint_book_newest(f->book, 0));
}

static const struct {
    size_t worker;
    size_t key;
    enum checkpoint_verdict want;
} witnesses[] = {
    {WORKER, WITNESS, CHECKPOINT_GOOD},
    {WORKER, BOTH_WITNESS, CHECKPOINT_GOOD},
    {WORKER, STRANGER, CHECKPOINT_KEY_UNKNOWN},
    {WORKER, ISSUER, CHECKPOINT_KEY_NO_ROLE},
    {WORKER, WORKER, CHECKPOINT_KEY_NO_ROLE},
    {BOTH_WORKER, BOTH_WITNESS, CHECKPOINT_WITNESS_IS_WORKER},
};
#define WITNESS_ROWS_N (sizeof(witnesses) / sizeof(witnesses[0]))

static void a_witness_is_another_person_with_the_role(void **state)
{
    struct fixture *f = *state;
    const struct checkpoint_entry *entries;

    for (size_t i = 0; i < WITNESS_ROWS_N; i++) {
        struct checkpoint c = plain(f, 0, i + 1);

        sign(f, &c, witnesses[i].worker);
        witness(f, &c, witnesses[i].key);
        add(f, (int64_t)i, &c);
    }
    entries = judge(f, WITNESS_ROWS_N);
    for (size_t i = 0; i < WITNESS_ROWS_N; i++) {
        assert_int_equal(entries[i].verdict, CHECKPOINT_GOOD);
        assert_int_equal(entries[i].witnesses_n, 1);
        assert_int_equal(entries[i].witnesses[0].verdict, witnesses[i].want);
        assert_int_equal(entries[i].witnesses_good_n, witnesses[i].want == CHECKPOINT_GOOD);
    }
}

/* As two witnesses publish, who did not see each other's record. */
static void copies_are_one_entry_with_all_witnesses(void **state)
{
    struct fixture *f = *state;
    struct checkpoint first = plain(f, 2, 9);
    struct checkpoint merged = {0};
    struct checkpoint a;
    struct checkpoint b;
    const struct checkpoint_entry *entry;

    sign(f, &first, WORKER);
    a = first;
    b = first;
    witness(f, &a, WITNESS);
    witness(f, &b, STRANGER);
    witness(f, &b, BOTH_WITNESS);
    add(f, 30, &b);
    add(f, 10, &first);
    add(f, 20, &a);
    add(f, 40, &a);
    entry = judge(f, 1);
    assert_int_equal(entry->offset, 10);
    assert_int_equal(entry->witnesses_n, 3);
    assert_int_equal(entry->witnesses_good_n, 2);
    assert_false(entry->is_forked);
    checkpoint_entry_read(entry, &merged);
    assert_int_equal(merged.witnesses_n, 3);
    assert_memory_equal(merged.witnesses[2].key_id.at, "x1", 2); /* what is not good comes last */
    assert_memory_equal(merged.signature.at, first.signature.at, SIGNATURE_SIZE);
}

static void change_chain(struct checkpoint *c) { c->chain[31] ^= 1; }
static void change_states(struct checkpoint *c) { c->states_hash[0] ^= 1; }
static void change_tree(struct checkpoint *c) { c->decisions_hash[0] ^= 1; }
static void change_offset(struct checkpoint *c) { c->next_offset++; }
static void change_time(struct checkpoint *c) { c->received_ms++; }
static void change_rules(struct checkpoint *c) { c->rules++; }
static void change_first(struct checkpoint *c)
{
    c->first_number = 3;
    c->decisions_hash[0] ^= 1;
}

static const struct {
    void (*changes)(struct checkpoint *);
    bool is_fork;
} forks[] = {
    {change_chain, true}, {change_states, true}, {change_tree, true},   {change_offset, true},
    {change_time, true},  {change_rules, true},  {change_first, false}, /* another tree */
};
#define FORKS_N (sizeof(forks) / sizeof(forks[0]))

static void two_good_ones_that_cannot_both_be_true_are_a_fork(void **state)
{
    struct fixture *f = *state;
    const struct checkpoint_entry *entries;

    for (size_t i = 0; i < FORKS_N; i++) {
        struct checkpoint c = plain(f, 0, 10 + i);

        sign(f, &c, WORKER);
        add(f, 1, &c);
        forks[i].changes(&c);
        sign(f, &c, BOTH_WORKER);
        add(f, 2, &c);
    }
    entries = judge(f, 2 * FORKS_N);
    for (size_t i = 0; i < 2 * FORKS_N; i++) {
        assert_int_equal(entries[i].verdict, CHECKPOINT_GOOD);
        assert_int_equal(entries[i].is_forked, forks[i / 2].is_fork);
    }
    assert_int_equal(checkpoint_book_newest(f->book, 0)->number, 10 + FORKS_N - 1);
}

/* Somebody without a key cannot make it look as if the ledger had forked. */
static void a_forged_one_makes_no_fork(void **state)
{
    struct fixture *f = *state;
    struct checkpoint c = plain(f, 0, 5);
    const struct checkpoint_entry *entries;

    sign(f, &c, WORKER);
    add(f, 1, &c);
    change_chain(&c);
    sign(f, &c, STRANGER);
    add(f, 2, &c);
    entries = judge(f, 2);
    assert_false(entries[0].is_forked || entries[1].is_forked);
    assert_int_equal(checkpoint_book_newest(f->book, 0)->chain[31], 0x11);
}

static void partitions_are_told_apart(void **state)
{
    struct fixture *f = *state;
    size_t n = 0;

    for (uint32_t i = 0; i < 6; i++) {
        struct checkpoint c = plain(f, i % 3, 10 - i);

        c.chain[0] = (uint8_t)i;
        sign(f, &c, WORKER);
        add(f, i, &c);
    }
    (void)judge(f, 6);
    for (uint32_t p = 0; p < 3; p++) {
        const struct checkpoint_entry *entries = checkpoint_book_partition(f->book, p, &n);

        assert_int_equal(n, 2);
        assert_int_equal(entries[0].partition, p);
        assert_int_equal(entries[0].number, 10 - 3 - p);
        assert_int_equal(entries[1].number, 10 - p);
        assert_int_equal(checkpoint_book_newest(f->book, p)->number, 10 - p);
    }
    assert_null(checkpoint_book_partition(f->book, 3, &n));
    assert_int_equal(n, 0);
    assert_null(checkpoint_book_newest(f->book, 3));
}

static bool is_as_signed(const struct checkpoint_entry *entry)
{
    return entry->verdict == CHECKPOINT_GOOD && entry->witnesses_n == 1 &&
           entry->witnesses_good_n == 1;
}

/* Of a record with a witness, no bit can be flipped that leaves both signatures good and the
 * content another.  A flip may turn a field's number into one that nobody knows: then that field is
 * lost and the signature with it. */
static void every_flipped_bit_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct checkpoint c = plain(f, 1, 77);
    uint8_t copy[1024];
    struct bytes value;
    const struct checkpoint_register known = {
        .reference = reference_set_reference(f->set), .as_of = 1, .ledger_id = f->ledger_id};

    sign(f, &c, WORKER);
    witness(f, &c, WITNESS);
    value = encode(f, &c);
    require(value.n <= sizeof(copy));
    memcpy(copy, value.at, value.n);
    for (size_t bit = 0; bit < value.n * 8; bit++) {
        struct checkpoint_book *book = NULL;
        const struct checkpoint_entry *entries;
        size_t n = 0;

        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(checkpoint_book_open(&book, NULL), STATUS_OK);
        assert_int_equal(
            checkpoint_book_add(book, 0, (struct bytes){.at = copy, .n = value.n}, NULL),
            STATUS_OK);
        assert_int_equal(checkpoint_book_judge(book, &known, NULL), STATUS_OK);
        entries = checkpoint_book_all(book, &n);
        assert_int_equal(n + checkpoint_book_strange(book), 1);
        if (n == 1 && is_as_signed(&entries[0])) {
            print_error("bit %zu is not noticed\n", bit);
        }
        assert_false(n == 1 && is_as_signed(&entries[0]));
        checkpoint_book_close(book);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void what_is_no_checkpoint_is_counted(void **state)
{
    struct fixture *f = *state;
    static const uint8_t noise[] = {0xff, 0xff, 0xff};
    struct checkpoint backwards = plain(f, 0, 5);

    backwards.first_number = 6;
    assert_int_equal(checkpoint_book_add(f->book, 0, (struct bytes){.at = NULL, .n = 0}, NULL),
                     STATUS_OK);
    assert_int_equal(
        checkpoint_book_add(f->book, 1, (struct bytes){.at = noise, .n = sizeof(noise)}, NULL),
        STATUS_OK);
    add(f, 2, &backwards);
    (void)judge(f, 0);
    assert_int_equal(checkpoint_book_strange(f->book), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_a_worker_key_valid_on_the_date_signs),
        TEST(the_date_is_the_checkpoints_own),
        TEST(another_ledgers_checkpoint_is_told),
        TEST(a_witness_is_another_person_with_the_role),
        TEST(copies_are_one_entry_with_all_witnesses),
        TEST(two_good_ones_that_cannot_both_be_true_are_a_fork),
        TEST(a_forged_one_makes_no_fork),
        TEST(partitions_are_told_apart),
        TEST(every_flipped_bit_is_noticed),
        TEST(what_is_no_checkpoint_is_counted),
    };

    return cmocka_run_group_tests_name("checkpoint_book", tests, NULL, NULL);
}
