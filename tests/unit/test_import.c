/* Published rates to rate sheets: what is read, how it is rounded, and what is refused where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/ctl/import_rates.h"
#include "form/date.h"

typedef enum status import_fn(const struct import_request *request, struct buffer *out,
                              struct import_result *ret, struct failure *err);

static const struct {
    const char *name;
    import_fn *import;
    const char *csv;
    const char *want;
    uint32_t skipped_n;
} good[] = {
    {"a pair as it is", import_parity, "time,USDCNY\n2024-01-02,7.0770\n",
     "{\"kind\":\"rates\",\"date\":\"2024-01-02\",\"rates\":{\"USD\":\"7.077\"}}\n", 0},
    {"a pair of 100 units", import_parity, "time,100JPYCNY\n2024-01-02,5.0194\n",
     "{\"kind\":\"rates\",\"date\":\"2024-01-02\",\"rates\":{\"JPY\":\"0.050194\"}}\n", 0},
    {"an inverted pair, rounded down", import_parity, "time,CNYMYR\n2024-01-02,3\n",
     "{\"kind\":\"rates\",\"date\":\"2024-01-02\",\"rates\":{\"MYR\":\"0.3333333333\"}}\n", 0},
    {"an inverted pair, rounded up", import_parity, "time,CNYMYR\n2024-01-02,0.65\n",
     "{\"kind\":\"rates\",\"date\":\"2024-01-02\",\"rates\":{\"MYR\":\"1.5384615385\"}}\n", 0},
    {"empty cells and N/A", import_parity, "time,USDCNY,EURCNY,GBPCNY\n2024-01-02,7.1,,N/A\n",
     "{\"kind\":\"rates\",\"date\":\"2024-01-02\",\"rates\":{\"USD\":\"7.1\"}}\n", 0},
    {"a day without any rate", import_parity, "time,USDCNY\n2024-01-02,\n2024-01-03,7.1\n",
     "{\"kind\":\"rates\",\"date\":\"2024-01-03\",\"rates\":{\"USD\":\"7.1\"}}\n", 1},
    {"dates in any order", import_parity, "time,USDCNY\n2024-01-03,7.2\n2024-01-02,7.1\n",
     "{\"kind\":\"rates\",\"date\":\"2024-01-02\",\"rates\":{\"USD\":\"7.1\"}}\n"
     "{\"kind\":\"rates\",\"date\":\"2024-01-03\",\"rates\":{\"USD\":\"7.2\"}}\n",
     0},
    {"crossed through EUR", import_ecb, "Date,USD,CNY,\n2024-01-02,1.0956,7.8264,\n",
     "{\"kind\":\"rates\",\"date\":\"2024-01-02\",\"rates\":{\"USD\":\"7.143483023\","
     "\"EUR\":\"7.8264\"}}\n",
     0},
    {"a day without CNY", import_ecb, "Date,USD,CNY,\n2004-01-02,1.2,N/A,\n2024-01-02,1,7.5,\n",
     "{\"kind\":\"rates\",\"date\":\"2024-01-02\",\"rates\":{\"USD\":\"7.5\",\"EUR\":\"7.5\"}}\n",
     1},
    {"a quoted cell", import_parity, "time,USDCNY\r\n\"2024-01-02\",\"7.1\"\r\n",
     "{\"kind\":\"rates\",\"date\":\"2024-01-02\",\"rates\":{\"USD\":\"7.1\"}}\n", 0},
};

static const struct {
    import_fn *import;
    const char *csv;
    const char *why; /* a part of the failure's text */
} bad[] = {
    {import_parity, "", "no header"},
    {import_parity, "time,USDEUR\n2024-01-02,1\n", "'USDEUR' is no pair"},
    {import_parity, "time,0JPYCNY\n2024-01-02,1\n", "'0JPYCNY' is no pair"},
    {import_parity, "time,USDCNY\n2024-01-02,7,1\n2024-01-3,7\n", "line 3, column time"},
    {import_parity, "time,USDCNY\n2024-01-02,7.1\n2024-01-03,-7\n", "line 3, column USDCNY"},
    {import_parity, "time,USDCNY\n2024-01-02,0\n", "line 2, column USDCNY"},
    {import_parity, "time,USDCNY\n2024-01-02,7.12345678901\n", "line 2, column USDCNY"},
    {import_parity, "time,USDCNY\n2024-01-02,7.1\n2024-01-02,7.1\n", "lines 2 and 3"},
    {import_parity, "time,USDCNY\n2024-01-02,\"7.1\n", "is no CSV"},
    {import_ecb, "Date,USD,\n2024-01-02,1.1,\n", "no column CNY"},
    {import_ecb, "Date,USD,CNY,\n2024-01-02,1.1,x,\n", "line 2, column CNY"},
    {import_ecb, "Date,USD,CNY,\n2024-01-02,1.1e1,7.1,\n", "line 2, column USD"},
    {import_ecb, "Date,USD,CNY,\n2024-01-02,99999999,0.0000000001,\n", "line 2, column USD"},
};

