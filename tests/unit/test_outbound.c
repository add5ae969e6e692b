/* Outbound investment (rulebook section 5; S7, S9, S11, S12, O1, O2, B1, R1): registrations and
 * remittances over the shipped policy. */
#include "story.h"

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

#define USD(value) "{'currency':'USD','value':'" value "'}"
#define EUR(value) "{'currency':'EUR','value':'" value "'}"
#define JPY(value) "{'currency':'JPY','value':'" value "'}"

#define REGISTRATION                                                                               \
    "'registration_no':'OUT00001','route':'DIRECT',"                                               \
    "'target':{'name':'Nordlicht GmbH','country':'DEU'},'industry':'C3511','sensitive':false,"     \
    "'central_enterprise':false,'total':" USD("50000000.00") ",'cash':" USD(                       \
        "40000000.00") ","                                                                         \
                       "'ndrc':{'kind':'FILING','level':'PROVINCIAL','number':'N1',"               \
                       "'issued_on':'2026-01-05','valid_to':'2028-01-04'},"                        \
                       "'mofcom':{'number':'M1','issued_on':'2026-01-06',"                         \
                       "'valid_to':'2028-01-05'}"
#define REMITTANCE                                                                                 \
    "'registration_no':'OUT00001','money':" USD(                                                   \
        "1000000.00") ",'payee':{'name':'Hafen AG','country':'DEU'},"                              \
                      "'declaration_no':'210100000123260413A001'"

static void accept(const struct decision *decision) { expect(decision, OUTCOME_ACCEPTED, ""); }

/* Every row breaks one field of a good filing; what is accepted is taken back. */
static void run_rows(struct story *s, const struct story_row *rows, size_t n,
                     void (*tell)(struct story *s, uint32_t id))
{
    for (uint32_t i = 0; i < n; i++) {
        tell(s, 1000 + i);
        if (rows[i].at[0] != '\0') {
            story_set(s, rows[i].at, rows[i].json);
        }
        (void)story_end(s);
        if (s->f->result.decision.outcome != rows[i].outcome) {
            print_error("row %u: %s\n", i, rows[i].at);
        }
        expect(&s->f->result.decision, rows[i].outcome, rows[i].reasons);
        expect_flags(&s->f->result.decision, rows[i].flags);
        if (rows[i].outcome == OUTCOME_ACCEPTED) {
            accept(story_reverse(s, 2000 + i, 1000 + i, "2026-12-31"));
        }
    }
}

static void tell_registration(struct story *s, uint32_t id)
{
    story_begin(s, id, "outbound.registration", "2026-04-13", REGISTRATION);
}

static void tell_remittance(struct story *s, uint32_t id)
{
    story_begin(s, id, "outbound.remittance", "2026-04-13", REMITTANCE);
}

static void register_once(struct story *s)
{
    tell_registration(s, 1);
    accept(story_end(s));
}

/* An application with what was remitted for it, as its own events leave it. */
static void with_application(struct story *s, const char *currency, const char *limit,
                             const char *used)
{
    const struct object object = {.kind = OBJECT_OUTBOUND_APPLICATION,
                                  .number = "APPL0001",
                                  .opened_number = 1,
                                  .opened_on = D("2026-02-02"),
                                  .moved_number = 2,
                                  .moved_on = D("2026-03-02")};
    const struct limit preliminary = {
        .key = {.owner = 1,          .kind = LIMIT_OUTBOUND_PRELIMINARY},
        .currency = M(currency, limit).currency,
        .is = { .limit = M(currency, limit).minor,                        .used = M(currency, used).minor}
    };

    (void)enterprise_object_add(&s->f->state, &object);
    (void)enterprise_limit_add(&s->f->state, &preliminary);
    s->f->number = 2;
}

/* ---- outbound.registration ------------------------------------------------------------------ */

static void the_cash_registered_may_be_remitted(void **state)
{
    struct story *s = *state;

    register_once(s);
    expect_postings(&s->f->result.decision,
                    "outbound.remittance:OUT00001 USD 4000000000,0,0 = 4000000000,0,0");
    expect_flags(&s->f->result.decision, "");
    expect_basis(s->f, &s->f->result.decision, "OUT.NDRC.USD@2018-03-01");
}

