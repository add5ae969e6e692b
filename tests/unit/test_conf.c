/* One table, three sources: what each gives, what each refuses, and that what is printed can be
 * read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/conf.h"
#include "base/file.h"

#define ARGUMENTS_MAX 64

struct target {
    const char *listen;
    const char *key_file;
    int64_t wait_s;
    int64_t cache;
    bool views;
    bool demo;
    int color;
    const char *from;
    struct conf_list keys;
    int64_t partitions;
};

static const char *const colors[] = {"red", "green", NULL};

static const struct conf_option common[] = {
    {.key = "listen",
     .option = "listen",
     .letter = 'l',
     .type = CONF_STRING,
     .offset = offsetof(struct target, listen),
     .min = 3,
     .max = 20,
     .preset = "127.0.0.1:9464",
     .meta = "HOST:PORT",
     .help = "where it listens"},
    {.key = "operator.key_file",
     .type = CONF_FILE,
     .offset = offsetof(struct target, key_file),
     .help = "the key that signs"},
    {.key = "wait_s",
     .option = "wait",
     .type = CONF_INT,
     .offset = offsetof(struct target, wait_s),
     .min = -5,
     .max = 3600,
     .preset = "0",
     .bare = "60",
     .unit = "seconds",
     .help = "how long to wait",
     .flags = CONF_BARE},
    {.key = "cache",
     .option = "cache",
     .type = CONF_SIZE,
     .offset = offsetof(struct target, cache),
     .min = 0,
     .max = INT64_MAX,
     .preset = "64M",
     .help = "memory of the cache"},
    {.key = "views",
     .option = "views",
     .type = CONF_BOOL,
     .offset = offsetof(struct target, views),
     .preset = "on",
     .help = "fill the readable tables"},
    {.key = "demo",
     .option = "demo",
     .type = CONF_SWITCH,
     .offset = offsetof(struct target, demo),
     .preset = "off",
     .help = "only a demonstration"},
    {.key = "color",
     .option = "color",
     .type = CONF_CHOICE,
     .offset = offsetof(struct target, color),
     .preset = "green",
     .words = colors,
     .help = "its color"},
};

static const struct conf_option verb_options[] = {
    {.option = "key", .type = CONF_LIST, .offset = offsetof(struct target, keys), .help = "a key"},
    {.key = "found.partitions",
     .option = "partitions",
     .type = CONF_INT,
     .offset = offsetof(struct target, partitions),
     .min = 1,
     .max = 1024,
     .preset = "12",
     .help = "how many"},
};

static const struct conf_option show_options[] = {
    {.option = "from",
     .type = CONF_STRING,
     .offset = offsetof(struct target, from),
     .help = "where it begins",
     .flags = CONF_REQUIRED},
};

static const char *const found_examples[] = {"filingctl ledger found ledger.json --key a.pem",
                                             NULL};

static const struct conf_verb verbs[] = {
    {.name = "ledger", .arguments = "", .help = "all of them"},
    {.name = "show all", .arguments = "", .help = "look all things up"},
    {.name = "ledger found",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "begin a ledger",
     .about = "Writes the founding record into every partition.",
     .options = verb_options,
     .options_n = 2,
     .examples = found_examples},
    {.name = "show",
     .arguments = "[CODE]...",
     .arguments_max = -1,
     .help = "look things up",
     .options = show_options,
     .options_n = 1},
};

static const struct conf_program plain = {.name = "filing-worker",
                                          .version = "1.2.3",
                                          .about = "Checks filings and posts them.",
                                          .options = common,
                                          .options_n = sizeof(common) / sizeof(common[0]),
                                          .arguments = "[FILE]",
                                          .arguments_max = 1};

static const struct conf_program ctl = {.name = "filingctl",
                                        .version = "1.2.3",
                                        .about = "What operators do.",
                                        .has_output = true,
                                        .options = common,
                                        .options_n = sizeof(common) / sizeof(common[0]),
                                        .verbs = verbs,
                                        .verbs_n = sizeof(verbs) / sizeof(verbs[0])};

struct fixture {
    char folder[64];
    char path[96];
    char secret[96];
    struct target target;
    struct conf *conf;
    struct failure err;
    char *out;
    size_t out_n;
    char *words; /* what argv points into */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (!f) {
        return -1;
    }
    *state = f;
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/test_conf.XXXXXX");
    if (!mkdtemp(f->folder)) {
        return -1;
    }
    (void)snprintf(f->path, sizeof(f->path), "%s/filing.conf", f->folder);
    (void)snprintf(f->secret, sizeof(f->secret), "%s/password", f->folder);
    return unsetenv("FILING_CONFIG");
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->path);
    (void)unlink(f->secret);
    (void)rmdir(f->folder);
    conf_close(f->conf);
    free(f->out);
    free(f->words);
    free(f);
    return 0;
}

