#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/conf_private.h"

/* The command line as it is walked. */
struct walk {
    struct conf *conf;
    int argc;
    char **argv;
    int at;          /* the next argument */
    bool only_plain; /* after "--" */
    struct failure *err;
};

static enum status usage(const struct walk *w, const char *text, const char *what)
{
    return failure_set(w->err, STATUS_USAGE, REMEDY_STOP, 0, "%s '%s'", text, what);
}

/* The value of an option that needs one: after '=', behind its letter, or the next argument. */
static const char *value_take(struct walk *w, const char *attached)
{
    if (attached) {
        return attached;
    }
    return w->at < w->argc ? w->argv[w->at++] : NULL;
}

/* A setting by its option's name or by its letter. */
static struct conf_setting *setting_find(struct conf *conf, const char *name, size_t n, char letter)
{
    for (size_t i = 0; i < conf->settings_n; i++) {
        struct conf_setting *s = &conf->settings[i];
        const char *option = s->row->option;

        if (!conf_is_active(conf, s)) {
            continue;
        }
        if (name && option && strlen(option) == n && strncmp(option, name, n) == 0) {
            return s;
        }
        if (!name && s->row->letter == letter) {
            return s;
        }
    }
    return NULL;
}

static enum status set_option(struct walk *w, struct conf_setting *setting, const char *spelling,
                              const char *attached)
{
    const struct conf_option *row = setting->row;
    const struct conf_origin origin = {.source = CONF_ON_LINE, .spelling = spelling};
    const char *value = attached;

    if (row->type == CONF_SWITCH) {
        value = attached ? attached : "on";
    } else if ((row->flags & CONF_BARE) != 0) {
        value = attached ? attached : row->bare;
    } else {
        value = value_take(w, attached);
    }
    if (!value) {
        return usage(w, "a value is missing after", spelling);
    }
    return conf_set(w->conf, setting, &origin, value, w->err);
}

static enum status set_property(struct walk *w, const char *attached)
{
    const struct conf_origin origin = {.source = CONF_ON_LINE, .spelling = "-X"};
    const char *given = value_take(w, attached);
    const char *equals = given ? strchr(given, '=') : NULL;
    char *name = NULL;

    if (!given) {
        return usage(w, "a value is missing after", "-X");
    }
    if (!equals || equals == given) {
        return usage(w, "-X wants property=value, not", given);
    }
    name = conf_keep(w->conf, given);
    if (!name) {
        return failure_set(w->err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    name[equals - given] = '\0';
    return conf_set_property(w->conf, &origin, name, name + (equals - given) + 1, w->err);
}

/* --help, --version, --print-config and --config stand in no table: they are about the table. */
static bool set_built_in(struct walk *w, const char *name, size_t n, const char *attached,
                         enum status *ret_status)
{
    struct conf *conf = w->conf;
    bool *const wants[] = {&conf->wants_help, &conf->wants_version, &conf->wants_print};
    static const char *const names[] = {"help", "version", "print-config"};

    *ret_status = STATUS_OK;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == n && strncmp(names[i], name, n) == 0) {
            *wants[i] = !attached;
            if (attached) {
                *ret_status = usage(w, "no value belongs to", names[i]);
            }
            return true;
        }
    }
    if (n != strlen("config") || strncmp(name, "config", n) != 0) {
        return false;
    }
    if (conf->file) {
        *ret_status = usage(w, "given twice:", "--config");
        return true;
    }
    conf->file = value_take(w, attached);
    if (!conf->file) {
        *ret_status = usage(w, "a value is missing after", "--config");
    }
    return true;
}

/* "--name", "--name=value". */
static enum status long_read(struct walk *w, const char *argument)
{
    const char *name = argument + 2;
    const char *equals = strchr(name, '=');
    const size_t n = equals ? (size_t)(equals - name) : strlen(name);
    const char *attached = equals ? equals + 1 : NULL;
    struct conf_setting *setting = NULL;
    char *spelling = NULL;
    enum status status = STATUS_OK;

