#include "form/form_value.h"

#include <string.h>

#include "form/date.h"
#include "form/identifiers.h"
#include "form/iso.h"
#include "form/money.h"
#include "form/text.h"

#define DECLARATION_SIZE 22 /* rulebook F1 */

int32_t form_choice_find(const char *words, struct text word)
{
    int32_t place = 1;

    while (*words != '\0') {
        uint32_t n = 0;

        while (words[n] != '\0' && words[n] != '|') {
            n++;
        }
        if (n == word.n && memcmp(words, word.at, n) == 0) {
            return place;
        }
        words += words[n] == '|' ? n + 1 : n;
        place++;
    }
    return 0;
}

bool form_text_valid(struct text text, int64_t characters_max)
{
    return text_utf8_valid(text.at, text.n) && !text_has_control(text.at, text.n) &&
           (text.n <= characters_max ||
            text_code_points(text.at, text.n) <= (size_t)characters_max);
}

static bool text_has_nul(struct text text)
{
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.at[i] == '\0') {
            return true;
        }
    }
    return false;
}

/* The code of a text that is not in the format of its field. */
static enum code format_code(struct text text, enum code own)
{
    return text_utf8_valid(text.at, text.n) && !text_has_nul(text) ? own : CODE_TEXT;
}

/* A field that is kept as the text that it is. */
static enum code string_read(const struct field *field, struct text text, struct text *ret)
{
    bool ok = false;
    enum code own = CODE_SCHEMA;

    switch (field->kind) {
    case FIELD_TEXT:
        ok = form_text_valid(text, field->max);
        own = CODE_TEXT;
        break;
    case FIELD_TOKEN:
        ok = text_is_token(text.at, text.n);
        break;
    case FIELD_NUMBER:
        ok = registration_no_valid(text.at, text.n);
        own = CODE_REGISTRATION_NO;
        break;
    case FIELD_UUID:
        ok = uuid_valid(text.at, text.n);
        own = CODE_FILING_ID;
        break;
    case FIELD_BANK:
        ok = bank_code_valid(text.at, text.n);
        own = CODE_BANK_CODE;
        break;
    case FIELD_USCC:
        ok = uscc_valid(text.at, text.n);
        own = CODE_ENTERPRISE_CODE;
        break;
    case FIELD_INDUSTRY:
        ok = industry_valid(text.at, text.n);
        own = CODE_INDUSTRY;
        break;
    case FIELD_REGION:
        ok = region_valid(text.at, text.n);
        break;
    case FIELD_BIC:
        ok = bic_valid(text.at, text.n);
        own = CODE_PARTY_CODE;
        break;
    case FIELD_LEI:
        ok = lei_valid(text.at, text.n);
        own = CODE_PARTY_CODE;
        break;
    case FIELD_DECLARATION:
        ok = text_is_upper_alnum(text.at, text.n, DECLARATION_SIZE, DECLARATION_SIZE);
        break;
    default:
        break;
    }
    if (!ok) {
        return format_code(text, own);
    }
    *ret = text;
    return CODE_NONE;
}

static enum code date_read(struct text text, int32_t *ret)
{
    return date_parse(text.at, text.n, ret) ? CODE_NONE : format_code(text, CODE_DATE_INVALID);
}

static enum code country_read(struct text text, int32_t *ret)
{
    const int country = iso_country_find(text.at, text.n);

    if (country < 0) {
        return format_code(text, CODE_COUNTRY);
    }
    *ret = country;
    return CODE_NONE;
}

static enum code choice_read(const struct field *field, struct text text, int32_t *ret)
{
    const int32_t choice = form_choice_find(field->words, text);

    if (choice == 0) {
        return format_code(text, CODE_SCHEMA);
    }
    *ret = choice;
    return CODE_NONE;
}

static enum code event_read(struct text text, enum event *ret)
{
    const enum event event = event_find(text.at, text.n);

    if (event == EVENT_NONE) {
        return format_code(text, CODE_SCHEMA);
    }
    *ret = event;
    return CODE_NONE;
}

static enum code integer_read(const struct field *field, const struct node *node, int64_t *ret)
{
    if (node->kind != NODE_INTEGER || node->integer < field->min || node->integer > field->max) {
        return CODE_SCHEMA;
    }
    *ret = node->integer;
    return CODE_NONE;
}

