/* enterprise.h - what the ledger knows of one enterprise: its objects, limits and held filings.
 *
 * Pure values.  The arrays lie in memory of the caller (their capacities beside them); the core
 * fills and shifts them and never grows them: before a filing is decided the caller makes the room
 * that decide_room() names.
 *
 * Invariants:
 *   N1  objects stand in order of opening (opened_number ascending), profiles and bases by number,
 *       investors by owner and ordinal, limits by owner, kind and part, held filings by arrival;
 *   N2  objects_order lists the indexes of objects by number space and number, so that a look-up
 *       is a binary search and the order of the bytes stays that of opening;
 *   N3  so a state has one encoding, however it came about;
 *   N4  used and reserved of a limit are never negative, and a limit that is there was posted to;
 *   N5  an owner is the opened_number of an object, unlike a number never used twice; 0 is the
 *       enterprise itself.
 *
 * Amounts are minor units of the currency that stands beside them, dates days since 1970-01-01. */
#ifndef CORE_ENTERPRISE_H
#define CORE_ENTERPRISE_H

#include <stdbool.h>
#include <stdint.h>

#include "form/decision.h"
#include "form/filing.h"
#include "form/reason.h"
#include "form/reference.h"

#define ENTERPRISE_CODE_SIZE    18
#define ENTERPRISE_OBJECTS_MAX  4096 /* rulebook S14 */
#define ENTERPRISE_HELD_MAX     256  /* rulebook section 2, Held */
#define ENTERPRISE_INDUSTRY_MAX 5    /* letter and four digits */
#define ENTERPRISE_REGION_SIZE  6
#define HELD_KEYS_MAX           3  /* two numbers (no event names more) and financing or lending */
#define HELD_MISSING_MAX        16 /* rates that one filing can lack */
#define UNDO_OBJECTS_MAX        2  /* no event names more */
#define UNDO_INVESTORS_MAX      2  /* a transfer changes seller and buyer */

/* Values go to the bytes of states: append only. */
enum object_kind {
    OBJECT_NONE = 0,
    OBJECT_FDI_REGISTRATION,
    OBJECT_OUTBOUND_REGISTRATION,
    OBJECT_FDI_APPLICATION,
    OBJECT_OUTBOUND_APPLICATION,
    OBJECT_CONTRACT,
    OBJECT_LOAN
};

/* Where a number is unique (rulebook S3), and the two keys of H1 that are no number. */
enum space {
    SPACE_NONE = 0,
    SPACE_REGISTRATION,
    SPACE_APPLICATION,
    SPACE_CONTRACT,
    SPACE_LOAN,
    SPACE_FINANCING,
    SPACE_LENDING
};

struct fdi_registration_kept {
    int32_t currency; /* of the registered capital and of all limits but excess, settled, profit */
    char industry[ENTERPRISE_INDUSTRY_MAX];
    uint8_t industry_n;
    int64_t registered_minor;      /* as changed by increases and decreases */
    struct money total_investment; /* as registered; CURRENCY_NONE when absent */
    uint32_t investors_n;          /* ordinals given so far: 1 to investors_n */
    uint64_t arrived_number; /* first decision of its filing, which may have been HELD (S13) */
};

struct outbound_registration_kept {
    int32_t target_country;
    struct money total;         /* remittance is in its currency */
    uint64_t application_owner; /* opened_number of the application that it closed, 0 = none */
};

/* Of a financing contract (rulebook section 4, Modes).  unit is the currency of the mode's limit.
 */
struct contract_kept {
    int32_t mode; /* enum mode */
    int32_t currency;
    int32_t unit;
    int64_t undrawn_minor;     /* contract currency */
    int64_t outstanding_minor; /* contract currency */
    int64_t frozen_minor;      /* unit: drawdowns, each at its business date, rounded up */
    int64_t rate_e10;          /* CNY for one of currency at the sign date; 0 if currency is unit */
    int64_t unit_rate_e10;     /* CNY for one of unit at the sign date; 0 if currency is unit */
    struct fraction weight;    /* fixed at the contract and again at each extension (L4) */
    int32_t signed_on;
    int32_t value_on;
    int32_t matures_on;
    bool revolving;
    bool capitalises_interest;
    bool not_counted;
    bool drawn; /* a drawdown or capitalisation was accepted (215, C2) */
};

