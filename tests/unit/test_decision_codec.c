/* Decisions survive their bytes, protobuf-c reads what is written here, the sizes of the design
 * hold and the chain breaks at any changed bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "filing/v1/decision.pb-c.h"
#include "form/iso.h"
#include "samples.h"
#include "wire/decision_codec.h"
#include "wire/json.h"

struct fixture {
    struct arena arena;
    struct hash *hash;
    struct decision decision;
    struct decision again;
    uint8_t previous[DIGEST_SIZE];
    uint8_t bytes[DECISION_SIZE_MAX];
    size_t n;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    if (!f || arena_open(&f->arena, (size_t)4 << 20, NULL) || hash_open(&f->hash, NULL)) {
        return -1;
    }
    memset(f->previous, 0x11, sizeof(f->previous));
    decision_reset(&f->decision);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    hash_close(f->hash);
    arena_close(&f->arena);
    free(f);
    return 0;
}

static struct text text_of(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

static bool text_equal(struct text a, struct text b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

static void identify(struct decision *d)
{
    d->partition = 11;
    d->number = 1234567;
    d->input_offset = 2345678;
    d->trigger_offset = 2345678;
    memset(d->input_hash, 0xab, sizeof(d->input_hash));
    d->received_ms = 1776069000123;
    d->identity.filing_id = text_of("019a3f52-6c1e-7d40-9f6b-2f3a51c0d001");
    d->identity.bank = text_of("010100000123");
    d->identity.enterprise = text_of("91210100MA0FG1HX9H");
    d->identity.event = text_of("fdi.inflow");
    d->identity.business_date = text_of("2026-04-13");
    d->event = EVENT_FDI_INFLOW;
    d->has_bulletin = true;
    d->bulletin = 70;
}

static struct posting *add_posting(struct decision *d, enum limit_kind kind, int64_t minor)
{
    struct posting *p = &d->postings[d->postings_n++];

    *p = (struct posting){.id = {.kind = kind}, .own = true, .currency = CURRENCY_USD};
    p->change = (struct amounts){.limit = minor, .used = minor};
    p->after = (struct amounts){.limit = 9 * minor / 10 + 1, .used = minor, .reserved = 0};
    return p;
}

/* Accepted, resting on what such filings rest on; amounts up to 10^12 minor units. */
static void accept(struct decision *d, uint32_t postings)
{
    static const enum limit_kind kinds[] = {LIMIT_FDI_CAPITAL, LIMIT_FDI_EXCESS, LIMIT_FDI_INFLOW,
                                            LIMIT_FDI_OUTFLOW};

    identify(d);
    d->outcome = OUTCOME_ACCEPTED;
    d->flags = FLAG_LATE | FLAG_NEAR_LIMIT_90 | FLAG_UNCONFIRMED_BASIS;
    d->has_basis = true;
    d->policy = 3;
    d->rules = 1;
    d->parameters_n = 2;
    d->parameters[0] = 4;
    d->parameters[1] = 19;
    d->sheets_n = 1;
    d->sheets[0] = 20556;
    for (uint32_t i = 0; i < postings; i++) {
        (void)add_posting(d, kinds[i], INT64_C(1000000000000));
    }
}

static void encode(struct fixture *f)
{
    f->n = decision_encode(f->hash, &f->decision, f->previous, f->bytes);
}

static void decode(struct fixture *f)
{
    struct failure err = {0};

    if (decision_decode((struct bytes){.at = f->bytes, .n = f->n}, &f->arena, &f->again, &err)) {
        fail_msg("%s", err.text);
    }
}

/* Damaged bytes are a decision or none, and nothing else happens. */
static void decode_any(struct fixture *f, struct bytes value)
{
    enum status status = decision_decode(value, &f->arena, &f->again, NULL);

    arena_reset(&f->arena);
    assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
}

