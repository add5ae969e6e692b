/* Why a record could not be tried, from the record alone: each reason by its own break, in the
 * order of precedence; and which decisions are of dead letters, and which identity can be looked
 * up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "consumers/audit/dead_letters.h"
#include "consumers/audit/settled_book.h"
#include "wire/encode.h"
#include "wire/json.h"

#define PARTITIONS 12
#define ENTERPRISE "91210304MA4TTEEL8Q"
#define OTHER      "91210112MA0FG1HX9X"

struct fixture {
    struct arena arena;  /* of what is judged */
    struct arena values; /* of what is made */
};

static int setup(void **state)
{
    static struct fixture f;

    *state = &f;
    return arena_open(&f.arena, ARENA_FILING_MAX, NULL) == STATUS_OK &&
                   arena_open(&f.values, ARENA_FILING_MAX, NULL) == STATUS_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    arena_close(&f->values);
    arena_close(&f->arena);
    return 0;
}

static struct bytes submission(struct fixture *f, const char *json)
{
    const struct text no_key = {.n = 0};
    const struct bytes no_signature = {.n = 0};
    struct json_text read;
    struct bytes filing;
    struct bytes value = {.n = 0};

    assert_int_equal(json_read(bytes_of(json), &f->values, &read, NULL), STATUS_OK);
    assert_int_equal(filing_encode(&read.doc, &f->values, &filing, NULL), STATUS_OK);
    assert_int_equal(submission_encode(filing, no_key, no_signature, &f->values, &value),
                     STATUS_OK);
    return value;
}

enum place { RIGHT, WRONG };

static const struct {
    const char *enterprise; /* of the filing, NULL: the value is no submission */
    const char *key;        /* NULL: none */
    enum place place;       /* of the key */
    bool is_dead;
    enum dead_reason reason;
    bool has_target;
} rows[] = {
    {ENTERPRISE, ENTERPRISE, RIGHT, false, DEAD_WRONG_PARTITION, true},
    {ENTERPRISE, ENTERPRISE, WRONG, true, DEAD_WRONG_PARTITION, true},
    {ENTERPRISE, OTHER, RIGHT, true, DEAD_WRONG_KEY, true},
    {ENTERPRISE, OTHER, WRONG, true, DEAD_WRONG_KEY, true},
    {ENTERPRISE, "", RIGHT, true, DEAD_WRONG_KEY, true},
    {ENTERPRISE, NULL, RIGHT, true, DEAD_NO_KEY, true},
    {"", NULL, RIGHT, true, DEAD_NO_ENTERPRISE, false},
    {"", "", RIGHT, true, DEAD_NO_ENTERPRISE, false},
    {"nobody", OTHER, RIGHT, true, DEAD_NO_ENTERPRISE, false},
    {"nobody", "nobody", WRONG, true, DEAD_NO_ENTERPRISE, false},
    {"nobody", "nobody", RIGHT, false, DEAD_NO_ENTERPRISE, false}, /* the form's business */
    {NULL, ENTERPRISE, WRONG, true, DEAD_UNDECODABLE, false},
    {NULL, NULL, RIGHT, true, DEAD_UNDECODABLE, false},
};

static void finds_the_reason_of_a_record(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *key = rows[i].key;
        char json[64];
        struct bytes value = {.at = (const uint8_t *)"\x0a\x05", .n = 2};
        struct bus_record record = {.has_value = true, .has_key = key != NULL};
        const struct dead_case given = {.record = &record, .partitions_n = PARTITIONS};
        struct dead_letter letter;
        bool is_dead;

        arena_reset(&f->values);
        if (rows[i].enterprise) {
            (void)snprintf(json, sizeof(json), "{\"enterprise\":\"%s\"}", rows[i].enterprise);
            value = submission(f, json);
        }
        record.value = value.at;
        record.value_n = value.n;
        record.key = (const uint8_t *)key;
        record.key_n = key ? strlen(key) : 0;
        record.partition =
            (partition_of_key(key ? key : "", record.key_n, PARTITIONS) + (uint32_t)rows[i].place) %
            PARTITIONS;
        is_dead = dead_letter_judge(&given, &f->arena, &letter);
        if (is_dead != rows[i].is_dead || (is_dead && letter.reason != rows[i].reason) ||
            letter.has_target != rows[i].has_target) {
            fail_msg("row %zu: %s '%s'", i, is_dead ? "dead" : "not dead",
                     dead_reason_name(letter.reason));
        }
        if (letter.has_target) {
            assert_int_equal(letter.target,
                             partition_of_key(ENTERPRISE, strlen(ENTERPRISE), PARTITIONS));
        }
    }
}