static struct import_request request_of(const char *csv)
{
    return (struct import_request){.csv = bytes_of(csv), .from_on = DATE_NONE, .to_on = DATE_NONE};
}

static void reads_each_kind_of_cell(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const struct import_request request = request_of(good[i].csv);
        struct import_result result = {.sheets_n = 0};
        struct failure err = {.status = STATUS_OK};
        struct buffer out;

        buffer_init(&out, 1 << 16);
        if (good[i].import(&request, &out, &result, &err) != STATUS_OK) {
            fail_msg("%s: %s", good[i].name, err.text);
        }
        if (strcmp(buffer_cstr(&out), good[i].want) != 0) {
            fail_msg("%s: %s", good[i].name, buffer_cstr(&out));
        }
        assert_int_equal(result.skipped_n, good[i].skipped_n);
        buffer_fini(&out);
    }
}

static void names_the_place_of_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct import_request request = request_of(bad[i].csv);
        struct import_result result = {.sheets_n = 0};
        struct failure err = {.status = STATUS_OK};
        struct buffer out;

        buffer_init(&out, 1 << 16);
        assert_int_equal(bad[i].import(&request, &out, &result, &err), STATUS_INVALID);
        if (!strstr(err.text, bad[i].why)) {
            fail_msg("want '%s' in '%s'", bad[i].why, err.text);
        }
        buffer_fini(&out);
    }
}

static void takes_both_ends_of_a_range(void **state)
{
    struct import_request request =
        request_of("time,USDCNY\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n2024-01-04,4\n");
    struct import_result result = {.sheets_n = 0};
    struct buffer out;

    (void)state;
    buffer_init(&out, 1 << 16);
    request.from_on = date_make(2024, 1, 2);
    request.to_on = date_make(2024, 1, 3);
    assert_int_equal(import_parity(&request, &out, &result, NULL), STATUS_OK);
    assert_int_equal(result.sheets_n, 2);
    assert_null(strstr(buffer_cstr(&out), "2024-01-01"));
    assert_non_null(strstr(buffer_cstr(&out), "2024-01-02"));
    assert_non_null(strstr(buffer_cstr(&out), "2024-01-03"));
    assert_null(strstr(buffer_cstr(&out), "2024-01-04"));
    buffer_fini(&out);
}

static void divides_half_to_even(void **state)
{
    static const struct {
        int64_t a, b, denominator, want;
    } rows[] = {
        {1, 1, 2, 0}, /* 0.5 */
        {3, 1, 2, 2}, /* 1.5 */
        {5, 1, 2, 2}, /* 2.5 */
        {7, 1, 2, 4}, /* 3.5 */
        {7, 1, 4, 2}, /* 1.75 */
        {5, 1, 4, 1}, /* 1.25 */
        {7, 1, 3, 2},         {8, 1, 3, 3}, {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
        {INT64_MAX, 2, 1, 0}, /* does not fit */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(import_divide(rows[i].a, rows[i].b, rows[i].denominator) == rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_kind_of_cell),
        cmocka_unit_test(names_the_place_of_what_is_wrong),
        cmocka_unit_test(takes_both_ends_of_a_range),
        cmocka_unit_test(divides_half_to_even),
    };

    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
