#include "pack_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/engine/decider_inside.h"
#include "consumers/store/state.h"
#include "form/date.h"
#include "wire/encode.h"
#include "wire/json.h"

enum { PACK_MAX = 1 << 20 };

struct walk {
    struct store *store;
    struct reference_set *references;
    struct desk *desk;
    struct decider *decider;
    struct batch_part part;
    struct arena arena;
    struct buffer sorted;
    struct buffer state;
    struct undo undo; /* of the filing that is named */
    struct form form;
    pack_visit_fn *visit;
    void *arg;
};

static void require(bool is_so, const char *what, const struct failure *err)
{
    if (!is_so) {
        (void)fprintf(stderr, "cannot %s: %s\n", what, err->text);
        exit(1); /* NOLINT(concurrency-mt-unsafe): there is one thread */
    }
}

static void walk_open(struct walk *w)
{
    struct decider_conf conf = {
        .partitions_n = 1, .topic = "pack", .is_pack = true, .records_max = UINT32_MAX};
    struct failure err = {.text = ""};
    bool is_open = store_open("memory:", &w->store, &err) == STATUS_OK &&
                   reference_set_open(&w->references, &err) == STATUS_OK &&
                   desk_open(w->store, w->references, &w->desk, &err) == STATUS_OK &&
                   decider_open(w->desk, &conf, &w->decider, &err) == STATUS_OK &&
                   batch_part_init(&w->part, &err) == STATUS_OK &&
                   arena_open(&w->arena, (size_t)64 << 20, &err) == STATUS_OK;

    require(is_open, "open a decider", &err);
    batch_part_reset(&w->part, 0, decider_position(w->decider));
    buffer_init(&w->sorted, (size_t)1 << 20);
    buffer_init(&w->state, (size_t)16 << 20);
}

static void walk_close(struct walk *w)
{
    buffer_fini(&w->state);
    buffer_fini(&w->sorted);
    arena_close(&w->arena);
    batch_part_fini(&w->part);
    decider_close(w->decider);
    desk_close(w->desk);
    reference_set_close(w->references);
    store_close(w->store);
}

/* The bytes that count for 201, canonical where there are such. */
static void encode(struct walk *w, const struct document *doc, struct pack_filing *line)
{
    struct failure err = {.text = ""};
    const struct node *enterprise = document_find(doc, &doc->nodes[0], "enterprise");

    line->has_encoding = filing_encode_oversize(doc, &w->arena, &line->filing, &err) == STATUS_OK;
    if (!line->has_encoding) {
        buffer_reset(&w->sorted);
        require(document_to_sorted_json(doc, &w->arena, &w->sorted, &err) == STATUS_OK,
                "encode a filing", &err);
        line->filing = buffer_bytes(&w->sorted);
    }
    line->value = line->filing;
    if (enterprise != NULL && enterprise->kind == NODE_TEXT) {
        line->key =
            (struct bytes){.at = (const uint8_t *)enterprise->text.at, .n = enterprise->text.n};
    }
}

/* What decider_decide_filing() does up to decide_filing(). */
static void show(struct walk *w, const struct pack_filing *line)
{
    struct decider *d = w->decider;
    struct pack_case of = {.form = &w->form, .chain = d->position.chain};
    const struct enterprise *state = NULL;
    struct decide_args args;
    struct failure err = {.text = ""};
    int64_t received_ms =
        line->received_ms > d->position.received_ms ? line->received_ms : d->position.received_ms;

    form_check(line->doc, date_of_unix_ms_shanghai(received_ms), true, &w->form);
    d->part = &w->part;
    decider_args(d);
    args = w->desk->args;
    args.form = &w->form;
    args.record.received_ms = received_ms;
    args.record.input_offset = line->offset;
    args.record.trigger_offset = line->offset;
    hash_sha256(w->desk->hash, line->filing.at, line->filing.n, args.record.filing_hash);
    buffer_reset(&w->state);
    if (w->form.identified) {
        require(decider_state(d, w->form.identity.enterprise.at, &state, &err) == STATUS_OK,
                "find the state", &err);
    }
    if (state != NULL) {
        state_encode(state, &w->state);
        require(decider_earlier_own(d, &w->form, state, &args.own, &err) == STATUS_OK &&
                    decider_earlier_named(d, &w->form, state, &args.named, &err) == STATUS_OK,
                "look up an earlier filing", &err);
    }
    if (args.named.undo != NULL) {
        w->undo = *args.named.undo;
        args.named.undo = &w->undo;
    }
    of.args = &args;
    of.state = buffer_bytes(&w->state);
    w->visit(w->arg, &of);
}

static void filing_line(struct walk *w, const struct pack_line *read, int64_t offset)
{
    struct pack_filing line = {
        .offset = offset, .received_ms = read->received_ms, .doc = &read->doc};
    struct failure err = {.text = ""};

    encode(w, &read->doc, &line);
    show(w, &line);
    require(decider_pack_filing(w->decider, &line, &w->part, &err) == STATUS_OK, "decide a filing",
            &err);
}

static void reference_line(struct walk *w, const struct pack_line *read, int64_t offset)
{
    struct pack_reference line = {.offset = offset};
    struct bytes item = {.n = 0};
    struct fault fault = {.text = ""};
    struct failure err = {.text = ""};

    require(reference_encode(&read->doc, &w->arena, &item, &err) == STATUS_OK &&
                content_encode(decider_bulletin_next(w->decider), &item, 1, &w->arena,
                               &line.content) == STATUS_OK,
            "encode a bulletin", &err);
    line.value = line.content;
    require(decider_pack_reference(w->decider, &line, &w->part, &fault, &err) == STATUS_OK,
            "decide a bulletin", &err);
}

void pack_cases(const char *path, pack_visit_fn *visit, void *arg)
{
    struct walk *w = calloc(1, sizeof(*w));
    char *line = malloc(PACK_MAX);
    FILE *file = fopen(path, "r");
    struct failure err = {.text = "no such file, or no memory"};

    require(w != NULL && line != NULL && file != NULL, path, &err);
    w->visit = visit;
    w->arg = arg;
    walk_open(w);
    for (int64_t offset = 0; fgets(line, PACK_MAX, file) != NULL; offset++) {
        size_t n = strcspn(line, "\n");
        struct pack_line read;

        arena_reset(&w->arena);
        require(pack_line_read((struct bytes){.at = (const uint8_t *)line, .n = n}, &w->arena,
                               &read, &err) == STATUS_OK,
                "read a line", &err);
        if (read.is_filing) {
            filing_line(w, &read, offset);
        } else {
            reference_line(w, &read, offset);
        }
    }
    (void)fclose(file);
    walk_close(w);
    free(line);
    free(w);
}
