#include "wire/decision_json.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "form/date.h"
#include "form/iso.h"
#include "form/money.h"
#include "form/text.h"
#include "wire/json.h"

/* A comma unless it is the first member of its object or list. */
static void put_comma(struct buffer *out)
{
    uint8_t last = out->n > 0 ? out->at[out->n - 1] : '{';

    if (last != '{' && last != '[') {
        buffer_char(out, ',');
    }
}

static void put_name(struct buffer *out, const char *name)
{
    put_comma(out);
    buffer_char(out, '"');
    buffer_text(out, name);
    buffer_text(out, "\":");
}

static struct text text_of(const char *s)
{
    return (struct text){.at = s, .n = (uint32_t)strlen(s)};
}

/* Left out when it is empty or not UTF-8. */
static void put_field(struct buffer *out, const char *name, struct text text)
{
    if (text.n > 0 && text_utf8_valid(text.at, text.n)) {
        put_name(out, name);
        json_put_text(out, text);
    }
}

static void put_word(struct buffer *out, const char *name, const char *word)
{
    put_field(out, name, text_of(word));
}

static void put_unsigned(struct buffer *out, const char *name, uint64_t value)
{
    put_name(out, name);
    buffer_printf(out, "%" PRIu64, value);
}

static void put_offset(struct buffer *out, const char *name, int64_t value)
{
    put_name(out, name);
    buffer_printf(out, "%" PRId64, value);
}

static void put_date(struct buffer *out, const char *name, int32_t on)
{
    char text[DATE_TEXT_SIZE];

    if (on != DATE_FIRST && on != DATE_LAST) {
        date_format(on, text);
        put_word(out, name, text);
    }
}

static void put_hex(struct buffer *out, const char *name, const uint8_t digest[DIGEST_SIZE])
{
    char text[2 * DIGEST_SIZE + 1];

    hex_encode((struct bytes){.at = digest, .n = DIGEST_SIZE}, text);
    put_word(out, name, text);
}

static const char *currency_alpha(int32_t currency)
{
    return currency == CURRENCY_NONE ? "" : iso_currency(currency)->alpha;
}

static void amount_format(int64_t minor, int32_t currency, char out[MONEY_TEXT_SIZE])
{
    int exponent = currency == CURRENCY_NONE ? 0 : iso_currency(currency)->exponent;

    (void)money_format(minor, exponent < 0 ? 0 : exponent, out, MONEY_TEXT_SIZE);
}

static void put_amount(struct buffer *out, const char *name, int64_t minor, int32_t currency)
{
    char text[MONEY_TEXT_SIZE];

    amount_format(minor, currency, text);
    put_word(out, name, text);
}

static void put_limit(struct buffer *out, const struct limit_id *id)
{
    char text[LIMIT_ID_SIZE];

    (void)limit_id_format(id, text);
    put_word(out, "limit", text);
}

void reason_put_text(const struct reason *reason, struct buffer *out)
{
    char free_text[MONEY_TEXT_SIZE];
    char asked_text[MONEY_TEXT_SIZE];
    char limit[LIMIT_ID_SIZE] = "";
    const char *currency = currency_alpha(reason->currency);

    buffer_text(out, code_english(reason->code));
    if (reason->limit.kind != LIMIT_NONE) {
        (void)limit_id_format(&reason->limit, limit);
    }
    if (reason->has_amounts) {
        amount_format(reason->free_minor, reason->currency, free_text);
        amount_format(reason->asked_minor, reason->currency, asked_text);
        buffer_printf(out, ": %s %s free%s%s, %s %s asked", currency, free_text,
                      limit[0] ? " in " : "", limit, currency, asked_text);
    } else if (limit[0]) {
        buffer_printf(out, ": %s", limit);
    }
    if (reason->note.n > 0 && text_utf8_valid(reason->note.at, reason->note.n)) {
        buffer_text(out, ": ");
        buffer_append(out, reason->note.at, reason->note.n);
    }
}

/* The sentence as a JSON text: made behind the line, escaped into it, and taken back. */
static void put_reason_text(struct buffer *out, const struct reason *reason)
{
    struct buffer sentence;

    buffer_init(&sentence, 4096);
    reason_put_text(reason, &sentence);
    put_word(out, "text", buffer_cstr(&sentence));
    if (sentence.status && !out->status) {
        out->status = sentence.status;
    }
    buffer_fini(&sentence);
}

static void put_reason(struct buffer *out, const struct reason *reason)
{
    put_comma(out);
    buffer_char(out, '{');
    put_word(out, "code", code_name(reason->code));
    put_unsigned(out, "number", reason->code);
    put_word(out, "field", reason->field);
    if (reason->limit.kind != LIMIT_NONE) {
        put_limit(out, &reason->limit);
    }
    if (reason->has_amounts) {
        put_word(out, "currency", currency_alpha(reason->currency));
        put_amount(out, "free", reason->free_minor, reason->currency);
        put_amount(out, "asked", reason->asked_minor, reason->currency);
    }
    put_reason_text(out, reason);
    put_word(out, "next", next_name(code_next(reason->code)));
    buffer_char(out, '}');
}

static void put_amounts(struct buffer *out, const char *name, const struct amounts *amounts,
                        int32_t currency)
{
    put_name(out, name);
    buffer_char(out, '{');
    put_amount(out, "limit", amounts->limit, currency);
    put_amount(out, "used", amounts->used, currency);
    put_amount(out, "reserved", amounts->reserved, currency);
    buffer_char(out, '}');
}

