/* The reference set: what bulletins bring, read back as of each of them; the shipped policy gives
 * the figures of the worked cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/limits.h"
#include "consumers/core/calendar.h"
#include "consumers/core/rates.h"
#include "consumers/store/reference_set.h"
#include "form/date.h"
#include "form/iso.h"
#include "wire/encode.h"
#include "wire/json.h"

#define CONTENT_ITEMS_MAX 32

struct fixture {
    struct reference_set *set;
    struct arena arena;
    struct buffer file;
};

static void require(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct failure err;

    require(f != NULL);
    require(reference_set_open(&f->set, &err) == STATUS_OK);
    require(arena_open(&f->arena, ARENA_BULLETIN_MAX, &err) == STATUS_OK);
    buffer_init(&f->file, BULLETIN_SIZE_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    reference_set_close(f->set);
    arena_close(&f->arena);
    buffer_fini(&f->file);
    free(f);
    return 0;
}

static struct text text_of(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

static int32_t day(const char *s)
{
    int32_t on = DATE_NONE;

    require(date_parse(s, strlen(s), &on));
    return on;
}

/* The Content of a bulletin with these objects of rulebook section 9. */
static struct bytes content_of(struct fixture *f, uint64_t number, const struct bytes *objects,
                               size_t n)
{
    struct bytes items[CONTENT_ITEMS_MAX];
    struct bytes content;
    struct failure err;

    require(n <= CONTENT_ITEMS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct pack_line line;
        enum status status = pack_line_read(objects[i], &f->arena, &line, &err);

        if (status != STATUS_OK) {
            print_error("%s\n", err.text);
        }
        require(status == STATUS_OK && !line.is_filing);
        require(reference_encode(&line.doc, &f->arena, &items[i], &err) == STATUS_OK);
    }
    require(content_encode(number, items, n, &f->arena, &content) == STATUS_OK);
    return content;
}

static void apply(struct fixture *f, uint64_t number, const char *object)
{
    const struct bytes objects = bytes_of(object);
    struct failure err;

    assert_int_equal(reference_set_apply(f->set, number, content_of(f, number, &objects, 1), &err),
                     STATUS_OK);
}

#define RATES(date, rate)                                                                          \
    "{\"reference\":{\"kind\":\"rates\",\"date\":\"" date "\",\"rates\":{\"USD\":\"" rate          \
    "\",\"EUR\":\"8\"}}}"
#define BANKS(roles)                                                                               \
    "{\"reference\":{\"kind\":\"banks\",\"banks\":[{\"code\":\"210100000123\",\"name\":\"B\","     \
    "\"roles\":[" roles "],\"keys\":[{\"key_id\":\"k1\",\"public_key\":"                           \
    "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\",\"from\":\"2026-01-01\",\"to\":\"\"}]}]}}"

static void each_bulletin_counts_from_itself_on(void **state)
{
    struct fixture *f = *state;
    const struct reference *reference = reference_set_reference(f->set);
    const uint8_t *key = NULL;

    apply(f, 1, BANKS("\"FILER\""));
    apply(f, 2, RATES("2026-04-14", "7.2"));
    apply(f, 3, RATES("2026-04-13", "7.1")); /* an older day comes later */
    apply(f, 4, BANKS("\"AUTHORITY\""));
    apply(f, 5, BANKS(""));
    apply(f, 6,
          "{\"reference\":{\"kind\":\"calendar\",\"year\":2026,\"holidays\":[\"2026-04-14\"]}}");

    assert_null(reference_bank(reference, 0, text_of("210100000123")));
    assert_int_equal(reference_bank(reference, 3, text_of("210100000123"))->roles, ROLE_FILER);
    assert_int_equal(reference_bank(reference, 4, text_of("210100000123"))->roles, ROLE_AUTHORITY);
    assert_null(reference_bank(reference, 5, text_of("210100000123")));
    key =
        reference_bank_key(reference, 3, text_of("210100000123"), text_of("k1"), day("2026-01-01"));
    require(key != NULL);
    assert_int_equal(key[31], 31);

    assert_false(rates_find(reference, 2, CURRENCY_USD, day("2026-04-13")).found);
    assert_true(rates_find(reference, 3, CURRENCY_USD, day("2026-04-13")).rate_e10 ==
                INT64_C(71000000000));
    assert_true(rates_find(reference, 3, CURRENCY_USD, day("2026-04-14")).rate_e10 ==
                INT64_C(72000000000));
    assert_true(rates_find(reference, 6, CURRENCY_USD, day("2026-04-14")).rate_e10 ==
                INT64_C(71000000000));
    assert_true(rates_find(reference, 6, CURRENCY_EUR, day("2026-04-14")).found);
}

