#include "consumers/core/naming.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* Where the details of an event keep their numbers: 1 + offset in union details, 0 = not there. */
struct places {
    uint16_t registration;
    uint16_t application;
    uint16_t contract;
    uint16_t loan;
    uint16_t investor;
    enum space group; /* SPACE_FINANCING or SPACE_LENDING, else SPACE_NONE */
};

#define AT(member, field) (uint16_t)(1 + offsetof(union details, member.field))
#define REGISTRATION_OF(member)                                                                    \
    {                                                                                              \
        .registration = AT(member, registration_no)                                                \
    }
#define APPLICATION_OF(member)                                                                     \
    {                                                                                              \
        .application = AT(member, application_no)                                                  \
    }
#define CONTRACT_OF(member)                                                                        \
    {                                                                                              \
        .contract = AT(member, contract_no), .group = SPACE_FINANCING                              \
    }
#define LOAN_OF(member)                                                                            \
    {                                                                                              \
        .loan = AT(member, loan_no), .group = SPACE_LENDING                                        \
    }
#define INVESTOR_OF(member)                                                                        \
    {                                                                                              \
        .registration = AT(member, registration_no), .investor = AT(member, investor_no)           \
    }

static const struct places places[EVENT_N] = {
    [EVENT_FDI_PRELIMINARY] = APPLICATION_OF(fdi_preliminary),
    [EVENT_FDI_PRELIMINARY_INFLOW] = APPLICATION_OF(fdi_preliminary_inflow),
    [EVENT_FDI_PRELIMINARY_REFUND] = APPLICATION_OF(fdi_preliminary_refund),
    [EVENT_FDI_REGISTRATION] = REGISTRATION_OF(fdi_registration),
    [EVENT_FDI_INFLOW] = INVESTOR_OF(fdi_inflow),
    [EVENT_FDI_PRELIMINARY_CONVERT] = {.registration = AT(fdi_preliminary_convert, registration_no),
                                       .application = AT(fdi_preliminary_convert, application_no),
                                       .investor = AT(fdi_preliminary_convert, investor_no)},
    [EVENT_FDI_INCREASE] = INVESTOR_OF(fdi_increase),
    [EVENT_FDI_DECREASE] = INVESTOR_OF(fdi_decrease),
    [EVENT_FDI_TRANSFER] = REGISTRATION_OF(fdi_transfer),
    [EVENT_FDI_SETTLEMENT] = REGISTRATION_OF(fdi_settlement),
    [EVENT_FDI_PAYMENT] = REGISTRATION_OF(fdi_payment),
    [EVENT_FDI_REINVESTMENT] = REGISTRATION_OF(fdi_reinvestment),
    [EVENT_FDI_PROFIT_REMITTANCE] = REGISTRATION_OF(fdi_profit_remittance),
    [EVENT_FDI_OUTWARD_REMITTANCE] = REGISTRATION_OF(fdi_outward_remittance),
    [EVENT_FDI_LIQUIDATION] = REGISTRATION_OF(fdi_liquidation),
    [EVENT_FDI_DEREGISTRATION] = REGISTRATION_OF(fdi_deregistration),
    [EVENT_FINANCING_PROFILE] = {.group = SPACE_FINANCING},
    [EVENT_FINANCING_CONTRACT] = CONTRACT_OF(financing_contract),
    [EVENT_FINANCING_DRAWDOWN] = CONTRACT_OF(financing_drawdown),
    [EVENT_FINANCING_REPAYMENT] = CONTRACT_OF(financing_repayment),
    [EVENT_FINANCING_INTEREST] = {.contract = AT(financing_interest, contract_no)},
    [EVENT_FINANCING_CAPITALISATION] = CONTRACT_OF(financing_capitalisation),
    [EVENT_FINANCING_EXTENSION] = CONTRACT_OF(financing_extension),
    [EVENT_FINANCING_AMENDMENT] = CONTRACT_OF(financing_amendment),
    [EVENT_FINANCING_ASSIGNMENT] = {.contract = AT(financing_assignment, contract_no)},
    [EVENT_FINANCING_FORGIVENESS] = CONTRACT_OF(financing_forgiveness),
    [EVENT_FINANCING_EQUITY_CONVERSION] = {.registration =
                                               AT(financing_equity_conversion, registration_no),
                                           .contract = AT(financing_equity_conversion, contract_no),
                                           .investor = AT(financing_equity_conversion, investor_no),
                                           .group = SPACE_FINANCING},
    [EVENT_FINANCING_CANCELLATION] = CONTRACT_OF(financing_cancellation),
    [EVENT_FINANCING_DEREGISTRATION] = CONTRACT_OF(financing_deregistration),
    [EVENT_OUTBOUND_PRELIMINARY] = APPLICATION_OF(outbound_preliminary),
    [EVENT_OUTBOUND_PRELIMINARY_REMITTANCE] = APPLICATION_OF(outbound_preliminary_remittance),
    [EVENT_OUTBOUND_PRELIMINARY_REFUND] = APPLICATION_OF(outbound_preliminary_refund),
    [EVENT_OUTBOUND_REGISTRATION] = {.registration = AT(outbound_registration, registration_no),
                                     .application = AT(outbound_registration, application_no)},
    [EVENT_OUTBOUND_REMITTANCE] = REGISTRATION_OF(outbound_remittance),
    [EVENT_OUTBOUND_IN_KIND] = REGISTRATION_OF(outbound_in_kind),
    [EVENT_OUTBOUND_CHANGE] = REGISTRATION_OF(outbound_change),
    [EVENT_OUTBOUND_PROFIT_RETURN] = REGISTRATION_OF(outbound_profit_return),
    [EVENT_OUTBOUND_CAPITAL_RETURN] = REGISTRATION_OF(outbound_capital_return),
    [EVENT_OUTBOUND_COMPLETION] = REGISTRATION_OF(outbound_completion),
    [EVENT_OUTBOUND_CLOSURE] = REGISTRATION_OF(outbound_closure),
    [EVENT_OUTBOUND_LENDING_BASIS] = {.group = SPACE_LENDING},
    [EVENT_OUTBOUND_LOAN] = LOAN_OF(outbound_loan),
    [EVENT_OUTBOUND_LOAN_REMITTANCE] = LOAN_OF(outbound_loan_remittance),
    [EVENT_OUTBOUND_LOAN_RETURN] = LOAN_OF(outbound_loan_return),
    [EVENT_OUTBOUND_LOAN_EXTENSION] = {.loan = AT(outbound_loan_extension, loan_no)},
    [EVENT_OUTBOUND_LOAN_CLOSURE] = LOAN_OF(outbound_loan_closure),
};

