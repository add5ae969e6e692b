/* sign.h - Ed25519: who says so (design, section 2).
 *
 * What is signed is a domain, the ledger id and the bytes, so that a signature for one use or one
 * ledger is none for another.  Verifying is pure on bytes and key: any number of threads may, each
 * with a signer of its own (it holds the one buffer that Ed25519 needs). */
#ifndef WIRE_SIGN_H
#define WIRE_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "form/reference.h"

#define SIGNATURE_SIZE 64

enum sign_domain { SIGN_FILING, SIGN_BULLETIN, SIGN_CHECKPOINT, SIGN_OPERATION, SIGN_EVIDENCE };

struct signed_message {
    enum sign_domain domain;
    const uint8_t *ledger_id; /* 16 bytes, borrowed */
    struct bytes bytes;       /* borrowed */
};

/* The scratch memory of one thread. */
struct signer;

/* ret_signer: gives; signer_close(). */
MUST_CHECK enum status signer_open(struct signer **ret_signer, struct failure *err);
void signer_close(struct signer *signer);

/* Is this the key's signature of the message?  A key or signature that is none is false. */
bool signer_verify(struct signer *signer, const struct signed_message *message,
                   const uint8_t key[PUBLIC_KEY_SIZE], struct bytes signature);

/* A private key. */
struct signing_key;

/* A new one.  ret_key: gives; signing_key_close(). */
MUST_CHECK enum status signing_key_new(struct signing_key **ret_key, struct failure *err);

/* From a PKCS#8 PEM file without passphrase.  STATUS_DENIED when the group or others may read it,
 * STATUS_NOTFOUND when there is none. */
MUST_CHECK enum status signing_key_open(const char *path, struct signing_key **ret_key,
                                        struct failure *err);

/* Write it as PKCS#8 PEM with mode 0600; a file that is there is left alone (STATUS_CONFLICT). */
MUST_CHECK enum status signing_key_write(const struct signing_key *key, const char *path,
                                         struct failure *err);
void signing_key_close(struct signing_key *key);

void signing_key_public(const struct signing_key *key, uint8_t out[PUBLIC_KEY_SIZE]);

MUST_CHECK enum status signer_sign(struct signer *signer, const struct signing_key *key,
                                   const struct signed_message *message,
                                   uint8_t out[SIGNATURE_SIZE], struct failure *err);

/* Base64 with padding, as in bank registers.  Encoding ends out with NUL and returns the length;
 * out has BASE64_SIZE(n) bytes. */
#define BASE64_SIZE(n) ((((n) + 2) / 3 * 4) + 1)
size_t base64_encode(const uint8_t *at, size_t n, char *out);

/* False when the text is not the base64 of exactly n bytes; n is at most BASE64_DECODED_MAX. */
#define BASE64_DECODED_MAX 256
bool base64_decode(const char *text, size_t text_n, uint8_t *out, size_t n);

#endif
