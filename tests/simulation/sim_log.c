#include "sim_log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form/identifiers.h"
#include "sim_broker.h"
#include "wire/encode.h"
#include "wire/headers.h"
#include "wire/json.h"

#define BANK       "210100000123"
#define FIRST_DAY  13 /* of April 2026, a Monday */
#define SHEETS_MAX 5  /* Monday to Friday */

static const char *const policy_json =
    "{\"kind\":\"policy\",\"policy\":1,\"rules\":1,\"parameters\":["
    "{\"id\":\"FDI.EXCESS.USD\",\"from\":\"2013-05-13\",\"value\":\"30000\",\"source\":\"s\","
    "\"confirmed\":true},"
    "{\"id\":\"FDI.PAYIN.YEARS\",\"from\":\"2024-07-01\",\"value\":\"5\",\"source\":\"s\","
    "\"confirmed\":true}]}";
static const char *const calendar_json =
    "{\"kind\":\"calendar\",\"year\":2026,\"holidays\":[\"2026-01-01\"]}";
#define BANKS                                                                                      \
    "{\"kind\":\"banks\",\"banks\":[{\"code\":\"" BANK "\",\"name\":\"B\",\"roles\":[\"FILER\","   \
    "\"AUTHORITY\"],\"keys\":[{\"key_id\":\"k1\",\"public_key\":\"%s\",\"from\":\"1970-01-01\"}]}]}"
static const char *const list_json =
    "{\"kind\":\"negative_list\",\"rows\":[{\"prefix\":\"P8310\",\"rule\":\"REVIEW\",\"from\":"
    "\"2024-11-01\",\"text\":\"t\"}]}";

