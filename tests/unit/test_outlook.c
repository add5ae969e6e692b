/* What a limit is worth on a day on which nothing is posted to it (rulebook L1), over the shipped
 * policy; what it is worth when something is, test_financing.c and test_outbound.c say. */
#include "consumers/core/outlook.h"
#include "story.h"

#define PROFILE(mode, more)                                                                        \
    "'mode':'" mode "','effective_on':'2023-12-01','region':'210100','subject':'GENERAL',"         \
    "'established_on':'2010-01-01'," more
#define MACROPRUDENTIAL                                                                            \
    PROFILE("MACROPRUDENTIAL", "'net_assets':" CNY("100000000.00") ",'audited_on':'2023-11-30',"   \
                                                                   "'audit_no':'A1'")
#define GAP                                                                                        \
    PROFILE("GAP", "'total_investment':" USD("10000000.00") ",'registered_capital':" USD(          \
                       "5000000.00") ",'paid_in':" USD("5000000.00") ",'foreign_paid_in_bp':6000")
#define FACILITATION                                                                               \
    PROFILE("FACILITATION", "'certificate':{'kind':'HIGH_TECH','number':'GR1',"                    \
                            "'valid_to':'2028-12-31'}")
#define LENDING                                                                                    \
    "'equity':" CNY("500000000.00") ",'audited_on':'2023-11-30','audit_no':'A2',"                  \
                                    "'established_on':'2010-01-01'"

/* What is filed gives its limit a value; a day gives it another, or leaves it. */
static const struct {
    const char *event;
    const char *filed_on;
    const char *details;
    const char *on;
    int64_t posted_minor;
    int64_t minor;
} rows[] = {
    {"financing.profile", "2024-01-02", MACROPRUDENTIAL, "2024-01-02", 30000000000, 30000000000},
    {"financing.profile", "2024-01-02", MACROPRUDENTIAL, "2025-01-12", 30000000000, 30000000000},
    {"financing.profile", "2024-01-02", MACROPRUDENTIAL, "2025-01-13", 30000000000, 35000000000},
    {"financing.profile", "2024-01-02", FACILITATION, "2025-09-14", 500000000, 500000000},
    {"financing.profile", "2024-01-02", FACILITATION, "2025-09-15", 500000000, 1000000000},
    {"financing.profile", "2025-10-09", FACILITATION, "2025-09-14", 1000000000, 500000000},
    {"financing.profile", "2024-01-02", GAP, "2025-09-15", 300000000, 300000000},
    {"outbound.lending_basis", "2024-01-02", LENDING, "2026-03-19", 25000000000, 25000000000},
    {"outbound.lending_basis", "2024-01-02", LENDING, "2026-03-20", 25000000000, 30000000000},
    /* Nothing was in force then: it stays. */
    {"financing.profile", "2024-01-02", MACROPRUDENTIAL, "2023-11-30", 30000000000, 30000000000},
    {"financing.profile", "2025-10-09", FACILITATION, "2023-11-30", 1000000000, 1000000000},
    {"outbound.lending_basis", "2026-03-20", LENDING, "2026-03-19", 30000000000, 30000000000},
};

static void a_limit_that_follows_the_calendar_has_its_days_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct story *const s = story_new();
        struct enterprise *const e = &s->f->state;
        const struct outlook outlook = {.reference = &s->f->reference,
                                        .has_bulletin = true,
                                        .bulletin = 1,
                                        .on = D(rows[i].on)};
        int64_t minor = 0;

        expect(story_file(s, 1, rows[i].event, rows[i].filed_on, rows[i].details), OUTCOME_ACCEPTED,
               "");
        assert_int_equal(e->limits_n, 1);
        assert_int_equal(e->limits[0].is.limit, rows[i].posted_minor);
        minor = outlook_limit(&outlook, e, &e->limits[0]);
        if (minor != rows[i].minor) {
            print_error("row %zu: %lld\n", i, (long long)minor);
        }
        assert_int_equal(minor, rows[i].minor);
        assert_int_equal(e->limits[0].is.limit, rows[i].posted_minor); /* nothing was changed */
        story_free(s);
    }
}

/* A gap has no parameter: its next profile is what changes it, from its day on. */
static void a_profile_that_is_yet_to_take_force_counts_on_its_day(void **state)
{
    struct story *const s = *state;
    struct enterprise *const e = &s->f->state;
    struct outlook outlook = {
        .reference = &s->f->reference, .has_bulletin = true, .bulletin = 1, .on = D("2024-12-31")};

    expect(story_file(s, 1, "financing.profile", "2024-01-02", GAP), OUTCOME_ACCEPTED, "");
    story_begin(s, 2, "financing.profile", "2024-01-03", GAP);
    story_set(s, "/details/effective_on", "'2025-01-01'");
    story_set(s, "/details/foreign_paid_in_bp", "8000");
    expect(story_end(s), OUTCOME_ACCEPTED, "");
    assert_int_equal(e->limits_n, 1);
    assert_int_equal(outlook_limit(&outlook, e, &e->limits[0]), 300000000);
    outlook.on = D("2025-01-01");
    assert_int_equal(outlook_limit(&outlook, e, &e->limits[0]), 400000000);
}

static void any_other_limit_stays_as_it_was_posted(void **state)
{
    struct story *const s = *state;
    struct enterprise *const e = &s->f->state;
    const struct outlook outlook = {
        .reference = &s->f->reference, .has_bulletin = true, .bulletin = 1, .on = D("2026-06-01")};

    expect(story_file(s, 1, "outbound.preliminary", "2024-01-02",
                      "'application_no':'A0000001','planned_total':" USD(
                          "40000000.00") ",'money':" USD("2500000.00") ",'purpose':'survey'"),
           OUTCOME_ACCEPTED, "");
    assert_int_equal(e->limits_n, 1);
    assert_int_equal(outlook_limit(&outlook, e, &e->limits[0]), 250000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_that_follows_the_calendar_has_its_days_value),
        cmocka_unit_test_setup_teardown(a_profile_that_is_yet_to_take_force_counts_on_its_day,
                                        story_setup, story_teardown),
        cmocka_unit_test_setup_teardown(any_other_limit_stays_as_it_was_posted, story_setup,
                                        story_teardown),
    };

    return cmocka_run_group_tests_name("outlook", tests, NULL, NULL);
}
