/* Cross-border financing (rulebook section 4; S12, S13, L1 to L6, B1, R1 to R5): profiles,
 * contracts, drawdowns and repayments over the shipped policy, amounts digit for digit. */
#include "story.h"

#define MP_PROFILE                                                                                 \
    "'mode':'MACROPRUDENTIAL','effective_on':'2026-01-01','region':'210100','subject':'GENERAL',"  \
    "'established_on':'2010-01-01','net_assets':{'currency':'CNY','value':'100000000.00'},"        \
    "'audited_on':'2025-12-31','audit_no':'A1'"
#define GAP_PROFILE                                                                                \
    "'mode':'GAP','effective_on':'2026-01-01','region':'210100','subject':'GENERAL',"              \
    "'established_on':'2010-01-01','total_investment':{'currency':'USD','value':'10000000.00'},"   \
    "'registered_capital':{'currency':'USD','value':'5000000.00'},"                                \
    "'paid_in':{'currency':'USD','value':'5000000.00'},'foreign_paid_in_bp':6000"
#define FAC_PROFILE                                                                                \
    "'mode':'FACILITATION','effective_on':'2022-01-01','region':'210100','subject':'GENERAL',"     \
    "'established_on':'2010-01-01','trade_class':'A','certificate':{'kind':'HIGH_TECH',"           \
    "'number':'GR1','valid_to':'2028-12-31'}"
#define CREDITOR "'creditor':{'name':'Hafen AG','country':'DEU','kind':'CORPORATE'}"
#define TERMS                                                                                      \
    "'annual_rate_bp':450,'revolving':false,'capitalises_interest':false,"                         \
    "'not_counted':false,'purpose':'working capital'," CREDITOR

/* A contract of the mode over three years, signed on the day. */
static void contract_begin(struct story *s, uint32_t id, const char *mode, const char *money,
                           const char *date)
{
    char details[2048];

    (void)snprintf(details, sizeof(details),
                   "'contract_no':'CONTRACT%u','mode':'%s','money':%s,'signed_on':'%s',"
                   "'value_on':'%s','matures_on':'2029-12-31','ndrc_certificate_no':'N1'," TERMS,
                   id, mode, money, date, date);
    story_begin(s, id, "financing.contract", date, details);
}

static const struct decision *contract(struct story *s, uint32_t id, const char *mode,
                                       const char *money, const char *date)
{
    contract_begin(s, id, mode, money, date);
    return story_end(s);
}

/* What contract number no draws or pays back. */
struct movement {
    const char *event;
    uint32_t no;
    const char *money;
    const char *date;
};
static const struct decision *move(struct story *s, uint32_t id, struct movement m)
{
    char details[256];
    bool draws = strcmp(m.event, "financing.drawdown") == 0;

    (void)snprintf(details, sizeof(details), "'contract_no':'CONTRACT%u','money':%s%s", m.no,
                   m.money, draws ? ",'value_on':'2026-04-01'" : "");
    return story_file(s, id, m.event, m.date, details);
}

static const struct decision *draw(struct story *s, uint32_t id, uint32_t no, const char *money,
                                   const char *date)
{
    return move(s, id, (struct movement){"financing.drawdown", no, money, date});
}

static const struct decision *repay(struct story *s, uint32_t id, uint32_t no, const char *money,
                                    const char *date)
{
    return move(s, id, (struct movement){"financing.repayment", no, money, date});
}

/* ---- the worked cases ----------------------------------------------------------------------- */

/* Case (1), and the same at parameter 1.0. */
static void a_macroprudential_limit_holds_what_the_rulebook_says(void **state)
{
    struct story *s = *state;

    fixture_rate(s->f, "2026-04-01", "USD", "7.1");
    fixture_rate(s->f, "2026-04-02", "USD", "7.2");
    fixture_rate(s->f, "2026-04-08", "USD", "7.1");
    fixture_rate(s->f, "2026-04-09", "USD", "7.2");
    accept(story_file(s, 1, "financing.profile", "2026-03-01", MP_PROFILE));
    expect_postings(&s->f->result.decision,
                    "financing.macroprudential CNY 35000000000,0,0 = 35000000000,0,0");
    expect_basis(s->f, &s->f->result.decision, "MP.LEVERAGE@2017-01-13 MP.PARAMETER@2025-01-13");
    accept(contract(s, 11, "MACROPRUDENTIAL", USD("10000000.00"), "2026-04-01"));
    expect_postings(&s->f->result.decision,
                    "financing.contract:CONTRACT11 USD 1000000000,0,0 = 1000000000,0,0; "
                    "financing.macroprudential CNY 0,0,10650000000 = 35000000000,0,10650000000");
    expect_flags(&s->f->result.decision, "");
    expect_basis(s->f, &s->f->result.decision,
                 "FIN.NDRC.FROM@2023-02-10 FIN.SIGN.WORKING_DAYS@2013-05-13 MP.FX@2016-05-03 "
                 "MP.LEVERAGE@2017-01-13 MP.PARAMETER@2025-01-13 MP.TERM.LONG@2016-05-03 "
                 "2026-04-01");
    contract_begin(s, 12, "MACROPRUDENTIAL", CNY("20000000.00"), "2026-04-01");
    story_set(s, "/details/matures_on", "'2027-04-01'"); /* twelve months are short */
    story_set(s, "/details/ndrc_certificate_no", NULL);
    accept(story_end(s));
    expect_basis(s->f, &s->f->result.decision,
                 "FIN.SIGN.WORKING_DAYS@2013-05-13 MP.LEVERAGE@2017-01-13 "
                 "MP.PARAMETER@2025-01-13 MP.TERM.SHORT@2016-05-03");
    contract_begin(s, 13, "MACROPRUDENTIAL", USD("2000000.00"), "2026-04-02");
    story_set(s, "/details/matures_on", "'2026-10-02'");
    accept(story_end(s));
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,0,16530000000");

    accept(draw(s, 21, 11, USD("10000000.00"), "2026-04-08"));
    expect_postings(&s->f->result.decision,
                    "financing.contract:CONTRACT11 USD 0,1000000000,0 = 1000000000,1000000000,0; "
                    "financing.macroprudential CNY 0,10650000000,-10650000000 = "
                    "35000000000,10650000000,5880000000; "
                    "financing.principal:CONTRACT11 USD 1000000000,0,0 = 1000000000,0,0");
    expect_flags(&s->f->result.decision, "LIMIT_FULL UNCONFIRMED_BASIS");
    expect_basis(s->f, &s->f->result.decision,
                 "FIN.DRAW.WAIT_WORKING_DAYS@2016-05-03 MP.LEVERAGE@2017-01-13 "
                 "MP.PARAMETER@2025-01-13 2026-04-08");
    accept(draw(s, 22, 12, CNY("20000000.00"), "2026-04-08"));
    accept(draw(s, 23, 13, USD("2000000.00"), "2026-04-09"));
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,16530000000,0");
    expect(contract(s, 14, "MACROPRUDENTIAL", CNY("184700000.01"), "2026-04-09"), OUTCOME_REJECTED,
           "301 /details/money financing.macroprudential CNY 18470000000 18470000001");
    accept(contract(s, 15, "MACROPRUDENTIAL", CNY("184700000.00"), "2026-04-09"));
    accept(story_reverse(s, 31, 15, "2026-04-09"));

    /* L1: the limit follows the date of the next filing that posts to it. */
    story_then(s, "MP.PARAMETER", "", "2026-07-01", "1");
    expect(contract(s, 16, "MACROPRUDENTIAL", CNY("34700000.01"), "2026-07-01"), OUTCOME_REJECTED,
           "301 /details/money financing.macroprudential CNY 3470000000 3470000001");
    accept(contract(s, 17, "MACROPRUDENTIAL", CNY("34700000.00"), "2026-07-01"));
    expect_balance(s, "financing.macroprudential", "CNY 20000000000,16530000000,3470000000");
    expect_flags(&s->f->result.decision, "LIMIT_FULL");
}

/* Case (2). */
static void the_facilitation_amounts_of_liaoning_are_those_of_their_days(void **state)
{
    static const struct {
        const char *date;
        const char *kind;
        const char *reasons; /* "" accepted */
        const char *balance;
        const char *basis;
    } rows[] = {
        {"2023-11-30", "'HIGH_TECH'", "212 /details/region", "", ""},
        {"2023-12-07", "'SPECIALISED_NEW'", "212 /details/region", "", ""},
        {"2023-12-08", "'HIGH_TECH'", "", "USD 500000000,0,0", "FAC.LIMIT.USD@2023-12-08"},
        {"2023-12-08", "'TECH_SME'", "", "USD 500000000,0,0", "FAC.LIMIT.USD@2023-12-08"},
        {"2025-09-14", "'SPECIALISED_NEW'", "", "USD 500000000,0,0", "FAC.LIMIT.USD@2023-12-08"},
        {"2025-09-14", "'INNOVATION_POINTS'", "212 /details/region", "", ""},
        {"2025-09-15", "'HIGH_TECH'", "", "USD 1000000000,0,0", "FAC.LIMIT.USD@2025-09-15"},
        {"2025-09-15", "'INNOVATION_POINTS'", "", "USD 2000000000,0,0", "FAC.LIMIT.USD@2025-09-15"},
    };
    struct story *s = *state;

    for (uint32_t i = 0; i < ROWS(rows); i++) {
        story_begin(s, 100 + i, "financing.profile", rows[i].date, FAC_PROFILE);
        story_set(s, "/details/certificate/kind", rows[i].kind);
        expect(story_end(s), rows[i].reasons[0] ? OUTCOME_REJECTED : OUTCOME_ACCEPTED,
               rows[i].reasons);
        expect_basis(s->f, &s->f->result.decision, rows[i].basis);
        if (rows[i].reasons[0] == '\0') {
            expect_balance(s, "financing.facilitation", rows[i].balance);
            accept(story_reverse(s, 200 + i, 100 + i, rows[i].date));
            expect_balance(s, "financing.facilitation", "USD 0,0,0");
        }
    }
}

/* Case (2), of a contract: the profile stays, the day decides. */
static void a_facilitation_contract_meets_the_conditions_of_its_own_day(void **state)
{
    struct story *s = *state;

    fixture_rate(s->f, "2023-11-30", "USD", "7");
    accept(story_file(s, 1, "financing.profile", "2024-01-02", FAC_PROFILE));
    expect(contract(s, 2, "FACILITATION", USD("1.00"), "2023-11-30"), OUTCOME_REJECTED,
           "212 /details/mode");
    accept(contract(s, 3, "FACILITATION", USD("5000000.00"), "2025-09-14"));
    expect_postings(&s->f->result.decision,
                    "financing.contract:CONTRACT3 USD 500000000,0,0 = 500000000,0,0; "
                    "financing.facilitation USD 0,0,500000000 = 500000000,0,500000000");
    expect_basis(s->f, &s->f->result.decision,
                 "FAC.LIMIT.USD@2023-12-08 FIN.NDRC.FROM@2023-02-10 "
                 "FIN.SIGN.WORKING_DAYS@2013-05-13");
    accept(contract(s, 4, "FACILITATION", USD("4000000.00"), "2025-09-15"));
    expect_postings(&s->f->result.decision,
                    "financing.contract:CONTRACT4 USD 400000000,0,0 = 400000000,0,0; "
                    "financing.facilitation USD 500000000,0,400000000 = 1000000000,0,900000000");
    expect_flags(&s->f->result.decision, "NEAR_LIMIT_90");
    /* The certificate ends with its last day. */
    expect(contract(s, 5, "FACILITATION", USD("1000000.01"), "2026-12-31"), OUTCOME_REJECTED,
           "301 /details/money financing.facilitation USD 100000000 100000001");
}

