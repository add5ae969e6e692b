/* model_inside.h - what the parts of the model share.
 *
 * Amounts are minor units; weights and numbers of parameters are times 10^10.  A trial is one
 * attempt to decide one filing; nothing of the model changes before it is accepted. */
#ifndef TESTS_PROPERTY_MODEL_INSIDE_H
#define TESTS_PROPERTY_MODEL_INSIDE_H

#include "form/date.h"
#include "form/decision.h"
#include "form/iso.h"
#include "form/reason.h"
#include "model.h"

/* Wide enough for an amount times two rates: sums are exact before they are rounded once. */
__extension__ typedef __int128 wide;

#define E10 ((wide)10000000000LL)

enum {
    WHYS_MAX = 64,
    LINES_MAX = 24,
    ROWS_MAX = 32,
    SHEETS_MAX = 8,
    LACKS_MAX = 16,
    NAMES_MAX = 4
};

/* One reason. */
struct why {
    int code;
    char field[96];
    char limit[LIMIT_ID_SIZE];
    bool has_amounts;
    int32_t currency;
    wide free;
    wide asked;
};

/* A change of one limit. */
struct line {
    char id[LIMIT_ID_SIZE];
    int32_t currency;
    struct amounts change;
    struct amounts after;
};

/* A rate that was not there. */
struct lack {
    int32_t currency;
    int32_t on;
};

/* Something that a filing names, or one of the two common matters of held filings. */
enum matter {
    MATTER_NONE,
    MATTER_REGISTRATION,
    MATTER_APPLICATION,
    MATTER_CONTRACT,
    MATTER_LOAN,
    MATTER_FINANCING,
    MATTER_LENDING
};
struct name {
    enum matter matter;
    struct text number;
};

/* A filing that has an identity, and all that was decided about it. */
struct fact {
    struct filing filing;
    int64_t offset;
    int32_t received_on;
    uint32_t content;
    enum outcome outcome; /* of its last decision */
    uint64_t first_number;
    uint64_t accepted_number; /* 0 = never */
    bool reversed;
    bool approved;
    int waits_for;
    struct lack lacks[LACKS_MAX];
    size_t lacks_n;
    char codes[512]; /* of its last decision, to see whether they change */
    struct line lines[LINES_MAX];
    size_t lines_n;
    char follows[LIMIT_ID_SIZE]; /* the limit that it set to its value of the day (L1); "" = none */
    /* What was fixed when it was accepted. */
    wide unit_minor; /* of a drawdown: in the unit of the limit */
    wide rate;       /* of a contract: of its currency and of the unit at the sign date */
    wide unit_rate;  /* 0 = equal currencies */
    int32_t unit;    /* of a contract: currency of its limit */
    wide weight;     /* of a contract or an extension */
};

struct answer {
    struct model_answer_head head;
    char text[MODEL_ANSWER_SIZE];
};

struct model {
    struct fact **facts; /* in order of arrival */
    size_t facts_n;
    size_t *accepted; /* indexes of facts in order of acceptance */
    size_t accepted_n;
    const struct reference_item **items;
    size_t items_n;
    struct line *journal; /* every posting of every accepted filing, reversals too */
    size_t journal_n;
    size_t *journal_facts;  /* whose posting it is */
    struct text enterprise; /* whose filing is being decided: every question is about it */
    uint64_t number;
    struct answer *answers;
    size_t answers_n;
};

struct trial {
    struct model *m;
    struct fact *fact;
    const struct filing *filing;
    struct why whys[WHYS_MAX];
    size_t whys_n;
    struct lack lacks[LACKS_MAX];
    size_t lacks_n;
    const char *lack_fields[LACKS_MAX];
    const struct parameter *rows[ROWS_MAX];
    size_t rows_n;
    size_t rows_of_standing;
    int32_t sheets[SHEETS_MAX];
    size_t sheets_n;
    size_t sheets_of_standing;
    struct line lines[LINES_MAX];
    size_t lines_n;
    char follows[LIMIT_ID_SIZE];
    uint32_t flags;
    struct money returned;
    bool has_returned;
    bool is_basis_silent; /* reversals list nothing */
    enum outcome outcome;
    size_t original; /* of an accepted reversal: index + 1 */
};

/* ---- reference data (model_lookup.c) ------------------------------------------------------- */

bool same(struct text a, struct text b);
bool same_word(struct text a, const char *b);
/* The row of the newest policy that counts on a date, NULL when there is none. */
const struct parameter *row_of(const struct model *m, const char *id, struct text subject,
                               struct text region, int32_t on);
/* The same, and it goes to the basis. */
const struct parameter *use_row(struct trial *t, const char *id, struct text subject,
                                struct text region);
const struct parameter *use_plain_row(struct trial *t, const char *id, int32_t on);
void list_row_used(struct trial *t, const struct parameter *row);
wide row_e10(const struct parameter *row);
/* Working days after one date up to another. */
int working_days(const struct model *m, int32_t after, int32_t until);
/* CNY for one unit times 10^10; false when it has not come. */
bool rate_of(const struct model *m, int32_t currency, int32_t on, int32_t *ret_sheet, wide *ret);
enum rounds { UP, DOWN };
wide divide(wide a, wide b, enum rounds rounds);
wide power10(int n);
struct exchange {
    int32_t from;
    int32_t to;
    int32_t on;
    const char *field; /* that a missing rate is told at */
};
/* An amount in another currency; false when a rate is missing, which the trial then knows. */
bool exchanged(struct trial *t, wide minor, const struct exchange *x, enum rounds rounds,
               wide *ret);
