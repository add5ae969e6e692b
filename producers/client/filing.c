#include "producers/client/filing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "kafka/error.h"
#include "producers/client/keyring.h"
#include "producers/client/sender.h"
#include "producers/client/waiting.h"
#include "producers/client/watch.h"
#include "producers/formats/check.h"
#include "wire/decision_json.h"
#include "wire/json.h"
#include "wire/submission.h"

#define TIMEOUT_MS 10000
#define POLL_MS    100
#define CLIENT_ID  "libfiling"

_Static_assert(FILING_ACCEPTED == (int)OUTCOME_ACCEPTED &&
                   FILING_REJECTED == (int)OUTCOME_REJECTED && FILING_HELD == (int)OUTCOME_HELD &&
                   FILING_DUPLICATE == (int)OUTCOME_DUPLICATE,
               "outcomes have one number everywhere");

/* The texts of the options that outlive filing_open(). */
struct texts {
    char *bootstrap;
    char *prefix;
    char *key_dir;
    char *key_file;
    char *key_id;
    char *bank;
    char *ledger_id;
};

struct filing_client {
    struct filing_options options;
    struct texts texts;
    struct conf_property *properties;
    struct arena arena; /* of what is read */
    struct check *check;
    struct keyring *keyring;
    struct sender *sender; /* NULL: for checking alone */
    struct waiting *waiting;
    struct watch *watch;
    struct buffer json;
    struct failure lost; /* why a decision cannot be waited for */
};

/* ---- failures ---- */

static enum filing_status status_of(const struct failure *fail)
{
    const bool is_forbidden = fail->os == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                              fail->os == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;

    switch (fail->status) {
    case STATUS_OK:
        return FILING_OK;
    case STATUS_KAFKA:
        if (is_forbidden) {
            return FILING_DENIED;
        }
        return fail->remedy == REMEDY_RETRY ? FILING_UNREACHABLE : FILING_FAILED;
    case STATUS_LIMIT:
        return fail->remedy == REMEDY_RETRY ? FILING_BUSY : FILING_FAILED;
    case STATUS_DENIED:
        return FILING_DENIED;
    case STATUS_USAGE:
    case STATUS_INVALID:
        return FILING_INVALID;
    case STATUS_CONFLICT:
        return FILING_CONFLICT;
    case STATUS_NOMEM:
    case STATUS_NOTFOUND:
    case STATUS_CORRUPT:
    case STATUS_IO:
    case STATUS_N:
        return FILING_FAILED;
    }
    return FILING_FAILED;
}

static enum filing_status answer(enum filing_status status, const char *text,
                                 struct filing_error *error)
{
    if (error) {
        error->status = status;
        (void)snprintf(error->text, sizeof(error->text), "%s", text);
    }
    return status;
}

static enum filing_status answer_failure(const struct failure *fail, struct filing_error *error)
{
    return answer(status_of(fail), fail->text, error);
}

const char *filing_status_name(enum filing_status status)
{
    static const char *const names[] = {"ok",     "refused", "busy",     "timeout", "unreachable",
                                        "denied", "invalid", "conflict", "failed"};
    const size_t i = (size_t)status;

    return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}

const char *filing_version(void) { return FILING_VERSION; }

/* ---- opening ---- */

static bool copy_text(const char *from, char **ret)
{
    *ret = from ? strdup(from) : NULL;
    return !from || *ret;
}

static bool copy_texts(struct filing_client *client, const struct filing_options *options)
{
    struct texts *texts = &client->texts;
    const size_t n = options->properties_n;

    client->properties = calloc(n + 1, sizeof(*client->properties));
    for (size_t i = 0; client->properties && i < n; i++) {
        client->properties[i] = (struct conf_property){.name = options->properties[i].name,
                                                       .value = options->properties[i].value};
    }
    return client->properties && copy_text(options->bootstrap, &texts->bootstrap) &&
           copy_text(options->prefix ? options->prefix : "", &texts->prefix) &&
           copy_text(options->key_dir, &texts->key_dir) &&
           copy_text(options->key_file, &texts->key_file) &&
           copy_text(options->key_id, &texts->key_id) && copy_text(options->bank, &texts->bank) &&
           copy_text(options->ledger_id, &texts->ledger_id);
}

