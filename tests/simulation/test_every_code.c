/* Every code and every flag of the catalogue is told by a story that ends in it and in nothing
 * else.
 *
 * The rows stand in the order of proto/form/codes.def and of the flags in rulebook section 2; one
 * code or flag without its row does not compile.  A story is a few records of one enterprise in a
 * demonstration ledger with the policy that is shipped; its last decision is looked at as the
 * journal keeps it and as JSON shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "form/iso.h"
#include "form/money.h"
#include "form/reason.h"
#include "sim_decider.h"
#include "wire/decision_json.h"

#define LINES_MAX   9
#define WANTED_MAX  10
#define JSON_MAX    8192
#define POLICY_MAX  65536
#define BANK        "210100000123" /* may file and may review */
#define ID(last)    "'019a3f52-6c1e-7d40-9f6b-00000000000" #last "'"
#define TODAY       "2026-04-13" /* the last day with a rate sheet */
#define NEXT_DAY    "2026-04-14"
#define THREE_LATER "2026-04-16"

/* ---- filings ------------------------------------------------------------------------------- */

#define MONEY(currency, value) "{'currency':'" currency "','value':'" value "'}"
#define USD(value)             MONEY("USD", value)
#define CNY(value)             MONEY("CNY", value)
#define NUMBER                 "'registration_no':'R0000001'"
#define INVESTORS(money, share, due)                                                               \
    "[{'investor_no':'I1','name':'N','country':'DEU','subscribed':" money ",'cash':" money         \
    ",'share_bp':" share ",'due_on':'" due "'}]"
#define REGISTRATION(industry, money, share, due)                                                  \
    NUMBER ",'setup':'NEW','region':'210100','industry':'" industry                                \
           "','established_on':'2026-03-02','registered_capital':" money                           \
           ",'investors':" INVESTORS(money, share, due) ",'evidence_no':'E1'"
#define CAPITAL USD("1000000.00")
#define OPENING                                                                                    \
    {                                                                                              \
        "fdi.registration", TODAY, REGISTRATION("C3411", CAPITAL, "10000", "2030-12-31"), ""       \
    }
#define OPENING_TO_REVIEW                                                                          \
    {                                                                                              \
        "fdi.registration", TODAY, REGISTRATION("P8310", CAPITAL, "10000", "2030-12-31"), ""       \
    }
#define INFLOW_OF(no, money)                                                                       \
    NUMBER ",'investor_no':'" no "','money':" money ",'account':'A','remitter_country':'DEU'"
#define INFLOW(value) INFLOW_OF("I1", USD(value))
#define DEREGISTRATION                                                                             \
    {                                                                                              \
        "fdi.deregistration", TODAY, NUMBER ",'waive_outflow':true", ""                            \
    }
#define PRELIMINARY(number)                                                                        \
    "'application_no':'" number                                                                    \
    "','investor':{'name':'N','country':'DEU'},'money':" USD("1000.00") ",'purpose':'survey'"
#define APPLICATION "'application_no':'A0000001'"
#define PROFILE(mode, effective, subject, rest)                                                    \
    "'mode':'" mode "','effective_on':'" effective "','region':'210100','subject':'" subject       \
    "','established_on':'2015-06-01'" rest
#define NET_ASSETS ",'net_assets':" CNY("1000000.00") ",'audited_on':'2020-03-01'"
#define MACROPRUDENTIAL(effective)                                                                 \
    {                                                                                              \
        "financing.profile", effective,                                                            \
            PROFILE("MACROPRUDENTIAL", effective, "GENERAL", NET_ASSETS ",'audit_no':'A1'"), ""    \
    }
#define GAP                                                                                        \
    PROFILE("GAP", TODAY, "GENERAL",                                                               \
            ",'total_investment':" USD("2000000.00") ",'registered_capital':" CAPITAL              \
                                                     ",'paid_in':" CAPITAL                         \
                                                     ",'foreign_paid_in_bp':6000")
#define CONTRACT_NO    "'contract_no':'K0000001'"
#define CREDITOR(kind) "{'name':'N','country':'DEU','kind':'" kind "'}"
#define CONTRACT(mode, kind, money, signed, valued)                                                         \
    CONTRACT_NO ",'mode':'" mode "','creditor':" CREDITOR(                                                  \
        kind) ",'money':" money                                                                             \
              ",'signed_on':'" signed "','value_on':'" valued                                               \
                                      "','matures_on':'2026-10-13','annual_rate_bp':450,'revolving':false," \
                                      "'capitalises_interest':false,'not_counted':false,'purpose':'working capital'"
#define BORROWING                                                                                  \
    {                                                                                              \
        "financing.contract", TODAY,                                                               \
            CONTRACT("MACROPRUDENTIAL", "PARENT", CNY("1000.00"), TODAY, TODAY), ""                \
    }
#define DRAWDOWN                                                                                   \
    {                                                                                              \
        "financing.drawdown", THREE_LATER,                                                         \
            CONTRACT_NO ",'money':" CNY("100.00") ",'value_on':'" THREE_LATER "'", ""              \
    }
