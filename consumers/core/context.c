#include "consumers/core/context.h"

#include <assert.h>
#include <string.h>

#include "consumers/core/naming.h"
#include "consumers/core/rates.h"
#include "form/date.h"
#include "form/iso.h"

/* ---- reasons ------------------------------------------------------------------------------- */

void context_reason(struct context *c, enum code code, const char *field)
{
    reasons_add_at(&c->ret->decision.reasons, code, field);
}

void context_reason_sole(struct context *c, enum code code, const char *field)
{
    c->sole_code = code;
    c->sole_field = field;
}

void context_review(struct context *c, const char *field)
{
    for (uint32_t i = 0; i < c->reviews_n; i++) {
        if (strcmp(c->reviews[i], field) == 0) {
            return; /* F15: however many rows ask for it */
        }
    }
    assert(c->reviews_n < CONTEXT_REVIEWS_MAX);
    c->reviews[c->reviews_n] = field;
    c->reviews_n++;
}

void context_flag(struct context *c, enum flag flag) { c->ret->decision.flags |= (uint32_t)flag; }

/* ---- objects ------------------------------------------------------------------------------- */

const struct object *context_object(struct context *c, enum object_kind kind, struct text number,
                                    const char *field)
{
    struct object *object = enterprise_object(c->state, object_space(kind), number);

    if (object == NULL || object->kind != kind) {
        context_reason(c, CODE_REGISTRATION_UNKNOWN, field);
        return NULL;
    }
    if (object->closed) {
        context_reason(c, CODE_REGISTRATION_CLOSED, field);
        return NULL;
    }
    if (c->business_on < object->moved_on) {
        context_reason(c, CODE_MOVEMENT_ORDER, "/business_date");
    }
    assert(c->named_n < UNDO_OBJECTS_MAX);
    c->named[c->named_n] = object;
    c->named_n++;
    return object;
}

void context_object_is_new(struct context *c, enum object_kind kind, struct text number,
                           const char *field)
{
    if (enterprise_object(c->state, object_space(kind), number) != NULL) {
        context_reason(c, CODE_REGISTRATION_EXISTS, field);
    }
}

const struct investor *context_investor(struct context *c, const struct object *registration,
                                        struct text investor_no, const char *field)
{
    const struct investor *investor =
        enterprise_investor_find(c->state, registration->opened_number, investor_no);

    if (investor == NULL) {
        context_reason(c, CODE_INVESTOR_UNKNOWN, field);
    }
    return investor;
}

const struct investor *context_foreign_investor(struct context *c,
                                                const struct object *registration,
                                                struct text investor_no, const char *field)
{
    const struct investor *investor = context_investor(c, registration, investor_no, field);

    if (investor != NULL && investor->country == COUNTRY_CHN) {
        context_reason(c, CODE_INVESTOR_UNKNOWN, field);
        investor = NULL;
    }
    return investor;
}

/* ---- reference data ------------------------------------------------------------------------ */

static void list_row(struct context *c, const struct parameter *row)
{
    const struct policy_version *version = policy_as_of(c->args->reference, c->as_of);
    uint32_t position = (uint32_t)(row - version->rows);

    for (uint32_t i = 0; i < c->parameters_n; i++) {
        if (c->parameters[i] == position) {
            return;
        }
    }
    assert(c->parameters_n < DECISION_PARAMETERS_MAX);
    c->parameters[c->parameters_n] = position;
    c->parameters_n++;
}

void context_list(struct context *c, const struct parameter *row)
{
    if (!c->is_quiet) {
        list_row(c, row);
    }
}

const struct parameter *context_parameter(struct context *c, const struct policy_query *query)
{
    const struct parameter *row = policy_find(policy_as_of(c->args->reference, c->as_of), query);

    if (row != NULL) {
        context_list(c, row);
    }
    return row;
}