/* Of an outbound loan; the unit is CNY and the weight 1. */
struct loan_kept {
    int32_t currency;
    int64_t undrawn_minor;
    int64_t outstanding_minor;
    int64_t frozen_minor; /* CNY */
    int64_t rate_e10;     /* of currency at the sign date; 0 if it is CNY */
    int32_t signed_on;
    int32_t matures_on;
};

/* A registration, application, contract or loan. */
struct object {
    enum object_kind kind;
    char number[OBJECT_NUMBER_SIZE]; /* filled up with zeros */
    bool closed;
    uint64_t opened_number; /* decision that opened it */
    int32_t opened_on;
    uint64_t
        moved_number; /* last accepted, unreversed filing that names it; the opening at first */
    int32_t moved_on;
    union { /* applications keep nothing else */
        struct fdi_registration_kept fdi;
        struct outbound_registration_kept outbound;
        struct contract_kept contract;
        struct loan_kept loan;
    } of;
};

/* Of an FDI registration.  Foreign: country is not CHN. */
struct investor {
    uint64_t owner;
    uint32_t ordinal;                  /* part of its inflow limit */
    char investor_no[LIMIT_PART_SIZE]; /* filled up with zeros */
    int32_t country;
    int64_t subscribed_minor;
    int64_t share_bp;
};

/* Which limit: part is the ordinal of an investor (inflow), the year (profit), else 0. */
struct limit_key {
    uint64_t owner; /* opened_number of the object, 0 for the enterprise's own four */
    enum limit_kind kind;
    uint32_t part;
};

struct limit {
    struct limit_key key;
    int32_t currency;
    struct amounts is;
};

/* A financing profile. */
struct profile {
    uint64_t number;      /* decision that accepted it */
    uint64_t later_count; /* financing.* accepted after it and not reversed (R1) */
    int32_t business_on;
    int32_t effective_on;
    int32_t mode;    /* enum mode */
    int32_t subject; /* enum subject */
    char region[ENTERPRISE_REGION_SIZE];
    int32_t established_on;
    struct money net_assets; /* CURRENCY_NONE when absent, as the next three */
    struct money total_investment;
    struct money registered_capital;
    struct money paid_in;
    int64_t foreign_paid_in_bp;
    int32_t certificate_kind; /* enum certificate_kind */
    int32_t certificate_valid_to;
    int32_t trade_class; /* enum trade_class */
    int32_t penalised_on;
};

struct lending_basis {
    uint64_t number;
    uint64_t later_count; /* outbound.lending_basis and outbound.loan* accepted after it (R1) */
    int32_t business_on;
    int64_t equity_minor; /* CNY */
};

/* A rate that was looked for and not there.  The sheet's date follows from the calendar of the day
 * on which it is looked for again. */
struct missing_rate {
    int32_t currency;
    int32_t on; /* the date asked for, before L7 moves it to a working day */
};

struct held_key {
    enum space space;
    char number[OBJECT_NUMBER_SIZE]; /* filled up with zeros; empty for financing and lending */
};

struct held {
    uint64_t arrival_number; /* number of its first HELD decision */
    enum code waits_for;     /* 401, 402 or 403 */
    bool approved;
    uint32_t keys_n;
    struct held_key keys[HELD_KEYS_MAX];
    uint32_t missing_n; /* of a 401 */
    struct missing_rate missing[HELD_MISSING_MAX];
};

/* What happened to a held filing, so that it is decided again. */
enum held_cause {
    HELD_CAUSE_NONE = 0,
    HELD_CAUSE_PASS,     /* a bulletin, or an earlier one left: decide_is_due() said so */
    HELD_CAUSE_APPROVED, /* a review */
    HELD_CAUSE_REFUSED,  /* a review: 221 */
    HELD_CAUSE_WITHDRAWN /* 223 */
};

struct enterprise {
    char code[ENTERPRISE_CODE_SIZE];
    uint64_t number; /* last decision that it reflects, 0 = none */
    struct object *objects;
    uint16_t *objects_order;
    uint32_t objects_n, objects_max;
    struct investor *investors;
    uint32_t investors_n, investors_max;
    struct limit *limits;
    uint32_t limits_n, limits_max;
    struct profile *profiles;
    uint32_t profiles_n, profiles_max;
    struct lending_basis *bases;
    uint32_t bases_n, bases_max;
    struct held *held;
    uint32_t held_n, held_max;
};

/* How many entries of each kind may be added. */
struct room {
    uint32_t objects;
    uint32_t investors;
    uint32_t limits;
    uint32_t profiles;
    uint32_t bases;
    uint32_t held;
};

