/* views_db.c - the readable tables in SQLite.
 *
 * The file is not synced at each commit (synchronous=NORMAL in WAL mode): a crash of the machine
 * may cost the last steps, never half a step, and they are made again. */
#include "consumers/store/views_db.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "form/date.h"
#include "form/iso.h"
#include "form/money.h"

#define FILE_MAX 4096
/* "FILV" in the header of the file. */
#define APPLICATION_ID 0x46494c56
/* How long somebody who looks may lock the file. */
#define BUSY_MS 2000
/* Codes or flags of one decision as words: the longest are shorter than this. */
#define WORDS_SIZE 4096

static const char *const schema[] = {
    "CREATE TABLE about (one INTEGER PRIMARY KEY CHECK (one = 1), ledger_id BLOB NOT NULL,"
    " store_id BLOB NOT NULL) STRICT",
    "CREATE TABLE true_for (partition INTEGER PRIMARY KEY, number INTEGER NOT NULL,"
    " states_number INTEGER NOT NULL, chain BLOB NOT NULL) STRICT",
    "CREATE TABLE decision (partition INTEGER NOT NULL, number INTEGER NOT NULL,"
    " input_offset INTEGER NOT NULL, trigger_offset INTEGER NOT NULL, received_at TEXT NOT NULL,"
    " filing_id TEXT, bank TEXT, enterprise TEXT, event TEXT, business_date TEXT,"
    " outcome TEXT NOT NULL, codes TEXT, flags TEXT, returned TEXT, returned_currency TEXT,"
    " policy INTEGER, rules INTEGER, bulletin INTEGER, refers_to INTEGER,"
    " PRIMARY KEY (partition, number)) STRICT, WITHOUT ROWID",
    "CREATE INDEX decision_of_enterprise ON decision (enterprise, number)",
    "CREATE INDEX decision_of_filing ON decision (filing_id, bank)",
    "CREATE TABLE reason (partition INTEGER NOT NULL, number INTEGER NOT NULL,"
    " ordinal INTEGER NOT NULL, code INTEGER NOT NULL, name TEXT NOT NULL, field TEXT,"
    " limit_id TEXT, currency TEXT, free TEXT, asked TEXT, note TEXT,"
    " PRIMARY KEY (partition, number, ordinal)) STRICT, WITHOUT ROWID",
    "CREATE TABLE posting (partition INTEGER NOT NULL, number INTEGER NOT NULL,"
    " ordinal INTEGER NOT NULL, enterprise TEXT NOT NULL, limit_id TEXT NOT NULL,"
    " kind TEXT NOT NULL, object TEXT, part TEXT, currency TEXT NOT NULL,"
    " limit_change TEXT NOT NULL, used_change TEXT NOT NULL, reserved_change TEXT NOT NULL,"
    " limit_after TEXT NOT NULL, used_after TEXT NOT NULL, reserved_after TEXT NOT NULL,"
    " PRIMARY KEY (partition, number, ordinal)) STRICT, WITHOUT ROWID",
    "CREATE INDEX posting_of_limit ON posting (enterprise, limit_id, number)",
    "CREATE TABLE limit_account (partition INTEGER NOT NULL, enterprise TEXT NOT NULL,"
    " limit_id TEXT NOT NULL, kind TEXT NOT NULL, object TEXT, part TEXT, currency TEXT NOT NULL,"
    " limit_amount TEXT NOT NULL, used_amount TEXT NOT NULL, reserved_amount TEXT NOT NULL,"
    " free_amount TEXT NOT NULL, number INTEGER NOT NULL,"
    " PRIMARY KEY (partition, enterprise, limit_id)) STRICT, WITHOUT ROWID",
    "CREATE INDEX limit_of_enterprise ON limit_account (enterprise)",
    "CREATE TABLE held_filing (partition INTEGER NOT NULL, arrival_number INTEGER NOT NULL,"
    " enterprise TEXT NOT NULL, filing_id TEXT, bank TEXT, event TEXT, business_date TEXT,"
    " received_at TEXT NOT NULL, codes TEXT NOT NULL, number INTEGER NOT NULL,"
    " PRIMARY KEY (partition, arrival_number)) STRICT, WITHOUT ROWID",
    "CREATE TABLE enterprise (partition INTEGER NOT NULL, enterprise TEXT NOT NULL,"
    " first_number INTEGER NOT NULL, last_number INTEGER NOT NULL, state_number INTEGER NOT NULL,"
    " settled_number INTEGER NOT NULL, objects INTEGER NOT NULL, open_objects INTEGER NOT NULL,"
    " held INTEGER NOT NULL, PRIMARY KEY (partition, enterprise)) STRICT, WITHOUT ROWID",
    "CREATE INDEX enterprise_behind ON enterprise (partition, enterprise)"
    " WHERE settled_number < last_number",
    "CREATE TABLE registration (partition INTEGER NOT NULL, enterprise TEXT NOT NULL,"
    " model TEXT NOT NULL, registration_no TEXT NOT NULL, open INTEGER NOT NULL,"
    " opened_on TEXT NOT NULL, moved_on TEXT NOT NULL, opened_number INTEGER NOT NULL,"
    " industry TEXT, target_country TEXT, currency TEXT, registered_capital TEXT,"
    " total_currency TEXT, total_investment TEXT,"
    " PRIMARY KEY (partition, enterprise, registration_no)) STRICT, WITHOUT ROWID",
    "CREATE TABLE application (partition INTEGER NOT NULL, enterprise TEXT NOT NULL,"
    " model TEXT NOT NULL, application_no TEXT NOT NULL, open INTEGER NOT NULL,"
    " opened_on TEXT NOT NULL, moved_on TEXT NOT NULL, opened_number INTEGER NOT NULL,"
    " PRIMARY KEY (partition, enterprise, application_no)) STRICT, WITHOUT ROWID",
    "CREATE TABLE contract (partition INTEGER NOT NULL, enterprise TEXT NOT NULL,"
    " model TEXT NOT NULL, contract_no TEXT NOT NULL, open INTEGER NOT NULL,"
    " opened_on TEXT NOT NULL, moved_on TEXT NOT NULL, opened_number INTEGER NOT NULL, mode TEXT,"
    " currency TEXT NOT NULL, undrawn TEXT NOT NULL, outstanding TEXT NOT NULL,"
    " limit_currency TEXT NOT NULL, counted TEXT NOT NULL, signed_on TEXT, matures_on TEXT,"
    " PRIMARY KEY (partition, enterprise, model, contract_no)) STRICT, WITHOUT ROWID",
    "CREATE TABLE investor (partition INTEGER NOT NULL, enterprise TEXT NOT NULL,"
    " owner INTEGER NOT NULL, ordinal INTEGER NOT NULL, registration_no TEXT NOT NULL,"
    " investor_no TEXT NOT NULL, country TEXT, currency TEXT, subscribed TEXT,"
    " share_bp INTEGER NOT NULL, PRIMARY KEY (partition, owner, ordinal)) STRICT, WITHOUT ROWID",
    "CREATE INDEX investor_of_enterprise ON investor (partition, enterprise)",
    /* Limits whose investor is not known yet: see views_db_unknown(). */
    "CREATE TABLE unknown (partition INTEGER NOT NULL, enterprise TEXT NOT NULL,"
    " owner INTEGER NOT NULL, ordinal INTEGER NOT NULL,"
    " PRIMARY KEY (partition, enterprise, owner, ordinal)) STRICT, WITHOUT ROWID",
};

