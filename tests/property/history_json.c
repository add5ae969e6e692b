/* Steps as the JSON of packs. */
#include <stdlib.h>
#include <string.h>

#include "form/date.h"
#include "form/iso.h"
#include "form/money.h"
#include "history.h"

/* ---- members ------------------------------------------------------------------------------- */

static void key(struct buffer *out, const char *name)
{
    if (out->n > 0 && out->at[out->n - 1] != '{' && out->at[out->n - 1] != '[') {
        buffer_char(out, ',');
    }
    buffer_printf(out, "\"%s\":", name);
}

static void put_text(struct buffer *out, const char *name, struct text text)
{
    if (text.n > 0) {
        key(out, name);
        buffer_printf(out, "\"%.*s\"", (int)text.n, text.at);
    }
}

static void put_word(struct buffer *out, const char *name, const char *const *words, int32_t i)
{
    put_text(out, name, (struct text){.at = words[i], .n = (uint32_t)strlen(words[i])});
}

static void put_date(struct buffer *out, const char *name, int32_t on)
{
    char date[DATE_TEXT_SIZE];

    if (on != DATE_NONE && on != DATE_LAST) {
        date_format(on, date);
        key(out, name);
        buffer_printf(out, "\"%s\"", date);
    }
}

static void put_money(struct buffer *out, const char *name, struct money money)
{
    char value[MONEY_TEXT_SIZE];

    if (money.currency != CURRENCY_NONE) {
        (void)money_format(money.minor, iso_currency(money.currency)->exponent, value,
                           sizeof(value));
        key(out, name);
        buffer_printf(out, "{\"currency\":\"%s\",\"value\":\"%s\"}",
                      iso_currency(money.currency)->alpha, value);
    }
}

static void put_integer(struct buffer *out, const char *name, int64_t value)
{
    key(out, name);
    buffer_printf(out, "%lld", (long long)value);
}

static void put_bool(struct buffer *out, const char *name, bool value)
{
    key(out, name);
    buffer_text(out, value ? "true" : "false");
}

static void put_country(struct buffer *out, const char *name, int32_t country)
{
    key(out, name);
    buffer_printf(out, "\"%s\"", iso_country_alpha3(country));
}

static void begin(struct buffer *out, const char *name)
{
    key(out, name);
    buffer_char(out, '{');
}

/* ---- filings ------------------------------------------------------------------------------- */

static const char *const modes[] = {"", "MACROPRUDENTIAL", "GAP", "FACILITATION"};

static void put_fdi_registration(struct buffer *out, const struct fdi_registration *d)
{
    static const char *const setups[] = {"", "NEW", "ACQUISITION"};

    put_text(out, "registration_no", d->registration_no);
    put_word(out, "setup", setups, (int32_t)d->setup);
    put_text(out, "region", d->region);
    put_text(out, "industry", d->industry);
    put_date(out, "established_on", d->established_on);
    put_money(out, "registered_capital", d->registered_capital);
    put_money(out, "total_investment", d->total_investment);
    key(out, "investors");
    buffer_char(out, '[');
    for (uint32_t i = 0; i < d->investors_n; i++) {
        const struct fdi_investor *of = &d->investors[i];

        buffer_text(out, i > 0 ? ",{" : "{");
        put_text(out, "investor_no", of->investor_no);
        put_text(out, "name", of->name);
        put_country(out, "country", of->country);
        put_money(out, "subscribed", of->subscribed);
        put_money(out, "cash", of->cash);
        put_integer(out, "share_bp", of->share_bp);
        put_date(out, "due_on", of->due_on);
        buffer_char(out, '}');
    }
    buffer_char(out, ']');
    put_text(out, "evidence_no", d->evidence_no);
}

static void put_fdi_inflow(struct buffer *out, const struct fdi_inflow *d)
{
    put_text(out, "registration_no", d->registration_no);
    put_text(out, "investor_no", d->investor_no);
    put_money(out, "money", d->money);
    put_text(out, "account", d->account);
    put_country(out, "remitter_country", d->remitter_country);
}

