/* The form stage, through trees: every event has a good sample; every field of the tables is broken
 * in every way that its kind can be, and exactly the one failure at the one pointer must come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filing_samples.h"
#include "form/date.h"
#include "form/form.h"
#include "form/iso.h"
#include "tree.h"

#define RECEIVED_ON     20556 /* 2026-04-13 */
#define REASON_TEXT_MAX 16384
#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))

static struct tree tree;
static struct form form;

static void read_sample(enum event event) { tree_read(&tree, filing_sample(event)); }

/* "101 /maker|113 /note": the failures as text. */
static const char *checked(void)
{
    static char text[REASON_TEXT_MAX];
    size_t n = 0;

    form_check(&tree.doc, RECEIVED_ON, true, &form);
    text[0] = '\0';
    for (uint32_t i = 0; i < form.failures.n; i++) {
        const struct reason *reason = &form.failures.at[i];

        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u %s", i == 0 ? "" : "|",
                              (unsigned)reason->code, reason->field);
    }
    return text;
}

static void expect(const char *what, const char *want)
{
    const char *got = checked();

    if (strcmp(got, want) != 0) {
        print_error("%s: want '%s', got '%s'\n", what, want, got);
    }
    assert_string_equal(got, want);
}

static void expect_code(const char *what, enum code code, const char *pointer)
{
    char want[256] = "";

    if (code != CODE_NONE) {
        (void)snprintf(want, sizeof(want), "%u %s", (unsigned)code, pointer);
    }
    expect(what, want);
}

/* "details.investors[].cash" as "/details/investors/0/cash". */
static void pointer_of(const char *path, char *out, size_t size)
{
    size_t n = 0;

    out[n++] = '/';
    for (; *path != '\0'; path++) {
        assert_true(n + 3 < size);
        if (*path == '.') {
            out[n++] = '/';
        } else if (*path == '[') {
            out[n++] = '/';
            out[n++] = '0';
            path++;
        } else {
            out[n++] = *path;
        }
    }
    out[n] = '\0';
}

/* A field that is broken alone, for all events. */
typedef void field_fn(enum event event, const struct form_field *field, const char *pointer);

static void each_field(field_fn *visit)
{
    uint32_t n = 0;

    for (uint32_t event = EVENT_NONE; event < EVENT_BULLETIN; event++) {
        struct form_field field;

        for (uint32_t i = 0; form_field_at((enum event)event, i, &field); i++) {
            char pointer[128];

            pointer_of(field.path, pointer, sizeof(pointer));
            visit(event == EVENT_NONE ? EVENT_FDI_INFLOW : (enum event)event, &field, pointer);
            n++;
        }
    }
    assert_true(n > 250); /* the tables are not empty */
}

/* By its first words; a number at the end must be whole. */
static bool kind_is(const struct form_field *field, const char *kind)
{
    const size_t n = strlen(kind);

    return strncmp(field->kind, kind, n) == 0 && (field->kind[n] < '0' || field->kind[n] > '9');
}

static bool textual(const struct form_field *field)
{
    return !kind_is(field, "money") && !kind_is(field, "object") && !kind_is(field, "list") &&
           !kind_is(field, "integer") && !kind_is(field, "boolean");
}

static void accepts_a_good_filing_of_every_event(void **state)
{
    (void)state;
    for (uint32_t event = EVENT_NONE + 1; event < EVENT_BULLETIN; event++) {
        read_sample((enum event)event);
        expect(event_name((enum event)event), "");
        assert_int_equal(form.filing.event, event);
        assert_int_equal(form.filing.business_on, RECEIVED_ON);
        assert_true(form.identified);
    }
}

static void field_in_sample(enum event event, const struct form_field *field, const char *pointer)
{
    read_sample(event);
    if (!tree_at(&tree, pointer)) {
        print_error("%s: no %s (%s)\n", event_name(event), pointer, field->kind);
    }
    assert_non_null(tree_at(&tree, pointer));
}

static void samples_have_every_field(void **state)
{
    (void)state;
    each_field(field_in_sample);
}

/* Optional fields that another field makes necessary in the samples. */
static const struct {
    const char *pointer;
    enum event event;
    enum code code;
} needed[] = {
    {"/details/creditor/bic", EVENT_FINANCING_CONTRACT, CODE_PARTY_CODE},
    {"/details/creditor/bic", EVENT_FINANCING_ASSIGNMENT, CODE_PARTY_CODE},
    {"/details/total_investment", EVENT_FINANCING_PROFILE, CODE_SCHEMA},
    {"/details/registered_capital", EVENT_FINANCING_PROFILE, CODE_SCHEMA},
    {"/details/paid_in", EVENT_FINANCING_PROFILE, CODE_SCHEMA},
    {"/details/foreign_paid_in_bp", EVENT_FINANCING_PROFILE, CODE_SCHEMA},
};

static enum code code_of_absent(enum event event, const struct form_field *field,
                                const char *pointer)
{
    for (size_t i = 0; i < COUNT(needed); i++) {
        if (needed[i].event == event && strcmp(needed[i].pointer, pointer) == 0) {
            return needed[i].code;
        }
    }
    return field->required ? CODE_SCHEMA : CODE_NONE;
}

