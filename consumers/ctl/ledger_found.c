/* ledger found: the founding record into every partition, before anything else is in it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/chance.h"
#include "base/clock.h"
#include "base/file.h"
#include "consumers/ctl/issue.h"
#include "consumers/ctl/reader.h"
#include "consumers/engine/bulletin.h"
#include "consumers/engine/bus.h"
#include "form/date.h"
#include "kafka/admin.h"
#include "wire/encode.h"
#include "wire/json.h"

#define FILE_SIZE_MAX ((size_t)1 << 20)
#define KEYS_FOUNDING 2

struct founding_file {
    struct buffer text;
    struct buffer operators_text;
    struct document operators; /* {"kind":"operators","operators":[...]} */
    struct register_change members;
    int32_t partitions;
};

static enum status malformed(const struct ctl *ctl, const char *text, struct failure *err)
{
    return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0, "%s: %s", ctl->common->arguments[0],
                       text);
}

/* ---- the file ------------------------------------------------------------------------------ */

/* The list of operators as an object of the rulebook, which the founding record has. */
static enum status take_operators(struct issuer *issuer, struct founding_file *file,
                                  const struct document *doc, struct failure *err)
{
    const struct node *list = document_find(doc, &doc->nodes[0], "operators");
    struct document part;
    struct json_text read;
    struct area area = {.size = FILE_SIZE_MAX};
    struct fault fault;
    enum status status;

    if (!list) {
        return malformed(issuer->ctl, "/operators: is missing", err);
    }
    status = document_part(doc, list, &issuer->arena, &part);
    if (status == STATUS_OK) {
        buffer_text(&file->operators_text, "{\"kind\":\"operators\",\"operators\":");
        status = document_to_json(&part, &file->operators_text, err);
        buffer_char(&file->operators_text, '}');
    }
    if (status == STATUS_OK) {
        status = json_read(buffer_bytes(&file->operators_text), &issuer->arena, &read, err);
    }
    area.at = status == STATUS_OK ? arena_alloc(&issuer->arena, area.size) : NULL;
    if (!area.at) {
        return status == STATUS_OK ? malformed(issuer->ctl, "is too large", err) : status;
    }
    file->operators = read.doc;
    if (!founding_read_operators(&file->operators, &area, &file->members, &fault)) {
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0, "%s: %s: %s",
                           issuer->ctl->common->arguments[0], fault.field, fault.text);
    }
    return STATUS_OK;
}

static enum status read_file(struct issuer *issuer, struct founding_file *file, struct failure *err)
{
    struct json_text read;
    const struct node *partitions = NULL;
    enum status status = file_read(issuer->ctl->common->arguments[0], &file->text, err);

    if (status == STATUS_OK) {
        status = json_read(buffer_bytes(&file->text), &issuer->arena, &read, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (read.duplicate_key || read.doc.nodes[0].kind != NODE_OBJECT) {
        return malformed(issuer->ctl, "is no object, or has a field twice", err);
    }
    for (uint32_t i = read.doc.nodes[0].child; i != 0; i = read.doc.nodes[i].next) {
        const struct text name = read.doc.nodes[i].name;

        if (!(name.n == 10 && memcmp(name.at, "partitions", 10) == 0) &&
            !(name.n == 9 && memcmp(name.at, "operators", 9) == 0)) {
            return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0, "%s: /%.*s: is not known",
                               issuer->ctl->common->arguments[0], (int)(name.n > 64 ? 64 : name.n),
                               name.at);
        }
    }
    partitions = document_find(&read.doc, &read.doc.nodes[0], "partitions");
    if (!partitions || partitions->kind != NODE_INTEGER || partitions->integer < 1 ||
        partitions->integer > BUS_PARTITIONS_MAX) {
        return malformed(issuer->ctl, "/partitions: is no number from 1 to 1024", err);
    }
    file->partitions = (int32_t)partitions->integer;
    return take_operators(issuer, file, &read.doc, err);
}

/* ---- what the cluster has ------------------------------------------------------------------ */

static enum status check_partition(const struct ctl *ctl, struct reader *reader, int32_t partition,
                                   struct failure *err)
{
    const struct reader_place place = {.topic = ctl->topics.submitted,
                                       .partition = partition,
                                       .offset = RD_KAFKA_OFFSET_BEGINNING};
    const rd_kafka_message_t *message = NULL;
    enum status status = reader_move(reader, &place, err);

