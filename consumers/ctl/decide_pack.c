/* decide: a pack, the worked cases of rulebook section 9, without Kafka and without a store.
 *
 * The worker's own decider over a store in memory; a line is a record of partition 0 of 1 of the
 * topic "pack".  What is decided is printed at once, so that a line that is none ends the output
 * where it stands. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "consumers/ctl/ctl.h"
#include "consumers/ctl/decision_rows.h"
#include "consumers/engine/decider.h"
#include "wire/decision_codec.h"
#include "wire/encode.h"
#include "wire/json.h"

#define PACK_SIZE_MAX   ((size_t)1 << 30)
#define ARENA_PER_BYTE  300 /* 70 to read JSON, the rest to take apart, sort and encode it */
#define ARENA_LEAST     ((size_t)4 << 20)
#define DECISIONS_MAX   4000 /* of a batch */
#define STATES_MAX_PACK 100000

/* The numbers that the own postings of a held filing mean, for when it is decided again. */
struct held_numbers {
    uint64_t number;
    char registration_no[INVESTOR_NO_MAX + 1];
    char application_no[INVESTOR_NO_MAX + 1];
    char contract_no[INVESTOR_NO_MAX + 1];
    char loan_no[INVESTOR_NO_MAX + 1];
    char investor_no[INVESTOR_NO_MAX + 1];
    bool has_fiscal_year;
    int64_t fiscal_year;
};

struct pack {
    struct ctl *ctl;
    struct store *store;
    struct reference_set *references;
    struct desk *desk;
    struct decider *decider;
    struct batch_part part;
    struct arena arena;      /* of a line */
    struct arena seen_arena; /* of a decision that is printed */
    struct decision *seen;
    struct decision_rows rows;
    struct buffer text;
    struct buffer sorted;
    struct held_numbers *held; /* by number */
    size_t held_n, held_max;
    uint8_t token[OWNER_TOKEN_SIZE];
    bool is_refused; /* a bulletin was */
};

/* ---- own numbers of held filings ----------------------------------------------------------- */

static void keep_text(char out[INVESTOR_NO_MAX + 1], struct text text)
{
    const uint32_t n = text.n < INVESTOR_NO_MAX ? text.n : INVESTOR_NO_MAX;

    if (n > 0) {
        memcpy(out, text.at, n);
    }
    out[n] = '\0';
}

static struct text kept_text(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

static enum status keep_held(struct pack *p, uint64_t number, const struct own_numbers *own,
                             struct failure *err)
{
    struct held_numbers *kept;

    if (p->held_n == p->held_max) {
        const size_t max = p->held_max ? 2 * p->held_max : 256;
        struct held_numbers *larger = realloc(p->held, max * sizeof(*larger));

        if (!larger) {
            return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        }
        p->held = larger;
        p->held_max = max;
    }
    kept = &p->held[p->held_n++];
    kept->number = number;
    keep_text(kept->registration_no, own->registration_no);
    keep_text(kept->application_no, own->application_no);
    keep_text(kept->contract_no, own->contract_no);
    keep_text(kept->loan_no, own->loan_no);
    keep_text(kept->investor_no, own->investor_no);
    kept->has_fiscal_year = own->has_fiscal_year;
    kept->fiscal_year = own->fiscal_year;
    return STATUS_OK;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *number = a;
    const struct held_numbers *held = b;

    return (*number > held->number) - (*number < held->number);
}

/* Those of the filing whose first decision has this number. */
static bool find_held(const struct pack *p, uint64_t number, struct own_numbers *ret)
{
    const struct held_numbers *held =
        p->held_n > 0 ? bsearch(&number, p->held, p->held_n, sizeof(*p->held), by_number) : NULL;

    if (!held) {
        return false;
    }
    *ret = (struct own_numbers){.registration_no = kept_text(held->registration_no),
                                .application_no = kept_text(held->application_no),
                                .contract_no = kept_text(held->contract_no),
                                .loan_no = kept_text(held->loan_no),
                                .investor_no = kept_text(held->investor_no),
                                .has_fiscal_year = held->has_fiscal_year,
                                .fiscal_year = held->fiscal_year};
    return true;
}

/* ---- printing ------------------------------------------------------------------------------ */

/* --bytes: as the journal has it, bulletins too. */
static void print_bytes(struct pack *p, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        (void)fprintf(p->ctl->out, "%02x", bytes.at[i]);
    }
    (void)fputc('\n', p->ctl->out);
}