static void put_profile(struct buffer *out, const struct financing_profile *d)
{
    static const char *const subjects[] = {
        "", "GENERAL", "REAL_ESTATE", "GOVERNMENT_VEHICLE", "HOLDING", "FINANCIAL"};
    static const char *const kinds[] = {"", "HIGH_TECH", "SPECIALISED_NEW", "TECH_SME",
                                        "INNOVATION_POINTS"};
    static const char *const classes[] = {"", "A", "B", "C"};

    put_word(out, "mode", modes, d->mode);
    put_date(out, "effective_on", d->effective_on);
    put_text(out, "region", d->region);
    put_word(out, "subject", subjects, d->subject);
    put_date(out, "established_on", d->established_on);
    put_money(out, "net_assets", d->net_assets);
    put_date(out, "audited_on", d->audited_on);
    put_text(out, "audit_no", d->audit_no);
    put_money(out, "total_investment", d->total_investment);
    put_money(out, "registered_capital", d->registered_capital);
    put_money(out, "paid_in", d->paid_in);
    if (d->has_foreign_paid_in_bp) {
        put_integer(out, "foreign_paid_in_bp", d->foreign_paid_in_bp);
    }
    if (d->has_certificate) {
        begin(out, "certificate");
        put_word(out, "kind", kinds, d->certificate.kind);
        put_text(out, "number", d->certificate.number);
        put_date(out, "valid_to", d->certificate.valid_to);
        buffer_char(out, '}');
    }
    put_word(out, "trade_class", classes, d->trade_class);
    put_date(out, "penalised_on", d->penalised_on);
}

static void put_creditor(struct buffer *out, const struct creditor *d)
{
    static const char *const kinds[] = {"",          "BANK",      "PARENT", "AFFILIATE",
                                        "FINANCIAL", "CORPORATE", "MARKET"};

    begin(out, "creditor");
    put_text(out, "name", d->name);
    put_country(out, "country", d->country);
    put_word(out, "kind", kinds, d->kind);
    put_text(out, "bic", d->bic);
    buffer_char(out, '}');
}

static void put_contract(struct buffer *out, const struct financing_contract *d)
{
    put_text(out, "contract_no", d->contract_no);
    put_word(out, "mode", modes, d->mode);
    put_creditor(out, &d->creditor);
    put_money(out, "money", d->money);
    put_date(out, "signed_on", d->signed_on);
    put_date(out, "value_on", d->value_on);
    put_date(out, "matures_on", d->matures_on);
    put_integer(out, "annual_rate_bp", d->annual_rate_bp);
    put_bool(out, "revolving", d->revolving);
    put_bool(out, "capitalises_interest", d->capitalises_interest);
    put_text(out, "ndrc_certificate_no", d->ndrc_certificate_no);
    put_bool(out, "not_counted", d->not_counted);
    put_text(out, "purpose", d->purpose);
}

static void put_ndrc(struct buffer *out, const struct ndrc_certificate *d)
{
    static const char *const kinds[] = {"", "FILING", "APPROVAL"};
    static const char *const levels[] = {"", "NATIONAL", "PROVINCIAL"};

    begin(out, "ndrc");
    put_word(out, "kind", kinds, d->kind);
    put_word(out, "level", levels, d->level);
    put_text(out, "number", d->number);
    put_date(out, "issued_on", d->issued_on);
    put_date(out, "valid_to", d->valid_to);
    buffer_char(out, '}');
}

static void put_mofcom(struct buffer *out, const struct mofcom_certificate *d)
{
    begin(out, "mofcom");
    put_text(out, "number", d->number);
    put_date(out, "issued_on", d->issued_on);
    put_date(out, "valid_to", d->valid_to);
    buffer_char(out, '}');
}

static void put_outbound_registration(struct buffer *out, const struct outbound_registration *d)
{
    static const char *const routes[] = {"", "DIRECT", "CONTROLLED"};

    put_text(out, "registration_no", d->registration_no);
    put_text(out, "application_no", d->application_no);
    put_word(out, "route", routes, d->route);
    begin(out, "target");
    put_text(out, "name", d->target.name);
    put_country(out, "country", d->target.country);
    buffer_char(out, '}');
    put_text(out, "industry", d->industry);
    put_bool(out, "sensitive", d->sensitive);
    put_bool(out, "central_enterprise", d->central_enterprise);
    put_money(out, "total", d->total);
    put_money(out, "cash", d->cash);
    put_ndrc(out, &d->ndrc);
    put_mofcom(out, &d->mofcom);
}