const struct parameter *context_parameter_plain(struct context *c, enum parameter_id id)
{
    const struct policy_query query = {.id = id, .on = c->business_on};

    return context_parameter(c, &query);
}

static void note_missing(struct context *c, int32_t currency, struct moment moment)
{
    for (uint32_t i = 0; i < c->missing_n; i++) {
        if (c->missing[i].currency == currency && c->missing[i].on == moment.on &&
            c->missing_fields[i] == moment.field) {
            return;
        }
    }
    assert(c->missing_n < HELD_MISSING_MAX);
    c->missing[c->missing_n] = (struct missing_rate){.currency = currency, .on = moment.on};
    c->missing_fields[c->missing_n] = moment.field;
    c->missing_n++;
}

static void list_sheet(struct context *c, int32_t sheet_on)
{
    if (c->is_quiet || sheet_on == DATE_NONE) {
        return;
    }
    for (uint32_t i = 0; i < c->sheets_n; i++) {
        if (c->sheets[i] == sheet_on) {
            return;
        }
    }
    assert(c->sheets_n < DECISION_SHEETS_MAX);
    c->sheets[c->sheets_n] = sheet_on;
    c->sheets_n++;
}

static struct rate_found find_rate(struct context *c, int32_t currency, struct moment moment)
{
    struct rate_found rate = rates_find(c->args->reference, c->as_of, currency, moment.on);

    if (!rate.found) {
        note_missing(c, currency, moment);
    }
    return rate;
}

struct converted context_convert(struct context *c, struct money money, int32_t currency,
                                 struct moment moment, enum rounding rounding)
{
    struct converted result = {.found = true, .minor = money.minor};
    struct rate_found from;
    struct rate_found to;
    struct money_unit from_unit;
    struct money_unit to_unit;

    if (money.minor == 0 || money.currency == currency) {
        return result;
    }
    from = find_rate(c, money.currency, moment);
    to = find_rate(c, currency, moment);
    if (!from.found || !to.found) {
        return (struct converted){.found = false, .minor = 0};
    }
    list_sheet(c, from.sheet_on);
    list_sheet(c, to.sheet_on);
    from_unit = (struct money_unit){.exponent = iso_currency(money.currency)->exponent,
                                    .rate_e10 = from.rate_e10};
    to_unit =
        (struct money_unit){.exponent = iso_currency(currency)->exponent, .rate_e10 = to.rate_e10};
    if (!money_convert(money.minor, from_unit, to_unit, rounding, &result.minor)) {
        result.minor = INT64_MAX;
    }
    return result;
}

struct converted context_rate(struct context *c, int32_t currency, struct moment moment)
{
    struct rate_found rate = find_rate(c, currency, moment);

    if (!rate.found) {
        return (struct converted){.found = false, .minor = 0};
    }
    list_sheet(c, rate.sheet_on);
    return (struct converted){.found = true, .minor = rate.rate_e10};
}

struct moment context_business(const struct context *c)
{
    return (struct moment){.on = c->business_on, .field = "/business_date"};
}

/* ---- limits -------------------------------------------------------------------------------- */

struct limit_key context_key(const struct context *c, enum limit_kind kind,
                             const struct object *object, uint32_t part)
{
    return (struct limit_key){.owner = object != NULL ? object->opened_number : c->args->number,
                              .kind = kind,
                              .part = part};
}

struct limit_key context_own_key(enum limit_kind kind)
{
    return (struct limit_key){.owner = 0, .kind = kind, .part = 0};
}

struct amounts context_balance(const struct context *c, const struct limit_key *key)
{
    const struct limit *limit = enterprise_limit(c->state, key);

    return limit != NULL ? limit->is : (struct amounts){.limit = 0, .used = 0, .reserved = 0};
}

int64_t context_free(const struct context *c, const struct limit_key *key)
{
    struct amounts is = context_balance(c, key);

    return is.limit - is.used - is.reserved;
}