/* The worked case of section 5. */
static void what_was_remitted_before_is_taken_off(void **state)
{
    struct story *s = *state;

    with_application(s, "USD", "6000000.00", "2500000.00");
    tell_registration(s, 1);
    story_set(s, "/details/application_no", "'APPL0001'");
    accept(story_end(s));
    expect_postings(&s->f->result.decision,
                    "outbound.remittance:OUT00001 USD 3750000000,0,0 = 3750000000,0,0");
    assert_true(s->f->state.objects[0].closed); /* O2 */
    tell_registration(s, 2);
    story_set(s, "/details/registration_no", "'OUT00002'");
    story_set(s, "/details/application_no", "'APPL0001'");
    expect(story_end(s), OUTCOME_REJECTED, "204 /details/application_no");
    /* Its reversal opens the application again. */
    accept(story_reverse(s, 3, 1, "2026-04-13"));
    expect_postings(&s->f->result.decision,
                    "outbound.remittance:OUT00001 USD -3750000000,0,0 = 0,0,0");
    assert_int_equal(s->f->state.objects_n, 1);
    assert_false(s->f->state.objects[0].closed);
    assert_true(s->f->state.objects[0].moved_on == D("2026-03-02"));
    tell_registration(s, 4);
    story_set(s, "/details/application_no", "'APPL0001'");
    accept(story_end(s));
}

/* O2: converted up, at the rate of the business date. */
static void cash_covers_what_was_remitted_before(void **state)
{
    struct story *s = *state;

    with_application(s, "EUR", "100.00", "0.07");
    tell_registration(s, 1);
    story_set(s, "/details/application_no", "'APPL0001'");
    expect(story_end(s), OUTCOME_HELD, "401 /business_date");
    expect_basis(s->f, &s->f->result.decision, "OUT.NDRC.USD@2018-03-01");
    fixture_bulletin(s->f);
    fixture_rate(s->f, "2026-04-13", "USD", "7");
    fixture_rate(s->f, "2026-04-13", "EUR", "8");
    fixture_pass(s->f, false);
    assert_int_equal(s->f->later_n, 1);
    expect_postings(&s->f->later[0],
                    "outbound.remittance:OUT00001 USD 3999999992,0,0 = 3999999992,0,0");
    expect_basis(s->f, &s->f->later[0], "OUT.NDRC.USD@2018-03-01 2026-04-13");
    accept(story_reverse(s, 2, 1, "2026-04-13"));
    tell_registration(s, 3);
    story_set(s, "/details/application_no", "'APPL0001'");
    story_set(s, "/details/cash/value", "'0.07'");
    expect(story_end(s), OUTCOME_REJECTED,
           "302 /details/cash outbound.preliminary:APPL0001 USD 7 8");
    tell_registration(s, 4);
    story_set(s, "/details/application_no", "'APPL0001'");
    story_set(s, "/details/cash/value", "'0.08'");
    accept(story_end(s));
    assert_int_equal(s->f->result.decision.postings_n, 0);
    tell_remittance(s, 5);
    story_set(s, "/details/money/value", "'0.01'");
    expect(story_end(s), OUTCOME_REJECTED,
           "301 /details/money outbound.remittance:OUT00001 USD 0 1");
}

