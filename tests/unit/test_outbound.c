/* Outbound investment (rulebook section 5; S7, S9, S11, S12, O1, O2, B1, R1): registrations and
 * remittances over the shipped policy. */
#include "story.h"

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
        .key = {.owner = 1, .kind = LIMIT_OUTBOUND_PRELIMINARY},
        .currency = M(currency, limit).currency,
        .is = {.limit = M(currency, limit).minor, .used = M(currency, used).minor}};

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

    with_application(s, "EUR", "100.00", "0.06");
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
                    "outbound.remittance:OUT00001 USD 3999999993,0,0 = 3999999993,0,0");
    expect_basis(s->f, &s->f->later[0], "OUT.NDRC.USD@2018-03-01 2026-04-13");
    accept(story_reverse(s, 2, 1, "2026-04-13"));
    tell_registration(s, 3);
    story_set(s, "/details/application_no", "'APPL0001'");
    story_set(s, "/details/cash/value", "'0.06'");
    expect(story_end(s), OUTCOME_REJECTED,
           "302 /details/cash outbound.preliminary:APPL0001 USD 6 7");
    tell_registration(s, 4);
    story_set(s, "/details/application_no", "'APPL0001'");
    story_set(s, "/details/cash/value", "'0.07'");
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
        {"", NULL, OUTCOME_ACCEPTED, "", ""},
        {"/details/registration_no", "'OUT00009'", OUTCOME_REJECTED, "202 /details/registration_no",
         ""},
        {"/details/registration_no", "'out'", OUTCOME_REJECTED, "111 /details/registration_no", ""},
        {"/details/application_no", "'APPL0009'", OUTCOME_REJECTED, "203 /details/application_no",
         ""},
        {"/details/sensitive", "true", OUTCOME_REJECTED, "211 /details/ndrc/kind", ""},
        {"/details/central_enterprise", "true", OUTCOME_REJECTED, "211 /details/ndrc/level", ""},
        {"/details/total/value", "'299999999.99'", OUTCOME_ACCEPTED, "", ""},
        {"/details/total/value", "'300000000.00'", OUTCOME_REJECTED, "211 /details/ndrc/level", ""},
        {"/details/ndrc/issued_on", "'2026-04-13'", OUTCOME_ACCEPTED, "", ""},
        {"/details/ndrc/issued_on", "'2026-04-14'", OUTCOME_REJECTED, "211 /details/ndrc/issued_on",
         ""},
        {"/details/ndrc/valid_to", "'2026-04-13'", OUTCOME_ACCEPTED, "", ""},
        {"/details/ndrc/valid_to", "'2026-04-12'", OUTCOME_REJECTED, "211 /details/ndrc/valid_to",
         ""},
        {"/details/mofcom/issued_on", "'2026-04-14'", OUTCOME_REJECTED,
         "211 /details/mofcom/issued_on", ""},
        {"/details/mofcom/valid_to", "'2026-04-12'", OUTCOME_REJECTED,
         "211 /details/mofcom/valid_to", ""},
        {"/details/mofcom", NULL, OUTCOME_REJECTED, "101 /details/mofcom", ""},
        {"/details/cash/value", "'50000000.01'", OUTCOME_REJECTED, "116 /details/cash", ""},
        {"/details/cash/value", "'0.00'", OUTCOME_ACCEPTED, "", ""},
        {"/details/cash/currency", "'EUR'", OUTCOME_REJECTED, "116 /details/cash/currency", ""},
        {"/details/target/country", "'DE'", OUTCOME_REJECTED, "109 /details/target/country", ""},
        {"/details/industry", "'X1'", OUTCOME_REJECTED, "110 /details/industry", ""},
        {"/bank", "'999999999999'", OUTCOME_REJECTED, "205 /bank", ""},
    };
    struct story *s = *state;

    tell_registration(s, 1);
    story_set(s, "/details/registration_no", "'OUT00009'");
    accept(story_end(s));
    story_rows(s, rows, ROWS(rows), tell_registration);
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
        {"'262499999.98'", ""}, /* USD 299,999,999.99 */
        {"'262499999.99'", "211 /details/ndrc/level"},
    };
    struct story *s = *state;

    tell_registration(s, 1);
    story_set(s, "/details/total", EUR("262499999.98"));
    story_set(s, "/details/cash/currency", "'EUR'");
    expect(story_end(s), OUTCOME_HELD, "401 /business_date");
    expect_basis(s->f, &s->f->result.decision, "OUT.NDRC.USD@2018-03-01");
    fixture_bulletin(s->f);
    fixture_rate(s->f, "2026-04-13", "USD", "7");
    fixture_rate(s->f, "2026-04-13", "EUR", "8.0000000003");
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
        {"'DEU'", "'C3511'", "'FILING'", OUTCOME_ACCEPTED, ""},
        {"'PRK'", "'C3511'", "'FILING'", OUTCOME_REJECTED, "211 /details/ndrc/kind"},
        {"'PRK'", "'C3511'", "'APPROVAL'", OUTCOME_ACCEPTED, ""},
        {"'DEU'", "'K7010'", "'FILING'", OUTCOME_REJECTED, "211 /details/ndrc/kind"},
        {"'DEU'", "'K7010'", "'APPROVAL'", OUTCOME_HELD, "402 /details/industry"},
        {"'SDN'", "'C3511'", "'APPROVAL'", OUTCOME_HELD, "402 /details/target/country"},
        {"'SSD'", "'C3511'", "'FILING'", OUTCOME_ACCEPTED, ""},
        {"'SSD'", "'B0610'", "'FILING'", OUTCOME_REJECTED, "211 /details/ndrc/kind"},
        {"'SDN'", "'K7010'", "'APPROVAL'", OUTCOME_HELD,
         "402 /details/industry; 402 /details/target/country"},
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
    fixture_rate(s->f, "2026-04-13", "JPY", "0.0501");
    fixture_rate(s->f, "2026-04-17", "USD", "7");
    fixture_rate(s->f, "2026-04-17", "JPY", "0.06");
    fixture_rate(s->f, "2026-04-19", "USD", "1"); /* a Sunday: its sheet counts for nothing (L7) */
    fixture_rate(s->f, "2026-04-19", "JPY", "1");
    tell_remittance(s, 2);
    story_set(s, "/details/money", JPY("1001"));
    accept(story_end(s));
    expect_postings(&s->f->result.decision,
                    "outbound.remittance:OUT00001 USD 0,717,0 = 4000000000,717,0");
    expect_basis(s->f, &s->f->result.decision, "2026-04-13");
    tell_remittance(s, 3);
    story_set(s, "/business_date", "'2026-04-19'");
    story_set(s, "/details/money", JPY("1001"));
    accept(story_end(s));
    expect_postings(&s->f->result.decision,
                    "outbound.remittance:OUT00001 USD 0,858,0 = 4000000000,1575,0");
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
        {"", NULL, OUTCOME_ACCEPTED, "", ""},
        {"/details/registration_no", "'OUT00009'", OUTCOME_REJECTED, "203 /details/registration_no",
         ""},
        {"/details/registration_no", "'OUT00002'", OUTCOME_REJECTED, "204 /details/registration_no",
         ""},
        {"/business_date", "'2026-04-12'", OUTCOME_REJECTED, "206 /business_date", ""},
        {"/details/payee/country", "'CYM'", OUTCOME_REJECTED, "214 /details/explained", ""},
        {"/details/payee/bic", "'DEUTDEFF50'", OUTCOME_REJECTED, "114 /details/payee/bic", ""},
        {"/details/declaration_no", "'210100000123260413A00'", OUTCOME_REJECTED,
         "101 /details/declaration_no", ""},
        {"/details/money/value", "'0.00'", OUTCOME_REJECTED, "108 /details/money/value", ""},
        {"/details/money/currency", "'EUR'", OUTCOME_HELD, "401 /business_date", ""},
    };
    struct story *s = *state;

    register_once(s);
    tell_registration(s, 2);
    story_set(s, "/details/registration_no", "'OUT00002'");
    accept(story_end(s));
    s->f->state.objects[1].closed = true;
    story_rows(s, rows, ROWS(rows), tell_remittance);
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

