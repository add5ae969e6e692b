#include "base/conf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/conf_private.h"
#include "base/file.h"

#define PASSWORD_MAX   4096
#define PASSWORD_START "file:"

static const char *const output_words[] =
    {[CONF_TABLE] = "table", [CONF_JSON] = "json", [CONF_CSV] = "csv", NULL};

const struct conf_option conf_builtin[] = {
    {.key = "bootstrap_server",
     .option = "bootstrap-server",
     .type = CONF_STRING,
     .offset = offsetof(struct conf_common, bootstrap_server),
     .min = 1,
     .preset = "127.0.0.1:9092",
     .meta = "HOST:PORT",
     .help = "the Kafka brokers to ask first, with commas between"},
    {.key = "store",
     .option = "store",
     .type = CONF_STRING,
     .offset = offsetof(struct conf_common, store),
     .min = 1,
     .preset = "sqlite:filings.db",
     .meta = "STORE",
     .help = "the database: sqlite:FILE or postgresql://..."},
    {.key = "prefix",
     .option = "prefix",
     .type = CONF_STRING,
     .offset = offsetof(struct conf_common, prefix),
     .max = 200,
     .preset = "",
     .meta = "TEXT",
     .help = "what stands before the name of every topic, group and transactional id"},
    {.key = "output",
     .option = "output",
     .letter = 'o',
     .type = CONF_CHOICE,
     .offset = offsetof(struct conf_common, output),
     .preset = "table",
     .words = output_words,
     .help = "how results are written"},
};
const size_t conf_builtin_n = sizeof(conf_builtin) / sizeof(conf_builtin[0]);
_Static_assert(sizeof(enum conf_output) == sizeof(int), "a choice is stored as an int");

char *conf_keep(struct conf *conf, const char *text)
{
    const size_t n = strlen(text) + 1;
    struct conf_string *string = malloc(sizeof(*string) + n);

    if (!string) {
        return NULL;
    }
    memcpy(string->text, text, n);
    string->next = conf->strings;
    conf->strings = string;
    return string->text;
}

bool conf_is_active(const struct conf *conf, const struct conf_setting *setting)
{
    return !setting->verb || setting->verb == conf->common.verb;
}

enum status conf_refuse(const struct conf_origin *origin, struct failure *err, const char *fmt, ...)
{
    char why[CONF_WHY_SIZE];
    const bool in_file = origin->source == CONF_IN_FILE;
    const char *spelling = origin->spelling ? origin->spelling : "";
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    if (in_file) {
        return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0, "%s:%u: %s%s%s", origin->file,
                           origin->line, spelling, *spelling ? ": " : "", why);
    }
    return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "%s: %s", spelling, why);
}

/* May this origin still give it?  The line is read before the file and stays above it. */
static bool is_second(const struct conf_setting *setting, const struct conf_origin *origin)
{
    return origin->source == CONF_IN_FILE ? setting->in_file : setting->source == CONF_ON_LINE;
}

static void setting_note(struct conf_setting *setting, const struct conf_origin *origin,
                         const char *text)
{
    setting->in_file = setting->in_file || origin->source == CONF_IN_FILE;
    if (origin->source >= setting->source) {
        setting->source = origin->source;
        setting->text = text;
        setting->file = origin->file;
        setting->line = origin->line;
    }
}

enum status conf_set(struct conf *conf, struct conf_setting *setting,
                     const struct conf_origin *origin, const char *text, struct failure *err)
{
    const struct conf_option *row = setting->row;
    const bool stored = conf_is_active(conf, setting) && origin->source >= setting->source;
    char why[CONF_WHY_SIZE];

    if (row->type != CONF_LIST && is_second(setting, origin)) {
        return conf_refuse(origin, err, "it is given twice");
    }
    /* What has no default is printed with an empty value when it is not set. */
    if (origin->source == CONF_IN_FILE && *text == '\0' && !row->preset) {
        setting->in_file = true;
        return STATUS_OK;
    }
    if (!conf_value_store(row, stored ? setting->base : NULL, text, why)) {
        return conf_refuse(origin, err, "'%s': %s", text, why);
    }
    setting_note(setting, origin, text);
    return STATUS_OK;
}