static void a_registration_is_refused_where_it_fails(void **state)
{
    static const struct story_row rows[] = {
        {"",                            NULL,             OUTCOME_ACCEPTED, "",                             ""},
        {"/details/registration_no",    "'OUT00009'",     OUTCOME_REJECTED, "202 /details/registration_no",
         ""                                                                                                   },
        {"/details/registration_no",    "'out'",          OUTCOME_REJECTED, "111 /details/registration_no", ""},
        {"/details/application_no",     "'APPL0009'",     OUTCOME_REJECTED, "203 /details/application_no",
         ""                                                                                                   },
        {"/details/sensitive",          "true",           OUTCOME_REJECTED, "211 /details/ndrc/kind",       ""},
        {"/details/central_enterprise", "true",           OUTCOME_REJECTED, "211 /details/ndrc/level",      ""},
        {"/details/total/value",        "'299999999.99'", OUTCOME_ACCEPTED, "",                             ""},
        {"/details/total/value",        "'300000000.00'", OUTCOME_REJECTED, "211 /details/ndrc/level",      ""},
        {"/details/ndrc/issued_on",     "'2026-04-13'",   OUTCOME_ACCEPTED, "",                             ""},
        {"/details/ndrc/issued_on",     "'2026-04-14'",   OUTCOME_REJECTED, "211 /details/ndrc/issued_on",
         ""                                                                                                   },
        {"/details/ndrc/valid_to",      "'2026-04-13'",   OUTCOME_ACCEPTED, "",                             ""},
        {"/details/ndrc/valid_to",      "'2026-04-12'",   OUTCOME_REJECTED, "211 /details/ndrc/valid_to",
         ""                                                                                                   },
        {"/details/mofcom/issued_on",   "'2026-04-14'",   OUTCOME_REJECTED,
         "211 /details/mofcom/issued_on",                                                                   ""},
        {"/details/mofcom/valid_to",    "'2026-04-12'",   OUTCOME_REJECTED,
         "211 /details/mofcom/valid_to",                                                                    ""},
        {"/details/mofcom",             NULL,             OUTCOME_REJECTED, "101 /details/mofcom",          ""},
        {"/details/cash/value",         "'50000000.01'",  OUTCOME_REJECTED, "116 /details/cash",            ""},
        {"/details/cash/value",         "'0.00'",         OUTCOME_ACCEPTED, "",                             ""},
        {"/details/cash/currency",      "'EUR'",          OUTCOME_REJECTED, "116 /details/cash/currency",   ""},
        {"/details/target/country",     "'DE'",           OUTCOME_REJECTED, "109 /details/target/country",  ""},
        {"/details/industry",           "'X1'",           OUTCOME_REJECTED, "110 /details/industry",        ""},
        {"/bank",                       "'999999999999'", OUTCOME_REJECTED, "205 /bank",                    ""},
    };
    struct story *s = *state;

    tell_registration(s, 1);
    story_set(s, "/details/registration_no", "'OUT00009'");
    accept(story_end(s));
    run_rows(s, rows, ROWS(rows), tell_registration);
    /* All at once, in the order of code and field. */
    tell_registration(s, 2);
    story_set(s, "/details/registration_no", "'OUT00009'");
    story_set(s, "/details/application_no", "'APPL0009'");
    story_set(s, "/details/sensitive", "true");
    story_set(s, "/details/central_enterprise", "true");
    story_set(s, "/bank", "'210100000999'");
    expect(story_end(s), OUTCOME_REJECTED,
           "202 /details/registration_no; 203 /details/application_no; 205 /bank; "
           "211 /details/ndrc/kind; 211 /details/ndrc/level");
}

/* S3: registrations share one number space, whichever way the investment goes. */
static void a_registration_number_of_the_other_kind_is_taken_and_unknown(void **state)
{
    struct story *s = *state;
    static const char fdi[] =
        "'registration_no':'OUT00001','setup':'NEW','region':'210100','industry':'C3011',"
        "'established_on':'2026-01-05','registered_capital':" USD(
            "10.00") ",'investors':[{'investor_no':'F1','name':'Hafen AG','country':'DEU',"
                     "'subscribed':" USD("10.00") ",'cash':" USD(
                         "10.00") ",'share_bp':10000,"
                                  "'due_on':'2028-01-01'}],'evidence_no':'E1'";

    accept(story_file(s, 1, "fdi.registration", "2026-04-13", fdi));
    tell_registration(s, 2);
    expect(story_end(s), OUTCOME_REJECTED, "202 /details/registration_no");
    tell_remittance(s, 3);
    expect(story_end(s), OUTCOME_REJECTED, "203 /details/registration_no");
}