/* The id of a limit whose object may still have to be opened by the filing itself. */
static void id_of(const struct context *c, const struct limit_key *key, struct limit_id *ret)
{
    if (key->owner == c->args->number) {
        *ret = (struct limit_id){.kind = key->kind};
        naming_own_object(c->filing, ret);
        return;
    }
    enterprise_limit_id(c->state, key, ret);
}

static void add_reason(struct context *c, struct reason *reason, const struct limit_key *key,
                       const char *field)
{
    const size_t n = strlen(field);

    assert(n < sizeof(reason->field));
    memcpy(reason->field, field, n + 1);
    if (key->kind != LIMIT_NONE) {
        id_of(c, key, &reason->limit);
    }
    reasons_add(&c->ret->decision.reasons, reason);
}

void context_refuse(struct context *c, enum code code, const struct test *test, const char *field)
{
    struct reason reason = {.code = code,
                            .has_amounts = true,
                            .currency = test->currency,
                            .free_minor = test->free_minor,
                            .asked_minor = test->asked_minor};

    add_reason(c, &reason, &test->key, field);
}

void context_reason_limit(struct context *c, enum code code, const struct limit_key *key,
                          const char *field)
{
    struct reason reason = {.code = code, .currency = CURRENCY_NONE};

    add_reason(c, &reason, key, field);
}

bool context_check(struct context *c, enum code code, const struct test *test, const char *field)
{
    if (test->asked_minor <= test->free_minor) {
        return true;
    }
    context_refuse(c, code, test, field);
    return false;
}

static bool add_to(int64_t *sum, int64_t change)
{
    return !__builtin_add_overflow(*sum, change, sum);
}

static bool amounts_add(struct amounts *sum, const struct amounts *change)
{
    bool fits = add_to(&sum->limit, change->limit);

    fits = add_to(&sum->used, change->used) && fits;
    return add_to(&sum->reserved, change->reserved) && fits;
}

void context_post(struct context *c, const struct limit_key *key, int32_t currency,
                  struct amounts change)
{
    struct undo *undo = &c->ret->undo;

    for (uint32_t i = 0; i < undo->postings_n; i++) {
        if (limit_key_compare(&undo->postings[i].key, key) == 0) {
            assert(undo->postings[i].currency == currency);
            c->is_overflowing =
                !amounts_add(&undo->postings[i].change, &change) || c->is_overflowing;
            return;
        }
    }
    assert(undo->postings_n < DECISION_POSTINGS_MAX);
    undo->postings[undo->postings_n] =
        (struct undo_posting){.key = *key, .currency = currency, .change = change};
    undo->postings_n++;
}

/* ---- barriers ------------------------------------------------------------------------------ */

static void hold(struct context *c, enum code code)
{
    c->ret->decision.outcome = OUTCOME_HELD;
    if (code == CODE_REVIEW_NEEDED) {
        for (uint32_t i = 0; i < c->reviews_n; i++) {
            context_reason(c, code, c->reviews[i]);
        }
        c->missing_n = 0;
        return;
    }
    for (uint32_t i = 0; i < c->missing_n; i++) {
        context_reason(c, code, c->missing_fields[i]);
    }
    if (c->is_standing_done) {
        c->parameters_n = c->parameters_standing_n;
        c->sheets_n = c->sheets_standing_n;
    }
}

/* True when the filing failed the stage. */
static bool refuse_for_reasons(struct context *c)
{
    if (c->sole_code != CODE_NONE) {
        reasons_reset(&c->ret->decision.reasons);
        context_reason(c, c->sole_code, c->sole_field);
    }
    if (c->ret->decision.reasons.n == 0) {
        return false;
    }
    c->ret->decision.outcome = OUTCOME_REJECTED;
    return true;
}

