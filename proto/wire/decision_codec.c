#include "wire/decision_codec.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "form/date.h"
#include "form/identifiers.h"
#include "form/iso.h"
#include "form/text.h"
#include "wire/put.h"
#include "wire/walk.h"

/* Field numbers of filing.v1.Decision and its parts; a test compares them with the descriptors. */
enum {
    D_NUMBER = 1,
    D_INPUT_OFFSET = 2,
    D_INPUT_SHA256 = 3,
    D_RECEIVED_AT_MS = 4,
    D_OUTCOME = 5,
    D_FILING_ID = 6,
    D_BANK = 7,
    D_ENTERPRISE = 8,
    D_EVENT = 9,
    D_BUSINESS_DATE = 10,
    D_POSTINGS = 11,
    D_BULLETIN_PLUS_ONE = 12,
    D_POLICY = 13,
    D_RULES = 14,
    D_PARAMETERS = 15,
    D_RATE_SHEETS = 16,
    D_FLAGS = 17,
    D_RETURNED = 18,
    D_TRIGGER_OFFSET = 19,
    D_REFERS_TO = 20,
    D_REASONS = 21,
    D_MORE_REASONS = 22,
    D_PARTITION = 23,
    D_FILING_ID_TEXT = 24,
    D_BANK_TEXT = 25,
    D_EVENT_TEXT = 26,
    D_BUSINESS_DATE_TEXT = 27,
    D_CHAIN = 2047,
    P_LIMIT_KIND = 1,
    P_OBJECT = 2,
    P_PART = 3,
    P_CURRENCY = 4,
    P_CHANGE = 5, /* limit, used, reserved */
    P_AFTER = 8,  /* limit, used, reserved */
    RETURNED_CURRENCY = 1,
    RETURNED_MINOR = 2,
    R_CODE = 1,
    R_FIELD = 2,
    R_LIMIT_KIND = 3,
    R_OBJECT = 4,
    R_PART = 5,
    R_CURRENCY = 6,
    R_FREE = 7,
    R_ASKED = 8,
    R_NOTE = 9
};

/* 1970-01-01 counted from 0000-12-31, which is day 0. */
#define DATE_ON_BASE 719163

/* The 12 digits of a bank with a 1 before them. */
#define BANK_BASE UINT64_C(1000000000000)

/* What a part can need at most, for the bound on the whole. */
#define POSTING_BYTES_MAX (3 + 2 + 30 + 34 + 5 + 6 * 11)
#define REASON_BYTES_MAX  (3 + 3 + 194 + 2 + 30 + 34 + 5 + 2 * 11 + 4)
#define NOTE_BYTES_MAX    1024 /* 256 code points (rulebook 6) */
#define FIXED_BYTES_MAX   1024 /* every other field, parameters and sheets included */

_Static_assert(REASONS_LISTED_MAX *REASON_BYTES_MAX + NOTE_BYTES_MAX +
                       DECISION_POSTINGS_MAX * POSTING_BYTES_MAX + FIXED_BYTES_MAX <
                   DECISION_SIZE_MAX,
               "a decision with every reason and posting fits");
_Static_assert(DECISION_PARAMETERS_MAX * 5 + DECISION_SHEETS_MAX * 4 + 300 < FIXED_BYTES_MAX,
               "every parameter and sheet is counted");

static void put_string(struct put *w, uint32_t field, const char *s)
{
    put_bytes(w, field, s, strlen(s));
}

static const char *currency_text(int32_t currency)
{
    return currency == CURRENCY_NONE ? "" : iso_currency(currency)->alpha;
}