static void put_outbound_remittance(struct buffer *out, const struct outbound_remittance *d)
{
    put_text(out, "registration_no", d->registration_no);
    put_money(out, "money", d->money);
    begin(out, "payee");
    put_text(out, "name", d->payee.name);
    put_country(out, "country", d->payee.country);
    buffer_char(out, '}');
    put_text(out, "declaration_no", d->declaration_no);
    put_text(out, "explained", d->explained);
}

static void put_review(struct buffer *out, const struct review *d)
{
    static const char *const verdicts[] = {"", "APPROVE", "REFUSE"};

    put_text(out, "reviews", d->reviews);
    put_text(out, "reviewed_bank", d->reviewed_bank);
    put_word(out, "verdict", verdicts, d->verdict);
    put_text(out, "officer", d->officer);
    put_text(out, "reason", d->reason);
}

/* What else is filed about a contract. */
static bool put_of_contract(struct buffer *out, const struct filing *filing)
{
    const union details *d = &filing->details;

    /* All of them have the number in front. */
    put_text(out, "contract_no", d->financing_interest.contract_no);
    if (filing->event == EVENT_FINANCING_INTEREST) {
        put_money(out, "money", d->financing_interest.money);
        put_date(out, "period_from", d->financing_interest.period_from);
        put_date(out, "period_to", d->financing_interest.period_to);
    } else if (filing->event == EVENT_FINANCING_CAPITALISATION) {
        put_money(out, "money", d->financing_capitalisation.money);
    } else if (filing->event == EVENT_FINANCING_EXTENSION) {
        put_date(out, "matures_on", d->financing_extension.matures_on);
        put_date(out, "agreed_on", d->financing_extension.agreed_on);
    } else if (filing->event == EVENT_FINANCING_AMENDMENT) {
        put_money(out, "money", d->financing_amendment.money);
        put_date(out, "agreed_on", d->financing_amendment.agreed_on);
    } else if (filing->event == EVENT_FINANCING_ASSIGNMENT) {
        put_creditor(out, &d->financing_assignment.creditor);
        put_date(out, "agreed_on", d->financing_assignment.agreed_on);
    } else if (filing->event == EVENT_FINANCING_FORGIVENESS) {
        put_money(out, "money", d->financing_forgiveness.money);
        put_text(out, "evidence_no", d->financing_forgiveness.evidence_no);
    } else if (filing->event == EVENT_FINANCING_EQUITY_CONVERSION) {
        put_money(out, "money", d->financing_equity_conversion.money);
        put_text(out, "evidence_no", d->financing_equity_conversion.evidence_no);
        put_text(out, "registration_no", d->financing_equity_conversion.registration_no);
        put_text(out, "investor_no", d->financing_equity_conversion.investor_no);
    } else {
        return filing->event == EVENT_FINANCING_CANCELLATION ||
               filing->event == EVENT_FINANCING_DEREGISTRATION;
    }
    return true;
}

static bool put_of_application(struct buffer *out, const struct filing *filing)
{
    const union details *d = &filing->details;

    put_text(out, "application_no", d->outbound_preliminary.application_no);
    if (filing->event == EVENT_OUTBOUND_PRELIMINARY) {
        put_money(out, "planned_total", d->outbound_preliminary.planned_total);
        put_money(out, "money", d->outbound_preliminary.money);
        put_text(out, "purpose", d->outbound_preliminary.purpose);
    } else if (filing->event == EVENT_OUTBOUND_PRELIMINARY_REMITTANCE) {
        put_money(out, "money", d->outbound_preliminary_remittance.money);
        put_text(out, "payee", d->outbound_preliminary_remittance.payee);
    } else if (filing->event == EVENT_OUTBOUND_PRELIMINARY_REFUND) {
        put_money(out, "money", d->outbound_preliminary_refund.money);
    } else {
        return false;
    }
    return true;
}

