/* The policy that is shipped, over its whole life: which row is in force on which day, and a filing
 * for each parameter whose decision flips on the day on which the parameter does.
 *
 * Dates and values are written here by hand from rulebook section 8, not read from the file.  That
 * every row of the file is met, and every parameter has a filing, is tested too. */
#include "story.h"

#define WALK_FROM  "2009-01-01"
#define WALK_TO    "2026-12-31"
#define STEPS_MAX  8
#define LINES_MAX  5
#define PROBES_MAX 4

/* ---- which row is in force ----------------------------------------------------------------- */

/* From a day on, "" = as long as anybody knows; value "" = none is in force. */
struct step {
    const char *from;
    const char *value;
};

/* What one parameter is for one subject in some regions, over time. */
struct history {
    enum parameter_id id;
    const char *subject;
    const char *const *regions; /* ended by NULL */
    struct step steps[STEPS_MAX];
};

static const char *const everywhere[] = {"", NULL};
/* Shanghai, Jiangsu, Hubei, Guangdong, Beijing, Chongqing, Hainan, Shenzhen, Ningbo. */
static const char *const first_regions[] = {"310000", "320100", "420100", "440100", "110000",
                                            "500000", "460100", "440300", "330200", NULL};
/* Tianjin, Shandong, Sichuan, Shaanxi, Zhejiang, Anhui, Hunan, Qingdao. */
static const char *const second_regions[] = {"120000", "370100", "510100", "610100", "330100",
                                             "340100", "430100", "370200", NULL};
/* Liaoning with Shenyang and Dalian, and every other province. */
static const char *const other_regions[] = {
    "210000", "210100", "210200", "130100", "140100", "150100", "220100", "230100",
    "350100", "350200", "360100", "410100", "450100", "520100", "530100", "540100",
    "620100", "630100", "640100", "650100", "",       NULL};

#define FACILITATION(kind)                                                                         \
    {PARAMETER_FAC_LIMIT_USD,                                                                      \
     kind,                                                                                         \
     first_regions,                                                                                \
     {{"", ""},                                                                                    \
      {"2022-05-31", "10000000"},                                                                  \
      {"2023-12-08", "10000000"},                                                                  \
      {"2025-09-15", "10000000"}}},                                                                \
        {PARAMETER_FAC_LIMIT_USD,                                                                  \
         kind,                                                                                     \
         second_regions,                                                                           \
         {{"", ""},                                                                                \
          {"2022-05-31", "5000000"},                                                               \
          {"2023-12-08", "10000000"},                                                              \
          {"2025-09-15", "10000000"}}},                                                            \
    {                                                                                              \
        PARAMETER_FAC_LIMIT_USD, kind, other_regions,                                              \
        {                                                                                          \
            {"", ""}, {"2023-12-08", "5000000"}, { "2025-09-15", "10000000" }                      \
        }                                                                                          \
    }