/* The first bytes of a text that are whole code points; 0 when it is not UTF-8. */
static size_t text_cut(struct text text, size_t max)
{
    size_t n = text.n;

    if (text.n == 0 || !text_utf8_valid(text.at, text.n)) {
        return 0;
    }
    if (n > max) {
        n = max;
        while (n > 0 && ((uint8_t)text.at[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    return n;
}

static void put_text(struct put *w, uint32_t field, struct text text, size_t max)
{
    put_bytes(w, field, text.at, text_cut(text, max));
}

static void put_posting(struct put *w, const struct posting *posting)
{
    uint8_t *start = put_open(w, D_POSTINGS);

    put_uint(w, P_LIMIT_KIND, posting->id.kind);
    if (!posting->own) {
        put_string(w, P_OBJECT, posting->id.object);
        put_string(w, P_PART, posting->id.part);
    }
    put_string(w, P_CURRENCY, currency_text(posting->currency));
    put_sint(w, P_CHANGE, posting->change.limit);
    put_sint(w, P_CHANGE + 1, posting->change.used);
    put_sint(w, P_CHANGE + 2, posting->change.reserved);
    put_uint(w, P_AFTER, (uint64_t)posting->after.limit);
    put_uint(w, P_AFTER + 1, (uint64_t)posting->after.used);
    put_uint(w, P_AFTER + 2, (uint64_t)posting->after.reserved);
    put_close(w, start);
}

static void put_reason(struct put *w, const struct reason *reason)
{
    uint8_t *start = put_open(w, D_REASONS);

    put_uint(w, R_CODE, reason->code);
    put_string(w, R_FIELD, reason->field);
    put_uint(w, R_LIMIT_KIND, reason->limit.kind);
    if (reason->limit.kind != LIMIT_NONE) {
        put_string(w, R_OBJECT, reason->limit.object);
        put_string(w, R_PART, reason->limit.part);
    }
    if (reason->has_amounts) {
        put_string(w, R_CURRENCY, currency_text(reason->currency));
        put_sint(w, R_FREE, reason->free_minor);
        put_sint(w, R_ASKED, reason->asked_minor);
    }
    put_text(w, R_NOTE, reason->note, NOTE_BYTES_MAX);
    put_close(w, start);
}

/* How long an identity text may be, so that the whole stays below DECISION_SIZE_MAX. */
static size_t identity_max(const struct decision *decision)
{
    size_t rest = FIXED_BYTES_MAX + decision->reasons.n * (size_t)REASON_BYTES_MAX +
                  decision->postings_n * (size_t)POSTING_BYTES_MAX;
    size_t each = 0;

    for (uint32_t i = 0; i < decision->reasons.n; i++) {
        size_t note = decision->reasons.at[i].note.n;

        rest += note < NOTE_BYTES_MAX ? note : NOTE_BYTES_MAX;
    }
    each = rest < DECISION_SIZE_MAX ? (DECISION_SIZE_MAX - rest) / 5 : 0;
    return each < IDENTITY_TEXT_MAX ? each : IDENTITY_TEXT_MAX;
}

static uint64_t bank_number(struct text bank)
{
    uint64_t number = 0;

    for (uint32_t i = 0; i < bank.n; i++) {
        number = number * 10 + (uint64_t)(bank.at[i] - '0');
    }
    return BANK_BASE + number;
}

static uint32_t event_ordinal(enum event event)
{
    return event == EVENT_BULLETIN ? EVENT_ORDINAL_BULLETIN : (uint32_t)event;
}

/* What of an identity travels packed; the rest as text, behind the other fields. */
struct packed {
    bool filing_id;
    bool bank;
    bool business_date;
    uint8_t uuid[UUID_SIZE];
    int32_t business_on;
};

static void put_identity(struct put *w, const struct decision *decision, struct packed *packed)
{
    const struct identity *id = &decision->identity;

    packed->filing_id =
        id->filing_id.n == UUID_TEXT_SIZE - 1 && uuid_pack(id->filing_id.at, packed->uuid);
    packed->bank = bank_code_valid(id->bank.at, id->bank.n);
    packed->business_date =
        date_parse(id->business_date.at, id->business_date.n, &packed->business_on);
    put_bytes(w, D_FILING_ID, packed->uuid, packed->filing_id ? UUID_SIZE : 0);
    put_uint(w, D_BANK, packed->bank ? bank_number(id->bank) : 0);
    put_text(w, D_ENTERPRISE, id->enterprise, identity_max(decision));
    put_uint(w, D_EVENT, event_ordinal(decision->event));
    put_uint(w, D_BUSINESS_DATE,
             packed->business_date ? (uint64_t)packed->business_on + DATE_ON_BASE : 0);
}

static void put_identity_texts(struct put *w, const struct decision *decision,
                               const struct packed *packed)
{
    const struct identity *id = &decision->identity;
    size_t max = identity_max(decision);

    if (!packed->filing_id) {
        put_text(w, D_FILING_ID_TEXT, id->filing_id, max);
    }
    if (!packed->bank) {
        put_text(w, D_BANK_TEXT, id->bank, max);
    }
    if (decision->event == EVENT_NONE) {
        put_text(w, D_EVENT_TEXT, id->event, max);
    }
    if (!packed->business_date) {
        put_text(w, D_BUSINESS_DATE_TEXT, id->business_date, max);
    }
}

static void put_basis(struct put *w, const struct decision *decision)
{
    uint8_t *start = NULL;

    put_uint(w, D_POLICY, decision->policy);
    put_uint(w, D_RULES, decision->rules);
    if (decision->parameters_n > 0) {
        start = put_open(w, D_PARAMETERS);
        for (uint32_t i = 0; i < decision->parameters_n; i++) {
            put_varint(w, decision->parameters[i]);
        }
        put_close(w, start);
    }
    if (decision->sheets_n > 0) {
        start = put_open(w, D_RATE_SHEETS);
        for (uint32_t i = 0; i < decision->sheets_n; i++) {
            put_varint(w, (uint64_t)decision->sheets[i] + DATE_ON_BASE);
        }
        put_close(w, start);
    }
}

static void put_returned(struct put *w, const struct money *money)
{
    uint8_t *start = put_open(w, D_RETURNED);

    put_string(w, RETURNED_CURRENCY, currency_text(money->currency));
    put_uint(w, RETURNED_MINOR, (uint64_t)money->minor);
    put_close(w, start);
}

static void put_body(struct put *w, const struct decision *decision)
{
    struct packed packed;

    put_uint(w, D_NUMBER, decision->number);
    put_uint(w, D_INPUT_OFFSET, (uint64_t)decision->input_offset);
    put_bytes(w, D_INPUT_SHA256, decision->input_hash, DIGEST_SIZE);
    put_uint(w, D_RECEIVED_AT_MS, (uint64_t)decision->received_ms);
    put_uint(w, D_OUTCOME, decision->outcome);
    put_identity(w, decision, &packed);
    for (uint32_t i = 0; i < decision->postings_n; i++) {
        put_posting(w, &decision->postings[i]);
    }
    put_uint(w, D_BULLETIN_PLUS_ONE, decision->has_bulletin ? decision->bulletin + 1 : 0);
    if (decision->has_basis) {
        put_basis(w, decision);
    }
    put_uint(w, D_FLAGS, decision->flags);
    if (decision->has_returned) {
        put_returned(w, &decision->returned);
    }
    if (decision->trigger_offset != decision->input_offset) {
        put_uint(w, D_TRIGGER_OFFSET, (uint64_t)decision->trigger_offset);
    }
    put_uint(w, D_REFERS_TO, decision->refers_to);
    for (uint32_t i = 0; i < decision->reasons.n; i++) {
        put_reason(w, &decision->reasons.at[i]);
    }
    put_uint(w, D_MORE_REASONS, decision->reasons.more);
    put_uint(w, D_PARTITION, decision->partition);
    put_identity_texts(w, decision, &packed);
}

size_t decision_encode(struct hash *hash, const struct decision *decision,
                       const uint8_t previous_chain[DIGEST_SIZE], uint8_t *out)
{
    struct put w;
    uint8_t chain[DIGEST_SIZE];

    assert(decision->postings_n <= DECISION_POSTINGS_MAX);
    assert(decision->reasons.n <= REASONS_LISTED_MAX);
    assert(decision->parameters_n <= DECISION_PARAMETERS_MAX);
    assert(decision->sheets_n <= DECISION_SHEETS_MAX);
    put_over(&w, out, DECISION_SIZE_MAX);
    put_body(&w, decision);
    hash_begin(hash);
    hash_add(hash, previous_chain, DIGEST_SIZE);
    hash_add(hash, out, (size_t)(w.at - out));
    hash_end(hash, chain);
    put_bytes(&w, D_CHAIN, chain, sizeof(chain));
    assert(!w.full);
    return (size_t)(w.at - out);
}

/* From here on: reading. */

static int64_t zigzag(uint64_t value) { return (int64_t)(value >> 1 ^ (0 - (value & 1))); }

static struct text text_of(const struct wire_field *field)
{
    return (struct text){.at = (const char *)field->at, .n = (uint32_t)field->n};
}

/* Copy a text of the bytes into an array of size bytes, ended by NUL; false when it is too long. */
static bool copy_text(const struct wire_field *field, char *out, size_t size)
{
    if (field->type != WIRE_BYTES || field->n >= size) {
        return false;
    }
    memcpy(out, field->at, field->n);
    out[field->n] = 0;
    return true;
}

static bool read_currency(const struct wire_field *field, int32_t *ret)
{
    *ret = field->type == WIRE_BYTES ? iso_currency_find((const char *)field->at, field->n)
                                     : CURRENCY_NONE;
    return *ret != CURRENCY_NONE;
}

static bool read_limit_kind(const struct wire_field *field, enum limit_kind *ret)
{
    *ret = (enum limit_kind)field->value;
    return field->type == WIRE_VARINT && field->value > LIMIT_NONE && field->value < LIMIT_N;
}

static bool has_object(enum limit_kind kind)
{
    static const uint8_t parts[] = {
        0,
#define LIMIT(NAME, name, n) n,
#include "form/limits.def"
#undef LIMIT
    };

    _Static_assert(sizeof(parts) == LIMIT_N, "every limit has its parts");
    return parts[kind] > 0;
}

static bool read_posting_field(const struct wire_field *field, struct posting *ret)
{
    int64_t *const change[] = {&ret->change.limit, &ret->change.used, &ret->change.reserved};
    int64_t *const after[] = {&ret->after.limit, &ret->after.used, &ret->after.reserved};

    switch (field->number) {
    case P_LIMIT_KIND:
        return read_limit_kind(field, &ret->id.kind);
    case P_OBJECT:
        return copy_text(field, ret->id.object, sizeof(ret->id.object));
    case P_PART:
        return copy_text(field, ret->id.part, sizeof(ret->id.part));
    case P_CURRENCY:
        return read_currency(field, &ret->currency);
    case P_CHANGE:
    case P_CHANGE + 1:
    case P_CHANGE + 2:
        *change[field->number - P_CHANGE] = zigzag(field->value);
        return field->type == WIRE_VARINT;
    case P_AFTER:
    case P_AFTER + 1:
    case P_AFTER + 2:
        *after[field->number - P_AFTER] = (int64_t)field->value;
        return field->type == WIRE_VARINT;
    default:
        return true;
    }
}

static bool read_posting(const struct wire_field *outer, struct decision *decision)
{
    struct wire_reader reader = wire_open((struct bytes){.at = outer->at, .n = outer->n});
    struct wire_field field = {0};
    struct posting *ret = NULL;

    if (outer->type != WIRE_BYTES || decision->postings_n == DECISION_POSTINGS_MAX) {
        return false;
    }
    ret = &decision->postings[decision->postings_n++];
    *ret = (struct posting){.currency = CURRENCY_NONE};
    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field) || !read_posting_field(&field, ret)) {
            return false;
        }
    }
    ret->own = has_object(ret->id.kind) && ret->id.object[0] == 0;
    return ret->id.kind != LIMIT_NONE && ret->currency != CURRENCY_NONE;
}

static bool read_reason_field(const struct wire_field *field, struct reason *ret)
{
    switch (field->number) {
    case R_CODE:
        ret->code = (enum code)field->value;
        return field->type == WIRE_VARINT && field->value < 1000;
    case R_FIELD:
        return copy_text(field, ret->field, sizeof(ret->field));
    case R_LIMIT_KIND:
        return read_limit_kind(field, &ret->limit.kind);
    case R_OBJECT:
        return copy_text(field, ret->limit.object, sizeof(ret->limit.object));
    case R_PART:
        return copy_text(field, ret->limit.part, sizeof(ret->limit.part));
    case R_CURRENCY:
        ret->has_amounts = true;
        return read_currency(field, &ret->currency);
    case R_FREE:
        ret->free_minor = zigzag(field->value);
        return field->type == WIRE_VARINT;
    case R_ASKED:
        ret->asked_minor = zigzag(field->value);
        return field->type == WIRE_VARINT;
    case R_NOTE:
        ret->note = text_of(field);
        return field->type == WIRE_BYTES;
    default:
        return true;
    }
}

static bool read_reason(const struct wire_field *outer, struct decision *decision)
{
    struct wire_reader reader = wire_open((struct bytes){.at = outer->at, .n = outer->n});
    struct wire_field field = {0};
    struct reason *ret = NULL;

    if (outer->type != WIRE_BYTES || decision->reasons.n == REASONS_LISTED_MAX) {
        return false;
    }
    ret = &decision->reasons.at[decision->reasons.n++];
    memset(ret, 0, sizeof(*ret));
    ret->currency = CURRENCY_NONE;
    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field) || !read_reason_field(&field, ret)) {
            return false;
        }
    }
    return code_name(ret->code)[0] != 0;
}