static void put_increase(struct buffer *out, const struct fdi_increase *d)
{
    put_text(out, "investor_no", d->investor_no);
    put_money(out, "subscribed", d->subscribed);
    put_money(out, "cash", d->cash);
    put_text(out, "evidence_no", d->evidence_no);
    if (d->has_investor) {
        begin(out, "investor");
        put_text(out, "name", d->investor.name);
        put_country(out, "country", d->investor.country);
        if (d->investor.has_share_bp) {
            put_integer(out, "share_bp", d->investor.share_bp);
        }
        buffer_char(out, '}');
    }
}

static void put_transfer(struct buffer *out, const struct fdi_transfer *d)
{
    put_text(out, "seller_no", d->seller_no);
    if (d->has_buyer) {
        begin(out, "buyer");
        put_text(out, "investor_no", d->buyer.investor_no);
        put_text(out, "name", d->buyer.name);
        put_country(out, "country", d->buyer.country);
        buffer_char(out, '}');
    }
    put_integer(out, "share_bp", d->share_bp);
    put_money(out, "price", d->price);
    put_text(out, "tax_evidence_no", d->tax_evidence_no);
}

/* What else is filed about an FDI registration: all have its number in front. */
static bool put_of_company(struct buffer *out, const struct filing *filing)
{
    const union details *d = &filing->details;

    put_text(out, "registration_no", d->fdi_payment.registration_no);
    if (filing->event == EVENT_FDI_INCREASE) {
        put_increase(out, &d->fdi_increase);
    } else if (filing->event == EVENT_FDI_DECREASE) {
        put_text(out, "investor_no", d->fdi_decrease.investor_no);
        put_money(out, "money", d->fdi_decrease.money);
        put_date(out, "resolution_on", d->fdi_decrease.resolution_on);
        put_date(out, "notified_on", d->fdi_decrease.notified_on);
        put_date(out, "published_on", d->fdi_decrease.published_on);
        put_bool(out, "covers_losses", d->fdi_decrease.covers_losses);
    } else if (filing->event == EVENT_FDI_TRANSFER) {
        put_transfer(out, &d->fdi_transfer);
    } else if (filing->event == EVENT_FDI_SETTLEMENT) {
        put_money(out, "money", d->fdi_settlement.money);
        put_money(out, "cny", d->fdi_settlement.cny);
    } else if (filing->event == EVENT_FDI_PAYMENT) {
        put_money(out, "cny", d->fdi_payment.cny);
        put_text(out, "use_code", d->fdi_payment.use_code);
        put_text(out, "payee", d->fdi_payment.payee);
    } else if (filing->event == EVENT_FDI_REINVESTMENT) {
        put_text(out, "target_enterprise", d->fdi_reinvestment.target_enterprise);
        put_text(out, "target_industry", d->fdi_reinvestment.target_industry);
        put_money(out, "money", d->fdi_reinvestment.money);
    } else if (filing->event == EVENT_FDI_PROFIT_REMITTANCE) {
        put_integer(out, "fiscal_year", d->fdi_profit_remittance.fiscal_year);
        put_money(out, "distributable", d->fdi_profit_remittance.distributable);
        put_date(out, "resolution_on", d->fdi_profit_remittance.resolution_on);
        put_money(out, "money", d->fdi_profit_remittance.money);
        put_text(out, "tax_form_no", d->fdi_profit_remittance.tax_form_no);
    } else if (filing->event == EVENT_FDI_OUTWARD_REMITTANCE) {
        put_money(out, "money", d->fdi_outward_remittance.money);
        put_text(out, "basis_filing_id", d->fdi_outward_remittance.basis_filing_id);
    } else if (filing->event == EVENT_FDI_LIQUIDATION) {
        put_money(out, "distribution", d->fdi_liquidation.distribution);
        put_text(out, "tax_clearance_no", d->fdi_liquidation.tax_clearance_no);
    } else if (filing->event == EVENT_FDI_DEREGISTRATION) {
        put_bool(out, "waive_outflow", d->fdi_deregistration.waive_outflow);
    } else {
        return false;
    }
    return true;
}

