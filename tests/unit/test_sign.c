/* A signature holds for its domain, ledger, bytes and key and for nothing else; key files are read
 * and written as PKCS#8 PEM that only the owner may read; base64 is strict. */
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
#include <openssl/evp.h>

#include "wire/hash.h"
#include "wire/sign.h"

struct fixture {
    struct signer *signer;
    struct signing_key *key;
    char folder[64];
    char path[96];
    uint8_t ledger_id[LEDGER_ID_SIZE];
    uint8_t public[PUBLIC_KEY_SIZE];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    if (!f || signer_open(&f->signer, NULL) || signing_key_new(&f->key, NULL)) {
        return -1;
    }
    strcpy(f->folder, "/tmp/test_sign.XXXXXX");
    if (!mkdtemp(f->folder)) {
        return -1;
    }
    (void)snprintf(f->path, sizeof(f->path), "%s/k1.pem", f->folder);
    memset(f->ledger_id, 7, sizeof(f->ledger_id));
    signing_key_public(f->key, f->public);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->path);
    (void)rmdir(f->folder);
    signing_key_close(f->key);
    signing_key_close(NULL);
    signer_close(f->signer);
    signer_close(NULL);
    free(f);
    return 0;
}

static const enum sign_domain domains[] = {SIGN_FILING, SIGN_BULLETIN, SIGN_CHECKPOINT,
                                           SIGN_OPERATION};
static const char *const prefixes[] = {"filing.v1", "bulletin.v1", "checkpoint.v1", "operation.v1"};

static void holds_for_one_domain_ledger_key_and_text(void **state)
{
    struct fixture *f = *state;
    uint8_t other_ledger[LEDGER_ID_SIZE] = {0};

    for (size_t i = 0; i < 4; i++) {
        struct signed_message m = {domains[i], f->ledger_id, bytes_of("filing bytes")};
        uint8_t signature[SIGNATURE_SIZE];
        struct bytes s = {.at = signature, .n = sizeof(signature)};

        assert_int_equal(signer_sign(f->signer, f->key, &m, signature, NULL), STATUS_OK);
        for (size_t k = 0; k < 4; k++) {
            m.domain = domains[k];
            assert_int_equal(signer_verify(f->signer, &m, f->public, s), i == k);
        }
        m.domain = domains[i];
        m.bytes = bytes_of("filing byteS");
        assert_false(signer_verify(f->signer, &m, f->public, s));
        m.bytes = bytes_of("filing bytes");
        m.ledger_id = other_ledger;
        assert_false(signer_verify(f->signer, &m, f->public, s));
        m.ledger_id = f->ledger_id;
        s.n--;
        assert_false(signer_verify(f->signer, &m, f->public, s));
        s.n++;
        for (size_t bit = 0; bit < 8 * sizeof(signature); bit++) {
            signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(signer_verify(f->signer, &m, f->public, s));
            signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        f->public[3] ^= 1;
        assert_false(signer_verify(f->signer, &m, f->public, s));
        f->public[3] ^= 1;
        assert_true(signer_verify(f->signer, &m, f->public, s));
    }
}

/* The library's own verification over the prefix put together by hand. */
static void signs_domain_nul_ledger_and_bytes(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 4; i++) {
        uint8_t whole[64];
        size_t n = strlen(prefixes[i]) + 1;
        struct signed_message m = {domains[i], f->ledger_id, bytes_of("x")};
        uint8_t a[SIGNATURE_SIZE];
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY *key =
            EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, f->public, PUBLIC_KEY_SIZE);

        memcpy(whole, prefixes[i], n);
        memcpy(whole + n, f->ledger_id, LEDGER_ID_SIZE);
        whole[n + LEDGER_ID_SIZE] = 'x';
        assert_int_equal(signer_sign(f->signer, f->key, &m, a, NULL), STATUS_OK);
        assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key), 1);
        assert_int_equal(EVP_DigestVerify(context, a, sizeof(a), whole, n + LEDGER_ID_SIZE + 1), 1);
        EVP_PKEY_free(key);
        EVP_MD_CTX_free(context);
    }
}