/* ---- preliminary expenses ------------------------------------------------------------------- */

static void tell_preliminary(struct story *s, uint32_t id, const char *date)
{
    story_begin(s, id, "outbound.preliminary", date,
                "'application_no':'APPL0001','planned_total':" USD("40000000.00") ",'money':" USD(
                    "3000000.00") ",'purpose':'deposit'");
}

/* The worked case of section 5: the cap in USD falls away on 2023-12-08. */
static void a_preliminary_expense_is_capped(void **state)
{
    struct story *s = *state;

    tell_preliminary(s, 1, "2023-12-07");
    story_set(s, "/details/money/value", "'3000000.01'");
    expect(story_end(s), OUTCOME_REJECTED,
           "301 /details/money outbound.preliminary:APPL0001 USD 300000000 300000001");
    expect_basis(s->f, &s->f->result.decision, "OUT.PRELIM.SHARE@2009-08-01 OUT.PRELIM.USD@");
    tell_preliminary(s, 2, "2023-12-07");
    accept(story_end(s));
    expect_postings(&s->f->result.decision,
                    "outbound.preliminary:APPL0001 USD 300000000,0,0 = 300000000,0,0");
    accept(story_reverse(s, 3, 2, "2023-12-07"));
    tell_preliminary(s, 4, "2023-12-08");
    story_set(s, "/details/money/value", "'6000000.01'");
    expect(story_end(s), OUTCOME_REJECTED,
           "301 /details/money outbound.preliminary:APPL0001 USD 600000000 600000001");
    tell_preliminary(s, 5, "2023-12-08");
    story_set(s, "/details/money/value", "'6000000.00'");
    accept(story_end(s));
    expect_basis(s->f, &s->f->result.decision, "OUT.PRELIM.SHARE@2009-08-01");
    tell_preliminary(s, 6, "2023-12-08");
    expect(story_end(s), OUTCOME_REJECTED, "202 /details/application_no");
}

