/* Reference objects through trees: the samples of rulebook section 9 are read whole, and each thing
 * that section 8 refuses is refused at its field. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "form/date.h"
#include "form/iso.h"
#include "form/reference.h"
#include "tree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct tree tree;
static struct reference_item item;
static struct fault fault;
static alignas(max_align_t) uint8_t memory[65536];

/* 32 bytes 0, 1, 2 ... in base64. */
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEYS(id)                                                                                   \
    "[{'key_id':'" id "','public_key':'" KEY "','from':'2026-01-01','to':'2026-12-31'}]"

static const char *const samples[] = {
    [REFERENCE_NONE] = "{'kind':'x'}",
    [REFERENCE_POLICY] =
        "{'kind':'policy','policy':1,'rules':1,'parameters':[{'id':'MP.LEVERAGE','subject':'',"
        "'region':'','from':'2017-01-13','to':'','value':'2','source':'PBoC 9 (2017)',"
        "'confirmed':true},{'id':'FIN.NDRC.FROM','subject':'S','region':'2102','from':'','to':"
        "'2023-02-10','value':'required','source':'','confirmed':false},{'id':'OUT.PRELIM.SHARE',"
        "'value':'0.15','confirmed':true}]}",
    [REFERENCE_RATES] =
        "{'kind':'rates','date':'2026-04-13','rates':{'USD':'6.9651','EUR':'8.1234000000'}}",
    [REFERENCE_CALENDAR] = "{'kind':'calendar','year':2026,'holidays':['2026-01-01','2026-10-01']}",
    [REFERENCE_BANKS] =
        "{'kind':'banks','banks':[{'code':'210100000123','name':'b','roles':['FILER','AUTHORITY'],"
        "'keys':" KEYS("k1") "},{'code':'210100000124','keys':" KEYS("k1") "}]}",
    [REFERENCE_NEGATIVE_LIST] =
        "{'kind':'negative_list','rows':[{'prefix':'D4414','rule':'CAP','cap_bp':5000,'from':"
        "'2024-11-01','to':'','text':'nuclear power'},{'prefix':'G','rule':'PROHIBITED'},"
        "{'prefix':'P8','rule':'REVIEW','cap_bp':0}]}",
    [REFERENCE_SENSITIVE_LIST] =
        "{'kind':'sensitive_list','rows':[{'country':'PRK','industry':'','rule':'APPROVAL','from':"
        "'','to':'','text':'t'},{'country':'','industry':'B09','rule':'REVIEW'}]}",
    [REFERENCE_OPERATORS] =
        "{'kind':'operators','operators':[{'person':'p1','name':'n','roles':['ISSUER','WITNESS'],"
        "'keys':" KEYS("o1") "},{'person':'p2','roles':['WORKER'],'keys':" KEYS("o2") "}]}",
};
#define KINDS_N COUNT(samples)

static bool read_tree(size_t size)
{
    struct area area = {.at = memory, .size = size};

    memset(&item, 0xee, sizeof(item));
    memset(&fault, 0xee, sizeof(fault));
    return reference_read(&tree.doc, &area, &item, &fault);
}

static void read_sample(enum reference_kind kind)
{
    tree_read(&tree, samples[kind]);
    if (!read_tree(sizeof(memory))) {
        print_error("%s: %s %s\n", samples[kind], fault.field, fault.text);
        fail();
    }
    assert_int_equal(item.kind, kind);
}

static bool is(struct text text, const char *want)
{
    return text.n == strlen(want) && memcmp(text.at, want, text.n) == 0;
}

