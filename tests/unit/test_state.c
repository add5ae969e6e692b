/* States and undos as bytes: the round trip of a state with something of everything, the same bytes
 * as protobuf-c writes, and no broken byte read as if it were whole. */
#include "consumers/store/state.h"
#include "core_fixture.h"
#include "filing/v1/state.pb-c.h"

/* One object of each kind, with limits, investors, profiles, bases and held filings. */
static void fill(struct enterprise *e)
{
    static const enum object_kind kinds[] = {OBJECT_FDI_REGISTRATION, OBJECT_OUTBOUND_REGISTRATION,
                                             OBJECT_FDI_APPLICATION,  OBJECT_OUTBOUND_APPLICATION,
                                             OBJECT_CONTRACT,         OBJECT_LOAN};

    e->number = 99;
    for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct object object = {.kind = kinds[i],
                                .closed = i % 2 == 1,
                                .opened_number = 10 + i,
                                .opened_on = D("2024-02-29"),
                                .moved_number = 50 + i,
                                .moved_on = D("2025-01-01")};

        (void)snprintf(object.number, sizeof(object.number), "NUMBER%02u", 9 - i);
        if (object.kind == OBJECT_FDI_REGISTRATION) {
            object.of.fdi =
                (struct fdi_registration_kept){.currency = CURRENCY_USD,
                                               .industry = {'C', '3', '0', '1', '1'},
                                               .industry_n = 5,
                                               .registered_minor = 1000,
                                               .total_investment = {.currency = CURRENCY_NONE},
                                               .investors_n = 2,
                                               .arrived_number = 7};
        } else if (object.kind == OBJECT_OUTBOUND_REGISTRATION) {
            object.of.outbound = (struct outbound_registration_kept){
                .target_country = COUNTRY_DEU, .total = M("EUR", "1.00"), .application_owner = 13};
        } else if (object.kind == OBJECT_CONTRACT) {
            object.of.contract = (struct contract_kept){.mode = MODE_MACROPRUDENTIAL,
                                                        .currency = CURRENCY_EUR,
                                                        .unit = CURRENCY_CNY,
                                                        .undrawn_minor = 1,
                                                        .outstanding_minor = 2,
                                                        .frozen_minor = INT64_MAX,
                                                        .rate_e10 = 81234000000,
                                                        .unit_rate_e10 = RATE_E10,
                                                        .weight = {.numerator = 15, .scale = 1},
                                                        .signed_on = D("2024-02-28"),
                                                        .value_on = D("2024-03-01"),
                                                        .matures_on = D("9999-12-31"),
                                                        .revolving = true,
                                                        .not_counted = true,
                                                        .drawn = true};
        } else if (object.kind == OBJECT_LOAN) {
            object.of.loan = (struct loan_kept){.currency = CURRENCY_USD,
                                                .undrawn_minor = 3,
                                                .signed_on = D("0001-01-01"),
                                                .matures_on = D("2026-01-01")};
        }
        (void)enterprise_object_add(e, &object);
    }
    for (uint32_t i = 1; i <= 2; i++) {
        const struct investor investor = {.owner = 10,
                                          .ordinal = i,
                                          .investor_no = {'I', (char)('0' + i)},
                                          .country = i == 1 ? COUNTRY_CHN : COUNTRY_USA,
                                          .subscribed_minor = 500,
                                          .share_bp = 5000};
        const struct limit limit = {.key = {.owner = 10, .kind = LIMIT_FDI_INFLOW, .part = i},
                                    .currency = CURRENCY_USD,
                                    .is = {.limit = 100, .used = 7, .reserved = i}};

        (void)enterprise_investor_add(e, &investor);
        (void)enterprise_limit_add(e, &limit);
    }
    (void)enterprise_limit_add(
        e, &(struct limit){.key = {.owner = 0, .kind = LIMIT_FINANCING_MACROPRUDENTIAL},
                           .currency = CURRENCY_CNY,
                           .is = {.limit = 5}});
    (void)enterprise_profile_add(e, &(struct profile){.number = 20,
                                                      .later_count = 3,
                                                      .business_on = D("2024-01-01"),
                                                      .effective_on = D("2024-01-02"),
                                                      .mode = MODE_FACILITATION,
                                                      .subject = SUBJECT_GENERAL,
                                                      .region = {'2', '1', '0', '1', '0', '0'},
                                                      .established_on = D("2000-01-01"),
                                                      .net_assets = M("CNY", "5.00"),
                                                      .total_investment.currency = CURRENCY_NONE,
                                                      .registered_capital.currency = CURRENCY_NONE,
                                                      .paid_in.currency = CURRENCY_NONE,
                                                      .certificate_kind = CERTIFICATE_HIGH_TECH,
                                                      .certificate_valid_to = D("2027-01-01"),
                                                      .penalised_on = DATE_NONE});
    (void)enterprise_basis_add(
        e,
        &(struct lending_basis){.number = 21, .business_on = D("2024-01-03"), .equity_minor = 77});
    (void)enterprise_held_add(
        e, &(struct held){.arrival_number = 30,
                          .waits_for = CODE_RATE_PENDING,
                          .approved = true,
                          .keys_n = 2,
                          .keys = {{.space = SPACE_CONTRACT, .number = "NUMBER05"},
                                   {.space = SPACE_FINANCING}},
                          .missing_n = 1,
                          .missing = {{.currency = CURRENCY_EUR, .on = D("2026-01-01")}}});
}