static enum status print_decision(struct pack *p, struct bytes bytes, const struct own_numbers *own,
                                  struct failure *err)
{
    const struct reference *reference = reference_set_reference(p->references);
    struct own_numbers held;
    enum status status;

    arena_reset(&p->seen_arena);
    status = decision_decode(bytes, &p->seen_arena, p->seen, err);
    if (status != STATUS_OK || p->seen->event == EVENT_BULLETIN) {
        return status;
    }
    if (p->seen->refers_to != 0 && find_held(p, p->seen->refers_to, &held)) {
        own = &held;
    } else if (p->seen->outcome == OUTCOME_HELD && own) {
        status = keep_held(p, p->seen->number, own, err);
    }
    return status == STATUS_OK ? decision_rows_put(&p->rows, p->seen, own, reference, err) : status;
}

/* Decisions of the part from a place on. */
static enum status print_from(struct pack *p, size_t from, const struct own_numbers *own,
                              struct failure *err)
{
    const struct buffer *decisions = &p->part.journal.decisions;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && from < decisions->n) {
        const uint32_t n = be32_get(decisions->at + from);

        const struct bytes bytes = {.at = decisions->at + from + 4, .n = n};

        if (p->ctl->settings->bytes) {
            print_bytes(p, bytes);
        } else {
            status = print_decision(p, bytes, own, err);
        }
        from += 4 + (size_t)n;
    }
    return status;
}

/* ---- lines --------------------------------------------------------------------------------- */

static enum status no_room(struct failure *err)
{
    return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0, "the line is too long");
}

/* The filing bytes of I3: those of the canonical encoding, else the sorted JSON. */
static enum status encode_filing(struct pack *p, const struct document *doc,
                                 struct pack_filing *line, struct failure *err)
{
    const struct text no_key = {.n = 0};
    const struct bytes no_signature = {.n = 0};
    struct failure why = {.status = STATUS_OK};
    enum status status = filing_encode_oversize(doc, &p->arena, &line->filing, &why);

    if (status == STATUS_OK && submission_encode(line->filing, no_key, no_signature, &p->arena,
                                                 &line->value) == STATUS_OK) {
        line->has_encoding = true;
        return STATUS_OK;
    }
    buffer_reset(&p->sorted);
    status = document_to_sorted_json(doc, &p->arena, &p->sorted, err);
    line->filing = buffer_bytes(&p->sorted);
    line->value = line->filing;
    return status;
}

static enum status decide_filing_line(struct pack *p, const struct pack_line *read, int64_t offset,
                                      struct failure *err)
{
    const size_t from = p->part.journal.decisions.n;
    const struct node *enterprise = document_find(&read->doc, &read->doc.nodes[0], "enterprise");
    struct pack_filing line = {
        .offset = offset, .received_ms = read->received_ms, .doc = &read->doc};
    struct own_numbers own;
    enum status status = encode_filing(p, &read->doc, &line, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (read->duplicate_key || (line.has_encoding && line.filing.n > FILING_SIZE_MAX)) {
        line.doc = NULL; /* undecodable */
    }
    if (enterprise && enterprise->kind == NODE_TEXT) {
        line.key =
            (struct bytes){.at = (const uint8_t *)enterprise->text.at, .n = enterprise->text.n};
    }
    status = decider_pack_filing(p->decider, &line, &p->part, err);
    own_numbers_read(&read->doc, &own);
    return status == STATUS_OK ? print_from(p, from, &own, err) : status;
}

static void say_refused(struct pack *p, int64_t offset, const struct fault *fault)
{
    p->is_refused = true;
    output_flush(&p->rows.output);
    (void)fprintf(stderr, "filingctl: line %" PRId64 ": the bulletin is refused: %s%s%s\n",
                  offset + 1, fault->field, fault->field[0] ? ": " : "", fault->text);
}

/* The bytes of a bulletin with the object.  One that has no encoding becomes a content of another
 * number, which is refused as it must be; *ret_fault says why. */
static enum status encode_reference(struct pack *p, const struct pack_line *read,
                                    struct pack_reference *line, struct fault *ret_fault,
                                    struct failure *err)
{
    uint64_t number = decider_bulletin_next(p->decider);
    struct failure why = {.status = STATUS_OK};
    struct reference_item item;
    struct bytes encoded = {.n = 0};
    struct bytes bulletin;
    struct area area = {.used = 0};
    size_t items_n = 1;

