/* review approve|refuse: an authority's verdict on a filing that is held for review.
 *
 * Everything that can be known is looked up before anything is sent: that the filing waits for a
 * review in the store, that the key is the authority's in the bank register, that store and topic
 * are of one ledger.  What is sent is a filing like a bank's, and the workers judge it as one. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "consumers/ctl/ledger_log.h"
#include "consumers/ctl/lookup.h"
#include "consumers/ctl/operation.h"
#include "consumers/ctl/sender.h"
#include "form/date.h"
#include "form/form.h"
#include "form/identifiers.h"
#include "kafka/admin.h"
#include "wire/encode.h"
#include "wire/sign.h"

#define NODES_MAX  24
#define ARENA_SIZE ((size_t)1 << 20)

static const struct output_column columns[] = {
    {"filing_id", OUTPUT_TEXT},
    {"partition", OUTPUT_NUMBER},
    {"offset", OUTPUT_NUMBER},
};

struct reviewing {
    struct ctl *ctl;
    const char *verdict;
    struct ledger_log *log;
    struct signing_key *key; /* NULL: unsigned */
    struct text key_id;
    char enterprise[CODE_SIZE + 1];
    uint32_t partition;
    int32_t today_on;
    char today[DATE_TEXT_SIZE];
    char id[UUID7_TEXT_SIZE];
    struct node nodes[NODES_MAX];
    struct document doc;
    struct arena arena;
    int64_t offset; /* of the record */
};

static struct text as_text(const char *s)
{
    return (struct text){.at = s, .n = s ? (uint32_t)strlen(s) : 0};
}

/* ---- what is reviewed ----------------------------------------------------------------------- */

static enum status find_held(struct lookup *l, uint32_t partition, uint64_t number,
                             struct failure *err)
{
    struct store_held held;
    enum status status = store_held_next(l->store, partition, number - 1, &held, err);

    if (status == STATUS_NOTFOUND ||
        (status == STATUS_OK &&
         (held.arrival_number != number || held.waits_for != CODE_REVIEW_NEEDED))) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0,
                           "the filing is not held for review: nothing was sent");
    }
    return status;
}

static bool is_wanted(const struct reviewing *r, const struct store_filing *filing)
{
    const char *wanted = r->ctl->settings->enterprise;

    return !wanted ||
           (strlen(wanted) == CODE_SIZE && memcmp(filing->key.enterprise, wanted, CODE_SIZE) == 0);
}

/* The filings of the bank under the id in one partition that may be meant: counted, the last one
 * kept. */
static enum status search_partition(const struct reviewing *r, struct lookup *l, uint32_t partition,
                                    struct store_filing *kept, uint32_t *found, struct failure *err)
{
    struct store_filing_key key = kept->key;

    memset(key.enterprise, 0, sizeof(key.enterprise));
    for (;;) {
        struct store_filing filing;
        const enum status status = store_filing_next(l->store, partition, &key, &filing, err);

        if (status == STATUS_NOTFOUND ||
            (status == STATUS_OK &&
             memcmp(&filing.key, &kept->key, offsetof(struct store_filing_key, enterprise)) != 0)) {
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (is_wanted(r, &filing)) {
            (*found)++;
            *kept = filing;
        }
        key = filing.key;
        key.enterprise[CODE_SIZE - 1]++; /* codes are ASCII: the smallest above it */
    }
}

static enum status find_reviewed(struct reviewing *r, struct lookup *l, struct failure *err)
{
    const char *bank = r->ctl->common->arguments[0];
    const char *id = r->ctl->common->arguments[1];
    struct store_filing kept = {.first_number = 0};
    uint32_t found = 0;
    enum status status = STATUS_OK;

    (void)uuid_pack(id, kept.key.filing_id);
    memcpy(kept.key.bank, bank, BANK_SIZE);
    for (uint32_t p = 0; status == STATUS_OK && p < l->ledger.partitions; p++) {
        status = search_partition(r, l, p, &kept, &found, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (found == 0) {
        return failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0,
                           "bank %s has no filing %s that was decided%s: nothing was sent", bank,
                           id, r->ctl->settings->enterprise ? " for this enterprise" : "");
    }
    if (found > 1) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "bank %s used %s for %" PRIu32 " enterprises: name one with "
                           "--enterprise",
                           bank, id, found);
    }
    memcpy(r->enterprise, kept.key.enterprise, CODE_SIZE);
    r->enterprise[CODE_SIZE] = '\0';
    r->partition = lookup_partition(l, r->enterprise);
    return find_held(l, r->partition, kept.first_number, err);
}