/* The order is that of sql[]. */
enum statement {
    ABOUT_PUT,
    TRUE_FOR_READ,
    TRUE_FOR_PUT,
    DECISION_ADD,
    REASON_ADD,
    POSTING_ADD,
    LIMIT_PUT,
    HELD_PUT,
    HELD_MOVE,
    HELD_DROP,
    ENTERPRISE_TOUCH,
    ENTERPRISE_STATE,
    ENTERPRISE_SETTLE,
    ENTERPRISE_BEHIND,
    INVESTOR_FIND,
    REGISTRATION_DROP,
    APPLICATION_DROP,
    CONTRACT_DROP,
    INVESTOR_DROP,
    REGISTRATION_ADD,
    APPLICATION_ADD,
    CONTRACT_ADD,
    INVESTOR_ADD,
    UNKNOWN_ADD,
    UNKNOWN_NEXT,
    UNKNOWN_DROP,
    POSTING_RENAME,
    LIMIT_DROP_OLDER,
    LIMIT_RENAME,
    STATEMENT_N
};

static const char *const sql[] = {
    [ABOUT_PUT] = "INSERT INTO about VALUES (1, ?1, ?2)",
    [TRUE_FOR_READ] = "SELECT number, states_number, chain FROM true_for WHERE partition = ?1",
    [TRUE_FOR_PUT] = "INSERT OR REPLACE INTO true_for VALUES (?1, ?2, ?3, ?4)",
    [DECISION_ADD] = "INSERT INTO decision VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
                     " ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    [REASON_ADD] = "INSERT INTO reason VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [POSTING_ADD] = "INSERT INTO posting VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
                    " ?12, ?13, ?14, ?15)",
    [LIMIT_PUT] = "INSERT OR REPLACE INTO limit_account VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                  " ?9, ?10, ?11, ?12)",
    [HELD_PUT] = "INSERT OR REPLACE INTO held_filing VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
                 " ?10)",
    [HELD_MOVE] = "UPDATE held_filing SET codes = ?3, number = ?4"
                  " WHERE partition = ?1 AND arrival_number = ?2",
    [HELD_DROP] = "DELETE FROM held_filing WHERE partition = ?1 AND arrival_number = ?2",
    [ENTERPRISE_TOUCH] = "INSERT INTO enterprise VALUES (?1, ?2, ?3, ?3, 0, 0, 0, 0, 0)"
                         " ON CONFLICT DO UPDATE SET last_number = excluded.last_number",
    [ENTERPRISE_STATE] = "INSERT INTO enterprise VALUES (?1, ?2, ?3, ?3, ?3, ?3, ?4, ?5, ?6)"
                         " ON CONFLICT DO UPDATE SET state_number = ?3, settled_number = ?3,"
                         " objects = ?4, open_objects = ?5, held = ?6",
    [ENTERPRISE_SETTLE] = "UPDATE enterprise SET settled_number = last_number"
                          " WHERE partition = ?1 AND enterprise = ?2",
    [ENTERPRISE_BEHIND] = "SELECT enterprise, state_number, last_number FROM enterprise"
                          " WHERE partition = ?1 AND enterprise > ?2"
                          " AND settled_number < last_number ORDER BY enterprise LIMIT 1",
    [INVESTOR_FIND] = "SELECT investor_no FROM investor"
                      " WHERE partition = ?1 AND owner = ?2 AND ordinal = ?3",
    [REGISTRATION_DROP] = "DELETE FROM registration WHERE partition = ?1 AND enterprise = ?2",
    [APPLICATION_DROP] = "DELETE FROM application WHERE partition = ?1 AND enterprise = ?2",
    [CONTRACT_DROP] = "DELETE FROM contract WHERE partition = ?1 AND enterprise = ?2",
    [INVESTOR_DROP] = "DELETE FROM investor WHERE partition = ?1 AND enterprise = ?2",
    [REGISTRATION_ADD] = "INSERT INTO registration VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
                         " ?11, ?12, ?13, ?14)",
    [APPLICATION_ADD] = "INSERT INTO application VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [CONTRACT_ADD] = "INSERT INTO contract VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
                     " ?12, ?13, ?14, ?15, ?16)",
    [UNKNOWN_ADD] = "INSERT OR IGNORE INTO unknown VALUES (?1, ?2, ?3, ?4)",
    [UNKNOWN_NEXT] = "SELECT u.owner, u.ordinal, i.registration_no, i.investor_no"
                     " FROM unknown u JOIN investor i USING (partition, owner, ordinal)"
                     " WHERE u.partition = ?1 AND u.enterprise = ?2 LIMIT 1",
    [UNKNOWN_DROP] = "DELETE FROM unknown WHERE partition = ?1 AND enterprise = ?2 AND owner = ?3"
                     " AND ordinal = ?4",
    [POSTING_RENAME] = "UPDATE posting SET limit_id = ?4, part = ?5"
                       " WHERE partition = ?1 AND enterprise = ?2 AND limit_id = ?3",
    [LIMIT_DROP_OLDER] = "DELETE FROM limit_account WHERE partition = ?1 AND enterprise = ?2"
                         " AND limit_id = ?3 AND number < (SELECT number FROM limit_account"
                         " WHERE partition = ?1 AND enterprise = ?2 AND limit_id = ?4)",
    [LIMIT_RENAME] = "UPDATE OR REPLACE limit_account SET limit_id = ?4, part = ?5"
                     " WHERE partition = ?1 AND enterprise = ?2 AND limit_id = ?3",
    [INVESTOR_ADD] = "INSERT INTO investor VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
};
_Static_assert(sizeof(sql) / sizeof(sql[0]) == STATEMENT_N, "a statement without SQL");