static void put_fdi_preliminary(struct buffer *out, const struct filing *filing)
{
    const union details *d = &filing->details;

    put_text(out, "application_no", d->fdi_preliminary.application_no);
    if (filing->event == EVENT_FDI_PRELIMINARY) {
        begin(out, "investor");
        put_text(out, "name", d->fdi_preliminary.investor.name);
        put_country(out, "country", d->fdi_preliminary.investor.country);
        buffer_char(out, '}');
        put_money(out, "money", d->fdi_preliminary.money);
        put_text(out, "purpose", d->fdi_preliminary.purpose);
    } else if (filing->event == EVENT_FDI_PRELIMINARY_CONVERT) {
        put_text(out, "registration_no", d->fdi_preliminary_convert.registration_no);
        put_text(out, "investor_no", d->fdi_preliminary_convert.investor_no);
        put_money(out, "money", d->fdi_preliminary_convert.money);
    } else {
        /* Inflow and refund have the same fields. */
        put_money(out, "money", d->fdi_preliminary_inflow.money);
    }
}

/* What else is filed about an outbound registration: all have its number in front. */
static bool put_of_investment(struct buffer *out, const struct filing *filing)
{
    static const char *const kinds[] = {"", "CANCELLED", "LIQUIDATED", "TRANSFERRED"};
    const union details *d = &filing->details;

    put_text(out, "registration_no", d->outbound_closure.registration_no);
    if (filing->event == EVENT_OUTBOUND_IN_KIND) {
        put_money(out, "money", d->outbound_in_kind.money);
        put_text(out, "customs_no", d->outbound_in_kind.customs_no);
    } else if (filing->event == EVENT_OUTBOUND_CHANGE) {
        put_money(out, "cash_delta", d->outbound_change.cash_delta);
        if (d->outbound_change.has_ndrc) {
            put_ndrc(out, &d->outbound_change.ndrc);
        }
        if (d->outbound_change.has_mofcom) {
            put_mofcom(out, &d->outbound_change.mofcom);
        }
    } else if (filing->event == EVENT_OUTBOUND_PROFIT_RETURN ||
               filing->event == EVENT_OUTBOUND_CAPITAL_RETURN) {
        /* Both have the same fields. */
        put_money(out, "money", d->outbound_profit_return.money);
        put_text(out, "evidence_no", d->outbound_profit_return.evidence_no);
    } else if (filing->event == EVENT_OUTBOUND_COMPLETION) {
        put_date(out, "completed_on", d->outbound_completion.completed_on);
    } else if (filing->event == EVENT_OUTBOUND_CLOSURE) {
        put_word(out, "kind", kinds, d->outbound_closure.kind);
        put_text(out, "evidence_no", d->outbound_closure.evidence_no);
    } else {
        return false;
    }
    return true;
}

static void put_lending(struct buffer *out, const struct filing *filing)
{
    static const char *const relations[] = {"", "SUBSIDIARY", "ASSOCIATE", "PARENT", "SISTER"};
    const union details *d = &filing->details;

    if (filing->event == EVENT_OUTBOUND_LENDING_BASIS) {
        put_money(out, "equity", d->outbound_lending_basis.equity);
        put_date(out, "audited_on", d->outbound_lending_basis.audited_on);
        put_text(out, "audit_no", d->outbound_lending_basis.audit_no);
        put_date(out, "established_on", d->outbound_lending_basis.established_on);
        return;
    }
    put_text(out, "loan_no", d->outbound_loan.loan_no);
    if (filing->event == EVENT_OUTBOUND_LOAN) {
        begin(out, "borrower");
        put_text(out, "name", d->outbound_loan.borrower.name);
        put_country(out, "country", d->outbound_loan.borrower.country);
        buffer_char(out, '}');
        put_word(out, "relation", relations, d->outbound_loan.relation);
        put_money(out, "money", d->outbound_loan.money);
        put_date(out, "signed_on", d->outbound_loan.signed_on);
        put_date(out, "matures_on", d->outbound_loan.matures_on);
    } else if (filing->event == EVENT_OUTBOUND_LOAN_EXTENSION) {
        put_date(out, "matures_on", d->outbound_loan_extension.matures_on);
    } else if (filing->event != EVENT_OUTBOUND_LOAN_CLOSURE) {
        /* Remittance and return have the same fields. */
        put_money(out, "money", d->outbound_loan_return.money);
    }
}

