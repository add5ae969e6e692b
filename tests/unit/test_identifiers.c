/* Identifiers.  A USCC is decided a second time here, from the two standards and by another way
 * than the module's; every change of one character of every valid code is compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "form/identifiers.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Fail and name the text whose answer was wrong. */
static void expect(bool right, const char *s)
{
    if (!right) {
        fail_msg("wrong about '%s'", s);
    }
}

static const char uscc_alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/* The rulebook's own, and more codes with letters at every kind of place. */
static const char *const uscc_rows[] = {
    "91110000600037341L", "914403001922038216", "91340600MA2PBP2120", "911522010783762860",
    "121200004013590816", "91152201078377449P", "9115220107837941X1", "91210100MA0FG1HX9H",
};

/* Position of c in the alphabet, 31 if it is not there. */
static int uscc_place(char c)
{
    const char *at = c == '\0' ? NULL : strchr(uscc_alphabet, c);

    return at ? (int)(at - uscc_alphabet) : 31;
}

/* GB 32100: the sum over all 18 characters, the last with weight 1, is 0 mod 31; by Horner, from
 * the far end, which needs no weights. */
static bool uscc_sum_is_right(const char *s)
{
    int sum = 0;

    for (size_t i = 17; i > 0; i--) {
        if (uscc_place(s[i - 1]) > 30) {
            return false;
        }
        sum = (sum * 3 + uscc_place(s[i - 1])) % 31;
    }
    return uscc_place(s[17]) < 31 && (sum + uscc_place(s[17])) % 31 == 0;
}

/* GB 11714: with the check character as 0 to 9 and X = 10, the whole sum is 0 mod 11. */
static bool organisation_sum_is_right(const char *s)
{
    static const int weights[] = {3, 7, 9, 10, 5, 8, 4, 2};
    static const char all[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    int sum = 0;

    for (size_t i = 0; i < 8; i++) {
        sum += (int)(strchr(all, s[i]) - all) * weights[i];
    }
    if (s[8] != 'X' && (s[8] < '0' || s[8] > '9')) {
        return false;
    }
    return (sum + (s[8] == 'X' ? 10 : s[8] - '0')) % 11 == 0;
}

static bool uscc_is_right(const char *s)
{
    return uscc_sum_is_right(s) && organisation_sum_is_right(s + 8);
}

/* Every other byte at every place: the weights are no multiples of 31, so none is valid. */
static void refuses_each_change_of_one(const char *code)
{
    char s[19];

    for (size_t i = 0; i < 18; i++) {
        for (int c = 0; c < 256; c++) {
            memcpy(s, code, sizeof(s));
            s[i] = (char)c;
            assert_int_equal(uscc_valid(s, 18), s[i] == code[i]);
        }
    }
    for (size_t i = 0; i + 1 < 18; i++) {
        memcpy(s, code, sizeof(s));
        s[i] = code[i + 1];
        s[i + 1] = code[i];
        assert_int_equal(uscc_valid(s, 18), code[i] == code[i + 1]);
    }
}

/* Give the code the last character that GB 32100 asks for. */
static void mend(char s[19])
{
    for (size_t last = 0; last < 31 && !uscc_sum_is_right(s); last++) {
        s[17] = uscc_alphabet[last];
    }
    assert_true(uscc_sum_is_right(s));
}

/* Change a character of the organisation code and mend the last one, so that GB 32100 holds: GB
 * 11714 alone decides then.  Counts in *refused those it refuses. */
static void leaves_the_rest_to_the_organisation_code(const char *code, int *refused)
{
    for (size_t i = 8; i < 17; i++) {
        for (size_t k = 0; k < 31; k++) {
            char s[19];

            memcpy(s, code, sizeof(s));
            s[i] = uscc_alphabet[k];
            mend(s);
            assert_int_equal(uscc_valid(s, 18), uscc_is_right(s));
            *refused += uscc_valid(s, 18) ? 0 : 1;
        }
    }
}

static void checks_both_digits_of_a_uscc(void **state)
{
    int refused = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(uscc_rows); i++) {
        assert_true(uscc_valid(uscc_rows[i], 18));
        assert_true(uscc_is_right(uscc_rows[i]));
        refuses_each_change_of_one(uscc_rows[i]);
        leaves_the_rest_to_the_organisation_code(uscc_rows[i], &refused);
    }
    assert_true(refused > 1000);
}

