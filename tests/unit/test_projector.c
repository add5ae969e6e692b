/* From real decisions of the core, by way of a store, to readable rows: what the rows say, that
 * they are the same however many steps led to them, and that tables which do not follow from the
 * store are made anew. */
#include <poll.h>
#include <unistd.h>

#include <sqlite3.h>

#include "consumers/store/projector.h"
#include "consumers/store/state.h"
#include "consumers/store/views_db.h"
#include "core_fixture.h"
#include "store_dir.h"
#include "wire/decision_codec.h"

#define R         "REG00001"
#define PARTITION 2

static const uint8_t token[OWNER_TOKEN_SIZE] = "worker";

struct test {
    struct fixture *core;
    char dir[64];
    char views[96];
    char spec[96];
    struct hash *hash;
    struct store *store;
    struct projector *projector;
    struct store_position position;
    struct buffer decisions; /* of the journal row that is being made */
    struct buffer undo;
    uint32_t count;
    uint8_t chain[DIGEST_SIZE]; /* after the last decision appended */
    struct buffer text;         /* rows that were read */
};

static int setup(void **state)
{
    struct test *t = calloc(1, sizeof(*t));

    require(t != NULL);
    *state = t;
    t->core = fixture_new();
    (void)strcpy(t->dir, "/tmp/test_projector.XXXXXX");
    require(mkdtemp(t->dir) != NULL);
    (void)snprintf(t->views, sizeof(t->views), "%s/a.db-views.db", t->dir);
    (void)snprintf(t->spec, sizeof(t->spec), "sqlite:%s/a.db", t->dir);
    buffer_init(&t->decisions, 1U << 24);
    buffer_init(&t->undo, 1U << 24);
    buffer_init(&t->text, 1U << 24);
    return hash_open(&t->hash, NULL) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct test *t = *state;

    projector_close(t->projector);
    store_close(t->store);
    store_dir_remove(t->dir);
    buffer_fini(&t->decisions);
    buffer_fini(&t->undo);
    buffer_fini(&t->text);
    hash_close(t->hash);
    fixture_free(t->core);
    free(t);
    return 0;
}

/* ---- a store with what the core decides ---------------------------------------------------- */

static void open_store(struct test *t, const char *spec, const char *store_id)
{
    struct store_ledger ledger = {.ledger_id = "ledger", .partitions = 4};
    struct store_claim claim = {.partition = PARTITION, .txn_id = "w"};
    struct store_row row;
    char previous[TXN_ID_SIZE];

    memcpy(ledger.store_id, store_id, strlen(store_id));
    memcpy(claim.token, token, sizeof(token));
    assert_int_equal(store_open(spec, &t->store, NULL), STATUS_OK);
    assert_int_equal(store_ledger_found(t->store, &ledger, NULL), STATUS_OK);
    assert_int_equal(store_claim(t->store, &claim, &row, previous, NULL), STATUS_OK);
    t->position = row.position;
    memcpy(t->chain, row.position.chain, sizeof(t->chain));
}

static void append_length(struct buffer *out, size_t n)
{
    uint8_t length[4];

    be32_put(length, (uint32_t)n);
    buffer_append(out, length, sizeof(length));
}

/* Add a decision with its undo (NULL = none) to the row. */
static void append(struct test *t, const struct decision *decision, const struct undo *undo)
{
    static uint8_t bytes[DECISION_SIZE_MAX];
    static struct decision copy;
    struct buffer encoded;
    size_t n = 0;

    copy = *decision;
    copy.partition = PARTITION;
    n = decision_encode(t->hash, &copy, t->chain, bytes);
    memcpy(t->chain, bytes + n - DIGEST_SIZE, DIGEST_SIZE);
    append_length(&t->decisions, n);
    buffer_append(&t->decisions, bytes, n);
    buffer_init(&encoded, 1U << 20);
    if (undo) {
        undo_encode(undo, &encoded);
    }
    append_length(&t->undo, encoded.n);
    if (encoded.n > 0) {
        buffer_append(&t->undo, encoded.at, encoded.n);
    }
    buffer_fini(&encoded);
    t->count++;
}

