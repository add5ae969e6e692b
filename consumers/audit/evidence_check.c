/* One pass over the frames.
 *
 *   head        who and what: begin
 *   partition   end the one before, open a part
 *   record      to the part
 *   decision    to the part; what it made comes back as leaves
 *   checkpoint  the part settles; the leaves of the interval lead to the root, or do not
 *   bulletin    behind all decisions: for its operators
 *   manifest    digests, signatures, the book of checkpoints
 *
 * The part of the partition with the last bulletin is kept to the end: its register judges the
 * signatures. */
#include "consumers/audit/evidence_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/audit/checkpoint_book.h"
#include "consumers/audit/part.h"
#include "consumers/audit/verify_inside.h"
#include "consumers/store/states_digest.h"
#include "form/date.h"
#include "wire/decision_codec.h"
#include "wire/tree.h"

#define PROGRESS_EVERY 4096 /* frames */

struct check {
    const struct evidence_check_conf *conf;
    struct evidence_report *report;
    struct evidence_reader *reader;
    struct hash *hash;
    struct signer *signer;
    char *topic;
    struct verify_work work; /* folder "" = none */
    char scratch[VERIFY_PATH_SIZE];
    struct part *part;     /* NULL between partitions */
    struct part *best;     /* the one that stands at the last bulletin */
    bool is_told;          /* the part's difference */
    struct buffer numbers; /* of decisions made since the last checkpoint */
    struct buffer leaves;  /* the same as leaves */
    uint64_t last_number;
    uint8_t last_chain[DIGEST_SIZE];
    struct checkpoint_book *book;
    struct buffer covers; /* struct cover, in the order of the file */
    int64_t checkpoints_n;
    uint64_t frames;
};

/* What a checkpoint covers, if its signature is good. */
struct cover {
    uint32_t partition;
    uint64_t number;
    uint64_t decisions;
};

/* ---- findings ------------------------------------------------------------------------------- */

static const char *section_now(const struct check *c)
{
    size_t n = 0;
    const struct evidence_section *sections = evidence_reader_sections(c->reader, &n);

    return n > 0 ? sections[n - 1].name : "head";
}

static struct evidence_proof *proof_now(const struct check *c)
{
    return &c->report->proofs[c->report->proofs_n - 1];
}

static void find(struct check *c, const struct evidence_finding *finding)
{
    c->report->findings++;
    if (c->report->findings <= FINDINGS_MAX) {
        c->conf->finding(c->conf->arg, finding);
    }
}

static void find_text(struct check *c, const char *section, const char *field, const char *expected,
                      const char *found)
{
    struct evidence_finding finding = {.partition = -1, .offset = -1};

    (void)snprintf(finding.section, sizeof(finding.section), "%s", section);
    (void)snprintf(finding.diff.field, sizeof(finding.diff.field), "%s", field);
    (void)snprintf(finding.diff.expected, sizeof(finding.diff.expected), "%s", expected);
    (void)snprintf(finding.diff.found, sizeof(finding.diff.found), "%.*s", DIFF_VALUE_SIZE - 1,
                   found);
    find(c, &finding);
}

/* Of a checkpoint of the partition that is being read. */
static void find_checkpoint(struct check *c, uint64_t number, const char *field,
                            struct bytes expected, struct bytes found)
{
    struct evidence_finding finding = {
        .partition = proof_now(c)->partition, .offset = -1, .number = number};

    (void)snprintf(finding.section, sizeof(finding.section), "%s", section_now(c));
    (void)snprintf(finding.diff.field, sizeof(finding.diff.field), "checkpoint.%s", field);
    hex_encode(expected, finding.diff.expected);
    hex_encode(found, finding.diff.found);
    find(c, &finding);
}

static void tell_part(struct check *c)
{
    const struct part_difference *d = part_difference(c->part);
    struct evidence_finding finding = {.partition = proof_now(c)->partition};

    if (!d || c->is_told) {
        return;
    }
    c->is_told = true;
    (void)snprintf(finding.section, sizeof(finding.section), "partition %" PRIu32,
                   proof_now(c)->partition);
    finding.offset = d->offset;
    finding.number = d->number;
    finding.diff = d->diff;
    find(c, &finding);
}