/* What a reversal needs to undo an accepted filing.  Exact, because nothing that was accepted later
 * names its objects (R1): limits get the opposite changes, objects and investors their images from
 * before. */
struct undo_posting {
    struct limit_key key;
    int32_t currency;
    struct amounts change;
};
struct undo_object {
    bool created;         /* only kind, number, opened_number of before are meant */
    struct object before; /* kind, number and opened_number name it */
};
struct undo_investor {
    bool created;
    struct investor before; /* owner and ordinal name it */
};
struct undo {
    enum event event;
    uint64_t number; /* decision that accepted it */
    int32_t business_on;
    uint32_t objects_n;
    struct undo_object objects[UNDO_OBJECTS_MAX]; /* all that it names: also the keys of H1 */
    uint32_t investors_n;                         /* of a created registration none is listed */
    struct undo_investor investors[UNDO_INVESTORS_MAX];
    uint32_t postings_n;
    struct undo_posting postings[DECISION_POSTINGS_MAX];
};

enum space object_space(enum object_kind kind);

/* The object with this number in a space, NULL when there is none.  Open or closed. */
struct object *enterprise_object(const struct enterprise *e, enum space space, struct text number);
struct object *enterprise_object_opened(const struct enterprise *e, uint64_t opened_number);
/* Add at the end (opened_number is the highest); remove with its investors and limits.  The number
 * must be free, the object known, the room made. */
struct object *enterprise_object_add(struct enterprise *e, const struct object *object);
void enterprise_object_remove(struct enterprise *e, uint64_t opened_number);

/* NULL when there is none. */
struct investor *enterprise_investor(const struct enterprise *e, uint64_t owner, uint32_t ordinal);
struct investor *enterprise_investor_find(const struct enterprise *e, uint64_t owner,
                                          struct text investor_no);
/* The investors of an owner lie side by side: the first, and how many. */
struct investor *enterprise_investors_of(const struct enterprise *e, uint64_t owner,
                                         uint32_t *ret_n);
struct investor *enterprise_investor_add(struct enterprise *e, const struct investor *investor);
void enterprise_investor_remove(struct enterprise *e, uint64_t owner, uint32_t ordinal);

int limit_key_compare(const struct limit_key *a, const struct limit_key *b);
/* NULL when nothing was ever posted to it. */
struct limit *enterprise_limit(const struct enterprise *e, const struct limit_key *key);
struct limit *enterprise_limit_add(struct enterprise *e, const struct limit *limit);
void enterprise_limit_remove(struct enterprise *e, const struct limit_key *key);
/* The limit's id as decisions write it, by object number and investor number. */
void enterprise_limit_id(const struct enterprise *e, const struct limit_key *key,
                         struct limit_id *ret);

/* The profile in force on a date, the basis likewise: the largest date not after on, the later
 * filed of equals (S13, O5); NULL when there is none.  without: as if the one accepted by that
 * decision were not there (0: all are). */
const struct profile *enterprise_profile_on(const struct enterprise *e, int32_t on,
                                            uint64_t without);
const struct lending_basis *enterprise_basis_on(const struct enterprise *e, int32_t on,
                                                uint64_t without);
struct profile *enterprise_profile_add(struct enterprise *e, const struct profile *profile);
struct lending_basis *enterprise_basis_add(struct enterprise *e, const struct lending_basis *basis);
/* By the decision that accepted it; NULL when there is none. */
const struct profile *enterprise_profile(const struct enterprise *e, uint64_t number);
const struct lending_basis *enterprise_basis(const struct enterprise *e, uint64_t number);
void enterprise_profile_remove(struct enterprise *e, uint64_t number);
void enterprise_basis_remove(struct enterprise *e, uint64_t number);

/* The event accepted by decision number is counted, or no longer counted, as later than the
 * profiles and bases before it (R1). */
enum later { LATER_ACCEPTED, LATER_REVERSED };
void enterprise_count_later(struct enterprise *e, enum event event, uint64_t number, enum later by);

struct held *enterprise_held(const struct enterprise *e, uint64_t arrival_number);
/* Does an earlier held filing (arrival below before) have one of the keys? */
bool enterprise_held_behind(const struct enterprise *e, const struct held_key *keys,
                            uint32_t keys_n, uint64_t before);
struct held *enterprise_held_add(struct enterprise *e, const struct held *held);
void enterprise_held_remove(struct enterprise *e, uint64_t arrival_number);

#endif