static const struct history histories[] = {
    {PARAMETER_MP_LEVERAGE, "", everywhere, {{"", ""}, {"2016-05-03", "1"}, {"2017-01-13", "2"}}},
    {PARAMETER_MP_PARAMETER,
     "",
     everywhere,
     {{"", ""},
      {"2016-05-03", "1"},
      {"2020-03-12", "1.25"},
      {"2021-01-07", "1"},
      {"2022-10-25", "1.25"},
      {"2023-07-20", "1.5"},
      {"2025-01-13", "1.75"}}},
    {PARAMETER_MP_TERM_SHORT, "", everywhere, {{"", ""}, {"2016-05-03", "1.5"}}},
    {PARAMETER_MP_TERM_LONG, "", everywhere, {{"", ""}, {"2016-05-03", "1.0"}}},
    {PARAMETER_MP_FX, "", everywhere, {{"", ""}, {"2016-05-03", "0.5"}}},
    FACILITATION("HIGH_TECH"),
    FACILITATION("SPECIALISED_NEW"),
    {PARAMETER_FAC_LIMIT_USD,
     "TECH_SME",
     first_regions,
     {{"", ""}, {"2023-12-08", "10000000"}, {"2025-09-15", "10000000"}}},
    {PARAMETER_FAC_LIMIT_USD,
     "TECH_SME",
     second_regions,
     {{"", ""}, {"2023-12-08", "10000000"}, {"2025-09-15", "10000000"}}},
    {PARAMETER_FAC_LIMIT_USD,
     "TECH_SME",
     other_regions,
     {{"", ""}, {"2023-12-08", "5000000"}, {"2025-09-15", "10000000"}}},
    {PARAMETER_FAC_LIMIT_USD,
     "INNOVATION_POINTS",
     first_regions,
     {{"", ""}, {"2025-09-15", "20000000"}}},
    {PARAMETER_FAC_LIMIT_USD,
     "INNOVATION_POINTS",
     second_regions,
     {{"", ""}, {"2025-09-15", "20000000"}}},
    {PARAMETER_FAC_LIMIT_USD,
     "INNOVATION_POINTS",
     other_regions,
     {{"", ""}, {"2025-09-15", "20000000"}}},
    {PARAMETER_FAC_LIMIT_USD, "", other_regions, {{"", ""}}}, /* no certificate, no amount */
    {PARAMETER_GAP_HOLDING_MULTIPLE, "30000000", everywhere, {{"", ""}, {"2016-01-01", "4"}}},
    {PARAMETER_GAP_HOLDING_MULTIPLE, "100000000", everywhere, {{"", ""}, {"2016-01-01", "6"}}},
    {PARAMETER_FIN_SIGN_WORKING_DAYS, "", everywhere, {{"", ""}, {"2013-05-13", "15"}}},
    {PARAMETER_FIN_DRAW_WAIT_WORKING_DAYS, "", everywhere, {{"", ""}, {"2016-05-03", "3"}}},
    {PARAMETER_FIN_NDRC_FROM, "", everywhere, {{"", ""}, {"2023-02-10", "required"}}},
    {PARAMETER_FDI_EXCESS_USD, "", everywhere, {{"", ""}, {"2013-05-13", "30000"}}},
    {PARAMETER_FDI_PAYIN_YEARS, "", everywhere, {{"", ""}, {"2024-07-01", "5"}}},
    {PARAMETER_FDI_SETTLE_RATIO, "", everywhere, {{"", ""}, {"2016-06-09", "1"}}},
    {PARAMETER_FDI_TAX_FORM_USD, "", everywhere, {{"", ""}, {"2013-09-01", "50000"}}},
    {PARAMETER_FDI_USE_FORBIDDEN,
     "NON_SELF_USE_HOUSING",
     everywhere,
     {{"", "forbidden"}, {"2025-09-15", ""}}},
    {PARAMETER_FDI_USE_FORBIDDEN,
     "SECURITIES",
     everywhere,
     {{"", ""}, {"2016-06-09", "forbidden"}}},
    {PARAMETER_FDI_USE_FORBIDDEN,
     "LOAN_TO_UNRELATED",
     everywhere,
     {{"", ""}, {"2016-06-09", "forbidden"}}},
    {PARAMETER_FDI_USE_FORBIDDEN, "UNLAWFUL", everywhere, {{"", ""}, {"2016-06-09", "forbidden"}}},
    {PARAMETER_FDI_USE_FORBIDDEN, "GOODS", everywhere, {{"", ""}}},
    {PARAMETER_OUT_PRELIM_SHARE, "", everywhere, {{"", ""}, {"2009-08-01", "0.15"}}},
    {PARAMETER_OUT_PRELIM_USD, "", everywhere, {{"", "3000000"}, {"2023-12-08", ""}}},
    {PARAMETER_OUT_PRELIM_MONTHS, "", everywhere, {{"", ""}, {"2009-08-01", "12"}}},
    {PARAMETER_OUT_NDRC_USD, "", everywhere, {{"", ""}, {"2018-03-01", "300000000"}}},
    {PARAMETER_OUT_CHANGE_SHARE, "", everywhere, {{"", ""}, {"2018-03-01", "0.2"}}},
    {PARAMETER_OUT_CHANGE_USD, "", everywhere, {{"", ""}, {"2018-03-01", "100000000"}}},
    {PARAMETER_OUT_COMPLETION_WORKING_DAYS, "", everywhere, {{"", ""}, {"2018-03-01", "20"}}},
    {PARAMETER_OUT_LENDING_COEFFICIENT,
     "",
     everywhere,
     {{"", ""}, {"2016-11-26", "0.3"}, {"2021-01-05", "0.5"}, {"2026-03-20", "0.6"}}},
};

static const struct step *step_on(const struct history *history, int32_t on)
{
    const struct step *step = &history->steps[0];

    for (size_t i = 1; i < STEPS_MAX && history->steps[i].from; i++) {
        step = D(history->steps[i].from) <= on ? &history->steps[i] : step;
    }
    return step;
}

static void expect_row(const struct history *history, const char *region, int32_t on,
                       const struct parameter *row)
{
    const struct step *step = step_on(history, on);
    char date[DATE_TEXT_SIZE];
    bool is_it = row == NULL ? step->value[0] == '\0'
                             : reference_text_compare(row->value, T(step->value)) == 0;

    /* The row began with the step: not one that has the same value and other dates. */
    if (row != NULL && step->value[0] != '\0' && step->from[0] != '\0') {
        is_it = is_it && (row->from_on == D(step->from) || history->id == PARAMETER_FAC_LIMIT_USD);
    }
    if (!is_it) {
        date_format(on, date);
        fail_msg("%s %s %s on %s is %.*s, not '%s'", parameter_id_name(history->id),
                 history->subject, region, date, row ? (int)row->value.n : 4,
                 row ? row->value.at : "none", step->value);
    }
}

/* One history in one region, day by day; the rows that were met are marked. */
static void walk(const struct story *s, const struct history *history, const char *region,
                 bool *is_met)
{
    struct policy_query query = {
        .id = history->id, .subject = T(history->subject), .region = T(region)};

    for (query.on = D(WALK_FROM); query.on <= D(WALK_TO); query.on++) {
        const struct parameter *row = policy_find(&s->f->policy, &query);

        expect_row(history, region, query.on, row);
        if (row != NULL) {
            is_met[row - s->f->rows] = true;
        }
    }
}

