/* Records come out as they went in, with the verdict that their bytes and the key of their bank
 * give, whatever the threads do in between; keys are learned from bulletins only. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/worker/verify_ahead.h"
#include "wire/encode.h"
#include "wire/hash.h"
#include "wire/json.h"
#include "wire/sign.h"

#define BANK       "210100000123"
#define OTHER_BANK "210200000456"
#define RECORDS    600

struct fixture {
    struct verify_ahead *ahead;
    struct arena arena;
    struct signer *signer;
    struct signing_key *key;
    struct signing_key *next_key;
    uint8_t ledger_id[LEDGER_ID_SIZE];
    uint8_t public[PUBLIC_KEY_SIZE];
    unsigned dropped;
};

static unsigned *dropped; /* drop has no argument of the caller's */

static void ok(enum status status) { assert_int_equal(status, STATUS_OK); }

static struct bytes item_of(struct fixture *f, const char *bank, const struct signing_key *key)
{
    uint8_t public[PUBLIC_KEY_SIZE];
    char digits[BASE64_SIZE(PUBLIC_KEY_SIZE)];
    char text[512];
    char *kept;
    struct pack_line line;
    struct bytes item;

    signing_key_public(key, public);
    (void)base64_encode(public, sizeof(public), digits);
    (void)snprintf(text, sizeof(text),
                   "{\"reference\":{\"kind\":\"banks\",\"banks\":[{\"code\":\"%s\",\"name\":\"B\","
                   "\"roles\":[\"FILER\"],\"keys\":[{\"key_id\":\"k1\",\"public_key\":\"%s\","
                   "\"from\":\"2020-01-01\",\"to\":\"\"}]}]}}",
                   bank, digits);
    kept = arena_alloc(&f->arena, strlen(text) + 1);
    assert_non_null(kept);
    memcpy(kept, text, strlen(text) + 1);
    ok(pack_line_read(bytes_of(kept), &f->arena, &line, NULL));
    ok(reference_encode(&line.doc, &f->arena, &item, NULL));
    return item;
}

static struct bytes banks_content(struct fixture *f, const char *bank,
                                  const struct signing_key *key)
{
    const struct bytes item = item_of(f, bank, key);
    struct bytes content;

    ok(content_encode(1, &item, 1, &f->arena, &content));
    return content;
}

static void found(struct fixture *f)
{
    static const char text[] =
        "{\"kind\":\"operators\",\"operators\":[{\"person\":\"p1\",\"name\":\"One\",\"roles\":"
        "[\"ISSUER\"],\"keys\":[]}]}";
    struct founding_parts founding = {.partitions = 1, .demonstration = true};
    struct json_text operators;
    struct bytes content;
    struct hash *hash = NULL;

    ok(json_read(bytes_of(text), &f->arena, &operators, NULL));
    founding.operators = &operators.doc;
    ok(founding_encode(&founding, &f->arena, &content, NULL));
    ok(hash_open(&hash, NULL));
    hash_ledger_id(hash, content, f->ledger_id);
    hash_close(hash);
    verify_ahead_learn(f->ahead, content);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    if (!f || arena_open(&f->arena, (size_t)8 << 20, NULL) || signer_open(&f->signer, NULL) ||
        signing_key_new(&f->key, NULL) || signing_key_new(&f->next_key, NULL) ||
        verify_ahead_open(3, &f->ahead, NULL)) {
        return -1;
    }
    signing_key_public(f->key, f->public);
    dropped = &f->dropped;
    found(f);
    return 0;
}

static void drop(void *record)
{
    (void)record;
    (*dropped)++;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    if (f->ahead) {
        verify_ahead_clear(f->ahead, drop);
    }
    verify_ahead_close(f->ahead);
    verify_ahead_close(NULL);
    signing_key_close(f->key);
    signing_key_close(f->next_key);
    signer_close(f->signer);
    arena_close(&f->arena);
    free(f);
    return 0;
}

/* A filing of the bank, signed by key (NULL = not at all), one byte of it changed afterwards when
 * it is tampered with. */