static const char *option_fault(const struct filing_options *options)
{
    if (options->size != sizeof(*options)) {
        return "options.size is not that of this version of the library";
    }
    if (options->key_dir && options->key_file) {
        return "key_dir and key_file exclude each other";
    }
    if (options->key_file && (!options->key_id || !options->bank)) {
        return "key_file needs key_id and bank";
    }
    if (options->bank && strlen(options->bank) != BANK_SIZE) {
        return "bank is not 12 digits";
    }
    return NULL;
}

static void on_receipt(void *arg, const struct sender_receipt *receipt);

static enum status open_sender(struct filing_client *client, struct failure *err)
{
    const struct sender_conf conf = {
        .bootstrap = client->texts.bootstrap,
        .prefix = client->texts.prefix,
        .client_id = CLIENT_ID,
        .properties = client->properties,
        .properties_n = client->options.properties_n,
        .ledger_id = client->texts.ledger_id,
        .keyring = client->keyring,
        .received = on_receipt,
        .arg = client,
        .timeout_ms = client->options.timeout_ms,
    };
    const struct kafka_options kafka = {.bootstrap = conf.bootstrap,
                                        .properties = conf.properties,
                                        .properties_n = conf.properties_n,
                                        .client_id = CLIENT_ID};
    struct watch_conf watch = {.kafka = &kafka, .timeout_ms = conf.timeout_ms};
    enum status status = sender_open(&conf, &client->sender, err);

    if (status != STATUS_OK || !client->options.decided) {
        return status;
    }
    watch.topic = sender_topics(client->sender)->decided;
    watch.partitions = sender_partitions(client->sender);
    status = waiting_open(watch.partitions, &client->waiting, err);
    return status == STATUS_OK ? watch_open(&watch, &client->watch, err) : status;
}

static enum status begin(struct filing_client *client, struct failure *err)
{
    const struct keyring_conf keys = {.key_dir = client->texts.key_dir,
                                      .key_file = client->texts.key_file,
                                      .key_id = client->texts.key_id,
                                      .bank = client->texts.bank};
    enum status status = arena_open(&client->arena, ARENA_BULLETIN_MAX, err);

    if (status == STATUS_OK) {
        status = check_open(&client->check, err);
    }
    if (status == STATUS_OK && (keys.key_dir || keys.key_file)) {
        status = keyring_open(&keys, &client->keyring, err);
    }
    if (status == STATUS_OK && client->texts.bootstrap) {
        status = open_sender(client, err);
    }
    return status;
}

enum filing_status filing_open(const struct filing_options *options, struct filing_client **ret,
                               struct filing_error *error)
{
    struct failure fail = {.status = STATUS_OK};
    struct filing_client *client = NULL;
    const char *fault = option_fault(options);

    if (fault) {
        return answer(FILING_INVALID, fault, error);
    }
    log_set_level(LOG_ERROR); /* the library's own log: what goes wrong is in the status */
    client = calloc(1, sizeof(*client));
    if (!client || !copy_texts(client, options)) {
        filing_close(client);
        return answer(FILING_FAILED, "cannot open a client: out of memory", error);
    }
    client->options = *options;
    client->options.timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
    buffer_init(&client->json, MESSAGE_SIZE_MAX);
    if (begin(client, &fail) != STATUS_OK) {
        filing_close(client);
        return answer_failure(&fail, error);
    }
    *ret = client;
    return FILING_OK;
}

void filing_close(struct filing_client *client)
{
    if (!client) {
        return;
    }
    sender_close(client->sender); /* the last receipts */
    watch_close(client->watch);
    waiting_close(client->waiting);
    keyring_close(client->keyring);
    check_close(client->check);
    if (client->arena.base) {
        arena_close(&client->arena);
    }
    buffer_fini(&client->json);
    free(client->properties);
    free(client->texts.bootstrap);
    free(client->texts.prefix);
    free(client->texts.key_dir);
    free(client->texts.key_file);
    free(client->texts.key_id);
    free(client->texts.bank);
    free(client->texts.ledger_id);
    free(client);
}

/* ---- checking ---- */