/* ---- partitions ----------------------------------------------------------------------------- */

static enum status made(void *arg, uint64_t number, struct bytes decision, struct failure *err)
{
    struct check *c = arg;
    uint8_t leaf[DIGEST_SIZE];
    enum status status;

    tree_leaf(c->hash, decision, leaf);
    buffer_append(&c->numbers, &number, sizeof(number));
    buffer_append(&c->leaves, leaf, sizeof(leaf));
    c->last_number = number;
    memcpy(c->last_chain, decision.at + decision.n - DIGEST_SIZE, DIGEST_SIZE);
    status = buffer_check(&c->numbers, err);
    return status == STATUS_OK ? buffer_check(&c->leaves, err) : status;
}

static int64_t as_of(struct part *part)
{
    const struct store_position *position;

    if (!part || !part_replay(part)) {
        return REFERENCE_NOTHING;
    }
    position = decider_position(replay_decider(part_replay(part)));
    return reference_as_of(position->has_bulletin, position->bulletin);
}

static void keep_best(struct check *c)
{
    if (as_of(c->part) > as_of(c->best)) {
        part_close(c->best);
        c->best = c->part;
    } else {
        part_close(c->part);
    }
    c->part = NULL;
}

static void check_ledger(struct check *c)
{
    const struct replay *replay = part_replay(c->part);
    char expected[2 * LEDGER_ID_SIZE + 1];
    char found[2 * LEDGER_ID_SIZE + 1];

    if (!replay ||
        memcmp(replay_ledger(replay)->ledger_id, c->report->ledger_id, LEDGER_ID_SIZE) == 0) {
        return;
    }
    hex_encode((struct bytes){.at = replay_ledger(replay)->ledger_id, .n = LEDGER_ID_SIZE},
               expected);
    hex_encode((struct bytes){.at = c->report->ledger_id, .n = LEDGER_ID_SIZE}, found);
    find_text(c, "head", "ledger_id", expected, found);
}

static enum status end_partition(struct check *c, struct failure *err)
{
    enum status status;

    if (!c->part) {
        return STATUS_OK;
    }
    status = part_settle(c->part, err);
    if (status != STATUS_OK) {
        return status;
    }
    tell_part(c);
    check_ledger(c);
    proof_now(c)->decisions = part_compared(c->part);
    proof_now(c)->last_number = c->last_number;
    proof_now(c)->first_number =
        c->report->is_whole ? c->last_number - part_compared(c->part) + 1 : 1;
    if (proof_now(c)->records == 0) {
        find_text(c, section_now(c), "", "the founding record", "no record");
    }
    keep_best(c);
    return STATUS_OK;
}

static enum status begin_partition(struct check *c, const struct evidence_partition *p,
                                   struct failure *err)
{
    const struct part_conf conf = {.topic = c->topic,
                                   .partition = p->partition,
                                   .scratch = c->conf->is_scratch ? c->scratch : NULL,
                                   .partitions_n = c->report->partitions_n,
                                   .is_whole = c->report->is_whole,
                                   .from_offset = p->from_offset,
                                   .made = made,
                                   .arg = c};
    enum status status = end_partition(c, err);
    struct evidence_proof *more;

    if (status != STATUS_OK) {
        return status;
    }
    if (p->partition >= c->report->partitions_n ||
        (c->report->proofs_n > 0 && p->partition <= proof_now(c)->partition) ||
        p->from_offset < 0 || (p->from_offset > 0 && !c->report->is_whole)) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                           "partition %" PRIu32 " is out of order or range", p->partition);
    }
    more = realloc(c->report->proofs, (c->report->proofs_n + 1) * sizeof(*more));
    if (!more) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    c->report->proofs = more;
    more[c->report->proofs_n++] = (struct evidence_proof){.partition = p->partition};
    buffer_reset(&c->numbers);
    buffer_reset(&c->leaves);
    c->last_number = 0;
    c->is_told = false;
    verify_work_file(&c->work, p->partition, ".scratch", c->scratch);
    return part_open(&conf, &c->part, err);
}