/* Read a command line whose words are separated by '|', '@' at a word's begin is the file's path.
 */
static enum status run(struct fixture *f, const struct conf_program *program, const char *line)
{
    char *argv[ARGUMENTS_MAX] = {NULL};
    char *rest = NULL;
    int argc = 0;
    FILE *out = NULL;
    enum status status = STATUS_OK;

    conf_close(f->conf);
    f->conf = NULL;
    free(f->out);
    free(f->words);
    f->out = NULL;
    memset(&f->target, 0, sizeof(f->target));
    memset(&f->err, 0, sizeof(f->err));
    f->words = strdup(line);
    assert_non_null(f->words);
    for (char *word = strtok_r(f->words, "|", &rest); word; word = strtok_r(NULL, "|", &rest)) {
        argv[argc++] = strcmp(word, "@") == 0 ? f->path : word;
    }
    out = open_memstream(&f->out, &f->out_n);
    assert_non_null(out);
    status =
        conf_open(&(struct conf_input){.program = program, .argc = argc, .argv = argv, .out = out},
                  &f->target, &f->conf, &f->err);
    (void)fclose(out);
    return status;
}

static void write_file(const char *path, const char *text, unsigned mode)
{
    assert_int_equal(file_write(path, bytes_of(text), mode, NULL), STATUS_OK);
    assert_int_equal(chmod(path, (mode_t)mode), 0);
}

static void defaults_hold_without_sources(void **state)
{
    struct fixture *f = *state;
    const struct conf_common *c;

    assert_int_equal(run(f, &plain, "filing-worker"), STATUS_OK);
    c = conf_common(f->conf);
    assert_string_equal(c->bootstrap_server, "127.0.0.1:9092");
    assert_string_equal(c->store, "sqlite:filings.db");
    assert_string_equal(c->prefix, "");
    assert_false(c->done);
    assert_null(c->verb);
    assert_int_equal(c->arguments_n, 0);
    assert_int_equal(c->properties_n, 0);
    assert_string_equal(f->target.listen, "127.0.0.1:9464");
    assert_null(f->target.key_file);
    assert_int_equal(f->target.wait_s, 0);
    assert_true(f->target.cache == 64 << 20);
    assert_true(f->target.views);
    assert_false(f->target.demo);
    assert_int_equal(f->target.color, 1);
}

static void the_command_line_sets_every_type(void **state)
{
    struct fixture *f = *state;
    const struct conf_common *c;

    assert_int_equal(run(f, &plain,
                         "w|--listen=none|--wait=7|--cache|2G|--views|no|--demo|in.jsonl|--color|"
                         "red|--store|sqlite:a.db|-X|a.b=c=d|-Xq=1|--prefix|t-"),
                     STATUS_OK);
    c = conf_common(f->conf);
    assert_string_equal(f->target.listen, "none");
    assert_int_equal(f->target.wait_s, 7);
    assert_true(f->target.cache == INT64_C(2) << 30);
    assert_false(f->target.views);
    assert_true(f->target.demo);
    assert_int_equal(f->target.color, 0);
    assert_string_equal(c->store, "sqlite:a.db");
    assert_string_equal(c->prefix, "t-");
    assert_int_equal(c->arguments_n, 1);
    assert_string_equal(c->arguments[0], "in.jsonl");
    assert_int_equal(c->properties_n, 2);
    assert_string_equal(c->properties[0].name, "a.b");
    assert_string_equal(c->properties[0].value, "c=d");
    assert_string_equal(c->properties[1].name, "q");
    assert_string_equal(c->properties[1].value, "1");
}