static const struct undo *undo_of(const struct test *t, uint64_t number)
{
    for (uint32_t i = 0; i < t->core->filed_n; i++) {
        if (t->core->filed[i].last_number == number) {
            return t->core->filed[i].undo;
        }
    }
    return NULL;
}

/* What was decided again since the last bulletin, review or withdrawal. */
static void append_later(struct test *t)
{
    for (uint32_t i = 0; i < t->core->later_n; i++) {
        append(t, &t->core->later[i], undo_of(t, t->core->later[i].number));
    }
}

static const struct decision *file(struct test *t, const struct filing *filing)
{
    const struct decision *decision = fixture_file(t->core, filing);

    append(t, decision, t->core->result.has_undo ? &t->core->result.undo : NULL);
    append_later(t);
    return decision;
}

/* Store the row; with the enterprise's state, or without as when too many are dirty. */
static void store_row_made(struct test *t, bool with_state)
{
    static uint8_t inputs[8 * 1000];
    struct store_part part = {.partition = PARTITION,
                              .expected_next_offset = t->position.next_offset,
                              .position = t->position};
    struct store_batch batch = {.parts = &part, .parts_n = 1};
    struct store_state state = {.number = t->core->state.number};
    struct buffer encoded;
    enum store_outcome outcome = STORE_DROPPED;

    buffer_init(&encoded, 1U << 20);
    state_encode(&t->core->state, &encoded);
    memcpy(state.enterprise, CODE, CODE_SIZE);
    state.bytes = buffer_bytes(&encoded);
    memcpy(part.owner_token, token, sizeof(token));
    part.row = (struct store_journal_row){.first_number = t->position.number + 1,
                                          .count = t->count,
                                          .starts = t->position,
                                          .decisions = buffer_bytes(&t->decisions),
                                          .undo = buffer_bytes(&t->undo),
                                          .inputs = {inputs, (size_t)t->count * 8}};
    part.position.number += t->count;
    part.position.next_offset += t->count;
    memcpy(part.position.chain, t->chain, sizeof(t->chain));
    if (with_state) {
        part.states = &state;
        part.states_n = 1;
        part.clean_number = part.position.number;
    }
    assert_int_equal(store_commit(t->store, &batch, &outcome, NULL), STATUS_OK);
    assert_int_equal(outcome, STORE_STORED);
    t->position = part.position;
    t->count = 0;
    buffer_reset(&t->decisions);
    buffer_reset(&t->undo);
    buffer_fini(&encoded);
}

/* Registration, two inflows, one too large, one again, an inflow whose rate has not come. */
static struct filing registration(void)
{
    return fixture_joint("r1", R, "5000000.00", "A9", COUNTRY_FRA);
}

static struct filing inflow(const char *id, const char *currency, const char *value)
{
    return fixture_inflow(id, R, M(currency, value), "2024-07-10");
}

static void file_register(struct test *t)
{
    struct filing filing = registration();

    fixture_parameter(t->core,
                      (struct row){.id = "FDI.EXCESS.USD", .from = "2013-05-13", .value = "30000"});
    fixture_parameter(t->core,
                      (struct row){.id = "FDI.PAYIN.YEARS", .from = "2024-07-01", .value = "5"});
    expect(file(t, &filing), OUTCOME_ACCEPTED, "");
}

static void file_inflow(struct test *t, const char *id, const char *value, enum outcome outcome)
{
    struct filing filing = inflow(id, "USD", value);

    assert_int_equal(file(t, &filing)->outcome, outcome);
}

/* ---- reading the tables -------------------------------------------------------------------- */

