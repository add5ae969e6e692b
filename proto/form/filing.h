/* filing.h - one filing, checked for form: what a bank reported, as plain values.
 *
 * Written by form_check() only.  Every struct below has the fields of the event of the same name in
 * rulebook sections 3 to 6, under the same names.  A field that is absent or that failed form has
 * its empty value (a text of length 0, DATE_NONE, a choice of 0, a currency of CURRENCY_NONE,
 * has_x false); a filing with a failure never reaches the later stages.
 *
 * Texts are borrowed from the document that was checked and live as long as it does.  Dates are
 * days since 1970-01-01 (form/date.h), countries and currencies are indexes of form/iso.h. */
#ifndef FORM_FILING_H
#define FORM_FILING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CURRENCY_NONE (-1)
#define COUNTRY_NONE  (-1)

struct text {
    const char *at; /* not ended by NUL */
    uint32_t n;     /* bytes; 0 = absent */
};

/* An amount in minor units of a currency. */
struct money {
    int64_t minor;    /* at most MONEY_MINOR_MAX */
    int32_t currency; /* index of form/iso.h, CURRENCY_NONE = absent */
};

/* The order of the events is that of the rulebook and goes to the bytes of decisions: append only.
 */
enum event {
    EVENT_NONE = 0, /* not one of the rulebook's */
#define EVENT(NAME, member, name) EVENT_##NAME,
#include "form/events.def"
#undef EVENT
    EVENT_BULLETIN, /* the record is a bulletin, not a filing */
    EVENT_N
};

/* Choices: 0 = absent, then the words in the rulebook's order. */
enum setup { SETUP_NONE, SETUP_NEW, SETUP_ACQUISITION };
enum mode { MODE_NONE, MODE_MACROPRUDENTIAL, MODE_GAP, MODE_FACILITATION };
enum subject {
    SUBJECT_NONE,
    SUBJECT_GENERAL,
    SUBJECT_REAL_ESTATE,
    SUBJECT_GOVERNMENT_VEHICLE,
    SUBJECT_HOLDING,
    SUBJECT_FINANCIAL
};
enum certificate_kind {
    CERTIFICATE_NONE,
    CERTIFICATE_HIGH_TECH,
    CERTIFICATE_SPECIALISED_NEW,
    CERTIFICATE_TECH_SME,
    CERTIFICATE_INNOVATION_POINTS
};
enum trade_class { TRADE_CLASS_NONE, TRADE_CLASS_A, TRADE_CLASS_B, TRADE_CLASS_C };
enum creditor_kind {
    CREDITOR_NONE,
    CREDITOR_BANK,
    CREDITOR_PARENT,
    CREDITOR_AFFILIATE,
    CREDITOR_FINANCIAL,
    CREDITOR_CORPORATE,
    CREDITOR_MARKET
};
enum ndrc_kind { NDRC_NONE, NDRC_FILING, NDRC_APPROVAL };
enum ndrc_level { NDRC_LEVEL_NONE, NDRC_LEVEL_NATIONAL, NDRC_LEVEL_PROVINCIAL };
enum route { ROUTE_NONE, ROUTE_DIRECT, ROUTE_CONTROLLED };
enum closure_kind { CLOSURE_NONE, CLOSURE_CANCELLED, CLOSURE_LIQUIDATED, CLOSURE_TRANSFERRED };
enum relation {
    RELATION_NONE,
    RELATION_SUBSIDIARY,
    RELATION_ASSOCIATE,
    RELATION_PARENT,
    RELATION_SISTER
};
enum verdict { VERDICT_NONE, VERDICT_APPROVE, VERDICT_REFUSE };

struct party {
    struct text name;
    int32_t country;
};

struct fdi_investor {
    struct text investor_no;
    struct text name;
    int32_t country;
    struct money subscribed;
    struct money cash;
    int64_t share_bp;
    int32_t due_on;
};

struct fdi_new_investor {
    struct text name;
    int32_t country;
    int64_t share_bp;
    bool has_share_bp;
};

