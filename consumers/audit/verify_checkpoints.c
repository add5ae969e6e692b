/* verify_checkpoints.c - what was signed on the way, beside what the log leads to.
 *
 * A chain alone does not see a log that was cut off at its end or written anew from its start with
 * all decisions; a signed checkpoint does.  Each is met where its number is reached: the batch ends
 * there, so that the scratch store has the states of this very moment.
 *
 *   the key or the signature is not good           "signature", "key", whatever the log says
 *   two good ones of one number say different      "fork"
 *   chain, tree, states or place differ             the field, both values
 *   the log ends before the number                 "the log ends before it"
 *   no record ends with the decision               "number"
 * After the first good one that differs the others of the partition are not looked at. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consumers/audit/verify_inside.h"
#include "consumers/store/states_digest.h"
#include "wire/tree.h"

/* ---- trees over decisions ------------------------------------------------------------------- */

/* As a counter in base two: a bit of n is a whole subtree of this many leaves, whose root is in
 * nodes at its place. */
static void node(struct hash *hash, const uint8_t left[DIGEST_SIZE],
                 const uint8_t right[DIGEST_SIZE], uint8_t out[DIGEST_SIZE])
{
    static const uint8_t prefix = 0x01;

    hash_begin(hash);
    hash_add(hash, &prefix, sizeof(prefix));
    hash_add(hash, left, DIGEST_SIZE);
    hash_add(hash, right, DIGEST_SIZE);
    hash_end(hash, out);
}

void verify_tree_add(struct verify_tree *tree, struct hash *hash, const uint8_t leaf[DIGEST_SIZE])
{
    uint8_t root[DIGEST_SIZE];
    unsigned level = 0;

    memcpy(root, leaf, sizeof(root));
    for (; tree->n >> level & 1; level++) {
        node(hash, tree->nodes[level], root, root);
    }
    memcpy(tree->nodes[level], root, sizeof(root));
    tree->n++;
}

void verify_tree_root(const struct verify_tree *tree, struct hash *hash, uint8_t out[DIGEST_SIZE])
{
    bool has = false;

    for (unsigned level = 0; level < VERIFY_TREE_LEVELS; level++) {
        if (tree->n >> level & 1) {
            if (has) {
                node(hash, tree->nodes[level], out, out);
            } else {
                memcpy(out, tree->nodes[level], DIGEST_SIZE);
            }
            has = true;
        }
    }
}

/* ---- findings ------------------------------------------------------------------------------- */

static void say(struct verify_case *c, const struct checkpoint_entry *entry, const char *field,
                const char *expected, const char *found)
{
    struct finding finding = {
        .place = "checkpoint", .partition = c->partition, .offset = -1, .number = entry->number};

    if (c->conf->base && entry->number == c->conf->base_checkpoint) {
        (void)snprintf(finding.place, sizeof(finding.place), "base");
        c->is_refuted = true;
    }
    (void)snprintf(finding.key, sizeof(finding.key), "key %.*s%s%.*s", (int)entry->key_id.n,
                   entry->key_id.n > 0 ? entry->key_id.at : "", entry->person.n > 0 ? " of " : "",
                   (int)entry->person.n, entry->person.n > 0 ? entry->person.at : "");
    (void)snprintf(finding.field, sizeof(finding.field), "%s", field);
    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%s", found);
    verify_report_finding(c, &finding);
}

static void say_digest(struct verify_case *c, const struct checkpoint_entry *entry,
                       const char *field, const uint8_t made[DIGEST_SIZE],
                       const uint8_t signed_one[DIGEST_SIZE])
{
    char expected[2 * DIGEST_SIZE + 1];
    char found[FINDING_TEXT_SIZE];
    char hex[2 * DIGEST_SIZE + 1];

    hex_encode((struct bytes){.at = made, .n = DIGEST_SIZE}, expected);
    hex_encode((struct bytes){.at = signed_one, .n = DIGEST_SIZE}, hex);
    (void)snprintf(found, sizeof(found), "%s was signed", hex);
    say(c, entry, field, expected, found);
    c->checkpoint_differs = true;
}

static void say_verdict(struct verify_case *c, const struct checkpoint_entry *entry)
{
    const char *text = checkpoint_verdict_text(entry->verdict);

    switch (entry->verdict) {
    case CHECKPOINT_GOOD:
        if (entry->is_forked) {
            say(c, entry, "fork", "one checkpoint of a number", "two that cannot both be true");
        }
        break;
    case CHECKPOINT_SIGNATURE_WRONG:
        say(c, entry, "signature", "the key's", text);
        break;
    case CHECKPOINT_OTHER_LEDGER:
        say(c, entry, "ledger_id", "this ledger's", text);
        break;
    case CHECKPOINT_KEY_UNKNOWN:
    case CHECKPOINT_KEY_NO_ROLE:
    case CHECKPOINT_KEY_NOT_VALID:
    case CHECKPOINT_WITNESS_IS_WORKER:
        say(c, entry, "key", "that of a worker in force", text);
        break;
    }
}

/* ---- on the way ----------------------------------------------------------------------------- */