static void absent_field(enum event event, const struct form_field *field, const char *pointer)
{
    read_sample(event);
    tree_remove(&tree, pointer);
    expect_code(event_name(event), code_of_absent(event, field, pointer), pointer);
}

static void reports_each_absent_field(void **state)
{
    (void)state;
    each_field(absent_field);
}

static void empty_field(enum event event, const struct form_field *field, const char *pointer)
{
    read_sample(event);
    tree_set(&tree, pointer, "''");
    expect_code(event_name(event),
                textual(field) ? code_of_absent(event, field, pointer) : CODE_SCHEMA, pointer);
}

static void takes_an_empty_text_for_absent(void **state)
{
    (void)state;
    each_field(empty_field);
}

static void ill_typed_field(enum event event, const struct form_field *field, const char *pointer)
{
    static const char *const values[] = {"null", "1", "1.0", "true", "{}", "[]", "#1/0", "'x'"};

    for (size_t i = 0; i < COUNT(values); i++) {
        const bool own = (values[i][0] == '1' && kind_is(field, "integer")) ||
                         (values[i][0] == 't' && kind_is(field, "boolean")) ||
                         (values[i][0] == '{' && !textual(field)) ||
                         (values[i][0] == '{' && kind_is(field, "object")) ||
                         (values[i][0] == '\'' && textual(field));

        if (!own || strcmp(values[i], "1.0") == 0) {
            read_sample(event);
            tree_set(&tree, pointer, values[i]);
            expect_code(values[i], CODE_SCHEMA, pointer);
        }
    }
}

static void refuses_each_field_of_another_type(void **state)
{
    (void)state;
    each_field(ill_typed_field);
}

static void text_field(enum event event, const struct form_field *field, const char *pointer)
{
    static const char *const values[] = {"'\xff'", "'a\xc0\xaf'", "'\xed\xa0\x80'", "'a\\0b'"};

    for (size_t i = 0; textual(field) && i < COUNT(values); i++) {
        read_sample(event);
        tree_set(&tree, pointer, values[i]);
        expect_code(event_name(event), CODE_TEXT, pointer);
    }
}

static void refuses_what_is_no_utf8_or_has_a_nul_in_each_text(void **state)
{
    (void)state;
    each_field(text_field);
}

#define TEN    "0123456789"
#define CJK4   "申报申报"
#define CJK32  CJK4 CJK4 CJK4 CJK4 CJK4 CJK4 CJK4 CJK4
#define CJK128 CJK32 CJK32 CJK32 CJK32

/* By the first words of a kind: what is malformed, and what is at the edge and good (code none). */
static const struct {
    const char *kind;
    const char *value;
    enum code code;
} values[] = {
    {"text", "'a\tb'", CODE_TEXT},
    {"text", "'a\x7f'", CODE_TEXT},
    {"text", "'a\xc2\x85'", CODE_TEXT},
    {"text", "'" CJK128 CJK128 "a'", CODE_TEXT},
    {"text", "'" CJK128 "'", CODE_NONE},
    {"text of 1 to 128", "'" CJK128 "a'", CODE_TEXT},
    {"text of 1 to 256", "'" CJK128 CJK128 "'", CODE_NONE},
    {"1 to 32", "'a b'", CODE_SCHEMA},
    {"1 to 32", "'" TEN TEN TEN "012'", CODE_SCHEMA},
    {"1 to 32", "'王'", CODE_SCHEMA},
    {"1 to 32", "'" TEN TEN "._-aZzAyY01'", CODE_NONE},
    {"8 to 28", "'ABCDEF7'", CODE_REGISTRATION_NO},
    {"8 to 28", "'" TEN TEN "ABCDEFGHI'", CODE_REGISTRATION_NO},
    {"8 to 28", "'abcdef78'", CODE_REGISTRATION_NO},
    {"8 to 28", "'ABCDEF78'", CODE_NONE},
    {"8 to 28", "'" TEN TEN "ABCDEFGH'", CODE_NONE},
    {"UUID", "'019A3F52-6C1E-7D40-9F6B-2F3A51C0D001'", CODE_FILING_ID},
    {"UUID", "'019a3f526c1e7d409f6b2f3a51c0d001'", CODE_FILING_ID},
    {"UUID", "'00000000-0000-0000-0000-000000000000'", CODE_NONE},
    {"12 digits", "'21010000012'", CODE_BANK_CODE},
    {"12 digits", "'21010000012A'", CODE_BANK_CODE},
    {"unified", "'914403001922038217'", CODE_ENTERPRISE_CODE},
    {"unified", "'91110000600037341l'", CODE_ENTERPRISE_CODE},
    {"unified", "'911522010783762860'", CODE_NONE},
    {"section", "'U'", CODE_INDUSTRY},
    {"section", "'C1'", CODE_INDUSTRY},
    {"section", "'C12345'", CODE_INDUSTRY},
    {"section", "'T9999'", CODE_NONE},
    {"6 digits", "'21020'", CODE_SCHEMA},
    {"6 digits", "'000000'", CODE_NONE},
    {"BIC", "'DEUTXXFF'", CODE_PARTY_CODE},
    {"BIC", "'DEUTDEFF5'", CODE_PARTY_CODE},
    {"LEI", "'549300EXAMPLE0000074'", CODE_PARTY_CODE},
    {"22 of", "'210100000123260413A00'", CODE_SCHEMA},
    {"22 of", "'210100000123260413a001'", CODE_SCHEMA},
    {"date", "'2026-02-29'", CODE_DATE_INVALID},
    {"date", "'2026-4-13'", CODE_DATE_INVALID},
    {"date", "'20260413'", CODE_DATE_INVALID},
    {"date", "'0000-01-01'", CODE_DATE_INVALID},
    {"date", "'2026-04-13T00:00:00Z'", CODE_DATE_INVALID},
    {"country", "'DE'", CODE_COUNTRY},
    {"country", "'deu'", CODE_COUNTRY},
    {"country", "'XXX'", CODE_COUNTRY},
    {"country", "'TWN'", CODE_NONE},
    {"choice", "'|'", CODE_SCHEMA},
    {"choice", "'approve'", CODE_SCHEMA},
    {"choice", "'A|B'", CODE_SCHEMA},
    {"event", "'bulletin'", CODE_SCHEMA},
    {"event", "'fdi.Inflow'", CODE_SCHEMA},
    {"integer", "-1", CODE_SCHEMA},
    {"integer", "1e3", CODE_SCHEMA},
    {"integer 1 to 10000", "0", CODE_SCHEMA},
    {"integer 1 to 10000", "10001", CODE_SCHEMA},
    {"integer 0 to 10000", "0", CODE_NONE},
    {"integer 0 to 10000", "10000", CODE_NONE},
    {"integer 0 to 10000", "10001", CODE_SCHEMA},
    {"integer 0 to 1000000", "0", CODE_NONE},
    {"integer 0 to 1000000", "1000000", CODE_NONE},
    {"integer 0 to 1000000", "1000001", CODE_SCHEMA},
    {"integer 1000 to 9999", "999", CODE_SCHEMA},
    {"integer 1000 to 9999", "1000", CODE_NONE},
    {"integer 1000 to 9999", "9999", CODE_NONE},
    {"integer 1000 to 9999", "10000", CODE_SCHEMA},
    {"integer 1 to 9223372036854775807", "0", CODE_SCHEMA},
    {"integer 1 to 9223372036854775807", "9223372036854775807", CODE_NONE},
    {"boolean", "0", CODE_SCHEMA},
};