static void an_option_alone_has_its_bare_value(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, &plain, "w|--wait|7"), STATUS_OK);
    assert_int_equal(f->target.wait_s, 60);
    assert_string_equal(conf_common(f->conf)->arguments[0], "7");
    assert_int_equal(run(f, &plain, "w|--demo=off|-l|none|-"), STATUS_OK);
    assert_false(f->target.demo);
    assert_string_equal(f->target.listen, "none");
    assert_string_equal(conf_common(f->conf)->arguments[0], "-");
    assert_int_equal(run(f, &plain, "w|--|--demo"), STATUS_OK);
    assert_string_equal(conf_common(f->conf)->arguments[0], "--demo");
    assert_false(f->target.demo);
}

static const struct {
    const char *line;
    const char *text; /* in the report */
} broken_lines[] = {
    {"w|--nosuch", "no such option: '--nosuch'"},
    {"w|-z", "no such option: '-z'"},
    {"w|-o|json", "no such option: '-o'"},
    {"w|--partitions|3", "no such option: '--partitions'"},
    {"w|--list|x", "no such option: '--list'"},
    {"w|--listen", "a value is missing after '--listen'"},
    {"w|-l", "a value is missing after '-l'"},
    {"w|-X", "a value is missing after '-X'"},
    {"w|-X|abc", "-X wants property=value, not 'abc'"},
    {"w|-X|=abc", "-X wants property=value, not '=abc'"},
    {"w|-X|A b=c", "'A b' is no property of librdkafka"},
    {"w|-X|a=1|-X|a=2", "'a' is given twice"},
    {"w|--listen|abc|--listen|abc", "--listen: it is given twice"},
    {"w|--listen=abc|-l|abc", "it is given twice"},
    {"w|--config|a|--config|b", "given twice: '--config'"},
    {"w|--config", "a value is missing after '--config'"},
    {"w|--help=x", "no value belongs to 'help'"},
    {"w|--listen|ab", "it has 2 characters, allowed are 3 to 20"},
    {"w|--listen|123456789012345678901", "it has 21 characters"},
    {"w|--listen|a ;b", "it holds a control character"},
    {"w|--listen|abc ", "it holds a control character"},
    {"w|--listen|a\nb", "it holds a control character"},
    {"w|--wait=3601", "it is not between -5 and 3600 seconds"},
    {"w|--wait=-6", "it is not between -5 and 3600 seconds"},
    {"w|--wait=", "it is no whole number"},
    {"w|--wait=1k", "it is no whole number"},
    {"w|--wait=1.5", "it is no whole number"},
    {"w|--wait=99999999999999999999", "it is no whole number"},
    {"w|--cache=8388608T", "it is no whole number"},
    {"w|--cache=1kk", "it is no whole number with k, M, G or T after it"},
    {"w|--cache=-1", "it is not between 0 and"},
    {"w|--views|maybe", "it is neither on nor off"},
    {"w|--demo=2", "it is neither on nor off"},
    {"w|--color|blue", "it is none of red, green"},
    {"w|a|b", "one argument too many: 'b'"},
    {"w|-X|sasl.password=abc", "'sasl.password' is secret: give file:PATH"},
};

static void a_broken_command_line_is_a_usage_error(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(broken_lines) / sizeof(broken_lines[0]); i++) {
        enum status status = run(f, &plain, broken_lines[i].line);

        if (status != STATUS_USAGE || !strstr(f->err.text, broken_lines[i].text)) {
            print_error("'%s': '%s'\n", broken_lines[i].line, f->err.text);
        }
        assert_int_equal(status, STATUS_USAGE);
        assert_non_null(strstr(f->err.text, broken_lines[i].text));
        assert_null(f->conf);
    }
}

static void the_file_lies_between_defaults_and_command_line(void **state)
{
    struct fixture *f = *state;
    const struct conf_common *c;

    write_file(f->path,
               "# a comment\n"
               "; another\n"
               "\n"
               "listen = none ; to the end\n"
               "views=off\n"
               "wait_s = 5\n"
               "kafka.a.b = 1\n"
               "kafka.c = file\n"
               "[kafka]\n"
               "d = x\n"
               "[operator]\n"
               "key_file = /k.pem\n"
               "[filing-worker]\n"
               "store = sqlite:mine.db\n"
               "[filing-gateway]\n"
               "nobody knows = this\n"
               "listen = twice\n",
               0644);
    assert_int_equal(run(f, &plain, "w|--wait=9|--config|@|-X|c=line"), STATUS_OK);
    c = conf_common(f->conf);
    assert_string_equal(f->target.listen, "none");
    assert_false(f->target.views);
    assert_int_equal(f->target.wait_s, 9);
    assert_string_equal(f->target.key_file, "/k.pem");
    assert_string_equal(c->store, "sqlite:mine.db");
    assert_int_equal(c->properties_n, 3);
    for (size_t i = 0; i < c->properties_n; i++) {
        if (strcmp(c->properties[i].name, "c") == 0) {
            assert_string_equal(c->properties[i].value, "line");
        }
    }
}