#define LOAN                                                                                       \
    "'loan_no':'L0000001','borrower':{'name':'N','country':'DEU'},'relation':'SUBSIDIARY',"        \
    "'money':" CNY("100.00") ",'signed_on':'" TODAY "','matures_on':'2027-04-13'"
#define OUTBOUND(industry, sensitive, central, kind, level, from, to)                              \
    NUMBER                                                                                         \
    ",'route':'DIRECT','target':{'name':'N','country':'PRK'},'industry':'" industry                \
    "','sensitive':" sensitive ",'central_enterprise':" central ",'total':" CAPITAL                \
    ",'cash':" CAPITAL ",'ndrc':{'kind':'" kind "','level':'" level                                \
    "','number':'N1','issued_on':'" from "','valid_to':'" to                                       \
    "'},'mofcom':{'number':'M1','issued_on':'" from "','valid_to':'" to "'}"

/* A record: a filing, "255 fdi.inflow" that many, # in the details is then the number in four
 * digits; or "bulletin" with its item as details; or "spoil": what is published from
 * there on has a wrong signature. */
struct line {
    const char *event;
    const char *date;
    const char *details;
    const char *top; /* fields beside the details that stand for the usual ones */
};

/* What must be said, by hand from the rulebook. */
struct wanted {
    int32_t number;
    const char *name;
    const char *next;
    const char *field;
    const char *limit;
    const char *currency; /* "" = no amounts */
    const char *free;
    const char *asked;
};

/* ---- telling ------------------------------------------------------------------------------- */

static const char *const lists[] = {
    "{'kind':'negative_list','rows':[{'prefix':'P8310','rule':'REVIEW','from':'2024-11-01',"
    "'text':'t'},{'prefix':'F5128','rule':'PROHIBITED','from':'2024-11-01','text':'t'}]}",
    "{'kind':'sensitive_list','rows':[{'country':'PRK','rule':'REVIEW','from':'2018-01-01',"
    "'text':'t'},{'industry':'B','rule':'REVIEW','from':'2018-01-01','text':'t'}]}",
};

static void double_quotes(char *text)
{
    for (char *at = strchr(text, '\''); at; at = strchr(at, '\'')) {
        *at = '"';
    }
}

static void publish_item(struct sim_decider *p, const char *item)
{
    char json[JSON_MAX];

    (void)snprintf(json, sizeof(json), "%s", item);
    double_quotes(json);
    sim_log_item(&p->log, json);
}