static enum code boolean_read(const struct node *node, bool *ret)
{
    if (node->kind != NODE_BOOLEAN) {
        return CODE_SCHEMA;
    }
    *ret = node->integer != 0;
    return CODE_NONE;
}

enum code form_value_read(const struct field *field, const struct node *node, void *out)
{
    if (field->kind == FIELD_INTEGER) {
        return integer_read(field, node, out);
    }
    if (field->kind == FIELD_BOOLEAN) {
        return boolean_read(node, out);
    }
    if (node->kind != NODE_TEXT) {
        return CODE_SCHEMA;
    }
    switch (field->kind) {
    case FIELD_DATE:
        return date_read(node->text, out);
    case FIELD_COUNTRY:
        return country_read(node->text, out);
    case FIELD_CHOICE:
        return choice_read(field, node->text, out);
    case FIELD_EVENT:
        return event_read(node->text, out);
    default:
        return string_read(field, node->text, out);
    }
}

void form_value_clear(const struct field *field, void *out)
{
    switch (field->kind) {
    case FIELD_DATE:
        *(int32_t *)out = DATE_NONE;
        break;
    case FIELD_COUNTRY:
        *(int32_t *)out = COUNTRY_NONE;
        break;
    case FIELD_CHOICE:
        *(int32_t *)out = 0;
        break;
    case FIELD_EVENT:
        *(enum event *)out = EVENT_NONE;
        break;
    case FIELD_INTEGER:
        *(int64_t *)out = 0;
        break;
    case FIELD_BOOLEAN:
        *(bool *)out = false;
        break;
    case FIELD_MONEY:
        *(struct money *)out = (struct money){.minor = 0, .currency = CURRENCY_NONE};
        break;
    default:
        *(struct text *)out = (struct text){.at = NULL, .n = 0};
        break;
    }
}

enum code form_currency_read(const struct field *field, const struct node *node,
                             int32_t business_on, int32_t *ret)
{
    const struct currency *currency;
    int i;

    *ret = CURRENCY_NONE;
    if (node->kind != NODE_TEXT) {
        return CODE_SCHEMA;
    }
    i = iso_currency_find(node->text.at, node->text.n);
    if (i < 0) {
        return format_code(node->text, CODE_CURRENCY);
    }
    currency = iso_currency(i);
    if (currency->exponent < 0) {
        return CODE_CURRENCY;
    }
    *ret = i;
    if ((field->flags & FIELD_CNY) != 0 && i != CURRENCY_CNY) {
        return CODE_CURRENCY;
    }
    if (currency->withdrawn_on != DATE_NONE && business_on != DATE_NONE &&
        business_on >= currency->withdrawn_on) {
        return CODE_CURRENCY;
    }
    return CODE_NONE;
}

/* The value as value / 10^scale: from a decimal text, or as protobuf carries it. */
static enum code decimal_read(const struct field *field, const struct node *node, int64_t *value,
                              int *scale)
{
    const bool is_signed = (field->flags & FIELD_SIGNED) != 0;
    bool ok;

    if (node->kind == NODE_DECIMAL) {
        *value = node->integer;
        *scale = (int)node->scale;
        return *value < 0 && !is_signed ? CODE_AMOUNT : CODE_NONE;
    }
    if (node->kind != NODE_TEXT) {
        return CODE_SCHEMA;
    }
    ok = is_signed ? money_parse_signed(node->text.at, node->text.n, value, scale)
                   : money_parse_decimal(node->text.at, node->text.n, value, scale);
    return ok ? CODE_NONE : format_code(node->text, CODE_AMOUNT);
}

enum code form_amount_read(const struct field *field, const struct node *node, int32_t currency,
                           int64_t *ret)
{
    int64_t value = 0;
    int scale = 0;
    const enum code code = decimal_read(field, node, &value, &scale);

    if (code != CODE_NONE) {
        return code;
    }
    if (value == 0 && (field->flags & FIELD_ZERO) == 0) {
        return CODE_AMOUNT;
    }
    if (currency == CURRENCY_NONE) {
        return CODE_NONE;
    }
    if (money_check(value, scale, iso_currency(currency)->exponent, ret) != MONEY_OK) {
        return CODE_AMOUNT;
    }
    return CODE_NONE;
}
