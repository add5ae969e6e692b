#include "wire/sign.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/limits.h"
#include "wire/hash.h"

#define KEY_FILE_SIZE_MAX 4096
#define PREFIX_SIZE_MAX   (16 + LEDGER_ID_SIZE) /* domain with its NUL, ledger id */

struct signer {
    EVP_MD_CTX *context;
    uint8_t *buffer; /* prefix and message in one, as Ed25519 wants it */
    size_t size;
};

struct signing_key {
    EVP_PKEY *key;
};

enum status signer_open(struct signer **ret_signer, struct failure *err)
{
    struct signer *signer = calloc(1, sizeof(*signer));

    if (signer) {
        signer->size = PREFIX_SIZE_MAX + BULLETIN_SIZE_MAX;
        signer->buffer = malloc(signer->size);
        signer->context = EVP_MD_CTX_new();
    }
    if (!signer || !signer->buffer || !signer->context) {
        signer_close(signer);
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                           "cannot open a signer: out of memory");
    }
    *ret_signer = signer;
    return STATUS_OK;
}

void signer_close(struct signer *signer)
{
    if (!signer) {
        return;
    }
    EVP_MD_CTX_free(signer->context);
    free(signer->buffer);
    free(signer);
}

/* With the NUL that ends each. */
static size_t domain_text(enum sign_domain domain, const char **ret)
{
    switch (domain) {
    case SIGN_FILING:
        *ret = "filing.v1";
        break;
    case SIGN_BULLETIN:
        *ret = "bulletin.v1";
        break;
    case SIGN_CHECKPOINT:
        *ret = "checkpoint.v1";
        break;
    case SIGN_OPERATION:
        *ret = "operation.v1";
        break;
    case SIGN_EVIDENCE:
        *ret = "evidence.v1";
        break;
    }
    return strlen(*ret) + 1;
}

/* Put the message behind its prefix; its whole length, 0 when it is longer than any record. */
static size_t message_join(struct signer *signer, const struct signed_message *message)
{
    const char *domain = "";
    size_t n = domain_text(message->domain, &domain);

    assert(n + LEDGER_ID_SIZE <= PREFIX_SIZE_MAX);
    if (message->bytes.n > signer->size - n - LEDGER_ID_SIZE) {
        return 0;
    }
    memcpy(signer->buffer, domain, n);
    memcpy(signer->buffer + n, message->ledger_id, LEDGER_ID_SIZE);
    n += LEDGER_ID_SIZE;
    if (message->bytes.n > 0) {
        memcpy(signer->buffer + n, message->bytes.at, message->bytes.n);
    }
    return n + message->bytes.n;
}

bool signer_verify(struct signer *signer, const struct signed_message *message,
                   const uint8_t key[PUBLIC_KEY_SIZE], struct bytes signature)
{
    EVP_PKEY *public = NULL;
    size_t n = message_join(signer, message);
    bool right = false;

    if (n == 0 || signature.n != SIGNATURE_SIZE) {
        return false;
    }
    public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, PUBLIC_KEY_SIZE);
    if (!public) {
        return false;
    }
    right = EVP_DigestVerifyInit(signer->context, NULL, NULL, NULL, public) == 1 &&
            EVP_DigestVerify(signer->context, signature.at, signature.n, signer->buffer, n) == 1;
    (void)EVP_MD_CTX_reset(signer->context);
    EVP_PKEY_free(public);
    return right;
}

static enum status key_take(EVP_PKEY *pkey, struct signing_key **ret_key, struct failure *err)
{
    struct signing_key *key = pkey ? calloc(1, sizeof(*key)) : NULL;

    if (!key) {
        EVP_PKEY_free(pkey);
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot make a key: out of memory");
    }
    key->key = pkey;
    *ret_key = key;
    return STATUS_OK;
}

enum status signing_key_new(struct signing_key **ret_key, struct failure *err)
{
    return key_take(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), ret_key, err);
}

/* A key with a passphrase is not asked for one: programs here run unattended. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the library's callback type */
static int no_passphrase(char *out, int size, int writing, void *user)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static enum status key_parse(const char *path, const char *text, size_t n,
                             struct signing_key **ret_key, struct failure *err)
{
    BIO *bio = BIO_new_mem_buf(text, (int)n);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

    BIO_free(bio);
    if (!pkey || EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(pkey);
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                           "cannot use key file '%s': not an Ed25519 private key in PKCS#8 PEM",
                           path);
    }
    return key_take(pkey, ret_key, err);
}

static enum status key_file_check(const char *path, int fd, struct failure *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return failure_set(err, STATUS_IO, REMEDY_STOP, errno, "cannot look at key file '%s': %s",
                           path, strerrordesc_np(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                           "cannot use key file '%s': not a regular file", path);
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "cannot use key file '%s': others than its owner may use it "
                           "(mode %03o); chmod 600 it",
                           path, (unsigned int)(st.st_mode & 0777));
    }
    return STATUS_OK;
}