static struct bus_record record_of(const struct evidence_record *r)
{
    return (struct bus_record){.offset = r->offset,
                               .timestamp_ms = r->append_ms,
                               .log_append_time = !r->is_create_time,
                               .has_key = r->key.at != NULL,
                               .key = r->key.at,
                               .key_n = r->key.n,
                               .has_value = r->value.at != NULL,
                               .value = r->value.at,
                               .value_n = r->value.n};
}

static enum status take_bulletin(struct check *c, const struct evidence_record *r,
                                 struct failure *err)
{
    const struct bus_record record = record_of(r);
    const enum status status = part_bulletin(c->part, &record, err);

    tell_part(c);
    return status;
}

static enum status take_record(struct check *c, const struct evidence_record *r,
                               struct failure *err)
{
    const struct bus_record record = record_of(r);
    const bool is_own =
        c->report->is_whole || part_has_key(c->report->enterprise, record.has_key,
                                            (struct bytes){.at = record.key, .n = record.key_n});
    enum status status;

    proof_now(c)->records++;
    if (!is_own) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                           "the record at offset %" PRId64 " is not of the enterprise", r->offset);
    }
    status = part_record(c->part, &record, err);
    tell_part(c);
    return status;
}

static enum status take_decision(struct check *c, const struct evidence_decision *d,
                                 struct failure *err)
{
    const uint8_t *previous = d->previous_chain.n == DIGEST_SIZE ? d->previous_chain.at : NULL;
    const enum status status = part_decision(c->part, d->value, previous, err);

    tell_part(c);
    return status;
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

/* The leaves from first to number, put to the front; their places.  What lies before them no
 * checkpoint covers. */
static size_t choose(struct check *c, const struct checkpoint *checkpoint, uint64_t **ret_places)
{
    const size_t n = c->numbers.n / sizeof(uint64_t);
    uint64_t *numbers = (uint64_t *)(void *)c->numbers.at;
    size_t begin = 0;
    size_t end;

    while (begin < n && numbers[begin] < checkpoint->first_number) {
        begin++;
    }
    for (end = begin; end < n && numbers[end] <= checkpoint->number; end++) {
        numbers[end - begin] = numbers[end] - checkpoint->first_number;
    }
    if (end > begin) {
        memmove(c->leaves.at, c->leaves.at + begin * DIGEST_SIZE, (end - begin) * DIGEST_SIZE);
    }
    *ret_places = numbers;
    return end - begin;
}

/* What no checkpoint has covered yet: the leaves behind the number. */
struct rest {
    struct buffer numbers;
    struct buffer leaves;
};

static enum status split_rest(struct check *c, uint64_t number, struct rest *rest,
                              struct failure *err)
{
    const size_t n = c->numbers.n / sizeof(uint64_t);
    const uint64_t *numbers = (const uint64_t *)(const void *)c->numbers.at;
    size_t at = n;

    while (at > 0 && numbers[at - 1] > number) {
        at--;
    }
    if (at < n) {
        buffer_append(&rest->numbers, numbers + at, (n - at) * sizeof(uint64_t));
        buffer_append(&rest->leaves, c->leaves.at + at * DIGEST_SIZE, (n - at) * DIGEST_SIZE);
    }
    if (buffer_check(&rest->numbers, err) != STATUS_OK) {
        return rest->numbers.status;
    }
    return buffer_check(&rest->leaves, err);
}

static void join_rest(struct check *c, struct rest *rest)
{
    buffer_reset(&c->numbers);
    buffer_reset(&c->leaves);
    buffer_append(&c->numbers, rest->numbers.at, rest->numbers.n);
    buffer_append(&c->leaves, rest->leaves.at, rest->leaves.n);
    buffer_fini(&rest->numbers);
    buffer_fini(&rest->leaves);
}

/* From the decisions to the root. */
static void follow(struct check *c, const struct checkpoint *checkpoint, struct bytes proof,
                   uint64_t *ret_covered)
{
    struct tree_choice choice = {.leaves_n = checkpoint->number - checkpoint->first_number + 1};
    uint8_t root[DIGEST_SIZE];
    uint64_t *places = NULL;
    struct failure why;

    choice.places_n = choose(c, checkpoint, &places);
    choice.places = places;
    if (tree_follow(c->hash, (uint8_t(*)[DIGEST_SIZE])(void *)c->leaves.at, &choice, proof, root,
                    &why) != STATUS_OK) {
        find_text(c, section_now(c), "checkpoint.proof", "a way from the decisions to the root",
                  why.text);
        return;
    }
    if (memcmp(root, checkpoint->decisions_hash, DIGEST_SIZE) != 0) {
        find_checkpoint(c, checkpoint->number, "decisions_sha256",
                        (struct bytes){.at = root, .n = DIGEST_SIZE},
                        (struct bytes){.at = checkpoint->decisions_hash, .n = DIGEST_SIZE});
        return;
    }
    *ret_covered = choice.places_n;
}

/* Where the part stands at this very decision: the chain and, of a whole partition, all states. */
static enum status compare_position(struct check *c, const struct checkpoint *checkpoint,
                                    struct failure *err)
{
    uint8_t digest[DIGEST_SIZE];
    enum status status;