static void the_same_bulletin_again_changes_nothing_and_another_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct bytes one = bytes_of(RATES("2026-04-13", "7.1"));
    const struct bytes other = bytes_of(RATES("2026-04-13", "7.2"));
    struct failure err;

    apply(f, 1, RATES("2026-04-13", "7.1"));
    apply(f, 1, RATES("2026-04-13", "7.1"));
    assert_int_equal(reference_set_reference(f->set)->sheets_n, 1);
    assert_int_equal(reference_set_apply(f->set, 1, content_of(f, 1, &other, 1), &err),
                     STATUS_CONFLICT);
    assert_int_equal(reference_set_apply(f->set, 3, content_of(f, 3, &one, 1), &err),
                     STATUS_CORRUPT);
    assert_int_equal(reference_set_apply(f->set, 2, content_of(f, 7, &one, 1), &err),
                     STATUS_CORRUPT);
    assert_true(reference_set_has(f->set, 1));
    assert_false(reference_set_has(f->set, 4));
    assert_true(bytes_equal(reference_set_content(f->set, 1), content_of(f, 1, &one, 1)));
}

static void the_founding_record_brings_operators_and_what_the_ledger_is(void **state)
{
    struct fixture *f = *state;
    const struct reference *reference = reference_set_reference(f->set);
    struct founding_parts founding = {.partitions = 12, .demonstration = true};
    struct json_text operators;
    struct operator_query query = {
        .key_id = text_of("o1"), .roles = ROLE_ISSUER, .on = day("2026-06-01")};
    const uint8_t *key = NULL;
    struct bytes content;
    struct failure err;

    require(json_read(bytes_of("{\"operators\":[{\"person\":\"p1\",\"name\":\"P\",\"roles\":["
                               "\"ISSUER\"],\"keys\":[{\"key_id\":\"o1\",\"public_key\":"
                               "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\","
                               "\"from\":\"2026-01-01\",\"to\":\"\"}]}]}"),
                      &f->arena, &operators, &err) == STATUS_OK);
    founding.operators = &operators.doc;
    require(founding_encode(&founding, &f->arena, &content, &err) == STATUS_OK);
    assert_int_equal(reference_set_apply(f->set, 0, content, &err), STATUS_OK);
    assert_true(reference->has_founding);
    assert_true(reference->demonstration);
    assert_false(reference->in_memory);
    assert_int_equal(reference->partitions, 12);
    assert_non_null(reference_operator_key(reference, 0, &query, &key));
    require(key != NULL);
    assert_int_equal(key[1], 1);
}

#define OPERATOR(person, roles, key_id, to)                                                        \
    "{\"reference\":{\"kind\":\"operators\",\"operators\":[{\"person\":\"" person                  \
    "\",\"name\":\"N\",\"roles\":[" roles "],\"keys\":[{\"key_id\":\"" key_id                      \
    "\",\"public_key\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\",\"from\":\"2026-01-01\","  \
    "\"to\":\"" to "\"}]}]}}"

static void an_operator_is_found_by_his_key_while_it_counts(void **state)
{
    struct fixture *f = *state;
    const struct reference *reference = reference_set_reference(f->set);
    uint8_t key[PUBLIC_KEY_SIZE];
    struct operator_key_query query = {.key = key, .roles = ROLE_WORKER, .on = day("2026-06-01")};
    struct text key_id = {.n = 0};

    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] = (uint8_t)i;
    }
    apply(f, 1, OPERATOR("wei", "\"WORKER\",\"ISSUER\"", "w1", "2026-06-30"));
    apply(f, 2, OPERATOR("wei", "\"ISSUER\"", "w2", ""));
    assert_null(reference_operator_of_key(reference, 0, &query, &key_id));
    assert_non_null(reference_operator_of_key(reference, 1, &query, &key_id));
    assert_memory_equal(key_id.at, "w1", 2);
    assert_null(reference_operator_of_key(reference, 2, &query, &key_id)); /* no role any more */
    query.roles = ROLE_ISSUER;
    assert_non_null(reference_operator_of_key(reference, 2, &query, &key_id));
    assert_memory_equal(key_id.at, "w2", 2);
    query.on = day("2026-07-01");
    assert_null(reference_operator_of_key(reference, 1, &query, &key_id)); /* it ended */
    query.on = day("2025-12-31");
    assert_null(reference_operator_of_key(reference, 2, &query, &key_id)); /* not yet */
    query.on = day("2026-06-01");
    key[31] ^= 1;
    assert_null(reference_operator_of_key(reference, 2, &query, &key_id));
}