static struct text text_at(const struct filing *filing, uint16_t place)
{
    struct text text = {.at = NULL, .n = 0};

    if (place > 0) {
        memcpy(&text, (const char *)&filing->details + place - 1, sizeof(text));
    }
    return text;
}

static uint32_t add(struct held_key *keys, uint32_t n, enum space space, struct text number)
{
    if (number.n == 0) {
        return n;
    }
    assert(n < HELD_KEYS_MAX && number.n < OBJECT_NUMBER_SIZE);
    keys[n].space = space;
    memset(keys[n].number, 0, sizeof(keys[n].number));
    memcpy(keys[n].number, number.at, number.n);
    return n + 1;
}

static uint32_t add_group(struct held_key *keys, uint32_t n, enum event event)
{
    if (places[event].group == SPACE_NONE) {
        return n;
    }
    assert(n < HELD_KEYS_MAX);
    keys[n] = (struct held_key){.space = places[event].group};
    return n + 1;
}

static uint32_t keys_of_undo(const struct undo *undo, struct held_key *keys)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < undo->objects_n; i++) {
        const struct object *object = &undo->objects[i].before;

        n = add(keys, n, object_space(object->kind),
                (struct text){.at = object->number, .n = (uint32_t)strlen(object->number)});
    }
    return add_group(keys, n, undo->event);
}

uint32_t naming_keys(const struct filing *filing, const struct undo *original,
                     struct held_key keys[HELD_KEYS_MAX])
{
    const struct places *at = &places[filing->event];
    uint32_t n = 0;

    if (filing->event == EVENT_REVERSAL) {
        return original != NULL ? keys_of_undo(original, keys) : 0;
    }
    n = add(keys, n, SPACE_REGISTRATION, text_at(filing, at->registration));
    n = add(keys, n, SPACE_APPLICATION, text_at(filing, at->application));
    n = add(keys, n, SPACE_CONTRACT, text_at(filing, at->contract));
    n = add(keys, n, SPACE_LOAN, text_at(filing, at->loan));
    return add_group(keys, n, filing->event);
}

static bool is_same(struct text text, const char *s)
{
    return text.n > 0 && text.n == strlen(s) && memcmp(text.at, s, text.n) == 0;
}

/* The place of the number that a limit of this kind carries. */
static uint16_t place_of(const struct places *at, enum limit_kind kind)
{
    switch (kind) {
    case LIMIT_FDI_INFLOW:
    case LIMIT_FDI_EXCESS:
    case LIMIT_FDI_CAPITAL:
    case LIMIT_FDI_SETTLED:
    case LIMIT_FDI_OUTFLOW:
    case LIMIT_FDI_PROFIT:
    case LIMIT_OUTBOUND_REMITTANCE:
        return at->registration;
    case LIMIT_FDI_PRELIMINARY:
    case LIMIT_OUTBOUND_PRELIMINARY:
        return at->application;
    case LIMIT_FINANCING_CONTRACT:
    case LIMIT_FINANCING_PRINCIPAL:
        return at->contract;
    case LIMIT_OUTBOUND_LOAN:
        return at->loan;
    case LIMIT_NONE:
    case LIMIT_FINANCING_MACROPRUDENTIAL:
    case LIMIT_FINANCING_GAP:
    case LIMIT_FINANCING_FACILITATION:
    case LIMIT_OUTBOUND_LENDING:
    case LIMIT_N:
        break;
    }
    return 0;
}

void naming_own_object(const struct filing *filing, struct limit_id *id)
{
    struct text number = text_at(filing, place_of(&places[filing->event], id->kind));

    assert(number.n < sizeof(id->object));
    if (number.n > 0) {
        memcpy(id->object, number.at, number.n);
    }
    id->object[number.n] = '\0';
}

bool naming_is_own(const struct filing *filing, const struct limit_id *id)
{
    const struct places *at = &places[filing->event];

    if (!is_same(text_at(filing, place_of(at, id->kind)), id->object)) {
        return false;
    }
    if (id->kind == LIMIT_FDI_INFLOW) {
        return is_same(text_at(filing, at->investor), id->part);
    }
    return true; /* the only event that posts to profit and names a registration names its year */
}