static void the_environment_names_the_file_when_the_option_does_not(void **state)
{
    struct fixture *f = *state;

    write_file(f->path, "listen = none\n", 0644);
    assert_int_equal(setenv("FILING_CONFIG", f->path, 1), 0);
    assert_int_equal(run(f, &plain, "w"), STATUS_OK);
    assert_string_equal(f->target.listen, "none");
    assert_int_equal(setenv("FILING_CONFIG", "/no/such/file", 1), 0);
    assert_int_equal(run(f, &plain, "w|--config=@"), STATUS_CONFLICT);
    assert_int_equal(run(f, &plain, "w|--config|@"), STATUS_OK);
    assert_int_equal(run(f, &plain, "w"), STATUS_CONFLICT);
    assert_non_null(strstr(f->err.text, "cannot open configuration '/no/such/file'"));
    assert_int_equal(setenv("FILING_CONFIG", "", 1), 0);
    assert_int_equal(run(f, &plain, "w"), STATUS_OK);
}

static const struct {
    const char *content;
    const char *text; /* after the path */
} broken_files[] = {
    {"listen = none\nnosuch = 1\n", ":2: nosuch: no such key"},
    {"\n\n[operator]\nkeyfile = x\n", ":4: operator.keyfile: no such key"},
    {"[filing-wroker]\nlisten = none\n", ":2: filing-wroker.listen: no such key"},
    {"listen = none\nlisten = none\n", ":2: listen: it is given twice"},
    {"listen = none\n[filing-worker]\nlisten = none\n", ":3: listen: it is given twice"},
    {"kafka.a = 1\n[kafka]\na = 1\n", ":3: kafka.a: 'a' is given twice"},
    {"wait_s = 99999\n", ":1: wait_s: '99999': it is not between -5 and 3600 seconds"},
    {"wait_s =\n", ":1: wait_s: '': it is no whole number"},
    {"views = on\nwhat is this\n", ":2: the line is neither 'key = value' nor '[section]'"},
    {"views = on\n[open\nnosuch = 1\n", ":2: the line is neither"},
    {"nosuch = 1\nwhat is this\n", ":1: nosuch: no such key"},
    {"listen = none\n  more\n", ":2: the line begins with a blank"},
    {"key = 1\n", ":1: key: no such key"},
    {"output = json\n", ":1: output: no such key"},
    {"kafka.sasl.password = abc\n", ":1: kafka.sasl.password: 'sasl.password' is secret"},
};

static void a_broken_file_is_refused_with_its_line(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(broken_files) / sizeof(broken_files[0]); i++) {
        enum status status = STATUS_OK;

        write_file(f->path, broken_files[i].content, 0644);
        status = run(f, &plain, "w|--config|@");
        if (status != STATUS_CONFLICT || !strstr(f->err.text, broken_files[i].text)) {
            print_error("row %zu: '%s'\n", i, f->err.text);
        }
        assert_int_equal(status, STATUS_CONFLICT);
        assert_non_null(strstr(f->err.text, broken_files[i].text));
        assert_int_equal(strncmp(f->err.text, f->path, strlen(f->path)), 0);
    }
}

static void lines_hold_as_much_as_promised(void **state)
{
    struct fixture *f = *state;
    char line[300] = "operator.key_file = ";
    const size_t n = strlen(line);

    memset(line + n, 'p', CONF_LINE_MAX - n);
    line[CONF_LINE_MAX] = '\n';
    line[CONF_LINE_MAX + 1] = '\0';
    write_file(f->path, line, 0644);
    assert_int_equal(run(f, &plain, "w|--config|@"), STATUS_OK);
    assert_int_equal(strlen(f->target.key_file), CONF_LINE_MAX - n);
    line[CONF_LINE_MAX] = 'p';
    line[CONF_LINE_MAX + 1] = '\n';
    line[CONF_LINE_MAX + 2] = '\0';
    write_file(f->path, line, 0644);
    assert_int_equal(run(f, &plain, "w|--config|@"), STATUS_CONFLICT);
    assert_non_null(strstr(f->err.text, ":1: the line is too long"));
}

