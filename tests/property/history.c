#include "history.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form/date.h"
#include "form/iso.h"
#include "form/money.h"
#include "model.h"

enum {
    DAYS_BEFORE = 25,
    FILINGS = 70,
    FIRST_DAY_YEARS = 2024,
    LATE_MAX = 64,
    JAMMED = 290,
    NUMBERS_MAX = 16
};

/* An amount that a limit stood at, or that was asked of it. */
struct number {
    int64_t minor;
    int32_t currency;
};

struct maker {
    struct history *h;
    struct model *guide; /* decides as it goes, so that later steps know what was accepted */
    size_t guided_n;
    uint64_t chance;
    bool is_steered; /* choices come from bytes; chance only where those of a filing are used up */
    struct bytes choices;
    struct number numbers[NUMBERS_MAX]; /* the last ones, when steered */
    uint32_t numbers_n;                 /* of all so far */
    int32_t today;
    int32_t sheets_until; /* every working day up to here has its sheet or is in late */
    int32_t late[LATE_MAX];
    size_t late_n;
    int32_t mode; /* the one that most filings of financing keep to */
    bool drops_rows;
    bool is_calm;
    bool is_single;  /* one enterprise, so that its matters get far */
    bool is_jam;     /* no sheet comes before the end: more is held than an enterprise may have */
    bool is_outward; /* most is about investment and lending abroad */
    bool is_inward;  /* most is about FDI */
    enum event opening; /* what the next filing is to be; EVENT_NONE: anything */
    bool is_foreign_gap;
};

static const char *const enterprises[] = {"91210100MA0FG1HX9H", "91110000600037341L",
                                          "91340600MA2PBP2120"};
static const char *const banks[] = {"210100000123", "310100000456", "999999999999", "888888888888"};
static const char *const registrations[] = {"REG00001", "REG00002", "REG00003", "REG00004",
                                            "REG00005"};
static const char *const contracts[] = {"CON00001", "CON00002", "CON00003",
                                        "CON00004", "CON00005", "CON00006"};
static const char *const applications[] = {"APP00001", "APP00002", "APP00003", "APP00004",
                                           "APP00005"};
static const char *const investor_numbers[] = {"I1", "I2", "I3", "I4"};
static const int32_t currencies[] = {CURRENCY_USD, CURRENCY_USD, CURRENCY_CNY,
                                     CURRENCY_EUR, CURRENCY_JPY, CURRENCY_KWD};

/* The next bytes as a number; zeroes give the last choice, which is never that of a fault. */
static uint32_t steered_pick(struct maker *k, uint32_t n)
{
    uint32_t width = n <= 256 ? 1 : n <= 65536 ? 2 : 4;
    uint32_t value = 0;

    if (k->choices.n < width) {
        k->choices.n = 0;
    }
    for (uint32_t i = 0; i < width && k->choices.n > 0; i++) {
        value = value << 8 | *k->choices.at;
        k->choices.at++;
        k->choices.n--;
    }
    return n - 1 - value % n;
}

static uint32_t pick(struct maker *k, uint32_t n)
{
    if (k->is_steered && k->choices.n > 0) {
        return steered_pick(k, n);
    }
    k->chance ^= k->chance << 13;
    k->chance ^= k->chance >> 7;
    k->chance ^= k->chance << 17;
    return (uint32_t)(k->chance >> 33) % n;
}

/* Calm histories have few of the rare faults, so that they get far. */
static bool once_in(struct maker *k, uint32_t n)
{
    return pick(k, n) == 0 && (n < 12 || !k->is_calm || pick(k, 6) == 0);
}

static struct text T(const char *s) {
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

#define ONE_OF(k, words) T((words)[pick(k, sizeof(words) / sizeof((words)[0]))])

static struct step *
add(struct maker *k)
{
    assert(k->h->steps_n < HISTORY_STEPS_MAX);
    return &k->h->steps[k->h->steps_n++];
}

/* Of the last sheet that has the currency, 0 when there is none. */
static int64_t last_rate_e10(const struct maker *k, int32_t currency)
{
    if (currency == CURRENCY_CNY) {
        return RATE_E10;
    }
    for (size_t i = k->h->steps_n; i > 0; i--) {
        const struct step *step = &k->h->steps[i - 1];
        bool is_sheet = step->is_bulletin && step->item.kind == REFERENCE_RATES;

        for (uint32_t r = 0; is_sheet && r < step->item.of.rates.rates_n; r++) {
            if (step->rates[r].currency == currency) {
                return step->rates[r].rate_e10;
            }
        }
    }
    return 0;
}

/* The number in another currency, about; 0 when it cannot be had. */
static int64_t in_currency(const struct maker *k, const struct number *number, int32_t currency)
{
    struct money_unit from = {.exponent = iso_currency(number->currency)->exponent,
                              .rate_e10 = last_rate_e10(k, number->currency)};
    struct money_unit to = {.exponent = iso_currency(currency)->exponent,
                            .rate_e10 = last_rate_e10(k, currency)};
    int64_t minor = 0;

    if (number->currency == currency) {
        return number->minor;
    }
    if (from.rate_e10 == 0 || to.rate_e10 == 0 ||
        !money_convert(number->minor, from, to, ROUND_DOWN, &minor)) {
        return 0;
    }
    return minor;
}

/* Steered histories try the edges: what was free or used a moment ago, or a threshold of the
 * policy, or one minor unit beside it. */
static struct money at_an_edge(struct maker *k, struct money money)
{
    /* What policy_rows say of US dollars. */
    static const int64_t thresholds[] = {6000000, 100000, 15050, 300050, 30025, 10000};
    uint32_t kept = k->numbers_n < NUMBERS_MAX ? k->numbers_n : NUMBERS_MAX;
    struct number number = {.currency = CURRENCY_USD};
    int64_t minor = 0;

    if (!k->is_steered || !once_in(k, 3)) {
        return money;
    }
    number.minor = thresholds[pick(k, 6)];
    if (kept > 0 && !once_in(k, 4)) {
        number = k->numbers[pick(k, kept)];
    }
    minor = in_currency(k, &number, money.currency) + (int64_t)pick(k, 3) - 1;
    money.minor = minor > 0 && minor <= MONEY_MINOR_MAX ? minor : money.minor;
    return money;
}

static struct money amount(struct maker *k, int32_t currency)
{
    static const uint32_t sizes[] = {1000, 10000, 500000, 1000000, 2000000};
    struct money money = {.minor = 1 + pick(k, sizes[pick(k, 5)]), .currency = currency};

    return at_an_edge(k, money);
}

static int32_t any_currency(struct maker *k)
{
    if (once_in(k, 60)) {
        return CURRENCY_DEM; /* withdrawn */
    }
    return currencies[pick(k, 6)];
}

/* ---- bulletins ----------------------------------------------------------------------------- */

/* In the order of the rulebook's table: NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct row_text {
    const char *id;
    const char *subject;
    const char *region;
    int32_t from; /* days from the first day; DATE_NONE = since ever */
    const char *value;
    bool confirmed;
};

static void add_row(struct step *step, int32_t first, const struct row_text *text, int32_t to_on)
{
    struct parameter *row = &step->rows[step->item.of.policy.parameters_n];
    const char *point = strchr(text->value, '.');

    assert(step->item.of.policy.parameters_n < STEP_ROWS_MAX);
    *row = (struct parameter){.id = T(text->id),
                              .subject = T(text->subject),
                              .region = T(text->region),
                              .from_on = text->from == DATE_NONE ? date_make(2010, 1, 1)
                                                                 : first + text->from,
                              .to_on = to_on,
                              .value = T(text->value),
                              .has_number = true,
                              .source = T("s"),
                              .confirmed = text->confirmed,
                              .ordinal = step->item.of.policy.parameters_n};
    for (const char *c = text->value; *c != '\0'; c++) {
        if (*c != '.') {
            row->number.numerator = row->number.numerator * 10 + (*c - '0');
        }
    }
    row->number.scale = point != NULL ? (int32_t)strlen(point + 1) : 0;
    step->item.of.policy.parameters_n++;
}

/* Rows of one id, subject and region follow each other, each until the day before the next. */
static const struct row_text policy_rows[] = {
    {"FAC.LIMIT.USD", "", "", DATE_NONE, "20000", true},
    {"FAC.LIMIT.USD", "", "", 12, "9000.5", true},
    {"FAC.LIMIT.USD", "HIGH_TECH", "21", DATE_NONE, "50000", true},
    {"FAC.LIMIT.USD", "HIGH_TECH", "21", 8, "15000", false},
    {"FAC.LIMIT.USD", "HIGH_TECH", "2102", 15, "80000", true},
    {"FDI.EXCESS.USD", "", "", DATE_NONE, "300.25", true},
    {"FDI.EXCESS.USD", "", "", 10, "100", true},
    {"FDI.PAYIN.YEARS", "", "", 5, "5", true},
    {"FDI.SETTLE.RATIO", "", "", DATE_NONE, "1", true},
    {"FDI.SETTLE.RATIO", "", "", 6, "0.8", true},
    {"FDI.TAX_FORM.USD", "", "", 3, "150.5", false},
    {"FDI.USE.FORBIDDEN", "SECURITIES", "", DATE_NONE, "1", true},
    {"FIN.DRAW.WAIT_WORKING_DAYS", "", "", DATE_NONE, "2", false},
    {"FIN.DRAW.WAIT_WORKING_DAYS", "", "", 6, "1", true},
    {"FIN.NDRC.FROM", "", "", -6, "1", true},
    {"FIN.SIGN.WORKING_DAYS", "", "", DATE_NONE, "5", true},
    {"FIN.SIGN.WORKING_DAYS", "", "", 9, "3", true},
    {"GAP.HOLDING.MULTIPLE", "1000", "", DATE_NONE, "4", true},
    {"GAP.HOLDING.MULTIPLE", "50000", "", DATE_NONE, "6", true},
    {"MP.FX", "", "", DATE_NONE, "0.5", true},
    {"MP.LEVERAGE", "", "", DATE_NONE, "2", true},
    {"MP.LEVERAGE", "", "", 14, "1.37", true},
    {"MP.PARAMETER", "", "", DATE_NONE, "1.25", true},
    {"MP.PARAMETER", "", "", 7, "0.333", true},
    {"MP.PARAMETER", "", "", 18, "1.75", false},
    {"MP.TERM.LONG", "", "", DATE_NONE, "1", true},
    {"MP.TERM.SHORT", "", "", DATE_NONE, "1.5", true},
    {"MP.TERM.SHORT", "", "", 11, "1.3333333333", true},
    {"OUT.CHANGE.SHARE", "", "", DATE_NONE, "0.2", false},
    {"OUT.CHANGE.USD", "", "", 2, "1000", false},
    {"OUT.COMPLETION.WORKING_DAYS", "", "", DATE_NONE, "3", true},
    {"OUT.LENDING.COEFFICIENT", "", "", DATE_NONE, "0.5", true},
    {"OUT.LENDING.COEFFICIENT", "", "", 10, "0.3", true},
    {"OUT.LENDING.COEFFICIENT", "", "", 19, "0.6", true},
    {"OUT.NDRC.USD", "", "", -2, "60000", true},
    {"OUT.PRELIM.MONTHS", "", "", DATE_NONE, "1", true},
    {"OUT.PRELIM.MONTHS", "", "", 17, "0", true},
    {"OUT.PRELIM.SHARE", "", "", DATE_NONE, "0.25", true},
    {"OUT.PRELIM.USD", "", "", 4, "3000.5", true},
};

