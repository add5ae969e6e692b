#include "compare.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/engine/decider.h"
#include "form/date.h"
#include "form/iso.h"
#include "model.h"
#include "wire/decision_codec.h"
#include "wire/encode.h"
#include "wire/json.h"

/* A fault of the test itself. */
static void require(bool is_so, const char *what)
{
    if (!is_so) {
        (void)fprintf(stderr, "cannot %s\n", what);
        abort();
    }
}

/* ---- the decider --------------------------------------------------------------------------- */

struct world {
    struct store *store;
    struct reference_set *references;
    struct desk *desk;
    struct decider *decider;
    struct batch_part part;
    struct arena arena;
    struct buffer json;
};

static void world_open(struct world *w)
{
    struct decider_conf conf = {
        .partitions_n = 1, .topic = "pack", .is_pack = true, .records_max = 1000000};
    struct failure err;

    require(store_open("memory:", &w->store, &err) == STATUS_OK, "open the store");
    require(reference_set_open(&w->references, &err) == STATUS_OK, "open the references");
    require(desk_open(w->store, w->references, &w->desk, &err) == STATUS_OK, "open the desk");
    require(decider_open(w->desk, &conf, &w->decider, &err) == STATUS_OK, "open the decider");
    require(batch_part_init(&w->part, &err) == STATUS_OK, "make a part");
    batch_part_reset(&w->part, 0, decider_position(w->decider));
    require(arena_open(&w->arena, (size_t)4 << 20, &err) == STATUS_OK, "open an arena");
    buffer_init(&w->json, (size_t)1 << 20);
}

static void world_close(struct world *w)
{
    buffer_fini(&w->json);
    arena_close(&w->arena);
    batch_part_fini(&w->part);
    decider_close(w->decider);
    desk_close(w->desk);
    reference_set_close(w->references);
    store_close(w->store);
}

static void read_step(struct world *w, const struct step *step, struct json_text *ret)
{
    struct failure err;

    arena_reset(&w->arena);
    buffer_reset(&w->json);
    step_to_json(step, &w->json);
    require(json_read(buffer_bytes(&w->json), &w->arena, ret, &err) == STATUS_OK, "read a step");
}

/* Some time of the day in Shanghai; when it is before that of the record before it, that one's
 * counts. */
static int64_t some_time_of(int32_t on, int64_t offset)
{
    return (int64_t)on * 86400000 - INT64_C(8) * 3600000 + offset * 613 % 1440 * 60000;
}

static void decide_filing_step(struct world *w, const struct step *step, int64_t offset)
{
    struct pack_filing line = {.offset = offset,
                               .received_ms = some_time_of(step->received_on, offset)};
    struct json_text text;
    struct failure err;

    read_step(w, step, &text);
    require(filing_encode(&text.doc, &w->arena, &line.filing, &err) == STATUS_OK, "encode");
    line.doc = &text.doc;
    line.has_encoding = true;
    line.value = line.filing;
    line.key = (struct bytes){.at = (const uint8_t *)step->filing.enterprise.at,
                              .n = step->filing.enterprise.n};
    require(decider_pack_filing(w->decider, &line, &w->part, &err) == STATUS_OK, "decide");
}

static void decide_bulletin_step(struct world *w, const struct step *step, int64_t offset)
{
    struct pack_reference line = {.offset = offset};
    struct json_text text;
    struct bytes item;
    struct fault fault;
    struct failure err;

    read_step(w, step, &text);
    require(reference_encode(&text.doc, &w->arena, &item, &err) == STATUS_OK, "encode");
    require(content_encode(decider_bulletin_next(w->decider), &item, 1, &w->arena, &line.content) ==
                STATUS_OK,
            "encode");
    line.value = line.content;
    require(decider_pack_reference(w->decider, &line, &w->part, &fault, &err) == STATUS_OK,
            "decide");
    if (fault.text[0] != '\0') {
        (void)fprintf(stderr, "%s: %s\n", fault.field, fault.text);
    }
    require(fault.text[0] == '\0', "bring a bulletin");
}

/* ---- decisions as text --------------------------------------------------------------------- */

struct page {
    char at[MODEL_ANSWER_SIZE];
    size_t n;
};