/* S7: the threshold waits for its rate and is in USD, rounded up to the cent. */
static void the_national_level_waits_for_the_rate(void **state)
{
    static const struct {
        const char *total;
        const char *reasons;
    } rows[] = {
        {"'262499999.99'", ""                       }, /* USD 299,999,999.99 */
        {"'262500000.00'", "211 /details/ndrc/level"},
    };
    struct story *s = *state;

    tell_registration(s, 1);
    story_set(s, "/details/total", EUR("262499999.99"));
    story_set(s, "/details/cash/currency", "'EUR'");
    expect(story_end(s), OUTCOME_HELD, "401 /business_date");
    expect_basis(s->f, &s->f->result.decision, "OUT.NDRC.USD@2018-03-01");
    fixture_bulletin(s->f);
    fixture_rate(s->f, "2026-04-13", "USD", "7");
    fixture_rate(s->f, "2026-04-13", "EUR", "8");
    fixture_pass(s->f, false);
    expect(&s->f->later[0], OUTCOME_ACCEPTED, "");
    expect_basis(s->f, &s->f->later[0], "OUT.NDRC.USD@2018-03-01 2026-04-13");
    for (uint32_t i = 0; i < ROWS(rows); i++) {
        char number[16];

        (void)snprintf(number, sizeof(number), "'OUT0001%u'", i);
        tell_registration(s, 100 + i);
        story_set(s, "/details/registration_no", number);
        story_set(s, "/details/total", EUR("1.00"));
        story_set(s, "/details/total/value", rows[i].total);
        story_set(s, "/details/cash/currency", "'EUR'");
        expect(story_end(s), rows[i].reasons[0] ? OUTCOME_REJECTED : OUTCOME_ACCEPTED,
               rows[i].reasons);
    }
    /* Before its first day there is no threshold, and no rate is asked for (S12). */
    tell_registration(s, 200);
    story_set(s, "/details/registration_no", "'OUT00020'");
    story_set(s, "/business_date", "'2018-02-28'");
    story_set(s, "/details/ndrc/issued_on", "'2018-01-01'");
    story_set(s, "/details/mofcom/issued_on", "'2018-01-01'");
    story_set(s, "/details/total", JPY("900000000000000"));
    story_set(s, "/details/cash", JPY("900000000000000"));
    accept(story_end(s));
    expect_basis(s->f, &s->f->result.decision, "");
}

/* S11. */
static void the_sensitive_list_asks_for_an_approval_and_for_a_person(void **state)
{
    static const struct {
        const char *country;
        const char *industry;
        const char *kind;
        enum outcome outcome;
        const char *reasons;
    } rows[] = {
        {"'DEU'", "'C3511'", "'FILING'",   OUTCOME_ACCEPTED, ""                           },
        {"'PRK'", "'C3511'", "'FILING'",   OUTCOME_REJECTED, "211 /details/ndrc/kind"     },
        {"'PRK'", "'C3511'", "'APPROVAL'", OUTCOME_ACCEPTED, ""                           },
        {"'DEU'", "'K7010'", "'FILING'",   OUTCOME_REJECTED, "211 /details/ndrc/kind"     },
        {"'DEU'", "'K7010'", "'APPROVAL'", OUTCOME_HELD,     "402 /details/industry"      },
        {"'SDN'", "'C3511'", "'APPROVAL'", OUTCOME_HELD,     "402 /details/target/country"},
        {"'SSD'", "'C3511'", "'FILING'",   OUTCOME_ACCEPTED, ""                           },
        {"'SSD'", "'B0610'", "'FILING'",   OUTCOME_REJECTED, "211 /details/ndrc/kind"     },
        {"'SDN'", "'K7010'", "'APPROVAL'", OUTCOME_HELD,
         "402 /details/industry; 402 /details/target/country"                             },
    };
    struct story *s = *state;

    fixture_sensitive(s->f, "PRK", "", LIST_APPROVAL);
    fixture_sensitive(s->f, "", "K70", LIST_REVIEW);
    fixture_sensitive(s->f, "SDN", "", LIST_REVIEW);
    fixture_sensitive(s->f, "SSD", "B", LIST_APPROVAL);
    for (uint32_t i = 0; i < 5; i++) { /* however many rows ask, it is one field (F15) */
        fixture_sensitive(s->f, "SDN", "", LIST_REVIEW);
    }
    for (uint32_t i = 0; i < ROWS(rows); i++) {
        char number[16];

        (void)snprintf(number, sizeof(number), "'OUT0001%u'", i);
        tell_registration(s, 100 + i);
        story_set(s, "/details/registration_no", number);
        story_set(s, "/details/target/country", rows[i].country);
        story_set(s, "/details/industry", rows[i].industry);
        story_set(s, "/details/ndrc/kind", rows[i].kind);
        expect(story_end(s), rows[i].outcome, rows[i].reasons);
    }
}