    if (c->last_number != checkpoint->number) {
        return STATUS_OK;
    }
    if (memcmp(c->last_chain, checkpoint->chain, DIGEST_SIZE) != 0) {
        find_checkpoint(c, checkpoint->number, "chain",
                        (struct bytes){.at = c->last_chain, .n = DIGEST_SIZE},
                        (struct bytes){.at = checkpoint->chain, .n = DIGEST_SIZE});
    }
    if (!c->report->is_whole) {
        return STATUS_OK;
    }
    status = replay_save(part_replay(c->part), (struct bytes){.n = 0}, err);
    if (status != STATUS_OK) {
        return status;
    }
    status = states_digest(replay_store(part_replay(c->part)), checkpoint->partition, c->hash,
                           digest, err);
    if (status == STATUS_OK) {
        proof_now(c)->states++;
    }
    if (status == STATUS_OK && memcmp(digest, checkpoint->states_hash, DIGEST_SIZE) != 0) {
        find_checkpoint(c, checkpoint->number, "states_sha256",
                        (struct bytes){.at = digest, .n = DIGEST_SIZE},
                        (struct bytes){.at = checkpoint->states_hash, .n = DIGEST_SIZE});
    }
    return status;
}

static enum status compare_checkpoint(struct check *c, const struct checkpoint *checkpoint,
                                      struct bytes proof, struct failure *err)
{
    struct cover cover = {.partition = checkpoint->partition, .number = checkpoint->number};
    struct rest rest;
    enum status status;

    buffer_init(&rest.numbers, SIZE_MAX / 2);
    buffer_init(&rest.leaves, SIZE_MAX / 2);
    status = compare_position(c, checkpoint, err);
    if (status == STATUS_OK) {
        status = split_rest(c, checkpoint->number, &rest, err);
    }
    if (status == STATUS_OK) {
        follow(c, checkpoint, proof, &cover.decisions);
        buffer_append(&c->covers, &cover, sizeof(cover));
        status = buffer_check(&c->covers, err);
    }
    join_rest(c, &rest);
    return status;
}

static enum status take_checkpoint(struct check *c, const struct evidence_checkpoint *frame,
                                   struct failure *err)
{
    struct checkpoint checkpoint;
    enum status status = part_settle(c->part, err);

    tell_part(c);
    if (status != STATUS_OK) {
        return status;
    }
    if (checkpoint_decode(frame->value, &checkpoint) != STATUS_OK ||
        checkpoint.partition != proof_now(c)->partition ||
        checkpoint.number - checkpoint.first_number >= TREE_LEAVES_MAX) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                           "a checkpoint is none of this partition");
    }
    proof_now(c)->checkpoints++;
    status = checkpoint_book_add(c->book, c->checkpoints_n++, frame->value, err);
    if (status != STATUS_OK || part_difference(c->part)) {
        return status; /* what it would cover is not there */
    }
    return compare_checkpoint(c, &checkpoint, frame->proof, err);
}

/* ---- the head and the end ------------------------------------------------------------------- */

static bool text_fits(struct text text, size_t size)
{
    return text.n < size && (text.n == 0 || !memchr(text.at, '\0', text.n));
}