static int add_row(void *argument, int columns, char **values, char **names)
{
    struct test *t = argument;

    (void)names;
    for (int i = 0; i < columns; i++) {
        buffer_printf(&t->text, "%s%s", i > 0 ? "|" : "", values[i] ? values[i] : "-");
    }
    buffer_text(&t->text, "\n");
    return 0;
}

/* All rows as text, columns joined by '|', NULL as '-'. */
static const char *query(struct test *t, const char *views, const char *sql)
{
    sqlite3 *db = NULL;
    char *text = NULL;
    int rc = sqlite3_open_v2(views, &db, SQLITE_OPEN_READONLY, NULL);

    buffer_reset(&t->text);
    if (!rc) {
        rc = sqlite3_exec(db, sql, add_row, t, &text);
    }
    if (rc) {
        print_error("%s: %s\n", sql, text ? text : sqlite3_errmsg(db));
    }
    sqlite3_free(text);
    (void)sqlite3_close(db);
    assert_int_equal(rc, SQLITE_OK);
    return buffer_cstr(&t->text);
}

static void step_to_the_end(struct projector *projector)
{
    bool has_more = true;

    while (has_more) {
        struct failure err = {.status = STATUS_OK};
        enum status status = projector_step(projector, &has_more, &err);

        if (status) {
            print_error("%s\n", err.text);
        }
        assert_int_equal(status, STATUS_OK);
    }
}

static void open_projector(struct test *t)
{
    assert_int_equal(projector_open_on(t->store, t->views, &t->projector, NULL), STATUS_OK);
}

static void close_projector(struct test *t)
{
    projector_close(t->projector);
    t->projector = NULL;
}

/* Every limit of the state has an account with the same amounts, and there is no other. */
static void assert_limits_are_those_of_the_state(struct test *t)
{
    const struct enterprise *e = &t->core->state;
    size_t total = 0;
    const char *text = query(t, t->views,
                             "SELECT limit_id, currency, limit_amount, used_amount,"
                             " reserved_amount, free_amount FROM limit_account");

    for (uint32_t i = 0; i < e->limits_n; i++) {
        struct limit_id id;
        char id_text[LIMIT_ID_SIZE];
        char amounts[4][MONEY_TEXT_SIZE];
        char line[512];
        const struct amounts *is = &e->limits[i].is;
        const int64_t minor[4] = {is->limit, is->used, is->reserved,
                                  is->limit - is->used - is->reserved};

        enterprise_limit_id(e, &e->limits[i].key, &id);
        (void)limit_id_format(&id, id_text);
        for (size_t k = 0; k < 4; k++) {
            (void)money_format(minor[k], iso_currency(e->limits[i].currency)->exponent, amounts[k],
                               MONEY_TEXT_SIZE);
        }
        total += (size_t)snprintf(line, sizeof(line), "%s|%s|%s|%s|%s|%s\n", id_text,
                                  iso_currency(e->limits[i].currency)->alpha, amounts[0],
                                  amounts[1], amounts[2], amounts[3]);
        if (!strstr(text, line)) {
            print_error("not there: %s among\n%s", line, text);
        }
        assert_non_null(strstr(text, line));
    }
    assert_int_equal(strlen(text), total);
}

/* ---- what the rows say --------------------------------------------------------------------- */