/* Case (3). */
static void a_gap_is_the_foreign_share_of_what_is_left_to_borrow(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-02", GAP_PROFILE));
    expect_postings(&s->f->result.decision, "financing.gap USD 300000000,0,0 = 300000000,0,0");
    expect_basis(s->f, &s->f->result.decision, "");
    expect(contract(s, 2, "GAP", USD("3000000.01"), "2026-03-02"), OUTCOME_REJECTED,
           "301 /details/money financing.gap USD 300000000 300000001");
    accept(contract(s, 3, "GAP", USD("3000000.00"), "2026-03-02"));
    expect_basis(s->f, &s->f->result.decision,
                 "FIN.NDRC.FROM@2023-02-10 FIN.SIGN.WORKING_DAYS@2013-05-13");
}

/* ---- every code of a profile ---------------------------------------------------------------- */

static void tell_mp(struct story *s, uint32_t id)
{
    story_begin(s, id, "financing.profile", "2026-04-01", MP_PROFILE);
}

static void a_macroprudential_profile_is_refused_where_it_fails(void **state)
{
    static const struct story_row rows[] = {
        {"", NULL, OUTCOME_ACCEPTED, "", ""},
        {"/details/subject", "'HOLDING'", OUTCOME_ACCEPTED, "", ""},
        {"/details/subject", "'REAL_ESTATE'", OUTCOME_REJECTED, "208 /details/subject", ""},
        {"/details/subject", "'GOVERNMENT_VEHICLE'", OUTCOME_REJECTED, "208 /details/subject", ""},
        {"/details/subject", "'FINANCIAL'", OUTCOME_REJECTED, "208 /details/subject", ""},
        {"/details/net_assets", NULL, OUTCOME_REJECTED, "210 /details/net_assets", ""},
        {"/details/audited_on", NULL, OUTCOME_REJECTED, "210 /details/audited_on", ""},
        {"/details/audit_no", NULL, OUTCOME_REJECTED, "210 /details/audit_no", ""},
        {"/details/net_assets/currency", "'USD'", OUTCOME_REJECTED,
         "107 /details/net_assets/currency", ""},
        {"/details/net_assets/value", "'0.00'", OUTCOME_REJECTED, "108 /details/net_assets/value",
         ""},
        {"/details/audited_on", "'2026-04-02'", OUTCOME_REJECTED, "115 /details/audited_on", ""},
        {"/details/established_on", "'2026-04-02'", OUTCOME_REJECTED, "115 /details/established_on",
         ""},
        {"/details/established_on", "'2026-04-01'", OUTCOME_ACCEPTED, "", ""},
        {"/details/penalised_on", "'2026-04-02'", OUTCOME_REJECTED, "115 /details/penalised_on",
         ""},
        {"/details/effective_on", "'2026-07-01'", OUTCOME_ACCEPTED, "", ""},
        {"/details/mode", "'OTHER'", OUTCOME_REJECTED, "101 /details/mode", ""},
        {"/details/region", "'21010'", OUTCOME_REJECTED, "101 /details/region", ""},
        {"/business_date", "'2016-05-02'", OUTCOME_REJECTED, "115 /details/audited_on", ""},
        {"/bank", "'999999999999'", OUTCOME_REJECTED, "205 /bank", ""},
    };
    struct story *s = *state;

    story_rows(s, rows, ROWS(rows), tell_mp);
    /* Nothing is in force before the first row of the policy: 212, also beside 210 (S12). */
    tell_mp(s, 1);
    story_set(s, "/business_date", "'2016-05-02'");
    story_set(s, "/details/audited_on", "'2015-12-31'");
    expect(story_end(s), OUTCOME_REJECTED, "212 /business_date");
    tell_mp(s, 2);
    story_set(s, "/business_date", "'2016-05-02'");
    story_set(s, "/details/audited_on", NULL);
    story_set(s, "/details/net_assets", NULL);
    expect(story_end(s), OUTCOME_REJECTED,
           "210 /details/audited_on; 210 /details/net_assets; 212 /business_date");
    tell_mp(s, 3);
    story_set(s, "/details/net_assets", NULL);
    expect(story_end(s), OUTCOME_REJECTED, "210 /details/net_assets");
    expect_basis(s->f, &s->f->result.decision, "MP.LEVERAGE@2017-01-13 MP.PARAMETER@2025-01-13");
}

static void tell_gap(struct story *s, uint32_t id)
{
    story_begin(s, id, "financing.profile", "2026-04-01", GAP_PROFILE);
}

static void a_gap_profile_is_refused_where_it_fails(void **state)
{
    static const struct story_row rows[] = {
        {"", NULL, OUTCOME_ACCEPTED, "", ""},
        {"/details/subject", "'REAL_ESTATE'", OUTCOME_ACCEPTED, "", ""},
        {"/details/total_investment", NULL, OUTCOME_REJECTED, "101 /details/total_investment", ""},
        {"/details/registered_capital", NULL, OUTCOME_REJECTED, "101 /details/registered_capital",
         ""},
        {"/details/paid_in", NULL, OUTCOME_REJECTED, "101 /details/paid_in", ""},
        {"/details/foreign_paid_in_bp", NULL, OUTCOME_REJECTED, "101 /details/foreign_paid_in_bp",
         ""},
        {"/details/foreign_paid_in_bp", "10001", OUTCOME_REJECTED,
         "101 /details/foreign_paid_in_bp", ""},
        {"/details/foreign_paid_in_bp", "0", OUTCOME_ACCEPTED, "", ""},
        {"/details/total_investment/value", "'5000000.00'", OUTCOME_REJECTED,
         "212 /details/total_investment", ""},
        {"/details/total_investment/value", "'5000000.01'", OUTCOME_ACCEPTED, "", ""},
        {"/details/paid_in/value", "'0.00'", OUTCOME_REJECTED, "212 /details/paid_in", ""},
        {"/details/paid_in/currency", "'EUR'", OUTCOME_REJECTED, "116 /details/paid_in/currency",
         ""},
        {"/details/total_investment/currency", "'EUR'", OUTCOME_REJECTED,
         "116 /details/total_investment/currency", ""},
    };

    story_rows(*state, rows, ROWS(rows), tell_gap);
}

static void tell_fac(struct story *s, uint32_t id)
{
    story_begin(s, id, "financing.profile", "2026-04-01", FAC_PROFILE);
}

static void a_facilitation_profile_is_refused_where_it_fails(void **state)
{
    static const struct story_row rows[] = {
        {"", NULL, OUTCOME_ACCEPTED, "", ""},
        {"/details/certificate", NULL, OUTCOME_REJECTED, "211 /details/certificate", ""},
        {"/details/certificate/valid_to", "'2026-04-01'", OUTCOME_ACCEPTED, "", ""},
        {"/details/certificate/valid_to", "'2026-03-31'", OUTCOME_REJECTED,
         "211 /details/certificate/valid_to", ""},
        {"/details/certificate/kind", "'NONE'", OUTCOME_REJECTED, "101 /details/certificate/kind",
         ""},
        {"/details/established_on", "'2025-04-01'", OUTCOME_ACCEPTED, "", ""},
        {"/details/established_on", "'2025-04-02'", OUTCOME_REJECTED, "212 /details/established_on",
         ""},
        {"/details/subject", "'HOLDING'", OUTCOME_REJECTED, "212 /details/subject", ""},
        {"/details/trade_class", NULL, OUTCOME_ACCEPTED, "", ""},
        {"/details/trade_class", "'B'", OUTCOME_REJECTED, "212 /details/trade_class", ""},
        {"/details/trade_class", "'C'", OUTCOME_REJECTED, "212 /details/trade_class", ""},
        {"/details/penalised_on", "'2024-04-01'", OUTCOME_ACCEPTED, "", ""},
        {"/details/penalised_on", "'2024-04-02'", OUTCOME_REJECTED, "212 /details/penalised_on",
         ""},
        {"/business_date", "'2023-12-07'", OUTCOME_REJECTED, "212 /details/region", ""},
    };

    story_rows(*state, rows, ROWS(rows), tell_fac);
}

static void a_profile_is_one_with_the_registration_of_its_enterprise(void **state)
{
    struct story *s = *state;
    static const char registration[] =
        "'registration_no':'REG00001','setup':'NEW','region':'210100','industry':'C3011',"
        "'established_on':'2026-01-05','registered_capital':" USD(
            "5000000.00") ","
                          "'total_investment':" USD(
                              "10000000.00") ",'investors':[{'investor_no':'F1','name':'Hafen "
                                             "AG','country':'DEU','subscribed':" USD("3000000.00") ",'cash':" USD(
                                                 "3000000.00") ","
                                                               "'share_bp':6000,'due_on':'2028-01-01'},{'investor_no':'D1','name':'Gang',"
                                                               "'country':'CHN','subscribed':" USD(
                                                                   "2000000.00") ",'cash':" USD("2000000.00") ","
                                                                                                              "'share_bp':4000,'due_on':'2028-01-01'}],'evidence_no':'E1'";
    static const struct story_row rows[] = {
        {"/details/foreign_paid_in_bp", "6667", OUTCOME_REJECTED, "214 /details/foreign_paid_in_bp",
         ""},
        {"/details/foreign_paid_in_bp", "6666", OUTCOME_ACCEPTED, "", ""},
        {"/details/total_investment/value", "'9999999.99'", OUTCOME_REJECTED,
         "214 /details/total_investment", ""},
        {"/details/registered_capital/value", "'5000000.01'", OUTCOME_REJECTED,
         "214 /details/registered_capital", ""},
    };

    accept(story_file(s, 1, "fdi.registration", "2026-02-02", registration));
    tell_gap(s, 2); /* nothing has come in yet: a share of 0 */
    expect(story_end(s), OUTCOME_REJECTED, "214 /details/foreign_paid_in_bp");
    accept(story_file(s, 3, "fdi.inflow", "2026-02-03",
                      "'registration_no':'REG00001','investor_no':'F1','account':'a',"
                      "'remitter_country':'DEU','money':" USD("2000000.00")));
    story_rows(s, rows, ROWS(rows), tell_gap);
}