static void put(struct page *page, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void put(struct page *page, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    page->n += (size_t)vsnprintf(page->at + page->n, sizeof(page->at) - page->n, fmt, args);
    va_end(args);
    require(page->n < sizeof(page->at), "keep a decision");
}

static void put_reasons(struct page *page, const struct decision *decision)
{
    char id[LIMIT_ID_SIZE];

    for (uint32_t i = 0; i < decision->reasons.n; i++) {
        const struct reason *reason = &decision->reasons.at[i];

        id[0] = '\0';
        if (reason->limit.kind != LIMIT_NONE) {
            (void)limit_id_format(&reason->limit, id);
        }
        put(page, "\n  %d %s %s", (int)reason->code, reason->field, id);
        if (reason->has_amounts) {
            put(page, " %s free %lld asked %lld", iso_currency(reason->currency)->alpha,
                (long long)reason->free_minor, (long long)reason->asked_minor);
        }
    }
}

static void put_postings(struct page *page, const struct decision *decision)
{
    char id[LIMIT_ID_SIZE];

    for (uint32_t i = 0; i < decision->postings_n; i++) {
        const struct posting *p = &decision->postings[i];

        (void)limit_id_format(&p->id, id);
        put(page, "\n  %s %s %+lld %+lld %+lld = %lld %lld %lld", id,
            iso_currency(p->currency)->alpha, (long long)p->change.limit, (long long)p->change.used,
            (long long)p->change.reserved, (long long)p->after.limit, (long long)p->after.used,
            (long long)p->after.reserved);
    }
    if (decision->has_returned) {
        put(page, "\n  returned %s %lld", iso_currency(decision->returned.currency)->alpha,
            (long long)decision->returned.minor);
    }
}

static void put_basis(struct page *page, const struct decision *decision,
                      const struct policy *policy)
{
    char date[DATE_TEXT_SIZE];

    put(page, "\n  basis");
    for (uint32_t i = 0; i < decision->parameters_n; i++) {
        const struct parameter *row = &policy->parameters[decision->parameters[i]];

        date_format(row->from_on, date);
        put(page, " %.*s/%.*s/%.*s@%s", (int)row->id.n, row->id.at, (int)row->subject.n,
            row->subject.at, (int)row->region.n, row->region.at, date);
    }
    for (uint32_t i = 0; i < decision->sheets_n; i++) {
        date_format(decision->sheets[i], date);
        put(page, " %s", date);
    }
}

static void decision_text(const struct decision *decision, const struct policy *policy,
                          struct page *page)
{
    page->n = 0;
    put(page, "number %llu input %lld bulletin %llu %s", (unsigned long long)decision->number,
        (long long)decision->input_offset, (unsigned long long)decision->bulletin,
        outcome_name(decision->outcome));
    if (decision->refers_to > 0) {
        put(page, " refers to %llu", (unsigned long long)decision->refers_to);
    }
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        if ((decision->flags >> i & 1) != 0) {
            put(page, " %s", flag_name((enum flag)(1U << i)));
        }
    }
    put_reasons(page, decision);
    put_postings(page, decision);
    put_basis(page, decision, policy);
}

/* ---- one history both ways ----------------------------------------------------------------- */

enum { TEXTS_MAX = 3000, LIMITS_MAX = 200 };

/* Where a limit stands by the decider's last posting to it. */
struct stand {
    const char *enterprise;
    char id[LIMIT_ID_SIZE];
    struct amounts is;
};

struct comparison {
    struct world world;
    struct model *model;
    size_t decided[HISTORY_STEPS_MAX]; /* decisions up to each step */
    char *texts[TEXTS_MAX];
    size_t inputs[TEXTS_MAX]; /* the step that each is about */
    bool is_bare; /* texts without the numbers of decisions, which other enterprises change */
    size_t texts_n;
    size_t restart_at; /* step before which all goes to the store and is read from there */
    struct page is;
    bool is_loud;
    struct stand stands[LIMITS_MAX];
    size_t stands_n;
    struct comparison_counts counts;
};

/* The policy that the ordinals of a decision mean. */
static const struct policy *policy_of(const struct history *h, uint64_t bulletin)
{
    const struct policy *policy = NULL;

    for (size_t i = 0; i < h->steps_n && bulletin > 0; i++) {
        const struct step *step = &h->steps[i];

        if (step->is_bulletin && !step->is_left_out) {
            policy = step->item.kind == REFERENCE_POLICY ? &step->item.of.policy : policy;
            bulletin--;
        }
    }
    return policy;
}

