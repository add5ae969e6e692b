#include "consumers/audit/filing_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "form/iso.h"
#include "form/money.h"
#include "wire/submission.h"

static const char *const amounts[] = {
    "money",  "cny",       "price", "cash", "cash_delta", "distribution", "registered_capital",
    "equity", "net_assets"};
#define AMOUNTS_N (sizeof(amounts) / sizeof(amounts[0]))

/* An amount as the form stage takes it, else none. */
static struct money money_of(const struct document *doc, const struct node *node)
{
    const struct node *currency = document_find(doc, node, "currency");
    const struct node *value = document_find(doc, node, "value");
    struct money money = {.currency = CURRENCY_NONE};
    int found = -1;

    if (currency && currency->kind == NODE_TEXT) {
        found = iso_currency_find(currency->text.at, currency->text.n);
    }
    if (found >= 0 && iso_currency(found)->exponent >= 0 && value && value->kind == NODE_DECIMAL &&
        money_rescale(value->integer, (int)value->scale, iso_currency(found)->exponent,
                      &money.minor)) {
        money.currency = found;
    }
    return money;
}

/* Into size bytes at out, "" when it is absent or longer. */
static void take_text(const struct node *node, char *out, size_t size)
{
    if (node && node->kind == NODE_TEXT && node->text.n < size) {
        memcpy(out, node->text.at, node->text.n);
        out[node->text.n] = '\0';
    }
}

void filing_facts_read(struct bytes value, struct arena *arena, struct filing_facts *ret)
{
    const struct node *details = NULL;
    struct submission parts;
    struct document doc;
    struct failure none;

    memset(ret, 0, sizeof(*ret));
    ret->money.currency = CURRENCY_NONE;
    arena_reset(arena);
    if (submission_split(value.at, value.n, &parts, &none) != STATUS_OK || !parts.filing.at ||
        filing_decode(parts.filing.at, parts.filing.n, arena, &doc, &none) != STATUS_OK) {
        return;
    }
    details = document_find(&doc, &doc.nodes[0], "details");
    if (!details) {
        return;
    }
    for (size_t i = 0; i < AMOUNTS_N && ret->money.currency == CURRENCY_NONE; i++) {
        const struct node *node = document_find(&doc, details, amounts[i]);

        if (node && node->kind == NODE_OBJECT) {
            ret->money = money_of(&doc, node);
        }
    }
    take_text(document_find(&doc, details, "region"), ret->region, sizeof(ret->region));
    take_text(document_find(&doc, details, "registration_no"), ret->registration_no,
              sizeof(ret->registration_no));
}

/* ---- regions ------------------------------------------------------------------------------- */

struct region_key {
    char enterprise[CODE_SIZE];
    char registration_no[OBJECT_NUMBER_SIZE]; /* filled up with zeros */
};

struct region_entry {
    struct region_key key;
    char region[REGION_SIZE];
    UT_hash_handle hh;
};

void region_book_init(struct region_book *book) { book->entries = NULL; }

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
void region_book_fini(struct region_book *book)
{
    struct region_entry *entry = book->entries;

    HASH_CLEAR(hh, book->entries); /* the table alone */
    while (entry) {
        struct region_entry *next = entry->hh.next;

        free(entry);
        entry = next;
    }
}

static void key_make(const char *enterprise, const char *registration_no, struct region_key *ret)
{
    memset(ret, 0, sizeof(*ret));
    memcpy(ret->enterprise, enterprise, CODE_SIZE);
    (void)snprintf(ret->registration_no, sizeof(ret->registration_no), "%s", registration_no);
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static struct region_entry *find(const struct region_book *book, const struct region_key *key)
{
    struct region_entry *entry = NULL;

    HASH_FIND(hh, book->entries, key, sizeof(*key), entry);
    return entry;
}

/* uthash's macros count as if they were written here.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size) */
static enum status put(struct region_book *book, const struct region_key *key, const char *region,
                       struct failure *err)
{
    struct region_entry *entry = find(book, key);

    if (!entry) {
        entry = calloc(1, sizeof(*entry));
        if (!entry) {
            return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
        }
        entry->key = *key;
        HASH_ADD(hh, book->entries, key, sizeof(entry->key), entry);
    }
    (void)snprintf(entry->region, sizeof(entry->region), "%s", region);
    return STATUS_OK;
}

enum status region_book_put(struct region_book *book, const char *enterprise,
                            const struct filing_facts *facts, struct failure *err)
{
    struct region_key key;
    enum status status;

    if (facts->region[0] == '\0') {
        return STATUS_OK;
    }
    key_make(enterprise, facts->registration_no, &key);
    status = put(book, &key, facts->region, err);
    if (status != STATUS_OK) {
        return status;
    }
    key_make(enterprise, "", &key);
    return put(book, &key, facts->region, err);
}

const char *region_book_find(const struct region_book *book, const char *enterprise,
                             const char *registration_no)
{
    const struct region_entry *entry = NULL;
    struct region_key key;

    key_make(enterprise, registration_no, &key);
    entry = find(book, &key);
    return entry ? entry->region : NULL;
}
