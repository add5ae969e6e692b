/* The book of uses: each promise of use_book.h, and the order of sequence keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/audit/use_book.h"

static struct bytes key_of(const char *text)
{
    return (struct bytes){.at = (const uint8_t *)text, .n = strlen(text)};
}

/* The first use that the addition answers with, or NULL. */
static const struct use *add(struct use_book *book, struct bytes key, const char *user,
                             int64_t offset)
{
    struct use use = {.place = {.partition = 1, .offset = offset}};
    const struct use *first = NULL;
    struct failure err = {.status = STATUS_OK};

    memcpy(use.user, user, strlen(user));
    assert_int_equal(use_book_add(book, key, &use, &first, &err), STATUS_OK);
    return first;
}

static void a_second_user_is_told_with_the_first(void **state)
{
    struct use_book book;
    const struct use *first;

    (void)state;
    use_book_init(&book);
    assert_null(add(&book, key_of("2101"), "A", 5));
    first = add(&book, key_of("2101"), "B", 9);
    assert_non_null(first);
    assert_string_equal(first->user, "A");
    assert_int_equal(first->place.offset, 5);
    assert_int_equal(first->place.partition, 1);
    first = add(&book, key_of("2101"), "C", 11);
    assert_non_null(first);
    assert_string_equal(first->user, "A");
    use_book_fini(&book);
}

static void what_a_user_uses_again_is_told_once(void **state)
{
    struct use_book book;

    (void)state;
    use_book_init(&book);
    assert_null(add(&book, key_of("2101"), "A", 5));
    assert_null(add(&book, key_of("2101"), "A", 6));
    assert_non_null(add(&book, key_of("2101"), "B", 7));
    assert_null(add(&book, key_of("2101"), "B", 8));
    assert_null(add(&book, key_of("2101"), "A", 9));
    use_book_fini(&book);
}

static void keys_differ_by_every_byte_and_by_length(void **state)
{
    struct use_book book;

    (void)state;
    use_book_init(&book);
    assert_null(add(&book, key_of("2101"), "A", 1));
    assert_null(add(&book, key_of("21010"), "B", 2));
    assert_null(add(&book, key_of("2102"), "C", 3));
    assert_null(add(&book, (struct bytes){.at = (const uint8_t *)"2101\0", .n = 5}, "D", 4));
    use_book_fini(&book);
}

struct walked {
    int64_t numbers[8];
    size_t n;
    size_t stop_at;
};

static bool take(void *arg, struct bytes key, const struct use *first)
{
    struct walked *walked = arg;

    (void)first;
    walked->numbers[walked->n++] = sequence_key_number(key);
    return walked->n < walked->stop_at;
}

static void sequences_are_walked_by_bank_and_number(void **state)
{
    static const struct {
        const char *bank;
        int64_t number;
    } rows[] = {
        {"210100000123", 256},       {"110000000999", 7},   {"210100000123", 2},
        {"210100000123", INT64_MAX}, {"210100000123", 255},
    };
    static const int64_t sorted[] = {7, 2, 255, 256, INT64_MAX};
    struct walked walked = {.stop_at = 8};
    struct use_book book;

    (void)state;
    use_book_init(&book);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t key[SEQUENCE_KEY_SIZE];

        sequence_key_make(rows[i].bank, rows[i].number, key);
        assert_null(add(&book, (struct bytes){.at = key, .n = sizeof(key)}, "A", (int64_t)i));
    }
    use_book_walk(&book, take, &walked);
    assert_int_equal(walked.n, 5);
    assert_memory_equal(walked.numbers, sorted, sizeof(sorted));
    walked = (struct walked){.stop_at = 2};
    use_book_walk(&book, take, &walked);
    assert_int_equal(walked.n, 2);
    use_book_fini(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_user_is_told_with_the_first),
        cmocka_unit_test(what_a_user_uses_again_is_told_once),
        cmocka_unit_test(keys_differ_by_every_byte_and_by_length),
        cmocka_unit_test(sequences_are_walked_by_bank_and_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