static enum status look_up(struct reviewing *r, struct failure *err)
{
    struct lookup lookup;
    enum status status = lookup_open(&lookup, r->ctl, err);

    if (status == STATUS_OK) {
        status = find_reviewed(r, &lookup, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_read(r->ctl, &r->log, err);
    }
    if (status == STATUS_OK) {
        status = ledger_log_check_founded(r->log, err);
    }
    if (status == STATUS_OK &&
        memcmp(r->log->ledger_id, lookup.ledger.ledger_id, LEDGER_ID_SIZE) != 0) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "the store is of another ledger than '%s'", r->ctl->topics.submitted);
    }
    lookup_close(&lookup);
    return status;
}

/* ---- who reviews ---------------------------------------------------------------------------- */

static enum status open_key(struct reviewing *r, struct failure *err)
{
    const char *path = r->ctl->settings->authority_key_file;
    struct failure why = {.status = STATUS_OK};

    if (!r->ctl->settings->authority_bank) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "nobody to review as: set authority.bank in the configuration file");
    }
    if (path && signing_key_open(path, &r->key, &why) != STATUS_OK) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, why.os, "no key to sign with: %.200s",
                           why.text);
    }
    return STATUS_OK;
}

/* The key's id is the register's, so that a signature that cannot be right is not sent. */
static bool match_key(struct reviewing *r, const struct member *member)
{
    const char *id = r->ctl->settings->authority_key_id;
    uint8_t public_key[PUBLIC_KEY_SIZE];

    signing_key_public(r->key, public_key);
    for (uint32_t i = 0; i < member->keys_n; i++) {
        const struct public_key *of = &member->keys[i];

        if (memcmp(of->key, public_key, PUBLIC_KEY_SIZE) == 0 && of->from_on <= r->today_on &&
            r->today_on <= of->to_on &&
            (!id || reference_text_compare(of->key_id, as_text(id)) == 0)) {
            r->key_id = of->key_id;
            return true;
        }
    }
    return false;
}

static enum status identify(struct reviewing *r, struct failure *err)
{
    const char *bank = r->ctl->settings->authority_bank;
    const struct reference *reference = reference_set_reference(r->log->references);
    const struct member *member =
        reference_bank(reference, ledger_log_as_of(r->log), as_text(bank));

    if (!member || !(member->roles & ROLE_AUTHORITY)) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "authority.bank: '%s' is no authority in the bank register", bank);
    }
    if (!r->key) {
        return reference->demonstration
                   ? STATUS_OK
                   : failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                                 "no key to sign with: set authority.key_file in the "
                                 "configuration file");
    }
    if (!match_key(r, member)) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "the key of authority.key_file is none that bank %s has in force%s",
                           bank, r->ctl->settings->authority_key_id ? " under this id" : "");
    }
    return STATUS_OK;
}

/* ---- the filing ----------------------------------------------------------------------------- */

struct member_text {
    const char *name;
    const char *text;
};

static struct node *add_texts(struct document *doc, struct node *object,
                              const struct member_text *members, size_t n)
{
    struct node *last = NULL;

    for (size_t i = 0; i < n; i++) {
        last = document_add(doc, object, last, NODE_TEXT);
        last->name = as_text(members[i].name);
        last->text = as_text(members[i].text);
    }
    return last;
}