struct views_db {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_N];
};

/* ---- binding the columns of a row one after the other -------------------------------------- */

struct binder {
    sqlite3_stmt *stmt;
    int column; /* of the last that was bound */
};

static struct binder binder_of(const struct views_db *db, enum statement which)
{
    return (struct binder){.stmt = db->statements[which], .column = 0};
}

static void put_null(struct binder *b)
{
    b->column++;
    (void)sqlite3_bind_null(b->stmt, b->column);
}

static void put_i64(struct binder *b, int64_t value)
{
    b->column++;
    (void)sqlite3_bind_int64(b->stmt, b->column, value);
}

static void put_u64(struct binder *b, uint64_t value)
{
    assert(value <= INT64_MAX);
    put_i64(b, (int64_t)value);
}

static void put_blob(struct binder *b, const uint8_t *at, int n)
{
    b->column++;
    (void)sqlite3_bind_blob(b->stmt, b->column, at, n, SQLITE_TRANSIENT);
}

/* Empty text is absent. */
static void put_text(struct binder *b, const char *at, size_t n)
{
    if (n == 0) {
        put_null(b);
        return;
    }
    b->column++;
    (void)sqlite3_bind_text(b->stmt, b->column, at, (int)n, SQLITE_TRANSIENT);
}

static void put_word(struct binder *b, const char *word) { put_text(b, word, strlen(word)); }

static void put_date(struct binder *b, int32_t on)
{
    char text[DATE_TEXT_SIZE];

    date_format(on, text);
    put_word(b, text);
}

static void put_time(struct binder *b, int64_t unix_ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(unix_ms, text);
    put_word(b, text);
}

static void put_currency(struct binder *b, int32_t currency)
{
    put_word(b, currency == CURRENCY_NONE ? "" : iso_currency(currency)->alpha);
}

static void put_country(struct binder *b, int32_t country)
{
    put_word(b, country == COUNTRY_NONE ? "" : iso_country_alpha3(country));
}

static void put_amount(struct binder *b, int64_t minor, int32_t currency)
{
    char text[MONEY_TEXT_SIZE];
    int exponent = 0; /* also of what has no minor units: no money of a filing is in it */

    if (currency == CURRENCY_NONE) {
        put_null(b);
        return;
    }
    if (iso_currency(currency)->exponent > 0) {
        exponent = (uint8_t)iso_currency(currency)->exponent;
    }
    (void)money_format(minor, exponent, text, sizeof(text));
    put_word(b, text);
}

static int run(const struct binder *b)
{
    int rc = sqlite3_step(b->stmt);

    (void)sqlite3_reset(b->stmt);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static enum status fail(const struct views_db *db, int rc, const char *what, struct failure *err)
{
    int primary = rc & 0xff;
    enum remedy remedy =
        primary == SQLITE_BUSY || primary == SQLITE_LOCKED ? REMEDY_RETRY : REMEDY_STOP;
    enum status status =
        primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_CONSTRAINT
            ? STATUS_CORRUPT
            : STATUS_IO;

    return failure_set(err, status, remedy, rc, "cannot %s: %s", what,
                       db->db ? sqlite3_errmsg(db->db) : sqlite3_errstr(rc));
}

static enum status done(const struct views_db *db, int rc, const char *what, struct failure *err)
{
    return rc == SQLITE_OK ? STATUS_OK : fail(db, rc, what, err);
}

static int exec(const struct views_db *db, const char *text)
{
    return sqlite3_exec(db->db, text, NULL, NULL, NULL);
}

/* ---- opening ------------------------------------------------------------------------------- */

void views_db_close(struct views_db *db)
{
    if (!db) {
        return;
    }
    for (int i = 0; i < STATEMENT_N; i++) {
        (void)sqlite3_finalize(db->statements[i]);
    }
    (void)sqlite3_close_v2(db->db);
    free(db);
}

/* The one integer that a PRAGMA answers. */
static int pragma_int(const struct views_db *db, const char *text, int *ret)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->db, text, -1, &stmt, NULL);

    if (!rc) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW) {
            *ret = sqlite3_column_int(stmt, 0);
            rc = SQLITE_OK;
        }
    }
    (void)sqlite3_finalize(stmt);
    return rc;
}