static void expect_reason(const struct reason *a, const struct reason *b)
{
    assert_int_equal(a->code, b->code);
    assert_string_equal(a->field, b->field);
    assert_int_equal(a->limit.kind, b->limit.kind);
    assert_string_equal(a->limit.object, b->limit.object);
    assert_string_equal(a->limit.part, b->limit.part);
    assert_int_equal(a->has_amounts, b->has_amounts);
    assert_true(!a->has_amounts || a->currency == b->currency);
    assert_true(a->free_minor == b->free_minor && a->asked_minor == b->asked_minor);
    assert_true(text_equal(a->note, b->note));
}

static void expect_posting(const struct posting *a, const struct posting *b)
{
    assert_int_equal(a->id.kind, b->id.kind);
    assert_int_equal(a->own, b->own);
    assert_string_equal(a->id.object, b->id.object);
    assert_string_equal(a->id.part, b->id.part);
    assert_int_equal(a->currency, b->currency);
    assert_memory_equal(&a->change, &b->change, sizeof(a->change));
    assert_memory_equal(&a->after, &b->after, sizeof(a->after));
}

static void expect_identity(const struct identity *a, const struct identity *b)
{
    assert_true(text_equal(a->filing_id, b->filing_id));
    assert_true(text_equal(a->bank, b->bank));
    assert_true(text_equal(a->enterprise, b->enterprise));
    assert_true(text_equal(a->event, b->event));
    assert_true(text_equal(a->business_date, b->business_date));
}

static void expect_same(const struct decision *a, const struct decision *b)
{
    assert_true(a->partition == b->partition && a->number == b->number);
    assert_true(a->input_offset == b->input_offset && a->trigger_offset == b->trigger_offset);
    assert_memory_equal(a->input_hash, b->input_hash, DIGEST_SIZE);
    assert_true(a->received_ms == b->received_ms && a->outcome == b->outcome);
    assert_int_equal(a->event, b->event);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->has_returned, b->has_returned);
    assert_true(!a->has_returned || (a->returned.minor == b->returned.minor &&
                                     a->returned.currency == b->returned.currency));
    assert_int_equal(a->has_basis, b->has_basis);
    assert_true(a->policy == b->policy && a->rules == b->rules);
    assert_int_equal(a->parameters_n, b->parameters_n);
    assert_memory_equal(a->parameters, b->parameters, a->parameters_n * sizeof(a->parameters[0]));
    assert_int_equal(a->sheets_n, b->sheets_n);
    assert_memory_equal(a->sheets, b->sheets, a->sheets_n * sizeof(a->sheets[0]));
    assert_int_equal(a->has_bulletin, b->has_bulletin);
    assert_true(!a->has_bulletin || a->bulletin == b->bulletin);
    assert_true(a->refers_to == b->refers_to);
    expect_identity(&a->identity, &b->identity);
    assert_int_equal(a->reasons.more, b->reasons.more);
    assert_int_equal(a->reasons.n, b->reasons.n);
    for (uint32_t i = 0; i < a->reasons.n; i++) {
        expect_reason(&a->reasons.at[i], &b->reasons.at[i]);
    }
    assert_int_equal(a->postings_n, b->postings_n);
    for (uint32_t i = 0; i < a->postings_n; i++) {
        expect_posting(&a->postings[i], &b->postings[i]);
    }
}

static void sizes_are_those_of_the_design(void **state)
{
    struct fixture *f = *state;

    accept(&f->decision, 2);
    encode(f);
    assert_true(f->n <= 256);
    decision_reset(&f->decision);
    accept(&f->decision, 4);
    encode(f);
    assert_true(f->n <= 384);
}

static void an_accepted_decision_round_trips(void **state)
{
    struct fixture *f = *state;
    struct posting *other = NULL;

    accept(&f->decision, 4);
    f->decision.trigger_offset = 2345700;
    f->decision.refers_to = 12;
    f->decision.has_returned = true;
    f->decision.returned = (struct money){.minor = 200000, .currency = CURRENCY_JPY};
    other = add_posting(&f->decision, LIMIT_FDI_INFLOW, -7);
    other->own = false;
    strcpy(other->id.object, "91210100R001");
    strcpy(other->id.part, "I9");
    other = add_posting(&f->decision, LIMIT_FINANCING_GAP, INT64_MAX / 100);
    other->own = false;
    other->change = (struct amounts){.limit = INT64_MIN, .used = INT64_MAX, .reserved = -1};
    encode(f);
    decode(f);
    expect_same(&f->decision, &f->again);
    assert_memory_equal(f->again.chain, f->bytes + f->n - DIGEST_SIZE, DIGEST_SIZE);
}