static void malformed_field(enum event event, const struct form_field *field, const char *pointer)
{
    uint32_t n = 0;

    for (size_t i = 0; i < COUNT(values); i++) {
        if (kind_is(field, values[i].kind)) {
            read_sample(event);
            tree_set(&tree, pointer, values[i].value);
            expect_code(pointer, values[i].code, pointer);
            n++;
        }
    }
    if (n == 0 && !kind_is(field, "money") && !kind_is(field, "object") &&
        !kind_is(field, "list")) {
        fail_msg("no value breaks '%s'", field->kind);
    }
}

static void reports_each_malformed_field(void **state)
{
    (void)state;
    each_field(malformed_field);
}

/* Of money: the value that goes to currency or value, and the code at that place. */
static const struct {
    const char *inner;
    const char *value; /* NULL = absent */
    enum code code;
    enum code code_from_zero;
    enum code code_not_zero; /* where it may be negative */
} amounts[] = {
    {"currency", NULL, CODE_SCHEMA, CODE_SCHEMA, CODE_SCHEMA},
    {"currency", "''", CODE_SCHEMA, CODE_SCHEMA, CODE_SCHEMA},
    {"currency", "null", CODE_SCHEMA, CODE_SCHEMA, CODE_SCHEMA},
    {"currency", "840", CODE_SCHEMA, CODE_SCHEMA, CODE_SCHEMA},
    {"currency", "'usd'", CODE_CURRENCY, CODE_CURRENCY, CODE_CURRENCY},
    {"currency", "'CNH'", CODE_CURRENCY, CODE_CURRENCY, CODE_CURRENCY},
    {"currency", "'XAU'", CODE_CURRENCY, CODE_CURRENCY, CODE_CURRENCY},
    {"currency", "'XDR'", CODE_CURRENCY, CODE_CURRENCY, CODE_CURRENCY},
    {"currency", "'\xff\xff\xff'", CODE_TEXT, CODE_TEXT, CODE_TEXT},
    {"currency", "'US\\0'", CODE_TEXT, CODE_TEXT, CODE_TEXT},
    {"value", NULL, CODE_SCHEMA, CODE_SCHEMA, CODE_SCHEMA},
    {"value", "''", CODE_SCHEMA, CODE_SCHEMA, CODE_SCHEMA},
    {"value", "null", CODE_SCHEMA, CODE_SCHEMA, CODE_SCHEMA},
    {"value", "5", CODE_SCHEMA, CODE_SCHEMA, CODE_SCHEMA},
    {"value", "5.00", CODE_SCHEMA, CODE_SCHEMA, CODE_SCHEMA},
    {"value", "true", CODE_SCHEMA, CODE_SCHEMA, CODE_SCHEMA},
    {"value", "'01.00'", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "'1.'", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "'.50'", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "'+1.00'", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "'1e3'", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "'1,000.00'", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "' 1.00'", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "'1.000'", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "#1000/3", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "'10000000000000.01'", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "#10000000000001/0", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "'99999999999999999999'", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "'-0.00'", CODE_AMOUNT, CODE_AMOUNT, CODE_AMOUNT},
    {"value", "'0.00'", CODE_AMOUNT, CODE_NONE, CODE_AMOUNT},
    {"value", "#0/0", CODE_AMOUNT, CODE_NONE, CODE_AMOUNT},
    {"value", "'-1.00'", CODE_AMOUNT, CODE_AMOUNT, CODE_NONE},
    {"value", "#-100/2", CODE_AMOUNT, CODE_AMOUNT, CODE_NONE},
    {"value", "'1\xff'", CODE_TEXT, CODE_TEXT, CODE_TEXT},
    {"other", "''", CODE_SCHEMA, CODE_SCHEMA, CODE_SCHEMA},
};