enum status signing_key_open(const char *path, struct signing_key **ret_key, struct failure *err)
{
    char text[KEY_FILE_SIZE_MAX];
    enum status status = STATUS_OK;
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        return failure_set(err, errno == ENOENT ? STATUS_NOTFOUND : STATUS_DENIED, REMEDY_STOP,
                           errno, "cannot open key file '%s': %s", path, strerrordesc_np(errno));
    }
    status = key_file_check(path, fd, err);
    if (status) {
        goto out;
    }
    n = read(fd, text, sizeof(text));
    if (n < 0) {
        status = failure_set(err, STATUS_IO, REMEDY_STOP, errno, "cannot read key file '%s': %s",
                             path, strerrordesc_np(errno));
        goto out;
    }
    status = key_parse(path, text, (size_t)n, ret_key, err);

out:
    OPENSSL_cleanse(text, sizeof(text));
    (void)close(fd);
    return status;
}

static bool write_whole(int fd, const char *at, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, at, n);

        if (done < 0 && errno != EINTR) {
            return false;
        }
        if (done > 0) {
            at += done;
            n -= (size_t)done;
        }
    }
    return fsync(fd) == 0;
}

enum status signing_key_write(const struct signing_key *key, const char *path, struct failure *err)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *text = NULL;
    long n = 0;
    int fd = -1;
    enum status status = STATUS_OK;

    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, key->key, NULL, NULL, 0, NULL, NULL) != 1) {
        status = failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot write a key as PEM");
        goto out;
    }
    n = BIO_get_mem_data(bio, &text);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        status = failure_set(err, errno == EEXIST ? STATUS_CONFLICT : STATUS_IO, REMEDY_STOP, errno,
                             "cannot write key file '%s': %s", path, strerrordesc_np(errno));
        goto out;
    }
    if (!write_whole(fd, text, (size_t)n)) {
        status = failure_set(err, STATUS_IO, REMEDY_STOP, errno, "cannot write key file '%s': %s",
                             path, strerrordesc_np(errno));
        (void)unlink(path);
    }

out:
    if (fd >= 0) {
        (void)close(fd);
    }
    BIO_free(bio);
    return status;
}

void signing_key_close(struct signing_key *key)
{
    if (!key) {
        return;
    }
    EVP_PKEY_free(key->key);
    free(key);
}

void signing_key_public(const struct signing_key *key, uint8_t out[PUBLIC_KEY_SIZE])
{
    size_t n = PUBLIC_KEY_SIZE;
    int ok = EVP_PKEY_get_raw_public_key(key->key, out, &n);

    assert(ok == 1);
    assert(n == PUBLIC_KEY_SIZE);
}

enum status signer_sign(struct signer *signer, const struct signing_key *key,
                        const struct signed_message *message, uint8_t out[SIGNATURE_SIZE],
                        struct failure *err)
{
    size_t n = message_join(signer, message);
    size_t out_n = SIGNATURE_SIZE;
    int ok = 0;

    if (n == 0) {
        return failure_set(err, STATUS_LIMIT, REMEDY_NONE, 0,
                           "cannot sign %zu bytes: longer than any record", message->bytes.n);
    }
    ok = EVP_DigestSignInit(signer->context, NULL, NULL, NULL, key->key) == 1 &&
         EVP_DigestSign(signer->context, out, &out_n, signer->buffer, n) == 1;
    (void)EVP_MD_CTX_reset(signer->context);
    if (!ok || out_n != SIGNATURE_SIZE) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot sign: the library failed");
    }
    return STATUS_OK;
}

size_t base64_encode(const uint8_t *at, size_t n, char *out)
{
    int done = 0;

    assert(n <= INT_MAX / 2);
    if (n > 0) {
        done = EVP_EncodeBlock((unsigned char *)out, at, (int)n);
    }
    out[done] = 0;
    return (size_t)done;
}

bool base64_decode(const char *text, size_t text_n, uint8_t *out, size_t n)
{
    uint8_t whole[BASE64_DECODED_MAX + 3];
    char again[BASE64_SIZE(BASE64_DECODED_MAX)];

    assert(n <= BASE64_DECODED_MAX);
    if (text_n != BASE64_SIZE(n) - 1 ||
        EVP_DecodeBlock(whole, (const unsigned char *)text, (int)text_n) < 0) {
        return false;
    }
    /* EVP_DecodeBlock passes over white space and does not look at padding: written back, only the
     * one right text is the same. */
    if (base64_encode(whole, n, again) != text_n || memcmp(again, text, text_n) != 0) {
        return false;
    }
    memcpy(out, whole, n);
    return true;
}