static void an_empty_message_can_be_signed(void **state)
{
    struct fixture *f = *state;
    struct signed_message m = {SIGN_FILING, f->ledger_id, {0}};
    uint8_t signature[SIGNATURE_SIZE];

    assert_int_equal(signer_sign(f->signer, f->key, &m, signature, NULL), STATUS_OK);
    assert_true(signer_verify(f->signer, &m, f->public,
                              (struct bytes){.at = signature, .n = sizeof(signature)}));
}

static void a_message_longer_than_any_record_is_refused(void **state)
{
    struct fixture *f = *state;
    static uint8_t big[1 << 20];
    struct signed_message m = {SIGN_FILING, f->ledger_id, {.at = big, .n = sizeof(big)}};
    uint8_t signature[SIGNATURE_SIZE] = {0};

    assert_int_equal(signer_sign(f->signer, f->key, &m, signature, NULL), STATUS_LIMIT);
    assert_false(signer_verify(f->signer, &m, f->public,
                               (struct bytes){.at = signature, .n = sizeof(signature)}));
}

static void a_key_file_is_the_owners_alone(void **state)
{
    struct fixture *f = *state;
    struct signing_key *read = NULL;
    struct stat st;
    struct failure err = {0};
    uint8_t public[PUBLIC_KEY_SIZE];

    assert_int_equal(signing_key_open(f->path, &read, &err), STATUS_NOTFOUND);
    assert_int_equal(signing_key_write(f->key, f->path, &err), STATUS_OK);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(signing_key_write(f->key, f->path, &err), STATUS_CONFLICT);
    assert_int_equal(signing_key_open(f->path, &read, &err), STATUS_OK);
    signing_key_public(read, public);
    assert_memory_equal(public, f->public, sizeof(public));
    signing_key_close(read);
    read = NULL;
    for (unsigned bit = 1; bit < 0100; bit <<= 1) {
        assert_int_equal(chmod(f->path, 0600 | bit), 0);
        assert_int_equal(signing_key_open(f->path, &read, &err), STATUS_DENIED);
        assert_non_null(strstr(err.text, "chmod 600"));
    }
    assert_null(read);
}

static void what_is_no_ed25519_key_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {"", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct signing_key *read = NULL;
        struct failure err = {0};
        FILE *file = fopen(f->path, "w");

        assert_non_null(file);
        assert_true(fputs(texts[i], file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(f->path, 0600), 0);
        assert_int_equal(signing_key_open(f->path, &read, &err), STATUS_INVALID);
        assert_null(read);
    }
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(mkdir(f->path, 0700), 0);
    {
        struct signing_key *read = NULL;

        assert_int_equal(signing_key_open(f->path, &read, NULL), STATUS_INVALID);
    }
    assert_int_equal(rmdir(f->path), 0);
}

static void base64_goes_both_ways_and_only_one(void **state)
{
    static const char *const wrong[] = {
        "Zm9v", "Zm8=\n", "Zm8", "Zm9=", "Z m8=", "Zm8 =", "Zm8==", "=m8=", "Zm-=", ""};
    uint8_t in[33];
    uint8_t out[33];
    char text[BASE64_SIZE(33)];

    (void)state;
    for (size_t n = 0; n <= sizeof(in); n++) {
        size_t length = 0;

        for (size_t i = 0; i < n; i++) {
            in[i] = (uint8_t)(i * 37 + n);
        }
        length = base64_encode(in, n, text);
        assert_int_equal(length, strlen(text));
        assert_true(base64_decode(text, length, out, n));
        assert_memory_equal(in, out, n);
        assert_false(base64_decode(text, length, out, n + 1) && n % 3 != 2);
    }
    assert_true(base64_decode("Zm8=", 4, out, 2));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(base64_decode(wrong[i], strlen(wrong[i]), out, 2));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(holds_for_one_domain_ledger_key_and_text, setup, teardown),
        cmocka_unit_test_setup_teardown(signs_domain_nul_ledger_and_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_message_can_be_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_longer_than_any_record_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_key_file_is_the_owners_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_ed25519_key_is_refused, setup, teardown),
        cmocka_unit_test(base64_goes_both_ways_and_only_one),
    };

    return cmocka_run_group_tests_name("sign", tests, NULL, NULL);
}