static void every_reason_has_a_row_and_a_name(void **state)
{
    (void)state;
    for (int reason = 0; reason < DEAD_REASON_N; reason++) {
        bool has_row = false;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            has_row = has_row || (rows[i].is_dead && (int)rows[i].reason == reason);
        }
        assert_true(has_row);
        assert_true(dead_reason_name((enum dead_reason)reason)[0] != '\0');
    }
}

static void a_bulletin_that_can_be_decoded_is_no_dead_letter(void **state)
{
    struct fixture *f = *state;
    static const uint8_t value[] = "\x22\x02\x0a\x00";
    const struct bus_record record = {.has_value = true, .value = value, .value_n = 4};
    const struct dead_case given = {.record = &record, .partitions_n = PARTITIONS};
    struct dead_letter letter;

    assert_false(dead_letter_judge(&given, &f->arena, &letter));
}

static void knows_the_decisions_of_dead_letters(void **state)
{
    static struct decision decision;
    static const struct {
        enum outcome outcome;
        enum code code;
        const char *field;
        bool is_dead;
    } cases[] = {
        {OUTCOME_REJECTED, CODE_SCHEMA, "", true},
        {OUTCOME_REJECTED, CODE_SCHEMA, "/enterprise", true},
        {OUTCOME_REJECTED, CODE_SCHEMA, "/bank", false},
        {OUTCOME_REJECTED, CODE_SIGNATURE, "", false},
        {OUTCOME_HELD, CODE_SCHEMA, "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        decision_reset(&decision);
        decision.outcome = cases[i].outcome;
        reasons_add_at(&decision.reasons, cases[i].code, cases[i].field);
        assert_int_equal(dead_letter_decision(&decision), cases[i].is_dead);
        reasons_add_at(&decision.reasons, CODE_SIGNATURE, "/x");
        assert_false(dead_letter_decision(&decision));
    }
}

static struct text text_of(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

static void looks_up_whole_identities_only(void **state)
{
    static const char id[] = "018e2baa-d635-7485-b6f3-000000000001";
    const struct identity good = {.filing_id = text_of(id),
                                  .bank = text_of("210100000123"),
                                  .enterprise = text_of(ENTERPRISE)};
    struct identity broken[3] = {good, good, good};
    struct store_filing_key key;
    struct settled_book book;

    (void)state;
    broken[0].filing_id.n--;
    broken[1].bank.n--;
    broken[2].enterprise = text_of("91210304MA4TTEEL80");
    for (size_t i = 0; i < 3; i++) {
        assert_false(settled_key(&broken[i], &key));
    }
    assert_true(settled_key(&good, &key));
    settled_book_init(&book);
    assert_null(settled_book_find(&book, &key));
    assert_int_equal(settled_book_add(&book, &key, NULL), STATUS_OK);
    assert_int_equal(settled_book_find(&book, &key)->state, SETTLED_NOT);
    settled_book_sent(&book, &key, 4, 17);
    assert_int_equal(settled_book_add(&book, &key, NULL), STATUS_OK);
    assert_int_equal(settled_book_find(&book, &key)->state, SETTLED_SENT);
    assert_int_equal(settled_book_find(&book, &key)->offset, 17);
    settled_book_sent(&book, &key, 4, 18); /* the first place stays */
    assert_int_equal(settled_book_find(&book, &key)->offset, 17);
    settled_book_fini(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_the_reason_of_a_record, setup, teardown),
        cmocka_unit_test(every_reason_has_a_row_and_a_name),
        cmocka_unit_test_setup_teardown(a_bulletin_that_can_be_decoded_is_no_dead_letter, setup,
                                        teardown),
        cmocka_unit_test(knows_the_decisions_of_dead_letters),
        cmocka_unit_test(looks_up_whole_identities_only),
    };

    return cmocka_run_group_tests_name("dead letters", tests, NULL, NULL);
}