static void verbs_are_found_with_their_options_and_arguments(void **state)
{
    struct fixture *f = *state;
    const struct conf_common *c;

    assert_int_equal(
        run(f, &ctl, "filingctl|--store|s:x|ledger|found|--key|a|l.json|--key=b|-o|json"),
        STATUS_OK);
    c = conf_common(f->conf);
    assert_ptr_equal(c->verb, &verbs[2]);
    assert_int_equal(c->output, CONF_JSON);
    assert_string_equal(c->store, "s:x");
    assert_int_equal(c->arguments_n, 1);
    assert_string_equal(c->arguments[0], "l.json");
    assert_int_equal(f->target.keys.n, 2);
    assert_string_equal(f->target.keys.at[0], "a");
    assert_string_equal(f->target.keys.at[1], "b");
    assert_int_equal(f->target.partitions, 12);
    assert_int_equal(run(f, &ctl, "filingctl|show|--from|x|a|b|c"), STATUS_OK);
    assert_ptr_equal(conf_common(f->conf)->verb, &verbs[3]);
    assert_int_equal(conf_common(f->conf)->arguments_n, 3);
    assert_string_equal(f->target.from, "x");
    assert_int_equal(f->target.partitions, 0);
    assert_int_equal(run(f, &ctl, "filingctl|show|all"), STATUS_OK);
    assert_ptr_equal(conf_common(f->conf)->verb, &verbs[1]);
    assert_int_equal(run(f, &ctl, "filingctl|ledger"), STATUS_OK);
    assert_ptr_equal(conf_common(f->conf)->verb, &verbs[0]);
}

static const struct {
    const char *line;
    const char *text;
} broken_verbs[] = {
    {"filingctl", "a command is missing"},
    {"filingctl|found", "no such command: 'found'"},
    {"filingctl|ledger|found", "an argument is missing: FILE"},
    {"filingctl|ledger|found|a|b", "one argument too many: 'b'"},
    {"filingctl|ledger|other", "one argument too many: 'other'"},
    {"filingctl|ledger|--key|a", "no such option: '--key'"},
    {"filingctl|--key|a|ledger|found|f", "no such option: '--key'"},
    {"filingctl|show", "--from is missing"},
    {"filingctl|show|--from|a|-o|yaml", "it is none of table, json, csv"},
};

static void a_broken_verb_is_a_usage_error(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(broken_verbs) / sizeof(broken_verbs[0]); i++) {
        enum status status = run(f, &ctl, broken_verbs[i].line);

        if (status != STATUS_USAGE || !strstr(f->err.text, broken_verbs[i].text)) {
            print_error("'%s': '%s'\n", broken_verbs[i].line, f->err.text);
        }
        assert_int_equal(status, STATUS_USAGE);
        assert_non_null(strstr(f->err.text, broken_verbs[i].text));
    }
}

static void keys_of_other_verbs_are_checked_and_left(void **state)
{
    struct fixture *f = *state;

    write_file(f->path, "found.partitions = 3\n", 0644);
    assert_int_equal(run(f, &ctl, "filingctl|--config|@|show|--from|x"), STATUS_OK);
    assert_int_equal(f->target.partitions, 0);
    assert_int_equal(run(f, &ctl, "filingctl|--config|@|ledger|found|f"), STATUS_OK);
    assert_int_equal(f->target.partitions, 3);
    write_file(f->path, "found.partitions = 0\n", 0644);
    assert_int_equal(run(f, &ctl, "filingctl|--config|@|show|--from|x"), STATUS_CONFLICT);
}

static void a_list_has_an_end(void **state)
{
    struct fixture *f = *state;
    struct buffer line;

    buffer_init(&line, 4096);
    buffer_text(&line, "filingctl|ledger|found|f");
    for (int i = 0; i < CONF_LIST_MAX; i++) {
        buffer_printf(&line, "|--key|k%d", i);
    }
    assert_int_equal(run(f, &ctl, buffer_cstr(&line)), STATUS_OK);
    assert_int_equal(f->target.keys.n, CONF_LIST_MAX);
    assert_string_equal(f->target.keys.at[CONF_LIST_MAX - 1], "k15");
    buffer_text(&line, "|--key|more");
    assert_int_equal(run(f, &ctl, buffer_cstr(&line)), STATUS_USAGE);
    buffer_fini(&line);
}