static enum status take_head(struct check *c, const struct evidence_head *head, struct failure *err)
{
    struct evidence_report *r = c->report;
    char expected[2 * LEDGER_ID_SIZE + 1];
    char found[2 * LEDGER_ID_SIZE + 1];

    if (head->topic.n == 0 || head->topic.n > 249 || !text_fits(head->topic, 250) ||
        !text_fits(head->enterprise, sizeof(r->enterprise)) ||
        (head->enterprise.n != 0 && head->enterprise.n != CODE_SIZE) || head->partitions == 0 ||
        head->partitions > BUS_PARTITIONS_MAX) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0, "the head is none");
    }
    c->topic = strndup(head->topic.at, head->topic.n);
    if (!c->topic) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    memcpy(r->ledger_id, head->ledger_id, LEDGER_ID_SIZE);
    memcpy(r->enterprise, head->enterprise.at ? head->enterprise.at : "", head->enterprise.n);
    r->is_whole = head->enterprise.n == 0;
    r->partitions_n = head->partitions;
    r->from_ms = head->from_ms;
    r->to_ms = head->to_ms;
    r->exported_ms = head->exported_ms;
    if (c->conf->ledger_id && memcmp(c->conf->ledger_id, r->ledger_id, LEDGER_ID_SIZE) != 0) {
        hex_encode((struct bytes){.at = c->conf->ledger_id, .n = LEDGER_ID_SIZE}, expected);
        hex_encode((struct bytes){.at = r->ledger_id, .n = LEDGER_ID_SIZE}, found);
        find_text(c, "head", "ledger_id", expected, found);
    }
    return STATUS_OK;
}

static void compare_section(struct check *c, const struct evidence_section *stated,
                            const struct evidence_section *read)
{
    char expected[DIFF_VALUE_SIZE];
    char found[DIFF_VALUE_SIZE];

    if (strcmp(stated->name, read->name) != 0) {
        find_text(c, "manifest", "section", stated->name, read->name);
    } else if (memcmp(stated->digest, read->digest, DIGEST_SIZE) != 0) {
        hex_encode((struct bytes){.at = stated->digest, .n = DIGEST_SIZE}, expected);
        hex_encode((struct bytes){.at = read->digest, .n = DIGEST_SIZE}, found);
        find_text(c, read->name, "sha256", expected, found);
    } else if (stated->bytes_n != read->bytes_n || stated->records != read->records ||
               stated->decisions != read->decisions) {
        find_text(c, read->name, "size", "what the manifest counts", "another count");
    }
}

static void compare_sections(struct check *c, const struct evidence_manifest *manifest)
{
    size_t n = 0;
    const struct evidence_section *read = evidence_reader_sections(c->reader, &n);
    size_t at = 0;

    for (size_t i = 0; i < n && i < manifest->sections_n; i++) {
        compare_section(c, &manifest->sections[i], &read[i]);
        if (i > 0 && at < c->report->proofs_n) {
            c->report->proofs[at++].partition_decisions = manifest->sections[i].partition_decisions;
        }
    }
    if (n != manifest->sections_n) {
        find_text(c, "manifest", "sections", "those of the file", "more or fewer");
    }
}

static void name_exporter(struct evidence_report *report, struct text person, struct text key_id)
{
    struct buffer name;

    buffer_init(&name, sizeof(report->exporter) - 1);
    buffer_append(&name, person.at, person.n);
    buffer_text(&name, ", key ");
    buffer_append(&name, key_id.at, key_id.n);
    (void)snprintf(report->exporter, sizeof(report->exporter), "%s", buffer_cstr(&name));
    buffer_fini(&name);
}