struct coded {
    struct fixture *f;
    struct enterprise *other;
    struct buffer bytes;
    struct buffer again;
};

static int setup(void **state)
{
    struct coded *c = calloc(1, sizeof(*c));
    struct failure err;

    require(c != NULL);
    c->f = fixture_new();
    buffer_init(&c->bytes, 1u << 20);
    buffer_init(&c->again, 1u << 20);
    require(state_new(CODE, &c->other, &err) == STATUS_OK);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct coded *c = *state;

    fixture_free(c->f);
    state_free(c->other);
    buffer_fini(&c->bytes);
    buffer_fini(&c->again);
    free(c);
    return 0;
}

static void a_state_survives_its_bytes(void **state)
{
    struct coded *c = *state;
    struct failure err;

    fill(&c->f->state);
    state_encode(&c->f->state, &c->bytes);
    assert_int_equal(state_decode(buffer_bytes(&c->bytes), c->other, &err), STATUS_OK);
    state_encode(c->other, &c->again);
    assert_int_equal(c->again.n, c->bytes.n);
    assert_memory_equal(c->again.at, c->bytes.at, c->bytes.n);
    assert_true(c->other->number == 99);
    assert_int_equal(c->other->objects_n, 6);
    assert_int_equal(c->other->objects[0].of.fdi.industry_n, 5);
    assert_true(c->other->objects[4].of.contract.frozen_minor == INT64_MAX);
    assert_int_equal(c->other->objects[4].of.contract.matures_on, D("9999-12-31"));
    assert_int_equal(c->other->objects[5].of.loan.signed_on, D("0001-01-01"));
    assert_int_equal(c->other->objects[0].of.fdi.total_investment.currency, CURRENCY_NONE);
    assert_int_equal(c->other->profiles[0].penalised_on, DATE_NONE);
    assert_int_equal(c->other->profiles[0].paid_in.currency, CURRENCY_NONE);
    assert_int_equal(c->other->held[0].keys_n, 2);
    assert_string_equal(c->other->held[0].keys[0].number, "NUMBER05");
    assert_int_equal(c->other->held[0].missing[0].currency, CURRENCY_EUR);
    assert_non_null(enterprise_object(c->other, SPACE_CONTRACT, T("NUMBER05")));
    assert_memory_equal(c->other->objects_order, c->f->state.objects_order,
                        6 * sizeof(c->other->objects_order[0]));
}

static void protobuf_c_reads_and_writes_the_same_bytes(void **state)
{
    struct coded *c = *state;
    Filing__V1__State *message = NULL;
    uint8_t *packed = NULL;

    fill(&c->f->state);
    state_encode(&c->f->state, &c->bytes);
    message = filing__v1__state__unpack(NULL, c->bytes.n, c->bytes.at);
    require(message != NULL);
    assert_int_equal(message->n_objects, 6);
    assert_string_equal(message->objects[4]->contract->currency, "EUR");
    assert_int_equal(message->n_held, 1);
    assert_string_equal(message->held[0]->missing[0]->currency, "EUR");
    assert_int_equal(filing__v1__state__get_packed_size(message), c->bytes.n);
    packed = malloc(c->bytes.n);
    require(packed != NULL);
    filing__v1__state__pack(message, packed);
    assert_memory_equal(packed, c->bytes.at, c->bytes.n);
    free(packed);
    filing__v1__state__free_unpacked(message, NULL);
}

/* Whatever one bit turns into, it is refused, or read as another state with bytes of its own (never
 * longer: a number may have been written longer than it must). */
