#include "form/decision.h"

#include <string.h>

/* Every member but the arrays by hand: zeroing those would touch 60 KB for each decision. */
void decision_reset(struct decision *decision)
{
    decision->partition = 0;
    decision->number = 0;
    decision->input_offset = 0;
    memset(decision->input_hash, 0, sizeof(decision->input_hash));
    decision->trigger_offset = 0;
    decision->received_ms = 0;
    decision->identity = (struct identity){0};
    decision->event = EVENT_NONE;
    decision->outcome = OUTCOME_NONE;
    decision->flags = 0;
    decision->has_returned = false;
    decision->returned = (struct money){.currency = CURRENCY_NONE};
    decision->has_basis = false;
    decision->policy = 0;
    decision->rules = 0;
    decision->parameters_n = 0;
    decision->sheets_n = 0;
    decision->has_bulletin = false;
    decision->bulletin = 0;
    decision->refers_to = 0;
    memset(decision->chain, 0, sizeof(decision->chain));
    reasons_reset(&decision->reasons);
    decision->postings_n = 0;
}

const char *outcome_name(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_NONE:
        return "";
    case OUTCOME_ACCEPTED:
        return "ACCEPTED";
    case OUTCOME_REJECTED:
        return "REJECTED";
    case OUTCOME_HELD:
        return "HELD";
    case OUTCOME_DUPLICATE:
        return "DUPLICATE";
    }
    return "";
}

const char *flag_name(enum flag flag)
{
    switch (flag) {
    case FLAG_LATE:
        return "LATE";
    case FLAG_GRANDFATHERED:
        return "GRANDFATHERED";
    case FLAG_EXCESS:
        return "EXCESS";
    case FLAG_EXCESS_RETURNED:
        return "EXCESS_RETURNED";
    case FLAG_NEAR_LIMIT_80:
        return "NEAR_LIMIT_80";
    case FLAG_NEAR_LIMIT_90:
        return "NEAR_LIMIT_90";
    case FLAG_LIMIT_FULL:
        return "LIMIT_FULL";
    case FLAG_PAY_IN_LATE:
        return "PAY_IN_LATE";
    case FLAG_UNCONFIRMED_BASIS:
        return "UNCONFIRMED_BASIS";
    }
    return "";
}