static void decisions_and_postings_are_rows_with_names(void **state)
{
    struct test *t = *state;

    open_store(t, "memory:", "store");
    file_register(t);
    file_inflow(t, "i1", "1000000.50", OUTCOME_ACCEPTED);
    file_inflow(t, "i1", "1000000.50", OUTCOME_DUPLICATE);
    file_inflow(t, "i2", "9000000.00", OUTCOME_ACCEPTED);
    file_inflow(t, "i3", "1.00", OUTCOME_REJECTED);
    store_row_made(t, true);
    open_projector(t);
    step_to_the_end(t->projector);
    assert_string_equal(query(t, t->views,
                              "SELECT partition, number, filing_id, bank, enterprise, event,"
                              " outcome, codes, refers_to FROM decision ORDER BY number"),
                        "2|1|r1|" BANK "|" CODE "|fdi.registration|ACCEPTED|-|-\n"
                        "2|2|i1|" BANK "|" CODE "|fdi.inflow|ACCEPTED|-|-\n"
                        "2|3|i1|" BANK "|" CODE "|fdi.inflow|DUPLICATE|-|2\n"
                        "2|4|i2|" BANK "|" CODE "|fdi.inflow|ACCEPTED|-|-\n"
                        "2|5|i3|" BANK "|" CODE "|fdi.inflow|REJECTED|LIMIT_EXCEEDED|-\n");
    assert_string_equal(query(t, t->views,
                              "SELECT flags, returned, returned_currency FROM decision"
                              " WHERE number = 4"),
                        "EXCESS EXCESS_RETURNED LIMIT_FULL|4970000.50|USD\n");
    assert_string_equal(query(t, t->views,
                              "SELECT number, code, name, field, limit_id, currency, free, asked"
                              " FROM reason"),
                        "5|301|LIMIT_EXCEEDED|/details/money|fdi.inflow:" R ":F1|USD|0.00|1.00\n");
    assert_string_equal(query(t, t->views,
                              "SELECT received_at, business_date, policy, rules, bulletin"
                              " FROM decision WHERE number = 1"),
                        "2026-04-13T08:00:00.000Z|2026-01-01|7|1|1\n");
    assert_string_equal(query(t, t->views,
                              "SELECT number, limit_id, kind, object, part, currency,"
                              " limit_change, used_change, used_after FROM posting"
                              " WHERE number < 4 ORDER BY number, ordinal"),
                        "1|fdi.inflow:" R ":A9|fdi.inflow|" R "|A9|USD|4000000.00|0.00|0.00\n"
                        "1|fdi.inflow:" R ":F1|fdi.inflow|" R "|F1|USD|5000000.00|0.00|0.00\n"
                        "2|fdi.capital:" R "|fdi.capital|" R "|-|USD|1000000.50|0.00|0.00\n"
                        "2|fdi.inflow:" R ":F1|fdi.inflow|" R
                        "|F1|USD|0.00|1000000.50|1000000.50\n");
    assert_limits_are_those_of_the_state(t);
    assert_string_equal(query(t, t->views, "SELECT partition, number, states_number FROM true_for"),
                        "2|5|5\n");
}

static void objects_are_rows_of_the_states(void **state)
{
    struct test *t = *state;

    open_store(t, "memory:", "store");
    file_register(t);
    file_inflow(t, "i1", "1000000.00", OUTCOME_ACCEPTED);
    store_row_made(t, true);
    open_projector(t);
    step_to_the_end(t->projector);
    assert_string_equal(query(t, t->views,
                              "SELECT enterprise, model, registration_no, open, opened_on,"
                              " moved_on, opened_number, industry, currency, registered_capital,"
                              " total_investment FROM registration"),
                        CODE "|FDI|" R "|1|2024-07-01|2024-07-10|1|C3011|USD|10000000.00|-\n");
    assert_string_equal(query(t, t->views,
                              "SELECT registration_no, investor_no, country, currency, subscribed,"
                              " share_bp FROM investor ORDER BY ordinal"),
                        R "|F1|DEU|USD|6000000.00|6000\n" R "|A9|FRA|USD|4000000.00|4000\n");
    assert_string_equal(query(t, t->views,
                              "SELECT enterprise, first_number, last_number, state_number, objects,"
                              " open_objects, held FROM enterprise"),
                        CODE "|1|2|2|1|1|0\n");
}

