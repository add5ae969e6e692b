#include "producers/client/keyring.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define SUFFIX ".pem"

struct entry {
    char bank[BANK_SIZE + 1];
    char key_id[KEY_ID_SIZE];
    struct signing_key *key;
};

struct keyring {
    struct keyring_conf conf;
    size_t n;
    struct entry at[KEYRING_BANKS_MAX];
};

/* The length of the name before the suffix; 0 when it is no key's file. */
static size_t stem(const char *name)
{
    const size_t n = strlen(name);
    const size_t suffix_n = sizeof(SUFFIX) - 1;

    if (n <= suffix_n || n - suffix_n >= KEY_ID_SIZE || name[0] == '.' ||
        strcmp(name + n - suffix_n, SUFFIX) != 0) {
        return 0;
    }
    return n - suffix_n;
}

/* A key that is missing or open to others is a permission that is missing, whatever the file's
 * failure was. */
static enum status read_key(const char *path, const char *key_id, struct entry *entry,
                            struct failure *err)
{
    struct failure below = {.status = STATUS_OK};

    if (signing_key_open(path, &entry->key, &below) != STATUS_OK) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, below.os, "cannot sign: %s",
                           below.text);
    }
    (void)snprintf(entry->key_id, sizeof(entry->key_id), "%s", key_id);
    return STATUS_OK;
}

enum status keyring_open(const struct keyring_conf *conf, struct keyring **ret, struct failure *err)
{
    struct keyring *keyring = NULL;
    enum status status = STATUS_OK;

    assert(conf->key_dir || (conf->key_file && conf->bank && conf->key_id));
    keyring = calloc(1, sizeof(*keyring));
    if (!keyring) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "cannot keep keys: out of memory");
    }
    keyring->conf = *conf;
    if (conf->key_file) {
        struct entry *entry = &keyring->at[0];

        (void)snprintf(entry->bank, sizeof(entry->bank), "%s", conf->bank);
        status = read_key(conf->key_file, conf->key_id, entry, err);
        keyring->n = status == STATUS_OK ? 1 : 0;
    }
    if (status != STATUS_OK) {
        keyring_close(keyring);
        return status;
    }
    *ret = keyring;
    return STATUS_OK;
}

void keyring_close(struct keyring *keyring)
{
    if (!keyring) {
        return;
    }
    for (size_t i = 0; i < keyring->n; i++) {
        signing_key_close(keyring->at[i].key);
    }
    free(keyring);
}

/* The only key's id in a bank's folder. */
static enum status only_id(const char *folder, const char *bank, char out[KEY_ID_SIZE],
                           struct failure *err)
{
    DIR *dir = opendir(folder);
    const struct dirent *file = NULL;
    unsigned n = 0;

    if (!dir) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, errno,
                           "cannot sign for bank '%s': no keys in '%s': %s", bank, folder,
                           strerrordesc_np(errno));
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): safe for streams that are not shared. */
    while ((file = readdir(dir)) != NULL) {
        const size_t length = stem(file->d_name);

        if (length > 0) {
            memcpy(out, file->d_name, length); /* stem() is shorter than KEY_ID_SIZE */
            out[length] = '\0';
            n++;
        }
    }
    (void)closedir(dir);
    if (n == 0) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "cannot sign for bank '%s': no file *.pem in '%s'", bank, folder);
    }
    return n == 1 ? STATUS_OK
                  : failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                                "bank '%s' has %u keys in '%s': name one with --key-id", bank, n,
                                folder);
}

static enum status load(struct keyring *keyring, const char *bank, struct entry *entry,
                        struct failure *err)
{
    char folder[PATH_MAX];
    char path[PATH_MAX + KEY_ID_SIZE + sizeof(SUFFIX)];
    char key_id[KEY_ID_SIZE];
    enum status status = STATUS_OK;

    if (!keyring->conf.key_dir) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "cannot sign for bank '%s': the key given is of bank '%s'", bank,
                           keyring->conf.bank);
    }
    if (snprintf(folder, sizeof(folder), "%s/%s", keyring->conf.key_dir, bank) >=
        (int)sizeof(folder)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "the name of the key folder is too "
                           "long");
    }
    if (keyring->conf.key_id) {
        (void)snprintf(key_id, sizeof(key_id), "%s", keyring->conf.key_id);
    } else {
        status = only_id(folder, bank, key_id, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(path, sizeof(path), "%s/%s" SUFFIX, folder, key_id);
    (void)snprintf(entry->bank, sizeof(entry->bank), "%s", bank);
    return read_key(path, key_id, entry, err);
}

enum status keyring_find(struct keyring *keyring, struct text bank, struct keyring_key *ret,
                         struct failure *err)
{
    char name[BANK_SIZE + 1];
    size_t i = 0;

    assert(bank.n == BANK_SIZE);
    memcpy(name, bank.at, BANK_SIZE);
    name[BANK_SIZE] = '\0';
    while (i < keyring->n && strcmp(keyring->at[i].bank, name) != 0) {
        i++;
    }
    if (i == keyring->n) {
        enum status status = STATUS_OK;

        if (keyring->n == KEYRING_BANKS_MAX) {
            return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0,
                               "cannot sign for more than %d banks in one run", KEYRING_BANKS_MAX);
        }
        status = load(keyring, name, &keyring->at[i], err);
        if (status != STATUS_OK) {
            return status;
        }
        keyring->n++;
    }
    *ret = (struct keyring_key){.key = keyring->at[i].key, .key_id = keyring->at[i].key_id};
    return STATUS_OK;
}