static void what_was_remitted_for_an_application_is_taken_off(void **state)
{
    struct story *s = *state;

    tell_preliminary(s, 1, "2026-01-31");
    accept(story_end(s));
    accept(story_file(s, 2, "outbound.preliminary_remittance", "2026-12-31",
                      "'application_no':'APPL0001','payee':'Hafen AG','money':" USD("2500000.01")));
    expect_basis(s->f, &s->f->result.decision, "OUT.PRELIM.MONTHS@2009-08-01");
    accept(story_file(s, 3, "outbound.preliminary_refund", "2026-12-31",
                      "'application_no':'APPL0001','money':" USD("0.01")));
    expect_postings(&s->f->result.decision,
                    "outbound.preliminary:APPL0001 USD 0,-1,0 = 300000000,250000000,0");
    expect(story_file(s, 4, "outbound.preliminary_refund", "2026-12-31",
                      "'application_no':'APPL0001','money':" USD("2500000.01")),
           OUTCOME_REJECTED,
           "302 /details/money outbound.preliminary:APPL0001 USD 250000000 250000001");
    tell_registration(s, 5);
    story_set(s, "/business_date", "'2026-12-31'");
    story_set(s, "/details/application_no", "'APPL0001'");
    accept(story_end(s));
    expect_balance(s, "outbound.remittance:OUT00001", "USD 3750000000,0,0");
}

/* O1: until twelve months after the application. */
static void an_application_ends_after_its_months(void **state)
{
    struct story *s = *state;
    static const char details[] =
        "'application_no':'APPL0001','payee':'Hafen AG','money':" USD("1.00");

    tell_preliminary(s, 1, "2024-02-29");
    accept(story_end(s));
    accept(story_file(s, 2, "outbound.preliminary_remittance", "2025-02-28", details));
    expect(story_file(s, 3, "outbound.preliminary_remittance", "2025-03-01", details),
           OUTCOME_REJECTED, "219 /business_date");
}

/* S5, O1: the planned total and the cap come down into the currency of the money; what is remitted
 * goes up and what is refunded down into that of the application. */