/* NODES_MAX is above what is added here. */
static void write_document(struct reviewing *r)
{
    const struct ctl_settings *settings = r->ctl->settings;
    const struct member_text head[] = {
        {"filing_id", r->id},           {"bank", settings->authority_bank},
        {"enterprise", r->enterprise},  {"event", "review"},
        {"business_date", r->today},    {"maker", settings->maker},
        {"checker", settings->checker},
    };
    const struct member_text details[] = {
        {"reviews", r->ctl->common->arguments[1]},
        {"reviewed_bank", r->ctl->common->arguments[0]},
        {"verdict", r->verdict},
        {"officer", settings->officer},
        {"reason", settings->reason},
    };
    struct node *root;
    struct node *object;

    r->doc = (struct document){.nodes = r->nodes, .max = NODES_MAX};
    root = document_add(&r->doc, NULL, NULL, NODE_OBJECT);
    object = add_texts(&r->doc, root, head, sizeof(head) / sizeof(head[0]));
    object = document_add(&r->doc, root, object, NODE_OBJECT);
    object->name = as_text("details");
    (void)add_texts(&r->doc, object, details, sizeof(details) / sizeof(details[0]));
}

/* The form stage of the workers.  *ret_right false: each failure was told, nothing is sent. */
static enum status check_form(struct reviewing *r, bool *ret_right, struct failure *err)
{
    struct form *form = calloc(1, sizeof(*form));

    if (!form) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    form_check(&r->doc, r->today_on, true, form);
    for (uint32_t i = 0; i < form->failures.n; i++) {
        const struct reason *reason = &form->failures.at[i];

        (void)fprintf(stderr, "filingctl: %s: %s (%d %s)\n", reason->field,
                      code_english(reason->code), (int)reason->code, code_name(reason->code));
    }
    *ret_right = form->failures.n == 0;
    free(form);
    return STATUS_OK;
}

static enum status encode(struct reviewing *r, struct bytes *ret, struct failure *err)
{
    uint8_t signature[SIGNATURE_SIZE] = {0};
    struct bytes filing = {.n = 0};
    enum status status = filing_encode(&r->doc, &r->arena, &filing, err);

    if (status == STATUS_OK && r->key) {
        const struct signed_message message = {
            .domain = SIGN_FILING, .ledger_id = r->log->ledger_id, .bytes = filing};

        status = signer_sign(r->log->desk->signer, r->key, &message, signature, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = submission_encode(
        filing, r->key_id, (struct bytes){.at = signature, .n = sizeof(signature)}, &r->arena, ret);
    return status == STATUS_OK
               ? STATUS_OK
               : failure_set(err, status, REMEDY_STOP, 0, "cannot encode the submission");
}

/* ---- sending -------------------------------------------------------------------------------- */

static enum status open_sender(struct reviewing *r, struct sender **ret, struct failure *err)
{
    int32_t partitions = 0;
    enum status status = sender_open(r->ctl, ret, err);

    if (status == STATUS_OK) {
        status = admin_partition_count(sender_handle(*ret), r->ctl->topics.submitted,
                                       CTL_TIMEOUT_MS, &partitions, err);
    }
    if (status == STATUS_OK &&
        (uint32_t)partitions != reference_set_reference(r->log->references)->partitions) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "'%s' has %" PRId32 " partitions, its founding record says otherwise",
                             r->ctl->topics.submitted, partitions);
    }
    return status;
}

static enum status send_review(struct reviewing *r, struct sender *sender, struct bytes value,
                               struct failure *err)
{
    const struct filing_names names = {.filing_id = as_text(r->id),
                                       .bank = as_text(r->ctl->settings->authority_bank),
                                       .enterprise = as_text(r->enterprise),
                                       .event = as_text("review"),
                                       .time_ms = clock_unix_ms()};
    struct producer_header pairs[HEADERS_MAX];
    struct producer_record record = {.topic = r->ctl->topics.submitted,
                                     .partition = (int32_t)r->partition,
                                     .key = r->enterprise,
                                     .key_n = CODE_SIZE,
                                     .value = value.at,
                                     .value_n = value.n,
                                     .headers = pairs};
    struct headers headers;
    enum status status;

    headers_filing(&headers, &names);
    for (uint32_t i = 0; i < headers.n; i++) {
        pairs[i] = (struct producer_header){.name = headers.at[i].name,
                                            .value = headers.at[i].value.at,
                                            .value_n = headers.at[i].value.n};
    }
    record.headers_n = headers.n;
    status = sender_send(sender, &record, &r->offset, err);
    return status == STATUS_OK
               ? status
               : failure_add(err,
                             "review %s, to be looked for with 'filingctl filing' before another "
                             "is sent",
                             r->id);
}

