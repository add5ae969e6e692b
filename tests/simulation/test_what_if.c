/* What-if from records in memory: hand-made expectations for Liaoning's facilitation amounts, and
 * the one that holds for any log: the flips are the differences to a second log in which the other
 * policy was issued in the first place. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/audit/what_if.h"
#include "consumers/engine/journal.h"
#include "form/iso.h"
#include "sim_broker.h"
#include "sim_log.h"
#include "wire/decision_codec.h"
#include "wire/encode.h"
#include "wire/json.h"

#define RECORDS_MAX 13000
#define FLIPS_MAX   8000
#define AREA_SIZE   ((size_t)1 << 20)
#define FIRST_MS    INT64_C(1776643200000) /* 2026-04-20 */
#define STEP_MS     1000
#define BANK        "210100000123"

#define ROW(id, subject, region, value)                                                            \
    "{\"id\":\"" id "\",\"subject\":\"" subject "\",\"region\":\"" region                          \
    "\",\"from\":\"2023-12-08\",\"value\":\"" value "\",\"source\":\"s\",\"confirmed\":true}"
#define POLICY(rows) "{\"kind\":\"policy\",\"policy\":1,\"rules\":1,\"parameters\":[" rows "]}"
#define EVERYWHERE   ROW("FAC.LIMIT.USD", "HIGH_TECH", "", "5000000")

static const char *const in_force = POLICY(EVERYWHERE);
static const char *const liaoning_more =
    POLICY(EVERYWHERE "," ROW("FAC.LIMIT.USD", "HIGH_TECH", "21", "6000000"));
static const char *const liaoning_less =
    POLICY(EVERYWHERE "," ROW("FAC.LIMIT.USD", "HIGH_TECH", "21", "3000000"));

struct fixture {
    struct sim_log log;
    struct bus_record records[RECORDS_MAX];
    uint8_t *owned[RECORDS_MAX];
    size_t records_n;
    uint32_t filings_n;
    struct arena arena; /* of the policy */
    uint8_t *area;
    struct policy policy;
    struct flip flips[FLIPS_MAX];
    size_t flips_n;
    struct breach breaches[FLIPS_MAX];
    size_t breaches_n;
    struct what_if_counts counts;
    struct failure why;
};

static void put(void *arg, uint32_t partition, const struct bytes *key, struct bytes value)
{
    struct fixture *const f = arg;
    struct bus_record *const record = &f->records[f->records_n];
    uint8_t *const copy = malloc(value.n + 32);

    assert_non_null(copy);
    assert_true(f->records_n < RECORDS_MAX);
    if (value.n > 0) {
        memcpy(copy, value.at, value.n);
    }
    if (key) {
        memcpy(copy + value.n, key->at, key->n);
    }
    *record = (struct bus_record){.partition = partition,
                                  .offset = (int64_t)f->records_n,
                                  .timestamp_ms = FIRST_MS + STEP_MS * (int64_t)f->records_n,
                                  .log_append_time = true,
                                  .has_key = key != NULL,
                                  .has_value = value.at != NULL,
                                  .key = copy + value.n,
                                  .key_n = key ? key->n : 0,
                                  .value = copy,
                                  .value_n = value.n};
    f->owned[f->records_n++] = copy;
}