struct fdi_buyer {
    struct text investor_no;
    struct text name;
    int32_t country;
};

struct certificate {
    int32_t kind; /* enum certificate_kind */
    struct text number;
    int32_t valid_to;
};

struct creditor {
    struct text name;
    int32_t country;
    int32_t kind; /* enum creditor_kind */
    struct text bic;
    struct text lei;
};

struct ndrc_certificate {
    int32_t kind;  /* enum ndrc_kind */
    int32_t level; /* enum ndrc_level */
    struct text number;
    int32_t issued_on;
    int32_t valid_to;
};

struct mofcom_certificate {
    struct text number;
    int32_t issued_on;
    int32_t valid_to;
};

struct payee {
    struct text name;
    int32_t country;
    struct text bic;
};

/* fdi.preliminary */
struct fdi_preliminary {
    struct text application_no;
    struct party investor;
    struct money money;
    struct text purpose;
};

/* fdi.preliminary_inflow */
struct fdi_preliminary_inflow {
    struct text application_no;
    struct money money;
};

/* fdi.preliminary_refund */
struct fdi_preliminary_refund {
    struct text application_no;
    struct money money;
};

/* fdi.registration */
struct fdi_registration {
    struct text registration_no;
    int32_t setup; /* enum setup */
    struct text region;
    struct text industry;
    int32_t established_on;
    struct money registered_capital;
    struct money total_investment;
    const struct fdi_investor *investors;
    uint32_t investors_n;
    struct text evidence_no;
};

/* fdi.inflow */
struct fdi_inflow {
    struct text registration_no;
    struct text investor_no;
    struct money money;
    struct text account;
    int32_t remitter_country;
};

/* fdi.preliminary_convert */
struct fdi_preliminary_convert {
    struct text application_no;
    struct text registration_no;
    struct text investor_no;
    struct money money;
};

/* fdi.increase */
struct fdi_increase {
    struct text registration_no;
    struct text investor_no;
    struct money subscribed;
    struct money cash;
    struct text evidence_no;
    struct fdi_new_investor investor;
    bool has_investor;
};

/* fdi.decrease */
struct fdi_decrease {
    struct text registration_no;
    struct text investor_no;
    struct money money;
    int32_t resolution_on;
    int32_t notified_on;
    int32_t published_on;
    bool covers_losses;
};

/* fdi.transfer */
struct fdi_transfer {
    struct text registration_no;
    struct text seller_no;
    struct fdi_buyer buyer;
    bool has_buyer;
    int64_t share_bp;
    struct money price;
    struct text tax_evidence_no;
};

/* fdi.settlement */
struct fdi_settlement {
    struct text registration_no;
    struct money money;
    struct money cny;
};

/* fdi.payment */
struct fdi_payment {
    struct text registration_no;
    struct money cny;
    struct text use_code;
    struct text payee;
};

/* fdi.reinvestment */
struct fdi_reinvestment {
    struct text registration_no;
    struct text target_enterprise;
    struct text target_industry;
    struct money money;
};

/* fdi.profit_remittance */
struct fdi_profit_remittance {
    struct text registration_no;
    int64_t fiscal_year;
    struct money distributable;
    int32_t resolution_on;
    struct money money;
    struct text tax_form_no;
};

/* fdi.outward_remittance */
struct fdi_outward_remittance {
    struct text registration_no;
    struct money money;
    struct text basis_filing_id;
};

/* fdi.liquidation */
struct fdi_liquidation {
    struct text registration_no;
    struct money distribution;
    struct text tax_clearance_no;
};

/* fdi.deregistration */
struct fdi_deregistration {
    struct text registration_no;
    bool waive_outflow;
};

/* financing.profile */
struct financing_profile {
    int32_t mode; /* enum mode */
    int32_t effective_on;
    struct text region;
    int32_t subject; /* enum subject */
    int32_t established_on;
    struct money net_assets;
    int32_t audited_on;
    struct text audit_no;
    struct money total_investment;
    struct money registered_capital;
    struct money paid_in;
    int64_t foreign_paid_in_bp;
    bool has_foreign_paid_in_bp;
    struct certificate certificate;
    bool has_certificate;
    int32_t trade_class; /* enum trade_class */
    int32_t penalised_on;
};

