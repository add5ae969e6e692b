/* The arrays of a state: order, look-ups and removal, against a plain model. */
#include "core_fixture.h"

/* Numbers in an order that is neither that of arrival nor its reverse. */
static void add_objects(struct fixture *f, uint32_t n)
{
    static const enum object_kind kinds[] = {OBJECT_FDI_REGISTRATION, OBJECT_OUTBOUND_APPLICATION,
                                             OBJECT_CONTRACT, OBJECT_LOAN};

    for (uint32_t i = 0; i < n; i++) {
        struct object object = {.kind = kinds[i % 4], .opened_number = 10 + 2 * i};

        (void)snprintf(object.number, sizeof(object.number), "N%03u", i * 37 % 101);
        (void)enterprise_object_add(&f->state, &object);
    }
}

static void expect_lookup(const struct fixture *f)
{
    const struct enterprise *e = &f->state;

    for (uint32_t i = 0; i < e->objects_n; i++) {
        const struct object *object = &e->objects[i];

        assert_ptr_equal(enterprise_object(e, object_space(object->kind), T(object->number)),
                         object);
        assert_ptr_equal(enterprise_object_opened(e, object->opened_number), object);
        assert_null(enterprise_object_opened(e, object->opened_number + 1));
        assert_true(i == 0 || object[-1].opened_number < object->opened_number);
    }
}

static void objects_are_found_by_number_and_by_opening(void **state)
{
    struct fixture *f = *state;

    add_objects(f, 100);
    expect_lookup(f);
    assert_null(enterprise_object(&f->state, SPACE_REGISTRATION, T("N")));
    assert_null(enterprise_object(&f->state, SPACE_REGISTRATION, T("N0000")));
    assert_null(enterprise_object(&f->state, SPACE_REGISTRATION, T("ZZZZ")));
}

/* S3: registrations share one space, applications another. */
static void a_number_is_looked_up_in_the_space_of_its_kind(void **state)
{
    struct fixture *f = *state;
    struct object object = {
        .kind = OBJECT_OUTBOUND_REGISTRATION, .opened_number = 1, .number = "SAME0001"};

    (void)enterprise_object_add(&f->state, &object);
    assert_int_equal(object_space(OBJECT_FDI_REGISTRATION),
                     object_space(OBJECT_OUTBOUND_REGISTRATION));
    assert_int_equal(object_space(OBJECT_FDI_APPLICATION),
                     object_space(OBJECT_OUTBOUND_APPLICATION));
    assert_non_null(enterprise_object(&f->state, SPACE_REGISTRATION, T("SAME0001")));
    assert_null(enterprise_object(&f->state, SPACE_APPLICATION, T("SAME0001")));
    assert_null(enterprise_object(&f->state, SPACE_CONTRACT, T("SAME0001")));
    assert_null(enterprise_object(&f->state, SPACE_LOAN, T("SAME0001")));
}

static void an_object_takes_its_investors_and_limits_with_it(void **state)
{
    struct fixture *f = *state;
    struct enterprise *e = &f->state;

    add_objects(f, 50);
    for (uint32_t i = 0; i < 50; i++) {
        for (uint32_t k = 3; k > 0; k--) {
            const struct investor investor = {.owner = 10 + 2 * i, .ordinal = k};
            const struct limit limit = {
                .key = {.owner = 10 + 2 * i, .kind = LIMIT_FDI_INFLOW, .part = k}};

            (void)enterprise_investor_add(e, &investor);
            (void)enterprise_limit_add(e, &limit);
        }
    }
    for (uint32_t i = 0; i < 50; i++) {
        uint32_t gone = i * 7 % 50;
        uint64_t owner = 10 + 2 * (uint64_t)gone;
        const struct limit_key key = {.owner = owner, .kind = LIMIT_FDI_INFLOW, .part = 2};

        assert_non_null(enterprise_limit(e, &key));
        assert_non_null(enterprise_investor(e, owner, 2));
        enterprise_object_remove(e, owner);
        assert_null(enterprise_limit(e, &key));
        assert_null(enterprise_investor(e, owner, 2));
        assert_int_equal(e->objects_n, 49 - i);
        assert_int_equal(e->investors_n, 3 * (49 - i));
        assert_int_equal(e->limits_n, 3 * (49 - i));
        expect_lookup(f);
    }
}

static void limits_stand_by_owner_kind_and_part(void **state)
{
    struct fixture *f = *state;
    struct enterprise *e = &f->state;

    for (uint32_t i = 0; i < 60; i++) {
        const struct limit limit = {.key = {.owner = i * 7 % 5,
                                            .kind = (enum limit_kind)(1 + i * 11 % 4),
                                            .part = i * 13 % 3}};

        if (enterprise_limit(e, &limit.key) == NULL) {
            (void)enterprise_limit_add(e, &limit);
        }
    }
    assert_int_equal(e->limits_n, 60);
    for (uint32_t i = 1; i < e->limits_n; i++) {
        assert_true(limit_key_compare(&e->limits[i - 1].key, &e->limits[i].key) < 0);
        assert_ptr_equal(enterprise_limit(e, &e->limits[i].key), &e->limits[i]);
    }
}