/* S13, H4: one that was held and is approved after another one came keeps its place before it. */
static void a_registration_that_was_held_keeps_its_place_in_the_order(void **state)
{
    struct story *s = *state;
    static const char registration[] =
        "'registration_no':'REG00001','setup':'NEW','region':'210100','industry':'Q8411',"
        "'established_on':'2026-01-05','registered_capital':" USD(
            "5000000.00") ","
                          "'total_investment':" USD(
                              "10000000.00") ",'investors':[{'investor_no':'F1','name':'Hafen "
                                             "AG','country':'DEU','subscribed':" USD("5000000.00") ",'cash':" USD(
                                                 "5000000.00") ","
                                                               "'share_bp':10000,'due_on':'2028-01-01'}],'evidence_no':'E1'";

    fixture_negative(s->f, "Q84", LIST_REVIEW, 0);
    expect(story_file(s, 1, "fdi.registration", "2026-02-02", registration), OUTCOME_HELD,
           "402 /details/industry");
    story_begin(s, 2, "fdi.registration", "2026-02-02", registration);
    story_set(s, "/details/registration_no", "'REG00002'");
    story_set(s, "/details/industry", "'C3011'");
    story_set(s, "/details/total_investment/value", "'20000000.00'");
    accept(story_end(s));
    story_begin(s, 3, "review", "2026-02-03",
                "'reviews':'019a3f52-6c1e-7d40-9f6b-000000000001','reviewed_bank':'" BANK
                "','verdict':'APPROVE','officer':'o1','reason':'fit'");
    story_set(s, "/bank", "'" AUTHORITY "'");
    accept(story_end(s));
    assert_int_equal(s->f->state.objects_n, 2);
    tell_gap(s, 4);
    story_set(s, "/details/foreign_paid_in_bp", "0");
    expect(story_end(s), OUTCOME_REJECTED, "214 /details/total_investment");
    tell_gap(s, 5);
    story_set(s, "/details/foreign_paid_in_bp", "0");
    story_set(s, "/details/total_investment/value", "'20000000.00'");
    accept(story_end(s));
}

/* S7, S12: the class is that of the registered capital in USD, at the rate of the day. */
static void a_holding_has_a_multiple_of_what_was_paid_in(void **state)
{
    static const struct {
        const char *registered;
        const char *reasons;
        const char *balance;
        const char *basis;
    } rows[] = {
        {"'29999999.99'", "212 /details/registered_capital", "", "2026-04-01"},
        {"'30000000.00'", "", "EUR 2000000000,0,0", "GAP.HOLDING.MULTIPLE@2016-01-01 2026-04-01"},
        {"'100000000.00'", "", "EUR 2000000000,0,0", "GAP.HOLDING.MULTIPLE@2016-01-01 2026-04-01"},
        {"'100000000.01'", "", "EUR 3000000000,0,0", "GAP.HOLDING.MULTIPLE@2016-01-01 2026-04-01"},
    };
    struct story *s = *state;

    story_begin(s, 1, "financing.profile", "2026-04-01", GAP_PROFILE);
    story_set(s, "/details/subject", "'HOLDING'");
    story_set(s, "/details/total_investment", EUR("900000000.00"));
    story_set(s, "/details/registered_capital", EUR("30000000.00"));
    story_set(s, "/details/paid_in", EUR("5000000.00"));
    expect(story_end(s), OUTCOME_HELD, "401 /business_date");
    expect_basis(s->f, &s->f->result.decision, "");
    fixture_bulletin(s->f);
    fixture_rate(s->f, "2026-04-01", "USD", "7");
    fixture_rate(s->f, "2026-04-01", "EUR", "6.999999999");
    fixture_pass(s->f, false);
    assert_int_equal(s->f->later_n, 1);
    expect(&s->f->later[0], OUTCOME_ACCEPTED, "");
    expect_balance(s, "financing.gap", "EUR 2000000000,0,0");
    accept(story_reverse(s, 2, 1, "2026-04-01"));
    for (uint32_t i = 0; i < ROWS(rows); i++) {
        story_begin(s, 100 + i, "financing.profile", "2026-04-01", GAP_PROFILE);
        story_set(s, "/details/subject", "'HOLDING'");
        story_set(s, "/details/total_investment", EUR("900000000.00"));
        story_set(s, "/details/registered_capital", EUR("30000000.00"));
        story_set(s, "/details/registered_capital/value", rows[i].registered);
        story_set(s, "/details/paid_in", EUR("5000000.00"));
        expect(story_end(s), rows[i].reasons[0] ? OUTCOME_REJECTED : OUTCOME_ACCEPTED,
               rows[i].reasons);
        expect_basis(s->f, &s->f->result.decision, rows[i].basis);
        if (rows[i].reasons[0] == '\0') {
            expect_balance(s, "financing.gap", rows[i].balance);
            accept(story_reverse(s, 200 + i, 100 + i, "2026-04-01"));
        }
    }
    /* The currency of the gap stays (R1), a class needs its parameter (S12). */
    tell_gap(s, 3);
    expect(story_end(s), OUTCOME_REJECTED, "107 /details/total_investment/currency");
    story_begin(s, 4, "financing.profile", "2015-12-31", GAP_PROFILE);
    story_set(s, "/details/subject", "'HOLDING'");
    expect(story_end(s), OUTCOME_REJECTED,
           "107 /details/total_investment/currency; 212 /business_date");
}

static void every_contract_of_a_holding_waits_for_both_days(void **state)
{
    struct story *s = *state;

    story_begin(s, 1, "financing.profile", "2026-04-01", GAP_PROFILE);
    story_set(s, "/details/subject", "'HOLDING'");
    story_set(s, "/details/total_investment", EUR("900000000.00"));
    story_set(s, "/details/registered_capital", EUR("30000000.00"));
    story_set(s, "/details/paid_in", EUR("5000000.00"));
    fixture_rate(s->f, "2026-04-01", "USD", "7");
    fixture_rate(s->f, "2026-04-01", "EUR", "7.7");
    accept(story_end(s));
    contract_begin(s, 2, "GAP", USD("1100000.00"), "2026-04-03");
    story_set(s, "/business_date", "'2026-04-08'");
    expect(story_end(s), OUTCOME_HELD, "401 /business_date; 401 /details/signed_on"); /* H6 */
    expect_basis(s->f, &s->f->result.decision,
                 "FIN.NDRC.FROM@2023-02-10 FIN.SIGN.WORKING_DAYS@2013-05-13");
    fixture_bulletin(s->f);
    fixture_rate(s->f, "2026-04-03", "USD", "7");
    fixture_rate(s->f, "2026-04-03", "EUR", "7.7");
    fixture_rate(s->f, "2026-04-08", "USD", "7");
    fixture_rate(s->f, "2026-04-08", "EUR", "7.8");
    fixture_pass(s->f, false);
    assert_int_equal(s->f->later_n, 1);
    expect_postings(&s->f->later[0],
                    "financing.contract:CONTRACT2 USD 110000000,0,0 = 110000000,0,0; "
                    "financing.gap EUR 0,0,100000000 = 2000000000,0,100000000");
    expect_basis(s->f, &s->f->later[0],
                 "FIN.NDRC.FROM@2023-02-10 FIN.SIGN.WORKING_DAYS@2013-05-13 "
                 "GAP.HOLDING.MULTIPLE@2016-01-01 2026-04-03 2026-04-08");
}

static void a_mode_is_left_only_without_contracts_and_not_for_the_gap(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-02", MP_PROFILE));
    tell_gap(s, 2);
    expect(story_end(s), OUTCOME_REJECTED, "209 /details/mode");
    accept(contract(s, 3, "MACROPRUDENTIAL", CNY("1.00"), "2026-03-02"));
    tell_fac(s, 4);
    expect(story_end(s), OUTCOME_REJECTED, "209 /details/mode");
    accept(story_file(s, 5, "financing.profile", "2026-03-02", MP_PROFILE));
    accept(story_reverse(s, 6, 5, "2026-03-02"));
    accept(story_reverse(s, 7, 3, "2026-03-02"));
    tell_fac(s, 8);
    story_set(s, "/details/effective_on", "'2026-04-01'");
    accept(story_end(s));
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,0,0"); /* C6 */
    expect_balance(s, "financing.facilitation", "USD 1000000000,0,0");
    /* A switch is compared with the largest effective_on, whatever the day of the filing (S13). */
    tell_gap(s, 9);
    story_set(s, "/details/effective_on", "'2026-03-15'");
    accept(story_end(s));
    expect_balance(s, "financing.gap", ""); /* not in force on its day: nothing posted */
    expect(contract(s, 10, "MACROPRUDENTIAL", CNY("1.00"), "2026-04-01"), OUTCOME_REJECTED,
           "209 /details/mode");
    accept(contract(s, 11, "FACILITATION", USD("1.00"), "2026-04-01"));
    accept(contract(s, 12, "GAP", USD("1.00"), "2026-03-31"));
    expect_balance(s, "financing.gap", "USD 300000000,0,100");
    expect(contract(s, 13, "GAP", USD("1.00"), "2025-12-31"), OUTCOME_REJECTED,
           "220 /details/mode");
}

/* S13: the profile of the largest effective_on, in force yet or not; of equals the later filed. */
static void a_switch_is_compared_with_the_last_profile_to_take_force(void **state)
{
    struct story *s = *state;

    tell_fac(s, 1);
    accept(story_end(s));
    story_begin(s, 2, "financing.profile", "2026-04-01", MP_PROFILE);
    story_set(s, "/details/effective_on", "'2026-07-01'");
    accept(story_end(s));
    tell_gap(s, 3);
    expect(story_end(s), OUTCOME_REJECTED, "209 /details/mode");
    story_begin(s, 4, "financing.profile", "2026-07-01", MP_PROFILE);
    story_set(s, "/details/effective_on", "'2026-07-01'");
    story_set(s, "/details/net_assets/value", "'1000000.00'");
    accept(story_end(s));
    expect_balance(s, "financing.macroprudential", "CNY 350000000,0,0");
    expect(contract(s, 5, "MACROPRUDENTIAL", CNY("3500000.01"), "2026-07-01"), OUTCOME_REJECTED,
           "301 /details/money financing.macroprudential CNY 350000000 350000001");
}

/* Two profiles that are yet to take force agree on the currency too. */
static void a_gap_has_one_currency_before_its_first_posting(void **state)
{
    struct story *s = *state;

    story_begin(s, 1, "financing.profile", "2026-03-02", GAP_PROFILE);
    story_set(s, "/details/effective_on", "'2026-06-01'");
    accept(story_end(s));
    story_begin(s, 2, "financing.profile", "2026-03-02", GAP_PROFILE);
    story_set(s, "/details/effective_on", "'2026-07-01'");
    story_set(s, "/details/total_investment/currency", "'EUR'");
    story_set(s, "/details/registered_capital/currency", "'EUR'");
    story_set(s, "/details/paid_in/currency", "'EUR'");
    expect(story_end(s), OUTCOME_REJECTED, "107 /details/total_investment/currency");
}

/* ---- every code of a contract --------------------------------------------------------------- */

static void tell_contract(struct story *s, uint32_t id)
{
    contract_begin(s, id, "MACROPRUDENTIAL", CNY("1000000.00"), "2026-04-01");
}