static void money_field(enum event event, const struct form_field *field, const char *pointer)
{
    for (size_t i = 0; kind_is(field, "money") && i < COUNT(amounts); i++) {
        const enum code code = strstr(field->kind, "from zero")  ? amounts[i].code_from_zero
                               : strstr(field->kind, "not zero") ? amounts[i].code_not_zero
                                                                 : amounts[i].code;
        char inner[160];

        (void)snprintf(inner, sizeof(inner), "%s/%s", pointer, amounts[i].inner);
        read_sample(event);
        if (amounts[i].value) {
            tree_set(&tree, inner, amounts[i].value);
        } else {
            tree_remove(&tree, inner);
        }
        expect_code(amounts[i].value ? amounts[i].value : "absent", code, inner);
    }
}

static void reports_each_fault_of_each_amount(void **state)
{
    (void)state;
    each_field(money_field);
}

/* Changes to the sample of an event and all failures that follow from them. */
struct change {
    const char *pointer;
    const char *value; /* NULL = removed */
};

struct row {
    enum event event;
    struct change changes[5];
    const char *want;
};

static void change_sample(const struct row *row)
{
    read_sample(row->event);
    for (size_t i = 0; i < COUNT(row->changes) && row->changes[i].pointer; i++) {
        if (row->changes[i].value) {
            tree_set(&tree, row->changes[i].pointer, row->changes[i].value);
        } else {
            tree_remove(&tree, row->changes[i].pointer);
        }
    }
}

static void run_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char what[160];

        change_sample(&rows[i]);
        (void)snprintf(what, sizeof(what), "row %zu of %s", i, event_name(rows[i].event));
        expect(what, rows[i].want);
    }
}

/* One row a code, in order; the rows of one event can be mixed. */
static const struct row codes[] = {
    {EVENT_FDI_REGISTRATION, {{"/extra", "''"}}, "101 /extra"},
    {EVENT_FDI_REGISTRATION, {{"/filing_id", "'x'"}}, "102 /filing_id"},
    {EVENT_FDI_REGISTRATION, {{"/enterprise", "'x'"}}, "103 /enterprise"},
    {EVENT_FDI_REGISTRATION, {{"/bank", "'x'"}}, "104 /bank"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/investors/0/due_on", "'x'"}},
     "105 /details/investors/0/due_on"},
    {EVENT_FDI_REGISTRATION, {{"/business_date", "'2026-04-14'"}}, "106 /business_date"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/total_investment/currency", "'x'"}},
     "107 /details/total_investment/currency"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/total_investment/value", "'x'"}},
     "108 /details/total_investment/value"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/investors/1/country", "'x'"}},
     "109 /details/investors/1/country"},
    {EVENT_FDI_REGISTRATION, {{"/details/industry", "'x'"}}, "110 /details/industry"},
    {EVENT_FDI_REGISTRATION, {{"/details/registration_no", "'x'"}}, "111 /details/registration_no"},
    {EVENT_FDI_REGISTRATION, {{"/checker", "'op017'"}}, "112 /checker"},
    {EVENT_FDI_REGISTRATION, {{"/note", "'\n'"}}, "113 /note"},
    {EVENT_FINANCING_CONTRACT, {{"/details/creditor/lei", "'x'"}}, "114 /details/creditor/lei"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/established_on", "'2026-04-15'"}},
     "115 /details/established_on"},
    {EVENT_FDI_REGISTRATION, {{"/details/investors/0/share_bp", "6001"}}, "116 /details/investors"},
};
_Static_assert(COUNT(codes) == CODE_SHARES - CODE_SCHEMA + 1, "every code of the stage has a row");

static void reports_every_code(void **state)
{
    (void)state;
    run_rows(codes, COUNT(codes));
    for (size_t i = 0; i < COUNT(codes); i++) {
        assert_int_equal(strtoul(codes[i].want, NULL, 10), CODE_SCHEMA + i);
    }
}

/* The sample with two rows broken at once; the first has the lower code. */
static void expect_both(const struct row *first, const struct row *second)
{
    struct row row = *second;
    char want[256];

    row.changes[1] = first->changes[0];
    (void)snprintf(want, sizeof(want), "%s|%s", first->want, second->want);
    change_sample(&row);
    expect("pair", want);
}

static void reports_two_failures_in_order(void **state)
{
    uint32_t n = 0;

    (void)state;
    for (size_t pair = 0; pair < COUNT(codes) * COUNT(codes); pair++) {
        const struct row *first = &codes[pair / COUNT(codes)];
        const struct row *second = &codes[pair % COUNT(codes)];

        if (first < second && first->event == second->event) {
            expect_both(first, second);
            n++;
        }
    }
    assert_int_equal(n, 15 * 14 / 2);
}