static void put_about_another(struct buffer *out, const struct filing *filing)
{
    const union details *d = &filing->details;

    if (filing->event == EVENT_REVERSAL) {
        put_text(out, "reverses", d->reversal.reverses);
        put_text(out, "reason", d->reversal.reason);
    } else if (filing->event == EVENT_WITHDRAWAL) {
        put_text(out, "withdraws", d->withdrawal.withdraws);
        put_text(out, "reason", d->withdrawal.reason);
    } else if (filing->event == EVENT_REVIEW) {
        put_review(out, &d->review);
    }
}

/* The events that come in families. */
static void put_other_details(struct buffer *out, const struct filing *filing)
{
    if (filing->event > EVENT_FINANCING_CONTRACT &&
        filing->event <= EVENT_FINANCING_DEREGISTRATION) {
        if (!put_of_contract(out, filing)) {
            abort();
        }
    } else if (filing->event <= EVENT_FDI_PRELIMINARY_REFUND ||
               filing->event == EVENT_FDI_PRELIMINARY_CONVERT) {
        put_fdi_preliminary(out, filing);
    } else if (filing->event > EVENT_FDI_PRELIMINARY_CONVERT &&
               filing->event <= EVENT_FDI_DEREGISTRATION) {
        if (!put_of_company(out, filing)) {
            abort();
        }
    } else if (filing->event >= EVENT_REVERSAL) {
        put_about_another(out, filing);
    } else if (filing->event >= EVENT_OUTBOUND_LENDING_BASIS) {
        put_lending(out, filing);
    } else if (filing->event > EVENT_OUTBOUND_REMITTANCE) {
        if (!put_of_investment(out, filing)) {
            abort();
        }
    } else if (!put_of_application(out, filing)) {
        abort();
    }
}

static void put_details(struct buffer *out, const struct filing *filing)
{
    const union details *d = &filing->details;

    if (filing->event == EVENT_FDI_REGISTRATION) {
        put_fdi_registration(out, &d->fdi_registration);
    } else if (filing->event == EVENT_FDI_INFLOW) {
        put_fdi_inflow(out, &d->fdi_inflow);
    } else if (filing->event == EVENT_FINANCING_PROFILE) {
        put_profile(out, &d->financing_profile);
    } else if (filing->event == EVENT_FINANCING_CONTRACT) {
        put_contract(out, &d->financing_contract);
    } else if (filing->event == EVENT_FINANCING_DRAWDOWN) {
        put_text(out, "contract_no", d->financing_drawdown.contract_no);
        put_money(out, "money", d->financing_drawdown.money);
        put_date(out, "value_on", d->financing_drawdown.value_on);
    } else if (filing->event == EVENT_FINANCING_REPAYMENT) {
        put_text(out, "contract_no", d->financing_repayment.contract_no);
        put_money(out, "money", d->financing_repayment.money);
    } else if (filing->event == EVENT_OUTBOUND_REGISTRATION) {
        put_outbound_registration(out, &d->outbound_registration);
    } else if (filing->event == EVENT_OUTBOUND_REMITTANCE) {
        put_outbound_remittance(out, &d->outbound_remittance);
    } else {
        put_other_details(out, filing);
    }
}

static void put_filing(struct buffer *out, const struct filing *filing)
{
    const char *event = event_name(filing->event);

    buffer_char(out, '{');
    put_text(out, "filing_id", filing->filing_id);
    put_text(out, "bank", filing->bank);
    put_text(out, "enterprise", filing->enterprise);
    put_text(out, "event", (struct text){.at = event, .n = (uint32_t)strlen(event)});
    put_date(out, "business_date", filing->business_on);
    put_text(out, "maker", filing->maker);
    put_text(out, "checker", filing->checker);
    put_text(out, "note", filing->note);
    begin(out, "details");
    put_details(out, filing);
    buffer_text(out, "}}");
}

/* ---- bulletins ----------------------------------------------------------------------------- */

static void open_element(struct buffer *out, uint32_t i) { buffer_text(out, i > 0 ? ",{" : "{"); }