static void a_contract_is_refused_where_it_fails(void **state)
{
    static const struct story_row rows[] = {
        {"", NULL, OUTCOME_ACCEPTED, "", ""},
        {"/details/contract_no", "'CONTRACT3'", OUTCOME_REJECTED, "202 /details/contract_no", ""},
        {"/details/contract_no", "'short'", OUTCOME_REJECTED, "111 /details/contract_no", ""},
        {"/details/mode", "'GAP'", OUTCOME_REJECTED, "209 /details/mode", ""},
        {"/details/mode", "'FACILITATION'", OUTCOME_REJECTED, "209 /details/mode", ""},
        {"/details/value_on", "'2026-03-31'", OUTCOME_REJECTED, "115 /details/value_on", ""},
        {"/details/matures_on", "'2026-03-31'", OUTCOME_REJECTED, "115 /details/matures_on", ""},
        {"/details/signed_on", "'2026-04-02'", OUTCOME_REJECTED,
         "115 /details/signed_on; 115 /details/value_on", ""},
        {"/details/creditor/kind", "'BANK'", OUTCOME_REJECTED, "114 /details/creditor/bic", ""},
        {"/details/ndrc_certificate_no", NULL, OUTCOME_REJECTED, "214 /details/ndrc_certificate_no",
         ""},
        {"/details/not_counted", "true", OUTCOME_REJECTED, "214 /note", ""},
        {"/details/purpose", "'SECURITIES'", OUTCOME_REJECTED, "218 /details/purpose", ""},
        {"/details/purpose", "'NON_SELF_USE_HOUSING'", OUTCOME_ACCEPTED, "", ""},
        {"/details/purpose", "'SECURITIES.'", OUTCOME_ACCEPTED, "", ""},
        {"/details/signed_on", "'2026-03-11'", OUTCOME_ACCEPTED, "", ""},
        {"/details/signed_on", "'2026-03-10'", OUTCOME_ACCEPTED, "", "LATE"},
        {"/details/money/value", "'350000000.00'", OUTCOME_ACCEPTED, "", "LIMIT_FULL"},
        {"/details/money/value", "'315000000.00'", OUTCOME_ACCEPTED, "", "NEAR_LIMIT_90"},
        {"/details/money/value", "'314999999.99'", OUTCOME_ACCEPTED, "", "NEAR_LIMIT_80"},
        {"/details/money/value", "'280000000.00'", OUTCOME_ACCEPTED, "", "NEAR_LIMIT_80"},
        {"/details/money/value", "'279999999.99'", OUTCOME_ACCEPTED, "", ""},
        {"/details/money/value", "'350000000.01'", OUTCOME_REJECTED,
         "301 /details/money financing.macroprudential CNY 35000000000 35000000001", ""},
        {"/details/money/currency", "'USD'", OUTCOME_HELD, "401 /details/signed_on", ""},
    };
    struct story *s = *state;

    tell_contract(s, 1);
    story_set(s, "/bank", "'210100000999'");
    story_set(s, "/details/not_counted", "true");
    expect(story_end(s), OUTCOME_REJECTED, "220 /details/mode"); /* and nothing else (S13) */
    expect_basis(s->f, &s->f->result.decision,
                 "FIN.NDRC.FROM@2023-02-10 FIN.SIGN.WORKING_DAYS@2013-05-13"); /* B1 */
    accept(story_file(s, 2, "financing.profile", "2026-03-01", MP_PROFILE));
    contract_begin(s, 3, "MACROPRUDENTIAL", CNY("1.00"), "2026-04-01");
    story_set(s, "/details/not_counted", "true");
    story_set(s, "/note", "'between branches'");
    accept(story_end(s));
    story_rows(s, rows, ROWS(rows), tell_contract);
}

/* Beside the mode's 209 nothing else is said (S13). */
static void a_wrong_mode_is_the_only_reason(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-01", MP_PROFILE));
    contract_begin(s, 2, "GAP", CNY("1.00"), "2026-04-01");
    story_set(s, "/bank", "'210100000999'");
    story_set(s, "/details/purpose", "'UNLAWFUL'");
    story_set(s, "/details/not_counted", "true");
    expect(story_end(s), OUTCOME_REJECTED, "209 /details/mode");
    expect_basis(s->f, &s->f->result.decision,
                 "FDI.USE.FORBIDDEN@2016-06-09 FIN.NDRC.FROM@2023-02-10 "
                 "FIN.SIGN.WORKING_DAYS@2013-05-13");
    story_begin(
        s, 3, "financing.contract", "2026-04-01",
        "'contract_no':'CONTRACT3','mode':'MACROPRUDENTIAL','money':" CNY(
            "1.00") ","
                    "'signed_on':'2026-03-01','value_on':'2026-04-01','matures_on':'2029-04-01'," TERMS);
    story_set(s, "/bank", "'210100000999'");
    story_set(s, "/details/purpose", "'UNLAWFUL'");
    story_set(s, "/details/not_counted", "true");
    expect(story_end(s), OUTCOME_REJECTED,
           "205 /bank; 214 /details/ndrc_certificate_no; 214 /note; 218 /details/purpose");
}

static void a_certificate_of_the_planner_is_asked_of_long_contracts_since_2023(void **state)
{
    static const struct {
        const char *signed_on;
        const char *matures_on;
        const char *reasons;
        const char *flags;
    } rows[] = {
        {"'2023-02-09'", "'2029-04-01'", "", "LATE"},
        {"'2023-02-10'", "'2029-04-01'", "214 /details/ndrc_certificate_no", ""},
        {"'2026-04-01'", "'2027-04-01'", "", ""},
        {"'2026-04-01'", "'2027-04-02'", "214 /details/ndrc_certificate_no", ""},
    };
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-01", MP_PROFILE));
    for (uint32_t i = 0; i < ROWS(rows); i++) {
        tell_contract(s, 100 + i);
        story_set(s, "/details/ndrc_certificate_no", NULL);
        story_set(s, "/details/signed_on", rows[i].signed_on);
        story_set(s, "/details/matures_on", rows[i].matures_on);
        expect(story_end(s), rows[i].reasons[0] ? OUTCOME_REJECTED : OUTCOME_ACCEPTED,
               rows[i].reasons);
        expect_flags(&s->f->result.decision, rows[i].flags);
    }
}

/* A facilitation contract asks anew for everything that the profile was asked for, at its mode. */
static void a_facilitation_contract_fails_at_its_mode(void **state)
{
    struct story *s = *state;

    story_begin(s, 1, "financing.profile", "2024-01-02", FAC_PROFILE);
    story_set(s, "/details/certificate/valid_to", "'2026-03-31'");
    accept(story_end(s));
    accept(contract(s, 2, "FACILITATION", USD("1.00"), "2026-03-31"));
    expect(contract(s, 3, "FACILITATION", USD("1.00"), "2026-04-01"), OUTCOME_REJECTED,
           "211 /details/mode");
    contract_begin(s, 4, "FACILITATION", USD("1.00"), "2022-10-03");
    story_set(s, "/details/matures_on", "'2023-10-03'");
    expect(story_end(s), OUTCOME_REJECTED, "212 /details/mode");
}

static void what_is_not_counted_never_touches_the_limit(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-01", MP_PROFILE));
    contract_begin(s, 2, "MACROPRUDENTIAL", USD("90000000.00"), "2026-04-01");
    story_set(s, "/details/not_counted", "true");
    story_set(s, "/note", "'cash pool'");
    accept(story_end(s)); /* no rate of that day is there */
    expect_postings(&s->f->result.decision,
                    "financing.contract:CONTRACT2 USD 9000000000,0,0 = 9000000000,0,0");
    accept(draw(s, 3, 2, USD("90000000.00"), "2026-04-08"));
    expect_postings(&s->f->result.decision,
                    "financing.contract:CONTRACT2 USD 0,9000000000,0 = 9000000000,9000000000,0; "
                    "financing.principal:CONTRACT2 USD 9000000000,0,0 = 9000000000,0,0");
    accept(repay(s, 4, 2, USD("1.00"), "2026-04-08"));
    expect_postings(&s->f->result.decision,
                    "financing.principal:CONTRACT2 USD 0,100,0 = 9000000000,100,0");
    expect_basis(s->f, &s->f->result.decision, "");
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,0,0");
}

/* ---- every code of a drawdown and a repayment ----------------------------------------------- */

#define MOVEMENT "'contract_no':'CONTRACT2','money':" USD("1000000.00")

static void tell_drawdown(struct story *s, uint32_t id)
{
    story_begin(s, id, "financing.drawdown", "2026-04-08", MOVEMENT ",'value_on':'2026-04-08'");
}

static void tell_repayment(struct story *s, uint32_t id)
{
    story_begin(s, id, "financing.repayment", "2026-04-08", MOVEMENT);
}

static void begin_movements(struct story *s)
{
    fixture_rate(s->f, "2026-04-01", "USD", "7.1");
    fixture_rate(s->f, "2026-04-06", "USD", "7.1");
    fixture_rate(s->f, "2026-04-08", "USD", "7.1");
    accept(story_file(s, 1, "financing.profile", "2026-03-01", MP_PROFILE));
    accept(contract(s, 2, "MACROPRUDENTIAL", USD("10000000.00"), "2026-04-01"));
    accept(contract(s, 3, "MACROPRUDENTIAL", CNY("1.00"), "2026-04-01"));
    s->f->state.objects[1].closed = true;
}

static void a_drawdown_is_refused_where_it_fails(void **state)
{
    static const struct story_row rows[] = {
        {"", NULL, OUTCOME_ACCEPTED, "", "UNCONFIRMED_BASIS"},
        {"/details/contract_no", "'CONTRACT9'", OUTCOME_REJECTED, "203 /details/contract_no", ""},
        {"/details/contract_no", "'CONTRACT3'", OUTCOME_REJECTED, "204 /details/contract_no", ""},
        {"/details/money/currency", "'CNY'", OUTCOME_REJECTED, "107 /details/money/currency", ""},
        {"/business_date", "'2026-04-03'", OUTCOME_REJECTED, "219 /business_date", ""},
        {"/business_date", "'2026-04-06'", OUTCOME_ACCEPTED, "", "UNCONFIRMED_BASIS"},
        {"/business_date", "'2026-03-31'", OUTCOME_REJECTED,
         "206 /business_date; 219 /business_date", ""},
        {"/business_date", "'2026-04-09'", OUTCOME_HELD, "401 /business_date", ""},
        {"/details/money/value", "'10000000.00'", OUTCOME_HELD, "403 ", ""},
    };
    struct story *s = *state;

    begin_movements(s);
    story_rows(s, rows, ROWS(rows), tell_drawdown);
    fixture_bulletin(s->f);
    fixture_rate(s->f, "2026-04-09", "USD", "7.1");
    fixture_pass(s->f, false);
    assert_int_equal(s->f->later_n, 2);
    expect(&s->f->later[0], OUTCOME_ACCEPTED, "");
    expect(&s->f->later[1], OUTCOME_REJECTED,
           "206 /business_date"); /* the other moved the contract on the ninth */
    story_begin(s, 50, "financing.drawdown", "2026-04-09",
                "'contract_no':'CONTRACT2','value_on':'2026-04-08','money':" USD("9000000.01"));
    expect(story_end(s), OUTCOME_REJECTED,
           "302 /details/money financing.contract:CONTRACT2 USD 900000000 900000001");
    tell_drawdown(s, 51);
    story_set(s, "/details/contract_no", "'CONTRACT9'");
    story_set(s, "/details/money/currency", "'CNY'");
    story_set(s, "/bank", "'210100000999'");
    expect(story_end(s), OUTCOME_REJECTED, "203 /details/contract_no; 205 /bank"); /* S1 */
    expect_basis(s->f, &s->f->result.decision, "");
}