bool context_standing_done(struct context *c)
{
    assert(!c->is_standing_done);
    if (refuse_for_reasons(c)) {
        return false;
    }
    if (c->reviews_n > 0 && !c->is_approved) {
        hold(c, CODE_REVIEW_NEEDED);
        return false;
    }
    if (c->missing_n > 0) {
        hold(c, CODE_RATE_PENDING);
        return false;
    }
    c->is_standing_done = true;
    c->parameters_standing_n = c->parameters_n;
    c->sheets_standing_n = c->sheets_n;
    return true;
}

bool context_rates_done(struct context *c)
{
    assert(c->is_standing_done);
    if (c->missing_n > 0) {
        hold(c, CODE_RATE_PENDING);
        return false;
    }
    return true;
}

/* Would all limits be whole numbers of 63 bits, none used or reserved below nothing? */
static bool postings_fit(const struct context *c)
{
    const struct undo *undo = &c->ret->undo;

    if (c->is_overflowing) {
        return false;
    }
    for (uint32_t i = 0; i < undo->postings_n; i++) {
        struct amounts after = context_balance(c, &undo->postings[i].key);

        if (!amounts_add(&after, &undo->postings[i].change)) {
            return false;
        }
    }
    return true;
}

static bool is_zero(const struct amounts *amounts)
{
    return amounts->limit == 0 && amounts->used == 0 && amounts->reserved == 0;
}

/* Are the limit's object and investor in the state already? */
static bool is_nameable(const struct context *c, const struct limit_key *key)
{
    return key->owner != c->args->number &&
           (key->kind != LIMIT_FDI_INFLOW ||
            enterprise_investor(c->state, key->owner, key->part) != NULL);
}

/* Change one limit and list the posting; its id follows, for an object that is yet to be opened. */
static void post(struct context *c, struct undo_posting *undo)
{
    struct decision *decision = &c->ret->decision;
    struct posting *posting = &decision->postings[decision->postings_n];
    struct limit *limit = enterprise_limit(c->state, &undo->key);
    bool fits;

    if (limit == NULL) {
        const struct limit fresh = {.key = undo->key, .currency = undo->currency};

        limit = enterprise_limit_add(c->state, &fresh);
    }
    if (is_zero(&limit->is) && limit->key.kind != LIMIT_FINANCING_GAP) {
        limit->currency = undo->currency; /* R1 */
    }
    assert(limit->currency == undo->currency);
    fits = amounts_add(&limit->is, &undo->change);
    assert(fits);
    assert(limit->is.used >= 0);
    assert(limit->is.reserved >= 0);
    posting->own = false;
    posting->currency = limit->currency;
    posting->change = undo->change;
    posting->after = limit->is;
    posting->id.kind = LIMIT_NONE;
    if (is_nameable(c, &undo->key)) {
        enterprise_limit_id(c->state, &undo->key, &posting->id);
    }
    decision->postings_n++;
}

/* Does the limit follow the calendar (L1)?  Then a reversal sets it anew, even if nothing changed.
 */
static bool is_following(enum limit_kind kind)
{
    return kind == LIMIT_FINANCING_MACROPRUDENTIAL || kind == LIMIT_FINANCING_GAP ||
           kind == LIMIT_FINANCING_FACILITATION || kind == LIMIT_OUTBOUND_LENDING;
}

/* Post what changes something.  The undo keeps these in the same places, and behind them the
 * limits that follow the calendar and did not change. */
static void post_all(struct context *c)
{
    struct undo *undo = &c->ret->undo;
    struct undo_posting still[2]; /* no event touches more limits of the enterprise itself */
    uint32_t still_n = 0;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < undo->postings_n; i++) {
        if (!is_zero(&undo->postings[i].change)) {
            undo->postings[kept] = undo->postings[i];
            post(c, &undo->postings[kept]);
            kept++;
        } else if (is_following(undo->postings[i].key.kind)) {
            assert(still_n < sizeof(still) / sizeof(still[0]));
            still[still_n] = undo->postings[i];
            still_n++;
        }
    }
    for (uint32_t i = 0; i < still_n; i++) {
        undo->postings[kept] = still[i];
        kept++;
    }
    undo->postings_n = kept;
}

