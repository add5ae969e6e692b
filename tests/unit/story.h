/* story.h - filings as JSON, one after another, against the reference data that is shipped.
 *
 * Over core_fixture.h: each filing is read by the form stage before it is decided, so that a table
 * row can change any field by its pointer and see the reason at that pointer, whichever stage gives
 * it.  The policy is deploy/reference/policy.json; rates are the test's.  Include once a test, and
 * give the test tree.c. */
#ifndef TESTS_STORY_H
#define TESTS_STORY_H

#include "core_fixture.h"
#include "form/form.h"
#include "tree.h"

enum { STORY_TEXT_MAX = 4096, STORY_POLICY_MAX = 65536, STORY_KEPT_MAX = 8192 };

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

#define CNY(value) "{'currency':'CNY','value':'" value "'}"
#define USD(value) "{'currency':'USD','value':'" value "'}"
#define EUR(value) "{'currency':'EUR','value':'" value "'}"
#define JPY(value) "{'currency':'JPY','value':'" value "'}"

struct story {
    struct fixture *f;
    struct tree *tree; /* of the filing that is being told; filings borrow its texts */
    struct form form;
    void *kept[STORY_KEPT_MAX]; /* texts that filings borrow */
    uint32_t kept_n;
};

static inline void *story_keep(struct story *s, size_t n)
{
    void *kept = calloc(1, n);

    require(kept != NULL && s->kept_n < STORY_KEPT_MAX);
    s->kept[s->kept_n] = kept;
    s->kept_n++;
    return kept;
}

/* The shipped policy, from bulletin 1. */
static inline void story_policy(struct story *s)
{
    char *text = story_keep(s, STORY_POLICY_MAX);
    struct area area = {.at = story_keep(s, STORY_POLICY_MAX), .size = STORY_POLICY_MAX};
    FILE *file = fopen("deploy/reference/policy.json", "r");
    struct reference_item item;
    struct document part;
    struct fault fault;

    require(file != NULL);
    require(fread(text, 1, STORY_POLICY_MAX - 1, file) > 0 && fclose(file) == 0);
    for (char *at = strchr(text, '"'); at != NULL; at = strchr(at, '"')) {
        *at = '\'';
    }
    s->tree = story_keep(s, sizeof(*s->tree));
    tree_read(s->tree, text);
    part = s->tree->doc;
    part.nodes = malloc(part.n * sizeof(part.nodes[0]));
    require(part.nodes != NULL);
    memcpy(part.nodes, s->tree->doc.nodes, part.n * sizeof(part.nodes[0]));
    part.nodes[0] = *tree_at(s->tree, "/reference"); /* the root, "kind" its child */
    if (!reference_read(&part, &area, &item, &fault)) {
        fail_msg("%s: %s", fault.field, fault.text);
    }
    free(part.nodes);
    require(item.of.policy.parameters_n <= FIXTURE_ROWS);
    for (uint32_t i = 0; i < item.of.policy.parameters_n; i++) {
        s->f->rows[i] = item.of.policy.parameters[i];
    }
    s->f->rows_n = item.of.policy.parameters_n;
    qsort(s->f->rows, s->f->rows_n, sizeof(s->f->rows[0]), fixture_row_order);
    s->f->policy = (struct policy_version){
        .since = 1, .policy = 7, .rules = 1, .rows = s->f->rows, .rows_n = s->f->rows_n};
    policy_version_index(&s->f->policy);
    s->f->reference.policies = &s->f->policy;
    s->f->reference.policies_n = 1;
}

/* Let the last row of a parameter (of the subject, in any region) end, and another value follow. */
static inline void story_then(struct story *s, const char *id, const char *subject,
                              const char *from, const char *value)
{
    struct parameter *last = NULL;

    for (uint32_t i = 0; i < s->f->rows_n; i++) {
        struct parameter *row = &s->f->rows[i];

        if (reference_text_compare(row->id, T(id)) == 0 &&
            reference_text_compare(row->subject, T(subject)) == 0 && row->to_on == DATE_LAST) {
            last = row;
        }
    }
    require(last != NULL);
    /* cppcheck-suppress nullPointer; require() does not come back */
    last->to_on = D(from) - 1;
    fixture_parameter(s->f,
                      (struct row){.id = id, .subject = subject, .from = from, .value = value});
}

static inline struct story *story_new(void)
{
    struct story *s = calloc(1, sizeof(*s));

    require(s != NULL);
    s->f = fixture_new();
    s->f->received_ms = INT64_C(1798675200000); /* 2026-12-31 */
    story_policy(s);
    return s;
}

static inline void story_free(struct story *s)
{
    fixture_free(s->f);
    for (uint32_t i = 0; i < s->kept_n; i++) {
        free(s->kept[i]);
    }
    free(s);
}

