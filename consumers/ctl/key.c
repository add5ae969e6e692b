/* key new: an Ed25519 key in a file of its own, and what a register has to say about it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "consumers/ctl/ctl.h"
#include "form/date.h"
#include "wire/sign.h"

#define KEY_ID_MAX 32

/* As registers have it (rulebook F1). */
static bool key_id_valid(const char *id)
{
    const size_t n =
        strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return n > 0 && n <= KEY_ID_MAX && id[n] == '\0';
}

enum status key_new(struct ctl *ctl, struct failure *err)
{
    const char *path = ctl->common->arguments[0];
    uint8_t public_key[PUBLIC_KEY_SIZE];
    char base64[BASE64_SIZE(PUBLIC_KEY_SIZE)];
    char today[DATE_TEXT_SIZE];
    struct signing_key *key = NULL;
    enum status status;

    if (!key_id_valid(ctl->settings->id)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "a key id is 1 to %d of A-Za-z0-9._-, not '%s'", KEY_ID_MAX,
                           ctl->settings->id);
    }
    status = signing_key_new(&key, err);
    if (status == STATUS_OK) {
        status = signing_key_write(key, path, err);
    }
    if (status == STATUS_OK) {
        signing_key_public(key, public_key);
        (void)base64_encode(public_key, sizeof(public_key), base64);
        date_format(date_of_unix_ms_shanghai(clock_unix_ms()), today);
        (void)fprintf(ctl->out,
                      "{\"key_id\":\"%s\",\"public_key\":\"%s\",\"from\":\"%s\",\"to\":\"\"}\n",
                      ctl->settings->id, base64, today);
    } else if (status == STATUS_CONFLICT) {
        ctl->code = EXIT_FAILED; /* nothing is wrong with the installation */
    }
    signing_key_close(key);
    return status;
}