static void reject(struct decision *d, uint32_t reasons)
{
    static const struct text note = {.at = "not in order", .n = 12};

    identify(d);
    d->outcome = OUTCOME_REJECTED;
    for (uint32_t i = 0; i < reasons; i++) {
        struct reason *r = &d->reasons.at[d->reasons.n++];

        memset(r, 0, sizeof(*r));
        r->code = i % 2 == 0 ? CODE_LIMIT_EXCEEDED : CODE_REVIEW_REFUSED;
        r->currency = CURRENCY_NONE;
        if (i % 2 == 0) {
            strcpy(r->field, "/details/money");
            r->limit.kind = LIMIT_FDI_INFLOW;
            strcpy(r->limit.object, "91210100R001");
            strcpy(r->limit.part, "I1");
            r->has_amounts = true;
            r->currency = CURRENCY_CNY;
            r->free_minor = i == 0 ? 0 : -100000;
            r->asked_minor = 250000;
        } else {
            r->note = note;
        }
    }
}

static void a_rejected_decision_round_trips(void **state)
{
    struct fixture *f = *state;

    reject(&f->decision, 5);
    f->decision.reasons.more = 3;
    encode(f);
    decode(f);
    expect_same(&f->decision, &f->again);
}

static void malformed_identity_travels_as_text(void **state)
{
    struct fixture *f = *state;
    struct identity *id = &f->decision.identity;

    reject(&f->decision, 1);
    f->decision.has_bulletin = false;
    f->decision.event = EVENT_NONE;
    id->filing_id = text_of("no uuid");
    id->bank = text_of("12345");
    id->enterprise = text_of("企业");
    id->event = text_of("fdi.gift");
    id->business_date = text_of("2026-02-30");
    encode(f);
    decode(f);
    expect_same(&f->decision, &f->again);
    id->filing_id = text_of("bad \xff");
    id->bank = (struct text){0};
    encode(f);
    decode(f);
    assert_int_equal(f->again.identity.filing_id.n, 0);
    assert_int_equal(f->again.identity.bank.n, 0);
}

static void a_bulletin_keeps_its_ordinal(void **state)
{
    struct fixture *f = *state;
    Filing__V1__Decision *message = NULL;

    f->decision.number = 1;
    f->decision.event = EVENT_BULLETIN;
    f->decision.outcome = OUTCOME_ACCEPTED;
    f->decision.has_bulletin = true;
    encode(f);
    message = filing__v1__decision__unpack(&f->arena.pb, f->n, f->bytes);
    assert_non_null(message);
    assert_int_equal(message->event, EVENT_ORDINAL_BULLETIN);
    assert_true(message->bulletin_plus_one == 1);
    decode(f);
    assert_int_equal(f->again.event, EVENT_BULLETIN);
    assert_true(text_equal(f->again.identity.event, text_of("bulletin")));
    assert_true(f->again.has_bulletin && f->again.bulletin == 0);
}