static void reads_a_policy(void **state)
{
    const struct policy *policy = &item.of.policy;

    (void)state;
    read_sample(REFERENCE_POLICY);
    assert_true(policy->policy == 1 && policy->rules == 1 && policy->parameters_n == 3);
    assert_true(is(policy->parameters[0].id, "MP.LEVERAGE"));
    assert_int_equal(policy->parameters[0].from_on, date_make(2017, 1, 13));
    assert_int_equal(policy->parameters[0].to_on, DATE_LAST);
    assert_true(policy->parameters[0].has_number && policy->parameters[0].confirmed);
    assert_true(policy->parameters[0].number.numerator == 2);
    assert_true(is(policy->parameters[1].region, "2102"));
    assert_true(is(policy->parameters[1].value, "required"));
    assert_int_equal(policy->parameters[1].from_on, DATE_FIRST);
    assert_int_equal(policy->parameters[1].to_on, date_make(2023, 2, 10));
    assert_false(policy->parameters[1].has_number || policy->parameters[1].confirmed);
    assert_int_equal(policy->parameters[2].ordinal, 2);
    assert_true(policy->parameters[2].number.numerator == 15);
    assert_int_equal(policy->parameters[2].number.scale, 2);
}

static void reads_rates_and_a_calendar(void **state)
{
    (void)state;
    read_sample(REFERENCE_RATES);
    assert_int_equal(item.of.rates.date_on, date_make(2026, 4, 13));
    assert_int_equal(item.of.rates.rates_n, 2);
    assert_int_equal(item.of.rates.rates[0].currency, CURRENCY_USD);
    assert_true(item.of.rates.rates[0].rate_e10 == INT64_C(69651000000));
    assert_true(item.of.rates.rates[1].rate_e10 == INT64_C(81234000000));
    read_sample(REFERENCE_CALENDAR);
    assert_int_equal(item.of.calendar.year, 2026);
    assert_int_equal(item.of.calendar.holidays_n, 2);
    assert_int_equal(item.of.calendar.holidays[1], date_make(2026, 10, 1));
}

static void reads_registers(void **state)
{
    const struct member *member;

    (void)state;
    read_sample(REFERENCE_BANKS);
    member = &item.of.banks.members[0];
    assert_int_equal(item.of.banks.members_n, 2);
    assert_true(is(member->id, "210100000123") && is(member->name, "b"));
    assert_int_equal(member->roles, ROLE_FILER | ROLE_AUTHORITY);
    assert_int_equal(member->keys_n, 1);
    assert_true(is(member->keys[0].key_id, "k1"));
    for (uint32_t i = 0; i < PUBLIC_KEY_SIZE; i++) {
        assert_int_equal(member->keys[0].key[i], i);
    }
    assert_int_equal(member->keys[0].to_on, date_make(2026, 12, 31));
    assert_int_equal(item.of.banks.members[1].roles, 0);
    read_sample(REFERENCE_OPERATORS);
    assert_int_equal(item.of.operators.members[0].roles, ROLE_ISSUER | ROLE_WITNESS);
    assert_int_equal(item.of.operators.members[1].roles, ROLE_WORKER);
    assert_true(is(item.of.operators.members[1].id, "p2"));
}

static void reads_lists(void **state)
{
    (void)state;
    read_sample(REFERENCE_NEGATIVE_LIST);
    assert_int_equal(item.of.negative.rows_n, 3);
    assert_true(is(item.of.negative.rows[0].industry, "D4414"));
    assert_int_equal(item.of.negative.rows[0].rule, LIST_CAP);
    assert_true(item.of.negative.rows[0].cap_bp == 5000);
    assert_int_equal(item.of.negative.rows[1].rule, LIST_PROHIBITED);
    assert_int_equal(item.of.negative.rows[1].from_on, DATE_FIRST);
    assert_int_equal(item.of.negative.rows[2].rule, LIST_REVIEW);
    read_sample(REFERENCE_SENSITIVE_LIST);
    assert_true(is(item.of.sensitive.rows[0].country, "PRK"));
    assert_int_equal(item.of.sensitive.rows[0].rule, LIST_APPROVAL);
    assert_true(is(item.of.sensitive.rows[1].industry, "B09"));
    assert_int_equal(item.of.sensitive.rows[1].country.n, 0);
    assert_int_equal(item.of.sensitive.rows[1].rule, LIST_REVIEW);
}