/* The file is {"reference":{...}}: what stands between. */
static void publish_shipped_policy(struct sim_decider *p)
{
    char *const text = calloc(1, POLICY_MAX);
    FILE *const file = fopen("deploy/reference/policy.json", "r");
    char *item;
    char *end;

    assert_non_null(text);
    assert_non_null(file);
    assert_true(fread(text, 1, POLICY_MAX - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    item = strchr(text + 1, '{');
    end = strrchr(text, '}');
    assert_non_null(item);
    assert_non_null(end);
    *end = '\0';
    sim_log_item(&p->log, item);
    free(text);
}

static int setup(void **state)
{
    struct sim_decider *p;

    if (sim_decider_setup(state) != 0) {
        return -1;
    }
    p = *state;
    sim_log_found(&p->log);
    publish_shipped_policy(p);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        publish_item(p, lists[i]);
    }
    return 0;
}

/* The usual field unless the line has one of that name. */
static void put_usual(struct buffer *out, const char *top, const char *name, const char *value)
{
    char quoted[32];

    (void)snprintf(quoted, sizeof(quoted), "'%s':", name);
    if (!strstr(top, quoted)) {
        buffer_printf(out, ",%s'%s'", quoted, value);
    }
}

static void put_details(struct buffer *out, const char *details, uint32_t i)
{
    for (const char *at = details; *at; at++) {
        if (*at == '#') {
            buffer_printf(out, "%04u", i);
        } else {
            buffer_printf(out, "%c", *at);
        }
    }
}

static void publish_filing(struct sim_decider *p, const struct line *line, uint32_t i)
{
    struct buffer text;
    char json[JSON_MAX];
    char id[64];

    p->log.filings++;
    (void)snprintf(id, sizeof(id), "019a3f52-6c1e-7d40-9f6b-%012u", p->log.filings);
    buffer_init(&text, JSON_MAX);
    buffer_text(&text, "{'event':'");
    buffer_text(&text, line->event);
    buffer_text(&text, "'");
    if (line->top[0]) {
        buffer_printf(&text, ",%s", line->top);
    }
    put_usual(&text, line->top, "filing_id", id);
    put_usual(&text, line->top, "bank", BANK);
    put_usual(&text, line->top, "enterprise", p->log.codes[0]);
    put_usual(&text, line->top, "business_date", line->date);
    put_usual(&text, line->top, "maker", "m1");
    put_usual(&text, line->top, "checker", "c1");
    buffer_text(&text, ",'details':{");
    put_details(&text, line->details, i);
    buffer_text(&text, "}}");
    (void)snprintf(json, sizeof(json), "%s", buffer_cstr(&text));
    buffer_fini(&text);
    double_quotes(json);
    sim_log_filing(&p->log, json);
}

static void publish(struct sim_decider *p, const struct line *line)
{
    char *event;
    const unsigned long times = strtoul(line->event, &event, 10);

    if (strcmp(line->event, "bulletin") == 0) {
        publish_item(p, line->details);
        return;
    }
    if (strcmp(line->event, "spoil") == 0) {
        p->log.is_signing = true;
        p->log.spoils_signatures = true;
        return;
    }
    for (uint32_t i = 0; i == 0 || i < times; i++) {
        publish_filing(p,
                       &(struct line){.event = event + strspn(event, " "),
                                      .date = line->date,
                                      .details = line->details,
                                      .top = line->top},
                       i);
    }
}

/* The decision of the last record, or the last one that it set free. */
static const struct decision *tell(struct sim_decider *p, const struct line lines[LINES_MAX])
{
    for (size_t i = 0; i < LINES_MAX && lines[i].event; i++) {
        publish(p, &lines[i]);
    }
    assert_int_equal(sim_decider_decide(p), STATUS_OK);
    return sim_decider_last(p);
}

/* ---- looking ------------------------------------------------------------------------------- */

static void expect_text(const char *what, const char *got, const char *want)
{
    if (strcmp(got, want) != 0) {
        fail_msg("%s is '%s', not '%s'", what, got, want);
    }
}

static void expect_reason(const struct reason *reason, const struct wanted *want)
{
    char text[LIMIT_ID_SIZE];
    char amount[MONEY_TEXT_SIZE];

    expect_text("the name", code_name(reason->code), want->name);
    assert_int_equal(reason->code, want->number);
    expect_text("the field", reason->field, want->field);
    expect_text("what is next", next_name(code_next(reason->code)), want->next);
    (void)limit_id_format(&reason->limit, text);
    expect_text("the limit", reason->limit.kind == LIMIT_NONE ? "" : text, want->limit);
    assert_int_equal(reason->has_amounts, want->currency[0] != '\0');
    if (reason->has_amounts) {
        const struct currency *const currency = iso_currency(reason->currency);

        expect_text("the currency", currency->alpha, want->currency);
        (void)money_format(reason->free_minor, currency->exponent, amount, sizeof(amount));
        expect_text("what is free", amount, want->free);
        (void)money_format(reason->asked_minor, currency->exponent, amount, sizeof(amount));
        expect_text("what is asked", amount, want->asked);
    }
}

/* Where a piece begins; what is not there fails the test. */
static const char *find_in(const char *json, const char *piece)
{
    const char *const at = json ? strstr(json, piece) : NULL;

    if (!at) {
        fail_msg("no %s in %s", piece, json);
    }
    return at;
}

/* As JSON: the reason with its sentence of the catalogue. */
static const char *expect_in_json(const char *json, const struct wanted *want)
{
    char piece[256];
    const char *at;

    (void)snprintf(piece, sizeof(piece), "{\"code\":\"%s\",\"number\":%d,", want->name,
                   want->number);
    at = find_in(json, piece);
    (void)snprintf(piece, sizeof(piece), "\"text\":\"%s", code_english((enum code)want->number));
    at = find_in(at, piece);
    (void)snprintf(piece, sizeof(piece), "\"next\":\"%s\"}", want->next);
    return find_in(at, piece);
}

static void show(const struct decision *decision)
{
    struct buffer line;

    buffer_init(&line, JSON_MAX);
    if (decision_to_json(decision, &(struct decision_texts){.own = NULL}, &line, NULL) ==
        STATUS_OK) {
        print_error("%s\n", buffer_cstr(&line));
    }
    buffer_fini(&line);
}

static void expect_reasons(const struct decision *decision, const struct wanted *want,
                           uint32_t want_n)
{
    struct buffer line;
    const char *at;

    if (decision->reasons.n != want_n || (int32_t)decision->reasons.at[0].code != want[0].number) {
        show(decision);
    }
    assert_int_equal(decision->reasons.n, want_n);
    buffer_init(&line, JSON_MAX);
    assert_int_equal(decision_to_json(decision, &(struct decision_texts){.own = NULL}, &line, NULL),
                     STATUS_OK);
    at = buffer_cstr(&line);
    for (uint32_t i = 0; i < want_n; i++) {
        expect_reason(&decision->reasons.at[i], &want[i]);
        at = expect_in_json(at, &want[i]);
    }
    buffer_fini(&line);
    assert_int_equal(decision->outcome, want[0].number > 400 ? OUTCOME_HELD : OUTCOME_REJECTED);
    assert_int_equal(decision->postings_n, 0);
    assert_int_equal(decision->flags, 0);
}

static const char *story_name(const char *prefix, const char *name)
{
    static char text[64];

    (void)snprintf(text, sizeof(text), "%s %s", prefix, name);
    return text;
}

/* ---- the codes ----------------------------------------------------------------------------- */

struct code_row {
    struct wanted want;
    struct line lines[LINES_MAX];
};

#define FIELD(number, name, next, field)                                                           \
    {                                                                                              \
        number, name, next, field, "", "", "", ""                                                  \
    }

static const struct code_row codes[] = {
    {FIELD(101, "SCHEMA", "CORRECT", "/details/account"),
     {OPENING,
      {"fdi.inflow", TODAY,
       NUMBER ",'investor_no':'I1','money':" USD("1.00") ",'remitter_country':'DEU'", ""}}},
    {FIELD(102, "FILING_ID", "CORRECT", "/filing_id"),
     {OPENING,
      {"fdi.inflow", TODAY, INFLOW("1.00"), "'filing_id':'019A3F52-6C1E-7D40-9F6B-000000000002'"}}},
    {FIELD(103, "ENTERPRISE_CODE", "CORRECT", "/enterprise"),
     {{"fdi.inflow", TODAY, INFLOW("1.00"), "'enterprise':'914403001922038217'"}}},
    {FIELD(104, "BANK_CODE", "CORRECT", "/bank"),
     {OPENING, {"fdi.inflow", TODAY, INFLOW("1.00"), "'bank':'21010000012'"}}},
    {FIELD(105, "DATE_INVALID", "CORRECT", "/business_date"),
     {OPENING, {"fdi.inflow", "2026-02-29", INFLOW("1.00"), ""}}},
    {FIELD(106, "DATE_FUTURE", "CORRECT", "/business_date"),
     {OPENING, {"fdi.inflow", "2026-04-21", INFLOW("1.00"), ""}}},
    {FIELD(107, "CURRENCY", "CORRECT", "/details/money/currency"),
     {OPENING, {"fdi.inflow", TODAY, INFLOW_OF("I1", MONEY("CNH", "1.00")), ""}}},
    {FIELD(108, "AMOUNT", "CORRECT", "/details/money/value"),
     {OPENING, {"fdi.inflow", TODAY, INFLOW("0.00"), ""}}},
    {FIELD(109, "COUNTRY", "CORRECT", "/details/remitter_country"),
     {OPENING,
      {"fdi.inflow", TODAY,
       NUMBER ",'investor_no':'I1','money':" USD("1.00") ",'account':'A','remitter_country':'GER'",
       ""}}},
    {FIELD(110, "INDUSTRY", "CORRECT", "/details/industry"),
     {{"fdi.registration", TODAY, REGISTRATION("C3", CAPITAL, "10000", "2030-12-31"), ""}}},
    {FIELD(111, "REGISTRATION_NO", "CORRECT", "/details/registration_no"),
     {{"fdi.deregistration", TODAY, "'registration_no':'R000001','waive_outflow':true", ""}}},
    {FIELD(112, "SAME_PERSON", "CORRECT", "/checker"),
     {OPENING, {"fdi.inflow", TODAY, INFLOW("1.00"), "'checker':'m1'"}}},
    {FIELD(113, "TEXT", "CORRECT", "/note"),
     {OPENING, {"fdi.inflow", TODAY, INFLOW("1.00"), "'note':'a\\u0007'"}}},
    {FIELD(114, "PARTY_CODE", "CORRECT", "/details/creditor/bic"),
     {MACROPRUDENTIAL(TODAY),
      {"financing.contract", TODAY, CONTRACT("MACROPRUDENTIAL", "BANK", CNY("1.00"), TODAY, TODAY),
       ""}}},
    {FIELD(115, "DATE_ORDER", "CORRECT", "/details/value_on"),
     {MACROPRUDENTIAL(TODAY),
      {"financing.contract", TODAY,
       CONTRACT("MACROPRUDENTIAL", "PARENT", CNY("1.00"), TODAY, "2026-04-12"), ""}}},
    {FIELD(116, "SHARES", "CORRECT", "/details/investors"),
     {{"fdi.registration", TODAY, REGISTRATION("C3411", CAPITAL, "9999", "2030-12-31"), ""}}},
    {FIELD(117, "SIGNATURE", "CORRECT", ""),
     {OPENING, {"spoil", "", "", ""}, {"fdi.inflow", TODAY, INFLOW("1.00"), ""}}},
    {FIELD(118, "BULLETIN", "CORRECT", "/date"),
     {{"bulletin", "", "{'kind':'rates','date':'" TODAY "','rates':{'USD':'7'}}", ""}}},
    {FIELD(201, "ID_REUSED", "CORRECT", "/filing_id"),
     {OPENING, {"fdi.inflow", TODAY, INFLOW("1.00"), "'filing_id':" ID(1)}}},
    {FIELD(202, "REGISTRATION_EXISTS", "CORRECT", "/details/registration_no"), {OPENING, OPENING}},
    {FIELD(203, "REGISTRATION_UNKNOWN", "CORRECT", "/details/registration_no"), {DEREGISTRATION}},
    {FIELD(204, "REGISTRATION_CLOSED", "CORRECT", "/details/registration_no"),
     {OPENING, DEREGISTRATION, {"fdi.inflow", TODAY, INFLOW("1.00"), ""}}},
    {FIELD(205, "NOT_AUTHORISED", "ASK_AUTHORITY", "/bank"),
     {OPENING, {"fdi.inflow", TODAY, INFLOW("1.00"), "'bank':'210100000999'"}}},
    {FIELD(206, "MOVEMENT_ORDER", "CORRECT", "/business_date"),
     {OPENING, {"fdi.inflow", "2026-04-12", INFLOW("1.00"), ""}}},
    {FIELD(207, "INVESTOR_UNKNOWN", "CORRECT", "/details/investor_no"),
     {OPENING, {"fdi.inflow", TODAY, INFLOW_OF("I2", USD("1.00")), ""}}},
    {FIELD(208, "SUBJECT_EXCLUDED", "ASK_AUTHORITY", "/details/subject"),
     {{"financing.profile", TODAY,
       PROFILE("MACROPRUDENTIAL", TODAY, "REAL_ESTATE", NET_ASSETS ",'audit_no':'A1'"), ""}}},
    {FIELD(209, "MODE", "CORRECT", "/details/mode"),
     {MACROPRUDENTIAL(TODAY), {"financing.profile", TODAY, GAP, ""}}},
    {FIELD(210, "NO_AUDIT", "CORRECT", "/details/audit_no"),
     {{"financing.profile", TODAY, PROFILE("MACROPRUDENTIAL", TODAY, "GENERAL", NET_ASSETS), ""}}},
    {FIELD(211, "CERTIFICATE", "CORRECT", "/details/certificate"),
     {{"financing.profile", TODAY, PROFILE("FACILITATION", TODAY, "GENERAL", ""), ""}}},
    {FIELD(212, "NOT_ELIGIBLE", "CORRECT", "/details/established_on"),
     {{"outbound.lending_basis", TODAY,
       "'equity':" CNY("1.00") ",'audited_on':'2026-03-01','audit_no':'A1','established_on':"
                               "'2025-04-14'",
       ""}}},
    {FIELD(213, "NEGATIVE_LIST", "ASK_AUTHORITY", "/details/industry"),
     {{"fdi.registration", TODAY, REGISTRATION("F5128", CAPITAL, "10000", "2030-12-31"), ""}}},
    {FIELD(214, "EVIDENCE", "CORRECT", "/details/tax_clearance_no"),
     {OPENING, {"fdi.liquidation", TODAY, NUMBER ",'distribution':" USD("1.00"), ""}}},
    {FIELD(215, "HAS_MOVEMENTS", "CORRECT", "/details/contract_no"),
     {MACROPRUDENTIAL(TODAY),
      BORROWING,
      DRAWDOWN,
      {"financing.cancellation", THREE_LATER, CONTRACT_NO, ""}}},
    {{216, "BALANCE_OPEN", "CORRECT", "/details/registration_no", "fdi.capital:R0000001", "", "",
      ""},
     {OPENING, {"fdi.inflow", TODAY, INFLOW("1.00"), ""}, DEREGISTRATION}},
    {FIELD(217, "NOT_REVERSIBLE", "CORRECT", "/details/reverses"),
     {{"reversal", TODAY, "'reverses':" ID(9) ",'reason':'r'", ""}}},
    {FIELD(218, "USE_FORBIDDEN", "CORRECT", "/details/use_code"),
     {OPENING,
      {"fdi.payment", TODAY, NUMBER ",'cny':" CNY("1.00") ",'use_code':'SECURITIES','payee':'P'",
       ""}}},
    {FIELD(219, "TOO_EARLY", "CORRECT", "/business_date"),
     {OPENING,
      {"fdi.decrease", TODAY,
       NUMBER ",'investor_no':'I1','money':" USD(
           "1.00") ",'resolution_on':'2026-02-01','notified_on':'2026-02-11',"
                   "'published_on':'2026-02-28','covers_losses':false",
       ""}}},
    {FIELD(220, "PROFILE_MISSING", "CORRECT", "/details/loan_no"),
     {{"outbound.loan", TODAY, LOAN, ""}}},
    {FIELD(221, "REVIEW_REFUSED", "ASK_AUTHORITY", ""),
     {OPENING_TO_REVIEW,
      {"review", TODAY,
       "'reviews':" ID(1) ",'reviewed_bank':'" BANK "','verdict':'REFUSE','officer':'o',"
                          "'reason':'not in this province'",
       ""}}},
    {FIELD(222, "HELD_FULL", "WAIT", ""),
     {OPENING_TO_REVIEW,
      {"255 fdi.inflow", TODAY, INFLOW("1.00"), ""},
      {"fdi.inflow", TODAY, INFLOW("1.00"), ""}}},
    {FIELD(223, "WITHDRAWN", "NOTHING", ""),
     {OPENING_TO_REVIEW, {"withdrawal", TODAY, "'withdraws':" ID(1) ",'reason':'typo'", ""}}},
    {FIELD(224, "CAPACITY", "ASK_AUTHORITY", ""),
     {{"4096 fdi.preliminary", TODAY, PRELIMINARY("A000#"), ""}, OPENING}},
    {{301, "LIMIT_EXCEEDED", "CORRECT", "/details/money", "fdi.preliminary:A0000001", "USD",
      "1000.00", "1000.01"},
     {{"fdi.preliminary", TODAY, PRELIMINARY("A0000001"), ""},
      {"fdi.preliminary_inflow", TODAY, APPLICATION ",'money':" USD("1000.01"), ""}}},
    {{302, "OVER_BALANCE", "CORRECT", "/details/money", "fdi.preliminary:A0000001", "USD", "0.00",
      "0.01"},
     {{"fdi.preliminary", TODAY, PRELIMINARY("A0000001"), ""},
      {"fdi.preliminary_refund", TODAY, APPLICATION ",'money':" USD("0.01"), ""}}},
    {FIELD(401, "RATE_PENDING", "WAIT", "/business_date"),
     {OPENING, {"fdi.inflow", NEXT_DAY, INFLOW_OF("I1", MONEY("EUR", "1.00")), ""}}},
    {FIELD(402, "REVIEW_NEEDED", "WAIT", "/details/industry"), {OPENING_TO_REVIEW}},
    {FIELD(403, "EARLIER_HELD", "WAIT", ""),
     {OPENING_TO_REVIEW, {"fdi.inflow", TODAY, INFLOW("1.00"), ""}}},
};

#define CODES_N (sizeof(codes) / sizeof(codes[0]))

enum {
#define CODE(number, NAME, next, english, chinese) +1
    CATALOGUE_N = 0
#include "form/codes.def"
#undef CODE
};
_Static_assert(CODES_N == CATALOGUE_N, "a code without a story");

static void every_code_is_told_by_a_story_that_ends_in_it_alone(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CODES_N; i++) {
        const struct code_row *const row = &codes[i];
        void *told = NULL;

        assert_int_equal(code_at(i), row->want.number);
        assert_int_equal(setup(&told), 0);
        print_message("%s\n", story_name("code", row->want.name));
        expect_reasons(tell(told, row->lines), &row->want, 1);
        assert_int_equal(sim_decider_teardown(&told), 0);
    }
    assert_int_equal(code_at(CODES_N), CODE_NONE);
}