static void read_json(struct filing_client *client, struct bytes bytes, struct source_item *item)
{
    struct failure why = {.status = STATUS_OK};
    struct json_text json;

    item->is_readable = json_read(bytes, &client->arena, &json, &why) == STATUS_OK;
    if (item->is_readable) {
        item->doc = json.doc;
        item->duplicate_key = json.duplicate_key;
    } else {
        (void)snprintf(item->why, sizeof(item->why), "%.*s", (int)sizeof(item->why) - 1, why.text);
    }
}

static void read_protobuf(struct filing_client *client, struct bytes bytes,
                          struct source_item *item)
{
    struct failure why = {.status = STATUS_OK};

    item->filing = bytes;
    item->is_readable =
        bytes.n <= FILING_SIZE_MAX &&
        filing_decode(bytes.at, bytes.n, &client->arena, &item->doc, &why) == STATUS_OK;
    if (!item->is_readable) {
        (void)snprintf(item->why, sizeof(item->why), "%.*s", (int)sizeof(item->why) - 1,
                       bytes.n > FILING_SIZE_MAX ? "above 64 KiB" : why.text);
    }
}

/* Read and check; the item lives in the client's arena until the next. */
static bool examine(struct filing_client *client, const struct filing_input *input,
                    struct source_item *item)
{
    const struct bytes bytes = {.at = input->at, .n = input->n};

    *item = (struct source_item){.line = 0};
    arena_reset(&client->arena);
    if (bytes.n > SOURCE_LINE_MAX) {
        (void)snprintf(item->why, sizeof(item->why), "longer than %u bytes", SOURCE_LINE_MAX);
    } else if (input->encoding == FILING_JSON) {
        read_json(client, bytes, item);
    } else {
        read_protobuf(client, bytes, item);
    }
    return check_run(client->check, item, check_today());
}

static enum filing_status refused(const struct filing_client *client,
                                  const struct source_item *item, struct filing_error *error)
{
    const struct reason *first = &client->check->form.failures.at[0];
    char text[sizeof(error->text)];

    if (!item->is_readable) {
        return answer(FILING_REFUSED, item->why, error);
    }
    (void)snprintf(text, sizeof(text), "%s%s%s", first->field, first->field[0] ? ": " : "",
                   code_english(first->code));
    return answer(FILING_REFUSED, text, error);
}

enum filing_status filing_check(struct filing_client *client, const struct filing_input *input,
                                struct filing_error *error)
{
    struct source_item item;

    return examine(client, input, &item) ? FILING_OK : refused(client, &item, error);
}

bool filing_verdict(const struct filing_client *client, size_t i, struct filing_reason *ret)
{
    const struct reasons *failures = &client->check->form.failures;
    const struct reason *reason = NULL;

    if (i >= failures->n) {
        return false;
    }
    reason = &failures->at[i];
    *ret = (struct filing_reason){.number = (int)reason->code,
                                  .code = code_name(reason->code),
                                  .field = reason->field,
                                  .english = code_english(reason->code),
                                  .chinese = code_chinese(reason->code),
                                  .next = next_name(code_next(reason->code))};
    return true;
}

/* ---- publishing ---- */

/* Travels through librdkafka with a record: the caller's tag and, when decisions are noted, the
 * filing's own numbers. */
static void on_receipt(void *arg, const struct sender_receipt *receipt)
{
    struct filing_client *client = arg;
    struct waiting_item *item = receipt->tag;
    const struct filing_receipt out = {.tag = item->tag,
                                       .is_published = !receipt->fail,
                                       .partition = receipt->partition,
                                       .offset = receipt->offset,
                                       .text = receipt->fail ? receipt->fail->text : NULL};

    if (client->options.delivered) {
        client->options.delivered(client->options.arg, &out);
    }
    if (client->waiting && !receipt->fail) {
        if (waiting_add(client->waiting, receipt->partition, receipt->offset, item) == STATUS_OK) {
            return;
        }
        (void)failure_set(&client->lost, STATUS_NOMEM, REMEDY_STOP, 0,
                          "cannot wait for a decision: out of memory");
    }
    free(item);
}