static void adds_the_signature_without_a_field(void **state)
{
    (void)state;
    read_sample(EVENT_FDI_INFLOW);
    tree_set(&tree, "/maker", "'op204'");
    form_check(&tree.doc, RECEIVED_ON, false, &form);
    assert_int_equal(form.failures.n, 2);
    assert_int_equal(form.failures.at[0].code, CODE_SAME_PERSON);
    assert_int_equal(form.failures.at[1].code, CODE_SIGNATURE);
    assert_string_equal(form.failures.at[1].field, "");
}

static const struct row structure[] = {
    {EVENT_FDI_INFLOW, {{"", "[]"}}, "101 "},
    {EVENT_FDI_INFLOW, {{"/event", "'fdi.outflow'"}}, "101 /event"},
    {EVENT_FDI_INFLOW, {{"/event", "'fdi.outflow'"}, {"/details/money", "1"}}, "101 /event"},
    {EVENT_FDI_INFLOW,
     {{"/event", "'fdi.outflow'"}, {"/details", NULL}},
     "101 /details|101 /event"},
    {EVENT_FDI_INFLOW, {{"/event", NULL}, {"/details", NULL}}, "101 /details|101 /event"},
    {EVENT_FDI_INFLOW, {{"/details/a~1", "''"}}, "101 /details/a~01"},
    {EVENT_FDI_INFLOW, {{"/7", "null"}, {"/details/31", "null"}}, "101 /7|101 /details/31"},
    {EVENT_FDI_INFLOW,
     {{"/details", "{}"}},
     "101 /details/account|101 /details/investor_no|101 /details/money|101 "
     "/details/registration_no|101 /details/remitter_country"},
    {EVENT_FDI_INFLOW,
     {{"/details/money", "{}"}},
     "101 /details/money/currency|101 /details/money/value"},
    {EVENT_FDI_REGISTRATION, {{"/details/investors", "[]"}}, "101 /details/investors"},
    {EVENT_FDI_REGISTRATION, {{"/details/investors/1", "1"}}, "101 /details/investors/1"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/investors/1/x", "1"}, {"/details/investors/0/cash/y", "1"}},
     "101 /details/investors/0/cash/y|101 /details/investors/1/x"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/investors/1/investor_no", "'I1'"}},
     "101 /details/investors/1/investor_no"},
    {EVENT_FDI_TRANSFER,
     {{"/details/buyer/investor_no", "'I1'"}},
     "101 /details/buyer/investor_no"},
    {EVENT_FDI_TRANSFER, {{"/details/buyer", NULL}, {"/details/seller_no", NULL}}, ""},
    {EVENT_FINANCING_PROFILE,
     {{"/details/mode", "'FACILITATION'"},
      {"/details/total_investment", NULL},
      {"/details/registered_capital", NULL},
      {"/details/paid_in", NULL},
      {"/details/foreign_paid_in_bp", NULL}},
     ""},
    /* Present and wrong is not absent. */
    {EVENT_FINANCING_PROFILE,
     {{"/details/paid_in/currency", "'x'"}, {"/details/foreign_paid_in_bp", "-1"}},
     "101 /details/foreign_paid_in_bp|107 /details/paid_in/currency"},
    {EVENT_FINANCING_CONTRACT, {{"/details/creditor/bic", "1"}}, "101 /details/creditor/bic"},
    {EVENT_FINANCING_CONTRACT,
     {{"/details/creditor/bic", NULL}, {"/details/creditor/kind", "'PARENT'"}},
     ""},
    {EVENT_FINANCING_CONTRACT,
     {{"/details/creditor/bic", NULL}, {"/details/creditor/kind", "'x'"}},
     "101 /details/creditor/kind"},
    /* Maker and checker that are both no tokens are not compared. */
    {EVENT_FDI_INFLOW, {{"/maker", "'a b'"}, {"/checker", "'a b'"}}, "101 /checker|101 /maker"},
};

static void names_each_fault_of_structure(void **state)
{
    (void)state;
    run_rows(structure, COUNT(structure));
}