/* What protobuf-c reads and writes again is the same bytes: numbers, types, order, defaults. */
static void protobuf_reads_and_writes_the_same(void **state)
{
    struct fixture *f = *state;
    static uint8_t packed[DECISION_SIZE_MAX];

    for (int i = 0; i < 4; i++) {
        Filing__V1__Decision *message = NULL;

        decision_reset(&f->decision);
        arena_reset(&f->arena);
        if (i % 2 == 0) {
            accept(&f->decision, 4);
            f->decision.has_returned = true;
            f->decision.returned = (struct money){.minor = 7, .currency = CURRENCY_USD};
            f->decision.parameters[0] = 300;
        } else {
            reject(&f->decision, 64);
            f->decision.reasons.more = 9;
        }
        if (i >= 2) {
            f->decision.event = EVENT_NONE;
            f->decision.identity.filing_id = text_of("x");
            f->decision.identity.bank = text_of("y");
            f->decision.identity.business_date = text_of("z");
        }
        encode(f);
        message = filing__v1__decision__unpack(&f->arena.pb, f->n, f->bytes);
        assert_non_null(message);
        assert_int_equal(message->base.n_unknown_fields, 0);
        assert_int_equal(filing__v1__decision__get_packed_size(message), f->n);
        assert_int_equal(filing__v1__decision__pack(message, packed), f->n);
        assert_memory_equal(packed, f->bytes, f->n);
        assert_string_equal(message->enterprise, "91210100MA0FG1HX9H");
        assert_true(message->received_at_ms == 1776069000123);
        assert_true(i >= 2 || message->bank == 1010100000123);
        assert_true(i >= 2 || message->business_date == 20556 + 719163);
        assert_int_equal(message->n_reasons, i % 2 == 0 ? 0 : 64);
    }
}

static void the_largest_fits(void **state)
{
    struct fixture *f = *state;
    static char lots[100000];
    struct text text = {.at = lots, .n = sizeof(lots) - 1};

    for (size_t i = 0; i < sizeof(lots) - 1; i++) {
        lots[i] = "\xe4\xbc\x81"[i % 3];
    }
    identify(&f->decision);
    f->decision.event = EVENT_NONE;
    f->decision.identity = (struct identity){text, text, text, text, text};
    f->decision.reasons.n = REASONS_LISTED_MAX;
    for (uint32_t i = 0; i < REASONS_LISTED_MAX; i++) {
        struct reason *r = &f->decision.reasons.at[i];

        memset(r, 0, sizeof(*r));
        r->code = CODE_LIMIT_EXCEEDED;
        memset(r->field, 'f', FIELD_PATH_SIZE - 1);
        r->limit.kind = LIMIT_FDI_INFLOW;
        memset(r->limit.object, 'o', OBJECT_NUMBER_SIZE - 1);
        memset(r->limit.part, 'p', LIMIT_PART_SIZE - 1);
        r->has_amounts = true;
        r->currency = CURRENCY_USD;
        r->free_minor = INT64_MIN;
        r->asked_minor = INT64_MIN;
    }
    for (int with_postings = 0; with_postings < 2; with_postings++) {
        encode(f);
        assert_true(f->n <= DECISION_SIZE_MAX);
        decode(f);
        assert_int_equal(f->again.reasons.n, REASONS_LISTED_MAX);
        assert_int_equal(f->again.identity.event.n % 3, 0);
        assert_true(f->again.identity.event.n <= IDENTITY_TEXT_MAX);
        assert_true(f->again.identity.event.n > (with_postings ? 1000 : IDENTITY_TEXT_MAX - 3));
        f->decision.postings_n = 0;
        for (uint32_t i = 0; i < DECISION_POSTINGS_MAX; i++) {
            struct posting *p = add_posting(&f->decision, LIMIT_FDI_INFLOW, 0);

            p->own = false;
            memset(p->id.object, 'o', OBJECT_NUMBER_SIZE - 1);
            memset(p->id.part, 'p', LIMIT_PART_SIZE - 1);
            p->change = (struct amounts){INT64_MIN, INT64_MIN, INT64_MIN};
            p->after = (struct amounts){-1, -1, -1};
        }
    }
    assert_int_equal(f->again.postings_n, DECISION_POSTINGS_MAX);
}