static void refuses_what_is_no_uscc(void **state)
{
    static const char *const broken[] = {
        "",
        "914403001922038217",  /* the rulebook's */
        "91340600ma2pbp2120",  /* lower case */
        "91440300192203821",   /* one short */
        "9144030019220382160", /* one long */
        "91I403001922038216",  /* a letter that is not in the alphabet */
        "000000000000000001",
        "------------------",
    };

    (void)state;
    for (size_t i = 0; i < ROWS(broken); i++) {
        assert_false(uscc_valid(broken[i], strlen(broken[i])));
    }
    assert_false(uscc_valid(NULL, 0));
}

static void takes_every_real_uscc(void **state)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the test has one thread */
    const char *folder = getenv("FILING_TEST_DATA");
    char line[256];
    int count = 0;

    (void)state;
    if (!folder) {
        skip();
    }
    (void)snprintf(line, sizeof(line), "%s/codes/uscc_valid.txt", folder);

    FILE *file = fopen(line, "r");

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (!uscc_valid(line, strlen(line))) {
            print_error("refused '%s'\n", line);
            count = -1;
            break;
        }
        count++;
    }
    (void)fclose(file);
    assert_true(count > 100);
}

static const struct {
    const char *s;
    bool valid;
} lei_rows[] = {
    {"5493001KJTIIGC8Y1R12", true},
    {"506700GE1G29325QX363", true},
    {"213800WSGIIZCXF1P572", true},
    {"HWUPKR0MPOU8FGXBT394", true},
    {"A1B2C3D4E5F6G7H8AZ23", true},
    {"HWUPKR0MPOU8FGXBT395", false},
    {"WHUPKR0MPOU8FGXBT394", false},
    {"hwupkr0mpou8fgxbt394", false},
    {"HWUPKR0MPOU8FGXBT39", false},
    {"HWUPKR0MPOU8FGXBT3944", false},
    {"HWUPKR0MPOU8FGXB-394", false},
    {"5493001KJTIIGC8Y1R1B", false}, /* mod 97 = 1, but the check digits are no digits */
    {"", false},
};

static void checks_an_lei(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(lei_rows); i++) {
        expect(lei_valid(lei_rows[i].s, strlen(lei_rows[i].s)) == lei_rows[i].valid, lei_rows[i].s);
    }
    /* Among the digits every error of one is found. */
    for (size_t i = 0; i < 20; i++) {
        for (int c = '0'; c <= '9'; c++) {
            char s[] = "HWUPKR0MPOU8FGXBT394";
            const bool same = s[i] == c;
            const bool digit = s[i] >= '0' && s[i] <= '9';

            s[i] = (char)c;
            expect(!digit || lei_valid(s, 20) == same, s);
        }
    }
}

static const struct {
    const char *s;
    bool valid;
} bic_rows[] = {
    {"DEUTDEFF", true},     {"DEUTDEFF500", true}, {"ICBKCNBJ", true},    {"NEDSZAJJXXX", true},
    {"AAAACN22", true},     {"DEUTXXFF", false}, /* no country */
    {"DEUTUKFF", false},    {"DEUTXKFF", false}, /* not of ISO 3166-1 */
    {"1EUTDEFF", false},    {"D3UTDEFF", false}, /* letters at 1 to 6 */
    {"DEUTD3FF", false},    {"deutdeff", false},   {"DEUTdeFF", false},   {"DEUTDEf1", false},
    {"DEUTDEF", false},     {"DEUTDEFF5", false},  {"DEUTDEFF50", false}, {"DEUTDEFF5000", false},
    {"DEUTDEFF5 0", false}, {"DEUTDEF-", false},   {"", false},
};

static void checks_a_bic(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(bic_rows); i++) {
        expect(bic_valid(bic_rows[i].s, strlen(bic_rows[i].s)) == bic_rows[i].valid, bic_rows[i].s);
    }
}

#define UUID "019a3f52-6c1e-7d40-9f6b-2f3a51c0d001"