static void held_filing_is_listed_until_it_is_decided(void **state)
{
    struct test *t = *state;
    struct filing filing = inflow("i1", "EUR", "1000.00");

    open_store(t, "memory:", "store");
    open_projector(t);
    file_register(t);
    expect(file(t, &filing), OUTCOME_HELD, "401 /business_date");
    assert_int_equal(file(t, &filing)->outcome, OUTCOME_DUPLICATE);
    store_row_made(t, true);
    step_to_the_end(t->projector);
    assert_string_equal(query(t, t->views,
                              "SELECT arrival_number, enterprise, filing_id, bank, event, codes,"
                              " number FROM held_filing"),
                        "2|" CODE "|i1|" BANK "|fdi.inflow|RATE_PENDING|2\n");
    fixture_bulletin(t->core);
    fixture_rate(t->core, "2024-07-10", "USD", "7.1");
    fixture_rate(t->core, "2024-07-10", "EUR", "7.9");
    fixture_pass(t->core, false);
    assert_int_equal(t->core->later_n, 1);
    assert_int_equal(t->core->later[0].outcome, OUTCOME_ACCEPTED);
    append_later(t);
    store_row_made(t, true);
    step_to_the_end(t->projector);
    assert_string_equal(query(t, t->views, "SELECT count(*) FROM held_filing"), "0\n");
    assert_string_equal(
        query(t, t->views, "SELECT outcome, refers_to FROM decision WHERE number = 4"),
        "ACCEPTED|2\n");
    assert_limits_are_those_of_the_state(t);
}

/* No state is stored yet, so an inflow's own investor has no name; then it has, everywhere. */
static void investor_is_named_as_soon_as_a_state_names_it(void **state)
{
    struct test *t = *state;

    open_store(t, "memory:", "store");
    open_projector(t);
    file_register(t);
    file_inflow(t, "i1", "1000.00", OUTCOME_ACCEPTED);
    file_inflow(t, "i2", "500.00", OUTCOME_ACCEPTED);
    store_row_made(t, false);
    step_to_the_end(t->projector);
    assert_string_equal(query(t, t->views,
                              "SELECT limit_id, used_amount FROM limit_account"
                              " WHERE kind = 'fdi.inflow' ORDER BY 1"),
                        "fdi.inflow:" R ":#1|1500.00\nfdi.inflow:" R ":A9|0.00\nfdi.inflow:" R
                        ":F1|0.00\n");
    file_inflow(t, "i3", "1.00", OUTCOME_ACCEPTED);
    store_row_made(t, true);
    step_to_the_end(t->projector);
    assert_string_equal(query(t, t->views,
                              "SELECT limit_id, part, used_amount, number FROM limit_account"
                              " WHERE kind = 'fdi.inflow' ORDER BY 1"),
                        "fdi.inflow:" R ":A9|A9|0.00|1\nfdi.inflow:" R ":F1|F1|1501.00|4\n");
    assert_string_equal(query(t, t->views,
                              "SELECT number, limit_id, part FROM posting"
                              " WHERE kind = 'fdi.inflow' AND number > 1 ORDER BY 1"),
                        "2|fdi.inflow:" R ":F1|F1\n3|fdi.inflow:" R ":F1|F1\n4|fdi.inflow:" R
                        ":F1|F1\n");
    assert_string_equal(query(t, t->views, "SELECT count(*) FROM unknown"), "0\n");
    assert_limits_are_those_of_the_state(t);
}

/* ---- steps, rebuilding --------------------------------------------------------------------- */

static const char *const dumps[] = {
    "SELECT partition, number, states_number, hex(chain) FROM true_for ORDER BY 1",
    "SELECT * FROM decision ORDER BY 1, 2",
    "SELECT * FROM reason ORDER BY 1, 2, 3",
    "SELECT * FROM posting ORDER BY 1, 2, 3",
    "SELECT * FROM limit_account ORDER BY 1, 2, 3",
    "SELECT * FROM held_filing ORDER BY 1, 2",
    "SELECT * FROM enterprise ORDER BY 1, 2",
    "SELECT * FROM registration ORDER BY 1, 2, 4",
    "SELECT * FROM investor ORDER BY 1, 3, 4",
};