static void move_named(struct context *c)
{
    struct undo *undo = &c->ret->undo;

    for (uint32_t i = 0; i < c->named_n; i++) {
        assert(undo->objects_n < UNDO_OBJECTS_MAX);
        undo->objects[undo->objects_n].created = false;
        undo->objects[undo->objects_n].before = *c->named[i];
        undo->objects_n++;
        c->named[i]->moved_number = c->args->number;
        c->named[i]->moved_on = c->business_on;
    }
}

bool context_accept(struct context *c)
{
    if (!context_rates_done(c) || refuse_for_reasons(c)) {
        return false;
    }
    if (!postings_fit(c)) {
        context_reason(c, CODE_AMOUNT, "/details");
        c->ret->decision.outcome = OUTCOME_REJECTED;
        return false;
    }
    c->ret->decision.outcome = OUTCOME_ACCEPTED;
    move_named(c);
    post_all(c);
    enterprise_count_later(c->state, c->filing->event, c->args->number, LATER_ACCEPTED);
    return true;
}

/* ---- writes -------------------------------------------------------------------------------- */

struct object *context_open(struct context *c, enum object_kind kind, struct text number)
{
    struct undo *undo = &c->ret->undo;
    struct object object = {.kind = kind,
                            .opened_number = c->args->number,
                            .opened_on = c->business_on,
                            .moved_number = c->args->number,
                            .moved_on = c->business_on};

    assert(number.n < OBJECT_NUMBER_SIZE);
    assert(undo->objects_n < UNDO_OBJECTS_MAX);
    memcpy(object.number, number.at, number.n);
    undo->objects[undo->objects_n].created = true;
    undo->objects[undo->objects_n].before = object;
    undo->objects_n++;
    return enterprise_object_add(c->state, &object);
}

uint64_t context_arrival(const struct context *c)
{
    const uint64_t held = c->ret->decision.refers_to;

    return held != 0 ? held : c->args->number;
}

struct object *context_change(struct context *c, const struct object *object)
{
    uint32_t i = 0;

    while (i < c->named_n && c->named[i] != object) {
        i++;
    }
    assert(i < c->named_n); /* an object that the filing does not name is not its to change */
    return c->named[i];
}

struct investor *context_change_investor(struct context *c, const struct investor *investor)
{
    struct undo *undo = &c->ret->undo;

    assert(undo->investors_n < UNDO_INVESTORS_MAX);
    undo->investors[undo->investors_n].created = false;
    undo->investors[undo->investors_n].before = *investor;
    undo->investors_n++;
    return enterprise_investor(c->state, investor->owner, investor->ordinal);
}

struct investor *context_add_investor(struct context *c, struct object *registration,
                                      const struct investor *investor)
{
    struct undo *undo = &c->ret->undo;
    struct investor added = *investor;

    registration->of.fdi.investors_n++;
    added.owner = registration->opened_number;
    added.ordinal = registration->of.fdi.investors_n;
    if (registration->opened_number != c->args->number) {
        assert(undo->investors_n < UNDO_INVESTORS_MAX);
        undo->investors[undo->investors_n].created = true;
        undo->investors[undo->investors_n].before = added;
        undo->investors_n++;
    }
    return enterprise_investor_add(c->state, &added);
}

void context_add_profile(struct context *c, const struct profile *profile)
{
    struct profile *added = enterprise_profile_add(c->state, profile);

    added->number = c->args->number;
    added->business_on = c->business_on;
    added->later_count = 0;
}

void context_add_basis(struct context *c, const struct lending_basis *basis)
{
    struct lending_basis *added = enterprise_basis_add(c->state, basis);

    added->number = c->args->number;
    added->business_on = c->business_on;
    added->later_count = 0;
}