/* Properties whose value nobody may see in a file that is printed or in a list of processes. */
static bool is_secret(const char *name)
{
    static const char *const names[] = {"sasl.password", "ssl.key.password", "ssl.key.pem",
                                        "ssl.keystore.password", "sasl.oauthbearer.client.secret"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The content of file:PATH without its last line feed. */
static enum status password_read(struct conf *conf, const char *value, const char **ret,
                                 struct failure *err)
{
    const char *path = value + strlen(PASSWORD_START);
    struct buffer content;
    enum status status = file_check_private(path, err);

    buffer_init(&content, PASSWORD_MAX);
    if (status == STATUS_OK) {
        status = file_read(path, &content, err);
    }
    if (status == STATUS_OK) {
        if (content.n > 0 && content.at[content.n - 1] == '\n') {
            content.at[content.n - 1] = '\0';
        }
        *ret = conf_keep(conf, buffer_cstr(&content));
        if (!*ret) {
            status = failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        }
    }
    buffer_fini(&content);
    return status;
}

/* The place of the property, new at the end; CONF_PROPERTIES_MAX: there is no room. */
static size_t property_find(struct conf *conf, const char *name)
{
    size_t i = 0;

    while (i < conf->common.properties_n && strcmp(conf->properties[i].name, name) != 0) {
        i++;
    }
    return i;
}

enum status conf_set_property(struct conf *conf, const struct conf_origin *origin, const char *name,
                              const char *value, struct failure *err)
{
    const size_t at = property_find(conf, name);
    const char *used = value;
    enum status status = STATUS_OK;

    if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._")] != '\0') {
        return conf_refuse(origin, err, "'%s' is no property of librdkafka", name);
    }
    if (at == CONF_PROPERTIES_MAX) {
        return conf_refuse(origin, err, "more than %d properties", CONF_PROPERTIES_MAX);
    }
    if (is_second(&conf->property_settings[at], origin)) {
        return conf_refuse(origin, err, "'%s' is given twice", name);
    }
    if (is_secret(name)) {
        if (strncmp(value, PASSWORD_START, strlen(PASSWORD_START)) != 0) {
            return conf_refuse(origin, err, "'%s' is secret: give file:PATH", name);
        }
        status = password_read(conf, value, &used, err);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (origin->source >= conf->property_settings[at].source) {
        conf->properties[at] = (struct conf_property){.name = name, .value = used};
    }
    setting_note(&conf->property_settings[at], origin, value);
    if (at == conf->common.properties_n) {
        conf->common.properties_n++;
    }
    return STATUS_OK;
}

/* Settings of a table, all of one struct. */
static void settings_add(struct conf *conf, const struct conf_option *rows, size_t n, void *base,
                         const struct conf_verb *verb)
{
    for (size_t i = 0; i < n; i++) {
        conf->settings[conf->settings_n++] =
            (struct conf_setting){.row = &rows[i], .verb = verb, .base = base};
    }
}

static enum status settings_open(struct conf *conf, void *target, struct failure *err)
{
    const struct conf_program *p = conf->program;
    const size_t builtin_n = p->has_output ? conf_builtin_n : conf_builtin_n - 1;
    size_t n = builtin_n + p->options_n;

    for (size_t i = 0; i < p->verbs_n; i++) {
        n += p->verbs[i].options_n;
    }
    conf->settings = calloc(n, sizeof(*conf->settings));
    if (!conf->settings) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    settings_add(conf, conf_builtin, builtin_n, &conf->common, NULL);
    settings_add(conf, p->options, p->options_n, target, NULL);
    for (size_t i = 0; i < p->verbs_n; i++) {
        settings_add(conf, p->verbs[i].options, p->verbs[i].options_n, target, &p->verbs[i]);
    }
    return STATUS_OK;
}

/* Defaults of what no source gave; then what cannot be left out. */
static enum status settings_complete(struct conf *conf, struct failure *err)
{
    char why[CONF_WHY_SIZE];

    for (size_t i = 0; i < conf->settings_n; i++) {
        struct conf_setting *s = &conf->settings[i];
        bool fits = true;

        if (s->source != CONF_UNSET || !conf_is_active(conf, s)) {
            continue;
        }
        if (s->row->preset) {
            fits = conf_value_store(s->row, s->base, s->row->preset, why);
            assert(fits); /* a default within its own bounds */
            s->source = CONF_PRESET;
            s->text = s->row->preset;
        } else if ((s->row->flags & CONF_REQUIRED) != 0 && !conf->wants_print) {
            return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "%s%s is missing",
                               s->row->option ? "--" : "",
                               s->row->option ? s->row->option : s->row->key);
        }
    }
    return STATUS_OK;
}

/* The file below the command line: what the line gave stays. */
static enum status sources_read(struct conf *conf, const struct conf_input *input,
                                struct failure *err)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in the process sets the environment */
    const char *environment = getenv("FILING_CONFIG");
    const char *path = NULL;
    enum status status = conf_line_read(conf, input->argc, input->argv, err);

    if (status != STATUS_OK || conf->wants_help || conf->wants_version) {
        return status;
    }
    path = conf->file ? conf->file : environment;
    if (path && *path) {
        status = conf_file_read(conf, path, err);
    }
    return status == STATUS_OK ? settings_complete(conf, err) : status;
}

static void answer(struct conf *conf, FILE *out)
{
    if (conf->wants_help) {
        conf_help(conf->program, conf->common.verb, out);
    } else if (conf->wants_version) {
        (void)fprintf(out, "%s %s\n", conf->program->name, conf->program->version);
    } else if (conf->wants_print) {
        conf_print(conf, out);
    }
    conf->common.done = conf->wants_help || conf->wants_version || conf->wants_print;
}

enum status conf_open(const struct conf_input *input, void *target, struct conf **ret,
                      struct failure *err)
{
    struct conf *conf = calloc(1, sizeof(*conf));
    enum status status = STATUS_OK;

    assert(input->argc >= 0);
    if (!conf) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    conf->program = input->program;
    conf->common.properties = conf->properties;
    conf->arguments = calloc((size_t)input->argc + 1, sizeof(*conf->arguments));
    conf->common.arguments = conf->arguments;
    status = conf->arguments ? settings_open(conf, target, err)
                             : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    if (status == STATUS_OK) {
        status = sources_read(conf, input, err);
    }
    if (status == STATUS_OK) {
        answer(conf, input->out);
        *ret = conf;
        conf = NULL; /* given to the caller */
    }
    conf_close(conf);
    return status;
}

void conf_close(struct conf *conf)
{
    struct conf_string *next = NULL;

    if (!conf) {
        return;
    }
    for (struct conf_string *s = conf->strings; s; s = next) {
        next = s->next;
        free(s);
    }
    free(conf->arguments);
    free(conf->settings);
    free(conf);
}

const struct conf_common *conf_common(const struct conf *conf) { return &conf->common; }
