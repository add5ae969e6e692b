/* reference propose: what is in FILE and not in force, as contents of the bulletins that would
 * follow, signed by who proposes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "consumers/ctl/issue.h"
#include "consumers/ctl/reference_file.h"
#include "consumers/ctl/reference_force.h"
#include "wire/encode.h"

/* Beside the items a bulletin has a number, lengths and two approvals. */
#define CONTENT_SIZE_MAX (BULLETIN_SIZE_MAX - 4096)

static const struct output_column columns[] = {
    {"id", OUTPUT_TEXT},      {"number", OUTPUT_NUMBER}, {"kind", OUTPUT_TEXT},
    {"items", OUTPUT_NUMBER}, {"state", OUTPUT_TEXT},
};

struct proposing {
    struct issuer *issuer;
    struct reference_file *file;
    enum reference_kind kind;
    struct output output;
    struct bytes *items; /* encodings of one content */
    struct reference_item *values;
};

/* ---- checking ------------------------------------------------------------------------------ */

/* Leave out what is in force; the workers' check for the rest, one by one, for its place. */
static enum status check_objects(struct proposing *p, size_t *ret_left, struct failure *err)
{
    const struct ledger_log *log = p->issuer->log;
    const struct reference *reference = reference_set_reference(log->references);
    const int64_t as_of = ledger_log_as_of(log);

    *ret_left = 0;
    for (size_t i = 0; i < p->file->objects_n; i++) {
        struct reference_object *object = &p->file->objects[i];
        const struct content content = {
            .number = (uint64_t)(as_of + 1), .items = &object->item, .items_n = 1};
        struct fault fault = {.field = ""};

        object->is_left_out = reference_is_in_force(reference, as_of, &object->item);
        *ret_left += object->is_left_out ? 0 : 1;
        if (!object->is_left_out && !reference_check(reference, as_of, &content, &fault)) {
            return reference_file_fault(p->file, object, &fault, err);
        }
    }
    return STATUS_OK;
}

/* ---- one content --------------------------------------------------------------------------- */

/* The objects from *at on that fit into one bulletin. */
static size_t gather(struct proposing *p, size_t *at)
{
    size_t size = 0;
    size_t n = 0;

    for (; *at < p->file->objects_n; (*at)++) {
        const struct reference_object *object = &p->file->objects[*at];

        if (object->is_left_out) {
            continue;
        }
        size += object->encoded.n + 8; /* its tag and length */
        if (n > 0 && size > CONTENT_SIZE_MAX) {
            break;
        }
        p->items[n] = object->encoded;
        p->values[n] = object->item;
        n++;
    }
    return n;
}

static enum status sign_proposal(struct proposing *p, struct proposal *proposal,
                                 uint8_t signature[SIGNATURE_SIZE], struct failure *err)
{
    struct issuer *issuer = p->issuer;
    const struct signed_message message = {
        .domain = SIGN_BULLETIN, .ledger_id = issuer->log->ledger_id, .bytes = proposal->content};
    const char *kind = reference_kind_name(p->kind);

    proposal->proposed_ms = clock_unix_ms();
    proposal->kind = (struct text){.at = kind, .n = (uint32_t)strlen(kind)};
    proposal->approval.key_id = (struct text){.at = issuer->operator.key_id,
                                              .n = (uint32_t)strlen(issuer->operator.key_id)};
    proposal->approval.signature = (struct bytes){.at = signature, .n = SIGNATURE_SIZE};
    return operator_key_sign(&issuer->operator, issuer->log->desk->signer, &message, signature,
                             err);
}

static enum status write_proposal(struct proposing *p, const struct proposal *proposal,
                                  const char *id, struct failure *err)
{
    char key[REFERENCE_KEY_SIZE];
    char result[48];
    struct act act = {.ledger_id = p->issuer->log->ledger_id,
                      .reference_key = key,
                      .command = "reference propose",
                      .result = result};

    reference_key_proposal(id, key);
    (void)snprintf(result, sizeof(result), "proposed %s", id);
    if (proposal_encode(proposal, &p->issuer->arena, &act.reference) != STATUS_OK) {
        return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0, "the proposal is too large");
    }
    return issuer_act(p->issuer, &act, err);
}

static void put_row(struct proposing *p, const char *id, uint64_t number, size_t items,
                    const char *state)
{
    output_cstr(&p->output, id);
    output_number(&p->output, (int64_t)number);
    output_cstr(&p->output, reference_kind_name(p->kind));
    output_number(&p->output, (int64_t)items);
    output_cstr(&p->output, state);
    output_end_row(&p->output);
}

/* Only one proposal can become a bulletin of a number. */
static void say_others(const struct ledger_log *log, uint64_t number, const char *id)
{
    for (size_t i = 0; i < log->proposals_n; i++) {
        if (log->proposals[i].number == number && strcmp(log->proposals[i].id, id) != 0) {
            (void)fprintf(stderr,
                          "filingctl: proposal %s waits for bulletin %" PRIu64
                          " too: whichever is approved first becomes it, the others are proposed "
                          "again\n",
                          log->proposals[i].id, number);
        }
    }
}