    if (set_built_in(w, name, n, attached, &status)) {
        return status;
    }
    setting = setting_find(w->conf, name, n, '\0');
    if (!setting) {
        return usage(w, "no such option:", argument);
    }
    spelling = conf_keep(w->conf, argument);
    if (!spelling) {
        return failure_set(w->err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    spelling[n + 2] = '\0';
    return set_option(w, setting, spelling, attached);
}

/* "-o value", "-ovalue". */
static enum status short_read(struct walk *w, const char *argument)
{
    const char *attached = argument[2] ? argument + 2 : NULL;
    struct conf_setting *setting = NULL;

    if (argument[1] == 'X') {
        return set_property(w, attached);
    }
    if (strcmp(argument, "-h") == 0) {
        w->conf->wants_help = true;
        return STATUS_OK;
    }
    setting = setting_find(w->conf, NULL, 0, argument[1]);
    if (!setting) {
        return usage(w, "no such option:", argument);
    }
    return set_option(w, setting, argument, attached);
}

/* Does the verb's name stand at argv[at], in one or two arguments?  How many, or 0. */
static int verb_match(const char *name, int argc, char *const *argv, int at)
{
    const char *blank = strchr(name, ' ');
    const size_t n = blank ? (size_t)(blank - name) : strlen(name);

    if (strlen(argv[at]) != n || strncmp(argv[at], name, n) != 0) {
        return 0;
    }
    if (!blank) {
        return 1;
    }
    return at + 1 < argc && strcmp(argv[at + 1], blank + 1) == 0 ? 2 : 0;
}

/* Take the verb at w->at - 1: the longer name when both match. */
static enum status verb_read(struct walk *w)
{
    const struct conf_program *program = w->conf->program;
    const int at = w->at - 1;
    int longest = 0;

    for (size_t i = 0; i < program->verbs_n; i++) {
        const int n = verb_match(program->verbs[i].name, w->argc, w->argv, at);

        if (n > longest) {
            longest = n;
            w->conf->common.verb = &program->verbs[i];
        }
    }
    w->at = at + (longest > 0 ? longest : 1);
    return longest > 0 ? STATUS_OK : usage(w, "no such command:", w->argv[at]);
}

static enum status argument_read(struct walk *w)
{
    struct conf *conf = w->conf;
    const char *argument = w->argv[w->at++];

    if (!w->only_plain && strcmp(argument, "--") == 0) {
        w->only_plain = true;
        return STATUS_OK;
    }
    if (!w->only_plain && strncmp(argument, "--", 2) == 0) {
        return long_read(w, argument);
    }
    if (!w->only_plain && argument[0] == '-' && argument[1] != '\0') {
        return short_read(w, argument);
    }
    if (conf->program->verbs_n > 0 && !conf->common.verb) {
        return verb_read(w);
    }
    conf->arguments[conf->common.arguments_n++] = argument;
    return STATUS_OK;
}

/* As many arguments as the verb wants, and what it cannot do without. */
static enum status check_complete(struct walk *w)
{
    const struct conf *conf = w->conf;
    const struct conf_verb *verb = conf->common.verb;
    const int n = (int)conf->common.arguments_n;
    const int min = verb ? verb->arguments_min : conf->program->arguments_min;
    const int max = verb ? verb->arguments_max : conf->program->arguments_max;

    if (conf->program->verbs_n > 0 && !verb) {
        return failure_set(w->err, STATUS_USAGE, REMEDY_STOP, 0, "a command is missing");
    }
    if (n < min) {
        return failure_set(w->err, STATUS_USAGE, REMEDY_STOP, 0, "an argument is missing: %s",
                           verb ? verb->arguments : conf->program->arguments);
    }
    if (max >= 0 && n > max) {
        return usage(w, "one argument too many:", conf->arguments[max]);
    }
    return STATUS_OK;
}

/* Who asks for help has often written something wrong before it. */
static bool help_follows(const struct walk *w)
{
    for (int i = w->at; i < w->argc; i++) {
        if (strcmp(w->argv[i], "--help") == 0 || strcmp(w->argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

enum status conf_line_read(struct conf *conf, int argc, char **argv, struct failure *err)
{
    struct walk w = {.conf = conf, .argc = argc, .argv = argv, .at = 1, .err = err};

    while (w.at < argc) {
        enum status status = argument_read(&w);

        conf->wants_help = conf->wants_help || (status != STATUS_OK && help_follows(&w));
        if (status != STATUS_OK && !conf->wants_help) {
            return status;
        }
    }
    if (conf->wants_help || conf->wants_version || conf->wants_print) {
        return STATUS_OK;
    }
    return check_complete(&w);
}
