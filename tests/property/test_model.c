/* Many histories, decided by the decider of the worker and by the model, decision by decision.
 *
 *   test_model [--seed S] [--count HISTORIES]
 *
 * A difference names its seed, is shrunk to the steps that it needs, and is printed with both
 * answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/engine/decider.h"
#include "form/date.h"
#include "form/iso.h"
#include "history.h"
#include "model.h"
#include "wire/decision_codec.h"
#include "wire/encode.h"
#include "wire/json.h"

enum { HISTORIES = 250, DIFFERENCES_MAX = 5 };

static uint64_t first_seed = 1;
static uint64_t histories = HISTORIES;

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

static int64_t noon_of(int32_t on) { return (int64_t)on * 86400000 + 4 * 3600000; }

static void decide_filing_step(struct world *w, const struct step *step, int64_t offset)
{
    struct pack_filing line = {.offset = offset, .received_ms = noon_of(step->received_on)};
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

struct run {
    struct world world;
    struct model *model;
    uint32_t counts[HISTORY_STEPS_MAX]; /* decisions of the part after each step */
    struct page is;
    bool is_loud;
    size_t filings;
    size_t outcomes[EVENT_N][OUTCOME_DUPLICATE + 1];
    size_t codes[500];
};

static void decide_all(struct run *r, const struct history *h, size_t steps_n)
{
    for (size_t i = 0; i < steps_n; i++) {
        const struct step *step = &h->steps[i];

        if (step->is_left_out) {
            r->counts[i] = r->world.part.count;
            continue;
        }
        if (step->is_bulletin) {
            decide_bulletin_step(&r->world, step, (int64_t)i);
        } else {
            decide_filing_step(&r->world, step, (int64_t)i);
        }
        r->counts[i] = r->world.part.count;
    }
}

/* The next decision of the journal as text, with the numbers of its filing. */
static void next_text(struct run *r, struct journal_reader *reader, const struct history *h,
                      const struct policy *policy)
{
    static struct decision decision;
    struct journal_entry entry;
    struct own_numbers own;
    struct json_text text;
    struct failure err;
    const struct step *step = NULL;

    require(journal_next(reader, &entry, &err) == STATUS_OK, "read the journal");
    require(entry.input_offset >= 0 && (size_t)entry.input_offset < h->steps_n, "find the step");
    step = &h->steps[entry.input_offset];
    read_step(&r->world, step, &text);
    require(decision_decode(entry.decision, &r->world.arena, &decision, &err) == STATUS_OK,
            "decode a decision");
    own_numbers_read(&text.doc, &own);
    decision_fill_own(&decision, &own);
    decision_text(&decision, policy, &r->is);
    r->outcomes[step->filing.event][decision.outcome]++;
    for (uint32_t i = 0; i < decision.reasons.n; i++) {
        r->codes[decision.reasons.at[i].code]++;
    }
}

static void tell_difference(const struct run *r, const struct history *h, const char *want)
{
    if (r->is_loud) {
        (void)printf("seed %llu\n-- the model:\n%s\n-- the decider:\n%s\n",
                     (unsigned long long)h->seed, want, r->is.at);
    }
}

/* Compare what the step brought; false at the first difference. */
static bool compare_step(struct run *r, const struct history *h, size_t i,
                         struct journal_reader *reader)
{
    const struct step *step = &h->steps[i];
    static const struct policy *policy = NULL;
    struct model_record record = {.filing = &step->filing,
                                  .offset = (int64_t)i,
                                  .received_on = step->received_on,
                                  .content = step->content};
    uint32_t before = i > 0 ? r->counts[i - 1] : 0;
    uint32_t n = r->counts[i] - before;
    size_t given = 0;

    if (step->is_left_out) {
        return true;
    }
    if (step->is_bulletin) {
        struct journal_entry entry;
        struct failure err;

        policy = step->item.kind == REFERENCE_POLICY ? &step->item.of.policy : policy;
        model_bulletin(r->model, &step->item);
        require(journal_next(reader, &entry, &err) == STATUS_OK, "read the journal");
        n--;
    } else {
        model_file(r->model, &record);
        r->filings++;
    }
    for (; n > 0; n--) {
        next_text(r, reader, h, policy);
        if (strcmp(model_answer(r->model, given), r->is.at) != 0) {
            tell_difference(r, h, model_answer(r->model, given));
            return false;
        }
        given++;
    }
    if (model_answer(r->model, given)[0] != '\0') {
        (void)snprintf(r->is.at, sizeof(r->is.at), "(no more decisions)");
        tell_difference(r, h, model_answer(r->model, given));
        return false;
    }
    return true;
}

/* The step at which the answers differ first, steps_n when they do not. */
static size_t run_history(struct run *r, const struct history *h, size_t steps_n)
{
    struct journal_reader reader;
    struct store_journal_row row = {.first_number = 1};
    struct failure err;
    size_t i = 0;

    world_open(&r->world);
    r->model = model_open();
    decide_all(r, h, steps_n);
    row.count = r->world.part.count;
    require(journal_close(&r->world.part.journal, &row, &err) == STATUS_OK, "close the journal");
    journal_reader_init(&reader, &row);
    while (i < steps_n && compare_step(r, h, i, &reader)) {
        i++;
    }
    model_close(r->model);
    world_close(&r->world);
    return i;
}

/* Leave out what the difference does not need, then tell it. */
static void shrink(struct run *r, struct history *h, size_t at)
{
    struct buffer json;

    for (size_t i = at; i > 0; i--) {
        h->steps[i - 1].is_left_out = true;
        if (run_history(r, h, at + 1) != at) {
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
    r->is_loud = true;
    (void)run_history(r, h, at + 1);
    r->is_loud = false;
}

/* What the histories were made of: a test of nothing but refusals would prove little. */
static void tell_counts(const struct run *r)
{
    for (int event = 1; event < EVENT_N; event++) {
        const size_t *n = r->outcomes[event];

        if (n[OUTCOME_ACCEPTED] + n[OUTCOME_REJECTED] + n[OUTCOME_HELD] > 0) {
            print_message("%-28s %6zu accepted %6zu rejected %6zu held %6zu duplicate\n",
                          event_name((enum event)event), n[OUTCOME_ACCEPTED], n[OUTCOME_REJECTED],
                          n[OUTCOME_HELD], n[OUTCOME_DUPLICATE]);
        }
    }
    for (int code = 0; code < 500; code++) {
        if (r->codes[code] > 0) {
            print_message("%d: %zu\n", code, r->codes[code]);
        }
    }
}

static void decider_and_model_agree(void **state)
{
    struct run *r = calloc(1, sizeof(*r));
    size_t differences = 0;

    (void)state;
    require(r != NULL, "allocate");
    for (uint64_t seed = first_seed; seed < first_seed + histories && differences < DIFFERENCES_MAX;
         seed++) {
        struct history h;
        size_t at = 0;

        history_init(&h, seed);
        at = run_history(r, &h, h.steps_n);
        if (at < h.steps_n) {
            shrink(r, &h, at);
            (void)fflush(stdout);
            differences++;
        }
        history_fini(&h);
    }
    assert_int_equal(differences, 0);
    print_message("%zu filings\n", r->filings);
    tell_counts(r);
    free(r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decider_and_model_agree)};

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0) {
            first_seed = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--count") == 0) {
            histories = strtoull(argv[i + 1], NULL, 10);
        }
    }
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
