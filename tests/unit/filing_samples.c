#include "filing_samples.h"

#include <stdio.h>

#define REGISTRATION "'registration_no':'21020020260413000001'"
#define APPLICATION  "'application_no':'SQ210200202604130001'"
#define CONTRACT     "'contract_no':'45210100202604110001'"
#define LOAN         "'loan_no':'FD210200202604130001'"
#define PARTY        "{'name':'Nordlicht GmbH','country':'DEU'}"
#define CREDITOR                                                                                   \
    "{'name':'Deutsche Bank AG','country':'DEU','kind':'BANK','bic':'DEUTDEFF','lei':'"            \
    "549300EXAMPLE0000073'}"
#define NDRC                                                                                       \
    "{'kind':'APPROVAL','level':'NATIONAL','number':'NDRC-17','issued_on':'2026-01-05',"           \
    "'valid_to':'2028-01-04'}"
#define MOFCOM "{'number':'MOFCOM-3','issued_on':'2026-01-06','valid_to':'2028-01-05'}"

static const char *const details[EVENT_N] = {
    [EVENT_FDI_PRELIMINARY] = APPLICATION
    ",'investor':" PARTY ",'money':{'currency':'USD','value':'300000.00'},'purpose':'survey'",
    [EVENT_FDI_PRELIMINARY_INFLOW] = APPLICATION ",'money':{'currency':'USD','value':'1000.00'}",
    [EVENT_FDI_PRELIMINARY_REFUND] = APPLICATION ",'money':{'currency':'USD','value':'1000.00'}",
    [EVENT_FDI_REGISTRATION] = REGISTRATION
    ",'setup':'NEW','region':'210200','industry':'C3511',"
    "'established_on':'2026-04-01','registered_capital':{'currency':'USD',"
    "'value':'5000000.00'},'total_investment':{'currency':'USD','value':'9000000.00'},'investors':[{'investor_no':'I1','name':'Nordlicht GmbH',"
    "'country':'DEU','subscribed':{'currency':'USD','value':'3000000.00'},'cash':{'currency':'USD','value':'2500000.00'},'share_bp':6000,'due_on':'2031-04-01'},{'investor_no':'I2',"
    "'name':'大连重工','country':'CHN','subscribed':{'currency':'USD','value':'2000000.00'},'cash':{'currency':'USD','value':'0.00'},'share_bp':4000,"
    "'due_on':'2031-04-01'}],'evidence_no':'E-1'",
    [EVENT_FDI_INFLOW] =
        REGISTRATION ",'investor_no':'I1','money':{'currency':'USD','value':'5012000.00'},"
                     "'account':'NRA 17','remitter_country':'DEU'",
    [EVENT_FDI_PRELIMINARY_CONVERT] = APPLICATION
    "," REGISTRATION ",'investor_no':'I1','money':{'currency':'USD','value':'1000.00'}",
    [EVENT_FDI_INCREASE] = REGISTRATION
    ",'investor_no':'I3','subscribed':{'currency':'USD','value':'100.00'},'cash':{'currency':'USD','value':'100.00'},'evidence_no':'E-2','investor':{'name':'Aurora Ltd','country':'GBR',"
    "'share_bp':1000}",
    [EVENT_FDI_DECREASE] =
        REGISTRATION ",'investor_no':'I1','money':{'currency':'USD','value':'100.00'},"
                     "'resolution_on':'2026-01-05','notified_on':'2026-01-15',"
                     "'published_on':'2026-02-04','covers_losses':false",
    [EVENT_FDI_TRANSFER] = REGISTRATION
    ",'seller_no':'I1','buyer':{'investor_no':'I4','name':'Borealis AB',"
    "'country':'SWE'},'share_bp':2500,'price':{'currency':'USD','value':'1000.00'},"
    "'tax_evidence_no':'T-1'",
    [EVENT_FDI_SETTLEMENT] =
        REGISTRATION ",'money':{'currency':'USD','value':'100.00'},'cny':{'currency':'CNY',"
                     "'value':'696.51'}",
    [EVENT_FDI_PAYMENT] = REGISTRATION
    ",'cny':{'currency':'CNY','value':'696.51'},'use_code':'GOODS','payee':'鞍山钢铁'",
    [EVENT_FDI_REINVESTMENT] =
        REGISTRATION ",'target_enterprise':'914403001922038216','target_industry':'M',"
                     "'money':{'currency':'USD','value':'100.00'}",
    [EVENT_FDI_PROFIT_REMITTANCE] = REGISTRATION
    ",'fiscal_year':2025,'distributable':{'currency':'CNY','value':'1000.00'},"
    "'resolution_on':'2026-04-13','money':{'currency':'USD','value':'100.00'},'tax_form_no':'T-2'",
    [EVENT_FDI_OUTWARD_REMITTANCE] =
        REGISTRATION ",'money':{'currency':'USD','value':'100.00'},"
                     "'basis_filing_id':'019a3f52-6c1e-7d40-9f6b-2f3a51c0d002'",
    [EVENT_FDI_LIQUIDATION] =
        REGISTRATION ",'distribution':{'currency':'USD','value':'100.00'},'tax_clearance_no':'T-3'",
    [EVENT_FDI_DEREGISTRATION] = REGISTRATION ",'waive_outflow':true",
    [EVENT_FINANCING_PROFILE] =
        "'mode':'GAP','effective_on':'2026-05-01','region':'210200','subject':'GENERAL',"
        "'established_on':'2020-02-29','net_assets':{'currency':'CNY',"
        "'value':'100000000.00'},'audited_on':'2026-03-01','audit_no':'A-1',"
        "'total_investment':{'currency':'USD','value':'10000000.00'},"
        "'registered_capital':{'currency':'USD','value':'5000000.00'},'paid_in':{'currency':'USD','value':'5000000.00'},"
        "'foreign_paid_in_bp':6000,'certificate':{'kind':'HIGH_TECH','number':'GR2026',"
        "'valid_to':'2029-01-01'},'trade_class':'A','penalised_on':'2019-01-01'",
    [EVENT_FINANCING_CONTRACT] = CONTRACT
    ",'mode':'MACROPRUDENTIAL','creditor':" CREDITOR
    ",'money':{'currency':'USD','value':'10000000.00'},'signed_on':'2026-04-10','value_on':'2026-04-20',"
    "'matures_on':'2029-04-20','annual_rate_bp':450,'revolving':false,"
    "'capitalises_interest':false,'ndrc_certificate_no':'N-1','not_counted':false,"
    "'purpose':'working capital'",
    [EVENT_FINANCING_DRAWDOWN] =
        CONTRACT ",'money':{'currency':'USD','value':'100.00'},'value_on':'2026-04-15'",
    [EVENT_FINANCING_REPAYMENT] = CONTRACT ",'money':{'currency':'USD','value':'100.00'}",
    [EVENT_FINANCING_INTEREST] =
        CONTRACT ",'money':{'currency':'USD','value':'100.00'},'period_from':'2026-01-01',"
                 "'period_to':'2026-06-30'",
    [EVENT_FINANCING_CAPITALISATION] = CONTRACT ",'money':{'currency':'USD','value':'100.00'}",
    [EVENT_FINANCING_EXTENSION] = CONTRACT ",'matures_on':'2030-04-20','agreed_on':'2026-04-13'",
    [EVENT_FINANCING_AMENDMENT] =
        CONTRACT ",'money':{'currency':'USD','value':'100.00'},'agreed_on':'2026-04-13'",
    [EVENT_FINANCING_ASSIGNMENT] = CONTRACT ",'creditor':" CREDITOR ",'agreed_on':'2026-04-13'",
    [EVENT_FINANCING_FORGIVENESS] =
        CONTRACT ",'money':{'currency':'USD','value':'100.00'},'evidence_no':'E-3'",
    [EVENT_FINANCING_EQUITY_CONVERSION] =
        CONTRACT ",'money':{'currency':'USD','value':'100.00'},'evidence_no':'E-4'," REGISTRATION
                 ",'investor_no':'I1'",
    [EVENT_FINANCING_CANCELLATION] = CONTRACT,
    [EVENT_FINANCING_DEREGISTRATION] = CONTRACT,
    [EVENT_OUTBOUND_PRELIMINARY] = APPLICATION
    ",'planned_total':{'currency':'USD','value':'40000000.00'},'money':{'currency':'USD','value':'2500000.00'},'purpose':'tender deposit'",
    [EVENT_OUTBOUND_PRELIMINARY_REMITTANCE] =
        APPLICATION ",'money':{'currency':'USD','value':'100.00'},'payee':'Hafen AG'",
    [EVENT_OUTBOUND_PRELIMINARY_REFUND] =
        APPLICATION ",'money':{'currency':'USD','value':'100.00'}",
    [EVENT_OUTBOUND_REGISTRATION] = REGISTRATION
    "," APPLICATION ",'route':'DIRECT','target':" PARTY
    ",'industry':'C35','sensitive':false,'central_enterprise':false,'total':{'currency':'USD','value':'50000000.00'},'cash':{'currency':'USD','value':'40000000.00'},'ndrc':" NDRC
    ",'mofcom':" MOFCOM,
    [EVENT_OUTBOUND_REMITTANCE] = REGISTRATION
    ",'money':{'currency':'USD','value':'100.00'},'payee':{'name':'Hafen AG',"
    "'country':'DEU','bic':'DEUTDEFF500'},'declaration_no':'210100000123260413A001',"
    "'explained':'agent'",
    [EVENT_OUTBOUND_IN_KIND] =
        REGISTRATION ",'money':{'currency':'USD','value':'100.00'},'customs_no':'C-1'",
    [EVENT_OUTBOUND_CHANGE] = REGISTRATION
    ",'cash_delta':{'currency':'USD','value':'-100.00'},'ndrc':" NDRC ",'mofcom':" MOFCOM,
    [EVENT_OUTBOUND_PROFIT_RETURN] =
        REGISTRATION ",'money':{'currency':'USD','value':'100.00'},'evidence_no':'E-5',"
                     "'kind':'dividend'",
    [EVENT_OUTBOUND_CAPITAL_RETURN] = REGISTRATION
    ",'money':{'currency':'USD','value':'100.00'},'evidence_no':'E-6','kind':'sale'",
    [EVENT_OUTBOUND_COMPLETION] = REGISTRATION ",'completed_on':'2026-04-01'",
    [EVENT_OUTBOUND_CLOSURE] = REGISTRATION ",'kind':'LIQUIDATED','evidence_no':'E-7'",
    [EVENT_OUTBOUND_LENDING_BASIS] =
        "'equity':{'currency':'CNY','value':'500000000.00'},'audited_on':'2026-03-01',"
        "'audit_no':'A-2','established_on':'2010-01-01'",
    [EVENT_OUTBOUND_LOAN] = LOAN
    ",'borrower':" PARTY
    ",'relation':'SUBSIDIARY','money':{'currency':'USD','value':'100.00'},'signed_on':'2026-04-13','matures_on':'2027-04-13'",
    [EVENT_OUTBOUND_LOAN_REMITTANCE] = LOAN ",'money':{'currency':'USD','value':'100.00'}",
    [EVENT_OUTBOUND_LOAN_RETURN] = LOAN ",'money':{'currency':'USD','value':'100.00'}",
    [EVENT_OUTBOUND_LOAN_EXTENSION] = LOAN ",'matures_on':'2028-04-13'",
    [EVENT_OUTBOUND_LOAN_CLOSURE] = LOAN,
    [EVENT_REVERSAL] = "'reverses':'019a3f52-6c1e-7d40-9f6b-2f3a51c0d003','reason':'entered twice'",
    [EVENT_REVIEW] =
        "'reviews':'019a3f52-6c1e-7d40-9f6b-2f3a51c0d004','reviewed_bank':'210100000999',"
        "'verdict':'APPROVE','officer':'li.wei','reason':'在范围内'",
    [EVENT_WITHDRAWAL] = "'withdraws':'019a3f52-6c1e-7d40-9f6b-2f3a51c0d005','reason':'mistake'",
};

const char *filing_sample(enum event event)
{
    static char text[4096];

    (void)snprintf(text, sizeof(text),
                   "{'filing_id':'019a3f52-6c1e-7d40-9f6b-2f3a51c0d001','bank':'210100000123',"
                   "'sequence':17,'enterprise':'91110000600037341L','event':'%s','business_date':"
                   "'2026-04-13','maker':'op017','checker':'op204','note':'第一笔','details':{%s}}",
                   event_name(event), details[event] ? details[event] : "");
    return text;
}