static const struct row dates[] = {
    {EVENT_FDI_INFLOW, {{"/business_date", "'2026-04-12'"}}, ""},
    /* Nothing rests on a business date that is none. */
    {EVENT_OUTBOUND_COMPLETION,
     {{"/business_date", "'x'"}, {"/details/completed_on", "'2030-01-01'"}},
     "105 /business_date"},
    /* One in the future still orders dates. */
    {EVENT_OUTBOUND_COMPLETION,
     {{"/business_date", "'2026-05-01'"}, {"/details/completed_on", "'2026-05-02'"}},
     "106 /business_date|115 /details/completed_on"},
    {EVENT_FINANCING_CONTRACT, {{"/details/value_on", "'2026-04-10'"}}, ""},
    {EVENT_FINANCING_CONTRACT, {{"/details/value_on", "'2026-04-09'"}}, "115 /details/value_on"},
    {EVENT_FINANCING_CONTRACT, {{"/details/matures_on", "'2026-04-20'"}}, ""},
    {EVENT_FINANCING_CONTRACT,
     {{"/details/matures_on", "'2026-04-19'"}},
     "115 /details/matures_on"},
    {EVENT_FINANCING_CONTRACT,
     {{"/details/signed_on", "'2026-04-30'"}},
     "115 /details/signed_on|115 /details/value_on"},
    {EVENT_FINANCING_CONTRACT,
     {{"/details/value_on", "'x'"}, {"/details/matures_on", "'2020-01-01'"}},
     "105 /details/value_on"},
    {EVENT_FINANCING_INTEREST, {{"/details/period_to", "'2026-01-01'"}}, ""},
    {EVENT_FINANCING_INTEREST, {{"/details/period_to", "'2025-12-31'"}}, "115 /details/period_to"},
    {EVENT_FDI_DECREASE, {{"/details/notified_on", "'2026-01-05'"}}, ""},
    {EVENT_FDI_DECREASE, {{"/details/notified_on", "'2026-01-04'"}}, "115 /details/notified_on"},
    {EVENT_FDI_DECREASE, {{"/details/notified_on", "'2026-01-16'"}}, "115 /details/notified_on"},
    {EVENT_FDI_DECREASE, {{"/details/published_on", "'2026-01-04'"}}, "115 /details/published_on"},
    {EVENT_FDI_DECREASE, {{"/details/published_on", "'2026-02-05'"}}, "115 /details/published_on"},
    {EVENT_FDI_DECREASE,
     {{"/details/resolution_on", "'x'"}, {"/details/published_on", "'2020-01-01'"}},
     "105 /details/resolution_on"},
    /* These may lie anywhere. */
    {EVENT_FINANCING_DRAWDOWN, {{"/details/value_on", "'2030-01-01'"}}, ""},
    {EVENT_FINANCING_PROFILE, {{"/details/effective_on", "'2030-01-01'"}}, ""},
    {EVENT_OUTBOUND_LOAN, {{"/details/matures_on", "'2020-01-01'"}}, ""},
    {EVENT_OUTBOUND_CHANGE,
     {{"/details/ndrc/issued_on", "'2030-01-01'"}, {"/details/ndrc/valid_to", "'2020-01-01'"}},
     ""},
};

static void orders_only_the_dates_that_the_rulebook_orders(void **state)
{
    (void)state;
    run_rows(dates, COUNT(dates));
}

/* The fields of F12. */
static const char *const not_after[] = {
    "established_on", "signed_on",     "agreed_on",   "completed_on",
    "audited_on",     "resolution_on", "notified_on", "penalised_on",
};

static void date_field(enum event event, const struct form_field *field, const char *pointer)
{
    const char *name = strrchr(pointer, '/') + 1;
    bool listed = false;

    for (size_t i = 0; i < COUNT(not_after); i++) {
        listed = listed || strcmp(name, not_after[i]) == 0;
    }
    if (kind_is(field, "date")) {
        assert_int_equal(listed, strstr(field->kind, "up to the business date") != NULL);
    }
    if (listed) {
        char want[160];

        (void)snprintf(want, sizeof(want), "115 %s", pointer);
        read_sample(event);
        tree_set(&tree, pointer, "'2026-04-14'");
        assert_non_null(strstr(checked(), want));
    }
}

static void refuses_each_date_after_the_business_date(void **state)
{
    (void)state;
    each_field(date_field);
}

