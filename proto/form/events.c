#include <assert.h>
#include <string.h>

#include "form/filing.h"

static const char *const events[EVENT_N] = {
    [EVENT_NONE] = "",
#define EVENT(NAME, member, name) [EVENT_##NAME] = (name),
#include "form/events.def"
#undef EVENT
    [EVENT_BULLETIN] = "bulletin",
};

/* A column of its own: clang-format 14 crashes on rows that a macro fills. */
static const uint8_t events_n[EVENT_N] = {
#define EVENT(NAME, member, name) [EVENT_##NAME] = sizeof(name) - 1,
#include "form/events.def"
#undef EVENT
};

/* By length of the name, then by bytes: most steps of the search compare two numbers.  A test
 * asserts the order. */
static const uint8_t events_by_length[] = {
    EVENT_REVIEW,
    EVENT_REVERSAL,
    EVENT_FDI_INFLOW,
    EVENT_WITHDRAWAL,
    EVENT_FDI_PAYMENT,
    EVENT_FDI_DECREASE,
    EVENT_FDI_INCREASE,
    EVENT_FDI_TRANSFER,
    EVENT_OUTBOUND_LOAN,
    EVENT_FDI_SETTLEMENT,
    EVENT_FDI_LIQUIDATION,
    EVENT_FDI_PRELIMINARY,
    EVENT_OUTBOUND_CHANGE,
    EVENT_FDI_REGISTRATION,
    EVENT_FDI_REINVESTMENT,
    EVENT_OUTBOUND_CLOSURE,
    EVENT_OUTBOUND_IN_KIND,
    EVENT_FINANCING_PROFILE,
    EVENT_FDI_DEREGISTRATION,
    EVENT_FINANCING_CONTRACT,
    EVENT_FINANCING_DRAWDOWN,
    EVENT_FINANCING_INTEREST,
    EVENT_FINANCING_AMENDMENT,
    EVENT_FINANCING_EXTENSION,
    EVENT_FINANCING_REPAYMENT,
    EVENT_OUTBOUND_COMPLETION,
    EVENT_OUTBOUND_REMITTANCE,
    EVENT_FINANCING_ASSIGNMENT,
    EVENT_OUTBOUND_LOAN_RETURN,
    EVENT_OUTBOUND_PRELIMINARY,
    EVENT_FDI_PROFIT_REMITTANCE,
    EVENT_FINANCING_FORGIVENESS,
    EVENT_OUTBOUND_LOAN_CLOSURE,
    EVENT_OUTBOUND_REGISTRATION,
    EVENT_FDI_OUTWARD_REMITTANCE,
    EVENT_FDI_PRELIMINARY_INFLOW,
    EVENT_FDI_PRELIMINARY_REFUND,
    EVENT_FINANCING_CANCELLATION,
    EVENT_OUTBOUND_LENDING_BASIS,
    EVENT_OUTBOUND_PROFIT_RETURN,
    EVENT_FDI_PRELIMINARY_CONVERT,
    EVENT_OUTBOUND_CAPITAL_RETURN,
    EVENT_OUTBOUND_LOAN_EXTENSION,
    EVENT_FINANCING_CAPITALISATION,
    EVENT_FINANCING_DEREGISTRATION,
    EVENT_OUTBOUND_LOAN_REMITTANCE,
    EVENT_FINANCING_EQUITY_CONVERSION,
    EVENT_OUTBOUND_PRELIMINARY_REFUND,
    EVENT_OUTBOUND_PRELIMINARY_REMITTANCE,
};

#define EVENTS_FILED_N (sizeof(events_by_length) / sizeof(events_by_length[0]))
_Static_assert(EVENTS_FILED_N == EVENT_BULLETIN - 1, "every event that can be filed is found");

const char *event_name(enum event event)
{
    assert(event < EVENT_N);
    return events[event];
}

static int event_order(enum event event, const char *s, size_t n)
{
    if (events_n[event] != n) {
        return events_n[event] < n ? -1 : 1;
    }
    return memcmp(events[event], s, n);
}

enum event event_find(const char *s, size_t n)
{
    size_t low = 0;
    size_t high = EVENTS_FILED_N;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        const enum event event = (enum event)events_by_length[middle];
        const int order = event_order(event, s, n);

        if (order == 0) {
            return event;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return EVENT_NONE;
}