    area.at = arena_take_rest(&p->arena, &area.size);
    if (read->duplicate_key) {
        (void)snprintf(ret_fault->text, sizeof(ret_fault->text), "a field stands twice");
        items_n = 0;
    } else if (!reference_read(&read->doc, &area, &item, ret_fault)) {
        items_n = 0;
    }
    if (reference_encode(&read->doc, &p->arena, &encoded, &why) != STATUS_OK) {
        items_n = 0;
    } else if (!read->duplicate_key) {
        items_n = 1; /* the decider finds the fault itself */
    }
    if (items_n == 0 && ret_fault->text[0] == '\0') {
        (void)snprintf(ret_fault->text, sizeof(ret_fault->text), "%.190s", why.text);
    }
    number = items_n == 0 ? number + 1 : number;
    if (content_encode(number, &encoded, items_n, &p->arena, &line->content) != STATUS_OK ||
        bulletin_encode(line->content, NULL, 0, &p->arena, &bulletin) != STATUS_OK ||
        submission_encode_bulletin(bulletin, &p->arena, &line->value) != STATUS_OK) {
        return no_room(err);
    }
    return STATUS_OK;
}

static enum status decide_reference_line(struct pack *p, const struct pack_line *read,
                                         int64_t offset, struct failure *err)
{
    const size_t from = p->part.journal.decisions.n;
    struct pack_reference line = {.offset = offset};
    struct fault known = {.field = "", .text = ""};
    struct fault fault = {.field = "", .text = ""};
    enum status status = encode_reference(p, read, &line, &known, err);

    if (status == STATUS_OK) {
        status = decider_pack_reference(p->decider, &line, &p->part, &fault, err);
    }
    if (status == STATUS_OK && fault.text[0] != '\0') {
        say_refused(p, offset, known.text[0] != '\0' ? &known : &fault);
    }
    return status == STATUS_OK ? print_from(p, from, NULL, err) : status;
}

/* ---- batches ------------------------------------------------------------------------------- */

static enum status store_part(struct pack *p, struct failure *err)
{
    struct store_part part;
    const struct store_batch batch = {.parts = &part, .parts_n = 1};
    enum store_outcome outcome = STORE_DOUBT;
    enum status status;

    if (p->part.count == 0) {
        return STATUS_OK;
    }
    status = decider_seal(p->decider, &p->part, STATES_MAX_PACK, &part, err);
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(part.owner_token, p->token, sizeof(part.owner_token));
    status = store_commit(p->store, &batch, &outcome, err);
    if (status != STATUS_OK) {
        return status;
    }
    assert(outcome == STORE_STORED); /* nobody else has it */
    decider_stored(p->decider);
    batch_part_reset(&p->part, 0, decider_position(p->decider));
    return STATUS_OK;
}

static bool is_blank(struct bytes line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (!strchr(" \t\r", line.at[i])) {
            return false;
        }
    }
    return true;
}

static enum status decide_line(struct pack *p, struct bytes text, int64_t offset,
                               struct failure *err)
{
    struct failure why = {.status = STATUS_OK};
    struct pack_line read;
    enum status status;

    arena_reset(&p->arena);
    status = pack_line_read(text, &p->arena, &read, &why);
    if (status != STATUS_OK) {
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0, "%.60s: line %" PRId64 ": %.160s",
                           p->ctl->common->arguments[0], offset + 1, why.text);
    }
    status = read.is_filing ? decide_filing_line(p, &read, offset, err)
                            : decide_reference_line(p, &read, offset, err);
    if (status == STATUS_OK && (p->part.count >= DECISIONS_MAX || batch_part_is_full(&p->part))) {
        status = store_part(p, err);
    }
    return status;
}

