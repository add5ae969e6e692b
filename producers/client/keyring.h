/* keyring.h - the private keys of banks, found by bank.
 *
 * A folder holds <bank>/<key_id>.pem (PKCS#8 Ed25519, mode 0600); a key is read when its bank is
 * first met and kept.  The id of a key is the name of its file without ".pem". */
#ifndef CLIENT_KEYRING_H
#define CLIENT_KEYRING_H

#include "base/status.h"
#include "form/filing.h"
#include "wire/sign.h"

#define KEYRING_BANKS_MAX 1024 /* one file rarely carries more than one bank */
#define KEY_ID_SIZE       129  /* with NUL: rulebook F1, other texts */

struct keyring;

struct keyring_conf {
    const char *key_dir; /* keeps; NULL: key_file */
    const char *key_id;  /* keeps; NULL: the only one that the bank has in key_dir */
    /* One key of one bank, instead of a folder; keeps. */
    const char *key_file;
    const char *bank;
};

/* The key of key_file is read at once.  ret: gives; keyring_close(). */
MUST_CHECK enum status keyring_open(const struct keyring_conf *conf, struct keyring **ret,
                                    struct failure *err);
void keyring_close(struct keyring *keyring);

struct keyring_key {
    const struct signing_key *key;
    const char *key_id;
};

/* bank is 12 digits.  STATUS_DENIED: it has no key here, or one that others may read; STATUS_USAGE:
 * it has several and key_id says not which.  What is in *ret lives as long as the keyring. */
MUST_CHECK enum status keyring_find(struct keyring *keyring, struct text bank,
                                    struct keyring_key *ret, struct failure *err);

#endif