/* Every day of eighteen years, so also the day before a change, of it, and after it. */
static void the_row_in_force_is_that_of_the_day(void **state)
{
    struct story *s = *state;
    bool is_met[FIXTURE_ROWS] = {false};

    for (size_t i = 0; i < ROWS(histories); i++) {
        for (size_t k = 0; histories[i].regions[k] != NULL; k++) {
            walk(s, &histories[i], histories[i].regions[k], is_met);
        }
    }
    for (uint32_t i = 0; i < s->f->rows_n; i++) {
        const struct parameter *row = &s->f->rows[i];

        if (!is_met[i]) {
            fail_msg("%.*s %.*s %.*s stands in the file and in no history here", (int)row->id.n,
                     row->id.at, (int)row->subject.n, row->subject.at, (int)row->region.n,
                     row->region.at);
        }
    }
}

/* ---- filings that flip --------------------------------------------------------------------- */

#define MP(rest)                                                                                   \
    "'mode':'MACROPRUDENTIAL','effective_on':'2010-01-01','region':'210100','subject':'GENERAL',"  \
    "'established_on':'2000-01-01','net_assets':" CNY(                                             \
        "100000000.00") ",'audited_on':'2009-12-31','audit_no':'A1'" rest
#define FAC(kind, region)                                                                          \
    "'mode':'FACILITATION','effective_on':'2010-01-01','region':'" region                          \
    "','subject':'GENERAL','established_on':'2000-01-01','certificate':{'kind':'" kind             \
    "','number':'C1','valid_to':'2028-12-31'}"
#define GAP(subject, capital)                                                                               \
    "'mode':'GAP','effective_on':'2010-01-01','region':'210100','subject':'" subject                        \
    "','established_on':'2000-01-01','total_investment':" USD("900000000.00") ",'registered_capital':" USD( \
        capital) ",'paid_in':" USD("1000000.00") ",'foreign_paid_in_bp':10000"
#define CONTRACT(mode, money, signed, matures, purpose)                                                                                          \
    "'contract_no':'CONTRACT1','mode':'" mode                                                                                                    \
    "','creditor':{'name':'N','country':'DEU','kind':'CORPORATE'},'money':" money                                                                \
    ",'signed_on':'" signed "','value_on':'" signed "','matures_on':'" matures                                                                   \
                                                    "','annual_rate_bp':450,'revolving':false,'capitalises_interest':false,'not_counted':false," \
                                                    "'purpose':'" purpose "'"
#define REGISTRATION(due)                                                                          \
    "'registration_no':'REG00001','setup':'NEW','region':'210100','industry':'C3411',"             \
    "'established_on':'2008-01-02','registered_capital':" USD(                                     \
        "1000000.00") ",'investors':[{'investor_no':'I1','name':'N','country':'DEU',"              \
                      "'subscribed':" USD("1000000.00") ",'cash':" USD(                            \
                          "1000000.00") ",'share_bp':10000,'due_on':'" due "'}]"
#define INFLOW(value)                                                                              \
    "'registration_no':'REG00001','investor_no':'I1','money':" USD(                                \
        value) ",'account':'A','remitter_country':'DEU'"
#define OPENED                                                                                     \
    {                                                                                              \
        "fdi.registration", "2008-01-02", REGISTRATION("2009-01-01")                               \
    }
#define PAID_IN                                                                                    \
    OPENED, {"fdi.inflow", "2008-01-03", INFLOW("1000.00")},                                       \
    {                                                                                              \
        "fdi.settlement", "2008-01-03",                                                            \
            "'registration_no':'REG00001','money':" USD("1000.00") ",'cny':" CNY("7000.00")        \
    }
#define PAYMENT(use)                                                                               \
    "'registration_no':'REG00001','cny':" CNY("1.00") ",'use_code':'" use "','payee':'P'"
#define OUTBOUND(total)                                                                             \
    "'registration_no':'OUT00001','route':'DIRECT','target':{'name':'N','country':'DEU'},"          \
    "'industry':'C3511','sensitive':false,'central_enterprise':false,'total':" USD(                 \
        total) ",'cash':" USD(total) ",'ndrc':{'kind':'FILING','level':'PROVINCIAL','number':'N1'," \
                                     "'issued_on':'2008-01-02','valid_to':'2028-01-02'},'mofcom':{" \
                                     "'number':'M1','issued_on':'2008-01-02','valid_to':'2028-01-02'}"
#define PRELIMINARY(planned, money)                                                                \
    "'application_no':'APPL0001','planned_total':" USD(planned) ",'money':" USD(                   \
        money) ",'purpose':'deposit'"

/* What a filing leads to on a day. */
struct probe {
    const char *on;
    const char *reasons; /* "" = accepted */
    const char *flags;
    const char *balance; /* of the row's limit; "" is not looked at */
};