static void preliminary_expenses_are_converted(void **state)
{
    struct story *s = *state;

    fixture_rate(s->f, "2023-12-07", "USD", "7");
    fixture_rate(s->f, "2023-12-07", "EUR", "7.7777");
    fixture_rate(s->f, "2023-12-08", "USD", "7");
    fixture_rate(s->f, "2023-12-08", "EUR", "7.7777");
    /* ⌊21000000.00 / 7.7777⌋ = 2700027.00, below 15 % of 40000000.00 × 7 / 7.7777. */
    tell_preliminary(s, 1, "2023-12-07");
    story_set(s, "/details/money", EUR("2700027.01"));
    expect(story_end(s), OUTCOME_REJECTED,
           "301 /details/money outbound.preliminary:APPL0001 EUR 270002700 270002701");
    /* ⌊40000000.07 × 7 / 7.7777⌋ = 36000360.06, of it ⌊15 %⌋ = 5400054.00. */
    tell_preliminary(s, 2, "2023-12-08");
    story_set(s, "/details/planned_total/value", "'40000000.07'");
    story_set(s, "/details/money", EUR("5400054.01"));
    expect(story_end(s), OUTCOME_REJECTED,
           "301 /details/money outbound.preliminary:APPL0001 EUR 540005400 540005401");
    /* ⌊40.07 × 7 / 7.7777⌋ = 36.06, and of it ⌊15 %⌋ = 5.40; of 36.07 it would be 5.41. */
    tell_preliminary(s, 3, "2023-12-08");
    story_set(s, "/details/planned_total/value", "'40.07'");
    story_set(s, "/details/money", EUR("5.41"));
    expect(story_end(s), OUTCOME_REJECTED,
           "301 /details/money outbound.preliminary:APPL0001 EUR 540 541");
    tell_preliminary(s, 4, "2023-12-08");
    story_set(s, "/details/planned_total/value", "'40.07'");
    story_set(s, "/details/money", EUR("5.40"));
    accept(story_end(s));
    accept(story_file(s, 5, "outbound.preliminary_remittance", "2023-12-08",
                      "'application_no':'APPL0001','payee':'Hafen AG','money':" USD("1.00")));
    expect_postings(&s->f->result.decision, "outbound.preliminary:APPL0001 EUR 0,91,0 = 540,91,0");
    expect_basis(s->f, &s->f->result.decision, "OUT.PRELIM.MONTHS@2009-08-01 2023-12-08");
    accept(story_file(s, 6, "outbound.preliminary_refund", "2023-12-08",
                      "'application_no':'APPL0001','money':" USD("1.00")));
    expect_postings(&s->f->result.decision, "outbound.preliminary:APPL0001 EUR 0,-90,0 = 540,1,0");
    /* The cap counts whichever is less. */
    tell_preliminary(s, 7, "2023-12-07");
    story_set(s, "/details/application_no", "'APPL0002'");
    story_set(s, "/details/planned_total/value", "'1000.00'");
    story_set(s, "/details/money/value", "'150.01'");
    expect(story_end(s), OUTCOME_REJECTED,
           "301 /details/money outbound.preliminary:APPL0002 USD 15000 15001");
}

/* ---- changes -------------------------------------------------------------------------------- */

static void a_large_change_needs_new_certificates(void **state)
{
    static const struct story_row rows[] = {
        {"/details/cash_delta/value", "'9999999.99'", OUTCOME_ACCEPTED, "", "UNCONFIRMED_BASIS"},
        {"/details/cash_delta/value", "'10000000.00'", OUTCOME_REJECTED,
         "211 /details/mofcom; 211 /details/ndrc", ""},
        {"/details/cash_delta/value", "'-9999999.99'", OUTCOME_ACCEPTED, "", "UNCONFIRMED_BASIS"},
        {"/details/cash_delta/value", "'-10000000.00'", OUTCOME_REJECTED,
         "211 /details/mofcom; 211 /details/ndrc", ""},
        {"/details/cash_delta/value", "'0.00'", OUTCOME_REJECTED, "108 /details/cash_delta/value",
         ""},
        {"/details/cash_delta/currency", "'EUR'", OUTCOME_REJECTED,
         "107 /details/cash_delta/currency", ""},
        {"/details/registration_no", "'OUT00009'", OUTCOME_REJECTED, "203 /details/registration_no",
         ""},
    };
    struct story *s = *state;

    register_once(s);
    for (uint32_t i = 0; i < ROWS(rows); i++) {
        story_begin(s, 100 + i, "outbound.change", "2026-04-13",
                    "'registration_no':'OUT00001','cash_delta':" USD("1.00"));
        story_set(s, rows[i].at, rows[i].json);
        expect(story_end(s), rows[i].outcome, rows[i].reasons);
        expect_flags(&s->f->result.decision, rows[i].flags);
        if (rows[i].outcome == OUTCOME_ACCEPTED) {
            expect_basis(s->f, &s->f->result.decision,
                         "OUT.CHANGE.SHARE@2018-03-01 OUT.CHANGE.USD@2018-03-01");
            accept(story_reverse(s, 200 + i, 100 + i, "2026-04-13"));
        }
    }
    story_begin(s, 10, "outbound.change", "2026-04-13",
                "'registration_no':'OUT00001','cash_delta':" USD(
                    "-40000000.01") ",'ndrc':{'kind':'FILING','level':'PROVINCIAL','number':'N2',"
                                    "'issued_on':'2026-03-01','valid_to':'2028-01-04'},"
                                    "'mofcom':{'number':'M2','issued_on':'2026-03-01',"
                                    "'valid_to':'2028-01-05'}");
    expect(story_end(s), OUTCOME_REJECTED,
           "302 /details/cash_delta outbound.remittance:OUT00001 USD 4000000000 4000000001");
}