static bool continues(const struct row_text *a, const struct row_text *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->subject, b->subject) == 0 &&
           strcmp(a->region, b->region) == 0;
}

static void add_policy(struct maker *k, int32_t first)
{
    struct step *step = add(k);
    const char *dropped =
        k->drops_rows ? policy_rows[pick(k, sizeof(policy_rows) / sizeof(policy_rows[0]))].id : "";

    step->is_bulletin = true;
    step->item.kind = REFERENCE_POLICY;
    step->item.of.policy.policy = 1 + pick(k, 9);
    step->item.of.policy.rules = 1;
    step->item.of.policy.parameters = step->rows;
    for (size_t i = 0; i < sizeof(policy_rows) / sizeof(policy_rows[0]); i++) {
        const struct row_text *text = &policy_rows[i];
        const struct row_text *next = text + 1;
        bool is_last = i + 1 == sizeof(policy_rows) / sizeof(policy_rows[0]);

        if (strcmp(text->id, dropped) != 0) {
            add_row(step, first, text,
                    !is_last && continues(text, next) ? first + next->from - 1 : DATE_LAST);
        }
    }
}

static void add_calendar(struct maker *k, int32_t year)
{
    struct step *step = add(k);
    uint32_t n = pick(k, 6);

    step->is_bulletin = true;
    step->item.kind = REFERENCE_CALENDAR;
    step->item.of.calendar.year = year;
    step->item.of.calendar.holidays = step->holidays;
    for (uint32_t i = 0; i < n; i++) {
        int32_t from = k->is_steered ? k->today - 8 : date_make(year, 3, 1);
        int32_t on = from + (int32_t)(i * 5 + pick(k, 5));

        if (on >= date_make(year, 1, 1) && on <= date_make(year, 12, 31)) {
            step->holidays[step->item.of.calendar.holidays_n++] = on;
        }
    }
}

static void add_banks(struct maker *k)
{
    struct step *step = add(k);
    static const uint32_t roles[] = {ROLE_FILER, ROLE_FILER, ROLE_AUTHORITY};

    step->is_bulletin = true;
    step->item.kind = REFERENCE_BANKS;
    step->item.of.banks.members = step->members;
    step->item.of.banks.members_n = 3;
    for (uint32_t i = 0; i < 3; i++) {
        step->members[i] = (struct member){.id = T(banks[i]), .name = T("bank"), .roles = roles[i]};
    }
}

static void add_negative(struct maker *k)
{
    struct step *step = add(k);
    static const enum list_rule rules[] = {LIST_PROHIBITED, LIST_CAP, LIST_REVIEW};
    static const char *const prefixes[] = {"B09", "D44", "Q8"};

    step->is_bulletin = true;
    step->item.kind = REFERENCE_NEGATIVE_LIST;
    step->item.of.negative.rows = step->list;
    step->item.of.negative.rows_n = 3;
    for (uint32_t i = 0; i < 3; i++) {
        step->list[i] = (struct list_row){.industry = T(prefixes[i]),
                                          .rule = rules[i],
                                          .cap_bp = rules[i] == LIST_CAP ? 4999 + pick(k, 2) : 0,
                                          .from_on = k->today - (int32_t)pick(k, 30),
                                          .to_on = DATE_LAST,
                                          .text = T("t")};
    }
}

static void add_sensitive(struct maker *k)
{
    struct step *step = add(k);
    static const char *const countries[] = {"ITA", "", "DEU"};
    static const char *const industries[] = {"", "C34", "C3"};
    static const enum list_rule rules[] = {LIST_REVIEW, LIST_APPROVAL, LIST_REVIEW};

    step->is_bulletin = true;
    step->item.kind = REFERENCE_SENSITIVE_LIST;
    step->item.of.sensitive.rows = step->list;
    step->item.of.sensitive.rows_n = 3;
    for (uint32_t i = 0; i < 3; i++) {
        step->list[i] = (struct list_row){.country = T(countries[i]),
                                          .industry = T(industries[i]),
                                          .rule = rules[i],
                                          .from_on = k->today - (int32_t)pick(k, 30),
                                          .to_on = DATE_LAST,
                                          .text = T("t")};
    }
}

static void add_sheet(struct maker *k, int32_t on)
{
    static const int32_t sorted[] = {CURRENCY_USD, CURRENCY_EUR, CURRENCY_JPY, CURRENCY_KWD};
    static const int64_t about[] = {70000000000, 78000000000, 481000000, 230000000000};
    struct step *step = add(k);
    uint32_t n = 0;

    step->is_bulletin = true;
    step->item.kind = REFERENCE_RATES;
    step->item.of.rates.date_on = on;
    step->item.of.rates.rates = step->rates;
    for (uint32_t i = 0; i < 4; i++) {
        if (i == 0 || !once_in(k, 12)) {
            step->rates[n++] =
                (struct rate){.currency = sorted[i], .rate_e10 = about[i] + pick(k, 300000000)};
        }
    }
    step->item.of.rates.rates_n = n;
}

/* Days pass; their sheets come, or come late. */
static void pass_days(struct maker *k)
{
    k->today += once_in(k, k->is_jam ? 40 : 3) ? (int32_t)pick(k, 4) : 0;
    while (k->sheets_until < k->today) {
        k->sheets_until++;
        if (date_weekday(k->sheets_until) >= 5 && !once_in(k, 10)) {
            continue;
        }
        if ((k->is_jam || once_in(k, 4)) && k->late_n < LATE_MAX) {
            k->late[k->late_n++] = k->sheets_until;
        } else {
            add_sheet(k, k->sheets_until);
        }
    }
    if (k->late_n > 0 && !k->is_jam && once_in(k, 8)) {
        k->late_n--;
        add_sheet(k, k->late[k->late_n]);
    }
}

/* ---- what was filed so far ------------------------------------------------------------------- */

static void note_outcomes(struct maker *k)
{
    struct model_answer_head head;

    for (size_t i = 0; model_answer_head(k->guide, i, &head); i++) {
        k->h->steps[head.input].guess = head.outcome;
    }
}

static void note_number(struct maker *k, const char *currency, int64_t minor)
{
    int found = iso_currency_find(currency, 3);

    if (found >= 0 && minor > 0) {
        k->numbers[k->numbers_n++ % NUMBERS_MAX] =
            (struct number){.minor = minor, .currency = found};
    }
}

/* The amounts in an answer of the guide: "<limit> <currency> <changes> = limit used reserved" of a
 * posting, "<currency> free n asked n" of a reason. */
static void note_numbers(struct maker *k, const char *answer)
{
    const char *change = NULL;
    char *end = NULL;

    for (const char *at = strstr(answer, " = "); at != NULL; at = strstr(at + 1, " = ")) {
        int64_t limit = strtoll(at + 3, &end, 10);
        int64_t used = strtoll(end, &end, 10);
        int64_t reserved = strtoll(end, &end, 10);

        change = at;
        for (int i = 0; i < 4; i++) { /* back over the three changes, to before the currency */
            do {
                change--;
            } while (*change != ' ');
        }
        note_number(k, change + 1, limit - used - reserved);
        note_number(k, change + 1, used);
        note_number(k, change + 1, limit);
    }
    for (const char *at = strstr(answer, " free "); at != NULL; at = strstr(at + 1, " free ")) {
        note_number(k, at - 3, strtoll(at + 6, &end, 10));
    }
}