static inline int story_setup(void **state)
{
    *state = story_new();
    return 0;
}

static inline int story_teardown(void **state)
{
    story_free(*state);
    return 0;
}

/* Start to tell filing number id; details are the fields between the braces. */
static inline void story_begin(struct story *s, uint32_t id, const char *event, const char *date,
                               const char *details)
{
    char *text = story_keep(s, STORY_TEXT_MAX);
    int n = snprintf(text, STORY_TEXT_MAX,
                     "{'filing_id':'019a3f52-6c1e-7d40-9f6b-%012u','bank':'" BANK "',"
                     "'enterprise':'" CODE "','event':'%s','business_date':'%s',"
                     "'maker':'m','checker':'c','details':{%s}}",
                     id, event, date, details);

    require(n > 0 && n < STORY_TEXT_MAX);
    s->tree = story_keep(s, sizeof(*s->tree));
    tree_read(s->tree, text);
}

static inline void story_set(struct story *s, const char *pointer, const char *json)
{
    if (json == NULL) {
        tree_remove(s->tree, pointer);
    } else {
        tree_set(s->tree, pointer, json);
    }
}

static inline const struct decision *story_end(struct story *s)
{
    struct filing filing;

    form_check(&s->tree->doc, D("2026-12-31"), true, &s->form);
    filing = s->form.filing;
    if (s->form.failures.n == 0 && filing.event == EVENT_FDI_REGISTRATION) {
        size_t n = filing.details.fdi_registration.investors_n * sizeof(s->form.investors[0]);
        struct fdi_investor *investors = story_keep(s, n);

        memcpy(investors, s->form.investors, n);
        filing.details.fdi_registration.investors = investors;
    }
    s->f->form.failures = s->form.failures;
    (void)fixture_file(s->f, &filing);
    s->f->form.failures.n = 0;
    return &s->f->result.decision;
}

static inline const struct decision *story_file(struct story *s, uint32_t id, const char *event,
                                                const char *date, const char *details)
{
    story_begin(s, id, event, date, details);
    return story_end(s);
}

static inline const struct decision *story_reverse(struct story *s, uint32_t id, uint32_t reverses,
                                                   const char *date)
{
    char details[128];

    (void)snprintf(details, sizeof(details),
                   "'reverses':'019a3f52-6c1e-7d40-9f6b-%012u','reason':'typo'", reverses);
    return story_file(s, id, "reversal", date, details);
}

/* What one change of a good filing leads to. */
struct story_row {
    const char *at;   /* pointer; "" changes nothing */
    const char *json; /* NULL takes the field away */
    enum outcome outcome;
    const char *reasons;
    const char *flags;
};

static inline void accept(const struct decision *decision)
{
    expect(decision, OUTCOME_ACCEPTED, "");
}

/* Every row breaks one field of a good filing; what is accepted is taken back. */
static inline void story_rows(struct story *s, const struct story_row *rows, size_t n,
                              void (*tell)(struct story *s, uint32_t id))
{
    for (uint32_t i = 0; i < n; i++) {
        tell(s, 1000 + i);
        if (rows[i].at[0] != '\0') {
            story_set(s, rows[i].at, rows[i].json);
        }
        (void)story_end(s);
        if (s->f->result.decision.outcome != rows[i].outcome) {
            print_error("row %u: %s\n", i, rows[i].at);
        }
        expect(&s->f->result.decision, rows[i].outcome, rows[i].reasons);
        expect_flags(&s->f->result.decision, rows[i].flags);
        if (rows[i].outcome == OUTCOME_ACCEPTED) {
            accept(story_reverse(s, 2000 + i, 1000 + i, "2026-12-31"));
        }
    }
}

/* The balances of a limit by its id, "" when there is none. */
static inline void story_balance(const struct story *s, const char *id, char *out, size_t size)
{
    out[0] = '\0';
    for (uint32_t i = 0; i < s->f->state.limits_n; i++) {
        const struct limit *limit = &s->f->state.limits[i];
        struct limit_id known;
        char name[LIMIT_ID_SIZE];

        enterprise_limit_id(&s->f->state, &limit->key, &known);
        limit_id_format(&known, name);
        if (strcmp(name, id) == 0) {
            (void)snprintf(out, size, "%s %lld,%lld,%lld", iso_currency(limit->currency)->alpha,
                           (long long)limit->is.limit, (long long)limit->is.used,
                           (long long)limit->is.reserved);
        }
    }
}

static inline void expect_balance(const struct story *s, const char *id, const char *balance)
{
    char text[128];

    story_balance(s, id, text, sizeof(text));
    assert_string_equal(text, balance);
}

#endif