static void the_chain_breaks_at_any_changed_bit(void **state)
{
    struct fixture *f = *state;
    struct bytes value = {.at = f->bytes};
    uint8_t want[DIGEST_SIZE];

    accept(&f->decision, 2);
    encode(f);
    value.n = f->n;
    hash_begin(f->hash);
    hash_add(f->hash, f->previous, DIGEST_SIZE);
    hash_add(f->hash, f->bytes, f->n - DECISION_CHAIN_SIZE);
    hash_end(f->hash, want);
    assert_memory_equal(decision_chain(value), want, DIGEST_SIZE);
    assert_true(decision_chain_check(f->hash, f->previous, value));
    for (size_t bit = 0; bit < 8 * f->n; bit++) {
        f->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(decision_chain_check(f->hash, f->previous, value));
        decode_any(f, value);
        f->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    f->previous[0] ^= 1;
    assert_false(decision_chain_check(f->hash, f->previous, value));
    for (value.n = 0; value.n < f->n; value.n++) {
        assert_false(decision_chain_check(f->hash, f->previous, value));
        decode_any(f, value);
    }
}

static void fields_of_later_versions_are_passed_over(void **state)
{
    struct fixture *f = *state;
    struct bytes value = {.at = f->bytes};

    accept(&f->decision, 1);
    encode(f);
    memcpy(f->bytes + f->n, "\xf0\x06\x01", 3);
    value.n = f->n + 3;
    assert_int_equal(decision_decode(value, &f->arena, &f->again, NULL), STATUS_OK);
    expect_same(&f->decision, &f->again);
}

static const struct {
    enum limit_kind kind;
    const char *id;
} own_ids[] = {
    {LIMIT_FDI_INFLOW, "fdi.inflow:R:I"},
    {LIMIT_FDI_EXCESS, "fdi.excess:R"},
    {LIMIT_FDI_CAPITAL, "fdi.capital:R"},
    {LIMIT_FDI_SETTLED, "fdi.settled:R"},
    {LIMIT_FDI_OUTFLOW, "fdi.outflow:R"},
    {LIMIT_FDI_PROFIT, "fdi.profit:R:2025"},
    {LIMIT_FDI_PRELIMINARY, "fdi.preliminary:A"},
    {LIMIT_FINANCING_CONTRACT, "financing.contract:C"},
    {LIMIT_FINANCING_PRINCIPAL, "financing.principal:C"},
    {LIMIT_OUTBOUND_PRELIMINARY, "outbound.preliminary:A"},
    {LIMIT_OUTBOUND_REMITTANCE, "outbound.remittance:R"},
    {LIMIT_OUTBOUND_LOAN, "outbound.loan:L"},
};

static void own_postings_get_the_numbers_of_their_filing(void **state)
{
    struct fixture *f = *state;
    static const char filing[] =
        "{\"details\":{\"registration_no\":\"R\",\"application_no\":\"A\",\"contract_no\":\"C\","
        "\"loan_no\":\"L\",\"investor_no\":\"I\",\"fiscal_year\":2025}}";
    struct json_text json;
    struct own_numbers own;

    assert_int_equal(json_read(bytes_of(filing), &f->arena, &json, NULL), STATUS_OK);
    own_numbers_read(&json.doc, &own);
    for (size_t i = 0; i < sizeof(own_ids) / sizeof(own_ids[0]); i++) {
        char id[LIMIT_ID_SIZE];

        decision_reset(&f->decision);
        identify(&f->decision);
        (void)add_posting(&f->decision, own_ids[i].kind, 5);
        encode(f);
        decode(f);
        assert_true(f->again.postings[0].own);
        decision_fill_own(&f->again, &own);
        (void)limit_id_format(&f->again.postings[0].id, id);
        assert_string_equal(id, own_ids[i].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sizes_are_those_of_the_design, setup, teardown),
        cmocka_unit_test_setup_teardown(an_accepted_decision_round_trips, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rejected_decision_round_trips, setup, teardown),
        cmocka_unit_test_setup_teardown(malformed_identity_travels_as_text, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bulletin_keeps_its_ordinal, setup, teardown),
        cmocka_unit_test_setup_teardown(protobuf_reads_and_writes_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(the_largest_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(the_chain_breaks_at_any_changed_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_of_later_versions_are_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(own_postings_get_the_numbers_of_their_filing, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("decision_codec", tests, NULL, NULL);
}
