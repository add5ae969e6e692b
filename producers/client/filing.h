/* filing.h - libfiling: check filings, sign them, publish them, learn what was decided.
 *
 *   struct filing_options options = {.size = sizeof(options), .bootstrap = "kafka-1:9092",
 *                                    .key_dir = "/etc/filing/keys", .delivered = note, .arg = me};
 *   struct filing_client *client = NULL;
 *   struct filing_error error;
 *
 *   if (filing_open(&options, &client, &error) != FILING_OK) ... error.text says why
 *   struct filing_input input = {.encoding = FILING_JSON, .at = text, .n = n};
 *   while (filing_publish(client, &input, tag, &error) == FILING_BUSY) {
 *       filing_poll(client, 100);
 *   }
 *   filing_flush(client, 30000, &error);
 *   filing_close(client);
 *
 * A filing is the JSON object of the rulebook or the bytes of the protobuf message
 * filing.v1.Filing.  It is checked for form before anything is sent, by the code that the ledger
 * checks it with; what is refused is not sent, and filing_verdict() says what is wrong, where, and
 * what to do.
 *
 * Promises:
 *   F1  no global state: clients are independent of each other.  One thread at a time uses a
 *       client; callbacks run in filing_poll(), filing_flush(), filing_wait() and filing_close()
 *       of that thread and nowhere else;
 *   F2  delivered is called exactly once for every filing that filing_publish() took with
 *       FILING_OK;
 *   F3  what one enterprise filed stands in the log in the order of filing_publish(), each filing
 *       once for each call (idempotent producer, acks=all).  To publish the same filing again is
 *       safe: it is answered DUPLICATE and changes nothing;
 *   F4  an unsigned filing is sent only to a ledger that says of itself that it is a
 *       demonstration.
 *
 * Every function that can fail returns a status and fills *error, which may be NULL.  Texts are
 * UTF-8, lower case, for people.  Times are milliseconds.  The library prints nothing. */
#ifndef FILING_H
#define FILING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define FILING_API __attribute__((visibility("default")))
#else
#define FILING_API
#endif

enum filing_status {
    FILING_OK = 0,
    FILING_REFUSED = 1,     /* the filing's form is wrong: filing_verdict() */
    FILING_BUSY = 2,        /* too many are under way: poll, then the same call again */
    FILING_TIMEOUT = 3,     /* the time ran out; the same call may be made again */
    FILING_UNREACHABLE = 4, /* no broker answers; the same call may be made again */
    FILING_DENIED = 5,      /* a key is missing, or the broker forbids it */
    FILING_INVALID = 6,     /* an option or an argument */
    FILING_CONFLICT = 7,    /* the topics or the ledger are not as they must be */
    FILING_FAILED = 8       /* anything else: memory, files, the Kafka client */
};

struct filing_error {
    enum filing_status status;
    char text[256];
};

/* The word of a status: "unreachable". */
FILING_API const char *filing_status_name(enum filing_status status);

/* The version of the library: "0.1.0". */
FILING_API const char *filing_version(void);

/* ---- opening ---- */

struct filing_client;

/* What became of one filing.  Borrowed for the call. */
struct filing_receipt {
    void *tag;         /* as given to filing_publish() */
    bool is_published; /* acknowledged by the brokers; else it may or may not be in the log */
    int32_t partition; /* where it stands, when it is published */
    int64_t offset;
    const char *text; /* why not, when it is not; else NULL */
};
typedef void filing_delivered_fn(void *arg, const struct filing_receipt *receipt);

enum filing_outcome {
    FILING_ACCEPTED = 1,
    FILING_REJECTED = 2,
    FILING_HELD = 3, /* decided later, by a person or when a rate comes */
    FILING_DUPLICATE = 4
};

/* The decision on one filing.  Borrowed for the call. */
struct filing_decision {
    void *tag;
    enum filing_outcome outcome;
    const char *json; /* the whole decision, one object, ended by NUL */
    size_t json_n;
};
typedef void filing_decided_fn(void *arg, const struct filing_decision *decision);