static void reads_an_operators_object_of_a_founding_record(void **state)
{
    struct area area = {.at = memory, .size = sizeof(memory)};
    struct register_change change;

    (void)state;
    tree_read(&tree, samples[REFERENCE_OPERATORS]);
    tree_remove(&tree, "/kind");
    assert_true(founding_read_operators(&tree.doc, &area, &change, &fault));
    assert_int_equal(change.members_n, 2);
    assert_false(reference_read(&tree.doc, &area, &item, &fault));
    assert_string_equal(fault.field, "/kind");
    tree_set(&tree, "/operators/0/roles/0", "'FILER'");
    assert_false(founding_read_operators(&tree.doc, &area, &change, &fault));
    assert_string_equal(fault.field, "/operators/0/roles");
}

struct row {
    enum reference_kind kind;
    const char *pointer;
    const char *value; /* NULL = removed */
    const char *field; /* of the fault; NULL = none */
};

#define ANYTHING REFERENCE_NONE

static const struct row rows[] = {
    {ANYTHING, "/kind", "'policies'", "/kind"},
    {ANYTHING, "/kind", "1", "/kind"},
    {ANYTHING, "", "[]", ""},
    {REFERENCE_POLICY, "/kind", NULL, "/kind"},
    {REFERENCE_POLICY, "/other", "1", "/other"},
    {REFERENCE_POLICY, "/policy", NULL, "/policy"},
    {REFERENCE_POLICY, "/policy", "'1'", "/policy"},
    {REFERENCE_POLICY, "/policy", "-1", "/policy"},
    {REFERENCE_POLICY, "/rules", "0", "/rules"},
    {REFERENCE_POLICY, "/rules", NULL, "/rules"},
    {REFERENCE_POLICY, "/parameters", NULL, NULL},
    {REFERENCE_POLICY, "/parameters", "[]", NULL},
    {REFERENCE_POLICY, "/parameters", "{}", "/parameters"},
    {REFERENCE_POLICY, "/parameters/1", "1", "/parameters/1"},
    {REFERENCE_POLICY, "/parameters/1/x", "''", "/parameters/1/x"},
    {REFERENCE_POLICY, "/parameters/1/id", "''", "/parameters/1/id"},
    {REFERENCE_POLICY, "/parameters/1/value", "''", "/parameters/1/value"},
    {REFERENCE_POLICY, "/parameters/1/value", "2", "/parameters/1/value"},
    {REFERENCE_POLICY, "/parameters/1/confirmed", NULL, "/parameters/1/confirmed"},
    {REFERENCE_POLICY, "/parameters/1/confirmed", "1", "/parameters/1/confirmed"},
    {REFERENCE_POLICY, "/parameters/1/source", "'a\tb'", "/parameters/1/source"},
    {REFERENCE_POLICY, "/parameters/1/subject", "'\xff'", "/parameters/1/subject"},
    {REFERENCE_POLICY, "/parameters/1/region", "'21'", NULL},
    {REFERENCE_POLICY, "/parameters/1/region", "'210200'", NULL},
    {REFERENCE_POLICY, "/parameters/1/region", "'210'", "/parameters/1/region"},
    {REFERENCE_POLICY, "/parameters/1/region", "'SH'", "/parameters/1/region"},
    {REFERENCE_POLICY, "/parameters/1/from", "'2023-02-10'", NULL},
    {REFERENCE_POLICY, "/parameters/1/from", "'2023-02-11'", "/parameters/1/to"},
    {REFERENCE_POLICY, "/parameters/1/from", "'2023-2-1'", "/parameters/1/from"},
    {REFERENCE_POLICY, "/parameters/1/to", "'2023-02-30'", "/parameters/1/to"},
    {REFERENCE_RATES, "/date", "'x'", "/date"},
    {REFERENCE_RATES, "/date", NULL, "/date"},
    {REFERENCE_RATES, "/rates", "[]", "/rates"},
    {REFERENCE_RATES, "/rates/CNY", "'1'", "/rates/CNY"},
    {REFERENCE_RATES, "/rates/CNH", "'1'", "/rates/CNH"},
    {REFERENCE_RATES, "/rates/DEM", "'1'", NULL},
    {REFERENCE_RATES, "/rates/JPY", "'0.0000000001'", NULL},
    {REFERENCE_RATES, "/rates/JPY", "'0.00000000001'", "/rates/JPY"},
    {REFERENCE_RATES, "/rates/JPY", "'0'", "/rates/JPY"},
    {REFERENCE_RATES, "/rates/JPY", "'-1'", "/rates/JPY"},
    {REFERENCE_RATES, "/rates/JPY", "1", "/rates/JPY"},
    {REFERENCE_CALENDAR, "/year", "0", "/year"},
    {REFERENCE_CALENDAR, "/year", NULL, "/year"},
    {REFERENCE_CALENDAR, "/holidays/1", "'2026-02-29'", "/holidays/1"},
    {REFERENCE_CALENDAR, "/holidays/1", "'2027-01-01'", "/holidays"},
    {REFERENCE_CALENDAR, "/holidays", NULL, NULL},
    {REFERENCE_BANKS, "/banks/1/code", "'21010000012'", "/banks/1/code"},
    {REFERENCE_BANKS, "/banks/0/roles/0", "'ISSUER'", "/banks/0/roles"},
    {REFERENCE_BANKS, "/banks/0/roles", "'FILER'", "/banks/0/roles"},
    {REFERENCE_BANKS, "/banks/0/roles", "[]", NULL},
    {REFERENCE_BANKS, "/banks/0/keys/-", "{'key_id':'k1','public_key':'" KEY "'}", "/banks/0/keys"},
    {REFERENCE_BANKS, "/banks/0/keys/-", "{'key_id':'k2','public_key':'" KEY "'}", NULL},
    {REFERENCE_BANKS, "/banks/0/keys/0/key_id", "'a b'", "/banks/0/keys/0/key_id"},
    {REFERENCE_BANKS, "/banks/0/keys/0/key_id", NULL, "/banks/0/keys/0/key_id"},
    {REFERENCE_BANKS, "/banks/0/keys/0/to", "'2025-12-31'", "/banks/0/keys/0/to"},
    {REFERENCE_BANKS, "/banks/0/keys/0/x", "1", "/banks/0/keys/0/x"},
    {REFERENCE_OPERATORS, "/operators/1/roles/0", "'FILER'", "/operators/1/roles"},
    {REFERENCE_OPERATORS, "/operators/1/person", "''", "/operators/1/person"},
    {REFERENCE_OPERATORS, "/operators/1/keys/0/key_id", "'o1'", "/operators"},
    {REFERENCE_NEGATIVE_LIST, "/rows/0/cap_bp", NULL, "/rows/0/cap_bp"},
    {REFERENCE_NEGATIVE_LIST, "/rows/0/cap_bp", "10001", "/rows/0/cap_bp"},
    {REFERENCE_NEGATIVE_LIST, "/rows/0/cap_bp", "0", NULL},
    {REFERENCE_NEGATIVE_LIST, "/rows/1/prefix", "'U'", "/rows/1/prefix"},
    {REFERENCE_NEGATIVE_LIST, "/rows/1/prefix", "'D44145'", "/rows/1/prefix"},
    {REFERENCE_NEGATIVE_LIST, "/rows/1/prefix", "'D4'", NULL},
    {REFERENCE_NEGATIVE_LIST, "/rows/1/prefix", "''", "/rows/1/prefix"},
    {REFERENCE_NEGATIVE_LIST, "/rows/1/rule", "'APPROVAL'", "/rows/1/rule"},
    {REFERENCE_NEGATIVE_LIST, "/rows/1/rule", "''", "/rows/1/rule"},
    {REFERENCE_SENSITIVE_LIST, "/rows/0/rule", "'CAP'", "/rows/0/rule"},
    {REFERENCE_SENSITIVE_LIST, "/rows/0/country", "'KP'", "/rows/0/country"},
    {REFERENCE_SENSITIVE_LIST, "/rows/0/cap_bp", "1", "/rows/0/cap_bp"},
    {REFERENCE_SENSITIVE_LIST, "/rows/0/from", "'2026'", "/rows/0/from"},
};