static bool read_returned(const struct wire_field *outer, struct decision *decision)
{
    struct wire_reader reader = wire_open((struct bytes){.at = outer->at, .n = outer->n});
    struct wire_field field = {0};

    decision->has_returned = true;
    while (reader.at < reader.end) {
        if (!wire_next(&reader, &field)) {
            return false;
        }
        if (field.number == RETURNED_CURRENCY &&
            !read_currency(&field, &decision->returned.currency)) {
            return false;
        }
        if (field.number == RETURNED_MINOR) {
            decision->returned.minor = (int64_t)field.value;
        }
    }
    return decision->returned.currency != CURRENCY_NONE;
}

/* The next of packed numbers. */
static bool read_packed(struct wire_reader *reader, uint64_t *ret)
{
    uint64_t value = 0;

    for (int shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        uint8_t byte = *reader->at++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool read_date(uint64_t value, int32_t *ret_on)
{
    *ret_on = (int32_t)((int64_t)value - DATE_ON_BASE);
    return value >= 1 && value <= (uint64_t)DATE_MAX + DATE_ON_BASE;
}

static bool read_parameters(const struct wire_field *field, struct decision *decision)
{
    struct wire_reader reader = wire_open((struct bytes){.at = field->at, .n = field->n});
    uint64_t value = 0;

    while (reader.at < reader.end) {
        if (decision->parameters_n == DECISION_PARAMETERS_MAX || !read_packed(&reader, &value) ||
            value > UINT32_MAX) {
            return false;
        }
        decision->parameters[decision->parameters_n++] = (uint32_t)value;
    }
    return true;
}

static bool read_sheets(const struct wire_field *field, struct decision *decision)
{
    struct wire_reader reader = wire_open((struct bytes){.at = field->at, .n = field->n});
    uint64_t value = 0;

    while (reader.at < reader.end) {
        if (decision->sheets_n == DECISION_SHEETS_MAX || !read_packed(&reader, &value) ||
            !read_date(value, &decision->sheets[decision->sheets_n])) {
            return false;
        }
        decision->sheets_n++;
    }
    return true;
}

/* A text made from packed fields, in the arena; false when that is full. */
static bool keep_text(struct arena *arena, const char *s, struct text *ret)
{
    size_t n = strlen(s);
    char *at = arena_alloc(arena, n + 1);

    if (!at) {
        return false;
    }
    memcpy(at, s, n + 1);
    *ret = (struct text){.at = at, .n = (uint32_t)n};
    return true;
}

static bool read_event(uint64_t ordinal, struct decision *decision)
{
    if (ordinal == EVENT_ORDINAL_BULLETIN) {
        decision->event = EVENT_BULLETIN;
    } else if (ordinal < EVENT_BULLETIN) {
        decision->event = (enum event)ordinal;
    } else {
        return false;
    }
    decision->identity.event.at = event_name(decision->event);
    decision->identity.event.n = (uint32_t)strlen(decision->identity.event.at);
    return true;
}

/* The packed parts of the identity. */
static bool read_identity(const struct wire_field *field, struct arena *arena,
                          struct decision *decision)
{
    char text[UUID_TEXT_SIZE];
    int32_t on = 0;

    switch (field->number) {
    case D_FILING_ID:
        if (field->n != UUID_SIZE) {
            return false;
        }
        uuid_unpack(field->at, text);
        return keep_text(arena, text, &decision->identity.filing_id);
    case D_BANK:
        if (field->value < BANK_BASE || field->value >= 2 * BANK_BASE) {
            return false;
        }
        (void)snprintf(text, sizeof(text), "%012" PRIu64, field->value - BANK_BASE);
        return keep_text(arena, text, &decision->identity.bank);
    case D_BUSINESS_DATE:
        if (!read_date(field->value, &on)) {
            return false;
        }
        date_format(on, text);
        return keep_text(arena, text, &decision->identity.business_date);
    case D_EVENT:
        return read_event(field->value, decision);
    default:
        return true;
    }
}

static bool read_digest(const struct wire_field *field, uint8_t out[DIGEST_SIZE])
{
    if (field->n != DIGEST_SIZE) {
        return false;
    }
    memcpy(out, field->at, DIGEST_SIZE);
    return true;
}

/* Fields that are bytes, texts or parts. */
static bool read_bytes_field(const struct wire_field *field, struct arena *arena,
                             struct decision *decision)
{
    switch (field->number) {
    case D_INPUT_SHA256:
        return read_digest(field, decision->input_hash);
    case D_CHAIN:
        return read_digest(field, decision->chain);
    case D_FILING_ID:
        return read_identity(field, arena, decision);
    case D_ENTERPRISE:
        decision->identity.enterprise = text_of(field);
        return true;
    case D_POSTINGS:
        return read_posting(field, decision);
    case D_PARAMETERS:
        return read_parameters(field, decision);
    case D_RATE_SHEETS:
        return read_sheets(field, decision);
    case D_RETURNED:
        return read_returned(field, decision);
    case D_REASONS:
        return read_reason(field, decision);
    case D_FILING_ID_TEXT:
        decision->identity.filing_id = text_of(field);
        return true;
    case D_BANK_TEXT:
        decision->identity.bank = text_of(field);
        return true;
    case D_EVENT_TEXT:
        decision->identity.event = text_of(field);
        return true;
    case D_BUSINESS_DATE_TEXT:
        decision->identity.business_date = text_of(field);
        return true;
    default:
        return field->number > D_BUSINESS_DATE_TEXT;
    }
}

static bool read_uint32(uint64_t value, uint32_t *ret)
{
    *ret = (uint32_t)value;
    return value <= UINT32_MAX;
}

/* Fields that are one number. */
static bool read_number_field(const struct wire_field *field, struct arena *arena,
                              struct decision *decision)
{
    switch (field->number) {
    case D_NUMBER:
        decision->number = field->value;
        return true;
    case D_INPUT_OFFSET:
        decision->input_offset = (int64_t)field->value;
        return true;
    case D_RECEIVED_AT_MS:
        decision->received_ms = (int64_t)field->value;
        return true;
    case D_OUTCOME:
        decision->outcome = (enum outcome)field->value;
        return field->value <= OUTCOME_DUPLICATE;
    case D_BANK:
    case D_EVENT:
    case D_BUSINESS_DATE:
        return read_identity(field, arena, decision);
    case D_BULLETIN_PLUS_ONE:
        decision->has_bulletin = field->value != 0;
        decision->bulletin = field->value - 1;
        return true;
    case D_POLICY:
        decision->policy = field->value;
        return true;
    case D_RULES:
        decision->has_basis = field->value != 0;
        return read_uint32(field->value, &decision->rules);
    case D_FLAGS:
        return read_uint32(field->value, &decision->flags);
    case D_TRIGGER_OFFSET:
        decision->trigger_offset = (int64_t)field->value;
        return true;
    case D_REFERS_TO:
        decision->refers_to = field->value;
        return true;
    case D_MORE_REASONS:
        return read_uint32(field->value, &decision->reasons.more);
    case D_PARTITION:
        return read_uint32(field->value, &decision->partition);
    default:
        return field->number > D_BUSINESS_DATE_TEXT;
    }
}

enum status decision_decode(struct bytes value, struct arena *arena, struct decision *ret,
                            struct failure *err)
{
    struct wire_reader reader = wire_open(value);
    struct wire_field field = {0};
    bool ok = value.n > 0;

    decision_reset(ret);
    ret->trigger_offset = -1;
    while (ok && reader.at < reader.end) {
        ok = wire_next(&reader, &field);
        if (ok && field.type == WIRE_BYTES) {
            ok = read_bytes_field(&field, arena, ret);
        } else if (ok) {
            ok = field.type == WIRE_VARINT && read_number_field(&field, arena, ret);
        }
    }
    if (!ok || ret->number == 0) {
        return failure_set(err, STATUS_CORRUPT, REMEDY_STOP, 0,
                           "no decision: field %" PRIu32 " cannot be read", field.number);
    }
    if (ret->trigger_offset < 0) {
        ret->trigger_offset = ret->input_offset;
    }
    return STATUS_OK;
}

const uint8_t *decision_chain(struct bytes value)
{
    static const uint8_t head[] = {0xfa, 0x7f, DIGEST_SIZE}; /* field 2047, bytes, their number */

    if (value.n < DECISION_CHAIN_SIZE ||
        memcmp(value.at + value.n - DECISION_CHAIN_SIZE, head, sizeof(head)) != 0) {
        return NULL;
    }
    return value.at + value.n - DIGEST_SIZE;
}

bool decision_chain_check(struct hash *hash, const uint8_t previous_chain[DIGEST_SIZE],
                          struct bytes value)
{
    const uint8_t *chain = decision_chain(value);
    uint8_t want[DIGEST_SIZE];

    if (!chain) {
        return false;
    }
    hash_begin(hash);
    hash_add(hash, previous_chain, DIGEST_SIZE);
    hash_add(hash, value.at, value.n - DECISION_CHAIN_SIZE);
    hash_end(hash, want);
    return memcmp(want, chain, DIGEST_SIZE) == 0;
}

static struct text detail_text(const struct document *doc, const struct node *details,
                               const char *name)
{
    const struct node *node = document_find(doc, details, name);

    return node && node->kind == NODE_TEXT ? node->text : (struct text){0};
}

void own_numbers_read(const struct document *doc, struct own_numbers *ret)
{
    const struct node *details = doc->n > 0 ? document_find(doc, &doc->nodes[0], "details") : NULL;
    const struct node *year = NULL;

    memset(ret, 0, sizeof(*ret));
    if (!details || details->kind != NODE_OBJECT) {
        return;
    }
    ret->registration_no = detail_text(doc, details, "registration_no");
    ret->application_no = detail_text(doc, details, "application_no");
    ret->contract_no = detail_text(doc, details, "contract_no");
    ret->loan_no = detail_text(doc, details, "loan_no");
    ret->investor_no = detail_text(doc, details, "investor_no");
    year = document_find(doc, details, "fiscal_year");
    if (year && year->kind == NODE_INTEGER) {
        ret->has_fiscal_year = true;
        ret->fiscal_year = year->integer;
    }
}

static void fill(char *out, size_t size, struct text text)
{
    size_t n = text.n < size ? text.n : size - 1;

    if (n > 0) {
        memcpy(out, text.at, n);
    }
    out[n] = 0;
}

static struct text own_object(enum limit_kind kind, const struct own_numbers *own)
{
    switch (kind) {
    case LIMIT_FDI_PRELIMINARY:
    case LIMIT_OUTBOUND_PRELIMINARY:
        return own->application_no;
    case LIMIT_FDI_INFLOW:
    case LIMIT_FDI_EXCESS:
    case LIMIT_FDI_CAPITAL:
    case LIMIT_FDI_SETTLED:
    case LIMIT_FDI_OUTFLOW:
    case LIMIT_FDI_PROFIT:
    case LIMIT_OUTBOUND_REMITTANCE:
        return own->registration_no;
    case LIMIT_FINANCING_CONTRACT:
    case LIMIT_FINANCING_PRINCIPAL:
        return own->contract_no;
    case LIMIT_OUTBOUND_LOAN:
        return own->loan_no;
    case LIMIT_NONE:
    case LIMIT_FINANCING_MACROPRUDENTIAL:
    case LIMIT_FINANCING_GAP:
    case LIMIT_FINANCING_FACILITATION:
    case LIMIT_OUTBOUND_LENDING:
    case LIMIT_N:
        break;
    }
    return (struct text){0};
}

void own_numbers_fill(const struct own_numbers *own, struct limit_id *id)
{
    fill(id->object, sizeof(id->object), own_object(id->kind, own));
    id->part[0] = 0;
    if (id->kind == LIMIT_FDI_INFLOW) {
        fill(id->part, sizeof(id->part), own->investor_no);
    }
    if (id->kind == LIMIT_FDI_PROFIT && own->has_fiscal_year) {
        (void)snprintf(id->part, sizeof(id->part), "%" PRId64, own->fiscal_year);
    }
}

void decision_fill_own(struct decision *decision, const struct own_numbers *own)
{
    for (uint32_t i = 0; i < decision->postings_n; i++) {
        if (decision->postings[i].own) {
            own_numbers_fill(own, &decision->postings[i].id);
        }
    }
}