/* V2.  *ret_same: made for this store by this schema. */
static int is_of(const struct views_db *db, const struct store_ledger *ledger, bool *ret_same)
{
    sqlite3_stmt *stmt = NULL;
    int application = 0;
    int version = 0;
    int rc = pragma_int(db, "PRAGMA application_id", &application);

    *ret_same = false;
    if (!rc) {
        rc = pragma_int(db, "PRAGMA user_version", &version);
    }
    if (rc || application != APPLICATION_ID || version != VIEWS_SCHEMA) {
        return rc;
    }
    rc = sqlite3_prepare_v2(db->db, "SELECT 1 FROM about WHERE ledger_id = ?1 AND store_id = ?2",
                            -1, &stmt, NULL);
    if (!rc) {
        (void)sqlite3_bind_blob(stmt, 1, ledger->ledger_id, sizeof(ledger->ledger_id),
                                SQLITE_STATIC);
        (void)sqlite3_bind_blob(stmt, 2, ledger->store_id, sizeof(ledger->store_id), SQLITE_STATIC);
        *ret_same = sqlite3_step(stmt) == SQLITE_ROW;
        rc = sqlite3_reset(stmt);
    }
    (void)sqlite3_finalize(stmt);
    return rc;
}

static int prepare_all(struct views_db *db)
{
    int rc = SQLITE_OK;

    for (int i = 0; i < STATEMENT_N && !rc; i++) {
        rc = sqlite3_prepare_v3(db->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &db->statements[i],
                                NULL);
    }
    return rc;
}

/* Into an empty file, in one transaction. */
static int make(struct views_db *db, const struct store_ledger *ledger)
{
    char stamp[128];
    int rc = exec(db, "BEGIN IMMEDIATE");

    (void)snprintf(stamp, sizeof(stamp), "PRAGMA application_id=%d; PRAGMA user_version=%d",
                   APPLICATION_ID, VIEWS_SCHEMA);
    for (size_t i = 0; i < sizeof(schema) / sizeof(schema[0]) && !rc; i++) {
        rc = exec(db, schema[i]);
    }
    if (!rc) {
        rc = exec(db, stamp);
    }
    if (!rc) {
        rc = prepare_all(db);
    }
    if (!rc) {
        struct binder b = binder_of(db, ABOUT_PUT);

        put_blob(&b, ledger->ledger_id, sizeof(ledger->ledger_id));
        put_blob(&b, ledger->store_id, sizeof(ledger->store_id));
        rc = run(&b);
    }
    return rc ? rc : exec(db, "COMMIT");
}

static int open_file(const char *file, struct views_db *db)
{
    int rc = sqlite3_open_v2(file, &db->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);

    if (!rc) {
        rc = sqlite3_busy_timeout(db->db, BUSY_MS);
    }
    if (!rc) {
        rc = exec(db, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                      "PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY;"
                      "PRAGMA journal_size_limit=67108864; PRAGMA trusted_schema=OFF");
    }
    return rc;
}

/* The file and what SQLite keeps beside it. */
static void remove_file(const char *file)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char path[FILE_MAX];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (snprintf(path, sizeof(path), "%s%s", file, ends[i]) < (int)sizeof(path)) {
            (void)unlink(path);
        }
    }
}

static bool is_damaged(int rc)
{
    return (rc & 0xff) == SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT;
}

/* The file as it is, if it can be used.  *ret_same false: it is to be made anew. */
static int open_if_of(const char *file, const struct store_ledger *ledger, struct views_db *db,
                      bool *ret_same)
{
    int rc = open_file(file, db);

    *ret_same = false;
    if (!rc) {
        rc = is_of(db, ledger, ret_same);
    }
    if (!rc && *ret_same) {
        rc = prepare_all(db);
    }
    if (is_damaged(rc)) {
        *ret_same = false;
        return SQLITE_OK;
    }
    return rc; /* somebody has it locked, or it cannot be read: no reason to drop it */
}

static enum status views_new(struct views_db **ret, struct failure *err)
{
    *ret = calloc(1, sizeof(**ret));
    return *ret ? STATUS_OK
                : failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0,
                              "no memory for the readable tables");
}

static enum status make_anew(const char *file, const struct store_ledger *ledger,
                             struct views_db **ret, struct failure *err)
{
    struct views_db *db = NULL;
    enum status status = views_new(&db, err);
    int rc = SQLITE_OK;

    if (status) {
        return status;
    }
    remove_file(file);
    rc = open_file(file, db);
    if (!rc) {
        rc = make(db, ledger);
    }
    if (rc) {
        status = fail(db, rc, "make the readable tables", err);
        views_db_close(db);
        return status;
    }
    *ret = db;
    return STATUS_OK;
}

enum status views_db_open(const char *file, const struct store_ledger *ledger,
                          struct views_db **ret, struct failure *err)
{
    struct views_db *db = NULL;
    bool is_same = false;
    enum status status = STATUS_OK;
    int rc = SQLITE_OK;

    if (strlen(file) + sizeof("-journal") > FILE_MAX) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "the name of the store is too long");
    }
    status = views_new(&db, err);
    if (status) {
        return status;
    }
    rc = open_if_of(file, ledger, db, &is_same);
    if (rc) {
        status = fail(db, rc, "open the readable tables", err);
    } else if (is_same) {
        *ret = db;
        return STATUS_OK;
    }
    views_db_close(db);
    return status ? status : make_anew(file, ledger, ret, err);
}

enum status views_db_begin(struct views_db *db, struct failure *err)
{
    return done(db, exec(db, "BEGIN IMMEDIATE"), "write the readable tables", err);
}

enum status views_db_commit(struct views_db *db, struct failure *err)
{
    return done(db, exec(db, "COMMIT"), "write the readable tables", err);
}

void views_db_rollback(struct views_db *db)
{
    if (!sqlite3_get_autocommit(db->db)) {
        (void)exec(db, "ROLLBACK");
    }
}

/* ---- where a partition stands -------------------------------------------------------------- */

enum status views_db_true_for(struct views_db *db, uint32_t partition, struct views_true_for *ret,
                              struct failure *err)
{
    struct binder b = binder_of(db, TRUE_FOR_READ);
    int rc = SQLITE_OK;