/* A holiday is no working day: the third after Wednesday the 1st is Tuesday the 7th. */
static void the_wait_for_a_drawdown_counts_working_days(void **state)
{
    struct story *s = *state;

    fixture_holiday(s->f, "2026-04-06");
    begin_movements(s);
    tell_drawdown(s, 10);
    story_set(s, "/business_date", "'2026-04-06'");
    expect(story_end(s), OUTCOME_REJECTED, "219 /business_date");
    fixture_rate(s->f, "2026-04-03", "USD", "7.1");
    tell_drawdown(s, 11);
    story_set(s, "/business_date", "'2026-04-07'");
    expect(story_end(s), OUTCOME_HELD, "401 /business_date");
}

static void a_repayment_is_refused_where_it_fails(void **state)
{
    static const struct story_row rows[] = {
        {"", NULL, OUTCOME_ACCEPTED, "", ""},
        {"/details/contract_no", "'CONTRACT9'", OUTCOME_REJECTED, "203 /details/contract_no", ""},
        {"/details/contract_no", "'CONTRACT3'", OUTCOME_REJECTED, "204 /details/contract_no", ""},
        {"/details/money/currency", "'EUR'", OUTCOME_REJECTED, "107 /details/money/currency", ""},
        {"/business_date", "'2026-04-07'", OUTCOME_REJECTED, "206 /business_date", ""},
        {"/business_date", "'2026-04-09'", OUTCOME_ACCEPTED, "", ""},
        {"/details/money/value", "'4000000.00'", OUTCOME_ACCEPTED, "", "LIMIT_FULL"},
        {"/details/money/value", "'4000000.01'", OUTCOME_REJECTED,
         "302 /details/money financing.principal:CONTRACT2 USD 400000000 400000001", ""},
    };
    struct story *s = *state;

    begin_movements(s);
    accept(draw(s, 10, 2, USD("4000000.00"), "2026-04-08"));
    story_rows(s, rows, ROWS(rows), tell_repayment);
    accept(repay(s, 11, 2, USD("1000000.00"), "2026-04-08"));
    expect_postings(&s->f->result.decision,
                    "financing.macroprudential CNY 0,-1065000000,0 = "
                    "35000000000,3195000000,6390000100; "
                    "financing.principal:CONTRACT2 USD 0,100000000,0 = 400000000,100000000,0");
    expect_basis(s->f, &s->f->result.decision, "MP.LEVERAGE@2017-01-13 MP.PARAMETER@2025-01-13");
}

/* The frozen rule: each drawdown is rounded up, what falls is rounded down, the last takes all. */
static void what_was_frozen_falls_with_what_is_paid_back(void **state)
{
    struct story *s = *state;

    fixture_rate(s->f, "2026-04-01", "USD", "7.1");
    fixture_rate(s->f, "2026-04-08", "USD", "7.12345");
    fixture_rate(s->f, "2026-04-09", "USD", "7.3");
    accept(story_file(s, 1, "financing.profile", "2026-03-01", MP_PROFILE));
    accept(contract(s, 2, "MACROPRUDENTIAL", USD("150.01"), "2026-04-01"));
    /* ⌈1.5 × ⌈15001 × 7.1⌉⌉ = ⌈1.5 × 106508⌉ */
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,0,159762");
    accept(draw(s, 3, 2, USD("100.00"), "2026-04-08")); /* ⌈71234.5⌉ */
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,106853,53262");
    accept(draw(s, 4, 2, USD("50.01"), "2026-04-09")); /* + ⌈36507.3⌉ = 107743 */
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,161615,0");
    accept(repay(s, 5, 2, USD("33.33"), "2026-04-09")); /* - ⌊107743 × 3333 / 15001⌋ = 83805 */
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,125708,0");
    accept(repay(s, 6, 2, USD("116.68"), "2026-04-09"));
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,0,0");
    expect_balance(s, "financing.principal:CONTRACT2", "USD 15001,15001,0");
}

/* L5. */
static void what_a_revolving_contract_pays_back_it_may_draw_again(void **state)
{
    struct story *s = *state;

    begin_movements(s);
    contract_begin(s, 4, "MACROPRUDENTIAL", USD("1000000.00"), "2026-04-01");
    story_set(s, "/details/revolving", "true");
    accept(story_end(s));
    accept(draw(s, 10, 4, USD("1000000.00"), "2026-04-08"));
    accept(repay(s, 11, 4, USD("400000.00"), "2026-04-08"));
    expect_postings(&s->f->result.decision,
                    "financing.contract:CONTRACT4 USD 0,-40000000,0 = 100000000,60000000,0; "
                    "financing.macroprudential CNY 0,-426000000,426000000 = "
                    "35000000000,639000000,11076000100; "
                    "financing.principal:CONTRACT4 USD 0,40000000,0 = 100000000,40000000,0");
    expect(draw(s, 12, 4, USD("400000.01"), "2026-04-08"), OUTCOME_REJECTED,
           "302 /details/money financing.contract:CONTRACT4 USD 40000000 40000001");
    accept(draw(s, 13, 4, USD("400000.00"), "2026-04-08"));
    expect_balance(s, "financing.contract:CONTRACT4", "USD 100000000,100000000,0");
    expect_balance(s, "financing.principal:CONTRACT4", "USD 140000000,40000000,0");
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,1065000000,10650000100");
}

static void a_gap_counts_what_was_incurred_for_more_than_a_year(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-02", GAP_PROFILE));
    accept(contract(s, 2, "GAP", USD("1000000.00"), "2026-04-01"));
    contract_begin(s, 3, "GAP", USD("1000000.00"), "2026-04-01");
    story_set(s, "/details/matures_on", "'2027-04-01'");
    accept(story_end(s));
    accept(draw(s, 4, 2, USD("1000000.00"), "2026-04-01")); /* no wait in this mode */
    expect_flags(&s->f->result.decision, "LIMIT_FULL");
    accept(draw(s, 5, 3, USD("1000000.00"), "2026-04-01"));
    expect_balance(s, "financing.gap", "USD 300000000,200000000,0");
    accept(repay(s, 6, 2, USD("1000000.00"), "2026-04-01"));
    expect_postings(&s->f->result.decision,
                    "financing.principal:CONTRACT2 USD 0,100000000,0 = 100000000,100000000,0");
    expect_balance(s, "financing.gap", "USD 300000000,200000000,0");
    accept(repay(s, 7, 3, USD("600000.00"), "2026-04-01"));
    expect_balance(s, "financing.gap", "USD 300000000,140000000,0");
}

/* ---- limits that move ----------------------------------------------------------------------- */

/* L2: both reasons; the reservation counts as fallen to nothing. */
static void an_overdrawn_contract_is_told_beside_a_full_limit(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-02", GAP_PROFILE));
    accept(contract(s, 2, "GAP", USD("1000000.00"), "2026-04-01"));
    expect(draw(s, 3, 2, USD("3000000.00"), "2026-04-01"), OUTCOME_REJECTED,
           "302 /details/money financing.contract:CONTRACT2 USD 100000000 300000000");
    expect(draw(s, 4, 2, USD("9000000.00"), "2026-04-01"), OUTCOME_REJECTED,
           "301 /details/money financing.gap USD 200000000 800000000; "
           "302 /details/money financing.contract:CONTRACT2 USD 100000000 900000000");
}

/* L3: the parameter has fallen since the contract was signed; a fall of net assets is no reason. */
static void an_old_contract_draws_beyond_a_fallen_parameter(void **state)
{
    struct story *s = *state;

    story_then(s, "MP.PARAMETER", "", "2026-07-01", "1");
    accept(story_file(s, 1, "financing.profile", "2026-03-01", MP_PROFILE));
    accept(contract(s, 2, "MACROPRUDENTIAL", CNY("150000000.00"), "2026-06-30"));
    accept(contract(s, 3, "MACROPRUDENTIAL", CNY("50000000.00"), "2026-07-01"));
    expect_balance(s, "financing.macroprudential", "CNY 20000000000,0,20000000000");
    accept(draw(s, 4, 3, CNY("1.00"), "2026-07-06")); /* not beyond: no flag */
    expect_flags(&s->f->result.decision, "UNCONFIRMED_BASIS");
    story_begin(s, 5, "financing.profile", "2026-07-06", MP_PROFILE);
    story_set(s, "/details/effective_on", "'2026-07-06'");
    story_set(s, "/details/net_assets/value", "'90000000.00'");
    accept(story_end(s));
    expect_balance(s, "financing.macroprudential", "CNY 18000000000,100,19999999900");
    expect(draw(s, 6, 3, CNY("1.00"), "2026-07-06"), OUTCOME_REJECTED,
           "301 /details/money financing.macroprudential CNY -2000000000 0");
    accept(draw(s, 7, 2, CNY("150000000.00"), "2026-07-06"));
    expect_flags(&s->f->result.decision, "GRANDFATHERED LIMIT_FULL UNCONFIRMED_BASIS");
    expect_basis(s->f, &s->f->result.decision,
                 "FIN.DRAW.WAIT_WORKING_DAYS@2016-05-03 MP.LEVERAGE@2017-01-13 "
                 "MP.PARAMETER@2026-07-01");
    expect(contract(s, 8, "MACROPRUDENTIAL", CNY("0.01"), "2026-07-06"), OUTCOME_REJECTED,
           "301 /details/money financing.macroprudential CNY -2000000000 1");
}

/* A new row with the same value is no fall. */
static void a_parameter_that_stays_the_same_grandfathers_nothing(void **state)
{
    struct story *s = *state;

    story_then(s, "MP.PARAMETER", "", "2026-07-01", "1.75");
    story_then(s, "MP.LEVERAGE", "", "2026-07-01", "2.0");
    accept(story_file(s, 1, "financing.profile", "2026-03-01", MP_PROFILE));
    accept(contract(s, 2, "MACROPRUDENTIAL", CNY("350000000.00"), "2026-06-30"));
    story_begin(s, 3, "financing.profile", "2026-07-06", MP_PROFILE);
    story_set(s, "/details/effective_on", "'2026-07-06'");
    story_set(s, "/details/net_assets/value", "'90000000.00'");
    accept(story_end(s));
    expect(draw(s, 4, 2, CNY("1.00"), "2026-07-06"), OUTCOME_REJECTED,
           "301 /details/money financing.macroprudential CNY -3500000000 0");
}

static void an_old_contract_draws_beyond_a_fallen_facilitation_amount(void **state)
{
    struct story *s = *state;

    story_then(s, "FAC.LIMIT.USD", "HIGH_TECH", "2026-07-01", "8000000");
    accept(story_file(s, 1, "financing.profile", "2024-01-02", FAC_PROFILE));
    /* Signed at 5,000,000.00: it has not fallen below that. */
    accept(contract(s, 2, "FACILITATION", USD("4000000.00"), "2025-09-14"));
    accept(contract(s, 3, "FACILITATION", USD("6000000.00"), "2025-09-15"));
    expect(draw(s, 4, 2, USD("1.00"), "2026-07-01"), OUTCOME_REJECTED,
           "301 /details/money financing.facilitation USD -200000000 0");
    accept(draw(s, 5, 3, USD("6000000.00"), "2026-07-01"));
    expect_flags(&s->f->result.decision, "GRANDFATHERED LIMIT_FULL");
    expect_balance(s, "financing.facilitation", "USD 800000000,600000000,400000000");
}

