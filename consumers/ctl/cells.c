#include "consumers/ctl/cells.h"

#include "base/clock.h"
#include "form/iso.h"
#include "form/money.h"

#define LIST_SIZE_MAX 4096 /* 64 codes, the longest of 20 characters */

void cell_currency(struct output *output, int32_t currency)
{
    output_cstr(output, currency >= 0 ? iso_currency(currency)->alpha : "");
}

void cell_amount(struct output *output, int64_t minor, int32_t currency)
{
    const int exponent = currency >= 0 ? iso_currency(currency)->exponent : 0;
    char text[MONEY_TEXT_SIZE] = "";

    if (currency >= 0) {
        (void)money_format(minor, exponent < 0 ? 0 : exponent, text, sizeof(text));
    }
    output_cstr(output, text);
}

static void put_word(struct buffer *list, const char *word)
{
    buffer_text(list, list->n > 0 ? ";" : "");
    buffer_text(list, word);
}

static void put_list(struct output *output, struct buffer *list)
{
    output_cstr(output, buffer_cstr(list));
    buffer_fini(list);
}

void cell_codes(struct output *output, const enum code *codes, uint32_t n)
{
    struct buffer list;

    buffer_init(&list, LIST_SIZE_MAX);
    for (uint32_t i = 0; i < n; i++) {
        put_word(&list, code_name(codes[i]));
    }
    put_list(output, &list);
}

void cell_reasons(struct output *output, const struct reasons *reasons)
{
    struct buffer list;

    buffer_init(&list, LIST_SIZE_MAX);
    for (uint32_t i = 0; i < reasons->n; i++) {
        put_word(&list, code_name(reasons->at[i].code));
    }
    put_list(output, &list);
}

void cell_flags(struct output *output, uint32_t flags)
{
    struct buffer list;

    buffer_init(&list, LIST_SIZE_MAX);
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        if (flags & 1u << i) {
            put_word(&list, flag_name((enum flag)(1u << i)));
        }
    }
    put_list(output, &list);
}

void cell_time(struct output *output, int64_t unix_ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(unix_ms, text);
    output_cstr(output, text);
}