/* U+4E00 and above begin with 0xE4 to 0xE9 in UTF-8. */
static bool has_han(const char *text)
{
    for (; *text; text++) {
        const unsigned char byte = (unsigned char)*text;

        if (byte >= 0xE4 && byte <= 0xE9) {
            return true;
        }
    }
    return false;
}

/* One sentence in each language, no two codes the same. */
static void every_code_has_a_sentence_of_its_own_in_both_languages(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CODES_N; i++) {
        const enum code code = (enum code)codes[i].want.number;

        assert_true(strlen(code_english(code)) > 10);
        assert_true(has_han(code_chinese(code)));
        for (uint32_t k = 0; k < i; k++) {
            const enum code other = (enum code)codes[k].want.number;

            assert_string_not_equal(code_english(code), code_english(other));
            assert_string_not_equal(code_chinese(code), code_chinese(other));
        }
    }
}

static void a_refused_review_says_the_officer_s_reason(void **state)
{
    struct sim_decider *const p = *state;
    const struct decision *decision = NULL;

    for (uint32_t i = 0; i < CODES_N && !decision; i++) {
        decision = codes[i].want.number == 221 ? tell(p, codes[i].lines) : NULL;
    }
    assert_non_null(decision);
    assert_int_equal(decision->reasons.at[0].note.n, strlen("not in this province"));
    assert_memory_equal(decision->reasons.at[0].note.at, "not in this province",
                        decision->reasons.at[0].note.n);
    assert_true(decision->refers_to > 0);
    assert_false(decision->has_basis); /* H5 */
}

