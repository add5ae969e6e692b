/* Proposals, copies of bulletins, checkpoints and operations through their bytes; protobuf-c reads
 * and writes the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "filing/v1/ledger.pb-c.h"
#include "wire/records.h"

static uint8_t memory[1 << 18] __attribute__((aligned(16)));
static uint8_t packed[1 << 16];
static uint8_t signature[SIGNATURE_SIZE];

static struct text text_of(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

static bool text_equal(struct text a, struct text b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

static int setup(void **state)
{
    static struct arena arena;

    arena_init(&arena, memory, sizeof(memory));
    memset(signature, 0x77, sizeof(signature));
    *state = &arena;
    return 0;
}

static struct bytes whole_signature(void)
{
    return (struct bytes){.at = signature, .n = sizeof(signature)};
}

static void a_proposal_round_trips(void **state)
{
    struct arena *arena = *state;
    struct hash *hash = NULL;
    struct proposal p = {.content = {(const uint8_t *)"\x08\x07", 2},
                         .approval = {text_of("o1"), whole_signature()},
                         .proposed_ms = 1776069000123,
                         .kind = text_of("rates")};
    struct reference_record r = {0};
    struct bytes value = {0};
    Filing__V1__ReferenceRecord *message = NULL;
    char id[PROPOSAL_ID_SIZE];

    assert_int_equal(proposal_encode(&p, arena, &value), STATUS_OK);
    assert_int_equal(reference_record_decode(value, &r), STATUS_OK);
    assert_false(r.is_bulletin);
    assert_true(bytes_equal(r.proposal.content, p.content));
    assert_true(bytes_equal(r.proposal.approval.signature, p.approval.signature));
    assert_true(text_equal(r.proposal.approval.key_id, p.approval.key_id));
    assert_true(text_equal(r.proposal.kind, p.kind));
    assert_true(r.proposal.proposed_ms == p.proposed_ms);
    message = filing__v1__reference_record__unpack(&arena->pb, value.n, value.at);
    assert_non_null(message);
    assert_int_equal(message->record_case, FILING__V1__REFERENCE_RECORD__RECORD_PROPOSAL);
    assert_int_equal(filing__v1__reference_record__pack(message, packed), value.n);
    assert_memory_equal(packed, value.at, value.n);
    assert_int_equal(hash_open(&hash, NULL), STATUS_OK);
    proposal_id(hash, (struct bytes){(const uint8_t *)"abc", 3}, id);
    hash_close(hash);
    assert_string_equal(id, "ba7816bf8f01cfea");
}

static void a_copied_bulletin_keeps_its_bytes(void **state)
{
    struct arena *arena = *state;
    struct reference_record r = {0};
    struct bytes value = {0};
    struct bytes bulletin = {(const uint8_t *)"\x0a\x02\x08\x07", 4};

    assert_int_equal(reference_record_encode_bulletin(bulletin, arena, &value), STATUS_OK);
    assert_int_equal(reference_record_decode(value, &r), STATUS_OK);
    assert_true(r.is_bulletin && bytes_equal(r.bulletin, bulletin));
    assert_int_equal(reference_record_decode((struct bytes){0}, &r), STATUS_CORRUPT);
    assert_int_equal(reference_record_decode((struct bytes){(const uint8_t *)"\x0a\x00", 2}, &r),
                     STATUS_CORRUPT);
    assert_int_equal(
        reference_record_decode((struct bytes){(const uint8_t *)"\x12\x00\x12\x00", 4}, &r),
        STATUS_CORRUPT);
    assert_int_equal(reference_record_decode((struct bytes){(const uint8_t *)"\x1a\x00", 2}, &r),
                     STATUS_CORRUPT);
}

static void a_checkpoint_round_trips(void **state)
{
    struct arena *arena = *state;
    struct checkpoint c = {.partition = 3,
                           .first_number = 900,
                           .number = 100000,
                           .rules = 1,
                           .next_offset = 123456,
                           .received_ms = 1776069000123,
                           .key_id = text_of("w1"),
                           .signature = whole_signature(),
                           .witnesses_n = WITNESSES_MAX};
    struct checkpoint again = {0};
    struct bytes value = {0};
    struct bytes part = {0};
    Filing__V1__Checkpoint *message = NULL;

    memset(c.ledger_id, 1, sizeof(c.ledger_id));
    memset(c.chain, 2, sizeof(c.chain));
    memset(c.states_hash, 3, sizeof(c.states_hash));
    memset(c.decisions_hash, 4, sizeof(c.decisions_hash));
    for (uint32_t i = 0; i < WITNESSES_MAX; i++) {
        c.witnesses[i] = (struct approval){text_of("v"), whole_signature()};
    }
    assert_int_equal(checkpoint_encode(&c, arena, &value), STATUS_OK);
    assert_int_equal(checkpoint_signed_part(&c, arena, &part), STATUS_OK);
    assert_memory_equal(value.at, part.at, part.n);
    assert_int_equal(value.at[part.n], 14 << 3 | 2);
    message = filing__v1__checkpoint__unpack(&arena->pb, value.n, value.at);
    assert_non_null(message);
    assert_int_equal(filing__v1__checkpoint__pack(message, packed), value.n);
    assert_memory_equal(packed, value.at, value.n);
    assert_int_equal(checkpoint_decode(value, &again), STATUS_OK);
    assert_true(again.partition == 3 && again.number == 100000 && again.next_offset == 123456);
    assert_true(again.received_ms == c.received_ms && again.witnesses_n == WITNESSES_MAX);
    assert_memory_equal(again.chain, c.chain, sizeof(c.chain));
    assert_true(again.first_number == 900 && again.rules == 1);
    assert_memory_equal(again.decisions_hash, c.decisions_hash, sizeof(c.chain));
    assert_memory_equal(again.states_hash, c.states_hash, sizeof(c.chain));
    assert_memory_equal(again.ledger_id, c.ledger_id, sizeof(c.ledger_id));
    assert_true(text_equal(again.key_id, c.key_id));
    assert_true(bytes_equal(again.witnesses[15].signature, c.signature));
    for (value.n--; value.n > 0; value.n--) {
        enum status status = checkpoint_decode(value, &again);

        assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
    }
    c.witnesses_n++;
    assert_int_equal(checkpoint_encode(&c, arena, &value), STATUS_LIMIT);
}

static void an_operation_round_trips(void **state)
{
    struct arena *arena = *state;
    struct operation o = {.at_ms = 5,
                          .person = text_of("p1"),
                          .host = text_of("h"),
                          .command = text_of("ledger rebuild"),
                          .arguments_n = 3,
                          .arguments = {text_of("--yes"), {0}, text_of("--store")},
                          .result = text_of("done"),
                          .key_id = text_of("o1"),
                          .signature = whole_signature()};
    struct operation again = {0};
    struct bytes value = {0};
    struct bytes part = {0};
    Filing__V1__Operation *message = NULL;

    assert_int_equal(operation_encode(&o, arena, &value), STATUS_OK);
    assert_int_equal(operation_signed_part(&o, arena, &part), STATUS_OK);
    assert_memory_equal(value.at, part.at, part.n);
    assert_int_equal(value.at[part.n], 9 << 3 | 2);
    message = filing__v1__operation__unpack(&arena->pb, value.n, value.at);
    assert_non_null(message);
    assert_int_equal(message->n_arguments, 3);
    assert_int_equal(filing__v1__operation__pack(message, packed), value.n);
    assert_memory_equal(packed, value.at, value.n);
    assert_int_equal(operation_decode(value, &again), STATUS_OK);
    assert_int_equal(again.arguments_n, 3);
    assert_true(text_equal(again.arguments[2], o.arguments[2]));
    assert_true(text_equal(again.command, o.command) && text_equal(again.result, o.result));
    assert_true(text_equal(again.person, o.person) && text_equal(again.host, o.host));
    assert_true(bytes_equal(again.signature, o.signature) && again.at_ms == 5);
    assert_int_equal(operation_decode((struct bytes){(const uint8_t *)"\x0a\x01x", 3}, &again),
                     STATUS_CORRUPT);
}

static void a_full_arena_is_told(void **state)
{
    struct arena small;
    struct bytes value = {0};
    struct operation o = {.command = text_of("ledger rebuild")};
    struct checkpoint c = {.first_number = 1, .number = 1};

    (void)state;
    arena_init(&small, memory, 8);
    assert_int_equal(operation_encode(&o, &small, &value), STATUS_LIMIT);
    assert_int_equal(checkpoint_encode(&c, &small, &value), STATUS_LIMIT);
    assert_null(value.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_proposal_round_trips, setup),
        cmocka_unit_test_setup(a_copied_bulletin_keeps_its_bytes, setup),
        cmocka_unit_test_setup(a_checkpoint_round_trips, setup),
        cmocka_unit_test_setup(an_operation_round_trips, setup),
        cmocka_unit_test_setup(a_full_arena_is_told, setup),
    };

    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