struct told {
    const char *event;
    const char *date;
    const char *details;
};

struct flip {
    enum parameter_id id;
    const char *eased; /* a parameter that shall be in force from the first day on; "" none */
    const char *limit;
    struct told before[LINES_MAX]; /* what the filing needs */
    struct told filing;            /* its date is the probe's; # in it, too */
    struct probe probes[PROBES_MAX];
};

static const struct flip flips[] = {
    {PARAMETER_MP_LEVERAGE,
     "",
     "financing.macroprudential",
     {{0}},
     {"financing.profile", "", MP("")},
     {{"2016-05-02", "212 /business_date", "", ""},
      {"2016-05-03", "", "", "CNY 10000000000,0,0"},
      {"2017-01-12", "", "", "CNY 10000000000,0,0"},
      {"2017-01-13", "", "", "CNY 20000000000,0,0"}}},
    {PARAMETER_MP_PARAMETER,
     "MP.LEVERAGE",
     "financing.macroprudential",
     {{0}},
     {"financing.profile", "", MP("")},
     {{"2016-05-02", "212 /business_date", "", ""},
      {"2016-05-03", "", "", "CNY 10000000000,0,0"},
      {"2020-03-11", "", "", "CNY 20000000000,0,0"},
      {"2020-03-12", "", "", "CNY 25000000000,0,0"}}},
    {PARAMETER_MP_PARAMETER,
     "",
     "financing.macroprudential",
     {{0}},
     {"financing.profile", "", MP("")},
     {{"2021-01-06", "", "", "CNY 25000000000,0,0"},
      {"2021-01-07", "", "", "CNY 20000000000,0,0"},
      {"2022-10-24", "", "", "CNY 20000000000,0,0"},
      {"2022-10-25", "", "", "CNY 25000000000,0,0"}}},
    {PARAMETER_MP_PARAMETER,
     "",
     "financing.macroprudential",
     {{0}},
     {"financing.profile", "", MP("")},
     {{"2023-07-19", "", "", "CNY 25000000000,0,0"},
      {"2023-07-20", "", "", "CNY 30000000000,0,0"},
      {"2025-01-12", "", "", "CNY 30000000000,0,0"},
      {"2025-01-13", "", "", "CNY 35000000000,0,0"}}},
    {PARAMETER_MP_TERM_SHORT, /* nothing weighs before there is a factor (S12) */
     "MP.LEVERAGE MP.PARAMETER",
     "financing.macroprudential",
     {{"financing.profile", "2010-01-04", MP("")}},
     {"financing.contract", "",
      CONTRACT("MACROPRUDENTIAL", CNY("1000.00"), "2016-05-02", "2017-05-02", "p")},
     {{"2016-05-02", "", "", "CNY 10000000000,0,0"},
      {"2016-05-03", "", "", "CNY 10000000000,0,150000"}}},
    {PARAMETER_MP_TERM_LONG,
     "MP.LEVERAGE MP.PARAMETER",
     "financing.macroprudential",
     {{"financing.profile", "2010-01-04", MP("")}},
     {"financing.contract", "",
      CONTRACT("MACROPRUDENTIAL", CNY("1000.00"), "2016-05-02", "2017-05-03", "p")},
     {{"2016-05-02", "", "", "CNY 10000000000,0,0"},
      {"2016-05-03", "", "", "CNY 10000000000,0,100000"}}},
    {PARAMETER_MP_FX,
     "MP.LEVERAGE MP.PARAMETER MP.TERM.LONG",
     "financing.macroprudential",
     {{"financing.profile", "2010-01-04", MP("")}},
     {"financing.contract", "",
      CONTRACT("MACROPRUDENTIAL", USD("1000.00"), "2016-05-02", "2017-05-03", "p")},
     {{"2016-05-02", "", "", "CNY 10000000000,0,700000"},
      {"2016-05-03", "", "", "CNY 10000000000,0,1050000"}}},
    {PARAMETER_FAC_LIMIT_USD, /* Shenyang */
     "",
     "financing.facilitation",
     {{0}},
     {"financing.profile", "", FAC("HIGH_TECH", "210100")},
     {{"2023-12-07", "212 /details/region", "", ""},
      {"2023-12-08", "", "", "USD 500000000,0,0"},
      {"2025-09-14", "", "", "USD 500000000,0,0"},
      {"2025-09-15", "", "", "USD 1000000000,0,0"}}},
    {PARAMETER_FAC_LIMIT_USD, /* Dalian */
     "",
     "financing.facilitation",
     {{0}},
     {"financing.profile", "", FAC("TECH_SME", "210200")},
     {{"2023-12-07", "212 /details/region", "", ""},
      {"2023-12-08", "", "", "USD 500000000,0,0"},
      {"2025-09-14", "", "", "USD 500000000,0,0"},
      {"2025-09-15", "", "", "USD 1000000000,0,0"}}},
    {PARAMETER_FAC_LIMIT_USD,
     "",
     "financing.facilitation",
     {{0}},
     {"financing.profile", "", FAC("INNOVATION_POINTS", "210100")},
     {{"2025-09-14", "212 /details/region", "", ""}, {"2025-09-15", "", "", "USD 2000000000,0,0"}}},
    {PARAMETER_FAC_LIMIT_USD, /* Qingdao */
     "",
     "financing.facilitation",
     {{0}},
     {"financing.profile", "", FAC("SPECIALISED_NEW", "370200")},
     {{"2022-05-30", "212 /details/region", "", ""},
      {"2022-05-31", "", "", "USD 500000000,0,0"},
      {"2023-12-07", "", "", "USD 500000000,0,0"},
      {"2023-12-08", "", "", "USD 1000000000,0,0"}}},
    {PARAMETER_FAC_LIMIT_USD, /* Shenzhen */
     "",
     "financing.facilitation",
     {{0}},
     {"financing.profile", "", FAC("HIGH_TECH", "440300")},
     {{"2022-05-30", "212 /details/region", "", ""},
      {"2022-05-31", "", "", "USD 1000000000,0,0"},
      {"2023-12-08", "", "", "USD 1000000000,0,0"},
      {"2025-09-15", "", "", "USD 1000000000,0,0"}}},
    {PARAMETER_FAC_LIMIT_USD, /* the profile stays, the contract's own day decides */
     "",
     "financing.facilitation",
     {{"financing.profile", "2024-01-02", FAC("HIGH_TECH", "210100")}},
     {"financing.contract", "",
      CONTRACT("FACILITATION", USD("5000000.01"), "2025-09-12", "2026-09-12", "p")},
     {{"2025-09-14", "301 /details/money financing.facilitation USD 500000000 500000001", "", ""},
      {"2025-09-15", "", "", "USD 1000000000,0,500000001"}}},
    {PARAMETER_GAP_HOLDING_MULTIPLE,
     "",
     "financing.gap",
     {{0}},
     {"financing.profile", "", GAP("HOLDING", "30000000.00")},
     {{"2015-12-31", "212 /business_date", "", ""}, {"2016-01-01", "", "", "USD 400000000,0,0"}}},
    {PARAMETER_GAP_HOLDING_MULTIPLE,
     "",
     "financing.gap",
     {{0}},
     {"financing.profile", "", GAP("HOLDING", "100000000.00")},
     {{"2015-12-31", "212 /business_date", "", ""}, {"2016-01-01", "", "", "USD 600000000,0,0"}}},
    {PARAMETER_GAP_HOLDING_MULTIPLE,
     "",
     "financing.gap",
     {{0}},
     {"financing.profile", "", GAP("HOLDING", "29999999.99")},
     {{"2015-12-31", "212 /business_date", "", ""},
      {"2016-01-01", "212 /details/registered_capital", "", ""}}},
    {PARAMETER_FIN_SIGN_WORKING_DAYS,
     "",
     "financing.gap",
     {{"financing.profile", "2012-01-04", GAP("GENERAL", "1000000.00")}},
     {"financing.contract", "", CONTRACT("GAP", USD("1.00"), "2013-04-01", "2014-04-01", "p")},
     {{"2013-05-12", "", "", ""}, {"2013-05-13", "", "LATE", ""}}},
    {PARAMETER_FIN_DRAW_WAIT_WORKING_DAYS,
     "MP.LEVERAGE MP.PARAMETER",
     "financing.contract:CONTRACT1",
     {{"financing.profile", "2010-01-04", MP("")},
      {"financing.contract", "2016-05-02",
       CONTRACT("MACROPRUDENTIAL", CNY("1000.00"), "2016-05-02", "2017-05-02", "p")}},
     {"financing.drawdown", "",
      "'contract_no':'CONTRACT1','money':" CNY("1.00") ",'value_on':'2016-05-03'"},
     {{"2016-05-02", "", "", "CNY 100000,100,0"},
      {"2016-05-03", "219 /business_date", "", ""},
      {"2016-05-04", "219 /business_date", "", ""},
      {"2016-05-05", "", "UNCONFIRMED_BASIS", "CNY 100000,100,0"}}},
    {PARAMETER_FIN_NDRC_FROM, /* the day of signing counts */
     "",
     "financing.gap",
     {{"financing.profile", "2012-01-04", GAP("GENERAL", "1000000.00")}},
     {"financing.contract", "", CONTRACT("GAP", USD("1.00"), "#", "2028-04-01", "p")},
     {{"2023-02-09", "", "", ""}, {"2023-02-10", "214 /details/ndrc_certificate_no", "", ""}}},
    {PARAMETER_FDI_EXCESS_USD, /* S12: without one it is 0 */
     "",
     "fdi.capital:REG00001",
     {OPENED},
     {"fdi.inflow", "", INFLOW("1000001.00")},
     {{"2013-05-12", "", "EXCESS_RETURNED LIMIT_FULL", "USD 100000000,0,0"},
      {"2013-05-13", "", "EXCESS LIMIT_FULL", "USD 100000100,0,0"}}},
    {PARAMETER_FDI_PAYIN_YEARS,
     "",
     "fdi.inflow:REG00001:I1",
     {{0}},
     {"fdi.registration", "", REGISTRATION("2013-01-03")},
     {{"2024-06-30", "", "", ""}, {"2024-07-01", "", "PAY_IN_LATE", ""}}},
    {PARAMETER_FDI_SETTLE_RATIO,
     "",
     "",
     {OPENED, {"fdi.inflow", "2008-01-03", INFLOW("1000.00")}},
     {"fdi.settlement", "",
      "'registration_no':'REG00001','money':" USD("1000.01") ",'cny':" CNY("7000.07")},
     {{"2016-06-08", "302 /details/money fdi.capital:REG00001 USD 100000 100001", "", ""},
      {"2016-06-09",
       "301 /details/money fdi.capital:REG00001 USD 100000 100001; "
       "302 /details/money fdi.capital:REG00001 USD 100000 100001",
       "", ""}}},
    {PARAMETER_FDI_TAX_FORM_USD,
     "",
     "",
     {OPENED},
     {"fdi.profit_remittance", "",
      "'registration_no':'REG00001','fiscal_year':2012,'distributable':" USD(
          "100000.00") ",'resolution_on':'2013-01-01','money':" USD("50000.01")},
     {{"2013-08-31", "", "", ""}, {"2013-09-01", "214 /details/tax_form_no", "", ""}}},
    {PARAMETER_FDI_USE_FORBIDDEN,
     "",
     "fdi.settled:REG00001",
     {PAID_IN},
     {"fdi.payment", "", PAYMENT("NON_SELF_USE_HOUSING")},
     {{"2016-01-01", "218 /details/use_code", "", ""},
      {"2025-09-14", "218 /details/use_code", "", ""},
      {"2025-09-15", "", "", "CNY 700000,100,0"}}},
    {PARAMETER_FDI_USE_FORBIDDEN,
     "",
     "fdi.settled:REG00001",
     {PAID_IN},
     {"fdi.payment", "", PAYMENT("SECURITIES")},
     {{"2016-06-08", "", "", "CNY 700000,100,0"},
      {"2016-06-09", "218 /details/use_code", "", ""},
      {"2026-12-31", "218 /details/use_code", "", ""}}},
    {PARAMETER_FDI_USE_FORBIDDEN,
     "",
     "fdi.settled:REG00001",
     {PAID_IN},
     {"fdi.payment", "", PAYMENT("LOAN_TO_UNRELATED")},
     {{"2016-06-08", "", "", "CNY 700000,100,0"}, {"2016-06-09", "218 /details/use_code", "", ""}}},
    {PARAMETER_FDI_USE_FORBIDDEN,
     "",
     "fdi.settled:REG00001",
     {PAID_IN},
     {"fdi.payment", "", PAYMENT("UNLAWFUL")},
     {{"2016-06-08", "", "", "CNY 700000,100,0"}, {"2016-06-09", "218 /details/use_code", "", ""}}},
    {PARAMETER_FDI_USE_FORBIDDEN, /* a contract's purpose (S12) */
     "",
     "financing.gap",
     {{"financing.profile", "2012-01-04", GAP("GENERAL", "1000000.00")}},
     {"financing.contract", "",
      CONTRACT("GAP", USD("1.00"), "#", "2025-12-01", "NON_SELF_USE_HOUSING")},
     {{"2025-09-14", "218 /details/purpose", "", ""}, {"2025-09-15", "", "", ""}}},
    {PARAMETER_OUT_PRELIM_SHARE,
     "",
     "outbound.preliminary:APPL0001",
     {{0}},
     {"outbound.preliminary", "", PRELIMINARY("100.00", "15.01")},
     {{"2009-07-31", "", "", "USD 1501,0,0"},
      {"2009-08-01", "301 /details/money outbound.preliminary:APPL0001 USD 1500 1501", "", ""}}},
    {PARAMETER_OUT_PRELIM_USD, /* 15 % of the planned total from then on */
     "",
     "outbound.preliminary:APPL0001",
     {{0}},
     {"outbound.preliminary", "", PRELIMINARY("40000000.00", "6000000.00")},
     {{"2023-12-07", "301 /details/money outbound.preliminary:APPL0001 USD 300000000 600000000", "",
       ""},
      {"2023-12-08", "", "", "USD 600000000,0,0"}}},
    {PARAMETER_OUT_PRELIM_MONTHS,
     "",
     "outbound.preliminary:APPL0001",
     {{"outbound.preliminary", "2008-07-31", PRELIMINARY("100.00", "15.00")}},
     {"outbound.preliminary_remittance", "",
      "'application_no':'APPL0001','money':" USD("1.00") ",'payee':'P'"},
     {{"2009-07-31", "", "", "USD 1500,100,0"}, {"2009-08-01", "219 /business_date", "", ""}}},
    {PARAMETER_OUT_NDRC_USD,
     "",
     "outbound.remittance:OUT00001",
     {{0}},
     {"outbound.registration", "", OUTBOUND("300000000.00")},
     {{"2018-02-28", "", "", "USD 30000000000,0,0"},
      {"2018-03-01", "211 /details/ndrc/level", "", ""}}},
    {PARAMETER_OUT_CHANGE_SHARE,
     "",
     "outbound.remittance:OUT00001",
     {{"outbound.registration", "2017-01-04", OUTBOUND("100.00")}},
     {"outbound.change", "", "'registration_no':'OUT00001','cash_delta':" USD("-20.00")},
     {{"2018-02-28", "", "", "USD 8000,0,0"},
      {"2018-03-01", "211 /details/mofcom; 211 /details/ndrc", "", ""}}},
    {PARAMETER_OUT_CHANGE_USD, /* less than a fifth */
     "",
     "outbound.remittance:OUT00001",
     {{"outbound.registration", "2017-01-04", OUTBOUND("1000000000.00")}},
     {"outbound.change", "", "'registration_no':'OUT00001','cash_delta':" USD("-100000000.00")},
     {{"2018-02-28", "", "", "USD 90000000000,0,0"},
      {"2018-03-01", "211 /details/mofcom; 211 /details/ndrc", "", ""}}},
    {PARAMETER_OUT_COMPLETION_WORKING_DAYS,
     "",
     "",
     {{"outbound.registration", "2017-01-04", OUTBOUND("100.00")}},
     {"outbound.completion", "", "'registration_no':'OUT00001','completed_on':'2018-01-02'"},
     {{"2018-02-28", "", "", ""}, {"2018-03-01", "", "LATE", ""}}},
    {PARAMETER_OUT_LENDING_COEFFICIENT,
     "",
     "outbound.lending",
     {{0}},
     {"outbound.lending_basis", "",
      "'equity':" CNY("500000000.00") ",'audited_on':'2015-12-31','audit_no':'A1',"
                                      "'established_on':'2000-01-01'"},
     {{"2016-11-25", "212 /business_date", "", ""},
      {"2016-11-26", "", "", "CNY 15000000000,0,0"},
      {"2021-01-04", "", "", "CNY 15000000000,0,0"},
      {"2021-01-05", "", "", "CNY 25000000000,0,0"}}},
    {PARAMETER_OUT_LENDING_COEFFICIENT,
     "",
     "outbound.lending",
     {{0}},
     {"outbound.lending_basis", "",
      "'equity':" CNY("500000000.00") ",'audited_on':'2015-12-31','audit_no':'A1',"
                                      "'established_on':'2000-01-01'"},
     {{"2026-03-19", "", "", "CNY 25000000000,0,0"},
      {"2026-03-20", "", "", "CNY 30000000000,0,0"}}},
};