static bool same_text(struct text a, struct text b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

/* What an accepted filing reversed or closed is no longer built on. */
static void note_ends(struct maker *k)
{
    const struct step *step = &k->h->steps[k->guided_n];
    const union details *d = &step->filing.details;

    for (size_t i = 0; i < k->guided_n && step->guess == OUTCOME_ACCEPTED; i++) {
        struct step *other = &k->h->steps[i];
        bool is_closing = step->filing.event == EVENT_FINANCING_CANCELLATION ||
                          step->filing.event == EVENT_FINANCING_DEREGISTRATION;

        if (other->is_bulletin || other->filing.enterprise.at != step->filing.enterprise.at) {
            continue;
        }
        if (step->filing.event == EVENT_REVERSAL &&
            same_text(other->filing.filing_id, d->reversal.reverses)) {
            other->is_gone = true;
        }
        if (step->filing.event == EVENT_FDI_DEREGISTRATION &&
            other->filing.event == EVENT_FDI_REGISTRATION &&
            same_text(other->filing.details.fdi_registration.registration_no,
                      d->fdi_deregistration.registration_no)) {
            other->is_gone = true;
        }
        if (step->filing.event == EVENT_OUTBOUND_CLOSURE &&
            other->filing.event == EVENT_OUTBOUND_REGISTRATION &&
            same_text(other->filing.details.outbound_registration.registration_no,
                      d->outbound_closure.registration_no)) {
            other->is_gone = true;
        }
        if (step->filing.event == EVENT_OUTBOUND_LOAN_CLOSURE &&
            other->filing.event == EVENT_OUTBOUND_LOAN &&
            same_text(other->filing.details.outbound_loan.loan_no,
                      d->outbound_loan_closure.loan_no)) {
            other->is_gone = true;
        }
        if (is_closing && other->filing.event == EVENT_FINANCING_CONTRACT &&
            same_text(other->filing.details.financing_contract.contract_no,
                      d->financing_cancellation.contract_no)) {
            other->is_gone = true;
        }
        if (step->filing.event == EVENT_OUTBOUND_REGISTRATION &&
            other->filing.event == EVENT_OUTBOUND_PRELIMINARY &&
            same_text(other->filing.details.outbound_preliminary.application_no,
                      d->outbound_registration.application_no)) {
            other->is_gone = true;
        }
    }
}

/* Let the guide decide what was added since. */
static void guide(struct maker *k)
{
    for (; k->guided_n < k->h->steps_n; k->guided_n++) {
        const struct step *step = &k->h->steps[k->guided_n];
        struct model_record record = {.filing = &step->filing,
                                      .offset = (int64_t)k->guided_n,
                                      .received_on = step->received_on,
                                      .content = step->content};

        if (step->is_bulletin) {
            model_bulletin(k->guide, &step->item);
        } else {
            model_file(k->guide, &record);
        }
        note_outcomes(k);
        note_ends(k);
        for (size_t i = 0; k->is_steered && model_answer(k->guide, i)[0] != '\0'; i++) {
            note_numbers(k, model_answer(k->guide, i));
        }
    }
}

/* An earlier accepted filing of the enterprise and event, one of the last; NULL when there is none.
 */
static const struct step *accepted(struct maker *k, const struct step *step, enum event event)
{
    uint32_t back = 1 + pick(k, 3);
    const struct step *found = NULL;

    for (size_t i = k->h->steps_n; i > 0 && back > 0; i--) {
        const struct step *other = &k->h->steps[i - 1];

        if (!other->is_bulletin && other != step && other->filing.event == event &&
            other->guess == OUTCOME_ACCEPTED && !other->is_gone &&
            other->filing.enterprise.at == step->filing.enterprise.at) {
            found = other;
            back--;
        }
    }
    return found;
}

/* The number of something that is open, mostly. */
static struct text opened(struct maker *k, const struct step *step, enum event event)
{
    const struct step *found = accepted(k, step, event);

    if (found != NULL && !once_in(k, 20)) {
        /* The three openings have their number in front. */
        return found->filing.details.fdi_registration.registration_no;
    }
    return event == EVENT_FINANCING_CONTRACT ? ONE_OF(k, contracts) : ONE_OF(k, registrations);
}

/* A number that nothing has yet, mostly. */
static struct text unused(struct maker *k, const struct step *step)
{
    enum event event = step->filing.event;
    struct text number = {0};

    for (int i = 0; i < 20; i++) {
        bool is_used = false;

        number = event == EVENT_FINANCING_CONTRACT || event == EVENT_OUTBOUND_LOAN
                     ? ONE_OF(k, contracts)
                 : event == EVENT_OUTBOUND_PRELIMINARY || event == EVENT_FDI_PRELIMINARY
                     ? ONE_OF(k, applications)
                     : ONE_OF(k, registrations);
        for (size_t n = 0; n < k->h->steps_n; n++) {
            const struct step *other = &k->h->steps[n];

            is_used =
                is_used || (!other->is_bulletin && other != step &&
                            other->filing.enterprise.at == step->filing.enterprise.at &&
                            (other->filing.event == EVENT_FINANCING_CONTRACT ||
                             other->filing.event == EVENT_FDI_REGISTRATION ||
                             other->filing.event == EVENT_OUTBOUND_REGISTRATION) &&
                            other->guess != OUTCOME_REJECTED &&
                            other->filing.details.fdi_registration.registration_no.at == number.at);
        }
        if (!is_used || once_in(k, 30)) {
            break;
        }
    }
    return number;
}

/* ---- filings ------------------------------------------------------------------------------- */

static void fdi_registration(struct maker *k, struct step *step)
{
    struct fdi_registration *d = &step->filing.details.fdi_registration;
    static const char *const industries[] = {"C3411", "C3411", "C3411", "D4414", "B0932",
                                             "Q84",   "C",     "C21",   "C35",   "I63"};
    static const int32_t countries[] = {COUNTRY_DEU, COUNTRY_HKG, COUNTRY_CHN};
    int32_t currency = any_currency(k);
    int64_t share_left = 10000;

    *d =
        (struct fdi_registration){.registration_no = unused(k, step),
                                  .setup = SETUP_NEW,
                                  .region = T("210100"),
                                  .industry = ONE_OF(k, industries),
                                  .established_on = step->filing.business_on - (int32_t)pick(k, 20),
                                  .registered_capital = {.currency = currency},
                                  .total_investment = {.currency = CURRENCY_NONE},
                                  .investors = step->investors,
                                  .investors_n = 1 + pick(k, STEP_INVESTORS_MAX),
                                  .evidence_no = T("E1")};
    for (uint32_t i = 0; i < d->investors_n; i++) {
        struct fdi_investor *of = &step->investors[i];
        bool is_last = i + 1 == d->investors_n;

        *of = (struct fdi_investor){.investor_no = T(investor_numbers[i]),
                                    .name = T("n"),
                                    .country = countries[pick(k, 3)],
                                    .subscribed = amount(k, currency),
                                    .share_bp = is_last ? share_left : share_left / 2 + 1,
                                    .due_on = date_add_years(d->established_on, 5) +
                                              (int32_t)(once_in(k, 10) ? 1 : 0)};
        of->cash = of->subscribed;
        of->cash.minor -= once_in(k, 3) ? pick(k, 2) * of->cash.minor / 2 : 0;
        of->cash.minor = once_in(k, 20) ? 0 : of->cash.minor;
        share_left -= of->share_bp;
        d->registered_capital.minor += of->subscribed.minor;
    }
    if (once_in(k, 2)) {
        d->total_investment = d->registered_capital;
        d->total_investment.minor *= 2;
    }
    if (once_in(k, 25)) {
        d->registered_capital.minor++;
    }
    if (once_in(k, 25)) {
        step->investors[0].share_bp -= step->investors[0].share_bp > 1 ? 1 : 0;
    }
    if (once_in(k, 25)) {
        step->investors[d->investors_n - 1].cash.minor += 1 + pick(k, 500);
    }
    if (once_in(k, 40)) {
        step->investors[d->investors_n - 1].subscribed.currency = CURRENCY_EUR;
    }
}

static void fdi_inflow(struct maker *k, struct step *step)
{
    int32_t currency = any_currency(k);
    const struct step *opener = NULL;

    step->filing.details.fdi_inflow =
        (struct fdi_inflow){.registration_no = opened(k, step, EVENT_FDI_REGISTRATION),
                            .investor_no = ONE_OF(k, investor_numbers),
                            .money = amount(k, currency),
                            .account = T("acc"),
                            .remitter_country = COUNTRY_DEU};
    opener = accepted(k, step, EVENT_FDI_REGISTRATION);
    if (opener != NULL && !once_in(k, 15)) {
        const struct fdi_registration *of = &opener->filing.details.fdi_registration;
        const struct fdi_investor *one = &of->investors[pick(k, of->investors_n)];

        step->filing.details.fdi_inflow.registration_no = of->registration_no;
        step->filing.details.fdi_inflow.investor_no = one->investor_no;
        if (once_in(k, 2)) {
            step->filing.details.fdi_inflow.money = one->cash;
            step->filing.details.fdi_inflow.money.minor += pick(k, 30000);
        }
    }
}

static struct text fdi_application(struct maker *k, const struct step *step)
{
    const struct step *found = accepted(k, step, EVENT_FDI_PRELIMINARY);

    return found != NULL ? found->filing.details.fdi_preliminary.application_no
                         : ONE_OF(k, applications);
}

/* Of the application or registration: the currency that it has, mostly. */
static struct money in_its_currency(struct maker *k, const struct step *opener)
{
    int32_t currency = any_currency(k);

    if (opener != NULL && !once_in(k, 12)) {
        currency = opener->filing.event == EVENT_FDI_PRELIMINARY
                       ? opener->filing.details.fdi_preliminary.money.currency
                       : opener->filing.details.fdi_registration.registered_capital.currency;
    }
    return amount(k, currency);
}

static void fdi_preliminary(struct maker *k, struct step *step)
{
    union details *d = &step->filing.details;
    const struct step *opener = accepted(k, step, EVENT_FDI_PRELIMINARY);

    if (step->filing.event == EVENT_FDI_PRELIMINARY) {
        d->fdi_preliminary = (struct fdi_preliminary){
            .application_no = unused(k, step),
            .investor = {.name = T("n"), .country = COUNTRY_DEU},
            .money = amount(k, once_in(k, 2) ? CURRENCY_USD : any_currency(k)),
            .purpose = T("p")};
    } else if (step->filing.event == EVENT_FDI_PRELIMINARY_CONVERT) {
        d->fdi_preliminary_convert = (struct fdi_preliminary_convert){
            .application_no = fdi_application(k, step),
            .registration_no = opened(k, step, EVENT_FDI_REGISTRATION),
            .investor_no = ONE_OF(k, investor_numbers),
            .money = in_its_currency(k, opener)};
        d->fdi_preliminary_convert.money.minor = 1 + pick(k, 2000);
    } else {
        /* Inflow and refund have the same fields. */
        d->fdi_preliminary_inflow = (struct fdi_preliminary_inflow){
            .application_no = fdi_application(k, step), .money = in_its_currency(k, opener)};
    }
}

static void fdi_of_investor(struct maker *k, struct step *step)
{
    union details *d = &step->filing.details;
    const struct step *opener = accepted(k, step, EVENT_FDI_REGISTRATION);
    struct text number = opener && !once_in(k, 20)
                             ? opener->filing.details.fdi_registration.registration_no
                             : ONE_OF(k, registrations);
    int32_t on = step->filing.business_on;

    if (step->filing.event == EVENT_FDI_INCREASE) {
        struct money money = in_its_currency(k, opener);

        d->fdi_increase = (struct fdi_increase){.registration_no = number,
                                                .investor_no = ONE_OF(k, investor_numbers),
                                                .subscribed = money,
                                                .cash = money,
                                                .evidence_no = T("E"),
                                                .has_investor = once_in(k, 2)};
        d->fdi_increase.investor =
            (struct fdi_new_investor){.name = T("n"),
                                      .country = once_in(k, 3) ? COUNTRY_CHN : COUNTRY_FRA,
                                      .share_bp = 1 + pick(k, 9999),
                                      .has_share_bp = once_in(k, 2)};
        d->fdi_increase.cash.minor -= once_in(k, 3) ? money.minor / 2 : 0;
        d->fdi_increase.cash.minor += once_in(k, 30) ? money.minor : 0;
        if (!d->fdi_increase.has_investor) {
            d->fdi_increase.investor = (struct fdi_new_investor){0};
        }
    } else if (step->filing.event == EVENT_FDI_DECREASE) {
        int32_t resolved_on = on - 60 - (int32_t)pick(k, 20);

        d->fdi_decrease = (struct fdi_decrease){
            .registration_no = number,
            .investor_no = ONE_OF(k, investor_numbers),
            .money = in_its_currency(k, opener),
            .resolution_on = resolved_on,
            .notified_on = resolved_on + (int32_t)pick(k, 11) + (once_in(k, 30) ? 5 : 0),
            .published_on = resolved_on + (int32_t)pick(k, 16) + (once_in(k, 20) ? 16 : 0),
            .covers_losses = once_in(k, 3)};
        if (k->is_steered && once_in(k, 3)) {
            /* The notice of 45 days ends about now. */
            d->fdi_decrease.published_on = on - 46 + (int32_t)pick(k, 3);
            d->fdi_decrease.resolution_on = d->fdi_decrease.published_on - 28 - (int32_t)pick(k, 4);
            d->fdi_decrease.notified_on = d->fdi_decrease.resolution_on + 9 + (int32_t)pick(k, 3);
        }
    } else {
        d->fdi_transfer =
            (struct fdi_transfer){.registration_no = number,
                                  .seller_no = once_in(k, 4) ? T("") : ONE_OF(k, investor_numbers),
                                  .has_buyer = !once_in(k, 4),
                                  .buyer = {.investor_no = ONE_OF(k, investor_numbers),
                                            .name = T("n"),
                                            .country = once_in(k, 3) ? COUNTRY_CHN : COUNTRY_FRA},
                                  .share_bp = 1 + pick(k, 4000),
                                  .price = amount(k, any_currency(k)),
                                  .tax_evidence_no = T(once_in(k, 12) ? "" : "E")};
        if (k->is_steered && opener != NULL && once_in(k, 3)) {
            /* All that the seller has, or a little more or less. */
            const struct fdi_registration *of = &opener->filing.details.fdi_registration;
            const struct fdi_investor *one = &of->investors[pick(k, of->investors_n)];
            int64_t share_bp = one->share_bp + (int64_t)pick(k, 3) - 1;

            d->fdi_transfer.seller_no = one->investor_no;
            d->fdi_transfer.share_bp = share_bp > 0 && share_bp <= 10000 ? share_bp : 1;
        }
    }
}

static void fdi_of_company(struct maker *k, struct step *step)
{
    static const char *const uses[] = {"GOODS", "GOODS", "GOODS", "SECURITIES"};
    static const char *const industries[] = {"C3411", "C", "D4414", "B0932", "Q84"};
    static const enum event bases[] = {EVENT_FDI_LIQUIDATION, EVENT_FDI_DECREASE,
                                       EVENT_FDI_TRANSFER};
    union details *d = &step->filing.details;
    const struct step *opener = accepted(k, step, EVENT_FDI_REGISTRATION);
    const struct step *basis = accepted(k, step, bases[pick(k, 3)]);
    struct text number = opened(k, step, EVENT_FDI_REGISTRATION);
    struct money money = in_its_currency(k, opener);

    switch ((int)step->filing.event) {
    case EVENT_FDI_SETTLEMENT:
        d->fdi_settlement = (struct fdi_settlement){
            .registration_no = number, .money = money, .cny = amount(k, CURRENCY_CNY)};
        break;
    case EVENT_FDI_PAYMENT:
        d->fdi_payment = (struct fdi_payment){.registration_no = number,
                                              .cny = amount(k, CURRENCY_CNY),
                                              .use_code = ONE_OF(k, uses),
                                              .payee = T("p")};
        break;
    case EVENT_FDI_REINVESTMENT:
        d->fdi_reinvestment = (struct fdi_reinvestment){.registration_no = number,
                                                        .target_enterprise = T(enterprises[1]),
                                                        .target_industry = ONE_OF(k, industries),
                                                        .money = money};
        break;
    case EVENT_FDI_PROFIT_REMITTANCE:
        d->fdi_profit_remittance =
            (struct fdi_profit_remittance){.registration_no = number,
                                           .fiscal_year = 2022 + pick(k, 2),
                                           .distributable = in_its_currency(k, opener),
                                           .resolution_on = step->filing.business_on,
                                           .money = money,
                                           .tax_form_no = T(once_in(k, 3) ? "" : "E")};
        break;
    case EVENT_FDI_OUTWARD_REMITTANCE:
        memcpy(step->named_id, basis ? basis->filing_id : step->filing_id, sizeof(step->named_id));
        d->fdi_outward_remittance = (struct fdi_outward_remittance){
            .registration_no = basis ? basis->filing.details.fdi_decrease.registration_no : number,
            .money = money,
            .basis_filing_id = T(step->named_id)};
        break;
    case EVENT_FDI_LIQUIDATION:
        d->fdi_liquidation =
            (struct fdi_liquidation){.registration_no = number,
                                     .distribution = amount(k, any_currency(k)),
                                     .tax_clearance_no = T(once_in(k, 12) ? "" : "E")};
        break;
    default:
        d->fdi_deregistration =
            (struct fdi_deregistration){.registration_no = number, .waive_outflow = once_in(k, 2)};
        break;
    }
}

static void gap_figures(struct maker *k, struct financing_profile *d)
{
    int32_t currency = once_in(k, 8) ? CURRENCY_EUR : CURRENCY_USD;

    d->registered_capital = amount(k, currency);
    d->total_investment = amount(k, currency);
    d->total_investment.minor += once_in(k, 10) ? 0 : d->registered_capital.minor;
    if (k->is_steered && once_in(k, 12)) {
        d->total_investment.minor = d->registered_capital.minor + (int64_t)pick(k, 2);
    }
    d->paid_in = amount(k, currency);
    d->paid_in.minor = once_in(k, 20) ? 0 : d->paid_in.minor;
    d->foreign_paid_in_bp = pick(k, 10001);
    d->has_foreign_paid_in_bp = !once_in(k, 30);
    d->total_investment.currency = once_in(k, 40) ? CURRENCY_CNY : currency;
}

/* What the mode asks for, mostly. */
static void profile_of_mode(struct maker *k, struct financing_profile *d, int32_t on)
{
    if (d->mode == MODE_MACROPRUDENTIAL || once_in(k, 9)) {
        d->net_assets = amount(k, CURRENCY_CNY);
        d->net_assets.minor = d->net_assets.minor * (once_in(k, 3) ? 1 : 20) + 1234567;
        d->net_assets.currency = once_in(k, 20) ? CURRENCY_NONE : CURRENCY_CNY;
        d->audited_on = once_in(k, 20) ? DATE_NONE : on - (int32_t)pick(k, 50) + 1;
        d->audit_no = T(once_in(k, 20) ? "" : "A1");
    }
    if (d->mode == MODE_GAP) {
        gap_figures(k, d);
    }
    if (d->mode == MODE_FACILITATION && !once_in(k, 12)) {
        d->has_certificate = true;
        d->certificate = (struct certificate){.kind = 1 + (int32_t)pick(k, 4),
                                              .number = T("C1"),
                                              .valid_to = on + (int32_t)pick(k, 60) - 3};
        d->certificate.kind = once_in(k, 2) ? CERTIFICATE_HIGH_TECH : d->certificate.kind;
    }
}

/* A believable profile of a GAP enterprise repeats its registration. */
static void profile_as_registered(struct maker *k, struct step *step)
{
    struct financing_profile *d = &step->filing.details.financing_profile;

    for (size_t i = k->h->steps_n; i > 0; i--) {
        const struct step *other = &k->h->steps[i - 1];

        if (other->is_bulletin || other->filing.event != EVENT_FDI_REGISTRATION ||
            other->guess != OUTCOME_ACCEPTED ||
            other->filing.enterprise.at != step->filing.enterprise.at) {
            continue;
        }
        d->registered_capital = other->filing.details.fdi_registration.registered_capital;
        d->total_investment = other->filing.details.fdi_registration.total_investment;
        if (d->total_investment.currency == CURRENCY_NONE) {
            d->total_investment = d->registered_capital;
            d->total_investment.minor *= 3;
        }
        d->paid_in = d->registered_capital;
        d->foreign_paid_in_bp = once_in(k, 2) ? 0 : pick(k, 4) * 1000;
        return;
    }
}

static void profile(struct maker *k, struct step *step)
{
    struct financing_profile *d = &step->filing.details.financing_profile;
    static const char *const regions[] = {"210200", "210100", "310000"};
    int32_t on = step->filing.business_on;

    *d = (struct financing_profile){
        .mode = once_in(k, 8) ? 1 + (int32_t)pick(k, 3) : k->mode,
        .effective_on = on + (int32_t)pick(k, 12) - 8,
        .region = ONE_OF(k, regions),
        .subject = once_in(k, 6) ? 1 + (int32_t)pick(k, 5)
                                 : (k->is_foreign_gap ? SUBJECT_HOLDING : SUBJECT_GENERAL),
        .established_on = date_add_years(on, -1) - (int32_t)pick(k, 20) + 1,
        .net_assets = {.currency = CURRENCY_NONE},
        .audited_on = DATE_NONE,
        .total_investment = {.currency = CURRENCY_NONE},
        .registered_capital = {.currency = CURRENCY_NONE},
        .paid_in = {.currency = CURRENCY_NONE},
        .penalised_on =
            once_in(k, 8) ? date_add_years(on, -2) + (int32_t)pick(k, 3) - 1 : DATE_NONE,
        .trade_class = (int32_t)(once_in(k, 8) ? pick(k, 4) : 0)};
    profile_of_mode(k, d, on);
    if (d->mode == MODE_GAP && !once_in(k, 4)) {
        profile_as_registered(k, step);
    }
}

static void contract(struct maker *k, struct step *step)
{
    struct financing_contract *d = &step->filing.details.financing_contract;
    int32_t on = step->filing.business_on;

    *d = (struct financing_contract){
        .contract_no = unused(k, step),
        .mode = once_in(k, 12) ? 1 + (int32_t)pick(k, 3) : k->mode,
        .creditor = {.name = T("n"),
                     .country = COUNTRY_DEU,
                     .kind = once_in(k, 15) ? CREDITOR_BANK : CREDITOR_PARENT},
        .money = amount(k, any_currency(k)),
        .signed_on = on - (int32_t)pick(k, 10) + (once_in(k, 20) ? 2 : 0),
        .annual_rate_bp = 300,
        .revolving = once_in(k, 2),
        .capitalises_interest = !once_in(k, 3),
        .not_counted = once_in(k, 10),
        .ndrc_certificate_no = T(once_in(k, 3) ? "" : "N1"),
        .purpose = T(once_in(k, 15) ? "SECURITIES" : "working capital")};
    if (d->creditor.kind == CREDITOR_BANK && once_in(k, 2)) {
        d->creditor.bic = T("DEUTDEFF");
    }
    d->value_on = d->signed_on + (int32_t)pick(k, 5) - (once_in(k, 30) ? 3 : 0);
    d->matures_on = date_add_years(d->value_on, 1) + (int32_t)pick(k, 3) - 1;
    d->matures_on = once_in(k, 3) ? d->value_on + (int32_t)pick(k, 700) : d->matures_on;
    if (d->not_counted && once_in(k, 2)) {
        step->filing.note = T("why");
    }
}

/* Of the last contract filed under the number, mostly its currency. */
static struct money of_contract(struct maker *k, struct step *step, struct text number)
{
    for (size_t i = k->h->steps_n; i > 0; i--) {
        const struct step *other = &k->h->steps[i - 1];

        if (!other->is_bulletin && other->filing.event == EVENT_FINANCING_CONTRACT &&
            other->guess == OUTCOME_ACCEPTED &&
            other->filing.enterprise.at == step->filing.enterprise.at &&
            other->filing.details.financing_contract.contract_no.at == number.at &&
            !once_in(k, 10)) {
            struct money money = other->filing.details.financing_contract.money;
            uint32_t most = (uint32_t)(money.minor < 2000000000 ? money.minor : 2000000000);

            money.minor = once_in(k, 6) ? money.minor : 1 + pick(k, most);
            money.minor += once_in(k, 12) ? money.minor : 0;
            return at_an_edge(k, money);
        }
    }
    return amount(k, any_currency(k));
}

static void drawdown(struct maker *k, struct step *step)
{
    struct financing_drawdown *d = &step->filing.details.financing_drawdown;

    d->contract_no = opened(k, step, EVENT_FINANCING_CONTRACT);
    d->money = of_contract(k, step, d->contract_no);
    d->value_on = step->filing.business_on + (int32_t)pick(k, 3);
}

/* A contract that was drawn, mostly. */
static struct text drawn(struct maker *k, const struct step *step)
{
    const struct step *found = accepted(k, step, EVENT_FINANCING_DRAWDOWN);

    return found != NULL ? found->filing.details.financing_drawdown.contract_no
                         : opened(k, step, EVENT_FINANCING_CONTRACT);
}

static void repayment(struct maker *k, struct step *step)
{
    struct financing_repayment *d = &step->filing.details.financing_repayment;

    d->contract_no = drawn(k, step);
    d->money = of_contract(k, step, d->contract_no);
    d->money.minor = once_in(k, 2) ? 1 + d->money.minor / 4 : d->money.minor;
}

static struct text opened_application(struct maker *k, const struct step *step)
{
    const struct step *found = accepted(k, step, EVENT_OUTBOUND_PRELIMINARY);

    return found != NULL ? found->filing.details.outbound_preliminary.application_no
                         : ONE_OF(k, applications);
}

static void of_application(struct maker *k, struct step *step)
{
    union details *d = &step->filing.details;

    if (step->filing.event == EVENT_OUTBOUND_PRELIMINARY) {
        d->outbound_preliminary =
            (struct outbound_preliminary){.application_no = unused(k, step),
                                          .planned_total = amount(k, any_currency(k)),
                                          .money = amount(k, any_currency(k)),
                                          .purpose = T("p")};
        if (!once_in(k, 4)) {
            d->outbound_preliminary.planned_total = d->outbound_preliminary.money;
            d->outbound_preliminary.planned_total.minor *= 5;
        }
    } else if (step->filing.event == EVENT_OUTBOUND_PRELIMINARY_REMITTANCE) {
        d->outbound_preliminary_remittance =
            (struct outbound_preliminary_remittance){.application_no = opened_application(k, step),
                                                     .money = amount(k, any_currency(k)),
                                                     .payee = T("p")};
    } else {
        d->outbound_preliminary_refund = (struct outbound_preliminary_refund){
            .application_no = opened_application(k, step), .money = amount(k, any_currency(k))};
    }
}

/* What else is filed about a contract. */
static void of_contract_terms(struct maker *k, struct step *step, struct text number)
{
    union details *d = &step->filing.details;
    int32_t on = step->filing.business_on;
    int32_t agreed_on = on - (int32_t)pick(k, 8) + (once_in(k, 30) ? 9 : 0);
    const struct step *signing = accepted(k, step, EVENT_FINANCING_CONTRACT);

    if (step->filing.event == EVENT_FINANCING_EXTENSION) {
        int32_t from = signing ? signing->filing.details.financing_contract.matures_on : on;

        d->financing_extension =
            (struct financing_extension){.contract_no = number,
                                         .matures_on = from + (int32_t)pick(k, 500) - 30,
                                         .agreed_on = agreed_on};
    } else if (step->filing.event == EVENT_FINANCING_AMENDMENT) {
        d->financing_amendment = (struct financing_amendment){
            .contract_no = number, .money = of_contract(k, step, number), .agreed_on = agreed_on};
    } else if (step->filing.event == EVENT_FINANCING_ASSIGNMENT) {
        d->financing_assignment = (struct financing_assignment){
            .contract_no = number,
            .creditor = {.name = T("n"),
                         .country = COUNTRY_DEU,
                         .kind = once_in(k, 9) ? CREDITOR_BANK : CREDITOR_MARKET},
            .agreed_on = agreed_on};
    } else {
        /* Cancellation and deregistration have nothing but the number. */
        d->financing_cancellation.contract_no = number;
    }
}

static void of_contract_money(struct maker *k, struct step *step)
{
    union details *d = &step->filing.details;
    bool is_back = step->filing.event == EVENT_FINANCING_FORGIVENESS ||
                   step->filing.event == EVENT_FINANCING_EQUITY_CONVERSION;
    struct text number = is_back ? drawn(k, step) : opened(k, step, EVENT_FINANCING_CONTRACT);
    struct money money = of_contract(k, step, number);
    const struct step *opener = accepted(k, step, EVENT_FDI_REGISTRATION);
    int32_t on = step->filing.business_on;

    if (step->filing.event == EVENT_FINANCING_INTEREST) {
        d->financing_interest =
            (struct financing_interest){.contract_no = number,
                                        .money = money,
                                        .period_from = on,
                                        .period_to = on + (int32_t)pick(k, 9) - 1};
    } else if (step->filing.event == EVENT_FINANCING_CAPITALISATION) {
        money.minor = 1 + money.minor / 10;
        d->financing_capitalisation =
            (struct financing_capitalisation){.contract_no = number, .money = money};
    } else if (step->filing.event == EVENT_FINANCING_FORGIVENESS) {
        money.minor = once_in(k, 3) ? money.minor : 1 + money.minor / 5;
        d->financing_forgiveness = (struct financing_forgiveness){
            .contract_no = number, .money = money, .evidence_no = T(once_in(k, 12) ? "" : "E")};
    } else if (step->filing.event == EVENT_FINANCING_EQUITY_CONVERSION) {
        money.minor = once_in(k, 3) ? money.minor : 1 + money.minor / 5;
        d->financing_equity_conversion = (struct financing_equity_conversion){
            .contract_no = number,
            .money = money,
            .evidence_no = T(once_in(k, 12) ? "" : "E"),
            .registration_no = opened(k, step, EVENT_FDI_REGISTRATION),
            .investor_no = ONE_OF(k, investor_numbers)};
        if (opener != NULL) {
            const struct fdi_registration *of = &opener->filing.details.fdi_registration;

            d->financing_equity_conversion.registration_no = of->registration_no;
            d->financing_equity_conversion.investor_no =
                of->investors[pick(k, of->investors_n)].investor_no;
        }
    } else {
        of_contract_terms(k, step, number);
    }
}

static void outbound_registration(struct maker *k, struct step *step)
{
    struct outbound_registration *d = &step->filing.details.outbound_registration;
    static const char *const industries[] = {"C2011", "C3411", "C3311", "J66"};
    static const int32_t countries[] = {COUNTRY_USA, COUNTRY_ITA, COUNTRY_DEU};
    int32_t on = step->filing.business_on;

    *d = (struct outbound_registration){
        .registration_no = unused(k, step),
        .application_no = once_in(k, 3) ? opened_application(k, step) : (struct text){0},
        .route = ROUTE_DIRECT,
        .target = {.name = T("n"), .country = countries[pick(k, 3)]},
        .industry = ONE_OF(k, industries),
        .sensitive = once_in(k, 8),
        .central_enterprise = once_in(k, 12),
        .total = amount(k, any_currency(k)),
        .ndrc = {.kind = once_in(k, 2) ? NDRC_FILING : NDRC_APPROVAL,
                 .level = once_in(k, 3) ? NDRC_LEVEL_PROVINCIAL : NDRC_LEVEL_NATIONAL,
                 .number = T("N1"),
                 .issued_on = on - (int32_t)pick(k, 9) + (once_in(k, 20) ? 1 : 0),
                 .valid_to = on + (int32_t)pick(k, 30) - (once_in(k, 10) ? 1 : 0)},
        .mofcom = {.number = T("M1"),
                   .issued_on = on - (int32_t)pick(k, 9) + (once_in(k, 20) ? 1 : 0),
                   .valid_to = on + (int32_t)pick(k, 30) - (once_in(k, 10) ? 1 : 0)}};
    d->cash = d->total;
    d->cash.minor -= once_in(k, 2) ? (int64_t)pick(k, 2) * d->cash.minor / 2 : 0;
    d->cash.minor += once_in(k, 30) ? 1 : 0;
    d->cash.currency = once_in(k, 30) ? CURRENCY_EUR : d->cash.currency;
}

static void of_investment(struct maker *k, struct step *step)
{
    union details *d = &step->filing.details;
    const struct step *opener = accepted(k, step, EVENT_OUTBOUND_REGISTRATION);
    struct text number = opened(k, step, EVENT_OUTBOUND_REGISTRATION);
    int32_t on = step->filing.business_on;
    struct money money = amount(k, any_currency(k));

    if (step->filing.event == EVENT_OUTBOUND_IN_KIND) {
        d->outbound_in_kind = (struct outbound_in_kind){
            .registration_no = number, .money = money, .customs_no = T(once_in(k, 9) ? "" : "E")};
    } else if (step->filing.event == EVENT_OUTBOUND_CHANGE) {
        if (opener != NULL && !once_in(k, 15)) {
            money.currency = opener->filing.details.outbound_registration.total.currency;
            number = opener->filing.details.outbound_registration.registration_no;
            money.minor =
                1 + opener->filing.details.outbound_registration.total.minor / (1 + pick(k, 12));
        }
        if (k->is_steered && opener != NULL && once_in(k, 3)) {
            /* A fifth of the total is the share of the policy. */
            int64_t fifth = opener->filing.details.outbound_registration.total.minor / 5;

            money.minor = fifth > 0 ? fifth + (int64_t)pick(k, 2) : 1;
        }
        money.minor = once_in(k, 2) ? -money.minor : money.minor;
        d->outbound_change = (struct outbound_change){.registration_no = number,
                                                      .cash_delta = money,
                                                      .has_ndrc = !once_in(k, 3),
                                                      .has_mofcom = !once_in(k, 3)};
        d->outbound_change.ndrc = (struct ndrc_certificate){.kind = NDRC_FILING,
                                                            .level = NDRC_LEVEL_NATIONAL,
                                                            .number = T("N"),
                                                            .issued_on = on - 3,
                                                            .valid_to = on + 9};
        d->outbound_change.mofcom =
            (struct mofcom_certificate){.number = T("M"), .issued_on = on - 3, .valid_to = on + 9};
    } else if (step->filing.event == EVENT_OUTBOUND_COMPLETION) {
        d->outbound_completion = (struct outbound_completion){
            .registration_no = number,
            .completed_on = on - (int32_t)pick(k, 9) + (once_in(k, 20) ? 9 : 0)};
    } else if (step->filing.event == EVENT_OUTBOUND_CLOSURE) {
        d->outbound_closure = (struct outbound_closure){
            .registration_no = number, .kind = CLOSURE_LIQUIDATED, .evidence_no = T("E")};
    } else {
        /* Both returns have the same fields. */
        d->outbound_profit_return = (struct outbound_profit_return){
            .registration_no = number, .money = money, .evidence_no = T(once_in(k, 9) ? "" : "E")};
    }
}

static void of_lending(struct maker *k, struct step *step)
{
    union details *d = &step->filing.details;
    int32_t on = step->filing.business_on;
    const struct step *signing = accepted(k, step, EVENT_OUTBOUND_LOAN);
    struct text number = signing && !once_in(k, 20) ? signing->filing.details.outbound_loan.loan_no
                                                    : ONE_OF(k, contracts);
    struct money money = amount(k, any_currency(k));

    if (signing != NULL && !once_in(k, 12)) {
        money.currency = signing->filing.details.outbound_loan.money.currency;
        money.minor = 1 + signing->filing.details.outbound_loan.money.minor / (1 + pick(k, 4));
        money = at_an_edge(k, money);
    }
    if (step->filing.event == EVENT_OUTBOUND_LENDING_BASIS) {
        d->outbound_lending_basis = (struct outbound_lending_basis){
            .equity = amount(k, CURRENCY_CNY),
            .audited_on = on - (int32_t)pick(k, 30),
            .audit_no = T("A"),
            .established_on = date_add_years(on, -1) - (int32_t)pick(k, 20) + 1};
        d->outbound_lending_basis.equity.minor *= 1 + pick(k, 20);
    } else if (step->filing.event == EVENT_OUTBOUND_LOAN) {
        d->outbound_loan = (struct outbound_loan){
            .loan_no = unused(k, step),
            .borrower = {.name = T("n"), .country = COUNTRY_DEU},
            .relation = RELATION_SUBSIDIARY,
            .money = amount(k, any_currency(k)),
            .signed_on = on - (int32_t)pick(k, 12) + (once_in(k, 30) ? 13 : 0),
            .matures_on = on + (int32_t)pick(k, 300)};
    } else if (step->filing.event == EVENT_OUTBOUND_LOAN_EXTENSION) {
        int32_t from = signing ? signing->filing.details.outbound_loan.matures_on : on;

        d->outbound_loan_extension = (struct outbound_loan_extension){
            .loan_no = number, .matures_on = from + (int32_t)pick(k, 50) - 10};
    } else if (step->filing.event == EVENT_OUTBOUND_LOAN_CLOSURE) {
        d->outbound_loan_closure.loan_no = number;
    } else {
        /* Remittance and return have the same fields. */
        d->outbound_loan_return = (struct outbound_loan_return){.loan_no = number, .money = money};
    }
}

static void outbound_remittance(struct maker *k, struct step *step)
{
    struct outbound_remittance *d = &step->filing.details.outbound_remittance;
    static const int32_t countries[] = {COUNTRY_USA, COUNTRY_ITA, COUNTRY_DEU};

    *d = (struct outbound_remittance){.registration_no =
                                          opened(k, step, EVENT_OUTBOUND_REGISTRATION),
                                      .money = amount(k, any_currency(k)),
                                      .payee = {.name = T("n"), .country = countries[pick(k, 3)]},
                                      .declaration_no = T("1234567890123456789012"),
                                      .explained = T(once_in(k, 2) ? "E1" : "")};
}

/* May the event be about that step, as far as the guide can see? */
static bool is_apt(enum event event, const struct step *other)
{
    bool is_about = other->filing.event == EVENT_REVERSAL || other->filing.event == EVENT_REVIEW ||
                    other->filing.event == EVENT_WITHDRAWAL;

    if (event == EVENT_REVERSAL) {
        return other->guess == OUTCOME_ACCEPTED && !other->is_gone && !is_about;
    }
    if (event == EVENT_WITHDRAWAL || event == EVENT_REVIEW) {
        return other->guess == OUTCOME_HELD;
    }
    return true;
}

/* An earlier filing of the enterprise, a late one rather than an early one; NULL: none. */
static const struct step *earlier(struct maker *k, const struct step *step)
{
    uint32_t back = once_in(k, 3) ? 1 + pick(k, 40) : 1 + pick(k, 4);
    bool is_any = once_in(k, 10);
    const struct step *found = NULL;

    for (size_t i = k->h->steps_n; i > 0 && back > 0; i--) {
        const struct step *other = &k->h->steps[i - 1];

        if (!other->is_bulletin && other != step &&
            other->filing.enterprise.at == step->filing.enterprise.at &&
            (is_any || is_apt(step->filing.event, other))) {
            found = other;
            back--;
        }
    }
    return found;
}

static void about_another(struct maker *k, struct step *step)
{
    const struct step *other = earlier(k, step);
    struct filing *filing = &step->filing;
    struct text named;

    memcpy(step->named_id, other ? other->filing_id : step->filing_id, sizeof(step->named_id));
    named = T(step->named_id);
    filing->business_on = step->received_on;
    if (other != NULL && !once_in(k, 15)) {
        filing->bank = other->filing.bank;
    }
    if (filing->event == EVENT_REVERSAL) {
        filing->business_on -= once_in(k, 10) ? 3 : 0;
        filing->details.reversal = (struct reversal){.reverses = named, .reason = T("r")};
    } else if (filing->event == EVENT_WITHDRAWAL) {
        filing->details.withdrawal = (struct withdrawal){.withdraws = named, .reason = T("r")};
    } else {
        filing->details.review =
            (struct review){.reviews = named,
                            .reviewed_bank = filing->bank,
                            .verdict = once_in(k, 3) ? VERDICT_REFUSE : VERDICT_APPROVE,
                            .officer = T("o1"),
                            .reason = T("r")};
        filing->bank = T(banks[once_in(k, 10) ? 0 : 2]);
    }
}

/* What has to be there first, mostly. */
static enum event believable(struct maker *k, const struct step *step, enum event event)
{
    static const struct {
        enum event event;
        enum event rests_on;
    } rows[] = {
        {EVENT_OUTBOUND_IN_KIND, EVENT_OUTBOUND_REGISTRATION},
        {EVENT_OUTBOUND_CHANGE, EVENT_OUTBOUND_REGISTRATION},
        {EVENT_OUTBOUND_PROFIT_RETURN, EVENT_OUTBOUND_REGISTRATION},
        {EVENT_OUTBOUND_CAPITAL_RETURN, EVENT_OUTBOUND_REGISTRATION},
        {EVENT_OUTBOUND_COMPLETION, EVENT_OUTBOUND_REGISTRATION},
        {EVENT_OUTBOUND_CLOSURE, EVENT_OUTBOUND_REGISTRATION},
        {EVENT_OUTBOUND_LOAN_RETURN, EVENT_OUTBOUND_LOAN_REMITTANCE},
        {EVENT_OUTBOUND_LOAN_REMITTANCE, EVENT_OUTBOUND_LOAN},
        {EVENT_OUTBOUND_LOAN_RETURN, EVENT_OUTBOUND_LOAN},
        {EVENT_OUTBOUND_LOAN_EXTENSION, EVENT_OUTBOUND_LOAN},
        {EVENT_OUTBOUND_LOAN_CLOSURE, EVENT_OUTBOUND_LOAN},
        {EVENT_OUTBOUND_LOAN, EVENT_OUTBOUND_LENDING_BASIS},

        {EVENT_FDI_PRELIMINARY_INFLOW, EVENT_FDI_PRELIMINARY},
        {EVENT_FDI_PRELIMINARY_REFUND, EVENT_FDI_PRELIMINARY_INFLOW},
        {EVENT_FDI_PRELIMINARY_CONVERT, EVENT_FDI_PRELIMINARY_INFLOW},
        {EVENT_FDI_PRELIMINARY_INFLOW, EVENT_FDI_PRELIMINARY},
        {EVENT_FDI_SETTLEMENT, EVENT_FDI_INFLOW},
        {EVENT_FDI_PAYMENT, EVENT_FDI_INFLOW},
        {EVENT_FDI_REINVESTMENT, EVENT_FDI_INFLOW},
        {EVENT_FDI_INFLOW, EVENT_FDI_REGISTRATION},
        {EVENT_FDI_INCREASE, EVENT_FDI_REGISTRATION},
        {EVENT_FDI_DECREASE, EVENT_FDI_REGISTRATION},
        {EVENT_FDI_TRANSFER, EVENT_FDI_REGISTRATION},
        {EVENT_FDI_PROFIT_REMITTANCE, EVENT_FDI_REGISTRATION},
        {EVENT_FDI_LIQUIDATION, EVENT_FDI_REGISTRATION},
        {EVENT_FDI_DEREGISTRATION, EVENT_FDI_REGISTRATION},
        {EVENT_FDI_OUTWARD_REMITTANCE, EVENT_FDI_REGISTRATION},

        {EVENT_FDI_INFLOW, EVENT_FDI_REGISTRATION},
        {EVENT_FINANCING_DRAWDOWN, EVENT_FINANCING_CONTRACT},
        {EVENT_FINANCING_REPAYMENT, EVENT_FINANCING_CONTRACT},
        {EVENT_FINANCING_INTEREST, EVENT_FINANCING_CONTRACT},
        {EVENT_FINANCING_CAPITALISATION, EVENT_FINANCING_CONTRACT},
        {EVENT_FINANCING_EXTENSION, EVENT_FINANCING_CONTRACT},
        {EVENT_FINANCING_AMENDMENT, EVENT_FINANCING_CONTRACT},
        {EVENT_FINANCING_ASSIGNMENT, EVENT_FINANCING_CONTRACT},
        {EVENT_FINANCING_FORGIVENESS, EVENT_FINANCING_CONTRACT},
        {EVENT_FINANCING_EQUITY_CONVERSION, EVENT_FINANCING_CONTRACT},
        {EVENT_FINANCING_CANCELLATION, EVENT_FINANCING_CONTRACT},
        {EVENT_FINANCING_DEREGISTRATION, EVENT_FINANCING_CONTRACT},
        {EVENT_OUTBOUND_PRELIMINARY_REMITTANCE, EVENT_OUTBOUND_PRELIMINARY},
        {EVENT_OUTBOUND_PRELIMINARY_REFUND, EVENT_OUTBOUND_PRELIMINARY},
        {EVENT_FINANCING_REPAYMENT, EVENT_FINANCING_DRAWDOWN},
        {EVENT_FINANCING_FORGIVENESS, EVENT_FINANCING_DRAWDOWN},
        {EVENT_FINANCING_EQUITY_CONVERSION, EVENT_FINANCING_DRAWDOWN},
        {EVENT_FINANCING_CONTRACT, EVENT_FINANCING_PROFILE},
        {EVENT_OUTBOUND_REMITTANCE, EVENT_OUTBOUND_REGISTRATION},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (event == rows[i].event && accepted(k, step, rows[i].rests_on) == NULL &&
            !once_in(k, 10)) {
            event = rows[i].rests_on;
        }
    }
    return event;
}

/* What is filed in histories of financing, of investment abroad and of investment from abroad. */
static const enum event about_financing[] = {EVENT_FDI_REGISTRATION,
                                             EVENT_FDI_INFLOW,
                                             EVENT_FDI_INFLOW,
                                             EVENT_FDI_INFLOW,
                                             EVENT_FINANCING_PROFILE,
                                             EVENT_FINANCING_CONTRACT,
                                             EVENT_FINANCING_CONTRACT,
                                             EVENT_FINANCING_CONTRACT,
                                             EVENT_FINANCING_DRAWDOWN,
                                             EVENT_FINANCING_DRAWDOWN,
                                             EVENT_FINANCING_DRAWDOWN,
                                             EVENT_FINANCING_REPAYMENT,
                                             EVENT_FINANCING_REPAYMENT,
                                             EVENT_FINANCING_INTEREST,
                                             EVENT_FINANCING_CAPITALISATION,
                                             EVENT_FINANCING_CAPITALISATION,
                                             EVENT_FINANCING_EXTENSION,
                                             EVENT_FINANCING_EXTENSION,
                                             EVENT_FINANCING_AMENDMENT,
                                             EVENT_FINANCING_AMENDMENT,
                                             EVENT_FINANCING_ASSIGNMENT,
                                             EVENT_FINANCING_FORGIVENESS,
                                             EVENT_FINANCING_EQUITY_CONVERSION,
                                             EVENT_FINANCING_CANCELLATION,
                                             EVENT_FINANCING_DEREGISTRATION,
                                             EVENT_OUTBOUND_PRELIMINARY,
                                             EVENT_OUTBOUND_PRELIMINARY_REMITTANCE,
                                             EVENT_OUTBOUND_PRELIMINARY_REMITTANCE,
                                             EVENT_OUTBOUND_PRELIMINARY_REFUND,
                                             EVENT_OUTBOUND_REGISTRATION,
                                             EVENT_OUTBOUND_REMITTANCE,
                                             EVENT_OUTBOUND_REMITTANCE,
                                             EVENT_REVERSAL,
                                             EVENT_REVERSAL,
                                             EVENT_REVERSAL,
                                             EVENT_REVERSAL,
                                             EVENT_WITHDRAWAL,
                                             EVENT_WITHDRAWAL,
                                             EVENT_REVIEW,
                                             EVENT_REVIEW};

static const enum event about_outward[] = {EVENT_OUTBOUND_REGISTRATION,
                                           EVENT_OUTBOUND_REGISTRATION,
                                           EVENT_OUTBOUND_REMITTANCE,
                                           EVENT_OUTBOUND_REMITTANCE,
                                           EVENT_OUTBOUND_REMITTANCE,
                                           EVENT_OUTBOUND_PRELIMINARY,
                                           EVENT_OUTBOUND_PRELIMINARY_REMITTANCE,
                                           EVENT_OUTBOUND_PRELIMINARY_REFUND,
                                           EVENT_OUTBOUND_IN_KIND,
                                           EVENT_OUTBOUND_CHANGE,
                                           EVENT_OUTBOUND_CHANGE,
                                           EVENT_OUTBOUND_CHANGE,
                                           EVENT_OUTBOUND_PROFIT_RETURN,
                                           EVENT_OUTBOUND_CAPITAL_RETURN,
                                           EVENT_OUTBOUND_COMPLETION,
                                           EVENT_OUTBOUND_CLOSURE,
                                           EVENT_OUTBOUND_LENDING_BASIS,
                                           EVENT_OUTBOUND_LENDING_BASIS,
                                           EVENT_OUTBOUND_LOAN,
                                           EVENT_OUTBOUND_LOAN,
                                           EVENT_OUTBOUND_LOAN,
                                           EVENT_OUTBOUND_LOAN_REMITTANCE,
                                           EVENT_OUTBOUND_LOAN_REMITTANCE,
                                           EVENT_OUTBOUND_LOAN_REMITTANCE,
                                           EVENT_OUTBOUND_LOAN_RETURN,
                                           EVENT_OUTBOUND_LOAN_RETURN,
                                           EVENT_OUTBOUND_LOAN_EXTENSION,
                                           EVENT_OUTBOUND_LOAN_CLOSURE,
                                           EVENT_REVERSAL,
                                           EVENT_REVERSAL,
                                           EVENT_REVERSAL,
                                           EVENT_WITHDRAWAL,
                                           EVENT_REVIEW};

static const enum event about_inward[] = {EVENT_FDI_REGISTRATION,
                                          EVENT_FDI_REGISTRATION,
                                          EVENT_FDI_INFLOW,
                                          EVENT_FDI_INFLOW,
                                          EVENT_FDI_INFLOW,
                                          EVENT_FDI_INFLOW,
                                          EVENT_FDI_INFLOW,
                                          EVENT_FDI_PRELIMINARY,
                                          EVENT_FDI_PRELIMINARY_INFLOW,
                                          EVENT_FDI_PRELIMINARY_INFLOW,
                                          EVENT_FDI_PRELIMINARY_REFUND,
                                          EVENT_FDI_PRELIMINARY_CONVERT,
                                          EVENT_FDI_INCREASE,
                                          EVENT_FDI_DECREASE,
                                          EVENT_FDI_DECREASE,
                                          EVENT_FDI_TRANSFER,
                                          EVENT_FDI_TRANSFER,
                                          EVENT_FDI_SETTLEMENT,
                                          EVENT_FDI_SETTLEMENT,
                                          EVENT_FDI_PAYMENT,
                                          EVENT_FDI_PAYMENT,
                                          EVENT_FDI_REINVESTMENT,
                                          EVENT_FDI_PROFIT_REMITTANCE,
                                          EVENT_FDI_PROFIT_REMITTANCE,
                                          EVENT_FDI_OUTWARD_REMITTANCE,
                                          EVENT_FDI_LIQUIDATION,
                                          EVENT_FDI_DEREGISTRATION,
                                          EVENT_FINANCING_PROFILE,
                                          EVENT_REVERSAL,
                                          EVENT_REVERSAL,
                                          EVENT_REVERSAL,
                                          EVENT_WITHDRAWAL,
                                          EVENT_REVIEW};

static enum event choose(struct maker *k, const struct step *step)
{
    enum event event = EVENT_NONE;

    if (k->opening != EVENT_NONE) {
        event = k->opening;
    } else if (k->is_steered && once_in(k, 2)) {
        uint32_t chosen = 1 + pick(k, EVENT_BULLETIN - 1);

        event = (enum event)chosen;
    } else if (k->is_outward) {
        event = about_outward[pick(k, sizeof(about_outward) / sizeof(about_outward[0]))];
    } else if (k->is_inward) {
        event = about_inward[pick(k, sizeof(about_inward) / sizeof(about_inward[0]))];
    } else {
        event = about_financing[pick(k, sizeof(about_financing) / sizeof(about_financing[0]))];
    }
    return believable(k, step, event);
}

/* Who fills which events, from the first to the last. */
static const struct {
    enum event first;
    enum event last;
    void (*fill)(struct maker *k, struct step *step);
} fillers[] = {
    {EVENT_FDI_PRELIMINARY, EVENT_FDI_PRELIMINARY_REFUND, fdi_preliminary},
    {EVENT_FDI_REGISTRATION, EVENT_FDI_REGISTRATION, fdi_registration},
    {EVENT_FDI_INFLOW, EVENT_FDI_INFLOW, fdi_inflow},
    {EVENT_FDI_PRELIMINARY_CONVERT, EVENT_FDI_PRELIMINARY_CONVERT, fdi_preliminary},
    {EVENT_FDI_INCREASE, EVENT_FDI_TRANSFER, fdi_of_investor},
    {EVENT_FDI_SETTLEMENT, EVENT_FDI_DEREGISTRATION, fdi_of_company},
    {EVENT_FINANCING_PROFILE, EVENT_FINANCING_PROFILE, profile},
    {EVENT_FINANCING_CONTRACT, EVENT_FINANCING_CONTRACT, contract},
    {EVENT_FINANCING_DRAWDOWN, EVENT_FINANCING_DRAWDOWN, drawdown},
    {EVENT_FINANCING_REPAYMENT, EVENT_FINANCING_REPAYMENT, repayment},
    {EVENT_FINANCING_INTEREST, EVENT_FINANCING_DEREGISTRATION, of_contract_money},
    {EVENT_OUTBOUND_PRELIMINARY, EVENT_OUTBOUND_PRELIMINARY_REFUND, of_application},
    {EVENT_OUTBOUND_REGISTRATION, EVENT_OUTBOUND_REGISTRATION, outbound_registration},
    {EVENT_OUTBOUND_REMITTANCE, EVENT_OUTBOUND_REMITTANCE, outbound_remittance},
    {EVENT_OUTBOUND_IN_KIND, EVENT_OUTBOUND_CLOSURE, of_investment},
    {EVENT_OUTBOUND_LENDING_BASIS, EVENT_OUTBOUND_LOAN_CLOSURE, of_lending},
    {EVENT_REVERSAL, EVENT_WITHDRAWAL, about_another},
};

static void fill(struct maker *k, struct step *step)
{
    enum event event = choose(k, step);

    step->filing.event = event;
    if (event >= EVENT_REVERSAL && earlier(k, step) == NULL && !once_in(k, 10)) {
        event = EVENT_FDI_REGISTRATION;
        step->filing.event = event;
    }
    for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++) {
        if (event >= fillers[i].first && event <= fillers[i].last) {
            fillers[i].fill(k, step);
        }
    }
}