/* ---- stages -------------------------------------------------------------------------------- */

/* All failures of a stage are reported, in order of code, field and limit; none of the next. */
struct stage_row {
    const char *name;
    uint32_t want_n;
    struct wanted want[WANTED_MAX];
    struct line lines[LINES_MAX];
};

static const struct stage_row stages[] = {
    {"form",
     10,
     {FIELD(101, "SCHEMA", "CORRECT", "/details/setup"),
      FIELD(102, "FILING_ID", "CORRECT", "/filing_id"), FIELD(104, "BANK_CODE", "CORRECT", "/bank"),
      FIELD(105, "DATE_INVALID", "CORRECT", "/details/investors/0/due_on"),
      FIELD(106, "DATE_FUTURE", "CORRECT", "/business_date"),
      FIELD(108, "AMOUNT", "CORRECT", "/details/registered_capital/value"),
      FIELD(109, "COUNTRY", "CORRECT", "/details/investors/0/country"),
      FIELD(110, "INDUSTRY", "CORRECT", "/details/industry"),
      FIELD(112, "SAME_PERSON", "CORRECT", "/checker"),
      FIELD(116, "SHARES", "CORRECT", "/details/investors")},
     {OPENING, /* its number again would be 202 */
      {"fdi.registration", "2026-04-21",
       NUMBER ",'setup':'OLD','region':'210100','industry':'c','established_on':'2026-03-02',"
              "'registered_capital':" USD(
                  "1.000") ",'investors':[{'investor_no':'I1','name':'N','country':'GER',"
                           "'subscribed':" USD("1.00") ",'cash':" USD(
                               "1.00") ",'share_bp':1,'due_on':'2031-02-29'}]",
       "'filing_id':'1','bank':'2','maker':'c1'"}}},
    {"standing",
     6,
     {FIELD(202, "REGISTRATION_EXISTS", "CORRECT", "/details/registration_no"),
      FIELD(205, "NOT_AUTHORISED", "ASK_AUTHORITY", "/bank"),
      FIELD(211, "CERTIFICATE", "CORRECT", "/details/mofcom/valid_to"),
      FIELD(211, "CERTIFICATE", "CORRECT", "/details/ndrc/kind"),
      FIELD(211, "CERTIFICATE", "CORRECT", "/details/ndrc/level"),
      FIELD(211, "CERTIFICATE", "CORRECT", "/details/ndrc/valid_to")},
     {OPENING, /* the sensitive list would hold it for review */
      {"outbound.registration", TODAY,
       OUTBOUND("B06", "true", "true", "FILING", "PROVINCIAL", "2026-01-05", "2026-04-12"),
       "'bank':'210100000999'"}}},
    {"review",
     2,
     {FIELD(402, "REVIEW_NEEDED", "WAIT", "/details/industry"),
      FIELD(402, "REVIEW_NEEDED", "WAIT", "/details/target/country")},
     {{"outbound.registration", TODAY,
       OUTBOUND("B06", "true", "false", "APPROVAL", "NATIONAL", "2026-01-05", "2027-01-04"), ""}}},
    {"rates", /* beyond the inflow, but what it is worth is not known yet */
     1,
     {FIELD(401, "RATE_PENDING", "WAIT", "/business_date")},
     {OPENING, {"fdi.inflow", NEXT_DAY, INFLOW_OF("I1", MONEY("EUR", "9000000.00")), ""}}},
    {"limits",
     2,
     {{301, "LIMIT_EXCEEDED", "CORRECT", "/details/money", "fdi.inflow:R0000001:I1", "CNY", "50.00",
       "100.01"},
      {302, "OVER_BALANCE", "CORRECT", "/details/money", "financing.principal:K0000001", "CNY",
       "100.00", "100.01"}},
     {{"fdi.registration", TODAY, REGISTRATION("C3411", CNY("50.00"), "10000", "2030-12-31"), ""},
      MACROPRUDENTIAL(TODAY),
      BORROWING,
      DRAWDOWN,
      {"financing.equity_conversion", THREE_LATER,
       CONTRACT_NO ",'money':" CNY("100.01") ",'evidence_no':'E'," NUMBER ",'investor_no':'I1'",
       ""}}},
};