/* Let the first row of a parameter begin with the first day: so that another one decides alone. */
static void ease(struct story *s, const char *ids)
{
    for (uint32_t id = 0; id < PARAMETER_N; id++) {
        if (strstr(ids, parameter_id_name((enum parameter_id)id)) != NULL) {
            s->f->rows[s->f->policy.starts[id]].from_on = DATE_FIRST;
        }
    }
}

/* The details with the probe's day for each #. */
static const char *dated(struct story *s, const char *details, const char *on)
{
    char *out = story_keep(s, STORY_TEXT_MAX);
    size_t n = 0;

    for (const char *at = details; *at != '\0'; at++) {
        require(n + DATE_TEXT_SIZE < STORY_TEXT_MAX);
        if (*at == '#') {
            memcpy(out + n, on, DATE_TEXT_SIZE);
            n += DATE_TEXT_SIZE - 1;
        } else {
            out[n] = *at;
            n++;
        }
    }
    return out;
}

static void probe(const struct flip *flip, const struct probe *want)
{
    struct story *s = story_new();
    const struct decision *decision;

    fixture_rate(s->f, "2016-05-02", "USD", "7");
    ease(s, flip->eased);
    for (uint32_t i = 0; i < LINES_MAX && flip->before[i].event != NULL; i++) {
        accept(story_file(s, 100 + i, flip->before[i].event, flip->before[i].date,
                          flip->before[i].details));
    }
    decision =
        story_file(s, 1, flip->filing.event, want->on, dated(s, flip->filing.details, want->on));
    if (decision->outcome != (want->reasons[0] ? OUTCOME_REJECTED : OUTCOME_ACCEPTED)) {
        print_error("%s: %s on %s\n", parameter_id_name(flip->id), flip->filing.event, want->on);
    }
    expect(decision, want->reasons[0] ? OUTCOME_REJECTED : OUTCOME_ACCEPTED, want->reasons);
    expect_flags(decision, want->flags);
    if (want->balance[0] != '\0') {
        expect_balance(s, flip->limit, want->balance);
    }
    story_free(s);
}