    memset(ret, 0, sizeof(*ret));
    put_u64(&b, partition);
    rc = sqlite3_step(b.stmt);
    if (rc == SQLITE_ROW && sqlite3_column_bytes(b.stmt, 2) == sizeof(ret->chain)) {
        ret->number = (uint64_t)sqlite3_column_int64(b.stmt, 0);
        ret->states_number = (uint64_t)sqlite3_column_int64(b.stmt, 1);
        memcpy(ret->chain, sqlite3_column_blob(b.stmt, 2), sizeof(ret->chain));
    }
    (void)sqlite3_reset(b.stmt);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? STATUS_OK
                                                 : fail(db, rc, "read the readable tables", err);
}

enum status views_db_move(struct views_db *db, uint32_t partition, const struct views_true_for *to,
                          struct failure *err)
{
    struct binder b = binder_of(db, TRUE_FOR_PUT);

    put_u64(&b, partition);
    put_u64(&b, to->number);
    put_u64(&b, to->states_number);
    put_blob(&b, to->chain, sizeof(to->chain));
    return done(db, run(&b), "write the readable tables", err);
}

enum status views_db_clear(struct views_db *db, uint32_t partition, struct failure *err)
{
    static const char *const tables[] = {"true_for",      "reason",      "decision", "posting",
                                         "limit_account", "held_filing", "unknown",  "enterprise",
                                         "registration",  "application", "contract", "investor"};
    char text[128];
    int rc = SQLITE_OK;

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !rc; i++) {
        (void)snprintf(text, sizeof(text), "DELETE FROM %s WHERE partition = %" PRIu32, tables[i],
                       partition);
        rc = exec(db, text);
    }
    return done(db, rc, "empty the readable tables", err);
}

/* ---- rows of a decision -------------------------------------------------------------------- */

static void put_identity(struct binder *b, const struct text *text)
{
    put_text(b, text->at, text->n);
}

/* Append a word behind a blank; what does not fit is left out. */
static size_t word_add(char words[WORDS_SIZE], size_t n, const char *word)
{
    int more = snprintf(words + n, WORDS_SIZE - n, "%s%s", n > 0 ? " " : "", word);

    return more > 0 && n + (size_t)more < WORDS_SIZE ? n + (size_t)more : n;
}

/* The codes as words, each once. */
static size_t codes_of(const struct decision *d, char words[WORDS_SIZE])
{
    size_t n = 0;

    words[0] = '\0';
    for (uint32_t i = 0; i < d->reasons.n; i++) {
        if (i == 0 || d->reasons.at[i].code != d->reasons.at[i - 1].code) {
            n = word_add(words, n, code_name(d->reasons.at[i].code));
        }
    }
    return n;
}

static size_t flags_of(const struct decision *d, char words[WORDS_SIZE])
{
    size_t n = 0;

    words[0] = '\0';
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        uint32_t flag = 1U << i;

        if (d->flags & flag) {
            n = word_add(words, n, flag_name((enum flag)flag));
        }
    }
    return n;
}

static int add_decision(const struct views_db *db, const struct decision *d)
{
    struct binder b = binder_of(db, DECISION_ADD);
    char words[WORDS_SIZE];

    put_u64(&b, d->partition);
    put_u64(&b, d->number);
    put_i64(&b, d->input_offset);
    put_i64(&b, d->trigger_offset);
    put_time(&b, d->received_ms);
    put_identity(&b, &d->identity.filing_id);
    put_identity(&b, &d->identity.bank);
    put_identity(&b, &d->identity.enterprise);
    if (d->event == EVENT_NONE) {
        put_identity(&b, &d->identity.event);
    } else {
        put_word(&b, event_name(d->event));
    }
    put_identity(&b, &d->identity.business_date);
    put_word(&b, outcome_name(d->outcome));
    put_text(&b, words, codes_of(d, words));
    put_text(&b, words, flags_of(d, words));
    put_amount(&b, d->returned.minor, d->has_returned ? d->returned.currency : CURRENCY_NONE);
    put_currency(&b, d->has_returned ? d->returned.currency : CURRENCY_NONE);
    if (d->has_basis) {
        put_u64(&b, d->policy);
        put_u64(&b, d->rules);
    } else {
        put_null(&b);
        put_null(&b);
    }
    if (d->has_bulletin) {
        put_u64(&b, d->bulletin);
    } else {
        put_null(&b);
    }
    if (d->refers_to > 0) {
        put_u64(&b, d->refers_to);
    } else {
        put_null(&b);
    }
    return run(&b);
}

static int add_reason(const struct views_db *db, const struct decision *d, uint32_t i)
{
    const struct reason *r = &d->reasons.at[i];
    int32_t currency = r->has_amounts ? r->currency : CURRENCY_NONE;
    struct binder b = binder_of(db, REASON_ADD);
    char id[LIMIT_ID_SIZE] = "";

    if (r->limit.kind != LIMIT_NONE) {
        (void)limit_id_format(&r->limit, id);
    }
    put_u64(&b, d->partition);
    put_u64(&b, d->number);
    put_u64(&b, i);
    put_i64(&b, r->code);
    put_word(&b, code_name(r->code));
    put_word(&b, r->field);
    put_word(&b, id);
    put_currency(&b, currency);
    put_amount(&b, r->free_minor, currency);
    put_amount(&b, r->asked_minor, currency);
    put_identity(&b, &r->note);
    return run(&b);
}

static void put_amounts(struct binder *b, const struct amounts *a, int32_t currency)
{
    put_amount(b, a->limit, currency);
    put_amount(b, a->used, currency);
    put_amount(b, a->reserved, currency);
}

static void put_limit(struct binder *b, const struct limit_id *id)
{
    char text[LIMIT_ID_SIZE];
    uint32_t n = limit_id_format(id, text);

    put_text(b, text, n);
    put_word(b, limit_kind_name(id->kind));
    put_word(b, id->object);
    put_word(b, id->part);
}