static enum status decide_lines(struct pack *p, struct failure *err)
{
    const struct bytes text = buffer_bytes(&p->text);
    int64_t offset = 0;
    size_t at = 0;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && at < text.n) {
        const uint8_t *end = memchr(text.at + at, '\n', text.n - at);
        const struct bytes line = {.at = text.at + at,
                                   .n = end ? (size_t)(end - text.at) - at : text.n - at};

        at += line.n + 1;
        if (!is_blank(line)) {
            status = decide_line(p, line, offset, err);
        }
        offset++;
    }
    return status;
}

/* ---- opening ------------------------------------------------------------------------------- */

static size_t longest_line(struct bytes text)
{
    size_t longest = 0;
    size_t at = 0;

    while (at < text.n) {
        const uint8_t *end = memchr(text.at + at, '\n', text.n - at);
        const size_t n = end ? (size_t)(end - text.at) - at : text.n - at;

        longest = n > longest ? n : longest;
        at += n + 1;
    }
    return longest;
}

static enum status open_decider(struct pack *p, struct failure *err)
{
    const struct decider_conf conf = {
        .partitions_n = 1, .topic = "pack", .is_pack = true, .records_max = UINT32_MAX};
    struct store_claim claim = {.txn_id = "pack"};
    char previous[TXN_ID_SIZE];
    struct store_row row;
    int64_t from = -1;
    enum status status = decider_open(p->desk, &conf, &p->decider, err);

    if (status == STATUS_OK) {
        decider_genesis(p->desk, &conf, claim.genesis);
        status = store_claim(p->store, &claim, &row, previous, err);
    }
    if (status == STATUS_OK) {
        status = decider_start(p->decider, &row, &from, err);
    }
    if (status == STATUS_OK) {
        status = batch_part_init(&p->part, err);
    }
    if (status == STATUS_OK) {
        batch_part_reset(&p->part, 0, decider_position(p->decider));
    }
    return status;
}

static enum status open_pack(struct pack *p, struct failure *err)
{
    enum status status = file_read(p->ctl->common->arguments[0], &p->text, err);

    if (status == STATUS_OK) {
        status = arena_open(
            &p->arena, ARENA_PER_BYTE * longest_line(buffer_bytes(&p->text)) + ARENA_LEAST, err);
    }
    if (status == STATUS_OK) {
        status = arena_open(&p->seen_arena, ARENA_LEAST, err);
    }
    p->seen = calloc(1, sizeof(*p->seen));
    if (status == STATUS_OK && !p->seen) {
        status = failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    if (status == STATUS_OK) {
        status = store_open("memory:", &p->store, err);
    }
    if (status == STATUS_OK) {
        status = reference_set_open(&p->references, err);
    }
    if (status == STATUS_OK) {
        status = desk_open(p->store, p->references, &p->desk, err);
    }
    return status == STATUS_OK ? open_decider(p, err) : status;
}

static void close_pack(struct pack *p)
{
    batch_part_fini(&p->part);
    decider_close(p->decider);
    desk_close(p->desk);
    reference_set_close(p->references);
    store_close(p->store);
    arena_close(&p->arena);
    arena_close(&p->seen_arena);
    free(p->seen);
    free(p->held);
    buffer_fini(&p->text);
    buffer_fini(&p->sorted);
}

/* Without rows there is no header to print after bytes. */
static enum status end_output(struct pack *p, enum status status, struct failure *err)
{
    const bool is_table = status == STATUS_OK && !p->ctl->settings->bytes;

    if (decision_rows_fini(&p->rows, is_table ? err : NULL) == STATUS_OK || status != STATUS_OK) {
        return status;
    }
    return is_table ? STATUS_IO
                    : failure_set(err, STATUS_IO, REMEDY_STOP, 0, "the bytes were not written");
}

enum status decide_pack(struct ctl *ctl, struct failure *err)
{
    struct pack p = {.ctl = ctl};
    enum status status;

    buffer_init(&p.text, PACK_SIZE_MAX);
    buffer_init(&p.sorted, PACK_SIZE_MAX);
    status = open_pack(&p, err);
    if (status == STATUS_OK) {
        decision_rows_init(&p.rows, ctl->out, ctl->common->output);
        status = decide_lines(&p, err);
        status = end_output(&p, status, err);
    }
    if (status == STATUS_OK && p.is_refused) {
        ctl->code = EXIT_REFUSED;
    }
    close_pack(&p);
    return status;
}