static void every_failure_of_a_stage_is_reported_and_none_of_the_next(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        const struct stage_row *const row = &stages[i];
        void *told = NULL;

        assert_int_equal(setup(&told), 0);
        print_message("%s\n", story_name("stage", row->name));
        expect_reasons(tell(told, row->lines), row->want, row->want_n);
        assert_int_equal(sim_decider_teardown(&told), 0);
    }
}

/* ---- the flags ----------------------------------------------------------------------------- */

struct flag_row {
    const char *name;
    const char *flags; /* all that the decision has: some never come alone */
    struct line lines[LINES_MAX];
};

static const struct flag_row flags[] = {
    {"LATE",
     "[\"LATE\"]",
     {MACROPRUDENTIAL("2026-03-02"),
      {"financing.contract", TODAY,
       CONTRACT("MACROPRUDENTIAL", "PARENT", CNY("1.00"), "2026-03-20", TODAY), ""}}},
    {"GRANDFATHERED", /* the parameter falls on 2021-01-07; the days to wait are unconfirmed */
     "[\"GRANDFATHERED\",\"UNCONFIRMED_BASIS\"]",
     {MACROPRUDENTIAL("2020-12-30"),
      {"financing.contract", "2020-12-30",
       CONTRACT("MACROPRUDENTIAL", "PARENT", CNY("1600000.00"), "2020-12-30", "2026-04-13"), ""},
      {"financing.drawdown", "2021-01-07",
       CONTRACT_NO ",'money':" CNY("1.00") ",'value_on':'2021-01-07'", ""}}},
    {"EXCESS",
     "[\"EXCESS\",\"LIMIT_FULL\"]",
     {OPENING, {"fdi.inflow", TODAY, INFLOW("1000000.01"), ""}}},
    {"EXCESS_RETURNED",
     "[\"EXCESS\",\"EXCESS_RETURNED\",\"LIMIT_FULL\"]",
     {OPENING, {"fdi.inflow", TODAY, INFLOW("1030000.01"), ""}}},
    {"NEAR_LIMIT_80",
     "[\"NEAR_LIMIT_80\"]",
     {OPENING, {"fdi.inflow", TODAY, INFLOW("800000.00"), ""}}},
    {"NEAR_LIMIT_90",
     "[\"NEAR_LIMIT_90\"]",
     {OPENING, {"fdi.inflow", TODAY, INFLOW("900000.00"), ""}}},
    {"LIMIT_FULL", "[\"LIMIT_FULL\"]", {OPENING, {"fdi.inflow", TODAY, INFLOW("1000000.00"), ""}}},
    {"PAY_IN_LATE",
     "[\"PAY_IN_LATE\"]",
     {{"fdi.registration", TODAY, REGISTRATION("C3411", CAPITAL, "10000", "2031-03-03"), ""}}},
    {"UNCONFIRMED_BASIS",
     "[\"UNCONFIRMED_BASIS\"]",
     {OPENING,
      {"fdi.profit_remittance", TODAY,
       NUMBER ",'fiscal_year':2025,'distributable':" USD("2.00") ",'resolution_on':'" TODAY
                                                                 "','money':" USD("1.00"),
       ""}}},
};