static int add_posting(const struct views_db *db, const struct decision *d, uint32_t i)
{
    const struct posting *p = &d->postings[i];
    struct binder b = binder_of(db, POSTING_ADD);

    put_u64(&b, d->partition);
    put_u64(&b, d->number);
    put_u64(&b, i);
    put_identity(&b, &d->identity.enterprise);
    put_limit(&b, &p->id);
    put_currency(&b, p->currency);
    put_amounts(&b, &p->change, p->currency);
    put_amounts(&b, &p->after, p->currency);
    return run(&b);
}

/* The rulebook bounds each of the three far below an int64_t, so their difference fits. */
static int64_t free_of(const struct amounts *a)
{
    int64_t rest = 0;

    if (__builtin_sub_overflow(a->limit, a->used, &rest) ||
        __builtin_sub_overflow(rest, a->reserved, &rest)) {
        return INT64_MIN;
    }
    return rest;
}

/* A posting carries the whole limit after it: the account is that of its last posting. */
static int put_limit_account(const struct views_db *db, const struct decision *d,
                             const struct posting *p)
{
    struct binder b = binder_of(db, LIMIT_PUT);

    put_u64(&b, d->partition);
    put_identity(&b, &d->identity.enterprise);
    put_limit(&b, &p->id);
    put_currency(&b, p->currency);
    put_amounts(&b, &p->after, p->currency);
    put_amount(&b, free_of(&p->after), p->currency);
    put_u64(&b, d->number);
    return run(&b);
}

static int held_put(const struct views_db *db, const struct decision *d, const char *codes)
{
    struct binder b = binder_of(db, HELD_PUT);

    put_u64(&b, d->partition);
    put_u64(&b, d->number);
    put_identity(&b, &d->identity.enterprise);
    put_identity(&b, &d->identity.filing_id);
    put_identity(&b, &d->identity.bank);
    put_word(&b, event_name(d->event));
    put_identity(&b, &d->identity.business_date);
    put_time(&b, d->received_ms);
    put_word(&b, codes);
    put_u64(&b, d->number);
    return run(&b);
}

/* A filing is held from its first HELD decision, which later ones refer to, until one of another
 * outcome refers to it.  A DUPLICATE refers to it too and changes nothing. */
static int follow_held(const struct views_db *db, const struct decision *d)
{
    char codes[WORDS_SIZE];
    struct binder b;

    (void)codes_of(d, codes);
    if (d->outcome == OUTCOME_HELD && d->refers_to == 0) {
        return held_put(db, d, codes);
    }
    if (d->refers_to == 0 || d->outcome == OUTCOME_DUPLICATE) {
        return SQLITE_OK;
    }
    if (d->outcome == OUTCOME_HELD) {
        b = binder_of(db, HELD_MOVE);
        put_u64(&b, d->partition);
        put_u64(&b, d->refers_to);
        put_word(&b, codes);
        put_u64(&b, d->number);
        return run(&b);
    }
    b = binder_of(db, HELD_DROP);
    put_u64(&b, d->partition);
    put_u64(&b, d->refers_to);
    return run(&b);
}

/* A decision that changed a state: an enterprise of its own, accepted, held, or held before. */
static bool touches_state(const struct decision *d)
{
    return d->identity.enterprise.n == CODE_SIZE && d->event != EVENT_BULLETIN &&
           (d->outcome == OUTCOME_ACCEPTED || d->outcome == OUTCOME_HELD ||
            (d->outcome == OUTCOME_REJECTED && d->refers_to > 0));
}

enum status views_db_add(struct views_db *db, const struct decision *decision, struct failure *err)
{
    int rc = add_decision(db, decision);

    for (uint32_t i = 0; i < decision->reasons.n && !rc; i++) {
        rc = add_reason(db, decision, i);
    }
    for (uint32_t i = 0; i < decision->postings_n && !rc; i++) {
        rc = add_posting(db, decision, i);
        if (!rc) {
            rc = put_limit_account(db, decision, &decision->postings[i]);
        }
    }
    if (!rc) {
        rc = follow_held(db, decision);
    }
    if (!rc && touches_state(decision)) {
        struct binder b = binder_of(db, ENTERPRISE_TOUCH);

        put_u64(&b, decision->partition);
        put_identity(&b, &decision->identity.enterprise);
        put_u64(&b, decision->number);
        rc = run(&b);
    }
    return done(db, rc, "write a decision to the readable tables", err);
}

/* ---- rows of a state ----------------------------------------------------------------------- */

enum status views_db_investor_no(struct views_db *db, uint32_t partition,
                                 const struct limit_key *key, char ret[LIMIT_PART_SIZE],
                                 struct failure *err)
{
    struct binder b = binder_of(db, INVESTOR_FIND);
    int rc = SQLITE_OK;

    put_u64(&b, partition);
    put_u64(&b, key->owner);
    put_u64(&b, key->part);
    rc = sqlite3_step(b.stmt);
    if (rc == SQLITE_ROW && sqlite3_column_bytes(b.stmt, 0) < LIMIT_PART_SIZE) {
        memset(ret, 0, LIMIT_PART_SIZE);
        memcpy(ret, sqlite3_column_text(b.stmt, 0), (size_t)sqlite3_column_bytes(b.stmt, 0));
    }
    (void)sqlite3_reset(b.stmt);
    if (rc == SQLITE_ROW) {
        return STATUS_OK;
    }
    return rc == SQLITE_DONE
               ? failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0, "the investor is not known yet")
               : fail(db, rc, "read the readable tables", err);
}

enum status views_db_behind(struct views_db *db, uint32_t partition, const char after[CODE_SIZE],
                            struct views_behind *ret, struct failure *err)
{
    struct binder b = binder_of(db, ENTERPRISE_BEHIND);
    int rc = SQLITE_OK;