/* H3: first the person, then the rate. */
static void a_sensitive_registration_is_reviewed_before_its_rate_is_asked_for(void **state)
{
    struct story *s = *state;

    fixture_sensitive(s->f, "SDN", "", LIST_REVIEW);
    tell_registration(s, 1);
    story_set(s, "/details/target/country", "'SDN'");
    story_set(s, "/details/ndrc/kind", "'APPROVAL'");
    story_set(s, "/details/total/currency", "'EUR'");
    story_set(s, "/details/cash/currency", "'EUR'");
    expect(story_end(s), OUTCOME_HELD, "402 /details/target/country");
    story_begin(s, 2, "review", "2026-04-13",
                "'reviews':'019a3f52-6c1e-7d40-9f6b-000000000001','reviewed_bank':'" BANK
                "','verdict':'APPROVE','officer':'o1','reason':'fit'");
    story_set(s, "/bank", "'" AUTHORITY "'");
    accept(story_end(s));
    assert_int_equal(s->f->later_n, 1);
    expect(&s->f->later[0], OUTCOME_HELD, "401 /business_date");
    fixture_bulletin(s->f);
    fixture_rate(s->f, "2026-04-13", "USD", "7");
    fixture_rate(s->f, "2026-04-13", "EUR", "8");
    fixture_pass(s->f, false);
    expect(&s->f->later[0], OUTCOME_ACCEPTED, "");
}

/* ---- outbound.remittance -------------------------------------------------------------------- */

static void a_remittance_uses_the_limit_up(void **state)
{
    struct story *s = *state;

    register_once(s);
    tell_remittance(s, 2);
    story_set(s, "/details/money/value", "'31999999.99'");
    accept(story_end(s));
    expect_postings(&s->f->result.decision,
                    "outbound.remittance:OUT00001 USD 0,3199999999,0 = 4000000000,3199999999,0");
    expect_flags(&s->f->result.decision, "");
    expect_basis(s->f, &s->f->result.decision, "");
    tell_remittance(s, 3);
    story_set(s, "/details/money/value", "'0.01'");
    accept(story_end(s));
    expect_flags(&s->f->result.decision, "NEAR_LIMIT_80");
    tell_remittance(s, 4);
    story_set(s, "/details/money/value", "'8000000.01'");
    expect(story_end(s), OUTCOME_REJECTED,
           "301 /details/money outbound.remittance:OUT00001 USD 800000000 800000001");
    tell_remittance(s, 5);
    story_set(s, "/details/money/value", "'8000000.00'");
    accept(story_end(s));
    expect_flags(&s->f->result.decision, "LIMIT_FULL");
    /* R1: from the last backwards, to the last cent. */
    expect(story_reverse(s, 6, 2, "2026-04-13"), OUTCOME_REJECTED, "217 /details/reverses");
    expect(story_reverse(s, 7, 1, "2026-04-13"), OUTCOME_REJECTED, "217 /details/reverses");
    accept(story_reverse(s, 8, 5, "2026-04-13"));
    accept(story_reverse(s, 9, 3, "2026-04-13"));
    expect_balance(s, "outbound.remittance:OUT00001", "USD 4000000000,3199999999,0");
    accept(story_reverse(s, 10, 2, "2026-04-13"));
    expect_balance(s, "outbound.remittance:OUT00001", "USD 4000000000,0,0");
    accept(story_reverse(s, 11, 1, "2026-04-13"));
    assert_int_equal(s->f->state.objects_n, 0);
    assert_int_equal(s->f->state.limits_n, 0);
}