/* ---- lending -------------------------------------------------------------------------------- */

static void lend(struct story *s, uint32_t id, const char *date)
{
    story_begin(s, id, "outbound.lending_basis", date,
                "'equity':{'currency':'CNY','value':'500000000.00'},'audited_on':'2026-01-01',"
                "'audit_no':'A2','established_on':'2025-03-19'");
}

static void tell_loan(struct story *s, uint32_t id, const char *date)
{
    char details[512];

    (void)snprintf(details, sizeof(details),
                   "'loan_no':'LOAN00%02u','borrower':{'name':'Nordlicht','country':'DEU'},"
                   "'relation':'SUBSIDIARY','money':%s,'signed_on':'%s','matures_on':'2027-04-13'",
                   id, EUR("10000.01"), date);
    story_begin(s, id, "outbound.loan", date, details);
}

/* The worked case: 250m on 2026-03-19, 300m on 2026-03-20. */
static void equity_lends_its_coefficient(void **state)
{
    struct story *s = *state;

    lend(s, 1, "2026-03-18");
    expect(story_end(s), OUTCOME_REJECTED, "212 /details/established_on");
    lend(s, 2, "2026-03-19");
    accept(story_end(s));
    expect_balance(s, "outbound.lending", "CNY 25000000000,0,0");
    lend(s, 3, "2026-03-20");
    accept(story_end(s));
    expect_balance(s, "outbound.lending", "CNY 30000000000,0,0");
    expect_basis(s->f, &s->f->result.decision, "OUT.LENDING.COEFFICIENT@2026-03-20");
    expect(story_reverse(s, 4, 2, "2026-03-20"), OUTCOME_REJECTED, "217 /details/reverses");
    accept(story_reverse(s, 5, 3, "2026-03-20"));
}