static enum status print(const struct reviewing *r, struct failure *err)
{
    struct output output;

    output_init(&output, r->ctl->out, r->ctl->common->output, columns,
                sizeof(columns) / sizeof(columns[0]));
    output_cstr(&output, r->id);
    output_number(&output, r->partition);
    output_number(&output, r->offset);
    output_end_row(&output);
    return output_fini(&output, err);
}

/* Whoever has an operator's key too leaves a record of the act.  An authority's officer need have
 * none: the review itself is signed, and stands in the log. */
static enum status begin_operation(const struct reviewing *r, const struct operation_act *act,
                                   struct operation_writer **ret, struct failure *err)
{
    return r->ctl->settings->operator_key_file ? operation_begin(r->ctl, act, ret, err) : STATUS_OK;
}

static enum status publish(struct reviewing *r, struct bytes value, struct sender *sender,
                           struct failure *err)
{
    const struct operation_act act = {.command = r->ctl->common->verb->name,
                                      .arguments = r->ctl->common->arguments,
                                      .arguments_n = r->ctl->common->arguments_n};
    struct operation_writer *writer = NULL;
    char text[96];
    enum status status = begin_operation(r, &act, &writer, err);

    if (status == STATUS_OK) {
        status = send_review(r, sender, value, err);
    }
    (void)snprintf(text, sizeof(text), "review %s at %" PRIu32 ":%" PRId64, r->id, r->partition,
                   r->offset);
    status = operation_end(writer, status, status == STATUS_OK ? text : "", err);
    return status == STATUS_OK ? print(r, err) : status;
}

static enum status encode_and_publish(struct reviewing *r, struct failure *err)
{
    struct sender *sender = NULL;
    struct bytes value = {.n = 0};
    enum status status = encode(r, &value, err);

    if (status == STATUS_OK) {
        status = open_sender(r, &sender, err);
    }
    if (status == STATUS_OK) {
        status = publish(r, value, sender, err);
    }
    sender_close(sender);
    return status;
}

/* ---- the verbs ------------------------------------------------------------------------------ */

static enum status prepare(struct reviewing *r, struct failure *err)
{
    enum status status = open_key(r, err);

    r->today_on = date_of_unix_ms_shanghai(clock_unix_ms());
    date_format(r->today_on, r->today);
    if (status == STATUS_OK) {
        status = arena_open(&r->arena, ARENA_SIZE, err);
    }
    if (status == STATUS_OK) {
        status = look_up(r, err);
    }
    if (status == STATUS_OK) {
        status = identify(r, err);
    }
    return status == STATUS_OK ? uuid7_new(r->id, err) : status;
}

static enum status review(struct ctl *ctl, const char *verdict, struct failure *err)
{
    const char *bank = ctl->common->arguments[0];
    const char *id = ctl->common->arguments[1];
    struct reviewing r = {.ctl = ctl, .verdict = verdict};
    bool is_right = false;
    enum status status;

    if (!bank_code_valid(bank, strlen(bank)) || !uuid_valid(id, strlen(id))) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "'%s' is no bank of 12 digits, or '%s' no UUID", bank, id);
    }
    status = prepare(&r, err);
    if (status == STATUS_OK) {
        write_document(&r);
        status = check_form(&r, &is_right, err);
    }
    if (status == STATUS_OK && is_right) {
        status = encode_and_publish(&r, err);
    } else if (status == STATUS_OK) {
        (void)fprintf(stderr, "filingctl: nothing was sent\n");
        ctl->code = EXIT_REFUSED;
    }
    signing_key_close(r.key);
    ledger_log_close(r.log);
    if (r.arena.base) {
        arena_close(&r.arena);
    }
    return status;
}

enum status review_approve(struct ctl *ctl, struct failure *err)
{
    return review(ctl, "APPROVE", err);
}

enum status review_refuse(struct ctl *ctl, struct failure *err)
{
    return review(ctl, "REFUSE", err);
}