static void names_each_fault_at_its_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool ok;

        tree_read(&tree, samples[rows[i].kind]);
        if (rows[i].value) {
            tree_set(&tree, rows[i].pointer, rows[i].value);
        } else {
            tree_remove(&tree, rows[i].pointer);
        }
        ok = read_tree(sizeof(memory));
        if (ok != !rows[i].field || (!ok && strcmp(fault.field, rows[i].field) != 0)) {
            print_error("row %zu, %s: got '%s'\n", i, rows[i].pointer, ok ? "ok" : fault.field);
            fail();
        }
    }
}

/* Is the text refused as a key, or is it another key than 0, 1, 2 ...? */
static bool is_another_key(const char *text)
{
    bool other = false;

    tree_read(&tree, samples[REFERENCE_BANKS]);
    tree_set(&tree, "/banks/0/keys/0/public_key", text);
    if (!read_tree(sizeof(memory))) {
        return strcmp(fault.field, "/banks/0/keys/0/public_key") == 0;
    }
    for (uint32_t i = 0; i < PUBLIC_KEY_SIZE; i++) {
        other = other || item.of.banks.members[0].keys[0].key[i] != i;
    }
    return other;
}

static void key_has_one_text_only(void **state)
{
    static const char others[] = "A/z=- ";
    char text[] = "'" KEY "'";

    (void)state;
    assert_false(is_another_key(text));
    for (size_t i = 1; i < strlen(text) - 1; i++) {
        const char was = text[i];

        for (size_t c = 0; c < strlen(others); c++) {
            text[i] = others[c];
            assert_true(others[c] == was || is_another_key(text));
        }
        text[i] = was;
    }
    for (size_t n = 1; n < strlen(KEY); n++) {
        char shorter[64];

        (void)snprintf(shorter, sizeof(shorter), "'%.*s'", (int)n, KEY);
        tree_read(&tree, samples[REFERENCE_BANKS]);
        tree_set(&tree, "/banks/0/keys/0/public_key", shorter);
        assert_false(read_tree(sizeof(memory)));
        assert_string_equal(fault.field, "/banks/0/keys/0/public_key");
    }
}