static void add_filing(struct maker *k)
{
    struct step *step = NULL;
    size_t at = k->h->steps_n;
    const struct step *other = NULL;

    guide(k);
    step = add(k);

    (void)snprintf(step->filing_id, sizeof(step->filing_id), "00000000-0000-7000-8000-%012x",
                   (unsigned int)at);
    step->received_on = k->today;
    step->content = (uint32_t)at;
    step->filing.filing_id = T(step->filing_id);
    step->filing.bank = T(banks[once_in(k, 25) ? 2 + pick(k, 2) : pick(k, 2)]);
    step->filing.enterprise = T(enterprises[k->is_single ? 0 : pick(k, 3) * pick(k, 2)]);
    step->filing.maker = T("m");
    step->filing.checker = T(once_in(k, 60) ? "m" : "c");
    step->filing.business_on =
        k->today - (int32_t)(once_in(k, 3) ? pick(k, 4) : 0) + (once_in(k, 60) ? 1 : 0);
    fill(k, step);
    other = once_in(k, 30) ? earlier(k, step) : NULL;
    if (other != NULL) {
        /* An id used before, with the same content or with another. */
        if (once_in(k, 2)) {
            step->content = other->content;
            step->filing = other->filing;
        } else {
            step->filing.bank = other->filing.bank;
            step->filing.filing_id = other->filing.filing_id;
            step->filing.note = T("other");
        }
    }
}