enum filing_status filing_publish(struct filing_client *client, const struct filing_input *input,
                                  void *tag, struct filing_error *error)
{
    struct failure fail = {.status = STATUS_OK};
    struct source_item item;
    struct waiting_item *waited = NULL;

    if (!client->sender) {
        return answer(FILING_INVALID, "the client was opened without bootstrap", error);
    }
    if (!examine(client, input, &item)) {
        return refused(client, &item, error);
    }
    waited = waiting_item_new(0, tag, client->waiting ? &item.doc : NULL);
    if (!waited) {
        return answer(FILING_FAILED, "cannot publish: out of memory", error);
    }
    if (sender_send(client->sender, client->check->filing, &client->check->form.identity, waited,
                    &fail) != STATUS_OK) {
        free(waited);
        return answer_failure(&fail, error);
    }
    return FILING_OK;
}

void filing_poll(struct filing_client *client, int timeout_ms)
{
    if (client->sender) {
        sender_poll(client->sender, timeout_ms);
    }
}

size_t filing_outstanding(const struct filing_client *client)
{
    return client->sender ? sender_outstanding(client->sender) : 0;
}

static int left_ms(int64_t until_us, int most_ms)
{
    const int64_t left = (until_us - clock_monotonic_us()) / 1000;

    return left < 0 ? 0 : (int)(left < most_ms ? left : most_ms);
}

static enum filing_status flush_until(struct filing_client *client, int64_t until_us,
                                      struct filing_error *error)
{
    struct failure fail = {.status = STATUS_OK};

    while (filing_outstanding(client) > 0) {
        sender_poll(client->sender, left_ms(until_us, POLL_MS));
        if (sender_health(client->sender, &fail) != STATUS_OK) {
            return answer_failure(&fail, error);
        }
        if (filing_outstanding(client) > 0 && clock_monotonic_us() >= until_us) {
            return answer(FILING_TIMEOUT, "the brokers have not acknowledged every filing", error);
        }
    }
    return FILING_OK;
}

enum filing_status filing_flush(struct filing_client *client, int timeout_ms,
                                struct filing_error *error)
{
    return flush_until(client, clock_monotonic_us() + timeout_ms * INT64_C(1000), error);
}

static enum status hand_out(struct filing_client *client, const struct decision *decision,
                            struct failure *err)
{
    struct waiting_item *item = waiting_take(client->waiting, decision);
    const struct decision_texts texts = {.policy = NULL, .own = item ? &item->own : NULL};
    enum status status = STATUS_OK;

    if (!item) {
        return STATUS_OK; /* somebody else's filing */
    }
    buffer_reset(&client->json);
    status = decision_to_json(decision, &texts, &client->json, err);
    if (status == STATUS_OK) {
        const struct filing_decision out = {.tag = item->tag,
                                            .outcome = (enum filing_outcome)decision->outcome,
                                            .json = buffer_cstr(&client->json),
                                            .json_n = client->json.n};

        client->options.decided(client->options.arg, &out);
    }
    free(item);
    return status;
}

enum filing_status filing_wait(struct filing_client *client, int timeout_ms,
                               struct filing_error *error)
{
    const int64_t until_us = clock_monotonic_us() + timeout_ms * INT64_C(1000);
    struct failure fail = {.status = STATUS_OK};
    enum filing_status flushed = FILING_OK;

    if (!client->watch) {
        return answer(FILING_INVALID, "the client was opened without decided", error);
    }
    /* Receipts first: they say where the filings stand whose decisions are looked for. */
    flushed = flush_until(client, until_us, error);
    if (flushed != FILING_OK) {
        return flushed;
    }
    while (client->lost.status == STATUS_OK && waiting_n(client->waiting) > 0) {
        const struct decision *decision = NULL;

        if (clock_monotonic_us() >= until_us) {
            return answer(FILING_TIMEOUT, "not every filing has its decision", error);
        }
        if (watch_next(client->watch, left_ms(until_us, POLL_MS), &decision, &fail) != STATUS_OK ||
            (decision && hand_out(client, decision, &fail) != STATUS_OK)) {
            return answer_failure(&fail, error);
        }
    }
    return client->lost.status == STATUS_OK ? FILING_OK : answer_failure(&client->lost, error);
}