static void put_posting(struct buffer *out, const struct posting *posting,
                        const struct own_numbers *own)
{
    struct limit_id id = posting->id;

    if (posting->own && own) {
        own_numbers_fill(own, &id);
    }
    put_comma(out);
    buffer_char(out, '{');
    put_limit(out, &id);
    put_word(out, "currency", currency_alpha(posting->currency));
    put_amounts(out, "change", &posting->change, posting->currency);
    put_amounts(out, "after", &posting->after, posting->currency);
    buffer_char(out, '}');
}

static void put_parameter(struct buffer *out, const struct parameter *parameter)
{
    put_comma(out);
    buffer_char(out, '{');
    put_field(out, "id", parameter->id);
    put_field(out, "subject", parameter->subject);
    put_field(out, "region", parameter->region);
    put_date(out, "from", parameter->from_on);
    put_field(out, "value", parameter->value);
    buffer_char(out, '}');
}

static void put_parameters(struct buffer *out, const struct decision *decision,
                           const struct policy *policy)
{
    if (!policy || decision->parameters_n == 0) {
        return;
    }
    put_name(out, "parameters");
    buffer_char(out, '[');
    for (uint32_t i = 0; i < decision->parameters_n; i++) {
        if (decision->parameters[i] < policy->parameters_n) {
            put_parameter(out, &policy->parameters[decision->parameters[i]]);
        }
    }
    buffer_char(out, ']');
}

static void put_basis(struct buffer *out, const struct decision *decision,
                      const struct policy *policy)
{
    char text[DATE_TEXT_SIZE];

    put_name(out, "basis");
    buffer_char(out, '{');
    put_unsigned(out, "policy", decision->policy);
    put_unsigned(out, "rules", decision->rules);
    put_parameters(out, decision, policy);
    if (decision->sheets_n > 0) {
        put_name(out, "rate_sheets");
        buffer_char(out, '[');
        for (uint32_t i = 0; i < decision->sheets_n; i++) {
            date_format(decision->sheets[i], text);
            put_comma(out);
            json_put_text(out, text_of(text));
        }
        buffer_char(out, ']');
    }
    buffer_char(out, '}');
}

static void put_flags(struct buffer *out, uint32_t flags)
{
    put_name(out, "flags");
    buffer_char(out, '[');
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        if (flags & 1u << i) {
            put_comma(out);
            json_put_text(out, text_of(flag_name((enum flag)(1u << i))));
        }
    }
    buffer_char(out, ']');
}

/* Where the decision stands, what it is about and what it says. */
static void put_head(struct buffer *out, const struct decision *decision)
{
    char received[CLOCK_TEXT_SIZE];

    put_unsigned(out, "partition", decision->partition);
    put_unsigned(out, "number", decision->number);
    put_name(out, "input");
    buffer_char(out, '{');
    put_offset(out, "offset", decision->input_offset);
    put_hex(out, "sha256", decision->input_hash);
    buffer_char(out, '}');
    put_name(out, "trigger");
    buffer_char(out, '{');
    put_offset(out, "offset", decision->trigger_offset);
    buffer_char(out, '}');
    put_field(out, "filing_id", decision->identity.filing_id);
    put_field(out, "bank", decision->identity.bank);
    put_field(out, "enterprise", decision->identity.enterprise);
    if (decision->event == EVENT_NONE) {
        put_field(out, "event", decision->identity.event);
    } else {
        put_word(out, "event", event_name(decision->event));
    }
    put_field(out, "business_date", decision->identity.business_date);
    clock_format(decision->received_ms, received);
    put_word(out, "received_at", received);
    put_word(out, "outcome", outcome_name(decision->outcome));
}

static void put_lists(struct buffer *out, const struct decision *decision,
                      const struct decision_texts *texts)
{
    if (decision->reasons.n > 0) {
        put_name(out, "reasons");
        buffer_char(out, '[');
        for (uint32_t i = 0; i < decision->reasons.n; i++) {
            put_reason(out, &decision->reasons.at[i]);
        }
        buffer_char(out, ']');
    }
    if (decision->flags != 0) {
        put_flags(out, decision->flags);
    }
    if (decision->postings_n > 0) {
        put_name(out, "postings");
        buffer_char(out, '[');
        for (uint32_t i = 0; i < decision->postings_n; i++) {
            put_posting(out, &decision->postings[i], texts->own);
        }
        buffer_char(out, ']');
    }
}

enum status decision_to_json(const struct decision *decision, const struct decision_texts *texts,
                             struct buffer *out, struct failure *err)
{
    buffer_char(out, '{');
    put_head(out, decision);
    put_lists(out, decision, texts);
    if (decision->has_returned) {
        put_name(out, "returned");
        buffer_char(out, '{');
        put_word(out, "currency", currency_alpha(decision->returned.currency));
        put_amount(out, "value", decision->returned.minor, decision->returned.currency);
        buffer_char(out, '}');
    }
    if (decision->has_basis) {
        put_basis(out, decision, texts->policy);
    }
    if (decision->has_bulletin) {
        put_unsigned(out, "bulletin", decision->bulletin);
    }
    if (decision->refers_to != 0) {
        put_name(out, "refers_to");
        buffer_char(out, '{');
        put_unsigned(out, "number", decision->refers_to);
        buffer_char(out, '}');
    }
    if (decision->reasons.more > 0) {
        put_unsigned(out, "more_reasons", decision->reasons.more);
    }
    put_hex(out, "chain", decision->chain);
    buffer_char(out, '}');
    return buffer_check(out, err);
}
