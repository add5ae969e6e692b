#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/conf_private.h"
#include "base/exit.h"

#define WIDTH         80
#define TEXT_COLUMN   26 /* of what options are for */
#define NAME_SIZE     64
#define DETAILS_SIZE  512
#define COMMENT_WIDTH 150 /* a comment of --print-config, well below CONF_LINE_MAX */

/* Words of text from column on, wrapped and indented by indent; ends the line. */
static void wrap(FILE *out, size_t column, size_t indent, const char *text)
{
    bool first = true;

    while (*text) {
        const size_t n = strcspn(text, " \n");

        if (!first && column + 1 + n > WIDTH) {
            (void)fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            (void)fputc(' ', out);
            column++;
        }
        (void)fprintf(out, "%.*s", (int)n, text);
        column += n;
        first = false;
        text += n;
        if (strncmp(text, "\n\n", 2) == 0) {
            (void)fprintf(out, "\n\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        text += strspn(text, " \n");
    }
    (void)fputc('\n', out);
}

static void paragraph(FILE *out, const char *text)
{
    (void)fputs("\n  ", out);
    wrap(out, 2, 2, text);
}

/* A name in the left column and its text in the right one. */
static void entry(FILE *out, const char *name, const char *text)
{
    const size_t n = strlen(name) + 2;

    (void)fprintf(out, "  %s", name);
    if (n + 2 > TEXT_COLUMN) {
        (void)fprintf(out, "\n%*s", TEXT_COLUMN, "");
    } else {
        (void)fprintf(out, "%*s", (int)(TEXT_COLUMN - n), "");
    }
    wrap(out, TEXT_COLUMN, TEXT_COLUMN, text);
}

/* What stands for the value: its own word, or one by type. */
static const char *meta_of(const struct conf_option *row)
{
    static const char *const metas[] = {
        [CONF_STRING] = "TEXT", [CONF_FILE] = "FILE", [CONF_INT] = "NUMBER", [CONF_SIZE] = "SIZE",
        [CONF_BOOL] = "on|off", [CONF_SWITCH] = "",   [CONF_CHOICE] = "",    [CONF_LIST] = "FILE",
    };

    return row->meta ? row->meta : metas[row->type];
}

/* What fits of text after what is in out. */
static void append(char *out, size_t size, const char *text)
{
    size_t n = strlen(out);

    for (; *text && n + 1 < size; text++) {
        out[n++] = *text;
    }
    out[n] = '\0';
}

/* "table|json|csv". */
static void words_join(char *out, size_t size, const char *const *words)
{
    out[0] = '\0';
    for (size_t i = 0; words[i]; i++) {
        append(out, size, i > 0 ? "|" : "");
        append(out, size, words[i]);
    }
}

/* "-o, --output=table|json|csv". */
static void option_name(const struct conf_option *row, char out[NAME_SIZE])
{
    char words[NAME_SIZE] = "";
    const char *meta = meta_of(row);
    char letter[] = "    ";

    if (row->type == CONF_CHOICE && !row->meta) {
        words_join(words, sizeof(words), row->words);
        meta = words;
    }
    if (row->letter) {
        letter[0] = '-';
        letter[1] = row->letter;
        letter[2] = ',';
    }
    if ((row->flags & CONF_BARE) != 0) {
        (void)snprintf(out, NAME_SIZE, "%.4s--%.30s[=%.20s]", letter, row->option, meta);
    } else {
        (void)snprintf(out, NAME_SIZE, "%.4s--%.30s%s%.24s", letter, row->option, *meta ? " " : "",
                       meta);
    }
}

/* A detail: a, b and c one after the other. */
static void detail(char out[DETAILS_SIZE], const char *a, const char *b, const char *c)
{
    append(out, DETAILS_SIZE, a);
    append(out, DETAILS_SIZE, b);
    append(out, DETAILS_SIZE, c);
}

/* What it is for, with unit, default and, beside an option, the key of the file. */
static void option_details(const struct conf_option *row, char out[DETAILS_SIZE])
{
    const bool has_default = row->preset && *row->preset && row->type != CONF_SWITCH;

    out[0] = '\0';
    append(out, DETAILS_SIZE, row->help);
    if (row->unit) {
        detail(out, ", in ", row->unit, "");
    }
    if (row->type == CONF_LIST) {
        detail(out, "; may be repeated", "", "");
    }
    if ((row->flags & CONF_REQUIRED) != 0) {
        detail(out, " (required)", "", "");
    }
    if ((row->flags & CONF_BARE) != 0) {
        detail(out, "; alone it means ", row->bare, "");
    }
    if (has_default) {
        detail(out, " [default: ", row->preset, "]");
    }
    if (row->option && row->key && strcmp(row->key, row->option) != 0) {
        detail(out, " [in the file: ", row->key, "]");
    }
}

static bool any(const struct conf_option *rows, size_t n, bool on_line)
{
    for (size_t i = 0; i < n; i++) {
        if ((rows[i].option != NULL) == on_line) {
            return true;
        }
    }
    return false;
}

/* Those with an option, or those of the file alone. */
static void options(FILE *out, const struct conf_option *rows, size_t n, bool on_line)
{
    char name[NAME_SIZE];
    char details[DETAILS_SIZE];

    for (size_t i = 0; i < n; i++) {
        if ((rows[i].option != NULL) != on_line) {
            continue;
        }
        option_details(&rows[i], details);
        if (on_line) {
            option_name(&rows[i], name);
        } else {
            (void)snprintf(name, sizeof(name), "%.40s = %.20s", rows[i].key, meta_of(&rows[i]));
        }
        entry(out, name, details);
    }
}

static void common_options(FILE *out, const struct conf_program *program)
{
    /* Where there are verbs, theirs stand above, and these are common to all. */
    if (program->verbs_n == 0 && any(program->options, program->options_n, true)) {
        (void)fputs("\nOptions:\n", out);
        options(out, program->options, program->options_n, true);
    }
    (void)fputs("\nCommon options:\n", out);
    if (program->verbs_n > 0) {
        options(out, program->options, program->options_n, true);
    }
    options(out, conf_builtin, program->has_output ? conf_builtin_n : conf_builtin_n - 1, true);
    entry(out, "-X property=value",
          "a property of librdkafka; may be repeated [in the file: kafka.property = value]");
    entry(out, "    --config FILE",
          "the configuration file; without it, the one that the "
          "environment variable FILING_CONFIG names, if any");
    entry(out, "    --print-config",
          "print the configuration in force, in the form of the file, and leave");
    entry(out, "-h, --help", "print this and leave");
    entry(out, "    --version", "print the version and leave");
}

static void file_section(FILE *out, const struct conf_program *program)
{
    (void)fputs("\nConfiguration file:\n", out);
    paragraph(out, "Lines of key = value; a line that begins with # or ; is a comment. A section "
                   "[name] puts name. before its keys; a section named for a program holds keys "
                   "of that program alone, so one file can serve all. An unknown key, a value out "
                   "of range or a key given twice is refused. The command line wins over the "
                   "file. Passwords are given as file:PATH, where PATH has mode 0600.");
    if (any(program->options, program->options_n, false)) {
        (void)fputs("\n  Keys that have no option:\n", out);
        options(out, program->options, program->options_n, false);
    }
}

static void exit_codes(FILE *out)
{
    enum exit_code code = EXIT_DONE;
    char number[NAME_SIZE];

    (void)fputs("\nExit codes:\n", out);
    for (unsigned i = 0; exit_at(i, &code); i++) {
        (void)snprintf(number, sizeof(number), "%d", (int)code);
        entry(out, number, exit_meaning(code));
    }
}

static void example_lines(FILE *out, const char *const *examples)
{
    if (!examples || !examples[0]) {
        return;
    }
    (void)fputs("\nExamples:\n", out);
    for (size_t i = 0; examples[i]; i++) {
        (void)fprintf(out, "  %s\n", examples[i]);
    }
}

static void verb_list(FILE *out, const struct conf_program *program)
{
    char name[NAME_SIZE];

    (void)fprintf(out, "\nCommands (%s COMMAND --help says more):\n", program->name);
    for (size_t i = 0; i < program->verbs_n; i++) {
        const struct conf_verb *verb = &program->verbs[i];

        (void)snprintf(name, sizeof(name), "%.30s%s%.30s", verb->name, *verb->arguments ? " " : "",
                       verb->arguments);
        entry(out, name, verb->help);
    }
}

static void program_help(const struct conf_program *program, FILE *out)
{
    const char *arguments = program->arguments ? program->arguments : "";

    if (program->verbs_n > 0) {
        (void)fprintf(out, "Usage: %s COMMAND [OPTION]... [ARGUMENT]...\n", program->name);
    } else {
        (void)fprintf(out, "Usage: %s [OPTION]...%s%s\n", program->name, *arguments ? " " : "",
                      arguments);
    }
    paragraph(out, program->about);
    if (program->verbs_n > 0) {
        verb_list(out, program);
    }
    common_options(out, program);
    file_section(out, program);
    exit_codes(out);
    example_lines(out, program->examples);
}

static void verb_help(const struct conf_program *program, const struct conf_verb *verb, FILE *out)
{
    (void)fprintf(out, "Usage: %s %s [OPTION]...%s%s\n", program->name, verb->name,
                  *verb->arguments ? " " : "", verb->arguments);
    paragraph(out, verb->about ? verb->about : verb->help);
    if (any(verb->options, verb->options_n, true)) {
        (void)fputs("\nOptions:\n", out);
        options(out, verb->options, verb->options_n, true);
    }
    if (any(verb->options, verb->options_n, false)) {
        (void)fputs("\nKeys of the configuration file:\n", out);
        options(out, verb->options, verb->options_n, false);
    }
    common_options(out, program);
    exit_codes(out);
    example_lines(out, verb->examples);
}

void conf_help(const struct conf_program *program, const struct conf_verb *verb, FILE *out)
{
    if (verb) {
        verb_help(program, verb, out);
    } else {
        program_help(program, out);
    }
}

/* Where it comes from, and the line itself. */
static void print_setting(const struct conf_setting *setting, const char *start, const char *key,
                          FILE *out)
{
    /* Of another verb's settings nobody took the defaults. */
    const char *text = setting->text || !setting->row ? setting->text : setting->row->preset;

    if (setting->source == CONF_IN_FILE) {
        (void)fprintf(out, "; from %.*s:%u\n", COMMENT_WIDTH, setting->file, setting->line);
    } else if (setting->source == CONF_ON_LINE) {
        (void)fputs("; from the command line\n", out);
    } else {
        (void)fputs(text ? "; from the defaults\n" : "; not set\n", out);
    }
    (void)fprintf(out, "%s%s =%s%s\n", start, key, text && *text ? " " : "", text ? text : "");
}

/* Was the key printed with an earlier setting already? */
static bool is_repeated(const struct conf *conf, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        const char *key = conf->settings[i].row->key;

        if (key && strcmp(key, conf->settings[at].row->key) == 0) {
            return true;
        }
    }
    return false;
}

void conf_print(const struct conf *conf, FILE *out)
{
    (void)fprintf(out, "; %s %s\n", conf->program->name, conf->program->version);
    for (size_t i = 0; i < conf->settings_n; i++) {
        const struct conf_setting *setting = &conf->settings[i];
        const struct conf_option *row = setting->row;

        if (row->key && !is_repeated(conf, i)) {
            (void)fprintf(out, "\n; %.*s%s%s\n", COMMENT_WIDTH, row->help, row->unit ? ", in " : "",
                          row->unit ? row->unit : "");
            print_setting(setting, "", row->key, out);
        }
    }
    for (size_t i = 0; i < conf->common.properties_n; i++) {
        (void)fputc('\n', out);
        print_setting(&conf->property_settings[i], "kafka.", conf->properties[i].name, out);
    }
}