/* L1: each filing sets the limit to its value on its own business date, back and forth. */
static void every_posting_sets_the_limit_to_its_value_on_the_day(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-01", MP_PROFILE));
    story_begin(s, 2, "financing.profile", "2026-03-01", MP_PROFILE);
    story_set(s, "/details/effective_on", "'2026-06-01'");
    story_set(s, "/details/net_assets/value", "'50000000.00'");
    accept(story_end(s));
    assert_int_equal(s->f->result.decision.postings_n, 0);
    accept(contract(s, 3, "MACROPRUDENTIAL", CNY("100.00"), "2026-06-01"));
    expect_balance(s, "financing.macroprudential", "CNY 17500000000,0,10000");
    accept(contract(s, 4, "MACROPRUDENTIAL", CNY("100.00"), "2026-05-31"));
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,0,20000");
    accept(draw(s, 5, 3, CNY("100.00"), "2026-06-08"));
    expect_balance(s, "financing.macroprudential", "CNY 17500000000,10000,10000");
    story_begin(s, 6, "financing.profile", "2026-06-08", MP_PROFILE);
    story_set(s, "/details/effective_on", "'2026-06-08'");
    story_set(s, "/details/net_assets/value", "'80000000.00'");
    accept(story_end(s));
    expect_balance(s, "financing.macroprudential", "CNY 28000000000,10000,10000");
    accept(repay(s, 7, 3, CNY("100.00"), "2026-06-08"));
    expect_postings(&s->f->result.decision,
                    "financing.macroprudential CNY 0,-10000,0 = 28000000000,0,10000; "
                    "financing.principal:CONTRACT3 CNY 0,10000,0 = 10000,10000,0");
}

/* L1: on a day on which another mode is in force the limit of the contract's mode stays. */
static void a_limit_stays_while_another_mode_is_in_force(void **state)
{
    struct story *s = *state;

    story_then(s, "MP.PARAMETER", "", "2026-04-01", "1");
    accept(story_file(s, 1, "financing.profile", "2026-03-02", MP_PROFILE));
    story_begin(s, 2, "financing.profile", "2026-03-02", FAC_PROFILE);
    story_set(s, "/details/effective_on", "'2026-04-01'");
    accept(story_end(s));
    accept(contract(s, 3, "MACROPRUDENTIAL", CNY("100.00"), "2026-03-31"));
    accept(draw(s, 4, 3, CNY("100.00"), "2026-04-08"));
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,10000,0");
    expect_balance(s, "financing.facilitation", "");
    expect_basis(s->f, &s->f->result.decision, "FIN.DRAW.WAIT_WORKING_DAYS@2016-05-03");
    accept(story_reverse(s, 5, 4, "2026-04-08"));
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,0,10000");
}

/* ---- reversals ------------------------------------------------------------------------------ */

enum { STEPS_MAX = 16, SNAPSHOT_SIZE = 4096 };

/* All balances that are not 0, and all contracts to the last byte. */
struct snapshot {
    char balances[SNAPSHOT_SIZE];
    uint32_t objects_n;
    struct object objects[8];
    uint32_t profiles_n;
};

static void take_snapshot(const struct story *s, struct snapshot *ret)
{
    const struct enterprise *e = &s->f->state;
    size_t used = 0;

    memset(ret, 0, sizeof(*ret));
    for (uint32_t i = 0; i < e->limits_n; i++) {
        const struct limit *limit = &e->limits[i];

        if (limit->is.limit != 0 || limit->is.used != 0 || limit->is.reserved != 0) {
            used +=
                (size_t)snprintf(ret->balances + used, SNAPSHOT_SIZE - used,
                                 "%d of %llu: %lld,%lld,%lld; ", (int)limit->key.kind,
                                 (unsigned long long)limit->key.owner, (long long)limit->is.limit,
                                 (long long)limit->is.used, (long long)limit->is.reserved);
        }
    }
    assert_true(e->objects_n <= 8);
    ret->objects_n = e->objects_n;
    memcpy(ret->objects, e->objects, e->objects_n * sizeof(e->objects[0]));
    ret->profiles_n = e->profiles_n;
}

static void expect_snapshot(const struct story *s, const struct snapshot *before)
{
    static struct snapshot now;

    take_snapshot(s, &now);
    assert_string_equal(now.balances, before->balances);
    assert_int_equal(now.objects_n, before->objects_n);
    assert_int_equal(now.profiles_n, before->profiles_n);
    for (uint32_t i = 0; i < now.objects_n; i++) {
        assert_memory_equal(&now.objects[i], &before->objects[i], sizeof(now.objects[i]));
    }
}

static void every_reversal_restores_what_was_there_in_every_mode(void **state)
{
    static const struct {
        const char *mode;
        const char *profile;
    } modes[] = {
        {"MACROPRUDENTIAL", MP_PROFILE},
        {"GAP", GAP_PROFILE},
        {"FACILITATION", FAC_PROFILE},
    };
    static struct snapshot before[STEPS_MAX];

    for (uint32_t m = 0; m < ROWS(modes); m++) {
        struct story *s = story_new();
        uint32_t n = 0;

        fixture_rate(s->f, "2026-04-01", "USD", "7.1234");
        fixture_rate(s->f, "2026-04-01", "JPY", "0.04567");
        fixture_rate(s->f, "2026-04-08", "USD", "7.0987");
        fixture_rate(s->f, "2026-04-08", "JPY", "0.04999");
        take_snapshot(s, &before[n++]);
        accept(story_file(s, 1, "financing.profile", "2026-04-01", modes[m].profile));
        take_snapshot(s, &before[n++]);
        contract_begin(s, 2, modes[m].mode, JPY("12345679"), "2026-04-01");
        story_set(s, "/details/revolving", "true");
        accept(story_end(s));
        take_snapshot(s, &before[n++]);
        accept(draw(s, 3, 2, JPY("7654321"), "2026-04-08"));
        take_snapshot(s, &before[n++]);
        accept(draw(s, 4, 2, JPY("1111111"), "2026-04-08"));
        take_snapshot(s, &before[n++]);
        accept(repay(s, 5, 2, JPY("3333333"), "2026-04-08"));
        take_snapshot(s, &before[n++]);
        accept(repay(s, 6, 2, JPY("5432099"), "2026-04-08"));
        for (uint32_t i = 6; i > 0; i--) {
            /* What something later rests on stays, in whatever order it is tried. */
            for (uint32_t k = 1; k < i; k++) {
                expect(story_reverse(s, 100 * i + k, k, "2026-04-08"), OUTCOME_REJECTED,
                       "217 /details/reverses");
            }
            accept(story_reverse(s, 100 * i, i, "2026-04-08"));
            expect_basis(s->f, &s->f->result.decision, "");
            expect_snapshot(s, &before[i - 1]);
        }
        story_free(s);
    }
    (void)state;
}

/* R1: whichever of the later ones go first, the profile goes after all of them. */
static void a_profile_goes_after_all_that_came_later(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-04-01", MP_PROFILE));
    accept(contract(s, 2, "MACROPRUDENTIAL", CNY("1.00"), "2026-04-01"));
    accept(contract(s, 3, "MACROPRUDENTIAL", CNY("1.00"), "2026-04-01"));
    accept(story_file(s, 4, "financing.profile", "2026-04-01", MP_PROFILE));
    accept(contract(s, 5, "MACROPRUDENTIAL", CNY("1.00"), "2026-04-01"));
    expect(story_reverse(s, 10, 4, "2026-04-01"), OUTCOME_REJECTED, "217 /details/reverses");
    accept(story_reverse(s, 11, 2, "2026-04-01"));
    accept(story_reverse(s, 12, 5, "2026-04-01"));
    expect(story_reverse(s, 13, 1, "2026-04-01"), OUTCOME_REJECTED, "217 /details/reverses");
    accept(story_reverse(s, 14, 4, "2026-04-01"));
    expect(story_reverse(s, 15, 1, "2026-04-01"), OUTCOME_REJECTED, "217 /details/reverses");
    accept(story_reverse(s, 16, 3, "2026-04-01"));
    expect(story_reverse(s, 17, 1, "2026-03-31"), OUTCOME_REJECTED, "206 /business_date");
    accept(story_reverse(s, 18, 1, "2026-04-01"));
    expect_postings(&s->f->result.decision,
                    "financing.macroprudential CNY -35000000000,0,0 = 0,0,0");
    assert_int_equal(s->f->state.profiles_n, 0);
}

/* R3, R4. */
static void a_reversal_gives_the_limit_the_value_of_its_own_day(void **state)
{
    struct story *s = *state;

    story_then(s, "MP.PARAMETER", "", "2026-07-01", "1");
    accept(story_file(s, 1, "financing.profile", "2026-04-01", MP_PROFILE));
    accept(contract(s, 2, "MACROPRUDENTIAL", CNY("150000000.00"), "2026-04-01"));
    accept(draw(s, 3, 2, CNY("150000000.00"), "2026-04-08"));
    accept(repay(s, 4, 2, CNY("150000000.00"), "2026-04-08"));
    accept(contract(s, 5, "MACROPRUDENTIAL", CNY("100000000.00"), "2026-04-08"));
    /* On the last day of 1.75 there is room for the old use, a day later there is not. */
    expect(story_reverse(s, 10, 4, "2026-07-01"), OUTCOME_REJECTED, "217 /details/reverses");
    accept(story_reverse(s, 11, 4, "2026-06-30"));
    expect_postings(
        &s->f->result.decision,
        "financing.macroprudential CNY 0,15000000000,0 = 35000000000,15000000000,10000000000; "
        "financing.principal:CONTRACT2 CNY 0,-15000000000,0 = 15000000000,0,0");
    /* A fall that the day brings does not stop what lowers the use. */
    accept(story_reverse(s, 12, 5, "2026-07-01"));
    expect_postings(&s->f->result.decision,
                    "financing.contract:CONTRACT5 CNY -10000000000,0,0 = 0,0,0; "
                    "financing.macroprudential CNY -15000000000,0,-10000000000 = "
                    "20000000000,15000000000,0");
}

/* R1: the limit is at 0 and may take another currency, but that of the gap. */
static void a_contract_number_is_free_again_after_its_reversal(void **state)
{
    struct story *s = *state;

    fixture_rate(s->f, "2026-04-01", "USD", "7.1");
    accept(story_file(s, 1, "financing.profile", "2026-04-01", MP_PROFILE));
    accept(contract(s, 2, "MACROPRUDENTIAL", CNY("1.00"), "2026-04-01"));
    contract_begin(s, 3, "MACROPRUDENTIAL", USD("1.00"), "2026-04-01");
    story_set(s, "/details/contract_no", "'CONTRACT2'");
    expect(story_end(s), OUTCOME_REJECTED, "202 /details/contract_no");
    accept(story_reverse(s, 4, 2, "2026-04-01"));
    expect(story_reverse(s, 5, 2, "2026-04-01"), OUTCOME_REJECTED, "217 /details/reverses");
    contract_begin(s, 6, "MACROPRUDENTIAL", USD("1.00"), "2026-04-01");
    story_set(s, "/details/contract_no", "'CONTRACT2'");
    accept(story_end(s));
    expect_balance(s, "financing.contract:CONTRACT2", "USD 100,0,0");
}

/* ---- changes of a contract ------------------------------------------------------------------ */

#define C2 "'contract_no':'CONTRACT2'"