#define FLAGS_N (sizeof(flags) / sizeof(flags[0]))
_Static_assert(FLAGS_N == FLAG_COUNT, "a flag without a story");

static void expect_flags(const struct decision *decision, const char *want)
{
    struct buffer line;
    char piece[128];

    buffer_init(&line, JSON_MAX);
    assert_int_equal(decision_to_json(decision, &(struct decision_texts){.own = NULL}, &line, NULL),
                     STATUS_OK);
    (void)snprintf(piece, sizeof(piece), "\"flags\":%s", want);
    if (want[0] == '\0' ? strstr(buffer_cstr(&line), "\"flags\"") != NULL
                        : strstr(buffer_cstr(&line), piece) == NULL) {
        print_error("no %s in %s\n", piece, buffer_cstr(&line));
        buffer_fini(&line);
        fail();
    }
    buffer_fini(&line);
    assert_int_equal(decision->outcome, OUTCOME_ACCEPTED);
}

static void every_flag_is_told_by_a_story_in_the_order_of_the_rulebook(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < FLAGS_N; i++) {
        const struct flag_row *const row = &flags[i];
        void *told = NULL;
        const struct decision *decision;

        expect_text("the flag", flag_name((enum flag)(1 << i)), row->name);
        assert_int_equal(setup(&told), 0);
        print_message("%s\n", story_name("flag", row->name));
        decision = tell(told, row->lines);
        expect_flags(decision, row->flags);
        assert_true((decision->flags >> i & 1) == 1);
        assert_int_equal(sim_decider_teardown(&told), 0);
    }
}