static struct bytes filing_of(struct fixture *f, unsigned number, const struct signing_key *key,
                              bool is_tampered)
{
    const struct text none = {0};
    const struct text key_id = {.at = "k1", .n = 2};
    struct signed_message message = {.domain = SIGN_FILING, .ledger_id = f->ledger_id};
    uint8_t signature[SIGNATURE_SIZE] = {0};
    char text[256];
    char *kept;
    struct json_text json;
    struct bytes value;

    (void)snprintf(text, sizeof(text),
                   "{\"filing_id\":\"018e0cc4-ae00-7c82-bca7-%012u\",\"bank\":\"" BANK
                   "\",\"enterprise\":\"91210112MA0FG1HX9X\",\"event\":\"fdi.inflow\","
                   "\"business_date\":\"2024-03-05\"}",
                   number);
    kept = arena_alloc(&f->arena, strlen(text) + 1);
    assert_non_null(kept);
    memcpy(kept, text, strlen(text) + 1);
    ok(json_read(bytes_of(kept), &f->arena, &json, NULL));
    ok(filing_encode(&json.doc, &f->arena, &message.bytes, NULL));
    if (key) {
        ok(signer_sign(f->signer, key, &message, signature, NULL));
    }
    signature[5] = (uint8_t)(signature[5] ^ (is_tampered ? 1 : 0));
    ok(submission_encode(message.bytes, key ? key_id : none,
                         (struct bytes){.at = signature, .n = sizeof(signature)}, &f->arena,
                         &value));
    return value;
}

/* Until a thread has begun whatever is to be verified. */
static void let_them_begin(struct fixture *f)
{
    while (verify_ahead_waiting(f->ahead) > 0) {
        (void)sched_yield();
    }
}

/* Put in, and taken out when a thread has begun it. */
static struct bus_verdict verdict_of(struct fixture *f, struct bytes value)
{
    struct verify_item item;

    verify_ahead_put(f->ahead, f, 8, value);
    let_them_begin(f);
    assert_true(verify_ahead_take(f->ahead, &item));
    assert_int_equal(item.mark, 8);
    return item.verdict;
}

static void verifies_under_the_key_of_the_bulletin(void **state)
{
    struct fixture *f = *state;
    struct bus_verdict verdict;

    verify_ahead_learn(f->ahead, banks_content(f, BANK, f->key));
    verdict = verdict_of(f, filing_of(f, 3, f->key, false));
    assert_true(verdict.known);
    assert_true(verdict.right);
    assert_memory_equal(verdict.key, f->public, PUBLIC_KEY_SIZE);
    verdict = verdict_of(f, filing_of(f, 3, f->key, true));
    assert_true(verdict.known);
    assert_false(verdict.right);
}

static void says_nothing_without_a_key(void **state)
{
    struct fixture *f = *state;

    assert_false(verdict_of(f, filing_of(f, 3, f->key, false)).known);
    verify_ahead_learn(f->ahead, banks_content(f, OTHER_BANK, f->key));
    assert_false(verdict_of(f, filing_of(f, 3, f->key, false)).known);
    verify_ahead_learn(f->ahead, banks_content(f, BANK, f->key));
    assert_false(verdict_of(f, filing_of(f, 3, NULL, false)).known);
    assert_false(verdict_of(f, (struct bytes){.at = NULL, .n = 0}).known);
    assert_false(verdict_of(f, bytes_of("\x0A\x7Fnothing")).known);
    assert_true(verdict_of(f, filing_of(f, 3, f->key, false)).known);
}

static void the_last_bulletin_counts(void **state)
{
    struct fixture *f = *state;
    const struct bytes content = banks_content(f, BANK, f->next_key);
    struct bus_verdict verdict;
    struct bytes bulletin;
    struct bytes value;

    verify_ahead_learn(f->ahead, banks_content(f, BANK, f->key));
    ok(bulletin_encode(content, NULL, 0, &f->arena, &bulletin));
    ok(submission_encode_bulletin(bulletin, &f->arena, &value));
    verify_ahead_learn_record(f->ahead, value);
    verdict = verdict_of(f, filing_of(f, 3, f->next_key, false));
    assert_true(verdict.known);
    assert_true(verdict.right);
    assert_memory_not_equal(verdict.key, f->public, PUBLIC_KEY_SIZE);
    verdict = verdict_of(f, filing_of(f, 3, f->key, false));
    assert_true(verdict.known);
    assert_false(verdict.right);
}