/* C2: not taken from the contract amount, no wait, no 302. */
static void interest_is_capitalised_where_the_contract_says_so(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-01", MP_PROFILE));
    contract_begin(s, 2, "MACROPRUDENTIAL", CNY("100.00"), "2026-04-01");
    story_set(s, "/details/capitalises_interest", "true");
    accept(story_end(s));
    accept(contract(s, 3, "MACROPRUDENTIAL", CNY("100.00"), "2026-04-01"));
    accept(
        story_file(s, 4, "financing.capitalisation", "2026-04-01", C2 ",'money':" CNY("150.00")));
    expect_postings(&s->f->result.decision,
                    "financing.macroprudential CNY 0,15000,0 = 35000000000,15000,20000; "
                    "financing.principal:CONTRACT2 CNY 15000,0,0 = 15000,0,0");
    expect(story_file(s, 5, "financing.capitalisation", "2026-04-01",
                      "'contract_no':'CONTRACT3','money':" CNY("1.00")),
           OUTCOME_REJECTED, "214 /details/contract_no");
    expect(story_file(s, 6, "financing.cancellation", "2026-04-01", C2), OUTCOME_REJECTED,
           "215 /details/contract_no");
    expect(story_file(s, 7, "financing.deregistration", "2026-04-01", C2), OUTCOME_REJECTED,
           "216 /details/contract_no financing.principal:CONTRACT2");
}

/* L4: the weight of the new term, with what is drawn too; C5. */
static void an_extension_weighs_by_the_whole_term(void **state)
{
    struct story *s = *state;
    static const char later[] = C2 ",'matures_on':'2027-04-02','agreed_on':'2026-04-08'";

    accept(story_file(s, 1, "financing.profile", "2026-03-01", MP_PROFILE));
    contract_begin(s, 2, "MACROPRUDENTIAL", CNY("100.00"), "2026-04-01");
    story_set(s, "/details/matures_on", "'2027-04-01'");
    accept(story_end(s));
    accept(draw(s, 3, 2, CNY("60.00"), "2026-04-08"));
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,9000,6000");
    expect(story_file(s, 4, "financing.extension", "2026-04-08",
                      C2 ",'matures_on':'2027-04-01','agreed_on':'2026-04-08'"),
           OUTCOME_REJECTED, "115 /details/matures_on");
    accept(story_file(s, 5, "financing.extension", "2026-04-08", later));
    expect_postings(&s->f->result.decision,
                    "financing.macroprudential CNY 0,-3000,-2000 = 35000000000,6000,4000");
    expect_basis(s->f, &s->f->result.decision,
                 "FIN.SIGN.WORKING_DAYS@2013-05-13 MP.LEVERAGE@2017-01-13 MP.PARAMETER@2025-01-13 "
                 "MP.TERM.LONG@2016-05-03");
    accept(story_reverse(s, 6, 5, "2026-04-08"));
    expect_balance(s, "financing.macroprudential", "CNY 35000000000,9000,6000");
}

/* GAP: a short one that becomes long keeps what it has frozen. */
static void a_short_gap_contract_may_become_long(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-02", GAP_PROFILE));
    contract_begin(s, 2, "GAP", USD("1000000.00"), "2026-04-01");
    story_set(s, "/details/matures_on", "'2027-04-01'");
    accept(story_end(s));
    accept(draw(s, 3, 2, USD("1000000.00"), "2026-04-01"));
    accept(repay(s, 4, 2, USD("400000.00"), "2026-04-01"));
    expect_balance(s, "financing.gap", "USD 300000000,60000000,0");
    accept(story_file(s, 5, "financing.extension", "2026-04-01",
                      C2 ",'matures_on':'2027-04-02','agreed_on':'2026-03-10'"));
    expect_flags(&s->f->result.decision, "LATE");
    accept(repay(s, 6, 2, USD("600000.00"), "2026-04-01"));
    expect_balance(s, "financing.gap", "USD 300000000,60000000,0");
    accept(story_file(s, 7, "financing.deregistration", "2026-04-01", C2)); /* C4 */
    expect_balance(s, "financing.gap", "USD 300000000,60000000,0");
    expect(repay(s, 8, 2, USD("1.00"), "2026-04-01"), OUTCOME_REJECTED, "204 /details/contract_no");
    tell_fac(s, 9); /* no contract is open any more */
    story_set(s, "/details/effective_on", "'2026-04-01'");
    accept(story_end(s));
}

/* C3. */
static void an_amendment_moves_what_is_undrawn(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-02", GAP_PROFILE));
    accept(contract(s, 2, "GAP", USD("1000000.00"), "2026-04-01"));
    accept(draw(s, 3, 2, USD("600000.00"), "2026-04-01"));
    expect(story_file(s, 4, "financing.amendment", "2026-04-01",
                      C2 ",'agreed_on':'2026-04-01','money':" USD("599999.99")),
           OUTCOME_REJECTED,
           "302 /details/money financing.contract:CONTRACT2 USD 59999999 60000000");
    expect(story_file(s, 5, "financing.amendment", "2026-04-01",
                      C2 ",'agreed_on':'2026-04-01','money':" USD("3000000.01")),
           OUTCOME_REJECTED, "301 /details/money financing.gap USD 200000000 200000001");
    accept(story_file(s, 6, "financing.amendment", "2026-04-01",
                      C2 ",'agreed_on':'2026-04-01','money':" USD("600000.00")));
    expect_postings(&s->f->result.decision,
                    "financing.contract:CONTRACT2 USD -40000000,0,0 = 60000000,60000000,0; "
                    "financing.gap USD 0,0,-40000000 = 300000000,60000000,0");
    expect_basis(s->f, &s->f->result.decision, "FIN.SIGN.WORKING_DAYS@2013-05-13");
}

/* C1, and what a conversion posts. */
static void a_contract_is_forgiven_or_becomes_equity(void **state)
{
    struct story *s = *state;
    static const char registration[] =
        "'registration_no':'REG00001','setup':'NEW','region':'210100','industry':'C3011',"
        "'established_on':'2026-01-05','registered_capital':" USD(
            "1000.00") ",'investors':[{'investor_no':'F1','name':'Hafen AG','country':'DEU',"
                       "'subscribed':" USD("1000.00") ",'cash':" USD(
                           "1000.00") ",'share_bp':10000,'due_on':'2028-01-01'}],"
                                      "'evidence_no':'E1'";
    static const char equity[] = C2 ",'evidence_no':'E2','registration_no':'REG00001',"
                                    "'investor_no':'F1','money':";
    char details[256];

    accept(story_file(s, 1, "fdi.registration", "2026-02-02", registration));
    story_begin(s, 9, "financing.profile", "2026-03-01", MP_PROFILE);
    accept(story_end(s));
    contract_begin(s, 2, "MACROPRUDENTIAL", CNY("10000.00"), "2026-04-01");
    story_set(s, "/details/revolving", "true");
    accept(story_end(s));
    accept(draw(s, 3, 2, CNY("8000.00"), "2026-04-08"));
    expect(story_file(s, 4, "financing.forgiveness", "2026-04-08", C2 ",'money':" CNY("1.00")),
           OUTCOME_REJECTED, "214 /details/evidence_no");
    accept(story_file(s, 5, "financing.forgiveness", "2026-04-08",
                      C2 ",'evidence_no':'E3','money':" CNY("1000.00")));
    expect_postings(&s->f->result.decision,
                    "financing.macroprudential CNY 0,-100000,0 = 35000000000,700000,200000; "
                    "financing.principal:CONTRACT2 CNY 0,100000,0 = 800000,100000,0");
    fixture_rate(s->f, "2026-04-08", "USD", "7");
    (void)snprintf(details, sizeof(details), "%s%s", equity, CNY("7000.01"));
    expect(story_file(s, 6, "financing.equity_conversion", "2026-04-08", details), OUTCOME_REJECTED,
           "301 /details/money fdi.inflow:REG00001:F1 USD 100000 100001; "
           "302 /details/money financing.principal:CONTRACT2 CNY 700000 700001");
    (void)snprintf(details, sizeof(details), "%s%s", equity, CNY("1000.00"));
    accept(story_file(s, 7, "financing.equity_conversion", "2026-04-08", details));
    expect_postings(&s->f->result.decision,
                    "fdi.inflow:REG00001:F1 USD 0,14286,0 = 100000,14286,0; "
                    "financing.macroprudential CNY 0,-100000,0 = 35000000000,600000,200000; "
                    "financing.principal:CONTRACT2 CNY 0,100000,0 = 800000,200000,0");
    story_begin(s, 8, "financing.equity_conversion", "2026-04-08", details);
    story_set(s, "/details/investor_no", "'F9'");
    expect(story_end(s), OUTCOME_REJECTED, "207 /details/investor_no");
    accept(story_reverse(s, 10, 7, "2026-04-08"));
    expect_balance(s, "fdi.inflow:REG00001:F1", "USD 100000,0,0");
}

static void a_contract_that_was_never_drawn_may_be_cancelled(void **state)
{
    struct story *s = *state;

    accept(story_file(s, 1, "financing.profile", "2026-03-02", GAP_PROFILE));
    accept(contract(s, 2, "GAP", USD("1000000.00"), "2026-04-01"));
    accept(story_file(s, 3, "financing.interest", "2026-04-01",
                      C2
                      ",'period_from':'2026-01-01','period_to':'2026-06-30','money':" USD("1.00")));
    assert_int_equal(s->f->result.decision.postings_n, 0);
    expect(story_file(s, 4, "financing.interest", "2026-04-01",
                      C2
                      ",'period_from':'2026-01-01','period_to':'2026-06-30','money':" CNY("1.00")),
           OUTCOME_REJECTED, "107 /details/money/currency");
    accept(story_file(s, 5, "financing.assignment", "2026-04-01",
                      C2 ",'agreed_on':'2026-04-01'," CREDITOR));
    expect_basis(s->f, &s->f->result.decision, "FIN.SIGN.WORKING_DAYS@2013-05-13");
    accept(story_file(s, 6, "financing.cancellation", "2026-04-01", C2));
    expect_postings(&s->f->result.decision, "financing.gap USD 0,0,-100000000 = 300000000,0,0");
    expect(draw(s, 7, 2, USD("1.00"), "2026-04-01"), OUTCOME_REJECTED, "204 /details/contract_no");
    accept(story_reverse(s, 8, 6, "2026-04-01")); /* R5: open again */
    accept(draw(s, 9, 2, USD("1.00"), "2026-04-01"));
    accept(repay(s, 10, 2, USD("1.00"), "2026-04-01"));
    expect(story_file(s, 11, "financing.cancellation", "2026-04-01", C2), OUTCOME_REJECTED,
           "215 /details/contract_no"); /* it was drawn, whatever is left */
}

/* ---- whatever is filed ---------------------------------------------------------------------- */

enum { RUNS = 60, RUN_STEPS = 60, RUN_CONTRACTS = 4, RUN_FIRST = 1, RUN_UNDO = 100000 };

__extension__ typedef __int128 wide;

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 33) % n;
}

static wide rounded_up(wide numerator, wide denominator)
{
    return (numerator + denominator - 1) / denominator;
}