static void a_decision_flips_on_the_day_of_its_parameter(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(flips); i++) {
        for (uint32_t k = 0; k < PROBES_MAX && flips[i].probes[k].on != NULL; k++) {
            probe(&flips[i], &flips[i].probes[k]);
        }
    }
}

static void every_parameter_has_a_filing_and_a_history(void **state)
{
    (void)state;
    for (uint32_t id = 0; id < PARAMETER_N; id++) {
        bool flips_one = false;
        bool has_history = false;

        for (size_t i = 0; i < ROWS(flips); i++) {
            flips_one = flips_one || flips[i].id == (enum parameter_id)id;
        }
        for (size_t i = 0; i < ROWS(histories); i++) {
            has_history = has_history || histories[i].id == (enum parameter_id)id;
        }
        if (!flips_one || !has_history) {
            fail_msg("%s has no row here", parameter_id_name((enum parameter_id)id));
        }
    }
}

/* ---- grandfathering (L3) ------------------------------------------------------------------- */

#define SMALL_PROFILE(net_assets)                                                                  \
    "'mode':'MACROPRUDENTIAL','effective_on':'2010-01-01','region':'210100','subject':'GENERAL',"  \
    "'established_on':'2000-01-01','net_assets':" CNY(net_assets) ",'audited_on':'2009-12-31',"    \
                                                                  "'audit_no':'A1'"
