/* conf.h - the configuration of a program: one table that reads, checks and prints itself.
 *
 * Sources, the later wins: defaults, the file (--config FILE, else the one FILING_CONFIG names),
 * the command line.  The file is INI: "key = value"; '#' and ';' begin comments, " ;" also after a
 * value; no line is longer than CONF_LINE_MAX or begins with a blank.  A section [name] puts
 * "name." before its keys, except that [<this program>] adds nothing and the sections of the other
 * programs are skipped, so that one file can serve all.
 *
 * Promises:
 *   C1  an unknown key or option, a value out of range, and a key given twice in one source (by
 *       whichever spelling) refuse the whole: STATUS_USAGE for the command line, STATUS_CONFLICT
 *       with "file:line:" for the file;
 *   C2  --print-config prints a file that, read again, gives the same configuration;
 *   C3  --help is made from the table: nothing can be set that it does not name;
 *   C4  librdkafka's passwords come from files only: sasl.password = file:PATH, mode 0600.
 *
 * Built in: --config, --print-config, --help (-h), --version, --bootstrap-server, --store,
 * --prefix, -X property=value and, where the program asks for it, -o/--output; the file spells them
 * bootstrap_server, store, prefix, kafka.<property>, output. */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/status.h"

enum conf_type {
    CONF_STRING, /* const char *; min and max are lengths, max 0 = any */
    CONF_FILE,   /* const char *; a path */
    CONF_INT,    /* int64_t */
    CONF_SIZE,   /* int64_t, bytes; 64, 64k, 64M, 64G (of 1024) */
    CONF_BOOL,   /* bool; takes on, off, true, false, yes, no */
    CONF_SWITCH, /* bool; its bare option means on, no value on the command line */
    CONF_CHOICE, /* int: the index of a word */
    CONF_LIST    /* struct conf_list: may be given again and again; command line only */
};

struct conf_list {
    size_t n;
    const char *at[CONF_LIST_MAX];
};

enum conf_flag {
    CONF_REQUIRED = 1, /* refused when no source gives it; only of a verb's own options */
    CONF_BARE = 2      /* --name alone means the value `bare`; another only as --name=value */
};

struct conf_option {
    const char *key;    /* in the file: "listen", "operator.key_file"; NULL: command line only */
    const char *option; /* "listen" for --listen; NULL: file only */
    char letter;        /* 'o' for -o; 0: none */
    enum conf_type type;
    size_t offset;      /* of the member in the program's struct */
    int64_t min, max;   /* inclusive */
    const char *preset; /* the default as text; NULL: the member stays as the caller left it */
    const char *bare;   /* CONF_BARE: the value of the option alone */
    const char *const *words; /* CONF_CHOICE: ended by NULL */
    const char *meta;         /* what --help shows for the value: "HOST:PORT"; NULL: by type */
    const char *unit;         /* "ms", "records"; NULL: none */
    const char *help;         /* a phrase, no full stop */
    unsigned flags;
};

/* A sub-command.  Its options stand beside the common ones. */
struct conf_verb {
    const char *name;      /* one or two words: "status", "ledger found" */
    const char *arguments; /* as in the usage line: "FILE"; "" = none */
    int arguments_min;
    int arguments_max; /* -1: any number */
    const char *help;  /* a phrase for the list, no full stop */
    const char *about; /* a paragraph; NULL: the phrase is enough */
    const struct conf_option *options;
    size_t options_n;
    const char *const *examples; /* ended by NULL; NULL: none */
};

struct conf_program {
    const char *name;    /* "filing-worker" */
    const char *version; /* "0.1.0" */
    const char *about;   /* a paragraph */
    bool has_output;     /* knows -o table|json|csv */
    const struct conf_option *options;
    size_t options_n;
    /* Either verbs, or arguments as of a verb. */
    const struct conf_verb *verbs;
    size_t verbs_n;
    const char *arguments;
    int arguments_min;
    int arguments_max;
    const char *const *examples;
};

enum conf_output { CONF_TABLE, CONF_JSON, CONF_CSV };

struct conf_property {
    const char *name;
    const char *value; /* a password as read from its file */
};

/* What every program has.  All texts live until conf_close(). */
struct conf_common {
    const char *bootstrap_server; /* 127.0.0.1:9092 */
    const char *store;            /* sqlite:filings.db */
    const char *prefix;           /* "" */
    enum conf_output output;      /* CONF_TABLE */
    const struct conf_verb *verb; /* NULL without verbs */
    size_t arguments_n;
    const char *const *arguments; /* after options and verb */
    size_t properties_n;
    const struct conf_property *properties; /* of librdkafka, in the order given */
    bool done; /* --help, --version or --print-config was answered on out: leave with 0 */
};

struct conf;

/* Read all sources.  program and argv: keeps; target is the program's struct, whose members are set
 * also when done is true.  ret: gives; conf_close(). */
struct conf_input {
    const struct conf_program *program;
    int argc;
    char **argv;
    FILE *out; /* for --help, --version, --print-config: stdout */
};
MUST_CHECK enum status conf_open(const struct conf_input *input, void *target, struct conf **ret,
                                 struct failure *err);
void conf_close(struct conf *conf);

const struct conf_common *conf_common(const struct conf *conf);

/* The manual of the program, or of a verb of it. */
void conf_help(const struct conf_program *program, const struct conf_verb *verb, FILE *out);

#endif