static const struct row amounts_together[] = {
    {EVENT_FDI_REGISTRATION,
     {{"/details/investors/0/subscribed/value", "'3000000.01'"}},
     "116 /details/registered_capital"},
    {EVENT_FDI_REGISTRATION, {{"/details/investors/0/cash/value", "'3000000.00'"}}, ""},
    {EVENT_FDI_REGISTRATION,
     {{"/details/investors/0/cash/value", "'3000000.01'"}},
     "116 /details/investors/0/cash"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/total_investment/currency", "'EUR'"}},
     "116 /details/total_investment/currency"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/investors/0/subscribed/currency", "'EUR'"}},
     "116 /details/investors/0/subscribed/currency"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/investors/1/cash/currency", "'EUR'"}},
     "116 /details/investors/1/cash/currency"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/registered_capital/currency", "'x'"},
      {"/details/investors/1/cash/currency", "'EUR'"}},
     "107 /details/registered_capital/currency"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/registered_capital/value", "'x'"},
      {"/details/investors/1/cash/currency", "'EUR'"}},
     "108 /details/registered_capital/value|116 /details/investors/1/cash/currency"},
    {EVENT_FDI_REGISTRATION,
     {{"/details/investors/0/share_bp", "0"}},
     "101 /details/investors/0/share_bp"},
    {EVENT_FDI_INCREASE, {{"/details/cash/value", "'100.01'"}}, "116 /details/cash"},
    {EVENT_FDI_INCREASE, {{"/details/cash/currency", "'EUR'"}}, "116 /details/cash/currency"},
    {EVENT_OUTBOUND_REGISTRATION, {{"/details/cash/value", "'50000000.00'"}}, ""},
    {EVENT_OUTBOUND_REGISTRATION, {{"/details/cash/value", "'50000000.01'"}}, "116 /details/cash"},
    {EVENT_OUTBOUND_REGISTRATION,
     {{"/details/cash/currency", "'EUR'"}},
     "116 /details/cash/currency"},
    {EVENT_FINANCING_PROFILE,
     {{"/details/total_investment/currency", "'EUR'"}},
     "116 /details/total_investment/currency"},
    {EVENT_FINANCING_PROFILE,
     {{"/details/paid_in/currency", "'EUR'"}},
     "116 /details/paid_in/currency"},
    {EVENT_FINANCING_PROFILE,
     {{"/details/mode", "'FACILITATION'"},
      {"/details/registered_capital", NULL},
      {"/details/paid_in/currency", "'EUR'"}},
     "116 /details/paid_in/currency"},
    /* Currencies: by their day, and in fields that are in CNY. */
    {EVENT_FDI_INFLOW, {{"/details/money/currency", "'DEM'"}}, "107 /details/money/currency"},
    {EVENT_FDI_INFLOW,
     {{"/details/money/currency", "'DEM'"}, {"/business_date", "'2002-02-28'"}},
     ""},
    {EVENT_FDI_INFLOW,
     {{"/details/money/currency", "'DEM'"}, {"/business_date", "'2002-03-01'"}},
     "107 /details/money/currency"},
    {EVENT_FDI_INFLOW,
     {{"/details/money/currency", "'DEM'"}, {"/business_date", "'x'"}},
     "105 /business_date"},
    {EVENT_FDI_PAYMENT, {{"/details/cny/currency", "'USD'"}}, "107 /details/cny/currency"},
    {EVENT_FINANCING_PROFILE,
     {{"/details/net_assets/currency", "'USD'"}},
     "107 /details/net_assets/currency"},
    {EVENT_OUTBOUND_LENDING_BASIS,
     {{"/details/equity/currency", "'USD'"}},
     "107 /details/equity/currency"},
    /* Without a currency only what is wrong in any currency is said of the value. */
    {EVENT_FDI_INFLOW,
     {{"/details/money", "{'currency':'x','value':'1.000'}"}},
     "107 /details/money/currency"},
    {EVENT_FDI_INFLOW,
     {{"/details/money", "{'currency':'x','value':'0.00'}"}},
     "107 /details/money/currency|108 /details/money/value"},
    {EVENT_FDI_INFLOW,
     {{"/details/money", "{'currency':'JPY','value':'1.0'}"}},
     "108 /details/money/value"},
    {EVENT_FDI_INFLOW, {{"/details/money", "{'currency':'KWD','value':'1.001'}"}}, ""},
    {EVENT_FDI_INFLOW, {{"/details/money", "{'currency':'JPY','value':'1000000000000000'}"}}, ""},
    {EVENT_FDI_INFLOW, {{"/details/money", "{'currency':'USD','value':'10000000000000.00'}"}}, ""},
};

static void adds_up_amounts_and_shares(void **state)
{
    (void)state;
    run_rows(amounts_together, COUNT(amounts_together));
}

static void investors_come_at_most_two_hundred(void **state)
{
    char first[] = "{'investor_no':'I000','name':'n','country':'DEU','subscribed':{'currency':"
                   "'USD','value':'1.00'},'cash':{'currency':'USD','value':'0'},'share_bp':50,"
                   "'due_on':'2031-04-01'}";

    (void)state;
    for (int n = 200; n <= 201; n++) {
        read_sample(EVENT_FDI_REGISTRATION);
        tree_set(&tree, "/details/registered_capital/value", "'200.00'");
        tree_set(&tree, "/details/investors", "[]");
        for (int i = 0; i < n; i++) {
            (void)snprintf(strchr(first, 'I'), 5, "I%03d", i);
            strchr(first, 'I')[4] = '\'';
            tree_set(&tree, "/details/investors/-", first);
        }
        expect("investors", n == 200 ? "" : "101 /details/investors");
    }
}

static void reads_what_was_filed(void **state)
{
    const struct filing *filing = &form.filing;
    const struct fdi_registration *registration = &filing->details.fdi_registration;
    const struct fdi_increase *increase = &filing->details.fdi_increase;
    const struct outbound_change *change = &filing->details.outbound_change;

    (void)state;
    read_sample(EVENT_FDI_REGISTRATION);
    expect("registration", "");
    assert_true(filing->sequence == 17);
    assert_memory_equal(filing->maker.at, "op017", 5);
    assert_int_equal(registration->setup, SETUP_NEW);
    assert_int_equal(registration->investors_n, 2);
    assert_ptr_equal(registration->investors, form.investors);
    assert_int_equal(form.investors[0].country, COUNTRY_DEU);
    assert_true(form.investors[0].cash.minor == 250000000);
    assert_int_equal(form.investors[1].cash.currency, CURRENCY_USD);
    assert_true(form.investors[1].share_bp == 4000);
    assert_int_equal(form.investors[1].due_on, date_make(2031, 4, 1));

    read_sample(EVENT_FDI_INCREASE);
    expect("increase", "");
    assert_true(increase->has_investor && increase->investor.has_share_bp);
    assert_true(increase->investor.share_bp == 1000);
    tree_remove(&tree, "/details/investor/share_bp");
    expect("increase", "");
    assert_true(increase->has_investor && !increase->investor.has_share_bp);
    tree_remove(&tree, "/details/investor");
    tree_remove(&tree, "/details/evidence_no");
    tree_remove(&tree, "/sequence");
    expect("increase", "");
    assert_false(increase->has_investor);
    assert_int_equal(increase->evidence_no.n, 0);
    assert_true(filing->sequence == 0);

    read_sample(EVENT_OUTBOUND_CHANGE);
    tree_remove(&tree, "/details/mofcom");
    tree_set(&tree, "/details/cash_delta/value", "#-5/0");
    expect("change", "");
    assert_true(change->has_ndrc && !change->has_mofcom);
    assert_int_equal(change->ndrc.level, NDRC_LEVEL_NATIONAL);
    assert_int_equal(change->mofcom.issued_on, DATE_NONE);
    assert_true(change->cash_delta.minor == -500);
}