static void properties_have_an_end(void **state)
{
    struct fixture *f = *state;
    struct buffer text;

    buffer_init(&text, 65536);
    for (int i = 0; i < CONF_PROPERTIES_MAX; i++) {
        buffer_printf(&text, "kafka.p%d = 1\n", i);
    }
    write_file(f->path, buffer_cstr(&text), 0644);
    assert_int_equal(run(f, &plain, "w|--config|@"), STATUS_OK);
    assert_int_equal(conf_common(f->conf)->properties_n, CONF_PROPERTIES_MAX);
    buffer_text(&text, "kafka.more = 1\n");
    write_file(f->path, buffer_cstr(&text), 0644);
    buffer_fini(&text);
    assert_int_equal(run(f, &plain, "w|--config|@"), STATUS_CONFLICT);
    assert_non_null(strstr(f->err.text, "more than 128 properties"));
}

static void a_password_comes_from_a_private_file_and_is_never_printed(void **state)
{
    struct fixture *f = *state;
    char text[256];

    write_file(f->secret, "hush hush\n", 0600);
    (void)snprintf(text, sizeof(text), "kafka.sasl.password = file:%s\n", f->secret);
    write_file(f->path, text, 0644);
    assert_int_equal(run(f, &plain, "w|--config|@"), STATUS_OK);
    assert_string_equal(conf_common(f->conf)->properties[0].value, "hush hush");
    assert_int_equal(run(f, &plain, "w|--config|@|--print-config"), STATUS_OK);
    assert_null(strstr(f->out, "hush"));
    assert_non_null(strstr(f->out, text));
    assert_int_equal(chmod(f->secret, 0640), 0);
    assert_int_equal(run(f, &plain, "w|--config|@"), STATUS_DENIED);
    assert_int_equal(unlink(f->secret), 0);
    assert_int_equal(run(f, &plain, "w|--config|@"), STATUS_NOTFOUND);
}

static void what_is_printed_reads_back_the_same(void **state)
{
    struct fixture *f = *state;
    char *first = NULL;

    assert_int_equal(run(f, &plain,
                         "w|--listen|a b;c|--wait=-5|--cache|3k|--views|off|--demo|--color|red|"
                         "--bootstrap-server|h:1,h:2|--prefix|p-|-X|a.b=c d|--print-config"),
                     STATUS_OK);
    assert_true(conf_common(f->conf)->done);
    write_file(f->path, f->out, 0644);
    first = strdup(f->out);
    assert_int_equal(run(f, &plain, "w|--config|@"), STATUS_OK);
    assert_string_equal(f->target.listen, "a b;c");
    assert_int_equal(f->target.wait_s, -5);
    assert_int_equal(f->target.cache, 3072);
    assert_false(f->target.views);
    assert_true(f->target.demo);
    assert_int_equal(f->target.color, 0);
    assert_null(f->target.key_file);
    assert_string_equal(conf_common(f->conf)->bootstrap_server, "h:1,h:2");
    assert_string_equal(conf_common(f->conf)->prefix, "p-");
    assert_string_equal(conf_common(f->conf)->properties[0].value, "c d");
    assert_int_equal(run(f, &plain, "w|--print-config|--config|@"), STATUS_OK);
    assert_non_null(strstr(f->out, "filing.conf:"));
    /* Only where a value comes from differs. */
    assert_non_null(strstr(first, "; from the command line\nlisten = a b;c\n"));
    assert_non_null(strstr(f->out, "\nlisten = a b;c\n"));
    free(first);
}

static void the_defaults_of_every_verb_are_printed(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, &ctl, "filingctl|--print-config"), STATUS_OK);
    assert_non_null(strstr(f->out, "\nfound.partitions = 12\n"));
    assert_non_null(strstr(f->out, "\noperator.key_file =\n"));
    assert_non_null(strstr(f->out, "\noutput = table\n"));
    write_file(f->path, f->out, 0644);
    assert_int_equal(run(f, &ctl, "filingctl|--config|@|ledger|found|f"), STATUS_OK);
    assert_int_equal(f->target.partitions, 12);
}

