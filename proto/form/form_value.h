/* form_value.h - one value of a filing: is it written as its row of the tables says, and what is
 * it.
 *
 * Pure.  Answers with the code of the failure, CODE_NONE when there is none (rulebook sections 1, 2
 * and 7, F1 to F10).  A text that is not UTF-8, or that has a NUL in a field with a format of its
 * own, is CODE_TEXT whatever the field holds: its own format is then not looked at. */
#ifndef FORM_FORM_VALUE_H
#define FORM_FORM_VALUE_H

#include "form/document.h"
#include "form/filing.h"
#include "form/form_fields.h"
#include "form/reason.h"

/* The place of the word in "A|B|C" from 1; 0 when it is none of them.  Borrows both. */
int32_t form_choice_find(const char *words, struct text word);

/* A text of at most so many characters, UTF-8 and without control characters (F9).  Borrows it. */
bool form_text_valid(struct text text, int64_t characters_max);

/* Read any field that is no money, object, list or details into *out, which is of the type that the
 * tables say.  A text is absent when empty, which the caller has seen to.  Borrows all; writes on
 * CODE_NONE only. */
enum code form_value_read(const struct field *field, const struct node *node, void *out);

/* Write the empty value of a field that is no object, list or details. */
void form_value_clear(const struct field *field, void *out);

/* The currency of money.  business_on is DATE_NONE when there is no valid one: a withdrawn currency
 * then passes.  *ret is the currency whenever there is one that has minor units, with CODE_CURRENCY
 * too, else CURRENCY_NONE: with it the value can be looked at.  Borrows all. */
enum code form_currency_read(const struct field *field, const struct node *node,
                             int32_t business_on, int32_t *ret);

/* The value of money.  With CURRENCY_NONE neither decimals nor size can be checked and *ret is not
 * written.  Borrows all; writes on CODE_NONE only. */
enum code form_amount_read(const struct field *field, const struct node *node, int32_t currency,
                           int64_t *ret);

#endif