static bool is_good(const struct checkpoint_entry *entry)
{
    return entry->verdict == CHECKPOINT_GOOD && !entry->is_forked;
}

/* The next good one at or behind a number. */
static void find_next(struct verify_case *c, uint64_t number)
{
    while (c->checkpoints_at < c->checkpoints_n &&
           (!is_good(&c->checkpoints[c->checkpoints_at]) ||
            c->checkpoints[c->checkpoints_at].number < number)) {
        c->checkpoints_at++;
    }
    c->checkpoint_next = c->checkpoints_at < c->checkpoints_n && !c->checkpoint_differs
                             ? c->checkpoints[c->checkpoints_at].number
                             : UINT64_MAX;
}

void verify_checkpoints_open(struct verify_case *c)
{
    const struct checkpoint_book *book = c->thread->shared->book;

    c->checkpoint_next = UINT64_MAX;
    c->tree_next = UINT64_MAX;
    if (!book) {
        verify_skip(c, VERIFY_SKIP_CHECKPOINTS);
        return;
    }
    c->checkpoints = checkpoint_book_partition(book, c->partition, &c->checkpoints_n);
    c->part->checkpoints_known = c->checkpoints_n;
}

/* The next tree begins with which decision, of those from number on? */
static void find_next_tree(struct verify_case *c, uint64_t number)
{
    c->tree_next = UINT64_MAX;
    for (size_t i = c->checkpoints_at; i < c->checkpoints_n; i++) {
        const struct checkpoint_entry *entry = &c->checkpoints[i];

        if (is_good(entry) && entry->first_number >= number && entry->first_number < c->tree_next) {
            c->tree_next = entry->first_number;
        }
    }
}

void verify_checkpoints_begin(struct verify_case *c, uint64_t number)
{
    find_next(c, number > c->part->checkpoint ? number : c->part->checkpoint + 1);
    find_next_tree(c, number + 1);
}

/* The tree that begins with a decision, NULL when none does. */
static struct verify_tree *tree_of(struct verify_case *c, uint64_t first_number)
{
    for (size_t i = 0; i < VERIFY_TREES; i++) {
        if (c->trees[i].first_number == first_number && c->trees[i].n > 0) {
            return &c->trees[i];
        }
    }
    return NULL;
}

/* Up to the last of the checkpoints that share it. */
static void begin_tree(struct verify_case *c, uint64_t number)
{
    struct verify_tree tree = {.first_number = number};

    for (size_t i = c->checkpoints_at; i < c->checkpoints_n; i++) {
        if (is_good(&c->checkpoints[i]) && c->checkpoints[i].first_number == number) {
            tree.until = c->checkpoints[i].number;
        }
    }
    for (size_t t = 0; t < VERIFY_TREES; t++) {
        if (c->trees[t].until < number) {
            c->trees[t] = tree;
            break;
        }
    }
    find_next_tree(c, number + 1);
}

void verify_checkpoints_decision(struct verify_case *c, const struct journal_entry *made)
{
    uint8_t leaf[DIGEST_SIZE];
    bool has_leaf = false;

    if (c->checkpoint_next == UINT64_MAX) {
        return;
    }
    if (made->number == c->tree_next) {
        begin_tree(c, made->number);
    }
    for (size_t i = 0; i < VERIFY_TREES; i++) {
        if (c->trees[i].first_number == 0 || c->trees[i].until < made->number) {
            continue;
        }
        if (!has_leaf) {
            tree_leaf(c->hash, made->decision, leaf);
            has_leaf = true;
        }
        verify_tree_add(&c->trees[i], c->hash, leaf);
    }
}

static void compare_tree(struct verify_case *c, const struct checkpoint_entry *entry)
{
    const struct verify_tree *tree = tree_of(c, entry->first_number);
    uint8_t root[DIGEST_SIZE];

    if (!tree || entry->first_number + tree->n - 1 != entry->number) {
        verify_skip(c, VERIFY_SKIP_TREES);
        return;
    }
    verify_tree_root(tree, c->hash, root);
    if (memcmp(root, entry->decisions_hash, DIGEST_SIZE) != 0) {
        say_digest(c, entry, "decisions_sha256", root, entry->decisions_hash);
    }
}

static void compare_place(struct verify_case *c, const struct checkpoint_entry *entry,
                          const struct store_position *at)
{
    char expected[FINDING_TEXT_SIZE];
    char found[FINDING_TEXT_SIZE];

    if (at->next_offset == entry->next_offset && at->received_ms == entry->received_ms) {
        return;
    }
    (void)snprintf(expected, sizeof(expected), "offset %" PRId64 ", received at %" PRId64,
                   at->next_offset, at->received_ms);
    (void)snprintf(found, sizeof(found), "offset %" PRId64 ", received at %" PRId64 " was signed",
                   entry->next_offset, entry->received_ms);
    say(c, entry, "next_offset", expected, found);
    c->checkpoint_differs = true;
}

static void put_text(char *out, size_t size, struct text text)
{
    (void)snprintf(out, size, "%.*s", (int)text.n, text.n > 0 ? text.at : "");
}