struct filing_property {
    const char *name; /* of librdkafka, as "security.protocol" */
    const char *value;
};

/* All texts are copied but for those of properties, which are kept until filing_close(). */
struct filing_options {
    size_t size;           /* sizeof(struct filing_options) */
    const char *bootstrap; /* host:port, several with commas; NULL: for filing_check() alone */
    const char *prefix;    /* before the name of every topic; NULL: none */
    /* Keys, PKCS#8 PEM, Ed25519, mode 0600: those of several banks as
     * <key_dir>/<bank>/<key_id>.pem, where key_id NULL means the only one; or one of one bank, then
     * key_id and bank are needed. None of both: unsigned (F4). */
    const char *key_dir;
    const char *key_file;
    const char *key_id;
    const char *bank;
    const char *ledger_id; /* 32 hex digits; NULL: as filings.reference.v1 says */
    const struct filing_property *properties;
    size_t properties_n;
    int timeout_ms;                 /* of each question while opening; 0: 10000 */
    filing_delivered_fn *delivered; /* NULL: receipts are not wanted */
    filing_decided_fn *decided;     /* not NULL: decisions are noted from now on, for filing_wait();
                                       needs read access to filings.decided.v1 */
    void *arg;                      /* of both */
};

/* Reach the brokers and learn which ledger this is.  *ret is written on FILING_OK only and is
 * closed by filing_close(). */
FILING_API enum filing_status filing_open(const struct filing_options *options,
                                          struct filing_client **ret, struct filing_error *error);

/* Gives up what is still under way, with a receipt for each.  NULL is allowed. */
FILING_API void filing_close(struct filing_client *client);

/* ---- checking ---- */

enum filing_encoding {
    FILING_JSON = 0,    /* one object of the rulebook, UTF-8 */
    FILING_PROTOBUF = 1 /* the bytes of filing.v1.Filing */
};

struct filing_input {
    enum filing_encoding encoding;
    const void *at; /* borrowed for the call */
    size_t n;
};

/* Is it written as it must be?  Needs no broker.  FILING_OK or FILING_REFUSED; the business date is
 * compared with today in Asia/Shanghai. */
FILING_API enum filing_status filing_check(struct filing_client *client,
                                           const struct filing_input *input,
                                           struct filing_error *error);

/* One thing that is wrong. */
struct filing_reason {
    int number;          /* 101 to 117 */
    const char *code;    /* "AMOUNT" */
    const char *field;   /* JSON pointer: "/details/money/value"; "": the whole */
    const char *english; /* one sentence */
    const char *chinese;
    const char *next; /* "CORRECT", "ASK_AUTHORITY", "WAIT" or "NOTHING" */
};

/* The i-th reason of the last check or publish of this client, by code and field; false past the
 * last.  Texts are valid until the next call with the client. */
FILING_API bool filing_verdict(const struct filing_client *client, size_t i,
                               struct filing_reason *ret);

/* ---- publishing ---- */

/* Check, sign and queue.  tag comes back in the receipt and is yours again at once
 * when the status is not FILING_OK. */
FILING_API enum filing_status filing_publish(struct filing_client *client,
                                             const struct filing_input *input, void *tag,
                                             struct filing_error *error);

/* Hand out receipts, waiting for the first at most timeout_ms (0: not). */
FILING_API void filing_poll(struct filing_client *client, int timeout_ms);

/* Filings without receipt. */
FILING_API size_t filing_outstanding(const struct filing_client *client);

/* Until every filing has its receipt.  FILING_TIMEOUT, or what the brokers refuse for good. */
FILING_API enum filing_status filing_flush(struct filing_client *client, int timeout_ms,
                                           struct filing_error *error);

/* Until every filing that was published has its decision; each is handed to decided once.  Flushes
 * first.  FILING_INVALID when the client was opened without decided. */
FILING_API enum filing_status filing_wait(struct filing_client *client, int timeout_ms,
                                          struct filing_error *error);

#ifdef __cplusplus
}
#endif

#endif