static void assert_same_tables(struct test *t, const char *one, const char *other)
{
    for (size_t i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++) {
        char *text = strdup(query(t, one, dumps[i]));

        assert_string_equal(query(t, other, dumps[i]), text);
        free(text);
    }
}

/* J2: a step after each row, with the states late, and all rows in one. */
static void many_steps_and_one_make_the_same_tables(void **state)
{
    struct test *t = *state;
    struct projector *once = NULL;
    char file_once[96];
    static char ids[12][4]; /* filings keep the text of their ids */

    (void)snprintf(file_once, sizeof(file_once), "%.60s/once.db", t->dir);
    open_store(t, "memory:", "store");
    open_projector(t);
    file_register(t);
    for (int i = 0; i < 12; i++) {
        (void)snprintf(ids[i], sizeof(ids[i]), "%c", 'a' + i);
        file_inflow(t, ids[i], "1000.25", OUTCOME_ACCEPTED);
        store_row_made(t, i % 4 == 3);
        step_to_the_end(t->projector);
    }
    assert_int_equal(projector_open_on(t->store, file_once, &once, NULL), STATUS_OK);
    step_to_the_end(once);
    projector_close(once);
    assert_same_tables(t, t->views, file_once);
}

static void tables_of_another_chain_are_made_anew(void **state)
{
    struct test *t = *state;
    struct filing filing = inflow("x", "USD", "2.00");

    open_store(t, "memory:", "store");
    open_projector(t);
    file_register(t);
    store_row_made(t, true);
    file_inflow(t, "i1", "1000.00", OUTCOME_ACCEPTED);
    file_inflow(t, "i2", "1000.00", OUTCOME_ACCEPTED);
    store_row_made(t, true);
    step_to_the_end(t->projector);
    close_projector(t);
    store_close(t->store);
    t->store = NULL;
    /* The same ledger and store id as after a backup was restored; another history. */
    fixture_free(t->core);
    t->core = fixture_new();
    open_store(t, "memory:", "store");
    file_register(t);
    (void)file(t, &filing);
    store_row_made(t, true);
    open_projector(t);
    step_to_the_end(t->projector);
    assert_string_equal(query(t, t->views, "SELECT number, filing_id FROM decision ORDER BY 1"),
                        "1|r1\n2|x\n");
    assert_limits_are_those_of_the_state(t);
}

static void tables_of_another_store_are_made_anew(void **state)
{
    struct test *t = *state;

    open_store(t, "memory:", "store");
    open_projector(t);
    file_register(t);
    store_row_made(t, true);
    step_to_the_end(t->projector);
    close_projector(t);
    store_close(t->store);
    t->store = NULL;
    open_store(t, "memory:", "other");
    open_projector(t);
    step_to_the_end(t->projector);
    assert_string_equal(query(t, t->views, "SELECT count(*) FROM decision"), "0\n");
}

static void file_that_is_no_database_is_replaced(void **state)
{
    struct test *t = *state;
    FILE *stream = fopen(t->views, "wb");

    for (int i = 0; i < 1000; i++) {
        (void)fputs("no database at all, for many bytes. ", stream);
    }
    (void)fclose(stream);
    open_store(t, "memory:", "store");
    open_projector(t);
    file_register(t);
    store_row_made(t, true);
    step_to_the_end(t->projector);
    assert_string_equal(query(t, t->views, "SELECT number FROM decision"), "1\n");
}