static int setup(void **state)
{
    struct fixture *const f = calloc(1, sizeof(*f));

    if (!f) {
        return -1;
    }
    sim_log_open(&f->log, 5, 1);
    f->log.put = put;
    f->log.arg = f;
    f->area = malloc(AREA_SIZE);
    assert_non_null(f->area);
    assert_int_equal(arena_open(&f->arena, AREA_SIZE, &f->why), STATUS_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *const f = *state;

    for (size_t i = 0; i < f->records_n; i++) {
        free(f->owned[i]);
    }
    arena_close(&f->arena);
    free(f->area);
    sim_log_close(&f->log);
    free(f);
    return 0;
}

/* ---- a log --------------------------------------------------------------------------------- */

static void found(struct fixture *f, const char *policy)
{
    sim_log_found_only(&f->log);
    sim_log_item(&f->log, policy);
    sim_log_item(&f->log, "{\"kind\":\"calendar\",\"year\":2026,\"holidays\":[\"2026-01-01\"]}");
    sim_log_item(&f->log, "{\"kind\":\"banks\",\"banks\":[{\"code\":\"" BANK
                          "\",\"name\":\"B\",\"roles\":[\"FILER\",\"AUTHORITY\"],\"keys\":[]}]}");
    sim_log_item(&f->log,
                 "{\"kind\":\"negative_list\",\"rows\":[{\"prefix\":\"P8310\",\"rule\":\"REVIEW\","
                 "\"from\":\"2024-11-01\",\"text\":\"t\"}]}");
    sim_log_sheet(&f->log);
}

/* On a day of April 2026.  Returns the offset of its record. */
static int64_t file_on(struct fixture *f, uint32_t enterprise, const char *event, uint32_t day,
                       const char *details)
{
    const struct bytes key = {.at = (const uint8_t *)f->log.codes[enterprise], .n = 18};
    struct json_text json;
    struct bytes filing;
    struct bytes value;
    char text[2048];

    (void)snprintf(text, sizeof(text),
                   "{\"filing_id\":\"019a3f52-0000-7d40-9f6b-%012u\",\"bank\":\"" BANK
                   "\",\"enterprise\":\"%s\",\"event\":\"%s\",\"business_date\":\"2026-04-%02u\","
                   "\"maker\":\"m1\",\"checker\":\"c1\",\"details\":%s}",
                   ++f->filings_n, f->log.codes[enterprise], event, day, details);
    assert_int_equal(json_read(bytes_of(text), &f->log.arena, &json, &f->why), STATUS_OK);
    assert_int_equal(filing_encode(&json.doc, &f->log.arena, &filing, &f->why), STATUS_OK);
    assert_int_equal(
        submission_encode(filing, (struct text){0}, (struct bytes){0}, &f->log.arena, &value),
        STATUS_OK);
    put(f, 0, &key, value);
    arena_reset(&f->log.arena);
    return (int64_t)f->records_n - 1;
}

static int64_t file(struct fixture *f, uint32_t enterprise, const char *event, const char *details)
{
    return file_on(f, enterprise, event, 13, details);
}

static int64_t file_profile(struct fixture *f, uint32_t enterprise, const char *region)
{
    char details[512];

    (void)snprintf(details, sizeof(details),
                   "{\"mode\":\"FACILITATION\",\"effective_on\":\"2026-04-01\",\"region\":\"%s\","
                   "\"subject\":\"GENERAL\",\"established_on\":\"2015-06-01\",\"certificate\":{"
                   "\"kind\":\"HIGH_TECH\",\"number\":\"GR1\",\"valid_to\":\"2028-12-31\"}}",
                   region);
    return file(f, enterprise, "financing.profile", details);
}

static int64_t file_contract(struct fixture *f, uint32_t enterprise, uint32_t number,
                             const char *usd)
{
    char details[768];

    (void)snprintf(details, sizeof(details),
                   "{\"contract_no\":\"C%07u\",\"mode\":\"FACILITATION\",\"creditor\":{\"name\":"
                   "\"N\",\"country\":\"NLD\",\"kind\":\"PARENT\"},\"money\":{\"currency\":\"USD\","
                   "\"value\":\"%s\"},\"signed_on\":\"2026-04-13\",\"value_on\":\"2026-04-13\","
                   "\"matures_on\":\"2027-04-13\",\"annual_rate_bp\":450,\"revolving\":false,"
                   "\"capitalises_interest\":false,\"not_counted\":false,\"purpose\":\"W\"}",
                   number, usd);
    return file(f, enterprise, "financing.contract", details);
}

static int64_t file_money(struct fixture *f, const char *event, uint32_t number, const char *usd)
{
    char details[256];

    (void)snprintf(
        details, sizeof(details),
        "{\"contract_no\":\"C%07u\",\"money\":{\"currency\":\"USD\",\"value\":\"%s\"}%s}", number,
        usd, strcmp(event, "financing.drawdown") == 0 ? ",\"value_on\":\"2026-04-13\"" : "");
    return file(f, 0, event, details);
}

/* Enterprise 0 is of Liaoning, 1 of Shanghai. */
struct liaoning {
    int64_t four;  /* 4,000,000 of 5,000,000 */
    int64_t two;   /* 2,000,000: too much */
    int64_t one;   /* 1,000,000: just fits */
    int64_t other; /* 6,000,000 in Shanghai: too much */
};

static struct liaoning file_liaoning(struct fixture *f)
{
    struct liaoning ret;

    found(f, in_force);
    (void)file_profile(f, 0, "210100");
    (void)file_profile(f, 1, "310000");
    ret.four = file_contract(f, 0, 1, "4000000.00");
    ret.two = file_contract(f, 0, 2, "2000000.00");
    ret.one = file_contract(f, 0, 3, "1000000.00");
    ret.other = file_contract(f, 1, 4, "6000000.00");
    return ret;
}

/* ---- what-if ------------------------------------------------------------------------------- */

static void take_flip(void *arg, const struct flip *flip)
{
    struct fixture *const f = arg;

    assert_int_equal(f->breaches_n, 0);
    assert_true(f->flips_n < FLIPS_MAX);
    f->flips[f->flips_n++] = *flip;
}

static void take_breach(void *arg, const struct breach *breach)
{
    struct fixture *const f = arg;

    assert_true(f->breaches_n < FLIPS_MAX);
    f->breaches[f->breaches_n++] = *breach;
}

static void read_policy(struct fixture *f, const char *text)
{
    struct area area = {.at = f->area, .size = AREA_SIZE};
    struct reference_item item;
    struct json_text json;
    struct fault fault;

    arena_reset(&f->arena);
    assert_int_equal(json_read(bytes_of(text), &f->arena, &json, &f->why), STATUS_OK);
    assert_true(reference_read(&json.doc, &area, &item, &fault));
    f->policy = item.of.policy;
}

struct span {
    int64_t from_ms;
    int64_t to_ms;
};
static const struct span whole = {INT64_MIN, INT64_MAX};

static void ask(struct fixture *f, const char *policy, struct span span)
{
    const struct what_if_conf conf = {.replay = {.topic = "t", .partitions_n = 1},
                                      .policy = &f->policy,
                                      .from_ms = span.from_ms,
                                      .to_ms = span.to_ms,
                                      .flip = take_flip,
                                      .breach = take_breach,
                                      .arg = f};
    struct what_if *what_if = NULL;
    bool is_past = false;

    f->flips_n = 0;
    f->breaches_n = 0;
    read_policy(f, policy);
    assert_int_equal(what_if_open(&conf, &f->records[0], &what_if, &f->why), STATUS_OK);
    for (size_t i = 0; i < f->records_n && !is_past; i++) {
        assert_int_equal(what_if_record(what_if, &f->records[i], &is_past, &f->why), STATUS_OK);
    }
    assert_int_equal(what_if_end(what_if, &f->why), STATUS_OK);
    f->counts = what_if_counts(what_if);
    assert_int_equal(f->counts.flips, f->flips_n);
    assert_int_equal(f->counts.breaches, f->breaches_n);
    what_if_close(what_if);
}

static int64_t time_of(int64_t offset) { return FIRST_MS + STEP_MS * offset; }

static void expect_answer(const struct what_if_answer *answer, enum outcome outcome, enum code code)
{
    assert_int_equal(answer->outcome, outcome);
    assert_int_equal(answer->codes_n, code == CODE_NONE ? 0 : 1);
    if (code != CODE_NONE) {
        assert_int_equal(answer->codes[0], code);
    }
}

static void expect_refused(const struct flip *flip, int64_t free_minor, int64_t asked_minor)
{
    expect_answer(&flip->before, OUTCOME_ACCEPTED, CODE_NONE);
    expect_answer(&flip->after, OUTCOME_REJECTED, CODE_LIMIT_EXCEEDED);
    assert_true(flip->after.has_amounts);
    assert_string_equal(flip->after.limit, "financing.facilitation");
    assert_int_equal(flip->after.currency, CURRENCY_USD);
    assert_int_equal(flip->after.free_minor, free_minor);
    assert_int_equal(flip->after.asked_minor, asked_minor);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void more_for_liaoning_flips_exactly_what_it_lets_in_and_what_that_crowds_out(void **state)
{
    struct fixture *const f = *state;
    const struct liaoning at = file_liaoning(f);

    ask(f, liaoning_more, whole);
    assert_int_equal(f->flips_n, 2);
    assert_int_equal(f->flips[0].offset, at.two);
    expect_answer(&f->flips[0].before, OUTCOME_REJECTED, CODE_LIMIT_EXCEEDED);
    expect_answer(&f->flips[0].after, OUTCOME_ACCEPTED, CODE_NONE);
    assert_int_equal(f->flips[1].offset, at.one);
    expect_refused(&f->flips[1], 0, 100000000);
    /* The account is full, not over; what was crowded out was refused for it. */
    assert_int_equal(f->breaches_n, 1);
    assert_int_equal(f->breaches[0].over_minor, 0);
    assert_int_equal(f->breaches[0].refused, 1);
    assert_int_equal(f->breaches[0].short_minor, 100000000);
    assert_int_equal(f->breaches[0].is.limit, 600000000);
    assert_int_equal(f->breaches[0].is.reserved, 600000000);
}

static void a_flip_names_its_filing_its_money_its_region_and_the_rows_it_rests_on(void **state)
{
    struct fixture *const f = *state;
    const struct liaoning at = file_liaoning(f);
    const struct flip *const flip = &f->flips[0];

    ask(f, liaoning_less, whole);
    assert_int_equal(f->flips_n, 2);
    assert_int_equal(flip->offset, at.four);
    expect_refused(flip, 300000000, 400000000);
    assert_string_equal(flip->filing_id, "019a3f52-0000-7d40-9f6b-000000000003");
    assert_string_equal(flip->bank, BANK);
    assert_string_equal(flip->enterprise, f->log.codes[0]);
    assert_string_equal(flip->business_date, "2026-04-13");
    assert_int_equal(flip->event, EVENT_FINANCING_CONTRACT);
    assert_int_equal(flip->before.number, at.four + 1); /* no filing was decided twice */
    assert_int_equal(flip->received_ms, time_of(at.four));
    assert_int_equal(flip->money.currency, CURRENCY_USD);
    assert_int_equal(flip->money.minor, 400000000);
    assert_string_equal(flip->region, "210100");
    assert_string_equal(flip->parameters, "FAC.LIMIT.USD 5000000 > 3000000");
    assert_int_equal(f->flips[1].offset, at.two);
    expect_answer(&f->flips[1].after, OUTCOME_ACCEPTED, CODE_NONE);
}

static void from_leaves_what_was_before_and_shows_what_is_over_then(void **state)
{
    struct fixture *const f = *state;
    const struct liaoning at = file_liaoning(f);
    const int64_t drawn = file_money(f, "financing.drawdown", 1, "1000000.00");
    const int64_t repaid = file_money(f, "financing.repayment", 1, "500000.00");

    ask(f, liaoning_less, (struct span){time_of(repaid), INT64_MAX});
    assert_int_equal(f->flips_n, 0);
    assert_true(drawn > at.one);
    /* 4,000,000 + 1,000,000 - 500,000 stand against 3,000,000. */
    assert_int_equal(f->breaches_n, 1);
    assert_string_equal(f->breaches[0].enterprise, f->log.codes[0]);
    assert_string_equal(f->breaches[0].limit, "financing.facilitation");
    assert_int_equal(f->breaches[0].is.limit, 300000000);
    assert_int_equal(f->breaches[0].over_minor, 150000000);
    assert_int_equal(f->breaches[0].over_before_minor, 0);
    assert_int_equal(f->breaches[0].refused, 0);

    ask(f, liaoning_less, (struct span){time_of(at.one), INT64_MAX});
    /* No room for the last contract nor for the drawdown, and so nothing to repay. */
    assert_int_equal(f->flips_n, 3);
    assert_int_equal(f->flips[0].offset, at.one);
    expect_refused(&f->flips[0], -100000000, 100000000);
    assert_int_equal(f->flips[1].offset, drawn);
    assert_int_equal(f->flips[2].offset, repaid);
    expect_answer(&f->flips[2].after, OUTCOME_REJECTED, CODE_OVER_BALANCE);
    assert_int_equal(f->breaches[0].refused, 2);
    /* Nothing was posted since: the limit is worth less all the same. */
    assert_int_equal(f->breaches[0].is.limit, 300000000);
    assert_int_equal(f->breaches[0].over_minor, 100000000);
    assert_int_equal(f->breaches[0].over_before_minor, 0);
}

static void to_ends_both_worlds_before_what_was_received_later(void **state)
{
    struct fixture *const f = *state;
    const struct liaoning at = file_liaoning(f);

    ask(f, liaoning_more, (struct span){INT64_MIN, time_of(at.two)});
    assert_int_equal(f->counts.records, at.two + 1);
    assert_int_equal(f->flips_n, 1);
    assert_int_equal(f->flips[0].offset, at.two);
    ask(f, liaoning_more, (struct span){INT64_MIN, time_of(at.two) - 1});
    assert_int_equal(f->flips_n, 0);
}

static void a_policy_that_comes_later_in_the_log_does_not_come_in_the_other_world(void **state)
{
    struct fixture *const f = *state;
    struct liaoning at = file_liaoning(f);

    sim_log_item(&f->log, liaoning_less);
    at.other = file_contract(f, 0, 5, "500000.00"); /* refused: 5,000,000 of 3,000,000 are used */
    ask(f, liaoning_more, whole);
    assert_int_equal(f->flips_n, 2); /* in the other world 6,000,000 of 6,000,000 are */
    ask(f, in_force, whole);
    assert_int_equal(f->flips_n, 0); /* and here 5,000,000 of 5,000,000: refused as well */
    ask(f, in_force, (struct span){time_of(at.other), INT64_MAX});
    assert_int_equal(f->flips_n, 0);
}

/* The policy in force has fallen since they borrowed: 2,000,000 are over in both worlds. */
static void what_is_over_anyway_is_no_breach(void **state)
{
    struct fixture *const f = *state;
    const struct liaoning at = file_liaoning(f);

    sim_log_item(&f->log, liaoning_less);
    assert_int_equal(at.other, at.one + 1);
    ask(f, liaoning_less, (struct span){time_of(at.other), INT64_MAX});
    assert_int_equal(f->flips_n, 0);
    assert_int_equal(f->breaches_n, 0);
    ask(f, in_force, (struct span){time_of(at.other), INT64_MAX});
    assert_int_equal(f->breaches_n, 0); /* and nothing is over under this one */
}

/* A rate sheet that comes later decides the held filing again, in each world under its policy. */
static void a_held_filing_flips_once_by_its_last_decision(void **state)
{
    static const char *const excess = POLICY(ROW("FDI.EXCESS.USD", "", "", "30000"));
    static const char *const none = POLICY(ROW("FDI.EXCESS.USD", "", "", "0"));
    struct fixture *const f = *state;
    int64_t held;

    found(f, excess);
    sim_log_registration(&f->log, 0, "R0000001", "C3411");
    (void)file(f, 0, "fdi.inflow",
               "{\"registration_no\":\"R0000001\",\"investor_no\":\"I1\",\"money\":{\"currency\":"
               "\"USD\",\"value\":\"1000000.00\"},\"account\":\"2\",\"remitter_country\":\"DEU\"}");
    sim_log_inflow_on(&f->log, 0, "R0000001", "EUR", 1);
    held = (int64_t)f->records_n - 1;
    for (int i = 0; i < 6000; i++) { /* a batch is over, and its records are gone */
        put(f, 0, NULL, bytes_of("?"));
    }
    ask(f, none, whole);
    assert_int_equal(f->flips_n, 0); /* held in both */
    sim_log_sheet(&f->log);
    ask(f, none, whole);
    assert_int_equal(f->flips_n, 1);
    assert_int_equal(f->flips[0].offset, held);
    expect_answer(&f->flips[0].before, OUTCOME_ACCEPTED, CODE_NONE);
    expect_answer(&f->flips[0].after, OUTCOME_REJECTED, CODE_LIMIT_EXCEEDED);
    assert_string_equal(f->flips[0].region, "210100"); /* of the registration that it names */
    assert_int_equal(f->flips[0].money.currency, CURRENCY_EUR);
}

static void signatures_count_in_both_worlds(void **state)
{
    struct fixture *const f = *state;

    f->log.is_signing = true;
    sim_log_found(&f->log);
    sim_log_registration(&f->log, 0, "R0000001", "C3411");
    f->log.spoils_signatures = true;
    sim_log_inflow(&f->log, 0, "R0000001", "USD");
    f->log.spoils_signatures = false;
    sim_log_inflow(&f->log, 0, "R0000001", "USD");
    ask(f, in_force, whole);
    assert_int_equal(f->counts.decisions, f->records_n);
    assert_int_equal(f->flips_n, 0);
}

/* ---- any log ------------------------------------------------------------------------------- */

struct last_answer {
    enum outcome outcome;
    uint32_t codes_n;
    enum code codes[REASONS_LISTED_MAX];
};

static void take_last(struct last_answer *answers, const struct decision *d)
{
    struct last_answer *const answer = &answers[d->input_offset];

    memset(answer, 0, sizeof(*answer));
    answer->outcome = d->outcome;
    for (uint32_t i = 0; i < d->reasons.n; i++) {
        if (answer->codes_n == 0 || answer->codes[answer->codes_n - 1] != d->reasons.at[i].code) {
            answer->codes[answer->codes_n++] = d->reasons.at[i].code;
        }
    }
}

/* The last decision of every record of a log, by its offset: by a plain replay. */
static void replay_all(struct fixture *f, struct last_answer *answers)
{
    static struct decision decision;
    const struct replay_conf conf = {.topic = "t", .partitions_n = 1};
    struct replay *replay = NULL;

    assert_int_equal(replay_open(&conf, &f->records[0], &replay, &f->why), STATUS_OK);
    for (size_t i = 0; i < f->records_n; i++) {
        bool is_again = true;

        while (is_again) {
            struct journal_reader reader;
            struct journal_entry entry;
            struct store_journal_row row;
            bool is_full = false;

            assert_int_equal(replay_record(replay, &f->records[i], &is_full, &is_again, &f->why),
                             STATUS_OK);
            assert_int_equal(replay_flush(replay, &row, &f->why), STATUS_OK);
            journal_reader_init(&reader, &row);
            for (uint32_t k = 0; k < row.count; k++) {
                assert_int_equal(journal_next(&reader, &entry, &f->why), STATUS_OK);
                arena_reset(&f->arena);
                assert_int_equal(decision_decode(entry.decision, &f->arena, &decision, &f->why),
                                 STATUS_OK);
                take_last(answers, &decision);
            }
        }
    }
    replay_close(replay);
}

#define CHANCE_RECORDS 6000 /* more than one batch */

/* Two of them are more than a registration takes. */
static void file_large(struct fixture *f)
{
    const uint32_t enterprise = sim_chance(&f->log.chance, SIM_ENTERPRISES);
    char details[256];

    (void)snprintf(details, sizeof(details),
                   "{\"registration_no\":\"R%07u\",\"investor_no\":\"I1\",\"money\":{\"currency\":"
                   "\"USD\",\"value\":\"%u.00\"},\"account\":\"2\",\"remitter_country\":\"DEU\"}",
                   sim_chance(&f->log.chance, 6), 505000 + sim_chance(&f->log.chance, 30000));
    (void)file_on(f, enterprise, "fdi.inflow", 17, details);
}

/* The same log but for its policy. */
static void make_up(struct fixture *f, uint64_t seed, const char *policy)
{
    for (size_t i = 0; i < f->records_n; i++) {
        free(f->owned[i]);
    }
    f->records_n = 0;
    sim_log_close(&f->log);
    sim_log_open(&f->log, seed, 1);
    f->log.put = put;
    f->log.arg = f;
    found(f, policy);
    while (f->records_n < CHANCE_RECORDS) {
        sim_log_go_on(&f->log);
        if (sim_chance(&f->log.chance, 10) == 0) {
            file_large(f);
        }
    }
}

static void flips_are_the_differences_to_a_log_with_the_other_policy(void **state)
{
    static const char *const before = POLICY(ROW("FDI.EXCESS.USD", "", "", "10000"));
    static const char *const after =
        POLICY(ROW("FDI.EXCESS.USD", "", "", "10000000") "," ROW("FDI.PAYIN.YEARS", "", "", "5"));
    struct fixture *const f = *state;
    struct last_answer *const was = calloc(RECORDS_MAX, sizeof(*was));
    struct last_answer *const is = calloc(RECORDS_MAX, sizeof(*is));
    size_t flips_all = 0;

    assert_non_null(was);
    assert_non_null(is);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        size_t differences = 0;

        make_up(f, seed, after);
        replay_all(f, is);
        make_up(f, seed, before);
        replay_all(f, was);
        ask(f, after, whole);
        for (size_t i = 0; i < f->records_n; i++) {
            differences += memcmp(&was[i], &is[i], sizeof(was[i])) != 0 ? 1 : 0;
        }
        for (size_t i = 0; i < f->flips_n; i++) {
            const int64_t at = f->flips[i].offset;

            assert_memory_not_equal(&was[at], &is[at], sizeof(was[at]));
            assert_int_equal(f->flips[i].before.outcome, was[at].outcome);
            assert_int_equal(f->flips[i].after.outcome, is[at].outcome);
            if (f->flips[i].event == EVENT_FDI_INFLOW) { /* also where it was held for long */
                assert_true(f->flips[i].money.currency >= 0);
                assert_string_equal(f->flips[i].region, "210100");
            }
        }
        assert_int_equal(f->flips_n, differences);
        flips_all += differences;
        ask(f, before, whole);
        assert_int_equal(f->flips_n, 0);
        assert_int_equal(f->breaches_n, 0);
        assert_true(f->counts.decisions >= CHANCE_RECORDS);
    }
    assert_true(flips_all > 100);
    free(was);
    free(is);
}

static void a_policy_that_could_not_come_into_force_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *policy;
        const char *field;
    } rows[] = {
        {POLICY(EVERYWHERE "," EVERYWHERE), "/parameters/1"},
        {"{\"kind\":\"policy\",\"policy\":1,\"rules\":99,\"parameters\":[]}", "/rules"},
    };
    struct fixture *const f = *state;

    read_policy(f, in_force);
    assert_true(what_if_check_policy(&f->policy, &(struct fault){.field = ""}));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fault fault = {.field = ""};

        read_policy(f, rows[i].policy);
        assert_false(what_if_check_policy(&f->policy, &fault));
        assert_string_equal(fault.field, rows[i].field);
        assert_true(fault.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            more_for_liaoning_flips_exactly_what_it_lets_in_and_what_that_crowds_out, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            a_flip_names_its_filing_its_money_its_region_and_the_rows_it_rests_on, setup, teardown),
        cmocka_unit_test_setup_teardown(from_leaves_what_was_before_and_shows_what_is_over_then,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(to_ends_both_worlds_before_what_was_received_later, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_policy_that_comes_later_in_the_log_does_not_come_in_the_other_world, setup, teardown),
        cmocka_unit_test_setup_teardown(a_held_filing_flips_once_by_its_last_decision, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_over_anyway_is_no_breach, setup, teardown),
        cmocka_unit_test_setup_teardown(signatures_count_in_both_worlds, setup, teardown),
        cmocka_unit_test_setup_teardown(flips_are_the_differences_to_a_log_with_the_other_policy,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_policy_that_could_not_come_into_force_is_refused_with_its_place, setup, teardown),
    };

    return cmocka_run_group_tests_name("what_if", tests, NULL, NULL);
}