    if (status == STATUS_OK) {
        status = reader_next(reader, &message, err);
    }
    if (status == STATUS_OK) {
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                           "partition %" PRId32 " of '%s' holds a committed record at offset "
                           "%" PRId64 ": a ledger is founded before anything is in it",
                           partition, place.topic, message->offset);
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

/* An open transaction of somebody else could put a record before ours. */
static enum status check_open(const struct ctl *ctl, struct reader *reader, rd_kafka_t *all,
                              int32_t partition, struct failure *err)
{
    int64_t first = 0;
    int64_t stable = 0;
    int64_t end = 0;
    enum status status = admin_ends(reader_handle(reader), ctl->topics.submitted, partition,
                                    CTL_TIMEOUT_MS, &first, &stable, err);

    if (status == STATUS_OK) {
        status =
            admin_ends(all, ctl->topics.submitted, partition, CTL_TIMEOUT_MS, &first, &end, err);
    }
    if (status == STATUS_OK && stable < end) {
        return failure_set(err, STATUS_INVALID, REMEDY_RETRY, 0,
                           "a transaction of somebody else is open on partition %" PRId32
                           " of '%s': wait until it is over",
                           partition, ctl->topics.submitted);
    }
    return status;
}

static enum status check_partitions(const struct ctl *ctl, struct reader *reader, int32_t count,
                                    struct failure *err)
{
    rd_kafka_t *all = NULL;
    enum status status = ctl_kafka_open(ctl, KAFKA_LOOK_UNCOMMITTED, &all, err);

    for (int32_t p = 0; p < count && status == STATUS_OK; p++) {
        status = check_partition(ctl, reader, p, err);
        if (status == STATUS_OK) {
            status = check_open(ctl, reader, all, p, err);
        }
    }
    if (all) {
        rd_kafka_destroy(all);
    }
    return status;
}

static enum status check_cluster(const struct ctl *ctl, int32_t partitions, struct failure *err)
{
    const struct reader_place place = {.topic = ctl->topics.submitted,
                                       .offset = RD_KAFKA_OFFSET_BEGINNING};
    struct reader *reader = NULL;
    int32_t count = 0;
    bool is_in_memory = false;
    enum status status = reader_open(ctl, &place, &reader, err);

    if (status == STATUS_OK) {
        status = admin_partition_count(reader_handle(reader), ctl->topics.submitted, CTL_TIMEOUT_MS,
                                       &count, err);
        is_in_memory = ctl_is_in_memory(reader_handle(reader));
    }
    if (status == STATUS_OK && count != partitions) {
        status = failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                             "'%s' has %" PRId32 " partitions, the file says %" PRId32 "%s",
                             ctl->topics.submitted, count, partitions,
                             count == 0 ? ": run 'filingctl topics apply'" : "");
    }
    if (status == STATUS_OK && ctl->settings->in_memory != is_in_memory) {
        status = failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "%s",
                             is_in_memory
                                 ? "this is librdkafka's cluster in memory: --in-memory is needed"
                                 : "--in-memory is for librdkafka's cluster in memory only");
    }
    if (status == STATUS_OK) {
        status = check_partitions(ctl, reader, count, err);
    }
    reader_close(reader);
    return status;
}

/* ---- signing ------------------------------------------------------------------------------- */

static enum status open_key(struct issuer *issuer, const struct founding_file *file,
                            const char *path, struct operator_key *key, struct failure *err)
{
    enum status status = operator_key_open(key, path, err);

    if (status != STATUS_OK) {
        return status;
    }
    for (uint32_t i = 0; i < file->members.members_n; i++) {
        if (operator_key_match(key, &file->members.members[i], issuer->today_on)) {
            return STATUS_OK;
        }
    }
    return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                       "the key in '%s' is not that of an ISSUER in %s who is valid today", path,
                       issuer->ctl->common->arguments[0]);
}

static enum status check_persons(const struct ctl *ctl, const struct operator_key *keys, size_t n,
                                 struct failure *err)
{
    if (!ctl->settings->demo && n == KEYS_FOUNDING && strcmp(keys[0].person, keys[1].person) == 0) {
        return failure_set(err, STATUS_DENIED, REMEDY_STOP, 0,
                           "both keys are of '%s': two persons sign a founding record",
                           keys[0].person);
    }
    return STATUS_OK;
}

struct signing {
    const struct operator_key *keys;
    size_t keys_n;
    struct bytes content;
};

/* The bulletin around the content, by these keys. */
static enum status sign(struct issuer *issuer, const struct signing *signing, struct bytes *ret,
                        struct failure *err)
{
    struct approval approvals[KEYS_FOUNDING];
    uint8_t ledger_id[LEDGER_ID_SIZE];
    const struct signed_message message = {
        .domain = SIGN_BULLETIN, .ledger_id = ledger_id, .bytes = signing->content};
    enum status status = STATUS_OK;

    hash_ledger_id(issuer->log->desk->hash, signing->content, ledger_id);
    for (size_t i = 0; i < signing->keys_n && status == STATUS_OK; i++) {
        const struct operator_key *key = &signing->keys[i];
        uint8_t *signature = arena_alloc(&issuer->arena, SIGNATURE_SIZE);

        if (!signature) {
            return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        }
        status = operator_key_sign(key, issuer->log->desk->signer, &message, signature, err);
        approvals[i] =
            (struct approval){.key_id = {.at = key->key_id, .n = (uint32_t)strlen(key->key_id)},
                              .signature = {.at = signature, .n = SIGNATURE_SIZE}};
    }
    if (status == STATUS_OK && bulletin_encode(signing->content, approvals, signing->keys_n,
                                               &issuer->arena, ret) != STATUS_OK) {
        return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0, "the founding record is too large");
    }
    return status;
}