static void a_flipped_bit_is_refused_or_another_state(void **state)
{
    struct coded *c = *state;
    struct failure err;

    fill(&c->f->state);
    state_encode(&c->f->state, &c->bytes);
    for (size_t bit = 0; bit < c->bytes.n * 8; bit++) {
        c->bytes.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (state_decode(buffer_bytes(&c->bytes), c->other, &err) == STATUS_OK) {
            buffer_reset(&c->again);
            state_encode(c->other, &c->again);
            assert_true(c->again.n <= c->bytes.n);
            assert_true(c->again.n < c->bytes.n ||
                        memcmp(c->again.at, c->bytes.at, c->bytes.n) == 0);
        }
        c->bytes.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void a_cut_state_is_refused_or_a_shorter_one(void **state)
{
    struct coded *c = *state;
    struct failure err;
    size_t refused = 0;

    fill(&c->f->state);
    state_encode(&c->f->state, &c->bytes);
    for (size_t n = 0; n < c->bytes.n; n++) {
        const struct bytes cut = {.at = c->bytes.at, .n = n};

        refused += state_decode(cut, c->other, &err) == STATUS_CORRUPT;
    }
    assert_true(refused > c->bytes.n * 9 / 10);
}

/* The deepest there is: undo, entry, object, what it keeps, money. */
static void an_undo_keeps_the_money_of_the_object_before(void **state)
{
    struct coded *c = *state;
    struct undo *undo = calloc(2, sizeof(*undo));

    require(undo != NULL);
    fill(&c->f->state);
    undo[0].event = EVENT_FDI_INFLOW;
    undo[0].objects_n = 1;
    undo[0].objects[0].before = c->f->state.objects[0];
    undo[0].objects[0].before.of.fdi.total_investment = M("USD", "7.50");
    undo_encode(&undo[0], &c->bytes);
    assert_int_equal(undo_decode(buffer_bytes(&c->bytes), &undo[1], NULL), STATUS_OK);
    assert_int_equal(undo[1].objects[0].before.of.fdi.total_investment.minor, 750);
    free(undo);
}

static void an_undo_survives_its_bytes(void **state)
{
    struct coded *c = *state;
    struct undo *undo = calloc(2, sizeof(*undo));
    struct failure err;
    Filing__V1__Undo *message = NULL;

    require(undo != NULL);
    fill(&c->f->state);
    undo[0].event = EVENT_FDI_TRANSFER;
    undo[0].number = 12345;
    undo[0].business_on = D("2024-05-06");
    undo[0].objects_n = 2;
    undo[0].objects[0].before = c->f->state.objects[0];
    undo[0].objects[1].created = true;
    undo[0].objects[1].before = c->f->state.objects[4];
    undo[0].investors_n = 1;
    undo[0].investors[0].created = true;
    undo[0].investors[0].before = c->f->state.investors[1];
    undo[0].postings_n = DECISION_POSTINGS_MAX;
    for (uint32_t i = 0; i < DECISION_POSTINGS_MAX; i++) {
        undo[0].postings[i] =
            (struct undo_posting){.key = {.owner = 10, .kind = LIMIT_FDI_INFLOW, .part = i},
                                  .currency = CURRENCY_USD,
                                  .change = {.limit = -INT64_MAX, .used = -1, .reserved = i}};
    }
    undo_encode(&undo[0], &c->bytes);
    assert_int_equal(buffer_check(&c->bytes, &err), STATUS_OK);
    assert_int_equal(undo_decode(buffer_bytes(&c->bytes), &undo[1], &err), STATUS_OK);
    undo_encode(&undo[1], &c->again);
    assert_int_equal(c->again.n, c->bytes.n);
    assert_memory_equal(c->again.at, c->bytes.at, c->bytes.n);
    assert_int_equal(undo[1].objects[0].before.of.fdi.industry_n, 5);
    assert_true(undo[1].postings[255].change.limit == -INT64_MAX);
    message = filing__v1__undo__unpack(NULL, c->bytes.n, c->bytes.at);
    require(message != NULL);
    assert_int_equal(message->n_postings, DECISION_POSTINGS_MAX);
    assert_true(message->postings[0]->used_change == -1);
    filing__v1__undo__free_unpacked(message, NULL);
    free(undo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_state_survives_its_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(protobuf_c_reads_and_writes_the_same_bytes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_flipped_bit_is_refused_or_another_state, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cut_state_is_refused_or_a_shorter_one, setup, teardown),
        cmocka_unit_test_setup_teardown(an_undo_keeps_the_money_of_the_object_before, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_undo_survives_its_bytes, setup, teardown),
    };

    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