/* The shipped reference data, whole. */
static void apply_file(struct fixture *f, uint64_t number, const char *path)
{
    struct bytes objects[CONTENT_ITEMS_MAX];
    struct failure err;
    size_t n = 0;

    buffer_reset(&f->file);
    require(file_read(path, &f->file, &err) == STATUS_OK);
    if (strstr(path, ".jsonl") == NULL) {
        objects[0] = buffer_bytes(&f->file);
        n = 1;
    } else {
        const char *at = buffer_cstr(&f->file);

        while (*at != '\0') {
            const char *end = strchr(at, '\n');

            require(end != NULL && n < CONTENT_ITEMS_MAX);
            objects[n] = (struct bytes){.at = (const uint8_t *)at, .n = (size_t)(end - at)};
            n++;
            at = end + 1;
        }
    }
    assert_int_equal(reference_set_apply(f->set, number, content_of(f, number, objects, n), &err),
                     STATUS_OK);
}

/* Worked case 2 of section 4, and the rows of the table around it. */
static void the_shipped_policy_gives_the_worked_cases(void **state)
{
    static const struct {
        enum parameter_id id;
        const char *subject;
        const char *region;
        const char *on;
        const char *value; /* "" = none */
    } rows[] = {
        {PARAMETER_FAC_LIMIT_USD, "HIGH_TECH", "210100", "2023-11-30", ""},
        {PARAMETER_FAC_LIMIT_USD, "HIGH_TECH", "210100", "2023-12-08", "5000000"},
        {PARAMETER_FAC_LIMIT_USD, "HIGH_TECH", "210100", "2025-09-14", "5000000"},
        {PARAMETER_FAC_LIMIT_USD, "HIGH_TECH", "210100", "2025-09-15", "10000000"},
        {PARAMETER_FAC_LIMIT_USD, "INNOVATION_POINTS", "210100", "2025-09-15", "20000000"},
        {PARAMETER_FAC_LIMIT_USD, "INNOVATION_POINTS", "210100", "2025-09-14", ""},
        {PARAMETER_FAC_LIMIT_USD, "TECH_SME", "310000", "2023-12-07", ""},
        {PARAMETER_FAC_LIMIT_USD, "TECH_SME", "310000", "2023-12-08", "10000000"},
        {PARAMETER_MP_PARAMETER, "", "210100", "2026-04-13", "1.75"},
        {PARAMETER_OUT_LENDING_COEFFICIENT, "", "", "2026-03-19", "0.5"},
        {PARAMETER_OUT_LENDING_COEFFICIENT, "", "", "2026-03-20", "0.6"},
        {PARAMETER_OUT_PRELIM_USD, "", "", "2023-12-07", "3000000"},
        {PARAMETER_OUT_PRELIM_USD, "", "", "2023-12-08", ""},
        {PARAMETER_FDI_USE_FORBIDDEN, "NON_SELF_USE_HOUSING", "", "2025-09-15", ""},
    };
    struct fixture *f = *state;
    const struct policy_version *version = NULL;

    apply_file(f, 1, "deploy/reference/policy.json");
    version = policy_as_of(reference_set_reference(f->set), 1);
    require(version != NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct parameter *row =
            policy_find(version, &(struct policy_query){.id = rows[i].id,
                                                        .subject = text_of(rows[i].subject),
                                                        .region = text_of(rows[i].region),
                                                        .on = day(rows[i].on)});
        struct text got = row != NULL ? row->value : text_of("");

        if (reference_text_compare(got, text_of(rows[i].value)) != 0) {
            print_error("row %zu: want '%s', got '%.*s'\n", i, rows[i].value, (int)got.n, got.at);
        }
        assert_int_equal(reference_text_compare(got, text_of(rows[i].value)), 0);
    }
}

static void the_shipped_lists_and_calendars_are_read(void **state)
{
    struct fixture *f = *state;
    const struct reference *reference = reference_set_reference(f->set);

    apply_file(f, 1, "deploy/reference/calendars.jsonl");
    apply_file(f, 2, "deploy/reference/negative_list.json");
    apply_file(f, 3, "deploy/reference/sensitive_list.json");
    apply_file(f, 4, "deploy/reference/banks.json");
    assert_false(calendar_is_working(reference, 4, day("2024-10-01")));
    assert_true(calendar_is_working(reference, 4, day("2024-10-08")));
    assert_true(reference_negative(reference, 4).rows_n > 20);
    assert_int_equal(reference_negative(reference, 1).rows_n, 0);
    assert_true(reference_sensitive(reference, 4).rows_n > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(each_bulletin_counts_from_itself_on),
        TEST(the_same_bulletin_again_changes_nothing_and_another_is_refused),
        TEST(the_founding_record_brings_operators_and_what_the_ledger_is),
        TEST(an_operator_is_found_by_his_key_while_it_counts),
        TEST(the_shipped_policy_gives_the_worked_cases),
        TEST(the_shipped_lists_and_calendars_are_read),
    };

    return cmocka_run_group_tests_name("reference_set", tests, NULL, NULL);
}
