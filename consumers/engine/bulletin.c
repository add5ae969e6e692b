#include "consumers/engine/bulletin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consumers/core/reference.h"
#include "form/date.h"

#define AREA_ALIGN 16

static void refuse(struct bulletin_judgement *ret, const char *field, const char *text)
{
    ret->is_refused = true;
    (void)snprintf(ret->fault.field, sizeof(ret->fault.field), "%s", field);
    (void)snprintf(ret->fault.text, sizeof(ret->fault.text), "%s", text);
}

/* All that is left of the bulletin arena, for the values of its objects. */
static bool take_area(struct arena *arena, struct area *ret)
{
    size_t n = 0;
    void *at = arena_take_rest(arena, &n);

    if (!at || n < AREA_ALIGN) {
        return false;
    }
    arena_keep(arena, at, n);
    *ret = (struct area){.at = at, .size = n};
    return true;
}

static void read_founding(const struct content_parts *parts, struct area *area,
                          struct bulletin_judgement *ret)
{
    struct founding *founding = &ret->content.founding;

    ret->content.has_founding = true;
    if (!founding_read_operators(&parts->operators, area, &founding->operators, &ret->fault)) {
        ret->is_refused = true;
        return;
    }
    founding->partitions = parts->partitions;
    founding->demonstration = parts->demonstration;
    founding->in_memory = parts->in_memory;
    memcpy(founding->random, parts->random, sizeof(founding->random));
    if (parts->partitions == 0 || parts->partitions > BUS_PARTITIONS_MAX) {
        refuse(ret, "/partitions", "the partition count is out of range");
    } else if (!parts->has_random) {
        refuse(ret, "/random", "the random bytes are not 16");
    }
}

/* The values of what was decoded; a first fault refuses it. */
static void read_content(struct desk *desk, const struct content_parts *parts,
                         struct bulletin_judgement *ret)
{
    struct reference_item *items;
    struct area area;

    ret->content = (struct content){.number = parts->number};
    if (parts->unknown_field != 0) {
        refuse(ret, "", "the bulletin has an unknown field");
        return;
    }
    items = arena_alloc(&desk->bulletin_arena, (parts->items_n + 1) * sizeof(*items));
    if (!items || !take_area(&desk->bulletin_arena, &area)) {
        refuse(ret, "", "the bulletin is too large");
        return;
    }
    if (parts->has_founding) {
        read_founding(parts, &area, ret);
    }
    for (uint32_t i = 0; i < parts->items_n && !ret->is_refused; i++) {
        ret->is_refused = !reference_read(&parts->items[i], &area, &items[i], &ret->fault);
    }
    ret->content.items = items;
    ret->content.items_n = parts->items_n;
}

struct signatory {
    struct text person;
    const uint8_t *key;
};

/* Who may sign with this key: by the founding record itself while there is no ledger yet. */
static bool find_signatory(const struct desk *desk, const struct bulletin_case *given,
                           const struct content *content, struct text key_id, struct signatory *ret)
{
    const struct operator_query query = {
        .key_id = key_id, .roles = ROLE_ISSUER, .on = given->received_on};
    const struct member *member;

    if (given->as_of != REFERENCE_NOTHING) {
        member = reference_operator_key(reference_set_reference(desk->references), given->as_of,
                                        &query, &ret->key);
        if (member) {
            ret->person = member->id;
        }
        return member != NULL;
    }
    for (uint32_t i = 0; i < content->founding.operators.members_n; i++) {
        member = &content->founding.operators.members[i];
        for (uint32_t k = 0; k < member->keys_n; k++) {
            const struct public_key *key = &member->keys[k];

            if ((member->roles & ROLE_ISSUER) && key->from_on <= given->received_on &&
                given->received_on <= key->to_on &&
                reference_text_compare(key->key_id, key_id) == 0) {
                *ret = (struct signatory){.person = member->id, .key = key->key};
                return true;
            }
        }
    }
    return false;
}

static bool approval_is_right(struct desk *desk, const struct bulletin_case *given,
                              const struct bulletin_judgement *judgement,
                              const struct approval *approval, struct signatory *ret)
{
    const struct signed_message message = {
        .domain = SIGN_BULLETIN,
        .ledger_id = given->ledger_id,
        .bytes = judgement->content_bytes,
    };

    return find_signatory(desk, given, &judgement->content, approval->key_id, ret) &&
           signer_verify(desk->signer, &message, ret->key, approval->signature);
}

/* Every approval right, and two different persons; one suffices in a demonstration. */
static void check_signatures(struct desk *desk, const struct bulletin_case *given,
                             struct bulletin_judgement *ret)
{
    const bool is_demonstration = ret->content.has_founding
                                      ? ret->content.founding.demonstration
                                      : reference_set_reference(desk->references)->demonstration;
    const uint32_t wanted = is_demonstration ? 1 : 2;
    struct signatory signatories[APPROVALS_MAX];
    uint32_t persons = 0;