/* What a contract reserves and uses, written down from section 4 anew. */
static void add_contract(const struct contract_kept *k, wide *reserved, wide *used)
{
    wide scale = 1;
    wide undrawn = k->undrawn_minor;

    for (int32_t i = 0; i < k->weight.scale; i++) {
        scale *= 10;
    }
    if (k->currency != k->unit) {
        wide to = k->unit_rate_e10;

        for (int i = 0; i < iso_currency(k->currency)->exponent; i++) {
            to *= 10;
        }
        undrawn *= k->rate_e10;
        for (int i = 0; i < iso_currency(k->unit)->exponent; i++) {
            undrawn *= 10;
        }
        undrawn = rounded_up(undrawn, to);
    }
    *reserved += rounded_up(undrawn * k->weight.numerator, scale);
    *used += rounded_up((wide)k->frozen_minor * k->weight.numerator, scale);
}

static void check_sums(const struct story *s, enum limit_kind kind)
{
    const struct enterprise *e = &s->f->state;
    const struct limit_key key = {.kind = kind};
    const struct limit *limit = enterprise_limit(e, &key);
    wide reserved = 0;
    wide used = 0;

    for (uint32_t i = 0; i < e->objects_n; i++) {
        const struct contract_kept *k = &e->objects[i].of.contract;

        if (!k->not_counted) {
            add_contract(k, &reserved, &used);
        }
        assert_true(k->undrawn_minor >= 0);
        assert_true(k->outstanding_minor >= 0);
        assert_true(k->frozen_minor >= 0);
    }
    assert_true((limit != NULL ? limit->is.reserved : 0) == reserved);
    assert_true((limit != NULL ? limit->is.used : 0) == used);
}

/* Section 6. */
static void check_invariants(const struct story *s, const struct decision *decision)
{
    const struct filing *filing = &s->form.filing;
    bool may_exceed =
        (decision->flags & FLAG_GRANDFATHERED) != 0 || filing->event == EVENT_FINANCING_REPAYMENT;

    assert_true(decision->outcome == OUTCOME_ACCEPTED || decision->postings_n == 0);
    for (uint32_t i = 0; i < decision->postings_n; i++) {
        const struct posting *p = &decision->postings[i];
        char id[LIMIT_ID_SIZE];
        char now[128];
        char after[128];

        assert_true(p->after.used >= 0);
        assert_true(p->after.reserved >= 0);
        if (p->change.used + p->change.reserved > 0 && !may_exceed) {
            assert_true(p->after.used + p->after.reserved <= p->after.limit);
        }
        limit_id_format(&p->id, id);
        story_balance(s, id, now, sizeof(now));
        (void)snprintf(after, sizeof(after), "%s %lld,%lld,%lld", iso_currency(p->currency)->alpha,
                       (long long)p->after.limit, (long long)p->after.used,
                       (long long)p->after.reserved);
        if (now[0] != '\0') { /* a reversed opening has taken its limits along */
            assert_string_equal(now, after);
        }
    }
}

static const char *const run_days[] = {"2026-04-01", "2026-04-07", "2026-04-13", "2026-04-17"};
static const char *const run_currencies[] = {"CNY", "USD", "JPY", "EUR"};

static const char *some_money(struct story *s, uint64_t *seed, uint32_t no, uint32_t most)
{
    char *money = story_keep(s, 64);
    const char *currency = run_currencies[no % ROWS(run_currencies)];
    uint32_t amount = 1 + random_below(seed, most);
    bool has_cents = strcmp(currency, "JPY") != 0;

    (void)snprintf(money, 64, "{'currency':'%s','value':'%u%s'}", currency, amount,
                   has_cents ? ".37" : "");
    return money;
}

static void some_contract(struct story *s, uint64_t *seed, uint32_t id, const char *mode,
                          const char *day)
{
    uint32_t no = random_below(seed, RUN_CONTRACTS);
    char *number = story_keep(s, 32);

    contract_begin(s, id, mode, some_money(s, seed, no, 3000000), day);
    (void)snprintf(number, 32, "'CONTRACT%u'", no);
    story_set(s, "/details/contract_no", number);
    story_set(s, "/details/revolving", random_below(seed, 2) == 0 ? "true" : "false");
    if (random_below(seed, 2) == 0) {
        story_set(s, "/details/matures_on", "'2026-12-31'");
    }
    if (random_below(seed, 5) == 0) {
        story_set(s, "/details/not_counted", "true");
        story_set(s, "/note", "'branch'");
    }
}

/* One filing of a run; net assets and gaps only grow, so that a run can be taken back. */
static void some_filing(struct story *s, uint64_t *seed, uint32_t step, enum mode mode)
{
    static const char *const modes[] = {"", "MACROPRUDENTIAL", "GAP", "FACILITATION"};
    static const char *const profiles[] = {"", MP_PROFILE, GAP_PROFILE, FAC_PROFILE};
    const char *day = run_days[step * ROWS(run_days) / RUN_STEPS];
    const uint32_t id = RUN_FIRST + step;
    const uint32_t no = random_below(seed, RUN_CONTRACTS);
    const uint32_t die = step == 0 ? 0 : random_below(seed, 20);

    if (die == 0) {
        story_begin(s, id, "financing.profile", day, profiles[mode]);
        (void)story_end(s);
    } else if (die < 6) {
        some_contract(s, seed, id, modes[mode], day);
        (void)story_end(s);
    } else if (die < 12) {
        (void)draw(s, id, no, some_money(s, seed, no, 1000000), day);
    } else if (die < 17) {
        (void)repay(s, id, no, some_money(s, seed, no, 1000000), day);
    } else {
        (void)story_reverse(s, id, RUN_FIRST + random_below(seed, step), day);
    }
}

/* From the last to the first: each is the last that anything names, so each can go (R1). */
static void take_back(struct story *s)
{
    for (uint32_t i = s->f->filed_n; i > 0; i--) {
        const struct filed *filed = &s->f->filed[i - 1];
        char details[128];

        if (filed->outcome != OUTCOME_ACCEPTED || filed->reversed_number != 0 ||
            filed->filing.event == EVENT_REVERSAL) {
            continue;
        }
        (void)snprintf(details, sizeof(details), "'reverses':'%.36s','reason':'all'",
                       filed->filing.filing_id.at);
        accept(story_file(s, RUN_UNDO + i, "reversal", "2026-04-17", details));
        check_invariants(s, &s->f->result.decision);
    }
    assert_int_equal(s->f->state.objects_n, 0);
    assert_int_equal(s->f->state.profiles_n, 0);
    for (uint32_t i = 0; i < s->f->state.limits_n; i++) {
        const struct amounts *is = &s->f->state.limits[i].is;

        assert_true(is->limit == 0);
        assert_true(is->used == 0);
        assert_true(is->reserved == 0);
    }
}

static void the_contracts_are_the_limit_whatever_is_filed(void **state)
{
    static const enum limit_kind kinds[] = {LIMIT_NONE, LIMIT_FINANCING_MACROPRUDENTIAL,
                                            LIMIT_FINANCING_GAP, LIMIT_FINANCING_FACILITATION};
    uint64_t seed = 88172645463325252U;
    uint32_t accepted = 0;
    uint32_t reversed = 0;

    for (uint32_t run = 0; run < RUNS; run++) {
        struct story *s = story_new();
        const enum mode mode = (enum mode)(1 + run % 3);

        for (uint32_t i = 0; i < ROWS(run_days); i++) {
            fixture_rate(s->f, run_days[i], "USD", "7.0987654321");
            fixture_rate(s->f, run_days[i], "JPY", i % 2 == 0 ? "0.0456789123" : "0.049");
            fixture_rate(s->f, run_days[i], "EUR", i % 2 == 0 ? "8.0000000001" : "7.91");
        }
        for (uint32_t step = 0; step < RUN_STEPS; step++) {
            some_filing(s, &seed, step, mode);
            check_invariants(s, &s->f->result.decision);
            check_sums(s, kinds[mode]);
            accepted += s->f->result.decision.outcome == OUTCOME_ACCEPTED ? 1 : 0;
            reversed += s->f->result.reversed ? 1 : 0;
        }
        take_back(s);
        story_free(s);
    }
    /* The runs are worth something. */
    assert_true(accepted > RUNS * 10);
    assert_true(reversed > RUNS / 2);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, story_setup, story_teardown)
        TEST(a_macroprudential_limit_holds_what_the_rulebook_says),
        TEST(the_facilitation_amounts_of_liaoning_are_those_of_their_days),
        TEST(a_facilitation_contract_meets_the_conditions_of_its_own_day),
        TEST(a_gap_is_the_foreign_share_of_what_is_left_to_borrow),
        TEST(a_macroprudential_profile_is_refused_where_it_fails),
        TEST(a_gap_profile_is_refused_where_it_fails),
        TEST(a_facilitation_profile_is_refused_where_it_fails),
        TEST(a_profile_is_one_with_the_registration_of_its_enterprise),
        TEST(a_registration_that_was_held_keeps_its_place_in_the_order),
        TEST(a_holding_has_a_multiple_of_what_was_paid_in),
        TEST(every_contract_of_a_holding_waits_for_both_days),
        TEST(a_mode_is_left_only_without_contracts_and_not_for_the_gap),
        TEST(a_switch_is_compared_with_the_last_profile_to_take_force),
        TEST(a_gap_has_one_currency_before_its_first_posting),
        TEST(a_contract_is_refused_where_it_fails),
        TEST(a_wrong_mode_is_the_only_reason),
        TEST(a_certificate_of_the_planner_is_asked_of_long_contracts_since_2023),
        TEST(a_facilitation_contract_fails_at_its_mode),
        TEST(what_is_not_counted_never_touches_the_limit),
        TEST(a_drawdown_is_refused_where_it_fails),
        TEST(the_wait_for_a_drawdown_counts_working_days),
        TEST(a_repayment_is_refused_where_it_fails),
        TEST(what_was_frozen_falls_with_what_is_paid_back),
        TEST(what_a_revolving_contract_pays_back_it_may_draw_again),
        TEST(a_gap_counts_what_was_incurred_for_more_than_a_year),
        TEST(an_overdrawn_contract_is_told_beside_a_full_limit),
        TEST(an_old_contract_draws_beyond_a_fallen_parameter),
        TEST(a_parameter_that_stays_the_same_grandfathers_nothing),
        TEST(an_old_contract_draws_beyond_a_fallen_facilitation_amount),
        TEST(every_posting_sets_the_limit_to_its_value_on_the_day),
        TEST(a_limit_stays_while_another_mode_is_in_force),
        TEST(every_reversal_restores_what_was_there_in_every_mode),
        TEST(a_profile_goes_after_all_that_came_later),
        TEST(a_reversal_gives_the_limit_the_value_of_its_own_day),
        TEST(a_contract_number_is_free_again_after_its_reversal),
        TEST(interest_is_capitalised_where_the_contract_says_so),
        TEST(an_extension_weighs_by_the_whole_term),
        TEST(a_short_gap_contract_may_become_long),
        TEST(an_amendment_moves_what_is_undrawn),
        TEST(a_contract_is_forgiven_or_becomes_equity),
        TEST(a_contract_that_was_never_drawn_may_be_cancelled),
        TEST(the_contracts_are_the_limit_whatever_is_filed),
    };

    return cmocka_run_group_tests_name("financing", tests, NULL, NULL);
}