/* One cent or one day less, and the flag is not there. */
static void a_flag_begins_where_the_rulebook_says(void **state)
{
    static const struct flag_row edges[] = {
        {"NEAR_LIMIT_80", "", {OPENING, {"fdi.inflow", TODAY, INFLOW("799999.99"), ""}}},
        {"NEAR_LIMIT_90",
         "[\"NEAR_LIMIT_80\"]",
         {OPENING, {"fdi.inflow", TODAY, INFLOW("899999.99"), ""}}},
        {"LIMIT_FULL",
         "[\"NEAR_LIMIT_90\"]",
         {OPENING, {"fdi.inflow", TODAY, INFLOW("999999.99"), ""}}},
        {"EXCESS_RETURNED",
         "[\"EXCESS\",\"LIMIT_FULL\"]",
         {OPENING, {"fdi.inflow", TODAY, INFLOW("1030000.00"), ""}}},
        {"PAY_IN_LATE",
         "",
         {{"fdi.registration", TODAY, REGISTRATION("C3411", CAPITAL, "10000", "2031-03-02"), ""}}},
        {"LATE",
         "", /* fifteen working days */
         {MACROPRUDENTIAL("2026-03-02"),
          {"financing.contract", TODAY,
           CONTRACT("MACROPRUDENTIAL", "PARENT", CNY("1.00"), "2026-03-23", TODAY), ""}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        void *told = NULL;

        assert_int_equal(setup(&told), 0);
        print_message("%s\n", story_name("not yet", edges[i].name));
        expect_flags(tell(told, edges[i].lines), edges[i].flags);
        assert_int_equal(sim_decider_teardown(&told), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_is_told_by_a_story_that_ends_in_it_alone),
        cmocka_unit_test(every_code_has_a_sentence_of_its_own_in_both_languages),
        cmocka_unit_test_setup_teardown(a_refused_review_says_the_officer_s_reason, setup,
                                        sim_decider_teardown),
        cmocka_unit_test(every_failure_of_a_stage_is_reported_and_none_of_the_next),
        cmocka_unit_test(every_flag_is_told_by_a_story_in_the_order_of_the_rulebook),
        cmocka_unit_test(a_flag_begins_where_the_rulebook_says),
    };

    return cmocka_run_group_tests_name("every_code", tests, NULL, NULL);
}