/* financing.contract */
struct financing_contract {
    struct text contract_no;
    int32_t mode; /* enum mode */
    struct creditor creditor;
    struct money money;
    int32_t signed_on;
    int32_t value_on;
    int32_t matures_on;
    int64_t annual_rate_bp;
    bool revolving;
    bool capitalises_interest;
    struct text ndrc_certificate_no;
    bool not_counted;
    struct text purpose;
};

/* financing.drawdown */
struct financing_drawdown {
    struct text contract_no;
    struct money money;
    int32_t value_on;
};

/* financing.repayment */
struct financing_repayment {
    struct text contract_no;
    struct money money;
};

/* financing.interest */
struct financing_interest {
    struct text contract_no;
    struct money money;
    int32_t period_from;
    int32_t period_to;
};

/* financing.capitalisation */
struct financing_capitalisation {
    struct text contract_no;
    struct money money;
};

/* financing.extension */
struct financing_extension {
    struct text contract_no;
    int32_t matures_on;
    int32_t agreed_on;
};

/* financing.amendment */
struct financing_amendment {
    struct text contract_no;
    struct money money;
    int32_t agreed_on;
};

/* financing.assignment */
struct financing_assignment {
    struct text contract_no;
    struct creditor creditor;
    int32_t agreed_on;
};

/* financing.forgiveness */
struct financing_forgiveness {
    struct text contract_no;
    struct money money;
    struct text evidence_no;
};

/* financing.equity_conversion */
struct financing_equity_conversion {
    struct text contract_no;
    struct money money;
    struct text evidence_no;
    struct text registration_no;
    struct text investor_no;
};

/* financing.cancellation */
struct financing_cancellation {
    struct text contract_no;
};

/* financing.deregistration */
struct financing_deregistration {
    struct text contract_no;
};

/* outbound.preliminary */
struct outbound_preliminary {
    struct text application_no;
    struct money planned_total;
    struct money money;
    struct text purpose;
};

/* outbound.preliminary_remittance */
struct outbound_preliminary_remittance {
    struct text application_no;
    struct money money;
    struct text payee;
};

/* outbound.preliminary_refund */
struct outbound_preliminary_refund {
    struct text application_no;
    struct money money;
};

/* outbound.registration */
struct outbound_registration {
    struct text registration_no;
    struct text application_no;
    int32_t route; /* enum route */
    struct party target;
    struct text industry;
    bool sensitive;
    bool central_enterprise;
    struct money total;
    struct money cash;
    struct ndrc_certificate ndrc;
    struct mofcom_certificate mofcom;
};

/* outbound.remittance */
struct outbound_remittance {
    struct text registration_no;
    struct money money;
    struct payee payee;
    struct text declaration_no;
    struct text explained;
};

/* outbound.in_kind */
struct outbound_in_kind {
    struct text registration_no;
    struct money money;
    struct text customs_no;
};

/* outbound.change */
struct outbound_change {
    struct text registration_no;
    struct money cash_delta;
    struct ndrc_certificate ndrc;
    bool has_ndrc;
    struct mofcom_certificate mofcom;
    bool has_mofcom;
};

/* outbound.profit_return */
struct outbound_profit_return {
    struct text registration_no;
    struct money money;
    struct text evidence_no;
    struct text kind;
};

/* outbound.capital_return */
struct outbound_capital_return {
    struct text registration_no;
    struct money money;
    struct text evidence_no;
    struct text kind;
};

/* outbound.completion */
struct outbound_completion {
    struct text registration_no;
    int32_t completed_on;
};

/* outbound.closure */
struct outbound_closure {
    struct text registration_no;
    int32_t kind; /* enum closure_kind */
    struct text evidence_no;
};

/* outbound.lending_basis */
struct outbound_lending_basis {
    struct money equity;
    int32_t audited_on;
    struct text audit_no;
    int32_t established_on;
};