static struct stand *stand_of(struct comparison *c, const char *enterprise,
                              const struct limit_id *limit)
{
    char id[LIMIT_ID_SIZE];

    (void)limit_id_format(limit, id);
    for (size_t i = 0; i < c->stands_n; i++) {
        if (c->stands[i].enterprise == enterprise && strcmp(c->stands[i].id, id) == 0) {
            return &c->stands[i];
        }
    }
    require(c->stands_n < LIMITS_MAX, "keep a limit");
    c->stands[c->stands_n] = (struct stand){.enterprise = enterprise};
    memcpy(c->stands[c->stands_n].id, id, sizeof(id));
    return &c->stands[c->stands_n++];
}

/* Rulebook section 6, invariants. */
static bool is_sound(struct comparison *c, const struct decision *decision, const struct step *step)
{
    bool may_exceed = (decision->flags & FLAG_GRANDFATHERED) != 0 ||
                      step->filing.event == EVENT_FINANCING_REPAYMENT ||
                      step->filing.event == EVENT_OUTBOUND_LOAN_RETURN;

    if ((decision->outcome == OUTCOME_ACCEPTED || decision->outcome == OUTCOME_DUPLICATE) !=
        (decision->reasons.n == 0)) {
        return false;
    }
    if (decision->outcome != OUTCOME_ACCEPTED) {
        return decision->postings_n == 0 && decision->flags == 0 && !decision->has_returned;
    }
    for (uint32_t i = 0; i < decision->postings_n; i++) {
        const struct posting *p = &decision->postings[i];
        struct stand *stand = stand_of(c, step->filing.enterprise.at, &p->id);
        bool grew = p->change.used + p->change.reserved > 0;

        if (p->after.limit != stand->is.limit + p->change.limit ||
            p->after.used != stand->is.used + p->change.used ||
            p->after.reserved != stand->is.reserved + p->change.reserved || p->after.used < 0 ||
            p->after.reserved < 0 ||
            (grew && !may_exceed && p->after.used + p->after.reserved > p->after.limit)) {
            return false;
        }
        stand->is = p->after;
    }
    return true;
}

/* Read the decisions of the open part as texts. */
static void harvest(struct comparison *c, const struct history *h)
{
    static struct decision decision;
    struct journal_reader reader;
    struct journal_entry entry;
    struct store_journal_row row = {.first_number = 1, .count = c->world.part.count};
    struct json_text text;
    struct own_numbers own;
    struct failure err;

    require(journal_close(&c->world.part.journal, &row, &err) == STATUS_OK, "close the journal");
    journal_reader_init(&reader, &row);
    for (uint32_t i = 0; i < row.count; i++) {
        const struct step *step = NULL;

        require(journal_next(&reader, &entry, &err) == STATUS_OK, "read the journal");
        require((size_t)entry.input_offset < h->steps_n, "find the step");
        step = &h->steps[entry.input_offset];
        read_step(&c->world, step, &text);
        require(decision_decode(entry.decision, &c->world.arena, &decision, &err) == STATUS_OK,
                "decode a decision");
        own_numbers_read(&text.doc, &own);
        decision_fill_own(&decision, &own);
        if (!step->is_bulletin && !is_sound(c, &decision, step)) {
            c->counts.broken++;
        }
        if (c->is_bare) {
            decision.number = 0;
            decision.refers_to = decision.refers_to > 0 ? 1 : 0;
        }
        decision_text(&decision, policy_of(h, decision.bulletin), &c->is);
        require(c->texts_n < TEXTS_MAX, "keep a decision");
        c->inputs[c->texts_n] = (size_t)entry.input_offset;
        c->texts[c->texts_n] = strdup(c->is.at);
        require(c->texts[c->texts_n] != NULL, "keep a decision");
        c->texts_n++;
        c->counts.outcomes[step->filing.event][decision.outcome]++;
        for (uint32_t k = 0; k < FLAG_COUNT; k++) {
            c->counts.flags[k] += decision.flags >> k & 1;
        }
        for (uint32_t k = 0; k < decision.reasons.n; k++) {
            c->counts.codes[decision.reasons.at[k].code]++;
        }
    }
}