static void a_limit_id_is_written_as_the_rulebook_does(void **state)
{
    struct fixture *f = *state;
    struct enterprise *e = &f->state;
    struct object object = {
        .kind = OBJECT_FDI_REGISTRATION, .opened_number = 5, .number = "REG00001"};
    struct investor investor = {.owner = 5, .ordinal = 1, .investor_no = "I.1"};
    struct limit_key key = {.owner = 5, .kind = LIMIT_FDI_INFLOW, .part = 1};
    struct limit_id id;
    char text[LIMIT_ID_SIZE];

    (void)enterprise_object_add(e, &object);
    (void)enterprise_investor_add(e, &investor);
    enterprise_limit_id(e, &key, &id);
    limit_id_format(&id, text);
    assert_string_equal(text, "fdi.inflow:REG00001:I.1");
    key = (struct limit_key){.owner = 5, .kind = LIMIT_FDI_PROFIT, .part = 1999};
    enterprise_limit_id(e, &key, &id);
    limit_id_format(&id, text);
    assert_string_equal(text, "fdi.profit:REG00001:1999");
    key = (struct limit_key){.owner = 0, .kind = LIMIT_OUTBOUND_LENDING};
    enterprise_limit_id(e, &key, &id);
    limit_id_format(&id, text);
    assert_string_equal(text, "outbound.lending");
}

/* S13: the largest date not after, the later filed of equals. */
static void the_profile_and_the_basis_in_force_are_the_latest(void **state)
{
    struct fixture *f = *state;
    struct enterprise *e = &f->state;
    static const struct {
        uint64_t number;
        int32_t on;
    } rows[] = {{1, 100}, {2, 300}, {3, 200}, {4, 200}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)enterprise_profile_add(
            e, &(struct profile){.number = rows[i].number, .effective_on = rows[i].on});
        (void)enterprise_basis_add(
            e, &(struct lending_basis){.number = rows[i].number, .business_on = rows[i].on});
    }
    assert_null(enterprise_profile_on(e, 99, 0));
    assert_true(enterprise_profile_on(e, 100, 0)->number == 1);
    assert_true(enterprise_profile_on(e, 299, 0)->number == 4);
    assert_true(enterprise_profile_on(e, 299, 4)->number == 3);
    assert_true(enterprise_profile_on(e, 300, 0)->number == 2);
    assert_null(enterprise_basis_on(e, 99, 0));
    assert_true(enterprise_basis_on(e, 299, 0)->number == 4);
    assert_true(enterprise_basis_on(e, 299, 4)->number == 3);
    assert_true(enterprise_basis_on(e, 300, 2)->number == 4);
}

static void later_filings_are_counted_for_those_before_them(void **state)
{
    struct fixture *f = *state;
    struct enterprise *e = &f->state;

    (void)enterprise_profile_add(e, &(struct profile){.number = 10});
    (void)enterprise_profile_add(e, &(struct profile){.number = 20});
    (void)enterprise_basis_add(e, &(struct lending_basis){.number = 15});
    enterprise_count_later(e, EVENT_FINANCING_INTEREST, 18, LATER_ACCEPTED);
    enterprise_count_later(e, EVENT_FINANCING_DEREGISTRATION, 30, LATER_ACCEPTED);
    enterprise_count_later(e, EVENT_OUTBOUND_LOAN_CLOSURE, 30, LATER_ACCEPTED);
    enterprise_count_later(e, EVENT_OUTBOUND_REGISTRATION, 31, LATER_ACCEPTED);
    enterprise_count_later(e, EVENT_FDI_INFLOW, 32, LATER_ACCEPTED);
    assert_true(e->profiles[0].later_count == 2);
    assert_true(e->profiles[1].later_count == 1);
    assert_true(e->bases[0].later_count == 1);
    enterprise_count_later(e, EVENT_FINANCING_INTEREST, 18, LATER_REVERSED);
    assert_true(e->profiles[0].later_count == 1);
    assert_true(e->profiles[1].later_count == 1);
}

static void a_key_met_earlier_holds_and_a_later_one_does_not(void **state)
{
    struct fixture *f = *state;
    struct enterprise *e = &f->state;
    const struct held_key key = {.space = SPACE_CONTRACT, .number = "C"};
    const struct held_key other = {.space = SPACE_LOAN, .number = "C"};

    (void)enterprise_held_add(
        e, &(struct held){.arrival_number = 5, .keys_n = 2, .keys = {{SPACE_LENDING, ""}, key}});
    assert_true(enterprise_held_behind(e, &key, 1, 6));
    assert_false(enterprise_held_behind(e, &key, 1, 5));
    assert_false(enterprise_held_behind(e, &other, 1, 6));
    assert_false(enterprise_held_behind(e, NULL, 0, 6));
    enterprise_held_remove(e, 5);
    assert_false(enterprise_held_behind(e, &key, 1, 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(objects_are_found_by_number_and_by_opening),
        TEST(a_number_is_looked_up_in_the_space_of_its_kind),
        TEST(an_object_takes_its_investors_and_limits_with_it),
        TEST(limits_stand_by_owner_kind_and_part),
        TEST(a_limit_id_is_written_as_the_rulebook_does),
        TEST(the_profile_and_the_basis_in_force_are_the_latest),
        TEST(later_filings_are_counted_for_those_before_them),
        TEST(a_key_met_earlier_holds_and_a_later_one_does_not),
    };

    return cmocka_run_group_tests_name("enterprise", tests, NULL, NULL);
}