static struct step *add_about(struct maker *k, size_t other, enum event event)
{
    const struct filing *about = &k->h->steps[other].filing;
    struct step *step = add(k);
    size_t at = k->h->steps_n - 1;

    (void)snprintf(step->filing_id, sizeof(step->filing_id), "00000000-0000-7000-8000-%012x",
                   (unsigned int)at);
    assert(about->filing_id.n < sizeof(step->named_id));
    memcpy(step->named_id, about->filing_id.at, about->filing_id.n);
    step->received_on = k->today;
    step->content = (uint32_t)at;
    step->filing = (struct filing){.filing_id = T(step->filing_id),
                                   .bank = about->bank,
                                   .enterprise = about->enterprise,
                                   .event = event,
                                   .business_on = k->today,
                                   .maker = T("m"),
                                   .checker = T("c")};
    /* Both have the filing they are about in front, then why. */
    step->filing.details.reversal =
        (struct reversal){.reverses = T(step->named_id), .reason = T("r")};
    return step;
}

/* Take back what is held, then reverse what stands from the last to the first. */
static void unwind(struct maker *k)
{
    int64_t offsets[HISTORY_STEPS_MAX];
    size_t n = 0;

    guide(k);
    for (size_t i = 0; i < k->h->steps_n; i++) {
        if (!k->h->steps[i].is_bulletin && k->h->steps[i].guess == OUTCOME_HELD) {
            (void)add_about(k, i, EVENT_WITHDRAWAL);
            guide(k);
        }
    }
    n = model_standing(k->guide, offsets, HISTORY_STEPS_MAX);
    for (; n > 0; n--) {
        (void)add_about(k, (size_t)offsets[n - 1], EVENT_REVERSAL);
    }
    guide(k);
    k->h->is_unwound = model_standing(k->guide, offsets, HISTORY_STEPS_MAX) == 0;
}