bool bank_may(const struct model *m, struct text bank, uint32_t role);
const struct list *list_in_force(const struct model *m, enum reference_kind kind);

/* ---- what was filed (model.c) -------------------------------------------------------------- */

/* Grow a heap array for one more; ends the program when there is no memory. */
void *one_more(void *array, size_t n, size_t size);
/* What was filed under this bank and id, NULL when nothing was. */
struct fact *fact_of(const struct model *m, struct text bank, struct text filing_id);
size_t names_of(const struct filing *filing, struct name out[NAMES_MAX]);
/* The accepted, unreversed filing that opened what has this number; NULL when there is none. */
struct fact *opener_of(const struct model *m, struct name name);
bool is_closed(const struct model *m, struct name name);
bool names(const struct filing *filing, struct name name);
/* The i-th accepted filing that still stands, in order of acceptance; NULL past the last. */
struct fact *standing_fact(const struct model *m, size_t *i);
struct amounts balance_of(const struct model *m, const char *id);
int32_t currency_of_limit(const struct model *m, const char *id, int32_t otherwise);
wide free_of(const struct model *m, const char *id);

/* ---- a trial (model.c) --------------------------------------------------------------------- */

void refuse(struct trial *t, int code, const char *field);
struct amount_test {
    const char *field;
    const char *limit;
    int32_t currency;
    wide free;
    wide asked;
};
/* A reason that names a limit and no amounts (216). */
void refuse_limit(struct trial *t, int code, const char *field, const char *limit);
/* 301 or 302 when more is asked than is free. */
void test_amount(struct trial *t, int code, const struct amount_test *test);
void post(struct trial *t, const char *id, int32_t currency, struct amounts change);
/* The object that a filing names, with 203, 204 and 206; NULL when checks on it are left out. */
struct fact *named_object(struct trial *t, struct name name, enum event opens, const char *field);
bool number_is_new(struct trial *t, struct name name, const char *field);
bool standing_over(struct trial *t);
bool rates_over(struct trial *t);
void conclude(struct trial *t);
void limit_id(char out[LIMIT_ID_SIZE], const char *kind, struct text object, struct text part);

/* ---- events -------------------------------------------------------------------------------- */

void try_fdi_registration(struct trial *t);
void try_fdi_inflow(struct trial *t);
void try_fdi_preliminary(struct trial *t);
void try_fdi_preliminary_inflow(struct trial *t);
void try_fdi_preliminary_refund(struct trial *t);
void try_fdi_preliminary_convert(struct trial *t);
void try_fdi_increase(struct trial *t);
void try_fdi_decrease(struct trial *t);
void try_fdi_transfer(struct trial *t);
void try_fdi_settlement(struct trial *t);
void try_fdi_payment(struct trial *t);
void try_fdi_reinvestment(struct trial *t);
void try_fdi_profit_remittance(struct trial *t);
void try_fdi_outward_remittance(struct trial *t);
void try_fdi_liquidation(struct trial *t);
void try_fdi_deregistration(struct trial *t);
void try_profile(struct trial *t);
void try_contract(struct trial *t);
void try_drawdown(struct trial *t);
void try_repayment(struct trial *t);
void try_interest(struct trial *t);
void try_capitalisation(struct trial *t);
void try_extension(struct trial *t);
void try_amendment(struct trial *t);
void try_assignment(struct trial *t);
void try_forgiveness(struct trial *t);
void try_equity_conversion(struct trial *t);
void try_cancellation(struct trial *t);
void try_deregistration(struct trial *t);
void try_preliminary(struct trial *t);
void try_preliminary_remittance(struct trial *t);
void try_preliminary_refund(struct trial *t);
void try_outbound_registration(struct trial *t);
void try_outbound_remittance(struct trial *t);
void try_in_kind(struct trial *t);
void try_change(struct trial *t);
void try_profit_return(struct trial *t);
void try_capital_return(struct trial *t);
void try_completion(struct trial *t);
void try_closure(struct trial *t);
void try_lending_basis(struct trial *t);
void try_loan(struct trial *t);
void try_loan_remittance(struct trial *t);
void try_loan_return(struct trial *t);
void try_loan_extension(struct trial *t);
void try_loan_closure(struct trial *t);
void try_reversal(struct trial *t);
void try_review(struct trial *t);
void try_withdrawal(struct trial *t);

/* L1 with a profile left out (NULL: none): the value of a mode's limit on the business date. */
enum worth { WORTH_KNOWN, WORTH_STAYS, WORTH_NO_PROFILE_AT_ALL, WORTH_PENDING };
enum worth worth_of_mode(struct trial *t, const char *id, const struct fact *without, wide *ret);

/* The same of lending abroad. */
enum worth worth_of_lending(struct trial *t, const struct fact *without, wide *ret);

/* Faults of form. */
void check_form(struct trial *t);

#endif