static void check_signature(struct check *c, const struct evidence_manifest *manifest)
{
    const struct signed_message message = {
        .domain = SIGN_EVIDENCE, .ledger_id = c->report->ledger_id, .bytes = manifest->signed_part};
    const struct operator_query query = {.key_id = manifest->key_id,
                                         .roles = ROLE_WORKER,
                                         .on = date_of_unix_ms_shanghai(c->report->exported_ms)};
    const struct member *member;
    const uint8_t *key = NULL;

    if (as_of(c->best) == REFERENCE_NOTHING) {
        find_text(c, "manifest", "signature", "a key of an operator", "no bulletin names one");
        return;
    }
    member = reference_operator_key(replay_reference(part_replay(c->best)), as_of(c->best), &query,
                                    &key);
    if (!member) {
        find_text(c, "manifest", "key_id", "a WORKER's in force", "none");
        return;
    }
    if (!signer_verify(c->signer, &message, key, manifest->signature)) {
        find_text(c, "manifest", "signature", "the exporter's of this manifest", "another");
        return;
    }
    c->report->is_signed = true;
    name_exporter(c->report, member->id, manifest->key_id);
}

static struct evidence_proof *proof_of(struct check *c, uint32_t partition)
{
    for (size_t i = 0; i < c->report->proofs_n; i++) {
        if (c->report->proofs[i].partition == partition) {
            return &c->report->proofs[i];
        }
    }
    return NULL;
}

/* NULL: its tree did not lead to its root. */
static const struct cover *cover_of(const struct check *c, const struct checkpoint_entry *entry)
{
    const struct cover *covers = (const struct cover *)(const void *)c->covers.at;

    for (size_t i = 0; i < c->covers.n / sizeof(*covers); i++) {
        if (covers[i].partition == entry->partition && covers[i].number == entry->number &&
            covers[i].decisions > 0) {
            return &covers[i];
        }
    }
    return NULL;
}

static void judge_entry(struct check *c, const struct checkpoint_entry *entry)
{
    struct evidence_proof *proof = proof_of(c, entry->partition);
    const struct cover *cover;
    struct evidence_finding finding = {
        .partition = entry->partition, .offset = -1, .number = entry->number};

    (void)snprintf(finding.section, sizeof(finding.section), "partition %" PRIu32,
                   entry->partition);
    if (entry->verdict != CHECKPOINT_GOOD || entry->is_forked) {
        (void)snprintf(finding.diff.field, sizeof(finding.diff.field), "checkpoint.signature");
        (void)snprintf(finding.diff.expected, sizeof(finding.diff.expected), "good");
        (void)snprintf(finding.diff.found, sizeof(finding.diff.found), "%s",
                       entry->verdict != CHECKPOINT_GOOD ? checkpoint_verdict_text(entry->verdict)
                                                         : "two that differ");
        find(c, &finding);
        return;
    }
    for (uint32_t i = 0; i < entry->witnesses_n; i++) {
        if (entry->witnesses[i].verdict != CHECKPOINT_GOOD) {
            (void)snprintf(finding.diff.field, sizeof(finding.diff.field),
                           "checkpoint.witnesses[%" PRIu32 "]", i);
            (void)snprintf(finding.diff.expected, sizeof(finding.diff.expected), "good");
            (void)snprintf(finding.diff.found, sizeof(finding.diff.found), "%s",
                           checkpoint_verdict_text(entry->witnesses[i].verdict));
            find(c, &finding);
        }
    }
    if (!proof) {
        return;
    }
    cover = cover_of(c, entry);
    if (!cover) {
        return;
    }
    proof->covered += cover->decisions;
    if (c->report->is_whole) { /* the chain covers what lies before its interval, too */
        proof->covered = cover->number + 1 - proof->first_number;
    }
    proof->covered_to = entry->number;
    proof->witnessed_to = entry->witnesses_good_n > 0 ? entry->number : proof->witnessed_to;
}

static enum status judge(struct check *c, struct failure *err)
{
    const struct checkpoint_register known = {
        .reference =
            c->best && part_replay(c->best) ? replay_reference(part_replay(c->best)) : NULL,
        .as_of = as_of(c->best),
        .ledger_id = c->report->ledger_id};
    const struct checkpoint_entry *entries;
    size_t n = 0;
    enum status status;

    if (!known.reference) {
        return STATUS_OK; /* without a founding record; it is a finding already */
    }
    status = checkpoint_book_judge(c->book, &known, err);
    if (status != STATUS_OK) {
        return status;
    }
    entries = checkpoint_book_all(c->book, &n);
    for (size_t i = 0; i < n; i++) {
        judge_entry(c, &entries[i]);
    }
    return STATUS_OK;
}

