#include "form/form_fields.h"

#include <assert.h>

#include "form/form.h"
#include "form/form_offset.h"

#define NAMED(text) .name = (text), .name_n = sizeof(text) - 1

#define PLAIN(type, member, want, kind_, flags_)                                                   \
    {                                                                                              \
        NAMED(#member), .kind = (kind_), .flags = (flags_), .at = FORM_OFFSET(type, member, want)  \
    }
#define TEXT_UP_TO(type, member, flags_, max_)                                                     \
    {                                                                                              \
        NAMED(#member), .kind = FIELD_TEXT, .flags = (flags_), .max = (max_),                      \
                        .at = FORM_OFFSET(type, member, struct text)                               \
    }
#define TEXT(type, member, flags_)          TEXT_UP_TO(type, member, flags_, 128)
#define STRING(type, member, kind_, flags_) PLAIN(type, member, struct text, kind_, flags_)
#define DATE(type, member, flags_)          PLAIN(type, member, int32_t, FIELD_DATE, flags_)
#define COUNTRY(type, member)               PLAIN(type, member, int32_t, FIELD_COUNTRY, FIELD_REQUIRED)
#define BOOLEAN(type, member)               PLAIN(type, member, bool, FIELD_BOOLEAN, FIELD_REQUIRED)
#define MONEY(type, member, flags_)         PLAIN(type, member, struct money, FIELD_MONEY, flags_)
#define CHOICE(type, member, flags_, words_)                                                       \
    {                                                                                              \
        NAMED(#member), .kind = FIELD_CHOICE, .flags = (flags_), .words = (words_),                \
                        .at = FORM_OFFSET(type, member, int32_t)                                   \
    }
#define INTEGER(type, member, min_, max_)                                                          \
    {                                                                                              \
        NAMED(#member), .kind = FIELD_INTEGER, .flags = FIELD_REQUIRED, .min = (min_),             \
                        .max = (max_), .at = FORM_OFFSET(type, member, int64_t)                    \
    }
#define INTEGER_OPTIONAL(type, member, min_, max_)                                                 \
    {                                                                                              \
        NAMED(#member), .kind = FIELD_INTEGER, .min = (min_), .max = (max_),                       \
                        .at = FORM_OFFSET(type, member, int64_t),                                  \
                        .companion = FORM_OFFSET(type, has_##member, bool)                         \
    }
#define OBJECT(type, member, inner)                                                                \
    {                                                                                              \
        NAMED(#member), .kind = FIELD_OBJECT, .flags = FIELD_REQUIRED, .record = &record_##inner,  \
                        .at = FORM_OFFSET(type, member, struct inner)                              \
    }
#define OBJECT_OPTIONAL(type, member, inner)                                                       \
    {                                                                                              \
        NAMED(#member), .kind = FIELD_OBJECT, .record = &record_##inner,                           \
                        .at = FORM_OFFSET(type, member, struct inner),                             \
                        .companion = FORM_OFFSET(type, has_##member, bool)                         \
    }
#define LIST(type, member, inner, max_)                                                            \
    {                                                                                              \
        NAMED(#member), .kind = FIELD_LIST, .flags = FIELD_REQUIRED, .record = &record_##inner,    \
                        .max = (max_), .at = FORM_OFFSET(type, member, const struct inner *),      \
                        .companion = FORM_OFFSET(type, member##_n, uint32_t)                       \
    }

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))
#define RECORD(type)                                                                               \
    _Static_assert(COUNT(fields_##type) <= RECORD_FIELDS_MAX,                                      \
                   "a record has more fields than bits");                                          \
    static const struct record record_##type = {fields_##type, COUNT(fields_##type),               \
                                                sizeof(struct type)}

static const struct field fields_party[] = {
    TEXT(party, name, FIELD_REQUIRED),
    COUNTRY(party, country),
};
RECORD(party);

static const struct field fields_fdi_investor[] = {
    STRING(fdi_investor, investor_no, FIELD_TOKEN, FIELD_REQUIRED),
    TEXT(fdi_investor, name, FIELD_REQUIRED),
    COUNTRY(fdi_investor, country),
    MONEY(fdi_investor, subscribed, FIELD_REQUIRED),
    MONEY(fdi_investor, cash, FIELD_REQUIRED | FIELD_ZERO),
    INTEGER(fdi_investor, share_bp, 1, 10000),
    DATE(fdi_investor, due_on, FIELD_REQUIRED),
};
RECORD(fdi_investor);

static const struct field fields_fdi_new_investor[] = {
    TEXT(fdi_new_investor, name, FIELD_REQUIRED),
    COUNTRY(fdi_new_investor, country),
    INTEGER_OPTIONAL(fdi_new_investor, share_bp, 1, 10000),
};
RECORD(fdi_new_investor);

static const struct field fields_fdi_buyer[] = {
    STRING(fdi_buyer, investor_no, FIELD_TOKEN, FIELD_REQUIRED),
    TEXT(fdi_buyer, name, FIELD_REQUIRED),
    COUNTRY(fdi_buyer, country),
};
RECORD(fdi_buyer);

static const struct field fields_certificate[] = {
    CHOICE(certificate, kind, FIELD_REQUIRED,
           "HIGH_TECH|SPECIALISED_NEW|TECH_SME|INNOVATION_POINTS"),
    TEXT(certificate, number, FIELD_REQUIRED),
    DATE(certificate, valid_to, FIELD_REQUIRED),
};
RECORD(certificate);

static const struct field fields_creditor[] = {
    TEXT(creditor, name, FIELD_REQUIRED),
    COUNTRY(creditor, country),
    CHOICE(creditor, kind, FIELD_REQUIRED, "BANK|PARENT|AFFILIATE|FINANCIAL|CORPORATE|MARKET"),
    STRING(creditor, bic, FIELD_BIC, 0),
    STRING(creditor, lei, FIELD_LEI, 0),
};
RECORD(creditor);

static const struct field fields_ndrc_certificate[] = {
    CHOICE(ndrc_certificate, kind, FIELD_REQUIRED, "FILING|APPROVAL"),
    CHOICE(ndrc_certificate, level, FIELD_REQUIRED, "NATIONAL|PROVINCIAL"),
    TEXT(ndrc_certificate, number, FIELD_REQUIRED),
    DATE(ndrc_certificate, issued_on, FIELD_REQUIRED),
    DATE(ndrc_certificate, valid_to, FIELD_REQUIRED),
};
RECORD(ndrc_certificate);

static const struct field fields_mofcom_certificate[] = {
    TEXT(mofcom_certificate, number, FIELD_REQUIRED),
    DATE(mofcom_certificate, issued_on, FIELD_REQUIRED),
    DATE(mofcom_certificate, valid_to, FIELD_REQUIRED),
};
RECORD(mofcom_certificate);

static const struct field fields_payee[] = {
    TEXT(payee, name, FIELD_REQUIRED),
    COUNTRY(payee, country),
    STRING(payee, bic, FIELD_BIC, 0),
};
RECORD(payee);

/* fdi.preliminary */
static const struct field fields_fdi_preliminary[] = {
    STRING(fdi_preliminary, application_no, FIELD_NUMBER, FIELD_REQUIRED),
    OBJECT(fdi_preliminary, investor, party),
    MONEY(fdi_preliminary, money, FIELD_REQUIRED),
    TEXT(fdi_preliminary, purpose, FIELD_REQUIRED),
};
RECORD(fdi_preliminary);

/* fdi.preliminary_inflow */
static const struct field fields_fdi_preliminary_inflow[] = {
    STRING(fdi_preliminary_inflow, application_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(fdi_preliminary_inflow, money, FIELD_REQUIRED),
};
RECORD(fdi_preliminary_inflow);

/* fdi.preliminary_refund */
static const struct field fields_fdi_preliminary_refund[] = {
    STRING(fdi_preliminary_refund, application_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(fdi_preliminary_refund, money, FIELD_REQUIRED),
};
RECORD(fdi_preliminary_refund);

/* fdi.registration */
static const struct field fields_fdi_registration[] = {
    STRING(fdi_registration, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    CHOICE(fdi_registration, setup, FIELD_REQUIRED, "NEW|ACQUISITION"),
    STRING(fdi_registration, region, FIELD_REGION, FIELD_REQUIRED),
    STRING(fdi_registration, industry, FIELD_INDUSTRY, FIELD_REQUIRED),
    DATE(fdi_registration, established_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
    MONEY(fdi_registration, registered_capital, FIELD_REQUIRED),
    MONEY(fdi_registration, total_investment, 0),
    LIST(fdi_registration, investors, fdi_investor, FORM_INVESTORS_MAX),
    TEXT(fdi_registration, evidence_no, 0),
};
RECORD(fdi_registration);

/* fdi.inflow */
static const struct field fields_fdi_inflow[] = {
    STRING(fdi_inflow, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    STRING(fdi_inflow, investor_no, FIELD_TOKEN, FIELD_REQUIRED),
    MONEY(fdi_inflow, money, FIELD_REQUIRED),
    TEXT(fdi_inflow, account, FIELD_REQUIRED),
    COUNTRY(fdi_inflow, remitter_country),
};
RECORD(fdi_inflow);

/* fdi.preliminary_convert */
static const struct field fields_fdi_preliminary_convert[] = {
    STRING(fdi_preliminary_convert, application_no, FIELD_NUMBER, FIELD_REQUIRED),
    STRING(fdi_preliminary_convert, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    STRING(fdi_preliminary_convert, investor_no, FIELD_TOKEN, FIELD_REQUIRED),
    MONEY(fdi_preliminary_convert, money, FIELD_REQUIRED),
};
RECORD(fdi_preliminary_convert);

/* fdi.increase */
static const struct field fields_fdi_increase[] = {
    STRING(fdi_increase, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    STRING(fdi_increase, investor_no, FIELD_TOKEN, FIELD_REQUIRED),
    MONEY(fdi_increase, subscribed, FIELD_REQUIRED),
    MONEY(fdi_increase, cash, FIELD_REQUIRED | FIELD_ZERO),
    TEXT(fdi_increase, evidence_no, 0),
    OBJECT_OPTIONAL(fdi_increase, investor, fdi_new_investor),
};
RECORD(fdi_increase);

/* fdi.decrease */
static const struct field fields_fdi_decrease[] = {
    STRING(fdi_decrease, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    STRING(fdi_decrease, investor_no, FIELD_TOKEN, FIELD_REQUIRED),
    MONEY(fdi_decrease, money, FIELD_REQUIRED),
    DATE(fdi_decrease, resolution_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
    DATE(fdi_decrease, notified_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
    DATE(fdi_decrease, published_on, FIELD_REQUIRED),
    BOOLEAN(fdi_decrease, covers_losses),
};
RECORD(fdi_decrease);

/* fdi.transfer */
static const struct field fields_fdi_transfer[] = {
    STRING(fdi_transfer, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    STRING(fdi_transfer, seller_no, FIELD_TOKEN, 0),
    OBJECT_OPTIONAL(fdi_transfer, buyer, fdi_buyer),
    INTEGER(fdi_transfer, share_bp, 1, 10000),
    MONEY(fdi_transfer, price, FIELD_REQUIRED),
    TEXT(fdi_transfer, tax_evidence_no, 0),
};
RECORD(fdi_transfer);

/* fdi.settlement */
static const struct field fields_fdi_settlement[] = {
    STRING(fdi_settlement, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(fdi_settlement, money, FIELD_REQUIRED),
    MONEY(fdi_settlement, cny, FIELD_REQUIRED | FIELD_CNY),
};
RECORD(fdi_settlement);

/* fdi.payment */
static const struct field fields_fdi_payment[] = {
    STRING(fdi_payment, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(fdi_payment, cny, FIELD_REQUIRED | FIELD_CNY),
    STRING(fdi_payment, use_code, FIELD_TOKEN, FIELD_REQUIRED),
    TEXT(fdi_payment, payee, FIELD_REQUIRED),
};
RECORD(fdi_payment);

/* fdi.reinvestment */
static const struct field fields_fdi_reinvestment[] = {
    STRING(fdi_reinvestment, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    STRING(fdi_reinvestment, target_enterprise, FIELD_USCC, FIELD_REQUIRED),
    STRING(fdi_reinvestment, target_industry, FIELD_INDUSTRY, FIELD_REQUIRED),
    MONEY(fdi_reinvestment, money, FIELD_REQUIRED),
};
RECORD(fdi_reinvestment);

/* fdi.profit_remittance */
static const struct field fields_fdi_profit_remittance[] = {
    STRING(fdi_profit_remittance, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    INTEGER(fdi_profit_remittance, fiscal_year, 1000, 9999),
    MONEY(fdi_profit_remittance, distributable, FIELD_REQUIRED),
    DATE(fdi_profit_remittance, resolution_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
    MONEY(fdi_profit_remittance, money, FIELD_REQUIRED),
    TEXT(fdi_profit_remittance, tax_form_no, 0),
};
RECORD(fdi_profit_remittance);

/* fdi.outward_remittance */
static const struct field fields_fdi_outward_remittance[] = {
    STRING(fdi_outward_remittance, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(fdi_outward_remittance, money, FIELD_REQUIRED),
    STRING(fdi_outward_remittance, basis_filing_id, FIELD_UUID, FIELD_REQUIRED),
};
RECORD(fdi_outward_remittance);

/* fdi.liquidation */
static const struct field fields_fdi_liquidation[] = {
    STRING(fdi_liquidation, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(fdi_liquidation, distribution, FIELD_REQUIRED),
    TEXT(fdi_liquidation, tax_clearance_no, 0),
};
RECORD(fdi_liquidation);

/* fdi.deregistration */
static const struct field fields_fdi_deregistration[] = {
    STRING(fdi_deregistration, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    BOOLEAN(fdi_deregistration, waive_outflow),
};
RECORD(fdi_deregistration);

/* financing.profile */
static const struct field fields_financing_profile[] = {
    CHOICE(financing_profile, mode, FIELD_REQUIRED, "MACROPRUDENTIAL|GAP|FACILITATION"),
    DATE(financing_profile, effective_on, FIELD_REQUIRED),
    STRING(financing_profile, region, FIELD_REGION, FIELD_REQUIRED),
    CHOICE(financing_profile, subject, FIELD_REQUIRED,
           "GENERAL|REAL_ESTATE|GOVERNMENT_VEHICLE|HOLDING|FINANCIAL"),
    DATE(financing_profile, established_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
    MONEY(financing_profile, net_assets, FIELD_CNY),
    DATE(financing_profile, audited_on, FIELD_NOT_AFTER),
    TEXT(financing_profile, audit_no, 0),
    MONEY(financing_profile, total_investment, 0),
    MONEY(financing_profile, registered_capital, 0),
    MONEY(financing_profile, paid_in, FIELD_ZERO),
    INTEGER_OPTIONAL(financing_profile, foreign_paid_in_bp, 0, 10000),
    OBJECT_OPTIONAL(financing_profile, certificate, certificate),
    CHOICE(financing_profile, trade_class, 0, "A|B|C"),
    DATE(financing_profile, penalised_on, FIELD_NOT_AFTER),
};
RECORD(financing_profile);

/* financing.contract */
static const struct field fields_financing_contract[] = {
    STRING(financing_contract, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
    CHOICE(financing_contract, mode, FIELD_REQUIRED, "MACROPRUDENTIAL|GAP|FACILITATION"),
    OBJECT(financing_contract, creditor, creditor),
    MONEY(financing_contract, money, FIELD_REQUIRED),
    DATE(financing_contract, signed_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
    DATE(financing_contract, value_on, FIELD_REQUIRED),
    DATE(financing_contract, matures_on, FIELD_REQUIRED),
    INTEGER(financing_contract, annual_rate_bp, 0, 1000000),
    BOOLEAN(financing_contract, revolving),
    BOOLEAN(financing_contract, capitalises_interest),
    TEXT(financing_contract, ndrc_certificate_no, 0),
    BOOLEAN(financing_contract, not_counted),
    TEXT(financing_contract, purpose, FIELD_REQUIRED),
};
RECORD(financing_contract);

/* financing.drawdown */
static const struct field fields_financing_drawdown[] = {
    STRING(financing_drawdown, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(financing_drawdown, money, FIELD_REQUIRED),
    DATE(financing_drawdown, value_on, FIELD_REQUIRED),
};
RECORD(financing_drawdown);

/* financing.repayment */
static const struct field fields_financing_repayment[] = {
    STRING(financing_repayment, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(financing_repayment, money, FIELD_REQUIRED),
};
RECORD(financing_repayment);

/* financing.interest */
static const struct field fields_financing_interest[] = {
    STRING(financing_interest, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(financing_interest, money, FIELD_REQUIRED),
    DATE(financing_interest, period_from, FIELD_REQUIRED),
    DATE(financing_interest, period_to, FIELD_REQUIRED),
};
RECORD(financing_interest);

/* financing.capitalisation */
static const struct field fields_financing_capitalisation[] = {
    STRING(financing_capitalisation, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(financing_capitalisation, money, FIELD_REQUIRED),
};
RECORD(financing_capitalisation);

/* financing.extension */
static const struct field fields_financing_extension[] = {
    STRING(financing_extension, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
    DATE(financing_extension, matures_on, FIELD_REQUIRED),
    DATE(financing_extension, agreed_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
};
RECORD(financing_extension);

/* financing.amendment */
static const struct field fields_financing_amendment[] = {
    STRING(financing_amendment, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(financing_amendment, money, FIELD_REQUIRED),
    DATE(financing_amendment, agreed_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
};
RECORD(financing_amendment);

/* financing.assignment */
static const struct field fields_financing_assignment[] = {
    STRING(financing_assignment, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
    OBJECT(financing_assignment, creditor, creditor),
    DATE(financing_assignment, agreed_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
};
RECORD(financing_assignment);

/* financing.forgiveness */
static const struct field fields_financing_forgiveness[] = {
    STRING(financing_forgiveness, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(financing_forgiveness, money, FIELD_REQUIRED),
    TEXT(financing_forgiveness, evidence_no, 0),
};
RECORD(financing_forgiveness);

/* financing.equity_conversion */
static const struct field fields_financing_equity_conversion[] = {
    STRING(financing_equity_conversion, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(financing_equity_conversion, money, FIELD_REQUIRED),
    TEXT(financing_equity_conversion, evidence_no, 0),
    STRING(financing_equity_conversion, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    STRING(financing_equity_conversion, investor_no, FIELD_TOKEN, FIELD_REQUIRED),
};
RECORD(financing_equity_conversion);

/* financing.cancellation */
static const struct field fields_financing_cancellation[] = {
    STRING(financing_cancellation, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
};
RECORD(financing_cancellation);

/* financing.deregistration */
static const struct field fields_financing_deregistration[] = {
    STRING(financing_deregistration, contract_no, FIELD_NUMBER, FIELD_REQUIRED),
};
RECORD(financing_deregistration);

/* outbound.preliminary */
static const struct field fields_outbound_preliminary[] = {
    STRING(outbound_preliminary, application_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(outbound_preliminary, planned_total, FIELD_REQUIRED),
    MONEY(outbound_preliminary, money, FIELD_REQUIRED),
    TEXT(outbound_preliminary, purpose, FIELD_REQUIRED),
};
RECORD(outbound_preliminary);

/* outbound.preliminary_remittance */
static const struct field fields_outbound_preliminary_remittance[] = {
    STRING(outbound_preliminary_remittance, application_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(outbound_preliminary_remittance, money, FIELD_REQUIRED),
    TEXT(outbound_preliminary_remittance, payee, FIELD_REQUIRED),
};
RECORD(outbound_preliminary_remittance);

/* outbound.preliminary_refund */
static const struct field fields_outbound_preliminary_refund[] = {
    STRING(outbound_preliminary_refund, application_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(outbound_preliminary_refund, money, FIELD_REQUIRED),
};
RECORD(outbound_preliminary_refund);

/* outbound.registration */
static const struct field fields_outbound_registration[] = {
    STRING(outbound_registration, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    STRING(outbound_registration, application_no, FIELD_NUMBER, 0),
    CHOICE(outbound_registration, route, FIELD_REQUIRED, "DIRECT|CONTROLLED"),
    OBJECT(outbound_registration, target, party),
    STRING(outbound_registration, industry, FIELD_INDUSTRY, FIELD_REQUIRED),
    BOOLEAN(outbound_registration, sensitive),
    BOOLEAN(outbound_registration, central_enterprise),
    MONEY(outbound_registration, total, FIELD_REQUIRED),
    MONEY(outbound_registration, cash, FIELD_REQUIRED | FIELD_ZERO),
    OBJECT(outbound_registration, ndrc, ndrc_certificate),
    OBJECT(outbound_registration, mofcom, mofcom_certificate),
};
RECORD(outbound_registration);

/* outbound.remittance */
static const struct field fields_outbound_remittance[] = {
    STRING(outbound_remittance, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(outbound_remittance, money, FIELD_REQUIRED),
    OBJECT(outbound_remittance, payee, payee),
    STRING(outbound_remittance, declaration_no, FIELD_DECLARATION, FIELD_REQUIRED),
    TEXT(outbound_remittance, explained, 0),
};
RECORD(outbound_remittance);

/* outbound.in_kind */
static const struct field fields_outbound_in_kind[] = {
    STRING(outbound_in_kind, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(outbound_in_kind, money, FIELD_REQUIRED),
    TEXT(outbound_in_kind, customs_no, 0),
};
RECORD(outbound_in_kind);

/* outbound.change */
static const struct field fields_outbound_change[] = {
    STRING(outbound_change, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(outbound_change, cash_delta, FIELD_REQUIRED | FIELD_SIGNED),
    OBJECT_OPTIONAL(outbound_change, ndrc, ndrc_certificate),
    OBJECT_OPTIONAL(outbound_change, mofcom, mofcom_certificate),
};
RECORD(outbound_change);

/* outbound.profit_return */
static const struct field fields_outbound_profit_return[] = {
    STRING(outbound_profit_return, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(outbound_profit_return, money, FIELD_REQUIRED),
    TEXT(outbound_profit_return, evidence_no, 0),
    TEXT(outbound_profit_return, kind, 0),
};
RECORD(outbound_profit_return);

/* outbound.capital_return */
static const struct field fields_outbound_capital_return[] = {
    STRING(outbound_capital_return, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(outbound_capital_return, money, FIELD_REQUIRED),
    TEXT(outbound_capital_return, evidence_no, 0),
    TEXT(outbound_capital_return, kind, 0),
};
RECORD(outbound_capital_return);

/* outbound.completion */
static const struct field fields_outbound_completion[] = {
    STRING(outbound_completion, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    DATE(outbound_completion, completed_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
};
RECORD(outbound_completion);

/* outbound.closure */
static const struct field fields_outbound_closure[] = {
    STRING(outbound_closure, registration_no, FIELD_NUMBER, FIELD_REQUIRED),
    CHOICE(outbound_closure, kind, FIELD_REQUIRED, "CANCELLED|LIQUIDATED|TRANSFERRED"),
    TEXT(outbound_closure, evidence_no, 0),
};
RECORD(outbound_closure);

/* outbound.lending_basis */
static const struct field fields_outbound_lending_basis[] = {
    MONEY(outbound_lending_basis, equity, FIELD_REQUIRED | FIELD_CNY),
    DATE(outbound_lending_basis, audited_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
    TEXT(outbound_lending_basis, audit_no, 0),
    DATE(outbound_lending_basis, established_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
};
RECORD(outbound_lending_basis);

/* outbound.loan */
static const struct field fields_outbound_loan[] = {
    STRING(outbound_loan, loan_no, FIELD_NUMBER, FIELD_REQUIRED),
    OBJECT(outbound_loan, borrower, party),
    CHOICE(outbound_loan, relation, FIELD_REQUIRED, "SUBSIDIARY|ASSOCIATE|PARENT|SISTER"),
    MONEY(outbound_loan, money, FIELD_REQUIRED),
    DATE(outbound_loan, signed_on, FIELD_REQUIRED | FIELD_NOT_AFTER),
    DATE(outbound_loan, matures_on, FIELD_REQUIRED),
};
RECORD(outbound_loan);

/* outbound.loan_remittance */
static const struct field fields_outbound_loan_remittance[] = {
    STRING(outbound_loan_remittance, loan_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(outbound_loan_remittance, money, FIELD_REQUIRED),
};
RECORD(outbound_loan_remittance);

/* outbound.loan_return */
static const struct field fields_outbound_loan_return[] = {
    STRING(outbound_loan_return, loan_no, FIELD_NUMBER, FIELD_REQUIRED),
    MONEY(outbound_loan_return, money, FIELD_REQUIRED),
};
RECORD(outbound_loan_return);

/* outbound.loan_extension */
static const struct field fields_outbound_loan_extension[] = {
    STRING(outbound_loan_extension, loan_no, FIELD_NUMBER, FIELD_REQUIRED),
    DATE(outbound_loan_extension, matures_on, FIELD_REQUIRED),
};
RECORD(outbound_loan_extension);

/* outbound.loan_closure */
static const struct field fields_outbound_loan_closure[] = {
    STRING(outbound_loan_closure, loan_no, FIELD_NUMBER, FIELD_REQUIRED),
};
RECORD(outbound_loan_closure);

/* reversal */
static const struct field fields_reversal[] = {
    STRING(reversal, reverses, FIELD_UUID, FIELD_REQUIRED),
    TEXT_UP_TO(reversal, reason, FIELD_REQUIRED, 256),
};
RECORD(reversal);

/* review */
static const struct field fields_review[] = {
    STRING(review, reviews, FIELD_UUID, FIELD_REQUIRED),
    STRING(review, reviewed_bank, FIELD_BANK, FIELD_REQUIRED),
    CHOICE(review, verdict, FIELD_REQUIRED, "APPROVE|REFUSE"),
    STRING(review, officer, FIELD_TOKEN, FIELD_REQUIRED),
    TEXT_UP_TO(review, reason, FIELD_REQUIRED, 256),
};
RECORD(review);

/* withdrawal */
static const struct field fields_withdrawal[] = {
    STRING(withdrawal, withdraws, FIELD_UUID, FIELD_REQUIRED),
    TEXT_UP_TO(withdrawal, reason, FIELD_REQUIRED, 256),
};
RECORD(withdrawal);

/* The head: its record is struct filing, of which details is filled by the record of the event. */
static const struct field fields_filing[] = {
    STRING(filing, filing_id, FIELD_UUID, FIELD_REQUIRED),
    STRING(filing, bank, FIELD_BANK, FIELD_REQUIRED),
    {NAMED("sequence"), .kind = FIELD_INTEGER, .min = 1, .max = INT64_MAX,
     .at = FORM_OFFSET(filing, sequence, int64_t)},
    STRING(filing, enterprise, FIELD_USCC, FIELD_REQUIRED),
    {NAMED("event"), .kind = FIELD_EVENT, .flags = FIELD_REQUIRED,
     .at = FORM_OFFSET(filing, event, enum event)},
    {NAMED("business_date"), .kind = FIELD_DATE, .flags = FIELD_REQUIRED,
     .at = FORM_OFFSET(filing, business_on, int32_t)},
    STRING(filing, maker, FIELD_TOKEN, FIELD_REQUIRED),
    STRING(filing, checker, FIELD_TOKEN, FIELD_REQUIRED),
    TEXT_UP_TO(filing, note, 0, 256),
    {NAMED("details"), .kind = FIELD_DETAILS, .flags = FIELD_REQUIRED},
};
const struct record form_creditor = {fields_creditor, COUNT(fields_creditor),
                                     sizeof(struct creditor)};
const struct record form_head = {fields_filing, COUNT(fields_filing), sizeof(struct filing)};

static const struct record *const records[EVENT_N] = {
#define EVENT(NAME, member, name) [EVENT_##NAME] = &record_##member,
#include "form/events.def"
#undef EVENT
};

static const char *const members[EVENT_N] = {
#define EVENT(NAME, member, name) [EVENT_##NAME] = #member,
#include "form/events.def"
#undef EVENT
};

const struct record *form_record(enum event event)
{
    assert(event < EVENT_N);
    return records[event];
}

const char *form_member(enum event event)
{
    assert(event < EVENT_N);
    return members[event] ? members[event] : "";
}
