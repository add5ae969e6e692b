/* Every event is found by its name, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "form/decision.h"
#include "form/form_fields.h"

#define EVENTS 49 /* rulebook sections 3 to 6 */
_Static_assert(EVENT_BULLETIN == EVENTS + 1, "every event of the rulebook is there");

static enum event find(const char *name) { return event_find(name, strlen(name)); }

static void finds_every_event_by_its_name(void **state)
{
    (void)state;
    for (uint32_t i = EVENT_NONE + 1; i < EVENT_BULLETIN; i++) {
        const char *name = event_name((enum event)i);

        assert_int_equal(find(name), i);
        assert_int_equal(event_find(name, strlen(name) - 1), EVENT_NONE);
    }
}

static void knows_no_other_name(void **state)
{
    static const char *const names[] = {
        "",           "bulletin",    "FDI.INFLOW",
        "fdi_inflow", "fdi.inflow ", "outbound.preliminary_remittancf"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(find(names[i]), EVENT_NONE);
    }
    assert_string_equal(event_name(EVENT_NONE), "");
    assert_string_equal(event_name(EVENT_BULLETIN), "bulletin");
}

/* The numbers go to the bytes of decisions. */
static void keeps_the_numbers_of_the_events(void **state)
{
    (void)state;
    assert_int_equal(find("fdi.preliminary"), 1);
    assert_int_equal(find("fdi.inflow"), 5);
    assert_int_equal(find("financing.profile"), 17);
    assert_int_equal(find("outbound.preliminary"), 30);
    assert_int_equal(find("reversal"), 47);
    assert_int_equal(find("withdrawal"), 49);
}

static void names_the_member_of_an_event_like_the_event(void **state)
{
    (void)state;
    for (uint32_t i = EVENT_NONE + 1; i < EVENT_BULLETIN; i++) {
        const char *name = event_name((enum event)i);
        const char *member = form_member((enum event)i);

        assert_int_equal(strlen(name), strlen(member));
        for (size_t c = 0; name[c] != '\0'; c++) {
            assert_int_equal(member[c], name[c] == '.' ? '_' : name[c]);
        }
        assert_non_null(form_record((enum event)i));
    }
    assert_null(form_record(EVENT_NONE));
    assert_null(form_record(EVENT_BULLETIN));
    assert_string_equal(form_member(EVENT_BULLETIN), "");
}

static void names_outcomes_and_flags(void **state)
{
    static const char *const flags[FLAG_COUNT] = {
        "LATE",          "GRANDFATHERED", "EXCESS",      "EXCESS_RETURNED",  "NEAR_LIMIT_80",
        "NEAR_LIMIT_90", "LIMIT_FULL",    "PAY_IN_LATE", "UNCONFIRMED_BASIS"};

    (void)state;
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        assert_string_equal(flag_name((enum flag)(1U << i)), flags[i]);
    }
    assert_string_equal(outcome_name(OUTCOME_NONE), "");
    assert_string_equal(outcome_name(OUTCOME_ACCEPTED), "ACCEPTED");
    assert_string_equal(outcome_name(OUTCOME_REJECTED), "REJECTED");
    assert_string_equal(outcome_name(OUTCOME_HELD), "HELD");
    assert_string_equal(outcome_name(OUTCOME_DUPLICATE), "DUPLICATE");
}

/* Filled with ones first: a member that reset forgets stays so. */
static void resets_every_member_but_the_arrays(void **state)
{
    static struct decision decision;
    static struct decision again;

    (void)state;
    memset(&decision, 0xff, sizeof(decision));
    memset(&again, 0xaa, sizeof(again));
    decision_reset(&decision);
    decision_reset(&again);
    assert_int_equal(decision.returned.currency, CURRENCY_NONE);
    assert_int_equal(decision.reasons.n + decision.postings_n + decision.sheets_n, 0);
    assert_memory_equal(&decision.number, &again.number,
                        offsetof(struct decision, event) - offsetof(struct decision, number));
    assert_int_equal(decision.flags, 0);
    assert_int_equal(decision.event, EVENT_NONE);
    assert_int_equal(decision.outcome, OUTCOME_NONE);
    assert_false(decision.has_returned || decision.has_basis || decision.has_bulletin);
    assert_int_equal(decision.rules + decision.parameters_n + decision.reasons.more, 0);
    assert_true(decision.policy == 0 && decision.bulletin == 0 && decision.refers_to == 0);
    assert_memory_equal(decision.chain, again.chain, DIGEST_SIZE);
    assert_int_equal(decision.partition, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_event_by_its_name),
        cmocka_unit_test(knows_no_other_name),
        cmocka_unit_test(keeps_the_numbers_of_the_events),
        cmocka_unit_test(names_the_member_of_an_event_like_the_event),
        cmocka_unit_test(names_outcomes_and_flags),
        cmocka_unit_test(resets_every_member_but_the_arrays),
    };

    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