/* Somebody holds the tables: the step fails, is to be tried again, and drops nothing. */
static void locked_file_is_not_dropped(void **state)
{
    struct test *t = *state;
    struct failure err = {.status = STATUS_OK};
    bool has_more = true;
    sqlite3 *db = NULL;

    open_store(t, "memory:", "store");
    open_projector(t);
    file_register(t);
    store_row_made(t, true);
    step_to_the_end(t->projector);
    close_projector(t);
    assert_int_equal(sqlite3_open(t->views, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE;"
                                  "UPDATE true_for SET number = number",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    open_projector(t);
    assert_int_equal(projector_step(t->projector, &has_more, &err), STATUS_IO);
    assert_int_equal(err.remedy, REMEDY_RETRY);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    step_to_the_end(t->projector);
    assert_string_equal(query(t, t->views, "SELECT number FROM decision"), "1\n");
}

/* A row that ends within a decision: the step fails and leaves the tables as they were. */
static void broken_journal_row_changes_nothing(void **state)
{
    struct test *t = *state;
    struct projector_status status;
    struct failure err = {.status = STATUS_OK};
    bool has_more = true;

    open_store(t, "memory:", "store");
    open_projector(t);
    file_register(t);
    store_row_made(t, true);
    step_to_the_end(t->projector);
    file_inflow(t, "i1", "1000.00", OUTCOME_ACCEPTED);
    file_inflow(t, "i2", "1000.00", OUTCOME_ACCEPTED);
    t->decisions.n -= 40; /* in the second */
    store_row_made(t, true);
    assert_int_equal(projector_step(t->projector, &has_more, &err), STATUS_CORRUPT);
    projector_status_read(t->projector, &status);
    assert_true(status.is_failing);
    assert_int_equal(status.failure.status, STATUS_CORRUPT);
    assert_string_equal(query(t, t->views, "SELECT max(number) FROM decision"), "1\n");
    assert_string_equal(query(t, t->views, "SELECT number FROM true_for"), "1\n");
}

static void wants_a_store_that_has_a_file(void **state)
{
    struct projector *projector = NULL;

    (void)state;
    assert_int_equal(projector_open("memory:", &projector, NULL), STATUS_USAGE);
    assert_int_equal(projector_open("sqlite:", &projector, NULL), STATUS_USAGE);
    assert_null(projector);
}

/* ---- beside a worker ----------------------------------------------------------------------- */

static void thread_keeps_up_with_a_live_store(void **state)
{
    struct test *t = *state;
    struct projector_status status = {.lag = 1};
    bool has_more = true;

    assert_int_equal(projector_open(t->spec, &t->projector, NULL), STATUS_OK);
    assert_int_equal(projector_step(t->projector, &has_more, NULL), STATUS_OK); /* no store yet */
    assert_false(has_more);
    assert_int_equal(projector_start(t->projector, NULL), STATUS_OK);
    open_store(t, t->spec, "store");
    file_register(t);
    store_row_made(t, true);
    file_inflow(t, "i1", "1000.00", OUTCOME_ACCEPTED);
    store_row_made(t, true);
    for (int i = 0; i < 1000 && status.decisions < 2; i++) {
        (void)poll(NULL, 0, 10);
        projector_status_read(t->projector, &status);
    }
    assert_int_equal(status.decisions, 2);
    assert_int_equal(status.lag, 0);
    assert_false(status.is_failing);
    close_projector(t);
    assert_limits_are_those_of_the_state(t);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(decisions_and_postings_are_rows_with_names),
        WITH_STORE(objects_are_rows_of_the_states),
        WITH_STORE(held_filing_is_listed_until_it_is_decided),
        WITH_STORE(investor_is_named_as_soon_as_a_state_names_it),
        WITH_STORE(many_steps_and_one_make_the_same_tables),
        WITH_STORE(tables_of_another_chain_are_made_anew),
        WITH_STORE(tables_of_another_store_are_made_anew),
        WITH_STORE(file_that_is_no_database_is_replaced),
        WITH_STORE(locked_file_is_not_dropped),
        WITH_STORE(broken_journal_row_changes_nothing),
        WITH_STORE(thread_keeps_up_with_a_live_store),
        cmocka_unit_test(wants_a_store_that_has_a_file),
    };

    return cmocka_run_group_tests_name("projector", tests, NULL, NULL);
}