#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct failure why_ = {.status = STATUS_OK};                                               \
        struct failure *const err = &why_;                                                         \
        const enum status status_ = (call);                                                        \
                                                                                                   \
        (void)err;                                                                                 \
                                                                                                   \
        if (status_ != STATUS_OK) {                                                                \
            (void)fprintf(stderr, "simulation: %s\n", why_.text);                                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static struct document read_json(struct sim_log *log, const char *text)
{
    struct json_text json;

    MUST(json_read(bytes_of(text), &log->arena, &json, err));
    return json.doc;
}

/* ---- bulletins ----------------------------------------------------------------------------- */

static void sign(struct sim_log *log, const struct signing_key *key,
                 const struct signed_message *message, uint8_t out[SIGNATURE_SIZE])
{
    MUST(signer_sign(log->signer, key, message, out, err));
    out[0] ^= log->spoils_signatures ? 1 : 0;
}

static void put_bulletin(struct sim_log *log, struct bytes content)
{
    uint8_t signatures[2][SIGNATURE_SIZE];
    const struct signed_message message = {
        .domain = SIGN_BULLETIN, .ledger_id = log->ledger_id, .bytes = content};
    struct approval approvals[2];
    const struct bytes key = {.at = (const uint8_t *)"k", .n = 1};
    struct bytes bulletin;
    struct bytes value;

    sign(log, log->key, &message, signatures[0]);
    sign(log, log->second, &message, signatures[1]);
    for (size_t i = 0; i < 2; i++) {
        approvals[i].key_id = (struct text){.at = i == 0 ? "o1" : "o2", .n = 2};
        approvals[i].signature = (struct bytes){.at = signatures[i], .n = SIGNATURE_SIZE};
    }
    MUST(bulletin_encode(content, approvals, log->approvals_n, &log->arena, &bulletin));
    MUST(submission_encode_bulletin(bulletin, &log->arena, &value));
    for (uint32_t p = 0; p < log->partitions_n; p++) {
        log->put(log->arg, p, log->has_bulletin_key ? &key : NULL, value);
    }
    log->bulletin++;
}

void sim_log_item(struct sim_log *log, const char *json)
{
    const struct document doc = read_json(log, json);
    struct bytes item;
    struct bytes content;

    MUST(reference_encode(&doc, &log->arena, &item, err));
    MUST(content_encode(log->bulletin, &item, 1, &log->arena, &content));
    put_bulletin(log, content);
    arena_reset(&log->arena);
}

void sim_log_sheet(struct sim_log *log)
{
    char json[256];

    (void)snprintf(json, sizeof(json),
                   "{\"kind\":\"rates\",\"date\":\"2026-04-%02u\",\"rates\":{\"USD\":\"6.96\","
                   "\"EUR\":\"8.1%u\"}}",
                   FIRST_DAY + log->sheets, log->sheets);
    sim_log_item(log, json);
    log->sheets++;
}

static void key_text(const struct signing_key *key, char out[BASE64_SIZE(PUBLIC_KEY_SIZE)])
{
    uint8_t public_key[PUBLIC_KEY_SIZE];

    signing_key_public(key, public_key);
    (void)base64_encode(public_key, sizeof(public_key), out);
}

void sim_log_found_only(struct sim_log *log)
{
    char keys[2][BASE64_SIZE(PUBLIC_KEY_SIZE)];
    char json[1024];
    struct founding_parts founding = {.partitions = log->partitions_n,
                                      .demonstration = !log->is_strict,
                                      .in_memory = log->is_in_memory};
    struct document operators;
    struct bytes content;

    key_text(log->key, keys[0]);
    key_text(log->second, keys[1]);
    (void)snprintf(json, sizeof(json),
                   "{\"kind\":\"operators\",\"operators\":[{\"person\":\"p1\",\"name\":\"P\","
                   "\"roles\":[\"ISSUER\"],\"keys\":[{\"key_id\":\"o1\",\"public_key\":\"%s\","
                   "\"from\":\"1970-01-01\"}]},{\"person\":\"p2\",\"name\":\"Q\",\"roles\":["
                   "\"ISSUER\"],\"keys\":[{\"key_id\":\"o2\",\"public_key\":\"%s\",\"from\":"
                   "\"1970-01-01\"}]}]}",
                   keys[0], keys[1]);
    operators = read_json(log, json);
    founding.operators = &operators;
    memset(founding.random, 7, sizeof(founding.random));
    MUST(founding_encode(&founding, &log->arena, &content, err));
    hash_ledger_id(log->hash, content, log->ledger_id);
    put_bulletin(log, content);
    arena_reset(&log->arena);
}

void sim_log_found(struct sim_log *log)
{
    char key[BASE64_SIZE(PUBLIC_KEY_SIZE)];
    char banks[512];

    key_text(log->key, key);
    (void)snprintf(banks, sizeof(banks), BANKS, key);
    sim_log_found_only(log);
    sim_log_item(log, policy_json);
    sim_log_item(log, calendar_json);
    sim_log_item(log, banks);
    sim_log_item(log, list_json);
    sim_log_sheet(log);
}

/* ---- filings ------------------------------------------------------------------------------- */

static void put_value(struct sim_log *log, uint32_t enterprise, struct bytes value)
{
    const struct bytes key = {.at = (const uint8_t *)log->codes[enterprise], .n = 18};

    log->put(log->arg, partition_of_key(key.at, key.n, log->partitions_n), &key, value);
}

static void keep(struct sim_log *log, struct sim_filed *filed, struct bytes value)
{
    if (log->filed_n == SIM_FILED_MAX) {
        return;
    }
    filed->value = malloc(value.n + 1);
    assert(filed->value);
    memcpy(filed->value, value.at, value.n);
    filed->value_n = value.n;
    log->filed[log->filed_n++] = *filed;
}

static struct bytes value_of(const struct sim_filed *filed)
{
    return (struct bytes){.at = filed->value, .n = filed->value_n};
}

struct made {
    uint32_t enterprise;
    const char *event;
    const char *details;
    uint32_t day;
    const char *filing_id; /* NULL = a new one */
};

static void encode_filing(struct sim_log *log, struct bytes filing, struct bytes *ret)
{
    const struct signed_message message = {
        .domain = SIGN_FILING, .ledger_id = log->ledger_id, .bytes = filing};
    uint8_t signature[SIGNATURE_SIZE];
    struct text key_id = {0};

    if (log->is_signing) {
        sign(log, log->key, &message, signature);
        key_id = (struct text){.at = "k1", .n = 2};
    }
    MUST(submission_encode(filing, key_id, (struct bytes){.at = signature, .n = sizeof(signature)},
                           &log->arena, ret));
}

static void put_filing(struct sim_log *log, const struct made *made)
{
    struct sim_filed filed = {.enterprise = made->enterprise};
    struct document doc;
    struct bytes filing;
    struct bytes value;
    char json[2048];

    log->filings++;
    if (made->filing_id) {
        (void)snprintf(filed.filing_id, sizeof(filed.filing_id), "%s", made->filing_id);
    } else {
        (void)snprintf(filed.filing_id, sizeof(filed.filing_id), "019a3f52-%04x-7d40-9f6b-%012x",
                       (log->filings * 7919) & 0xFFFF, log->filings);
    }
    (void)snprintf(json, sizeof(json),
                   "{\"filing_id\":\"%s\",\"bank\":\"" BANK "\",\"enterprise\":\"%s\",\"event\":"
                   "\"%s\",\"business_date\":\"2026-04-%02u\",\"maker\":\"m1\",\"checker\":\"c1\","
                   "\"details\":%s}",
                   filed.filing_id, log->codes[made->enterprise], made->event,
                   FIRST_DAY + made->day, made->details);
    doc = read_json(log, json);
    MUST(filing_encode(&doc, &log->arena, &filing, err));
    encode_filing(log, filing, &value);
    put_value(log, made->enterprise, value);
    keep(log, &filed, value);
    arena_reset(&log->arena);
}

void sim_log_filing(struct sim_log *log, const char *json)
{
    const struct document doc = read_json(log, json);
    const struct node *const code = document_find(&doc, &doc.nodes[0], "enterprise");
    struct bytes key;
    struct bytes filing;
    struct bytes value;

    assert(code);
    key = (struct bytes){.at = (const uint8_t *)code->text.at, .n = code->text.n};
    MUST(filing_encode(&doc, &log->arena, &filing, err));
    encode_filing(log, filing, &value);
    log->put(log->arg, partition_of_key(key.at, key.n, log->partitions_n), &key, value);
    arena_reset(&log->arena);
}

void sim_log_registration(struct sim_log *log, uint32_t enterprise, const char *number,
                          const char *industry)
{
    char details[1024];

    (void)snprintf(details, sizeof(details),
                   "{\"registration_no\":\"%s\",\"setup\":\"NEW\",\"region\":\"210100\","
                   "\"industry\":\"%s\",\"established_on\":\"2026-03-02\",\"registered_capital\":{"
                   "\"currency\":\"USD\",\"value\":\"1000000.00\"},\"investors\":[{\"investor_no\":"
                   "\"I1\",\"name\":\"N\",\"country\":\"DEU\",\"subscribed\":{\"currency\":\"USD\","
                   "\"value\":\"1000000.00\"},\"cash\":{\"currency\":\"USD\",\"value\":"
                   "\"1000000.00\"},\"share_bp\":10000,\"due_on\":\"2030-12-31\"}],"
                   "\"evidence_no\":\"E1\"}",
                   number, industry);
    put_filing(log, &(struct made){
                        .enterprise = enterprise, .event = "fdi.registration", .details = details});
}

static void put_inflow(struct sim_log *log, struct made *made, const char *number,
                       const char *currency)
{
    char details[512];

    (void)snprintf(details, sizeof(details),
                   "{\"registration_no\":\"%s\",\"investor_no\":\"I1\",\"money\":{\"currency\":"
                   "\"%s\",\"value\":\"%u.00\"},\"account\":\"2101\",\"remitter_country\":"
                   "\"DEU\"}",
                   number, currency, 1000 + sim_chance(&log->chance, 90000));
    made->event = "fdi.inflow";
    made->details = details;
    put_filing(log, made);
    made->details = NULL;
}

void sim_log_inflow_on(struct sim_log *log, uint32_t enterprise, const char *number,
                       const char *currency, uint32_t day)
{
    struct made made = {.enterprise = enterprise, .day = day};

    put_inflow(log, &made, number, currency);
}

void sim_log_inflow(struct sim_log *log, uint32_t enterprise, const char *number,
                    const char *currency)
{
    sim_log_inflow_on(log, enterprise, number, currency, 0);
}

void sim_log_act(struct sim_log *log, const char *event, const struct sim_filed *about,
                 const char *verdict)
{
    struct made made = {.enterprise = about->enterprise, .event = event};
    char details[512];

    if (verdict) {
        (void)snprintf(details, sizeof(details),
                       "{\"reviews\":\"%s\",\"reviewed_bank\":\"" BANK "\",\"verdict\":\"%s\","
                       "\"officer\":\"a1\",\"reason\":\"r\"}",
                       about->filing_id, verdict);
    } else {
        (void)snprintf(details, sizeof(details), "{\"%s\":\"%s\",\"reason\":\"r\"}",
                       strcmp(event, "reversal") == 0 ? "reverses" : "withdraws", about->filing_id);
    }
    made.details = details;
    put_filing(log, &made);
}

/* Something that is not a filing in its place. */
static void put_odd(struct sim_log *log, uint32_t enterprise)
{
    static const uint8_t garbage[] = {0xFF, 0x01, 0x02};
    const struct bytes key = {.at = (const uint8_t *)log->codes[enterprise], .n = 18};
    const struct sim_filed *const earlier =
        log->filed_n > 0 ? &log->filed[sim_chance(&log->chance, log->filed_n)] : NULL;

    switch (sim_chance(&log->chance, 4)) {
    case 0:
        put_value(log, enterprise, (struct bytes){.at = garbage, .n = sizeof(garbage)});
        break;
    case 1:
        put_value(log, enterprise, (struct bytes){.at = NULL, .n = 0});
        break;
    case 2: /* rightly filed, in the wrong partition */
        if (earlier) {
            log->put(log->arg,
                     (partition_of_key(key.at, key.n, log->partitions_n) + 1) % log->partitions_n,
                     &key, value_of(earlier));
        }
        break;
    default:
        if (earlier) {
            log->put(log->arg, 0, NULL, value_of(earlier));
        }
        break;
    }
}

static void put_about_earlier(struct sim_log *log, uint32_t what)
{
    const struct sim_filed about =
        log->filed[log->filed_n - 1 -
                   sim_chance(&log->chance, log->filed_n < 60 ? log->filed_n : 60)];
    struct made reused = {.enterprise = about.enterprise, .filing_id = about.filing_id};

    if (what < 12) {
        sim_log_act(log, "review", &about, sim_happens(&log->chance, 70) ? "APPROVE" : "REFUSE");
    } else if (what < 18) {
        sim_log_act(log, "withdrawal", &about, NULL);
    } else if (what < 25) {
        sim_log_act(log, "reversal", &about, NULL);
    } else if (what < 30) {
        put_value(log, about.enterprise, value_of(&about));
    } else {
        put_inflow(log, &reused, "R0000001", "USD");
    }
}

void sim_log_go_on(struct sim_log *log)
{
    const uint32_t enterprise = sim_chance(&log->chance, SIM_ENTERPRISES);
    const uint32_t what = sim_chance(&log->chance, 100);
    struct made made = {.enterprise = enterprise};
    char number[16];

    (void)snprintf(number, sizeof(number), "R%07u", sim_chance(&log->chance, 6));
    if (what < 33 && log->filed_n > 0) {
        put_about_earlier(log, what);
    } else if (what < 50) {
        sim_log_registration(log, enterprise, number,
                             sim_happens(&log->chance, 40) ? "P8310" : "C3411");
    } else if (what < 85) {
        made.day = sim_chance(&log->chance, SHEETS_MAX);
        put_inflow(log, &made, number, sim_happens(&log->chance, 50) ? "EUR" : "USD");
    } else if (what < 94 || log->sheets >= SHEETS_MAX) {
        put_odd(log, enterprise);
    } else if (sim_happens(&log->chance, 30)) {
        sim_log_sheet(log);
    }
}

/* Credit codes that pass both checks, found by trying the check digits. */
static void make_code(uint32_t i, char out[19])
{
    static const char digits[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    static const char inner[] = "0123456789X";

    for (uint32_t k = 0; k < 31 * 11; k++) {
        (void)snprintf(out, 19, "91210100%08u", (10000000 + i * 37) % 100000000);
        out[16] = inner[k % 11];
        out[17] = digits[k / 11];
        out[18] = '\0';
        if (uscc_valid(out, 18)) {
            return;
        }
    }
    abort();
}

void sim_log_open(struct sim_log *log, uint64_t seed, uint32_t partitions_n)
{
    uint32_t made = 0;

    *log = (struct sim_log){.chance = seed * 40503 + 2463534242U, .partitions_n = partitions_n};
    MUST(arena_open(&log->arena, (size_t)16 << 20, err));
    MUST(hash_open(&log->hash, err));
    MUST(signer_open(&log->signer, err));
    MUST(signing_key_new(&log->key, err));
    MUST(signing_key_new(&log->second, err));
    log->approvals_n = 1;
    log->filed = calloc(SIM_FILED_MAX, sizeof(*log->filed));
    assert(log->filed);
    /* The same number of enterprises in every partition. */
    for (uint32_t i = 0; made < SIM_ENTERPRISES; i++) {
        make_code(i, log->codes[made]);
        if (partition_of_key(log->codes[made], 18, partitions_n) == made % partitions_n) {
            made++;
        }
    }
}

void sim_log_close(struct sim_log *log)
{
    for (uint32_t i = 0; i < log->filed_n; i++) {
        free(log->filed[i].value);
    }
    free(log->filed);
    signing_key_close(log->second);
    signing_key_close(log->key);
    signer_close(log->signer);
    hash_close(log->hash);
    arena_close(&log->arena);
}