/* A calm history begins with what the rest is about. */
static void open_matters(struct maker *k)
{
    static const enum event openings[] = {EVENT_FDI_REGISTRATION,   EVENT_OUTBOUND_REGISTRATION,
                                          EVENT_FINANCING_PROFILE,  EVENT_FDI_REGISTRATION,
                                          EVENT_FINANCING_CONTRACT, EVENT_FINANCING_CONTRACT};

    pass_days(k);
    for (size_t i = 0; k->is_calm && i < sizeof(openings) / sizeof(openings[0]); i++) {
        k->opening = openings[i];
        add_filing(k);
    }
    k->opening = EVENT_NONE;
}

/* What a partition has before its first filing. */
static void open_partition(struct maker *k, int32_t first)
{
    k->today = first;
    k->sheets_until = first - DAYS_BEFORE;
    add_policy(k, first);
    add_banks(k);
    add_negative(k);
    add_sensitive(k);
    add_calendar(k, date_year(first));
    open_matters(k);
}

static void history_start(struct history *h, struct maker *k)
{
    h->steps = calloc(HISTORY_STEPS_MAX, sizeof(struct step));
    if (h->steps == NULL) {
        abort();
    }
    k->h = h;
    k->guide = model_open();
}

void history_init(struct history *h, uint64_t seed)
{
    struct maker k = {.chance = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    int32_t first = date_make(FIRST_DAY_YEARS, 3, 4);

    *h = (struct history){.seed = seed};
    history_start(h, &k);
    for (int i = 0; i < 8; i++) {
        (void)pick(&k, 2);
    }
    k.mode = 1 + (int32_t)pick(&k, 3);
    k.is_calm = !once_in(&k, 4);
    k.drops_rows = once_in(&k, 5);
    k.is_jam = seed % 40 == 7;
    k.is_calm = k.is_calm || k.is_jam;
    k.is_single = k.is_jam || once_in(&k, 2);
    k.is_inward = k.is_jam || once_in(&k, 3);
    k.is_outward = !k.is_inward && once_in(&k, 2);
    k.is_foreign_gap = once_in(&k, 2);
    open_partition(&k, first);
    for (int i = 0; i < (k.is_jam ? JAMMED : FILINGS) && h->steps_n < (k.is_jam ? 350 : 150); i++) {
        pass_days(&k);
        k.opening = k.is_jam && !once_in(&k, 11) ? EVENT_FDI_INFLOW : EVENT_NONE;
        add_filing(&k);
        if (once_in(&k, 40)) {
            add_policy(&k, first + (int32_t)pick(&k, 8));
        }
        if (once_in(&k, 40)) {
            add_calendar(&k, FIRST_DAY_YEARS);
        }
        if (once_in(&k, 60)) {
            add_negative(&k);
        }
    }
    for (; k.is_jam && k.late_n > 0; k.late_n--) {
        add_sheet(&k, k.late[k.late_n - 1]);
    }
    if (seed % 2 == 0) {
        unwind(&k);
    }
    model_close(k.guide);
}

/* The next choices are those bytes; where they do not suffice, chance goes on from their last ones,
 * so that a change of the others leaves it. */
static void steer(struct maker *k, struct bytes choices)
{
    k->choices = choices;
    k->chance = 1;
    for (size_t i = choices.n > 2 ? choices.n - 2 : 0; i < choices.n; i++) {
        k->chance = (k->chance << 8 | choices.at[i]) * UINT64_C(0x9e3779b97f4a7c15) + 1;
    }
}

static void add_some_bulletin(struct maker *k, int32_t first)
{
    switch (pick(k, 5)) {
    case 0:
        k->drops_rows = once_in(k, 4);
        add_policy(k, first + (int32_t)pick(k, 16) - 8);
        break;
    case 1:
        add_calendar(k, date_year(k->today));
        break;
    case 2:
        add_negative(k);
        break;
    case 3:
        add_sensitive(k);
        break;
    default:
        add_banks(k);
        break;
    }
}

void history_init_steered(struct history *h, const uint8_t *at, size_t n)
{
    /* Some edges of the calendar: a leap day, the ends of years. */
    const int32_t firsts[] = {date_make(2024, 2, 20), date_make(2023, 12, 22),
                              date_make(2025, 2, 20), date_make(2024, 3, 4)};
    struct maker k = {.is_steered = true};
    uint8_t head[HISTORY_HEAD_SIZE] = {0};
    int32_t first = 0;
    bool is_unwound = false;

    *h = (struct history){0};
    history_start(h, &k);
    memcpy(head, at, n < sizeof(head) ? n : sizeof(head));
    steer(&k, (struct bytes){.at = head, .n = sizeof(head)});
    k.mode = 1 + (int32_t)pick(&k, 3);
    k.is_calm = !once_in(&k, 4);
    k.drops_rows = once_in(&k, 5);
    k.is_single = !once_in(&k, 3);
    k.is_inward = once_in(&k, 3);
    k.is_outward = !k.is_inward && once_in(&k, 2);
    k.is_foreign_gap = once_in(&k, 2);
    first = firsts[pick(&k, 4)];
    is_unwound = once_in(&k, 3);
    k.choices.n = 0;
    open_partition(&k, first);
    for (size_t from = sizeof(head); from < n && h->steps_n < 150; from += HISTORY_FILING_SIZE) {
        size_t left = n - from;

        steer(&k, (struct bytes){.at = at + from,
                                 .n = left < HISTORY_FILING_SIZE ? left : HISTORY_FILING_SIZE});
        pass_days(&k);
        if (once_in(&k, 16)) {
            add_some_bulletin(&k, first);
        }
        add_filing(&k);
    }
    k.choices.n = 0;
    if (is_unwound) {
        unwind(&k);
    }
    model_close(k.guide);
}

void history_fini(struct history *h)
{
    free(h->steps);
    h->steps = NULL;
}
