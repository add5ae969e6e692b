/* conf_private.h - what the parts of the configuration share; nobody else includes it.
 *
 * conf.c opens, closes and owns; conf_line.c walks the command line; conf_file.c reads the INI
 * file; conf_value.c knows the types; conf_help.c prints the manual and the configuration in force.
 * conf_set() alone changes a setting. */
#ifndef BASE_CONF_PRIVATE_H
#define BASE_CONF_PRIVATE_H

#include "base/conf.h"

enum conf_source { CONF_UNSET, CONF_PRESET, CONF_IN_FILE, CONF_ON_LINE };

/* Where a value stands, for reports: a line of the file, or the option as spelled. */
struct conf_origin {
    enum conf_source source;
    const char *spelling; /* "--listen", "listen" */
    const char *file;
    unsigned line;
};

/* A row of the table and what it was set to. */
struct conf_setting {
    const struct conf_option *row;
    const struct conf_verb *verb; /* NULL: of every verb */
    void *base;                   /* the struct that row->offset is in */
    enum conf_source source;
    const char *text; /* as given; NULL = never */
    bool in_file;     /* the file gave it, even if the command line gave another */
    const char *file; /* CONF_IN_FILE */
    unsigned line;
};

struct conf_string {
    struct conf_string *next;
    char text[];
};

struct conf {
    const struct conf_program *program;
    struct conf_common common;
    struct conf_setting *settings;
    size_t settings_n;
    struct conf_property properties[CONF_PROPERTIES_MAX];
    struct conf_setting property_settings[CONF_PROPERTIES_MAX]; /* row NULL: source and text only */
    const char **arguments;
    struct conf_string *strings;
    const char *file; /* --config, NULL = not given */
    bool wants_help;
    bool wants_version;
    bool wants_print;
};

/* A copy that lives as long as conf; NULL: out of memory. */
char *conf_keep(struct conf *conf, const char *text);

/* Is the row one of this run: of no verb, or of the verb that was named. */
bool conf_is_active(const struct conf *conf, const struct conf_setting *setting);

/* A report in the form of the origin: "file:line: key: …" and STATUS_CONFLICT, or "--option: …" and
 * STATUS_USAGE. */
enum status conf_refuse(const struct conf_origin *origin, struct failure *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Check text against the row, refuse a second time in one source, and store it if the row is
 * active.  text: keeps. */
MUST_CHECK enum status conf_set(struct conf *conf, struct conf_setting *setting,
                                const struct conf_origin *origin, const char *text,
                                struct failure *err);

/* "name=value" of librdkafka, split already.  Both: keeps. */
MUST_CHECK enum status conf_set_property(struct conf *conf, const struct conf_origin *origin,
                                         const char *name, const char *value, struct failure *err);

MUST_CHECK enum status conf_line_read(struct conf *conf, int argc, char **argv,
                                      struct failure *err);
MUST_CHECK enum status conf_file_read(struct conf *conf, const char *path, struct failure *err);

#define CONF_WHY_SIZE 160

/* Check text against the row; base NULL: only that.  False with the reason in why. */
bool conf_value_store(const struct conf_option *row, void *base, const char *text,
                      char why[CONF_WHY_SIZE]);

void conf_print(const struct conf *conf, FILE *out);

/* Rows that every program has, offsets into struct conf_common; the last is -o. */
extern const struct conf_option conf_builtin[];
extern const size_t conf_builtin_n;

#endif