static void checks_every_character_of_a_uuid(void **state)
{
    (void)state;
    assert_true(uuid_valid(UUID, 36));
    assert_false(uuid_valid(UUID, 35));
    assert_false(uuid_valid(UUID "0", 37));
    assert_false(uuid_valid("", 0));
    assert_true(uuid_valid("00000000-0000-0000-0000-000000000000", 36)); /* any version */
    for (size_t i = 0; i < 36; i++) {
        const bool dash = UUID[i] == '-';

        for (int c = 0; c < 256; c++) {
            char s[] = UUID;
            uint8_t packed[UUID_SIZE];
            const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

            s[i] = (char)c;
            assert_int_equal(uuid_valid(s, 36), dash ? c == '-' : hex);
            assert_int_equal(uuid_pack(s, packed), uuid_valid(s, 36));
        }
    }
}

static void packs_a_uuid_and_back(void **state)
{
    static const uint8_t want[UUID_SIZE] = {0x01, 0x9a, 0x3f, 0x52, 0x6c, 0x1e, 0x7d, 0x40,
                                            0x9f, 0x6b, 0x2f, 0x3a, 0x51, 0xc0, 0xd0, 0x01};
    uint8_t packed[UUID_SIZE];
    char s[UUID_TEXT_SIZE];

    (void)state;
    assert_true(uuid_pack(UUID, packed));
    assert_memory_equal(packed, want, UUID_SIZE);
    uuid_unpack(packed, s);
    assert_string_equal(s, UUID);
    for (int value = 0; value < 256; value++) {
        uint8_t again[UUID_SIZE] = {0};

        for (size_t i = 0; i < UUID_SIZE; i++) {
            packed[i] = (uint8_t)((size_t)value + i * 17);
        }
        uuid_unpack(packed, s);
        assert_true(uuid_valid(s, strlen(s)));
        assert_true(uuid_pack(s, again));
        assert_memory_equal(again, packed, UUID_SIZE);
    }
    memset(packed, 0x5A, sizeof(packed));
    assert_false(uuid_pack("019A3F52-6C1E-7D40-9F6B-2F3A51C0D001", packed));
    assert_int_equal(packed[0], 0x5A);
}

static const struct {
    bool (*valid)(const char *s, size_t n);
    const char *s;
    bool want;
} plain_rows[] = {
    {industry_valid, "A", true},
    {industry_valid, "T", true},
    {industry_valid, "C39", true},
    {industry_valid, "C391", true},
    {industry_valid, "D4414", true},
    {industry_valid, "", false},
    {industry_valid, "C3", false},
    {industry_valid, "U", false},
    {industry_valid, "U39", false},
    {industry_valid, "@39", false},
    {industry_valid, "c39", false},
    {industry_valid, "3939", false},
    {industry_valid, "C39141", false},
    {industry_valid, "C3A", false},
    {industry_valid, "C39 ", false},
    {registration_no_valid, "45210100", true},
    {registration_no_valid, "4521010020260411000145210100", true},
    {registration_no_valid, "ABCDEFGHZ0", true},
    {registration_no_valid, "4521010", false},
    {registration_no_valid, "45210100202604110001452101001", false},
    {registration_no_valid, "4521010a", false},
    {registration_no_valid, "4521-0100", false},
    {registration_no_valid, "", false},
    {bank_code_valid, "210100000123", true},
    {bank_code_valid, "21010000012", false},
    {bank_code_valid, "2101000001234", false},
    {bank_code_valid, "21010000012A", false},
    {bank_code_valid, "", false},
    {region_valid, "210100", true},
    {region_valid, "000000", true},
    {region_valid, "21010", false},
    {region_valid, "2101000", false},
    {region_valid, "2101 0", false},
    {region_valid, "", false},
};

static void checks_the_plain_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(plain_rows); i++) {
        const char *s = plain_rows[i].s;

        expect(plain_rows[i].valid(s, strlen(s)) == plain_rows[i].want, s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_both_digits_of_a_uscc),
        cmocka_unit_test(refuses_what_is_no_uscc),
        cmocka_unit_test(takes_every_real_uscc),
        cmocka_unit_test(checks_an_lei),
        cmocka_unit_test(checks_a_bic),
        cmocka_unit_test(checks_every_character_of_a_uuid),
        cmocka_unit_test(packs_a_uuid_and_back),
        cmocka_unit_test(checks_the_plain_codes),
    };

    return cmocka_run_group_tests_name("identifiers", tests, NULL, NULL);
}