    if (given->as_of == REFERENCE_NOTHING && !ret->content.has_founding) {
        refuse(ret, "/founding", "the first bulletin is not the founding record");
        return;
    }
    for (uint32_t i = 0; i < desk->bulletin.approvals_n; i++) {
        bool is_new = true;

        if (!approval_is_right(desk, given, ret, &desk->bulletin.approvals[i], &signatories[i])) {
            refuse(ret, "/approvals", "a signature is wrong, or not an issuer's in force");
            return;
        }
        for (uint32_t k = 0; k < i; k++) {
            if (reference_text_compare(signatories[k].person, signatories[i].person) == 0) {
                is_new = false;
            }
        }
        persons += is_new ? 1 : 0;
    }
    if (persons < wanted) {
        refuse(ret, "/approvals", "fewer persons signed than must");
    }
}

static enum status check_rules(const struct content *content, struct failure *err)
{
    for (uint32_t i = 0; i < content->items_n; i++) {
        const struct reference_item *item = &content->items[i];

        if (item->kind == REFERENCE_POLICY && item->of.policy.rules > DECIDE_RULES_MAX) {
            return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                               "bulletin %" PRIu64 " brings rules %" PRId64
                               ", this program knows 1 to %d: install a newer one",
                               content->number, item->of.policy.rules, DECIDE_RULES_MAX);
        }
    }
    return STATUS_OK;
}

/* To the content bytes: of a pack they are given, of the log they lie in the bulletin. */
static bool split(struct desk *desk, const struct bulletin_case *given,
                  struct bulletin_judgement *ret)
{
    struct failure why;

    if (given->is_pack) {
        ret->content_bytes = given->bulletin;
        return true;
    }
    if (bulletin_split(given->bulletin.at, given->bulletin.n, &desk->bulletin, &why) != STATUS_OK) {
        return false;
    }
    ret->content_bytes = desk->bulletin.content;
    return true;
}

enum status bulletin_judge(struct desk *desk, const struct bulletin_case *given,
                           struct bulletin_judgement *ret, struct failure *err)
{
    struct content_parts parts;
    struct failure why;

    ret->is_decodable = false;
    ret->is_refused = false;
    ret->fault.field[0] = '\0';
    ret->fault.text[0] = '\0';
    arena_reset(&desk->bulletin_arena);
    if (!split(desk, given, ret) ||
        content_decode(ret->content_bytes.at, ret->content_bytes.n, &desk->bulletin_arena, &parts,
                       &why) != STATUS_OK) {
        return STATUS_OK;
    }
    ret->is_decodable = true;
    if (given->has_key) {
        refuse(ret, "", "a bulletin has no key");
        return STATUS_OK;
    }
    read_content(desk, &parts, ret);
    if (!ret->is_refused && !given->is_pack) {
        check_signatures(desk, given, ret);
    }
    if (!ret->is_refused) {
        ret->is_refused =
            !reference_check(reference_set_reference(desk->references),
                             given->is_pack && given->as_of == REFERENCE_NOTHING ? 0 : given->as_of,
                             &ret->content, &ret->fault);
    }
    return ret->is_refused ? STATUS_OK : check_rules(&ret->content, err);
}

static enum status not_founded(const struct bus_record *record, const char *why,
                               struct failure *err)
{
    return failure_set(err, STATUS_CONFLICT, REMEDY_STOP, 0,
                       "partition %" PRIu32
                       " does not begin with a founding record (%s): run 'filingctl topics apply' "
                       "and 'filingctl ledger found'",
                       record->partition, why);
}

enum status bulletin_founding(struct desk *desk, const struct bus_record *record,
                              struct founded *ret, struct failure *err)
{
    struct bulletin_judgement judgement = {.is_refused = false};
    struct bulletin_case given = {.has_key = record->has_key, .as_of = REFERENCE_NOTHING};
    struct submission parts;
    struct failure why;
    enum status status;

    if (!record->has_value ||
        submission_split(record->value, record->value_n, &parts, &why) != STATUS_OK ||
        !parts.bulletin.at ||
        bulletin_split(parts.bulletin.at, parts.bulletin.n, &desk->bulletin, &why) != STATUS_OK) {
        return not_founded(record, "it is no bulletin", err);
    }
    hash_ledger_id(desk->hash, desk->bulletin.content, ret->ledger_id);
    given.bulletin = parts.bulletin;
    given.received_on = date_of_unix_ms_shanghai(record->timestamp_ms);
    given.ledger_id = ret->ledger_id;
    status = bulletin_judge(desk, &given, &judgement, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (!judgement.is_decodable || judgement.is_refused) {
        return not_founded(
            record, judgement.is_decodable ? judgement.fault.text : "it cannot be decoded", err);
    }
    ret->partitions = judgement.content.founding.partitions;
    ret->in_memory = judgement.content.founding.in_memory;
    return STATUS_OK;
}