    put_u64(&b, partition);
    b.column++;
    (void)sqlite3_bind_text(b.stmt, b.column, after, after[0] ? CODE_SIZE : 0, SQLITE_STATIC);
    rc = sqlite3_step(b.stmt);
    if (rc == SQLITE_ROW && sqlite3_column_bytes(b.stmt, 0) == CODE_SIZE) {
        memcpy(ret->enterprise, sqlite3_column_text(b.stmt, 0), CODE_SIZE);
        ret->state_number = (uint64_t)sqlite3_column_int64(b.stmt, 1);
        ret->last_number = (uint64_t)sqlite3_column_int64(b.stmt, 2);
    }
    (void)sqlite3_reset(b.stmt);
    if (rc == SQLITE_ROW) {
        return STATUS_OK;
    }
    return rc == SQLITE_DONE
               ? failure_set(err, STATUS_NOTFOUND, REMEDY_NONE, 0, "no enterprise is behind")
               : fail(db, rc, "read the readable tables", err);
}

/* The columns that every object has. */
static void put_object(struct binder *b, uint32_t partition, const struct enterprise *state,
                       const struct object *object, const char *model)
{
    put_u64(b, partition);
    put_text(b, state->code, CODE_SIZE);
    put_word(b, model);
    put_word(b, object->number);
    put_i64(b, !object->closed);
    put_date(b, object->opened_on);
    put_date(b, object->moved_on);
    put_u64(b, object->opened_number);
}

static int add_fdi(const struct views_db *db, uint32_t partition, const struct enterprise *state,
                   const struct object *object)
{
    const struct fdi_registration_kept *fdi = &object->of.fdi;
    struct binder b = binder_of(db, REGISTRATION_ADD);

    put_object(&b, partition, state, object, "FDI");
    put_text(&b, fdi->industry, fdi->industry_n);
    put_null(&b);
    put_currency(&b, fdi->currency);
    put_amount(&b, fdi->registered_minor, fdi->currency);
    put_currency(&b, fdi->total_investment.currency);
    put_amount(&b, fdi->total_investment.minor, fdi->total_investment.currency);
    return run(&b);
}

static int add_outbound(const struct views_db *db, uint32_t partition,
                        const struct enterprise *state, const struct object *object)
{
    const struct outbound_registration_kept *outbound = &object->of.outbound;
    struct binder b = binder_of(db, REGISTRATION_ADD);

    put_object(&b, partition, state, object, "OUTBOUND");
    put_null(&b);
    put_country(&b, outbound->target_country);
    put_null(&b);
    put_null(&b);
    put_currency(&b, outbound->total.currency);
    put_amount(&b, outbound->total.minor, outbound->total.currency);
    return run(&b);
}

static int add_application(const struct views_db *db, uint32_t partition,
                           const struct enterprise *state, const struct object *object)
{
    struct binder b = binder_of(db, APPLICATION_ADD);

    put_object(&b, partition, state, object,
               object->kind == OBJECT_FDI_APPLICATION ? "FDI" : "OUTBOUND");
    return run(&b);
}

static const char *mode_word(int32_t mode)
{
    static const char *const words[] = {
        [MODE_NONE] = "",
        [MODE_MACROPRUDENTIAL] = "MACROPRUDENTIAL",
        [MODE_GAP] = "GAP",
        [MODE_FACILITATION] = "FACILITATION",
    };

    return mode >= 0 && (size_t)mode < sizeof(words) / sizeof(words[0]) ? words[mode] : "";
}

static int add_contract(const struct views_db *db, uint32_t partition,
                        const struct enterprise *state, const struct object *object)
{
    const struct contract_kept *c = &object->of.contract;
    struct binder b = binder_of(db, CONTRACT_ADD);

    put_object(&b, partition, state, object, "FINANCING");
    put_word(&b, mode_word(c->mode));
    put_currency(&b, c->currency);
    put_amount(&b, c->undrawn_minor, c->currency);
    put_amount(&b, c->outstanding_minor, c->currency);
    put_currency(&b, c->unit);
    put_amount(&b, c->frozen_minor, c->unit);
    put_date(&b, c->signed_on);
    put_date(&b, c->matures_on);
    return run(&b);
}

static int add_loan(const struct views_db *db, uint32_t partition, const struct enterprise *state,
                    const struct object *object)
{
    const struct loan_kept *loan = &object->of.loan;
    struct binder b = binder_of(db, CONTRACT_ADD);

    put_object(&b, partition, state, object, "OUTBOUND");
    put_null(&b);
    put_currency(&b, loan->currency);
    put_amount(&b, loan->undrawn_minor, loan->currency);
    put_amount(&b, loan->outstanding_minor, loan->currency);
    put_currency(&b, CURRENCY_CNY);
    put_amount(&b, loan->frozen_minor, CURRENCY_CNY);
    put_date(&b, loan->signed_on);
    put_date(&b, loan->matures_on);
    return run(&b);
}

static int add_object(const struct views_db *db, uint32_t partition, const struct enterprise *state,
                      const struct object *object)
{
    switch (object->kind) {
    case OBJECT_FDI_REGISTRATION:
        return add_fdi(db, partition, state, object);
    case OBJECT_OUTBOUND_REGISTRATION:
        return add_outbound(db, partition, state, object);
    case OBJECT_FDI_APPLICATION:
    case OBJECT_OUTBOUND_APPLICATION:
        return add_application(db, partition, state, object);
    case OBJECT_CONTRACT:
        return add_contract(db, partition, state, object);
    case OBJECT_LOAN:
        return add_loan(db, partition, state, object);
    case OBJECT_NONE:
        break;
    }
    return SQLITE_CORRUPT;
}