/* outbound.loan */
struct outbound_loan {
    struct text loan_no;
    struct party borrower;
    int32_t relation; /* enum relation */
    struct money money;
    int32_t signed_on;
    int32_t matures_on;
};

/* outbound.loan_remittance */
struct outbound_loan_remittance {
    struct text loan_no;
    struct money money;
};

/* outbound.loan_return */
struct outbound_loan_return {
    struct text loan_no;
    struct money money;
};

/* outbound.loan_extension */
struct outbound_loan_extension {
    struct text loan_no;
    int32_t matures_on;
};

/* outbound.loan_closure */
struct outbound_loan_closure {
    struct text loan_no;
};

/* reversal */
struct reversal {
    struct text reverses;
    struct text reason;
};

/* review */
struct review {
    struct text reviews;
    struct text reviewed_bank;
    int32_t verdict; /* enum verdict */
    struct text officer;
    struct text reason;
};

/* withdrawal */
struct withdrawal {
    struct text withdraws;
    struct text reason;
};

union details {
    struct fdi_preliminary fdi_preliminary;
    struct fdi_preliminary_inflow fdi_preliminary_inflow;
    struct fdi_preliminary_refund fdi_preliminary_refund;
    struct fdi_registration fdi_registration;
    struct fdi_inflow fdi_inflow;
    struct fdi_preliminary_convert fdi_preliminary_convert;
    struct fdi_increase fdi_increase;
    struct fdi_decrease fdi_decrease;
    struct fdi_transfer fdi_transfer;
    struct fdi_settlement fdi_settlement;
    struct fdi_payment fdi_payment;
    struct fdi_reinvestment fdi_reinvestment;
    struct fdi_profit_remittance fdi_profit_remittance;
    struct fdi_outward_remittance fdi_outward_remittance;
    struct fdi_liquidation fdi_liquidation;
    struct fdi_deregistration fdi_deregistration;
    struct financing_profile financing_profile;
    struct financing_contract financing_contract;
    struct financing_drawdown financing_drawdown;
    struct financing_repayment financing_repayment;
    struct financing_interest financing_interest;
    struct financing_capitalisation financing_capitalisation;
    struct financing_extension financing_extension;
    struct financing_amendment financing_amendment;
    struct financing_assignment financing_assignment;
    struct financing_forgiveness financing_forgiveness;
    struct financing_equity_conversion financing_equity_conversion;
    struct financing_cancellation financing_cancellation;
    struct financing_deregistration financing_deregistration;
    struct outbound_preliminary outbound_preliminary;
    struct outbound_preliminary_remittance outbound_preliminary_remittance;
    struct outbound_preliminary_refund outbound_preliminary_refund;
    struct outbound_registration outbound_registration;
    struct outbound_remittance outbound_remittance;
    struct outbound_in_kind outbound_in_kind;
    struct outbound_change outbound_change;
    struct outbound_profit_return outbound_profit_return;
    struct outbound_capital_return outbound_capital_return;
    struct outbound_completion outbound_completion;
    struct outbound_closure outbound_closure;
    struct outbound_lending_basis outbound_lending_basis;
    struct outbound_loan outbound_loan;
    struct outbound_loan_remittance outbound_loan_remittance;
    struct outbound_loan_return outbound_loan_return;
    struct outbound_loan_extension outbound_loan_extension;
    struct outbound_loan_closure outbound_loan_closure;
    struct reversal reversal;
    struct review review;
    struct withdrawal withdrawal;
};

struct filing {
    struct text filing_id;
    struct text bank;
    struct text enterprise;
    struct text maker;
    struct text checker;
    struct text note;
    int64_t sequence; /* 0 = absent */
    enum event event;
    int32_t business_on;
    union details details; /* the member of the event */
};

/* "fdi.inflow"; "bulletin" for EVENT_BULLETIN, "" for EVENT_NONE. */
const char *event_name(enum event event);

/* EVENT_NONE when the text is no event of the rulebook ("bulletin" is none). */
enum event event_find(const char *s, size_t n);

#endif