static void a_loan_is_lent_returned_and_closed(void **state)
{
    struct story *s = *state;
    static const char part[] = "'loan_no':'LOAN0003','money':" EUR("3333.33");

    tell_loan(s, 1, "2026-04-01");
    expect(story_end(s), OUTCOME_REJECTED, "220 /details/loan_no");
    lend(s, 2, "2026-03-20");
    accept(story_end(s));
    fixture_rate(s->f, "2026-04-01", "EUR", "7.77777");
    fixture_rate(s->f, "2026-04-08", "EUR", "8.1");
    tell_loan(s, 3, "2026-04-01");
    accept(story_end(s));
    expect_postings(&s->f->result.decision,
                    "outbound.lending CNY 0,0,7777778 = 30000000000,0,7777778; "
                    "outbound.loan:LOAN0003 EUR 1000001,0,0 = 1000001,0,0");
    expect_basis(s->f, &s->f->result.decision, "OUT.LENDING.COEFFICIENT@2026-03-20 2026-04-01");
    accept(story_file(s, 4, "outbound.loan_remittance", "2026-04-08",
                      "'loan_no':'LOAN0003','money':" EUR("10000.01")));
    expect_postings(&s->f->result.decision,
                    "outbound.lending CNY 0,8100009,-7777778 = 30000000000,8100009,0; "
                    "outbound.loan:LOAN0003 EUR 0,1000001,0 = 1000001,1000001,0");
    accept(story_file(s, 5, "outbound.loan_return", "2026-04-08", part));
    /* - ⌊8100009 × 333333 / 1000001⌋, + ⌈333333 × 7.77777⌉ */
    expect_postings(&s->f->result.decision,
                    "outbound.lending CNY 0,-2699997,2592588 = 30000000000,5400012,2592588; "
                    "outbound.loan:LOAN0003 EUR 0,-333333,0 = 1000001,666668,0");
    expect(story_file(s, 6, "outbound.loan_closure", "2026-04-08", "'loan_no':'LOAN0003'"),
           OUTCOME_REJECTED, "216 /details/loan_no outbound.loan:LOAN0003");
    expect(story_file(s, 7, "outbound.loan_remittance", "2026-04-08",
                      "'loan_no':'LOAN0003','money':" EUR("3333.34")),
           OUTCOME_REJECTED, "302 /details/money outbound.loan:LOAN0003 EUR 333333 333334");
    expect(story_file(s, 8, "outbound.loan_extension", "2026-04-08",
                      "'loan_no':'LOAN0003','matures_on':'2027-04-13'"),
           OUTCOME_REJECTED, "115 /details/matures_on");
    accept(story_file(s, 9, "outbound.loan_extension", "2026-04-08",
                      "'loan_no':'LOAN0003','matures_on':'2027-04-14'"));
    accept(story_file(s, 10, "outbound.loan_return", "2026-04-08",
                      "'loan_no':'LOAN0003','money':" EUR("6666.68")));
    expect_balance(s, "outbound.lending", "CNY 30000000000,0,7777778");
    accept(story_file(s, 11, "outbound.loan_closure", "2026-04-08", "'loan_no':'LOAN0003'"));
    expect_balance(s, "outbound.lending", "CNY 30000000000,0,0");
    for (uint32_t i = 0; i < 6; i++) {
        static const uint32_t ids[] = {11, 10, 9, 5, 4, 3};

        accept(story_reverse(s, 100 + i, ids[i], "2026-04-08"));
    }
    expect_balance(s, "outbound.lending", "CNY 30000000000,0,0");
    assert_int_equal(s->f->state.objects_n, 0);
}

/* O5, L2, L3. */
static void a_loan_stays_within_what_may_be_lent(void **state)
{
    struct story *s = *state;

    story_then(s, "OUT.LENDING.COEFFICIENT", "", "2026-07-01", "0.5");
    lend(s, 1, "2026-03-20");
    accept(story_end(s));
    tell_loan(s, 2, "2026-03-19"); /* before there was a basis */
    expect(story_end(s), OUTCOME_REJECTED, "220 /details/loan_no");
    tell_loan(s, 3, "2026-06-30");
    story_set(s, "/details/money", "{'currency':'CNY','value':'300000000.01'}");
    expect(story_end(s), OUTCOME_REJECTED,
           "301 /details/money outbound.lending CNY 30000000000 30000000001");
    tell_loan(s, 4, "2026-06-30");
    story_set(s, "/details/money", "{'currency':'CNY','value':'250000000.00'}");
    accept(story_end(s));
    tell_loan(s, 5, "2026-06-30");
    story_set(s, "/details/money", "{'currency':'CNY','value':'50000000.00'}");
    accept(story_end(s));
    expect_flags(&s->f->result.decision, "LIMIT_FULL");
    expect(story_file(s, 6, "outbound.loan_remittance", "2026-06-30",
                      "'loan_no':'LOAN0005','money':{'currency':'CNY','value':'50000000.01'}"),
           OUTCOME_REJECTED,
           "301 /details/money outbound.lending CNY 0 1; "
           "302 /details/money outbound.loan:LOAN0005 CNY 5000000000 5000000001");
    accept(story_file(s, 7, "outbound.loan_remittance", "2026-07-01",
                      "'loan_no':'LOAN0005','money':{'currency':'CNY','value':'1.00'}"));
    expect_flags(&s->f->result.decision, "GRANDFATHERED");
    expect_balance(s, "outbound.lending", "CNY 25000000000,100,29999999900");
    accept(story_reverse(s, 8, 4, "2026-07-01"));
    accept(story_file(s, 9, "outbound.loan_extension", "2026-07-01",
                      "'loan_no':'LOAN0005','matures_on':'2028-01-01'"));
    expect(story_file(s, 10, "outbound.loan_extension", "2026-07-01",
                      "'loan_no':'LOAN0005','matures_on':'2028-01-01'"),
           OUTCOME_REJECTED, "115 /details/matures_on");
    expect(story_file(s, 11, "outbound.loan_return", "2026-07-01",
                      "'loan_no':'LOAN0005','money':" USD("1.00")),
           OUTCOME_REJECTED, "107 /details/money/currency");
    /* Equity that falls is no reason (L1). */
    lend(s, 12, "2026-07-01");
    story_set(s, "/details/equity/value", "'1.00'");
    accept(story_end(s));
    tell_loan(s, 13, "2026-07-01");
    story_set(s, "/details/money", "{'currency':'CNY','value':'0.01'}");
    expect(story_end(s), OUTCOME_REJECTED, "301 /details/money outbound.lending CNY -4999999950 1");
}