static void the_manual_names_all_that_can_be_given(void **state)
{
    static const char *const words[] = {"Usage: filing-worker [OPTION]... [FILE]\n",
                                        "Checks filings",
                                        "-l, --listen HOST:PORT",
                                        "--wait[=NUMBER]",
                                        "alone it means 60",
                                        "[default: 64M]",
                                        "--views on|off",
                                        "--demo ",
                                        "--color red|green",
                                        "operator.key_file = FILE",
                                        "-X property=value",
                                        "--config FILE",
                                        "--print-config",
                                        "--help",
                                        "--version",
                                        "--bootstrap-server HOST:PORT",
                                        "[in the file: bootstrap_server]",
                                        "--store STORE",
                                        "--prefix TEXT",
                                        "Exit codes:",
                                        "  130 ",
                                        "FILING_CONFIG"};
    struct fixture *f = *state;
    struct buffer joined;
    char *line = NULL;
    char *rest = NULL;

    assert_int_equal(run(f, &plain, "filing-worker|--help"), STATUS_OK);
    assert_true(conf_common(f->conf)->done);
    assert_null(strstr(f->out, "--output"));
    buffer_init(&joined, 65536);
    for (line = strtok_r(f->out, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const bool wrapped = strncmp(line, "          ", 10) == 0;

        assert_true(strlen(line) <= 80);
        buffer_text(&joined, wrapped ? " " : "\n");
        buffer_text(&joined, wrapped ? line + strspn(line, " ") : line);
    }
    assert_int_equal(buffer_check(&joined, NULL), STATUS_OK);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!strstr(buffer_cstr(&joined), words[i])) {
            print_error("not in the manual: '%s'\n", words[i]);
        }
        assert_non_null(strstr(buffer_cstr(&joined), words[i]));
    }
    buffer_fini(&joined);
}

static void verbs_have_manuals_of_their_own(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, &ctl, "filingctl|-h"), STATUS_OK);
    assert_non_null(strstr(f->out, "ledger found FILE"));
    assert_non_null(strstr(f->out, "begin a ledger"));
    assert_non_null(strstr(f->out, "-o, --output table|json|csv"));
    assert_null(strstr(f->out, "--key"));
    assert_int_equal(run(f, &ctl, "filingctl|ledger|found|--nosuch|--help"), STATUS_OK);
    assert_non_null(strstr(f->out, "Usage: filingctl ledger found [OPTION]... FILE\n"));
    assert_non_null(strstr(f->out, "Writes the founding record"));
    assert_non_null(strstr(f->out, "--key FILE"));
    assert_non_null(strstr(f->out, "filingctl ledger found ledger.json --key a.pem"));
    assert_int_equal(run(f, &ctl, "filingctl|--help|show"), STATUS_OK);
    assert_non_null(strstr(f->out, "(required)"));
}

static void the_version_is_one_line(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, &ctl, "filingctl|--version"), STATUS_OK);
    assert_string_equal(f->out, "filingctl 1.2.3\n");
    assert_true(conf_common(f->conf)->done);
}

int main(void)
{
#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        UNIT(defaults_hold_without_sources),
        UNIT(the_command_line_sets_every_type),
        UNIT(an_option_alone_has_its_bare_value),
        UNIT(a_broken_command_line_is_a_usage_error),
        UNIT(the_file_lies_between_defaults_and_command_line),
        UNIT(the_environment_names_the_file_when_the_option_does_not),
        UNIT(a_broken_file_is_refused_with_its_line),
        UNIT(lines_hold_as_much_as_promised),
        UNIT(verbs_are_found_with_their_options_and_arguments),
        UNIT(a_broken_verb_is_a_usage_error),
        UNIT(keys_of_other_verbs_are_checked_and_left),
        UNIT(a_list_has_an_end),
        UNIT(properties_have_an_end),
        UNIT(a_password_comes_from_a_private_file_and_is_never_printed),
        UNIT(what_is_printed_reads_back_the_same),
        UNIT(the_defaults_of_every_verb_are_printed),
        UNIT(the_manual_names_all_that_can_be_given),
        UNIT(verbs_have_manuals_of_their_own),
        UNIT(the_version_is_one_line),
    };

    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