#define OLD_CONTRACT                                                                               \
    "'contract_no':'CONTRACT1','mode':'MACROPRUDENTIAL','creditor':{'name':'N','country':'DEU',"   \
    "'kind':'CORPORATE'},'money':" CNY(                                                            \
        "1600000.00") ",'signed_on':'#','value_on':'#','matures_on':'2021-10-30',"                 \
                      "'annual_rate_bp':450,'revolving':false,'capitalises_interest':true,"        \
                      "'not_counted':false,'purpose':'p'"
#define DRAWDOWN "'contract_no':'CONTRACT1','money':" CNY("1.00") ",'value_on':'2021-01-07'"
#define FULL     "financing.macroprudential CNY"

/* The parameter is 1.25, from 2021-01-07 it is 1, from 2022-10-25 it is 1.25 again.  Net assets of
 * 1,000,000.00 give 2,500,000.00 and 2,000,000.00; the contract weighs 2,400,000.00. */
static const struct {
    const char *name;
    const char *signed_on;
    const char *profile_on; /* another profile on this day, "" = none */
    const char *event;
    const char *on;
    const char *details;
    const char *reasons;
    const char *flags;
} falls[] = {
    {"the day before", "2020-12-30", "", "financing.drawdown", "2021-01-06", DRAWDOWN, "",
     "UNCONFIRMED_BASIS"},
    {"the day of the fall", "2020-12-30", "", "financing.drawdown", "2021-01-07", DRAWDOWN, "",
     "GRANDFATHERED UNCONFIRMED_BASIS"},
    {"signed on the last day", "2021-01-06", "", "financing.drawdown", "2021-01-11", DRAWDOWN, "",
     "GRANDFATHERED UNCONFIRMED_BASIS"},
    {"interest", "2020-12-30", "", "financing.capitalisation", "2021-01-07",
     "'contract_no':'CONTRACT1','money':" CNY("1.00"), "", "GRANDFATHERED LIMIT_FULL"},
    {"an increase", "2020-12-30", "", "financing.amendment", "2021-01-07",
     "'contract_no':'CONTRACT1','money':" CNY("1600000.01") ",'agreed_on':'2021-01-07'",
     "301 /details/money " FULL " -40000000 2", ""},
    {"an extension", "2020-12-30", "", "financing.extension", "2021-01-07",
     "'contract_no':'CONTRACT1','matures_on':'2021-12-30','agreed_on':'2021-01-07'",
     "301 /details/matures_on " FULL " -40000000 0", ""},
    {"risen again, and the net assets are less", "2020-12-30", "2022-10-25", "financing.drawdown",
     "2022-10-25", DRAWDOWN, "301 /details/money " FULL " -15000000 0", ""},
};

