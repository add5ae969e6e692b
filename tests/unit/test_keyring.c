/* Which key signs for a bank, and what is said when none can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "producers/client/keyring.h"

#define BANK       "210100000123"
#define OTHER_BANK "210100000124"

struct fixture {
    char folder[64];
    struct keyring *keyring;
};

static const struct text bank = {.at = BANK, .n = 12};
static const struct text other_bank = {.at = OTHER_BANK, .n = 12};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char path[128];

    assert_non_null(f);
    *state = f;
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/test-keyring-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(path, sizeof(path), "%s/" BANK, f->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const files[] = {BANK "/k1.pem", BANK "/k2.pem", BANK "/notes.txt"};
    struct fixture *f = *state;
    char path[128];

    keyring_close(f->keyring);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", f->folder, files[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof(path), "%s/" BANK, f->folder);
    (void)rmdir(path);
    (void)rmdir(f->folder);
    free(f);
    return 0;
}

/* A new key in the bank's folder; its public half. */
static void write_key(const struct fixture *f, const char *key_id, uint8_t out[PUBLIC_KEY_SIZE])
{
    struct signing_key *key = NULL;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/" BANK "/%s.pem", f->folder, key_id);
    assert_int_equal(signing_key_new(&key, NULL), STATUS_OK);
    assert_int_equal(signing_key_write(key, path, NULL), STATUS_OK);
    signing_key_public(key, out);
    signing_key_close(key);
}

static void open_folder(struct fixture *f, const char *key_id)
{
    const struct keyring_conf conf = {.key_dir = f->folder, .key_id = key_id};

    assert_int_equal(keyring_open(&conf, &f->keyring, NULL), STATUS_OK);
}

static void expect_key(struct fixture *f, const char *key_id, const uint8_t want[PUBLIC_KEY_SIZE])
{
    struct keyring_key key;
    uint8_t got[PUBLIC_KEY_SIZE];

    assert_int_equal(keyring_find(f->keyring, bank, &key, NULL), STATUS_OK);
    assert_string_equal(key.key_id, key_id);
    signing_key_public(key.key, got);
    assert_memory_equal(got, want, PUBLIC_KEY_SIZE);
}

static void expect_none(struct fixture *f, struct text of, enum status want, const char *text)
{
    struct keyring_key key;
    struct failure err = {.status = STATUS_OK};

    assert_int_equal(keyring_find(f->keyring, of, &key, &err), want);
    if (!strstr(err.text, text)) {
        print_error("'%s' does not say '%s'\n", err.text, text);
    }
    assert_non_null(strstr(err.text, text));
}

static void the_only_key_of_a_bank_is_found(void **state)
{
    struct fixture *f = *state;
    uint8_t want[PUBLIC_KEY_SIZE];

    write_key(f, "k1", want);
    open_folder(f, NULL);
    expect_key(f, "k1", want);
    expect_key(f, "k1", want); /* and kept */
    expect_none(f, other_bank, STATUS_DENIED, OTHER_BANK);
}

static void of_several_keys_one_must_be_named(void **state)
{
    struct fixture *f = *state;
    uint8_t first[PUBLIC_KEY_SIZE];
    uint8_t second[PUBLIC_KEY_SIZE];

    write_key(f, "k1", first);
    write_key(f, "k2", second);
    open_folder(f, NULL);
    expect_none(f, bank, STATUS_USAGE, "--key-id");
    keyring_close(f->keyring);
    open_folder(f, "k2");
    expect_key(f, "k2", second);
    keyring_close(f->keyring);
    open_folder(f, "k3");
    expect_none(f, bank, STATUS_DENIED, "k3.pem");
}

static void other_files_are_no_keys(void **state)
{
    struct fixture *f = *state;
    char path[128];
    FILE *file = NULL;

    (void)snprintf(path, sizeof(path), "%s/" BANK "/notes.txt", f->folder);
    file = fopen(path, "we");
    assert_non_null(file);
    (void)fclose(file);
    open_folder(f, NULL);
    expect_none(f, bank, STATUS_DENIED, "no file *.pem");
}

static void a_key_that_others_may_read_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t want[PUBLIC_KEY_SIZE];
    char path[128];

    write_key(f, "k1", want);
    (void)snprintf(path, sizeof(path), "%s/" BANK "/k1.pem", f->folder);
    assert_int_equal(chmod(path, 0640), 0);
    open_folder(f, NULL);
    expect_none(f, bank, STATUS_DENIED, "k1.pem");
    assert_int_equal(chmod(path, 0600), 0);
    expect_key(f, "k1", want); /* a failure is not remembered */
}

static void one_key_file_serves_its_bank_alone(void **state)
{
    struct fixture *f = *state;
    uint8_t want[PUBLIC_KEY_SIZE];
    char path[128];
    struct keyring_conf conf = {.key_file = path, .key_id = "mine", .bank = BANK};

    write_key(f, "k1", want);
    (void)snprintf(path, sizeof(path), "%s/" BANK "/k1.pem", f->folder);
    assert_int_equal(keyring_open(&conf, &f->keyring, NULL), STATUS_OK);
    expect_key(f, "mine", want);
    expect_none(f, other_bank, STATUS_DENIED, "is of bank '" BANK "'");
    keyring_close(f->keyring);
    f->keyring = NULL;
    (void)strcat(path, ".not");
    assert_int_equal(keyring_open(&conf, &f->keyring, NULL), STATUS_DENIED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_only_key_of_a_bank_is_found),
        TEST(of_several_keys_one_must_be_named),
        TEST(other_files_are_no_keys),
        TEST(a_key_that_others_may_read_is_refused),
        TEST(one_key_file_serves_its_bank_alone),
    };

    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