/* ---- the events without postings ------------------------------------------------------------ */

static void what_posts_nothing_asks_for_its_evidence(void **state)
{
    static const struct {
        const char *event;
        const char *details;
        const char *reasons;
        const char *flags;
        const char *basis;
    } rows[] = {
        {"outbound.in_kind", ",'money':" USD("1.00"), "214 /details/customs_no", "", ""},
        {"outbound.in_kind", ",'customs_no':'C1','money':" EUR("1.00"), "", "", ""},
        {"outbound.profit_return", ",'money':" USD("1.00"), "214 /details/evidence_no", "", ""},
        {"outbound.profit_return", ",'evidence_no':'E','money':" USD("1.00"), "", "", ""},
        {"outbound.capital_return", ",'money':" USD("1.00"), "214 /details/evidence_no", "", ""},
        {"outbound.capital_return", ",'evidence_no':'E','money':" USD("1.00"), "", "", ""},
        {"outbound.completion", ",'completed_on':'2026-03-16'", "", "",
         "OUT.COMPLETION.WORKING_DAYS@2018-03-01"},
        {"outbound.completion", ",'completed_on':'2026-03-13'", "", "LATE",
         "OUT.COMPLETION.WORKING_DAYS@2018-03-01"},
        {"outbound.closure", ",'kind':'LIQUIDATED'", "", "", ""},
        {"outbound.closure", ",'kind':'LIQUIDATED'", "204 /details/registration_no", "", ""},
    };
    struct story *s = *state;

    register_once(s);
    for (uint32_t i = 0; i < ROWS(rows); i++) {
        char details[256];

        (void)snprintf(details, sizeof(details), "'registration_no':'OUT00001'%s", rows[i].details);
        expect(story_file(s, 10 + i, rows[i].event, "2026-04-13", details),
               rows[i].reasons[0] ? OUTCOME_REJECTED : OUTCOME_ACCEPTED, rows[i].reasons);
        expect_flags(&s->f->result.decision, rows[i].flags);
        expect_basis(s->f, &s->f->result.decision, rows[i].basis);
        assert_int_equal(s->f->result.decision.postings_n, 0);
    }
    accept(story_reverse(s, 30, 18, "2026-04-13")); /* R5: open again */
    tell_remittance(s, 31);
    accept(story_end(s));
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
        TEST(a_preliminary_expense_is_capped),
        TEST(what_was_remitted_for_an_application_is_taken_off),
        TEST(an_application_ends_after_its_months),
        TEST(preliminary_expenses_are_converted),
        TEST(a_large_change_needs_new_certificates),
        TEST(equity_lends_its_coefficient),
        TEST(a_loan_is_lent_returned_and_closed),
        TEST(a_loan_stays_within_what_may_be_lent),
        TEST(what_posts_nothing_asks_for_its_evidence),
    };

    return cmocka_run_group_tests_name("outbound", tests, NULL, NULL);
}