static enum status take_manifest(struct check *c, struct failure *err)
{
    const struct evidence_manifest *manifest = evidence_reader_manifest(c->reader);
    enum status status = end_partition(c, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (memcmp(manifest->ledger_id, c->report->ledger_id, LEDGER_ID_SIZE) != 0) {
        find_text(c, "manifest", "ledger_id", "that of the head", "another");
    }
    if (c->report->proofs_n == 0) {
        find_text(c, "manifest", "sections", "a partition", "none");
    }
    compare_sections(c, manifest);
    check_signature(c, manifest);
    return judge(c, err);
}

static bool is_stopped(struct check *c)
{
    c->frames++;
    if (c->frames % PROGRESS_EVERY != 0) {
        return false;
    }
    if (c->conf->progress) {
        c->conf->progress(c->conf->arg, evidence_reader_at(c->reader));
    }
    c->report->is_interrupted = c->conf->stop && c->conf->stop(c->conf->arg);
    return c->report->is_interrupted;
}

static enum status take(struct check *c, const struct evidence_frame *frame, struct failure *err)
{
    switch (frame->kind) {
    case EVIDENCE_HEAD:
        return take_head(c, &frame->of.head, err);
    case EVIDENCE_PARTITION:
        return begin_partition(c, &frame->of.partition, err);
    case EVIDENCE_RECORD:
        return take_record(c, &frame->of.record, err);
    case EVIDENCE_DECISION:
        return take_decision(c, &frame->of.decision, err);
    case EVIDENCE_CHECKPOINT:
        return take_checkpoint(c, &frame->of.checkpoint, err);
    case EVIDENCE_BULLETIN:
        return take_bulletin(c, &frame->of.record, err);
    case EVIDENCE_MANIFEST:
        break;
    }
    return take_manifest(c, err);
}

static enum status read_all(struct check *c, struct failure *err)
{
    struct evidence_frame frame = {.kind = EVIDENCE_HEAD};
    enum status status = STATUS_OK;

    while (status == STATUS_OK && frame.kind != EVIDENCE_MANIFEST && !is_stopped(c)) {
        status = evidence_read(c->reader, &frame, err);
        if (status == STATUS_OK) {
            status = take(c, &frame, err);
        }
    }
    if (status == STATUS_CORRUPT) { /* what is wrong in the file, and where */
        find_text(c, section_now(c), "encoding", "a frame of a bundle", err->text);
        status = STATUS_OK;
    }
    return status;
}

enum status evidence_check(const struct evidence_check_conf *conf, struct evidence_report *report,
                           struct failure *err)
{
    struct check c = {.conf = conf, .report = report};
    enum status status;

    *report = (struct evidence_report){.findings = 0};
    buffer_init(&c.numbers, TREE_LEAVES_MAX * sizeof(uint64_t));
    buffer_init(&c.leaves, TREE_LEAVES_MAX * DIGEST_SIZE);
    buffer_init(&c.covers, SIZE_MAX / 2);
    c.work.lock_fd = -1;
    status = evidence_reader_open(conf->file, &c.reader, err);
    if (status == STATUS_OK && conf->is_scratch) {
        status = verify_work_open(NULL, (struct bytes){.n = 0}, &c.work, err);
    }
    if (status == STATUS_OK) {
        status = hash_open(&c.hash, err);
    }
    if (status == STATUS_OK) {
        status = signer_open(&c.signer, err);
    }
    if (status == STATUS_OK) {
        status = checkpoint_book_open(&c.book, err);
    }
    if (status == STATUS_OK) {
        status = read_all(&c, err);
    }
    checkpoint_book_close(c.book);
    part_close(c.part);
    part_close(c.best);
    verify_work_close(&c.work);
    signer_close(c.signer);
    hash_close(c.hash);
    evidence_reader_close(c.reader);
    buffer_fini(&c.numbers);
    buffer_fini(&c.leaves);
    buffer_fini(&c.covers);
    free(c.topic);
    return status;
}

void evidence_report_fini(struct evidence_report *report)
{
    free(report->proofs);
    report->proofs = NULL;
    report->proofs_n = 0;
}