static int add_investor(const struct views_db *db, uint32_t partition,
                        const struct enterprise *state, const struct investor *investor)
{
    const struct object *owner = enterprise_object_opened(state, investor->owner);
    int32_t currency = owner ? owner->of.fdi.currency : CURRENCY_NONE;
    struct binder b = binder_of(db, INVESTOR_ADD);

    put_u64(&b, partition);
    put_text(&b, state->code, CODE_SIZE);
    put_u64(&b, investor->owner);
    put_u64(&b, investor->ordinal);
    put_word(&b, owner ? owner->number : "");
    put_word(&b, investor->investor_no);
    put_country(&b, investor->country);
    put_currency(&b, currency);
    put_amount(&b, investor->subscribed_minor, currency);
    put_i64(&b, investor->share_bp);
    return run(&b);
}

static int drop_state(const struct views_db *db, uint32_t partition, const char code[CODE_SIZE])
{
    static const enum statement drops[] = {REGISTRATION_DROP, APPLICATION_DROP, CONTRACT_DROP,
                                           INVESTOR_DROP};
    int rc = SQLITE_OK;

    for (size_t i = 0; i < sizeof(drops) / sizeof(drops[0]) && !rc; i++) {
        struct binder b = binder_of(db, drops[i]);

        put_u64(&b, partition);
        put_text(&b, code, CODE_SIZE);
        rc = run(&b);
    }
    return rc;
}

enum status views_db_unknown(struct views_db *db, const struct decision *decision,
                             const struct limit_key *key, struct failure *err)
{
    struct binder b = binder_of(db, UNKNOWN_ADD);

    put_u64(&b, decision->partition);
    put_identity(&b, &decision->identity.enterprise);
    put_u64(&b, key->owner);
    put_u64(&b, key->part);
    return done(db, run(&b), "write the readable tables", err);
}

/* A limit whose investor is known now. */
struct known {
    uint64_t owner;
    uint64_t ordinal;
    struct limit_id before; /* part "#<ordinal>" */
    struct limit_id now;
};

/* SQLITE_ROW, or SQLITE_DONE when none is left. */
static int known_next(const struct views_db *db, uint32_t partition, const char code[CODE_SIZE],
                      struct known *ret)
{
    struct binder b = binder_of(db, UNKNOWN_NEXT);
    int rc = SQLITE_OK;

    put_u64(&b, partition);
    put_text(&b, code, CODE_SIZE);
    rc = sqlite3_step(b.stmt);
    if (rc == SQLITE_ROW) {
        memset(ret, 0, sizeof(*ret));
        ret->owner = (uint64_t)sqlite3_column_int64(b.stmt, 0);
        ret->ordinal = (uint64_t)sqlite3_column_int64(b.stmt, 1);
        ret->before.kind = LIMIT_FDI_INFLOW;
        (void)snprintf(ret->before.object, sizeof(ret->before.object), "%s",
                       (const char *)sqlite3_column_text(b.stmt, 2));
        ret->now = ret->before;
        (void)snprintf(ret->before.part, sizeof(ret->before.part), "#%" PRIu64, ret->ordinal);
        (void)snprintf(ret->now.part, sizeof(ret->now.part), "%s",
                       (const char *)sqlite3_column_text(b.stmt, 3));
    }
    (void)sqlite3_reset(b.stmt);
    return rc;
}

/* The account under the name of before is the newer one, or goes. */
static int rename_limit(const struct views_db *db, uint32_t partition, const char code[CODE_SIZE],
                        const struct known *known)
{
    static const enum statement steps[] = {POSTING_RENAME, LIMIT_DROP_OLDER, LIMIT_RENAME};
    char before[LIMIT_ID_SIZE];
    char now[LIMIT_ID_SIZE];
    struct binder b;
    int rc = SQLITE_OK;

    (void)limit_id_format(&known->before, before);
    (void)limit_id_format(&known->now, now);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !rc; i++) {
        b = binder_of(db, steps[i]);
        put_u64(&b, partition);
        put_text(&b, code, CODE_SIZE);
        put_word(&b, before);
        put_word(&b, now);
        if (steps[i] != LIMIT_DROP_OLDER) {
            put_word(&b, known->now.part);
        }
        rc = run(&b);
    }
    if (!rc) {
        b = binder_of(db, UNKNOWN_DROP);
        put_u64(&b, partition);
        put_text(&b, code, CODE_SIZE);
        put_u64(&b, known->owner);
        put_u64(&b, known->ordinal);
        rc = run(&b);
    }
    return rc;
}

static int name_unknown(const struct views_db *db, uint32_t partition, const char code[CODE_SIZE])
{
    struct known known;
    int rc = known_next(db, partition, code, &known);

    while (rc == SQLITE_ROW) {
        rc = rename_limit(db, partition, code, &known);
        if (!rc) {
            rc = known_next(db, partition, code, &known);
        }
    }
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

enum status views_db_put_state(struct views_db *db, uint32_t partition,
                               const struct enterprise *state, struct failure *err)
{
    struct binder b = binder_of(db, ENTERPRISE_STATE);
    uint32_t open_n = 0;
    int rc = drop_state(db, partition, state->code);

    for (uint32_t i = 0; i < state->objects_n && !rc; i++) {
        rc = add_object(db, partition, state, &state->objects[i]);
        open_n += !state->objects[i].closed;
    }
    for (uint32_t i = 0; i < state->investors_n && !rc; i++) {
        rc = add_investor(db, partition, state, &state->investors[i]);
    }
    if (!rc) {
        rc = name_unknown(db, partition, state->code);
    }
    if (!rc) {
        put_u64(&b, partition);
        put_text(&b, state->code, CODE_SIZE);
        put_u64(&b, state->number);
        put_u64(&b, state->objects_n);
        put_u64(&b, open_n);
        put_u64(&b, state->held_n);
        rc = run(&b);
    }
    return done(db, rc, "write a state to the readable tables", err);
}

enum status views_db_settle(struct views_db *db, uint32_t partition,
                            const char enterprise[CODE_SIZE], struct failure *err)
{
    struct binder b = binder_of(db, ENTERPRISE_SETTLE);

    put_u64(&b, partition);
    put_text(&b, enterprise, CODE_SIZE);
    return done(db, run(&b), "write the readable tables", err);
}