static void what_was_signed_before_a_fall_may_still_be_drawn(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(falls); i++) {
        struct story *s = story_new();

        print_message("%s\n", falls[i].name);
        accept(story_file(s, 1, "financing.profile", "2020-12-30", SMALL_PROFILE("1000000.00")));
        accept(story_file(s, 2, "financing.contract", falls[i].signed_on,
                          dated(s, OLD_CONTRACT, falls[i].signed_on)));
        if (falls[i].profile_on[0] != '\0') {
            accept(story_file(s, 3, "financing.profile", falls[i].profile_on,
                              SMALL_PROFILE("900000.00")));
        }
        (void)story_file(s, 4, falls[i].event, falls[i].on, falls[i].details);
        expect(&s->f->result.decision, falls[i].reasons[0] ? OUTCOME_REJECTED : OUTCOME_ACCEPTED,
               falls[i].reasons);
        expect_flags(&s->f->result.decision, falls[i].flags);
        story_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_row_in_force_is_that_of_the_day, story_setup,
                                        story_teardown),
        cmocka_unit_test(a_decision_flips_on_the_day_of_its_parameter),
        cmocka_unit_test(what_was_signed_before_a_fall_may_still_be_drawn),
        cmocka_unit_test(every_parameter_has_a_filing_and_a_history),
    };

    return cmocka_run_group_tests_name("dated_policy", tests, NULL, NULL);
}