static void refuses_when_the_area_is_too_small(void **state)
{
    (void)state;
    for (uint32_t kind = REFERENCE_POLICY; kind < KINDS_N; kind++) {
        size_t size = 0;

        tree_read(&tree, samples[kind]);
        while (!read_tree(size)) {
            assert_string_equal(fault.text, "the object does not fit into memory");
            size++;
        }
        assert_in_range(size, 8, 1024);
    }
}

static void area_gives_zeroed_parts_in_order(void **state)
{
    struct area area = {.at = memory + 1, .size = 200};
    uint8_t *last = memory;
    uint32_t n = 0;

    (void)state;
    memset(memory, 0xff, sizeof(memory));
    for (uint8_t *part = area_take(&area, 3); part; part = area_take(&area, 3)) {
        assert_int_equal((uintptr_t)part % alignof(max_align_t), 0);
        assert_true(part > last && part + 3 <= area.at + area.size);
        assert_int_equal(part[0] | part[1] | part[2], 0);
        last = part;
        n++;
    }
    assert_int_equal(n, 12);
    assert_null(area_take(&area, SIZE_MAX));
    assert_int_equal(memory[201], 0xff);
}

static void finds_every_kind_by_its_name(void **state)
{
    (void)state;
    for (uint32_t i = REFERENCE_POLICY; i < KINDS_N; i++) {
        const char *name = reference_kind_name((enum reference_kind)i);

        assert_int_equal(reference_kind_find(name, strlen(name)), i);
        assert_int_equal(reference_kind_find(name, strlen(name) - 1), REFERENCE_NONE);
    }
    assert_int_equal(reference_kind_find("", 0), REFERENCE_NONE);
    assert_string_equal(reference_kind_name(REFERENCE_NEGATIVE_LIST), "negative_list");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_policy),
        cmocka_unit_test(reads_rates_and_a_calendar),
        cmocka_unit_test(reads_registers),
        cmocka_unit_test(reads_lists),
        cmocka_unit_test(reads_an_operators_object_of_a_founding_record),
        cmocka_unit_test(names_each_fault_at_its_field),
        cmocka_unit_test(key_has_one_text_only),
        cmocka_unit_test(refuses_when_the_area_is_too_small),
        cmocka_unit_test(area_gives_zeroed_parts_in_order),
        cmocka_unit_test(finds_every_kind_by_its_name),
    };

    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