static void put_witnesses(const struct checkpoint_entry *entry, char *out, size_t size)
{
    struct buffer names;

    buffer_init(&names, size - 1);
    for (uint32_t i = 0; i < entry->witnesses_n; i++) {
        if (entry->witnesses[i].verdict == CHECKPOINT_GOOD) {
            buffer_text(&names, names.n > 0 ? ", " : "");
            buffer_append(&names, entry->witnesses[i].person.at, entry->witnesses[i].person.n);
        }
    }
    (void)snprintf(out, size, "%s", buffer_cstr(&names));
    buffer_fini(&names);
}

/* It agrees: up to here it is proved, by whom. */
static void proved(struct verify_case *c, const struct checkpoint_entry *entry)
{
    struct verify_part *part = c->part;

    part->checkpoints++;
    part->checkpoint = entry->number;
    part->witnesses = entry->witnesses_good_n;
    put_text(part->checkpoint_key, sizeof(part->checkpoint_key), entry->key_id);
    put_text(part->checkpoint_person, sizeof(part->checkpoint_person), entry->person);
    put_witnesses(entry, part->witnessed_by, sizeof(part->witnessed_by));
}

static enum status compare_states(struct verify_case *c, const struct checkpoint_entry *entry,
                                  struct failure *err)
{
    uint8_t digest[DIGEST_SIZE];
    const enum status status =
        states_digest(replay_store(c->replay), c->partition, c->hash, digest, err);

    if (status == STATUS_OK && memcmp(digest, entry->states_hash, DIGEST_SIZE) != 0) {
        say_digest(c, entry, "states_sha256", digest, entry->states_hash);
    }
    return status;
}

/* The states of this moment are in the scratch store. */
static enum status compare(struct verify_case *c, const struct checkpoint_entry *entry,
                           struct failure *err)
{
    const struct store_position *at = decider_position(replay_decider(c->replay));
    enum status status;

    if (memcmp(at->chain, entry->chain, DIGEST_SIZE) != 0) {
        say_digest(c, entry, "chain", at->chain, entry->chain);
        return STATUS_OK;
    }
    compare_tree(c, entry);
    compare_place(c, entry, at);
    status = compare_states(c, entry, err);
    if (status == STATUS_OK && !c->checkpoint_differs) {
        proved(c, entry);
    }
    return status;
}

enum status verify_checkpoints_look(struct verify_case *c, struct failure *err)
{
    const struct store_position *at = decider_position(replay_decider(c->replay));
    const uint64_t number = at->number;
    enum status status = STATUS_OK;

    for (; c->checkpoint_next <= number && status == STATUS_OK; find_next(c, number)) {
        const struct checkpoint_entry *entry = &c->checkpoints[c->checkpoints_at];

        if (entry->number == number && at->step == 0) {
            status = compare(c, entry, err);
        } else {
            say(c, entry, "number", "the last decision of a record", "one in the middle");
        }
        c->checkpoints_at++;
    }
    return status;
}

/* ---- after the last record ------------------------------------------------------------------ */

/* The bulletins that keys were taken from are those of the log. */
static enum status compare_register(struct verify_case *c, struct failure *err)
{
    struct finding finding = {.place = "reference topic", .partition = c->partition, .offset = -1};
    struct store_bulletin bulletin;
    uint64_t number = 0;
    enum status status = STATUS_OK;

    while (c->conf->references && status == STATUS_OK) {
        struct bytes known;

        status = store_bulletin_next(replay_store(c->replay), number, &bulletin, err);
        if (status != STATUS_OK) {
            break;
        }
        known = reference_set_content(c->conf->references, bulletin.number);
        if (known.n > 0 && !bytes_equal(known, bulletin.content)) {
            (void)snprintf(finding.key, sizeof(finding.key), "bulletin %" PRIu64, bulletin.number);
            (void)snprintf(finding.expected, sizeof(finding.expected), "the bulletin of the log");
            (void)snprintf(finding.found, sizeof(finding.found), "another one");
            verify_report_finding(c, &finding);
        }
        number = bulletin.number + 1;
    }
    return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

enum status verify_checkpoints_end(struct verify_case *c, struct failure *err)
{
    const uint64_t number = decider_position(replay_decider(c->replay))->number;

    for (size_t i = 0; i < c->checkpoints_n; i++) {
        const struct checkpoint_entry *entry = &c->checkpoints[i];

        say_verdict(c, entry);
        if (!is_good(entry) || entry->number <= number) {
            continue;
        }
        if (c->is_short || c->is_moved) {
            verify_skip(c, VERIFY_SKIP_LATER);
        } else if (!c->checkpoint_differs) {
            say(c, entry, "", "a log with this decision", "the log ends before it");
            c->checkpoint_differs = true;
        }
    }
    return compare_register(c, err);
}

/* Of a log whose beginning is gone. */
const struct checkpoint_entry *verify_checkpoints_after(const struct verify_case *c, int64_t offset)
{
    for (size_t i = 0; i < c->checkpoints_n; i++) {
        if (is_good(&c->checkpoints[i]) && c->checkpoints[i].next_offset >= offset) {
            return &c->checkpoints[i];
        }
    }
    return NULL;
}
