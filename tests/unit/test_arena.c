/* An arena never gives more than it has, and protobuf-c over it gives a right message or none. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "filing/v1/filing.pb-c.h"
#include "samples.h"
#include "wire/arena.h"

static void gives_aligned_parts_up_to_its_size(void **state)
{
    alignas(max_align_t) uint8_t memory[64];
    struct arena arena;
    uint8_t *a = NULL;
    uint8_t *b = NULL;

    (void)state;
    arena_init(&arena, memory, sizeof(memory));
    a = arena_alloc(&arena, 1);
    b = arena_alloc(&arena, 48);
    assert_ptr_equal(a, memory);
    assert_ptr_equal(b, memory + alignof(max_align_t));
    assert_null(arena_alloc(&arena, 1));
    assert_non_null(arena_alloc(&arena, 0));
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 64), memory);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_int_equal(arena.used_max, 64);
}

static void keeps_what_was_needed_of_the_rest(void **state)
{
    alignas(max_align_t) uint8_t memory[64];
    struct arena arena;
    size_t n = 0;
    void *rest = NULL;

    (void)state;
    arena_init(&arena, memory, sizeof(memory));
    assert_non_null(arena_alloc(&arena, 16));
    rest = arena_take_rest(&arena, &n);
    assert_int_equal(n, 48);
    arena_keep(&arena, rest, 17);
    assert_int_equal(arena.used, 48);
}

static void opens_and_closes(void **state)
{
    struct arena arena;
    struct failure err = {0};
    uint8_t *at = NULL;

    (void)state;
    assert_int_equal(arena_open(&arena, 1 << 20, &err), STATUS_OK);
    at = arena_alloc(&arena, 1 << 20);
    assert_non_null(at);
    at[(1 << 20) - 1] = 1;
    arena_close(&arena);
    assert_null(arena_alloc(&arena, 1));
    arena_close(&arena);
    arena_close(NULL);
}

/* From some capacity on every one suffices, and what protobuf-c then gives is right. */
static void serves_protobuf_or_refuses(void **state)
{
    static uint8_t memory[1 << 20];
    static uint8_t unpacked[4096] __attribute__((aligned(16)));
    struct samples samples;
    struct arena arena;
    struct arena small;
    struct bytes bytes;
    bool fitted = false;

    (void)state;
    samples_open(&samples, "tests/data/filings.jsonl");
    arena_init(&arena, memory, sizeof(memory));
    bytes = sample_encode(samples.lines[3], &arena);
    for (size_t size = 0; size <= sizeof(unpacked); size += 8) {
        Filing__V1__Filing *message = NULL;

        arena_init(&small, unpacked, size);
        message = filing__v1__filing__unpack(&small.pb, bytes.n, bytes.at);
        assert_true(small.used <= size);
        assert_true(message || !fitted);
        if (message) {
            fitted = true;
            assert_string_equal(message->fdi_registration->investors[1]->investor_no, "I2");
        }
    }
    assert_true(fitted);
    samples_close(&samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_aligned_parts_up_to_its_size),
        cmocka_unit_test(keeps_what_was_needed_of_the_rest),
        cmocka_unit_test(opens_and_closes),
        cmocka_unit_test(serves_protobuf_or_refuses),
    };

    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
