#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <ini.h>

#include "base/conf_private.h"

/* Whose sections a shared file may hold. */
static const char *const programs[] = {"filing-publish", "filing-gateway", "filing-worker",
                                       "filingctl", "filing-console"};

#define PROGRAMS_N   (sizeof(programs) / sizeof(programs[0]))
#define KEY_SIZE     128
#define KAFKA_PREFIX "kafka."

struct reading {
    struct conf *conf;
    const char *path; /* as long as conf */
    FILE *in;
    unsigned line;
    unsigned line_failed;   /* where failure comes from */
    struct failure failure; /* the first */
};

static struct conf_origin origin_of(const struct reading *r, const char *key)
{
    return (struct conf_origin){
        .source = CONF_IN_FILE, .spelling = key, .file = r->path, .line = r->line};
}

/* Keep the first failure only: inih goes on after it. */
static void refuse(struct reading *r, const char *why)
{
    const struct conf_origin origin = origin_of(r, NULL);

    if (r->failure.status == STATUS_OK) {
        (void)conf_refuse(&origin, &r->failure, "%s", why);
        r->line_failed = r->line;
    }
}

/* One line for inih; counts it and refuses what inih would take for two, or for the rest of one. */
static char *line_read(char *at, int size, void *stream)
{
    struct reading *r = stream;
    char *line = fgets(at, size, r->in);
    size_t n = 0;

    if (!line) {
        return NULL;
    }
    r->line++;
    n = strlen(line);
    if (n == 0 || (line[n - 1] != '\n' && !feof(r->in))) {
        refuse(r, "the line is too long or holds a NUL");
        return NULL;
    }
    n = strspn(line, " \t");
    if (n > 0 && line[n] != '\n' && line[n] != '\r' && line[n] != ';' && line[n] != '#') {
        refuse(r, "the line begins with a blank");
        return NULL;
    }
    return line;
}

/* The key in full; false when the section is another program's. */
static bool key_of(const struct conf_program *program, const char *section, const char *name,
                   char out[KEY_SIZE])
{
    const bool own = *section == '\0' || strcmp(section, program->name) == 0;

    for (size_t i = 0; !own && i < PROGRAMS_N; i++) {
        if (strcmp(section, programs[i]) == 0) {
            return false;
        }
    }
    (void)snprintf(out, KEY_SIZE, "%s%s%s", own ? "" : section, own ? "" : ".", name);
    return true;
}

static enum status set_key(struct reading *r, const char *key, const char *value)
{
    const struct conf_origin origin = origin_of(r, key);
    const size_t prefix_n = strlen(KAFKA_PREFIX);
    bool found = false;

    if (strncmp(key, KAFKA_PREFIX, prefix_n) == 0) {
        return conf_set_property(r->conf, &origin, key + prefix_n, value, &r->failure);
    }
    for (size_t i = 0; i < r->conf->settings_n; i++) {
        struct conf_setting *setting = &r->conf->settings[i];

        if (setting->row->key && strcmp(setting->row->key, key) == 0) {
            enum status status = conf_set(r->conf, setting, &origin, value, &r->failure);

            found = true;
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return found ? STATUS_OK : conf_refuse(&origin, &r->failure, "no such key");
}

/* inih's handler: 1 = go on. */
static int entry(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    char key[KEY_SIZE];
    const char *kept_key = NULL;
    const char *kept_value = NULL;

    if (r->failure.status != STATUS_OK) {
        return 0;
    }
    if (!key_of(r->conf->program, section, name, key)) {
        return 1;
    }
    kept_key = conf_keep(r->conf, key);
    kept_value = conf_keep(r->conf, value);
    if (!kept_key || !kept_value) {
        (void)failure_set(&r->failure, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        r->line_failed = r->line;
        return 0;
    }
    if (set_key(r, kept_key, kept_value) != STATUS_OK) {
        r->line_failed = r->line;
        return 0;
    }
    return 1;
}

enum status conf_file_read(struct conf *conf, const char *path, struct failure *err)
{
    struct reading r = {.conf = conf, .path = path};
    int rc = 0;

    r.in = fopen(path, "re");
    if (!r.in) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, errno,
                           "cannot open configuration '%s': %s", path, strerrordesc_np(errno));
    }
    rc = ini_parse_stream(line_read, &r, entry, &r);
    if (rc == 0 && ferror(r.in)) {
        (void)failure_set(&r.failure, STATUS_CONFLICT, REMEDY_STOP, errno,
                          "cannot read configuration '%s'", path);
    }
    (void)fclose(r.in);
    /* A handler that refuses ends nothing, so rc may be a line of bad form before or after it. */
    if (rc > 0 && (r.failure.status == STATUS_OK || (unsigned)rc < r.line_failed)) {
        r.line = (unsigned)rc;
        r.failure.status = STATUS_OK;
        refuse(&r, "the line is neither 'key = value' nor '[section]'");
    }
    if (r.failure.status != STATUS_OK && err) {
        *err = r.failure;
    }
    return r.failure.status;
}