/* Everything to the store, and a decider that has only the store. */
static void restart(struct comparison *c)
{
    struct world *w = &c->world;
    struct decider_conf conf = {
        .partitions_n = 1, .topic = "pack", .is_pack = true, .records_max = 1000000};
    struct store_claim claim = {.txn_id = "t"};
    struct store_row row;
    struct store_part part;
    struct store_batch batch = {.parts = &part, .parts_n = 1};
    enum store_outcome outcome = STORE_DOUBT;
    char before[TXN_ID_SIZE];
    int64_t from = 0;
    struct failure err;

    decider_genesis(w->desk, &conf, claim.genesis);
    require(store_claim(w->store, &claim, &row, before, &err) == STATUS_OK, "claim");
    require(decider_seal(w->decider, &w->part, SIZE_MAX, &part, &err) == STATUS_OK, "seal");
    require(store_commit(w->store, &batch, &outcome, &err) == STATUS_OK, "commit");
    require(outcome == STORE_STORED, "store");
    decider_stored(w->decider);
    decider_close(w->decider);
    desk_close(w->desk);
    reference_set_close(w->references);
    require(reference_set_open(&w->references, &err) == STATUS_OK, "open the references");
    require(desk_open(w->store, w->references, &w->desk, &err) == STATUS_OK, "open the desk");
    require(desk_load_references(w->desk, &err) == STATUS_OK, "load the references");
    require(decider_open(w->desk, &conf, &w->decider, &err) == STATUS_OK, "open the decider");
    require(store_row_read(w->store, 0, &row, &err) == STATUS_OK, "read the row");
    require(decider_start(w->decider, &row, &from, &err) == STATUS_OK, "start");
    require(from == -1, "start from states that are complete");
    batch_part_reset(&w->part, 0, decider_position(w->decider));
    c->counts.restarts++;
}

static void decide_all(struct comparison *c, const struct history *h, size_t steps_n)
{
    for (size_t i = 0; i < steps_n; i++) {
        const struct step *step = &h->steps[i];

        if (i == c->restart_at && i > 0) {
            harvest(c, h);
            restart(c);
        }
        if (step->is_bulletin && !step->is_left_out) {
            decide_bulletin_step(&c->world, step, (int64_t)i);
        } else if (!step->is_left_out) {
            decide_filing_step(&c->world, step, (int64_t)i);
        }
        c->decided[i] = c->texts_n + c->world.part.count;
    }
    harvest(c, h);
}

static void forget_texts(struct comparison *c)
{
    for (; c->texts_n > 0; c->texts_n--) {
        free(c->texts[c->texts_n - 1]);
    }
}

static void tell_difference(const struct comparison *c, const struct history *h, const char *want,
                            const char *is)
{
    if (c->is_loud) {
        (void)printf("seed %llu\n-- the model:\n%s\n-- the decider:\n%s\n",
                     (unsigned long long)h->seed, want, is);
    }
}

/* Compare what the step brought; false at the first difference. */
static bool compare_step(struct comparison *c, const struct history *h, size_t i)
{
    const struct step *step = &h->steps[i];
    struct model_record record = {.filing = &step->filing,
                                  .offset = (int64_t)i,
                                  .received_on = step->received_on,
                                  .content = step->content};
    size_t at = i > 0 ? c->decided[i - 1] : 0;
    size_t given = 0;

    if (step->is_left_out) {
        return true;
    }
    if (step->is_bulletin) {
        model_bulletin(c->model, &step->item);
        at++; /* its own decision */
    } else {
        model_file(c->model, &record);
        c->counts.filings++;
    }
    for (; at < c->decided[i]; at++) {
        if (strcmp(model_answer(c->model, given), c->texts[at]) != 0) {
            tell_difference(c, h, model_answer(c->model, given), c->texts[at]);
            return false;
        }
        given++;
    }
    if (model_answer(c->model, given)[0] != '\0') {
        tell_difference(c, h, model_answer(c->model, given), "(no more decisions)");
        return false;
    }
    return true;
}

/* The step at which the answers differ first, steps_n when they do not. */
static size_t run_history(struct comparison *c, const struct history *h, size_t steps_n)
{
    size_t i = 0;

    world_open(&c->world);
    c->model = model_open();
    c->stands_n = 0;
    decide_all(c, h, steps_n);
    while (i < steps_n && compare_step(c, h, i)) {
        i++;
    }
    forget_texts(c);
    model_close(c->model);
    world_close(&c->world);
    return i;
}