static void keeps_the_order(void **state)
{
    struct fixture *f = *state;
    static struct bytes values[RECORDS];
    static unsigned numbers[RECORDS];
    struct verify_item item;
    unsigned verified = 0;
    unsigned taken = 0;

    verify_ahead_learn(f->ahead, banks_content(f, BANK, f->key));
    for (unsigned i = 0; i < RECORDS; i++) {
        numbers[i] = i;
        values[i] = filing_of(f, i, i % 5 == 0 ? NULL : f->key, i % 3 == 0);
    }
    for (unsigned i = 0; i < 3 * RECORDS; i++) {
        verify_ahead_put(f->ahead, &numbers[i % RECORDS], i, values[i % RECORDS]);
        if (i % RECORDS == 0) { /* else chance says who is faster */
            let_them_begin(f);
        }
        while (verify_ahead_count(f->ahead) > (i < 3 * RECORDS - 1 ? 100U : 0U)) {
            const unsigned number = taken % RECORDS;

            assert_true(verify_ahead_take(f->ahead, &item));
            assert_ptr_equal(item.record, &numbers[number]);
            assert_int_equal(item.mark, taken);
            verified += item.verdict.known ? 1 : 0;
            assert_false(item.verdict.known && number % 5 == 0);
            assert_true(!item.verdict.known || item.verdict.right == (number % 3 != 0));
            taken++;
        }
    }
    assert_int_equal(taken, 3 * RECORDS);
    assert_true(verified > 0);
    assert_false(verify_ahead_take(f->ahead, &item));
}

static void clearing_drops_each_record_once(void **state)
{
    struct fixture *f = *state;
    const struct bytes value = filing_of(f, 1, f->key, false);
    struct verify_item item;

    verify_ahead_learn(f->ahead, banks_content(f, BANK, f->key));
    for (unsigned i = 0; i < VERIFY_AHEAD_MAX; i++) {
        verify_ahead_put(f->ahead, f, i, value);
    }
    assert_true(verify_ahead_take(f->ahead, &item));
    verify_ahead_clear(f->ahead, drop);
    assert_int_equal(f->dropped, VERIFY_AHEAD_MAX - 1);
    assert_int_equal(verify_ahead_count(f->ahead), 0);
    assert_false(verify_ahead_take(f->ahead, &item));
    assert_true(verdict_of(f, value).known);
}

static void tells_signed_filings_by_a_few_bytes(void **state)
{
    struct fixture *f = *state;
    const struct bytes content = banks_content(f, BANK, f->key);
    struct bytes bulletin;
    struct bytes value;

    ok(bulletin_encode(content, NULL, 0, &f->arena, &bulletin));
    ok(submission_encode_bulletin(bulletin, &f->arena, &value));
    assert_false(verify_ahead_is_signed(value));
    assert_true(verify_ahead_is_signed(filing_of(f, 1, f->key, false)));
    assert_false(verify_ahead_is_signed(filing_of(f, 1, NULL, false)));
    assert_false(verify_ahead_is_signed((struct bytes){.at = NULL, .n = 0}));
    for (size_t n = 0; n < 12; n++) { /* whatever is cut off is looked at within its bounds */
        uint8_t *cut = malloc(n + 1);

        assert_non_null(cut);
        memset(cut, 0xFF, n + 1);
        cut[0] = 0x0A;
        (void)verify_ahead_is_signed((struct bytes){.at = cut, .n = n});
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(verifies_under_the_key_of_the_bulletin, setup, teardown),
        cmocka_unit_test_setup_teardown(says_nothing_without_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_bulletin_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_the_order, setup, teardown),
        cmocka_unit_test_setup_teardown(clearing_drops_each_record_once, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_signed_filings_by_a_few_bytes, setup, teardown),
    };

    return cmocka_run_group_tests_name("verify_ahead", tests, NULL, NULL);
}