/* S5: up, at the rate of the day; on a day without parity at that of the working day before. */
static void a_remittance_in_another_currency_is_rounded_up(void **state)
{
    struct story *s = *state;

    register_once(s);
    fixture_rate(s->f, "2026-04-13", "USD", "7");
    fixture_rate(s->f, "2026-04-13", "JPY", "0.05");
    fixture_rate(s->f, "2026-04-17", "USD", "7");
    fixture_rate(s->f, "2026-04-17", "JPY", "0.06");
    fixture_rate(s->f, "2026-04-19", "USD", "1"); /* a Sunday: its sheet counts for nothing (L7) */
    fixture_rate(s->f, "2026-04-19", "JPY", "1");
    tell_remittance(s, 2);
    story_set(s, "/details/money", JPY("1001"));
    accept(story_end(s));
    expect_postings(&s->f->result.decision,
                    "outbound.remittance:OUT00001 USD 0,715,0 = 4000000000,715,0");
    expect_basis(s->f, &s->f->result.decision, "2026-04-13");
    tell_remittance(s, 3);
    story_set(s, "/business_date", "'2026-04-19'");
    story_set(s, "/details/money", JPY("1001"));
    accept(story_end(s));
    expect_postings(&s->f->result.decision,
                    "outbound.remittance:OUT00001 USD 0,858,0 = 4000000000,1573,0");
    expect_basis(s->f, &s->f->result.decision, "2026-04-17");
    tell_remittance(s, 4);
    story_set(s, "/business_date", "'2026-04-20'");
    story_set(s, "/details/money", JPY("1001"));
    expect(story_end(s), OUTCOME_HELD, "401 /business_date");
    expect_basis(s->f, &s->f->result.decision, "");
    tell_remittance(s, 5); /* behind it, whatever it is */
    story_set(s, "/business_date", "'2026-04-20'");
    expect(story_end(s), OUTCOME_HELD, "403 ");
}

static void a_remittance_is_refused_where_it_fails(void **state)
{
    static const struct story_row rows[] = {
        {"",                         NULL,                      OUTCOME_ACCEPTED, "",                             ""},
        {"/details/registration_no", "'OUT00009'",              OUTCOME_REJECTED, "203 /details/registration_no",
         ""                                                                                                         },
        {"/details/registration_no", "'OUT00002'",              OUTCOME_REJECTED, "204 /details/registration_no",
         ""                                                                                                         },
        {"/business_date",           "'2026-04-12'",            OUTCOME_REJECTED, "206 /business_date",           ""},
        {"/details/payee/country",   "'CYM'",                   OUTCOME_REJECTED, "214 /details/explained",       ""},
        {"/details/payee/bic",       "'DEUTDEFF50'",            OUTCOME_REJECTED, "114 /details/payee/bic",       ""},
        {"/details/declaration_no",  "'210100000123260413A00'", OUTCOME_REJECTED,
         "101 /details/declaration_no",                                                                           ""},
        {"/details/money/value",     "'0.00'",                  OUTCOME_REJECTED, "108 /details/money/value",     ""},
        {"/details/money/currency",  "'EUR'",                   OUTCOME_HELD,     "401 /business_date",           ""},
    };
    struct story *s = *state;

    register_once(s);
    tell_registration(s, 2);
    story_set(s, "/details/registration_no", "'OUT00002'");
    accept(story_end(s));
    s->f->state.objects[1].closed = true;
    run_rows(s, rows, ROWS(rows), tell_remittance);
}

/* What reads only the filing is still said beside 203; what reads the registration is not (S1). */
static void a_payee_elsewhere_is_explained(void **state)
{
    struct story *s = *state;

    register_once(s);
    tell_remittance(s, 2);
    story_set(s, "/details/payee/country", "'CYM'");
    story_set(s, "/details/explained", "'agent of the target'");
    accept(story_end(s));
    tell_remittance(s, 3);
    story_set(s, "/details/registration_no", "'OUT00009'");
    story_set(s, "/details/payee/country", "'CYM'");
    story_set(s, "/bank", "'210100000999'");
    expect(story_end(s), OUTCOME_REJECTED, "203 /details/registration_no; 205 /bank");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, story_setup, story_teardown)
        TEST(the_cash_registered_may_be_remitted),
        TEST(what_was_remitted_before_is_taken_off),
        TEST(cash_covers_what_was_remitted_before),
        TEST(a_registration_is_refused_where_it_fails),
        TEST(a_registration_number_of_the_other_kind_is_taken_and_unknown),
        TEST(the_national_level_waits_for_the_rate),
        TEST(the_sensitive_list_asks_for_an_approval_and_for_a_person),
        TEST(a_sensitive_registration_is_reviewed_before_its_rate_is_asked_for),
        TEST(a_remittance_uses_the_limit_up),
        TEST(a_remittance_in_another_currency_is_rounded_up),
        TEST(a_remittance_is_refused_where_it_fails),
        TEST(a_payee_elsewhere_is_explained),
    };

    return cmocka_run_group_tests_name("outbound", tests, NULL, NULL);
}