/* The objects as content number; from here on they count as in force for what follows. */
static enum status propose_content(struct proposing *p, uint64_t number, size_t n,
                                   struct failure *err)
{
    struct ledger_log *log = p->issuer->log;
    const struct content content = {.number = number, .items = p->values, .items_n = (uint32_t)n};
    struct proposal proposal = {.content = {.n = 0}};
    struct fault fault = {.field = ""};
    uint8_t signature[SIGNATURE_SIZE];
    char id[PROPOSAL_ID_SIZE];
    bool is_there;
    enum status status;

    if (!reference_check(reference_set_reference(log->references), (int64_t)number - 1, &content,
                         &fault)) {
        return reference_file_fault(p->file, NULL, &fault, err);
    }
    arena_reset(&p->issuer->arena);
    if (content_encode(number, p->items, n, &p->issuer->arena, &proposal.content) != STATUS_OK ||
        proposal.content.n > CONTENT_SIZE_MAX + 2048) {
        return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0,
                           "%.100s: an object is larger than a bulletin may be", p->file->path);
    }
    proposal_id(log->desk->hash, proposal.content, id);
    is_there = ledger_log_proposal(log, id) != NULL;
    say_others(log, number, id);
    status = is_there ? STATUS_OK : sign_proposal(p, &proposal, signature, err);
    if (status == STATUS_OK && !is_there) {
        status = write_proposal(p, &proposal, id, err);
    }
    if (status == STATUS_OK) {
        put_row(p, id, number, n, is_there ? "proposed before" : "proposed");
        status = reference_set_apply(log->references, number, proposal.content, err);
    }
    return status;
}

/* ---- the verb ------------------------------------------------------------------------------ */

static void say_what_next(const struct issuer *issuer)
{
    const struct reference *reference = reference_set_reference(issuer->log->references);

    (void)fprintf(stderr,
                  reference->demonstration
                      ? "filingctl: approve it with 'filingctl reference approve ID'; in this "
                        "demonstration the same person may\n"
                      : "filingctl: another person approves it with 'filingctl reference approve "
                        "ID'\n");
}

static enum status propose_all(struct proposing *p, struct failure *err)
{
    uint64_t number = (uint64_t)(ledger_log_as_of(p->issuer->log) + 1);
    size_t left = 0;
    size_t at = 0;
    enum status status = check_objects(p, &left, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (left == 0) {
        (void)fprintf(stderr, "filingctl: all of %s is in force already\n", p->file->path);
        return STATUS_OK;
    }
    if (left < p->file->objects_n) {
        (void)fprintf(stderr, "filingctl: %zu of %zu objects are in force already\n",
                      p->file->objects_n - left, p->file->objects_n);
    }
    output_init(&p->output, p->issuer->ctl->out, p->issuer->ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    while (status == STATUS_OK && at < p->file->objects_n) {
        const size_t n = gather(p, &at);

        status = n > 0 ? propose_content(p, number, n, err) : STATUS_OK;
        number++;
    }
    if (output_fini(&p->output, status == STATUS_OK ? err : NULL) != STATUS_OK &&
        status == STATUS_OK) {
        return STATUS_IO;
    }
    if (status == STATUS_OK) {
        say_what_next(p->issuer);
    }
    return status;
}

static enum status propose(struct issuer *issuer, struct reference_file *file,
                           enum reference_kind kind, struct failure *err)
{
    struct proposing p = {.issuer = issuer, .file = file, .kind = kind};
    enum status status = ledger_log_check_founded(issuer->log, err);

    if (status == STATUS_OK) {
        status = issuer_identify(issuer, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    p.items = calloc(file->objects_n, sizeof(*p.items));
    p.values = calloc(file->objects_n, sizeof(*p.values));
    status = p.items && p.values ? propose_all(&p, err)
                                 : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    free(p.items);
    free(p.values);
    return status;
}

enum status reference_propose(struct ctl *ctl, struct failure *err)
{
    const char *name = ctl->common->arguments[0];
    const enum reference_kind kind = reference_kind_find(name, strlen(name));
    struct issuer issuer = {.ctl = ctl};
    struct reference_file file;
    enum status status;

    if (kind == REFERENCE_NONE) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "'%s' is none of policy, rates, calendar, banks, negative_list, "
                           "sensitive_list, operators",
                           name);
    }
    status = operator_key_open(&issuer.operator, ctl->settings->operator_key_file, err);
    if (status == STATUS_OK) {
        status = reference_file_open(&file, ctl, kind, err);
        if (status == STATUS_OK) {
            status = issuer_open(&issuer, ctl, err);
        }
        if (status == STATUS_OK) {
            status = propose(&issuer, &file, kind, err);
        }
        reference_file_close(&file);
    }
    issuer_close(&issuer);
    return status;
}