static enum status make_content(struct issuer *issuer, const struct founding_file *file,
                                struct bytes *ret, struct failure *err)
{
    struct founding_parts parts = {.operators = &file->operators,
                                   .partitions = (uint32_t)file->partitions,
                                   .demonstration = issuer->ctl->settings->demo,
                                   .in_memory = issuer->ctl->settings->in_memory};
    const enum status status = chance_fill(parts.random, sizeof(parts.random), err);

    return status == STATUS_OK ? founding_encode(&parts, &issuer->arena, ret, err) : status;
}

/* The workers' own check, before anything is written. */
static enum status judge(struct issuer *issuer, struct bytes bulletin, struct failure *err)
{
    struct ledger_log *log = issuer->log;
    const enum status status = ledger_log_add(log, bulletin, clock_unix_ms(), err);

    if (status == STATUS_OK && !log->is_founded) {
        return failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                           "the workers would refuse this founding record");
    }
    return status;
}

/* ---- the verb ------------------------------------------------------------------------------ */

static enum status write_founding(struct issuer *issuer, int32_t partitions, struct bytes bulletin,
                                  struct failure *err)
{
    char key[REFERENCE_KEY_SIZE];
    struct act act = {.ledger_id = issuer->log->ledger_id,
                      .partitions = partitions,
                      .reference_key = key,
                      .command = "ledger found",
                      .result = "founded"};
    char id[2 * LEDGER_ID_SIZE + 1];
    enum status status;

    reference_key_bulletin(0, key);
    status = submission_encode_bulletin(bulletin, &issuer->arena, &act.submission);
    if (status == STATUS_OK) {
        status = reference_record_encode_bulletin(bulletin, &issuer->arena, &act.reference);
    }
    if (status != STATUS_OK) {
        return failure_set(err, STATUS_LIMIT, REMEDY_STOP, 0, "the founding record is too large");
    }
    status = issuer_act(issuer, &act, err);
    if (status == STATUS_OK) {
        hex_encode((struct bytes){.at = act.ledger_id, .n = LEDGER_ID_SIZE}, id);
        (void)fprintf(
            issuer->ctl->out,
            issuer->ctl->common->output == CONF_JSON ? "{\"ledger_id\":\"%s\"}\n" : "%s\n", id);
    }
    return status;
}

static enum status found(struct issuer *issuer, struct founding_file *file,
                         struct operator_key keys[KEYS_FOUNDING], struct failure *err)
{
    const struct conf_list *paths = &issuer->ctl->settings->keys;
    struct bytes content = {.n = 0};
    struct bytes bulletin = {.n = 0};
    enum status status = read_file(issuer, file, err);

    for (size_t i = 0; i < paths->n && status == STATUS_OK; i++) {
        status = open_key(issuer, file, paths->at[i], &keys[i], err);
    }
    if (status == STATUS_OK) {
        status = check_persons(issuer->ctl, keys, paths->n, err);
    }
    if (status == STATUS_OK) {
        status = check_cluster(issuer->ctl, file->partitions, err);
    }
    if (status == STATUS_OK && issuer->log->is_founded) {
        status = failure_set(err, STATUS_INVALID, REMEDY_STOP, 0,
                             "'%s' has a founding record already", issuer->ctl->topics.reference);
    }
    if (status == STATUS_OK) {
        status = make_content(issuer, file, &content, err);
    }
    if (status == STATUS_OK) {
        const struct signing signing = {.keys = keys, .keys_n = paths->n, .content = content};

        status = sign(issuer, &signing, &bulletin, err);
    }
    if (status == STATUS_OK) {
        status = judge(issuer, bulletin, err);
    }
    if (status == STATUS_OK) { /* the first key is who acts */
        issuer->operator= keys[0];
        keys[0].key = NULL;
        status = write_founding(issuer, file->partitions, bulletin, err);
    }
    return status;
}

enum status ledger_found(struct ctl *ctl, struct failure *err)
{
    const size_t wanted = ctl->settings->demo ? 1 : KEYS_FOUNDING;
    const size_t n = ctl->settings->keys.n;
    struct operator_key keys[KEYS_FOUNDING] = {{.key = NULL}};
    struct founding_file file = {.partitions = 0};
    struct issuer issuer = {.ctl = ctl};
    enum status status;

    if (n < wanted || n > KEYS_FOUNDING) {
        return failure_set(err, n < wanted ? STATUS_DENIED : STATUS_USAGE, REMEDY_STOP, 0,
                           "%zu keys were given: %s", n,
                           ctl->settings->demo ? "one signs a demonstration, two at most"
                                               : "two persons sign, each with --key FILE");
    }
    buffer_init(&file.text, FILE_SIZE_MAX);
    buffer_init(&file.operators_text, FILE_SIZE_MAX);
    status = issuer_open(&issuer, ctl, err);
    if (status == STATUS_OK) {
        status = found(&issuer, &file, keys, err);
    }
    for (size_t i = 0; i < KEYS_FOUNDING; i++) {
        operator_key_close(&keys[i]);
    }
    issuer_close(&issuer);
    buffer_fini(&file.text);
    buffer_fini(&file.operators_text);
    return status;
}