static void put_policy(struct buffer *out, const struct policy *d)
{
    put_integer(out, "policy", d->policy);
    put_integer(out, "rules", d->rules);
    key(out, "parameters");
    buffer_char(out, '[');
    for (uint32_t i = 0; i < d->parameters_n; i++) {
        const struct parameter *row = &d->parameters[i];

        open_element(out, i);
        put_text(out, "id", row->id);
        put_text(out, "subject", row->subject);
        put_text(out, "region", row->region);
        put_date(out, "from", row->from_on);
        put_date(out, "to", row->to_on);
        put_text(out, "value", row->value);
        put_text(out, "source", row->source);
        put_bool(out, "confirmed", row->confirmed);
        buffer_char(out, '}');
    }
    buffer_char(out, ']');
}

static void put_list(struct buffer *out, const struct list *d, bool is_negative)
{
    static const char *const rules[] = {"", "PROHIBITED", "CAP", "REVIEW", "APPROVAL"};

    key(out, "rows");
    buffer_char(out, '[');
    for (uint32_t i = 0; i < d->rows_n; i++) {
        const struct list_row *row = &d->rows[i];

        open_element(out, i);
        put_text(out, "country", row->country);
        put_text(out, is_negative ? "prefix" : "industry", row->industry);
        put_word(out, "rule", rules, (int32_t)row->rule);
        if (row->rule == LIST_CAP) {
            put_integer(out, "cap_bp", row->cap_bp);
        }
        put_date(out, "from", row->from_on);
        put_date(out, "to", row->to_on);
        put_text(out, "text", row->text);
        buffer_char(out, '}');
    }
    buffer_char(out, ']');
}

static void put_banks(struct buffer *out, const struct register_change *d)
{
    key(out, "banks");
    buffer_char(out, '[');
    for (uint32_t i = 0; i < d->members_n; i++) {
        open_element(out, i);
        put_text(out, "code", d->members[i].id);
        put_text(out, "name", d->members[i].name);
        key(out, "roles");
        buffer_printf(out, "[\"%s\"]", d->members[i].roles == ROLE_FILER ? "FILER" : "AUTHORITY");
        buffer_char(out, '}');
    }
    buffer_char(out, ']');
}

static void put_sheet(struct buffer *out, const struct rate_sheet *d)
{
    char rate[RATE_TEXT_SIZE];

    put_date(out, "date", d->date_on);
    begin(out, "rates");
    for (uint32_t i = 0; i < d->rates_n; i++) {
        const char *code = iso_currency(d->rates[i].currency)->alpha;

        rate_format(d->rates[i].rate_e10, rate);
        put_text(out, code, (struct text){.at = rate, .n = (uint32_t)strlen(rate)});
    }
    buffer_char(out, '}');
}

static void put_calendar(struct buffer *out, const struct calendar *d)
{
    char date[DATE_TEXT_SIZE];

    put_integer(out, "year", d->year);
    key(out, "holidays");
    buffer_char(out, '[');
    for (uint32_t i = 0; i < d->holidays_n; i++) {
        date_format(d->holidays[i], date);
        buffer_printf(out, "%s\"%s\"", i > 0 ? "," : "", date);
    }
    buffer_char(out, ']');
}

void step_to_json(const struct step *step, struct buffer *out)
{
    const char *kind = NULL;

    if (!step->is_bulletin) {
        put_filing(out, &step->filing);
        return;
    }
    kind = reference_kind_name(step->item.kind);
    buffer_char(out, '{');
    put_text(out, "kind", (struct text){.at = kind, .n = (uint32_t)strlen(kind)});
    if (step->item.kind == REFERENCE_POLICY) {
        put_policy(out, &step->item.of.policy);
    } else if (step->item.kind == REFERENCE_RATES) {
        put_sheet(out, &step->item.of.rates);
    } else if (step->item.kind == REFERENCE_CALENDAR) {
        put_calendar(out, &step->item.of.calendar);
    } else if (step->item.kind == REFERENCE_BANKS) {
        put_banks(out, &step->item.of.banks);
    } else {
        put_list(out,
                 step->item.kind == REFERENCE_NEGATIVE_LIST ? &step->item.of.negative
                                                            : &step->item.of.sensitive,
                 step->item.kind == REFERENCE_NEGATIVE_LIST);
    }
    buffer_char(out, '}');
}