static void takes_fields_in_any_order(void **state)
{
    (void)state;
    tree_read(&tree,
              "{'details':{'remitter_country':'DEU','account':'a','money':{'value':'1','currency':"
              "'DEM'},'investor_no':'I1','registration_no':'ABCDEFGH'},'checker':'b','maker':'a',"
              "'business_date':'2026-04-13','event':'fdi.inflow','enterprise':"
              "'91110000600037341L','bank':'210100000123','filing_id':"
              "'019a3f52-6c1e-7d40-9f6b-2f3a51c0d001'}");
    expect("any order", "107 /details/money/currency");
}

static void wants_the_details_of_the_event(void **state)
{
    (void)state;
    read_sample(EVENT_FDI_INFLOW);
    tree.doc.details_member = (struct text){.at = "fdi_inflow", .n = 10};
    expect("own", "");
    tree.doc.details_member = (struct text){.at = "fdi_payment", .n = 11};
    expect("other", "101 /details");
    tree_set(&tree, "/event", "'x'");
    expect("unknown event", "101 /event");
}

static void identifies_by_three_well_formed_fields(void **state)
{
    static const char *const fields[] = {"/filing_id", "/bank", "/enterprise"};

    (void)state;
    read_sample(EVENT_FDI_INFLOW);
    form_identify(&tree.doc, &form);
    assert_true(form.identified);
    assert_int_equal(form.failures.n, 0);
    assert_memory_equal(form.identity.event.at, "fdi.inflow", form.identity.event.n);
    assert_memory_equal(form.identity.business_date.at, "2026-04-13", 10);
    for (size_t i = 0; i < COUNT(fields); i++) {
        read_sample(EVENT_FDI_INFLOW);
        tree_set(&tree, fields[i], "'x'");
        form_identify(&tree.doc, &form);
        assert_false(form.identified);
        (void)checked();
        assert_false(form.identified);
        tree_set(&tree, fields[i], "7");
        form_identify(&tree.doc, &form);
        assert_false(form.identified);
    }
    assert_int_equal(form.identity.enterprise.n, 0);
    assert_int_equal(form.identity.bank.n, 12);
    tree_set(&tree, "", "'text'");
    form_identify(&tree.doc, &form);
    assert_false(form.identified);
    assert_int_equal(form.identity.bank.n, 0);
}

static void counts_what_it_leaves_out(void **state)
{
    (void)state;
    read_sample(EVENT_FDI_INFLOW);
    for (int i = 99; i >= 0; i--) {
        static char names[100][8];

        (void)snprintf(names[i], sizeof(names[i]), "/x%02d", i);
        tree_set(&tree, names[i], "1");
    }
    tree_set(&tree, "/bank", "'x'");
    (void)checked();
    assert_int_equal(form.failures.n, REASONS_LISTED_MAX);
    assert_int_equal(form.failures.more, 101 - REASONS_LISTED_MAX);
    assert_string_equal(form.failures.at[0].field, "/x00");
    assert_string_equal(form.failures.at[63].field, "/x63");
}

static void cuts_a_long_pointer_between_characters(void **state)
{
    static const char name[] = "/a" CJK128;

    (void)state;
    read_sample(EVENT_FDI_INFLOW);
    tree_set(&tree, name, "1");
    (void)checked();
    assert_int_equal(form.failures.n, 1);
    assert_int_equal(strlen(form.failures.at[0].field), 2 + 63 * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_a_good_filing_of_every_event),
        cmocka_unit_test(samples_have_every_field),
        cmocka_unit_test(reports_each_absent_field),
        cmocka_unit_test(takes_an_empty_text_for_absent),
        cmocka_unit_test(refuses_each_field_of_another_type),
        cmocka_unit_test(refuses_what_is_no_utf8_or_has_a_nul_in_each_text),
        cmocka_unit_test(reports_each_malformed_field),
        cmocka_unit_test(reports_each_fault_of_each_amount),
        cmocka_unit_test(reports_every_code),
        cmocka_unit_test(reports_two_failures_in_order),
        cmocka_unit_test(adds_the_signature_without_a_field),
        cmocka_unit_test(names_each_fault_of_structure),
        cmocka_unit_test(orders_only_the_dates_that_the_rulebook_orders),
        cmocka_unit_test(refuses_each_date_after_the_business_date),
        cmocka_unit_test(adds_up_amounts_and_shares),
        cmocka_unit_test(investors_come_at_most_two_hundred),
        cmocka_unit_test(reads_what_was_filed),
        cmocka_unit_test(takes_fields_in_any_order),
        cmocka_unit_test(wants_the_details_of_the_event),
        cmocka_unit_test(identifies_by_three_well_formed_fields),
        cmocka_unit_test(counts_what_it_leaves_out),
        cmocka_unit_test(cuts_a_long_pointer_between_characters),
    };

    return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