size_t comparison_run(struct comparison *c, const struct history *h, size_t restart_at)
{
    c->restart_at = restart_at;
    return run_history(c, h, h->steps_n);
}

void comparison_explain(struct comparison *c, struct history *h, size_t at)
{
    struct buffer json;

    for (size_t i = at; i > 0; i--) {
        h->steps[i - 1].is_left_out = true;
        if (run_history(c, h, at + 1) != at) {
            h->steps[i - 1].is_left_out = false;
        }
    }
    buffer_init(&json, (size_t)1 << 22);
    for (size_t i = 0; i <= at; i++) {
        if (!h->steps[i].is_left_out) {
            char received[DATE_TEXT_SIZE];

            date_format(h->steps[i].received_on, received);
            buffer_printf(&json, "%zu %s ", i, h->steps[i].is_bulletin ? "" : received);
            step_to_json(&h->steps[i], &json);
            buffer_char(&json, '\n');
        }
    }
    (void)printf("%s", buffer_cstr(&json));
    buffer_fini(&json);
    c->is_loud = true;
    (void)run_history(c, h, at + 1);
    c->is_loud = false;
}

/* ---- properties ---------------------------------------------------------------------------- */

/* After everything was reversed nothing is left on any limit, but the value of a mode's limit where
 * the profile that was reversed last had not posted to it: its day came after its filing. */
bool comparison_is_empty(struct comparison *c, const struct history *h)
{
    for (size_t i = 0; h->is_unwound && i < c->stands_n; i++) {
        const struct amounts *is = &c->stands[i].is;

        bool follows_calendar = strchr(c->stands[i].id, ':') == NULL;

        if ((is->limit != 0 && !follows_calendar) || is->used != 0 || is->reserved != 0) {
            (void)printf("seed %llu: %s is left at %lld %lld %lld\n", (unsigned long long)h->seed,
                         c->stands[i].id, (long long)is->limit, (long long)is->used,
                         (long long)is->reserved);
            return false;
        }
    }
    c->counts.unwound += h->is_unwound ? 1 : 0;
    return true;
}

/* All decisions about the filings of one enterprise, in their order. */
static void texts_of(struct comparison *c, const struct history *h, const char *enterprise,
                     struct buffer *out)
{
    world_open(&c->world);
    c->is_bare = true;
    c->stands_n = 0;
    c->restart_at = 0;
    decide_all(c, h, h->steps_n);
    for (size_t i = 0; i < c->texts_n; i++) {
        const struct step *step = &h->steps[c->inputs[i]];

        if (!step->is_bulletin && step->filing.enterprise.at == enterprise) {
            buffer_text(out, c->texts[i]);
        }
    }
    c->is_bare = false;
    forget_texts(c);
    world_close(&c->world);
}

/* An enterprise is decided as if the others were not there. */
bool comparison_is_unrelated(struct comparison *c, struct history *h)
{
    const char *enterprise = h->steps[h->steps_n - 1].filing.enterprise.at;
    struct buffer among;
    struct buffer alone;
    bool is_same = false;

    buffer_init(&among, (size_t)1 << 22);
    buffer_init(&alone, (size_t)1 << 22);
    texts_of(c, h, enterprise, &among);
    for (size_t i = 0; i < h->steps_n; i++) {
        h->steps[i].is_left_out =
            !h->steps[i].is_bulletin && h->steps[i].filing.enterprise.at != enterprise;
    }
    texts_of(c, h, enterprise, &alone);
    is_same = bytes_equal(buffer_bytes(&among), buffer_bytes(&alone));
    c->counts.alone += alone.n > 0 ? 1 : 0;
    buffer_fini(&among);
    buffer_fini(&alone);
    return is_same;
}

struct comparison *comparison_open(void)
{
    struct comparison *comparison = calloc(1, sizeof(*comparison));

    require(comparison != NULL, "allocate");
    return comparison;
}

void comparison_close(struct comparison *comparison) { free(comparison); }

const struct comparison_counts *comparison_counts(const struct comparison *comparison)
{
    return &comparison->counts;
}
